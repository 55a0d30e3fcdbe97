/* SPDX-License-Identifier: BSD-2-Clause */
/* refcount_t alone, for headers that only embed one */
#ifndef BASE_KERNEL_LINUX_REFCOUNT_TYPES_H
#define BASE_KERNEL_LINUX_REFCOUNT_TYPES_H

#include <linux/types.h>

#endif /* BASE_KERNEL_LINUX_REFCOUNT_TYPES_H */
