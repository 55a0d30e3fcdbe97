/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The OP-TEE world against a machine and a driver that the test plays: registers,
 * messages, shared memory, pseudo TAs, threads
 */
#include "optee_world_fixture.h"

#include <stdarg.h>
#include <setjmp.h>
#include <cmocka.h>

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "abi/optee_smc.h"
#include "abi/tee_result.h"
#include "base/memfd.h"
#include "secure/common/fiber.h"
#include "secure/common/idtable.h"

static const uint8_t device_uuid[16] = { 0x70, 0x11, 0xa6, 0x88, 0xdd, 0xde, 0x40, 0x53,
					 0xa5, 0xa9, 0x7b, 0x3c, 0x4d, 0xdf, 0x13, 0xb8 };

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
	assert_int_equal(rig_fast(&f->rig, OPTEE_SMC_GET_PROTMEM_CONFIG, &out), 0);
	assert_int_equal(out.a[1], f->rig.protected_pa);
	assert_int_equal(out.a[2], RIG_PROTECTED_SIZE);
	assert_int_equal(out.a[3], 32);
	assert_int_equal(rig_fast(&f->rig, 0x32000099, &out), OPTEE_SMC_RETURN_UNKNOWN_FUNCTION);
	assert_int_equal(rig_fast(&f->rig, 0, &out), OPTEE_SMC_RETURN_UNKNOWN_FUNCTION);

	in.a[0] = OPTEE_SMC_EXCHANGE_CAPABILITIES;
	in.a[1] = OPTEE_SMC_NSEC_CAP_UNIPROCESSOR;
	assert_int_equal(rig_smc(&f->rig, 1, &in, &out), 0);
	assert_int_equal(out.a[1], 0x154);
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

	assert_int_equal(rig_open(&f->rig, 0, &f->arg, fixture_tests_uuid, &session),
			 TEE_R_SUCCESS);
	assert_int_equal(f->arg.msg->ret_origin, TEE_R_ORIGIN_TRUSTED_APP);
	assert_int_equal(session, ((FIXTURE_EPOCH - 1) << 20) + 1);
	assert_int_equal(rig_open(&f->rig, 0, &f->arg, fixture_tests_uuid, &other), TEE_R_SUCCESS);
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
	rig_prepare_open(&f->arg, fixture_tests_uuid, 0);
	p[0].attr = OPTEE_MSG_ATTR_TYPE_VALUE_INPUT;
	f->arg.msg->session = 55;
	assert_int_equal(rig_call(&f->rig, 0, &f->arg), TEE_R_BAD_PARAMETERS);
	assert_int_equal(f->arg.msg->session, 0);
	rig_prepare_open(&f->arg, fixture_tests_uuid, 0);
	p[1].attr |= OPTEE_MSG_ATTR_NONCONTIG;
	assert_int_equal(rig_call(&f->rig, 0, &f->arg), TEE_R_BAD_PARAMETERS);
	rig_prepare_open(&f->arg, fixture_tests_uuid, 0);
	f->arg.msg->num_params = 1;
	assert_int_equal(rig_call(&f->rig, 0, &f->arg), TEE_R_BAD_PARAMETERS);
	rig_prepare_open(&f->arg, fixture_tests_uuid, 5);
	assert_int_equal(rig_call(&f->rig, 0, &f->arg), TEE_R_BAD_PARAMETERS);
	rig_prepare_open(&f->arg, fixture_tests_uuid, 1);
	p[2].attr = OPTEE_MSG_ATTR_TYPE_VALUE_INPUT | OPTEE_MSG_ATTR_META;
	assert_int_equal(rig_call(&f->rig, 0, &f->arg), TEE_R_BAD_PARAMETERS);
	rig_prepare_open(&f->arg, fixture_tests_uuid, 0);
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
	assert_int_equal(rig_open(&f->rig, 0, &f->arg, fixture_tests_uuid, &session),
			 TEE_R_SUCCESS);

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

	assert_int_equal(rig_open(&f->rig, 0, &f->arg, fixture_tests_uuid, &session),
			 TEE_R_SUCCESS);
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

static void tmem(struct fixture *f, uint64_t pa, uint64_t size)
{
	struct optee_msg_param *p = f->arg.msg->params;

	p->attr = OPTEE_MSG_ATTR_TYPE_TMEM_INOUT;
	p->u.tmem.buf_ptr = pa;
	p->u.tmem.size = size;
}

/* Protected memory as a parameter, in the only way that there is */
static void test_protected(void **state)
{
	const uint64_t size = RIG_PROTECTED_SIZE;
	struct fixture *f = *state;
	uint64_t pa = f->rig.protected_pa;
	struct soc_region *region, *list;
	struct optee_msg_param *p = f->arg.msg->params;
	uint32_t session;
	struct soc_map map;
	uint8_t *va;

	assert_int_equal(rig_open(&f->rig, 0, &f->arg, fixture_tests_uuid, &session),
			 TEE_R_SUCCESS);
	assert_int_equal(soc_mem_map_protected(f->rig.mem, pa, true, &map), 0);
	assert_int_equal(memfd_map(map.fd, 0, size, PROT_READ | PROT_WRITE, (void **)&va), 0);
	memset(va + 4090, 3, 10);

	/* The service answers a sum in the first byte: across a page, not from its start. */
	rig_prepare_invoke(&f->arg, session, 1, 1);
	tmem(f, pa + 4090, 10);
	assert_int_equal(rig_call(&f->rig, 0, &f->arg), TEE_R_SUCCESS);
	assert_int_equal(va[4090], 30);
	assert_int_equal(va[4091], 3);
	tmem(f, pa, size);
	assert_int_equal(rig_call(&f->rig, 0, &f->arg), TEE_R_SUCCESS);
	assert_int_equal(va[0], 30 + 9 * 3);

	/* Its end, and what is no size */
	tmem(f, pa + size - 1, 2);
	assert_int_equal(rig_call(&f->rig, 0, &f->arg), TEE_R_BAD_PARAMETERS);
	tmem(f, pa + 1, UINT64_MAX);
	assert_int_equal(rig_call(&f->rig, 0, &f->arg), TEE_R_BAD_PARAMETERS);
	tmem(f, pa - 1, 2);
	assert_int_equal(rig_call(&f->rig, 0, &f->arg), TEE_R_BAD_PARAMETERS);
	tmem(f, pa + size, 0);
	assert_int_equal(rig_call(&f->rig, 0, &f->arg), TEE_R_BAD_PARAMETERS);

	/* Memory of the normal world is never passed like this. */
	assert_int_equal(soc_region_new(f->rig.mem, 4096, true, &region), 0);
	tmem(f, soc_region_pa(region), 16);
	assert_int_equal(rig_call(&f->rig, 0, &f->arg), TEE_R_BAD_PARAMETERS);
	tmem(f, soc_region_pa(f->arg.region), 16);
	assert_int_equal(rig_call(&f->rig, 0, &f->arg), TEE_R_BAD_PARAMETERS);

	/* And the normal world cannot pass protected memory for its own: not a page... */
	p->attr = OPTEE_MSG_ATTR_TYPE_TMEM_INOUT | OPTEE_MSG_ATTR_NONCONTIG;
	p->u.tmem.buf_ptr = rig_page_list(&f->rig, region, 0, 4096, &list);
	p->u.tmem.size = 16;
	((struct optee_msg_page_list *)soc_region_va(list))->pages[0] = pa;
	assert_int_equal(rig_call(&f->rig, 0, &f->arg), TEE_R_BAD_PARAMETERS);
	rig_arg_prepare(&f->arg, OPTEE_MSG_CMD_REGISTER_SHM, 1);
	p->attr = OPTEE_MSG_ATTR_TYPE_TMEM_OUTPUT | OPTEE_MSG_ATTR_NONCONTIG;
	p->u.tmem.buf_ptr = soc_region_pa(list);
	p->u.tmem.size = 4096;
	p->u.tmem.shm_ref = 77;
	assert_int_equal(rig_call(&f->rig, 0, &f->arg), TEE_R_BAD_PARAMETERS);
	/* ... nor a page list ... */
	p->u.tmem.buf_ptr = pa;
	assert_int_equal(rig_call(&f->rig, 0, &f->arg), TEE_R_BAD_PARAMETERS);
	/* ... nor a message */
	{
		struct smc_regs in = { .a = { OPTEE_SMC_CALL_WITH_ARG, 0, pa } }, out;

		assert_int_not_equal(rig_smc(&f->rig, 0, &in, &out), OPTEE_SMC_RETURN_OK);
	}
	soc_region_free(list);
	soc_region_free(region);
	munmap(va, size);
	close(map.fd);
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
	assert_memory_equal(shm.va, fixture_tests_uuid, 16);
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

	assert_int_equal(rig_open(&f->rig, 0, &f->arg, fixture_tests_uuid, &session),
			 TEE_R_SUCCESS);
	for (size_t i = 0; i < sizeof(cmds) / sizeof(cmds[0]); i++) {
		rig_prepare_invoke(&f->arg, session, cmds[i].cmd, 0);
		assert_int_equal(rig_call(&f->rig, 0, &f->arg), cmds[i].ret);
		assert_int_equal(f->arg.msg->ret_origin, TEE_R_ORIGIN_TRUSTED_APP);
	}
	assert_int_equal(rig_close(&f->rig, &f->arg, session), TEE_R_SUCCESS);
}

/* --- loading --- */

static void test_unknown_ta(void **state)
{
	struct fixture *f = *state;
	uint32_t session;

	assert_int_equal(fixture_open(f, &session), TEE_R_ITEM_NOT_FOUND);
	assert_int_equal(f->arg.msg->ret_origin, TEE_R_ORIGIN_TEE);
	assert_int_equal(session, 0);
	assert_int_equal(f->rig.n_loads, 1);
	assert_int_equal(f->rig.n_allocs, 0);
}

/* Without room for RPC messages behind the main one */
static void test_rpc_alloc(void **state)
{
	struct fixture *f = *state;
	struct smc_regs in = rig_arg_regs(&f->arg);

	in.a[0] = OPTEE_SMC_CALL_WITH_ARG;
	rig_prepare_open(&f->arg, fixture_ta_uuid, 0);
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

static void test_resume_elsewhere(void **state)
{
	struct fixture *f = *state;
	struct smc_regs out, out2, in, again;
	uint32_t session;

	fixture_begin(f, 0, &f->arg, &out);
	/* Another call on the CPU of the first, which goes on on yet another one. */
	fixture_begin(f, 0, &f->arg2, &out2);
	assert_int_not_equal(out.a[3], out2.a[3]);
	assert_int_equal(rig_fast(&f->rig, OPTEE_SMC_DISABLE_SHM_CACHE, &in),
			 OPTEE_SMC_RETURN_EBUSY);
	/* The second waits for the first to load, so the first goes on first. */
	fixture_finish(f, 1, &f->arg, &out);
	assert_int_equal(f->arg.msg->ret, TEE_R_ITEM_NOT_FOUND);
	fixture_finish(f, 3, &f->arg2, &out2);
	assert_int_equal(f->arg2.msg->ret, TEE_R_ITEM_NOT_FOUND);

	/* What was used once is no more. */
	in = out;
	in.a[0] = OPTEE_SMC_CALL_RETURN_FROM_RPC;
	assert_int_equal(rig_smc(&f->rig, 0, &in, &again), OPTEE_SMC_RETURN_ERESUME);
	fixture_begin(f, 2, &f->arg, &out);
	in.a[3] = out.a[3] + 256;
	assert_int_equal(rig_smc(&f->rig, 0, &in, &again), OPTEE_SMC_RETURN_ERESUME);
	in.a[3] = out.a[3] - 256;
	assert_int_equal(rig_smc(&f->rig, 0, &in, &again), OPTEE_SMC_RETURN_ERESUME);
	in.a[3] = 0xff;
	assert_int_equal(rig_smc(&f->rig, 0, &in, &again), OPTEE_SMC_RETURN_ERESUME);
	in.a[3] = 0;
	assert_int_equal(rig_smc(&f->rig, 0, &in, &again), OPTEE_SMC_RETURN_ERESUME);
	fixture_finish(f, 2, &f->arg, &out);
	assert_int_equal(rig_open(&f->rig, 0, &f->arg, fixture_tests_uuid, &session),
			 TEE_R_SUCCESS);
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
		fixture_begin(f, i, &args[i], &out[i]);
	}
	rig_prepare_open(&f->arg, fixture_tests_uuid, 0);
	in = rig_arg_regs(&f->arg);
	assert_int_equal(rig_smc(&f->rig, 3, &in, &refused), OPTEE_SMC_RETURN_ETHREAD_LIMIT);
	fixture_finish(f, 0, &args[0], &out[0]);
	assert_int_equal(rig_call(&f->rig, 3, &f->arg), TEE_R_SUCCESS);
	session = f->arg.msg->session;
	for (unsigned int i = 1; i < RIG_THREADS; i++)
		fixture_finish(f, i, &args[i], &out[i]);
	assert_int_equal(rig_close(&f->rig, &f->arg, session), TEE_R_SUCCESS);
	for (unsigned int i = 0; i < RIG_THREADS; i++)
		rig_arg_free(&args[i]);
}

/* --- locks --- */

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
		assert_int_equal(rig_open(&f->rig, 0, &f->arg, fixture_tests_uuid,
					  &workers[i].session),
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

#define world_test(name) cmocka_unit_test_setup_teardown(name, fixture_set_up, fixture_tear_down)

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
		world_test(test_protected),
		world_test(test_device_pta),
		world_test(test_self_tests),
		world_test(test_unknown_ta),
		world_test(test_rpc_alloc),
		world_test(test_resume_elsewhere),
		world_test(test_thread_limit),
		world_test(test_mutex),
	};

	/* The world starts this program again as the TA host's template. */
	if (getenv("SWTEE_TEST_TAHOST"))
		return fake_tahost_main();
	setenv("SWTEE_TEST_TAHOST", "1", 1);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
