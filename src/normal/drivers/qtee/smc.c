/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Registers in and out: the calls of abi/qtee_smc.h
 *
 * What an SMC needs until it is over, being interrupted, waiting in a queue of the
 * QTEE, trying again when that is busy, stays in here.
 */
#include <linux/delay.h>
#include <linux/errno.h>
#include <linux/kernel.h>
#include <linux/minmax.h>
#include <linux/printk.h>
#include <linux/rwsem.h>
#include <linux/sched.h>
#include <linux/sched/signal.h>

#include "normal/drivers/qtee/qcomtee_private.h"

/* A QTEE that is busy is asked so often, with such a pause */
#define QCOMTEE_SMC_BUSY_TRIES 20
#define QCOMTEE_SMC_BUSY_MS 30

/* The longest pause between two looks at a call that waits in the QTEE */
#define QCOMTEE_SMC_MAX_WAIT_MS 20

void qcomtee_smc_invoke(struct qcomtee_object_invoke_ctx *oic)
{
	oic->regs = (struct smc_regs){ .a = {
		QTEE_SMC_INVOKE, QTEE_SMC_INVOKE_ARGS,
		oic->in_pa, oic->in_size, oic->out_pa, QTEE_MSG_OUTBOUND_SIZE,
	} };
}

void qcomtee_smc_cb_rsp(struct qcomtee_object_invoke_ctx *oic)
{
	oic->regs = (struct smc_regs){ .a = {
		QTEE_SMC_CB_RSP, QTEE_SMC_CB_RSP_ARGS, oic->out_pa, QTEE_MSG_OUTBOUND_SIZE,
	} };
}

static int qcomtee_smc_status_to_errno(s32 status)
{
	switch (status) {
	case QTEE_SMC_STATUS_OK:
		return 0;
	case QTEE_SMC_STATUS_ERROR:
		return -EIO;
	case QTEE_SMC_STATUS_ERROR_NOT_SUPPORTED:
		return -EOPNOTSUPP;
	case QTEE_SMC_STATUS_ERROR_NOMEM:
		return -ENOMEM;
	case QTEE_SMC_STATUS_ERROR_BUSY:
		return -EBUSY;
	default:
		return -EINVAL;
	}
}

/* One SMC, in the epoch of the invocation. */
static int qcomtee_smc_once(struct qcomtee_object_invoke_ctx *oic, struct smc_regs *out)
{
	struct qcomtee *qcomtee = oic->qcomtee;
	int rc = 0;

	down_read(&qcomtee->gate);
	if (oic->epoch != qcomtee->epoch)
		rc = -ESTALE;
	else if (!qcomtee->usable)
		rc = -EIO;
	else
		qcomtee->conduit->call(qcomtee->conduit, &oic->regs, out);
	up_read(&qcomtee->gate);
	return rc;
}

/* Go on with a call that the QTEE left for a reason of its own. */
static void qcomtee_smc_continue(struct qcomtee_object_invoke_ctx *oic, s32 status,
				 const struct smc_regs *out, unsigned int *pause)
{
	if (status == QTEE_SMC_STATUS_INTERRUPTED) {
		oic->regs.a[0] = QTEE_SMC_STATUS_INTERRUPTED;
		oic->regs.a[6] = out->a[6];
		return;
	}
	msleep(*pause);
	*pause = min(2 * *pause, (unsigned int)QCOMTEE_SMC_MAX_WAIT_MS);
	oic->regs = (struct smc_regs){ .a = {
		QTEE_SMC_WAITQ_RESUME, QTEE_SMC_WAITQ_RESUME_ARGS, out->a[2],
	} };
}

int qcomtee_smc(struct qcomtee_object_invoke_ctx *oic, bool *ret_callback, s32 *ret_result)
{
	unsigned int n_busy = 0;
	unsigned int pause = 1;
	struct smc_regs out;
	s32 status;
	int rc;

	for (;;) {
		rc = qcomtee_smc_once(oic, &out);
		if (rc)
			return rc;
		status = (s32)lower_32_bits(out.a[0]);

		if (status == QTEE_SMC_STATUS_INTERRUPTED ||
		    status == QTEE_SMC_STATUS_WAITQ_SLEEP) {
			if (qcomtee_oic_give_up(oic))
				return -EINTR;
			qcomtee_smc_continue(oic, status, &out, &pause);
		} else if (status == QTEE_SMC_STATUS_ERROR_BUSY &&
			   n_busy < QCOMTEE_SMC_BUSY_TRIES) {
			/* Nothing was begun, so that who is killed need not try again. */
			if (oic->state == QCOMTEE_OIC_DIRECT && fatal_signal_pending(current))
				return -EINTR;
			n_busy++;
			msleep(QCOMTEE_SMC_BUSY_MS);
		} else {
			break;
		}
	}

	*ret_callback = lower_32_bits(out.a[1]) == QTEE_SMC_RSP_CALLBACK;
	*ret_result = (s32)lower_32_bits(out.a[2]);
	return qcomtee_smc_status_to_errno(status);
}

int qcomtee_smc_probe(struct qcomtee *qcomtee)
{
	struct smc_regs in = { .a = { QTEE_SMC_INVOKE, QTEE_SMC_INVOKE_ARGS } };
	struct smc_regs out;

	/* Without buffers it is refused, but only by one who is there. */
	qcomtee->conduit->call(qcomtee->conduit, &in, &out);
	if ((s32)lower_32_bits(out.a[0]) != QTEE_SMC_STATUS_ERROR)
		return 0;
	pr_err("qcomtee: nobody answers object messages on the conduit\n");
	return -ENODEV;
}
