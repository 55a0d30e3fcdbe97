/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Contexts and TA instances are apart: random numbers differ, state is not
 * shared, and FinalizeContext gives everything back.
 */
#include "fixture.h"

#include <string.h>
#include <sys/mman.h>

#include "hello_world_ta.h"
#include "test_tas.h"

static const TEEC_UUID hello = TA_HELLO_WORLD_UUID;
static const TEEC_UUID random_ta = TEST_TA_RANDOM_UUID;

static void get_random(struct client *client, uint8_t bytes[32])
{
	TEEC_Operation op = { 0 };
	uint32_t origin;

	op.paramTypes = TEEC_PARAM_TYPES(TEEC_MEMREF_TEMP_OUTPUT, TEEC_NONE, TEEC_NONE, TEEC_NONE);
	op.params[0].tmpref.buffer = bytes;
	op.params[0].tmpref.size = 32;
	CHECK_EQ(TEEC_InvokeCommand(&client->session, TEST_RANDOM_CMD_FILL, &op, &origin),
		 TEEC_SUCCESS);
	CHECK_EQ(op.params[0].tmpref.size, 32);
}

/* Hosts are copies of one template: each must have its own randomness. */
static void check_random(void)
{
	enum { N = 6 };
	struct client clients[N];
	uint8_t bytes[2 * N][32] = { 0 };

	for (int i = 0; i < N; i++)
		client_open(&clients[i], &random_ta);
	for (int i = 0; i < N; i++) {
		get_random(&clients[i], bytes[2 * i]);
		get_random(&clients[i], bytes[2 * i + 1]);
	}
	for (int i = 0; i < 2 * N; i++) {
		for (int k = 0; k < i; k++)
			CHECK(memcmp(bytes[i], bytes[k], 32), "two answers are the same");
	}
	for (int i = 0; i < N; i++)
		client_close(&clients[i]);
}

/* Two contexts in one process, used in turn; closing one leaves the other. */
static void check_contexts(void)
{
	struct client a, b;
	uint32_t value;

	client_open(&a, &hello);
	client_open(&b, &hello);
	for (uint32_t i = 0; i < 100; i++) {
		CHECK_EQ(client_invoke(&a, TA_HELLO_WORLD_CMD_INCREMENT, i, &value, NULL), 0);
		CHECK_EQ(value, i + 1);
		CHECK_EQ(client_invoke(&b, TA_HELLO_WORLD_CMD_DECREMENT, i, &value, NULL), 0);
		CHECK_EQ(value, i - 1);
	}
	client_close(&a);
	CHECK_EQ(client_invoke(&b, TA_HELLO_WORLD_CMD_INCREMENT, 7, &value, NULL), 0);
	CHECK_EQ(value, 8);
	client_close(&b);
}

/* FinalizeContext without CloseSession and ReleaseSharedMemory before it */
static void check_finalize(void)
{
	TEEC_SharedMemory shm = { .size = 200000, .flags = TEEC_MEM_OUTPUT };
	struct client client;

	client_open(&client, &hello);
	CHECK_EQ(TEEC_AllocateSharedMemory(&client.ctx, &shm), TEEC_SUCCESS);
	memset(shm.buffer, 1, shm.size);
	TEEC_FinalizeContext(&client.ctx);
	/* The mapping holds the memory; it goes with the mapping. */
	TEEC_ReleaseSharedMemory(&shm);
}

int main(int argc, char **argv)
{
	struct instance instance;
	struct counts before;

	instance_find(&instance);
	check_random();
	check_contexts();
	instance_warm_up(&instance);
	counts_take(&instance, &before);
	for (int i = 0; i < 20; i++) {
		check_contexts();
		check_finalize();
	}
	counts_settle(&instance, &before);
	return 0;
}
