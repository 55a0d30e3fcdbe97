/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef BASE_KERNEL_LINUX_INIT_H
#define BASE_KERNEL_LINUX_INIT_H

#define __init
#define __exit

#endif /* BASE_KERNEL_LINUX_INIT_H */
