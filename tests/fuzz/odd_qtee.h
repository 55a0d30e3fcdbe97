/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A QTEE that answers whatever the input says
 *
 * It plays the other side of the conduit: statuses, results, callbacks to ids that
 * it was given or invented, asynchronous messages, in messages that are mostly well
 * formed and sometimes any bytes. What the driver owes it is checked: messages that
 * are well formed, buffers that exist and are zero, answers only to what was asked,
 * each reference on an object given back once. One instance.
 */
#ifndef TESTS_FUZZ_ODD_QTEE_H
#define TESTS_FUZZ_ODD_QTEE_H

#include "abi/smccc.h"
#include "fuzz.h"

/* A new one, which knows nothing of the old one. end: the input is done with. */
void odd_qtee_start(struct fuzz_in *in);
void odd_qtee_end(void);
struct smc_conduit *odd_qtee_conduit(void);

/* References on its objects that were not given back; suspended invocations */
size_t odd_qtee_n_refs(void);
size_t odd_qtee_n_suspended(void);

#endif /* TESTS_FUZZ_ODD_QTEE_H */
