/* SPDX-License-Identifier: BSD-2-Clause */
#include "secure/optee/rpc.h"

#include <string.h>

#include "abi/optee_smc.h"
#include "abi/tee_result.h"
#include "secure/common/shared.h"
#include "secure/optee/mobj.h"
#include "secure/optee/thread.h"
#include "secure/optee/world.h"

static uint64_t reg_pair(const struct smc_regs *regs, unsigned int hi, unsigned int lo)
{
	return (uint64_t)(uint32_t)regs->a[hi] << 32 | (uint32_t)regs->a[lo];
}

/* --- the message --- */

static void rpc_func_free(struct thread *thread, uint64_t cookie)
{
	thread_rpc(thread, OPTEE_SMC_RPC_FUNC_FREE, cookie >> 32, (uint32_t)cookie);
}

/* For a call that brought no room for it; 0 is the address of nothing. */
static uint32_t rpc_alloc_msg(struct thread *thread)
{
	struct mem *mem = thread->world->mem;
	struct thread_rpc *rpc = &thread->rpc;
	uint64_t pa;
	void *va;

	thread_rpc(thread, OPTEE_SMC_RPC_FUNC_ALLOC,
		   OPTEE_MSG_GET_ARG_SIZE(OPTEE_RPC_NUM_PARAMS), 0);
	pa = reg_pair(&thread->regs, 1, 2);
	rpc->cookie = reg_pair(&thread->regs, 4, 5);
	if (!pa)
		return TEE_R_OUT_OF_MEMORY;
	if (pa % MEM_PAGE_SIZE || mem_page_map(mem, pa, &rpc->region, &va) < 0) {
		rpc_func_free(thread, rpc->cookie);
		return TEE_R_GENERIC;
	}
	rpc->msg = va;
	return TEE_R_SUCCESS;
}

void rpc_end(struct thread *thread)
{
	struct thread_rpc *rpc = &thread->rpc;

	if (rpc->region) {
		mem_page_unmap(thread->world->mem, rpc->region, rpc->msg);
		rpc_func_free(thread, rpc->cookie);
	}
	*rpc = (struct thread_rpc){ .msg = NULL };
}

uint32_t rpc_cmd(struct thread *thread, uint32_t cmd, struct optee_msg_param *params, size_t n)
{
	struct thread_rpc *rpc = &thread->rpc;
	struct optee_msg_arg *msg;
	uint32_t ret;

	if (!rpc->msg) {
		ret = rpc_alloc_msg(thread);
		if (ret != TEE_R_SUCCESS)
			return ret;
	}
	msg = rpc->msg;
	memset(msg, 0, OPTEE_MSG_GET_ARG_SIZE(OPTEE_RPC_NUM_PARAMS));
	msg->cmd = cmd;
	msg->ret = TEE_R_GENERIC;
	msg->num_params = (uint32_t)n;
	memcpy(msg->params, params, n * sizeof(*params));

	thread_rpc(thread, OPTEE_SMC_RPC_FUNC_CMD, rpc->cookie >> 32, (uint32_t)rpc->cookie);

	shared_copy_in(params, msg->params, n * sizeof(*params));
	return SHARED_READ(msg->ret);
}

/* --- what a kernel serves --- */

uint32_t rpc_get_time(struct thread *thread, uint64_t *ret_s, uint32_t *ret_ns)
{
	struct optee_msg_param param = { .attr = OPTEE_MSG_ATTR_TYPE_VALUE_OUTPUT };
	uint32_t ret = rpc_cmd(thread, OPTEE_RPC_CMD_GET_TIME, &param, 1);

	if (ret != TEE_R_SUCCESS)
		return ret;
	if (param.u.value.b >= 1000000000)
		return TEE_R_GENERIC;
	*ret_s = param.u.value.a;
	*ret_ns = (uint32_t)param.u.value.b;
	return TEE_R_SUCCESS;
}

uint32_t rpc_suspend(struct thread *thread, uint32_t ms)
{
	struct optee_msg_param param = {
		.attr = OPTEE_MSG_ATTR_TYPE_VALUE_INPUT,
		.u.value.a = ms,
	};

	return rpc_cmd(thread, OPTEE_RPC_CMD_SUSPEND, &param, 1);
}

uint32_t rpc_notify(struct thread *thread, uint32_t op, uint32_t value, uint32_t timeout_ms)
{
	struct optee_msg_param param = {
		.attr = OPTEE_MSG_ATTR_TYPE_VALUE_INPUT,
		.u.value = { .a = op, .b = value, .c = timeout_ms },
	};

	return rpc_cmd(thread, OPTEE_RPC_CMD_NOTIFICATION, &param, 1);
}

/* --- memory --- */

static void rpc_shm_give_back(struct thread *thread, uint32_t type, uint64_t cookie)
{
	struct optee_msg_param param = {
		.attr = OPTEE_MSG_ATTR_TYPE_VALUE_INPUT,
		.u.value = { .a = type, .b = cookie },
	};

	/* Nothing to be done about a refusal; the buffer is the normal world's. */
	(void)rpc_cmd(thread, OPTEE_RPC_CMD_SHM_FREE, &param, 1);
}

uint32_t rpc_shm_alloc(struct thread *thread, uint32_t type, size_t size,
		       struct mobj **ret_mobj, uint64_t *ret_cookie)
{
	struct optee_msg_param param = {
		.attr = OPTEE_MSG_ATTR_TYPE_VALUE_INPUT,
		.u.value = { .a = type, .b = size, .c = MEM_PAGE_SIZE },
	};
	const struct optee_msg_param_tmem *tmem = &param.u.tmem;
	struct mobj *mobj;
	uint32_t ret;

	ret = rpc_cmd(thread, OPTEE_RPC_CMD_SHM_ALLOC, &param, 1);
	if (ret != TEE_R_SUCCESS)
		return ret;

	if (tmem->size < size)
		ret = TEE_R_GENERIC;
	else if (param.attr == (OPTEE_MSG_ATTR_TYPE_TMEM_OUTPUT | OPTEE_MSG_ATTR_NONCONTIG))
		ret = mobj_new_noncontig(thread->world, tmem->buf_ptr, tmem->size, &mobj);
	else if (param.attr == OPTEE_MSG_ATTR_TYPE_TMEM_OUTPUT)
		ret = mobj_new_page(thread->world, tmem->buf_ptr, tmem->size, &mobj);
	else
		ret = TEE_R_GENERIC;
	if (ret != TEE_R_SUCCESS) {
		/* An answer of another kind names no buffer that could go back. */
		if ((param.attr & OPTEE_MSG_ATTR_TYPE_MASK) == OPTEE_MSG_ATTR_TYPE_TMEM_OUTPUT)
			rpc_shm_give_back(thread, type, tmem->shm_ref);
		return ret;
	}
	*ret_mobj = mobj;
	*ret_cookie = tmem->shm_ref;
	return TEE_R_SUCCESS;
}

void rpc_shm_free(struct thread *thread, uint32_t type, struct mobj *mobj, uint64_t cookie)
{
	mobj_put(thread, mobj);
	rpc_shm_give_back(thread, type, cookie);
}
