/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * libteec's sessions and calls against a fake device: what is sent and read back,
 * cancellation, and that nothing is held afterwards, whichever call fails
 */
#include <errno.h>
#include <pthread.h>
#include <semaphore.h>
#include <string.h>
#include <time.h>

#include <tee_client_api_extensions.h>

#include "libteec_fixture.h"

#if defined(__has_feature)
#if __has_feature(address_sanitizer)
#define LOCALS_MAY_BE_ELSEWHERE
#endif
#endif
#ifdef __SANITIZE_ADDRESS__
#define LOCALS_MAY_BE_ELSEWHERE
#endif

static void session_is_opened(void **state)
{
	static const uint8_t octets[16] = {
		0x00, 0x11, 0x22, 0x33, 0x44, 0x55, 0x66, 0x77,
		0x88, 0x99, 0xaa, 0xbb, 0xcc, 0xdd, 0xee, 0xff,
	};
	static const uint32_t gid = 0x01020304;
	static const struct {
		uint32_t method;
		bool has_data;
	} logins[] = {
		{ TEEC_LOGIN_PUBLIC, false },
		{ TEEC_LOGIN_USER, false },
		{ TEEC_LOGIN_GROUP, true },
		{ TEEC_LOGIN_APPLICATION, false },
		{ TEEC_LOGIN_USER_APPLICATION, false },
		{ TEEC_LOGIN_GROUP_APPLICATION, true },
		{ 0x80000000, false },
	};
	TEEC_Context context = open_context();
	TEEC_Session session;
	uint32_t origin;

	for (size_t i = 0; i < N_ELEMENTS(logins); i++) {
		uint8_t data[16] = { 0 };

		if (logins[i].has_data)
			memcpy(data, &gid, sizeof(gid));
		origin = 99;
		assert_int_equal(TEEC_OpenSession(&context, &session, &ta_uuid, logins[i].method,
						  &gid, NULL, &origin),
				 TEEC_SUCCESS);
		assert_log("open_session");
		assert_int_equal(origin, TEEC_ORIGIN_TRUSTED_APP);
		assert_int_equal(last_call.buf_len, 184);
		assert_memory_equal(last_call.uuid, octets, 16);
		assert_memory_equal(last_call.clnt_uuid, data, 16);
		assert_int_equal(last_call.clnt_login, logins[i].method);
		assert_int_equal(last_call.cancel_id, 0);
		for (unsigned int j = 0; j < 4; j++)
			assert_param(j, 0, 0, 0, 0);
#ifndef LOCALS_MAY_BE_ELSEWHERE
		assert_true(last_call.on_stack);
#endif
		TEEC_CloseSession(&session);
		assert_log("close_session");
		assert_int_equal(fake.closed_session, 0x5e55);
	}
	TEEC_CloseSession(NULL);
	assert_log("");
	TEEC_FinalizeContext(&context);
}

static void refuse(struct fake_call *call)
{
	call->ret = TEEC_ERROR_ITEM_NOT_FOUND;
	call->ret_origin = TEEC_ORIGIN_TEE;
}

static void session_is_refused(void **state)
{
	TEEC_Context context = open_context();
	TEEC_Session session;
	TEEC_Session before;
	uint32_t origin = 0;

	memset(&session, 0x5a, sizeof(session));
	before = session;
	fake.answer = refuse;
	assert_int_equal(TEEC_OpenSession(&context, &session, &ta_uuid, 0, NULL, NULL, &origin),
			 TEEC_ERROR_ITEM_NOT_FOUND);
	assert_int_equal(origin, TEEC_ORIGIN_TEE);
	assert_memory_equal(&session, &before, sizeof(session));
	fake_clear_log();

	assert_int_equal(TEEC_OpenSession(NULL, &session, &ta_uuid, 0, NULL, NULL, &origin),
			 TEEC_ERROR_BAD_PARAMETERS);
	assert_int_equal(origin, TEEC_ORIGIN_API);
	assert_int_equal(TEEC_OpenSession(&context, NULL, &ta_uuid, 0, NULL, NULL, NULL),
			 TEEC_ERROR_BAD_PARAMETERS);
	assert_int_equal(TEEC_OpenSession(&context, &session, NULL, 0, NULL, NULL, NULL),
			 TEEC_ERROR_BAD_PARAMETERS);
	assert_int_equal(TEEC_OpenSession(&context, &session, &ta_uuid, TEEC_LOGIN_GROUP, NULL,
					  NULL, NULL),
			 TEEC_ERROR_BAD_PARAMETERS);
	assert_int_equal(TEEC_InvokeCommand(NULL, 0, NULL, &origin), TEEC_ERROR_BAD_PARAMETERS);
	assert_int_equal(origin, TEEC_ORIGIN_API);
	assert_log("");
	TEEC_FinalizeContext(&context);
}

static void errno_becomes_a_result(void **state)
{
	static const struct {
		int err;
		TEEC_Result res;
	} rows[] = {
		{ ENOMEM, TEEC_ERROR_OUT_OF_MEMORY }, { EINVAL, TEEC_ERROR_BAD_PARAMETERS },
		{ EFAULT, TEEC_ERROR_GENERIC },	      { EINTR, TEEC_ERROR_GENERIC },
		{ EIO, TEEC_ERROR_GENERIC },	      { EPERM, TEEC_ERROR_GENERIC },
		{ EACCES, TEEC_ERROR_GENERIC },	      { 524, TEEC_ERROR_GENERIC },
	};
	TEEC_Context context = open_context();
	TEEC_Session session = open_session(&context);

	for (size_t i = 0; i < N_ELEMENTS(rows); i++) {
		TEEC_Operation op = {
			.paramTypes = TEEC_PARAM_TYPES(TEEC_VALUE_INOUT, 0, 0, 0),
		};
		TEEC_Session other;
		uint32_t origin = 0;

		op.params[0].value.a = 42;
		fake.fail_at = 1;
		fake.fail_errno = rows[i].err;
		fake_clear_log();
		assert_int_equal(TEEC_InvokeCommand(&session, 1, &op, &origin), rows[i].res);
		assert_int_equal(origin, TEEC_ORIGIN_COMMS);
		assert_int_equal(op.params[0].value.a, 42);
		assert_log("invoke");

		origin = 0;
		assert_int_equal(TEEC_OpenSession(&context, &other, &ta_uuid, 0, NULL, NULL,
						  &origin),
				 rows[i].res);
		assert_int_equal(origin, TEEC_ORIGIN_COMMS);
	}
	TEEC_CloseSession(&session);
	TEEC_FinalizeContext(&context);
}

static void count_values(struct fake_call *call)
{
	remember(call);
	for (int i = 0; i < 4; i++) {
		call->params[i].a += 0x100000001;
		call->params[i].b += 2;
	}
}

static void values_travel(void **state)
{
	TEEC_Context context = open_context();
	TEEC_Session session = open_session(&context);
	TEEC_Operation op = {
		.paramTypes = TEEC_PARAM_TYPES(TEEC_VALUE_INPUT, TEEC_VALUE_OUTPUT,
					       TEEC_VALUE_INOUT, TEEC_NONE),
	};
	uint32_t origin = 0;

	for (int i = 0; i < 4; i++)
		op.params[i].value = (TEEC_Value){ UINT32_MAX, 10 };
	fake.answer = count_values;
	assert_int_equal(TEEC_InvokeCommand(&session, 77, &op, &origin), TEEC_SUCCESS);
	assert_log("invoke");
	assert_int_equal(origin, TEEC_ORIGIN_TRUSTED_APP);
	assert_int_equal(last_call.func, 77);
	assert_int_equal(last_call.session, 0x5e55);
	assert_int_equal(last_call.buf_len, 152);
#ifndef LOCALS_MAY_BE_ELSEWHERE
	assert_true(last_call.on_stack);
#endif
	assert_param(0, TEE_IOCTL_PARAM_ATTR_TYPE_VALUE_INPUT, UINT32_MAX, 10, 0);
	assert_param(1, TEE_IOCTL_PARAM_ATTR_TYPE_VALUE_OUTPUT, 0, 0, 0);
	assert_param(2, TEE_IOCTL_PARAM_ATTR_TYPE_VALUE_INOUT, UINT32_MAX, 10, 0);
	assert_param(3, TEE_IOCTL_PARAM_ATTR_TYPE_NONE, 0, 0, 0);

	assert_int_equal(op.params[0].value.a, UINT32_MAX);
	assert_int_equal(op.params[0].value.b, 10);
	assert_int_equal(op.params[1].value.a, 1);
	assert_int_equal(op.params[1].value.b, 2);
	assert_int_equal(op.params[2].value.a, 0);
	assert_int_equal(op.params[2].value.b, 12);
	assert_int_equal(op.params[3].value.a, UINT32_MAX);
	TEEC_CloseSession(&session);
	TEEC_FinalizeContext(&context);
}

/* Sizes come back as 33 with a short buffer, which is an answer, not a failure. */
static void want_33(struct fake_call *call)
{
	remember(call);
	for (int i = 0; i < 4; i++)
		call->params[i].b = 33;
	call->ret = TEEC_ERROR_SHORT_BUFFER;
}

static void registered_references_travel(void **state)
{
	static const uint32_t inout = TEEC_MEM_INPUT | TEEC_MEM_OUTPUT;
	TEEC_Context context = open_context();
	TEEC_Session session = open_session(&context);
	TEEC_SharedMemory in = { .size = 40, .flags = TEEC_MEM_INPUT };
	TEEC_SharedMemory out = { .size = 30, .flags = TEEC_MEM_OUTPUT };
	TEEC_SharedMemory both = { .size = 20, .flags = inout };
	TEEC_Operation op = {
		.paramTypes = TEEC_PARAM_TYPES(TEEC_MEMREF_WHOLE, TEEC_MEMREF_WHOLE,
					       TEEC_MEMREF_WHOLE, TEEC_MEMREF_PARTIAL_OUTPUT),
	};

	assert_int_equal(TEEC_AllocateSharedMemory(&context, &in), TEEC_SUCCESS);
	assert_int_equal(TEEC_AllocateSharedMemory(&context, &out), TEEC_SUCCESS);
	assert_int_equal(TEEC_AllocateSharedMemory(&context, &both), TEEC_SUCCESS);
	fake_clear_log();

	/* A whole reference reads only the parent. */
	op.params[0].memref = (TEEC_RegisteredMemoryReference){ &in, 1234, 5678 };
	op.params[1].memref = (TEEC_RegisteredMemoryReference){ &out, 1234, 5678 };
	op.params[2].memref = (TEEC_RegisteredMemoryReference){ &both, 1234, 5678 };
	op.params[3].memref = (TEEC_RegisteredMemoryReference){ &both, 7, 13 };
	fake.answer = want_33;
	assert_int_equal(TEEC_InvokeCommand(&session, 0, &op, NULL), TEEC_ERROR_SHORT_BUFFER);
	assert_log("invoke");
	assert_param(0, TEE_IOCTL_PARAM_ATTR_TYPE_MEMREF_INPUT, 0, 40, (uint64_t)in.imp.id);
	assert_param(1, TEE_IOCTL_PARAM_ATTR_TYPE_MEMREF_OUTPUT, 0, 30, (uint64_t)out.imp.id);
	assert_param(2, TEE_IOCTL_PARAM_ATTR_TYPE_MEMREF_INOUT, 0, 20, (uint64_t)both.imp.id);
	assert_param(3, TEE_IOCTL_PARAM_ATTR_TYPE_MEMREF_OUTPUT, 13, 7, (uint64_t)both.imp.id);
	assert_int_equal(op.params[0].memref.size, 1234);
	assert_int_equal(op.params[1].memref.size, 33);
	assert_int_equal(op.params[2].memref.size, 33);
	assert_int_equal(op.params[3].memref.size, 33);

	TEEC_ReleaseSharedMemory(&in);
	TEEC_ReleaseSharedMemory(&out);
	TEEC_ReleaseSharedMemory(&both);
	TEEC_CloseSession(&session);
	TEEC_FinalizeContext(&context);
}

static void temporary_references_travel(void **state)
{
	TEEC_Context context = open_context();
	TEEC_Session session = open_session(&context);
	uint8_t in[8], out[20], both[40];
	TEEC_Operation op = {
		.paramTypes = TEEC_PARAM_TYPES(TEEC_MEMREF_TEMP_INPUT, TEEC_MEMREF_TEMP_OUTPUT,
					       TEEC_MEMREF_TEMP_INOUT, TEEC_MEMREF_TEMP_INPUT),
	};

	op.params[0].tmpref = (TEEC_TempMemoryReference){ in, sizeof(in) };
	op.params[1].tmpref = (TEEC_TempMemoryReference){ out, sizeof(out) };
	op.params[2].tmpref = (TEEC_TempMemoryReference){ both, sizeof(both) };
	op.params[3].tmpref = (TEEC_TempMemoryReference){ NULL, 0 };
	fake.answer = want_33;
	assert_int_equal(TEEC_InvokeCommand(&session, 0, &op, NULL), TEEC_ERROR_SHORT_BUFFER);
	assert_log("register register register invoke close close close");
	assert_param(0, TEE_IOCTL_PARAM_ATTR_TYPE_MEMREF_INPUT, 0, 8, last_params[0].c);
	assert_param(1, TEE_IOCTL_PARAM_ATTR_TYPE_MEMREF_OUTPUT, 0, 20, last_params[0].c + 1);
	assert_param(2, TEE_IOCTL_PARAM_ATTR_TYPE_MEMREF_INOUT, 0, 40, last_params[0].c + 2);
	assert_param(3, TEE_IOCTL_PARAM_ATTR_TYPE_MEMREF_INPUT, 0, 0, TEE_MEMREF_NULL);
	assert_int_equal(op.params[0].tmpref.size, 8);
	assert_int_equal(op.params[1].tmpref.size, 33);
	assert_int_equal(op.params[2].tmpref.size, 33);
	assert_ptr_equal(op.params[1].tmpref.buffer, out);
	TEEC_CloseSession(&session);
	TEEC_FinalizeContext(&context);
}

static void null_references(void **state)
{
	TEEC_Operation op = {
		.paramTypes = TEEC_PARAM_TYPES(TEEC_MEMREF_TEMP_OUTPUT, 0, 0, 0),
	};
	TEEC_Context context = open_context();
	TEEC_Session session = open_session(&context);
	uint8_t byte = 0;
	uint32_t origin = 0;

	fake.answer = want_33;
	assert_int_equal(TEEC_InvokeCommand(&session, 0, &op, NULL), TEEC_ERROR_SHORT_BUFFER);
	assert_log("invoke");
	assert_int_equal(op.params[0].tmpref.size, 33);
	assert_null(op.params[0].tmpref.buffer);

	op.params[0].tmpref.size = 1;
	assert_int_equal(TEEC_InvokeCommand(&session, 0, &op, &origin), TEEC_ERROR_BAD_PARAMETERS);
	assert_int_equal(origin, TEEC_ORIGIN_API);
	assert_log("");

	/* No bytes, yet an address: that is memory, and registered as 8 bytes. */
	op.params[0].tmpref = (TEEC_TempMemoryReference){ &byte, 0 };
	assert_int_equal(TEEC_InvokeCommand(&session, 0, &op, NULL), TEEC_ERROR_SHORT_BUFFER);
	assert_log("register invoke close");
	assert_int_equal(fake.registered.length, 8);
	TEEC_CloseSession(&session);
	TEEC_FinalizeContext(&context);

	/* A TEE that knows no NULL gets a block of which no byte is referred to. */
	fake.version.gen_caps = TEE_GEN_CAP_GP | TEE_GEN_CAP_REG_MEM;
	context = open_context();
	fake.answer = remember;
	session = open_session(&context);
	fake.answer = want_33;
	op.params[0].tmpref = (TEEC_TempMemoryReference){ NULL, 0 };
	assert_int_equal(TEEC_InvokeCommand(&session, 0, &op, NULL), TEEC_ERROR_SHORT_BUFFER);
	assert_log("alloc mmap close invoke munmap");
	assert_int_equal(last_params[0].b, 0);
	assert_int_equal(op.params[0].tmpref.size, 33);
	assert_null(op.params[0].tmpref.buffer);
	TEEC_CloseSession(&session);
	TEEC_FinalizeContext(&context);
}

/* The TA finds 0x11, writes 0x22 to the first 10 bytes and reports 10 */
static void write_10(struct fake_call *call)
{
	for (int i = 0; i < 4; i++) {
		struct tee_ioctl_param *param = &call->params[i];

		if (param->attr < TEE_IOCTL_PARAM_ATTR_TYPE_MEMREF_INPUT)
			continue;
		assert_bytes(fake_memory(param), param->b, 0x11);
		if (param->attr == TEE_IOCTL_PARAM_ATTR_TYPE_MEMREF_INPUT)
			continue;
		memset(fake_memory(param), 0x22, 10);
		param->b = 10;
	}
}

/* The TA writes all there is and asks for more */
static void write_all_want_33(struct fake_call *call)
{
	for (int i = 0; i < 4; i++) {
		if (call->params[i].attr >= TEE_IOCTL_PARAM_ATTR_TYPE_MEMREF_OUTPUT)
			memset(fake_memory(&call->params[i]), 0x33, call->params[i].b);
	}
	want_33(call);
}

/* What a client sees is the same with and without a shadow. */
static void check_contents(TEEC_Session *session, uint32_t type, TEEC_SharedMemory *shm,
			   uint8_t *bytes, size_t offset, size_t size)
{
	bool output = type != TEEC_MEMREF_TEMP_INPUT && type != TEEC_MEMREF_PARTIAL_INPUT &&
		      !(type == TEEC_MEMREF_WHOLE && shm->flags == TEEC_MEM_INPUT);
	TEEC_Operation op = { .paramTypes = TEEC_PARAM_TYPES(0, type, 0, 0) };
	TEEC_Parameter *param = &op.params[1];

	for (int i = 0; i < 2; i++) {
		memset(bytes, 0x11, 64);
		if (shm)
			param->memref = (TEEC_RegisteredMemoryReference){ shm, size, offset };
		else
			param->tmpref = (TEEC_TempMemoryReference){ bytes + offset, size };
		fake.answer = i ? write_all_want_33 : write_10;
		assert_int_equal(TEEC_InvokeCommand(session, 0, &op, NULL),
				 i ? TEEC_ERROR_SHORT_BUFFER : TEEC_SUCCESS);

		assert_bytes(bytes, offset, 0x11);
		assert_bytes(bytes + offset + size, 64 - offset - size, 0x11);
		if (!output) {
			assert_bytes(bytes, 64, 0x11);
		} else if (i == 0) {
			assert_bytes(bytes + offset, 10, 0x22);
			assert_bytes(bytes + offset + 10, size - 10, 0x11);
			assert_int_equal(shm ? param->memref.size : param->tmpref.size, 10);
		} else {
			assert_bytes(bytes + offset, size, 0x33);
			assert_int_equal(shm ? param->memref.size : param->tmpref.size, 33);
		}
	}
}

static void contents_with(uint32_t gen_caps, bool read_only, int alloc_errno)
{
	static const uint32_t inout = TEEC_MEM_INPUT | TEEC_MEM_OUTPUT;
	TEEC_Context context;
	TEEC_Session session;
	uint8_t bytes[64];

	fake.version.gen_caps = gen_caps;
	fake.read_only = read_only ? bytes : NULL;
	fake.read_only_size = read_only ? sizeof(bytes) : 0;
	fake.alloc_errno = alloc_errno;
	fake.answer = remember;
	context = open_context();
	session = open_session(&context);

	for (uint32_t flags = TEEC_MEM_INPUT; flags <= inout; flags++) {
		TEEC_SharedMemory shm = { .buffer = bytes, .size = 64, .flags = flags };
		TEEC_SharedMemory small = { .buffer = bytes + 5, .size = 20, .flags = flags };
		TEEC_SharedMemory allocated = { .size = 64, .flags = flags };

		check_contents(&session, TEEC_MEMREF_TEMP_INPUT - 1 + flags, NULL, bytes, 5, 20);
		assert_int_equal(TEEC_RegisterSharedMemory(&context, &small), TEEC_SUCCESS);
		check_contents(&session, TEEC_MEMREF_WHOLE, &small, bytes, 5, 20);
		TEEC_ReleaseSharedMemory(&small);
		assert_int_equal(TEEC_RegisterSharedMemory(&context, &shm), TEEC_SUCCESS);
		check_contents(&session, TEEC_MEMREF_PARTIAL_INPUT - 1 + flags, &shm, bytes, 5, 20);
		TEEC_ReleaseSharedMemory(&shm);
		assert_int_equal(TEEC_AllocateSharedMemory(&context, &allocated), TEEC_SUCCESS);
		assert_null(allocated.imp.shadow_buffer);
		check_contents(&session, TEEC_MEMREF_PARTIAL_INPUT - 1 + flags, &allocated,
			       allocated.buffer, 5, 20);
		TEEC_ReleaseSharedMemory(&allocated);
	}
	TEEC_CloseSession(&session);
	TEEC_FinalizeContext(&context);
}

static void contents_in_place(void **state)
{
	contents_with(TEE_GEN_CAP_GP | TEE_GEN_CAP_REG_MEM, false, 0);
}

static void contents_by_registered_shadow(void **state)
{
	contents_with(TEE_GEN_CAP_GP | TEE_GEN_CAP_REG_MEM, true, ENOMEM);
}

static void contents_by_mapped_shadow(void **state)
{
	contents_with(TEE_GEN_CAP_GP, false, 0);
	contents_with(TEE_GEN_CAP_GP | TEE_GEN_CAP_REG_MEM, true, 0);
}

static void assert_refused(TEEC_Session *session, TEEC_Operation *op)
{
	uint32_t origin = 0;

	assert_int_equal(TEEC_InvokeCommand(session, 0, op, &origin), TEEC_ERROR_BAD_PARAMETERS);
	assert_int_equal(origin, TEEC_ORIGIN_API);
}

static void operation_bad_parameters(void **state)
{
	static const uint32_t bad_types[] = { 4, 8, 9, 10, 11 };
	static const struct {
		size_t offset;
		size_t size;
	} ranges[] = {
		{ 0, 101 }, { 1, 100 }, { 100, 1 }, { 101, 0 }, { SIZE_MAX, 1 }, { 1, SIZE_MAX },
		{ SIZE_MAX, SIZE_MAX },
	};
	TEEC_Context context = open_context();
	TEEC_Session session = open_session(&context);
	TEEC_SharedMemory shm = { .size = 100, .flags = TEEC_MEM_INPUT };
	uint8_t bytes[10];
	TEEC_Operation op = { 0 };

	op.params[0].tmpref = (TEEC_TempMemoryReference){ bytes, sizeof(bytes) };
	for (size_t i = 0; i < N_ELEMENTS(bad_types); i++) {
		/* A temporary reference before the bad one is released again. */
		op.paramTypes = TEEC_PARAM_TYPES(TEEC_MEMREF_TEMP_INPUT, bad_types[i], 0, 0);
		assert_refused(&session, &op);
		assert_log("register close");
	}

	assert_int_equal(TEEC_AllocateSharedMemory(&context, &shm), TEEC_SUCCESS);
	fake_clear_log();
	op.paramTypes = TEEC_PARAM_TYPES(0, TEEC_MEMREF_PARTIAL_INPUT, 0, 0);
	for (size_t i = 0; i < N_ELEMENTS(ranges); i++) {
		op.params[1].memref = (TEEC_RegisteredMemoryReference){
			&shm, ranges[i].size, ranges[i].offset
		};
		assert_refused(&session, &op);
	}

	op.params[1].memref = (TEEC_RegisteredMemoryReference){ &shm, 100, 0 };
	op.paramTypes = TEEC_PARAM_TYPES(0, TEEC_MEMREF_PARTIAL_OUTPUT, 0, 0);
	assert_refused(&session, &op);
	op.paramTypes = TEEC_PARAM_TYPES(0, TEEC_MEMREF_PARTIAL_INOUT, 0, 0);
	assert_refused(&session, &op);
	op.params[1].memref.parent = NULL;
	assert_refused(&session, &op);
	op.paramTypes = TEEC_PARAM_TYPES(0, TEEC_MEMREF_WHOLE, 0, 0);
	assert_refused(&session, &op);
	assert_log("");

	/* Its id would be sent as -1, which says NULL to the kernel. */
	TEEC_ReleaseSharedMemory(&shm);
	fake_clear_log();
	op.params[1].memref.parent = &shm;
	assert_refused(&session, &op);
	op.paramTypes = TEEC_PARAM_TYPES(0, TEEC_MEMREF_PARTIAL_INPUT, 0, 0);
	assert_refused(&session, &op);
	assert_log("");
	TEEC_CloseSession(&session);
	TEEC_FinalizeContext(&context);
}

static sem_t in_call;
static sem_t may_return;
static bool returned;

static void block(struct fake_call *call)
{
	(void)sem_post(&in_call);
	(void)sem_wait(&may_return);
	call->ret = TEEC_ERROR_CANCEL;
}

struct caller {
	TEEC_Session *session;
	TEEC_Operation *op;
	TEEC_Result res;
};

static void *caller_run(void *arg)
{
	struct caller *caller = arg;

	caller->res = TEEC_InvokeCommand(caller->session, 0, caller->op, NULL);
	__atomic_store_n(&returned, true, __ATOMIC_SEQ_CST);
	return NULL;
}

/* Let the call end while the canceller is still inside its ioctl: the session
 * must stay the caller's until that is over. */
static void release_caller(void)
{
	struct timespec pause = { .tv_nsec = 50 * 1000 * 1000 };

	(void)sem_post(&may_return);
	(void)nanosleep(&pause, NULL);
	if (__atomic_load_n(&returned, __ATOMIC_SEQ_CST))
		fake.n_misuse++;
}

static void command_is_cancelled(void **state)
{
	TEEC_Context context = open_context();
	TEEC_Session session = open_session(&context);
	TEEC_Operation op = { 0 };
	struct caller caller = { .session = &session, .op = &op };
	pthread_t thread;

	assert_int_equal(sem_init(&in_call, 0, 0), 0);
	assert_int_equal(sem_init(&may_return, 0, 0), 0);
	returned = false;
	fake.answer = block;
	fake.cancelled = release_caller;

	TEEC_RequestCancellation(NULL);
	TEEC_RequestCancellation(&op);
	assert_log("");

	assert_int_equal(pthread_create(&thread, NULL, caller_run, &caller), 0);
	(void)sem_wait(&in_call);
	TEEC_RequestCancellation(&op);
	assert_int_equal(pthread_join(thread, NULL), 0);
	assert_log("invoke cancel");
	assert_int_equal(fake.cancel.session, 0x5e55);
	assert_int_equal(fake.cancel.cancel_id, 0);
	assert_int_equal(caller.res, TEEC_ERROR_CANCEL);

	/* It is over: the session may be in another call by now. */
	assert_int_not_equal(op.started, 0);
	TEEC_RequestCancellation(&op);
	assert_log("");
	TEEC_CloseSession(&session);
	TEEC_FinalizeContext(&context);
}

static void cancel_twice(struct fake_call *call)
{
	(void)sem_post(&in_call);
	(void)sem_wait(&may_return);
	(void)sem_wait(&may_return);
}

static void post_may_return(void)
{
	(void)sem_post(&may_return);
}

static void command_is_cancelled_again(void **state)
{
	TEEC_Context context = open_context();
	TEEC_Session session = open_session(&context);
	TEEC_Operation op = { .started = 1 };
	struct caller caller = { .session = &session, .op = &op };
	pthread_t thread;

	assert_int_equal(sem_init(&in_call, 0, 0), 0);
	assert_int_equal(sem_init(&may_return, 0, 0), 0);
	fake.answer = cancel_twice;
	fake.cancelled = post_may_return;

	/* What a client must not put into started does no harm. */
	TEEC_RequestCancellation(&op);
	assert_log("");
	assert_int_equal(pthread_create(&thread, NULL, caller_run, &caller), 0);
	(void)sem_wait(&in_call);
	TEEC_RequestCancellation(&op);
	TEEC_RequestCancellation(&op);
	assert_int_equal(pthread_join(thread, NULL), 0);
	assert_log("invoke cancel cancel");
	TEEC_CloseSession(&session);
	TEEC_FinalizeContext(&context);
}

static TEEC_Operation *opening;

static void cancel_opening(struct fake_call *call)
{
	TEEC_RequestCancellation(opening);
}

static void opening_is_not_cancelled(void **state)
{
	TEEC_Context context = open_context();
	TEEC_Session session;
	TEEC_Operation op = { 0 };

	opening = &op;
	fake.answer = cancel_opening;
	assert_int_equal(TEEC_OpenSession(&context, &session, &ta_uuid, 0, NULL, &op, NULL),
			 TEEC_SUCCESS);
	assert_log("open_session");
	TEEC_CloseSession(&session);
	TEEC_FinalizeContext(&context);
}

/* A life with everything in it; goes on after errors as a client would */
static void life(void)
{
	static const uint32_t inout = TEEC_MEM_INPUT | TEEC_MEM_OUTPUT;
	uint8_t readable[100] = { 0 };
	uint8_t temp[100] = { 0 };
	TEEC_SharedMemory allocated = { .size = 100, .flags = inout };
	TEEC_SharedMemory registered = { .buffer = temp, .size = 100, .flags = inout };
	TEEC_SharedMemory shadowed = { .buffer = readable, .size = 100, .flags = TEEC_MEM_INPUT };
	TEEC_SharedMemory dmabuf = { .flags = inout };
	TEEC_Operation op = {
		.paramTypes = TEEC_PARAM_TYPES(TEEC_MEMREF_TEMP_INOUT, TEEC_MEMREF_TEMP_INPUT,
					       TEEC_MEMREF_TEMP_OUTPUT, TEEC_MEMREF_TEMP_INPUT),
	};
	TEEC_Context context;
	TEEC_Session session;

	fake.read_only = readable;
	fake.read_only_size = sizeof(readable);
	if (TEEC_InitializeContext(NULL, &context) != TEEC_SUCCESS)
		return;
	(void)TEEC_AllocateSharedMemory(&context, &allocated);
	(void)TEEC_RegisterSharedMemory(&context, &registered);
	(void)TEEC_RegisterSharedMemory(&context, &shadowed);
	(void)TEEC_RegisterSharedMemoryFileDescriptor(&context, &dmabuf, 0);

	op.params[0].tmpref = (TEEC_TempMemoryReference){ temp, 100 };
	op.params[1].tmpref = (TEEC_TempMemoryReference){ readable, 100 };
	op.params[2].tmpref = (TEEC_TempMemoryReference){ NULL, 0 };
	op.params[3].tmpref = (TEEC_TempMemoryReference){ temp, 0 };
	if (TEEC_OpenSession(&context, &session, &ta_uuid, 0, NULL, &op, NULL) == TEEC_SUCCESS) {
		(void)TEEC_InvokeCommand(&session, 0, &op, NULL);
		op.paramTypes = TEEC_PARAM_TYPES(TEEC_MEMREF_WHOLE, TEEC_MEMREF_PARTIAL_INPUT,
						 TEEC_MEMREF_WHOLE, TEEC_MEMREF_WHOLE);
		op.params[0].memref.parent = &allocated;
		op.params[1].memref = (TEEC_RegisteredMemoryReference){ &registered, 50, 50 };
		op.params[2].memref.parent = &shadowed;
		op.params[3].memref.parent = &dmabuf;
		(void)TEEC_InvokeCommand(&session, 0, &op, NULL);
		TEEC_CloseSession(&session);
	}
	TEEC_ReleaseSharedMemory(&dmabuf);
	TEEC_ReleaseSharedMemory(&shadowed);
	TEEC_ReleaseSharedMemory(&registered);
	TEEC_ReleaseSharedMemory(&allocated);
	TEEC_FinalizeContext(&context);
}

/* Fail the first call, then the second, ... until a life has fewer than that;
 * @alloc_errno: why the TEE has no memory to hand out, 0 if it has */
static void sweep(uint32_t gen_caps, int alloc_errno, int err, unsigned int in_a_row)
{
	unsigned int at = 0;

	do {
		fake_reset();
		fake.version.gen_caps = gen_caps;
		fake.alloc_errno = alloc_errno;
		fake.fail_at = ++at;
		fake.fail_count = in_a_row;
		fake.fail_errno = err;
		life();
		assert_int_equal(fake_n_held(), 0);
		assert_int_equal(fake.n_misuse, 0);
	} while (fake.n_calls >= at);
	assert_true(at > 20);
}

static void every_call_fails_once(void **state)
{
	static const int errs[] = { ENOMEM, EINVAL, EFAULT, EINTR, EMFILE, EIO };

	for (uint32_t caps = 0; caps < 4; caps++) {
		uint32_t gen_caps = TEE_GEN_CAP_GP | (caps & 1 ? TEE_GEN_CAP_REG_MEM : 0) |
				    (caps & 2 ? TEE_GEN_CAP_MEMREF_NULL : 0);

		for (size_t i = 0; i < N_ELEMENTS(errs); i++) {
			for (unsigned int in_a_row = 1; in_a_row <= 5; in_a_row++) {
				sweep(gen_caps, 0, errs[i], in_a_row);
				/* All that is new is registered then. */
				if (gen_caps & TEE_GEN_CAP_REG_MEM)
					sweep(gen_caps, ENOMEM, errs[i], in_a_row);
			}
		}
	}
}

static void *worker_run(void *arg)
{
	TEEC_Session *session = arg;
	uintptr_t wrong = 0;

	for (uint32_t i = 0; i < 500; i++) {
		uint8_t bytes[64];
		TEEC_Operation op = {
			.paramTypes = TEEC_PARAM_TYPES(TEEC_MEMREF_TEMP_INOUT, 0, 0, 0),
		};

		memset(bytes, 0x11, sizeof(bytes));
		op.params[0].tmpref = (TEEC_TempMemoryReference){ bytes, sizeof(bytes) };
		wrong += TEEC_InvokeCommand(session, i, &op, NULL) != TEEC_SUCCESS;
		wrong += bytes[9] != 0x22 || bytes[10] != 0x11 || op.params[0].tmpref.size != 10;
		TEEC_RequestCancellation(&op);
	}
	return (void *)wrong;
}

static void threads_share_a_session(void **state)
{
	TEEC_Context context = open_context();
	TEEC_Session session = open_session(&context);
	pthread_t threads[4];

	fake.answer = write_10;
	for (size_t i = 0; i < N_ELEMENTS(threads); i++)
		assert_int_equal(pthread_create(&threads[i], NULL, worker_run, &session), 0);
	for (size_t i = 0; i < N_ELEMENTS(threads); i++) {
		void *wrong;

		assert_int_equal(pthread_join(threads[i], &wrong), 0);
		assert_null(wrong);
	}
	TEEC_CloseSession(&session);
	TEEC_FinalizeContext(&context);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(session_is_opened),
		TEST(session_is_refused),
		TEST(errno_becomes_a_result),
		TEST(values_travel),
		TEST(registered_references_travel),
		TEST(temporary_references_travel),
		TEST(null_references),
		TEST(contents_in_place),
		TEST(contents_by_registered_shadow),
		TEST(contents_by_mapped_shadow),
		TEST(operation_bad_parameters),
		TEST(command_is_cancelled),
		TEST(command_is_cancelled_again),
		TEST(opening_is_not_cancelled),
		TEST(every_call_fails_once),
		TEST(threads_share_a_session),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
