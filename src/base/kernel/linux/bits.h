/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef BASE_KERNEL_LINUX_BITS_H
#define BASE_KERNEL_LINUX_BITS_H

#include <linux/const.h>
#include <linux/types.h>

#define BITS_PER_BYTE 8
#ifndef BITS_PER_LONG
#define BITS_PER_LONG (__SIZEOF_LONG__ * 8)
#endif
#ifndef BITS_PER_LONG_LONG
#define BITS_PER_LONG_LONG 64
#endif
#define BITS_PER_TYPE(type) (sizeof(type) * BITS_PER_BYTE)

#ifndef BIT
#define BIT(nr) (UL(1) << (nr))
#endif
#ifndef BIT_ULL
#define BIT_ULL(nr) (ULL(1) << (nr))
#endif
#define BIT_MASK(nr) (UL(1) << ((nr) % BITS_PER_LONG))
#define BIT_WORD(nr) ((nr) / BITS_PER_LONG)

/* The bits from @l to @h, both included */
#ifndef GENMASK
#define GENMASK(h, l) ((~UL(0) << (l)) & (~UL(0) >> (BITS_PER_LONG - 1 - (h))))
#endif
#ifndef GENMASK_ULL
#define GENMASK_ULL(h, l) ((~ULL(0) << (l)) & (~ULL(0) >> (BITS_PER_LONG_LONG - 1 - (h))))
#endif

#endif /* BASE_KERNEL_LINUX_BITS_H */
