/* SPDX-License-Identifier: BSD-2-Clause */
/* Work queues: runs, requeues, flush and cancel; works that block or free themselves */
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <time.h>

#include <cmocka.h>

#include <linux/completion.h>
#include <linux/container_of.h>
#include <linux/slab.h>
#include <linux/workqueue.h>

#include "base/kernel/kmem.h"

#define MANY 1000u
/* As many as may hold a thread while others still get one */
#define BLOCKED 15

struct job {
	struct work_struct work;
	struct completion started, gate;
	unsigned int runs;
	unsigned int inside, overlaps;
};

static unsigned int get(unsigned int *word)
{
	return __atomic_load_n(word, __ATOMIC_ACQUIRE);
}

static void add(unsigned int *word)
{
	__atomic_fetch_add(word, 1, __ATOMIC_ACQ_REL);
}

static void nap(void)
{
	struct timespec ts = { .tv_nsec = 2000000 };

	nanosleep(&ts, NULL);
}

static void run_once(struct work_struct *work)
{
	add(&container_of(work, struct job, work)->runs);
}

/* Tells that it runs and waits to be let on; notes two runs at once. */
static void run_blocked(struct work_struct *work)
{
	struct job *job = container_of(work, struct job, work);

	if (__atomic_fetch_add(&job->inside, 1, __ATOMIC_ACQ_REL))
		add(&job->overlaps);
	add(&job->runs);
	complete(&job->started);
	wait_for_completion(&job->gate);
	__atomic_fetch_sub(&job->inside, 1, __ATOMIC_ACQ_REL);
}

static void run_for_ever(struct work_struct *work)
{
	struct job *job = container_of(work, struct job, work);

	add(&job->runs);
	complete(&job->started);
	schedule_work(work);
}

static void job_init(struct job *job, work_func_t fn)
{
	*job = (struct job){ 0 };
	INIT_WORK(&job->work, fn);
	init_completion(&job->started);
	init_completion(&job->gate);
}

/* The job runs and hangs. */
static void job_block(struct job *job)
{
	job_init(job, run_blocked);
	assert_true(schedule_work(&job->work));
	wait_for_completion(&job->started);
}

static void test_schedule_and_flush(void **state)
{
	struct job job;

	job_init(&job, run_once);
	assert_false(flush_work(&job.work));
	assert_false(cancel_work_sync(&job.work));
	for (unsigned int i = 1; i <= MANY; i++) {
		assert_true(schedule_work(&job.work));
		(void)flush_work(&job.work);
		assert_int_equal(get(&job.runs), i);
	}
	assert_false(flush_work(&job.work));
}

/* Queued again while it runs: once more, after the run, never beside it. */
static void test_requeue_while_running(void **state)
{
	struct job job;

	job_block(&job);
	assert_true(schedule_work(&job.work));
	assert_false(schedule_work(&job.work));
	nap();
	assert_int_equal(get(&job.runs), 1);
	complete(&job.gate);
	wait_for_completion(&job.started);
	assert_int_equal(get(&job.runs), 2);
	complete(&job.gate);
	(void)flush_work(&job.work);
	assert_int_equal(get(&job.runs), 2);
	assert_int_equal(job.overlaps, 0);
}

static void *open_gate(void *data)
{
	struct job *job = data;

	nap();
	complete_all(&job->gate);
	return NULL;
}

static void test_flush_waits(void **state)
{
	struct job job;
	pthread_t thread;

	job_block(&job);
	assert_true(schedule_work(&job.work));
	assert_int_equal(pthread_create(&thread, NULL, open_gate, &job), 0);
	assert_true(flush_work(&job.work));
	assert_int_equal(get(&job.inside), 0);
	assert_int_equal(get(&job.runs), 2);
	assert_int_equal(pthread_join(thread, NULL), 0);
}

static void test_cancel_waits(void **state)
{
	struct job job;
	pthread_t thread;
	bool pending;

	job_block(&job);
	assert_true(schedule_work(&job.work));
	assert_int_equal(pthread_create(&thread, NULL, open_gate, &job), 0);
	pending = cancel_work_sync(&job.work);
	assert_int_equal(get(&job.inside), 0);
	assert_int_equal(get(&job.runs), pending ? 1 : 2);
	assert_false(flush_work(&job.work));
	assert_int_equal(pthread_join(thread, NULL), 0);
	/* A cancel is over when it returned. */
	assert_true(schedule_work(&job.work));
	(void)flush_work(&job.work);
	assert_int_equal(get(&job.runs), pending ? 2 : 3);
}

/* After the cancel the work is the caller's, to free for instance. */
static void test_cancel_of_a_work_that_queues_itself(void **state)
{
	for (int i = 0; i < 50; i++) {
		struct job *job = kzalloc(sizeof(*job), GFP_KERNEL);

		job_init(job, run_for_ever);
		assert_true(schedule_work(&job->work));
		wait_for_completion(&job->started);
		(void)cancel_work_sync(&job->work);
		assert_false(flush_work(&job->work));
		kfree(job);
	}
}

static void unblock(struct job *jobs, unsigned int n)
{
	for (unsigned int i = 0; i < n; i++)
		complete_all(&jobs[i].gate);
	for (unsigned int i = 0; i < n; i++) {
		(void)flush_work(&jobs[i].work);
		assert_int_equal(jobs[i].overlaps, 0);
	}
}

static void run_some(unsigned int n)
{
	struct job job;

	job_init(&job, run_once);
	for (unsigned int i = 1; i <= n; i++) {
		assert_true(schedule_work(&job.work));
		(void)flush_work(&job.work);
		assert_int_equal(get(&job.runs), i);
	}
}

static void test_blocked_do_not_stop_others(void **state)
{
	struct job blocked[BLOCKED];

	for (int i = 0; i < BLOCKED; i++) {
		job_block(&blocked[i]);
		run_some(3);
	}
	unblock(blocked, BLOCKED);
}

/* Nor do those that wait in the queue for the end of their own run. */
static void test_requeued_do_not_stop_others(void **state)
{
	struct job blocked[BLOCKED];

	for (int i = 0; i < BLOCKED; i++) {
		job_block(&blocked[i]);
		assert_true(schedule_work(&blocked[i].work));
		run_some(40);
	}
	unblock(blocked, BLOCKED);
	for (int i = 0; i < BLOCKED; i++)
		assert_int_equal(get(&blocked[i].runs), 2);
}

/* More than there are threads: the rest waits, and can still be taken off. */
static void test_more_than_threads(void **state)
{
	struct job blocked[BLOCKED + 1], late[2];

	for (int i = 0; i < BLOCKED + 1; i++)
		job_block(&blocked[i]);
	for (int i = 0; i < 2; i++) {
		job_init(&late[i], run_once);
		assert_true(schedule_work(&late[i].work));
	}
	assert_true(cancel_work_sync(&late[0].work));
	assert_false(cancel_work_sync(&late[0].work));
	assert_int_equal(get(&late[1].runs), 0);
	complete_all(&blocked[3].gate);
	(void)flush_work(&late[1].work);
	assert_int_equal(get(&late[1].runs), 1);
	unblock(blocked, BLOCKED + 1);
	assert_int_equal(get(&late[0].runs), 0);
}

/* --- works that free themselves --- */

static unsigned int n_freed;

static void run_and_free(struct work_struct *work)
{
	kfree(container_of(work, struct job, work));
	add(&n_freed);
}

static void test_free_in_run(void **state)
{
	for (unsigned int i = 0; i < MANY; i++) {
		struct job *job = kzalloc(sizeof(*job), GFP_KERNEL);

		job_init(job, run_and_free);
		assert_true(schedule_work(&job->work));
	}
	while (get(&n_freed) != MANY)
		nap();
}

/* --- many threads on few works --- */

#define STORM_THREADS 4
#define STORM_ROUNDS 3000u

static void run_alone(struct work_struct *work)
{
	struct job *job = container_of(work, struct job, work);

	if (__atomic_fetch_add(&job->inside, 1, __ATOMIC_ACQ_REL))
		add(&job->overlaps);
	add(&job->runs);
	__atomic_fetch_sub(&job->inside, 1, __ATOMIC_ACQ_REL);
}

struct storm {
	struct job jobs[3];
	unsigned int queued, cancelled;
};

static void *storm(void *data)
{
	struct storm *storm = data;

	for (unsigned int i = 0; i < STORM_ROUNDS; i++) {
		struct work_struct *work = &storm->jobs[i % 3].work;

		if (schedule_work(work))
			add(&storm->queued);
		if (i % 7 == 0)
			(void)flush_work(work);
		if (i % 11 == 0 && cancel_work_sync(work))
			add(&storm->cancelled);
	}
	return NULL;
}

/* What was queued ran once for each time, or was cancelled. */
static void test_storm(void **state)
{
	pthread_t threads[STORM_THREADS];
	struct storm s = { 0 };
	unsigned int runs = 0;

	for (int i = 0; i < 3; i++)
		job_init(&s.jobs[i], run_alone);
	for (int i = 0; i < STORM_THREADS; i++)
		assert_int_equal(pthread_create(&threads[i], NULL, storm, &s), 0);
	for (int i = 0; i < STORM_THREADS; i++)
		assert_int_equal(pthread_join(threads[i], NULL), 0);
	for (int i = 0; i < 3; i++) {
		(void)flush_work(&s.jobs[i].work);
		assert_int_equal(s.jobs[i].overlaps, 0);
		runs += s.jobs[i].runs;
	}
	assert_int_equal(runs + s.cancelled, s.queued);
}

static int setup(void **state)
{
	*state = (void *)kmem_live();
	return 0;
}

static int teardown(void **state)
{
	return kmem_live() == (long)*state ? 0 : -1;
}

#define WORK_TEST(fn) cmocka_unit_test_setup_teardown(fn, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		WORK_TEST(test_schedule_and_flush),
		WORK_TEST(test_requeue_while_running),
		WORK_TEST(test_flush_waits),
		WORK_TEST(test_cancel_waits),
		WORK_TEST(test_cancel_of_a_work_that_queues_itself),
		WORK_TEST(test_blocked_do_not_stop_others),
		WORK_TEST(test_requeued_do_not_stop_others),
		WORK_TEST(test_more_than_threads),
		WORK_TEST(test_free_in_run),
		WORK_TEST(test_storm),
	};

	return cmocka_run_group_tests_name("kernel_work", tests, NULL, NULL);
}
