/* SPDX-License-Identifier: BSD-2-Clause */
/* Wait queues */
#ifndef BASE_KERNEL_LINUX_WAIT_H
#define BASE_KERNEL_LINUX_WAIT_H

#include <linux/errno.h>
#include <linux/jiffies.h>
#include <linux/list.h>
#include <linux/sched.h>
#include <linux/spinlock.h>

typedef struct wait_queue_head {
	spinlock_t lock;
	struct list_head head;
} wait_queue_head_t;

typedef struct wait_queue_entry {
	struct task_struct *task;
	struct list_head entry;
} wait_queue_entry_t;

#define DEFINE_WAIT(name) \
	struct wait_queue_entry name = { .task = current, .entry = LIST_HEAD_INIT((name).entry) }

#define DECLARE_WAIT_QUEUE_HEAD(name) \
	struct wait_queue_head name = { \
		.lock = { .mutex = __MUTEX_INITIALIZER(#name) }, \
		.head = LIST_HEAD_INIT((name).head), \
	}

#define init_waitqueue_head(wq) \
	do { \
		spin_lock_init(&(wq)->lock); \
		INIT_LIST_HEAD(&(wq)->head); \
	} while (0)

/* The state is set before the caller looks at its condition. */
void prepare_to_wait(struct wait_queue_head *wq, struct wait_queue_entry *entry,
		     unsigned int state);
/* The same; -ERESTARTSYS (and not queued) when a signal is pending. */
long prepare_to_wait_event(struct wait_queue_head *wq, struct wait_queue_entry *entry,
			   unsigned int state);
void finish_wait(struct wait_queue_head *wq, struct wait_queue_entry *entry);
bool waitqueue_active(struct wait_queue_head *wq);

void wake_up_all(struct wait_queue_head *wq);
/*
 * The kernel's wake_up() spares none but exclusive waiters, and no wait here is
 * exclusive: waiters of one queue may wait for different things.
 */
#define wake_up(wq) wake_up_all(wq)
#define wake_up_interruptible(wq) wake_up_all(wq)
#define wake_up_interruptible_all(wq) wake_up_all(wq)

#define ___wait_event(wq, condition, state, sleep) \
	({ \
		long __ret = 0; \
		DEFINE_WAIT(__entry); \
		for (;;) { \
			long __sig = prepare_to_wait_event(&(wq), &__entry, state); \
			if (condition) \
				break; \
			if (__sig) { \
				__ret = __sig; \
				break; \
			} \
			sleep; \
		} \
		finish_wait(&(wq), &__entry); \
		__ret; \
	})

#define wait_event(wq, condition) \
	do { \
		if (!(condition)) \
			(void)___wait_event(wq, condition, TASK_UNINTERRUPTIBLE, schedule()); \
	} while (0)

#define wait_event_interruptible(wq, condition) \
	({ \
		int __r = 0; \
		if (!(condition)) \
			__r = (int)___wait_event(wq, condition, TASK_INTERRUPTIBLE, schedule()); \
		__r; \
	})

#define wait_event_killable(wq, condition) \
	({ \
		int __r = 0; \
		if (!(condition)) \
			__r = (int)___wait_event(wq, condition, TASK_KILLABLE, schedule()); \
		__r; \
	})

/*
 * Jiffies that are left, at least 1 when the condition came true; 0 when the time
 * ran out; -ERESTARTSYS when a signal ended it (interruptible and killable).
 */
#define ___wait_event_timeout(wq, condition, timeout, state) \
	({ \
		long __left = (timeout); \
		bool __done = false; \
		long __r = ___wait_event(wq, ({ \
				__done = (condition); \
				__done || __left == 0; \
			}), state, __left = schedule_timeout(__left)); \
		__r ? __r : __done ? (__left ? __left : 1) : 0; \
	})

#define wait_event_timeout(wq, condition, timeout) \
	___wait_event_timeout(wq, condition, timeout, TASK_UNINTERRUPTIBLE)
#define wait_event_interruptible_timeout(wq, condition, timeout) \
	___wait_event_timeout(wq, condition, timeout, TASK_INTERRUPTIBLE)
#define wait_event_killable_timeout(wq, condition, timeout) \
	___wait_event_timeout(wq, condition, timeout, TASK_KILLABLE)

#endif /* BASE_KERNEL_LINUX_WAIT_H */
