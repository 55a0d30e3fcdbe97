/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The OP-TEE driver and a world that answers nonsense; requests of the world that
 * the driver serves itself; the queue before the world's threads
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include <linux/err.h>
#include <linux/mm.h>

#include "optee_fixture.h"
#include "platform_test.h"

#define VALUE_IN TEE_IOCTL_PARAM_ATTR_TYPE_VALUE_INPUT
#define VALUE_OUT TEE_IOCTL_PARAM_ATTR_TYPE_VALUE_OUTPUT
#define VALUE_INOUT TEE_IOCTL_PARAM_ATTR_TYPE_VALUE_INOUT
#define MEMREF_IN TEE_IOCTL_PARAM_ATTR_TYPE_MEMREF_INPUT
#define MEMREF_OUT TEE_IOCTL_PARAM_ATTR_TYPE_MEMREF_OUTPUT
#define MEMREF_INOUT TEE_IOCTL_PARAM_ATTR_TYPE_MEMREF_INOUT

/* --- hostile: the reply --- */

static uint32_t body_hostile_reply(struct fw_thread *t, struct optee_msg_arg *msg)
{
	struct optee_msg_param *p = msg->params;
	uint32_t func = msg->func;

	msg->num_params = 0xffffffff;
	msg->session = 0xdead;
	for (int i = 0; i < 4; i++) {
		p[i].attr = ~0ull;
		memset(&p[i].u, 0xff, sizeof(p[i].u));
	}
	return func;
}

static void test_hostile_reply(void **state)
{
	struct drv *drv = *state;
	struct tee_shm *shm = tee_shm_alloc_kernel_buf(drv->ctx, 4096);
	const struct tee_param in[4] = {
		drv_value(VALUE_IN, 1, 2, 3),
		drv_value(VALUE_OUT, 1, 2, 3),
		drv_memref(MEMREF_IN, shm, 10, 100),
		drv_memref(MEMREF_INOUT, shm, 20, 200),
	};
	struct tee_param params[4];

	drv->world.invoke = body_hostile_reply;
	memcpy(params, in, sizeof(in));
	assert_int_equal(drv_invoke(drv, TEE_R_SUCCESS, params, 4, NULL), TEE_R_SUCCESS);
	/* Attributes, inputs and offsets are ours; a size stays in its buffer */
	for (int i = 0; i < 4; i++)
		assert_int_equal(params[i].attr, in[i].attr);
	assert_int_equal(params[0].u.value.a, 1);
	assert_int_equal(params[1].u.value.c, UINT64_MAX);
	assert_int_equal(params[2].u.memref.size, 100);
	assert_int_equal(params[3].u.memref.size, 200);
	assert_int_equal(params[3].u.memref.shm_offs, 20);
	assert_ptr_equal(params[3].u.memref.shm, shm);

	/* N95: unless it tells what would be needed */
	memcpy(params, in, sizeof(in));
	assert_int_equal(drv_invoke(drv, TEE_R_SHORT_BUFFER, params, 4, NULL),
			 TEE_R_SHORT_BUFFER);
	assert_int_equal(params[2].u.memref.size, 100);
	assert_int_equal(params[3].u.memref.size, UINT64_MAX);
	tee_shm_free(shm);
}

/* The world overwrites the session number of the next OPEN_SESSION. */
static bool session_hook(struct fw_world *world, const struct smc_regs *in,
			 struct smc_regs *out)
{
	struct optee_msg_arg *msg;

	if (in->a[0] != OPTEE_SMC_CALL_WITH_REGD_ARG)
		return false;
	msg = fw_shm_va(world, in->a[1] << 32 | in->a[2], in->a[3], sizeof(*msg));
	if (!msg || msg->cmd != OPTEE_MSG_CMD_OPEN_SESSION)
		return false;
	msg->ret = TEE_R_SUCCESS;
	msg->session = *(uint32_t *)world->hook_data;
	return true;
}

static void test_hostile_session(void **state)
{
	struct drv *drv = *state;
	struct drv_count before = drv_count(drv);
	uint32_t numbers[] = { 0, drv->session };
	uint32_t session;
	uint32_t ret;

	drv->world.hook = session_hook;
	for (size_t i = 0; i < 2; i++) {
		drv->world.hook_data = &numbers[i];
		assert_int_equal(drv_open_session(drv->ctx, NULL, 0, &session, &ret), 0);
		assert_int_equal(ret, TEE_R_COMMUNICATION);
		assert_int_equal(session, 0);
	}
	drv_assert_same(before, drv_count(drv));
	drv->world.hook = NULL;
	assert_int_equal(drv_invoke(drv, 0, NULL, 0, NULL), TEE_R_SUCCESS);
}

struct answer_row {
	const char *name;
	struct smc_regs answer;
	unsigned int times;	/* then UNKNOWN_FUNCTION */
};

static const struct answer_row answer_rows[] = {
	{ "optee hostile EBUSY", { { OPTEE_SMC_RETURN_EBUSY } }, 1 },
	{ "optee hostile ERESUME", { { OPTEE_SMC_RETURN_ERESUME } }, 1 },
	{ "optee hostile EBADADDR", { { OPTEE_SMC_RETURN_EBADADDR } }, 1 },
	{ "optee hostile code 8", { { 8 } }, 1 },
	{ "optee hostile code 0x12345678", { { 0x12345678 } }, 1 },
	{ "optee hostile code 0x80000000", { { 0x80000000 } }, 1 },
	{ "optee hostile UNKNOWN_FUNCTION", { { 0xffffffff } }, 1 },
	{ "optee hostile high half only", { { 0xffffffff00000005 } }, 1 },
	{ "optee hostile ETHREAD_LIMIT for ever", { { OPTEE_SMC_RETURN_ETHREAD_LIMIT } }, ~0u },
	{ "optee hostile RPC 1", { { 0xffff0001 } }, 100 },
	{ "optee hostile RPC 0xfffe", { { 0xfffffffe } }, 100 },
	{ "optee hostile FOREIGN_INTR storm", { { 0xffff0004 } }, 10000 },
	{ "optee hostile ALLOC of 0", { { 0xffff0000, 0 } }, 10 },
	{ "optee hostile ALLOC of 4 GiB", { { 0xffff0000, 0xffffffff } }, 10 },
	{ "optee hostile ALLOC storm", { { 0xffff0000, 160 } }, 1000 },
	{ "optee hostile ALLOC of megabytes", { { 0xffff0000, 0x200000 } }, 200 },
	{ "optee hostile FREE of 0", { { 0xffff0002, 0, 0 } }, 10 },
	{ "optee hostile FREE of the driver's own", { { 0xffff0002, 0, 1 } }, 10 },
	{ "optee hostile FREE of a client's", { { 0xffff0002, 0, 2 } }, 10 },
	{ "optee hostile FREE of a pointer", { { 0xffff0002, 0xffff8880, 0x12345678 } }, 10 },
	{ "optee hostile CMD in what it finds", { { 0xffff0005, 0, 1 } }, 100 },
};

struct answer_state {
	const struct answer_row *row;
	unsigned int left;
};

static bool answer_hook(struct fw_world *world, const struct smc_regs *in, struct smc_regs *out)
{
	struct answer_state *answer = world->hook_data;

	if (in->a[0] & SMCCC_FAST_CALL)
		return false;
	if (!answer->left)
		*out = (struct smc_regs){ .a = { 0xffffffff } };
	else
		*out = answer->row->answer;
	if (answer->left && answer->left != ~0u)
		answer->left--;
	return true;
}

static void test_hostile_answer(void **state)
{
	struct drv *drv = *state;
	const struct answer_row *row = drv->row;
	struct answer_state answer = { .row = row, .left = row->times };
	struct tee_shm *shm = tee_shm_alloc_kernel_buf(drv->ctx, 4096);
	struct drv_count before;
	uint32_t session;
	uint32_t origin;
	uint32_t ret;

	assert_false(IS_ERR(shm));
	/* A request that happens to be for the supplicant must not wait for one. */
	drv->ctx->supp_nowait = true;
	before = drv_count(drv);
	drv->world.hook_data = &answer;
	drv->world.hook = answer_hook;
	ret = drv_invoke(drv, 0, NULL, 0, &origin);
	/* 0xffffffff00000005 is 5 in the 32 bits that count */
	assert_int_equal(ret, TEE_R_COMMUNICATION);
	assert_int_equal(origin, TEE_R_ORIGIN_COMMS);
	drv_assert_same(before, drv_count(drv));

	answer.left = row->times;
	assert_int_equal(drv_open_session(drv->ctx, NULL, 0, &session, &ret), 0);
	assert_int_equal(ret, TEE_R_COMMUNICATION);
	drv_assert_same(before, drv_count(drv));

	answer.left = row->times;
	assert_int_equal(PTR_ERR(tee_shm_alloc_kernel_buf(drv->ctx, 10)), -EIO);
	drv_assert_same(before, drv_count(drv));

	/* All that belongs to others is still there. */
	drv->world.hook = NULL;
	memset(shm->kaddr, 1, 4096);
	assert_int_equal(drv_world_sum(drv, shm, 0, 4096), 4096);
	tee_shm_free(shm);
}

/* --- requests that the driver serves --- */

/* What a body saw, for the test to look at when the call is over */
struct seen {
	uint32_t ret[16];
	uint64_t value[16];
	struct optee_msg_param param;
	uint64_t cookie;
	atomic_uint step;
	atomic_uint release;
};

static struct seen *seen_of(struct fw_thread *t)
{
	return fw_world_of(t)->data;
}

static void wait_for(const atomic_uint *counter, unsigned int value)
{
	while (atomic_load(counter) < value)
		usleep(100);
}

static uint32_t rpc1(struct fw_thread *t, uint32_t cmd, uint64_t type, uint64_t a, uint64_t b,
		     uint64_t c)
{
	struct optee_msg_param p = fw_value(type, a, b, c);

	return fw_rpc_cmd_n(t, cmd, &p, 1);
}

static uint32_t body_simple_rpcs(struct fw_thread *t, struct optee_msg_arg *msg)
{
	struct seen *seen = seen_of(t);
	struct optee_msg_param p[4] = {};

	p[0] = fw_value(OPTEE_MSG_ATTR_TYPE_VALUE_OUTPUT, 0, 0, 0);
	/* Four parameters, three of them empty, or just the one: both are in use */
	seen->ret[0] = fw_rpc_cmd_n(t, OPTEE_RPC_CMD_GET_TIME, p, 4);
	seen->value[0] = p[0].u.value.a;
	seen->value[1] = p[0].u.value.b;
	seen->ret[1] = fw_rpc_cmd_n(t, OPTEE_RPC_CMD_GET_TIME, p, 1);
	seen->ret[2] = fw_rpc_cmd_n(t, OPTEE_RPC_CMD_GET_TIME, p, 0);
	p[0].attr = OPTEE_MSG_ATTR_TYPE_VALUE_INPUT;
	seen->ret[3] = fw_rpc_cmd_n(t, OPTEE_RPC_CMD_GET_TIME, p, 1);
	p[0].attr = OPTEE_MSG_ATTR_TYPE_VALUE_OUTPUT;
	p[2].attr = OPTEE_MSG_ATTR_TYPE_VALUE_OUTPUT;
	seen->ret[4] = fw_rpc_cmd_n(t, OPTEE_RPC_CMD_GET_TIME, p, 3);
	seen->ret[5] = fw_rpc_cmd_n(t, OPTEE_RPC_CMD_GET_TIME, p, 5);
	seen->ret[6] = fw_rpc_cmd_n(t, OPTEE_RPC_CMD_GET_TIME, p, 0xffffffff);
	seen->ret[7] = rpc1(t, OPTEE_RPC_CMD_I2C_TRANSFER, OPTEE_MSG_ATTR_TYPE_VALUE_INPUT,
			    0, 0, 0);
	seen->ret[8] = rpc1(t, OPTEE_RPC_CMD_RPMB_PROBE_RESET, OPTEE_MSG_ATTR_TYPE_VALUE_OUTPUT,
			    0, 0, 0);
	seen->ret[9] = rpc1(t, OPTEE_RPC_CMD_RPMB_PROBE_NEXT, OPTEE_MSG_ATTR_TYPE_VALUE_OUTPUT,
			    0, 0, 0);
	seen->ret[10] = rpc1(t, OPTEE_RPC_CMD_SUSPEND, OPTEE_MSG_ATTR_TYPE_VALUE_INPUT, 5, 0, 0);
	seen->ret[11] = rpc1(t, OPTEE_RPC_CMD_SUSPEND, OPTEE_MSG_ATTR_TYPE_VALUE_OUTPUT, 5, 0, 0);
	seen->ret[12] = rpc1(t, OPTEE_RPC_CMD_SUSPEND, OPTEE_MSG_ATTR_TYPE_VALUE_INPUT,
			     1ull << 32, 0, 0);
	return TEE_R_SUCCESS;
}

static void test_simple_rpcs(void **state)
{
	struct drv *drv = *state;
	struct seen seen = {};
	struct timespec now;

	drv->world.data = &seen;
	drv->world.invoke = body_simple_rpcs;
	assert_int_equal(drv_invoke(drv, 0, NULL, 0, NULL), TEE_R_SUCCESS);
	clock_gettime(CLOCK_REALTIME, &now);
	assert_int_equal(seen.ret[0], 0);
	assert_in_range(seen.value[0], now.tv_sec - 100, now.tv_sec);
	assert_in_range(seen.value[1], 0, 999999999);
	assert_int_equal(seen.ret[1], 0);
	for (int i = 2; i <= 6; i++)
		assert_int_equal(seen.ret[i], TEE_R_BAD_PARAMETERS);
	assert_int_equal(seen.ret[7], TEE_R_NOT_SUPPORTED);
	assert_int_equal(seen.ret[8], TEE_R_NOT_SUPPORTED);
	assert_int_equal(seen.ret[9], TEE_R_ITEM_NOT_FOUND);
	assert_int_equal(seen.ret[10], 0);
	assert_int_equal(seen.ret[11], TEE_R_BAD_PARAMETERS);
	assert_int_equal(seen.ret[12], TEE_R_BAD_PARAMETERS);
}

static uint32_t body_shm(struct fw_thread *t, struct optee_msg_arg *msg)
{
	struct seen *seen = seen_of(t);
	struct optee_msg_param p;
	void *va = NULL;

	seen->cookie = fw_shm_alloc(t, OPTEE_RPC_SHM_TYPE_KERNEL, 5000, &va);
	if (!seen->cookie || !va)
		return TEE_R_OUT_OF_MEMORY;
	memset(va, 0xee, 5000);
	seen->ret[0] = fw_shm_free(t, OPTEE_RPC_SHM_TYPE_KERNEL, seen->cookie);
	seen->ret[1] = fw_shm_free(t, OPTEE_RPC_SHM_TYPE_KERNEL, seen->cookie);
	seen->ret[2] = fw_shm_free(t, OPTEE_RPC_SHM_TYPE_GLOBAL, 1);
	/* Of the client, and of the driver when it registers any: not lent */
	seen->ret[3] = fw_shm_free(t, OPTEE_RPC_SHM_TYPE_KERNEL, seen->value[1]);
	seen->ret[4] = TEE_R_BAD_PARAMETERS;
	if (fw_world_of(t)->config.caps & OPTEE_SMC_SEC_CAP_RPC_ARG)
		seen->ret[4] = fw_shm_free(t, OPTEE_RPC_SHM_TYPE_KERNEL, 1);
	seen->ret[5] = fw_shm_free(t, OPTEE_RPC_SHM_TYPE_KERNEL, ~0ull);
	p = fw_value(OPTEE_MSG_ATTR_TYPE_VALUE_INPUT, OPTEE_RPC_SHM_TYPE_GLOBAL, 10, 8);
	seen->ret[6] = fw_rpc_cmd_n(t, OPTEE_RPC_CMD_SHM_ALLOC, &p, 1);
	p = fw_value(OPTEE_MSG_ATTR_TYPE_VALUE_INPUT, OPTEE_RPC_SHM_TYPE_KERNEL, 10, 8192);
	seen->ret[7] = fw_rpc_cmd_n(t, OPTEE_RPC_CMD_SHM_ALLOC, &p, 1);
	p = fw_value(OPTEE_MSG_ATTR_TYPE_VALUE_INPUT, OPTEE_RPC_SHM_TYPE_KERNEL, 0, 8);
	seen->ret[8] = fw_rpc_cmd_n(t, OPTEE_RPC_CMD_SHM_ALLOC, &p, 1);
	p = fw_value(OPTEE_MSG_ATTR_TYPE_VALUE_INPUT, OPTEE_RPC_SHM_TYPE_KERNEL, ~0ull, 8);
	seen->ret[9] = fw_rpc_cmd_n(t, OPTEE_RPC_CMD_SHM_ALLOC, &p, 1);
	/* Left behind: more than one list page, and a storm of small ones */
	if (!fw_shm_alloc(t, OPTEE_RPC_SHM_TYPE_KERNEL, 3 << 20, NULL))
		return TEE_R_GENERIC;
	for (int i = 0; i < 1000; i++)
		seen->value[0] += fw_shm_alloc(t, OPTEE_RPC_SHM_TYPE_KERNEL, 10, NULL) != 0;
	return TEE_R_SUCCESS;
}

static void test_shm_rpcs(void **state)
{
	struct drv *drv = *state;
	struct tee_shm *shm = tee_shm_alloc_kernel_buf(drv->ctx, 100);
	struct drv_count before = drv_count(drv);
	struct seen seen = { .value[1] = shm->sec_world_id };

	drv->world.data = &seen;
	drv->world.invoke = body_shm;
	assert_int_equal(drv_invoke(drv, 0, NULL, 0, NULL), TEE_R_SUCCESS);
	assert_int_equal(seen.ret[0], 0);
	for (int i = 1; i <= 7; i++)
		assert_int_equal(seen.ret[i], TEE_R_BAD_PARAMETERS);
	assert_int_equal(seen.ret[8], TEE_R_OUT_OF_MEMORY);
	assert_int_equal(seen.ret[9], TEE_R_OUT_OF_MEMORY);
	assert_int_equal(seen.value[0], OPTEE_RPC_SHM_MAX_PER_CALL - 1);
	drv_assert_same(before, drv_count(drv));
	assert_true(fw_knows(&drv->world, shm->sec_world_id));
	tee_shm_free(shm);
}

/* A call frees what another call was lent. */
static uint32_t body_shm_across(struct fw_thread *t, struct optee_msg_arg *msg)
{
	struct seen *seen = seen_of(t);

	if (msg->func) {
		wait_for(&seen->step, 1);
		seen->ret[1] = fw_shm_free(t, OPTEE_RPC_SHM_TYPE_KERNEL, seen->cookie);
		atomic_store(&seen->step, 2);
		return TEE_R_SUCCESS;
	}
	seen->cookie = fw_shm_alloc(t, OPTEE_RPC_SHM_TYPE_KERNEL, 100, NULL);
	atomic_store(&seen->step, 1);
	wait_for(&seen->step, 2);
	return TEE_R_SUCCESS;
}

static void test_shm_across(void **state)
{
	struct drv *drv = *state;
	struct drv_count before = drv_count(drv);
	struct seen seen = {};
	struct drv_job jobs[2];

	drv->world.data = &seen;
	drv->world.invoke = body_shm_across;
	drv_job_start(&jobs[0], drv, 0);
	drv_job_start(&jobs[1], drv, 1);
	assert_int_equal(drv_job_join(&jobs[0]), 0);
	assert_int_equal(drv_job_join(&jobs[1]), 0);
	assert_int_equal(seen.ret[1], 0);
	drv_assert_same(before, drv_count(drv));
}

/* --- notifications --- */

static uint32_t notify(struct fw_thread *t, uint64_t op, uint64_t value, uint64_t timeout)
{
	return rpc1(t, OPTEE_RPC_CMD_NOTIFICATION, OPTEE_MSG_ATTR_TYPE_VALUE_INPUT, op, value,
		    timeout);
}

static uint32_t body_notif(struct fw_thread *t, struct optee_msg_arg *msg)
{
	struct seen *seen = seen_of(t);

	/* Sent before it is waited for, twice: one wait passes, the next does not */
	seen->ret[0] = notify(t, OPTEE_RPC_NOTIFICATION_SEND, 64, 0);
	seen->ret[1] = notify(t, OPTEE_RPC_NOTIFICATION_SEND, 64, 0);
	seen->ret[2] = notify(t, OPTEE_RPC_NOTIFICATION_WAIT, 64, 0);
	seen->ret[3] = notify(t, OPTEE_RPC_NOTIFICATION_WAIT, 64, 10);
	seen->ret[4] = notify(t, OPTEE_RPC_NOTIFICATION_WAIT, 256, 10);
	seen->ret[5] = notify(t, OPTEE_RPC_NOTIFICATION_SEND, 256, 10);
	seen->ret[6] = notify(t, OPTEE_RPC_NOTIFICATION_WAIT, 1ull << 32, 10);
	seen->ret[7] = notify(t, 2, 0, 0);
	seen->ret[8] = notify(t, OPTEE_RPC_NOTIFICATION_SEND, 255, 0);
	seen->ret[9] = notify(t, OPTEE_RPC_NOTIFICATION_WAIT, 255, 0);
	return TEE_R_SUCCESS;
}

static void test_notif(void **state)
{
	static const uint32_t expect[10] = {
		0, 0, 0, TEE_R_BAD_PARAMETERS, TEE_R_BAD_PARAMETERS,
		TEE_R_BAD_PARAMETERS, TEE_R_BAD_PARAMETERS, TEE_R_BAD_PARAMETERS, 0, 0,
	};
	struct drv *drv = *state;
	struct seen seen = {};

	drv->world.data = &seen;
	drv->world.invoke = body_notif;
	assert_int_equal(drv_invoke(drv, 0, NULL, 0, NULL), 0);
	assert_memory_equal(seen.ret, expect, sizeof(expect));
}

static uint32_t body_notif_pair(struct fw_thread *t, struct optee_msg_arg *msg)
{
	struct seen *seen = seen_of(t);

	if (!msg->func) {
		atomic_store(&seen->step, 1);
		seen->ret[0] = notify(t, OPTEE_RPC_NOTIFICATION_WAIT, 70, 0);
		return TEE_R_SUCCESS;
	}
	wait_for(&seen->step, 1);
	usleep(A_MOMENT_US);
	/* A second waiter for the same value is refused */
	seen->ret[1] = notify(t, OPTEE_RPC_NOTIFICATION_WAIT, 70, 1000);
	seen->ret[2] = notify(t, OPTEE_RPC_NOTIFICATION_SEND, 70, 0);
	return TEE_R_SUCCESS;
}

static void test_notif_pair(void **state)
{
	struct drv *drv = *state;
	struct seen seen = {};
	struct drv_job jobs[2];

	drv->world.data = &seen;
	drv->world.invoke = body_notif_pair;
	drv_job_start(&jobs[0], drv, 0);
	drv_job_start(&jobs[1], drv, 1);
	assert_int_equal(drv_job_join(&jobs[0]), 0);
	assert_int_equal(drv_job_join(&jobs[1]), 0);
	assert_int_equal(seen.ret[0], 0);
	assert_int_equal(seen.ret[1], TEE_R_BAD_PARAMETERS);
	assert_int_equal(seen.ret[2], 0);
}

/* Two threads that let each other go in turn: who sends may be first or second */
static uint32_t body_notif_turns(struct fw_thread *t, struct optee_msg_arg *msg)
{
	struct seen *seen = seen_of(t);
	uint32_t me = msg->func;

	for (int i = 0; i < 100; i++) {
		if (me && notify(t, OPTEE_RPC_NOTIFICATION_WAIT, 64, 0))
			return TEE_R_GENERIC;
		if (notify(t, OPTEE_RPC_NOTIFICATION_SEND, 64 + me, 0))
			return TEE_R_GENERIC;
		if (!me && notify(t, OPTEE_RPC_NOTIFICATION_WAIT, 65, 0))
			return TEE_R_GENERIC;
		atomic_fetch_add(&seen->step, 1);
	}
	return TEE_R_SUCCESS;
}

/* --- the call queue --- */

static uint32_t body_busy(struct fw_thread *t, struct optee_msg_arg *msg)
{
	struct smc_regs regs = {};

	for (int i = 0; i < 3; i++)
		if (!fw_rpc_raw(t, &regs, OPTEE_SMC_RPC_FUNC_FOREIGN_INTR))
			return 0;
	return TEE_R_SUCCESS;
}

#define N_CALLERS 12
#define N_CALLS 40

struct caller {
	pthread_t thread;
	struct drv *drv;
	struct tee_context *ctx;
	unsigned int failed;
};

static void *caller_main(void *data)
{
	struct caller *caller = data;
	struct tee_ioctl_open_session_arg open = {};

	if (optee_open_session(caller->ctx, &open, NULL) || open.ret)
		caller->failed++;
	for (int i = 0; i < N_CALLS; i++) {
		struct tee_ioctl_invoke_arg arg = { .session = open.session };

		if (optee_invoke_func(caller->ctx, &arg, NULL) || arg.ret)
			caller->failed++;
	}
	if (optee_close_session(caller->ctx, open.session))
		caller->failed++;
	return NULL;
}

static void run_callers(struct drv *drv)
{
	struct caller callers[N_CALLERS] = {};

	drv->world.invoke = body_busy;
	for (int i = 0; i < N_CALLERS; i++) {
		callers[i].drv = drv;
		callers[i].ctx = drv->ctx;
		assert_int_equal(pthread_create(&callers[i].thread, NULL, caller_main,
						&callers[i]), 0);
	}
	for (int i = 0; i < N_CALLERS; i++) {
		pthread_join(callers[i].thread, NULL);
		assert_int_equal(callers[i].failed, 0);
	}
	assert_int_equal(drv->optee->cq.n_inside, 0);
	assert_true(list_empty(&drv->optee->cq.waiters));
	assert_int_equal(drv->optee->cq.free_thread_count,
			 drv->optee->cq.total_thread_count);
}

static void test_queue_counted(void **state)
{
	struct drv *drv = *state;

	run_callers(drv);
	/* The driver knows how many there are and does not try for more. */
	assert_int_equal(atomic_load(&drv->world.n_thread_limit), 0);
}

static void test_queue_uncounted(void **state)
{
	struct drv *drv = *state;

	drv->world.config.reported_threads = 0;
	assert_int_equal(drv_probe(drv), 0);
	/* On one CPU they may well not meet, a few times. */
	do
		run_callers(drv);
	while (!atomic_load(&drv->world.n_thread_limit));
}

/* The world has fewer threads than it says */
static void test_queue_miscounted(void **state)
{
	struct drv *drv = *state;

	drv->world.config.n_threads = 1;
	drv->world.config.reported_threads = 4;
	assert_int_equal(drv_probe(drv), 0);
	run_callers(drv);
}

static uint32_t body_hold(struct fw_thread *t, struct optee_msg_arg *msg)
{
	struct seen *seen = seen_of(t);
	struct smc_regs regs = {};

	atomic_fetch_add(&seen->step, 1);
	while (!atomic_load(&seen->release))
		if (!fw_rpc_raw(t, &regs, OPTEE_SMC_RPC_FUNC_FOREIGN_INTR))
			return 0;
		else
			usleep(500);
	return msg->func;
}

static void test_system_session(void **state)
{
	struct drv *drv = *state;
	struct seen seen = {};
	struct drv_job normal[2];
	struct drv_job system;
	uint32_t sys;

	drv->world.data = &seen;
	drv->world.invoke = body_hold;
	assert_int_equal(drv_open_session(drv->ctx, NULL, 0, &sys, NULL), 0);
	/* N160 */
	assert_int_equal(optee_system_session(drv->ctx, 4711), -EINVAL);
	assert_int_equal(optee_system_session(drv->ctx, sys), 0);
	assert_int_equal(optee_system_session(drv->ctx, sys), 0);
	assert_session(drv, sys, /* system: */ true, /* dead: */ false);
	assert_session(drv, drv->session, false, false);
	assert_int_equal(drv->optee->cq.sys_thread_req_count, 1);

	/* Of two threads, clients get one. */
	drv_job_start(&normal[0], drv, 0);
	drv_wait_for(&seen.step, 1);
	drv_job_start(&normal[1], drv, 0);
	usleep(A_MOMENT_US);
	assert_int_equal(atomic_load(&seen.step), 1);

	/* The other one is free for the system session. */
	memset(&system, 0, sizeof(system));
	drv_job_start(&system, drv, 0);
	usleep(A_MOMENT_US);
	assert_int_equal(atomic_load(&seen.step), 1);	/* as a client: no */
	{
		struct tee_ioctl_invoke_arg arg = { .session = sys };

		drv->world.invoke = NULL;
		assert_int_equal(optee_invoke_func(drv->ctx, &arg, NULL), 0);
		assert_int_equal(arg.ret, 0);
		drv->world.invoke = body_hold;
	}

	/* The mark ends with the session: its thread is there for clients. */
	assert_int_equal(optee_close_session(drv->ctx, sys), 0);
	assert_int_equal(drv->optee->cq.sys_thread_req_count, 0);
	drv_wait_for(&seen.step, 2);
	atomic_store(&seen.release, 1);
	drv_job_join(&normal[0]);
	drv_job_join(&normal[1]);
	drv_job_join(&system);
	assert_int_equal(drv->optee->cq.free_thread_count, 2);
}

static void *close_main(void *data)
{
	struct drv_job *job = data;

	job->rc = optee_close_session(job->ctx, job->session);
	atomic_store(&job->done, true);
	return NULL;
}

/* Closing a session is not given up for want of memory: it waits for a buffer. */
static void test_close_without_memory(void **state)
{
	struct drv *drv = *state;
	const unsigned int n_slots = drv->optee->args.num_slots;
	struct drv_job *jobs = calloc(n_slots, sizeof(*jobs));
	struct drv_job closer = { .drv = drv, .ctx = drv->ctx };
	struct tee_ioctl_invoke_arg arg = { .session = drv->session };
	struct seen seen = {};

	assert_non_null(jobs);
	assert_int_equal(drv_open_session(drv->ctx, NULL, 0, &closer.session, NULL), 0);
	drv->world.data = &seen;
	drv->world.invoke = body_hold;
	for (unsigned int i = 0; i < n_slots; i++)
		drv_job_start(&jobs[i], drv, 0);
	drv_wait_for(&seen.step, 2);
	usleep(A_MOMENT_US);
	platform_test.alloc_rc = -ENOMEM;
	assert_int_equal(optee_invoke_func(drv->ctx, &arg, NULL), -ENOMEM);
	assert_int_equal(pthread_create(&closer.thread, NULL, close_main, &closer), 0);
	usleep(A_MOMENT_US);
	assert_false(atomic_load(&closer.done));

	atomic_store(&seen.release, 1);
	assert_int_equal(drv_job_join(&closer), 0);
	platform_test.alloc_rc = 0;
	for (unsigned int i = 0; i < n_slots; i++)
		assert_int_equal(drv_job_join(&jobs[i]), 0);
	assert_int_equal(atomic_load(&drv->world.n_closed), 2);
	free(jobs);
}

static void test_system_session_one_thread(void **state)
{
	struct drv *drv = *state;

	drv->world.config.n_threads = 1;
	drv->world.config.reported_threads = 1;
	assert_int_equal(drv_probe(drv), 0);
	assert_int_equal(optee_system_session(drv->ctx, drv->session), -EINVAL);
}

static void test_notif_turns(void **state)
{
	struct drv *drv = *state;
	struct seen seen = {};
	struct drv_job jobs[2];

	drv->world.data = &seen;
	drv->world.invoke = body_notif_turns;
	for (int i = 0; i < 2; i++)
		drv_job_start(&jobs[i], drv, i);
	for (int i = 0; i < 2; i++)
		assert_int_equal(drv_job_join(&jobs[i]), 0);
	assert_int_equal(atomic_load(&seen.step), 200);
}

/* --- a world without RPC_ARG --- */

static void test_without_rpc_arg(void **state)
{
	struct drv *drv = *state;
	struct drv_count before;
	struct seen seen = {};

	drv->world.config.caps &= ~OPTEE_SMC_SEC_CAP_RPC_ARG;
	assert_int_equal(drv_probe(drv), 0);
	before = drv_count(drv);
	drv->world.data = &seen;
	drv->world.invoke = body_shm;
	assert_int_equal(drv_invoke(drv, 0, NULL, 0, NULL), TEE_R_SUCCESS);
	assert_int_equal(seen.ret[0], 0);
	/* One of the buffers is the message itself. */
	assert_int_equal(seen.value[0], OPTEE_RPC_SHM_MAX_PER_CALL - 2);
	drv_assert_same(before, drv_count(drv));
	run_callers(drv);
}

/* Frees the message in which it asks, or names other memory as the message. */
static uint32_t body_spoil_msg(struct fw_thread *t, struct optee_msg_arg *msg)
{
	struct smc_regs regs = { .a = { 0, 8 } };
	uint64_t cookie;

	/* Eight bytes were asked for, a message does not fit; pages are larger */
	if (!fw_rpc_raw(t, &regs, OPTEE_SMC_RPC_FUNC_ALLOC))
		return 0;
	cookie = regs.a[4] << 32 | regs.a[5];
	for (uint64_t i = 0; i < 8; i++) {
		regs = (struct smc_regs){ .a = { 0, 0, i } };
		if (i != cookie && !fw_rpc_raw(t, &regs, OPTEE_SMC_RPC_FUNC_CMD))
			return 0;
	}
	regs = (struct smc_regs){ .a = { 0, cookie >> 32, (uint32_t)cookie } };
	if (!fw_rpc_raw(t, &regs, OPTEE_SMC_RPC_FUNC_FREE))
		return 0;
	regs = (struct smc_regs){ .a = { 0, cookie >> 32, (uint32_t)cookie } };
	if (!fw_rpc_raw(t, &regs, OPTEE_SMC_RPC_FUNC_CMD))
		return 0;
	return TEE_R_SUCCESS;
}

static void test_spoiled_msg(void **state)
{
	struct drv *drv = *state;
	struct drv_count before;

	drv->world.config.caps &= ~OPTEE_SMC_SEC_CAP_RPC_ARG;
	assert_int_equal(drv_probe(drv), 0);
	before = drv_count(drv);
	drv->world.invoke = body_spoil_msg;
	assert_int_equal(drv_invoke(drv, 0, NULL, 0, NULL), TEE_R_SUCCESS);
	drv_assert_same(before, drv_count(drv));
}

int main(void)
{
	drv_add("optee N95 hostile reply", test_hostile_reply, drv_setup, NULL);
	drv_add("optee hostile session numbers", test_hostile_session, drv_setup, NULL);
	DRV_ADD_ROWS(answer_rows, test_hostile_answer, drv_setup);
	drv_add("optee RPC that the driver serves", test_simple_rpcs, drv_setup, NULL);
	drv_add("optee RPC SHM_ALLOC and SHM_FREE", test_shm_rpcs, drv_setup, NULL);
	drv_add("optee RPC SHM_FREE by another call", test_shm_across, drv_setup, NULL);
	drv_add("optee notification", test_notif, drv_setup, NULL);
	drv_add("optee notification between calls", test_notif_pair, drv_setup, NULL);
	drv_add("optee notifications in turn", test_notif_turns, drv_setup, NULL);
	drv_add("optee call queue, counted", test_queue_counted, drv_setup, NULL);
	drv_add("optee call queue, not counted", test_queue_uncounted, drv_setup_world, NULL);
	drv_add("optee call queue, miscounted", test_queue_miscounted, drv_setup_world, NULL);
	drv_add("optee N160 system session", test_system_session, drv_setup, NULL);
	drv_add("optee N160 system session, one thread", test_system_session_one_thread,
		drv_setup_world, NULL);
	drv_add("optee close without memory", test_close_without_memory, drv_setup, NULL);
	drv_add("optee without RPC_ARG", test_without_rpc_arg, drv_setup_world, NULL);
	drv_add("optee without RPC_ARG, spoiled messages", test_spoiled_msg, drv_setup_world,
		NULL);
	return drv_run("optee requests");
}
