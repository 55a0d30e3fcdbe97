/* SPDX-License-Identifier: BSD-2-Clause */
#include "fake_fs.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "abi/tee_result.h"
#include "secure/optee/fs_rpc.h"

/* Handles of files and of directories; what a handle is to. */
#define FILE_HANDLE 100u
#define DIR_HANDLE 1000u

struct fake_fs fake_fs;

static struct {
	char name[80];
	unsigned int at;
} dirs[4];

/* --- life --- */

static void free_files(struct fake_fs *fs)
{
	for (unsigned int i = 0; i < FAKE_FS_MAX_FILES; i++)
		free(fs->files[i].data);
}

void fake_fs_reset(void)
{
	free_files(&fake_fs);
	fake_fs = (struct fake_fs){ .fail_at = 0 };
	memset(dirs, 0, sizeof(dirs));
}

void fake_fs_revive(void)
{
	for (unsigned int i = 0; i < FAKE_FS_MAX_FILES; i++) {
		struct fake_file *file = &fake_fs.files[i];

		file->open = 0;
		if (!file->name[0]) {
			free(file->data);
			*file = (struct fake_file){ .size = 0 };
		}
	}
	memset(dirs, 0, sizeof(dirs));
	fake_fs.n_requests = fake_fs.n_writes = 0;
	fake_fs.n_written = 0;
	fake_fs.fail_at = fake_fs.die_at = 0;
	fake_fs.dead = fake_fs.rename_lies = fake_fs.endless_directory = false;
}

static void copy_files(struct fake_fs *to, const struct fake_fs *from)
{
	*to = *from;
	for (unsigned int i = 0; i < FAKE_FS_MAX_FILES; i++) {
		const struct fake_file *file = &from->files[i];

		to->files[i].data = NULL;
		if (file->size) {
			to->files[i].data = malloc(file->size);
			memcpy(to->files[i].data, file->data, file->size);
		}
	}
}

struct fake_fs *fake_fs_save(void)
{
	struct fake_fs *saved = malloc(sizeof(*saved));

	copy_files(saved, &fake_fs);
	return saved;
}

void fake_fs_restore(const struct fake_fs *saved)
{
	free_files(&fake_fs);
	copy_files(&fake_fs, saved);
	fake_fs_revive();
}

void fake_fs_free(struct fake_fs *saved)
{
	free_files(saved);
	free(saved);
}

struct fake_file *fake_fs_find(const char *name)
{
	for (unsigned int i = 0; i < FAKE_FS_MAX_FILES; i++) {
		if (fake_fs.files[i].name[0] && !strcmp(fake_fs.files[i].name, name))
			return &fake_fs.files[i];
	}
	return NULL;
}

unsigned int fake_fs_count(void)
{
	unsigned int n = 0;

	for (unsigned int i = 0; i < FAKE_FS_MAX_FILES; i++)
		n += fake_fs.files[i].name[0] != '\0';
	return n;
}

unsigned int fake_fs_open_handles(void)
{
	unsigned int n = 0;

	for (unsigned int i = 0; i < FAKE_FS_MAX_FILES; i++)
		n += fake_fs.files[i].open;
	for (unsigned int i = 0; i < sizeof(dirs) / sizeof(dirs[0]); i++)
		n += dirs[i].name[0] != '\0';
	return n;
}

/* --- what becomes of a request --- */

enum fate {
	DO_IT,
	DO_HALF,
	REFUSE,
};

static enum fate fate_of(struct fs_rpc *fs, uint32_t *ret_res)
{
	unsigned int n;

	/* Such a connection asks nothing any more. */
	*ret_res = TEE_R_COMMUNICATION;
	if (fs->interrupted)
		return REFUSE;
	n = ++fake_fs.n_requests;
	*ret_res = TEE_R_SUCCESS;
	if (fake_fs.dead || n == fake_fs.die_at) {
		fs->interrupted = true;
		*ret_res = TEE_R_COMMUNICATION;
		if (fake_fs.dead || fake_fs.death == FAKE_FS_BEFORE) {
			fake_fs.dead = true;
			return REFUSE;
		}
		fake_fs.dead = true;
		return fake_fs.death == FAKE_FS_TORN ? DO_HALF : DO_IT;
	}
	if (n == fake_fs.fail_at) {
		*ret_res = fake_fs.fail_result;
		return REFUSE;
	}
	return DO_IT;
}

/* The answer: of the request, unless nobody is left to give it */
static uint32_t answer(uint32_t lost, uint32_t res)
{
	return lost == TEE_R_SUCCESS ? res : lost;
}

static struct fake_file *by_handle(uint32_t handle)
{
	uint32_t i = handle - FILE_HANDLE;

	return i < FAKE_FS_MAX_FILES && fake_fs.files[i].open ? &fake_fs.files[i] : NULL;
}

static uint32_t open_file(struct fake_file *file, uint32_t *ret_handle)
{
	file->open++;
	*ret_handle = FILE_HANDLE + (uint32_t)(file - fake_fs.files);
	return TEE_R_SUCCESS;
}

static void remove_file(struct fake_file *file)
{
	file->name[0] = '\0';
	if (!file->open) {
		free(file->data);
		*file = (struct fake_file){ .size = 0 };
	}
}

/* --- requests --- */

void __wrap_fs_rpc_begin(struct fs_rpc *fs, struct thread *thread);
void __wrap_fs_rpc_end(struct fs_rpc *fs);
uint32_t __wrap_fs_rpc_open(struct fs_rpc *fs, const char *name, uint32_t *ret_handle);
uint32_t __wrap_fs_rpc_create(struct fs_rpc *fs, const char *name, uint32_t *ret_handle);
uint32_t __wrap_fs_rpc_close(struct fs_rpc *fs, uint32_t handle);
uint32_t __wrap_fs_rpc_read(struct fs_rpc *fs, uint32_t handle, uint64_t offset, void *data,
			    size_t size, size_t *ret_size);
uint32_t __wrap_fs_rpc_write(struct fs_rpc *fs, uint32_t handle, uint64_t offset,
			     const void *data, size_t size);
uint32_t __wrap_fs_rpc_truncate(struct fs_rpc *fs, uint32_t handle, uint64_t size);
uint32_t __wrap_fs_rpc_remove(struct fs_rpc *fs, const char *name);
uint32_t __wrap_fs_rpc_rename(struct fs_rpc *fs, const char *from, const char *to,
			      bool overwrite);
uint32_t __wrap_fs_rpc_opendir(struct fs_rpc *fs, const char *name, uint32_t *ret_handle);
uint32_t __wrap_fs_rpc_readdir(struct fs_rpc *fs, uint32_t handle, char name[FS_RPC_MAX_NAME]);
uint32_t __wrap_fs_rpc_closedir(struct fs_rpc *fs, uint32_t handle);

void __wrap_fs_rpc_begin(struct fs_rpc *fs, struct thread *thread)
{
	*fs = (struct fs_rpc){ .thread = thread };
}

void __wrap_fs_rpc_end(struct fs_rpc *fs)
{
}

uint32_t __wrap_fs_rpc_open(struct fs_rpc *fs, const char *name, uint32_t *ret_handle)
{
	struct fake_file *file;
	uint32_t lost;

	if (fate_of(fs, &lost) == REFUSE)
		return lost;
	file = fake_fs_find(name);
	return answer(lost, file ? open_file(file, ret_handle) : TEE_R_ITEM_NOT_FOUND);
}

uint32_t __wrap_fs_rpc_create(struct fs_rpc *fs, const char *name, uint32_t *ret_handle)
{
	struct fake_file *file;
	uint32_t lost;

	if (fate_of(fs, &lost) == REFUSE)
		return lost;
	file = fake_fs_find(name);
	for (unsigned int i = 0; !file && i < FAKE_FS_MAX_FILES; i++) {
		if (!fake_fs.files[i].name[0] && !fake_fs.files[i].open)
			file = &fake_fs.files[i];
	}
	if (!file)
		return answer(lost, TEE_R_STORAGE_NO_SPACE);
	free(file->data);
	file->data = NULL;
	file->size = 0;
	snprintf(file->name, sizeof(file->name), "%s", name);
	return answer(lost, open_file(file, ret_handle));
}

uint32_t __wrap_fs_rpc_close(struct fs_rpc *fs, uint32_t handle)
{
	struct fake_file *file = by_handle(handle);
	uint32_t lost;

	if (fate_of(fs, &lost) == REFUSE)
		return lost;
	if (!file)
		return answer(lost, TEE_R_GENERIC);
	file->open--;
	if (!file->name[0])
		remove_file(file);
	return answer(lost, TEE_R_SUCCESS);
}

uint32_t __wrap_fs_rpc_read(struct fs_rpc *fs, uint32_t handle, uint64_t offset, void *data,
			    size_t size, size_t *ret_size)
{
	struct fake_file *file = by_handle(handle);
	uint32_t lost;

	if (fate_of(fs, &lost) == REFUSE)
		return lost;
	if (!file || size > FS_RPC_MAX_DATA)
		return answer(lost, TEE_R_GENERIC);
	if (offset > file->size)
		offset = file->size;
	if (size > file->size - offset)
		size = (size_t)(file->size - offset);
	if (size)
		memcpy(data, file->data + offset, size);
	*ret_size = size;
	return answer(lost, TEE_R_SUCCESS);
}

static void resize(struct fake_file *file, size_t size)
{
	file->data = realloc(file->data, size + 1);
	if (size > file->size)
		memset(file->data + file->size, 0, size - file->size);
	file->size = size;
}

uint32_t __wrap_fs_rpc_write(struct fs_rpc *fs, uint32_t handle, uint64_t offset,
			     const void *data, size_t size)
{
	struct fake_file *file = by_handle(handle);
	uint32_t lost;
	enum fate fate = fate_of(fs, &lost);

	if (fate == REFUSE)
		return lost;
	if (!file || size > FS_RPC_MAX_DATA)
		return answer(lost, TEE_R_GENERIC);
	if (fate == DO_HALF)
		size /= 2;
	if (offset + size > file->size)
		resize(file, (size_t)(offset + size));
	memcpy(file->data + offset, data, size);
	fake_fs.n_writes++;
	fake_fs.n_written += size;
	return answer(lost, TEE_R_SUCCESS);
}

uint32_t __wrap_fs_rpc_truncate(struct fs_rpc *fs, uint32_t handle, uint64_t size)
{
	struct fake_file *file = by_handle(handle);
	uint32_t lost;

	if (fate_of(fs, &lost) == REFUSE)
		return lost;
	if (!file)
		return answer(lost, TEE_R_GENERIC);
	resize(file, (size_t)size);
	return answer(lost, TEE_R_SUCCESS);
}

uint32_t __wrap_fs_rpc_remove(struct fs_rpc *fs, const char *name)
{
	struct fake_file *file;
	uint32_t lost;

	if (fate_of(fs, &lost) == REFUSE)
		return lost;
	file = fake_fs_find(name);
	if (!file)
		return answer(lost, TEE_R_ITEM_NOT_FOUND);
	remove_file(file);
	return answer(lost, TEE_R_SUCCESS);
}

uint32_t __wrap_fs_rpc_rename(struct fs_rpc *fs, const char *from, const char *to,
			      bool overwrite)
{
	struct fake_file *file, *there;
	uint32_t lost;

	if (fate_of(fs, &lost) == REFUSE)
		return lost;
	if (fake_fs.rename_lies)
		return answer(lost, TEE_R_SUCCESS);
	file = fake_fs_find(from);
	there = fake_fs_find(to);
	if (!file)
		return answer(lost, TEE_R_ITEM_NOT_FOUND);
	if (there && !overwrite)
		return answer(lost, TEE_R_ACCESS_CONFLICT);
	if (there)
		remove_file(there);
	snprintf(file->name, sizeof(file->name), "%s", to);
	return answer(lost, TEE_R_SUCCESS);
}

/* --- directories --- */

static bool is_in(const struct fake_file *file, const char *dir)
{
	size_t len = strlen(dir);

	return file->name[0] && !strncmp(file->name, dir, len) && file->name[len] == '/';
}

uint32_t __wrap_fs_rpc_opendir(struct fs_rpc *fs, const char *name, uint32_t *ret_handle)
{
	unsigned int n = 0, i = 0;
	uint32_t lost;

	if (fate_of(fs, &lost) == REFUSE)
		return lost;
	for (unsigned int f = 0; f < FAKE_FS_MAX_FILES; f++)
		n += is_in(&fake_fs.files[f], name);
	if (!n)
		return answer(lost, TEE_R_ITEM_NOT_FOUND);
	while (dirs[i].name[0])
		i++;
	snprintf(dirs[i].name, sizeof(dirs[i].name), "%s", name);
	dirs[i].at = 0;
	*ret_handle = DIR_HANDLE + i;
	return answer(lost, TEE_R_SUCCESS);
}

uint32_t __wrap_fs_rpc_readdir(struct fs_rpc *fs, uint32_t handle, char name[FS_RPC_MAX_NAME])
{
	uint32_t d = handle - DIR_HANDLE;
	uint32_t lost;

	if (fate_of(fs, &lost) == REFUSE)
		return lost;
	if (d >= sizeof(dirs) / sizeof(dirs[0]) || !dirs[d].name[0])
		return answer(lost, TEE_R_GENERIC);
	if (fake_fs.endless_directory)
		dirs[d].at = 0;
	while (dirs[d].at < FAKE_FS_MAX_FILES) {
		const struct fake_file *file = &fake_fs.files[dirs[d].at++];

		if (!is_in(file, dirs[d].name))
			continue;
		snprintf(name, FS_RPC_MAX_NAME, "%s", strrchr(file->name, '/') + 1);
		return answer(lost, TEE_R_SUCCESS);
	}
	return answer(lost, TEE_R_ITEM_NOT_FOUND);
}

uint32_t __wrap_fs_rpc_closedir(struct fs_rpc *fs, uint32_t handle)
{
	uint32_t lost;

	if (fate_of(fs, &lost) == REFUSE)
		return lost;
	dirs[handle - DIR_HANDLE].name[0] = '\0';
	return answer(lost, TEE_R_SUCCESS);
}
