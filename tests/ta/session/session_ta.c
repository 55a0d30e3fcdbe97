/* SPDX-License-Identifier: BSD-2-Clause */
/* What a client's thread can do to its call, and who the client is */
#include <string.h>
#include <tee_internal_api.h>

#include <test_tas.h>

static uint32_t n_calls;

TEE_Result TA_CreateEntryPoint(void)
{
	return TEE_SUCCESS;
}

void TA_DestroyEntryPoint(void)
{
}

TEE_Result TA_OpenSessionEntryPoint(uint32_t types, TEE_Param params[TEE_NUM_PARAMS], void **ctx)
{
	return TEE_SUCCESS;
}

void TA_CloseSessionEntryPoint(void *ctx)
{
}

static TEE_Result wait(TEE_Param params[TEE_NUM_PARAMS])
{
	TEE_Result res;

	n_calls++;
	if (params[0].value.b)
		(void)TEE_UnmaskCancellation();
	res = TEE_Wait(params[0].value.a);
	params[1].value.a = n_calls;
	params[1].value.b = TEE_GetCancellationFlag();
	return res;
}

static TEE_Result identity(TEE_Param params[TEE_NUM_PARAMS])
{
	TEE_Identity identity;
	TEE_Result res;

	res = TEE_GetPropertyAsIdentity(TEE_PROPSET_CURRENT_CLIENT,
					(char *)"gpd.client.identity", &identity);
	if (res != TEE_SUCCESS)
		return res;
	if (params[1].memref.size < sizeof(identity.uuid))
		return TEE_ERROR_SHORT_BUFFER;
	params[0].value.a = identity.login;
	params[1].memref.size = sizeof(identity.uuid);
	memcpy(params[1].memref.buffer, &identity.uuid, sizeof(identity.uuid));
	return TEE_SUCCESS;
}

TEE_Result TA_InvokeCommandEntryPoint(void *ctx, uint32_t cmd, uint32_t types,
				      TEE_Param params[TEE_NUM_PARAMS])
{
	switch (cmd) {
	case TEST_SESSION_CMD_WAIT:
		if (types != TEE_PARAM_TYPES(TEE_PARAM_TYPE_VALUE_INPUT,
					     TEE_PARAM_TYPE_VALUE_OUTPUT, TEE_PARAM_TYPE_NONE,
					     TEE_PARAM_TYPE_NONE))
			return TEE_ERROR_BAD_PARAMETERS;
		return wait(params);
	case TEST_SESSION_CMD_IDENTITY:
		if (types != TEE_PARAM_TYPES(TEE_PARAM_TYPE_VALUE_OUTPUT,
					     TEE_PARAM_TYPE_MEMREF_OUTPUT, TEE_PARAM_TYPE_NONE,
					     TEE_PARAM_TYPE_NONE))
			return TEE_ERROR_BAD_PARAMETERS;
		return identity(params);
	default:
		return TEE_ERROR_NOT_SUPPORTED;
	}
}
