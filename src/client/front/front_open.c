/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Contexts: opening a node, and telling a context from any other descriptor
 *
 * A context is told by the address that its peer is bound to: a socket file with
 * the name of a node. It needs no list of descriptors, which close, dup2 and
 * exec would make wrong.
 */
#include "client/front/front.h"

#include <errno.h>
#include <pthread.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "abi/front.h"
#include "abi/qtee_rfc.h"
#include "base/auto.h"
#include "base/fdsock.h"
#include "client/front/front_thread.h"

/* Decimal without a leading zero, as the kernel numbers devices; at most four digits */
static bool parse_number(const char *s, unsigned int *ret)
{
	unsigned int value = 0;
	size_t n;

	for (n = 0; s[n] >= '0' && s[n] <= '9' && n < 5; n++)
		value = value * 10 + (unsigned int)(s[n] - '0');
	if (n == 0 || n > 4 || s[n] != '\0' || (s[0] == '0' && n > 1))
		return false;
	*ret = value;
	return true;
}

/* Other heaps are the host's. */
static bool is_heap(const char *name)
{
	static const char prefix[] = FRONT_HEAP_DIR "/protected,";
	size_t n, start;

	for (n = 0; prefix[n]; n++) {
		if (name[n] != prefix[n])
			return false;
	}
	for (start = n; name[n] && name[n] != '/' && n < FRONT_NODE_NAME_MAX; n++)
		;
	return n > start && !name[n];
}

bool front_node_parse(const char *name, struct front_node *ret_node)
{
	struct front_node node = { 0 };

	if (is_heap(name)) {
		node.heap = true;
		if (ret_node)
			*ret_node = node;
		return true;
	}
	if (!strcmp(name, QTEE_RFC_ROOT_NAME) || !strcmp(name, QTEE_RFC_SERVER_NAME)) {
		node.qtee = true;
		node.number = strcmp(name, QTEE_RFC_ROOT_NAME) != 0;
		if (ret_node)
			*ret_node = node;
		return true;
	}
	if (strncmp(name, "tee", 3))
		return false;
	name += 3;
	if (!strncmp(name, "priv", 4)) {
		node.privileged = true;
		name += 4;
	}
	if (!parse_number(name, &node.number))
		return false;
	if (ret_node)
		*ret_node = node;
	return true;
}

const char *front_node_name(const char *path)
{
	static const char dir[] = FRONT_HEAP_DIR "/";
	const char *name = strrchr(path, '/');
	size_t before;

	if (!name)
		return NULL;
	name++;
	before = (size_t)(name - path);
	if (before > sizeof(dir) - 1 && name[-(ptrdiff_t)sizeof(dir)] == '/' &&
	    !memcmp(name - (sizeof(dir) - 1), dir, sizeof(dir) - 1))
		name -= sizeof(dir) - 1;
	return front_node_parse(name, NULL) ? name : NULL;
}

static int connect_node(int sock, const char *dir, const char *node)
{
	struct sockaddr_un addr = { .sun_family = AF_UNIX };
	int n = snprintf(addr.sun_path, sizeof(addr.sun_path), "%s/%s", dir, node);

	if (n < 0 || (size_t)n >= sizeof(addr.sun_path))
		return -ENAMETOOLONG;
	while (connect(sock, (struct sockaddr *)&addr, sizeof(addr)) < 0) {
		switch (errno) {
		case EINTR:
			continue;
		case ECONNREFUSED:
			return -ENXIO;
		case ENOTDIR:
			return -ENOENT;
		default:
			return -errno;
		}
	}
	return 0;
}

/* Why a descriptor that was sent did not arrive */
static bool no_room_for_fds(void)
{
	int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
	bool no_room = fd < 0 && errno == EMFILE;

	close_fd(fd);
	return no_room;
}

/* The open file, when it is not the connection itself, in *@ret_file */
static int recv_hello(int sock, int *ret_file)
{
	struct front_hello hello;
	size_t n_fds = 0;
	ssize_t n = fdsock_recv(sock, &hello, sizeof(hello), ret_file, 1, &n_fds, NULL, 0);

	if (n == 0)
		return -ENXIO;
	if (n == -EMSGSIZE)
		return no_room_for_fds() ? -EMFILE : -EPROTO;
	if (n < 0)
		return (int)n;
	if (n != sizeof(hello) || hello.version != FRONT_VERSION)
		return -EPROTO;
	if (hello.error)
		return hello.error < 0 && hello.error >= -4095 ? hello.error : -EPROTO;
	if (hello.server_pid <= INT32_MAX)
		front_allow_tracer((int)hello.server_pid);
	return 0;
}

static int open_context(const char *dir, const char *node)
{
	AUTO(close_fd) int sock = -1;
	AUTO(close_fd) int file = -1;
	int r;

	sock = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
	if (sock < 0)
		return -errno;
	r = connect_node(sock, dir, node);
	if (r < 0)
		return r;
	r = recv_hello(sock, &file);
	if (r < 0)
		return r;
	if (file >= 0)
		return steal_fd(&file);
	/*
	 * Nothing more is to be read here. A read(2) by mistake then ends at once
	 * instead of never, and poll(2) says "ready", as for the real device.
	 */
	(void)shutdown(sock, SHUT_RD);
	return steal_fd(&sock);
}

int front_open(const char *dir, const char *node)
{
	int saved = errno, cancel, r;

	if (!front_node_parse(node, NULL))
		return -ENOENT;
	/* A thread that is cancelled half way would leave the socket behind. */
	(void)pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, &cancel);
	r = open_context(dir, node);
	(void)pthread_setcancelstate(cancel, NULL);
	errno = saved;
	return r;
}

bool front_context_path(int fd, char *path, unsigned int size)
{
	/* One byte more than the address: a path that fills it has no terminator. */
	union {
		struct sockaddr_un addr;
		char bytes[sizeof(struct sockaddr_un) + 1];
	} peer;
	socklen_t len = sizeof(peer.addr);
	size_t n;

	memset(&peer, 0, sizeof(peer));
	if (getpeername(fd, (struct sockaddr *)&peer.addr, &len) < 0 ||
	    peer.addr.sun_family != AF_UNIX || len <= offsetof(struct sockaddr_un, sun_path))
		return false;
	/* An abstract address starts with a zero byte and has no slash to be found. */
	if (!front_node_name(peer.addr.sun_path))
		return false;
	n = strlen(peer.addr.sun_path);
	if (path) {
		if (n >= size)
			return false;
		memcpy(path, peer.addr.sun_path, n + 1);
	}
	return true;
}

/* The abstract name of the peer of socket @fd, without its zero byte; keeps errno */
static bool peer_name(int fd, char *name, size_t size)
{
	union {
		struct sockaddr_un addr;
		char bytes[sizeof(struct sockaddr_un) + 1];
	} peer;
	socklen_t len = sizeof(peer.addr);
	int saved = errno;
	bool is;

	memset(&peer, 0, sizeof(peer));
	is = getpeername(fd, (struct sockaddr *)&peer.addr, &len) == 0 &&
	     peer.addr.sun_family == AF_UNIX &&
	     len > offsetof(struct sockaddr_un, sun_path) + 1 && !peer.addr.sun_path[0] &&
	     strlen(peer.addr.sun_path + 1) < size;
	if (is)
		strcpy(name, peer.addr.sun_path + 1);
	errno = saved;
	return is;
}

const char *front_file_kind(int fd, char *name, size_t size)
{
	char *end;

	if (!peer_name(fd, name, size) ||
	    strncmp(name, FRONT_FILE_NAME, sizeof(FRONT_FILE_NAME) - 1))
		return NULL;
	name += sizeof(FRONT_FILE_NAME) - 1;
	end = strchr(name, ':');
	if (!end)
		return NULL;
	*end = '\0';
	return name;
}

bool front_is_file(int fd)
{
	char name[FRONT_FILE_NAME_MAX];

	return front_file_kind(fd, name, sizeof(name));
}

static bool parse_dmabuf(const char *name, unsigned long long *ret_size)
{
	unsigned long long size;
	char *end;

	if (strncmp(name, FRONT_DMABUF_NAME, sizeof(FRONT_DMABUF_NAME) - 1))
		return false;
	size = strtoull(name + sizeof(FRONT_DMABUF_NAME) - 1, &end, 16);
	if (*end != ':')
		return false;
	*ret_size = size;
	return true;
}

bool front_dmabuf_size(int fd, unsigned long long *ret_size)
{
	char name[FRONT_FILE_NAME_MAX];

	return peer_name(fd, name, sizeof(name)) && parse_dmabuf(name, ret_size);
}

bool front_is_context(int fd)
{
	int saved = errno;
	struct stat st;
	bool is = front_fstat(fd, &st) == 0 && S_ISSOCK(st.st_mode) &&
		  (front_context_path(fd, NULL, 0) || front_is_file(fd));

	errno = saved;
	return is;
}
