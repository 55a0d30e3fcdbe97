/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The supplicant's two ioctls: take a request of the TEE, answer one
 */
#include <linux/errno.h>
#include <linux/kernel.h>
#include <linux/uaccess.h>

#include "normal/tee/tee_core.h"
#include "normal/tee/tee_private.h"

/* What the TEE wrote must be in the supplicant's memory before it looks there. */
static int tee_supp_sync_for_user(const struct tee_params *set, size_t num_params)
{
	size_t n;
	int rc;

	for (n = 0; n < num_params; n++) {
		struct tee_param *p = &set->params[n];

		if (!tee_param_is_memref(p) || !p->u.memref.shm)
			continue;
		rc = tee_shm_sync_for_user(p->u.memref.shm, p->u.memref.shm_offs,
					   p->u.memref.size);
		if (rc)
			return rc;
	}
	return 0;
}

static int tee_supp_request_to_user(const struct tee_params *set, u32 func, u32 num_params,
				    struct tee_iocl_supp_recv_arg __user *uarg)
{
	int rc = tee_supp_sync_for_user(set, num_params);

	if (rc)
		return rc;
	if (put_user(func, &uarg->func) || put_user(num_params, &uarg->num_params))
		return -EFAULT;
	return tee_params_to_supp(set, num_params, uarg->params);
}

/*
 * A request that cannot be written to the supplicant stays outstanding: it was
 * taken, and it ends when the supplicant does.
 */
int tee_ioctl_supp_recv(struct tee_context *ctx, void __user *argp)
{
	const struct tee_driver_ops *ops = ctx->teedev->desc->ops;
	struct tee_iocl_supp_recv_arg __user *uarg;
	struct tee_ioctl_buf_data buf;
	struct tee_params set;
	u32 num_params;
	u32 func = 0;
	int rc;

	if (!ops->supp_recv)
		return -EINVAL;

	rc = tee_buf_from_user(&buf, argp, sizeof(*uarg));
	if (rc)
		return rc;
	uarg = u64_to_user_ptr(buf.buf_ptr);
	if (get_user(num_params, &uarg->num_params))
		return -EFAULT;

	rc = tee_params_from_user(&set, ctx, &buf, sizeof(*uarg), num_params, uarg->params);
	if (rc)
		return rc;

	/* From here on the driver has the references, whatever it returns. */
	tee_params_disown(&set);
	rc = ops->supp_recv(ctx, &func, &num_params, set.params);
	if (rc)
		goto out_release;
	if (WARN_ON(num_params > set.num)) {
		rc = -EINVAL;
		goto out_release;
	}
	rc = tee_supp_request_to_user(&set, func, num_params, uarg);

out_release:
	tee_params_release(&set);
	return rc;
}

int tee_ioctl_supp_send(struct tee_context *ctx, void __user *argp)
{
	const struct tee_driver_ops *ops = ctx->teedev->desc->ops;
	struct tee_iocl_supp_send_arg __user *uarg;
	struct tee_ioctl_buf_data buf;
	struct tee_params set;
	u32 num_params;
	u32 ret;
	int rc;

	if (!ops->supp_send)
		return -EINVAL;

	rc = tee_buf_from_user(&buf, argp, sizeof(*uarg));
	if (rc)
		return rc;
	uarg = u64_to_user_ptr(buf.buf_ptr);
	if (get_user(ret, &uarg->ret) || get_user(num_params, &uarg->num_params))
		return -EFAULT;

	rc = tee_params_from_supp(&set, &buf, sizeof(*uarg), num_params, uarg->params);
	if (rc)
		return rc;

	rc = ops->supp_send(ctx, ret, num_params, set.params);
	tee_params_release(&set);
	return rc;
}
