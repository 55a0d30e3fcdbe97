/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Helpers for pools whose every shm is pages of its own, registered one by one
 */
#include <linux/errno.h>
#include <linux/mm.h>

#include "normal/platform.h"
#include "normal/tee/tee_core.h"

void tee_shm_pool_free(struct tee_shm_pool *pool)
{
	if (pool)
		pool->ops->destroy_pool(pool);
}

/* @align is met by pages: nothing asks for more than one. */
int tee_dyn_shm_alloc_helper(struct tee_shm *shm, size_t size, size_t align,
			     tee_shm_register_fn shm_register)
{
	size_t nr_pages;
	int rc;

	if (!size || size > (size_t)-PAGE_SIZE)
		return -ENOMEM;

	nr_pages = PAGE_ALIGN(size) >> PAGE_SHIFT;
	shm->size = nr_pages << PAGE_SHIFT;
	rc = platform_shm_alloc(shm, nr_pages, shm->id > 0);
	if (rc)
		return rc;

	if (!shm_register)
		return 0;
	rc = shm_register(shm->ctx, shm, shm->pages, shm->num_pages,
			  (unsigned long)shm->kaddr);
	if (rc)
		platform_shm_free(shm);
	return rc;
}

void tee_dyn_shm_free_helper(struct tee_shm *shm, tee_shm_unregister_fn shm_unregister)
{
	if (shm_unregister)
		shm_unregister(shm->ctx, shm);
	platform_shm_free(shm);
}
