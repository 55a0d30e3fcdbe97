/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A trusted OS that answers whatever the input says
 *
 * It plays the other side of the conduit: the handshake, replies in shared memory,
 * requests of every kind with cookies that it was given or invented. The handshake
 * is mostly right, so that an input gets somewhere. What the driver owes it is
 * checked: messages that are well formed, page lists of memory that exists,
 * cookies that were registered, registers that come back as they were.
 *
 * It never keeps a call for ever: after a number of requests it is done with it,
 * and it waits for nobody longer than some milliseconds. One instance.
 */
#ifndef TESTS_FUZZ_ODD_WORLD_H
#define TESTS_FUZZ_ODD_WORLD_H

#include "abi/smccc.h"
#include "fuzz.h"

/*
 * A new one, also in the middle of an input, and also during a call: it knows
 * nothing of the old one. end: the input is done with.
 */
void odd_world_start(struct fuzz_in *in);
void odd_world_end(void);
struct smc_conduit *odd_world_conduit(void);

/*
 * @nested: what is done now is done while an earlier call waits for it, so that
 * waiting for the end of that call would be for ever.
 */
void odd_world_set_nested(bool nested);

/* The number of registered buffers and of calls that did not end */
size_t odd_world_n_known(void);
unsigned int odd_world_n_calls(void);

#endif /* TESTS_FUZZ_ODD_WORLD_H */
