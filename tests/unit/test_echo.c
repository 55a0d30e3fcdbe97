/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The echo driver: what it answers, its supplicant, threads that meet, and every
 * allocation that can fail. What the core refuses is in tests/rows.
 */
#include <errno.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include <linux/err.h>

#include "base/kernel/kmem.h"
#include "base/kernel/task.h"
#include "normal/drivers/echo/echo_private.h"
#include "normal/tee/tee_cdev.h"
#include "platform_test.h"

#define MAX_PARAMS 8

struct fixture {
	struct echo *echo;
	struct tee_context *ctx;
	uint32_t session;
	struct task_struct task;
	long live;
};

/* An argument and its parameters */
struct call {
	union {
		struct tee_ioctl_open_session_arg open;
		struct tee_ioctl_invoke_arg invoke;
		struct tee_ioctl_object_invoke_arg object;
		struct tee_iocl_supp_recv_arg recv;
		struct tee_iocl_supp_send_arg send;
		uint8_t room[56 + MAX_PARAMS * sizeof(struct tee_ioctl_param)];
	} u;
};

static long call_ioctl(struct tee_context *ctx, unsigned int cmd, struct call *call, size_t header,
		       uint32_t n)
{
	struct tee_ioctl_buf_data buf = {
		.buf_ptr = (uintptr_t)call,
		.buf_len = header + n * sizeof(struct tee_ioctl_param),
	};

	return tee_cdev_ioctl(ctx, cmd, (unsigned long)&buf);
}

static long open_session(struct tee_context *ctx, uint32_t *ret_session)
{
	static const uint8_t uuid[16] = ECHO_UUID;
	struct call call = { .u.open.clnt_login = TEE_IOCTL_LOGIN_USER };
	long rc;

	memcpy(call.u.open.uuid, uuid, sizeof(uuid));
	rc = call_ioctl(ctx, TEE_IOC_OPEN_SESSION, &call, sizeof(call.u.open), 0);
	*ret_session = call.u.open.session;
	return rc;
}

static long invoke(struct tee_context *ctx, uint32_t session, uint32_t func,
		   struct tee_ioctl_param *params, uint32_t n, uint32_t *ret)
{
	struct call call = { .u.invoke = { .func = func, .session = session, .num_params = n } };
	long rc;

	memcpy(call.u.invoke.params, params, n * sizeof(*params));
	rc = call_ioctl(ctx, TEE_IOC_INVOKE, &call, sizeof(call.u.invoke), n);
	memcpy(params, call.u.invoke.params, n * sizeof(*params));
	*ret = call.u.invoke.ret;
	return rc;
}

static long object_invoke(struct fixture *fx, uint64_t id, uint32_t op,
			  struct tee_ioctl_param *params, uint32_t n, uint32_t *ret)
{
	struct call call = { .u.object = { .id = id, .op = op, .num_params = n } };
	long rc;

	memcpy(call.u.object.params, params, n * sizeof(*params));
	rc = call_ioctl(fx->ctx, TEE_IOC_OBJECT_INVOKE, &call, sizeof(call.u.object), n);
	memcpy(params, call.u.object.params, n * sizeof(*params));
	*ret = call.u.object.ret;
	return rc;
}

static int setup(void **state)
{
	struct fixture *fx = calloc(1, sizeof(*fx));

	assert_non_null(fx);
	platform_test_reset();
	fx->live = kmem_live();
	task_init(&fx->task);
	fx->task.uaccess = &uaccess_inprocess_ops;
	task_enter(&fx->task);
	fx->echo = echo_probe();
	assert_false(IS_ERR(fx->echo));
	fx->ctx = tee_cdev_open(fx->echo->teedev);
	assert_false(IS_ERR(fx->ctx));
	assert_int_equal(open_session(fx->ctx, &fx->session), 0);
	*state = fx;
	return 0;
}

static int teardown(void **state)
{
	struct fixture *fx = *state;
	struct platform_test_count counts;

	if (fx->ctx)
		tee_cdev_release(fx->ctx);
	assert_int_equal(atomic_read(&fx->echo->n_sessions), 0);
	assert_int_equal(atomic_read(&fx->echo->n_registered), 0);
	echo_remove(fx->echo);
	task_leave(&fx->task);
	counts = platform_test_counts();
	assert_int_equal(counts.published, 0);
	assert_int_equal(counts.fds, 0);
	assert_int_equal(counts.pages, 0);
	assert_int_equal(kmem_live(), fx->live);
	free(fx);
	return 0;
}

/* --- parameters --- */

static void values_and_buffers(void **state)
{
	struct fixture *fx = *state;
	struct tee_ioctl_shm_alloc_data data = { .size = 4096 };
	int fd = (int)tee_cdev_ioctl(fx->ctx, TEE_IOC_SHM_ALLOC, (unsigned long)&data);
	uint64_t id = (uint64_t)data.id;
	struct tee_ioctl_param params[] = {
		{ 2, 9, 9, 9 },			/* no input before it */
		{ 6, 0, 100, id },
		{ 1, 1, 2, 3 },
		{ 5, 10, 5, id },
		{ 2, 0, 0, 0 },
		{ 6, 12, 5, id },		/* overlaps its input */
		{ 3, 4, 5, 6 },
		{ 2, 0, 0, 0 },
	};
	uint32_t ret;
	char *va;

	assert_true(fd >= 0);
	va = tee_shm_get_va(platform_test_fd_shm(fd), 0);
	memcpy(va + 10, "hello", 5);
	assert_int_equal(invoke(fx->ctx, fx->session, ECHO_FN_ECHO, params, 8, &ret), 0);
	assert_int_equal(ret, TEE_R_SUCCESS);
	assert_int_equal(params[0].a, 0);
	assert_int_equal(params[1].b, 0);
	assert_int_equal(params[4].c, 3);
	assert_int_equal(params[5].b, 5);
	assert_memory_equal(va + 10, "hehello", 7);
	assert_int_equal(params[6].b, 5);
	assert_int_equal(params[7].b, 5);

	/* To no memory, from no memory */
	params[0] = (struct tee_ioctl_param){ 5, 10, 5, id };
	params[1] = (struct tee_ioctl_param){ 6, 0, 100, TEE_MEMREF_NULL };
	assert_int_equal(invoke(fx->ctx, fx->session, ECHO_FN_ECHO, params, 2, &ret), 0);
	assert_int_equal(ret, TEE_R_SHORT_BUFFER);
	assert_int_equal(params[1].b, 5);
	params[0] = (struct tee_ioctl_param){ 5, 0, 100, TEE_MEMREF_NULL };
	params[1] = (struct tee_ioctl_param){ 6, 0, 10, id };
	assert_int_equal(invoke(fx->ctx, fx->session, ECHO_FN_ECHO, params, 2, &ret), 0);
	assert_int_equal(ret, TEE_R_SUCCESS);
	assert_int_equal(params[1].b, 0);
	platform_test_fd_put(fd);
}

static void user_buffers_and_objects(void **state)
{
	struct fixture *fx = *state;
	char from[] = "a user buffer", to[20] = "";
	struct tee_ioctl_param params[] = {
		{ 8, (uintptr_t)from, sizeof(from), 7 },
		{ 9, (uintptr_t)to, sizeof(to), 7 },
		{ 11, 0x123456789abcull, 4, 7 },
		{ 12, 1, 1, 7 },
		{ 10, (uintptr_t)from, 3, 0 },
		{ 13, 5, 6, 7 },
	};
	uint32_t ret;

	assert_int_equal(object_invoke(fx, TEE_OBJREF_NULL, ECHO_OP_ECHO, params, 6, &ret), 0);
	assert_int_equal(ret, TEE_R_SUCCESS);
	assert_string_equal(to, "a user buffer");
	assert_int_equal(params[1].b, sizeof(from));
	assert_int_equal(params[3].a, 0x123456789abcull);
	assert_int_equal(params[3].b, 4);
	assert_int_equal(params[3].c, 7);
	assert_int_equal(params[4].b, 3);
	assert_int_equal(params[5].a, 5);

	/* Too small: what is needed, and nothing was written. */
	memset(to, 0, sizeof(to));
	params[1].b = sizeof(from) - 1;
	assert_int_equal(object_invoke(fx, TEE_OBJREF_NULL, ECHO_OP_ECHO, params, 2, &ret), 0);
	assert_int_equal(ret, TEE_R_SHORT_BUFFER);
	assert_int_equal(params[1].b, sizeof(from));
	assert_string_equal(to, "");

	/* No object before it */
	params[0] = (struct tee_ioctl_param){ 12, 1, 1, 0 };
	assert_int_equal(object_invoke(fx, TEE_OBJREF_NULL, ECHO_OP_ECHO, params, 1, &ret), 0);
	assert_true(params[0].a == TEE_OBJREF_NULL);

	assert_int_equal(object_invoke(fx, 0, ECHO_OP_ECHO, params, 1, &ret), -EINVAL);
	assert_int_equal(object_invoke(fx, TEE_OBJREF_NULL, 1, params, 1, &ret), 0);
	assert_int_equal(ret, TEE_R_NOT_SUPPORTED);
}

static void bad_user_buffers(void **state)
{
	struct fixture *fx = *state;
	static char huge[2 * ECHO_UBUF_MAX];
	char here[8] = "";
	struct tee_ioctl_param params[] = {
		{ 8, 4096, 8, 0 }, { 9, (uintptr_t)here, 8, 0 },
	};
	uint32_t ret;

	/* In the user half, but not mapped */
	assert_int_equal(object_invoke(fx, TEE_OBJREF_NULL, ECHO_OP_ECHO, params, 2, &ret),
			 -EFAULT);
	params[0].a = (uintptr_t)here;
	params[1].a = 4096;
	assert_int_equal(object_invoke(fx, TEE_OBJREF_NULL, ECHO_OP_ECHO, params, 2, &ret),
			 -EFAULT);
	/* Nothing to copy, nothing to look at */
	params[0] = (struct tee_ioctl_param){ 8, 4096, 0, 0 };
	assert_int_equal(object_invoke(fx, TEE_OBJREF_NULL, ECHO_OP_ECHO, params, 2, &ret), 0);
	params[0] = (struct tee_ioctl_param){ 8, (uintptr_t)huge, ECHO_UBUF_MAX + 1, 0 };
	params[1] = (struct tee_ioctl_param){ 9, (uintptr_t)huge, sizeof(huge), 0 };
	assert_int_equal(object_invoke(fx, TEE_OBJREF_NULL, ECHO_OP_ECHO, params, 2, &ret),
			 -EINVAL);
	params[0].b = ECHO_UBUF_MAX;
	assert_int_equal(object_invoke(fx, TEE_OBJREF_NULL, ECHO_OP_ECHO, params, 2, &ret), 0);
	assert_int_equal(params[1].b, ECHO_UBUF_MAX);
}

static void unknown_kinds_and_functions(void **state)
{
	static const uint64_t attrs[] = { 0x101, 0x103, 0x105, 0x100 };
	struct fixture *fx = *state;
	struct tee_ioctl_param param = { 0 };
	uint32_t ret;

	for (size_t i = 0; i < 4; i++) {
		param = (struct tee_ioctl_param){ .attr = attrs[i], .c = TEE_MEMREF_NULL };
		assert_int_equal(invoke(fx->ctx, fx->session, ECHO_FN_ECHO, &param, 1, &ret),
				 -EINVAL);
	}
	param = (struct tee_ioctl_param){ .attr = 3 };
	assert_int_equal(invoke(fx->ctx, fx->session, 4, &param, 1, &ret), 0);
	assert_int_equal(ret, TEE_R_NOT_SUPPORTED);
	assert_int_equal(invoke(fx->ctx, fx->session, ECHO_FN_INFO, &param, 1, &ret), 0);
	assert_int_equal(ret, TEE_R_BAD_PARAMETERS);
	assert_int_equal(invoke(fx->ctx, fx->session, ECHO_FN_WAIT, &param, 1, &ret), 0);
	assert_int_equal(ret, TEE_R_BAD_PARAMETERS);
}

static void info(void **state)
{
	struct fixture *fx = *state;
	struct tee_ioctl_param params[2] = { { .attr = 2 }, { .attr = 2 } };
	uint32_t ret;

	/* The UUID of user 1000, facts 1.8 */
	for (uint64_t i = 1; i < 3; i++) {
		assert_int_equal(invoke(fx->ctx, fx->session, ECHO_FN_INFO, params, 2, &ret), 0);
		assert_int_equal(ret, TEE_R_SUCCESS);
		assert_int_equal(params[0].a, i);
		assert_int_equal(params[0].b, 1);
		assert_true(params[1].a == 0xfc34275cd8dd5ba7ull);
		assert_true(params[1].b == 0x968b504718363b87ull);
	}
}

/* --- calls that wait --- */

struct waiter {
	struct fixture *fx;
	struct task_struct task;
	pthread_t thread;
	uint32_t func;
	struct tee_ioctl_param params[2];
	uint32_t n;
	long rc;
	uint32_t ret;
	atomic_bool done;
};

static void *waiter_main(void *data)
{
	struct waiter *waiter = data;

	task_enter(&waiter->task);
	waiter->rc = invoke(waiter->fx->ctx, waiter->fx->session, waiter->func, waiter->params,
			    waiter->n, &waiter->ret);
	task_leave(&waiter->task);
	atomic_store(&waiter->done, true);
	return NULL;
}

static void start(struct waiter *waiter, struct fixture *fx, uint32_t func, uint64_t attr,
		  uint64_t a)
{
	*waiter = (struct waiter){ .fx = fx, .func = func, .n = 1 };
	waiter->params[0] = (struct tee_ioctl_param){ .attr = attr, .a = a };
	task_init(&waiter->task);
	waiter->task.uaccess = &uaccess_inprocess_ops;
	assert_int_equal(pthread_create(&waiter->thread, NULL, waiter_main, waiter), 0);
}

static void wait_for_calls(struct fixture *fx, uint64_t calls)
{
	struct tee_ioctl_param params[2] = { { .attr = 2 }, { .attr = 2 } };
	uint64_t asked = 0;
	uint32_t ret;

	do {
		usleep(1000);
		assert_int_equal(invoke(fx->ctx, fx->session, ECHO_FN_INFO, params, 2, &ret), 0);
		asked++;
	} while (params[0].a < calls + asked);
}

#define FOR_EVER 1000000000

static void cancelled(void **state)
{
	struct fixture *fx = *state;
	struct tee_ioctl_cancel_arg arg = { .session = fx->session, .cancel_id = 1 };
	struct waiter waiter;

	start(&waiter, fx, ECHO_FN_WAIT, 1, FOR_EVER);
	wait_for_calls(fx, 1);
	/* Another operation */
	assert_int_equal(tee_cdev_ioctl(fx->ctx, TEE_IOC_CANCEL, (unsigned long)&arg), 0);
	arg.cancel_id = 0;
	/* The call may have been counted and not wait yet. */
	while (!atomic_load(&waiter.done)) {
		assert_int_equal(tee_cdev_ioctl(fx->ctx, TEE_IOC_CANCEL, (unsigned long)&arg), 0);
		usleep(1000);
	}
	pthread_join(waiter.thread, NULL);
	assert_int_equal(waiter.rc, 0);
	assert_int_equal(waiter.ret, TEE_R_CANCEL);

	start(&waiter, fx, ECHO_FN_WAIT, 1, 1);
	pthread_join(waiter.thread, NULL);
	assert_int_equal(waiter.rc, 0);
	assert_int_equal(waiter.ret, TEE_R_SUCCESS);
}

static void closed_while_waiting(void **state)
{
	struct fixture *fx = *state;
	struct tee_ioctl_close_session_arg arg = { .session = fx->session };
	struct waiter waiter;

	start(&waiter, fx, ECHO_FN_WAIT, 1, FOR_EVER);
	wait_for_calls(fx, 1);
	assert_int_equal(tee_cdev_ioctl(fx->ctx, TEE_IOC_CLOSE_SESSION, (unsigned long)&arg), 0);
	assert_int_equal(tee_cdev_ioctl(fx->ctx, TEE_IOC_CLOSE_SESSION, (unsigned long)&arg),
			 -EINVAL);
	pthread_join(waiter.thread, NULL);
	assert_int_equal(waiter.rc, 0);
	assert_int_equal(waiter.ret, TEE_R_CANCEL);
}

static void killed_while_waiting(void **state)
{
	struct fixture *fx = *state;
	struct waiter waiter;

	start(&waiter, fx, ECHO_FN_WAIT, 1, FOR_EVER);
	wait_for_calls(fx, 1);
	task_kill(&waiter.task);
	pthread_join(waiter.thread, NULL);
	assert_int_equal(waiter.rc, -ERESTARTSYS);
}

#define STRESS_THREADS 4
#define STRESS_ROUNDS 300

/* Sessions of one context that others close, cancel and use at the same time */
static void *stress_main(void *data)
{
	struct waiter *waiter = data;
	struct tee_context *ctx = waiter->fx->ctx;

	task_enter(&waiter->task);
	for (uint32_t i = 0; i < STRESS_ROUNDS; i++) {
		struct tee_ioctl_close_session_arg close = { .session = 2 + i % 3 };
		struct tee_ioctl_cancel_arg cancel = { .session = 2 + i % 3 };
		struct tee_ioctl_param param = { .attr = 1, .a = i % 4 };
		uint32_t session, ret;

		assert_int_equal(open_session(ctx, &session), 0);
		(void)invoke(ctx, 2 + i % 4, ECHO_FN_WAIT, &param, 1, &ret);
		(void)tee_cdev_ioctl(ctx, TEE_IOC_CANCEL, (unsigned long)&cancel);
		(void)tee_cdev_ioctl(ctx, TEE_IOC_CLOSE_SESSION, (unsigned long)&close);
		close.session = session;
		(void)tee_cdev_ioctl(ctx, TEE_IOC_CLOSE_SESSION, (unsigned long)&close);
	}
	task_leave(&waiter->task);
	return NULL;
}

static void stress(void **state)
{
	struct fixture *fx = *state;
	struct waiter waiters[STRESS_THREADS];

	for (int i = 0; i < STRESS_THREADS; i++) {
		waiters[i] = (struct waiter){ .fx = fx };
		task_init(&waiters[i].task);
		waiters[i].task.uaccess = &uaccess_inprocess_ops;
		assert_int_equal(pthread_create(&waiters[i].thread, NULL, stress_main,
						&waiters[i]), 0);
	}
	for (int i = 0; i < STRESS_THREADS; i++)
		pthread_join(waiters[i].thread, NULL);
}

/* --- the supplicant --- */

static struct tee_context *open_supp(struct fixture *fx)
{
	struct tee_context *ctx = tee_cdev_open(fx->echo->supp_teedev);

	assert_false(IS_ERR(ctx));
	return ctx;
}

static long supp_recv(struct tee_context *ctx, struct call *call, uint64_t attr, uint32_t n)
{
	memset(call, 0, sizeof(*call));
	call->u.recv.num_params = n;
	call->u.recv.params[0].attr = attr;
	return call_ioctl(ctx, TEE_IOC_SUPPL_RECV, call, sizeof(call->u.recv), n);
}

static long supp_send(struct tee_context *ctx, uint64_t id, uint64_t answer, uint32_t n)
{
	struct call call = { .u.send = { .ret = 0x77, .num_params = n } };

	call.u.send.params[0] = (struct tee_ioctl_param){ .attr = 0x103, .a = id };
	call.u.send.params[1] = (struct tee_ioctl_param){ .attr = 3, .a = answer };
	return call_ioctl(ctx, TEE_IOC_SUPPL_SEND, &call, sizeof(call.u.send), n);
}

static void ask(void **state)
{
	struct fixture *fx = *state;
	struct waiter waiter;
	struct tee_context *supp;
	struct call call;

	/* Nobody there */
	start(&waiter, fx, ECHO_FN_ASK, 3, 41);
	pthread_join(waiter.thread, NULL);
	assert_int_equal(waiter.rc, 0);
	assert_int_equal(waiter.ret, TEE_R_COMMUNICATION);

	supp = open_supp(fx);
	assert_int_equal(PTR_ERR(tee_cdev_open(fx->echo->supp_teedev)), -EBUSY);
	assert_int_equal(supp_send(supp, 1, 0, 2), -ENOENT);
	start(&waiter, fx, ECHO_FN_ASK, 3, 41);
	/* Too little room: it stays. */
	assert_int_equal(supp_recv(supp, &call, 0x100, 1), -EINVAL);
	assert_int_equal(supp_send(supp, 1, 0, 2), -ENOENT);
	assert_int_equal(supp_recv(supp, &call, 0x100, 5), 0);
	assert_int_equal(call.u.recv.func, ECHO_SUPP_ASK);
	assert_int_equal(call.u.recv.num_params, 2);
	assert_int_equal(call.u.recv.params[0].attr, 0x103);
	assert_int_equal(call.u.recv.params[1].attr, 3);
	assert_int_equal(call.u.recv.params[1].a, 41);
	assert_int_equal(supp_send(supp, call.u.recv.params[0].a, 42, 1), -EINVAL);
	assert_int_equal(supp_send(supp, call.u.recv.params[0].a, 42, 3), -EINVAL);
	assert_int_equal(supp_send(supp, call.u.recv.params[0].a + 1, 42, 2), -ENOENT);
	assert_int_equal(supp_send(supp, UINT64_MAX, 42, 2), -ENOENT);
	assert_int_equal(supp_send(supp, call.u.recv.params[0].a, 42, 2), 0);
	assert_int_equal(supp_send(supp, call.u.recv.params[0].a, 42, 2), -ENOENT);
	pthread_join(waiter.thread, NULL);
	assert_int_equal(waiter.ret, 0x77);
	assert_int_equal(waiter.params[0].a, 42);
	tee_cdev_release(supp);
}

static void ask_what_cannot_be_asked(void **state)
{
	struct fixture *fx = *state;
	struct tee_context *supp = open_supp(fx);
	struct tee_ioctl_param params[5] = {
		{ .attr = 3 }, { .attr = 3 }, { .attr = 3 }, { .attr = 3 }, { .attr = 3 },
	};
	uint32_t ret;

	assert_int_equal(invoke(fx->ctx, fx->session, ECHO_FN_ASK, params, 5, &ret), -EINVAL);
	params[1] = (struct tee_ioctl_param){ .attr = 5, .c = TEE_MEMREF_NULL };
	assert_int_equal(invoke(fx->ctx, fx->session, ECHO_FN_ASK, params, 2, &ret), -EINVAL);
	params[1] = (struct tee_ioctl_param){ .attr = 8 };
	assert_int_equal(invoke(fx->ctx, fx->session, ECHO_FN_ASK, params, 2, &ret), -EINVAL);
	tee_cdev_release(supp);
}

/* References of memrefs that a supplicant passes in by mistake are dropped. */
static void recv_with_memory(void **state)
{
	struct fixture *fx = *state;
	struct tee_context *supp = open_supp(fx);
	struct tee_ioctl_shm_alloc_data data = { .size = 4096 };
	int fd = (int)tee_cdev_ioctl(supp, TEE_IOC_SHM_ALLOC, (unsigned long)&data);
	struct call call = { .u.recv = { .num_params = 2 } };

	assert_true(fd >= 0);
	call.u.recv.params[0].attr = 0x100;
	call.u.recv.params[1] = (struct tee_ioctl_param){ 5, 0, 1, (uint64_t)data.id };
	assert_int_equal(call_ioctl(supp, TEE_IOC_SUPPL_RECV, &call, sizeof(call.u.recv), 2),
			 -EINVAL);
	assert_int_equal(supp_recv(supp, &call, 0, 2), -EINVAL);
	assert_int_equal(supp_recv(supp, &call, 0x103, 2), -EINVAL);
	assert_int_equal(supp_recv(supp, &call, 0x100, 0), -EINVAL);
	platform_test_fd_put(fd);
	tee_cdev_release(supp);
}

static void supplicant_leaves(void **state)
{
	struct fixture *fx = *state;
	struct tee_context *supp = open_supp(fx);
	struct waiter waiters[2];
	struct call call;

	start(&waiters[0], fx, ECHO_FN_ASK, 3, 1);
	assert_int_equal(supp_recv(supp, &call, 0x100, 5), 0);
	start(&waiters[1], fx, ECHO_FN_ASK, 3, 2);
	assert_int_equal(supp_recv(supp, &call, 0x100, 1), -EINVAL);
	/* One is being served, one is queued. */
	tee_cdev_release(supp);
	for (int i = 0; i < 2; i++) {
		pthread_join(waiters[i].thread, NULL);
		assert_int_equal(waiters[i].rc, 0);
		assert_int_equal(waiters[i].ret, TEE_R_COMMUNICATION);
		assert_int_equal(waiters[i].params[0].a, i + 1);
	}
}

static void requester_is_killed(void **state)
{
	struct fixture *fx = *state;
	struct tee_context *supp = open_supp(fx);
	struct waiter waiter;
	struct call call;

	start(&waiter, fx, ECHO_FN_ASK, 3, 1);
	assert_int_equal(supp_recv(supp, &call, 0x100, 5), 0);
	task_kill(&waiter.task);
	pthread_join(waiter.thread, NULL);
	assert_int_equal(waiter.rc, -ERESTARTSYS);
	assert_int_equal(supp_send(supp, call.u.recv.params[0].a, 2, 2), -ENOENT);

	/* In the queue */
	start(&waiter, fx, ECHO_FN_ASK, 3, 1);
	assert_int_equal(supp_recv(supp, &call, 0x100, 1), -EINVAL);
	task_kill(&waiter.task);
	pthread_join(waiter.thread, NULL);
	assert_true(list_empty(&fx->echo->supp.reqs));
	tee_cdev_release(supp);
}

/* --- every allocation --- */

static void no_memory(void **state)
{
	struct fixture *fx = *state;
	char from[] = "x", to[2];
	unsigned long n;
	bool hit = true;

	for (n = 1; hit; n++) {
		struct tee_ioctl_param params[] = {
			{ 8, (uintptr_t)from, 2, 0 }, { 9, (uintptr_t)to, 2, 0 },
		};
		struct tee_ioctl_close_session_arg close;
		struct tee_context *ctx;
		long rc = 0;
		uint32_t ret;

		kfault_set(n);
		ctx = tee_cdev_open(fx->echo->teedev);
		if (!IS_ERR(ctx)) {
			rc = open_session(ctx, &close.session);
			if (!rc)
				rc = invoke(ctx, close.session, ECHO_FN_ECHO, params, 2, &ret);
		}
		hit = kfault_hit();
		kfault_clear();
		assert_int_equal(IS_ERR(ctx) ? PTR_ERR(ctx) : rc, hit ? -ENOMEM : 0);
		if (!IS_ERR(ctx))
			tee_cdev_release(ctx);
		assert_int_equal(atomic_read(&fx->echo->n_sessions), 1);
	}
	assert_true(n > 6);
}

static void no_memory_to_probe(void **state)
{
	struct fixture *fx = *state;
	struct echo *echo;
	unsigned long n;
	bool hit = true;

	for (n = 1; hit; n++) {
		long live = kmem_live();

		kfault_set(n);
		echo = echo_probe();
		hit = kfault_hit();
		kfault_clear();
		if (hit) {
			assert_int_equal(PTR_ERR(echo), -ENOMEM);
			assert_int_equal(kmem_live(), live);
			assert_int_equal(platform_test_counts().published, 2);
		} else {
			assert_false(IS_ERR(echo));
			echo_remove(echo);
		}
	}
	assert_true(n > 5);
	assert_int_equal(open_session(fx->ctx, &fx->session), 0);
}

#define TEST(fn) cmocka_unit_test_setup_teardown(fn, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(values_and_buffers),
		TEST(user_buffers_and_objects),
		TEST(bad_user_buffers),
		TEST(unknown_kinds_and_functions),
		TEST(info),
		TEST(cancelled),
		TEST(closed_while_waiting),
		TEST(killed_while_waiting),
		TEST(stress),
		TEST(ask),
		TEST(ask_what_cannot_be_asked),
		TEST(recv_with_memory),
		TEST(supplicant_leaves),
		TEST(requester_is_killed),
		TEST(no_memory),
		TEST(no_memory_to_probe),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
