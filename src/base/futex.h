/* SPDX-License-Identifier: BSD-2-Clause */
/* Futexes on memory that processes share. Thin: return 0 or negative errno. */
#ifndef BASE_FUTEX_H
#define BASE_FUTEX_H

#include <stdatomic.h>
#include <stdint.h>

/*
 * Sleep while *word == value. 0 when woken, -EAGAIN when the value differed,
 * -EINTR when a signal handler without SA_RESTART ran. @timeout_ns < 0: none.
 * With a timeout: -ETIMEDOUT, and any signal handler gives -EINTR.
 */
int futex_wait(_Atomic uint32_t *word, uint32_t value, int64_t timeout_ns);

/* Wake up to @n waiters; returns how many. */
int futex_wake(_Atomic uint32_t *word, int n);

#endif /* BASE_FUTEX_H */
