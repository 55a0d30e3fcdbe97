/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Allocation of ranges of numbers, for memory that the allocator does not touch.
 * One chunk for a pool. Any thread; no lock is held over anything that sleeps.
 */
#ifndef BASE_KERNEL_LINUX_GENALLOC_H
#define BASE_KERNEL_LINUX_GENALLOC_H

#include <linux/types.h>

#ifndef NUMA_NO_NODE
#define NUMA_NO_NODE (-1)
#endif

struct gen_pool;

/* Units of 1 << @min_alloc_order bytes. NULL: no memory. */
struct gen_pool *gen_pool_create(int min_alloc_order, int nid);
/* [addr, addr + size), @addr not 0. 0, -EINVAL for a second chunk, -ENOMEM. */
int gen_pool_add(struct gen_pool *pool, unsigned long addr, size_t size, int nid);
/* First fit; 0 when there is none. @size is rounded up to units. */
unsigned long gen_pool_alloc(struct gen_pool *pool, size_t size);
void gen_pool_free(struct gen_pool *pool, unsigned long addr, size_t size);
/* Everything was freed. */
void gen_pool_destroy(struct gen_pool *pool);
size_t gen_pool_avail(struct gen_pool *pool);

#endif /* BASE_KERNEL_LINUX_GENALLOC_H */
