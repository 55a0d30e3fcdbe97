/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Devices: their life, and what they show
 */
#include <linux/bug.h>
#include <linux/device.h>
#include <linux/errno.h>
#include <linux/init.h>
#include <linux/limits.h>
#include <linux/mm.h>
#include <linux/printk.h>
#include <linux/slab.h>
#include <linux/sprintf.h>
#include <linux/string.h>

#include "base/kernel/device.h"
#include "base/kernel/device_private.h"

void kernel_run_initcall(const char *name, int (*fn)(void))
{
	int rc = fn();

	if (rc)
		pr_err("%s failed (%d); what needs it will fail, too\n", name, rc);
}

/* --- life --- */

void device_initialize(struct device *dev)
{
	kref_init(&dev->kobj.kref);
	mutex_init(&dev->mutex);
	INIT_LIST_HEAD(&dev->node);
}

int dev_set_name(struct device *dev, const char *fmt, ...)
{
	const char *old = dev->kobj.name;
	va_list ap;
	char *name;

	va_start(ap, fmt);
	name = kvasprintf(GFP_KERNEL, fmt, ap);
	va_end(ap);
	if (!name)
		return -ENOMEM;
	dev->kobj.name = name;
	kfree(old);
	return 0;
}

static void device_release(struct kref *kref)
{
	struct kobject *kobj = container_of(kref, struct kobject, kref);
	struct device *dev = container_of(kobj, struct device, kobj);
	const char *name = dev->kobj.name;

	mutex_destroy(&dev->mutex);
	if (dev->release)
		dev->release(dev);
	else
		WARN(1, "the device %s has no release(): its memory is lost", name);
	kfree(name);
}

struct device *get_device(struct device *dev)
{
	if (dev)
		kref_get(&dev->kobj.kref);
	return dev;
}

void put_device(struct device *dev)
{
	if (dev)
		kref_put(&dev->kobj.kref, device_release);
}

int device_add(struct device *dev)
{
	int rc;

	if (!dev_name(dev))
		return -EINVAL;
	if (!dev->bus)
		return 0;

	rc = bus_add_device(dev);
	if (rc)
		return rc;
	bus_notify(dev, BUS_NOTIFY_ADD_DEVICE);
	bus_probe_device(dev);
	return 0;
}

int device_register(struct device *dev)
{
	device_initialize(dev);
	return device_add(dev);
}

void device_del(struct device *dev)
{
	if (!dev->bus)
		return;

	/* From here on a walk over the bus finds it, but no driver gets it any more. */
	device_lock(dev);
	dev->dead = true;
	device_unlock(dev);

	bus_notify(dev, BUS_NOTIFY_DEL_DEVICE);
	device_lock(dev);
	device_release_driver_locked(dev);
	device_unlock(dev);
	bus_remove_device(dev);
	bus_notify(dev, BUS_NOTIFY_REMOVED_DEVICE);
}

void device_unregister(struct device *dev)
{
	device_del(dev);
	put_device(dev);
}

void device_shutdown(void)
{
	struct device *dev;
	u64 seq = U64_MAX;

	while ((dev = bus_get_youngest_before(seq))) {
		seq = dev->seq;
		device_lock(dev);
		if (dev->bus->shutdown)
			dev->bus->shutdown(dev);
		else if (dev->driver && dev->driver->shutdown)
			dev->driver->shutdown(dev);
		device_unlock(dev);
		put_device(dev);
	}
}

/* --- what they show --- */

int add_uevent_var(struct kobj_uevent_env *env, const char *format, ...)
{
	size_t room = sizeof(env->buf) - env->buflen;
	va_list ap;
	int len;

	if (env->envp_idx >= UEVENT_NUM_ENVP)
		return -ENOMEM;
	va_start(ap, format);
	len = vsnprintf(env->buf + env->buflen, room, format, ap);
	va_end(ap);
	if (len < 0 || (size_t)len >= room)
		return -ENOMEM;
	env->envp[env->envp_idx++] = env->buf + env->buflen;
	env->buflen += len + 1;
	return 0;
}

int sysfs_emit(char *buf, const char *fmt, ...)
{
	va_list ap;
	int len;

	va_start(ap, fmt);
	len = vscnprintf(buf, PAGE_SIZE, fmt, ap);
	va_end(ap);
	return len;
}

/* The variables of an event about @dev, a line for each. */
static ssize_t uevent_show(struct device *dev, char *buf)
{
	const struct device_driver *drv = dev->driver;
	struct kobj_uevent_env *env;
	ssize_t rc = 0;
	int len = 0;

	env = kzalloc(sizeof(*env), GFP_KERNEL);
	if (!env)
		return -ENOMEM;
	if (drv)
		rc = add_uevent_var(env, "DRIVER=%s", drv->name);
	if (!rc && dev->bus && dev->bus->uevent)
		rc = dev->bus->uevent(dev, env);
	for (int i = 0; !rc && i < env->envp_idx; i++)
		len += scnprintf(buf + len, PAGE_SIZE - len, "%s\n", env->envp[i]);
	kfree(env);
	return rc ? rc : len;
}

struct attr_walk {
	struct device *dev;
	char *page;
	int (*fn)(void *data, const char *name, const char *text, size_t len);
	void *data;
};

static int walk_groups(struct attr_walk *walk, const struct attribute_group **groups)
{
	for (; groups && *groups; groups++) {
		for (struct attribute **a = (*groups)->attrs; *a; a++) {
			struct device_attribute *attr =
				container_of(*a, struct device_attribute, attr);
			ssize_t len = attr->show(walk->dev, attr, walk->page);
			int rc;

			if (len < 0 || WARN_ON(len >= (ssize_t)PAGE_SIZE))
				continue;
			walk->page[len] = '\0';
			rc = walk->fn(walk->data, (*a)->name, walk->page, len);
			if (rc)
				return rc;
		}
	}
	return 0;
}

int device_for_each_attr(struct device *dev,
			 int (*fn)(void *data, const char *name, const char *text, size_t len),
			 void *data)
{
	struct attr_walk walk = { .dev = dev, .fn = fn, .data = data };
	ssize_t len;
	int rc;

	lockdep_assert_held(&dev->mutex);
	walk.page = kzalloc(PAGE_SIZE, GFP_KERNEL);
	if (!walk.page)
		return -ENOMEM;
	len = uevent_show(dev, walk.page);
	rc = len < 0 ? (int)len : fn(data, "uevent", walk.page, len);
	if (!rc && dev->bus)
		rc = walk_groups(&walk, dev->bus->dev_groups);
	if (!rc)
		rc = walk_groups(&walk, dev->groups);
	kfree(walk.page);
	return rc;
}
