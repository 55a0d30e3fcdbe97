/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Lanes: a call from a thread of one process to a thread of another
 *
 * A lane is a sealed memory file that two processes map. One thread, the caller,
 * puts a request into the data area and posts it; one thread of the other
 * process, the callee, serves it and replies into the same area. Strictly one
 * call at a time: the parties take turns, so the data area belongs to whoever's
 * turn it is. It stays writable for the other one: copy in, check the copy.
 *
 * Waiting is a short adaptive spin, then a futex. A callee that dies in whatever
 * way is noticed by its caller at once (robust futex). A caller that dies is not
 * visible in the lane: the callee's process learns of it by a socket and calls
 * lane_close().
 *
 * Errors: -EPIPE means that the lane is over (closed, or the peer is dead).
 */
#ifndef MACHINE_LANE_H
#define MACHINE_LANE_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct lane;

#define LANE_MAX_DATA (1u << 20)

/*
 * Make a lane with a data area of @data_size bytes, zeroed. @ret_fd is the
 * memory to send to the peer; the caller closes it.
 */
int lane_new(size_t data_size, struct lane **ret_lane, int *ret_fd);

/*
 * Map a lane that the peer made. @fd stays the caller's. -EINVAL unless it is a
 * sealed lane with a data area of at least @data_size bytes.
 */
int lane_attach(int fd, size_t data_size, struct lane **ret_lane);

/* Unmap. Neither party may be inside. Returns NULL; accepts NULL. */
struct lane *lane_free(struct lane *lane);

void *lane_data(struct lane *lane);
size_t lane_data_size(const struct lane *lane);

/* --- caller --- */

/*
 * Post what stands in the data area and wait for the reply. 0 or -EPIPE. A
 * signal handler that runs meanwhile without SA_RESTART sets the interrupt flag
 * for the callee (lane_interrupted()) and the wait goes on: the callee decides.
 */
int lane_call(struct lane *lane);

/* The two halves of lane_call(), for a caller that has something to do between. */
int lane_post(struct lane *lane);
int lane_wait_reply(struct lane *lane);

/*
 * Placement. A wake-up that crosses CPUs costs up to ten times one that does not
 * (an idle CPU has to be woken by an interrupt), so the callee follows the caller
 * to its CPU, and a caller whose thread is not ours stays there for the call.
 *
 * LANE_STAY: the caller's thread is bound to its CPU during lane_call() and gets
 * the affinity that it had before back; for threads that may migrate.
 * LANE_WIDEN: a callee whose previous call took long, and that has not replied
 * after LANE_WIDEN_NS, may run wherever this process's main thread may, until the
 * next call; for lanes over which
 * long computations are called. (Not at every call: arming a timer costs as much
 * as a hop.)
 */
#define LANE_STAY 0x1u
#define LANE_WIDEN 0x2u
#define LANE_WIDEN_NS 1000000

void lane_set_caller_flags(struct lane *lane, unsigned int flags);

/* --- callee --- */

/* This process's callee of @lane runs on the CPU of its caller. */
void lane_set_follow(struct lane *lane);

/*
 * The calling thread becomes the callee, until it ends or disowns: from now on
 * its death ends the lane. One lane a thread. Replaces the thread's robust list,
 * so such a thread must not use robust pthread mutexes.
 */
void lane_own(struct lane *lane);
void lane_disown(struct lane *lane);

/* Wait for the next request. 0 or -EPIPE. */
int lane_wait_request(struct lane *lane);

/* Hand the data area back with the reply in it. */
void lane_reply(struct lane *lane);

/* True when the caller was interrupted by a signal since it posted. */
bool lane_interrupted(struct lane *lane);

/*
 * The word on which a callee that must sleep in the middle of a call parks
 * (futex_wait on it); the caller bumps and wakes it when it is interrupted.
 */
_Atomic uint32_t *lane_park_word(struct lane *lane);

/* --- either process, any thread --- */

/* End the lane: both parties wake with -EPIPE, now or at their next call. */
void lane_close(struct lane *lane);
bool lane_closed(struct lane *lane);

#endif /* MACHINE_LANE_H */
