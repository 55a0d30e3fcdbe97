/* SPDX-License-Identifier: BSD-2-Clause */
#include "base/memfd.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/stat.h>

#include "base/auto.h"

int memfd_new_sealed(const char *name, size_t size, int *ret_fd)
{
	AUTO(close_fd) int fd = -1;

	if (size == 0 || size > (size_t)SSIZE_MAX)
		return -EINVAL;
	fd = memfd_create(name, MFD_CLOEXEC | MFD_ALLOW_SEALING);
	if (fd < 0)
		return -errno;
	if (ftruncate(fd, (off_t)size) < 0)
		return -errno;
	if (fcntl(fd, F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL) < 0)
		return -errno;
	*ret_fd = steal_fd(&fd);
	return 0;
}

int memfd_check_sealed(int fd, size_t size)
{
	struct stat st;
	int seals = fcntl(fd, F_GET_SEALS);

	if (seals < 0)
		return -EINVAL;
	if (!(seals & F_SEAL_SHRINK))
		return -EINVAL;
	if (fstat(fd, &st) < 0)
		return -errno;
	if (!S_ISREG(st.st_mode) || st.st_size < 0 || (size_t)st.st_size < size)
		return -EINVAL;
	return 0;
}

int memfd_reopen(int fd, int *ret_fd)
{
	char path[sizeof("/proc/self/fd/") + 12];
	int again;

	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	again = open(path, O_RDWR | O_CLOEXEC);
	if (again < 0)
		return -errno;
	*ret_fd = again;
	return 0;
}

int memfd_map(int fd, size_t offset, size_t size, int prot, void **ret_addr)
{
	void *addr = mmap(NULL, size, prot, MAP_SHARED, fd, (off_t)offset);

	if (addr == MAP_FAILED)
		return -errno;
	*ret_addr = addr;
	return 0;
}
