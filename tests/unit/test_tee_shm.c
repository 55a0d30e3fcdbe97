/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Shared memory of the TEE core, from the driver's side: references, registration,
 * and what is copied to and fro for memory that is not shared in place. What clients
 * see of it is in tests/rows.
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

/* --- SHM_ALLOC --- */

static void test_alloc(void **state)
{
	struct core *core = *state;
	int ids[3], fds[3];
	struct tee_shm *shm;

	fds[0] = core_alloc(core->ctx, 1, &ids[0]);
	shm = platform_test_fd_shm(fds[0]);
	assert_int_equal(shm->id, ids[0]);
	assert_int_equal(refcount_read(&shm->refcount), 1);
	assert_int_equal(platform_test_counts().mappable, 1);
	assert_int_equal(atomic_load(&core->tee.calls[FAKE_REGISTER]), 1);
	/* Ids are the lowest free one, reused at once. */
	fds[1] = core_alloc(core->ctx, 1, &ids[1]);
	assert_int_equal(ids[0], 1);
	assert_int_equal(ids[1], 2);
	platform_test_fd_put(fds[0]);
	assert_int_equal(core_refs(core->ctx, 1), 0);
	fds[2] = core_alloc(core->ctx, 1, &ids[2]);
	assert_int_equal(ids[2], 1);
	platform_test_fd_put(fds[1]);
	platform_test_fd_put(fds[2]);
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

static void test_register(void **state)
{
	struct core *core = *state;
	int id, fd = core_register(core->ctx, core->page + 13, 1027, &id);
	struct tee_shm *shm = platform_test_fd_shm(fd);

	assert_int_equal(shm->size, 1027);
	assert_int_equal(shm->offset, 13);
	assert_ptr_equal(atomic_load(&core->tee.last_ctx), core->ctx);
	platform_test_fd_put(fd);
	assert_int_equal(atomic_load(&core->tee.calls[FAKE_UNREGISTER]), 1);
}

/* N30 */
static void test_register_refused(void **state)
{
	struct core *core = *state;
	struct tee_ioctl_shm_register_data data = {
		.addr = (uintptr_t)core->page, .length = 4096, .id = -7,
	};
	int id;

	core->tee.rc[FAKE_REGISTER] = -ENOSPC;
	assert_int_equal(core_ioctl(core->ctx, TEE_IOC_SHM_REGISTER, &data), -ENOSPC);
	core->tee.rc[FAKE_REGISTER] = 0;
	assert_int_equal(data.id, -7);
	assert_int_equal(platform_test_counts().pinned, 0);
	assert_int_equal(platform_test_counts().fds, 0);
	platform_test_fd_put(core_alloc(core->ctx, 1, &id));
	assert_int_equal(id, 1);
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
	core_add("core SHM_ALLOC ids and references", test_alloc, NULL);
	core_add("core N22", test_alloc_no_pool, NULL);
	core_add("core SHM_REGISTER as the driver sees it", test_register, NULL);
	core_add("core N30 SHM_REGISTER, the driver's errno", test_register_refused, NULL);
	core_add("core sync around INVOKE", test_sync_invoke, NULL);
	core_add("core sync fails after OPEN_SESSION", test_sync_open, NULL);
	core_add("core sync helpers", test_sync_helpers, NULL);
	return core_run("tee shm");
}
