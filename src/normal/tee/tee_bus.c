/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The TEE bus: services of trusted OSes as devices, clients inside the kernel as their
 * drivers
 */
#include <linux/device.h>
#include <linux/errno.h>
#include <linux/init.h>
#include <linux/kernel.h>
#include <linux/module.h>
#include <linux/uuid.h>

#include "normal/tee/tee_client.h"

void tee_client_uuid_to_text(const uuid_t *uuid, char text[UUID_STRING_LEN + 1])
{
	const u8 *b = uuid->b;

	snprintf(text, UUID_STRING_LEN + 1,
		 "%02x%02x%02x%02x-%02x%02x-%02x%02x-%02x%02x-%02x%02x%02x%02x%02x%02x",
		 b[0], b[1], b[2], b[3], b[4], b[5], b[6], b[7], b[8], b[9], b[10], b[11],
		 b[12], b[13], b[14], b[15]);
}

static int tee_bus_match(struct device *dev, const struct device_driver *drv)
{
	const struct tee_client_device *tcdev = to_tee_client_device(dev);
	const struct tee_client_device_id *id = to_tee_client_driver(drv)->id_table;

	for (; !uuid_is_null(&id->uuid); id++)
		if (uuid_equal(&tcdev->id.uuid, &id->uuid))
			return 1;
	return 0;
}

static int tee_bus_uevent(const struct device *dev, struct kobj_uevent_env *env)
{
	const struct tee_client_device *tcdev =
		container_of_const(dev, struct tee_client_device, dev);
	char text[UUID_STRING_LEN + 1];

	tee_client_uuid_to_text(&tcdev->id.uuid, text);
	return add_uevent_var(env, "MODALIAS=tee:%s", text);
}

static int tee_bus_probe(struct device *dev)
{
	struct tee_client_driver *drv = to_tee_client_driver(dev->driver);

	if (drv->probe)
		return drv->probe(to_tee_client_device(dev));
	return drv->driver.probe ? drv->driver.probe(dev) : 0;
}

static void tee_bus_remove(struct device *dev)
{
	struct tee_client_driver *drv = to_tee_client_driver(dev->driver);

	if (drv->remove)
		drv->remove(to_tee_client_device(dev));
	else if (drv->driver.remove)
		drv->driver.remove(dev);
}

/* Called for every device of the machine, also for one without a driver. */
static void tee_bus_shutdown(struct device *dev)
{
	struct tee_client_driver *drv;

	if (!dev->driver)
		return;
	drv = to_tee_client_driver(dev->driver);
	if (drv->shutdown)
		drv->shutdown(to_tee_client_device(dev));
	else if (drv->driver.shutdown)
		drv->driver.shutdown(dev);
}

static ssize_t modalias_show(struct device *dev, struct device_attribute *attr, char *buf)
{
	char text[UUID_STRING_LEN + 1];

	tee_client_uuid_to_text(&to_tee_client_device(dev)->id.uuid, text);
	return sysfs_emit(buf, "tee:%s\n", text);
}
static DEVICE_ATTR_RO(modalias);

static struct attribute *tee_client_device_attrs[] = {
	&dev_attr_modalias.attr,
	NULL,
};
ATTRIBUTE_GROUPS(tee_client_device);

const struct bus_type tee_bus_type = {
	.name = "tee",
	.dev_groups = tee_client_device_groups,
	.match = tee_bus_match,
	.uevent = tee_bus_uevent,
	.probe = tee_bus_probe,
	.remove = tee_bus_remove,
	.shutdown = tee_bus_shutdown,
};

int __tee_client_driver_register(struct tee_client_driver *drv, struct module *owner)
{
	drv->driver.owner = owner;
	drv->driver.bus = &tee_bus_type;
	return driver_register(&drv->driver);
}

void tee_client_driver_unregister(struct tee_client_driver *drv)
{
	driver_unregister(&drv->driver);
}

static int __init tee_bus_init(void)
{
	return bus_register(&tee_bus_type);
}
subsys_initcall(tee_bus_init);
