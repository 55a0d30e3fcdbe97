/* SPDX-License-Identifier: BSD-2-Clause */
/* A TA whose one instance counts for all of its sessions */
#include <tee_internal_api.h>

#include <test_tas.h>

struct session {
	uint32_t n_calls;
};

static uint32_t n_calls, n_open, n_opened;

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
	n_opened++;
	return TEE_SUCCESS;
}

void TA_CloseSessionEntryPoint(void *ctx)
{
	TEE_Free(ctx);
	n_open--;
}

TEE_Result TA_InvokeCommandEntryPoint(void *ctx, uint32_t cmd, uint32_t types,
				      TEE_Param params[TEE_NUM_PARAMS])
{
	struct session *session = ctx;

	switch (cmd) {
	case TEST_COUNTER_CMD_COUNT:
		if (types != TEE_PARAM_TYPES(TEE_PARAM_TYPE_VALUE_OUTPUT,
					     TEE_PARAM_TYPE_VALUE_OUTPUT, TEE_PARAM_TYPE_NONE,
					     TEE_PARAM_TYPE_NONE))
			return TEE_ERROR_BAD_PARAMETERS;
		params[0].value.a = ++n_calls;
		params[0].value.b = ++session->n_calls;
		params[1].value.a = n_open;
		params[1].value.b = n_opened;
		return TEE_SUCCESS;
	case TEST_COUNTER_CMD_PANIC:
		if (types != TEE_PARAM_TYPES(TEE_PARAM_TYPE_VALUE_INPUT, TEE_PARAM_TYPE_NONE,
					     TEE_PARAM_TYPE_NONE, TEE_PARAM_TYPE_NONE))
			return TEE_ERROR_BAD_PARAMETERS;
		TEE_Panic(params[0].value.a);
		return TEE_ERROR_GENERIC;
	default:
		return TEE_ERROR_NOT_SUPPORTED;
	}
}
