/* SPDX-License-Identifier: BSD-2-Clause */
/* What a TA and a client see of each other's writes while a call runs */
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

static bool wait_for(volatile uint32_t *word, uint32_t value, uint32_t seconds)
{
	TEE_Time start, now;

	TEE_GetSystemTime(&start);
	do {
		for (int i = 0; i < 10000; i++) {
			if (__atomic_load_n(word, __ATOMIC_ACQUIRE) == value)
				return true;
		}
		TEE_GetSystemTime(&now);
	} while (now.seconds - start.seconds <= seconds);
	return false;
}

TEE_Result TA_InvokeCommandEntryPoint(void *ctx, uint32_t cmd, uint32_t types,
				      TEE_Param params[TEE_NUM_PARAMS])
{
	volatile uint32_t *words = params[0].memref.buffer;

	if (cmd != TEST_MEMORY_CMD_ANSWER)
		return TEE_ERROR_NOT_SUPPORTED;
	if (types != TEE_PARAM_TYPES(TEE_PARAM_TYPE_MEMREF_INOUT, TEE_PARAM_TYPE_VALUE_INPUT,
				     TEE_PARAM_TYPE_NONE, TEE_PARAM_TYPE_NONE) ||
	    params[0].memref.size < 2 * sizeof(*words) || (uintptr_t)words % sizeof(*words))
		return TEE_ERROR_BAD_PARAMETERS;
	for (uint32_t i = 1; i <= params[1].value.a; i++) {
		if (!wait_for(&words[0], i, params[1].value.b))
			return TEE_ERROR_BUSY;
		__atomic_store_n(&words[1], i, __ATOMIC_RELEASE);
	}
	return TEE_SUCCESS;
}
