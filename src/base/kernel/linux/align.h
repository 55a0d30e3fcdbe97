/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef BASE_KERNEL_LINUX_ALIGN_H
#define BASE_KERNEL_LINUX_ALIGN_H

#include <linux/const.h>

/* @a is a power of two */
#ifndef ALIGN
#define ALIGN(x, a) __ALIGN_KERNEL((x), (a))
#endif
#ifndef ALIGN_DOWN
#define ALIGN_DOWN(x, a) ((x) & ~((__typeof__(x))(a) - 1))
#endif
#ifndef IS_ALIGNED
#define IS_ALIGNED(x, a) (((x) & ((__typeof__(x))(a) - 1)) == 0)
#endif
#ifndef PTR_ALIGN
#define PTR_ALIGN(p, a) ((__typeof__(p))ALIGN((unsigned long)(p), (a)))
#endif

#endif /* BASE_KERNEL_LINUX_ALIGN_H */
