/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Calls into the TEE: OPEN_SESSION, INVOKE and OBJECT_INVOKE
 *
 * Whether the TEE obliged is data (ret, ret_origin); an errno means that the call
 * did not take place, and then nothing is written back. The output fields of the
 * header are zeroed before the driver sees it: what a driver leaves alone must
 * not come back as the caller's own bytes with the look of an answer.
 */
#include <linux/errno.h>
#include <linux/kernel.h>
#include <linux/uaccess.h>

#include "normal/tee/tee_core.h"
#include "normal/tee/tee_private.h"

/* Step 2 to 4 of the common preamble. */
static int tee_header_from_user(void *header, size_t size, struct tee_ioctl_buf_data *buf,
				const void __user *argp)
{
	int rc = tee_buf_from_user(buf, argp, size);

	if (rc)
		return rc;
	return copy_from_user(header, u64_to_user_ptr(buf->buf_ptr), size) ? -EFAULT : 0;
}

static int tee_check_login(u32 login)
{
	/* Reserved for clients inside the kernel, which do not come through here */
	if (login >= TEE_IOCTL_LOGIN_REE_KERNEL_MIN && login <= TEE_IOCTL_LOGIN_REE_KERNEL_MAX)
		return -EPERM;
	return 0;
}

static int tee_open_session_to_user(const struct tee_ioctl_open_session_arg *arg,
				    const struct tee_params *set,
				    struct tee_ioctl_open_session_arg __user *uarg)
{
	int rc = tee_params_sync_for_user(set);

	if (rc)
		return rc;
	if (put_user(arg->session, &uarg->session) || put_user(arg->ret, &uarg->ret) ||
	    put_user(arg->ret_origin, &uarg->ret_origin))
		return -EFAULT;
	return tee_params_to_user(set, uarg->params);
}

int tee_ioctl_open_session(struct tee_context *ctx, void __user *argp)
{
	const struct tee_driver_ops *ops = ctx->teedev->desc->ops;
	struct tee_ioctl_open_session_arg __user *uarg;
	struct tee_ioctl_open_session_arg arg;
	struct tee_ioctl_buf_data buf;
	struct tee_params set;
	int rc;

	if (!ops->open_session)
		return -EINVAL;

	rc = tee_header_from_user(&arg, sizeof(arg), &buf, argp);
	if (rc)
		return rc;
	uarg = u64_to_user_ptr(buf.buf_ptr);
	rc = tee_params_from_user(&set, ctx, &buf, sizeof(arg), arg.num_params, uarg->params);
	if (rc)
		return rc;
	rc = tee_check_login(arg.clnt_login);
	if (rc)
		goto out_release;
	rc = tee_params_sync_for_tee(&set);
	if (rc)
		goto out_release;

	arg.session = 0;
	arg.ret = 0;
	arg.ret_origin = 0;
	rc = ops->open_session(ctx, &arg, set.params);
	if (rc)
		goto out_release;

	rc = tee_open_session_to_user(&arg, &set, uarg);
	/* The client will never know this session, so nobody else could close it. */
	if (rc && ops->close_session)
		ops->close_session(ctx, arg.session);

out_release:
	tee_params_release(&set);
	return rc;
}

static int tee_invoke_to_user(const struct tee_ioctl_invoke_arg *arg,
			      const struct tee_params *set,
			      struct tee_ioctl_invoke_arg __user *uarg)
{
	int rc = tee_params_sync_for_user(set);

	if (rc)
		return rc;
	if (put_user(arg->ret, &uarg->ret) || put_user(arg->ret_origin, &uarg->ret_origin))
		return -EFAULT;
	return tee_params_to_user(set, uarg->params);
}

int tee_ioctl_invoke(struct tee_context *ctx, void __user *argp)
{
	const struct tee_driver_ops *ops = ctx->teedev->desc->ops;
	struct tee_ioctl_invoke_arg __user *uarg;
	struct tee_ioctl_invoke_arg arg;
	struct tee_ioctl_buf_data buf;
	struct tee_params set;
	int rc;

	if (!ops->invoke_func)
		return -EINVAL;

	rc = tee_header_from_user(&arg, sizeof(arg), &buf, argp);
	if (rc)
		return rc;
	uarg = u64_to_user_ptr(buf.buf_ptr);
	rc = tee_params_from_user(&set, ctx, &buf, sizeof(arg), arg.num_params, uarg->params);
	if (rc)
		return rc;
	rc = tee_params_sync_for_tee(&set);
	if (rc)
		goto out_release;

	arg.ret = 0;
	arg.ret_origin = 0;
	rc = ops->invoke_func(ctx, &arg, set.params);
	if (!rc)
		rc = tee_invoke_to_user(&arg, &set, uarg);

out_release:
	tee_params_release(&set);
	return rc;
}

static int tee_object_invoke_to_user(const struct tee_ioctl_object_invoke_arg *arg,
				     const struct tee_params *set,
				     struct tee_ioctl_object_invoke_arg __user *uarg)
{
	int rc = tee_params_sync_for_user(set);

	if (rc)
		return rc;
	if (put_user(arg->ret, &uarg->ret))
		return -EFAULT;
	return tee_params_to_user(set, uarg->params);
}

int tee_ioctl_object_invoke(struct tee_context *ctx, void __user *argp)
{
	const struct tee_driver_ops *ops = ctx->teedev->desc->ops;
	struct tee_ioctl_object_invoke_arg __user *uarg;
	struct tee_ioctl_object_invoke_arg arg;
	struct tee_ioctl_buf_data buf;
	struct tee_params set;
	int rc;

	if (!ops->object_invoke_func)
		return -EINVAL;

	rc = tee_header_from_user(&arg, sizeof(arg), &buf, argp);
	if (rc)
		return rc;
	uarg = u64_to_user_ptr(buf.buf_ptr);
	rc = tee_params_from_user(&set, ctx, &buf, sizeof(arg), arg.num_params, uarg->params);
	if (rc)
		return rc;
	rc = tee_params_sync_for_tee(&set);
	if (rc)
		goto out_release;

	arg.ret = 0;
	rc = ops->object_invoke_func(ctx, &arg, set.params);
	if (!rc)
		rc = tee_object_invoke_to_user(&arg, &set, uarg);

out_release:
	tee_params_release(&set);
	return rc;
}
