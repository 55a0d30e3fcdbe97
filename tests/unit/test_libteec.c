/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * libteec's contexts and shared memory against a fake device: which system calls
 * they make, and that they hold nothing afterwards
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <tee_client_api_extensions.h>

#include "libteec_fixture.h"

int __real_close(int fd);

static void context_finds_the_device(void **state)
{
	TEEC_Context context;

	fake.device = 9;
	assert_int_equal(TEEC_InitializeContext(NULL, &context), TEEC_SUCCESS);
	assert_log("open open open open open open open open open open version");
	assert_int_equal(fake.open_flags & O_ACCMODE, O_RDWR);
	assert_true(fake.open_flags & O_CLOEXEC);
	assert_true(context.imp.reg_mem);
	assert_true(context.imp.memref_null);
	TEEC_FinalizeContext(&context);
	assert_log("close");

	/* Neither closes what another thread may have opened meanwhile. */
	TEEC_FinalizeContext(&context);
	TEEC_FinalizeContext(NULL);
	assert_log("");

	fake.device = 10;
	assert_int_equal(TEEC_InitializeContext(NULL, &context), TEEC_ERROR_ITEM_NOT_FOUND);
	assert_int_equal(TEEC_InitializeContext(NULL, NULL), TEEC_ERROR_BAD_PARAMETERS);
}

static void context_accepts_by_name_and_capability(void **state)
{
	static const struct {
		const char *name;
		uint32_t impl_id;
		uint32_t impl_caps;
		uint32_t gen_caps;
		bool fits;
	} rows[] = {
		{ NULL, TEE_IMPL_ID_OPTEE, 0, TEE_GEN_CAP_GP, true },
		{ NULL, TEE_IMPL_ID_AMDTEE, 0, TEE_GEN_CAP_GP | TEE_GEN_CAP_REG_MEM, true },
		{ NULL, TEE_IMPL_ID_TSTEE, 0x8001, 0, false },
		{ NULL, TEE_IMPL_ID_QTEE, 0, TEE_GEN_CAP_OBJREF, false },
		{ "optee-tz", TEE_IMPL_ID_OPTEE, TEE_OPTEE_CAP_TZ, TEE_GEN_CAP_GP, true },
		{ "optee-tz", TEE_IMPL_ID_OPTEE, 0, TEE_GEN_CAP_GP, false },
		{ "optee-tz", TEE_IMPL_ID_AMDTEE, TEE_OPTEE_CAP_TZ, TEE_GEN_CAP_GP, false },
		{ "optee-tz", TEE_IMPL_ID_OPTEE, TEE_OPTEE_CAP_TZ, 0, false },
		{ "optee", TEE_IMPL_ID_OPTEE, TEE_OPTEE_CAP_TZ, TEE_GEN_CAP_GP, false },
		{ "", TEE_IMPL_ID_OPTEE, TEE_OPTEE_CAP_TZ, TEE_GEN_CAP_GP, false },
	};

	for (size_t i = 0; i < N_ELEMENTS(rows); i++) {
		TEEC_Context context;
		TEEC_Result res;

		fake.version = (struct tee_ioctl_version_data){
			.impl_id = rows[i].impl_id,
			.impl_caps = rows[i].impl_caps,
			.gen_caps = rows[i].gen_caps,
		};
		res = TEEC_InitializeContext(rows[i].name, &context);
		assert_int_equal(res, rows[i].fits ? TEEC_SUCCESS : TEEC_ERROR_ITEM_NOT_FOUND);
		if (rows[i].fits) {
			assert_int_equal(context.imp.reg_mem,
					 !!(rows[i].gen_caps & TEE_GEN_CAP_REG_MEM));
			assert_false(context.imp.memref_null);
			TEEC_FinalizeContext(&context);
		}
		assert_int_equal(fake_n_held(), 0);
	}
}

static void memory_is_allocated(void **state)
{
	static const struct {
		uint32_t gen_caps;
		int alloc_errno;
		unsigned int fail_at;
		const char *made;
		const char *released;
	} rows[] = {
		{ TEE_GEN_CAP_GP, 0, 0, "alloc mmap close", "munmap" },
		{ TEE_GEN_CAP_GP | TEE_GEN_CAP_REG_MEM, 0, 0, "alloc mmap close", "munmap" },
		/* No memory left there, none at all, memory that cannot be mapped */
		{ TEE_GEN_CAP_GP | TEE_GEN_CAP_REG_MEM, ENOMEM, 0, "alloc mmap register",
		  "close munmap" },
		{ TEE_GEN_CAP_GP | TEE_GEN_CAP_REG_MEM, EINVAL, 0, "alloc mmap register",
		  "close munmap" },
		{ TEE_GEN_CAP_GP | TEE_GEN_CAP_REG_MEM, 0, 2, "alloc mmap close mmap register",
		  "close munmap" },
	};

	for (size_t i = 0; i < N_ELEMENTS(rows); i++) {
		TEEC_SharedMemory shm = { .size = 5000, .flags = TEEC_MEM_INPUT };
		TEEC_Context context;

		fake.version.gen_caps = rows[i].gen_caps;
		fake.alloc_errno = rows[i].alloc_errno;
		fake.fail_at = 0;
		context = open_context();
		fake.fail_at = rows[i].fail_at;
		fake.fail_errno = EINVAL;
		assert_int_equal(TEEC_AllocateSharedMemory(&context, &shm), TEEC_SUCCESS);
		assert_log(rows[i].made);
		fake.fail_at = 0;
		assert_int_equal(fake.alloc_size, 5000);
		memset(shm.buffer, 0x11, shm.size);
		TEEC_ReleaseSharedMemory(&shm);
		assert_log(rows[i].released);
		assert_int_equal(fake_n_held(), 1);
		assert_null(shm.buffer);
		TEEC_ReleaseSharedMemory(&shm);
		assert_log("");

		/* Size 0 is made as 8 bytes, and stays 0 for the client. */
		shm.size = 0;
		assert_int_equal(TEEC_AllocateSharedMemory(&context, &shm), TEEC_SUCCESS);
		assert_non_null(shm.buffer);
		assert_int_equal(shm.size, 0);
		assert_int_equal(fake.alloc_size, 8);
		if (rows[i].alloc_errno)
			assert_int_equal(fake.registered.length, 8);
		TEEC_ReleaseSharedMemory(&shm);
		TEEC_FinalizeContext(&context);
	}
}

static void memory_is_registered(void **state)
{
	TEEC_Context context = open_context();
	uint8_t bytes[100];
	TEEC_SharedMemory shm = {
		.buffer = bytes + 1,
		.size = 99,
		.flags = TEEC_MEM_INPUT | TEEC_MEM_OUTPUT,
	};

	assert_int_equal(TEEC_RegisterSharedMemory(&context, &shm), TEEC_SUCCESS);
	assert_int_equal(fake.registered.addr, (uintptr_t)(bytes + 1));
	assert_int_equal(fake.registered.length, 99);
	assert_null(shm.imp.shadow_buffer);
	assert_log("register");
	TEEC_ReleaseSharedMemory(&shm);
	assert_log("close");

	shm.buffer = bytes;
	shm.size = 0;
	assert_int_equal(TEEC_RegisterSharedMemory(&context, &shm), TEEC_SUCCESS);
	assert_int_equal(fake.registered.length, 8);
	TEEC_ReleaseSharedMemory(&shm);
	TEEC_FinalizeContext(&context);
}

static void read_only_memory_gets_a_shadow(void **state)
{
	TEEC_Context context = open_context();
	uint8_t bytes[100];
	TEEC_SharedMemory shm = {
		.buffer = bytes,
		.size = sizeof(bytes),
		.flags = TEEC_MEM_INPUT,
	};

	fake.read_only = bytes;
	fake.read_only_size = sizeof(bytes);
	assert_int_equal(TEEC_RegisterSharedMemory(&context, &shm), TEEC_SUCCESS);
	assert_log("register alloc mmap close");
	assert_non_null(shm.imp.shadow_buffer);
	TEEC_ReleaseSharedMemory(&shm);
	assert_log("munmap");

	fake.alloc_errno = ENOMEM;
	shm.buffer = bytes;
	assert_int_equal(TEEC_RegisterSharedMemory(&context, &shm), TEEC_SUCCESS);
	assert_log("register alloc mmap register");
	assert_non_null(shm.imp.shadow_buffer);
	TEEC_ReleaseSharedMemory(&shm);
	assert_log("close munmap");
	fake.alloc_errno = 0;
	TEEC_FinalizeContext(&context);

	fake.version.gen_caps = TEE_GEN_CAP_GP;
	context = open_context();
	shm.buffer = bytes;
	assert_int_equal(TEEC_RegisterSharedMemory(&context, &shm), TEEC_SUCCESS);
	assert_log("alloc mmap close");
	TEEC_ReleaseSharedMemory(&shm);
	assert_log("munmap");
	TEEC_FinalizeContext(&context);
}

static void memory_errors(void **state)
{
	static const uint32_t reg_mem = TEE_GEN_CAP_GP | TEE_GEN_CAP_REG_MEM;
	static const struct {
		uint32_t gen_caps;
		int alloc_errno;	/* 0: the block cannot be mapped, by map_errno */
		int map_errno;
		int register_errno;
		TEEC_Result res;
		const char *log;	/* of an allocation */
	} rows[] = {
		{ reg_mem, EINVAL, 0, EFAULT, TEEC_ERROR_GENERIC, "alloc mmap register munmap" },
		{ reg_mem, EINVAL, 0, ENOMEM, TEEC_ERROR_OUT_OF_MEMORY,
		  "alloc mmap register munmap" },
		{ reg_mem, ENOMEM, 0, EFAULT, TEEC_ERROR_OUT_OF_MEMORY,
		  "alloc mmap register munmap" },
		{ reg_mem, ENOMEM, 0, ENOMEM, TEEC_ERROR_OUT_OF_MEMORY,
		  "alloc mmap register munmap" },
		{ reg_mem, 0, EACCES, EFAULT, TEEC_ERROR_GENERIC,
		  "alloc mmap close mmap register munmap" },
		{ reg_mem, 0, ENOMEM, EFAULT, TEEC_ERROR_OUT_OF_MEMORY,
		  "alloc mmap close mmap register munmap" },
		{ TEE_GEN_CAP_GP, EINVAL, 0, 0, TEEC_ERROR_OUT_OF_MEMORY, "alloc" },
		{ TEE_GEN_CAP_GP, ENOMEM, 0, 0, TEEC_ERROR_OUT_OF_MEMORY, "alloc" },
		{ TEE_GEN_CAP_GP, 0, EACCES, 0, TEEC_ERROR_OUT_OF_MEMORY, "alloc mmap close" },
	};

	for (size_t i = 0; i < N_ELEMENTS(rows); i++) {
		uint8_t bytes[100];
		TEEC_SharedMemory shm = {
			.buffer = bytes,
			.size = sizeof(bytes),
			.flags = TEEC_MEM_INPUT,
		};
		TEEC_Context context;
		char log[100];

		fake.version.gen_caps = rows[i].gen_caps;
		fake.alloc_errno = rows[i].alloc_errno;
		fake.register_errno = rows[i].register_errno;
		fake.fail_errno = rows[i].map_errno;
		fake.fail_at = 0;
		context = open_context();

		/* A shadow is made as an allocation is, once registering has failed. */
		fake.fail_at = !rows[i].map_errno ? 0 : context.imp.reg_mem ? 3 : 2;
		assert_int_equal(TEEC_RegisterSharedMemory(&context, &shm), rows[i].res);
		(void)snprintf(log, sizeof(log), "%s%s", context.imp.reg_mem ? "register " : "",
			       rows[i].log);
		assert_log(log);
		assert_ptr_equal(shm.buffer, bytes);
		TEEC_ReleaseSharedMemory(&shm);

		fake.fail_at = rows[i].map_errno ? 2 : 0;
		assert_int_equal(TEEC_AllocateSharedMemory(&context, &shm),
				 TEEC_ERROR_OUT_OF_MEMORY);
		assert_log(rows[i].log);
		assert_null(shm.buffer);
		TEEC_ReleaseSharedMemory(&shm);
		assert_log("");
		assert_int_equal(fake_n_held(), 1);
		TEEC_FinalizeContext(&context);
	}
}

/* Nothing can be mapped, neither a block nor anonymous memory. */
static void memory_without_mappings(void **state)
{
	TEEC_Context context = open_context();
	TEEC_SharedMemory shm = { .size = 100, .flags = TEEC_MEM_INPUT };

	fake.fail_at = 2;
	fake.fail_count = 3;
	fake.fail_errno = ENOMEM;
	assert_int_equal(TEEC_AllocateSharedMemory(&context, &shm), TEEC_ERROR_OUT_OF_MEMORY);
	assert_log("alloc mmap close mmap");
	assert_int_equal(fake_n_held(), 1);
	TEEC_FinalizeContext(&context);
}

static void memory_bad_parameters(void **state)
{
	static const uint32_t bad_flags[] = { 0, 4, 7, UINT32_MAX, UINT32_MAX - 3 };
	TEEC_Context context = open_context();
	uint8_t bytes[8];
	TEEC_SharedMemory shm = { .buffer = bytes, .size = sizeof(bytes), .flags = 1 };
	TEEC_SharedMemory zeroed = { 0 };

	for (size_t i = 0; i < N_ELEMENTS(bad_flags); i++) {
		TEEC_SharedMemory bad = { .buffer = bytes, .size = 8, .flags = bad_flags[i] };

		assert_int_equal(TEEC_RegisterSharedMemory(&context, &bad),
				 TEEC_ERROR_BAD_PARAMETERS);
		assert_int_equal(TEEC_AllocateSharedMemory(&context, &bad),
				 TEEC_ERROR_BAD_PARAMETERS);
		assert_int_equal(TEEC_RegisterSharedMemoryFileDescriptor(&context, &bad, 0),
				 TEEC_ERROR_BAD_PARAMETERS);
	}
	assert_int_equal(TEEC_RegisterSharedMemory(NULL, &shm), TEEC_ERROR_BAD_PARAMETERS);
	assert_int_equal(TEEC_RegisterSharedMemory(&context, NULL), TEEC_ERROR_BAD_PARAMETERS);
	assert_int_equal(TEEC_AllocateSharedMemory(NULL, &shm), TEEC_ERROR_BAD_PARAMETERS);
	assert_int_equal(TEEC_AllocateSharedMemory(&context, NULL), TEEC_ERROR_BAD_PARAMETERS);
	shm.buffer = NULL;
	assert_int_equal(TEEC_RegisterSharedMemory(&context, &shm), TEEC_ERROR_BAD_PARAMETERS);

	/* A block that was never made has descriptor 0 in it. */
	TEEC_ReleaseSharedMemory(&zeroed);
	TEEC_ReleaseSharedMemory(NULL);
	assert_log("");
	TEEC_FinalizeContext(&context);
}

static void descriptor_is_registered(void **state)
{
	TEEC_Context context = open_context();
	TEEC_SharedMemory shm = { .buffer = &shm, .size = 1, .flags = TEEC_MEM_OUTPUT };

	assert_int_equal(TEEC_RegisterSharedMemoryFileDescriptor(&context, &shm, -1),
			 TEEC_ERROR_BAD_PARAMETERS);
	assert_int_equal(TEEC_RegisterSharedMemoryFileDescriptor(NULL, &shm, 0),
			 TEEC_ERROR_BAD_PARAMETERS);
	assert_int_equal(TEEC_RegisterSharedMemoryFileDescriptor(&context, NULL, 0),
			 TEEC_ERROR_BAD_PARAMETERS);
	assert_log("");

	assert_int_equal(TEEC_RegisterSharedMemoryFileDescriptor(&context, &shm, 0), TEEC_SUCCESS);
	assert_null(shm.buffer);
	assert_int_equal(shm.size, 12288);
	TEEC_ReleaseSharedMemory(&shm);
	assert_log("register_fd close");

	fake.fail_at = 1;
	fake.fail_errno = ENOMEM;
	assert_int_equal(TEEC_RegisterSharedMemoryFileDescriptor(&context, &shm, 0),
			 TEEC_ERROR_BAD_PARAMETERS);
	TEEC_ReleaseSharedMemory(&shm);
	TEEC_FinalizeContext(&context);
}

/* For the tools that expect them in libteec.so.2 */
void _dprintf(const char *function, int line, int level, const char *prefix, const char *fmt, ...)
	__attribute__((format(printf, 5, 6)));
void dump_buffer(const char *name, const uint8_t *buffer, size_t size);

/* What a call printed to standard error: at most @size - 1 bytes, as a string */
static void trace(char *text, size_t size, const char *function, int level, const char *message)
{
	int saved = dup(STDERR_FILENO);
	int fds[2];
	ssize_t n;

	assert_true(saved >= 0 && pipe(fds) == 0);
	assert_int_equal(dup2(fds[1], STDERR_FILENO), STDERR_FILENO);
	_dprintf(function, 12, level, "LT", "%s\n", message);
	dump_buffer("key", (const uint8_t *)"secret", 6);
	assert_int_equal(dup2(saved, STDERR_FILENO), STDERR_FILENO);
	assert_int_equal(write(fds[1], "", 1), 1);
	n = read(fds[0], text, size);
	assert_true(n > 0 && text[n - 1] == '\0');
	assert_int_equal(__real_close(fds[0]) | __real_close(fds[1]) | __real_close(saved), 0);
}

static void tools_can_trace(void **state)
{
	char text[1000];
	char message[600];
	const char *end;

	trace(text, sizeof(text), "main", 1, "it failed");
	assert_memory_equal(text, "ERR [", 5);
	end = strstr(text, "] LT:main:12: it failed\n");
	assert_non_null(end);
	assert_int_equal(strlen(end), strlen("] LT:main:12: it failed\n"));

	trace(text, sizeof(text), NULL, 2, "and on");
	assert_string_equal(text, "and on\n");
	trace(text, sizeof(text), "main", 99, "level");
	assert_memory_equal(text, " [", 2);

	/* Too long: cut, but still a line */
	memset(message, 'x', sizeof(message));
	message[sizeof(message) - 1] = '\0';
	trace(text, sizeof(text), "main", 1, message);
	assert_int_equal(strlen(text), 255);
	assert_int_equal(text[254], '\n');
	trace(text, sizeof(text), message, 1, message);
	assert_int_equal(strlen(text), 255);
	assert_int_equal(text[254], '\n');
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(context_finds_the_device),
		TEST(context_accepts_by_name_and_capability),
		TEST(memory_is_allocated),
		TEST(memory_is_registered),
		TEST(read_only_memory_gets_a_shadow),
		TEST(memory_errors),
		TEST(memory_without_mappings),
		TEST(memory_bad_parameters),
		TEST(descriptor_is_registered),
		TEST(tools_can_trace),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
