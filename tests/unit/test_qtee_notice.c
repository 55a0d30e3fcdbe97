/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Order of requests, objects that come back, notices. Defects of earlier drivers
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

#include "base/kernel/kmem.h"
#include "normal/tee/tee_cdev.h"
#include "platform_test.h"
#include "qtee_fixture.h"

#define TEE_ID 100u
#define USER(id) p_ref(id, QTEE_OBJREF_USER)

/* --- order --- */

static int32_t body_three(struct qw_call *call)
{
	for (uint32_t op = 1; op <= 2; op++)
		if (qw_callback_simple(call, qw_io(call, 0), op) == QW_DIED)
			return QW_DIED;
	return 0;
}

static void test_order(void **state)
{
	struct qx *qx = *state;
	struct tee_ioctl_param params[1];
	struct qx_job jobs[3];
	struct qx_req reqs[3];

	qx->world.body = body_three;
	for (int i = 0; i < 3; i++) {
		params[0] = USER(10 + i);
		qx_job_start(&jobs[i], qx->ctx, ROOT, 1, params, 1);
		qx_wait_queued(qx->ctx, i + 1);
	}
	for (int i = 0; i < 3; i++) {
		assert_int_equal(qx_recv(qx->ctx, &reqs[i]), 0);
		assert_int_equal(reqs[i].params[0].a, 10 + i);
		assert_int_equal(reqs[i].params[0].b, i);
	}
	/* In another order than they came */
	for (int i = 2; i >= 0; i--) {
		assert_int_equal(qx_send(qx->ctx, &reqs[i], 0), 0);
		assert_int_equal(qx_recv(qx->ctx, &reqs[i]), 0);
		assert_int_equal(reqs[i].params[0].a, 10 + i);
		assert_int_equal(reqs[i].word, 2);
		assert_int_equal(qx_send(qx->ctx, &reqs[i], 0), 0);
		qx_job_join(&jobs[i]);
		qx_expect_notice(qx->ctx, 10 + i);
	}
}

/* --- what the QTEE gives back --- */

static int32_t body_give_back(struct qw_call *call)
{
	for (unsigned int i = 0; i < QTEE_MSG_NUM_IO(call->msg->counts); i++)
		qw_oo(call, i, qw_io(call, i));
	return 0;
}

static void test_own_object_back(void **state)
{
	struct qx *qx = *state;
	struct tee_ioctl_param params[4] = { USER(77), {}, p_oo(), p_oo() };
	int id;
	int fd = qx_alloc(qx->ctx, 4096, &id);

	params[1] = p_ref(id, QTEE_OBJREF_MEM);
	qx->world.body = body_give_back;
	qx->world.in_place = true;
	qx_invoke_ok(qx->ctx, ROOT, 1, params, 4);
	assert_int_equal(params[2].a, 77);
	assert_int_equal(params[2].b, QTEE_OBJREF_USER);
	assert_int_equal(params[3].a, id);
	assert_int_equal(params[3].b, QTEE_OBJREF_MEM);
	qx_expect_notice(qx->ctx, 77);
	platform_test_fd_put(fd);
}

/* The QTEE hands an object of one client to another. */
static uint32_t kept_id;

static int32_t body_keep_first(struct qw_call *call)
{
	uint32_t *kept = call->world->data;

	*kept = qw_io(call, 0);
	return 0;
}

static int32_t body_show_kept(struct qw_call *call)
{
	qw_oo(call, 0, *(uint32_t *)call->world->data);
	return 0;
}

static int32_t body_tell_kept(struct qw_call *call)
{
	struct qw_cb cb = { .cxt = qw_io(call, 0), .op = 1, .n_io = 2,
			    .io = { qw_give(call->world, TEE_ID),
				    *(uint32_t *)call->world->data } };

	if (!qw_callback(call, &cb))
		return QW_DIED;
	*(uint32_t *)call->world->data = cb.result;
	return 0;
}

static void test_foreign(struct qx *qx, struct tee_ioctl_param object)
{
	struct tee_context *other = qx_open(qx);
	struct tee_ioctl_param params[1] = { object };
	struct qx_server server;
	uint32_t ret;

	qx->world.data = &kept_id;
	qx->world.keep = true;
	qx->world.body = body_keep_first;
	qx_invoke_ok(qx->ctx, ROOT, 1, params, 1);
	qx->world.body = body_show_kept;
	params[0] = p_oo();
	assert_int_equal(qx_invoke(other, ROOT, 1, params, 1, &ret), 0);
	assert_int_equal((int32_t)ret, QTEE_ERROR_UNAVAIL);

	/* As the input of a callback: the server never sees the request. */
	qx_server_start(&server, other, 1, qx_serve_nothing);
	qx->world.body = body_tell_kept;
	qx->world.keep = false;
	params[0] = USER(1);
	qx_invoke_ok(other, ROOT, 1, params, 1);
	assert_int_equal((int32_t)kept_id, QTEE_ERROR_UNAVAIL);
	assert_int_equal(atomic_load(&server.n_served), 0);
	qx_server_stop(&server);
	qx_settle(qx);
	assert_int_equal(qw_n_refs(&qx->world), 0);
	tee_cdev_release(other);
}

static void test_foreign_user(void **state)
{
	test_foreign(*state, USER(5));
}

static void test_foreign_memory(void **state)
{
	struct qx *qx = *state;
	int id;
	int fd = qx_alloc(qx->ctx, 4096, &id);

	test_foreign(qx, p_ref(id, QTEE_OBJREF_MEM));
	platform_test_fd_put(fd);
	qcomtee_world_gone(qx->q);
}

/* --- notices --- */

static int32_t body_fail(struct qw_call *call)
{
	return 10;
}

static void test_thousand_failures(void **state)
{
	struct qx *qx = *state;
	struct tee_ioctl_param params[1] = { USER(3) };
	struct qx_server server;
	uint32_t ret;

	qx->world.body = body_fail;
	qx->world.in_place = true;
	qx_server_start(&server, qx->ctx, 2, qx_serve_nothing);
	for (int i = 0; i < 1000; i++) {
		assert_int_equal(qx_invoke(qx->ctx, ROOT, 1, params, 1, &ret), 0);
		assert_int_equal(ret, 10);
	}
	qx_wait_for(&server.n_notices, 1000);
	assert_int_equal(qx_stats(qx).ids, 0);
	qx_server_stop(&server);
	assert_int_equal(atomic_load(&server.n_notices), 1000);
}

static bool hook_fail(struct qw_world *world, const struct smc_regs *in, struct smc_regs *out)
{
	out->a[0] = (uint32_t)QTEE_SMC_STATUS_ERROR_NOMEM;
	return true;
}

static void test_no_notice_on_failure(void **state)
{
	struct qx *qx = *state;
	struct tee_ioctl_param params[2] = { USER(3), USER(4) };
	long live;

	qx_invoke_ok(qx->ctx, ROOT, 1, NULL, 0);
	live = kmem_live();
	qx->world.hook = hook_fail;
	for (int i = 0; i < 100; i++)
		assert_int_equal(qx_invoke(qx->ctx, ROOT, 1, params, 2, NULL), -ENOMEM);
	/* Nor when an argument is bad. */
	params[1].b = 0;
	assert_int_equal(qx_invoke(qx->ctx, ROOT, 1, params, 2, NULL), -EINVAL);
	qx->world.hook = NULL;
	qx_expect_silence(qx, qx->ctx);
	assert_int_equal(qx_stats(qx).ids, 0);
	assert_int_equal(kmem_live(), live);
}

/* Notices and requests that nobody fetched go with the file. */
static void test_close_with_notices(void **state)
{
	struct qx *qx = *state;
	struct tee_ioctl_param params[2] = { USER(1), USER(2) };

	for (int i = 0; i < 100; i++)
		qx_invoke_ok(qx->ctx, ROOT, 1, params, 2);
	assert_int_equal(qx_stats(qx).ids, 0);
}

static void test_recv_signal(void **state)
{
	struct qx *qx = *state;

	qx_expect_silence(qx, qx->ctx);
	qx_expect_silence(qx, qx->ctx);
}

/* The first thing that ever happens is an export. */
static void test_first_export(void **state)
{
	struct qx *qx = *state;
	struct tee_ioctl_param params[1] = { USER(0) };

	qx_invoke_ok(qx->ctx, ROOT, 1, params, 1);
	qx_expect_notice(qx->ctx, 0);
}

int main(void)
{
	qx_add("qtee D-66 first come, first served", test_order, qx_setup, NULL);
	qx_add("qtee own objects come back", test_own_object_back, qx_setup, NULL);
	qx_add("qtee D-79 object of another client", test_foreign_user, qx_setup, NULL);
	qx_add("qtee D-79 memory of another client", test_foreign_memory, qx_setup, NULL);
	qx_add("qtee D-60 a notice for each failure of the QTEE", test_thousand_failures, qx_setup,
	       NULL);
	qx_add("qtee D-61 no notice when the call failed", test_no_notice_on_failure, qx_setup,
	       NULL);
	qx_add("qtee close with notices", test_close_with_notices, qx_setup, NULL);
	qx_add("qtee RECV and a signal", test_recv_signal, qx_setup, NULL);
	qx_add("qtee D-50 first export", test_first_export, qx_setup, NULL);
	return qx_run("qtee notice");
}
