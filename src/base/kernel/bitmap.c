/* SPDX-License-Identifier: BSD-2-Clause */
#include <linux/align.h>
#include <linux/bitmap.h>
#include <linux/minmax.h>

unsigned long find_next_bit_xor(const unsigned long *addr, unsigned long invert,
				unsigned long size, unsigned long offset)
{
	unsigned long i, word;

	if (offset >= size)
		return size;
	i = BIT_WORD(offset);
	word = (READ_ONCE(addr[i]) ^ invert) & BITMAP_FIRST_WORD_MASK(offset);
	while (!word) {
		if (++i >= BITS_TO_LONGS(size))
			return size;
		word = READ_ONCE(addr[i]) ^ invert;
	}
	return min(i * BITS_PER_LONG + __ffs(word), size);
}

unsigned long bitmap_find_next_zero_area(unsigned long *map, unsigned long size,
					 unsigned long start, unsigned int nr,
					 unsigned long align_mask)
{
	for (;;) {
		unsigned long next;

		start = find_next_zero_bit(map, size, start);
		start = (start + align_mask) & ~align_mask;
		if (start > size || nr > size - start)
			return size;
		next = find_next_bit(map, start + nr, start);
		if (next == start + nr)
			return start;
		start = next + 1;
	}
}

unsigned int bitmap_weight(const unsigned long *src, unsigned int nbits)
{
	unsigned int i, full = nbits / BITS_PER_LONG;
	unsigned long weight = 0;

	for (i = 0; i < full; i++)
		weight += hweight_long(src[i]);
	if (nbits % BITS_PER_LONG)
		weight += hweight_long(src[full] & BITMAP_LAST_WORD_MASK(nbits));
	return (unsigned int)weight;
}

bool bitmap_equal(const unsigned long *a, const unsigned long *b, unsigned int nbits)
{
	unsigned int full = nbits / BITS_PER_LONG;

	if (memcmp(a, b, full * sizeof(*a)))
		return false;
	return nbits % BITS_PER_LONG == 0 ||
	       ((a[full] ^ b[full]) & BITMAP_LAST_WORD_MASK(nbits)) == 0;
}

void bitmap_set(unsigned long *map, unsigned int start, unsigned int nbits)
{
	while (nbits--)
		__set_bit(start++, map);
}

void bitmap_clear(unsigned long *map, unsigned int start, unsigned int nbits)
{
	while (nbits--)
		__clear_bit(start++, map);
}
