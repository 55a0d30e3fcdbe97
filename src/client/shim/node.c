/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Device nodes: which paths are ours, and what stat(2) says of them
 *
 * Under swtee the instance replaces the TEE devices of the host: a node that the
 * instance has not does not exist, even if the host has one. A path is taken by
 * its last component and by the directory that it is in; symbolic links from
 * elsewhere to a node are not followed.
 */
#undef _FILE_OFFSET_BITS
#include "client/shim/shim.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "abi/front.h"
#include "client/front/front.h"

enum runtime_state {
	RUNTIME_UNKNOWN,
	RUNTIME_BUSY,
	RUNTIME_NONE,
	RUNTIME_SET,
};

/* Kept from the first look on: programs tidy up their environment. */
static struct {
	_Atomic int state;
	char dir[SHIM_PATH_MAX - FRONT_NODE_NAME_MAX - 2];
} runtime;

static int sys_stat(int dirfd, const char *path, struct stat *st, int flags)
{
	int saved = errno;
	int r = (int)syscall(SYS_newfstatat, dirfd, path, st, flags);

	if (r < 0)
		r = -errno;
	errno = saved;
	return r;
}

static bool runtime_take(void)
{
	const char *dir = getenv(FRONT_ENV);
	size_t len = dir ? strlen(dir) : 0;

	if (len == 0 || len >= sizeof(runtime.dir))
		return false;
	memcpy(runtime.dir, dir, len + 1);
	return true;
}

bool shim_active(void)
{
	int state = atomic_load_explicit(&runtime.state, memory_order_acquire);

	if (state == RUNTIME_UNKNOWN &&
	    atomic_compare_exchange_strong(&runtime.state, &state, RUNTIME_BUSY)) {
		state = runtime_take() ? RUNTIME_SET : RUNTIME_NONE;
		atomic_store_explicit(&runtime.state, state, memory_order_release);
	}
	/* Only before our constructor, when other libraries' start threads. */
	while (state == RUNTIME_BUSY)
		state = atomic_load_explicit(&runtime.state, memory_order_acquire);
	return state == RUNTIME_SET;
}

/* True when the directory of @path, whose last component is at @name, is /dev. */
static bool in_dev(int dirfd, const char *path, const char *name)
{
	size_t len = (size_t)(name - path);
	char dir[PATH_MAX];
	struct stat there, dev;

	if (len == 5 && !memcmp(path, "/dev/", 5))
		return true;
	if (len >= sizeof(dir))
		return false;
	memcpy(dir, path, len);
	dir[len] = '\0';
	if (len == 0) {
		dir[0] = '.';
		dir[1] = '\0';
	}
	return sys_stat(dirfd, dir, &there, 0) == 0 &&
	       sys_stat(AT_FDCWD, "/dev", &dev, 0) == 0 && there.st_dev == dev.st_dev &&
	       there.st_ino == dev.st_ino;
}

bool shim_node_at(int dirfd, const char *path, struct shim_node *ret_node)
{
	const char *name;
	size_t len;

	if (!path)
		return false;
	name = strrchr(path, '/');
	name = name ? name + 1 : path;
	/* Nearly every path of a program ends here. */
	if (!front_node_parse(name, NULL) || !shim_active() || !in_dev(dirfd, path, name))
		return false;

	len = strlen(runtime.dir);
	memcpy(ret_node->path, runtime.dir, len);
	ret_node->path[len] = '/';
	strcpy(ret_node->path + len + 1, name);
	ret_node->dir = runtime.dir;
	ret_node->name = ret_node->path + len + 1;
	return true;
}

static void become_device(struct stat *st, const char *name)
{
	struct front_node node;

	if (!front_node_parse(name, &node))
		return;
	st->st_mode = S_IFCHR | (st->st_mode & 0666);
	st->st_rdev = makedev(SHIM_MAJOR, node.number + (node.privileged ? SHIM_PRIV_MINOR : 0));
	st->st_nlink = 1;
	st->st_size = 0;
	st->st_blocks = 0;
}

int shim_node_stat(const struct shim_node *node, struct stat *ret_st)
{
	int r = sys_stat(AT_FDCWD, node->path, ret_st, AT_SYMLINK_NOFOLLOW);

	if (r < 0)
		return r == -ENOTDIR ? -ENOENT : r;
	if (!S_ISSOCK(ret_st->st_mode))
		return -ENOENT;
	become_device(ret_st, node->name);
	return 0;
}

bool shim_context_stat(int fd, struct stat *st)
{
	char path[SHIM_PATH_MAX];
	struct stat node;
	int saved = errno;

	if (!S_ISSOCK(st->st_mode) || !shim_active())
		return false;
	if (!front_context_path(fd, path, sizeof(path))) {
		errno = saved;
		return false;
	}
	/* Inode and device as by path, which programs compare; unless it is gone. */
	if (sys_stat(AT_FDCWD, path, &node, AT_SYMLINK_NOFOLLOW) == 0 && S_ISSOCK(node.st_mode))
		*st = node;
	become_device(st, strrchr(path, '/') + 1);
	return true;
}
