/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A complete TEE driver without a TEE: what a client sends comes back
 *
 * Where another driver sends a message, this one does the work itself (params.c).
 * All else is as in any driver: devices, contexts and registered memory are here,
 * sessions, calls and cancellation in call.c, requests to a supplicant in supp.c.
 * docs/writing-a-driver.md walks through these files.
 */
#include <linux/err.h>
#include <linux/errno.h>
#include <linux/kernel.h>
#include <linux/slab.h>

#include "normal/drivers/echo/echo_private.h"

/* --- contexts --- */

static int echo_open(struct tee_context *ctx)
{
	struct echo_context *ectx = kzalloc(sizeof(*ectx), GFP_KERNEL);

	if (!ectx)
		return -ENOMEM;
	mutex_init(&ectx->mutex);
	idr_init(&ectx->sessions);
	init_waitqueue_head(&ectx->wq);
	ctx->data = ectx;
	ctx->cap_memref_null = true;
	return 0;
}

/* After the last call: only what the client left open is still there. */
static void echo_release(struct tee_context *ctx)
{
	struct echo_context *ectx = ctx->data;

	echo_close_all_sessions(ctx);
	idr_destroy(&ectx->sessions);
	mutex_destroy(&ectx->mutex);
	kfree(ectx);
}

/* --- memory --- */

/* Here another driver tells its TEE where the pages are, and notes what that says. */
static int echo_shm_register(struct tee_context *ctx, struct tee_shm *shm, struct page **pages,
			     size_t num_pages, unsigned long start)
{
	struct echo *echo = tee_get_drvdata(ctx->teedev);

	atomic_inc(&echo->n_registered);
	return 0;
}

/* @ctx is the device context, unless the one that registered is still there. */
static int echo_shm_unregister(struct tee_context *ctx, struct tee_shm *shm)
{
	struct echo *echo = tee_get_drvdata(ctx->teedev);

	atomic_dec(&echo->n_registered);
	return 0;
}

static int echo_pool_alloc(struct tee_shm_pool *pool, struct tee_shm *shm, size_t size,
			   size_t align)
{
	/* What the driver keeps to itself needs no registration. */
	return tee_dyn_shm_alloc_helper(shm, size, align,
					shm->flags & TEE_SHM_PRIV ? NULL : echo_shm_register);
}

static void echo_pool_free(struct tee_shm_pool *pool, struct tee_shm *shm)
{
	tee_dyn_shm_free_helper(shm, shm->flags & TEE_SHM_PRIV ? NULL : echo_shm_unregister);
}

/* The pool is part of struct echo: there is nothing to destroy. */
static const struct tee_shm_pool_ops echo_pool_ops = {
	.alloc = echo_pool_alloc,
	.free = echo_pool_free,
};

/* --- the devices --- */

/* Not GlobalPlatform compliant: libteec must not take it for a trusted OS. */
static void echo_get_version(struct tee_device *teedev, struct tee_ioctl_version_data *vers)
{
	vers->impl_id = ECHO_IMPL_ID;
	vers->impl_caps = 0;
	vers->gen_caps = TEE_GEN_CAP_REG_MEM | TEE_GEN_CAP_MEMREF_NULL | TEE_GEN_CAP_OBJREF;
}

static const struct tee_driver_ops echo_clnt_ops = {
	.get_version = echo_get_version,
	.open = echo_open,
	.release = echo_release,
	.open_session = echo_open_session,
	.close_session = echo_close_session,
	.invoke_func = echo_invoke_func,
	.object_invoke_func = echo_object_invoke_func,
	.cancel_req = echo_cancel_req,
	.shm_register = echo_shm_register,
	.shm_unregister = echo_shm_unregister,
};

static const struct tee_desc echo_clnt_desc = {
	.name = "echo-clnt",
	.ops = &echo_clnt_ops,
};

/* What is missing here fails with EINVAL, registering memory with 524. */
static const struct tee_driver_ops echo_supp_ops = {
	.get_version = echo_get_version,
	.open = echo_supp_open,
	.release = echo_supp_release,
	.supp_recv = echo_supp_recv,
	.supp_send = echo_supp_send,
};

static const struct tee_desc echo_supp_desc = {
	.name = "echo-supp",
	.ops = &echo_supp_ops,
	.flags = TEE_DESC_PRIVILEGED,
};

static int echo_device_register(struct echo *echo, const struct tee_desc *desc,
				struct tee_device **ret_teedev)
{
	struct tee_device *teedev = tee_device_alloc(desc, &echo->pool, echo);

	if (IS_ERR(teedev))
		return PTR_ERR(teedev);
	*ret_teedev = teedev;
	/* From here on our ops are called, before this function has returned. */
	return tee_device_register(teedev);
}

struct echo *echo_probe(void)
{
	struct echo *echo = kzalloc(sizeof(*echo), GFP_KERNEL);
	int rc;

	if (!echo)
		return ERR_PTR(-ENOMEM);
	echo->pool.ops = &echo_pool_ops;
	echo_supp_init(&echo->supp);

	rc = echo_device_register(echo, &echo_clnt_desc, &echo->teedev);
	if (!rc)
		rc = echo_device_register(echo, &echo_supp_desc, &echo->supp_teedev);
	if (rc) {
		echo_remove(echo);
		return ERR_PTR(rc);
	}
	return echo;
}

void echo_remove(struct echo *echo)
{
	if (!echo)
		return;
	/* Each waits until nobody uses it; also one that could not be registered. */
	tee_device_unregister(echo->supp_teedev);
	tee_device_unregister(echo->teedev);
	WARN_ON(atomic_read(&echo->n_sessions) || atomic_read(&echo->n_registered));
	echo_supp_uninit(&echo->supp);
	kfree(echo);
}
