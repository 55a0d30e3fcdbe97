/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Mutexes and reader-writer semaphores on futexes
 */
#include <linux/mutex.h>
#include <linux/rwsem.h>
#include <linux/sched.h>

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/futex.h"
#include "base/log.h"

/* --- lock order --- */

#ifdef KERNEL_DEBUG

#define MAX_CLASSES 256
#define MAX_HELD 32

static struct {
	pthread_mutex_t lock;
	const char *classes[MAX_CLASSES];
	unsigned int n_classes;
	bool before[MAX_CLASSES][MAX_CLASSES];
} order = { .lock = PTHREAD_MUTEX_INITIALIZER };

static _Thread_local struct {
	struct mutex *locks[MAX_HELD];
	unsigned int classes[MAX_HELD];
	unsigned int n;
} held;

static uint32_t thread_id(void)
{
	static _Thread_local uint32_t id;

	if (!id)
		id = (uint32_t)syscall(SYS_gettid);
	return id;
}

static unsigned int class_of(const char *name)
{
	unsigned int i;

	for (i = 0; i < order.n_classes; i++) {
		if (!strcmp(order.classes[i], name))
			return i;
	}
	if (i == MAX_CLASSES)
		abort();
	order.classes[order.n_classes++] = name;
	return i;
}

static void check_order(struct mutex *lock)
{
	unsigned int class;

	for (unsigned int i = 0; i < held.n; i++) {
		if (held.locks[i] == lock) {
			log_error("lock order: %s is taken twice by one thread", lock->class);
			abort();
		}
	}
	pthread_mutex_lock(&order.lock);
	class = class_of(lock->class ? lock->class : "unnamed");
	for (unsigned int i = 0; i < held.n; i++) {
		unsigned int outer = held.classes[i];

		if (outer == class)
			continue;
		if (order.before[class][outer]) {
			log_error("lock order: %s is taken inside %s, once it was the other way "
				  "round", order.classes[class], order.classes[outer]);
			abort();
		}
		order.before[outer][class] = true;
	}
	pthread_mutex_unlock(&order.lock);
	if (held.n == MAX_HELD)
		abort();
	held.locks[held.n] = lock;
	held.classes[held.n++] = class;
}

static void lock_taken(struct mutex *lock)
{
	__atomic_store_n(&lock->owner, thread_id(), __ATOMIC_RELAXED);
}

static void lock_dropped(struct mutex *lock)
{
	mutex_assert_held(lock);
	__atomic_store_n(&lock->owner, 0, __ATOMIC_RELAXED);
	for (unsigned int i = held.n; i-- > 0;) {
		if (held.locks[i] == lock) {
			held.n--;
			for (; i < held.n; i++) {
				held.locks[i] = held.locks[i + 1];
				held.classes[i] = held.classes[i + 1];
			}
			return;
		}
	}
}

void mutex_assert_held(struct mutex *lock)
{
	if (__atomic_load_n(&lock->owner, __ATOMIC_RELAXED) != thread_id()) {
		log_error("lock order: %s is not held by the thread that says so", lock->class);
		abort();
	}
}

#else

static inline void check_order(struct mutex *lock)
{
}

static inline void lock_taken(struct mutex *lock)
{
}

static inline void lock_dropped(struct mutex *lock)
{
}

#endif

/* --- mutexes --- */

static _Atomic uint32_t *futex_of(uint32_t *word)
{
	return (_Atomic uint32_t *)word;
}

static bool word_try(uint32_t *word)
{
	uint32_t free = 0;

	return __atomic_compare_exchange_n(word, &free, 1, false, __ATOMIC_ACQUIRE,
					   __ATOMIC_RELAXED);
}

static void word_lock(uint32_t *word)
{
	if (word_try(word))
		return;
	while (__atomic_exchange_n(word, 2, __ATOMIC_ACQUIRE) != 0)
		(void)futex_wait(futex_of(word), 2, -1);
}

static void word_unlock(uint32_t *word)
{
	if (__atomic_exchange_n(word, 0, __ATOMIC_RELEASE) == 2)
		(void)futex_wake(futex_of(word), 1);
}

void __mutex_init(struct mutex *lock, const char *class)
{
	memset(lock, 0, sizeof(*lock));
#ifdef KERNEL_DEBUG
	lock->class = class;
#endif
}

void mutex_destroy(struct mutex *lock)
{
	if (mutex_is_locked(lock)) {
		log_error("a mutex is destroyed while it is held");
		abort();
	}
}

void mutex_lock(struct mutex *lock)
{
	check_order(lock);
	word_lock(&lock->word);
	lock_taken(lock);
}

/*
 * Sections under a mutex are short here (never an SMC, never user memory), so a
 * signal is looked at before the wait and the wait itself goes to its end.
 */
int mutex_lock_interruptible(struct mutex *lock)
{
	if (signal_pending(current))
		return -EINTR;
	mutex_lock(lock);
	return 0;
}

int mutex_lock_killable(struct mutex *lock)
{
	if (fatal_signal_pending(current))
		return -EINTR;
	mutex_lock(lock);
	return 0;
}

int mutex_trylock(struct mutex *lock)
{
	if (!word_try(&lock->word))
		return 0;
#ifdef KERNEL_DEBUG
	/* A try cannot deadlock: it is held, but it makes no order. */
	if (held.n == MAX_HELD)
		abort();
	pthread_mutex_lock(&order.lock);
	held.classes[held.n] = class_of(lock->class ? lock->class : "unnamed");
	pthread_mutex_unlock(&order.lock);
	held.locks[held.n++] = lock;
#endif
	lock_taken(lock);
	return 1;
}

void mutex_unlock(struct mutex *lock)
{
	lock_dropped(lock);
	word_unlock(&lock->word);
}

bool mutex_is_locked(struct mutex *lock)
{
	return __atomic_load_n(&lock->word, __ATOMIC_RELAXED) != 0;
}

/* --- reader-writer semaphores --- */

void init_rwsem(struct rw_semaphore *sem)
{
	memset(sem, 0, sizeof(*sem));
}

static bool read_try(struct rw_semaphore *sem)
{
	uint32_t state = __atomic_load_n(&sem->state, __ATOMIC_RELAXED);

	while (!(state & (RWSEM_WRITER | RWSEM_WRITER_WAITS))) {
		if (__atomic_compare_exchange_n(&sem->state, &state, state + 1, false,
						__ATOMIC_ACQUIRE, __ATOMIC_RELAXED))
			return true;
	}
	return false;
}

static void rwsem_wake(struct rw_semaphore *sem)
{
	__atomic_fetch_add(&sem->turn, 1, __ATOMIC_SEQ_CST);
	if (__atomic_load_n(&sem->n_sleepers, __ATOMIC_SEQ_CST))
		(void)futex_wake(futex_of(&sem->turn), INT32_MAX);
}

static void rwsem_sleep(struct rw_semaphore *sem, uint32_t turn)
{
	__atomic_fetch_add(&sem->n_sleepers, 1, __ATOMIC_SEQ_CST);
	(void)futex_wait(futex_of(&sem->turn), turn, -1);
	__atomic_fetch_sub(&sem->n_sleepers, 1, __ATOMIC_SEQ_CST);
}

void down_read(struct rw_semaphore *sem)
{
	for (;;) {
		uint32_t turn = __atomic_load_n(&sem->turn, __ATOMIC_SEQ_CST);

		if (read_try(sem))
			return;
		rwsem_sleep(sem, turn);
	}
}

int down_read_trylock(struct rw_semaphore *sem)
{
	return read_try(sem);
}

void up_read(struct rw_semaphore *sem)
{
	uint32_t state = __atomic_sub_fetch(&sem->state, 1, __ATOMIC_RELEASE);

	if (state & RWSEM_WRITER_WAITS)
		rwsem_wake(sem);
}

/* Free but for waiting writers: take it. */
static bool write_try(struct rw_semaphore *sem)
{
	uint32_t state = __atomic_load_n(&sem->state, __ATOMIC_RELAXED);

	while ((state & ~RWSEM_WRITER_WAITS) == 0) {
		if (__atomic_compare_exchange_n(&sem->state, &state, RWSEM_WRITER, false,
						__ATOMIC_ACQUIRE, __ATOMIC_RELAXED))
			return true;
	}
	return false;
}

void down_write(struct rw_semaphore *sem)
{
	for (;;) {
		uint32_t turn = __atomic_load_n(&sem->turn, __ATOMIC_SEQ_CST);

		if (write_try(sem))
			return;
		/* From here on no new reader gets in. */
		__atomic_fetch_or(&sem->state, RWSEM_WRITER_WAITS, __ATOMIC_SEQ_CST);
		if (write_try(sem))
			return;
		rwsem_sleep(sem, turn);
	}
}

int down_write_trylock(struct rw_semaphore *sem)
{
	return write_try(sem);
}

void up_write(struct rw_semaphore *sem)
{
	__atomic_store_n(&sem->state, 0, __ATOMIC_RELEASE);
	rwsem_wake(sem);
}
