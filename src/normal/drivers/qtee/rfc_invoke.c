/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The QTEE's own user API: INVOKE
 *
 * Outputs are the caller's when the ioctl returns 0 and the result is 0, and only
 * then: parameters are written back, and descriptors become the task's, at the very
 * end, all or none of them.
 */
#include <linux/err.h>
#include <linux/errno.h>
#include <linux/sched.h>
#include <linux/sched/signal.h>
#include <linux/slab.h>
#include <linux/uaccess.h>

#include "normal/drivers/qtee/rfc.h"

static int qcomtee_rfc_check_op(const struct qcomtee_rfc_call *call,
				const struct qcomtee_object *object, u32 op)
{
	bool null_input = false;
	u32 i;

	/* An object is released by closing its descriptor. */
	if (op & ~QTEE_MSG_OP_METHOD_MASK || op == QTEE_MSG_OP_RELEASE ||
	    op == QTEE_MSG_OP_RETAIN)
		return -EINVAL;
	if (qcomtee_object_type(object) != QCOMTEE_OBJECT_TYPE_ROOT)
		return 0;
	for (i = 0; i < call->num_params; i++)
		if (call->params[i].attr == QCOM_TEE_OBJECT_NULL &&
		    call->params[i].direction != QCOM_TEE_OUTPUT)
			null_input = true;
	return qcomtee_check_root_op(op, null_input);
}

static int qcomtee_rfc_check_params(const struct qcomtee_rfc_call *call)
{
	unsigned int n[QCOMTEE_ARG_TYPE_NR] = {};
	u32 i;

	for (i = 0; i < call->num_params; i++) {
		int type = qcomtee_rfc_param_type(&call->params[i]);

		if (type < 0 || ++n[type] > QTEE_MSG_ARGS_PER_KIND)
			return -EINVAL;
	}
	return 0;
}

/* On failure the objects are the caller's to put, as far as there are any. */
static int qcomtee_rfc_params_to_args(struct qcomtee_rfc_call *call)
{
	u32 i;
	int rc;

	for (i = 0; i < call->num_params; i++) {
		const struct qcom_tee_param *param = &call->params[i];
		struct qcomtee_arg *arg = &call->args[i];

		arg->type = qcomtee_rfc_param_type(param);
		if (arg->type == QCOMTEE_ARG_TYPE_IO) {
			rc = qcomtee_rfc_param_to_object(call->qcomtee, param, &arg->o);
			if (rc)
				return rc;
		} else if (arg->type != QCOMTEE_ARG_TYPE_OO) {
			arg->flags = QCOMTEE_ARG_FLAGS_UADDR;
			arg->b.uaddr = u64_to_user_ptr(param->buffer.addr);
			arg->b.size = param->buffer.len;
		}
	}
	return 0;
}

static int qcomtee_rfc_args_to_params(struct qcomtee_rfc_call *call)
{
	u32 i;
	int rc;

	for (i = 0; i < call->num_params; i++) {
		struct qcomtee_arg *arg = &call->args[i];

		if (arg->type == QCOMTEE_ARG_TYPE_OB)
			call->params[i].buffer.len = arg->b.size;
		if (arg->type != QCOMTEE_ARG_TYPE_OO)
			continue;
		rc = qcomtee_rfc_object_to_param(call, NULL, arg->o, &call->params[i]);
		if (rc)
			return rc;
	}
	return 0;
}

/* 0: the outputs, if any, are as good as delivered, and *@result is what it was, or
 * says that the caller could not get them. -EFAULT. */
static int qcomtee_rfc_give_outputs(struct qcomtee_rfc_call *call, struct platform_fds *fds,
				    int *result)
{
	int rc;

	rc = qcomtee_rfc_args_to_params(call);
	if (!rc)
		rc = qcomtee_rfc_write_params(call, QCOMTEE_ARG_TYPE_OO, fds);
	if (!rc || rc == -EFAULT || rc == -EMFILE)
		return rc;
	platform_fds_abort(fds);
	*result = QTEE_ERROR_UNAVAIL;
	return 0;
}

/*
 * Objects of servers: after a call that took place their end is told, after one that
 * failed whoever exported them has forgotten them. A task that is being killed does
 * not see that its call failed, and its server may be another process: it is told.
 */
static void qcomtee_rfc_settle(struct qcomtee_rfc_call *call, int rc)
{
	unsigned int i;

	qcomtee_arg_for_each_type(i, call->args, QCOMTEE_ARG_TYPE_IO) {
		if (rc && !fatal_signal_pending(current))
			qcomtee_user_object_kill(call->args[i].o);
		else
			qcomtee_user_object_set_notify(call->args[i].o);
	}
}

static int qcomtee_rfc_do_invoke(struct qcomtee_rfc_call *call, struct qcomtee_object *object,
				 u32 op, s32 __user *uresult)
{
	struct platform_fds fds = {};
	int result = 0;
	int rc;

	rc = qcomtee_rfc_params_to_args(call);
	if (rc)
		goto out_put;
	rc = qcomtee_object_do_invoke(call->qcomtee, object, op, call->args, &result);
	if (!rc && !result)
		rc = qcomtee_rfc_give_outputs(call, &fds, &result);
	if (!rc)
		rc = put_user(result, uresult);
	qcomtee_rfc_settle(call, rc);
	if (rc)
		platform_fds_abort(&fds);
	else
		platform_fds_commit(&fds);
	qcomtee_rfc_put_objects(call, QCOMTEE_ARG_TYPE_OO);
out_put:
	qcomtee_rfc_put_objects(call, QCOMTEE_ARG_TYPE_IO);
	return rc;
}

long qcomtee_rfc_invoke(struct qcomtee *qcomtee, struct qcomtee_object *object,
			const struct qcom_tee_ioctl_data *data)
{
	struct qcom_tee_object_invoke_arg __user *uarg = u64_to_user_ptr(data->buf_ptr);
	struct qcom_tee_object_invoke_arg arg;
	struct qcomtee_rfc_call *call;
	int rc;

	if (data->buf_len < sizeof(arg))
		return -EINVAL;
	if (copy_from_user(&arg, uarg, sizeof(arg)))
		return -EFAULT;
	call = qcomtee_rfc_copy_params(qcomtee, data, sizeof(arg), arg.num_params);
	if (IS_ERR(call))
		return PTR_ERR(call);
	rc = qcomtee_rfc_check_params(call);
	if (!rc)
		rc = qcomtee_rfc_check_op(call, object, arg.op);
	if (!rc)
		rc = qcomtee_rfc_do_invoke(call, object, arg.op, &uarg->result);
	kfree(call);
	return rc;
}
