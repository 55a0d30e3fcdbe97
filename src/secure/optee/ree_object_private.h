/* SPDX-License-Identifier: BSD-2-Clause */
/* What the two halves of an object share: reading (ree_object.c) and changing it */
#ifndef SECURE_OPTEE_REE_OBJECT_PRIVATE_H
#define SECURE_OPTEE_REE_OBJECT_PRIVATE_H

#include "secure/optee/ree_object.h"

/* What a unit holds; with its number it is covered by the tag. */
enum ree_kind {
	REE_DATA = 1,
	REE_INDEX = 2,
};

struct ree_sink {
	uint32_t (*fn)(void *data, uint32_t number, const uint8_t plain[REE_UNIT]);
	void *data;
};

/* Forget all but the parent key. */
void ree_object_unload(struct ree_object *obj);

uint32_t ree_n_blocks(uint64_t size);
uint32_t ree_n_index(uint32_t n_blocks);

/* Encrypt with a new nonce; the unit in @ref is the caller's. 0, -ENOMEM. */
int ree_unit_seal(const struct ree_object *obj, enum ree_kind kind, uint32_t number,
		  const uint8_t plain[REE_UNIT], uint8_t out[REE_UNIT], struct ree_ref *ref);

/* Units: the lowest free one; mark as used, false for want of memory; free (0: none). */
uint32_t ree_unit_find_free(struct ree_object *obj);
bool ree_unit_take(struct ree_object *obj, uint32_t unit);
void ree_unit_free(struct ree_object *obj, uint32_t unit);

/* A block of data, zeroes beyond the end; and the one that is remembered */
uint32_t ree_block_get(struct ree_object *obj, struct fs_rpc *fs, uint32_t file, uint32_t number,
		       uint8_t plain[REE_UNIT]);
void ree_cache_set(struct ree_object *obj, uint32_t number, const uint8_t plain[REE_UNIT]);

#endif /* SECURE_OPTEE_REE_OBJECT_PRIVATE_H */
