/* SPDX-License-Identifier: BSD-2-Clause */
/* swtee: the subcommands and how they are told apart */
#include "cli/cli.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "abi/front.h"
#include "base/runtime_dir.h"

static const char help_text[] =
	"Usage: swtee run [OPTION]... [--] [CMD [ARG]...]\n"
	"       swtee run --attach[=NAME] [--] [CMD [ARG]...]\n"
	"       swtee [--instance NAME] ls | contexts | shm | sessions [--json]\n"
	"       swtee help | --help | --version\n"
	"\n"
	"swtee is a TEE in software: programs find /dev/tee0 and what is behind it\n"
	"without any hardware.\n"
	"\n"
	"run: start a private instance, run CMD (default: $SHELL) with its devices, and\n"
	"take the instance down again. Exits with the status of CMD, with 128 + N if\n"
	"signal N ended it, 127 if CMD was not found, 126 if it cannot be executed, and\n"
	"125 if the instance could not be started.\n"
	"  --ta-dir DIR      find trusted applications in DIR as well (repeatable; first\n"
	"                    match wins, the ones that come with swtee are last)\n"
	"  --config FILE     configuration of the instance\n"
	"  --state DIR       keep trusted storage and keys in DIR (made if missing);\n"
	"                    without it they are gone afterwards\n"
	"  --log-level L     error, warn, info or debug\n"
	"  --attach[=NAME]   use a running service instead, the system's or the one NAME\n"
	"  --no-shim         do not preload the library that answers for libc\n"
	"  --no-trap         do not filter system calls; static programs, and those that\n"
	"                    make system calls by themselves, then find no devices\n"
	"\n"
	"ls: list the devices of the instance of this session, or else of the system's.\n"
	"contexts: what is open on them, by whom.  shm: shared memory and who holds it.\n"
	"sessions: sessions with trusted applications.\n"
	"  --json            as a JSON array\n"
	"\n"
	"--instance NAME: of the service NAME (swteed --instance NAME).\n";

/* --instance, NULL without it */
static const char *arg_instance;

void cli_error(int err, const char *fmt, ...)
{
	char line[2 * PATH_MAX];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(line, sizeof(line), fmt, ap);
	va_end(ap);
	if (err)
		fprintf(stderr, "swtee: %s: %s\n", line, strerror(-err));
	else
		fprintf(stderr, "swtee: %s\n", line);
}

/* What was printed may not have arrived: a full disk, a closed pipe. */
static int flushed(int status)
{
	if (fflush(stdout) == 0 && !ferror(stdout))
		return status;
	cli_error(-errno, "cannot write to standard output");
	return EXIT_SWTEE;
}

bool cli_instance_named(void)
{
	return arg_instance;
}

int cli_runtime_dir(const char *name, char ret[PATH_MAX])
{
	const char *dir = getenv(FRONT_ENV);
	int r;

	if (!name)
		name = arg_instance;
	if (!name && dir && *dir)
		return snprintf(ret, PATH_MAX, "%s", dir) < PATH_MAX ? 0 : -ENAMETOOLONG;
	r = runtime_dir_of(FRONT_SYSTEM_DIR, name, ret, PATH_MAX);
	if (r < 0)
		cli_error(0, "'%s' is no name of an instance: letters, digits, '.', '_' and '-', "
			  "at most %d", name, INSTANCE_NAME_MAX);
	return r;
}

static int help(void)
{
	fputs(help_text, stdout);
	return flushed(0);
}

int main(int argc, char **argv)
{
	const char *name;

	if (argc > 2 && !strcmp(argv[1], "--instance")) {
		arg_instance = argv[2];
		argc -= 2;
		argv += 2;
	}
	name = argc > 1 ? argv[1] : NULL;
	if (!name) {
		fputs(help_text, stderr);
		return EXIT_SWTEE;
	}
	if (!strcmp(name, "run"))
		return cli_run(argc - 1, argv + 1);
	if (!strcmp(name, "ls"))
		return flushed(cli_ls(argc - 1, argv + 1));
	if (!strcmp(name, "contexts") || !strcmp(name, "shm") || !strcmp(name, "sessions"))
		return flushed(cli_status(argc - 1, argv + 1));
	if (!strcmp(name, "help") || !strcmp(name, "--help") || !strcmp(name, "-h"))
		return help();
	if (!strcmp(name, "--version") || !strcmp(name, "-V")) {
		puts("swtee " SWTEE_VERSION);
		return flushed(0);
	}
	cli_error(0, "unknown command '%s'; \"swtee help\" lists the commands", name);
	return EXIT_SWTEE;
}
