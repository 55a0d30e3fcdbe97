/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Workers: threads for what may block for long (the last close of a device, the
 * end of shared memory, the restart of a world). A job that hangs holds one
 * thread; the others go on. Threads come on demand and go when idle.
 */
#ifndef SERVER_WORKER_H
#define SERVER_WORKER_H

struct worker_pool;

struct worker_job {
	struct worker_job *next;
	void (*fn)(struct worker_job *job);
};

int worker_pool_new(struct worker_pool **ret_pool);

/* Waits for the jobs that were given. */
struct worker_pool *worker_pool_free(struct worker_pool *pool);

/* Runs job->fn(job) in a worker; @job is embedded in what it is about and must
 * live until then. Cannot fail: without a new thread it waits for an old one. */
void worker_run(struct worker_pool *pool, struct worker_job *job);

#endif /* SERVER_WORKER_H */
