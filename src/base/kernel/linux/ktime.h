/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef BASE_KERNEL_LINUX_KTIME_H
#define BASE_KERNEL_LINUX_KTIME_H

#include <linux/jiffies.h>
#include <linux/timekeeping.h>

#endif /* BASE_KERNEL_LINUX_KTIME_H */
