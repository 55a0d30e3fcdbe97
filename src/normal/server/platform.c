/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The user-space form of src/normal/platform.h
 *
 * Memory that the TEE can see is a region of the SoC: dedicated to one buffer
 * when a client may map it, in RAM otherwise. What clients register is in
 * user_memory.c.
 */
#include "server.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <uuid/uuid.h>

#include <linux/mm.h>
#include <linux/slab.h>

#include "base/auto.h"
#include "base/kernel/dmabuf.h"
#include "machine/soc/memory.h"
#include "normal/platform.h"
#include "normal/tee/tee_core.h"
#include "user_memory.h"

/* Of memory of the kernel and of allocated memory; the clients' is in user_memory.c. */
struct shm_memory {
	struct soc_region *region;
	void *own;	/* of the kernel's heap, that it stands for; or NULL */
	struct user_charge charges[2];	/* a buffer, its bytes */
};

static struct server *the_server;

void platform_set_server(struct server *server)
{
	the_server = server;
}

struct server *platform_get_server(void)
{
	return the_server;
}

int dma_heap_publish(struct dma_heap *heap)
{
	return node_publish_heap(the_server, heap);
}

int platform_device_publish(struct tee_device *teedev)
{
	return node_publish(the_server, teedev);
}

void platform_device_withdraw(struct tee_device *teedev)
{
	node_withdraw(the_server, teedev);
}

/* --- memory --- */

static void uncharge(struct shm_memory *memory)
{
	for (size_t i = 0; i < 2; i++)
		user_charge_end(&memory->charges[i]);
}

/*
 * Only what clients ask for: a driver that serves one needs memory too, but no more
 * than there are calls, and closing things must work at the limit.
 */
static int charge(struct shm_memory *memory, size_t nr_pages)
{
	struct caller *caller = caller_current();
	int r;

	if (!caller)
		return 0;
	r = user_charge(&memory->charges[0], caller->process->user, USER_SHM, 1);
	if (r == 0)
		r = user_charge(&memory->charges[1], caller->process->user, USER_SHM_BYTES,
				nr_pages * PAGE_SIZE);
	if (r < 0)
		uncharge(memory);
	return r < 0 ? -ENOMEM : 0;
}

static int back_shm(struct tee_shm *shm, size_t nr_pages, bool dedicated, bool charged)
{
	struct shm_memory *memory;
	phys_addr_t pa;
	int r;

	if (nr_pages == 0 || nr_pages > SIZE_MAX / PAGE_SIZE)
		return -ENOMEM;
	memory = calloc(1, sizeof(*memory));
	if (!memory)
		return -ENOMEM;
	r = charged ? charge(memory, nr_pages) : 0;
	if (r < 0)
		goto err_free;
	r = soc_region_new(the_server->mem, nr_pages * PAGE_SIZE, dedicated, &memory->region);
	if (r < 0)
		goto err_charge;
	shm->pages = kvcalloc(nr_pages, sizeof(*shm->pages), GFP_KERNEL);
	if (!shm->pages) {
		r = -ENOMEM;
		goto err_region;
	}
	pa = soc_region_pa(memory->region);
	for (size_t i = 0; i < nr_pages; i++)
		shm->pages[i] = phys_to_page(pa + i * PAGE_SIZE);
	shm->num_pages = nr_pages;
	shm->paddr = pa;
	shm->platform = memory;
	return 0;

err_region:
	soc_region_free(memory->region);
err_charge:
	uncharge(memory);
err_free:
	free(memory);
	return r;
}

static void unback_shm(struct tee_shm *shm)
{
	struct shm_memory *memory = shm->platform;

	kvfree(shm->pages);
	shm->pages = NULL;
	shm->num_pages = 0;
	shm->kaddr = NULL;
	shm->platform = NULL;
	if (memory) {
		soc_region_free(memory->region);
		uncharge(memory);
		free(memory);
	}
}

/* Map what back_shm() made, or undo it. */
static int map_shm(struct tee_shm *shm)
{
	struct shm_memory *memory = shm->platform;

	shm->kaddr = soc_region_va(memory->region);
	if (!shm->kaddr) {
		unback_shm(shm);
		return -ENOMEM;
	}
	return 0;
}

int platform_shm_alloc(struct tee_shm *shm, size_t nr_pages, bool mappable)
{
	int r = back_shm(shm, nr_pages, /* dedicated: */ mappable, /* charged: */ mappable);

	/* What a client maps the TEE sees by its pages; we hardly ever look at it. */
	if (r == 0 && !mappable)
		r = map_shm(shm);
	return r;
}

void *platform_shm_map(struct tee_shm *shm)
{
	struct shm_memory *memory = shm->platform;
	void *va;

	if (!memory || memory->own || (shm->flags & TEE_SHM_USER_MAPPED))
		return NULL;
	va = soc_region_va(memory->region);
	/* The same for whoever comes at the same time */
	if (va)
		WRITE_ONCE(shm->kaddr, va);
	return va;
}

void platform_shm_free(struct tee_shm *shm)
{
	unback_shm(shm);
}

int platform_shm_pin_user(struct tee_shm *shm, unsigned long addr, size_t length)
{
	struct caller *caller = caller_current();

	return caller ? user_memory_pin(the_server, caller, shm, addr, length) : -EFAULT;
}

void platform_shm_unpin_user(struct tee_shm *shm)
{
	user_memory_unpin(shm);
}

/* Our heap is none of the SoC's memory: it is shadowed as a client's is. */
int platform_shm_pin_kernel(struct tee_shm *shm, void *addr, size_t length)
{
	size_t offset = (uintptr_t)addr & ~PAGE_MASK;
	struct shm_memory *memory;
	int r;

	if (length > SIZE_MAX - offset - PAGE_SIZE)
		return -EINVAL;
	r = back_shm(shm, PAGE_ALIGN(offset + length) / PAGE_SIZE, /* dedicated: */ false,
		     /* charged: */ false);
	if (r == 0)
		r = map_shm(shm);
	if (r < 0)
		return r;
	memory = shm->platform;
	memory->own = addr;
	shm->offset = offset;
	shm->kaddr = (uint8_t *)shm->kaddr + offset;
	return 0;
}

void platform_shm_unpin_kernel(struct tee_shm *shm)
{
	unback_shm(shm);
}

/* The core checked that the range lies in the shm. */
int platform_shm_sync_for_tee(struct tee_shm *shm, size_t offs, size_t size)
{
	struct shm_memory *memory = shm->platform;

	if (shm->flags & TEE_SHM_USER_MAPPED)
		return user_memory_sync_for_tee(shm, offs, size);
	if (memory && memory->own)
		memcpy((uint8_t *)shm->kaddr + offs, (uint8_t *)memory->own + offs, size);
	return 0;
}

int platform_shm_sync_for_user(struct tee_shm *shm, size_t offs, size_t size)
{
	struct shm_memory *memory = shm->platform;

	if (shm->flags & TEE_SHM_USER_MAPPED)
		return user_memory_sync_for_user(shm, offs, size);
	if (memory && memory->own)
		memcpy((uint8_t *)memory->own + offs, (uint8_t *)shm->kaddr + offs, size);
	return 0;
}

int platform_shm_install_fd(struct tee_shm *shm)
{
	struct shm_memory *memory = shm->platform;
	AUTO(close_fd) int fd = -1;
	int r;

	if (!memory || (shm->flags & TEE_SHM_USER_MAPPED))
		return shm_install(the_server, shm, -1);
	fd = soc_region_open_file(memory->region);
	if (fd < 0)
		return fd;
	r = shm_install(the_server, shm, fd);
	soc_region_park_file(memory->region);
	return r;
}

int platform_uuid_v5(u8 uuid[16], const u8 ns[16], const char *name, size_t len)
{
	uuid_generate_sha1(uuid, ns, name, len);
	return 0;
}
