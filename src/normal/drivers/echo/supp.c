/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The echo driver's supplicant: requests to a process that has the privileged
 * device open
 *
 * A request lies on the stack of the client's thread that asks and waits. It is in
 * the table from the moment it is asked until it is done, and while it is there
 * anybody may touch it under the mutex; who takes it out of the table ends it. A
 * client that is killed takes its own request out: the answer then finds nothing.
 */
#include <linux/completion.h>
#include <linux/errno.h>
#include <linux/kernel.h>
#include <linux/string.h>

#include "normal/drivers/echo/echo_private.h"

/* Parameter 0 as a supplicant offers it, and as it gets it: its value a is the id */
#define ECHO_META_OFFERED TEE_IOCTL_PARAM_ATTR_META
#define ECHO_META (TEE_IOCTL_PARAM_ATTR_META | TEE_IOCTL_PARAM_ATTR_TYPE_VALUE_INOUT)

/* @link: in supp.reqs until it is taken, alone afterwards */
struct echo_req {
	struct list_head link;
	int id;
	u32 ret;
	size_t num_params;
	struct tee_param *param;
	struct completion done;
};

void echo_supp_init(struct echo_supp *supp)
{
	mutex_init(&supp->mutex);
	INIT_LIST_HEAD(&supp->reqs);
	idr_init(&supp->idr);
	init_waitqueue_head(&supp->wq);
}

void echo_supp_uninit(struct echo_supp *supp)
{
	WARN_ON(!idr_is_empty(&supp->idr));
	idr_destroy(&supp->idr);
	mutex_destroy(&supp->mutex);
}

/* --- the client's thread --- */

static int echo_req_add_locked(struct echo_supp *supp, struct echo_req *req)
{
	int id = idr_alloc(&supp->idr, req, 1, 0, GFP_KERNEL);

	if (id < 0)
		return id;
	req->id = id;
	list_add_tail(&req->link, &supp->reqs);
	return 0;
}

static void echo_req_end_locked(struct echo_supp *supp, struct echo_req *req, u32 ret)
{
	idr_remove(&supp->idr, req->id);
	list_del_init(&req->link);
	req->ret = ret;
	complete(&req->done);
}

static bool echo_can_ask(size_t num_params, const struct tee_param *param)
{
	size_t n;

	/* Memory would be known by ids of the client, which mean nothing over there. */
	for (n = 0; n < num_params; n++)
		if (param[n].attr > TEE_IOCTL_PARAM_ATTR_TYPE_VALUE_INOUT)
			return false;
	return num_params <= ECHO_ASK_MAX;
}

int echo_supp_ask(struct echo_supp *supp, u32 *ret, size_t num_params, struct tee_param *param)
{
	struct echo_req req = { .num_params = num_params, .param = param };
	int rc;

	if (!echo_can_ask(num_params, param))
		return -EINVAL;
	init_completion(&req.done);

	mutex_lock(&supp->mutex);
	if (!supp->ctx) {
		mutex_unlock(&supp->mutex);
		*ret = TEE_R_COMMUNICATION;
		return 0;
	}
	rc = echo_req_add_locked(supp, &req);
	mutex_unlock(&supp->mutex);
	if (rc)
		return rc;
	wake_up_all(&supp->wq);

	/* Not by any signal: the supplicant may have done what it was asked already. */
	rc = wait_for_completion_killable(&req.done);
	if (rc) {
		mutex_lock(&supp->mutex);
		if (!completion_done(&req.done))
			echo_req_end_locked(supp, &req, TEE_R_COMMUNICATION);
		mutex_unlock(&supp->mutex);
		return rc;
	}
	*ret = req.ret;
	return 0;
}

/* --- the supplicant --- */

int echo_supp_open(struct tee_context *ctx)
{
	struct echo *echo = tee_get_drvdata(ctx->teedev);
	struct echo_supp *supp = &echo->supp;
	int rc = 0;

	mutex_lock(&supp->mutex);
	if (supp->ctx)
		rc = -EBUSY;
	else
		supp->ctx = ctx;
	mutex_unlock(&supp->mutex);
	return rc;
}

/* Nobody is left who would answer. */
void echo_supp_release(struct tee_context *ctx)
{
	struct echo *echo = tee_get_drvdata(ctx->teedev);
	struct echo_supp *supp = &echo->supp;
	struct echo_req *req;
	int id;

	mutex_lock(&supp->mutex);
	idr_for_each_entry(&supp->idr, req, id)
		echo_req_end_locked(supp, req, TEE_R_COMMUNICATION);
	supp->ctx = NULL;
	mutex_unlock(&supp->mutex);
}

/* The references of memrefs are ours now, whatever the outcome; we want none. */
static int echo_check_offer(u32 num_params, struct tee_param *param)
{
	bool ok = num_params && param[0].attr == ECHO_META_OFFERED;
	size_t n;

	for (n = 0; n < num_params; n++) {
		if (tee_param_is_memref(param + n))
			tee_shm_put(param[n].u.memref.shm);
		if (n && param[n].attr != TEE_IOCTL_PARAM_ATTR_TYPE_NONE)
			ok = false;
	}
	return ok ? 0 : -EINVAL;
}

/* 0, -EAGAIN for an empty queue, -EINVAL when the request does not fit */
static int echo_take(struct echo_supp *supp, u32 *num_params, struct tee_param *param)
{
	struct echo_req *req;
	int rc = -EAGAIN;

	mutex_lock(&supp->mutex);
	req = list_first_entry_or_null(&supp->reqs, struct echo_req, link);
	if (req && req->num_params + 1 > *num_params) {
		/* It stays the first: another thread may have offered more room. */
		rc = -EINVAL;
	} else if (req) {
		list_del_init(&req->link);
		param[0] = (struct tee_param){ .attr = ECHO_META, .u.value.a = req->id };
		memcpy(param + 1, req->param, req->num_params * sizeof(*param));
		*num_params = req->num_params + 1;
		rc = 0;
	}
	mutex_unlock(&supp->mutex);
	return rc;
}

int echo_supp_recv(struct tee_context *ctx, u32 *func, u32 *num_params, struct tee_param *param)
{
	struct echo *echo = tee_get_drvdata(ctx->teedev);
	struct echo_supp *supp = &echo->supp;
	int rc;

	rc = echo_check_offer(*num_params, param);
	if (rc)
		return rc;
	for (;;) {
		rc = echo_take(supp, num_params, param);
		if (rc != -EAGAIN)
			break;
		/* A hint only, and without the lock: a condition must not sleep. */
		rc = wait_event_interruptible(supp->wq, !list_empty(&supp->reqs));
		if (rc)
			break;
	}
	*func = ECHO_SUPP_ASK;
	return rc;
}

/* What is taken from the answer is decided by the request. */
static void echo_answer(struct echo_req *req, const struct tee_param *param)
{
	size_t n;

	for (n = 0; n < req->num_params; n++)
		if (req->param[n].attr == TEE_IOCTL_PARAM_ATTR_TYPE_VALUE_OUTPUT ||
		    req->param[n].attr == TEE_IOCTL_PARAM_ATTR_TYPE_VALUE_INOUT)
			req->param[n].u.value = param[n].u.value;
}

int echo_supp_send(struct tee_context *ctx, u32 ret, u32 num_params, struct tee_param *param)
{
	struct echo *echo = tee_get_drvdata(ctx->teedev);
	struct echo_supp *supp = &echo->supp;
	struct echo_req *req = NULL;
	int rc = 0;

	if (!num_params || param[0].attr != ECHO_META)
		return -EINVAL;

	mutex_lock(&supp->mutex);
	if (param[0].u.value.a <= INT_MAX)
		req = idr_find(&supp->idr, param[0].u.value.a);
	/* One that is still in the queue was guessed: nobody was given its number. */
	if (!req || !list_empty(&req->link)) {
		rc = -ENOENT;
	} else if (num_params - 1 != req->num_params) {
		rc = -EINVAL;
	} else {
		echo_answer(req, param + 1);
		echo_req_end_locked(supp, req, ret);
	}
	mutex_unlock(&supp->mutex);
	return rc;
}
