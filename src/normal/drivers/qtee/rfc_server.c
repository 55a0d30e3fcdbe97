/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The QTEE's own user API: RECEIVE and REPLY
 *
 * A request that could not be written to the server's buffer is not lost: another
 * RECEIVE gets it. An answer that is no good ends the request: its server had its
 * chance, and the QTEE is told that it failed.
 */
#include <linux/align.h>
#include <linux/err.h>
#include <linux/errno.h>
#include <linux/kernel.h>
#include <linux/slab.h>
#include <linux/uaccess.h>

#include "normal/drivers/qtee/rfc.h"

/*
 * RECEIVE
 *
 * Header, parameters, then for each buffer, input or output, a place: each begins at
 * an address that is a multiple of 8.
 */

struct qcomtee_rfc_place {
	u64 next;
	u64 end;
};

static void qcomtee_rfc_places(const struct qcom_tee_ioctl_data *data, u32 num_params,
			       struct qcomtee_rfc_place *place)
{
	size_t header = sizeof(struct qcom_tee_cb_arg) +
			num_params * sizeof(struct qcom_tee_param);

	place->next = data->buf_ptr + header;
	place->end = data->buf_ptr + data->buf_len;
}

/* @size bytes at *@ret_addr. Nothing wraps: qcomtee_rfc_receive() has seen to that. */
static bool qcomtee_rfc_take_place(struct qcomtee_rfc_place *place, size_t size, u64 *ret_addr)
{
	u64 addr = ALIGN(place->next, (u64)QTEE_MSG_ALIGN);

	if (addr > place->end || size > place->end - addr)
		return false;
	place->next = addr + size;
	*ret_addr = addr;
	return true;
}

static bool qcomtee_rfc_is_buffer(const struct qcomtee_arg *arg)
{
	return arg->type == QCOMTEE_ARG_TYPE_IB || arg->type == QCOMTEE_ARG_TYPE_OB;
}

static u32 qcomtee_rfc_num_args(const struct qcomtee_ureq *ureq)
{
	unsigned int n = 0;

	if (ureq->oic)
		qcomtee_arg_for_each(n, ureq->args)
			;
	return n;
}

static bool qcomtee_rfc_fits(const struct qcomtee_ureq *ureq, const void *room)
{
	u32 n = qcomtee_rfc_num_args(ureq);
	struct qcomtee_rfc_place place;
	u64 addr;
	u32 i;

	qcomtee_rfc_places(room, n, &place);
	if (place.next > place.end)
		return false;
	for (i = 0; i < n; i++)
		if (qcomtee_rfc_is_buffer(&ureq->args[i]) &&
		    !qcomtee_rfc_take_place(&place, ureq->args[i].b.size, &addr))
			return false;
	return true;
}

static int qcomtee_rfc_arg_to_param(struct qcomtee_rfc_call *call,
				    const struct qcomtee_context_data *server,
				    struct qcomtee_rfc_place *place,
				    const struct qcomtee_arg *arg, struct qcom_tee_param *param)
{
	switch (arg->type) {
	case QCOMTEE_ARG_TYPE_IB:
	case QCOMTEE_ARG_TYPE_OB:
		param->attr = QCOM_TEE_BUFFER;
		param->direction = arg->type == QCOMTEE_ARG_TYPE_IB ? QCOM_TEE_INPUT :
								      QCOM_TEE_OUTPUT;
		param->buffer.len = arg->b.size;
		if (!qcomtee_rfc_take_place(place, arg->b.size, &param->buffer.addr))
			return -EINVAL;
		if (arg->type == QCOMTEE_ARG_TYPE_OB)
			return 0;
		return copy_to_user(u64_to_user_ptr(param->buffer.addr), arg->b.addr,
				    arg->b.size) ? -EFAULT : 0;
	case QCOMTEE_ARG_TYPE_IO:
		param->direction = QCOM_TEE_INPUT;
		return qcomtee_rfc_object_to_param(call, server, arg->o, param);
	default:
		param->attr = QCOM_TEE_OBJECT_NULL;
		return 0;
	}
}

/* The arguments are borrowed from the request; what goes out has its own references. */
static int qcomtee_rfc_args_to_call(struct qcomtee_rfc_call *call,
				    const struct qcomtee_context_data *server,
				    const struct qcomtee_ureq *ureq,
				    struct qcomtee_rfc_place *place)
{
	u32 i;
	int rc;

	for (i = 0; i < call->num_params; i++) {
		rc = qcomtee_rfc_arg_to_param(call, server, place, &ureq->args[i],
					      &call->params[i]);
		if (rc)
			return rc;
		call->args[i] = ureq->args[i];
		if (call->args[i].type == QCOMTEE_ARG_TYPE_IO)
			qcomtee_object_get(call->args[i].o);
	}
	return 0;
}

static int qcomtee_rfc_write_header(const struct qcom_tee_ioctl_data *data,
				    const struct qcomtee_ureq *ureq, u32 request_id,
				    u32 num_params)
{
	struct qcom_tee_cb_arg arg = {
		.id = ureq->object_id,
		.request_id = request_id,
		.op = ureq->op,
		.num_params = num_params,
	};

	return copy_to_user(u64_to_user_ptr(data->buf_ptr), &arg, sizeof(arg)) ? -EFAULT : 0;
}

/* Write all of @ureq to the server's buffer. -EFAULT and -EMFILE are about the
 * server, other errors about the request. */
static int qcomtee_rfc_convert(struct qcomtee_context_data *server,
			       const struct qcom_tee_ioctl_data *data,
			       struct qcomtee_ureq *ureq, struct platform_fds *fds)
{
	struct qcomtee_rfc_place place;
	struct qcomtee_rfc_call *call;
	int rc;

	call = kzalloc(sizeof(*call), GFP_KERNEL);
	if (!call)
		return -ENOMEM;
	call->qcomtee = server->qcomtee;
	call->num_params = qcomtee_rfc_num_args(ureq);
	call->uparams = u64_to_user_ptr(data->buf_ptr + sizeof(struct qcom_tee_cb_arg));
	qcomtee_rfc_places(data, call->num_params, &place);

	rc = qcomtee_rfc_args_to_call(call, server, ureq, &place);
	if (!rc)
		rc = qcomtee_rfc_write_header(data, ureq, ureq->id, call->num_params);
	if (!rc)
		rc = qcomtee_rfc_write_params(call, QCOMTEE_ARG_TYPE_IO, fds);
	qcomtee_rfc_put_objects(call, QCOMTEE_ARG_TYPE_IO);
	kfree(call);
	return rc;
}

/* 1: done; 0: look for another request; or an errno for the server */
static int qcomtee_rfc_receive_one(struct qcomtee_context_data *server,
				   const struct qcom_tee_ioctl_data *data,
				   struct qcomtee_ureq *ureq)
{
	struct platform_fds fds = {};
	bool servers;
	int rc;

	if (!ureq->oic) {
		rc = qcomtee_rfc_write_header(data, ureq, QCOM_TEE_REQUEST_NONE, 0);
		if (rc)
			qcomtee_ureq_put_back_notice(server, ureq);
		else
			qcomtee_ureq_free_notice(ureq);
		return rc ?: 1;
	}

	rc = qcomtee_rfc_convert(server, data, ureq, &fds);
	servers = rc == -EFAULT || rc == -EMFILE;
	/* With -EFAULT it is queued again. */
	if (qcomtee_ureq_converted(server, ureq, servers ? -EFAULT : rc)) {
		platform_fds_commit(&fds);
		return 1;
	}
	platform_fds_abort(&fds);
	return servers ? rc : 0;
}

long qcomtee_rfc_receive(struct qcomtee_context_data *server,
			 const struct qcom_tee_ioctl_data *data)
{
	struct qcomtee_ureq *ureq;
	int rc;

	if (data->buf_len < sizeof(struct qcom_tee_cb_arg))
		return -EINVAL;
	if (!access_ok(u64_to_user_ptr(data->buf_ptr), data->buf_len))
		return -EFAULT;
	do {
		rc = qcomtee_ureq_take(server, qcomtee_rfc_fits, data, &ureq);
		if (!rc)
			rc = qcomtee_rfc_receive_one(server, data, ureq);
		else
			return rc;
	} while (!rc);
	return rc < 0 ? rc : 0;
}

/*
 * REPLY
 */

/* The same kinds in the same order, and no output larger than was asked for */
static int qcomtee_rfc_check_reply(const struct qcomtee_rfc_call *call,
				   const struct qcomtee_arg *args)
{
	unsigned int i;

	qcomtee_arg_for_each(i, args) {
		if (i >= call->num_params ||
		    qcomtee_rfc_param_type(&call->params[i]) != (int)args[i].type)
			return -EINVAL;
		if (args[i].type == QCOMTEE_ARG_TYPE_OB &&
		    call->params[i].buffer.len > args[i].b.size)
			return -EINVAL;
	}
	return i == call->num_params ? 0 : -EINVAL;
}

static int qcomtee_rfc_param_to_arg(struct qcomtee *qcomtee, const struct qcom_tee_param *param,
				    struct qcomtee_arg *arg)
{
	if (arg->type == QCOMTEE_ARG_TYPE_OO)
		return qcomtee_rfc_param_to_object(qcomtee, param, &arg->o);
	if (arg->type != QCOMTEE_ARG_TYPE_OB)
		return 0;
	if (copy_from_user(arg->b.addr, u64_to_user_ptr(param->buffer.addr), param->buffer.len))
		return -EFAULT;
	arg->b.size = param->buffer.len;
	return 0;
}

/* All of it or nothing */
static int qcomtee_rfc_call_to_args(const struct qcomtee_rfc_call *call, struct qcomtee_arg *args)
{
	unsigned int i;
	int rc;

	rc = qcomtee_rfc_check_reply(call, args);
	for (i = 0; !rc && i < call->num_params; i++)
		rc = qcomtee_rfc_param_to_arg(call->qcomtee, &call->params[i], &args[i]);

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

static int qcomtee_rfc_take_outputs(struct qcomtee_context_data *server,
				    const struct qcom_tee_ioctl_data *data, u32 num_params,
				    struct qcomtee_ureq *ureq)
{
	struct qcomtee_rfc_call *call;
	int rc;

	call = qcomtee_rfc_copy_params(server->qcomtee, data, sizeof(struct qcom_tee_cb_arg),
				       num_params);
	if (IS_ERR(call))
		return PTR_ERR(call);
	rc = qcomtee_rfc_call_to_args(call, ureq->args);
	kfree(call);
	return rc;
}

long qcomtee_rfc_reply(struct qcomtee_context_data *server, const struct qcom_tee_ioctl_data *data)
{
	struct qcom_tee_cb_arg arg;
	struct qcomtee_ureq *ureq;
	int rc = 0;

	if (data->buf_len < sizeof(arg))
		return -EINVAL;
	if (copy_from_user(&arg, u64_to_user_ptr(data->buf_ptr), sizeof(arg)))
		return -EFAULT;
	/* Nobody waits for the answer to a notice. */
	if (arg.request_id == QCOM_TEE_REQUEST_NONE)
		return 0;
	ureq = qcomtee_ureq_take_answered(server, arg.request_id);
	if (IS_ERR(ureq))
		return PTR_ERR(ureq);

	/* Not under the mutex: it may go to the server's memory. */
	if (arg.result)
		qcomtee_object_set_result(ureq->oic, arg.result);
	else
		rc = qcomtee_rfc_take_outputs(server, data, arg.num_params, ureq);
	qcomtee_ureq_answered(server, ureq, rc);
	return rc;
}
