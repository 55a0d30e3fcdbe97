/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * dma-heaps
 *
 * The ioctl is told by its number alone: a struct of another size is cut off, or
 * filled up with zeros, so that it may grow. Only one number is known.
 */
#include <linux/dma-heap.h>

#include <linux/dma-buf.h>
#include <linux/err.h>
#include <linux/errno.h>
#include <linux/fcntl.h>
#include <linux/kernel.h>
#include <linux/mm.h>
#include <linux/slab.h>
#include <linux/uaccess.h>

#include "abi/dma_heap.h"
#include "base/kernel/dmabuf.h"

#define VALID_FD_FLAGS (O_CLOEXEC | O_ACCMODE)

struct dma_heap {
	const char *name;
	const struct dma_heap_ops *ops;
	void *priv;
};

void *dma_heap_get_drvdata(struct dma_heap *heap)
{
	return heap->priv;
}

const char *dma_heap_get_name(struct dma_heap *heap)
{
	return heap->name;
}

struct dma_heap *dma_heap_add(const struct dma_heap_export_info *exp_info)
{
	struct dma_heap *heap;
	int rc;

	if (!exp_info->name || !exp_info->name[0] || !exp_info->ops || !exp_info->ops->allocate)
		return ERR_PTR(-EINVAL);

	heap = kzalloc(sizeof(*heap), GFP_KERNEL);
	if (!heap)
		return ERR_PTR(-ENOMEM);
	heap->name = exp_info->name;
	heap->ops = exp_info->ops;
	heap->priv = exp_info->priv;

	rc = dma_heap_publish(heap);
	if (rc) {
		kfree(heap);
		return ERR_PTR(rc);
	}
	return heap;
}

static int dma_heap_alloc_fd(struct dma_heap *heap, struct dma_heap_allocation_data *data)
{
	unsigned long len = data->len;
	struct dma_buf *dmabuf;
	int fd;

	if (data->fd || data->fd_flags & ~VALID_FD_FLAGS ||
	    data->heap_flags & ~(u64)DMA_HEAP_VALID_HEAP_FLAGS)
		return -EINVAL;
	len = PAGE_ALIGN(len);
	if (!len || len < data->len)
		return -EINVAL;

	dmabuf = heap->ops->allocate(heap, len, data->fd_flags, data->heap_flags);
	if (IS_ERR(dmabuf))
		return PTR_ERR(dmabuf);
	fd = dma_buf_fd(dmabuf, data->fd_flags);
	if (fd < 0)
		dma_buf_put(dmabuf);
	return fd;
}

long dma_heap_ioctl(struct dma_heap *heap, unsigned int cmd, unsigned long arg)
{
	struct dma_heap_allocation_data data = {};
	size_t in_size = _IOC_DIR(cmd) & _IOC_WRITE ? _IOC_SIZE(cmd) : 0;
	size_t out_size = _IOC_DIR(cmd) & _IOC_READ ? _IOC_SIZE(cmd) : 0;
	int rc;

	if (_IOC_TYPE(cmd) != DMA_HEAP_IOC_MAGIC || _IOC_NR(cmd) != _IOC_NR(DMA_HEAP_IOCTL_ALLOC))
		return -EINVAL;

	in_size = min(in_size, sizeof(data));
	out_size = min(out_size, sizeof(data));
	if (copy_from_user(&data, (void __user *)arg, in_size))
		return -EFAULT;

	rc = dma_heap_alloc_fd(heap, &data);
	if (rc < 0)
		return rc;
	data.fd = rc;
	return copy_to_user((void __user *)arg, &data, out_size) ? -EFAULT : 0;
}
