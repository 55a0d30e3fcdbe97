/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Trusted storage: persistent objects of TAs
 *
 * An object is one file of the normal world (ree_object.h), in a directory for each
 * TA. Names of directories and files are made with a key: the normal world sees that
 * there are objects and how large, not whose they are nor what they are called.
 *
 * One request at a time: the io lock is held over the requests to the supplicant that
 * a piece of work needs. It also guards what is inside of objects; the table of open
 * objects and who has them open is guarded by a mutex.
 *
 * A TA names objects by handles, which are its own. What it hands in is hostile; data
 * may lie in memory that changes meanwhile. Functions return a TEE result, BAD_PARAMETERS
 * or BAD_STATE for what a TA must not do (its host makes a panic of it).
 *
 * Whatever is wrong with the supplicant is STORAGE_NOT_AVAILABLE to the TA, so that it
 * can go on when there is another one; what was being changed then is as before or as
 * wanted. CORRUPT_OBJECT: the file is not what was written; it is removed, and the
 * handle is closed unless the TA wants to keep it.
 */
#ifndef SECURE_OPTEE_STORAGE_H
#define SECURE_OPTEE_STORAGE_H

#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "secure/common/idtable.h"
#include "secure/optee/ree_object.h"
#include "secure/optee/seal.h"
#include "secure/optee/sync.h"

struct stored_object;
struct thread;

/* TEE_STORAGE_* and TEE_DATA_FLAG_* */
#define STORAGE_PRIVATE 0x00000001u
#define STORAGE_PRIVATE_REE 0x80000000u
#define STORAGE_ACCESS_READ 0x1u
#define STORAGE_ACCESS_WRITE 0x2u
#define STORAGE_ACCESS_WRITE_META 0x4u
#define STORAGE_SHARE_READ 0x10u
#define STORAGE_SHARE_WRITE 0x20u
#define STORAGE_OVERWRITE 0x400u
#define STORAGE_MAX_POSITION 0xffffffffu

/* Handles of a supplicant that could not be closed because the client was killed */
#define STORAGE_MAX_LOST 16u

struct storage {
	uint8_t key[SEAL_KEY_SIZE];
	struct smutex io;
	pthread_mutex_t lock;
	struct stored_object *objects;		/* that are open */
	uint32_t lost[STORAGE_MAX_LOST];	/* guarded by io */
	uint32_t n_lost;
};

/* What one TA instance has open; whoever has the instance's lock uses it. */
struct ta_storage {
	struct storage *storage;
	uint8_t uuid[16];
	bool keep_corrupt;		/* handles stay open when the object is corrupt */
	struct idtable handles;
	struct idtable enums;
};

struct storage_info {
	uint64_t size;
	uint64_t position;
	uint32_t flags;		/* that it was opened with */
};

/* @huk: huk.h. 0, -ENOMEM. */
int storage_init(struct storage *storage, const uint8_t huk[SEAL_KEY_SIZE]);
/* No TA has anything open. */
void storage_deinit(struct storage *storage);

void ta_storage_init(struct ta_storage *ts, struct storage *storage, const uint8_t uuid[16]);
/* Close all; any thread, no call of the TA is under way. */
void ta_storage_deinit(struct ta_storage *ts);

uint32_t storage_open(struct thread *thread, struct ta_storage *ts, uint32_t storage_id,
		      uint32_t flags, const struct ree_name *name, uint32_t *ret_handle);
uint32_t storage_create(struct thread *thread, struct ta_storage *ts, uint32_t storage_id,
			uint32_t flags, const struct ree_name *name, const uint8_t *data,
			size_t size, uint32_t *ret_handle);
uint32_t storage_close(struct ta_storage *ts, uint32_t handle);
/* The handle is closed in any case. */
uint32_t storage_delete(struct thread *thread, struct ta_storage *ts, uint32_t handle);
uint32_t storage_rename(struct thread *thread, struct ta_storage *ts, uint32_t handle,
			const struct ree_name *name);
uint32_t storage_info(struct thread *thread, struct ta_storage *ts, uint32_t handle,
		      struct storage_info *ret);

/* Up to @size bytes from the position on, which moves. */
uint32_t storage_read(struct thread *thread, struct ta_storage *ts, uint32_t handle, uint8_t *data,
		      size_t size, size_t *ret_size);
uint32_t storage_write(struct thread *thread, struct ta_storage *ts, uint32_t handle,
		       const uint8_t *data, size_t size);
uint32_t storage_truncate(struct thread *thread, struct ta_storage *ts, uint32_t handle,
			  uint64_t size);
/* @whence: TEE_DATA_SEEK_* */
uint32_t storage_seek(struct thread *thread, struct ta_storage *ts, uint32_t handle,
		      int64_t offset, uint32_t whence);

uint32_t storage_enum_alloc(struct ta_storage *ts, uint32_t *ret_enum);
uint32_t storage_enum_free(struct ta_storage *ts, uint32_t id);
uint32_t storage_enum_reset(struct ta_storage *ts, uint32_t id);
/* ITEM_NOT_FOUND when there is no object */
uint32_t storage_enum_start(struct thread *thread, struct ta_storage *ts, uint32_t id,
			    uint32_t storage_id);
uint32_t storage_enum_next(struct thread *thread, struct ta_storage *ts, uint32_t id,
			   struct ree_name *ret_name, uint64_t *ret_size);

#endif /* SECURE_OPTEE_STORAGE_H */
