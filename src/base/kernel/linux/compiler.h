/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Compiler helpers
 *
 * READ_ONCE and WRITE_ONCE are relaxed atomics, so that ThreadSanitizer takes a
 * pair of them for what it is; they do not order anything else. Scalars and
 * pointers only, as in the kernel.
 */
#ifndef BASE_KERNEL_LINUX_COMPILER_H
#define BASE_KERNEL_LINUX_COMPILER_H

#include <linux/compiler_types.h>

#ifndef likely
#define likely(x) __builtin_expect(!!(x), 1)
#endif
#ifndef unlikely
#define unlikely(x) __builtin_expect(!!(x), 0)
#endif
#ifndef barrier
#define barrier() __asm__ __volatile__("" : : : "memory")
#endif
#ifndef unreachable
#define unreachable() __builtin_unreachable()
#endif
#ifndef __same_type
#define __same_type(a, b) __builtin_types_compatible_p(__typeof__(a), __typeof__(b))
#endif
#ifndef READ_ONCE
#define READ_ONCE(x) __atomic_load_n(&(x), __ATOMIC_RELAXED)
#endif
#ifndef WRITE_ONCE
#define WRITE_ONCE(x, val) __atomic_store_n(&(x), (val), __ATOMIC_RELAXED)
#endif
#ifndef data_race
#define data_race(expr) (expr)
#endif
#ifndef OPTIMIZER_HIDE_VAR
#define OPTIMIZER_HIDE_VAR(var) __asm__("" : "=r"(var) : "0"(var))
#endif

#endif /* BASE_KERNEL_LINUX_COMPILER_H */
