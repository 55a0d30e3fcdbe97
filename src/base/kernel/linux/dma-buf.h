/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * dma-bufs: memory behind a descriptor, for devices
 *
 * A buffer is counted; its descriptors hold one reference together. What a
 * descriptor is belongs to the program: see base/kernel/dmabuf.h. Of the optional
 * operations (mmap, vmap, CPU access) there is none: nothing here has use for them.
 */
#ifndef BASE_KERNEL_LINUX_DMA_BUF_H
#define BASE_KERNEL_LINUX_DMA_BUF_H

#include <linux/device.h>
#include <linux/dma-mapping.h>
#include <linux/fcntl.h>
#include <linux/list.h>
#include <linux/refcount.h>
#include <linux/scatterlist.h>
#include <linux/types.h>

struct dma_buf;
struct module;

struct dma_buf_attachment {
	struct dma_buf *dmabuf;
	struct device *dev;
	void *priv;
};

/* map_dma_buf, unmap_dma_buf and release are mandatory */
struct dma_buf_ops {
	int (*attach)(struct dma_buf *dmabuf, struct dma_buf_attachment *attach);
	void (*detach)(struct dma_buf *dmabuf, struct dma_buf_attachment *attach);
	struct sg_table *(*map_dma_buf)(struct dma_buf_attachment *attach,
					enum dma_data_direction dir);
	void (*unmap_dma_buf)(struct dma_buf_attachment *attach, struct sg_table *table,
			      enum dma_data_direction dir);
	void (*release)(struct dma_buf *dmabuf);
};

struct dma_buf {
	size_t size;
	const struct dma_buf_ops *ops;
	const char *exp_name;
	void *priv;
	refcount_t refs;
};

struct dma_buf_export_info {
	const char *exp_name;
	struct module *owner;
	const struct dma_buf_ops *ops;
	size_t size;
	int flags;
	void *priv;
};

#define DEFINE_DMA_BUF_EXPORT_INFO(name) \
	struct dma_buf_export_info name = { .exp_name = __FILE__ }

/* One reference to the caller. ERR_PTR: -EINVAL without an op or a size, -ENOMEM. */
struct dma_buf *dma_buf_export(const struct dma_buf_export_info *exp_info);
/*
 * A descriptor of the current task, which takes the caller's reference; @flags:
 * O_CLOEXEC counts. Negative errno: the reference is still the caller's.
 */
int dma_buf_fd(struct dma_buf *dmabuf, int flags);
/* The buffer behind a descriptor of the current task, counted. -EBADF, -EINVAL. */
struct dma_buf *dma_buf_get(int fd);
void get_dma_buf(struct dma_buf *dmabuf);
/* The last one releases. May sleep. */
void dma_buf_put(struct dma_buf *dmabuf);

/* ERR_PTR: the exporter's errno, -ENOMEM. @dmabuf must outlive the attachment. */
struct dma_buf_attachment *dma_buf_attach(struct dma_buf *dmabuf, struct device *dev);
void dma_buf_detach(struct dma_buf *dmabuf, struct dma_buf_attachment *attach);
struct sg_table *dma_buf_map_attachment(struct dma_buf_attachment *attach,
					enum dma_data_direction dir);
void dma_buf_unmap_attachment(struct dma_buf_attachment *attach, struct sg_table *table,
			      enum dma_data_direction dir);

#endif /* BASE_KERNEL_LINUX_DMA_BUF_H */
