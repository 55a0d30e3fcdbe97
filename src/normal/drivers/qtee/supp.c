/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * How the process that hosts objects of a context serves them: SUPPL_RECV and
 * SUPPL_SEND
 */
#include <linux/err.h>
#include <linux/errno.h>
#include <linux/string.h>
#include <linux/uaccess.h>

#include "normal/drivers/qtee/qcomtee_private.h"

/*
 * SUPPL_RECV
 */

/* Input data goes to the end of the room, one buffer below the other. */
static bool qcomtee_room_take(size_t *room, size_t size)
{
	if (size > *room)
		return false;
	*room = (*room - size) & ~(size_t)7;
	return true;
}

struct qcomtee_recv_room {
	u32 num_params;
	size_t size;
};

static bool qcomtee_recv_fits(const struct qcomtee_ureq *ureq, const void *data)
{
	const struct qcomtee_recv_room *room = data;
	size_t size = room->size;
	unsigned int i;

	if (!ureq->oic)
		return true;
	qcomtee_arg_for_each(i, ureq->args) {
		if (i + 1 >= room->num_params)
			return false;
		if (ureq->args[i].type == QCOMTEE_ARG_TYPE_IB &&
		    !qcomtee_room_take(&size, ureq->args[i].b.size))
			return false;
	}
	return true;
}

static void qcomtee_recv_revoke(struct tee_context *ctx, struct tee_param *params, unsigned int n)
{
	while (n--)
		if (params[n].attr == TEE_IOCTL_PARAM_ATTR_TYPE_OBJREF_INPUT)
			qcomtee_objref_revoke(ctx, &params[n].u.objref);
}

/* One argument; @room as far as it is still free, from the start of the buffer. */
static int qcomtee_arg_to_param(struct tee_context *ctx, struct qcomtee_arg *arg,
				struct tee_param *param, void __user *buf, size_t *room)
{
	int rc;

	memset(param, 0, sizeof(*param));
	switch (arg->type) {
	case QCOMTEE_ARG_TYPE_IB:
		if (!qcomtee_room_take(room, arg->b.size))
			return -EINVAL;
		param->attr = TEE_IOCTL_PARAM_ATTR_TYPE_UBUF_INPUT;
		param->u.ubuf.uaddr = (char __user *)buf + *room;
		param->u.ubuf.size = arg->b.size;
		return copy_to_user(param->u.ubuf.uaddr, arg->b.addr, arg->b.size) ? -EFAULT : 0;
	case QCOMTEE_ARG_TYPE_OB:
		param->attr = TEE_IOCTL_PARAM_ATTR_TYPE_UBUF_OUTPUT;
		param->u.ubuf.size = arg->b.size;
		return 0;
	case QCOMTEE_ARG_TYPE_IO:
		qcomtee_object_get(arg->o);
		rc = qcomtee_objref_from_object(ctx, arg->o, &param->u.objref);
		if (rc)
			qcomtee_object_put(arg->o);
		else
			param->attr = TEE_IOCTL_PARAM_ATTR_TYPE_OBJREF_INPUT;
		return rc;
	default:
		param->attr = TEE_IOCTL_PARAM_ATTR_TYPE_OBJREF_OUTPUT;
		return 0;
	}
}

/* @params from the second on. -EFAULT; other errors are about the request. */
static int qcomtee_ureq_to_params(struct tee_context *ctx, struct qcomtee_ureq *ureq,
				  struct tee_param *params, void __user *buf, size_t room,
				  u32 *ret_num_params)
{
	unsigned int i;
	int rc;

	qcomtee_arg_for_each(i, ureq->args) {
		rc = qcomtee_arg_to_param(ctx, &ureq->args[i], &params[i], buf, &room);
		if (rc) {
			qcomtee_recv_revoke(ctx, params, i);
			return rc;
		}
	}
	*ret_num_params = i + 1;
	return 0;
}

static int qcomtee_recv_check(u32 num_params, const struct tee_param *params)
{
	u32 i;

	if (!num_params || params[0].attr != QTEE_SUPP_RECV_META ||
	    params[0].u.value.a % QTEE_MSG_ALIGN)
		return -EINVAL;
	for (i = 1; i < num_params; i++)
		if (params[i].attr != TEE_IOCTL_PARAM_ATTR_TYPE_NONE)
			return -EINVAL;
	return 0;
}

static void qcomtee_recv_meta(struct tee_param *param, const struct qcomtee_ureq *ureq)
{
	param->attr = QTEE_SUPP_RECV_META;
	param->u.value = (struct tee_param_value){ .a = ureq->object_id, .b = ureq->id };
}

/* 1: done; 0: look for another request. */
static int qcomtee_recv_one(struct tee_context *ctx, struct qcomtee_ureq *ureq, u32 *func,
			    u32 *num_params, struct tee_param *params)
{
	struct qcomtee_context_data *ctxdata = ctx->data;
	struct tee_param_value meta = params[0].u.value;
	u32 n = 1;
	int rc;

	*func = ureq->op;
	qcomtee_recv_meta(params, ureq);
	if (!ureq->oic) {
		*num_params = 1;
		qcomtee_ureq_free_notice(ureq);
		return 1;
	}

	rc = qcomtee_ureq_to_params(ctx, ureq, params + 1, u64_to_user_ptr(meta.a), meta.b, &n);
	if (qcomtee_ureq_converted(ctxdata, ureq, rc)) {
		*num_params = n;
		return 1;
	}
	if (!rc)
		qcomtee_recv_revoke(ctx, params + 1, n - 1);
	params[0].u.value = meta;
	return rc == -EFAULT ? rc : 0;
}

int qcomtee_supp_recv(struct tee_context *ctx, u32 *func, u32 *num_params,
		      struct tee_param *params)
{
	struct qcomtee_context_data *ctxdata = ctx->data;
	struct qcomtee_recv_room room;
	struct qcomtee_ureq *ureq;
	int rc;

	rc = qcomtee_recv_check(*num_params, params);
	if (rc)
		return rc;
	room.num_params = *num_params;
	room.size = params[0].u.value.b;
	if (!access_ok(u64_to_user_ptr(params[0].u.value.a), params[0].u.value.b))
		return -EFAULT;

	do {
		rc = qcomtee_ureq_take(ctxdata, qcomtee_recv_fits, &room, &ureq);
		if (!rc)
			rc = qcomtee_recv_one(ctx, ureq, func, num_params, params);
		else
			return rc;
	} while (!rc);
	return rc < 0 ? rc : 0;
}

/*
 * SUPPL_SEND
 */

static const u64 qcomtee_attr_of_type[QCOMTEE_ARG_TYPE_NR] = {
	[QCOMTEE_ARG_TYPE_IB] = TEE_IOCTL_PARAM_ATTR_TYPE_UBUF_INPUT,
	[QCOMTEE_ARG_TYPE_OB] = TEE_IOCTL_PARAM_ATTR_TYPE_UBUF_OUTPUT,
	[QCOMTEE_ARG_TYPE_IO] = TEE_IOCTL_PARAM_ATTR_TYPE_OBJREF_INPUT,
	[QCOMTEE_ARG_TYPE_OO] = TEE_IOCTL_PARAM_ATTR_TYPE_OBJREF_OUTPUT,
};

static int qcomtee_send_check(const struct qcomtee_arg *args, u32 num_params,
			      const struct tee_param *params)
{
	unsigned int i;

	qcomtee_arg_for_each(i, args) {
		if (i >= num_params || params[i].attr != qcomtee_attr_of_type[args[i].type])
			return -EINVAL;
		if (args[i].type == QCOMTEE_ARG_TYPE_OB &&
		    params[i].u.ubuf.size > args[i].b.size)
			return -EINVAL;
	}
	return i == num_params ? 0 : -EINVAL;
}

static int qcomtee_param_to_arg(struct tee_context *ctx, const struct tee_param *param,
				struct qcomtee_arg *arg)
{
	if (arg->type == QCOMTEE_ARG_TYPE_OO)
		return qcomtee_objref_to_object(ctx, &param->u.objref, &arg->o);
	if (arg->type != QCOMTEE_ARG_TYPE_OB)
		return 0;
	if (copy_from_user(arg->b.addr, param->u.ubuf.uaddr, param->u.ubuf.size))
		return -EFAULT;
	arg->b.size = param->u.ubuf.size;
	return 0;
}

/* The answer into the arguments of the callback: all of it or nothing. */
static int qcomtee_params_to_ureq(struct tee_context *ctx, struct qcomtee_arg *args,
				  u32 num_params, const struct tee_param *params)
{
	unsigned int i;
	int rc;

	rc = qcomtee_send_check(args, num_params, params);
	for (i = 0; !rc && i < num_params; i++)
		rc = qcomtee_param_to_arg(ctx, &params[i], &args[i]);

	qcomtee_arg_for_each_type(i, args, QCOMTEE_ARG_TYPE_OO) {
		if (!rc) {
			qcomtee_user_object_set_notify(args[i].o);
			continue;
		}
		qcomtee_object_put(args[i].o);
		args[i].o = NULL_QCOMTEE_OBJECT;
	}
	return rc;
}

int qcomtee_supp_send(struct tee_context *ctx, u32 ret, u32 num_params,
		      struct tee_param *params)
{
	struct qcomtee_context_data *ctxdata = ctx->data;
	struct qcomtee_ureq *ureq;
	int rc = 0;

	if (!num_params || params[0].attr != QTEE_SUPP_SEND_META)
		return -EINVAL;
	ureq = qcomtee_ureq_take_answered(ctxdata, params[0].u.value.a);
	if (IS_ERR(ureq))
		return PTR_ERR(ureq);

	/* Not under the mutex: it may go to the server's memory. */
	if (ret)
		qcomtee_object_set_result(ureq->oic, (s32)ret);
	else
		rc = qcomtee_params_to_ureq(ctx, ureq->args, num_params - 1, params + 1);

	qcomtee_ureq_answered(ctxdata, ureq, rc);
	return rc;
}
