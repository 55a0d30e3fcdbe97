/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * read(2), write(2) and mmap(2) of our descriptors
 *
 * A context is a socket and shared memory a file in memory, and the kernel would read,
 * write and map them as such. The TEE subsystem's files have no read and no write
 * (EINVAL); a mapping of memory must lie within the buffer, and registered memory
 * has none (EINVAL). mmap of a context is ENODEV, which a socket says by itself, that of
 * a dma-buf EINVAL again (dmabuf.c).
 */
#undef _FILE_OFFSET_BITS
#undef _FORTIFY_SOURCE
#include "client/shim/shim.h"

#include <errno.h>
#include <stdint.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

static bool is_ours(int fd)
{
	struct stat st;

	return shim_fd_noted(fd) && shim_fd_kind(fd, &st) != SHIM_FOREIGN;
}

#define DEFINE_IO(name, number, params, ...) \
	SHIM_EXPORT ssize_t name params \
	{ \
		if (is_ours(fd)) \
			return shim_result(-EINVAL); \
		if (!shim_next.name) \
			return syscall(number, __VA_ARGS__); \
		return shim_next.name(__VA_ARGS__); \
	}

DEFINE_IO(read, SYS_read, (int fd, void *buf, size_t n), fd, buf, n)
DEFINE_IO(write, SYS_write, (int fd, const void *buf, size_t n), fd, buf, n)
DEFINE_IO(readv, SYS_readv, (int fd, const struct iovec *iov, int n), fd, iov, n)
DEFINE_IO(writev, SYS_writev, (int fd, const struct iovec *iov, int n), fd, iov, n)
DEFINE_IO(pread, SYS_pread64, (int fd, void *buf, size_t n, off_t at), fd, buf, n, at)
DEFINE_IO(pread64, SYS_pread64, (int fd, void *buf, size_t n, off64_t at), fd, buf, n, at)
DEFINE_IO(pwrite, SYS_pwrite64, (int fd, const void *buf, size_t n, off_t at), fd, buf, n, at)
DEFINE_IO(pwrite64, SYS_pwrite64, (int fd, const void *buf, size_t n, off64_t at), fd, buf, n, at)

/* What _FORTIFY_SOURCE makes of a read; libc checks the size. */
ssize_t __read_chk(int fd, void *buf, size_t n, size_t size);
ssize_t __pread_chk(int fd, void *buf, size_t n, off_t at, size_t size);
ssize_t __pread64_chk(int fd, void *buf, size_t n, off64_t at, size_t size);

DEFINE_IO(__read_chk, SYS_read, (int fd, void *buf, size_t n, size_t size), fd, buf, n, size)
DEFINE_IO(__pread_chk, SYS_pread64, (int fd, void *buf, size_t n, off_t at, size_t size),
	  fd, buf, n, at, size)
DEFINE_IO(__pread64_chk, SYS_pread64, (int fd, void *buf, size_t n, off64_t at, size_t size),
	  fd, buf, n, at, size)

/* --- mmap --- */

/* In whole pages, as the kernel counts both. */
static bool within(uint64_t size, uint64_t offset, uint64_t len)
{
	const uint64_t page = (uint64_t)sysconf(_SC_PAGESIZE);
	const uint64_t pages = (size + page - 1) / page;
	const uint64_t wanted = len / page + (len % page != 0);

	return offset / page <= pages && wanted <= pages - offset / page;
}

static bool can_map(int fd, int flags, size_t len, off64_t offset)
{
	struct stat st;

	if ((flags & MAP_ANONYMOUS) || !shim_fd_noted(fd))
		return true;
	switch (shim_fd_kind(fd, &st)) {
	case SHIM_MEMORY:
		return offset >= 0 && within((uint64_t)st.st_size, (uint64_t)offset, len);
	case SHIM_REGISTERED:
		return false;
	default:
		return true;
	}
}

#define DEFINE_MMAP(name, type) \
	SHIM_EXPORT void *name(void *at, size_t len, int prot, int flags, int fd, type offset) \
	{ \
		void *map; \
\
		if (!can_map(fd, flags, len, offset)) { \
			errno = EINVAL; \
			return MAP_FAILED; \
		} \
		map = shim_next.name ? \
			shim_next.name(at, len, prot, flags, fd, offset) : \
			(void *)syscall(SYS_mmap, at, len, prot, flags, fd, offset); \
		if (map == MAP_FAILED) \
			shim_dmabuf_mmap_errno(fd); \
		return map; \
	}

DEFINE_MMAP(mmap, off_t)
DEFINE_MMAP(mmap64, off64_t)
