/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The cache of regions
 *
 * An array that is sorted by address. `lock` guards it and the counts. It is not
 * held while the SoC is asked; `sock_lock` is, because requests and answers go
 * one at a time. Two threads that miss the same region both ask, and the second
 * finds the first one's.
 */
#include "secure/common/memory.h"

#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "abi/world.h"
#include "base/auto.h"
#include "base/fdsock.h"
#include "base/memfd.h"

struct mem {
	struct mem_region ram;
	int sock;
	pthread_mutex_t sock_lock;
	pthread_mutex_t lock;
	struct mem_region **regions;
	size_t n_regions, max_regions;
};

static bool is_page_multiple(uint64_t n)
{
	return n % MEM_PAGE_SIZE == 0;
}

int mem_new(int sock, int ram_fd, uint64_t ram_pa, uint64_t ram_size, struct mem **ret_mem)
{
	AUTO_FREE struct mem *mem = NULL;
	void *va;
	int r;

	if (ram_size == 0 || ram_size > SIZE_MAX / 2 || ram_pa > UINT64_MAX - ram_size ||
	    !is_page_multiple(ram_pa) || !is_page_multiple(ram_size))
		return -EINVAL;
	r = memfd_check_sealed(ram_fd, (size_t)ram_size);
	if (r < 0)
		return r;
	mem = calloc(1, sizeof(*mem));
	if (!mem)
		return -ENOMEM;
	r = memfd_map(ram_fd, 0, (size_t)ram_size, PROT_READ | PROT_WRITE, &va);
	if (r < 0)
		return r;
	mem->ram = (struct mem_region){
		.pa = ram_pa,
		.size = ram_size,
		.fd = ram_fd,
		.va = va,
	};
	mem->sock = sock;
	pthread_mutex_init(&mem->sock_lock, NULL);
	pthread_mutex_init(&mem->lock, NULL);
	*ret_mem = STEAL(mem);
	return 0;
}

struct mem *mem_free(struct mem *mem)
{
	if (mem) {
		(void)munmap(mem->ram.va, (size_t)mem->ram.size);
		close_fd(mem->ram.fd);
		close_fd(mem->sock);
		pthread_mutex_destroy(&mem->lock);
		pthread_mutex_destroy(&mem->sock_lock);
		free(mem->regions);
		free(mem);
	}
	return NULL;
}

/* --- the array, with the lock held --- */

/* How many regions begin at or below @pa */
static size_t regions_below(const struct mem *mem, uint64_t pa)
{
	size_t lo = 0, hi = mem->n_regions;

	while (lo < hi) {
		size_t mid = lo + (hi - lo) / 2;

		if (mem->regions[mid]->pa <= pa)
			lo = mid + 1;
		else
			hi = mid;
	}
	return lo;
}

static struct mem_region *regions_find(const struct mem *mem, uint64_t pa)
{
	size_t n = regions_below(mem, pa);

	if (n == 0 || pa - mem->regions[n - 1]->pa >= mem->regions[n - 1]->size)
		return NULL;
	return mem->regions[n - 1];
}

static bool regions_overlap(const struct mem_region *a, const struct mem_region *b)
{
	return a->pa < b->pa + b->size && b->pa < a->pa + a->size;
}

/* Regions that overlap could not be told apart again: the SoC does not make any. */
static int regions_add(struct mem *mem, struct mem_region *region)
{
	size_t n = regions_below(mem, region->pa);

	if (regions_overlap(region, &mem->ram) ||
	    (n > 0 && regions_overlap(region, mem->regions[n - 1])) ||
	    (n < mem->n_regions && regions_overlap(region, mem->regions[n])))
		return -EPROTO;
	if (mem->n_regions == mem->max_regions) {
		size_t max = mem->max_regions ? mem->max_regions * 2 : 64;
		struct mem_region **regions = realloc(mem->regions, max * sizeof(*regions));

		if (!regions)
			return -ENOMEM;
		mem->regions = regions;
		mem->max_regions = max;
	}
	memmove(mem->regions + n + 1, mem->regions + n,
		(mem->n_regions - n) * sizeof(*mem->regions));
	mem->regions[n] = region;
	mem->n_regions++;
	return 0;
}

static void regions_remove(struct mem *mem, struct mem_region *region)
{
	size_t n = regions_below(mem, region->pa);

	memmove(mem->regions + n - 1, mem->regions + n,
		(mem->n_regions - n) * sizeof(*mem->regions));
	mem->n_regions--;
}

/* --- the SoC --- */

static bool answer_is_sane(const struct world_map_rep *rep, uint64_t pa)
{
	return rep->size && rep->size <= SIZE_MAX / 2 &&
	       rep->fd_offset <= SIZE_MAX / 2 && rep->pa <= UINT64_MAX - rep->size &&
	       is_page_multiple(rep->pa) && is_page_multiple(rep->size) &&
	       is_page_multiple(rep->fd_offset) && pa >= rep->pa && pa - rep->pa < rep->size;
}

/* @ret_fd: NULL to learn only where the region is */
static int mem_ask(struct mem *mem, uint64_t pa, struct world_map_rep *rep, int *ret_fd)
{
	struct world_map_req req = { .type = ret_fd ? WORLD_MAP : WORLD_LOOK, .pa = pa };
	AUTO(close_fd) int fd = -1;
	size_t n_fds = 0;
	ssize_t n;
	int r;

	pthread_mutex_lock(&mem->sock_lock);
	n = fdsock_send(mem->sock, &req, sizeof(req), NULL, 0);
	if (n == 0) {
		n = fdsock_recv(mem->sock, rep, sizeof(*rep), ret_fd ? &fd : NULL,
				ret_fd ? 1 : 0, &n_fds, NULL, 0);
		if (n == 0)
			n = -EPIPE;
	}
	pthread_mutex_unlock(&mem->sock_lock);
	if (n < 0)
		return (int)n;
	if (n != sizeof(*rep))
		return -EPROTO;
	r = rep->error;
	if (r)
		return r < 0 && r > -4096 ? r : -EPROTO;
	if (!answer_is_sane(rep, pa))
		return -EPROTO;
	if (ret_fd) {
		if (fd < 0 || memfd_check_sealed(fd, (size_t)(rep->fd_offset + rep->size)) < 0)
			return -EPROTO;
		*ret_fd = steal_fd(&fd);
	}
	return 0;
}

static int mem_region_load(struct mem *mem, uint64_t pa, struct mem_region **ret_region)
{
	struct mem_region *region, *other;
	struct world_map_rep rep;
	int r;

	r = mem_ask(mem, pa, &rep, NULL);
	if (r < 0)
		return r;
	region = calloc(1, sizeof(*region));
	if (!region)
		return -ENOMEM;
	*region = (struct mem_region){
		.pa = rep.pa,
		.size = rep.size,
		.fd = -1,
		.fd_offset = rep.fd_offset,
		.dedicated = rep.flags & WORLD_MAP_DEDICATED,
		.protected = rep.flags & WORLD_MAP_PROTECTED,
		.refs = 1,
	};

	pthread_mutex_lock(&mem->lock);
	other = regions_find(mem, pa);
	if (other)
		other->refs++;
	else
		r = regions_add(mem, region);
	pthread_mutex_unlock(&mem->lock);
	if (other || r < 0)
		free(region);
	if (r == 0)
		*ret_region = other ? other : region;
	return r;
}

/* --- regions --- */

static int region_get_any(struct mem *mem, uint64_t pa, struct mem_region **ret_region)
{
	struct mem_region *region;

	pthread_mutex_lock(&mem->lock);
	region = regions_find(mem, pa);
	if (region)
		region->refs++;
	pthread_mutex_unlock(&mem->lock);
	if (!region)
		return mem_region_load(mem, pa, ret_region);
	*ret_region = region;
	return 0;
}

void mem_region_put(struct mem *mem, struct mem_region *region)
{
	bool last;

	if (!region || region == &mem->ram)
		return;
	pthread_mutex_lock(&mem->lock);
	last = --region->refs == 0;
	if (last)
		regions_remove(mem, region);
	pthread_mutex_unlock(&mem->lock);
	if (last) {
		close_fd(region->fd);
		free(region);
	}
}

int mem_region_file(struct mem *mem, struct mem_region *region)
{
	struct world_map_rep rep;
	int fd = atomic_load(&region->fd), old = -1, r;

	if (fd >= 0)
		return fd;
	r = mem_ask(mem, region->pa, &rep, &fd);
	if (r < 0)
		return r;
	/* Addresses are not reused: the same region, or an SoC that lies. */
	if (rep.pa != region->pa || rep.size != region->size ||
	    rep.fd_offset != region->fd_offset)
		r = -EPROTO;
	else if (atomic_compare_exchange_strong(&region->fd, &old, fd))
		return fd;
	close_fd(fd);
	return r < 0 ? r : old;
}

/* noinline: errno is looked at on one operating system thread (fiber.h). */
__attribute__((noinline)) int mem_map(struct mem *mem, struct mem_region *region,
				      uint64_t offset, size_t size, void *va, void **ret_va)
{
	int fd = mem_region_file(mem, region);
	void *addr;

	if (fd < 0)
		return fd;
	addr = mmap(va, size, PROT_READ | PROT_WRITE, MAP_SHARED | (va ? MAP_FIXED : 0), fd,
		    (off_t)(region->fd_offset + offset));
	if (addr == MAP_FAILED)
		return -ENOMEM;
	*ret_va = addr;
	return 0;
}

static int region_get(struct mem *mem, uint64_t pa, bool protected,
		      struct mem_region **ret_region)
{
	struct mem_region *region;
	int r;

	r = region_get_any(mem, pa, &region);
	if (r < 0)
		return r;
	if (region->protected != protected) {
		mem_region_put(mem, region);
		return -EACCES;
	}
	*ret_region = region;
	return 0;
}

int mem_region_get(struct mem *mem, uint64_t pa, struct mem_region **ret_region)
{
	/* RAM needs no lock and no count. */
	if (pa >= mem->ram.pa && pa - mem->ram.pa < mem->ram.size) {
		*ret_region = &mem->ram;
		return 0;
	}
	return region_get(mem, pa, false, ret_region);
}

int mem_region_get_protected(struct mem *mem, uint64_t pa, struct mem_region **ret_region)
{
	if (pa >= mem->ram.pa && pa - mem->ram.pa < mem->ram.size)
		return -EACCES;
	return region_get(mem, pa, true, ret_region);
}

int mem_page_map(struct mem *mem, uint64_t pa, struct mem_region **ret_region, void **ret_va)
{
	struct mem_region *region;
	int r;

	r = mem_region_get(mem, pa, &region);
	if (r < 0)
		return r;
	if (region->va) {
		*ret_va = region->va + (pa - region->pa);
	} else {
		r = mem_map(mem, region, pa - region->pa, MEM_PAGE_SIZE, NULL, ret_va);
		if (r < 0) {
			mem_region_put(mem, region);
			return r;
		}
	}
	*ret_region = region;
	return 0;
}

void mem_page_unmap(struct mem *mem, struct mem_region *region, void *va)
{
	if (!region)
		return;
	if (!region->va)
		(void)munmap(va, MEM_PAGE_SIZE);
	mem_region_put(mem, region);
}
