/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Sessions of the normal world
 *
 * One thread at a time is inside a session; others wait for it. Closing unlinks
 * it: those who still wait find that it is gone.
 *
 * Functions return a TEE result; @origin is who it is from (TEE_R_ORIGIN_*).
 */
#ifndef SECURE_OPTEE_SESSION_H
#define SECURE_OPTEE_SESSION_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "secure/common/idtable.h"
#include "secure/optee/sync.h"

struct ta_instance;
struct ta_params;
struct thread;

struct session_client {
	uint32_t login;		/* OPTEE_MSG_LOGIN_* */
	uint8_t uuid[16];
};

struct session {
	_Atomic uint32_t refs;		/* the table's, and one a thread */
	uint32_t id;
	struct smutex lock;		/* who has it is inside */
	bool open;			/* guarded by it: false before and after */
	struct ta_instance *instance;
	struct session_client client;
	_Atomic bool cancelled;
	_Atomic bool cancel_masked;
};

struct session_table {
	pthread_mutex_t lock;
	struct idtable ids;
	uint32_t base;		/* the epoch's share of the numbers */
};

void session_table_init(struct session_table *table, uint32_t epoch);
/* No call is under way; sessions that are still open are dropped. */
void session_table_deinit(struct session_table *table);

uint32_t session_open(struct thread *thread, const uint8_t uuid[16],
		      const struct session_client *client, struct ta_params *params,
		      uint32_t *ret_id, uint32_t *origin);
uint32_t session_invoke(struct thread *thread, uint32_t id, uint32_t cmd,
			struct ta_params *params, uint32_t *origin);
uint32_t session_close(struct thread *thread, uint32_t id);
/* Whatever runs in it; does not wait. */
uint32_t session_cancel(struct thread *thread, uint32_t id);

/* The flag as the TA may see it, through the mask */
static inline bool session_is_cancelled(const struct session *session)
{
	return atomic_load(&session->cancelled) && !atomic_load(&session->cancel_masked);
}

#endif /* SECURE_OPTEE_SESSION_H */
