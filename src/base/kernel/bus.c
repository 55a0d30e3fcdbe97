/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Buses: which devices and drivers there are, and who has whom
 *
 * One mutex guards the lists of all buses; it is the innermost of the device model,
 * and nothing of a bus, a driver or a notifier is called with it held. A walk does
 * not stand in a list: it remembers the number of the entry that it was at, numbers
 * are given in order and never twice, and it goes on with the next higher one. So
 * whatever leaves or comes meanwhile does no harm to it.
 *
 * Order: device_lock(), a bus's notifiers, model_mutex.
 */
#include <linux/bug.h>
#include <linux/completion.h>
#include <linux/device.h>
#include <linux/errno.h>
#include <linux/limits.h>
#include <linux/list.h>
#include <linux/mutex.h>
#include <linux/printk.h>
#include <linux/rwsem.h>
#include <linux/slab.h>
#include <linux/string.h>

#include "base/kernel/device_private.h"

/**
 * struct subsys_private - a bus that is registered
 * @devices, @drivers: the oldest first
 * @notifiers: by @notifiers_sem, highest priority first
 */
struct subsys_private {
	struct list_head node;
	const struct bus_type *bus;
	struct list_head devices;
	struct list_head drivers;
	struct rw_semaphore notifiers_sem;
	struct notifier_block *notifiers;
};

/**
 * struct driver_private - a driver that is registered
 * @pins: 1 until it is unregistered, 1 for each walk that is at it
 */
struct driver_private {
	struct list_head node;
	u64 seq;
	struct device_driver *driver;
	unsigned int pins;
	struct completion unused;
};

static DEFINE_MUTEX(model_mutex);
static LIST_HEAD(buses);
static u64 last_seq;

static struct subsys_private *bus_to_subsys_locked(const struct bus_type *bus)
{
	struct subsys_private *sp;

	list_for_each_entry(sp, &buses, node)
		if (sp->bus == bus)
			return sp;
	return NULL;
}

/* Whoever uses what it returns keeps the bus registered. */
static struct subsys_private *bus_to_subsys(const struct bus_type *bus)
{
	struct subsys_private *sp;

	mutex_lock(&model_mutex);
	sp = bus_to_subsys_locked(bus);
	mutex_unlock(&model_mutex);
	return sp;
}

int bus_register(const struct bus_type *bus)
{
	struct subsys_private *sp;
	struct subsys_private *other;

	sp = kzalloc(sizeof(*sp), GFP_KERNEL);
	if (!sp)
		return -ENOMEM;
	sp->bus = bus;
	INIT_LIST_HEAD(&sp->devices);
	INIT_LIST_HEAD(&sp->drivers);
	init_rwsem(&sp->notifiers_sem);

	mutex_lock(&model_mutex);
	list_for_each_entry(other, &buses, node) {
		if (!strcmp(other->bus->name, bus->name)) {
			mutex_unlock(&model_mutex);
			kfree(sp);
			return -EBUSY;
		}
	}
	list_add_tail(&sp->node, &buses);
	mutex_unlock(&model_mutex);
	return 0;
}

void bus_unregister(const struct bus_type *bus)
{
	struct subsys_private *sp;

	mutex_lock(&model_mutex);
	sp = bus_to_subsys_locked(bus);
	if (sp)
		list_del(&sp->node);
	mutex_unlock(&model_mutex);
	if (!sp)
		return;

	WARN_ON(!list_empty(&sp->devices) || !list_empty(&sp->drivers) || sp->notifiers);
	kfree(sp);
}

/* --- notifiers --- */

int bus_register_notifier(const struct bus_type *bus, struct notifier_block *nb)
{
	struct subsys_private *sp = bus_to_subsys(bus);
	struct notifier_block **pos;

	if (!sp)
		return -EINVAL;
	down_write(&sp->notifiers_sem);
	for (pos = &sp->notifiers; *pos && (*pos)->priority >= nb->priority; pos = &(*pos)->next)
		;
	nb->next = *pos;
	*pos = nb;
	up_write(&sp->notifiers_sem);
	return 0;
}

int bus_unregister_notifier(const struct bus_type *bus, struct notifier_block *nb)
{
	struct subsys_private *sp = bus_to_subsys(bus);
	struct notifier_block **pos;
	int rc = -ENOENT;

	if (!sp)
		return -EINVAL;
	down_write(&sp->notifiers_sem);
	for (pos = &sp->notifiers; *pos; pos = &(*pos)->next) {
		if (*pos == nb) {
			*pos = nb->next;
			rc = 0;
			break;
		}
	}
	up_write(&sp->notifiers_sem);
	return rc;
}

void bus_notify(struct device *dev, enum bus_notifier_event event)
{
	struct subsys_private *sp = bus_to_subsys(dev->bus);
	struct notifier_block *nb;

	if (!sp)
		return;
	down_read(&sp->notifiers_sem);
	for (nb = sp->notifiers; nb; nb = nb->next)
		nb->notifier_call(nb, event, dev);
	up_read(&sp->notifiers_sem);
}

/* --- devices of a bus --- */

static bool bus_has_device_locked(struct subsys_private *sp, const char *name)
{
	struct device *dev;

	list_for_each_entry(dev, &sp->devices, node)
		if (!strcmp(dev_name(dev), name))
			return true;
	return false;
}

int bus_add_device(struct device *dev)
{
	struct subsys_private *sp;
	int rc = 0;

	mutex_lock(&model_mutex);
	sp = bus_to_subsys_locked(dev->bus);
	if (!sp) {
		rc = -EINVAL;
	} else if (bus_has_device_locked(sp, dev_name(dev))) {
		rc = -EEXIST;
	} else {
		dev->seq = ++last_seq;
		list_add_tail(&get_device(dev)->node, &sp->devices);
	}
	mutex_unlock(&model_mutex);
	return rc;
}

void bus_remove_device(struct device *dev)
{
	mutex_lock(&model_mutex);
	list_del_init(&dev->node);
	mutex_unlock(&model_mutex);
	put_device(dev);
}

/* The oldest device that is younger than @seq, counted */
static struct device *bus_get_next(const struct bus_type *bus, u64 seq)
{
	struct subsys_private *sp;
	struct device *found = NULL;
	struct device *dev;

	mutex_lock(&model_mutex);
	sp = bus_to_subsys_locked(bus);
	if (sp) {
		list_for_each_entry(dev, &sp->devices, node) {
			if (dev->seq > seq) {
				found = get_device(dev);
				break;
			}
		}
	}
	mutex_unlock(&model_mutex);
	return found;
}

struct device *bus_get_youngest_before(u64 seq)
{
	struct subsys_private *sp;
	struct device *found = NULL;
	struct device *dev;

	mutex_lock(&model_mutex);
	list_for_each_entry(sp, &buses, node)
		list_for_each_entry(dev, &sp->devices, node)
			if (dev->seq < seq && (!found || dev->seq > found->seq))
				found = dev;
	get_device(found);
	mutex_unlock(&model_mutex);
	return found;
}

int bus_for_each_dev(const struct bus_type *bus, struct device *start, void *data,
		     int (*fn)(struct device *dev, void *data))
{
	u64 seq = start ? start->seq : 0;
	struct device *dev;
	int rc = 0;

	if (!bus_to_subsys(bus))
		return -EINVAL;
	while (!rc && (dev = bus_get_next(bus, seq))) {
		seq = dev->seq;
		rc = fn(dev, data);
		put_device(dev);
	}
	return rc;
}

struct device *bus_find_device(const struct bus_type *bus, struct device *start,
			       const void *data, device_match_t match)
{
	u64 seq = start ? start->seq : 0;
	struct device *dev;

	while ((dev = bus_get_next(bus, seq))) {
		if (match(dev, data))
			return dev;
		seq = dev->seq;
		put_device(dev);
	}
	return NULL;
}

int device_match_name(struct device *dev, const void *name)
{
	return !strcmp(dev_name(dev), name);
}

/* --- binding --- */

static bool driver_matches(struct device *dev, const struct device_driver *drv)
{
	return !drv->bus->match || drv->bus->match(dev, drv) > 0;
}

static int driver_probe_device(struct device *dev, struct device_driver *drv)
{
	int rc = 0;

	lockdep_assert_held(&dev->mutex);
	WRITE_ONCE(dev->driver, drv);
	bus_notify(dev, BUS_NOTIFY_BIND_DRIVER);
	if (dev->bus->probe)
		rc = dev->bus->probe(dev);
	else if (drv->probe)
		rc = drv->probe(dev);
	if (!rc) {
		bus_notify(dev, BUS_NOTIFY_BOUND_DRIVER);
		return 0;
	}

	WRITE_ONCE(dev->driver, NULL);
	dev_set_drvdata(dev, NULL);
	bus_notify(dev, BUS_NOTIFY_DRIVER_NOT_BOUND);
	if (rc != -ENODEV && rc != -ENXIO)
		pr_err("%s: the driver %s does not take it (%d)\n", dev_name(dev), drv->name, rc);
	return rc;
}

void device_release_driver_locked(struct device *dev)
{
	struct device_driver *drv = dev->driver;

	lockdep_assert_held(&dev->mutex);
	if (!drv)
		return;
	bus_notify(dev, BUS_NOTIFY_UNBIND_DRIVER);
	if (dev->bus->remove)
		dev->bus->remove(dev);
	else if (drv->remove)
		drv->remove(dev);
	WRITE_ONCE(dev->driver, NULL);
	dev_set_drvdata(dev, NULL);
	bus_notify(dev, BUS_NOTIFY_UNBOUND_DRIVER);
}

/* The oldest driver that is younger than @seq, pinned */
static struct driver_private *bus_pin_driver(const struct bus_type *bus, u64 seq)
{
	struct driver_private *found = NULL;
	struct driver_private *priv;
	struct subsys_private *sp;

	mutex_lock(&model_mutex);
	sp = bus_to_subsys_locked(bus);
	if (sp) {
		list_for_each_entry(priv, &sp->drivers, node) {
			if (priv->seq > seq) {
				priv->pins++;
				found = priv;
				break;
			}
		}
	}
	mutex_unlock(&model_mutex);
	return found;
}

static void driver_unpin(struct driver_private *priv)
{
	bool last;

	mutex_lock(&model_mutex);
	last = --priv->pins == 0;
	mutex_unlock(&model_mutex);
	if (last)
		complete(&priv->unused);
}

void bus_probe_device(struct device *dev)
{
	struct driver_private *priv;
	u64 seq = 0;

	device_lock(dev);
	while (!dev->dead && !dev->driver && (priv = bus_pin_driver(dev->bus, seq))) {
		seq = priv->seq;
		if (driver_matches(dev, priv->driver))
			driver_probe_device(dev, priv->driver);
		driver_unpin(priv);
	}
	device_unlock(dev);
}

/* --- drivers --- */

static int driver_attach_device(struct device *dev, void *data)
{
	struct device_driver *drv = data;

	if (!driver_matches(dev, drv))
		return 0;
	device_lock(dev);
	if (!dev->dead && !dev->driver)
		driver_probe_device(dev, drv);
	device_unlock(dev);
	return 0;
}

static int driver_detach_device(struct device *dev, void *data)
{
	device_lock(dev);
	if (dev->driver == data)
		device_release_driver_locked(dev);
	device_unlock(dev);
	return 0;
}

static int bus_add_driver(struct device_driver *drv, struct driver_private *priv)
{
	struct driver_private *other;
	struct subsys_private *sp;
	int rc = 0;

	mutex_lock(&model_mutex);
	sp = bus_to_subsys_locked(drv->bus);
	if (!sp) {
		rc = -EINVAL;
		goto out_unlock;
	}
	list_for_each_entry(other, &sp->drivers, node) {
		if (!strcmp(other->driver->name, drv->name)) {
			rc = -EBUSY;
			goto out_unlock;
		}
	}
	priv->seq = ++last_seq;
	list_add_tail(&priv->node, &sp->drivers);
	drv->p = priv;
out_unlock:
	mutex_unlock(&model_mutex);
	return rc;
}

int driver_register(struct device_driver *drv)
{
	struct driver_private *priv;
	int rc;

	if ((drv->bus->probe && drv->probe) || (drv->bus->remove && drv->remove) ||
	    (drv->bus->shutdown && drv->shutdown))
		pr_warn("driver %s: use the callbacks of the bus %s instead of the driver's own\n",
			drv->name, drv->bus->name);

	priv = kzalloc(sizeof(*priv), GFP_KERNEL);
	if (!priv)
		return -ENOMEM;
	priv->driver = drv;
	priv->pins = 1;
	init_completion(&priv->unused);

	rc = bus_add_driver(drv, priv);
	if (rc) {
		pr_err("driver %s: %s (%d)\n", drv->name,
		       rc == -EBUSY ? "the bus has one of this name" : "the bus is not registered",
		       rc);
		kfree(priv);
		return rc;
	}
	bus_for_each_dev(drv->bus, NULL, drv, driver_attach_device);
	return 0;
}

void driver_unregister(struct device_driver *drv)
{
	struct driver_private *priv = drv->p;

	if (WARN_ON(!priv))
		return;

	/* No new device gets it; one that is being offered it is waited for. */
	mutex_lock(&model_mutex);
	list_del(&priv->node);
	mutex_unlock(&model_mutex);
	driver_unpin(priv);
	wait_for_completion(&priv->unused);

	/* A device that goes stays on the bus until its driver is off: all are met. */
	bus_for_each_dev(drv->bus, NULL, drv, driver_detach_device);
	kfree(priv);
	drv->p = NULL;
}
