/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Shared memory of the TEE core: SHM_ALLOC, SHM_REGISTER and what is copied to
 * and fro for memory that is not shared in place; rows of tee-uapi facts 8
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include <linux/err.h>
#include <linux/mm.h>

#include "core_fixture.h"
#include "normal/tee/tee_cdev.h"
#include "platform_test.h"

#define KERNEL_HALF 0xffff800000000000ull
#define NOT_SUPPORTED (-524)

/* --- SHM_ALLOC --- */

struct alloc_row {
	const char *name;
	uint64_t size;
	uint32_t flags;
	long expect;
	uint64_t size_out;
};

static const struct alloc_row alloc_rows[] = {
	{ "core N15", 1, 1, -EINVAL },
	{ "core N16", 1, 0x80000000, -EINVAL },
	{ "core N17", 0, 0, -ENOMEM },
	{ "core N18", 1ull << 63, 0, -ENOMEM },
	{ "core SHM_ALLOC of 2^64-1", UINT64_MAX, 0, -ENOMEM },
	{ "core SHM_ALLOC of 2^64-4095", UINT64_MAX - 4094, 0, -ENOMEM },
	{ "core N19", 1, 0, 0, 4096 },
	{ "core SHM_ALLOC of a page and a byte", 4097, 0, 0, 8192 },
};

static void test_alloc(void **state)
{
	struct core *core = *state;
	const struct alloc_row *row = core->row;
	struct tee_ioctl_shm_alloc_data data = {
		.size = row->size, .flags = row->flags, .id = -7,
	};
	long fd = core_ioctl(core->ctx, TEE_IOC_SHM_ALLOC, &data);

	if (row->expect) {
		assert_int_equal(fd, row->expect);
		assert_int_equal(data.size, row->size);
		assert_int_equal(data.id, -7);
		assert_int_equal(platform_test_counts().fds, 0);
	} else {
		struct tee_shm *shm = platform_test_fd_shm((int)fd);
		int next, next_fd;

		assert_int_equal(data.size, row->size_out);
		assert_int_equal(data.flags, 0);
		assert_int_equal(data.id, 1);
		assert_int_equal(shm->id, 1);
		assert_int_equal(refcount_read(&shm->refcount), 1);
		assert_int_equal(platform_test_counts().mappable, 1);
		/* Ids are the lowest free one, reused at once. */
		next_fd = core_alloc(core->ctx, 1, &next);
		assert_int_equal(next, 2);
		platform_test_fd_put((int)fd);
		fd = core_alloc(core->ctx, 1, &next);
		assert_int_equal(next, 1);
		platform_test_fd_put((int)fd);
		platform_test_fd_put(next_fd);
	}
	assert_int_equal(platform_test_counts().pages, 0);
	assert_int_equal(core_refs(core->ctx, 1), 0);
}

static void test_alloc_null(void **state)
{
	struct core *core = *state;

	assert_int_equal(core_ioctl(core->ctx, TEE_IOC_SHM_ALLOC, NULL), -EFAULT);
}

static void test_alloc_read_only(void **state)
{
	struct core *core = *state;
	struct tee_ioctl_shm_alloc_data data = { .size = 1 };
	void *arg = core_read_only(core, &data, sizeof(data));

	assert_int_equal(core_ioctl(core->ctx, TEE_IOC_SHM_ALLOC, arg), -EFAULT);
	assert_int_equal(atomic_load(&core->tee.calls[FAKE_REGISTER]), 1);
	assert_int_equal(platform_test_counts().fds, 0);
	assert_int_equal(platform_test_counts().pages, 0);
	assert_int_equal(core_refs(core->ctx, 1), 0);
}

static void test_alloc_no_fd(void **state)
{
	struct core *core = *state;
	struct tee_ioctl_shm_alloc_data data = { .size = 1 };

	platform_test.install_rc = -EMFILE;
	assert_int_equal(core_ioctl(core->ctx, TEE_IOC_SHM_ALLOC, &data), -EMFILE);
	assert_int_equal(data.id, 1);
	assert_int_equal(core_refs(core->ctx, 1), 0);
	assert_int_equal(platform_test_counts().pages, 0);
}

static void test_alloc_no_pool(void **state)
{
	struct core *core = *state;
	struct tee_ioctl_shm_alloc_data data = { .size = 1 };
	struct tee_device *teedev = tee_device_alloc(&core->tee.client_desc, NULL, &core->tee);
	struct tee_context *ctx;

	assert_false(IS_ERR(teedev));
	assert_int_equal(tee_device_register(teedev), 0);
	ctx = tee_cdev_open(teedev);
	assert_false(IS_ERR(ctx));
	assert_int_equal(core_ioctl(ctx, TEE_IOC_SHM_ALLOC, &data), -EINVAL);
	data.size = 0;
	assert_int_equal(core_ioctl(ctx, TEE_IOC_SHM_ALLOC, &data), -EINVAL);
	tee_cdev_release(ctx);
	tee_device_unregister(teedev);
}

/* --- SHM_REGISTER --- */

/* Where in the memory of the test a row's address lies */
enum where { IN_PAGE, IN_RO, AT_END, ABSOLUTE };

struct register_row {
	const char *name;
	enum where where;
	uint64_t addr;
	uint64_t length;
	uint32_t flags;
	int driver_rc;
	long expect;
};

static const struct register_row register_rows[] = {
	{ "core N23", IN_PAGE, 0, 4096, 1, 0, -EINVAL },
	{ "core N24", ABSOLUTE, KERNEL_HALF, 4096, 0, 0, -EFAULT },
	{ "core N25", ABSOLUTE, 4096, UINT64_MAX - 4095, 0, 0, -EFAULT },
	{ "core SHM_REGISTER of all addresses", ABSOLUTE, 0, UINT64_MAX, 0, 0, -EFAULT },
	{ "core N26", AT_END, 0, 4096, 0, 0, -EFAULT },
	{ "core SHM_REGISTER, second page not mapped", IN_PAGE, 1, 4096, 0, 0, -EFAULT },
	{ "core N27", IN_RO, 0, 4096, 0, 0, -EFAULT },
	{ "core N28", IN_PAGE, 0, 0, 0, 0, -ENOMEM },
	{ "core SHM_REGISTER of nothing at an odd address", IN_PAGE, 5, 0, 0, 0, -ENOMEM },
	{ "core N29", IN_PAGE, 13, 1027, 0, 0, 0 },
	{ "core N30", IN_PAGE, 0, 4096, 0, -ENOSPC, -ENOSPC },
};

static void test_register(void **state)
{
	struct core *core = *state;
	const struct register_row *row = core->row;
	struct tee_ioctl_shm_register_data data = {
		.addr = row->addr, .length = row->length, .flags = row->flags, .id = -7,
	};
	long fd;

	if (row->where == IN_PAGE)
		data.addr += (uintptr_t)core->page;
	else if (row->where == AT_END)
		data.addr += (uintptr_t)core->page + PAGE_SIZE;
	else if (row->where == IN_RO)
		data.addr += (uintptr_t)core->ro;
	core->tee.rc[FAKE_REGISTER] = row->driver_rc;

	fd = core_ioctl(core->ctx, TEE_IOC_SHM_REGISTER, &data);
	core->tee.rc[FAKE_REGISTER] = 0;
	assert_int_equal(data.length, row->length);
	assert_int_equal(data.flags, row->flags);
	if (row->expect) {
		assert_int_equal(fd, row->expect);
		assert_int_equal(data.id, -7);
	} else {
		struct tee_shm *shm = platform_test_fd_shm((int)fd);

		assert_int_equal(data.id, 1);
		assert_int_equal(shm->size, row->length);
		assert_int_equal(shm->offset, row->addr);
		assert_ptr_equal(atomic_load(&core->tee.last_ctx), core->ctx);
		platform_test_fd_put((int)fd);
	}
	assert_int_equal(platform_test_counts().pinned, 0);
	assert_int_equal(platform_test_counts().fds, 0);
	fd = core_alloc(core->ctx, 1, &data.id);
	assert_int_equal(data.id, 1);
	platform_test_fd_put((int)fd);
}

static void test_register_unsupported(void **state)
{
	struct core *core = *state;
	struct tee_ioctl_shm_register_data data = {
		.addr = (uintptr_t)core->page, .length = 4096,
	};

	core->tee.ops.shm_unregister = NULL;
	assert_int_equal(core_ioctl(core->ctx, TEE_IOC_SHM_REGISTER, &data), NOT_SUPPORTED);
	/* Neither pinned nor looked at: it is not mapped. */
	data.addr += PAGE_SIZE;
	assert_int_equal(core_ioctl(core->ctx, TEE_IOC_SHM_REGISTER, &data), NOT_SUPPORTED);
	/* The range is checked before. */
	data.addr = KERNEL_HALF;
	assert_int_equal(core_ioctl(core->ctx, TEE_IOC_SHM_REGISTER, &data), -EFAULT);
	assert_int_equal(core_ioctl(core->ctx, TEE_IOC_SHM_REGISTER, NULL), -EFAULT);
}

static void test_register_twice(void **state)
{
	struct core *core = *state;
	int ids[2], fds[2];

	for (int i = 0; i < 2; i++)
		fds[i] = core_register(core->ctx, core->page, 4096, &ids[i]);
	assert_int_not_equal(ids[0], ids[1]);
	for (int i = 0; i < 2; i++)
		platform_test_fd_put(fds[i]);
}

static void test_register_read_only_arg(void **state)
{
	struct core *core = *state;
	struct tee_ioctl_shm_register_data data = {
		.addr = (uintptr_t)core->page, .length = 4096,
	};
	void *arg = core_read_only(core, &data, sizeof(data));

	assert_int_equal(core_ioctl(core->ctx, TEE_IOC_SHM_REGISTER, arg), -EFAULT);
	assert_int_equal(atomic_load(&core->tee.calls[FAKE_UNREGISTER]), 1);
	assert_int_equal(platform_test_counts().pinned, 0);
}

static void test_register_fd(void **state)
{
	struct core *core = *state;
	struct tee_ioctl_shm_register_fd_data data = { .fd = -1 };
	int id, fd;

	assert_int_equal(core_ioctl(core->ctx, TEE_IOC_SHM_REGISTER_FD, NULL), -EFAULT);
	assert_int_equal(core_ioctl(core->ctx, TEE_IOC_SHM_REGISTER_FD, &data), -EINVAL);
	data.fd = 0;
	assert_int_equal(core_ioctl(core->ctx, TEE_IOC_SHM_REGISTER_FD, &data), -EINVAL);
	fd = core_alloc(core->ctx, 1, &id);
	data.fd = fd;
	assert_int_equal(core_ioctl(core->ctx, TEE_IOC_SHM_REGISTER_FD, &data), -EINVAL);
	data.flags = 1;
	assert_int_equal(core_ioctl(core->ctx, TEE_IOC_SHM_REGISTER_FD, &data), -EINVAL);
	platform_test_fd_put(fd);
}

/* --- memory that is synchronised --- */

static void write_as_tee(struct fake_tee *tee, struct tee_context *ctx, struct tee_param *param,
			 size_t n)
{
	for (size_t i = 0; i < n; i++) {
		char *va = tee_shm_get_va(param[i].u.memref.shm, param[i].u.memref.shm_offs);

		assert_false(IS_ERR(va));
		assert_memory_equal(va, "in", 3);
		strcpy(va, "out");
		param[i].u.memref.size = 4;
	}
}

static void test_sync_invoke(void **state)
{
	struct core *core = *state;
	char *user = (char *)core->page + 100;
	int id, fd = core_register(core->ctx, user, 1000, &id);
	struct tee_ioctl_param params[] = {
		{ .attr = 5, .a = 0, .b = 10, .c = id },
		{ .attr = 6, .a = 100, .b = 20, .c = id },
		{ .attr = 7, .a = 200, .b = 30, .c = id },
	};
	struct platform_test_count counts;

	for (int i = 0; i < 3; i++)
		strcpy(user + 100 * i, "in");
	core->tee.param = write_as_tee;
	assert_int_equal(core_invoke(core, core->ctx, params, 3), 0);
	counts = platform_test_counts();
	assert_int_equal(counts.for_tee, 3);
	assert_int_equal(counts.for_tee_bytes, 60);
	assert_int_equal(counts.for_user, 2);
	assert_int_equal(counts.for_user_bytes, 50);
	assert_string_equal(user, "in");
	assert_string_equal(user + 100, "out");
	assert_string_equal(user + 200, "out");

	/* Did not take place: nothing comes back. */
	core->tee.rc[FAKE_INVOKE] = -EIO;
	core->tee.param = NULL;
	assert_int_equal(core_invoke(core, core->ctx, params, 3), -EIO);
	assert_int_equal(platform_test_counts().for_user, 2);

	/* The owner's memory is gone: the call does not take place. */
	core->tee.rc[FAKE_INVOKE] = 0;
	platform_test.sync_rc = -EFAULT;
	assert_int_equal(core_invoke(core, core->ctx, params, 3), -EFAULT);
	assert_int_equal(atomic_load(&core->tee.calls[FAKE_INVOKE]), 2);
	assert_int_equal(core_refs(core->ctx, id), 1);
	platform_test_fd_put(fd);
}

static void lose_user_memory(struct fake_tee *tee, struct tee_context *ctx,
			     struct tee_param *param, size_t n)
{
	platform_test.sync_rc = -EFAULT;
}

static void test_sync_open(void **state)
{
	struct core *core = *state;
	int id, fd = core_register(core->ctx, core->page, 16, &id);
	struct tee_ioctl_param param = { .attr = 7, .b = 16, .c = id };

	/* The output cannot be delivered: the session must not stay open. */
	core->tee.param = lose_user_memory;
	assert_int_equal(core_open_session(core, core->ctx, 0, &param, 1), -EFAULT);
	assert_int_equal(atomic_load(&core->tee.calls[FAKE_CLOSE_SESSION]), 1);
	assert_int_equal(fake_tee_n_sessions(&core->tee), 0);
	platform_test_fd_put(fd);
}

static void test_sync_helpers(void **state)
{
	struct core *core = *state;
	int ids[2];
	int fds[2] = {
		core_register(core->ctx, core->page + 8, 16, &ids[0]),
		core_alloc(core->ctx, 16, &ids[1]),
	};
	struct tee_shm *user = platform_test_fd_shm(fds[0]);

	assert_int_equal(tee_shm_sync_for_tee(user, 0, 16), 0);
	assert_int_equal(tee_shm_sync_for_user(user, 16, 0), 0);
	assert_int_equal(tee_shm_sync_for_tee(user, 1, 16), -EINVAL);
	assert_int_equal(tee_shm_sync_for_user(user, 17, 0), -EINVAL);
	assert_int_equal(tee_shm_sync_for_user(user, 1, SIZE_MAX), -EINVAL);
	assert_int_equal(platform_test_counts().for_tee, 1);
	assert_int_equal(platform_test_counts().for_user, 0);
	platform_test.sync_rc = -EFAULT;
	assert_int_equal(tee_shm_sync_for_tee(platform_test_fd_shm(fds[1]), 0, 16), 0);
	platform_test_fd_put(fds[0]);
	platform_test_fd_put(fds[1]);
}

int main(void)
{
	core_add_rows(alloc_rows, test_alloc);
	core_add_rows(register_rows, test_register);
	core_add("core N14", test_alloc_null, NULL);
	core_add("core N20", test_alloc_read_only, NULL);
	core_add("core N21", test_alloc_no_fd, NULL);
	core_add("core N22", test_alloc_no_pool, NULL);
	core_add("core N31", test_register_unsupported, NULL);
	core_add("core N32", test_register_twice, NULL);
	core_add("core SHM_REGISTER read-only argument", test_register_read_only_arg, NULL);
	core_add("core N33 N34 N35 N38 SHM_REGISTER_FD", test_register_fd, NULL);
	core_add("core sync around INVOKE", test_sync_invoke, NULL);
	core_add("core sync fails after OPEN_SESSION", test_sync_open, NULL);
	core_add("core sync helpers", test_sync_helpers, NULL);
	return core_run("tee shm");
}
