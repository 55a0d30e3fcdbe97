/* SPDX-License-Identifier: BSD-2-Clause */
#include "secure/qtee/client_env.h"

#include <stdlib.h>

#include "secure/qtee/credentials.h"
#include "secure/qtee/object.h"
#include "secure/qtee/service.h"

/* Services that a whitelist can name */
#define MAX_ALLOWED 256u

struct client_env {
	struct object object;
	bool is_root;
	struct object *credentials;	/* NULL: the kernel's */
	bool restricted;
	size_t n_allowed;
	uint32_t allowed[];
};

static struct client_env *client_env_new(size_t n_allowed);

/* --- open --- */

static bool is_allowed(const struct client_env *env, uint32_t uid)
{
	if (!env->restricted)
		return true;
	for (size_t i = 0; i < env->n_allowed; i++) {
		if (env->allowed[i] == uid)
			return true;
	}
	return false;
}

static int32_t env_open(struct call *call, struct client_env *env, uint32_t counts,
			union qtee_arg *args)
{
	uint32_t uid;

	if (counts != QTEE_MSG_COUNTS(1, 0, 0, 1) || !arg_take(&args[0], &uid, sizeof(uid)))
		return QTEE_ERROR_INVALID;
	/* Who stands at the root has not said who it is. */
	if (env->is_root || !is_allowed(env, uid))
		return OPENER_ERROR_PRIVILEGE;
	return service_open(call, env->credentials, uid, &args[1].o);
}

/* --- register --- */

/*
 * The new environment's; @credentials becomes its own, also on failure. What the one
 * that is asked may not, the new one may not either.
 */
static int32_t env_give(const struct client_env *env, struct object *credentials,
			const union qtee_arg *whitelist, union qtee_arg *out)
{
	size_t n = whitelist ? whitelist->b.size / sizeof(uint32_t) : env->n_allowed;
	struct client_env *new_env = client_env_new(n);

	if (!new_env) {
		object_put(credentials);
		return QTEE_ERROR_KMEM;
	}
	new_env->credentials = credentials;
	new_env->restricted = whitelist || env->restricted;
	for (size_t i = 0; i < n && !whitelist; i++)
		new_env->allowed[new_env->n_allowed++] = env->allowed[i];
	for (size_t i = 0; i < n && whitelist; i++) {
		uint32_t uid;

		memcpy(&uid, (const uint8_t *)whitelist->b.ptr + i * sizeof(uid), sizeof(uid));
		if (is_allowed(env, uid))
			new_env->allowed[new_env->n_allowed++] = uid;
	}
	out->o = &new_env->object;
	return QTEE_OK;
}

static int32_t env_register_legacy(const struct client_env *env, uint32_t counts,
				   union qtee_arg *args)
{
	struct object *credentials;
	int32_t result;

	if (counts != QTEE_MSG_COUNTS(1, 0, 0, 1))
		return QTEE_ERROR_INVALID;
	result = credentials_new(args[0].b.ptr, args[0].b.size, &credentials);
	if (result != QTEE_OK)
		return result;
	return env_give(env, credentials, NULL, &args[1]);
}

static int32_t env_register(struct call *call, const struct client_env *env, uint32_t counts,
			    union qtee_arg *args)
{
	struct object *credentials;
	int32_t result;

	/* NULL credentials are the kernel's, and this is not how the kernel asks. */
	if (counts != QTEE_MSG_COUNTS(0, 0, 1, 1) || !args[0].o)
		return QTEE_ERROR_INVALID;
	result = credentials_read(call, args[0].o, &credentials);
	if (result != QTEE_OK)
		return result;
	return env_give(env, credentials, NULL, &args[1]);
}

static int32_t env_register_with_whitelist(struct call *call, const struct client_env *env,
					   uint32_t counts, union qtee_arg *args)
{
	struct object *credentials;
	int32_t result;

	if (counts != QTEE_MSG_COUNTS(1, 0, 1, 1) || args[0].b.size % sizeof(uint32_t) ||
	    args[0].b.size > MAX_ALLOWED * sizeof(uint32_t) || !args[1].o)
		return QTEE_ERROR_INVALID;
	result = credentials_read(call, args[1].o, &credentials);
	if (result != QTEE_OK)
		return result;
	return env_give(env, credentials, &args[0], &args[2]);
}

static int32_t env_register_with_credentials(struct call *call, const struct client_env *env,
					     uint32_t counts, union qtee_arg *args)
{
	if (counts != QTEE_MSG_COUNTS(0, 0, 1, 1))
		return QTEE_ERROR_INVALID;
	if (args[0].o)
		return env_register(call, env, counts, args);
	/* A client's environment does not become the kernel's. */
	if (!env->is_root)
		return QTEE_ERROR_INVALID;
	return env_give(env, NULL, NULL, &args[1]);
}

/* --- the rest: what a board tells its trusted OS once --- */

/* The common library is the C library that every TA host has from the start. */
static int32_t env_load_cmnlib(uint32_t counts)
{
	return counts == QTEE_MSG_COUNTS(1, 0, 0, 0) ? CLIENT_ENV_ERROR_COMMONLIBS_ALREADY_LOADED :
						       QTEE_ERROR_INVALID;
}

/* TAs are processes: their memory is that of the machine, set from the start. */
static int32_t env_config_ta_region(uint32_t counts, const union qtee_arg *args)
{
	if (counts != QTEE_MSG_COUNTS(1, 0, 0, 0) || args[0].b.size != 12)
		return QTEE_ERROR_INVALID;
	return CLIENT_ENV_ERROR_APP_REGION_ALREADY_SET;
}

/* Of interest to interrupt routing and power only, of which there is none. */
static int32_t env_note(uint32_t counts)
{
	return counts ? QTEE_ERROR_INVALID : QTEE_OK;
}

static int32_t client_env_invoke(struct call *call, struct object *object, uint32_t op,
				 uint32_t counts, union qtee_arg *args)
{
	struct client_env *env = (struct client_env *)object;

	switch (op) {
	case QTEE_CLIENT_ENV_OP_OPEN:
		return env_open(call, env, counts, args);
	case QTEE_CLIENT_ENV_OP_REGISTER_LEGACY:
		return env_register_legacy(env, counts, args);
	case QTEE_CLIENT_ENV_OP_REGISTER:
		return env_register(call, env, counts, args);
	case QTEE_CLIENT_ENV_OP_REGISTER_WITH_WHITELIST:
		return env_register_with_whitelist(call, env, counts, args);
	case QTEE_CLIENT_ENV_OP_REGISTER_WITH_CREDENTIALS:
		return env_register_with_credentials(call, env, counts, args);
	case QTEE_CLIENT_ENV_OP_LOAD_CMNLIB_FROM_BUFFER:
		return env_load_cmnlib(counts);
	case QTEE_CLIENT_ENV_OP_CONFIG_TA_REGION:
		return env_config_ta_region(counts, args);
	case QTEE_CLIENT_ENV_OP_NOTIFY_DOMAIN_CHANGE:
	case QTEE_CLIENT_ENV_OP_ADCI_ACCEPT:
	case QTEE_CLIENT_ENV_OP_ADCI_SHUTDOWN:
		return env_note(counts);
	default:
		return QTEE_ERROR_INVALID;
	}
}

static void client_env_destroy(struct object *object)
{
	struct client_env *env = (struct client_env *)object;

	object_put(env->credentials);
	free(env);
}

static const struct object_ops client_env_ops = {
	.kind = "client environment",
	.invoke = client_env_invoke,
	.destroy = client_env_destroy,
};

static struct client_env *client_env_new(size_t n_allowed)
{
	struct client_env *env = calloc(1, sizeof(*env) + n_allowed * sizeof(env->allowed[0]));

	if (env)
		object_init(&env->object, &client_env_ops);
	return env;
}

struct object *client_env_new_root(void)
{
	struct client_env *env = client_env_new(0);

	if (!env)
		return NULL;
	env->is_root = true;
	return &env->object;
}
