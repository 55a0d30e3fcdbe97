/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What a kernel shows of a device below /sys/class/tee: the same files below
 * <runtime dir>/sys/class/tee, written once, when the node appears.
 */
#include "server.h"
#include "sysfs_private.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/auto.h"
#include "normal/tee/tee_core.h"

#define REVISION_MAX 128

static const char *const levels[] = { "sys", "class", "tee" };
static const char *const files[] = { "implementation_id", "revision" };

#define N(array) (sizeof(array) / sizeof((array)[0]))

int sysfs_enter(int dir, const char *name)
{
	int fd;

	if (dir < 0)
		return dir;
	if (mkdirat(dir, name, 0755) < 0 && errno != EEXIST)
		fd = -1;
	else
		fd = openat(dir, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
	if (fd == -1)
		fd = -errno;
	close_fd(dir);
	return fd;
}

int sysfs_open(struct server *server, const char *const *path, size_t n)
{
	int dir = open(server->runtime_dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (dir < 0)
		return -errno;
	for (size_t i = 0; i < n; i++)
		dir = sysfs_enter(dir, path[i]);
	return dir;
}

static int open_class(struct server *server)
{
	return sysfs_open(server, levels, N(levels));
}

int sysfs_write(int dir, const char *name, const char *text, size_t len)
{
	AUTO(close_fd) int fd = -1;

	/* What a killed instance left is read-only, for its own user too. */
	(void)unlinkat(dir, name, 0);
	fd = openat(dir, name, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0444);
	if (fd < 0)
		return -errno;
	return write(fd, text, len) == (ssize_t)len ? 0 : -EIO;
}

int sysfs_add(struct server *server, struct tee_device *teedev)
{
	const struct tee_driver_ops *ops = teedev->desc->ops;
	struct tee_ioctl_version_data version = { 0 };
	AUTO(close_fd) int dir = -1;
	char text[REVISION_MAX + 2];
	int r;

	dir = sysfs_enter(open_class(server), teedev->name);
	if (dir < 0)
		return dir;
	ops->get_version(teedev, &version);
	snprintf(text, sizeof(text), "%u\n", version.impl_id);
	r = sysfs_write(dir, "implementation_id", text, strlen(text));
	if (r == 0 && ops->get_tee_revision && ops->get_tee_revision(teedev, text,
								       REVISION_MAX) == 0) {
		text[REVISION_MAX - 1] = '\0';
		strcat(text, "\n");
		r = sysfs_write(dir, "revision", text, strlen(text));
	}
	return r;
}

void sysfs_remove(struct server *server, struct tee_device *teedev)
{
	AUTO(close_fd) int class_dir = open_class(server);
	AUTO(close_fd) int dir = -1;

	if (class_dir < 0)
		return;
	dir = openat(class_dir, teedev->name, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
	for (size_t i = 0; dir >= 0 && i < N(files); i++)
		(void)unlinkat(dir, files[i], 0);
	(void)unlinkat(class_dir, teedev->name, AT_REMOVEDIR);

	/* With the last device go the levels above it. */
	close_fd(dir);
	dir = open(server->runtime_dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (dir >= 0 && unlinkat(dir, "sys/class/tee", AT_REMOVEDIR) == 0) {
		(void)unlinkat(dir, "sys/class", AT_REMOVEDIR);
		(void)unlinkat(dir, "sys", AT_REMOVEDIR);
	}
}
