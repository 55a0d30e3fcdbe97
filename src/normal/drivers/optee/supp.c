/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Requests to the supplicant
 *
 * One queue. A requester is a client thread in the middle of a call: it puts its
 * request on the queue and waits; it is never left without an answer as long as
 * a supplicant runs, and a fatal signal lets it go at any time. The supplicant
 * takes requests (RECV) and answers them (SEND), one after the other or, with a
 * meta parameter that carries a request's id, many at once. The id of a request
 * whose requester was killed while it was served stays taken (a tombstone), so
 * that the answer, when it comes, does not meet another request.
 *
 * A request belongs to its requester and lies on its stack. It changes hands
 * under the mutex, by its state; while it is ANSWERING the supplicant's thread
 * writes to it and the requester waits, killed or not.
 *
 * The supplicant sees memory by id, and ids are those of its own context. Memory
 * of anybody else would be taken for whatever has the same number there: such a
 * request goes to the fallback or fails.
 */
#include <linux/completion.h>
#include <linux/err.h>
#include <linux/errno.h>
#include <linux/idr.h>
#include <linux/kernel.h>
#include <linux/list.h>
#include <linux/mutex.h>
#include <linux/sched.h>
#include <linux/sched/signal.h>
#include <linux/slab.h>
#include <linux/string.h>

#include "normal/drivers/optee/optee_private.h"

/* In supp.req_id: nothing is being served in synchronous mode */
#define OPTEE_SUPP_NO_REQ (-1)

/* In place of a request whose requester is gone */
#define OPTEE_SUPP_TOMBSTONE ERR_PTR(-EBADF)

enum optee_supp_state {
	OPTEE_SUPP_QUEUED,
	OPTEE_SUPP_PROCESSING,	/* taken by the supplicant */
	OPTEE_SUPP_ANSWERING,	/* the supplicant's thread fills in the answer */
	OPTEE_SUPP_DONE,
};

/*
 * @param is the requester's array, as long as the state is not DONE
 * @untouched: the supplicant went before it took the request
 */
struct optee_supp_req {
	struct list_head link;
	struct completion c;
	enum optee_supp_state state;
	int id;
	u32 func;
	u32 ret;
	bool untouched;
	size_t num_params;
	struct tee_param *param;
};

/**
 * struct optee_supp_hold - references to the memory of one request taken
 * @link: in supp.holds
 * @task: that took it
 * @shm: by parameter, NULL for none
 *
 * After supp_recv returned, the core still looks at the memory of the request,
 * while the requester may be killed or the answer be given by another thread.
 * The core is done when @task comes back with its next operation, or is gone.
 */
struct optee_supp_hold {
	struct list_head link;
	const void *task;
	struct tee_shm *shm[OPTEE_RPC_NUM_PARAMS];
};

void optee_supp_init(struct optee_supp *supp, u32 epoch)
{
	mutex_init(&supp->mutex);
	supp->ctx = NULL;
	supp->req_id = OPTEE_SUPP_NO_REQ;
	INIT_LIST_HEAD(&supp->reqs);
	idr_init(&supp->idr);
	init_completion(&supp->reqs_c);
	INIT_LIST_HEAD(&supp->holds);
	supp->epoch = epoch;
}

void optee_supp_uninit(struct optee_supp *supp)
{
	WARN_ON(!list_empty(&supp->holds));
	WARN_ON(!idr_is_empty(&supp->idr));
	idr_destroy(&supp->idr);
	mutex_destroy(&supp->mutex);
}

/* Take the holds of @task, or all with NULL, off @supp; they are @list's then. */
static void optee_supp_take_holds(struct optee_supp *supp, const void *task,
				  struct list_head *list)
{
	struct optee_supp_hold *hold;
	struct optee_supp_hold *next;

	list_for_each_entry_safe(hold, next, &supp->holds, link)
		if (!task || hold->task == task)
			list_move(&hold->link, list);
}

static void optee_supp_drop_holds(struct list_head *list)
{
	struct optee_supp_hold *hold;
	struct optee_supp_hold *next;
	size_t n;

	list_for_each_entry_safe(hold, next, list, link) {
		for (n = 0; n < ARRAY_SIZE(hold->shm); n++)
			tee_shm_put(hold->shm[n]);
		kfree(hold);
	}
}

/* A new operation of the calling task: the core has done with its last one. */
static void optee_supp_end_last_op(struct optee_supp *supp)
{
	LIST_HEAD(list);

	mutex_lock(&supp->mutex);
	optee_supp_take_holds(supp, current, &list);
	mutex_unlock(&supp->mutex);
	optee_supp_drop_holds(&list);
}

static void optee_supp_finish_locked(struct optee_supp_req *req, u32 ret)
{
	req->ret = ret;
	req->state = OPTEE_SUPP_DONE;
	complete(&req->c);
}

/* End a request that has not been answered. @gone: nobody will answer it. */
static void optee_supp_fail_locked(struct optee_supp *supp, struct optee_supp_req *req,
				   bool gone)
{
	if (req->state == OPTEE_SUPP_QUEUED) {
		list_del(&req->link);
		req->untouched = gone;
	}
	if (req->state == OPTEE_SUPP_QUEUED || gone)
		idr_remove(&supp->idr, req->id);
	else
		idr_replace(&supp->idr, OPTEE_SUPP_TOMBSTONE, req->id);
	optee_supp_finish_locked(req, TEE_R_COMMUNICATION);
}

int optee_supp_open(struct optee_supp *supp, struct tee_context *ctx)
{
	int rc = 0;

	mutex_lock(&supp->mutex);
	if (supp->ctx)
		rc = -EBUSY;
	else
		supp->ctx = ctx;
	mutex_unlock(&supp->mutex);
	return rc;
}

void optee_supp_release(struct optee_supp *supp)
{
	struct optee_supp_req *req;
	LIST_HEAD(list);
	int id;

	mutex_lock(&supp->mutex);
	idr_for_each_entry(&supp->idr, req, id) {
		if (IS_ERR(req))
			idr_remove(&supp->idr, id);
		else
			optee_supp_fail_locked(supp, req, /* gone: */ true);
	}
	optee_supp_take_holds(supp, NULL, &list);
	supp->ctx = NULL;
	supp->req_id = OPTEE_SUPP_NO_REQ;
	mutex_unlock(&supp->mutex);
	optee_supp_drop_holds(&list);
}

void optee_supp_reset(struct optee_supp *supp, u32 epoch)
{
	struct optee_supp_req *req;
	int id;

	mutex_lock(&supp->mutex);
	supp->epoch = epoch;
	idr_for_each_entry(&supp->idr, req, id)
		if (!IS_ERR(req))
			optee_supp_fail_locked(supp, req, /* gone: */ false);
	mutex_unlock(&supp->mutex);
}

size_t optee_supp_get_shm_refs(struct optee_supp *supp, struct optee_shm_ref *refs, size_t max)
{
	struct optee_supp_hold *hold;
	size_t count = 0;
	size_t n;

	mutex_lock(&supp->mutex);
	list_for_each_entry(hold, &supp->holds, link) {
		for (n = 0; n < ARRAY_SIZE(hold->shm); n++) {
			if (!hold->shm[n])
				continue;
			if (count < max)
				refs[count] = (struct optee_shm_ref){
					.teedev = tee_shm_get_device(hold->shm[n]),
					.shm = tee_shm_serial(hold->shm[n]),
					.supplicant = true,
				};
			count++;
		}
	}
	mutex_unlock(&supp->mutex);
	return count;
}

bool optee_supp_is_fallback(struct optee *optee)
{
	bool fallback;

	mutex_lock(&optee->supp.mutex);
	fallback = !optee->supp.ctx && optee->fallback;
	mutex_unlock(&optee->supp.mutex);
	return fallback;
}

bool optee_supp_is_there(struct optee *optee)
{
	bool there;

	mutex_lock(&optee->supp.mutex);
	there = optee->supp.ctx || optee->fallback;
	mutex_unlock(&optee->supp.mutex);
	return there;
}

struct tee_shm *optee_supp_get_shm(struct optee_supp *supp, u64 id)
{
	struct tee_shm *shm = NULL;

	mutex_lock(&supp->mutex);
	if (supp->ctx && id <= INT_MAX)
		shm = tee_shm_get_from_id(supp->ctx, id);
	mutex_unlock(&supp->mutex);
	return IS_ERR(shm) ? NULL : shm;
}

/* Contexts are compared, not looked into: @shm's may change at any moment. */
static bool optee_supp_owns_locked(struct optee_supp *supp, struct tee_shm *shm)
{
	return supp->ctx && READ_ONCE(shm->ctx) == supp->ctx;
}

bool optee_supp_owns(struct optee_supp *supp, struct tee_shm *shm)
{
	bool owns;

	mutex_lock(&supp->mutex);
	owns = optee_supp_owns_locked(supp, shm);
	mutex_unlock(&supp->mutex);
	return owns;
}

static bool optee_supp_can_see_locked(struct optee_supp *supp, size_t num_params,
				      struct tee_param *param)
{
	size_t n;

	for (n = 0; n < num_params; n++)
		if (tee_param_is_memref(param + n) && param[n].u.memref.shm &&
		    !optee_supp_owns_locked(supp, param[n].u.memref.shm))
			return false;
	return true;
}

/*
 * Requester's side
 */

enum optee_supp_route {
	OPTEE_SUPP_TO_PROCESS,
	OPTEE_SUPP_TO_FALLBACK,
	OPTEE_SUPP_TO_NOBODY,
};

static enum optee_supp_route optee_supp_route_locked(struct optee_call *call, u32 func,
						     size_t num_params, struct tee_param *param)
{
	struct optee *optee = call->optee;
	struct optee_supp *supp = &optee->supp;

	if (call->in_reset)
		return OPTEE_SUPP_TO_NOBODY;
	/* What a call of the old trusted OS got is given back all the same. */
	if (call->epoch != supp->epoch && func != OPTEE_RPC_CMD_SHM_FREE)
		return OPTEE_SUPP_TO_NOBODY;
	if (supp->ctx && optee_supp_can_see_locked(supp, num_params, param))
		return OPTEE_SUPP_TO_PROCESS;
	if (optee->fallback)
		return OPTEE_SUPP_TO_FALLBACK;
	if (supp->ctx || !call->ctx || call->ctx->supp_nowait)
		return OPTEE_SUPP_TO_NOBODY;
	return OPTEE_SUPP_TO_PROCESS;
}

static int optee_supp_enqueue_locked(struct optee_supp *supp, struct optee_supp_req *req)
{
	int id = idr_alloc(&supp->idr, req, 1, 0, GFP_KERNEL);

	if (id < 0)
		return id;
	req->id = id;
	req->state = OPTEE_SUPP_QUEUED;
	list_add_tail(&req->link, &supp->reqs);
	complete(&supp->reqs_c);
	return 0;
}

static u32 optee_supp_wait(struct optee_supp *supp, struct optee_supp_req *req)
{
	bool killed = wait_for_completion_killable(&req->c);

	mutex_lock(&supp->mutex);
	if (killed && req->state < OPTEE_SUPP_ANSWERING)
		optee_supp_fail_locked(supp, req, /* gone: */ false);
	while (req->state != OPTEE_SUPP_DONE) {
		mutex_unlock(&supp->mutex);
		wait_for_completion(&req->c);
		mutex_lock(&supp->mutex);
	}
	mutex_unlock(&supp->mutex);
	return req->ret;
}

/* One way to have a request served; @ret_again: that way vanished, take another. */
static u32 optee_supp_serve(struct optee_call *call, u32 func, size_t num_params,
			    struct tee_param *param, bool *ret_again)
{
	const struct optee_supp_fallback *fallback = call->optee->fallback;
	struct optee_supp *supp = &call->optee->supp;
	struct optee_supp_req req = {
		.func = func,
		.num_params = num_params,
		.param = param,
	};
	enum optee_supp_route route;
	int rc = 0;
	u32 ret;

	init_completion(&req.c);

	mutex_lock(&supp->mutex);
	route = optee_supp_route_locked(call, func, num_params, param);
	if (route == OPTEE_SUPP_TO_PROCESS)
		rc = optee_supp_enqueue_locked(supp, &req);
	mutex_unlock(&supp->mutex);

	switch (route) {
	case OPTEE_SUPP_TO_PROCESS:
		if (rc)
			return TEE_R_OUT_OF_MEMORY;
		ret = optee_supp_wait(supp, &req);
		/* Nobody saw it: whoever serves without a process can have it. */
		*ret_again = req.untouched && fallback;
		return ret;
	case OPTEE_SUPP_TO_FALLBACK:
		return fallback->request(fallback->data, func, num_params, param);
	case OPTEE_SUPP_TO_NOBODY:
		break;
	}
	return TEE_R_COMMUNICATION;
}

u32 optee_supp_thrd_req(struct optee_call *call, u32 func, size_t num_params,
			struct tee_param *param)
{
	bool again;
	u32 ret;

	do {
		again = false;
		ret = optee_supp_serve(call, func, num_params, param, &again);
	} while (again);
	return ret;
}

/*
 * Supplicant's side
 */

/*
 * @param as the supplicant passed it: room, all of it empty, the first perhaps a
 * meta parameter. References of memrefs are ours to drop.
 */
static int optee_supp_check_recv_params(size_t num_params, struct tee_param *param,
					size_t *ret_num_meta)
{
	size_t n;

	for (n = 0; n < num_params; n++) {
		if (tee_param_is_memref(param + n))
			tee_shm_put(param[n].u.memref.shm);
	}
	if (!num_params)
		return -EINVAL;
	for (n = 0; n < num_params; n++)
		if (param[n].attr && param[n].attr != TEE_IOCTL_PARAM_ATTR_META)
			return -EINVAL;

	*ret_num_meta = param[0].attr == TEE_IOCTL_PARAM_ATTR_META;
	return 0;
}

/* The oldest request that the supplicant may see; those that it may not fail. */
static struct optee_supp_req *optee_supp_head_locked(struct optee_supp *supp)
{
	struct optee_supp_req *req;
	struct optee_supp_req *next;

	list_for_each_entry_safe(req, next, &supp->reqs, link) {
		if (optee_supp_can_see_locked(supp, req->num_params, req->param))
			return req;
		optee_supp_fail_locked(supp, req, /* gone: */ false);
	}
	return NULL;
}

/* Take @hold for the memory of @req, if it has any. */
static void optee_supp_hold_locked(struct optee_supp *supp, struct optee_supp_req *req,
				   struct optee_supp_hold **hold)
{
	bool any = false;
	size_t n;

	for (n = 0; n < req->num_params; n++) {
		struct tee_shm *shm = NULL;

		if (tee_param_is_memref(req->param + n))
			shm = req->param[n].u.memref.shm;
		if (!shm)
			continue;
		tee_shm_get(shm);
		(*hold)->shm[n] = shm;
		any = true;
	}
	if (any) {
		(*hold)->task = current;
		list_add(&(*hold)->link, &supp->holds);
		*hold = NULL;
	}
}

/*
 * 1 with the head of the queue in @param, which has room for @num_params; 0 when
 * the queue is empty; -EINVAL when it does not fit: it stays where it is.
 */
static int optee_supp_pop(struct optee_supp *supp, size_t num_meta, u32 *func,
			  u32 *num_params, struct tee_param *param,
			  struct optee_supp_hold **hold)
{
	struct optee_supp_req *req;
	int rc = 1;

	mutex_lock(&supp->mutex);
	/* Synchronous and asynchronous requests do not mix. */
	if (supp->req_id != OPTEE_SUPP_NO_REQ) {
		rc = -EINVAL;
		goto out_unlock;
	}
	req = optee_supp_head_locked(supp);
	if (!req) {
		rc = 0;
		goto out_unlock;
	}
	/* What a dying supplicant takes, nobody answers. */
	if (fatal_signal_pending(current)) {
		rc = -ERESTARTSYS;
		goto out_unlock;
	}
	if (*num_params - num_meta < req->num_params) {
		rc = -EINVAL;
		goto out_unlock;
	}

	list_del(&req->link);
	req->state = OPTEE_SUPP_PROCESSING;
	optee_supp_hold_locked(supp, req, hold);
	if (num_meta) {
		memset(param, 0, sizeof(*param));
		param->attr = TEE_IOCTL_PARAM_ATTR_TYPE_VALUE_INOUT | TEE_IOCTL_PARAM_ATTR_META;
		param->u.value.a = req->id;
	} else {
		supp->req_id = req->id;
	}
	memcpy(param + num_meta, req->param, req->num_params * sizeof(*param));
	*func = req->func;
	*num_params = req->num_params + num_meta;
out_unlock:
	mutex_unlock(&supp->mutex);
	return rc;
}

int optee_supp_recv(struct tee_context *ctx, u32 *func, u32 *num_params,
		    struct tee_param *param)
{
	struct optee *optee = tee_get_drvdata(ctx->teedev);
	struct optee_supp *supp = &optee->supp;
	struct optee_supp_hold *hold;
	bool token = false;
	size_t num_meta;
	int rc;

	optee_supp_end_last_op(supp);
	rc = optee_supp_check_recv_params(*num_params, param, &num_meta);
	if (rc)
		return rc;

	hold = kzalloc(sizeof(*hold), GFP_KERNEL);
	if (!hold)
		return -ENOMEM;

	/* Nothing there: wait for the next token, which may turn out to be old. */
	while (!(rc = optee_supp_pop(supp, num_meta, func, num_params, param, &hold))) {
		rc = wait_for_completion_interruptible(&supp->reqs_c);
		token = !rc;
		if (rc)
			break;
	}
	if (rc == 1 && !token)
		try_wait_for_completion(&supp->reqs_c);
	/* Not taken after all: another thread, with more room, may be waiting. */
	if ((rc == -EINVAL || rc == -ERESTARTSYS) && token)
		complete(&supp->reqs_c);
	kfree(hold);
	return rc < 0 ? rc : 0;
}

/*
 * The request that an answer is for, no longer in the table: ANSWERING. Errors
 * in the order of the checks: -EINVAL no id, -ENOENT unknown, -EBADF once for a
 * tombstone, -EINVAL another number of parameters.
 */
static struct optee_supp_req *optee_supp_take_answered(struct optee_supp *supp,
						       size_t num_params,
						       const struct tee_param *param,
						       size_t *ret_num_meta)
{
	const u64 meta_attr = TEE_IOCTL_PARAM_ATTR_TYPE_VALUE_INOUT | TEE_IOCTL_PARAM_ATTR_META;
	struct optee_supp_req *req;
	size_t num_meta = 0;
	u64 id;

	mutex_lock(&supp->mutex);
	id = supp->req_id;
	if (supp->req_id == OPTEE_SUPP_NO_REQ) {
		if (param->attr != meta_attr) {
			req = ERR_PTR(-EINVAL);
			goto out_unlock;
		}
		id = param->u.value.a;
		num_meta = 1;
	}

	req = id && id <= INT_MAX ? idr_find(&supp->idr, id) : NULL;
	if (!req || (!IS_ERR(req) && req->state != OPTEE_SUPP_PROCESSING)) {
		req = ERR_PTR(-ENOENT);
		goto out_unlock;
	}
	if (!IS_ERR(req) && num_params - num_meta != req->num_params) {
		req = ERR_PTR(-EINVAL);
		goto out_unlock;
	}

	idr_remove(&supp->idr, id);
	supp->req_id = OPTEE_SUPP_NO_REQ;
	if (!IS_ERR(req))
		req->state = OPTEE_SUPP_ANSWERING;
	*ret_num_meta = num_meta;
out_unlock:
	mutex_unlock(&supp->mutex);
	return req;
}

/* An output buffer: what the supplicant wrote, and how much it says that is. */
static int optee_supp_take_memref(struct tee_param_memref *m, size_t size)
{
	int rc = 0;

	/* A size beyond the buffer asks for a larger one, nothing is there. */
	if (m->shm)
		rc = tee_shm_sync_for_tee(m->shm, m->shm_offs, min(size, m->size));
	m->size = size;
	return rc;
}

/* By the attributes of the request; what the answer calls its parameters is naught. */
static int optee_supp_take_params(struct optee_supp_req *req, const struct tee_param *param)
{
	size_t n;
	int rc;

	for (n = 0; n < req->num_params; n++) {
		struct tee_param *p = req->param + n;

		switch (p->attr) {
		case TEE_IOCTL_PARAM_ATTR_TYPE_VALUE_OUTPUT:
		case TEE_IOCTL_PARAM_ATTR_TYPE_VALUE_INOUT:
			p->u.value = param[n].u.value;
			break;
		case TEE_IOCTL_PARAM_ATTR_TYPE_MEMREF_OUTPUT:
		case TEE_IOCTL_PARAM_ATTR_TYPE_MEMREF_INOUT:
			rc = optee_supp_take_memref(&p->u.memref, param[n].u.memref.size);
			if (rc)
				return rc;
			break;
		default:
			break;
		}
	}
	return 0;
}

int optee_supp_send(struct tee_context *ctx, u32 ret, u32 num_params, struct tee_param *param)
{
	struct optee *optee = tee_get_drvdata(ctx->teedev);
	struct optee_supp *supp = &optee->supp;
	struct optee_supp_req *req;
	size_t num_meta = 0;
	int rc;

	optee_supp_end_last_op(supp);
	if (!num_params)
		return -EINVAL;
	req = optee_supp_take_answered(supp, num_params, param, &num_meta);
	if (IS_ERR(req))
		return PTR_ERR(req);

	/* Not under the mutex: it may go to the supplicant's memory. */
	rc = optee_supp_take_params(req, param + num_meta);

	mutex_lock(&supp->mutex);
	optee_supp_finish_locked(req, rc ? TEE_R_COMMUNICATION : ret);
	mutex_unlock(&supp->mutex);
	return rc;
}
