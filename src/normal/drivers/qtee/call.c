/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * OBJECT_INVOKE: contexts, object references, and the ioctl itself
 *
 * A client knows objects of the QTEE by small numbers of its open file; objects
 * that it hosts by numbers of its own choice; memory by shm ids. All of them are
 * private to the open file: what belongs to another one is refused, in both
 * directions.
 */
#include <linux/err.h>
#include <linux/errno.h>
#include <linux/idr.h>
#include <linux/kernel.h>
#include <linux/kref.h>
#include <linux/limits.h>
#include <linux/list.h>
#include <linux/mutex.h>
#include <linux/printk.h>
#include <linux/slab.h>

#include "normal/drivers/qtee/qcomtee_private.h"

/* Of all kinds together; facts 5.2 */
#define QCOMTEE_MAX_PARAMS 64

/*
 * Contexts
 */

void qcomtee_context_get(struct qcomtee_context_data *ctxdata)
{
	kref_get(&ctxdata->refcount);
}

static void qcomtee_context_free(struct kref *kref)
{
	struct qcomtee_context_data *ctxdata =
		container_of(kref, struct qcomtee_context_data, refcount);

	idr_destroy(&ctxdata->taken);
	idr_destroy(&ctxdata->objects);
	mutex_destroy(&ctxdata->mutex);
	kfree(ctxdata);
}

void qcomtee_context_put(struct qcomtee_context_data *ctxdata)
{
	kref_put(&ctxdata->refcount, qcomtee_context_free);
}

struct qcomtee_context_data *qcomtee_context_new(struct qcomtee *qcomtee)
{
	struct qcomtee_context_data *ctxdata;

	ctxdata = kzalloc(sizeof(*ctxdata), GFP_KERNEL);
	if (!ctxdata)
		return ERR_PTR(-ENOMEM);
	if (!qcomtee_user_get(qcomtee)) {
		kfree(ctxdata);
		return ERR_PTR(-ENODEV);
	}
	kref_init(&ctxdata->refcount);
	ctxdata->qcomtee = qcomtee;
	mutex_init(&ctxdata->mutex);
	idr_init(&ctxdata->objects);
	INIT_LIST_HEAD(&ctxdata->reqs);
	idr_init(&ctxdata->taken);
	init_completion(&ctxdata->reqs_c);

	mutex_lock(&qcomtee->contexts_mutex);
	list_add(&ctxdata->node, &qcomtee->contexts);
	mutex_unlock(&qcomtee->contexts_mutex);
	return ctxdata;
}

int qcomtee_context_open(struct tee_context *ctx)
{
	struct qcomtee_context_data *ctxdata;

	/* Nobody calls through the device's own context. */
	if (tee_context_is_device(ctx))
		return 0;

	ctxdata = qcomtee_context_new(tee_get_drvdata(ctx->teedev));
	if (IS_ERR(ctxdata))
		return PTR_ERR(ctxdata);
	ctx->data = ctxdata;
	return 0;
}

void qcomtee_context_shut(struct qcomtee_context_data *ctxdata)
{
	mutex_lock(&ctxdata->mutex);
	ctxdata->closed = true;
	mutex_unlock(&ctxdata->mutex);
	qcomtee_user_fail_requests(ctxdata, 0);
	complete_all(&ctxdata->reqs_c);
}

void qcomtee_context_close(struct tee_context *ctx)
{
	if (ctx->data)
		qcomtee_context_shut(ctx->data);
}

static struct qcomtee_object *qcomtee_context_remove(struct qcomtee_context_data *ctxdata,
						     u64 id)
{
	struct qcomtee_object *object = NULL;

	mutex_lock(&ctxdata->mutex);
	if (id <= INT_MAX)
		object = idr_remove(&ctxdata->objects, id);
	mutex_unlock(&ctxdata->mutex);
	return object;
}

void qcomtee_context_end(struct qcomtee_context_data *ctxdata)
{
	struct qcomtee *qcomtee = ctxdata->qcomtee;
	struct qcomtee_object *object;
	int id;

	mutex_lock(&qcomtee->contexts_mutex);
	list_del(&ctxdata->node);
	mutex_unlock(&qcomtee->contexts_mutex);

	/* Nobody else adds or removes any more. */
	idr_for_each_entry(&ctxdata->objects, object, id)
		qcomtee_object_put(qcomtee_context_remove(ctxdata, id));
	qcomtee_context_put(ctxdata);
	qcomtee_user_put(qcomtee);
}

void qcomtee_context_release(struct tee_context *ctx)
{
	struct qcomtee_context_data *ctxdata = ctx->data;

	ctx->data = NULL;
	if (ctxdata)
		qcomtee_context_end(ctxdata);
}

void qcomtee_contexts_reset(struct qcomtee *qcomtee, u32 epoch)
{
	struct qcomtee_context_data *ctxdata;

	mutex_lock(&qcomtee->contexts_mutex);
	list_for_each_entry(ctxdata, &qcomtee->contexts, node)
		qcomtee_user_fail_requests(ctxdata, epoch);
	mutex_unlock(&qcomtee->contexts_mutex);
}

/*
 * Object references
 */

/* With a reference, or NULL */
static struct qcomtee_object *qcomtee_context_find(struct qcomtee_context_data *ctxdata, u64 id)
{
	struct qcomtee_object *object = NULL;

	mutex_lock(&ctxdata->mutex);
	if (id <= INT_MAX)
		object = idr_find(&ctxdata->objects, id);
	qcomtee_object_get(object);
	mutex_unlock(&ctxdata->mutex);
	return object;
}

static int qcomtee_mem_ref_to_object(struct tee_context *ctx, u64 id,
				     struct qcomtee_object **ret_object)
{
	struct qcomtee *qcomtee = tee_get_drvdata(ctx->teedev);
	struct tee_shm *shm;
	int rc;

	if (id > INT_MAX)
		return -EINVAL;
	shm = tee_shm_get_from_id(ctx, id);
	if (IS_ERR(shm))
		return PTR_ERR(shm);
	rc = qcomtee_mem_object_new(qcomtee, shm, ret_object);
	if (rc)
		tee_shm_put(shm);
	return rc;
}

int qcomtee_objref_to_object(struct tee_context *ctx, const struct tee_param_objref *ref,
			     struct qcomtee_object **ret_object)
{
	*ret_object = NULL_QCOMTEE_OBJECT;
	if (ref->id == TEE_OBJREF_NULL)
		return 0;
	if (ref->flags & QTEE_OBJREF_USER)
		return qcomtee_user_object_new(ctx->data, ref->id, ret_object);
	if (ref->flags & QTEE_OBJREF_TEE) {
		*ret_object = qcomtee_context_find(ctx->data, ref->id);
		return *ret_object ? 0 : -EINVAL;
	}
	if (ref->flags & QTEE_OBJREF_MEM)
		return qcomtee_mem_ref_to_object(ctx, ref->id, ret_object);
	return -EINVAL;
}

static int qcomtee_tee_object_to_ref(struct qcomtee_context_data *ctxdata,
				     struct qcomtee_object *object,
				     struct tee_param_objref *ref)
{
	int id;

	mutex_lock(&ctxdata->mutex);
	id = idr_alloc(&ctxdata->objects, object, 0, 0, GFP_KERNEL);
	mutex_unlock(&ctxdata->mutex);
	if (id < 0)
		return -ENOMEM;
	*ref = (struct tee_param_objref){ .id = id, .flags = QTEE_OBJREF_TEE };
	return 0;
}

/* The client has its own objects already: the reference goes. */
static int qcomtee_own_object_to_ref(struct tee_context *ctx, struct qcomtee_object *object,
				     struct tee_param_objref *ref)
{
	struct tee_shm *shm = qcomtee_mem_object_shm(object);

	if (qcomtee_user_object_id(object, ctx->data, &ref->id)) {
		ref->flags = QTEE_OBJREF_USER;
	} else if (shm && READ_ONCE(shm->ctx) == ctx && tee_shm_get_id(shm) > 0) {
		ref->id = tee_shm_get_id(shm);
		ref->flags = QTEE_OBJREF_MEM;
	} else {
		return -EINVAL;
	}
	qcomtee_object_put(object);
	return 0;
}

int qcomtee_objref_from_object(struct tee_context *ctx, struct qcomtee_object *object,
			       struct tee_param_objref *ref)
{
	switch (qcomtee_object_type(object)) {
	case QCOMTEE_OBJECT_TYPE_NULL:
		*ref = (struct tee_param_objref){ .id = TEE_OBJREF_NULL };
		return 0;
	case QCOMTEE_OBJECT_TYPE_TEE:
		return qcomtee_tee_object_to_ref(ctx->data, object, ref);
	default:
		return qcomtee_own_object_to_ref(ctx, object, ref);
	}
}

void qcomtee_objref_revoke(struct tee_context *ctx, const struct tee_param_objref *ref)
{
	if (ref->id != TEE_OBJREF_NULL && ref->flags == QTEE_OBJREF_TEE)
		qcomtee_object_put(qcomtee_context_remove(ctx->data, ref->id));
}

/*
 * Parameters
 */

static int qcomtee_param_type(const struct tee_param *param)
{
	switch (param->attr) {
	case TEE_IOCTL_PARAM_ATTR_TYPE_UBUF_INPUT:
		return QCOMTEE_ARG_TYPE_IB;
	case TEE_IOCTL_PARAM_ATTR_TYPE_UBUF_OUTPUT:
		return QCOMTEE_ARG_TYPE_OB;
	case TEE_IOCTL_PARAM_ATTR_TYPE_OBJREF_INPUT:
		return QCOMTEE_ARG_TYPE_IO;
	case TEE_IOCTL_PARAM_ATTR_TYPE_OBJREF_OUTPUT:
		return QCOMTEE_ARG_TYPE_OO;
	default:
		return -EINVAL;
	}
}

static int qcomtee_check_params(const struct tee_param *params, u32 num_params)
{
	unsigned int n[QCOMTEE_ARG_TYPE_NR] = {};
	u32 i;

	if (num_params > QCOMTEE_MAX_PARAMS)
		return -EINVAL;
	for (i = 0; i < num_params; i++) {
		int type = qcomtee_param_type(&params[i]);

		if (type < 0 || ++n[type] > QTEE_MSG_ARGS_PER_KIND)
			return -EINVAL;
	}
	return 0;
}

static void qcomtee_args_put(struct qcomtee_arg *args)
{
	unsigned int i;

	qcomtee_arg_for_each_type(i, args, QCOMTEE_ARG_TYPE_IO)
		qcomtee_object_put(args[i].o);
}

/* @args has room for one more than @num_params, and is zero. */
static int qcomtee_params_to_args(struct tee_context *ctx, struct qcomtee_arg *args,
				  const struct tee_param *params, u32 num_params)
{
	u32 i;
	int rc;

	for (i = 0; i < num_params; i++) {
		struct qcomtee_arg *arg = &args[i];

		if (qcomtee_param_type(&params[i]) == QCOMTEE_ARG_TYPE_IO) {
			rc = qcomtee_objref_to_object(ctx, &params[i].u.objref, &arg->o);
			if (rc) {
				qcomtee_args_put(args);
				return rc;
			}
		} else if (qcomtee_param_type(&params[i]) != QCOMTEE_ARG_TYPE_OO) {
			arg->flags = QCOMTEE_ARG_FLAGS_UADDR;
			arg->b.uaddr = params[i].u.ubuf.uaddr;
			arg->b.size = params[i].u.ubuf.size;
		}
		arg->type = qcomtee_param_type(&params[i]);
	}
	return 0;
}

static void qcomtee_clear_output_params(struct tee_param *params, u32 num_params)
{
	u32 i;

	for (i = 0; i < num_params; i++) {
		if (params[i].attr == TEE_IOCTL_PARAM_ATTR_TYPE_UBUF_OUTPUT)
			params[i].u.ubuf.size = 0;
		if (params[i].attr == TEE_IOCTL_PARAM_ATTR_TYPE_OBJREF_OUTPUT)
			params[i].u.objref = (struct tee_param_objref){};
	}
}

/* Takes over the references of the output objects, whatever the outcome. */
static int qcomtee_args_to_params(struct tee_context *ctx, struct tee_param *params,
				  const struct qcomtee_arg *args)
{
	unsigned int i;
	unsigned int n;
	int rc = 0;

	qcomtee_arg_for_each(i, args) {
		if (args[i].type == QCOMTEE_ARG_TYPE_OB)
			params[i].u.ubuf.size = args[i].b.size;
		if (args[i].type != QCOMTEE_ARG_TYPE_OO)
			continue;
		rc = qcomtee_objref_from_object(ctx, args[i].o, &params[i].u.objref);
		if (rc)
			break;
	}
	if (!rc)
		return 0;

	for (n = 0; n < i; n++)
		if (args[n].type == QCOMTEE_ARG_TYPE_OO)
			qcomtee_objref_revoke(ctx, &params[n].u.objref);
	for (; args[i].type != QCOMTEE_ARG_TYPE_INV; i++)
		if (args[i].type == QCOMTEE_ARG_TYPE_OO)
			qcomtee_object_put(args[i].o);
	return rc;
}

/*
 * The ioctl
 */

int qcomtee_check_root_op(u32 op, bool null_input)
{
	switch (op) {
	case QTEE_CLIENT_ENV_OP_NOTIFY_DOMAIN_CHANGE:
	case QTEE_CLIENT_ENV_OP_ADCI_ACCEPT:
	case QTEE_CLIENT_ENV_OP_ADCI_SHUTDOWN:
		return -EINVAL;
	case QTEE_CLIENT_ENV_OP_REGISTER_WITH_CREDENTIALS:
		/* No credentials are those of the kernel. */
		return null_input ? -EINVAL : 0;
	default:
		return 0;
	}
}

static bool qcomtee_has_null_input(const struct tee_param *params, u32 num_params)
{
	u32 i;

	for (i = 0; i < num_params; i++)
		if (params[i].attr == TEE_IOCTL_PARAM_ATTR_TYPE_OBJREF_INPUT &&
		    params[i].u.objref.id == TEE_OBJREF_NULL)
			return true;
	return false;
}

/* The target, with a reference; NULL when there is none. */
static struct qcomtee_object *qcomtee_get_target(struct tee_context *ctx, u64 id)
{
	struct qcomtee *qcomtee = tee_get_drvdata(ctx->teedev);

	if (id == TEE_OBJREF_NULL)
		return qcomtee_object_root(qcomtee);
	return qcomtee_context_find(ctx->data, id);
}

/*
 * User objects of a call that took place are the QTEE's, and their host is told at
 * their end. Of one that did not the host knows by itself.
 */
static void qcomtee_settle_user_objects(struct qcomtee_arg *args, int rc)
{
	unsigned int i;

	qcomtee_arg_for_each_type(i, args, QCOMTEE_ARG_TYPE_IO) {
		if (rc)
			qcomtee_user_object_kill(args[i].o);
		else
			qcomtee_user_object_set_notify(args[i].o);
	}
}

static int qcomtee_invoke_target(struct tee_context *ctx, struct qcomtee_object *target,
				 struct tee_ioctl_object_invoke_arg *arg,
				 struct tee_param *params)
{
	struct qcomtee *qcomtee = tee_get_drvdata(ctx->teedev);
	struct qcomtee_arg *args;
	int result = 0;
	int rc;

	args = kcalloc(arg->num_params + 1, sizeof(*args), GFP_KERNEL);
	if (!args)
		return -ENOMEM;
	rc = qcomtee_params_to_args(ctx, args, params, arg->num_params);
	if (rc)
		goto out_free;

	rc = qcomtee_object_do_invoke(qcomtee, target, arg->op, args, &result);
	qcomtee_settle_user_objects(args, rc);
	if (!rc && !result && qcomtee_args_to_params(ctx, params, args))
		result = QTEE_ERROR_UNAVAIL;
	if (!rc && result)
		qcomtee_clear_output_params(params, arg->num_params);
	qcomtee_args_put(args);
	arg->ret = (u32)result;
out_free:
	kfree(args);
	return rc;
}

int qcomtee_object_invoke(struct tee_context *ctx, struct tee_ioctl_object_invoke_arg *arg,
			  struct tee_param *params)
{
	struct qcomtee_object *target;
	int rc;

	rc = qcomtee_check_params(params, arg->num_params);
	if (rc)
		return rc;
	if (arg->op == QTEE_OBJECT_OP_RELEASE) {
		/* The QTEE is told when the last call on it has ended. */
		qcomtee_object_put(qcomtee_context_remove(ctx->data, arg->id));
		return 0;
	}
	if (arg->op & ~QTEE_MSG_OP_METHOD_MASK || arg->op == QTEE_MSG_OP_RETAIN)
		return -EINVAL;
	if (arg->id == TEE_OBJREF_NULL) {
		rc = qcomtee_check_root_op(arg->op,
					   qcomtee_has_null_input(params, arg->num_params));
		if (rc)
			return rc;
	}

	target = qcomtee_get_target(ctx, arg->id);
	if (!target)
		return -EINVAL;
	rc = qcomtee_invoke_target(ctx, target, arg, params);
	qcomtee_object_put(target);
	return rc;
}
