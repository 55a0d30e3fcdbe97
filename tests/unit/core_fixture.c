/* SPDX-License-Identifier: BSD-2-Clause */
#include "core_fixture.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include <cmocka.h>

#include <linux/mm.h>
#include <linux/refcount.h>
#include <linux/slab.h>

#include "normal/tee/tee_cdev.h"
#include "platform_test.h"

static int map_user_memory(struct core *core)
{
	uint8_t *map = mmap(NULL, 3 * PAGE_SIZE, PROT_READ | PROT_WRITE,
			    MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (map == MAP_FAILED)
		return -1;
	core->page = map;
	core->ro = map + 2 * PAGE_SIZE;
	if (mprotect(map + PAGE_SIZE, PAGE_SIZE, PROT_NONE) ||
	    mprotect(core->ro, PAGE_SIZE, PROT_READ))
		return -1;
	return 0;
}

int core_setup(void **state)
{
	struct core *core = calloc(1, sizeof(*core));

	if (!core || map_user_memory(core))
		return -1;
	core->row = *state;
	platform_test_reset();
	fake_tee_init(&core->tee);
	if (fake_tee_probe(&core->tee))
		return -1;
	core->ctx = tee_cdev_open(core->tee.client);
	if (IS_ERR(core->ctx))
		return -1;

	task_init(&core->task);
	core->task.uaccess = &uaccess_inprocess_ops;
	task_enter(&core->task);
	*state = core;
	return 0;
}

int core_teardown(void **state)
{
	struct core *core = *state;
	struct platform_test_count counts;
	size_t left;

	/* Only a test that failed leaves anything; the removal would wait for it. */
	left = platform_test_fd_put_all();
	if (core->ctx)
		tee_cdev_release(core->ctx);
	left += fake_tee_close_all(&core->tee);
	fake_tee_remove(&core->tee);
	task_leave(&core->task);

	counts = platform_test_counts();
	assert_int_equal(left, 0);
	assert_int_equal(counts.published, 0);
	assert_int_equal(counts.fds, 0);
	assert_int_equal(counts.pages, 0);
	assert_int_equal(counts.pinned, 0);
	assert_int_equal(atomic_load(&core->tee.n_registered), 0);
	assert_int_equal(fake_tee_n_sessions(&core->tee), 0);
	munmap(core->page, 3 * PAGE_SIZE);
	free(core);
	return 0;
}

long core_ioctl(struct tee_context *ctx, unsigned int cmd, const void *arg)
{
	return tee_cdev_ioctl(ctx, cmd, (unsigned long)arg);
}

void *core_tail(struct core *core, size_t size)
{
	return core->page + PAGE_SIZE - size;
}

void *core_read_only(struct core *core, const void *data, size_t size)
{
	assert_int_equal(mprotect(core->ro, PAGE_SIZE, PROT_READ | PROT_WRITE), 0);
	memcpy(core->ro, data, size);
	assert_int_equal(mprotect(core->ro, PAGE_SIZE, PROT_READ), 0);
	return core->ro;
}

long core_buf_ioctl(struct tee_context *ctx, unsigned int cmd, const void *buf, uint64_t len)
{
	struct tee_ioctl_buf_data data = { .buf_ptr = (uintptr_t)buf, .buf_len = len };

	return core_ioctl(ctx, cmd, &data);
}

long core_call(struct core *core, struct tee_context *ctx, unsigned int cmd,
	       const void *header, size_t header_size,
	       const struct tee_ioctl_param *params, size_t n)
{
	assert_true(header_size + n * sizeof(*params) <= sizeof(core->arg));
	memcpy(core->arg.bytes, header, header_size);
	if (n)
		memcpy(core->arg.bytes + header_size, params, n * sizeof(*params));
	return core_buf_ioctl(ctx, cmd, core->arg.bytes, header_size + n * sizeof(*params));
}

long core_invoke(struct core *core, struct tee_context *ctx,
		 const struct tee_ioctl_param *params, size_t n)
{
	struct tee_ioctl_invoke_arg arg = {
		.ret = 0x11111111,
		.ret_origin = 0x22222222,
		.num_params = n,
	};

	return core_call(core, ctx, TEE_IOC_INVOKE, &arg, sizeof(arg), params, n);
}

long core_open_session(struct core *core, struct tee_context *ctx, uint32_t login,
		       const struct tee_ioctl_param *params, size_t n)
{
	struct tee_ioctl_open_session_arg arg = {
		.clnt_login = login,
		.session = 0x33333333,
		.ret = 0x11111111,
		.ret_origin = 0x22222222,
		.num_params = n,
	};

	return core_call(core, ctx, TEE_IOC_OPEN_SESSION, &arg, sizeof(arg), params, n);
}

int core_alloc(struct tee_context *ctx, size_t size, int *ret_id)
{
	struct tee_ioctl_shm_alloc_data data = { .size = size };
	long fd = core_ioctl(ctx, TEE_IOC_SHM_ALLOC, &data);

	assert_true(fd >= 0);
	assert_true(data.id >= 1);
	*ret_id = data.id;
	return (int)fd;
}

int core_register(struct tee_context *ctx, const void *addr, size_t length, int *ret_id)
{
	struct tee_ioctl_shm_register_data data = { .addr = (uintptr_t)addr, .length = length };
	long fd = core_ioctl(ctx, TEE_IOC_SHM_REGISTER, &data);

	assert_true(fd >= 0);
	assert_true(data.id >= 1);
	*ret_id = data.id;
	return (int)fd;
}

unsigned int core_refs(struct tee_context *ctx, int id)
{
	struct tee_shm *shm = tee_shm_get_from_id(ctx, id);
	unsigned int refs;

	if (IS_ERR(shm))
		return 0;
	refs = refcount_read(&shm->refcount) - 1;
	tee_shm_put(shm);
	return refs;
}

#define MAX_TESTS 256
static struct CMUnitTest tests[MAX_TESTS];
static size_t n_tests;

void core_add(const char *name, void (*fn)(void **state), const void *row)
{
	if (n_tests == MAX_TESTS)
		abort();
	tests[n_tests++] = (struct CMUnitTest){
		.name = name,
		.test_func = fn,
		.setup_func = core_setup,
		.teardown_func = core_teardown,
		.initial_state = (void *)row,
	};
}

int core_run(const char *group)
{
	return _cmocka_run_group_tests(group, tests, n_tests, NULL, NULL);
}
