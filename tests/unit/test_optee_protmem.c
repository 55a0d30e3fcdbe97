/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The OP-TEE driver: heaps from the carve-out that the trusted OS reports, buffers
 * of them as parameters, a trusted OS that reports something else after a restart
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <linux/err.h>
#include <linux/mm.h>

#include "abi/dma_heap.h"
#include "base/kernel/dmabuf.h"
#include "base/kernel/kmem.h"
#include "normal/tee/tee_cdev.h"
#include "optee_fixture.h"
#include "platform_test.h"

#define PA 0x10000000u
#define SIZE (16u * 4096)

#define VIDEO "protected,secure-video"
#define UI "protected,trusted-ui"
#define RECORD "protected,secure-video-record"

static int setup_world(void **state)
{
	int rc = drv_setup_world(state);
	struct drv *drv = *state;

	if (rc)
		return rc;
	drv->world.config.caps |= OPTEE_SMC_SEC_CAP_PROTMEM;
	drv->world.config.protmem_pa = PA;
	drv->world.config.protmem_size = SIZE;
	return 0;
}

static int setup(void **state)
{
	return setup_world(state) || drv_probe(*state);
}

static long heap_try(const char *name, uint64_t len)
{
	struct dma_heap_allocation_data data = { .len = len };
	long rc = dma_heap_ioctl(platform_test_heap(name), DMA_HEAP_IOCTL_ALLOC,
				 (unsigned long)&data);

	return rc ? rc : (long)data.fd;
}

static int heap_alloc(const char *name, uint64_t len)
{
	long fd = heap_try(name, len);

	assert_true(fd >= PLATFORM_TEST_DMABUF_FD);
	return (int)fd;
}

static int import(struct drv *drv, int fd, struct tee_shm **ret_shm)
{
	struct tee_ioctl_shm_register_fd_data data = { .fd = fd };
	long shm_fd = tee_cdev_ioctl(drv->ctx, TEE_IOC_SHM_REGISTER_FD, (unsigned long)&data);

	assert_true(shm_fd >= 0);
	*ret_shm = platform_test_fd_shm((int)shm_fd);
	return (int)shm_fd;
}

/* Half of it and two quarters, next to each other */
static void test_heaps(void **state)
{
	static const struct {
		const char *name;
		uint64_t pa, size;
	} parts[] = {
		{ VIDEO, PA, SIZE / 2 },
		{ UI, PA + SIZE / 2, SIZE / 4 },
		{ RECORD, PA + SIZE / 4 * 3, SIZE / 4 },
	};
	struct drv *drv = *state;

	for (size_t i = 0; i < 3; i++) {
		int fd = heap_alloc(parts[i].name, parts[i].size), shm_fd;
		struct tee_shm *shm;

		assert_int_equal(heap_try(parts[i].name, 1), -ENOMEM);
		shm_fd = import(drv, fd, &shm);
		assert_int_equal(shm->paddr, parts[i].pa);
		assert_int_equal(shm->size, parts[i].size);
		platform_test_fd_put(shm_fd);
		platform_test_dmabuf_close(fd);
	}
	drv_remove(drv);
	assert_int_equal(heap_try(VIDEO, 1), -EINVAL);
}

/* What is wrong with @world's report leaves a driver without heaps. */
struct config_row {
	const char *name;
	uint64_t pa, size;
};

static const struct config_row config_rows[] = {
	{ "optee protmem: no size", PA, 0 },
	{ "optee protmem: at 0", 0, SIZE },
	{ "optee protmem: unaligned base", PA + 512, SIZE },
	{ "optee protmem: unaligned size", PA, SIZE + 1 },
	{ "optee protmem: wraps", -4096ull, SIZE },
	{ "optee protmem: too small for three", PA, 3 * 4096 },
};

static void test_config(void **state)
{
	struct drv *drv = *state;
	const struct config_row *row = drv->row;

	drv->world.config.protmem_pa = row->pa;
	drv->world.config.protmem_size = row->size;
	assert_int_equal(drv_probe(drv), 0);
	assert_int_equal(heap_try(VIDEO, 1), -EINVAL);
	assert_int_equal(heap_try(UI, 1), -EINVAL);
	assert_int_equal(heap_try(RECORD, 1), -EINVAL);
}

static bool refuse_hook(struct fw_world *world, const struct smc_regs *in, struct smc_regs *out)
{
	if (in->a[0] != OPTEE_SMC_GET_PROTMEM_CONFIG)
		return false;
	out->a[0] = OPTEE_SMC_RETURN_ENOTAVAIL;
	return true;
}

static void test_config_refused(void **state)
{
	struct drv *drv = *state;

	drv->world.hook = refuse_hook;
	assert_int_equal(drv_probe(drv), 0);
	assert_int_equal(heap_try(VIDEO, 1), -EINVAL);
}

/* --- as a parameter --- */

static uint32_t see_tmem(struct fw_thread *t, struct optee_msg_arg *msg)
{
	struct optee_msg_param *expect = fw_world_of(t)->data;

	for (uint32_t i = 0; i < msg->num_params; i++) {
		if (msg->params[i].attr != expect[i].attr ||
		    msg->params[i].u.tmem.buf_ptr != expect[i].u.tmem.buf_ptr ||
		    msg->params[i].u.tmem.size != expect[i].u.tmem.size)
			return TEE_R_SECURITY;
		msg->params[i].u.tmem.size = 5;
	}
	return TEE_R_SUCCESS;
}

static void test_memref(void **state)
{
	const uint64_t base = PA + SIZE / 2;
	struct optee_msg_param expect[3] = {
		{ .attr = OPTEE_MSG_ATTR_TYPE_TMEM_INPUT, .u.tmem = { base, 4096, 0 } },
		{ .attr = OPTEE_MSG_ATTR_TYPE_TMEM_OUTPUT, .u.tmem = { base + 17, 4079, 0 } },
		{ .attr = OPTEE_MSG_ATTR_TYPE_TMEM_INOUT, .u.tmem = { base + 4096, 0, 0 } },
	};
	struct tee_param params[3];
	struct drv *drv = *state;
	size_t n_shm = fw_n_shm(&drv->world);
	int fd = heap_alloc(UI, 4096), shm_fd;
	struct tee_shm *shm;

	shm_fd = import(drv, fd, &shm);
	/* The trusted OS is not told: it is its own. */
	assert_int_equal(fw_n_shm(&drv->world), n_shm);
	params[0] = drv_memref(TEE_IOCTL_PARAM_ATTR_TYPE_MEMREF_INPUT, shm, 0, 4096);
	params[1] = drv_memref(TEE_IOCTL_PARAM_ATTR_TYPE_MEMREF_OUTPUT, shm, 17, 4079);
	params[2] = drv_memref(TEE_IOCTL_PARAM_ATTR_TYPE_MEMREF_INOUT, shm, 4096, 0);
	drv->world.invoke = see_tmem;
	drv->world.data = expect;
	assert_int_equal(drv_invoke(drv, 0, params, 3, NULL), TEE_R_SUCCESS);
	assert_int_equal(params[0].u.memref.size, 4096);
	assert_int_equal(params[1].u.memref.size, 5);
	/* More than there was is cut off, as for any other memory. */
	assert_int_equal(params[2].u.memref.size, 0);
	platform_test_fd_put(shm_fd);
	platform_test_dmabuf_close(fd);
}

/* --- a trusted OS that is replaced --- */

static void test_reset(void **state)
{
	struct drv *drv = *state;
	int fd = heap_alloc(VIDEO, SIZE / 2), shm_fd;
	struct tee_shm *shm;

	shm_fd = import(drv, fd, &shm);
	drv->world.config.protmem_size = SIZE / 2;
	drv_replace_world(drv);
	assert_int_equal(optee_reset(drv->optee), -EINVAL);
	drv->world.config.protmem_size = SIZE;
	drv->world.config.protmem_pa += 4096;
	drv_replace_world(drv);
	assert_int_equal(optee_reset(drv->optee), -EINVAL);
	drv->world.config.protmem_pa = PA;
	drv->world.config.caps &= ~OPTEE_SMC_SEC_CAP_PROTMEM;
	drv_replace_world(drv);
	assert_int_equal(optee_reset(drv->optee), -EINVAL);
	drv->world.config.caps |= OPTEE_SMC_SEC_CAP_PROTMEM;
	drv_replace_world(drv);
	assert_int_equal(optee_reset(drv->optee), 0);
	flush_work(&drv->optee->scan_work);

	/* Nothing of it was lost or given away twice. */
	assert_int_equal(heap_try(VIDEO, 1), -ENOMEM);
	assert_int_equal(shm->paddr, PA);
	platform_test_fd_put(shm_fd);
	platform_test_dmabuf_close(fd);
	platform_test_dmabuf_close(heap_alloc(VIDEO, SIZE / 2));
}

/* --- probe --- */

static void test_faults(void **state)
{
	struct drv *drv = *state;
	struct platform_test_count counts;
	unsigned long n;
	bool hit = true;

	for (n = 1; hit; n++) {
		kfault_set(n);
		drv->optee = optee_probe(&drv->pdata);
		hit = kfault_hit();
		kfault_clear();
		if (!hit)
			break;
		assert_int_equal(PTR_ERR(drv->optee), -ENOMEM);
		drv->optee = NULL;
		counts = platform_test_counts();
		assert_int_equal(counts.pages, 0);
		assert_int_equal(counts.published, 0);
		assert_int_equal(kmem_live(), drv->live);
		assert_int_equal(heap_try(VIDEO, 1), -EINVAL);
	}
	assert_false(IS_ERR(drv->optee));
	assert_true(n > 10);
}

static void no_version(struct tee_device *teedev, struct tee_ioctl_version_data *vers)
{
}

static int no_open(struct tee_context *ctx)
{
	return -EIO;
}

static void no_release(struct tee_context *ctx)
{
}

static const struct tee_driver_ops no_ops = {
	.get_version = no_version,
	.open = no_open,
	.release = no_release,
};
static const struct tee_desc no_desc = { .name = "none", .ops = &no_ops };

/* A heap that another device has is its own: the driver goes without. */
static void test_owned(void **state)
{
	struct tee_device *other = tee_device_alloc(&no_desc, NULL, NULL);
	struct drv *drv = *state;
	int fd;

	assert_int_equal(tee_device_register_dma_heap(other, TEE_DMA_HEAP_TRUSTED_UI,
			 tee_protmem_static_pool_alloc(0x20000000, 4096)), 0);
	assert_int_equal(drv_probe(drv), 0);
	fd = heap_alloc(VIDEO, SIZE / 2);
	assert_int_equal(heap_try(UI, 4097), -ENOMEM);
	platform_test_dmabuf_close(fd);
	drv_remove(drv);
	platform_test_dmabuf_close(heap_alloc(UI, 4096));
	tee_device_unregister(other);
}

/* Nodes are made once and stay: before anything is counted. */
static void make_nodes(void)
{
	struct tee_device *teedev = tee_device_alloc(&no_desc, NULL, NULL);

	for (int id = 1; id <= 3; id++) {
		if (tee_device_register_dma_heap(teedev, id,
						 tee_protmem_static_pool_alloc(PA, 4096)))
			abort();
	}
	tee_device_unregister(teedev);
}

int main(void)
{
	make_nodes();
	drv_add("optee protmem: heaps", test_heaps, setup, NULL);
	DRV_ADD_ROWS(config_rows, test_config, setup_world);
	drv_add("optee protmem: refused", test_config_refused, setup_world, NULL);
	drv_add("optee protmem: parameters", test_memref, setup, NULL);
	drv_add("optee protmem: reset", test_reset, setup, NULL);
	drv_add("optee protmem: every allocation of a probe", test_faults, setup_world, NULL);
	drv_add("optee N152 a heap of another device", test_owned, setup_world, NULL);
	return drv_run("optee protmem");
}
