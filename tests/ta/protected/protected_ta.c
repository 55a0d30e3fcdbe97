/* SPDX-License-Identifier: BSD-2-Clause */
/* A TA that may have protected memory, and tells the test what is in it */
#include <tee_internal_api.h>

#include <test_tas.h>

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

TEE_Result TA_InvokeCommandEntryPoint(void *ctx, uint32_t cmd, uint32_t types,
				      TEE_Param params[TEE_NUM_PARAMS])
{
	uint8_t *bytes = params[0].memref.buffer;
	uint32_t sum = 0;

	if (cmd != TEST_PROTECTED_CMD_ADD)
		return TEE_ERROR_NOT_SUPPORTED;
	if (types != TEE_PARAM_TYPES(TEE_PARAM_TYPE_MEMREF_INOUT, TEE_PARAM_TYPE_VALUE_INOUT,
				     TEE_PARAM_TYPE_NONE, TEE_PARAM_TYPE_NONE))
		return TEE_ERROR_BAD_PARAMETERS;
	for (size_t i = 0; i < params[0].memref.size; i++) {
		sum += bytes[i];
		bytes[i] += (uint8_t)params[1].value.a;
	}
	params[1].value.b = sum;
	return TEE_SUCCESS;
}
