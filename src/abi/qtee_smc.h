/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * QTEE_SMC: how an invocation travels in registers
 *
 * These are the calls that the SCM driver makes on hardware (facts 2.6), in the
 * 64-bit form: one register holds one address. Calls are standard (yielding)
 * ones of the trusted OS.
 *
 * Begin an invocation (INVOKE), answer its callback (CB_RSP):
 *
 *          INVOKE                   CB_RSP
 *   a0     QTEE_SMC_INVOKE          QTEE_SMC_CB_RSP
 *   a1     QTEE_SMC_INVOKE_ARGS     QTEE_SMC_CB_RSP_ARGS
 *   a2     inbound buffer, paddr    outbound buffer, paddr
 *   a3     its size                 its size
 *   a4     outbound buffer, paddr   0
 *   a5     its size                 0
 *   a6,a7  0                        0
 *
 * Both return the same:
 *
 *   a0     status, signed 32 bits: QTEE_SMC_STATUS_*
 *   a1     QTEE_SMC_RSP_CALLBACK: a callback message stands in the outbound
 *          buffer, answer it by CB_RSP; anything else: the invocation is over
 *   a2     the result, signed 32 bits, when it is over
 *   a3     data, unused
 *
 * An invocation that waits for the answer to its callback is suspended and holds
 * no CPU; any number can be, and the next SMC for one may come from any CPU. It
 * is known by the physical address of its outbound buffer, which the driver uses
 * for nothing else until the invocation is over. CB_RSP for an address with
 * which nothing is suspended is STATUS_ERROR_INVALID_ARG.
 *
 * Where facts and a conduit without interrupts leave a gap:
 *  - INTERRUPTED: the driver calls again with a0 = 1 and a6 as it was returned.
 *  - WAITQ_SLEEP (a1 queue, a2 call): no interrupt ends the wait. The driver
 *    sleeps for a moment and asks again by WAITQ_RESUME, with a2 = call. The
 *    answer is that of the call itself, perhaps WAITQ_SLEEP again.
 *  - BUSY: nothing was begun; the driver tries again, 20 times, 30 ms apart.
 *  - An invocation that the driver gives up gets no CB_RSP. Its buffers stay
 *    allocated for as long as this QTEE runs.
 *  - When a QTEE dies everything in it is gone: suspended invocations, ids, and
 *    the references that it had on objects of the normal world.
 */
#ifndef ABI_QTEE_SMC_H
#define ABI_QTEE_SMC_H

#include "abi/smccc.h"

#define QTEE_SMC_OWNER_SIP 2u

/* Service in bits 15:8, command in bits 7:0 of the function number */
#define QTEE_SMC_FUNC(svc, cmd) ((svc) << 8 | (cmd))
#define QTEE_SMC_SVC_OBJECT 0x06u
#define QTEE_SMC_SVC_WAITQ 0x24u

#define QTEE_SMC_STD64(owner, svc, cmd) \
	SMCCC_CALL_VAL(SMCCC_SMC64, (owner), QTEE_SMC_FUNC((svc), (cmd)))

/* What there was before callbacks had buffers of their own; never used. */
#define QTEE_SMC_INVOKE_LEGACY \
	QTEE_SMC_STD64(SMCCC_OWNER_TRUSTED_OS, QTEE_SMC_SVC_OBJECT, 0x00u)
#define QTEE_SMC_CB_RSP QTEE_SMC_STD64(SMCCC_OWNER_TRUSTED_OS, QTEE_SMC_SVC_OBJECT, 0x01u)
#define QTEE_SMC_INVOKE QTEE_SMC_STD64(SMCCC_OWNER_TRUSTED_OS, QTEE_SMC_SVC_OBJECT, 0x02u)
#define QTEE_SMC_WAITQ_RESUME QTEE_SMC_STD64(QTEE_SMC_OWNER_SIP, QTEE_SMC_SVC_WAITQ, 0x02u)

ABI_ASSERT(QTEE_SMC_INVOKE_LEGACY == 0x72000600u, "2.6: INVOKE_LEGACY");
ABI_ASSERT(QTEE_SMC_CB_RSP == 0x72000601u, "2.6: CB_RSP");
ABI_ASSERT(QTEE_SMC_INVOKE == 0x72000602u, "2.6: INVOKE");
ABI_ASSERT(QTEE_SMC_WAITQ_RESUME == 0x42002402u, "2.6: WAITQ_RESUME");

/* a1: how many arguments in bits 3:0, two bits for the kind of each from bit 4 */
#define QTEE_SMC_VAL 0u
#define QTEE_SMC_RO 1u
#define QTEE_SMC_RW 2u
#define QTEE_SMC_ARGS(n, k0, k1, k2, k3) \
	((n) | (k0) << 4 | (k1) << 6 | (k2) << 8 | (k3) << 10)

#define QTEE_SMC_INVOKE_ARGS \
	QTEE_SMC_ARGS(4u, QTEE_SMC_RW, QTEE_SMC_VAL, QTEE_SMC_RW, QTEE_SMC_VAL)
#define QTEE_SMC_CB_RSP_ARGS QTEE_SMC_ARGS(2u, QTEE_SMC_RW, QTEE_SMC_VAL, 0u, 0u)
#define QTEE_SMC_WAITQ_RESUME_ARGS QTEE_SMC_ARGS(1u, QTEE_SMC_VAL, 0u, 0u, 0u)

ABI_ASSERT(QTEE_SMC_INVOKE_ARGS == 0x224u, "2.6: arginfo of INVOKE");
ABI_ASSERT(QTEE_SMC_CB_RSP_ARGS == 0x22u, "2.6: arginfo of CB_RSP");

/* a0 of a return */
#define QTEE_SMC_STATUS_OK 0
#define QTEE_SMC_STATUS_INTERRUPTED 1
#define QTEE_SMC_STATUS_WAITQ_SLEEP 2
/* Nobody serves object messages here; the same word as UNKNOWN_FUNCTION. EIO */
#define QTEE_SMC_STATUS_ERROR (-1)
#define QTEE_SMC_STATUS_ERROR_INVALID_ADDR (-2)	/* EINVAL */
#define QTEE_SMC_STATUS_ERROR_INVALID_ARG (-3)	/* EINVAL */
#define QTEE_SMC_STATUS_ERROR_NOT_SUPPORTED (-4) /* EOPNOTSUPP */
#define QTEE_SMC_STATUS_ERROR_NOMEM (-5)	/* ENOMEM */
#define QTEE_SMC_STATUS_ERROR_BUSY (-12)	/* EBUSY after the retries */

ABI_ASSERT((__u32)QTEE_SMC_STATUS_ERROR == SMCCC_RET_UNKNOWN_FUNCTION,
	   "2.6: a secure world that is gone has no object messages");

/* a1 of a return */
#define QTEE_SMC_RSP_CALLBACK 3u

/*
 * Probe: INVOKE with a2..a5 zero. Only STATUS_ERROR says that nobody is there;
 * a refusal of the buffers comes from one who is.
 */

#endif /* ABI_QTEE_SMC_H */
