/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef BASE_KERNEL_LINUX_EXPORT_H
#define BASE_KERNEL_LINUX_EXPORT_H

#define EXPORT_SYMBOL(sym) extern char __exported_##sym
#define EXPORT_SYMBOL_GPL(sym) EXPORT_SYMBOL(sym)

#endif /* BASE_KERNEL_LINUX_EXPORT_H */
