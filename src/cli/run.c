/* SPDX-License-Identifier: BSD-2-Clause */
/* swtee run: what the user wants, then an instance around a command */
#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/log.h"
#include "cli/cli.h"
#include "cli/command.h"
#include "cli/instance.h"

#define MAX_TA_DIRS 64

struct run_args {
	struct instance_options opts;
	struct command_doors doors;
	char *ta_dirs[MAX_TA_DIRS + 1];	/* owned; one more for the default */
	char *config;			/* owned */
	char *state;			/* owned */
	char **cmd;			/* ends with NULL; empty: a shell */
	bool attach;			/* to a service, in place of an instance of our own */
	const char *service;		/* its name; NULL: as SWTEE_RUNTIME says */
};

static void run_args_free(struct run_args *args)
{
	for (size_t i = 0; i < args->opts.n_ta_dirs; i++)
		free(args->ta_dirs[i]);
	free(args->config);
	free(args->state);
}

/* swteed gets absolute paths: it need not share our working directory. */
static int resolve(const char *path, const char *what, char **ret)
{
	char *absolute = realpath(path, NULL);

	if (!absolute) {
		cli_error(-errno, "%s %s", what, path);
		return -EINVAL;
	}
	free(*ret);
	*ret = absolute;
	return 0;
}

static int add_ta_dir(struct run_args *args, const char *path)
{
	char *absolute = NULL;
	struct stat st;

	if (args->opts.n_ta_dirs == MAX_TA_DIRS) {
		cli_error(0, "more than %d --ta-dir", MAX_TA_DIRS);
		return -EINVAL;
	}
	if (resolve(path, "TA directory", &absolute) < 0)
		return -EINVAL;
	if (stat(absolute, &st) < 0 || !S_ISDIR(st.st_mode)) {
		cli_error(0, "TA directory %s is not a directory", path);
		free(absolute);
		return -EINVAL;
	}
	args->ta_dirs[args->opts.n_ta_dirs++] = absolute;
	return 0;
}

static int set_state(struct run_args *args, const char *path)
{
	if (mkdir(path, 0700) < 0 && errno != EEXIST) {
		cli_error(-errno, "cannot make state directory %s", path);
		return -EINVAL;
	}
	return resolve(path, "state directory", &args->state);
}

static int set_log_level(struct run_args *args, const char *level)
{
	enum log_level parsed;

	if (log_level_from_string(level, &parsed) < 0) {
		cli_error(0, "log level '%s' is not one of error, warn, info, debug", level);
		return -EINVAL;
	}
	args->opts.log_level = level;
	args->doors.verbose = parsed >= LOG_INFO;
	return 0;
}

static int parse(struct run_args *args, int argc, char **argv)
{
	static const struct option options[] = {
		{ "ta-dir", required_argument, NULL, 't' },
		{ "config", required_argument, NULL, 'c' },
		{ "state", required_argument, NULL, 's' },
		{ "log-level", required_argument, NULL, 'l' },
		{ "attach", optional_argument, NULL, 'a' },
		{ "no-shim", no_argument, NULL, 'S' },
		{ "no-trap", no_argument, NULL, 'T' },
		{ NULL, 0, NULL, 0 },
	};
	int c, r = 0;

	opterr = 0;
	/* The plus: options of CMD are CMD's. The colon: tell what is missing. */
	while (r == 0 && (c = getopt_long(argc, argv, "+:", options, NULL)) != -1) {
		switch (c) {
		case 't':
			r = add_ta_dir(args, optarg);
			break;
		case 'c':
			r = resolve(optarg, "configuration file", &args->config);
			break;
		case 's':
			r = set_state(args, optarg);
			break;
		case 'l':
			r = set_log_level(args, optarg);
			break;
		case 'a':
			args->attach = true;
			args->service = optarg;
			break;
		case 'S':
			args->doors.shim = false;
			break;
		case 'T':
			args->doors.trap = false;
			break;
		case ':':
			cli_error(0, "run: option '%s' needs a value", argv[optind - 1]);
			return -EINVAL;
		default:
			cli_error(0, "run: unknown option '%s'; \"swtee help\" lists them; put -- "
				  "in front of a command that begins with a dash",
				  argv[optind - 1]);
			return -EINVAL;
		}
	}
	args->cmd = argv + optind;
	args->opts.config = args->config;
	args->opts.state = args->state;
	args->opts.ta_dirs = args->ta_dirs;
	if (r == 0 && args->attach && (args->opts.n_ta_dirs || args->opts.config ||
				       args->opts.state || args->opts.log_level ||
				       !args->doors.shim || !args->doors.trap)) {
		cli_error(0, "run: --ta-dir, --config, --state, --log-level, --no-shim and "
			  "--no-trap are for an instance of its own; with --attach the "
			  "configuration of the service decides, and there is no trap");
		return -EINVAL;
	}
	if (r == 0 && !args->attach && cli_instance_named()) {
		cli_error(0, "run: --instance names a running service; use it with --attach");
		return -EINVAL;
	}
	return r;
}

/* Behind the user's: the trusted applications that come with swtee, if built. */
static void add_default_ta_dir(struct run_args *args)
{
	char path[PATH_MAX], *copy;

	if (cli_find_ta_dir(path) < 0)
		return;
	copy = strdup(path);
	if (copy)
		args->ta_dirs[args->opts.n_ta_dirs++] = copy;
}

/*
 * A client of a service: nothing is to be taken down afterwards, so the command takes our
 * place, and a service manager that started us sees it and nothing else.
 */
static int run_attached(struct run_args *args, char **cmd)
{
	char dir[PATH_MAX];
	int r = cli_runtime_dir(args->service, dir);

	if (r < 0)
		return EXIT_SWTEE;
	if (access(dir, X_OK) < 0) {
		cli_error(-errno, "no instance at %s that this user may use; start swteed, or name "
			  "another (--attach=NAME)", dir);
		return EXIT_SWTEE;
	}
	if (command_set_environment(dir, /* link_dir: */ NULL, true) < 0)
		return EXIT_SWTEE;
	(void)execvp(cmd[0], cmd);
	r = -errno;
	if (r == -ENOENT)
		cli_error(0, "%s: command not found", cmd[0]);
	else
		cli_error(r, "cannot execute %s", cmd[0]);
	return r == -ENOENT ? EXIT_NOT_FOUND : EXIT_NOT_EXECUTABLE;
}

static int run(struct run_args *args)
{
	char *shell = getenv("SHELL");
	char *shell_argv[] = { shell && *shell ? shell : (char *)"/bin/sh", NULL };
	struct instance inst = INSTANCE_EMPTY;
	struct command_signals saved;
	int status = EXIT_SWTEE;

	if (args->attach)
		return run_attached(args, *args->cmd ? args->cmd : shell_argv);
	command_block_signals(&saved);
	if (instance_start(&inst, &args->opts, &saved.mask) == 0)
		status = command_run(*args->cmd ? args->cmd : shell_argv, &inst, &args->doors,
				     &saved);
	instance_stop(&inst);
	return status;
}

int cli_run(int argc, char **argv)
{
	struct run_args args = { .doors = { .shim = true, .trap = true } };
	int status = EXIT_SWTEE;

	if (parse(&args, argc, argv) == 0) {
		add_default_ta_dir(&args);
		status = run(&args);
	}
	run_args_free(&args);
	return status;
}
