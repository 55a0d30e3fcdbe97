/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * TEE devices
 *
 * A device is used by its registration, by every open context, by every shm that a
 * client or an internal context made, and by every dma-heap that has it for its
 * owner. Unregistration gives up the heaps, takes the node away, waits for the last
 * of these users, and only then ends the device context, through which the driver may
 * have to unregister orphaned shm until then.
 */
#include "normal/tee/tee_core.h"

#include <linux/completion.h>
#include <linux/err.h>
#include <linux/idr.h>
#include <linux/kernel.h>
#include <linux/list.h>
#include <linux/mutex.h>
#include <linux/slab.h>

#include "normal/platform.h"
#include "normal/tee/tee_private.h"

/* Client devices have the slots 0 to 15, privileged ones 16 to 31. */
#define TEE_DEVICES_OF_A_KIND 16

/* Names are one space for the whole system, whoever allocates the devices. */
static DEFINE_IDA(tee_device_slots);

/*
 * The devices that are registered, the oldest first. A walk remembers the number of the
 * device that it was at, not its place: numbers are never used twice.
 */
static DEFINE_MUTEX(tee_devices_mutex);
static LIST_HEAD(tee_devices);
static u64 tee_devices_last_seq;

static bool tee_desc_valid(const struct tee_desc *desc)
{
	return desc && desc->name && desc->ops && desc->ops->get_version &&
	       desc->ops->open && desc->ops->release;
}

struct tee_device *tee_device_alloc(const struct tee_desc *desc, struct tee_shm_pool *pool,
				    void *drvdata)
{
	struct tee_device_obj *obj;
	struct tee_device *teedev;
	bool privileged;
	int base;
	int id;

	if (!tee_desc_valid(desc))
		return ERR_PTR(-EINVAL);

	obj = kzalloc(sizeof(*obj), GFP_KERNEL);
	if (!obj)
		return ERR_PTR(-ENOMEM);

	privileged = desc->flags & TEE_DESC_PRIVILEGED;
	base = privileged ? TEE_DEVICES_OF_A_KIND : 0;
	id = ida_alloc_range(&tee_device_slots, base, base + TEE_DEVICES_OF_A_KIND - 1,
			     GFP_KERNEL);
	if (id < 0) {
		kfree(obj);
		return ERR_PTR(-ENOMEM);
	}

	teedev = &obj->teedev;
	snprintf(teedev->name, sizeof(teedev->name), "tee%s%d", privileged ? "priv" : "",
		 id - base);
	teedev->desc = desc;
	teedev->id = id;
	teedev->num_users = 1;
	teedev->pool = pool;
	teedev->drvdata = drvdata;
	init_completion(&teedev->c_no_users);
	mutex_init(&teedev->mutex);
	idr_init(&teedev->idr);
	INIT_LIST_HEAD(&obj->link);
	INIT_LIST_HEAD(&obj->all_shm);
	INIT_LIST_HEAD(&obj->contexts);
	init_completion(&obj->c_dev_ctx);
	return teedev;
}

static int tee_device_open_context(struct tee_device *teedev)
{
	struct tee_context *ctx = tee_context_open(teedev, true);

	if (IS_ERR(ctx))
		return PTR_ERR(ctx);

	mutex_lock(&teedev->mutex);
	teedev->dev_ctx = ctx;
	mutex_unlock(&teedev->mutex);
	return 0;
}

static void tee_device_list(struct tee_device_obj *obj)
{
	mutex_lock(&tee_devices_mutex);
	obj->seq = ++tee_devices_last_seq;
	list_add_tail(&obj->link, &tee_devices);
	mutex_unlock(&tee_devices_mutex);
}

static void tee_device_unlist(struct tee_device_obj *obj)
{
	mutex_lock(&tee_devices_mutex);
	list_del_init(&obj->link);
	mutex_unlock(&tee_devices_mutex);
}

struct tee_device *tee_device_get_next(u64 seq)
{
	struct tee_device *found = NULL;
	struct tee_device_obj *obj;

	mutex_lock(&tee_devices_mutex);
	list_for_each_entry(obj, &tee_devices, link) {
		/* A device on the list has the user of its registration. */
		if (obj->seq > seq && tee_device_get(&obj->teedev)) {
			found = &obj->teedev;
			break;
		}
	}
	mutex_unlock(&tee_devices_mutex);
	return found;
}

int tee_device_register(struct tee_device *teedev)
{
	int rc;

	if (teedev->flags & TEE_DEVICE_FLAG_REGISTERED)
		return -EINVAL;

	/*
	 * The device context is opened when all else is ready, but before the
	 * node can be opened: otherwise a client could come and go before there
	 * is a context for its orphans. Not for a privileged device, whose driver
	 * would take it for a supplicant.
	 */
	if (!(teedev->desc->flags & TEE_DESC_PRIVILEGED) && !teedev->dev_ctx) {
		rc = tee_device_open_context(teedev);
		if (rc)
			return rc;
	}

	rc = platform_device_publish(teedev);
	if (rc)
		return rc;

	teedev->flags |= TEE_DEVICE_FLAG_REGISTERED;
	tee_device_list(tee_device_obj(teedev));
	return 0;
}

void tee_device_unregister(struct tee_device *teedev)
{
	if (!teedev)
		return;

	tee_device_put_all_dma_heaps(teedev);

	if (teedev->flags & TEE_DEVICE_FLAG_REGISTERED) {
		tee_device_unlist(tee_device_obj(teedev));
		platform_device_withdraw(teedev);
		teedev->flags &= ~TEE_DEVICE_FLAG_REGISTERED;
	}

	tee_device_put(teedev);
	wait_for_completion(&teedev->c_no_users);

	if (teedev->dev_ctx)
		tee_context_end_device(teedev->dev_ctx);

	ida_free(&tee_device_slots, teedev->id);
	idr_destroy(&teedev->idr);
	mutex_destroy(&teedev->mutex);
	kfree(tee_device_obj(teedev));
}

void *tee_get_drvdata(struct tee_device *teedev)
{
	return teedev->drvdata;
}

bool tee_device_get(struct tee_device *teedev)
{
	bool alive;

	mutex_lock(&teedev->mutex);
	alive = teedev->num_users > 0;
	if (alive)
		teedev->num_users++;
	mutex_unlock(&teedev->mutex);
	return alive;
}

void tee_device_put(struct tee_device *teedev)
{
	bool last;

	mutex_lock(&teedev->mutex);
	last = --teedev->num_users == 0;
	mutex_unlock(&teedev->mutex);

	/* Not inside: the waiter frees the mutex. */
	if (last)
		complete(&teedev->c_no_users);
}

struct tee_context *tee_device_get_context(struct tee_device *teedev)
{
	struct tee_context *ctx;

	mutex_lock(&teedev->mutex);
	ctx = teedev->dev_ctx;
	mutex_unlock(&teedev->mutex);
	return ctx;
}
