/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The supplicant's queue and its fallback. What clients see of it is in
 * tests/rows.
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
#include <linux/mm.h>

#include "normal/tee/tee_cdev.h"
#include "optee_fixture.h"
#include "platform_test.h"

#define MSG_VALUE_IN OPTEE_MSG_ATTR_TYPE_VALUE_INPUT
#define MSG_VALUE_INOUT OPTEE_MSG_ATTR_TYPE_VALUE_INOUT

/* --- what the world asks --- */

struct seen {
	uint32_t ret;
	struct optee_msg_param p[4];
	uint64_t cookie;
	void *va;
	atomic_uint step;
};

static struct seen *seen_of(struct fw_thread *t)
{
	return fw_world_of(t)->data;
}

#define RPC_CMD 1000

/* A request of two values, one of them in and out; func 1: without parameters */
static uint32_t body_request(struct fw_thread *t, struct optee_msg_arg *msg)
{
	struct optee_msg_param p[4] = {
		fw_value(MSG_VALUE_INOUT, 1, 2, 3),
		fw_value(MSG_VALUE_IN, 4, 5, 6),
	};
	uint32_t ret = fw_rpc_cmd_n(t, RPC_CMD + msg->func, p, msg->func == 1 ? 0 : 4);

	memcpy(seen_of(t)->p, p, sizeof(p));
	return ret;
}

struct fixture {
	struct supp supp;
	struct seen seen;
	struct drv_job job;
};

static struct fixture *start(struct drv *drv, fw_body body)
{
	struct fixture *fx = calloc(1, sizeof(*fx));

	assert_non_null(fx);
	drv->world.data = &fx->seen;
	drv->world.invoke = body;
	supp_open(drv, &fx->supp);
	return fx;
}

static void finish(struct fixture *fx)
{
	if (fx->supp.ctx)
		tee_cdev_release(fx->supp.ctx);
	free(fx);
}

/* --- RECV and SEND --- */

/* References of memrefs that a supplicant passes in by mistake are dropped. */
static void test_recv_memref(void **state)
{
	struct drv *drv = *state;
	struct fixture *fx = start(drv, NULL);
	struct tee_ioctl_shm_alloc_data data = { .size = 4096 };
	long fd = tee_cdev_ioctl(fx->supp.ctx, TEE_IOC_SHM_ALLOC, (unsigned long)&data);

	assert_true(fd >= 0);
	for (int i = 0; i < 2; i++) {
		memset(&fx->supp.arg, 0, sizeof(fx->supp.arg));
		fx->supp.arg.num_params = 5;
		fx->supp.arg.params[2] = (struct tee_ioctl_param){
			.attr = 5, .b = 10, .c = data.id,
		};
		assert_int_equal(supp_ioctl(&fx->supp, TEE_IOC_SUPPL_RECV, 8 + 5 * 32), -EINVAL);
	}
	platform_test_fd_put(fd);
	finish(fx);
}

static void test_recv_signal(void **state)
{
	struct drv *drv = *state;
	struct fixture *fx = start(drv, NULL);

	drv->task.interrupted = drv_always_interrupted;
	assert_int_equal(supp_recv(&fx->supp, SUPP_META, 5), -ERESTARTSYS);
	assert_int_equal(supp_recv(&fx->supp, 0, 5), -ERESTARTSYS);
	drv->task.interrupted = NULL;
	finish(fx);
}

static void test_async(void **state)
{
	struct drv *drv = *state;
	struct fixture *fx = start(drv, body_request);
	struct supp *supp = &fx->supp;
	uint64_t id;

	assert_int_equal(supp_send(supp, 0, 0), -EINVAL);
	supp->arg.params[0] = (struct tee_ioctl_param){ .attr = 0x102, .a = 1 };
	assert_int_equal(supp_send(supp, 0, 1), -EINVAL);
	assert_int_equal(supp_send_id(supp, 1, 0, 3), -ENOENT);
	assert_int_equal(supp_send_id(supp, 0, 0, 3), -ENOENT);
	assert_int_equal(supp_send_id(supp, ~0ull, 0, 3), -ENOENT);

	drv_job_start(&fx->job, drv, 0);
	while (supp_recv(supp, SUPP_META, 2) != -EINVAL)
		;	/* it needs three, and stays at the head */
	assert_int_equal(supp_recv(supp, SUPP_META, 2), -EINVAL);
	assert_int_equal(supp_recv(supp, 0, 1), -EINVAL);
	assert_int_equal(supp_recv(supp, SUPP_META, 5), 0);
	assert_int_equal(supp->arg.word, RPC_CMD);
	/* The empty parameters at the end are not passed on. */
	assert_int_equal(supp->arg.num_params, 3);
	assert_int_equal(supp->arg.params[0].attr, SUPP_ASYNC);
	id = supp->arg.params[0].a;
	assert_int_equal(id, 1);
	assert_int_equal(supp->arg.params[0].b, 0);
	assert_int_equal(supp->arg.params[1].attr, 3);
	assert_int_equal(supp->arg.params[1].a, 1);
	assert_int_equal(supp->arg.params[2].attr, 1);
	assert_int_equal(supp->arg.params[2].c, 6);

	assert_int_equal(supp_send_id(supp, id, 0, 2), -EINVAL);
	assert_int_equal(supp_send_id(supp, id, 0, 4), -EINVAL);
	supp->arg.params[0].attr = 0x102;
	assert_int_equal(supp_send(supp, 0, 3), -EINVAL);
	assert_int_equal(supp_send_id(supp, id + 1, 0, 3), -ENOENT);
	/* The buffer may be longer. */
	memset(&supp->arg, 0, sizeof(supp->arg));
	supp->arg.params[0] = (struct tee_ioctl_param){ .attr = SUPP_ASYNC, .a = id };
	supp->arg.params[1] = (struct tee_ioctl_param){ .attr = 3, .a = 77, .b = 88 };
	supp->arg.params[2] = (struct tee_ioctl_param){ .attr = 3, .a = 55 };
	supp->arg.word = 0xFFFF0001;
	supp->arg.num_params = 3;
	assert_int_equal(supp_ioctl(supp, TEE_IOC_SUPPL_SEND, 8 + 32 * 7), 0);
	assert_int_equal(supp_send_id(supp, id, 0, 3), -ENOENT);

	assert_int_equal(drv_job_join(&fx->job), 0xFFFF0001);
	/* By the attributes of the request: the second was an input */
	assert_int_equal(fx->seen.p[0].u.value.a, 77);
	assert_int_equal(fx->seen.p[0].u.value.b, 88);
	assert_int_equal(fx->seen.p[1].u.value.a, 4);
	finish(fx);
}

static void test_sync(void **state)
{
	struct drv *drv = *state;
	struct fixture *fx = start(drv, body_request);
	struct supp *supp = &fx->supp;

	drv_job_start(&fx->job, drv, 0);
	assert_int_equal(supp_recv(supp, 0, 5), 0);
	assert_int_equal(supp->arg.num_params, 2);
	assert_int_equal(supp->arg.params[0].attr, 3);
	assert_int_equal(supp_recv(supp, 0, 5), -EINVAL);
	assert_int_equal(supp_recv(supp, SUPP_META, 5), -EINVAL);
	supp->arg.params[0].attr = 3;
	assert_int_equal(supp_send(supp, 0, 1), -EINVAL);
	memset(supp->arg.params, 0, sizeof(supp->arg.params));
	supp->arg.params[0].attr = 3;
	supp->arg.params[0].a = 9;
	assert_int_equal(supp_send(supp, 0, 2), 0);
	assert_int_equal(drv_job_join(&fx->job), 0);
	assert_int_equal(fx->seen.p[0].u.value.a, 9);
	finish(fx);
}

static void test_answers_in_any_order(void **state)
{
	struct drv *drv = *state;
	struct fixture *fx = start(drv, body_request);
	struct supp *supp = &fx->supp;
	struct drv_job jobs[2];
	uint64_t id[2];

	drv_job_start(&jobs[0], drv, 0);
	assert_int_equal(supp_recv(supp, SUPP_META, 5), 0);
	id[0] = supp->arg.params[0].a;
	drv_job_start(&jobs[1], drv, 1);
	assert_int_equal(supp_recv(supp, SUPP_META, 5), 0);
	assert_int_equal(supp->arg.word, RPC_CMD + 1);
	assert_int_equal(supp->arg.num_params, 1);
	id[1] = supp->arg.params[0].a;
	assert_int_not_equal(id[0], id[1]);
	assert_int_equal(supp_send_id(supp, id[1], 2, 1), 0);
	assert_int_equal(drv_job_join(&jobs[1]), 2);
	assert_int_equal(supp_send_id(supp, id[0], 1, 3), 0);
	assert_int_equal(drv_job_join(&jobs[0]), 1);
	finish(fx);
}

static void test_killed(void **state)
{
	struct drv *drv = *state;
	struct fixture *fx = start(drv, body_request);
	struct supp *supp = &fx->supp;
	uint64_t id;

	/* While it is being processed */
	drv_job_start(&fx->job, drv, 0);
	assert_int_equal(supp_recv(supp, SUPP_META, 5), 0);
	id = supp->arg.params[0].a;
	task_kill(&fx->job.task);
	assert_int_equal(drv_job_join(&fx->job), TEE_R_COMMUNICATION);

	/* The tombstone keeps its number from the next request. */
	drv_job_start(&fx->job, drv, 0);
	assert_int_equal(supp_recv(supp, SUPP_META, 5), 0);
	assert_int_not_equal(supp->arg.params[0].a, id);
	assert_int_equal(supp_send_id(supp, supp->arg.params[0].a, 0, 3), 0);
	assert_int_equal(drv_job_join(&fx->job), 0);
	assert_int_equal(supp_send_id(supp, id, 0, 3), -EBADF);
	assert_int_equal(supp_send_id(supp, id, 0, 3), -ENOENT);

	/* In synchronous mode the state is cleared too. */
	drv_job_start(&fx->job, drv, 0);
	assert_int_equal(supp_recv(supp, 0, 5), 0);
	task_kill(&fx->job.task);
	assert_int_equal(drv_job_join(&fx->job), TEE_R_COMMUNICATION);
	assert_int_equal(supp_recv(supp, 0, 5), -EINVAL);
	assert_int_equal(supp_send(supp, 0, 2), -EBADF);
	assert_int_equal(supp_send(supp, 0, 2), -EINVAL);

	/* While it is queued */
	drv_job_start(&fx->job, drv, 0);
	while (supp_recv(supp, SUPP_META, 1) != -EINVAL)
		;
	task_kill(&fx->job.task);
	assert_int_equal(drv_job_join(&fx->job), TEE_R_COMMUNICATION);
	drv->task.interrupted = drv_always_interrupted;
	assert_int_equal(supp_recv(supp, SUPP_META, 5), -ERESTARTSYS);
	drv->task.interrupted = NULL;
	finish(fx);
}

static bool interrupted_flag(void *data)
{
	return atomic_load((atomic_uint *)data);
}

/* Only a fatal signal ends the wait of a requester. */
static void test_not_killed(void **state)
{
	struct drv *drv = *state;
	struct fixture *fx = start(drv, body_request);
	atomic_uint signalled = 0;

	drv_job_start(&fx->job, drv, 0);
	fx->job.task.interrupted_data = &signalled;
	fx->job.task.interrupted = interrupted_flag;
	usleep(A_MOMENT_US);
	atomic_store(&signalled, 1);
	task_interrupt_wake(&fx->job.task);
	usleep(A_MOMENT_US);
	assert_false(atomic_load(&fx->job.done));
	assert_int_equal(supp_recv(&fx->supp, SUPP_META, 5), 0);
	assert_int_equal(supp_send_id(&fx->supp, fx->supp.arg.params[0].a, 5, 3), 0);
	assert_int_equal(drv_job_join(&fx->job), 5);
	finish(fx);
}

static void test_supplicant_exits(void **state)
{
	struct drv *drv = *state;
	struct fixture *fx = start(drv, body_request);
	struct supp *supp = &fx->supp;
	struct drv_job jobs[2];
	uint64_t id;

	assert_int_equal(PTR_ERR(tee_cdev_open(drv->optee->supp_teedev)), -EBUSY);

	/* One running, one queued, one abandoned */
	drv_job_start(&fx->job, drv, 0);
	assert_int_equal(supp_recv(supp, SUPP_META, 5), 0);
	task_kill(&fx->job.task);
	assert_int_equal(drv_job_join(&fx->job), TEE_R_COMMUNICATION);
	drv_job_start(&jobs[0], drv, 0);
	assert_int_equal(supp_recv(supp, SUPP_META, 5), 0);
	drv_job_start(&jobs[1], drv, 0);
	while (supp_recv(supp, SUPP_META, 1) != -EINVAL)
		;
	tee_cdev_release(supp->ctx);
	assert_int_equal(drv_job_join(&jobs[0]), TEE_R_COMMUNICATION);
	assert_int_equal(drv_job_join(&jobs[1]), TEE_R_COMMUNICATION);

	/* Later ones wait for the next supplicant, whose numbers begin anew. */
	drv_job_start(&fx->job, drv, 0);
	usleep(A_MOMENT_US);
	assert_false(atomic_load(&fx->job.done));
	supp_open(drv, supp);
	assert_int_equal(supp_recv(supp, SUPP_META, 5), 0);
	id = supp->arg.params[0].a;
	assert_int_equal(id, 1);
	assert_int_equal(supp_send_id(supp, id, 4, 3), 0);
	assert_int_equal(drv_job_join(&fx->job), 4);

	/* Nobody there: a fatal signal ends the wait, N126 does not wait */
	tee_cdev_release(supp->ctx);
	supp->ctx = NULL;
	drv_job_start(&fx->job, drv, 0);
	usleep(A_MOMENT_US);
	task_kill(&fx->job.task);
	assert_int_equal(drv_job_join(&fx->job), TEE_R_COMMUNICATION);
	drv->ctx->supp_nowait = true;
	assert_int_equal(drv_invoke(drv, 0, NULL, 0, NULL), TEE_R_COMMUNICATION);
	finish(fx);
}

/* --- memory of the supplicant --- */

/* Shm of the supplicant, a request with it, and it is left behind if func is 1. */
static uint32_t body_appl(struct fw_thread *t, struct optee_msg_arg *msg)
{
	struct seen *seen = seen_of(t);
	struct optee_msg_param p[2];
	uint32_t ret;

	seen->cookie = fw_shm_alloc(t, OPTEE_RPC_SHM_TYPE_APPL, 100, &seen->va);
	if (!seen->cookie)
		return TEE_R_OUT_OF_MEMORY;
	strcpy(seen->va, "ask");
	p[0] = fw_rmem(OPTEE_MSG_ATTR_TYPE_RMEM_INPUT, seen->cookie, 0, 4);
	p[1] = fw_rmem(OPTEE_MSG_ATTR_TYPE_RMEM_OUTPUT, seen->cookie, 8, 50);
	ret = fw_rpc_cmd_n(t, RPC_CMD, p, 2);
	memcpy(seen->p, p, sizeof(p));
	if (!msg->func && fw_shm_free(t, OPTEE_RPC_SHM_TYPE_APPL, seen->cookie))
		return TEE_R_GENERIC;
	return ret;
}

static void supp_serve_alloc(struct supp *supp, long *ret_fd, int *ret_id, void *user,
			     size_t length)
{
	struct tee_ioctl_shm_register_data data = { .addr = (uintptr_t)user, .length = length };
	uint64_t id;

	assert_int_equal(supp_recv(supp, SUPP_META, 5), 0);
	assert_int_equal(supp->arg.word, OPTEE_RPC_CMD_SHM_ALLOC);
	assert_int_equal(supp->arg.num_params, 2);
	assert_int_equal(supp->arg.params[1].attr, 3);
	assert_int_equal(supp->arg.params[1].a, OPTEE_RPC_SHM_TYPE_APPL);
	assert_int_equal(supp->arg.params[1].b, 100);
	id = supp->arg.params[0].a;
	*ret_fd = tee_cdev_ioctl(supp->ctx, TEE_IOC_SHM_REGISTER, (unsigned long)&data);
	assert_true(*ret_fd >= 0);
	*ret_id = data.id;
	supp->arg.params[0] = (struct tee_ioctl_param){ .attr = SUPP_ASYNC, .a = id };
	supp->arg.params[1] = (struct tee_ioctl_param){ .attr = 3, .c = data.id };
	assert_int_equal(supp_send(supp, 0, 2), 0);
}

static void supp_serve_free(struct supp *supp, long fd, int id)
{
	assert_int_equal(supp_recv(supp, SUPP_META, 5), 0);
	assert_int_equal(supp->arg.word, OPTEE_RPC_CMD_SHM_FREE);
	assert_int_equal(supp->arg.num_params, 2);
	assert_int_equal(supp->arg.params[1].b, id);
	platform_test_fd_put(fd);
	supp->arg.params[0].attr = SUPP_ASYNC;
	assert_int_equal(supp_send(supp, 0, 2), 0);
}

/* One shm of @teedev is lent to the trusted OS and part of @n_taken parameters of a
 * request that the supplicant took; with 0 nothing is. */
static void assert_refs(struct drv *drv, const struct tee_device *teedev, size_t n_taken)
{
	struct optee_shm_ref refs[8];
	size_t n = optee_get_shm_refs(drv->optee, refs, ARRAY_SIZE(refs));
	size_t supplicant = 0;

	assert_int_equal(n, n_taken ? n_taken + 1 : 0);
	for (size_t i = 0; i < n; i++) {
		assert_ptr_equal(refs[i].teedev, teedev);
		assert_int_equal(refs[i].shm, refs[0].shm);
		supplicant += refs[i].supplicant;
	}
	assert_int_equal(supplicant, n_taken);
	/* How many there are does not depend on the room. */
	assert_int_equal(optee_get_shm_refs(drv->optee, NULL, 0), n);
}

static void test_appl(void **state)
{
	static char user[8192];
	struct drv *drv = *state;
	struct fixture *fx = start(drv, body_appl);
	struct supp *supp = &fx->supp;
	struct drv_count before = drv_count(drv);
	long fd;
	int id;

	/* Given back by the trusted OS, then by the end of the call */
	for (uint32_t func = 0; func < 2; func++) {
		drv_job_start(&fx->job, drv, func);
		supp_serve_alloc(supp, &fd, &id, user + 40, 100);
		assert_int_equal(supp_recv(supp, SUPP_META, 5), 0);
		assert_int_equal(supp->arg.word, RPC_CMD);
		assert_int_equal(supp->arg.params[1].attr, 5);
		assert_int_equal(supp->arg.params[1].a, 0);
		assert_int_equal(supp->arg.params[1].b, 4);
		assert_int_equal(supp->arg.params[1].c, id);
		assert_int_equal(supp->arg.params[2].a, 8);
		assert_refs(drv, supp->ctx->teedev, 2);
		/* The memory is the supplicant's own, there and back. */
		assert_string_equal(user + 40, "ask");
		strcpy(user + 48, "answer");
		supp->arg.params[2].b = func ? 1 << 20 : 7;
		assert_int_equal(supp_send(supp, 0, 3), 0);
		supp_serve_free(supp, fd, id);
		assert_int_equal(drv_job_join(&fx->job), 0);
		assert_int_equal(fx->seen.p[1].u.rmem.size, func ? 1 << 20 : 7);
	}
	assert_refs(drv, supp->ctx->teedev, 0);
	drv_assert_same(before, drv_count(drv));
	finish(fx);
}

static void test_appl_sync(void **state)
{
	static char user[8192];
	struct drv *drv = *state;
	struct fixture *fx = start(drv, body_appl);
	struct supp *supp = &fx->supp;
	long fd;
	int id;

	/* What the supplicant wrote has to reach the trusted OS before the answer. */
	drv_job_start(&fx->job, drv, 0);
	supp_serve_alloc(supp, &fd, &id, user + 40, 100);
	assert_int_equal(supp_recv(supp, SUPP_META, 5), 0);
	strcpy(user + 48, "answer");
	supp->arg.params[2].b = 7;
	assert_int_equal(supp_send(supp, 0, 3), 0);
	assert_int_equal(supp_recv(supp, SUPP_META, 5), 0);
	assert_string_equal((char *)fx->seen.va + 8, "answer");
	supp->arg.params[0].attr = SUPP_ASYNC;
	platform_test_fd_put(fd);
	assert_int_equal(supp_send(supp, 0, 2), 0);
	assert_int_equal(drv_job_join(&fx->job), 0);

	/* When it cannot be fetched, the request has failed. */
	drv_job_start(&fx->job, drv, 0);
	supp_serve_alloc(supp, &fd, &id, user + 40, 100);
	assert_int_equal(supp_recv(supp, SUPP_META, 5), 0);
	platform_test.sync_rc = -EFAULT;
	assert_int_equal(supp_send(supp, 0, 3), -EFAULT);
	platform_test.sync_rc = 0;
	supp_serve_free(supp, fd, id);
	assert_int_equal(drv_job_join(&fx->job), TEE_R_COMMUNICATION);
	finish(fx);
}

/* A requester is killed while the supplicant serves it, with its memory in use. */
static void test_appl_killed(void **state)
{
	static char user[8192];
	struct drv *drv = *state;
	struct fixture *fx = start(drv, body_appl);
	struct supp *supp = &fx->supp;
	uint64_t req;
	long fd;
	int id;

	drv_job_start(&fx->job, drv, 0);
	supp_serve_alloc(supp, &fd, &id, user, 100);
	assert_int_equal(supp_recv(supp, SUPP_META, 5), 0);
	req = supp->arg.params[0].a;
	task_kill(&fx->job.task);
	assert_int_equal(drv_job_join(&fx->job), TEE_R_COMMUNICATION);
	assert_int_equal(supp_send_id(supp, req, 0, 3), -EBADF);
	platform_test_fd_put(fd);
	finish(fx);
}

/* Wrong answers to SHM_ALLOC: no such memory, too small, refused */
static void test_appl_hostile(void **state)
{
	static char user[8192];
	static const uint64_t ids[] = { 0, 4711, ~0ull, 1ull << 32 | 1 };
	struct drv *drv = *state;
	struct fixture *fx = start(drv, body_appl);
	struct supp *supp = &fx->supp;
	long fd;
	int id;

	for (size_t i = 0; i < sizeof(ids) / sizeof(ids[0]); i++) {
		drv_job_start(&fx->job, drv, 0);
		assert_int_equal(supp_recv(supp, SUPP_META, 5), 0);
		supp->arg.params[0].attr = SUPP_ASYNC;
		supp->arg.params[1].c = ids[i];
		assert_int_equal(supp_send(supp, 0, 2), 0);
		assert_int_equal(drv_job_join(&fx->job), TEE_R_OUT_OF_MEMORY);
	}
	drv_job_start(&fx->job, drv, 0);
	supp_serve_alloc(supp, &fd, &id, user, 99);
	assert_int_equal(drv_job_join(&fx->job), TEE_R_OUT_OF_MEMORY);
	platform_test_fd_put(fd);
	finish(fx);
}

/* Memory that is not the supplicant's does not reach it under a foreign number. */
static uint32_t body_foreign(struct fw_thread *t, struct optee_msg_arg *msg)
{
	struct seen *seen = seen_of(t);
	struct optee_msg_param p;

	p = fw_rmem(OPTEE_MSG_ATTR_TYPE_RMEM_INPUT, seen->cookie, 0, 4);
	return fw_rpc_cmd_n(t, RPC_CMD, &p, 1);
}

static void test_foreign(void **state)
{
	struct drv *drv = *state;
	struct fixture *fx = start(drv, body_foreign);
	struct tee_shm *shm = tee_shm_alloc_kernel_buf(drv->ctx, 10);

	fx->seen.cookie = shm->sec_world_id;
	assert_int_equal(drv_invoke(drv, 0, NULL, 0, NULL), TEE_R_COMMUNICATION);

	/* Queued while there was none: refused when one comes */
	tee_cdev_release(fx->supp.ctx);
	drv_job_start(&fx->job, drv, 0);
	usleep(A_MOMENT_US);
	supp_open(drv, &fx->supp);
	drv->task.interrupted = drv_always_interrupted;
	assert_int_equal(supp_recv(&fx->supp, SUPP_META, 5), -ERESTARTSYS);
	drv->task.interrupted = NULL;
	assert_int_equal(drv_job_join(&fx->job), TEE_R_COMMUNICATION);
	tee_shm_free(shm);
	finish(fx);
}

/* --- hostile requests --- */

struct memref_row {
	const char *name;
	struct optee_msg_param p;
};

#define RMEM(offs, size) { 6, .u.rmem = { offs, size, 0 } }

/* shm_ref 0 becomes the cookie of a client's 4096 bytes */
static const struct memref_row memref_rows[] = {
	{ "optee hostile memref: beyond the end", RMEM(0, 4097) },
	{ "optee hostile memref: offset beyond the end", RMEM(4097, 0) },
	{ "optee hostile memref: wraps", RMEM(~0ull, 2) },
	{ "optee hostile memref: size wraps", RMEM(1, ~0ull) },
	{ "optee hostile memref: unknown cookie", { 6, .u.rmem = { 0, 1, 4711 } } },
	{ "optee hostile memref: the driver's own", { 6, .u.rmem = { 0, 1, 1 } } },
	{ "optee hostile memref: a pointer", { 6, .u.rmem = { 0, 1, 0xffff888012345678 } } },
	{ "optee hostile memref: cookie above 32 bits", { 6, .u.rmem = { 0, 1, 1ull << 32 | 1 } } },
	{ "optee hostile memref: address without memory", { 10, .u.tmem = { 0x1000, 1, 0 } } },
	{ "optee hostile memref: NULL with a size", { 10, .u.tmem = { 0, 1, 0 } } },
	{ "optee hostile memref: address in a client's", { 10, .u.tmem = { 0x1000, 1, 2 } } },
	{ "optee hostile memref: NONCONTIG", { 0x20a, .u.tmem = { 0x1000, 1, 2 } } },
	{ "optee hostile attr 4", { 4 } },
	{ "optee hostile attr SUPP_META", { 0x101 } },
	{ "optee hostile attr high", { 1ull << 63 | 1 } },
};

static uint32_t body_memref(struct fw_thread *t, struct optee_msg_arg *msg)
{
	struct seen *seen = seen_of(t);
	/* A good one first, whose reference has to be dropped */
	struct optee_msg_param p[2] = {
		fw_rmem(OPTEE_MSG_ATTR_TYPE_RMEM_INPUT, seen->cookie, 4096, 0),
		seen->p[0],
	};

	return fw_rpc_cmd_n(t, RPC_CMD, p, 2);
}

static void test_hostile_memref(void **state)
{
	struct drv *drv = *state;
	const struct memref_row *row = drv->row;
	struct tee_shm *shm = tee_shm_alloc_kernel_buf(drv->ctx, 4096);
	struct seen seen = { .cookie = shm->sec_world_id };

	seen.p[0] = row->p;
	if (row->p.attr == 6 && !row->p.u.rmem.shm_ref)
		seen.p[0].u.rmem.shm_ref = seen.cookie;
	drv->world.data = &seen;
	drv->world.invoke = body_memref;
	drv->ctx->supp_nowait = true;
	assert_int_equal(drv_invoke(drv, 0, NULL, 0, NULL), TEE_R_BAD_PARAMETERS);
	assert_int_equal(refcount_read(&shm->refcount), 1);

	/* The same with an empty one gets through to nobody. */
	seen.p[0] = (struct optee_msg_param){ 10 };
	assert_int_equal(drv_invoke(drv, 0, NULL, 0, NULL), TEE_R_COMMUNICATION);
	assert_int_equal(refcount_read(&shm->refcount), 1);
	tee_shm_free(shm);
}

/* --- fallback --- */

static u32 fallback_request(void *data, u32 func, size_t num_params, struct tee_param *param)
{
	atomic_fetch_add((atomic_uint *)data, 1);
	if (num_params == 2 && tee_param_is_memref(&param[1])) {
		struct tee_param_memref *m = &param[1].u.memref;

		strcpy(tee_shm_get_va(m->shm, m->shm_offs), "fallback");
		m->size = 9;
		return 0;
	}
	param[0].u.value.a = 123;
	return 0;
}

static void test_fallback(void **state)
{
	struct drv *drv = *state;
	struct seen seen = {};
	atomic_uint n = 0;
	struct supp supp;
	struct drv_job job;
	struct drv_count before;

	drv->fallback.request = fallback_request;
	drv->fallback.data = &n;
	assert_int_equal(drv_probe(drv), 0);
	before = drv_count(drv);
	drv->world.data = &seen;
	drv->world.invoke = body_request;
	assert_int_equal(drv_invoke(drv, 0, NULL, 0, NULL), 0);
	assert_int_equal(atomic_load(&n), 1);
	assert_int_equal(seen.p[0].u.value.a, 123);

	/* Application memory is the kernel's then; func 1 leaves it behind */
	drv->world.invoke = body_appl;
	for (uint32_t func = 0; func < 2; func++) {
		assert_int_equal(drv_invoke(drv, func, NULL, 0, NULL), 0);
		assert_int_equal(seen.p[1].u.rmem.size, 9);
		drv_assert_same(before, drv_count(drv));
	}
	assert_int_equal(atomic_load(&n), 3);

	/* A supplicant process goes before it. */
	supp_open(drv, &supp);
	drv->world.invoke = body_request;
	drv_job_start(&job, drv, 0);
	assert_int_equal(supp_recv(&supp, SUPP_META, 5), 0);
	assert_int_equal(supp_send_id(&supp, supp.arg.params[0].a, 0, 3), 0);
	assert_int_equal(drv_job_join(&job), 0);
	assert_int_equal(atomic_load(&n), 3);
	tee_cdev_release(supp.ctx);
	assert_int_equal(drv_invoke(drv, 0, NULL, 0, NULL), 0);
	assert_int_equal(atomic_load(&n), 4);
}

/* --- many of them --- */

#define N_SERVERS 2
#define N_REQUESTERS 6
#define N_ROUNDS 40

struct server {
	pthread_t thread;
	struct supp supp;
	struct task_struct task;
	unsigned int served;
	unsigned int wrong;
};

static void *server_main(void *data)
{
	struct server *server = data;
	long rc;

	server->task.uaccess = &uaccess_inprocess_ops;
	task_enter(&server->task);
	while (!(rc = supp_recv(&server->supp, SUPP_META, 5))) {
		rc = supp_send_id(&server->supp, server->supp.arg.params[0].a, 0,
				  server->supp.arg.num_params);
		server->wrong += rc != 0 && rc != -EBADF;
		server->served++;
	}
	server->wrong += rc != -ERESTARTSYS;
	task_leave(&server->task);
	return NULL;
}

static void test_many(void **state)
{
	struct drv *drv = *state;
	struct server servers[N_SERVERS] = {};
	struct drv_job jobs[N_REQUESTERS];
	struct seen seen = {};
	unsigned int served = 0;
	atomic_uint stop = 0;
	struct supp supp;

	drv->world.config.n_threads = 4;
	drv->world.config.reported_threads = 4;
	assert_int_equal(drv_probe(drv), 0);
	drv->world.data = &seen;
	drv->world.invoke = body_request;
	supp_open(drv, &supp);
	for (int i = 0; i < N_SERVERS; i++) {
		task_init(&servers[i].task);
		servers[i].supp.ctx = supp.ctx;
		servers[i].task.interrupted = interrupted_flag;
		servers[i].task.interrupted_data = &stop;
		assert_int_equal(pthread_create(&servers[i].thread, NULL, server_main,
						&servers[i]), 0);
	}

	for (int round = 0; round < N_ROUNDS; round++) {
		for (int i = 0; i < N_REQUESTERS; i++)
			drv_job_start(&jobs[i], drv, 1);
		/* One of them dies, at whatever point it has come to */
		task_kill(&jobs[round % N_REQUESTERS].task);
		for (int i = 0; i < N_REQUESTERS; i++) {
			uint32_t ret = drv_job_join(&jobs[i]);

			assert_true(ret == 0 || (ret == TEE_R_COMMUNICATION &&
						 i == round % N_REQUESTERS));
		}
	}

	atomic_store(&stop, 1);
	for (int i = 0; i < N_SERVERS; i++) {
		task_interrupt_wake(&servers[i].task);
		pthread_join(servers[i].thread, NULL);
		assert_int_equal(servers[i].wrong, 0);
		served += servers[i].served;
	}
	assert_in_range(served, N_ROUNDS * (N_REQUESTERS - 1), N_ROUNDS * N_REQUESTERS);
	tee_cdev_release(supp.ctx);
}

int main(void)
{
	drv_add("optee RECV with memrefs", test_recv_memref, drv_setup, NULL);
	drv_add("optee RECV, signal while idle", test_recv_signal, drv_setup, NULL);
	drv_add("optee asynchronous", test_async, drv_setup, NULL);
	drv_add("optee synchronous", test_sync, drv_setup, NULL);
	drv_add("optee answers in any order", test_answers_in_any_order, drv_setup, NULL);
	drv_add("optee requester killed", test_killed, drv_setup, NULL);
	drv_add("optee requester interrupted", test_not_killed, drv_setup, NULL);
	drv_add("optee N126 supplicant exits", test_supplicant_exits, drv_setup, NULL);
	drv_add("optee memory of the supplicant", test_appl, drv_setup, NULL);
	drv_add("optee memory of the supplicant, synchronised", test_appl_sync, drv_setup, NULL);
	drv_add("optee memory of the supplicant, killed", test_appl_killed, drv_setup, NULL);
	drv_add("optee memory of the supplicant, hostile", test_appl_hostile, drv_setup, NULL);
	drv_add("optee memory of others", test_foreign, drv_setup, NULL);
	DRV_ADD_ROWS(memref_rows, test_hostile_memref, drv_setup);
	drv_add("optee supplicant of two threads", test_many, drv_setup_world, NULL);
	drv_add("optee fallback", test_fallback, drv_setup_world, NULL);
	return drv_run("optee supplicant");
}
