/* SPDX-License-Identifier: BSD-2-Clause */
/* Addresses that fault: what the links of an entry hold after it left its list */
#ifndef BASE_KERNEL_LINUX_POISON_H
#define BASE_KERNEL_LINUX_POISON_H

#define LIST_POISON1 ((void *)0xdead000000000100UL)
#define LIST_POISON2 ((void *)0xdead000000000122UL)

#endif /* BASE_KERNEL_LINUX_POISON_H */
