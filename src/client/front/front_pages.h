/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Registered memory that is shared in place. Private to src/client/front; what the
 * shim needs of it stands in front.h.
 */
#ifndef CLIENT_FRONT_PAGES_H
#define CLIENT_FRONT_PAGES_H

#include <stdint.h>

#include "client/front/front_lane.h"

/*
 * Before TEE_IOC_SHM_REGISTER with @arg: share what can be shared of that memory,
 * and leave in the lane (struct front_runs) what is. Returns the number of runs; 0
 * for any reason but one: -EPIPE, the lane is over.
 */
int front_pages_share(struct front_lane *fl, uint32_t slot, unsigned long arg);

#endif /* CLIENT_FRONT_PAGES_H */
