/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A TA that checks the API that it is given
 *
 * Built twice, for the API of v1.3.1 and of v1.1; len_t is what a length is in each.
 */
#include <stdlib.h>
#include <string.h>

#include <tee_internal_api.h>
#include <tee_internal_api_extensions.h>
#include <user_ta_header.h>

#include <test_tas.h>

#if __OPTEE_CORE_API_COMPAT_1_1
typedef uint32_t len_t;
#else
typedef size_t len_t;
#endif

#define RW (TEE_MEMORY_ACCESS_READ | TEE_MEMORY_ACCESS_WRITE)
#define ANY TEE_MEMORY_ACCESS_ANY_OWNER

static uint32_t n_checks;

#define CHECK(cond) \
	do { \
		n_checks++; \
		if (!(cond)) { \
			EMSG("check failed: %s", #cond); \
			return __LINE__; \
		} \
	} while (0)

/* Run a group of checks; the line of the first failed one is passed on. */
#define CHECK_ALL(group) \
	do { \
		uint32_t line_ = (group); \
		\
		if (line_) \
			return line_; \
	} while (0)

/* --- memory --- */

static bool is_zero(const uint8_t *p, size_t size)
{
	for (size_t i = 0; i < size; i++) {
		if (p[i])
			return false;
	}
	return true;
}

static uint32_t check_malloc(void)
{
	uint8_t *p, *q;
	void *blocks[128];

	p = TEE_Malloc(1000, TEE_MALLOC_FILL_ZERO);
	CHECK(p && is_zero(p, 1000));
	memset(p, 0x5a, 1000);
	p = TEE_Realloc(p, 3000);
	CHECK(p && p[999] == 0x5a && is_zero(p + 1000, 2000));
	p = TEE_Realloc(p, 10);
	CHECK(p && p[9] == 0x5a);
	TEE_Free(p);
	TEE_Free(NULL);
	p = TEE_Realloc(NULL, 16);
	CHECK(p && is_zero(p, 16));
	TEE_Free(p);

	p = TEE_Malloc(0, TEE_MALLOC_FILL_ZERO);
	CHECK(p);
	CHECK(TEE_CheckMemoryAccessRights(TEE_MEMORY_ACCESS_READ, p, 1) != TEE_SUCCESS);
	p = TEE_Realloc(p, 8);
	CHECK(p && is_zero(p, 8));
	p = TEE_Realloc(p, 0);
	CHECK(p);
	TEE_Free(p);

	/* 64 KiB in all, and not more */
	CHECK(!TEE_Malloc(64 * 1024, TEE_MALLOC_FILL_ZERO));
	CHECK(!TEE_Malloc((len_t)-1, TEE_MALLOC_FILL_ZERO));
	p = TEE_Malloc(60 * 1024, TEE_MALLOC_FILL_ZERO);
	CHECK(p && !TEE_Malloc(8 * 1024, TEE_MALLOC_FILL_ZERO));
	CHECK(!TEE_Realloc(p, 70 * 1024));
	TEE_Free(p);
	p = TEE_Malloc(60 * 1024, TEE_USER_MEM_HINT_NO_FILL_ZERO);
	CHECK(p);
	TEE_Free(p);

	/* The pool that is not shared: 4 KiB */
	p = TEE_Malloc(2048, TEE_MALLOC_NO_SHARE);
	q = TEE_Malloc(1024, TEE_MALLOC_NO_SHARE | TEE_MALLOC_NO_FILL);
	CHECK(p && q && !TEE_Malloc(2048, TEE_MALLOC_NO_SHARE));
	TEE_Free(p);
	q = TEE_Realloc(q, 3500);
	CHECK(q && !TEE_Malloc(2048, TEE_MALLOC_NO_SHARE));
	TEE_Free(q);
	CHECK(!TEE_Malloc(16, 0x1234));

	tee_user_mem_mark_heap();
	for (size_t i = 0; i < 128; i++) {
		blocks[i] = TEE_Malloc(100 + i, TEE_MALLOC_FILL_ZERO);
		CHECK(blocks[i]);
	}
	CHECK(tee_user_mem_check_heap() == 128 * 100 + 127 * 64);
	for (size_t i = 0; i < 128; i++)
		TEE_Free(blocks[(i * 37) % 128]);
	CHECK(tee_user_mem_check_heap() == 0);
	return 0;
}

static uint32_t check_bytes(void)
{
	uint8_t a[16] = { 1, 2, 3, 4 }, b[16] = { 1, 2, 3, 5 };

	CHECK(TEE_MemCompare(a, a, 16) == 0);
	CHECK(TEE_MemCompare(a, b, 3) == 0);
	CHECK(TEE_MemCompare(a, b, 16) < 0);
	CHECK(TEE_MemCompare(b, a, 16) > 0);
	b[1] = 0;
	CHECK(TEE_MemCompare(a, b, 16) > 0);
	CHECK(TEE_MemCompare(a, b, 0) == 0);
	b[0] = 0xff;
	CHECK(TEE_MemCompare(a, b, 16) < 0);
	TEE_MemMove(a + 1, a, 4);
	CHECK(a[0] == 1 && a[1] == 1 && a[4] == 4);
	TEE_MemFill(a, 0x1ab, 16);
	CHECK(a[0] == 0xab && a[15] == 0xab);
	return 0;
}

static uint32_t check_access(const TEE_Param *in, const TEE_Param *inout, const TEE_Param *empty)
{
	static const TEE_UUID constant = TEST_TA_API_UUID;
	static uint32_t variable = 1;
	uint8_t local[8];
	uint8_t *p = TEE_Malloc(100, TEE_MALLOC_FILL_ZERO);
	void *other = malloc(100);

	CHECK(p && other);
	CHECK(!TEE_CheckMemoryAccessRights(RW, p, 100));
	CHECK(!TEE_CheckMemoryAccessRights(RW | ANY, p + 50, 50));
	CHECK(TEE_CheckMemoryAccessRights(RW, p + 50, 51));
	CHECK(!TEE_CheckMemoryAccessRights(RW | TEE_MEMORY_ACCESS_SECURE, p, 1));
	CHECK(TEE_CheckMemoryAccessRights(RW | TEE_MEMORY_ACCESS_NONSECURE, p, 1));
	CHECK(!TEE_CheckMemoryAccessRights(RW, local, sizeof(local)));
	CHECK(!TEE_CheckMemoryAccessRights(RW, &variable, sizeof(variable)));
	CHECK(!TEE_CheckMemoryAccessRights(TEE_MEMORY_ACCESS_READ, (void *)&constant,
					   sizeof(constant)));
	CHECK(TEE_CheckMemoryAccessRights(TEE_MEMORY_ACCESS_WRITE, (void *)&constant,
					  sizeof(constant)));
	CHECK(TEE_CheckMemoryAccessRights(TEE_MEMORY_ACCESS_WRITE, (void *)(uintptr_t)check_bytes,
					  1));
	CHECK(TEE_CheckMemoryAccessRights(TEE_MEMORY_ACCESS_READ, NULL, 1));
	CHECK(!TEE_CheckMemoryAccessRights(TEE_MEMORY_ACCESS_READ, NULL, 0));
	CHECK(TEE_CheckMemoryAccessRights(TEE_MEMORY_ACCESS_READ, (void *)(256 * 1024), 1));
	CHECK(TEE_CheckMemoryAccessRights(TEE_MEMORY_ACCESS_READ, (void *)(UINTPTR_MAX - 3), 8));

	CHECK(!TEE_CheckMemoryAccessRights(TEE_MEMORY_ACCESS_READ | ANY, in->memref.buffer,
					   in->memref.size));
	CHECK(TEE_CheckMemoryAccessRights(TEE_MEMORY_ACCESS_READ, in->memref.buffer,
					  in->memref.size));
	CHECK(TEE_CheckMemoryAccessRights(RW | ANY, in->memref.buffer, in->memref.size));
	CHECK(!TEE_CheckMemoryAccessRights(TEE_MEMORY_ACCESS_READ | ANY |
					   TEE_MEMORY_ACCESS_NONSECURE, in->memref.buffer, 1));
	CHECK(TEE_CheckMemoryAccessRights(TEE_MEMORY_ACCESS_READ | ANY | TEE_MEMORY_ACCESS_SECURE,
					  in->memref.buffer, 1));
	CHECK(!TEE_CheckMemoryAccessRights(RW | ANY, inout->memref.buffer, inout->memref.size));
	CHECK(TEE_CheckMemoryAccessRights(RW | ANY, inout->memref.buffer, inout->memref.size + 1));
	CHECK(empty->memref.size == 0);
	TEE_Free(p);
	free(other);
	return 0;
}

/* --- properties --- */

static uint32_t check_values(void)
{
	const TEE_PropSetHandle ta = TEE_PROPSET_CURRENT_TA;
	const TEE_UUID uuid = TEST_TA_RANDOM_UUID;
	TEE_Identity identity;
	TEE_UUID id;
	uint64_t u64;
	uint32_t u32;
	bool yes;
	uint8_t block[16];
	len_t len = sizeof(block);

	CHECK(!TEE_GetPropertyAsBool(ta, "test.bool", &yes) && yes);
	CHECK(!TEE_GetPropertyAsBool(ta, TA_PROP_STR_SINGLE_INSTANCE, &yes) && !yes);
	CHECK(!TEE_GetPropertyAsU32(ta, "test.u32", &u32) && u32 == 4000000000u);
	CHECK(!TEE_GetPropertyAsU32(ta, TA_PROP_STR_DATA_SIZE, &u32) && u32 == 64 * 1024);
	CHECK(!TEE_GetPropertyAsU32(ta, TA_PROP_STR_STACK_SIZE, &u32) && u32 == 16 * 1024);
	CHECK(!TEE_GetPropertyAsU64(ta, "test.u64", &u64) && u64 == 10000000000u);
	CHECK(!TEE_GetPropertyAsUUID(ta, "test.uuid", &id) && !memcmp(&id, &uuid, sizeof(id)));
	CHECK(!TEE_GetPropertyAsUUID(ta, "gpd.ta.appID", &id));
	CHECK(!memcmp(&id, &ta_head.uuid, sizeof(id)));
	CHECK(!TEE_GetPropertyAsIdentity(ta, "test.identity", &identity) && identity.login == 7);
	CHECK(!memcmp(&identity.uuid, &uuid, sizeof(uuid)));
	CHECK(TEE_GetPropertyAsU32(ta, "test.bool", &u32) == TEE_ERROR_BAD_FORMAT);
	CHECK(TEE_GetPropertyAsU32(ta, "test.nothing", &u32) == TEE_ERROR_ITEM_NOT_FOUND);

	CHECK(!TEE_GetPropertyAsBinaryBlock(ta, "test.block", block, &len) && len == 12);
	CHECK(!memcmp(block, "Hello world!", 12));
	len = 11;
	CHECK(TEE_GetPropertyAsBinaryBlock(ta, "test.block", block, &len) ==
	      TEE_ERROR_SHORT_BUFFER && len == 12);
	CHECK(!TEE_GetPropertyAsBinaryBlock(ta, "test.block.odd", block, &len) && len == 5);
	CHECK(!TEE_GetPropertyAsBinaryBlock(ta, "test.block.none", block, &len) && len == 0);
	len = sizeof(block);
	CHECK(TEE_GetPropertyAsBinaryBlock(ta, "test.u32", block, &len) == TEE_ERROR_BAD_FORMAT);

	CHECK(!TEE_GetPropertyAsIdentity(TEE_PROPSET_CURRENT_CLIENT, "gpd.client.identity",
					 &identity));
	CHECK(!TEE_GetPropertyAsU32(TEE_PROPSET_TEE_IMPLEMENTATION,
				    "gpd.tee.internalCore.version", &u32));
	CHECK(u32 == TEE_CORE_API_VERSION);
	CHECK(!TEE_GetPropertyAsUUID(TEE_PROPSET_TEE_IMPLEMENTATION, "gpd.tee.deviceID", &id));
	return 0;
}

static uint32_t check_string(const char *name, const char *expected)
{
	char text[128];
	len_t len = sizeof(text), needed = strlen(expected) + 1;

	CHECK(!TEE_GetPropertyAsString(TEE_PROPSET_CURRENT_TA, name, text, &len));
	CHECK(len == needed && !strcmp(text, expected));
	len = needed - 1;
	CHECK(TEE_GetPropertyAsString(TEE_PROPSET_CURRENT_TA, name, text, &len) ==
	      TEE_ERROR_SHORT_BUFFER);
	CHECK(len == needed);
	CHECK(!TEE_GetPropertyAsString(TEE_PROPSET_CURRENT_TA, name, text, &len));
	len = 0;
	CHECK(TEE_GetPropertyAsString(TEE_PROPSET_CURRENT_TA, name, NULL, &len) ==
	      TEE_ERROR_SHORT_BUFFER && len == needed);
	return 0;
}

static uint32_t check_strings(void)
{
	CHECK_ALL(check_string("test.bool", "true"));
	CHECK_ALL(check_string("test.u32", "4000000000"));
	CHECK_ALL(check_string("test.u64", "10000000000"));
	CHECK_ALL(check_string("test.uuid", TEST_TA_RANDOM_UUID_STRING));
	CHECK_ALL(check_string("test.identity", "7:" TEST_TA_RANDOM_UUID_STRING));
	CHECK_ALL(check_string("test.empty", ""));
	CHECK_ALL(check_string("test.block", "SGVsbG8gd29ybGQh"));
	CHECK_ALL(check_string("test.block.odd", "SGVsbG8="));
	CHECK_ALL(check_string("test.block.none", ""));
	CHECK_ALL(check_string(TA_PROP_STR_VERSION, "3.1"));
	CHECK_ALL(check_string(TA_PROP_STR_DESCRIPTION, "checks the API"));
	return 0;
}

/* What an enumerator tells is what the names tell. */
static uint32_t check_set(TEE_PropSetHandle it, TEE_PropSetHandle set, uint32_t min)
{
	char name[80], text[128], again[128];
	uint32_t n = 0;
	TEE_Result res;
	len_t len;

	TEE_StartPropertyEnumerator(it, set);
	do {
		len = 2;
		CHECK(TEE_GetPropertyName(it, name, &len) == TEE_ERROR_SHORT_BUFFER);
		CHECK(len <= sizeof(name));
		CHECK(!TEE_GetPropertyName(it, name, &len) && len == strlen(name) + 1);
		len = sizeof(text);
		CHECK(!TEE_GetPropertyAsString(it, NULL, text, &len));
		len = sizeof(again);
		CHECK(!TEE_GetPropertyAsString(set, name, again, &len) && !strcmp(text, again));
		DMSG("%s = %s", name, text);
		n++;
		res = TEE_GetNextProperty(it);
	} while (!res);
	CHECK(res == TEE_ERROR_ITEM_NOT_FOUND && n >= min);
	CHECK(TEE_GetNextProperty(it) == TEE_ERROR_ITEM_NOT_FOUND);
	len = sizeof(name);
	CHECK(TEE_GetPropertyName(it, name, &len) == TEE_ERROR_ITEM_NOT_FOUND);
	return 0;
}

static uint32_t check_enumerators(void)
{
	TEE_PropSetHandle it;
	char name[80];
	len_t len = sizeof(name);

	CHECK(!TEE_AllocatePropertyEnumerator(&it));
	CHECK(TEE_GetPropertyName(it, name, &len) == TEE_ERROR_ITEM_NOT_FOUND);
	CHECK(TEE_GetNextProperty(it) == TEE_ERROR_ITEM_NOT_FOUND);
	CHECK_ALL(check_set(it, TEE_PROPSET_CURRENT_TA, 21));
	CHECK_ALL(check_set(it, TEE_PROPSET_CURRENT_CLIENT, 1));
	CHECK_ALL(check_set(it, TEE_PROPSET_TEE_IMPLEMENTATION, 15));
	TEE_ResetPropertyEnumerator(it);
	CHECK(TEE_GetNextProperty(it) == TEE_ERROR_ITEM_NOT_FOUND);
	TEE_FreePropertyEnumerator(it);
	return 0;
}

/* --- the rest --- */

static int compare(const void *a, const void *b)
{
	uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;

	return (x > y) - (x < y);
}

/* That the sandbox lets the C library do what a TA may ask of it */
static uint32_t check_libc(void)
{
	uint32_t *words = malloc(1 << 20);
	size_t n = (1 << 20) / sizeof(*words);
	char text[64];

	CHECK(words);
	TEE_GenerateRandom(words, 1 << 20);
	qsort(words, n, sizeof(*words), compare);
	for (size_t i = 1; i < n; i++) {
		if (words[i - 1] > words[i])
			return __LINE__;
	}
	words = realloc(words, 4 << 20);
	CHECK(words);
	free(words);
	snprintf(text, sizeof(text), "%.3f %s %lld", 1.5, "x", 1234567890123ll);
	CHECK(!strcmp(text, "1.500 x 1234567890123"));
	CHECK(strtoul("123", NULL, 10) == 123);
	printf("printf() of a TA goes to the log, ");
	printf("in lines\n");
	puts("puts() too");
	MSG_RAW("trace without a place");
	DHEXDUMP(text, 20);
	return 0;
}

static uint32_t check_misc(void)
{
	static int data;
	TEE_UUID id, uuid = TEST_TA_CRASH_UUID;
	TEE_Time t1, t2;
	uint8_t random[64] = { 0 };
	TEE_Result cache = ta_head.flags & TA_FLAG_CACHE_MAINTENANCE ? TEE_ERROR_ACCESS_DENIED :
								      TEE_ERROR_NOT_SUPPORTED;

	TEE_SetInstanceData(&data);
	CHECK(TEE_GetInstanceData() == &data);
	TEE_GenerateRandom(random, sizeof(random));
	CHECK(!is_zero(random, 16) && !is_zero(random + 48, 16));
	TEE_GenerateRandom(random, 0);
	TEE_GetSystemTime(&t1);
	TEE_GetSystemTime(&t2);
	CHECK(t1.millis < 1000 && (t1.seconds < t2.seconds ||
				   (t1.seconds == t2.seconds && t1.millis <= t2.millis)));
	CHECK(!tee_uuid_from_str(&id, TEST_TA_CRASH_UUID_STRING));
	CHECK(!memcmp(&id, &uuid, sizeof(id)));
	CHECK(tee_uuid_from_str(&id, "af84e85d-c7da-49cc-8ea4-55e354c890a") ==
	      TEE_ERROR_BAD_FORMAT);
	CHECK(TEE_CacheClean((char *)random, sizeof(random)) == cache);
	CHECK(TEE_CacheFlush((char *)random, sizeof(random)) == cache);
	CHECK(TEE_CacheInvalidate((char *)random, sizeof(random)) == cache);
	return 0;
}

static uint32_t run(const TEE_Param params[TEE_NUM_PARAMS])
{
	CHECK_ALL(check_malloc());
	CHECK_ALL(check_bytes());
	CHECK_ALL(check_access(&params[1], &params[2], &params[3]));
	CHECK_ALL(check_values());
	CHECK_ALL(check_strings());
	CHECK_ALL(check_enumerators());
	CHECK_ALL(check_libc());
	CHECK_ALL(check_misc());
	return 0;
}

static uint32_t run_system(void)
{
	TEE_Time t, ree, start, end;

	CHECK(!TEE_GetCancellationFlag());
	CHECK(TEE_UnmaskCancellation());
	CHECK(!TEE_UnmaskCancellation());
	CHECK(!TEE_MaskCancellation());
	CHECK(TEE_MaskCancellation());

	TEE_GetSystemTime(&start);
	CHECK(TEE_Wait(10) == TEE_SUCCESS);
	TEE_GetSystemTime(&end);
	CHECK((end.seconds - start.seconds) * 1000 + end.millis - start.millis >= 9);
	TEE_GetREETime(&ree);
	CHECK(ree.seconds > 1000000000 && ree.millis < 1000);

	t = (TEE_Time){ 1, 1 };
	CHECK(TEE_GetTAPersistentTime(&t) == TEE_ERROR_TIME_NOT_SET);
	CHECK(t.seconds == 0 && t.millis == 0);
	t = (TEE_Time){ 5000, 0 };
	CHECK(TEE_SetTAPersistentTime(&t) == TEE_SUCCESS);
	t = (TEE_Time){ 0, 0 };
	CHECK(TEE_GetTAPersistentTime(&t) == TEE_SUCCESS);
	CHECK(t.seconds >= 5000 && t.seconds < 5100 && t.millis < 1000);
	return 0;
}

/* --- entry points --- */

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
	uint32_t line;

	n_checks = 0;
	switch (cmd) {
	case TEST_API_CMD_RUN:
		if (types != TEE_PARAM_TYPES(TEE_PARAM_TYPE_VALUE_OUTPUT,
					     TEE_PARAM_TYPE_MEMREF_INPUT,
					     TEE_PARAM_TYPE_MEMREF_INOUT,
					     TEE_PARAM_TYPE_MEMREF_INPUT))
			return TEE_ERROR_BAD_PARAMETERS;
		line = run(params);
		break;
	case TEST_API_CMD_SYSTEM:
		if (types != TEE_PARAM_TYPES(TEE_PARAM_TYPE_VALUE_OUTPUT, TEE_PARAM_TYPE_NONE,
					     TEE_PARAM_TYPE_NONE, TEE_PARAM_TYPE_NONE))
			return TEE_ERROR_BAD_PARAMETERS;
		line = run_system();
		break;
	default:
		return TEE_ERROR_NOT_SUPPORTED;
	}
	params[0].value.a = line;
	params[0].value.b = n_checks;
	return line ? TEE_ERROR_GENERIC : TEE_SUCCESS;
}
