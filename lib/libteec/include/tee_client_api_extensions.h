/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What OP-TEE's libteec offers beyond the GlobalPlatform TEE Client API
 */
#ifndef TEE_CLIENT_API_EXTENSIONS_H
#define TEE_CLIENT_API_EXTENSIONS_H

#include <tee_client_api.h>

#ifdef __cplusplus
extern "C" {
#endif

/**
 * TEEC_RegisterSharedMemoryFileDescriptor() - share the memory behind a dma-buf
 * @context: outlives the block
 * @sharedMem: with flags set; size is set on success, buffer becomes NULL: the
 * client reaches the memory, if at all, through @fd
 * @fd: a dma-buf of one of the TEE's heaps; stays the caller's, who may close it
 *
 * Return: TEEC_SUCCESS, or TEEC_ERROR_BAD_PARAMETERS for every failure.
 */
TEEC_Result TEEC_RegisterSharedMemoryFileDescriptor(TEEC_Context *context,
						    TEEC_SharedMemory *sharedMem, int fd);

#ifdef __cplusplus
}
#endif

#endif /* TEE_CLIENT_API_EXTENSIONS_H */
