/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What the tests of the OP-TEE world share: one world a test, messages, a TA
 *
 * Only for files that have included cmocka.
 */
#ifndef OPTEE_WORLD_FIXTURE_H
#define OPTEE_WORLD_FIXTURE_H

#include "optee_world_rig.h"

#define FIXTURE_EPOCH 3u

struct fixture {
	struct rig rig;
	struct rig_arg arg, arg2;
	uint8_t image[FAKE_TA_SIZE];
};

extern const uint8_t fixture_tests_uuid[16];	/* the invoke tests PTA */
extern const uint8_t fixture_ta_uuid[16];	/* the TA that fixture_offer() offers */

int fixture_set_up(void **state);
/* Checks that nothing of the machine's memory is left in use. */
int fixture_tear_down(void **state);

/* From now on the normal world has this TA. */
void fixture_offer(struct fixture *f, const struct fake_ta *ta);
uint32_t fixture_open(struct fixture *f, uint32_t *ret_session);
/* It must fail like this, and leave nothing behind. */
void fixture_expect_open(struct fixture *f, uint32_t ret, uint32_t origin);

/* A call of @arg that opens the TA and stops in its first RPC */
void fixture_begin(struct fixture *f, unsigned int cpu, struct rig_arg *arg,
		   struct smc_regs *out);
/* Goes on from the RPC in @out to the end. */
void fixture_finish(struct fixture *f, unsigned int cpu, struct rig_arg *arg,
		    const struct smc_regs *out);

#endif /* OPTEE_WORLD_FIXTURE_H */
