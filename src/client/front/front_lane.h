/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A lane of a client thread: how it is made, bound to contexts, and ends
 *
 * Private to src/client/front. A lane is used by the thread that owns it, and by
 * nobody else; `busy` keeps a call and the signal handlers that interrupt it off
 * each other's lanes.
 */
#ifndef CLIENT_FRONT_LANE_H
#define CLIENT_FRONT_LANE_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/stat.h>
#include <sys/types.h>

#include "abi/front.h"

struct lane;

#define FRONT_BINDINGS_PER_LANE 8

/* A context, known by the inode of its socket, that swteed calls @slot here. */
struct front_binding {
	dev_t dev;
	ino_t ino;		/* 0: unused */
	uint32_t slot;
};

struct front_lane {
	struct lane *lane;	/* NULL: not made */
	struct front_call *call; /* its data area */
	volatile uint64_t *busy; /* mark in the frame of the call that uses the lane */
	uint64_t token;
	uint32_t tid;		/* of the thread, for swteed */
	pid_t pid;		/* that made it: a vforked child cannot bind it */
	ino_t sock_ino;		/* the program may close our number and reuse it */
	int sock;
	unsigned int victim;	/* next binding to replace */
	struct front_binding binding[FRONT_BINDINGS_PER_LANE];
};

/*
 * The slot of context @fd, whose status is @st, on this lane; makes the lane and
 * binds it when needed. -EPIPE: the lane is over, drop it and try again;
 * otherwise as front_ioctl().
 */
int front_lane_slot(struct front_lane *fl, int fd, const struct stat *st, uint32_t *ret_slot);

/* swteed does not know that slot any more. */
void front_lane_unbind(struct front_lane *fl, uint32_t slot);

/* Receive the descriptor that follows a reply: its number or a negative errno. */
int front_lane_recv_fd(struct front_lane *fl, bool cloexec);

/* The same for several, close-on-exec: FRONT_MAX_FDS at most. How many. */
int front_lane_recv_fds(struct front_lane *fl, int *fds, struct front_place *places);

/* End the lane; it can be made again. Accepts one that was not made. */
void front_lane_drop(struct front_lane *fl);

/*
 * After a fork, in the child: let go of what is only a copy, without disturbing
 * the parent's.
 */
void front_lane_forget(struct front_lane *fl);

/* True when nobody is at the other end of context @fd any more. */
bool front_context_gone(int fd);

#endif /* CLIENT_FRONT_LANE_H */
