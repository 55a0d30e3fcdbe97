/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Calls into the trusted OS: the queue before it, sessions, parameters
 *
 * The trusted OS has a fixed number of threads. When all are taken it answers
 * ETHREAD_LIMIT and the caller waits in the queue until another call ends. While
 * there are system sessions the driver also keeps count, and leaves the last
 * free thread to them: so they cannot be locked out by clients that wait, in the
 * trusted OS, for the very service that a system session provides.
 *
 * A session lives in one context and in one epoch. After a reset it stays in the
 * list of its context, dead, until its owner closes it.
 */
#include <linux/completion.h>
#include <linux/errno.h>
#include <linux/jiffies.h>
#include <linux/kernel.h>
#include <linux/list.h>
#include <linux/mutex.h>
#include <linux/printk.h>
#include <linux/slab.h>
#include <linux/string.h>

#include "normal/drivers/optee/optee_private.h"

/* How long to wait for a thread when nobody of ours holds one */
#define OPTEE_CQ_ALONE_MS 10

/* Where numbers for clients begin when that of the trusted OS is taken */
#define OPTEE_ALIAS_MIN 0x80000000u

void optee_cq_init(struct optee_call_queue *cq, int thread_count, u32 epoch)
{
	mutex_init(&cq->mutex);
	INIT_LIST_HEAD(&cq->waiters);
	cq->n_inside = 0;
	cq->total_thread_count = thread_count;
	cq->free_thread_count = thread_count;
	cq->sys_thread_req_count = 0;
	cq->epoch = epoch;
}

void optee_cq_uninit(struct optee_call_queue *cq)
{
	WARN_ON(!list_empty(&cq->waiters));
	mutex_destroy(&cq->mutex);
}

void optee_cq_reset(struct optee_call_queue *cq, int thread_count, u32 epoch)
{
	struct optee_call_waiter *w;

	mutex_lock(&cq->mutex);
	cq->total_thread_count = thread_count;
	cq->free_thread_count = thread_count;
	/* Sessions of the old one are dead: nothing is kept for them. */
	cq->sys_thread_req_count = 0;
	cq->epoch = epoch;
	list_for_each_entry(w, &cq->waiters, list_node)
		complete(&w->c);
	mutex_unlock(&cq->mutex);
}

/* Take a thread of the accounting, if there is one for this kind of caller. */
static bool optee_cq_admit(struct optee_call_queue *cq, struct optee_call_waiter *w)
{
	int threshold = !w->sys_thread && cq->sys_thread_req_count ? 1 : 0;

	if (!cq->total_thread_count)
		return true;
	if (cq->free_thread_count <= threshold)
		return false;
	cq->free_thread_count--;
	w->counted = true;
	w->epoch = cq->epoch;
	return true;
}

/*
 * Give the token of a thread that became free to one call: a system session
 * before others, one that sleeps before one that may not need it. A call that is
 * inside is in the list too, because it may have been refused a moment ago.
 */
static void optee_cq_complete_one(struct optee_call_queue *cq)
{
	struct optee_call_waiter *best = NULL;
	struct optee_call_waiter *w;
	unsigned int best_rank = 0;

	list_for_each_entry(w, &cq->waiters, list_node) {
		unsigned int rank = 1 + (w->sys_thread ? 1 : 0) + (w->waiting ? 2 : 0);

		if (rank > best_rank && !completion_done(&w->c)) {
			best = w;
			best_rank = rank;
		}
	}
	if (best)
		complete(&best->c);
}

/* Out of the way of the others, ready for the next token. */
static void optee_cq_requeue(struct optee_call_queue *cq, struct optee_call_waiter *w)
{
	w->waiting = false;
	cq->n_inside++;
	list_move_tail(&w->list_node, &cq->waiters);
	reinit_completion(&w->c);
}

bool optee_cq_wait_for_completion(struct optee_call_queue *cq, struct optee_call_waiter *w)
{
	bool woken = true;
	bool alone;

	mutex_lock(&cq->mutex);
	w->waiting = true;
	alone = --cq->n_inside == 0;
	mutex_unlock(&cq->mutex);

	if (alone)
		woken = wait_for_completion_timeout(&w->c, msecs_to_jiffies(OPTEE_CQ_ALONE_MS));
	else
		wait_for_completion(&w->c);

	mutex_lock(&cq->mutex);
	optee_cq_requeue(cq, w);
	mutex_unlock(&cq->mutex);
	return woken;
}

void optee_cq_wait_init(struct optee_call_queue *cq, struct optee_call_waiter *w,
			bool sys_thread)
{
	memset(w, 0, sizeof(*w));
	init_completion(&w->c);
	w->sys_thread = sys_thread;

	mutex_lock(&cq->mutex);
	list_add_tail(&w->list_node, &cq->waiters);
	cq->n_inside++;
	while (!optee_cq_admit(cq, w)) {
		w->waiting = true;
		cq->n_inside--;
		mutex_unlock(&cq->mutex);

		/* Every thread that is missing is held by a call that will end. */
		wait_for_completion(&w->c);

		mutex_lock(&cq->mutex);
		optee_cq_requeue(cq, w);
	}
	mutex_unlock(&cq->mutex);
}

void optee_cq_wait_final(struct optee_call_queue *cq, struct optee_call_waiter *w)
{
	mutex_lock(&cq->mutex);
	list_del(&w->list_node);
	cq->n_inside--;
	if (w->counted && w->epoch == cq->epoch)
		cq->free_thread_count++;
	optee_cq_complete_one(cq);
	/* A token that this call did not need belongs to the next. */
	if (completion_done(&w->c))
		optee_cq_complete_one(cq);
	mutex_unlock(&cq->mutex);
}

/* False when the trusted OS has no thread to spare, or is not that of @epoch. */
static bool optee_cq_incr_sys_thread_count(struct optee_call_queue *cq, u32 epoch)
{
	bool ok;

	mutex_lock(&cq->mutex);
	ok = cq->total_thread_count > 1 && cq->epoch == epoch;
	if (ok)
		cq->sys_thread_req_count++;
	mutex_unlock(&cq->mutex);
	return ok;
}

static void optee_cq_decr_sys_thread_count(struct optee_call_queue *cq, u32 epoch)
{
	mutex_lock(&cq->mutex);
	if (cq->epoch == epoch) {
		cq->sys_thread_req_count--;
		/* The thread that was held back may be what somebody waits for. */
		optee_cq_complete_one(cq);
	}
	mutex_unlock(&cq->mutex);
}

void optee_call_init(struct optee_call *call, struct optee *optee, struct tee_context *ctx)
{
	memset(call, 0, sizeof(*call));
	call->optee = optee;
	call->ctx = ctx;
	INIT_LIST_HEAD(&call->rpc_shm);
}

/*
 * MEMREF_INPUT, OUTPUT, INOUT and RMEM are numbered alike, so are the values. The
 * core lets a NULL memref of a client pass only when the trusted OS takes it.
 */
static int optee_to_msg_memref(struct optee_msg_param *mp, const struct tee_param *p)
{
	const struct tee_param_memref *m = &p->u.memref;

	if (!m->shm) {
		mp->attr = p->attr - TEE_IOCTL_PARAM_ATTR_TYPE_MEMREF_INPUT +
			   OPTEE_MSG_ATTR_TYPE_TMEM_INPUT;
		memset(&mp->u, 0, sizeof(mp->u));
		/* A size without memory is for the trusted OS to refuse. */
		mp->u.tmem.size = m->size;
		return 0;
	}

	if (tee_shm_is_protected(m->shm)) {
		mp->attr = p->attr - TEE_IOCTL_PARAM_ATTR_TYPE_MEMREF_INPUT +
			   OPTEE_MSG_ATTR_TYPE_TMEM_INPUT;
		mp->u.tmem.buf_ptr = m->shm->paddr + m->shm_offs;
		mp->u.tmem.size = m->size;
		mp->u.tmem.shm_ref = 0;
		return 0;
	}
	if (!tee_shm_is_dynamic(m->shm))
		return -EINVAL;
	mp->attr = p->attr - TEE_IOCTL_PARAM_ATTR_TYPE_MEMREF_INPUT +
		   OPTEE_MSG_ATTR_TYPE_RMEM_INPUT;
	/* Counted from the first byte of the buffer, wherever in its page that is. */
	mp->u.rmem.offs = m->shm_offs;
	mp->u.rmem.size = m->size;
	mp->u.rmem.shm_ref = m->shm->sec_world_id;
	return 0;
}

static int optee_to_msg_params(struct optee_msg_param *mp, const struct tee_param *params,
			       size_t num_params)
{
	size_t n;
	int rc;

	for (n = 0; n < num_params; n++) {
		const struct tee_param *p = params + n;

		switch (p->attr) {
		case TEE_IOCTL_PARAM_ATTR_TYPE_NONE:
			mp[n].attr = OPTEE_MSG_ATTR_TYPE_NONE;
			break;
		case TEE_IOCTL_PARAM_ATTR_TYPE_VALUE_INPUT:
		case TEE_IOCTL_PARAM_ATTR_TYPE_VALUE_OUTPUT:
		case TEE_IOCTL_PARAM_ATTR_TYPE_VALUE_INOUT:
			mp[n].attr = p->attr - TEE_IOCTL_PARAM_ATTR_TYPE_VALUE_INPUT +
				     OPTEE_MSG_ATTR_TYPE_VALUE_INPUT;
			mp[n].u.value.a = p->u.value.a;
			mp[n].u.value.b = p->u.value.b;
			mp[n].u.value.c = p->u.value.c;
			break;
		case TEE_IOCTL_PARAM_ATTR_TYPE_MEMREF_INPUT:
		case TEE_IOCTL_PARAM_ATTR_TYPE_MEMREF_OUTPUT:
		case TEE_IOCTL_PARAM_ATTR_TYPE_MEMREF_INOUT:
			rc = optee_to_msg_memref(&mp[n], p);
			if (rc)
				return rc;
			break;
		default:
			return -EINVAL;
		}
	}
	return 0;
}

/*
 * Take over outputs, by what we asked for and not by what the reply calls it. A
 * size beyond the buffer tells how much would be needed; with any other result
 * than SHORT_BUFFER the caller would believe that so much was written.
 */
static void optee_from_msg_params(u32 ret, struct tee_param *params, size_t num_params,
				  const struct optee_msg_param *mp)
{
	size_t n;

	for (n = 0; n < num_params; n++) {
		struct tee_param *p = params + n;
		u64 size;

		switch (p->attr) {
		case TEE_IOCTL_PARAM_ATTR_TYPE_VALUE_OUTPUT:
		case TEE_IOCTL_PARAM_ATTR_TYPE_VALUE_INOUT:
			p->u.value.a = mp[n].u.value.a;
			p->u.value.b = mp[n].u.value.b;
			p->u.value.c = mp[n].u.value.c;
			break;
		case TEE_IOCTL_PARAM_ATTR_TYPE_MEMREF_OUTPUT:
		case TEE_IOCTL_PARAM_ATTR_TYPE_MEMREF_INOUT:
			/* At the same place in TMEM and RMEM */
			size = mp[n].u.rmem.size;
			if (p->u.memref.shm && ret != TEE_R_SHORT_BUFFER)
				size = min_t(u64, size, p->u.memref.size);
			p->u.memref.size = min_t(u64, size, SIZE_MAX);
			break;
		default:
			break;
		}
	}
}

/* A reply, copied out of shared memory */
union optee_reply {
	struct optee_msg_arg arg;
	u8 bytes[OPTEE_MSG_GET_ARG_SIZE(OPTEE_MAX_PARAMS)];
};

static u32 optee_ret_of_failed_call(int rc)
{
	return rc == -ESTALE ? TEE_R_TARGET_DEAD : TEE_R_COMMUNICATION;
}

static struct optee_session *find_session(struct optee_context_data *ctxdata, u32 id)
{
	struct optee_session *sess;

	list_for_each_entry(sess, &ctxdata->sess_list, list_node)
		if (sess->id == id)
			return sess;
	return NULL;
}

static int optee_find_session(struct tee_context *ctx, u32 id,
			      struct optee_session *ret_copy)
{
	struct optee_context_data *ctxdata = ctx->data;
	struct optee_session *sess;

	mutex_lock(&ctxdata->mutex);
	sess = find_session(ctxdata, id);
	if (sess)
		*ret_copy = *sess;
	mutex_unlock(&ctxdata->mutex);
	return sess ? 0 : -EINVAL;
}

/* A message that is about a session and has no parameters; the verdict is unused. */
static int optee_session_msg(struct tee_context *ctx, u32 cmd, const struct optee_session *sess,
			     u32 cancel_id, bool must)
{
	struct optee *optee = tee_get_drvdata(ctx->teedev);
	struct optee_call call;
	struct optee_arg arg;
	int rc;

	rc = optee_arg_get(optee, optee_msg_cache(optee), 0, must, &arg);
	if (rc)
		return rc;
	arg.msg->cmd = cmd;
	arg.msg->session = sess->tee_id;
	arg.msg->cancel_id = cancel_id;

	optee_call_init(&call, optee, ctx);
	call.epoch = sess->epoch;
	call.sys_thread = sess->use_sys_thread;
	optee_do_call_with_arg(&call, &arg);
	optee_arg_put(&arg);
	return 0;
}

static void optee_close_session_helper(struct tee_context *ctx, struct optee_session *sess)
{
	struct optee *optee = tee_get_drvdata(ctx->teedev);

	optee_session_msg(ctx, OPTEE_MSG_CMD_CLOSE_SESSION, sess, 0, true);
	if (sess->use_sys_thread)
		optee_cq_decr_sys_thread_count(&optee->cq, sess->epoch);
	kfree(sess);
}

static int optee_fill_open_session(struct optee_msg_arg *msg,
				   const struct tee_ioctl_open_session_arg *arg,
				   const struct tee_param *param)
{
	struct optee_msg_param *mp = msg->params;
	int rc;

	msg->cmd = OPTEE_MSG_CMD_OPEN_SESSION;
	msg->cancel_id = arg->cancel_id;

	mp[0].attr = OPTEE_MSG_ATTR_TYPE_VALUE_INPUT | OPTEE_MSG_ATTR_META;
	memcpy(mp[0].u.octets, arg->uuid, sizeof(arg->uuid));
	mp[1].attr = OPTEE_MSG_ATTR_TYPE_VALUE_INPUT | OPTEE_MSG_ATTR_META;
	rc = tee_session_calc_client_uuid(mp[1].u.octets, arg->clnt_login, arg->clnt_uuid);
	if (rc)
		return rc;
	mp[1].u.value.c = arg->clnt_login;

	return optee_to_msg_params(mp + OPTEE_META_PARAMS, param, arg->num_params);
}

/*
 * The number by which the client knows a session is that of the trusted OS, if
 * it is free. It may still stand for a dead session of an earlier one.
 */
static u32 optee_free_session_id(struct optee_context_data *ctxdata, u32 wanted)
{
	u32 id = wanted;

	while (!id || find_session(ctxdata, id))
		id = id < OPTEE_ALIAS_MIN ? OPTEE_ALIAS_MIN : id + 1;
	return id;
}

/*
 * The trusted OS numbers sessions from 1. One that hands out a number twice has
 * lost track; then the session is not closed, because the number is another's.
 */
static bool optee_add_session(struct optee_context_data *ctxdata, struct optee_session *sess)
{
	struct optee_session *other;
	bool ok = sess->tee_id != 0;

	mutex_lock(&ctxdata->mutex);
	list_for_each_entry(other, &ctxdata->sess_list, list_node)
		if (other->epoch == sess->epoch && other->tee_id == sess->tee_id)
			ok = false;
	if (ok) {
		sess->id = optee_free_session_id(ctxdata, sess->tee_id);
		list_add(&sess->list_node, &ctxdata->sess_list);
	}
	mutex_unlock(&ctxdata->mutex);
	return ok;
}

int optee_open_session(struct tee_context *ctx, struct tee_ioctl_open_session_arg *arg,
		       struct tee_param *param)
{
	struct optee *optee = tee_get_drvdata(ctx->teedev);
	struct optee_session *sess;
	union optee_reply reply;
	struct optee_call call;
	struct optee_arg marg;
	int rc;

	if (arg->num_params > OPTEE_MAX_PARAMS - OPTEE_META_PARAMS)
		return -EINVAL;

	sess = kzalloc(sizeof(*sess), GFP_KERNEL);
	if (!sess)
		return -ENOMEM;
	rc = optee_arg_get(optee, optee_msg_cache(optee), arg->num_params + OPTEE_META_PARAMS,
			   false, &marg);
	if (rc)
		goto err_free_sess;
	rc = optee_fill_open_session(marg.msg, arg, param);
	if (rc)
		goto err_put_arg;

	optee_call_init(&call, optee, ctx);
	rc = optee_do_call_with_arg(&call, &marg);
	optee_copy_shared(&reply, marg.msg,
			  OPTEE_MSG_GET_ARG_SIZE(arg->num_params + OPTEE_META_PARAMS));
	optee_arg_put(&marg);

	arg->session = 0;
	if (rc) {
		arg->ret = TEE_R_COMMUNICATION;
		arg->ret_origin = TEE_R_ORIGIN_COMMS;
		goto out_free_sess;
	}

	if (reply.arg.ret == TEE_R_SUCCESS) {
		sess->tee_id = reply.arg.session;
		sess->epoch = call.epoch;
		memcpy(sess->uuid, arg->uuid, sizeof(sess->uuid));
		if (!optee_add_session(ctx->data, sess)) {
			pr_err_ratelimited("optee: the trusted OS gave a new session the number "
					   "%u, which is not free; the session is refused\n",
					   sess->tee_id);
			arg->ret = TEE_R_COMMUNICATION;
			arg->ret_origin = TEE_R_ORIGIN_COMMS;
			goto out_free_sess;
		}
		arg->session = sess->id;
		sess = NULL;
	}

	arg->ret = reply.arg.ret;
	arg->ret_origin = reply.arg.ret_origin;
	optee_from_msg_params(arg->ret, param, arg->num_params,
			      reply.arg.params + OPTEE_META_PARAMS);
out_free_sess:
	kfree(sess);
	return 0;

err_put_arg:
	optee_arg_put(&marg);
err_free_sess:
	kfree(sess);
	return rc;
}

int optee_invoke_func(struct tee_context *ctx, struct tee_ioctl_invoke_arg *arg,
		      struct tee_param *param)
{
	struct optee *optee = tee_get_drvdata(ctx->teedev);
	struct optee_session sess;
	union optee_reply reply;
	struct optee_call call;
	struct optee_arg marg;
	int rc;

	rc = optee_find_session(ctx, arg->session, &sess);
	if (rc)
		return rc;
	if (arg->num_params > OPTEE_MAX_PARAMS)
		return -EINVAL;

	rc = optee_arg_get(optee, optee_msg_cache(optee), arg->num_params, false, &marg);
	if (rc)
		return rc;
	marg.msg->cmd = OPTEE_MSG_CMD_INVOKE_COMMAND;
	marg.msg->func = arg->func;
	marg.msg->session = sess.tee_id;
	marg.msg->cancel_id = arg->cancel_id;
	rc = optee_to_msg_params(marg.msg->params, param, arg->num_params);
	if (rc) {
		optee_arg_put(&marg);
		return rc;
	}

	optee_call_init(&call, optee, ctx);
	call.epoch = sess.epoch;
	call.sys_thread = sess.use_sys_thread;
	rc = optee_do_call_with_arg(&call, &marg);
	optee_copy_shared(&reply, marg.msg, OPTEE_MSG_GET_ARG_SIZE(arg->num_params));
	optee_arg_put(&marg);

	if (rc) {
		arg->ret = optee_ret_of_failed_call(rc);
		arg->ret_origin = TEE_R_ORIGIN_COMMS;
		return 0;
	}
	arg->ret = reply.arg.ret;
	arg->ret_origin = reply.arg.ret_origin;
	optee_from_msg_params(arg->ret, param, arg->num_params, reply.arg.params);
	return 0;
}

int optee_close_session(struct tee_context *ctx, u32 session)
{
	struct optee_context_data *ctxdata = ctx->data;
	struct optee_session *sess;

	mutex_lock(&ctxdata->mutex);
	sess = find_session(ctxdata, session);
	if (sess)
		list_del(&sess->list_node);
	mutex_unlock(&ctxdata->mutex);
	if (!sess)
		return -EINVAL;

	optee_close_session_helper(ctx, sess);
	return 0;
}

void optee_close_all_sessions(struct tee_context *ctx)
{
	struct optee_context_data *ctxdata = ctx->data;
	struct optee_session *sess;
	struct optee_session *next;

	/* The last user of the context is gone; only status views look at the list. */
	list_for_each_entry_safe(sess, next, &ctxdata->sess_list, list_node) {
		mutex_lock(&ctxdata->mutex);
		list_del(&sess->list_node);
		mutex_unlock(&ctxdata->mutex);
		optee_close_session_helper(ctx, sess);
	}
}

int optee_system_session(struct tee_context *ctx, u32 session)
{
	struct optee *optee = tee_get_drvdata(ctx->teedev);
	struct optee_context_data *ctxdata = ctx->data;
	struct optee_session *sess;
	int rc = -EINVAL;

	mutex_lock(&ctxdata->mutex);
	sess = find_session(ctxdata, session);
	if (sess && (sess->use_sys_thread ||
		     optee_cq_incr_sys_thread_count(&optee->cq, sess->epoch))) {
		sess->use_sys_thread = true;
		rc = 0;
	}
	mutex_unlock(&ctxdata->mutex);
	return rc;
}

int optee_cancel_req(struct tee_context *ctx, u32 cancel_id, u32 session)
{
	struct optee_session sess;
	int rc;

	rc = optee_find_session(ctx, session, &sess);
	if (rc)
		return rc;
	return optee_session_msg(ctx, OPTEE_MSG_CMD_CANCEL, &sess, cancel_id, false);
}
