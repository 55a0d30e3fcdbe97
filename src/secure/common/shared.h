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

static inline void shared_copy_in(void *dst, const void *src, size_t size)
{
	memcpy(dst, src, size);
	__asm__ volatile("" : : "r"(dst) : "memory");
}

/* One field, once */
#define SHARED_READ(field) (*(const volatile __typeof__(field) *)&(field))
#define SHARED_WRITE(field, value) (*(volatile __typeof__(field) *)&(field) = (value))

#endif /* SECURE_COMMON_SHARED_H */
