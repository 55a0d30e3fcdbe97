/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Memory of the normal world, as a secure world reaches it
 *
 * A physical address belongs to a region. RAM is one, known from the start and
 * mapped for good. The others are asked of the SoC when an address in them is met
 * for the first time; the firewall may say no. A region is kept while somebody
 * uses it, its file from the first look into it on.
 *
 * What lies there may change at any moment: copy, check the copy, use the copy.
 * All functions are safe from any thread.
 */
#ifndef SECURE_COMMON_MEMORY_H
#define SECURE_COMMON_MEMORY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define MEM_PAGE_SIZE 4096u

struct mem;

struct mem_region {
	uint64_t pa;
	uint64_t size;
	_Atomic int fd;		/* mem_region_file() */
	uint64_t fd_offset;	/* of the region in its file */
	bool dedicated;		/* the file may be handed to a TA host */
	bool protected;		/* not of the normal world */
	uint8_t *va;		/* RAM: mapped here; NULL for others */
	unsigned int refs;	/* private */
};

/*
 * @sock: the memory socket; @ram_fd: the file of RAM, @ram_size bytes at @ram_pa.
 * Both become the object's on success. -EINVAL for RAM that cannot be, -ENOMEM.
 */
int mem_new(int sock, int ram_fd, uint64_t ram_pa, uint64_t ram_size, struct mem **ret_mem);
/* No region is in use. Accepts NULL. */
struct mem *mem_free(struct mem *mem);

/*
 * The region around @pa; one put for each get. -EFAULT: nothing there; -EACCES:
 * the firewall, or memory that is not of the normal world; -EPIPE: the SoC is gone;
 * -EPROTO: it answered nonsense; -ENOMEM.
 */
int mem_region_get(struct mem *mem, uint64_t pa, struct mem_region **ret_region);
/* The same for protected memory; -EACCES for memory of the normal world. */
int mem_region_get_protected(struct mem *mem, uint64_t pa, struct mem_region **ret_region);
void mem_region_put(struct mem *mem, struct mem_region *region);

/*
 * Read-write access to the page at @pa, which is page aligned. Ended by
 * mem_page_unmap() with the same region and address. Errors as above.
 */
int mem_page_map(struct mem *mem, uint64_t pa, struct mem_region **ret_region, void **ret_va);
void mem_page_unmap(struct mem *mem, struct mem_region *region, void *va);

/*
 * @size bytes at @offset of a region, both multiples of the page size and inside:
 * at @va (mapped over what is there), or anywhere when @va is NULL. 0, -ENOMEM, or
 * as mem_region_file().
 */
int mem_map(struct mem *mem, struct mem_region *region, uint64_t offset, size_t size, void *va,
	    void **ret_va);

/* The region's file, the region's to close. Errors as of mem_region_get(). */
int mem_region_file(struct mem *mem, struct mem_region *region);

#endif /* SECURE_COMMON_MEMORY_H */
