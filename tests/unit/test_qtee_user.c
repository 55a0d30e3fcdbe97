/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Objects that a client hosts: SUPPL_RECV, SUPPL_SEND, notices. Rows of the table
 * of negative tests (tee-uapi facts, section 8) carry their number, defects of
 * earlier drivers (QTEE facts, section 8) their id.
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
#define USER(id) p_ref(id, QTEE_OBJREF_USER)

/* The world makes one callback of any shape; to id 0: to its first input object */
struct script {
	struct qw_cb cb;
	uint8_t room[4][64];
	struct qw_cb done;
};

/* Several invocations may run one script. */
static pthread_mutex_t script_lock = PTHREAD_MUTEX_INITIALIZER;

static int32_t body_script(struct qw_call *call)
{
	struct script *s = call->world->data;
	struct qw_cb cb = s->cb;

	if (!cb.cxt)
		cb.cxt = qw_io(call, 0);
	for (unsigned int i = 0; i < cb.n_ob && i < 4; i++)
		cb.ob[i] = s->room[i];
	for (unsigned int i = 0; i < cb.n_io; i++)
		if (cb.io[i] == TEE_ID)
			qw_give(call->world, TEE_ID);
	if (!qw_callback(call, &cb))
		return QW_DIED;
	pthread_mutex_lock(&script_lock);
	s->done = cb;
	pthread_mutex_unlock(&script_lock);
	return 0;
}

/* Start an invocation with object @id, which is called back as @s says. */
static void start(struct qx *qx, struct qx_job *job, struct script *s, uint64_t id)
{
	struct tee_ioctl_param params[1] = { USER(id) };

	qx->world.data = s;
	qx->world.body = body_script;
	qx_job_start(job, qx->ctx, ROOT, 1, params, 1);
}

static void finish(struct qx_job *job)
{
	qx_job_join(job);
	assert_int_equal(job->rc, 0);
	assert_int_equal(job->ret, 0);
}

/* --- the tables --- */

struct recv_row {
	const char *name;
	struct tee_ioctl_param p0;
	uint64_t attr1;
	uint32_t n;
	long expect;
};

static const struct recv_row recv_rows[] = {
	{ "core N137 attribute 0x100", { .attr = 0x100 }, 0, 2, -EINVAL },
	{ "core N137 attribute 3", { .attr = 3 }, 0, 2, -EINVAL },
	{ "core N137 no parameter", {}, 0, 0, -EINVAL },
	{ "core N138 address not 8-aligned", { .attr = 0x103, .a = 0x1004, .b = 64 }, 0, 2,
	  -EINVAL },
	{ "qtee RECV with another attribute", { .attr = 0x103 }, 9, 2, -EINVAL },
	{ "qtee RECV into the kernel half", { .attr = 0x103, .a = 1ull << 63, .b = 64 }, 0, 2,
	  -EFAULT },
};

static void test_recv(void **state)
{
	struct qx *qx = *state;
	const struct recv_row *row = qx->row;
	struct qx_req req = { .num_params = row->n, .params = { row->p0, { .attr = row->attr1 } } };

	assert_int_equal(qx_ioctl(qx->ctx, TEE_IOC_SUPPL_RECV, &req, 8 + 32 * row->n),
			 row->expect);
}

struct send_row {
	const char *name;
	uint64_t attr;
	uint64_t id;
};

static const struct send_row send_rows[] = {
	{ "core N140 unknown request id", 0x102, 7 },
	{ "core N140 request id of 33 bits", 0x102, 1ull << 32 },
	{ "qtee SEND with attribute 0x103", 0x103, 0 },
	{ "qtee SEND with attribute 2", 2, 0 },
};

static void test_send(void **state)
{
	struct qx *qx = *state;
	const struct send_row *row = qx->row;
	struct qx_req req = { .num_params = 1, .params = { { .attr = row->attr, .a = row->id } } };

	assert_int_equal(qx_ioctl(qx->ctx, TEE_IOC_SUPPL_SEND, &req, 40), -EINVAL);
	req.num_params = 0;
	assert_int_equal(qx_ioctl(qx->ctx, TEE_IOC_SUPPL_SEND, &req, 8), -EINVAL);
}

/* --- a whole exchange --- */

static void test_exchange(void **state)
{
	struct qx *qx = *state;
	struct script s = { .cb = {
		.op = 0x10000 | 9, .n_ib = 2, .ib = { "input", "second one" }, .ib_size = { 5, 10 },
		.n_ob = 2, .ob_size = { 16, 8 }, .n_io = 2, .io = { TEE_ID, 0 }, .n_oo = 2,
	} };
	uint64_t room[32];
	struct qx_job job;
	struct qx_req req;

	start(qx, &job, &s, 0x123456789a);
	assert_int_equal(qx_recv_raw(qx->ctx, &req, 12, room, 100), 0);
	assert_int_equal(req.word, 9);
	assert_int_equal(req.num_params, 9);
	assert_int_equal(req.params[0].attr, 0x103);
	assert_int_equal(req.params[0].a, 0x123456789a);
	assert_int_equal(req.params[0].b, 0);
	assert_int_equal(req.params[0].c, 0);
	/* Data from the end of the room downwards, each 8-aligned */
	assert_int_equal(req.params[1].attr, 8);
	assert_int_equal(req.params[1].a, (uintptr_t)room + 88);
	assert_memory_equal((void *)req.params[1].a, "input", 5);
	assert_int_equal(req.params[2].a, (uintptr_t)room + 72);
	assert_memory_equal((void *)req.params[2].a, "second one", 10);
	assert_int_equal(req.params[3].attr, 9);
	assert_int_equal(req.params[3].a, 0);
	assert_int_equal(req.params[3].b, 16);
	assert_int_equal(req.params[5].attr, 11);
	assert_int_equal(req.params[5].b, QTEE_OBJREF_TEE);
	assert_int_equal(req.params[6].a, TEE_OBJREF_NULL);
	assert_int_equal(req.params[7].attr, 12);

	req.params[3] = p_out("0123456789abcdef", 12);
	req.params[4].b = 0;
	req.params[7] = (struct tee_ioctl_param){ .attr = 12, .a = 55, .b = QTEE_OBJREF_USER };
	req.params[8] = (struct tee_ioctl_param){ .attr = 12, .a = req.params[5].a,
						  .b = QTEE_OBJREF_TEE };
	assert_int_equal(qx_send(qx->ctx, &req, 0), 0);
	finish(&job);
	assert_int_equal(s.done.result, 0);
	assert_int_equal(s.done.ob_size[0], 12);
	assert_memory_equal(s.room[0], "0123456789ab", 12);
	assert_int_equal(s.done.ob_size[1], 0);
	assert_true(s.done.oo[0] & QTEE_MSG_OBJECT_NS_BIT);
	assert_int_equal(s.done.oo[1], TEE_ID);

	qx_expect_notice(qx->ctx, 0x123456789a);
	/* The world keeps what it was given. */
	assert_int_equal(qx_stats(qx).ids, 1);
	/* An answer is given once. */
	assert_int_equal(qx_send(qx->ctx, &req, 0), -EINVAL);
	assert_int_equal(qx_release(qx->ctx, req.params[5].a), 0);
	qx_settle(qx);
	assert_int_equal(qw_n_refs(&qx->world), 0);
	qcomtee_world_gone(qx->q);
	qx_expect_notice(qx->ctx, 55);
}

/* The number of a request exists once it was received. */
static void test_send_before_recv(void **state)
{
	struct qx *qx = *state;
	struct script s = { .cb = { .op = 1 } };
	struct qx_job job;
	struct qx_req req = { .num_params = 1 };

	start(qx, &job, &s, 1);
	qx_wait_queued(qx->ctx, 1);
	assert_int_equal(qx_send(qx->ctx, &req, 0), -EINVAL);
	assert_int_equal(qx_recv(qx->ctx, &req), 0);
	assert_int_equal(qx_send(qx->ctx, &req, 0), 0);
	finish(&job);
}

static void test_too_small(void **state)
{
	struct qx *qx = *state;
	struct script s = { .cb = { .op = 1, .n_ib = 2, .ib = { "12345678", "x" },
				    .ib_size = { 8, 1 } } };
	uint64_t room[2];
	struct qx_job job;
	struct qx_req req;

	start(qx, &job, &s, 1);
	assert_int_equal(qx_recv_raw(qx->ctx, &req, 3, room, 15), -EINVAL);
	assert_int_equal(qx_recv_raw(qx->ctx, &req, 3, room, 0), -EINVAL);
	assert_int_equal(qx_recv_raw(qx->ctx, &req, 2, room, 16), -EINVAL);
	assert_int_equal(qx_recv_raw(qx->ctx, &req, 3, room, 16), 0);
	assert_int_equal(qx_send(qx->ctx, &req, 0), 0);
	finish(&job);
}

static void test_unwritable_room(void **state)
{
	struct qx *qx = *state;
	struct script s = { .cb = { .op = 1, .n_ib = 1, .ib = { "12345678" }, .ib_size = { 8 },
				    .n_io = 1, .io = { TEE_ID } } };
	void *ro = mmap(NULL, 4096, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	struct qx_job job;
	struct qx_req req;

	start(qx, &job, &s, 1);
	for (int i = 0; i < 3; i++)
		assert_int_equal(qx_recv_raw(qx->ctx, &req, 8, ro, 4096), -EFAULT);
	assert_int_equal(qx_recv(qx->ctx, &req), 0);
	/* It was not handed out before. */
	assert_int_equal(req.params[2].a, 0);
	assert_int_equal(qx_send(qx->ctx, &req, 0), 0);
	finish(&job);
	munmap(ro, 4096);
}

/* --- answers that are not valid --- */

struct answer_row {
	const char *name;
	void (*spoil)(struct qx_req *req);
	long expect;
};

static void spoil_too_large(struct qx_req *req)
{
	req->params[2] = p_out("0123456789", 9);
}

static void spoil_too_few(struct qx_req *req)
{
	req->num_params = 2;
}

static void spoil_only_meta(struct qx_req *req)
{
	req->num_params = 1;
}

static void spoil_too_many(struct qx_req *req)
{
	req->params[req->num_params++].attr = 0;
}

static void spoil_kinds(struct qx_req *req)
{
	req->params[2] = (struct tee_ioctl_param){ .attr = 12, .a = TEE_OBJREF_NULL };
}

static void spoil_object_kind(struct qx_req *req)
{
	req->params[4] = p_out("x", 1);
}

static void spoil_object(struct qx_req *req)
{
	req->params[5].a = 99;
	req->params[5].b = QTEE_OBJREF_TEE;
}

static void spoil_flags(struct qx_req *req)
{
	req->params[5].a = 99;
	req->params[5].b = 0;
}

static void spoil_memory(struct qx_req *req)
{
	req->params[5].a = 1;
	req->params[5].b = QTEE_OBJREF_MEM;
}

static void spoil_unreadable(struct qx_req *req)
{
	req->params[2] = p_out((void *)4096, 8);
}

static const struct answer_row answer_rows[] = {
	{ "core N141, qtee D-67 one byte more than offered", spoil_too_large, -EINVAL },
	{ "qtee KD-4 too few parameters", spoil_too_few, -EINVAL },
	{ "qtee KD-4 no parameters", spoil_only_meta, -EINVAL },
	{ "qtee D-68 too many parameters", spoil_too_many, -EINVAL },
	{ "qtee D-70 a buffer answered as an object", spoil_kinds, -EINVAL },
	{ "qtee D-70 an object answered as a buffer", spoil_object_kind, -EINVAL },
	{ "qtee D-72 the second object is bad", spoil_object, -EINVAL },
	{ "qtee D-72 the second object has no flag", spoil_flags, -EINVAL },
	{ "qtee D-72 the second object is no memory", spoil_memory, -EINVAL },
	{ "qtee SEND from unmapped memory", spoil_unreadable, -EFAULT },
};

static void test_answer(void **state)
{
	struct qx *qx = *state;
	const struct answer_row *row = qx->row;
	struct script s = { .cb = { .op = 1, .n_ib = 1, .ib = { "x" }, .ib_size = { 1 }, .n_ob = 2,
				    .ob_size = { 8, 8 }, .n_oo = 2 } };
	struct qx_job job;
	struct qx_req req;

	start(qx, &job, &s, 1);
	assert_int_equal(qx_recv(qx->ctx, &req), 0);
	req.params[2] = p_out("01234567", 8);
	req.params[3].b = 0;
	req.params[4].a = 10;
	req.params[4].b = QTEE_OBJREF_USER;
	req.params[5].a = TEE_OBJREF_NULL;
	row->spoil(&req);
	assert_int_equal(qx_send(qx->ctx, &req, 0), row->expect);
	finish(&job);
	assert_int_equal((int32_t)s.done.result, QTEE_ERROR_UNAVAIL);
	/* It was consumed; the host knows that its object was not taken. */
	assert_int_equal(qx_send(qx->ctx, &req, 0), -EINVAL);
	qx_expect_notice(qx->ctx, 1);
	qx_expect_silence(qx, qx->ctx);
	assert_int_equal(qx_stats(qx).ids, 0);
}

struct word_row {
	const char *name;
	uint32_t word;
};

static const struct word_row word_rows[] = {
	{ "qtee D-71 a result of the interface", 0x0afafafa },
	{ "qtee KD-16 UNAVAIL", (uint32_t)QTEE_ERROR_UNAVAIL },
	{ "qtee KD-16 DEFUNCT", (uint32_t)QTEE_ERROR_DEFUNCT },
	{ "qtee KD-16 -22", (uint32_t)-22 },
	{ "qtee result 1", 1 },
};

static void test_word(void **state)
{
	struct qx *qx = *state;
	const struct word_row *row = qx->row;
	struct script s = { .cb = { .op = 1, .n_ob = 1, .ob_size = { 8 }, .n_oo = 1 } };
	struct qx_job job;
	struct qx_req req;

	start(qx, &job, &s, 1);
	assert_int_equal(qx_recv(qx->ctx, &req), 0);
	/* Arguments do not count then. */
	req.params[1].b = 1000;
	assert_int_equal(qx_send(qx->ctx, &req, row->word), 0);
	finish(&job);
	assert_int_equal(s.done.result, row->word);
}

static bool hook_fail(struct qw_world *world, const struct smc_regs *in, struct smc_regs *out)
{
	out->a[0] = (uint32_t)QTEE_SMC_STATUS_ERROR_NOMEM;
	return true;
}

static bool hook_fail_answer(struct qw_world *world, const struct smc_regs *in,
			     struct smc_regs *out)
{
	return in->a[0] == QTEE_SMC_CB_RSP && hook_fail(world, in, out);
}

/* An id that the world keeps */
static uint32_t kept_id;

static int32_t body_keep_first(struct qw_call *call)
{
	uint32_t *kept = call->world->data;

	*kept = qw_io(call, 0);
	return 0;
}

/* The call failed after a callback: the host has forgotten the object. */
static int32_t body_yield_and_die(struct qw_call *call)
{
	*(uint32_t *)call->world->data = qw_io(call, 0);
	(void)qw_callback_simple(call, QTEE_MSG_OBJECT_PRIMORDIAL, 1);
	return QW_DIED;
}

static int32_t body_call_kept(struct qw_call *call)
{
	uint32_t *kept = call->world->data;
	uint32_t id = *kept;

	*kept = (uint32_t)qw_callback_simple(call, id, 1);
	qw_async_release(call, &id, 1);
	return 0;
}

static void test_dead_object(void **state)
{
	struct qx *qx = *state;
	struct tee_ioctl_param params[1] = { USER(3) };
	struct script s = { .cb = { .op = 1 } };
	struct qx_job job;
	struct qx_req req;

	qx->world.data = &kept_id;
	qx->world.hook = hook_fail_answer;
	qx->world.body = body_yield_and_die;
	assert_int_equal(qx_invoke(qx->ctx, ROOT, 1, params, 1, NULL), -ENODEV);
	qx->world.hook = NULL;
	assert_int_equal(qx_stats(qx).ids, 1);
	qx->world.body = body_call_kept;
	qx_invoke_ok(qx->ctx, ROOT, 1, NULL, 0);
	assert_int_equal((int32_t)kept_id, QTEE_ERROR_DEFUNCT);
	assert_int_equal(qx_stats(qx).ids, 0);
	qx_expect_silence(qx, qx->ctx);
	/* Others of the client are not harmed. */
	start(qx, &job, &s, 4);
	assert_int_equal(qx_recv(qx->ctx, &req), 0);
	assert_int_equal(req.params[0].a, 4);
	assert_int_equal(qx_send(qx->ctx, &req, 0), 0);
	finish(&job);
	qw_kill(&qx->world);
	qcomtee_world_gone(qx->q);
}

/* --- who leaves --- */

static void test_kill_queued(void **state)
{
	struct qx *qx = *state;
	struct script s = { .cb = { .op = 1 } };
	struct qx_job job;

	start(qx, &job, &s, 1);
	qx_wait_queued(qx->ctx, 1);
	task_kill(&job.task);
	finish(&job);
	assert_int_equal((int32_t)s.done.result, QTEE_ERROR_DEFUNCT);
	qx_expect_notice(qx->ctx, 1);
	qx_expect_silence(qx, qx->ctx);
}

static void test_kill_processing(void **state)
{
	struct qx *qx = *state;
	struct script s = { .cb = { .op = 1 } };
	struct qx_job job;
	struct qx_req req, other;

	start(qx, &job, &s, 1);
	assert_int_equal(qx_recv(qx->ctx, &req), 0);
	task_kill(&job.task);
	finish(&job);
	assert_int_equal((int32_t)s.done.result, QTEE_ERROR_DEFUNCT);
	qx_expect_notice(qx->ctx, 1);
	/* Its number is not given to another one before the late answer. */
	start(qx, &job, &s, 2);
	assert_int_equal(qx_recv(qx->ctx, &other), 0);
	assert_int_not_equal(other.params[0].b, req.params[0].b);
	assert_int_equal(qx_send(qx->ctx, &req, 0), -EINVAL);
	assert_int_equal(qx_send(qx->ctx, &other, 0), 0);
	finish(&job);
	assert_int_equal(s.done.result, 0);
}

/* The server closes, while a client of another context waits for it. */
static void test_server_closes(void **state)
{
	struct qx *qx = *state;
	struct tee_context *server = qx_open(qx);
	struct tee_ioctl_param params[1] = { USER(9) };
	struct script s = { .cb = { .op = 1 } };
	struct qx_job jobs[2];
	struct qx_req req;

	qx->world.data = &kept_id;
	qx->world.keep = true;
	qx->world.body = body_keep_first;
	qx_invoke_ok(server, ROOT, 1, params, 1);
	s.cb.cxt = kept_id;
	qx->world.data = &s;
	qx->world.body = body_script;
	for (int i = 0; i < 2; i++)
		qx_job_start(&jobs[i], qx->ctx, ROOT, 1, NULL, 0);
	assert_int_equal(qx_recv(server, &req), 0);
	qx_wait_queued(server, 1);
	assert_false(atomic_load(&jobs[0].done) || atomic_load(&jobs[1].done));
	tee_cdev_release(server);
	for (int i = 0; i < 2; i++)
		finish(&jobs[i]);
	assert_int_equal((int32_t)s.done.result, QTEE_ERROR_DEFUNCT);

	/* Later calls as well; the object goes without a notice. */
	s.done.result = 0;
	qx_invoke_ok(qx->ctx, ROOT, 1, NULL, 0);
	assert_int_equal((int32_t)s.done.result, QTEE_ERROR_DEFUNCT);
	assert_int_equal(qx_stats(qx).ids, 1);
	qcomtee_world_gone(qx->q);
	assert_int_equal(qx_stats(qx).ids, 0);
	qw_kill(&qx->world);
}

static void test_timeout(void **state)
{
	struct qx *qx = *state;
	struct script s = { .cb = { .op = 1 } };
	struct qx_job job;
	struct qx_req req;

	qx->pdata.callback_timeout_ms = 50;
	assert_int_equal(qx_probe(qx), 0);
	start(qx, &job, &s, 1);
	assert_int_equal(qx_recv(qx->ctx, &req), 0);
	finish(&job);
	assert_int_equal((int32_t)s.done.result, QTEE_ERROR_TIMEOUT);
	assert_int_equal(qx_send(qx->ctx, &req, 0), -EINVAL);
	qx_expect_notice(qx->ctx, 1);
}

/* --- no memory --- */

/* In the thread of the client: the dispatcher's allocations */
static void *fault_client(void *data)
{
	struct qx *qx = data;
	struct tee_ioctl_param params[2] = { USER(1), p_oo() };
	struct task_struct task;
	bool hit = true;

	task_init(&task);
	task.uaccess = &uaccess_inprocess_ops;
	task_enter(&task);
	for (int n = 1; hit && n < 60; n++) {
		kfault_set(n);
		(void)qx_invoke(qx->ctx, ROOT, 1, params, 2, NULL);
		hit = kfault_hit();
		kfault_clear();
		params[0] = USER(1);
		params[1] = p_oo();
	}
	task_leave(&task);
	return NULL;
}

static uint32_t serve_objects(struct qx_server *server, struct qx_req *req)
{
	req->params[2] = p_out("data", 4);
	req->params[4].a = 50;
	req->params[4].b = QTEE_OBJREF_USER;
	return 0;
}

static void test_faults_client(void **state)
{
	struct qx *qx = *state;
	struct script s = { .cb = { .op = 1, .n_ib = 1, .ib = { "x" }, .ib_size = { 1 }, .n_ob = 1,
				    .ob_size = { 8 }, .n_io = 1, .io = { TEE_ID }, .n_oo = 1 } };
	struct qx_server server;
	pthread_t thread;

	qx->world.data = &s;
	qx->world.body = body_script;
	qx_server_start(&server, qx->ctx, 1, serve_objects);
	assert_int_equal(pthread_create(&thread, NULL, fault_client, qx), 0);
	pthread_join(thread, NULL);
	qx_server_stop(&server);
	tee_cdev_release(qx->ctx);
	qx->ctx = NULL;
	qx_settle(qx);
	assert_int_equal(qw_n_refs(&qx->world), 0);
}

/* In the thread of the server: each step of RECV, then of SEND */
static void test_faults_server(void **state)
{
	struct qx *qx = *state;
	struct script s = { .cb = { .op = 1, .n_io = 1, .io = { TEE_ID }, .n_oo = 2 } };
	struct qx_job job;
	struct qx_req req;
	long rc;

	for (int n = 1; n < 12; n++) {
		start(qx, &job, &s, 1);
		qx_wait_queued(qx->ctx, 1);
		kfault_set(n);
		rc = qx_recv(qx->ctx, &req);
		kfault_clear();
		if (rc) {
			assert_int_equal(rc, -ENOMEM);
			/* The request is still there, or failed for want of memory. */
			qx->task.interrupted = qx_always;
			rc = qx_recv(qx->ctx, &req);
			qx->task.interrupted = NULL;
		}
		if (!rc && req.word == QTEE_OBJECT_OP_RELEASE)
			rc = -ENOENT;
		if (!rc) {
			req.params[2].a = req.params[3].a = 60;
			req.params[2].b = req.params[3].b = QTEE_OBJREF_USER;
			kfault_set(n);
			(void)qx_send(qx->ctx, &req, 0);
			kfault_clear();
			(void)qx_send(qx->ctx, &req, 1);
		}
		finish(&job);
		tee_cdev_release(qx->ctx);
		qx->ctx = qx_open(qx);
	}
	qx_settle(qx);
	assert_int_equal(qw_n_refs(&qx->world), 0);
}

/* Two threads answer one request: one of them does. */
struct race {
	struct tee_context *ctx;
	struct qx_req req;
	atomic_bool go;
	atomic_uint n_ok;
};

static void *race_main(void *data)
{
	struct race *race = data;
	struct qx_req req = race->req;
	struct task_struct task;

	task_init(&task);
	task.uaccess = &uaccess_inprocess_ops;
	task_enter(&task);
	while (!atomic_load(&race->go))
		;
	if (!qx_send(race->ctx, &req, 0))
		atomic_fetch_add(&race->n_ok, 1);
	task_leave(&task);
	return NULL;
}

static void test_two_answers(void **state)
{
	struct qx *qx = *state;
	struct script s = { .cb = { .op = 1 } };

	for (int i = 0; i < 200; i++) {
		struct race race = { .ctx = qx->ctx };
		pthread_t threads[2];
		struct qx_job job;

		start(qx, &job, &s, 1);
		assert_int_equal(qx_recv(qx->ctx, &race.req), 0);
		for (int k = 0; k < 2; k++)
			pthread_create(&threads[k], NULL, race_main, &race);
		atomic_store(&race.go, true);
		if (i % 2)
			task_kill(&job.task);
		for (int k = 0; k < 2; k++)
			pthread_join(threads[k], NULL);
		finish(&job);
		if (i % 2)
			assert_true(atomic_load(&race.n_ok) <= 1);
		else
			assert_int_equal(atomic_load(&race.n_ok), 1);
		qx_expect_notice(qx->ctx, 1);
	}
}

int main(void)
{
	QX_ADD_ROWS(recv_rows, test_recv, qx_setup);
	QX_ADD_ROWS(send_rows, test_send, qx_setup);
	qx_add("qtee an exchange", test_exchange, qx_setup, NULL);
	qx_add("qtee KD-17 SEND before RECV", test_send_before_recv, qx_setup, NULL);
	qx_add("core N139, qtee KD-18 room that is too small", test_too_small, qx_setup, NULL);
	qx_add("qtee D-73, qtee D-74 room that is not writable", test_unwritable_room, qx_setup,
	       NULL);
	QX_ADD_ROWS(answer_rows, test_answer, qx_setup);
	QX_ADD_ROWS(word_rows, test_word, qx_setup);
	qx_add("qtee object that its host has forgotten", test_dead_object, qx_setup, NULL);
	qx_add("qtee D-63 killed while queued", test_kill_queued, qx_setup, NULL);
	qx_add("qtee D-63 killed while processed", test_kill_processing, qx_setup, NULL);
	qx_add("qtee D-75, qtee D-77 server closes", test_server_closes, qx_setup, NULL);
	qx_add("qtee D-76 timeout", test_timeout, qx_setup_world, NULL);
	qx_add("qtee D-64 no memory for a callback", test_faults_client, qx_setup, NULL);
	qx_add("qtee no memory in the server", test_faults_server, qx_setup, NULL);
	qx_add("qtee D-69 two answers, and a client that is killed", test_two_answers, qx_setup,
	       NULL);
	return qx_run("qtee user");
}
