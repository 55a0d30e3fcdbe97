/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Protected memory of the trusted OS
 *
 * The static carve-out that the trusted OS reports is one range; each use of
 * protected memory gets a part of it, and with that a heap of its own. The driver
 * handles addresses only. To the trusted OS a buffer is a range of its own memory,
 * which it knows without being told (TMEM).
 */
#include <linux/array_size.h>
#include <linux/err.h>
#include <linux/errno.h>
#include <linux/kernel.h>
#include <linux/mm.h>
#include <linux/printk.h>

#include "normal/drivers/optee/optee_private.h"

/* Parts of the carve-out, in quarters: a picture to play is larger than the others. */
#define OPTEE_PROTMEM_QUARTERS 4

static const struct {
	enum tee_dma_heap_id id;
	unsigned int quarters;
} optee_protmem_uses[] = {
	{ TEE_DMA_HEAP_SECURE_VIDEO_PLAY, 2 },
	{ TEE_DMA_HEAP_TRUSTED_UI, 1 },
	{ TEE_DMA_HEAP_SECURE_VIDEO_RECORD, 1 },
};

static int optee_protmem_add(struct optee *optee, enum tee_dma_heap_id id, phys_addr_t pa,
			     size_t size)
{
	struct tee_protmem_pool *pool;
	int rc;

	pool = tee_protmem_static_pool_alloc(pa, size);
	if (IS_ERR(pool))
		return PTR_ERR(pool);
	rc = tee_device_register_dma_heap(optee->teedev, id, pool);
	if (rc)
		pool->ops->destroy_pool(pool);
	return rc;
}

int optee_protmem_init(struct optee *optee)
{
	size_t quarter = PAGE_ALIGN_DOWN(optee->protmem_size / OPTEE_PROTMEM_QUARTERS);
	phys_addr_t pa = optee->protmem_pa;
	size_t n;

	if (!quarter)
		return 0;

	for (n = 0; n < ARRAY_SIZE(optee_protmem_uses); n++) {
		size_t size = optee_protmem_uses[n].quarters * quarter;
		int rc = optee_protmem_add(optee, optee_protmem_uses[n].id, pa, size);

		if (rc == -ENOMEM)
			return rc;
		if (rc)
			pr_warn("optee: no heap of protected memory for use %u (%d); buffers of that "
				"kind cannot be allocated\n", optee_protmem_uses[n].id, rc);
		pa += size;
	}
	return 0;
}
