/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The TEE core: protected memory. Heaps and who owns them, buffers, SHM_REGISTER_FD,
 * what the driver sees of a buffer, and every order in which they can go
 */
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include <linux/dma-buf.h>
#include <linux/err.h>
#include <linux/genalloc.h>
#include <linux/mm.h>
#include <linux/scatterlist.h>
#include <linux/slab.h>

#include "abi/dma_heap.h"
#include "base/kernel/dmabuf.h"
#include "base/kernel/kmem.h"
#include "core_fixture.h"
#include "normal/tee/tee_cdev.h"
#include "platform_test.h"

#define POOL_PA 0x10000000u
#define POOL_SIZE (16 * PAGE_SIZE)

#define VIDEO "protected,secure-video"
#define UI "protected,trusted-ui"
#define RECORD "protected,secure-video-record"

/* Long enough for another thread to get stuck where it should. */
#define A_MOMENT_US 20000

/* --- a pool that counts, behind a parent --- */

/**
 * struct fake_pool - as a dynamic pool: one shm stands for all of it
 * @parent: NULL: update_shm sets an address instead
 * @rc_alloc, @rc_update: 0, or the errno to fail with
 */
struct fake_pool {
	struct tee_protmem_pool pool;
	struct tee_shm *parent;
	size_t used;
	size_t allocs;
	size_t frees;
	size_t destroyed;
	int rc_alloc;
	int rc_update;
};

static int fake_pool_alloc(struct tee_protmem_pool *pool, struct sg_table *sgt, size_t size,
			   size_t *offs)
{
	struct fake_pool *fake = container_of(pool, struct fake_pool, pool);
	int rc = fake->rc_alloc ? fake->rc_alloc : sg_alloc_table(sgt, 1, GFP_KERNEL);

	if (rc)
		return rc;
	sg_set_page(sgt->sgl, phys_to_page(POOL_PA + fake->used), size, 0);
	*offs = fake->used;
	fake->used += size;
	fake->allocs++;
	return 0;
}

static void fake_pool_free(struct tee_protmem_pool *pool, struct sg_table *sgt)
{
	container_of(pool, struct fake_pool, pool)->frees++;
	sg_free_table(sgt);
}

static int fake_pool_update(struct tee_protmem_pool *pool, struct sg_table *sgt, size_t offs,
			    struct tee_shm *shm, struct tee_shm **parent_shm)
{
	struct fake_pool *fake = container_of(pool, struct fake_pool, pool);

	if (fake->rc_update)
		return fake->rc_update;
	shm->paddr = POOL_PA + offs;
	*parent_shm = fake->parent;
	return 0;
}

static void fake_pool_destroy(struct tee_protmem_pool *pool)
{
	container_of(pool, struct fake_pool, pool)->destroyed++;
}

static const struct tee_protmem_pool_ops fake_pool_ops = {
	.alloc = fake_pool_alloc,
	.free = fake_pool_free,
	.update_shm = fake_pool_update,
	.destroy_pool = fake_pool_destroy,
};

/* --- helpers --- */

static void own(struct tee_device *teedev, enum tee_dma_heap_id id)
{
	struct tee_protmem_pool *pool = tee_protmem_static_pool_alloc(POOL_PA, POOL_SIZE);

	assert_false(IS_ERR(pool));
	assert_int_equal(tee_device_register_dma_heap(teedev, id, pool), 0);
}

static long heap_ioctl(const char *name, void *data)
{
	struct dma_heap *heap = platform_test_heap(name);

	assert_non_null(heap);
	return dma_heap_ioctl(heap, DMA_HEAP_IOCTL_ALLOC, (unsigned long)data);
}

/* The errno, or the descriptor */
static long heap_try(const char *name, uint64_t len)
{
	struct dma_heap_allocation_data data = { .len = len };
	long rc = heap_ioctl(name, &data);

	return rc ? rc : (long)data.fd;
}

static int heap_alloc(const char *name, uint64_t len)
{
	long fd = heap_try(name, len);

	assert_true(fd >= PLATFORM_TEST_DMABUF_FD);
	return (int)fd;
}

static long import(struct tee_context *ctx, int64_t fd, struct tee_ioctl_shm_register_fd_data *data)
{
	*data = (struct tee_ioctl_shm_register_fd_data){ .fd = fd };
	return core_ioctl(ctx, TEE_IOC_SHM_REGISTER_FD, data);
}

static int import_ok(struct tee_context *ctx, int fd, int *ret_id)
{
	struct tee_ioctl_shm_register_fd_data data;
	long shm_fd = import(ctx, fd, &data);

	assert_true(shm_fd >= 0);
	*ret_id = data.id;
	return (int)shm_fd;
}

static void put_heaps(struct core *core)
{
	tee_device_put_all_dma_heaps(core->tee.client);
}

/* --- the allocation ioctl --- */

struct alloc_row {
	const char *name;
	struct dma_heap_allocation_data data;
	long rc;
};

static const struct alloc_row alloc_rows[] = {
	{ "core N142 a descriptor on input", { .len = 4096, .fd = 3 }, -EINVAL },
	{ "core N143 O_NONBLOCK", { .len = 4096, .fd_flags = O_NONBLOCK }, -EINVAL },
	{ "core N144 heap flags", { .len = 4096, .heap_flags = 1 }, -EINVAL },
	{ "core N144 high heap flags", { .len = 4096, .heap_flags = 1ull << 63 }, -EINVAL },
	{ "core N145 no length", { .len = 0 }, -EINVAL },
	{ "core N145 a length that wraps", { .len = UINT64_MAX }, -EINVAL },
	{ "core N145 a length that wraps to 0", { .len = UINT64_MAX - 4094 }, -EINVAL },
	{ "core N146 more than the pool", { .len = POOL_SIZE + 1 }, -ENOMEM },
	{ "core N146 more than any pool", { .len = UINT64_MAX - 8191 }, -ENOMEM },
	{ "core N146 all of the pool is ok", { .len = POOL_SIZE }, 0 },
	{ "core N143 the allowed flags", { .len = 1, .fd_flags = O_CLOEXEC | O_RDWR }, 0 },
};

static void test_alloc_row(void **state)
{
	struct core *core = *state;
	const struct alloc_row *row = core->row;
	struct dma_heap_allocation_data data = row->data;
	long rc;

	own(core->tee.client, TEE_DMA_HEAP_SECURE_VIDEO_PLAY);
	rc = heap_ioctl(VIDEO, &data);
	assert_int_equal(rc, row->rc);
	if (!rc) {
		assert_int_equal(platform_test_dmabuf_flags((int)data.fd), row->data.fd_flags);
		platform_test_dmabuf_close((int)data.fd);
	} else {
		assert_memory_equal(&data, &row->data, sizeof(data));
	}
	assert_int_equal(platform_test_counts().dmabufs, 0);
	put_heaps(core);
}

static void test_alloc_words(void **state)
{
	struct core *core = *state;
	struct dma_heap_allocation_data data = { .len = 1 };
	struct dma_heap *heap;
	unsigned int wide = _IOC(_IOC_READ | _IOC_WRITE, 'H', 0, 64);
	uint8_t *tail;

	own(core->tee.client, TEE_DMA_HEAP_SECURE_VIDEO_PLAY);
	heap = platform_test_heap(VIDEO);
	assert_int_equal(dma_heap_ioctl(heap, _IO('H', 1), (unsigned long)&data), -EINVAL);
	assert_int_equal(dma_heap_ioctl(heap, TEE_IOC_VERSION, (unsigned long)&data), -EINVAL);

	/* Not read, so all of it is 0: no length */
	assert_int_equal(dma_heap_ioctl(heap, _IO('H', 0), (unsigned long)&data), -EINVAL);
	/* Not written back: the client does not learn the number */
	assert_int_equal(dma_heap_ioctl(heap, _IOW('H', 0, struct dma_heap_allocation_data),
					(unsigned long)&data), 0);
	assert_int_equal(data.fd, 0);
	platform_test_dmabuf_close(PLATFORM_TEST_DMABUF_FD);
	/* Larger than ours: the rest is left alone */
	tail = core_tail(core, sizeof(data));
	memcpy(tail, &data, sizeof(data));
	assert_int_equal(dma_heap_ioctl(heap, wide, (unsigned long)tail), 0);
	platform_test_dmabuf_close(PLATFORM_TEST_DMABUF_FD);

	assert_int_equal(heap_ioctl(VIDEO, NULL), -EFAULT);
	assert_int_equal(heap_ioctl(VIDEO, core_tail(core, sizeof(data) - 1)), -EFAULT);
	/* Made, and then nowhere to say so: open all the same, as in the kernel */
	data = (struct dma_heap_allocation_data){ .len = 1 };
	assert_int_equal(heap_ioctl(VIDEO, core_read_only(core, &data, sizeof(data))), -EFAULT);
	platform_test_dmabuf_close(PLATFORM_TEST_DMABUF_FD);

	platform_test.dmabuf_rc = -EMFILE;
	assert_int_equal(heap_try(VIDEO, POOL_SIZE), -EMFILE);
	platform_test.dmabuf_rc = 0;
	platform_test_dmabuf_close(heap_alloc(VIDEO, POOL_SIZE));
	put_heaps(core);
}

static void test_alloc_fits(void **state)
{
	struct core *core = *state;
	int fds[16];

	own(core->tee.client, TEE_DMA_HEAP_SECURE_VIDEO_PLAY);
	for (int i = 0; i < 16; i++)
		fds[i] = heap_alloc(VIDEO, 1);
	assert_int_equal(heap_try(VIDEO, 1), -ENOMEM);
	/* A hole of three pages, and one of one */
	platform_test_dmabuf_close(fds[3]);
	platform_test_dmabuf_close(fds[4]);
	platform_test_dmabuf_close(fds[5]);
	platform_test_dmabuf_close(fds[9]);
	assert_int_equal(heap_try(VIDEO, 3 * PAGE_SIZE + 1), -ENOMEM);
	fds[3] = heap_alloc(VIDEO, 3 * PAGE_SIZE);
	fds[9] = heap_alloc(VIDEO, PAGE_SIZE);
	assert_int_equal(heap_try(VIDEO, 1), -ENOMEM);
	for (int i = 0; i < 16; i++) {
		if (i != 4 && i != 5)
			platform_test_dmabuf_close(fds[i]);
	}
	platform_test_dmabuf_close(heap_alloc(VIDEO, POOL_SIZE));
	put_heaps(core);
}

/* --- pools --- */

static void test_static_pool(void **state)
{
	struct tee_protmem_pool *pool;

	assert_int_equal(PTR_ERR(tee_protmem_static_pool_alloc(POOL_PA + 1, PAGE_SIZE)), -EINVAL);
	assert_int_equal(PTR_ERR(tee_protmem_static_pool_alloc(POOL_PA, PAGE_SIZE + 512)), -EINVAL);
	assert_int_equal(PTR_ERR(tee_protmem_static_pool_alloc(POOL_PA, 0)), -EINVAL);
	assert_int_equal(PTR_ERR(tee_protmem_static_pool_alloc(0, PAGE_SIZE)), -EINVAL);
	assert_int_equal(PTR_ERR(tee_protmem_static_pool_alloc(-PAGE_SIZE, 2 * PAGE_SIZE)),
			 -EINVAL);
	pool = tee_protmem_static_pool_alloc(POOL_PA, PAGE_SIZE);
	assert_false(IS_ERR(pool));
	pool->ops->destroy_pool(pool);
}

/* A device that is on its way out, while something still holds it */
static void test_register(void **state)
{
	struct core *core = *state;
	struct fake_pool fake = { .pool.ops = &fake_pool_ops };
	struct tee_device *other;
	int fd;

	assert_int_equal(tee_device_register_dma_heap(core->tee.client, 0, &fake.pool), -EINVAL);
	assert_int_equal(tee_device_register_dma_heap(core->tee.client, 4, &fake.pool), -EINVAL);

	platform_test.heap_rc = -ENOMEM;
	if (!platform_test_heap(RECORD))
		assert_int_equal(tee_device_register_dma_heap(core->tee.client,
				 TEE_DMA_HEAP_SECURE_VIDEO_RECORD, &fake.pool), -ENOMEM);
	platform_test.heap_rc = 0;
	assert_null(platform_test_heap(RECORD));

	other = tee_device_alloc(&core->tee.client_desc, NULL, &core->tee);
	own(core->tee.client, TEE_DMA_HEAP_TRUSTED_UI);
	assert_int_equal(tee_device_register_dma_heap(other, TEE_DMA_HEAP_TRUSTED_UI, &fake.pool),
			 -EBUSY);
	assert_int_equal(tee_device_register_dma_heap(core->tee.client, TEE_DMA_HEAP_TRUSTED_UI,
						      &fake.pool), -EBUSY);

	/* The owner gave it up, a buffer is left: still draining */
	fd = heap_alloc(UI, 1);
	put_heaps(core);
	put_heaps(core);
	assert_int_equal(tee_device_register_dma_heap(other, TEE_DMA_HEAP_TRUSTED_UI, &fake.pool),
			 -EBUSY);
	platform_test_dmabuf_close(heap_alloc(UI, 1));
	platform_test_dmabuf_close(fd);
	assert_int_equal(heap_try(UI, 1), -EINVAL);

	/* Any device may have it now, with a pool of its own. */
	assert_int_equal(tee_device_register_dma_heap(other, TEE_DMA_HEAP_TRUSTED_UI, &fake.pool),
			 0);
	platform_test_dmabuf_close(heap_alloc(UI, 1));
	assert_int_equal(fake.allocs, 1);
	assert_int_equal(fake.destroyed, 0);
	tee_device_unregister(other);
	assert_int_equal(fake.destroyed, 1);
	assert_int_equal(heap_try(UI, 1), -EINVAL);
}

/* --- SHM_REGISTER_FD --- */

static void test_register_fd_errors(void **state)
{
	struct core *core = *state;
	struct tee_ioctl_shm_register_fd_data data;
	struct tee_context *priv = tee_cdev_open(core->tee.priv);
	struct fake_pool fake = { .pool.ops = &fake_pool_ops };
	int fd, shm_fd, id;

	assert_int_equal(tee_device_register_dma_heap(core->tee.client,
			 TEE_DMA_HEAP_SECURE_VIDEO_PLAY, &fake.pool), 0);
	fd = heap_alloc(VIDEO, 1);

	assert_int_equal(core_ioctl(core->ctx, TEE_IOC_SHM_REGISTER_FD, NULL), -EFAULT);
	data = (struct tee_ioctl_shm_register_fd_data){ .fd = fd, .flags = 1 };
	assert_int_equal(core_ioctl(core->ctx, TEE_IOC_SHM_REGISTER_FD, &data), -EINVAL);
	assert_int_equal(import(core->ctx, -1, &data), -EINVAL);
	assert_int_equal(import(core->ctx, PLATFORM_TEST_DMABUF_FD + 9, &data), -EINVAL);
	shm_fd = core_alloc(core->ctx, 1, &id);
	assert_int_equal(import(core->ctx, shm_fd, &data), -EINVAL);
	platform_test_fd_put(shm_fd);
	/* The privileged device is another device. */
	assert_int_equal(import(priv, fd, &data), -EINVAL);
	fake.rc_update = -EIO;
	assert_int_equal(import(core->ctx, fd, &data), -EINVAL);
	fake.rc_update = 0;
	platform_test.install_rc = -EMFILE;
	assert_int_equal(import(core->ctx, fd, &data), -EMFILE);
	platform_test.install_rc = 0;
	data = (struct tee_ioctl_shm_register_fd_data){ .fd = fd };
	assert_int_equal(core_ioctl(core->ctx, TEE_IOC_SHM_REGISTER_FD,
				    core_read_only(core, &data, sizeof(data))), -EFAULT);
	/* None of them left an id or a reference. */
	shm_fd = core_alloc(core->ctx, 1, &id);
	assert_int_equal(id, 1);
	platform_test_fd_put(shm_fd);
	platform_test_dmabuf_close(fd);
	assert_int_equal(fake.frees, 1);
	tee_cdev_release(priv);
	put_heaps(core);
}

/* --- a dma-buf of somebody else --- */

static struct sg_table *foreign_map(struct dma_buf_attachment *attach, enum dma_data_direction dir)
{
	return ERR_PTR(-EIO);
}

static void foreign_unmap(struct dma_buf_attachment *attach, struct sg_table *table,
			  enum dma_data_direction dir)
{
}

static void foreign_release(struct dma_buf *dmabuf)
{
	++*(int *)dmabuf->priv;
}

static void test_register_fd_foreign(void **state)
{
	static const struct dma_buf_ops foreign_ops = {
		.map_dma_buf = foreign_map,
		.unmap_dma_buf = foreign_unmap,
		.release = foreign_release,
	};
	struct core *core = *state;
	struct tee_ioctl_shm_register_fd_data data;
	DEFINE_DMA_BUF_EXPORT_INFO(info);
	struct dma_buf *dmabuf;
	int released = 0, fd;

	info.priv = &released;
	info.ops = &foreign_ops;
	assert_int_equal(PTR_ERR(dma_buf_export(&info)), -EINVAL);
	info.size = PAGE_SIZE;
	dmabuf = dma_buf_export(&info);
	assert_false(IS_ERR(dmabuf));
	fd = platform_test_dmabuf_fd(dmabuf);
	assert_int_equal(import(core->ctx, fd, &data), -EINVAL);
	assert_int_equal(released, 0);
	platform_test_dmabuf_close(fd);
	assert_int_equal(released, 1);
}

static void test_register_fd(void **state)
{
	struct core *core = *state;
	struct tee_ioctl_shm_register_fd_data data;
	struct tee_ioctl_param param = { .attr = 7, .a = 16, .b = 100 };
	struct tee_shm *shm;
	long shm_fd;
	int fd;

	own(core->tee.client, TEE_DMA_HEAP_SECURE_VIDEO_PLAY);
	platform_test_dmabuf_close(heap_alloc(VIDEO, 1));
	fd = heap_alloc(VIDEO, PAGE_SIZE + 1);
	shm_fd = import(core->ctx, fd, &data);
	assert_true(shm_fd >= 0);
	assert_int_equal(data.fd, fd);
	assert_int_equal(data.size, 2 * PAGE_SIZE);
	assert_int_equal(data.flags, 0x10);
	assert_int_equal(data.id, 1);

	/* The dma-buf's descriptor may go; the buffer stays allocated. */
	platform_test_dmabuf_close(fd);
	assert_int_equal(heap_try(VIDEO, POOL_SIZE - PAGE_SIZE), -ENOMEM);
	param.c = (uint64_t)data.id;
	assert_int_equal(core_invoke(core, core->ctx, &param, 1), 0);
	shm = core->tee.seen[0].u.memref.shm;
	assert_int_equal(core->tee.seen[0].u.memref.shm_offs, 16);
	assert_int_equal(core->tee.seen[0].u.memref.size, 100);
	assert_ptr_equal(shm, platform_test_fd_shm((int)shm_fd));
	assert_true(tee_shm_is_protected(shm));
	assert_false(tee_shm_is_dynamic(shm));
	assert_int_equal(shm->paddr, POOL_PA);
	assert_int_equal(PTR_ERR(tee_shm_get_va(shm, 0)), -EINVAL);
	/* Nothing of it is copied for the TEE. */
	assert_int_equal(platform_test_counts().for_tee, 0);
	assert_int_equal(core_refs(core->ctx, data.id), 1);
	param.b = 2 * PAGE_SIZE;
	assert_int_equal(core_invoke(core, core->ctx, &param, 1), -EINVAL);

	platform_test_fd_put((int)shm_fd);
	platform_test_dmabuf_close(heap_alloc(VIDEO, POOL_SIZE));
	assert_int_equal(core_invoke(core, core->ctx, &param, 1), -EINVAL);
	put_heaps(core);
}

static void test_register_twice(void **state)
{
	struct core *core = *state;
	struct tee_context *second = tee_cdev_open(core->tee.client);
	int fd, fds[3], ids[3];

	own(core->tee.client, TEE_DMA_HEAP_SECURE_VIDEO_PLAY);
	fd = heap_alloc(VIDEO, POOL_SIZE);
	fds[0] = import_ok(core->ctx, fd, &ids[0]);
	fds[1] = import_ok(core->ctx, fd, &ids[1]);
	fds[2] = import_ok(second, fd, &ids[2]);
	assert_int_not_equal(ids[0], ids[1]);
	/* An id belongs to its context, as ever. */
	assert_int_equal(core_refs(core->ctx, ids[2]), 0);
	platform_test_fd_put(fds[0]);
	platform_test_dmabuf_close(fd);
	platform_test_fd_put(fds[1]);
	assert_int_equal(heap_try(VIDEO, 1), -ENOMEM);
	/* An orphan still holds its buffer. */
	tee_cdev_release(second);
	assert_int_equal(heap_try(VIDEO, 1), -ENOMEM);
	platform_test_fd_put(fds[2]);
	platform_test_dmabuf_close(heap_alloc(VIDEO, POOL_SIZE));
	put_heaps(core);
}

/* --- the shm that stands for a pool --- */

static void test_parent(void **state)
{
	struct core *core = *state;
	struct fake_pool fake = { .pool.ops = &fake_pool_ops };
	struct tee_ioctl_param params[2] = {
		{ .attr = 7, .a = 16, .b = PAGE_SIZE - 16 },
		{ .attr = 7, .a = 1, .b = PAGE_SIZE },
	};
	int first, second, shm_fd, id;

	fake.parent = tee_shm_alloc_priv_buf(core->ctx, POOL_SIZE);
	assert_false(IS_ERR(fake.parent));
	assert_int_equal(tee_device_register_dma_heap(core->tee.client,
			 TEE_DMA_HEAP_SECURE_VIDEO_PLAY, &fake.pool), 0);
	first = heap_alloc(VIDEO, 3 * PAGE_SIZE);
	second = heap_alloc(VIDEO, PAGE_SIZE);
	shm_fd = import_ok(core->ctx, second, &id);
	params[0].c = (uint64_t)id;
	params[1].c = (uint64_t)id;

	assert_int_equal(core_invoke(core, core->ctx, params, 1), 0);
	assert_ptr_equal(core->tee.seen[0].u.memref.shm, fake.parent);
	assert_int_equal(core->tee.seen[0].u.memref.shm_offs, 3 * PAGE_SIZE + 16);
	assert_int_equal(core->tee.seen[0].u.memref.size, PAGE_SIZE - 16);
	assert_int_equal(refcount_read(&fake.parent->refcount), 1);
	assert_int_equal(core_refs(core->ctx, id), 1);

	/* The range counts against the buffer, not against the pool. */
	assert_int_equal(core_invoke(core, core->ctx, params, 2), -EINVAL);
	assert_int_equal(refcount_read(&fake.parent->refcount), 1);
	assert_int_equal(core_refs(core->ctx, id), 1);

	platform_test_fd_put(shm_fd);
	platform_test_dmabuf_close(first);
	platform_test_dmabuf_close(second);
	assert_int_equal(fake.frees, 2);
	put_heaps(core);
	assert_int_equal(fake.destroyed, 1);
	tee_shm_free(fake.parent);
}

/* What the driver of a supplicant takes over is what it sees: the parent. */
static void test_parent_recv(void **state)
{
	struct core *core = *state;
	struct fake_pool fake = { .pool.ops = &fake_pool_ops };
	struct tee_context *priv = tee_cdev_open(core->tee.priv);
	struct tee_ioctl_param param = { .attr = 7, .b = 1 };
	struct tee_iocl_supp_recv_arg arg = { .num_params = 1 };
	int fd, shm_fd, id;

	fake.parent = tee_shm_alloc_priv_buf(priv, POOL_SIZE);
	assert_int_equal(tee_device_register_dma_heap(core->tee.priv, TEE_DMA_HEAP_TRUSTED_UI,
						      &fake.pool), 0);
	fd = heap_alloc(UI, 1);
	shm_fd = import_ok(priv, fd, &id);
	param.c = (uint64_t)id;
	assert_int_equal(core_call(core, priv, TEE_IOC_SUPPL_RECV, &arg, sizeof(arg), &param, 1),
			 0);
	assert_int_equal(refcount_read(&fake.parent->refcount), 1);
	assert_int_equal(core_refs(priv, id), 1);

	platform_test_fd_put(shm_fd);
	platform_test_dmabuf_close(fd);
	tee_device_put_all_dma_heaps(core->tee.priv);
	assert_int_equal(fake.destroyed, 1);
	tee_shm_free(fake.parent);
	tee_cdev_release(priv);
}

/* --- DMA masters --- */

static void test_attach(void **state)
{
	struct core *core = *state;
	struct dma_buf_attachment *attach;
	struct sg_table *table;
	struct dma_buf *dmabuf;
	int fd;

	own(core->tee.client, TEE_DMA_HEAP_SECURE_VIDEO_PLAY);
	fd = heap_alloc(VIDEO, 2 * PAGE_SIZE);
	dmabuf = dma_buf_get(fd);
	attach = dma_buf_attach(dmabuf, NULL);
	assert_false(IS_ERR(attach));
	table = dma_buf_map_attachment(attach, DMA_BIDIRECTIONAL);
	assert_false(IS_ERR(table));
	assert_int_equal(table->nents, 1);
	assert_int_equal(sg_dma_address(table->sgl), POOL_PA);
	assert_int_equal(table->sgl->length, 2 * PAGE_SIZE);
	dma_buf_unmap_attachment(attach, table, DMA_BIDIRECTIONAL);
	dma_buf_detach(dmabuf, attach);
	dma_buf_put(dmabuf);
	platform_test_dmabuf_close(fd);
	put_heaps(core);
}

/* --- orders of ends --- */

struct leaving {
	struct tee_device *teedev;
	volatile bool done;
	pthread_t thread;
};

static void *leaving_thread(void *data)
{
	struct leaving *leaving = data;

	tee_device_unregister(leaving->teedev);
	__atomic_store_n(&leaving->done, true, __ATOMIC_RELEASE);
	return NULL;
}

static void leave(struct leaving *leaving, struct tee_device *teedev)
{
	*leaving = (struct leaving){ .teedev = teedev };
	assert_int_equal(pthread_create(&leaving->thread, NULL, leaving_thread, leaving), 0);
	usleep(A_MOMENT_US);
	assert_false(__atomic_load_n(&leaving->done, __ATOMIC_ACQUIRE));
}

/* Rows: what keeps the device is a buffer, an shm of a buffer, or an orphan of one. */
static void test_unregister_waits(void **state)
{
	struct core *core = *state;
	const int *kind = core->row;
	struct fake_pool fake = { .pool.ops = &fake_pool_ops };
	struct leaving leaving;
	struct tee_device *teedev;
	struct tee_context *ctx = NULL;
	int fd, shm_fd = -1, id = 0;

	teedev = tee_device_alloc(&core->tee.client_desc, &core->tee.pool, &core->tee);

	assert_int_equal(tee_device_register(teedev), 0);
	assert_int_equal(tee_device_register_dma_heap(teedev, TEE_DMA_HEAP_SECURE_VIDEO_PLAY,
						      &fake.pool), 0);
	fd = heap_alloc(VIDEO, 1);
	if (*kind) {
		ctx = tee_cdev_open(teedev);
		shm_fd = import_ok(ctx, fd, &id);
		platform_test_dmabuf_close(fd);
		if (*kind == 2)
			tee_cdev_release(ctx);
	}
	leave(&leaving, teedev);
	if (*kind == 1) {
		/* What is open still works. */
		struct tee_ioctl_param param = { .attr = 5, .b = 1, .c = (uint64_t)id };

		assert_int_equal(core_invoke(core, ctx, &param, 1), 0);
		tee_cdev_release(ctx);
		usleep(A_MOMENT_US);
		assert_false(__atomic_load_n(&leaving.done, __ATOMIC_ACQUIRE));
	}
	assert_int_equal(fake.destroyed, 0);
	/* The quirk: while a buffer keeps the heap alive there are others to be had. */
	platform_test_dmabuf_close(heap_alloc(VIDEO, 1));

	if (*kind)
		platform_test_fd_put(shm_fd);
	else
		platform_test_dmabuf_close(fd);
	assert_int_equal(pthread_join(leaving.thread, NULL), 0);
	assert_int_equal(fake.destroyed, 1);
	assert_int_equal(fake.frees, fake.allocs);
	/* The node is there, and nothing behind it. */
	assert_int_equal(heap_try(VIDEO, 1), -EINVAL);
}

/* --- threads --- */

#define STRESS_ROUNDS 400

static void *stress_thread(void *data)
{
	struct core *core = data;
	struct dma_heap *heap = platform_test_heap(VIDEO);
	struct task_struct task;

	task_init(&task);
	task.uaccess = &uaccess_inprocess_ops;
	task_enter(&task);
	for (int i = 0; i < STRESS_ROUNDS; i++) {
		struct dma_heap_allocation_data data = { .len = PAGE_SIZE };
		struct tee_ioctl_shm_register_fd_data reg;
		long rc = dma_heap_ioctl(heap, DMA_HEAP_IOCTL_ALLOC, (unsigned long)&data);

		/* Nobody owns it at times. */
		if (rc)
			continue;
		rc = import(core->ctx, data.fd, &reg);
		platform_test_dmabuf_close((int)data.fd);
		if (rc >= 0)
			platform_test_fd_put((int)rc);
	}
	task_leave(&task);
	return NULL;
}

static void test_stress(void **state)
{
	struct core *core = *state;
	pthread_t threads[3];

	own(core->tee.client, TEE_DMA_HEAP_SECURE_VIDEO_PLAY);
	for (size_t i = 0; i < ARRAY_SIZE(threads); i++)
		assert_int_equal(pthread_create(&threads[i], NULL, stress_thread, core), 0);
	for (int i = 0; i < STRESS_ROUNDS; i++) {
		struct tee_protmem_pool *pool;

		put_heaps(core);
		pool = tee_protmem_static_pool_alloc(POOL_PA, POOL_SIZE);
		if (tee_device_register_dma_heap(core->tee.client, TEE_DMA_HEAP_SECURE_VIDEO_PLAY,
						 pool))
			pool->ops->destroy_pool(pool);
	}
	for (size_t i = 0; i < ARRAY_SIZE(threads); i++)
		assert_int_equal(pthread_join(threads[i], NULL), 0);
	put_heaps(core);
	assert_int_equal(heap_try(VIDEO, 1), -EINVAL);
}

/* --- allocations that fail --- */

static long fault_pool(struct core *core)
{
	struct tee_protmem_pool *pool = tee_protmem_static_pool_alloc(POOL_PA, POOL_SIZE);

	if (IS_ERR(pool))
		return PTR_ERR(pool);
	pool->ops->destroy_pool(pool);
	return 0;
}

static long fault_alloc(struct core *core)
{
	long fd = heap_try(VIDEO, 1);

	if (fd >= 0)
		platform_test_dmabuf_close((int)fd);
	return fd;
}

static long fault_import(struct core *core)
{
	struct tee_ioctl_shm_register_fd_data data;
	long fd = import(core->ctx, PLATFORM_TEST_DMABUF_FD, &data);

	if (fd >= 0)
		platform_test_fd_put((int)fd);
	/* All that goes wrong is EINVAL here. */
	return fd == -EINVAL ? -ENOMEM : fd;
}

static long fault_attach(struct core *core)
{
	struct dma_buf *dmabuf = dma_buf_get(PLATFORM_TEST_DMABUF_FD);
	struct dma_buf_attachment *attach = dma_buf_attach(dmabuf, NULL);

	if (!IS_ERR(attach))
		dma_buf_detach(dmabuf, attach);
	dma_buf_put(dmabuf);
	return PTR_ERR_OR_ZERO(attach);
}

struct fault_row {
	const char *name;
	long (*call)(struct core *core);
};

static const struct fault_row fault_rows[] = {
	{ "core N154 faults in a static pool", fault_pool },
	{ "core faults in DMA_HEAP_IOCTL_ALLOC", fault_alloc },
	{ "core faults in SHM_REGISTER_FD", fault_import },
	{ "core faults in attach", fault_attach },
};

static void test_fault(void **state)
{
	struct core *core = *state;
	const struct fault_row *row = core->row;
	bool hit = true;
	unsigned long n;
	int fd;

	own(core->tee.client, TEE_DMA_HEAP_SECURE_VIDEO_PLAY);
	fd = heap_alloc(VIDEO, 1);
	for (n = 1; hit; n++) {
		struct platform_test_count before = platform_test_counts(), after;
		long live = kmem_live();
		long rc;

		kfault_set(n);
		rc = row->call(core);
		hit = kfault_hit();
		kfault_clear();
		after = platform_test_counts();
		assert_true(hit ? rc == -ENOMEM : rc >= 0);
		assert_int_equal(kmem_live(), live);
		assert_int_equal(after.fds, before.fds);
		assert_int_equal(after.dmabufs, before.dmabufs);
	}
	/* The loop did meet allocations. */
	assert_true(n > 2);
	platform_test_dmabuf_close(fd);
	/* No page of the pool was lost. */
	platform_test_dmabuf_close(heap_alloc(VIDEO, POOL_SIZE));
	put_heaps(core);
}

/* The node is the only allocation that a registration makes, and only the first. */
static void test_fault_node(void **state)
{
	struct core *core = *state;
	struct fake_pool fake = { .pool.ops = &fake_pool_ops };
	size_t users = core->tee.client->num_users;

	assert_null(platform_test_heap(RECORD));
	kfault_set(1);
	assert_int_equal(tee_device_register_dma_heap(core->tee.client,
			 TEE_DMA_HEAP_SECURE_VIDEO_RECORD, &fake.pool), -ENOMEM);
	assert_true(kfault_hit());
	kfault_clear();
	assert_null(platform_test_heap(RECORD));
	assert_int_equal(core->tee.client->num_users, users);
	assert_int_equal(fake.destroyed, 0);
	assert_int_equal(tee_device_register_dma_heap(core->tee.client,
			 TEE_DMA_HEAP_SECURE_VIDEO_RECORD, &fake.pool), 0);
	assert_non_null(platform_test_heap(RECORD));
	put_heaps(core);
	assert_int_equal(fake.destroyed, 1);
	assert_int_equal(core->tee.client->num_users, users);
}

int main(void)
{
	static const int kinds[] = { 0, 1, 2 };

	core_add_rows(alloc_rows, test_alloc_row);
	core_add("core N142 words and memory of the allocation", test_alloc_words, NULL);
	core_add("core N146 first fit", test_alloc_fits, NULL);
	core_add("core N154 static pool", test_static_pool, NULL);
	core_add("core N147 N152 N153 owners of a heap", test_register, NULL);
	core_add("core N33 N35 N37 N38 what is no buffer", test_register_fd_errors, NULL);
	core_add("core N36 a foreign dma-buf", test_register_fd_foreign, NULL);
	core_add("core N39 a buffer by its id", test_register_fd, NULL);
	core_add("core many shm of a buffer", test_register_twice, NULL);
	core_add("core a pool behind one shm", test_parent, NULL);
	core_add("core a pool behind one shm, SUPPL_RECV", test_parent_recv, NULL);
	core_add("core DMA masters", test_attach, NULL);
	core_add("core N147 N157 unregistration waits for a buffer", test_unregister_waits,
		 &kinds[0]);
	core_add("core N157 unregistration waits for an shm", test_unregister_waits, &kinds[1]);
	core_add("core N157 unregistration waits for an orphan", test_unregister_waits, &kinds[2]);
	core_add("core owners and buffers under stress", test_stress, NULL);
	core_add_rows(fault_rows, test_fault);
	core_add("core N153 faults in making a node", test_fault_node, NULL);
	return core_run("tee heap");
}
