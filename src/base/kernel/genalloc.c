/* SPDX-License-Identifier: BSD-2-Clause */
#include <linux/genalloc.h>

#include <linux/bitmap.h>
#include <linux/bug.h>
#include <linux/errno.h>
#include <linux/slab.h>
#include <linux/spinlock.h>

/* @bits: one for each unit, set while it is allocated; NULL before there is a chunk */
struct gen_pool {
	spinlock_t lock;
	int order;
	unsigned long addr;
	unsigned int num_units;
	unsigned int num_used;
	unsigned long *bits;
};

struct gen_pool *gen_pool_create(int min_alloc_order, int nid)
{
	struct gen_pool *pool = kzalloc(sizeof(*pool), GFP_KERNEL);

	if (!pool)
		return NULL;
	spin_lock_init(&pool->lock);
	pool->order = min_alloc_order;
	return pool;
}

int gen_pool_add(struct gen_pool *pool, unsigned long addr, size_t size, int nid)
{
	size_t num_units = size >> pool->order;

	if (pool->bits || !addr || !num_units || num_units > INT_MAX)
		return -EINVAL;
	pool->bits = kvcalloc(BITS_TO_LONGS(num_units), sizeof(long), GFP_KERNEL);
	if (!pool->bits)
		return -ENOMEM;
	pool->addr = addr;
	pool->num_units = num_units;
	return 0;
}

static size_t units_of(const struct gen_pool *pool, size_t size)
{
	size_t unit = (size_t)1 << pool->order;

	return (size >> pool->order) + ((size & (unit - 1)) != 0);
}

unsigned long gen_pool_alloc(struct gen_pool *pool, size_t size)
{
	size_t num = units_of(pool, size);
	unsigned long addr = 0;
	unsigned long start;

	if (!num || num > pool->num_units)
		return 0;
	spin_lock(&pool->lock);
	start = bitmap_find_next_zero_area(pool->bits, pool->num_units, 0, num, 0);
	if (start < pool->num_units) {
		bitmap_set(pool->bits, start, num);
		pool->num_used += num;
		addr = pool->addr + (start << pool->order);
	}
	spin_unlock(&pool->lock);
	return addr;
}

void gen_pool_free(struct gen_pool *pool, unsigned long addr, size_t size)
{
	unsigned int num = units_of(pool, size);
	unsigned int start = (addr - pool->addr) >> pool->order;

	spin_lock(&pool->lock);
	if (!WARN_ON(addr < pool->addr || start >= pool->num_units ||
		     num > pool->num_units - start)) {
		bitmap_clear(pool->bits, start, num);
		pool->num_used -= num;
	}
	spin_unlock(&pool->lock);
}

void gen_pool_destroy(struct gen_pool *pool)
{
	WARN_ON(pool->num_used);
	kvfree(pool->bits);
	kfree(pool);
}

size_t gen_pool_avail(struct gen_pool *pool)
{
	size_t num;

	spin_lock(&pool->lock);
	num = pool->num_units - pool->num_used;
	spin_unlock(&pool->lock);
	return num << pool->order;
}
