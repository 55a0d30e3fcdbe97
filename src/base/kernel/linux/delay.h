/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef BASE_KERNEL_LINUX_DELAY_H
#define BASE_KERNEL_LINUX_DELAY_H

void msleep(unsigned int ms);
/* Milliseconds that were left when a signal came. */
unsigned long msleep_interruptible(unsigned int ms);
void usleep_range(unsigned long min_us, unsigned long max_us);

#endif /* BASE_KERNEL_LINUX_DELAY_H */
