/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Memory
 *
 * The kernel's allocator on top of libc's. Any thread may free what another one
 * allocated; kfree and kvfree are one and take NULL and ZERO_SIZE_PTR. As in the
 * kernel, a size of 0 gives ZERO_SIZE_PTR and one above KMALLOC_MAX_SIZE (kvmalloc:
 * INT_MAX) fails with a warning, unless __GFP_NOWARN. Every failure is NULL. With
 * __GFP_NOFAIL only that one is possible, and no fault is injected.
 * Faults and leak counts for tests: base/kernel/kmem.h.
 */
#ifndef BASE_KERNEL_LINUX_SLAB_H
#define BASE_KERNEL_LINUX_SLAB_H

#include <linux/cleanup.h>
#include <linux/compiler.h>
#include <linux/err.h>
#include <linux/gfp.h>
#include <linux/overflow.h>
#include <linux/types.h>

#define ZERO_SIZE_PTR ((void *)16)
#define ZERO_OR_NULL_PTR(x) ((unsigned long)(x) <= (unsigned long)ZERO_SIZE_PTR)

#define KMALLOC_MAX_SIZE (4UL << 20)

void *__must_check kmalloc(size_t size, gfp_t flags);
void *__must_check kvmalloc(size_t size, gfp_t flags);
void kfree(const void *p);
void kvfree(const void *p);

/* Clears the object first. @size for kvfree_sensitive is what was asked for. */
void kfree_sensitive(const void *p);
void kvfree_sensitive(const void *p, size_t size);

/*
 * Keeps the contents up to the smaller size. On failure @p is still the caller's;
 * a size of 0 frees. __GFP_ZERO is refused: what was behind the old size is unknown.
 */
void *__must_check krealloc(const void *p, size_t size, gfp_t flags);

static inline void *__must_check kzalloc(size_t size, gfp_t flags)
{
	return kmalloc(size, flags | __GFP_ZERO);
}

static inline void *__must_check kmalloc_array(size_t n, size_t size, gfp_t flags)
{
	return kmalloc(size_mul(n, size), flags);
}

static inline void *__must_check kcalloc(size_t n, size_t size, gfp_t flags)
{
	return kmalloc_array(n, size, flags | __GFP_ZERO);
}

static inline void *__must_check krealloc_array(void *p, size_t n, size_t size, gfp_t flags)
{
	return krealloc(p, size_mul(n, size), flags);
}

static inline void *__must_check kvzalloc(size_t size, gfp_t flags)
{
	return kvmalloc(size, flags | __GFP_ZERO);
}

static inline void *__must_check kvmalloc_array(size_t n, size_t size, gfp_t flags)
{
	return kvmalloc(size_mul(n, size), flags);
}

static inline void *__must_check kvcalloc(size_t n, size_t size, gfp_t flags)
{
	return kvmalloc_array(n, size, flags | __GFP_ZERO);
}

/* Defined in string.c, declared here too because that is where people look */
char *__must_check kstrdup(const char *s, gfp_t gfp);
void *__must_check kmemdup(const void *src, size_t len, gfp_t gfp);

DEFINE_FREE(kfree, void *, if (!IS_ERR_OR_NULL(_T)) kfree(_T))
DEFINE_FREE(kfree_sensitive, void *, if (!IS_ERR_OR_NULL(_T)) kfree_sensitive(_T))
DEFINE_FREE(kvfree, void *, if (!IS_ERR_OR_NULL(_T)) kvfree(_T))

#endif /* BASE_KERNEL_LINUX_SLAB_H */
