/* SPDX-License-Identifier: BSD-2-Clause */
#include <linux/bug.h>
#include <linux/mutex.h>
#include <linux/refcount.h>

void refcount_warn_saturate(refcount_t *r, enum refcount_saturation_type t)
{
	refcount_set(r, REFCOUNT_SATURATED);
	switch (t) {
	case REFCOUNT_ADD_NOT_ZERO_OVF:
	case REFCOUNT_ADD_OVF:
		WARN_ONCE(1, "reference count overflowed; its object will never be freed");
		break;
	case REFCOUNT_ADD_UAF:
		WARN_ONCE(1, "reference taken on an object that has none left (use after free)");
		break;
	case REFCOUNT_SUB_UAF:
		WARN_ONCE(1, "more references dropped than were held (use after free)");
		break;
	case REFCOUNT_DEC_LEAK:
		WARN_ONCE(1, "last reference dropped by refcount_dec; its object leaks");
		break;
	}
}

bool refcount_dec_not_one(refcount_t *r)
{
	int old = (int)refcount_read(r);

	do {
		if (old == REFCOUNT_SATURATED)
			return true;
		if (old == 1)
			return false;
		if (old <= 0) {
			refcount_warn_saturate(r, REFCOUNT_SUB_UAF);
			return true;
		}
	} while (!atomic_try_cmpxchg(&r->refs, &old, old - 1));
	return true;
}

bool refcount_dec_and_mutex_lock(refcount_t *r, struct mutex *lock)
{
	if (refcount_dec_not_one(r))
		return false;
	mutex_lock(lock);
	if (refcount_dec_and_test(r))
		return true;
	mutex_unlock(lock);
	return false;
}
