/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Changes of an object
 *
 * The object in memory is changed while the units are written; a failure at any
 * point makes it forget itself. Units that are not needed any more stay taken until
 * the new head is written.
 */
#include <stdlib.h>
#include <string.h>

#include "abi/tee_result.h"
#include "secure/common/shared.h"
#include "secure/optee/fs_rpc.h"
#include "secure/optee/ree_object_private.h"

struct change {
	struct ree_object *obj;
	struct fs_rpc *fs;
	uint32_t file;
	/* Encrypted units that follow each other in the file, not written yet */
	uint8_t *batch;
	uint32_t first_unit, n_units;
	uint8_t *plain;			/* one unit */
	uint32_t *old;			/* units to be freed at the end */
	uint32_t n_old, max_old;
};

static uint32_t change_begin(struct change *ch, struct ree_object *obj, struct fs_rpc *fs,
			     uint32_t file)
{
	*ch = (struct change){ .obj = obj, .fs = fs, .file = file };
	ch->batch = malloc(FS_RPC_MAX_DATA);
	ch->plain = malloc(REE_UNIT);
	return ch->batch && ch->plain ? TEE_R_SUCCESS : TEE_R_OUT_OF_MEMORY;
}

static uint32_t change_end(struct change *ch, uint32_t res)
{
	if (res == TEE_R_SUCCESS) {
		for (uint32_t i = 0; i < ch->n_old; i++)
			ree_unit_free(ch->obj, ch->old[i]);
	} else {
		ree_object_unload(ch->obj);
	}
	if (ch->plain)
		explicit_bzero(ch->plain, REE_UNIT);
	free(ch->plain);
	free(ch->batch);
	free(ch->old);
	return res;
}

/* --- units --- */

/* The unit of @ref is not needed any more once the change has taken place. */
static uint32_t drop(struct change *ch, struct ree_ref *ref)
{
	if (ref->unit) {
		if (ch->n_old == ch->max_old) {
			uint32_t max = ch->max_old ? 2 * ch->max_old : 64;
			uint32_t *old = realloc(ch->old, max * sizeof(*old));

			if (!old)
				return TEE_R_OUT_OF_MEMORY;
			ch->old = old;
			ch->max_old = max;
		}
		ch->old[ch->n_old++] = ref->unit;
	}
	*ref = (struct ree_ref){ .unit = 0 };
	return TEE_R_SUCCESS;
}

static uint32_t flush(struct change *ch)
{
	uint32_t n = ch->n_units;

	ch->n_units = 0;
	return n ? fs_rpc_write(ch->fs, ch->file, (uint64_t)ch->first_unit * REE_UNIT, ch->batch,
				(size_t)n * REE_UNIT) :
		   TEE_R_SUCCESS;
}

/* ch->plain into a new unit, which @ref then refers to */
static uint32_t put_unit(struct change *ch, enum ree_kind kind, uint32_t number,
			 struct ree_ref *ref)
{
	uint32_t unit = ree_unit_find_free(ch->obj);
	uint32_t res = drop(ch, ref);

	if (res == TEE_R_SUCCESS && ch->n_units &&
	    (unit != ch->first_unit + ch->n_units ||
	     ch->n_units == FS_RPC_MAX_DATA / REE_UNIT))
		res = flush(ch);
	if (res != TEE_R_SUCCESS)
		return res;
	if (!ch->n_units)
		ch->first_unit = unit;
	if (ree_unit_seal(ch->obj, kind, number, ch->plain,
			  ch->batch + (size_t)ch->n_units * REE_UNIT, ref) < 0 ||
	    !ree_unit_take(ch->obj, unit))
		return TEE_R_OUT_OF_MEMORY;
	ref->unit = unit;
	ch->n_units++;
	return TEE_R_SUCCESS;
}

/* --- the index --- */

/* Room for references of @size bytes of data; those behind are dropped. */
static uint32_t set_size(struct change *ch, uint64_t size)
{
	struct ree_object *obj = ch->obj;
	uint32_t n_blocks = ree_n_blocks(size), n_index = ree_n_index(n_blocks);
	uint32_t res = TEE_R_SUCCESS;
	struct ree_ref *refs;

	for (uint32_t i = n_blocks; i < obj->n_blocks && res == TEE_R_SUCCESS; i++)
		res = drop(ch, &obj->blocks[i]);
	for (uint32_t i = n_index; i < obj->n_index && res == TEE_R_SUCCESS; i++)
		res = drop(ch, &obj->index[i]);
	if (res != TEE_R_SUCCESS)
		return res;
	if (!obj->blocks || n_blocks > obj->n_blocks) {
		refs = realloc(obj->blocks, (n_blocks + 1) * sizeof(*refs));
		if (!refs)
			return TEE_R_OUT_OF_MEMORY;
		obj->blocks = refs;
		memset(refs + obj->n_blocks, 0, (n_blocks + 1 - obj->n_blocks) * sizeof(*refs));
	}
	if (!obj->index || n_index > obj->n_index) {
		refs = realloc(obj->index, (n_index + 1) * sizeof(*refs));
		if (!refs)
			return TEE_R_OUT_OF_MEMORY;
		obj->index = refs;
		memset(refs + obj->n_index, 0, (n_index + 1 - obj->n_index) * sizeof(*refs));
	}
	if (obj->cached != UINT32_MAX && obj->cached >= n_blocks)
		obj->cached = UINT32_MAX;
	obj->size = size;
	obj->n_blocks = n_blocks;
	obj->n_index = n_index;
	return TEE_R_SUCCESS;
}

/* The block of the index that has data block @number, as it is now */
static uint32_t put_index(struct change *ch, uint32_t number)
{
	struct ree_object *obj = ch->obj;
	uint32_t which = number / REE_REFS_PER_UNIT, first = which * REE_REFS_PER_UNIT;
	uint32_t n = obj->n_blocks - first;

	if (n > REE_REFS_PER_UNIT)
		n = REE_REFS_PER_UNIT;
	memset(ch->plain, 0, REE_UNIT);
	memcpy(ch->plain, &obj->blocks[first], n * sizeof(*obj->blocks));
	return put_unit(ch, REE_INDEX, which, &obj->index[which]);
}

static uint32_t put_indexes(struct change *ch, uint32_t first, uint32_t last)
{
	uint32_t res = TEE_R_SUCCESS;

	for (uint32_t i = first / REE_REFS_PER_UNIT;
	     i <= last / REE_REFS_PER_UNIT && res == TEE_R_SUCCESS; i++)
		res = put_index(ch, i * REE_REFS_PER_UNIT);
	return res;
}

/* --- the head: the change takes place --- */

static uint32_t commit(struct change *ch)
{
	struct ree_object *obj = ch->obj;
	size_t body_size = sizeof(struct ree_body) + obj->n_index * sizeof(struct ree_ref);
	struct ree_head *head = calloc(1, sizeof(*head) + 2 * body_size);
	uint32_t res = head ? flush(ch) : TEE_R_OUT_OF_MEMORY;
	struct ree_body *body;

	if (res != TEE_R_SUCCESS) {
		free(head);
		return res;
	}
	/* Behind the place of the encrypted one */
	body = (struct ree_body *)((uint8_t *)(head + 1) + body_size);
	body->size = obj->size;
	body->n_index = obj->n_index;
	body->name = obj->name;
	body->new_name = obj->new_name;
	if (obj->n_index)
		memcpy(body->index, obj->index, obj->n_index * sizeof(*body->index));

	head->magic = REE_MAGIC;
	head->version = REE_VERSION;
	head->counter = ++obj->counter;
	memcpy(head->salt, obj->salt, sizeof(head->salt));
	seal_random(head->nonce, sizeof(head->nonce));
	head->body_size = (uint32_t)body_size;
	if (seal_encrypt(obj->key, head->nonce,
			 (struct seal_aad){ head, offsetof(struct ree_head, tag) }, body, head + 1,
			 body_size, head->tag) < 0)
		res = TEE_R_OUT_OF_MEMORY;
	else
		res = fs_rpc_write(ch->fs, ch->file, obj->counter % 2 * REE_HEAD_ROOM, head,
				   sizeof(*head) + body_size);
	free(head);
	return res;
}

/* --- changes --- */

/* Data block @number with what of @data belongs there; ch->obj->size is the new one. */
static uint32_t put_part(struct change *ch, uint32_t number, uint64_t at, const uint8_t *data,
			 size_t size)
{
	struct ree_object *obj = ch->obj;
	uint64_t base = (uint64_t)number * REE_UNIT;
	uint64_t from = at > base ? at : base;
	uint64_t to = at + size < base + REE_UNIT ? at + size : base + REE_UNIT;
	uint32_t res = TEE_R_SUCCESS;

	/* All that the block has, or will have */
	if (from == base && (to == base + REE_UNIT || to >= obj->size))
		memset(ch->plain, 0, REE_UNIT);
	else
		res = ree_block_get(obj, ch->fs, ch->file, number, ch->plain);
	if (res != TEE_R_SUCCESS)
		return res;
	shared_copy_in(ch->plain + (from - base), data + (from - at), (size_t)(to - from));
	ree_cache_set(obj, number, ch->plain);
	return put_unit(ch, REE_DATA, number, &obj->blocks[number]);
}

uint32_t ree_object_write(struct ree_object *obj, struct fs_rpc *fs, uint32_t file, uint64_t at,
			  const uint8_t *data, size_t size)
{
	uint32_t first, last, res;
	struct change ch;

	if (at > REE_MAX_SIZE || size > REE_MAX_SIZE - at)
		return TEE_R_STORAGE_NO_SPACE;
	res = change_begin(&ch, obj, fs, file);
	if (res == TEE_R_SUCCESS && at + size > obj->size)
		res = set_size(&ch, at + size);
	if (res == TEE_R_SUCCESS && size) {
		first = (uint32_t)(at / REE_UNIT);
		last = (uint32_t)((at + size - 1) / REE_UNIT);
		for (uint32_t i = first; i <= last && res == TEE_R_SUCCESS; i++)
			res = put_part(&ch, i, at, data, size);
		if (res == TEE_R_SUCCESS)
			res = put_indexes(&ch, first, last);
	}
	if (res == TEE_R_SUCCESS)
		res = commit(&ch);
	return change_end(&ch, res);
}

/* What lies behind the end of the data must be zero: it may become data again. */
static uint32_t cut_last(struct change *ch)
{
	struct ree_object *obj = ch->obj;
	uint32_t last, rest = (uint32_t)(obj->size % REE_UNIT);
	uint32_t res;

	if (!obj->n_blocks)
		return TEE_R_SUCCESS;
	last = obj->n_blocks - 1;
	if (rest && obj->blocks[last].unit) {
		res = ree_block_get(obj, ch->fs, ch->file, last, ch->plain);
		if (res != TEE_R_SUCCESS)
			return res;
		memset(ch->plain + rest, 0, REE_UNIT - rest);
		ree_cache_set(obj, last, ch->plain);
		res = put_unit(ch, REE_DATA, last, &obj->blocks[last]);
		if (res != TEE_R_SUCCESS)
			return res;
	}
	return put_index(ch, last);
}

/* Give back what the file has behind the last unit in use; nobody misses it. */
static void trim_file(const struct ree_object *obj, struct fs_rpc *fs, uint32_t file)
{
	uint32_t last = obj->n_units;

	while (last > REE_FIRST_UNIT && !(obj->used[(last - 1) / 8] & 1u << (last - 1) % 8))
		last--;
	if (last < REE_FIRST_UNIT)
		last = REE_FIRST_UNIT;
	(void)fs_rpc_truncate(fs, file, (uint64_t)last * REE_UNIT);
}

uint32_t ree_object_resize(struct ree_object *obj, struct fs_rpc *fs, uint32_t file, uint64_t size)
{
	bool shorter = size < obj->size;
	struct change ch;
	uint32_t res;

	if (size > REE_MAX_SIZE)
		return TEE_R_STORAGE_NO_SPACE;
	res = change_begin(&ch, obj, fs, file);
	if (res == TEE_R_SUCCESS)
		res = set_size(&ch, size);
	if (res == TEE_R_SUCCESS && shorter)
		res = cut_last(&ch);
	if (res == TEE_R_SUCCESS)
		res = commit(&ch);
	res = change_end(&ch, res);
	if (res == TEE_R_SUCCESS && shorter)
		trim_file(obj, fs, file);
	return res;
}

uint32_t ree_object_set_names(struct ree_object *obj, struct fs_rpc *fs, uint32_t file,
			      const struct ree_name *name, const struct ree_name *new_name)
{
	struct change ch;
	uint32_t res = change_begin(&ch, obj, fs, file);

	obj->name = *name;
	obj->new_name = *new_name;
	if (res == TEE_R_SUCCESS)
		res = commit(&ch);
	return change_end(&ch, res);
}
