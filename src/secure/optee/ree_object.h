/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A persistent object in one file of the normal world
 *
 * The file is made of units of 4 KiB. The first ones hold two heads; the others hold
 * blocks of data and blocks of the index, wherever there was room. Each is encrypted
 * with a nonce of its own; nonce, tag and place of a block stand in a reference. The
 * head has the references of the index, the index those of the data: so one head
 * commits to a whole content, and nothing of another content fits under it.
 *
 * A change writes what is new into free units, then a head over the older of the two.
 * That write is the moment at which it takes place. Up to there, and when it is torn,
 * the other head is valid and all that it refers to is untouched. A change costs what
 * it changes, one block of the index for each 512 KiB that it touches, and a head.
 *
 * After a change that failed nobody knows which head is the current one: the object
 * is not loaded any more, and the next use reads the file again.
 *
 * Whoever keeps the file can put back an older one as a whole; that is not noticed.
 *
 * Callers have the connection (fs_rpc.h) to themselves, and so the object. Functions
 * that return uint32_t return a TEE result; results of the connection are passed on,
 * CORRUPT_OBJECT is our own verdict.
 */
#ifndef SECURE_OPTEE_REE_OBJECT_H
#define SECURE_OPTEE_REE_OBJECT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "secure/optee/seal.h"

struct fs_rpc;

#define REE_ID_MAX 64u
#define REE_NO_NAME 0xffffffffu

/* Numbers and layouts of the file; byte order is the machine's. */
#define REE_UNIT 4096u
#define REE_HEAD_ROOM ((uint64_t)32 << 10)	/* for each of the two */
#define REE_FIRST_UNIT 16u
#define REE_REFS_PER_UNIT 128u
#define REE_MAX_INDEX 960u
#define REE_MAX_BLOCKS (REE_MAX_INDEX * REE_REFS_PER_UNIT)
/* 480 MiB */
#define REE_MAX_SIZE ((uint64_t)REE_MAX_BLOCKS * REE_UNIT)

#define REE_MAGIC 0x4a424f53u
#define REE_VERSION 1u

struct ree_ref {
	uint32_t unit;			/* 0: nothing there, all zeroes */
	uint8_t nonce[SEAL_NONCE_SIZE];
	uint8_t tag[SEAL_TAG_SIZE];
};
_Static_assert(sizeof(struct ree_ref) == 32, "ree_ref");

/* In the clear, and covered by the tag up to it; the body follows. */
struct ree_head {
	uint32_t magic;
	uint32_t version;
	uint64_t counter;		/* the head with the higher one counts */
	uint8_t salt[32];		/* of the key of this file */
	uint8_t nonce[SEAL_NONCE_SIZE];
	uint32_t body_size;
	uint8_t tag[SEAL_TAG_SIZE];
};
_Static_assert(sizeof(struct ree_head) == 80, "ree_head");

struct ree_name {
	uint32_t size;			/* up to REE_ID_MAX, 0 is a name; or REE_NO_NAME */
	uint8_t id[REE_ID_MAX];		/* zeroes behind it */
};

struct ree_body {
	uint64_t size;			/* of the data */
	uint32_t n_index;
	struct ree_name name;
	struct ree_name new_name;	/* of a rename that may not have happened */
	uint32_t pad;
	struct ree_ref index[];
};
_Static_assert(sizeof(struct ree_body) == 152, "ree_body");

struct ree_object {
	uint8_t parent[SEAL_KEY_SIZE];	/* of the TA; with the salt it makes the key */
	bool loaded;
	/* From here on only when loaded */
	uint8_t salt[32];
	uint8_t key[SEAL_KEY_SIZE];
	uint64_t counter;
	uint64_t size;
	struct ree_name name, new_name;
	struct ree_ref *blocks;		/* of data */
	uint32_t n_blocks;
	struct ree_ref *index;
	uint32_t n_index;
	uint8_t *used;			/* a bit for each unit */
	uint32_t n_units;		/* that `used` has room for */
	uint32_t lowest;		/* no unit below it is free */
	uint8_t *cache;			/* one block of data in the clear, or NULL */
	uint32_t cached;		/* its number; UINT32_MAX: none */
};

void ree_object_init(struct ree_object *obj, const uint8_t parent[SEAL_KEY_SIZE]);
/* All memory goes, with what was secret in it. May be used again after another init. */
void ree_object_deinit(struct ree_object *obj);

/* An empty object that is in no file yet; the first change puts it there. */
uint32_t ree_object_make(struct ree_object *obj, const struct ree_name *name);

/* What the file has. CORRUPT_OBJECT; on failure it is not loaded. */
uint32_t ree_object_load(struct ree_object *obj, struct fs_rpc *fs, uint32_t file);
/* Names and size only: good for nothing but looking at them. */
uint32_t ree_object_load_head(struct ree_object *obj, struct fs_rpc *fs, uint32_t file);

/* @size bytes, all of them within the object's size */
uint32_t ree_object_read(struct ree_object *obj, struct fs_rpc *fs, uint32_t file, uint64_t at,
			 uint8_t *data, size_t size);

/* All or nothing; @data may change meanwhile. STORAGE_NO_SPACE beyond REE_MAX_SIZE. */
uint32_t ree_object_write(struct ree_object *obj, struct fs_rpc *fs, uint32_t file, uint64_t at,
			  const uint8_t *data, size_t size);
/* Shorter, or longer with zeroes */
uint32_t ree_object_resize(struct ree_object *obj, struct fs_rpc *fs, uint32_t file,
			   uint64_t size);
uint32_t ree_object_set_names(struct ree_object *obj, struct fs_rpc *fs, uint32_t file,
			      const struct ree_name *name, const struct ree_name *new_name);

#endif /* SECURE_OPTEE_REE_OBJECT_H */
