/* SPDX-License-Identifier: BSD-2-Clause */
/* How drivers name the devices that they are for */
#ifndef BASE_KERNEL_LINUX_MOD_DEVICETABLE_H
#define BASE_KERNEL_LINUX_MOD_DEVICETABLE_H

#include <linux/uuid.h>

struct tee_client_device_id {
	uuid_t uuid;
};

#endif /* BASE_KERNEL_LINUX_MOD_DEVICETABLE_H */
