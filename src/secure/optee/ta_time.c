/* SPDX-License-Identifier: BSD-2-Clause */
#include "secure/optee/ta_time.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "abi/tee_result.h"
#include "secure/optee/rpc.h"
#include "secure/optee/session.h"

#define TA_TIME_MAX 1024u

#define WAIT_FOR_EVER 0xffffffffu
/* How late a wait notices that it was cancelled */
#define WAIT_SLICE_MS 20u

void ta_time_init(struct ta_time_table *table)
{
	*table = (struct ta_time_table){ .times = NULL };
	pthread_mutex_init(&table->lock, NULL);
}

void ta_time_deinit(struct ta_time_table *table)
{
	pthread_mutex_destroy(&table->lock);
	free(table->times);
}

/* Goes on while the machine sleeps, and never back. */
static int64_t now_ms(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_BOOTTIME, &ts);
	return (int64_t)ts.tv_sec * 1000 + ts.tv_nsec / 1000000;
}

/* With the lock held */
static struct ta_time *time_find(struct ta_time_table *table, const uint8_t uuid[16])
{
	for (size_t i = 0; i < table->n_times; i++) {
		if (!memcmp(table->times[i].uuid, uuid, 16))
			return &table->times[i];
	}
	return NULL;
}

static struct ta_time *time_add(struct ta_time_table *table, const uint8_t uuid[16])
{
	struct ta_time *times;

	if (table->n_times == TA_TIME_MAX)
		return NULL;
	times = realloc(table->times, (table->n_times + 1) * sizeof(*times));
	if (!times)
		return NULL;
	table->times = times;
	memcpy(times[table->n_times].uuid, uuid, 16);
	return &times[table->n_times++];
}

uint32_t ta_time_set(struct ta_time_table *table, const uint8_t uuid[16], uint32_t s, uint32_t ms)
{
	uint32_t res = TEE_R_OUT_OF_MEMORY;
	struct ta_time *time;

	if (ms >= 1000)
		return TEE_R_BAD_PARAMETERS;
	pthread_mutex_lock(&table->lock);
	time = time_find(table, uuid);
	if (!time)
		time = time_add(table, uuid);
	if (time) {
		time->offset_ms = (int64_t)s * 1000 + ms - now_ms();
		res = TEE_R_SUCCESS;
	}
	pthread_mutex_unlock(&table->lock);
	return res;
}

uint32_t ta_time_get(struct ta_time_table *table, const uint8_t uuid[16], uint32_t *ret_s,
		     uint32_t *ret_ms)
{
	const struct ta_time *time;
	uint64_t t = 0;
	bool set;

	pthread_mutex_lock(&table->lock);
	time = time_find(table, uuid);
	set = time;
	if (time)
		t = (uint64_t)(now_ms() + time->offset_ms);
	pthread_mutex_unlock(&table->lock);

	*ret_s = (uint32_t)(t / 1000);
	*ret_ms = (uint32_t)(t % 1000);
	if (!set)
		return TEE_R_TIME_NOT_SET;
	return t / 1000 > UINT32_MAX ? TEE_R_OVERFLOW : TEE_R_SUCCESS;
}

uint32_t ta_time_wait(struct thread *thread, const struct session *session, uint32_t ms)
{
	int64_t end = ms == WAIT_FOR_EVER ? INT64_MAX : now_ms() + ms;

	for (;;) {
		int64_t left = end - now_ms();
		uint32_t slice = left < WAIT_SLICE_MS ? (uint32_t)left : WAIT_SLICE_MS;

		if (session && session_is_cancelled(session))
			return TEE_R_CANCEL;
		if (left <= 0)
			return TEE_R_SUCCESS;
		if (rpc_suspend(thread, slice) != TEE_R_SUCCESS) {
			struct timespec ts = { .tv_nsec = (long)slice * 1000000 };

			(void)nanosleep(&ts, NULL);
		}
	}
}
