/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * /dev/qtee-ree: objects that a process hosts. Defects of the earlier driver (QTEE
 * facts, section 8) carry their id.
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

#include "base/kernel/kmem.h"
#include "platform_test.h"
#include "qtee_rfc_fixture.h"

#define TEE_ID 100u

/* The world makes one callback of any shape to its first input object. */
struct script {
	struct qw_cb cb;
	uint8_t room[4][64];
	struct qw_cb done;
};

static int32_t body_script(struct qw_call *call)
{
	struct script *s = call->world->data;
	struct qw_cb cb = s->cb;

	cb.cxt = qw_io(call, 0);
	for (unsigned int i = 0; i < cb.n_ob && i < 4; i++)
		cb.ob[i] = s->room[i];
	for (unsigned int i = 0; i < cb.n_io; i++)
		if (cb.io[i] == TEE_ID)
			qw_give(call->world, TEE_ID);
	if (!qw_callback(call, &cb))
		return QW_DIED;
	s->done = cb;
	if (!cb.result)
		for (unsigned int i = 0; i < cb.n_oo; i++)
			if (cb.oo[i] & QTEE_MSG_OBJECT_NS_BIT)
				qw_async_release(call, &cb.oo[i], 1);
	return 0;
}

static void start(struct rx *rx, struct rx_job *job, struct script *s, int server, uint64_t id)
{
	struct qcom_tee_param params[1] = { rp_obj(server, id) };

	rx->qx->world.data = s;
	rx->qx->world.body = body_script;
	rx_job_start(job, rx->root, 1, params, 1);
}

static void finish(struct rx_job *job)
{
	rx_job_join(job);
	assert_int_equal(job->rc, 0);
	assert_int_equal(job->result, 0);
}

static int open_server(void)
{
	int fd = platform_files_open("qtee-ree");

	assert_true(fd >= 0);
	return fd;
}

/* Nothing of the last callback is left, but for the notice that its target went. */
static void end_server(struct rx *rx, int server, uint64_t id)
{
	rx_expect_notice(server, id);
	rx_expect_silence(rx->qx, server);
	assert_int_equal(platform_files_close(server), 0);
}

/* --- a whole request --- */

static void test_request(void **state)
{
	struct rx *rx = rx_of(state);
	int server = open_server();
	struct script s = { .cb = { .op = 3, .n_ib = 1, .ib = { "hello" }, .ib_size = { 5 },
				    .n_ob = 1, .ob_size = { 16 }, .n_io = 1, .io = { TEE_ID },
				    .n_oo = 1 } };
	uint64_t gone;
	struct rx_job job;
	struct rx_req req;
	int fd;

	start(rx, &job, &s, server, 7);
	assert_int_equal(rx_receive(server, &req), 0);
	assert_int_equal(req.arg.id, 7);
	assert_int_equal(req.arg.op, 3);
	assert_true(req.arg.request_id >= 10);
	assert_int_equal(req.arg.result, 0);
	assert_int_equal(req.arg.num_params, 4);

	assert_int_equal(req.params[0].attr, QCOM_TEE_BUFFER);
	assert_int_equal(req.params[0].direction, QCOM_TEE_INPUT);
	assert_int_equal(req.params[0].buffer.len, 5);
	/* Right behind the parameters, at a multiple of 8 */
	assert_int_equal(req.params[0].buffer.addr, (uintptr_t)(req.params + 4));
	assert_memory_equal(req.params + 4, "hello", 5);
	assert_int_equal(req.params[1].direction, QCOM_TEE_OUTPUT);
	assert_int_equal(req.params[1].buffer.len, 16);
	assert_int_equal(req.params[1].buffer.addr, (uintptr_t)(req.params + 4) + 8);
	assert_int_equal(req.params[2].attr, QCOM_TEE_OBJECT);
	assert_int_equal(req.params[2].direction, QCOM_TEE_INPUT);
	assert_int_equal(req.params[2].object.host_id, QCOM_TEE_OBJECT_SECURE);
	assert_int_equal(req.params[3].direction, QCOM_TEE_OUTPUT);

	/* Answer: 3 bytes from elsewhere, and an object of the server's. */
	fd = (int)req.params[2].object.id;
	req.params[1].buffer.addr = (uintptr_t)"yes";
	req.params[1].buffer.len = 3;
	req.params[3] = rp_obj(server, 8);
	req.params[3].direction = QCOM_TEE_OUTPUT;
	assert_int_equal(rx_reply(server, &req, 0), 0);
	finish(&job);
	assert_int_equal(s.done.result, 0);
	assert_int_equal(s.done.ob_size[0], 3);
	assert_memory_equal(s.room[0], "yes", 3);

	/* Both ends are told, in whatever order. */
	assert_int_equal(rx_receive(server, &req), 0);
	gone = req.arg.id;
	assert_true(gone == 7 || gone == 8);
	end_server(rx, server, 15 - gone);
	assert_int_equal(platform_files_close(fd), 0);
	qx_settle(rx->qx);
	assert_int_equal(qw_n_refs(&rx->qx->world), 0);
}

static int32_t body_pass_second(struct qw_call *call)
{
	struct qw_cb cb = { .cxt = qw_io(call, 0), .op = 1, .n_io = 1, .io = { qw_io(call, 1) } };

	return qw_callback(call, &cb) ? (int32_t)cb.result : QW_DIED;
}

static void test_own_and_others_object(void **state)
{
	struct rx *rx = rx_of(state);
	int server = open_server(), other = open_server();
	struct qcom_tee_param params[2] = { rp_obj(server, 1), rp_obj(server, 2) };
	struct rx_job job;
	struct rx_req req;

	rx->qx->world.body = body_pass_second;
	rx_job_start(&job, rx->root, 1, params, 2);
	assert_int_equal(rx_receive(server, &req), 0);
	assert_int_equal(req.params[0].object.id, 2);
	assert_int_equal(req.params[0].object.host_id, server);
	assert_int_equal(rx_reply(server, &req, 0), 0);
	finish(&job);
	assert_int_equal(rx_receive(server, &req), 0);
	assert_int_equal(rx_receive(server, &req), 0);

	/* Another server's is none of this one's business. */
	params[1] = rp_obj(other, 2);
	rx_job_start(&job, rx->root, 1, params, 2);
	assert_int_equal(rx_receive(server, &req), 0);
	assert_int_equal(req.arg.op, QCOM_TEE_OBJECT_OP_RELEASE);
	rx_job_join(&job);
	assert_int_equal(job.result, QTEE_ERROR_UNAVAIL);
	rx_expect_notice(other, 2);
	assert_int_equal(platform_files_close(server), 0);
	assert_int_equal(platform_files_close(other), 0);
}

/* --- RECEIVE --- */

static void test_receive_room(void **state)
{
	struct rx *rx = rx_of(state);
	struct script s = { .cb = { .op = 1, .n_ib = 1, .ib = { "12345" }, .ib_size = { 5 },
				    .n_ob = 1, .ob_size = { 16 } } };
	const uint64_t exact = 24 + 2 * 24 + 8 + 16;
	int server = open_server();
	struct rx_job job;
	struct rx_req req;

	start(rx, &job, &s, server, 7);
	for (uint64_t len = 0; len < exact; len++) {
		memset(&req, 0xa5, sizeof(req));
		assert_int_equal(rx_ioctl(server, QCOM_TEE_IOCTL_RECEIVE, &req, len), -EINVAL);
		for (size_t i = 0; i < 256; i++)
			assert_int_equal(((uint8_t *)&req)[i], 0xa5);
	}
	assert_int_equal(rx_ioctl(server, QCOM_TEE_IOCTL_RECEIVE, &req, UINT64_MAX), -EFAULT);
	assert_int_equal(rx_ioctl(server, QCOM_TEE_IOCTL_RECEIVE, &req, exact), 0);
	for (size_t i = exact; i < exact + 64; i++)
		assert_int_equal(((uint8_t *)&req)[i], 0xa5);
	assert_int_equal(rx_reply(server, &req, 10), 0);
	finish(&job);
	assert_int_equal(s.done.result, 10);
	end_server(rx, server, 7);
}

static void test_receive_unwritable(void **state)
{
	struct rx *rx = rx_of(state);
	struct script s = { .cb = { .op = 1, .n_ib = 1, .ib = { "12345" }, .ib_size = { 5 },
				    .n_io = 1, .io = { TEE_ID } } };
	int server = open_server();
	size_t files = platform_files_count();
	uint8_t *pages;
	struct rx_job job;
	struct rx_req req;

	pages = mmap(NULL, 8192, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	assert_true(pages != MAP_FAILED);
	assert_int_equal(mprotect(pages + 4096, 4096, PROT_READ), 0);
	start(rx, &job, &s, server, 7);
	/* The end comes in the payload, in a parameter, in the header. */
	for (size_t before = 0; before <= 72; before += 8) {
		assert_int_equal(rx_ioctl(server, QCOM_TEE_IOCTL_RECEIVE, pages + 4096 - before,
					  1024), -EFAULT);
		assert_int_equal(platform_files_count(), files);
	}
	platform_files.add_rc = -EMFILE;
	assert_int_equal(rx_receive(server, &req), -EMFILE);
	assert_int_equal(platform_files_count(), files);
	platform_files.add_rc = 0;

	assert_int_equal(rx_receive(server, &req), 0);
	assert_int_equal(platform_files_close((int)req.params[1].object.id), 0);
	assert_int_equal(rx_reply(server, &req, 0), 0);
	finish(&job);

	/* A notice is not lost either. */
	assert_int_equal(rx_ioctl(server, QCOM_TEE_IOCTL_RECEIVE, pages + 4096, 1024), -EFAULT);
	end_server(rx, server, 7);
	munmap(pages, 8192);
	qx_settle(rx->qx);
	assert_int_equal(qw_n_refs(&rx->qx->world), 0);
}

static void test_order(void **state)
{
	struct rx *rx = rx_of(state);
	struct script s = { .cb = { .op = 1 } };
	int server = open_server();
	struct rx_job jobs[3];
	struct rx_req reqs[3];

	for (uint64_t i = 0; i < 3; i++) {
		start(rx, &jobs[i], &s, server, i);
		usleep(A_MOMENT_US);
	}
	for (uint64_t i = 0; i < 3; i++) {
		assert_int_equal(rx_receive(server, &reqs[i]), 0);
		assert_int_equal(reqs[i].arg.id, i);
	}
	for (uint64_t i = 0; i < 3; i++) {
		assert_int_equal(rx_reply(server, &reqs[2 - i], 0), 0);
		finish(&jobs[2 - i]);
		rx_expect_notice(server, 2 - i);
	}
	assert_int_equal(platform_files_close(server), 0);
}

/* --- REPLY --- */

struct reply_row {
	const char *name;
	/* done to a good answer: an output of 4 bytes, and an object */
	void (*spoil)(struct rx_req *req);
	int rc;
	int32_t result;		/* what the world is told */
};

static void grow(struct rx_req *req) { req->params[0].buffer.len = 9; }
static void swap(struct rx_req *req)
{
	struct qcom_tee_param param = req->params[0];

	req->params[0] = req->params[1];
	req->params[1] = param;
}
static void turn(struct rx_req *req) { req->params[0].direction = 1; }
static void fewer(struct rx_req *req) { req->arg.num_params--; }
static void more(struct rx_req *req) { req->arg.num_params++; }
static void many(struct rx_req *req) { req->arg.num_params = UINT32_MAX; }
static void bad_object(struct rx_req *req) { req->params[1] = rp_oo(); }
static void bad_second(struct rx_req *req)
{
	req->params[2] = rp_oo();
	req->params[2].object.host_id = -9;
}
static void unmapped(struct rx_req *req) { req->params[0].buffer.addr = 4096; }
static void other_words(struct rx_req *req)
{
	req->arg.id = 99;
	req->arg.op = 99;
}

static const struct reply_row reply_rows[] = {
	{ "qtee D-67 rfc, an output longer than asked for", grow, -EINVAL, QTEE_ERROR_UNAVAIL },
	{ "qtee D-70 rfc, kinds swapped", swap, -EINVAL, QTEE_ERROR_UNAVAIL },
	{ "qtee D-70 rfc, an output turned into an input", turn, -EINVAL, QTEE_ERROR_UNAVAIL },
	{ "qtee D-68 rfc, fewer parameters", fewer, -EINVAL, QTEE_ERROR_UNAVAIL },
	{ "qtee D-68 rfc, more parameters", more, -EINVAL, QTEE_ERROR_UNAVAIL },
	{ "qtee D-68 rfc, 0xffffffff parameters", many, -EINVAL, QTEE_ERROR_UNAVAIL },
	{ "qtee D-68 rfc, another id and op are ignored", other_words, 0, 0 },
	{ "an object that is none", bad_object, -EBADF, QTEE_ERROR_UNAVAIL },
	{ "qtee D-72 rfc, the second object is none", bad_second, -EINVAL, QTEE_ERROR_UNAVAIL },
	{ "output that is not mapped", unmapped, -EFAULT, QTEE_ERROR_UNAVAIL },
};

static void test_reply(void **state)
{
	struct rx *rx = rx_of(state);
	const struct reply_row *row = rx->qx->row;
	struct script s = { .cb = { .op = 1, .n_ob = 1, .ob_size = { 8 }, .n_oo = 2 } };
	int server = open_server();
	struct rx_job job;
	struct rx_req req;

	memset(s.room, 0xa5, sizeof(s.room));
	start(rx, &job, &s, server, 7);
	assert_int_equal(rx_receive(server, &req), 0);
	memcpy((void *)(uintptr_t)req.params[0].buffer.addr, "good", 4);
	req.params[0].buffer.len = 4;
	req.params[1] = rp_obj(server, 8);
	req.params[1].direction = 0;
	req.params[2].attr = QCOM_TEE_OBJECT_NULL;
	row->spoil(&req);
	assert_int_equal(rx_reply(server, &req, 0), row->rc);
	finish(&job);
	assert_int_equal((int32_t)s.done.result, row->result);
	for (size_t i = 8; i < sizeof(s.room); i++)
		assert_int_equal(((uint8_t *)s.room)[i], 0xa5);

	/* It had its chance: the number is no longer known. */
	assert_int_equal(rx_reply(server, &req, 0), -EINVAL);
	if (!row->rc) {
		assert_int_equal(rx_receive(server, &req), 0);
		assert_int_equal(rx_receive(server, &req), 0);
		rx_expect_silence(rx->qx, server);
		assert_int_equal(platform_files_close(server), 0);
	} else {
		end_server(rx, server, 7);
	}
	assert_int_equal(qx_stats(rx->qx).ids, 0);
}

static void test_reply_buf_len(void **state)
{
	struct rx *rx = rx_of(state);
	struct rx_req req = { .arg = { .request_id = 10 } };
	int server = open_server();

	for (uint64_t len = 0; len < sizeof(req.arg); len++)
		assert_int_equal(rx_ioctl(server, QCOM_TEE_IOCTL_REPLY, &req, len), -EINVAL);
	assert_int_equal(rx_reply(server, &req, 0), -EINVAL);
	assert_int_equal(rx_ioctl(server, QCOM_TEE_IOCTL_REPLY, (void *)4096, 64), -EFAULT);
	/* To a notice nobody needs an answer. */
	req.arg.request_id = QCOM_TEE_REQUEST_NONE;
	assert_int_equal(rx_reply(server, &req, 0), 0);
	rx_expect_silence(rx->qx, server);
	assert_int_equal(platform_files_close(server), 0);
}

static void test_results(void **state)
{
	static const int32_t results[] = { 1, 10, 0x0afafafa, -96, -90, -512, INT32_MIN };
	struct rx *rx = rx_of(state);
	struct script s = { .cb = { .op = 1 } };
	int server = open_server();
	struct rx_job job;
	struct rx_req req;

	for (size_t i = 0; i < sizeof(results) / sizeof(results[0]); i++) {
		start(rx, &job, &s, server, 7);
		assert_int_equal(rx_receive(server, &req), 0);
		assert_int_equal(rx_reply(server, &req, results[i]), 0);
		finish(&job);
		assert_int_equal((int32_t)s.done.result, results[i]);
		rx_expect_notice(server, 7);
	}
	assert_int_equal(platform_files_close(server), 0);
}

static void test_other_server(void **state)
{
	struct rx *rx = rx_of(state);
	struct script s = { .cb = { .op = 1 } };
	int server = open_server(), other = open_server();
	struct rx_job job;
	struct rx_req req;

	start(rx, &job, &s, server, 7);
	assert_int_equal(rx_receive(server, &req), 0);
	assert_int_equal(rx_reply(other, &req, 0), -EINVAL);
	assert_int_equal(rx_reply(server, &req, 0), 0);
	finish(&job);
	assert_int_equal(platform_files_close(other), 0);
	end_server(rx, server, 7);
}

/* --- death --- */

struct receiver {
	struct task_struct task;
	pthread_t thread;
	int fd;
	long rc;
	struct rx_req req;
};

static void *receiver_main(void *data)
{
	struct receiver *receiver = data;

	task_enter(&receiver->task);
	receiver->rc = rx_receive(receiver->fd, &receiver->req);
	task_leave(&receiver->task);
	return NULL;
}

static void receiver_start(struct receiver *receiver, int fd)
{
	task_init(&receiver->task);
	receiver->task.uaccess = &uaccess_inprocess_ops;
	receiver->fd = fd;
	assert_int_equal(pthread_create(&receiver->thread, NULL, receiver_main, receiver), 0);
}

static void test_close_wakes(void **state)
{
	static struct receiver receivers[8];
	int server = open_server();

	for (int i = 0; i < 8; i++)
		receiver_start(&receivers[i], server);
	usleep(A_MOMENT_US);
	assert_int_equal(platform_files_close(server), 0);
	for (int i = 0; i < 8; i++) {
		pthread_join(receivers[i].thread, NULL);
		/* Who came after the close finds no descriptor. */
		assert_true(receivers[i].rc == -ENODEV || receivers[i].rc == -EBADF);
	}
}

static void test_close_without_traffic(void **state)
{
	struct rx *rx = rx_of(state);

	for (int i = 0; i < 100; i++) {
		int server = open_server();

		rx_expect_silence(rx->qx, server);
		assert_int_equal(platform_files_close(server), 0);
	}
}

static void test_server_death(void **state)
{
	struct rx *rx = rx_of(state);

	/* pending, then received */
	for (int received = 0; received < 2; received++) {
		struct script s = { .cb = { .op = 1, .n_io = 1, .io = { TEE_ID } } };
		int server = open_server();
		struct rx_job job;
		struct rx_req req;

		start(rx, &job, &s, server, 7);
		if (received) {
			assert_int_equal(rx_receive(server, &req), 0);
			assert_int_equal(platform_files_close((int)req.params[0].object.id), 0);
		} else {
			usleep(A_MOMENT_US);
		}
		assert_int_equal(platform_files_close(server), 0);
		finish(&job);
		assert_int_equal((int32_t)s.done.result, QTEE_ERROR_DEFUNCT);
		qx_settle(rx->qx);
		assert_int_equal(qw_n_refs(&rx->qx->world), 0);
	}
}

static _Atomic uint32_t kept_id;

static int32_t body_keep(struct qw_call *call)
{
	kept_id = qw_io(call, 0);
	return 0;
}

static int32_t body_call_kept(struct qw_call *call)
{
	uint32_t id = kept_id;
	int32_t result = qw_callback_simple(call, id, 1);

	qw_async_release(call, &id, 1);
	return result;
}

static void test_call_after_death(void **state)
{
	struct rx *rx = rx_of(state);
	int server = open_server();
	struct qcom_tee_param params[1] = { rp_obj(server, 7) };
	int32_t result;

	rx->qx->world.keep = true;
	rx->qx->world.body = body_keep;
	rx_invoke_ok(rx->root, 1, params, 1);
	assert_int_equal(platform_files_close(server), 0);
	rx->qx->world.keep = false;
	rx->qx->world.body = body_call_kept;
	assert_int_equal(rx_invoke(rx->root, 1, NULL, 0, &result), 0);
	assert_int_equal(result, QTEE_ERROR_DEFUNCT);
	assert_int_equal(qx_stats(rx->qx).ids, 0);
}

static void test_timeout(void **state)
{
	struct rx *rx = rx_of(state);
	struct script s = { .cb = { .op = 1 } };
	int server = open_server();
	struct rx_job job;
	struct rx_req req;

	rx->qx->q->callback_timeout_ms = 20;
	start(rx, &job, &s, server, 7);
	assert_int_equal(rx_receive(server, &req), 0);
	finish(&job);
	assert_int_equal((int32_t)s.done.result, QTEE_ERROR_TIMEOUT);
	/* The answer comes too late. */
	assert_int_equal(rx_reply(server, &req, 0), -EINVAL);
	end_server(rx, server, 7);
}

static void test_client_death(void **state)
{
	struct rx *rx = rx_of(state);

	for (int received = 0; received < 2; received++) {
		struct script s = { .cb = { .op = 1 } };
		int server = open_server();
		struct rx_job job;
		struct rx_req req;

		start(rx, &job, &s, server, 7);
		if (received)
			assert_int_equal(rx_receive(server, &req), 0);
		else
			usleep(A_MOMENT_US);
		task_kill(&job.task);
		rx_job_join(&job);
		assert_int_equal((int32_t)s.done.result, QTEE_ERROR_DEFUNCT);
		if (received)
			assert_int_equal(rx_reply(server, &req, 0), -EINVAL);
		end_server(rx, server, 7);
	}
}

/* --- crowds --- */

#define N_CROWD 64
#define N_ROUNDS 50

static void *crowd_server(void *data)
{
	struct receiver *receiver = data;

	task_enter(&receiver->task);
	while (!rx_receive(receiver->fd, &receiver->req)) {
		struct rx_req *req = &receiver->req;

		if (req->arg.request_id == QCOM_TEE_REQUEST_NONE)
			continue;
		assert_int_equal(platform_files_close((int)req->params[0].object.id), 0);
		(void)rx_reply(receiver->fd, req, 0);
	}
	task_leave(&receiver->task);
	return NULL;
}

static int32_t body_crowd(struct qw_call *call)
{
	struct qw_cb cb = { .cxt = qw_io(call, 0), .op = 1, .n_io = 1,
			    .io = { qw_give(call->world, TEE_ID) } };

	if (!qw_callback(call, &cb))
		return QW_DIED;
	if (!cb.result)
		qw_oo(call, 0, qw_give(call->world, TEE_ID));
	return (int32_t)cb.result;
}

struct crowd_client {
	struct task_struct task;
	pthread_t thread;
	int root, server;
	unsigned int n_failed;
};

static void *crowd_client(void *data)
{
	struct crowd_client *client = data;

	task_enter(&client->task);
	for (int i = 0; i < N_ROUNDS; i++) {
		struct qcom_tee_param params[2] = { rp_obj(client->server, (uint64_t)i), rp_oo() };
		int32_t result = -1;

		if (rx_invoke(client->root, 1, params, 2, &result) || result ||
		    platform_files_close((int)params[1].object.id))
			client->n_failed++;
	}
	task_leave(&client->task);
	return NULL;
}

static void test_crowd(void **state)
{
	static struct crowd_client clients[N_CROWD];
	static struct receiver servers[8];
	struct rx *rx = rx_of(state);
	int server = open_server();

	rx->qx->world.body = body_crowd;
	for (int i = 0; i < 8; i++) {
		task_init(&servers[i].task);
		servers[i].task.uaccess = &uaccess_inprocess_ops;
		servers[i].fd = server;
		assert_int_equal(pthread_create(&servers[i].thread, NULL, crowd_server,
						&servers[i]), 0);
	}
	for (int i = 0; i < N_CROWD; i++) {
		clients[i] = (struct crowd_client){ .root = rx->root, .server = server };
		task_init(&clients[i].task);
		clients[i].task.uaccess = &uaccess_inprocess_ops;
		assert_int_equal(pthread_create(&clients[i].thread, NULL, crowd_client,
						&clients[i]), 0);
	}
	for (int i = 0; i < N_CROWD; i++) {
		pthread_join(clients[i].thread, NULL);
		assert_int_equal(clients[i].n_failed, 0);
	}
	assert_int_equal(platform_files_close(server), 0);
	for (int i = 0; i < 8; i++)
		pthread_join(servers[i].thread, NULL);
	qx_settle(rx->qx);
	assert_int_equal(qw_n_refs(&rx->qx->world), 0);
}

/* Servers are closed while they are called. */
static void test_crowd_death(void **state)
{
	struct rx *rx = rx_of(state);

	rx->qx->world.body = body_crowd;
	for (int i = 0; i < N_ROUNDS; i++) {
		static struct receiver receiver;
		struct qcom_tee_param params[2] = { rp_obj(0, 1), rp_oo() };
		int server = open_server();
		struct rx_job job;

		task_init(&receiver.task);
		receiver.task.uaccess = &uaccess_inprocess_ops;
		receiver.fd = server;
		assert_int_equal(pthread_create(&receiver.thread, NULL, crowd_server, &receiver),
				 0);
		params[0] = rp_obj(server, 1);
		rx_job_start(&job, rx->root, 1, params, 2);
		usleep((useconds_t)(i * 7));
		assert_int_equal(platform_files_close(server), 0);
		rx_job_join(&job);
		pthread_join(receiver.thread, NULL);
		assert_true(job.rc == 0 || job.rc == -EBADF);
		if (!job.rc && !job.result)
			assert_int_equal(platform_files_close((int)job.params[1].object.id), 0);
		else if (!job.rc)
			assert_int_equal(job.result, QTEE_ERROR_DEFUNCT);
	}
	qx_settle(rx->qx);
	assert_int_equal(qw_n_refs(&rx->qx->world), 0);
}

int main(void)
{
	QX_ADD_ROWS(reply_rows, test_reply, rx_setup);
	qx_add("qtee D-50 rfc, a request and its answer", test_request, rx_setup, NULL);
	qx_add("objects of this server, and of another", test_own_and_others_object, rx_setup,
	       NULL);
	qx_add("qtee D-58 rfc, RECEIVE without room", test_receive_room, rx_setup, NULL);
	qx_add("qtee D-73 rfc, D-74: RECEIVE that cannot be written", test_receive_unwritable,
	       rx_setup, NULL);
	qx_add("qtee D-66 rfc, requests are received in order", test_order, rx_setup, NULL);
	qx_add("qtee D-58 rfc, REPLY without a header", test_reply_buf_len, rx_setup, NULL);
	qx_add("qtee D-71 rfc, results reach the QTEE unchanged", test_results, rx_setup, NULL);
	qx_add("a request of another server", test_other_server, rx_setup, NULL);
	qx_add("qtee D-80, a close wakes who receives", test_close_wakes, rx_setup, NULL);
	qx_add("qtee D-51, a server without traffic", test_close_without_traffic, rx_setup, NULL);
	qx_add("qtee D-75 rfc, a server dies, its requests end", test_server_death, rx_setup,
	       NULL);
	qx_add("qtee D-77 rfc, a call after the death of the server", test_call_after_death,
	       rx_setup, NULL);
	qx_add("qtee D-76 rfc, a server that does not answer", test_timeout, rx_setup, NULL);
	qx_add("qtee D-63 rfc, a client is killed", test_client_death, rx_setup, NULL);
	qx_add("qtee D-69 rfc, 64 clients and 8 threads that serve", test_crowd, rx_setup, NULL);
	qx_add("qtee D-69 rfc, servers close while they are called", test_crowd_death, rx_setup,
	       NULL);
	return qx_run("qtee rfc server");
}
