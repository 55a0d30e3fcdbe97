/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What the integration tests share
 *
 * Each test is a program that runs inside an instance of its own (`swtee run --
 * test`), speaks to it through libteec or the device, and looks at the instance's
 * processes from outside.
 */
#ifndef TESTS_INTEGRATION_FIXTURE_H
#define TESTS_INTEGRATION_FIXTURE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/types.h>

#include "tee_client_api.h"

#define CHECK(cond, ...) \
	do { \
		if (!(cond)) { \
			fprintf(stderr, "%s:%d: %s: ", __FILE__, __LINE__, #cond); \
			fprintf(stderr, __VA_ARGS__); \
			fputc('\n', stderr); \
			exit(1); \
		} \
	} while (0)

#define CHECK_EQ(a, b) \
	do { \
		long long a_ = (long long)(a), b_ = (long long)(b); \
		CHECK(a_ == b_, "%lld (0x%llx) is not %lld (0x%llx)", a_, (unsigned long long)a_, \
		      b_, (unsigned long long)b_); \
	} while (0)

/* Rounds, divided under sanitizers, where each costs many times as much. */
unsigned int scaled(unsigned int rounds);

/* --- clients --- */

struct client {
	TEEC_Context ctx;
	TEEC_Session session;
};

/* Both must succeed. */
void client_open(struct client *client, const TEEC_UUID *uuid);
void client_close(struct client *client);

/* Result of opening a session; the origin is checked against @origin. */
TEEC_Result client_try_open(struct client *client, const TEEC_UUID *uuid, uint32_t *ret_origin);

/* With one VALUE_INOUT parameter */
TEEC_Result client_invoke(struct client *client, uint32_t cmd, uint32_t a, uint32_t *ret_a,
			  uint32_t *ret_origin);

/* With one VALUE_INPUT parameter and no answer but the result */
TEEC_Result client_tell(struct client *client, uint32_t cmd, uint32_t a, uint32_t *ret_origin);

/* --- the instance's processes --- */

struct instance {
	pid_t swteed;
	pid_t world;
};

/* Finds them; exits when the test does not run inside an instance. */
void instance_find(struct instance *instance);
/* The same with another world, by the name of its program */
void instance_find_world(struct instance *instance, const char *program);
/* TA hosts that run now: those named "ta:..."; returns how many. */
size_t instance_ta_hosts(const struct instance *instance, pid_t *pids, size_t max);

/*
 * Let the instance make what it keeps for reuse (CPUs of the world), and let what it
 * made only for that go again, so that counts taken after it are a fair beginning.
 */
void instance_warm_up(struct instance *instance);

/* What must be the same before and after */
struct counts {
	size_t swteed_fds, swteed_maps, swteed_threads;
	size_t world_fds, world_maps, world_threads;
	size_t ta_hosts;
};

void counts_take(const struct instance *instance, struct counts *counts);
/* Wait (some seconds) until the counts are at most those of @before. */
void counts_settle(const struct instance *instance, const struct counts *before);

void sleep_ms(unsigned int ms);

#endif /* TESTS_INTEGRATION_FIXTURE_H */
