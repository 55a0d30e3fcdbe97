/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The process and the thread that lanes belong to. Private to src/client/front.
 */
#ifndef CLIENT_FRONT_THREAD_H
#define CLIENT_FRONT_THREAD_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/stat.h>

#include "client/front/front_lane.h"

/* For a call, and the signal handlers that may interrupt it and each other */
#define FRONT_LANES_PER_THREAD 3

struct front_thread {
	uint32_t generation;	/* of the process; 0: nothing set up */
	uintptr_t stack_lo;	/* this thread's stack; equal if unknown */
	uintptr_t stack_hi;
	struct front_lane lane[FRONT_LANES_PER_THREAD];
};

/*
 * The calling thread, set up in this process: what it had before a fork is
 * forgotten. Cheap when there is nothing to do. 0 or a negative errno.
 */
int front_thread_get(struct front_thread **ret_thread);

/*
 * A lane that no call of this thread uses, for the call that has @mark in its
 * frame. A call that was left by longjmp() loses its lane here, as far as it can
 * be told. NULL when all are in use. Give it back by front_thread_release().
 */
struct front_lane *front_thread_acquire(struct front_thread *thread, volatile uint64_t *mark);
void front_thread_release(struct front_lane *fl);

/* The lane sockets of this process, for a child to close. @ino: of the socket. */
void front_socket_add(int fd, ino_t ino);
void front_socket_remove(ino_t ino);

/* Close @fd if it is still that socket. */
void front_socket_close(int fd, ino_t ino);

/*
 * Let @pid read this process' memory where Yama would forbid it. Only the first
 * call of a process has an effect; front_tracer_allowed() tells of it.
 */
void front_allow_tracer(int pid);
bool front_tracer_allowed(void);

/*
 * A lock word of this process, 0 in a new one, a forked child included. NULL: no
 * memory.
 */
_Atomic uint32_t *front_pages_lock_word(void);

/* fstat(2) without detours. 0 or a negative errno; errno is left alone. */
int front_fstat(int fd, struct stat *st);

#endif /* CLIENT_FRONT_THREAD_H */
