/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The work itself: each output gets what an input of its kind holds
 *
 * Another driver has a message to its TEE in this place. What the core has checked
 * (kinds, ids, ranges in shared memory) is not checked again; what only we can know
 * is: whether a buffer is large enough, and whether user memory is really there.
 */
#include <linux/err.h>
#include <linux/errno.h>
#include <linux/slab.h>
#include <linux/string.h>
#include <linux/uaccess.h>

#include "normal/drivers/echo/echo_private.h"

/* The last input of each kind */
struct echo_inputs {
	const struct tee_param *value;
	const struct tee_param *memref;
	const struct tee_param *ubuf;
	const struct tee_param *objref;
};

/* Set @size to what is needed. True when so much is to be copied. */
static bool echo_fits(size_t *size, size_t needed, u32 *ret)
{
	size_t room = *size;

	*size = needed;
	if (needed > room)
		*ret = TEE_R_SHORT_BUFFER;
	return needed && needed <= room;
}

/* A NULL memref has no memory, whatever its size says. */
static size_t echo_memref_size(const struct tee_param *p)
{
	return p && p->u.memref.shm ? p->u.memref.size : 0;
}

static int echo_memref(struct tee_param *to, const struct tee_param *from, u32 *ret)
{
	size_t size = echo_memref_size(to);
	void *src;
	void *dst;

	if (echo_fits(&size, echo_memref_size(from), ret)) {
		src = tee_shm_get_va(from->u.memref.shm, from->u.memref.shm_offs);
		dst = tee_shm_get_va(to->u.memref.shm, to->u.memref.shm_offs);
		if (IS_ERR(src) || IS_ERR(dst))
			return -EINVAL;
		/* Both may be parts of one buffer. */
		memmove(dst, src, size);
	}
	to->u.memref.size = size;
	return 0;
}

static int echo_ubuf(struct tee_param *to, const struct tee_param *from, u32 *ret)
{
	size_t needed = from ? from->u.ubuf.size : 0;
	void *buf;
	int rc;

	if (!echo_fits(&to->u.ubuf.size, needed, ret))
		return 0;
	if (needed > ECHO_UBUF_MAX)
		return -EINVAL;
	/* The core checked that the address is the user's, not that it is mapped. */
	buf = memdup_user(from->u.ubuf.uaddr, needed);
	if (IS_ERR(buf))
		return PTR_ERR(buf);
	rc = copy_to_user(to->u.ubuf.uaddr, buf, needed) ? -EFAULT : 0;
	kfree(buf);
	return rc;
}

/* A kind that we do not know, META included, is the client's error: no verdict. */
static int echo_param(struct tee_param *p, struct echo_inputs *in, u32 *ret)
{
	switch (p->attr) {
	case TEE_IOCTL_PARAM_ATTR_TYPE_NONE:
		return 0;
	case TEE_IOCTL_PARAM_ATTR_TYPE_VALUE_INPUT:
	case TEE_IOCTL_PARAM_ATTR_TYPE_VALUE_INOUT:
		in->value = p;
		return 0;
	case TEE_IOCTL_PARAM_ATTR_TYPE_VALUE_OUTPUT:
		if (in->value)
			p->u.value = in->value->u.value;
		return 0;
	case TEE_IOCTL_PARAM_ATTR_TYPE_MEMREF_INPUT:
	case TEE_IOCTL_PARAM_ATTR_TYPE_MEMREF_INOUT:
		in->memref = p;
		return 0;
	case TEE_IOCTL_PARAM_ATTR_TYPE_MEMREF_OUTPUT:
		return echo_memref(p, in->memref, ret);
	case TEE_IOCTL_PARAM_ATTR_TYPE_UBUF_INPUT:
	case TEE_IOCTL_PARAM_ATTR_TYPE_UBUF_INOUT:
		in->ubuf = p;
		return 0;
	case TEE_IOCTL_PARAM_ATTR_TYPE_UBUF_OUTPUT:
		return echo_ubuf(p, in->ubuf, ret);
	case TEE_IOCTL_PARAM_ATTR_TYPE_OBJREF_INPUT:
	case TEE_IOCTL_PARAM_ATTR_TYPE_OBJREF_INOUT:
		in->objref = p;
		return 0;
	case TEE_IOCTL_PARAM_ATTR_TYPE_OBJREF_OUTPUT:
		if (in->objref)
			p->u.objref = in->objref->u.objref;
		else
			p->u.objref.id = TEE_OBJREF_NULL;
		return 0;
	default:
		return -EINVAL;
	}
}

int echo_params(struct tee_param *param, size_t num_params, u32 *ret)
{
	struct echo_inputs in = {};
	size_t n;
	int rc = 0;

	for (n = 0; !rc && n < num_params; n++)
		rc = echo_param(param + n, &in, ret);
	return rc;
}
