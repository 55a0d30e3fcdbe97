/* SPDX-License-Identifier: BSD-2-Clause */
/* The O_ flags: libc's header, so that a unit may include both */
#ifndef BASE_KERNEL_LINUX_FCNTL_H
#define BASE_KERNEL_LINUX_FCNTL_H

#include <fcntl.h>

#endif /* BASE_KERNEL_LINUX_FCNTL_H */
