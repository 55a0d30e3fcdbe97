/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef BASE_KERNEL_LINUX_LOG2_H
#define BASE_KERNEL_LINUX_LOG2_H

#include <linux/bitops.h>
#include <linux/types.h>

/* Rounded down; -1 for 0. Constant if @n is. */
#ifndef ilog2
#define ilog2(n) ((n) ? 63 - __builtin_clzll((unsigned long long)(n) | 1ULL * !(n)) : -1)
#endif

static inline bool is_power_of_2(unsigned long n)
{
	return n && !(n & (n - 1));
}

/* 0 for 0; undefined above the highest power of two, as in the kernel */
static inline unsigned long roundup_pow_of_two(unsigned long n)
{
	return n <= 1 ? n : 1UL << fls_long(n - 1);
}

/* Undefined for 0 */
static inline unsigned long rounddown_pow_of_two(unsigned long n)
{
	return 1UL << (fls_long(n) - 1);
}

static inline int order_base_2(unsigned long n)
{
	return n <= 1 ? 0 : (int)fls_long(n - 1);
}

#endif /* BASE_KERNEL_LINUX_LOG2_H */
