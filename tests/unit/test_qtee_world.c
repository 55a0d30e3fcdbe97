/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The QTEE world against a normal world that does not keep to the rules
 *
 * Numbers of sections are those of the facts on the QTEE.
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <cmocka.h>

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "qtee_world_rig.h"
#include "secure/qtee/credentials.h"
#include "secure/qtee/exports.h"
#include "secure/qtee/object.h"
#include "secure/qtee/service.h"
#include "secure/qtee/world.h"

struct fixture {
	struct qrig rig;
	struct qcall call, other;
	uint32_t n_exports;
};

static int set_up(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));

	assert_non_null(f);
	qrig_start(&f->rig, "/nonexistent/minkhost");
	qcall_new(&f->rig, &f->call, 2 * SOC_PAGE_SIZE);
	qcall_new(&f->rig, &f->other, SOC_PAGE_SIZE);
	*state = f;
	return 0;
}

/* Whatever a test did, nothing of it is left in the world. */
static int tear_down(void **state)
{
	struct fixture *f = *state;
	struct soc_mem_stats stats;

	assert_int_equal(call_pool_count(&f->rig.world->calls), 0);
	assert_int_equal(export_count(&f->rig.world->exports), 0);
	assert_int_equal(f->rig.world->releases.n_proxies, 0);
	qcall_free(&f->call);
	qcall_free(&f->other);
	soc_mem_get_stats(f->rig.mem, &stats);
	assert_int_equal(stats.n_regions, 0);
	assert_int_equal(stats.ram_used, 0);
	qrig_stop(&f->rig);
	free(f);
	return 0;
}

/* --- SMCs --- */

static void test_smc(void **state)
{
	struct fixture *f = *state;
	static const struct {
		uint64_t a0;
		int32_t status;
	} calls[] = {
		{ QTEE_SMC_INVOKE_LEGACY, QTEE_SMC_STATUS_ERROR_NOT_SUPPORTED },
		{ QTEE_SMC_WAITQ_RESUME, QTEE_SMC_STATUS_ERROR_INVALID_ARG },
		{ 1, QTEE_SMC_STATUS_ERROR_INVALID_ARG },
		{ 0, QTEE_SMC_STATUS_ERROR },
		{ 0x32000600, QTEE_SMC_STATUS_ERROR },
		{ UINT64_MAX, QTEE_SMC_STATUS_ERROR },
	};
	struct smc_regs out;

	for (size_t i = 0; i < sizeof(calls) / sizeof(calls[0]); i++) {
		struct smc_regs in = { .a = { calls[i].a0 } };

		assert_int_equal(qrig_smc(&f->rig, 0, &in, &out), calls[i].status);
	}
	/* 2.6: the probe; a refusal that is not ERROR says that somebody is there. */
	assert_int_equal(qrig_smc(&f->rig, 0,
				  &(struct smc_regs){ .a = { QTEE_SMC_INVOKE,
							     QTEE_SMC_INVOKE_ARGS } }, &out),
			 QTEE_SMC_STATUS_ERROR_INVALID_ARG);
}

static void test_addresses(void **state)
{
	struct fixture *f = *state;
	const struct smc_regs good = qcall_regs(&f->call);
	struct soc_region *dedicated;
	static const struct {
		int reg;
		uint64_t add;
		bool set;
	} bad[] = {
		{ 1, 0, true },
		{ 2, 8, false },			/* not a page */
		{ 2, 0, true },				/* nothing there */
		{ 2, (uint64_t)1 << 62, true },
		{ 2, UINT64_MAX - 4095, true },
		{ 3, 0, true },
		{ 3, 100, false },
		{ 3, QTEE_MSG_INBOUND_MAX, false },	/* more than a message may be */
		{ 3, UINT64_MAX - 4095, true },
		{ 4, 8, false },
		{ 4, 0, true },
		{ 4, UINT64_MAX - 4095, true },
		{ 5, 0, true },
		{ 5, 2048, true },
		{ 5, (uint64_t)1 << 32, true },
	};
	struct smc_regs in, out;

	qcall_begin(&f->call, QTEE_MSG_OBJECT_ROOT, 77, 0);
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		in = good;
		in.a[bad[i].reg] = bad[i].set ? bad[i].add : in.a[bad[i].reg] + bad[i].add;
		assert_true(qrig_smc(&f->rig, 0, &in, &out) <= QTEE_SMC_STATUS_ERROR_INVALID_ADDR);
	}
	/* One buffer for both, and one that begins in the other */
	in = good;
	in.a[4] = in.a[2];
	assert_int_equal(qrig_smc(&f->rig, 0, &in, &out), QTEE_SMC_STATUS_ERROR_INVALID_ADDR);
	in.a[4] = in.a[2] + SOC_PAGE_SIZE;
	assert_int_equal(qrig_smc(&f->rig, 0, &in, &out), QTEE_SMC_STATUS_ERROR_INVALID_ADDR);

	/* Memory outside of RAM is as good, up to its end. */
	assert_int_equal(soc_region_new(f->rig.mem, SOC_PAGE_SIZE, true, &dedicated), 0);
	memcpy(soc_region_va(dedicated), f->call.msg, SOC_PAGE_SIZE);
	in = good;
	in.a[2] = soc_region_pa(dedicated);
	assert_int_equal(qrig_smc(&f->rig, 0, &in, &out), QTEE_SMC_STATUS_ERROR_INVALID_ADDR);
	in.a[3] = SOC_PAGE_SIZE;
	assert_int_equal(qrig_smc(&f->rig, 0, &in, &out), QTEE_SMC_STATUS_OK);
	assert_int_equal((int32_t)out.a[2], QTEE_ERROR_INVALID);
	soc_region_free(dedicated);
}

/* Nothing of such a message counts: the normal world keeps what it sent. */
static void test_messages(void **state)
{
	struct fixture *f = *state;
	const uint32_t size = 2 * SOC_PAGE_SIZE;
	static const struct {
		uint32_t counts;
		struct qtee_msg_buffer b[2];
	} bad[] = {
		{ 0x10000, { { 0 } } },				/* reserved bits */
		{ 0xffffffff, { { 0 } } },
		{ 0x0001, { { 0, 8 } } },			/* in the header */
		{ 0x0001, { { 16, 8 } } },			/* in the arguments */
		{ 0x0001, { { 28, 4 } } },			/* not aligned */
		{ 0x0001, { { 24, 2 * SOC_PAGE_SIZE } } },
		{ 0x0001, { { 24, UINT32_MAX } } },
		{ 0x0001, { { UINT32_MAX - 7, 8 } } },
		{ 0x0001, { { 0xfffffff0, 0x20 } } },		/* D-19: their sum wraps */
		{ 0x0010, { { 2 * SOC_PAGE_SIZE, 1 } } },
		{ 0x0011, { { 32, 9 }, { 40, 8 } } },		/* overlap */
		{ 0x0011, { { 40, 8 }, { 32, 8 } } },		/* wrong order */
		{ 0x0020, { { 32, 8 }, { 32, 8 } } },		/* one on the other */
	};
	struct smc_regs out;

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		qcall_begin(&f->call, QTEE_MSG_OBJECT_ROOT, 0, bad[i].counts | 0x0100);
		f->call.msg->args[0].b = bad[i].b[0];
		f->call.msg->args[1].b = bad[i].b[1];
		qcall_object(&f->call, QTEE_MSG_FIRST_IO(f->call.msg->counts), 0x80000123);
		/* An argument more moves the payload: what was behind it still is. */
		if (bad[i].counts == 0x0011 || bad[i].counts == 0x0020) {
			f->call.msg->args[0].b.offset += 8;
			f->call.msg->args[1].b.offset += 8;
		}
		assert_int_equal(qcall_post(&f->call, &out), QTEE_SMC_STATUS_ERROR_INVALID_ARG);
	}
	assert_int_equal(f->rig.n_released, 0);

	/* D-15: an exact fit, and an empty buffer at the very end */
	qcall_begin(&f->call, QTEE_MSG_OBJECT_ROOT, QTEE_CLIENT_ENV_OP_LOAD_CMNLIB_FROM_BUFFER,
		    QTEE_MSG_COUNTS(1, 0, 0, 0));
	f->call.msg->args[0].b = (struct qtee_msg_buffer){ 24, size - 24 };
	assert_int_equal(qcall_go(&f->call), 10);
	qcall_begin(&f->call, QTEE_MSG_OBJECT_ROOT, 0, QTEE_MSG_COUNTS(1, 1, 0, 0));
	f->call.msg->args[0].b = (struct qtee_msg_buffer){ 32, size - 32 };
	f->call.msg->args[1].b = (struct qtee_msg_buffer){ size, 0 };
	assert_int_equal(qcall_go(&f->call), QTEE_ERROR_INVALID);

	/* All arguments that there can be do not fit one page's header wrongly. */
	qcall_begin(&f->call, QTEE_MSG_OBJECT_ROOT, 3, 0xffff);
	for (uint32_t i = 0; i < 30; i++)
		qcall_buffer(&f->call, i, NULL, 8);
	assert_int_equal(qcall_go(&f->call), QTEE_ERROR_INVALID);
}

/* --- ids --- */

static void test_ids(void **state)
{
	struct fixture *f = *state;
	uint32_t env = qcall_register(&f->call);
	static const uint32_t unknown[] = { 0, 2000000000, 0x7fffffff, 0x80000000, 0x80000005,
					    UINT32_MAX };

	for (size_t i = 0; i < sizeof(unknown) / sizeof(unknown[0]); i++) {
		qcall_begin(&f->call, unknown[i], 0, 0);
		assert_int_equal(qcall_go(&f->call), QTEE_ERROR_BADOBJ);
		qcall_begin(&f->call, unknown[i], QTEE_MSG_OP_RELEASE, 0);
		assert_int_equal(qcall_go(&f->call), QTEE_ERROR_BADOBJ);
	}
	/* D-22: what was retained has to be released once more. */
	qcall_begin(&f->call, env, QTEE_MSG_OP_RETAIN, 0);
	assert_int_equal(qcall_go(&f->call), QTEE_OK);
	qcall_release(&f->call, env);
	qcall_begin(&f->call, env, 99, 0);
	assert_int_equal(qcall_go(&f->call), QTEE_ERROR_INVALID);
	/* 1.4: transport bits; D-23 */
	qcall_begin(&f->call, env, QTEE_MSG_OP_REMOTE_BUFS | 4, 0);
	assert_int_equal(qcall_go(&f->call), QTEE_OK);
	qcall_begin(&f->call, env, 0x00020004, 0);
	assert_int_equal(qcall_go(&f->call), QTEE_ERROR_INVALID);
	qcall_begin(&f->call, env, 0x8004, 0);
	assert_int_equal(qcall_go(&f->call), QTEE_ERROR_REMOTE);
	qcall_begin(&f->call, env, QTEE_MSG_OP_RELEASE, QTEE_MSG_COUNTS(0, 0, 1, 0));
	assert_int_equal(qcall_go(&f->call), QTEE_ERROR_INVALID);
	qcall_release(&f->call, env);
	qcall_begin(&f->call, env, QTEE_MSG_OP_RELEASE, 0);
	assert_int_equal(qcall_go(&f->call), QTEE_ERROR_BADOBJ);
	/* The root is not counted. */
	qcall_release(&f->call, QTEE_MSG_OBJECT_ROOT);
	qcall_release(&f->call, QTEE_MSG_OBJECT_ROOT);
	qcall_release(&f->call, qcall_register(&f->call));
}

/* A stale id does not find the next object. */
static void test_no_reuse(void **state)
{
	struct fixture *f = *state;
	uint32_t last = 0;

	for (int i = 0; i < 200; i++) {
		uint32_t env = qcall_register(&f->call);

		assert_true(env > last);
		last = env;
		qcall_release(&f->call, env);
		qcall_begin(&f->call, env, 4, 0);
		assert_int_equal(qcall_go(&f->call), QTEE_ERROR_BADOBJ);
	}
}

/* 1.5: input objects are ours and come back, whatever the outcome. */
static void test_input_objects(void **state)
{
	struct fixture *f = *state;

	qcall_begin(&f->call, 12345, 0, QTEE_MSG_COUNTS(0, 0, 15, 0));
	for (uint32_t i = 0; i < 15; i++)
		qcall_object(&f->call, i, 0x80000010 + i);
	assert_int_equal(qcall_go(&f->call), QTEE_ERROR_BADOBJ);
	assert_int_equal(f->rig.n_released, 15);
	for (uint32_t i = 0; i < 15; i++)
		assert_true(qrig_was_released(&f->rig, 0x80000010 + i));

	/* One of them bad: the others come back, the primordial is nobody's to send. */
	f->rig.n_released = 0;
	qcall_begin(&f->call, QTEE_MSG_OBJECT_ROOT, 2, QTEE_MSG_COUNTS(0, 0, 4, 0));
	qcall_object(&f->call, 0, 0x80000020);
	qcall_object(&f->call, 1, 4242);
	qcall_object(&f->call, 2, QTEE_MSG_OBJECT_PRIMORDIAL);
	qcall_object(&f->call, 3, 0xffffffff);
	assert_int_equal(qcall_go(&f->call), QTEE_ERROR_BADOBJ);
	assert_int_equal(f->rig.n_released, 2);
	/* The end of the list is the end: the head of the buffer is no message now. */
	qcall_begin(&f->call, QTEE_MSG_OBJECT_ROOT, 4, 0);
	memset(soc_region_va(f->call.out), 0xff, QTEE_MSG_OUTBOUND_SIZE);
	assert_int_equal(qcall_go(&f->call), QTEE_OK);
	assert_int_equal(f->rig.n_released, 2);
}

/* --- environments --- */

static void test_register(void **state)
{
	struct fixture *f = *state;
	const uint32_t allowed[] = { SERVICE_UID_DIAGNOSTICS, 99 };
	uint32_t env, child;
	int32_t result;

	/* The kernel's way, and not the client's */
	qcall_begin(&f->call, 1, QTEE_CLIENT_ENV_OP_REGISTER, QTEE_MSG_COUNTS(0, 0, 1, 1));
	assert_int_equal(qcall_go(&f->call), QTEE_ERROR_INVALID);
	qcall_begin(&f->call, 1, QTEE_CLIENT_ENV_OP_REGISTER_WITH_CREDENTIALS,
		    QTEE_MSG_COUNTS(0, 0, 1, 1));
	assert_int_equal(qcall_go(&f->call), QTEE_OK);
	env = qcall_id(&f->call, 1);
	qcall_begin(&f->call, env, QTEE_CLIENT_ENV_OP_REGISTER_WITH_CREDENTIALS,
		    QTEE_MSG_COUNTS(0, 0, 1, 1));
	assert_int_equal(qcall_go(&f->call), QTEE_ERROR_INVALID);
	qcall_release(&f->call, env);

	/* With credentials, by op 5; legacy; both good for opening */
	qcall_begin(&f->call, 1, QTEE_CLIENT_ENV_OP_REGISTER_WITH_CREDENTIALS,
		    QTEE_MSG_COUNTS(0, 0, 1, 1));
	qcall_object(&f->call, 0, QRIG_CREDENTIALS);
	assert_int_equal(qcall_go(&f->call), QTEE_OK);
	qcall_release(&f->call, qcall_id(&f->call, 1));
	qcall_begin(&f->call, 1, QTEE_CLIENT_ENV_OP_REGISTER_LEGACY, QTEE_MSG_COUNTS(1, 0, 0, 1));
	qcall_buffer(&f->call, 0, "\xa1\x01\x18\x2a", 4);
	assert_int_equal(qcall_go(&f->call), QTEE_OK);
	env = qcall_id(&f->call, 1);
	qcall_release(&f->call, qcall_open(&f->call, env, SERVICE_UID_DIAGNOSTICS, NULL));
	(void)qcall_open(&f->call, env, 0, &result);
	assert_int_equal(result, OPENER_ERROR_NOT_FOUND);
	(void)qcall_open(&f->call, env, 0xffffffff, &result);
	assert_int_equal(result, OPENER_ERROR_NOT_FOUND);
	qcall_release(&f->call, env);

	/* At the root nothing can be opened. */
	(void)qcall_open(&f->call, QTEE_MSG_OBJECT_ROOT, SERVICE_UID_DIAGNOSTICS, &result);
	assert_int_equal(result, OPENER_ERROR_PRIVILEGE);

	/* What is not on the list cannot be had, nor by registering again. */
	qcall_begin(&f->call, 1, QTEE_CLIENT_ENV_OP_REGISTER_WITH_WHITELIST,
		    QTEE_MSG_COUNTS(1, 0, 1, 1));
	qcall_buffer(&f->call, 0, allowed, sizeof(allowed));
	qcall_object(&f->call, 1, QRIG_CREDENTIALS);
	assert_int_equal(qcall_go(&f->call), QTEE_OK);
	env = qcall_id(&f->call, 2);
	qcall_release(&f->call, qcall_open(&f->call, env, SERVICE_UID_DIAGNOSTICS, NULL));
	(void)qcall_open(&f->call, env, SERVICE_UID_APP_LOADER, &result);
	assert_int_equal(result, OPENER_ERROR_PRIVILEGE);
	qcall_begin(&f->call, env, QTEE_CLIENT_ENV_OP_REGISTER, QTEE_MSG_COUNTS(0, 0, 1, 1));
	qcall_object(&f->call, 0, QRIG_CREDENTIALS);
	assert_int_equal(qcall_go(&f->call), QTEE_OK);
	child = qcall_id(&f->call, 1);
	(void)qcall_open(&f->call, child, SERVICE_UID_APP_LOADER, &result);
	assert_int_equal(result, OPENER_ERROR_PRIVILEGE);
	qcall_release(&f->call, child);
	qcall_release(&f->call, env);
}

/* 6.2, 6.4: what the driver asks at its start */
static void test_feature_versions(void **state)
{
	struct fixture *f = *state;
	const uint32_t id = QTEE_FEATURE_VERSIONS_ID_QTEE, other = 11;
	uint32_t env, service, version;
	void *ob;

	qcall_begin(&f->call, 1, QTEE_CLIENT_ENV_OP_REGISTER_WITH_CREDENTIALS,
		    QTEE_MSG_COUNTS(0, 0, 1, 1));
	assert_int_equal(qcall_go(&f->call), QTEE_OK);
	env = qcall_id(&f->call, 1);
	service = qcall_open(&f->call, env, QTEE_UID_FEATURE_VERSIONS, NULL);
	qcall_begin(&f->call, service, 0, QTEE_MSG_COUNTS(1, 1, 0, 0));
	qcall_buffer(&f->call, 0, &id, sizeof(id));
	ob = qcall_buffer(&f->call, 1, NULL, sizeof(version));
	assert_int_equal(qcall_go(&f->call), QTEE_OK);
	memcpy(&version, ob, sizeof(version));
	assert_int_equal(version, WORLD_QTEE_VERSION);
	qcall_begin(&f->call, service, 0, QTEE_MSG_COUNTS(1, 1, 0, 0));
	qcall_buffer(&f->call, 0, &other, sizeof(other));
	qcall_buffer(&f->call, 1, NULL, sizeof(version));
	assert_int_equal(qcall_go(&f->call), OPENER_ERROR_NOT_FOUND);
	qcall_begin(&f->call, service, 0, QTEE_MSG_COUNTS(1, 1, 0, 0));
	qcall_buffer(&f->call, 0, &id, sizeof(id));
	qcall_buffer(&f->call, 1, NULL, 8);
	assert_int_equal(qcall_go(&f->call), QTEE_ERROR_INVALID);
	qcall_release(&f->call, service);
	qcall_release(&f->call, env);
}

/* --- callbacks --- */

/* What a client may answer when it is asked for its credentials */
enum odd {
	ODD_LONG,		/* a size that is more than was asked for */
	ODD_HUGE,
	ODD_LENGTH_ZERO,
	ODD_LENGTH_HUGE,
	ODD_NOTHING,		/* reads give no byte */
	ODD_BYTE,		/* reads give one byte at a time: that is all right */
	ODD_GARBAGE,
	ODD_RESULT,
	N_ODD,
};

static bool serve_odd(struct qrig *rig, struct qcall *call, struct qtee_msg_callback *msg)
{
	enum odd odd = *(enum odd *)rig->data;
	const uint32_t ob = msg->op;	/* of either method, the last buffer */
	uint8_t *bytes = (uint8_t *)msg + msg->args[ob].b.offset;
	uint64_t length;

	qrig_serve_credentials(msg);
	if (msg->op == 0) {
		memcpy(&length, bytes, sizeof(length));
		if (odd == ODD_LENGTH_ZERO)
			length = 0;
		if (odd == ODD_LENGTH_HUGE)
			length = UINT64_MAX;
		memcpy(bytes, &length, sizeof(length));
		return true;
	}
	if (odd == ODD_LONG)
		msg->args[ob].b.size = 14;
	if (odd == ODD_HUGE)
		msg->args[ob].b.size = UINT32_MAX;
	if (odd == ODD_NOTHING)
		msg->args[ob].b.size = 0;
	if (odd == ODD_BYTE)
		msg->args[ob].b.size = 1;
	if (odd == ODD_GARBAGE)
		bytes[0] = 0xff;
	if (odd == ODD_RESULT)
		msg->result = 0x0afafafa;
	/* Where the world put the buffers is its own business. */
	msg->args[ob].b.offset = 0xfffffff0;
	msg->counts = 0xffff;
	msg->op = 99;
	return true;
}

static void test_odd_answers(void **state)
{
	struct fixture *f = *state;

	f->rig.serve = serve_odd;
	for (enum odd odd = 0; odd < N_ODD; odd++) {
		int32_t result;

		f->rig.data = &odd;
		f->rig.n_released = 0;
		qcall_begin(&f->call, 1, QTEE_CLIENT_ENV_OP_REGISTER,
			    QTEE_MSG_COUNTS(0, 0, 1, 1));
		qcall_object(&f->call, 0, QRIG_CREDENTIALS);
		result = qcall_go(&f->call);
		assert_int_equal(f->rig.n_released, 1);
		if (odd == ODD_BYTE) {
			assert_int_equal(result, QTEE_OK);
			qcall_release(&f->call, qcall_id(&f->call, 1));
		} else {
			/* D-71: the callee's own word gets through. */
			assert_int_equal(result, odd == ODD_RESULT ? 0x0afafafa :
								      QTEE_ERROR_INVALID);
		}
	}
}

/* 2.6: suspended calls are known by the address of their outbound buffer. */
static void test_suspended(void **state)
{
	struct fixture *f = *state;
	struct smc_regs in, out;
	struct qcall shared;

	qcall_begin(&f->call, 1, QTEE_CLIENT_ENV_OP_REGISTER, QTEE_MSG_COUNTS(0, 0, 1, 1));
	qcall_object(&f->call, 0, QRIG_CREDENTIALS);
	/* Before there is anything to answer */
	assert_int_equal(qcall_answer(&f->call, &out), QTEE_SMC_STATUS_ERROR_INVALID_ARG);
	assert_int_equal(qcall_post(&f->call, &out), QTEE_SMC_STATUS_OK);
	assert_int_equal(out.a[1], QTEE_SMC_RSP_CALLBACK);

	/* Somebody else's, with another size, or with other arguments */
	assert_int_equal(qcall_answer(&f->other, &out), QTEE_SMC_STATUS_ERROR_INVALID_ARG);
	in = (struct smc_regs){ .a = { QTEE_SMC_CB_RSP, QTEE_SMC_CB_RSP_ARGS,
				       soc_region_pa(f->call.out), 8192 } };
	assert_int_equal(qrig_smc(&f->rig, 0, &in, &out), QTEE_SMC_STATUS_ERROR_INVALID_ARG);
	in.a[3] = QTEE_MSG_OUTBOUND_SIZE;
	in.a[1] = 0;
	assert_int_equal(qrig_smc(&f->rig, 0, &in, &out), QTEE_SMC_STATUS_ERROR_INVALID_ARG);

	/* Another invocation with the buffer that is in use */
	shared = f->other;
	shared.out = f->call.out;
	in = qcall_regs(&shared);
	assert_int_equal(qrig_smc(&f->rig, 1, &in, &out), QTEE_SMC_STATUS_ERROR_INVALID_ARG);

	/* It goes on all the same, and on another CPU. */
	f->call.cpu = 1;
	out.a[1] = QTEE_SMC_RSP_CALLBACK;
	assert_int_equal(qcall_finish(&f->call, &out), QTEE_OK);
	assert_int_equal(qcall_answer(&f->call, &out), QTEE_SMC_STATUS_ERROR_INVALID_ARG);
	f->call.cpu = 0;
	qcall_release(&f->call, qcall_id(&f->call, 1));
}

/* As many as there may be, each in a callback; one more is told to come back. */
static void test_nested(void **state)
{
	struct fixture *f = *state;
	struct qcall calls[QRIG_CALLS];
	struct smc_regs out[QRIG_CALLS], more;

	for (uint32_t i = 0; i < QRIG_CALLS; i++) {
		qcall_new(&f->rig, &calls[i], SOC_PAGE_SIZE);
		qcall_begin(&calls[i], 1, QTEE_CLIENT_ENV_OP_REGISTER,
			    QTEE_MSG_COUNTS(0, 0, 1, 1));
		qcall_object(&calls[i], 0, QRIG_CREDENTIALS);
		assert_int_equal(qcall_post(&calls[i], &out[i]), QTEE_SMC_STATUS_OK);
		assert_int_equal(out[i].a[1], QTEE_SMC_RSP_CALLBACK);
	}
	qcall_begin(&f->call, 1, 4, 0);
	assert_int_equal(qcall_post(&f->call, &more), QTEE_SMC_STATUS_ERROR_BUSY);
	/* In whatever order they end */
	for (uint32_t i = 0; i < QRIG_CALLS; i++) {
		uint32_t k = i * 5 % QRIG_CALLS;

		assert_int_equal(qcall_finish(&calls[k], &out[k]), QTEE_OK);
	}
	assert_int_equal(qcall_go(&f->call), QTEE_OK);
	for (uint32_t i = 0; i < QRIG_CALLS; i++) {
		qcall_release(&f->call, qcall_id(&calls[i], 1));
		qcall_free(&calls[i]);
	}
}

/* --- memory --- */

struct map_answer {
	uint64_t paddr, len;
	uint32_t perms;
	uint32_t size;		/* of the answer */
	uint32_t mapping;
	int32_t want;
};

static bool serve_map(struct qrig *rig, struct qcall *call, struct qtee_msg_callback *msg)
{
	const struct map_answer *answer = rig->data;
	struct qtee_msg_mem_map map = {
		.paddr = answer->paddr,
		.len = answer->len,
		.perms = answer->perms,
	};

	if (msg->cxt != QTEE_MSG_OBJECT_PRIMORDIAL)
		return false;
	assert_int_equal(msg->op, QTEE_PRIMORDIAL_OP_MAP_REGION);
	assert_int_equal(msg->counts, QTEE_MSG_COUNTS(0, 1, 1, 1));
	assert_int_equal(msg->args[1].o.id, 0x80000200);
	memcpy((uint8_t *)msg + msg->args[0].b.offset, &map, sizeof(map));
	msg->args[0].b.size = answer->size;
	msg->args[2].o.id = answer->mapping;
	msg->result = QTEE_OK;
	return true;
}

/* The region was read: there only is nobody to host the TA. */
#define NO_PROCESS 19

/* 7.1: what the driver says of memory is checked, and the mapping given back. */
static void test_map(void **state)
{
	struct fixture *f = *state;
	struct soc_region *region;
	uint32_t env = qcall_register(&f->call), loader;
	const uint32_t good = sizeof(struct qtee_msg_mem_map);
	uint64_t pa;

	assert_int_equal(soc_region_new(f->rig.mem, 2 * SOC_PAGE_SIZE, true, &region), 0);
	pa = soc_region_pa(region);
	loader = qcall_open(&f->call, env, SERVICE_UID_APP_LOADER, NULL);
	{
		const struct map_answer answers[] = {
			{ pa, 8192, 6, 8, 0x80000201, QTEE_ERROR_INVALID },
			{ pa, 8192, 6, 21, 0x80000201, QTEE_ERROR_INVALID },
			{ pa + 8, 4096, 6, good, 0x80000201, QTEE_ERROR_MEM },
			{ pa, 4095, 6, good, 0x80000201, QTEE_ERROR_MEM },
			{ pa, 0, 6, good, 0x80000201, QTEE_ERROR_MEM },
			{ pa, 12288, 6, good, 0x80000201, QTEE_ERROR_MEM },
			{ pa, UINT64_MAX - 4095, 6, good, 0x80000201, QTEE_ERROR_MEM },
			{ pa, 8192, 2, good, 0x80000201, QTEE_ERROR_MEM },
			{ UINT64_MAX - 4095, 4096, 6, good, 0x80000201, QTEE_ERROR_MEM },
			{ 0, 4096, 6, good, 0x80000201, QTEE_ERROR_MEM },
			/* No program; but memory, and so read, also without a mapping object */
			{ pa, 8192, 6, good, 0x80000201, NO_PROCESS },
			{ pa, 8192, 4, good, 0x80000201, NO_PROCESS },
			{ pa, 8192, 6, good, 0, NO_PROCESS },
			{ pa, 8192, 6, good, 4711, QTEE_ERROR_BADOBJ },
			{ pa, 8192, 6, good, QTEE_MSG_OBJECT_PRIMORDIAL, QTEE_ERROR_BADOBJ },
		};

		f->rig.serve = serve_map;
		for (size_t i = 0; i < sizeof(answers) / sizeof(answers[0]); i++) {
			bool mapped = answers[i].mapping == 0x80000201;
			int32_t result;

			f->rig.data = (void *)&answers[i];
			f->rig.n_released = 0;
			qcall_begin(&f->call, loader, 1, QTEE_MSG_COUNTS(0, 0, 1, 1));
			qcall_object(&f->call, 0, 0x80000200);
			result = qcall_go(&f->call);
			/* Where vfork() is fork() a template that cannot be is there at first. */
			if (answers[i].want != NO_PROCESS || result != QTEE_ERROR_DEFUNCT)
				assert_int_equal(result, answers[i].want);
			assert_int_equal(f->rig.n_released, mapped ? 2 : 1);
			assert_true(qrig_was_released(&f->rig, 0x80000200));
			assert_int_equal(qrig_was_released(&f->rig, 0x80000201), mapped);
		}
	}
	/* An object of ours is no memory. */
	qcall_begin(&f->call, loader, 1, QTEE_MSG_COUNTS(0, 0, 1, 1));
	qcall_object(&f->call, 0, env);
	assert_int_equal(qcall_go(&f->call), QTEE_ERROR_BADOBJ);
	qcall_release(&f->call, loader);
	qcall_release(&f->call, env);
	soc_region_free(region);
}

/* --- parts --- */

static void test_credentials(void **state)
{
	static const struct {
		const char *data;
		size_t size;
		bool good;
		uint64_t uid;
	} table[] = {
		{ "\xa1\x01\x00", 3, true, 0 },
		{ "\xa1\x01\x18\x2a", 4, true, 42 },
		/* 6.3: numbers need not be short. */
		{ "\xa2\x01\x1a\x00\x00\x03\xe8\x06\x1b\0\0\0\0\0\0\0\1", 17, true, 1000 },
		{ "\xa1\x01\x1b\xff\xff\xff\xff\xff\xff\xff\xff", 11, true, UINT64_MAX },
		/* Others in between, nested, indefinite */
		{ "\xbf\x02\x9f\x01\x02\xff\x01\x05\x03\x63" "abc\xff", 14, true, 5 },
		{ "\xa2\x61" "a\x01\x01\x07", 6, true, 7 },
		{ "\xa2\xa1\x01\x09\x00\x01\x03", 7, true, 3 },
		{ "\xa2\x01\x02\x04\xc1\x1a\0\0\0\1", 10, true, 2 },
		{ "\xa2\x01\x02\x03\x7f\x61" "a\x61" "b\xff", 10, true, 2 },
		{ "\xa2\x20\x01\x01\x01", 5, true, 1 },
		/* No uid, twice a uid, no map, rests, too short */
		{ "\xa0", 1, false, 0 },
		{ "\xa1\x06\x01", 3, false, 0 },
		{ "\xa1\x01\x61" "a", 4, false, 0 },
		{ "\xa2\x01\x01\x01\x02", 5, false, 0 },
		{ "\x82\x01\x02", 3, false, 0 },
		{ "\x01", 1, false, 0 },
		{ "\xa1\x01\x00\x00", 4, false, 0 },
		{ "\xa1\x01", 2, false, 0 },
		{ "\xa2\x01\x00", 3, false, 0 },
		{ "\xbf\x01\x00", 3, false, 0 },
		{ "\xbf\x01\xff", 3, false, 0 },
		{ "\xff", 1, false, 0 },
		{ "", 0, false, 0 },
		/* Lengths that are not there, depth that nobody needs */
		{ "\xbb\xff\xff\xff\xff\xff\xff\xff\xff\x01\x00", 11, false, 0 },
		{ "\xa1\x01\x5b\xff\xff\xff\xff\xff\xff\xff\xff", 11, false, 0 },
		{ "\xa1\x01\x81\x81\x81\x81\x81\x81\x81\x81\x81\x81\x00", 13, false, 0 },
	};
	static uint8_t deep[8192];
	struct credentials_info info;

	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		bool good = credentials_parse((const uint8_t *)table[i].data, table[i].size,
					      &info);

		if (good != table[i].good)
			fail_msg("credentials %zu", i);
		if (good)
			assert_int_equal(info.uid, table[i].uid);
	}
	memset(deep, 0x9f, sizeof(deep));
	deep[0] = 0xbf;
	assert_false(credentials_parse(deep, sizeof(deep), &info));
}

static void no_destroy(struct object *object)
{
}

static void test_exports(void **state)
{
	static const struct object_ops ops = { .destroy = no_destroy };
	struct export_table table;
	struct object object;
	uint32_t ids[300], id;

	object_init(&object, &ops);
	assert_int_equal(export_table_init(&table, 300), 0);
	for (int i = 0; i < 300; i++)
		assert_int_equal(export_add(&table, &object, &ids[i]), 0);
	assert_int_equal(export_add(&table, &object, &id), -ENOSPC);
	assert_int_equal(object.refs, 301);
	for (int i = 0; i < 300; i += 2)
		assert_int_equal(export_release(&table, ids[i]), 0);
	assert_int_equal(object.refs, 151);
	/* At the end of the numbers it begins again, where one is free. */
	table.last_id = QTEE_MSG_OBJECT_TEE_LAST - 1;
	assert_int_equal(export_add(&table, &object, &id), 0);
	assert_int_equal(id, QTEE_MSG_OBJECT_TEE_LAST);
	assert_int_equal(export_add(&table, &object, &id), 0);
	assert_int_equal(id, QTEE_MSG_OBJECT_TEE_FIRST);
	assert_int_equal(export_add(&table, &object, &id), 0);
	assert_int_equal(id, QTEE_MSG_OBJECT_TEE_FIRST + 2);
	assert_int_equal(export_count(&table), 153);
	export_table_deinit(&table);
	assert_int_equal(object.refs, 1);
}

#define world_test(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_credentials),
		cmocka_unit_test(test_exports),
		world_test(test_smc),
		world_test(test_addresses),
		world_test(test_messages),
		world_test(test_ids),
		world_test(test_no_reuse),
		world_test(test_input_objects),
		world_test(test_register),
		world_test(test_feature_versions),
		world_test(test_odd_answers),
		world_test(test_suspended),
		world_test(test_nested),
		world_test(test_map),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
