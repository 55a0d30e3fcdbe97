/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The two devices of a trusted OS: one for clients, a privileged one for the
 * supplicant
 *
 * Memory of clients is registered with the trusted OS piece by piece. Memory of the
 * supplicant is not: the trusted OS sees it only while an RPC lends it, with its page
 * list in the answer. To register it would take a secure thread, and all of them may
 * be waiting for this very supplicant.
 */
#include <linux/err.h>
#include <linux/errno.h>
#include <linux/kernel.h>
#include <linux/list.h>
#include <linux/mutex.h>
#include <linux/rwsem.h>
#include <linux/slab.h>

#include "normal/drivers/optee/optee_private.h"

static int optee_pool_alloc(struct tee_shm_pool *pool, struct tee_shm *shm, size_t size,
			    size_t align)
{
	/* What the driver keeps to itself is told to the trusted OS by address. */
	if (shm->flags & TEE_SHM_PRIV)
		return tee_dyn_shm_alloc_helper(shm, size, align, NULL);
	return tee_dyn_shm_alloc_helper(shm, size, align, optee_shm_register);
}

static void optee_pool_free(struct tee_shm_pool *pool, struct tee_shm *shm)
{
	tee_dyn_shm_free_helper(shm, shm->flags & TEE_SHM_PRIV ? NULL : optee_shm_unregister);
}

/* The pools are part of struct optee: there is nothing to destroy. */
static const struct tee_shm_pool_ops optee_pool_ops = {
	.alloc = optee_pool_alloc,
	.free = optee_pool_free,
};

static int optee_supp_pool_alloc(struct tee_shm_pool *pool, struct tee_shm *shm, size_t size,
				 size_t align)
{
	return tee_dyn_shm_alloc_helper(shm, size, align, NULL);
}

static void optee_supp_pool_free(struct tee_shm_pool *pool, struct tee_shm *shm)
{
	tee_dyn_shm_free_helper(shm, NULL);
}

static const struct tee_shm_pool_ops optee_supp_pool_ops = {
	.alloc = optee_supp_pool_alloc,
	.free = optee_supp_pool_free,
};

static int optee_supp_shm_register(struct tee_context *ctx, struct tee_shm *shm,
				   struct page **pages, size_t num_pages, unsigned long start)
{
	return 0;
}

static int optee_supp_shm_unregister(struct tee_context *ctx, struct tee_shm *shm)
{
	return 0;
}

static void optee_get_version(struct tee_device *teedev, struct tee_ioctl_version_data *vers)
{
	struct optee *optee = tee_get_drvdata(teedev);

	vers->impl_id = TEE_IMPL_ID_OPTEE;
	vers->impl_caps = TEE_OPTEE_CAP_TZ;
	vers->gen_caps = TEE_GEN_CAP_GP | TEE_GEN_CAP_REG_MEM;
	if (optee->has_memref_null)
		vers->gen_caps |= TEE_GEN_CAP_MEMREF_NULL;
}

static int optee_get_tee_revision(struct tee_device *teedev, char *buf, size_t len)
{
	struct optee *optee = tee_get_drvdata(teedev);

	down_read(&optee->gate);
	if (optee->rev_build)
		scnprintf(buf, len, "OP-TEE %u.%u (%08x)", optee->rev_major,
			  optee->rev_minor, optee->rev_build);
	else
		scnprintf(buf, len, "OP-TEE %u.%u", optee->rev_major, optee->rev_minor);
	up_read(&optee->gate);
	return 0;
}

static int optee_open_common(struct tee_context *ctx)
{
	struct optee *optee = tee_get_drvdata(ctx->teedev);
	struct optee_context_data *ctxdata;

	ctxdata = kzalloc(sizeof(*ctxdata), GFP_KERNEL);
	if (!ctxdata)
		return -ENOMEM;
	mutex_init(&ctxdata->mutex);
	INIT_LIST_HEAD(&ctxdata->sess_list);
	ctx->data = ctxdata;
	ctx->cap_memref_null = optee->has_memref_null;
	optee_status_add(optee, ctx);
	return 0;
}

static void optee_release_common(struct tee_context *ctx)
{
	struct optee *optee = tee_get_drvdata(ctx->teedev);
	struct optee_context_data *ctxdata = ctx->data;

	optee_close_all_sessions(ctx);
	optee_status_remove(optee, ctx);
	mutex_destroy(&ctxdata->mutex);
	kfree(ctxdata);
	ctx->data = NULL;
}

static int optee_open(struct tee_context *ctx)
{
	/* Nobody is behind the device context who could start a supplicant. */
	if (tee_context_is_device(ctx))
		ctx->supp_nowait = true;
	return optee_open_common(ctx);
}

static int optee_open_supp(struct tee_context *ctx)
{
	struct optee *optee = tee_get_drvdata(ctx->teedev);
	int rc;

	rc = optee_open_common(ctx);
	if (rc)
		return rc;
	rc = optee_supp_open(&optee->supp, ctx);
	if (rc) {
		optee_release_common(ctx);
		return rc;
	}
	optee_scan_start(optee);
	return 0;
}

static void optee_release_supp(struct tee_context *ctx)
{
	struct optee *optee = tee_get_drvdata(ctx->teedev);

	optee_release_common(ctx);
	optee_supp_release(&optee->supp);
}

static const struct tee_driver_ops optee_clnt_ops = {
	.get_version = optee_get_version,
	.get_tee_revision = optee_get_tee_revision,
	.open = optee_open,
	.release = optee_release_common,
	.open_session = optee_open_session,
	.close_session = optee_close_session,
	.system_session = optee_system_session,
	.invoke_func = optee_invoke_func,
	.cancel_req = optee_cancel_req,
	.shm_register = optee_shm_register,
	.shm_unregister = optee_shm_unregister,
};

static const struct tee_desc optee_clnt_desc = {
	.name = "optee-clnt",
	.ops = &optee_clnt_ops,
};

static const struct tee_driver_ops optee_supp_ops = {
	.get_version = optee_get_version,
	.get_tee_revision = optee_get_tee_revision,
	.open = optee_open_supp,
	.release = optee_release_supp,
	.supp_recv = optee_supp_recv,
	.supp_send = optee_supp_send,
	.shm_register = optee_supp_shm_register,
	.shm_unregister = optee_supp_shm_unregister,
};

static const struct tee_desc optee_supp_desc = {
	.name = "optee-supp",
	.ops = &optee_supp_ops,
	.flags = TEE_DESC_PRIVILEGED,
};

void optee_supp_device_unregister(struct optee *optee)
{
	tee_device_unregister(optee->supp_teedev);
	optee->supp_teedev = NULL;
}

void optee_client_device_unregister(struct optee *optee)
{
	tee_device_unregister(optee->teedev);
	optee->teedev = NULL;
}

int optee_devices_register(struct optee *optee)
{
	struct tee_device *teedev;
	int rc;

	optee->pool.ops = &optee_pool_ops;
	optee->supp_pool.ops = &optee_supp_pool_ops;

	teedev = tee_device_alloc(&optee_clnt_desc, &optee->pool, optee);
	if (IS_ERR(teedev))
		return PTR_ERR(teedev);
	optee->teedev = teedev;

	teedev = tee_device_alloc(&optee_supp_desc, &optee->supp_pool, optee);
	if (IS_ERR(teedev)) {
		rc = PTR_ERR(teedev);
		goto err_unregister;
	}
	optee->supp_teedev = teedev;

	rc = tee_device_register(optee->teedev);
	if (rc)
		goto err_unregister;
	rc = tee_device_register(optee->supp_teedev);
	if (rc)
		goto err_unregister;
	return 0;

err_unregister:
	optee_supp_device_unregister(optee);
	optee_client_device_unregister(optee);
	return rc;
}
