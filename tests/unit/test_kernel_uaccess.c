/* SPDX-License-Identifier: BSD-2-Clause */
/* User memory: partial copies at the edge of a mapping, limits, tasks without any */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/mman.h>

#include <cmocka.h>

#include <linux/limits.h>
#include <linux/mm.h>
#include <linux/slab.h>
#include <linux/uaccess.h>

#include "base/kernel/kmem.h"
#include "base/kernel/task.h"

/* One page of the user's; the page behind it is not mapped. */
struct user {
	struct task_struct task;
	u8 *page, *end;
	long live;
};

static int setup(void **state)
{
	static struct user user;

	task_init(&user.task);
	user.task.uaccess = &uaccess_inprocess_ops;
	task_enter(&user.task);
	user.page = mmap(NULL, 2 * PAGE_SIZE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS,
			 -1, 0);
	if (user.page == MAP_FAILED)
		return -1;
	user.end = user.page + PAGE_SIZE;
	if (munmap(user.end, PAGE_SIZE) < 0)
		return -1;
	for (unsigned int i = 0; i < PAGE_SIZE; i++)
		user.page[i] = (u8)(i * 7 + 1);
	user.live = kmem_live();
	*state = &user;
	return 0;
}

static int teardown(void **state)
{
	struct user *user = *state;

	kfault_clear();
	task_leave(&user->task);
	munmap(user->page, PAGE_SIZE);
	return kmem_live() == user->live ? 0 : -1;
}

static bool all(const u8 *p, size_t n, u8 value)
{
	while (n && *p == value) {
		p++;
		n--;
	}
	return !n;
}

static void test_copy_from(void **state)
{
	struct user *user = *state;
	u8 buf[200];

	assert_int_equal(copy_from_user(buf, user->page, sizeof(buf)), 0);
	assert_memory_equal(buf, user->page, sizeof(buf));
	assert_int_equal(copy_from_user(buf, user->end - 1, 1), 0);
	assert_int_equal(copy_from_user(buf, user->end, 0), 0);
	assert_int_equal(copy_from_user(buf, NULL, 0), 0);

	memset(buf, 0xaa, sizeof(buf));
	assert_int_equal(copy_from_user(buf, user->end - 60, 150), 90);
	assert_memory_equal(buf, user->end - 60, 60);
	assert_true(all(buf + 60, 90, 0));
	assert_true(all(buf + 150, sizeof(buf) - 150, 0xaa));

	memset(buf, 0xaa, sizeof(buf));
	assert_int_equal(copy_from_user(buf, user->end, 50), 50);
	assert_true(all(buf, 50, 0) && all(buf + 50, 150, 0xaa));
	memset(buf, 0xaa, sizeof(buf));
	assert_int_equal(copy_from_user(buf, NULL, 50), 50);
	assert_true(all(buf, 50, 0) && all(buf + 50, 150, 0xaa));
}

static void test_copy_to(void **state)
{
	struct user *user = *state;
	u8 buf[200];

	memset(buf, 0xaa, sizeof(buf));
	assert_int_equal(copy_to_user(user->page, buf, sizeof(buf)), 0);
	assert_memory_equal(buf, user->page, sizeof(buf));
	assert_int_equal(copy_to_user(user->end - 60, buf, 150), 90);
	assert_true(all(user->end - 60, 60, 0xaa));
	assert_false(all(user->end - 61, 1, 0xaa));
	assert_int_equal(copy_to_user(user->end, buf, 150), 150);
	assert_int_equal(copy_to_user(user->end, buf, 0), 0);
	assert_int_equal(copy_to_user(NULL, buf, 1), 1);

	assert_int_equal(mprotect(user->page, PAGE_SIZE, PROT_READ), 0);
	assert_int_equal(copy_to_user(user->page, buf, 10), 10);
	assert_int_equal(copy_from_user(buf, user->page, 10), 0);
	assert_int_equal(mprotect(user->page, PAGE_SIZE, PROT_NONE), 0);
	assert_int_equal(copy_from_user(buf, user->page, 10), 10);
}

static void test_clear(void **state)
{
	struct user *user = *state;

	assert_int_equal(clear_user(user->page + 1, 600), 0);
	assert_true(all(user->page + 1, 600, 0));
	assert_int_equal(user->page[0], 1);
	assert_int_equal(user->page[601], (u8)(601 * 7 + 1));
	assert_int_equal(clear_user(user->end - 300, 1000), 700);
	assert_true(all(user->end - 300, 300, 0));
	assert_int_equal(clear_user(user->end, 1000), 1000);
	assert_int_equal(clear_user(user->end, 0), 0);
}

static bool ok(unsigned long addr, unsigned long size)
{
	return access_ok((void __user *)addr, size);
}

static void test_access_ok(void **state)
{
	const unsigned long top = KERNEL_TASK_SIZE_MAX;

	assert_true(ok(0, 0));
	assert_true(ok(0, top));
	assert_false(ok(0, top + 1));
	assert_false(ok(1, top));
	assert_true(ok(top, 0));
	assert_false(ok(top, 1));
	assert_true(ok(top - 1, 1));
	assert_false(ok(top - 1, 2));
	assert_false(ok(top + 1, 0));
	assert_false(ok(ULONG_MAX, 0));
	assert_false(ok(ULONG_MAX, 1));
	assert_false(ok(ULONG_MAX, 2));
	assert_false(ok(1, ULONG_MAX));
	assert_false(ok(4096, ULONG_MAX - 4095));
	assert_false(ok(0xffff800000000000ul, 8));
}

/* --- what is out of bounds never reaches the operations --- */

struct calls {
	unsigned int from, to;
};

static unsigned long count_from(void *data, void *to, unsigned long from, size_t n)
{
	((struct calls *)data)->from++;
	memset(to, 0x55, n / 2);
	return n - n / 2;
}

static unsigned long count_to(void *data, unsigned long to, const void *from, size_t n)
{
	((struct calls *)data)->to++;
	return n - n / 2;
}

static void test_own_ops(void **state)
{
	static const struct uaccess_ops ops = { count_from, count_to };
	struct user *user = *state;
	struct calls calls = { 0 };
	u8 buf[64];

	user->task.uaccess = &ops;
	user->task.uaccess_data = &calls;
	memset(buf, 0xaa, sizeof(buf));
	assert_int_equal(copy_from_user(buf, (void __user *)0xffff800000000000ul, 32), 32);
	assert_true(all(buf, 32, 0) && all(buf + 32, 32, 0xaa));
	assert_int_equal(copy_to_user((void __user *)KERNEL_TASK_SIZE_MAX, buf, 1), 1);
	assert_int_equal(copy_to_user((void __user *)8, buf, ULONG_MAX), ULONG_MAX);
	assert_int_equal(calls.from + calls.to, 0);

	memset(buf, 0xaa, sizeof(buf));
	assert_int_equal(copy_from_user(buf, (void __user *)8, 32), 16);
	assert_true(all(buf, 16, 0x55) && all(buf + 16, 16, 0) && all(buf + 32, 32, 0xaa));
	assert_int_equal(copy_to_user((void __user *)8, buf, 32), 16);
	assert_int_equal(calls.from, 1);
	assert_int_equal(calls.to, 1);
}

#define CHECK_WIDTH(type, number) \
	do { \
		type __user *at = (type __user *)(user->page + 8); \
		type __user *torn = (type __user *)(user->end - sizeof(type) / 2); \
		type value = 0; \
\
		assert_int_equal(put_user((type)(number), at), 0); \
		assert_int_equal(get_user(value, at), 0); \
		assert_true(value == (type)(number)); \
		assert_int_equal(get_user(value, torn), -EFAULT); \
		assert_int_equal(put_user(value, torn), -EFAULT); \
	} while (0)

static void test_get_put(void **state)
{
	struct user *user = *state;
	u64 value = 5;

	CHECK_WIDTH(u8, 0x81);
	CHECK_WIDTH(u16, 0x8182);
	CHECK_WIDTH(u32, 0x81828384u);
	CHECK_WIDTH(u64, 0x8182838485868788ul);
	CHECK_WIDTH(s32, -3);
	assert_int_equal(get_user(value, (u64 __user *)user->end), -EFAULT);
	assert_int_equal(value, 0);
	assert_ptr_equal(u64_to_user_ptr((u64)(uintptr_t)user->page), user->page);
}

static void test_memdup(void **state)
{
	struct user *user = *state;
	u8 *copy;

	copy = memdup_user(user->page, 100);
	assert_false(IS_ERR(copy));
	assert_memory_equal(copy, user->page, 100);
	kfree(copy);
	assert_int_equal(PTR_ERR(memdup_user(user->end - 50, 100)), -EFAULT);
	assert_int_equal(PTR_ERR(memdup_user(NULL, 1)), -EFAULT);
	kfault_set(1);
	assert_int_equal(PTR_ERR(memdup_user(user->page, 100)), -ENOMEM);
	assert_true(kfault_hit());
	kfault_clear();
	copy = memdup_user(user->end, 0);
	assert_false(IS_ERR(copy));
	kfree(copy);
}

/* As a kernel thread */
static void test_without_user(void **state)
{
	struct user *user = *state;
	u8 buf[16];
	u32 value = 7;

	user->task.uaccess = NULL;
	memset(buf, 0xaa, sizeof(buf));
	assert_int_equal(copy_from_user(buf, user->page, 8), 8);
	assert_true(all(buf, 8, 0) && all(buf + 8, 8, 0xaa));
	assert_int_equal(copy_to_user(user->page, buf, 8), 8);
	assert_int_equal(clear_user(user->page, 8), 8);
	assert_int_equal(get_user(value, (u32 __user *)user->page), -EFAULT);
	assert_int_equal(put_user(value, (u32 __user *)user->page), -EFAULT);
	assert_int_equal(PTR_ERR(memdup_user(user->page, 8)), -EFAULT);
	assert_int_equal(user->page[0], 1);

	task_leave(&user->task);
	assert_int_equal(copy_from_user(buf, user->page, 8), 8);
	task_enter(&user->task);
}

#define USER_TEST(fn) cmocka_unit_test_setup_teardown(fn, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		USER_TEST(test_copy_from),
		USER_TEST(test_copy_to),
		USER_TEST(test_clear),
		USER_TEST(test_access_ok),
		USER_TEST(test_own_ops),
		USER_TEST(test_get_put),
		USER_TEST(test_memdup),
		USER_TEST(test_without_user),
	};

	return cmocka_run_group_tests_name("kernel_uaccess", tests, NULL, NULL);
}
