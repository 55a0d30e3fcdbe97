/* SPDX-License-Identifier: BSD-2-Clause */
#include "optee_fixture.h"

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

int drv_setup_world(void **state)
{
	struct drv *drv = calloc(1, sizeof(*drv));

	if (!drv)
		return -1;
	drv->row = *state;
	platform_test_reset();
	drv->live = kmem_live();
	fw_init(&drv->world);
	drv->pdata.conduit = &drv->world.conduit;

	task_init(&drv->task);
	drv->task.uaccess = &uaccess_inprocess_ops;
	task_enter(&drv->task);
	*state = drv;
	return 0;
}

int drv_setup(void **state)
{
	if (drv_setup_world(state))
		return -1;
	return drv_probe(*state);
}

int drv_probe(struct drv *drv)
{
	uint32_t ret;

	if (drv->fallback.request)
		drv->pdata.fallback = &drv->fallback;
	drv->optee = optee_probe(&drv->pdata);
	if (IS_ERR(drv->optee)) {
		int rc = PTR_ERR(drv->optee);

		drv->optee = NULL;
		return rc;
	}
	flush_work(&drv->optee->scan_work);
	drv->ctx = tee_cdev_open(drv->optee->teedev);
	if (IS_ERR(drv->ctx))
		return PTR_ERR(drv->ctx);
	return drv_open_session(drv->ctx, NULL, 0, &drv->session, &ret);
}

void drv_remove(struct drv *drv)
{
	if (drv->ctx)
		tee_cdev_release(drv->ctx);
	drv->ctx = NULL;
	optee_remove(drv->optee);
	drv->optee = NULL;
}

int drv_teardown(void **state)
{
	struct drv *drv = *state;
	struct platform_test_count counts;

	drv_remove(drv);
	task_leave(&drv->task);

	counts = platform_test_counts();
	assert_int_equal(counts.published, 0);
	assert_int_equal(counts.fds, 0);
	assert_int_equal(counts.pages, 0);
	assert_int_equal(counts.pinned, 0);
	assert_int_equal(fw_n_shm(&drv->world), 0);
	assert_int_equal(fw_n_sessions(&drv->world), 0);
	assert_int_equal(kmem_live(), drv->live);
	fw_fini(&drv->world);
	free(drv);
	return 0;
}

void drv_replace_world(struct drv *drv)
{
	fw_kill(&drv->world);
	optee_world_gone(drv->optee);
	fw_restart(&drv->world);
}

uint32_t drv_invoke_session(struct tee_context *ctx, uint32_t session, uint32_t func,
			    struct tee_param *params, uint32_t n, uint32_t *ret_origin)
{
	struct tee_ioctl_invoke_arg arg = {
		.session = session,
		.func = func,
		.num_params = n,
	};

	assert_int_equal(optee_invoke_func(ctx, &arg, params), 0);
	if (ret_origin)
		*ret_origin = arg.ret_origin;
	return arg.ret;
}

uint32_t drv_invoke(struct drv *drv, uint32_t func, struct tee_param *params, uint32_t n,
		    uint32_t *ret_origin)
{
	return drv_invoke_session(drv->ctx, drv->session, func, params, n, ret_origin);
}

int drv_open_session(struct tee_context *ctx, struct tee_param *params, uint32_t n,
		     uint32_t *ret_session, uint32_t *ret)
{
	struct tee_ioctl_open_session_arg arg = { .num_params = n, .uuid = { 1, 2, 3 } };
	int rc = optee_open_session(ctx, &arg, params);

	*ret_session = arg.session;
	if (ret)
		*ret = arg.ret;
	return rc;
}

struct drv_count drv_count(struct drv *drv)
{
	return (struct drv_count){
		.pages = platform_test_counts().pages,
		.world_shm = fw_n_shm(&drv->world),
		.world_sessions = fw_n_sessions(&drv->world),
		.rpc_bytes = drv->optee ? drv->optee->shm.rpc_bytes : 0,
		.live = kmem_live(),
	};
}

void drv_assert_same(struct drv_count a, struct drv_count b)
{
	assert_int_equal(a.pages, b.pages);
	assert_int_equal(a.world_shm, b.world_shm);
	assert_int_equal(a.world_sessions, b.world_sessions);
	assert_int_equal(a.rpc_bytes, b.rpc_bytes);
	assert_int_equal(a.live, b.live);
}

static void *job_main(void *data)
{
	struct drv_job *job = data;
	struct tee_ioctl_invoke_arg arg = { .session = job->session, .func = job->func };

	task_enter(&job->task);
	job->rc = optee_invoke_func(job->ctx, &arg, NULL);
	job->ret = arg.ret;
	job->origin = arg.ret_origin;
	task_leave(&job->task);
	atomic_store(&job->done, true);
	return NULL;
}

void drv_job_start(struct drv_job *job, struct drv *drv, uint32_t func)
{
	memset(job, 0, sizeof(*job));
	job->drv = drv;
	job->ctx = drv->ctx;
	job->session = drv->session;
	job->func = func;
	task_init(&job->task);
	assert_int_equal(pthread_create(&job->thread, NULL, job_main, job), 0);
}

uint32_t drv_job_join(struct drv_job *job)
{
	pthread_join(job->thread, NULL);
	assert_int_equal(job->rc, 0);
	return job->ret;
}

void drv_wait_for(const atomic_uint *counter, unsigned int value)
{
	for (int i = 0; i < 10000; i++) {
		if (atomic_load(counter) >= value)
			return;
		usleep(1000);
	}
	fail_msg("counter is %u, not %u", atomic_load(counter), value);
}

static uint32_t body_sum(struct fw_thread *t, struct optee_msg_arg *msg)
{
	struct optee_msg_param *p = msg->params;
	const uint8_t *va = fw_shm_va(fw_world_of(t), p[0].u.rmem.shm_ref, p[0].u.rmem.offs,
				      p[0].u.rmem.size);
	uint64_t sum = 0;

	if (!va)
		return TEE_R_SECURITY;
	for (size_t i = 0; i < p[0].u.rmem.size; i++)
		sum += va[i];
	p[1].u.value.a = sum;
	return TEE_R_SUCCESS;
}

uint64_t drv_world_sum(struct drv *drv, struct tee_shm *shm, size_t offs, size_t size)
{
	struct tee_param params[2] = {
		drv_memref(TEE_IOCTL_PARAM_ATTR_TYPE_MEMREF_INPUT, shm, offs, size),
		drv_value(TEE_IOCTL_PARAM_ATTR_TYPE_VALUE_OUTPUT, 0, 0, 0),
	};

	drv->world.invoke = body_sum;
	assert_int_equal(drv_invoke(drv, 0, params, 2, NULL), TEE_R_SUCCESS);
	return params[1].u.value.a;
}

void supp_open(struct drv *drv, struct supp *supp)
{
	supp->ctx = tee_cdev_open(drv->optee->supp_teedev);
	assert_false(IS_ERR(supp->ctx));
	/* What it asks for is done before a test counts. */
	flush_work(&drv->optee->scan_work);
}

long supp_ioctl(struct supp *supp, unsigned int cmd, size_t len)
{
	struct tee_ioctl_buf_data data = { .buf_ptr = (uintptr_t)&supp->arg, .buf_len = len };

	return tee_cdev_ioctl(supp->ctx, cmd, (unsigned long)&data);
}

long supp_recv(struct supp *supp, uint64_t first_attr, uint32_t n)
{
	memset(&supp->arg, 0, sizeof(supp->arg));
	supp->arg.num_params = n;
	supp->arg.params[0].attr = first_attr;
	return supp_ioctl(supp, TEE_IOC_SUPPL_RECV, 8 + 32 * n);
}

long supp_send(struct supp *supp, uint32_t ret, uint32_t n)
{
	supp->arg.word = ret;
	supp->arg.num_params = n;
	return supp_ioctl(supp, TEE_IOC_SUPPL_SEND, 8 + 32 * n);
}

long supp_send_id(struct supp *supp, uint64_t id, uint32_t ret, uint32_t n)
{
	memset(&supp->arg, 0, sizeof(supp->arg));
	supp->arg.params[0] = (struct tee_ioctl_param){ .attr = SUPP_ASYNC, .a = id };
	supp->arg.params[1] = (struct tee_ioctl_param){ .attr = 3, .a = 77, .b = 88, .c = 99 };
	return supp_send(supp, ret, n);
}

bool drv_always_interrupted(void *data)
{
	return true;
}

#define MAX_TESTS 160
static struct CMUnitTest tests[MAX_TESTS];
static size_t n_tests;

void drv_add(const char *name, void (*fn)(void **state), int (*setup)(void **state),
	     const void *row)
{
	if (n_tests == MAX_TESTS)
		abort();
	tests[n_tests++] = (struct CMUnitTest){
		.name = name,
		.test_func = fn,
		.setup_func = setup,
		.teardown_func = drv_teardown,
		.initial_state = (void *)row,
	};
}

int drv_run(const char *group)
{
	return _cmocka_run_group_tests(group, tests, n_tests, NULL, NULL);
}

void assert_session(struct drv *drv, uint32_t id, bool system, bool dead)
{
	struct optee_session_info infos[16];
	size_t n = optee_get_sessions(drv->optee, infos, 16);
	size_t found = 0;

	assert_in_range(n, 1, 16);
	for (size_t i = 0; i < n; i++) {
		if (infos[i].id != id || infos[i].ctx != tee_context_serial(drv->ctx))
			continue;
		found++;
		assert_int_equal(infos[i].system, system);
		assert_int_equal(infos[i].dead, dead);
	}
	assert_int_equal(found, 1);
}
