/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * IDs for pointers (idr) and IDs alone (ida)
 *
 * An idr has no lock: the caller keeps everything that touches one apart. An ida
 * locks itself. IDs are 0 to INT_MAX; the lowest free one is given out first.
 */
#ifndef BASE_KERNEL_LINUX_IDR_H
#define BASE_KERNEL_LINUX_IDR_H

#include <linux/gfp.h>
#include <linux/types.h>
#include <linux/xarray.h>

struct idr {
	struct xa_tree idr_rt;
	unsigned int idr_base;
	unsigned int idr_next;
};

#define IDR_INIT_BASE(name, base) { .idr_base = (base) }
#define IDR_INIT(name) IDR_INIT_BASE(name, 0)
#define DEFINE_IDR(name) struct idr name = IDR_INIT(name)

/* @base: no ID below it will be used */
static inline void idr_init_base(struct idr *idr, int base)
{
	*idr = (struct idr){ .idr_base = (unsigned int)base };
}

static inline void idr_init(struct idr *idr)
{
	idr_init_base(idr, 0);
}

/*
 * The lowest free ID in [@start, @end), @end <= 0 meaning no end; -ENOSPC, -ENOMEM. A NULL
 * @ptr reserves the ID: it is not found until idr_replace gave it a pointer.
 */
int idr_alloc(struct idr *idr, void *ptr, int start, int end, gfp_t gfp);
/* From behind the last one given out, then around */
int idr_alloc_cyclic(struct idr *idr, void *ptr, int start, int end, gfp_t gfp);
/* From *@id to @max, both included; 0 and *@id */
int __must_check idr_alloc_u32(struct idr *idr, void *ptr, u32 *id, unsigned long max, gfp_t gfp);

/* The old pointer; ERR_PTR(-ENOENT) if @id is not allocated */
void *idr_replace(struct idr *idr, void *ptr, unsigned long id);
/* What was there; NULL if nothing was */
void *idr_remove(struct idr *idr, unsigned long id);
void *idr_find(const struct idr *idr, unsigned long id);
/* The first pointer at *@nextid or above */
void *idr_get_next(struct idr *idr, int *nextid);
void *idr_get_next_ul(struct idr *idr, unsigned long *nextid);
/* Until @fn returns something else than 0, which is the result. @fn may remove. */
int idr_for_each(const struct idr *idr, int (*fn)(int id, void *p, void *data), void *data);
/* Reserved IDs count */
bool idr_is_empty(const struct idr *idr);
/* Forgets all IDs; what they pointed to is the caller's */
void idr_destroy(struct idr *idr);

static inline void idr_preload(gfp_t gfp)
{
	(void)gfp;
}

static inline void idr_preload_end(void)
{
}

static inline unsigned int idr_get_cursor(const struct idr *idr)
{
	return READ_ONCE(idr->idr_next);
}

static inline void idr_set_cursor(struct idr *idr, unsigned int val)
{
	WRITE_ONCE(idr->idr_next, val);
}

#define idr_for_each_entry(idr, entry, id) \
	for ((id) = 0; ((entry) = idr_get_next(idr, &(id))) != NULL; (id) += 1U)
#define idr_for_each_entry_continue(idr, entry, id) \
	for (; ((entry) = idr_get_next(idr, &(id))) != NULL; (id) += 1U)

struct ida {
	struct xarray xa;
};

#define IDA_INIT_FLAGS XA_FLAGS_ALLOC
#define IDA_INIT(name) { .xa = XARRAY_INIT(name, IDA_INIT_FLAGS) }
#define DEFINE_IDA(name) struct ida name = IDA_INIT(name)
#define ida_init(ida) xa_init_flags(&(ida)->xa, IDA_INIT_FLAGS)

/* @min to @max, both included; -ENOSPC, -ENOMEM */
int ida_alloc_range(struct ida *ida, unsigned int min, unsigned int max, gfp_t gfp);
/* Warns if @id was not allocated */
void ida_free(struct ida *ida, unsigned int id);
void ida_destroy(struct ida *ida);

static inline int ida_alloc(struct ida *ida, gfp_t gfp)
{
	return ida_alloc_range(ida, 0, INT_MAX, gfp);
}

static inline int ida_alloc_min(struct ida *ida, unsigned int min, gfp_t gfp)
{
	return ida_alloc_range(ida, min, INT_MAX, gfp);
}

static inline int ida_alloc_max(struct ida *ida, unsigned int max, gfp_t gfp)
{
	return ida_alloc_range(ida, 0, max, gfp);
}

static inline bool ida_is_empty(const struct ida *ida)
{
	return xa_empty(&ida->xa);
}

#endif /* BASE_KERNEL_LINUX_IDR_H */
