/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The heap of a TA
 *
 * The table is an open-addressing hash of addresses. Deleting moves the entries
 * that follow back, so there are no tombstones and it never needs cleaning.
 */
#include "secure/tahost/heap.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#define BLOCK_COST 16u
#define TABLE_MIN 64u

struct heap_block {
	uintptr_t addr;		/* 0: free entry */
	size_t size;
	uint64_t serial;
	enum heap_pool pool;
};

static struct {
	struct heap_block *table;
	size_t capacity;	/* power of two */
	size_t n;
	size_t room[HEAP_N_POOLS];
	uint64_t serial;
	uint64_t mark;
} heap;

void heap_init(size_t share, size_t no_share)
{
	heap.room[HEAP_SHARE] = share;
	heap.room[HEAP_NO_SHARE] = no_share;
}

static size_t hash(uintptr_t addr)
{
	return (size_t)((addr >> 4) * UINT64_C(0x9e3779b97f4a7c15) >> 32) & (heap.capacity - 1);
}

/* The entry of @addr, or the free one where it would go */
static struct heap_block *probe(uintptr_t addr)
{
	size_t i = hash(addr);

	while (heap.table[i].addr && heap.table[i].addr != addr)
		i = (i + 1) & (heap.capacity - 1);
	return &heap.table[i];
}

static struct heap_block *lookup(const void *p)
{
	struct heap_block *block;

	if (!p || !heap.n)
		return NULL;
	block = probe((uintptr_t)p);
	return block->addr ? block : NULL;
}

/* Room for one more entry, at most three quarters full */
static bool reserve(void)
{
	struct heap_block *old = heap.table;
	size_t old_capacity = heap.capacity;

	if (heap.n + 1 <= heap.capacity / 4 * 3)
		return true;
	heap.capacity = old_capacity ? old_capacity * 2 : TABLE_MIN;
	heap.table = calloc(heap.capacity, sizeof(*heap.table));
	if (!heap.table) {
		heap.table = old;
		heap.capacity = old_capacity;
		return false;
	}
	for (size_t i = 0; i < old_capacity; i++) {
		if (old[i].addr)
			*probe(old[i].addr) = old[i];
	}
	free(old);
	return true;
}

static void forget(struct heap_block *block)
{
	size_t hole = (size_t)(block - heap.table);
	size_t mask = heap.capacity - 1;

	for (size_t i = (hole + 1) & mask; heap.table[i].addr; i = (i + 1) & mask) {
		size_t home = hash(heap.table[i].addr);

		/* Stays where it is when its home lies cyclically in (hole, i]. */
		if (((i - home) & mask) < ((i - hole) & mask))
			continue;
		heap.table[hole] = heap.table[i];
		hole = i;
	}
	heap.table[hole].addr = 0;
	heap.n--;
}

/* What @size bytes take from a pool; 0 when that is beyond any pool */
static size_t cost_of(size_t size)
{
	if (size > SIZE_MAX / 2)
		return 0;
	return ((size + 15) & ~(size_t)15) + BLOCK_COST;
}

void *heap_alloc(enum heap_pool pool, size_t size, bool zero)
{
	size_t cost = cost_of(size);
	void *p;

	if (!cost || cost > heap.room[pool] || !reserve())
		return NULL;
	p = zero ? calloc(1, size) : malloc(size);
	if (!p)
		return NULL;
	*probe((uintptr_t)p) = (struct heap_block){
		.addr = (uintptr_t)p,
		.size = size,
		.serial = heap.serial++,
		.pool = pool,
	};
	heap.n++;
	heap.room[pool] -= cost;
	return p;
}

void *heap_resize(void *p, size_t size)
{
	struct heap_block block = *lookup(p);
	size_t cost = cost_of(size);
	size_t room = heap.room[block.pool] + cost_of(block.size);
	char *resized;

	if (!cost || cost > room)
		return NULL;
	resized = realloc(p, size);
	if (!resized)
		return NULL;
	if (size > block.size)
		memset(resized + block.size, 0, size - block.size);
	heap.room[block.pool] = room - cost;

	forget(probe(block.addr));
	block.addr = (uintptr_t)resized;
	block.size = size;
	*probe(block.addr) = block;
	heap.n++;
	return resized;
}

bool heap_free(void *p)
{
	struct heap_block *block = lookup(p);

	if (!block)
		return false;
	heap.room[block->pool] += cost_of(block->size);
	forget(block);
	free(p);
	return true;
}

enum heap_pool heap_pool_of(const void *p)
{
	struct heap_block *block = lookup(p);

	return block ? block->pool : HEAP_N_POOLS;
}

enum heap_place heap_locate(const void *buf, size_t size)
{
	uintptr_t start = (uintptr_t)buf;

	for (size_t i = 0; heap.n && i < heap.capacity; i++) {
		const struct heap_block *block = &heap.table[i];

		if (!block->addr)
			continue;
		if (start >= block->addr) {
			if (start - block->addr >= block->size)
				continue;
			return size <= block->size - (start - block->addr) ? HEAP_INSIDE :
									     HEAP_ASTRIDE;
		}
		if (block->addr - start < size)
			return HEAP_ASTRIDE;
	}
	return HEAP_OUTSIDE;
}

void heap_mark(void)
{
	heap.mark = heap.serial;
}

size_t heap_since_mark(void)
{
	size_t sum = 0;

	for (size_t i = 0; i < heap.capacity; i++) {
		if (heap.table[i].addr && heap.table[i].serial >= heap.mark)
			sum += heap.table[i].size;
	}
	return sum;
}
