/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A box is told under which number of its own to keep a descriptor, so that
 * putting and dropping need no answer. `lock` guards everything and is held over
 * the few microseconds of a get.
 */
#include "machine/soc/vault.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/fdsock.h"
#include "base/log.h"

/* What a box has for itself: its socket, and what is just arriving */
#define BOX_SOCK 3
#define BOX_FIRST 8u
#define BOX_MAX (1u << 20)

enum { BOX_PUT = 1, BOX_GET, BOX_DROP };

struct box_msg {
	uint32_t op;
	uint32_t number;
};

struct box {
	pid_t pid;
	int sock;
	uint32_t limit;		/* numbers are below it */
	uint32_t next;		/* never used from here on */
	uint32_t *returned;	/* a stack */
	uint32_t n_returned, max_returned;
};

struct vault {
	pthread_mutex_t lock;
	struct box **boxes;
	uint32_t n_boxes;
};

/* --- in the box --- */

static void box_serve(const struct box_msg *msg, int fd)
{
	int number = (int)msg->number, zero = 0;

	switch (msg->op) {
	case BOX_PUT:
		if (fd >= 0)
			(void)dup3(fd, number, O_CLOEXEC);
		break;
	case BOX_GET:
		/* Whoever asks waits: an answer without a descriptor is one too. */
		if (fdsock_send(BOX_SOCK, &zero, sizeof(zero), &number, 1) < 0)
			(void)fdsock_send(BOX_SOCK, &zero, sizeof(zero), NULL, 0);
		break;
	case BOX_DROP:
		(void)close(number);
		break;
	default:
		break;
	}
}

/*
 * After a fork of a process with threads: nothing that takes a lock of libc's. The
 * end of the socket is the end of the box; the death of the thread that happened to
 * make it is not.
 */
static _Noreturn void box_main(int sock)
{
	struct box_msg msg;
	size_t n_fds;

	(void)prctl(PR_SET_NAME, "swtee-vault");
	(void)setpgid(0, 0);
	if (sock != BOX_SOCK)
		(void)dup2(sock, BOX_SOCK);
	(void)syscall(SYS_close_range, 0, BOX_SOCK - 1, 0);
	(void)syscall(SYS_close_range, BOX_SOCK + 1, ~0u, 0);
	for (;;) {
		int fd = -1;

		if (fdsock_recv(BOX_SOCK, &msg, sizeof(msg), &fd, 1, &n_fds, NULL, 0) !=
		    sizeof(msg))
			break;
		box_serve(&msg, fd);
		close_fd(fd);
	}
	_exit(0);
}

/* --- outside --- */

static struct box *box_free(struct box *box)
{
	if (box) {
		close_fd(box->sock);
		while (waitpid(box->pid, NULL, 0) < 0 && errno == EINTR)
			;
		free(box->returned);
		free(box);
	}
	return NULL;
}

static int box_new(struct box **ret_box)
{
	struct box *box = calloc(1, sizeof(*box));
	struct rlimit limit;
	int pair[2], r;

	if (!box)
		return -ENOMEM;
	if (getrlimit(RLIMIT_NOFILE, &limit) < 0 || limit.rlim_cur > BOX_MAX)
		limit.rlim_cur = BOX_MAX;
	box->limit = (uint32_t)limit.rlim_cur;
	box->next = BOX_FIRST;
	r = fdsock_pair(pair);
	if (r < 0)
		goto err_free;
	box->pid = fork();
	if (box->pid == 0)
		box_main(pair[1]);
	close_fd(pair[1]);
	box->sock = pair[0];
	if (box->pid < 0) {
		r = -errno;
		close_fd(box->sock);
		goto err_free;
	}
	*ret_box = box;
	return 0;

err_free:
	free(box);
	return r;
}

static bool box_full(const struct box *box)
{
	return !box->n_returned && box->next >= box->limit;
}

static uint32_t box_take_number(struct box *box)
{
	return box->n_returned ? box->returned[--box->n_returned] : box->next++;
}

/* A number that there is no room to remember is never used again. */
static void box_return_number(struct box *box, uint32_t number)
{
	if (box->n_returned == box->max_returned) {
		uint32_t max = box->max_returned ? box->max_returned * 2 : 64;
		uint32_t *returned = realloc(box->returned, max * sizeof(*returned));

		if (!returned)
			return;
		box->returned = returned;
		box->max_returned = max;
	}
	box->returned[box->n_returned++] = number;
}

int vault_new(struct vault **ret_vault)
{
	struct vault *vault = calloc(1, sizeof(*vault));

	if (!vault)
		return -ENOMEM;
	pthread_mutex_init(&vault->lock, NULL);
	*ret_vault = vault;
	return 0;
}

struct vault *vault_free(struct vault *vault)
{
	if (vault) {
		for (uint32_t i = 0; i < vault->n_boxes; i++)
			box_free(vault->boxes[i]);
		free(vault->boxes);
		pthread_mutex_destroy(&vault->lock);
		free(vault);
	}
	return NULL;
}

/* The index of a box with room, which is made if there is none. */
static int vault_find_room(struct vault *vault)
{
	struct box **boxes;
	uint32_t i;
	int r;

	for (i = vault->n_boxes; i > 0; i--) {
		if (!box_full(vault->boxes[i - 1]))
			return (int)i - 1;
	}
	i = vault->n_boxes;
	boxes = realloc(vault->boxes, (i + 1) * sizeof(struct box *));
	if (!boxes)
		return -ENOMEM;
	vault->boxes = boxes;
	r = box_new(&boxes[i]);
	if (r < 0)
		return r;
	vault->n_boxes++;
	return (int)i;
}

int vault_put(struct vault *vault, int fd, uint64_t *ret_key)
{
	struct box_msg msg = { .op = BOX_PUT };
	struct box *box;
	int i, r;

	pthread_mutex_lock(&vault->lock);
	i = vault_find_room(vault);
	if (i < 0) {
		pthread_mutex_unlock(&vault->lock);
		return i;
	}
	box = vault->boxes[i];
	msg.number = box_take_number(box);
	r = fdsock_send(box->sock, &msg, sizeof(msg), &fd, 1);
	if (r < 0)
		box_return_number(box, msg.number);
	else
		*ret_key = (uint64_t)i << 32 | msg.number;
	pthread_mutex_unlock(&vault->lock);
	return r;
}

int vault_get(struct vault *vault, uint64_t key, int *ret_fd)
{
	struct box_msg msg = { .op = BOX_GET, .number = (uint32_t)key };
	struct box *box;
	size_t n_fds = 0;
	int fd = -1, zero;
	ssize_t n;

	pthread_mutex_lock(&vault->lock);
	box = vault->boxes[key >> 32];
	n = fdsock_send(box->sock, &msg, sizeof(msg), NULL, 0);
	if (n == 0)
		n = fdsock_recv(box->sock, &zero, sizeof(zero), &fd, 1, &n_fds, NULL, 0);
	pthread_mutex_unlock(&vault->lock);
	if (n == -EMSGSIZE)
		return -EMFILE;
	if (n != sizeof(zero) || n_fds != 1) {
		log_error("process %d, which keeps descriptors of shared memory, does not have "
			  "one that it was given: was it killed?", (int)box->pid);
		return -EIO;
	}
	*ret_fd = fd;
	return 0;
}

void vault_drop(struct vault *vault, uint64_t key)
{
	struct box_msg msg = { .op = BOX_DROP, .number = (uint32_t)key };
	struct box *box;

	pthread_mutex_lock(&vault->lock);
	box = vault->boxes[key >> 32];
	if (fdsock_send(box->sock, &msg, sizeof(msg), NULL, 0) == 0)
		box_return_number(box, msg.number);
	pthread_mutex_unlock(&vault->lock);
}
