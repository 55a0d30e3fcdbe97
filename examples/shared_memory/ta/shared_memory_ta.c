/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A trusted application that works on its clients' memory
 *
 * A memref points right at memory that the client can write to while the TA looks at
 * it. What the TA decides upon it must therefore read once, into memory of its own;
 * here it only transforms bytes, and never trusts one. The protocol with clients is
 * in shared_memory_ta.h.
 */
#include <tee_internal_api.h>
#include <tee_internal_api_extensions.h>

#include <shared_memory_ta.h>

#define NONE TEE_PARAM_TYPE_NONE
#define TYPES(t0, t1) TEE_PARAM_TYPES((t0), (t1), NONE, NONE)

TEE_Result TA_CreateEntryPoint(void)
{
	return TEE_SUCCESS;
}

void TA_DestroyEntryPoint(void)
{
}

TEE_Result TA_OpenSessionEntryPoint(uint32_t types, TEE_Param params[TEE_NUM_PARAMS], void **ctx)
{
	(void)params;
	(void)ctx;
	return types == TYPES(NONE, NONE) ? TEE_SUCCESS : TEE_ERROR_BAD_PARAMETERS;
}

void TA_CloseSessionEntryPoint(void *ctx)
{
	(void)ctx;
}

static TEE_Result fill(uint32_t types, TEE_Param params[TEE_NUM_PARAMS])
{
	uint8_t *bytes = params[0].memref.buffer;
	uint32_t a = params[1].value.a, b = params[1].value.b;

	if (types != TYPES(TEE_PARAM_TYPE_MEMREF_OUTPUT, TEE_PARAM_TYPE_VALUE_INPUT))
		return TEE_ERROR_BAD_PARAMETERS;
	for (size_t i = 0; i < params[0].memref.size; i++)
		bytes[i] = (uint8_t)(a + (uint32_t)i * b);
	return TEE_SUCCESS;
}

static TEE_Result xor_bytes(uint32_t types, TEE_Param params[TEE_NUM_PARAMS])
{
	uint8_t *bytes = params[0].memref.buffer;

	if (types != TYPES(TEE_PARAM_TYPE_MEMREF_INOUT, TEE_PARAM_TYPE_VALUE_INPUT))
		return TEE_ERROR_BAD_PARAMETERS;
	for (size_t i = 0; i < params[0].memref.size; i++)
		bytes[i] ^= (uint8_t)params[1].value.a;
	return TEE_SUCCESS;
}

static uint32_t sum_of(const uint8_t *bytes, size_t size)
{
	uint32_t sum = 0;

	for (size_t i = 0; i < size; i++)
		sum += bytes[i];
	return sum;
}

/* The reflected polynomial of IEEE 802.3, a bit at a time */
static uint32_t crc32_of(const uint8_t *bytes, size_t size)
{
	uint32_t crc = UINT32_MAX;

	for (size_t i = 0; i < size; i++) {
		crc ^= bytes[i];
		for (int bit = 0; bit < 8; bit++)
			crc = crc >> 1 ^ (crc & 1 ? 0xedb88320 : 0);
	}
	return ~crc;
}

static TEE_Result checksum(uint32_t types, TEE_Param params[TEE_NUM_PARAMS],
			   uint32_t (*of)(const uint8_t *bytes, size_t size))
{
	if (types != TYPES(TEE_PARAM_TYPE_MEMREF_INPUT, TEE_PARAM_TYPE_VALUE_OUTPUT))
		return TEE_ERROR_BAD_PARAMETERS;
	params[1].value.a = of(params[0].memref.buffer, params[0].memref.size);
	params[1].value.b = (uint32_t)params[0].memref.size;
	return TEE_SUCCESS;
}

static TEE_Result copy(uint32_t types, TEE_Param params[TEE_NUM_PARAMS])
{
	size_t size = params[0].memref.size;
	size_t room = params[1].memref.size;

	if (types != TYPES(TEE_PARAM_TYPE_MEMREF_INPUT, TEE_PARAM_TYPE_MEMREF_OUTPUT))
		return TEE_ERROR_BAD_PARAMETERS;
	params[1].memref.size = size;
	if (size > room)
		return TEE_ERROR_SHORT_BUFFER;
	if (size)
		TEE_MemMove(params[1].memref.buffer, params[0].memref.buffer, size);
	return TEE_SUCCESS;
}

static TEE_Result reverse(uint32_t types, TEE_Param params[TEE_NUM_PARAMS])
{
	uint8_t *bytes = params[0].memref.buffer;
	size_t size = params[0].memref.size;

	if (types != TYPES(TEE_PARAM_TYPE_MEMREF_INOUT, NONE))
		return TEE_ERROR_BAD_PARAMETERS;
	for (size_t i = 0; i < size / 2; i++) {
		uint8_t byte = bytes[i];

		bytes[i] = bytes[size - 1 - i];
		bytes[size - 1 - i] = byte;
	}
	params[0].memref.size = size / 2;
	return TEE_SUCCESS;
}

static TEE_Result inspect(uint32_t types, TEE_Param params[TEE_NUM_PARAMS])
{
	const uint32_t any = TEE_MEMORY_ACCESS_ANY_OWNER;
	void *buffer = params[0].memref.buffer;
	size_t size = params[0].memref.size;
	uint32_t seen = 0;

	if (types != TYPES(TEE_PARAM_TYPE_MEMREF_INPUT, TEE_PARAM_TYPE_VALUE_OUTPUT) &&
	    types != TYPES(TEE_PARAM_TYPE_MEMREF_OUTPUT, TEE_PARAM_TYPE_VALUE_OUTPUT) &&
	    types != TYPES(TEE_PARAM_TYPE_MEMREF_INOUT, TEE_PARAM_TYPE_VALUE_OUTPUT))
		return TEE_ERROR_BAD_PARAMETERS;
	if (!buffer)
		seen |= TA_SHARED_MEMORY_SEEN_NULL;
	if (!size)
		seen |= TA_SHARED_MEMORY_SEEN_EMPTY;
	if (size && !TEE_CheckMemoryAccessRights(TEE_MEMORY_ACCESS_READ | any, buffer, size))
		seen |= TA_SHARED_MEMORY_SEEN_READ;
	if (size && !TEE_CheckMemoryAccessRights(TEE_MEMORY_ACCESS_WRITE | any, buffer, size))
		seen |= TA_SHARED_MEMORY_SEEN_WRITE;
	if (size && !TEE_CheckMemoryAccessRights(TEE_MEMORY_ACCESS_READ, buffer, size))
		seen |= TA_SHARED_MEMORY_SEEN_PRIVATE;
	params[1].value.a = seen;
	params[1].value.b = (uint32_t)size;
	return TEE_SUCCESS;
}

/*
 * NULL with a size can be no more than a question for the size that is needed;
 * inspect() reports it, nobody else looks at such memory.
 */
static bool has_memory(uint32_t types, const TEE_Param params[TEE_NUM_PARAMS])
{
	for (size_t i = 0; i < TEE_NUM_PARAMS; i++) {
		uint32_t type = TEE_PARAM_TYPE_GET(types, i);

		if (type >= TEE_PARAM_TYPE_MEMREF_INPUT && params[i].memref.size &&
		    !params[i].memref.buffer)
			return false;
	}
	return true;
}

TEE_Result TA_InvokeCommandEntryPoint(void *ctx, uint32_t cmd, uint32_t types,
				      TEE_Param params[TEE_NUM_PARAMS])
{
	(void)ctx;
	if (cmd == TA_SHARED_MEMORY_CMD_INSPECT)
		return inspect(types, params);
	if (!has_memory(types, params))
		return TEE_ERROR_BAD_PARAMETERS;
	switch (cmd) {
	case TA_SHARED_MEMORY_CMD_FILL:
		return fill(types, params);
	case TA_SHARED_MEMORY_CMD_XOR:
		return xor_bytes(types, params);
	case TA_SHARED_MEMORY_CMD_SUM:
		return checksum(types, params, sum_of);
	case TA_SHARED_MEMORY_CMD_CRC32:
		return checksum(types, params, crc32_of);
	case TA_SHARED_MEMORY_CMD_COPY:
		return copy(types, params);
	case TA_SHARED_MEMORY_CMD_REVERSE:
		return reverse(types, params);
	default:
		return TEE_ERROR_NOT_SUPPORTED;
	}
}
