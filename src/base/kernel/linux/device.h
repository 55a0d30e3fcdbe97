/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Devices, drivers and buses
 *
 * A device is counted and freed by its release() at the last put. On a bus it is
 * offered to each driver there, and each driver is offered every device that has
 * none, in whatever order they come. Probe, remove and shutdown run with the lock
 * of the device held, so that a device has one driver at a time; a driver may
 * register other devices meanwhile, but not unregister its own device or itself.
 *
 * Left out of the kernel's: parents, classes, power management, deferred probing
 * (-EPROBE_DEFER is a probe that failed) and events to user space. What /sys would
 * show is told by base/kernel/device.h.
 */
#ifndef BASE_KERNEL_LINUX_DEVICE_H
#define BASE_KERNEL_LINUX_DEVICE_H

#include <linux/compiler.h>
#include <linux/kobject.h>
#include <linux/list.h>
#include <linux/mutex.h>
#include <linux/notifier.h>
#include <linux/sysfs.h>
#include <linux/types.h>

struct device;
struct device_driver;
struct driver_private;
struct module;

/**
 * struct bus_type - a kind of devices with the drivers for them
 * @dev_groups: attributes of every device of the bus, ended by NULL
 * @match: may this driver have this device? NULL: every one. Called with or without
 *	the lock of the device
 * @uevent: adds variables to the event text of a device
 * @probe, @remove, @shutdown: instead of those of the driver
 */
struct bus_type {
	const char *name;
	const struct attribute_group **dev_groups;

	int (*match)(struct device *dev, const struct device_driver *drv);
	int (*uevent)(const struct device *dev, struct kobj_uevent_env *env);
	int (*probe)(struct device *dev);
	void (*remove)(struct device *dev);
	void (*shutdown)(struct device *dev);
};

struct device_driver {
	const char *name;
	const struct bus_type *bus;
	struct module *owner;

	int (*probe)(struct device *dev);
	int (*remove)(struct device *dev);
	void (*shutdown)(struct device *dev);

	struct driver_private *p;
};

/**
 * struct device - a device
 * @mutex: device_lock()
 * @driver: bound; set with the lock held, also while its probe runs
 * @groups: attributes of this device, ended by NULL
 * @release: frees the device
 * @node, @seq, @dead: of the device model
 */
struct device {
	struct kobject kobj;
	const struct bus_type *bus;
	struct mutex mutex;
	struct device_driver *driver;
	void *driver_data;
	const struct attribute_group **groups;
	void (*release)(struct device *dev);

	struct list_head node;
	u64 seq;
	bool dead;
};

struct device_attribute {
	struct attribute attr;
	ssize_t (*show)(struct device *dev, struct device_attribute *attr, char *buf);
	ssize_t (*store)(struct device *dev, struct device_attribute *attr, const char *buf,
			 size_t count);
};

#define DEVICE_ATTR_RO(_name) struct device_attribute dev_attr_##_name = __ATTR_RO(_name)

/*
 * A device's life. register is initialize and add, unregister is del and put. add:
 * -EINVAL without a name or with a bus that is not registered, -EEXIST when the bus
 * has one of that name; that no driver takes the device is no error. After a failed
 * add the reference is still the caller's to put.
 */
void device_initialize(struct device *dev);
int dev_set_name(struct device *dev, const char *fmt, ...) __printf(2, 3);
int __must_check device_add(struct device *dev);
int __must_check device_register(struct device *dev);
/* Takes the driver off, after which no other gets it. */
void device_del(struct device *dev);
void device_unregister(struct device *dev);
/* Both take NULL. */
struct device *get_device(struct device *dev);
void put_device(struct device *dev);

static inline const char *dev_name(const struct device *dev)
{
	return kobject_name(&dev->kobj);
}

static inline void dev_set_drvdata(struct device *dev, void *data)
{
	dev->driver_data = data;
}

static inline void *dev_get_drvdata(const struct device *dev)
{
	return dev->driver_data;
}

static inline void device_lock(struct device *dev)
{
	mutex_lock(&dev->mutex);
}

static inline void device_unlock(struct device *dev)
{
	mutex_unlock(&dev->mutex);
}

/* The machine goes down: shutdown of every device, the youngest first */
void device_shutdown(void);

/*
 * Buses. -EBUSY when the name is taken, -ENOMEM. What is on a bus must have gone
 * before bus_unregister().
 */
int __must_check bus_register(const struct bus_type *bus);
void bus_unregister(const struct bus_type *bus);

/*
 * Every device of the bus behind @start (NULL: all), the oldest first, until @fn
 * returns something else than 0, which is the result. The device is counted
 * meanwhile, and no lock is held; one that goes is left out, one that comes is met.
 * -EINVAL when the bus is not registered.
 */
int bus_for_each_dev(const struct bus_type *bus, struct device *start, void *data,
		     int (*fn)(struct device *dev, void *data));

typedef int (*device_match_t)(struct device *dev, const void *data);

/* The first that @match says yes to, counted; NULL without one */
struct device *bus_find_device(const struct bus_type *bus, struct device *start,
			       const void *data, device_match_t match);
int device_match_name(struct device *dev, const void *name);

static inline struct device *bus_find_device_by_name(const struct bus_type *bus,
						     struct device *start, const char *name)
{
	return bus_find_device(bus, start, name, device_match_name);
}

/*
 * What a notifier of a bus is told, with the device. Those about a driver come with
 * the lock of the device held.
 */
enum bus_notifier_event {
	BUS_NOTIFY_ADD_DEVICE,
	BUS_NOTIFY_DEL_DEVICE,
	BUS_NOTIFY_REMOVED_DEVICE,
	BUS_NOTIFY_BIND_DRIVER,
	BUS_NOTIFY_BOUND_DRIVER,
	BUS_NOTIFY_UNBIND_DRIVER,
	BUS_NOTIFY_UNBOUND_DRIVER,
	BUS_NOTIFY_DRIVER_NOT_BOUND,
};

/* -EINVAL when the bus is not registered. After unregister no call is under way. */
int bus_register_notifier(const struct bus_type *bus, struct notifier_block *nb);
int bus_unregister_notifier(const struct bus_type *bus, struct notifier_block *nb);

/*
 * Drivers. -EINVAL when the bus is not registered, -EBUSY when it has a driver of
 * that name, -ENOMEM. When driver_unregister() returns, no device has the driver
 * and no function of it runs.
 */
int __must_check driver_register(struct device_driver *drv);
void driver_unregister(struct device_driver *drv);

#endif /* BASE_KERNEL_LINUX_DEVICE_H */
