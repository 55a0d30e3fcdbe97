/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The OP-TEE world against a machine, a driver and a TA host that the test plays
 */
#include "optee_world_rig.h"

#include <stdarg.h>
#include <setjmp.h>
#include <cmocka.h>

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "abi/optee_rpc.h"
#include "abi/optee_smc.h"
#include "abi/tee_result.h"
#include "secure/common/fiber.h"
#include "secure/common/idtable.h"

#define EPOCH 3u

static const uint8_t device_uuid[16] = { 0x70, 0x11, 0xa6, 0x88, 0xdd, 0xde, 0x40, 0x53,
					 0xa5, 0xa9, 0x7b, 0x3c, 0x4d, 0xdf, 0x13, 0xb8 };
static const uint8_t tests_uuid[16] = { 0xd9, 0x6a, 0x5b, 0x40, 0xc3, 0xe5, 0x21, 0xe3,
					0x87, 0x94, 0x10, 0x02, 0xa5, 0xd5, 0xc6, 0x1b };
static const uint8_t ta_uuid[16] = { 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16 };

#define FLAG_SINGLE (1u << 2)
#define FLAG_MULTI (1u << 3)
#define FLAG_KEEP (1u << 4)
#define FLAG_KEEP_CRASHED (1u << 13)

struct fixture {
	struct rig rig;
	struct rig_arg arg, arg2;
	uint8_t image[FAKE_TA_SIZE];
};

static int set_up(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));

	assert_non_null(f);
	rig_start(&f->rig, EPOCH);
	rig_arg_new(&f->rig, &f->arg);
	rig_arg_new(&f->rig, &f->arg2);
	*state = f;
	return 0;
}

static int tear_down(void **state)
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

/* --- parts --- */

struct fiber_test {
	struct fiber *fiber;
	int n;
};

static void fiber_body(void *data)
{
	struct fiber_test *test = data;

	for (;;) {
		test->n++;
		fiber_suspend(test->fiber);
	}
}

static void *fiber_elsewhere(void *data)
{
	struct fiber_test *test = data;

	fiber_resume(test->fiber);
	return NULL;
}

static void test_fiber(void **state)
{
	struct fiber_test test = { .n = 0 };
	pthread_t thread;

	assert_int_equal(fiber_new(fiber_body, &test, FIBER_STACK_SIZE, &test.fiber), 0);
	for (int i = 1; i <= 1000; i++) {
		fiber_resume(test.fiber);
		assert_int_equal(test.n, i);
	}
	/* A fiber goes on wherever it is resumed. */
	assert_int_equal(pthread_create(&thread, NULL, fiber_elsewhere, &test), 0);
	pthread_join(thread, NULL);
	assert_int_equal(test.n, 1001);
	fiber_resume(test.fiber);
	assert_int_equal(test.n, 1002);
	fiber_free(test.fiber);
}

static void test_idtable(void **state)
{
	struct idtable table;
	uint32_t ids[200], id;
	int object[200];

	idtable_init(&table, 200);
	assert_null(idtable_get(&table, 0));
	assert_null(idtable_get(&table, 1));
	for (int i = 0; i < 200; i++) {
		assert_int_equal(idtable_add(&table, &object[i], &ids[i]), 0);
		assert_int_not_equal(ids[i], 0);
	}
	assert_int_equal(ids[0], 1);
	assert_int_equal(idtable_add(&table, object, &id), -ENOSPC);
	for (int i = 0; i < 200; i++)
		assert_ptr_equal(idtable_get(&table, ids[i]), &object[i]);
	/* A number that was given back is not the next one. */
	assert_ptr_equal(idtable_remove(&table, ids[199]), &object[199]);
	assert_null(idtable_remove(&table, ids[199]));
	assert_int_equal(idtable_add(&table, &object[199], &id), 0);
	assert_int_not_equal(id, ids[199]);
	idtable_deinit(&table);
}

/* --- fast calls --- */

static void test_fast(void **state)
{
	struct fixture *f = *state;
	struct smc_regs in = { .a = { 0 } }, out;

	assert_int_equal(rig_fast(&f->rig, OPTEE_SMC_CALLS_COUNT, &out), 12);
	assert_int_equal(rig_fast(&f->rig, OPTEE_SMC_CALLS_UID, &out), 0x384fb3e0);
	assert_int_equal(out.a[1], 0xe7f811e3);
	assert_int_equal(out.a[2], 0xaf630002);
	assert_int_equal(out.a[3], 0xa5d5c51b);
	assert_int_equal(rig_fast(&f->rig, OPTEE_SMC_CALLS_REVISION, &out), 2);
	assert_int_equal(out.a[1], 0);
	assert_int_equal(rig_fast(&f->rig, OPTEE_SMC_CALL_GET_OS_UUID, &out), 0x486178e0);
	assert_int_equal(out.a[3], 0xa5d5c51b);
	assert_int_equal(rig_fast(&f->rig, OPTEE_SMC_CALL_GET_OS_REVISION, &out), 4);
	assert_int_equal(out.a[1], 6);
	assert_int_equal(rig_fast(&f->rig, OPTEE_SMC_GET_SHM_CONFIG, &out),
			 OPTEE_SMC_RETURN_ENOTAVAIL);
	assert_int_equal(rig_fast(&f->rig, OPTEE_SMC_GET_THREAD_COUNT, &out), 0);
	assert_int_equal(out.a[1], RIG_THREADS);
	assert_int_equal(rig_fast(&f->rig, OPTEE_SMC_DISABLE_SHM_CACHE, &out),
			 OPTEE_SMC_RETURN_ENOTAVAIL);
	assert_int_equal(rig_fast(&f->rig, OPTEE_SMC_ENABLE_SHM_CACHE, &out), 0);
	assert_int_equal(rig_fast(&f->rig, OPTEE_SMC_ENABLE_ASYNC_NOTIF, &out),
			 OPTEE_SMC_RETURN_UNKNOWN_FUNCTION);
	assert_int_equal(rig_fast(&f->rig, OPTEE_SMC_GET_PROTMEM_CONFIG, &out),
			 OPTEE_SMC_RETURN_UNKNOWN_FUNCTION);
	assert_int_equal(rig_fast(&f->rig, 0x32000099, &out), OPTEE_SMC_RETURN_UNKNOWN_FUNCTION);
	assert_int_equal(rig_fast(&f->rig, 0, &out), OPTEE_SMC_RETURN_UNKNOWN_FUNCTION);

	in.a[0] = OPTEE_SMC_EXCHANGE_CAPABILITIES;
	in.a[1] = OPTEE_SMC_NSEC_CAP_UNIPROCESSOR;
	assert_int_equal(rig_smc(&f->rig, 1, &in, &out), 0);
	assert_int_equal(out.a[1], 0x54);
	assert_int_equal(out.a[2], RIG_THREADS);
	assert_int_equal(out.a[3], 4);
	in.a[1] = 2;
	assert_int_equal(rig_smc(&f->rig, 1, &in, &out), OPTEE_SMC_RETURN_ENOTAVAIL);
	assert_int_equal(out.a[1], 2);
}

/* --- yielding calls: where the message is --- */

static void test_bad_address(void **state)
{
	struct fixture *f = *state;
	struct smc_regs in = rig_arg_regs(&f->arg), out;

	rig_arg_prepare(&f->arg, OPTEE_MSG_CMD_CLOSE_SESSION, 0);
	in.a[2] += 8;
	assert_int_equal(rig_smc(&f->rig, 0, &in, &out), OPTEE_SMC_RETURN_EBADADDR);
	in = rig_arg_regs(&f->arg);
	in.a[1] = 0x7777;
	assert_int_equal(rig_smc(&f->rig, 0, &in, &out), OPTEE_SMC_RETURN_ENOMEM);

	in = rig_arg_regs(&f->arg);
	f->arg.msg->num_params = 200;
	assert_int_equal(rig_smc(&f->rig, 0, &in, &out), OPTEE_SMC_RETURN_EBADADDR);
	f->arg.msg->num_params = 127;
	assert_int_equal(rig_smc(&f->rig, 0, &in, &out), OPTEE_SMC_RETURN_EBADADDR);
	in.a[0] = OPTEE_SMC_CALL_WITH_ARG;
	assert_int_equal(rig_smc(&f->rig, 0, &in, &out), OPTEE_SMC_RETURN_OK);
	assert_int_equal(f->arg.msg->ret, TEE_R_BAD_PARAMETERS);

	rig_arg_prepare(&f->arg, 99, 0);
	in = rig_arg_regs(&f->arg);
	assert_int_equal(rig_smc(&f->rig, 0, &in, &out), OPTEE_SMC_RETURN_EBADCMD);
	assert_int_equal(f->arg.msg->ret, 0xdeadbeef);
}

static void test_regd_arg(void **state)
{
	struct fixture *f = *state;
	struct smc_regs in = { .a = { OPTEE_SMC_CALL_WITH_REGD_ARG } }, out;
	struct optee_msg_arg *msg;
	struct rig_shm shm;

	for (int dedicated = 0; dedicated < 2; dedicated++) {
		rig_shm_new(&f->rig, &f->arg, 0, 1024, dedicated, 0x1234500000042, &shm);
		msg = (void *)(shm.va + 512);
		msg->cmd = OPTEE_MSG_CMD_CLOSE_SESSION;
		in.a[1] = 0x12345;
		in.a[2] = 0x42;
		in.a[3] = 512;
		assert_int_equal(rig_smc(&f->rig, 0, &in, &out), OPTEE_SMC_RETURN_OK);
		assert_int_equal(msg->ret, TEE_R_ITEM_NOT_FOUND);
		assert_int_equal(msg->ret_origin, TEE_R_ORIGIN_TEE);

		/* It cannot take away the memory that it stands in. */
		msg->cmd = OPTEE_MSG_CMD_UNREGISTER_SHM;
		msg->num_params = 1;
		msg->params[0].u.rmem.shm_ref = shm.cookie;
		assert_int_equal(rig_smc(&f->rig, 0, &in, &out), OPTEE_SMC_RETURN_OK);
		assert_int_equal(msg->ret, TEE_R_BAD_PARAMETERS);

		in.a[3] = 513;
		assert_int_equal(rig_smc(&f->rig, 0, &in, &out), OPTEE_SMC_RETURN_EBADADDR);
		in.a[3] = 1024 - 32 - 152;
		assert_int_equal(rig_smc(&f->rig, 0, &in, &out), OPTEE_SMC_RETURN_EBADADDR);
		in.a[3] = 0xfffffff8;
		assert_int_equal(rig_smc(&f->rig, 0, &in, &out), OPTEE_SMC_RETURN_EBADADDR);
		in.a[3] = 512;
		in.a[1] = 0;
		assert_int_equal(rig_smc(&f->rig, 0, &in, &out), OPTEE_SMC_RETURN_EBADADDR);
		rig_shm_free(&f->rig, &f->arg, &shm);
	}
}

/* --- shared memory --- */

static uint32_t register_raw(struct fixture *f, uint64_t attr, uint64_t buf_ptr, uint64_t size,
			     uint64_t cookie)
{
	struct optee_msg_param *p = f->arg.msg->params;

	rig_arg_prepare(&f->arg, OPTEE_MSG_CMD_REGISTER_SHM, 1);
	p->attr = attr;
	p->u.tmem.buf_ptr = buf_ptr;
	p->u.tmem.size = size;
	p->u.tmem.shm_ref = cookie;
	return rig_call(&f->rig, 0, &f->arg);
}

static void test_register(void **state)
{
	struct fixture *f = *state;
	struct soc_region *region, *list;
	struct optee_msg_page_list *pages;
	struct rig_shm shm;
	uint64_t buf_ptr;

	rig_shm_new(&f->rig, &f->arg, 100, 10000, true, 7, &shm);
	assert_int_equal(rig_shm_unregister(&f->rig, &f->arg, 8), TEE_R_BAD_PARAMETERS);
	buf_ptr = rig_page_list(&f->rig, shm.region, 0, 4096, &list);
	pages = soc_region_va(list);
	assert_int_equal(register_raw(f, 0x20a, buf_ptr, 4096, 7), TEE_R_BAD_PARAMETERS);
	assert_int_equal(register_raw(f, 0x209, buf_ptr, 4096, 9), TEE_R_BAD_PARAMETERS);
	assert_int_equal(register_raw(f, 0xa, buf_ptr, 4096, 9), TEE_R_BAD_PARAMETERS);
	assert_int_equal(register_raw(f, 0x20a, buf_ptr, 0, 9), TEE_R_BAD_PARAMETERS);
	assert_int_equal(register_raw(f, 0x20a, buf_ptr, UINT64_MAX, 9), TEE_R_OUT_OF_MEMORY);
	assert_int_equal(register_raw(f, 0x20a, 0xdead000, 4096, 9), TEE_R_BAD_PARAMETERS);
	pages->pages[0] += 16;
	assert_int_equal(register_raw(f, 0x20a, buf_ptr, 4096, 9), TEE_R_BAD_PARAMETERS);
	pages->pages[0] = 0xffffffffff000;
	assert_int_equal(register_raw(f, 0x20a, buf_ptr, 4096, 9), TEE_R_BAD_PARAMETERS);
	rig_shm_free(&f->rig, &f->arg, &shm);
	assert_int_equal(rig_shm_unregister(&f->rig, &f->arg, 7), TEE_R_BAD_PARAMETERS);
	soc_region_free(list);

	/* A chain of lists, and one that is broken */
	rig_shm_new(&f->rig, &f->arg, 4, 600 * 4096, true, 1, &shm);
	rig_shm_free(&f->rig, &f->arg, &shm);
	assert_int_equal(soc_region_new(f->rig.mem, 600 * 4096, true, &region), 0);
	buf_ptr = rig_page_list(&f->rig, region, 0, 600 * 4096, &list);
	pages = soc_region_va(list);
	pages[0].next += 8;
	assert_int_equal(register_raw(f, 0x20a, buf_ptr, 600 * 4096, 1), TEE_R_BAD_PARAMETERS);
	pages[0].next = 0;
	assert_int_equal(register_raw(f, 0x20a, buf_ptr, 600 * 4096, 1), TEE_R_BAD_PARAMETERS);
	/* A circle ends where the size says. */
	pages[0].next = soc_region_pa(list);
	assert_int_equal(register_raw(f, 0x20a, buf_ptr, 600 * 4096, 1), TEE_R_SUCCESS);
	assert_int_equal(rig_shm_unregister(&f->rig, &f->arg, 1), TEE_R_SUCCESS);
	soc_region_free(list);
	soc_region_free(region);

	rig_arg_prepare(&f->arg, OPTEE_MSG_CMD_REGISTER_SHM, 0);
	assert_int_equal(rig_call(&f->rig, 0, &f->arg), TEE_R_BAD_PARAMETERS);
	rig_arg_prepare(&f->arg, OPTEE_MSG_CMD_UNREGISTER_SHM, 2);
	assert_int_equal(rig_call(&f->rig, 0, &f->arg), TEE_R_BAD_PARAMETERS);
}

static void test_many_cookies(void **state)
{
	struct fixture *f = *state;
	struct soc_region *region, *list;
	uint64_t buf_ptr;

	assert_int_equal(soc_region_new(f->rig.mem, 4096, true, &region), 0);
	buf_ptr = rig_page_list(&f->rig, region, 0, 4096, &list);
	for (uint64_t i = 0; i < 500; i++)
		assert_int_equal(register_raw(f, 0x20a, buf_ptr, 4096, i << 20), TEE_R_SUCCESS);
	/* All of them are in one region, which was asked for once. */
	assert_int_equal(f->rig.n_map_requests, 1);
	for (uint64_t i = 0; i < 500; i++)
		assert_int_equal(rig_shm_unregister(&f->rig, &f->arg, i << 20), TEE_R_SUCCESS);
	/* Nobody uses it any more: it is asked for again. */
	assert_int_equal(register_raw(f, 0x20a, buf_ptr, 4096, 1), TEE_R_SUCCESS);
	assert_int_equal(f->rig.n_map_requests, 2);
	assert_int_equal(rig_shm_unregister(&f->rig, &f->arg, 1), TEE_R_SUCCESS);
	soc_region_free(list);
	soc_region_free(region);
}

/* --- pseudo TAs --- */

static void test_open(void **state)
{
	struct fixture *f = *state;
	struct optee_msg_param *p = f->arg.msg->params;
	uint32_t session, other;

	assert_int_equal(rig_open(&f->rig, 0, &f->arg, tests_uuid, &session), TEE_R_SUCCESS);
	assert_int_equal(f->arg.msg->ret_origin, TEE_R_ORIGIN_TRUSTED_APP);
	assert_int_equal(session, ((EPOCH - 1) << 20) + 1);
	assert_int_equal(rig_open(&f->rig, 0, &f->arg, tests_uuid, &other), TEE_R_SUCCESS);
	assert_int_equal(other, session + 1);
	assert_int_equal(rig_close(&f->rig, &f->arg, session), TEE_R_SUCCESS);
	assert_int_equal(rig_close(&f->rig, &f->arg, session), TEE_R_ITEM_NOT_FOUND);
	assert_int_equal(f->arg.msg->ret_origin, TEE_R_ORIGIN_TEE);
	rig_prepare_invoke(&f->arg, session, 0, 0);
	assert_int_equal(rig_call(&f->rig, 0, &f->arg), TEE_R_BAD_PARAMETERS);
	assert_int_equal(f->arg.msg->ret_origin, TEE_R_ORIGIN_TEE);
	assert_int_equal(rig_close(&f->rig, &f->arg, other - (2u << 20)), TEE_R_ITEM_NOT_FOUND);
	rig_arg_prepare(&f->arg, OPTEE_MSG_CMD_CLOSE_SESSION, 1);
	f->arg.msg->session = other;
	assert_int_equal(rig_call(&f->rig, 0, &f->arg), TEE_R_BAD_PARAMETERS);
	assert_int_equal(rig_close(&f->rig, &f->arg, other), TEE_R_SUCCESS);

	/* The meta parameters are exact. */
	rig_prepare_open(&f->arg, tests_uuid, 0);
	p[0].attr = OPTEE_MSG_ATTR_TYPE_VALUE_INPUT;
	f->arg.msg->session = 55;
	assert_int_equal(rig_call(&f->rig, 0, &f->arg), TEE_R_BAD_PARAMETERS);
	assert_int_equal(f->arg.msg->session, 0);
	rig_prepare_open(&f->arg, tests_uuid, 0);
	p[1].attr |= OPTEE_MSG_ATTR_NONCONTIG;
	assert_int_equal(rig_call(&f->rig, 0, &f->arg), TEE_R_BAD_PARAMETERS);
	rig_prepare_open(&f->arg, tests_uuid, 0);
	f->arg.msg->num_params = 1;
	assert_int_equal(rig_call(&f->rig, 0, &f->arg), TEE_R_BAD_PARAMETERS);
	rig_prepare_open(&f->arg, tests_uuid, 5);
	assert_int_equal(rig_call(&f->rig, 0, &f->arg), TEE_R_BAD_PARAMETERS);
	rig_prepare_open(&f->arg, tests_uuid, 1);
	p[2].attr = OPTEE_MSG_ATTR_TYPE_VALUE_INPUT | OPTEE_MSG_ATTR_META;
	assert_int_equal(rig_call(&f->rig, 0, &f->arg), TEE_R_BAD_PARAMETERS);
	rig_prepare_open(&f->arg, tests_uuid, 0);
	p[1].u.value.c = OPTEE_MSG_LOGIN_TRUSTED_APP;
	assert_int_equal(rig_call(&f->rig, 0, &f->arg), TEE_R_BAD_PARAMETERS);
	p[1].u.value.c = 3;
	assert_int_equal(rig_call(&f->rig, 0, &f->arg), TEE_R_BAD_PARAMETERS);
}

static void test_params(void **state)
{
	struct fixture *f = *state;
	struct optee_msg_param *p = f->arg.msg->params;
	struct rig_shm shm;
	uint32_t session;

	rig_shm_new(&f->rig, &f->arg, 16, 5000, true, 3, &shm);
	assert_int_equal(rig_open(&f->rig, 0, &f->arg, tests_uuid, &session), TEE_R_SUCCESS);

	/* TRACE, the shortest of all calls */
	rig_prepare_invoke(&f->arg, session, 0, 0);
	assert_int_equal(rig_call(&f->rig, 0, &f->arg), TEE_R_SUCCESS);
	assert_int_equal(f->arg.msg->ret_origin, TEE_R_ORIGIN_TRUSTED_APP);

	rig_prepare_invoke(&f->arg, session, 1, 4);
	p[2].attr = OPTEE_MSG_ATTR_TYPE_VALUE_INOUT;
	p[2].u.value.a = 0x1234567840000000;
	p[2].u.value.b = 2;
	p[2].u.value.c = 77;
	assert_int_equal(rig_call(&f->rig, 0, &f->arg), TEE_R_SUCCESS);
	assert_int_equal(p[2].u.value.a, 0x40000002);
	assert_int_equal(p[2].u.value.c, 77);

	rig_prepare_invoke(&f->arg, session, 1, 4);
	for (int i = 0; i < 4; i++) {
		p[i].attr = i == 1 ? OPTEE_MSG_ATTR_TYPE_VALUE_OUTPUT :
				     OPTEE_MSG_ATTR_TYPE_VALUE_INPUT;
		p[i].u.value.a = 1u << i;
		p[i].u.value.b = 16u << i;
	}
	assert_int_equal(rig_call(&f->rig, 0, &f->arg), TEE_R_SUCCESS);
	assert_int_equal(p[1].u.value.a, 13);
	assert_int_equal(p[1].u.value.b, 13 * 16);

	rig_prepare_invoke(&f->arg, session, 1, 1);
	memset(shm.va, 1, shm.size);
	p->attr = OPTEE_MSG_ATTR_TYPE_RMEM_INOUT;
	p->u.rmem.offs = 4990;
	p->u.rmem.size = 10;
	p->u.rmem.shm_ref = 3;
	assert_int_equal(rig_call(&f->rig, 0, &f->arg), TEE_R_SUCCESS);
	assert_int_equal(shm.va[4990], 10);
	assert_int_equal(p->u.rmem.size, 10);
	p->u.rmem.size = 11;
	assert_int_equal(rig_call(&f->rig, 0, &f->arg), TEE_R_SECURITY);
	assert_int_equal(f->arg.msg->ret_origin, TEE_R_ORIGIN_TEE);
	p->u.rmem.offs = UINT64_MAX;
	assert_int_equal(rig_call(&f->rig, 0, &f->arg), TEE_R_SECURITY);
	p->u.rmem.shm_ref = 4;
	assert_int_equal(rig_call(&f->rig, 0, &f->arg), TEE_R_BAD_PARAMETERS);
	p->attr = 4;
	assert_int_equal(rig_call(&f->rig, 0, &f->arg), TEE_R_BAD_PARAMETERS);
	p->attr = OPTEE_MSG_ATTR_TYPE_VALUE_INPUT | 1ull << 40;
	assert_int_equal(rig_call(&f->rig, 0, &f->arg), TEE_R_BAD_PARAMETERS);
	rig_prepare_invoke(&f->arg, session, 0, 5);
	assert_int_equal(rig_call(&f->rig, 0, &f->arg), TEE_R_BAD_PARAMETERS);
	assert_int_equal(f->arg.msg->ret_origin, TEE_R_ORIGIN_TEE);
	rig_prepare_invoke(&f->arg, session, 1, 0);
	assert_int_equal(rig_call(&f->rig, 0, &f->arg), TEE_R_BAD_PARAMETERS);
	assert_int_equal(f->arg.msg->ret_origin, TEE_R_ORIGIN_TRUSTED_APP);

	/* Nobody has a reference left after all these failures. */
	rig_shm_free(&f->rig, &f->arg, &shm);
	assert_int_equal(rig_close(&f->rig, &f->arg, session), TEE_R_SUCCESS);
}

static void test_temporary(void **state)
{
	struct fixture *f = *state;
	struct optee_msg_param *p = f->arg.msg->params;
	struct soc_region *region, *list;
	uint32_t session;

	assert_int_equal(rig_open(&f->rig, 0, &f->arg, tests_uuid, &session), TEE_R_SUCCESS);
	rig_prepare_invoke(&f->arg, session, 10, 1);
	p->attr = OPTEE_MSG_ATTR_TYPE_TMEM_INOUT;
	assert_int_equal(rig_call(&f->rig, 0, &f->arg), TEE_R_SUCCESS);
	p->u.tmem.size = 1;
	assert_int_equal(rig_call(&f->rig, 0, &f->arg), TEE_R_BAD_PARAMETERS);
	assert_int_equal(f->arg.msg->ret_origin, TEE_R_ORIGIN_TEE);
	p->u.tmem.size = 0;
	p->u.tmem.buf_ptr = 0x40000000;
	assert_int_equal(rig_call(&f->rig, 0, &f->arg), TEE_R_BAD_PARAMETERS);

	/* A page list for one call; the last two pages of three, in the wrong order */
	assert_int_equal(soc_region_new(f->rig.mem, 3 * 4096, true, &region), 0);
	rig_prepare_invoke(&f->arg, session, 1, 1);
	p->attr = OPTEE_MSG_ATTR_TYPE_TMEM_INOUT | OPTEE_MSG_ATTR_NONCONTIG;
	p->u.tmem.buf_ptr = rig_page_list(&f->rig, region, 4000, 4096, &list);
	((struct optee_msg_page_list *)soc_region_va(list))->pages[0] += 2 * 4096;
	p->u.tmem.size = 100;
	p->u.tmem.shm_ref = 5;
	memset((uint8_t *)soc_region_va(region) + 2 * 4096, 1, 4096);
	memset((uint8_t *)soc_region_va(region) + 4096, 2, 4096);
	assert_int_equal(rig_call(&f->rig, 0, &f->arg), TEE_R_SUCCESS);
	assert_int_equal(((uint8_t *)soc_region_va(region))[2 * 4096 + 4000], 96 + 4 * 2);
	assert_int_equal(rig_shm_unregister(&f->rig, &f->arg, 5), TEE_R_BAD_PARAMETERS);
	soc_region_free(list);
	soc_region_free(region);
	assert_int_equal(rig_close(&f->rig, &f->arg, session), TEE_R_SUCCESS);
}

static void test_device_pta(void **state)
{
	struct fixture *f = *state;
	struct optee_msg_param *p = f->arg.msg->params;
	struct rig_shm shm;
	uint32_t session;

	rig_shm_new(&f->rig, &f->arg, 0, 64, true, 3, &shm);
	assert_int_equal(rig_open(&f->rig, 0, &f->arg, device_uuid, &session), TEE_R_SUCCESS);
	rig_prepare_invoke(&f->arg, session, 0, 1);
	p->attr = OPTEE_MSG_ATTR_TYPE_TMEM_OUTPUT;
	assert_int_equal(rig_call(&f->rig, 0, &f->arg), TEE_R_SHORT_BUFFER);
	assert_int_equal(p->u.tmem.size, 16);
	rig_prepare_invoke(&f->arg, session, 0, 1);
	p->attr = OPTEE_MSG_ATTR_TYPE_RMEM_OUTPUT;
	p->u.rmem.size = 64;
	p->u.rmem.shm_ref = 3;
	assert_int_equal(rig_call(&f->rig, 0, &f->arg), TEE_R_SUCCESS);
	assert_int_equal(p->u.rmem.size, 16);
	assert_memory_equal(shm.va, tests_uuid, 16);
	f->arg.msg->func = 1;
	assert_int_equal(rig_call(&f->rig, 0, &f->arg), TEE_R_SUCCESS);
	assert_int_equal(p->u.rmem.size, 0);
	f->arg.msg->func = 9;
	assert_int_equal(rig_call(&f->rig, 0, &f->arg), TEE_R_NOT_IMPLEMENTED);
	p->attr = OPTEE_MSG_ATTR_TYPE_RMEM_INPUT;
	f->arg.msg->func = 0;
	assert_int_equal(rig_call(&f->rig, 0, &f->arg), TEE_R_BAD_PARAMETERS);
	assert_int_equal(rig_close(&f->rig, &f->arg, session), TEE_R_SUCCESS);
	rig_shm_free(&f->rig, &f->arg, &shm);
}

static void test_self_tests(void **state)
{
	struct fixture *f = *state;
	static const struct {
		uint32_t cmd, ret;
	} cmds[] = {
		{ 2, TEE_R_SUCCESS },	      { 11, TEE_R_SUCCESS },
		{ 8, TEE_R_NOT_SUPPORTED },   { 9, TEE_R_NOT_SUPPORTED },
		{ 4, TEE_R_BAD_PARAMETERS },  { 6, TEE_R_BAD_PARAMETERS },
		{ 99, TEE_R_BAD_PARAMETERS },
	};
	uint32_t session;

	assert_int_equal(rig_open(&f->rig, 0, &f->arg, tests_uuid, &session), TEE_R_SUCCESS);
	for (size_t i = 0; i < sizeof(cmds) / sizeof(cmds[0]); i++) {
		rig_prepare_invoke(&f->arg, session, cmds[i].cmd, 0);
		assert_int_equal(rig_call(&f->rig, 0, &f->arg), cmds[i].ret);
		assert_int_equal(f->arg.msg->ret_origin, TEE_R_ORIGIN_TRUSTED_APP);
	}
	assert_int_equal(rig_close(&f->rig, &f->arg, session), TEE_R_SUCCESS);
}

/* --- loading --- */

static void offer_ta(struct fixture *f, const struct fake_ta *ta)
{
	fake_ta_image(f->image, ta);
	f->rig.image = f->image;
	f->rig.image_size = sizeof(f->image);
	f->rig.image_claimed = 0;
	memcpy(f->rig.image_uuid, ta_uuid, 16);
}

static uint32_t open_ta(struct fixture *f, uint32_t *ret_session)
{
	return rig_open(&f->rig, 0, &f->arg, ta_uuid, ret_session);
}

static void test_unknown_ta(void **state)
{
	struct fixture *f = *state;
	uint32_t session;

	assert_int_equal(open_ta(f, &session), TEE_R_ITEM_NOT_FOUND);
	assert_int_equal(f->arg.msg->ret_origin, TEE_R_ORIGIN_TEE);
	assert_int_equal(session, 0);
	assert_int_equal(f->rig.n_loads, 1);
	assert_int_equal(f->rig.n_allocs, 0);
}

static void expect_open(struct fixture *f, uint32_t ret, uint32_t origin)
{
	uint32_t session;

	assert_int_equal(open_ta(f, &session), ret);
	assert_int_equal(f->arg.msg->ret_origin, origin);
	assert_int_equal(session, 0);
	assert_int_equal(f->rig.n_allocs, f->rig.n_frees);
}

static void test_bad_images(void **state)
{
	struct fixture *f = *state;
	struct fake_ta ta = { .load_result = TEE_R_BAD_FORMAT };
	const uint8_t shdr[4] = { 0x48, 0x53, 0x54, 0x4f };

	offer_ta(f, &ta);
	expect_open(f, TEE_R_BAD_FORMAT, TEE_R_ORIGIN_TEE);
	ta = (struct fake_ta){ .flags = 1u << 20 };
	offer_ta(f, &ta);
	expect_open(f, TEE_R_BAD_FORMAT, TEE_R_ORIGIN_TEE);
	ta = (struct fake_ta){ .open_result = TEE_R_ACCESS_DENIED };
	offer_ta(f, &ta);
	expect_open(f, TEE_R_ACCESS_DENIED, TEE_R_ORIGIN_TRUSTED_APP);
	ta = (struct fake_ta){ .create_result = TEE_R_GENERIC };
	offer_ta(f, &ta);
	expect_open(f, TEE_R_GENERIC, TEE_R_ORIGIN_TRUSTED_APP);

	f->image[18] ^= 0xff;
	expect_open(f, TEE_R_BAD_FORMAT, TEE_R_ORIGIN_TEE);
	f->image[0] = 0;
	expect_open(f, TEE_R_BAD_FORMAT, TEE_R_ORIGIN_TEE);
	memcpy(f->image, shdr, 4);
	expect_open(f, TEE_R_SECURITY, TEE_R_ORIGIN_TEE);
	f->rig.image_size = 3;
	expect_open(f, TEE_R_BAD_FORMAT, TEE_R_ORIGIN_TEE);
	f->rig.image_claimed = (size_t)65 << 20;
	expect_open(f, TEE_R_OUT_OF_MEMORY, TEE_R_ORIGIN_TEE);
	f->rig.image_claimed = 100;
	f->rig.refuse_alloc = true;
	expect_open(f, TEE_R_OUT_OF_MEMORY, TEE_R_ORIGIN_TEE);
}

/* What a normal world may answer, and must not get away with */
static void test_hostile_rpc(void **state)
{
	struct fixture *f = *state;
	const struct fake_ta ta = { .flags = 0 };
	uint32_t session;

	offer_ta(f, &ta);
	f->rig.lie = RIG_LIE_SIZE;
	expect_open(f, TEE_R_GENERIC, TEE_R_ORIGIN_TEE);
	f->rig.lie = RIG_LIE_LIST;
	expect_open(f, TEE_R_BAD_PARAMETERS, TEE_R_ORIGIN_TEE);
	f->rig.lie = RIG_LIE_CONTIGUOUS;
	expect_open(f, TEE_R_BAD_PARAMETERS, TEE_R_ORIGIN_TEE);
	f->rig.lie = RIG_LIE_IMAGE;
	expect_open(f, TEE_R_SHORT_BUFFER, TEE_R_ORIGIN_TEE);
	/* Not an answer that names a buffer: nothing is given back. */
	f->rig.lie = RIG_LIE_ATTR;
	assert_int_equal(open_ta(f, &session), TEE_R_GENERIC);
	assert_int_equal(f->rig.n_allocs, f->rig.n_frees + 1);
	f->rig.lent = soc_region_free(f->rig.lent);
	f->rig.lent_list = soc_region_free(f->rig.lent_list);
	f->rig.lie = RIG_HONEST;
	assert_int_equal(open_ta(f, &session), TEE_R_SUCCESS);
	assert_int_equal(rig_close(&f->rig, &f->arg, session), TEE_R_SUCCESS);
}

/* Without room for RPC messages behind the main one */
static void test_rpc_alloc(void **state)
{
	struct fixture *f = *state;
	struct smc_regs in = rig_arg_regs(&f->arg);

	in.a[0] = OPTEE_SMC_CALL_WITH_ARG;
	rig_prepare_open(&f->arg, ta_uuid, 0);
	f->arg.rpc = NULL;
	assert_int_equal(rig_call_regs(&f->rig, 0, &f->arg, in), OPTEE_SMC_RETURN_OK);
	assert_int_equal(f->arg.msg->ret, TEE_R_ITEM_NOT_FOUND);
	assert_int_equal(f->rig.n_allocs, 1);
	assert_int_equal(f->rig.n_frees, 1);
	assert_int_equal(f->rig.n_loads, 1);

	f->rig.refuse_alloc = true;
	assert_int_equal(rig_call_regs(&f->rig, 0, &f->arg, in), OPTEE_SMC_RETURN_OK);
	assert_int_equal(f->arg.msg->ret, TEE_R_OUT_OF_MEMORY);
	assert_int_equal(f->rig.n_loads, 1);
}

/* --- threads --- */

/* A call that stops in its first RPC */
static void begin(struct fixture *f, unsigned int cpu, struct rig_arg *arg, struct smc_regs *out)
{
	struct smc_regs in = rig_arg_regs(arg);

	rig_prepare_open(arg, ta_uuid, 0);
	assert_int_equal(rig_smc(&f->rig, cpu, &in, out),
			 OPTEE_SMC_RETURN_RPC_PREFIX | OPTEE_SMC_RPC_FUNC_CMD);
}

static void finish(struct fixture *f, unsigned int cpu, struct rig_arg *arg,
		   const struct smc_regs *out)
{
	struct smc_regs in;

	rig_serve_rpc(&f->rig, arg, out, &in);
	assert_int_equal(rig_call_regs(&f->rig, cpu, arg, in), OPTEE_SMC_RETURN_OK);
}

static void test_resume_elsewhere(void **state)
{
	struct fixture *f = *state;
	struct smc_regs out, out2, in, again;
	uint32_t session;

	begin(f, 0, &f->arg, &out);
	/* Another call on the CPU of the first, which goes on on yet another one. */
	begin(f, 0, &f->arg2, &out2);
	assert_int_not_equal(out.a[3], out2.a[3]);
	assert_int_equal(rig_fast(&f->rig, OPTEE_SMC_DISABLE_SHM_CACHE, &in),
			 OPTEE_SMC_RETURN_EBUSY);
	/* The second waits for the first to load, so the first goes on first. */
	finish(f, 1, &f->arg, &out);
	assert_int_equal(f->arg.msg->ret, TEE_R_ITEM_NOT_FOUND);
	finish(f, 3, &f->arg2, &out2);
	assert_int_equal(f->arg2.msg->ret, TEE_R_ITEM_NOT_FOUND);

	/* What was used once is no more. */
	in = out;
	in.a[0] = OPTEE_SMC_CALL_RETURN_FROM_RPC;
	assert_int_equal(rig_smc(&f->rig, 0, &in, &again), OPTEE_SMC_RETURN_ERESUME);
	begin(f, 2, &f->arg, &out);
	in.a[3] = out.a[3] + 256;
	assert_int_equal(rig_smc(&f->rig, 0, &in, &again), OPTEE_SMC_RETURN_ERESUME);
	in.a[3] = out.a[3] - 256;
	assert_int_equal(rig_smc(&f->rig, 0, &in, &again), OPTEE_SMC_RETURN_ERESUME);
	in.a[3] = 0xff;
	assert_int_equal(rig_smc(&f->rig, 0, &in, &again), OPTEE_SMC_RETURN_ERESUME);
	in.a[3] = 0;
	assert_int_equal(rig_smc(&f->rig, 0, &in, &again), OPTEE_SMC_RETURN_ERESUME);
	finish(f, 2, &f->arg, &out);
	assert_int_equal(rig_open(&f->rig, 0, &f->arg, tests_uuid, &session), TEE_R_SUCCESS);
	assert_int_equal(rig_close(&f->rig, &f->arg, session), TEE_R_SUCCESS);
}

static void test_thread_limit(void **state)
{
	struct fixture *f = *state;
	struct smc_regs out[RIG_THREADS], in, refused;
	struct rig_arg args[RIG_THREADS];
	uint32_t session;

	for (unsigned int i = 0; i < RIG_THREADS; i++) {
		rig_arg_new(&f->rig, &args[i]);
		begin(f, i, &args[i], &out[i]);
	}
	rig_prepare_open(&f->arg, tests_uuid, 0);
	in = rig_arg_regs(&f->arg);
	assert_int_equal(rig_smc(&f->rig, 3, &in, &refused), OPTEE_SMC_RETURN_ETHREAD_LIMIT);
	finish(f, 0, &args[0], &out[0]);
	assert_int_equal(rig_call(&f->rig, 3, &f->arg), TEE_R_SUCCESS);
	session = f->arg.msg->session;
	for (unsigned int i = 1; i < RIG_THREADS; i++)
		finish(f, i, &args[i], &out[i]);
	assert_int_equal(rig_close(&f->rig, &f->arg, session), TEE_R_SUCCESS);
	for (unsigned int i = 0; i < RIG_THREADS; i++)
		rig_arg_free(&args[i]);
}

/* --- trusted applications --- */

static uint32_t ta_invoke(struct fixture *f, uint32_t session, uint32_t cmd)
{
	rig_prepare_invoke(&f->arg, session, cmd, 0);
	return rig_call(&f->rig, 0, &f->arg);
}

static uint32_t ta_value(struct fixture *f, uint32_t session, uint32_t cmd, uint32_t a, uint32_t b)
{
	struct optee_msg_param *p = f->arg.msg->params;

	rig_prepare_invoke(&f->arg, session, cmd, 1);
	p->attr = OPTEE_MSG_ATTR_TYPE_VALUE_INOUT;
	p->u.value.a = a;
	p->u.value.b = b;
	return rig_call(&f->rig, 0, &f->arg);
}

static void test_ta(void **state)
{
	struct fixture *f = *state;
	const struct fake_ta ta = { .flags = 0 };
	struct optee_msg_param *p = f->arg.msg->params;
	uint32_t session, other;

	offer_ta(f, &ta);
	assert_int_equal(open_ta(f, &session), TEE_R_SUCCESS);
	assert_int_equal(f->arg.msg->ret_origin, TEE_R_ORIGIN_TRUSTED_APP);
	assert_int_equal(f->rig.n_allocs, 1);
	assert_int_equal(f->rig.n_frees, 1);
	assert_int_equal(ta_value(f, session, FAKE_COUNT, 0, 0), TEE_R_SUCCESS);
	assert_int_equal(f->arg.msg->ret_origin, TEE_R_ORIGIN_TRUSTED_APP);
	assert_int_equal(p->u.value.a, 1);
	/* An instance for each session */
	assert_int_equal(open_ta(f, &other), TEE_R_SUCCESS);
	assert_int_equal(ta_value(f, other, FAKE_COUNT, 0, 0), TEE_R_SUCCESS);
	assert_int_equal(p->u.value.a, 1);
	assert_int_equal(ta_value(f, session, FAKE_COUNT, 0, 0), TEE_R_SUCCESS);
	assert_int_equal(p->u.value.a, 2);
	assert_int_equal(ta_value(f, session, FAKE_RESULT, TEE_R_TARGET_DEAD, 0),
			 TEE_R_TARGET_DEAD);
	assert_int_equal(f->arg.msg->ret_origin, TEE_R_ORIGIN_TRUSTED_APP);
	rig_prepare_invoke(&f->arg, session, FAKE_NULL, 1);
	p->attr = OPTEE_MSG_ATTR_TYPE_TMEM_INOUT;
	assert_int_equal(rig_call(&f->rig, 0, &f->arg), TEE_R_SUCCESS);
	assert_int_equal(rig_close(&f->rig, &f->arg, session), TEE_R_SUCCESS);
	assert_int_equal(rig_close(&f->rig, &f->arg, other), TEE_R_SUCCESS);
}

static void test_identity(void **state)
{
	struct fixture *f = *state;
	const struct fake_ta ta = { .flags = 0 };
	struct optee_msg_param *p = f->arg.msg->params;
	static const struct {
		uint32_t login, uuid;
	} logins[] = {
		{ OPTEE_MSG_LOGIN_PUBLIC, 0 },
		{ OPTEE_MSG_LOGIN_USER, 0x04030201 },
		{ OPTEE_MSG_LOGIN_APPLICATION_GROUP, 0x04030201 },
		{ OPTEE_MSG_LOGIN_REE_KERNEL, 0 },
	};

	offer_ta(f, &ta);
	for (size_t i = 0; i < sizeof(logins) / sizeof(logins[0]); i++) {
		uint32_t session;

		rig_prepare_open(&f->arg, ta_uuid, 0);
		memcpy(p[1].u.octets, ta_uuid, 16);
		p[1].u.value.c = logins[i].login;
		assert_int_equal(rig_call(&f->rig, 0, &f->arg), TEE_R_SUCCESS);
		session = f->arg.msg->session;
		assert_int_equal(ta_value(f, session, FAKE_IDENTITY, 0, 0), TEE_R_SUCCESS);
		assert_int_equal(p->u.value.a, logins[i].login);
		assert_int_equal(p->u.value.b, logins[i].uuid);
		assert_int_equal(rig_close(&f->rig, &f->arg, session), TEE_R_SUCCESS);
	}
}

static void prepare_mem(struct fixture *f, uint32_t session, uint32_t cmd, uint64_t attr,
			const struct rig_shm *shm, uint64_t offs, uint64_t size)
{
	struct optee_msg_param *p = f->arg.msg->params;

	rig_prepare_invoke(&f->arg, session, cmd, 4);
	p->attr = attr;
	p->u.rmem.offs = offs;
	p->u.rmem.size = size;
	p->u.rmem.shm_ref = shm->cookie;
	p[1].attr = OPTEE_MSG_ATTR_TYPE_VALUE_OUTPUT;
	p[2].attr = OPTEE_MSG_ATTR_TYPE_VALUE_OUTPUT;
}

static uint32_t ta_slot(struct fixture *f, uint32_t session, uint64_t attr,
			const struct rig_shm *shm)
{
	prepare_mem(f, session, FAKE_SLOT, attr, shm, 0, shm->size);
	assert_int_equal(rig_call(&f->rig, 0, &f->arg), TEE_R_SUCCESS);
	return (uint32_t)f->arg.msg->params[1].u.value.a;
}

static void check_xor(struct fixture *f, uint32_t session, const struct rig_shm *shm)
{
	memset(shm->va, 0x11, shm->size);
	prepare_mem(f, session, FAKE_XOR, OPTEE_MSG_ATTR_TYPE_RMEM_INOUT, shm, 50, 100);
	assert_int_equal(rig_call(&f->rig, 0, &f->arg), TEE_R_SUCCESS);
	assert_int_equal(shm->va[49], 0x11);
	assert_int_equal(shm->va[50], 0x11 ^ 0x5a);
	assert_int_equal(shm->va[149], 0x11 ^ 0x5a);
	assert_int_equal(shm->va[150], 0x11);
	assert_int_equal(f->arg.msg->params[0].u.rmem.size, 100);
}

static void test_ta_memory(void **state)
{
	struct fixture *f = *state;
	const struct fake_ta ta = { .flags = 0 };
	struct optee_msg_param *p = f->arg.msg->params;
	struct rig_shm own, ram, big;
	uint32_t session, rw, ro;

	offer_ta(f, &ta);
	assert_int_equal(open_ta(f, &session), TEE_R_SUCCESS);
	rig_shm_new(&f->rig, &f->arg, 4090, 200, true, 1, &own);
	rig_shm_new(&f->rig, &f->arg, 10, 200, false, 2, &ram);

	/* Memory with a file of its own is in a slot, everything else is copied. */
	check_xor(f, session, &own);
	check_xor(f, session, &ram);
	rw = ta_slot(f, session, OPTEE_MSG_ATTR_TYPE_RMEM_INOUT, &own);
	assert_int_not_equal(rw, 0);
	assert_int_equal(p[1].u.value.b, 1);
	assert_int_equal(p[2].u.value.a, 1);
	ro = ta_slot(f, session, OPTEE_MSG_ATTR_TYPE_RMEM_INPUT, &own);
	assert_int_not_equal(ro, rw);
	assert_int_equal(p[1].u.value.b, 0);
	assert_int_equal(p[2].u.value.a, 2);
	assert_int_equal(ta_slot(f, session, OPTEE_MSG_ATTR_TYPE_RMEM_OUTPUT, &own), rw);
	assert_int_equal(ta_slot(f, session, OPTEE_MSG_ATTR_TYPE_RMEM_INOUT, &ram), 0);
	assert_int_equal(p[2].u.value.a, 2);

	/* In and out of the same buffer in one call: one piece of memory */
	prepare_mem(f, session, FAKE_SLOT, OPTEE_MSG_ATTR_TYPE_RMEM_INPUT, &own, 0, 10);
	p[3] = p[0];
	p[3].attr = OPTEE_MSG_ATTR_TYPE_RMEM_OUTPUT;
	assert_int_equal(rig_call(&f->rig, 0, &f->arg), TEE_R_SUCCESS);
	assert_int_equal(p[1].u.value.a, rw);

	/* A size beyond the buffer goes back, and nothing is copied beyond it. */
	prepare_mem(f, session, FAKE_SHORT, OPTEE_MSG_ATTR_TYPE_RMEM_OUTPUT, &ram, 0, 200);
	assert_int_equal(rig_call(&f->rig, 0, &f->arg), TEE_R_SHORT_BUFFER);
	assert_int_equal(p[0].u.rmem.size, 1ull << 40);

	/* A window that must grow, more than once */
	for (size_t size = 100000; size <= 2000000; size *= 4) {
		rig_shm_new(&f->rig, &f->arg, 0, size, false, 3, &big);
		memset(big.va, 0x22, size);
		prepare_mem(f, session, FAKE_XOR, OPTEE_MSG_ATTR_TYPE_RMEM_INOUT, &big, 0, size);
		assert_int_equal(rig_call(&f->rig, 0, &f->arg), TEE_R_SUCCESS);
		assert_int_equal(big.va[0], 0x22 ^ 0x5a);
		assert_int_equal(big.va[size - 1], 0x22 ^ 0x5a);
		rig_shm_free(&f->rig, &f->arg, &big);
	}
	check_xor(f, session, &ram);

	/* What is unregistered leaves the host, which does nothing, at once. */
	rig_shm_free(&f->rig, &f->arg, &own);
	assert_int_equal(ta_slot(f, session, OPTEE_MSG_ATTR_TYPE_RMEM_INOUT, &ram), 0);
	assert_int_equal(p[2].u.value.a, 0);
	rig_shm_free(&f->rig, &f->arg, &ram);
	assert_int_equal(rig_close(&f->rig, &f->arg, session), TEE_R_SUCCESS);
}

/* Parts of one copied buffer that overlap are one piece to the TA. */
static void test_ta_overlap(void **state)
{
	struct fixture *f = *state;
	const struct fake_ta ta = { .flags = 0 };
	struct optee_msg_param *p = f->arg.msg->params;
	struct rig_shm ram;
	uint32_t session;

	offer_ta(f, &ta);
	assert_int_equal(open_ta(f, &session), TEE_R_SUCCESS);
	rig_shm_new(&f->rig, &f->arg, 0, 1000, false, 2, &ram);
	memset(ram.va, 0, 1000);
	rig_prepare_invoke(&f->arg, session, FAKE_XOR, 4);
	for (unsigned int i = 0; i < 4; i++) {
		p[i].attr = OPTEE_MSG_ATTR_TYPE_RMEM_INOUT;
		p[i].u.rmem.shm_ref = 2;
		p[i].u.rmem.offs = i * 100;
		p[i].u.rmem.size = 150;
	}
	assert_int_equal(rig_call(&f->rig, 0, &f->arg), TEE_R_SUCCESS);
	for (unsigned int i = 0; i < 1000; i++)
		assert_int_equal(ram.va[i], i < 150 ? 0x5a : 0);
	rig_shm_free(&f->rig, &f->arg, &ram);
	assert_int_equal(rig_close(&f->rig, &f->arg, session), TEE_R_SUCCESS);
}

/* More buffers than a host has slots */
static void test_ta_slots(void **state)
{
	struct fixture *f = *state;
	const struct fake_ta ta = { .flags = 0 };
	static struct rig_shm shm[300];
	uint32_t session;

	offer_ta(f, &ta);
	assert_int_equal(open_ta(f, &session), TEE_R_SUCCESS);
	for (unsigned int i = 0; i < 300; i++) {
		rig_shm_new(&f->rig, &f->arg, 0, 200, true, i, &shm[i]);
		check_xor(f, session, &shm[i]);
	}
	assert_int_not_equal(ta_slot(f, session, OPTEE_MSG_ATTR_TYPE_RMEM_INOUT, &shm[299]), 0);
	assert_int_equal(f->arg.msg->params[2].u.value.a, 255);
	check_xor(f, session, &shm[0]);
	for (unsigned int i = 1; i < 300; i++)
		rig_shm_free(&f->rig, &f->arg, &shm[i]);
	assert_int_not_equal(ta_slot(f, session, OPTEE_MSG_ATTR_TYPE_RMEM_INOUT, &shm[0]), 0);
	assert_int_equal(f->arg.msg->params[2].u.value.a, 1);
	rig_shm_free(&f->rig, &f->arg, &shm[0]);
	assert_int_equal(rig_close(&f->rig, &f->arg, session), TEE_R_SUCCESS);
}

static void test_ta_death(void **state)
{
	static const uint32_t deaths[] = { FAKE_PANIC, FAKE_EXIT, FAKE_BAD_ANSWER,
					   FAKE_BAD_SYSCALL };
	struct fixture *f = *state;
	const struct fake_ta ta = { .flags = FLAG_SINGLE | FLAG_MULTI | FLAG_KEEP };
	struct optee_msg_param *p = f->arg.msg->params;
	struct rig_shm own;

	offer_ta(f, &ta);
	for (unsigned int i = 0; i < 4; i++) {
		uint32_t one, two, fresh;

		assert_int_equal(open_ta(f, &one), TEE_R_SUCCESS);
		assert_int_equal(open_ta(f, &two), TEE_R_SUCCESS);
		assert_int_equal(f->rig.n_loads, 4 * i + 2);
		rig_shm_new(&f->rig, &f->arg, 0, 200, true, 1, &own);
		check_xor(f, one, &own);
		assert_int_equal(ta_invoke(f, one, deaths[i]), TEE_R_TARGET_DEAD);
		assert_int_equal(f->arg.msg->ret_origin, TEE_R_ORIGIN_TEE);
		assert_int_equal(ta_invoke(f, two, FAKE_COUNT), TEE_R_TARGET_DEAD);
		assert_int_equal(f->arg.msg->ret_origin, TEE_R_ORIGIN_TEE);
		/* Memory that only a corpse had */
		rig_shm_free(&f->rig, &f->arg, &own);
		/* A new session gets a new instance, while the old ones are open. */
		assert_int_equal(open_ta(f, &fresh), TEE_R_SUCCESS);
		assert_int_equal(ta_value(f, fresh, FAKE_COUNT, 0, 0), TEE_R_SUCCESS);
		assert_int_equal(p->u.value.a, 1);
		assert_int_equal(p->u.value.b, 1);
		assert_int_equal(rig_close(&f->rig, &f->arg, one), TEE_R_SUCCESS);
		assert_int_equal(rig_close(&f->rig, &f->arg, two), TEE_R_SUCCESS);
		assert_int_equal(ta_invoke(f, fresh, FAKE_PANIC), TEE_R_TARGET_DEAD);
		assert_int_equal(rig_close(&f->rig, &f->arg, fresh), TEE_R_SUCCESS);
	}
}

/* Hosts come from a process that may die, too. */
static void test_template_death(void **state)
{
	struct fixture *f = *state;
	const struct fake_ta ta = { .flags = 0 };
	uint32_t session, ret;
	int tries = 0;

	offer_ta(f, &ta);
	assert_int_equal(kill(f->rig.template_pid, SIGKILL), 0);
	do {
		usleep(20000);
		ret = open_ta(f, &session);
		/* The death may be noticed at any point of the way. */
		assert_true(ret == TEE_R_SUCCESS || ret == TEE_R_GENERIC ||
			    ret == TEE_R_TARGET_DEAD);
	} while (ret != TEE_R_SUCCESS && ++tries < 500);
	assert_int_equal(ret, TEE_R_SUCCESS);
	assert_true(tries > 0);
	assert_int_equal(ta_invoke(f, session, FAKE_NULL), TEE_R_BAD_STATE);
	assert_int_equal(rig_close(&f->rig, &f->arg, session), TEE_R_SUCCESS);
}

static void test_single_instance(void **state)
{
	struct fixture *f = *state;
	struct fake_ta ta = { .flags = FLAG_SINGLE };
	struct optee_msg_param *p = f->arg.msg->params;
	uint32_t one, two;

	/* One session at a time */
	offer_ta(f, &ta);
	assert_int_equal(open_ta(f, &one), TEE_R_SUCCESS);
	assert_int_equal(open_ta(f, &two), TEE_R_BUSY);
	assert_int_equal(f->arg.msg->ret_origin, TEE_R_ORIGIN_TEE);
	assert_int_equal(rig_close(&f->rig, &f->arg, one), TEE_R_SUCCESS);
	assert_int_equal(open_ta(f, &two), TEE_R_SUCCESS);
	assert_int_equal(ta_value(f, two, FAKE_COUNT, 0, 0), TEE_R_SUCCESS);
	assert_int_equal(p->u.value.a, 1);
	assert_int_equal(rig_close(&f->rig, &f->arg, two), TEE_R_SUCCESS);

	/* Shared, and gone with the last session */
	ta.flags = FLAG_SINGLE | FLAG_MULTI;
	offer_ta(f, &ta);
	assert_int_equal(open_ta(f, &one), TEE_R_SUCCESS);
	assert_int_equal(open_ta(f, &two), TEE_R_SUCCESS);
	assert_int_equal(ta_value(f, one, FAKE_COUNT, 0, 0), TEE_R_SUCCESS);
	assert_int_equal(ta_value(f, two, FAKE_COUNT, 0, 0), TEE_R_SUCCESS);
	assert_int_equal(p->u.value.a, 2);
	assert_int_equal(p->u.value.b, 2);
	assert_int_equal(rig_close(&f->rig, &f->arg, one), TEE_R_SUCCESS);
	assert_int_equal(rig_close(&f->rig, &f->arg, two), TEE_R_SUCCESS);

	/* Kept */
	ta.flags = FLAG_SINGLE | FLAG_MULTI | FLAG_KEEP;
	offer_ta(f, &ta);
	for (unsigned int i = 1; i < 4; i++) {
		assert_int_equal(open_ta(f, &one), TEE_R_SUCCESS);
		assert_int_equal(ta_value(f, one, FAKE_COUNT, 0, 0), TEE_R_SUCCESS);
		assert_int_equal(p->u.value.a, i);
		assert_int_equal(rig_close(&f->rig, &f->arg, one), TEE_R_SUCCESS);
	}
	/* Dead: the next one is new */
	assert_int_equal(open_ta(f, &one), TEE_R_SUCCESS);
	assert_int_equal(ta_invoke(f, one, FAKE_PANIC), TEE_R_TARGET_DEAD);
	assert_int_equal(rig_close(&f->rig, &f->arg, one), TEE_R_SUCCESS);

	/* A corpse that is kept answers new sessions. */
	ta.flags |= FLAG_KEEP_CRASHED;
	offer_ta(f, &ta);
	assert_int_equal(open_ta(f, &one), TEE_R_SUCCESS);
	assert_int_equal(ta_value(f, one, FAKE_COUNT, 0, 0), TEE_R_SUCCESS);
	assert_int_equal(p->u.value.a, 1);
	assert_int_equal(ta_invoke(f, one, FAKE_PANIC), TEE_R_TARGET_DEAD);
	expect_open(f, TEE_R_TARGET_DEAD, TEE_R_ORIGIN_TEE);
	assert_int_equal(rig_close(&f->rig, &f->arg, one), TEE_R_SUCCESS);
	expect_open(f, TEE_R_TARGET_DEAD, TEE_R_ORIGIN_TEE);
}

static void test_ta_time(void **state)
{
	struct fixture *f = *state;
	const struct fake_ta ta = { .flags = 0 };
	struct optee_msg_param *p = f->arg.msg->params;
	uint32_t session;

	offer_ta(f, &ta);
	assert_int_equal(open_ta(f, &session), TEE_R_SUCCESS);
	assert_int_equal(ta_value(f, session, FAKE_REE_TIME, 0, 0), TEE_R_SUCCESS);
	assert_int_equal(p->u.value.a, 1234567);
	assert_int_equal(p->u.value.b, 890);
	assert_int_equal(ta_value(f, session, FAKE_GET_TIME, 0, 0), TEE_R_TIME_NOT_SET);
	assert_int_equal(ta_value(f, session, FAKE_SET_TIME, 5, 1000), TEE_R_BAD_PARAMETERS);
	assert_int_equal(ta_value(f, session, FAKE_SET_TIME, 5, 500), TEE_R_SUCCESS);
	assert_int_equal(rig_close(&f->rig, &f->arg, session), TEE_R_SUCCESS);
	assert_int_equal(open_ta(f, &session), TEE_R_SUCCESS);
	assert_int_equal(ta_value(f, session, FAKE_GET_TIME, 0, 0), TEE_R_SUCCESS);
	assert_in_range(p->u.value.a * 1000 + p->u.value.b, 5500, 15500);
	assert_int_equal(ta_value(f, session, FAKE_SET_TIME, 0xffffffff, 999), TEE_R_SUCCESS);
	usleep(5000);
	assert_int_equal(ta_value(f, session, FAKE_GET_TIME, 0, 0), TEE_R_OVERFLOW);
	assert_in_range(p->u.value.a, 0, 10);

	assert_int_equal(ta_value(f, session, FAKE_WAIT, 50, 0), TEE_R_SUCCESS);
	assert_true(f->rig.n_suspends >= 2);
	assert_int_equal(rig_close(&f->rig, &f->arg, session), TEE_R_SUCCESS);
}

/* --- waiting for each other --- */

struct caller {
	struct fixture *f;
	unsigned int cpu;
	struct rig_arg *arg;
	uint32_t ret;
	pthread_t thread;
};

static void *caller_main(void *data)
{
	struct caller *caller = data;

	caller->ret = rig_call(&caller->f->rig, caller->cpu, caller->arg);
	return NULL;
}

static void caller_start(struct caller *caller)
{
	assert_int_equal(pthread_create(&caller->thread, NULL, caller_main, caller), 0);
}

static void wait_for_waits(struct fixture *f, unsigned int n)
{
	for (int i = 0; i < 2000; i++) {
		unsigned int now;

		pthread_mutex_lock(&f->rig.lock);
		now = f->rig.n_waits;
		pthread_mutex_unlock(&f->rig.lock);
		if (now >= n)
			return;
		usleep(5000);
	}
	fail_msg("nobody waits");
}

/* The TA is inside a wait of its client: its thread is suspended in the RPC. */
static void begin_wait(struct fixture *f, unsigned int cpu, uint32_t session, uint32_t cmd,
		       const struct rig_shm *shm, struct smc_regs *out)
{
	struct optee_msg_param *p = f->arg.msg->params;
	struct smc_regs in = rig_arg_regs(&f->arg);

	rig_prepare_invoke(&f->arg, session, cmd, 2);
	p->attr = OPTEE_MSG_ATTR_TYPE_VALUE_INPUT;
	p->u.value.a = 10000;
	if (shm) {
		p[1].attr = OPTEE_MSG_ATTR_TYPE_RMEM_INOUT;
		p[1].u.rmem.size = shm->size;
		p[1].u.rmem.shm_ref = shm->cookie;
	}
	assert_int_equal(rig_smc(&f->rig, cpu, &in, out),
			 OPTEE_SMC_RETURN_RPC_PREFIX | OPTEE_SMC_RPC_FUNC_CMD);
	assert_int_equal(f->arg.rpc->cmd, OPTEE_RPC_CMD_SUSPEND);
}

/* A message of its own, while others are under way */
static uint32_t aside(struct fixture *f, uint32_t cmd, uint32_t session, uint64_t cookie)
{
	struct rig_arg arg;
	uint32_t ret;

	rig_arg_new(&f->rig, &arg);
	rig_arg_prepare(&arg, cmd, cmd == OPTEE_MSG_CMD_UNREGISTER_SHM);
	arg.msg->session = session;
	if (cmd == OPTEE_MSG_CMD_UNREGISTER_SHM)
		arg.msg->params[0].u.rmem.shm_ref = cookie;
	ret = rig_call(&f->rig, 3, &arg);
	rig_arg_free(&arg);
	return ret;
}

static void cancel(struct fixture *f, uint32_t session)
{
	assert_int_equal(aside(f, OPTEE_MSG_CMD_CANCEL, session, 0), TEE_R_SUCCESS);
}

static void test_cancel(void **state)
{
	struct fixture *f = *state;
	const struct fake_ta ta = { .flags = 0 };
	struct smc_regs out;
	uint32_t session;

	offer_ta(f, &ta);
	assert_int_equal(open_ta(f, &session), TEE_R_SUCCESS);
	assert_int_equal(aside(f, OPTEE_MSG_CMD_CANCEL, session + 1, 0), TEE_R_BAD_PARAMETERS);

	begin_wait(f, 0, session, FAKE_UNMASK_AND_WAIT, NULL, &out);
	cancel(f, session);
	finish(f, 0, &f->arg, &out);
	assert_int_equal(f->arg.msg->ret, TEE_R_CANCEL);
	assert_int_equal(f->arg.msg->ret_origin, TEE_R_ORIGIN_TRUSTED_APP);
	/* The flag is gone with the call; and a mask hides it. */
	assert_int_equal(ta_value(f, session, FAKE_UNMASK_AND_WAIT, 10, 0), TEE_R_SUCCESS);
	cancel(f, session);
	assert_int_equal(ta_value(f, session, FAKE_WAIT, 10, 0), TEE_R_SUCCESS);
	assert_int_equal(rig_close(&f->rig, &f->arg, session), TEE_R_SUCCESS);
}

static void test_session_waits(void **state)
{
	struct fixture *f = *state;
	const struct fake_ta ta = { .flags = 0 };
	struct caller second = { .f = f, .cpu = 1, .arg = &f->arg2 };
	struct smc_regs out;
	uint32_t session;

	offer_ta(f, &ta);
	assert_int_equal(open_ta(f, &session), TEE_R_SUCCESS);
	begin_wait(f, 0, session, FAKE_UNMASK_AND_WAIT, NULL, &out);

	/* The session is taken: the second call sleeps in the normal world. */
	rig_prepare_invoke(&f->arg2, session, FAKE_COUNT, 0);
	caller_start(&second);
	wait_for_waits(f, 1);
	assert_int_equal(f->arg2.msg->ret, 0xdeadbeef);
	cancel(f, session);
	finish(f, 2, &f->arg, &out);
	assert_int_equal(f->arg.msg->ret, TEE_R_CANCEL);
	pthread_join(second.thread, NULL);
	assert_int_equal(second.ret, TEE_R_SUCCESS);
	assert_int_equal(rig_close(&f->rig, &f->arg, session), TEE_R_SUCCESS);
}

static void test_close_while_waiting(void **state)
{
	struct fixture *f = *state;
	const struct fake_ta ta = { .flags = FLAG_SINGLE | FLAG_MULTI };
	struct caller second = { .f = f, .cpu = 1, .arg = &f->arg2 };
	struct smc_regs out;
	uint32_t one, two;

	offer_ta(f, &ta);
	assert_int_equal(open_ta(f, &one), TEE_R_SUCCESS);
	assert_int_equal(open_ta(f, &two), TEE_R_SUCCESS);
	/* Two sessions of one instance: the second waits for the instance. */
	begin_wait(f, 0, one, FAKE_UNMASK_AND_WAIT, NULL, &out);
	rig_arg_prepare(&f->arg2, OPTEE_MSG_CMD_CLOSE_SESSION, 0);
	f->arg2.msg->session = two;
	caller_start(&second);
	wait_for_waits(f, 1);
	/* It is unlinked already. */
	assert_int_equal(aside(f, OPTEE_MSG_CMD_INVOKE_COMMAND, two, 0), TEE_R_BAD_PARAMETERS);
	cancel(f, one);
	finish(f, 0, &f->arg, &out);
	pthread_join(second.thread, NULL);
	assert_int_equal(second.ret, TEE_R_SUCCESS);
	assert_int_equal(rig_close(&f->rig, &f->arg, one), TEE_R_SUCCESS);
}

static void test_unregister_waits(void **state)
{
	struct fixture *f = *state;
	const struct fake_ta ta = { .flags = 0 };
	struct caller second = { .f = f, .cpu = 1, .arg = &f->arg2 };
	struct smc_regs out;
	struct rig_shm own, idle;
	uint32_t session;

	offer_ta(f, &ta);
	assert_int_equal(open_ta(f, &session), TEE_R_SUCCESS);
	rig_shm_new(&f->rig, &f->arg, 0, 4096, true, 1, &own);
	rig_shm_new(&f->rig, &f->arg, 0, 4096, true, 2, &idle);
	(void)ta_slot(f, session, OPTEE_MSG_ATTR_TYPE_RMEM_INOUT, &idle);
	begin_wait(f, 0, session, FAKE_UNMASK_AND_WAIT, &own, &out);

	/* Not used by the call: goes at once, though the TA is busy. */
	assert_int_equal(aside(f, OPTEE_MSG_CMD_UNREGISTER_SHM, 0, 2), TEE_R_SUCCESS);
	soc_region_free(idle.region);

	/* Used by it: waits. */
	rig_arg_prepare(&f->arg2, OPTEE_MSG_CMD_UNREGISTER_SHM, 1);
	f->arg2.msg->params[0].u.rmem.shm_ref = 1;
	caller_start(&second);
	wait_for_waits(f, 1);
	/* Nobody finds it any more, and it cannot be taken out twice. */
	assert_int_equal(aside(f, OPTEE_MSG_CMD_UNREGISTER_SHM, 0, 1), TEE_R_BAD_PARAMETERS);
	cancel(f, session);
	finish(f, 0, &f->arg, &out);
	assert_int_equal(f->arg.msg->ret, TEE_R_CANCEL);
	pthread_join(second.thread, NULL);
	assert_int_equal(second.ret, TEE_R_SUCCESS);
	soc_region_free(own.region);

	/* Both are gone from the host. */
	rig_shm_new(&f->rig, &f->arg, 0, 4096, true, 1, &own);
	(void)ta_slot(f, session, OPTEE_MSG_ATTR_TYPE_RMEM_INOUT, &own);
	assert_int_equal(f->arg.msg->params[2].u.value.a, 1);
	rig_shm_free(&f->rig, &f->arg, &own);
	assert_int_equal(rig_close(&f->rig, &f->arg, session), TEE_R_SUCCESS);
}

/* --- many at once --- */

struct worker {
	struct fixture *f;
	unsigned int cpu;
	uint32_t session;
	bool writer;
	pthread_t thread;
};

static void *worker_main(void *data)
{
	struct worker *w = data;
	struct rig_arg arg;

	rig_arg_new(&w->f->rig, &arg);
	for (int i = 0; i < 200; i++) {
		struct optee_msg_param *p = arg.msg->params;

		rig_prepare_invoke(&arg, w->session, 7, 2);
		p[0].attr = OPTEE_MSG_ATTR_TYPE_VALUE_INPUT;
		p[0].u.value.a = !w->writer;
		p[0].u.value.b = 2000;
		p[1].attr = OPTEE_MSG_ATTR_TYPE_VALUE_OUTPUT;
		assert_int_equal(rig_call(&w->f->rig, w->cpu, &arg), TEE_R_SUCCESS);
		if (w->writer)
			assert_int_equal(p[1].u.value.b, 1);
	}
	rig_arg_free(&arg);
	return NULL;
}

static void test_mutex(void **state)
{
	struct fixture *f = *state;
	struct worker workers[RIG_THREADS];

	for (unsigned int i = 0; i < RIG_THREADS; i++) {
		workers[i] = (struct worker){ .f = f, .cpu = i, .writer = i < 2 };
		assert_int_equal(rig_open(&f->rig, 0, &f->arg, tests_uuid, &workers[i].session),
				 TEE_R_SUCCESS);
	}
	for (unsigned int i = 0; i < RIG_THREADS; i++)
		assert_int_equal(pthread_create(&workers[i].thread, NULL, worker_main,
						&workers[i]), 0);
	for (unsigned int i = 0; i < RIG_THREADS; i++)
		pthread_join(workers[i].thread, NULL);
	for (unsigned int i = 0; i < RIG_THREADS; i++)
		assert_int_equal(rig_close(&f->rig, &f->arg, workers[i].session), TEE_R_SUCCESS);
}

static void *stress_main(void *data)
{
	struct worker *w = data;
	struct rig *rig = &w->f->rig;
	struct rig_arg arg;

	rig_arg_new(rig, &arg);
	for (int i = 0; i < 300; i++) {
		rig_prepare_invoke(&arg, w->session, FAKE_COUNT, 1);
		arg.msg->params[0].attr = OPTEE_MSG_ATTR_TYPE_VALUE_INOUT;
		assert_int_equal(rig_call(rig, w->cpu, &arg), TEE_R_SUCCESS);
	}
	rig_arg_free(&arg);
	return NULL;
}

/* Two threads in one session, a third in another of the same instance */
static void test_contention(void **state)
{
	struct fixture *f = *state;
	const struct fake_ta ta = { .flags = FLAG_SINGLE | FLAG_MULTI };
	struct worker workers[RIG_THREADS];
	uint32_t one, two;

	offer_ta(f, &ta);
	assert_int_equal(open_ta(f, &one), TEE_R_SUCCESS);
	assert_int_equal(open_ta(f, &two), TEE_R_SUCCESS);
	for (unsigned int i = 0; i < RIG_THREADS; i++) {
		workers[i] = (struct worker){ .f = f, .cpu = i, .session = i ? one : two };
		assert_int_equal(pthread_create(&workers[i].thread, NULL, stress_main,
						&workers[i]), 0);
	}
	for (unsigned int i = 0; i < RIG_THREADS; i++)
		pthread_join(workers[i].thread, NULL);
	assert_int_equal(ta_value(f, one, FAKE_COUNT, 0, 0), TEE_R_SUCCESS);
	assert_int_equal(f->arg.msg->params[0].u.value.a, 3 * 300 + 1);
	assert_int_equal(rig_close(&f->rig, &f->arg, one), TEE_R_SUCCESS);
	assert_int_equal(rig_close(&f->rig, &f->arg, two), TEE_R_SUCCESS);
}

#define world_test(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_fiber),
		cmocka_unit_test(test_idtable),
		world_test(test_fast),
		world_test(test_bad_address),
		world_test(test_regd_arg),
		world_test(test_register),
		world_test(test_many_cookies),
		world_test(test_open),
		world_test(test_params),
		world_test(test_temporary),
		world_test(test_device_pta),
		world_test(test_self_tests),
		world_test(test_unknown_ta),
		world_test(test_bad_images),
		world_test(test_hostile_rpc),
		world_test(test_rpc_alloc),
		world_test(test_resume_elsewhere),
		world_test(test_thread_limit),
		world_test(test_ta),
		world_test(test_identity),
		world_test(test_ta_memory),
		world_test(test_ta_overlap),
		world_test(test_ta_slots),
		world_test(test_ta_death),
		world_test(test_template_death),
		world_test(test_single_instance),
		world_test(test_ta_time),
		world_test(test_cancel),
		world_test(test_session_waits),
		world_test(test_close_while_waiting),
		world_test(test_unregister_waits),
		world_test(test_mutex),
		world_test(test_contention),
	};

	/* The world starts this program again as the TA host's template. */
	if (getenv("SWTEE_TEST_TAHOST"))
		return fake_tahost_main();
	setenv("SWTEE_TEST_TAHOST", "1", 1);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
