/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A small QTEE in the test process, behind a conduit
 *
 * It counts the references that it gave away on its own objects and runs the body
 * of an invocation in a thread of its own, so that a test writes what a secure
 * service does as plain code with callbacks in it. A body may also write any bytes
 * it likes. The world checks what the driver must get right: messages that are well
 * formed, buffers that are zero, no object released twice, no answer to what was
 * not asked; it aborts the test when that is not so.
 *
 * Physical addresses are those of tests/unit/platform_test.c: of the process.
 */
#ifndef TESTS_UNIT_QTEE_FAKEWORLD_H
#define TESTS_UNIT_QTEE_FAKEWORLD_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "abi/qtee_msg.h"
#include "abi/qtee_smc.h"
#include "abi/smccc.h"

struct qw_world;

/**
 * struct qw_call - an invocation, for its body
 * @msg: the direct message, in shared memory
 * @out: the outbound buffer
 * @async: what the next return to the driver carries behind the callback message,
 *	or from the first byte on; the body fills it in by qw_async_*()
 */
struct qw_call {
	struct qw_world *world;
	struct qtee_msg_invoke *msg;
	uint8_t *in;
	uint8_t *out;
	uint8_t async[QTEE_MSG_OUTBOUND_SIZE];
	size_t async_size;
	struct qw_call_impl *impl;
};

/* The body of an invocation; returns the result. */
typedef int32_t (*qw_body)(struct qw_call *call);

/* Sees every SMC first; true when it answered in @out. */
typedef bool (*qw_hook)(struct qw_world *world, const struct smc_regs *in, struct smc_regs *out);

/**
 * struct qw_world - the world; a test sets what it likes at any time
 * @body: of every invocation but RELEASE; NULL: result OK without outputs
 * @release: of RELEASE, instead of only counting; may be NULL
 * @in_place: bodies make no callbacks, and run in the thread of the SMC
 * @keep: input objects of ours are not released when a body returns
 * @hook: may be NULL
 * @n_smc, @n_invoke, @n_released: SMCs, invocations, RELEASE among them
 */
struct qw_world {
	struct smc_conduit conduit;
	_Atomic(qw_body) body;
	_Atomic(qw_body) release;
	atomic_bool in_place;
	atomic_bool keep;
	_Atomic(qw_hook) hook;
	_Atomic(void *) data;

	struct qw_world_impl *impl;
	atomic_uint n_smc;
	atomic_uint n_invoke;
	atomic_uint n_released;
};

void qw_init(struct qw_world *world);
/* Nothing may be suspended. */
void qw_fini(struct qw_world *world);
/* The world dies, and a new one answers that knows nothing of the old one. */
void qw_kill(struct qw_world *world);
void qw_restart(struct qw_world *world);

/* References on objects of the world that are away; invocations in progress */
long qw_n_refs(struct qw_world *world);
unsigned int qw_n_calls(struct qw_world *world);
/* One more reference on object @id is away. Returns @id. */
uint32_t qw_give(struct qw_world *world, uint32_t id);

/* For bodies */

/* Argument @n of a kind, of the direct message */
void *qw_ib(struct qw_call *call, unsigned int n, uint32_t *ret_size);
uint32_t qw_io(struct qw_call *call, unsigned int n);
/* Produce an output: bytes, or an id (by qw_give() if it is an object's) */
void qw_ob(struct qw_call *call, unsigned int n, const void *data, uint32_t size);
void qw_oo(struct qw_call *call, unsigned int n, uint32_t id);

/**
 * struct qw_cb - a callback
 * @ib, @ob: buffers; @ob_size is offered and becomes what was produced
 */
struct qw_cb {
	uint32_t cxt;
	uint32_t op;
	unsigned int n_ib;
	unsigned int n_ob;
	unsigned int n_io;
	unsigned int n_oo;
	const void *ib[16];
	uint32_t ib_size[16];
	void *ob[16];
	uint32_t ob_size[16];
	uint32_t io[16];
	uint32_t oo[16];
	uint32_t result;
};

/* False when the world died meanwhile: the body must return QW_DIED at once. */
#define QW_DIED 0x7fffffff
bool qw_callback(struct qw_call *call, struct qw_cb *cb);
/* In two steps: the message, to be spoilt, and its delivery with what is in @out. */
size_t qw_callback_write(struct qw_call *call, const struct qw_cb *cb);
bool qw_callback_send(struct qw_call *call);
/* Without arguments; the result, or QW_DIED. */
int32_t qw_callback_simple(struct qw_call *call, uint32_t cxt, uint32_t op);

/* Asynchronous messages: a good one; and any bytes */
void qw_async_release(struct qw_call *call, const uint32_t *ids, uint32_t count);
void qw_async_raw(struct qw_call *call, const void *data, size_t size);

#endif /* TESTS_UNIT_QTEE_FAKEWORLD_H */
