/* SPDX-License-Identifier: BSD-2-Clause */
#include "stop.h"

#include <errno.h>
#include <limits.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <time.h>
#include <unistd.h>

#include "base/auto.h"
#include "server.h"
#include "trap.h"

/* It has woken the loop, whose caller now looks at the lists. */
static void on_quiet(void *data, uint32_t events)
{
	struct server *server = data;
	eventfd_t n;

	(void)eventfd_read(server->quiet_fd, &n);
}

int stop_init(struct server *server)
{
	server->quiet_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (server->quiet_fd < 0)
		return -errno;
	return loop_add(server->loop, server->quiet_fd, EPOLLIN, on_quiet, server,
			&server->quiet_id);
}

void stop_deinit(struct server *server)
{
	if (server->loop)
		loop_remove(server->loop, server->quiet_id);
	server->quiet_fd = close_fd(server->quiet_fd);
}

void server_changed(struct server *server)
{
	pthread_cond_broadcast(&server->changed);
	if (server->ending)
		(void)eventfd_write(server->quiet_fd, 1);
}

static long long now_ms(void)
{
	struct timespec now;

	(void)clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * 1000LL + now.tv_nsec / 1000000;
}

static bool wait_until_quiet(struct server *server, bool lanes_too, long timeout_ms,
			     const bool *forced)
{
	long long until = now_ms() + timeout_ms;

	for (;;) {
		long long left = timeout_ms < 0 ? -1 : until - now_ms();
		bool quiet;

		pthread_mutex_lock(&server->lock);
		quiet = !server->n_files && !(lanes_too && server->n_lanes);
		pthread_mutex_unlock(&server->lock);
		if (quiet)
			return true;
		if ((forced && *forced) || (timeout_ms >= 0 && left <= 0))
			return false;
		loop_step(server->loop, left > INT_MAX ? INT_MAX : (int)left);
	}
}

bool stop_wait_files(struct server *server, long timeout_ms, const bool *forced)
{
	return wait_until_quiet(server, /* lanes_too: */ false, timeout_ms, forced);
}

bool stop_wait_all(struct server *server, long timeout_ms, const bool *forced)
{
	return wait_until_quiet(server, /* lanes_too: */ true, timeout_ms, forced);
}

/*
 * A lane's thread removes itself from the loop, so the list is walked under the lock
 * and the threads go on after it.
 */
void stop_drop_clients(struct server *server)
{
	struct file *file;

	pthread_mutex_lock(&server->lock);
	for (struct slane *slane = server->lanes; slane; slane = slane->next)
		slane_kill(slane);
	pthread_mutex_unlock(&server->lock);
	trap_kill_calls(server->trap);

	for (;;) {
		pthread_mutex_lock(&server->lock);
		for (file = server->files; file && atomic_load(&file->hung_up); file = file->next)
			;
		if (file)
			file_get(file);
		pthread_mutex_unlock(&server->lock);
		if (!file)
			return;
		file_hang_up(file);
		file_put(file);
	}
}
