/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * TA hosts that answer whatever the input says
 *
 * They are no processes: who starts one gets a lane whose other side is the
 * harness, which answers in the place of lane_call(). One instance for the process.
 */
#ifndef TESTS_FUZZ_ODD_TAHOST_H
#define TESTS_FUZZ_ODD_TAHOST_H

#include "fuzz.h"

void odd_tahost_start(struct fuzz_in *in);
/* Every host has been let go of. */
void odd_tahost_end(void);

/* Its process ended; its number, counting from 0, or -1 when there is none. */
int odd_tahost_kill(void);

#endif /* TESTS_FUZZ_ODD_TAHOST_H */
