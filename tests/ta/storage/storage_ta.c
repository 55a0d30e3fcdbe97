/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A TA that keeps persistent objects, and checks the API for them
 *
 * Built twice, for the API of v1.3.1 and of v1.1; len_t is what a length is in each.
 */
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

#define READ TEE_DATA_FLAG_ACCESS_READ
#define WRITE TEE_DATA_FLAG_ACCESS_WRITE
#define META TEE_DATA_FLAG_ACCESS_WRITE_META
#define SHARE (TEE_DATA_FLAG_SHARE_READ | TEE_DATA_FLAG_SHARE_WRITE)
#define OVERWRITE TEE_DATA_FLAG_OVERWRITE
#define PRIVATE TEE_STORAGE_PRIVATE

#define CONFLICT TEE_ERROR_ACCESS_CONFLICT
#define NOT_FOUND TEE_ERROR_ITEM_NOT_FOUND

static uint32_t n_checks;

#define CHECK(cond) \
	do { \
		n_checks++; \
		if (!(cond)) { \
			EMSG("check failed: %s", #cond); \
			return __LINE__; \
		} \
	} while (0)

#define CHECK_ALL(group) \
	do { \
		uint32_t line_ = (group); \
		\
		if (line_) \
			return line_; \
	} while (0)

/* --- a table of steps on up to four handles --- */

enum op {
	OPEN,		/* text: id; a: flags */
	CREATE,		/* text: id; a: flags; data */
	CLOSE,
	DELETE,
	RENAME,		/* text: new id */
	PUT,		/* data */
	GET,		/* a: bytes asked for; data: what comes */
	SEEK,		/* a: offset, b: whence */
	TRUNCATE,	/* a */
	INFO,		/* a: size, b: position */
};

struct step {
	uint32_t line;
	enum op op;
	unsigned int handle;
	const char *text;
	uint32_t a;
	uint32_t b;
	const char *data;
	TEE_Result result;
};

#define S(op, handle, text, a, b, data, result) \
	{ __LINE__, op, handle, text, (uint32_t)(a), b, data, result }

static const struct step steps[] = {
	S(OPEN, 0, "one", READ, 0, NULL, NOT_FOUND),
	S(CREATE, 0, "one", READ | WRITE | META, 0, "0123456789", TEE_SUCCESS),
	S(INFO, 0, NULL, 10, 0, NULL, TEE_SUCCESS),
	S(GET, 0, NULL, 4, 0, "0123", TEE_SUCCESS),
	S(GET, 0, NULL, 64, 0, "456789", TEE_SUCCESS),
	S(GET, 0, NULL, 64, 0, "", TEE_SUCCESS),
	S(INFO, 0, NULL, 10, 10, NULL, TEE_SUCCESS),
	S(SEEK, 0, NULL, 2, TEE_DATA_SEEK_SET, NULL, TEE_SUCCESS),
	S(PUT, 0, NULL, 0, 0, "ab", TEE_SUCCESS),
	S(GET, 0, NULL, 2, 0, "45", TEE_SUCCESS),
	S(SEEK, 0, NULL, -5, TEE_DATA_SEEK_CUR, NULL, TEE_SUCCESS),
	S(GET, 0, NULL, 64, 0, "1ab456789", TEE_SUCCESS),
	S(SEEK, 0, NULL, -100, TEE_DATA_SEEK_END, NULL, TEE_SUCCESS),
	S(INFO, 0, NULL, 10, 0, NULL, TEE_SUCCESS),
	S(SEEK, 0, NULL, 12, TEE_DATA_SEEK_SET, NULL, TEE_SUCCESS),
	S(GET, 0, NULL, 4, 0, "", TEE_SUCCESS),
	S(INFO, 0, NULL, 10, 12, NULL, TEE_SUCCESS),
	S(TRUNCATE, 0, NULL, 3, 0, NULL, TEE_SUCCESS),
	S(INFO, 0, NULL, 3, 12, NULL, TEE_SUCCESS),
	S(SEEK, 0, NULL, 0, TEE_DATA_SEEK_SET, NULL, TEE_SUCCESS),
	S(GET, 0, NULL, 64, 0, "01a", TEE_SUCCESS),
	S(TRUNCATE, 0, NULL, 0, 0, NULL, TEE_SUCCESS),
	S(PUT, 0, NULL, 0, 0, "", TEE_SUCCESS),
	S(INFO, 0, NULL, 0, 3, NULL, TEE_SUCCESS),
	/* Who may open it besides */
	S(OPEN, 1, "one", READ | SHARE, 0, NULL, CONFLICT),
	S(CREATE, 1, "one", READ | SHARE | OVERWRITE, 0, "x", CONFLICT),
	S(CLOSE, 0, NULL, 0, 0, NULL, TEE_SUCCESS),
	S(CREATE, 1, "one", READ, 0, "x", CONFLICT),
	S(CREATE, 0, "one", READ | SHARE | OVERWRITE, 0, "anew", TEE_SUCCESS),
	S(OPEN, 1, "one", READ | WRITE | SHARE, 0, NULL, TEE_SUCCESS),
	S(OPEN, 2, "one", READ, 0, NULL, CONFLICT),
	S(OPEN, 2, "one", META | SHARE, 0, NULL, CONFLICT),
	S(PUT, 1, NULL, 0, 0, "k", TEE_SUCCESS),
	S(GET, 0, NULL, 64, 0, "knew", TEE_SUCCESS),
	S(CLOSE, 0, NULL, 0, 0, NULL, TEE_SUCCESS),
	S(GET, 1, NULL, 64, 0, "new", TEE_SUCCESS),
	S(CLOSE, 1, NULL, 0, 0, NULL, TEE_SUCCESS),
	/* Names */
	S(CREATE, 0, "two", READ | META, 0, "second", TEE_SUCCESS),
	S(RENAME, 0, "one", 0, 0, NULL, CONFLICT),
	S(RENAME, 0, "two", 0, 0, NULL, CONFLICT),
	S(RENAME, 0, "three", 0, 0, NULL, TEE_SUCCESS),
	S(GET, 0, NULL, 64, 0, "second", TEE_SUCCESS),
	S(OPEN, 1, "three", READ | SHARE, 0, NULL, CONFLICT),
	S(OPEN, 1, "two", READ, 0, NULL, NOT_FOUND),
	S(CLOSE, 0, NULL, 0, 0, NULL, TEE_SUCCESS),
	S(OPEN, 0, "three", READ | META, 0, NULL, TEE_SUCCESS),
	S(GET, 0, NULL, 64, 0, "second", TEE_SUCCESS),
	S(DELETE, 0, NULL, 0, 0, NULL, TEE_SUCCESS),
	S(OPEN, 0, "three", READ, 0, NULL, NOT_FOUND),
	S(CREATE, 0, "", READ | META, 0, "no name", TEE_SUCCESS),
	S(DELETE, 0, NULL, 0, 0, NULL, TEE_SUCCESS),
	/* Limits */
	S(OPEN, 0, "one", READ | WRITE | META, 0, NULL, TEE_SUCCESS),
	S(SEEK, 0, NULL, 0x7fffffff, TEE_DATA_SEEK_SET, NULL, TEE_SUCCESS),
	S(SEEK, 0, NULL, 0x7fffffff, TEE_DATA_SEEK_CUR, NULL, TEE_SUCCESS),
	S(SEEK, 0, NULL, 2, TEE_DATA_SEEK_CUR, NULL, TEE_ERROR_OVERFLOW),
	S(PUT, 0, NULL, 0, 0, "ab", TEE_ERROR_OVERFLOW),
	S(PUT, 0, NULL, 0, 0, "a", TEE_ERROR_STORAGE_NO_SPACE),
	S(TRUNCATE, 0, NULL, 0xffffffff, 0, NULL, TEE_ERROR_STORAGE_NO_SPACE),
	S(DELETE, 0, NULL, 0, 0, NULL, TEE_SUCCESS),
	/* NULL, for functions that take it */
	S(DELETE, 3, NULL, 0, 0, NULL, TEE_SUCCESS),
	S(CLOSE, 3, NULL, 0, 0, NULL, TEE_SUCCESS),
};

static bool info_is(TEE_ObjectHandle handle, uint32_t size, uint32_t position, TEE_Result *res)
{
	const uint32_t flags = TEE_HANDLE_FLAG_PERSISTENT | TEE_HANDLE_FLAG_INITIALIZED;
	TEE_ObjectInfo info;

	*res = TEE_GetObjectInfo1(handle, &info);
	return *res != TEE_SUCCESS ||
	       (info.objectType == TEE_TYPE_DATA && info.dataSize == size &&
		info.dataPosition == position && (info.handleFlags & flags) == flags &&
		info.objectSize == 0 && info.maxObjectSize == 0);
}

/* False when what came is not what the step says */
static bool do_step(const struct step *s, TEE_ObjectHandle *handle, TEE_Result *res)
{
	len_t size = s->data ? (len_t)strlen(s->data) : 0;
	uint8_t buffer[64];
	char id[64] = "";
	len_t id_len = 0, got = 77;

	if (s->text) {
		id_len = (len_t)strlen(s->text);
		memcpy(id, s->text, id_len);
	}
	switch (s->op) {
	case OPEN:
		*res = TEE_OpenPersistentObject(PRIVATE, id, id_len, s->a, handle);
		return (*res == TEE_SUCCESS) == (*handle != TEE_HANDLE_NULL);
	case CREATE:
		*res = TEE_CreatePersistentObject(PRIVATE, id, id_len, s->a, TEE_HANDLE_NULL,
						  s->data, size, handle);
		return (*res == TEE_SUCCESS) == (*handle != TEE_HANDLE_NULL);
	case CLOSE:
		TEE_CloseObject(*handle);
		*res = TEE_SUCCESS;
		return true;
	case DELETE:
		*res = TEE_CloseAndDeletePersistentObject1(*handle);
		return true;
	case RENAME:
		*res = TEE_RenamePersistentObject(*handle, id, id_len);
		return true;
	case PUT:
		*res = TEE_WriteObjectData(*handle, s->data, size);
		return true;
	case GET:
		*res = TEE_ReadObjectData(*handle, buffer, s->a, &got);
		return got == size && !memcmp(buffer, s->data, size);
	case SEEK:
		*res = TEE_SeekObjectData(*handle, (int32_t)s->a, s->b);
		return true;
	case TRUNCATE:
		*res = TEE_TruncateObjectData(*handle, s->a);
		return true;
	case INFO:
		return info_is(*handle, s->a, s->b, res);
	}
	return false;
}

static uint32_t run_steps(void)
{
	TEE_ObjectHandle handles[4] = { TEE_HANDLE_NULL };

	for (size_t i = 0; i < sizeof(steps) / sizeof(steps[0]); i++) {
		TEE_Result res = TEE_ERROR_GENERIC;

		n_checks++;
		if (!do_step(&steps[i], &handles[steps[i].handle], &res) ||
		    res != steps[i].result) {
			EMSG("step in line %u: 0x%08x", steps[i].line, res);
			return steps[i].line;
		}
	}
	return 0;
}

/* --- what does not fit into a table --- */

static uint32_t check_enumerator(void)
{
	TEE_ObjectEnumHandle e = TEE_HANDLE_NULL, other;
	TEE_ObjectHandle object;
	TEE_ObjectInfo info;
	uint32_t seen = 0;
	uint8_t id[64];
	len_t id_len;

	CHECK(TEE_AllocatePersistentObjectEnumerator(&e) == TEE_SUCCESS && e);
	CHECK(TEE_AllocatePersistentObjectEnumerator(&other) == TEE_SUCCESS && other != e);
	TEE_FreePersistentObjectEnumerator(other);
	CHECK(TEE_GetNextPersistentObject(e, &info, id, &id_len) == NOT_FOUND);
	CHECK(TEE_StartPersistentObjectEnumerator(e, PRIVATE) == NOT_FOUND);
	for (uint8_t i = 0; i < 10; i++) {
		memset(id, i, sizeof(id));
		CHECK(TEE_CreatePersistentObject(PRIVATE, id, i ? 6 * i + 1 : 0, READ, NULL, id, i,
						 &object) == TEE_SUCCESS);
		TEE_CloseObject(object);
	}
	CHECK(TEE_StartPersistentObjectEnumerator(e, TEE_STORAGE_PRIVATE_REE) == TEE_SUCCESS);
	for (int i = 0; i < 10; i++) {
		CHECK(TEE_GetNextPersistentObject(e, &info, id, &id_len) == TEE_SUCCESS);
		CHECK(info.objectType == TEE_TYPE_DATA && info.dataSize < 10);
		CHECK(id_len == (info.dataSize ? 6 * info.dataSize + 1 : 0));
		CHECK(!id_len || id[id_len - 1] == info.dataSize);
		seen |= 1u << info.dataSize;
		CHECK(TEE_OpenPersistentObject(PRIVATE, id, id_len, META, &object) == TEE_SUCCESS);
		TEE_CloseAndDeletePersistentObject(object);
	}
	CHECK(seen == 0x3ff);
	CHECK(TEE_GetNextPersistentObject(e, &info, id, &id_len) == NOT_FOUND);
	CHECK(TEE_StartPersistentObjectEnumerator(e, PRIVATE) == NOT_FOUND);
	CHECK(TEE_StartPersistentObjectEnumerator(e, 0x1234) == NOT_FOUND);
	TEE_ResetPersistentObjectEnumerator(e);
	TEE_FreePersistentObjectEnumerator(e);
	TEE_ResetPersistentObjectEnumerator(TEE_HANDLE_NULL);
	TEE_FreePersistentObjectEnumerator(TEE_HANDLE_NULL);
	return 0;
}

/* More than the pieces that data is carried in, at once */
static uint32_t check_large(void)
{
	const len_t size = (3 << 19) + 12345;
	uint32_t *data = TEE_Malloc(size, 0);
	TEE_ObjectHandle object;
	len_t got = 0;

	CHECK(data);
	for (uint32_t i = 0; i < size / 4; i++)
		data[i] = i * 2654435761u;
	CHECK(TEE_CreatePersistentObject(PRIVATE, "large", 5, READ | META, NULL, data, size,
					 &object) == TEE_SUCCESS);
	TEE_MemFill(data, 0, size);
	CHECK(TEE_ReadObjectData(object, data, size, &got) == TEE_SUCCESS && got == size);
	for (uint32_t i = 0; i < size / 4; i++)
		CHECK(data[i] == i * 2654435761u);
	TEE_CloseAndDeletePersistentObject(object);
	TEE_Free(data);
	return 0;
}

/* Data may be the client's; other storages are not there. */
static uint32_t check_arguments(const TEE_Param *shared)
{
	TEE_ObjectHandle object = TEE_HANDLE_NULL;
	uint8_t longest[64] = { 1 };
	len_t got;

	CHECK(shared->memref.size >= 64);
	CHECK(TEE_CreatePersistentObject(PRIVATE, longest, 64, READ | WRITE | META, NULL,
					 shared->memref.buffer, 64, &object) == TEE_SUCCESS);
	CHECK(TEE_WriteObjectData(object, shared->memref.buffer, 64) == TEE_SUCCESS);
	CHECK(TEE_SeekObjectData(object, 0, TEE_DATA_SEEK_SET) == TEE_SUCCESS);
	CHECK(TEE_ReadObjectData(object, shared->memref.buffer, 64, &got) == TEE_SUCCESS);
	CHECK(got == 64);
	TEE_CloseAndDeletePersistentObject(object);
	CHECK(TEE_OpenPersistentObject(TEE_STORAGE_PRIVATE_RPMB, "x", 1, READ, &object) ==
	      NOT_FOUND);
	CHECK(object == TEE_HANDLE_NULL);
	CHECK(TEE_CreatePersistentObject(0, "x", 1, READ, NULL, NULL, 0, &object) == NOT_FOUND);
#if !__OPTEE_CORE_API_COMPAT_1_1
	/* Made, and closed */
	CHECK(TEE_CreatePersistentObject(PRIVATE, "x", 1, READ, NULL, NULL, 0, NULL) ==
	      TEE_SUCCESS);
	CHECK(TEE_OpenPersistentObject(PRIVATE, "x", 1, META, &object) == TEE_SUCCESS);
	TEE_CloseAndDeletePersistentObject(object);
#endif
	return 0;
}

static uint32_t run(const TEE_Param params[TEE_NUM_PARAMS])
{
	CHECK_ALL(run_steps());
	CHECK_ALL(check_enumerator());
	CHECK_ALL(check_large());
	CHECK_ALL(check_arguments(&params[1]));
	return 0;
}

/* --- single operations --- */

/* The identifier has to be ours. */
static len_t take_id(const TEE_Param *param, uint8_t id[64])
{
	len_t size = (len_t)(param->memref.size < 64 ? param->memref.size : 64);

	if (size)
		memcpy(id, param->memref.buffer, size);
	return size;
}

static TEE_Result open_object(const TEE_Param *param, uint32_t flags, TEE_ObjectHandle *object)
{
	uint8_t id[64];
	len_t id_len = take_id(param, id);

	return TEE_OpenPersistentObject(PRIVATE, id, id_len, flags, object);
}

static TEE_Result put(const TEE_Param *name, const void *data, len_t size,
		      TEE_ObjectHandle *object)
{
	uint8_t id[64];
	len_t id_len = take_id(name, id);

	return TEE_CreatePersistentObject(PRIVATE, id, id_len, READ | WRITE | OVERWRITE,
					  TEE_HANDLE_NULL, data, size, object);
}

static TEE_Result cmd_put(TEE_Param *params)
{
	TEE_ObjectHandle object;
	TEE_Result res = put(&params[0], params[1].memref.buffer, (len_t)params[1].memref.size,
			     &object);

	TEE_CloseObject(object);
	return res;
}

static TEE_Result cmd_get(TEE_Param *params)
{
	TEE_ObjectHandle object;
	len_t got = 0;
	TEE_Result res = open_object(&params[0], READ | SHARE, &object);

	if (res != TEE_SUCCESS)
		return res;
	res = TEE_ReadObjectData(object, params[1].memref.buffer, (len_t)params[1].memref.size,
				 &got);
	params[1].memref.size = got;
	/* A corrupt object closes its handle. */
	if (res != TEE_ERROR_CORRUPT_OBJECT)
		TEE_CloseObject(object);
	return res;
}

static TEE_Result cmd_delete(TEE_Param *params)
{
	TEE_ObjectHandle object;
	TEE_Result res = open_object(&params[0], META, &object);

	return res == TEE_SUCCESS ? TEE_CloseAndDeletePersistentObject1(object) : res;
}

static TEE_Result cmd_write(TEE_Param *params)
{
	TEE_ObjectHandle object;
	TEE_Result res = open_object(&params[0], WRITE | SHARE, &object);

	if (res != TEE_SUCCESS)
		return res;
	res = TEE_SeekObjectData(object, (int32_t)params[2].value.b, TEE_DATA_SEEK_SET);
	if (res == TEE_SUCCESS)
		res = TEE_WriteObjectData(object, params[1].memref.buffer,
					  (len_t)params[1].memref.size);
	if (res != TEE_ERROR_CORRUPT_OBJECT)
		TEE_CloseObject(object);
	return res;
}

static TEE_Result cmd_rename(TEE_Param *params)
{
	TEE_ObjectHandle object;
	uint8_t id[64];
	len_t id_len = take_id(&params[1], id);
	TEE_Result res = open_object(&params[0], META, &object);

	if (res != TEE_SUCCESS)
		return res;
	res = TEE_RenamePersistentObject(object, id, id_len);
	if (res != TEE_ERROR_CORRUPT_OBJECT)
		TEE_CloseObject(object);
	return res;
}

static TEE_Result cmd_count(TEE_Param *params)
{
	TEE_ObjectEnumHandle e;
	TEE_ObjectInfo info;
	uint8_t id[64];
	len_t id_len;
	TEE_Result res = TEE_AllocatePersistentObjectEnumerator(&e);

	params[0].value.a = 0;
	if (res != TEE_SUCCESS)
		return res;
	res = TEE_StartPersistentObjectEnumerator(e, PRIVATE);
	while (res == TEE_SUCCESS) {
		res = TEE_GetNextPersistentObject(e, &info, id, &id_len);
		if (res == TEE_SUCCESS)
			params[0].value.a++;
	}
	TEE_FreePersistentObjectEnumerator(e);
	return res == NOT_FOUND ? TEE_SUCCESS : res;
}

static TEE_Result cmd_steps(TEE_Param *params)
{
	static uint8_t data[65536];
	uint32_t left = params[1].value.a, step = params[1].value.b;
	TEE_ObjectHandle object;
	TEE_Result res;

	if (!step || step > sizeof(data))
		return TEE_ERROR_BAD_PARAMETERS;
	res = put(&params[0], NULL, 0, &object);
	for (; res == TEE_SUCCESS && left >= step; left -= step)
		res = TEE_WriteObjectData(object, data, step);
	TEE_CloseObject(object);
	return res;
}

/* --- panics --- */

static TEE_ObjectHandle with_rights(uint32_t flags)
{
	TEE_ObjectHandle object;

	if (TEE_CreatePersistentObject(PRIVATE, "p", 1, flags | OVERWRITE, NULL, "x", 1,
				       &object) != TEE_SUCCESS)
		return TEE_HANDLE_NULL;
	return object;
}

/* A result means that it did not panic. */
static TEE_Result cmd_panic(TEE_Param *params)
{
	void *shared = params[1].memref.buffer;
	TEE_ObjectHandle object = TEE_HANDLE_NULL;
	uint8_t longer[65] = { 0 };
	len_t got;

	switch (params[0].value.a) {
	case TEST_STORAGE_PANIC_ID_TOO_LONG:
		return TEE_OpenPersistentObject(PRIVATE, longer, 65, READ, &object);
	case TEST_STORAGE_PANIC_ID_SHARED:
		return TEE_OpenPersistentObject(PRIVATE, shared, 1, READ, &object);
	case TEST_STORAGE_PANIC_CREATE_SHARED:
		return TEE_CreatePersistentObject(PRIVATE, shared, 1, READ | OVERWRITE, NULL, NULL,
						  0, &object);
	case TEST_STORAGE_PANIC_RENAME_SHARED:
		return TEE_RenamePersistentObject(with_rights(META), shared, 1);
	case TEST_STORAGE_PANIC_FLAGS:
		return TEE_OpenPersistentObject(PRIVATE, "p", 1, 0x8000, &object);
	case TEST_STORAGE_PANIC_HANDLE:
		return TEE_ReadObjectData((TEE_ObjectHandle)0xffffbad0, longer, 1, &got);
	case TEST_STORAGE_PANIC_CLOSED_HANDLE:
		object = with_rights(READ);
		TEE_CloseObject(object);
		TEE_CloseObject(object);
		return TEE_SUCCESS;
	case TEST_STORAGE_PANIC_READ:
		return TEE_ReadObjectData(with_rights(WRITE), longer, 1, &got);
	case TEST_STORAGE_PANIC_WRITE:
		return TEE_WriteObjectData(with_rights(READ), longer, 1);
	case TEST_STORAGE_PANIC_TRUNCATE:
		return TEE_TruncateObjectData(with_rights(READ), 1);
	case TEST_STORAGE_PANIC_RENAME:
		return TEE_RenamePersistentObject(with_rights(READ | WRITE), "q", 1);
	case TEST_STORAGE_PANIC_DELETE:
		return TEE_CloseAndDeletePersistentObject1(with_rights(READ | WRITE));
	case TEST_STORAGE_PANIC_WHENCE:
		return TEE_SeekObjectData(with_rights(READ), 0, 3);
	case TEST_STORAGE_PANIC_ENUMERATOR:
		return TEE_StartPersistentObjectEnumerator((TEE_ObjectEnumHandle)77, PRIVATE);
	case TEST_STORAGE_PANIC_ATTRIBUTES:
		return TEE_CreatePersistentObject(PRIVATE, "q", 1, READ, with_rights(READ), NULL, 0,
						  &object);
	case TEST_STORAGE_PANIC_NULL_RESULT:
		return TEE_OpenPersistentObject(PRIVATE, "p", 1, READ, NULL);
	default:
		return TEE_ERROR_BAD_PARAMETERS;
	}
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

static TEE_Result cmd_run(TEE_Param *params)
{
	n_checks = 0;
	params[0].value.a = run(params);
	params[0].value.b = n_checks;
	return params[0].value.a ? TEE_ERROR_GENERIC : TEE_SUCCESS;
}

#define T(a, b, c) \
	TEE_PARAM_TYPES(TEE_PARAM_TYPE_##a, TEE_PARAM_TYPE_##b, TEE_PARAM_TYPE_##c, \
			TEE_PARAM_TYPE_NONE)

TEE_Result TA_InvokeCommandEntryPoint(void *ctx, uint32_t cmd, uint32_t types,
				      TEE_Param params[TEE_NUM_PARAMS])
{
	static const struct {
		TEE_Result (*fn)(TEE_Param *params);
		uint32_t types;
	} cmds[] = {
		[TEST_STORAGE_CMD_RUN] = { cmd_run, T(VALUE_OUTPUT, MEMREF_INOUT, NONE) },
		[TEST_STORAGE_CMD_PUT] = { cmd_put, T(MEMREF_INPUT, MEMREF_INPUT, NONE) },
		[TEST_STORAGE_CMD_GET] = { cmd_get, T(MEMREF_INPUT, MEMREF_OUTPUT, NONE) },
		[TEST_STORAGE_CMD_DELETE] = { cmd_delete, T(MEMREF_INPUT, NONE, NONE) },
		[TEST_STORAGE_CMD_WRITE] = { cmd_write,
					     T(MEMREF_INPUT, MEMREF_INPUT, VALUE_INPUT) },
		[TEST_STORAGE_CMD_RENAME] = { cmd_rename, T(MEMREF_INPUT, MEMREF_INPUT, NONE) },
		[TEST_STORAGE_CMD_COUNT] = { cmd_count, T(VALUE_OUTPUT, NONE, NONE) },
		[TEST_STORAGE_CMD_STEPS] = { cmd_steps, T(MEMREF_INPUT, VALUE_INPUT, NONE) },
		[TEST_STORAGE_CMD_PANIC] = { cmd_panic, T(VALUE_INPUT, MEMREF_INPUT, NONE) },
	};

	if (cmd >= sizeof(cmds) / sizeof(cmds[0]))
		return TEE_ERROR_NOT_SUPPORTED;
	if (types != cmds[cmd].types)
		return TEE_ERROR_BAD_PARAMETERS;
	return cmds[cmd].fn(params);
}
