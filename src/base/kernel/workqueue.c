/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Work queues
 *
 * The queue is the process's, as the kernel's system_wq is the machine's. A work
 * that runs and is queued again stays in the line until its run has ended, and
 * others pass it. After its function returned, the work is not touched unless somebody
 * waits for it: it may have freed itself, so what runs is noted outside of it.
 */
#include <linux/workqueue.h>

#include <errno.h>
#include <pthread.h>
#include <time.h>

#include "base/kernel/task.h"
#include "base/log.h"

#define MAX_THREADS 16
#define IDLE_SECONDS 1

struct runner {
	struct work_struct *work;	/* NULL: idle */
};

static struct {
	pthread_mutex_t lock;
	pthread_cond_t more;	/* a work came */
	pthread_cond_t done;	/* a work ended or was taken off */
	struct list_head queue;
	struct runner runners[MAX_THREADS];
	unsigned int n_threads, n_idle, n_pending;
	bool used[MAX_THREADS];
} wq = {
	.lock = PTHREAD_MUTEX_INITIALIZER,
	.more = PTHREAD_COND_INITIALIZER,
	.done = PTHREAD_COND_INITIALIZER,
	.queue = LIST_HEAD_INIT(wq.queue),
};

static bool is_running(struct work_struct *work)
{
	for (unsigned int i = 0; i < MAX_THREADS; i++) {
		if (wq.runners[i].work == work)
			return true;
	}
	return false;
}

static struct work_struct *first_ready(void)
{
	struct work_struct *work;

	list_for_each_entry(work, &wq.queue, entry) {
		if (!is_running(work))
			return work;
	}
	return NULL;
}

static void take_off(struct work_struct *work)
{
	list_del_init(&work->entry);
	work->pending = false;
	wq.n_pending--;
}

/*
 * False after a long idle. A work that waits for the end of its own run needs
 * nobody: the thread that runs it looks at the queue next.
 */
static bool wait_for_more(void)
{
	struct timespec until;
	int r = 0;

	clock_gettime(CLOCK_REALTIME, &until);
	until.tv_sec += IDLE_SECONDS;
	wq.n_idle++;
	while (!first_ready() && r != ETIMEDOUT)
		r = pthread_cond_timedwait(&wq.more, &wq.lock, &until);
	wq.n_idle--;
	return first_ready();
}

static void *worker(void *data)
{
	struct runner *self = data;
	struct work_struct *work;

	pthread_mutex_lock(&wq.lock);
	do {
		while ((work = first_ready())) {
			take_off(work);
			self->work = work;
			pthread_mutex_unlock(&wq.lock);
			work->func(work);
			pthread_mutex_lock(&wq.lock);
			self->work = NULL;
			pthread_cond_broadcast(&wq.done);
		}
	} while (wait_for_more());
	wq.n_threads--;
	wq.used[self - wq.runners] = false;
	pthread_mutex_unlock(&wq.lock);
	return NULL;
}

static void start_thread(void)
{
	pthread_attr_t attr;
	pthread_t thread;
	unsigned int i = 0;

	while (wq.used[i])
		i++;
	pthread_attr_init(&attr);
	pthread_attr_setdetachstate(&attr, PTHREAD_CREATE_DETACHED);
	if (pthread_create(&thread, &attr, worker, &wq.runners[i]) == 0) {
		wq.used[i] = true;
		wq.n_threads++;
	} else if (wq.n_threads == 0) {
		log_error("cannot start a thread for deferred work: raise the limit on processes");
	}
	pthread_attr_destroy(&attr);
}

bool schedule_work(struct work_struct *work)
{
	bool queued = false;

	pthread_mutex_lock(&wq.lock);
	if (!work->pending && !work->n_cancels) {
		work->pending = true;
		list_add_tail(&work->entry, &wq.queue);
		wq.n_pending++;
		queued = true;
		if (wq.n_idle)
			pthread_cond_signal(&wq.more);
		if (wq.n_idle < wq.n_pending && wq.n_threads < MAX_THREADS)
			start_thread();
	}
	pthread_mutex_unlock(&wq.lock);
	return queued;
}

bool flush_work(struct work_struct *work)
{
	bool waited = false;

	pthread_mutex_lock(&wq.lock);
	while (work->pending || is_running(work)) {
		waited = true;
		pthread_cond_wait(&wq.done, &wq.lock);
	}
	pthread_mutex_unlock(&wq.lock);
	return waited;
}

bool cancel_work_sync(struct work_struct *work)
{
	bool pending;

	pthread_mutex_lock(&wq.lock);
	pending = work->pending;
	if (pending) {
		take_off(work);
		pthread_cond_broadcast(&wq.done);
	}
	/* The run that is waited for must not queue the work again. */
	work->n_cancels++;
	while (is_running(work))
		pthread_cond_wait(&wq.done, &wq.lock);
	work->n_cancels--;
	pthread_mutex_unlock(&wq.lock);
	return pending;
}
