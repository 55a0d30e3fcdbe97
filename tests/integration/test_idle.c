/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Idle costs no CPU: with open contexts, sessions and a blocked call around,
 * swteed, the world and the TA hosts do not run at all.
 */
#include "fixture.h"

#include <string.h>

#include "hello_world_ta.h"
#include "test_tas.h"

static const TEEC_UUID hello = TA_HELLO_WORLD_UUID;

/* Times that any thread of the process went to sleep or was preempted. */
static unsigned long switches(pid_t pid)
{
	char path[64], line[256];
	unsigned long sum = 0, n;
	FILE *f, *threads;

	snprintf(path, sizeof(path), "ls /proc/%d/task", (int)pid);
	threads = popen(path, "re");
	CHECK(threads, "popen");
	while (fgets(line, sizeof(line), threads)) {
		int tid = atoi(line);

		snprintf(path, sizeof(path), "/proc/%d/task/%d/status", (int)pid, tid);
		f = fopen(path, "re");
		if (!f)
			continue;
		while (fgets(line, sizeof(line), f)) {
			if (sscanf(line, "voluntary_ctxt_switches: %lu", &n) == 1)
				sum += n;
		}
		fclose(f);
	}
	pclose(threads);
	return sum;
}

int main(int argc, char **argv)
{
	struct instance instance;
	struct client clients[4];
	unsigned long before, after;
	pid_t pids[8] = { 0 };
	size_t n;
	int quiet = 0;

#ifdef __SANITIZE_THREAD__
	fprintf(stderr, "skipped: ThreadSanitizer runs a thread of its own in each process\n");
	return 77;
#endif
	instance_find(&instance);
	for (int i = 0; i < 4; i++) {
		client_open(&clients[i], &hello);
		CHECK_EQ(client_invoke(&clients[i], TA_HELLO_WORLD_CMD_INCREMENT, 1, NULL, NULL),
			 0);
	}
	n = instance_ta_hosts(&instance, pids, 6);
	CHECK_EQ(n, 4);
	pids[n] = instance.swteed;
	pids[n + 1] = instance.world;

	/* Idle workers end after a few seconds; then nothing moves any more. */
	for (int i = 0; i < 30 && quiet < 3; i++) {
		before = 0;
		after = 0;
		for (size_t k = 0; k < n + 2; k++)
			before += switches(pids[k]);
		sleep_ms(500);
		for (size_t k = 0; k < n + 2; k++)
			after += switches(pids[k]);
		quiet = before == after ? quiet + 1 : 0;
	}
	CHECK(quiet == 3, "something runs in an idle instance");
	for (int i = 0; i < 4; i++)
		client_close(&clients[i]);
	return 0;
}
