/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The CPUs of a secure world
 *
 * A CPU is a lane on which the normal world posts SMCs, and the operating system
 * thread that serves it until the lane is closed. The thread never changes its
 * lane: what waits for the normal world is a fiber, not the CPU.
 */
#ifndef SECURE_COMMON_CPU_H
#define SECURE_COMMON_CPU_H

#include <pthread.h>
#include <stdint.h>

#include "abi/smccc.h"

struct cpu {
	uint32_t hint;		/* the handler's own; 0 at first */
};

/*
 * Serve one SMC: a private copy of the registers in; writes all of @out. Runs on
 * the CPU's thread, with a small stack.
 */
typedef void (*cpu_handler)(void *data, struct cpu *cpu, const struct smc_regs *in,
			    struct smc_regs *out);

struct cpu_set {
	cpu_handler handler;
	void *data;
	pthread_mutex_t lock;
	pthread_cond_t gone;
	unsigned int n_cpus;
};

void cpu_set_init(struct cpu_set *set, cpu_handler handler, void *data);

/*
 * A CPU on the lane behind @lane_fd, which stays the caller's. -EINVAL for
 * something that is not a lane, -EMFILE for too many CPUs, -ENOMEM, -EAGAIN; what
 * is a lane is closed then, so that nobody waits for an answer.
 */
int cpu_set_add(struct cpu_set *set, int lane_fd);

/* Wait until every CPU is gone; somebody has closed their lanes. */
void cpu_set_deinit(struct cpu_set *set);

#endif /* SECURE_COMMON_CPU_H */
