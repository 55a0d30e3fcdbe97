/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The physical address space
 *
 * Memory is made of regions: ranges of physical addresses, each backed by a
 * range of a sealed memory file. RAM is one large region whose file holds many
 * buffers of the normal world's kernel (it stays in swteed and the worlds);
 * every buffer that a client maps is a region with a file of its own. A secure
 * world sees a region only by asking for the mapping; the firewall, the state of
 * the region, decides.
 *
 * Protected memory is a carve-out that no device driver and no client ever reaches:
 * it is mapped by the secure world that owns it and by nobody else. This process
 * holds its file and never maps it; there is no region, and so no address, for it.
 *
 * Addresses are 4 KiB granular. Those of dedicated regions are not reused while
 * the SoC lives, so a stale one finds nothing. All functions are safe from any thread.
 */
#ifndef MACHINE_SOC_MEMORY_H
#define MACHINE_SOC_MEMORY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define SOC_PAGE_SIZE 4096u

struct soc_mem;		/* the address space */
struct soc_region;

/* Half of the descriptors that the process may have are for files of regions. */
int soc_mem_new(size_t ram_size, struct soc_mem **ret_mem);
struct soc_mem *soc_mem_free(struct soc_mem *mem); /* all regions are gone */

/* RAM as a whole, for a world that is being started. The fd stays the SoC's. */
void soc_mem_get_ram(struct soc_mem *mem, int *ret_fd, uint64_t *ret_pa, uint64_t *ret_size);

/*
 * Make the carve-out, once: @size bytes (rounded up to pages), zeroed. -EINVAL for
 * size 0 or a second one, -ENOMEM when there is no room for it.
 */
int soc_mem_add_protected(struct soc_mem *mem, size_t size);
/* Where it is; size 0 when there is none. */
void soc_mem_get_protected(struct soc_mem *mem, uint64_t *ret_pa, uint64_t *ret_size);

/*
 * @size bytes (rounded up to pages) of zeroed normal memory, physically
 * contiguous. Without @dedicated the pages are in RAM. -EINVAL for size 0, -ENOMEM.
 */
int soc_region_new(struct soc_mem *mem, size_t size, bool dedicated,
		   struct soc_region **ret_region);

/*
 * The same, dedicated, with a file of the name @name, which whoever maps it sees among
 * its mappings.
 */
int soc_region_new_named(struct soc_mem *mem, size_t size, const char *name,
			 struct soc_region **ret_region);

/* Unmap and give the addresses up; contents are gone. Returns NULL. */
struct soc_region *soc_region_free(struct soc_region *region);

/*
 * The region in this process. A dedicated one is mapped by the first call: most
 * never are, and a process has room for a few ten thousand mappings only. NULL
 * when there is no such room.
 */
void *soc_region_va(struct soc_region *region);
uint64_t soc_region_pa(const struct soc_region *region);
size_t soc_region_size(const struct soc_region *region);

/* A descriptor of the file of a dedicated region, the caller's; -ENOMEM.
 * -EINVAL for a region in RAM. */
int soc_region_open_file(struct soc_region *region);

/*
 * The file of a dedicated region will hardly be asked for any more: when this
 * process has many open, another one keeps the oldest of those (vault.h).
 */
void soc_region_park_file(struct soc_region *region);

struct soc_map {
	int fd;		/* owned by the receiver; -1 unless asked for */
	uint64_t pa;	/* first byte of the region */
	uint64_t size;
	uint64_t fd_offset;
	bool dedicated;
};

/*
 * The region around @pa as a secure world sees it, with its file if wanted. -EFAULT:
 * no memory there; -EACCES: the firewall says no; -ENOMEM: no descriptor is left.
 */
int soc_mem_map(struct soc_mem *mem, uint64_t pa, bool with_file, struct soc_map *ret_map);
/* The carve-out, for the world that owns it. -EFAULT: @pa is not in it. */
int soc_mem_map_protected(struct soc_mem *mem, uint64_t pa, bool with_file,
			  struct soc_map *ret_map);

/* Figures for `swtee` and for tests that count what is left. */
struct soc_mem_stats {
	size_t n_regions;	/* dedicated ones, not counting RAM */
	size_t ram_used;	/* bytes */
	size_t dedicated_used;	/* bytes */
	size_t n_parked;	/* files that are kept by other processes */
};
void soc_mem_get_stats(struct soc_mem *mem, struct soc_mem_stats *ret);

#endif /* MACHINE_SOC_MEMORY_H */
