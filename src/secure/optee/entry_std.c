/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Yielding calls: from the registers to the message, and what the message says
 *
 * The message lies in shared memory. Its head and its parameters are copied once;
 * what goes back is written field by field to where the copy came from.
 */
#include <string.h>

#include "abi/optee_msg.h"
#include "abi/optee_rpc.h"
#include "abi/optee_smc.h"
#include "abi/tee_result.h"
#include "secure/common/shared.h"
#include "secure/optee/mobj.h"
#include "secure/optee/params.h"
#include "secure/optee/rpc.h"
#include "secure/optee/session.h"
#include "secure/optee/world.h"

#define META_PARAMS 2u
#define RPC_MSG_SIZE OPTEE_MSG_GET_ARG_SIZE(OPTEE_RPC_NUM_PARAMS)

/* A message: where it is, and the copy of its head */
struct message {
	struct optee_msg_arg *shared;
	struct optee_msg_arg head;
};

static void message_set_result(const struct message *msg, uint32_t res, uint32_t origin)
{
	SHARED_WRITE(msg->shared->ret, res);
	SHARED_WRITE(msg->shared->ret_origin, origin);
}

/* The @n parameters from @first on, which are in the message, copied to @params */
static void message_copy_params(const struct message *msg, struct optee_msg_param *params,
				uint32_t first, uint32_t n)
{
	shared_copy_in(params, msg->shared->params + first, n * sizeof(*params));
}

/* --- sessions --- */

/* USER, GROUP and APPLICATION are the normal world's word; the others have no UUID. */
static uint32_t get_client(const struct optee_msg_param *meta, struct session_client *client)
{
	uint64_t login = meta->u.value.c;

	switch (login) {
	case OPTEE_MSG_LOGIN_PUBLIC:
	case OPTEE_MSG_LOGIN_REE_KERNEL:
		memset(client->uuid, 0, sizeof(client->uuid));
		break;
	case OPTEE_MSG_LOGIN_USER:
	case OPTEE_MSG_LOGIN_GROUP:
	case OPTEE_MSG_LOGIN_APPLICATION:
	case OPTEE_MSG_LOGIN_APPLICATION_USER:
	case OPTEE_MSG_LOGIN_APPLICATION_GROUP:
		memcpy(client->uuid, meta->u.octets, sizeof(client->uuid));
		break;
	default:
		return TEE_R_BAD_PARAMETERS;
	}
	client->login = (uint32_t)login;
	return TEE_R_SUCCESS;
}

static uint32_t open_session(struct thread *thread, const struct message *msg, uint32_t *session,
			     uint32_t *origin)
{
	const uint64_t meta = OPTEE_MSG_ATTR_TYPE_VALUE_INPUT | OPTEE_MSG_ATTR_META;
	struct optee_msg_param copy[META_PARAMS + PARAMS_MAX];
	uint32_t n = msg->head.num_params;
	struct session_client client;
	struct ta_params params;
	uint32_t res;

	if (n < META_PARAMS || n > META_PARAMS + PARAMS_MAX)
		return TEE_R_BAD_PARAMETERS;
	message_copy_params(msg, copy, 0, n);
	if (copy[0].attr != meta || copy[1].attr != meta)
		return TEE_R_BAD_PARAMETERS;
	res = get_client(&copy[1], &client);
	if (res != TEE_R_SUCCESS)
		return res;
	n -= META_PARAMS;
	res = params_decode(thread, copy + META_PARAMS, n, &params);
	if (res != TEE_R_SUCCESS)
		return res;
	res = session_open(thread, copy[0].u.octets, &client, &params, session, origin);
	params_write_back(&params, msg->shared->params + META_PARAMS, n);
	params_put(thread, &params);
	return res;
}

static void entry_open_session(struct thread *thread, const struct message *msg)
{
	uint32_t origin = TEE_R_ORIGIN_TEE;
	uint32_t session = 0;
	uint32_t res = open_session(thread, msg, &session, &origin);

	SHARED_WRITE(msg->shared->session, session);
	message_set_result(msg, res, origin);
}

static uint32_t invoke(struct thread *thread, const struct message *msg, uint32_t *origin)
{
	struct optee_msg_param copy[PARAMS_MAX];
	uint32_t n = msg->head.num_params;
	struct ta_params params;
	uint32_t res;

	if (n > PARAMS_MAX)
		return TEE_R_BAD_PARAMETERS;
	message_copy_params(msg, copy, 0, n);
	res = params_decode(thread, copy, n, &params);
	if (res != TEE_R_SUCCESS)
		return res;
	res = session_invoke(thread, msg->head.session, msg->head.func, &params, origin);
	params_write_back(&params, msg->shared->params, n);
	params_put(thread, &params);
	return res;
}

static void entry_invoke(struct thread *thread, const struct message *msg)
{
	uint32_t origin = TEE_R_ORIGIN_TEE;
	uint32_t res = invoke(thread, msg, &origin);

	message_set_result(msg, res, origin);
}

/* --- shared memory --- */

static uint32_t register_shm(struct thread *thread, const struct message *msg)
{
	struct optee_world *world = thread->world;
	struct optee_msg_param param;
	struct mobj *mobj;
	uint32_t res;

	if (msg->head.num_params != 1)
		return TEE_R_BAD_PARAMETERS;
	message_copy_params(msg, &param, 0, 1);
	if (param.attr != (OPTEE_MSG_ATTR_TYPE_TMEM_OUTPUT | OPTEE_MSG_ATTR_NONCONTIG))
		return TEE_R_BAD_PARAMETERS;
	res = mobj_new_noncontig(world, param.u.tmem.buf_ptr, param.u.tmem.size, &mobj);
	if (res != TEE_R_SUCCESS)
		return res;
	res = shm_table_add(&world->shm, mobj, param.u.tmem.shm_ref);
	if (res != TEE_R_SUCCESS)
		mobj_put(thread, mobj);
	return res;
}

static uint32_t unregister_shm(struct thread *thread, const struct message *msg)
{
	struct optee_msg_param param;

	if (msg->head.num_params != 1)
		return TEE_R_BAD_PARAMETERS;
	message_copy_params(msg, &param, 0, 1);
	return shm_table_remove(thread, param.u.rmem.shm_ref);
}

/* --- messages --- */

static uint32_t entry_message(struct thread *thread, const struct message *msg)
{
	bool bare = msg->head.num_params == 0;
	uint32_t res;

	switch (msg->head.cmd) {
	case OPTEE_MSG_CMD_OPEN_SESSION:
		entry_open_session(thread, msg);
		return OPTEE_SMC_RETURN_OK;
	case OPTEE_MSG_CMD_INVOKE_COMMAND:
		entry_invoke(thread, msg);
		return OPTEE_SMC_RETURN_OK;
	case OPTEE_MSG_CMD_CLOSE_SESSION:
		res = bare ? session_close(thread, msg->head.session) : TEE_R_BAD_PARAMETERS;
		break;
	case OPTEE_MSG_CMD_CANCEL:
		res = bare ? session_cancel(thread, msg->head.session) : TEE_R_BAD_PARAMETERS;
		break;
	case OPTEE_MSG_CMD_REGISTER_SHM:
		res = register_shm(thread, msg);
		break;
	case OPTEE_MSG_CMD_UNREGISTER_SHM:
		res = unregister_shm(thread, msg);
		break;
	default:
		return OPTEE_SMC_RETURN_EBADCMD;
	}
	message_set_result(msg, res, TEE_R_ORIGIN_TEE);
	return OPTEE_SMC_RETURN_OK;
}

/*
 * The message at @shared, with @room bytes from there on. @with_rpc: the RPC message
 * stands behind it.
 */
static uint32_t entry_with_room(struct thread *thread, void *shared, size_t room, bool with_rpc)
{
	struct message msg = { .shared = shared };
	size_t size;
	uint32_t ret;

	if (room < sizeof(msg.head))
		return OPTEE_SMC_RETURN_EBADADDR;
	shared_enter(shared);
	shared_copy_in(&msg.head, shared, sizeof(msg.head));
	if (msg.head.num_params > OPTEE_MSG_MAX_NUM_PARAMS)
		return OPTEE_SMC_RETURN_EBADADDR;
	size = OPTEE_MSG_GET_ARG_SIZE(msg.head.num_params);
	if (size > room || (with_rpc && RPC_MSG_SIZE > room - size))
		return OPTEE_SMC_RETURN_EBADADDR;
	if (with_rpc)
		thread->rpc.msg = (void *)((uint8_t *)shared + size);
	ret = entry_message(thread, &msg);
	rpc_end(thread);
	shared_leave(shared);
	return ret;
}

/* A page of the normal world that begins with the message */
static uint32_t entry_with_page(struct thread *thread, uint64_t pa, bool with_rpc)
{
	struct mem *mem = thread->world->mem;
	struct mem_region *region;
	uint32_t ret;
	void *va;

	if (pa % MEM_PAGE_SIZE)
		return OPTEE_SMC_RETURN_EBADADDR;
	if (mem_page_map(mem, pa, &region, &va) < 0)
		return OPTEE_SMC_RETURN_ENOMEM;
	ret = entry_with_room(thread, va, MEM_PAGE_SIZE, with_rpc);
	mem_page_unmap(mem, region, va);
	return ret;
}

static uint32_t entry_with_cookie(struct thread *thread, uint64_t cookie, uint32_t offset)
{
	struct mobj *mobj = shm_table_get(&thread->world->shm, cookie);
	uint32_t ret = OPTEE_SMC_RETURN_EBADADDR;
	uint8_t *va;

	if (!mobj)
		return OPTEE_SMC_RETURN_EBADADDR;
	thread->arg_mobj = mobj;
	if (offset <= mobj_size(mobj)) {
		va = mobj_va(thread->world, mobj);
		if (!va)
			ret = OPTEE_SMC_RETURN_ENOMEM;
		else if ((uintptr_t)(va + offset) % _Alignof(struct optee_msg_arg) == 0)
			ret = entry_with_room(thread, va + offset, mobj_size(mobj) - offset,
					      /* with_rpc: */ true);
	}
	thread->arg_mobj = NULL;
	/* May wake who waits for it, by an RPC that cannot use this memory any more. */
	mobj_put(thread, mobj);
	rpc_end(thread);
	return ret;
}

void entry_std(struct thread *thread)
{
	const struct smc_regs in = thread->regs;
	uint64_t where = (uint64_t)(uint32_t)in.a[1] << 32 | (uint32_t)in.a[2];
	uint32_t ret;

	switch ((uint32_t)in.a[0]) {
	case OPTEE_SMC_CALL_WITH_ARG:
		ret = entry_with_page(thread, where, /* with_rpc: */ false);
		break;
	case OPTEE_SMC_CALL_WITH_RPC_ARG:
		ret = entry_with_page(thread, where, /* with_rpc: */ true);
		break;
	default:
		ret = entry_with_cookie(thread, where, (uint32_t)in.a[3]);
		break;
	}
	thread->regs = in;
	thread->regs.a[0] = ret;
}
