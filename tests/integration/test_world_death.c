/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * kill -9 of the world: calls in flight return an error and never hang, sessions
 * of the old world are dead, shared memory that was there stays usable, and the
 * device comes back, time and again.
 */
#include "fixture.h"

#include <pthread.h>
#include <signal.h>
#include <string.h>

#include "hello_world_ta.h"
#include "shared_memory_ta.h"
#include "test_tas.h"

#define TARGET_DEAD 0xFFFF3024u
#define N_WORLDS 3

static const TEEC_UUID hello = TA_HELLO_WORLD_UUID;
static const TEEC_UUID crash = TEST_TA_CRASH_UUID;

static void *call_in_flight(void *data)
{
	struct client *client = data;
	uint32_t origin = 0;
	TEEC_Result res = client_tell(client, TEST_CRASH_CMD_BUSY, 20000, &origin);

	CHECK(res == TEEC_ERROR_COMMUNICATION || res == TARGET_DEAD, "result 0x%08x", res);
	return NULL;
}

/* The new world is there when a session opens again. */
static void open_again(struct client *client)
{
	uint32_t origin;
	TEEC_Result res = TEEC_ERROR_GENERIC;

	for (int i = 0; i < 500 && res != TEEC_SUCCESS; i++) {
		res = client_try_open(client, &hello, &origin);
		if (res != TEEC_SUCCESS)
			sleep_ms(20);
	}
	CHECK(res == TEEC_SUCCESS, "the device did not come back: 0x%08x", res);
}

static void kill_world(TEEC_Context *ctx)
{
	struct client victims[4], idle, again;
	pthread_t threads[4];
	struct instance instance;
	uint32_t origin, value;
	TEEC_Result res;

	instance_find(&instance);
	client_open(&idle, &hello);
	for (int i = 0; i < 4; i++) {
		client_open(&victims[i], &crash);
		CHECK_EQ(pthread_create(&threads[i], NULL, call_in_flight, &victims[i]), 0);
	}
	sleep_ms(100);
	kill(instance.world, SIGKILL);
	for (int i = 0; i < 4; i++)
		pthread_join(threads[i], NULL);
	open_again(&again);
	CHECK_EQ(client_invoke(&again, TA_HELLO_WORLD_CMD_INCREMENT, 1, &value, NULL),
		 TEEC_SUCCESS);
	CHECK_EQ(value, 2);

	/* Old sessions say so and can be closed. */
	res = client_invoke(&idle, TA_HELLO_WORLD_CMD_INCREMENT, 1, NULL, &origin);
	CHECK(res == TARGET_DEAD || res == TEEC_ERROR_COMMUNICATION, "result 0x%08x", res);
	client_close(&idle);
	for (int i = 0; i < 4; i++)
		client_close(&victims[i]);
	client_close(&again);
}

/* Memory that was shared with the old world is shared with the new one. */
static void check_memory(TEEC_Context *ctx, TEEC_SharedMemory *shm, uint8_t value)
{
	static const TEEC_UUID uuid = TA_SHARED_MEMORY_UUID;
	TEEC_Operation op = { 0 };
	TEEC_Session session;
	uint32_t origin;

	CHECK_EQ(TEEC_OpenSession(ctx, &session, &uuid, TEEC_LOGIN_PUBLIC, NULL, NULL, &origin),
		 TEEC_SUCCESS);
	op.paramTypes = TEEC_PARAM_TYPES(TEEC_MEMREF_WHOLE, TEEC_VALUE_INPUT, TEEC_NONE, TEEC_NONE);
	op.params[0].memref.parent = shm;
	op.params[1].value.a = value;
	CHECK_EQ(TEEC_InvokeCommand(&session, TA_SHARED_MEMORY_CMD_FILL, &op, &origin),
		 TEEC_SUCCESS);
	for (size_t i = 0; i < shm->size; i++)
		CHECK_EQ(((uint8_t *)shm->buffer)[i], value);
	TEEC_CloseSession(&session);
}

int main(int argc, char **argv)
{
	TEEC_SharedMemory shm = { .size = 100000, .flags = TEEC_MEM_OUTPUT };
	TEEC_Context ctx;

	CHECK_EQ(TEEC_InitializeContext(NULL, &ctx), TEEC_SUCCESS);
	CHECK_EQ(TEEC_AllocateSharedMemory(&ctx, &shm), TEEC_SUCCESS);
	check_memory(&ctx, &shm, 1);
	for (uint8_t i = 0; i < N_WORLDS; i++) {
		kill_world(&ctx);
		check_memory(&ctx, &shm, (uint8_t)(i + 2));
	}
	TEEC_ReleaseSharedMemory(&shm);
	TEEC_FinalizeContext(&ctx);
	return 0;
}
