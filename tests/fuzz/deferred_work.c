/* SPDX-License-Identifier: BSD-2-Clause */
#include "deferred_work.h"

#include <linux/workqueue.h>

#include "fuzz.h"

#define MAX_WORKS 4

static struct work_struct *queue[MAX_WORKS];
static unsigned int n_queued;

bool schedule_work(struct work_struct *work)
{
	if (work->pending)
		return false;
	FUZZ_CHECK(n_queued < MAX_WORKS);
	work->pending = true;
	queue[n_queued++] = work;
	return true;
}

static struct work_struct *take(unsigned int n)
{
	struct work_struct *work = queue[n];

	n_queued--;
	for (; n < n_queued; n++)
		queue[n] = queue[n + 1];
	work->pending = false;
	return work;
}

bool flush_work(struct work_struct *work)
{
	if (!work->pending)
		return false;
	deferred_work_run();
	return true;
}

bool cancel_work_sync(struct work_struct *work)
{
	for (unsigned int n = 0; n < n_queued; n++) {
		if (queue[n] == work) {
			take(n);
			return true;
		}
	}
	return false;
}

void deferred_work_run(void)
{
	while (n_queued) {
		struct work_struct *work = take(0);

		work->func(work);
	}
}
