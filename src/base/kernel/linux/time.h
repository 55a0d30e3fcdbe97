/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef BASE_KERNEL_LINUX_TIME_H
#define BASE_KERNEL_LINUX_TIME_H

#include <time.h>

#include <linux/time64.h>

#endif /* BASE_KERNEL_LINUX_TIME_H */
