/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What the wire headers share: fixed-width types that exist both in user space
 * and in a kernel build, and an assertion that works in C and in C++.
 */
#ifndef ABI_ABI_H
#define ABI_ABI_H

#include <linux/types.h>

#ifdef __KERNEL__
#include <linux/stddef.h>
#else
#include <stddef.h>
#endif

#ifdef __cplusplus
#define ABI_ASSERT(cond, msg) static_assert(cond, msg)
#else
#define ABI_ASSERT(cond, msg) _Static_assert(cond, msg)
#endif

/* A wire struct has exactly this size; the message names the table it is from. */
#define ABI_SIZE(type, size, where) ABI_ASSERT(sizeof(type) == (size), where)
#define ABI_OFFSET(type, field, off, where) \
	ABI_ASSERT(offsetof(type, field) == (off), where)

#endif /* ABI_ABI_H */
