/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Trusted storage: open objects, handles, who may share what
 *
 * An object that is open stands in the table once, with all handles of all instances
 * of its TA, so that they see one content. A handle holds it there.
 */
#include "secure/optee/storage.h"

#include <stdlib.h>
#include <string.h>

#include "abi/tee_result.h"
#include "secure/optee/storage_private.h"

/* What one TA instance may have open */
#define MAX_HANDLES 1024u
#define MAX_ENUMS 64u

#define ACCESS_FLAGS (STORAGE_ACCESS_READ | STORAGE_ACCESS_WRITE | STORAGE_ACCESS_WRITE_META)
#define SHARE_FLAGS (STORAGE_SHARE_READ | STORAGE_SHARE_WRITE)

/* What is being created; one at a time in a directory, no valid name of an object */
#define NEW_FILE "new"

enum {
	SEEK_FROM_START = 0,
	SEEK_FROM_POSITION = 1,
	SEEK_FROM_END = 2,
};

struct handle {
	struct handle *next;		/* of the same object */
	struct stored_object *object;
	uint32_t flags;
	uint64_t position;
};

struct stored_object {
	struct stored_object *next;
	uint8_t uuid[16];		/* of the TA */
	struct handle *handles;		/* guarded by the mutex */
	/* guarded by io */
	struct ree_name name;
	char path[STORAGE_PATH_SIZE];
	bool corrupt;
	struct ree_object content;
};

/* --- life --- */

int storage_init(struct storage *storage, const uint8_t huk[SEAL_KEY_SIZE])
{
	int r;

	*storage = (struct storage){ .objects = NULL };
	r = seal_derive(huk, "trusted storage", NULL, 0, storage->key);
	if (r < 0)
		return r;
	smutex_init(&storage->io);
	pthread_mutex_init(&storage->lock, NULL);
	return 0;
}

void storage_deinit(struct storage *storage)
{
	smutex_deinit(&storage->io);
	pthread_mutex_destroy(&storage->lock);
	explicit_bzero(storage->key, sizeof(storage->key));
}

void ta_storage_init(struct ta_storage *ts, struct storage *storage, const uint8_t uuid[16])
{
	*ts = (struct ta_storage){ .storage = storage };
	memcpy(ts->uuid, uuid, sizeof(ts->uuid));
	idtable_init(&ts->handles, MAX_HANDLES);
	idtable_init(&ts->enums, MAX_ENUMS);
}

static struct stored_object *object_new(const struct ta_storage *ts, const struct storage_ta *ta,
					const struct ree_name *name, const char *path)
{
	struct stored_object *object = calloc(1, sizeof(*object));

	if (!object)
		return NULL;
	memcpy(object->uuid, ts->uuid, sizeof(object->uuid));
	object->name = *name;
	memcpy(object->path, path, sizeof(object->path));
	ree_object_init(&object->content, ta->object_key);
	return object;
}

static void object_free(struct stored_object *object)
{
	if (object) {
		ree_object_deinit(&object->content);
		free(object);
	}
}

/* --- the table --- */

/* With the mutex held, as are the next two */
static struct stored_object *table_find(struct storage *storage, const uint8_t uuid[16],
					const char *path)
{
	struct stored_object *object = storage->objects;

	while (object && (memcmp(object->uuid, uuid, 16) || strcmp(object->path, path)))
		object = object->next;
	return object;
}

/*
 * May two handles be open on one object? Access for meta data is exclusive; what one
 * may do the other must have allowed, and itself allow; who shares nothing is alone.
 */
static bool may_share(uint32_t a, uint32_t b)
{
	uint32_t either = a | b, both = a & b;

	if (either & STORAGE_ACCESS_WRITE_META)
		return false;
	if (!(a & SHARE_FLAGS) || !(b & SHARE_FLAGS))
		return false;
	if (either & STORAGE_ACCESS_READ && !(both & STORAGE_SHARE_READ))
		return false;
	return !(either & STORAGE_ACCESS_WRITE) || both & STORAGE_SHARE_WRITE;
}

static void link_handle(struct stored_object *object, struct handle *handle)
{
	handle->object = object;
	handle->next = object->handles;
	object->handles = handle;
}

static bool table_has(struct storage *storage, const uint8_t uuid[16], const char *path)
{
	bool has;

	pthread_mutex_lock(&storage->lock);
	has = table_find(storage, uuid, path) != NULL;
	pthread_mutex_unlock(&storage->lock);
	return has;
}

/* One handle more for an object that is open: SUCCESS, ITEM_NOT_FOUND, ACCESS_CONFLICT. */
static uint32_t table_join(struct ta_storage *ts, const char *path, struct handle *handle)
{
	struct storage *storage = ts->storage;
	struct stored_object *object;
	uint32_t res = TEE_R_ITEM_NOT_FOUND;

	pthread_mutex_lock(&storage->lock);
	object = table_find(storage, ts->uuid, path);
	if (object) {
		res = TEE_R_SUCCESS;
		for (struct handle *h = object->handles; h; h = h->next) {
			if (!may_share(h->flags, handle->flags))
				res = TEE_R_ACCESS_CONFLICT;
		}
		if (res == TEE_R_SUCCESS)
			link_handle(object, handle);
	}
	pthread_mutex_unlock(&storage->lock);
	return res;
}

/* The first handle, which brings the object into the table */
static void table_add(struct storage *storage, struct stored_object *object,
		      struct handle *handle)
{
	pthread_mutex_lock(&storage->lock);
	object->next = storage->objects;
	storage->objects = object;
	link_handle(object, handle);
	pthread_mutex_unlock(&storage->lock);
}

/* --- handles --- */

/* One that stands for nothing yet */
static struct handle *handle_new(struct ta_storage *ts, uint32_t flags, uint32_t *ret_id)
{
	struct handle *handle = calloc(1, sizeof(*handle));

	if (!handle)
		return NULL;
	handle->flags = flags;
	if (idtable_add(&ts->handles, handle, ret_id) == 0)
		return handle;
	free(handle);
	return NULL;
}

/* Out of the object; the last one takes the object along. */
static void handle_drop(struct storage *storage, struct handle *handle)
{
	struct stored_object *object = handle->object;
	bool last;

	if (!object) {
		free(handle);
		return;
	}
	pthread_mutex_lock(&storage->lock);
	for (struct handle **p = &object->handles; *p; p = &(*p)->next) {
		if (*p == handle) {
			*p = handle->next;
			break;
		}
	}
	last = !object->handles;
	for (struct stored_object **p = &storage->objects; last && *p; p = &(*p)->next) {
		if (*p == object) {
			*p = object->next;
			break;
		}
	}
	pthread_mutex_unlock(&storage->lock);
	free(handle);
	if (last)
		object_free(object);
}

static void handle_close(struct ta_storage *ts, uint32_t id)
{
	struct handle *handle = idtable_remove(&ts->handles, id);

	if (handle)
		handle_drop(ts->storage, handle);
}

void ta_storage_deinit(struct ta_storage *ts)
{
	if (!ts->storage)
		return;
	for (uint32_t id = 1; ts->handles.n_used; id++)
		handle_close(ts, id);
	for (uint32_t id = 1; ts->enums.n_used; id++)
		(void)storage_enum_free(ts, id);
	idtable_deinit(&ts->handles);
	idtable_deinit(&ts->enums);
}

/* The handle, if it was opened with all of @flags. */
static uint32_t handle_get(struct ta_storage *ts, uint32_t id, uint32_t flags,
			   struct handle **ret_handle)
{
	struct handle *handle = idtable_get(&ts->handles, id);

	if (!handle)
		return TEE_R_BAD_PARAMETERS;
	if ((handle->flags & flags) != flags)
		return TEE_R_BAD_STATE;
	*ret_handle = handle;
	return TEE_R_SUCCESS;
}

/* --- work on an object that is open --- */

/* Its file, with what is in it known. */
static uint32_t object_enter(struct storage_io *io, struct stored_object *object)
{
	uint32_t res;

	if (object->corrupt)
		return TEE_R_CORRUPT_OBJECT;
	res = storage_io_open(io, object->path);
	if (res != TEE_R_SUCCESS)
		return res;
	if (object->content.loaded)
		return TEE_R_SUCCESS;
	res = ree_object_load(&object->content, &io->fs, io->file);
	/* One of another name was put in its place. */
	if (res == TEE_R_SUCCESS && !ree_name_equal(&object->content.name, &object->name) &&
	    !ree_name_equal(&object->content.new_name, &object->name))
		res = TEE_R_CORRUPT_OBJECT;
	return res;
}

static void object_is_corrupt(struct storage_io *io, struct stored_object *object)
{
	if (object->corrupt)
		return;
	object->corrupt = true;
	storage_io_close(io);
	(void)fs_rpc_remove(&io->fs, object->path);
}

/* What the TA gets to know of @res, and what becomes of its handle */
static uint32_t object_leave(struct storage_io *io, struct thread *thread, struct ta_storage *ts,
			     uint32_t id, struct stored_object *object, uint32_t res)
{
	res = storage_result(res);
	if (res == TEE_R_CORRUPT_OBJECT)
		object_is_corrupt(io, object);
	storage_io_end(io, thread);
	if (res == TEE_R_CORRUPT_OBJECT && !ts->keep_corrupt)
		handle_close(ts, id);
	return res;
}

/* --- open and create --- */

static uint32_t open_object(struct storage_io *io, struct ta_storage *ts,
			    const struct storage_ta *ta, const struct ree_name *name,
			    const char *path, struct stored_object **ret_object)
{
	struct stored_object *object = object_new(ts, ta, name, path);
	uint32_t res;

	if (!object)
		return TEE_R_OUT_OF_MEMORY;
	res = object_enter(io, object);
	if (res == TEE_R_CORRUPT_OBJECT)
		object_is_corrupt(io, object);
	if (res != TEE_R_SUCCESS) {
		object_free(object);
		return res == TEE_R_ITEM_NOT_FOUND ? res : storage_result(res);
	}
	*ret_object = object;
	return TEE_R_SUCCESS;
}

static uint32_t open_locked(struct storage_io *io, struct ta_storage *ts,
			    const struct storage_ta *ta, const struct ree_name *name,
			    struct handle *handle)
{
	char path[STORAGE_PATH_SIZE];
	struct stored_object *object = NULL;
	uint32_t res = storage_path(ta, name, path);

	if (res == TEE_R_SUCCESS)
		res = table_join(ts, path, handle);
	if (res != TEE_R_ITEM_NOT_FOUND)
		return res;
	res = open_object(io, ts, ta, name, path, &object);
	if (res == TEE_R_SUCCESS)
		table_add(ts->storage, object, handle);
	return res;
}

uint32_t storage_open(struct thread *thread, struct ta_storage *ts, uint32_t storage_id,
		      uint32_t flags, const struct ree_name *name, uint32_t *ret_handle)
{
	struct storage_ta ta;
	struct storage_io io;
	struct handle *handle;
	uint32_t res;

	if (flags & ~(ACCESS_FLAGS | SHARE_FLAGS))
		return TEE_R_BAD_PARAMETERS;
	if (!storage_id_is_known(storage_id))
		return TEE_R_ITEM_NOT_FOUND;
	handle = handle_new(ts, flags, ret_handle);
	if (!handle)
		return TEE_R_OUT_OF_MEMORY;
	res = storage_ta_get(ts, &ta);
	if (res == TEE_R_SUCCESS) {
		storage_io_begin(&io, ts->storage, thread);
		res = open_locked(&io, ts, &ta, name, handle);
		storage_io_end(&io, thread);
	}
	storage_ta_clear(&ta);
	if (res != TEE_R_SUCCESS)
		handle_close(ts, *ret_handle);
	return res;
}

/* A new file with all that is in it, then its name: the object is there or it is not. */
static uint32_t create_file(struct storage_io *io, const struct storage_ta *ta,
			    struct stored_object *object, bool overwrite, const uint8_t *data,
			    size_t size)
{
	char new_path[STORAGE_PATH_SIZE];
	uint32_t res;

	storage_path_in(ta, NEW_FILE, new_path);
	res = storage_io_create(io, new_path);
	if (res == TEE_R_SUCCESS)
		res = ree_object_make(&object->content, &object->name);
	if (res == TEE_R_SUCCESS)
		res = ree_object_write(&object->content, &io->fs, io->file, 0, data, size);
	if (res == TEE_R_SUCCESS)
		res = storage_io_rename(io, new_path, object->path, overwrite, &object->content);
	if (res != TEE_R_SUCCESS) {
		storage_io_close(io);
		(void)fs_rpc_remove(&io->fs, new_path);
	}
	return res == TEE_R_ACCESS_CONFLICT ? res : storage_result(res);
}

static uint32_t create_locked(struct storage_io *io, struct ta_storage *ts,
			      const struct storage_ta *ta, bool overwrite,
			      const struct ree_name *name, const uint8_t *data, size_t size,
			      struct handle *handle)
{
	struct stored_object *object;
	char path[STORAGE_PATH_SIZE];
	uint32_t res = storage_path(ta, name, path);

	if (res != TEE_R_SUCCESS)
		return res;
	/* It is replaced as a whole, which no open handle survives. */
	if (table_has(ts->storage, ts->uuid, path))
		return TEE_R_ACCESS_CONFLICT;
	if (!overwrite) {
		res = storage_io_open(io, path);
		if (res != TEE_R_ITEM_NOT_FOUND)
			return res == TEE_R_SUCCESS ? TEE_R_ACCESS_CONFLICT : storage_result(res);
	}
	object = object_new(ts, ta, name, path);
	if (!object)
		return TEE_R_OUT_OF_MEMORY;
	res = create_file(io, ta, object, overwrite, data, size);
	if (res == TEE_R_SUCCESS)
		table_add(ts->storage, object, handle);
	else
		object_free(object);
	return res;
}

uint32_t storage_create(struct thread *thread, struct ta_storage *ts, uint32_t storage_id,
			uint32_t flags, const struct ree_name *name, const uint8_t *data,
			size_t size, uint32_t *ret_handle)
{
	struct storage_ta ta;
	struct storage_io io;
	struct handle *handle;
	uint32_t res;

	if (flags & ~(ACCESS_FLAGS | SHARE_FLAGS | STORAGE_OVERWRITE))
		return TEE_R_BAD_PARAMETERS;
	if (!storage_id_is_known(storage_id))
		return TEE_R_ITEM_NOT_FOUND;
	handle = handle_new(ts, flags & ~STORAGE_OVERWRITE, ret_handle);
	if (!handle)
		return TEE_R_OUT_OF_MEMORY;
	res = storage_ta_get(ts, &ta);
	if (res == TEE_R_SUCCESS) {
		storage_io_begin(&io, ts->storage, thread);
		res = create_locked(&io, ts, &ta, flags & STORAGE_OVERWRITE, name, data, size,
				    handle);
		storage_io_end(&io, thread);
	}
	storage_ta_clear(&ta);
	if (res != TEE_R_SUCCESS)
		handle_close(ts, *ret_handle);
	return res;
}

/* --- close, delete, rename --- */

uint32_t storage_close(struct ta_storage *ts, uint32_t handle)
{
	if (!idtable_get(&ts->handles, handle))
		return TEE_R_BAD_PARAMETERS;
	handle_close(ts, handle);
	return TEE_R_SUCCESS;
}

uint32_t storage_delete(struct thread *thread, struct ta_storage *ts, uint32_t id)
{
	struct handle *handle;
	struct storage_io io;
	uint32_t res = handle_get(ts, id, STORAGE_ACCESS_WRITE_META, &handle);

	if (res != TEE_R_SUCCESS)
		return res;
	storage_io_begin(&io, ts->storage, thread);
	res = fs_rpc_remove(&io.fs, handle->object->path);
	storage_io_end(&io, thread);
	handle_close(ts, id);
	/* Not there may mean that another supplicant, with other files, was asked. */
	return storage_result(res);
}

/*
 * The head gets both names; then the file gets the new one, and that is the moment.
 * Which of the names is the object's is what the file is called.
 */
static uint32_t rename_file(struct storage_io *io, struct stored_object *object,
			    const struct ree_name *name, const char *path)
{
	const struct ree_name none = { .size = REE_NO_NAME };
	uint32_t res;

	res = storage_io_open(io, path);
	if (res != TEE_R_ITEM_NOT_FOUND)
		return res == TEE_R_SUCCESS ? TEE_R_ACCESS_CONFLICT : res;
	res = object_enter(io, object);
	if (res == TEE_R_SUCCESS)
		res = ree_object_set_names(&object->content, &io->fs, io->file, &object->name,
					   name);
	if (res == TEE_R_SUCCESS)
		res = storage_io_rename(io, object->path, path, /* overwrite: */ false,
					&object->content);
	if (res != TEE_R_SUCCESS)
		return res;
	object->name = *name;
	/* If this fails it is loaded again, and both names are right. */
	(void)ree_object_set_names(&object->content, &io->fs, io->file, name, &none);
	return TEE_R_SUCCESS;
}

static uint32_t rename_locked(struct storage_io *io, struct ta_storage *ts,
			      struct stored_object *object, const struct ree_name *name)
{
	char path[STORAGE_PATH_SIZE];
	struct storage_ta ta;
	uint32_t res = storage_ta_get(ts, &ta);

	if (res == TEE_R_SUCCESS)
		res = storage_path(&ta, name, path);
	storage_ta_clear(&ta);
	if (res != TEE_R_SUCCESS)
		return res;
	if (table_has(ts->storage, ts->uuid, path))
		return TEE_R_ACCESS_CONFLICT;
	res = rename_file(io, object, name, path);
	if (res == TEE_R_SUCCESS) {
		pthread_mutex_lock(&ts->storage->lock);
		memcpy(object->path, path, sizeof(object->path));
		pthread_mutex_unlock(&ts->storage->lock);
	}
	return res;
}

uint32_t storage_rename(struct thread *thread, struct ta_storage *ts, uint32_t id,
			const struct ree_name *name)
{
	struct handle *handle;
	struct storage_io io;
	uint32_t res = handle_get(ts, id, STORAGE_ACCESS_WRITE_META, &handle);

	if (res != TEE_R_SUCCESS)
		return res;
	storage_io_begin(&io, ts->storage, thread);
	res = rename_locked(&io, ts, handle->object, name);
	if (res == TEE_R_ACCESS_CONFLICT) {
		storage_io_end(&io, thread);
		return res;
	}
	return object_leave(&io, thread, ts, id, handle->object, res);
}

/* --- data --- */

uint32_t storage_info(struct thread *thread, struct ta_storage *ts, uint32_t id,
		      struct storage_info *ret)
{
	struct handle *handle;
	struct storage_io io;
	uint32_t res = handle_get(ts, id, 0, &handle);

	if (res != TEE_R_SUCCESS)
		return res;
	storage_io_begin(&io, ts->storage, thread);
	if (!handle->object->content.loaded)
		res = object_enter(&io, handle->object);
	ret->size = handle->object->content.size;
	ret->position = handle->position;
	ret->flags = handle->flags;
	return object_leave(&io, thread, ts, id, handle->object, res);
}

uint32_t storage_read(struct thread *thread, struct ta_storage *ts, uint32_t id, uint8_t *data,
		      size_t size, size_t *ret_size)
{
	struct handle *handle;
	struct storage_io io;
	uint64_t left = 0;
	uint32_t res = handle_get(ts, id, STORAGE_ACCESS_READ, &handle);

	*ret_size = 0;
	if (res != TEE_R_SUCCESS)
		return res;
	storage_io_begin(&io, ts->storage, thread);
	res = object_enter(&io, handle->object);
	if (res == TEE_R_SUCCESS) {
		const struct ree_object *content = &handle->object->content;

		if (handle->position < content->size)
			left = content->size - handle->position;
		if (size > left)
			size = (size_t)left;
		res = ree_object_read(&handle->object->content, &io.fs, io.file, handle->position,
				      data, size);
	}
	if (res == TEE_R_SUCCESS) {
		handle->position += size;
		*ret_size = size;
	}
	return object_leave(&io, thread, ts, id, handle->object, res);
}

uint32_t storage_write(struct thread *thread, struct ta_storage *ts, uint32_t id,
		       const uint8_t *data, size_t size)
{
	struct handle *handle;
	struct storage_io io;
	uint32_t res = handle_get(ts, id, STORAGE_ACCESS_WRITE, &handle);

	if (res != TEE_R_SUCCESS || !size)
		return res;
	if (size > STORAGE_MAX_POSITION - handle->position)
		return TEE_R_OVERFLOW;
	storage_io_begin(&io, ts->storage, thread);
	res = object_enter(&io, handle->object);
	if (res == TEE_R_SUCCESS)
		res = ree_object_write(&handle->object->content, &io.fs, io.file, handle->position,
				       data, size);
	if (res == TEE_R_SUCCESS)
		handle->position += size;
	return object_leave(&io, thread, ts, id, handle->object, res);
}

uint32_t storage_truncate(struct thread *thread, struct ta_storage *ts, uint32_t id,
			  uint64_t size)
{
	struct handle *handle;
	struct storage_io io;
	uint32_t res = handle_get(ts, id, STORAGE_ACCESS_WRITE, &handle);

	if (res != TEE_R_SUCCESS)
		return res;
	storage_io_begin(&io, ts->storage, thread);
	res = object_enter(&io, handle->object);
	if (res == TEE_R_SUCCESS)
		res = ree_object_resize(&handle->object->content, &io.fs, io.file, size);
	return object_leave(&io, thread, ts, id, handle->object, res);
}

uint32_t storage_seek(struct thread *thread, struct ta_storage *ts, uint32_t id, int64_t offset,
		      uint32_t whence)
{
	struct storage_info info;
	struct handle *handle;
	int64_t base, to;
	uint32_t res = handle_get(ts, id, 0, &handle);

	if (res != TEE_R_SUCCESS)
		return res;
	switch (whence) {
	case SEEK_FROM_START:
		base = 0;
		break;
	case SEEK_FROM_POSITION:
		base = (int64_t)handle->position;
		break;
	case SEEK_FROM_END:
		res = storage_info(thread, ts, id, &info);
		if (res != TEE_R_SUCCESS)
			return res;
		base = (int64_t)info.size;
		break;
	default:
		return TEE_R_BAD_PARAMETERS;
	}
	if (__builtin_add_overflow(base, offset, &to) || to > (int64_t)STORAGE_MAX_POSITION)
		return TEE_R_OVERFLOW;
	handle->position = to < 0 ? 0 : (uint64_t)to;
	return TEE_R_SUCCESS;
}
