/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Scatter lists: pages in pieces. A table is one array, without chaining.
 */
#ifndef BASE_KERNEL_LINUX_SCATTERLIST_H
#define BASE_KERNEL_LINUX_SCATTERLIST_H

#include <linux/errno.h>
#include <linux/mm.h>
#include <linux/slab.h>
#include <linux/types.h>

struct scatterlist {
	struct page *page;
	unsigned int offset;
	unsigned int length;
	dma_addr_t dma_address;
};

struct sg_table {
	struct scatterlist *sgl;
	unsigned int nents;		/* mapped */
	unsigned int orig_nents;
};

/* -EINVAL for no entries, -ENOMEM. */
static inline int sg_alloc_table(struct sg_table *table, unsigned int nents, gfp_t gfp)
{
	*table = (struct sg_table){ .nents = nents, .orig_nents = nents };
	if (!nents)
		return -EINVAL;
	table->sgl = kcalloc(nents, sizeof(*table->sgl), gfp);
	return table->sgl ? 0 : -ENOMEM;
}

static inline void sg_free_table(struct sg_table *table)
{
	kfree(table->sgl);
	*table = (struct sg_table){};
}

static inline void sg_set_page(struct scatterlist *sg, struct page *page, unsigned int len,
			       unsigned int offset)
{
	sg->page = page;
	sg->offset = offset;
	sg->length = len;
}

static inline struct page *sg_page(const struct scatterlist *sg)
{
	return sg->page;
}

static inline phys_addr_t sg_phys(const struct scatterlist *sg)
{
	return page_to_phys(sg->page) + sg->offset;
}

static inline struct scatterlist *sg_next(struct scatterlist *sg)
{
	return sg + 1;
}

#define sg_dma_address(sg) ((sg)->dma_address)

#define for_each_sgtable_sg(sgt, sg, i) \
	for ((i) = 0, (sg) = (sgt)->sgl; (i) < (sgt)->orig_nents; (i)++, (sg) = sg_next(sg))

#endif /* BASE_KERNEL_LINUX_SCATTERLIST_H */
