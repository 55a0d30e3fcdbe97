/* SPDX-License-Identifier: BSD-2-Clause */
#include "secure/common/image_file.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/auto.h"

/* Since Linux 6.3; older ones make what is executable anyway and refuse the flag. */
#ifndef MFD_EXEC
#define MFD_EXEC 0x0010u
#endif

/* noinline: errno is looked at on one operating system thread (fiber.h). */
static __attribute__((noinline)) int image_create(int *ret_fd)
{
	int fd = memfd_create("swtee-ta", MFD_CLOEXEC | MFD_ALLOW_SEALING | MFD_EXEC);

	if (fd < 0 && errno == EINVAL)
		fd = memfd_create("swtee-ta", MFD_CLOEXEC | MFD_ALLOW_SEALING);
	if (fd < 0)
		return -errno;
	*ret_fd = fd;
	return 0;
}

static __attribute__((noinline)) int image_write(int fd, const uint8_t *data, size_t size)
{
	while (size) {
		ssize_t n = write(fd, data, size);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return n < 0 ? -errno : -EIO;
		data += n;
		size -= (size_t)n;
	}
	if (fcntl(fd, F_ADD_SEALS,
		  F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE | F_SEAL_SEAL) < 0)
		return -errno;
	return 0;
}

int image_file_new(const uint8_t *data, size_t size, int *ret_fd)
{
	AUTO(close_fd) int fd = -1;
	int r;

	r = image_create(&fd);
	if (r == 0)
		r = image_write(fd, data, size);
	if (r < 0)
		return r;
	*ret_fd = steal_fd(&fd);
	return 0;
}
