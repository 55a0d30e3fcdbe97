/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Registered memory of clients
 *
 * There are three ways to the pages, by what the client says is shared in place:
 * - nothing: a region of our own is the shadow of all;
 * - pages of one file, and what is left over fits into pages of that file which no
 *   client maps: the file as it is. This is what the front library asks for, and a
 *   TA host can map it in one piece;
 * - anything else, as when registrations overlap: the pages from where they are,
 *   and the shadow in a region of our own, mapped side by side.
 */
#include "user_memory.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include <linux/mm.h>
#include <linux/slab.h>

#include "abi/front.h"
#include "base/auto.h"
#include "caller.h"
#include "machine/soc/memory.h"
#include "normal/tee/tee_core.h"
#include "server.h"
#include "user_pages.h"

/*
 * A shadow of at least this size gets a file of its own, which TA hosts map;
 * smaller ones are copied to the TA, which is cheaper than mapping.
 */
#define SHADOW_DEDICATED_SIZE (64u << 10)

/* Pages [page, page + n_pages) of the registered memory are those of @pages from @at on. */
struct run {
	size_t page, n_pages;
	struct user_pages *pages;	/* counted; NULL: shadowed */
	size_t at;
};

struct user_memory {
	struct process *owner;		/* counted */
	uint64_t addr;			/* of the first page */
	size_t n_pages;
	struct run *runs;		/* all pages, in order */
	size_t n_runs;
	struct soc_region *shadow;	/* as long as all of it; NULL: not needed, or in @base */
	struct user_pages *base;	/* the shadowed pages are this one's from @base_at on */
	size_t base_at;
	bool borrowed;			/* there are such pages */
	uint8_t *va;
	bool assembled;			/* va is ours to unmap */
	struct user_charge charges[2];	/* a buffer, its bytes */
};

/* --- runs --- */

static void add_run(struct user_memory *memory, size_t page, size_t n_pages,
		    struct user_pages *pages, size_t at)
{
	if (n_pages)
		memory->runs[memory->n_runs++] = (struct run){ page, n_pages, pages, at };
}

/* What the client says, with shadows in between. What makes no sense is shadowed. */
static int take_runs(struct user_memory *memory, const struct caller *caller)
{
	size_t page = 0;

	memory->runs = calloc(2 * caller->n_runs + 1, sizeof(*memory->runs));
	if (!memory->runs)
		return -ENOMEM;
	for (uint32_t i = 0; i < caller->n_runs; i++) {
		const struct front_run *said = &caller->runs->run[i];
		struct user_pages *pages;

		if (said->page < page || said->page >= memory->n_pages || said->n_pages == 0 ||
		    said->n_pages > memory->n_pages - said->page)
			continue;
		pages = user_pages_get(caller->process, said->ino);
		if (!pages)
			continue;
		if (said->file_page >= pages->n_pages ||
		    said->n_pages > pages->n_pages - said->file_page) {
			user_pages_put(pages);
			continue;
		}
		add_run(memory, page, said->page - page, NULL, 0);
		add_run(memory, said->page, said->n_pages, pages, (size_t)said->file_page);
		page = said->page + said->n_pages;
	}
	add_run(memory, page, memory->n_pages - page, NULL, 0);
	return 0;
}

/* Must be readable: for pages that are shared the client's word is enough. */
static bool shadowed_is_mapped(const struct user_memory *memory, uint64_t addr, size_t length)
{
	for (size_t i = 0; i < memory->n_runs; i++) {
		const struct run *run = &memory->runs[i];
		uint64_t start = memory->addr + run->page * PAGE_SIZE;
		uint64_t end = start + run->n_pages * PAGE_SIZE;

		if (start < addr)
			start = addr;
		if (end > addr + length)
			end = addr + length;
		if (!run->pages && !process_range_is_mapped(memory->owner, start, end - start))
			return false;
	}
	return true;
}

/* --- where the pages are --- */

/*
 * One file for all? The shadowed pages must be such that no client maps: it would see
 * there what is none of its bytes.
 */
static bool fits_file(const struct user_memory *memory, struct user_pages **ret_base,
		      size_t *ret_at)
{
	struct user_pages *base = NULL;
	size_t at = 0;

	for (size_t i = 0; i < memory->n_runs; i++) {
		const struct run *run = &memory->runs[i];

		if (!run->pages)
			continue;
		if (run->at < run->page)
			return false;
		if (base && (run->pages != base || run->at - run->page != at))
			return false;
		base = run->pages;
		at = run->at - run->page;
	}
	if (!base || at > base->n_pages || memory->n_pages > base->n_pages - at)
		return false;
	for (size_t i = 0; i < memory->n_runs; i++) {
		const struct run *run = &memory->runs[i];
		size_t start = at + run->page, end = start + run->n_pages;

		if (!run->pages && start < base->first + base->n_own && base->first < end)
			return false;
	}
	*ret_base = base;
	*ret_at = at;
	return true;
}

static bool has_shadow(const struct user_memory *memory)
{
	for (size_t i = 0; i < memory->n_runs; i++) {
		if (!memory->runs[i].pages)
			return true;
	}
	return false;
}

/* 1: done; 0: it is not to be done in this way; -ENOMEM. */
static int use_file(struct user_memory *memory)
{
	struct user_pages *base;
	size_t at;

	if (!fits_file(memory, &base, &at))
		return 0;
	memory->borrowed = has_shadow(memory);
	if (memory->borrowed && !user_pages_borrow(base)) {
		memory->borrowed = false;
		return 0;
	}
	memory->base = base;
	memory->base_at = at;
	memory->va = soc_region_va(base->region);
	if (!memory->va)
		return -ENOMEM;
	memory->va += at * PAGE_SIZE;
	/* An earlier registration may have left bytes there that this one does not name. */
	for (size_t i = 0; i < memory->n_runs; i++) {
		const struct run *run = &memory->runs[i];

		if (!run->pages)
			memset(memory->va + run->page * PAGE_SIZE, 0, run->n_pages * PAGE_SIZE);
	}
	return 1;
}

/* Memory and offset in it of the first page of @run */
static struct soc_region *run_region(const struct user_memory *memory, const struct run *run,
				     size_t *ret_at)
{
	if (run->pages) {
		*ret_at = run->at;
		return run->pages->region;
	}
	*ret_at = run->page + memory->base_at;
	return memory->base ? memory->base->region : memory->shadow;
}

static int assemble(struct user_memory *memory)
{
	size_t size = memory->n_pages * PAGE_SIZE;
	void *va = mmap(NULL, size, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

	if (va == MAP_FAILED)
		return -ENOMEM;
	memory->va = va;
	memory->assembled = true;
	for (size_t i = 0; i < memory->n_runs; i++) {
		const struct run *run = &memory->runs[i];
		AUTO(close_fd) int fd = -1;
		size_t at;

		fd = soc_region_open_file(run_region(memory, run, &at));
		if (fd < 0 ||
		    mmap(memory->va + run->page * PAGE_SIZE, run->n_pages * PAGE_SIZE,
			 PROT_READ | PROT_WRITE, MAP_SHARED | MAP_FIXED, fd,
			 (off_t)(at * PAGE_SIZE)) == MAP_FAILED)
			return -ENOMEM;
	}
	return 0;
}

static int find_memory(struct user_memory *memory, struct soc_mem *mem)
{
	bool mixed = memory->n_runs > 1 || memory->runs[0].pages;
	size_t size = memory->n_pages * PAGE_SIZE;
	int r;

	r = use_file(memory);
	if (r)
		return r < 0 ? r : 0;
	if (has_shadow(memory)) {
		r = soc_region_new(mem, size, mixed || size >= SHADOW_DEDICATED_SIZE,
				   &memory->shadow);
		if (r < 0)
			return r;
	}
	if (mixed)
		return assemble(memory);
	memory->va = soc_region_va(memory->shadow);
	return memory->va ? 0 : -ENOMEM;
}

static int list_pages(const struct user_memory *memory, struct tee_shm *shm)
{
	shm->pages = kvcalloc(memory->n_pages, sizeof(*shm->pages), GFP_KERNEL);
	if (!shm->pages)
		return -ENOMEM;
	for (size_t i = 0; i < memory->n_runs; i++) {
		const struct run *run = &memory->runs[i];
		size_t at;
		phys_addr_t pa = soc_region_pa(run_region(memory, run, &at));

		for (size_t n = 0; n < run->n_pages; n++)
			shm->pages[run->page + n] = phys_to_page(pa + (at + n) * PAGE_SIZE);
	}
	shm->num_pages = memory->n_pages;
	return 0;
}

/* --- the shm --- */

static void user_memory_free(struct user_memory *memory)
{
	if (memory->assembled)
		(void)munmap(memory->va, memory->n_pages * PAGE_SIZE);
	soc_region_free(memory->shadow);
	if (memory->borrowed)
		user_pages_give_back(memory->base);
	for (size_t i = 0; i < memory->n_runs; i++) {
		if (memory->runs[i].pages)
			user_pages_put(memory->runs[i].pages);
	}
	free(memory->runs);
	for (size_t i = 0; i < 2; i++)
		user_charge_end(&memory->charges[i]);
	process_put(memory->owner);
	free(memory);
}

static int charge(struct user_memory *memory)
{
	struct user *user = memory->owner->user;
	int r = user_charge(&memory->charges[0], user, USER_SHM, 1);

	if (r == 0)
		r = user_charge(&memory->charges[1], user, USER_SHM_BYTES,
				memory->n_pages * PAGE_SIZE);
	return r < 0 ? -ENOMEM : 0;
}

int user_memory_pin(struct server *server, struct caller *caller, struct tee_shm *shm,
		    uint64_t addr, size_t length)
{
	size_t offset = addr & ~PAGE_MASK;
	struct user_memory *memory;
	int r;

	memory = calloc(1, sizeof(*memory));
	if (!memory)
		return -ENOMEM;
	memory->owner = process_get(caller->process);
	memory->addr = addr - offset;
	memory->n_pages = PAGE_ALIGN(offset + length) / PAGE_SIZE;
	r = take_runs(memory, caller);
	if (r == 0 && !shadowed_is_mapped(memory, addr, length))
		r = -EFAULT;
	if (r == 0)
		r = charge(memory);
	if (r == 0)
		r = find_memory(memory, server->mem);
	if (r == 0)
		r = list_pages(memory, shm);
	if (r < 0) {
		user_memory_free(memory);
		return r;
	}
	shm->platform = memory;
	shm->offset = offset;
	shm->paddr = page_to_phys(shm->pages[0]) + offset;
	shm->kaddr = memory->va + offset;
	return 0;
}

void user_memory_unpin(struct tee_shm *shm)
{
	struct user_memory *memory = shm->platform;

	kvfree(shm->pages);
	shm->pages = NULL;
	shm->num_pages = 0;
	shm->kaddr = NULL;
	shm->platform = NULL;
	user_memory_free(memory);
}

/* The core checked that the range lies in the shm. */
static int sync_shadow(struct tee_shm *shm, size_t offs, size_t size, bool for_tee)
{
	struct user_memory *memory = shm->platform;
	size_t first = shm->offset + offs, last = first + size;

	for (size_t i = 0; i < memory->n_runs; i++) {
		const struct run *run = &memory->runs[i];
		size_t start = run->page * PAGE_SIZE;
		size_t end = start + run->n_pages * PAGE_SIZE;
		size_t left;

		if (start < first)
			start = first;
		if (end > last)
			end = last;
		if (run->pages || start >= end)
			continue;
		left = for_tee ? process_read(memory->owner, memory->va + start,
					      memory->addr + start, end - start) :
				 process_write(memory->owner, memory->addr + start,
					       memory->va + start, end - start);
		if (left)
			return -EFAULT;
	}
	return 0;
}

int user_memory_sync_for_tee(struct tee_shm *shm, size_t offs, size_t size)
{
	return sync_shadow(shm, offs, size, true);
}

int user_memory_sync_for_user(struct tee_shm *shm, size_t offs, size_t size)
{
	return sync_shadow(shm, offs, size, false);
}
