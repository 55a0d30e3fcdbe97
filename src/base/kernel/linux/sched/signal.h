/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef BASE_KERNEL_LINUX_SCHED_SIGNAL_H
#define BASE_KERNEL_LINUX_SCHED_SIGNAL_H

#include <linux/sched.h>

#endif /* BASE_KERNEL_LINUX_SCHED_SIGNAL_H */
