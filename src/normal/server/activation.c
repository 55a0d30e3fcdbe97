/* SPDX-License-Identifier: BSD-2-Clause */
#include "activation.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/log.h"

#define FIRST_FD 3
#define MAX_SOCKETS 256

struct passed_socket {
	int fd;		/* -1: taken */
	char *name;	/* owned */
};

static long env_number(const char *name)
{
	const char *value = getenv(name);
	char *end;
	long n;

	if (!value || !*value)
		return -1;
	errno = 0;
	n = strtol(value, &end, 10);
	return errno || *end ? -1 : n;
}

/* For this process, and how many? The variables may be another's, inherited. */
static long count_passed(void)
{
	if (env_number("LISTEN_PID") != (long)getpid())
		return 0;
	return env_number("LISTEN_FDS");
}

static int socket_option(int fd, int option)
{
	int value = -1;
	socklen_t len = sizeof(value);

	return getsockopt(fd, SOL_SOCKET, option, &value, &len) < 0 ? -1 : value;
}

/* The path that @fd is bound to; false for anything but a file system socket. */
static bool bound_path(int fd, char path[PATH_MAX])
{
	union {
		struct sockaddr_un addr;
		char bytes[sizeof(struct sockaddr_un) + 1];
	} self;
	socklen_t len = sizeof(self.addr);

	memset(&self, 0, sizeof(self));
	if (getsockname(fd, (struct sockaddr *)&self.addr, &len) < 0 ||
	    self.addr.sun_family != AF_UNIX || self.addr.sun_path[0] != '/')
		return false;
	return snprintf(path, PATH_MAX, "%s", self.addr.sun_path) < PATH_MAX;
}

static bool same_directory(const char *a, const char *b)
{
	struct stat sa, sb;

	return stat(a, &sa) == 0 && stat(b, &sb) == 0 && sa.st_dev == sb.st_dev &&
	       sa.st_ino == sb.st_ino;
}

/*
 * The node is what the path says: that is what clients see, and a socket unit with
 * several addresses has one name for all. A given name that is another's is wrong.
 */
static int check_socket(struct passed_socket *passed, const char *given, const char *dir)
{
	char path[PATH_MAX], *slash;

	if (socket_option(passed->fd, SO_TYPE) != SOCK_SEQPACKET ||
	    socket_option(passed->fd, SO_ACCEPTCONN) != 1 || !bound_path(passed->fd, path)) {
		log_error("the socket that was passed as descriptor %d (%s) does not listen on a "
			  "path for sequential packets: use ListenSequentialPacket=%s/NODE",
			  passed->fd, given, dir);
		return -EINVAL;
	}
	slash = strrchr(path, '/');
	passed->name = strdup(slash + 1);
	if (!passed->name)
		return -ENOMEM;
	if ((!strncmp(given, "tee", 3) || !strcmp(given, "control")) &&
	    strcmp(given, passed->name)) {
		log_error("the socket that was passed for %s is bound to %s: give it the name of "
			  "its node, or none", given, path);
		return -EINVAL;
	}
	*slash = '\0';
	if (!same_directory(path, dir)) {
		log_error("the socket that was passed for %s is in %s and not in the runtime "
			  "directory %s", passed->name, path, dir);
		return -EINVAL;
	}
	return 0;
}

static int take_all(struct activation *activation, const char *names, const char *dir)
{
	int r = 0;

	for (size_t i = 0; i < activation->n_sockets; i++)
		activation->sockets[i].fd = -1;
	for (size_t i = 0; i < activation->n_sockets && r == 0; i++) {
		struct passed_socket *passed = &activation->sockets[i];
		size_t len = strcspn(names, ":");
		AUTO_FREE char *given = strndup(names, len);

		names += len + (names[len] == ':');
		passed->fd = FIRST_FD + (int)i;
		if (fcntl(passed->fd, F_SETFD, FD_CLOEXEC) < 0 ||
		    fcntl(passed->fd, F_SETFL, O_NONBLOCK) < 0) {
			log_error("descriptor %d, which LISTEN_FDS promises, is not there",
				  passed->fd);
			passed->fd = -1;
			return -EINVAL;
		}
		r = given ? check_socket(passed, given, dir) : -ENOMEM;
	}
	return r;
}

int activation_init(struct activation *activation, const char *dir)
{
	const char *names = getenv("LISTEN_FDNAMES");
	long n = count_passed();
	int r = 0;

	*activation = (struct activation){ 0 };
	if (n > MAX_SOCKETS) {
		log_error("LISTEN_FDS=%ld are more sockets than there are nodes", n);
		return -EINVAL;
	}
	if (n > 0) {
		activation->sockets = calloc((size_t)n, sizeof(*activation->sockets));
		if (!activation->sockets)
			return -ENOMEM;
		activation->n_sockets = (size_t)n;
		r = take_all(activation, names ? names : "", dir);
	}
	/* Not for the worlds. */
	(void)unsetenv("LISTEN_PID");
	(void)unsetenv("LISTEN_FDS");
	(void)unsetenv("LISTEN_FDNAMES");
	return r;
}

int activation_take(struct activation *activation, const char *name)
{
	for (size_t i = 0; i < activation->n_sockets; i++) {
		struct passed_socket *passed = &activation->sockets[i];

		if (passed->fd >= 0 && !strcmp(passed->name, name))
			return steal_fd(&passed->fd);
	}
	return -1;
}

void activation_deinit(struct activation *activation, bool say)
{
	for (size_t i = 0; i < activation->n_sockets; i++) {
		struct passed_socket *passed = &activation->sockets[i];

		if (passed->fd >= 0 && say)
			log_warn("a socket was passed for %s, but there is no such device; its "
				 "clients are turned away", passed->name);
		close_fd(passed->fd);
		free(passed->name);
	}
	free(activation->sockets);
	*activation = (struct activation){ 0 };
}
