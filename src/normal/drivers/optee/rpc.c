/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Requests of the trusted OS to the normal world
 *
 * A request is served in the thread of the call during which it came. The ones
 * that a kernel can serve are served here, all others go to the supplicant. The
 * message lies in shared memory: it is copied in, checked, served, copied back.
 *
 * While a reset holds everybody up, what would wait is refused.
 */
#include <linux/errno.h>
#include <linux/jiffies.h>
#include <linux/kernel.h>
#include <linux/mm.h>
#include <linux/string.h>
#include <linux/timekeeping.h>
#include <linux/wait.h>

#include "normal/drivers/optee/optee_private.h"

union optee_rpc_msg {
	struct optee_msg_arg arg;
	u8 bytes[OPTEE_MSG_GET_ARG_SIZE(OPTEE_RPC_NUM_PARAMS)];
};

/* One value parameter of type @attr and nothing else */
static bool optee_rpc_is_value(const struct optee_msg_arg *arg, u64 attr)
{
	u32 n;

	if (!arg->num_params || arg->params[0].attr != attr)
		return false;
	for (n = 1; n < arg->num_params; n++)
		if (arg->params[n].attr != OPTEE_MSG_ATTR_TYPE_NONE)
			return false;
	return true;
}

static u32 optee_rpc_get_time(struct optee_msg_arg *arg)
{
	struct timespec64 ts;

	if (!optee_rpc_is_value(arg, OPTEE_MSG_ATTR_TYPE_VALUE_OUTPUT))
		return TEE_R_BAD_PARAMETERS;
	ktime_get_real_ts64(&ts);
	arg->params[0].u.value.a = ts.tv_sec;
	arg->params[0].u.value.b = ts.tv_nsec;
	return TEE_R_SUCCESS;
}

/* The trusted OS is told of every failure in the same words. */
static u32 optee_rpc_notification(struct optee_call *call, const struct optee_msg_arg *arg)
{
	const struct optee_msg_param_value *v = &arg->params[0].u.value;
	struct optee_notif *notif = &call->optee->notif;
	int rc = -EINVAL;

	if (!optee_rpc_is_value(arg, OPTEE_MSG_ATTR_TYPE_VALUE_INPUT) || v->b > U32_MAX)
		return TEE_R_BAD_PARAMETERS;

	if (v->a == OPTEE_RPC_NOTIFICATION_SEND)
		rc = optee_notif_send(notif, v->b, call->epoch);
	else if (v->a == OPTEE_RPC_NOTIFICATION_WAIT && v->c <= U32_MAX && !call->in_reset)
		rc = optee_notif_wait(notif, v->b, v->c, call->epoch);
	return rc ? TEE_R_BAD_PARAMETERS : TEE_R_SUCCESS;
}

/* Less than asked when the caller is killed or the trusted OS is replaced. */
static u32 optee_rpc_suspend(struct optee_call *call, const struct optee_msg_arg *arg)
{
	struct optee *optee = call->optee;

	if (!optee_rpc_is_value(arg, OPTEE_MSG_ATTR_TYPE_VALUE_INPUT) ||
	    arg->params[0].u.value.a > U32_MAX)
		return TEE_R_BAD_PARAMETERS;
	if (!call->in_reset)
		wait_event_killable_timeout(optee->reset_wq,
					    READ_ONCE(optee->epoch) != call->epoch,
					    msecs_to_jiffies(arg->params[0].u.value.a));
	return TEE_R_SUCCESS;
}

struct tee_shm *optee_rpc_alloc_kernel(struct optee_call *call, u64 size)
{
	struct tee_device *teedev = call->optee->teedev;
	struct tee_context *ctx = teedev ? tee_device_get_context(teedev) : NULL;
	struct tee_shm *shm;

	if (!ctx || !size || size > OPTEE_RPC_SHM_MAX_SIZE)
		return NULL;
	shm = tee_shm_alloc_priv_buf(ctx, size);
	return IS_ERR(shm) ? NULL : shm;
}

/* Memory that the supplicant can reach, because it made it. */
static struct tee_shm *optee_rpc_alloc_supp(struct optee_call *call, u64 size)
{
	struct tee_param param = {
		.attr = TEE_IOCTL_PARAM_ATTR_TYPE_VALUE_INOUT,
		.u.value.a = OPTEE_RPC_SHM_TYPE_APPL,
		.u.value.b = size,
	};
	struct tee_shm *shm;

	if (!size || size > OPTEE_RPC_SHM_MAX_SIZE)
		return NULL;
	if (optee_supp_thrd_req(call, OPTEE_RPC_CMD_SHM_ALLOC, 1, &param))
		return NULL;

	shm = optee_supp_get_shm(&call->optee->supp, param.u.value.c);
	if (shm && shm->size < size) {
		tee_shm_put(shm);
		shm = NULL;
	}
	return shm;
}

/* Let the supplicant drop its part of @shm, whose reference is the caller's. */
static void optee_rpc_free_supp(struct optee_call *call, struct tee_shm *shm)
{
	struct tee_param param = {
		.attr = TEE_IOCTL_PARAM_ATTR_TYPE_VALUE_INPUT,
		.u.value.a = OPTEE_RPC_SHM_TYPE_APPL,
		.u.value.b = tee_shm_get_id(shm),
	};
	bool owned = optee_supp_owns(&call->optee->supp, shm);

	/* First, so that the last reference is the supplicant's own. */
	tee_shm_put(shm);
	if (owned && !call->in_reset)
		optee_supp_thrd_req(call, OPTEE_RPC_CMD_SHM_FREE, 1, &param);
}

static u32 optee_rpc_shm_alloc(struct optee_call *call, struct optee_msg_arg *arg)
{
	struct optee_msg_param *p = &arg->params[0];
	struct tee_shm *shm = NULL;
	bool appl = false;
	u64 buf_ptr;
	u64 cookie;

	/* Everything is aligned to pages. */
	if (!optee_rpc_is_value(arg, OPTEE_MSG_ATTR_TYPE_VALUE_INPUT) ||
	    p->u.value.c > PAGE_SIZE)
		return TEE_R_BAD_PARAMETERS;

	switch (p->u.value.a) {
	case OPTEE_RPC_SHM_TYPE_APPL:
		appl = !optee_supp_is_fallback(call->optee);
		if (appl)
			shm = optee_rpc_alloc_supp(call, p->u.value.b);
		/* From the start, or because the supplicant went meanwhile */
		if (!shm && optee_supp_is_fallback(call->optee)) {
			appl = false;
			shm = optee_rpc_alloc_kernel(call, p->u.value.b);
		}
		break;
	case OPTEE_RPC_SHM_TYPE_KERNEL:
		shm = optee_rpc_alloc_kernel(call, p->u.value.b);
		break;
	default:
		return TEE_R_BAD_PARAMETERS;
	}
	if (!shm)
		return TEE_R_OUT_OF_MEMORY;

	/* The list must be there when the call resumes; the last one was read. */
	optee_page_list_free(&call->list);
	call->was_lent = true;
	if (optee_page_list_alloc(&call->list, shm, &buf_ptr) ||
	    optee_rpc_shm_add(call, shm, appl, &cookie)) {
		if (appl)
			optee_rpc_free_supp(call, shm);
		else
			tee_shm_free(shm);
		return TEE_R_OUT_OF_MEMORY;
	}

	p->attr = OPTEE_MSG_ATTR_TYPE_TMEM_OUTPUT | OPTEE_MSG_ATTR_NONCONTIG;
	p->u.tmem.buf_ptr = buf_ptr;
	p->u.tmem.size = shm->size;
	p->u.tmem.shm_ref = cookie;
	return TEE_R_SUCCESS;
}

static u32 optee_rpc_shm_free(struct optee_call *call, const struct optee_msg_arg *arg)
{
	const struct optee_msg_param *p = &arg->params[0];
	struct tee_shm *shm;
	bool appl;

	if (!optee_rpc_is_value(arg, OPTEE_MSG_ATTR_TYPE_VALUE_INPUT) ||
	    (p->u.value.a != OPTEE_RPC_SHM_TYPE_APPL &&
	     p->u.value.a != OPTEE_RPC_SHM_TYPE_KERNEL))
		return TEE_R_BAD_PARAMETERS;

	/* How it was made counts, and not what it is called now. */
	shm = optee_rpc_shm_remove(call->optee, p->u.value.b, &appl);
	if (!shm)
		return TEE_R_BAD_PARAMETERS;
	if (appl)
		optee_rpc_free_supp(call, shm);
	else
		tee_shm_free(shm);
	return TEE_R_SUCCESS;
}

/* Memory by cookie; a range that leaves it is refused. */
static int optee_rpc_get_memref(struct optee *optee, struct tee_param_memref *m, u64 cookie,
				u64 offs, u64 size)
{
	struct tee_shm *shm = optee_shm_get_by_cookie(optee, cookie, /* lent: */ false);

	if (!shm)
		return -EINVAL;
	if (offs > shm->size || size > shm->size - offs) {
		tee_shm_put(shm);
		return -EINVAL;
	}
	m->shm = shm;
	m->shm_offs = offs;
	m->size = size;
	return 0;
}

/* An address: of nothing, or inside contiguous memory that was lent before. */
static int optee_rpc_get_tmem(struct optee *optee, struct tee_param_memref *m,
			      const struct optee_msg_param_tmem *tmem)
{
	struct tee_shm *shm;
	phys_addr_t pa = 0;
	int rc;

	if (!tmem->shm_ref)
		return tmem->buf_ptr || tmem->size ? -EINVAL : 0;

	shm = optee_shm_get_by_cookie(optee, tmem->shm_ref, /* lent: */ true);
	if (!shm)
		return -EINVAL;
	rc = shm->flags & TEE_SHM_PRIV ? tee_shm_get_pa(shm, 0, &pa) : -EINVAL;
	tee_shm_put(shm);
	if (rc || tmem->buf_ptr < pa)
		return -EINVAL;
	return optee_rpc_get_memref(optee, m, tmem->shm_ref, tmem->buf_ptr - pa, tmem->size);
}

static int optee_rpc_from_msg_param(struct optee *optee, struct tee_param *p,
				    const struct optee_msg_param *mp)
{
	switch (mp->attr) {
	case OPTEE_MSG_ATTR_TYPE_NONE:
		return 0;
	case OPTEE_MSG_ATTR_TYPE_VALUE_INPUT:
	case OPTEE_MSG_ATTR_TYPE_VALUE_OUTPUT:
	case OPTEE_MSG_ATTR_TYPE_VALUE_INOUT:
		p->attr = mp->attr - OPTEE_MSG_ATTR_TYPE_VALUE_INPUT +
			  TEE_IOCTL_PARAM_ATTR_TYPE_VALUE_INPUT;
		p->u.value.a = mp->u.value.a;
		p->u.value.b = mp->u.value.b;
		p->u.value.c = mp->u.value.c;
		return 0;
	case OPTEE_MSG_ATTR_TYPE_RMEM_INPUT:
	case OPTEE_MSG_ATTR_TYPE_RMEM_OUTPUT:
	case OPTEE_MSG_ATTR_TYPE_RMEM_INOUT:
		p->attr = mp->attr - OPTEE_MSG_ATTR_TYPE_RMEM_INPUT +
			  TEE_IOCTL_PARAM_ATTR_TYPE_MEMREF_INPUT;
		return optee_rpc_get_memref(optee, &p->u.memref, mp->u.rmem.shm_ref,
					    mp->u.rmem.offs, mp->u.rmem.size);
	case OPTEE_MSG_ATTR_TYPE_TMEM_INPUT:
	case OPTEE_MSG_ATTR_TYPE_TMEM_OUTPUT:
	case OPTEE_MSG_ATTR_TYPE_TMEM_INOUT:
		p->attr = mp->attr - OPTEE_MSG_ATTR_TYPE_TMEM_INPUT +
			  TEE_IOCTL_PARAM_ATTR_TYPE_MEMREF_INPUT;
		return optee_rpc_get_tmem(optee, &p->u.memref, &mp->u.tmem);
	default:
		return -EINVAL;
	}
}

/* Only outputs, and of memory only the size: the rest is the trusted OS's. */
static void optee_rpc_to_msg_param(struct optee_msg_param *mp, const struct tee_param *p)
{
	switch (p->attr) {
	case TEE_IOCTL_PARAM_ATTR_TYPE_VALUE_OUTPUT:
	case TEE_IOCTL_PARAM_ATTR_TYPE_VALUE_INOUT:
		mp->u.value.a = p->u.value.a;
		mp->u.value.b = p->u.value.b;
		mp->u.value.c = p->u.value.c;
		break;
	case TEE_IOCTL_PARAM_ATTR_TYPE_MEMREF_OUTPUT:
	case TEE_IOCTL_PARAM_ATTR_TYPE_MEMREF_INOUT:
		/* At the same place in TMEM and RMEM */
		mp->u.rmem.size = p->u.memref.size;
		break;
	default:
		break;
	}
}

/*
 * The supplicant checks the number of parameters for equality, a trusted OS may
 * fill up with empty ones: those are not passed on.
 */
static u32 optee_rpc_num_used_params(const struct optee_msg_arg *arg)
{
	u32 n = arg->num_params;

	while (n && arg->params[n - 1].attr == OPTEE_MSG_ATTR_TYPE_NONE)
		n--;
	return n;
}

static u32 optee_rpc_supp_cmd(struct optee_call *call, struct optee_msg_arg *arg)
{
	struct tee_param params[OPTEE_RPC_NUM_PARAMS] = {};
	u32 num_params = optee_rpc_num_used_params(arg);
	u32 ret = TEE_R_BAD_PARAMETERS;
	u32 n;

	for (n = 0; n < num_params; n++)
		if (optee_rpc_from_msg_param(call->optee, &params[n], &arg->params[n]))
			goto out_put;

	ret = optee_supp_thrd_req(call, arg->cmd, num_params, params);
	for (n = 0; n < num_params; n++)
		optee_rpc_to_msg_param(&arg->params[n], &params[n]);
out_put:
	for (n = 0; n < num_params; n++)
		if (tee_param_is_memref(&params[n]))
			tee_shm_put(params[n].u.memref.shm);
	return ret;
}

static u32 optee_rpc_serve(struct optee_call *call, struct optee_msg_arg *arg)
{
	switch (arg->cmd) {
	case OPTEE_RPC_CMD_GET_TIME:
		return optee_rpc_get_time(arg);
	case OPTEE_RPC_CMD_NOTIFICATION:
		return optee_rpc_notification(call, arg);
	case OPTEE_RPC_CMD_SUSPEND:
		return optee_rpc_suspend(call, arg);
	case OPTEE_RPC_CMD_SHM_ALLOC:
		return optee_rpc_shm_alloc(call, arg);
	case OPTEE_RPC_CMD_SHM_FREE:
		return optee_rpc_shm_free(call, arg);
	case OPTEE_RPC_CMD_I2C_TRANSFER:
	case OPTEE_RPC_CMD_RPMB_PROBE_RESET:
		return TEE_R_NOT_SUPPORTED;
	case OPTEE_RPC_CMD_RPMB_PROBE_NEXT:
	case OPTEE_RPC_CMD_RPMB_FRAMES:
		return TEE_R_ITEM_NOT_FOUND;
	default:
		return optee_rpc_supp_cmd(call, arg);
	}
}

void optee_rpc_cmd(struct optee_call *call, struct optee_msg_arg *msg)
{
	union optee_rpc_msg m;
	u32 ret = TEE_R_BAD_PARAMETERS;

	optee_copy_shared(&m, msg, sizeof(m));
	if (m.arg.num_params <= OPTEE_RPC_NUM_PARAMS) {
		ret = optee_rpc_serve(call, &m.arg);
		memcpy(msg->params, m.arg.params,
		       m.arg.num_params * sizeof(struct optee_msg_param));
	}
	WRITE_ONCE(msg->ret, ret);
}

void optee_rpc_finalize_call(struct optee_call *call)
{
	struct tee_shm *shm;
	bool appl;

	if (!call->was_lent)
		return;
	optee_page_list_free(&call->list);
	while ((shm = optee_rpc_shm_remove_any(call, &appl))) {
		if (appl)
			optee_rpc_free_supp(call, shm);
		else
			tee_shm_free(shm);
	}
}
