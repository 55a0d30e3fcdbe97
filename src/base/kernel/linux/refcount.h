/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Reference counts that do not wrap
 *
 * A count that overflows, or that is used after it reached zero, warns once a
 * place and sticks at REFCOUNT_SATURATED: the object leaks instead of being freed
 * while someone still holds it.
 */
#ifndef BASE_KERNEL_LINUX_REFCOUNT_H
#define BASE_KERNEL_LINUX_REFCOUNT_H

#include <linux/atomic.h>
#include <linux/compiler.h>
#include <linux/limits.h>
#include <linux/refcount_types.h>

struct mutex;

#define REFCOUNT_INIT(n) { .refs = ATOMIC_INIT(n) }
#define REFCOUNT_MAX INT_MAX
#define REFCOUNT_SATURATED (INT_MIN / 2)

enum refcount_saturation_type {
	REFCOUNT_ADD_NOT_ZERO_OVF,
	REFCOUNT_ADD_OVF,
	REFCOUNT_ADD_UAF,
	REFCOUNT_SUB_UAF,
	REFCOUNT_DEC_LEAK,
};

/* Pins @r at REFCOUNT_SATURATED and warns */
void refcount_warn_saturate(refcount_t *r, enum refcount_saturation_type t);

/*
 * Drops a reference; if it was the last one, returns true with @lock held. Nobody
 * who takes @lock before refcount_inc_not_zero can see the object in between.
 */
bool __must_check refcount_dec_and_mutex_lock(refcount_t *r, struct mutex *lock);

/* Drops a reference unless it is the last one; false if it is */
bool __must_check refcount_dec_not_one(refcount_t *r);

/* 1 to 0; false, and unchanged, for any other count */
static inline bool __must_check refcount_dec_if_one(refcount_t *r)
{
	int one = 1;

	return atomic_try_cmpxchg(&r->refs, &one, 0);
}

static inline void refcount_set(refcount_t *r, int n)
{
	atomic_set(&r->refs, n);
}

static inline unsigned int refcount_read(const refcount_t *r)
{
	return (unsigned int)atomic_read(&r->refs);
}

static inline bool __must_check refcount_add_not_zero(int i, refcount_t *r)
{
	int old = refcount_read(r);
	int sum;

	do {
		if (old == 0)
			return false;
		(void)__builtin_add_overflow(old, i, &sum);
	} while (!atomic_try_cmpxchg(&r->refs, &old, sum));
	if (unlikely(old < 0 || sum < 0))
		refcount_warn_saturate(r, REFCOUNT_ADD_NOT_ZERO_OVF);
	return true;
}

static inline void refcount_add(int i, refcount_t *r)
{
	int old = __atomic_fetch_add(&r->refs.counter, i, __ATOMIC_RELAXED);
	int sum;

	if (unlikely(old == 0))
		refcount_warn_saturate(r, REFCOUNT_ADD_UAF);
	else if (unlikely(old < 0 || __builtin_add_overflow(old, i, &sum)))
		refcount_warn_saturate(r, REFCOUNT_ADD_OVF);
}

static inline bool __must_check refcount_inc_not_zero(refcount_t *r)
{
	return refcount_add_not_zero(1, r);
}

static inline void refcount_inc(refcount_t *r)
{
	refcount_add(1, r);
}

/* True for who dropped the last reference; orders all that went before */
static inline bool __must_check refcount_sub_and_test(int i, refcount_t *r)
{
	int old = __atomic_fetch_sub(&r->refs.counter, i, __ATOMIC_ACQ_REL);

	if (old > 0 && old == i)
		return true;
	if (unlikely(old <= 0 || old < i))
		refcount_warn_saturate(r, REFCOUNT_SUB_UAF);
	return false;
}

static inline bool __must_check refcount_dec_and_test(refcount_t *r)
{
	return refcount_sub_and_test(1, r);
}

/* For a reference that cannot be the last one */
static inline void refcount_dec(refcount_t *r)
{
	if (unlikely(__atomic_fetch_sub(&r->refs.counter, 1, __ATOMIC_RELEASE) <= 1))
		refcount_warn_saturate(r, REFCOUNT_DEC_LEAK);
}

#endif /* BASE_KERNEL_LINUX_REFCOUNT_H */
