/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * libc's <limits.h> includes this file in its middle, and the compiler's own
 * <limits.h> redefines INT_MAX and its like after an #undef: hence the guards.
 */
#ifndef BASE_KERNEL_LINUX_LIMITS_H
#define BASE_KERNEL_LINUX_LIMITS_H

#include_next <linux/limits.h>

#include <stdint.h>

#ifndef USHRT_MAX
#define USHRT_MAX (__SHRT_MAX__ * 2 + 1)
#endif
#ifndef INT_MAX
#define INT_MAX __INT_MAX__
#endif
#ifndef INT_MIN
#define INT_MIN (-INT_MAX - 1)
#endif
#ifndef UINT_MAX
#define UINT_MAX (INT_MAX * 2U + 1U)
#endif
#ifndef LONG_MAX
#define LONG_MAX __LONG_MAX__
#endif
#ifndef LONG_MIN
#define LONG_MIN (-LONG_MAX - 1L)
#endif
#ifndef ULONG_MAX
#define ULONG_MAX (LONG_MAX * 2UL + 1UL)
#endif
#ifndef SSIZE_MAX
#define SSIZE_MAX LONG_MAX
#endif

#define U8_MAX ((__u8)~0U)
#define S8_MAX ((__s8)(U8_MAX >> 1))
#define U16_MAX ((__u16)~0U)
#define S16_MAX ((__s16)(U16_MAX >> 1))
#define U32_MAX ((__u32)~0U)
#define S32_MAX ((__s32)(U32_MAX >> 1))
#define S32_MIN ((__s32)(-S32_MAX - 1))
#define U64_MAX ((__u64)~0ULL)
#define S64_MAX ((__s64)(U64_MAX >> 1))
#define S64_MIN ((__s64)(-S64_MAX - 1))
#define PHYS_ADDR_MAX (~(phys_addr_t)0)

#endif /* BASE_KERNEL_LINUX_LIMITS_H */
