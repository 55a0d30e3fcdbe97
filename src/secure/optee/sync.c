/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Secure locks
 *
 * The normal world decides when a sleeper comes back, so being back means
 * nothing: `woken` does. A normal world that refuses to let a thread sleep costs
 * itself the CPU, a little at a time.
 */
#include "secure/optee/sync.h"

#include <time.h>

#include "abi/optee_rpc.h"
#include "abi/tee_result.h"
#include "secure/optee/rpc.h"
#include "secure/optee/thread.h"

enum {
	UNLOCKED = 0,
	LOCKED = 1,
	CONTENDED = 2,	/* locked, and somebody may be in the queue */
};

/* A notification that got lost delays a waiter by this much, not for ever. */
#define WAIT_TIMEOUT_MS 1000u
#define WAIT_REFUSED_NS 1000000L

void wait_queue_init(struct wait_queue *queue)
{
	pthread_mutex_init(&queue->lock, NULL);
	queue->head = NULL;
	queue->tail = &queue->head;
}

void wait_queue_deinit(struct wait_queue *queue)
{
	pthread_mutex_destroy(&queue->lock);
}

void wait_prepare(struct wait_queue *queue, struct thread *thread, struct wait_entry *entry)
{
	entry->next = NULL;
	entry->thread_id = thread->id;
	atomic_store_explicit(&entry->woken, false, memory_order_relaxed);
	pthread_mutex_lock(&queue->lock);
	*queue->tail = entry;
	queue->tail = &entry->next;
	pthread_mutex_unlock(&queue->lock);
}

/* With the lock held */
static void wait_dequeue(struct wait_queue *queue, struct wait_entry **p)
{
	struct wait_entry *entry = *p;

	*p = entry->next;
	if (queue->tail == &entry->next)
		queue->tail = p;
}

void wait_cancel(struct wait_queue *queue, struct wait_entry *entry)
{
	pthread_mutex_lock(&queue->lock);
	for (struct wait_entry **p = &queue->head; *p; p = &(*p)->next) {
		if (*p == entry) {
			wait_dequeue(queue, p);
			break;
		}
	}
	pthread_mutex_unlock(&queue->lock);
}

void wait_sleep(struct thread *thread, struct wait_entry *entry)
{
	const struct timespec refused = { .tv_nsec = WAIT_REFUSED_NS };

	while (!atomic_load_explicit(&entry->woken, memory_order_acquire)) {
		if (rpc_notify(thread, OPTEE_RPC_NOTIFICATION_WAIT, thread->id,
			       WAIT_TIMEOUT_MS) != TEE_R_SUCCESS &&
		    !atomic_load_explicit(&entry->woken, memory_order_acquire))
			(void)nanosleep(&refused, NULL);
	}
}

/* True when somebody was there. The entry is gone once it is marked. */
static bool wait_wake_first(struct wait_queue *queue, struct thread *thread)
{
	struct wait_entry *entry;
	uint32_t thread_id = 0;

	pthread_mutex_lock(&queue->lock);
	entry = queue->head;
	if (entry) {
		wait_dequeue(queue, &queue->head);
		thread_id = entry->thread_id;
		atomic_store_explicit(&entry->woken, true, memory_order_release);
	}
	pthread_mutex_unlock(&queue->lock);
	if (!entry)
		return false;
	(void)rpc_notify(thread, OPTEE_RPC_NOTIFICATION_SEND, thread_id, 0);
	return true;
}

void wait_wake_one(struct wait_queue *queue, struct thread *thread)
{
	(void)wait_wake_first(queue, thread);
}

void wait_wake_all(struct wait_queue *queue, struct thread *thread)
{
	while (wait_wake_first(queue, thread))
		;
}

/* --- mutex --- */

void smutex_init(struct smutex *mutex)
{
	atomic_init(&mutex->state, UNLOCKED);
	wait_queue_init(&mutex->queue);
}

void smutex_deinit(struct smutex *mutex)
{
	wait_queue_deinit(&mutex->queue);
}

/*
 * In the queue before the state says so: who unlocks and sees CONTENDED finds
 * either this thread or one that came before.
 */
void smutex_lock_slow(struct smutex *mutex, struct thread *thread)
{
	struct wait_entry entry;

	for (;;) {
		wait_prepare(&mutex->queue, thread, &entry);
		if (atomic_exchange(&mutex->state, CONTENDED) == UNLOCKED)
			break;
		wait_sleep(thread, &entry);
	}
	wait_cancel(&mutex->queue, &entry);
}

void smutex_unlock(struct smutex *mutex, struct thread *thread)
{
	if (atomic_exchange(&mutex->state, UNLOCKED) == CONTENDED)
		wait_wake_one(&mutex->queue, thread);
}

/* --- readers and writers --- */

void srwlock_init(struct srwlock *lock)
{
	wait_queue_init(&lock->queue);
	atomic_init(&lock->state, 0);
}

void srwlock_deinit(struct srwlock *lock)
{
	wait_queue_deinit(&lock->queue);
}

static bool srwlock_try(struct srwlock *lock, bool write)
{
	int32_t state = atomic_load(&lock->state);

	while (write ? state == 0 : state >= 0) {
		if (atomic_compare_exchange_weak(&lock->state, &state, write ? -1 : state + 1))
			return true;
	}
	return false;
}

void srwlock_lock(struct srwlock *lock, struct thread *thread, bool write)
{
	struct wait_entry entry;

	while (!srwlock_try(lock, write)) {
		wait_prepare(&lock->queue, thread, &entry);
		if (srwlock_try(lock, write)) {
			wait_cancel(&lock->queue, &entry);
			return;
		}
		wait_sleep(thread, &entry);
	}
}

void srwlock_unlock(struct srwlock *lock, struct thread *thread)
{
	int32_t state = atomic_load(&lock->state);

	while (!atomic_compare_exchange_weak(&lock->state, &state, state < 0 ? 0 : state - 1))
		;
	if (state == -1 || state == 1)
		wait_wake_all(&lock->queue, thread);
}
