/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Two locks: xa_lock serialises those who change the array and is the caller's to
 * hold, too; the tree's own keeps it whole for lookups, which therefore work with
 * xa_lock held or not. The second is always the inner one.
 */
#include <linux/bug.h>
#include <linux/xarray.h>

static void tree_lock(struct xarray *xa)
{
	BUG_ON(pthread_mutex_lock(&xa->xa_tree_lock) != 0);
}

static void tree_unlock(struct xarray *xa)
{
	BUG_ON(pthread_mutex_unlock(&xa->xa_tree_lock) != 0);
}

void xa_init_tree(struct xarray *xa, gfp_t flags)
{
	xa->xa_flags = flags;
	xa->xa_tree = (struct xa_tree){ NULL };
	xa->xa_tree_lock = (pthread_mutex_t)PTHREAD_MUTEX_INITIALIZER;
}

static void *zero_to_null(void *entry)
{
	return xa_is_zero(entry) ? NULL : entry;
}

static void *null_to_zero(void *entry)
{
	return entry ? entry : XA_ZERO_ENTRY;
}

static bool allocates(const struct xarray *xa)
{
	return (xa->xa_flags & XA_FLAGS_ALLOC) != 0;
}

/* What an old entry or an error looks like to the caller */
static void *result(int err, void *old)
{
	return err ? xa_mk_internal((unsigned long)err) : zero_to_null(old);
}

void *xa_load(struct xarray *xa, unsigned long index)
{
	void *entry;

	tree_lock(xa);
	entry = xa_tree_load(&xa->xa_tree, index);
	tree_unlock(xa);
	return zero_to_null(entry);
}

void *xa_find(struct xarray *xa, unsigned long *index, unsigned long max, xa_mark_t filter)
{
	void *entry;

	if (WARN_ON_ONCE(filter != XA_PRESENT))
		return NULL;
	tree_lock(xa);
	entry = xa_tree_find(&xa->xa_tree, index, max);
	tree_unlock(xa);
	return entry;
}

void *xa_find_after(struct xarray *xa, unsigned long *index, unsigned long max, xa_mark_t filter)
{
	unsigned long next = *index + 1;
	void *entry;

	if (!next)
		return NULL;
	entry = xa_find(xa, &next, max, filter);
	if (entry)
		*index = next;
	return entry;
}

void *__xa_store(struct xarray *xa, unsigned long index, void *entry, gfp_t gfp)
{
	void *old = NULL;
	int err;

	if (WARN_ON_ONCE(xa_is_internal(entry)))
		return xa_mk_internal((unsigned long)-EINVAL);
	if (allocates(xa))
		entry = null_to_zero(entry);
	tree_lock(xa);
	err = xa_tree_store(&xa->xa_tree, index, entry, gfp, &old);
	tree_unlock(xa);
	return result(err, old);
}

void *__xa_erase(struct xarray *xa, unsigned long index)
{
	void *old = NULL;
	int err;

	tree_lock(xa);
	err = xa_tree_store(&xa->xa_tree, index, NULL, 0, &old);
	tree_unlock(xa);
	return result(err, old);
}

void *__xa_cmpxchg(struct xarray *xa, unsigned long index, void *old, void *entry, gfp_t gfp)
{
	void *found;
	int err = 0;

	if (WARN_ON_ONCE(xa_is_internal(entry)))
		return xa_mk_internal((unsigned long)-EINVAL);
	tree_lock(xa);
	found = xa_tree_load(&xa->xa_tree, index);
	if (found == old)
		err = xa_tree_store(&xa->xa_tree, index, entry, gfp, &found);
	tree_unlock(xa);
	return result(err, found);
}

int __xa_insert(struct xarray *xa, unsigned long index, void *entry, gfp_t gfp)
{
	void *old = NULL;
	int err = -EBUSY;

	if (WARN_ON_ONCE(xa_is_internal(entry)))
		return -EINVAL;
	tree_lock(xa);
	if (!xa_tree_load(&xa->xa_tree, index))
		err = xa_tree_store(&xa->xa_tree, index, null_to_zero(entry), gfp, &old);
	tree_unlock(xa);
	return err;
}

int __xa_alloc(struct xarray *xa, u32 *id, void *entry, struct xa_limit limit, gfp_t gfp)
{
	unsigned long index, min = limit.min;
	void *old = NULL;
	int err = -EBUSY;

	if (WARN_ON_ONCE(xa_is_internal(entry)) || WARN_ON_ONCE(!allocates(xa)))
		return -EINVAL;
	if ((xa->xa_flags & XA_FLAGS_ALLOC1) == XA_FLAGS_ALLOC1 && !min)
		min = 1;
	tree_lock(xa);
	if (xa_tree_find_free(&xa->xa_tree, min, limit.max, &index))
		err = xa_tree_store(&xa->xa_tree, index, null_to_zero(entry), gfp, &old);
	tree_unlock(xa);
	if (!err)
		*id = (u32)index;
	return err;
}

int __xa_alloc_cyclic(struct xarray *xa, u32 *id, void *entry, struct xa_limit limit, u32 *next,
		      gfp_t gfp)
{
	struct xa_limit ahead = limit;
	int err;

	if (*next > limit.min)
		ahead.min = *next;
	err = __xa_alloc(xa, id, entry, ahead, gfp);
	if (!err && (xa->xa_flags & XA_FLAGS_ALLOC_WRAPPED)) {
		xa->xa_flags &= ~XA_FLAGS_ALLOC_WRAPPED;
		err = 1;
	}
	if (err == -EBUSY && ahead.min > limit.min) {
		err = __xa_alloc(xa, id, entry, limit, gfp);
		if (!err)
			err = 1;
	}
	if (err >= 0) {
		*next = *id + 1;
		if (!*next)
			xa->xa_flags |= XA_FLAGS_ALLOC_WRAPPED;
	}
	return err;
}

void *xa_store(struct xarray *xa, unsigned long index, void *entry, gfp_t gfp)
{
	guard(spinlock)(&xa->xa_lock);
	return __xa_store(xa, index, entry, gfp);
}

void *xa_erase(struct xarray *xa, unsigned long index)
{
	guard(spinlock)(&xa->xa_lock);
	return __xa_erase(xa, index);
}

void *xa_cmpxchg(struct xarray *xa, unsigned long index, void *old, void *entry, gfp_t gfp)
{
	guard(spinlock)(&xa->xa_lock);
	return __xa_cmpxchg(xa, index, old, entry, gfp);
}

int xa_insert(struct xarray *xa, unsigned long index, void *entry, gfp_t gfp)
{
	guard(spinlock)(&xa->xa_lock);
	return __xa_insert(xa, index, entry, gfp);
}

int xa_reserve(struct xarray *xa, unsigned long index, gfp_t gfp)
{
	int err = xa_insert(xa, index, NULL, gfp);

	return err == -EBUSY ? 0 : err;
}

void xa_release(struct xarray *xa, unsigned long index)
{
	(void)xa_cmpxchg(xa, index, XA_ZERO_ENTRY, NULL, 0);
}

int xa_alloc(struct xarray *xa, u32 *id, void *entry, struct xa_limit limit, gfp_t gfp)
{
	guard(spinlock)(&xa->xa_lock);
	return __xa_alloc(xa, id, entry, limit, gfp);
}

int xa_alloc_cyclic(struct xarray *xa, u32 *id, void *entry, struct xa_limit limit, u32 *next,
		    gfp_t gfp)
{
	guard(spinlock)(&xa->xa_lock);
	return __xa_alloc_cyclic(xa, id, entry, limit, next, gfp);
}

void xa_destroy(struct xarray *xa)
{
	guard(spinlock)(&xa->xa_lock);
	tree_lock(xa);
	xa_tree_destroy(&xa->xa_tree);
	tree_unlock(xa);
}
