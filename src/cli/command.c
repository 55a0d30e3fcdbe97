/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * CMD of `swtee run`
 *
 * CMD is in our process group, so that the shell's job control sees one job and
 * the terminal reaches both: what the terminal sends (SI_KERNEL) CMD has got by
 * itself and it is not repeated; what another process sends to us is passed on.
 *
 * If we are killed, CMD is killed as well: its devices are gone then, and who
 * kills a tool that runs a command does not want the command to stay. Nobody can
 * do that for CMD's own descendants; they see their devices fail with ENODEV.
 */
#include "cli/command.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "abi/front.h"
#include "base/auto.h"
#include "cli/cli.h"
#include "cli/instance.h"
#include "client/trap/trap.h"

#define PRELOAD_ENV "LD_PRELOAD"

static const int forwarded[] = {
	SIGTERM, SIGINT, SIGHUP, SIGQUIT, SIGUSR1, SIGUSR2, SIGCONT, SIGALRM, SIGWINCH,
};

void command_block_signals(struct command_signals *saved)
{
	const struct sigaction dfl = { .sa_handler = SIG_DFL };
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGCHLD);
	for (size_t i = 0; i < sizeof(forwarded) / sizeof(forwarded[0]); i++)
		sigaddset(&set, forwarded[i]);
	(void)sigprocmask(SIG_BLOCK, &set, &saved->mask);
	/* Who ignores it never hears of its children's end. */
	(void)sigaction(SIGCHLD, &dfl, &saved->chld);
}

/* --- environment --- */

/*
 * A path for LD_PRELOAD, where blanks and colons separate and a dollar expands:
 * a link in the runtime directory stands for one that has them.
 */
static int preload_path(const char *link_dir, char ret[PATH_MAX])
{
	char shim[PATH_MAX];
	int r = cli_find_shim(shim);

	if (r < 0) {
		cli_error(r, "cannot find libswtee-shim.so, which belongs beside this program "
			  "or in %s", SWTEE_LIBDIR);
		return r;
	}
	if (!strpbrk(shim, " \t\n:$")) {
		memcpy(ret, shim, sizeof(shim));
		return 0;
	}
	if (!link_dir) {
		cli_error(0, "the path %s has characters that LD_PRELOAD cannot carry; install "
			  "swtee where there are none", shim);
		return -EINVAL;
	}
	if (snprintf(ret, PATH_MAX, "%s/libswtee-shim.so", link_dir) >= PATH_MAX)
		return -ENAMETOOLONG;
	if (symlink(shim, ret) < 0) {
		cli_error(-errno, "cannot make the link %s", ret);
		return -errno;
	}
	return 0;
}

/* Ours in front of what the user preloads, unless it is there already. */
static int preload_value(const char *shim, char **ret)
{
	const char *old = getenv(PRELOAD_ENV);
	size_t len = strlen(shim);
	int n;

	if (!old || !*old)
		n = asprintf(ret, "%s", shim);
	else if (!strncmp(old, shim, len) && (!old[len] || strchr(": ", old[len])))
		n = asprintf(ret, "%s", old);
	else
		n = asprintf(ret, "%s:%s", shim, old);
	return n < 0 ? -ENOMEM : 0;
}

int command_set_environment(const char *dir, const char *link_dir, bool preload)
{
	AUTO_FREE char *value = NULL;
	char shim[PATH_MAX];
	int r = preload ? preload_path(link_dir, shim) : 0;

	if (r < 0)
		return r;
	if (preload) {
		r = preload_value(shim, &value);
		if (r < 0)
			value = NULL;
	}
	if (r == 0 && ((preload && setenv(PRELOAD_ENV, value, 1) < 0) ||
		       setenv(FRONT_ENV, dir, 1) < 0))
		r = -errno;
	if (r < 0)
		cli_error(r, "cannot set the environment of the command");
	return r;
}

/* --- start --- */

/* What the child was doing when it came to an error */
enum stage {
	STAGE_INSTALL,		/* the filter: it goes on without */
	STAGE_HAND_OVER,	/* its listener: it has ended, with nothing done */
	STAGE_EXEC,		/* CMD: it has ended */
};

struct failure {
	enum stage stage;
	int error;
};

struct start {
	char **argv;
	const struct command_signals *saved;
	pid_t parent;
	int failures;			/* where the child writes them */
	int trap_sock;			/* -1: no trap */
	struct trap_filter filter;
};

static void tell(const struct start *start, enum stage stage, int error)
{
	const struct failure failure = { .stage = stage, .error = error };

	(void)!write(start->failures, &failure, sizeof(failure));
}

static void put_on_trap(const struct start *start)
{
	int r, listener = trap_install(&start->filter);

	if (listener < 0) {
		tell(start, STAGE_INSTALL, listener);
		return;
	}
	r = trap_hand_over(start->trap_sock, listener);
	if (r < 0) {
		tell(start, STAGE_HAND_OVER, r);
		_exit(EXIT_SWTEE);
	}
}

/*
 * In the child of vfork: on our memory, of which it changes nothing but libc's
 * errno. What went wrong goes through a pipe that a successful execvp(3) closes.
 */
static void exec_child(const struct start *start)
{
	(void)prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (getppid() != start->parent)
		_exit(EXIT_SWTEE);
	(void)sigaction(SIGCHLD, &start->saved->chld, NULL);
	if (start->trap_sock >= 0)
		put_on_trap(start);
	(void)sigprocmask(SIG_SETMASK, &start->saved->mask, NULL);
	execvp(start->argv[0], start->argv);
	tell(start, STAGE_EXEC, -errno);
	_exit(EXIT_SWTEE);
}

static void no_trap(const struct command_doors *doors, int error)
{
	const char *hint = "";

	if (!doors->verbose)
		return;
	if (error == -EBUSY)
		hint = " (one is in force already, as in a swtee run within another one)";
	else if (error == -EINVAL)
		hint = " (this needs Linux 5.19)";
	cli_error(error, "no trap for system calls%s: only programs that take the shim find "
		  "the devices", hint);
}

/* The child's pid, or a negative errno: what execvp(3) said included. */
static pid_t start_once(struct start *start, const struct command_doors *doors, bool *ret_again)
{
	struct failure failure;
	int fds[2], error;
	pid_t pid;

	*ret_again = false;
	if (pipe2(fds, O_CLOEXEC) < 0)
		return -errno;
	start->failures = fds[1];
	pid = vfork();
	if (pid == 0)
		exec_child(start);
	error = pid < 0 ? -errno : 0;
	close_fd(fds[1]);
	while (pid > 0 && read(fds[0], &failure, sizeof(failure)) == sizeof(failure)) {
		if (failure.stage != STAGE_EXEC)
			no_trap(doors, failure.error);
		if (failure.stage != STAGE_INSTALL)
			error = failure.error;
		*ret_again = failure.stage == STAGE_HAND_OVER;
	}
	close_fd(fds[0]);
	if (pid > 0 && error)
		(void)waitpid(pid, NULL, 0);
	return error ? error : pid;
}

static pid_t start(char **argv, const struct instance *inst, const struct command_doors *doors,
		   const struct command_signals *saved)
{
	struct start start = {
		.argv = argv,
		.saved = saved,
		.parent = getpid(),
		.trap_sock = -1,
	};
	bool again;
	pid_t pid;

	if (doors->trap) {
		trap_filter_make(&start.filter);
		start.trap_sock = trap_connect(inst->dir);
		if (start.trap_sock < 0)
			no_trap(doors, start.trap_sock);
	}
	pid = start_once(&start, doors, &again);
	start.trap_sock = close_fd(start.trap_sock);
	/* The filter would stay without anybody to serve it; a new process has none. */
	if (again)
		pid = start_once(&start, doors, &again);
	return pid;
}

static int start_failed(const char *cmd, int err)
{
	if (err == -ENOENT || err == -ENOTDIR) {
		cli_error(0, "%s: command not found", cmd);
		return EXIT_NOT_FOUND;
	}
	cli_error(err, "cannot execute %s", cmd);
	return EXIT_NOT_EXECUTABLE;
}

/* --- wait --- */

static int exit_status(int status)
{
	return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
}

/* Reap what has ended. True when CMD has, with its status. */
static bool reap(pid_t pid, struct instance *inst, int *ret_status)
{
	bool done = false;
	int status;
	pid_t got;

	while ((got = waitpid(-1, &status, WNOHANG)) > 0) {
		if (got == pid) {
			*ret_status = exit_status(status);
			done = true;
		} else if (got == inst->pid) {
			instance_ended(inst);
			if (WIFSIGNALED(status))
				cli_error(0, "swteed was ended by signal %d (%s); its devices "
					  "are gone", WTERMSIG(status),
					  strsignal(WTERMSIG(status)));
			else
				cli_error(0, "swteed ended with status %d; its devices are gone",
					  WEXITSTATUS(status));
		}
	}
	return done;
}

static int wait_command(pid_t pid, struct instance *inst)
{
	int status = EXIT_SWTEE;
	siginfo_t info;
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGCHLD);
	for (size_t i = 0; i < sizeof(forwarded) / sizeof(forwarded[0]); i++)
		sigaddset(&set, forwarded[i]);
	while (!reap(pid, inst, &status)) {
		int sig;

		do {
			sig = sigwaitinfo(&set, &info);
		} while (sig < 0 && errno == EINTR);
		if (sig > 0 && sig != SIGCHLD && info.si_code != SI_KERNEL)
			(void)kill(pid, sig);
	}
	return status;
}

int command_run(char **argv, struct instance *inst, const struct command_doors *doors,
		const struct command_signals *saved)
{
	pid_t pid;

	if (command_set_environment(inst->dir, inst->dir, doors->shim) < 0)
		return EXIT_SWTEE;
	pid = start(argv, inst, doors, saved);
	if (pid < 0)
		return start_failed(argv[0], pid);
	return wait_command(pid, inst);
}
