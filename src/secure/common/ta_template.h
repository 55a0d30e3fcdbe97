/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The template of TA hosts: a process that forks a host when asked
 *
 * It ends with this process. The main thread starts it, and again when it died. What
 * is said to it is the protocol of its program (abi/tahost.h, abi/minkhost.h).
 */
#ifndef SECURE_COMMON_TA_TEMPLATE_H
#define SECURE_COMMON_TA_TEMPLATE_H

#include <pthread.h>
#include <stddef.h>
#include <sys/types.h>

/* The descriptor of its socket, in the program that is started */
#define TA_TEMPLATE_FD 3

struct ta_template {
	const char *path;
	pthread_mutex_t lock;	/* guards sock */
	int sock;		/* -1: not running */
	pid_t pid;		/* main thread only */
};

void ta_template_init(struct ta_template *template, const char *path);
/* Ends the process. */
void ta_template_deinit(struct ta_template *template);

/*
 * Start the program; *@ret_fd hangs up when it dies and is the template's. 0, or
 * the negative errno of the start, after telling the user.
 */
int ta_template_start(struct ta_template *template, int *ret_fd);
/* It hung up: ends it for good, and closes the descriptor. */
void ta_template_died(struct ta_template *template);

/*
 * Ask for a host by the message @msg. The descriptors stay the caller's. -ENOENT when
 * there is no template, -EAGAIN when it does not listen, -EPIPE when it is dying.
 */
int ta_template_spawn(struct ta_template *template, const void *msg, size_t msg_size,
		      const int *fds, size_t n_fds);

#endif /* SECURE_COMMON_TA_TEMPLATE_H */
