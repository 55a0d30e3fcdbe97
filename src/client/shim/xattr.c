/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * getxattr(2) and listxattr(2) of a node: it has none. `ls -l` looks for them, as
 * do the tools that copy files.
 */
#undef _FILE_OFFSET_BITS
#include "client/shim/shim.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/syscall.h>
#include <sys/xattr.h>
#include <unistd.h>

/* @none: what a file without attributes answers, a size or a negative errno */
static ssize_t node_xattr(const struct shim_node *node, int none)
{
	struct stat st;
	int r = shim_node_stat(node, &st);

	return shim_result(r < 0 ? r : none);
}

#define DEFINE_GETXATTR(name) \
	SHIM_EXPORT ssize_t name(const char *path, const char *attr, void *value, size_t size) \
	{ \
		struct shim_node node; \
\
		if (shim_node_at(AT_FDCWD, path, &node)) \
			return node_xattr(&node, -ENODATA); \
		if (!shim_next.name) \
			return (ssize_t)syscall(SYS_##name, path, attr, value, size); \
		return shim_next.name(path, attr, value, size); \
	}

#define DEFINE_LISTXATTR(name) \
	SHIM_EXPORT ssize_t name(const char *path, char *list, size_t size) \
	{ \
		struct shim_node node; \
\
		if (shim_node_at(AT_FDCWD, path, &node)) \
			return node_xattr(&node, 0); \
		if (!shim_next.name) \
			return (ssize_t)syscall(SYS_##name, path, list, size); \
		return shim_next.name(path, list, size); \
	}

DEFINE_GETXATTR(getxattr)
DEFINE_GETXATTR(lgetxattr)
DEFINE_LISTXATTR(listxattr)
DEFINE_LISTXATTR(llistxattr)
