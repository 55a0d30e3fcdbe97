/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A new key is written to a file without a name, which gets its name when it is
 * complete: a world that is killed leaves no half a key, and of two that start at
 * the same time both use the one that was there first.
 */
#include "secure/optee/huk.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/log.h"

#define HUK_NAME "huk"

static int huk_read(int dir_fd, uint8_t key[SEAL_KEY_SIZE])
{
	AUTO(close_fd) int fd = openat(dir_fd, HUK_NAME, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	uint8_t more;
	ssize_t n;

	if (fd < 0)
		return -errno;
	n = pread(fd, key, SEAL_KEY_SIZE, 0);
	if (n < 0)
		return -errno;
	return n == SEAL_KEY_SIZE && pread(fd, &more, 1, SEAL_KEY_SIZE) == 0 ? 0 : -EBADMSG;
}

static int huk_make(int dir_fd)
{
	AUTO(close_fd) int fd = openat(dir_fd, ".", O_TMPFILE | O_WRONLY | O_CLOEXEC, 0400);
	uint8_t key[SEAL_KEY_SIZE];
	char path[32];

	if (fd < 0)
		return -errno;
	seal_random(key, sizeof(key));
	if (write(fd, key, sizeof(key)) != (ssize_t)sizeof(key) || fsync(fd) < 0)
		return errno ? -errno : -EIO;
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	if (linkat(AT_FDCWD, path, dir_fd, HUK_NAME, AT_SYMLINK_FOLLOW) < 0 && errno != EEXIST)
		return -errno;
	return fsync(dir_fd) < 0 ? -errno : 0;
}

int huk_load(const char *dir, uint8_t key[SEAL_KEY_SIZE])
{
	AUTO(close_fd) int dir_fd = -1;
	int r;

	if (!dir) {
		seal_random(key, SEAL_KEY_SIZE);
		return 0;
	}
	if (mkdir(dir, 0700) < 0 && errno != EEXIST) {
		r = -errno;
		log_error("cannot make the directory %s for the key of trusted storage: %s", dir,
			  strerror(-r));
		return r;
	}
	dir_fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	r = dir_fd < 0 ? -errno : huk_read(dir_fd, key);
	if (r == -ENOENT && dir_fd >= 0) {
		r = huk_make(dir_fd);
		if (r == 0)
			r = huk_read(dir_fd, key);
	}
	if (r == -EBADMSG)
		log_error("%s/%s is not a key of %u bytes; put back the one that was there, or "
			  "remove it and give up what is in trusted storage", dir, HUK_NAME,
			  SEAL_KEY_SIZE);
	else if (r < 0)
		log_error("cannot use %s/%s, the key of trusted storage: %s", dir, HUK_NAME,
			  strerror(-r));
	return r;
}
