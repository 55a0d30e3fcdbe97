/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The threads of a listener
 *
 * Two receive while there is nothing to do: one serves, the other one is there for
 * the next call, and nobody has to be woken for a single client. When the last one
 * that receives gets a call that may block, a parked thread takes its place, or a
 * new one. A thread that comes back and finds two that receive is parked, and ends
 * after a while.
 *
 * A thread in the ioctl that receives hears of nothing but a signal: the one that
 * says "look whether it is over" is sent again until it has (trap_watch.c).
 */
#include "trap.h"

#include <errno.h>
#include <linux/seccomp.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/log.h"
#include "server.h"

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define WORKER_STACK (1u << 20)
#else
#define WORKER_STACK (128u << 10)
#endif

#define N_RECEIVING 2
#define IDLE_SECONDS 2
#define PROD_SIGNAL SIGUSR1

/* Linux 6.6; not in the headers of older distributions */
#ifndef SECCOMP_USER_NOTIF_FD_SYNC_WAKE_UP
#define SECCOMP_USER_NOTIF_FD_SYNC_WAKE_UP (1UL << 0)
#define SECCOMP_IOCTL_NOTIF_SET_FLAGS SECCOMP_IOW(4, __u64)
#endif

struct trap_worker {
	struct trap_listener *listener;
	struct trap_worker *next, **prev;	/* of listener.workers */
	struct trap_worker *parked_next;
	pthread_t thread;
	pthread_cond_t go;
	bool called;		/* out of the parked ones, to receive */
};

static void on_prod(int sig)
{
}

/* --- receiving --- */

static int receive(struct trap_listener *listener, struct seccomp_notif *notif)
{
	memset(notif, 0, TRAP_NOTIF_SIZE);
	if (ioctl(listener->fd, SECCOMP_IOCTL_NOTIF_RECV, notif) < 0)
		return -errno;
	return 0;
}

/* Whether the thread is to go on, receiving. The listener's lock is held. */
static bool come_back(struct trap_worker *worker)
{
	struct trap_listener *listener = worker->listener;
	struct timespec until;
	int r = 0;

	if (listener->n_receiving < N_RECEIVING) {
		listener->n_receiving++;
		return true;
	}
	clock_gettime(CLOCK_MONOTONIC, &until);
	until.tv_sec += IDLE_SECONDS;
	worker->called = false;
	worker->parked_next = listener->parked;
	listener->parked = worker;
	while (!worker->called && !listener->ending && r == 0)
		r = pthread_cond_timedwait(&worker->go, &listener->lock, &until);
	if (worker->called)
		return true;
	for (struct trap_worker **p = &listener->parked; *p; p = &(*p)->parked_next) {
		if (*p == worker) {
			*p = worker->parked_next;
			break;
		}
	}
	return false;
}

static void listener_free(struct trap_listener *listener)
{
	struct trap *trap = listener->trap;

	/* The loop's callbacks take our locks, so not with one of them held. */
	loop_remove(trap->server->loop, listener->id);
	pthread_mutex_lock(&trap->lock);
	for (struct trap_listener **p = &trap->listeners; *p; p = &(*p)->next) {
		if (*p == listener) {
			*p = listener->next;
			break;
		}
	}
	if (trap->ending)
		trap_afterwards(listener->fd);
	close_fd(listener->fd);
	pthread_mutex_destroy(&listener->lock);
	free(listener);
	pthread_cond_broadcast(&trap->gone);
	pthread_mutex_unlock(&trap->lock);
}

static void worker_end(struct trap_worker *worker)
{
	struct trap_listener *listener = worker->listener;
	bool last;

	pthread_mutex_lock(&listener->lock);
	*worker->prev = worker->next;
	if (worker->next)
		worker->next->prev = worker->prev;
	last = --listener->n_workers == 0;
	pthread_mutex_unlock(&listener->lock);
	pthread_cond_destroy(&worker->go);
	free(worker);
	if (last)
		listener_free(listener);
}

static void *worker_thread(void *data)
{
	struct trap_worker *worker = data;
	struct trap_listener *listener = worker->listener;
	_Alignas(struct seccomp_notif) char notif[TRAP_NOTIF_SIZE];
	bool receiving = true;

	(void)prctl(PR_SET_NAME, "trap");
	pthread_mutex_lock(&listener->lock);
	while (receiving && !listener->ending) {
		bool left = false;
		int r;

		pthread_mutex_unlock(&listener->lock);
		r = receive(listener, (struct seccomp_notif *)notif);
		if (r == 0)
			trap_serve(listener, (struct seccomp_notif *)notif, &left);
		pthread_mutex_lock(&listener->lock);
		if (left)
			receiving = come_back(worker);
		/* ENOENT: the client died meanwhile. ENOTCONN: all did. */
		if (r < 0 && r != -EINTR && r != -ENOENT)
			listener->ending = true;
	}
	if (receiving)
		listener->n_receiving--;
	pthread_mutex_unlock(&listener->lock);
	worker_end(worker);
	return NULL;
}

/* One more thread, which receives. The listener's lock is held. */
static int worker_start(struct trap_listener *listener)
{
	struct trap_worker *worker;
	pthread_condattr_t cond_attr;
	pthread_attr_t attr;
	int r;

	if (listener->n_workers == listener->trap->max_threads)
		return -ENOMEM;
	worker = calloc(1, sizeof(*worker));
	if (!worker)
		return -ENOMEM;
	worker->listener = listener;
	pthread_condattr_init(&cond_attr);
	pthread_condattr_setclock(&cond_attr, CLOCK_MONOTONIC);
	pthread_cond_init(&worker->go, &cond_attr);
	pthread_condattr_destroy(&cond_attr);
	pthread_attr_init(&attr);
	pthread_attr_setdetachstate(&attr, PTHREAD_CREATE_DETACHED);
	pthread_attr_setstacksize(&attr, WORKER_STACK);
	r = pthread_create(&worker->thread, &attr, worker_thread, worker);
	pthread_attr_destroy(&attr);
	if (r) {
		pthread_cond_destroy(&worker->go);
		free(worker);
		return -ENOMEM;
	}
	worker->next = listener->workers;
	worker->prev = &listener->workers;
	if (worker->next)
		worker->next->prev = &worker->next;
	listener->workers = worker;
	listener->n_workers++;
	listener->n_receiving++;
	return 0;
}

int trap_pool_leave(struct trap_listener *listener)
{
	struct trap_worker *other;
	int r = 0;

	pthread_mutex_lock(&listener->lock);
	if (--listener->n_receiving == 0 && !listener->ending) {
		other = listener->parked;
		if (other) {
			listener->parked = other->parked_next;
			listener->n_receiving++;
			other->called = true;
			pthread_cond_signal(&other->go);
		} else {
			r = worker_start(listener);
		}
	}
	if (r < 0)
		listener->n_receiving++;
	pthread_mutex_unlock(&listener->lock);
	if (r < 0)
		log_warn_ratelimited("no more than %u threads for system calls: a call fails "
				     "for want of memory; see [trap] threads in swteed(8)",
				     listener->trap->max_threads);
	return r;
}

/* --- life --- */

void trap_listener_prod(struct trap_listener *listener)
{
	pthread_mutex_lock(&listener->lock);
	if (listener->ending) {
		for (struct trap_worker *w = listener->workers; w; w = w->next)
			(void)pthread_kill(w->thread, PROD_SIGNAL);
	}
	pthread_mutex_unlock(&listener->lock);
}

void trap_listener_end(struct trap_listener *listener)
{
	pthread_mutex_lock(&listener->lock);
	listener->ending = true;
	for (struct trap_worker *w = listener->parked; w; w = w->parked_next)
		pthread_cond_signal(&w->go);
	pthread_mutex_unlock(&listener->lock);
	trap_watch_wake(listener->trap);
}

/* The last process that has the filter is gone. */
static void on_hang_up(void *data, uint32_t events)
{
	struct trap_listener *listener = data;

	loop_remove(listener->trap->server->loop, listener->id);
	trap_listener_end(listener);
}

int trap_listener_new(struct trap *trap, int fd)
{
	const struct sigaction prod = { .sa_handler = on_prod };
	struct trap_listener *listener;
	int r;

	r = trap_watch_start(trap);
	if (r < 0)
		return r;
	listener = calloc(1, sizeof(*listener));
	if (!listener)
		return -ENOMEM;
	listener->trap = trap;
	listener->fd = fd;
	pthread_mutex_init(&listener->lock, NULL);
	/* Not restarting: the ioctl that receives is to come back. */
	(void)sigaction(PROD_SIGNAL, &prod, NULL);
	if (ioctl(fd, SECCOMP_IOCTL_NOTIF_SET_FLAGS, SECCOMP_USER_NOTIF_FD_SYNC_WAKE_UP) < 0)
		log_info("this kernel cannot wake both ends of a trapped call on one CPU: "
			 "such calls take longer");
	r = loop_add(trap->server->loop, fd, 0, on_hang_up, listener, &listener->id);
	if (r < 0)
		goto err_free;

	pthread_mutex_lock(&trap->lock);
	if (trap->ending) {
		r = -ENXIO;
	} else {
		pthread_mutex_lock(&listener->lock);
		r = worker_start(listener);
		pthread_mutex_unlock(&listener->lock);
	}
	if (r == 0) {
		listener->next = trap->listeners;
		trap->listeners = listener;
	}
	pthread_mutex_unlock(&trap->lock);
	if (r < 0)
		goto err_loop;
	return 0;

err_loop:
	loop_remove(trap->server->loop, listener->id);
err_free:
	pthread_mutex_destroy(&listener->lock);
	free(listener);
	return r;
}
