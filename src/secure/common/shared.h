/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Reading memory that somebody else writes
 *
 * What was read once must not be read again behind our back: the compiler is told
 * that the copy is used by something it does not know.
 */
#ifndef SECURE_COMMON_SHARED_H
#define SECURE_COMMON_SHARED_H

#include <stddef.h>
#include <string.h>

#ifndef __has_feature
#define __has_feature(x) 0
#endif
#if defined(__SANITIZE_THREAD__) || __has_feature(thread_sanitizer)
#include <sanitizer/tsan_interface.h>
#endif

static inline void shared_copy_in(void *dst, const void *src, size_t size)
{
	memcpy(dst, src, size);
	__asm__ volatile("" : : "r"(dst) : "memory");
}

/*
 * Between the two the memory at @p is ours by the rules of the other side, who may
 * have had it used by another thread of ours before. A sanitizer cannot see what
 * orders them, because it happens in another process.
 */
static inline void shared_enter(void *p)
{
#if defined(__SANITIZE_THREAD__) || __has_feature(thread_sanitizer)
	__tsan_acquire(p);
#endif
}

static inline void shared_leave(void *p)
{
#if defined(__SANITIZE_THREAD__) || __has_feature(thread_sanitizer)
	__tsan_release(p);
#endif
}

/* One field, once */
#define SHARED_READ(field) (*(const volatile __typeof__(field) *)&(field))
#define SHARED_WRITE(field, value) (*(volatile __typeof__(field) *)&(field) = (value))

#endif /* SECURE_COMMON_SHARED_H */
