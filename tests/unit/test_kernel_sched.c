/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Sleeping and waking: tasks, wait queues, completions, clocks
 *
 * No test looks at how long something took. Where a wake-up would be lost, the
 * test hangs and the harness ends it.
 */
#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <time.h>

#include <cmocka.h>

#include <linux/completion.h>
#include <linux/delay.h>
#include <linux/jiffies.h>
#include <linux/limits.h>
#include <linux/timekeeping.h>
#include <linux/wait.h>

#include "base/kernel/task.h"

#define ROUNDS 100000u
#define MANY 8
/* Longer than the harness waits for a test */
#define NEVER 100000000l

static unsigned int get(unsigned int *word)
{
	return __atomic_load_n(word, __ATOMIC_ACQUIRE);
}

static void set(unsigned int *word, unsigned int value)
{
	__atomic_store_n(word, value, __ATOMIC_RELEASE);
}

static unsigned int look(unsigned int *word, unsigned int *looks)
{
	__atomic_fetch_add(looks, 1, __ATOMIC_ACQ_REL);
	return get(word);
}

static void nap(void)
{
	struct timespec ts = { .tv_nsec = 200000 };

	nanosleep(&ts, NULL);
}

static unsigned int count_waiters(struct wait_queue_head *wq)
{
	struct wait_queue_entry *entry;
	unsigned int n = 0;

	guard(spinlock)(&wq->lock);
	list_for_each_entry(entry, &wq->head, entry)
		n++;
	return n;
}

static void until_waiting(struct wait_queue_head *wq, unsigned int n)
{
	while (count_waiters(wq) != n)
		nap();
}

/* --- a thread that waits in one of the ways --- */

enum how {
	EVENT,
	EVENT_INTERRUPTIBLE,
	EVENT_KILLABLE,
	EVENT_TIMEOUT,
	EVENT_INTERRUPTIBLE_TIMEOUT,
	EVENT_KILLABLE_TIMEOUT,
	COMPLETION,
	COMPLETION_INTERRUPTIBLE,
	COMPLETION_KILLABLE,
	COMPLETION_INTERRUPTIBLE_TIMEOUT,
	COMPLETION_KILLABLE_TIMEOUT,
};

struct waiter {
	enum how how;
	struct wait_queue_head *wq;	/* an event's, with its flag */
	unsigned int *flag;
	struct completion *completion;
	long timeout;
	unsigned int looks;		/* how often the flag was looked at */
	unsigned int signalled;
	struct task_struct task;
	pthread_t thread;
	unsigned int ended;
	long result;
};

static bool is_signalled(void *data)
{
	struct waiter *waiter = data;

	return get(&waiter->signalled);
}

static long wait_event_now(struct waiter *waiter)
{
#define CONDITION look(waiter->flag, &waiter->looks)
	switch (waiter->how) {
	case EVENT:
		wait_event(*waiter->wq, CONDITION);
		return 0;
	case EVENT_INTERRUPTIBLE:
		return wait_event_interruptible(*waiter->wq, CONDITION);
	case EVENT_KILLABLE:
		return wait_event_killable(*waiter->wq, CONDITION);
	case EVENT_TIMEOUT:
		return wait_event_timeout(*waiter->wq, CONDITION, waiter->timeout);
	case EVENT_INTERRUPTIBLE_TIMEOUT:
		return wait_event_interruptible_timeout(*waiter->wq, CONDITION, waiter->timeout);
	default:
		return wait_event_killable_timeout(*waiter->wq, CONDITION, waiter->timeout);
	}
#undef CONDITION
}

static long wait_now(struct waiter *waiter)
{
	unsigned long timeout = (unsigned long)waiter->timeout;

	switch (waiter->how) {
	case COMPLETION:
		wait_for_completion(waiter->completion);
		return 0;
	case COMPLETION_INTERRUPTIBLE:
		return wait_for_completion_interruptible(waiter->completion);
	case COMPLETION_KILLABLE:
		return wait_for_completion_killable(waiter->completion);
	case COMPLETION_INTERRUPTIBLE_TIMEOUT:
		return wait_for_completion_interruptible_timeout(waiter->completion, timeout);
	case COMPLETION_KILLABLE_TIMEOUT:
		return wait_for_completion_killable_timeout(waiter->completion, timeout);
	default:
		return wait_event_now(waiter);
	}
}

static void waiter_init(struct waiter *waiter)
{
	task_init(&waiter->task);
	waiter->task.interrupted = is_signalled;
	waiter->task.interrupted_data = waiter;
}

/* In this thread */
static long waiter_run(struct waiter *waiter)
{
	task_enter(&waiter->task);
	waiter->result = wait_now(waiter);
	task_leave(&waiter->task);
	set(&waiter->ended, 1);
	return waiter->result;
}

static void *waiter_thread(void *data)
{
	waiter_run(data);
	return NULL;
}

static void waiter_start(struct waiter *waiter)
{
	waiter_init(waiter);
	assert_int_equal(pthread_create(&waiter->thread, NULL, waiter_thread, waiter), 0);
}

static long waiter_join(struct waiter *waiter)
{
	assert_int_equal(pthread_join(waiter->thread, NULL), 0);
	return waiter->result;
}

static void interrupt(struct waiter *waiter)
{
	set(&waiter->signalled, 1);
	task_interrupt_wake(&waiter->task);
}

/* It has looked at its condition again, from before a wake-up on, and sleeps on. */
static void until_looked(struct waiter *waiter, unsigned int since)
{
	while (get(&waiter->looks) == since)
		nap();
	until_waiting(waiter->wq, 1);
	assert_false(get(&waiter->ended));
}

/* --- wait queues --- */

struct table {
	struct wait_queue_head wq[2];
	unsigned int turn;
};

static void play(struct table *table, unsigned int me)
{
	for (unsigned int i = 0; i < ROUNDS; i++) {
		wait_event(table->wq[me], get(&table->turn) == me);
		set(&table->turn, !me);
		wake_up(&table->wq[!me]);
	}
}

static void *second_player(void *data)
{
	play(data, 1);
	return NULL;
}

static void test_ping_pong(void **state)
{
	struct table table = { .turn = 0 };
	pthread_t thread;

	init_waitqueue_head(&table.wq[0]);
	init_waitqueue_head(&table.wq[1]);
	assert_int_equal(pthread_create(&thread, NULL, second_player, &table), 0);
	play(&table, 0);
	assert_int_equal(pthread_join(thread, NULL), 0);
	assert_int_equal(table.turn, 0);
	assert_false(waitqueue_active(&table.wq[0]));
	assert_false(waitqueue_active(&table.wq[1]));
}

/* Waiters of one queue wait for different things: a wake-up reaches the right one. */
static void test_different_conditions(void **state)
{
	DECLARE_WAIT_QUEUE_HEAD(wq);
	unsigned int flags[MANY] = { 0 };
	struct waiter waiters[MANY] = { 0 };

	for (int i = 0; i < MANY; i++) {
		waiters[i].how = i % 2 ? EVENT : EVENT_INTERRUPTIBLE;
		waiters[i].wq = &wq;
		waiters[i].flag = &flags[i];
		waiter_start(&waiters[i]);
	}
	until_waiting(&wq, MANY);
	for (int i = MANY; i-- > 0;) {
		set(&flags[i], 1);
		wake_up(&wq);
		assert_int_equal(waiter_join(&waiters[i]), 0);
		until_waiting(&wq, (unsigned int)i);
	}
}

/* Who leaves with a signal takes no wake-up along. */
static void test_interrupted_beside_another(void **state)
{
	for (int i = 0; i < 200; i++) {
		DECLARE_WAIT_QUEUE_HEAD(wq);
		unsigned int flag = 0;
		struct waiter waiters[2] = {
			{ .how = EVENT_INTERRUPTIBLE, .wq = &wq, .flag = &flag },
			{ .how = EVENT, .wq = &wq, .flag = &flag },
		};

		waiter_start(&waiters[0]);
		until_waiting(&wq, 1);
		waiter_start(&waiters[1]);
		until_waiting(&wq, 2);
		interrupt(&waiters[0]);
		set(&flag, 1);
		wake_up_interruptible(&wq);
		assert_int_equal(waiter_join(&waiters[1]), 0);
		(void)waiter_join(&waiters[0]);
	}
}

static void test_interrupted(void **state)
{
	static const enum how hows[] = { EVENT_INTERRUPTIBLE, EVENT_INTERRUPTIBLE_TIMEOUT };

	for (size_t i = 0; i < 2; i++) {
		DECLARE_WAIT_QUEUE_HEAD(wq);
		unsigned int flag = 0;
		struct waiter waiter = {
			.how = hows[i], .wq = &wq, .flag = &flag, .timeout = NEVER,
		};

		waiter_start(&waiter);
		until_waiting(&wq, 1);
		/* For no reason: it looks and sleeps on. */
		task_interrupt_wake(&waiter.task);
		interrupt(&waiter);
		assert_int_equal(waiter_join(&waiter), -ERESTARTSYS);
		assert_false(waitqueue_active(&wq));

		/* Pending before the wait */
		assert_int_equal(waiter_run(&waiter), -ERESTARTSYS);
		assert_false(waitqueue_active(&wq));
		/* What has come true counts more. */
		flag = 1;
		assert_true(waiter_run(&waiter) >= 0);
	}
}

static void test_killed(void **state)
{
	static const enum how hows[] = {
		EVENT_INTERRUPTIBLE, EVENT_INTERRUPTIBLE_TIMEOUT,
		EVENT_KILLABLE, EVENT_KILLABLE_TIMEOUT,
	};

	for (size_t i = 0; i < 4; i++) {
		DECLARE_WAIT_QUEUE_HEAD(wq);
		unsigned int flag = 0;
		struct waiter waiter = {
			.how = hows[i], .wq = &wq, .flag = &flag, .timeout = NEVER,
		};

		waiter_start(&waiter);
		until_waiting(&wq, 1);
		task_kill(&waiter.task);
		assert_int_equal(waiter_join(&waiter), -ERESTARTSYS);
		assert_true(fatal_signal_pending(&waiter.task));
		assert_false(waitqueue_active(&wq));
		assert_int_equal(waiter_run(&waiter), -ERESTARTSYS);
	}
}

static void test_killable_ignores_interrupt(void **state)
{
	DECLARE_WAIT_QUEUE_HEAD(wq);
	unsigned int flag = 0, looks;
	struct waiter waiter = { .how = EVENT_KILLABLE, .wq = &wq, .flag = &flag };

	waiter_start(&waiter);
	until_waiting(&wq, 1);
	for (int i = 0; i < 3; i++) {
		looks = get(&waiter.looks);
		interrupt(&waiter);
		until_looked(&waiter, looks);
	}
	task_kill(&waiter.task);
	assert_int_equal(waiter_join(&waiter), -ERESTARTSYS);
}

static void test_uninterruptible_ignores_all(void **state)
{
	DECLARE_WAIT_QUEUE_HEAD(wq);
	unsigned int flag = 0, looks;
	struct waiter waiter = { .how = EVENT, .wq = &wq, .flag = &flag };

	waiter_start(&waiter);
	until_waiting(&wq, 1);
	looks = get(&waiter.looks);
	interrupt(&waiter);
	until_looked(&waiter, looks);
	looks = get(&waiter.looks);
	task_kill(&waiter.task);
	until_looked(&waiter, looks);
	set(&flag, 1);
	wake_up(&wq);
	assert_int_equal(waiter_join(&waiter), 0);
}

static void test_timeouts(void **state)
{
	static const enum how hows[] = {
		EVENT_TIMEOUT, EVENT_INTERRUPTIBLE_TIMEOUT, EVENT_KILLABLE_TIMEOUT,
	};

	for (size_t i = 0; i < 3; i++) {
		DECLARE_WAIT_QUEUE_HEAD(wq);
		unsigned int flag = 0;
		struct waiter waiter = { .how = hows[i], .wq = &wq, .flag = &flag };

		waiter_init(&waiter);
		assert_int_equal(waiter_run(&waiter), 0);
		waiter.timeout = 3;
		assert_int_equal(waiter_run(&waiter), 0);
		assert_false(waitqueue_active(&wq));
		flag = 1;
		assert_in_range(waiter_run(&waiter), 1, 3);
		waiter.timeout = 0;
		assert_int_equal(waiter_run(&waiter), 1);

		flag = 0;
		waiter.timeout = NEVER;
		waiter_start(&waiter);
		until_waiting(&wq, 1);
		set(&flag, 1);
		wake_up(&wq);
		assert_in_range(waiter_join(&waiter), 1, NEVER);

		flag = 0;
		waiter.timeout = MAX_SCHEDULE_TIMEOUT;
		waiter_start(&waiter);
		until_waiting(&wq, 1);
		set(&flag, 1);
		wake_up(&wq);
		assert_int_equal(waiter_join(&waiter), MAX_SCHEDULE_TIMEOUT);
	}
}

/* A timeout ends also when wake-ups come faster than the clock ticks. */
static void test_timeout_under_wake_ups(void **state)
{
	DECLARE_WAIT_QUEUE_HEAD(wq);
	unsigned int flag = 0;
	struct waiter waiter = {
		.how = EVENT_TIMEOUT, .wq = &wq, .flag = &flag, .timeout = 30,
	};

	waiter_start(&waiter);
	while (!get(&waiter.ended)) {
		wake_up_all(&wq);
		sched_yield();
	}
	assert_int_equal(waiter_join(&waiter), 0);
}

static void test_schedule(void **state)
{
	struct task_struct task;

	task_init(&task);
	task_enter(&task);
	assert_ptr_equal(current, &task);
	/* Not asleep: nothing to wait for */
	assert_int_equal(schedule_timeout(7), 7);
	set_current_state(TASK_UNINTERRUPTIBLE);
	assert_int_equal(schedule_timeout(-5), 0);
	/* Woken between the state and the sleep; more ticks than nanoseconds can say */
	set_current_state(TASK_UNINTERRUPTIBLE);
	wake_up_process(&task);
	assert_true(schedule_timeout(LONG_MAX - 1) > 0);
	set_current_state(TASK_UNINTERRUPTIBLE);
	wake_up_process(&task);
	schedule();
	assert_int_equal(schedule_timeout_uninterruptible(1), 0);
	assert_int_equal(schedule_timeout_interruptible(1), 0);
	assert_int_equal(schedule_timeout_killable(1), 0);
	task_kill(&task);
	assert_int_equal(schedule_timeout_interruptible(NEVER), NEVER);
	assert_int_equal(schedule_timeout_killable(NEVER), NEVER);
	assert_int_equal(schedule_timeout_uninterruptible(1), 0);
	task_leave(&task);
	assert_ptr_not_equal(current, &task);
	assert_false(signal_pending(current));
}

/* --- completions --- */

static void test_complete_before_wait(void **state)
{
	DECLARE_COMPLETION(done);

	assert_false(completion_done(&done));
	assert_false(try_wait_for_completion(&done));
	complete(&done);
	complete(&done);
	assert_true(completion_done(&done));
	wait_for_completion(&done);
	assert_true(try_wait_for_completion(&done));
	assert_false(completion_done(&done));
	assert_int_equal(wait_for_completion_timeout(&done, 1), 0);
	assert_int_equal(wait_for_completion_timeout(&done, 0), 0);
	assert_int_equal(wait_for_completion_interruptible_timeout(&done, 1), 0);
	assert_int_equal(wait_for_completion_killable_timeout(&done, 1), 0);
	complete(&done);
	assert_int_equal(wait_for_completion_timeout(&done, 0), 1);

	complete_all(&done);
	for (int i = 0; i < 3; i++) {
		wait_for_completion(&done);
		assert_int_equal(wait_for_completion_killable(&done), 0);
		assert_in_range(wait_for_completion_timeout(&done, 5), 1, 5);
	}
	complete(&done);
	assert_true(completion_done(&done));
	reinit_completion(&done);
	assert_false(completion_done(&done));
}

static unsigned int count_ended(struct waiter *waiters)
{
	unsigned int n = 0;

	for (int i = 0; i < MANY; i++)
		n += get(&waiters[i].ended);
	return n;
}

static void start_many(struct waiter *waiters, struct completion *done)
{
	static const enum how hows[] = {
		COMPLETION, COMPLETION_INTERRUPTIBLE, COMPLETION_KILLABLE,
		COMPLETION_KILLABLE_TIMEOUT,
	};

	for (int i = 0; i < MANY; i++) {
		waiters[i] = (struct waiter){
			.how = hows[i % 4], .completion = done, .timeout = NEVER,
		};
		waiter_start(&waiters[i]);
	}
	until_waiting(&done->wait, MANY);
}

static void test_many_waiters(void **state)
{
	struct waiter waiters[MANY];
	struct completion done;

	init_completion(&done);
	start_many(waiters, &done);
	for (unsigned int i = 1; i <= MANY; i++) {
		complete(&done);
		while (count_ended(waiters) != i)
			nap();
		assert_int_equal(count_waiters(&done.wait), MANY - i);
	}
	for (int i = 0; i < MANY; i++)
		assert_true(waiter_join(&waiters[i]) >= 0);
	assert_false(completion_done(&done));

	start_many(waiters, &done);
	complete_all(&done);
	for (int i = 0; i < MANY; i++)
		assert_true(waiter_join(&waiters[i]) >= 0);
	assert_true(completion_done(&done));
}

static void test_completion_signals(void **state)
{
	static const struct {
		enum how how;
		bool interruptible;
	} cases[] = {
		{ COMPLETION_INTERRUPTIBLE, true },
		{ COMPLETION_INTERRUPTIBLE_TIMEOUT, true },
		{ COMPLETION_KILLABLE, false },
		{ COMPLETION_KILLABLE_TIMEOUT, false },
	};

	for (size_t i = 0; i < 4; i++) {
		DECLARE_COMPLETION(done);
		struct waiter waiter = {
			.how = cases[i].how, .completion = &done, .timeout = NEVER,
		};

		waiter_start(&waiter);
		until_waiting(&done.wait, 1);
		interrupt(&waiter);
		if (!cases[i].interruptible) {
			nap();
			assert_false(get(&waiter.ended));
			task_kill(&waiter.task);
		}
		assert_int_equal(waiter_join(&waiter), -ERESTARTSYS);
		assert_int_equal(count_waiters(&done.wait), 0);

		/* Done counts more than a signal, and is consumed. */
		task_kill(&waiter.task);
		complete(&done);
		assert_true(waiter_run(&waiter) >= 0);
		assert_int_equal(waiter_run(&waiter), -ERESTARTSYS);
	}
}

/* The waiter's frame is gone as soon as it was told; the teller must be off it. */
static struct completion *mailbox;

static void *teller(void *data)
{
	for (unsigned int i = 0; i < ROUNDS / 10; i++) {
		struct completion *done;

		while (!(done = __atomic_exchange_n(&mailbox, NULL, __ATOMIC_ACQ_REL)))
			sched_yield();
		complete(done);
	}
	return NULL;
}

__attribute__((noinline)) static void be_told(void)
{
	DECLARE_COMPLETION_ONSTACK(done);

	__atomic_store_n(&mailbox, &done, __ATOMIC_RELEASE);
	wait_for_completion(&done);
	/* Whoever still touches it finds this. */
	__atomic_store_n(&done.done, 0xdeadu, __ATOMIC_RELAXED);
	done.wait.head = (struct list_head){ NULL, NULL };
}

static void test_completion_on_stack(void **state)
{
	pthread_t thread;

	assert_int_equal(pthread_create(&thread, NULL, teller, NULL), 0);
	for (unsigned int i = 0; i < ROUNDS / 10; i++)
		be_told();
	assert_int_equal(pthread_join(thread, NULL), 0);
}

/* --- clocks --- */

static void test_clocks(void **state)
{
	struct waiter waiter = { 0 };
	unsigned long early = jiffies;
	u64 ns = ktime_get_ns();
	time64_t seconds;

	msleep(2);
	usleep_range(100, 200);
	assert_true(time_after(jiffies, early));
	assert_true(ktime_get_ns() > ns);
	assert_true(ktime_get() > (ktime_t)ns);
	seconds = time(NULL);
	assert_in_range(ktime_get_real_seconds() - seconds + 1, 0, 1000);

	assert_true(time_after(1ul, ULONG_MAX) && time_before(ULONG_MAX, 1ul));
	assert_true(time_after_eq(5ul, 5ul) && !time_after(5ul, 5ul));
	assert_int_equal(jiffies_to_msecs(msecs_to_jiffies(1234)), 1234);

	waiter_init(&waiter);
	task_enter(&waiter.task);
	assert_int_equal(msleep_interruptible(1), 0);
	waiter.signalled = 1;
	assert_true(msleep_interruptible(NEVER) >= NEVER);
	task_leave(&waiter.task);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_ping_pong),
		cmocka_unit_test(test_different_conditions),
		cmocka_unit_test(test_interrupted_beside_another),
		cmocka_unit_test(test_interrupted),
		cmocka_unit_test(test_killed),
		cmocka_unit_test(test_killable_ignores_interrupt),
		cmocka_unit_test(test_uninterruptible_ignores_all),
		cmocka_unit_test(test_timeouts),
		cmocka_unit_test(test_timeout_under_wake_ups),
		cmocka_unit_test(test_schedule),
		cmocka_unit_test(test_complete_before_wait),
		cmocka_unit_test(test_many_waiters),
		cmocka_unit_test(test_completion_signals),
		cmocka_unit_test(test_completion_on_stack),
		cmocka_unit_test(test_clocks),
	};

	return cmocka_run_group_tests_name("kernel_sched", tests, NULL, NULL);
}
