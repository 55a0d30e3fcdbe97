/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Requests to the normal world (OPTEE_RPC)
 *
 * Each may take as long as the normal world likes, and return on another operating
 * system thread. Answers are copied out of shared memory once; they are hostile.
 * Functions return the TEE result of the normal world.
 */
#ifndef SECURE_OPTEE_RPC_H
#define SECURE_OPTEE_RPC_H

#include <stddef.h>
#include <stdint.h>

#include "abi/optee_msg.h"
#include "abi/optee_rpc.h"

struct mobj;
struct thread;

/* @params: @n (at most 4) in; what the normal world made of them out. */
uint32_t rpc_cmd(struct thread *thread, uint32_t cmd, struct optee_msg_param *params, size_t n);

/* At the end of a call: give message memory of RPC_ALLOC back. */
void rpc_end(struct thread *thread);

/* Seconds and nanoseconds of the wall clock; nanoseconds below 10^9. */
uint32_t rpc_get_time(struct thread *thread, uint64_t *ret_s, uint32_t *ret_ns);

uint32_t rpc_suspend(struct thread *thread, uint32_t ms);

/* @op: OPTEE_RPC_NOTIFICATION_*; @value: whose; @timeout_ms: 0 for none */
uint32_t rpc_notify(struct thread *thread, uint32_t op, uint32_t value, uint32_t timeout_ms);

/*
 * At least @size bytes of the normal world, of OPTEE_RPC_SHM_TYPE_@type. The
 * reference in *@ret_mobj goes back with rpc_shm_free().
 */
uint32_t rpc_shm_alloc(struct thread *thread, uint32_t type, size_t size,
		       struct mobj **ret_mobj, uint64_t *ret_cookie);
void rpc_shm_free(struct thread *thread, uint32_t type, struct mobj *mobj, uint64_t cookie);

#endif /* SECURE_OPTEE_RPC_H */
