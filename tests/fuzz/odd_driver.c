/* SPDX-License-Identifier: BSD-2-Clause */
#include "odd_driver.h"

#include <linux/err.h>
#include <linux/errno.h>
#include <linux/mm.h>
#include <linux/slab.h>

#include "normal/tee/tee_core.h"
#include "platform_fuzz.h"

#define MAX_HELD 8

static struct {
	struct fuzz_in *in;
	struct tee_driver_ops client_ops;
	struct tee_driver_ops priv_ops;
	struct tee_desc client_desc;
	struct tee_desc priv_desc;
	struct tee_shm_pool pool;
	bool cap_memref_null;
	size_t n_open;
	size_t n_registered;
	uint32_t last_session;
	struct tee_device *client;
	struct tee_shm *held[MAX_HELD];
} odd;

/* 0 three times in four */
static int odd_errno(void)
{
	uint8_t code = fuzz_u8(odd.in);

	if (code < 0xc0)
		return 0;
	return code == 0xff ? -ENOTSUPP : -(1 + code % 133);
}

/* --- memory that the TEE holds on to --- */

static void odd_hold(struct tee_shm *shm)
{
	unsigned int n = fuzz_below(odd.in, MAX_HELD);

	tee_shm_put(odd.held[n]);
	odd.held[n] = shm;
}

/* Memory of the driver's own, on @ctx or on the device context */
static void odd_alloc(struct tee_context *ctx)
{
	struct tee_context *dev_ctx = tee_device_get_context(ctx->teedev);
	uint8_t how = fuzz_u8(odd.in);
	size_t size = (size_t)fuzz_number(odd.in);
	struct tee_shm *shm;

	if ((how & 1) && dev_ctx)
		ctx = dev_ctx;
	shm = how & 2 ? tee_shm_alloc_kernel_buf(ctx, size) : tee_shm_alloc_priv_buf(ctx, size);
	if (!IS_ERR(shm)) {
		FUZZ_CHECK(shm->size >= size && !IS_ERR(tee_shm_get_va(shm, size - 1)));
		odd_hold(shm);
	}
}

/* --- what the core owes --- */

static void check_param(struct tee_context *ctx, struct tee_param *p)
{
	FUZZ_CHECK((p->attr & ~(u64)TEE_IOCTL_PARAM_ATTR_MASK) == 0);
	if (!tee_param_is_memref(p))
		return;
	if (!p->u.memref.shm) {
		FUZZ_CHECK(ctx->cap_memref_null);
		return;
	}
	FUZZ_CHECK(p->u.memref.shm->ctx == ctx);
	FUZZ_CHECK(refcount_read(&p->u.memref.shm->refcount) >= 1);
	FUZZ_CHECK(p->u.memref.shm_offs <= p->u.memref.shm->size &&
		   p->u.memref.size <= p->u.memref.shm->size - p->u.memref.shm_offs);
}

/* Look at it, hold on to it, answer it. */
static void odd_param(struct tee_context *ctx, struct tee_param *p)
{
	uint8_t how;

	check_param(ctx, p);
	how = fuzz_u8(odd.in);
	if (tee_param_is_memref(p) && p->u.memref.shm) {
		struct tee_param_memref *m = &p->u.memref;

		if (m->shm->kaddr && m->size)
			memset((char *)m->shm->kaddr + m->shm_offs, how, m->size);
		if (how & 1) {
			tee_shm_get(m->shm);
			odd_hold(m->shm);
		}
		if (how & 2)
			m->size = (size_t)fuzz_number(odd.in);
		if (how & 4)
			m->shm = NULL;
		if (how & 8)
			m->shm_offs = (size_t)fuzz_number(odd.in);
	} else if (how & 1) {
		p->u.value.a = fuzz_number(odd.in);
		p->u.value.b = fuzz_number(odd.in);
		p->u.value.c = fuzz_number(odd.in);
	}
	if ((how & 0xf0) == 0xf0)
		p->attr = fuzz_u16(odd.in);
}

static int odd_call(struct tee_context *ctx, struct tee_param *param, u32 num_params)
{
	FUZZ_CHECK(ctx->data != NULL);
	for (u32 n = 0; n < num_params; n++)
		odd_param(ctx, &param[n]);
	if (fuzz_u8(odd.in) == 0xa0)
		odd_alloc(ctx);
	return odd_errno();
}

/* --- the ops --- */

static void odd_get_version(struct tee_device *teedev, struct tee_ioctl_version_data *vers)
{
	vers->impl_id = fuzz_u32(odd.in);
	vers->gen_caps = fuzz_u32(odd.in);
}

static int odd_open(struct tee_context *ctx)
{
	int rc = odd_errno();

	if (rc)
		return rc;
	ctx->data = kzalloc(16, GFP_KERNEL);
	if (!ctx->data)
		return -ENOMEM;
	ctx->cap_memref_null = odd.cap_memref_null;
	odd.n_open++;
	return 0;
}

static void odd_release(struct tee_context *ctx)
{
	FUZZ_CHECK(ctx->data != NULL);
	kfree(ctx->data);
	ctx->data = NULL;
	odd.n_open--;
	/* May come while something else lets go of the last reference. */
	if (fuzz_u8(odd.in) & 1)
		odd_driver_act();
}

static int odd_open_session(struct tee_context *ctx, struct tee_ioctl_open_session_arg *arg,
			    struct tee_param *param)
{
	u8 uuid[TEE_IOCTL_UUID_LEN];
	int rc;

	FUZZ_CHECK(!arg->session && !arg->ret && !arg->ret_origin);
	FUZZ_CHECK(arg->clnt_login < TEE_IOCTL_LOGIN_REE_KERNEL_MIN ||
		   arg->clnt_login > TEE_IOCTL_LOGIN_REE_KERNEL_MAX);
	rc = tee_session_calc_client_uuid(uuid, arg->clnt_login, arg->clnt_uuid);
	if (rc)
		return rc;
	rc = odd_call(ctx, param, arg->num_params);
	arg->session = (u32)fuzz_number(odd.in);
	arg->ret = (u32)fuzz_number(odd.in);
	arg->ret_origin = fuzz_u8(odd.in);
	odd.last_session = arg->session;
	return rc;
}

static int odd_close_session(struct tee_context *ctx, u32 session)
{
	FUZZ_CHECK(ctx->data != NULL);
	return odd_errno();
}

static int odd_invoke(struct tee_context *ctx, struct tee_ioctl_invoke_arg *arg,
		      struct tee_param *param)
{
	int rc;

	FUZZ_CHECK(!arg->ret && !arg->ret_origin);
	rc = odd_call(ctx, param, arg->num_params);
	arg->ret = (u32)fuzz_number(odd.in);
	arg->num_params = (u32)fuzz_number(odd.in);
	return rc;
}

static int odd_object_invoke(struct tee_context *ctx, struct tee_ioctl_object_invoke_arg *arg,
			     struct tee_param *param)
{
	int rc;

	FUZZ_CHECK(!arg->ret);
	rc = odd_call(ctx, param, arg->num_params);
	arg->ret = (u32)fuzz_number(odd.in);
	arg->num_params = (u32)fuzz_number(odd.in);
	return rc;
}

static int odd_cancel(struct tee_context *ctx, u32 cancel_id, u32 session)
{
	FUZZ_CHECK(ctx->data != NULL);
	return odd_errno();
}

/* A request for the supplicant: memory that is held, in ranges that need not be. */
static void odd_request(struct tee_param *p)
{
	struct tee_shm *shm = odd.held[fuzz_below(odd.in, MAX_HELD)];

	*p = (struct tee_param){ .attr = fuzz_u8(odd.in) % 16 };
	if (fuzz_u8(odd.in) & 1)
		p->attr |= TEE_IOCTL_PARAM_ATTR_META;
	p->u.value.a = fuzz_number(odd.in);
	p->u.value.b = fuzz_number(odd.in);
	p->u.value.c = fuzz_number(odd.in);
	if (tee_param_is_memref(p))
		p->u.memref.shm = shm;
}

static int odd_supp_recv(struct tee_context *ctx, u32 *func, u32 *num_params,
			 struct tee_param *param)
{
	u32 room = *num_params;
	u32 n;

	/* Input memrefs are the driver's now. */
	for (n = 0; n < room; n++) {
		check_param(ctx, &param[n]);
		if (tee_param_is_memref(&param[n]))
			tee_shm_put(param[n].u.memref.shm);
		param[n] = (struct tee_param){};
	}
	*func = (u32)fuzz_number(odd.in);
	n = (u32)fuzz_number(odd.in);
	*num_params = n % (room + 1);
	for (u32 i = 0; i < *num_params; i++)
		odd_request(&param[i]);
	/* More than there is room for: the core says so in the log. */
	if (n > room) {
		platform_fuzz.warned = true;
		*num_params = n;
	}
	return odd_errno();
}

static int odd_supp_send(struct tee_context *ctx, u32 ret, u32 num_params,
			 struct tee_param *param)
{
	for (u32 n = 0; n < num_params; n++)
		FUZZ_CHECK((param[n].attr & ~(u64)TEE_IOCTL_PARAM_ATTR_MASK) == 0 &&
			   (!tee_param_is_memref(&param[n]) || !param[n].u.memref.shm));
	return odd_errno();
}

static int odd_register(struct tee_context *ctx, struct tee_shm *shm, struct page **pages,
			size_t num_pages, unsigned long start)
{
	int rc = odd_errno();

	FUZZ_CHECK(shm->ctx == ctx && pages == shm->pages && num_pages == shm->num_pages);
	FUZZ_CHECK(shm->size && shm->offset + shm->size <= num_pages * PAGE_SIZE);
	if (!rc)
		odd.n_registered++;
	return rc;
}

static int odd_unregister(struct tee_context *ctx, struct tee_shm *shm)
{
	FUZZ_CHECK(refcount_read(&shm->refcount) == 0);
	FUZZ_CHECK(ctx->teedev != odd.client || tee_context_is_device(ctx));
	FUZZ_CHECK(odd.n_registered > 0);
	odd.n_registered--;
	return odd_errno();
}

/* --- the pool --- */

static int odd_pool_alloc(struct tee_shm_pool *pool, struct tee_shm *shm, size_t size,
			  size_t align)
{
	return tee_dyn_shm_alloc_helper(shm, size, align,
					shm->flags & TEE_SHM_PRIV ? NULL : odd_register);
}

static void odd_pool_free(struct tee_shm_pool *pool, struct tee_shm *shm)
{
	tee_dyn_shm_free_helper(shm, shm->flags & TEE_SHM_PRIV ? NULL : odd_unregister);
}

static const struct tee_shm_pool_ops odd_pool_ops = {
	.alloc = odd_pool_alloc,
	.free = odd_pool_free,
};

/* --- life --- */

static const struct tee_driver_ops all_ops = {
	.get_version = odd_get_version,
	.open = odd_open,
	.release = odd_release,
	.open_session = odd_open_session,
	.close_session = odd_close_session,
	.invoke_func = odd_invoke,
	.object_invoke_func = odd_object_invoke,
	.cancel_req = odd_cancel,
	.supp_recv = odd_supp_recv,
	.supp_send = odd_supp_send,
	.shm_register = odd_register,
	.shm_unregister = odd_unregister,
};

static void take_ops_away(struct tee_driver_ops *ops, uint8_t without)
{
	*ops = all_ops;
	if (without & 1)
		ops->open_session = NULL;
	if (without & 2)
		ops->close_session = NULL;
	if (without & 4)
		ops->shm_unregister = NULL;
	if (without & 8)
		ops->invoke_func = NULL;
	if (without & 16)
		ops->cancel_req = NULL;
	if (without & 32)
		ops->supp_recv = NULL;
	if (without & 64)
		ops->supp_send = NULL;
	if (without & 128)
		ops->object_invoke_func = NULL;
}

static struct tee_device *probe_one(const struct tee_desc *desc, bool with_pool)
{
	struct tee_device *teedev = tee_device_alloc(desc, with_pool ? &odd.pool : NULL, NULL);

	if (IS_ERR(teedev))
		return NULL;
	if (tee_device_register(teedev)) {
		tee_device_unregister(teedev);
		return NULL;
	}
	return teedev;
}

/* Eight pages behind a heap; that there is none is no reason not to go on. */
static void add_heap(void)
{
	struct tee_protmem_pool *pool = tee_protmem_static_pool_alloc(0x10000000, 8 * PAGE_SIZE);

	if (IS_ERR(pool))
		return;
	if (tee_device_register_dma_heap(odd.client, TEE_DMA_HEAP_SECURE_VIDEO_PLAY, pool))
		pool->ops->destroy_pool(pool);
}

bool odd_driver_probe(struct fuzz_in *in, struct odd_devices *ret)
{
	uint8_t config = fuzz_u8(in);

	odd.in = in;
	take_ops_away(&odd.client_ops, fuzz_u8(in));
	take_ops_away(&odd.priv_ops, fuzz_u8(in));
	odd.client_desc = (struct tee_desc){ .name = "odd-clnt", .ops = &odd.client_ops };
	odd.priv_desc = (struct tee_desc){
		.name = "odd-supp",
		.ops = &odd.priv_ops,
		.flags = TEE_DESC_PRIVILEGED,
	};
	odd.pool = (struct tee_shm_pool){ .ops = &odd_pool_ops };
	odd.cap_memref_null = config & 1;
	odd.last_session = 0;

	ret->client = probe_one(&odd.client_desc, !(config & 2));
	if (!ret->client)
		return false;
	odd.client = ret->client;
	ret->priv = probe_one(&odd.priv_desc, !(config & 4));
	if (!ret->priv) {
		tee_device_unregister(ret->client);
		return false;
	}
	if (config & 8)
		add_heap();
	return true;
}

static int look(struct tee_shm *shm, void *data)
{
	size_t *n = data;

	FUZZ_CHECK(shm->ctx != NULL && refcount_read(&shm->refcount) > 0);
	return ++*n > 100 ? -E2BIG : 0;
}

void odd_driver_act(void)
{
	unsigned int n = fuzz_below(odd.in, 2 * MAX_HELD);
	size_t seen = 0;

	if (n < MAX_HELD) {
		struct tee_shm *shm = odd.held[n];

		odd.held[n] = NULL;
		tee_shm_put(shm);
	} else {
		tee_device_for_each_shm(odd.client, look, &seen);
	}
}

void odd_driver_remove(struct odd_devices *devices)
{
	for (size_t n = 0; n < MAX_HELD; n++) {
		tee_shm_put(odd.held[n]);
		odd.held[n] = NULL;
	}
	tee_device_put_all_dma_heaps(devices->client);
	/* Otherwise the next would wait for ever: for the last user. */
	FUZZ_CHECK(devices->client->num_users == 1);
	FUZZ_CHECK(devices->priv->num_users == 1);
	FUZZ_CHECK(odd.n_registered == 0);
	tee_device_unregister(devices->priv);
	tee_device_unregister(devices->client);
	FUZZ_CHECK(odd.n_open == 0);
}

uint32_t odd_driver_last_session(void)
{
	return odd.last_session;
}
