/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Callbacks, as a QTEE that means no good makes them; the primordial object; memory
 * objects. Defects of earlier drivers (QTEE facts, section 8) carry their id.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include <linux/err.h>

#include "normal/tee/tee_cdev.h"
#include "platform_test.h"
#include "qtee_fixture.h"

#define PRIMORDIAL QTEE_MSG_OBJECT_PRIMORDIAL
#define TEE_ID 100u

/* What a body saw, for the test to judge */
struct seen {
	int32_t result[8];
	struct qtee_msg_mem_map map;
	uint32_t id;
	uint32_t oo;
	uint8_t bytes[64];
	bool bool_result;
};

static struct seen *seen_of(struct qw_call *call)
{
	return call->world->data;
}

static void run(struct qx *qx, struct seen *seen, qw_body body, struct tee_ioctl_param *params,
		uint32_t n)
{
	memset(seen, 0, sizeof(*seen));
	qx->world.data = seen;
	qx->world.body = body;
	qx_invoke_ok(qx->ctx, ROOT, 1, params, n);
	qx_settle(qx);
	assert_int_equal(qx_stats(qx).invocations, 0);
}

/* --- shapes of callbacks that are refused --- */

struct shape_row {
	const char *name;
	struct qw_cb cb;
	void (*spoil)(struct qtee_msg_callback *msg);
};

static void spoil_ib_offset(struct qtee_msg_callback *msg)
{
	msg->args[0].b.offset = 0xfffffff0;
}

static void spoil_gap(struct qtee_msg_callback *msg)
{
	msg->args[0].b.offset += 8;
}

static void spoil_into_header(struct qtee_msg_callback *msg)
{
	msg->args[0].b.offset = 0;
}

static void spoil_counts(struct qtee_msg_callback *msg)
{
	msg->counts |= 0x10000;
}

#define SLEEP_0 .cxt = PRIMORDIAL, .op = 2, .n_ib = 1, .ib = { "\0\0\0\0" }, .ib_size = { 4 }

static const struct shape_row shape_rows[] = {
	{ "qtee D-19, qtee KD-10 input offset beyond the end", { SLEEP_0 }, spoil_ib_offset },
	{ "qtee D-19, qtee KD-10 output of 2^31 bytes",
	  { .cxt = PRIMORDIAL, .op = 1, .n_ob = 1, .ob_size = { 1u << 31 } }, NULL },
	{ "qtee KD-9 output that wraps around",
	  { .cxt = PRIMORDIAL, .op = 1, .n_ob = 1, .ob_size = { 0xffffff00 } }, NULL },
	{ "qtee KD-9 two outputs that wrap around", { .cxt = PRIMORDIAL, .op = 1, .n_ob = 2,
	  .ob_size = { 0xfffffff8, 0xfffffff8 } }, NULL },
	{ "qtee D-5 gap before the payload", { SLEEP_0 }, spoil_gap },
	{ "qtee D-19 payload in the header", { SLEEP_0 }, spoil_into_header },
	{ "qtee reserved bits of counts", { .cxt = PRIMORDIAL, .op = 1 }, spoil_counts },
	{ "qtee callback to NULL", { .cxt = 0, .op = 1 }, NULL },
	{ "qtee callback to the root", { .cxt = 1, .op = 1 }, NULL },
	{ "qtee callback to a TEE object", { .cxt = TEE_ID, .op = 1 }, NULL },
	{ "qtee callback to an unknown id", { .cxt = 0x80000777, .op = 1 }, NULL },
	{ "qtee RELEASE of an unknown id", { .cxt = 0x80000777, .op = 0xffff }, NULL },
	{ "qtee RETAIN of an unknown id", { .cxt = 0x80000777, .op = 0xfffe }, NULL },
	{ "qtee primordial: unknown operation", { .cxt = PRIMORDIAL, .op = 77 }, NULL },
	{ "qtee D-20 YIELD with an output object",
	  { .cxt = PRIMORDIAL, .op = 1, .n_oo = 1 }, NULL },
	{ "qtee D-26 SLEEP without a time", { .cxt = PRIMORDIAL, .op = 2 }, NULL },
	{ "qtee D-26 SLEEP with an empty time",
	  { .cxt = PRIMORDIAL, .op = 2, .n_ib = 1, .ib_size = { 0 } }, NULL },
	{ "qtee D-26 SLEEP with half a time", { .cxt = PRIMORDIAL, .op = 2, .n_ib = 1,
	  .ib = { "\0\0\0" }, .ib_size = { 3 } }, NULL },
	{ "qtee MAP_REGION without a shape", { .cxt = PRIMORDIAL, .op = 0 }, NULL },
	{ "qtee KD-6 MAP_REGION of NULL", { .cxt = PRIMORDIAL, .op = 0, .n_ob = 1,
	  .ob_size = { 24 }, .n_io = 1, .n_oo = 1 }, NULL },
};

static int32_t body_shape(struct qw_call *call)
{
	const struct shape_row *row = (const void *)seen_of(call)->bytes;
	struct qtee_msg_callback *msg = (void *)call->out;

	memcpy(&row, seen_of(call)->bytes, sizeof(row));
	qw_callback_write(call, &row->cb);
	if (row->spoil)
		row->spoil(msg);
	if (!qw_callback_send(call))
		return QW_DIED;
	seen_of(call)->result[0] = (int32_t)msg->result;
	/* The invocation goes on as if nothing had been. */
	seen_of(call)->result[1] = qw_callback_simple(call, PRIMORDIAL, 1);
	return 0;
}

static void test_shape(void **state)
{
	struct qx *qx = *state;
	struct seen seen = {};

	qx->world.data = &seen;
	memcpy(seen.bytes, &qx->row, sizeof(qx->row));
	qx->world.body = body_shape;
	qx_invoke_ok(qx->ctx, ROOT, 1, NULL, 0);
	assert_int_equal(seen.result[0], QTEE_ERROR_UNAVAIL);
	assert_int_equal(seen.result[1], 0);
}

/* --- the primordial object --- */

static int32_t body_primordial(struct qw_call *call)
{
	struct seen *seen = seen_of(call);
	uint32_t ms = 1;
	struct qw_cb sleep = { .cxt = PRIMORDIAL, .op = 2, .n_ib = 1, .ib = { &ms },
			       .ib_size = { 4 } };

	seen->result[0] = qw_callback_simple(call, PRIMORDIAL, 1);
	if (!qw_callback(call, &sleep))
		return QW_DIED;
	seen->result[1] = sleep.result;
	/* Transport bits do not change the method. */
	seen->result[2] = qw_callback_simple(call, PRIMORDIAL, 0x10001);
	seen->result[3] = qw_callback_simple(call, PRIMORDIAL, QTEE_MSG_OP_RETAIN);
	seen->result[4] = qw_callback_simple(call, PRIMORDIAL, QTEE_MSG_OP_RELEASE);
	seen->result[5] = qw_callback_simple(call, PRIMORDIAL, 1);
	return 0;
}

static void test_primordial(void **state)
{
	struct qx *qx = *state;
	struct seen seen;

	run(qx, &seen, body_primordial, NULL, 0);
	for (int i = 0; i < 6; i++)
		assert_int_equal(seen.result[i], 0);
}

/* Input objects of a callback that the primordial does not want go back. */
static int32_t body_yield_with_object(struct qw_call *call)
{
	struct qw_cb cb = { .cxt = PRIMORDIAL, .op = 1, .n_io = 2,
			    .io = { qw_give(call->world, TEE_ID), qw_io(call, 0) } };

	if (!qw_callback(call, &cb))
		return QW_DIED;
	seen_of(call)->result[0] = cb.result;
	cb.op = 0;
	cb.io[0] = qw_give(call->world, TEE_ID);
	if (!qw_callback(call, &cb))
		return QW_DIED;
	seen_of(call)->result[1] = cb.result;
	cb.op = 77;
	cb.io[0] = qw_give(call->world, TEE_ID);
	if (!qw_callback(call, &cb))
		return QW_DIED;
	seen_of(call)->result[2] = cb.result;
	return 0;
}

static void test_yield_with_object(void **state)
{
	struct qx *qx = *state;
	struct tee_ioctl_param params[1] = { p_ref(1, QTEE_OBJREF_USER) };
	struct seen seen;

	run(qx, &seen, body_yield_with_object, params, 1);
	for (int i = 0; i < 3; i++)
		assert_int_equal(seen.result[i], QTEE_ERROR_UNAVAIL);
	assert_int_equal(qw_n_refs(&qx->world), 0);
	assert_int_equal(qx_stats(qx).ids, 0);
}

/* A callback whose input objects are partly bad: the good ones go back, once. */
static int32_t body_bad_io(struct qw_call *call)
{
	const uint32_t bad[] = { 0x80004321, QTEE_MSG_OBJECT_ROOT, PRIMORDIAL };

	for (int i = 0; i < 3; i++) {
		struct qw_cb cb = { .cxt = qw_io(call, 0), .op = 1, .n_ib = 1, .ib = { "x" },
				    .ib_size = { 1 }, .n_io = 3,
				    .io = { qw_give(call->world, TEE_ID), bad[i],
					    qw_give(call->world, TEE_ID) } };

		if (!qw_callback(call, &cb))
			return QW_DIED;
		seen_of(call)->result[i] = cb.result;
	}
	return 0;
}

static void test_bad_io(void **state)
{
	struct qx *qx = *state;
	struct tee_ioctl_param params[1] = { p_ref(1, QTEE_OBJREF_USER) };
	struct seen seen;

	run(qx, &seen, body_bad_io, params, 1);
	for (int i = 0; i < 3; i++)
		assert_int_equal(seen.result[i], QTEE_ERROR_UNAVAIL);
	assert_int_equal(atomic_load(&qx->world.n_released), 6);
	assert_int_equal(qw_n_refs(&qx->world), 0);
}

/* --- killed clients --- */

static int32_t body_yield_for_ever(struct qw_call *call)
{
	while (qw_callback_simple(call, PRIMORDIAL, 1) != QW_DIED)
		;
	return QW_DIED;
}

static int32_t body_sleep_for_ever(struct qw_call *call)
{
	uint32_t ms = 0xffffffff;
	struct qw_cb cb = { .cxt = PRIMORDIAL, .op = 2, .n_ib = 1, .ib = { &ms },
			    .ib_size = { 4 } };

	if (!qw_callback(call, &cb))
		return QW_DIED;
	seen_of(call)->result[0] = cb.result;
	return 0;
}

static void test_kill_yield(void **state)
{
	struct qx *qx = *state;
	struct qx_job job;

	qx->world.body = body_yield_for_ever;
	qx_job_start(&job, qx->ctx, ROOT, 1, NULL, 0);
	usleep(A_MOMENT_US);
	task_kill(&job.task);
	qx_job_join(&job);
	assert_int_equal(job.rc, -ENODEV);
	/* The QTEE may write to those buffers as long as it lives. */
	assert_int_equal(qx_stats(qx).abandoned, 1);
	qx_replace_world(qx);
	assert_int_equal(qx_stats(qx).abandoned, 0);
}

static void test_kill_sleep(void **state)
{
	struct qx *qx = *state;
	struct qx_job job;
	struct seen seen = {};

	qx->world.data = &seen;
	qx->world.body = body_sleep_for_ever;
	qx_job_start(&job, qx->ctx, ROOT, 1, NULL, 0);
	usleep(A_MOMENT_US);
	assert_false(atomic_load(&job.done));
	task_kill(&job.task);
	qx_job_join(&job);
	assert_int_equal(job.rc, 0);
	assert_int_equal(job.ret, 0);
	assert_int_equal(seen.result[0], 0);
}

/* --- memory --- */

static bool map(struct qw_call *call, uint32_t mo, struct qtee_msg_mem_map *ret, uint32_t *ret_id,
		int32_t *result)
{
	uint8_t room[24] = { 0 };
	struct qw_cb cb = { .cxt = PRIMORDIAL, .op = 0, .n_ob = 1, .ob = { room },
			    .ob_size = { sizeof(room) }, .n_io = 1, .io = { mo }, .n_oo = 1 };

	if (!qw_callback(call, &cb))
		return false;
	memcpy(ret, room, sizeof(*ret));
	*ret_id = cb.oo[0];
	*result = (int32_t)cb.result;
	return true;
}

static int32_t body_map(struct qw_call *call)
{
	struct seen *seen = seen_of(call);
	struct qtee_msg_mem_map again;
	uint32_t ids[2];

	if (!map(call, qw_io(call, 0), &seen->map, &ids[0], &seen->result[0]) ||
	    !map(call, qw_io(call, 0), &again, &ids[1], &seen->result[1]))
		return QW_DIED;
	if (seen->result[0] || seen->result[1])
		return 0;
	seen->bool_result = !memcmp(&again, &seen->map, sizeof(again)) && ids[0] != ids[1] &&
			    ids[0] != qw_io(call, 0);
	memcpy(seen->bytes, (void *)seen->map.paddr, 8);
	memcpy((void *)seen->map.paddr, "world was here", 14);
	qw_async_release(call, ids, 2);
	return 0;
}

static void test_map(void **state)
{
	struct qx *qx = *state;
	struct tee_ioctl_param params[1];
	struct tee_shm *shm;
	struct seen seen;
	int id;
	int fd = qx_alloc(qx->ctx, 8192, &id);

	assert_true(id > 0);
	shm = platform_test_fd_shm(fd);
	memcpy(shm->kaddr, "client!", 8);
	params[0] = p_ref(id, QTEE_OBJREF_MEM);
	run(qx, &seen, body_map, params, 1);
	assert_int_equal(seen.result[0], 0);
	assert_int_equal(seen.result[1], 0);
	assert_true(seen.bool_result);
	assert_int_equal(seen.map.paddr, shm->paddr);
	assert_int_equal(seen.map.len, 8192);
	assert_int_equal(seen.map.perms, 6);
	assert_string_equal((char *)seen.bytes, "client!");
	assert_memory_equal(shm->kaddr, "world was here", 14);
	assert_int_equal(qx_stats(qx).ids, 0);
	platform_test_fd_put(fd);
	assert_int_equal(platform_test_counts().pages, 2);
}

/* The object is given twice: two ids, one memory. */
static int32_t body_map_twice(struct qw_call *call)
{
	struct seen *seen = seen_of(call);
	struct qtee_msg_mem_map maps[2];
	uint32_t ids[2];

	for (int i = 0; i < 2; i++)
		if (!map(call, qw_io(call, i), &maps[i], &ids[i], &seen->result[i]))
			return QW_DIED;
	seen->bool_result = maps[0].paddr == maps[1].paddr && qw_io(call, 0) != qw_io(call, 1);
	qw_async_release(call, ids, 2);
	return 0;
}

static void test_map_twice(void **state)
{
	struct qx *qx = *state;
	struct tee_ioctl_param params[2];
	struct seen seen;
	int id;
	int fd = qx_alloc(qx->ctx, 4096, &id);

	params[0] = params[1] = p_ref(id, QTEE_OBJREF_MEM);
	run(qx, &seen, body_map_twice, params, 2);
	assert_true(seen.bool_result);
	platform_test_fd_put(fd);
}

/* The mapping outlives the object, the descriptor and the client. */
static int32_t body_map_and_keep(struct qw_call *call)
{
	struct seen *seen = seen_of(call);
	uint32_t id = qw_io(call, 0);

	if (!map(call, id, &seen->map, &seen->id, &seen->result[0]))
		return QW_DIED;
	qw_async_release(call, &id, 1);
	return 0;
}

static int32_t body_release_kept(struct qw_call *call)
{
	memcpy((void *)seen_of(call)->map.paddr, "late", 4);
	qw_async_release(call, &seen_of(call)->id, 1);
	return 0;
}

static void test_map_outlives(void **state)
{
	struct qx *qx = *state;
	struct tee_ioctl_param params[1];
	struct seen seen = {};
	int id;
	int fd = qx_alloc(qx->ctx, 4096, &id);

	params[0] = p_ref(id, QTEE_OBJREF_MEM);
	qx->world.keep = true;
	qx->world.data = &seen;
	qx->world.body = body_map_and_keep;
	qx_invoke_ok(qx->ctx, ROOT, 1, params, 1);
	assert_int_equal(qx_stats(qx).ids, 1);
	platform_test_fd_put(fd);
	tee_cdev_release(qx->ctx);
	qx->ctx = qx_open(qx);
	assert_int_equal(platform_test_counts().pages, 3);
	qx->world.body = body_release_kept;
	qx_invoke_ok(qx->ctx, ROOT, 1, NULL, 0);
	assert_int_equal(platform_test_counts().pages, 2);
	assert_int_equal(qx_stats(qx).ids, 0);
}

/* Removal does not wait for a QTEE that keeps memory. */
static void test_remove_with_mapping(void **state)
{
	struct qx *qx = *state;

	for (int i = 0; i < 2; i++) {
		struct tee_ioctl_param params[1];
		struct seen seen = {};
		int id;
		int fd = qx_alloc(qx->ctx, 4096, &id);

		params[0] = p_ref(id, QTEE_OBJREF_MEM);
		qx->world.keep = true;
		qx->world.data = &seen;
		qx->world.body = body_map_and_keep;
		qx_invoke_ok(qx->ctx, ROOT, 1, params, 1);
		platform_test_fd_put(fd);
		qx_remove(qx);
		assert_int_equal(platform_test_counts().pages, 0);
		qx->world.body = NULL;
		assert_int_equal(qx_probe(qx), 0);
	}
}

/* --- MAP_REGION with a small output: nothing beside it is touched --- */

static int32_t body_map_small(struct qw_call *call)
{
	struct seen *seen = seen_of(call);
	struct qw_cb cb = { .cxt = PRIMORDIAL, .op = 0, .n_ob = 1, .ob = { seen->bytes },
			    .ob_size = { 8 }, .n_io = 1, .io = { qw_io(call, 0) }, .n_oo = 1 };
	struct qtee_msg_callback *msg = (void *)call->out;
	size_t tail = qw_callback_write(call, &cb);

	memset(call->out + tail - 8, 0xcc, 8);
	if (!qw_callback_send(call))
		return QW_DIED;
	seen->result[0] = (int32_t)msg->result;
	seen->bool_result = call->out[tail - 1] == 0xcc && !call->out[tail] &&
			    call->out[tail - 8] == 0xcc;
	return 0;
}

static void test_map_small(void **state)
{
	struct qx *qx = *state;
	struct tee_ioctl_param params[1];
	struct seen seen;
	int id;
	int fd = qx_alloc(qx->ctx, 4096, &id);

	params[0] = p_ref(id, QTEE_OBJREF_MEM);
	run(qx, &seen, body_map_small, params, 1);
	assert_int_equal(seen.result[0], QTEE_ERROR_UNAVAIL);
	assert_true(seen.bool_result);
	assert_int_equal(qx_stats(qx).ids, 0);
	platform_test_fd_put(fd);
}

/* Objects that are no memory; operations that memory does not have */
static int32_t body_map_wrong(struct qw_call *call)
{
	struct seen *seen = seen_of(call);
	struct qtee_msg_mem_map m;
	uint32_t id;

	if (!map(call, qw_io(call, 0), &m, &id, &seen->result[0]) ||
	    !map(call, qw_give(call->world, TEE_ID), &m, &id, &seen->result[1]))
		return QW_DIED;
	seen->result[2] = qw_callback_simple(call, qw_io(call, 1), 5);
	seen->result[3] = qw_callback_simple(call, qw_io(call, 1), 0);
	return 0;
}

static void test_map_wrong(void **state)
{
	struct qx *qx = *state;
	struct tee_ioctl_param params[2] = { p_ref(1, QTEE_OBJREF_USER) };
	struct seen seen;
	int id;
	int fd = qx_alloc(qx->ctx, 4096, &id);

	params[1] = p_ref(id, QTEE_OBJREF_MEM);
	run(qx, &seen, body_map_wrong, params, 2);
	for (int i = 0; i < 4; i++)
		assert_int_equal(seen.result[i], QTEE_ERROR_UNAVAIL);
	assert_int_equal(qw_n_refs(&qx->world), 0);
	assert_int_equal(qx_stats(qx).ids, 0);
	platform_test_fd_put(fd);
}

/* --- SMCs that fail --- */

struct failing {
	unsigned int func;	/* which function */
	int32_t status;
	void (*before)(struct qw_world *world, const struct smc_regs *in);
	struct seen seen;
};

static bool hook_fail_func(struct qw_world *world, const struct smc_regs *in,
			   struct smc_regs *out)
{
	struct failing *f = world->data;

	if (in->a[0] != f->func || !f->status)
		return false;
	if (f->before)
		f->before(world, in);
	out->a[0] = (uint32_t)f->status;
	return true;
}

static void see_ids(struct qw_world *world, const struct smc_regs *in)
{
	struct failing *f = world->data;
	struct qtee_msg_invoke *msg = (void *)in->a[2];

	f->seen.id = msg->args[QTEE_MSG_FIRST_IO(msg->counts)].o.id;
}

static int32_t body_call_seen(struct qw_call *call)
{
	struct failing *f = call->world->data;

	f->seen.result[0] = qw_callback_simple(call, f->seen.id, 1);
	return 0;
}

static void test_first_smc_fails(void **state)
{
	struct qx *qx = *state;
	struct failing f = { .func = QTEE_SMC_INVOKE, .status = -5, .before = see_ids };
	struct tee_ioctl_param params[2];
	int id;
	int fd = qx_alloc(qx->ctx, 4096, &id);

	params[0] = p_ref(1, QTEE_OBJREF_USER);
	params[1] = p_ref(id, QTEE_OBJREF_MEM);
	qx->world.data = &f;
	qx->world.hook = hook_fail_func;
	assert_int_equal(qx_invoke(qx->ctx, ROOT, 1, params, 2, NULL), -ENOMEM);
	assert_int_equal(qx_stats(qx).ids, 0);
	assert_true(f.seen.id & QTEE_MSG_OBJECT_NS_BIT);

	f.status = 0;
	qx->world.body = body_call_seen;
	qx_invoke_ok(qx->ctx, ROOT, 1, NULL, 0);
	assert_int_equal(f.seen.result[0], QTEE_ERROR_UNAVAIL);
	platform_test_fd_put(fd);
}

/* The answer to MAP_REGION does not get through: the mapping was not given away. */
static int32_t body_map_then_die(struct qw_call *call)
{
	struct failing *f = call->world->data;

	(void)map(call, qw_io(call, 0), &f->seen.map, &f->seen.id, &f->seen.result[0]);
	return QW_DIED;
}

static void test_cb_rsp_fails(void **state)
{
	struct qx *qx = *state;
	struct failing f = { .func = QTEE_SMC_CB_RSP, .status = -4 };
	struct tee_ioctl_param params[1];
	int id;
	int fd = qx_alloc(qx->ctx, 4096, &id);

	params[0] = p_ref(id, QTEE_OBJREF_MEM);
	qx->world.data = &f;
	qx->world.hook = hook_fail_func;
	qx->world.body = body_map_then_die;
	assert_int_equal(qx_invoke(qx->ctx, ROOT, 1, params, 1, NULL), -ENODEV);
	/* What the direct message gave is the QTEE's, as long as it lives. */
	assert_int_equal(qx_stats(qx).ids, 1);
	platform_test_fd_put(fd);
	assert_int_equal(platform_test_counts().pages, 3);
	qx_replace_world(qx);
	assert_int_equal(qx_stats(qx).ids, 0);
	assert_int_equal(platform_test_counts().pages, 2);
	qx->world.hook = NULL;
	qx->world.body = NULL;
}

/* Releases that stand behind the callback when the next SMC fails */
static void put_release(struct qw_world *world, const struct smc_regs *in)
{
	struct failing *f = world->data;
	uint32_t words[4] = { QTEE_MSG_ASYNC_VERSION_1_0, QTEE_MSG_ASYNC_OP_RELEASE, 1,
			      f->seen.id };

	memcpy((uint8_t *)in->a[2] + QTEE_MSG_PAYLOAD(0), words, sizeof(words));
}

static int32_t body_yield_then_die(struct qw_call *call)
{
	struct failing *f = call->world->data;

	f->seen.id = qw_io(call, 0);
	(void)qw_callback_simple(call, PRIMORDIAL, 1);
	return QW_DIED;
}

static void test_async_with_failure(void **state)
{
	struct qx *qx = *state;
	struct failing f = { .func = QTEE_SMC_CB_RSP, .status = -4, .before = put_release };
	struct tee_ioctl_param params[1] = { p_ref(1, QTEE_OBJREF_USER) };

	qx->world.data = &f;
	qx->world.hook = hook_fail_func;
	qx->world.body = body_yield_then_die;
	assert_int_equal(qx_invoke(qx->ctx, ROOT, 1, params, 1, NULL), -ENODEV);
	assert_int_equal(qx_stats(qx).ids, 0);
	qx_replace_world(qx);
	qx->world.hook = NULL;
}

/* --- RETAIN and RELEASE --- */

static int32_t body_retain(struct qw_call *call)
{
	struct seen *seen = seen_of(call);
	uint32_t id = qw_io(call, 0);

	seen->result[0] = qw_callback_simple(call, id, QTEE_MSG_OP_RETAIN);
	seen->result[1] = qw_callback_simple(call, id, QTEE_MSG_OP_RELEASE);
	seen->result[2] = qw_callback_simple(call, id, 7);
	seen->result[3] = qw_callback_simple(call, id, QTEE_MSG_OP_RELEASE);
	seen->result[4] = qw_callback_simple(call, id, 7);
	return 0;
}

static void test_retain(void **state)
{
	struct qx *qx = *state;
	struct tee_ioctl_param params[1] = { p_ref(1, QTEE_OBJREF_USER) };
	struct qx_server server;
	struct seen seen;

	qx->world.keep = true;
	qx_server_start(&server, qx->ctx, 1, qx_serve_nothing);
	run(qx, &seen, body_retain, params, 1);
	for (int i = 0; i < 4; i++)
		assert_int_equal(seen.result[i], 0);
	assert_int_equal(seen.result[4], QTEE_ERROR_UNAVAIL);
	qx_wait_for(&server.n_notices, 1);
	assert_int_equal(atomic_load(&server.n_served), 1);
	assert_int_equal(qx_stats(qx).ids, 0);
	qx_server_stop(&server);
}

/* RELEASE with arguments is none: they go back, the id stays. */
static int32_t body_release_with_args(struct qw_call *call)
{
	struct qw_cb cb = { .cxt = qw_io(call, 0), .op = QTEE_MSG_OP_RELEASE, .n_io = 1,
			    .io = { qw_give(call->world, TEE_ID) } };

	if (!qw_callback(call, &cb))
		return QW_DIED;
	seen_of(call)->result[0] = cb.result;
	return 0;
}

static void test_release_with_args(void **state)
{
	struct qx *qx = *state;
	struct tee_ioctl_param params[1] = { p_ref(1, QTEE_OBJREF_USER) };
	struct seen seen;

	run(qx, &seen, body_release_with_args, params, 1);
	assert_int_equal(seen.result[0], QTEE_ERROR_UNAVAIL);
	assert_int_equal(qw_n_refs(&qx->world), 0);
	assert_int_equal(qx_stats(qx).lost_async, 0);
}

/* --- what is read twice may have changed --- */

static int32_t body_grow_output(struct qw_call *call)
{
	struct seen *seen = seen_of(call);
	struct qtee_msg_callback *msg = (void *)call->out;
	struct qw_cb cb = { .cxt = qw_io(call, 0), .op = 1, .n_ob = 1, .ob = { seen->bytes },
			    .ob_size = { 8 } };

	qw_callback_write(call, &cb);
	/* Spoilt by the server while it has the request: see serve_and_flip(). */
	seen->map.paddr = (uint64_t)call->out;
	if (!qw_callback_send(call))
		return QW_DIED;
	seen->result[0] = (int32_t)msg->result;
	seen->id = msg->args[0].b.size;
	seen->bool_result = !call->out[32] && !call->out[40];
	return 0;
}

static uint32_t serve_and_flip(struct qx_server *server, struct qx_req *req)
{
	struct seen *seen = server->data;
	struct qtee_msg_callback *msg = (void *)seen->map.paddr;
	static const char data[64] = "0123456789";

	msg->args[0].b.size = 64;
	msg->args[0].b.offset = 4000;
	msg->counts = 0xf;
	req->params[1].a = (uintptr_t)data;
	req->params[1].b = 8;
	return 0;
}

static void test_double_fetch(void **state)
{
	struct qx *qx = *state;
	struct tee_ioctl_param params[1] = { p_ref(1, QTEE_OBJREF_USER) };
	struct qx_server server;
	struct seen seen = {};

	qx_server_start(&server, qx->ctx, 1, serve_and_flip);
	server.data = &seen;
	qx->world.data = &seen;
	qx->world.body = body_grow_output;
	qx_invoke_ok(qx->ctx, ROOT, 1, params, 1);
	qx_server_stop(&server);
	assert_int_equal(seen.result[0], 0);
	assert_int_equal(seen.id, 8);
	assert_true(seen.bool_result);
}

int main(void)
{
	QX_ADD_ROWS(shape_rows, test_shape, qx_setup);
	qx_add("qtee D-23 primordial, also with bits of the transport", test_primordial, qx_setup,
	       NULL);
	qx_add("qtee D-27, qtee D-46 objects that nobody wants", test_yield_with_object, qx_setup,
	       NULL);
	qx_add("qtee D-21, qtee KD-2 a bad input object", test_bad_io, qx_setup, NULL);
	qx_add("qtee D-31 endless YIELD, killed", test_kill_yield, qx_setup, NULL);
	qx_add("qtee D-26 endless SLEEP, killed", test_kill_sleep, qx_setup, NULL);
	qx_add("qtee memory is mapped", test_map, qx_setup, NULL);
	qx_add("qtee D-49 memory is mapped twice", test_map_twice, qx_setup, NULL);
	qx_add("qtee mapping outlives the client", test_map_outlives, qx_setup, NULL);
	qx_add("qtee D-48 stop and start while memory is mapped", test_remove_with_mapping,
	       qx_setup, NULL);
	qx_add("qtee D-45 MAP_REGION with a small output", test_map_small, qx_setup, NULL);
	qx_add("qtee D-47, qtee KD-6 what is not memory, what memory does not do", test_map_wrong,
	       qx_setup, NULL);
	qx_add("qtee D-13, qtee KD-3 first SMC fails", test_first_smc_fails, qx_setup, NULL);
	qx_add("qtee D-25 answer to MAP_REGION fails", test_cb_rsp_fails, qx_setup, NULL);
	qx_add("qtee D-34 releases that come with a failure", test_async_with_failure, qx_setup,
	       NULL);
	qx_add("qtee D-22, qtee KD-12 RETAIN", test_retain, qx_setup, NULL);
	qx_add("qtee RELEASE with arguments", test_release_with_args, qx_setup, NULL);
	qx_add("qtee D-30 the size changes meanwhile", test_double_fetch, qx_setup, NULL);
	return qx_run("qtee callback");
}
