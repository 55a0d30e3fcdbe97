/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Descriptors of shared memory
 *
 * A client's descriptor of allocated memory is an open file description of its
 * own of the memory's file. inotify tells when the last descriptor and the last
 * mapping of it, in whatever process, are gone (IN_CLOSE_WRITE); the daemon's
 * own description, made by memfd_create, does not count. A descriptor of
 * registered memory, which cannot be mapped, is one end of a socket pair whose
 * hang-up says the same. Pages that a client maps in the place of its own
 * (user_pages.h) are watched as allocated memory is.
 *
 * A queue of inotify has room for so many events, and the death of one process may
 * close any number of files at once. A watch therefore fires once, and a queue
 * serves only as many watches as it can hold events of: nothing is ever lost.
 */
#include "server.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/inotify.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/fdsock.h"
#include "base/log.h"
#include "base/memfd.h"
#include "normal/tee/tee_core.h"
#include "user_pages.h"

#define N_BUCKETS 1024u

/* A watch that fires is told twice: what happened, and that the watch is gone. */
#define EVENTS_PER_WATCH 2u
#define DEFAULT_QUEUED_EVENTS 16384u

/* One inotify instance; lives as long as the table */
struct watcher {
	struct server *server;
	struct watcher *next;
	int fd;
	loop_id id;
	unsigned int n;		/* watches of which not all events are read */
};

/* The reference that a client's descriptors hold together */
struct shm_handle {
	struct worker_job job;
	struct server *server;
	struct shm_handle *next, **prev;	/* in its bucket */
	struct tee_shm *shm;	/* or */
	struct user_pages *pages;
	struct user_charge charge;	/* of an shm that has no memory of its own */
	struct shm_file_ref ref;	/* of the shm, by name; zero without one */
	struct watcher *watcher;	/* NULL for a socket */
	int wd;
	dev_t dev;	/* the memory's file, of a watch */
	ino_t ino;
	int sock;	/* our end; -1 for a watch */
	loop_id id;
};

struct shm_table {
	pthread_mutex_t lock;
	struct shm_handle *buckets[N_BUCKETS];	/* by wd; sockets by their number */
	struct watcher *watchers;
	unsigned int watches_each;
};

static void handle_link(struct shm_table *table, struct shm_handle *handle, int key)
{
	struct shm_handle **bucket = &table->buckets[(unsigned int)key % N_BUCKETS];

	handle->next = *bucket;
	handle->prev = bucket;
	if (handle->next)
		handle->next->prev = &handle->next;
	*bucket = handle;
}

static void handle_unlink(struct shm_handle *handle)
{
	*handle->prev = handle->next;
	if (handle->next)
		handle->next->prev = handle->prev;
}

static void handle_end(struct worker_job *job)
{
	struct shm_handle *handle = (struct shm_handle *)job;

	if (handle->pages)
		user_pages_put(handle->pages);
	else
		tee_shm_put(handle->shm);
	user_charge_end(&handle->charge);
	free(handle);
}

static void on_socket(void *data, uint32_t events)
{
	struct shm_handle *handle = data;
	struct server *server = handle->server;

	if (!(events & (EPOLLHUP | EPOLLERR))) {
		char byte;

		/* Nothing is ever sent there: drop what a client writes. */
		(void)recv(handle->sock, &byte, 1, MSG_DONTWAIT);
		return;
	}
	loop_remove(server->loop, handle->id);
	pthread_mutex_lock(&server->shms->lock);
	handle_unlink(handle);
	pthread_mutex_unlock(&server->shms->lock);
	handle->sock = close_fd(handle->sock);
	worker_run(server->workers, &handle->job);
}

static void end_watch(struct watcher *watcher, int wd)
{
	struct server *server = watcher->server;
	struct shm_table *table = server->shms;
	struct shm_handle *handle;

	pthread_mutex_lock(&table->lock);
	for (handle = table->buckets[(unsigned int)wd % N_BUCKETS]; handle; handle = handle->next) {
		if (handle->wd == wd && handle->watcher == watcher) {
			handle_unlink(handle);
			break;
		}
	}
	pthread_mutex_unlock(&table->lock);
	if (handle)
		worker_run(server->workers, &handle->job);
}

static void on_inotify(void *data, uint32_t events)
{
	struct watcher *watcher = data;
	struct shm_table *table = watcher->server->shms;
	_Alignas(struct inotify_event) char buf[4096];
	ssize_t n = read(watcher->fd, buf, sizeof(buf));

	for (char *p = buf; n > 0 && p < buf + n;) {
		struct inotify_event *event = (struct inotify_event *)p;

		if (event->mask & IN_CLOSE_WRITE)
			end_watch(watcher, event->wd);
		if (event->mask & IN_IGNORED) {
			pthread_mutex_lock(&table->lock);
			watcher->n--;
			pthread_mutex_unlock(&table->lock);
		}
		p += sizeof(*event) + event->len;
	}
}

/* --- watchers --- */

/* The loop's lock comes before the table's, which is not held here. */
static int watcher_new(struct server *server, struct shm_table *table)
{
	struct watcher *watcher = calloc(1, sizeof(*watcher));
	int r;

	if (!watcher)
		return -ENOMEM;
	watcher->server = server;
	watcher->fd = inotify_init1(IN_CLOEXEC | IN_NONBLOCK);
	if (watcher->fd < 0) {
		r = -errno;
		goto err_free;
	}
	r = loop_add(server->loop, watcher->fd, EPOLLIN, on_inotify, watcher, &watcher->id);
	if (r < 0)
		goto err_close;
	pthread_mutex_lock(&table->lock);
	watcher->next = table->watchers;
	table->watchers = watcher;
	pthread_mutex_unlock(&table->lock);
	return 0;

err_close:
	close_fd(watcher->fd);
err_free:
	free(watcher);
	return r;
}

static unsigned int queued_events_at_most(void)
{
	FILE *f = fopen("/proc/sys/fs/inotify/max_queued_events", "re");
	unsigned int n = 0;

	if (f) {
		if (fscanf(f, "%u", &n) != 1)
			n = 0;
		fclose(f);
	}
	return n >= 2 * EVENTS_PER_WATCH ? n : DEFAULT_QUEUED_EVENTS;
}

int shm_table_new(struct server *server, struct shm_table **ret_table)
{
	struct shm_table *table = calloc(1, sizeof(*table));
	int r;

	if (!table)
		return -ENOMEM;
	table->watches_each = queued_events_at_most() / EVENTS_PER_WATCH;
	/* A system that has none to give is better known now than at a client's call. */
	pthread_mutex_init(&table->lock, NULL);
	r = watcher_new(server, table);
	if (r < 0) {
		shm_table_free(table);
		return r;
	}
	*ret_table = table;
	return 0;
}

struct shm_table *shm_table_free(struct shm_table *table)
{
	if (table) {
		while (table->watchers) {
			struct watcher *watcher = table->watchers;

			table->watchers = watcher->next;
			loop_remove(watcher->server->loop, watcher->id);
			close_fd(watcher->fd);
			free(watcher);
		}
		pthread_mutex_destroy(&table->lock);
		free(table);
	}
	return NULL;
}

/* With the lock held. -ENOBUFS: no watcher has room. */
static int add_watch(struct shm_table *table, struct shm_handle *handle, const char *path)
{
	struct watcher *watcher = table->watchers;

	while (watcher && watcher->n >= table->watches_each)
		watcher = watcher->next;
	if (!watcher)
		return -ENOBUFS;
	handle->watcher = watcher;
	handle->wd = inotify_add_watch(watcher->fd, path, IN_CLOSE_WRITE | IN_ONESHOT);
	if (handle->wd < 0)
		return -errno;
	watcher->n++;
	/* Linked before its end can be seen. */
	handle_link(table, handle, handle->wd);
	return 0;
}

static int install_watch(struct server *server, struct shm_handle *handle, int file_fd, int *ret_fd)
{
	char path[sizeof("/proc/self/fd/") + 12];
	struct stat st;
	int r;

	r = memfd_reopen(file_fd, ret_fd);
	if (r < 0)
		return r == -EMFILE ? -ENFILE : r;
	if (fstat(file_fd, &st) == 0) {
		handle->dev = st.st_dev;
		handle->ino = st.st_ino;
	}
	snprintf(path, sizeof(path), "/proc/self/fd/%d", file_fd);
	do {
		pthread_mutex_lock(&server->shms->lock);
		r = add_watch(server->shms, handle, path);
		pthread_mutex_unlock(&server->shms->lock);
	} while (r == -ENOBUFS && (r = watcher_new(server, server->shms)) == 0);
	if (r < 0) {
		log_warn_ratelimited("cannot watch shared memory: %s; raise "
				     "/proc/sys/fs/inotify/max_user_watches or max_user_instances",
				     strerror(-r));
		*ret_fd = close_fd(*ret_fd);
	}
	/* Our limits are not the client's: to it, memory is short. */
	return r < 0 ? -ENOMEM : 0;
}

static int install_socket(struct server *server, struct shm_handle *handle, int *ret_fd)
{
	int pair[2], r;

	r = fdsock_pair(pair);
	if (r < 0)
		return r;
	handle->sock = pair[0];
	pthread_mutex_lock(&server->shms->lock);
	handle_link(server->shms, handle, handle->sock);
	pthread_mutex_unlock(&server->shms->lock);
	r = loop_add(server->loop, pair[0], EPOLLIN, on_socket, handle, &handle->id);
	if (r < 0) {
		pthread_mutex_lock(&server->shms->lock);
		handle_unlink(handle);
		pthread_mutex_unlock(&server->shms->lock);
		close_fd(pair[0]);
		close_fd(pair[1]);
		return r;
	}
	*ret_fd = pair[1];
	return 0;
}

static struct shm_handle *handle_new(struct server *server)
{
	struct shm_handle *handle = calloc(1, sizeof(*handle));

	if (handle) {
		handle->job.fn = handle_end;
		handle->server = server;
		handle->wd = -1;
		handle->sock = -1;
	}
	return handle;
}

int shm_install(struct server *server, struct tee_shm *shm, int file_fd)
{
	struct caller *caller = caller_current();
	struct shm_handle *handle;
	int fd = -1, r;

	if (!caller || caller->reply_fd >= 0)
		return -EINVAL;
	handle = handle_new(server);
	if (!handle)
		return -ENOMEM;
	handle->shm = shm;
	handle->ref.teedev = tee_shm_get_device(shm);
	handle->ref.serial = tee_shm_serial(shm);

	/* Other memory was charged when it was made. */
	if (tee_shm_is_protected(shm)) {
		r = user_charge(&handle->charge, caller->process->user, USER_SHM, 1);
		if (r < 0) {
			free(handle);
			return -ENOMEM;
		}
	}
	r = file_fd >= 0 ? install_watch(server, handle, file_fd, &fd) :
			   install_socket(server, handle, &fd);
	if (r < 0) {
		user_charge_end(&handle->charge);
		free(handle);
		return r;
	}
	caller->reply_fd = fd;
	return 0;
}

int shm_install_pages(struct server *server, struct caller *caller, struct user_pages *pages,
		      int file_fd)
{
	struct shm_handle *handle = handle_new(server);
	int r;

	if (!handle)
		return -ENOMEM;
	handle->pages = pages;
	r = install_watch(server, handle, file_fd, &caller->reply_fd);
	if (r < 0)
		free(handle);
	return r;
}

size_t shm_get_file_refs(struct server *server, struct shm_file_ref *refs, size_t max)
{
	struct shm_table *table = server->shms;
	size_t n = 0;

	pthread_mutex_lock(&table->lock);
	for (unsigned int i = 0; i < N_BUCKETS; i++) {
		for (struct shm_handle *handle = table->buckets[i]; handle; handle = handle->next) {
			if (n < max)
				refs[n] = handle->ref;
			n++;
		}
	}
	pthread_mutex_unlock(&table->lock);
	return n;
}

/*
 * A client's own file has another inode: those of memory files are all of one
 * filesystem, which nobody can mount.
 */
struct tee_shm *shm_find(struct server *server, int fd)
{
	struct shm_table *table = server->shms;
	struct tee_shm *shm = NULL;
	struct stat st;

	if (fstat(fd, &st) < 0 || !S_ISREG(st.st_mode))
		return NULL;
	pthread_mutex_lock(&table->lock);
	for (unsigned int i = 0; i < N_BUCKETS && !shm; i++) {
		struct shm_handle *handle = table->buckets[i];

		for (; handle && !shm; handle = handle->next) {
			if (handle->wd >= 0 && handle->ino == st.st_ino &&
			    handle->dev == st.st_dev)
				shm = handle->shm;
		}
	}
	if (shm)
		tee_shm_get(shm);
	pthread_mutex_unlock(&table->lock);
	return shm;
}

void shm_drop_all(struct server *server)
{
	struct shm_table *table = server->shms;

	for (unsigned int i = 0; i < N_BUCKETS; i++) {
		struct shm_handle *handle;

		while ((handle = table->buckets[i])) {
			handle_unlink(handle);
			loop_remove(server->loop, handle->id);
			close_fd(handle->sock);
			worker_run(server->workers, &handle->job);
		}
	}
}
