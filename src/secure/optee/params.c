/* SPDX-License-Identifier: BSD-2-Clause */
#include "secure/optee/params.h"

#include "abi/tee_result.h"
#include "secure/common/shared.h"
#include "secure/optee/mobj.h"
#include "secure/optee/world.h"

/* --- decoding; facts of OPTEE_MSG: bits above the type are all meaningful --- */

static uint32_t decode_range(struct ta_param *p, struct mobj *mobj, uint64_t offset,
			     uint64_t size)
{
	p->u.mem.mobj = mobj;
	if (offset > mobj_size(mobj) || size > mobj_size(mobj) - offset)
		return TEE_R_SECURITY;
	p->u.mem.offset = offset;
	p->u.mem.size = size;
	p->u.mem.ret_size = size;
	return TEE_R_SUCCESS;
}

static uint32_t decode_rmem(struct thread *thread, const struct optee_msg_param_rmem *rmem,
			    struct ta_param *p)
{
	struct mobj *mobj = shm_table_get(&thread->world->shm, rmem->shm_ref);

	return mobj ? decode_range(p, mobj, rmem->offs, rmem->size) : TEE_R_BAD_PARAMETERS;
}

/*
 * Contiguous memory is protected memory, because there is no reserved pool; or it is
 * none. No byte of protected memory is none, too, but of an address that must be.
 */
static uint32_t decode_tmem(struct thread *thread, const struct optee_msg_param_tmem *tmem,
			    struct ta_param *p)
{
	struct mobj *mobj;
	uint32_t res;

	p->u.mem.mobj = NULL;
	p->u.mem.offset = 0;
	p->u.mem.size = 0;
	p->u.mem.ret_size = 0;
	if (!tmem->buf_ptr && !tmem->size)
		return TEE_R_SUCCESS;
	if (!tmem->size)
		return optee_world_has_protected(thread->world, tmem->buf_ptr) ?
			       TEE_R_SUCCESS : TEE_R_BAD_PARAMETERS;
	res = mobj_new_protected(thread->world, tmem->buf_ptr, tmem->size, &mobj);
	return res == TEE_R_SUCCESS ? decode_range(p, mobj, 0, tmem->size) : res;
}

static uint32_t decode_noncontig(struct thread *thread, const struct optee_msg_param_tmem *tmem,
				 struct ta_param *p)
{
	struct mobj *mobj;
	uint32_t res;

	res = mobj_new_noncontig(thread->world, tmem->buf_ptr, tmem->size, &mobj);
	return res == TEE_R_SUCCESS ? decode_range(p, mobj, 0, tmem->size) : res;
}

static uint32_t param_decode(struct thread *thread, const struct optee_msg_param *msg,
			     struct ta_param *p)
{
	switch (msg->attr) {
	case OPTEE_MSG_ATTR_TYPE_NONE:
		p->type = PARAM_NONE;
		return TEE_R_SUCCESS;
	case OPTEE_MSG_ATTR_TYPE_VALUE_INPUT:
	case OPTEE_MSG_ATTR_TYPE_VALUE_OUTPUT:
	case OPTEE_MSG_ATTR_TYPE_VALUE_INOUT:
		p->type = (enum param_type)msg->attr;
		p->u.value.a = (uint32_t)msg->u.value.a;
		p->u.value.b = (uint32_t)msg->u.value.b;
		return TEE_R_SUCCESS;
	case OPTEE_MSG_ATTR_TYPE_RMEM_INPUT:
	case OPTEE_MSG_ATTR_TYPE_RMEM_OUTPUT:
	case OPTEE_MSG_ATTR_TYPE_RMEM_INOUT:
		p->type = (enum param_type)msg->attr;
		p->u.mem.mobj = NULL;
		return decode_rmem(thread, &msg->u.rmem, p);
	case OPTEE_MSG_ATTR_TYPE_TMEM_INPUT:
	case OPTEE_MSG_ATTR_TYPE_TMEM_OUTPUT:
	case OPTEE_MSG_ATTR_TYPE_TMEM_INOUT:
		p->type = (enum param_type)(msg->attr - OPTEE_MSG_ATTR_TYPE_TMEM_INPUT +
					    PARAM_MEMREF_INPUT);
		return decode_tmem(thread, &msg->u.tmem, p);
	case OPTEE_MSG_ATTR_TYPE_TMEM_INPUT | OPTEE_MSG_ATTR_NONCONTIG:
	case OPTEE_MSG_ATTR_TYPE_TMEM_OUTPUT | OPTEE_MSG_ATTR_NONCONTIG:
	case OPTEE_MSG_ATTR_TYPE_TMEM_INOUT | OPTEE_MSG_ATTR_NONCONTIG:
		p->type = (enum param_type)((msg->attr & OPTEE_MSG_ATTR_TYPE_MASK) -
					    OPTEE_MSG_ATTR_TYPE_TMEM_INPUT + PARAM_MEMREF_INPUT);
		p->u.mem.mobj = NULL;
		return decode_noncontig(thread, &msg->u.tmem, p);
	default:
		return TEE_R_BAD_PARAMETERS;
	}
}

uint32_t params_decode(struct thread *thread, const struct optee_msg_param *msg, size_t n,
		       struct ta_params *ret)
{
	ret->types = 0;
	ret->has_memory = false;
	ret->has_protected = false;
	for (size_t i = 0; i < PARAMS_MAX; i++)
		ret->p[i].type = PARAM_NONE;
	if (n > PARAMS_MAX)
		return TEE_R_BAD_PARAMETERS;

	for (size_t i = 0; i < n; i++) {
		uint32_t res = param_decode(thread, &msg[i], &ret->p[i]);

		if (param_is_memref(&ret->p[i])) {
			ret->has_memory = true;
			if (ret->p[i].u.mem.mobj && mobj_is_protected(ret->p[i].u.mem.mobj))
				ret->has_protected = true;
		}
		if (res != TEE_R_SUCCESS) {
			params_put(thread, ret);
			return res;
		}
		ret->types |= (uint32_t)ret->p[i].type << (4 * i);
	}
	return TEE_R_SUCCESS;
}

void params_put(struct thread *thread, struct ta_params *params)
{
	if (!params->has_memory)
		return;
	for (size_t i = 0; i < PARAMS_MAX; i++) {
		struct ta_param *p = &params->p[i];

		if (param_is_memref(p) && p->u.mem.mobj) {
			mobj_put(thread, p->u.mem.mobj);
			p->u.mem.mobj = NULL;
		}
	}
}

void params_write_back(const struct ta_params *params, struct optee_msg_param *msg, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		const struct ta_param *p = &params->p[i];

		switch (p->type) {
		case PARAM_VALUE_OUTPUT:
		case PARAM_VALUE_INOUT:
			SHARED_WRITE(msg[i].u.value.a, p->u.value.a);
			SHARED_WRITE(msg[i].u.value.b, p->u.value.b);
			break;
		case PARAM_MEMREF_OUTPUT:
		case PARAM_MEMREF_INOUT:
			/* At the same place in TMEM and RMEM */
			SHARED_WRITE(msg[i].u.rmem.size, p->u.mem.ret_size);
			break;
		case PARAM_NONE:
		case PARAM_VALUE_INPUT:
		case PARAM_MEMREF_INPUT:
			break;
		}
	}
}

uint32_t param_va(struct thread *thread, const struct ta_param *p, uint8_t **ret_va)
{
	uint8_t *va;

	*ret_va = NULL;
	if (!p->u.mem.mobj)
		return TEE_R_SUCCESS;
	va = mobj_va(thread->world, p->u.mem.mobj);
	if (!va)
		return TEE_R_OUT_OF_MEMORY;
	*ret_va = va + p->u.mem.offset;
	return TEE_R_SUCCESS;
}
