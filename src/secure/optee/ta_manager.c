/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The manager of instances
 *
 * An instance with a host is in the manager's list from its birth, so that the
 * death of the host can be told to it; `listed` says whether a new session may
 * find it there. It holds one reference for being alive, which ends with the last
 * session of one that is not kept, or with its death; each session holds one; it
 * is freed with the last.
 *
 * TA_CreateEntryPoint is called by whoever enters first and finds that it has not
 * been; one that failed is called again by the next.
 *
 * single_lock is upstream's rule that of all single-instance TAs one runs at a
 * time, from which follows that they never wait for each other in a circle.
 */
#include "secure/optee/ta_manager.h"

#include <stdlib.h>
#include <string.h>

#include "abi/tee_result.h"
#include "base/auto.h"
#include "secure/optee/loader.h"
#include "secure/optee/params.h"
#include "secure/optee/pta.h"
#include "secure/optee/session.h"
#include "secure/optee/user_ta.h"
#include "secure/optee/world.h"

/* All three: a dead instance stays and answers TARGET_DEAD to new sessions. */
#define KEEP_CORPSE \
	(TA_FLAG_SINGLE_INSTANCE | TA_FLAG_INSTANCE_KEEP_ALIVE | TA_FLAG_INSTANCE_KEEP_CRASHED)
#define KEEP_ALIVE (TA_FLAG_SINGLE_INSTANCE | TA_FLAG_INSTANCE_KEEP_ALIVE)

static bool has_flags(const struct ta_instance *instance, uint32_t flags)
{
	return (instance->flags & flags) == flags;
}

void ta_manager_init(struct ta_manager *manager)
{
	const struct pta *pta;

	*manager = (struct ta_manager){ .instances = NULL };
	pthread_mutex_init(&manager->lock, NULL);
	smutex_init(&manager->load_lock);
	smutex_init(&manager->single_lock);
	for (unsigned int i = 0; i < TA_MAX_PTAS && (pta = pta_get(i)); i++) {
		struct ta_instance *instance = &manager->ptas[manager->n_ptas++];

		instance->pta = pta;
		instance->flags = pta->flags;
		memcpy(instance->uuid, pta->uuid, sizeof(instance->uuid));
		smutex_init(&instance->lock);
	}
}

/* --- life of an instance with a host --- */

/* Out of the list, and gone. No reference is left, or no thread. */
static void instance_free(struct ta_manager *manager, struct optee_world *world,
			  struct ta_instance *instance)
{
	pthread_mutex_lock(&manager->lock);
	for (struct ta_instance **p = &manager->instances; *p; p = &(*p)->next) {
		if (*p == instance) {
			*p = instance->next;
			break;
		}
	}
	pthread_mutex_unlock(&manager->lock);
	user_ta_free(world, instance->user);
	smutex_deinit(&instance->lock);
	free(instance);
}

void ta_manager_deinit(struct ta_manager *manager, struct optee_world *world)
{
	while (manager->instances)
		instance_free(manager, world, manager->instances);
	for (unsigned int i = 0; i < manager->n_ptas; i++)
		smutex_deinit(&manager->ptas[i].lock);
	smutex_deinit(&manager->single_lock);
	smutex_deinit(&manager->load_lock);
	pthread_mutex_destroy(&manager->lock);
}

static void instance_put(struct optee_world *world, struct ta_instance *instance)
{
	bool last;

	if (!instance)
		return;
	pthread_mutex_lock(&world->tas.lock);
	last = --instance->refs == 0;
	pthread_mutex_unlock(&world->tas.lock);
	if (last)
		instance_free(&world->tas, world, instance);
}

static void instance_add(struct ta_manager *manager, struct ta_instance *instance)
{
	struct ta_instance **p;

	pthread_mutex_lock(&manager->lock);
	for (p = &manager->instances; *p; p = &(*p)->next)
		;
	*p = instance;
	pthread_mutex_unlock(&manager->lock);
}

/*
 * One session, and the reference for being alive. With the load lock held: the
 * list is in the order of serials.
 */
static uint32_t instance_new(struct thread *thread, const uint8_t uuid[16], int image_fd,
			     struct ta_instance **ret_instance)
{
	struct optee_world *world = thread->world;
	struct ta_manager *manager = &world->tas;
	struct ta_instance *instance;
	uint32_t res;

	instance = calloc(1, sizeof(*instance));
	if (!instance)
		return TEE_R_OUT_OF_MEMORY;
	memcpy(instance->uuid, uuid, sizeof(instance->uuid));
	instance->refs = 2;
	instance->n_sessions = 1;
	smutex_init(&instance->lock);
	/* Until it is loaded nobody else may talk to the host. */
	(void)smutex_trylock(&instance->lock);

	res = user_ta_new(world, uuid, FIRST_HOST_SERIAL + manager->last_serial++, image_fd,
			  &instance->user);
	if (res != TEE_R_SUCCESS) {
		smutex_deinit(&instance->lock);
		free(instance);
		return res;
	}
	instance_add(manager, instance);
	user_ta_watch(world, instance->user);

	res = user_ta_load(thread, instance->user, &instance->flags);
	if (res != TEE_R_SUCCESS) {
		instance_free(manager, world, instance);
		return res;
	}
	smutex_unlock(&instance->lock, thread);
	*ret_instance = instance;
	return TEE_R_SUCCESS;
}

/* --- finding --- */

/*
 * SUCCESS with a session counted, ITEM_NOT_FOUND, or why there cannot be another
 * session. With the lock held. *@ret_dead: one that died while nobody used it.
 */
static uint32_t find_locked(struct ta_manager *manager, const uint8_t uuid[16],
			    struct ta_instance **ret_instance, struct ta_instance **ret_dead)
{
	for (struct ta_instance *i = manager->instances; i; i = i->next) {
		if (!i->listed || memcmp(i->uuid, uuid, sizeof(i->uuid)))
			continue;
		if (user_ta_is_dead(i->user)) {
			if (has_flags(i, KEEP_CORPSE))
				return TEE_R_TARGET_DEAD;
			i->listed = false;
			*ret_dead = i;
			break;
		}
		if (i->n_sessions && !has_flags(i, TA_FLAG_MULTI_SESSION))
			return TEE_R_BUSY;
		i->n_sessions++;
		i->refs++;
		*ret_instance = i;
		return TEE_R_SUCCESS;
	}
	return TEE_R_ITEM_NOT_FOUND;
}

static uint32_t find_running(struct thread *thread, const uint8_t uuid[16],
			     struct ta_instance **ret_instance)
{
	struct optee_world *world = thread->world;
	struct ta_instance *dead = NULL;
	uint32_t res;

	pthread_mutex_lock(&world->tas.lock);
	res = find_locked(&world->tas, uuid, ret_instance, &dead);
	pthread_mutex_unlock(&world->tas.lock);
	instance_put(world, dead);
	return res;
}

static struct ta_instance *find_pta(struct ta_manager *manager, const uint8_t uuid[16])
{
	for (unsigned int i = 0; i < manager->n_ptas; i++) {
		if (!memcmp(manager->ptas[i].uuid, uuid, 16))
			return &manager->ptas[i];
	}
	return NULL;
}

static uint32_t load_instance(struct thread *thread, const uint8_t uuid[16],
			      struct ta_instance **ret_instance)
{
	struct ta_manager *manager = &thread->world->tas;
	AUTO(close_fd) int image_fd = -1;
	uint32_t res;

	res = loader_load(thread, uuid, &image_fd);
	if (res != TEE_R_SUCCESS)
		return res;
	res = instance_new(thread, uuid, image_fd, ret_instance);
	if (res != TEE_R_SUCCESS)
		return res;
	pthread_mutex_lock(&manager->lock);
	(*ret_instance)->listed = has_flags(*ret_instance, TA_FLAG_SINGLE_INSTANCE);
	pthread_mutex_unlock(&manager->lock);
	return TEE_R_SUCCESS;
}

uint32_t ta_manager_get(struct thread *thread, const uint8_t uuid[16],
			struct ta_instance **ret_instance)
{
	struct ta_manager *manager = &thread->world->tas;
	struct ta_instance *pta = find_pta(manager, uuid);
	uint32_t res;

	if (pta) {
		*ret_instance = pta;
		return TEE_R_SUCCESS;
	}
	res = find_running(thread, uuid, ret_instance);
	if (res != TEE_R_ITEM_NOT_FOUND)
		return res;

	smutex_lock(&manager->load_lock, thread);
	/* Another one may have loaded it while this one waited. */
	res = find_running(thread, uuid, ret_instance);
	if (res == TEE_R_ITEM_NOT_FOUND)
		res = load_instance(thread, uuid, ret_instance);
	smutex_unlock(&manager->load_lock, thread);
	return res;
}

/* --- entering --- */

static bool is_single(const struct ta_instance *instance)
{
	return has_flags(instance, TA_FLAG_SINGLE_INSTANCE);
}

/* Only what is part of the trusted OS may be. */
static bool is_concurrent(const struct ta_instance *instance)
{
	return instance->pta && has_flags(instance, TA_FLAG_CONCURRENT);
}

static void instance_enter(struct thread *thread, struct ta_instance *instance)
{
	if (is_concurrent(instance))
		return;
	if (is_single(instance))
		smutex_lock(&thread->world->tas.single_lock, thread);
	smutex_lock(&instance->lock, thread);
}

/*
 * Memory that was taken away meanwhile goes before the lock does. What is marked
 * after that look is seen by the second one, or by who marked it.
 */
static void instance_unlock(struct thread *thread, struct ta_instance *instance)
{
	do {
		if (instance->user)
			user_ta_drop_stale(thread, instance->user);
		smutex_unlock(&instance->lock, thread);
	} while (instance->user && user_ta_has_stale(instance->user) &&
		 smutex_trylock(&instance->lock));
}

static void instance_leave(struct thread *thread, struct ta_instance *instance)
{
	if (is_concurrent(instance))
		return;
	instance_unlock(thread, instance);
	if (is_single(instance))
		smutex_unlock(&thread->world->tas.single_lock, thread);
}

void ta_manager_put(struct thread *thread, struct ta_instance *instance)
{
	struct optee_world *world = thread->world;
	bool end;

	if (instance->pta)
		return;
	pthread_mutex_lock(&world->tas.lock);
	end = --instance->n_sessions == 0;
	if (user_ta_is_dead(instance->user) ? has_flags(instance, KEEP_CORPSE) :
					      has_flags(instance, KEEP_ALIVE))
		end = false;
	/* One that died and was found dead has lost its reference for life already. */
	if (end && is_single(instance) && !instance->listed)
		end = false;
	if (end)
		instance->listed = false;
	pthread_mutex_unlock(&world->tas.lock);

	if (end) {
		instance_enter(thread, instance);
		if (instance->created)
			user_ta_destroy(thread, instance->user);
		instance_leave(thread, instance);
		instance_put(world, instance);
	}
	instance_put(world, instance);
}

/* --- entry points --- */

/*
 * A TA that does not say that it handles protected memory would let some of it out
 * by accident. What is part of the trusted OS knows what it does.
 */
static bool may_have(const struct ta_instance *instance, const struct ta_params *params)
{
	return !params->has_protected || !instance->user ||
	       has_flags(instance, TA_FLAG_SECURE_DATA_PATH);
}

static uint32_t user_open(struct thread *thread, struct session *session,
			  struct ta_params *params, uint32_t *origin)
{
	struct ta_instance *instance = session->instance;
	uint32_t res = TEE_R_SUCCESS;

	if (!instance->created) {
		res = user_ta_create(thread, instance->user, session, origin);
		instance->created = res == TEE_R_SUCCESS;
	}
	if (res == TEE_R_SUCCESS)
		res = user_ta_open(thread, instance->user, session, params, origin);
	return res;
}

/*
 * Each entry point begins with cancellation masked and not asked for: what was asked
 * between two calls is forgotten. What is asked while this one waits for its turn is
 * not.
 */
static void reset_cancel(struct session *session)
{
	atomic_store_explicit(&session->cancelled, false, memory_order_relaxed);
	atomic_store_explicit(&session->cancel_masked, true, memory_order_relaxed);
}

uint32_t ta_instance_open(struct thread *thread, struct session *session,
			  struct ta_params *params, uint32_t *origin)
{
	struct ta_instance *instance = session->instance;
	uint32_t res;

	reset_cancel(session);
	*origin = TEE_R_ORIGIN_TEE;
	if (!may_have(instance, params))
		return TEE_R_BAD_PARAMETERS;
	instance_enter(thread, instance);
	if (instance->user) {
		res = user_open(thread, session, params, origin);
	} else {
		*origin = TEE_R_ORIGIN_TRUSTED_APP;
		res = instance->pta->open ? instance->pta->open(thread, session, params) :
					    TEE_R_SUCCESS;
	}
	instance_leave(thread, instance);
	return res;
}

uint32_t ta_instance_invoke(struct thread *thread, struct session *session, uint32_t cmd,
			    struct ta_params *params, uint32_t *origin)
{
	struct ta_instance *instance = session->instance;
	uint32_t res;

	reset_cancel(session);
	*origin = TEE_R_ORIGIN_TEE;
	if (!may_have(instance, params))
		return TEE_R_BAD_PARAMETERS;
	instance_enter(thread, instance);
	if (instance->user) {
		res = user_ta_invoke(thread, instance->user, session, cmd, params, origin);
	} else {
		*origin = TEE_R_ORIGIN_TRUSTED_APP;
		res = instance->pta->invoke(thread, session, cmd, params);
	}
	instance_leave(thread, instance);
	return res;
}

void ta_instance_close(struct thread *thread, struct session *session)
{
	struct ta_instance *instance = session->instance;

	if (!instance->user)
		return;
	instance_enter(thread, instance);
	user_ta_close(thread, instance->user, session);
	instance_leave(thread, instance);
}

/* --- memory and death --- */

/* Locked, with a reference: the first behind @serial that has something to drop. */
static struct ta_instance *next_stale(struct ta_manager *manager, uint64_t *serial)
{
	struct ta_instance *i;

	pthread_mutex_lock(&manager->lock);
	for (i = manager->instances; i; i = i->next) {
		if (user_ta_serial(i->user) <= *serial)
			continue;
		*serial = user_ta_serial(i->user);
		if (user_ta_has_stale(i->user) && smutex_trylock(&i->lock)) {
			i->refs++;
			break;
		}
	}
	pthread_mutex_unlock(&manager->lock);
	return i;
}

void ta_manager_forget_memory(struct thread *thread, uint64_t mobj_serial)
{
	struct ta_manager *manager = &thread->world->tas;
	struct ta_instance *instance;
	uint64_t serial = 0;

	pthread_mutex_lock(&manager->lock);
	for (instance = manager->instances; instance; instance = instance->next)
		user_ta_mark_stale(instance->user, mobj_serial);
	pthread_mutex_unlock(&manager->lock);

	while ((instance = next_stale(manager, &serial))) {
		instance_unlock(thread, instance);
		instance_put(thread->world, instance);
	}
}

void ta_manager_host_died(struct ta_manager *manager, struct optee_world *world, uint64_t serial)
{
	struct ta_instance *i;

	pthread_mutex_lock(&manager->lock);
	for (i = manager->instances; i && user_ta_serial(i->user) != serial; i = i->next)
		;
	if (i) {
		user_ta_host_died(world, i->user);
		/* A kept one without sessions: nobody else would see to it. */
		if (i->listed && !i->n_sessions && !has_flags(i, KEEP_CORPSE))
			i->listed = false;
		else
			i = NULL;
	}
	pthread_mutex_unlock(&manager->lock);
	instance_put(world, i);
}
