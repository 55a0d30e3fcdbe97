/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Idle costs no CPU: with open contexts, sessions and a blocked call around,
 * swteed, the world and the TA hosts do not run at all.
 */
#include "fixture.h"

#include <dirent.h>
#include <string.h>

#include "hello_world_ta.h"
#include "test_tas.h"

static const TEEC_UUID hello = TA_HELLO_WORLD_UUID;

/*
 * Files of /proc that stay open: to open one is a call that wakes swteed, if this
 * process has a trap.
 */
struct watched {
	FILE *status[256];
	size_t n;
};

static void watch(struct watched *watched, pid_t pid)
{
	char path[300];
	struct dirent *entry;
	DIR *dir;

	snprintf(path, sizeof(path), "/proc/%d/task", (int)pid);
	dir = opendir(path);
	CHECK(dir, "%s", path);
	while ((entry = readdir(dir))) {
		if (entry->d_name[0] == '.')
			continue;
		CHECK(watched->n < 256, "too many threads");
		snprintf(path, sizeof(path), "/proc/%d/task/%s/status", (int)pid, entry->d_name);
		watched->status[watched->n] = fopen(path, "re");
		if (watched->status[watched->n])
			watched->n++;
	}
	closedir(dir);
}

static void unwatch(struct watched *watched)
{
	while (watched->n)
		fclose(watched->status[--watched->n]);
}

/* Times that any of the threads went to sleep; one that has ended counts no more. */
static unsigned long switches(struct watched *watched)
{
	unsigned long sum = 0, n;
	char line[256];

	for (size_t i = 0; i < watched->n; i++) {
		rewind(watched->status[i]);
		while (fgets(line, sizeof(line), watched->status[i])) {
			if (sscanf(line, "voluntary_ctxt_switches: %lu", &n) == 1)
				sum += n;
		}
	}
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
		struct watched watched = { .n = 0 };

		for (size_t k = 0; k < n + 2; k++)
			watch(&watched, pids[k]);
		/* What the opens woke may take a moment to be quiet again. */
		sleep_ms(1500);
		before = switches(&watched);
		sleep_ms(500);
		after = switches(&watched);
		unwatch(&watched);
		quiet = before == after ? quiet + 1 : 0;
	}
	CHECK(quiet == 3, "something runs in an idle instance");
	for (int i = 0; i < 4; i++)
		client_close(&clients[i]);
	return 0;
}
