/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The physical address space
 *
 * RAM has a bitmap of its pages. Dedicated regions get ever growing addresses;
 * their directory is therefore an array that is sorted by itself: new ones go to
 * the end, freed ones leave a hole that a compaction removes once holes are the
 * majority.
 */
#include "machine/soc/memory.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>

#include "base/auto.h"
#include "base/memfd.h"
#include "machine/soc/vault.h"

/* Below RAM, and below 4 GiB: its address fits a register of 32 bits. */
#define PROTECTED_PA 0x10000000ull
#define PROTECTED_MAX (RAM_PA - PROTECTED_PA)
#define RAM_PA 0x40000000ull
#define DEDICATED_PA 0x1000000000ull
#define PA_LIMIT (1ull << 48)
#define BITS_PER_WORD 64u
/* Freed runs of this many pages give their memory back to the host at once. */
#define PUNCH_PAGES 16u

struct soc_region {
	struct soc_mem *mem;
	uint64_t pa;
	size_t size;
	void *_Atomic va;	/* NULL until asked for */
	bool dedicated;
	/* of a dedicated one; guarded by soc_mem.lock */
	int fd;			/* -1: parked */
	uint64_t key;		/* in the vault */
	struct soc_region *next_idle, **prev_idle;	/* NULL: not in soc_mem.idle */
};

struct dir_entry {
	uint64_t pa;
	uint64_t size;
	struct soc_region *region;	/* NULL: a hole */
};

struct soc_mem {
	pthread_mutex_t lock;		/* guards all that follows */
	int ram_fd;
	uint8_t *ram_va;
	int protected_fd;		/* -1: no carve-out; both set before it is used */
	size_t protected_size;
	size_t ram_pages;
	uint64_t *ram_bitmap;
	size_t ram_hint;		/* where the last allocation ended */
	size_t ram_used;		/* pages */
	struct dir_entry *dir;
	size_t n_dir, max_dir, n_holes;
	uint64_t next_pa;
	size_t dedicated_used;
	struct vault *vault;
	size_t n_files, max_files;	/* that are open here */
	struct soc_region *idle;	/* those that may be parked, oldest first */
	struct soc_region **idle_end;
	size_t n_parked;
};

static size_t pages_of(size_t size)
{
	return size / SOC_PAGE_SIZE + (size % SOC_PAGE_SIZE != 0);
}

int soc_mem_new(size_t ram_size, struct soc_mem **ret_mem)
{
	struct soc_mem *mem = calloc(1, sizeof(*mem));
	struct rlimit limit;
	size_t words;
	void *va;
	int r;

	if (!mem)
		return -ENOMEM;
	if (getrlimit(RLIMIT_NOFILE, &limit) == 0)
		mem->max_files = limit.rlim_cur / 2;
	mem->idle_end = &mem->idle;
	mem->ram_fd = -1;
	mem->protected_fd = -1;
	mem->next_pa = DEDICATED_PA;
	mem->ram_pages = pages_of(ram_size);
	words = mem->ram_pages / BITS_PER_WORD + 1;
	mem->ram_bitmap = calloc(words, sizeof(uint64_t));
	if (!mem->ram_bitmap) {
		r = -ENOMEM;
		goto err_free;
	}
	r = vault_new(&mem->vault);
	if (r < 0)
		goto err_free;
	r = memfd_new_sealed("swtee-ram", mem->ram_pages * SOC_PAGE_SIZE, &mem->ram_fd);
	if (r < 0)
		goto err_free;
	r = memfd_map(mem->ram_fd, 0, mem->ram_pages * SOC_PAGE_SIZE, PROT_READ | PROT_WRITE, &va);
	if (r < 0)
		goto err_free;
	mem->ram_va = va;
	pthread_mutex_init(&mem->lock, NULL);
	*ret_mem = mem;
	return 0;

err_free:
	close_fd(mem->ram_fd);
	vault_free(mem->vault);
	free(mem->ram_bitmap);
	free(mem);
	return r;
}

struct soc_mem *soc_mem_free(struct soc_mem *mem)
{
	if (mem) {
		munmap(mem->ram_va, mem->ram_pages * SOC_PAGE_SIZE);
		close_fd(mem->ram_fd);
		vault_free(mem->vault);
		close_fd(mem->protected_fd);
		pthread_mutex_destroy(&mem->lock);
		free(mem->ram_bitmap);
		free(mem->dir);
		free(mem);
	}
	return NULL;
}

void soc_mem_get_ram(struct soc_mem *mem, int *ret_fd, uint64_t *ret_pa, uint64_t *ret_size)
{
	*ret_fd = mem->ram_fd;
	*ret_pa = RAM_PA;
	*ret_size = mem->ram_pages * SOC_PAGE_SIZE;
}

/* --- RAM --- */

static bool ram_page_used(const struct soc_mem *mem, size_t page)
{
	return mem->ram_bitmap[page / BITS_PER_WORD] >> (page % BITS_PER_WORD) & 1;
}

static void ram_mark(struct soc_mem *mem, size_t page, size_t n, bool used)
{
	for (size_t i = page; i < page + n; i++) {
		uint64_t bit = 1ull << (i % BITS_PER_WORD);

		if (used)
			mem->ram_bitmap[i / BITS_PER_WORD] |= bit;
		else
			mem->ram_bitmap[i / BITS_PER_WORD] &= ~bit;
	}
}

/* First run of @n free pages in [from, to); the page or SIZE_MAX. */
static size_t ram_find(const struct soc_mem *mem, size_t from, size_t to, size_t n)
{
	size_t run = 0;

	for (size_t page = from; page < to; page++) {
		if (run == 0 && page % BITS_PER_WORD == 0 &&
		    mem->ram_bitmap[page / BITS_PER_WORD] == UINT64_MAX) {
			page += BITS_PER_WORD - 1;
			continue;
		}
		run = ram_page_used(mem, page) ? 0 : run + 1;
		if (run == n)
			return page + 1 - n;
	}
	return SIZE_MAX;
}

static int ram_alloc(struct soc_mem *mem, struct soc_region *region)
{
	size_t n = region->size / SOC_PAGE_SIZE, page;

	pthread_mutex_lock(&mem->lock);
	page = ram_find(mem, mem->ram_hint, mem->ram_pages, n);
	if (page == SIZE_MAX)
		page = ram_find(mem, 0, mem->ram_pages, n);
	if (page != SIZE_MAX) {
		ram_mark(mem, page, n, true);
		mem->ram_used += n;
		mem->ram_hint = n == 1 ? page : page + n;
	}
	pthread_mutex_unlock(&mem->lock);
	if (page == SIZE_MAX)
		return -ENOMEM;

	region->pa = RAM_PA + page * SOC_PAGE_SIZE;
	atomic_init(&region->va, mem->ram_va + page * SOC_PAGE_SIZE);
	memset(mem->ram_va + page * SOC_PAGE_SIZE, 0, region->size);
	return 0;
}

static void ram_release(struct soc_mem *mem, struct soc_region *region)
{
	size_t n = region->size / SOC_PAGE_SIZE;
	size_t page = (region->pa - RAM_PA) / SOC_PAGE_SIZE;

	if (n >= PUNCH_PAGES)
		(void)fallocate(mem->ram_fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE,
				(off_t)(page * SOC_PAGE_SIZE), (off_t)region->size);
	pthread_mutex_lock(&mem->lock);
	ram_mark(mem, page, n, false);
	mem->ram_used -= n;
	if (page < mem->ram_hint)
		mem->ram_hint = page;
	pthread_mutex_unlock(&mem->lock);
}

/* --- the directory of dedicated regions --- */

/* Index of the last entry that begins at or below @pa, or SIZE_MAX. */
static size_t dir_search(const struct soc_mem *mem, uint64_t pa)
{
	size_t lo = 0, hi = mem->n_dir;

	while (lo < hi) {
		size_t mid = lo + (hi - lo) / 2;

		if (mem->dir[mid].pa <= pa)
			lo = mid + 1;
		else
			hi = mid;
	}
	return lo ? lo - 1 : SIZE_MAX;
}

static int dir_add(struct soc_mem *mem, struct soc_region *region)
{
	if (mem->n_dir == mem->max_dir) {
		size_t max = mem->max_dir ? mem->max_dir * 2 : 64;
		struct dir_entry *dir = realloc(mem->dir, max * sizeof(*dir));

		if (!dir)
			return -ENOMEM;
		mem->dir = dir;
		mem->max_dir = max;
	}
	if (region->size > PA_LIMIT - mem->next_pa)
		return -ENOMEM;
	region->pa = mem->next_pa;
	mem->next_pa += region->size;
	mem->dir[mem->n_dir++] = (struct dir_entry){ region->pa, region->size, region };
	mem->dedicated_used += region->size;
	return 0;
}

static void dir_remove(struct soc_mem *mem, struct soc_region *region)
{
	size_t i = dir_search(mem, region->pa);
	size_t n = 0;

	mem->dir[i].region = NULL;
	mem->dedicated_used -= region->size;
	if (++mem->n_holes <= mem->n_dir / 2)
		return;
	for (i = 0; i < mem->n_dir; i++) {
		if (mem->dir[i].region)
			mem->dir[n++] = mem->dir[i];
	}
	mem->n_dir = n;
	mem->n_holes = 0;
}

static int dedicated_alloc(struct soc_mem *mem, struct soc_region *region, const char *name)
{
	int r = memfd_new_sealed(name, region->size, &region->fd);

	if (r < 0)
		return r == -EMFILE || r == -ENFILE ? -ENOMEM : r;
	pthread_mutex_lock(&mem->lock);
	r = dir_add(mem, region);
	if (r == 0)
		mem->n_files++;
	pthread_mutex_unlock(&mem->lock);
	if (r < 0)
		region->fd = close_fd(region->fd);
	return r;
}

/* --- files, with the lock held --- */

/* Too many descriptors is a want of memory, to whoever asks for a mapping. */
static int dup_file(int fd)
{
	int copy = fcntl(fd, F_DUPFD_CLOEXEC, 0);

	return copy < 0 ? -ENOMEM : copy;
}

static int file_open(struct soc_mem *mem, struct soc_region *region)
{
	int fd;

	if (region->fd >= 0)
		return dup_file(region->fd);
	return vault_get(mem->vault, region->key, &fd) < 0 ? -ENOMEM : fd;
}

static void idle_unlink(struct soc_mem *mem, struct soc_region *region)
{
	if (!region->prev_idle)
		return;
	*region->prev_idle = region->next_idle;
	if (region->next_idle)
		region->next_idle->prev_idle = region->prev_idle;
	else
		mem->idle_end = region->prev_idle;
	region->prev_idle = NULL;
}

static void idle_append(struct soc_mem *mem, struct soc_region *region)
{
	region->next_idle = NULL;
	region->prev_idle = mem->idle_end;
	*mem->idle_end = region;
	mem->idle_end = &region->next_idle;
}

static void file_release(struct soc_mem *mem, struct soc_region *region)
{
	idle_unlink(mem, region);
	if (region->fd >= 0) {
		region->fd = close_fd(region->fd);
		mem->n_files--;
	} else {
		vault_drop(mem->vault, region->key);
		mem->n_parked--;
	}
}

/* --- regions --- */

/* @name: of the file; NULL: in RAM */
static int region_new(struct soc_mem *mem, size_t size, const char *name,
		      struct soc_region **ret_region)
{
	struct soc_region *region;
	int r;

	if (size == 0)
		return -EINVAL;
	if (size > SIZE_MAX / 2)
		return -ENOMEM;
	region = calloc(1, sizeof(*region));
	if (!region)
		return -ENOMEM;
	region->mem = mem;
	region->fd = -1;
	region->dedicated = name;
	region->size = pages_of(size) * SOC_PAGE_SIZE;
	r = name ? dedicated_alloc(mem, region, name) : ram_alloc(mem, region);
	if (r < 0) {
		free(region);
		return r;
	}
	*ret_region = region;
	return 0;
}

int soc_region_new(struct soc_mem *mem, size_t size, bool dedicated, struct soc_region **ret_region)
{
	return region_new(mem, size, dedicated ? "swtee-shm" : NULL, ret_region);
}

int soc_region_new_named(struct soc_mem *mem, size_t size, const char *name,
			 struct soc_region **ret_region)
{
	return region_new(mem, size, name, ret_region);
}

struct soc_region *soc_region_free(struct soc_region *region)
{
	struct soc_mem *mem;

	if (!region)
		return NULL;
	mem = region->mem;
	if (!region->dedicated) {
		ram_release(mem, region);
	} else {
		pthread_mutex_lock(&mem->lock);
		dir_remove(mem, region);
		file_release(mem, region);
		pthread_mutex_unlock(&mem->lock);
		if (atomic_load(&region->va))
			munmap(atomic_load(&region->va), region->size);
	}
	free(region);
	return NULL;
}

void *soc_region_va(struct soc_region *region)
{
	void *va = atomic_load(&region->va), *mapped;
	AUTO(close_fd) int fd = -1;

	if (va)
		return va;
	fd = soc_region_open_file(region);
	if (fd < 0 || memfd_map(fd, 0, region->size, PROT_READ | PROT_WRITE, &mapped) < 0)
		return NULL;
	if (atomic_compare_exchange_strong(&region->va, &va, mapped))
		return mapped;
	munmap(mapped, region->size);
	return va;
}

uint64_t soc_region_pa(const struct soc_region *region)
{
	return region->pa;
}

size_t soc_region_size(const struct soc_region *region)
{
	return region->size;
}

int soc_region_open_file(struct soc_region *region)
{
	int fd;

	if (!region->dedicated)
		return -EINVAL;
	pthread_mutex_lock(&region->mem->lock);
	fd = file_open(region->mem, region);
	pthread_mutex_unlock(&region->mem->lock);
	return fd;
}

void soc_region_park_file(struct soc_region *region)
{
	struct soc_mem *mem = region->mem;

	if (!region->dedicated)
		return;
	pthread_mutex_lock(&mem->lock);
	if (region->fd >= 0 && !region->prev_idle)
		idle_append(mem, region);
	/* The oldest goes: a buffer that is given up soon never costs the way there. */
	while (mem->n_files > mem->max_files && mem->idle) {
		struct soc_region *oldest = mem->idle;

		if (vault_put(mem->vault, oldest->fd, &oldest->key) < 0)
			break;
		idle_unlink(mem, oldest);
		oldest->fd = close_fd(oldest->fd);
		mem->n_files--;
		mem->n_parked++;
	}
	pthread_mutex_unlock(&mem->lock);
}

/* --- protected memory --- */

int soc_mem_add_protected(struct soc_mem *mem, size_t size)
{
	int r;

	if (size == 0 || mem->protected_fd >= 0)
		return -EINVAL;
	if (size > PROTECTED_MAX)
		return -ENOMEM;
	size = pages_of(size) * SOC_PAGE_SIZE;
	r = memfd_new_sealed("swtee-protected", size, &mem->protected_fd);
	if (r == 0)
		mem->protected_size = size;
	return r;
}

void soc_mem_get_protected(struct soc_mem *mem, uint64_t *ret_pa, uint64_t *ret_size)
{
	*ret_pa = PROTECTED_PA;
	*ret_size = mem->protected_size;
}

static bool in_protected(const struct soc_mem *mem, uint64_t pa)
{
	return pa >= PROTECTED_PA && pa - PROTECTED_PA < mem->protected_size;
}

int soc_mem_map_protected(struct soc_mem *mem, uint64_t pa, bool with_file,
			  struct soc_map *ret_map)
{
	int fd = -1;

	if (!in_protected(mem, pa))
		return -EFAULT;
	if (with_file)
		fd = dup_file(mem->protected_fd);
	if (with_file && fd < 0)
		return fd;
	*ret_map = (struct soc_map){ fd, PROTECTED_PA, mem->protected_size, 0, false };
	return 0;
}

/* The firewall: every secure world may see normal memory, as on hardware. */
int soc_mem_map(struct soc_mem *mem, uint64_t pa, bool with_file, struct soc_map *ret_map)
{
	struct dir_entry *entry;
	int fd = -1, r = -EFAULT;
	size_t i;

	if (in_protected(mem, pa))
		return -EACCES;
	if (pa >= RAM_PA && pa - RAM_PA < mem->ram_pages * SOC_PAGE_SIZE) {
		if (with_file)
			fd = dup_file(mem->ram_fd);
		if (with_file && fd < 0)
			return fd;
		*ret_map = (struct soc_map){ fd, RAM_PA, mem->ram_pages * SOC_PAGE_SIZE, 0, false };
		return 0;
	}

	pthread_mutex_lock(&mem->lock);
	i = dir_search(mem, pa);
	if (i != SIZE_MAX) {
		entry = &mem->dir[i];
		if (entry->region && pa - entry->pa < entry->size) {
			if (with_file)
				fd = file_open(mem, entry->region);
			r = with_file && fd < 0 ? fd : 0;
			*ret_map = (struct soc_map){ fd, entry->pa, entry->size, 0, true };
		}
	}
	pthread_mutex_unlock(&mem->lock);
	return r;
}

void soc_mem_get_stats(struct soc_mem *mem, struct soc_mem_stats *ret)
{
	pthread_mutex_lock(&mem->lock);
	ret->n_regions = mem->n_dir - mem->n_holes;
	ret->ram_used = mem->ram_used * SOC_PAGE_SIZE;
	ret->dedicated_used = mem->dedicated_used;
	ret->n_parked = mem->n_parked;
	pthread_mutex_unlock(&mem->lock);
}
