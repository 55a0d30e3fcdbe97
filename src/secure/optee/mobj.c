/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Memory objects
 *
 * `refs` counts the table and the users. Taking an object out of the table sets
 * REFS_RELEASING in the same word, so that the user who leaves only the releaser's
 * reference behind knows that it must wake somebody, without another look at an
 * object that may be gone by then.
 */
#include "secure/optee/mobj.h"

#include <errno.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <sys/mman.h>

#include "abi/optee_msg.h"
#include "abi/tee_result.h"
#include "secure/common/shared.h"
#include "secure/optee/ta_manager.h"
#include "secure/optee/world.h"

#define REFS_RELEASING 0x80000000u

/* What one buffer may cost us: address space, and mappings if it is scattered */
#define MOBJ_MAX_SIZE ((uint64_t)4 << 30)
#define MOBJ_MAX_RUNS 4096u
/* More than these are copied to a TA: each costs a call to its host to map. */
#define MOBJ_MAX_PIECES 32u

#define FIRST_BUCKETS 64u

struct mobj_run {
	struct mem_region *region;	/* counted */
	uint64_t offset;		/* in the region */
	uint64_t size;
};

struct mobj {
	struct mobj *next;		/* in its bucket */
	uint64_t cookie;
	uint64_t serial;		/* 0: in no table */
	_Atomic uint32_t refs;
	uint32_t n_runs, max_runs;
	struct mobj_run *runs;
	size_t size;			/* bytes, from the first one */
	size_t n_bytes;			/* of all pages */
	uint32_t first;			/* offset of the first byte in its page */
	uint8_t *_Atomic pages;		/* mapped, or in RAM, or NULL */
	bool mapped;			/* pages is ours to unmap */
};

/* --- building --- */

static void mobj_free(struct optee_world *world, struct mobj *mobj)
{
	if (mobj->mapped)
		(void)munmap(atomic_load(&mobj->pages), mobj->n_bytes);
	for (uint32_t i = 0; i < mobj->n_runs; i++)
		mem_region_put(world->mem, mobj->runs[i].region);
	free(mobj->runs);
	free(mobj);
}

static uint32_t result_of_errno(int r)
{
	return r == -ENOMEM ? TEE_R_OUT_OF_MEMORY : TEE_R_BAD_PARAMETERS;
}

static uint32_t mobj_add_run(struct optee_world *world, struct mobj *mobj, uint64_t pa)
{
	struct mem_region *region;
	int r;

	if (mobj->n_runs == mobj->max_runs) {
		uint32_t max = mobj->max_runs ? mobj->max_runs * 4 : 1;
		struct mobj_run *runs;

		if (max > MOBJ_MAX_RUNS)
			return TEE_R_OUT_OF_MEMORY;
		runs = realloc(mobj->runs, max * sizeof(*runs));
		if (!runs)
			return TEE_R_OUT_OF_MEMORY;
		mobj->runs = runs;
		mobj->max_runs = max;
	}
	r = mem_region_get(world->mem, pa, &region);
	if (r < 0)
		return result_of_errno(r);
	/* A region is whole pages, and so @pa being in it means the page is. */
	mobj->runs[mobj->n_runs++] = (struct mobj_run){
		.region = region,
		.offset = pa - region->pa,
		.size = MEM_PAGE_SIZE,
	};
	return TEE_R_SUCCESS;
}

static uint32_t mobj_add_page(struct optee_world *world, struct mobj *mobj, uint64_t pa)
{
	struct mobj_run *last = mobj->n_runs ? &mobj->runs[mobj->n_runs - 1] : NULL;

	if (pa % MEM_PAGE_SIZE)
		return TEE_R_BAD_PARAMETERS;
	if (last && pa == last->region->pa + last->offset + last->size &&
	    last->size < last->region->size - last->offset) {
		last->size += MEM_PAGE_SIZE;
		return TEE_R_SUCCESS;
	}
	return mobj_add_run(world, mobj, pa);
}

/* The next list page; the one before is unmapped. */
static uint32_t list_load(struct optee_world *world, uint64_t pa, struct mem_region **region,
			  struct optee_msg_page_list **list)
{
	void *va = *list;
	int r;

	mem_page_unmap(world->mem, *region, va);
	*region = NULL;
	if (pa % MEM_PAGE_SIZE)
		return TEE_R_BAD_PARAMETERS;
	r = mem_page_map(world->mem, pa, region, &va);
	if (r < 0)
		return result_of_errno(r);
	*list = va;
	return TEE_R_SUCCESS;
}

/* The number of pages bounds the chain, whatever it looks like. */
static uint32_t mobj_add_list(struct optee_world *world, struct mobj *mobj, uint64_t list_pa,
			      uint64_t n_pages)
{
	struct optee_msg_page_list *list = NULL;
	struct mem_region *region = NULL;
	uint32_t slot = 0;
	uint32_t res;

	res = list_load(world, list_pa, &region, &list);
	for (uint64_t i = 0; res == TEE_R_SUCCESS && i < n_pages; i++) {
		if (slot == OPTEE_MSG_PAGES_PER_LIST) {
			res = list_load(world, SHARED_READ(list->next), &region, &list);
			if (res != TEE_R_SUCCESS)
				break;
			slot = 0;
		}
		res = mobj_add_page(world, mobj, SHARED_READ(list->pages[slot]));
		slot++;
	}
	mem_page_unmap(world->mem, region, list);
	return res;
}

static uint32_t mobj_new(uint64_t size, uint32_t first, struct mobj **ret_mobj)
{
	struct mobj *mobj;

	if (size == 0)
		return TEE_R_BAD_PARAMETERS;
	if (size > MOBJ_MAX_SIZE)
		return TEE_R_OUT_OF_MEMORY;
	mobj = calloc(1, sizeof(*mobj));
	if (!mobj)
		return TEE_R_OUT_OF_MEMORY;
	atomic_init(&mobj->refs, 1);
	mobj->size = (size_t)size;
	mobj->first = first;
	mobj->n_bytes = (first + mobj->size + MEM_PAGE_SIZE - 1) & ~((size_t)MEM_PAGE_SIZE - 1);
	*ret_mobj = mobj;
	return TEE_R_SUCCESS;
}

/* With all runs known: what lies in RAM in one piece is there already. */
static void mobj_settle(struct mobj *mobj)
{
	const struct mobj_run *run = mobj->runs;

	if (mobj->n_runs == 1 && run->region->va)
		atomic_init(&mobj->pages, run->region->va + run->offset);
}

uint32_t mobj_new_noncontig(struct optee_world *world, uint64_t buf_ptr, uint64_t size,
			    struct mobj **ret_mobj)
{
	uint32_t first = buf_ptr % MEM_PAGE_SIZE;
	struct mobj *mobj;
	uint32_t res;

	res = mobj_new(size, first, &mobj);
	if (res != TEE_R_SUCCESS)
		return res;
	res = mobj_add_list(world, mobj, buf_ptr - first, mobj->n_bytes / MEM_PAGE_SIZE);
	if (res != TEE_R_SUCCESS) {
		mobj_free(world, mobj);
		return res;
	}
	mobj_settle(mobj);
	*ret_mobj = mobj;
	return TEE_R_SUCCESS;
}

uint32_t mobj_new_page(struct optee_world *world, uint64_t pa, uint64_t size,
		       struct mobj **ret_mobj)
{
	struct mobj *mobj;
	uint32_t res;

	if (size > MEM_PAGE_SIZE)
		return TEE_R_BAD_PARAMETERS;
	res = mobj_new(size, 0, &mobj);
	if (res != TEE_R_SUCCESS)
		return res;
	res = mobj_add_page(world, mobj, pa);
	if (res != TEE_R_SUCCESS) {
		mobj_free(world, mobj);
		return res;
	}
	mobj_settle(mobj);
	*ret_mobj = mobj;
	return TEE_R_SUCCESS;
}

/* One run, however long: what is next to each other there belongs together. */
uint32_t mobj_new_protected(struct optee_world *world, uint64_t pa, uint64_t size,
			    struct mobj **ret_mobj)
{
	struct mem_region *region;
	struct mobj_run *run;
	struct mobj *mobj;
	uint32_t res;
	int r;

	r = mem_region_get_protected(world->mem, pa, &region);
	if (r < 0)
		return result_of_errno(r);
	if (size > region->size - (pa - region->pa)) {
		mem_region_put(world->mem, region);
		return TEE_R_BAD_PARAMETERS;
	}
	run = calloc(1, sizeof(*run));
	res = run ? mobj_new(size, pa % MEM_PAGE_SIZE, &mobj) : TEE_R_OUT_OF_MEMORY;
	if (res != TEE_R_SUCCESS) {
		free(run);
		mem_region_put(world->mem, region);
		return res;
	}
	*run = (struct mobj_run){
		.region = region,
		.offset = pa - region->pa - mobj->first,
		.size = mobj->n_bytes,
	};
	mobj->runs = run;
	mobj->n_runs = 1;
	mobj->max_runs = 1;
	*ret_mobj = mobj;
	return TEE_R_SUCCESS;
}

bool mobj_is_protected(const struct mobj *mobj)
{
	return mobj->runs[0].region->protected;
}

/* --- use --- */

void mobj_put(struct thread *thread, struct mobj *mobj)
{
	struct optee_world *world = thread->world;
	uint32_t old;

	if (!mobj)
		return;
	old = atomic_fetch_sub(&mobj->refs, 1);
	if (old == (REFS_RELEASING | 2))
		wait_wake_all(&world->shm.released, thread);
	else if (old == 1)
		mobj_free(world, mobj);
}

size_t mobj_size(const struct mobj *mobj)
{
	return mobj->size;
}

/* noinline: errno and mappings belong together on one thread (fiber.h). */
static __attribute__((noinline)) uint8_t *mobj_map(struct optee_world *world,
						      struct mobj *mobj)
{
	uint8_t *pages;
	void *va;

	/* Reserved as a whole first, so that the runs land next to each other. */
	pages = mmap(NULL, mobj->n_bytes, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE,
		     -1, 0);
	if (pages == MAP_FAILED)
		return NULL;
	va = pages;
	for (uint32_t i = 0; i < mobj->n_runs; i++) {
		const struct mobj_run *run = &mobj->runs[i];
		uint8_t *at = va;

		if (mem_map(world->mem, run->region, run->offset, (size_t)run->size, at, &va) < 0) {
			(void)munmap(pages, mobj->n_bytes);
			return NULL;
		}
		va = at + run->size;
	}
	return pages;
}

uint8_t *mobj_va(struct optee_world *world, struct mobj *mobj)
{
	uint8_t *pages = atomic_load_explicit(&mobj->pages, memory_order_acquire);

	if (!pages) {
		pthread_mutex_lock(&world->shm.map_lock);
		pages = atomic_load(&mobj->pages);
		if (!pages) {
			pages = mobj_map(world, mobj);
			mobj->mapped = pages != NULL;
			atomic_store_explicit(&mobj->pages, pages, memory_order_release);
		}
		pthread_mutex_unlock(&world->shm.map_lock);
	}
	return pages ? pages + mobj->first : NULL;
}

bool mobj_get_share(struct optee_world *world, const struct mobj *mobj, struct mobj_share *ret)
{
	if (!mobj->serial || mobj->n_runs > MOBJ_MAX_PIECES)
		return false;
	for (uint32_t i = 0; i < mobj->n_runs; i++) {
		struct mem_region *region = mobj->runs[i].region;

		if (!region->dedicated || mem_region_file(world->mem, region) < 0)
			return false;
	}
	*ret = (struct mobj_share){
		.serial = mobj->serial,
		.size = mobj->n_bytes,
		.first = mobj->first,
		.n_pieces = mobj->n_runs,
	};
	return true;
}

struct mobj_piece mobj_get_piece(const struct mobj *mobj, uint32_t i)
{
	const struct mobj_run *run = &mobj->runs[i];

	return (struct mobj_piece){
		.fd = run->region->fd,
		.fd_offset = run->region->fd_offset + run->offset,
		.size = run->size,
	};
}

/* --- the table --- */

int shm_table_init(struct shm_table *table)
{
	*table = (struct shm_table){ .n_buckets = FIRST_BUCKETS };
	table->buckets = calloc(FIRST_BUCKETS, sizeof(struct mobj *));
	if (!table->buckets)
		return -ENOMEM;
	pthread_mutex_init(&table->lock, NULL);
	pthread_mutex_init(&table->map_lock, NULL);
	wait_queue_init(&table->released);
	return 0;
}

void shm_table_deinit(struct shm_table *table, struct optee_world *world)
{
	if (!table->buckets)
		return;
	for (uint32_t i = 0; i < table->n_buckets; i++) {
		while (table->buckets[i]) {
			struct mobj *mobj = table->buckets[i];

			table->buckets[i] = mobj->next;
			mobj_free(world, mobj);
		}
	}
	free(table->buckets);
	table->buckets = NULL;
	wait_queue_deinit(&table->released);
	pthread_mutex_destroy(&table->map_lock);
	pthread_mutex_destroy(&table->lock);
}

/* Cookies are small numbers or addresses: spread both. */
static struct mobj **bucket_of(struct mobj **buckets, uint32_t n_buckets, uint64_t cookie)
{
	return &buckets[(cookie * 0x9e3779b97f4a7c15ull >> 32) & (n_buckets - 1)];
}

/* The link that leads to it, or to NULL. With the lock held. */
static struct mobj **table_find(struct shm_table *table, uint64_t cookie)
{
	struct mobj **p = bucket_of(table->buckets, table->n_buckets, cookie);

	while (*p && (*p)->cookie != cookie)
		p = &(*p)->next;
	return p;
}

/* Fails softly: a crowded table works, too. */
static void table_grow(struct shm_table *table)
{
	uint32_t n = table->n_buckets * 2;
	struct mobj **buckets;

	if (table->n_mobjs < n || n > 1u << 20)
		return;
	buckets = calloc(n, sizeof(struct mobj *));
	if (!buckets)
		return;
	for (uint32_t i = 0; i < table->n_buckets; i++) {
		while (table->buckets[i]) {
			struct mobj *mobj = table->buckets[i];
			struct mobj **to = bucket_of(buckets, n, mobj->cookie);

			table->buckets[i] = mobj->next;
			mobj->next = *to;
			*to = mobj;
		}
	}
	free(table->buckets);
	table->buckets = buckets;
	table->n_buckets = n;
}

uint32_t shm_table_add(struct shm_table *table, struct mobj *mobj, uint64_t cookie)
{
	uint32_t res = TEE_R_BAD_PARAMETERS;
	struct mobj **p;

	pthread_mutex_lock(&table->lock);
	p = table_find(table, cookie);
	if (!*p) {
		mobj->cookie = cookie;
		mobj->serial = ++table->last_serial;
		*p = mobj;
		table->n_mobjs++;
		table_grow(table);
		res = TEE_R_SUCCESS;
	}
	pthread_mutex_unlock(&table->lock);
	return res;
}

struct mobj *shm_table_get(struct shm_table *table, uint64_t cookie)
{
	struct mobj *mobj;

	pthread_mutex_lock(&table->lock);
	mobj = *table_find(table, cookie);
	if (mobj)
		atomic_fetch_add(&mobj->refs, 1);
	pthread_mutex_unlock(&table->lock);
	return mobj;
}

/* The table's reference becomes the caller's. */
static struct mobj *table_take(struct shm_table *table, uint64_t cookie,
			       const struct mobj *refused)
{
	struct mobj **p, *mobj;

	pthread_mutex_lock(&table->lock);
	p = table_find(table, cookie);
	mobj = *p;
	if (mobj == refused)
		mobj = NULL;
	if (mobj) {
		*p = mobj->next;
		table->n_mobjs--;
		atomic_fetch_or(&mobj->refs, REFS_RELEASING);
	}
	pthread_mutex_unlock(&table->lock);
	return mobj;
}

static bool is_last(struct mobj *mobj)
{
	return atomic_load(&mobj->refs) == (REFS_RELEASING | 1);
}

uint32_t shm_table_remove(struct thread *thread, uint64_t cookie)
{
	struct optee_world *world = thread->world;
	struct shm_table *table = &world->shm;
	struct wait_entry entry;
	struct mobj *mobj;

	mobj = table_take(table, cookie, thread->arg_mobj);
	if (!mobj)
		return TEE_R_BAD_PARAMETERS;
	while (!is_last(mobj)) {
		wait_prepare(&table->released, thread, &entry);
		if (is_last(mobj)) {
			wait_cancel(&table->released, &entry);
			break;
		}
		wait_sleep(thread, &entry);
	}
	ta_manager_forget_memory(thread, mobj->serial);
	mobj_free(world, mobj);
	return TEE_R_SUCCESS;
}
