/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Invocations
 *
 * One loop: an SMC, then either the end or a callback, the answer to which is the
 * next SMC. It runs in the thread of the client; with a worker of the driver in the
 * place of a client it may be left where a server would have to be waited for, and
 * taken up again.
 *
 * An invocation context carries the buffers and is kept for the next invocation.
 * One that had to be given up inside the QTEE is not: the QTEE may write to its
 * buffers as long as it lives.
 */
#include <linux/atomic.h>
#include <linux/compiler.h>
#include <linux/errno.h>
#include <linux/kernel.h>
#include <linux/list.h>
#include <linux/mm.h>
#include <linux/printk.h>
#include <linux/sched.h>
#include <linux/sched/signal.h>
#include <linux/slab.h>
#include <linux/spinlock.h>
#include <linux/stddef.h>
#include <linux/string.h>

#include "normal/drivers/qtee/qcomtee_private.h"
#include "normal/platform.h"

/*
 * Contexts
 */

static int qcomtee_mem_alloc(struct tee_shm *mem, size_t nr_pages)
{
	memset(mem, 0, sizeof(*mem));
	mem->size = nr_pages << PAGE_SHIFT;
	mem->id = -1;
	return platform_shm_alloc(mem, nr_pages, /* mappable: */ false);
}

static struct qcomtee_object_invoke_ctx *qcomtee_oic_new(struct qcomtee *qcomtee)
{
	struct qcomtee_object_invoke_ctx *oic;

	oic = kzalloc(sizeof(*oic), GFP_KERNEL);
	if (!oic)
		return NULL;
	if (qcomtee_mem_alloc(&oic->mem, 2)) {
		kfree(oic);
		return NULL;
	}
	return oic;
}

static void qcomtee_oic_free_big(struct qcomtee_object_invoke_ctx *oic)
{
	if (!oic->big.size)
		return;
	platform_shm_free(&oic->big);
	oic->big.size = 0;
}

static void qcomtee_oic_free(struct qcomtee_object_invoke_ctx *oic)
{
	qcomtee_oic_free_big(oic);
	platform_shm_free(&oic->mem);
	kfree(oic);
}

static struct qcomtee_object_invoke_ctx *qcomtee_oic_pop(struct qcomtee *qcomtee)
{
	struct qcomtee_object_invoke_ctx *oic;

	spin_lock(&qcomtee->lock);
	oic = list_first_entry_or_null(&qcomtee->idle, struct qcomtee_object_invoke_ctx, node);
	if (oic) {
		list_del_init(&oic->node);
		qcomtee->n_idle--;
	}
	spin_unlock(&qcomtee->lock);
	return oic ?: qcomtee_oic_new(qcomtee);
}

/* As new, but for the two pages. */
static void qcomtee_oic_reset(struct qcomtee_object_invoke_ctx *oic, struct qcomtee *qcomtee)
{
	struct tee_shm mem = oic->mem;

	memset(oic, 0, offsetof(struct qcomtee_object_invoke_ctx, copy));
	oic->mem = mem;
	oic->qcomtee = qcomtee;
	INIT_LIST_HEAD(&oic->node);
	/* The QTEE takes what is not written for zero. */
	memset(mem.kaddr, 0, mem.size);
	oic->in = mem.kaddr;
	oic->in_pa = mem.paddr;
	oic->in_size = PAGE_SIZE;
	oic->out = (u8 *)mem.kaddr + PAGE_SIZE;
	oic->out_pa = mem.paddr + PAGE_SIZE;
}

struct qcomtee_object_invoke_ctx *qcomtee_oic_get(struct qcomtee *qcomtee, size_t size)
{
	struct qcomtee_object_invoke_ctx *oic = qcomtee_oic_pop(qcomtee);

	if (!oic)
		return NULL;
	qcomtee_oic_reset(oic, qcomtee);
	atomic_long_inc(&qcomtee->n_oics);
	if (size <= PAGE_SIZE)
		return oic;

	if (qcomtee_mem_alloc(&oic->big, PAGE_ALIGN(size) >> PAGE_SHIFT)) {
		oic->big.size = 0;
		qcomtee_oic_put(oic);
		return NULL;
	}
	oic->in = oic->big.kaddr;
	oic->in_pa = oic->big.paddr;
	oic->in_size = oic->big.size;
	return oic;
}

void qcomtee_oic_put(struct qcomtee_object_invoke_ctx *oic)
{
	struct qcomtee *qcomtee = oic->qcomtee;
	bool keep = true;

	if (!oic->abandoned)
		qcomtee_oic_free_big(oic);
	spin_lock(&qcomtee->lock);
	if (oic->abandoned) {
		list_add(&oic->node, &qcomtee->abandoned);
		qcomtee->n_abandoned++;
	} else if (qcomtee->n_idle < QCOMTEE_MAX_IDLE_OICS) {
		list_add(&oic->node, &qcomtee->idle);
		qcomtee->n_idle++;
	} else {
		keep = false;
	}
	spin_unlock(&qcomtee->lock);
	if (!keep)
		qcomtee_oic_free(oic);
	atomic_long_dec(&qcomtee->n_oics);
}

void qcomtee_oics_init(struct qcomtee *qcomtee)
{
	INIT_LIST_HEAD(&qcomtee->idle);
	INIT_LIST_HEAD(&qcomtee->abandoned);
}

static void qcomtee_oics_free(struct list_head *list)
{
	struct qcomtee_object_invoke_ctx *oic;
	struct qcomtee_object_invoke_ctx *next;

	list_for_each_entry_safe(oic, next, list, node) {
		list_del(&oic->node);
		qcomtee_oic_free(oic);
	}
}

void qcomtee_oics_reclaim(struct qcomtee *qcomtee)
{
	LIST_HEAD(list);

	spin_lock(&qcomtee->lock);
	list_splice_init(&qcomtee->abandoned, &list);
	qcomtee->n_abandoned = 0;
	spin_unlock(&qcomtee->lock);
	qcomtee_oics_free(&list);
}

void qcomtee_oics_uninit(struct qcomtee *qcomtee)
{
	qcomtee_oics_reclaim(qcomtee);
	qcomtee_oics_free(&qcomtee->idle);
}

bool qcomtee_oic_give_up(struct qcomtee_object_invoke_ctx *oic)
{
	/* The QTEE has it, or a part of it. */
	if (oic->state == QCOMTEE_OIC_DIRECT)
		oic->state = QCOMTEE_OIC_SHARED;
	if (!oic->kernel && !fatal_signal_pending(current))
		return false;
	oic->n_requests++;
	if (oic->n_requests <= (oic->kernel ? QCOMTEE_MAX_REQUESTS_KERNEL :
					      QCOMTEE_MAX_REQUESTS_KILLED))
		return false;
	oic->abandoned = true;
	pr_warn_ratelimited("qcomtee: the QTEE does not end an invocation that nobody waits for; "
			    "it is given up\n");
	return true;
}

/*
 * For dispatchers
 */

struct qcomtee *qcomtee_object_invoke_device(struct qcomtee_object_invoke_ctx *oic)
{
	return oic->qcomtee;
}

enum qcomtee_wait qcomtee_object_wait_mode(struct qcomtee_object_invoke_ctx *oic)
{
	if (!oic->kernel)
		return QCOMTEE_WAIT_HERE;
	return oic->release ? QCOMTEE_WAIT_LATER : QCOMTEE_WAIT_NEVER;
}

u32 qcomtee_object_invoke_epoch(struct qcomtee_object_invoke_ctx *oic)
{
	return oic->epoch;
}

void qcomtee_object_set_result(struct qcomtee_object_invoke_ctx *oic, s32 result)
{
	oic->result = result;
}

void qcomtee_object_set_data(struct qcomtee_object_invoke_ctx *oic, void *data)
{
	oic->data = data;
}

void *qcomtee_object_get_data(struct qcomtee_object_invoke_ctx *oic)
{
	return oic->data;
}

void qcomtee_object_dispatch_done(struct qcomtee_object_invoke_ctx *oic, int err)
{
	oic->err = err;
	qcomtee_release_resume(oic);
}

/*
 * The loop
 */

/* RELEASE and RETAIN are about the id, not the object. */
static int qcomtee_dispatch_id_op(struct qcomtee_object_invoke_ctx *oic)
{
	u32 id = ((const struct qtee_msg_callback *)oic->copy)->cxt;

	if (oic->counts)
		return -EINVAL;
	if (oic->object->uncounted)
		return 0;
	if (oic->op == QTEE_MSG_OP_RELEASE)
		return qcomtee_ns_id_release(oic->qcomtee, id);
	return qcomtee_ns_id_retain(oic->qcomtee, id);
}

/* -EIOCBQUEUED: @oic is somebody else's now. */
static int qcomtee_dispatch(struct qcomtee_object_invoke_ctx *oic)
{
	int rc;

	oic->state = QCOMTEE_OIC_BUSY;
	rc = qcomtee_msg_take_callback(oic);
	if (oic->tail < sizeof(oic->copy)) {
		qcomtee_async_serve(oic->qcomtee, oic->copy, oic->tail, sizeof(oic->copy));
		/* What stays there would be taken for messages of ours. */
		memset((u8 *)oic->out + oic->tail, 0, sizeof(oic->copy) - oic->tail);
	}
	if (rc)
		return rc;

	if (oic->op == QTEE_MSG_OP_RELEASE || oic->op == QTEE_MSG_OP_RETAIN)
		return qcomtee_dispatch_id_op(oic);
	oic->dispatched = true;
	return oic->object->ops->dispatch(oic, oic->object, oic->op, oic->args);
}

static void qcomtee_respond(struct qcomtee_object_invoke_ctx *oic, int err)
{
	qcomtee_msg_answer(oic, err);
	qcomtee_smc_cb_rsp(oic);
}

/* After an SMC: the answer that it carried, if any, has gone out or will not. */
static void qcomtee_end_callback(struct qcomtee_object_invoke_ctx *oic, int rc)
{
	if (oic->state != QCOMTEE_OIC_BUSY)
		return;
	oic->state = QCOMTEE_OIC_SHARED;
	/* Releases that came with a failure are true all the same. */
	if (rc && oic->tail < sizeof(oic->copy)) {
		memcpy(oic->copy, oic->out, sizeof(oic->copy));
		barrier();
		qcomtee_async_serve(oic->qcomtee, oic->copy, oic->tail, sizeof(oic->copy));
	}
	qcomtee_msg_end_callback(oic, !rc);
}

static void qcomtee_last_async(struct qcomtee_object_invoke_ctx *oic)
{
	if (!READ_ONCE(*(const u32 *)oic->out))
		return;
	memcpy(oic->copy, oic->out, sizeof(oic->copy));
	barrier();
	qcomtee_async_serve(oic->qcomtee, oic->copy, 0, sizeof(oic->copy));
}

/*
 * Until the end, the next SMC being in oic->regs. 0 and the result; errors of
 * qcomtee_smc(); -EIOCBQUEUED.
 */
static int qcomtee_loop(struct qcomtee_object_invoke_ctx *oic, int *result)
{
	bool callback;
	int rc;

	for (;;) {
		rc = qcomtee_smc(oic, &callback, result);
		qcomtee_end_callback(oic, rc);
		if (rc)
			return rc;
		if (!callback) {
			oic->state = QCOMTEE_OIC_SHARED;
			return 0;
		}
		if (qcomtee_oic_give_up(oic))
			return -EINTR;
		cond_resched();

		rc = qcomtee_dispatch(oic);
		if (rc == -EIOCBQUEUED)
			return rc;
		qcomtee_respond(oic, rc);
	}
}

/*
 * Direct invocations
 */

/* The end of one: what came out of the loop becomes what the caller is told. */
static int qcomtee_settle(struct qcomtee_object_invoke_ctx *oic, struct qcomtee_arg *args,
			  int rc, int *result)
{
	if (!rc) {
		if (!*result && qcomtee_msg_update_args(oic, args))
			*result = QTEE_ERROR_UNAVAIL;
		else if (*result)
			qcomtee_msg_clear_outputs(args);
		qcomtee_last_async(oic);
		return 0;
	}
	if (oic->state != QCOMTEE_OIC_DIRECT)
		return -ENODEV;

	qcomtee_msg_forget(oic, args);
	if (rc != -ESTALE)
		return rc;
	/* An object of a QTEE that is gone */
	qcomtee_msg_clear_outputs(args);
	*result = QTEE_ERROR_DEFUNCT;
	return 0;
}

static int qcomtee_do_invoke(struct qcomtee *qcomtee, struct qcomtee_object *object, u32 op,
			     struct qcomtee_arg *args, bool kernel, int *result)
{
	enum qcomtee_object_type type = qcomtee_object_type(object);
	struct qcomtee_object_invoke_ctx *oic;
	size_t size;
	int rc;

	if (type != QCOMTEE_OBJECT_TYPE_TEE && type != QCOMTEE_OBJECT_TYPE_ROOT)
		return -EINVAL;
	if (object->qcomtee != qcomtee || op & ~QTEE_MSG_OP_METHOD_MASK)
		return -EINVAL;
	rc = qcomtee_msg_size(args, &size);
	if (rc)
		return rc;

	oic = qcomtee_oic_get(qcomtee, size);
	if (!oic)
		return -ENOMEM;
	oic->kernel = kernel;
	oic->epoch = object->epoch ?: READ_ONCE(qcomtee->epoch);
	rc = qcomtee_msg_prepare(oic, object, op, args);
	if (!rc) {
		qcomtee_smc_invoke(oic);
		rc = qcomtee_loop(oic, result);
	}
	rc = qcomtee_settle(oic, args, rc, result);
	qcomtee_oic_put(oic);
	return rc;
}

int qcomtee_object_do_invoke(struct qcomtee *qcomtee, struct qcomtee_object *object, u32 op,
			     struct qcomtee_arg *args, int *result)
{
	return qcomtee_do_invoke(qcomtee, object, op, args, /* kernel: */ false, result);
}

int qcomtee_object_do_invoke_kernel(struct qcomtee *qcomtee, struct qcomtee_object *object,
				    u32 op, struct qcomtee_arg *args, int *result)
{
	return qcomtee_do_invoke(qcomtee, object, op, args, /* kernel: */ true, result);
}

/* A RELEASE has no arguments, so that nothing of it outlives a wait. */
static int qcomtee_oic_go(struct qcomtee_object_invoke_ctx *oic, int *result)
{
	struct qcomtee_arg none = { .type = QCOMTEE_ARG_TYPE_INV };
	int rc = qcomtee_loop(oic, result);

	return rc == -EIOCBQUEUED ? rc : qcomtee_settle(oic, &none, rc, result);
}

int qcomtee_oic_release(struct qcomtee_object_invoke_ctx *oic, struct qcomtee_object *object,
			int *result)
{
	struct qcomtee_arg none = { .type = QCOMTEE_ARG_TYPE_INV };

	oic->kernel = true;
	oic->release = object;
	oic->epoch = object->epoch;
	/* Without arguments there is nothing that could fail. */
	(void)qcomtee_msg_prepare(oic, object, QTEE_MSG_OP_RELEASE, &none);
	qcomtee_smc_invoke(oic);
	return qcomtee_oic_go(oic, result);
}

int qcomtee_oic_resume(struct qcomtee_object_invoke_ctx *oic, int *result)
{
	qcomtee_respond(oic, oic->err);
	return qcomtee_oic_go(oic, result);
}
