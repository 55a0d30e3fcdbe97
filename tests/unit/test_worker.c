/* SPDX-License-Identifier: BSD-2-Clause */
/* Workers: jobs that hang, more jobs than threads, no thread at all, the end */
#include <errno.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <time.h>

#include <cmocka.h>

#include "normal/server/worker.h"

#define MANY 1000u
#define THREADS 64

struct job {
	struct worker_job job;
	struct worker_pool *pool;
	struct job *next;
	unsigned int *runs;
	unsigned int running, go;
};

/* Threads that can still be made; the pool is linked to this one. */
static unsigned int threads_left;

int __real_pthread_create(pthread_t *thread, const pthread_attr_t *attr, void *(*fn)(void *),
			  void *data);
int __wrap_pthread_create(pthread_t *thread, const pthread_attr_t *attr, void *(*fn)(void *),
			  void *data);

int __wrap_pthread_create(pthread_t *thread, const pthread_attr_t *attr, void *(*fn)(void *),
			  void *data)
{
	if (!threads_left)
		return EAGAIN;
	threads_left--;
	return __real_pthread_create(thread, attr, fn, data);
}

static unsigned int get(unsigned int *word)
{
	return __atomic_load_n(word, __ATOMIC_ACQUIRE);
}

static void set(unsigned int *word)
{
	__atomic_store_n(word, 1, __ATOMIC_RELEASE);
}

static void nap(void)
{
	struct timespec ts = { .tv_nsec = 500000 };

	nanosleep(&ts, NULL);
}

static void until(unsigned int *word, unsigned int value)
{
	while (get(word) != value)
		nap();
}

static void run_once(struct worker_job *worker_job)
{
	struct job *job = (struct job *)worker_job;

	__atomic_fetch_add(job->runs, 1, __ATOMIC_ACQ_REL);
}

static void run_and_free(struct worker_job *worker_job)
{
	unsigned int *runs = ((struct job *)worker_job)->runs;

	free(worker_job);
	__atomic_fetch_add(runs, 1, __ATOMIC_ACQ_REL);
}

static void run_slowly(struct worker_job *worker_job)
{
	nap();
	run_once(worker_job);
}

static void run_blocked(struct worker_job *worker_job)
{
	struct job *job = (struct job *)worker_job;

	set(&job->running);
	until(&job->go, 1);
	run_once(worker_job);
}

static void run_next(struct worker_job *worker_job)
{
	struct job *job = (struct job *)worker_job;

	nap();
	if (job->next)
		worker_run(job->pool, &job->next->job);
	run_once(worker_job);
}

static int setup(void **state)
{
	threads_left = 10000;
	return worker_pool_new((struct worker_pool **)state);
}

static void test_runs(void **state)
{
	unsigned int runs = 0;

	for (unsigned int i = 0; i < MANY; i++) {
		struct job *job = calloc(1, sizeof(*job));

		job->job.fn = run_and_free;
		job->runs = &runs;
		worker_run(*state, &job->job);
		if (i % 10 == 0)
			until(&runs, i + 1);
	}
	until(&runs, MANY);
	assert_null(worker_pool_free(*state));
	assert_null(worker_pool_free(NULL));
}

static void test_hung_do_not_stop_others(void **state)
{
	struct job hung[THREADS - 1], other;
	unsigned int runs = 0, others = 0;

	for (unsigned int i = 0; i < THREADS - 1; i++) {
		hung[i] = (struct job){ .job.fn = run_blocked, .runs = &runs };
		worker_run(*state, &hung[i].job);
		until(&hung[i].running, 1);
		other = (struct job){ .job.fn = run_once, .runs = &others };
		worker_run(*state, &other.job);
		until(&others, i + 1);
	}
	assert_int_equal(get(&runs), 0);
	for (unsigned int i = 0; i < THREADS - 1; i++)
		set(&hung[i].go);
	worker_pool_free(*state);
	assert_int_equal(runs, THREADS - 1);
}

/* What comes when every thread hangs waits for the first that goes on. */
static void test_more_than_threads(void **state)
{
	struct job hung[THREADS], late[10];
	unsigned int runs = 0, others = 0;

	for (unsigned int i = 0; i < THREADS; i++) {
		hung[i] = (struct job){ .job.fn = run_blocked, .runs = &runs };
		worker_run(*state, &hung[i].job);
	}
	for (unsigned int i = 0; i < THREADS; i++)
		until(&hung[i].running, 1);
	for (unsigned int i = 0; i < 10; i++) {
		late[i] = (struct job){ .job.fn = run_once, .runs = &others };
		worker_run(*state, &late[i].job);
	}
	nap();
	assert_int_equal(get(&others), 0);
	set(&hung[5].go);
	until(&others, 10);
	for (unsigned int i = 0; i < THREADS; i++)
		set(&hung[i].go);
	worker_pool_free(*state);
	assert_int_equal(runs, THREADS);
}

static void test_free_waits(void **state)
{
	struct job jobs[200];
	unsigned int runs = 0;

	for (unsigned int i = 0; i < 200; i++) {
		jobs[i] = (struct job){ .job.fn = run_slowly, .runs = &runs };
		worker_run(*state, &jobs[i].job);
	}
	worker_pool_free(*state);
	assert_int_equal(runs, 200);
}

/* A job may give another one, also when the end has begun. */
static void test_jobs_of_jobs(void **state)
{
	struct job jobs[20];
	unsigned int runs = 0;

	for (unsigned int i = 0; i < 20; i++) {
		jobs[i] = (struct job){ .job.fn = run_next, .pool = *state, .runs = &runs };
		if (i < 19)
			jobs[i].next = &jobs[i + 1];
	}
	worker_run(*state, &jobs[0].job);
	worker_pool_free(*state);
	assert_int_equal(runs, 20);
}

static void test_old_thread_serves(void **state)
{
	struct job hung, late[10];
	unsigned int runs = 0, others = 0;

	threads_left = 1;
	hung = (struct job){ .job.fn = run_blocked, .runs = &runs };
	worker_run(*state, &hung.job);
	for (unsigned int i = 0; i < 10; i++) {
		late[i] = (struct job){ .job.fn = run_once, .runs = &others };
		worker_run(*state, &late[i].job);
	}
	until(&hung.running, 1);
	assert_int_equal(get(&others), 0);
	set(&hung.go);
	until(&others, 10);
	worker_pool_free(*state);
}

/* Without any thread a job waits for the next one that can be made, or the end. */
static void test_no_thread(void **state)
{
	struct job jobs[3];
	unsigned int runs = 0;

	for (unsigned int i = 0; i < 3; i++)
		jobs[i] = (struct job){ .job.fn = run_once, .runs = &runs };
	threads_left = 0;
	worker_run(*state, &jobs[0].job);
	threads_left = 1;
	worker_run(*state, &jobs[1].job);
	until(&runs, 2);
	worker_pool_free(*state);

	assert_int_equal(worker_pool_new((struct worker_pool **)state), 0);
	threads_left = 0;
	runs = 0;
	for (unsigned int i = 0; i < 3; i++)
		worker_run(*state, &jobs[i].job);
	worker_pool_free(*state);
	assert_int_equal(runs, 3);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(test_runs, setup),
		cmocka_unit_test_setup(test_hung_do_not_stop_others, setup),
		cmocka_unit_test_setup(test_more_than_threads, setup),
		cmocka_unit_test_setup(test_free_waits, setup),
		cmocka_unit_test_setup(test_jobs_of_jobs, setup),
		cmocka_unit_test_setup(test_old_thread_serves, setup),
		cmocka_unit_test_setup(test_no_thread, setup),
	};

	return cmocka_run_group_tests_name("worker", tests, NULL, NULL);
}
