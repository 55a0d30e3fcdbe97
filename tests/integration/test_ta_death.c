/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A TA that panics, crashes or is killed: the call and the next one say
 * TARGET_DEAD, a new session works, other TAs do not notice.
 */
#include "fixture.h"

#include <pthread.h>
#include <signal.h>
#include <string.h>

#include "hello_world_ta.h"
#include "test_tas.h"

#define TARGET_DEAD 0xFFFF3024u

static const TEEC_UUID hello = TA_HELLO_WORLD_UUID;
static const TEEC_UUID crash = TEST_TA_CRASH_UUID;

static void check_dead(struct client *client, uint32_t cmd, uint32_t arg)
{
	uint32_t origin = 0;

	CHECK_EQ(client_tell(client, cmd, arg, &origin), TARGET_DEAD);
	CHECK_EQ(origin, TEEC_ORIGIN_TEE);
}

static void check_one(uint32_t cmd, uint32_t arg)
{
	struct client client;

	client_open(&client, &crash);
	check_dead(&client, cmd, arg);
	check_dead(&client, cmd, arg);
	client_close(&client);
	client_open(&client, &crash);
	CHECK_EQ(client_tell(&client, TEST_CRASH_CMD_WAIT, 0, NULL), TEEC_SUCCESS);
	client_close(&client);
}

static pid_t only_host(const struct instance *instance)
{
	pid_t pid;

	CHECK_EQ(instance_ta_hosts(instance, &pid, 1), 1);
	return pid;
}

static void *kill_host(void *data)
{
	sleep_ms(50);
	kill(*(pid_t *)data, SIGKILL);
	return NULL;
}

/* kill -9 of the host while it is idle, and in the middle of a call */
static void check_killed(const struct instance *instance)
{
	struct client client;
	pthread_t thread;
	pid_t pid;

	client_open(&client, &crash);
	pid = only_host(instance);
	kill(pid, SIGKILL);
	check_dead(&client, TEST_CRASH_CMD_WAIT, 0);
	check_dead(&client, TEST_CRASH_CMD_WAIT, 0);
	client_close(&client);

	client_open(&client, &crash);
	pid = only_host(instance);
	CHECK_EQ(pthread_create(&thread, NULL, kill_host, &pid), 0);
	check_dead(&client, TEST_CRASH_CMD_BUSY, 20000);
	pthread_join(thread, NULL);
	check_dead(&client, TEST_CRASH_CMD_WAIT, 0);
	client_close(&client);

	client_open(&client, &crash);
	CHECK_EQ(client_tell(&client, TEST_CRASH_CMD_WAIT, 0, NULL), TEEC_SUCCESS);
	client_close(&client);
}

int main(int argc, char **argv)
{
	static const uint32_t cmds[] = { TEST_CRASH_CMD_SEGV, TEST_CRASH_CMD_ABORT,
					 TEST_CRASH_CMD_PANIC, TEST_CRASH_CMD_STACK,
					 TEST_CRASH_CMD_EXIT };
	struct instance instance;
	struct counts before;
	struct client other;
	uint32_t value;

	instance_find(&instance);
	client_open(&other, &crash);
	client_close(&other);
	instance_warm_up(&instance);
	counts_take(&instance, &before);

	check_killed(&instance);
	client_open(&other, &hello);
	for (size_t i = 0; i < sizeof(cmds) / sizeof(cmds[0]); i++) {
		check_one(cmds[i], 0xdead0000u + (uint32_t)i);
		CHECK_EQ(client_invoke(&other, TA_HELLO_WORLD_CMD_INCREMENT, 1, &value, NULL),
			 TEEC_SUCCESS);
		CHECK_EQ(value, 2);
	}
	client_close(&other);
	counts_settle(&instance, &before);
	return 0;
}
