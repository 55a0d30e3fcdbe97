/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The TEE core: what its status views say of states that are known
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <linux/err.h>

#include "base/kernel/kmem.h"
#include "core_fixture.h"
#include "normal/tee/tee_cdev.h"
#include "normal/tee/tee_state.h"
#include "platform_test.h"

static struct tee_device_state get(struct tee_device *teedev)
{
	struct tee_device_state state;

	assert_int_equal(tee_device_get_state(teedev, &state), 0);
	return state;
}

/* The one shm of the device, and how many contexts there are */
static struct tee_shm_state only_shm(struct tee_device *teedev, size_t n_contexts)
{
	struct tee_device_state state = get(teedev);
	struct tee_shm_state shm;

	assert_int_equal(state.num_contexts, n_contexts);
	assert_int_equal(state.num_shms, 1);
	shm = state.shms[0];
	tee_device_free_state(&state);
	return shm;
}

static void test_contexts(void **state)
{
	struct core *core = *state;
	struct tee_context *other = tee_cdev_open(core->tee.client);
	struct tee_device_state now = get(core->tee.client);
	u64 serial = tee_context_serial(other);

	/* Newest first; the device's own is the oldest. */
	assert_int_equal(now.num_contexts, 3);
	assert_int_equal(now.contexts[0].serial, serial);
	assert_int_equal(now.contexts[1].serial, tee_context_serial(core->ctx));
	assert_false(now.contexts[1].is_device || now.contexts[1].ended);
	assert_true(now.contexts[2].is_device);
	assert_int_equal(now.num_shms, 0);
	tee_device_free_state(&now);

	tee_cdev_release(other);
	other = tee_cdev_open(core->tee.client);
	assert_true(tee_context_serial(other) > serial);
	tee_cdev_release(other);
	now = get(core->tee.client);
	assert_int_equal(now.num_contexts, 2);
	tee_device_free_state(&now);
	core->tee.rc[FAKE_OPEN] = -EIO;
	assert_int_equal(PTR_ERR(tee_cdev_open(core->tee.client)), -EIO);
	now = get(core->tee.client);
	assert_int_equal(now.num_contexts, 2);
	tee_device_free_state(&now);
}

static void test_kinds(void **state)
{
	struct core *core = *state;
	int alloc_id, register_id;
	int alloc_fd = core_alloc(core->ctx, 5000, &alloc_id);
	int register_fd = core_register(core->ctx, core->page, 100, &register_id);
	struct tee_shm *kernel = tee_shm_alloc_kernel_buf(core->ctx, 10);
	struct tee_device_state now = get(core->tee.client);

	assert_int_equal(now.num_shms, 3);
	assert_int_equal(now.shms[0].kind, TEE_SHM_KIND_KERNEL);
	assert_int_equal(now.shms[0].serial, tee_shm_serial(kernel));
	assert_int_equal(now.shms[0].id, -1);
	assert_int_equal(now.shms[1].kind, TEE_SHM_KIND_REGISTER);
	assert_int_equal(now.shms[1].id, register_id);
	assert_int_equal(now.shms[1].size, 100);
	assert_int_equal(now.shms[2].kind, TEE_SHM_KIND_ALLOC);
	assert_int_equal(now.shms[2].id, alloc_id);
	for (size_t i = 0; i < 3; i++) {
		assert_int_equal(now.shms[i].ctx, tee_context_serial(core->ctx));
		assert_int_equal(now.shms[i].refs, 1);
		assert_int_equal(now.shms[i].calls, 0);
		assert_false(now.shms[i].orphan);
	}
	assert_int_equal(now.contexts[0].num_shm, 3);
	tee_device_free_state(&now);
	platform_test_fd_put(alloc_fd);
	platform_test_fd_put(register_fd);
	tee_shm_free(kernel);
}

/* Inside the driver's op of a call with the memory twice */
static void look_inside(struct fake_tee *tee, struct tee_context *ctx, struct tee_param *param,
			size_t n)
{
	struct tee_shm_state *seen = tee->data;

	*seen = only_shm(tee->client, 2);
}

static void test_calls(void **state)
{
	struct core *core = *state;
	int id, fd = core_alloc(core->ctx, 4096, &id);
	struct tee_ioctl_param params[] = {
		{ .attr = TEE_IOCTL_PARAM_ATTR_TYPE_MEMREF_INPUT, .b = 10, .c = id },
		{ .attr = TEE_IOCTL_PARAM_ATTR_TYPE_MEMREF_INOUT, .b = 10, .c = id },
		{ .attr = TEE_IOCTL_PARAM_ATTR_TYPE_MEMREF_INPUT, .b = 5000, .c = id },
	};
	struct tee_shm_state inside = { 0 };
	struct tee_shm_state after;

	core->tee.param = look_inside;
	core->tee.data = &inside;
	assert_int_equal(core_invoke(core, core->ctx, params, 2), 0);
	assert_int_equal(inside.refs, 3);
	assert_int_equal(inside.calls, 2);
	/* A call that fails at its third parameter gives back the first two, and that. */
	assert_int_equal(core_invoke(core, core->ctx, params, 3), -EINVAL);
	after = only_shm(core->tee.client, 2);
	assert_int_equal(after.refs, 1);
	assert_int_equal(after.calls, 0);
	platform_test_fd_put(fd);
}

static void test_orphan(void **state)
{
	struct core *core = *state;
	int id, fd = core_alloc(core->ctx, 4096, &id);
	u64 serial = only_shm(core->tee.client, 2).serial;
	struct tee_shm_state shm;

	tee_cdev_release(core->ctx);
	core->ctx = NULL;
	shm = only_shm(core->tee.client, 1);
	assert_int_equal(shm.serial, serial);
	assert_int_equal(shm.ctx,
			 tee_context_serial(tee_device_get_context(core->tee.client)));
	assert_true(shm.orphan);
	assert_int_equal(shm.id, -1);
	assert_int_equal(shm.kind, TEE_SHM_KIND_ALLOC);
	platform_test_fd_put(fd);
}

/* Memory of the device context itself has not lost anybody. */
static void test_device_memory(void **state)
{
	struct core *core = *state;
	struct tee_context *dev_ctx = tee_device_get_context(core->tee.client);
	struct tee_shm *shm = tee_shm_alloc_kernel_buf(dev_ctx, 10);

	assert_false(only_shm(core->tee.client, 2).orphan);
	tee_shm_free(shm);
}

static void test_priv_ended(void **state)
{
	struct core *core = *state;
	struct tee_context *ctx = tee_cdev_open(core->tee.priv);
	int id, fd = core_alloc(ctx, 4096, &id);
	struct tee_device_state now;

	tee_cdev_release(ctx);
	now = get(core->tee.priv);
	assert_int_equal(now.num_contexts, 1);
	assert_true(now.contexts[0].ended);
	assert_int_equal(now.contexts[0].num_shm, 1);
	assert_true(now.shms[0].orphan);
	tee_device_free_state(&now);
	platform_test_fd_put(fd);
	now = get(core->tee.priv);
	assert_int_equal(now.num_contexts, 0);
	tee_device_free_state(&now);
}

/* More than there is room for at the first try */
static void test_many(void **state)
{
	struct core *core = *state;
	struct tee_shm *shms[100];
	struct tee_device_state now;

	for (size_t i = 0; i < ARRAY_SIZE(shms); i++)
		shms[i] = tee_shm_alloc_kernel_buf(core->ctx, 10);
	now = get(core->tee.client);
	assert_int_equal(now.num_shms, ARRAY_SIZE(shms));
	assert_int_equal(now.contexts[0].num_shm, ARRAY_SIZE(shms));
	tee_device_free_state(&now);
	for (size_t i = 0; i < ARRAY_SIZE(shms); i++)
		tee_shm_free(shms[i]);
}

static void test_no_memory(void **state)
{
	struct core *core = *state;
	struct tee_device_state now;

	for (unsigned long n = 1;; n++) {
		bool hit;
		int rc;

		kfault_set(n);
		rc = tee_device_get_state(core->tee.client, &now);
		hit = kfault_hit();
		kfault_clear();
		assert_int_equal(rc, hit ? -ENOMEM : 0);
		if (rc == 0)
			break;
		assert_true(n < 10);
	}
	tee_device_free_state(&now);
}

int main(void)
{
	core_add("core state: contexts", test_contexts, NULL);
	core_add("core state: kinds of memory", test_kinds, NULL);
	core_add("core state: references of calls", test_calls, NULL);
	core_add("core Q9 state: orphans", test_orphan, NULL);
	core_add("core state: memory of the device context", test_device_memory, NULL);
	core_add("core state: an ended privileged context", test_priv_ended, NULL);
	core_add("core state: many", test_many, NULL);
	core_add("core state: no memory", test_no_memory, NULL);
	return core_run("tee state");
}
