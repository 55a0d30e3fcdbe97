/* SPDX-License-Identifier: BSD-2-Clause */
#include <linux/bug.h>
#include <linux/delay.h>
#include <linux/limits.h>
#include <linux/slab.h>

#include <malloc.h>
#include <stdlib.h>
#include <string.h>

#include "base/kernel/kmem.h"

static __thread unsigned long kfault_left;
static __thread bool kfault_fired;

void kfault_set(unsigned long n)
{
	kfault_left = n;
	kfault_fired = false;
}

void kfault_clear(void)
{
	kfault_set(0);
}

bool kfault_hit(void)
{
	return kfault_fired;
}

static bool kfault_now(void)
{
	if (likely(!kfault_left) || --kfault_left)
		return false;
	kfault_fired = true;
	return true;
}

#ifdef KERNEL_DEBUG
static long kmem_count;

static void kmem_account(long n)
{
	__atomic_fetch_add(&kmem_count, n, __ATOMIC_RELAXED);
}

long kmem_live(void)
{
	return __atomic_load_n(&kmem_count, __ATOMIC_RELAXED);
}
#else
static void kmem_account(long n)
{
	(void)n;
}

long kmem_live(void)
{
	return 0;
}
#endif

/* Whether an allocation of that size may be tried at all */
static bool size_allowed(size_t size, size_t limit, gfp_t flags)
{
	if (unlikely(size > limit)) {
		WARN_ONCE(!(flags & __GFP_NOWARN),
			  "allocation of %zu bytes refused: more than the %zu that it may have",
			  size, limit);
		return false;
	}
	return flags & __GFP_NOFAIL || !kfault_now();
}

static void *libc_alloc(size_t size, gfp_t flags)
{
	return flags & __GFP_ZERO ? calloc(1, size) : malloc(size);
}

static void *allocate(size_t size, size_t limit, gfp_t flags)
{
	void *p;

	if (!size_allowed(size, limit, flags))
		return NULL;
	if (!size)
		return ZERO_SIZE_PTR;
	p = libc_alloc(size, flags);
	/* Somebody may free something: as in the kernel, for ever. */
	while (unlikely(!p) && flags & __GFP_NOFAIL) {
		msleep(1);
		p = libc_alloc(size, flags);
	}
	if (p)
		kmem_account(1);
	return p;
}

void *kmalloc(size_t size, gfp_t flags)
{
	return allocate(size, KMALLOC_MAX_SIZE, flags);
}

void *kvmalloc(size_t size, gfp_t flags)
{
	return allocate(size, INT_MAX, flags);
}

void kfree(const void *p)
{
	if (ZERO_OR_NULL_PTR(p))
		return;
	kmem_account(-1);
	free((void *)p);
}

void kvfree(const void *p)
{
	kfree(p);
}

void kfree_sensitive(const void *p)
{
	if (!ZERO_OR_NULL_PTR(p))
		explicit_bzero((void *)p, malloc_usable_size((void *)p));
	kfree(p);
}

void kvfree_sensitive(const void *p, size_t size)
{
	if (!ZERO_OR_NULL_PTR(p))
		explicit_bzero((void *)p, size);
	kfree(p);
}

void *krealloc(const void *p, size_t size, gfp_t flags)
{
	if (ZERO_OR_NULL_PTR(p))
		return kmalloc(size, flags);
	if (!size) {
		kfree(p);
		return ZERO_SIZE_PTR;
	}
	if (WARN_ON_ONCE(flags & __GFP_ZERO) || !size_allowed(size, KMALLOC_MAX_SIZE, flags))
		return NULL;
	return realloc((void *)p, size);
}
