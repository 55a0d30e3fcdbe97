/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The benchmark: run inside an instance (`swtee run -- bench`), everything in one
 * run so that ratios mean something on a machine whose speed drifts.
 */
#include <errno.h>
#include <getopt.h>
#include <inttypes.h>
#include <spawn.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "clock.h"
#include "gp.h"
#include "memory.h"
#include "relay.h"
#include "report.h"
#include "scale.h"
#include "trap.h"

#define RELAY_ROUNDS 20000
#define START_ROUNDS 7

extern char **environ;

static void relay_bench(struct report *report)
{
	static const char *const keys[] = { "relay1_ns", "relay2_ns", "relay3_ns" };
	static const char *const free_keys[] = { "relay1_free_ns", "relay2_free_ns",
						 "relay3_free_ns" };

	/*
	 * The floor is the faster placement: all ends on one CPU. The other
	 * figure is what a relay gets that leaves placement to the scheduler.
	 */
	for (unsigned int i = 0; i < 3; i++)
		report_add(report, keys[i], relay_futex_ns(i + 1, RELAY_ROUNDS, true));
	for (unsigned int i = 0; i < 3; i++)
		report_add(report, free_keys[i], relay_futex_ns(i + 1, RELAY_ROUNDS, false));
	report_add(report, "unix_pingpong_ns", relay_unix_ns(RELAY_ROUNDS));
}

/* From the start of `swtee run` to the return of the first invoke, all cold. */
static double start_once(const char *swtee, const char *ta_dir, const char *self)
{
	const char *argv[] = { swtee, "run", "--ta-dir", ta_dir, "--", self, "--first-invoke",
			       NULL };
	posix_spawn_file_actions_t actions;
	uint64_t start, end = 0;
	char line[64] = "";
	int pipefd[2], status;
	ssize_t n;
	pid_t pid;

	if (pipe(pipefd) < 0)
		return -1;
	posix_spawn_file_actions_init(&actions);
	posix_spawn_file_actions_adddup2(&actions, pipefd[1], STDOUT_FILENO);
	posix_spawn_file_actions_addclose(&actions, pipefd[0]);
	posix_spawn_file_actions_addclose(&actions, pipefd[1]);
	start = clock_ns();
	if (posix_spawn(&pid, swtee, &actions, NULL, (char *const *)argv, environ) != 0)
		return -1;
	close(pipefd[1]);
	n = read(pipefd[0], line, sizeof(line) - 1);
	if (n > 0)
		end = strtoull(line, NULL, 10);
	close(pipefd[0]);
	waitpid(pid, &status, 0);
	posix_spawn_file_actions_destroy(&actions);
	return end > start ? (double)(end - start) / 1e6 : -1;
}

static int compare(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return x < y ? -1 : x > y;
}

/* The median: one start on a shared machine says little. */
static double start_bench(const char *swtee, const char *ta_dir, const char *self)
{
	double ms[START_ROUNDS];

	for (unsigned int i = 0; i < START_ROUNDS; i++) {
		ms[i] = start_once(swtee, ta_dir, self);
		if (ms[i] < 0)
			return -1;
	}
	qsort(ms, START_ROUNDS, sizeof(ms[0]), compare);
	return ms[START_ROUNDS / 2];
}

static int usage(void)
{
	fprintf(stderr, "usage: bench [--json FILE] [--swtee PROGRAM --ta-dir DIR]\n"
			"       bench --first-invoke\n"
			"       bench --scale [--json FILE]\n"
			"Run it inside an instance: swtee run -- bench\n");
	return 2;
}

int main(int argc, char **argv)
{
	static const struct option options[] = {
		{ "json", required_argument, NULL, 'j' },
		{ "swtee", required_argument, NULL, 's' },
		{ "ta-dir", required_argument, NULL, 't' },
		{ "first-invoke", no_argument, NULL, 'f' },
		{ "scale", no_argument, NULL, 'S' },
		{ 0 }
	};
	const char *json = NULL, *swtee = NULL, *ta_dir = NULL;
	struct report *report;
	bool scale_only = false;
	int opt, r;

	while ((opt = getopt_long(argc, argv, "", options, NULL)) != -1) {
		switch (opt) {
		case 'j':
			json = optarg;
			break;
		case 's':
			swtee = optarg;
			break;
		case 't':
			ta_dir = optarg;
			break;
		case 'f':
			return gp_first_invoke() < 0;
		case 'S':
			scale_only = true;
			break;
		default:
			return usage();
		}
	}
	if (optind < argc)
		return usage();
	report = report_new();
	if (!report)
		return 1;
	r = 0;
	if (!scale_only) {
		relay_bench(report);
		r = gp_bench(report);
		report_add(report, "trap_invoke_ta_ns", trap_invoke_ns());
		report_add(report, "trap_open_ns", trap_open_ns());
		report_add(report, "open_ns", open_ns());
	}
	if (r == 0)
		scale_bench(report);
	if (r == 0 && swtee && ta_dir)
		report_add(report, "start_to_first_invoke_ms", start_bench(swtee, ta_dir, argv[0]));
	report_print(report);
	if (r == 0 && json) {
		r = report_write_json(report, json);
		if (r < 0)
			fprintf(stderr, "bench: cannot write %s: %s\n", json, strerror(-r));
	}
	report_free(report);
	return r < 0;
}
