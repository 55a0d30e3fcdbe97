/* SPDX-License-Identifier: BSD-2-Clause */
/* There is no device memory here; the page and address helpers come with mm.h */
#ifndef BASE_KERNEL_LINUX_IO_H
#define BASE_KERNEL_LINUX_IO_H

#include <linux/mm.h>
#include <linux/types.h>

#endif /* BASE_KERNEL_LINUX_IO_H */
