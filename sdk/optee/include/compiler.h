/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Short names for compiler attributes and builtins that TA sources use
 *
 * Every name that another header may also define is guarded, so that the file
 * can stand beside the C library's headers in any order.
 */
#ifndef COMPILER_H
#define COMPILER_H

#ifndef __has_attribute
#define __has_attribute(x) 0
#endif

#ifndef __packed
#define __packed __attribute__((packed))
#endif
#ifndef __unused
#define __unused __attribute__((unused))
#endif
#ifndef __maybe_unused
#define __maybe_unused __attribute__((unused))
#endif
#ifndef __used
#define __used __attribute__((used))
#endif
#ifndef __noreturn
#define __noreturn __attribute__((noreturn))
#endif
#ifndef __weak
#define __weak __attribute__((weak))
#endif
#ifndef __pure
#define __pure __attribute__((pure))
#endif
#ifndef __aligned
#define __aligned(x) __attribute__((aligned(x)))
#endif
#ifndef __printf
#define __printf(fmt, args) __attribute__((format(printf, fmt, args)))
#endif
#ifndef __noinline
#define __noinline __attribute__((noinline))
#endif
#ifndef __must_check
#define __must_check __attribute__((warn_unused_result))
#endif
#ifndef __deprecated
#define __deprecated __attribute__((deprecated))
#endif
#ifndef __cold
#define __cold __attribute__((cold))
#endif
#ifndef __section
#define __section(name) __attribute__((section(name)))
#endif
#ifndef __alias
#define __alias(name) __attribute__((alias(name)))
#endif
#ifndef __attr_const
#define __attr_const __attribute__((const))
#endif
#define __noprof __attribute__((no_instrument_function))
#define __nostackcheck __attribute__((no_instrument_function))

#if __has_attribute(no_stack_protector)
#define __no_stack_protector __attribute__((no_stack_protector))
#else
#define __no_stack_protector
#endif

#if __has_attribute(no_sanitize_address)
#define __no_asan __attribute__((no_sanitize_address))
#else
#define __no_asan
#endif

/* Not in C++, where the word stands inside [[...]] of the standard library. */
#ifndef __cplusplus
#ifndef fallthrough
#if __has_attribute(fallthrough)
#define fallthrough __attribute__((fallthrough))
#else
#define fallthrough do { } while (0)
#endif
#endif
#endif

#define barrier() __asm__ volatile("" : : : "memory")

#define __compiler_bswap64(x) __builtin_bswap64(x)
#define __compiler_bswap32(x) __builtin_bswap32(x)
#define __compiler_bswap16(x) __builtin_bswap16(x)

#define __compiler_add_overflow(a, b, res) __builtin_add_overflow(a, b, res)
#define __compiler_sub_overflow(a, b, res) __builtin_sub_overflow(a, b, res)
#define __compiler_mul_overflow(a, b, res) __builtin_mul_overflow(a, b, res)

#define __compiler_compare_and_swap(p, oval, nval) \
	__atomic_compare_exchange_n(p, oval, nval, true, __ATOMIC_ACQUIRE, __ATOMIC_RELAXED)
#define __compiler_atomic_load(p) __atomic_load_n(p, __ATOMIC_RELAXED)
#define __compiler_atomic_store(p, val) __atomic_store_n(p, val, __ATOMIC_RELAXED)

#endif /* COMPILER_H */
