/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * open(2) and its family, fopen(3)
 *
 * Where the next function is not known yet the system call is made instead, which
 * is then no cancellation point: before main() nobody cancels.
 */
#undef _FILE_OFFSET_BITS
#undef _FORTIFY_SOURCE
#include "client/shim/shim.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/auto.h"
#include "client/front/front.h"

static int sys_openat(int dirfd, const char *path, int flags, mode_t mode)
{
	return (int)syscall(SYS_openat, dirfd, path, flags, mode);
}

/*
 * As the kernel opens a character device: O_CREAT and O_TRUNC mean nothing to
 * it, any access mode will do, O_NONBLOCK is nobody's business. Returns a
 * descriptor or a negative errno.
 */
static int open_node(const struct shim_node *node, int flags)
{
	struct stat st;
	int fd, r;

	if (flags & (O_PATH | O_DIRECTORY | O_EXCL)) {
		r = shim_node_stat(node, &st);
		if (r < 0)
			return r;
		if (flags & O_DIRECTORY)
			return -ENOTDIR;
		if ((flags & O_CREAT) && (flags & O_EXCL) && !(flags & O_PATH))
			return -EEXIST;
	}
	if (flags & O_PATH) {
		fd = sys_openat(AT_FDCWD, node->path, flags, 0);
		return fd < 0 ? -errno : fd;
	}
	fd = front_open(node->dir, node->name);
	shim_fd_note(fd, SHIM_CONTEXT);
	if (fd >= 0 && !(flags & O_CLOEXEC))
		(void)fcntl(fd, F_SETFD, 0);
	return fd;
}

static bool flags_have_mode(int flags)
{
	return (flags & O_CREAT) || (flags & O_TMPFILE) == O_TMPFILE;
}

#define TAKE_MODE(mode, flags) \
	do { \
		va_list ap_; \
		if (flags_have_mode(flags)) { \
			va_start(ap_, flags); \
			mode = va_arg(ap_, mode_t); \
			va_end(ap_); \
		} \
	} while (0)

/* open and open64 differ in O_LARGEFILE only, which 64-bit systems do not have. */
#define DEFINE_OPEN(name) \
	SHIM_EXPORT int name(const char *path, int flags, ...) \
	{ \
		struct shim_node node; \
		mode_t mode = 0; \
\
		TAKE_MODE(mode, flags); \
		if (shim_node_at(AT_FDCWD, path, &node)) \
			return shim_result(open_node(&node, flags)); \
		if (!shim_next.name) \
			return sys_openat(AT_FDCWD, path, flags, mode); \
		return shim_next.name(path, flags, mode); \
	}

#define DEFINE_OPENAT(name) \
	SHIM_EXPORT int name(int dirfd, const char *path, int flags, ...) \
	{ \
		struct shim_node node; \
		mode_t mode = 0; \
\
		TAKE_MODE(mode, flags); \
		if (shim_node_at(dirfd, path, &node)) \
			return shim_result(open_node(&node, flags)); \
		if (!shim_next.name) \
			return sys_openat(dirfd, path, flags, mode); \
		return shim_next.name(dirfd, path, flags, mode); \
	}

/* What _FORTIFY_SOURCE makes of a call without a mode; libc checks the flags. */
#define DEFINE_OPEN_2(name) \
	int name(const char *path, int flags); \
	SHIM_EXPORT int name(const char *path, int flags) \
	{ \
		struct shim_node node; \
\
		if (shim_node_at(AT_FDCWD, path, &node)) \
			return shim_result(open_node(&node, flags)); \
		if (!shim_next.name) \
			return sys_openat(AT_FDCWD, path, flags, 0); \
		return shim_next.name(path, flags); \
	}

#define DEFINE_OPENAT_2(name) \
	int name(int dirfd, const char *path, int flags); \
	SHIM_EXPORT int name(int dirfd, const char *path, int flags) \
	{ \
		struct shim_node node; \
\
		if (shim_node_at(dirfd, path, &node)) \
			return shim_result(open_node(&node, flags)); \
		if (!shim_next.name) \
			return sys_openat(dirfd, path, flags, 0); \
		return shim_next.name(dirfd, path, flags); \
	}

DEFINE_OPEN(open)
DEFINE_OPEN(open64)
DEFINE_OPENAT(openat)
DEFINE_OPENAT(openat64)
DEFINE_OPEN_2(__open_2)
DEFINE_OPEN_2(__open64_2)
DEFINE_OPENAT_2(__openat_2)
DEFINE_OPENAT_2(__openat64_2)

/* --- fopen --- */

/* The flags of an fopen(3) mode; what follows a comma is glibc's and no flag. */
static int mode_flags(const char *mode)
{
	int flags = 0;

	for (const char *m = mode + 1; *m && *m != ','; m++) {
		if (*m == 'e')
			flags |= O_CLOEXEC;
		else if (*m == 'x')
			flags |= O_EXCL;
	}
	return *mode == 'r' ? flags : flags | O_CREAT;
}

static FILE *fopen_node(const struct shim_node *node, const char *mode)
{
	AUTO(close_fd) int fd = -1;
	FILE *f;

	if (*mode != 'r' && *mode != 'w' && *mode != 'a') {
		errno = EINVAL;
		return NULL;
	}
	fd = open_node(node, mode_flags(mode));
	if (fd < 0) {
		errno = -fd;
		return NULL;
	}
	f = fdopen(fd, mode);
	if (f)
		(void)steal_fd(&fd);
	return f;
}

#define DEFINE_FOPEN(name) \
	SHIM_EXPORT FILE *name(const char *restrict path, const char *restrict mode) \
	{ \
		FILE *(*next)(const char *, const char *) = shim_next.name; \
		struct shim_node node; \
\
		if (shim_node_at(AT_FDCWD, path, &node)) \
			return fopen_node(&node, mode); \
		if (!next) \
			next = (FILE *(*)(const char *, const char *))shim_find(#name); \
		if (!next) { \
			errno = ENOMEM; \
			return NULL; \
		} \
		return next(path, mode); \
	}

DEFINE_FOPEN(fopen)
DEFINE_FOPEN(fopen64)
