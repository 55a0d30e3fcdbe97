/* SPDX-License-Identifier: BSD-2-Clause */
#include <linux/bug.h>
#include <linux/idr.h>

/* The tree counts from the base, so that a high base does not make it high */
static unsigned long to_index(const struct idr *idr, unsigned long id)
{
	return id - idr->idr_base;
}

static void *visible(void *entry)
{
	return xa_is_zero(entry) ? NULL : entry;
}

int idr_alloc_u32(struct idr *idr, void *ptr, u32 *id, unsigned long max, gfp_t gfp)
{
	unsigned long index, min = *id;
	void *old;
	int err;

	if (WARN_ON_ONCE(xa_is_internal(ptr)))
		return -EINVAL;
	if (min < idr->idr_base)
		min = idr->idr_base;
	if (max < min ||
	    !xa_tree_find_free(&idr->idr_rt, to_index(idr, min), to_index(idr, max), &index))
		return -ENOSPC;
	err = xa_tree_store(&idr->idr_rt, index, ptr ? ptr : XA_ZERO_ENTRY, gfp, &old);
	if (err)
		return err;
	*id = (u32)(index + idr->idr_base);
	return 0;
}

int idr_alloc(struct idr *idr, void *ptr, int start, int end, gfp_t gfp)
{
	u32 id = (u32)start;
	int err;

	if (WARN_ON_ONCE(start < 0))
		return -EINVAL;
	err = idr_alloc_u32(idr, ptr, &id, end > 0 ? (unsigned long)end - 1 : INT_MAX, gfp);
	return err ? err : (int)id;
}

int idr_alloc_cyclic(struct idr *idr, void *ptr, int start, int end, gfp_t gfp)
{
	unsigned long max = end > 0 ? (unsigned long)end - 1 : INT_MAX;
	u32 id = idr->idr_next;
	int err;

	if (WARN_ON_ONCE(start < 0))
		return -EINVAL;
	if (id < (u32)start)
		id = (u32)start;
	err = idr_alloc_u32(idr, ptr, &id, max, gfp);
	if (err == -ENOSPC && id > (u32)start) {
		id = (u32)start;
		err = idr_alloc_u32(idr, ptr, &id, max, gfp);
	}
	if (err)
		return err;
	idr->idr_next = id + 1;
	return (int)id;
}

void *idr_replace(struct idr *idr, void *ptr, unsigned long id)
{
	void *old;

	if (WARN_ON_ONCE(xa_is_internal(ptr)))
		return ERR_PTR(-EINVAL);
	if (id < idr->idr_base || !xa_tree_load(&idr->idr_rt, to_index(idr, id)))
		return ERR_PTR(-ENOENT);
	/* The node is there: this cannot fail */
	WARN_ON(xa_tree_store(&idr->idr_rt, to_index(idr, id), ptr ? ptr : XA_ZERO_ENTRY,
			      GFP_KERNEL, &old));
	return visible(old);
}

void *idr_remove(struct idr *idr, unsigned long id)
{
	void *old = NULL;

	if (id >= idr->idr_base)
		WARN_ON(xa_tree_store(&idr->idr_rt, to_index(idr, id), NULL, GFP_KERNEL, &old));
	return visible(old);
}

void *idr_find(const struct idr *idr, unsigned long id)
{
	if (id < idr->idr_base)
		return NULL;
	return visible(xa_tree_load(&idr->idr_rt, to_index(idr, id)));
}

void *idr_get_next_ul(struct idr *idr, unsigned long *nextid)
{
	unsigned long index = *nextid < idr->idr_base ? 0 : to_index(idr, *nextid);
	void *entry = xa_tree_find(&idr->idr_rt, &index, ULONG_MAX);

	if (entry)
		*nextid = index + idr->idr_base;
	return entry;
}

void *idr_get_next(struct idr *idr, int *nextid)
{
	unsigned long id = (unsigned long)*nextid;
	void *entry = idr_get_next_ul(idr, &id);

	if (!entry || WARN_ON_ONCE(id > INT_MAX))
		return NULL;
	*nextid = (int)id;
	return entry;
}

int idr_for_each(const struct idr *idr, int (*fn)(int id, void *p, void *data), void *data)
{
	unsigned long index = 0;
	void *entry;

	while ((entry = xa_tree_find(&idr->idr_rt, &index, INT_MAX))) {
		int ret = fn((int)(index + idr->idr_base), entry, data);

		if (ret)
			return ret;
		index++;
	}
	return 0;
}

bool idr_is_empty(const struct idr *idr)
{
	return !idr->idr_rt.root;
}

void idr_destroy(struct idr *idr)
{
	xa_tree_destroy(&idr->idr_rt);
}

int ida_alloc_range(struct ida *ida, unsigned int min, unsigned int max, gfp_t gfp)
{
	u32 id;
	int err;

	if ((int)min < 0)
		return -ENOSPC;
	if ((int)max < 0)
		max = INT_MAX;
	err = xa_alloc(&ida->xa, &id, NULL, XA_LIMIT(min, max), gfp);
	if (err)
		return err == -EBUSY ? -ENOSPC : err;
	return (int)id;
}

void ida_free(struct ida *ida, unsigned int id)
{
	guard(spinlock)(&ida->xa.xa_lock);
	if (!WARN(!xa_tree_load(&ida->xa.xa_tree, id), "ida_free of %u, which is not allocated",
		  id))
		(void)__xa_erase(&ida->xa, id);
}

void ida_destroy(struct ida *ida)
{
	xa_destroy(&ida->xa);
}
