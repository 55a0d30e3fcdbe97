/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The OP-TEE driver against a fake world: the handshake, sessions, parameters,
 * registered memory, the list of services. What clients see of it is in tests/rows.
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

#include "base/kernel/kmem.h"
#include "normal/tee/tee_cdev.h"
#include "optee_fixture.h"
#include "platform_test.h"

#define VALUE_IN TEE_IOCTL_PARAM_ATTR_TYPE_VALUE_INPUT
#define VALUE_OUT TEE_IOCTL_PARAM_ATTR_TYPE_VALUE_OUTPUT
#define VALUE_INOUT TEE_IOCTL_PARAM_ATTR_TYPE_VALUE_INOUT
#define MEMREF_IN TEE_IOCTL_PARAM_ATTR_TYPE_MEMREF_INPUT
#define MEMREF_OUT TEE_IOCTL_PARAM_ATTR_TYPE_MEMREF_OUTPUT
#define MEMREF_INOUT TEE_IOCTL_PARAM_ATTR_TYPE_MEMREF_INOUT

/* --- handshake --- */

struct probe_row {
	const char *name;
	uint32_t func;		/* whose answer is replaced */
	struct smc_regs answer;
	int expect;
};

static const struct probe_row probe_rows[] = {
	{ "optee probe: nobody answers", OPTEE_SMC_CALLS_UID, { { 0xffffffff } }, -ENODEV },
	{ "optee probe: another UID", OPTEE_SMC_CALLS_UID,
	  { { OPTEE_MSG_UID_0, OPTEE_MSG_UID_1, OPTEE_MSG_UID_2, 1 } }, -ENODEV },
	{ "optee probe: revision 3", OPTEE_SMC_CALLS_REVISION, { { 3, 0 } }, -EINVAL },
	{ "optee probe: revision 2.9", OPTEE_SMC_CALLS_REVISION, { { 2, 9 } }, 0 },
	{ "optee probe: capabilities refused", OPTEE_SMC_EXCHANGE_CAPABILITIES,
	  { { OPTEE_SMC_RETURN_ENOTAVAIL } }, -EINVAL },
	{ "optee probe: no dynamic shm", OPTEE_SMC_EXCHANGE_CAPABILITIES,
	  { { 0, OPTEE_SMC_SEC_CAP_HAVE_RESERVED_SHM, 0, 0 } }, -EINVAL },
	{ "optee probe: absurd notification maximum", OPTEE_SMC_EXCHANGE_CAPABILITIES,
	  { { 0, OPTEE_SMC_SEC_CAP_DYNAMIC_SHM | OPTEE_SMC_SEC_CAP_ASYNC_NOTIF, 0xffffffff } },
	  -EINVAL },
	{ "optee probe: too many RPC parameters", OPTEE_SMC_EXCHANGE_CAPABILITIES,
	  { { 0, OPTEE_SMC_SEC_CAP_DYNAMIC_SHM | OPTEE_SMC_SEC_CAP_RPC_ARG, 0, 5 } }, -EINVAL },
	{ "optee probe: no RPC parameters", OPTEE_SMC_EXCHANGE_CAPABILITIES,
	  { { 0, OPTEE_SMC_SEC_CAP_DYNAMIC_SHM | OPTEE_SMC_SEC_CAP_RPC_ARG, 0, 0 } }, 0 },
	{ "optee probe: no thread count", OPTEE_SMC_GET_THREAD_COUNT, { { 0xffffffff } }, 0 },
	{ "optee probe: absurd thread count", OPTEE_SMC_GET_THREAD_COUNT,
	  { { 0, 0x80000000 } }, 0 },
	{ "optee probe: REGISTER_SHM not answered", OPTEE_SMC_CALL_WITH_RPC_ARG,
	  { { 0xffffffff } }, -EINVAL },
	{ "optee probe: REGISTER_SHM refused by SMC", OPTEE_SMC_CALL_WITH_RPC_ARG,
	  { { OPTEE_SMC_RETURN_EBADCMD } }, -EINVAL },
};

static bool probe_hook(struct fw_world *world, const struct smc_regs *in, struct smc_regs *out)
{
	const struct probe_row *row = world->hook_data;

	if (in->a[0] != row->func)
		return false;
	*out = row->answer;
	return true;
}

static void test_probe(void **state)
{
	struct drv *drv = *state;
	const struct probe_row *row = drv->row;

	drv->world.hook = probe_hook;
	drv->world.hook_data = (void *)row;
	assert_int_equal(drv_probe(drv), row->expect);
}

static void test_probe_register_refused(void **state)
{
	struct drv *drv = *state;

	drv->world.refuse_register = TEE_R_OUT_OF_MEMORY;
	assert_int_equal(drv_probe(drv), -ENOMEM);
	drv->world.refuse_register = TEE_R_BAD_PARAMETERS;
	assert_int_equal(drv_probe(drv), -EINVAL);
}

static void test_probe_faults(void **state)
{
	struct drv *drv = *state;
	struct platform_test_count counts;
	unsigned long n;
	bool hit;
	int rc;

	for (n = 1;; n++) {
		kfault_set(n);
		drv->optee = optee_probe(&drv->pdata);
		hit = kfault_hit();
		kfault_clear();
		rc = IS_ERR(drv->optee) ? PTR_ERR(drv->optee) : 0;
		if (!hit)
			break;
		assert_int_equal(rc, -ENOMEM);
		counts = platform_test_counts();
		assert_int_equal(counts.pages, 0);
		assert_int_equal(counts.published, 0);
		assert_int_equal(fw_n_shm(&drv->world), 0);
		assert_int_equal(kmem_live(), drv->live);
	}
	assert_int_equal(rc, 0);
	assert_true(n > 5);

	/* The platform's own refusals */
	optee_remove(drv->optee);
	drv->optee = NULL;
	platform_test.alloc_rc = -ENOMEM;
	assert_int_equal(drv_probe(drv), -ENOMEM);
	platform_test.alloc_rc = 0;
	platform_test.publish_rc = -EBUSY;
	assert_int_equal(drv_probe(drv), -EBUSY);
	platform_test.publish_rc = 0;
}

static void test_version(void **state)
{
	struct drv *drv = *state;
	struct tee_ioctl_version_data vers = {};
	char text[64];

	drv->optee->teedev->desc->ops->get_version(drv->optee->teedev, &vers);
	assert_int_equal(vers.impl_id, 1);
	assert_int_equal(vers.impl_caps, 1);
	assert_int_equal(vers.gen_caps, 1 | 4 | 8);
	drv->optee->teedev->desc->ops->get_tee_revision(drv->optee->teedev, text, sizeof(text));
	assert_string_equal(text, "OP-TEE 4.7 (abcdef01)");
	assert_string_equal(drv->optee->teedev->desc->name, "optee-clnt");
	assert_string_equal(drv->optee->supp_teedev->desc->name, "optee-supp");

	drv_remove(drv);
	drv->world.config.caps &= ~OPTEE_SMC_SEC_CAP_MEMREF_NULL;
	assert_int_equal(drv_probe(drv), 0);
	drv->optee->teedev->desc->ops->get_version(drv->optee->teedev, &vers);
	assert_int_equal(vers.gen_caps, 1 | 4);
	assert_false(drv->ctx->cap_memref_null);
}

/* --- sessions --- */

static void test_sessions(void **state)
{
	struct drv *drv = *state;
	struct tee_ioctl_invoke_arg arg = { .ret = 7 };
	struct tee_context *other = tee_cdev_open(drv->optee->teedev);
	struct tee_param params[7] = {};
	uint32_t session;
	uint32_t ret;

	assert_false(IS_ERR(other));
	/* At most four parameters, at most six */
	assert_int_equal(drv_open_session(drv->ctx, params, 5, &session, &ret), -EINVAL);
	assert_int_equal(drv_open_session(drv->ctx, params, 4, &session, &ret), 0);
	assert_int_equal(ret, TEE_R_SUCCESS);
	arg.session = session;
	arg.num_params = 7;
	assert_int_equal(optee_invoke_func(drv->ctx, &arg, params), -EINVAL);
	arg.num_params = 6;
	assert_int_equal(optee_invoke_func(drv->ctx, &arg, params), 0);
	assert_int_equal(arg.ret_origin, TEE_R_ORIGIN_TRUSTED_APP);

	arg.ret = 7;
	arg.session = 4711;
	assert_int_equal(optee_invoke_func(drv->ctx, &arg, params), -EINVAL);
	assert_int_equal(arg.ret, 7);
	arg.session = session;
	assert_int_equal(optee_invoke_func(other, &arg, params), -EINVAL);
	assert_int_equal(optee_cancel_req(drv->ctx, 0, 4711), -EINVAL);
	assert_int_equal(optee_cancel_req(drv->ctx, 0, 0), -EINVAL);
	assert_int_equal(optee_cancel_req(drv->ctx, 5, session), 0);
	assert_int_equal(atomic_load(&drv->world.n_cancelled), 1);
	assert_int_equal(optee_close_session(other, session), -EINVAL);

	assert_int_equal(optee_close_session(drv->ctx, session), 0);
	assert_int_equal(optee_close_session(drv->ctx, session), -EINVAL);
	assert_int_equal(optee_invoke_func(drv->ctx, &arg, params), -EINVAL);

	/* The end of a context closes what it left open, one by one. */
	assert_int_equal(drv_open_session(other, NULL, 0, &session, &ret), 0);
	assert_int_equal(drv_open_session(other, NULL, 0, &session, &ret), 0);
	atomic_store(&drv->world.n_closed, 0);
	tee_cdev_release(other);
	assert_int_equal(atomic_load(&drv->world.n_closed), 2);
}

static uint32_t body_open_not_found(struct fw_thread *t, struct optee_msg_arg *msg)
{
	return TEE_R_ITEM_NOT_FOUND;
}

static uint32_t body_open_meta(struct fw_thread *t, struct optee_msg_arg *msg)
{
	memcpy(fw_world_of(t)->data, msg->params, 2 * sizeof(msg->params[0]));
	return TEE_R_SUCCESS;
}

static void test_open(void **state)
{
	static const uint8_t user_1000[16] = {
		0xfc, 0x34, 0x27, 0x5c, 0xd8, 0xdd, 0x5b, 0xa7,
		0x96, 0x8b, 0x50, 0x47, 0x18, 0x36, 0x3b, 0x87,
	};
	struct drv *drv = *state;
	struct tee_ioctl_open_session_arg arg = { .uuid = { 0xaa, 0xbb } };
	struct optee_msg_param meta[2];
	uint32_t session;
	uint32_t ret;

	drv->world.open = body_open_not_found;
	assert_int_equal(drv_open_session(drv->ctx, NULL, 0, &session, &ret), 0);
	assert_int_equal(ret, TEE_R_ITEM_NOT_FOUND);
	assert_int_equal(session, 0);

	drv->world.open = body_open_meta;
	drv->world.data = meta;
	arg.clnt_login = TEE_IOCTL_LOGIN_USER;
	assert_int_equal(optee_open_session(drv->ctx, &arg, NULL), 0);
	assert_int_equal(arg.ret, 0);
	assert_int_equal(meta[0].u.octets[0], 0xaa);
	assert_int_equal(meta[0].u.octets[1], 0xbb);
	assert_memory_equal(meta[1].u.octets, user_1000, 16);
	assert_int_equal(meta[1].u.value.c, TEE_IOCTL_LOGIN_USER);

	arg.clnt_login = 0xC0000000;
	assert_int_equal(optee_open_session(drv->ctx, &arg, NULL), -EINVAL);
	arg.clnt_login = TEE_IOCTL_LOGIN_APPLICATION;
	assert_int_equal(optee_open_session(drv->ctx, &arg, NULL), -EINVAL);
	arg.clnt_login = TEE_IOCTL_LOGIN_GROUP;
	arg.clnt_uuid[0] = 9;
	assert_int_equal(optee_open_session(drv->ctx, &arg, NULL), -EPERM);
}

/* --- parameters --- */

static uint32_t body_params(struct fw_thread *t, struct optee_msg_arg *msg)
{
	struct optee_msg_param *p = msg->params;
	char *va;

	/* a value out, a value in and out, memory in and out, nothing out */
	if (p[0].attr != OPTEE_MSG_ATTR_TYPE_VALUE_OUTPUT ||
	    p[1].attr != OPTEE_MSG_ATTR_TYPE_VALUE_INOUT ||
	    p[2].attr != OPTEE_MSG_ATTR_TYPE_RMEM_INOUT ||
	    p[3].attr != OPTEE_MSG_ATTR_TYPE_TMEM_OUTPUT ||
	    p[4].attr != OPTEE_MSG_ATTR_TYPE_RMEM_INPUT || msg->num_params != 5)
		return TEE_R_BAD_PARAMETERS;
	if (p[3].u.tmem.buf_ptr || p[3].u.tmem.size || p[3].u.tmem.shm_ref)
		return TEE_R_BAD_FORMAT;
	va = fw_shm_va(fw_world_of(t), p[2].u.rmem.shm_ref, p[2].u.rmem.offs,
		       p[2].u.rmem.size);
	if (!va || strcmp(va, "ping"))
		return TEE_R_SECURITY;
	strcpy(va, "pong");
	p[0].u.value.a = 11;
	p[0].u.value.b = p[1].u.value.a + p[1].u.value.b;
	p[1].u.value.a = 33;
	p[2].u.rmem.size = 5;
	p[3].u.tmem.size = 4096;
	p[4].u.rmem.size = 1;
	return TEE_R_SUCCESS;
}

static void test_params(void **state)
{
	struct drv *drv = *state;
	struct tee_shm *shm = tee_shm_alloc_kernel_buf(drv->ctx, 5000);
	struct tee_param params[5] = {
		drv_value(VALUE_OUT, 1, 2, 3),
		drv_value(VALUE_INOUT, 4, 5, 6),
		drv_memref(MEMREF_INOUT, shm, 4200, 100),
		drv_memref(MEMREF_OUT, NULL, 77, 0),
		drv_memref(MEMREF_IN, shm, 0, 8192),
	};
	uint32_t origin;

	assert_false(IS_ERR(shm));
	strcpy((char *)shm->kaddr + 4200, "ping");
	drv->world.invoke = body_params;
	assert_int_equal(drv_invoke(drv, 0, params, 5, &origin), TEE_R_SUCCESS);
	assert_int_equal(origin, TEE_R_ORIGIN_TRUSTED_APP);
	assert_string_equal((char *)shm->kaddr + 4200, "pong");
	assert_int_equal(params[0].u.value.a, 11);
	assert_int_equal(params[0].u.value.b, 9);
	assert_int_equal(params[1].u.value.a, 33);
	assert_int_equal(params[1].u.value.c, 6);
	assert_int_equal(params[2].u.memref.size, 5);
	assert_int_equal(params[3].u.memref.size, 4096);
	assert_int_equal(params[4].u.memref.size, 8192);
	tee_shm_free(shm);
}

struct attr_row {
	const char *name;
	uint64_t attr;
};

static const struct attr_row attr_rows[] = {
	{ "optee META", 0x103 },
	{ "optee UBUF_INPUT", 8 },
	{ "optee UBUF_INOUT", 10 },
	{ "optee OBJREF_INPUT", 11 },
	{ "optee OBJREF_INOUT", 13 },
	{ "optee attr 4", 4 },
	{ "optee attr 0x205", 0x205 },
};

static void test_attr(void **state)
{
	struct drv *drv = *state;
	const struct attr_row *row = drv->row;
	struct tee_ioctl_invoke_arg arg = { .session = drv->session, .num_params = 2 };
	struct tee_param params[2] = { {}, { .attr = row->attr } };
	struct drv_count before = drv_count(drv);
	uint32_t session;

	assert_int_equal(optee_invoke_func(drv->ctx, &arg, params), -EINVAL);
	assert_int_equal(drv_open_session(drv->ctx, params, 2, &session, NULL), -EINVAL);
	drv_assert_same(before, drv_count(drv));
}

static void test_private_memref(void **state)
{
	struct drv *drv = *state;
	struct tee_ioctl_invoke_arg arg = { .session = drv->session, .num_params = 1 };
	struct tee_shm *priv = tee_shm_alloc_priv_buf(drv->ctx, 10);
	struct tee_param param = drv_memref(MEMREF_IN, priv, 0, 10);

	/* Memory that the trusted OS was not told of */
	assert_false(IS_ERR(priv));
	assert_int_equal(optee_invoke_func(drv->ctx, &arg, &param), -EINVAL);
	tee_shm_free(priv);
}

/* --- registered memory --- */

static void test_large(void **state)
{
	struct drv *drv = *state;
	/* 511 entries fill a list page exactly; one more needs a second */
	static const size_t pages[] = { 1, 510, 511, 512, 1022, 1023, 1500 };

	for (size_t i = 0; i < sizeof(pages) / sizeof(pages[0]); i++) {
		struct drv_count before = drv_count(drv);
		size_t size = pages[i] * 4096;
		struct tee_shm *shm = tee_shm_alloc_kernel_buf(drv->ctx, size);

		assert_false(IS_ERR(shm));
		memset(shm->kaddr, 1, size);
		assert_int_equal(drv_world_sum(drv, shm, 0, size), size);
		assert_int_equal(drv_world_sum(drv, shm, size - 1, 1), 1);
		/* Only the buffer is left: lists are given back. */
		assert_int_equal(drv_count(drv).pages, before.pages + pages[i]);
		tee_shm_free(shm);
		drv_assert_same(before, drv_count(drv));
	}
}

static void test_user_memory(void **state)
{
	static uint8_t user[3 * 4096];
	struct drv *drv = *state;
	struct drv_count before = drv_count(drv);
	size_t start = 4096 - ((uintptr_t)user & 4095) + 100;
	struct tee_ioctl_shm_register_data data = {
		.addr = (uintptr_t)user + start,
		.length = 4097,
	};
	struct tee_shm *shm;
	long fd;

	memset(user, 1, sizeof(user));
	memset(user + start, 2, 4097);
	user[start] = 7;
	fd = tee_cdev_ioctl(drv->ctx, TEE_IOC_SHM_REGISTER, (unsigned long)&data);
	assert_true(fd >= 0);
	assert_int_equal(data.length, 4097);
	shm = tee_shm_get_from_id(drv->ctx, data.id);
	assert_int_equal(shm->offset, 100);
	assert_int_equal(tee_shm_sync_for_tee(shm, 0, 4097), 0);
	/* Offsets count from the first byte of the buffer, which is not its page's. */
	assert_int_equal(drv_world_sum(drv, shm, 0, 1), 7);
	assert_int_equal(drv_world_sum(drv, shm, 0, 4097), 7 + 4096 * 2);
	tee_shm_put(shm);
	platform_test_fd_put(fd);
	drv_assert_same(before, drv_count(drv));
}

static void test_register_refused(void **state)
{
	struct drv *drv = *state;
	struct drv_count before = drv_count(drv);

	drv->world.refuse_register = TEE_R_OUT_OF_MEMORY;
	assert_int_equal(PTR_ERR(tee_shm_alloc_kernel_buf(drv->ctx, 10)), -ENOMEM);
	drv->world.refuse_register = TEE_R_BAD_PARAMETERS;
	assert_int_equal(PTR_ERR(tee_shm_alloc_kernel_buf(drv->ctx, 10)), -EINVAL);
	drv_assert_same(before, drv_count(drv));
}

static void test_orphan(void **state)
{
	struct drv *drv = *state;
	struct tee_ioctl_shm_alloc_data data = { .size = 4096 };
	size_t before = fw_n_shm(&drv->world);
	long fd = tee_cdev_ioctl(drv->ctx, TEE_IOC_SHM_ALLOC, (unsigned long)&data);

	assert_true(fd >= 0);
	assert_int_equal(fw_n_shm(&drv->world), before + 1);
	tee_cdev_release(drv->ctx);
	drv->ctx = NULL;
	assert_int_equal(fw_n_sessions(&drv->world), 0);
	assert_int_equal(fw_n_shm(&drv->world), before + 1);
	platform_test_fd_put(fd);
	assert_int_equal(fw_n_shm(&drv->world), before);
}

/* --- every allocation of a call --- */

static void test_call_faults(void **state)
{
	struct drv *drv = *state;
	unsigned long n;
	bool hit = true;

	for (n = 1; hit; n++) {
		struct drv_count before = drv_count(drv);
		uint32_t session = 0;
		struct tee_shm *shm;
		int rc;

		kfault_set(n);
		shm = tee_shm_alloc_kernel_buf(drv->ctx, 3 << 20);
		rc = drv_open_session(drv->ctx, NULL, 0, &session, NULL);
		hit = kfault_hit();
		kfault_clear();
		assert_true(!IS_ERR(shm) || PTR_ERR(shm) == -ENOMEM);
		assert_true(rc == 0 || rc == -ENOMEM);

		/* Giving back needs no memory. */
		kfault_set(1);
		if (!rc)
			assert_int_equal(optee_close_session(drv->ctx, session), 0);
		if (!IS_ERR(shm))
			tee_shm_free(shm);
		kfault_clear();
		drv_assert_same(before, drv_count(drv));
	}
	assert_true(n > 3);

	/* And a call needs none at all. */
	kfault_set(1);
	assert_int_equal(drv_invoke(drv, 0, NULL, 0, NULL), TEE_R_SUCCESS);
	assert_false(kfault_hit());
	kfault_clear();
}

int main(void)
{
	DRV_ADD_ROWS(probe_rows, test_probe, drv_setup_world);
	drv_add("optee probe: REGISTER_SHM refused", test_probe_register_refused,
		drv_setup_world, NULL);
	drv_add("optee probe: every allocation", test_probe_faults, drv_setup_world, NULL);
	drv_add("optee version", test_version, drv_setup, NULL);
	drv_add("optee sessions", test_sessions, drv_setup, NULL);
	drv_add("optee OPEN_SESSION", test_open, drv_setup, NULL);
	drv_add("optee parameters", test_params, drv_setup, NULL);
	DRV_ADD_ROWS(attr_rows, test_attr, drv_setup);
	drv_add("optee private memref", test_private_memref, drv_setup, NULL);
	drv_add("optee page lists", test_large, drv_setup, NULL);
	drv_add("optee user memory", test_user_memory, drv_setup, NULL);
	drv_add("optee N30 registration refused", test_register_refused, drv_setup, NULL);
	drv_add("optee orphans", test_orphan, drv_setup, NULL);
	drv_add("optee every allocation of a call", test_call_faults, drv_setup, NULL);
	return drv_run("optee driver");
}
