/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The invoke tests PTA: what test programs of the normal world call to see
 * parameters, memory and locks of the trusted OS at work
 *
 * The commands are those of the PTA of the same UUID in optee_os, as far as there
 * is something to test here.
 */
#include <stdlib.h>
#include <string.h>

#include "abi/tee_result.h"
#include "base/log.h"
#include "secure/common/idtable.h"
#include "secure/common/shared.h"
#include "secure/optee/params.h"
#include "secure/optee/pta.h"
#include "secure/optee/ta_manager.h"
#include "secure/optee/world.h"

enum {
	CMD_TRACE = 0,
	CMD_PARAMS = 1,
	CMD_SELF_TESTS = 2,
	CMD_COPY_NSEC_TO_SEC = 3,
	CMD_READ_MODIFY_SEC = 4,
	CMD_COPY_SEC_TO_NSEC = 5,
	CMD_MUTEX = 7,
	CMD_LOCKDEP = 8,
	CMD_AES_PERF = 9,
	CMD_MEMREF_NULL = 10,
	CMD_DT_DRIVER_TESTS = 11,
	CMD_TRANSFER_LIST = 12,
};

#define MUTEX_WRITER 0u
#define MUTEX_READER 1u

void pta_tests_init(struct pta_tests *tests)
{
	memset(tests, 0, sizeof(*tests));
	srwlock_init(&tests->lock);
}

void pta_tests_deinit(struct pta_tests *tests)
{
	srwlock_deinit(&tests->lock);
}

/* --- parameters --- */

/* The only one that is not NONE, or PARAMS_MAX */
static uint32_t only_param(const struct ta_params *params)
{
	uint32_t found = PARAMS_MAX;

	for (uint32_t i = 0; i < PARAMS_MAX; i++) {
		if (params->p[i].type == PARAM_NONE)
			continue;
		if (found != PARAMS_MAX)
			return PARAMS_MAX;
		found = i;
	}
	return found;
}

/* One value output and three value inputs, in any order: which is the output? */
static uint32_t sum_param(const struct ta_params *params)
{
	uint32_t found = PARAMS_MAX;
	uint32_t n_inputs = 0;

	for (uint32_t i = 0; i < PARAMS_MAX; i++) {
		if (params->p[i].type == PARAM_VALUE_OUTPUT)
			found = i;
		n_inputs += params->p[i].type == PARAM_VALUE_INPUT;
	}
	return n_inputs == PARAMS_MAX - 1 ? found : PARAMS_MAX;
}

/* The client may write meanwhile: each byte is read once, whatever it is then. */
static uint32_t sum_bytes(struct thread *thread, const struct ta_param *p)
{
	uint8_t sum = 0;
	uint8_t *va;
	uint32_t res;

	res = param_va(thread, p, &va);
	if (res != TEE_R_SUCCESS)
		return res;
	if (p->u.mem.size == 0)
		return TEE_R_SUCCESS;
	for (uint64_t i = 0; i < p->u.mem.size; i++)
		sum += SHARED_READ(va[i]);
	SHARED_WRITE(va[0], sum);
	return TEE_R_SUCCESS;
}

static uint32_t test_params(struct thread *thread, struct ta_params *params)
{
	uint32_t i = only_param(params);
	struct ta_param *out;

	if (i < PARAMS_MAX && params->p[i].type == PARAM_VALUE_INOUT) {
		params->p[i].u.value.a += params->p[i].u.value.b;
		return TEE_R_SUCCESS;
	}
	if (i < PARAMS_MAX && params->p[i].type == PARAM_MEMREF_INOUT)
		return sum_bytes(thread, &params->p[i]);

	i = sum_param(params);
	if (i == PARAMS_MAX)
		return TEE_R_BAD_PARAMETERS;
	out = &params->p[i];
	out->u.value.a = 0;
	out->u.value.b = 0;
	for (uint32_t j = 0; j < PARAMS_MAX; j++) {
		if (j != i) {
			out->u.value.a += params->p[j].u.value.a;
			out->u.value.b += params->p[j].u.value.b;
		}
	}
	return TEE_R_SUCCESS;
}

static uint32_t test_memref_null(const struct ta_params *params)
{
	if (params->types != PARAM_TYPES(PARAM_MEMREF_INOUT, 0, 0, 0) ||
	    params->p[0].u.mem.mobj || params->p[0].u.mem.size)
		return TEE_R_BAD_PARAMETERS;
	return TEE_R_SUCCESS;
}

/*
 * Between normal and protected memory. There is no protected memory yet, so that
 * every buffer is of the wrong kind once types and sizes are right.
 */
static uint32_t test_protected_copy(struct ta_params *params)
{
	if (params->types != PARAM_TYPES(PARAM_MEMREF_INPUT, PARAM_MEMREF_OUTPUT, 0, 0))
		return TEE_R_BAD_PARAMETERS;
	if (params->p[1].u.mem.size < params->p[0].u.mem.size) {
		params->p[1].u.mem.ret_size = params->p[0].u.mem.size;
		return TEE_R_SHORT_BUFFER;
	}
	return TEE_R_BAD_PARAMETERS;
}

/* --- locks --- */

static uint32_t test_mutex_writer(struct thread *thread, struct ta_params *params)
{
	struct pta_tests *tests = &thread->world->tests;

	params->p[1].u.value.a = atomic_fetch_add(&tests->waiting_writers, 1) + 1;
	srwlock_lock(&tests->lock, thread, /* write: */ true);
	atomic_fetch_sub(&tests->waiting_writers, 1);
	params->p[1].u.value.b = atomic_fetch_add(&tests->inside_writers, 1) + 1;
	for (uint32_t i = 0; i < params->p[0].u.value.b; i++) {
		SHARED_WRITE(tests->count, SHARED_READ(tests->count) + 1);
		SHARED_WRITE(tests->double_count, SHARED_READ(tests->double_count) + 2);
	}
	atomic_fetch_sub(&tests->inside_writers, 1);
	srwlock_unlock(&tests->lock, thread);
	return TEE_R_SUCCESS;
}

static uint32_t test_mutex_reader(struct thread *thread, struct ta_params *params)
{
	struct pta_tests *tests = &thread->world->tests;
	uint32_t res = TEE_R_SUCCESS;

	params->p[1].u.value.a = atomic_fetch_add(&tests->waiting_readers, 1) + 1;
	srwlock_lock(&tests->lock, thread, /* write: */ false);
	atomic_fetch_sub(&tests->waiting_readers, 1);
	params->p[1].u.value.b = atomic_fetch_add(&tests->inside_readers, 1) + 1;
	for (uint32_t i = 0; i < params->p[0].u.value.b; i++) {
		if (SHARED_READ(tests->count) * 2 != SHARED_READ(tests->double_count))
			res = TEE_R_BAD_STATE;
	}
	atomic_fetch_sub(&tests->inside_readers, 1);
	srwlock_unlock(&tests->lock, thread);
	return res;
}

static uint32_t test_mutex(struct thread *thread, struct ta_params *params)
{
	if (params->types != PARAM_TYPES(PARAM_VALUE_INPUT, PARAM_VALUE_OUTPUT, 0, 0))
		return TEE_R_BAD_PARAMETERS;
	switch (params->p[0].u.value.a) {
	case MUTEX_WRITER:
		return test_mutex_writer(thread, params);
	case MUTEX_READER:
		return test_mutex_reader(thread, params);
	default:
		return TEE_R_BAD_PARAMETERS;
	}
}

/* --- self tests --- */

static bool self_test_heap(void)
{
	uint8_t *p = calloc(1, 100), *q;
	bool ok = p && !p[0] && !p[99];

	if (p)
		memset(p, 0x5a, 100);
	q = p ? realloc(p, 1 << 16) : NULL;
	ok = ok && q && q[0] == 0x5a && q[99] == 0x5a;
	free(q ? q : p);
	return ok;
}

static bool self_test_ids(void)
{
	struct idtable table;
	uint32_t first = 0, second = 0;
	bool ok;

	idtable_init(&table, 2);
	ok = idtable_add(&table, &first, &first) == 0 &&
	     idtable_add(&table, &second, &second) == 0 && first != second &&
	     idtable_get(&table, first) == &first && idtable_remove(&table, first) == &first &&
	     !idtable_get(&table, first) && idtable_get(&table, second) == &second;
	idtable_deinit(&table);
	return ok;
}

/* A lock of its own: nobody else is there, so none of it waits. */
static bool self_test_locks(struct thread *thread)
{
	struct smutex mutex;
	struct srwlock lock;
	bool ok;

	smutex_init(&mutex);
	smutex_lock(&mutex, thread);
	ok = !smutex_trylock(&mutex);
	smutex_unlock(&mutex, thread);
	ok = smutex_trylock(&mutex) && ok;
	smutex_deinit(&mutex);

	srwlock_init(&lock);
	srwlock_lock(&lock, thread, /* write: */ false);
	srwlock_lock(&lock, thread, /* write: */ false);
	srwlock_unlock(&lock, thread);
	srwlock_unlock(&lock, thread);
	srwlock_lock(&lock, thread, /* write: */ true);
	srwlock_unlock(&lock, thread);
	srwlock_deinit(&lock);
	return ok;
}

static uint32_t self_tests(struct thread *thread)
{
	bool heap = self_test_heap(), ids = self_test_ids(), locks = self_test_locks(thread);

	if (heap && ids && locks)
		return TEE_R_SUCCESS;
	log_error("self tests of the trusted OS failed: heap %s, tables %s, locks %s",
		  heap ? "ok" : "bad", ids ? "ok" : "bad", locks ? "ok" : "bad");
	return TEE_R_GENERIC;
}

static uint32_t tests_invoke(struct thread *thread, struct session *session, uint32_t cmd,
			     struct ta_params *params)
{
	switch (cmd) {
	case CMD_TRACE:
		log_debug("invoke_tests.pta says hello");
		return TEE_R_SUCCESS;
	case CMD_PARAMS:
		return test_params(thread, params);
	case CMD_SELF_TESTS:
		return self_tests(thread);
	case CMD_COPY_NSEC_TO_SEC:
	case CMD_COPY_SEC_TO_NSEC:
		return test_protected_copy(params);
	case CMD_MUTEX:
		return test_mutex(thread, params);
	case CMD_MEMREF_NULL:
		return test_memref_null(params);
	case CMD_DT_DRIVER_TESTS:
		/* There is no device tree, and so no driver that could fail on it. */
		return TEE_R_SUCCESS;
	case CMD_LOCKDEP:
	case CMD_AES_PERF:
	case CMD_TRANSFER_LIST:
		return TEE_R_NOT_SUPPORTED;
	case CMD_READ_MODIFY_SEC:
	default:
		return TEE_R_BAD_PARAMETERS;
	}
}

/* d96a5b40-c3e5-21e3-8794-1002a5d5c61b */
const struct pta pta_invoke_tests = {
	.uuid = { 0xd9, 0x6a, 0x5b, 0x40, 0xc3, 0xe5, 0x21, 0xe3,
		  0x87, 0x94, 0x10, 0x02, 0xa5, 0xd5, 0xc6, 0x1b },
	.flags = PTA_FLAGS | TA_FLAG_SECURE_DATA_PATH | TA_FLAG_CONCURRENT | TA_FLAG_DEVICE_ENUM,
	.invoke = tests_invoke,
};
