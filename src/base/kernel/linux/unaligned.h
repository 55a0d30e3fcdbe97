/* SPDX-License-Identifier: BSD-2-Clause */
/* Integers at any address, in a given byte order */
#ifndef BASE_KERNEL_LINUX_UNALIGNED_H
#define BASE_KERNEL_LINUX_UNALIGNED_H

#include <linux/types.h>

#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
#define UNALIGNED_LE_(bits, v) (v)
#define UNALIGNED_BE_(bits, v) __builtin_bswap##bits(v)
#else
#define UNALIGNED_LE_(bits, v) __builtin_bswap##bits(v)
#define UNALIGNED_BE_(bits, v) (v)
#endif

#define UNALIGNED_ACCESS_(bits, order, ORDER) \
	static inline u##bits get_unaligned_##order##bits(const void *p) \
	{ \
		u##bits v; \
		__builtin_memcpy(&v, p, sizeof(v)); \
		return UNALIGNED_##ORDER##_(bits, v); \
	} \
	static inline void put_unaligned_##order##bits(u##bits val, void *p) \
	{ \
		u##bits v = UNALIGNED_##ORDER##_(bits, val); \
		__builtin_memcpy(p, &v, sizeof(v)); \
	}

UNALIGNED_ACCESS_(16, le, LE)
UNALIGNED_ACCESS_(32, le, LE)
UNALIGNED_ACCESS_(64, le, LE)
UNALIGNED_ACCESS_(16, be, BE)
UNALIGNED_ACCESS_(32, be, BE)
UNALIGNED_ACCESS_(64, be, BE)

#define get_unaligned(ptr) \
	({ \
		__typeof__(*(ptr)) unaligned_v_; \
		__builtin_memcpy(&unaligned_v_, (ptr), sizeof(unaligned_v_)); \
		unaligned_v_; \
	})
#define put_unaligned(val, ptr) \
	do { \
		__typeof__(*(ptr)) unaligned_v_ = (val); \
		__builtin_memcpy((ptr), &unaligned_v_, sizeof(unaligned_v_)); \
	} while (0)

#endif /* BASE_KERNEL_LINUX_UNALIGNED_H */
