/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Parameters of an ioctl, between the client's memory and the driver
 *
 * Everything is copied in once and checked in the copy. What the core needs
 * later (which references to drop, which ranges to copy) is kept beside the
 * array that the driver may change.
 */
#include <linux/compiler.h>
#include <linux/err.h>
#include <linux/errno.h>
#include <linux/kernel.h>
#include <linux/overflow.h>
#include <linux/slab.h>
#include <linux/uaccess.h>

#include "normal/tee/tee_core.h"
#include "normal/tee/tee_private.h"

int tee_buf_from_user(struct tee_ioctl_buf_data *buf, const void __user *argp,
		      size_t header)
{
	if (copy_from_user(buf, argp, sizeof(*buf)))
		return -EFAULT;
	if (buf->buf_len < header || buf->buf_len > TEE_MAX_ARG_SIZE)
		return -EINVAL;
	return 0;
}

static size_t tee_params_size(size_t header, u32 num_params)
{
	return size_add(header, size_mul(sizeof(struct tee_ioctl_param), num_params));
}

static int tee_params_init(struct tee_params *set, u32 num_params)
{
	*set = (struct tee_params){};
	if (!num_params)
		return 0;

	set->params = kcalloc(num_params, sizeof(*set->params), GFP_KERNEL);
	set->held = kcalloc(num_params, sizeof(*set->held), GFP_KERNEL);
	if (!set->params || !set->held) {
		tee_params_release(set);
		return -ENOMEM;
	}
	set->num = num_params;
	return 0;
}

void tee_params_disown(struct tee_params *set)
{
	size_t n;

	/* What stands in for another lives only as long as that, which stays ours. */
	for (n = 0; n < set->num; n++) {
		if (set->held[n].parent) {
			set->held[n].parent = NULL;
		} else if (set->held[n].shm) {
			tee_shm_call_to_driver(set->held[n].shm);
			set->held[n].shm = NULL;
		}
	}
}

void tee_params_release(struct tee_params *set)
{
	size_t n;

	for (n = 0; n < set->num; n++) {
		tee_shm_put(set->held[n].parent);
		tee_shm_put_from_call(set->held[n].shm);
	}
	kfree(set->held);
	kfree(set->params);
	*set = (struct tee_params){};
}

static int tee_ubuf_from_user(struct tee_param_ubuf *ubuf, const struct tee_ioctl_param *ip)
{
	ubuf->uaddr = u64_to_user_ptr(ip->a);
	ubuf->size = ip->b;
	if (ubuf->size != ip->b || (u64)(uintptr_t)ubuf->uaddr != ip->a ||
	    !access_ok(ubuf->uaddr, ubuf->size))
		return -EFAULT;
	return 0;
}

/* Memory of a pool is the pool's to the TEE; the range was checked against it. */
static void tee_memref_to_parent(struct tee_param_memref *memref, struct tee_param_hold *hold)
{
	struct tee_shm_obj *obj = tee_shm_obj(hold->shm);

	if (!obj->parent)
		return;
	tee_shm_get(obj->parent);
	hold->parent = obj->parent;
	memref->shm = obj->parent;
	memref->shm_offs += obj->parent_offs;
}

static int tee_memref_from_user(struct tee_param_memref *memref, struct tee_param_hold *hold,
				struct tee_context *ctx, const struct tee_ioctl_param *ip)
{
	struct tee_shm *shm;

	if (ip->c == TEE_MEMREF_NULL) {
		if (!ctx->cap_memref_null)
			return -EINVAL;
		/* There is nothing to check them against: they pass through. */
		memref->shm_offs = ip->a;
		memref->size = ip->b;
		return 0;
	}

	/* An id is 32 bits: with others set it is no id, not a truncated one. */
	if (ip->c > INT_MAX)
		return -EINVAL;
	shm = tee_shm_get_for_call(ctx, ip->c);
	if (IS_ERR(shm))
		return PTR_ERR(shm);
	hold->shm = shm;

	if (ip->a > shm->size || ip->b > shm->size - ip->a)
		return -EINVAL;
	hold->offs = ip->a;
	hold->size = ip->b;

	memref->shm_offs = ip->a;
	memref->size = ip->b;
	memref->shm = shm;
	tee_memref_to_parent(memref, hold);
	return 0;
}

static int tee_param_from_user(struct tee_param *p, struct tee_param_hold *hold,
			       struct tee_context *ctx, const struct tee_ioctl_param *ip)
{
	if (ip->attr & ~(u64)TEE_IOCTL_PARAM_ATTR_MASK)
		return -EINVAL;

	p->attr = ip->attr;
	switch (ip->attr & TEE_IOCTL_PARAM_ATTR_TYPE_MASK) {
	case TEE_IOCTL_PARAM_ATTR_TYPE_NONE:
	case TEE_IOCTL_PARAM_ATTR_TYPE_VALUE_OUTPUT:
	case TEE_IOCTL_PARAM_ATTR_TYPE_OBJREF_OUTPUT:
		return 0;
	case TEE_IOCTL_PARAM_ATTR_TYPE_VALUE_INPUT:
	case TEE_IOCTL_PARAM_ATTR_TYPE_VALUE_INOUT:
		p->u.value.a = ip->a;
		p->u.value.b = ip->b;
		p->u.value.c = ip->c;
		return 0;
	case TEE_IOCTL_PARAM_ATTR_TYPE_UBUF_INPUT:
	case TEE_IOCTL_PARAM_ATTR_TYPE_UBUF_OUTPUT:
	case TEE_IOCTL_PARAM_ATTR_TYPE_UBUF_INOUT:
		return tee_ubuf_from_user(&p->u.ubuf, ip);
	case TEE_IOCTL_PARAM_ATTR_TYPE_OBJREF_INPUT:
	case TEE_IOCTL_PARAM_ATTR_TYPE_OBJREF_INOUT:
		p->u.objref.id = ip->a;
		p->u.objref.flags = ip->b;
		return 0;
	case TEE_IOCTL_PARAM_ATTR_TYPE_MEMREF_OUTPUT:
	case TEE_IOCTL_PARAM_ATTR_TYPE_MEMREF_INOUT:
		hold->output = true;
		return tee_memref_from_user(&p->u.memref, hold, ctx, ip);
	case TEE_IOCTL_PARAM_ATTR_TYPE_MEMREF_INPUT:
		return tee_memref_from_user(&p->u.memref, hold, ctx, ip);
	default:
		return -EINVAL;
	}
}

int tee_params_from_user(struct tee_params *set, struct tee_context *ctx,
			 const struct tee_ioctl_buf_data *buf, size_t header,
			 u32 num_params, const struct tee_ioctl_param __user *uparams)
{
	struct tee_ioctl_param ip;
	size_t n;
	int rc;

	if (tee_params_size(header, num_params) != buf->buf_len)
		return -EINVAL;

	rc = tee_params_init(set, num_params);
	for (n = 0; !rc && n < num_params; n++) {
		if (copy_from_user(&ip, uparams + n, sizeof(ip)))
			rc = -EFAULT;
		else
			rc = tee_param_from_user(&set->params[n], &set->held[n], ctx, &ip);
	}
	if (rc)
		tee_params_release(set);
	return rc;
}

/* An answer carries what the request asked for: only outputs are taken. */
static int tee_param_from_supp(struct tee_param *p, const struct tee_ioctl_param *ip)
{
	if (ip->attr & ~(u64)TEE_IOCTL_PARAM_ATTR_MASK)
		return -EINVAL;

	p->attr = ip->attr;
	switch (ip->attr & TEE_IOCTL_PARAM_ATTR_TYPE_MASK) {
	case TEE_IOCTL_PARAM_ATTR_TYPE_NONE:
	case TEE_IOCTL_PARAM_ATTR_TYPE_VALUE_INPUT:
	case TEE_IOCTL_PARAM_ATTR_TYPE_MEMREF_INPUT:
	case TEE_IOCTL_PARAM_ATTR_TYPE_UBUF_INPUT:
	case TEE_IOCTL_PARAM_ATTR_TYPE_OBJREF_INPUT:
		return 0;
	case TEE_IOCTL_PARAM_ATTR_TYPE_VALUE_OUTPUT:
	case TEE_IOCTL_PARAM_ATTR_TYPE_VALUE_INOUT:
		p->u.value.a = ip->a;
		p->u.value.b = ip->b;
		p->u.value.c = ip->c;
		return 0;
	case TEE_IOCTL_PARAM_ATTR_TYPE_MEMREF_OUTPUT:
	case TEE_IOCTL_PARAM_ATTR_TYPE_MEMREF_INOUT:
		/* The driver knows the shm; the supplicant says how much it used. */
		p->u.memref.size = ip->b;
		return 0;
	case TEE_IOCTL_PARAM_ATTR_TYPE_UBUF_OUTPUT:
	case TEE_IOCTL_PARAM_ATTR_TYPE_UBUF_INOUT:
		return tee_ubuf_from_user(&p->u.ubuf, ip);
	case TEE_IOCTL_PARAM_ATTR_TYPE_OBJREF_OUTPUT:
	case TEE_IOCTL_PARAM_ATTR_TYPE_OBJREF_INOUT:
		p->u.objref.id = ip->a;
		p->u.objref.flags = ip->b;
		return 0;
	default:
		return -EINVAL;
	}
}

int tee_params_from_supp(struct tee_params *set, const struct tee_ioctl_buf_data *buf,
			 size_t header, u32 num_params,
			 const struct tee_ioctl_param __user *uparams)
{
	struct tee_ioctl_param ip;
	size_t n;
	int rc;

	/* A supplicant may answer from the larger buffer that it received into. */
	if (tee_params_size(header, num_params) > buf->buf_len)
		return -EINVAL;

	rc = tee_params_init(set, num_params);
	for (n = 0; !rc && n < num_params; n++) {
		if (copy_from_user(&ip, uparams + n, sizeof(ip)))
			rc = -EFAULT;
		else
			rc = tee_param_from_supp(&set->params[n], &ip);
	}
	if (rc)
		tee_params_release(set);
	return rc;
}

/*
 * By the exact attribute, META included: a META parameter is between the client
 * and the driver and is never copied back.
 */
static int tee_param_to_user(const struct tee_param *p, struct tee_ioctl_param __user *up)
{
	switch (p->attr) {
	case TEE_IOCTL_PARAM_ATTR_TYPE_VALUE_OUTPUT:
	case TEE_IOCTL_PARAM_ATTR_TYPE_VALUE_INOUT:
		if (put_user(p->u.value.a, &up->a) || put_user(p->u.value.b, &up->b) ||
		    put_user(p->u.value.c, &up->c))
			return -EFAULT;
		return 0;
	case TEE_IOCTL_PARAM_ATTR_TYPE_MEMREF_OUTPUT:
	case TEE_IOCTL_PARAM_ATTR_TYPE_MEMREF_INOUT:
		return put_user((u64)p->u.memref.size, &up->b) ? -EFAULT : 0;
	case TEE_IOCTL_PARAM_ATTR_TYPE_UBUF_OUTPUT:
	case TEE_IOCTL_PARAM_ATTR_TYPE_UBUF_INOUT:
		return put_user((u64)p->u.ubuf.size, &up->b) ? -EFAULT : 0;
	case TEE_IOCTL_PARAM_ATTR_TYPE_OBJREF_OUTPUT:
	case TEE_IOCTL_PARAM_ATTR_TYPE_OBJREF_INOUT:
		if (put_user(p->u.objref.id, &up->a) || put_user(p->u.objref.flags, &up->b))
			return -EFAULT;
		return 0;
	default:
		return 0;
	}
}

int tee_params_to_user(const struct tee_params *set, struct tee_ioctl_param __user *uparams)
{
	size_t n;
	int rc;

	for (n = 0; n < set->num; n++) {
		rc = tee_param_to_user(&set->params[n], uparams + n);
		if (rc)
			return rc;
	}
	return 0;
}

static void tee_memref_to_supp(const struct tee_param_memref *memref,
			       struct tee_ioctl_param *ip)
{
	ip->b = memref->size;
	if (memref->shm) {
		ip->a = memref->shm_offs;
		/* -1 when the context that it had an id in has ended */
		ip->c = READ_ONCE(memref->shm->id);
	} else {
		ip->c = TEE_MEMREF_NULL;
	}
}

static void tee_param_to_supp(const struct tee_param *p, struct tee_ioctl_param *ip)
{
	*ip = (struct tee_ioctl_param){ .attr = p->attr & TEE_IOCTL_PARAM_ATTR_MASK };

	switch (p->attr & TEE_IOCTL_PARAM_ATTR_TYPE_MASK) {
	case TEE_IOCTL_PARAM_ATTR_TYPE_VALUE_INPUT:
	case TEE_IOCTL_PARAM_ATTR_TYPE_VALUE_INOUT:
		ip->a = p->u.value.a;
		ip->b = p->u.value.b;
		ip->c = p->u.value.c;
		break;
	case TEE_IOCTL_PARAM_ATTR_TYPE_MEMREF_INPUT:
	case TEE_IOCTL_PARAM_ATTR_TYPE_MEMREF_OUTPUT:
	case TEE_IOCTL_PARAM_ATTR_TYPE_MEMREF_INOUT:
		tee_memref_to_supp(&p->u.memref, ip);
		break;
	case TEE_IOCTL_PARAM_ATTR_TYPE_UBUF_INPUT:
	case TEE_IOCTL_PARAM_ATTR_TYPE_UBUF_OUTPUT:
	case TEE_IOCTL_PARAM_ATTR_TYPE_UBUF_INOUT:
		ip->a = (uintptr_t)p->u.ubuf.uaddr;
		ip->b = p->u.ubuf.size;
		break;
	case TEE_IOCTL_PARAM_ATTR_TYPE_OBJREF_INPUT:
	case TEE_IOCTL_PARAM_ATTR_TYPE_OBJREF_INOUT:
		ip->a = p->u.objref.id;
		ip->b = p->u.objref.flags;
		break;
	default:
		break;
	}
}

int tee_params_to_supp(const struct tee_params *set, size_t num_params,
		       struct tee_ioctl_param __user *uparams)
{
	struct tee_ioctl_param ip;
	size_t n;

	for (n = 0; n < num_params; n++) {
		tee_param_to_supp(&set->params[n], &ip);
		if (copy_to_user(uparams + n, &ip, sizeof(ip)))
			return -EFAULT;
	}
	return 0;
}

int tee_params_sync_for_tee(const struct tee_params *set)
{
	size_t n;
	int rc;

	/* Outputs too: afterwards their whole range is copied back. */
	for (n = 0; n < set->num; n++) {
		const struct tee_param_hold *hold = &set->held[n];

		if (!hold->shm)
			continue;
		rc = tee_shm_sync_for_tee(hold->shm, hold->offs, hold->size);
		if (rc)
			return rc;
	}
	return 0;
}

int tee_params_sync_for_user(const struct tee_params *set)
{
	size_t n;
	int rc;

	for (n = 0; n < set->num; n++) {
		const struct tee_param_hold *hold = &set->held[n];

		if (!hold->shm || !hold->output)
			continue;
		rc = tee_shm_sync_for_user(hold->shm, hold->offs, hold->size);
		if (rc)
			return rc;
	}
	return 0;
}
