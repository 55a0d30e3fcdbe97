/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Small arithmetic helpers that TA sources use
 *
 * Macros that round take an unsigned value; those with a 2 in the name want a
 * power of two. The _OVERFLOW forms return true when the result does not fit,
 * and the result is then unspecified.
 */
#ifndef UTIL_H
#define UTIL_H

#include <assert.h>
#include <compiler.h>
#include <inttypes.h>
#include <stddef.h>
#include <stdint.h>

#define SIZE_4K UINTPTR_C(0x1000)
#define SIZE_1M UINTPTR_C(0x100000)
#define SIZE_2M UINTPTR_C(0x200000)
#define SIZE_4M UINTPTR_C(0x400000)
#define SIZE_8M UINTPTR_C(0x800000)
#define SIZE_2G UINTPTR_C(0x80000000)

#ifndef UINTPTR_C
#define UINTPTR_C(c) ((uintptr_t)(c))
#endif

#define CONCAT(x, y) _CONCAT(x, y)
#define _CONCAT(x, y) x##y
#define TO_STR(x) _TO_STR(x)
#define _TO_STR(x) #x

#define MAX_UNSAFE(a, b) ((a) > (b) ? (a) : (b))
#define MIN_UNSAFE(a, b) ((a) < (b) ? (a) : (b))

#ifndef MAX
#define MAX(a, b) \
	(__extension__({ \
		__typeof__(a) max_a_ = (a); \
		__typeof__(b) max_b_ = (b); \
		max_a_ > max_b_ ? max_a_ : max_b_; \
	}))
#endif
#ifndef MIN
#define MIN(a, b) \
	(__extension__({ \
		__typeof__(a) min_a_ = (a); \
		__typeof__(b) min_b_ = (b); \
		min_a_ < min_b_ ? min_a_ : min_b_; \
	}))
#endif

#ifndef ARRAY_SIZE
#define ARRAY_SIZE(x) (sizeof(x) / sizeof((x)[0]))
#endif
#define MEMBER_SIZE(type, member) sizeof(((type *)0)->member)

#define ADD_OVERFLOW(a, b, res) __compiler_add_overflow(a, b, res)
#define SUB_OVERFLOW(a, b, res) __compiler_sub_overflow(a, b, res)
#define MUL_OVERFLOW(a, b, res) __compiler_mul_overflow(a, b, res)

#define IS_POWER_OF_TWO(x) ((x) != 0 && ((x) & ((x) - 1)) == 0)
#define IS_ALIGNED(x, a) (((x) & ((a) - 1)) == 0)
#define IS_ALIGNED_WITH_TYPE(x, type) IS_ALIGNED((uintptr_t)(x), __alignof__(type))

#define ROUNDUP(x, y) \
	((((x) + (__typeof__(x))(y) - 1) / (__typeof__(x))(y)) * (__typeof__(x))(y))
#define ROUNDUP2(x, y) (((x) + ((__typeof__(x))(y) - 1)) & ~((__typeof__(x))(y) - 1))
#define ROUNDDOWN(x, y) (((x) / (__typeof__(x))(y)) * (__typeof__(x))(y))
#define ROUNDDOWN2(x, y) ((x) & ~((__typeof__(x))(y) - 1))
#define DIV_ROUND_UP(x, y) (((x) + (y) - 1) / (y))
#define ROUNDUP_DIV(x, y) (ROUNDUP(x, y) / (__typeof__(x))(y))
#define ROUNDUP2_DIV(x, y) \
	(__extension__({ \
		__typeof__(x) roundup_x_ = (x); \
		roundup_x_ / (y) + ((roundup_x_ & ((__typeof__(x))(y) - 1)) ? 1 : 0); \
	}))
#define UDIV_ROUND_NEAREST(x, y) (((x) + (y) / 2) / (y))

#define ROUNDUP_OVERFLOW(x, y, res) \
	(__extension__({ \
		__typeof__(x) roundup_v_ = (x); \
		__typeof__(x) roundup_rest_ = roundup_v_ % (__typeof__(x))(y); \
		ADD_OVERFLOW(roundup_v_, roundup_rest_ ? (__typeof__(x))(y) - roundup_rest_ : 0, \
			     (res)); \
	}))
#define ROUNDUP2_OVERFLOW(x, y, res) ROUNDUP_OVERFLOW(x, y, res)

#ifndef container_of
#define container_of(ptr, type, member) \
	(__extension__({ \
		const __typeof__(((type *)0)->member) *member_ptr_ = (ptr); \
		(type *)((uintptr_t)member_ptr_ - offsetof(type, member)); \
	}))
#endif

#define BIT32(nr) (UINT32_C(1) << (nr))
#define BIT64(nr) (UINT64_C(1) << (nr))
#ifndef BIT
#define BIT(nr) BIT32(nr)
#endif
#define SHIFT_U32(v, shift) ((uint32_t)(v) << (shift))
#define SHIFT_U64(v, shift) ((uint64_t)(v) << (shift))
/* Ones from bit l up to bit h, both included */
#define GENMASK_32(h, l) ((UINT32_MAX << (l)) & (UINT32_MAX >> (31 - (h))))
#define GENMASK_64(h, l) ((UINT64_MAX << (l)) & (UINT64_MAX >> (63 - (h))))

#define CMP_TRILEAN(a, b) \
	(__extension__({ \
		__typeof__(a) cmp_a_ = (a); \
		__typeof__(b) cmp_b_ = (b); \
		(cmp_a_ > cmp_b_) - (cmp_a_ < cmp_b_); \
	}))

static inline uint64_t reg_pair_to_64(uint32_t high, uint32_t low)
{
	return (uint64_t)high << 32 | low;
}

static inline uint32_t high32_from_64(uint64_t val)
{
	return (uint32_t)(val >> 32);
}

static inline uint32_t low32_from_64(uint64_t val)
{
	return (uint32_t)val;
}

static inline void reg_pair_from_64(uint64_t val, uint32_t *high, uint32_t *low)
{
	*high = high32_from_64(val);
	*low = low32_from_64(val);
}

/* The field of @reg that the contiguous ones of @mask select, shifted down */
static inline uint32_t get_field_u32(uint32_t reg, uint32_t mask)
{
	return (reg & mask) / (mask & (~mask + 1));
}

static inline uint64_t get_field_u64(uint64_t reg, uint64_t mask)
{
	return (reg & mask) / (mask & (~mask + 1));
}

/* @reg with that field replaced by @val */
static inline uint32_t set_field_u32(uint32_t reg, uint32_t mask, uint32_t val)
{
	return (reg & ~mask) | ((val * (mask & (~mask + 1))) & mask);
}

static inline uint64_t set_field_u64(uint64_t reg, uint64_t mask, uint64_t val)
{
	return (reg & ~mask) | ((val * (mask & (~mask + 1))) & mask);
}

#endif /* UTIL_H */
