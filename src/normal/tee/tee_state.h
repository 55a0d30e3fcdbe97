/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What a device has open, for status views
 *
 * Copies of the core's own lists, taken in one step under the device's mutex: a
 * sum over them is right for one moment. Nothing in them keeps anything alive;
 * serials, never pointers, say what belongs together.
 */
#ifndef NORMAL_TEE_STATE_H
#define NORMAL_TEE_STATE_H

#include <linux/types.h>

struct tee_device;

/**
 * struct tee_context_state - one context
 * @num_shm: shm that belong to it now; for the device context also the orphans
 * @is_device: the device context
 * @ended: closed; sessions may still be closing, memory may keep it
 */
struct tee_context_state {
	u64 serial;
	size_t num_shm;
	bool is_device;
	bool ended;
};

enum tee_shm_kind {
	TEE_SHM_KIND_ALLOC,	/* SHM_ALLOC */
	TEE_SHM_KIND_REGISTER,	/* SHM_REGISTER */
	TEE_SHM_KIND_FD,	/* SHM_REGISTER_FD */
	TEE_SHM_KIND_KERNEL,	/* of the driver, no client knows it */
};

/**
 * struct tee_shm_state - one shm
 * @ctx: serial of the context it belongs to
 * @id: by which a client can name it, -1 for none
 * @orphan: the context that made it has ended
 * @registered: the TEE knows it by a handle, until its release
 * @refs: all references
 * @calls: those among them of parameters of running ioctls
 */
struct tee_shm_state {
	u64 serial;
	u64 ctx;
	size_t size;
	int id;
	enum tee_shm_kind kind;
	bool orphan;
	bool registered;
	unsigned int refs;
	unsigned int calls;
};

struct tee_device_state {
	size_t num_contexts;
	struct tee_context_state *contexts;
	size_t num_shms;
	struct tee_shm_state *shms;
};

/*
 * 0 or -ENOMEM, with nothing to free then. The caller holds a device user. Cost:
 * one walk over both lists under the mutex.
 */
int tee_device_get_state(struct tee_device *teedev, struct tee_device_state *ret_state);
void tee_device_free_state(struct tee_device_state *state);

#endif /* NORMAL_TEE_STATE_H */
