/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The device PTA: which services are devices on the normal world's TEE bus
 *
 * Each command writes the UUIDs, as octets, of those with one flag. A buffer that
 * is too short, or none, gets the size that is needed.
 */
#include <string.h>

#include "abi/tee_result.h"
#include "secure/optee/params.h"
#include "secure/optee/pta.h"
#include "secure/optee/ta_manager.h"

#define CMD_GET_DEVICES 0u
#define CMD_GET_DEVICES_SUPP 1u
#define CMD_GET_DEVICES_RPMB 2u

static uint32_t get_devices(struct thread *thread, struct ta_params *params, uint32_t flag)
{
	struct ta_param *p = &params->p[0];
	const struct pta *pta;
	uint64_t size = 0;
	uint8_t *va;
	uint32_t res;

	if (params->types != PARAM_TYPES(PARAM_MEMREF_OUTPUT, 0, 0, 0))
		return TEE_R_BAD_PARAMETERS;
	res = param_va(thread, p, &va);
	if (res != TEE_R_SUCCESS)
		return res;

	for (unsigned int i = 0; (pta = pta_get(i)); i++) {
		if (!(pta->flags & flag))
			continue;
		if (size + sizeof(pta->uuid) <= p->u.mem.size)
			memcpy(va + size, pta->uuid, sizeof(pta->uuid));
		else
			res = TEE_R_SHORT_BUFFER;
		size += sizeof(pta->uuid);
	}
	p->u.mem.ret_size = size;
	return res;
}

static uint32_t device_invoke(struct thread *thread, struct session *session, uint32_t cmd,
			      struct ta_params *params)
{
	switch (cmd) {
	case CMD_GET_DEVICES:
		return get_devices(thread, params, TA_FLAG_DEVICE_ENUM);
	case CMD_GET_DEVICES_SUPP:
		return get_devices(thread, params, TA_FLAG_DEVICE_ENUM_SUPP);
	case CMD_GET_DEVICES_RPMB:
		return get_devices(thread, params, TA_FLAG_DEVICE_ENUM_TEE_STORAGE_PRIVATE);
	default:
		return TEE_R_NOT_IMPLEMENTED;
	}
}

/* 7011a688-ddde-4053-a5a9-7b3c4ddf13b8 */
const struct pta pta_device = {
	.uuid = { 0x70, 0x11, 0xa6, 0x88, 0xdd, 0xde, 0x40, 0x53,
		  0xa5, 0xa9, 0x7b, 0x3c, 0x4d, 0xdf, 0x13, 0xb8 },
	.flags = PTA_FLAGS,
	.invoke = device_invoke,
};
