/* SPDX-License-Identifier: BSD-2-Clause */
/* What only matters to a loadable module is nothing here. */
#ifndef BASE_KERNEL_LINUX_MODULE_H
#define BASE_KERNEL_LINUX_MODULE_H

#include <linux/export.h>
#include <linux/init.h>

struct module;
#define THIS_MODULE ((struct module *)NULL)

#define MODULE_LICENSE(text) extern char __module_license
#define MODULE_AUTHOR(text) extern char __module_author
#define MODULE_DESCRIPTION(text) extern char __module_description

#endif /* BASE_KERNEL_LINUX_MODULE_H */
