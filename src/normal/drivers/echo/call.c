/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Sessions, the calls in them, and what ends a call early
 *
 * Lock: echo_context.mutex guards the sessions of one context and what waits in
 * them. It is not held while a call does its work: another thread may close the
 * session meanwhile, which then lives on until the call has put it.
 */
#include <linux/errno.h>
#include <linux/jiffies.h>
#include <linux/kernel.h>
#include <linux/kref.h>
#include <linux/slab.h>
#include <linux/string.h>
#include <linux/unaligned.h>

#include "normal/drivers/echo/echo_private.h"

static const u8 echo_uuid[TEE_IOCTL_UUID_LEN] = ECHO_UUID;

/**
 * struct echo_session - counted: by the table, and by each call that uses it
 * @calls: how many INVOKEs there were
 * @waits: of struct echo_wait; @closed: it is in no table any more
 */
struct echo_session {
	struct kref kref;
	u8 client[TEE_IOCTL_UUID_LEN];
	atomic_t calls;
	struct list_head waits;
	bool closed;
};

/* A call that waits; on the stack of the caller */
struct echo_wait {
	struct list_head link;
	u32 cancel_id;
	bool cancelled;
};

/* --- sessions --- */

static void echo_session_free(struct kref *kref)
{
	kfree(container_of(kref, struct echo_session, kref));
}

static void echo_session_put(struct echo_session *sess)
{
	kref_put(&sess->kref, echo_session_free);
}

/* The core knows of no sessions: that it is one of this context is ours to check. */
static struct echo_session *echo_session_get(struct echo_context *ectx, u32 id)
{
	struct echo_session *sess;

	mutex_lock(&ectx->mutex);
	sess = idr_find(&ectx->sessions, id);
	if (sess)
		kref_get(&sess->kref);
	mutex_unlock(&ectx->mutex);
	return sess;
}

int echo_open_session(struct tee_context *ctx, struct tee_ioctl_open_session_arg *arg,
		      struct tee_param *param)
{
	struct echo *echo = tee_get_drvdata(ctx->teedev);
	struct echo_context *ectx = ctx->data;
	struct echo_session *sess;
	int id;
	int rc;

	/* The TEE's own "no" is no errno. */
	arg->ret_origin = TEE_R_ORIGIN_TEE;
	if (memcmp(arg->uuid, echo_uuid, sizeof(echo_uuid))) {
		arg->ret = TEE_R_ITEM_NOT_FOUND;
		return 0;
	}

	sess = kzalloc(sizeof(*sess), GFP_KERNEL);
	if (!sess)
		return -ENOMEM;
	kref_init(&sess->kref);
	INIT_LIST_HEAD(&sess->waits);
	rc = tee_session_calc_client_uuid(sess->client, arg->clnt_login, arg->clnt_uuid);
	if (!rc)
		rc = echo_params(param, arg->num_params, &arg->ret);
	/* The session must not exist when the call fails, or when the TEE refused. */
	if (rc || arg->ret != TEE_R_SUCCESS)
		goto err_put;

	mutex_lock(&ectx->mutex);
	id = idr_alloc(&ectx->sessions, sess, 1, 0, GFP_KERNEL);
	mutex_unlock(&ectx->mutex);
	if (id < 0) {
		rc = id;
		goto err_put;
	}
	atomic_inc(&echo->n_sessions);
	arg->session = id;
	return 0;

err_put:
	echo_session_put(sess);
	return rc;
}

static void echo_end_session(struct echo *echo, struct echo_context *ectx,
			     struct echo_session *sess)
{
	struct echo_wait *wait;

	mutex_lock(&ectx->mutex);
	sess->closed = true;
	list_for_each_entry(wait, &sess->waits, link)
		WRITE_ONCE(wait->cancelled, true);
	mutex_unlock(&ectx->mutex);
	wake_up_all(&ectx->wq);
	atomic_dec(&echo->n_sessions);
	echo_session_put(sess);
}

int echo_close_session(struct tee_context *ctx, u32 session)
{
	struct echo_context *ectx = ctx->data;
	struct echo_session *sess;

	mutex_lock(&ectx->mutex);
	sess = idr_remove(&ectx->sessions, session);
	mutex_unlock(&ectx->mutex);
	/* Of two threads that close the same session one gets it. */
	if (!sess)
		return -EINVAL;
	echo_end_session(tee_get_drvdata(ctx->teedev), ectx, sess);
	return 0;
}

void echo_close_all_sessions(struct tee_context *ctx)
{
	struct echo_context *ectx = ctx->data;
	struct echo_session *sess;
	int id;

	idr_for_each_entry(&ectx->sessions, sess, id)
		echo_end_session(tee_get_drvdata(ctx->teedev), ectx, sess);
}

/* --- calls --- */

static u32 echo_info(struct echo *echo, struct echo_session *sess, size_t num_params,
		     struct tee_param *param)
{
	if (num_params != 2 || param[0].attr != TEE_IOCTL_PARAM_ATTR_TYPE_VALUE_OUTPUT ||
	    param[1].attr != TEE_IOCTL_PARAM_ATTR_TYPE_VALUE_OUTPUT)
		return TEE_R_BAD_PARAMETERS;
	param[0].u.value.a = atomic_read(&sess->calls);
	param[0].u.value.b = atomic_read(&echo->n_sessions);
	param[1].u.value.a = get_unaligned_be64(sess->client);
	param[1].u.value.b = get_unaligned_be64(sess->client + 8);
	return TEE_R_SUCCESS;
}

/* Any signal may end it: the system call is restarted or fails with EINTR. */
static int echo_wait(struct echo_context *ectx, struct echo_session *sess, u32 cancel_id,
		     size_t num_params, struct tee_param *param, u32 *ret)
{
	struct echo_wait wait = { .cancel_id = cancel_id };
	long left;

	if (num_params != 1 || param->attr != TEE_IOCTL_PARAM_ATTR_TYPE_VALUE_INPUT) {
		*ret = TEE_R_BAD_PARAMETERS;
		return 0;
	}
	mutex_lock(&ectx->mutex);
	wait.cancelled = sess->closed;
	list_add(&wait.link, &sess->waits);
	mutex_unlock(&ectx->mutex);

	left = wait_event_interruptible_timeout(ectx->wq, READ_ONCE(wait.cancelled),
						msecs_to_jiffies(min(param->u.value.a,
								     (u64)INT_MAX)));
	/* From here on nobody finds it on our stack. */
	mutex_lock(&ectx->mutex);
	list_del(&wait.link);
	mutex_unlock(&ectx->mutex);

	if (left < 0)
		return left;
	*ret = left ? TEE_R_CANCEL : TEE_R_SUCCESS;
	return 0;
}

/* Best effort, as it is everywhere: nothing to cancel is no error. */
int echo_cancel_req(struct tee_context *ctx, u32 cancel_id, u32 session)
{
	struct echo_context *ectx = ctx->data;
	struct echo_session *sess;
	struct echo_wait *wait;

	mutex_lock(&ectx->mutex);
	sess = idr_find(&ectx->sessions, session);
	if (sess)
		list_for_each_entry(wait, &sess->waits, link)
			if (wait->cancel_id == cancel_id)
				WRITE_ONCE(wait->cancelled, true);
	mutex_unlock(&ectx->mutex);
	if (!sess)
		return -EINVAL;
	wake_up_all(&ectx->wq);
	return 0;
}

int echo_invoke_func(struct tee_context *ctx, struct tee_ioctl_invoke_arg *arg,
		     struct tee_param *param)
{
	struct echo *echo = tee_get_drvdata(ctx->teedev);
	struct echo_context *ectx = ctx->data;
	struct echo_session *sess;
	int rc = 0;

	sess = echo_session_get(ectx, arg->session);
	if (!sess)
		return -EINVAL;
	atomic_inc(&sess->calls);

	arg->ret_origin = TEE_R_ORIGIN_TRUSTED_APP;
	switch (arg->func) {
	case ECHO_FN_ECHO:
		rc = echo_params(param, arg->num_params, &arg->ret);
		break;
	case ECHO_FN_INFO:
		arg->ret = echo_info(echo, sess, arg->num_params, param);
		break;
	case ECHO_FN_WAIT:
		rc = echo_wait(ectx, sess, arg->cancel_id, arg->num_params, param, &arg->ret);
		break;
	case ECHO_FN_ASK:
		rc = echo_supp_ask(&echo->supp, &arg->ret, arg->num_params, param);
		break;
	default:
		arg->ret = TEE_R_NOT_SUPPORTED;
		break;
	}
	echo_session_put(sess);
	return rc;
}

int echo_object_invoke_func(struct tee_context *ctx, struct tee_ioctl_object_invoke_arg *arg,
			    struct tee_param *param)
{
	if (arg->id != TEE_OBJREF_NULL)
		return -EINVAL;
	if (arg->op != ECHO_OP_ECHO) {
		arg->ret = TEE_R_NOT_SUPPORTED;
		return 0;
	}
	return echo_params(param, arg->num_params, &arg->ret);
}
