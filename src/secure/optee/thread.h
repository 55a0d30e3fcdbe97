/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Secure threads
 *
 * A yielding call takes one of a fixed number of threads and keeps it to its end.
 * In an RPC it is suspended and its CPU goes back to the normal world, which may
 * bring the answer on the same or on another CPU: a thread is a fiber.
 *
 * The normal world resumes a thread by a number that is valid once. FREE, ACTIVE
 * and SUSPENDED change by one atomic operation on `word`; whoever makes a thread
 * ACTIVE owns everything else in it.
 */
#ifndef SECURE_OPTEE_THREAD_H
#define SECURE_OPTEE_THREAD_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "abi/optee_msg.h"
#include "abi/smccc.h"

struct cpu;
struct fiber;
struct mem_region;
struct mobj;
struct optee_world;

/* The resume number carries the index of the thread in its low 8 bits. */
#define THREAD_MAX 256u

/* Where the call's RPC messages go */
struct thread_rpc {
	struct optee_msg_arg *msg;	/* shared, room for 4 parameters; or NULL */
	uint64_t cookie;		/* of memory that RPC_ALLOC gave */
	struct mem_region *region;	/* of that memory; NULL: behind the main message */
};

struct thread {
	struct optee_world *world;
	uint32_t id;
	_Atomic uint32_t word;		/* generation and state */
	struct fiber *fiber;
	bool in_rpc;			/* why the fiber suspended */
	struct smc_regs regs;		/* in: what came; out: what to answer */
	struct thread_rpc rpc;
	struct mobj *arg_mobj;		/* holds the message of this call, or NULL */
};

struct thread_pool {
	struct thread *threads;
	uint32_t n_threads;
};

/* @n_threads: 1 to THREAD_MAX. 0, -EINVAL, -ENOMEM; deinit is right after both. */
int thread_pool_init(struct thread_pool *pool, struct optee_world *world, uint32_t n_threads);
void thread_pool_deinit(struct thread_pool *pool);
bool thread_pool_is_idle(const struct thread_pool *pool);

/* A yielding SMC on @cpu, up to the end of the call or to an RPC. */
void thread_smc(struct thread_pool *pool, struct cpu *cpu, const struct smc_regs *in,
		struct smc_regs *out);

/*
 * On the thread: RPC @func with a1 and a2, back with the answer in thread->regs.
 * May return on another operating system thread.
 */
void thread_rpc(struct thread *thread, uint32_t func, uint64_t a1, uint64_t a2);

#endif /* SECURE_OPTEE_THREAD_H */
