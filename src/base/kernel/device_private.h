/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What device.c and bus.c share
 */
#ifndef BASE_KERNEL_DEVICE_PRIVATE_H
#define BASE_KERNEL_DEVICE_PRIVATE_H

#include <linux/device.h>

/* Put @dev on its bus; -EINVAL, -EEXIST as device_add(). The bus holds a reference. */
int bus_add_device(struct device *dev);
/* Offer it to the drivers of its bus until one takes it. */
void bus_probe_device(struct device *dev);
/* Take it off; gives back the bus's reference. */
void bus_remove_device(struct device *dev);
void bus_notify(struct device *dev, enum bus_notifier_event event);
/* Take the driver of @dev off, if it has one; the caller holds its lock. */
void device_release_driver_locked(struct device *dev);
/* The youngest device of any bus that is older than @seq, counted; NULL without one */
struct device *bus_get_youngest_before(u64 seq);

#endif /* BASE_KERNEL_DEVICE_PRIVATE_H */
