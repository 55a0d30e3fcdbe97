/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Search in bitmaps
 *
 * The result is @size when there is no such bit. Bits behind @size do not count.
 * Not atomic, but words are read whole, so a search may run beside set_bit.
 */
#ifndef BASE_KERNEL_LINUX_FIND_H
#define BASE_KERNEL_LINUX_FIND_H

#include <linux/bitops.h>
#include <linux/compiler.h>

/* The next bit of (*addr ^ @invert) from @offset on */
unsigned long find_next_bit_xor(const unsigned long *addr, unsigned long invert,
				unsigned long size, unsigned long offset);

/* The first of @nr clear bits in a row at or after @start, @align_mask + 1 aligned */
unsigned long bitmap_find_next_zero_area(unsigned long *map, unsigned long size,
					 unsigned long start, unsigned int nr,
					 unsigned long align_mask);

static inline unsigned long find_next_bit(const unsigned long *addr, unsigned long size,
					  unsigned long offset)
{
	return find_next_bit_xor(addr, 0, size, offset);
}

static inline unsigned long find_next_zero_bit(const unsigned long *addr, unsigned long size,
					       unsigned long offset)
{
	return find_next_bit_xor(addr, ~0UL, size, offset);
}

static inline unsigned long find_first_bit(const unsigned long *addr, unsigned long size)
{
	return find_next_bit(addr, size, 0);
}

static inline unsigned long find_first_zero_bit(const unsigned long *addr, unsigned long size)
{
	return find_next_zero_bit(addr, size, 0);
}

static inline unsigned long find_last_bit(const unsigned long *addr, unsigned long size)
{
	unsigned long i = size;

	while (i > 0)
		if (test_bit((long)--i, addr))
			return i;
	return size;
}

#define for_each_set_bit(bit, addr, size) \
	for ((bit) = find_first_bit(addr, size); (bit) < (size); \
	     (bit) = find_next_bit(addr, size, (bit) + 1))

#define for_each_set_bit_from(bit, addr, size) \
	for ((bit) = find_next_bit(addr, size, bit); (bit) < (size); \
	     (bit) = find_next_bit(addr, size, (bit) + 1))

#define for_each_clear_bit(bit, addr, size) \
	for ((bit) = find_first_zero_bit(addr, size); (bit) < (size); \
	     (bit) = find_next_zero_bit(addr, size, (bit) + 1))

#endif /* BASE_KERNEL_LINUX_FIND_H */
