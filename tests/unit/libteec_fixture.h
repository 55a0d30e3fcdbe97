/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What the tests of libteec share: a fake device per test, and assertions on
 * what arrived there
 */
#ifndef LIBTEEC_FIXTURE_H
#define LIBTEEC_FIXTURE_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <tee_client_api.h>

#include "libteec_fake.h"

#define N_ELEMENTS(a) (sizeof(a) / sizeof((a)[0]))

/* 00112233-4455-6677-8899-aabbccddeeff */
extern const TEEC_UUID ta_uuid;

/* The last call that remember() answered, its parameters as they came in */
extern struct fake_call last_call;
extern struct tee_ioctl_param last_params[4];

/* The answer that setup() installs: success, nothing changed */
void remember(struct fake_call *call);

/* teardown() fails the test if anything is held or was misused. */
int setup(void **state);
int teardown(void **state);
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

/* Both clear the log afterwards; the caller ends what they begin. */
TEEC_Context open_context(void);
TEEC_Session open_session(TEEC_Context *context);

/* The calls since the log was cleared, a word each; clears it */
void assert_log(const char *expected);

/* Parameter @i of last_params */
void assert_param(unsigned int i, uint64_t attr, uint64_t a, uint64_t b, uint64_t c);

/* All @n bytes have the value */
void assert_bytes(const uint8_t *p, size_t n, uint8_t expected);

#endif /* LIBTEEC_FIXTURE_H */
