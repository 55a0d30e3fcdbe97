/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Calls: direct invocations of the normal world
 *
 * A call begins with an INVOKE and lasts until its result is returned. It runs on a
 * fiber, which keeps its stack while the normal world serves a callback of it; any
 * number of calls can wait so, each known by the address of its outbound buffer
 * (abi/qtee_smc.h). A callback may lead to further calls, to whatever depth: each has
 * a fiber of its own.
 *
 * The direct message is copied once and the copy checked; a message that cannot be is
 * refused before anything of it counts, so that the normal world keeps what it sent.
 * From the outbound buffer nothing is believed but what an answer may say.
 */
#ifndef SECURE_QTEE_CALL_H
#define SECURE_QTEE_CALL_H

#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "abi/smccc.h"
#include "secure/qtee/object.h"

struct cpu;
struct fiber;
struct mem_region;
struct qtee_world;

#define CALL_BUCKETS 64u

/* A piece of the physical address space, mapped */
struct window {
	uint8_t *va;
	uint64_t pa;
	size_t size;
	struct mem_region *region;
	bool mapped;			/* ours to unmap; RAM is mapped for good */
};

struct call {
	struct qtee_world *world;
	struct fiber *fiber;
	struct call *next;		/* in its list of the pool */
	uint64_t key;			/* address of the outbound buffer */
	bool in_callback;		/* why the fiber suspended */
	unsigned int depth;		/* of TAs that call TAs; app_lane.c */
	struct smc_regs regs;		/* what to return */
	struct window in, out;
	/* The direct message: a copy of all of it, arguments decoded */
	uint8_t *msg;
	size_t msg_room;
	uint32_t target;
	uint32_t op;
	uint32_t counts;
	uint32_t ob_sizes[QTEE_MSG_ARGS_PER_KIND];	/* as asked for */
	union qtee_arg args[QTEE_MSG_ARGS_MAX];
};

struct call_pool {
	pthread_mutex_t lock;
	struct call *idle;
	uint32_t n_calls;		/* idle ones included */
	uint32_t n_active;
	uint32_t max;
	struct call *waiting[CALL_BUCKETS];	/* for the answer to a callback */
	struct call *running;		/* only to see an outbound buffer used twice */
};

/* @max: calls at a time */
void call_pool_init(struct call_pool *pool, uint32_t max);
/* No CPU is in a call. Calls that wait for the normal world end without a word. */
void call_pool_deinit(struct call_pool *pool);
/* Calls that have begun and not ended. */
uint32_t call_pool_count(struct call_pool *pool);

/* The handler of every SMC (secure/common/cpu.h); @data is the world. */
void call_smc(void *data, struct cpu *cpu, const struct smc_regs *in, struct smc_regs *out);

/*
 * On the call's fiber: invoke object @id of the normal world. Input objects may be of
 * any kind. MAXDATA when it does not fit into the outbound buffer; otherwise what the
 * normal world says, and INVALID or BADOBJ for an answer that cannot be. May return
 * on another operating system thread.
 */
int32_t call_callback(struct call *call, uint32_t id, uint32_t op, uint32_t counts,
		      union qtee_arg *args);

/* --- message.c: the direct message --- */

/*
 * Copy and check the message in call->in. An SMC status; OK: call->target, op, counts
 * and args stand, references that came with it are the call's.
 */
int32_t message_take(struct call *call);
/* Serve it; the result. Ends with what is to be written back in the shared buffer. */
int32_t message_serve(struct call *call);

#endif /* SECURE_QTEE_CALL_H */
