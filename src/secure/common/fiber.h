/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Fibers: threads of execution without a CPU of their own
 *
 * A thread of a trusted OS keeps its stack while it waits for the normal world,
 * and goes on wherever the normal world comes back: on any CPU. So it is a stack
 * and saved registers, and the operating system thread that plays the CPU lends
 * itself to it. Going in and out costs a few nanoseconds and no system call.
 *
 * Code on a fiber may find itself on another operating system thread after each
 * suspension: it must not hold a pthread mutex over one, nor look at errno of
 * before.
 */
#ifndef SECURE_COMMON_FIBER_H
#define SECURE_COMMON_FIBER_H

#include <stddef.h>

struct fiber;

/* Stack for code that maps memory, talks to sockets and logs */
#define FIBER_STACK_SIZE ((size_t)64 << 10)

/*
 * A fiber that runs @fn(@data) when it is resumed for the first time. @fn must
 * not return. Below the stack of @stack_size bytes lies a guard page. 0, -ENOMEM.
 */
int fiber_new(void (*fn)(void *data), void *data, size_t stack_size, struct fiber **ret_fiber);

/* Suspended for good: what its stack holds is not released. Accepts NULL. */
struct fiber *fiber_free(struct fiber *fiber);

/* Run it on the calling thread until it suspends. One thread at a time. */
void fiber_resume(struct fiber *fiber);

/* On the fiber itself: go back to who resumed it. */
void fiber_suspend(struct fiber *fiber);

#endif /* SECURE_COMMON_FIBER_H */
