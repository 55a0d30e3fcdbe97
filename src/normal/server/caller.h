/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Who makes the ioctl that a thread of ours runs
 *
 * A client's thread, by whatever door it came. Set by the door for as long as
 * the thread serves it; read by platform.c and whatever it calls.
 */
#ifndef SERVER_CALLER_H
#define SERVER_CALLER_H

#include <stdbool.h>
#include <stdint.h>

#include "abi/front.h"

struct process;

struct caller {
	struct process *process;	/* the door's reference */
	uint32_t tid;			/* its thread, as it says; see cred.c */
	int reply_fd;			/* a descriptor for the client to get; -1. Whoever
					 * sets it gives it away; the door closes it */
	bool reply_cloexec;		/* it is close-on-exec in the client */
	/* Of memory that is registered by this ioctl: what the client says is shared in
	 * place (abi/front.h); unchecked, but our own copy. NULL with 0 */
	const struct front_runs *runs;
	uint32_t n_runs;
	/* More of them, close-on-exec, each with the address where its number goes */
	int fds[FRONT_MAX_FDS];
	struct front_place places[FRONT_MAX_FDS];
	unsigned int n_fds;
};

/* Of the calling thread; NULL when it serves no client. */
struct caller *caller_current(void);
/* The calling thread serves @caller from now on; NULL: nobody any more. */
void caller_set(struct caller *caller);

#endif /* SERVER_CALLER_H */
