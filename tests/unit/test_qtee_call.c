/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * OBJECT_INVOKE: what the ioctl takes and refuses, and the direct message. Rows of
 * the table of negative tests (tee-uapi facts, section 8) carry their number,
 * defects of earlier drivers (QTEE facts, section 8) their id.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cmocka.h>

#include <linux/err.h>

#include "base/kernel/kmem.h"
#include "normal/tee/tee_cdev.h"
#include "platform_test.h"
#include "qtee_fixture.h"

#define TEE_ID 100u
#define UNAVAIL ((uint32_t)QTEE_ERROR_UNAVAIL)

/* --- services of the world --- */

/* Ops of the root: give an object; echo; fail */
#define OP_GIVE 100
#define OP_ECHO 101
#define OP_FAIL 102

static int32_t body_services(struct qw_call *call)
{
	uint32_t counts = call->msg->counts;
	uint32_t size;
	void *data;

	switch (call->msg->op) {
	case OP_GIVE:
		for (unsigned int i = 0; i < QTEE_MSG_NUM_OO(counts); i++)
			qw_oo(call, i, qw_give(call->world, TEE_ID + i));
		return 0;
	case OP_ECHO:
		for (unsigned int i = 0; i < QTEE_MSG_NUM_OB(counts); i++) {
			data = qw_ib(call, i, &size);
			qw_ob(call, i, data, size);
		}
		return 0;
	case OP_FAIL:
		return 0x0afafafa;
	default:
		return QTEE_ERROR_INVALID;
	}
}

static void use_services(struct qx *qx)
{
	qx->world.body = body_services;
	qx->world.in_place = true;
}

/* A new object in @ctx */
static uint64_t get_object(struct tee_context *ctx)
{
	struct tee_ioctl_param p = p_oo();

	qx_invoke_ok(ctx, ROOT, OP_GIVE, &p, 1);
	assert_int_equal(p.b, QTEE_OBJREF_TEE);
	return p.a;
}

/* --- the table --- */

struct refused_row {
	const char *name;
	uint64_t id;
	uint32_t op;
	uint32_t n;
	struct tee_ioctl_param params[2];
	long expect;
};

#define NULL_REF { .attr = 11, .a = TEE_OBJREF_NULL }

static const struct refused_row refused_rows[] = {
	{ "core N128 unknown object", 5, OP_ECHO, 0, {}, -EINVAL },
	{ "core N128 object of 33 bits", 1ull << 32, OP_ECHO, 0, {}, -EINVAL },
	{ "core N130 VALUE_INPUT", ROOT, OP_ECHO, 1, { { .attr = 1 } }, -EINVAL },
	{ "core N130 UBUF_INOUT", ROOT, OP_ECHO, 1, { { .attr = 10 } }, -EINVAL },
	{ "core N130 OBJREF_INOUT", ROOT, OP_ECHO, 1, { { .attr = 13 } }, -EINVAL },
	{ "core N130 META", ROOT, OP_ECHO, 1, { { .attr = 0x108 } }, -EINVAL },
	{ "core N130 NONE", ROOT, OP_ECHO, 1, { { .attr = 0 } }, -EINVAL },
	{ "core N132 UBUF_INPUT in the kernel half", ROOT, OP_ECHO, 1,
	  { { .attr = 8, .a = 1ull << 63, .b = 8 } }, -EFAULT },
	{ "core N133 no flag", ROOT, OP_ECHO, 1, { { .attr = 11, .a = 3 } }, -EINVAL },
	{ "core N133 an unknown flag", ROOT, OP_ECHO, 1, { { .attr = 11, .a = 3, .b = 8 } },
	  -EINVAL },
	{ "core N135 no credentials", ROOT, 5, 2, { NULL_REF, { .attr = 12 } }, -EINVAL },
	{ "core N135 no credentials, other order", ROOT, 5, 2, { { .attr = 12 }, NULL_REF },
	  -EINVAL },
	{ "qtee D-59 notify domain change", ROOT, 4, 0, {}, -EINVAL },
	{ "qtee D-59 credential accept", ROOT, 8, 0, {}, -EINVAL },
	{ "qtee D-59 credential shutdown", ROOT, 9, 0, {}, -EINVAL },
	{ "qtee D-59 RETAIN", ROOT, 0xfffe, 0, {}, -EINVAL },
	{ "qtee D-59 bits of the transport", ROOT, 0x10000 | OP_ECHO, 0, {}, -EINVAL },
	{ "qtee D-59 RELEASE with bits of the transport", ROOT, 0x1ffff, 0, {}, -EINVAL },
	{ "qtee D-14 unmapped input", ROOT, OP_ECHO, 1,
	  { { .attr = 8, .a = 4096, .b = 8 } }, -EFAULT },
	{ "qtee D-17 size of 33 bits", ROOT, OP_ECHO, 1,
	  { { .attr = 8, .a = 4096, .b = 0x100000010 } }, -EINVAL },
	{ "qtee D-17 size of almost 2^64", ROOT, OP_ECHO, 1,
	  { { .attr = 8, .a = 4096, .b = -8ull } }, -EFAULT },
	{ "qtee D-17 more than a message takes", ROOT, OP_ECHO, 2,
	  { { .attr = 9, .a = 4096, .b = 3 << 20 }, { .attr = 9, .a = 4096, .b = 2 << 20 } },
	  -EINVAL },
	{ "qtee D-62 unknown attribute", ROOT, OP_ECHO, 1, { { .attr = 0x55 } }, -EINVAL },
	{ "qtee D-78 TEE id of 33 bits", ROOT, OP_ECHO, 1,
	  { { .attr = 11, .a = 0x100000003, .b = 1 } }, -EINVAL },
	{ "qtee D-78 shm id of 33 bits", ROOT, OP_ECHO, 1,
	  { { .attr = 11, .a = 0x100000003, .b = 4 } }, -EINVAL },
	{ "qtee D-78 shm id 0", ROOT, OP_ECHO, 1, { { .attr = 11, .a = 0, .b = 4 } }, -EINVAL },
};

static void test_refused(void **state)
{
	struct qx *qx = *state;
	const struct refused_row *row = qx->row;
	struct tee_ioctl_param params[2];
	long live;

	use_services(qx);
	/* Buffers of an earlier call may stay. */
	qx_invoke_ok(qx->ctx, ROOT, OP_ECHO, NULL, 0);
	live = kmem_live();
	memcpy(params, row->params, sizeof(params));
	atomic_store(&qx->world.n_smc, 0);
	assert_int_equal(qx_invoke(qx->ctx, row->id, row->op, params, row->n, NULL), row->expect);
	assert_int_equal(atomic_load(&qx->world.n_smc), 0);
	assert_int_equal(kmem_live(), live);
}

static void test_lengths(void **state)
{
	struct qx *qx = *state;
	union {
		struct tee_ioctl_object_invoke_arg arg;
		uint64_t words[3 + 4 * 2];
	} buf = { .arg = { .id = ROOT, .op = OP_ECHO } };

	use_services(qx);
	assert_int_equal(qx_ioctl(qx->ctx, TEE_IOC_OBJECT_INVOKE, &buf, 20), -EINVAL);
	assert_int_equal(qx_ioctl(qx->ctx, TEE_IOC_OBJECT_INVOKE, &buf, 24 + 32), -EINVAL);
	buf.arg.num_params = 1;
	assert_int_equal(qx_ioctl(qx->ctx, TEE_IOC_OBJECT_INVOKE, &buf, 24), -EINVAL);
	buf.arg.num_params = 0xffffffff;
	assert_int_equal(qx_ioctl(qx->ctx, TEE_IOC_OBJECT_INVOKE, &buf, 24), -EINVAL);
	assert_int_equal(qx_ioctl(qx->ctx, TEE_IOC_OBJECT_INVOKE, &buf, sizeof(buf)), -EINVAL);
	buf.arg.num_params = 0;
	assert_int_equal(qx_ioctl(qx->ctx, TEE_IOC_OBJECT_INVOKE, &buf, 24), 0);
}

static void test_counts(void **state)
{
	struct qx *qx = *state;
	struct tee_ioctl_param params[MAX_QX_PARAMS];
	uint8_t byte = 7;

	use_services(qx);
	for (unsigned int i = 0; i < MAX_QX_PARAMS; i++)
		params[i] = p_in(&byte, 1);
	qx_invoke_ok(qx->ctx, ROOT, OP_ECHO, params, 15);
	atomic_store(&qx->world.n_smc, 0);
	for (uint32_t n = 16; n <= 65; n++)
		assert_int_equal(qx_invoke(qx->ctx, ROOT, OP_ECHO, params, n, NULL), -EINVAL);
	params[16] = p_ref(TEE_OBJREF_NULL, 0);
	assert_int_equal(qx_invoke(qx->ctx, ROOT, OP_ECHO, params, 17, NULL), -EINVAL);
	assert_int_equal(atomic_load(&qx->world.n_smc), 0);
}

/* 15 of every kind, in no particular order */
static void test_all_kinds(void **state)
{
	struct qx *qx = *state;
	struct tee_ioctl_param params[60];
	uint64_t in[15];
	uint64_t out[15] = { 0 };

	use_services(qx);
	for (unsigned int i = 0; i < 15; i++) {
		in[i] = 1000 + i;
		params[4 * i] = p_out(&out[i], sizeof(out[i]));
		params[4 * i + 1] = p_ref(TEE_OBJREF_NULL, 0);
		params[4 * i + 2] = p_in(&in[i], sizeof(in[i]) - i % 8);
		params[4 * i + 3] = p_oo();
	}
	qx_invoke_ok(qx->ctx, ROOT, OP_ECHO, params, 60);
	for (unsigned int i = 0; i < 15; i++) {
		assert_int_equal(params[4 * i].b, sizeof(in[i]) - i % 8);
		assert_memory_equal(&out[i], &in[i], sizeof(in[i]) - i % 8);
		assert_int_equal(params[4 * i + 3].a, TEE_OBJREF_NULL);
	}
}

static void test_private_ids(void **state)
{
	struct qx *qx = *state;
	struct tee_context *other;
	uint64_t id;

	use_services(qx);
	other = qx_open(qx);
	/* Lowest free number of the open file, from 0. */
	assert_int_equal(get_object(qx->ctx), 0);
	assert_int_equal(get_object(qx->ctx), 1);
	assert_int_equal(get_object(qx->ctx), 2);
	assert_int_equal(qx_invoke(other, 1, OP_ECHO, NULL, 0, NULL), -EINVAL);
	assert_int_equal(get_object(other), 0);
	qx_invoke_ok(qx->ctx, 1, OP_ECHO, NULL, 0);
	assert_int_equal(qx_release(qx->ctx, 1), 0);
	assert_int_equal(qx_invoke(qx->ctx, 1, OP_ECHO, NULL, 0, NULL), -EINVAL);
	id = get_object(qx->ctx);
	assert_int_equal(id, 1);
	tee_cdev_release(other);
}

static void test_release_unknown(void **state)
{
	struct qx *qx = *state;
	uint32_t ret = 1;

	atomic_store(&qx->world.n_smc, 0);
	assert_int_equal(qx_invoke(qx->ctx, 17, QTEE_OBJECT_OP_RELEASE, NULL, 0, &ret), 0);
	/* Outputs of the header are zeroed by the core. */
	assert_int_equal(ret, 0);
	assert_int_equal(qx_release(qx->ctx, ROOT), 0);
	assert_int_equal(atomic_load(&qx->world.n_smc), 0);
}

static void test_version(void **state)
{
	struct qx *qx = *state;
	struct tee_ioctl_version_data v;

	assert_int_equal(tee_cdev_ioctl(qx->ctx, TEE_IOC_VERSION, (unsigned long)&v), 0);
	assert_int_equal(v.impl_id, 4);
	assert_int_equal(v.impl_caps, 0);
	assert_int_equal(v.gen_caps, 0x10);
}

static void test_no_register(void **state)
{
	struct qx *qx = *state;
	struct tee_ioctl_shm_register_data data = { .addr = (uintptr_t)&data, .length = 8 };

	assert_int_equal(tee_cdev_ioctl(qx->ctx, TEE_IOC_SHM_REGISTER, (unsigned long)&data),
			 -524);
}

/* --- sizes --- */

static void test_exact_fit(void **state)
{
	struct qx *qx = *state;
	uint8_t *data = malloc(8192);
	struct tee_ioctl_param params[2];

	memset(data, 0x5a, 8192);
	use_services(qx);
	params[0] = p_in(data, 4072);
	qx_invoke_ok(qx->ctx, ROOT, OP_ECHO, params, 1);
	params[0] = p_in(data, 0);
	params[1] = p_out(NULL, 0);
	qx_invoke_ok(qx->ctx, ROOT, OP_ECHO, params, 2);
	params[0] = p_in(data, 4064);
	params[1] = p_out(data, 4064);
	qx_invoke_ok(qx->ctx, ROOT, OP_ECHO, params, 2);
	free(data);
}

static void test_zero_tail(void **state)
{
	struct qx *qx = *state;
	uint8_t *data = calloc(1, 4096);
	struct tee_ioctl_param params[2] = { p_in(data, 4064), p_out(NULL, 0) };

	qx_invoke_ok(qx->ctx, ROOT, OP_ECHO, params, 2);
	free(data);
}

/* Inputs are taken before any output is written: the two may be one. */
static void test_alias(void **state)
{
	struct qx *qx = *state;
	char data[16] = "abcdefgh";
	struct tee_ioctl_param params[4] = {
		p_in(data, 4), p_out(data + 4, 4), p_in(data + 4, 4), p_out(data, 4),
	};

	use_services(qx);
	qx_invoke_ok(qx->ctx, ROOT, OP_ECHO, params, 4);
	assert_memory_equal(data, "efghabcd", 8);
}

static void test_large(void **state)
{
	struct qx *qx = *state;
	size_t size = (2 << 20) - 64;
	uint8_t *in = malloc(size);
	uint8_t *out = malloc(size);
	struct tee_ioctl_param params[2] = { p_in(in, size), p_out(out, size) };

	for (size_t i = 0; i < size; i++)
		in[i] = (uint8_t)(i * 7 + i / 4096);
	use_services(qx);
	qx_invoke_ok(qx->ctx, ROOT, OP_ECHO, params, 2);
	assert_memory_equal(in, out, size);
	free(in);
	free(out);
}

/* --- what the world answers --- */

static int32_t body_too_much(struct qw_call *call)
{
	call->msg->args[0].b.size++;
	return 0;
}

static int32_t body_far_away(struct qw_call *call)
{
	call->msg->args[0].b.offset = 0xfffffff0;
	return 0;
}

static int32_t body_other_place(struct qw_call *call)
{
	call->msg->args[0].b.offset += 8;
	call->msg->args[0].b.size = 4;
	return 0;
}

static int32_t body_max_size(struct qw_call *call)
{
	call->msg->args[0].b.size = 0xffffffff;
	return 0;
}

struct lying_row {
	const char *name;
	qw_body body;
};

static const struct lying_row lying_rows[] = {
	{ "qtee D-18 one byte more than asked for", body_too_much },
	{ "qtee D-18 offset beyond the end", body_far_away },
	{ "qtee KD-5 offset elsewhere", body_other_place },
	{ "qtee KD-5 size without end", body_max_size },
};

static void test_lying(void **state)
{
	struct qx *qx = *state;
	const struct lying_row *row = qx->row;
	uint8_t out[32];
	struct tee_ioctl_param params[1] = { p_out(out + 8, 16) };
	uint32_t ret;

	memset(out, 0xee, sizeof(out));
	qx->world.body = row->body;
	qx->world.in_place = true;
	assert_int_equal(qx_invoke(qx->ctx, ROOT, 1, params, 1, &ret), 0);
	assert_int_equal(ret, UNAVAIL);
	assert_int_equal(params[0].b, 0);
	for (size_t i = 0; i < sizeof(out); i++)
		assert_int_equal(out[i], 0xee);
}

/* Output objects: some good, one of @bad */
struct oo_row {
	const char *name;
	uint32_t bad;
};

static const struct oo_row oo_rows[] = {
	{ "qtee D-29 unknown id of ours among outputs", 0x80001234 },
	{ "qtee D-32, qtee KD-13 root as output", QTEE_MSG_OBJECT_ROOT },
	{ "qtee D-32, qtee D-33 primordial as output", QTEE_MSG_OBJECT_PRIMORDIAL },
};

static int32_t body_bad_oo(struct qw_call *call)
{
	const struct oo_row *row = call->world->data;

	qw_oo(call, 0, qw_give(call->world, TEE_ID));
	qw_oo(call, 1, row->bad);
	qw_oo(call, 2, qw_give(call->world, TEE_ID));
	return 0;
}

static void test_bad_oo(void **state)
{
	struct qx *qx = *state;
	struct tee_ioctl_param params[3] = { p_oo(), p_oo(), p_oo() };
	uint32_t ret;

	qx->world.body = body_bad_oo;
	qx->world.in_place = true;
	qx->world.data = (void *)qx->row;
	assert_int_equal(qx_invoke(qx->ctx, ROOT, 1, params, 3, &ret), 0);
	assert_int_equal(ret, UNAVAIL);
	qx_settle(qx);
	/* Both good ones were given back; nothing was said about the other. */
	assert_int_equal(atomic_load(&qx->world.n_released), 2);
	assert_int_equal(qw_n_refs(&qx->world), 0);
	assert_int_equal(qx_invoke(qx->ctx, 0, 1, NULL, 0, NULL), -EINVAL);
}

/* An output buffer that is not writable: no object stays behind. */
static void test_unwritable_output(void **state)
{
	struct qx *qx = *state;
	void *ro = mmap(NULL, 4096, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	uint64_t in = 1;
	struct tee_ioctl_param params[3] = { p_in(&in, 8), p_out(ro, 8), p_oo() };
	uint32_t ret;

	use_services(qx);
	assert_int_equal(qx_invoke(qx->ctx, ROOT, OP_ECHO, params, 2, &ret), 0);
	assert_int_equal(ret, UNAVAIL);
	munmap(ro, 4096);
}

static int32_t body_give_and_write(struct qw_call *call)
{
	qw_oo(call, 0, qw_give(call->world, TEE_ID));
	qw_ob(call, 0, "12345678", 8);
	return 0;
}

static void test_unwritable_with_object(void **state)
{
	struct qx *qx = *state;
	void *ro = mmap(NULL, 4096, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	struct tee_ioctl_param params[2] = { p_out(ro, 8), p_oo() };
	uint32_t ret;

	qx->world.body = body_give_and_write;
	qx->world.in_place = true;
	assert_int_equal(qx_invoke(qx->ctx, ROOT, 1, params, 2, &ret), 0);
	assert_int_equal(ret, UNAVAIL);
	qx_settle(qx);
	assert_int_equal(qw_n_refs(&qx->world), 0);
	assert_int_equal(qx_invoke(qx->ctx, 0, 1, NULL, 0, NULL), -EINVAL);
	munmap(ro, 4096);
}

static void test_result(void **state)
{
	struct qx *qx = *state;
	uint8_t out[8];
	struct tee_ioctl_param params[2] = { p_out(out, 8), p_oo() };
	uint32_t ret;

	use_services(qx);
	assert_int_equal(qx_invoke(qx->ctx, ROOT, OP_FAIL, params, 2, &ret), 0);
	assert_int_equal(ret, 0x0afafafa);
	assert_int_equal(params[0].b, 0);
	assert_int_equal(params[1].a, 0);
}

/* --- the SMC --- */

struct smc_row {
	const char *name;
	int32_t status;
	long expect;
};

static const struct smc_row smc_rows[] = {
	{ "qtee D-28 SMC: error", -1, -EIO },
	{ "qtee D-28 SMC: address", -2, -EINVAL },
	{ "qtee D-28 SMC: argument", -3, -EINVAL },
	{ "qtee D-28 SMC: not supported", -4, -EOPNOTSUPP },
	{ "qtee D-28 SMC: no memory", -5, -ENOMEM },
	{ "qtee D-28 SMC: unknown", -77, -EINVAL },
};

static bool hook_fail(struct qw_world *world, const struct smc_regs *in, struct smc_regs *out)
{
	const struct smc_row *row = world->data;

	out->a[0] = (uint32_t)row->status;
	return true;
}

static void test_smc_error(void **state)
{
	struct qx *qx = *state;
	const struct smc_row *row = qx->row;

	qx->world.data = (void *)row;
	qx->world.hook = hook_fail;
	atomic_store(&qx->world.n_smc, 0);
	assert_int_equal(qx_invoke(qx->ctx, ROOT, 1, NULL, 0, NULL), row->expect);
	assert_int_equal(atomic_load(&qx->world.n_smc), 1);
	qx->world.hook = NULL;
	qx_invoke_ok(qx->ctx, ROOT, 1, NULL, 0);
}

static bool hook_interrupted(struct qw_world *world, const struct smc_regs *in,
			     struct smc_regs *out)
{
	unsigned int *step = world->data;

	switch ((*step)++) {
	case 0:
		assert_int_equal(in->a[0], QTEE_SMC_INVOKE);
		out->a[0] = QTEE_SMC_STATUS_INTERRUPTED;
		out->a[6] = 0x1234567890;
		return true;
	case 1:
		assert_int_equal(in->a[0], 1);
		assert_int_equal(in->a[6], 0x1234567890);
		out->a[0] = QTEE_SMC_STATUS_WAITQ_SLEEP;
		out->a[1] = 5;
		out->a[2] = 77;
		return true;
	case 2:
		assert_int_equal(in->a[0], QTEE_SMC_WAITQ_RESUME);
		assert_int_equal(in->a[1], 1);
		assert_int_equal(in->a[2], 77);
		out->a[2] = 42;
		return true;
	default:
		return false;
	}
}

static void test_smc_interrupted(void **state)
{
	struct qx *qx = *state;
	unsigned int step = 0;
	uint32_t ret;

	qx->world.data = &step;
	qx->world.hook = hook_interrupted;
	assert_int_equal(qx_invoke(qx->ctx, ROOT, 1, NULL, 0, &ret), 0);
	assert_int_equal(ret, 42);
	assert_int_equal(step, 3);
}

static bool hook_busy(struct qw_world *world, const struct smc_regs *in, struct smc_regs *out)
{
	int *left = world->data;

	if (!*left)
		return false;
	--*left;
	out->a[0] = (uint32_t)QTEE_SMC_STATUS_ERROR_BUSY;
	return true;
}

static void test_smc_busy(void **state)
{
	struct qx *qx = *state;
	int left = 2;

	qx->world.data = &left;
	qx->world.hook = hook_busy;
	qx_invoke_ok(qx->ctx, ROOT, 1, NULL, 0);
	left = 1000;
	assert_int_equal(qx_invoke(qx->ctx, ROOT, 1, NULL, 0, NULL), -EBUSY);
	assert_int_equal(left, 1000 - 21);
	/* Who is killed does not try on. */
	left = 1000;
	qx->task.killed = true;
	assert_int_equal(qx_invoke(qx->ctx, ROOT, 1, NULL, 0, NULL), -EINTR);
	assert_int_equal(left, 999);
}

/* The first invocation on a fresh instance */
static void test_first(void **state)
{
	struct qx *qx = *state;
	uint32_t ret;

	assert_int_equal(qx_invoke(qx->ctx, ROOT, 1, NULL, 0, &ret), 0);
	assert_int_equal(ret, 0);
}

/* --- probe --- */

static bool hook_nobody(struct qw_world *world, const struct smc_regs *in, struct smc_regs *out)
{
	out->a[0] = SMCCC_RET_UNKNOWN_FUNCTION;
	return true;
}

static void test_probe_nobody(void **state)
{
	struct qx *qx = *state;

	qx->world.hook = hook_nobody;
	assert_int_equal(qx_probe(qx), -ENODEV);
}

static int32_t body_version(struct qw_call *call)
{
	uint32_t version = QTEE_VERSION(5, 2, 7);
	uint32_t counts = call->msg->counts;

	if (call->msg->cxt == QTEE_MSG_OBJECT_ROOT) {
		assert_int_equal(call->msg->op, 5);
		assert_int_equal(counts, QTEE_MSG_COUNTS(0, 0, 1, 1));
		assert_int_equal(qw_io(call, 0), 0);
		qw_oo(call, 0, qw_give(call->world, 7));
	} else if (call->msg->cxt == 7) {
		assert_int_equal(counts, QTEE_MSG_COUNTS(1, 0, 0, 1));
		assert_int_equal(*(uint32_t *)qw_ib(call, 0, NULL), 2033);
		qw_oo(call, 0, qw_give(call->world, 8));
	} else {
		assert_int_equal(*(uint32_t *)qw_ib(call, 0, NULL), 10);
		qw_ob(call, 0, &version, sizeof(version));
	}
	return 0;
}

static void test_probe_version(void **state)
{
	struct qx *qx = *state;
	char revision[32];

	qx->world.body = body_version;
	qx->world.in_place = true;
	assert_int_equal(qx_probe(qx), 0);
	assert_int_equal(qx->q->teedev->desc->ops->get_tee_revision(qx->q->teedev, revision,
								    sizeof(revision)), 0);
	assert_string_equal(revision, "QTEE 5.2.7");
	assert_int_equal(atomic_load(&qx->world.n_released), 2);
}

static void test_probe_no_memory(void **state)
{
	struct qx *qx = *state;
	bool hit = true;
	int n;

	use_services(qx);
	for (n = 1; hit && n < 100; n++) {
		kfault_set(n);
		qx->q = qcomtee_probe(&qx->pdata);
		hit = kfault_hit();
		kfault_clear();
		if (IS_ERR(qx->q))
			assert_int_equal(PTR_ERR(qx->q), -ENOMEM);
		else
			qcomtee_remove(qx->q);
		qx->q = NULL;
		assert_int_equal(kmem_live(), qx->live);
	}
	assert_true(n > 5);
}

/* --- two drivers --- */

static void test_two_instances(void **state)
{
	struct qx *qx = *state;
	struct qw_world world;
	struct qcomtee_platform_data pdata = { .conduit = &world.conduit };
	struct tee_context *ctx;
	struct qcomtee *q;

	use_services(qx);
	qw_init(&world);
	world.body = body_services;
	world.in_place = true;
	q = qcomtee_probe(&pdata);
	assert_false(IS_ERR(q));
	ctx = tee_cdev_open(q->teedev);

	assert_int_equal(get_object(qx->ctx), 0);
	assert_int_equal(get_object(ctx), 0);
	assert_int_equal(get_object(ctx), 1);
	assert_int_equal(qw_n_refs(&qx->world), 1);
	assert_int_equal(qw_n_refs(&world), 2);

	tee_cdev_release(ctx);
	qcomtee_remove(q);
	assert_int_equal(qw_n_refs(&world), 0);
	qw_fini(&world);
	qx_invoke_ok(qx->ctx, 0, OP_ECHO, NULL, 0);
}

/* --- faults --- */

static void fault_loop(struct qx *qx, uint32_t op, struct tee_ioctl_param *params, uint32_t n)
{
	struct tee_ioctl_param copy[8];
	bool hit = true;
	int i;

	for (i = 1; hit && i < 100; i++) {
		uint32_t ret;
		long rc;

		memcpy(copy, params, n * sizeof(*copy));
		kfault_set(i);
		rc = qx_invoke(qx->ctx, ROOT, op, copy, n, &ret);
		hit = kfault_hit();
		kfault_clear();
		if (rc)
			assert_int_equal(rc, -ENOMEM);
		else if (hit)
			assert_true(ret == UNAVAIL || ret == 0);
		for (uint32_t k = 0; !rc && !ret && k < n; k++)
			if (copy[k].attr == 12 && copy[k].a != TEE_OBJREF_NULL)
				assert_int_equal(qx_release(qx->ctx, copy[k].a), 0);
		qx_settle(qx);
		assert_int_equal(qw_n_refs(&qx->world), 0);
		assert_int_equal(qx_stats(qx).ids, 0);
	}
	assert_true(i > 3);
}

static void test_faults(void **state)
{
	struct qx *qx = *state;
	uint64_t in = 1, out;
	struct tee_ioctl_param params[6] = {
		p_in(&in, 8), p_out(&out, 8), p_ref(1, QTEE_OBJREF_USER), p_ref(0, QTEE_OBJREF_MEM),
		p_ref(2, QTEE_OBJREF_USER), p_oo(),
	};
	int id;
	int fd = qx_alloc(qx->ctx, 4096, &id);

	params[3].a = id;
	use_services(qx);
	fault_loop(qx, OP_ECHO, params, 6);
	params[0] = p_oo();
	params[1] = p_oo();
	fault_loop(qx, OP_GIVE, params, 6);
	platform_test_fd_put(fd);
}

/* The QTEE gave a reference: no memory is no excuse. */
static void test_proxy_without_memory(void **state)
{
	struct qx *qx = *state;
	struct tee_ioctl_param params[1] = { p_oo() };
	bool hit = true;

	use_services(qx);
	for (int i = 1; hit && i < 50; i++) {
		kfault_set(i);
		params[0] = p_oo();
		(void)qx_invoke(qx->ctx, ROOT, OP_GIVE, params, 1, NULL);
		hit = kfault_hit();
		kfault_clear();
	}
	tee_cdev_release(qx->ctx);
	qx->ctx = NULL;
	qx_settle(qx);
	assert_int_equal(qw_n_refs(&qx->world), 0);
}

static void test_many_objects(void **state)
{
	struct qx *qx = *state;
	long live = 0;

	use_services(qx);
	for (int i = 0; i < 100000; i++) {
		assert_int_equal(get_object(qx->ctx), 0);
		assert_int_equal(qx_release(qx->ctx, 0), 0);
		if (i % 1000 == 0)
			qx_settle(qx);
		if (i == 1000)
			live = kmem_live();
	}
	qx_settle(qx);
	assert_true(kmem_live() <= live + 8);
	assert_int_equal(qw_n_refs(&qx->world), 0);
	assert_int_equal(qx_stats(qx).tee_objects, 0);
}

static void test_close_releases(void **state)
{
	struct qx *qx = *state;

	use_services(qx);
	for (int i = 0; i < 1000; i++)
		get_object(qx->ctx);
	assert_int_equal(qw_n_refs(&qx->world), 1000);
	tee_cdev_release(qx->ctx);
	qx->ctx = NULL;
	qx_settle(qx);
	assert_int_equal(qw_n_refs(&qx->world), 0);
	assert_int_equal(atomic_load(&qx->world.n_released), 1000);
}

/* Root and NULL are of no count. */
static void test_uncounted(void **state)
{
	struct qx *qx = *state;
	struct qcomtee_object *root = qcomtee_object_root(qx->q);

	for (int i = 0; i < 10; i++) {
		qcomtee_object_put(root);
		qcomtee_object_put(NULL_QCOMTEE_OBJECT);
		qcomtee_object_put(&qx->q->primordial);
	}
	qcomtee_object_get(root);
	qcomtee_object_get(NULL_QCOMTEE_OBJECT);
	assert_int_equal(qcomtee_object_type(root), QCOMTEE_OBJECT_TYPE_ROOT);
	assert_int_equal(qcomtee_object_type(NULL), QCOMTEE_OBJECT_TYPE_NULL);
	qx_invoke_ok(qx->ctx, ROOT, 1, NULL, 0);
}

int main(void)
{
	qx_add("core N127, qtee D-56, qtee D-58 lengths", test_lengths, qx_setup, NULL);
	QX_ADD_ROWS(refused_rows, test_refused, qx_setup);
	qx_add("core N129 object of another context", test_private_ids, qx_setup, NULL);
	qx_add("core N131, qtee D-16, qtee D-57, qtee KD-1 too many parameters", test_counts,
	       qx_setup, NULL);
	qx_add("qtee 15 of every kind", test_all_kinds, qx_setup, NULL);
	qx_add("core N134, qtee KD-19 RELEASE of an unknown id", test_release_unknown, qx_setup,
	       NULL);
	qx_add("qtee version", test_version, qx_setup, NULL);
	qx_add("qtee no registration of memory", test_no_register, qx_setup, NULL);
	qx_add("qtee D-15 exact fit", test_exact_fit, qx_setup, NULL);
	qx_add("qtee D-15 empty buffer at the end", test_zero_tail, qx_setup, NULL);
	qx_add("qtee inputs and outputs overlap", test_alias, qx_setup, NULL);
	qx_add("qtee large message", test_large, qx_setup, NULL);
	QX_ADD_ROWS(lying_rows, test_lying, qx_setup);
	QX_ADD_ROWS(oo_rows, test_bad_oo, qx_setup);
	qx_add("qtee unwritable output", test_unwritable_output, qx_setup, NULL);
	qx_add("qtee D-55 unwritable output with an object", test_unwritable_with_object, qx_setup,
	       NULL);
	qx_add("qtee result of the QTEE", test_result, qx_setup, NULL);
	QX_ADD_ROWS(smc_rows, test_smc_error, qx_setup);
	qx_add("qtee SMC interrupted and queued", test_smc_interrupted, qx_setup, NULL);
	qx_add("qtee SMC busy", test_smc_busy, qx_setup, NULL);
	qx_add("qtee D-7 first invocation", test_first, qx_setup, NULL);
	qx_add("qtee probe: nobody", test_probe_nobody, qx_setup_world, NULL);
	qx_add("qtee probe: version", test_probe_version, qx_setup_world, NULL);
	qx_add("qtee probe: no memory", test_probe_no_memory, qx_setup_world, NULL);
	qx_add("qtee D-9 two instances", test_two_instances, qx_setup, NULL);
	qx_add("qtee D-8, qtee D-10, qtee D-12 no memory at each step", test_faults, qx_setup,
	       NULL);
	qx_add("qtee proxy without memory", test_proxy_without_memory, qx_setup, NULL);
	qx_add("qtee 10^5 objects", test_many_objects, qx_setup, NULL);
	qx_add("qtee close gives objects back", test_close_releases, qx_setup, NULL);
	qx_add("qtee D-36 get and put of what is not counted", test_uncounted, qx_setup, NULL);
	return qx_run("qtee call");
}
