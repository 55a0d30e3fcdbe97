/* SPDX-License-Identifier: BSD-2-Clause */
#include "secure/optee/session.h"

#include <stdlib.h>

#include "abi/tee_result.h"
#include "secure/optee/params.h"
#include "secure/optee/ta_manager.h"
#include "secure/optee/world.h"

#define SESSIONS_MAX (1u << (WORLD_SESSION_BITS - 2))

void session_table_init(struct session_table *table, uint32_t epoch)
{
	pthread_mutex_init(&table->lock, NULL);
	idtable_init(&table->ids, SESSIONS_MAX);
	/* So that nothing of an earlier world is taken for something of ours. */
	table->base = (epoch - 1) << WORLD_SESSION_BITS;
}

static void session_free(struct session *session)
{
	smutex_deinit(&session->lock);
	free(session);
}

void session_table_deinit(struct session_table *table)
{
	for (uint32_t i = 1; i < table->ids.n_slots; i++) {
		struct session *session = idtable_remove(&table->ids, i);

		if (session)
			session_free(session);
	}
	idtable_deinit(&table->ids);
	pthread_mutex_destroy(&table->lock);
}

static void session_put(struct session *session)
{
	if (atomic_fetch_sub(&session->refs, 1) == 1)
		session_free(session);
}

/* Into the table, with the lock taken. NULL: no memory, or too many. */
static struct session *session_new(struct thread *thread, const struct session_client *client)
{
	struct session_table *table = &thread->world->sessions;
	struct session *session = calloc(1, sizeof(*session));
	uint32_t id;
	int r;

	if (!session)
		return NULL;
	atomic_init(&session->refs, 2);
	atomic_init(&session->cancel_masked, true);
	smutex_init(&session->lock);
	session->client = *client;
	(void)smutex_trylock(&session->lock);

	pthread_mutex_lock(&table->lock);
	r = idtable_add(&table->ids, session, &id);
	if (r == 0)
		session->id = table->base + id;
	pthread_mutex_unlock(&table->lock);
	if (r < 0) {
		session_free(session);
		return NULL;
	}
	return session;
}

/* Nobody finds it any more; the reference of the table goes. */
static void session_unlink(struct thread *thread, struct session *session)
{
	struct session_table *table = &thread->world->sessions;

	pthread_mutex_lock(&table->lock);
	(void)idtable_remove(&table->ids, session->id - table->base);
	pthread_mutex_unlock(&table->lock);
	session_put(session);
}

static struct session *session_get(struct thread *thread, uint32_t id)
{
	struct session_table *table = &thread->world->sessions;
	struct session *session;

	pthread_mutex_lock(&table->lock);
	session = idtable_get(&table->ids, id - table->base);
	if (session)
		atomic_fetch_add_explicit(&session->refs, 1, memory_order_relaxed);
	pthread_mutex_unlock(&table->lock);
	return session;
}

static void session_leave(struct thread *thread, struct session *session)
{
	smutex_unlock(&session->lock, thread);
	session_put(session);
}

/* Alone in an open session, or NULL. */
static struct session *session_enter(struct thread *thread, uint32_t id)
{
	struct session *session = session_get(thread, id);

	if (!session)
		return NULL;
	smutex_lock(&session->lock, thread);
	if (!session->open) {
		session_leave(thread, session);
		return NULL;
	}
	return session;
}

uint32_t session_open(struct thread *thread, const uint8_t uuid[16],
		      const struct session_client *client, struct ta_params *params,
		      uint32_t *ret_id, uint32_t *origin)
{
	struct session *session;
	uint32_t res;

	*origin = TEE_R_ORIGIN_TEE;
	session = session_new(thread, client);
	if (!session)
		return TEE_R_OUT_OF_MEMORY;
	res = ta_manager_get(thread, uuid, &session->instance);
	if (res == TEE_R_SUCCESS) {
		res = ta_instance_open(thread, session, params, origin);
		if (res != TEE_R_SUCCESS)
			ta_manager_put(thread, session->instance);
	}
	if (res == TEE_R_SUCCESS) {
		session->open = true;
		*ret_id = session->id;
	} else {
		session_unlink(thread, session);
	}
	session_leave(thread, session);
	return res;
}

uint32_t session_invoke(struct thread *thread, uint32_t id, uint32_t cmd,
			struct ta_params *params, uint32_t *origin)
{
	struct session *session = session_enter(thread, id);
	uint32_t res;

	*origin = TEE_R_ORIGIN_TEE;
	if (!session)
		return TEE_R_BAD_PARAMETERS;
	res = ta_instance_invoke(thread, session, cmd, params, origin);
	session_leave(thread, session);
	return res;
}

uint32_t session_close(struct thread *thread, uint32_t id)
{
	struct session *session = session_enter(thread, id);

	if (!session)
		return TEE_R_ITEM_NOT_FOUND;
	session->open = false;
	session_unlink(thread, session);
	ta_instance_close(thread, session);
	ta_manager_put(thread, session->instance);
	session_leave(thread, session);
	return TEE_R_SUCCESS;
}

uint32_t session_cancel(struct thread *thread, uint32_t id)
{
	struct session *session = session_get(thread, id);

	if (!session)
		return TEE_R_BAD_PARAMETERS;
	atomic_store(&session->cancelled, true);
	session_put(session);
	return TEE_R_SUCCESS;
}
