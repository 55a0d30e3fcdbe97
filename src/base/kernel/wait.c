/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Wait queues and completions
 *
 * An entry lives on its waiter's stack. A waker touches the waiter's task only
 * under the queue's lock, and finish_wait() takes that lock before the waiter
 * goes on, so neither the entry nor the task can vanish under the waker.
 */
#include <linux/completion.h>
#include <linux/wait.h>

void prepare_to_wait(struct wait_queue_head *wq, struct wait_queue_entry *entry, unsigned int state)
{
	spin_lock(&wq->lock);
	if (list_empty(&entry->entry))
		list_add_tail(&entry->entry, &wq->head);
	set_current_state(state);
	spin_unlock(&wq->lock);
}

long prepare_to_wait_event(struct wait_queue_head *wq, struct wait_queue_entry *entry,
			   unsigned int state)
{
	prepare_to_wait(wq, entry, state);
	if (!signal_pending_state(state, entry->task))
		return 0;
	finish_wait(wq, entry);
	return -ERESTARTSYS;
}

void finish_wait(struct wait_queue_head *wq, struct wait_queue_entry *entry)
{
	spin_lock(&wq->lock);
	list_del_init(&entry->entry);
	spin_unlock(&wq->lock);
	__set_current_state(TASK_RUNNING);
}

bool waitqueue_active(struct wait_queue_head *wq)
{
	bool active;

	spin_lock(&wq->lock);
	active = !list_empty(&wq->head);
	spin_unlock(&wq->lock);
	return active;
}

void wake_up_all(struct wait_queue_head *wq)
{
	struct wait_queue_entry *entry, *next;

	spin_lock(&wq->lock);
	list_for_each_entry_safe(entry, next, &wq->head, entry) {
		list_del_init(&entry->entry);
		wake_up_process(entry->task);
	}
	spin_unlock(&wq->lock);
}

/* --- completions --- */

void init_completion(struct completion *x)
{
	x->done = 0;
	init_waitqueue_head(&x->wait);
}

void reinit_completion(struct completion *x)
{
	spin_lock(&x->wait.lock);
	x->done = 0;
	spin_unlock(&x->wait.lock);
}

/*
 * All under the lock: a waiter may free the completion as soon as it sees that
 * it is done, and it can see it only with the lock.
 */
void complete(struct completion *x)
{
	struct wait_queue_entry *entry;

	spin_lock(&x->wait.lock);
	if (x->done != COMPLETION_ALL)
		x->done++;
	if (!list_empty(&x->wait.head)) {
		entry = list_first_entry(&x->wait.head, struct wait_queue_entry, entry);
		list_del_init(&entry->entry);
		wake_up_process(entry->task);
	}
	spin_unlock(&x->wait.lock);
}

void complete_all(struct completion *x)
{
	struct wait_queue_entry *entry, *next;

	spin_lock(&x->wait.lock);
	x->done = COMPLETION_ALL;
	list_for_each_entry_safe(entry, next, &x->wait.head, entry) {
		list_del_init(&entry->entry);
		wake_up_process(entry->task);
	}
	spin_unlock(&x->wait.lock);
}

static bool take_done(struct completion *x)
{
	if (!x->done)
		return false;
	if (x->done != COMPLETION_ALL)
		x->done--;
	return true;
}

bool try_wait_for_completion(struct completion *x)
{
	bool done;

	spin_lock(&x->wait.lock);
	done = take_done(x);
	spin_unlock(&x->wait.lock);
	return done;
}

bool completion_done(struct completion *x)
{
	bool done;

	spin_lock(&x->wait.lock);
	done = x->done != 0;
	spin_unlock(&x->wait.lock);
	return done;
}

/* Jiffies left (at least 1), 0 when the time ran out, -ERESTARTSYS. */
static long wait_common(struct completion *x, long timeout, unsigned int state)
{
	DEFINE_WAIT(entry);
	long r = 0;

	spin_lock(&x->wait.lock);
	while (!take_done(x)) {
		if (signal_pending_state(state, entry.task))
			r = -ERESTARTSYS;
		else if (timeout == 0)
			r = -ETIME;
		if (r)
			break;
		if (list_empty(&entry.entry))
			list_add_tail(&entry.entry, &x->wait.head);
		set_current_state(state);
		spin_unlock(&x->wait.lock);
		timeout = schedule_timeout(timeout);
		spin_lock(&x->wait.lock);
	}
	list_del_init(&entry.entry);
	spin_unlock(&x->wait.lock);
	if (r == -ETIME)
		return 0;
	return r ? r : timeout ? timeout : 1;
}

void wait_for_completion(struct completion *x)
{
	(void)wait_common(x, MAX_SCHEDULE_TIMEOUT, TASK_UNINTERRUPTIBLE);
}

int wait_for_completion_interruptible(struct completion *x)
{
	long r = wait_common(x, MAX_SCHEDULE_TIMEOUT, TASK_INTERRUPTIBLE);

	return r < 0 ? (int)r : 0;
}

int wait_for_completion_killable(struct completion *x)
{
	long r = wait_common(x, MAX_SCHEDULE_TIMEOUT, TASK_KILLABLE);

	return r < 0 ? (int)r : 0;
}

unsigned long wait_for_completion_timeout(struct completion *x, unsigned long timeout)
{
	return (unsigned long)wait_common(x, (long)timeout, TASK_UNINTERRUPTIBLE);
}

long wait_for_completion_interruptible_timeout(struct completion *x, unsigned long timeout)
{
	return wait_common(x, (long)timeout, TASK_INTERRUPTIBLE);
}

long wait_for_completion_killable_timeout(struct completion *x, unsigned long timeout)
{
	return wait_common(x, (long)timeout, TASK_KILLABLE);
}
