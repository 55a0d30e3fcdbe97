/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * SMC calling convention: function identifiers, registers, and the conduit
 * through which the normal world reaches a secure world.
 *
 * Source: Arm DEN0028 (SMCCC) 2.5 and 6; OP-TEE uses 32-bit register values
 * also on 64-bit machines.
 */
#ifndef ABI_SMCCC_H
#define ABI_SMCCC_H

#include "abi/abi.h"

#define SMCCC_FAST_CALL 0x80000000u
#define SMCCC_SMC64 0x40000000u
#define SMCCC_OWNER_SHIFT 24
#define SMCCC_OWNER_MASK 0x3fu
#define SMCCC_FUNC_MASK 0xffffu

#define SMCCC_OWNER_TRUSTED_OS 50u
#define SMCCC_OWNER_TRUSTED_OS_API 63u

#define SMCCC_CALL_VAL(type, owner, func) \
	((type) | ((owner) << SMCCC_OWNER_SHIFT) | (func))

#define SMCCC_RET_UNKNOWN_FUNCTION 0xffffffffu

/* a0..a7: arguments on the way in, results on the way out. */
struct smc_regs {
	__u64 a[8];
};
ABI_SIZE(struct smc_regs, 64, "SMCCC a0-a7");

/*
 * One way into one secure world. The owner embeds it and sets @call. @call runs
 * in the thread of the caller, may block for as long as the secure world keeps
 * the CPU, and writes all of @out. A secure world that is gone answers
 * SMCCC_RET_UNKNOWN_FUNCTION in a0. Safe from any number of threads.
 */
struct smc_conduit {
	void (*call)(struct smc_conduit *conduit, const struct smc_regs *in,
		     struct smc_regs *out);
};

#endif /* ABI_SMCCC_H */
