/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Atomic counters
 *
 * Order as in the kernel: what returns a value is a full barrier unless its name
 * says otherwise, what returns none orders nothing. Overflow wraps.
 *
 * <stdatomic.h> has macros called atomic_fetch_add and so on, with their own order
 * of arguments. A unit that includes it gets those; the names in parentheses let
 * both headers be included in either order.
 */
#ifndef BASE_KERNEL_LINUX_ATOMIC_H
#define BASE_KERNEL_LINUX_ATOMIC_H

#include <linux/compiler.h>
#include <linux/types.h>

#include <asm/barrier.h>

#define ATOMIC_FETCH_OP_(pfx, ctype, type, op, suffix, order) \
	static inline type(pfx##_fetch_##op##suffix)(type i, ctype *v) \
	{ \
		return __atomic_fetch_##op(&v->counter, i, order); \
	}

#define ATOMIC_VOID_OP_(pfx, ctype, type, op) \
	static inline void(pfx##_##op)(type i, ctype *v) \
	{ \
		__atomic_fetch_##op(&v->counter, i, __ATOMIC_RELAXED); \
	} \
	ATOMIC_FETCH_OP_(pfx, ctype, type, op, , __ATOMIC_SEQ_CST) \
	ATOMIC_FETCH_OP_(pfx, ctype, type, op, _relaxed, __ATOMIC_RELAXED) \
	ATOMIC_FETCH_OP_(pfx, ctype, type, op, _acquire, __ATOMIC_ACQUIRE) \
	ATOMIC_FETCH_OP_(pfx, ctype, type, op, _release, __ATOMIC_RELEASE)

#define ATOMIC_READ_SET_(pfx, ctype, type) \
	static inline type(pfx##_read)(const ctype *v) \
	{ \
		return __atomic_load_n(&v->counter, __ATOMIC_RELAXED); \
	} \
	static inline type(pfx##_read_acquire)(const ctype *v) \
	{ \
		return __atomic_load_n(&v->counter, __ATOMIC_ACQUIRE); \
	} \
	static inline void(pfx##_set)(ctype *v, type i) \
	{ \
		__atomic_store_n(&v->counter, i, __ATOMIC_RELAXED); \
	} \
	static inline void(pfx##_set_release)(ctype *v, type i) \
	{ \
		__atomic_store_n(&v->counter, i, __ATOMIC_RELEASE); \
	}

#define ATOMIC_ADD_RETURN_(pfx, ctype, type) \
	static inline type(pfx##_add_return)(type i, ctype *v) \
	{ \
		return __atomic_add_fetch(&v->counter, i, __ATOMIC_SEQ_CST); \
	} \
	static inline type(pfx##_sub_return)(type i, ctype *v) \
	{ \
		return __atomic_sub_fetch(&v->counter, i, __ATOMIC_SEQ_CST); \
	} \
	static inline void(pfx##_inc)(ctype *v) \
	{ \
		__atomic_fetch_add(&v->counter, 1, __ATOMIC_RELAXED); \
	} \
	static inline void(pfx##_dec)(ctype *v) \
	{ \
		__atomic_fetch_sub(&v->counter, 1, __ATOMIC_RELAXED); \
	} \
	static inline type(pfx##_inc_return)(ctype *v) \
	{ \
		return __atomic_add_fetch(&v->counter, 1, __ATOMIC_SEQ_CST); \
	} \
	static inline type(pfx##_dec_return)(ctype *v) \
	{ \
		return __atomic_sub_fetch(&v->counter, 1, __ATOMIC_SEQ_CST); \
	} \
	static inline bool(pfx##_inc_and_test)(ctype *v) \
	{ \
		return __atomic_add_fetch(&v->counter, 1, __ATOMIC_SEQ_CST) == 0; \
	} \
	static inline bool(pfx##_dec_and_test)(ctype *v) \
	{ \
		return __atomic_sub_fetch(&v->counter, 1, __ATOMIC_SEQ_CST) == 0; \
	} \
	static inline bool(pfx##_sub_and_test)(type i, ctype *v) \
	{ \
		return __atomic_sub_fetch(&v->counter, i, __ATOMIC_SEQ_CST) == 0; \
	} \
	static inline bool(pfx##_add_negative)(type i, ctype *v) \
	{ \
		return __atomic_add_fetch(&v->counter, i, __ATOMIC_SEQ_CST) < 0; \
	}

/* cmpxchg returns what was there; try_cmpxchg stores that in *@old when it fails */
#define ATOMIC_XCHG_(pfx, ctype, type) \
	static inline type(pfx##_xchg)(ctype *v, type i) \
	{ \
		return __atomic_exchange_n(&v->counter, i, __ATOMIC_SEQ_CST); \
	} \
	static inline bool(pfx##_try_cmpxchg)(ctype *v, type *old, type i) \
	{ \
		return __atomic_compare_exchange_n(&v->counter, old, i, false, __ATOMIC_SEQ_CST, \
						   __ATOMIC_RELAXED); \
	} \
	static inline type(pfx##_cmpxchg)(ctype *v, type old, type i) \
	{ \
		(void)pfx##_try_cmpxchg(v, &old, i); \
		return old; \
	} \
	/* Adds @a unless the value is @u; returns the value that it found */ \
	static inline type(pfx##_fetch_add_unless)(ctype *v, type a, type u) \
	{ \
		type old = pfx##_read(v); \
		type sum; \
		do { \
			if (old == u) \
				break; \
			(void)__builtin_add_overflow(old, a, &sum); \
		} while (!pfx##_try_cmpxchg(v, &old, sum)); \
		return old; \
	} \
	static inline bool(pfx##_add_unless)(ctype *v, type a, type u) \
	{ \
		return pfx##_fetch_add_unless(v, a, u) != u; \
	} \
	static inline bool(pfx##_inc_not_zero)(ctype *v) \
	{ \
		return pfx##_add_unless(v, 1, 0); \
	} \
	/* Subtracts 1 unless that makes it negative; returns the result either way */ \
	static inline type(pfx##_dec_if_positive)(ctype *v) \
	{ \
		type old = pfx##_read(v); \
		while (old > 0 && !pfx##_try_cmpxchg(v, &old, old - 1)) \
			; \
		return old - 1; \
	}

#define ATOMIC_TYPE_(pfx, ctype, type) \
	ATOMIC_READ_SET_(pfx, ctype, type) \
	ATOMIC_VOID_OP_(pfx, ctype, type, add) \
	ATOMIC_VOID_OP_(pfx, ctype, type, sub) \
	ATOMIC_VOID_OP_(pfx, ctype, type, and) \
	ATOMIC_VOID_OP_(pfx, ctype, type, or) \
	ATOMIC_VOID_OP_(pfx, ctype, type, xor) \
	ATOMIC_ADD_RETURN_(pfx, ctype, type) \
	ATOMIC_XCHG_(pfx, ctype, type)

typedef struct {
	long counter;
} atomic_long_t;

#define ATOMIC_LONG_INIT(i) { (i) }

ATOMIC_TYPE_(atomic, atomic_t, int)
ATOMIC_TYPE_(atomic64, atomic64_t, s64)
ATOMIC_TYPE_(atomic_long, atomic_long_t, long)

#ifndef xchg
#define xchg(ptr, v) __atomic_exchange_n((ptr), (v), __ATOMIC_SEQ_CST)
#endif
#ifndef cmpxchg
#define cmpxchg(ptr, o, n) \
	({ \
		__typeof__(*(ptr)) cmpxchg_old_ = (o); \
		(void)__atomic_compare_exchange_n((ptr), &cmpxchg_old_, (n), false, \
						  __ATOMIC_SEQ_CST, __ATOMIC_RELAXED); \
		cmpxchg_old_; \
	})
#endif

#endif /* BASE_KERNEL_LINUX_ATOMIC_H */
