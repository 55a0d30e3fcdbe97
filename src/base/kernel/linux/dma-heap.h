/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * dma-heaps: nodes from which a client allocates dma-bufs. A heap is never removed.
 */
#ifndef BASE_KERNEL_LINUX_DMA_HEAP_H
#define BASE_KERNEL_LINUX_DMA_HEAP_H

#include <linux/types.h>

struct dma_buf;
struct dma_heap;

/* @len is whole pages and not 0. A buffer with one reference, or an ERR_PTR. */
struct dma_heap_ops {
	struct dma_buf *(*allocate)(struct dma_heap *heap, unsigned long len, u32 fd_flags,
				    u64 heap_flags);
};

struct dma_heap_export_info {
	const char *name;
	const struct dma_heap_ops *ops;
	void *priv;
};

void *dma_heap_get_drvdata(struct dma_heap *heap);
const char *dma_heap_get_name(struct dma_heap *heap);
/* ERR_PTR: -EINVAL without a name or the op, -ENOMEM, or why there is no node. */
struct dma_heap *dma_heap_add(const struct dma_heap_export_info *exp_info);

#endif /* BASE_KERNEL_LINUX_DMA_HEAP_H */
