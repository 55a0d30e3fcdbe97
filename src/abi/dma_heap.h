/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The user API of dma-heaps and dma-bufs: /dev/dma_heap/NAME and what it allocates
 *
 * The names are those of <linux/dma-heap.h> and <linux/dma-buf.h>; a translation
 * unit includes one of the two.
 */
#ifndef ABI_DMA_HEAP_H
#define ABI_DMA_HEAP_H

#include <linux/ioctl.h>

#include "abi/abi.h"

struct dma_heap_allocation_data {
	__u64 len;
	__u32 fd;		/* out; 0 on input */
	__u32 fd_flags;
	__u64 heap_flags;
};
ABI_SIZE(struct dma_heap_allocation_data, 24, "dma_heap_allocation_data");

#define DMA_HEAP_IOC_MAGIC 'H'
#define DMA_HEAP_IOCTL_ALLOC _IOWR(DMA_HEAP_IOC_MAGIC, 0, struct dma_heap_allocation_data)
ABI_ASSERT(DMA_HEAP_IOCTL_ALLOC == 0xC0184800, "DMA_HEAP_IOCTL_ALLOC");

/* Flags that a heap takes: none */
#define DMA_HEAP_VALID_HEAP_FLAGS 0

struct dma_buf_sync {
	__u64 flags;
};
ABI_SIZE(struct dma_buf_sync, 8, "dma_buf_sync");

#define DMA_BUF_SYNC_READ (1 << 0)
#define DMA_BUF_SYNC_WRITE (2 << 0)
#define DMA_BUF_SYNC_RW (DMA_BUF_SYNC_READ | DMA_BUF_SYNC_WRITE)
#define DMA_BUF_SYNC_START (0 << 2)
#define DMA_BUF_SYNC_END (1 << 2)
#define DMA_BUF_SYNC_VALID_FLAGS_MASK (DMA_BUF_SYNC_RW | DMA_BUF_SYNC_END)

#define DMA_BUF_BASE 'b'
#define DMA_BUF_IOCTL_SYNC _IOW(DMA_BUF_BASE, 0, struct dma_buf_sync)
ABI_ASSERT(DMA_BUF_IOCTL_SYNC == 0x40086200, "DMA_BUF_IOCTL_SYNC");

#endif /* ABI_DMA_HEAP_H */
