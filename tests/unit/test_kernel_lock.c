/* SPDX-License-Identifier: BSD-2-Clause */
/* Mutexes, spinlocks and semaphores: exclusion, scopes, signals, lock order */
#include <errno.h>
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include <linux/mutex.h>
#include <linux/rwsem.h>
#include <linux/sched.h>
#include <linux/spinlock.h>

#include "base/log.h"

#define THREADS 4
#define ROUNDS 20000u

static void nap(void)
{
	struct timespec ts = { .tv_nsec = 200000 };

	nanosleep(&ts, NULL);
}

static pthread_t start(void *(*fn)(void *), void *data)
{
	pthread_t thread;

	assert_int_equal(pthread_create(&thread, NULL, fn, data), 0);
	return thread;
}

static void run_threads(void *(*fn)(void *), void *data)
{
	pthread_t threads[THREADS];

	for (int i = 0; i < THREADS; i++)
		threads[i] = start(fn, data);
	for (int i = 0; i < THREADS; i++)
		assert_int_equal(pthread_join(threads[i], NULL), 0);
}

#ifdef KERNEL_DEBUG

/*
 * Lock order. A child makes the mistake and must die of it, with a line that says
 * what it was. These come first: a child of one thread may start others.
 */
static void expect_abort(void (*mistake)(void), const char *message)
{
	char text[512];
	int pipes[2], status;
	ssize_t n;
	pid_t pid;

	assert_int_equal(pipe(pipes), 0);
	pid = fork();
	assert_true(pid >= 0);
	if (pid == 0) {
		setrlimit(RLIMIT_CORE, &(struct rlimit){ 0, 0 });
		signal(SIGABRT, SIG_DFL);
		log_set_fd(pipes[1]);
		mistake();
		_exit(0);
	}
	close(pipes[1]);
	n = read(pipes[0], text, sizeof(text) - 1);
	close(pipes[0]);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFSIGNALED(status));
	assert_int_equal(WTERMSIG(status), SIGABRT);
	assert_true(n > 0);
	text[n] = '\0';
	assert_non_null(strstr(text, message));
}

static void invert(void)
{
	DEFINE_MUTEX(a);
	DEFINE_MUTEX(b);

	mutex_lock(&a);
	mutex_lock(&b);
	mutex_unlock(&b);
	mutex_unlock(&a);
	mutex_lock(&b);
	mutex_lock(&a);
}

static void *lock_pair(void *data)
{
	struct mutex **pair = data;

	mutex_lock(pair[0]);
	mutex_lock(pair[1]);
	mutex_unlock(pair[1]);
	mutex_unlock(pair[0]);
	return NULL;
}

/* Other objects of the same classes, and another thread: the order is the classes'. */
static void invert_elsewhere(void)
{
	struct mutex a[2], b[2];
	struct mutex *pair[] = { &a[0], &b[0] };
	pthread_t thread;

	for (int i = 0; i < 2; i++) {
		mutex_init(&a[i]);
		mutex_init(&b[i]);
	}
	pthread_create(&thread, NULL, lock_pair, pair);
	pthread_join(thread, NULL);
	mutex_lock(&b[1]);
	mutex_lock(&a[1]);
}

static void recurse(void)
{
	DEFINE_MUTEX(a);

	mutex_lock(&a);
	mutex_lock(&a);
}

static void recurse_spin(void)
{
	DEFINE_SPINLOCK(a);

	spin_lock(&a);
	spin_lock(&a);
}

static void *unlock(void *data)
{
	mutex_unlock(data);
	return NULL;
}

static void unlock_elsewhere(void)
{
	DEFINE_MUTEX(a);
	pthread_t thread;

	mutex_lock(&a);
	pthread_create(&thread, NULL, unlock, &a);
	pthread_join(thread, NULL);
}

static void unlock_free(void)
{
	DEFINE_MUTEX(a);

	mutex_unlock(&a);
}

static void assert_free(void)
{
	DEFINE_MUTEX(a);

	lockdep_assert_held(&a);
}

static void destroy_held(void)
{
	DEFINE_MUTEX(a);

	mutex_lock(&a);
	mutex_destroy(&a);
}

static void test_mistakes(void **state)
{
	expect_abort(invert, "the other way round");
	expect_abort(invert_elsewhere, "the other way round");
	expect_abort(recurse, "taken twice by one thread");
	expect_abort(recurse_spin, "taken twice by one thread");
	expect_abort(unlock_elsewhere, "not held by the thread");
	expect_abort(unlock_free, "not held by the thread");
	expect_abort(assert_free, "not held by the thread");
	expect_abort(destroy_held, "destroyed while it is held");
}

/* What looks like a mistake and is none */
static void test_no_mistakes(void **state)
{
	DEFINE_MUTEX(a);
	DEFINE_MUTEX(b);
	struct mutex same[2];

	for (int i = 0; i < 2; i++) {
		/* Not in the order of the locks */
		mutex_lock(&a);
		mutex_lock(&b);
		lockdep_assert_held(&a);
		mutex_unlock(&a);
		mutex_unlock(&b);
	}
	/* A try the other way round cannot deadlock. */
	mutex_lock(&b);
	assert_true(mutex_trylock(&a));
	lockdep_assert_held(&a);
	mutex_unlock(&a);
	mutex_unlock(&b);

	for (int i = 0; i < 2; i++)
		mutex_init(&same[i]);
	mutex_lock(&same[0]);
	mutex_lock(&same[1]);
	mutex_unlock(&same[1]);
	mutex_unlock(&same[0]);
	mutex_lock(&same[1]);
	mutex_lock(&same[0]);
	mutex_unlock(&same[0]);
	mutex_unlock(&same[1]);
}

#endif

/* --- mutexes --- */

struct counter {
	struct mutex mutex;
	spinlock_t spin;
	unsigned long by_mutex, by_spin;
};

static unsigned long count_guarded(struct counter *counter)
{
	guard(mutex)(&counter->mutex);
	return ++counter->by_mutex;
}

static void *count(void *data)
{
	struct counter *counter = data;

	for (unsigned int i = 0; i < ROUNDS; i++) {
		unsigned long flags;

		(void)count_guarded(counter);
		scoped_guard(mutex, &counter->mutex) {
			if (i % 2)
				break;
			counter->by_mutex++;
		}
		mutex_lock(&counter->mutex);
		counter->by_mutex++;
		mutex_unlock(&counter->mutex);
		if (mutex_trylock(&counter->mutex)) {
			counter->by_mutex++;
			counter->by_mutex--;
			mutex_unlock(&counter->mutex);
		}
		scoped_guard(spinlock, &counter->spin)
			counter->by_spin++;
		spin_lock_irqsave(&counter->spin, flags);
		counter->by_spin++;
		spin_unlock_irqrestore(&counter->spin, flags);
	}
	return NULL;
}

static void test_contention(void **state)
{
	struct counter counter = { 0 };

	mutex_init(&counter.mutex);
	spin_lock_init(&counter.spin);
	run_threads(count, &counter);
	assert_int_equal(counter.by_mutex, THREADS * ROUNDS * 5 / 2);
	assert_int_equal(counter.by_spin, THREADS * ROUNDS * 2);
	assert_false(mutex_is_locked(&counter.mutex));
	mutex_destroy(&counter.mutex);
}

static void *try_lock(void *data)
{
	return (void *)(intptr_t)mutex_trylock(data);
}

static void test_trylock(void **state)
{
	DEFINE_MUTEX(mutex);
	DEFINE_SPINLOCK(spin);
	void *got;

	assert_true(mutex_trylock(&mutex));
	assert_true(mutex_is_locked(&mutex));
	assert_int_equal(pthread_join(start(try_lock, &mutex), &got), 0);
	assert_null(got);
	mutex_unlock(&mutex);
	assert_false(mutex_is_locked(&mutex));
	assert_true(spin_trylock(&spin));
	assert_true(mutex_is_locked(&spin.mutex));
	spin_unlock(&spin);
}

static bool is_signalled(void *data)
{
	return true;
}

static void test_lock_interruptible(void **state)
{
	DEFINE_MUTEX(mutex);
	struct task_struct task;

	task_init(&task);
	task_enter(&task);
	assert_int_equal(mutex_lock_interruptible(&mutex), 0);
	assert_true(mutex_is_locked(&mutex));
	mutex_unlock(&mutex);

	task.interrupted = is_signalled;
	assert_int_equal(mutex_lock_interruptible(&mutex), -EINTR);
	assert_false(mutex_is_locked(&mutex));
	assert_int_equal(mutex_lock_killable(&mutex), 0);
	mutex_unlock(&mutex);

	task_kill(&task);
	assert_int_equal(mutex_lock_interruptible(&mutex), -EINTR);
	assert_int_equal(mutex_lock_killable(&mutex), -EINTR);
	assert_false(mutex_is_locked(&mutex));
	/* The plain form does not look. */
	mutex_lock(&mutex);
	mutex_unlock(&mutex);
	task_leave(&task);
}

/* --- reader-writer semaphores --- */

struct room {
	struct rw_semaphore sem;
	pthread_barrier_t barrier;
	unsigned long left, right;
	unsigned int torn;
	unsigned int wrote;
};

static void room_init(struct room *room)
{
	*room = (struct room){ 0 };
	init_rwsem(&room->sem);
	pthread_barrier_init(&room->barrier, NULL, THREADS);
}

/* None leaves before all have come in. */
static void *read_together(void *data)
{
	struct room *room = data;

	for (int i = 0; i < 100; i++) {
		guard(rwsem_read)(&room->sem);
		pthread_barrier_wait(&room->barrier);
	}
	return NULL;
}

static void test_readers_together(void **state)
{
	struct room room;

	room_init(&room);
	run_threads(read_together, &room);
	assert_int_equal(room.sem.state, 0);
	pthread_barrier_destroy(&room.barrier);
}

static void *read_and_write(void *data)
{
	struct room *room = data;

	for (unsigned int i = 0; i < ROUNDS; i++) {
		if (i % 4 == 0) {
			guard(rwsem_write)(&room->sem);
			room->left++;
			room->right++;
		} else {
			guard(rwsem_read)(&room->sem);
			if (room->left != room->right)
				__atomic_store_n(&room->torn, 1, __ATOMIC_RELAXED);
		}
	}
	return NULL;
}

static void test_writer_alone(void **state)
{
	struct room room;

	room_init(&room);
	run_threads(read_and_write, &room);
	assert_int_equal(room.torn, 0);
	assert_int_equal(room.left, THREADS * ROUNDS / 4);
	assert_int_equal(room.right, room.left);
	assert_int_equal(room.sem.n_sleepers, 0);
	pthread_barrier_destroy(&room.barrier);
}

static void test_rwsem_try(void **state)
{
	struct rw_semaphore sem;

	init_rwsem(&sem);
	assert_true(down_read_trylock(&sem));
	assert_true(down_read_trylock(&sem));
	assert_false(down_write_trylock(&sem));
	up_read(&sem);
	assert_false(down_write_trylock(&sem));
	up_read(&sem);
	assert_true(down_write_trylock(&sem));
	assert_false(down_write_trylock(&sem));
	assert_false(down_read_trylock(&sem));
	up_write(&sem);
	assert_true(down_read_trylock(&sem));
	up_read(&sem);
}

static void *write_once(void *data)
{
	struct room *room = data;

	down_write(&room->sem);
	__atomic_store_n(&room->wrote, 1, __ATOMIC_RELEASE);
	up_write(&room->sem);
	return NULL;
}

static void *read_once(void *data)
{
	struct room *room = data;
	uintptr_t wrote;

	down_read(&room->sem);
	wrote = __atomic_load_n(&room->wrote, __ATOMIC_ACQUIRE);
	up_read(&room->sem);
	return (void *)wrote;
}

/* A writer that waits goes before readers that come after it. */
static void test_writer_not_starved(void **state)
{
	struct room room;
	pthread_t writer, reader;
	void *wrote;

	for (int i = 0; i < 50; i++) {
		room_init(&room);
		down_read(&room.sem);
		writer = start(write_once, &room);
		while (!(__atomic_load_n(&room.sem.state, __ATOMIC_ACQUIRE) & RWSEM_WRITER_WAITS))
			nap();
		assert_false(down_read_trylock(&room.sem));
		reader = start(read_once, &room);
		if (i % 2)
			nap();
		up_read(&room.sem);
		assert_int_equal(pthread_join(writer, NULL), 0);
		assert_int_equal(pthread_join(reader, &wrote), 0);
		assert_int_equal((uintptr_t)wrote, 1);
		assert_int_equal(room.sem.state, 0);
		pthread_barrier_destroy(&room.barrier);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#ifdef KERNEL_DEBUG
		cmocka_unit_test(test_mistakes),
		cmocka_unit_test(test_no_mistakes),
#endif
		cmocka_unit_test(test_contention),
		cmocka_unit_test(test_trylock),
		cmocka_unit_test(test_lock_interruptible),
		cmocka_unit_test(test_readers_together),
		cmocka_unit_test(test_writer_alone),
		cmocka_unit_test(test_rwsem_try),
		cmocka_unit_test(test_writer_not_starved),
	};

	return cmocka_run_group_tests_name("kernel_lock", tests, NULL, NULL);
}
