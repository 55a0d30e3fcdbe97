/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A TA instance: serves the operations of abi/tahost.h on its lane
 *
 * One process, one thread, one TA. The API functions that the TA calls carry no
 * handle, so the instance is process-wide and they reach it through the functions
 * here. The world is not trusted: what it posts is copied and checked; an operation
 * that does not fit is answered TEE_ERROR_BAD_STATE or TEE_ERROR_BAD_PARAMETERS and
 * changes nothing.
 */
#ifndef TAHOST_HOST_H
#define TAHOST_HOST_H

#include <stddef.h>
#include <stdint.h>

#include <tee_api_types.h>

#include "abi/tahost.h"

struct lane;
struct sandbox;
struct ta_image;

/*
 * In the child, which has HOST_FD_INSTANCE and HOST_FD_IMAGE and no other
 * descriptors of use: serve @lane until it ends. @uuid in RFC 4122 octets.
 */
_Noreturn void host_run(struct lane *lane, const uint8_t uuid[16], const struct sandbox *sandbox);

/* --- for the API --- */

/*
 * The TA panics: its code never runs again, the world is told @code and the log the
 * reason.
 */
__attribute__((format(printf, 2, 3))) _Noreturn void host_panic(uint32_t code, const char *fmt,
								...);

/* Ask the trusted OS. @sys goes there and comes back; the world's answer is data. */
void host_syscall(struct tahost_sys *sys);

/*
 * The window of system calls, @size bytes of it at least: for what does not fit into
 * a request. Valid until it is asked for again; NULL when there is no memory.
 */
uint8_t *host_window(size_t size);

/* The parameters of the call that is being served; types 0 outside of one. */
struct host_params {
	uint32_t types;
	TEE_Param params[TEE_NUM_PARAMS];
};
const struct host_params *host_params(void);

/* Who opened the session that is being served; public outside of one. */
void host_client(TEE_Identity *ret_client);

/* This TA */
const struct ta_image *host_image(void);
uint32_t host_ta_flags(void);
void host_ta_uuid(TEE_UUID *ret_uuid);

#endif /* TAHOST_HOST_H */
