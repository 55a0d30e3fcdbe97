/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * swtee-qtee: the QTEE world
 *
 * Started by swteed with the sockets of abi/world.h. Ends when swteed hangs up.
 */
#include <getopt.h>
#include <malloc.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <unistd.h>

#include "abi/world.h"
#include "base/log.h"
#include "secure/qtee/world.h"

static void usage(FILE *out)
{
	fprintf(out, "usage: swtee-qtee --minkhost PATH\n"
		     "\n"
		     "The QTEE world of swtee. Not for use by hand: swteed starts it, with a\n"
		     "control socket as descriptor %d and a memory socket as descriptor %d.\n"
		     "\n"
		     "  --minkhost PATH  the program that runs trusted applications\n"
		     "  --help         this text\n",
		WORLD_FD_CONTROL, WORLD_FD_MEMORY);
}

/* Each shared buffer and each TA takes a descriptor or two. */
static void raise_descriptor_limit(void)
{
	struct rlimit limit;

	if (getrlimit(RLIMIT_NOFILE, &limit) == 0) {
		limit.rlim_cur = limit.rlim_max;
		(void)setrlimit(RLIMIT_NOFILE, &limit);
	}
}

int main(int argc, char **argv)
{
	static const struct option options[] = {
		{ "minkhost", required_argument, NULL, 't' },
		{ "help", no_argument, NULL, 'h' },
		{ NULL, 0, NULL, 0 },
	};
	struct qtee_world_config config = {
		.control_fd = WORLD_FD_CONTROL,
		.memory_fd = WORLD_FD_MEMORY,
	};
	struct qtee_world *world;
	int c;

	while ((c = getopt_long(argc, argv, "h", options, NULL)) != -1) {
		switch (c) {
		case 't':
			config.minkhost = optarg;
			break;
		case 'h':
			usage(stdout);
			return EXIT_SUCCESS;
		default:
			usage(stderr);
			return EXIT_FAILURE;
		}
	}
	if (!config.minkhost || optind != argc) {
		usage(stderr);
		return EXIT_FAILURE;
	}

	log_init("swtee-qtee", LOG_WARN);
	/* A log that nobody reads any more is no reason to end; hosts inherit this. */
	(void)signal(SIGPIPE, SIG_IGN);
	/* Before there are threads; one arena for all of them keeps the process small. */
	(void)mallopt(M_ARENA_MAX, 1);
	(void)prctl(PR_SET_NAME, "swtee-qtee");
	raise_descriptor_limit();
	if (qtee_world_new(&config, &world) < 0)
		return EXIT_FAILURE;
	/* Calls may still be under way: the process ends around them. */
	_exit(qtee_world_run(world) < 0 ? EXIT_FAILURE : EXIT_SUCCESS);
}
