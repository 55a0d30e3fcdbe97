/* SPDX-License-Identifier: BSD-2-Clause */
/* A TA whose constructor does, at load, what no TA may */
#include <fcntl.h>

#include <tee_internal_api.h>

__attribute__((constructor)) static void construct(void)
{
	if (open("/proc/self/maps", O_RDONLY) >= 0)
		EMSG("a file could be opened");
}

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
	return TEE_SUCCESS;
}
