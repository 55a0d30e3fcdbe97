/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The services of the trusted OS that want to be known: devices on the TEE bus
 *
 * The device service lists the UUIDs of trusted applications that are meant for the
 * kernel rather than for clients. Those that work alone are asked for when a trusted
 * OS is bound or replaced, those that need a supplicant as soon as there is one.
 *
 * All of it happens in one work item, so that it is never done twice at a time: the
 * item drops what earlier trusted OSes listed and asks for what was not yet asked. So
 * whoever changes anything only has to schedule it. A device lasts as long as the
 * trusted OS that listed it: when that dies, the drivers of its devices are taken off,
 * and they come back to the devices of the next, where their sessions can be opened
 * again.
 */
#include <linux/device.h>
#include <linux/err.h>
#include <linux/errno.h>
#include <linux/kernel.h>
#include <linux/list.h>
#include <linux/mutex.h>
#include <linux/printk.h>
#include <linux/rwsem.h>
#include <linux/slab.h>
#include <linux/string.h>
#include <linux/uuid.h>
#include <linux/workqueue.h>

#include "normal/drivers/optee/optee_private.h"
#include "normal/tee/tee_client.h"

#define OPTEE_PTA_GET_DEVICES 0
#define OPTEE_PTA_GET_DEVICES_SUPP 1

/* More services than this in one list are not an answer but noise. */
#define OPTEE_MAX_DEVICES 256

/* 7011a688-ddde-4053-a5a9-7b3c4ddf13b8 */
static const u8 optee_device_pta_uuid[TEE_IOCTL_UUID_LEN] = {
	0x70, 0x11, 0xa6, 0x88, 0xdd, 0xde, 0x40, 0x53,
	0xa5, 0xa9, 0x7b, 0x3c, 0x4d, 0xdf, 0x13, 0xb8,
};

/**
 * struct optee_ta_device - a device of ours on the bus
 * @node: in optee.ta_devices
 * @epoch: of the trusted OS that listed it
 */
struct optee_ta_device {
	struct tee_client_device tcdev;
	struct list_head node;
	u32 epoch;
};

/* An empty file, whose being there says it all */
static ssize_t need_supplicant_show(struct device *dev, struct device_attribute *attr, char *buf)
{
	return 0;
}
static DEVICE_ATTR_RO(need_supplicant);

static struct attribute *optee_supp_device_attrs[] = {
	&dev_attr_need_supplicant.attr,
	NULL,
};
ATTRIBUTE_GROUPS(optee_supp_device);

static void optee_release_device(struct device *dev)
{
	kfree(container_of(to_tee_client_device(dev), struct optee_ta_device, tcdev));
}

static bool optee_has_device(struct optee *optee, const uuid_t *uuid)
{
	struct optee_ta_device *dev;

	list_for_each_entry(dev, &optee->ta_devices, node)
		if (uuid_equal(&dev->tcdev.id.uuid, uuid))
			return true;
	return false;
}

static int optee_register_device(struct optee *optee, const uuid_t *uuid, u32 func, u32 epoch)
{
	char text[UUID_STRING_LEN + 1];
	struct optee_ta_device *dev;
	int rc;

	/* The nil UUID names nothing: it ends the tables of drivers. */
	if (uuid_is_null(uuid) || optee_has_device(optee, uuid))
		return 0;

	dev = kzalloc(sizeof(*dev), GFP_KERNEL);
	if (!dev)
		return -ENOMEM;
	dev->epoch = epoch;
	uuid_copy(&dev->tcdev.id.uuid, uuid);
	dev->tcdev.dev.bus = &tee_bus_type;
	dev->tcdev.dev.release = optee_release_device;
	if (func == OPTEE_PTA_GET_DEVICES_SUPP)
		dev->tcdev.dev.groups = optee_supp_device_groups;
	device_initialize(&dev->tcdev.dev);

	tee_client_uuid_to_text(uuid, text);
	rc = dev_set_name(&dev->tcdev.dev, "optee-ta-%s", text);
	if (!rc)
		rc = device_add(&dev->tcdev.dev);
	if (rc) {
		put_device(&dev->tcdev.dev);
		pr_warn_ratelimited("optee: cannot make the device of the service %s (%d)\n", text,
				    rc);
		/* Another trusted OS has a service of that UUID: the others are made. */
		return rc == -EEXIST ? 0 : rc;
	}
	list_add_tail(&dev->node, &optee->ta_devices);
	return 0;
}

/* Of every epoch but @epoch; 0 is none */
static void optee_unregister_devices(struct optee *optee, u32 epoch)
{
	struct optee_ta_device *dev;
	struct optee_ta_device *next;

	list_for_each_entry_safe(dev, next, &optee->ta_devices, node) {
		if (dev->epoch == epoch)
			continue;
		list_del(&dev->node);
		device_unregister(&dev->tcdev.dev);
	}
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

	rc = tee_client_invoke_func(ctx, &arg, &param);
	if (rc)
		return rc;
	if (arg.ret != TEE_R_SUCCESS && (shm || arg.ret != TEE_R_SHORT_BUFFER))
		return -EINVAL;
	*size = param.u.memref.size;
	return 0;
}

static int optee_list_devices(struct optee *optee, struct tee_context *ctx, u32 session,
			      u32 func, u32 epoch)
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
	for (n = 0; !rc && n < size / TEE_IOCTL_UUID_LEN; n++) {
		uuid_t uuid;

		optee_copy_shared(&uuid, uuids + n * TEE_IOCTL_UUID_LEN, sizeof(uuid));
		rc = optee_register_device(optee, &uuid, func, epoch);
	}
	tee_shm_free(shm);
	return rc;
}

static int optee_scan_in_context(struct optee *optee, struct tee_context *ctx, u32 func,
				 u32 epoch)
{
	struct tee_ioctl_open_session_arg arg = {
		.clnt_login = TEE_IOCTL_LOGIN_REE_KERNEL,
	};
	int rc;

	memcpy(arg.uuid, optee_device_pta_uuid, sizeof(arg.uuid));
	rc = tee_client_open_session(ctx, &arg, NULL);
	if (rc)
		return rc;
	/* A trusted OS without the service has nothing to list. */
	if (arg.ret == TEE_R_ITEM_NOT_FOUND)
		return 0;
	if (arg.ret != TEE_R_SUCCESS)
		return -EIO;
	rc = optee_list_devices(optee, ctx, arg.session, func, epoch);
	tee_client_close_session(ctx, arg.session);
	return rc;
}

/* Ask for one list, unless it is known. Asked again after a failure, when there is cause. */
static void optee_scan(struct optee *optee, u32 func, u32 epoch, u32 *done)
{
	struct tee_context *ctx;
	int rc;

	if (*done == epoch)
		return;
	ctx = teedev_open(optee->teedev);
	if (IS_ERR(ctx))
		return;
	ctx->supp_nowait = true;
	rc = optee_scan_in_context(optee, ctx, func, epoch);
	tee_client_close_context(ctx);
	if (rc)
		pr_warn_ratelimited("optee: cannot list the services of the trusted OS (%d)\n",
				    rc);
	else
		*done = epoch;
}

static void optee_scan_work(struct work_struct *work)
{
	struct optee *optee = container_of(work, struct optee, scan_work);
	bool usable;
	u32 epoch;

	/* When it is another one by the time it answers, this work was scheduled again. */
	down_read(&optee->gate);
	epoch = optee->epoch;
	usable = optee->usable;
	up_read(&optee->gate);

	optee_unregister_devices(optee, epoch);
	if (!usable)
		return;
	optee_scan(optee, OPTEE_PTA_GET_DEVICES, epoch, &optee->scanned);
	if (optee_supp_is_there(optee))
		optee_scan(optee, OPTEE_PTA_GET_DEVICES_SUPP, epoch, &optee->supp_scanned);
}

void optee_scan_init(struct optee *optee)
{
	INIT_WORK(&optee->scan_work, optee_scan_work);
	INIT_LIST_HEAD(&optee->ta_devices);
}

void optee_scan_start(struct optee *optee)
{
	schedule_work(&optee->scan_work);
}

void optee_scan_end(struct optee *optee)
{
	cancel_work_sync(&optee->scan_work);
	optee_unregister_devices(optee, 0);
}
