/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * libteec inside: what its objects offer each other
 *
 * context.c opens devices, shm.c owns shared memory, params.c translates an
 * operation to the parameters of an ioctl and back, cancel.c ties an operation
 * to the call that it is in, session.c makes the calls.
 */
#ifndef TEEC_H
#define TEEC_H

#include <stddef.h>
#include <stdint.h>

#include <tee_client_api.h>

#include "abi/tee.h"

#define TEEC_EXPORT __attribute__((visibility("default")))

#define TEEC_MEM_INOUT (TEEC_MEM_INPUT | TEEC_MEM_OUTPUT)

/* The shared blocks behind the temporary references of one call */
struct teec_temps {
	uint32_t types;		/* paramTypes as they were when the call began */
	uint32_t used;		/* bit i: shm[i] is to be released */
	TEEC_SharedMemory shm[TEEC_CONFIG_PAYLOAD_REF_COUNT];
};

/**
 * teec_params_in() - translate an operation for the kernel
 * @operation: NULL for no parameters
 * @params: TEEC_CONFIG_PAYLOAD_REF_COUNT zeroed entries, filled in
 * @temps: initialised here; on success to be given to teec_params_out() or
 * teec_params_release()
 *
 * Return: TEEC_SUCCESS; TEEC_ERROR_BAD_PARAMETERS for what the specification
 * forbids; what sharing a temporary reference returns. Nothing is held on error.
 */
TEEC_Result teec_params_in(TEEC_Context *ctx, const TEEC_Operation *operation,
			   struct tee_ioctl_param *params, struct teec_temps *temps);

/* Write what the kernel returned back to the operation, then release @temps. */
void teec_params_out(TEEC_Operation *operation, const struct tee_ioctl_param *params,
		     struct teec_temps *temps);

/* Release @temps when there is nothing to write back. */
void teec_params_release(struct teec_temps *temps);

/* Copy bytes [@offset, @offset + @size) of a block to or from the TEE's copy;
 * nothing to do for memory that is shared in place. In bounds by the caller. */
void teec_shm_push(const TEEC_SharedMemory *shm, size_t offset, size_t size);
void teec_shm_pull(const TEEC_SharedMemory *shm, size_t offset, size_t size);

/**
 * teec_operation_begin() - from here on TEEC_RequestCancellation() acts
 * @operation: may be NULL
 * @session: the session to cancel in, NULL for a call that cannot be cancelled
 */
void teec_operation_begin(TEEC_Operation *operation, TEEC_Session *session);

/* Ends what teec_operation_begin() began: waits for a canceller to let go of the
 * session, so that it may be closed after this. */
void teec_operation_end(TEEC_Operation *operation);

/* Exported for the tools of optee_client, which expect them here; see trace.c. */
TEEC_EXPORT void _dprintf(const char *function, int line, int level, const char *prefix,
			  const char *fmt, ...) __attribute__((format(printf, 5, 6)));
TEEC_EXPORT void dump_buffer(const char *name, const uint8_t *buffer, size_t size);

#endif /* TEEC_H */
