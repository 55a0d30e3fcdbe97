/* SPDX-License-Identifier: BSD-2-Clause */
/* Loading and reading; changes are in ree_object_write.c. */
#include "secure/optee/ree_object.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "abi/tee_result.h"
#include "base/auto.h"
#include "secure/optee/fs_rpc.h"
#include "secure/optee/ree_object_private.h"

/* What of a head is read at once: all of it for objects up to 4 MiB */
#define HEAD_FIRST 512u

/* Units that there can be: all blocks, and the same again while they are replaced */
#define MAX_UNITS (REE_FIRST_UNIT + 2 * (REE_MAX_BLOCKS + REE_MAX_INDEX))

#define RUN_MAX (FS_RPC_MAX_DATA / REE_UNIT)

static uint32_t result_of(int r)
{
	if (r == 0)
		return TEE_R_SUCCESS;
	return r == -EBADMSG ? TEE_R_CORRUPT_OBJECT : TEE_R_OUT_OF_MEMORY;
}

/* --- life --- */

void ree_object_init(struct ree_object *obj, const uint8_t parent[SEAL_KEY_SIZE])
{
	*obj = (struct ree_object){ .cached = UINT32_MAX };
	memcpy(obj->parent, parent, sizeof(obj->parent));
}

void ree_object_unload(struct ree_object *obj)
{
	uint8_t parent[SEAL_KEY_SIZE];

	if (obj->cache)
		explicit_bzero(obj->cache, REE_UNIT);
	free(obj->cache);
	free(obj->blocks);
	free(obj->index);
	free(obj->used);
	memcpy(parent, obj->parent, sizeof(parent));
	explicit_bzero(obj, sizeof(*obj));
	ree_object_init(obj, parent);
}

void ree_object_deinit(struct ree_object *obj)
{
	ree_object_unload(obj);
	explicit_bzero(obj->parent, sizeof(obj->parent));
}

static uint32_t take_salt(struct ree_object *obj, const uint8_t salt[32])
{
	memcpy(obj->salt, salt, sizeof(obj->salt));
	return result_of(seal_derive(obj->parent, "object", salt, sizeof(obj->salt), obj->key));
}

uint32_t ree_object_make(struct ree_object *obj, const struct ree_name *name)
{
	uint8_t salt[sizeof(obj->salt)];
	uint32_t res;

	ree_object_unload(obj);
	seal_random(salt, sizeof(salt));
	res = take_salt(obj, salt);
	if (res != TEE_R_SUCCESS)
		return res;
	obj->name = *name;
	obj->new_name.size = REE_NO_NAME;
	obj->lowest = REE_FIRST_UNIT;
	obj->loaded = true;
	return TEE_R_SUCCESS;
}

/* --- units --- */

struct unit_aad {
	uint32_t kind;
	uint32_t number;
};

int ree_unit_seal(const struct ree_object *obj, enum ree_kind kind, uint32_t number,
		  const uint8_t plain[REE_UNIT], uint8_t out[REE_UNIT], struct ree_ref *ref)
{
	const struct unit_aad aad = { kind, number };

	seal_random(ref->nonce, sizeof(ref->nonce));
	return seal_encrypt(obj->key, ref->nonce, (struct seal_aad){ &aad, sizeof(aad) }, plain,
			    out, REE_UNIT, ref->tag);
}

static int unit_open(const struct ree_object *obj, enum ree_kind kind, uint32_t number,
		     const struct ree_ref *ref, const uint8_t in[REE_UNIT],
		     uint8_t plain[REE_UNIT])
{
	const struct unit_aad aad = { kind, number };

	return seal_decrypt(obj->key, ref->nonce, (struct seal_aad){ &aad, sizeof(aad) }, in, plain,
			    REE_UNIT, ref->tag);
}

static bool unit_is_used(const struct ree_object *obj, uint32_t unit)
{
	return unit < obj->n_units && obj->used[unit / 8] & 1u << unit % 8;
}

bool ree_unit_take(struct ree_object *obj, uint32_t unit)
{
	if (unit >= obj->n_units) {
		uint32_t n = (unit + unit / 2 + 64) & ~7u;
		uint8_t *used = realloc(obj->used, n / 8);

		if (!used)
			return false;
		memset(used + obj->n_units / 8, 0, (n - obj->n_units) / 8);
		obj->used = used;
		obj->n_units = n;
	}
	obj->used[unit / 8] |= (uint8_t)(1u << unit % 8);
	return true;
}

uint32_t ree_unit_find_free(struct ree_object *obj)
{
	while (unit_is_used(obj, obj->lowest))
		obj->lowest++;
	return obj->lowest;
}

void ree_unit_free(struct ree_object *obj, uint32_t unit)
{
	if (!unit)
		return;
	obj->used[unit / 8] &= (uint8_t)~(1u << unit % 8);
	if (unit < obj->lowest)
		obj->lowest = unit;
}

/* A reference that was just read: somewhere where nothing else is. */
static uint32_t ref_take(struct ree_object *obj, const struct ree_ref *ref)
{
	if (!ref->unit)
		return TEE_R_SUCCESS;
	if (ref->unit < REE_FIRST_UNIT || ref->unit >= MAX_UNITS || unit_is_used(obj, ref->unit))
		return TEE_R_CORRUPT_OBJECT;
	return ree_unit_take(obj, ref->unit) ? TEE_R_SUCCESS : TEE_R_OUT_OF_MEMORY;
}

/*
 * A piece of the file that must be there. @data is private memory: FS_RPC_MAX_DATA at
 * most.
 */
static uint32_t read_exactly(struct fs_rpc *fs, uint32_t file, uint64_t at, uint8_t *data,
			     size_t size)
{
	size_t got = 0;
	uint32_t res = fs_rpc_read(fs, file, at, data, size, &got);

	if (res == TEE_R_SUCCESS && got != size)
		return TEE_R_CORRUPT_OBJECT;
	return res;
}

/*
 * Units in a row are read in one go: @sink gets the plain text of each of the @n blocks
 * from @first on, in order.
 */
static uint32_t for_each_unit(const struct ree_object *obj, struct fs_rpc *fs, uint32_t file,
			      enum ree_kind kind, const struct ree_ref *refs, uint32_t first,
			      uint32_t n, struct ree_sink sink)
{
	uint8_t *raw = malloc(FS_RPC_MAX_DATA + REE_UNIT);
	uint8_t *plain = raw + FS_RPC_MAX_DATA;
	uint32_t res = raw ? TEE_R_SUCCESS : TEE_R_OUT_OF_MEMORY;
	uint32_t in_row = 0, at = 0;

	for (uint32_t i = first; res == TEE_R_SUCCESS && i < first + n; i++) {
		const struct ree_ref *ref = &refs[i];

		if (!ref->unit) {
			memset(plain, 0, REE_UNIT);
			res = sink.fn(sink.data, i, plain);
			continue;
		}
		if (at == in_row) {
			for (in_row = 1; in_row < RUN_MAX && i + in_row < first + n; in_row++) {
				if (refs[i + in_row].unit != ref->unit + in_row)
					break;
			}
			at = 0;
			res = read_exactly(fs, file, (uint64_t)ref->unit * REE_UNIT, raw,
					   (size_t)in_row * REE_UNIT);
			if (res != TEE_R_SUCCESS)
				break;
		}
		res = result_of(unit_open(obj, kind, i, ref, raw + (size_t)at++ * REE_UNIT, plain));
		if (res == TEE_R_SUCCESS)
			res = sink.fn(sink.data, i, plain);
	}
	if (raw)
		explicit_bzero(plain, REE_UNIT);
	free(raw);
	return res;
}

/* --- heads --- */

static bool name_is_sane(const struct ree_name *name)
{
	uint32_t size = name->size == REE_NO_NAME ? 0 : name->size;

	if (size > REE_ID_MAX)
		return false;
	for (uint32_t i = size; i < REE_ID_MAX; i++) {
		if (name->id[i])
			return false;
	}
	return true;
}

uint32_t ree_n_blocks(uint64_t size)
{
	return (uint32_t)((size + REE_UNIT - 1) / REE_UNIT);
}

uint32_t ree_n_index(uint32_t n_blocks)
{
	return (n_blocks + REE_REFS_PER_UNIT - 1) / REE_REFS_PER_UNIT;
}

static bool head_is_plausible(const struct ree_head *head)
{
	return head->magic == REE_MAGIC && head->version == REE_VERSION &&
	       head->body_size >= sizeof(struct ree_body) &&
	       head->body_size <= REE_HEAD_ROOM - sizeof(*head) &&
	       (head->body_size - sizeof(struct ree_body)) % sizeof(struct ree_ref) == 0;
}

/* The body of a head that was opened: it is ours, so this finds our own mistakes. */
static uint32_t take_body(struct ree_object *obj, const struct ree_body *body, uint32_t n_index)
{
	uint32_t res = TEE_R_SUCCESS;

	if (body->size > REE_MAX_SIZE || !name_is_sane(&body->name) ||
	    body->name.size == REE_NO_NAME || !name_is_sane(&body->new_name) ||
	    body->n_index != n_index || n_index != ree_n_index(ree_n_blocks(body->size)))
		return TEE_R_CORRUPT_OBJECT;
	obj->size = body->size;
	obj->name = body->name;
	obj->new_name = body->new_name;
	obj->n_index = n_index;
	obj->n_blocks = ree_n_blocks(body->size);
	obj->lowest = REE_FIRST_UNIT;
	obj->index = calloc(n_index + 1, sizeof(*obj->index));
	if (!obj->index)
		return TEE_R_OUT_OF_MEMORY;
	memcpy(obj->index, body->index, n_index * sizeof(*obj->index));
	for (uint32_t i = 0; i < n_index && res == TEE_R_SUCCESS; i++)
		res = ref_take(obj, &obj->index[i]);
	return res;
}

/* One of the two; the first HEAD_FIRST bytes of it are in @buf, which has room for all. */
static uint32_t try_head(struct ree_object *obj, struct fs_rpc *fs, uint32_t file,
			 unsigned int which, uint8_t *buf, uint8_t *plain)
{
	struct ree_head head;
	size_t size;
	uint32_t res;

	memcpy(&head, buf, sizeof(head));
	size = sizeof(head) + head.body_size;
	if (size > HEAD_FIRST) {
		res = read_exactly(fs, file, which * REE_HEAD_ROOM, buf, size);
		if (res != TEE_R_SUCCESS)
			return res;
		/* What was looked at is what counts. */
		memcpy(buf, &head, sizeof(head));
	}
	res = take_salt(obj, head.salt);
	if (res != TEE_R_SUCCESS)
		return res;
	res = result_of(seal_decrypt(obj->key, head.nonce,
				     (struct seal_aad){ &head, offsetof(struct ree_head, tag) },
				     buf + sizeof(head), plain, head.body_size, head.tag));
	if (res != TEE_R_SUCCESS)
		return res;
	obj->counter = head.counter;
	return take_body(obj, (const struct ree_body *)plain,
			 (uint32_t)((head.body_size - sizeof(struct ree_body)) /
				    sizeof(struct ree_ref)));
}

/* The beginnings of both; what a short file lacks is zero. */
static uint32_t read_heads(struct fs_rpc *fs, uint32_t file, uint8_t *bufs[2])
{
	for (unsigned int i = 0; i < 2; i++) {
		size_t got = 0;
		uint32_t res = fs_rpc_read(fs, file, i * REE_HEAD_ROOM, bufs[i], HEAD_FIRST, &got);

		if (res != TEE_R_SUCCESS)
			return res;
		memset(bufs[i] + got, 0, HEAD_FIRST - got);
	}
	return TEE_R_SUCCESS;
}

static uint32_t choose_head(struct ree_object *obj, struct fs_rpc *fs, uint32_t file,
			    uint8_t *bufs[2], uint8_t *plain)
{
	const struct ree_head *heads[2] = { (void *)bufs[0], (void *)bufs[1] };
	uint32_t res = read_heads(fs, file, bufs);
	unsigned int first;

	if (res != TEE_R_SUCCESS)
		return res;
	first = !head_is_plausible(heads[0]) ||
		(head_is_plausible(heads[1]) && heads[1]->counter > heads[0]->counter);
	res = TEE_R_CORRUPT_OBJECT;
	for (unsigned int i = 0; i < 2 && res == TEE_R_CORRUPT_OBJECT; i++) {
		unsigned int which = first ^ i;

		ree_object_unload(obj);
		if (head_is_plausible(heads[which]))
			res = try_head(obj, fs, file, which, bufs[which], plain);
	}
	return res;
}

uint32_t ree_object_load_head(struct ree_object *obj, struct fs_rpc *fs, uint32_t file)
{
	uint8_t *mem = malloc(3 * REE_HEAD_ROOM);
	uint8_t *bufs[2] = { mem, mem + REE_HEAD_ROOM };
	uint32_t res;

	if (!mem)
		return TEE_R_OUT_OF_MEMORY;
	memset(mem, 0, 2 * REE_HEAD_ROOM);
	res = choose_head(obj, fs, file, bufs, mem + 2 * REE_HEAD_ROOM);
	free(mem);
	if (res != TEE_R_SUCCESS)
		ree_object_unload(obj);
	return res;
}

/* --- the index --- */

static uint32_t take_index(void *data, uint32_t number, const uint8_t plain[REE_UNIT])
{
	struct ree_object *obj = data;
	uint32_t first = number * REE_REFS_PER_UNIT;
	uint32_t n = obj->n_blocks - first;
	uint32_t res = TEE_R_SUCCESS;

	if (n > REE_REFS_PER_UNIT)
		n = REE_REFS_PER_UNIT;
	memcpy(&obj->blocks[first], plain, n * sizeof(struct ree_ref));
	for (uint32_t i = 0; i < n && res == TEE_R_SUCCESS; i++)
		res = ref_take(obj, &obj->blocks[first + i]);
	return res;
}

uint32_t ree_object_load(struct ree_object *obj, struct fs_rpc *fs, uint32_t file)
{
	uint32_t res = ree_object_load_head(obj, fs, file);

	if (res != TEE_R_SUCCESS)
		return res;
	obj->blocks = calloc(obj->n_blocks + 1, sizeof(*obj->blocks));
	if (!obj->blocks)
		res = TEE_R_OUT_OF_MEMORY;
	else
		res = for_each_unit(obj, fs, file, REE_INDEX, obj->index, 0, obj->n_index,
				    (struct ree_sink){ take_index, obj });
	if (res != TEE_R_SUCCESS)
		ree_object_unload(obj);
	else
		obj->loaded = true;
	return res;
}

/* --- data --- */

void ree_cache_set(struct ree_object *obj, uint32_t number, const uint8_t plain[REE_UNIT])
{
	/* It saves reading; without memory for it things go on as well. */
	if (!obj->cache)
		obj->cache = malloc(REE_UNIT);
	obj->cached = UINT32_MAX;
	if (!obj->cache)
		return;
	memcpy(obj->cache, plain, REE_UNIT);
	obj->cached = number;
}

static uint32_t copy_block(void *data, uint32_t number, const uint8_t plain[REE_UNIT])
{
	memcpy(data, plain, REE_UNIT);
	return TEE_R_SUCCESS;
}

uint32_t ree_block_get(struct ree_object *obj, struct fs_rpc *fs, uint32_t file, uint32_t number,
		       uint8_t plain[REE_UNIT])
{
	if (number >= obj->n_blocks || !obj->blocks[number].unit) {
		memset(plain, 0, REE_UNIT);
		return TEE_R_SUCCESS;
	}
	if (obj->cached == number) {
		memcpy(plain, obj->cache, REE_UNIT);
		return TEE_R_SUCCESS;
	}
	return for_each_unit(obj, fs, file, REE_DATA, obj->blocks, number, 1,
			     (struct ree_sink){ copy_block, plain });
}

/* What a read wants of the blocks that it gets */
struct reading {
	struct ree_object *obj;
	uint8_t *out;
	uint64_t start, end;
};

static uint32_t copy_part(void *data, uint32_t number, const uint8_t plain[REE_UNIT])
{
	struct reading *r = data;
	uint64_t base = (uint64_t)number * REE_UNIT;
	uint64_t from = r->start > base ? r->start : base;
	uint64_t to = r->end < base + REE_UNIT ? r->end : base + REE_UNIT;

	memcpy(r->out + (from - r->start), plain + (from - base), (size_t)(to - from));
	/* What follows is likely to be asked for next. */
	if (to == r->end && to != base + REE_UNIT)
		ree_cache_set(r->obj, number, plain);
	return TEE_R_SUCCESS;
}

uint32_t ree_object_read(struct ree_object *obj, struct fs_rpc *fs, uint32_t file, uint64_t at,
			 uint8_t *data, size_t size)
{
	struct reading reading = { .obj = obj, .out = data, .start = at, .end = at + size };
	uint32_t first = (uint32_t)(at / REE_UNIT);
	uint32_t last;

	if (!size)
		return TEE_R_SUCCESS;
	last = (uint32_t)((at + size - 1) / REE_UNIT);
	if (first == last && obj->cached == first)
		return copy_part(&reading, first, obj->cache);
	return for_each_unit(obj, fs, file, REE_DATA, obj->blocks, first, last - first + 1,
			     (struct ree_sink){ copy_part, &reading });
}
