/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A private instance
 *
 * swteed lives as long as a pipe whose other end only this process holds: it
 * takes itself down, and removes the directory, in whatever way we end.
 *
 * It runs in a session of its own, so that neither ^C nor a stopped job reach
 * it, and gets nothing of ours but standard error.
 */
#include "cli/instance.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "abi/front.h"
#include "base/auto.h"
#include "cli/cli.h"

#define START_TIMEOUT_S 30
#define STOP_TIMEOUT_MS 5000

/* The numbers of the two pipes in swteed; all above are closed there. */
#define READY_FD 3
#define PARENT_FD 4
#define STRINGIFY_(x) #x
#define STRINGIFY(x) STRINGIFY_(x)

/* Beyond the numbers that they get in swteed, so that the order does not matter */
#define PIPE_MIN_FD 10

extern char **environ;

struct pipe_ends {
	int read;
	int write;
};

static int high_pipe(struct pipe_ends *ret)
{
	AUTO(close_fd) int read = -1;
	int fds[2];

	if (pipe2(fds, O_CLOEXEC) < 0)
		return -errno;
	read = fcntl(fds[0], F_DUPFD_CLOEXEC, PIPE_MIN_FD);
	ret->write = fcntl(fds[1], F_DUPFD_CLOEXEC, PIPE_MIN_FD);
	close_fd(fds[0]);
	close_fd(fds[1]);
	if (read < 0 || ret->write < 0) {
		int r = -errno;

		ret->write = close_fd(ret->write);
		return r;
	}
	ret->read = steal_fd(&read);
	return 0;
}

/* --- what swteed is started with --- */

struct args {
	char **v;		/* owned, the strings are not */
	size_t n;
};

static void arg_add(struct args *args, const char *name, const char *value)
{
	args->v[args->n++] = (char *)name;
	if (value)
		args->v[args->n++] = (char *)value;
}

static int build_args(struct args *args, const char *swteed, const char *dir,
		      const struct instance_options *opts)
{
	/* Six options at most besides the directories, each with its value */
	args->v = calloc(2 * opts->n_ta_dirs + 16, sizeof(*args->v));
	if (!args->v)
		return -ENOMEM;
	arg_add(args, swteed, NULL);
	arg_add(args, "--runtime", dir);
	arg_add(args, "--ready-fd", STRINGIFY(READY_FD));
	arg_add(args, "--parent-fd", STRINGIFY(PARENT_FD));
	for (size_t i = 0; i < opts->n_ta_dirs; i++)
		arg_add(args, "--ta-dir", opts->ta_dirs[i]);
	if (opts->config)
		arg_add(args, "--config", opts->config);
	if (opts->log_level)
		arg_add(args, "--log-level", opts->log_level);
	if (opts->state)
		arg_add(args, "--state", opts->state);
	return 0;
}

/* Ours, without what would make swteed a client of the instance that we are in */
static char **build_env(void)
{
	size_t n = 0, kept = 0;
	char **env;

	while (environ[n])
		n++;
	env = calloc(n + 1, sizeof(*env));
	for (size_t i = 0; env && i < n; i++) {
		if (strncmp(environ[i], FRONT_ENV "=", sizeof(FRONT_ENV)))
			env[kept++] = environ[i];
	}
	return env;
}

static int plan_files(posix_spawn_file_actions_t *files, int ready, int parent)
{
	int r = posix_spawn_file_actions_addopen(files, STDIN_FILENO, "/dev/null", O_RDONLY, 0);

	/* Not our output: its reader would wait for swteed to end as well. */
	if (!r)
		r = posix_spawn_file_actions_adddup2(files, STDERR_FILENO, STDOUT_FILENO);
	if (!r)
		r = posix_spawn_file_actions_adddup2(files, ready, READY_FD);
	if (!r)
		r = posix_spawn_file_actions_adddup2(files, parent, PARENT_FD);
	if (!r)
		r = posix_spawn_file_actions_addclosefrom_np(files, PARENT_FD + 1);
	return -r;
}

static int plan_signals(posix_spawnattr_t *attr)
{
	sigset_t none, all;

	sigemptyset(&none);
	sigfillset(&all);
	(void)posix_spawnattr_setsigmask(attr, &none);
	(void)posix_spawnattr_setsigdefault(attr, &all);
	return -posix_spawnattr_setflags(attr, POSIX_SPAWN_SETSID | POSIX_SPAWN_SETSIGMASK |
						       POSIX_SPAWN_SETSIGDEF);
}

static int spawn(char **argv, int ready, int parent, pid_t *ret_pid)
{
	posix_spawn_file_actions_t files;
	posix_spawnattr_t attr;
	AUTO_FREE char **env = build_env();
	int r;

	if (!env)
		return -ENOMEM;
	r = -posix_spawn_file_actions_init(&files);
	if (r < 0)
		return r;
	r = -posix_spawnattr_init(&attr);
	if (r < 0)
		goto err_attr;
	r = plan_files(&files, ready, parent);
	if (r == 0)
		r = plan_signals(&attr);
	if (r == 0)
		r = -posix_spawn(ret_pid, argv[0], &files, &attr, argv, env);
	(void)posix_spawnattr_destroy(&attr);
err_attr:
	(void)posix_spawn_file_actions_destroy(&files);
	return r;
}

/* --- start --- */

static int wait_ready(int fd, const sigset_t *mask)
{
	const struct timespec limit = { .tv_sec = START_TIMEOUT_S };
	struct pollfd p = { .fd = fd, .events = POLLIN };
	ssize_t n;
	char byte;
	int r;

	do {
		r = ppoll(&p, 1, &limit, mask);
	} while (r < 0 && errno == EINTR);
	if (r < 0)
		return -errno;
	if (r == 0) {
		cli_error(0, "swteed is not ready after %d s; try --log-level debug",
			  START_TIMEOUT_S);
		return -ETIMEDOUT;
	}
	do {
		n = read(fd, &byte, 1);
	} while (n < 0 && errno == EINTR);
	if (n == 1)
		return 0;
	/* The reason stands above: swteed shares our standard error. */
	cli_error(0, "swteed ended before its devices existed");
	return -EIO;
}

static int launch(struct instance *inst, const struct instance_options *opts, int *ret_ready)
{
	struct pipe_ends ready = { -1, -1 }, parent = { -1, -1 };
	AUTO_FREE char **argv = NULL;
	struct args args = { 0 };
	char swteed[PATH_MAX];
	int r;

	r = cli_find_swteed(swteed);
	if (r < 0) {
		cli_error(r, "cannot find swteed, which belongs beside this program or in %s",
			  SWTEE_SBINDIR);
		return r;
	}
	r = build_args(&args, swteed, inst->dir, opts);
	argv = args.v;
	if (r == 0)
		r = high_pipe(&ready);
	if (r == 0)
		r = high_pipe(&parent);
	if (r == 0)
		r = spawn(argv, ready.write, parent.read, &inst->pid);
	close_fd(ready.write);
	close_fd(parent.read);
	*ret_ready = ready.read;
	inst->parent_fd = parent.write;
	if (r < 0)
		cli_error(r, "cannot start %s", swteed);
	return r;
}

int instance_start(struct instance *inst, const struct instance_options *opts,
		   const sigset_t *mask)
{
	AUTO(close_fd) int ready = -1;
	int r;

	r = cli_rundir_new(inst->dir);
	if (r < 0) {
		inst->dir[0] = '\0';
		cli_error(r, "cannot make a runtime directory in $XDG_RUNTIME_DIR or /tmp");
		return r;
	}
	r = launch(inst, opts, &ready);
	return r < 0 ? r : wait_ready(ready, mask);
}

/* --- stop --- */

void instance_ended(struct instance *inst)
{
	inst->pid = 0;
}

static long long now_ms(void)
{
	struct timespec t;

	(void)clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * 1000LL + t.tv_nsec / 1000000;
}

/* True when the child is gone, at the latest at @deadline (false then). */
static bool reap_until(pid_t pid, long long deadline)
{
	sigset_t chld;

	sigemptyset(&chld);
	sigaddset(&chld, SIGCHLD);
	for (;;) {
		pid_t got = waitpid(pid, NULL, WNOHANG);
		long long left = deadline - now_ms();
		struct timespec limit = { left / 1000, left % 1000 * 1000000 };

		if (got == pid || (got < 0 && errno != EINTR))
			return true;
		if (left <= 0)
			return false;
		(void)sigtimedwait(&chld, NULL, &limit);
	}
}

void instance_stop(struct instance *inst)
{
	inst->parent_fd = close_fd(inst->parent_fd);
	if (inst->pid && !reap_until(inst->pid, now_ms() + STOP_TIMEOUT_MS)) {
		cli_error(0, "swteed did not end within %d s and is killed", STOP_TIMEOUT_MS / 1000);
		(void)kill(inst->pid, SIGKILL);
		(void)waitpid(inst->pid, NULL, 0);
	}
	inst->pid = 0;
	if (inst->dir[0])
		cli_rundir_remove(inst->dir);
	inst->dir[0] = '\0';
}
