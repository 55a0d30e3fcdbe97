/* SPDX-License-Identifier: BSD-2-Clause */
#include "secure/optee/fs_rpc.h"

#include <string.h>

#include "abi/tee_result.h"
#include "secure/common/shared.h"
#include "secure/optee/mobj.h"
#include "secure/optee/rpc.h"
#include "secure/optee/thread.h"

/* A handle is a descriptor number of the supplicant's, or what it calls one. */
#define MAX_HANDLE 0x7fffffffu

/* Where the second name of a request stands in the buffer */
#define SECOND_NAME 1024u

void fs_rpc_begin(struct fs_rpc *fs, struct thread *thread)
{
	*fs = (struct fs_rpc){ .thread = thread };
}

static void buffer_put(struct fs_rpc *fs)
{
	if (fs->mobj)
		rpc_shm_free(fs->thread, OPTEE_RPC_SHM_TYPE_APPL, fs->mobj, fs->cookie);
	fs->mobj = NULL;
}

void fs_rpc_end(struct fs_rpc *fs)
{
	buffer_put(fs);
}

static uint32_t buffer_get(struct fs_rpc *fs)
{
	uint32_t res;

	if (fs->interrupted)
		return TEE_R_COMMUNICATION;
	if (fs->mobj)
		return TEE_R_SUCCESS;
	res = rpc_shm_alloc(fs->thread, OPTEE_RPC_SHM_TYPE_APPL, FS_RPC_MAX_DATA, &fs->mobj,
			    &fs->cookie);
	if (res != TEE_R_SUCCESS) {
		fs->mobj = NULL;
		fs->interrupted = res == TEE_R_COMMUNICATION;
		/* Whoever is short of memory, it is not the TA. */
		return TEE_R_GENERIC;
	}
	fs->va = mobj_va(fs->thread->world, fs->mobj);
	if (!fs->va) {
		buffer_put(fs);
		return TEE_R_OUT_OF_MEMORY;
	}
	return TEE_R_SUCCESS;
}

/* The results that the protocol has; who answers another one answers nothing. */
static uint32_t result_check(uint32_t res)
{
	switch (res) {
	case TEE_R_SUCCESS:
	case TEE_R_ITEM_NOT_FOUND:
	case TEE_R_ACCESS_CONFLICT:
	case TEE_R_SHORT_BUFFER:
	case TEE_R_STORAGE_NO_SPACE:
	case TEE_R_STORAGE_NOT_AVAILABLE:
	case TEE_R_OUT_OF_MEMORY:
	case TEE_R_COMMUNICATION:
		return res;
	default:
		return TEE_R_GENERIC;
	}
}

static uint32_t request(struct fs_rpc *fs, struct optee_msg_param *params, size_t n)
{
	uint32_t res;

	if (fs->interrupted)
		return TEE_R_COMMUNICATION;
	res = result_check(rpc_cmd(fs->thread, OPTEE_RPC_CMD_FS, params, n));
	/* The supplicant that the buffer is from may be gone. */
	if (res == TEE_R_COMMUNICATION) {
		fs->interrupted = true;
		buffer_put(fs);
	}
	return res;
}

/* --- parameters --- */

static struct optee_msg_param value_in(uint64_t op, uint64_t b, uint64_t c)
{
	return (struct optee_msg_param){
		.attr = OPTEE_MSG_ATTR_TYPE_VALUE_INPUT,
		.u.value = { .a = op, .b = b, .c = c },
	};
}

static struct optee_msg_param buffer_param(const struct fs_rpc *fs, uint64_t attr, size_t offset,
					   size_t size)
{
	return (struct optee_msg_param){
		.attr = attr,
		.u.rmem = { .offs = offset, .size = size, .shm_ref = fs->cookie },
	};
}

/* Names are ours, and short. */
static struct optee_msg_param name_param(struct fs_rpc *fs, const char *name, size_t offset)
{
	size_t size = strlen(name) + 1;

	memcpy(fs->va + offset, name, size);
	return buffer_param(fs, OPTEE_MSG_ATTR_TYPE_RMEM_INPUT, offset, size);
}

/* --- requests --- */

static uint32_t open_by_name(struct fs_rpc *fs, uint64_t op, const char *name,
			     uint32_t *ret_handle)
{
	struct optee_msg_param params[3];
	uint32_t res = buffer_get(fs);

	if (res != TEE_R_SUCCESS)
		return res;
	params[0] = value_in(op, 0, 0);
	params[1] = name_param(fs, name, 0);
	params[2] = (struct optee_msg_param){ .attr = OPTEE_MSG_ATTR_TYPE_VALUE_OUTPUT };
	res = request(fs, params, 3);
	if (res != TEE_R_SUCCESS)
		return res;
	if (params[2].u.value.a > MAX_HANDLE)
		return TEE_R_GENERIC;
	*ret_handle = (uint32_t)params[2].u.value.a;
	return TEE_R_SUCCESS;
}

uint32_t fs_rpc_open(struct fs_rpc *fs, const char *name, uint32_t *ret_handle)
{
	return open_by_name(fs, OPTEE_RPC_FS_OPEN, name, ret_handle);
}

uint32_t fs_rpc_create(struct fs_rpc *fs, const char *name, uint32_t *ret_handle)
{
	return open_by_name(fs, OPTEE_RPC_FS_CREATE, name, ret_handle);
}

uint32_t fs_rpc_opendir(struct fs_rpc *fs, const char *name, uint32_t *ret_handle)
{
	return open_by_name(fs, OPTEE_RPC_FS_OPENDIR, name, ret_handle);
}

static uint32_t with_handle(struct fs_rpc *fs, uint64_t op, uint32_t handle, uint64_t c)
{
	struct optee_msg_param param = value_in(op, handle, c);

	return request(fs, &param, 1);
}

uint32_t fs_rpc_close(struct fs_rpc *fs, uint32_t handle)
{
	return with_handle(fs, OPTEE_RPC_FS_CLOSE, handle, 0);
}

uint32_t fs_rpc_closedir(struct fs_rpc *fs, uint32_t handle)
{
	return with_handle(fs, OPTEE_RPC_FS_CLOSEDIR, handle, 0);
}

uint32_t fs_rpc_truncate(struct fs_rpc *fs, uint32_t handle, uint64_t size)
{
	return with_handle(fs, OPTEE_RPC_FS_TRUNCATE, handle, size);
}

/* READ and READDIR: at most @size bytes into @data */
static uint32_t fetch(struct fs_rpc *fs, uint64_t op, uint32_t handle, uint64_t offset, void *data,
		      size_t size, size_t *ret_size)
{
	struct optee_msg_param params[2];
	uint32_t res = buffer_get(fs);
	uint64_t got;

	if (res != TEE_R_SUCCESS)
		return res;
	params[0] = value_in(op, handle, offset);
	params[1] = buffer_param(fs, OPTEE_MSG_ATTR_TYPE_RMEM_OUTPUT, 0, size);
	res = request(fs, params, 2);
	if (res != TEE_R_SUCCESS)
		return res;
	got = params[1].u.rmem.size;
	if (got > size)
		return TEE_R_GENERIC;
	shared_copy_in(data, fs->va, (size_t)got);
	*ret_size = (size_t)got;
	return TEE_R_SUCCESS;
}

uint32_t fs_rpc_read(struct fs_rpc *fs, uint32_t handle, uint64_t offset, void *data, size_t size,
		     size_t *ret_size)
{
	return fetch(fs, OPTEE_RPC_FS_READ, handle, offset, data, size, ret_size);
}

uint32_t fs_rpc_readdir(struct fs_rpc *fs, uint32_t handle, char name[FS_RPC_MAX_NAME])
{
	size_t size = 0;
	uint32_t res = fetch(fs, OPTEE_RPC_FS_READDIR, handle, 0, name, FS_RPC_MAX_NAME, &size);

	if (res == TEE_R_SUCCESS && !memchr(name, '\0', size))
		return TEE_R_GENERIC;
	return res;
}

uint32_t fs_rpc_write(struct fs_rpc *fs, uint32_t handle, uint64_t offset, const void *data,
		      size_t size)
{
	struct optee_msg_param params[2];
	uint32_t res = buffer_get(fs);

	if (res != TEE_R_SUCCESS)
		return res;
	memcpy(fs->va, data, size);
	params[0] = value_in(OPTEE_RPC_FS_WRITE, handle, offset);
	params[1] = buffer_param(fs, OPTEE_MSG_ATTR_TYPE_RMEM_INPUT, 0, size);
	return request(fs, params, 2);
}

uint32_t fs_rpc_remove(struct fs_rpc *fs, const char *name)
{
	struct optee_msg_param params[2];
	uint32_t res = buffer_get(fs);

	if (res != TEE_R_SUCCESS)
		return res;
	params[0] = value_in(OPTEE_RPC_FS_REMOVE, 0, 0);
	params[1] = name_param(fs, name, 0);
	return request(fs, params, 2);
}

uint32_t fs_rpc_rename(struct fs_rpc *fs, const char *from, const char *to, bool overwrite)
{
	struct optee_msg_param params[3];
	uint32_t res = buffer_get(fs);

	if (res != TEE_R_SUCCESS)
		return res;
	params[0] = value_in(OPTEE_RPC_FS_RENAME, overwrite, 0);
	params[1] = name_param(fs, from, 0);
	params[2] = name_param(fs, to, SECOND_NAME);
	return request(fs, params, 3);
}
