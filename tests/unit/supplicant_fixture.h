/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The built-in supplicant over directories of its own, and requests as the driver
 * makes them. The descriptors of the process are counted around each test.
 */
#ifndef TESTS_UNIT_SUPPLICANT_FIXTURE_H
#define TESTS_UNIT_SUPPLICANT_FIXTURE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "normal/server/supplicant.h"
#include "normal/tee/tee_core.h"

#define VAL_IN TEE_IOCTL_PARAM_ATTR_TYPE_VALUE_INPUT
#define VAL_OUT TEE_IOCTL_PARAM_ATTR_TYPE_VALUE_OUTPUT
#define VAL_INOUT TEE_IOCTL_PARAM_ATTR_TYPE_VALUE_INOUT
#define MEM_IN TEE_IOCTL_PARAM_ATTR_TYPE_MEMREF_INPUT
#define MEM_OUT TEE_IOCTL_PARAM_ATTR_TYPE_MEMREF_OUTPUT
#define MEM_INOUT TEE_IOCTL_PARAM_ATTR_TYPE_MEMREF_INOUT

/**
 * struct supp_fixture - the state of a test
 * @top: a temporary directory; in it `root` for files, `ta0` and `ta1` for
 *	trusted applications, and `outside/secret`, which nothing may reach
 * @root: a descriptor of `root`, apart from the supplicant's
 */
struct supp_fixture {
	char dir[64];
	int top, root;
	struct supplicant *supplicant;
	unsigned int n_fds;
};

int supp_setup(void **state);
int supp_teardown(void **state);
#define SUPP_TEST(fn) cmocka_unit_test_setup_teardown(fn, supp_setup, supp_teardown)

/* Descriptors that are open in this process */
unsigned int count_fds(void);

void write_at(int dir, const char *name, const char *text);
bool exists_at(int dir, const char *name);
void expect_text(int dir, const char *name, const char *text);

/* To be somebody to whom permissions mean something, if we are root; and back. */
void leave_root(void);
void return_to_root(void);

struct tee_param value(uint64_t attr, uint64_t a, uint64_t b, uint64_t c);
struct tee_shm shm_of(void *memory, size_t size);
/* From the start of @shm, which may be NULL */
struct tee_param memref(uint64_t attr, struct tee_shm *shm, size_t size);

uint32_t request(struct supp_fixture *f, uint32_t func, size_t n, struct tee_param *param);

#endif /* TESTS_UNIT_SUPPLICANT_FIXTURE_H */
