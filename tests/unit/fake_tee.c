/* SPDX-License-Identifier: BSD-2-Clause */
#include "fake_tee.h"

#include <string.h>

#include <linux/err.h>
#include <linux/slab.h>

static struct fake_tee *fake_of(struct tee_context *ctx)
{
	return tee_get_drvdata(ctx->teedev);
}

static int enter(struct fake_tee *tee, enum fake_op op)
{
	atomic_fetch_add(&tee->calls[op], 1);
	return tee->rc[op];
}

static void see(struct fake_tee *tee, struct tee_context *ctx, struct tee_param *param, size_t n)
{
	for (size_t i = 0; i < n; i++)
		tee->seen[i] = param[i];
	tee->n_seen = n;
	if (tee->param)
		tee->param(tee, ctx, param, n);
}

static bool is_privileged(struct tee_context *ctx)
{
	return ctx->teedev->desc->flags & TEE_DESC_PRIVILEGED;
}

static void fake_get_version(struct tee_device *teedev, struct tee_ioctl_version_data *vers)
{
	vers->impl_id = TEE_IMPL_ID_OPTEE;
	vers->impl_caps = TEE_OPTEE_CAP_TZ;
	vers->gen_caps = TEE_GEN_CAP_GP | TEE_GEN_CAP_REG_MEM;
}

static void note_open(struct fake_tee *tee, struct tee_context *from, struct tee_context *to)
{
	for (size_t i = 0; i < FAKE_MAX_OPEN; i++) {
		struct tee_context *expected = from;

		if (atomic_compare_exchange_strong(&tee->open[i], &expected, to))
			return;
	}
}

static int fake_open(struct tee_context *ctx)
{
	struct fake_tee *tee = fake_of(ctx);
	struct tee_context *none = NULL;
	int rc = enter(tee, FAKE_OPEN);

	if (rc)
		return rc;
	if (is_privileged(ctx) && !atomic_compare_exchange_strong(&tee->holder, &none, ctx))
		return -EBUSY;

	ctx->data = kzalloc(16, GFP_KERNEL);
	if (!ctx->data) {
		if (is_privileged(ctx))
			atomic_store(&tee->holder, NULL);
		return -ENOMEM;
	}
	ctx->cap_memref_null = tee->cap_memref_null;
	if (!tee_context_is_device(ctx))
		note_open(tee, NULL, ctx);
	return 0;
}

static void fake_close_context(struct tee_context *ctx)
{
	enter(fake_of(ctx), FAKE_CLOSE_CONTEXT);
}

static void fake_release(struct tee_context *ctx)
{
	struct fake_tee *tee = fake_of(ctx);

	enter(tee, FAKE_RELEASE);
	if (tee->in_release)
		tee->in_release(tee, ctx);
	for (size_t i = 0; i < FAKE_MAX_SESSIONS; i++) {
		struct tee_context *owner = ctx;

		atomic_compare_exchange_strong(&tee->sessions[i], &owner, NULL);
	}
	if (is_privileged(ctx))
		atomic_store(&tee->holder, NULL);
	note_open(tee, ctx, NULL);
	kfree(ctx->data);
}

static int fake_open_session(struct tee_context *ctx, struct tee_ioctl_open_session_arg *arg,
			     struct tee_param *param)
{
	struct fake_tee *tee = fake_of(ctx);
	int rc = enter(tee, FAKE_OPEN_SESSION);

	see(tee, ctx, param, arg->num_params);
	if (rc)
		return rc;
	if (tee->calc_login) {
		rc = tee_session_calc_client_uuid(tee->seen_uuid, arg->clnt_login, arg->clnt_uuid);
		if (rc)
			return rc;
	}
	if (tee->set_ret) {
		arg->ret = tee->ret;
		arg->ret_origin = tee->ret_origin;
		if (tee->ret)
			return 0;
	}
	for (u32 i = 0; i < FAKE_MAX_SESSIONS; i++) {
		struct tee_context *none = NULL;

		if (atomic_compare_exchange_strong(&tee->sessions[i], &none, ctx)) {
			arg->session = i + 1;
			return 0;
		}
	}
	return -ENOMEM;
}

static int fake_find_session(struct tee_context *ctx, u32 session)
{
	struct fake_tee *tee = fake_of(ctx);

	if (session == 0 || session > FAKE_MAX_SESSIONS ||
	    atomic_load(&tee->sessions[session - 1]) != ctx)
		return -EINVAL;
	return 0;
}

static int fake_close_session(struct tee_context *ctx, u32 session)
{
	struct fake_tee *tee = fake_of(ctx);
	int rc = enter(tee, FAKE_CLOSE_SESSION);

	tee->seen_word = session;
	rc = rc ? rc : fake_find_session(ctx, session);
	if (!rc)
		atomic_store(&tee->sessions[session - 1], NULL);
	return rc;
}

static int fake_system_session(struct tee_context *ctx, u32 session)
{
	int rc = enter(fake_of(ctx), FAKE_SYSTEM_SESSION);

	return rc ? rc : fake_find_session(ctx, session);
}

static int fake_invoke(struct tee_context *ctx, struct tee_ioctl_invoke_arg *arg,
		       struct tee_param *param)
{
	struct fake_tee *tee = fake_of(ctx);
	int rc = enter(tee, FAKE_INVOKE);

	see(tee, ctx, param, arg->num_params);
	if (tee->set_ret) {
		arg->ret = tee->ret;
		arg->ret_origin = tee->ret_origin;
	}
	/* 0 is a session that is always there */
	return rc || !arg->session ? rc : fake_find_session(ctx, arg->session);
}

static int fake_object_invoke(struct tee_context *ctx, struct tee_ioctl_object_invoke_arg *arg,
			      struct tee_param *param)
{
	struct fake_tee *tee = fake_of(ctx);
	int rc = enter(tee, FAKE_OBJECT_INVOKE);

	see(tee, ctx, param, arg->num_params);
	if (tee->set_ret)
		arg->ret = tee->ret;
	return rc;
}

static int fake_cancel(struct tee_context *ctx, u32 cancel_id, u32 session)
{
	struct fake_tee *tee = fake_of(ctx);
	int rc = enter(tee, FAKE_CANCEL);

	tee->seen_word = cancel_id;
	return rc ? rc : fake_find_session(ctx, session);
}

static int fake_recv(struct tee_context *ctx, u32 *func, u32 *num_params, struct tee_param *param)
{
	struct fake_tee *tee = fake_of(ctx);
	int rc = enter(tee, FAKE_RECV);

	/* Input memrefs are the driver's now; this one has no use for them. */
	for (u32 n = 0; n < *num_params; n++) {
		if (tee_param_is_memref(param + n)) {
			tee_shm_put(param[n].u.memref.shm);
			param[n] = (struct tee_param){};
		}
	}
	see(tee, ctx, param, *num_params);
	if (rc)
		return rc;
	*func = tee->recv_func;
	*num_params = tee->recv_num;
	return 0;
}

static int fake_send(struct tee_context *ctx, u32 ret, u32 num_params, struct tee_param *param)
{
	struct fake_tee *tee = fake_of(ctx);
	int rc = enter(tee, FAKE_SEND);

	tee->seen_ret = ret;
	see(tee, ctx, param, num_params);
	return rc;
}

static int fake_register(struct tee_context *ctx, struct tee_shm *shm, struct page **pages,
			 size_t num_pages, unsigned long start)
{
	struct fake_tee *tee = fake_of(ctx);
	int rc = enter(tee, FAKE_REGISTER);

	tee->last_ctx = ctx;
	if (!rc)
		atomic_fetch_add(&tee->n_registered, 1);
	return rc;
}

static int fake_unregister(struct tee_context *ctx, struct tee_shm *shm)
{
	struct fake_tee *tee = fake_of(ctx);
	int rc = enter(tee, FAKE_UNREGISTER);

	tee->last_ctx = ctx;
	if (tee->before_unregister)
		tee->before_unregister(tee);
	atomic_fetch_sub(&tee->n_registered, 1);
	return rc;
}

static int pool_alloc(struct tee_shm_pool *pool, struct tee_shm *shm, size_t size, size_t align)
{
	/* As in OP-TEE: private memory is not registered. */
	return tee_dyn_shm_alloc_helper(shm, size, align,
					shm->flags & TEE_SHM_PRIV ? NULL : fake_register);
}

static void pool_free(struct tee_shm_pool *pool, struct tee_shm *shm)
{
	tee_dyn_shm_free_helper(shm, shm->flags & TEE_SHM_PRIV ? NULL : fake_unregister);
}

static void pool_destroy(struct tee_shm_pool *pool)
{
	pool->private_data = NULL;
}

static const struct tee_shm_pool_ops pool_ops = {
	.alloc = pool_alloc,
	.free = pool_free,
	.destroy_pool = pool_destroy,
};

void fake_tee_init(struct fake_tee *tee)
{
	memset(tee, 0, sizeof(*tee));
	tee->ops = (struct tee_driver_ops){
		.get_version = fake_get_version,
		.open = fake_open,
		.close_context = fake_close_context,
		.release = fake_release,
		.open_session = fake_open_session,
		.close_session = fake_close_session,
		.system_session = fake_system_session,
		.invoke_func = fake_invoke,
		.object_invoke_func = fake_object_invoke,
		.cancel_req = fake_cancel,
		.supp_recv = fake_recv,
		.supp_send = fake_send,
		.shm_register = fake_register,
		.shm_unregister = fake_unregister,
	};
	tee->client_desc = (struct tee_desc){ .name = "fake-clnt", .ops = &tee->ops };
	tee->priv_desc = (struct tee_desc){
		.name = "fake-supp",
		.ops = &tee->ops,
		.flags = TEE_DESC_PRIVILEGED,
	};
	tee->pool = (struct tee_shm_pool){ .ops = &pool_ops, .private_data = tee };
}

static int probe_one(const struct tee_desc *desc, struct fake_tee *tee, struct tee_device **ret)
{
	struct tee_device *teedev = tee_device_alloc(desc, &tee->pool, tee);

	if (IS_ERR(teedev))
		return PTR_ERR(teedev);
	*ret = teedev;
	return tee_device_register(teedev);
}

int fake_tee_probe(struct fake_tee *tee)
{
	int rc = probe_one(&tee->client_desc, tee, &tee->client);

	return rc ? rc : probe_one(&tee->priv_desc, tee, &tee->priv);
}

void fake_tee_remove(struct fake_tee *tee)
{
	tee_device_unregister(tee->priv);
	tee_device_unregister(tee->client);
	tee->priv = NULL;
	tee->client = NULL;
	tee_shm_pool_free(&tee->pool);
}

size_t fake_tee_close_all(struct fake_tee *tee)
{
	size_t n = 0;

	for (size_t i = 0; i < FAKE_MAX_OPEN; i++) {
		struct tee_context *ctx = atomic_load(&tee->open[i]);

		if (ctx) {
			teedev_close_context(ctx);
			n++;
		}
	}
	return n;
}

size_t fake_tee_n_sessions(struct fake_tee *tee)
{
	size_t n = 0;

	for (size_t i = 0; i < FAKE_MAX_SESSIONS; i++)
		n += atomic_load(&tee->sessions[i]) != NULL;
	return n;
}
