/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * User objects: hosted by a process, which serves them by SUPPL_RECV and SUPPL_SEND
 *
 * A callback becomes a request in the queue of the context that hosts the object.
 * Who asked waits, or is called back (qcomtee_object_wait_mode()). A request belongs
 * to who asked; it changes hands under the mutex of the context by its state, and
 * while a thread of the server is CONVERTING, who asked stays, killed or not.
 *
 * When the last reference of an object goes, its host gets a notice in the same
 * queue: a request without an answer, which is part of the object, so that nothing
 * has to be allocated.
 */
#include <linux/completion.h>
#include <linux/err.h>
#include <linux/errno.h>
#include <linux/idr.h>
#include <linux/jiffies.h>
#include <linux/kernel.h>
#include <linux/list.h>
#include <linux/mutex.h>
#include <linux/sched.h>
#include <linux/sched/signal.h>
#include <linux/slab.h>
#include <linux/string.h>
#include <linux/uaccess.h>

#include "normal/drivers/qtee/qcomtee_private.h"

/* In the place of a request whose requester is gone: the number stays taken */
#define QCOMTEE_UREQ_TOMBSTONE ERR_PTR(-EBADF)

/**
 * struct qcomtee_user_object - an object of a client
 * @id: the client's number
 * @notify, @dead: guarded by the context's mutex; see qcomtee_user_object_*()
 */
struct qcomtee_user_object {
	struct qcomtee_object object;
	struct qcomtee_context_data *ctxdata;
	u64 id;
	bool notify;
	bool dead;
	struct qcomtee_ureq notice;
};

static const struct qcomtee_object_operations qcomtee_user_object_ops;

static struct qcomtee_user_object *to_qcomtee_user_object(struct qcomtee_object *object)
{
	return container_of(object, struct qcomtee_user_object, object);
}

static void qcomtee_user_object_free(struct qcomtee_user_object *uo)
{
	struct qcomtee_context_data *ctxdata = uo->ctxdata;

	kfree(uo);
	qcomtee_context_put(ctxdata);
}

static void qcomtee_ureq_queue_locked(struct qcomtee_context_data *ctxdata,
				      struct qcomtee_ureq *ureq)
{
	ureq->state = QCOMTEE_UREQ_QUEUED;
	list_add_tail(&ureq->link, &ctxdata->reqs);
	complete(&ctxdata->reqs_c);
}

static void qcomtee_ureq_finish_locked(struct qcomtee_ureq *ureq, int err)
{
	ureq->err = err;
	ureq->state = QCOMTEE_UREQ_DONE;
	/* Either way it may be gone at once. */
	if (ureq->later)
		qcomtee_object_dispatch_done(ureq->oic, err);
	else
		complete(&ureq->c);
}

/*
 * Objects
 */

int qcomtee_user_object_new(struct qcomtee_context_data *ctxdata, u64 id,
			    struct qcomtee_object **ret_object)
{
	struct qcomtee_user_object *uo = kzalloc(sizeof(*uo), GFP_KERNEL);

	if (!uo)
		return -ENOMEM;
	qcomtee_object_init(&uo->object, ctxdata->qcomtee, &qcomtee_user_object_ops);
	qcomtee_context_get(ctxdata);
	uo->ctxdata = ctxdata;
	uo->id = id;
	*ret_object = &uo->object;
	return 0;
}

bool qcomtee_user_object_id(struct qcomtee_object *object,
			    const struct qcomtee_context_data *ctxdata, u64 *ret_id)
{
	struct qcomtee_user_object *uo;

	if (!qcomtee_object_has_ops(object, &qcomtee_user_object_ops))
		return false;
	uo = to_qcomtee_user_object(object);
	*ret_id = uo->id;
	return uo->ctxdata == ctxdata;
}

static void qcomtee_user_object_set(struct qcomtee_object *object, bool notify, bool dead)
{
	struct qcomtee_user_object *uo;

	if (!qcomtee_object_has_ops(object, &qcomtee_user_object_ops))
		return;
	uo = to_qcomtee_user_object(object);
	mutex_lock(&uo->ctxdata->mutex);
	uo->notify = notify;
	uo->dead = dead;
	mutex_unlock(&uo->ctxdata->mutex);
}

void qcomtee_user_object_set_notify(struct qcomtee_object *object)
{
	qcomtee_user_object_set(object, /* notify: */ true, /* dead: */ false);
}

void qcomtee_user_object_kill(struct qcomtee_object *object)
{
	qcomtee_user_object_set(object, /* notify: */ false, /* dead: */ true);
}

static void qcomtee_user_object_release(struct qcomtee_object *object)
{
	struct qcomtee_user_object *uo = to_qcomtee_user_object(object);
	struct qcomtee_context_data *ctxdata = uo->ctxdata;
	bool queued;

	/* The object's own goes with it, which may be at once. */
	qcomtee_context_get(ctxdata);
	mutex_lock(&ctxdata->mutex);
	queued = uo->notify && !ctxdata->closed;
	if (queued) {
		uo->notice.object_id = uo->id;
		uo->notice.op = QTEE_OBJECT_OP_RELEASE;
		qcomtee_ureq_queue_locked(ctxdata, &uo->notice);
	}
	mutex_unlock(&ctxdata->mutex);
	if (!queued)
		qcomtee_user_object_free(uo);
	qcomtee_context_put(ctxdata);
}

/*
 * Who asks
 */

/* Nobody waits for @ureq any more. Whether it is over now. */
static bool qcomtee_ureq_leave_locked(struct qcomtee_context_data *ctxdata,
				      struct qcomtee_ureq *ureq, int err)
{
	switch (ureq->state) {
	case QCOMTEE_UREQ_QUEUED:
		list_del_init(&ureq->link);
		break;
	case QCOMTEE_UREQ_PROCESSING:
		idr_replace(&ctxdata->taken, QCOMTEE_UREQ_TOMBSTONE, ureq->id);
		break;
	case QCOMTEE_UREQ_CONVERTING:
		ureq->gone = true;
		return false;
	case QCOMTEE_UREQ_DONE:
		return true;
	}
	ureq->err = err;
	ureq->state = QCOMTEE_UREQ_DONE;
	return true;
}

static int qcomtee_ureq_wait(struct qcomtee_context_data *ctxdata, struct qcomtee_ureq *ureq)
{
	unsigned int ms = ctxdata->qcomtee->callback_timeout_ms;
	bool over;
	long left;

	if (ms)
		left = wait_for_completion_killable_timeout(&ureq->c, msecs_to_jiffies(ms));
	else
		left = wait_for_completion_killable(&ureq->c) ?: 1;

	mutex_lock(&ctxdata->mutex);
	over = qcomtee_ureq_leave_locked(ctxdata, ureq, left ? -ENODEV : -ETIMEDOUT);
	mutex_unlock(&ctxdata->mutex);
	if (!over) {
		wait_for_completion(&ureq->c);
		/* Who completed it is done with it when the mutex is free. */
		mutex_lock(&ctxdata->mutex);
		mutex_unlock(&ctxdata->mutex);
	}
	return ureq->err;
}

static int qcomtee_ureq_submit(struct qcomtee_user_object *uo, struct qcomtee_ureq *ureq)
{
	struct qcomtee_context_data *ctxdata = uo->ctxdata;
	int rc = 0;

	mutex_lock(&ctxdata->mutex);
	/* A reset first ends the epoch, then the requests that are queued. */
	if (ctxdata->closed || uo->dead || READ_ONCE(uo->object.qcomtee->epoch) != ureq->epoch)
		rc = -ENODEV;
	else
		qcomtee_ureq_queue_locked(ctxdata, ureq);
	mutex_unlock(&ctxdata->mutex);
	return rc;
}

static int qcomtee_user_object_dispatch(struct qcomtee_object_invoke_ctx *oic,
					struct qcomtee_object *object, u32 op,
					struct qcomtee_arg *args)
{
	struct qcomtee_user_object *uo = to_qcomtee_user_object(object);
	enum qcomtee_wait wait = qcomtee_object_wait_mode(oic);
	struct qcomtee_ureq *ureq;
	int rc;

	if (wait == QCOMTEE_WAIT_NEVER)
		return -EBUSY;
	ureq = kzalloc(sizeof(*ureq), GFP_KERNEL);
	if (!ureq)
		return -ENOMEM;
	ureq->object_id = uo->id;
	ureq->op = op;
	ureq->epoch = qcomtee_object_invoke_epoch(oic);
	ureq->oic = oic;
	ureq->args = args;
	ureq->later = wait == QCOMTEE_WAIT_LATER;
	init_completion(&ureq->c);
	qcomtee_object_set_data(oic, ureq);

	rc = qcomtee_ureq_submit(uo, ureq);
	if (rc)
		return rc;
	return wait == QCOMTEE_WAIT_LATER ? -EIOCBQUEUED : qcomtee_ureq_wait(uo->ctxdata, ureq);
}

static void qcomtee_user_object_notify(struct qcomtee_object_invoke_ctx *oic,
				       struct qcomtee_object *object, int err)
{
	kfree(qcomtee_object_get_data(oic));
}

static const struct qcomtee_object_operations qcomtee_user_object_ops = {
	.kind = "user",
	.release = qcomtee_user_object_release,
	.dispatch = qcomtee_user_object_dispatch,
	.notify = qcomtee_user_object_notify,
};

/* End @ureq, which has a number. */
static void qcomtee_ureq_fail_taken_locked(struct qcomtee_context_data *ctxdata,
					   struct qcomtee_ureq *ureq)
{
	if (ureq->state == QCOMTEE_UREQ_CONVERTING) {
		ureq->gone = true;
		return;
	}
	idr_replace(&ctxdata->taken, QCOMTEE_UREQ_TOMBSTONE, ureq->id);
	qcomtee_ureq_finish_locked(ureq, -ENODEV);
}

void qcomtee_user_fail_requests(struct qcomtee_context_data *ctxdata, u32 epoch)
{
	struct qcomtee_ureq *ureq;
	struct qcomtee_ureq *next;
	LIST_HEAD(notices);
	int id;

	mutex_lock(&ctxdata->mutex);
	list_for_each_entry_safe(ureq, next, &ctxdata->reqs, link) {
		if (!ureq->oic && !epoch)
			list_move_tail(&ureq->link, &notices);
		if (!ureq->oic || (epoch && ureq->epoch == epoch))
			continue;
		list_del_init(&ureq->link);
		qcomtee_ureq_finish_locked(ureq, -ENODEV);
	}
	idr_for_each_entry(&ctxdata->taken, ureq, id)
		if (!IS_ERR(ureq) && (!epoch || ureq->epoch != epoch))
			qcomtee_ureq_fail_taken_locked(ctxdata, ureq);
	mutex_unlock(&ctxdata->mutex);

	list_for_each_entry_safe(ureq, next, &notices, link)
		qcomtee_user_object_free(container_of(ureq, struct qcomtee_user_object, notice));
}

/*
 * Who serves: SUPPL_RECV
 */

/* Input data goes to the end of the room, one buffer below the other. */
static bool qcomtee_room_take(size_t *room, size_t size)
{
	if (size > *room)
		return false;
	*room = (*room - size) & ~(size_t)7;
	return true;
}

static bool qcomtee_ureq_fits(const struct qcomtee_ureq *ureq, u32 num_params, size_t room)
{
	unsigned int i;

	if (!ureq->oic)
		return true;
	qcomtee_arg_for_each(i, ureq->args) {
		if (i + 1 >= num_params)
			return false;
		if (ureq->args[i].type == QCOMTEE_ARG_TYPE_IB &&
		    !qcomtee_room_take(&room, ureq->args[i].b.size))
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

/*
 * 1 with the head of the queue, CONVERTING and with a number; a notice is off all
 * lists. 0: there is none. -EINVAL: it does not fit and stays; -ENOMEM.
 */
static int qcomtee_ureq_pop(struct qcomtee_context_data *ctxdata, u32 num_params, size_t room,
			    struct qcomtee_ureq **ret_ureq)
{
	struct qcomtee_ureq *ureq;
	int rc = 0;

	mutex_lock(&ctxdata->mutex);
	ureq = list_first_entry_or_null(&ctxdata->reqs, struct qcomtee_ureq, link);
	if (!ureq)
		goto out_unlock;
	/* What a dying server takes, nobody answers. */
	if (fatal_signal_pending(current)) {
		rc = -ERESTARTSYS;
		goto out_unlock;
	}
	if (!qcomtee_ureq_fits(ureq, num_params, room)) {
		rc = -EINVAL;
		goto out_unlock;
	}
	rc = idr_alloc(&ctxdata->taken, ureq, 0, 0, GFP_KERNEL);
	if (rc < 0)
		goto out_unlock;
	ureq->id = rc;
	ureq->state = QCOMTEE_UREQ_CONVERTING;
	list_del_init(&ureq->link);
	if (!ureq->oic)
		idr_remove(&ctxdata->taken, ureq->id);
	*ret_ureq = ureq;
	rc = 1;
out_unlock:
	mutex_unlock(&ctxdata->mutex);
	return rc;
}

/* Wait for a request that fits. 0 or an errno. */
static int qcomtee_ureq_take(struct qcomtee_context_data *ctxdata, u32 num_params, size_t room,
			     struct qcomtee_ureq **ret_ureq)
{
	bool token = false;
	int rc;

	while (!(rc = qcomtee_ureq_pop(ctxdata, num_params, room, ret_ureq))) {
		rc = wait_for_completion_interruptible(&ctxdata->reqs_c);
		if (rc)
			return rc;
		token = true;
	}
	if (rc == 1 && !token)
		try_wait_for_completion(&ctxdata->reqs_c);
	/* Not taken after all: another thread, with more room, may be waiting. */
	if (rc < 0 && token)
		complete(&ctxdata->reqs_c);
	return rc < 0 ? rc : 0;
}

/*
 * The end of RECV's conversion. Whether the server has the request now; otherwise
 * it is over, or, after -EFAULT, queued again.
 */
static bool qcomtee_ureq_converted(struct qcomtee_context_data *ctxdata,
				   struct qcomtee_ureq *ureq, int rc)
{
	bool taken = !rc && !ureq->gone;

	lockdep_assert_held(&ctxdata->mutex);
	if (taken) {
		ureq->state = QCOMTEE_UREQ_PROCESSING;
		return true;
	}
	idr_remove(&ctxdata->taken, ureq->id);
	if (ureq->gone) {
		qcomtee_ureq_finish_locked(ureq, -ENODEV);
	} else if (rc == -EFAULT) {
		ureq->state = QCOMTEE_UREQ_QUEUED;
		list_add(&ureq->link, &ctxdata->reqs);
		complete(&ctxdata->reqs_c);
	} else {
		qcomtee_ureq_finish_locked(ureq, rc);
	}
	return false;
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
	bool taken;
	int rc;

	*func = ureq->op;
	qcomtee_recv_meta(params, ureq);
	if (!ureq->oic) {
		*num_params = 1;
		qcomtee_user_object_free(container_of(ureq, struct qcomtee_user_object, notice));
		return 1;
	}

	rc = qcomtee_ureq_to_params(ctx, ureq, params + 1, u64_to_user_ptr(meta.a), meta.b, &n);
	mutex_lock(&ctxdata->mutex);
	taken = qcomtee_ureq_converted(ctxdata, ureq, rc);
	mutex_unlock(&ctxdata->mutex);
	if (taken) {
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
	struct qcomtee_ureq *ureq;
	int rc;

	rc = qcomtee_recv_check(*num_params, params);
	if (rc)
		return rc;
	if (!access_ok(u64_to_user_ptr(params[0].u.value.a), params[0].u.value.b))
		return -EFAULT;

	do {
		rc = qcomtee_ureq_take(ctxdata, *num_params, params[0].u.value.b, &ureq);
		if (!rc)
			rc = qcomtee_recv_one(ctx, ureq, func, num_params, params);
		else
			return rc;
	} while (!rc);
	return rc < 0 ? rc : 0;
}

/*
 * Who serves: SUPPL_SEND
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

/* The request of this number, CONVERTING; ERR_PTR(-EINVAL) when the server has not it. */
static struct qcomtee_ureq *qcomtee_ureq_take_answered(struct qcomtee_context_data *ctxdata,
						       u64 id)
{
	struct qcomtee_ureq *ureq = NULL;

	mutex_lock(&ctxdata->mutex);
	if (id <= INT_MAX)
		ureq = idr_find(&ctxdata->taken, id);
	if (ureq == QCOMTEE_UREQ_TOMBSTONE) {
		idr_remove(&ctxdata->taken, id);
		ureq = NULL;
	}
	if (ureq && ureq->state == QCOMTEE_UREQ_PROCESSING)
		ureq->state = QCOMTEE_UREQ_CONVERTING;
	else
		ureq = ERR_PTR(-EINVAL);
	mutex_unlock(&ctxdata->mutex);
	return ureq;
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

	mutex_lock(&ctxdata->mutex);
	idr_remove(&ctxdata->taken, ureq->id);
	qcomtee_ureq_finish_locked(ureq, rc == -ENOMEM || !rc ? rc : -EINVAL);
	mutex_unlock(&ctxdata->mutex);
	return rc;
}
