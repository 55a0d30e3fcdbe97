/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * stat(2), access(2) and their families
 *
 * On 64-bit systems struct stat and struct stat64 are the same, and so is what
 * the kernel fills; __xstat and the like are what programs call that were built
 * with a glibc before 2.33.
 */
#undef _FILE_OFFSET_BITS
#undef _FORTIFY_SOURCE
#include "client/shim/shim.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <unistd.h>

_Static_assert(sizeof(struct stat) == sizeof(struct stat64), "one stat on 64-bit systems");

static int sys_fstatat(int dirfd, const char *path, void *st, int flags)
{
	return (int)syscall(SYS_newfstatat, dirfd, path, st, flags);
}

static int sys_fstat(int fd, void *st)
{
	return sys_fstatat(fd, "", st, AT_EMPTY_PATH);
}

/* A node's status where the caller wants it, which may be a struct stat64. */
static int node_stat(const struct shim_node *node, void *ret)
{
	return shim_result(shim_node_stat(node, ret));
}

/* After a stat of a descriptor: if it is a context it is a device. */
static int fd_stat(int r, int fd, void *st)
{
	if (r == 0)
		(void)shim_context_stat(fd, st);
	return r;
}

static bool by_descriptor(const char *path, int flags)
{
	return (flags & AT_EMPTY_PATH) && (!path || !*path);
}

#define DEFINE_STAT(name, type, flags) \
	SHIM_EXPORT int name(const char *restrict path, type *restrict st) \
	{ \
		struct shim_node node; \
\
		if (shim_node_at(AT_FDCWD, path, &node)) \
			return node_stat(&node, st); \
		if (!shim_next.name) \
			return sys_fstatat(AT_FDCWD, path, st, flags); \
		return shim_next.name(path, st); \
	}

#define DEFINE_FSTAT(name, type) \
	SHIM_EXPORT int name(int fd, type *st) \
	{ \
		return fd_stat(shim_next.name ? shim_next.name(fd, st) : sys_fstat(fd, st), fd, \
			       st); \
	}

#define DEFINE_FSTATAT(name, type) \
	SHIM_EXPORT int name(int dirfd, const char *restrict path, type *restrict st, int flags) \
	{ \
		struct shim_node node; \
		int r; \
\
		if (shim_node_at(dirfd, path, &node)) \
			return node_stat(&node, st); \
		r = shim_next.name ? shim_next.name(dirfd, path, st, flags) : \
				     sys_fstatat(dirfd, path, st, flags); \
		return by_descriptor(path, flags) ? fd_stat(r, dirfd, st) : r; \
	}

DEFINE_STAT(stat, struct stat, 0)
DEFINE_STAT(stat64, struct stat64, 0)
DEFINE_STAT(lstat, struct stat, AT_SYMLINK_NOFOLLOW)
DEFINE_STAT(lstat64, struct stat64, AT_SYMLINK_NOFOLLOW)
DEFINE_FSTAT(fstat, struct stat)
DEFINE_FSTAT(fstat64, struct stat64)
DEFINE_FSTATAT(fstatat, struct stat)
DEFINE_FSTATAT(fstatat64, struct stat64)

/* --- before glibc 2.33; headers no longer declare these --- */

#define DEFINE_XSTAT(name, type, flags) \
	int name(int version, const char *path, type *st); \
	SHIM_EXPORT int name(int version, const char *path, type *st) \
	{ \
		struct shim_node node; \
\
		if (shim_node_at(AT_FDCWD, path, &node)) \
			return node_stat(&node, st); \
		if (!shim_next.name) \
			return sys_fstatat(AT_FDCWD, path, st, flags); \
		return shim_next.name(version, path, st); \
	}

#define DEFINE_FXSTAT(name, type) \
	int name(int version, int fd, type *st); \
	SHIM_EXPORT int name(int version, int fd, type *st) \
	{ \
		return fd_stat(shim_next.name ? shim_next.name(version, fd, st) : \
						sys_fstat(fd, st), \
			       fd, st); \
	}

#define DEFINE_FXSTATAT(name, type) \
	int name(int version, int dirfd, const char *path, type *st, int flags); \
	SHIM_EXPORT int name(int version, int dirfd, const char *path, type *st, int flags) \
	{ \
		struct shim_node node; \
		int r; \
\
		if (shim_node_at(dirfd, path, &node)) \
			return node_stat(&node, st); \
		r = shim_next.name ? shim_next.name(version, dirfd, path, st, flags) : \
				     sys_fstatat(dirfd, path, st, flags); \
		return by_descriptor(path, flags) ? fd_stat(r, dirfd, st) : r; \
	}

DEFINE_XSTAT(__xstat, struct stat, 0)
DEFINE_XSTAT(__xstat64, struct stat64, 0)
DEFINE_XSTAT(__lxstat, struct stat, AT_SYMLINK_NOFOLLOW)
DEFINE_XSTAT(__lxstat64, struct stat64, AT_SYMLINK_NOFOLLOW)
DEFINE_FXSTAT(__fxstat, struct stat)
DEFINE_FXSTAT(__fxstat64, struct stat64)
DEFINE_FXSTATAT(__fxstatat, struct stat)
DEFINE_FXSTATAT(__fxstatat64, struct stat64)

/* --- statx --- */

static struct statx_timestamp timestamp(struct timespec t)
{
	return (struct statx_timestamp){ .tv_sec = t.tv_sec, .tv_nsec = (__u32)t.tv_nsec };
}

static void to_statx(const struct stat *st, struct statx *ret)
{
	*ret = (struct statx){
		.stx_mask = STATX_BASIC_STATS,
		.stx_blksize = (__u32)st->st_blksize,
		.stx_nlink = (__u32)st->st_nlink,
		.stx_uid = st->st_uid,
		.stx_gid = st->st_gid,
		.stx_mode = (__u16)st->st_mode,
		.stx_ino = st->st_ino,
		.stx_size = (__u64)st->st_size,
		.stx_blocks = (__u64)st->st_blocks,
		.stx_atime = timestamp(st->st_atim),
		.stx_mtime = timestamp(st->st_mtim),
		.stx_ctime = timestamp(st->st_ctim),
		.stx_rdev_major = major(st->st_rdev),
		.stx_rdev_minor = minor(st->st_rdev),
		.stx_dev_major = major(st->st_dev),
		.stx_dev_minor = minor(st->st_dev),
	};
}

SHIM_EXPORT int statx(int dirfd, const char *restrict path, int flags, unsigned int mask,
		      struct statx *restrict buf)
{
	struct shim_node node;
	struct stat st;
	int r;

	if (shim_node_at(dirfd, path, &node)) {
		r = shim_node_stat(&node, &st);
		if (r == 0)
			to_statx(&st, buf);
		return shim_result(r);
	}
	r = shim_next.statx ? shim_next.statx(dirfd, path, flags, mask, buf) :
			      (int)syscall(SYS_statx, dirfd, path, flags, mask, buf);
	if (r == 0 && by_descriptor(path, flags) && (mask & STATX_TYPE) &&
	    S_ISSOCK(buf->stx_mode)) {
		int saved = errno;

		if (sys_fstat(dirfd, &st) == 0 && shim_context_stat(dirfd, &st))
			to_statx(&st, buf);
		errno = saved;
	}
	return r;
}

/* --- access --- */

/* A device cannot be executed by anybody; the rest is asked of the socket. */
static int check_node(const struct shim_node *node, int mode)
{
	struct stat st;
	int r = shim_node_stat(node, &st);

	if (r == 0 && (mode & X_OK))
		r = -EACCES;
	return shim_result(r);
}

#define DEFINE_ACCESS(name, flags) \
	SHIM_EXPORT int name(const char *path, int mode) \
	{ \
		struct shim_node node; \
\
		if (shim_node_at(AT_FDCWD, path, &node)) { \
			if (check_node(&node, mode) < 0) \
				return -1; \
			path = node.path; \
		} \
		if (!shim_next.name) \
			return (int)syscall(SYS_faccessat2, AT_FDCWD, path, mode, flags); \
		return shim_next.name(path, mode); \
	}

DEFINE_ACCESS(access, 0)
DEFINE_ACCESS(euidaccess, AT_EACCESS)
DEFINE_ACCESS(eaccess, AT_EACCESS)

SHIM_EXPORT int faccessat(int dirfd, const char *path, int mode, int flags)
{
	struct shim_node node;

	if (shim_node_at(dirfd, path, &node)) {
		if (check_node(&node, mode) < 0)
			return -1;
		dirfd = AT_FDCWD;
		path = node.path;
	}
	if (!shim_next.faccessat)
		return (int)syscall(SYS_faccessat2, dirfd, path, mode, flags);
	return shim_next.faccessat(dirfd, path, mode, flags);
}
