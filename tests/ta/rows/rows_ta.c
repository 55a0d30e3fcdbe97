/* SPDX-License-Identifier: BSD-2-Clause */
/* The service of the table of negative tests: what the echo device does, as a TA */
#include <tee_internal_api.h>

#include <test_tas.h>

struct session {
	uint32_t n_calls;
};

static uint32_t n_open;

TEE_Result TA_CreateEntryPoint(void)
{
	return TEE_SUCCESS;
}

void TA_DestroyEntryPoint(void)
{
}

TEE_Result TA_OpenSessionEntryPoint(uint32_t types, TEE_Param params[TEE_NUM_PARAMS], void **ctx)
{
	*ctx = TEE_Malloc(sizeof(struct session), TEE_MALLOC_FILL_ZERO);
	if (!*ctx)
		return TEE_ERROR_OUT_OF_MEMORY;
	n_open++;
	return TEE_SUCCESS;
}

void TA_CloseSessionEntryPoint(void *ctx)
{
	TEE_Free(ctx);
	n_open--;
}

static TEE_Result copy_memref(TEE_Param *to, const TEE_Param *from)
{
	size_t needed = from && from->memref.buffer ? from->memref.size : 0;
	size_t room = to->memref.size;

	to->memref.size = needed;
	if (needed > room)
		return TEE_ERROR_SHORT_BUFFER;
	if (needed)
		TEE_MemMove(to->memref.buffer, from->memref.buffer, needed);
	return TEE_SUCCESS;
}

static TEE_Result echo(uint32_t types, TEE_Param params[TEE_NUM_PARAMS])
{
	const TEE_Param *value = NULL, *memref = NULL;
	TEE_Result res = TEE_SUCCESS;

	for (uint32_t i = 0; i < TEE_NUM_PARAMS; i++) {
		switch (TEE_PARAM_TYPE_GET(types, i)) {
		case TEE_PARAM_TYPE_VALUE_INPUT:
		case TEE_PARAM_TYPE_VALUE_INOUT:
			value = &params[i];
			break;
		case TEE_PARAM_TYPE_VALUE_OUTPUT:
			if (value)
				params[i].value = value->value;
			break;
		case TEE_PARAM_TYPE_MEMREF_INPUT:
		case TEE_PARAM_TYPE_MEMREF_INOUT:
			memref = &params[i];
			break;
		case TEE_PARAM_TYPE_MEMREF_OUTPUT:
			res = copy_memref(&params[i], memref);
			break;
		default:
			break;
		}
	}
	return res;
}

static TEE_Result info(struct session *session, uint32_t types, TEE_Param params[TEE_NUM_PARAMS])
{
	if (types != TEE_PARAM_TYPES(TEE_PARAM_TYPE_VALUE_OUTPUT, TEE_PARAM_TYPE_VALUE_OUTPUT,
				     TEE_PARAM_TYPE_NONE, TEE_PARAM_TYPE_NONE))
		return TEE_ERROR_BAD_PARAMETERS;
	params[0].value.a = session->n_calls;
	params[0].value.b = n_open;
	params[1].value.a = 0;
	params[1].value.b = 0;
	return TEE_SUCCESS;
}

TEE_Result TA_InvokeCommandEntryPoint(void *ctx, uint32_t cmd, uint32_t types,
				      TEE_Param params[TEE_NUM_PARAMS])
{
	struct session *session = ctx;

	session->n_calls++;
	switch (cmd) {
	case TEST_ROWS_CMD_ECHO:
		return echo(types, params);
	case TEST_ROWS_CMD_INFO:
		return info(session, types, params);
	case TEST_ROWS_CMD_WAIT:
		if (types != TEE_PARAM_TYPES(TEE_PARAM_TYPE_VALUE_INPUT, TEE_PARAM_TYPE_NONE,
					     TEE_PARAM_TYPE_NONE, TEE_PARAM_TYPE_NONE))
			return TEE_ERROR_BAD_PARAMETERS;
		TEE_UnmaskCancellation();
		return TEE_Wait(params[0].value.a);
	default:
		return TEE_ERROR_NOT_SUPPORTED;
	}
}
