/* SPDX-License-Identifier: BSD-2-Clause */
/* The built-in supplicant: dispatch, and trusted applications (facts on OP-TEE, 4.1) */
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "abi/optee_rpc.h"
#include "abi/tee_result.h"

#include "supplicant_fixture.h"

#define TA_NAME "8aaaf200-2450-11e4-abe2-0002a5d5c51b.ta"

static struct tee_param ta_uuid(void)
{
	static const uint8_t octets[16] = {
		0x8a, 0xaa, 0xf2, 0x00, 0x24, 0x50, 0x11, 0xe4,
		0xab, 0xe2, 0x00, 0x02, 0xa5, 0xd5, 0xc5, 0x1b,
	};
	struct tee_param param = value(VAL_IN, 0, 0, 0);

	memcpy(&param.u.value.a, octets, 8);
	memcpy(&param.u.value.b, octets + 8, 8);
	return param;
}

/* With a buffer of @size; *@size becomes what came back. */
static uint32_t load(struct supp_fixture *f, char *buf, size_t *size)
{
	struct tee_shm shm = shm_of(buf, *size);
	struct tee_param param[2] = { ta_uuid(), memref(MEM_OUT, buf ? &shm : NULL, *size) };
	uint32_t result = request(f, OPTEE_RPC_CMD_LOAD_TA, 2, param);

	*size = param[1].u.memref.size;
	return result;
}

static void expect_ta(struct supp_fixture *f, const char *text)
{
	char buf[64] = "";
	size_t size = 0;

	assert_int_equal(load(f, NULL, &size), TEE_R_SUCCESS);
	assert_int_equal(size, strlen(text));
	assert_int_equal(load(f, buf, &size), TEE_R_SUCCESS);
	assert_int_equal(size, strlen(text));
	assert_string_equal(buf, text);
}

static void test_load_sizes(void **state)
{
	struct supp_fixture *f = *state;
	char buf[16];
	size_t size;

	write_at(f->top, "ta1/" TA_NAME, "trusted");
	expect_ta(f, "trusted");
	/* Too small: the size, and not a byte */
	for (size_t i = 0; i < 7; i++) {
		memset(buf, 'x', sizeof(buf));
		size = i;
		assert_int_equal(load(f, buf, &size), TEE_R_SUCCESS);
		assert_int_equal(size, 7);
		assert_memory_equal(buf, "xxxxxxxxxxxxxxxx", sizeof(buf));
	}
	/* Larger: no byte behind the image */
	size = sizeof(buf);
	assert_int_equal(load(f, buf, &size), TEE_R_SUCCESS);
	assert_int_equal(size, 7);
	assert_memory_equal(buf, "trustedxxxxxxxxx", sizeof(buf));

	write_at(f->top, "ta1/" TA_NAME, "");
	size = sizeof(buf);
	assert_int_equal(load(f, buf, &size), TEE_R_SUCCESS);
	assert_int_equal(size, 0);
}

static void test_load_offset(void **state)
{
	struct supp_fixture *f = *state;
	char buf[32];
	struct tee_shm shm = shm_of(buf, sizeof(buf));
	struct tee_param param[2] = { ta_uuid() };

	write_at(f->top, "ta0/" TA_NAME, "trusted");
	memset(buf, 'x', sizeof(buf));
	param[1] = memref(MEM_OUT, &shm, 7);
	param[1].u.memref.shm_offs = 25;
	assert_int_equal(request(f, OPTEE_RPC_CMD_LOAD_TA, 2, param), TEE_R_SUCCESS);
	assert_memory_equal(buf, "xxxxxxxxxxxxxxxxxxxxxxxxxtrusted", 32);

	param[1].u.memref.shm_offs = 26;
	assert_int_equal(request(f, OPTEE_RPC_CMD_LOAD_TA, 2, param), TEE_R_BAD_PARAMETERS);
	param[1].u.memref.shm_offs = SIZE_MAX - 2;
	assert_int_equal(request(f, OPTEE_RPC_CMD_LOAD_TA, 2, param), TEE_R_BAD_PARAMETERS);
	param[1] = memref(MEM_OUT, &shm, SIZE_MAX);
	param[1].u.memref.shm_offs = 1;
	assert_int_equal(request(f, OPTEE_RPC_CMD_LOAD_TA, 2, param), TEE_R_BAD_PARAMETERS);
	/* The end itself is a place for nothing. */
	param[1] = memref(MEM_OUT, &shm, 0);
	param[1].u.memref.shm_offs = sizeof(buf);
	assert_int_equal(request(f, OPTEE_RPC_CMD_LOAD_TA, 2, param), TEE_R_SUCCESS);
	assert_int_equal(param[1].u.memref.size, 7);
	shm.kaddr = NULL;
	param[1] = memref(MEM_OUT, &shm, 7);
	assert_int_equal(request(f, OPTEE_RPC_CMD_LOAD_TA, 2, param), TEE_R_BAD_PARAMETERS);
}

static void test_load_order(void **state)
{
	struct supp_fixture *f = *state;
	size_t size = 0;

	assert_int_equal(load(f, NULL, &size), TEE_R_ITEM_NOT_FOUND);
	write_at(f->top, "ta1/" TA_NAME, "second");
	expect_ta(f, "second");
	write_at(f->top, "ta0/" TA_NAME, "the first");
	expect_ta(f, "the first");
	assert_int_equal(unlinkat(f->top, "ta0/" TA_NAME, 0), 0);
	assert_int_equal(unlinkat(f->top, "ta0", AT_REMOVEDIR), 0);
	expect_ta(f, "second");
	/* A file where a directory should be */
	write_at(f->top, "ta0", "");
	expect_ta(f, "second");
}

static void test_load_not_a_file(void **state)
{
	struct supp_fixture *f = *state;
	size_t size = 0;

	assert_int_equal(mkdirat(f->top, "ta0/" TA_NAME, 0755), 0);
	assert_int_equal(load(f, NULL, &size), TEE_R_BAD_FORMAT);
	assert_int_equal(unlinkat(f->top, "ta0/" TA_NAME, AT_REMOVEDIR), 0);
	/* Nobody will ever write into this one. */
	assert_int_equal(mkfifoat(f->top, "ta0/" TA_NAME, 0644), 0);
	assert_int_equal(load(f, NULL, &size), TEE_R_BAD_FORMAT);
	assert_int_equal(unlinkat(f->top, "ta0/" TA_NAME, 0), 0);
	/* A link is the owner's own business. */
	write_at(f->top, "ta1/elsewhere", "linked");
	assert_int_equal(symlinkat("../ta1/elsewhere", f->top, "ta0/" TA_NAME), 0);
	expect_ta(f, "linked");
	assert_int_equal(unlinkat(f->top, "ta0/" TA_NAME, 0), 0);
	assert_int_equal(symlinkat(TA_NAME, f->top, "ta0/" TA_NAME), 0);
	assert_int_equal(load(f, NULL, &size), TEE_R_ACCESS_DENIED);
	write_at(f->top, "ta1/" TA_NAME, "second");
	expect_ta(f, "second");
}

static uint32_t load_as_user(struct supp_fixture *f)
{
	uint32_t result;
	size_t size = 0;

	leave_root();
	result = load(f, NULL, &size);
	return_to_root();
	return result;
}

static void test_load_unreadable(void **state)
{
	struct supp_fixture *f = *state;

	write_at(f->top, "ta0/" TA_NAME, "hidden");
	assert_int_equal(load_as_user(f), TEE_R_SUCCESS);
	assert_int_equal(fchmodat(f->top, "ta0/" TA_NAME, 0, 0), 0);
	assert_int_equal(load_as_user(f), TEE_R_ACCESS_DENIED);
	write_at(f->top, "ta1/" TA_NAME, "second");
	assert_int_equal(load_as_user(f), TEE_R_SUCCESS);
	assert_int_equal(fchmodat(f->top, "ta0", 0, 0), 0);
	assert_int_equal(load_as_user(f), TEE_R_SUCCESS);
	assert_int_equal(fchmodat(f->top, "ta0", 0755, 0), 0);
}

static void test_load_parameters(void **state)
{
	static const uint64_t wrong_values[] = { 0, VAL_OUT, VAL_INOUT, MEM_IN, VAL_IN | 0x100 };
	static const uint64_t wrong_memrefs[] = { 0, VAL_OUT, MEM_IN, MEM_INOUT, MEM_OUT | 0x100 };
	struct supp_fixture *f = *state;
	struct tee_param param[3] = { ta_uuid(), memref(MEM_OUT, NULL, 0) };

	write_at(f->top, "ta0/" TA_NAME, "trusted");
	assert_int_equal(request(f, OPTEE_RPC_CMD_LOAD_TA, 0, NULL), TEE_R_BAD_PARAMETERS);
	assert_int_equal(request(f, OPTEE_RPC_CMD_LOAD_TA, 1, param), TEE_R_BAD_PARAMETERS);
	assert_int_equal(request(f, OPTEE_RPC_CMD_LOAD_TA, 3, param), TEE_R_BAD_PARAMETERS);
	for (size_t i = 0; i < 5; i++) {
		param[0].attr = wrong_values[i];
		assert_int_equal(request(f, OPTEE_RPC_CMD_LOAD_TA, 2, param), TEE_R_BAD_PARAMETERS);
	}
	param[0] = ta_uuid();
	for (size_t i = 0; i < 5; i++) {
		param[1].attr = wrong_memrefs[i];
		assert_int_equal(request(f, OPTEE_RPC_CMD_LOAD_TA, 2, param), TEE_R_BAD_PARAMETERS);
	}
	param[1] = memref(MEM_OUT, NULL, 8);
	assert_int_equal(request(f, OPTEE_RPC_CMD_LOAD_TA, 2, param), TEE_R_BAD_PARAMETERS);
	param[1] = memref(MEM_OUT, NULL, 0);
	assert_int_equal(request(f, OPTEE_RPC_CMD_LOAD_TA, 2, param), TEE_R_SUCCESS);

	assert_int_equal(request(f, 1, 2, param), TEE_R_NOT_SUPPORTED);
	assert_int_equal(request(f, UINT32_MAX, 0, NULL), TEE_R_NOT_SUPPORTED);
}

/* No directory at all, and none for files */
static void test_nothing(void **state)
{
	struct supp_fixture *f = *state;
	struct tee_param param[2] = { ta_uuid(), memref(MEM_OUT, NULL, 0) };

	supplicant_free(f->supplicant);
	assert_int_equal(supplicant_new(NULL, 0, -1, &f->supplicant), 0);
	assert_int_equal(request(f, OPTEE_RPC_CMD_LOAD_TA, 2, param), TEE_R_ITEM_NOT_FOUND);
	param[0] = value(VAL_IN, OPTEE_RPC_FS_CLOSE, 0, 0);
	assert_int_equal(request(f, OPTEE_RPC_CMD_FS, 1, param), TEE_R_STORAGE_NOT_AVAILABLE);
	assert_null(supplicant_free(NULL));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		SUPP_TEST(test_load_sizes),
		SUPP_TEST(test_load_offset),
		SUPP_TEST(test_load_order),
		SUPP_TEST(test_load_not_a_file),
		SUPP_TEST(test_load_unreadable),
		SUPP_TEST(test_load_parameters),
		SUPP_TEST(test_nothing),
	};

	return cmocka_run_group_tests_name("supplicant", tests, NULL, NULL);
}
