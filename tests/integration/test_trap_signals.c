/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Signals to a client whose system calls are trapped: what sleeps interruptibly ends
 * or goes on as the handler was installed, and what runs in the TEE is run once
 */
#include "raw_client.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>

#include "test_tas.h"

static const TEEC_UUID counter = TEST_TA_COUNTER_UUID;

/* Signals that handlers counted; shared with nobody: each test forks. */
static atomic_int n_restarting, n_ending;

static void on_restarting(int sig)
{
	atomic_fetch_add(&n_restarting, 1);
}

static void on_ending(int sig)
{
	atomic_fetch_add(&n_ending, 1);
}

static void handle(void)
{
	const struct sigaction restarting = { .sa_handler = on_restarting,
					      .sa_flags = SA_RESTART };
	const struct sigaction ending = { .sa_handler = on_ending };

	sigaction(SIGUSR1, &restarting, NULL);
	sigaction(SIGUSR2, &ending, NULL);
}

static int open_privileged(void)
{
	int fd = raw_open("/dev/teepriv0", O_RDWR | O_CLOEXEC);

	RAW_CHECK(fd >= 0, "open /dev/teepriv0: %s", strerror(errno));
	return fd;
}

/* Nobody has a request: it blocks until a signal ends it. */
static int receive(int priv)
{
	struct {
		uint32_t func, num_params;
		struct tee_ioctl_param params[5];
	} req = { .num_params = 5 };
	struct tee_ioctl_buf_data buf = { .buf_ptr = (uintptr_t)&req, .buf_len = sizeof(req) };

	req.params[0].attr = TEE_IOCTL_PARAM_ATTR_META;
	return raw_error(priv, TEE_IOC_SUPPL_RECV, &buf);
}

static void expect_exit(pid_t pid, int want)
{
	int status;

	RAW_CHECK(waitpid(pid, &status, 0) == pid, "%s", strerror(errno));
	RAW_CHECK(WIFEXITED(status) && WEXITSTATUS(status) == want, "status 0x%x", status);
}

/* Until the child has handled it: a handler tells by a byte. */
static int told[2];

static void on_told(int sig)
{
	(void)!write(told[1], "x", 1);
}

static void wait_told(void)
{
	char byte;

	RAW_CHECK(read(told[0], &byte, 1) == 1, "no handler ran");
}

/* --- a process of one thread; signals for the process --- */

static pid_t blocked_child(int want)
{
	const struct sigaction tell = { .sa_handler = on_told, .sa_flags = SA_RESTART };
	pid_t pid;

	RAW_CHECK(pipe2(told, O_CLOEXEC) == 0, "pipe");
	pid = fork();
	if (pid == 0) {
		int priv, r;

		prctl(PR_SET_PDEATHSIG, SIGKILL);
		handle();
		sigaction(SIGUSR1, &tell, NULL);
		priv = open_privileged();
		r = receive(priv);
		RAW_CHECK(r == want, "%d", r);
		RAW_CHECK(atomic_load(&n_ending) == 1, "%d", n_ending);
		_exit(0);
	}
	raw_wait_blocked(pid);
	return pid;
}

static void restarts_then_ends(void)
{
	pid_t pid = blocked_child(-EINTR);

	for (int i = 0; i < 3; i++) {
		kill(pid, SIGUSR1);
		wait_told();
		raw_wait_blocked(pid);
	}
	/* Not a signal that counts: SIGCHLD and SIGWINCH are dropped. */
	kill(pid, SIGCHLD);
	kill(pid, SIGWINCH);
	kill(pid, SIGUSR2);
	expect_exit(pid, 0);
}

static void stops_and_continues(void)
{
	pid_t pid = blocked_child(-EINTR);
	int status;

	for (int i = 0; i < 3; i++) {
		kill(pid, SIGSTOP);
		RAW_CHECK(waitpid(pid, &status, WUNTRACED) == pid && WIFSTOPPED(status),
			  "0x%x", status);
		kill(pid, SIGCONT);
		RAW_CHECK(waitpid(pid, &status, WCONTINUED) == pid && WIFCONTINUED(status),
			  "0x%x", status);
		raw_wait_blocked(pid);
	}
	kill(pid, SIGUSR2);
	expect_exit(pid, 0);
}

static void fatal_ends(void)
{
	pid_t pid = blocked_child(0);
	int status;

	kill(pid, SIGTERM);
	RAW_CHECK(waitpid(pid, &status, 0) == pid && WIFSIGNALED(status), "0x%x", status);
	/* The device is free again for the next one. */
	close(open_privileged());
}

/* --- one thread of several --- */

struct blocked {
	pthread_t thread;
	atomic_int tid;
	atomic_bool returned;
	int priv;
	int result;
};

static void *blocked_thread(void *data)
{
	struct blocked *b = data;

	atomic_store(&b->tid, (int)syscall(SYS_gettid));
	b->result = receive(b->priv);
	atomic_store(&b->returned, true);
	return NULL;
}

static void start_blocked(struct blocked *b, int priv)
{
	*b = (struct blocked){ .priv = priv };
	RAW_CHECK(pthread_create(&b->thread, NULL, blocked_thread, b) == 0, "thread");
	while (!atomic_load(&b->tid))
		usleep(1000);
	raw_wait_blocked(atomic_load(&b->tid));
}

static void wait_count(atomic_int *n, int want)
{
	while (atomic_load(n) < want)
		usleep(1000);
}

static void thread_restarts_then_ends(void)
{
	int priv = open_privileged(), before = atomic_load(&n_restarting);
	struct blocked b;

	start_blocked(&b, priv);
	for (int i = 1; i <= 3; i++) {
		pthread_kill(b.thread, SIGUSR1);
		wait_count(&n_restarting, before + i);
		raw_wait_blocked(atomic_load(&b.tid));
		RAW_CHECK(!atomic_load(&b.returned), "the call came back: %d", b.result);
	}
	pthread_kill(b.thread, SIGUSR2);
	pthread_join(b.thread, NULL);
	RAW_CHECK(b.result == -EINTR, "%d", b.result);
	close(priv);
}

/* A signal of the process that only the blocked thread does not block */
static void process_signal_for_thread(void)
{
	int priv = open_privileged(), before = atomic_load(&n_restarting);
	struct blocked b;
	sigset_t set;

	start_blocked(&b, priv);
	sigemptyset(&set);
	sigaddset(&set, SIGUSR1);
	sigaddset(&set, SIGUSR2);
	pthread_sigmask(SIG_BLOCK, &set, NULL);
	kill(getpid(), SIGUSR1);
	wait_count(&n_restarting, before + 1);
	raw_wait_blocked(atomic_load(&b.tid));
	RAW_CHECK(!atomic_load(&b.returned), "the call came back: %d", b.result);
	kill(getpid(), SIGUSR2);
	pthread_join(b.thread, NULL);
	RAW_CHECK(b.result == -EINTR, "%d", b.result);
	pthread_sigmask(SIG_UNBLOCK, &set, NULL);
	close(priv);
}

/* Neither thread blocks the signal, and both sleep: one handler runs, nothing hangs. */
static void process_signal_for_any(void)
{
	int priv = open_privileged(), before = atomic_load(&n_ending);
	struct blocked b;

	start_blocked(&b, priv);
	kill(getpid(), SIGUSR2);
	wait_count(&n_ending, before + 1);
	/* Which thread took it is the kernel's choice; here it was ours, which ran. */
	pthread_kill(b.thread, SIGUSR2);
	pthread_join(b.thread, NULL);
	RAW_CHECK(b.result == -EINTR, "%d", b.result);
	close(priv);
}

/* An exec ends the other threads, and no process dies of it. */
static void exec_ends(void)
{
	pid_t pid = fork();

	if (pid == 0) {
		int priv = open_privileged();
		struct blocked b;

		start_blocked(&b, priv);
		execl("/proc/self/exe", "test", "open", NULL);
		_exit(1);
	}
	expect_exit(pid, 0);
}

/* --- what runs is run once --- */

static void invoked_once(bool restart)
{
	const struct sigaction action = { .sa_handler = restart ? on_restarting : on_ending,
					  .sa_flags = restart ? SA_RESTART : 0 };
	const struct itimerval often = { .it_interval.tv_usec = 97, .it_value.tv_usec = 97 };
	const struct itimerval never = { 0 };
	const unsigned int rounds = 3000;
	int tee = raw_tee();
	uint32_t session = raw_session(tee, &counter);
	uint64_t last = 0;

	sigaction(SIGALRM, &action, NULL);
	setitimer(ITIMER_REAL, &often, NULL);
	for (unsigned int i = 1; i <= rounds; i++) {
		struct raw_invoke invoke = { 0 };
		int r;

		invoke.params[0].attr = TEE_IOCTL_PARAM_ATTR_TYPE_VALUE_OUTPUT;
		invoke.params[1].attr = TEE_IOCTL_PARAM_ATTR_TYPE_VALUE_OUTPUT;
		/* Before swteed has the call a signal takes it back, with nothing done. */
		do {
			r = raw_invoke(tee, session, TEST_COUNTER_CMD_COUNT, &invoke);
		} while (r == -EINTR && !restart);
		RAW_CHECK(r == 0 && invoke.arg.ret == 0, "%d 0x%08x", r, invoke.arg.ret);
		last = invoke.params[0].b;
		RAW_CHECK(last == i, "call %u is the TA's %llu", i, (unsigned long long)last);
	}
	setitimer(ITIMER_REAL, &never, NULL);
	RAW_CHECK(atomic_load(restart ? &n_restarting : &n_ending) > 0, "no signal came");
	raw_close_session(tee, session);
	close(tee);
}

static void invoked_once_restarting(void)
{
	invoked_once(true);
}

static void invoked_once_ending(void)
{
	invoked_once(false);
}

int main(int argc, char **argv)
{
	static const struct {
		const char *name;
		void (*run)(void);
	} tests[] = {
		{ "restarts_then_ends", restarts_then_ends },
		{ "stops_and_continues", stops_and_continues },
		{ "fatal_ends", fatal_ends },
		{ "thread_restarts_then_ends", thread_restarts_then_ends },
		{ "process_signal_for_thread", process_signal_for_thread },
		{ "process_signal_for_any", process_signal_for_any },
		{ "exec_ends", exec_ends },
		{ "invoked_once_restarting", invoked_once_restarting },
		{ "invoked_once_ending", invoked_once_ending },
	};

	if (argc == 2) {
		close(open_privileged());
		return 0;
	}
	for (size_t i = 0; i < sizeof(tests) / sizeof(tests[0]); i++) {
		fprintf(stderr, "%s\n", tests[i].name);
		handle();
		tests[i].run();
	}
	return 0;
}
