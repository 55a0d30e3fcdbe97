/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Time of trusted applications
 *
 * The persistent time of a TA is a clock of its own, set by the TA, kept per UUID
 * in memory: it is gone when the trusted OS is. Functions return a TEE result.
 */
#ifndef SECURE_OPTEE_TA_TIME_H
#define SECURE_OPTEE_TA_TIME_H

#include <pthread.h>
#include <stddef.h>
#include <stdint.h>

struct session;
struct thread;

struct ta_time {
	uint8_t uuid[16];
	int64_t offset_ms;	/* to the clock of this machine */
};

struct ta_time_table {
	pthread_mutex_t lock;
	struct ta_time *times;
	size_t n_times;
};

void ta_time_init(struct ta_time_table *table);
void ta_time_deinit(struct ta_time_table *table);

/* BAD_PARAMETERS when @ms is no part of a second; OUT_OF_MEMORY. */
uint32_t ta_time_set(struct ta_time_table *table, const uint8_t uuid[16], uint32_t s,
		     uint32_t ms);

/*
 * TIME_NOT_SET; OVERFLOW when the seconds left 32 bits, *@ret_s then has the low
 * ones. Both outputs are written in any case.
 */
uint32_t ta_time_get(struct ta_time_table *table, const uint8_t uuid[16], uint32_t *ret_s,
		     uint32_t *ret_ms);

/*
 * Wait @ms in the normal world, for ever when that is all ones. CANCEL when
 * @session, which may be NULL, is cancelled and does not mask it.
 */
uint32_t ta_time_wait(struct thread *thread, const struct session *session, uint32_t ms);

#endif /* SECURE_OPTEE_TA_TIME_H */
