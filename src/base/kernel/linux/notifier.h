/* SPDX-License-Identifier: BSD-2-Clause */
/* One entry of a chain of callbacks; the chains themselves are their owners' */
#ifndef BASE_KERNEL_LINUX_NOTIFIER_H
#define BASE_KERNEL_LINUX_NOTIFIER_H

struct notifier_block;

typedef int (*notifier_fn_t)(struct notifier_block *nb, unsigned long action, void *data);

struct notifier_block {
	notifier_fn_t notifier_call;
	struct notifier_block *next;
	int priority;		/* higher ones are called first */
};

#define NOTIFY_DONE 0x0000
#define NOTIFY_OK 0x0001

#endif /* BASE_KERNEL_LINUX_NOTIFIER_H */
