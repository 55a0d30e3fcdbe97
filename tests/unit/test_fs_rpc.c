/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Requests for files, seen by the supplicant that answers them: honest, wrong, or gone
 */
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include <string.h>

#include "abi/optee_rpc.h"
#include "abi/tee_result.h"
#include "secure/optee/fs_rpc.h"
#include "secure/optee/mobj.h"
#include "secure/optee/rpc.h"
#include "secure/optee/thread.h"

#define COOKIE 0x5eed5eedull

#define V_IN OPTEE_MSG_ATTR_TYPE_VALUE_INPUT
#define V_OUT OPTEE_MSG_ATTR_TYPE_VALUE_OUTPUT
#define M_IN OPTEE_MSG_ATTR_TYPE_RMEM_INPUT
#define M_OUT OPTEE_MSG_ATTR_TYPE_RMEM_OUTPUT

static struct {
	/* What is answered */
	uint32_t result;
	uint64_t handle, size;
	const void *data;
	bool no_buffer, no_mapping;
	/* What came */
	struct optee_msg_param params[4];
	size_t n_params;
	unsigned int n_cmds, n_allocs, n_frees;
} supp;

static uint8_t buffer[FS_RPC_MAX_DATA + 64];
static const char text[64] = "abcdef", entry[64] = "entry";

/* --- the supplicant --- */

uint32_t __wrap_rpc_cmd(struct thread *thread, uint32_t cmd, struct optee_msg_param *params,
			size_t n);
uint32_t __wrap_rpc_shm_alloc(struct thread *thread, uint32_t type, size_t size,
			      struct mobj **ret_mobj, uint64_t *ret_cookie);
void __wrap_rpc_shm_free(struct thread *thread, uint32_t type, struct mobj *mobj,
			 uint64_t cookie);
uint8_t *__wrap_mobj_va(struct optee_world *world, struct mobj *mobj);

uint32_t __wrap_rpc_cmd(struct thread *thread, uint32_t cmd, struct optee_msg_param *params,
			size_t n)
{
	assert_int_equal(cmd, OPTEE_RPC_CMD_FS);
	memcpy(supp.params, params, n * sizeof(*params));
	supp.n_params = n;
	supp.n_cmds++;
	for (size_t i = 0; i < n; i++) {
		if (params[i].attr == V_OUT)
			params[i].u.value.a = supp.handle;
		if (params[i].attr == M_OUT)
			params[i].u.rmem.size = supp.size;
		if (params[i].attr == M_OUT && supp.data)
			memcpy(buffer, supp.data, supp.size < 64 ? supp.size : 64);
	}
	return supp.result;
}

uint32_t __wrap_rpc_shm_alloc(struct thread *thread, uint32_t type, size_t size,
			      struct mobj **ret_mobj, uint64_t *ret_cookie)
{
	assert_int_equal(type, OPTEE_RPC_SHM_TYPE_APPL);
	assert_int_equal(size, FS_RPC_MAX_DATA);
	if (supp.no_buffer)
		return TEE_R_OUT_OF_MEMORY;
	supp.n_allocs++;
	*ret_mobj = (struct mobj *)buffer;
	*ret_cookie = COOKIE;
	return TEE_R_SUCCESS;
}

void __wrap_rpc_shm_free(struct thread *thread, uint32_t type, struct mobj *mobj, uint64_t cookie)
{
	assert_ptr_equal(mobj, buffer);
	assert_int_equal(cookie, COOKIE);
	supp.n_frees++;
}

uint8_t *__wrap_mobj_va(struct optee_world *world, struct mobj *mobj)
{
	return supp.no_mapping ? NULL : buffer;
}

/* --- tests --- */

static struct thread thread;
static struct fs_rpc fs;

static int set_up(void **state)
{
	memset(&supp, 0, sizeof(supp));
	memset(buffer, 0xee, sizeof(buffer));
	fs_rpc_begin(&fs, &thread);
	return 0;
}

static int tear_down(void **state)
{
	fs_rpc_end(&fs);
	assert_int_equal(supp.n_allocs, supp.n_frees);
	for (size_t i = FS_RPC_MAX_DATA; i < sizeof(buffer); i++)
		assert_int_equal(buffer[i], 0xee);
	return 0;
}

static void check_value(size_t i, uint64_t a, uint64_t b, uint64_t c)
{
	assert_int_equal(supp.params[i].attr, V_IN);
	assert_int_equal(supp.params[i].u.value.a, a);
	assert_int_equal(supp.params[i].u.value.b, b);
	assert_int_equal(supp.params[i].u.value.c, c);
}

static void check_name(size_t i, const char *name)
{
	const struct optee_msg_param_rmem *mem = &supp.params[i].u.rmem;

	assert_int_equal(supp.params[i].attr, M_IN);
	assert_int_equal(mem->shm_ref, COOKIE);
	assert_int_equal(mem->size, strlen(name) + 1);
	assert_string_equal((char *)buffer + mem->offs, name);
}

static void check_memory(size_t i, uint64_t attr, size_t size)
{
	assert_int_equal(supp.params[i].attr, attr);
	assert_int_equal(supp.params[i].u.rmem.offs, 0);
	assert_int_equal(supp.params[i].u.rmem.size, size);
	assert_int_equal(supp.params[i].u.rmem.shm_ref, COOKIE);
}

/* tee-supplicant compares number and kinds of parameters exactly. */
static void messages_are_those_of_the_protocol(void **state)
{
	uint32_t handle;
	char name[FS_RPC_MAX_NAME];
	uint8_t data[8];
	size_t size;

	supp.handle = 5;
	assert_int_equal(fs_rpc_open(&fs, "dir/file", &handle), 0);
	assert_int_equal(handle, 5);
	assert_int_equal(supp.n_params, 3);
	check_value(0, OPTEE_RPC_FS_OPEN, 0, 0);
	check_name(1, "dir/file");
	assert_int_equal(supp.params[2].attr, V_OUT);
	assert_int_equal(fs_rpc_create(&fs, "dir/new", &handle), 0);
	check_value(0, OPTEE_RPC_FS_CREATE, 0, 0);
	check_name(1, "dir/new");
	assert_int_equal(fs_rpc_opendir(&fs, "dir", &handle), 0);
	check_value(0, OPTEE_RPC_FS_OPENDIR, 0, 0);

	supp.size = 3;
	supp.data = text;
	assert_int_equal(fs_rpc_read(&fs, 5, 4096, data, 8, &size), 0);
	assert_int_equal(supp.n_params, 2);
	check_value(0, OPTEE_RPC_FS_READ, 5, 4096);
	check_memory(1, M_OUT, 8);
	assert_int_equal(size, 3);
	assert_memory_equal(data, "abc", 3);

	assert_int_equal(fs_rpc_write(&fs, 5, 1ull << 33, "xyz", 3), 0);
	assert_int_equal(supp.n_params, 2);
	check_value(0, OPTEE_RPC_FS_WRITE, 5, 1ull << 33);
	check_memory(1, M_IN, 3);
	assert_memory_equal(buffer, "xyz", 3);

	assert_int_equal(fs_rpc_truncate(&fs, 5, 77), 0);
	assert_int_equal(supp.n_params, 1);
	check_value(0, OPTEE_RPC_FS_TRUNCATE, 5, 77);
	assert_int_equal(fs_rpc_close(&fs, 5), 0);
	check_value(0, OPTEE_RPC_FS_CLOSE, 5, 0);
	assert_int_equal(fs_rpc_closedir(&fs, 6), 0);
	check_value(0, OPTEE_RPC_FS_CLOSEDIR, 6, 0);
	assert_int_equal(fs_rpc_remove(&fs, "gone"), 0);
	assert_int_equal(supp.n_params, 2);
	check_value(0, OPTEE_RPC_FS_REMOVE, 0, 0);
	check_name(1, "gone");
	assert_int_equal(fs_rpc_rename(&fs, "from", "to", true), 0);
	assert_int_equal(supp.n_params, 3);
	check_value(0, OPTEE_RPC_FS_RENAME, 1, 0);
	check_name(1, "from");
	check_name(2, "to");
	assert_int_equal(fs_rpc_rename(&fs, "from", "to", false), 0);
	check_value(0, OPTEE_RPC_FS_RENAME, 0, 0);

	supp.size = 6;
	supp.data = entry;
	assert_int_equal(fs_rpc_readdir(&fs, 6, name), 0);
	assert_int_equal(supp.n_params, 2);
	check_value(0, OPTEE_RPC_FS_READDIR, 6, 0);
	check_memory(1, M_OUT, FS_RPC_MAX_NAME);
	assert_string_equal(name, "entry");
	/* All with one buffer */
	assert_int_equal(supp.n_allocs, 1);
}

static void sizes_beyond_the_buffer_are_refused(void **state)
{
	static const uint64_t sizes[] = { 9, 4096, FS_RPC_MAX_DATA + 1, 1ull << 40, UINT64_MAX };
	uint8_t data[16] = { [8] = 0x77 };
	size_t size = 1234;

	for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		supp.size = sizes[i];
		assert_int_equal(fs_rpc_read(&fs, 5, 0, data, 8, &size), TEE_R_GENERIC);
		assert_int_equal(size, 1234);
		assert_int_equal(data[8], 0x77);
	}
	supp.size = 8;
	assert_int_equal(fs_rpc_read(&fs, 5, 0, data, 8, &size), 0);
	assert_int_equal(size, 8);
	assert_int_equal(data[8], 0x77);
}

static void handles_out_of_range_are_refused(void **state)
{
	static const uint64_t handles[] = { 0x80000000u, UINT32_MAX, 1ull << 32, UINT64_MAX };
	uint32_t handle = 4711;

	for (size_t i = 0; i < sizeof(handles) / sizeof(handles[0]); i++) {
		supp.handle = handles[i];
		assert_int_equal(fs_rpc_open(&fs, "x", &handle), TEE_R_GENERIC);
		assert_int_equal(fs_rpc_opendir(&fs, "x", &handle), TEE_R_GENERIC);
		assert_int_equal(handle, 4711);
	}
	supp.handle = 0;
	assert_int_equal(fs_rpc_open(&fs, "x", &handle), 0);
	assert_int_equal(handle, 0);
}

static void entries_without_an_end_are_refused(void **state)
{
	char name[FS_RPC_MAX_NAME];

	supp.size = FS_RPC_MAX_NAME;
	assert_int_equal(fs_rpc_readdir(&fs, 6, name), TEE_R_GENERIC);
	supp.size = 5;
	supp.data = entry;
	assert_int_equal(fs_rpc_readdir(&fs, 6, name), TEE_R_GENERIC);
	supp.size = 0;
	assert_int_equal(fs_rpc_readdir(&fs, 6, name), TEE_R_GENERIC);
	supp.size = FS_RPC_MAX_NAME + 1;
	assert_int_equal(fs_rpc_readdir(&fs, 6, name), TEE_R_GENERIC);
	supp.size = 6;
	assert_int_equal(fs_rpc_readdir(&fs, 6, name), 0);
}

static void results_are_those_of_the_protocol(void **state)
{
	static const uint32_t known[] = {
		TEE_R_ITEM_NOT_FOUND, TEE_R_ACCESS_CONFLICT, TEE_R_SHORT_BUFFER,
		TEE_R_STORAGE_NO_SPACE, TEE_R_STORAGE_NOT_AVAILABLE, TEE_R_OUT_OF_MEMORY,
		TEE_R_GENERIC,
	};
	static const uint32_t others[] = {
		1, 0x7fffffff, TEE_R_CORRUPT_OBJECT, TEE_R_TARGET_DEAD, TEE_R_BAD_PARAMETERS,
		TEE_R_NOT_SUPPORTED, 0xffffffff,
	};
	uint32_t handle;

	for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++) {
		supp.result = known[i];
		assert_int_equal(fs_rpc_open(&fs, "x", &handle), known[i]);
	}
	for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++) {
		supp.result = others[i];
		assert_int_equal(fs_rpc_open(&fs, "x", &handle), TEE_R_GENERIC);
	}
	supp.result = TEE_R_COMMUNICATION;
	assert_int_equal(fs_rpc_open(&fs, "x", &handle), TEE_R_COMMUNICATION);
}

/* The buffer is from the supplicant that died; the next one lends another. */
static void nothing_goes_from_a_dead_supplicant_to_the_next(void **state)
{
	uint32_t handle;

	assert_int_equal(fs_rpc_open(&fs, "x", &handle), 0);
	assert_false(fs.interrupted);
	supp.result = TEE_R_COMMUNICATION;
	assert_int_equal(fs_rpc_write(&fs, 5, 0, "x", 1), TEE_R_COMMUNICATION);
	assert_true(fs.interrupted);
	assert_int_equal(supp.n_frees, 1);
	supp.result = TEE_R_SUCCESS;
	/* Nor anything else of this connection: its handles are unknown to the next one. */
	assert_int_equal(supp.n_cmds, 2);
	assert_int_equal(fs_rpc_write(&fs, 5, 0, "x", 1), TEE_R_COMMUNICATION);
	assert_int_equal(fs_rpc_remove(&fs, "x"), TEE_R_COMMUNICATION);
	assert_int_equal(fs_rpc_close(&fs, 5), TEE_R_COMMUNICATION);
	assert_int_equal(supp.n_cmds, 2);
	fs_rpc_begin(&fs, &thread);
	assert_int_equal(fs_rpc_remove(&fs, "x"), 0);
	assert_int_equal(supp.n_allocs, 2);
}

static void without_a_buffer_nothing_is_asked(void **state)
{
	uint32_t handle;

	supp.no_buffer = true;
	assert_int_equal(fs_rpc_open(&fs, "x", &handle), TEE_R_GENERIC);
	supp.no_buffer = false;
	supp.no_mapping = true;
	assert_int_equal(fs_rpc_write(&fs, 5, 0, "x", 1), TEE_R_OUT_OF_MEMORY);
	assert_int_equal(supp.n_cmds, 0);
	/* It takes none. */
	assert_int_equal(fs_rpc_close(&fs, 5), 0);
	assert_int_equal(supp.n_cmds, 1);
}

#define fs_test(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		fs_test(messages_are_those_of_the_protocol),
		fs_test(sizes_beyond_the_buffer_are_refused),
		fs_test(handles_out_of_range_are_refused),
		fs_test(entries_without_an_end_are_refused),
		fs_test(results_are_those_of_the_protocol),
		fs_test(nothing_goes_from_a_dead_supplicant_to_the_next),
		fs_test(without_a_buffer_nothing_is_asked),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
