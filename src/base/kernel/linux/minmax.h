/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * min, max, clamp
 *
 * Each argument is evaluated once. Operands of different signedness do not
 * compile unless one is a constant or narrower than int; say min_t then.
 */
#ifndef BASE_KERNEL_LINUX_MINMAX_H
#define BASE_KERNEL_LINUX_MINMAX_H

#include <linux/build_bug.h>
#include <linux/compiler.h>

#define MINMAX_SIGNED_(x) _Generic((x) + 0, int: 1, long: 1, long long: 1, default: 0)
#define MINMAX_NARROW_(x) \
	_Generic((x), _Bool: 1, unsigned char: 1, unsigned short: 1, default: 0)
#define MINMAX_CHECK_(x, y) \
	_Static_assert(MINMAX_SIGNED_(x) == MINMAX_SIGNED_(y) || MINMAX_NARROW_(x) || \
			       MINMAX_NARROW_(y) || __builtin_constant_p(x) || \
			       __builtin_constant_p(y), \
		       "the operands of min or max differ in sign: use min_t or max_t")

#define MINMAX_TYPED_(type, x, op, y) \
	({ \
		type minmax_x_ = (x); \
		type minmax_y_ = (y); \
		minmax_x_ op minmax_y_ ? minmax_x_ : minmax_y_; \
	})
#define MINMAX_(x, op, y) \
	({ \
		MINMAX_CHECK_(x, y); \
		MINMAX_TYPED_(__typeof__(1 ? (x) : (y)), x, op, y); \
	})

#ifndef min
#define min(x, y) MINMAX_(x, <, y)
#endif
#ifndef max
#define max(x, y) MINMAX_(x, >, y)
#endif
#ifndef min_t
#define min_t(type, x, y) MINMAX_TYPED_(type, x, <, y)
#endif
#ifndef max_t
#define max_t(type, x, y) MINMAX_TYPED_(type, x, >, y)
#endif
#ifndef min3
#define min3(x, y, z) min(min(x, y), z)
#endif
#ifndef max3
#define max3(x, y, z) max(max(x, y), z)
#endif
/* For operands that are known not to be negative, whatever their type */
#ifndef umin
#define umin(x, y) min_t(unsigned long long, x, y)
#endif
#ifndef umax
#define umax(x, y) max_t(unsigned long long, x, y)
#endif
#ifndef min_not_zero
#define min_not_zero(x, y) \
	({ \
		__typeof__(x) nz_x_ = (x); \
		__typeof__(y) nz_y_ = (y); \
		nz_x_ == 0 ? nz_y_ : (nz_y_ == 0 ? nz_x_ : min(nz_x_, nz_y_)); \
	})
#endif
#ifndef clamp
#define clamp(val, lo, hi) min(max(val, lo), hi)
#endif
#ifndef clamp_t
#define clamp_t(type, val, lo, hi) min_t(type, max_t(type, val, lo), hi)
#endif
#ifndef clamp_val
#define clamp_val(val, lo, hi) clamp_t(__typeof__(val), val, lo, hi)
#endif
#ifndef swap
#define swap(a, b) \
	do { \
		__typeof__(a) swap_tmp_ = (a); \
		(a) = (b); \
		(b) = swap_tmp_; \
	} while (0)
#endif

/* Constants only: usable in a declaration, evaluated twice */
#ifndef MIN
#define MIN(a, b) ((a) < (b) ? (a) : (b))
#endif
#ifndef MAX
#define MAX(a, b) ((a) > (b) ? (a) : (b))
#endif

#endif /* BASE_KERNEL_LINUX_MINMAX_H */
