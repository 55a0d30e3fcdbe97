/* SPDX-License-Identifier: BSD-2-Clause */
/* The client's side of the front wire: threads, forks, signals, other stacks */
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <ucontext.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/futex.h"
#include "client/front/front.h"
#include "front_fixture.h"

#if defined(__has_feature)
#define SANITIZE_ADDRESS __has_feature(address_sanitizer)
#elif defined(__SANITIZE_ADDRESS__)
#define SANITIZE_ADDRESS 1
#else
#define SANITIZE_ADDRESS 0
#endif

/* The first call on a lane allocates, also in a handler; see client/front/front.h. */
const char *__tsan_default_options(void);
__attribute__((visibility("default"))) const char *__tsan_default_options(void)
{
	return "report_signal_unsafe=0";
}

/* --- threads and processes --- */

static int status_of(pid_t pid)
{
	int status;

	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFEXITED(status));
	return WEXITSTATUS(status);
}

static void *thread_calls(void *data)
{
	int fd = *(int *)data;

	for (int i = 0; i < 200; i++)
		assert_int_equal(version(fd), 0);
	return NULL;
}

static void test_threads(void **state)
{
	unsigned int lanes;
	pthread_t threads[8];
	int fd = open_node("tee0");

	assert_int_equal(version(fd), 0);
	lanes = fake_front_lanes(fake);
	for (int i = 0; i < 8; i++)
		assert_int_equal(pthread_create(&threads[i], NULL, thread_calls, &fd), 0);
	for (int i = 0; i < 8; i++)
		pthread_join(threads[i], NULL);
	assert_true(fake_front_lanes_made(fake) >= 8);
	WAIT_FOR(fake_front_lanes(fake) == lanes);
	close(fd);
}

static pid_t fork_libc(void)
{
	return fork();
}

/* Without the handlers of pthread_atfork() */
static pid_t fork_plain(void)
{
	return _Fork();
}

static pid_t fork_raw(void)
{
	return (pid_t)syscall(SYS_clone, SIGCHLD, NULL, NULL, NULL, NULL);
}

struct parked {
	int fd;
	_Atomic uint32_t state;
};

/* Has a lane of its own and holds it until told. */
static void *thread_parked(void *data)
{
	struct parked *p = data;

	assert_int_equal(version(p->fd), 0);
	atomic_store(&p->state, 1);
	futex_wake(&p->state, 1);
	while (atomic_load(&p->state) == 1)
		futex_wait(&p->state, 1, -1);
	return NULL;
}

static void child_checks(int fd)
{
	int fds[8], n;
	char byte;

	if (version(fd) != 0)
		_exit(2);
	/* Of the parent's two lane sockets none is left, and there is one of ours. */
	n = high_fds(fds, 8);
	if (n != 1)
		_exit(3);
	if (recv(fds[0], &byte, 1, MSG_DONTWAIT) != -1 || errno != EAGAIN)
		_exit(4);
	for (int i = 0; i < 100; i++) {
		if (version(fd) != 0)
			_exit(5);
	}
	_exit(0);
}

static void check_fork(pid_t (*do_fork)(void))
{
	struct parked parked = { .fd = open_node("tee0") };
	unsigned int made;
	pthread_t thread;
	pid_t pid;

	assert_int_equal(version(parked.fd), 0);
	assert_int_equal(pthread_create(&thread, NULL, thread_parked, &parked), 0);
	while (atomic_load(&parked.state) == 0)
		futex_wait(&parked.state, 0, -1);
	made = fake_front_lanes_made(fake);
	pid = do_fork();
	assert_true(pid >= 0);
	if (pid == 0)
		child_checks(parked.fd);
	for (int i = 0; i < 100; i++)
		assert_int_equal(version(parked.fd), 0);
	assert_int_equal(status_of(pid), 0);
	assert_int_equal(fake_front_lanes_made(fake), made + 1);
	assert_int_equal(version(parked.fd), 0);
	atomic_store(&parked.state, 2);
	futex_wake(&parked.state, 1);
	pthread_join(thread, NULL);
	close(parked.fd);
}

static void test_fork(void **state)
{
	check_fork(fork_libc);
}

static void test_fork_plain(void **state)
{
#if defined(__SANITIZE_THREAD__)
	/* Its run time must see a fork to go on in the child. */
	(void)fork_plain;
	(void)fork_raw;
	skip();
#else
	check_fork(fork_plain);
	check_fork(fork_raw);
#endif
}

/* Children of children, each with the context of the first */
static void test_fork_chain(void **state)
{
	int fd = open_node("tee1");
	pid_t pid;

	assert_int_equal(version(fd), 1);
	pid = fork();
	if (pid == 0) {
		pid_t grandchild;

		if (version(fd) != 1)
			_exit(2);
		grandchild = fork();
		if (grandchild == 0)
			_exit(version(fd) == 1 ? 0 : 3);
		_exit(status_of(grandchild));
	}
	assert_int_equal(status_of(pid), 0);
	close(fd);
}

static void test_vfork(void **state)
{
	int fd = open_node("tee0"), r;
	pid_t pid;

	assert_int_equal(version(fd), 0);
	pid = vfork();
	if (pid == 0) {
		/* A context that the lane knows, and one that it does not */
		if (version(fd) != 0)
			_exit(2);
		r = front_open(fake_front_dir(fake), "tee1");
		_exit(r >= 0 && version(r) == 1 ? 0 : 3);
	}
	assert_int_equal(status_of(pid), 0);
	assert_int_equal(version(fd), 0);
	close(fd);
}

/* --- signals --- */

static volatile int handler_fd;
static volatile int handler_result;
static volatile int handler_count;
static jmp_buf handler_jump;

static void handler_calls(int sig)
{
	handler_result = version(handler_fd);
	handler_count++;
}

static void handler_leaves(int sig)
{
	siglongjmp(handler_jump, 1);
}

/*
 * Sends signals to a thread whose call waits in the server. The last one is sent
 * until it helped: one that comes just before the thread sleeps is not noticed.
 */
struct pest {
	pthread_t target;
	int first;
	int times;
	int last;
	bool once;	/* the handler does not come back */
};

static void *thread_pest(void *data)
{
	struct pest *pest = data;

	WAIT_FOR(atomic_load(&blocked));
	for (int i = 0; i < pest->times; i++) {
		pthread_kill(pest->target, pest->first);
		usleep(5000);
	}
	do {
		pthread_kill(pest->target, pest->last);
		usleep(3000);
	} while (!pest->once && atomic_load(&blocked));
	return NULL;
}

static void with_handler(int sig, void (*handler)(int), int flags)
{
	struct sigaction sa = { .sa_handler = handler, .sa_flags = flags };

	sigemptyset(&sa.sa_mask);
	assert_int_equal(sigaction(sig, &sa, NULL), 0);
}

/* A handler that itself calls, in the middle of a call that then is interrupted */
static void test_call_in_handler(void **state)
{
	struct pest pest = { .target = pthread_self(), .last = SIGUSR1 };
	pthread_t thread;
	int fd = open_node("tee0");

	handler_fd = open_node("tee1");
	for (int i = 0; i < 5; i++) {
		handler_result = -1;
		with_handler(SIGUSR1, handler_calls, 0);
		assert_int_equal(pthread_create(&thread, NULL, thread_pest, &pest), 0);
		assert_int_equal(block(fd), -EINTR);
		pthread_join(thread, NULL);
		assert_int_equal(handler_result, 1);
		assert_int_equal(version(fd), 0);
	}
	assert_true(fake_front_lanes(fake) <= 2);
	close(handler_fd);
	close(fd);
}

/* With SA_RESTART the wait goes on; another signal then ends it. */
static void test_restart(void **state)
{
	struct pest pest = { pthread_self(), SIGUSR1, 3, SIGUSR2 };
	int fd = open_node("tee0");
	pthread_t thread;

#if defined(__SANITIZE_THREAD__)
	/* Its run time holds signals back until a system call of libc ends. */
	skip();
#endif
	handler_fd = open_node("tee1");
	handler_count = 0;
	with_handler(SIGUSR1, handler_calls, SA_RESTART);
	with_handler(SIGUSR2, handler_calls, 0);
	assert_int_equal(pthread_create(&thread, NULL, thread_pest, &pest), 0);
	assert_int_equal(block(fd), -EINTR);
	pthread_join(thread, NULL);
	assert_int_equal(handler_result, 1);
	assert_true(handler_count >= 4);
	close(handler_fd);
	close(fd);
}

/* A call with so much stack above it */
static int block_below(int fd, size_t depth)
{
	volatile char room[512];

	room[0] = room[sizeof(room) - 1] = (char)depth;
	return depth ? block_below(fd, depth - 1) + (room[0] & 0) : block(fd);
}

/* longjmp() out of calls at different depths, each of which would take a lane */
static void test_longjmp_depths(void **state)
{
	struct pest pest = { .target = pthread_self(), .last = SIGUSR1, .once = true };
	pthread_t thread;
	int fd = open_node("tee0");

	with_handler(SIGUSR1, handler_leaves, 0);
	for (volatile size_t i = 0; i < 12; i++) {
		assert_int_equal(pthread_create(&thread, NULL, thread_pest, &pest), 0);
		if (sigsetjmp(handler_jump, 1) == 0) {
			(void)block_below(fd, i * 7 % 12);
			fail();
		}
		pthread_join(thread, NULL);
		assert_int_equal(version(fd), 0);
		WAIT_FOR(atomic_load(&blocked) == 0);
	}
	assert_true(fake_front_lanes(fake) <= 3);
	close(fd);
}

/* longjmp() out of a call: its lane ends, the next call has a new one. */
static void test_longjmp(void **state)
{
	struct pest pest = { .target = pthread_self(), .last = SIGUSR1, .once = true };
	pthread_t thread;
	int fd = open_node("tee0");

	with_handler(SIGUSR1, handler_leaves, 0);
	for (volatile int i = 0; i < 10; i++) {
		assert_int_equal(pthread_create(&thread, NULL, thread_pest, &pest), 0);
		if (sigsetjmp(handler_jump, 1) == 0) {
			(void)block(fd);
			fail();
		}
		pthread_join(thread, NULL);
		assert_int_equal(version(fd), 0);
		WAIT_FOR(atomic_load(&blocked) == 0);
	}
	assert_true(fake_front_lanes(fake) <= 3);
	close(fd);
}

static void *thread_cancelled(void *data)
{
	(void)pthread_setcanceltype(PTHREAD_CANCEL_ASYNCHRONOUS, NULL);
	(void)block(*(int *)data);
	return NULL;
}

static void *thread_deferred(void *data)
{
	assert_int_equal(block(*(int *)data), -EINTR);
	pthread_testcancel();
	fail();
	return NULL;
}

/* At once: the thread leaves its call behind, which is ended in the server. */
static void test_cancel(void **state)
{
	int fd = open_node("tee0");
	pthread_t thread;
	void *result;

#if SANITIZE_ADDRESS
	/* Its run time does not see that frames are left, and takes new ones for old. */
	skip();
#endif
	assert_int_equal(pthread_create(&thread, NULL, thread_cancelled, &fd), 0);
	WAIT_FOR(atomic_load(&blocked));
	assert_int_equal(pthread_cancel(thread), 0);
	pthread_join(thread, &result);
	assert_ptr_equal(result, PTHREAD_CANCELED);
	WAIT_FOR(atomic_load(&blocked) == 0);
	WAIT_FOR(fake_front_lanes(fake) == 0);
	close(fd);
}

/* Deferred: not in the middle of the ioctl */
static void test_cancel_deferred(void **state)
{
	int fd = open_node("tee0");
	pthread_t thread;
	void *result;

	with_handler(SIGUSR1, handler_calls, 0);
	handler_fd = fd;
	assert_int_equal(pthread_create(&thread, NULL, thread_deferred, &fd), 0);
	WAIT_FOR(atomic_load(&blocked));
	assert_int_equal(pthread_cancel(thread), 0);
	usleep(20000);
	assert_int_equal(atomic_load(&blocked), 1);
	while (atomic_load(&blocked)) {
		pthread_kill(thread, SIGUSR1);
		usleep(3000);
	}
	pthread_join(thread, &result);
	assert_ptr_equal(result, PTHREAD_CANCELED);
	close(fd);
}

/* --- other stacks --- */

static ucontext_t main_context, other_context;

static void on_other_stack(void)
{
	handler_result = version(handler_fd);
}

static void test_other_stack(void **state)
{
	size_t size = 256 << 10;
	void *stack = malloc(size);

	handler_fd = open_node("tee1");
	handler_result = -1;
	assert_int_equal(version(handler_fd), 1);
	assert_int_equal(getcontext(&other_context), 0);
	other_context.uc_stack.ss_sp = stack;
	other_context.uc_stack.ss_size = size;
	other_context.uc_link = &main_context;
	makecontext(&other_context, on_other_stack, 0);
	assert_int_equal(swapcontext(&main_context, &other_context), 0);
	assert_int_equal(handler_result, 1);
	assert_int_equal(last_n_windows, 0);
	free(stack);
	close(handler_fd);
}

/* A thread whose stack is the program's own memory has windows there. */
static void *thread_windows(void *data)
{
	assert_int_equal(version(*(int *)data), 0);
	if (stack_is_real())
		assert_int_equal(last_n_windows, 1);
	return NULL;
}

static void test_thread_stack(void **state)
{
	int fd = open_node("tee0");
	pthread_t thread;

	assert_int_equal(pthread_create(&thread, NULL, thread_windows, &fd), 0);
	pthread_join(thread, NULL);
	close(fd);
}

#define T(name) cmocka_unit_test_setup_teardown(name, front_setup, front_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(test_threads),
		T(test_fork),
		T(test_fork_plain),
		T(test_fork_chain),
		T(test_vfork),
		T(test_call_in_handler),
		T(test_restart),
		T(test_longjmp),
		T(test_longjmp_depths),
		T(test_cancel),
		T(test_cancel_deferred),
		T(test_other_stack),
		T(test_thread_stack),
	};

	return cmocka_run_group_tests_name("front life", tests, NULL, NULL);
}
