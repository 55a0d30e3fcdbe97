/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Trusted storage: enumerators
 *
 * When one is started it takes down the names of all files. Which objects they are is
 * looked up one by one: those that were removed meanwhile are left out.
 */
#include <stdlib.h>
#include <string.h>

#include "abi/tee_result.h"
#include "secure/optee/storage_private.h"

/* A supplicant may go on for ever. */
#define MAX_ENTRIES 65536u

struct enumerator {
	char (*files)[STORAGE_NAME_LEN + 1];
	uint32_t n, max, next;
};

static void clear(struct enumerator *e)
{
	free(e->files);
	*e = (struct enumerator){ .files = NULL };
}

uint32_t storage_enum_alloc(struct ta_storage *ts, uint32_t *ret_enum)
{
	struct enumerator *e = calloc(1, sizeof(*e));

	if (e && idtable_add(&ts->enums, e, ret_enum) == 0)
		return TEE_R_SUCCESS;
	free(e);
	return TEE_R_OUT_OF_MEMORY;
}

uint32_t storage_enum_free(struct ta_storage *ts, uint32_t id)
{
	struct enumerator *e = idtable_remove(&ts->enums, id);

	if (!e)
		return TEE_R_BAD_PARAMETERS;
	clear(e);
	free(e);
	return TEE_R_SUCCESS;
}

uint32_t storage_enum_reset(struct ta_storage *ts, uint32_t id)
{
	struct enumerator *e = idtable_get(&ts->enums, id);

	if (!e)
		return TEE_R_BAD_PARAMETERS;
	clear(e);
	return TEE_R_SUCCESS;
}

/* --- start --- */

static bool is_object_file(const char *name)
{
	return strlen(name) == STORAGE_NAME_LEN &&
	       strspn(name, "0123456789abcdef") == STORAGE_NAME_LEN;
}

static uint32_t add(struct enumerator *e, const char *name)
{
	if (e->n == e->max) {
		uint32_t max = e->max ? 2 * e->max : 16;
		void *files = realloc(e->files, max * sizeof(*e->files));

		if (!files)
			return TEE_R_OUT_OF_MEMORY;
		e->files = files;
		e->max = max;
	}
	memcpy(e->files[e->n++], name, sizeof(*e->files));
	return TEE_R_SUCCESS;
}

static uint32_t read_entries(struct enumerator *e, struct fs_rpc *fs, uint32_t dir)
{
	char name[FS_RPC_MAX_NAME];

	for (uint32_t i = 0; i < MAX_ENTRIES; i++) {
		uint32_t res = fs_rpc_readdir(fs, dir, name);

		if (res == TEE_R_ITEM_NOT_FOUND)
			return TEE_R_SUCCESS;
		if (res == TEE_R_SUCCESS && is_object_file(name))
			res = add(e, name);
		if (res != TEE_R_SUCCESS)
			return res;
	}
	return TEE_R_STORAGE_NOT_AVAILABLE;
}

static int compare(const void *a, const void *b)
{
	return strcmp(a, b);
}

/* What is named twice counts once. */
static void sort_out(struct enumerator *e)
{
	uint32_t n = 0;

	if (!e->n)
		return;
	qsort(e->files, e->n, sizeof(*e->files), compare);
	for (uint32_t i = 0; i < e->n; i++) {
		if (!n || strcmp(e->files[n - 1], e->files[i])) {
			if (n != i)
				memcpy(e->files[n], e->files[i], sizeof(*e->files));
			n++;
		}
	}
	e->n = n;
}

uint32_t storage_enum_start(struct thread *thread, struct ta_storage *ts, uint32_t id,
			    uint32_t storage_id)
{
	struct enumerator *e = idtable_get(&ts->enums, id);
	struct storage_ta ta;
	struct storage_io io;
	uint32_t dir, res;

	if (!e)
		return TEE_R_BAD_PARAMETERS;
	clear(e);
	if (!storage_id_is_known(storage_id))
		return TEE_R_ITEM_NOT_FOUND;
	res = storage_ta_get(ts, &ta);
	if (res != TEE_R_SUCCESS)
		return res;
	storage_io_begin(&io, ts->storage, thread);
	res = fs_rpc_opendir(&io.fs, ta.dir, &dir);
	if (res == TEE_R_SUCCESS) {
		res = read_entries(e, &io.fs, dir);
		(void)fs_rpc_closedir(&io.fs, dir);
	}
	storage_io_end(&io, thread);
	storage_ta_clear(&ta);
	sort_out(e);
	if (res == TEE_R_SUCCESS && !e->n)
		res = TEE_R_ITEM_NOT_FOUND;
	if (res != TEE_R_SUCCESS)
		clear(e);
	return res == TEE_R_ITEM_NOT_FOUND ? res : storage_result(res);
}

/* --- next --- */

/* The one of the object's names that the file has */
static uint32_t name_of(const struct storage_ta *ta, const struct ree_object *obj,
			const char *path, struct ree_name *ret_name)
{
	const struct ree_name *names[2] = { &obj->name, &obj->new_name };

	for (unsigned int i = 0; i < 2; i++) {
		char own[STORAGE_PATH_SIZE];
		uint32_t res;

		if (names[i]->size == REE_NO_NAME)
			continue;
		res = storage_path(ta, names[i], own);
		if (res != TEE_R_SUCCESS)
			return res;
		if (!strcmp(own, path)) {
			*ret_name = *names[i];
			return TEE_R_SUCCESS;
		}
	}
	return TEE_R_CORRUPT_OBJECT;
}

static uint32_t look_at(struct storage_io *io, const struct storage_ta *ta, const char *file,
			struct ree_name *ret_name, uint64_t *ret_size)
{
	char path[STORAGE_PATH_SIZE];
	struct ree_object obj;
	uint32_t res;

	storage_path_in(ta, file, path);
	res = storage_io_open(io, path);
	if (res != TEE_R_SUCCESS)
		return res;
	ree_object_init(&obj, ta->object_key);
	res = ree_object_load_head(&obj, &io->fs, io->file);
	if (res == TEE_R_SUCCESS)
		res = name_of(ta, &obj, path, ret_name);
	*ret_size = obj.size;
	ree_object_deinit(&obj);
	return res == TEE_R_ITEM_NOT_FOUND ? TEE_R_STORAGE_NOT_AVAILABLE : res;
}

uint32_t storage_enum_next(struct thread *thread, struct ta_storage *ts, uint32_t id,
			   struct ree_name *ret_name, uint64_t *ret_size)
{
	struct enumerator *e = idtable_get(&ts->enums, id);
	uint32_t res = TEE_R_ITEM_NOT_FOUND;
	struct storage_ta ta;
	struct storage_io io;

	if (!e)
		return TEE_R_BAD_PARAMETERS;
	if (e->next == e->n)
		return TEE_R_ITEM_NOT_FOUND;
	if (storage_ta_get(ts, &ta) != TEE_R_SUCCESS)
		return TEE_R_OUT_OF_MEMORY;
	storage_io_begin(&io, ts->storage, thread);
	while (res == TEE_R_ITEM_NOT_FOUND && e->next < e->n) {
		res = look_at(&io, &ta, e->files[e->next], ret_name, ret_size);
		/* What is out of reach now may be there the next time. */
		if (res == TEE_R_SUCCESS || res == TEE_R_CORRUPT_OBJECT ||
		    res == TEE_R_ITEM_NOT_FOUND)
			e->next++;
	}
	storage_io_end(&io, thread);
	storage_ta_clear(&ta);
	return res == TEE_R_ITEM_NOT_FOUND ? res : storage_result(res);
}
