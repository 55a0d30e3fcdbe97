/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * TEE Internal Core API: persistent objects (GPD_SPE_010, 5.7), their data (5.9), and
 * the generic functions on them (5.5)
 *
 * A handle is a number that the trusted OS gave, as a pointer that nobody follows.
 * It keeps what belongs to a handle and checks each: a function here panics with
 * whatever result it must not return.
 */
#include "secure/tahost/api.h"

#include <tee_internal_api_extensions.h>

/* Reads are done in pieces of this size: data is copied through a window. */
#define READ_PIECE ((size_t)512 << 10)

static uint64_t handle_number(TEE_ObjectHandle object)
{
	return (uintptr_t)object;
}

static TEE_ObjectHandle handle_pointer(uint64_t number)
{
	return (TEE_ObjectHandle)(uintptr_t)number;
}

/* @allowed: results besides success, ended by TEE_SUCCESS; others panic. */
static TEE_Result checked(const char *what, TEE_Result res, const TEE_Result *allowed)
{
	if (res == TEE_SUCCESS)
		return res;
	for (; *allowed != TEE_SUCCESS; allowed++) {
		if (res == *allowed)
			return res;
	}
	if (res == TEE_ERROR_BAD_PARAMETERS)
		host_panic(res, "%s: no such handle, or an argument that there is not", what);
	if (res == TEE_ERROR_BAD_STATE)
		host_panic(res, "%s: the object was not opened with the access that this needs", what);
	host_panic(res, "%s: the trusted OS answered 0x%08x", what, res);
}

#define CHECKED(what, res, ...) \
	checked(what, res, (const TEE_Result[]){ __VA_ARGS__, TEE_SUCCESS })

/* The window, with an identifier at its beginning and room for @size bytes of data */
static uint8_t *window_with_id(const char *what, const void *id, size_t id_len, size_t size)
{
	uint8_t *window;

	if (id_len > TEE_OBJECT_ID_MAX_LEN)
		host_panic(TEE_ERROR_BAD_PARAMETERS, "%s: an object id of %zu bytes, at most %u",
			   what, id_len, TEE_OBJECT_ID_MAX_LEN);
	/* Of the TA itself, not of its client */
	api_check_in(what, id, id_len);
	window = host_window(TAHOST_WINDOW_DATA + size);
	if (window && id_len)
		memcpy(window, id, id_len);
	return window;
}

/* --- open and create --- */

TEE_Result TEE_OpenPersistentObject(uint32_t storageID, const void *objectID, size_t objectIDLen,
				    uint32_t flags, TEE_ObjectHandle *object)
{
	static const char what[] = "TEE_OpenPersistentObject";
	struct tahost_sys sys = {
		.nr = TAHOST_SYS_OBJ_OPEN,
		.result = TEE_ERROR_OUT_OF_MEMORY,
		.a = { storageID, flags, objectIDLen },
	};

	api_check_out(what, object, sizeof(*object));
	if (window_with_id(what, objectID, objectIDLen, 0))
		host_syscall(&sys);
	*object = sys.result == TEE_SUCCESS ? handle_pointer(sys.a[0]) : TEE_HANDLE_NULL;
	return CHECKED(what, sys.result, TEE_ERROR_ITEM_NOT_FOUND, TEE_ERROR_ACCESS_CONFLICT,
		       TEE_ERROR_OUT_OF_MEMORY, TEE_ERROR_CORRUPT_OBJECT,
		       TEE_ERROR_STORAGE_NOT_AVAILABLE);
}

TEE_Result __GP11_TEE_OpenPersistentObject(uint32_t storageID, const void *objectID,
					   uint32_t objectIDLen, uint32_t flags,
					   TEE_ObjectHandle *object)
{
	return TEE_OpenPersistentObject(storageID, objectID, objectIDLen, flags, object);
}

static TEE_Result create(const char *what, struct tahost_sys *sys, const void *id,
			 size_t id_len, const void *data, size_t size)
{
	uint8_t *window;

	if (size > TAHOST_WINDOW_MAX - TAHOST_WINDOW_DATA)
		return TEE_ERROR_STORAGE_NO_SPACE;
	window = window_with_id(what, id, id_len, size);
	if (!window)
		return TEE_ERROR_OUT_OF_MEMORY;
	if (size)
		memcpy(window + TAHOST_WINDOW_DATA, data, size);
	host_syscall(sys);
	return sys->result;
}

TEE_Result TEE_CreatePersistentObject(uint32_t storageID, const void *objectID,
				      size_t objectIDLen, uint32_t flags,
				      TEE_ObjectHandle attributes, const void *initialData,
				      size_t initialDataLen, TEE_ObjectHandle *object)
{
	static const char what[] = "TEE_CreatePersistentObject";
	struct tahost_sys sys = {
		.nr = TAHOST_SYS_OBJ_CREATE,
		.a = { storageID, flags, objectIDLen, initialDataLen },
	};
	TEE_Result res;

	if (object)
		api_check_out(what, object, sizeof(*object));
	api_check(what, TEE_MEMORY_ACCESS_READ | TEE_MEMORY_ACCESS_ANY_OWNER, initialData,
		  initialDataLen);
	/* There are no objects with attributes, so no handle of one. */
	if (attributes != TEE_HANDLE_NULL)
		host_panic(TEE_ERROR_BAD_PARAMETERS, "%s: attributes %p are not an object that has any",
			   what, (void *)attributes);
	res = create(what, &sys, objectID, objectIDLen, initialData, initialDataLen);
	if (object)
		*object = res == TEE_SUCCESS ? handle_pointer(sys.a[0]) : TEE_HANDLE_NULL;
	else if (res == TEE_SUCCESS)
		TEE_CloseObject(handle_pointer(sys.a[0]));
	return CHECKED(what, res, TEE_ERROR_ITEM_NOT_FOUND, TEE_ERROR_ACCESS_CONFLICT,
		       TEE_ERROR_OUT_OF_MEMORY, TEE_ERROR_STORAGE_NO_SPACE,
		       TEE_ERROR_CORRUPT_OBJECT, TEE_ERROR_STORAGE_NOT_AVAILABLE);
}

TEE_Result __GP11_TEE_CreatePersistentObject(uint32_t storageID, const void *objectID,
					     uint32_t objectIDLen, uint32_t flags,
					     TEE_ObjectHandle attributes, const void *initialData,
					     uint32_t initialDataLen, TEE_ObjectHandle *object)
{
	/* Optional since v1.3 */
	api_check_out("TEE_CreatePersistentObject(object)", object, sizeof(*object));
	return TEE_CreatePersistentObject(storageID, objectID, objectIDLen, flags, attributes,
					  initialData, initialDataLen, object);
}

/* --- close, delete, rename --- */

void TEE_CloseObject(TEE_ObjectHandle object)
{
	struct tahost_sys sys = { .nr = TAHOST_SYS_OBJ_CLOSE, .a = { handle_number(object) } };

	if (object == TEE_HANDLE_NULL)
		return;
	host_syscall(&sys);
	if (sys.result != TEE_SUCCESS)
		host_panic(sys.result, "TEE_CloseObject: %p is no handle", (void *)object);
}

TEE_Result TEE_CloseAndDeletePersistentObject1(TEE_ObjectHandle object)
{
	struct tahost_sys sys = { .nr = TAHOST_SYS_OBJ_DELETE, .a = { handle_number(object) } };

	if (object == TEE_HANDLE_NULL)
		return TEE_SUCCESS;
	host_syscall(&sys);
	return CHECKED("TEE_CloseAndDeletePersistentObject1", sys.result,
		       TEE_ERROR_STORAGE_NOT_AVAILABLE);
}

void TEE_CloseAndDeletePersistentObject(TEE_ObjectHandle object)
{
	TEE_Result res = TEE_CloseAndDeletePersistentObject1(object);

	if (res != TEE_SUCCESS)
		host_panic(res, "TEE_CloseAndDeletePersistentObject: 0x%08x", res);
}

TEE_Result TEE_RenamePersistentObject(TEE_ObjectHandle object, const void *newObjectID,
				      size_t newObjectIDLen)
{
	static const char what[] = "TEE_RenamePersistentObject";
	struct tahost_sys sys = {
		.nr = TAHOST_SYS_OBJ_RENAME,
		.result = TEE_ERROR_OUT_OF_MEMORY,
		.a = { handle_number(object), newObjectIDLen },
	};

	if (window_with_id(what, newObjectID, newObjectIDLen, 0))
		host_syscall(&sys);
	return CHECKED(what, sys.result, TEE_ERROR_ACCESS_CONFLICT, TEE_ERROR_CORRUPT_OBJECT,
		       TEE_ERROR_STORAGE_NOT_AVAILABLE);
}

TEE_Result __GP11_TEE_RenamePersistentObject(TEE_ObjectHandle object, const void *newObjectID,
					     uint32_t newObjectIDLen)
{
	return TEE_RenamePersistentObject(object, newObjectID, newObjectIDLen);
}

/* --- information --- */

/* All objects are pure data so far: no size of a key, and nothing to restrict. */
static void fill_info(TEE_ObjectInfo *info, uint64_t size, uint64_t position, uint32_t flags)
{
	*info = (TEE_ObjectInfo){
		.objectType = TEE_TYPE_DATA,
		.objectUsage = UINT32_MAX,
		.dataSize = (size_t)size,
		.dataPosition = (size_t)position,
		.handleFlags = flags,
	};
}

static void info_to_gp11(const TEE_ObjectInfo *info, __GP11_TEE_ObjectInfo *ret)
{
	ret->objectType = info->objectType;
	ret->objectSize = info->objectSize;
	ret->maxObjectSize = info->maxObjectSize;
	ret->objectUsage = info->objectUsage;
	ret->dataSize = (uint32_t)info->dataSize;
	ret->dataPosition = (uint32_t)info->dataPosition;
	ret->handleFlags = info->handleFlags;
}

TEE_Result TEE_GetObjectInfo1(TEE_ObjectHandle object, TEE_ObjectInfo *objectInfo)
{
	static const char what[] = "TEE_GetObjectInfo1";
	struct tahost_sys sys = { .nr = TAHOST_SYS_OBJ_INFO, .a = { handle_number(object) } };

	api_check_out(what, objectInfo, sizeof(*objectInfo));
	host_syscall(&sys);
	if (sys.result == TEE_SUCCESS)
		fill_info(objectInfo, sys.a[0], sys.a[1],
			  (uint32_t)sys.a[2] | TEE_HANDLE_FLAG_PERSISTENT |
				  TEE_HANDLE_FLAG_INITIALIZED);
	return CHECKED(what, sys.result, TEE_ERROR_CORRUPT_OBJECT,
		       TEE_ERROR_STORAGE_NOT_AVAILABLE);
}

void TEE_GetObjectInfo(TEE_ObjectHandle object, TEE_ObjectInfo *objectInfo)
{
	TEE_Result res = TEE_GetObjectInfo1(object, objectInfo);

	if (res != TEE_SUCCESS)
		host_panic(res, "TEE_GetObjectInfo: 0x%08x", res);
}

TEE_Result __GP11_TEE_GetObjectInfo1(TEE_ObjectHandle object, __GP11_TEE_ObjectInfo *objectInfo)
{
	TEE_ObjectInfo info;
	TEE_Result res;

	api_check_out("TEE_GetObjectInfo1", objectInfo, sizeof(*objectInfo));
	res = TEE_GetObjectInfo1(object, &info);
	if (res == TEE_SUCCESS)
		info_to_gp11(&info, objectInfo);
	return res;
}

void __GP11_TEE_GetObjectInfo(TEE_ObjectHandle object, __GP11_TEE_ObjectInfo *objectInfo)
{
	TEE_Result res = __GP11_TEE_GetObjectInfo1(object, objectInfo);

	if (res != TEE_SUCCESS)
		host_panic(res, "TEE_GetObjectInfo: 0x%08x", res);
}

/* --- data --- */

/* One piece of a read; *@size: wanted, then got. */
static TEE_Result read_piece(TEE_ObjectHandle object, void *buffer, size_t *size)
{
	struct tahost_sys sys = {
		.nr = TAHOST_SYS_OBJ_READ,
		.a = { handle_number(object), *size },
	};
	uint8_t *window = host_window(TAHOST_WINDOW_DATA + *size);

	if (!window)
		return TEE_ERROR_OUT_OF_MEMORY;
	host_syscall(&sys);
	if (sys.result != TEE_SUCCESS)
		return sys.result;
	if (sys.a[1] > *size)
		return TEE_ERROR_GENERIC;
	*size = (size_t)sys.a[1];
	if (*size)
		memcpy(buffer, window + TAHOST_WINDOW_DATA, *size);
	return TEE_SUCCESS;
}

TEE_Result TEE_ReadObjectData(TEE_ObjectHandle object, void *buffer, size_t size, size_t *count)
{
	static const char what[] = "TEE_ReadObjectData";
	TEE_Result res;
	size_t got, done = 0;

	api_check_out(what, count, sizeof(*count));
	api_check_outbuf(what, buffer, size);
	do {
		size_t wanted = size - done < READ_PIECE ? size - done : READ_PIECE;

		got = wanted;
		res = read_piece(object, (uint8_t *)buffer + done, &got);
		if (res != TEE_SUCCESS)
			break;
		done += got;
		if (got < wanted)
			break;
	} while (done < size);
	*count = res == TEE_SUCCESS ? done : 0;
	return CHECKED(what, res, TEE_ERROR_CORRUPT_OBJECT, TEE_ERROR_STORAGE_NOT_AVAILABLE);
}

TEE_Result __GP11_TEE_ReadObjectData(TEE_ObjectHandle object, void *buffer, uint32_t size,
				     uint32_t *count)
{
	size_t n = 0;
	TEE_Result res;

	api_check_out("TEE_ReadObjectData(count)", count, sizeof(*count));
	res = TEE_ReadObjectData(object, buffer, size, &n);
	*count = (uint32_t)n;
	return res;
}

static TEE_Result write_all(TEE_ObjectHandle object, const void *buffer, size_t size)
{
	struct tahost_sys sys = {
		.nr = TAHOST_SYS_OBJ_WRITE,
		.a = { handle_number(object), size },
	};
	uint8_t *window;

	/* In one go, since all of it is written or nothing */
	if (size > TAHOST_WINDOW_MAX - TAHOST_WINDOW_DATA)
		return TEE_ERROR_STORAGE_NO_SPACE;
	window = host_window(TAHOST_WINDOW_DATA + size);
	if (!window)
		return TEE_ERROR_STORAGE_NO_SPACE;
	if (size)
		memcpy(window + TAHOST_WINDOW_DATA, buffer, size);
	host_syscall(&sys);
	return sys.result;
}

TEE_Result TEE_WriteObjectData(TEE_ObjectHandle object, const void *buffer, size_t size)
{
	static const char what[] = "TEE_WriteObjectData";

	api_check(what, TEE_MEMORY_ACCESS_READ | TEE_MEMORY_ACCESS_ANY_OWNER, buffer, size);
	return CHECKED(what, write_all(object, buffer, size), TEE_ERROR_STORAGE_NO_SPACE,
		       TEE_ERROR_OVERFLOW, TEE_ERROR_CORRUPT_OBJECT,
		       TEE_ERROR_STORAGE_NOT_AVAILABLE);
}

TEE_Result __GP11_TEE_WriteObjectData(TEE_ObjectHandle object, const void *buffer, uint32_t size)
{
	return TEE_WriteObjectData(object, buffer, size);
}

TEE_Result TEE_TruncateObjectData(TEE_ObjectHandle object, size_t size)
{
	struct tahost_sys sys = {
		.nr = TAHOST_SYS_OBJ_TRUNCATE,
		.a = { handle_number(object), size },
	};

	host_syscall(&sys);
	return CHECKED("TEE_TruncateObjectData", sys.result, TEE_ERROR_STORAGE_NO_SPACE,
		       TEE_ERROR_CORRUPT_OBJECT, TEE_ERROR_STORAGE_NOT_AVAILABLE);
}

TEE_Result __GP11_TEE_TruncateObjectData(TEE_ObjectHandle object, uint32_t size)
{
	return TEE_TruncateObjectData(object, size);
}

TEE_Result TEE_SeekObjectData(TEE_ObjectHandle object, intmax_t offset, TEE_Whence whence)
{
	struct tahost_sys sys = {
		.nr = TAHOST_SYS_OBJ_SEEK,
		.a = { handle_number(object), (uint64_t)offset, whence },
	};

	host_syscall(&sys);
	return CHECKED("TEE_SeekObjectData", sys.result, TEE_ERROR_OVERFLOW,
		       TEE_ERROR_CORRUPT_OBJECT, TEE_ERROR_STORAGE_NOT_AVAILABLE);
}

TEE_Result __GP11_TEE_SeekObjectData(TEE_ObjectHandle object, int32_t offset, TEE_Whence whence)
{
	return TEE_SeekObjectData(object, offset, whence);
}

/* --- enumerators (5.8) --- */

static TEE_Result enum_call(uint32_t nr, TEE_ObjectEnumHandle e, uint32_t a1)
{
	struct tahost_sys sys = { .nr = nr, .a = { (uintptr_t)e, a1 } };

	host_syscall(&sys);
	return sys.result;
}

TEE_Result TEE_AllocatePersistentObjectEnumerator(TEE_ObjectEnumHandle *objectEnumerator)
{
	static const char what[] = "TEE_AllocatePersistentObjectEnumerator";
	struct tahost_sys sys = { .nr = TAHOST_SYS_ENUM_ALLOC };

	api_check_out(what, objectEnumerator, sizeof(*objectEnumerator));
	host_syscall(&sys);
	*objectEnumerator = sys.result == TEE_SUCCESS ?
				    (TEE_ObjectEnumHandle)(uintptr_t)sys.a[0] :
				    NULL;
	return CHECKED(what, sys.result, TEE_ERROR_OUT_OF_MEMORY);
}

/* Functions that return nothing: an unknown handle panics, none at all is fine. */
static void enum_call_void(const char *what, uint32_t nr, TEE_ObjectEnumHandle e)
{
	TEE_Result res = e ? enum_call(nr, e, 0) : TEE_SUCCESS;

	if (res != TEE_SUCCESS)
		host_panic(res, "%s: %p is no enumerator", what, (void *)e);
}

void TEE_FreePersistentObjectEnumerator(TEE_ObjectEnumHandle objectEnumerator)
{
	enum_call_void("TEE_FreePersistentObjectEnumerator", TAHOST_SYS_ENUM_FREE,
		       objectEnumerator);
}

void TEE_ResetPersistentObjectEnumerator(TEE_ObjectEnumHandle objectEnumerator)
{
	enum_call_void("TEE_ResetPersistentObjectEnumerator", TAHOST_SYS_ENUM_RESET,
		       objectEnumerator);
}

TEE_Result TEE_StartPersistentObjectEnumerator(TEE_ObjectEnumHandle objectEnumerator,
					       uint32_t storageID)
{
	return CHECKED("TEE_StartPersistentObjectEnumerator",
		       enum_call(TAHOST_SYS_ENUM_START, objectEnumerator, storageID),
		       TEE_ERROR_ITEM_NOT_FOUND, TEE_ERROR_CORRUPT_OBJECT,
		       TEE_ERROR_STORAGE_NOT_AVAILABLE);
}

TEE_Result TEE_GetNextPersistentObject(TEE_ObjectEnumHandle objectEnumerator,
				       TEE_ObjectInfo *objectInfo, void *objectID,
				       size_t *objectIDLen)
{
	static const char what[] = "TEE_GetNextPersistentObject";
	struct tahost_sys sys = {
		.nr = TAHOST_SYS_ENUM_NEXT,
		.result = TEE_ERROR_STORAGE_NOT_AVAILABLE,
		.a = { (uintptr_t)objectEnumerator },
	};
	uint8_t *window;

	if (objectInfo)
		api_check_out(what, objectInfo, sizeof(*objectInfo));
	api_check_out(what, objectIDLen, sizeof(*objectIDLen));
	api_check_out(what, objectID, TEE_OBJECT_ID_MAX_LEN);
	window = host_window(TAHOST_WINDOW_DATA);
	if (window)
		host_syscall(&sys);
	if (sys.result == TEE_SUCCESS && sys.a[0] > TEE_OBJECT_ID_MAX_LEN)
		sys.result = TEE_ERROR_GENERIC;
	if (sys.result == TEE_SUCCESS) {
		memcpy(objectID, window, (size_t)sys.a[0]);
		*objectIDLen = (size_t)sys.a[0];
		if (objectInfo)
			fill_info(objectInfo, sys.a[1], 0, TEE_HANDLE_FLAG_PERSISTENT |
								   TEE_HANDLE_FLAG_INITIALIZED);
	}
	return CHECKED(what, sys.result, TEE_ERROR_ITEM_NOT_FOUND, TEE_ERROR_CORRUPT_OBJECT,
		       TEE_ERROR_STORAGE_NOT_AVAILABLE);
}

TEE_Result __GP11_TEE_GetNextPersistentObject(TEE_ObjectEnumHandle objectEnumerator,
					      __GP11_TEE_ObjectInfo *objectInfo, void *objectID,
					      uint32_t *objectIDLen)
{
	TEE_ObjectInfo info;
	size_t len = 0;
	TEE_Result res;

	if (objectInfo)
		api_check_out("TEE_GetNextPersistentObject(objectInfo)", objectInfo,
			      sizeof(*objectInfo));
	api_check_out("TEE_GetNextPersistentObject(objectIDLen)", objectIDLen,
		      sizeof(*objectIDLen));
	res = TEE_GetNextPersistentObject(objectEnumerator, &info, objectID, &len);
	if (res == TEE_SUCCESS) {
		*objectIDLen = (uint32_t)len;
		if (objectInfo)
			info_to_gp11(&info, objectInfo);
	}
	return res;
}
