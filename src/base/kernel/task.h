/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Tasks: who runs kernel code in user space
 *
 * A task is a thread as kernel code sees it (`current`): where it sleeps, what
 * interrupts it, and whose memory copy_from_user() reads. A thread that never
 * enters a task has one of its own without user memory and without signals, as a
 * kernel thread has.
 */
#ifndef BASE_KERNEL_TASK_H
#define BASE_KERNEL_TASK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Memory of the task's user. Both return how many bytes were NOT copied. */
struct uaccess_ops {
	unsigned long (*copy_from)(void *data, void *to, unsigned long from, size_t n);
	unsigned long (*copy_to)(void *data, unsigned long to, const void *from, size_t n);
};

/**
 * struct task_struct - a thread of the kernel side
 * @park: the futex word on which it sleeps; may be memory shared with the
 *	process that it serves, which bumps and wakes it to say "look again"
 * @interrupted: is a signal pending? NULL: never
 * @dying: is a fatal signal pending that nobody told us of? NULL: never
 * @killed: a fatal signal is pending
 *
 * The owner fills in the fields between task_init() and task_enter(); only
 * task_kill() and wake-ups touch them from other threads.
 */
struct task_struct {
	_Atomic(uint32_t) *park;
	_Atomic(uint32_t) own_park;
	uint32_t seen;		/* *park at the last set_current_state() */
	unsigned int __state;
	bool (*interrupted)(void *data);
	void *interrupted_data;
	bool (*dying)(void *data);
	void *dying_data;
	_Atomic(bool) killed;
	const struct uaccess_ops *uaccess;
	void *uaccess_data;
};

void task_init(struct task_struct *task);

/* The calling thread runs as @task from now on, until task_leave(). */
void task_enter(struct task_struct *task);
void task_leave(struct task_struct *task);

struct task_struct *task_current(void);

/* From any thread: a fatal signal; the task wakes unless it sleeps unkillably. */
void task_kill(struct task_struct *task);

/* From any thread: let the task look at @interrupted again. */
void task_interrupt_wake(struct task_struct *task);

/* The memory of this very process, checked page by page; for tests. */
extern const struct uaccess_ops uaccess_inprocess_ops;

#endif /* BASE_KERNEL_TASK_H */
