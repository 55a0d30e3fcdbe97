/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * dma-bufs and dma-heaps, as the program sees them that plays the kernel
 *
 * The program defines, beside dma_buf_fd() and dma_buf_get() of <linux/dma-buf.h>,
 * how a heap becomes a node, and calls dma_heap_ioctl() for whoever has the node
 * open.
 */
#ifndef BASE_KERNEL_DMABUF_H
#define BASE_KERNEL_DMABUF_H

#include <linux/types.h>

struct dma_heap;

/*
 * Defined by the program: make the node /dev/dma_heap/<name>, for good. From then
 * on dma_heap_ioctl() may be called for it. 0 or a negative errno.
 */
int dma_heap_publish(struct dma_heap *heap);

/*
 * ioctl(2) on the open node, in the current task. 0; -EFAULT; -EINVAL for an unknown
 * command or what may not be asked; the heap's errno; that of dma_buf_fd(). A buffer
 * whose number could not be written back is the client's all the same.
 */
long dma_heap_ioctl(struct dma_heap *heap, unsigned int cmd, unsigned long arg);

#endif /* BASE_KERNEL_DMABUF_H */
