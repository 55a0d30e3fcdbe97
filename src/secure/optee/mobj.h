/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Memory objects: buffers of the normal world that the trusted OS was told of
 *
 * A buffer is a list of 4 KiB pages (OPTEE_MSG NONCONTIG), kept as runs of pages
 * that follow each other in one region. It is mapped here only when this process
 * itself touches it; what a TA host maps goes by the file of the region.
 *
 * Registered objects are found by cookie. Each user holds a reference; taking one
 * out of the table waits for the last user. Objects that came with a single call
 * are in no table.
 *
 * Functions that return uint32_t return a TEE result.
 */
#ifndef SECURE_OPTEE_MOBJ_H
#define SECURE_OPTEE_MOBJ_H

#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "secure/optee/sync.h"

struct mobj;
struct optee_world;
struct thread;

struct shm_table {
	pthread_mutex_t lock;
	struct mobj **buckets;
	uint32_t n_buckets, n_mobjs;
	uint64_t last_serial;
	pthread_mutex_t map_lock;	/* of all objects: the first touch maps */
	struct wait_queue released;	/* who waits for the last user of an object */
};

int shm_table_init(struct shm_table *table);	/* 0, -ENOMEM */
void shm_table_deinit(struct shm_table *table, struct optee_world *world);

/*
 * The object behind a page list; @buf_ptr: address of the list, and in the low 12
 * bits the offset of the first byte in its page. One reference to the caller.
 * BAD_PARAMETERS for a list or a page that cannot be, OUT_OF_MEMORY.
 */
uint32_t mobj_new_noncontig(struct optee_world *world, uint64_t buf_ptr, uint64_t size,
			    struct mobj **ret_mobj);

/* The same for @size bytes of one page, which begin with it. */
uint32_t mobj_new_page(struct optee_world *world, uint64_t pa, uint64_t size,
		       struct mobj **ret_mobj);

/*
 * @size bytes of protected memory from @pa on. BAD_PARAMETERS unless all of them
 * are in it, and there are any; OUT_OF_MEMORY.
 */
uint32_t mobj_new_protected(struct optee_world *world, uint64_t pa, uint64_t size,
			    struct mobj **ret_mobj);

/* Only a TA that may have protected memory may have it. */
bool mobj_is_protected(const struct mobj *mobj);

/* Give the reference back. May be an RPC: somebody waits for the last one. */
void mobj_put(struct thread *thread, struct mobj *mobj);

/*
 * Make it known under @cookie; the table takes the caller's reference on success.
 * BAD_PARAMETERS when the cookie stands for another object, OUT_OF_MEMORY.
 */
uint32_t shm_table_add(struct shm_table *table, struct mobj *mobj, uint64_t cookie);

/* With a reference; NULL when it is unknown or about to go. */
struct mobj *shm_table_get(struct shm_table *table, uint64_t cookie);

/*
 * Forget it: at once for who looks it up, and then wait for the last user and take
 * it away from TA hosts. BAD_PARAMETERS when it is unknown, about to go, or holds
 * the message of this very call.
 */
uint32_t shm_table_remove(struct thread *thread, uint64_t cookie);

size_t mobj_size(const struct mobj *mobj);

/* The first byte, mapped read-write until the object goes; NULL: no memory. */
uint8_t *mobj_va(struct optee_world *world, struct mobj *mobj);

/* How a TA host can have it without a copy */
struct mobj_share {
	uint64_t serial;	/* of the object; never reused */
	uint64_t size;		/* whole pages */
	uint64_t first;		/* offset of the first byte in the first page */
	uint32_t n_pieces;
};

/* One after the other they are the object. */
struct mobj_piece {
	int fd;			/* the object's */
	uint64_t fd_offset;
	uint64_t size;
};

/*
 * False unless it is registered, and a few pieces of regions that are no one else's, or
 * when a file of theirs is not to be had.
 */
bool mobj_get_share(struct optee_world *world, const struct mobj *mobj, struct mobj_share *ret);
/* Of an object that is shared: @i is below n_pieces. */
struct mobj_piece mobj_get_piece(const struct mobj *mobj, uint32_t i);

#endif /* SECURE_OPTEE_MOBJ_H */
