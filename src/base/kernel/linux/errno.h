/* SPDX-License-Identifier: BSD-2-Clause */
/* libc's <errno.h> includes this file too: numbers only */
#ifndef BASE_KERNEL_LINUX_ERRNO_H
#define BASE_KERNEL_LINUX_ERRNO_H

#include_next <linux/errno.h>

/* Never seen by a caller: whoever leaves to user space turns them into EINTR or a restart */
#define ERESTARTSYS 512
#define ERESTARTNOINTR 513
#define ERESTARTNOHAND 514
#define ENOIOCTLCMD 515
#define ERESTART_RESTARTBLOCK 516
#define EPROBE_DEFER 517

#define ENOTSUPP 524
#define EIOCBQUEUED 529

#endif /* BASE_KERNEL_LINUX_ERRNO_H */
