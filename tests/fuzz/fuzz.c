/* SPDX-License-Identifier: BSD-2-Clause */
#include "fuzz.h"

static const uint64_t edges[] = {
	0x7f, 0x80, 0xff, 0x100, 0x7fff, 0xffff, 0xfff, 0x1000, 0x1001, 0x7fffffff, 0x80000000,
	0xffffffff, 0x100000000, 0x7fffffffffffffff, 0x8000000000000000, 0xffffffffffffffff,
	0xffffffffffffff00, 0xfffffffffffff000, 0x00007ffffffff000, 0x0000800000000000,
	511, 512, 4096 * 511, 4096 * 512, 56, 64, 1024, 1056, 128, 255, 256, 65536,
};

#define N_EDGES (sizeof(edges) / sizeof(edges[0]))

uint64_t fuzz_number(struct fuzz_in *in)
{
	uint8_t kind = fuzz_u8(in);

	if (kind < 0xc0)
		return kind;
	if (kind < 0xe0)
		return edges[kind - 0xc0];
	if (kind < 0xec)
		return fuzz_u16(in);
	if (kind < 0xf6)
		return fuzz_u32(in);
	return fuzz_u64(in);
}

_Static_assert(N_EDGES == 0xe0 - 0xc0, "one code for each edge");
