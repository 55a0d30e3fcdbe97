/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * User objects: hosted by a process; and requests to it
 *
 * Of both user APIs: how the process receives and answers is in supp.c and
 * rfc_server.c.
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
#include <linux/limits.h>
#include <linux/list.h>
#include <linux/mutex.h>
#include <linux/sched.h>
#include <linux/sched/signal.h>
#include <linux/slab.h>

#include "normal/drivers/qtee/qcomtee_private.h"

/* In the place of a request whose requester is gone: the number stays taken */
#define QCOMTEE_UREQ_TOMBSTONE ERR_PTR(-EBADF)

/**
 * struct qcomtee_user_object - an object of a client
 * @id: the client's number
 * @host_fd: see qcomtee_user_object_host_fd()
 * @notify, @dead: guarded by the context's mutex; see qcomtee_user_object_*()
 */
struct qcomtee_user_object {
	struct qcomtee_object object;
	struct qcomtee_context_data *ctxdata;
	u64 id;
	int host_fd;
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
	uo->host_fd = -1;
	*ret_object = &uo->object;
	return 0;
}

struct qcomtee_context_data *qcomtee_user_object_host(struct qcomtee_object *object, u64 *ret_id)
{
	struct qcomtee_user_object *uo;

	if (!qcomtee_object_has_ops(object, &qcomtee_user_object_ops))
		return NULL;
	uo = to_qcomtee_user_object(object);
	*ret_id = uo->id;
	return uo->ctxdata;
}

bool qcomtee_user_object_id(struct qcomtee_object *object,
			    const struct qcomtee_context_data *ctxdata, u64 *ret_id)
{
	return qcomtee_user_object_host(object, ret_id) == ctxdata;
}

void qcomtee_user_object_set_host_fd(struct qcomtee_object *object, int fd)
{
	to_qcomtee_user_object(object)->host_fd = fd;
}

int qcomtee_user_object_host_fd(struct qcomtee_object *object)
{
	return to_qcomtee_user_object(object)->host_fd;
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
 * Who serves
 */

/* See qcomtee_ureq_take(); 1: it is there, 0: there is none. */
static int qcomtee_ureq_pop(struct qcomtee_context_data *ctxdata, qcomtee_ureq_fits_t fits,
			    const void *room, struct qcomtee_ureq **ret_ureq)
{
	struct qcomtee_ureq *ureq;
	int rc = 0;

	mutex_lock(&ctxdata->mutex);
	if (ctxdata->closed) {
		rc = -ENODEV;
		goto out_unlock;
	}
	ureq = list_first_entry_or_null(&ctxdata->reqs, struct qcomtee_ureq, link);
	if (!ureq)
		goto out_unlock;
	/* What a dying server takes, nobody answers. */
	if (fatal_signal_pending(current)) {
		rc = -ERESTARTSYS;
		goto out_unlock;
	}
	if (!fits(ureq, room)) {
		rc = -EINVAL;
		goto out_unlock;
	}
	if (ureq->oic) {
		rc = idr_alloc(&ctxdata->taken, ureq, ctxdata->first_req, 0, GFP_KERNEL);
		if (rc < 0)
			goto out_unlock;
		ureq->id = rc;
	}
	ureq->state = QCOMTEE_UREQ_CONVERTING;
	list_del_init(&ureq->link);
	*ret_ureq = ureq;
	rc = 1;
out_unlock:
	mutex_unlock(&ctxdata->mutex);
	return rc;
}

int qcomtee_ureq_take(struct qcomtee_context_data *ctxdata, qcomtee_ureq_fits_t fits,
		      const void *room, struct qcomtee_ureq **ret_ureq)
{
	bool token = false;
	int rc;

	while (!(rc = qcomtee_ureq_pop(ctxdata, fits, room, ret_ureq))) {
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

void qcomtee_ureq_free_notice(struct qcomtee_ureq *ureq)
{
	qcomtee_user_object_free(container_of(ureq, struct qcomtee_user_object, notice));
}

static void qcomtee_ureq_put_back_locked(struct qcomtee_context_data *ctxdata,
					 struct qcomtee_ureq *ureq)
{
	ureq->state = QCOMTEE_UREQ_QUEUED;
	list_add(&ureq->link, &ctxdata->reqs);
	complete(&ctxdata->reqs_c);
}

bool qcomtee_ureq_converted(struct qcomtee_context_data *ctxdata, struct qcomtee_ureq *ureq,
			    int rc)
{
	bool taken;

	mutex_lock(&ctxdata->mutex);
	taken = !rc && !ureq->gone;
	if (taken) {
		ureq->state = QCOMTEE_UREQ_PROCESSING;
	} else {
		idr_remove(&ctxdata->taken, ureq->id);
		if (ureq->gone)
			qcomtee_ureq_finish_locked(ureq, -ENODEV);
		else if (rc == -EFAULT)
			qcomtee_ureq_put_back_locked(ctxdata, ureq);
		else
			qcomtee_ureq_finish_locked(ureq, rc);
	}
	mutex_unlock(&ctxdata->mutex);
	return taken;
}

void qcomtee_ureq_put_back_notice(struct qcomtee_context_data *ctxdata, struct qcomtee_ureq *ureq)
{
	bool closed;

	mutex_lock(&ctxdata->mutex);
	closed = ctxdata->closed;
	if (!closed)
		qcomtee_ureq_put_back_locked(ctxdata, ureq);
	mutex_unlock(&ctxdata->mutex);
	if (closed)
		qcomtee_ureq_free_notice(ureq);
}

struct qcomtee_ureq *qcomtee_ureq_take_answered(struct qcomtee_context_data *ctxdata, u64 id)
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

void qcomtee_ureq_answered(struct qcomtee_context_data *ctxdata, struct qcomtee_ureq *ureq, int rc)
{
	mutex_lock(&ctxdata->mutex);
	idr_remove(&ctxdata->taken, ureq->id);
	qcomtee_ureq_finish_locked(ureq, rc == -ENOMEM || !rc ? rc : -EINVAL);
	mutex_unlock(&ctxdata->mutex);
}
