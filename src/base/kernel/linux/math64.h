/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef BASE_KERNEL_LINUX_MATH64_H
#define BASE_KERNEL_LINUX_MATH64_H

#include <linux/math.h>
#include <linux/types.h>

static inline u64 div_u64_rem(u64 dividend, u32 divisor, u32 *remainder)
{
	*remainder = (u32)(dividend % divisor);
	return dividend / divisor;
}

static inline u64 div_u64(u64 dividend, u32 divisor)
{
	return dividend / divisor;
}

static inline u64 div64_u64(u64 dividend, u64 divisor)
{
	return dividend / divisor;
}

static inline s64 div_s64(s64 dividend, s32 divisor)
{
	return dividend / divisor;
}

static inline u64 mul_u32_u32(u32 a, u32 b)
{
	return (u64)a * b;
}

/* Divides @n in place; its value is the remainder */
#ifndef do_div
#define do_div(n, base) \
	({ \
		u32 do_div_base_ = (base); \
		u32 do_div_rem_ = (u32)((u64)(n) % do_div_base_); \
		(n) = (u64)(n) / do_div_base_; \
		do_div_rem_; \
	})
#endif

#endif /* BASE_KERNEL_LINUX_MATH64_H */
