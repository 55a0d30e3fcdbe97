/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What the files of the TEE core share and drivers do not see
 *
 * The locks of the core are that of the list of devices and, inside, tee_device.mutex.
 * Neither is ever held over a driver op, user memory access or a call of the platform.
 */
#ifndef NORMAL_TEE_PRIVATE_H
#define NORMAL_TEE_PRIVATE_H

#include <linux/completion.h>
#include <linux/container_of.h>
#include <linux/list.h>
#include <linux/types.h>

#include "abi/tee.h"
#include "normal/tee/tee_core.h"

struct dma_buf;

/**
 * struct tee_device_obj - a device with what only the core sees
 * @link, @seq: in the list of the registered devices; see tee_device_get_next()
 * @all_shm: every published shm by tee_shm_obj.dev_link, newest first
 * @contexts: every context by tee_context_obj.dev_link, newest first
 * @last_context, @last_shm: serial of the last one made
 * @n_ended: contexts that were closed and are still pointed at by an shm
 * @c_dev_ctx: the device context has ended and no shm points at it
 */
struct tee_device_obj {
	struct tee_device teedev;
	struct list_head link;
	u64 seq;
	struct list_head all_shm;
	struct list_head contexts;
	u64 last_context;
	u64 last_shm;
	size_t n_ended;
	struct completion c_dev_ctx;
};

/**
 * struct tee_context_obj - a context with what only the core sees
 * @refs: 1 until the end, 1 for each shm that points here, 1 for each walk
 *	that stands at such an shm; keeps the memory valid, not the context open.
 *	Guarded by the device's mutex
 * @serial: names it in status views; constant
 * @dev_link: in tee_device_obj.contexts, from the end of open() on
 * @is_device: the device context; set before open()
 * @ended: closed; only memory remains
 */
struct tee_context_obj {
	struct tee_context ctx;
	size_t refs;
	u64 serial;
	struct list_head dev_link;
	bool is_device;
	bool ended;
};

/**
 * struct tee_shm_obj - an shm with what only the core sees
 * @teedev: as shm.ctx->teedev, but readable without the mutex: another task may
 *	orphan the shm and free its old context at any time
 * @serial: names it in status views; constant
 * @user: made by a client, which knew it by an id
 * @calls: how many of the references are those of parameters of running ioctls,
 *	guarded by the device's mutex
 * @counted: holds a device user; not when created on the device context, whose
 *	end comes after the last user
 * @pins: walks that stand at it, guarded by the device's mutex; the last put
 *	waits for @c_unpinned before it releases
 * @dmabuf: TEE_SHM_DMA_BUF: the buffer, counted
 * @parent: TEE_SHM_DMA_BUF: the shm of its pool that stands for it, at
 *	@parent_offs; not counted, @dmabuf keeps it. NULL: it stands for itself
 */
struct tee_shm_obj {
	struct tee_shm shm;
	struct tee_device *teedev;
	struct list_head dev_link;
	u64 serial;
	unsigned int calls;
	bool user;
	bool counted;
	unsigned int pins;
	struct completion c_unpinned;
	struct dma_buf *dmabuf;
	struct tee_shm *parent;
	size_t parent_offs;
};

static inline struct tee_device_obj *tee_device_obj(struct tee_device *teedev)
{
	return container_of(teedev, struct tee_device_obj, teedev);
}

static inline struct tee_context_obj *tee_context_obj(struct tee_context *ctx)
{
	return container_of(ctx, struct tee_context_obj, ctx);
}

static inline struct tee_shm_obj *tee_shm_obj(struct tee_shm *shm)
{
	return container_of(shm, struct tee_shm_obj, shm);
}

/* tee_device.c */

/*
 * The first registered device behind position @seq (0: of all), in the order of their
 * registration, with one user more; NULL at the end. A position stays good when the
 * device that was there is unregistered.
 */
struct tee_device *tee_device_get_next(u64 seq);

/* tee_context.c */

/*
 * Open a context, or with @is_device the device context, which takes no device
 * user. ERR_PTR: -EINVAL the device is leaving, -EBUSY the memory of the last
 * holder of a privileged device is still in use, -ENOMEM, or the driver's.
 */
struct tee_context *tee_context_open(struct tee_device *teedev, bool is_device);
/* End the device context, after the last user. Waits for its own shm. */
void tee_context_end_device(struct tee_context *ctx);
/*
 * Keep the memory of @ctx valid. get needs teedev->mutex held; put takes it, and
 * the caller keeps the device alive, except for the last put of the ended device
 * context, which lets tee_context_end_device() go on.
 */
void tee_context_get_locked(struct tee_context *ctx);
void tee_context_put(struct tee_device *teedev, struct tee_context *ctx);

/* tee_shm.c */

/*
 * The two shm that clients make. One reference, for the caller; the id is
 * published. Errors as in facts 1.7, SHM_ALLOC steps 3 to 8 and SHM_REGISTER
 * steps 3 to 9.
 */
struct tee_shm *tee_shm_alloc_user_buf(struct tee_context *ctx, size_t size);
struct tee_shm *tee_shm_register_user_buf(struct tee_context *ctx, unsigned long addr,
					  size_t length);
/*
 * SHM_REGISTER_FD: the dma-buf behind a descriptor of the current task. One
 * reference, for the caller; the id is published. ERR_PTR: -EBADF no descriptor,
 * -EINVAL not a buffer of a heap of this device, or the device is leaving; -ENOMEM,
 * -ENOSPC.
 */
struct tee_shm *tee_shm_register_fd(struct tee_context *ctx, int fd);
/*
 * Was @shm made of pages of its owner? What is not shared with the TEE in place is
 * synchronised around a call. NULL was not.
 */
static inline bool tee_shm_is_registered(const struct tee_shm *shm)
{
	return shm && (shm->flags & (TEE_SHM_DYNAMIC | TEE_SHM_POOL)) == TEE_SHM_DYNAMIC;
}
/*
 * As tee_shm_get_from_id() and tee_shm_put(), for a parameter of a running ioctl.
 * The references are told apart from others, for status views only.
 */
struct tee_shm *tee_shm_get_for_call(struct tee_context *ctx, int id);
void tee_shm_put_from_call(struct tee_shm *shm);
/* The driver takes such a reference over. */
void tee_shm_call_to_driver(struct tee_shm *shm);
/* Move every shm of the ended @ctx to the device context, if there is one. */
void tee_shm_orphan_all(struct tee_context *ctx);

/* tee_heap.c */

/*
 * @dmabuf becomes @shm, whose size is set: sets paddr, or *@parent_shm and its
 * *@offset. -EINVAL: the buffer is of no heap of @teedev.
 */
int tee_heap_update_from_dma_buf(struct tee_device *teedev, struct dma_buf *dmabuf,
				 struct tee_shm *shm, struct tee_shm **parent_shm,
				 size_t *offset);

/* tee_params.c */

/* What the core keeps of a resolved memref, whatever the driver does to its copy */
struct tee_param_hold {
	struct tee_shm *shm;
	struct tee_shm *parent;	/* that the driver sees in its place; counted, too */
	size_t offs;
	size_t size;
	bool output;
};

/**
 * struct tee_params - the parameters of one ioctl
 * @params: for the driver; NULL when there are none
 * @held: beside @params, shm set where a reference is held
 */
struct tee_params {
	size_t num;
	struct tee_param *params;
	struct tee_param_hold *held;
};

/*
 * Step 2 and 3 of the common preamble (facts 1.4): read @buf from the argument
 * of the ioctl and check its length against the size of the header.
 */
int tee_buf_from_user(struct tee_ioctl_buf_data *buf, const void __user *argp,
		      size_t header);
/*
 * Step 5 to 7: @num_params must be what buf_len says. On success the caller ends
 * with tee_params_release(); on failure nothing is held.
 */
int tee_params_from_user(struct tee_params *set, struct tee_context *ctx,
			 const struct tee_ioctl_buf_data *buf, size_t header,
			 u32 num_params, const struct tee_ioctl_param __user *uparams);
/* The same for SUPPL_SEND, whose rules differ: nothing is looked up. */
int tee_params_from_supp(struct tee_params *set, const struct tee_ioctl_buf_data *buf,
			 size_t header, u32 num_params,
			 const struct tee_ioctl_param __user *uparams);
/* Copy back after INVOKE and its like (facts 1.6), and after SUPPL_RECV (1.7). */
int tee_params_to_user(const struct tee_params *set, struct tee_ioctl_param __user *uparams);
int tee_params_to_supp(const struct tee_params *set, size_t num_params,
		       struct tee_ioctl_param __user *uparams);
/* Shadowed memrefs, before and after the driver's op; the sizes of the caller. */
int tee_params_sync_for_tee(const struct tee_params *set);
int tee_params_sync_for_user(const struct tee_params *set);
/* The driver took over the references. */
void tee_params_disown(struct tee_params *set);
void tee_params_release(struct tee_params *set);

/* tee_call.c, tee_supp.c: one ioctl each; @argp is its argument */
int tee_ioctl_open_session(struct tee_context *ctx, void __user *argp);
int tee_ioctl_invoke(struct tee_context *ctx, void __user *argp);
int tee_ioctl_object_invoke(struct tee_context *ctx, void __user *argp);
int tee_ioctl_supp_recv(struct tee_context *ctx, void __user *argp);
int tee_ioctl_supp_send(struct tee_context *ctx, void __user *argp);

#endif /* NORMAL_TEE_PRIVATE_H */
