/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The event loop: one thread that watches descriptors and calls back
 *
 * Sources may be added and removed by any thread. A callback runs in the loop's
 * thread with the loop locked, so after loop_remove() has returned in another
 * thread the callback neither runs nor will run. Callbacks do not block.
 */
#ifndef BASE_LOOP_H
#define BASE_LOOP_H

#include <stdbool.h>
#include <stdint.h>

struct loop;

/* Names a source; 0 is none. Never reused. */
typedef uint64_t loop_id;

/* @events as EPOLLIN, EPOLLHUP, ... */
typedef void (*loop_fn)(void *data, uint32_t events);

int loop_new(struct loop **ret_loop);
struct loop *loop_free(struct loop *loop);

/*
 * Watch @fd (which stays the caller's, and open until removal) for @events;
 * hang-up and error are always reported. -ENOMEM or the errno of epoll.
 */
int loop_add(struct loop *loop, int fd, uint32_t events, loop_fn fn, void *data,
	     loop_id *ret_id);

/* From any thread, from callbacks too. 0 and unknown ids are ignored. */
void loop_remove(struct loop *loop, loop_id id);

/* Dispatch until loop_stop(). */
void loop_run(struct loop *loop);

/* From a callback: loop_run() returns after it. */
void loop_stop(struct loop *loop);

/*
 * Dispatch once, waiting at most @timeout_ms (-1: for ever). For the time when
 * loop_run() has returned.
 */
void loop_step(struct loop *loop, int timeout_ms);

#endif /* BASE_LOOP_H */
