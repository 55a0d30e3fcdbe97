/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What the fuzz targets share
 *
 * An input is a program: a target reads from it what to do next, and what the
 * other side answers. When it is used up every read gives 0, so a target chooses
 * its codes such that 0 is harmless and comes to an end. Nothing but the input
 * decides: no time, no random numbers. Each read stands in a statement of its own,
 * because C leaves the order of operands and of initializers to the compiler.
 */
#ifndef TESTS_FUZZ_FUZZ_H
#define TESTS_FUZZ_FUZZ_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct fuzz_in {
	const uint8_t *p;
	size_t left;
};

static inline bool fuzz_done(const struct fuzz_in *in)
{
	return in->left == 0;
}

static inline uint8_t fuzz_u8(struct fuzz_in *in)
{
	if (!in->left)
		return 0;
	in->left--;
	return *in->p++;
}

/* As many bytes as there are; the rest is 0. */
static inline void fuzz_bytes(struct fuzz_in *in, void *to, size_t size)
{
	size_t n = size < in->left ? size : in->left;

	if (n)
		memcpy(to, in->p, n);
	memset((uint8_t *)to + n, 0, size - n);
	in->p += n;
	in->left -= n;
}

static inline uint16_t fuzz_u16(struct fuzz_in *in)
{
	uint16_t v;

	fuzz_bytes(in, &v, sizeof(v));
	return v;
}

static inline uint32_t fuzz_u32(struct fuzz_in *in)
{
	uint32_t v;

	fuzz_bytes(in, &v, sizeof(v));
	return v;
}

static inline uint64_t fuzz_u64(struct fuzz_in *in)
{
	uint64_t v;

	fuzz_bytes(in, &v, sizeof(v));
	return v;
}

/* Below @n, which is 1 to 256 */
static inline unsigned int fuzz_below(struct fuzz_in *in, unsigned int n)
{
	return fuzz_u8(in) % n;
}

/*
 * A number as protocols have them: mostly small, sometimes at an edge, sometimes
 * anything. One byte for the small ones.
 */
uint64_t fuzz_number(struct fuzz_in *in);

/* Of our own promises: a violation is a finding. */
#define FUZZ_CHECK(cond) \
	do { \
		if (!(cond)) { \
			fprintf(stderr, "%s:%d: not so: %s\n", __FILE__, __LINE__, #cond); \
			abort(); \
		} \
	} while (0)

/*
 * The target. Initialize runs once, before the first input; TestOneInput frees
 * what it made and returns 0.
 */
int LLVMFuzzerInitialize(int *argc, char ***argv);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#endif /* TESTS_FUZZ_FUZZ_H */
