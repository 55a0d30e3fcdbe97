/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * dma-heaps of protected memory
 *
 * There is one heap for each use of protected memory, whoever provides it. Its
 * node appears when the first device registers it and stays for good; the heap
 * belongs to one device at a time. The registration and each buffer hold a
 * reference; with the last one the pool is destroyed and the device let go, and
 * then another device may have the heap.
 *
 * A buffer holds its heap, which holds the device: so a device that goes away
 * waits for the last buffer, and the pool under a buffer is never gone.
 *
 * Locks: tee_heap_nodes (a node is made once), then the mutex of a heap, then that
 * of a device. None is held over an operation of a pool.
 */
#include <linux/array_size.h>
#include <linux/dma-buf.h>
#include <linux/dma-heap.h>
#include <linux/dma-mapping.h>
#include <linux/err.h>
#include <linux/errno.h>
#include <linux/kref.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/scatterlist.h>
#include <linux/slab.h>

#include "normal/tee/tee_core.h"
#include "normal/tee/tee_private.h"

/**
 * struct tee_dma_heap - one use of protected memory
 * @node: what clients open; NULL before the first registration
 * @mutex: guards what follows
 * @kref: the registration and every buffer; while @teedev is set
 * @teedev: the owner, counted; NULL: there is none
 * @put: the registration was given up, buffers keep the heap alive
 */
struct tee_dma_heap {
	enum tee_dma_heap_id id;
	const char *name;
	struct dma_heap *node;
	struct mutex mutex;
	struct kref kref;
	struct tee_device *teedev;
	struct tee_protmem_pool *pool;
	bool put;
};

struct tee_heap_buffer {
	struct tee_dma_heap *heap;
	size_t offs;		/* in the pool */
	struct sg_table table;
};

/* A device's view of a buffer */
struct tee_heap_attachment {
	struct sg_table table;
	struct device *dev;
};

/* Nodes are one space for the whole system, as the names of devices are. */
static DEFINE_MUTEX(tee_heap_nodes);

static struct tee_dma_heap tee_dma_heaps[] = {
	{
		.id = TEE_DMA_HEAP_SECURE_VIDEO_PLAY,
		.name = "protected,secure-video",
		.mutex = __MUTEX_INITIALIZER(tee_dma_heaps[0].mutex),
	}, {
		.id = TEE_DMA_HEAP_TRUSTED_UI,
		.name = "protected,trusted-ui",
		.mutex = __MUTEX_INITIALIZER(tee_dma_heaps[1].mutex),
	}, {
		.id = TEE_DMA_HEAP_SECURE_VIDEO_RECORD,
		.name = "protected,secure-video-record",
		.mutex = __MUTEX_INITIALIZER(tee_dma_heaps[2].mutex),
	},
};

static struct tee_dma_heap *tee_heap_find(enum tee_dma_heap_id id)
{
	size_t n;

	for (n = 0; n < ARRAY_SIZE(tee_dma_heaps); n++)
		if (tee_dma_heaps[n].id == id)
			return &tee_dma_heaps[n];
	return NULL;
}

static bool tee_heap_get(struct tee_dma_heap *h)
{
	bool alive;

	mutex_lock(&h->mutex);
	/* While the last owner's pool is being destroyed the owner is still there. */
	alive = h->teedev && kref_get_unless_zero(&h->kref);
	mutex_unlock(&h->mutex);
	return alive;
}

/* With no lock held. kref_put() calls it; the heap itself stays. */
static void tee_heap_disown(struct kref *kref)
{
	struct tee_dma_heap *h = container_of(kref, struct tee_dma_heap, kref);
	struct tee_device *teedev = h->teedev;

	/* Nobody else looks at the pool: the count is 0, and the owner is set. */
	h->pool->ops->destroy_pool(h->pool);

	mutex_lock(&h->mutex);
	h->pool = NULL;
	h->teedev = NULL;
	mutex_unlock(&h->mutex);
	tee_device_put(teedev);
}

static void tee_heap_put(struct tee_dma_heap *h)
{
	kref_put(&h->kref, tee_heap_disown);
}

/*
 * Buffers
 */

static int tee_heap_attach(struct dma_buf *dmabuf, struct dma_buf_attachment *attachment)
{
	struct tee_heap_buffer *buf = dmabuf->priv;
	struct tee_heap_attachment *a;
	struct scatterlist *from = buf->table.sgl;
	int rc;

	a = kzalloc(sizeof(*a), GFP_KERNEL);
	if (!a)
		return -ENOMEM;
	rc = sg_alloc_table(&a->table, 1, GFP_KERNEL);
	if (rc) {
		kfree(a);
		return rc;
	}
	sg_set_page(a->table.sgl, sg_page(from), from->length, from->offset);
	a->dev = attachment->dev;
	attachment->priv = a;
	return 0;
}

static void tee_heap_detach(struct dma_buf *dmabuf, struct dma_buf_attachment *attachment)
{
	struct tee_heap_attachment *a = attachment->priv;

	sg_free_table(&a->table);
	kfree(a);
}

static struct sg_table *tee_heap_map_dma_buf(struct dma_buf_attachment *attachment,
					     enum dma_data_direction direction)
{
	struct tee_heap_attachment *a = attachment->priv;
	int rc;

	/* No cache of ours holds any of it. */
	rc = dma_map_sgtable(a->dev, &a->table, direction, DMA_ATTR_SKIP_CPU_SYNC);
	return rc ? ERR_PTR(rc) : &a->table;
}

static void tee_heap_unmap_dma_buf(struct dma_buf_attachment *attachment, struct sg_table *table,
				   enum dma_data_direction direction)
{
	struct tee_heap_attachment *a = attachment->priv;

	dma_unmap_sgtable(a->dev, table, direction, DMA_ATTR_SKIP_CPU_SYNC);
}

static void tee_heap_buf_free(struct tee_heap_buffer *buf)
{
	struct tee_dma_heap *h = buf->heap;

	h->pool->ops->free(h->pool, &buf->table);
	kfree(buf);
	tee_heap_put(h);
}

static void tee_heap_buf_release(struct dma_buf *dmabuf)
{
	tee_heap_buf_free(dmabuf->priv);
}

/* Nobody on this side may map the memory or touch it: those ops do not exist. */
static const struct dma_buf_ops tee_heap_buf_ops = {
	.attach = tee_heap_attach,
	.detach = tee_heap_detach,
	.map_dma_buf = tee_heap_map_dma_buf,
	.unmap_dma_buf = tee_heap_unmap_dma_buf,
	.release = tee_heap_buf_release,
};

/* The caller's reference to @h becomes the buffer's. */
static struct tee_heap_buffer *tee_heap_buf_alloc(struct tee_dma_heap *h, size_t size)
{
	struct tee_heap_buffer *buf;
	int rc;

	buf = kzalloc(sizeof(*buf), GFP_KERNEL);
	if (!buf)
		return ERR_PTR(-ENOMEM);
	rc = h->pool->ops->alloc(h->pool, &buf->table, size, &buf->offs);
	if (rc) {
		kfree(buf);
		return ERR_PTR(rc);
	}
	buf->heap = h;
	return buf;
}

static struct dma_buf *tee_heap_alloc(struct dma_heap *node, unsigned long len, u32 fd_flags,
				      u64 heap_flags)
{
	struct tee_dma_heap *h = dma_heap_get_drvdata(node);
	DEFINE_DMA_BUF_EXPORT_INFO(exp_info);
	struct tee_heap_buffer *buf;
	struct dma_buf *dmabuf;

	if (!tee_heap_get(h))
		return ERR_PTR(-EINVAL);

	buf = tee_heap_buf_alloc(h, len);
	if (IS_ERR(buf)) {
		tee_heap_put(h);
		return ERR_CAST(buf);
	}

	exp_info.exp_name = h->name;
	exp_info.ops = &tee_heap_buf_ops;
	exp_info.size = len;
	exp_info.flags = fd_flags;
	exp_info.priv = buf;
	dmabuf = dma_buf_export(&exp_info);
	if (IS_ERR(dmabuf))
		tee_heap_buf_free(buf);
	return dmabuf;
}

static const struct dma_heap_ops tee_heap_ops = {
	.allocate = tee_heap_alloc,
};

int tee_heap_update_from_dma_buf(struct tee_device *teedev, struct dma_buf *dmabuf,
				 struct tee_shm *shm, struct tee_shm **parent_shm,
				 size_t *offset)
{
	struct tee_heap_buffer *buf;
	struct tee_dma_heap *h;

	/* What is behind another's operations is another's. */
	if (dmabuf->ops != &tee_heap_buf_ops)
		return -EINVAL;
	buf = dmabuf->priv;
	h = buf->heap;
	/* The buffer holds the heap: the owner is the one that it was made with. */
	if (h->teedev != teedev)
		return -EINVAL;

	*offset = buf->offs;
	return h->pool->ops->update_shm(h->pool, &buf->table, buf->offs, shm, parent_shm);
}

/*
 * Owners
 */

static int tee_heap_make_node(struct tee_dma_heap *h)
{
	struct dma_heap_export_info info = {
		.name = h->name,
		.ops = &tee_heap_ops,
		.priv = h,
	};
	struct dma_heap *node;
	int rc = 0;

	mutex_lock(&tee_heap_nodes);
	if (!h->node) {
		node = dma_heap_add(&info);
		if (IS_ERR(node))
			rc = PTR_ERR(node);
		else
			h->node = node;
	}
	mutex_unlock(&tee_heap_nodes);
	return rc;
}

static int tee_heap_own(struct tee_dma_heap *h, struct tee_device *teedev,
			struct tee_protmem_pool *pool)
{
	int rc = 0;

	mutex_lock(&h->mutex);
	if (h->teedev) {
		rc = -EBUSY;
	} else {
		kref_init(&h->kref);
		h->teedev = teedev;
		h->pool = pool;
		h->put = false;
	}
	mutex_unlock(&h->mutex);
	return rc;
}

int tee_device_register_dma_heap(struct tee_device *teedev, enum tee_dma_heap_id id,
				 struct tee_protmem_pool *pool)
{
	struct tee_dma_heap *h = tee_heap_find(id);
	int rc;

	if (!h || !tee_device_get(teedev))
		return -EINVAL;

	rc = tee_heap_make_node(h);
	if (!rc)
		rc = tee_heap_own(h, teedev, pool);
	if (rc)
		tee_device_put(teedev);
	return rc;
}

void tee_device_put_all_dma_heaps(struct tee_device *teedev)
{
	size_t n;

	for (n = 0; n < ARRAY_SIZE(tee_dma_heaps); n++) {
		struct tee_dma_heap *h = &tee_dma_heaps[n];
		bool ours;

		mutex_lock(&h->mutex);
		ours = h->teedev == teedev && !h->put;
		if (ours)
			h->put = true;
		mutex_unlock(&h->mutex);
		if (ours)
			tee_heap_put(h);
	}
}
