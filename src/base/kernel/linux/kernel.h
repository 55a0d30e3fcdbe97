/* SPDX-License-Identifier: BSD-2-Clause */
/* What every kernel file has without asking */
#ifndef BASE_KERNEL_LINUX_KERNEL_H
#define BASE_KERNEL_LINUX_KERNEL_H

#include_next <linux/kernel.h>

#include <linux/align.h>
#include <linux/array_size.h>
#include <linux/bitops.h>
#include <linux/bug.h>
#include <linux/build_bug.h>
#include <linux/compiler.h>
#include <linux/container_of.h>
#include <linux/limits.h>
#include <linux/log2.h>
#include <linux/math.h>
#include <linux/minmax.h>
#include <linux/printk.h>
#include <linux/sprintf.h>
#include <linux/stddef.h>
#include <linux/typecheck.h>
#include <linux/types.h>

#ifndef upper_32_bits
#define upper_32_bits(n) ((u32)(((n) >> 16) >> 16))
#endif
#ifndef lower_32_bits
#define lower_32_bits(n) ((u32)((n) & 0xffffffff))
#endif
#ifndef upper_16_bits
#define upper_16_bits(n) ((u16)((n) >> 16))
#endif
#ifndef lower_16_bits
#define lower_16_bits(n) ((u16)((n) & 0xffff))
#endif

#ifndef u64_to_user_ptr
#define u64_to_user_ptr(x) ((void __user *)(uintptr_t)(u64)(x))
#endif

#ifndef might_sleep
#define might_sleep() ((void)0)
#endif

#endif /* BASE_KERNEL_LINUX_KERNEL_H */
