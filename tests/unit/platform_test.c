/* SPDX-License-Identifier: BSD-2-Clause */
#include "platform_test.h"

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/uio.h>
#include <unistd.h>
#include <uuid/uuid.h>

#include <linux/dma-buf.h>
#include <linux/dma-heap.h>
#include <linux/mm.h>

#include "base/kernel/dmabuf.h"

#include "normal/platform.h"
#include "normal/tee/tee_core.h"

#define MAX_FDS 256
#define MAX_DMABUFS 64
#define MAX_HEAPS 8
/* More than this is more than the machine has. */
#define MAX_PAGES 4096

struct test_memory {
	void *base;
	unsigned long addr;	/* of registered user memory */
};

struct platform_test platform_test;

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static struct platform_test_count counts;
static struct {
	struct tee_shm *shm;
	unsigned int holders;
} fds[MAX_FDS];
static struct {
	struct dma_buf *dmabuf;
	int flags;
} dmabufs[MAX_DMABUFS];
static struct dma_heap *heaps[MAX_HEAPS];

void platform_test_reset(void)
{
	pthread_mutex_lock(&lock);
	if (counts.published || counts.pages || counts.pinned || counts.fds ||
	    counts.dmabufs)
		abort();
	counts = (struct platform_test_count){};
	platform_test = (struct platform_test){ .euid = 1000, .gids = { 1000 }, .n_gids = 1 };
	pthread_mutex_unlock(&lock);
}

struct platform_test_count platform_test_counts(void)
{
	struct platform_test_count now;

	pthread_mutex_lock(&lock);
	now = counts;
	pthread_mutex_unlock(&lock);
	return now;
}

static void count(size_t *counter, long n)
{
	pthread_mutex_lock(&lock);
	*counter += n;
	pthread_mutex_unlock(&lock);
}

/* --- devices --- */

int platform_device_publish(struct tee_device *teedev)
{
	if (platform_test.publish_rc)
		return platform_test.publish_rc;
	count(&counts.published, 1);
	return 0;
}

void platform_device_withdraw(struct tee_device *teedev)
{
	count(&counts.published, -1);
}

/* --- memory --- */

static int back(struct tee_shm *shm, size_t nr_pages)
{
	struct test_memory *memory;

	if (!nr_pages || nr_pages > MAX_PAGES)
		return -ENOMEM;
	memory = calloc(1, sizeof(*memory));
	shm->pages = calloc(nr_pages, sizeof(*shm->pages));
	if (!memory || !shm->pages ||
	    posix_memalign(&memory->base, PAGE_SIZE, nr_pages * PAGE_SIZE))
		abort();
	memset(memory->base, 0, nr_pages * PAGE_SIZE);

	shm->kaddr = memory->base;
	shm->paddr = (uintptr_t)memory->base;
	shm->num_pages = nr_pages;
	for (size_t i = 0; i < nr_pages; i++)
		shm->pages[i] = phys_to_page(shm->paddr + i * PAGE_SIZE);
	shm->platform = memory;
	return 0;
}

static void unback(struct tee_shm *shm)
{
	struct test_memory *memory = shm->platform;

	free(memory->base);
	free(memory);
	free(shm->pages);
	shm->pages = NULL;
	shm->kaddr = NULL;
	shm->platform = NULL;
}

int platform_shm_alloc(struct tee_shm *shm, size_t nr_pages, bool mappable)
{
	int rc = platform_test.alloc_rc;

	/* A worker of the driver may be the one who asks. */
	if (atomic_load(&platform_test.alloc_failures) > 0) {
		atomic_fetch_sub(&platform_test.alloc_failures, 1);
		rc = -ENOMEM;
	}
	if (!rc)
		rc = back(shm, nr_pages);
	if (rc)
		return rc;
	count(&counts.pages, nr_pages);
	count(&counts.mappable, mappable);
	return 0;
}

/* All memory has its mapping from the start. */
void *platform_shm_map(struct tee_shm *shm)
{
	return NULL;
}

void platform_shm_free(struct tee_shm *shm)
{
	count(&counts.pages, -(long)shm->num_pages);
	unback(shm);
}

static int copy(void *here, unsigned long addr, size_t size, bool write)
{
	struct iovec local = { .iov_base = here, .iov_len = size };
	struct iovec remote = { .iov_base = (void *)addr, .iov_len = size };
	ssize_t n;

	n = write ? process_vm_writev(getpid(), &local, 1, &remote, 1, 0) :
		    process_vm_readv(getpid(), &local, 1, &remote, 1, 0);
	return n == (ssize_t)size ? 0 : -EFAULT;
}

/* A byte of each page, written back as it is: is it there, is it writable? */
static bool range_is_writable(unsigned long addr, size_t length)
{
	unsigned long end = addr + length;
	char byte;

	for (; addr < end; addr = (addr & PAGE_MASK) + PAGE_SIZE) {
		if (copy(&byte, addr, 1, false) || copy(&byte, addr, 1, true))
			return false;
	}
	return true;
}

static int pin(struct tee_shm *shm, unsigned long addr, size_t length)
{
	size_t offset = addr & ~PAGE_MASK;
	struct test_memory *memory;
	int rc;

	rc = back(shm, PAGE_ALIGN(offset + length) >> PAGE_SHIFT);
	if (rc)
		return rc;
	memory = shm->platform;
	memory->addr = addr;
	shm->offset = offset;
	shm->kaddr = (char *)shm->kaddr + offset;
	count(&counts.pinned, shm->num_pages);
	return 0;
}

int platform_shm_pin_user(struct tee_shm *shm, unsigned long addr, size_t length)
{
	if (platform_test.pin_rc)
		return platform_test.pin_rc;
	if (!range_is_writable(addr, length))
		return -EFAULT;
	return pin(shm, addr, length);
}

void platform_shm_unpin_user(struct tee_shm *shm)
{
	count(&counts.pinned, -(long)shm->num_pages);
	unback(shm);
}

int platform_shm_pin_kernel(struct tee_shm *shm, void *addr, size_t length)
{
	if (platform_test.pin_rc)
		return platform_test.pin_rc;
	return pin(shm, (unsigned long)addr, length);
}

void platform_shm_unpin_kernel(struct tee_shm *shm)
{
	count(&counts.pinned, -(long)shm->num_pages);
	unback(shm);
}

int platform_shm_sync_for_tee(struct tee_shm *shm, size_t offs, size_t size)
{
	struct test_memory *memory = shm->platform;

	if (platform_test.sync_rc)
		return platform_test.sync_rc;
	count(&counts.for_tee, 1);
	count(&counts.for_tee_bytes, size);
	return copy((char *)shm->kaddr + offs, memory->addr + offs, size, false);
}

int platform_shm_sync_for_user(struct tee_shm *shm, size_t offs, size_t size)
{
	struct test_memory *memory = shm->platform;

	if (platform_test.sync_rc)
		return platform_test.sync_rc;
	count(&counts.for_user, 1);
	count(&counts.for_user_bytes, size);
	return copy((char *)shm->kaddr + offs, memory->addr + offs, size, true);
}

/* --- descriptors --- */

int platform_shm_install_fd(struct tee_shm *shm)
{
	int fd = -EMFILE;

	if (platform_test.install_rc)
		return platform_test.install_rc;
	pthread_mutex_lock(&lock);
	for (int i = 0; i < MAX_FDS; i++) {
		if (!fds[i].holders) {
			fds[i].shm = shm;
			fds[i].holders = 1;
			counts.fds++;
			fd = i;
			break;
		}
	}
	pthread_mutex_unlock(&lock);
	return fd;
}

struct tee_shm *platform_test_fd_shm(int fd)
{
	return fds[fd].shm;
}

void platform_test_fd_get(int fd)
{
	pthread_mutex_lock(&lock);
	fds[fd].holders++;
	pthread_mutex_unlock(&lock);
}

void platform_test_fd_put(int fd)
{
	struct tee_shm *shm = NULL;

	pthread_mutex_lock(&lock);
	if (!fds[fd].holders)
		abort();
	if (--fds[fd].holders == 0) {
		shm = fds[fd].shm;
		fds[fd].shm = NULL;
		counts.fds--;
	}
	pthread_mutex_unlock(&lock);
	tee_shm_put(shm);
}

size_t platform_test_fd_put_all(void)
{
	size_t n = 0;

	for (int i = 0; i < MAX_FDS; i++) {
		for (; fds[i].holders; n++)
			platform_test_fd_put(i);
	}
	for (int i = 0; i < MAX_DMABUFS; i++) {
		if (dmabufs[i].dmabuf) {
			platform_test_dmabuf_close(PLATFORM_TEST_DMABUF_FD + i);
			n++;
		}
	}
	return n;
}

/* --- dma-bufs and heaps --- */

int dma_buf_fd(struct dma_buf *dmabuf, int flags)
{
	int fd = -EMFILE;

	if (platform_test.dmabuf_rc)
		return platform_test.dmabuf_rc;
	pthread_mutex_lock(&lock);
	for (int i = 0; i < MAX_DMABUFS && fd < 0; i++) {
		if (!dmabufs[i].dmabuf) {
			dmabufs[i].dmabuf = dmabuf;
			dmabufs[i].flags = flags;
			counts.dmabufs++;
			fd = PLATFORM_TEST_DMABUF_FD + i;
		}
	}
	pthread_mutex_unlock(&lock);
	return fd;
}

/* Numbers below are other files, open or not. */
struct dma_buf *dma_buf_get(int fd)
{
	struct dma_buf *dmabuf = ERR_PTR(-EBADF);

	pthread_mutex_lock(&lock);
	if (fd >= 0 && fd < MAX_FDS) {
		dmabuf = ERR_PTR(-EINVAL);
	} else if (fd >= PLATFORM_TEST_DMABUF_FD && fd < PLATFORM_TEST_DMABUF_FD + MAX_DMABUFS &&
		   dmabufs[fd - PLATFORM_TEST_DMABUF_FD].dmabuf) {
		dmabuf = dmabufs[fd - PLATFORM_TEST_DMABUF_FD].dmabuf;
		get_dma_buf(dmabuf);
	}
	pthread_mutex_unlock(&lock);
	return dmabuf;
}

int platform_test_dmabuf_fd(struct dma_buf *dmabuf)
{
	return dma_buf_fd(dmabuf, 0);
}

void platform_test_dmabuf_close(int fd)
{
	struct dma_buf *dmabuf;
	int i = fd - PLATFORM_TEST_DMABUF_FD;

	pthread_mutex_lock(&lock);
	dmabuf = dmabufs[i].dmabuf;
	if (!dmabuf)
		abort();
	dmabufs[i].dmabuf = NULL;
	counts.dmabufs--;
	pthread_mutex_unlock(&lock);
	dma_buf_put(dmabuf);
}

int platform_test_dmabuf_flags(int fd)
{
	return dmabufs[fd - PLATFORM_TEST_DMABUF_FD].flags;
}

int dma_heap_publish(struct dma_heap *heap)
{
	int rc = -ENOSPC;

	if (platform_test.heap_rc)
		return platform_test.heap_rc;
	pthread_mutex_lock(&lock);
	for (int i = 0; i < MAX_HEAPS && rc; i++) {
		if (!heaps[i]) {
			heaps[i] = heap;
			rc = 0;
		}
	}
	pthread_mutex_unlock(&lock);
	return rc;
}

struct dma_heap *platform_test_heap(const char *name)
{
	struct dma_heap *found = NULL;

	pthread_mutex_lock(&lock);
	for (int i = 0; i < MAX_HEAPS && heaps[i]; i++) {
		if (!strcmp(dma_heap_get_name(heaps[i]), name))
			found = heaps[i];
	}
	pthread_mutex_unlock(&lock);
	return found;
}

/* --- who calls --- */

u32 platform_current_euid(void)
{
	return platform_test.euid;
}

bool platform_current_in_egroup(u32 gid)
{
	for (size_t i = 0; i < platform_test.n_gids; i++) {
		if (platform_test.gids[i] == gid)
			return true;
	}
	return false;
}

bool platform_current_kgid(u32 gid, u32 *ret_kgid)
{
	*ret_kgid = gid + platform_test.gid_shift;
	return gid != (u32)-1;
}

int platform_uuid_v5(u8 uuid[16], const u8 ns[16], const char *name, size_t len)
{
	uuid_generate_sha1(uuid, ns, name, len);
	return 0;
}
