/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Trusted applications in the OP-TEE world, against a TA host that the test plays
 */
#include "optee_world_fixture.h"

#include <stdarg.h>
#include <setjmp.h>
#include <cmocka.h>

#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "abi/optee_rpc.h"
#include "abi/optee_smc.h"
#include "abi/tahost.h"
#include "abi/tee_result.h"
#include "base/memfd.h"

#define FLAG_SINGLE (1u << 2)
#define FLAG_MULTI (1u << 3)
#define FLAG_KEEP (1u << 4)
#define FLAG_KEEP_CRASHED (1u << 13)

/* --- loading --- */

static void test_bad_images(void **state)
{
	struct fixture *f = *state;
	struct fake_ta ta = { .load_result = TEE_R_BAD_FORMAT };
	const uint8_t shdr[4] = { 0x48, 0x53, 0x54, 0x4f };

	fixture_offer(f, &ta);
	fixture_expect_open(f, TEE_R_BAD_FORMAT, TEE_R_ORIGIN_TEE);
	ta = (struct fake_ta){ .flags = 1u << 20 };
	fixture_offer(f, &ta);
	fixture_expect_open(f, TEE_R_BAD_FORMAT, TEE_R_ORIGIN_TEE);
	ta = (struct fake_ta){ .open_result = TEE_R_ACCESS_DENIED };
	fixture_offer(f, &ta);
	fixture_expect_open(f, TEE_R_ACCESS_DENIED, TEE_R_ORIGIN_TRUSTED_APP);
	ta = (struct fake_ta){ .create_result = TEE_R_GENERIC };
	fixture_offer(f, &ta);
	fixture_expect_open(f, TEE_R_GENERIC, TEE_R_ORIGIN_TRUSTED_APP);

	f->image[18] ^= 0xff;
	fixture_expect_open(f, TEE_R_BAD_FORMAT, TEE_R_ORIGIN_TEE);
	f->image[0] = 0;
	fixture_expect_open(f, TEE_R_BAD_FORMAT, TEE_R_ORIGIN_TEE);
	memcpy(f->image, shdr, 4);
	fixture_expect_open(f, TEE_R_SECURITY, TEE_R_ORIGIN_TEE);
	f->rig.image_size = 3;
	fixture_expect_open(f, TEE_R_BAD_FORMAT, TEE_R_ORIGIN_TEE);
	f->rig.image_claimed = (size_t)65 << 20;
	fixture_expect_open(f, TEE_R_OUT_OF_MEMORY, TEE_R_ORIGIN_TEE);
	f->rig.image_claimed = 100;
	f->rig.refuse_alloc = true;
	fixture_expect_open(f, TEE_R_OUT_OF_MEMORY, TEE_R_ORIGIN_TEE);
}

/* What a normal world may answer, and must not get away with */
static void test_hostile_rpc(void **state)
{
	struct fixture *f = *state;
	const struct fake_ta ta = { .flags = 0 };
	uint32_t session;

	fixture_offer(f, &ta);
	f->rig.lie = RIG_LIE_SIZE;
	fixture_expect_open(f, TEE_R_GENERIC, TEE_R_ORIGIN_TEE);
	f->rig.lie = RIG_LIE_LIST;
	fixture_expect_open(f, TEE_R_BAD_PARAMETERS, TEE_R_ORIGIN_TEE);
	f->rig.lie = RIG_LIE_CONTIGUOUS;
	fixture_expect_open(f, TEE_R_BAD_PARAMETERS, TEE_R_ORIGIN_TEE);
	f->rig.lie = RIG_LIE_IMAGE;
	fixture_expect_open(f, TEE_R_SHORT_BUFFER, TEE_R_ORIGIN_TEE);
	/* Not an answer that names a buffer: nothing is given back. */
	f->rig.lie = RIG_LIE_ATTR;
	assert_int_equal(fixture_open(f, &session), TEE_R_GENERIC);
	assert_int_equal(f->rig.n_allocs, f->rig.n_frees + 1);
	f->rig.lent = soc_region_free(f->rig.lent);
	f->rig.lent_list = soc_region_free(f->rig.lent_list);
	f->rig.lie = RIG_HONEST;
	assert_int_equal(fixture_open(f, &session), TEE_R_SUCCESS);
	assert_int_equal(rig_close(&f->rig, &f->arg, session), TEE_R_SUCCESS);
}

/* --- calls --- */

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

	fixture_offer(f, &ta);
	assert_int_equal(fixture_open(f, &session), TEE_R_SUCCESS);
	assert_int_equal(f->arg.msg->ret_origin, TEE_R_ORIGIN_TRUSTED_APP);
	assert_int_equal(f->rig.n_allocs, 1);
	assert_int_equal(f->rig.n_frees, 1);
	assert_int_equal(ta_value(f, session, FAKE_COUNT, 0, 0), TEE_R_SUCCESS);
	assert_int_equal(f->arg.msg->ret_origin, TEE_R_ORIGIN_TRUSTED_APP);
	assert_int_equal(p->u.value.a, 1);
	/* An instance for each session */
	assert_int_equal(fixture_open(f, &other), TEE_R_SUCCESS);
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

	fixture_offer(f, &ta);
	for (size_t i = 0; i < sizeof(logins) / sizeof(logins[0]); i++) {
		uint32_t session;

		rig_prepare_open(&f->arg, fixture_ta_uuid, 0);
		memcpy(p[1].u.octets, fixture_ta_uuid, 16);
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

	fixture_offer(f, &ta);
	assert_int_equal(fixture_open(f, &session), TEE_R_SUCCESS);
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

	fixture_offer(f, &ta);
	assert_int_equal(fixture_open(f, &session), TEE_R_SUCCESS);
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

	fixture_offer(f, &ta);
	assert_int_equal(fixture_open(f, &session), TEE_R_SUCCESS);
	for (unsigned int i = 0; i < 300; i++) {
		rig_shm_new(&f->rig, &f->arg, 0, 200, true, i, &shm[i]);
		check_xor(f, session, &shm[i]);
	}
	assert_int_not_equal(ta_slot(f, session, OPTEE_MSG_ATTR_TYPE_RMEM_INOUT, &shm[299]), 0);
	assert_int_equal(f->arg.msg->params[2].u.value.a, TAHOST_MAX_SLOTS - TAHOST_FIRST_SHARED);
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
					   FAKE_BAD_SYSCALL, FAKE_NEST };
	struct fixture *f = *state;
	const struct fake_ta ta = { .flags = FLAG_SINGLE | FLAG_MULTI | FLAG_KEEP };
	struct optee_msg_param *p = f->arg.msg->params;
	struct rig_shm own;

	fixture_offer(f, &ta);
	for (unsigned int i = 0; i < sizeof(deaths) / sizeof(deaths[0]); i++) {
		uint32_t one, two, fresh;

		assert_int_equal(fixture_open(f, &one), TEE_R_SUCCESS);
		assert_int_equal(fixture_open(f, &two), TEE_R_SUCCESS);
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
		assert_int_equal(fixture_open(f, &fresh), TEE_R_SUCCESS);
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

	fixture_offer(f, &ta);
	assert_int_equal(kill(f->rig.template_pid, SIGKILL), 0);
	do {
		usleep(20000);
		ret = fixture_open(f, &session);
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
	fixture_offer(f, &ta);
	assert_int_equal(fixture_open(f, &one), TEE_R_SUCCESS);
	assert_int_equal(fixture_open(f, &two), TEE_R_BUSY);
	assert_int_equal(f->arg.msg->ret_origin, TEE_R_ORIGIN_TEE);
	assert_int_equal(rig_close(&f->rig, &f->arg, one), TEE_R_SUCCESS);
	assert_int_equal(fixture_open(f, &two), TEE_R_SUCCESS);
	assert_int_equal(ta_value(f, two, FAKE_COUNT, 0, 0), TEE_R_SUCCESS);
	assert_int_equal(p->u.value.a, 1);
	assert_int_equal(rig_close(&f->rig, &f->arg, two), TEE_R_SUCCESS);

	/* Shared, and gone with the last session */
	ta.flags = FLAG_SINGLE | FLAG_MULTI;
	fixture_offer(f, &ta);
	assert_int_equal(fixture_open(f, &one), TEE_R_SUCCESS);
	assert_int_equal(fixture_open(f, &two), TEE_R_SUCCESS);
	assert_int_equal(ta_value(f, one, FAKE_COUNT, 0, 0), TEE_R_SUCCESS);
	assert_int_equal(ta_value(f, two, FAKE_COUNT, 0, 0), TEE_R_SUCCESS);
	assert_int_equal(p->u.value.a, 2);
	assert_int_equal(p->u.value.b, 2);
	assert_int_equal(rig_close(&f->rig, &f->arg, one), TEE_R_SUCCESS);
	assert_int_equal(rig_close(&f->rig, &f->arg, two), TEE_R_SUCCESS);

	/* Kept */
	ta.flags = FLAG_SINGLE | FLAG_MULTI | FLAG_KEEP;
	fixture_offer(f, &ta);
	for (unsigned int i = 1; i < 4; i++) {
		assert_int_equal(fixture_open(f, &one), TEE_R_SUCCESS);
		assert_int_equal(ta_value(f, one, FAKE_COUNT, 0, 0), TEE_R_SUCCESS);
		assert_int_equal(p->u.value.a, i);
		assert_int_equal(rig_close(&f->rig, &f->arg, one), TEE_R_SUCCESS);
	}
	/* Dead: the next one is new */
	assert_int_equal(fixture_open(f, &one), TEE_R_SUCCESS);
	assert_int_equal(ta_invoke(f, one, FAKE_PANIC), TEE_R_TARGET_DEAD);
	assert_int_equal(rig_close(&f->rig, &f->arg, one), TEE_R_SUCCESS);

	/* A corpse that is kept answers new sessions. */
	ta.flags |= FLAG_KEEP_CRASHED;
	fixture_offer(f, &ta);
	assert_int_equal(fixture_open(f, &one), TEE_R_SUCCESS);
	assert_int_equal(ta_value(f, one, FAKE_COUNT, 0, 0), TEE_R_SUCCESS);
	assert_int_equal(p->u.value.a, 1);
	assert_int_equal(ta_invoke(f, one, FAKE_PANIC), TEE_R_TARGET_DEAD);
	fixture_expect_open(f, TEE_R_TARGET_DEAD, TEE_R_ORIGIN_TEE);
	assert_int_equal(rig_close(&f->rig, &f->arg, one), TEE_R_SUCCESS);
	fixture_expect_open(f, TEE_R_TARGET_DEAD, TEE_R_ORIGIN_TEE);
}

static void test_ta_time(void **state)
{
	struct fixture *f = *state;
	const struct fake_ta ta = { .flags = 0 };
	struct optee_msg_param *p = f->arg.msg->params;
	uint32_t session;

	fixture_offer(f, &ta);
	assert_int_equal(fixture_open(f, &session), TEE_R_SUCCESS);
	assert_int_equal(ta_value(f, session, FAKE_REE_TIME, 0, 0), TEE_R_SUCCESS);
	assert_int_equal(p->u.value.a, 1234567);
	assert_int_equal(p->u.value.b, 890);
	assert_int_equal(ta_value(f, session, FAKE_GET_TIME, 0, 0), TEE_R_TIME_NOT_SET);
	assert_int_equal(ta_value(f, session, FAKE_SET_TIME, 5, 1000), TEE_R_BAD_PARAMETERS);
	assert_int_equal(ta_value(f, session, FAKE_SET_TIME, 5, 500), TEE_R_SUCCESS);
	assert_int_equal(rig_close(&f->rig, &f->arg, session), TEE_R_SUCCESS);
	assert_int_equal(fixture_open(f, &session), TEE_R_SUCCESS);
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

	fixture_offer(f, &ta);
	assert_int_equal(fixture_open(f, &session), TEE_R_SUCCESS);
	assert_int_equal(aside(f, OPTEE_MSG_CMD_CANCEL, session + 1, 0), TEE_R_BAD_PARAMETERS);

	begin_wait(f, 0, session, FAKE_UNMASK_AND_WAIT, NULL, &out);
	cancel(f, session);
	fixture_finish(f, 0, &f->arg, &out);
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

	fixture_offer(f, &ta);
	assert_int_equal(fixture_open(f, &session), TEE_R_SUCCESS);
	begin_wait(f, 0, session, FAKE_UNMASK_AND_WAIT, NULL, &out);

	/* The session is taken: the second call sleeps in the normal world. */
	rig_prepare_invoke(&f->arg2, session, FAKE_COUNT, 0);
	caller_start(&second);
	wait_for_waits(f, 1);
	assert_int_equal(f->arg2.msg->ret, 0xdeadbeef);
	cancel(f, session);
	fixture_finish(f, 2, &f->arg, &out);
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

	fixture_offer(f, &ta);
	assert_int_equal(fixture_open(f, &one), TEE_R_SUCCESS);
	assert_int_equal(fixture_open(f, &two), TEE_R_SUCCESS);
	/* Two sessions of one instance: the second waits for the instance. */
	begin_wait(f, 0, one, FAKE_UNMASK_AND_WAIT, NULL, &out);
	rig_arg_prepare(&f->arg2, OPTEE_MSG_CMD_CLOSE_SESSION, 0);
	f->arg2.msg->session = two;
	caller_start(&second);
	wait_for_waits(f, 1);
	/* It is unlinked already. */
	assert_int_equal(aside(f, OPTEE_MSG_CMD_INVOKE_COMMAND, two, 0), TEE_R_BAD_PARAMETERS);
	cancel(f, one);
	fixture_finish(f, 0, &f->arg, &out);
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

	fixture_offer(f, &ta);
	assert_int_equal(fixture_open(f, &session), TEE_R_SUCCESS);
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
	fixture_finish(f, 0, &f->arg, &out);
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
	pthread_t thread;
};

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

	fixture_offer(f, &ta);
	assert_int_equal(fixture_open(f, &one), TEE_R_SUCCESS);
	assert_int_equal(fixture_open(f, &two), TEE_R_SUCCESS);
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

/* Only a TA that says that it handles protected memory gets it, and then as a copy. */
static void test_ta_protected(void **state)
{
	const struct fake_ta plain = { .flags = 0 }, secure = { .flags = 1u << 5 };
	struct fixture *f = *state;
	struct optee_msg_param *p = f->arg.msg->params;
	struct soc_map map;
	uint32_t session;
	uint8_t *va;

	assert_int_equal(soc_mem_map_protected(f->rig.mem, f->rig.protected_pa, true, &map), 0);
	assert_int_equal(memfd_map(map.fd, 0, 8192, PROT_READ | PROT_WRITE, (void **)&va), 0);
	memset(va, 0x11, 8192);
	for (int i = 0; i < 2; i++) {
		fixture_offer(f, i ? &secure : &plain);
		rig_prepare_open(&f->arg, fixture_ta_uuid, 1);
		p[2].attr = OPTEE_MSG_ATTR_TYPE_TMEM_INOUT;
		p[2].u.tmem.buf_ptr = f->rig.protected_pa;
		p[2].u.tmem.size = 16;
		assert_int_equal(rig_call(&f->rig, 0, &f->arg),
				 i ? TEE_R_SUCCESS : TEE_R_BAD_PARAMETERS);
		session = f->arg.msg->session;
		if (!i) {
			assert_int_equal(f->arg.msg->ret_origin, TEE_R_ORIGIN_TEE);
			assert_int_equal(fixture_open(f, &session), TEE_R_SUCCESS);
		}
		rig_prepare_invoke(&f->arg, session, FAKE_XOR, 1);
		p->attr = OPTEE_MSG_ATTR_TYPE_TMEM_INOUT;
		p->u.tmem.buf_ptr = f->rig.protected_pa + 4090;
		p->u.tmem.size = 10;
		assert_int_equal(rig_call(&f->rig, 0, &f->arg),
				 i ? TEE_R_SUCCESS : TEE_R_BAD_PARAMETERS);
		assert_int_equal(va[4089], 0x11);
		assert_int_equal(va[4090], i ? 0x11 ^ 0x5a : 0x11);
		assert_int_equal(va[4099], i ? 0x11 ^ 0x5a : 0x11);
		assert_int_equal(va[4100], 0x11);
		/* No byte of it is no secret. */
		p->attr = OPTEE_MSG_ATTR_TYPE_TMEM_INOUT;
		p->u.tmem.size = 0;
		f->arg.msg->func = FAKE_NULL;
		assert_int_equal(rig_call(&f->rig, 0, &f->arg), TEE_R_SUCCESS);
		assert_int_equal(rig_close(&f->rig, &f->arg, session), TEE_R_SUCCESS);
	}
	munmap(va, 8192);
	close(map.fd);
}

#define world_test(name) cmocka_unit_test_setup_teardown(name, fixture_set_up, fixture_tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		world_test(test_bad_images),
		world_test(test_hostile_rpc),
		world_test(test_ta),
		world_test(test_identity),
		world_test(test_ta_memory),
		world_test(test_ta_overlap),
		world_test(test_ta_protected),
		world_test(test_ta_slots),
		world_test(test_ta_death),
		world_test(test_template_death),
		world_test(test_single_instance),
		world_test(test_ta_time),
		world_test(test_cancel),
		world_test(test_session_waits),
		world_test(test_close_while_waiting),
		world_test(test_unregister_waits),
		world_test(test_contention),
	};

	/* The world starts this program again as the TA host's template. */
	if (getenv("SWTEE_TEST_TAHOST"))
		return fake_tahost_main();
	setenv("SWTEE_TEST_TAHOST", "1", 1);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
