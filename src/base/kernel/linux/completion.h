/* SPDX-License-Identifier: BSD-2-Clause */
/* Completions */
#ifndef BASE_KERNEL_LINUX_COMPLETION_H
#define BASE_KERNEL_LINUX_COMPLETION_H

#include <linux/wait.h>

#define COMPLETION_ALL (~0u)

struct completion {
	unsigned int done;
	struct wait_queue_head wait;
};

#define DECLARE_COMPLETION(name) \
	struct completion name = { \
		.wait = { \
			.lock = { .mutex = __MUTEX_INITIALIZER(#name) }, \
			.head = LIST_HEAD_INIT((name).wait.head), \
		}, \
	}
#define DECLARE_COMPLETION_ONSTACK(name) DECLARE_COMPLETION(name)

void init_completion(struct completion *x);
void reinit_completion(struct completion *x);
void complete(struct completion *x);
void complete_all(struct completion *x);
bool try_wait_for_completion(struct completion *x);
bool completion_done(struct completion *x);

void wait_for_completion(struct completion *x);
/* 0 or -ERESTARTSYS */
int wait_for_completion_interruptible(struct completion *x);
int wait_for_completion_killable(struct completion *x);
/* Jiffies left, at least 1; 0 when the time ran out; -ERESTARTSYS */
unsigned long wait_for_completion_timeout(struct completion *x, unsigned long timeout);
long wait_for_completion_interruptible_timeout(struct completion *x, unsigned long timeout);
long wait_for_completion_killable_timeout(struct completion *x, unsigned long timeout);

#endif /* BASE_KERNEL_LINUX_COMPLETION_H */
