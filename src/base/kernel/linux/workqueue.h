/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Work queues. There is one set of threads, made on demand and gone when idle;
 * works run side by side, one work never on two threads at once.
 */
#ifndef BASE_KERNEL_LINUX_WORKQUEUE_H
#define BASE_KERNEL_LINUX_WORKQUEUE_H

#include <stdbool.h>

#include <linux/list.h>

struct work_struct;
typedef void (*work_func_t)(struct work_struct *work);

struct work_struct {
	struct list_head entry;
	work_func_t func;
	bool pending;
	unsigned int n_cancels;
};

#define INIT_WORK(work, fn) \
	do { \
		INIT_LIST_HEAD(&(work)->entry); \
		(work)->func = (fn); \
		(work)->pending = false; \
		(work)->n_cancels = 0; \
	} while (0)

/*
 * False when it was pending already, or is being cancelled. A running work may be
 * queued again.
 */
bool schedule_work(struct work_struct *work);

/* Wait until it neither waits nor runs. True when there was something to wait for. */
bool flush_work(struct work_struct *work);

/*
 * Take it off the queue and wait for its end, which also a work that queues itself
 * comes to. True when it was pending.
 */
bool cancel_work_sync(struct work_struct *work);

#endif /* BASE_KERNEL_LINUX_WORKQUEUE_H */
