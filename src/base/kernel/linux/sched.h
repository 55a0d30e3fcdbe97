/* SPDX-License-Identifier: BSD-2-Clause */
/* Sleeping and waking. See base/kernel/task.h for what a task is here. */
#ifndef BASE_KERNEL_LINUX_SCHED_H
#define BASE_KERNEL_LINUX_SCHED_H

#include_next <linux/sched.h>

#include "base/kernel/task.h"

#define TASK_RUNNING 0x0u
#define TASK_INTERRUPTIBLE 0x1u
#define TASK_UNINTERRUPTIBLE 0x2u
#define TASK_WAKEKILL 0x100u
#define TASK_KILLABLE (TASK_WAKEKILL | TASK_UNINTERRUPTIBLE)

#define MAX_SCHEDULE_TIMEOUT ((long)(~0ul >> 1))

#define current task_current()

/* Before the condition is checked: a wake-up from here on is not lost. */
void set_current_state(unsigned int state);
#define __set_current_state(state) set_current_state(state)

/* Sleep until woken; may return for no reason. */
void schedule(void);
/* Jiffies that are left. */
long schedule_timeout(long timeout);
long schedule_timeout_interruptible(long timeout);
long schedule_timeout_killable(long timeout);
long schedule_timeout_uninterruptible(long timeout);
int wake_up_process(struct task_struct *task);

bool signal_pending(struct task_struct *task);
bool fatal_signal_pending(struct task_struct *task);
bool signal_pending_state(unsigned int state, struct task_struct *task);

static inline int cond_resched(void)
{
	return 0;
}

#endif /* BASE_KERNEL_LINUX_SCHED_H */
