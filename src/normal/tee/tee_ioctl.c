/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The ioctls of a TEE device
 *
 * The dispatch is by the whole command word: a known number with another size
 * or direction is an unknown command. Each step below stands where the errno
 * that it can give is expected (facts 1.7).
 */
#include <linux/err.h>
#include <linux/errno.h>
#include <linux/kernel.h>
#include <linux/uaccess.h>

#include "normal/platform.h"
#include "normal/tee/tee_cdev.h"
#include "normal/tee/tee_core.h"
#include "normal/tee/tee_private.h"

static int tee_ioctl_version(struct tee_context *ctx, void __user *argp)
{
	const struct tee_desc *desc = ctx->teedev->desc;
	struct tee_ioctl_version_data vers = {};

	desc->ops->get_version(ctx->teedev, &vers);
	if (desc->flags & TEE_DESC_PRIVILEGED)
		vers.gen_caps |= TEE_GEN_CAP_PRIVILEGED;
	return copy_to_user(argp, &vers, sizeof(vers)) ? -EFAULT : 0;
}

/*
 * Give the client what it asked for: first the struct, then the descriptor, to
 * which the creator's reference goes. What fails takes the shm with it, although
 * the client may have read its id already.
 */
static int tee_shm_hand_out(struct tee_shm *shm, void __user *argp, const void *data, size_t size)
{
	int rc = -EFAULT;

	if (!copy_to_user(argp, data, size))
		rc = platform_shm_install_fd(shm);
	if (rc < 0)
		tee_shm_put(shm);
	return rc;
}

static int tee_ioctl_shm_alloc(struct tee_context *ctx, void __user *argp)
{
	struct tee_ioctl_shm_alloc_data data;
	struct tee_shm *shm;

	if (copy_from_user(&data, argp, sizeof(data)))
		return -EFAULT;
	if (data.flags)
		return -EINVAL;
	if ((size_t)data.size != data.size)
		return -ENOMEM;

	shm = tee_shm_alloc_user_buf(ctx, data.size);
	if (IS_ERR(shm))
		return PTR_ERR(shm);

	data.id = shm->id;
	data.size = shm->size;
	return tee_shm_hand_out(shm, argp, &data, sizeof(data));
}

static int tee_ioctl_shm_register(struct tee_context *ctx, void __user *argp)
{
	struct tee_ioctl_shm_register_data data;
	struct tee_shm *shm;

	if (copy_from_user(&data, argp, sizeof(data)))
		return -EFAULT;
	if (data.flags)
		return -EINVAL;
	if ((unsigned long)data.addr != data.addr || (size_t)data.length != data.length)
		return -EFAULT;

	shm = tee_shm_register_user_buf(ctx, data.addr, data.length);
	if (IS_ERR(shm))
		return PTR_ERR(shm);

	data.id = shm->id;
	data.length = shm->size;
	return tee_shm_hand_out(shm, argp, &data, sizeof(data));
}

/* Whatever is wrong with the descriptor is -EINVAL, no memory included. */
static int tee_ioctl_shm_register_fd(struct tee_context *ctx, void __user *argp)
{
	struct tee_ioctl_shm_register_fd_data data;
	struct tee_shm *shm;

	if (copy_from_user(&data, argp, sizeof(data)))
		return -EFAULT;
	if (data.flags)
		return -EINVAL;

	shm = tee_shm_register_fd(ctx, data.fd);
	if (IS_ERR(shm))
		return -EINVAL;

	data.id = shm->id;
	data.size = shm->size;
	/* Clients know the word that way; it means nothing to them. */
	data.flags = shm->flags;
	return tee_shm_hand_out(shm, argp, &data, sizeof(data));
}

static int tee_ioctl_cancel(struct tee_context *ctx, void __user *argp)
{
	const struct tee_driver_ops *ops = ctx->teedev->desc->ops;
	struct tee_ioctl_cancel_arg arg;

	if (!ops->cancel_req)
		return -EINVAL;
	if (copy_from_user(&arg, argp, sizeof(arg)))
		return -EFAULT;
	return ops->cancel_req(ctx, arg.cancel_id, arg.session);
}

static int tee_ioctl_close_session(struct tee_context *ctx, void __user *argp)
{
	const struct tee_driver_ops *ops = ctx->teedev->desc->ops;
	struct tee_ioctl_close_session_arg arg;

	if (!ops->close_session)
		return -EINVAL;
	if (copy_from_user(&arg, argp, sizeof(arg)))
		return -EFAULT;
	return ops->close_session(ctx, arg.session);
}

long tee_cdev_ioctl(struct tee_context *ctx, unsigned int cmd, unsigned long arg)
{
	void __user *argp = (void __user *)arg;

	switch (cmd) {
	case TEE_IOC_VERSION:
		return tee_ioctl_version(ctx, argp);
	case TEE_IOC_SHM_ALLOC:
		return tee_ioctl_shm_alloc(ctx, argp);
	case TEE_IOC_SHM_REGISTER:
		return tee_ioctl_shm_register(ctx, argp);
	case TEE_IOC_SHM_REGISTER_FD:
		return tee_ioctl_shm_register_fd(ctx, argp);
	case TEE_IOC_OPEN_SESSION:
		return tee_ioctl_open_session(ctx, argp);
	case TEE_IOC_INVOKE:
		return tee_ioctl_invoke(ctx, argp);
	case TEE_IOC_OBJECT_INVOKE:
		return tee_ioctl_object_invoke(ctx, argp);
	case TEE_IOC_CANCEL:
		return tee_ioctl_cancel(ctx, argp);
	case TEE_IOC_CLOSE_SESSION:
		return tee_ioctl_close_session(ctx, argp);
	case TEE_IOC_SUPPL_RECV:
		return tee_ioctl_supp_recv(ctx, argp);
	case TEE_IOC_SUPPL_SEND:
		return tee_ioctl_supp_send(ctx, argp);
	default:
		return -EINVAL;
	}
}
