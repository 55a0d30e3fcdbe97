/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The OP-TEE driver over the SMC ABI, as its platform sees it
 */
#ifndef NORMAL_DRIVERS_OPTEE_H
#define NORMAL_DRIVERS_OPTEE_H

#include <linux/types.h>

#include "abi/smccc.h"

struct optee;
struct tee_context;
struct tee_device;
struct tee_param;

/*
 * A supplicant inside the platform: asked when no supplicant process has the
 * privileged device open. Runs in the thread of the requester and may sleep.
 * @param as the supplicant would see it (memrefs carry shm with a kernel
 * mapping); returns the TEE result. A platform without one passes NULL: requests
 * then wait for a supplicant to start, as the kernel does.
 */
struct optee_supp_fallback {
	u32 (*request)(void *data, u32 func, size_t num_params, struct tee_param *param);
	void *data;
};

struct optee_platform_data {
	struct smc_conduit *conduit;
	const struct optee_supp_fallback *fallback;	/* may be NULL; outlives */
};

/*
 * Bind to the trusted OS behind the conduit: registers /dev/teeN and /dev/teeprivN,
 * and a device optee-ta-UUID on the TEE bus for each service that the trusted OS
 * lists. Those that need a supplicant come in the background, when one opens
 * /dev/teeprivN, or now when the platform has a fallback. ERR_PTR: -ENODEV nobody or
 * somebody else answers, -EINVAL not usable with this driver, -ENOMEM.
 */
struct optee *optee_probe(const struct optee_platform_data *pdata);

/*
 * Unbind: drivers on the bus lose the devices; then waits for every open file and
 * shm of the two device nodes.
 */
void optee_remove(struct optee *optee);

/*
 * The trusted OS died and nobody answers on the conduit any more. To be called
 * before a new one may answer there: when it returns, no SMC is in flight, and
 * none is made until optee_reset(), so that no call of the old one, and no
 * session number, ever reaches the new one. Calls return COMMUNICATION. The devices
 * on the TEE bus go soon after.
 */
void optee_world_gone(struct optee *optee);

/*
 * The trusted OS died and a new one answers on the conduit. Sessions of the old
 * one are dead: their next call returns TARGET_DEAD, their close succeeds.
 * Shared memory is registered with the new one, whose services become devices on the
 * TEE bus. Calls that arrive meanwhile wait for the end of it. 0, or a negative errno
 * when the new one is not usable: calls then return COMMUNICATION until a later reset
 * succeeds.
 */
int optee_reset(struct optee *optee);

/**
 * struct optee_session_info - one open session, for status views
 * @ctx: tee_context_serial() of its context, on the client device
 * @id: by which the client knows it
 * @uuid: of the TA, octets in RFC 4122 order
 * @system: may use the thread that is kept for system sessions
 * @dead: of a trusted OS that died; all that is left to do is to close it
 */
struct optee_session_info {
	u64 ctx;
	u32 id;
	u8 uuid[16];
	bool system;
	bool dead;
};

/* The device of clients, whose contexts have sessions; to compare only. */
const struct tee_device *optee_get_client_device(struct optee *optee);
/* Up to @max sessions. Returns how many there are. */
size_t optee_get_sessions(struct optee *optee, struct optee_session_info *infos, size_t max);

/**
 * struct optee_shm_ref - one reference of the driver to shared memory, for status
 * views
 * @teedev: the device that @shm is of; to compare, not to look into
 * @shm: tee_shm_serial()
 * @supplicant: of a request that the supplicant has taken; otherwise lent to the
 *	trusted OS by an RPC
 */
struct optee_shm_ref {
	const struct tee_device *teedev;
	u64 shm;
	bool supplicant;
};

/* Up to @max references. Returns how many there are. */
size_t optee_get_shm_refs(struct optee *optee, struct optee_shm_ref *refs, size_t max);

#endif /* NORMAL_DRIVERS_OPTEE_H */
