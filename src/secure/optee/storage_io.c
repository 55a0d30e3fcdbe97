/* SPDX-License-Identifier: BSD-2-Clause */
/* Trusted storage: names, and the way to files */
#include <stdio.h>
#include <string.h>

#include "abi/tee_result.h"
#include "secure/optee/storage_private.h"

/* No supplicant gives this handle: to close it is to ask whether anybody is there. */
#define NO_HANDLE 0x7fffffffu

/* --- names --- */

static void to_hex(const uint8_t *octets, char hex[STORAGE_NAME_LEN + 1])
{
	for (unsigned int i = 0; i < STORAGE_NAME_LEN / 2; i++)
		snprintf(hex + 2 * i, 3, "%02x", octets[i]);
}

uint32_t storage_ta_get(const struct ta_storage *ts, struct storage_ta *ret)
{
	const uint8_t *key = ts->storage->key;
	uint8_t dir[SEAL_KEY_SIZE];

	if (seal_derive(key, "ta objects", ts->uuid, 16, ret->object_key) < 0 ||
	    seal_derive(key, "ta names", ts->uuid, 16, ret->name_key) < 0 ||
	    seal_derive(key, "ta directory", ts->uuid, 16, dir) < 0)
		return TEE_R_OUT_OF_MEMORY;
	to_hex(dir, ret->dir);
	return TEE_R_SUCCESS;
}

void storage_ta_clear(struct storage_ta *ta)
{
	explicit_bzero(ta, sizeof(*ta));
}

void storage_path_in(const struct storage_ta *ta, const char *file, char path[STORAGE_PATH_SIZE])
{
	snprintf(path, STORAGE_PATH_SIZE, "%s/%s", ta->dir, file);
}

uint32_t storage_path(const struct storage_ta *ta, const struct ree_name *name,
		      char path[STORAGE_PATH_SIZE])
{
	char hex[STORAGE_NAME_LEN + 1];
	uint8_t octets[SEAL_KEY_SIZE];

	if (seal_derive(ta->name_key, "object", name->id, name->size, octets) < 0)
		return TEE_R_OUT_OF_MEMORY;
	to_hex(octets, hex);
	storage_path_in(ta, hex, path);
	return TEE_R_SUCCESS;
}

bool ree_name_equal(const struct ree_name *a, const struct ree_name *b)
{
	return a->size == b->size && (a->size == REE_NO_NAME || !memcmp(a->id, b->id, a->size));
}

uint32_t storage_result(uint32_t res)
{
	switch (res) {
	case TEE_R_SUCCESS:
	case TEE_R_CORRUPT_OBJECT:
	case TEE_R_OUT_OF_MEMORY:
	case TEE_R_STORAGE_NO_SPACE:
		return res;
	default:
		return TEE_R_STORAGE_NOT_AVAILABLE;
	}
}

/* --- files --- */

void storage_io_begin(struct storage_io *io, struct storage *storage, struct thread *thread)
{
	*io = (struct storage_io){ .storage = storage };
	smutex_lock(&storage->io, thread);
	fs_rpc_begin(&io->fs, thread);
	/* The supplicant may be another one by now, which refuses. */
	while (storage->n_lost && !io->fs.interrupted)
		(void)fs_rpc_close(&io->fs, storage->lost[--storage->n_lost]);
}

void storage_io_end(struct storage_io *io, struct thread *thread)
{
	storage_io_close(io);
	fs_rpc_end(&io->fs);
	smutex_unlock(&io->storage->io, thread);
}

uint32_t storage_io_open(struct storage_io *io, const char *path)
{
	uint32_t res;

	storage_io_close(io);
	res = fs_rpc_open(&io->fs, path, &io->file);
	io->is_open = res == TEE_R_SUCCESS;
	return res;
}

uint32_t storage_io_create(struct storage_io *io, const char *path)
{
	uint32_t res;

	storage_io_close(io);
	/* What a request that was given up may still write goes to the old file. */
	(void)fs_rpc_remove(&io->fs, path);
	res = fs_rpc_create(&io->fs, path, &io->file);
	io->is_open = res == TEE_R_SUCCESS;
	return res;
}

/*
 * After an interrupted request either the supplicant is gone, and its handles with it;
 * or the client was killed, and everything that it asks for is given up. Then whoever
 * comes next closes the file.
 */
static void close_interrupted(struct storage_io *io)
{
	struct storage *storage = io->storage;
	struct fs_rpc probe;

	fs_rpc_begin(&probe, io->fs.thread);
	if (fs_rpc_close(&probe, NO_HANDLE) == TEE_R_COMMUNICATION &&
	    storage->n_lost < STORAGE_MAX_LOST)
		storage->lost[storage->n_lost++] = io->file;
	fs_rpc_end(&probe);
}

void storage_io_close(struct storage_io *io)
{
	if (!io->is_open)
		return;
	io->is_open = false;
	if (io->fs.interrupted)
		close_interrupted(io);
	else
		(void)fs_rpc_close(&io->fs, io->file);
}

/* Is the open file the one that @obj was written to? */
static bool is_file_of(struct storage_io *io, const struct ree_object *obj)
{
	/* Which head is there depends on the number of changes. */
	for (unsigned int i = 0; i < 2; i++) {
		struct ree_head head = { .magic = 0 };
		size_t got = 0;

		if (fs_rpc_read(&io->fs, io->file, i * REE_HEAD_ROOM, (uint8_t *)&head,
				sizeof(head), &got) == TEE_R_SUCCESS &&
		    got == sizeof(head) && !memcmp(head.salt, obj->salt, sizeof(head.salt)))
			return true;
	}
	return false;
}

uint32_t storage_io_rename(struct storage_io *io, const char *from, const char *to, bool overwrite,
			   const struct ree_object *obj)
{
	uint32_t res;

	storage_io_close(io);
	res = fs_rpc_rename(&io->fs, from, to, overwrite);
	if (res != TEE_R_SUCCESS)
		return res;
	if (storage_io_open(io, to) != TEE_R_SUCCESS || !is_file_of(io, obj))
		return TEE_R_STORAGE_NOT_AVAILABLE;
	return TEE_R_SUCCESS;
}
