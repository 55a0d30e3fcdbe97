/* SPDX-License-Identifier: BSD-2-Clause */
#include "optee_world_fixture.h"

#include <stdarg.h>
#include <setjmp.h>
#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include "abi/optee_smc.h"

const uint8_t fixture_tests_uuid[16] = { 0xd9, 0x6a, 0x5b, 0x40, 0xc3, 0xe5, 0x21, 0xe3,
					0x87, 0x94, 0x10, 0x02, 0xa5, 0xd5, 0xc6, 0x1b };
const uint8_t fixture_ta_uuid[16] = { 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16 };

int fixture_set_up(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));

	assert_non_null(f);
	rig_start(&f->rig, FIXTURE_EPOCH);
	rig_arg_new(&f->rig, &f->arg);
	rig_arg_new(&f->rig, &f->arg2);
	*state = f;
	return 0;
}

int fixture_tear_down(void **state)
{
	struct fixture *f = *state;
	struct soc_mem_stats stats;

	rig_arg_free(&f->arg);
	rig_arg_free(&f->arg2);
	soc_mem_get_stats(f->rig.mem, &stats);
	assert_int_equal(stats.n_regions, 0);
	assert_int_equal(stats.ram_used, 0);
	rig_stop(&f->rig);
	free(f);
	return 0;
}

void fixture_offer(struct fixture *f, const struct fake_ta *ta)
{
	fake_ta_image(f->image, ta);
	f->rig.image = f->image;
	f->rig.image_size = sizeof(f->image);
	f->rig.image_claimed = 0;
	memcpy(f->rig.image_uuid, fixture_ta_uuid, 16);
}

uint32_t fixture_open(struct fixture *f, uint32_t *ret_session)
{
	return rig_open(&f->rig, 0, &f->arg, fixture_ta_uuid, ret_session);
}

void fixture_expect_open(struct fixture *f, uint32_t ret, uint32_t origin)
{
	uint32_t session;

	assert_int_equal(fixture_open(f, &session), ret);
	assert_int_equal(f->arg.msg->ret_origin, origin);
	assert_int_equal(session, 0);
	assert_int_equal(f->rig.n_allocs, f->rig.n_frees);
}

void fixture_begin(struct fixture *f, unsigned int cpu, struct rig_arg *arg, struct smc_regs *out)
{
	struct smc_regs in = rig_arg_regs(arg);

	rig_prepare_open(arg, fixture_ta_uuid, 0);
	assert_int_equal(rig_smc(&f->rig, cpu, &in, out),
			 OPTEE_SMC_RETURN_RPC_PREFIX | OPTEE_SMC_RPC_FUNC_CMD);
}

void fixture_finish(struct fixture *f, unsigned int cpu, struct rig_arg *arg,
		   const struct smc_regs *out)
{
	struct smc_regs in;

	rig_serve_rpc(&f->rig, arg, out, &in);
	assert_int_equal(rig_call_regs(&f->rig, cpu, arg, in), OPTEE_SMC_RETURN_OK);
}
