/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A small trusted OS in the test process, behind a conduit
 *
 * It keeps registered memory, sessions and secure threads, and runs the body of
 * a call in a thread of its own, so that a test writes what a trusted application
 * does as plain code with requests to the normal world in it. It checks what the
 * driver must get right (no cookie twice, no thread resumed that is not
 * suspended) and aborts the test when it does not.
 *
 * Physical addresses are those of tests/unit/platform_test.c: of the process.
 */
#ifndef TESTS_UNIT_OPTEE_FAKEWORLD_H
#define TESTS_UNIT_OPTEE_FAKEWORLD_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "abi/optee_msg.h"
#include "abi/optee_rpc.h"
#include "abi/optee_smc.h"
#include "abi/smccc.h"
#include "abi/tee_result.h"

#define FW_MAX_THREADS 8
#define FW_MAX_SHM 64
#define FW_MAX_SESSIONS 64

struct fw_world;
struct fw_thread;

/* The body of a call. What it returns becomes ret, with origin 4. */
typedef uint32_t (*fw_body)(struct fw_thread *t, struct optee_msg_arg *msg);

/* Sees every SMC first; true when it answered in @out. */
typedef bool (*fw_hook)(struct fw_world *world, const struct smc_regs *in, struct smc_regs *out);

/**
 * struct fw_config - what the world is like; set before it starts
 */
struct fw_config {
	unsigned int n_threads;
	uint32_t reported_threads;	/* GET_THREAD_COUNT; 0: refused */
	uint32_t caps;
	uint32_t max_notif;
	uint32_t rpc_params;
	uint64_t protmem_pa;		/* GET_PROTMEM_CONFIG */
	uint64_t protmem_size;
};

struct fw_shm {
	uint64_t cookie;
	size_t size;
	unsigned int offset;
	size_t n_pages;
	uint64_t *pages;
};

/**
 * struct fw_world - the world
 * @invoke: body of INVOKE_COMMAND, @open of OPEN_SESSION; @devices: body of
 *	INVOKE_COMMAND for the device service, which @open does not see; may be NULL
 * @hook: may be NULL; @hook_data for it
 * @refuse_register: result of REGISTER_SHM
 * @n_smc, @n_calls: SMCs, and those that began a yielding call
 */
struct fw_world {
	struct smc_conduit conduit;
	struct fw_config config;
	fw_body invoke;
	fw_body open;
	fw_body devices;
	fw_hook hook;
	void *hook_data;
	uint32_t refuse_register;
	void *data;

	struct fw_world_impl *impl;
	atomic_uint n_smc;
	atomic_uint n_calls;
	atomic_uint n_thread_limit;
	atomic_uint n_closed;
	atomic_uint n_cancelled;
};

void fw_init(struct fw_world *world);
/* Nothing may be suspended. */
void fw_fini(struct fw_world *world);

/* The world dies: nobody answers any more. */
void fw_kill(struct fw_world *world);
/* A new one answers; it knows nothing of the old one's memory and sessions. */
void fw_restart(struct fw_world *world);

size_t fw_n_shm(struct fw_world *world);
size_t fw_n_sessions(struct fw_world *world);
/* Threads that are in a call. */
unsigned int fw_n_busy(struct fw_world *world);
bool fw_knows(struct fw_world *world, uint64_t cookie);

/* For bodies */

struct fw_world *fw_world_of(struct fw_thread *t);
unsigned int fw_thread_id(struct fw_thread *t);

/* A request; false when the world died meanwhile: the body must return at once. */
bool fw_rpc_raw(struct fw_thread *t, struct smc_regs *regs, uint32_t func);
/* A request by message. @params are replaced by the answer; 0 when the world died. */
uint32_t fw_rpc_cmd_n(struct fw_thread *t, uint32_t cmd, struct optee_msg_param *params,
		      uint32_t num_params);
/* Memory by RPC SHM_ALLOC: the cookie, 0 on failure; its bytes through @ret_va. */
uint64_t fw_shm_alloc(struct fw_thread *t, uint64_t type, size_t size, void **ret_va);
uint32_t fw_shm_free(struct fw_thread *t, uint64_t type, uint64_t cookie);
/* The RPC message of the call, for a body that wants to spoil it. */
struct optee_msg_arg *fw_rpc_msg(struct fw_thread *t);

/* The bytes of a registered range, NULL when it is not known or leaves it. */
void *fw_shm_va(struct fw_world *world, uint64_t cookie, uint64_t offs, uint64_t size);

/* Parameters */
struct optee_msg_param fw_value(uint64_t type, uint64_t a, uint64_t b, uint64_t c);
struct optee_msg_param fw_rmem(uint64_t type, uint64_t cookie, uint64_t offs, uint64_t size);

#endif /* TESTS_UNIT_OPTEE_FAKEWORLD_H */
