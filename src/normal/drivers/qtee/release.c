/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Giving objects back to the QTEE
 *
 * A worker does it, so that the last put of a proxy is possible everywhere. A
 * RELEASE is an invocation like any other, and the QTEE may ask for something in
 * the middle of it. The worker waits for no server: such an invocation is left
 * where it is, and goes on when the server has answered or is gone. So a server
 * that hangs delays nobody's objects but those that wait for it.
 *
 * What fails is tried again, some times, with a pause after each round of all that
 * waits; then it is given up: the QTEE keeps the object.
 */
#include <linux/delay.h>
#include <linux/errno.h>
#include <linux/kernel.h>
#include <linux/list.h>
#include <linux/printk.h>
#include <linux/slab.h>
#include <linux/spinlock.h>
#include <linux/wait.h>
#include <linux/workqueue.h>

#include "normal/drivers/qtee/qcomtee_private.h"

#define QCOMTEE_RELEASE_PAUSE_MS 10

/* Done with @object, in whatever way. */
static void qcomtee_release_end(struct qcomtee_object *object)
{
	struct qcomtee *qcomtee = object->qcomtee;

	qcomtee_object_tee_free(object);
	spin_lock(&qcomtee->lock);
	if (!--qcomtee->n_releases)
		wake_up(&qcomtee->wq);
	spin_unlock(&qcomtee->lock);
}

static void qcomtee_release_lost(struct qcomtee_object *object, const char *why, int code)
{
	atomic_long_inc(&object->qcomtee->lost_releases);
	pr_warn_ratelimited("qcomtee: object %#x was not given back to the QTEE: %s (%d); it stays "
			    "there\n", object->id, why, code);
}

/* Whether @object has to be tried again. */
static bool qcomtee_release_settle(struct qcomtee_object *object, int rc, int result)
{
	if (!rc && result && result != QTEE_ERROR_DEFUNCT)
		qcomtee_release_lost(object, "it was refused", result);
	if (rc == -ENODEV)
		qcomtee_release_lost(object, "it was not finished", rc);
	/* With its QTEE, the object is gone. */
	if (!rc || rc == -ENODEV || rc == -ESTALE) {
		qcomtee_release_end(object);
		return false;
	}
	if (++object->tries < QCOMTEE_MAX_RELEASE_TRIES)
		return true;
	qcomtee_release_lost(object, "every try failed", rc);
	qcomtee_release_end(object);
	return false;
}

static void qcomtee_release_again(struct qcomtee_object *object)
{
	struct qcomtee *qcomtee = object->qcomtee;

	spin_lock(&qcomtee->lock);
	list_add_tail(&object->release_node, &qcomtee->releases);
	spin_unlock(&qcomtee->lock);
}

/* Run or resume; both end here unless the invocation waits for a server. */
static bool qcomtee_release_finish(struct qcomtee_object_invoke_ctx *oic, int rc, int result)
{
	struct qcomtee_object *object = oic->release;

	qcomtee_oic_put(oic);
	if (!qcomtee_release_settle(object, rc, result))
		return false;
	qcomtee_release_again(object);
	return true;
}

static bool qcomtee_release_one(struct qcomtee_object *object)
{
	struct qcomtee_object_invoke_ctx *oic;
	int result = 0;
	int rc;

	oic = qcomtee_oic_get(object->qcomtee, QTEE_MSG_PAYLOAD(0));
	if (!oic) {
		if (!qcomtee_release_settle(object, -ENOMEM, 0))
			return false;
		qcomtee_release_again(object);
		return true;
	}
	rc = qcomtee_oic_release(oic, object, &result);
	return rc != -EIOCBQUEUED && qcomtee_release_finish(oic, rc, result);
}

static bool qcomtee_release_go_on(struct qcomtee_object_invoke_ctx *oic)
{
	int result = 0;
	int rc = qcomtee_oic_resume(oic, &result);

	return rc != -EIOCBQUEUED && qcomtee_release_finish(oic, rc, result);
}

/* All that waits now, once. Whether anything failed and waits again. */
static bool qcomtee_release_round(struct qcomtee *qcomtee)
{
	struct qcomtee_object_invoke_ctx *oic;
	struct qcomtee_object *object;
	LIST_HEAD(resumes);
	LIST_HEAD(releases);
	bool again = false;

	spin_lock(&qcomtee->lock);
	list_splice_init(&qcomtee->resumes, &resumes);
	list_splice_init(&qcomtee->releases, &releases);
	spin_unlock(&qcomtee->lock);

	while (!list_empty(&resumes)) {
		oic = list_first_entry(&resumes, struct qcomtee_object_invoke_ctx, node);
		list_del_init(&oic->node);
		again |= qcomtee_release_go_on(oic);
	}
	while (!list_empty(&releases)) {
		object = list_first_entry(&releases, struct qcomtee_object, release_node);
		list_del_init(&object->release_node);
		again |= qcomtee_release_one(object);
	}
	return again;
}

static bool qcomtee_release_is_idle(struct qcomtee *qcomtee)
{
	bool idle;

	spin_lock(&qcomtee->lock);
	idle = list_empty(&qcomtee->resumes) && list_empty(&qcomtee->releases);
	spin_unlock(&qcomtee->lock);
	return idle;
}

static void qcomtee_release_work(struct work_struct *work)
{
	struct qcomtee *qcomtee = container_of(work, struct qcomtee, release_work);
	unsigned int pause = QCOMTEE_RELEASE_PAUSE_MS;

	while (!qcomtee_release_is_idle(qcomtee)) {
		if (!qcomtee_release_round(qcomtee)) {
			pause = QCOMTEE_RELEASE_PAUSE_MS;
			continue;
		}
		msleep(pause);
		pause = min(2 * pause, 8u * QCOMTEE_RELEASE_PAUSE_MS);
	}
}

void qcomtee_release_init(struct qcomtee *qcomtee)
{
	INIT_LIST_HEAD(&qcomtee->releases);
	INIT_LIST_HEAD(&qcomtee->resumes);
	INIT_WORK(&qcomtee->release_work, qcomtee_release_work);
}

static bool qcomtee_release_is_done(struct qcomtee *qcomtee)
{
	bool done;

	spin_lock(&qcomtee->lock);
	done = !qcomtee->n_releases;
	spin_unlock(&qcomtee->lock);
	return done;
}

void qcomtee_release_flush(struct qcomtee *qcomtee)
{
	wait_event(qcomtee->wq, qcomtee_release_is_done(qcomtee));
	/* Who ended the last one may still be looking for another. */
	flush_work(&qcomtee->release_work);
}

void qcomtee_release_tee_object(struct qcomtee_object *object)
{
	struct qcomtee *qcomtee = object->qcomtee;

	spin_lock(&qcomtee->lock);
	qcomtee->n_releases++;
	list_add_tail(&object->release_node, &qcomtee->releases);
	spin_unlock(&qcomtee->lock);
	schedule_work(&qcomtee->release_work);
}

void qcomtee_release_resume(struct qcomtee_object_invoke_ctx *oic)
{
	struct qcomtee *qcomtee = oic->qcomtee;

	spin_lock(&qcomtee->lock);
	list_add_tail(&oic->node, &qcomtee->resumes);
	spin_unlock(&qcomtee->lock);
	schedule_work(&qcomtee->release_work);
}
