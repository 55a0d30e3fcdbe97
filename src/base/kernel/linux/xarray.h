/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * XArray: pointers by unsigned long index
 *
 * A radix tree, 64 slots a node. Every node knows which of its slots hold
 * something and which are full to the last index, so that a lookup, the next
 * entry and the lowest free index all cost one walk down and up.
 *
 * Threads: as in the kernel, everything without leading underscores may be called by
 * any thread at any time; what changes the array takes xa_lock, and the
 * __ forms expect the caller to hold it. Lookups do not take xa_lock (a lock of
 * their own keeps the tree whole) and may be called with it held: hold it to take a
 * reference on what a lookup found.
 *
 * An index can be reserved: occupied for allocation, invisible to every lookup.
 * Of the kernel's XArray there are no marks, no multi-index entries, no xas_*.
 */
#ifndef BASE_KERNEL_LINUX_XARRAY_H
#define BASE_KERNEL_LINUX_XARRAY_H

#include <pthread.h>

#include <linux/bug.h>
#include <linux/compiler.h>
#include <linux/err.h>
#include <linux/gfp.h>
#include <linux/limits.h>
#include <linux/spinlock.h>
#include <linux/types.h>

struct xa_node;

/* The bare tree without any lock; idr is made of it as well */
struct xa_tree {
	struct xa_node *root;
};

struct xarray {
	spinlock_t xa_lock;
	gfp_t xa_flags;
	pthread_mutex_t xa_tree_lock;
	struct xa_tree xa_tree;
};

struct xa_limit {
	u32 max;
	u32 min;
};

typedef unsigned int xa_mark_t;
#define XA_PRESENT ((xa_mark_t)8)

/* xa_alloc is allowed; with ALLOC1 it never gives index 0 */
#define XA_FLAGS_ALLOC ((gfp_t)1)
#define XA_FLAGS_ALLOC1 ((gfp_t)3)
#define XA_FLAGS_LOCK_IRQ ((gfp_t)4)
#define XA_FLAGS_LOCK_BH ((gfp_t)8)
/* Ours: the cursor of xa_alloc_cyclic has passed UINT_MAX */
#define XA_FLAGS_ALLOC_WRAPPED ((gfp_t)16)

#define XA_LIMIT(_min, _max) ((struct xa_limit){ .min = (_min), .max = (_max) })
#define xa_limit_32b XA_LIMIT(0, UINT_MAX)
#define xa_limit_31b XA_LIMIT(0, INT_MAX)
#define xa_limit_16b XA_LIMIT(0, USHRT_MAX)

#define XARRAY_INIT(name, flags) \
	{ \
		.xa_lock = { .mutex = __MUTEX_INITIALIZER(name) }, \
		.xa_flags = (flags), \
		.xa_tree_lock = PTHREAD_MUTEX_INITIALIZER, \
	}
#define DEFINE_XARRAY_FLAGS(name, flags) struct xarray name = XARRAY_INIT(name, flags)
#define DEFINE_XARRAY(name) DEFINE_XARRAY_FLAGS(name, 0)
#define DEFINE_XARRAY_ALLOC(name) DEFINE_XARRAY_FLAGS(name, XA_FLAGS_ALLOC)
#define DEFINE_XARRAY_ALLOC1(name) DEFINE_XARRAY_FLAGS(name, XA_FLAGS_ALLOC1)

/* A macro, so that the lock gets the place of the caller as its class */
#define xa_init_flags(xa, flags) \
	do { \
		struct xarray *xa_init_ = (xa); \
		spin_lock_init(&xa_init_->xa_lock); \
		xa_init_tree(xa_init_, flags); \
	} while (0)
#define xa_init(xa) xa_init_flags(xa, 0)
void xa_init_tree(struct xarray *xa, gfp_t flags);

#define xa_trylock(xa) spin_trylock(&(xa)->xa_lock)
#define xa_lock(xa) spin_lock(&(xa)->xa_lock)
#define xa_unlock(xa) spin_unlock(&(xa)->xa_lock)
#define xa_lock_bh(xa) xa_lock(xa)
#define xa_unlock_bh(xa) xa_unlock(xa)
#define xa_lock_irq(xa) xa_lock(xa)
#define xa_unlock_irq(xa) xa_unlock(xa)
#define xa_lock_irqsave(xa, flags) spin_lock_irqsave(&(xa)->xa_lock, flags)
#define xa_unlock_irqrestore(xa, flags) spin_unlock_irqrestore(&(xa)->xa_lock, flags)

/* Small integers as entries: 0 to LONG_MAX */
static inline void *xa_mk_value(unsigned long v)
{
	return (void *)((v << 1) | 1);
}

static inline unsigned long xa_to_value(const void *entry)
{
	return (unsigned long)entry >> 1;
}

static inline bool xa_is_value(const void *entry)
{
	return ((unsigned long)entry & 1) != 0;
}

/* Entries that no caller may store: reservations and errors */
static inline void *xa_mk_internal(unsigned long v)
{
	return (void *)((v << 2) | 2);
}

static inline bool xa_is_internal(const void *entry)
{
	return ((unsigned long)entry & 3) == 2;
}

#define XA_ZERO_ENTRY xa_mk_internal(257)

static inline bool xa_is_zero(const void *entry)
{
	return unlikely(entry == XA_ZERO_ENTRY);
}

/* What xa_store, xa_cmpxchg and xa_erase returned: an error instead of an entry? */
static inline bool xa_is_err(const void *entry)
{
	return unlikely(xa_is_internal(entry) &&
			entry >= xa_mk_internal((unsigned long)-MAX_ERRNO));
}

static inline int xa_err(void *entry)
{
	return xa_is_err(entry) ? (int)((long)entry >> 2) : 0;
}

static inline bool xa_empty(const struct xarray *xa)
{
	return !READ_ONCE(xa->xa_tree.root);
}

void *xa_load(struct xarray *xa, unsigned long index);

/*
 * The first entry from *@index to @max (xa_find_after: behind *@index), whose index
 * goes to *@index; NULL if there is none. @filter is XA_PRESENT.
 */
void *xa_find(struct xarray *xa, unsigned long *index, unsigned long max, xa_mark_t filter);
void *xa_find_after(struct xarray *xa, unsigned long *index, unsigned long max, xa_mark_t filter);

/*
 * The old entry, NULL if there was none, or an error (xa_err): -ENOMEM, -EINVAL. Storing
 * NULL erases; in an allocating array it reserves, and xa_erase is what frees.
 */
void *xa_store(struct xarray *xa, unsigned long index, void *entry, gfp_t gfp);
void *xa_erase(struct xarray *xa, unsigned long index);
/*
 * Stores @entry, or erases if it is NULL, where @old is; the old entry, or an error. A
 * reservation compares as XA_ZERO_ENTRY, and reads as NULL in the result.
 */
void *xa_cmpxchg(struct xarray *xa, unsigned long index, void *old, void *entry, gfp_t gfp);

/* Only where nothing is, not even a reservation: else -EBUSY. NULL reserves. */
int __must_check xa_insert(struct xarray *xa, unsigned long index, void *entry, gfp_t gfp);
/* Makes a later xa_store there not need memory; no effect on an entry */
int __must_check xa_reserve(struct xarray *xa, unsigned long index, gfp_t gfp);
/* Ends a reservation that has not been used */
void xa_release(struct xarray *xa, unsigned long index);

/* Stores at the lowest free index in @limit; -EBUSY, -ENOMEM. NULL reserves. */
int __must_check xa_alloc(struct xarray *xa, u32 *id, void *entry, struct xa_limit limit,
			  gfp_t gfp);
/* From *@next on and around; 1 if it went around. *@next becomes *@id + 1. */
int xa_alloc_cyclic(struct xarray *xa, u32 *id, void *entry, struct xa_limit limit, u32 *next,
		    gfp_t gfp);

/* Forgets all entries and frees the nodes. The array can be used again. */
void xa_destroy(struct xarray *xa);

void *__xa_store(struct xarray *xa, unsigned long index, void *entry, gfp_t gfp);
void *__xa_erase(struct xarray *xa, unsigned long index);
void *__xa_cmpxchg(struct xarray *xa, unsigned long index, void *old, void *entry, gfp_t gfp);
int __must_check __xa_insert(struct xarray *xa, unsigned long index, void *entry, gfp_t gfp);
int __must_check __xa_alloc(struct xarray *xa, u32 *id, void *entry, struct xa_limit limit,
			    gfp_t gfp);
int __xa_alloc_cyclic(struct xarray *xa, u32 *id, void *entry, struct xa_limit limit, u32 *next,
		      gfp_t gfp);

#define xa_store_irq(xa, index, entry, gfp) xa_store(xa, index, entry, gfp)
#define xa_erase_irq(xa, index) xa_erase(xa, index)
#define xa_alloc_irq(xa, id, entry, limit, gfp) xa_alloc(xa, id, entry, limit, gfp)

/* Entries may come and go meanwhile, the current one included */
#define xa_for_each_range(xa, index, entry, start, last) \
	for ((index) = (start), (entry) = xa_find(xa, &(index), last, XA_PRESENT); (entry); \
	     (entry) = xa_find_after(xa, &(index), last, XA_PRESENT))
#define xa_for_each_start(xa, index, entry, start) \
	xa_for_each_range(xa, index, entry, start, ULONG_MAX)
#define xa_for_each(xa, index, entry) xa_for_each_start(xa, index, entry, 0)

/*
 * The tree alone, for idr. Entries here include XA_ZERO_ENTRY. store returns 0 and the
 * old entry, -ENOMEM with the tree as it was; a NULL @entry erases and cannot fail.
 * find skips reservations.
 */
void *xa_tree_load(const struct xa_tree *tree, unsigned long index);
int xa_tree_store(struct xa_tree *tree, unsigned long index, void *entry, gfp_t gfp,
		  void **ret_old);
void *xa_tree_find(const struct xa_tree *tree, unsigned long *index, unsigned long max);
bool xa_tree_find_free(const struct xa_tree *tree, unsigned long min, unsigned long max,
		       unsigned long *ret_index);
void xa_tree_destroy(struct xa_tree *tree);

#endif /* BASE_KERNEL_LINUX_XARRAY_H */
