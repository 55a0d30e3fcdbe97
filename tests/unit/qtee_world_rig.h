/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The machine and the driver around a QTEE world, for tests
 *
 * The world runs in this process; the rig plays the SoC on its sockets, with the real
 * physical address space, and a driver that serves callbacks as the test tells it. A
 * test can also make single SMCs and write whatever it likes into the buffers.
 */
#ifndef QTEE_WORLD_RIG_H
#define QTEE_WORLD_RIG_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "abi/qtee_msg.h"
#include "abi/qtee_smc.h"
#include "machine/soc/memory.h"

#define QRIG_CALLS 12u
#define QRIG_CPUS 2u
#define QRIG_MAX_RELEASED 4096u

/* An object of the normal world that gives good credentials (root's) */
#define QRIG_CREDENTIALS 0x80000100u

struct lane;
struct qcall;
struct qtee_world;

struct qrig {
	struct soc_mem *mem;
	struct qtee_world *_Atomic world;
	int control_fd, memory_fd;
	pthread_t run_thread, memory_thread;
	int run_result;
	struct lane *cpus[QRIG_CPUS];

	/* What the driver has been told to release, in order */
	uint32_t released[QRIG_MAX_RELEASED];
	size_t n_released;
	size_t n_callbacks;
	/*
	 * Serve the callback in @call's outbound buffer, in place. False: leave it to
	 * the rig, which serves QRIG_CREDENTIALS and YIELD.
	 */
	bool (*serve)(struct qrig *rig, struct qcall *call, struct qtee_msg_callback *msg);
	void *data;
};

/* Buffers of an invocation, and the message that is being put together */
struct qcall {
	struct qrig *rig;
	struct soc_region *in, *out;
	struct qtee_msg_invoke *msg;
	uint32_t used;			/* of the payload */
	unsigned int cpu;
};

void qrig_start(struct qrig *rig, const char *minkhost);
void qrig_stop(struct qrig *rig);
bool qrig_was_released(const struct qrig *rig, uint32_t id);

/* One SMC; the status. */
int32_t qrig_smc(struct qrig *rig, unsigned int cpu, const struct smc_regs *in,
		 struct smc_regs *out);

/* @size: of the inbound buffer */
void qcall_new(struct qrig *rig, struct qcall *call, size_t size);
void qcall_free(struct qcall *call);
/* A new message, zeroed */
void qcall_begin(struct qcall *call, uint32_t cxt, uint32_t op, uint32_t counts);
/* Arguments by their place; a buffer's address in the message */
void *qcall_buffer(struct qcall *call, uint32_t i, const void *data, uint32_t size);
void qcall_object(struct qcall *call, uint32_t i, uint32_t id);
uint32_t qcall_id(const struct qcall *call, uint32_t i);

struct smc_regs qcall_regs(const struct qcall *call);
/* INVOKE up to a callback or the end: the status. */
int32_t qcall_post(struct qcall *call, struct smc_regs *out);
/* CB_RSP, likewise */
int32_t qcall_answer(struct qcall *call, struct smc_regs *out);
/* To the end, serving callbacks; the result. Asserts that all statuses are OK. */
int32_t qcall_go(struct qcall *call);
/* The same from the return of an SMC on */
int32_t qcall_finish(struct qcall *call, struct smc_regs *out);

/* Serve the callback as a good client with root's credentials would. */
void qrig_serve_credentials(struct qtee_msg_callback *msg);

/* --- common calls --- */

/* An environment with QRIG_CREDENTIALS; its id. */
uint32_t qcall_register(struct qcall *call);
/* env.open(); the id, or the result in *@ret_result. */
uint32_t qcall_open(struct qcall *call, uint32_t env, uint32_t uid, int32_t *ret_result);
void qcall_release(struct qcall *call, uint32_t id);

#endif /* QTEE_WORLD_RIG_H */
