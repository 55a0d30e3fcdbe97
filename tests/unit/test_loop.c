/* SPDX-License-Identifier: BSD-2-Clause */
/* The event loop: sources that come and go, from callbacks and from other threads */
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/loop.h"

#define MANY 300

struct source {
	struct loop *loop;
	int fd;
	loop_id id;
	unsigned int calls;
	uint32_t events;
	struct source *other;
};

static int setup(void **state)
{
	return loop_new((struct loop **)state);
}

static int teardown(void **state)
{
	loop_free(*state);
	return 0;
}

/* A source that is ready from the start, until its callback reads from it. */
static void source_init(struct source *source, struct loop *loop)
{
	*source = (struct source){ .loop = loop, .fd = eventfd(1, EFD_CLOEXEC | EFD_NONBLOCK) };
	assert_true(source->fd >= 0);
}

static void source_add(struct source *source, loop_fn fn)
{
	assert_int_equal(loop_add(source->loop, source->fd, EPOLLIN, fn, source, &source->id), 0);
	assert_true(source->id != 0);
}

static void source_end(struct source *source)
{
	loop_remove(source->loop, source->id);
	close(source->fd);
}

static void drain(struct source *source)
{
	eventfd_t value;

	(void)eventfd_read(source->fd, &value);
}

static void on_ready(void *data, uint32_t events)
{
	struct source *source = data;

	source->calls++;
	source->events = events;
	drain(source);
}

static void on_still_ready(void *data, uint32_t events)
{
	((struct source *)data)->calls++;
}

static void test_step(void **state)
{
	struct source source;

	loop_step(*state, 0);
	loop_step(*state, 1);
	source_init(&source, *state);
	source_add(&source, on_ready);
	loop_step(*state, -1);
	assert_int_equal(source.calls, 1);
	assert_int_equal(source.events, EPOLLIN);
	loop_step(*state, 0);
	assert_int_equal(source.calls, 1);
	eventfd_write(source.fd, 1);
	loop_remove(*state, source.id);
	loop_step(*state, 0);
	assert_int_equal(source.calls, 1);
	close(source.fd);
}

static void test_hang_up(void **state)
{
	struct source source = { .loop = *state };
	int fds[2];

	assert_int_equal(pipe2(fds, O_CLOEXEC), 0);
	source.fd = fds[0];
	assert_int_equal(loop_add(*state, fds[0], 0, on_still_ready, &source, &source.id), 0);
	loop_step(*state, 0);
	assert_int_equal(source.calls, 0);
	close(fds[1]);
	loop_step(*state, 0);
	assert_int_equal(source.calls, 1);
	source_end(&source);
}

static void test_add_errors(void **state)
{
	struct source source;
	loop_id id = 77;
	int file;

	assert_int_equal(loop_add(*state, -1, EPOLLIN, on_ready, NULL, &id), -EBADF);
	assert_int_equal(id, 0);
	file = open("/proc/self/exe", O_RDONLY | O_CLOEXEC);
	assert_true(file >= 0);
	assert_int_equal(loop_add(*state, file, EPOLLIN, on_ready, NULL, &id), -EPERM);
	close(file);

	source_init(&source, *state);
	source_add(&source, on_ready);
	assert_int_equal(loop_add(*state, source.fd, EPOLLIN, on_ready, &source, &id), -EEXIST);
	assert_int_equal(id, 0);
	/* What failed took nothing from what is there. */
	loop_step(*state, -1);
	assert_int_equal(source.calls, 1);
	source_end(&source);
}

static void test_ids(void **state)
{
	struct source source;
	loop_id old, first;

	loop_remove(*state, 0);
	loop_remove(*state, 1);
	loop_remove(*state, UINT64_MAX);
	source_init(&source, *state);
	source_add(&source, on_still_ready);
	old = first = source.id;
	loop_remove(*state, 0);
	for (unsigned int i = 1; i <= 1000; i++) {
		loop_step(*state, -1);
		assert_int_equal(source.calls, i);
		loop_remove(*state, source.id);
		source_add(&source, on_still_ready);
		assert_true(source.id != old && source.id != first);
		/* Of what is gone, with a new one in its place */
		loop_remove(*state, old);
		loop_remove(*state, first);
		old = source.id;
	}
	source_end(&source);
	loop_remove(*state, source.id);
}

/* A duplicate keeps the open file alive, and in epoll. */
static void test_duplicate(void **state)
{
	struct source source;
	int copy;

	source_init(&source, *state);
	copy = dup(source.fd);
	source_add(&source, on_still_ready);
	source_end(&source);
	loop_step(*state, 0);
	assert_int_equal(source.calls, 0);
	close(copy);
}

static void test_many(void **state)
{
	struct source *sources = calloc(MANY, sizeof(*sources));

	for (int i = 0; i < MANY; i++) {
		source_init(&sources[i], *state);
		source_add(&sources[i], on_ready);
	}
	for (int i = 0; i < MANY; i += 3)
		loop_remove(*state, sources[i].id);
	for (int i = 0; i < MANY; i++)
		loop_step(*state, 0);
	for (int i = 0; i < MANY; i++)
		assert_int_equal(sources[i].calls, i % 3 ? 1 : 0);
	for (int i = 0; i < MANY; i += 3)
		source_add(&sources[i], on_ready);
	for (int i = 0; i < MANY; i++)
		loop_step(*state, 0);
	for (int i = 0; i < MANY; i++) {
		assert_int_equal(sources[i].calls, 1);
		source_end(&sources[i]);
	}
	free(sources);
}

/* None of those that are always ready keeps the others away. */
static void test_fair(void **state)
{
	struct source sources[3];

	for (int i = 0; i < 3; i++) {
		source_init(&sources[i], *state);
		source_add(&sources[i], on_still_ready);
	}
	for (int i = 0; i < 30; i++)
		loop_step(*state, -1);
	for (int i = 0; i < 3; i++) {
		assert_int_equal(sources[i].calls, 10);
		source_end(&sources[i]);
	}
}

/* --- from callbacks --- */

static void on_remove_both(void *data, uint32_t events)
{
	struct source *source = data;

	source->calls++;
	loop_remove(source->loop, source->id);
	loop_remove(source->loop, source->other->id);
	loop_remove(source->loop, source->id);
}

static void test_remove_in_callback(void **state)
{
	struct source a, b;

	source_init(&a, *state);
	source_init(&b, *state);
	a.other = &b;
	b.other = &a;
	source_add(&a, on_remove_both);
	source_add(&b, on_remove_both);
	for (int i = 0; i < 4; i++)
		loop_step(*state, 0);
	assert_int_equal(a.calls + b.calls, 1);
	close(a.fd);
	close(b.fd);
}

/* So many that the table moves under the source that is called */
static void on_add_many(void *data, uint32_t events)
{
	struct source *sources = data;

	on_ready(data, events);
	for (int i = 1; i < MANY; i++) {
		source_init(&sources[i], sources->loop);
		source_add(&sources[i], on_ready);
	}
	assert_int_equal(sources->calls, 1);
}

static void test_add_in_callback(void **state)
{
	struct source *sources = calloc(MANY, sizeof(*sources));

	source_init(&sources[0], *state);
	source_add(&sources[0], on_add_many);
	for (int i = 0; i < MANY + 5; i++)
		loop_step(*state, 0);
	for (int i = 0; i < MANY; i++) {
		assert_int_equal(sources[i].calls, 1);
		source_end(&sources[i]);
	}
	free(sources);
}

static void on_stop(void *data, uint32_t events)
{
	struct source *source = data;

	on_ready(data, events);
	if (source->other)
		loop_remove(source->loop, source->other->id);
	loop_stop(source->loop);
}

static void test_stop(void **state)
{
	struct source stop, other;

	source_init(&stop, *state);
	source_add(&stop, on_stop);
	loop_run(*state);
	assert_int_equal(stop.calls, 1);
	/* It runs no more, but steps. */
	source_init(&other, *state);
	source_add(&other, on_ready);
	loop_run(*state);
	assert_int_equal(other.calls, 0);
	loop_step(*state, -1);
	assert_int_equal(other.calls, 1);
	source_end(&other);
	source_end(&stop);
	assert_null(loop_free(NULL));
}

/* --- from other threads --- */

static void *run(void *data)
{
	loop_run(data);
	return NULL;
}

static void on_touch(void *data, uint32_t events)
{
	unsigned int *word = data;

	__atomic_fetch_add(word, 1, __ATOMIC_RELAXED);
	/* Plain, so that a call beside or after the removal is seen */
	word[1]++;
}

struct churn {
	struct loop *loop;
	unsigned int called;
};

/*
 * After loop_remove() the callback neither runs nor will, so what it is about may
 * be freed, and the descriptor's number be another's.
 */
static void *add_and_remove(void *data)
{
	struct churn *churn = data;

	for (int i = 0; i < 1000; i++) {
		unsigned int *word = calloc(2, sizeof(*word));
		int fd = eventfd(1, EFD_CLOEXEC);
		loop_id id;

		if (!word || fd < 0 || loop_add(churn->loop, fd, EPOLLIN, on_touch, word, &id) < 0)
			abort();
		if (i % 2) {
			while (!__atomic_load_n(word, __ATOMIC_RELAXED))
				sched_yield();
		}
		loop_remove(churn->loop, id);
		churn->called += word[1] > 0;
		word[1] = 0;
		free(word);
		close(fd);
	}
	return NULL;
}

static void test_threads(void **state)
{
	struct churn churn[3] = { { *state, 0 }, { *state, 0 }, { *state, 0 } };
	struct source stop;
	pthread_t runner, threads[3];

	assert_int_equal(pthread_create(&runner, NULL, run, *state), 0);
	for (int i = 0; i < 3; i++)
		assert_int_equal(pthread_create(&threads[i], NULL, add_and_remove, &churn[i]), 0);
	for (int i = 0; i < 3; i++) {
		assert_int_equal(pthread_join(threads[i], NULL), 0);
		assert_true(churn[i].called >= 500);
	}
	source_init(&stop, *state);
	source_add(&stop, on_stop);
	assert_int_equal(pthread_join(runner, NULL), 0);
	source_end(&stop);
}

#define LOOP_TEST(fn) cmocka_unit_test_setup_teardown(fn, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		LOOP_TEST(test_step),
		LOOP_TEST(test_hang_up),
		LOOP_TEST(test_add_errors),
		LOOP_TEST(test_ids),
		LOOP_TEST(test_duplicate),
		LOOP_TEST(test_many),
		LOOP_TEST(test_fair),
		LOOP_TEST(test_remove_in_callback),
		LOOP_TEST(test_add_in_callback),
		LOOP_TEST(test_stop),
		LOOP_TEST(test_threads),
	};

	return cmocka_run_group_tests_name("loop", tests, NULL, NULL);
}
