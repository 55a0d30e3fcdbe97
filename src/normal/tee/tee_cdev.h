/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The file operations of a device node, for whoever publishes it: the character
 * device in a kernel, src/normal/server in user space.
 */
#ifndef NORMAL_TEE_CDEV_H
#define NORMAL_TEE_CDEV_H

#include <linux/types.h>

struct tee_context;
struct tee_device;

/*
 * open(2). ERR_PTR: -EINVAL when the device is leaving, -EBUSY while memory of the
 * last holder of a privileged device is in use, -ENOMEM, or the driver's errno.
 */
struct tee_context *tee_cdev_open(struct tee_device *teedev);

/*
 * ioctl(2). User memory is that of the current task. The caller keeps the file
 * open meanwhile. Returns as the kernel does, -ERESTARTSYS included.
 */
long tee_cdev_ioctl(struct tee_context *ctx, unsigned int cmd, unsigned long arg);

/* The last close. May sleep for as long as the driver needs. */
void tee_cdev_release(struct tee_context *ctx);

#endif /* NORMAL_TEE_CDEV_H */
