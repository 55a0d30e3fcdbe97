/* SPDX-License-Identifier: BSD-2-Clause */
/* A TA whose instances cannot be created */
#include <tee_internal_api.h>

#include <test_tas.h>

TEE_Result TA_CreateEntryPoint(void)
{
	return TEST_CREATE_FAIL_RESULT;
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
	return TEE_SUCCESS;
}
