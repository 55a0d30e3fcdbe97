/* SPDX-License-Identifier: BSD-2-Clause */
#include <linux/dma-buf.h>

#include <linux/err.h>
#include <linux/errno.h>
#include <linux/slab.h>

struct dma_buf *dma_buf_export(const struct dma_buf_export_info *exp_info)
{
	const struct dma_buf_ops *ops = exp_info->ops;
	struct dma_buf *dmabuf;

	if (!exp_info->size || !ops || !ops->map_dma_buf || !ops->unmap_dma_buf || !ops->release)
		return ERR_PTR(-EINVAL);

	dmabuf = kzalloc(sizeof(*dmabuf), GFP_KERNEL);
	if (!dmabuf)
		return ERR_PTR(-ENOMEM);
	dmabuf->size = exp_info->size;
	dmabuf->ops = ops;
	dmabuf->exp_name = exp_info->exp_name;
	dmabuf->priv = exp_info->priv;
	refcount_set(&dmabuf->refs, 1);
	return dmabuf;
}

void get_dma_buf(struct dma_buf *dmabuf)
{
	refcount_inc(&dmabuf->refs);
}

void dma_buf_put(struct dma_buf *dmabuf)
{
	if (!refcount_dec_and_test(&dmabuf->refs))
		return;
	dmabuf->ops->release(dmabuf);
	kfree(dmabuf);
}

struct dma_buf_attachment *dma_buf_attach(struct dma_buf *dmabuf, struct device *dev)
{
	struct dma_buf_attachment *attach;
	int rc = 0;

	attach = kzalloc(sizeof(*attach), GFP_KERNEL);
	if (!attach)
		return ERR_PTR(-ENOMEM);
	attach->dmabuf = dmabuf;
	attach->dev = dev;
	if (dmabuf->ops->attach)
		rc = dmabuf->ops->attach(dmabuf, attach);
	if (rc) {
		kfree(attach);
		return ERR_PTR(rc);
	}
	return attach;
}

void dma_buf_detach(struct dma_buf *dmabuf, struct dma_buf_attachment *attach)
{
	if (dmabuf->ops->detach)
		dmabuf->ops->detach(dmabuf, attach);
	kfree(attach);
}

struct sg_table *dma_buf_map_attachment(struct dma_buf_attachment *attach,
					enum dma_data_direction dir)
{
	return attach->dmabuf->ops->map_dma_buf(attach, dir);
}

void dma_buf_unmap_attachment(struct dma_buf_attachment *attach, struct sg_table *table,
			      enum dma_data_direction dir)
{
	attach->dmabuf->ops->unmap_dma_buf(attach, table, dir);
}
