/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Clients inside the kernel: which device they get, what reaches the driver, and
 * devices that leave meanwhile
 */
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include <linux/err.h>
#include <linux/mm.h>
#include <linux/slab.h>

#include "base/kernel/kmem.h"
#include "core_fixture.h"
#include "normal/tee/tee_cdev.h"
#include "normal/tee/tee_client.h"
#include "platform_test.h"

/* Long enough for another thread to get stuck where it should */
#define A_MOMENT_US 20000

/* --- which device --- */

/* Says yes to the @nth device it is asked about, from 0; -1: to none */
struct choice {
	int nth;
	int asked;
	uint32_t caps;
};

static int choose(struct tee_ioctl_version_data *vers, const void *data)
{
	struct choice *choice = (struct choice *)data;

	choice->caps |= vers->gen_caps;
	return choice->asked++ == choice->nth;
}

static int any(struct tee_ioctl_version_data *vers, const void *data)
{
	return 1;
}

static struct tee_context *open_nth(struct tee_context *start, int nth)
{
	struct choice choice = { .nth = nth };

	return tee_client_open_context(start, choose, &choice, NULL);
}

static void test_no_match(void **state)
{
	struct core *core = *state;
	struct choice choice = { .nth = -1 };
	struct tee_ioctl_version_data vers = {};
	unsigned int opens = atomic_load(&core->tee.calls[FAKE_OPEN]);

	assert_int_equal(PTR_ERR(tee_client_open_context(NULL, choose, &choice, &vers)), -ENOENT);
	/* Both were asked, as their driver tells it; none was opened. */
	assert_int_equal(choice.asked, 2);
	assert_int_equal(choice.caps & TEE_GEN_CAP_PRIVILEGED, 0);
	assert_int_equal(vers.impl_id, TEE_IMPL_ID_OPTEE);
	assert_int_equal(atomic_load(&core->tee.calls[FAKE_OPEN]), opens);
}

static void test_busy(void **state)
{
	struct core *core = *state;
	struct tee_context *ctx, *none;
	struct fake_tee other;

	fake_tee_init(&other);
	assert_int_equal(fake_tee_probe(&other), 0);
	core->tee.rc[FAKE_OPEN] = -EBUSY;
	ctx = tee_client_open_context(NULL, any, NULL, NULL);
	core->tee.rc[FAKE_OPEN] = 0;
	assert_false(IS_ERR(ctx));
	assert_ptr_equal(ctx->teedev, other.client);
	tee_client_close_context(ctx);

	/* Memory that is short is no matter of the device. */
	core->tee.rc[FAKE_OPEN] = -ENOMEM;
	none = tee_client_open_context(NULL, any, NULL, NULL);
	core->tee.rc[FAKE_OPEN] = 0;
	assert_int_equal(PTR_ERR(none), -ENOMEM);
	fake_tee_remove(&other);
}

static void test_order(void **state)
{
	struct core *core = *state;
	struct tee_context *ctxs[4];
	struct fake_tee other;

	fake_tee_init(&other);
	assert_int_equal(fake_tee_probe(&other), 0);
	ctxs[0] = open_nth(NULL, 0);
	assert_ptr_equal(ctxs[0]->teedev, core->tee.client);
	for (int i = 1; i < 4; i++) {
		ctxs[i] = open_nth(ctxs[i - 1], 0);
		assert_false(IS_ERR(ctxs[i]));
	}
	assert_ptr_equal(ctxs[1]->teedev, core->tee.priv);
	assert_ptr_equal(ctxs[2]->teedev, other.client);
	assert_ptr_equal(ctxs[3]->teedev, other.priv);
	assert_int_equal(PTR_ERR(open_nth(ctxs[3], 0)), -ENOENT);
	/* The last one has its holder. */
	assert_int_equal(PTR_ERR(open_nth(ctxs[0], 2)), -ENOENT);
	for (int i = 0; i < 4; i++)
		tee_client_close_context(ctxs[i]);
	fake_tee_remove(&other);
}

static void test_context(void **state)
{
	struct core *core = *state;
	struct tee_ioctl_version_data vers = {};
	struct tee_context *ctx = open_nth(NULL, 1);
	u32 session;
	struct tee_ioctl_open_session_arg arg = {};

	assert_true(ctx->supp_nowait);
	assert_false(core->ctx->supp_nowait);
	assert_ptr_equal(ctx->teedev, core->tee.priv);
	tee_client_get_version(ctx, &vers);
	assert_int_equal(vers.gen_caps, TEE_GEN_CAP_GP | TEE_GEN_CAP_REG_MEM);
	assert_int_equal(core_ioctl(ctx, TEE_IOC_VERSION, &vers), 0);
	assert_true(vers.gen_caps & TEE_GEN_CAP_PRIVILEGED);

	/* Its end is the end of its sessions. */
	assert_int_equal(tee_client_open_session(ctx, &arg, NULL), 0);
	session = arg.session;
	assert_int_equal(fake_tee_n_sessions(&core->tee), 1);
	assert_int_equal(tee_client_system_session(ctx, session), 0);
	tee_client_close_context(ctx);
	assert_int_equal(fake_tee_n_sessions(&core->tee), 0);
	assert_int_equal(atomic_load(&core->tee.calls[FAKE_CLOSE_CONTEXT]), 1);
}

/* --- calls --- */

static void test_calls(void **state)
{
	struct core *core = *state;
	struct tee_context *ctx = open_nth(NULL, 0);
	struct tee_ioctl_open_session_arg open = { .clnt_login = TEE_IOCTL_LOGIN_REE_KERNEL };
	struct tee_ioctl_invoke_arg invoke = { .num_params = 2 };
	struct tee_ioctl_cancel_arg cancel = { .cancel_id = 77 };
	struct tee_shm *shm = tee_shm_alloc_kernel_buf(ctx, 100);
	struct tee_param params[2] = {
		{ .attr = 0xdead, .u.value = { 1, 2, 3 } },
		{ .attr = TEE_IOCTL_PARAM_ATTR_TYPE_MEMREF_INOUT,
		  .u.memref = { .shm = shm, .shm_offs = 7, .size = 8 } },
	};

	assert_int_equal(tee_client_open_session(ctx, &open, NULL), 0);
	invoke.session = open.session;
	/* What a client passes is its own affair, and nobody counts it. */
	assert_int_equal(tee_client_invoke_func(ctx, &invoke, params), 0);
	assert_int_equal(core->tee.n_seen, 2);
	assert_memory_equal(core->tee.seen, params, sizeof(params));
	assert_int_equal(refcount_read(&shm->refcount), 1);
	assert_int_equal(platform_test_counts().for_tee + platform_test_counts().for_user, 0);

	cancel.session = open.session;
	assert_int_equal(tee_client_cancel_req(ctx, &cancel), 0);
	assert_int_equal(core->tee.seen_word, 77);
	assert_int_equal(tee_client_system_session(ctx, open.session + 1), -EINVAL);
	assert_int_equal(tee_client_system_session(ctx, open.session), 0);
	assert_int_equal(tee_client_close_session(ctx, open.session), 0);
	assert_int_equal(tee_client_close_session(ctx, open.session), -EINVAL);
	assert_int_equal(tee_client_invoke_func(ctx, &invoke, params), -EINVAL);
	tee_shm_free(shm);
	tee_client_close_context(ctx);
}

static void test_missing_ops(void **state)
{
	struct core *core = *state;
	struct tee_context *ctx = open_nth(NULL, 0);
	struct tee_ioctl_open_session_arg open = {};
	struct tee_ioctl_invoke_arg invoke = {};
	struct tee_ioctl_cancel_arg cancel = {};
	struct tee_driver_ops *ops = &core->tee.ops;

	ops->open_session = NULL;
	ops->close_session = NULL;
	ops->system_session = NULL;
	ops->invoke_func = NULL;
	ops->cancel_req = NULL;
	assert_int_equal(tee_client_open_session(ctx, &open, NULL), -EINVAL);
	assert_int_equal(tee_client_close_session(ctx, 1), -EINVAL);
	assert_int_equal(tee_client_system_session(ctx, 1), -EINVAL);
	assert_int_equal(tee_client_invoke_func(ctx, &invoke, NULL), -EINVAL);
	assert_int_equal(tee_client_cancel_req(ctx, &cancel), -EINVAL);
	tee_client_close_context(ctx);
}

static void test_logins(void **state)
{
	static const struct {
		uint32_t login;
		int rc;
	} rows[] = {
		{ TEE_IOCTL_LOGIN_REE_KERNEL, 0 },
		{ TEE_IOCTL_LOGIN_PUBLIC, 0 },
		{ 0x80000001, -EINVAL },
		{ 0xBFFFFFFF, -EINVAL },
		{ 0xC0000000, -EINVAL },
		{ 3, -EINVAL },
		{ TEE_IOCTL_LOGIN_APPLICATION, -EINVAL },
	};
	static const u8 nil[TEE_IOCTL_UUID_LEN];
	struct core *core = *state;
	struct tee_context *ctx = open_nth(NULL, 0);

	core->tee.calc_login = true;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct tee_ioctl_open_session_arg open = { .clnt_login = rows[i].login };

		memset(core->tee.seen_uuid, 0xff, sizeof(core->tee.seen_uuid));
		assert_int_equal(tee_client_open_session(ctx, &open, NULL), rows[i].rc);
		if (!rows[i].rc)
			assert_memory_equal(core->tee.seen_uuid, nil, sizeof(nil));
	}
	tee_client_close_context(ctx);
}

/* --- buffers of the kernel's own --- */

/* What the TEE does to the memref at 0: adds one to each byte that it may. */
static void add_one(struct fake_tee *tee, struct tee_context *ctx, struct tee_param *param,
		    size_t n)
{
	u8 *va = (u8 *)param->u.memref.shm->kaddr + param->u.memref.shm_offs;

	for (size_t i = 0; i < param->u.memref.size; i++)
		va[i]++;
	/* More than the caller passed, as for a short buffer */
	param->u.memref.size = (uintptr_t)tee->data;
}

static void test_kernel_buf(void **state)
{
	struct core *core = *state;
	struct tee_context *ctx = open_nth(NULL, 0);
	struct tee_ioctl_invoke_arg invoke = { .num_params = 1 };
	struct tee_param param = { .attr = TEE_IOCTL_PARAM_ATTR_TYPE_MEMREF_INOUT };
	struct tee_shm *shm;
	u8 *buf = calloc(1, 5000);

	assert_non_null(buf);
	shm = tee_shm_register_kernel_buf(ctx, buf + 1, 4000);
	assert_false(IS_ERR(shm));
	assert_int_equal(shm->id, -1);
	assert_int_equal(shm->flags, TEE_SHM_DYNAMIC);
	assert_int_equal(tee_shm_get_size(shm), 4000);
	assert_int_equal(atomic_load(&core->tee.n_registered), 1);

	memset(buf, 10, 5000);
	core->tee.param = add_one;
	core->tee.data = (void *)50;
	param.u.memref = (struct tee_param_memref){ .shm = shm, .shm_offs = 3, .size = 5 };
	assert_int_equal(tee_client_invoke_func(ctx, &invoke, &param), 0);
	assert_int_equal(param.u.memref.size, 50);
	for (int i = 0; i < 100; i++)
		assert_int_equal(buf[i], i >= 4 && i < 9 ? 11 : 10);

	/* An input is not written back; a NULL memref is none of ours. */
	param.attr = TEE_IOCTL_PARAM_ATTR_TYPE_MEMREF_INPUT;
	param.u.memref.size = 5;
	assert_int_equal(tee_client_invoke_func(ctx, &invoke, &param), 0);
	assert_int_equal(buf[4], 11);
	core->tee.param = NULL;
	param.u.memref = (struct tee_param_memref){};
	assert_int_equal(tee_client_invoke_func(ctx, &invoke, &param), 0);

	/* The buffer outlives the context; its end is through the device context. */
	tee_client_close_context(ctx);
	assert_int_equal(atomic_load(&core->tee.n_registered), 1);
	tee_shm_free(shm);
	assert_ptr_equal(atomic_load(&core->tee.last_ctx),
			 tee_device_get_context(core->tee.client));
	free(buf);
}

static void test_kernel_buf_errors(void **state)
{
	struct core *core = *state;
	struct tee_context *ctx = open_nth(NULL, 0);
	struct tee_ioctl_open_session_arg open = { .num_params = 1 };
	struct tee_ioctl_invoke_arg invoke = { .num_params = 1 };
	struct tee_param param = { .attr = TEE_IOCTL_PARAM_ATTR_TYPE_MEMREF_OUTPUT };
	int (*unregister)(struct tee_context *ctx, struct tee_shm *shm) =
		core->tee.ops.shm_unregister;
	struct tee_shm *shm;
	char buf[64];
	long live;

	assert_int_equal(PTR_ERR(tee_shm_register_kernel_buf(ctx, buf, 0)), -ENOMEM);
	platform_test.pin_rc = -EINVAL;
	assert_int_equal(PTR_ERR(tee_shm_register_kernel_buf(ctx, buf, 1)), -EINVAL);
	platform_test.pin_rc = 0;
	core->tee.rc[FAKE_REGISTER] = -EIO;
	assert_int_equal(PTR_ERR(tee_shm_register_kernel_buf(ctx, buf, 1)), -EIO);
	core->tee.rc[FAKE_REGISTER] = 0;
	core->tee.ops.shm_unregister = NULL;
	assert_int_equal(PTR_ERR(tee_shm_register_kernel_buf(ctx, buf, 1)), -524);
	core->tee.ops.shm_unregister = unregister;
	assert_int_equal(platform_test_counts().pinned, 0);
	live = kmem_live();
	kfault_set(1);
	assert_int_equal(PTR_ERR(tee_shm_register_kernel_buf(ctx, buf, 1)), -ENOMEM);
	assert_true(kfault_hit());
	assert_int_equal(kmem_live(), live);

	shm = tee_shm_register_kernel_buf(ctx, buf, sizeof(buf));
	assert_false(IS_ERR(shm));
	live = kmem_live();
	param.u.memref = (struct tee_param_memref){ .shm = shm, .size = sizeof(buf) };
	/* Not brought up to date: the TEE is not called. */
	platform_test.sync_rc = -EFAULT;
	assert_int_equal(tee_client_invoke_func(ctx, &invoke, &param), -EFAULT);
	assert_int_equal(tee_client_open_session(ctx, &open, &param), -EFAULT);
	platform_test.sync_rc = 0;
	/* Out of the buffer */
	param.u.memref.shm_offs = 1;
	assert_int_equal(tee_client_invoke_func(ctx, &invoke, &param), -EINVAL);
	param.u.memref.shm_offs = 0;
	kfault_set(1);
	assert_int_equal(tee_client_invoke_func(ctx, &invoke, &param), -ENOMEM);
	kfault_set(1);
	assert_int_equal(tee_client_open_session(ctx, &open, &param), -ENOMEM);
	kfault_clear();
	assert_int_equal(atomic_load(&core->tee.calls[FAKE_INVOKE]), 0);
	assert_int_equal(atomic_load(&core->tee.calls[FAKE_OPEN_SESSION]), 0);
	assert_int_equal(kmem_live(), live);
	tee_shm_free(shm);
	tee_client_close_context(ctx);
}

static void fail_sync(struct fake_tee *tee, struct tee_context *ctx, struct tee_param *param,
		      size_t n)
{
	platform_test.sync_rc = -EFAULT;
}

/* The output does not come home: the session that nobody will know of is closed. */
static void test_open_sync_fails(void **state)
{
	struct core *core = *state;
	struct tee_context *ctx = open_nth(NULL, 0);
	struct tee_ioctl_open_session_arg open = { .num_params = 1 };
	struct tee_param param = { .attr = TEE_IOCTL_PARAM_ATTR_TYPE_MEMREF_OUTPUT };
	struct tee_shm *shm;
	char buf[64];

	shm = tee_shm_register_kernel_buf(ctx, buf, sizeof(buf));
	assert_false(IS_ERR(shm));
	param.u.memref = (struct tee_param_memref){ .shm = shm, .size = sizeof(buf) };
	core->tee.param = fail_sync;
	assert_int_equal(tee_client_open_session(ctx, &open, &param), -EFAULT);
	assert_int_equal(atomic_load(&core->tee.calls[FAKE_CLOSE_SESSION]), 1);
	assert_int_equal(fake_tee_n_sessions(&core->tee), 0);
	platform_test.sync_rc = 0;

	/* There is none to close when the TEE refused. */
	core->tee.set_ret = true;
	core->tee.ret = 0xffff0001;
	assert_int_equal(tee_client_open_session(ctx, &open, &param), -EFAULT);
	assert_int_equal(atomic_load(&core->tee.calls[FAKE_CLOSE_SESSION]), 1);
	platform_test.sync_rc = 0;
	tee_shm_free(shm);
	tee_client_close_context(ctx);
}

/* --- faults, devices that leave --- */

static void test_open_faults(void **state)
{
	long live = kmem_live();
	struct tee_context *ctx;
	unsigned long n;

	for (n = 1;; n++) {
		kfault_set(n);
		ctx = tee_client_open_context(NULL, any, NULL, NULL);
		if (!kfault_hit())
			break;
		assert_int_equal(PTR_ERR(ctx), -ENOMEM);
		assert_int_equal(kmem_live(), live);
	}
	kfault_clear();
	/* The context and what the driver has in it */
	assert_int_equal(n, 3);
	assert_false(IS_ERR(ctx));
	tee_client_close_context(ctx);
	assert_int_equal(kmem_live(), live);
}

static atomic_bool removed;

static void *remove_tee(void *data)
{
	fake_tee_remove(data);
	atomic_store(&removed, true);
	return NULL;
}

static void test_unregister_waits(void **state)
{
	struct tee_ioctl_open_session_arg open = {};
	struct fake_tee other;
	struct tee_context *ctx, *none;
	pthread_t remover;

	atomic_store(&removed, false);
	fake_tee_init(&other);
	assert_int_equal(fake_tee_probe(&other), 0);
	ctx = open_nth(NULL, 2);
	assert_ptr_equal(ctx->teedev, other.client);
	assert_int_equal(pthread_create(&remover, NULL, remove_tee, &other), 0);
	while (platform_test_counts().published > 2)
		usleep(1000);
	usleep(A_MOMENT_US);
	assert_false(atomic_load(&removed));

	/* Nobody finds it any more, a walk may start there, and its client works on. */
	none = open_nth(NULL, 2);
	assert_int_equal(PTR_ERR(none), -ENOENT);
	assert_int_equal(PTR_ERR(tee_client_open_context(ctx, any, NULL, NULL)), -ENOENT);
	assert_int_equal(tee_client_open_session(ctx, &open, NULL), 0);
	assert_int_equal(tee_client_close_session(ctx, open.session), 0);
	assert_false(atomic_load(&removed));

	tee_client_close_context(ctx);
	pthread_join(remover, NULL);
	assert_true(atomic_load(&removed));
	assert_int_equal(platform_test_counts().published, 2);
}

#define ROUNDS 300

static void *come_and_go(void *data)
{
	struct fake_tee *tee = data;

	for (int i = 0; i < ROUNDS; i++) {
		if (fake_tee_probe(tee))
			abort();
		tee_device_unregister(tee->priv);
		tee_device_unregister(tee->client);
	}
	return NULL;
}

/* One takes whatever comes first behind the fixture's two devices. */
static void *visit(void *data)
{
	for (int i = 0; i < ROUNDS; i++) {
		struct tee_context *ctx = open_nth(NULL, 2);
		struct tee_context *next;

		if (IS_ERR(ctx))
			continue;
		next = tee_client_open_context(ctx, any, NULL, NULL);
		if (!IS_ERR(next))
			tee_client_close_context(next);
		tee_client_close_context(ctx);
	}
	return NULL;
}

static void test_churn(void **state)
{
	struct fake_tee tees[2];
	pthread_t threads[4];

	for (int i = 0; i < 2; i++) {
		fake_tee_init(&tees[i]);
		assert_int_equal(pthread_create(&threads[i], NULL, come_and_go, &tees[i]), 0);
		assert_int_equal(pthread_create(&threads[2 + i], NULL, visit, NULL), 0);
	}
	for (int i = 0; i < 4; i++)
		pthread_join(threads[i], NULL);
	assert_int_equal(platform_test_counts().published, 2);
}

int main(void)
{
	core_add("core N158 nothing matches", test_no_match, NULL);
	core_add("core N159 the first does not open", test_busy, NULL);
	core_add("core client: order of devices", test_order, NULL);
	core_add("core client: a context of the kernel", test_context, NULL);
	core_add("core client: calls", test_calls, NULL);
	core_add("core N160 N161 op missing", test_missing_ops, NULL);
	core_add("core client: logins", test_logins, NULL);
	core_add("core client: buffers of the kernel", test_kernel_buf, NULL);
	core_add("core client: buffers, errors", test_kernel_buf_errors, NULL);
	core_add("core client: a session that is lost", test_open_sync_fails, NULL);
	core_add("core client: every allocation of an open", test_open_faults, NULL);
	core_add("core N156 unregistration waits for clients in the kernel",
		 test_unregister_waits, NULL);
	core_add("core client: devices come and go", test_churn, NULL);
	return core_run("tee client");
}
