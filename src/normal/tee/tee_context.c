/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Contexts: one open of a device
 *
 * A context ends at the last close of its file, at once: close_context() and
 * release() run, sessions are gone. Shared memory may outlive it, in mappings,
 * descriptors or the TEE; it moves to the device context, keeps no id, and is
 * unregistered through the device context when its last reference goes.
 *
 * A device without a device context (a privileged one, or one that is not
 * registered yet) has nowhere to move it. There the memory of the ended context
 * stays valid, with data NULL, until no shm points at it. The driver was told
 * of the end at the close all the same: a supplicant that is gone must fail its
 * requests now, not when the TEE gives back the last buffer. But the privileged
 * device stays busy until then, as it does where the whole context lives on:
 * the buffers of the previous holder are still between it and the TEE, and a
 * successor must not find them there.
 */
#include <linux/compiler.h>
#include <linux/completion.h>
#include <linux/err.h>
#include <linux/kernel.h>
#include <linux/mutex.h>
#include <linux/slab.h>

#include "normal/tee/tee_cdev.h"
#include "normal/tee/tee_core.h"
#include "normal/tee/tee_private.h"

static bool tee_device_is_draining(struct tee_device *teedev)
{
	bool draining;

	if (!(teedev->desc->flags & TEE_DESC_PRIVILEGED))
		return false;

	mutex_lock(&teedev->mutex);
	draining = tee_device_obj(teedev)->n_ended > 0;
	mutex_unlock(&teedev->mutex);
	return draining;
}

struct tee_context *tee_context_open(struct tee_device *teedev, bool is_device)
{
	struct tee_context_obj *obj;
	int rc;

	if (!is_device && !tee_device_get(teedev))
		return ERR_PTR(-EINVAL);

	if (tee_device_is_draining(teedev)) {
		rc = -EBUSY;
		goto err_device_put;
	}

	obj = kzalloc(sizeof(*obj), GFP_KERNEL);
	if (!obj) {
		rc = -ENOMEM;
		goto err_device_put;
	}

	obj->refs = 1;
	obj->is_device = is_device;
	obj->ctx.teedev = teedev;
	INIT_LIST_HEAD(&obj->ctx.list_shm);
	INIT_LIST_HEAD(&obj->dev_link);

	mutex_lock(&teedev->mutex);
	obj->serial = ++tee_device_obj(teedev)->last_context;
	mutex_unlock(&teedev->mutex);

	rc = teedev->desc->ops->open(&obj->ctx);
	if (rc)
		goto err_context_put;

	mutex_lock(&teedev->mutex);
	list_add(&obj->dev_link, &tee_device_obj(teedev)->contexts);
	mutex_unlock(&teedev->mutex);
	return &obj->ctx;

err_context_put:
	/* A driver may have made and freed shm meanwhile, but must not leave any. */
	WARN_ON(!list_empty(&obj->ctx.list_shm));
	tee_context_put(teedev, &obj->ctx);
err_device_put:
	if (!is_device)
		tee_device_put(teedev);
	return ERR_PTR(rc);
}

void tee_context_get_locked(struct tee_context *ctx)
{
	lockdep_assert_held(&ctx->teedev->mutex);
	tee_context_obj(ctx)->refs++;
}

void tee_context_put(struct tee_device *teedev, struct tee_context *ctx)
{
	struct tee_context_obj *obj = tee_context_obj(ctx);
	struct tee_device_obj *dev = tee_device_obj(teedev);
	bool device_ended;
	bool last;

	mutex_lock(&teedev->mutex);
	last = --obj->refs == 0;
	if (last)
		list_del(&obj->dev_link);
	if (last && obj->ended)
		dev->n_ended--;
	mutex_unlock(&teedev->mutex);

	if (!last)
		return;
	device_ended = obj->is_device && obj->ended;
	kfree(obj);
	if (device_ended)
		complete(&dev->c_dev_ctx);
}

static void tee_context_end(struct tee_context *ctx)
{
	const struct tee_driver_ops *ops = ctx->teedev->desc->ops;

	mutex_lock(&ctx->teedev->mutex);
	tee_context_obj(ctx)->ended = true;
	tee_device_obj(ctx->teedev)->n_ended++;
	mutex_unlock(&ctx->teedev->mutex);

	if (ops->close_context)
		ops->close_context(ctx);
	ops->release(ctx);
	WRITE_ONCE(ctx->data, NULL);
}

struct tee_context *teedev_open(struct tee_device *teedev)
{
	return tee_context_open(teedev, false);
}

void teedev_close_context(struct tee_context *ctx)
{
	struct tee_device *teedev = ctx->teedev;

	/* The device context ends with the device. */
	if (WARN_ON(tee_context_is_device(ctx)))
		return;

	tee_context_end(ctx);
	tee_shm_orphan_all(ctx);
	tee_context_put(teedev, ctx);
	tee_device_put(teedev);
}

void tee_context_end_device(struct tee_context *ctx)
{
	struct tee_device *teedev = ctx->teedev;

	tee_context_end(ctx);
	tee_context_put(teedev, ctx);
	wait_for_completion(&tee_device_obj(teedev)->c_dev_ctx);
}

bool tee_context_is_device(struct tee_context *ctx)
{
	return tee_context_obj(ctx)->is_device;
}

u64 tee_context_serial(struct tee_context *ctx)
{
	return tee_context_obj(ctx)->serial;
}

struct tee_context *tee_cdev_open(struct tee_device *teedev)
{
	return tee_context_open(teedev, false);
}

void tee_cdev_release(struct tee_context *ctx)
{
	teedev_close_context(ctx);
}
