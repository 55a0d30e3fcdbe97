/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Parameters: from a TEEC_Operation to an ioctl and back
 *
 * A value travels as it is. A memory reference becomes offset, size and shm id;
 * what a temporary one refers to is shared for this call only. Where a block
 * has a shadow (shm.c), bytes are copied in for every direction: an output
 * buffer that the TA writes only in part keeps the rest, as if it were shared.
 */
#include "teec.h"

/* Input, output, both: 1, 2, 3 in every numbering, at the low end of a nibble */
#define DIRECTION(type) ((type) & TEEC_MEM_INOUT)
#define MEMREF_ATTR(direction) \
	(TEE_IOCTL_PARAM_ATTR_TYPE_MEMREF_INPUT - TEEC_MEM_INPUT + (direction))

ABI_ASSERT(DIRECTION(TEEC_MEMREF_TEMP_INPUT) == TEEC_MEM_INPUT &&
		   DIRECTION(TEEC_MEMREF_TEMP_OUTPUT) == TEEC_MEM_OUTPUT &&
		   DIRECTION(TEEC_MEMREF_TEMP_INOUT) == TEEC_MEM_INOUT &&
		   DIRECTION(TEEC_MEMREF_PARTIAL_INPUT) == TEEC_MEM_INPUT &&
		   DIRECTION(TEEC_MEMREF_PARTIAL_OUTPUT) == TEEC_MEM_OUTPUT &&
		   DIRECTION(TEEC_MEMREF_PARTIAL_INOUT) == TEEC_MEM_INOUT,
	   "directions of the parameter types");
ABI_ASSERT(MEMREF_ATTR(TEEC_MEM_OUTPUT) == TEE_IOCTL_PARAM_ATTR_TYPE_MEMREF_OUTPUT &&
		   MEMREF_ATTR(TEEC_MEM_INOUT) == TEE_IOCTL_PARAM_ATTR_TYPE_MEMREF_INOUT,
	   "directions of the memref attributes");
ABI_ASSERT(TEEC_VALUE_INPUT == TEE_IOCTL_PARAM_ATTR_TYPE_VALUE_INPUT &&
		   TEEC_VALUE_OUTPUT == TEE_IOCTL_PARAM_ATTR_TYPE_VALUE_OUTPUT &&
		   TEEC_VALUE_INOUT == TEE_IOCTL_PARAM_ATTR_TYPE_VALUE_INOUT,
	   "value types are their attributes");

static size_t min_size(uint64_t a, size_t b)
{
	return a < b ? (size_t)a : b;
}

static void value_in(uint32_t type, const TEEC_Value *value, struct tee_ioctl_param *param)
{
	param->attr = type;
	if (DIRECTION(type) & TEEC_MEM_INPUT) {
		param->a = value->a;
		param->b = value->b;
	}
}

static TEEC_Result temp_in(TEEC_Context *ctx, uint32_t direction,
			   const TEEC_TempMemoryReference *ref, struct tee_ioctl_param *param,
			   TEEC_SharedMemory *shm, bool *ret_shared)
{
	TEEC_Result res;

	param->attr = MEMREF_ATTR(direction);
	param->b = ref->size;
	if (!ref->buffer && ref->size)
		return TEEC_ERROR_BAD_PARAMETERS;
	if (!ref->buffer && ctx->imp.memref_null) {
		param->c = TEE_MEMREF_NULL;
		return TEEC_SUCCESS;
	}

	*shm = (TEEC_SharedMemory){
		.buffer = ref->buffer,
		.size = ref->size,
		.flags = direction,
	};
	if (ref->buffer)
		res = TEEC_RegisterSharedMemory(ctx, shm);
	else
		res = TEEC_AllocateSharedMemory(ctx, shm);
	if (res != TEEC_SUCCESS)
		return res;

	*ret_shared = true;
	teec_shm_push(shm, 0, shm->size);
	param->c = (uint64_t)shm->imp.id;
	return TEEC_SUCCESS;
}

static TEEC_Result registered_in(uint32_t direction, const TEEC_SharedMemory *shm,
				 size_t offset, size_t size, struct tee_ioctl_param *param)
{
	/* The id of a released block would read as TEE_MEMREF_NULL. */
	if (shm->imp.id <= 0)
		return TEEC_ERROR_BAD_PARAMETERS;
	if (!direction || (shm->flags & direction) != direction)
		return TEEC_ERROR_BAD_PARAMETERS;
	if (offset > shm->size || size > shm->size - offset)
		return TEEC_ERROR_BAD_PARAMETERS;

	teec_shm_push(shm, offset, size);
	param->attr = MEMREF_ATTR(direction);
	param->a = offset;
	param->b = size;
	param->c = (uint64_t)shm->imp.id;
	return TEEC_SUCCESS;
}

static TEEC_Result param_in(TEEC_Context *ctx, uint32_t type, const TEEC_Parameter *from,
			    struct tee_ioctl_param *param, TEEC_SharedMemory *temp,
			    bool *ret_shared)
{
	const TEEC_RegisteredMemoryReference *ref = &from->memref;

	switch (type) {
	case TEEC_NONE:
		return TEEC_SUCCESS;
	case TEEC_VALUE_INPUT:
	case TEEC_VALUE_OUTPUT:
	case TEEC_VALUE_INOUT:
		value_in(type, &from->value, param);
		return TEEC_SUCCESS;
	case TEEC_MEMREF_TEMP_INPUT:
	case TEEC_MEMREF_TEMP_OUTPUT:
	case TEEC_MEMREF_TEMP_INOUT:
		return temp_in(ctx, DIRECTION(type), &from->tmpref, param, temp, ret_shared);
	case TEEC_MEMREF_WHOLE:
		if (!ref->parent)
			return TEEC_ERROR_BAD_PARAMETERS;
		return registered_in(DIRECTION(ref->parent->flags), ref->parent, 0,
				     ref->parent->size, param);
	case TEEC_MEMREF_PARTIAL_INPUT:
	case TEEC_MEMREF_PARTIAL_OUTPUT:
	case TEEC_MEMREF_PARTIAL_INOUT:
		if (!ref->parent)
			return TEEC_ERROR_BAD_PARAMETERS;
		return registered_in(DIRECTION(type), ref->parent, ref->offset, ref->size, param);
	default:
		return TEEC_ERROR_BAD_PARAMETERS;
	}
}

TEEC_Result teec_params_in(TEEC_Context *ctx, const TEEC_Operation *operation,
			   struct tee_ioctl_param *params, struct teec_temps *temps)
{
	temps->types = operation ? operation->paramTypes : 0;
	temps->used = 0;
	if (!temps->types)
		return TEEC_SUCCESS;

	for (unsigned int i = 0; i < TEEC_CONFIG_PAYLOAD_REF_COUNT; i++) {
		bool shared = false;
		TEEC_Result res;

		res = param_in(ctx, TEEC_PARAM_TYPE_GET(temps->types, i), &operation->params[i],
			       &params[i], &temps->shm[i], &shared);
		if (shared)
			temps->used |= 1u << i;
		if (res != TEEC_SUCCESS) {
			teec_params_release(temps);
			return res;
		}
	}
	return TEEC_SUCCESS;
}

static void param_out(uint32_t type, TEEC_Parameter *to, const struct tee_ioctl_param *param,
		      const TEEC_SharedMemory *temp)
{
	TEEC_RegisteredMemoryReference *ref = &to->memref;

	switch (type) {
	case TEEC_VALUE_OUTPUT:
	case TEEC_VALUE_INOUT:
		to->value.a = (uint32_t)param->a;
		to->value.b = (uint32_t)param->b;
		break;
	case TEEC_MEMREF_TEMP_OUTPUT:
	case TEEC_MEMREF_TEMP_INOUT:
		if (temp)
			teec_shm_pull(temp, 0, min_size(param->b, temp->size));
		to->tmpref.size = min_size(param->b, SIZE_MAX);
		break;
	case TEEC_MEMREF_WHOLE:
		if (!(ref->parent->flags & TEEC_MEM_OUTPUT))
			break;
		teec_shm_pull(ref->parent, 0, min_size(param->b, ref->parent->size));
		ref->size = min_size(param->b, SIZE_MAX);
		break;
	case TEEC_MEMREF_PARTIAL_OUTPUT:
	case TEEC_MEMREF_PARTIAL_INOUT:
		teec_shm_pull(ref->parent, ref->offset, min_size(param->b, ref->size));
		ref->size = min_size(param->b, SIZE_MAX);
		break;
	default:
		break;
	}
}

void teec_params_out(TEEC_Operation *operation, const struct tee_ioctl_param *params,
		     struct teec_temps *temps)
{
	if (!temps->types)
		return;
	for (unsigned int i = 0; i < TEEC_CONFIG_PAYLOAD_REF_COUNT; i++)
		param_out(TEEC_PARAM_TYPE_GET(temps->types, i), &operation->params[i], &params[i],
			  temps->used & (1u << i) ? &temps->shm[i] : NULL);
	teec_params_release(temps);
}

void teec_params_release(struct teec_temps *temps)
{
	for (unsigned int i = 0; i < TEEC_CONFIG_PAYLOAD_REF_COUNT; i++) {
		if (temps->used & (1u << i))
			TEEC_ReleaseSharedMemory(&temps->shm[i]);
	}
	temps->used = 0;
}
