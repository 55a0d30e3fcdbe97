/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Fast calls: questions about the trusted OS, answered on the CPU
 *
 * Registers that an answer does not use come back as they were.
 */
#include "abi/optee_msg.h"
#include "abi/optee_rpc.h"
#include "abi/optee_smc.h"
#include "secure/optee/world.h"

/* The version of optee_os that this trusted OS behaves like */
#define OS_REVISION_MAJOR 4
#define OS_REVISION_MINOR 6
#define OS_BUILD_ID 0

/* Bits of a physical address of protected memory */
#define PROTMEM_PA_WIDTH 32

#define SEC_CAPS \
	(OPTEE_SMC_SEC_CAP_DYNAMIC_SHM | OPTEE_SMC_SEC_CAP_MEMREF_NULL | OPTEE_SMC_SEC_CAP_RPC_ARG)

static void fast_exchange_capabilities(const struct optee_world *world,
				       const struct smc_regs *in, struct smc_regs *out)
{
	if ((uint32_t)in->a[1] & ~OPTEE_SMC_NSEC_CAP_UNIPROCESSOR) {
		out->a[0] = OPTEE_SMC_RETURN_ENOTAVAIL;
		return;
	}
	out->a[0] = OPTEE_SMC_RETURN_OK;
	out->a[1] = SEC_CAPS | (world->protected_size ? OPTEE_SMC_SEC_CAP_PROTMEM : 0);
	/* Threads wait for each other by their number. */
	out->a[2] = world->threads.n_threads;
	out->a[3] = OPTEE_RPC_NUM_PARAMS;
}

static void fast_get_protmem_config(const struct optee_world *world, struct smc_regs *out)
{
	if (!world->protected_size) {
		out->a[0] = OPTEE_SMC_RETURN_ENOTAVAIL;
		return;
	}
	out->a[0] = OPTEE_SMC_RETURN_OK;
	out->a[1] = world->protected_pa;
	out->a[2] = world->protected_size;
	out->a[3] = PROTMEM_PA_WIDTH;
}

static void fast_call(struct optee_world *world, const struct smc_regs *in, struct smc_regs *out)
{
	*out = *in;
	switch ((uint32_t)in->a[0]) {
	case OPTEE_SMC_CALLS_COUNT:
		out->a[0] = OPTEE_SMC_NUM_CALLS;
		break;
	case OPTEE_SMC_CALLS_UID:
		out->a[0] = OPTEE_MSG_UID_0;
		out->a[1] = OPTEE_MSG_UID_1;
		out->a[2] = OPTEE_MSG_UID_2;
		out->a[3] = OPTEE_MSG_UID_3;
		break;
	case OPTEE_SMC_CALLS_REVISION:
		out->a[0] = OPTEE_MSG_REVISION_MAJOR;
		out->a[1] = OPTEE_MSG_REVISION_MINOR;
		break;
	case OPTEE_SMC_CALL_GET_OS_UUID:
		out->a[0] = OPTEE_MSG_OS_OPTEE_UUID_0;
		out->a[1] = OPTEE_MSG_OS_OPTEE_UUID_1;
		out->a[2] = OPTEE_MSG_OS_OPTEE_UUID_2;
		out->a[3] = OPTEE_MSG_OS_OPTEE_UUID_3;
		break;
	case OPTEE_SMC_CALL_GET_OS_REVISION:
		out->a[0] = OS_REVISION_MAJOR;
		out->a[1] = OS_REVISION_MINOR;
		out->a[2] = OS_BUILD_ID;
		break;
	case OPTEE_SMC_GET_SHM_CONFIG:
		out->a[0] = OPTEE_SMC_RETURN_ENOTAVAIL;
		break;
	case OPTEE_SMC_GET_PROTMEM_CONFIG:
		fast_get_protmem_config(world, out);
		break;
	case OPTEE_SMC_EXCHANGE_CAPABILITIES:
		fast_exchange_capabilities(world, in, out);
		break;
	case OPTEE_SMC_DISABLE_SHM_CACHE:
		/* No RPC memory outlives its call: always empty. */
		out->a[0] = thread_pool_is_idle(&world->threads) ? OPTEE_SMC_RETURN_ENOTAVAIL :
								   OPTEE_SMC_RETURN_EBUSY;
		break;
	case OPTEE_SMC_ENABLE_SHM_CACHE:
		out->a[0] = thread_pool_is_idle(&world->threads) ? OPTEE_SMC_RETURN_OK :
								   OPTEE_SMC_RETURN_EBUSY;
		break;
	case OPTEE_SMC_GET_THREAD_COUNT:
		out->a[0] = OPTEE_SMC_RETURN_OK;
		out->a[1] = world->threads.n_threads;
		break;
	default:
		out->a[0] = OPTEE_SMC_RETURN_UNKNOWN_FUNCTION;
		break;
	}
}

void optee_world_smc(void *data, struct cpu *cpu, const struct smc_regs *in, struct smc_regs *out)
{
	struct optee_world *world = data;

	if ((uint32_t)in->a[0] & SMCCC_FAST_CALL)
		fast_call(world, in, out);
	else
		thread_smc(&world->threads, cpu, in, out);
}
