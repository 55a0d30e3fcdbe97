/* SPDX-License-Identifier: BSD-2-Clause */
/* TEE Internal Core API: memory (GPD_SPE_010, 4.11), caches */
#include "secure/tahost/api.h"

#include "secure/tahost/heap.h"

/*
 * What TEE_Malloc(0) gives: not NULL, and not to be touched. The second one
 * remembers that it came from the pool that is not shared.
 */
#define EMPTY_SHARE ((void *)1)
#define EMPTY_NO_SHARE ((void *)2)

static bool is_empty(const void *p)
{
	return p == EMPTY_SHARE || p == EMPTY_NO_SHARE;
}

void *TEE_Malloc(size_t size, uint32_t hint)
{
	enum heap_pool pool = HEAP_SHARE;
	bool zero = true;

	switch (hint) {
	case TEE_MALLOC_FILL_ZERO:
		break;
	case TEE_USER_MEM_HINT_NO_FILL_ZERO:
		zero = false;
		break;
	case TEE_MALLOC_NO_SHARE:
		pool = HEAP_NO_SHARE;
		break;
	case TEE_MALLOC_NO_FILL | TEE_MALLOC_NO_SHARE:
		pool = HEAP_NO_SHARE;
		zero = false;
		break;
	case TEE_MALLOC_NO_FILL:
		host_panic(0, "TEE_Malloc: TEE_MALLOC_NO_FILL needs TEE_MALLOC_NO_SHARE");
	default:
		trace_printf("TEE_Malloc", 0, TRACE_ERROR, true, "invalid hint 0x%x", hint);
		return NULL;
	}
	if (size == 0)
		return pool == HEAP_SHARE ? EMPTY_SHARE : EMPTY_NO_SHARE;
	return heap_alloc(pool, size, zero);
}

void *TEE_Realloc(void *buffer, size_t newSize)
{
	enum heap_pool pool = buffer == EMPTY_NO_SHARE ? HEAP_NO_SHARE : HEAP_SHARE;
	bool block = buffer && !is_empty(buffer);

	if (block) {
		pool = heap_pool_of(buffer);
		if (pool == HEAP_N_POOLS)
			host_panic(0, "TEE_Realloc: %p is not from TEE_Malloc()", buffer);
	}
	if (newSize == 0) {
		if (block)
			(void)heap_free(buffer);
		return pool == HEAP_SHARE ? EMPTY_SHARE : EMPTY_NO_SHARE;
	}
	return block ? heap_resize(buffer, newSize) : heap_alloc(pool, newSize, true);
}

void TEE_Free(void *buffer)
{
	if (!buffer || is_empty(buffer))
		return;
	if (!heap_free(buffer))
		host_panic(0, "TEE_Free: %p is not from TEE_Malloc(), or was freed before", buffer);
}

void TEE_MemMove(void *dest, const void *src, size_t size)
{
	memmove(dest, src, size);
}

int32_t TEE_MemCompare(const void *buffer1, const void *buffer2, size_t size)
{
	const volatile uint8_t *a = buffer1;
	const volatile uint8_t *b = buffer2;
	int32_t result = 0;

	/* From the last byte to the first, so that the first difference stays. */
	while (size--) {
		int32_t diff = (int32_t)a[size] - (int32_t)b[size];
		int32_t differs = -(int32_t)(((uint32_t)diff | -(uint32_t)diff) >> 31);

		result = (result & ~differs) | (diff & differs);
	}
	return result;
}

void TEE_MemFill(void *buffer, uint32_t x, size_t size)
{
	memset(buffer, (int)(x & 0xff), size);
}

TEE_Result TEE_CheckMemoryAccessRights(uint32_t accessFlags, void *buffer, size_t size)
{
	return access_ok(accessFlags, buffer, size) ? TEE_SUCCESS : TEE_ERROR_ACCESS_DENIED;
}

static const void *instance_data;

void TEE_SetInstanceData(const void *instanceData)
{
	instance_data = instanceData;
}

const void *TEE_GetInstanceData(void)
{
	return instance_data;
}

/* --- v1.1 --- */

void *__GP11_TEE_Malloc(uint32_t size, uint32_t hint)
{
	return TEE_Malloc(size, hint);
}

void *__GP11_TEE_Realloc(void *buffer, uint32_t newSize)
{
	return TEE_Realloc(buffer, newSize);
}

void __GP11_TEE_MemMove(void *dest, const void *src, uint32_t size)
{
	TEE_MemMove(dest, src, size);
}

int32_t __GP11_TEE_MemCompare(const void *buffer1, const void *buffer2, uint32_t size)
{
	return TEE_MemCompare(buffer1, buffer2, size);
}

void __GP11_TEE_MemFill(void *buffer, uint32_t x, uint32_t size)
{
	TEE_MemFill(buffer, x, size);
}

TEE_Result __GP11_TEE_CheckMemoryAccessRights(uint32_t accessFlags, void *buffer, uint32_t size)
{
	return TEE_CheckMemoryAccessRights(accessFlags, buffer, size);
}

/* --- OP-TEE's --- */

void tee_user_mem_mark_heap(void)
{
	heap_mark();
}

size_t tee_user_mem_check_heap(void)
{
	return heap_since_mark();
}

/*
 * The machine's caches are coherent for everybody who can have the memory mapped, so
 * only the rules are left: the TA has declared it, and the memory is a parameter.
 */
static TEE_Result cache_operation(const char *buf, size_t len)
{
	if (!(host_ta_flags() & TA_FLAG_CACHE_MAINTENANCE))
		return TEE_ERROR_NOT_SUPPORTED;
	if (access_ok(TEE_MEMORY_ACCESS_READ, buf, len))
		return TEE_ERROR_ACCESS_DENIED;
	if (!access_ok(TEE_MEMORY_ACCESS_READ | TEE_MEMORY_ACCESS_ANY_OWNER, buf, len))
		return TEE_ERROR_ACCESS_DENIED;
	return TEE_SUCCESS;
}

TEE_Result TEE_CacheClean(char *buf, size_t len)
{
	return cache_operation(buf, len);
}

TEE_Result TEE_CacheFlush(char *buf, size_t len)
{
	return cache_operation(buf, len);
}

TEE_Result TEE_CacheInvalidate(char *buf, size_t len)
{
	return cache_operation(buf, len);
}
