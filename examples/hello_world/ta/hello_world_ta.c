/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A first trusted application
 *
 * It shows the five entry points, values that go in and out, a buffer that comes
 * back with its size, and a context that the TA keeps for each session. The
 * protocol with clients is in hello_world_ta.h.
 */
#include <tee_internal_api.h>
#include <tee_internal_api_extensions.h>

#include <hello_world_ta.h>

#define TYPES(t0) \
	TEE_PARAM_TYPES((t0), TEE_PARAM_TYPE_NONE, TEE_PARAM_TYPE_NONE, TEE_PARAM_TYPE_NONE)

struct session {
	uint32_t n_commands;
};

/* A global belongs to the instance, as does TEE_SetInstanceData(). */
static uint32_t n_sessions;

TEE_Result TA_CreateEntryPoint(void)
{
	DMSG("a new instance");
	return TEE_SUCCESS;
}

void TA_DestroyEntryPoint(void)
{
	DMSG("the instance ends");
}

TEE_Result TA_OpenSessionEntryPoint(uint32_t types, TEE_Param params[TEE_NUM_PARAMS], void **ctx)
{
	struct session *session;

	(void)params;
	if (types != TYPES(TEE_PARAM_TYPE_NONE))
		return TEE_ERROR_BAD_PARAMETERS;
	session = TEE_Malloc(sizeof(*session), TEE_MALLOC_FILL_ZERO);
	if (!session)
		return TEE_ERROR_OUT_OF_MEMORY;
	*ctx = session;
	n_sessions++;
	IMSG("hello!");
	return TEE_SUCCESS;
}

void TA_CloseSessionEntryPoint(void *ctx)
{
	TEE_Free(ctx);
	n_sessions--;
	IMSG("goodbye!");
}

static TEE_Result add(uint32_t types, TEE_Param params[TEE_NUM_PARAMS], uint32_t n)
{
	if (types != TYPES(TEE_PARAM_TYPE_VALUE_INOUT))
		return TEE_ERROR_BAD_PARAMETERS;
	DMSG("%u becomes %u", params[0].value.a, params[0].value.a + n);
	params[0].value.a += n;
	return TEE_SUCCESS;
}

static TEE_Result get_name(uint32_t types, TEE_Param params[TEE_NUM_PARAMS])
{
	static const char name[] = TA_HELLO_WORLD_NAME;
	size_t room = params[0].memref.size;

	if (types != TYPES(TEE_PARAM_TYPE_MEMREF_OUTPUT))
		return TEE_ERROR_BAD_PARAMETERS;
	/* The size comes back in either case: what was written, or is needed. */
	params[0].memref.size = sizeof(name);
	if (room < sizeof(name) || !params[0].memref.buffer)
		return TEE_ERROR_SHORT_BUFFER;
	TEE_MemMove(params[0].memref.buffer, name, sizeof(name));
	return TEE_SUCCESS;
}

static TEE_Result count(struct session *session, uint32_t types, TEE_Param params[TEE_NUM_PARAMS])
{
	if (types != TYPES(TEE_PARAM_TYPE_VALUE_OUTPUT))
		return TEE_ERROR_BAD_PARAMETERS;
	params[0].value.a = session->n_commands + 1;
	params[0].value.b = n_sessions;
	return TEE_SUCCESS;
}

static TEE_Result run(struct session *session, uint32_t cmd, uint32_t types,
		      TEE_Param params[TEE_NUM_PARAMS])
{
	switch (cmd) {
	case TA_HELLO_WORLD_CMD_INCREMENT:
		return add(types, params, 1);
	case TA_HELLO_WORLD_CMD_DECREMENT:
		return add(types, params, UINT32_MAX);
	case TA_HELLO_WORLD_CMD_GET_NAME:
		return get_name(types, params);
	case TA_HELLO_WORLD_CMD_COUNT:
		return count(session, types, params);
	default:
		EMSG("command %u is unknown", cmd);
		return TEE_ERROR_NOT_SUPPORTED;
	}
}

TEE_Result TA_InvokeCommandEntryPoint(void *ctx, uint32_t cmd, uint32_t types,
				      TEE_Param params[TEE_NUM_PARAMS])
{
	struct session *session = ctx;
	TEE_Result res = run(session, cmd, types, params);

	if (res == TEE_SUCCESS)
		session->n_commands++;
	return res;
}
