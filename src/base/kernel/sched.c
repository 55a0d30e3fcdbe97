/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Tasks
 *
 * set_current_state() notes the park word; whoever wakes the task changes the
 * word first. A wake-up between the note and the sleep makes the futex wait
 * return at once, so none is lost. Waking more often than needed is harmless:
 * every wait looks at its condition again.
 */
#include "base/kernel/task.h"

#include <errno.h>
#include <stdatomic.h>

#include <linux/jiffies.h>
#include <linux/sched.h>
#include <linux/timekeeping.h>

#include "base/futex.h"

static _Thread_local struct task_struct *this_task;
static _Thread_local struct task_struct thread_task;

void task_init(struct task_struct *task)
{
	*task = (struct task_struct){ 0 };
	task->park = &task->own_park;
}

void task_enter(struct task_struct *task)
{
	this_task = task;
}

void task_leave(struct task_struct *task)
{
	this_task = NULL;
}

struct task_struct *task_current(void)
{
	if (!this_task) {
		task_init(&thread_task);
		this_task = &thread_task;
	}
	return this_task;
}

int wake_up_process(struct task_struct *task)
{
	_Atomic uint32_t *park = task->park;

	atomic_fetch_add(park, 1);
	(void)futex_wake(park, 1);
	return 1;
}

void task_kill(struct task_struct *task)
{
	atomic_store(&task->killed, true);
	wake_up_process(task);
}

void task_interrupt_wake(struct task_struct *task)
{
	wake_up_process(task);
}

bool fatal_signal_pending(struct task_struct *task)
{
	return atomic_load_explicit(&task->killed, memory_order_acquire) ||
	       (task->dying && task->dying(task->dying_data));
}

bool signal_pending(struct task_struct *task)
{
	return fatal_signal_pending(task) ||
	       (task->interrupted && task->interrupted(task->interrupted_data));
}

bool signal_pending_state(unsigned int state, struct task_struct *task)
{
	if (state & TASK_INTERRUPTIBLE)
		return signal_pending(task);
	return (state & TASK_WAKEKILL) && fatal_signal_pending(task);
}

/* Others may look whether the task sleeps interruptibly. */
static void set_state(struct task_struct *task, unsigned int state)
{
	__atomic_store_n(&task->__state, state, __ATOMIC_RELAXED);
}

void set_current_state(unsigned int state)
{
	struct task_struct *task = task_current();

	set_state(task, state);
	task->seen = atomic_load(task->park);
}

void schedule(void)
{
	(void)schedule_timeout(MAX_SCHEDULE_TIMEOUT);
}

long schedule_timeout(long timeout)
{
	struct task_struct *task = task_current();
	unsigned long start;
	int64_t ns;
	long passed;

	if (task->__state == TASK_RUNNING)
		return timeout;
	if (signal_pending_state(task->__state, task)) {
		set_state(task, TASK_RUNNING);
		return timeout;
	}
	if (timeout == MAX_SCHEDULE_TIMEOUT) {
		(void)futex_wait(task->park, task->seen, -1);
		set_state(task, TASK_RUNNING);
		return timeout;
	}
	if (timeout < 0)
		timeout = 0;
	/* Whole ticks of one clock: short sleeps in a row lose nothing of their sum. */
	start = jiffies;
	if (__builtin_mul_overflow(timeout, NSEC_PER_SEC / HZ, &ns))
		ns = INT64_MAX;
	(void)futex_wait(task->park, task->seen, ns);
	set_state(task, TASK_RUNNING);
	passed = (long)(jiffies - start);
	return passed >= timeout ? 0 : timeout - passed;
}

long schedule_timeout_interruptible(long timeout)
{
	set_current_state(TASK_INTERRUPTIBLE);
	return schedule_timeout(timeout);
}

long schedule_timeout_killable(long timeout)
{
	set_current_state(TASK_KILLABLE);
	return schedule_timeout(timeout);
}

long schedule_timeout_uninterruptible(long timeout)
{
	set_current_state(TASK_UNINTERRUPTIBLE);
	return schedule_timeout(timeout);
}
