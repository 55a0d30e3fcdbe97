/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The trap's door: who hands in a listener, and its end
 */
#include "trap.h"

#include <errno.h>
#include <linux/seccomp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#include "abi/trap.h"
#include "base/auto.h"
#include "base/fdsock.h"
#include "base/log.h"
#include "server.h"

#define BACKLOG 8

/* A process that connected and has not sent its listener yet */
struct guest {
	struct trap *trap;
	int fd;
	loop_id id;
};

/* --- a listener comes --- */

/* A descriptor that somebody calls a listener need not be one. */
static bool is_listener(int fd)
{
	char path[sizeof("/proc/self/fd/") + 12], target[64];
	ssize_t n;

	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	n = readlink(path, target, sizeof(target) - 1);
	if (n < 0)
		return false;
	target[n] = '\0';
	return !strcmp(target, "anon_inode:seccomp notify");
}

static int take_listener(struct trap *trap, const struct trap_hello *hello, int fd)
{
	if (hello->version != TRAP_VERSION)
		return -EPROTO;
	if (fd < 0 || !is_listener(fd))
		return -EINVAL;
	return trap_listener_new(trap, fd);
}

static void on_guest(void *data, uint32_t events)
{
	struct guest *guest = data;
	struct trap *trap = guest->trap;
	struct trap_answer answer = { .version = TRAP_VERSION, .server_pid = (__u32)getpid() };
	struct trap_hello hello;
	size_t n_fds;
	ssize_t n;
	int fd = -1;

	n = fdsock_recv(guest->fd, &hello, sizeof(hello), &fd, 1, &n_fds, NULL, MSG_DONTWAIT);
	if (n == -EAGAIN)
		return;
	if (n != 0) {
		answer.error = n == sizeof(hello) ? take_listener(trap, &hello, fd) : -EPROTO;
		if (answer.error) {
			log_warn_ratelimited("refused a listener for system calls: %s",
					     strerror(-answer.error));
			close_fd(fd);
		}
		(void)fdsock_send(guest->fd, &answer, sizeof(answer), NULL, 0);
	}
	loop_remove(trap->server->loop, guest->id);
	close_fd(guest->fd);
	free(guest);
}

static bool is_owner(int fd)
{
	struct ucred cred;
	socklen_t len = sizeof(cred);

	return getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &cred, &len) == 0 &&
	       (cred.uid == geteuid() || cred.uid == 0);
}

static void on_connect(void *data, uint32_t events)
{
	struct trap *trap = data;
	AUTO(close_fd) int fd = accept4(trap->sock, NULL, NULL, SOCK_CLOEXEC);
	struct guest *guest;

	if (fd < 0)
		return;
	if (!is_owner(fd)) {
		log_warn_ratelimited("refused a listener for system calls from another user");
		return;
	}
	guest = calloc(1, sizeof(*guest));
	if (!guest)
		return;
	guest->trap = trap;
	guest->fd = fd;
	if (loop_add(trap->server->loop, fd, EPOLLIN, on_guest, guest, &guest->id) < 0) {
		free(guest);
		return;
	}
	(void)steal_fd(&fd);
}

/* --- the whole --- */

static int trap_listen(struct trap *trap)
{
	struct sockaddr_un addr = { .sun_family = AF_UNIX };
	int n = snprintf(addr.sun_path, sizeof(addr.sun_path), "%s/" TRAP_SOCKET,
			 trap->server->runtime_dir);

	if (n < 0 || (size_t)n >= sizeof(addr.sun_path))
		return -ENAMETOOLONG;
	memcpy(trap->path, addr.sun_path, (size_t)n + 1);
	trap->sock = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (trap->sock < 0)
		return -errno;
	(void)unlink(trap->path);
	if (bind(trap->sock, (struct sockaddr *)&addr, sizeof(addr)) < 0 ||
	    chmod(trap->path, 0600) < 0 || listen(trap->sock, BACKLOG) < 0)
		return -errno;
	return loop_add(trap->server->loop, trap->sock, EPOLLIN, on_connect, trap,
			&trap->sock_id);
}

int trap_new(struct server *server, unsigned int max_threads, struct trap **ret_trap)
{
	struct trap *trap = calloc(1, sizeof(*trap));
	pthread_condattr_t attr;
	int r;

	if (!trap)
		return -ENOMEM;
	trap->server = server;
	trap->max_threads = max_threads;
	trap->sock = -1;
	pthread_mutex_init(&trap->lock, NULL);
	pthread_cond_init(&trap->gone, NULL);
	pthread_mutex_init(&trap->calls_lock, NULL);
	pthread_mutex_init(&trap->threads_lock, NULL);
	pthread_mutex_init(&trap->files_lock, NULL);
	pthread_condattr_init(&attr);
	pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
	pthread_cond_init(&trap->calls_more, &attr);
	pthread_cond_init(&trap->files_changed, &attr);
	pthread_condattr_destroy(&attr);
	r = trap_listen(trap);
	if (r < 0) {
		log_error("cannot listen on %s/" TRAP_SOCKET ": %s", server->runtime_dir,
			  strerror(-r));
		trap_free(trap);
		return r;
	}
	*ret_trap = trap;
	return 0;
}

struct trap *trap_free(struct trap *trap)
{
	if (!trap)
		return NULL;
	if (trap->sock >= 0) {
		loop_remove(trap->server->loop, trap->sock_id);
		close_fd(trap->sock);
		(void)unlink(trap->path);
	}
	pthread_mutex_lock(&trap->lock);
	trap->ending = true;
	for (struct trap_listener *l = trap->listeners; l; l = l->next)
		trap_listener_end(l);
	while (trap->listeners)
		pthread_cond_wait(&trap->gone, &trap->lock);
	pthread_mutex_unlock(&trap->lock);
	trap_watch_stop(trap);
	trap_threads_forget(trap, NULL);
	pthread_cond_destroy(&trap->gone);
	pthread_cond_destroy(&trap->calls_more);
	pthread_cond_destroy(&trap->files_changed);
	pthread_mutex_destroy(&trap->lock);
	pthread_mutex_destroy(&trap->calls_lock);
	pthread_mutex_destroy(&trap->threads_lock);
	pthread_mutex_destroy(&trap->files_lock);
	free(trap);
	return NULL;
}
