/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The TEE core, for drivers
 *
 * A driver describes itself in a struct tee_desc, allocates a device with it and
 * registers the device. No lock of the core is held during any op; ops run in
 * the thread of the caller, may sleep, and several may run at once on one
 * context. What reaches an op was checked by the core (sizes, ranges, shm
 * lookups); user memory is copied in once. Source: facts on the TEE subsystem,
 * sections 2, 3 and 7.
 */
#ifndef NORMAL_TEE_CORE_H
#define NORMAL_TEE_CORE_H

#include <linux/bits.h>
#include <linux/compiler.h>
#include <linux/completion.h>
#include <linux/err.h>
#include <linux/idr.h>
#include <linux/kref.h>
#include <linux/list.h>
#include <linux/mutex.h>
#include <linux/refcount.h>
#include <linux/types.h>

#include "abi/tee.h"

struct page;
struct sg_table;
struct tee_device;
struct tee_shm;
struct tee_shm_pool;

/* shm flags */
#define TEE_SHM_DYNAMIC BIT(0)		/* registered with the TEE one by one */
#define TEE_SHM_USER_MAPPED BIT(1)	/* pinned user memory */
#define TEE_SHM_POOL BIT(2)		/* from the device's pool */
#define TEE_SHM_PRIV BIT(3)		/* private to the driver, no registration */
#define TEE_SHM_DMA_BUF BIT(4)		/* imported protected memory */
#define TEE_SHM_DMA_MEM BIT(5)

#define TEE_DEVICE_FLAG_REGISTERED BIT(0)
#define TEE_MAX_DEV_NAME_LEN 32

/**
 * struct tee_context - one open of a device
 * @teedev: the device, counted
 * @data: the driver's, set in open()
 * @list_shm: its shm, guarded by teedev->mutex; orphaned when it ends
 * @supp_nowait: requests to a missing supplicant fail at once (kernel clients)
 * @cap_memref_null: set by open() when the TEE takes NULL memrefs
 *
 * Lives from open to the last close of its file, calls in flight included:
 * close_context() then release() run at that close. Shared memory that outlives
 * it moves to the device context (facts section 7; architecture section 13).
 */
struct tee_context {
	struct tee_device *teedev;
	void *data;
	struct list_head list_shm;
	bool supp_nowait;
	bool cap_memref_null;
};

struct tee_param_memref {
	size_t shm_offs;
	size_t size;
	struct tee_shm *shm;
};

struct tee_param_ubuf {
	void __user *uaddr;
	size_t size;
};

struct tee_param_objref {
	u64 id;
	u64 flags;
};

struct tee_param_value {
	u64 a;
	u64 b;
	u64 c;
};

struct tee_param {
	u64 attr;
	union {
		struct tee_param_memref memref;
		struct tee_param_objref objref;
		struct tee_param_ubuf ubuf;
		struct tee_param_value value;
	} u;
};

/**
 * struct tee_driver_ops - what a driver does
 *
 * Mandatory: get_version, open, release. A missing optional op gives EINVAL at
 * the ioctl, a missing pair of shm ops 524 (ENOTSUPP).
 *
 * shm_unregister(), and free() of a pool, get the device context as shm->ctx; on
 * a privileged device the context that made the shm, which may have been released
 * (data is NULL then). The memrefs that supp_recv() returns are borrowed by the
 * core until the ioctl ends, also when their requester is killed meanwhile.
 */
struct tee_driver_ops {
	void (*get_version)(struct tee_device *teedev, struct tee_ioctl_version_data *vers);
	int (*get_tee_revision)(struct tee_device *teedev, char *buf, size_t len);
	int (*open)(struct tee_context *ctx);
	void (*close_context)(struct tee_context *ctx);
	void (*release)(struct tee_context *ctx);
	int (*open_session)(struct tee_context *ctx, struct tee_ioctl_open_session_arg *arg,
			    struct tee_param *param);
	int (*close_session)(struct tee_context *ctx, u32 session);
	int (*system_session)(struct tee_context *ctx, u32 session);
	int (*invoke_func)(struct tee_context *ctx, struct tee_ioctl_invoke_arg *arg,
			   struct tee_param *param);
	int (*object_invoke_func)(struct tee_context *ctx,
				  struct tee_ioctl_object_invoke_arg *arg,
				  struct tee_param *param);
	int (*cancel_req)(struct tee_context *ctx, u32 cancel_id, u32 session);
	/* may replace *param entries; owns the references of input memrefs */
	int (*supp_recv)(struct tee_context *ctx, u32 *func, u32 *num_params,
			 struct tee_param *param);
	int (*supp_send)(struct tee_context *ctx, u32 ret, u32 num_params,
			 struct tee_param *param);
	int (*shm_register)(struct tee_context *ctx, struct tee_shm *shm, struct page **pages,
			    size_t num_pages, unsigned long start);
	int (*shm_unregister)(struct tee_context *ctx, struct tee_shm *shm);
};

#define TEE_DESC_PRIVILEGED 0x1

struct tee_desc {
	const char *name;
	const struct tee_driver_ops *ops;
	u32 flags;
};

/**
 * struct tee_device - one /dev/teeN or /dev/teeprivN
 * @mutex: guards num_users, idr, the list_shm of all contexts, dev_ctx
 * @dev_ctx: the device context (not for privileged devices), NULL before
 *	registration
 */
struct tee_device {
	char name[TEE_MAX_DEV_NAME_LEN];
	const struct tee_desc *desc;
	int id;
	unsigned int flags;
	size_t num_users;
	struct completion c_no_users;
	struct mutex mutex;
	struct idr idr;
	struct tee_shm_pool *pool;
	struct tee_context *dev_ctx;
	void *drvdata;
	void *platform;
};

/**
 * struct tee_shm - memory shared with the TEE
 * @ctx: the context it belongs to; the device context once orphaned
 * @kaddr: kernel mapping of the first byte, NULL if there is none (yet): see
 *	tee_shm_get_va()
 * @offset: of the first byte in its first page
 * @id: in the device's table, from 1; -1 for kernel and private buffers
 * @sec_world_id: the driver's: cookie or handle of the registration
 */
struct tee_shm {
	struct tee_context *ctx;
	struct list_head link;
	phys_addr_t paddr;
	void *kaddr;
	size_t size;
	unsigned int offset;
	struct page **pages;
	size_t num_pages;
	refcount_t refcount;
	u32 flags;
	int id;
	u64 sec_world_id;
	void *platform;
};

struct tee_shm_pool_ops {
	int (*alloc)(struct tee_shm_pool *pool, struct tee_shm *shm, size_t size, size_t align);
	void (*free)(struct tee_shm_pool *pool, struct tee_shm *shm);
	void (*destroy_pool)(struct tee_shm_pool *pool);
};

struct tee_shm_pool {
	const struct tee_shm_pool_ops *ops;
	void *private_data;
};

/*
 * Devices. tee_device_alloc(): ERR_PTR(-EINVAL) without name, ops, get_version,
 * open or release; -ENOMEM without memory or without one of the 16 slots of its
 * kind. @pool may be NULL. tee_device_register(): -EINVAL if registered; opens
 * the device context as its last step; after a failure the caller still calls
 * tee_device_unregister(), which accepts NULL, waits uninterruptibly for every
 * open file and shm, and frees the device.
 */
struct tee_device *tee_device_alloc(const struct tee_desc *desc, struct tee_shm_pool *pool,
				    void *drvdata);
int tee_device_register(struct tee_device *teedev);
void tee_device_unregister(struct tee_device *teedev);
void *tee_get_drvdata(struct tee_device *teedev);

/* Device users: get fails once the device is on its way out. */
bool tee_device_get(struct tee_device *teedev);
void tee_device_put(struct tee_device *teedev);

/* An internal open by a driver; supp_nowait is left to the driver. */
struct tee_context *teedev_open(struct tee_device *teedev);
void teedev_close_context(struct tee_context *ctx);

/* Is @ctx the device context? For a driver's ops, open() included. */
bool tee_context_is_device(struct tee_context *ctx);
/* The device context, NULL for a privileged or not yet registered device. */
struct tee_context *tee_device_get_context(struct tee_device *teedev);

/*
 * Client UUID of a login (facts 1.8). -EINVAL unknown login, -EPERM for a group
 * of which the current task is no member.
 */
int tee_session_calc_client_uuid(u8 uuid[TEE_IOCTL_UUID_LEN], u32 connection_method,
				 const u8 connection_data[TEE_IOCTL_UUID_LEN]);

/* Pools */
void tee_shm_pool_free(struct tee_shm_pool *pool);
typedef int (*tee_shm_register_fn)(struct tee_context *ctx, struct tee_shm *shm,
				   struct page **pages, size_t num_pages, unsigned long start);
typedef int (*tee_shm_unregister_fn)(struct tee_context *ctx, struct tee_shm *shm);
int tee_dyn_shm_alloc_helper(struct tee_shm *shm, size_t size, size_t align,
			     tee_shm_register_fn shm_register);
void tee_dyn_shm_free_helper(struct tee_shm *shm, tee_shm_unregister_fn shm_unregister);

/*
 * Protected memory
 *
 * What a kernel must not see and a client only names: a client allocates from a
 * dma-heap, /dev/dma_heap/<name>, and brings the dma-buf to the device by
 * SHM_REGISTER_FD. Source: facts 5.
 */
enum tee_dma_heap_id {
	TEE_DMA_HEAP_SECURE_VIDEO_PLAY = 1,	/* protected,secure-video */
	TEE_DMA_HEAP_TRUSTED_UI,		/* protected,trusted-ui */
	TEE_DMA_HEAP_SECURE_VIDEO_RECORD,	/* protected,secure-video-record */
};

struct tee_protmem_pool;

/**
 * struct tee_protmem_pool_ops - where the memory of a heap comes from
 * @alloc: fill @sgt, of one entry, with @size bytes (whole pages); @offs: of the
 *	buffer in the pool. 0 or an errno
 * @free: give the buffer back and free the table
 * @update_shm: a buffer becomes an shm (shm->size is set): sets either shm->paddr
 *	and *@parent_shm = NULL, or *@parent_shm, which covers the pool and lives as
 *	long as any buffer
 * @destroy_pool: the last reference to the heap is gone, and with it every buffer
 *
 * No lock of the core is held; several may run at once.
 */
struct tee_protmem_pool_ops {
	int (*alloc)(struct tee_protmem_pool *pool, struct sg_table *sgt, size_t size,
		     size_t *offs);
	void (*free)(struct tee_protmem_pool *pool, struct sg_table *sgt);
	int (*update_shm)(struct tee_protmem_pool *pool, struct sg_table *sgt, size_t offs,
			  struct tee_shm *shm, struct tee_shm **parent_shm);
	void (*destroy_pool)(struct tee_protmem_pool *pool);
};

struct tee_protmem_pool {
	const struct tee_protmem_pool_ops *ops;
};

/*
 * A pool over a carve-out. ERR_PTR: -EINVAL unless both are page aligned, not 0,
 * and the memory exists; -ENOMEM. It belongs to the heap once it is registered,
 * to the caller (pool->ops->destroy_pool()) until then.
 */
struct tee_protmem_pool *tee_protmem_static_pool_alloc(phys_addr_t paddr, size_t size);

/*
 * Make @teedev the owner of a heap, which takes a device user and @pool. -EINVAL:
 * no such id, or the device is leaving; -EBUSY: the heap is owned, or its last
 * owner's buffers are still in use; -ENOMEM. After a failure @pool is the caller's.
 */
int tee_device_register_dma_heap(struct tee_device *teedev, enum tee_dma_heap_id id,
				 struct tee_protmem_pool *pool);
/*
 * Give up the registration of all heaps of @teedev. A heap that still has buffers
 * lives on, and holds the device, until the last of them is released.
 * tee_device_unregister() begins with this.
 */
void tee_device_put_all_dma_heaps(struct tee_device *teedev);

/* Shared memory for drivers; release with tee_shm_free() (= put). */
struct tee_shm *tee_shm_alloc_kernel_buf(struct tee_context *ctx, size_t size);
struct tee_shm *tee_shm_alloc_priv_buf(struct tee_context *ctx, size_t size);
/*
 * Memory of the kernel's own, [addr, addr + length), which stays the caller's and lives
 * longer than the shm. It need not be shared in place: what the TEE sees of it is right
 * during a call that has it for a parameter. Errors as SHM_REGISTER's (facts 1.7).
 */
struct tee_shm *tee_shm_register_kernel_buf(struct tee_context *ctx, void *addr, size_t length);
/* +1 reference; ERR_PTR(-EINVAL) unless the id is ready and belongs to @ctx */
struct tee_shm *tee_shm_get_from_id(struct tee_context *ctx, int id);
void tee_shm_get(struct tee_shm *shm);
void tee_shm_put(struct tee_shm *shm);
void tee_shm_free(struct tee_shm *shm);
/* ERR_PTR(-EINVAL) without a kernel mapping or beyond the end */
void *tee_shm_get_va(struct tee_shm *shm, size_t offs);
int tee_shm_get_pa(struct tee_shm *shm, size_t offs, phys_addr_t *pa);

/*
 * Around an access of the TEE to client memory: nothing to do unless the shm is
 * registered memory of its owner. The core does it for the memrefs of a call and of
 * supp_recv; a driver does it in supp_send for what the supplicant filled in.
 * -EINVAL out of range; -EFAULT when the owner's memory is gone. May sleep.
 */
int tee_shm_sync_for_tee(struct tee_shm *shm, size_t offs, size_t size);
int tee_shm_sync_for_user(struct tee_shm *shm, size_t offs, size_t size);

/*
 * Names for status views (normal/tee/tee_state.h): never used again on the device,
 * valid to compare after what they name is gone.
 */
u64 tee_context_serial(struct tee_context *ctx);
u64 tee_shm_serial(struct tee_shm *shm);
/* Constant, unlike shm->ctx; the caller holds a reference of @shm. */
struct tee_device *tee_shm_get_device(struct tee_shm *shm);

static inline size_t tee_shm_get_size(struct tee_shm *shm)
{
	return shm->size;
}
static inline int tee_shm_get_id(struct tee_shm *shm)
{
	return READ_ONCE(shm->id);
}
/* Protected memory: @paddr is all there is of it, no kernel mapping, no pages */
static inline bool tee_shm_is_protected(struct tee_shm *shm)
{
	return shm && (shm->flags & TEE_SHM_DMA_BUF);
}
static inline bool tee_shm_is_dynamic(struct tee_shm *shm)
{
	return shm && (shm->flags & TEE_SHM_DYNAMIC);
}

/*
 * Call @fn for every shm of @teedev, in no order, with no lock held; stops at the
 * first non-zero return and returns it. For a driver whose secure world was
 * restarted. The shm and its context stay valid during the call and the shm is
 * not released meanwhile, so that the driver's shm_unregister() is never called
 * from here; @fn must not wait for a release nor rely on ctx->data, and reads
 * shm->ctx, which may change, once.
 */
int tee_device_for_each_shm(struct tee_device *teedev,
			    int (*fn)(struct tee_shm *shm, void *data), void *data);

static inline bool tee_param_is_memref(struct tee_param *param)
{
	switch (param->attr & TEE_IOCTL_PARAM_ATTR_TYPE_MASK) {
	case TEE_IOCTL_PARAM_ATTR_TYPE_MEMREF_INPUT:
	case TEE_IOCTL_PARAM_ATTR_TYPE_MEMREF_OUTPUT:
	case TEE_IOCTL_PARAM_ATTR_TYPE_MEMREF_INOUT:
		return true;
	default:
		return false;
	}
}

#endif /* NORMAL_TEE_CORE_H */
