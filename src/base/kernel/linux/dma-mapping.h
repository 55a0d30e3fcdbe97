/* SPDX-License-Identifier: BSD-2-Clause */
/* DMA mappings: no IOMMU here, a device sees physical addresses */
#ifndef BASE_KERNEL_LINUX_DMA_MAPPING_H
#define BASE_KERNEL_LINUX_DMA_MAPPING_H

#include <linux/device.h>
#include <linux/scatterlist.h>

enum dma_data_direction {
	DMA_BIDIRECTIONAL = 0,
	DMA_TO_DEVICE = 1,
	DMA_FROM_DEVICE = 2,
	DMA_NONE = 3,
};

#define DMA_ATTR_SKIP_CPU_SYNC (1UL << 5)

static inline int dma_map_sgtable(struct device *dev, struct sg_table *sgt,
				  enum dma_data_direction dir, unsigned long attrs)
{
	struct scatterlist *sg;
	unsigned int i;

	for_each_sgtable_sg(sgt, sg, i)
		sg->dma_address = sg_phys(sg);
	return 0;
}

static inline void dma_unmap_sgtable(struct device *dev, struct sg_table *sgt,
				     enum dma_data_direction dir, unsigned long attrs)
{
}

#endif /* BASE_KERNEL_LINUX_DMA_MAPPING_H */
