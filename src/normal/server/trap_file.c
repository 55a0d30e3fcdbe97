/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Which open file is a client's descriptor?
 *
 * A copy of the descriptor is a socket, which the kernel names by a cookie that is
 * never used again. The first time that one is seen its open file is not known: a
 * connection that the shim made was only ever seen from our end. So a message is
 * sent into the socket and comes out at our end of it; the kernel says that we are
 * the sender, so no client can send such a message, or a descriptor that answers
 * one. From then on the cookie is known, until the file is closed.
 */
#include "trap.h"

#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#include "abi/front.h"
#include "base/fdsock.h"
#include "server.h"

/* The loop answers as soon as it gets to it. */
#define IDENTIFY_SECONDS 5

/* Somebody who waits for the answer */
struct trap_ident {
	struct trap_ident *next;
	uint64_t token;
	struct file *file;	/* a reference */
};

static struct file **bucket(struct trap *trap, uint64_t cookie)
{
	return &trap->files[cookie % TRAP_FILE_BUCKETS];
}

static struct file *find(struct trap *trap, uint64_t cookie)
{
	struct file *file;

	pthread_mutex_lock(&trap->files_lock);
	for (file = *bucket(trap, cookie); file; file = file->trap_next) {
		if (file->trap_cookie == cookie) {
			file_get(file);
			break;
		}
	}
	pthread_mutex_unlock(&trap->files_lock);
	return file;
}

static void remember(struct trap *trap, struct file *file, uint64_t cookie)
{
	struct file **head = bucket(trap, cookie);

	pthread_mutex_lock(&trap->files_lock);
	/* Closed meanwhile: it has been forgotten, and is not to come back. */
	if (file->trap_cookie == 0 && !atomic_load(&file->hung_up)) {
		file->trap_cookie = cookie;
		file->trap_next = *head;
		*head = file;
	}
	pthread_mutex_unlock(&trap->files_lock);
}

void trap_file_forget(struct trap *trap, struct file *file)
{
	if (!trap)
		return;
	pthread_mutex_lock(&trap->files_lock);
	if (file->trap_cookie) {
		for (struct file **p = bucket(trap, file->trap_cookie); *p; p = &(*p)->trap_next) {
			if (*p == file) {
				*p = file->trap_next;
				break;
			}
		}
		file->trap_cookie = 0;
	}
	pthread_mutex_unlock(&trap->files_lock);
}

/* --- the message --- */

void trap_file_identified(struct trap *trap, uint64_t token, struct file *file)
{
	pthread_mutex_lock(&trap->files_lock);
	for (struct trap_ident *ident = trap->idents; ident; ident = ident->next) {
		if (ident->token == token && !ident->file) {
			ident->file = file_get(file);
			pthread_cond_broadcast(&trap->files_changed);
		}
	}
	pthread_mutex_unlock(&trap->files_lock);
}

/* Is the other end of @fd a node of ours? Whose end it is the kernel says. */
static bool leads_to_node(struct trap *trap, int fd)
{
	union {
		struct sockaddr_un addr;
		char bytes[sizeof(struct sockaddr_un) + 1];
	} peer;
	socklen_t len = sizeof(peer.addr), cred_len = sizeof(struct ucred);
	size_t dir = strlen(trap->server->runtime_dir);
	struct ucred cred;

	memset(&peer, 0, sizeof(peer));
	if (getpeername(fd, (struct sockaddr *)&peer.addr, &len) < 0 ||
	    peer.addr.sun_family != AF_UNIX ||
	    getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &cred, &cred_len) < 0 || cred.pid != getpid())
		return false;
	return !strncmp(peer.addr.sun_path, trap->server->runtime_dir, dir) &&
	       peer.addr.sun_path[dir] == '/' && strcmp(peer.addr.sun_path, trap->path) != 0;
}

/* A counted reference, or NULL. */
static struct file *identify(struct trap *trap, int fd)
{
	struct front_msg msg = { .type = FRONT_IDENTIFY };
	struct trap_ident ident = { 0 };
	struct timespec until;
	int r = 0;

	if (!leads_to_node(trap, fd) ||
	    getrandom(&msg.token, sizeof(msg.token), 0) != sizeof(msg.token))
		return NULL;
	clock_gettime(CLOCK_MONOTONIC, &until);
	until.tv_sec += IDENTIFY_SECONDS;
	ident.token = msg.token;
	pthread_mutex_lock(&trap->files_lock);
	ident.next = trap->idents;
	trap->idents = &ident;
	pthread_mutex_unlock(&trap->files_lock);

	if (fdsock_send(fd, &msg, sizeof(msg), NULL, 0) < 0)
		r = -EPIPE;
	pthread_mutex_lock(&trap->files_lock);
	while (!ident.file && r == 0)
		r = pthread_cond_timedwait(&trap->files_changed, &trap->files_lock, &until);
	for (struct trap_ident **p = &trap->idents; *p; p = &(*p)->next) {
		if (*p == &ident) {
			*p = ident.next;
			break;
		}
	}
	pthread_mutex_unlock(&trap->files_lock);
	return ident.file;
}

struct file *trap_file_enter(struct trap *trap, int fd)
{
	uint64_t cookie = 0;
	socklen_t len = sizeof(cookie);
	struct file *file;
	bool entered;

	if (getsockopt(fd, SOL_SOCKET, SO_COOKIE, &cookie, &len) < 0)
		return NULL;
	file = find(trap, cookie);
	if (!file) {
		file = identify(trap, fd);
		if (!file)
			return NULL;
		remember(trap, file, cookie);
	}
	entered = file_enter(file);
	file_put(file);
	return entered ? file : NULL;
}
