/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Pages
 *
 * struct page is opaque and never dereferenced: its pointer *is* the physical
 * address, so that page lists look as they do in a kernel. Where pages come from
 * and how they are reached is the platform's business.
 */
#ifndef BASE_KERNEL_LINUX_MM_H
#define BASE_KERNEL_LINUX_MM_H

#include <linux/align.h>
#include <linux/err.h>
#include <linux/errno.h>
#include <linux/gfp.h>
#include <linux/list.h>
#include <linux/overflow.h>
#include <linux/pfn.h>
#include <linux/types.h>

struct page;

#ifndef PAGE_ALIGN
#define PAGE_ALIGN(addr) ALIGN(addr, PAGE_SIZE)
#endif
#ifndef PAGE_ALIGN_DOWN
#define PAGE_ALIGN_DOWN(addr) ALIGN_DOWN(addr, PAGE_SIZE)
#endif
#ifndef PAGE_ALIGNED
#define PAGE_ALIGNED(addr) IS_ALIGNED((unsigned long)(addr), PAGE_SIZE)
#endif
#ifndef offset_in_page
#define offset_in_page(p) ((unsigned long)(p) & ~PAGE_MASK)
#endif

static inline phys_addr_t page_to_phys(const struct page *page)
{
	return (phys_addr_t)(uintptr_t)page;
}

static inline struct page *phys_to_page(phys_addr_t phys)
{
	return (struct page *)(uintptr_t)phys;
}

static inline unsigned long page_to_pfn(const struct page *page)
{
	return PHYS_PFN(page_to_phys(page));
}

static inline struct page *pfn_to_page(unsigned long pfn)
{
	return phys_to_page(PFN_PHYS(pfn));
}

/* Frame 0 is nobody's: its page would be NULL. */
static inline bool pfn_valid(unsigned long pfn)
{
	return pfn != 0;
}

#endif /* BASE_KERNEL_LINUX_MM_H */
