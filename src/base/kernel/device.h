/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What the home of kernel code sees of a device, to show it as /sys would
 */
#ifndef BASE_KERNEL_DEVICE_H
#define BASE_KERNEL_DEVICE_H

#include <stddef.h>

struct device;

/*
 * One call for each file of @dev: "uevent", then the attributes of its bus and its
 * own; @text of @len bytes is gone after the call. An attribute that fails to show is
 * left out. Stops at the first result that is not 0 and returns it; -ENOMEM. The
 * caller holds the lock of the device, so that its driver stays what it is.
 */
int device_for_each_attr(struct device *dev,
			 int (*fn)(void *data, const char *name, const char *text, size_t len),
			 void *data);

#endif /* BASE_KERNEL_DEVICE_H */
