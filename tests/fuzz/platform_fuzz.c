/* SPDX-License-Identifier: BSD-2-Clause */
#include "platform_fuzz.h"

#include <errno.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <linux/bug.h>
#include <linux/dma-buf.h>
#include <linux/err.h>
#include <linux/mm.h>

#include "fuzz.h"
#include "base/kernel/dmabuf.h"
#include "normal/platform.h"
#include "normal/tee/tee_core.h"
#include "umem.h"

#define FIRST_PA 0x80000000u
/* More than this is more than the machine has. */
#define MAX_PAGES_PER_SHM 1100
#define MAX_PAGES 4096

struct memory {
	struct memory *next;
	uint8_t *base;
	uint64_t pa;
	size_t n_pages;
	unsigned long addr;	/* of registered user memory */
};

struct platform_fuzz platform_fuzz;

static struct {
	struct memory *memory;
	uint64_t next_pa;
	size_t n_pages;
	size_t n_devices;
	struct tee_shm *fds[PLATFORM_FUZZ_MAX_FDS];	/* or, at the same number, */
	struct dma_buf *dmabufs[PLATFORM_FUZZ_MAX_FDS];
	struct dma_heap *heap;
} state;

void platform_fuzz_check_empty(void)
{
	FUZZ_CHECK(state.n_devices == 0);
	FUZZ_CHECK(state.n_pages == 0);
	FUZZ_CHECK(state.memory == NULL);
	for (size_t i = 0; i < PLATFORM_FUZZ_MAX_FDS; i++)
		FUZZ_CHECK(state.fds[i] == NULL && state.dmabufs[i] == NULL);
}

void platform_fuzz_reset(void)
{
	platform_fuzz_check_empty();
	platform_fuzz = (struct platform_fuzz){ .euid = 1000, .gid = 1000 };
	state.next_pa = FIRST_PA;
}

static int may_fail(void)
{
	return platform_fuzz.fail ? platform_fuzz.fail() : 0;
}

/* --- devices --- */

int platform_device_publish(struct tee_device *teedev)
{
	int rc = may_fail();

	if (!rc)
		state.n_devices++;
	return rc;
}

void platform_device_withdraw(struct tee_device *teedev)
{
	FUZZ_CHECK(state.n_devices > 0);
	state.n_devices--;
}

/* --- memory --- */

static void *checked(void *p)
{
	if (!p)
		abort();
	return p;
}

static int back(struct tee_shm *shm, size_t nr_pages)
{
	struct memory *memory;
	void *base;

	if (!nr_pages || nr_pages > MAX_PAGES_PER_SHM || nr_pages > MAX_PAGES - state.n_pages)
		return -ENOMEM;
	memory = checked(calloc(1, sizeof(*memory)));
	shm->pages = checked(calloc(nr_pages, sizeof(*shm->pages)));
	if (posix_memalign(&base, PAGE_SIZE, nr_pages * PAGE_SIZE))
		abort();
	memset(base, 0, nr_pages * PAGE_SIZE);
	*memory = (struct memory){
		.next = state.memory,
		.base = base,
		.pa = state.next_pa,
		.n_pages = nr_pages,
	};
	state.memory = memory;
	state.next_pa += (nr_pages + 1) * PAGE_SIZE;
	state.n_pages += nr_pages;

	shm->kaddr = base;
	shm->paddr = memory->pa;
	shm->num_pages = nr_pages;
	for (size_t i = 0; i < nr_pages; i++)
		shm->pages[i] = phys_to_page(shm->paddr + i * PAGE_SIZE);
	shm->platform = memory;
	return 0;
}

static void unback(struct tee_shm *shm)
{
	struct memory *memory = shm->platform;
	struct memory **p = &state.memory;

	while (*p && *p != memory)
		p = &(*p)->next;
	FUZZ_CHECK(*p != NULL);
	*p = memory->next;
	state.n_pages -= memory->n_pages;
	free(memory->base);
	free(memory);
	free(shm->pages);
	shm->pages = NULL;
	shm->kaddr = NULL;
	shm->platform = NULL;
}

void *platform_fuzz_va(uint64_t pa, uint64_t size)
{
	for (struct memory *m = state.memory; m; m = m->next) {
		uint64_t bytes = (uint64_t)m->n_pages * PAGE_SIZE;

		if (pa >= m->pa && pa - m->pa <= bytes && size <= bytes - (pa - m->pa))
			return m->base + (pa - m->pa);
	}
	return NULL;
}

int platform_shm_alloc(struct tee_shm *shm, size_t nr_pages, bool mappable)
{
	int rc = may_fail();

	return rc ? rc : back(shm, nr_pages);
}

/* All memory has its mapping from the start. */
void *platform_shm_map(struct tee_shm *shm)
{
	return NULL;
}

void platform_shm_free(struct tee_shm *shm)
{
	unback(shm);
}

int platform_shm_pin_user(struct tee_shm *shm, unsigned long addr, size_t length)
{
	size_t offset = addr & ~PAGE_MASK;
	int rc = may_fail();

	if (rc)
		return rc;
	FUZZ_CHECK(length > 0);
	if (!umem_has(addr, length))
		return -EFAULT;
	rc = back(shm, PAGE_ALIGN(offset + length) >> PAGE_SHIFT);
	if (rc)
		return rc;
	((struct memory *)shm->platform)->addr = addr;
	shm->offset = offset;
	shm->kaddr = (char *)shm->kaddr + offset;
	return 0;
}

void platform_shm_unpin_user(struct tee_shm *shm)
{
	unback(shm);
}

/* No client inside the kernel is fuzzed, and the memory of this one is not for the TEE. */
int platform_shm_pin_kernel(struct tee_shm *shm, void *addr, size_t length)
{
	return -EINVAL;
}

void platform_shm_unpin_kernel(struct tee_shm *shm)
{
	FUZZ_CHECK(false);
}

static struct memory *pinned(struct tee_shm *shm, size_t offs, size_t size)
{
	struct memory *memory = shm->platform;

	FUZZ_CHECK(memory->addr != 0);
	FUZZ_CHECK(offs <= shm->size && size <= shm->size - offs);
	return memory;
}

int platform_shm_sync_for_tee(struct tee_shm *shm, size_t offs, size_t size)
{
	struct memory *memory = pinned(shm, offs, size);

	if (umem_copy_from(NULL, (char *)shm->kaddr + offs, memory->addr + offs, size))
		return -EFAULT;
	return 0;
}

int platform_shm_sync_for_user(struct tee_shm *shm, size_t offs, size_t size)
{
	struct memory *memory = pinned(shm, offs, size);

	if (umem_copy_to(NULL, memory->addr + offs, (char *)shm->kaddr + offs, size))
		return -EFAULT;
	return 0;
}

/* --- descriptors --- */

int platform_shm_install_fd(struct tee_shm *shm)
{
	int rc = may_fail();

	if (rc)
		return rc;
	for (int i = 0; i < PLATFORM_FUZZ_MAX_FDS; i++) {
		if (!state.fds[i] && !state.dmabufs[i]) {
			state.fds[i] = shm;
			return i;
		}
	}
	return -EMFILE;
}

/* The node of a heap stays for the life of the process. */
int dma_heap_publish(struct dma_heap *heap)
{
	int rc = may_fail();

	if (!rc && !state.heap)
		state.heap = heap;
	return rc;
}

static void no_version(struct tee_device *teedev, struct tee_ioctl_version_data *vers)
{
}

static int no_open(struct tee_context *ctx)
{
	return -EIO;
}

static void no_release(struct tee_context *ctx)
{
}

void platform_fuzz_make_heaps(void)
{
	static const struct tee_driver_ops ops = {
		.get_version = no_version,
		.open = no_open,
		.release = no_release,
	};
	static const struct tee_desc desc = { .name = "none", .ops = &ops };
	struct tee_device *teedev = tee_device_alloc(&desc, NULL, NULL);

	FUZZ_CHECK(!IS_ERR(teedev));
	for (int id = TEE_DMA_HEAP_SECURE_VIDEO_PLAY; id <= TEE_DMA_HEAP_SECURE_VIDEO_RECORD; id++)
		FUZZ_CHECK(tee_device_register_dma_heap(teedev, id,
			   tee_protmem_static_pool_alloc(FIRST_PA, PAGE_SIZE)) == 0);
	tee_device_unregister(teedev);
}

struct dma_heap *platform_fuzz_heap(void)
{
	return state.heap;
}

int dma_buf_fd(struct dma_buf *dmabuf, int flags)
{
	int rc = may_fail();

	if (rc)
		return rc;
	for (int i = 0; i < PLATFORM_FUZZ_MAX_FDS; i++) {
		if (!state.fds[i] && !state.dmabufs[i]) {
			state.dmabufs[i] = dmabuf;
			return i;
		}
	}
	return -EMFILE;
}

struct dma_buf *dma_buf_get(int fd)
{
	if (fd < 0 || fd >= PLATFORM_FUZZ_MAX_FDS)
		return ERR_PTR(-EBADF);
	if (!state.dmabufs[fd])
		return ERR_PTR(-EINVAL);
	get_dma_buf(state.dmabufs[fd]);
	return state.dmabufs[fd];
}

struct tee_shm *platform_fuzz_fd_shm(int fd)
{
	return fd >= 0 && fd < PLATFORM_FUZZ_MAX_FDS ? state.fds[fd] : NULL;
}

void platform_fuzz_fd_close(int fd)
{
	struct tee_shm *shm = platform_fuzz_fd_shm(fd);
	struct dma_buf *dmabuf;

	if (shm) {
		state.fds[fd] = NULL;
		tee_shm_put(shm);
	} else if (fd >= 0 && fd < PLATFORM_FUZZ_MAX_FDS && state.dmabufs[fd]) {
		dmabuf = state.dmabufs[fd];
		state.dmabufs[fd] = NULL;
		dma_buf_put(dmabuf);
	}
}

/* --- who calls --- */

u32 platform_current_euid(void)
{
	return platform_fuzz.euid;
}

bool platform_current_in_egroup(u32 gid)
{
	return gid == platform_fuzz.gid;
}

bool platform_current_kgid(u32 gid, u32 *ret_kgid)
{
	*ret_kgid = gid;
	return gid != (u32)-1;
}

int platform_uuid_v5(u8 uuid[16], const u8 ns[16], const char *name, size_t len)
{
	int rc = may_fail();

	if (rc)
		return rc;
	memcpy(uuid, ns, 16);
	for (size_t i = 0; i < len; i++)
		uuid[i % 16] = (u8)(uuid[i % 16] * 31 + (u8)name[i]);
	return 0;
}

/* --- instead of src/base/kernel/bug.c: our own mistakes are findings --- */

void kernel_warn(const char *file, int line, const char *fmt, ...)
{
	va_list ap;

	if (platform_fuzz.warned)
		return;
	fprintf(stderr, "warning at %s:%d: ", file, line);
	va_start(ap, fmt);
	vfprintf(stderr, fmt, ap);
	va_end(ap);
	fputc('\n', stderr);
	abort();
}

void kernel_bug(const char *file, int line, const char *cond)
{
	fprintf(stderr, "bug at %s:%d: %s\n", file, line, cond);
	abort();
}
