/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The fixture of the libteec tests: see libteec_fixture.h
 */
#include "libteec_fixture.h"

#include <string.h>

const TEEC_UUID ta_uuid = {
	0x00112233, 0x4455, 0x6677, { 0x88, 0x99, 0xaa, 0xbb, 0xcc, 0xdd, 0xee, 0xff }
};

struct fake_call last_call;
struct tee_ioctl_param last_params[4];

void remember(struct fake_call *call)
{
	last_call = *call;
	memcpy(last_params, call->params, sizeof(last_params));
}

int setup(void **state)
{
	fake_reset();
	fake.answer = remember;
	return 0;
}

int teardown(void **state)
{
	return fake_n_held() || fake.n_misuse ? -1 : 0;
}

TEEC_Context open_context(void)
{
	TEEC_Context context;

	assert_int_equal(TEEC_InitializeContext(NULL, &context), TEEC_SUCCESS);
	fake_clear_log();
	return context;
}

TEEC_Session open_session(TEEC_Context *context)
{
	TEEC_Session session;

	assert_int_equal(TEEC_OpenSession(context, &session, &ta_uuid, TEEC_LOGIN_PUBLIC, NULL,
					  NULL, NULL),
			 TEEC_SUCCESS);
	fake_clear_log();
	return session;
}

void assert_log(const char *expected)
{
	assert_string_equal(fake.log, expected);
	fake_clear_log();
}

void assert_param(unsigned int i, uint64_t attr, uint64_t a, uint64_t b, uint64_t c)
{
	assert_int_equal(last_params[i].attr, attr);
	assert_int_equal(last_params[i].a, a);
	assert_int_equal(last_params[i].b, b);
	assert_int_equal(last_params[i].c, c);
}

void assert_bytes(const uint8_t *p, size_t n, uint8_t expected)
{
	for (size_t i = 0; i < n; i++)
		assert_int_equal(p[i], expected);
}
