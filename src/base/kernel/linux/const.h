/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef BASE_KERNEL_LINUX_CONST_H
#define BASE_KERNEL_LINUX_CONST_H

#include_next <linux/const.h>

#ifndef UL
#define UL(x) (_UL(x))
#endif
#ifndef ULL
#define ULL(x) (_ULL(x))
#endif

#endif /* BASE_KERNEL_LINUX_CONST_H */
