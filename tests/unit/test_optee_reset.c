/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The world dies, in the middle of whatever calls do, and is replaced
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

#define RPC_CMD 1000

/* --- reset --- */

static uint32_t body_read(struct fw_thread *t, struct optee_msg_arg *msg)
{
	const struct optee_msg_param *p = msg->params;
	const char *va = fw_shm_va(fw_world_of(t), p->u.rmem.shm_ref, p->u.rmem.offs,
				   p->u.rmem.size);

	return va && !strcmp(va, "here") ? TEE_R_SUCCESS : TEE_R_SECURITY;
}

static void test_reset(void **state)
{
	struct drv *drv = *state;
	struct tee_shm *shm = tee_shm_alloc_kernel_buf(drv->ctx, 3 << 20);
	struct tee_ioctl_shm_alloc_data data = { .size = 8192 };
	struct tee_param param = drv_memref(TEE_IOCTL_PARAM_ATTR_TYPE_MEMREF_INPUT, shm,
					    (3 << 20) - 10, 5);
	size_t n_shm = fw_n_shm(&drv->world);
	uint32_t session;
	uint32_t origin;
	struct supp supp;
	unsigned int calls;
	long fd;

	strcpy((char *)shm->kaddr + (3 << 20) - 10, "here");
	supp_open(drv, &supp);
	fd = tee_cdev_ioctl(supp.ctx, TEE_IOC_SHM_ALLOC, (unsigned long)&data);
	assert_true(fd >= 0);

	/* Dead and not yet replaced */
	fw_kill(&drv->world);
	assert_int_equal(drv_invoke(drv, 0, NULL, 0, &origin), TEE_R_COMMUNICATION);
	assert_int_equal(origin, TEE_R_ORIGIN_COMMS);
	assert_int_equal(PTR_ERR(tee_shm_alloc_kernel_buf(drv->ctx, 10)), -EIO);

	/* A replacement is on its way, or is not usable: nothing goes to it */
	optee_world_gone(drv->optee);
	calls = atomic_load(&drv->world.n_smc);
	assert_int_equal(drv_invoke(drv, 0, NULL, 0, &origin), TEE_R_COMMUNICATION);
	assert_int_equal(atomic_load(&drv->world.n_smc), calls);
	assert_int_equal(optee_reset(drv->optee), -ENODEV);
	calls = atomic_load(&drv->world.n_smc);
	assert_int_equal(drv_invoke(drv, 0, NULL, 0, &origin), TEE_R_COMMUNICATION);
	assert_int_equal(drv_open_session(drv->ctx, NULL, 0, &session, NULL), 0);
	assert_int_equal(session, 0);
	assert_int_equal(PTR_ERR(tee_shm_alloc_kernel_buf(drv->ctx, 10)), -EIO);
	assert_int_equal(atomic_load(&drv->world.n_smc), calls);

	drv_replace_world(drv);
	assert_int_equal(optee_reset(drv->optee), 0);
	flush_work(&drv->optee->scan_work);
	/* The client's is registered anew; the supplicant's never is. */
	assert_int_equal(fw_n_shm(&drv->world), n_shm);

	assert_session(drv, drv->session, /* system: */ false, /* dead: */ true);

	/* The session is dead and says so without an SMC. */
	calls = atomic_load(&drv->world.n_calls);
	assert_int_equal(drv_invoke(drv, 0, NULL, 0, &origin), TEE_R_TARGET_DEAD);
	assert_int_equal(origin, TEE_R_ORIGIN_COMMS);
	assert_int_equal(optee_cancel_req(drv->ctx, 0, drv->session), 0);
	assert_int_equal(atomic_load(&drv->world.n_calls), calls);

	/* A new one has a number of its own while the dead one is not closed. */
	assert_int_equal(drv_open_session(drv->ctx, NULL, 0, &session, NULL), 0);
	assert_int_not_equal(session, drv->session);
	assert_int_equal(optee_close_session(drv->ctx, drv->session), 0);
	assert_int_equal(optee_close_session(drv->ctx, drv->session), -EINVAL);
	drv->world.invoke = body_read;
	assert_int_equal(drv_invoke_session(drv->ctx, session, 0, &param, 1, NULL), 0);
	assert_int_equal(optee_close_session(drv->ctx, session), 0);
	assert_int_equal(fw_n_sessions(&drv->world), 0);

	tee_shm_free(shm);
	platform_test_fd_put(fd);
	tee_cdev_release(supp.ctx);
}

static void test_reset_refused(void **state)
{
	struct drv *drv = *state;
	struct tee_shm *shm = tee_shm_alloc_kernel_buf(drv->ctx, 4096);
	uint32_t session;

	/* Other capabilities than clients were told */
	drv_replace_world(drv);
	drv->world.config.caps &= ~OPTEE_SMC_SEC_CAP_MEMREF_NULL;
	assert_int_equal(optee_reset(drv->optee), -EINVAL);
	drv->world.config.caps |= OPTEE_SMC_SEC_CAP_MEMREF_NULL;

	/* It does not take our memory */
	drv->world.refuse_register = TEE_R_OUT_OF_MEMORY;
	assert_int_equal(optee_reset(drv->optee), -ENOMEM);
	drv->world.refuse_register = 0;
	drv->world.config.reported_threads = 1;
	assert_int_equal(optee_reset(drv->optee), 0);
	flush_work(&drv->optee->scan_work);
	assert_int_equal(drv->optee->cq.total_thread_count, 1);
	assert_true(fw_knows(&drv->world, shm->sec_world_id));
	assert_int_equal(drv_open_session(drv->ctx, NULL, 0, &session, NULL), 0);
	assert_int_equal(drv_invoke_session(drv->ctx, session, 0, NULL, 0, NULL), 0);
	tee_shm_free(shm);
}

/* Waits in every kind of request when its world dies */
enum waiting_in {
	WAIT_NOTIF,
	WAIT_NOTIF_TIMEOUT,
	WAIT_SUSPEND,
	WAIT_SUPP_QUEUED,
	WAIT_SUPP_PROCESSING,
};

struct reset_row {
	const char *name;
	enum waiting_in waiting;
};

static const struct reset_row reset_rows[] = {
	{ "optee reset: a call waits for a notification", WAIT_NOTIF },
	{ "optee reset: a call waits with a timeout", WAIT_NOTIF_TIMEOUT },
	{ "optee reset: a call is suspended", WAIT_SUSPEND },
	{ "optee reset: a request is queued", WAIT_SUPP_QUEUED },
	{ "optee reset: a request is being served", WAIT_SUPP_PROCESSING },
};

static uint32_t body_wait(struct fw_thread *t, struct optee_msg_arg *msg)
{
	atomic_uint *step = fw_world_of(t)->data;
	uint64_t cookie = fw_shm_alloc(t, OPTEE_RPC_SHM_TYPE_KERNEL, 5000, NULL);
	struct optee_msg_param p;

	if (!cookie)
		return TEE_R_OUT_OF_MEMORY;
	atomic_fetch_add(step, 1);
	switch ((enum waiting_in)msg->func) {
	case WAIT_NOTIF:
	case WAIT_NOTIF_TIMEOUT:
		p = fw_value(MSG_VALUE_IN, OPTEE_RPC_NOTIFICATION_WAIT, 64 + fw_thread_id(t),
			     msg->func == WAIT_NOTIF ? 0 : 1000000);
		return fw_rpc_cmd_n(t, OPTEE_RPC_CMD_NOTIFICATION, &p, 1);
	case WAIT_SUSPEND:
		p = fw_value(MSG_VALUE_IN, 1000000, 0, 0);
		return fw_rpc_cmd_n(t, OPTEE_RPC_CMD_SUSPEND, &p, 1);
	case WAIT_SUPP_QUEUED:
	case WAIT_SUPP_PROCESSING:
		break;
	}
	return fw_rpc_cmd_n(t, RPC_CMD, NULL, 0);
}

static void test_reset_waiting(void **state)
{
	struct drv *drv = *state;
	const struct reset_row *row = drv->row;
	struct drv_count before;
	struct drv_count after;
	atomic_uint step = 0;
	struct drv_job job;
	struct supp supp;
	uint64_t id = 0;
	uint32_t ret;

	supp_open(drv, &supp);
	before = drv_count(drv);
	drv->world.data = &step;
	drv->world.invoke = body_wait;
	drv_job_start(&job, drv, row->waiting);
	drv_wait_for(&step, 1);
	if (row->waiting == WAIT_SUPP_PROCESSING) {
		assert_int_equal(supp_recv(&supp, SUPP_META, 5), 0);
		id = supp.arg.params[0].a;
	}
	usleep(A_MOMENT_US);
	assert_false(atomic_load(&job.done));

	/* Nothing of it may reach the new one: the fake world checks that. */
	drv_replace_world(drv);
	assert_int_equal(optee_reset(drv->optee), 0);
	flush_work(&drv->optee->scan_work);
	/* By whether it came back before or after the end of the reset */
	ret = drv_job_join(&job);
	assert_true(ret == TEE_R_TARGET_DEAD || ret == TEE_R_COMMUNICATION);
	assert_int_equal(job.origin, TEE_R_ORIGIN_COMMS);
	if (id)
		assert_int_equal(supp_send_id(&supp, id, 0, 1), -EBADF);
	assert_int_equal(optee_close_session(drv->ctx, drv->session), 0);
	after = drv_count(drv);
	assert_int_equal(after.pages, before.pages);
	assert_int_equal(after.world_shm, before.world_shm);
	assert_int_equal(after.world_sessions, 0);
	assert_int_equal(after.rpc_bytes, 0);
	tee_cdev_release(supp.ctx);
}

/* A bit that the old one left must not let a thread of the new one pass. */
static uint32_t body_notif_bit(struct fw_thread *t, struct optee_msg_arg *msg)
{
	struct optee_msg_param p = fw_value(MSG_VALUE_IN, msg->func, 64, 20);

	return fw_rpc_cmd_n(t, OPTEE_RPC_CMD_NOTIFICATION, &p, 1);
}

static void test_reset_notif(void **state)
{
	struct drv *drv = *state;
	uint32_t session;

	drv->world.invoke = body_notif_bit;
	assert_int_equal(drv_invoke(drv, OPTEE_RPC_NOTIFICATION_SEND, NULL, 0, NULL), 0);
	drv_replace_world(drv);
	assert_int_equal(optee_reset(drv->optee), 0);
	assert_int_equal(drv_open_session(drv->ctx, NULL, 0, &session, NULL), 0);
	assert_int_equal(drv_invoke_session(drv->ctx, session, OPTEE_RPC_NOTIFICATION_WAIT, NULL,
					    0, NULL), TEE_R_BAD_PARAMETERS);
}

/* The new one asks for things while everybody waits for the end of the reset. */
static bool reset_rpc_hook(struct fw_world *world, const struct smc_regs *in,
			   struct smc_regs *out)
{
	const struct smc_regs *answer = world->hook_data;

	if (in->a[0] & SMCCC_FAST_CALL)
		return false;
	*out = *answer;
	return true;
}

static void test_reset_hostile(void **state)
{
	static const struct smc_regs answers[] = {
		{ { 0xffff0004 } },		/* for ever */
		{ { 0xffff0000, 0x1000 } },
		{ { 0xffff0005 } },
		{ { OPTEE_SMC_RETURN_ETHREAD_LIMIT } },
		{ { 5 } },
		{ { 0xffffffff } },
	};
	struct drv *drv = *state;

	for (size_t i = 0; i < sizeof(answers) / sizeof(answers[0]); i++) {
		struct drv_count before;

		drv_replace_world(drv);
		before = drv_count(drv);
		drv->world.hook_data = (void *)&answers[i];
		drv->world.hook = reset_rpc_hook;
		assert_true(optee_reset(drv->optee) < 0);
		drv->world.hook = NULL;
		drv_assert_same(before, drv_count(drv));
	}
	assert_int_equal(optee_reset(drv->optee), 0);
}

/* Clients that never stop, while worlds come and go */
#define N_STORM 4
#define N_RESETS 30

struct storm {
	pthread_t thread;
	struct drv *drv;
	atomic_bool *stop;
	unsigned int wrong;
	unsigned int good;
};

static bool storm_result_ok(uint32_t ret)
{
	return ret == TEE_R_SUCCESS || ret == TEE_R_COMMUNICATION || ret == TEE_R_TARGET_DEAD;
}

static void *storm_main(void *data)
{
	struct storm *storm = data;
	struct tee_context *ctx = storm->drv->ctx;

	while (!atomic_load(storm->stop)) {
		struct tee_ioctl_open_session_arg open = {};
		struct tee_shm *shm = tee_shm_alloc_kernel_buf(ctx, 5000);

		if (IS_ERR(shm) && PTR_ERR(shm) != -EIO)
			storm->wrong++;
		if (optee_open_session(ctx, &open, NULL) || !storm_result_ok(open.ret))
			storm->wrong++;
		for (int i = 0; !open.ret && i < 5; i++) {
			struct tee_param param = drv_memref(5, IS_ERR(shm) ? NULL : shm, 0, 0);
			struct tee_ioctl_invoke_arg arg = {
				.session = open.session, .num_params = 1,
			};

			if (optee_invoke_func(ctx, &arg, &param) || !storm_result_ok(arg.ret))
				storm->wrong++;
			storm->good += arg.ret == 0;
		}
		if (!open.ret && optee_close_session(ctx, open.session))
			storm->wrong++;
		if (!IS_ERR(shm))
			tee_shm_free(shm);
	}
	return NULL;
}

static uint32_t body_storm(struct fw_thread *t, struct optee_msg_arg *msg)
{
	struct optee_msg_param p = fw_value(MSG_VALUE_IN, 0, 64 + fw_thread_id(t), 1);
	struct smc_regs regs = {};

	if (!fw_rpc_raw(t, &regs, OPTEE_SMC_RPC_FUNC_FOREIGN_INTR))
		return 0;
	if (!fw_shm_alloc(t, OPTEE_RPC_SHM_TYPE_KERNEL, 100, NULL))
		return TEE_R_SUCCESS;
	(void)fw_rpc_cmd_n(t, OPTEE_RPC_CMD_NOTIFICATION, &p, 1);
	return TEE_R_SUCCESS;
}

static void test_reset_storm(void **state)
{
	struct drv *drv = *state;
	struct storm storms[N_STORM] = {};
	atomic_bool stop = false;
	unsigned int good = 0;

	drv->world.invoke = body_storm;
	for (int i = 0; i < N_STORM; i++) {
		storms[i].drv = drv;
		storms[i].stop = &stop;
		assert_int_equal(pthread_create(&storms[i].thread, NULL, storm_main,
						&storms[i]), 0);
	}
	for (int i = 0; i < N_RESETS; i++) {
		usleep(3000);
		drv_replace_world(drv);
		assert_int_equal(optee_reset(drv->optee), 0);
	}
	usleep(A_MOMENT_US);
	atomic_store(&stop, true);
	for (int i = 0; i < N_STORM; i++) {
		pthread_join(storms[i].thread, NULL);
		assert_int_equal(storms[i].wrong, 0);
		good += storms[i].good;
	}
	assert_true(good > 0);
	flush_work(&drv->optee->scan_work);
	assert_int_equal(drv->optee->cq.free_thread_count, 2);
	assert_int_equal(drv->optee->shm.rpc_bytes, 0);
}

int main(void)
{
	drv_add("optee reset", test_reset, drv_setup, NULL);
	drv_add("optee reset refused", test_reset_refused, drv_setup, NULL);
	DRV_ADD_ROWS(reset_rows, test_reset_waiting, drv_setup);
	drv_add("optee reset: notifications", test_reset_notif, drv_setup, NULL);
	drv_add("optee reset: hostile", test_reset_hostile, drv_setup, NULL);
	drv_add("optee reset: storm", test_reset_storm, drv_setup, NULL);
	return drv_run("optee reset");
}
