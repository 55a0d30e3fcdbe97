/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The services of the trusted OS that want to be known
 *
 * The device service lists the UUIDs of trusted applications that are meant for
 * the kernel rather than for clients. It is asked in a work item, because the
 * answer may need a supplicant that starts after the driver: once when a trusted
 * OS is bound or replaced, once more when the first supplicant comes.
 */
#include <linux/err.h>
#include <linux/errno.h>
#include <linux/kernel.h>
#include <linux/list.h>
#include <linux/mutex.h>
#include <linux/printk.h>
#include <linux/slab.h>
#include <linux/string.h>
#include <linux/workqueue.h>

#include "normal/drivers/optee/optee_private.h"

#define OPTEE_PTA_GET_DEVICES 0
#define OPTEE_PTA_GET_DEVICES_SUPP 1

/* Of more services than this we do not hear. */
#define OPTEE_MAX_DEVICES 256

/* 7011a688-ddde-4053-a5a9-7b3c4ddf13b8 */
static const u8 optee_device_pta_uuid[TEE_IOCTL_UUID_LEN] = {
	0x70, 0x11, 0xa6, 0x88, 0xdd, 0xde, 0x40, 0x53,
	0xa5, 0xa9, 0x7b, 0x3c, 0x4d, 0xdf, 0x13, 0xb8,
};

struct optee_device {
	struct list_head node;
	u8 uuid[TEE_IOCTL_UUID_LEN];
};

static int optee_list_device(struct optee *optee, const u8 *uuid)
{
	struct optee_device *dev;
	int rc = 0;

	mutex_lock(&optee->devices_mutex);
	list_for_each_entry(dev, &optee->devices, node)
		if (!memcmp(dev->uuid, uuid, sizeof(dev->uuid)))
			goto out_unlock;

	dev = kzalloc(sizeof(*dev), GFP_KERNEL);
	if (!dev) {
		rc = -ENOMEM;
		goto out_unlock;
	}
	memcpy(dev->uuid, uuid, sizeof(dev->uuid));
	list_add_tail(&dev->node, &optee->devices);
out_unlock:
	mutex_unlock(&optee->devices_mutex);
	return rc;
}

/* One invocation of the service; @size is the room and becomes what is needed. */
static int optee_get_devices(struct tee_context *ctx, u32 session, u32 func,
			     struct tee_shm *shm, size_t *size)
{
	struct tee_ioctl_invoke_arg arg = {
		.func = func,
		.session = session,
		.num_params = 1,
	};
	struct tee_param param = {
		.attr = TEE_IOCTL_PARAM_ATTR_TYPE_MEMREF_OUTPUT,
		.u.memref.shm = shm,
		.u.memref.size = *size,
	};
	int rc;

	rc = optee_invoke_func(ctx, &arg, &param);
	if (rc)
		return rc;
	if (arg.ret != TEE_R_SUCCESS && (shm || arg.ret != TEE_R_SHORT_BUFFER))
		return -EINVAL;
	*size = param.u.memref.size;
	return 0;
}

static int optee_list_devices(struct optee *optee, struct tee_context *ctx, u32 session,
			      u32 func)
{
	struct tee_shm *shm;
	const u8 *uuids;
	size_t size = 0;
	size_t n;
	int rc;

	rc = optee_get_devices(ctx, session, func, NULL, &size);
	if (rc || !size)
		return rc;
	if (size > OPTEE_MAX_DEVICES * TEE_IOCTL_UUID_LEN)
		return -E2BIG;

	shm = tee_shm_alloc_kernel_buf(ctx, size);
	if (IS_ERR(shm))
		return PTR_ERR(shm);
	rc = optee_get_devices(ctx, session, func, shm, &size);
	uuids = tee_shm_get_va(shm, 0);
	for (n = 0; !rc && n < size / TEE_IOCTL_UUID_LEN; n++)
		rc = optee_list_device(optee, uuids + n * TEE_IOCTL_UUID_LEN);
	tee_shm_free(shm);
	return rc;
}

static int optee_scan_in_context(struct optee *optee, struct tee_context *ctx, u32 func)
{
	struct tee_ioctl_open_session_arg arg = {
		.clnt_login = TEE_IOCTL_LOGIN_REE_KERNEL,
	};
	int rc;

	memcpy(arg.uuid, optee_device_pta_uuid, sizeof(arg.uuid));
	rc = optee_open_session(ctx, &arg, NULL);
	if (rc)
		return rc;
	/* A trusted OS without the service has nothing to list. */
	if (arg.ret != TEE_R_SUCCESS)
		return 0;
	rc = optee_list_devices(optee, ctx, arg.session, func);
	optee_close_session(ctx, arg.session);
	return rc;
}

static void optee_scan(struct optee *optee, u32 func)
{
	struct tee_context *ctx = teedev_open(optee->teedev);
	int rc;

	if (IS_ERR(ctx))
		return;
	ctx->supp_nowait = true;
	rc = optee_scan_in_context(optee, ctx, func);
	teedev_close_context(ctx);
	if (rc)
		pr_warn_ratelimited("optee: cannot list the services of the trusted OS (%d)\n",
				    rc);
}

static void optee_scan_work(struct work_struct *work)
{
	optee_scan(container_of(work, struct optee, scan_work), OPTEE_PTA_GET_DEVICES);
}

static void optee_scan_supp_work(struct work_struct *work)
{
	optee_scan(container_of(work, struct optee, scan_supp_work),
		   OPTEE_PTA_GET_DEVICES_SUPP);
}

void optee_scan_init(struct optee *optee)
{
	INIT_WORK(&optee->scan_work, optee_scan_work);
	INIT_WORK(&optee->scan_supp_work, optee_scan_supp_work);
	optee->supp_scanned = false;
	mutex_init(&optee->devices_mutex);
	INIT_LIST_HEAD(&optee->devices);
}

void optee_scan_start(struct optee *optee, bool supp)
{
	bool again;

	if (!supp) {
		schedule_work(&optee->scan_work);
		return;
	}
	mutex_lock(&optee->devices_mutex);
	again = optee->supp_scanned;
	optee->supp_scanned = true;
	mutex_unlock(&optee->devices_mutex);
	if (!again)
		schedule_work(&optee->scan_supp_work);
}

void optee_scan_cancel(struct optee *optee)
{
	cancel_work_sync(&optee->scan_work);
	cancel_work_sync(&optee->scan_supp_work);
}

void optee_scan_uninit(struct optee *optee)
{
	struct optee_device *dev;
	struct optee_device *next;

	list_for_each_entry_safe(dev, next, &optee->devices, node) {
		list_del(&dev->node);
		kfree(dev);
	}
	mutex_destroy(&optee->devices_mutex);
}

size_t optee_get_ta_devices(struct optee *optee, u8 (*uuids)[TEE_IOCTL_UUID_LEN], size_t max)
{
	struct optee_device *dev;
	size_t n = 0;

	mutex_lock(&optee->devices_mutex);
	list_for_each_entry(dev, &optee->devices, node) {
		if (n < max)
			memcpy(uuids[n], dev->uuid, sizeof(dev->uuid));
		n++;
	}
	mutex_unlock(&optee->devices_mutex);
	return n;
}
