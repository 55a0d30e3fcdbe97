/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Clients inside the kernel
 *
 * What they do is what a client does through a file, less the distrust: no lookups,
 * no checks, no copies. One thing remains: a buffer of theirs that the TEE cannot see
 * in place is brought up to date before a call and after it.
 */
#include <linux/err.h>
#include <linux/errno.h>
#include <linux/kernel.h>
#include <linux/slab.h>
#include <linux/string.h>

#include "normal/tee/tee_client.h"
#include "normal/tee/tee_core.h"
#include "normal/tee/tee_private.h"

struct tee_context *tee_client_open_context(struct tee_context *start,
					    int (*match)(struct tee_ioctl_version_data *vers,
							 const void *data),
					    const void *data,
					    struct tee_ioctl_version_data *vers)
{
	struct tee_device *teedev = start ? start->teedev : NULL;
	u64 pos = teedev ? tee_device_obj(teedev)->seq : 0;
	struct tee_ioctl_version_data own;
	struct tee_context *ctx;

	vers = vers ?: &own;
	while ((teedev = tee_device_get_next(pos))) {
		pos = tee_device_obj(teedev)->seq;
		ctx = ERR_PTR(-ENOENT);
		memset(vers, 0, sizeof(*vers));
		teedev->desc->ops->get_version(teedev, vers);
		if (match(vers, data))
			ctx = teedev_open(teedev);
		tee_device_put(teedev);

		if (!IS_ERR(ctx)) {
			/* The kernel does not hang because user space is not up. */
			ctx->supp_nowait = true;
			return ctx;
		}
		if (PTR_ERR(ctx) == -ENOMEM)
			return ctx;
	}
	return ERR_PTR(-ENOENT);
}

void tee_client_close_context(struct tee_context *ctx)
{
	teedev_close_context(ctx);
}

void tee_client_get_version(struct tee_context *ctx, struct tee_ioctl_version_data *vers)
{
	ctx->teedev->desc->ops->get_version(ctx->teedev, vers);
}

/*
 * The ranges of @param that need bringing up to date, as they are before the call.
 * Mostly there are none, and nothing is allocated. 0 or -ENOMEM; tee_client_forget().
 */
static int tee_client_note(struct tee_params *set, struct tee_param *param, u32 num_params)
{
	u32 n;

	*set = (struct tee_params){ .num = 0, .params = param };
	for (n = 0; n < num_params; n++) {
		const struct tee_param_memref *m = &param[n].u.memref;

		if (!tee_param_is_memref(param + n) || !tee_shm_is_registered(m->shm))
			continue;
		if (!set->held) {
			set->held = kcalloc(num_params, sizeof(*set->held), GFP_KERNEL);
			if (!set->held)
				return -ENOMEM;
			set->num = num_params;
		}
		set->held[n].shm = m->shm;
		set->held[n].offs = m->shm_offs;
		set->held[n].size = m->size;
		set->held[n].output = (param[n].attr & TEE_IOCTL_PARAM_ATTR_TYPE_MASK) !=
				      TEE_IOCTL_PARAM_ATTR_TYPE_MEMREF_INPUT;
	}
	return 0;
}

static void tee_client_forget(struct tee_params *set)
{
	kfree(set->held);
}

int tee_client_open_session(struct tee_context *ctx, struct tee_ioctl_open_session_arg *arg,
			    struct tee_param *param)
{
	const struct tee_driver_ops *ops = ctx->teedev->desc->ops;
	struct tee_params set;
	int rc;

	if (!ops->open_session)
		return -EINVAL;

	rc = tee_client_note(&set, param, arg->num_params);
	if (rc)
		return rc;
	rc = tee_params_sync_for_tee(&set);
	if (rc)
		goto out_forget;
	rc = ops->open_session(ctx, arg, param);
	if (rc)
		goto out_forget;
	rc = tee_params_sync_for_user(&set);
	/* The client believes that there is none, so nobody else would close it. */
	if (rc && arg->ret == 0 && ops->close_session)
		ops->close_session(ctx, arg->session);
out_forget:
	tee_client_forget(&set);
	return rc;
}

int tee_client_close_session(struct tee_context *ctx, u32 session)
{
	const struct tee_driver_ops *ops = ctx->teedev->desc->ops;

	if (!ops->close_session)
		return -EINVAL;
	return ops->close_session(ctx, session);
}

int tee_client_system_session(struct tee_context *ctx, u32 session)
{
	const struct tee_driver_ops *ops = ctx->teedev->desc->ops;

	if (!ops->system_session)
		return -EINVAL;
	return ops->system_session(ctx, session);
}

int tee_client_invoke_func(struct tee_context *ctx, struct tee_ioctl_invoke_arg *arg,
			   struct tee_param *param)
{
	const struct tee_driver_ops *ops = ctx->teedev->desc->ops;
	struct tee_params set;
	int rc;

	if (!ops->invoke_func)
		return -EINVAL;

	rc = tee_client_note(&set, param, arg->num_params);
	if (rc)
		return rc;
	rc = tee_params_sync_for_tee(&set);
	if (!rc)
		rc = ops->invoke_func(ctx, arg, param);
	if (!rc)
		rc = tee_params_sync_for_user(&set);
	tee_client_forget(&set);
	return rc;
}

int tee_client_cancel_req(struct tee_context *ctx, struct tee_ioctl_cancel_arg *arg)
{
	const struct tee_driver_ops *ops = ctx->teedev->desc->ops;

	if (!ops->cancel_req)
		return -EINVAL;
	return ops->cancel_req(ctx, arg->cancel_id, arg->session);
}
