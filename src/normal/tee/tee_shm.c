/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Shared memory objects
 *
 * An id is reserved before the memory is made and published when it is ready:
 * until then no lookup finds it. The final decrement of the reference count and
 * the removal from the table and the lists are one step under the device's
 * mutex, so that no lookup revives an shm. What may sleep (the driver, the
 * platform) comes after, unlocked.
 *
 * The last reference may go in any task at any time, beside the end of the
 * context that made the shm. So it is always the device context, which cannot
 * end meanwhile, through which the driver unregisters. Where there is none, see
 * tee_context.c.
 */
#include <linux/compiler.h>
#include <linux/completion.h>
#include <linux/dma-buf.h>
#include <linux/err.h>
#include <linux/errno.h>
#include <linux/idr.h>
#include <linux/kernel.h>
#include <linux/list.h>
#include <linux/mm.h>
#include <linux/mutex.h>
#include <linux/printk.h>
#include <linux/refcount.h>
#include <linux/slab.h>
#include <linux/uaccess.h>

#include "normal/platform.h"
#include "normal/tee/tee_core.h"
#include "normal/tee/tee_private.h"

/* Kernel and private buffers have no id. */
#define TEE_SHM_NO_ID (-1)

static int tee_shm_reserve_id(struct tee_device *teedev)
{
	int id;

	mutex_lock(&teedev->mutex);
	id = idr_alloc(&teedev->idr, NULL, 1, 0, GFP_KERNEL);
	mutex_unlock(&teedev->mutex);
	return id;
}

static void tee_shm_cancel_id(struct tee_device *teedev, int id)
{
	if (id == TEE_SHM_NO_ID)
		return;

	mutex_lock(&teedev->mutex);
	idr_remove(&teedev->idr, id);
	mutex_unlock(&teedev->mutex);
}

static struct tee_shm *tee_shm_new(struct tee_context *ctx, u32 flags, int id)
{
	struct tee_device *teedev = ctx->teedev;
	struct tee_shm_obj *obj;
	bool counted = !tee_context_is_device(ctx);

	if (counted && !tee_device_get(teedev))
		return ERR_PTR(-EINVAL);

	obj = kzalloc(sizeof(*obj), GFP_KERNEL);
	if (!obj) {
		if (counted)
			tee_device_put(teedev);
		return ERR_PTR(-ENOMEM);
	}

	obj->teedev = teedev;
	obj->counted = counted;
	obj->user = id != TEE_SHM_NO_ID;
	obj->shm.ctx = ctx;
	obj->shm.flags = flags;
	obj->shm.id = id;
	refcount_set(&obj->shm.refcount, 1);
	init_completion(&obj->c_unpinned);

	mutex_lock(&teedev->mutex);
	obj->serial = ++tee_device_obj(teedev)->last_shm;
	tee_context_get_locked(ctx);
	mutex_unlock(&teedev->mutex);
	return &obj->shm;
}

/* The memory is gone, or was never made; the id is no longer in the table. */
static void tee_shm_delete(struct tee_shm *shm)
{
	struct tee_shm_obj *obj = tee_shm_obj(shm);
	struct tee_device *teedev = obj->teedev;
	bool counted = obj->counted;

	tee_context_put(teedev, shm->ctx);
	kfree(obj);
	if (counted)
		tee_device_put(teedev);
}

static void tee_shm_publish(struct tee_shm *shm)
{
	struct tee_device *teedev = tee_shm_obj(shm)->teedev;

	mutex_lock(&teedev->mutex);
	if (shm->id != TEE_SHM_NO_ID)
		idr_replace(&teedev->idr, shm, shm->id);
	list_add(&shm->link, &shm->ctx->list_shm);
	/* At the head: a walk goes towards older ones and comes to an end. */
	list_add(&tee_shm_obj(shm)->dev_link, &tee_device_obj(teedev)->all_shm);
	mutex_unlock(&teedev->mutex);
}

static struct tee_shm *tee_shm_alloc(struct tee_context *ctx, size_t size, size_t align,
				     u32 flags, int id)
{
	struct tee_shm_pool *pool = ctx->teedev->pool;
	struct tee_shm *shm;
	int rc;

	if (!pool)
		return ERR_PTR(-EINVAL);

	shm = tee_shm_new(ctx, flags | TEE_SHM_POOL, id);
	if (IS_ERR(shm))
		return shm;

	rc = pool->ops->alloc(pool, shm, size, align);
	if (rc) {
		tee_shm_delete(shm);
		return ERR_PTR(rc);
	}

	tee_shm_publish(shm);
	return shm;
}

struct tee_shm *tee_shm_alloc_user_buf(struct tee_context *ctx, size_t size)
{
	struct tee_shm *shm;
	int id;

	id = tee_shm_reserve_id(ctx->teedev);
	if (id < 0)
		return ERR_PTR(id);

	shm = tee_shm_alloc(ctx, size, PAGE_SIZE, TEE_SHM_DYNAMIC, id);
	if (IS_ERR(shm))
		tee_shm_cancel_id(ctx->teedev, id);
	return shm;
}

struct tee_shm *tee_shm_alloc_kernel_buf(struct tee_context *ctx, size_t size)
{
	return tee_shm_alloc(ctx, size, PAGE_SIZE, TEE_SHM_DYNAMIC, TEE_SHM_NO_ID);
}

struct tee_shm *tee_shm_alloc_priv_buf(struct tee_context *ctx, size_t size)
{
	return tee_shm_alloc(ctx, size, sizeof(long) * 2, TEE_SHM_PRIV, TEE_SHM_NO_ID);
}

static int tee_shm_pin(struct tee_shm *shm, unsigned long addr, size_t length)
{
	if (shm->flags & TEE_SHM_USER_MAPPED)
		return platform_shm_pin_user(shm, addr, length);
	return platform_shm_pin_kernel(shm, (void *)addr, length);
}

static void tee_shm_unpin_pages(struct tee_shm *shm)
{
	if (shm->flags & TEE_SHM_USER_MAPPED)
		platform_shm_unpin_user(shm);
	else
		platform_shm_unpin_kernel(shm);
}

static int tee_shm_pin_and_register(struct tee_shm *shm, unsigned long addr, size_t length)
{
	int rc;

	if (!length)
		return -ENOMEM;

	shm->size = length;
	rc = tee_shm_pin(shm, addr, length);
	if (rc)
		return rc;

	rc = shm->ctx->teedev->desc->ops->shm_register(shm->ctx, shm, shm->pages,
						       shm->num_pages, addr & PAGE_MASK);
	if (rc)
		tee_shm_unpin_pages(shm);
	return rc;
}

static struct tee_shm *tee_shm_register(struct tee_context *ctx, unsigned long addr,
					size_t length, u32 flags, int id)
{
	const struct tee_driver_ops *ops = ctx->teedev->desc->ops;
	struct tee_shm *shm;
	int rc;

	if (!ops->shm_register || !ops->shm_unregister)
		return ERR_PTR(-ENOTSUPP);

	shm = tee_shm_new(ctx, flags | TEE_SHM_DYNAMIC, id);
	if (IS_ERR(shm))
		return shm;

	rc = tee_shm_pin_and_register(shm, addr, length);
	if (rc) {
		tee_shm_delete(shm);
		return ERR_PTR(rc);
	}

	tee_shm_publish(shm);
	return shm;
}

struct tee_shm *tee_shm_register_user_buf(struct tee_context *ctx, unsigned long addr,
					  size_t length)
{
	struct tee_shm *shm;
	int id;

	if (!access_ok((void __user *)addr, length))
		return ERR_PTR(-EFAULT);

	id = tee_shm_reserve_id(ctx->teedev);
	if (id < 0)
		return ERR_PTR(id);

	shm = tee_shm_register(ctx, addr, length, TEE_SHM_USER_MAPPED, id);
	if (IS_ERR(shm))
		tee_shm_cancel_id(ctx->teedev, id);
	return shm;
}

struct tee_shm *tee_shm_register_kernel_buf(struct tee_context *ctx, void *addr, size_t length)
{
	return tee_shm_register(ctx, (unsigned long)addr, length, 0, TEE_SHM_NO_ID);
}

static struct tee_shm *tee_shm_import(struct tee_context *ctx, struct dma_buf *dmabuf, int id)
{
	struct tee_shm_obj *obj;
	struct tee_shm *shm;
	int rc;

	shm = tee_shm_new(ctx, TEE_SHM_DMA_BUF, id);
	if (IS_ERR(shm))
		return shm;

	obj = tee_shm_obj(shm);
	shm->size = dmabuf->size;
	rc = tee_heap_update_from_dma_buf(ctx->teedev, dmabuf, shm, &obj->parent,
					  &obj->parent_offs);
	if (rc) {
		tee_shm_delete(shm);
		return ERR_PTR(rc);
	}
	obj->dmabuf = dmabuf;

	tee_shm_publish(shm);
	return shm;
}

struct tee_shm *tee_shm_register_fd(struct tee_context *ctx, int fd)
{
	struct dma_buf *dmabuf;
	struct tee_shm *shm;
	int id;

	dmabuf = dma_buf_get(fd);
	if (IS_ERR(dmabuf))
		return ERR_CAST(dmabuf);

	id = tee_shm_reserve_id(ctx->teedev);
	if (id < 0) {
		shm = ERR_PTR(id);
		goto err_buf_put;
	}

	shm = tee_shm_import(ctx, dmabuf, id);
	if (IS_ERR(shm))
		goto err_cancel_id;
	return shm;

err_cancel_id:
	tee_shm_cancel_id(ctx->teedev, id);
err_buf_put:
	dma_buf_put(dmabuf);
	return shm;
}

/*
 * Point @shm at the device context, if there is one. Returns the context that it
 * pointed at, whose reference is now the caller's to put, or NULL.
 */
static struct tee_context *tee_shm_adopt_locked(struct tee_shm *shm)
{
	struct tee_context *dev_ctx = tee_shm_obj(shm)->teedev->dev_ctx;
	struct tee_context *old = shm->ctx;

	lockdep_assert_held(&tee_shm_obj(shm)->teedev->mutex);
	if (!dev_ctx || old == dev_ctx)
		return NULL;

	tee_context_get_locked(dev_ctx);
	WRITE_ONCE(shm->ctx, dev_ctx);
	return old;
}

void tee_shm_orphan_all(struct tee_context *ctx)
{
	struct tee_device *teedev = ctx->teedev;
	struct tee_shm *shm;
	struct tee_shm *next;

	mutex_lock(&teedev->mutex);
	list_for_each_entry_safe(shm, next, &ctx->list_shm, link) {
		if (shm->id != TEE_SHM_NO_ID)
			idr_remove(&teedev->idr, shm->id);
		WRITE_ONCE(shm->id, TEE_SHM_NO_ID);
		if (tee_shm_adopt_locked(shm)) {
			list_move(&shm->link, &shm->ctx->list_shm);
			/* Not the last one: the caller holds another. */
			tee_context_obj(ctx)->refs--;
		}
	}
	mutex_unlock(&teedev->mutex);
}

/* Leave the list of the device, once no walk stands here any more. */
static void tee_shm_wait_for_walks(struct tee_shm_obj *obj)
{
	wait_for_completion(&obj->c_unpinned);

	mutex_lock(&obj->teedev->mutex);
	list_del(&obj->dev_link);
	mutex_unlock(&obj->teedev->mutex);
}

static void tee_shm_release(struct tee_shm *shm)
{
	struct tee_device *teedev = tee_shm_obj(shm)->teedev;

	if (shm->flags & TEE_SHM_POOL) {
		teedev->pool->ops->free(teedev->pool, shm);
	} else if (shm->flags & TEE_SHM_DMA_BUF) {
		dma_buf_put(tee_shm_obj(shm)->dmabuf);
	} else {
		int rc = teedev->desc->ops->shm_unregister(shm->ctx, shm);

		/* No one is left to tell, and the pages are the client's to have back. */
		if (rc)
			pr_err_ratelimited("%s: the TEE did not give up client memory (%d)\n",
					   teedev->name, rc);
		tee_shm_unpin_pages(shm);
	}
	tee_shm_delete(shm);
}

void tee_shm_get(struct tee_shm *shm)
{
	refcount_inc(&shm->refcount);
}

static void tee_shm_drop(struct tee_shm *shm, bool from_call)
{
	struct tee_context *old = NULL;
	struct tee_device *teedev;
	bool pinned = false;
	bool last;

	if (IS_ERR_OR_NULL(shm))
		return;

	teedev = tee_shm_obj(shm)->teedev;
	mutex_lock(&teedev->mutex);
	if (from_call)
		tee_shm_obj(shm)->calls--;
	last = refcount_dec_and_test(&shm->refcount);
	if (last) {
		if (shm->id != TEE_SHM_NO_ID)
			idr_remove(&teedev->idr, shm->id);
		list_del(&shm->link);
		old = tee_shm_adopt_locked(shm);
		pinned = tee_shm_obj(shm)->pins > 0;
		if (!pinned)
			list_del(&tee_shm_obj(shm)->dev_link);
	}
	mutex_unlock(&teedev->mutex);
	if (!last)
		return;

	if (old)
		tee_context_put(teedev, old);
	if (pinned)
		tee_shm_wait_for_walks(tee_shm_obj(shm));
	tee_shm_release(shm);
}

void tee_shm_put(struct tee_shm *shm)
{
	tee_shm_drop(shm, /* from_call: */ false);
}

void tee_shm_put_from_call(struct tee_shm *shm)
{
	tee_shm_drop(shm, /* from_call: */ true);
}

void tee_shm_free(struct tee_shm *shm)
{
	tee_shm_put(shm);
}

static struct tee_shm *tee_shm_lookup(struct tee_context *ctx, int id, bool for_call)
{
	struct tee_device *teedev = ctx->teedev;
	struct tee_shm *shm = NULL;

	mutex_lock(&teedev->mutex);
	if (id > 0)
		shm = idr_find(&teedev->idr, id);
	if (shm && shm->ctx == ctx) {
		refcount_inc(&shm->refcount);
		tee_shm_obj(shm)->calls += for_call;
	} else {
		shm = ERR_PTR(-EINVAL);
	}
	mutex_unlock(&teedev->mutex);
	return shm;
}

struct tee_shm *tee_shm_get_from_id(struct tee_context *ctx, int id)
{
	return tee_shm_lookup(ctx, id, /* for_call: */ false);
}

struct tee_shm *tee_shm_get_for_call(struct tee_context *ctx, int id)
{
	return tee_shm_lookup(ctx, id, /* for_call: */ true);
}

void tee_shm_call_to_driver(struct tee_shm *shm)
{
	struct tee_device *teedev = tee_shm_obj(shm)->teedev;

	mutex_lock(&teedev->mutex);
	tee_shm_obj(shm)->calls--;
	mutex_unlock(&teedev->mutex);
}

u64 tee_shm_serial(struct tee_shm *shm)
{
	return tee_shm_obj(shm)->serial;
}

struct tee_device *tee_shm_get_device(struct tee_shm *shm)
{
	return tee_shm_obj(shm)->teedev;
}

void *tee_shm_get_va(struct tee_shm *shm, size_t offs)
{
	void *kaddr;

	if (offs >= shm->size)
		return ERR_PTR(-EINVAL);
	kaddr = READ_ONCE(shm->kaddr);
	if (!kaddr)
		kaddr = platform_shm_map(shm);
	return kaddr ? (char *)kaddr + offs : ERR_PTR(-EINVAL);
}

int tee_shm_get_pa(struct tee_shm *shm, size_t offs, phys_addr_t *pa)
{
	if (offs >= shm->size)
		return -EINVAL;
	*pa = shm->paddr + offs;
	return 0;
}

static bool tee_shm_needs_sync(struct tee_shm *shm, size_t size)
{
	return tee_shm_is_registered(shm) && size;
}

static bool tee_shm_has_range(struct tee_shm *shm, size_t offs, size_t size)
{
	return offs <= shm->size && size <= shm->size - offs;
}

int tee_shm_sync_for_tee(struct tee_shm *shm, size_t offs, size_t size)
{
	if (!tee_shm_has_range(shm, offs, size))
		return -EINVAL;
	if (!tee_shm_needs_sync(shm, size))
		return 0;
	return platform_shm_sync_for_tee(shm, offs, size);
}

int tee_shm_sync_for_user(struct tee_shm *shm, size_t offs, size_t size)
{
	if (!tee_shm_has_range(shm, offs, size))
		return -EINVAL;
	if (!tee_shm_needs_sync(shm, size))
		return 0;
	return platform_shm_sync_for_user(shm, offs, size);
}

/*
 * A walk does not hold a reference: dropping the last one would call the driver,
 * which is in the middle of something when it walks. It pins the shm instead,
 * which keeps it on the list and its last put waiting, and the context, which
 * may be replaced at any time.
 */
struct tee_shm_pin {
	struct tee_shm_obj *obj;
	struct tee_context *ctx;
};

/* Pin the next older shm after @cur, or the newest of all; obj is NULL at the end. */
static void tee_shm_pin_next(struct tee_device *teedev, const struct tee_shm_obj *cur,
			     struct tee_shm_pin *pin)
{
	struct list_head *all = &tee_device_obj(teedev)->all_shm;
	struct list_head *pos;

	*pin = (struct tee_shm_pin){};
	mutex_lock(&teedev->mutex);
	for (pos = cur ? cur->dev_link.next : all->next; pos != all; pos = pos->next) {
		struct tee_shm_obj *obj = list_entry(pos, struct tee_shm_obj, dev_link);

		/* One whose last reference is gone waits for others, not for us. */
		if (!refcount_read(&obj->shm.refcount))
			continue;
		obj->pins++;
		tee_context_get_locked(obj->shm.ctx);
		pin->obj = obj;
		pin->ctx = obj->shm.ctx;
		break;
	}
	mutex_unlock(&teedev->mutex);
}

static void tee_shm_unpin(struct tee_device *teedev, const struct tee_shm_pin *pin)
{
	struct tee_shm_obj *obj = pin->obj;
	bool awaited;

	mutex_lock(&teedev->mutex);
	awaited = --obj->pins == 0 && !refcount_read(&obj->shm.refcount);
	mutex_unlock(&teedev->mutex);

	tee_context_put(teedev, pin->ctx);
	if (awaited)
		complete(&obj->c_unpinned);
}

int tee_device_for_each_shm(struct tee_device *teedev,
			    int (*fn)(struct tee_shm *shm, void *data), void *data)
{
	struct tee_shm_pin pin;
	struct tee_shm_pin next;
	int rc = 0;

	for (tee_shm_pin_next(teedev, NULL, &pin); pin.obj; pin = next) {
		rc = fn(&pin.obj->shm, data);
		if (rc)
			next = (struct tee_shm_pin){};
		else
			tee_shm_pin_next(teedev, pin.obj, &next);
		tee_shm_unpin(teedev, &pin);
	}
	return rc;
}
