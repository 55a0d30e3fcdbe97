/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Locks for what a call may have to wait for
 *
 * Who must wait sleeps in the normal world, by the RPC NOTIFICATION WAIT with the
 * number of its secure thread, and is let go by NOTIFICATION SEND. So a waiter
 * keeps its secure thread but no CPU, and it may wake for no reason: a
 * notification that comes late is remembered by the normal world.
 *
 * Without contention taking and releasing is one atomic operation each.
 */
#ifndef SECURE_OPTEE_SYNC_H
#define SECURE_OPTEE_SYNC_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

struct thread;

struct wait_entry {
	struct wait_entry *next;
	uint32_t thread_id;
	_Atomic bool woken;	/* set after it was taken out of the queue */
};

struct wait_queue {
	pthread_mutex_t lock;
	struct wait_entry *head, **tail;
};

void wait_queue_init(struct wait_queue *queue);
void wait_queue_deinit(struct wait_queue *queue);

/*
 * To wait for a condition without missing the change: prepare, look at the
 * condition, then wait, or cancel when it holds already.
 */
void wait_prepare(struct wait_queue *queue, struct thread *thread, struct wait_entry *entry);
void wait_cancel(struct wait_queue *queue, struct wait_entry *entry);
void wait_sleep(struct thread *thread, struct wait_entry *entry);

/* Both are RPCs when somebody waits. */
void wait_wake_one(struct wait_queue *queue, struct thread *thread);
void wait_wake_all(struct wait_queue *queue, struct thread *thread);

/* A mutex */
struct smutex {
	_Atomic uint32_t state;
	struct wait_queue queue;
};

void smutex_init(struct smutex *mutex);
void smutex_deinit(struct smutex *mutex);
void smutex_lock_slow(struct smutex *mutex, struct thread *thread);
void smutex_unlock(struct smutex *mutex, struct thread *thread);

static inline bool smutex_trylock(struct smutex *mutex)
{
	uint32_t unlocked = 0;

	return atomic_compare_exchange_strong(&mutex->state, &unlocked, 1);
}

static inline void smutex_lock(struct smutex *mutex, struct thread *thread)
{
	if (!smutex_trylock(mutex))
		smutex_lock_slow(mutex, thread);
}

/* One writer or any number of readers */
struct srwlock {
	struct wait_queue queue;
	_Atomic int32_t state;	/* readers; -1: a writer */
};

void srwlock_init(struct srwlock *lock);
void srwlock_deinit(struct srwlock *lock);
void srwlock_lock(struct srwlock *lock, struct thread *thread, bool write);
void srwlock_unlock(struct srwlock *lock, struct thread *thread);

#endif /* SECURE_OPTEE_SYNC_H */
