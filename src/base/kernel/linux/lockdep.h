/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef BASE_KERNEL_LINUX_LOCKDEP_H
#define BASE_KERNEL_LINUX_LOCKDEP_H

#include <linux/mutex.h>

#endif /* BASE_KERNEL_LINUX_LOCKDEP_H */
