/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Many at once: threads of one process and processes, each with sessions of its
 * own, each answer checked. Then everything must be given back.
 */
#include "fixture.h"

#include <pthread.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "hello_world_ta.h"

#define ROUNDS 100000

static const TEEC_UUID uuid = TA_HELLO_WORLD_UUID;

struct worker {
	pthread_t thread;
	uint32_t seed;
	unsigned int rounds;
};

/* Every answer depends on the question, so answers that were swapped show. */
static void *work(void *data)
{
	struct worker *worker = data;
	struct client client;
	uint32_t value, origin;

	client_open(&client, &uuid);
	for (unsigned int i = 0; i < worker->rounds; i++) {
		uint32_t question = worker->seed + i * 7u;

		CHECK_EQ(client_invoke(&client, TA_HELLO_WORLD_CMD_INCREMENT, question, &value,
				       &origin), TEEC_SUCCESS);
		CHECK_EQ(value, question + 1);
		CHECK_EQ(origin, TEEC_ORIGIN_TRUSTED_APP);
	}
	client_close(&client);
	return NULL;
}

static void run_threads(unsigned int n, uint32_t seed, unsigned int rounds)
{
	struct worker workers[8] = { 0 };

	for (unsigned int i = 0; i < n; i++) {
		workers[i].seed = seed + (i << 24);
		workers[i].rounds = rounds;
		CHECK_EQ(pthread_create(&workers[i].thread, NULL, work, &workers[i]), 0);
	}
	for (unsigned int i = 0; i < n; i++)
		pthread_join(workers[i].thread, NULL);
}

static void run_processes(unsigned int n, unsigned int rounds)
{
	pid_t pids[8];

	for (unsigned int i = 0; i < n; i++) {
		pids[i] = fork();
		CHECK(pids[i] >= 0, "fork");
		if (pids[i] == 0) {
			run_threads(1, i << 16, rounds);
			_exit(0);
		}
	}
	for (unsigned int i = 0; i < n; i++) {
		int status;

		CHECK_EQ(waitpid(pids[i], &status, 0), pids[i]);
		CHECK_EQ(status, 0);
	}
}

int main(int argc, char **argv)
{
	unsigned int rounds = scaled(ROUNDS);
	struct instance instance;
	struct counts before;

	instance_find(&instance);
	instance_warm_up(&instance);
	/* This process's own lane */
	run_threads(1, 0, 10);
	counts_take(&instance, &before);

	if (argc > 1 && !strcmp(argv[1], "threads"))
		run_threads(2, 0, rounds);
	else if (argc > 1 && !strcmp(argv[1], "two"))
		run_processes(2, rounds);
	else
		run_processes(8, rounds);
	counts_settle(&instance, &before);
	return 0;
}
