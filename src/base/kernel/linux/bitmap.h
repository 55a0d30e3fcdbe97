/* SPDX-License-Identifier: BSD-2-Clause */
/* Bit sets of a fixed size. Not atomic; the bits behind @nbits in the last word do not count. */
#ifndef BASE_KERNEL_LINUX_BITMAP_H
#define BASE_KERNEL_LINUX_BITMAP_H

#include <linux/bitops.h>
#include <linux/find.h>
#include <linux/slab.h>
#include <linux/string.h>

#ifndef DECLARE_BITMAP
#define DECLARE_BITMAP(name, bits) unsigned long name[BITS_TO_LONGS(bits)]
#endif

#define BITMAP_LAST_WORD_MASK(nbits) (~0UL >> (-(nbits) & (BITS_PER_LONG - 1)))
#define BITMAP_FIRST_WORD_MASK(start) (~0UL << ((start) & (BITS_PER_LONG - 1)))

static inline size_t bitmap_size(unsigned int nbits)
{
	return BITS_TO_LONGS((size_t)nbits) * sizeof(unsigned long);
}

static inline void bitmap_zero(unsigned long *dst, unsigned int nbits)
{
	memset(dst, 0, bitmap_size(nbits));
}

static inline void bitmap_fill(unsigned long *dst, unsigned int nbits)
{
	memset(dst, 0xff, bitmap_size(nbits));
}

static inline void bitmap_copy(unsigned long *dst, const unsigned long *src, unsigned int nbits)
{
	memcpy(dst, src, bitmap_size(nbits));
}

static inline unsigned long *__must_check bitmap_alloc(unsigned int nbits, gfp_t flags)
{
	return kmalloc(bitmap_size(nbits), flags);
}

static inline unsigned long *__must_check bitmap_zalloc(unsigned int nbits, gfp_t flags)
{
	return kzalloc(bitmap_size(nbits), flags);
}

static inline void bitmap_free(const unsigned long *bitmap)
{
	kfree(bitmap);
}

DEFINE_FREE(bitmap, unsigned long *, if (_T) bitmap_free(_T))

static inline bool bitmap_empty(const unsigned long *src, unsigned int nbits)
{
	return find_first_bit(src, nbits) == nbits;
}

static inline bool bitmap_full(const unsigned long *src, unsigned int nbits)
{
	return find_first_zero_bit(src, nbits) == nbits;
}

unsigned int bitmap_weight(const unsigned long *src, unsigned int nbits);
bool bitmap_equal(const unsigned long *a, const unsigned long *b, unsigned int nbits);
void bitmap_set(unsigned long *map, unsigned int start, unsigned int nbits);
void bitmap_clear(unsigned long *map, unsigned int start, unsigned int nbits);

#endif /* BASE_KERNEL_LINUX_BITMAP_H */
