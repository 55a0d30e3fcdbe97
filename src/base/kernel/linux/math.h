/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef BASE_KERNEL_LINUX_MATH_H
#define BASE_KERNEL_LINUX_MATH_H

#include <linux/align.h>
#include <linux/types.h>

/* @y is a power of two; the result of round_up may wrap to 0 */
#ifndef round_up
#define round_up(x, y) ((((x) - 1) | ((__typeof__(x))((y) - 1))) + 1)
#endif
#ifndef round_down
#define round_down(x, y) ((x) & ~((__typeof__(x))((y) - 1)))
#endif
/* Any @y */
#ifndef roundup
#define roundup(x, y) \
	({ \
		__typeof__(y) roundup_y_ = (y); \
		(((x) + (roundup_y_ - 1)) / roundup_y_) * roundup_y_; \
	})
#endif
#ifndef rounddown
#define rounddown(x, y) \
	({ \
		__typeof__(x) rounddown_x_ = (x); \
		rounddown_x_ - (rounddown_x_ % (y)); \
	})
#endif
#ifndef DIV_ROUND_UP
#define DIV_ROUND_UP(n, d) (((n) + (d) - 1) / (d))
#endif
#ifndef DIV_ROUND_UP_ULL
#define DIV_ROUND_UP_ULL(n, d) DIV_ROUND_UP((unsigned long long)(n), (unsigned long long)(d))
#endif

#endif /* BASE_KERNEL_LINUX_MATH_H */
