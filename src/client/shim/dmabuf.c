/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * dma-bufs: what a program does with the descriptor beside passing it on
 *
 * The descriptor is a socket, for which lseek(2), mmap(2) and foreign ioctls fail
 * at once. Only then is it looked at more closely, so that no other file pays.
 */
#undef _FILE_OFFSET_BITS
#undef _FORTIFY_SOURCE
#include "client/shim/shim.h"

#include <errno.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

#include "abi/dma_heap.h"
#include "client/front/front.h"

/* As copy_from_user(): an address that is not there is no reason to crash. */
static bool read_user(void *to, unsigned long from, size_t size)
{
	struct iovec local = { .iov_base = to, .iov_len = size };
	struct iovec remote = { .iov_base = (void *)from, .iov_len = size };

	return syscall(SYS_process_vm_readv, getpid(), &local, 1, &remote, 1, 0) == (long)size;
}

/* There is no cache to bring up to date: only the flags are looked at. */
static int sync_ioctl(unsigned long arg)
{
	struct dma_buf_sync sync;

	if (!read_user(&sync, arg, sizeof(sync)))
		return -EFAULT;
	if (sync.flags & ~(__u64)DMA_BUF_SYNC_VALID_FLAGS_MASK || !(sync.flags & DMA_BUF_SYNC_RW))
		return -EINVAL;
	return 0;
}

int shim_dmabuf_ioctl(int fd, unsigned long request, unsigned long arg)
{
	unsigned long long size;

	if (_IOC_TYPE(request) != DMA_BUF_BASE || !front_dmabuf_size(fd, &size))
		return -ENOTTY;
	return request == DMA_BUF_IOCTL_SYNC ? sync_ioctl(arg) : -ENOTTY;
}

/* The end and the beginning can be sought, which is how one asks for the size. */
static off_t seek(int fd, off_t offset, int whence)
{
	unsigned long long size;

	if (errno != ESPIPE || !shim_active() || !front_dmabuf_size(fd, &size))
		return -1;
	if (offset != 0 || (whence != SEEK_END && whence != SEEK_SET)) {
		errno = EINVAL;
		return -1;
	}
	return whence == SEEK_END ? (off_t)size : 0;
}

#define DEFINE_LSEEK(name, type) \
	SHIM_EXPORT type name(int fd, type offset, int whence) \
	{ \
		type r = shim_next.name ? shim_next.name(fd, offset, whence) : \
					  (type)syscall(SYS_lseek, fd, offset, whence); \
\
		return r < 0 ? seek(fd, offset, whence) : r; \
	}

DEFINE_LSEEK(lseek, off_t)
DEFINE_LSEEK(lseek64, off64_t)

void shim_dmabuf_mmap_errno(int fd)
{
	unsigned long long size;

	if (errno == ENODEV && shim_active() && front_dmabuf_size(fd, &size))
		errno = EINVAL;
}
