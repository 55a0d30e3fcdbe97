/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The binary interface of libteec.so.2, nailed down
 *
 * Clients allocate these structs, so their layout is ABI down to the members
 * that the specification calls implementation defined. The columns are the
 * values where pointers have 8 bytes and where they have 4.
 */
#ifndef TEEC_LAYOUT_H
#define TEEC_LAYOUT_H

#include <tee_client_api.h>

#include "abi/abi.h"

#if UINTPTR_MAX == UINT64_MAX
#define LAYOUT_PICK(on64, on32) (on64)
#else
#define LAYOUT_PICK(on64, on32) (on32)
#endif

#define LAYOUT_SIZE(type, on64, on32) \
	ABI_SIZE(type, LAYOUT_PICK(on64, on32), "libteec.so.2: size of " #type)
#define LAYOUT_AT(type, field, on64, on32) \
	ABI_OFFSET(type, field, LAYOUT_PICK(on64, on32), "libteec.so.2: " #type "." #field)

LAYOUT_SIZE(TEEC_Context, 8, 8);
LAYOUT_AT(TEEC_Context, imp.fd, 0, 0);
LAYOUT_AT(TEEC_Context, imp.reg_mem, 4, 4);
LAYOUT_AT(TEEC_Context, imp.memref_null, 5, 5);

LAYOUT_SIZE(TEEC_UUID, 16, 16);
LAYOUT_AT(TEEC_UUID, timeMid, 4, 4);
LAYOUT_AT(TEEC_UUID, timeHiAndVersion, 6, 6);
LAYOUT_AT(TEEC_UUID, clockSeqAndNode, 8, 8);

LAYOUT_SIZE(TEEC_SharedMemory, 56, 32);
LAYOUT_AT(TEEC_SharedMemory, buffer, 0, 0);
LAYOUT_AT(TEEC_SharedMemory, size, 8, 4);
LAYOUT_AT(TEEC_SharedMemory, flags, 16, 8);
LAYOUT_AT(TEEC_SharedMemory, imp.id, 24, 12);
LAYOUT_AT(TEEC_SharedMemory, imp.alloced_size, 32, 16);
LAYOUT_AT(TEEC_SharedMemory, imp.shadow_buffer, 40, 20);
LAYOUT_AT(TEEC_SharedMemory, imp.registered_fd, 48, 24);
LAYOUT_AT(TEEC_SharedMemory, imp.flags, 52, 28);

LAYOUT_SIZE(TEEC_TempMemoryReference, 16, 8);
LAYOUT_AT(TEEC_TempMemoryReference, size, 8, 4);

LAYOUT_SIZE(TEEC_RegisteredMemoryReference, 24, 12);
LAYOUT_AT(TEEC_RegisteredMemoryReference, size, 8, 4);
LAYOUT_AT(TEEC_RegisteredMemoryReference, offset, 16, 8);

LAYOUT_SIZE(TEEC_Value, 8, 8);
LAYOUT_AT(TEEC_Value, b, 4, 4);

LAYOUT_SIZE(TEEC_Parameter, 24, 12);

LAYOUT_SIZE(TEEC_Session, 16, 8);
LAYOUT_AT(TEEC_Session, imp.ctx, 0, 0);
LAYOUT_AT(TEEC_Session, imp.session_id, 8, 4);

LAYOUT_SIZE(TEEC_Operation, 112, 60);
LAYOUT_AT(TEEC_Operation, started, 0, 0);
LAYOUT_AT(TEEC_Operation, paramTypes, 4, 4);
LAYOUT_AT(TEEC_Operation, params, 8, 8);
LAYOUT_AT(TEEC_Operation, imp.session, 104, 56);

#endif /* TEEC_LAYOUT_H */
