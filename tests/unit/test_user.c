/* SPDX-License-Identifier: BSD-2-Clause */
/* What each user may take, and that it comes back */
#include <errno.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "normal/server/user.h"

static const struct user_limits limits = {
	.max = { [USER_CONTEXTS] = 3, [USER_THREADS] = 0, [USER_SHM] = 100000,
		 [USER_SHM_BYTES] = UINT64_MAX },
};

static int setup(void **state)
{
	return user_table_new(&limits, (struct user_table **)state);
}

static int teardown(void **state)
{
	user_table_free(*state);
	return 0;
}

static void test_limit(void **state)
{
	struct user_charge charges[3] = { 0 }, more = { 0 };
	struct user *user;

	assert_int_equal(user_get(*state, 1000, &user), 0);
	for (int i = 0; i < 3; i++)
		assert_int_equal(user_charge(&charges[i], user, USER_CONTEXTS, 1), 0);
	assert_int_equal(user_charge(&more, user, USER_CONTEXTS, 1), -EDQUOT);
	assert_null(more.user);
	user_charge_end(&charges[1]);
	user_charge_end(&charges[1]);
	assert_int_equal(user_charge(&more, user, USER_CONTEXTS, 2), -EDQUOT);
	assert_int_equal(user_charge(&more, user, USER_CONTEXTS, 1), 0);
	/* A limit of nothing, and amounts that would wrap */
	assert_int_equal(user_charge(&charges[1], user, USER_THREADS, 1), -EDQUOT);
	assert_int_equal(user_charge(&charges[1], user, USER_SHM_BYTES, UINT64_MAX - 1), 0);
	user_charge_end(&charges[1]);
	assert_int_equal(user_charge(&charges[1], user, USER_SHM_BYTES, UINT64_MAX), 0);
	assert_int_equal(user_charge(&charges[2], user, USER_SHM_BYTES, 1), -EDQUOT);
	for (int i = 0; i < 3; i++)
		user_charge_end(&charges[i]);
	user_charge_end(&more);
	user_put(user);
}

/* One user's greed is no other's, and a charge outlives every other reference. */
static void test_users(void **state)
{
	struct user_charge mine = { 0 }, other = { 0 }, again = { 0 };
	struct user *user, *same;

	assert_int_equal(user_get(*state, 1000, &user), 0);
	assert_int_equal(user_charge(&mine, user, USER_CONTEXTS, 3), 0);
	user_put(user);
	assert_int_equal(user_get(*state, 1001, &user), 0);
	assert_int_equal(user_charge(&other, user, USER_CONTEXTS, 3), 0);
	user_put(user);
	assert_int_equal(user_get(*state, 1000, &same), 0);
	assert_int_equal(user_charge(&again, same, USER_CONTEXTS, 1), -EDQUOT);
	user_charge_end(&mine);
	assert_int_equal(user_charge(&again, same, USER_CONTEXTS, 1), 0);
	user_charge_end(&again);
	user_put(same);
	user_charge_end(&other);
}

static void *churn(void *data)
{
	for (int i = 0; i < 20000; i++) {
		struct user_charge charge = { 0 };
		struct user *user;

		if (user_get(data, (uid_t)(i % 3), &user) == 0) {
			(void)user_charge(&charge, user, i % 2 ? USER_CONTEXTS : USER_SHM, 1);
			user_put(user);
			user_charge_end(&charge);
		}
	}
	return NULL;
}

static void test_threads(void **state)
{
	struct user_charge charge = { 0 };
	struct user *user;
	pthread_t threads[4];

	for (int i = 0; i < 4; i++)
		pthread_create(&threads[i], NULL, churn, *state);
	for (int i = 0; i < 4; i++)
		pthread_join(threads[i], NULL);
	for (uid_t uid = 0; uid < 3; uid++) {
		assert_int_equal(user_get(*state, uid, &user), 0);
		assert_int_equal(user_charge(&charge, user, USER_CONTEXTS, 3), 0);
		user_charge_end(&charge);
		user_put(user);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_limit, setup, teardown),
		cmocka_unit_test_setup_teardown(test_users, setup, teardown),
		cmocka_unit_test_setup_teardown(test_threads, setup, teardown),
	};

	return cmocka_run_group_tests_name("user", tests, NULL, NULL);
}
