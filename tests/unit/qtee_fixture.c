/* SPDX-License-Identifier: BSD-2-Clause */
#include "qtee_fixture.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include <linux/err.h>

#include "base/kernel/kmem.h"
#include "normal/tee/tee_cdev.h"
#include "platform_test.h"

int qx_setup_world(void **state)
{
	struct qx *qx = calloc(1, sizeof(*qx));

	if (!qx)
		return -1;
	qx->row = *state;
	platform_test_reset();
	qx->live = kmem_live();
	qw_init(&qx->world);
	qx->pdata.conduit = &qx->world.conduit;

	task_init(&qx->task);
	qx->task.uaccess = &uaccess_inprocess_ops;
	task_enter(&qx->task);
	*state = qx;
	return 0;
}

int qx_setup(void **state)
{
	if (qx_setup_world(state))
		return -1;
	return qx_probe(*state);
}

int qx_probe(struct qx *qx)
{
	qx->q = qcomtee_probe(&qx->pdata);
	if (IS_ERR(qx->q)) {
		int rc = PTR_ERR(qx->q);

		qx->q = NULL;
		return rc;
	}
	qx_settle(qx);
	qx->ctx = qx_open(qx);
	return 0;
}

struct tee_context *qx_open(struct qx *qx)
{
	struct tee_context *ctx = tee_cdev_open(qx->q->teedev);

	assert_false(IS_ERR(ctx));
	return ctx;
}

void qx_remove(struct qx *qx)
{
	if (qx->ctx)
		tee_cdev_release(qx->ctx);
	qx->ctx = NULL;
	qcomtee_remove(qx->q);
	qx->q = NULL;
}

int qx_teardown(void **state)
{
	struct qx *qx = *state;
	struct platform_test_count counts;

	qx->task.killed = false;
	qx->task.interrupted = NULL;
	if (qx->fini)
		qx->fini(qx);
	qx_remove(qx);
	task_leave(&qx->task);

	counts = platform_test_counts();
	assert_int_equal(counts.published, 0);
	assert_int_equal(counts.fds, 0);
	assert_int_equal(counts.pages, 0);
	assert_int_equal(qw_n_refs(&qx->world), qx->refs_lost);
	assert_int_equal(kmem_live(), qx->live);
	qw_fini(&qx->world);
	free(qx);
	return 0;
}

void qx_replace_world(struct qx *qx)
{
	qw_kill(&qx->world);
	qcomtee_world_gone(qx->q);
	qw_restart(&qx->world);
}

struct qcomtee_stats qx_stats(struct qx *qx)
{
	struct qcomtee_stats stats;

	qcomtee_get_stats(qx->q, &stats);
	return stats;
}

void qx_settle(struct qx *qx)
{
	for (int i = 0; i < 10000; i++) {
		if (!qx_stats(qx).releases)
			return;
		usleep(1000);
	}
	fail_msg("%zu objects are not given back", qx_stats(qx).releases);
}

void qx_wait_for(const atomic_uint *counter, unsigned int value)
{
	for (int i = 0; i < 10000; i++) {
		if (atomic_load(counter) >= value)
			return;
		usleep(1000);
	}
	fail_msg("counter is %u, not %u", atomic_load(counter), value);
}

long qx_ioctl(struct tee_context *ctx, unsigned int cmd, const void *buf, uint64_t len)
{
	struct tee_ioctl_buf_data data = { .buf_ptr = (uintptr_t)buf, .buf_len = len };

	return tee_cdev_ioctl(ctx, cmd, (unsigned long)&data);
}

long qx_invoke(struct tee_context *ctx, uint64_t id, uint32_t op,
	       struct tee_ioctl_param *params, uint32_t n, uint32_t *ret)
{
	union {
		struct tee_ioctl_object_invoke_arg arg;
		uint64_t words[3 + 4 * MAX_QX_PARAMS];
	} buf = { .arg = { .id = id, .op = op, .num_params = n, .ret = 0x55555555 } };
	long rc;

	if (n)
		memcpy(buf.arg.params, params, n * sizeof(*params));
	rc = qx_ioctl(ctx, TEE_IOC_OBJECT_INVOKE, &buf, sizeof(buf.arg) + n * sizeof(*params));
	if (!rc && n)
		memcpy(params, buf.arg.params, n * sizeof(*params));
	if (ret)
		*ret = buf.arg.ret;
	return rc;
}

void qx_invoke_ok(struct tee_context *ctx, uint64_t id, uint32_t op,
		  struct tee_ioctl_param *params, uint32_t n)
{
	uint32_t ret;

	assert_int_equal(qx_invoke(ctx, id, op, params, n, &ret), 0);
	assert_int_equal((int32_t)ret, 0);
}

long qx_release(struct tee_context *ctx, uint64_t id)
{
	return qx_invoke(ctx, id, QTEE_OBJECT_OP_RELEASE, NULL, 0, NULL);
}

int qx_alloc(struct tee_context *ctx, size_t size, int *ret_id)
{
	struct tee_ioctl_shm_alloc_data data = { .size = size };
	long fd = tee_cdev_ioctl(ctx, TEE_IOC_SHM_ALLOC, (unsigned long)&data);

	assert_true(fd >= 0);
	*ret_id = data.id;
	return (int)fd;
}

static void *job_main(void *data)
{
	struct qx_job *job = data;

	task_enter(&job->task);
	job->rc = qx_invoke(job->ctx, job->id, job->op, job->params, job->n, &job->ret);
	task_leave(&job->task);
	atomic_store(&job->done, true);
	return NULL;
}

void qx_job_start(struct qx_job *job, struct tee_context *ctx, uint64_t id, uint32_t op,
		  const struct tee_ioctl_param *params, uint32_t n)
{
	memset(job, 0, sizeof(*job));
	job->ctx = ctx;
	job->id = id;
	job->op = op;
	job->n = n;
	if (n)
		memcpy(job->params, params, n * sizeof(*params));
	task_init(&job->task);
	job->task.uaccess = &uaccess_inprocess_ops;
	assert_int_equal(pthread_create(&job->thread, NULL, job_main, job), 0);
}

void qx_job_join(struct qx_job *job)
{
	pthread_join(job->thread, NULL);
}

/* --- servers --- */

long qx_recv_raw(struct tee_context *ctx, struct qx_req *req, uint32_t n, void *buf, size_t size)
{
	memset(req, 0, sizeof(*req));
	req->num_params = n;
	req->params[0] = (struct tee_ioctl_param){
		.attr = QTEE_SUPP_RECV_META, .a = (uintptr_t)buf, .b = size,
	};
	return qx_ioctl(ctx, TEE_IOC_SUPPL_RECV, req, 8 + n * sizeof(*req->params));
}

long qx_recv(struct tee_context *ctx, struct qx_req *req)
{
	static __thread uint64_t room[1024];

	return qx_recv_raw(ctx, req, 61, room, sizeof(room));
}

long qx_send(struct tee_context *ctx, struct qx_req *req, uint32_t ret)
{
	uint64_t id = req->params[0].b;

	req->word = ret;
	req->params[0] = (struct tee_ioctl_param){ .attr = QTEE_SUPP_SEND_META, .a = id };
	return qx_ioctl(ctx, TEE_IOC_SUPPL_SEND, req,
			8 + req->num_params * sizeof(*req->params));
}

void qx_wait_queued(struct tee_context *ctx, size_t n)
{
	struct qcomtee_context_data *ctxdata = ctx->data;

	for (int i = 0; i < 20000; i++) {
		struct qcomtee_ureq *ureq;
		size_t queued = 0;

		mutex_lock(&ctxdata->mutex);
		list_for_each_entry(ureq, &ctxdata->reqs, link)
			queued++;
		mutex_unlock(&ctxdata->mutex);
		if (queued == n)
			return;
		usleep(500);
	}
	fail_msg("there are not %zu requests", n);
}

void qx_expect_notice(struct tee_context *ctx, uint64_t id)
{
	struct qx_req req;

	assert_int_equal(qx_recv(ctx, &req), 0);
	assert_int_equal(req.word, QTEE_OBJECT_OP_RELEASE);
	assert_int_equal(req.num_params, 1);
	assert_int_equal(req.params[0].a, id);
}

void qx_expect_silence(struct qx *qx, struct tee_context *ctx)
{
	struct qx_req req;

	qx->task.interrupted = qx_always;
	assert_int_equal(qx_recv(ctx, &req), -ERESTARTSYS);
	qx->task.interrupted = NULL;
}

static bool server_stops(void *data)
{
	struct qx_server_thread *thread = data;

	return atomic_load(&thread->server->stop);
}

static void *server_main(void *data)
{
	struct qx_server_thread *thread = data;
	struct qx_server *server = thread->server;
	struct qx_req *req = calloc(1, sizeof(*req));

	task_enter(&thread->task);
	while (!qx_recv(server->ctx, req)) {
		if (req->word == QTEE_OBJECT_OP_RELEASE) {
			atomic_fetch_add(&server->n_notices, 1);
			continue;
		}
		(void)qx_send(server->ctx, req, server->serve(server, req));
		atomic_fetch_add(&server->n_served, 1);
	}
	task_leave(&thread->task);
	free(req);
	return NULL;
}

uint32_t qx_serve_nothing(struct qx_server *server, struct qx_req *req)
{
	for (uint32_t i = 1; i < req->num_params; i++) {
		if (req->params[i].attr == 9)
			req->params[i].b = 0;
		if (req->params[i].attr == 12)
			req->params[i].a = TEE_OBJREF_NULL;
	}
	return 0;
}

void qx_server_start(struct qx_server *server, struct tee_context *ctx, unsigned int n,
		     uint32_t (*serve)(struct qx_server *server, struct qx_req *req))
{
	memset(server, 0, sizeof(*server));
	server->ctx = ctx;
	server->serve = serve;
	server->n_threads = n;
	for (unsigned int i = 0; i < n; i++) {
		struct qx_server_thread *thread = &server->threads[i];

		thread->server = server;
		task_init(&thread->task);
		thread->task.uaccess = &uaccess_inprocess_ops;
		thread->task.interrupted = server_stops;
		thread->task.interrupted_data = thread;
		assert_int_equal(pthread_create(&thread->thread, NULL, server_main, thread), 0);
	}
}

void qx_server_stop(struct qx_server *server)
{
	atomic_store(&server->stop, true);
	for (unsigned int i = 0; i < server->n_threads; i++)
		task_interrupt_wake(&server->threads[i].task);
	for (unsigned int i = 0; i < server->n_threads; i++)
		pthread_join(server->threads[i].thread, NULL);
}

bool qx_always(void *data)
{
	return true;
}

int32_t qx_body_call_inputs(struct qw_call *call)
{
	uint32_t n = QTEE_MSG_NUM_IO(call->msg->counts);
	uint32_t op = call->msg->op;
	int32_t result = 0;

	for (unsigned int i = 0; i < n && !result; i++)
		if (qw_io(call, i) & QTEE_MSG_OBJECT_NS_BIT)
			result = qw_callback_simple(call, qw_io(call, i), op);
	return result;
}

#define MAX_TESTS 160
static struct CMUnitTest tests[MAX_TESTS];
static size_t n_tests;

void qx_add(const char *name, void (*fn)(void **state), int (*setup)(void **state),
	    const void *row)
{
	if (n_tests == MAX_TESTS)
		abort();
	tests[n_tests++] = (struct CMUnitTest){
		.name = name,
		.test_func = fn,
		.setup_func = setup,
		.teardown_func = qx_teardown,
		.initial_state = (void *)row,
	};
}

int qx_run(const char *group)
{
	return _cmocka_run_group_tests(group, tests, n_tests, NULL, NULL);
}
