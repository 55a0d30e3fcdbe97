/* SPDX-License-Identifier: BSD-2-Clause */
/* Lanes: calls between processes, deaths, interruptions, hand-over */
#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/futex.h"
#include "base/memfd.h"
#include "machine/lane/lane.h"

#define QUIT 0xffffffffu

/* Adds one to the word in the data area until told to quit. */
static void serve(struct lane *lane)
{
	uint32_t *data = lane_data(lane);

	lane_own(lane);
	while (lane_wait_request(lane) == 0) {
		uint32_t value = *data;

		if (value == QUIT)
			_exit(0);
		*data = value + 1;
		lane_reply(lane);
	}
	_exit(3);
}

static pid_t fork_server(int fd)
{
	pid_t pid = fork();

	assert_true(pid >= 0);
	if (pid == 0) {
		struct lane *lane;

		if (lane_attach(fd, 64, &lane) < 0)
			_exit(2);
		serve(lane);
	}
	return pid;
}

static int wait_status(pid_t pid)
{
	int status;

	assert_int_equal(waitpid(pid, &status, 0), pid);
	return status;
}

static void test_calls(void **state)
{
	struct lane *lane;
	pid_t pid;
	int fd, status;

	assert_int_equal(lane_new(64, &lane, &fd), 0);
	pid = fork_server(fd);
	for (uint32_t i = 0; i < 100000; i++) {
		*(uint32_t *)lane_data(lane) = i * 2;
		assert_int_equal(lane_call(lane), 0);
		assert_int_equal(*(uint32_t *)lane_data(lane), i * 2 + 1);
	}
	lane_close(lane);
	assert_int_equal(lane_call(lane), -EPIPE);
	status = wait_status(pid);
	assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 3);
	lane_free(lane);
	close(fd);
}

static void test_callee_killed_idle(void **state)
{
	struct lane *lane;
	pid_t pid;
	int fd;

	assert_int_equal(lane_new(64, &lane, &fd), 0);
	pid = fork_server(fd);
	*(uint32_t *)lane_data(lane) = 1;
	assert_int_equal(lane_call(lane), 0);
	kill(pid, SIGKILL);
	wait_status(pid);
	assert_int_equal(lane_call(lane), -EPIPE);
	assert_true(lane_closed(lane));
	lane_free(lane);
	close(fd);
}

static void *kill_later(void *data)
{
	usleep(20000);
	kill(*(pid_t *)data, SIGKILL);
	return NULL;
}

static void test_callee_killed_busy(void **state)
{
	struct lane *lane;
	pthread_t thread;
	pid_t pid;
	int fd;

	assert_int_equal(lane_new(64, &lane, &fd), 0);
	pid = fork();
	if (pid == 0) {
		lane_own(lane);
		lane_wait_request(lane);
		for (;;)
			pause();
	}
	pthread_create(&thread, NULL, kill_later, &pid);
	assert_int_equal(lane_call(lane), -EPIPE);
	pthread_join(thread, NULL);
	wait_status(pid);
	lane_free(lane);
	close(fd);
}

static void on_signal(int sig)
{
}

/* The callee parks in the middle of a call and is told of the interruption. */
static void test_interrupt(void **state)
{
	struct sigaction sa = { .sa_handler = on_signal };
	pid_t parent = getpid(), pid;
	struct lane *lane;
	int fd;

	sigaction(SIGUSR1, &sa, NULL);
	assert_int_equal(lane_new(64, &lane, &fd), 0);
	pid = fork();
	if (pid == 0) {
		_Atomic uint32_t *park = lane_park_word(lane);

		lane_own(lane);
		lane_wait_request(lane);
		for (int i = 0; !lane_interrupted(lane); i++) {
			uint32_t seen = atomic_load(park);

			kill(parent, SIGUSR1);
			if (!lane_interrupted(lane))
				futex_wait(park, seen, 10000000);
		}
		*(uint32_t *)lane_data(lane) = 77;
		lane_reply(lane);
		_exit(0);
	}
	assert_int_equal(lane_call(lane), 0);
	assert_int_equal(*(uint32_t *)lane_data(lane), 77);
	wait_status(pid);
	lane_free(lane);
	close(fd);
}

struct handover {
	struct lane *lane;
	_Atomic uint32_t go;
};

static void *second_owner(void *data)
{
	struct handover *h = data;

	while (!atomic_load(&h->go))
		futex_wait(&h->go, 0, -1);
	lane_own(h->lane);
	*(uint32_t *)lane_data(h->lane) += 1;
	lane_reply(h->lane);
	lane_disown(h->lane);
	return NULL;
}

static void *first_owner(void *data)
{
	struct handover *h = data;

	lane_own(h->lane);
	assert_int_equal(lane_wait_request(h->lane), 0);
	lane_disown(h->lane);
	atomic_store(&h->go, 1);
	futex_wake(&h->go, 1);
	return NULL;
}

/* One thread takes the request, another one replies: the caller never notices. */
static void test_handover(void **state)
{
	for (int i = 0; i < 200; i++) {
		struct lane *caller, *callee;
		struct handover h = { 0 };
		pthread_t a, b;
		int fd;

		assert_int_equal(lane_new(64, &caller, &fd), 0);
		assert_int_equal(lane_attach(fd, 64, &callee), 0);
		h.lane = callee;
		pthread_create(&a, NULL, first_owner, &h);
		pthread_create(&b, NULL, second_owner, &h);
		*(uint32_t *)lane_data(caller) = 41;
		assert_int_equal(lane_call(caller), 0);
		assert_int_equal(*(uint32_t *)lane_data(caller), 42);
		pthread_join(a, NULL);
		pthread_join(b, NULL);
		lane_free(callee);
		lane_free(caller);
		close(fd);
	}
}

static void *close_later(void *data)
{
	usleep(10000);
	lane_close(data);
	return NULL;
}

/* Two long calls; the CPUs that it may use in the second are the answer. */
static void serve_slowly(int fd)
{
	static const struct timespec ms = { .tv_nsec = 1000000 };
	struct lane *lane;
	uint32_t *data;

	if (lane_attach(fd, 64, &lane) < 0)
		_exit(2);
	data = lane_data(lane);
	lane_set_follow(lane);
	lane_own(lane);
	while (lane_wait_request(lane) == 0) {
		uint32_t most = 0;

		for (int i = 0; i < 100; i++) {
			cpu_set_t set;

			nanosleep(&ms, NULL);
			if (sched_getaffinity(0, sizeof(set), &set) == 0 &&
			    (uint32_t)CPU_COUNT(&set) > most)
				most = (uint32_t)CPU_COUNT(&set);
		}
		*data = most;
		lane_reply(lane);
	}
	_exit(0);
}

/* A callee that is let go does not leave the CPUs that we were restricted to. */
static void test_widen_within_limits(void **state)
{
	cpu_set_t before, one;
	struct lane *lane;
	pid_t pid;
	int fd, cpu = sched_getcpu();

	assert_int_equal(sched_getaffinity(0, sizeof(before), &before), 0);
	if (CPU_COUNT(&before) < 2)
		skip();
	assert_int_equal(lane_new(64, &lane, &fd), 0);
	pid = fork();
	assert_true(pid >= 0);
	if (pid == 0)
		serve_slowly(fd);
	CPU_ZERO(&one);
	CPU_SET(cpu, &one);
	assert_int_equal(sched_setaffinity(0, sizeof(one), &one), 0);
	lane_set_caller_flags(lane, LANE_WIDEN);
	assert_int_equal(lane_call(lane), 0);
	assert_int_equal(lane_call(lane), 0);
	assert_int_equal(sched_setaffinity(0, sizeof(before), &before), 0);
	kill(pid, SIGKILL);
	wait_status(pid);
	assert_int_equal(*(uint32_t *)lane_data(lane), 1);
	lane_free(lane);
	close(fd);
}

static void test_close_wakes_both(void **state)
{
	struct lane *caller, *callee;
	pthread_t thread;
	int fd;

	assert_int_equal(lane_new(64, &caller, &fd), 0);
	assert_int_equal(lane_attach(fd, 64, &callee), 0);
	pthread_create(&thread, NULL, close_later, callee);
	/* Nobody owns the lane yet: only the close can end this wait. */
	assert_int_equal(lane_call(caller), -EPIPE);
	pthread_join(thread, NULL);
	lane_own(callee);
	assert_int_equal(lane_wait_request(callee), -EPIPE);
	lane_disown(callee);
	assert_true(lane_closed(caller));
	lane_free(callee);
	lane_free(caller);
	close(fd);
}

static void test_attach_checks(void **state)
{
	struct lane *lane, *other;
	int fd, pipefd[2], plain, small;

	assert_int_equal(lane_new(0, &lane, &fd), -EINVAL);
	assert_int_equal(lane_new(LANE_MAX_DATA + 1, &lane, &fd), -EINVAL);
	assert_int_equal(pipe(pipefd), 0);
	assert_int_equal(lane_attach(pipefd[0], 64, &lane), -EINVAL);
	close(pipefd[0]);
	close(pipefd[1]);

	/* A file that the peer could shrink under us */
	plain = memfd_create("plain", 0);
	assert_int_equal(ftruncate(plain, 65536), 0);
	assert_int_equal(lane_attach(plain, 64, &lane), -EINVAL);
	close(plain);

	/* Sealed, large enough, but no lane */
	assert_int_equal(memfd_new_sealed("other", 65536, &small), 0);
	assert_int_equal(lane_attach(small, 64, &lane), -EINVAL);
	close(small);

	assert_int_equal(lane_new(64, &lane, &fd), 0);
	assert_int_equal(lane_attach(fd, 65, &other), -EINVAL);
	lane_free(lane);
	close(fd);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_calls),
		cmocka_unit_test(test_callee_killed_idle),
		cmocka_unit_test(test_callee_killed_busy),
		cmocka_unit_test(test_interrupt),
		cmocka_unit_test(test_handover),
		cmocka_unit_test(test_widen_within_limits),
		cmocka_unit_test(test_close_wakes_both),
		cmocka_unit_test(test_attach_checks),
	};

	return cmocka_run_group_tests_name("lane", tests, NULL, NULL);
}
