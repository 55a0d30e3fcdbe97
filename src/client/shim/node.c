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
#include "abi/qtee_rfc.h"
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

/* True when the directory of @path, whose last component is at @name, is @which. */
static bool in_dir(int dirfd, const char *path, const char *name, const char *which)
{
	size_t len = (size_t)(name - path);
	char dir[PATH_MAX];
	struct stat there, dev;

	if (len == strlen(which) + 1 && !memcmp(path, which, len - 1))
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
	       sys_stat(AT_FDCWD, which, &dev, 0) == 0 && there.st_dev == dev.st_dev &&
	       there.st_ino == dev.st_ino;
}

/* By the directory's name first: a host without heaps has no /dev/dma_heap. */
static bool in_heap_dir(int dirfd, const char *path, const char *name)
{
	static const char dir[] = FRONT_HEAP_DIR "/";
	const size_t len = sizeof(dir) - 1;
	const char *parent = name - len;

	if ((size_t)(name - path) >= len && !memcmp(parent, dir, len) &&
	    (parent == path || parent[-1] == '/') && in_dir(dirfd, path, parent, "/dev"))
		return true;
	return in_dir(dirfd, path, name, "/dev/" FRONT_HEAP_DIR);
}

bool shim_node_at(int dirfd, const char *path, struct shim_node *ret_node)
{
	char heap[FRONT_NODE_NAME_MAX + 1] = FRONT_HEAP_DIR "/";
	const size_t dir_len = sizeof(FRONT_HEAP_DIR);
	const char *name;
	size_t len;

	if (!path)
		return false;
	name = strrchr(path, '/');
	name = name ? name + 1 : path;
	/* Nearly every path of a program ends here. */
	if ((*name != 't' && *name != 'p' && *name != 'q') || !shim_active())
		return false;
	if (front_node_parse(name, NULL)) {
		if (!in_dir(dirfd, path, name, "/dev"))
			return false;
	} else {
		len = strnlen(name, sizeof(heap));
		if (len >= sizeof(heap) - dir_len)
			return false;
		memcpy(heap + dir_len, name, len + 1);
		if (!front_node_parse(heap, NULL) || !in_heap_dir(dirfd, path, name))
			return false;
		name = heap;
	}

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
	if (node.heap)
		st->st_rdev = makedev(FRONT_HEAP_MAJOR, FRONT_HEAP_MINOR(st->st_ino));
	else if (node.qtee)
		st->st_rdev = makedev(SHIM_MISC_MAJOR, SHIM_QTEE_MINOR + node.number);
	else
		st->st_rdev = makedev(FRONT_NODE_MAJOR, node.number +
				      (node.privileged ? FRONT_NODE_PRIV_MINOR : 0));
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

/* As the kernel's: a regular file without a name, which nobody else may open. */
static void become_dmabuf(struct stat *st, unsigned long long size)
{
	st->st_mode = S_IFREG | 0600;
	st->st_rdev = 0;
	st->st_size = (off_t)size;
	st->st_blocks = 0;
}

/*
 * An open file without a node: as the node that it was opened by, or, as the kernel
 * shows what has neither node nor name, without a type.
 */
static bool become_file(int fd, struct stat *st)
{
	char name[FRONT_FILE_NAME_MAX];
	const char *kind = front_file_kind(fd, name, sizeof(name));

	if (!kind)
		return false;
	st->st_mode = 0600;
	st->st_size = 0;
	st->st_blocks = 0;
	if (!strcmp(kind, "qtee-root"))
		become_device(st, QTEE_RFC_ROOT_NAME);
	else if (!strcmp(kind, "qtee-server"))
		become_device(st, QTEE_RFC_SERVER_NAME);
	return true;
}

bool shim_context_stat(int fd, struct stat *st)
{
	unsigned long long size;
	char path[SHIM_PATH_MAX];
	struct stat node;
	int saved = errno;

	if (!S_ISSOCK(st->st_mode) || !shim_active())
		return false;
	if (!front_context_path(fd, path, sizeof(path))) {
		errno = saved;
		if (become_file(fd, st))
			return true;
		if (!front_dmabuf_size(fd, &size))
			return false;
		become_dmabuf(st, size);
		return true;
	}
	/* Inode and device as by path, which programs compare; unless it is gone. */
	if (sys_stat(AT_FDCWD, path, &node, AT_SYMLINK_NOFOLLOW) == 0 && S_ISSOCK(node.st_mode))
		*st = node;
	become_device(st, front_node_name(path));
	return true;
}
