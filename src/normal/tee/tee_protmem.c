/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The static pool of protected memory: a carve-out that the TEE keeps from the
 * normal world for good. Only its addresses are handled here.
 */
#include <linux/align.h>
#include <linux/container_of.h>
#include <linux/err.h>
#include <linux/errno.h>
#include <linux/genalloc.h>
#include <linux/limits.h>
#include <linux/mm.h>
#include <linux/pfn.h>
#include <linux/scatterlist.h>
#include <linux/slab.h>

#include "normal/tee/tee_core.h"

struct tee_protmem_static_pool {
	struct tee_protmem_pool pool;
	struct gen_pool *gen_pool;
	phys_addr_t paddr;
};

static struct tee_protmem_static_pool *to_static_pool(struct tee_protmem_pool *pool)
{
	return container_of(pool, struct tee_protmem_static_pool, pool);
}

static int protmem_static_alloc(struct tee_protmem_pool *pool, struct sg_table *sgt, size_t size,
				size_t *offs)
{
	struct tee_protmem_static_pool *stp = to_static_pool(pool);
	phys_addr_t pa;
	int rc;

	/* One entry of a table holds no more. */
	if (size > UINT_MAX - PAGE_SIZE)
		return -ENOMEM;
	size = PAGE_ALIGN(size);

	pa = gen_pool_alloc(stp->gen_pool, size);
	if (!pa)
		return -ENOMEM;

	rc = sg_alloc_table(sgt, 1, GFP_KERNEL);
	if (rc) {
		gen_pool_free(stp->gen_pool, pa, size);
		return rc;
	}
	sg_set_page(sgt->sgl, pfn_to_page(PHYS_PFN(pa)), size, 0);
	*offs = pa - stp->paddr;
	return 0;
}

static void protmem_static_free(struct tee_protmem_pool *pool, struct sg_table *sgt)
{
	gen_pool_free(to_static_pool(pool)->gen_pool, sg_phys(sgt->sgl), sgt->sgl->length);
	sg_free_table(sgt);
}

static int protmem_static_update_shm(struct tee_protmem_pool *pool, struct sg_table *sgt,
				     size_t offs, struct tee_shm *shm,
				     struct tee_shm **parent_shm)
{
	shm->paddr = to_static_pool(pool)->paddr + offs;
	*parent_shm = NULL;
	return 0;
}

static void protmem_static_destroy(struct tee_protmem_pool *pool)
{
	struct tee_protmem_static_pool *stp = to_static_pool(pool);

	gen_pool_destroy(stp->gen_pool);
	kfree(stp);
}

static const struct tee_protmem_pool_ops protmem_static_ops = {
	.alloc = protmem_static_alloc,
	.free = protmem_static_free,
	.update_shm = protmem_static_update_shm,
	.destroy_pool = protmem_static_destroy,
};

struct tee_protmem_pool *tee_protmem_static_pool_alloc(phys_addr_t paddr, size_t size)
{
	struct tee_protmem_static_pool *stp;
	int rc = -ENOMEM;

	if (!size || (paddr | size) & ~PAGE_MASK || !pfn_valid(PHYS_PFN(paddr)) ||
	    (unsigned long)paddr != paddr || paddr + size < paddr)
		return ERR_PTR(-EINVAL);

	stp = kzalloc(sizeof(*stp), GFP_KERNEL);
	if (!stp)
		return ERR_PTR(-ENOMEM);
	stp->pool.ops = &protmem_static_ops;
	stp->paddr = paddr;

	stp->gen_pool = gen_pool_create(PAGE_SHIFT, NUMA_NO_NODE);
	if (!stp->gen_pool)
		goto err_free;
	rc = gen_pool_add(stp->gen_pool, paddr, size, NUMA_NO_NODE);
	if (rc)
		goto err_destroy;
	return &stp->pool;

err_destroy:
	gen_pool_destroy(stp->gen_pool);
err_free:
	kfree(stp);
	return ERR_PTR(rc);
}
