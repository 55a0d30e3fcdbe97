/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What a TA host asks of trusted storage
 *
 * Numbers come from a private copy of the request; identifiers are copied out of the
 * window, data is used where it lies and copied once (storage.h).
 */
#include <string.h>

#include "abi/tee_result.h"
#include "secure/common/shared.h"
#include "secure/optee/user_ta_private.h"

/* An identifier at the beginning of the window; BAD_PARAMETERS. */
static uint32_t name_in(const struct user_ta *ta, uint64_t size, struct ree_name *ret_name)
{
	const uint8_t *window = user_ta_window(ta, 0, size);

	*ret_name = (struct ree_name){ .size = (uint32_t)size };
	if (size > REE_ID_MAX || (size && !window))
		return TEE_R_BAD_PARAMETERS;
	if (size)
		shared_copy_in(ret_name->id, window, (size_t)size);
	return TEE_R_SUCCESS;
}

static bool fits_u32(uint64_t value)
{
	return value <= UINT32_MAX;
}

static uint32_t sys_open(struct thread *thread, struct user_ta *ta, __u64 a[4])
{
	struct ree_name name;
	uint32_t handle = 0;
	uint32_t res = name_in(ta, a[2], &name);

	if (res != TEE_R_SUCCESS || !fits_u32(a[0]) || !fits_u32(a[1]))
		return TEE_R_BAD_PARAMETERS;
	res = storage_open(thread, &ta->storage, (uint32_t)a[0], (uint32_t)a[1], &name, &handle);
	a[0] = res == TEE_R_SUCCESS ? handle : 0;
	return res;
}

static uint32_t sys_create(struct thread *thread, struct user_ta *ta, __u64 a[4])
{
	const uint8_t *data = a[3] ? user_ta_window(ta, TAHOST_WINDOW_DATA, a[3]) : NULL;
	uint64_t size = a[3];
	struct ree_name name;
	uint32_t handle = 0;
	uint32_t res = name_in(ta, a[2], &name);

	if (res != TEE_R_SUCCESS || !fits_u32(a[0]) || !fits_u32(a[1]) || (size && !data))
		return TEE_R_BAD_PARAMETERS;
	res = storage_create(thread, &ta->storage, (uint32_t)a[0], (uint32_t)a[1], &name, data,
			     (size_t)size, &handle);
	user_ta_window_done(ta, size);
	a[0] = res == TEE_R_SUCCESS ? handle : 0;
	return res;
}

static uint32_t sys_rename(struct thread *thread, struct user_ta *ta, uint32_t handle,
			   uint64_t size)
{
	struct ree_name name;
	uint32_t res = name_in(ta, size, &name);

	return res == TEE_R_SUCCESS ? storage_rename(thread, &ta->storage, handle, &name) : res;
}

static uint32_t sys_info(struct thread *thread, struct user_ta *ta, uint32_t handle, __u64 a[4])
{
	struct storage_info info = { .size = 0 };
	uint32_t res = storage_info(thread, &ta->storage, handle, &info);

	a[0] = info.size;
	a[1] = info.position;
	a[2] = info.flags;
	return res;
}

static uint32_t sys_read(struct thread *thread, struct user_ta *ta, uint32_t handle, __u64 a[4])
{
	uint8_t *data = user_ta_window(ta, TAHOST_WINDOW_DATA, a[1]);
	size_t size = 0;
	uint32_t res;

	if (!data)
		return TEE_R_BAD_PARAMETERS;
	res = storage_read(thread, &ta->storage, handle, data, (size_t)a[1], &size);
	a[1] = size;
	return res;
}

static uint32_t sys_write(struct thread *thread, struct user_ta *ta, uint32_t handle,
			  uint64_t size)
{
	const uint8_t *data = user_ta_window(ta, TAHOST_WINDOW_DATA, size);
	uint32_t res;

	if (!data)
		return TEE_R_BAD_PARAMETERS;
	res = storage_write(thread, &ta->storage, handle, data, (size_t)size);
	user_ta_window_done(ta, size);
	return res;
}

static uint32_t sys_seek(struct thread *thread, struct user_ta *ta, uint32_t handle,
			 const __u64 a[4])
{
	if (!fits_u32(a[2]))
		return TEE_R_BAD_PARAMETERS;
	return storage_seek(thread, &ta->storage, handle, (int64_t)a[1], (uint32_t)a[2]);
}

static uint32_t sys_enum_alloc(struct user_ta *ta, __u64 a[4])
{
	uint32_t id = 0;
	uint32_t res = storage_enum_alloc(&ta->storage, &id);

	a[0] = id;
	return res;
}

static uint32_t sys_enum_next(struct thread *thread, struct user_ta *ta, uint32_t id, __u64 a[4])
{
	uint8_t *window = user_ta_window(ta, 0, REE_ID_MAX);
	struct ree_name name;
	uint64_t size = 0;
	uint32_t res;

	if (!window)
		return TEE_R_BAD_PARAMETERS;
	res = storage_enum_next(thread, &ta->storage, id, &name, &size);
	if (res != TEE_R_SUCCESS)
		return res;
	memcpy(window, name.id, name.size);
	a[0] = name.size;
	a[1] = size;
	return TEE_R_SUCCESS;
}

bool user_ta_storage(struct thread *thread, struct user_ta *ta, struct tahost_sys *sys)
{
	struct ta_storage *ts = &ta->storage;
	__u64 *a = sys->a;
	/* A number that is too large for a handle is that of none. */
	uint32_t handle = fits_u32(a[0]) ? (uint32_t)a[0] : 0;

	switch (sys->nr) {
	case TAHOST_SYS_OBJ_OPEN:
		sys->result = sys_open(thread, ta, a);
		break;
	case TAHOST_SYS_OBJ_CREATE:
		sys->result = sys_create(thread, ta, a);
		break;
	case TAHOST_SYS_OBJ_CLOSE:
		sys->result = storage_close(ts, handle);
		break;
	case TAHOST_SYS_OBJ_DELETE:
		sys->result = storage_delete(thread, ts, handle);
		break;
	case TAHOST_SYS_OBJ_RENAME:
		sys->result = sys_rename(thread, ta, handle, a[1]);
		break;
	case TAHOST_SYS_OBJ_INFO:
		sys->result = sys_info(thread, ta, handle, a);
		break;
	case TAHOST_SYS_OBJ_READ:
		sys->result = sys_read(thread, ta, handle, a);
		break;
	case TAHOST_SYS_OBJ_WRITE:
		sys->result = sys_write(thread, ta, handle, a[1]);
		break;
	case TAHOST_SYS_OBJ_TRUNCATE:
		sys->result = storage_truncate(thread, ts, handle, a[1]);
		break;
	case TAHOST_SYS_OBJ_SEEK:
		sys->result = sys_seek(thread, ta, handle, a);
		break;
	case TAHOST_SYS_ENUM_ALLOC:
		sys->result = sys_enum_alloc(ta, a);
		break;
	case TAHOST_SYS_ENUM_FREE:
		sys->result = storage_enum_free(ts, handle);
		break;
	case TAHOST_SYS_ENUM_RESET:
		sys->result = storage_enum_reset(ts, handle);
		break;
	case TAHOST_SYS_ENUM_START:
		/* No storage has a longer number. */
		sys->result = storage_enum_start(thread, ts, handle,
						 fits_u32(a[1]) ? (uint32_t)a[1] : 0);
		break;
	case TAHOST_SYS_ENUM_NEXT:
		sys->result = sys_enum_next(thread, ta, handle, a);
		break;
	default:
		return false;
	}
	return true;
}
