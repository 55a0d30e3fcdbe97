/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The heap of a TA: what TEE_Malloc() gives
 *
 * Blocks come from malloc(), so that sanitizers and debuggers see each of them,
 * and stand in a table, so that the sum stays within what the TA declared and a
 * pointer that is none of them is noticed without being followed. There are two
 * pools, the second for TEE_MALLOC_NO_SHARE. One thread; process-wide, as the API
 * has no handle for it.
 */
#ifndef TAHOST_HEAP_H
#define TAHOST_HEAP_H

#include <stdbool.h>
#include <stddef.h>

enum heap_pool {
	HEAP_SHARE,
	HEAP_NO_SHARE,
	HEAP_N_POOLS,
};

/* Sizes of the pools in bytes; each block costs 16 bytes more than its size. */
void heap_init(size_t share, size_t no_share);

/* @size not 0. NULL when the pool, or the machine, has no room. */
void *heap_alloc(enum heap_pool pool, size_t size, bool zero);

/*
 * Resize in its pool, zeroing what is added. NULL when there is no room: the block
 * stays. @p must be a block (heap_pool_of()), @size not 0.
 */
void *heap_resize(void *p, size_t size);

/* False, and nothing done, when @p is not a block. */
bool heap_free(void *p);

/* The pool of block @p; HEAP_N_POOLS when @p is not a block. */
enum heap_pool heap_pool_of(const void *p);

enum heap_place {
	HEAP_OUTSIDE,	/* shares no byte with a block */
	HEAP_INSIDE,	/* within one block */
	HEAP_ASTRIDE,	/* partly */
};
enum heap_place heap_locate(const void *buf, size_t size);

/* Bytes in blocks that were allocated since the last heap_mark(). */
void heap_mark(void);
size_t heap_since_mark(void);

#endif /* TAHOST_HEAP_H */
