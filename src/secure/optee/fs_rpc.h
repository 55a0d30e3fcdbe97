/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Files that the normal world keeps for the trusted OS (OPTEE_RPC_CMD_FS)
 *
 * A connection stands for one piece of work: it borrows a buffer from the supplicant
 * when it first needs one and gives it back at the end. A supplicant may die and
 * another take its place between any two requests, which then knows nothing of
 * handles that its predecessor gave, and may keep other files: so no handle outlives a
 * connection, there is one connection at a time (storage.h), and after a request that
 * was not answered (COMMUNICATION) a connection asks nothing any more.
 *
 * What comes back is checked and copied. Functions return the TEE result: SUCCESS,
 * one of those that the protocol has, or GENERIC for everything else.
 */
#ifndef SECURE_OPTEE_FS_RPC_H
#define SECURE_OPTEE_FS_RPC_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct mobj;
struct thread;

/* Most that one request can carry */
#define FS_RPC_MAX_DATA ((size_t)32 << 10)
/* A name with its NUL; more than any directory entry of Linux has */
#define FS_RPC_MAX_NAME 256u

struct fs_rpc {
	struct thread *thread;
	struct mobj *mobj;	/* the buffer, or NULL */
	uint64_t cookie;
	uint8_t *va;
	bool interrupted;	/* COMMUNICATION was answered */
};

void fs_rpc_begin(struct fs_rpc *fs, struct thread *thread);
void fs_rpc_end(struct fs_rpc *fs);

/* ITEM_NOT_FOUND for whatever reason it cannot be opened */
uint32_t fs_rpc_open(struct fs_rpc *fs, const char *name, uint32_t *ret_handle);
/* Empties it when it is there; directories come with it. */
uint32_t fs_rpc_create(struct fs_rpc *fs, const char *name, uint32_t *ret_handle);
uint32_t fs_rpc_close(struct fs_rpc *fs, uint32_t handle);

/* @size up to FS_RPC_MAX_DATA; fewer at the end of the file */
uint32_t fs_rpc_read(struct fs_rpc *fs, uint32_t handle, uint64_t offset, void *data, size_t size,
		     size_t *ret_size);
uint32_t fs_rpc_write(struct fs_rpc *fs, uint32_t handle, uint64_t offset, const void *data,
		      size_t size);
uint32_t fs_rpc_truncate(struct fs_rpc *fs, uint32_t handle, uint64_t size);

uint32_t fs_rpc_remove(struct fs_rpc *fs, const char *name);
/*
 * ACCESS_CONFLICT when @to is there and must not be replaced. SUCCESS is no proof:
 * tee-supplicant answers it to most failures.
 */
uint32_t fs_rpc_rename(struct fs_rpc *fs, const char *from, const char *to, bool overwrite);

/* ITEM_NOT_FOUND for an empty one, and at the end of one */
uint32_t fs_rpc_opendir(struct fs_rpc *fs, const char *name, uint32_t *ret_handle);
uint32_t fs_rpc_readdir(struct fs_rpc *fs, uint32_t handle, char name[FS_RPC_MAX_NAME]);
uint32_t fs_rpc_closedir(struct fs_rpc *fs, uint32_t handle);

#endif /* SECURE_OPTEE_FS_RPC_H */
