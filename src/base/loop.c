/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Event loop
 *
 * epoll reports a slot and a generation, not a pointer: between epoll_wait() and
 * the lock another thread may have removed the source and freed what it points
 * to. One event is fetched at a time for the same reason.
 */
#include "base/loop.h"

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <sys/epoll.h>

#include "base/auto.h"

struct source {
	uint32_t generation;
	int fd;			/* -1: free */
	loop_fn fn;
	void *data;
};

struct loop {
	pthread_mutex_t lock;	/* recursive: callbacks add and remove */
	int epoll_fd;
	bool stopped;
	struct source *sources;
	uint32_t n_sources;
	uint32_t *free_slots;
	uint32_t n_free;
};

int loop_new(struct loop **ret_loop)
{
	struct loop *loop = calloc(1, sizeof(*loop));
	pthread_mutexattr_t attr;

	if (!loop)
		return -ENOMEM;
	loop->epoll_fd = epoll_create1(EPOLL_CLOEXEC);
	if (loop->epoll_fd < 0) {
		int r = -errno;

		free(loop);
		return r;
	}
	pthread_mutexattr_init(&attr);
	pthread_mutexattr_settype(&attr, PTHREAD_MUTEX_RECURSIVE);
	pthread_mutex_init(&loop->lock, &attr);
	pthread_mutexattr_destroy(&attr);
	*ret_loop = loop;
	return 0;
}

struct loop *loop_free(struct loop *loop)
{
	if (loop) {
		close_fd(loop->epoll_fd);
		pthread_mutex_destroy(&loop->lock);
		free(loop->sources);
		free(loop->free_slots);
		free(loop);
	}
	return NULL;
}

static int grow(struct loop *loop)
{
	uint32_t n = loop->n_sources ? loop->n_sources * 2 : 32;
	struct source *sources;
	uint32_t *slots;

	sources = realloc(loop->sources, n * sizeof(*sources));
	if (!sources)
		return -ENOMEM;
	loop->sources = sources;
	slots = realloc(loop->free_slots, n * sizeof(*slots));
	if (!slots)
		return -ENOMEM;
	loop->free_slots = slots;
	for (uint32_t i = n; i-- > loop->n_sources;) {
		sources[i] = (struct source){ .fd = -1 };
		slots[loop->n_free++] = i;
	}
	loop->n_sources = n;
	return 0;
}

int loop_add(struct loop *loop, int fd, uint32_t events, loop_fn fn, void *data, loop_id *ret_id)
{
	struct epoll_event event = { .events = events };
	struct source *source;
	uint32_t slot;
	int r = 0;

	pthread_mutex_lock(&loop->lock);
	if (loop->n_free == 0)
		r = grow(loop);
	if (r < 0)
		goto out;
	slot = loop->free_slots[loop->n_free - 1];
	source = &loop->sources[slot];
	event.data.u64 = (uint64_t)(source->generation + 1) << 32 | slot;
	/* Set before the event can fire. */
	*ret_id = event.data.u64;
	if (epoll_ctl(loop->epoll_fd, EPOLL_CTL_ADD, fd, &event) < 0) {
		*ret_id = 0;
		r = -errno;
		goto out;
	}
	loop->n_free--;
	source->generation++;
	source->fd = fd;
	source->fn = fn;
	source->data = data;
out:
	pthread_mutex_unlock(&loop->lock);
	return r;
}

static struct source *lookup(struct loop *loop, loop_id id)
{
	uint32_t slot = (uint32_t)id;

	if (slot >= loop->n_sources || loop->sources[slot].fd < 0 ||
	    loop->sources[slot].generation != id >> 32)
		return NULL;
	return &loop->sources[slot];
}

void loop_remove(struct loop *loop, loop_id id)
{
	struct source *source;

	pthread_mutex_lock(&loop->lock);
	source = lookup(loop, id);
	if (source) {
		(void)epoll_ctl(loop->epoll_fd, EPOLL_CTL_DEL, source->fd, NULL);
		source->fd = -1;
		loop->free_slots[loop->n_free++] = (uint32_t)id;
	}
	pthread_mutex_unlock(&loop->lock);
}

void loop_step(struct loop *loop, int timeout_ms)
{
	struct epoll_event event;
	struct source *source;

	if (epoll_wait(loop->epoll_fd, &event, 1, timeout_ms) != 1)
		return;
	pthread_mutex_lock(&loop->lock);
	source = lookup(loop, event.data.u64);
	if (source)
		source->fn(source->data, event.events);
	pthread_mutex_unlock(&loop->lock);
}

void loop_run(struct loop *loop)
{
	while (!loop->stopped)
		loop_step(loop, -1);
}

void loop_stop(struct loop *loop)
{
	loop->stopped = true;
}
