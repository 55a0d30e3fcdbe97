/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Arithmetic that notices overflow
 *
 * check_* store the wrapped result and return true if it did wrap. The size_*
 * family sticks at SIZE_MAX, which every allocator refuses.
 */
#ifndef BASE_KERNEL_LINUX_OVERFLOW_H
#define BASE_KERNEL_LINUX_OVERFLOW_H

#include <linux/compiler.h>
#include <linux/const.h>
#include <linux/limits.h>
#include <linux/stddef.h>
#include <linux/types.h>

static inline bool __must_check overflow_must_check_(bool overflow)
{
	return unlikely(overflow);
}

#ifndef check_add_overflow
#define check_add_overflow(a, b, d) overflow_must_check_(__builtin_add_overflow(a, b, d))
#endif
#ifndef check_sub_overflow
#define check_sub_overflow(a, b, d) overflow_must_check_(__builtin_sub_overflow(a, b, d))
#endif
#ifndef check_mul_overflow
#define check_mul_overflow(a, b, d) overflow_must_check_(__builtin_mul_overflow(a, b, d))
#endif

static inline size_t __must_check size_mul(size_t factor1, size_t factor2)
{
	size_t bytes;

	return __builtin_mul_overflow(factor1, factor2, &bytes) ? SIZE_MAX : bytes;
}

static inline size_t __must_check size_add(size_t addend1, size_t addend2)
{
	size_t bytes;

	return __builtin_add_overflow(addend1, addend2, &bytes) ? SIZE_MAX : bytes;
}

/* An operand that is SIZE_MAX already is an earlier overflow and stays one */
static inline size_t __must_check size_sub(size_t minuend, size_t subtrahend)
{
	size_t bytes;

	if (minuend == SIZE_MAX || subtrahend == SIZE_MAX ||
	    __builtin_sub_overflow(minuend, subtrahend, &bytes))
		return SIZE_MAX;
	return bytes;
}

#ifndef array_size
#define array_size(a, b) size_mul(a, b)
#endif
#ifndef array3_size
#define array3_size(a, b, c) size_mul(size_mul(a, b), c)
#endif
#ifndef flex_array_size
#define flex_array_size(p, member, count) size_mul(count, sizeof(*(p)->member))
#endif
#ifndef struct_size
#define struct_size(p, member, count) size_add(sizeof(*(p)), flex_array_size(p, member, count))
#endif
#ifndef struct_size_t
#define struct_size_t(type, member, count) struct_size((type *)NULL, member, count)
#endif

#endif /* BASE_KERNEL_LINUX_OVERFLOW_H */
