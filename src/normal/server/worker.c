/* SPDX-License-Identifier: BSD-2-Clause */
#include "worker.h"

#include <errno.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdlib.h>
#include <time.h>

#define MAX_THREADS 64u
#define IDLE_SECONDS 2
#define STACK_SIZE (256u << 10)

struct worker_pool {
	pthread_mutex_t lock;
	pthread_cond_t more;	/* a job came, or the end */
	pthread_cond_t less;	/* a thread went */
	pthread_attr_t attr;
	struct worker_job *first, **last;
	unsigned int n_threads, n_idle, n_jobs;
	bool ending;
};

int worker_pool_new(struct worker_pool **ret_pool)
{
	struct worker_pool *pool = calloc(1, sizeof(*pool));
	pthread_condattr_t attr;

	if (!pool)
		return -ENOMEM;
	pthread_mutex_init(&pool->lock, NULL);
	pthread_condattr_init(&attr);
	pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
	pthread_cond_init(&pool->more, &attr);
	pthread_cond_init(&pool->less, &attr);
	pthread_condattr_destroy(&attr);
	pthread_attr_init(&pool->attr);
	pthread_attr_setdetachstate(&pool->attr, PTHREAD_CREATE_DETACHED);
	pthread_attr_setstacksize(&pool->attr, STACK_SIZE);
	pool->last = &pool->first;
	*ret_pool = pool;
	return 0;
}

static struct worker_job *take(struct worker_pool *pool)
{
	struct worker_job *job = pool->first;

	if (job) {
		pool->first = job->next;
		if (!pool->first)
			pool->last = &pool->first;
		pool->n_jobs--;
	}
	return job;
}

/* True when there is something to do or to end for; false after a long idle. */
static bool wait_for_more(struct worker_pool *pool)
{
	struct timespec until;
	int r = 0;

	clock_gettime(CLOCK_MONOTONIC, &until);
	until.tv_sec += IDLE_SECONDS;
	pool->n_idle++;
	while (!pool->first && !pool->ending && r != ETIMEDOUT)
		r = pthread_cond_timedwait(&pool->more, &pool->lock, &until);
	pool->n_idle--;
	return pool->first;
}

static void *worker_thread(void *data)
{
	struct worker_pool *pool = data;

	pthread_mutex_lock(&pool->lock);
	do {
		struct worker_job *job;

		while ((job = take(pool))) {
			pthread_mutex_unlock(&pool->lock);
			job->fn(job);
			pthread_mutex_lock(&pool->lock);
		}
	} while (wait_for_more(pool));
	pool->n_threads--;
	pthread_cond_signal(&pool->less);
	pthread_mutex_unlock(&pool->lock);
	return NULL;
}

void worker_run(struct worker_pool *pool, struct worker_job *job)
{
	pthread_t thread;

	job->next = NULL;
	pthread_mutex_lock(&pool->lock);
	*pool->last = job;
	pool->last = &job->next;
	pool->n_jobs++;
	if (pool->n_idle >= pool->n_jobs) {
		pthread_cond_signal(&pool->more);
	} else if (pool->n_threads < MAX_THREADS &&
		   pthread_create(&thread, &pool->attr, worker_thread, pool) == 0) {
		pool->n_threads++;
	}
	pthread_mutex_unlock(&pool->lock);
}

struct worker_pool *worker_pool_free(struct worker_pool *pool)
{
	struct worker_job *job;

	if (!pool)
		return NULL;
	pthread_mutex_lock(&pool->lock);
	pool->ending = true;
	pthread_cond_broadcast(&pool->more);
	for (;;) {
		while (pool->n_threads)
			pthread_cond_wait(&pool->less, &pool->lock);
		/* Left over only if no thread could be made for it. */
		job = take(pool);
		if (!job)
			break;
		pthread_mutex_unlock(&pool->lock);
		job->fn(job);
		pthread_mutex_lock(&pool->lock);
	}
	pthread_mutex_unlock(&pool->lock);
	pthread_cond_destroy(&pool->more);
	pthread_cond_destroy(&pool->less);
	pthread_attr_destroy(&pool->attr);
	pthread_mutex_destroy(&pool->lock);
	free(pool);
	return NULL;
}
