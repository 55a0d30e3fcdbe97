/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Giving objects back, the death of a QTEE, many threads. Defects of earlier drivers
 * (QTEE facts, section 8) carry their id.
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

#include "base/kernel/kmem.h"
#include "normal/tee/tee_cdev.h"
#include "platform_test.h"
#include "qtee_fixture.h"

#define TEE_ID 100u
#define USER(id) p_ref(id, QTEE_OBJREF_USER)

static int32_t body_give(struct qw_call *call)
{
	for (unsigned int i = 0; i < QTEE_MSG_NUM_OO(call->msg->counts); i++)
		qw_oo(call, i, qw_give(call->world, TEE_ID + i));
	return 0;
}

static void give(struct qx *qx, unsigned int n)
{
	struct tee_ioctl_param params[15];

	qx->world.body = body_give;
	for (unsigned int i = 0; i < n; i++)
		params[i] = p_oo();
	qx_invoke_ok(qx->ctx, ROOT, 1, params, n);
	qx->world.body = NULL;
}

static void wait_for_releases(struct qx *qx, size_t left)
{
	for (int i = 0; i < 10000 && qx_stats(qx).releases != left; i++)
		usleep(1000);
	assert_int_equal(qx_stats(qx).releases, left);
}

/* --- giving back --- */

struct status {
	int32_t status;
	int left;		/* so often, -1: always */
};

static bool hook_status(struct qw_world *world, const struct smc_regs *in, struct smc_regs *out)
{
	struct status *s = world->data;

	if (!s->left)
		return false;
	if (s->left > 0)
		s->left--;
	out->a[0] = (uint32_t)s->status;
	return true;
}

/* Tried some times, then given up. */
static void test_release_fails(void **state)
{
	struct qx *qx = *state;
	struct status s = { QTEE_SMC_STATUS_ERROR_NOT_SUPPORTED, -1 };

	give(qx, 10);
	qx->world.data = &s;
	qx->world.hook = hook_status;
	atomic_store(&qx->world.n_smc, 0);
	for (int i = 0; i < 10; i++)
		qx_release(qx->ctx, i);
	qx_settle(qx);
	assert_int_equal(atomic_load(&qx->world.n_smc), 10 * QCOMTEE_MAX_RELEASE_TRIES);
	assert_int_equal(qx_stats(qx).lost_releases, 10);
	assert_int_equal(qx_stats(qx).tee_objects, 0);
	qx->world.hook = NULL;
	qx->refs_lost = 10;
}

static void test_release_retried(void **state)
{
	struct qx *qx = *state;
	struct status s = { QTEE_SMC_STATUS_ERROR_NOMEM, 0 };

	qx->world.data = &s;
	qx->world.hook = hook_status;
	for (int i = 0; i < 3; i++) {
		give(qx, 1);
		s.left = i;
		qx_release(qx->ctx, 0);
		qx_settle(qx);
		assert_int_equal(qw_n_refs(&qx->world), 0);
	}
	assert_int_equal(qx_stats(qx).lost_releases, 0);
}

static int32_t body_refuse(struct qw_call *call)
{
	return QTEE_ERROR_INVALID;
}

static void test_release_refused(void **state)
{
	struct qx *qx = *state;

	give(qx, 1);
	qx->world.release = body_refuse;
	qx_release(qx->ctx, 0);
	qx_settle(qx);
	assert_int_equal(qx_stats(qx).lost_releases, 1);
}

/* The worker is without memory, for a while. */
static int32_t body_call_input(struct qw_call *call)
{
	return qw_callback_simple(call, qw_io(call, 0), 1) == QW_DIED ? QW_DIED : 0;
}

static void test_release_without_memory(void **state)
{
	struct qx *qx = *state;
	struct tee_ioctl_param params[1] = { USER(1) };
	struct qx_job job;
	struct qx_req req;

	give(qx, 1);
	/* The buffers that are kept are in use. */
	qx->world.body = body_call_input;
	qx_job_start(&job, qx->ctx, ROOT, 1, params, 1);
	assert_int_equal(qx_recv(qx->ctx, &req), 0);
	assert_int_equal(qx->q->n_idle, 0);
	atomic_store(&platform_test.alloc_failures, 3);
	atomic_store(&qx->world.n_released, 0);
	qx_release(qx->ctx, 0);
	qx_settle(qx);
	assert_int_equal(atomic_load(&platform_test.alloc_failures), 0);
	assert_int_equal(atomic_load(&qx->world.n_released), 1);
	assert_int_equal(qx_stats(qx).lost_releases, 0);
	assert_int_equal(qx_send(qx->ctx, &req, 0), 0);
	qx_job_join(&job);
}

/* RELEASE of object TEE_ID calls back a server, that of others does not. */
struct hung {
	uint32_t id;
	atomic_uint n_done;
	int32_t result;
};

static int32_t body_keep(struct qw_call *call)
{
	struct hung *h = call->world->data;

	h->id = qw_io(call, 0);
	return body_give(call);
}

static int32_t body_release_calls(struct qw_call *call)
{
	struct hung *h = call->world->data;
	int32_t result;

	if (call->msg->cxt > TEE_ID + 1)
		return 0;
	result = qw_callback_simple(call, h->id, 40 + call->msg->cxt - TEE_ID);
	if (result == QW_DIED)
		return QW_DIED;
	h->result = result;
	atomic_fetch_add(&h->n_done, 1);
	return 0;
}

/* A context that hosts object 1, which the world has in @h, and @n objects of it */
static struct tee_context *start_hung(struct qx *qx, struct hung *h, unsigned int n)
{
	struct tee_context *host = qx_open(qx);
	struct tee_ioctl_param params[1] = { USER(1) };
	struct tee_ioctl_param objects[16];

	memset(h, 0, sizeof(*h));
	qx->world.data = h;
	qx->world.keep = true;
	qx->world.body = body_keep;
	qx->world.release = body_release_calls;
	qx_invoke_ok(host, ROOT, 1, params, 1);
	qx->world.body = body_give;
	for (unsigned int i = 0; i < n; i++)
		objects[i] = p_oo();
	qx_invoke_ok(qx->ctx, ROOT, 1, objects, n);
	return host;
}

static void test_hung_server(void **state)
{
	struct qx *qx = *state;
	struct hung h;
	struct tee_context *host = start_hung(qx, &h, 15);

	/* Object 0 waits for its server. The others do not. */
	atomic_store(&qx->world.n_released, 0);
	assert_int_equal(qx_release(qx->ctx, 0), 0);
	for (int i = 2; i < 15; i++)
		assert_int_equal(qx_release(qx->ctx, i), 0);
	qx_wait_for(&qx->world.n_released, 14);
	wait_for_releases(qx, 1);
	assert_int_equal(atomic_load(&h.n_done), 0);

	tee_cdev_release(host);
	qx_settle(qx);
	assert_int_equal(atomic_load(&h.n_done), 1);
	assert_int_equal(h.result, QTEE_ERROR_DEFUNCT);
	assert_int_equal(qx_stats(qx).lost_releases, 0);
	qx->world.release = NULL;
}

/* Two that wait at once, and are answered in the other order */
static void test_two_waiting(void **state)
{
	struct qx *qx = *state;
	struct hung h;
	struct tee_context *host = start_hung(qx, &h, 2);
	struct qx_req reqs[2];

	for (int i = 0; i < 2; i++) {
		assert_int_equal(qx_release(qx->ctx, i), 0);
		assert_int_equal(qx_recv(host, &reqs[i]), 0);
		assert_int_equal(reqs[i].word, 40 + i);
	}
	for (int i = 1; i >= 0; i--) {
		assert_int_equal(qx_send(host, &reqs[i], 0), 0);
		qx_wait_for(&h.n_done, 2 - i);
		wait_for_releases(qx, i);
	}
	tee_cdev_release(host);
	qx->world.release = NULL;
}

/* The QTEE dies while a RELEASE waits for a server. */
static void test_waiting_and_gone(void **state)
{
	struct qx *qx = *state;
	struct hung h;
	struct tee_context *host = start_hung(qx, &h, 1);
	struct qx_req req;

	assert_int_equal(qx_release(qx->ctx, 0), 0);
	assert_int_equal(qx_recv(host, &req), 0);
	qx->world.release = NULL;
	qx->world.body = NULL;
	qx_replace_world(qx);
	qx_settle(qx);
	assert_int_equal(qx_send(host, &req, 0), -EINVAL);
	tee_cdev_release(host);
	assert_int_equal(qcomtee_reset(qx->q), 0);
	qx_invoke_ok(qx->ctx, ROOT, 1, NULL, 0);
}

static int32_t body_yield_for_ever(struct qw_call *call)
{
	while (qw_callback_simple(call, QTEE_MSG_OBJECT_PRIMORDIAL, 1) != QW_DIED)
		;
	return QW_DIED;
}

/* A RELEASE that the QTEE never ends does not keep the worker. */
static void test_endless_release(void **state)
{
	struct qx *qx = *state;

	give(qx, 2);
	qx->world.release = body_yield_for_ever;
	qx_release(qx->ctx, 0);
	qx_settle(qx);
	assert_int_equal(qx_stats(qx).lost_releases, 1);
	assert_int_equal(qx_stats(qx).abandoned, 1);
	qx->world.release = NULL;
	qx_release(qx->ctx, 1);
	qx_settle(qx);
	assert_int_equal(qx_stats(qx).lost_releases, 1);
	qx_replace_world(qx);
	assert_int_equal(qx_stats(qx).abandoned, 0);
}

/* --- a QTEE that dies --- */

static void test_reset(void **state)
{
	struct qx *qx = *state;
	struct tee_ioctl_param params[2] = { USER(1), p_ref(0, QTEE_OBJREF_TEE) };
	struct qx_server server;
	uint32_t ret;

	give(qx, 3);
	qx_server_start(&server, qx->ctx, 1, qx_serve_nothing);
	qw_kill(&qx->world);
	assert_int_equal(qx_invoke(qx->ctx, ROOT, 1, NULL, 0, NULL), -EIO);
	qcomtee_world_gone(qx->q);
	assert_int_equal(qx_invoke(qx->ctx, ROOT, 1, NULL, 0, NULL), -EIO);
	assert_int_equal(qcomtee_reset(qx->q), -ENODEV);
	qw_restart(&qx->world);
	assert_int_equal(qx_invoke(qx->ctx, ROOT, 1, NULL, 0, NULL), -EIO);
	assert_int_equal(qcomtee_reset(qx->q), 0);

	/* Objects of the old one: never shown to the new one. */
	atomic_store(&qx->world.n_smc, 0);
	assert_int_equal(qx_invoke(qx->ctx, 0, 1, NULL, 0, &ret), 0);
	assert_int_equal((int32_t)ret, QTEE_ERROR_DEFUNCT);
	assert_int_equal(qx_invoke(qx->ctx, ROOT, 1, params, 2, &ret), 0);
	assert_int_equal((int32_t)ret, QTEE_ERROR_DEFUNCT);
	qx_wait_for(&server.n_notices, 1);
	for (int i = 0; i < 3; i++)
		assert_int_equal(qx_release(qx->ctx, i), 0);
	qx_settle(qx);
	assert_int_equal(atomic_load(&qx->world.n_smc), 0);
	assert_int_equal(qx_stats(qx).lost_releases, 0);
	assert_int_equal(qx_stats(qx).ids, 0);

	give(qx, 1);
	qx_invoke_ok(qx->ctx, 0, 1, NULL, 0);
	qx_server_stop(&server);
}

/* While a client waits for a server on its behalf */
static void test_gone_while_waiting(void **state)
{
	struct qx *qx = *state;
	struct tee_ioctl_param params[1] = { USER(1) };
	struct qx_job jobs[2];
	struct qx_req req;

	qx->world.body = body_call_input;
	for (int i = 0; i < 2; i++)
		qx_job_start(&jobs[i], qx->ctx, ROOT, 1, params, 1);
	assert_int_equal(qx_recv(qx->ctx, &req), 0);
	qx_wait_queued(qx->ctx, 1);
	qx_replace_world(qx);
	for (int i = 0; i < 2; i++) {
		qx_job_join(&jobs[i]);
		assert_int_equal(jobs[i].rc, -ENODEV);
	}
	assert_int_equal(qx_send(qx->ctx, &req, 0), -EINVAL);
	assert_int_equal(qx_stats(qx).ids, 0);
	assert_int_equal(qx_stats(qx).invocations, 0);
}

static void test_stop_and_start(void **state)
{
	struct qx *qx = *state;
	struct tee_ioctl_param params[2] = { USER(1), USER(2) };

	for (int i = 0; i < 3; i++) {
		give(qx, 5);
		qx->world.keep = true;
		qx_invoke_ok(qx->ctx, ROOT, 1, params, 2);
		assert_int_equal(qx_stats(qx).ids, 2);
		qx_remove(qx);
		assert_int_equal(qw_n_refs(&qx->world), 0);
		assert_int_equal(kmem_live(), qx->live);
		assert_int_equal(qx_probe(qx), 0);
	}
}

/* Removal waits for open files, and lets no new ones in. */
static void *remove_main(void *data)
{
	struct qx *qx = data;

	qcomtee_remove(qx->q);
	return NULL;
}

static void test_remove_waits(void **state)
{
	struct qx *qx = *state;
	struct tee_device *teedev = qx->q->teedev;
	struct tee_context *ctx = NULL;
	pthread_t thread;

	pthread_create(&thread, NULL, remove_main, qx);
	for (int i = 0; i < 1000; i++) {
		ctx = tee_cdev_open(teedev);
		if (IS_ERR(ctx))
			break;
		tee_cdev_release(ctx);
		usleep(1000);
	}
	assert_true(IS_ERR(ctx));
	/* What is open works until it is closed. */
	give(qx, 1);
	qx_invoke_ok(qx->ctx, 0, 1, NULL, 0);
	tee_cdev_release(qx->ctx);
	qx->ctx = NULL;
	pthread_join(thread, NULL);
	qx->q = NULL;
}

/* --- many at once --- */

#define DEPTH 8

static int32_t body_nested(struct qw_call *call)
{
	struct qw_cb cb = { .cxt = qw_io(call, 0), .op = call->msg->op };

	if (!qw_callback(call, &cb))
		return QW_DIED;
	return (int32_t)cb.result;
}

/* Above those of the root that are the kernel's. The result of depth n: n + 1 */
#define OP_NESTED 100

static uint32_t serve_nested(struct qx_server *server, struct qx_req *req)
{
	struct tee_ioctl_param params[1] = { USER(req->word) };
	uint32_t ret = 0;

	if (req->word > OP_NESTED + 1 &&
	    qx_invoke(server->ctx, ROOT, req->word - 1, params, 1, &ret))
		return 1000;
	return ret + 1;
}

static void test_nested(void **state)
{
	struct qx *qx = *state;
	struct tee_ioctl_param params[1] = { USER(DEPTH) };
	struct qx_server server;
	uint32_t ret;

	qx->world.body = body_nested;
	qx_server_start(&server, qx->ctx, DEPTH, serve_nested);
	assert_int_equal(qx_invoke(qx->ctx, ROOT, OP_NESTED + DEPTH, params, 1, &ret), 0);
	assert_int_equal(ret, DEPTH);
	qx_wait_for(&server.n_notices, DEPTH);
	qx_server_stop(&server);
	assert_int_equal(qx_stats(qx).ids, 0);
}

#define CLIENTS 64

static uint32_t serve_together(struct qx_server *server, struct qx_req *req)
{
	atomic_uint *inside = server->data;

	/* All are in flight before the first is answered. */
	atomic_fetch_add(inside, 1);
	while (atomic_load(inside) < CLIENTS)
		usleep(100);
	return 1 + (uint32_t)req->params[0].a;
}

static void test_many(void **state)
{
	struct qx *qx = *state;
	struct qx_server *server = malloc(sizeof(*server));
	struct qx_job *jobs = calloc(CLIENTS, sizeof(*jobs));
	atomic_uint inside = 0;

	qx->world.body = body_nested;
	qx_server_start(server, qx->ctx, CLIENTS, serve_together);
	server->data = &inside;
	for (int i = 0; i < CLIENTS; i++) {
		struct tee_ioctl_param params[1] = { USER(i) };

		qx_job_start(&jobs[i], qx->ctx, ROOT, 1, params, 1);
	}
	for (int i = 0; i < CLIENTS; i++) {
		qx_job_join(&jobs[i]);
		assert_int_equal(jobs[i].rc, 0);
		assert_int_equal(jobs[i].ret, 1 + i);
	}
	qx_wait_for(&server->n_notices, CLIENTS);
	qx_server_stop(server);
	assert_int_equal(qx_stats(qx).ids, 0);
	assert_int_equal(qx_stats(qx).invocations, 0);
	free(jobs);
	free(server);
}

/* Killed after ever more time: at each step, sooner or later */
static int32_t body_steps(struct qw_call *call)
{
	uint8_t data[40] = "some data";
	uint8_t room[40];
	struct qw_cb cb = { .cxt = qw_io(call, 0), .op = 1, .n_ib = 1, .ib = { data },
			    .ib_size = { sizeof(data) }, .n_ob = 1, .ob = { room },
			    .ob_size = { sizeof(room) }, .n_io = 1, .n_oo = 1 };
	uint32_t id;

	for (int i = 0; i < 3; i++) {
		cb.io[0] = qw_give(call->world, TEE_ID);
		cb.ob_size[0] = sizeof(room);
		if (!qw_callback(call, &cb))
			return QW_DIED;
		id = cb.oo[0];
		if (id & QTEE_MSG_OBJECT_NS_BIT)
			qw_async_release(call, &id, 1);
	}
	for (unsigned int i = 0; i < QTEE_MSG_NUM_OO(call->msg->counts); i++)
		qw_oo(call, i, qw_give(call->world, TEE_ID + 1));
	return 0;
}

static uint32_t serve_steps(struct qx_server *server, struct qx_req *req)
{
	if (req->num_params != 5)
		return 5;
	(void)qx_release(server->ctx, req->params[3].a);
	req->params[2] = p_out("answer", 6);
	req->params[4].a = 900;
	req->params[4].b = QTEE_OBJREF_USER;
	return 0;
}

static void test_kill_anywhere(void **state)
{
	struct qx *qx = *state;
	struct tee_ioctl_param params[2] = { USER(1), p_oo() };
	struct tee_context *host = qx_open(qx);
	struct qx_server server;

	qx->world.body = body_steps;
	qx_server_start(&server, host, 2, serve_steps);
	for (int i = 0; i < 400; i++) {
		struct qx_job job;

		/* The client is of the same file: its objects are served. */
		qx_job_start(&job, host, ROOT, 1, params, 2);
		for (int k = 0; k < i * 20; k++)
			__asm__ volatile("" ::: "memory");
		if (i % 4)
			usleep(i / 4);
		task_kill(&job.task);
		qx_job_join(&job);
		assert_true(job.rc == 0 || job.rc == -EINTR);
		if (!job.rc && !job.ret)
			assert_int_equal(qx_release(host, job.params[1].a), 0);
	}
	qx_server_stop(&server);
	tee_cdev_release(host);
	qx_settle(qx);
	assert_int_equal(qw_n_refs(&qx->world), 0);
	assert_int_equal(qx_stats(qx).ids, 0);
	assert_int_equal(qx_stats(qx).abandoned, 0);
}

/* Everything at once: calls, callbacks, releases, lists of ids */
struct storm {
	struct qx *qx;
	atomic_bool stop;
	struct task_struct task;
	pthread_t thread;
};

static void *storm_client(void *data)
{
	struct storm *s = data;
	struct tee_context *ctx;
	struct qx_server server;

	s->task.uaccess = &uaccess_inprocess_ops;
	task_enter(&s->task);
	while (!atomic_load(&s->stop)) {
		ctx = tee_cdev_open(s->qx->q->teedev);
		qx_server_start(&server, ctx, 2, serve_steps);
		for (int i = 0; i < 20; i++) {
			struct tee_ioctl_param params[2] = { USER(i), p_oo() };
			uint32_t ret;

			if (!qx_invoke(ctx, ROOT, 1, params, 2, &ret) && !ret && i % 2)
				(void)qx_release(ctx, params[1].a);
		}
		qx_server_stop(&server);
		tee_cdev_release(ctx);
	}
	task_leave(&s->task);
	return NULL;
}

static void *storm_list(void *data)
{
	struct storm *s = data;
	struct qcomtee_id_info infos[32];

	while (!atomic_load(&s->stop)) {
		size_t n = qcomtee_list_ids(s->qx->q, infos, 32);

		for (size_t i = 0; i < n && i < 32; i++)
			assert_true(infos[i].id & QTEE_MSG_OBJECT_NS_BIT);
	}
	return NULL;
}

static void run_storm(struct qx *qx)
{
	struct storm storms[4];

	for (int i = 0; i < 4; i++) {
		memset(&storms[i], 0, sizeof(storms[i]));
		storms[i].qx = qx;
		task_init(&storms[i].task);
		pthread_create(&storms[i].thread, NULL, i ? storm_client : storm_list, &storms[i]);
	}
	usleep(20 * A_MOMENT_US);
	for (int i = 0; i < 4; i++)
		atomic_store(&storms[i].stop, true);
	for (int i = 0; i < 4; i++)
		pthread_join(storms[i].thread, NULL);
	qx_settle(qx);
	assert_int_equal(qx_stats(qx).ids, 0);
	assert_int_equal(qx_stats(qx).tee_objects, 0);
	assert_int_equal(qw_n_refs(&qx->world), 0);
}

static void test_storm(void **state)
{
	struct qx *qx = *state;

	qx->world.body = body_steps;
	run_storm(qx);
}

/* A callback to an object races with its release by another invocation. */
static int32_t body_call_and_release(struct qw_call *call)
{
	uint32_t *id = call->world->data;
	uint32_t mine = __atomic_load_n(id, __ATOMIC_RELAXED);

	if (QTEE_MSG_NUM_IO(call->msg->counts)) {
		__atomic_store_n(id, qw_io(call, 0), __ATOMIC_RELAXED);
		return 0;
	}
	if (call->msg->op == 2) {
		qw_async_release(call, &mine, 1);
		return 0;
	}
	return qw_callback_simple(call, mine, 1) == QW_DIED ? QW_DIED : 0;
}

static void test_release_race(void **state)
{
	struct qx *qx = *state;
	struct tee_ioctl_param params[1] = { USER(1) };
	struct qx_server server;
	uint32_t id = 0;

	qx->world.data = &id;
	qx->world.keep = true;
	qx->world.body = body_call_and_release;
	qx_server_start(&server, qx->ctx, 2, qx_serve_nothing);
	for (unsigned int i = 0; i < 300; i++) {
		struct qx_job jobs[2];

		qx_invoke_ok(qx->ctx, ROOT, 1, params, 1);
		for (uint32_t k = 0; k < 2; k++)
			qx_job_start(&jobs[k], qx->ctx, ROOT, 1 + k, NULL, 0);
		for (int k = 0; k < 2; k++)
			qx_job_join(&jobs[k]);
		qx_wait_for(&server.n_notices, i + 1);
	}
	assert_int_equal(qx_stats(qx).ids, 0);
	qx_server_stop(&server);
}

static void test_many_callbacks(void **state)
{
	struct qx *qx = *state;
	struct tee_ioctl_param params[1] = { USER(1) };
	struct qx_server server;
	long live = 0;

	qx->world.body = body_call_input;
	qx_server_start(&server, qx->ctx, 1, qx_serve_nothing);
	for (int i = 0; i < 5000; i++) {
		qx_invoke_ok(qx->ctx, ROOT, 1, params, 1);
		if (i == 100)
			live = kmem_live();
	}
	qx_wait_for(&server.n_notices, 5000);
	assert_true(kmem_live() <= live + 16);
	qx_server_stop(&server);
}

int main(void)
{
	qx_add("qtee D-38, qtee KD-14 RELEASE always fails", test_release_fails, qx_setup, NULL);
	qx_add("qtee KD-7 RELEASE fails for a while", test_release_retried, qx_setup, NULL);
	qx_add("qtee RELEASE is refused", test_release_refused, qx_setup, NULL);
	qx_add("qtee D-39 RELEASE without memory", test_release_without_memory, qx_setup, NULL);
	qx_add("qtee D-40, qtee KD-15 RELEASE waits for a server", test_hung_server, qx_setup,
	       NULL);
	qx_add("qtee D-37 two RELEASE wait for a server", test_two_waiting, qx_setup, NULL);
	qx_add("qtee RELEASE waits for a server, and the QTEE dies", test_waiting_and_gone,
	       qx_setup, NULL);
	qx_add("qtee RELEASE without end", test_endless_release, qx_setup, NULL);
	qx_add("qtee reset", test_reset, qx_setup, NULL);
	qx_add("qtee the QTEE dies while a server is waited for", test_gone_while_waiting,
	       qx_setup, NULL);
	qx_add("qtee D-48 stop and start", test_stop_and_start, qx_setup, NULL);
	qx_add("qtee D-81 removal waits for open files", test_remove_waits, qx_setup, NULL);
	qx_add("qtee callbacks 8 deep", test_nested, qx_setup, NULL);
	qx_add("qtee 64 callbacks in flight", test_many, qx_setup, NULL);
	qx_add("qtee killed anywhere", test_kill_anywhere, qx_setup, NULL);
	qx_add("qtee D-35 everything at once", test_storm, qx_setup, NULL);
	qx_add("qtee KD-11 callback and release", test_release_race, qx_setup, NULL);
	qx_add("qtee D-65 callbacks leave nothing behind", test_many_callbacks, qx_setup, NULL);
	return qx_run("qtee life");
}
