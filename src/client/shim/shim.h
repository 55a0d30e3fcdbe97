/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * libswtee-shim.so: the devices and heaps of a swtee instance for an unmodified program
 *
 * The program is preloaded with this library and finds in its environment which
 * instance it belongs to. Calls that name a device node, or that use an open one
 * in a way that libc lets us see, are answered here; all others go on to libc, or
 * to the next library that stands in for it.
 *
 * The library is in every process of a session, from its first instruction on:
 * it may be called before its constructor has run, inside malloc(), in signal
 * handlers, in forked and vforked children. So there are no locks and no memory
 * is allocated on the way through, and until the next function is known (the
 * constructor looks all of them up) the system call itself is made.
 *
 * What does not get through, because it does not come through libc, or is asked
 * in ways that are not worth to stand in for:
 * - statically linked programs, and those that make system calls by themselves;
 * - freopen(3) of a node; symbolic links to a node; realpath(3);
 * - a listing of /dev, /dev/dma_heap or /sys: nodes can be opened, not discovered;
 * - what a program does with a context or with shared memory as a socket or a file
 *   in memory, with a descriptor that it duplicated or received and did not use in
 *   a TEE ioctl since, or by stdio: a read ends at once, what is written is dropped
 *   by swteed, memory can be read, and mapped beyond its end (fds.c, file.c);
 * - read(2) and write(2) of a dma-buf are those of a socket;
 * - arguments that are not on the stack, in a process that swteed may not trace
 *   (PR_SET_DUMPABLE, another user): EFAULT.
 * A program under AddressSanitizer needs ASAN_OPTIONS=verify_asan_link_order=0.
 */
#ifndef CLIENT_SHIM_H
#define CLIENT_SHIM_H

#include <stdbool.h>
#include <stdio.h>
#include <sys/stat.h>
#include <sys/types.h>

#define SHIM_EXPORT __attribute__((visibility("default")))

struct iovec;
struct statx;

/* --- the functions behind ours (next.c); NULL until the constructor has run --- */

#define SHIM_NEXT_FUNCTIONS(X) \
	X(int, open, (const char *, int, ...)) \
	X(int, open64, (const char *, int, ...)) \
	X(int, openat, (int, const char *, int, ...)) \
	X(int, openat64, (int, const char *, int, ...)) \
	X(int, __open_2, (const char *, int)) \
	X(int, __open64_2, (const char *, int)) \
	X(int, __openat_2, (int, const char *, int)) \
	X(int, __openat64_2, (int, const char *, int)) \
	X(FILE *, fopen, (const char *, const char *)) \
	X(FILE *, fopen64, (const char *, const char *)) \
	X(int, access, (const char *, int)) \
	X(int, faccessat, (int, const char *, int, int)) \
	X(int, euidaccess, (const char *, int)) \
	X(int, eaccess, (const char *, int)) \
	X(int, stat, (const char *, struct stat *)) \
	X(int, lstat, (const char *, struct stat *)) \
	X(int, fstat, (int, struct stat *)) \
	X(int, fstatat, (int, const char *, struct stat *, int)) \
	X(int, stat64, (const char *, struct stat64 *)) \
	X(int, lstat64, (const char *, struct stat64 *)) \
	X(int, fstat64, (int, struct stat64 *)) \
	X(int, fstatat64, (int, const char *, struct stat64 *, int)) \
	X(int, __xstat, (int, const char *, struct stat *)) \
	X(int, __lxstat, (int, const char *, struct stat *)) \
	X(int, __fxstat, (int, int, struct stat *)) \
	X(int, __fxstatat, (int, int, const char *, struct stat *, int)) \
	X(int, __xstat64, (int, const char *, struct stat64 *)) \
	X(int, __lxstat64, (int, const char *, struct stat64 *)) \
	X(int, __fxstat64, (int, int, struct stat64 *)) \
	X(int, __fxstatat64, (int, int, const char *, struct stat64 *, int)) \
	X(int, statx, (int, const char *, int, unsigned int, struct statx *)) \
	X(ssize_t, getxattr, (const char *, const char *, void *, size_t)) \
	X(ssize_t, lgetxattr, (const char *, const char *, void *, size_t)) \
	X(ssize_t, listxattr, (const char *, char *, size_t)) \
	X(ssize_t, llistxattr, (const char *, char *, size_t)) \
	X(int, ioctl, (int, unsigned long, ...)) \
	X(off_t, lseek, (int, off_t, int)) \
	X(off64_t, lseek64, (int, off64_t, int)) \
	X(ssize_t, read, (int, void *, size_t)) \
	X(ssize_t, write, (int, const void *, size_t)) \
	X(ssize_t, readv, (int, const struct iovec *, int)) \
	X(ssize_t, writev, (int, const struct iovec *, int)) \
	X(ssize_t, pread, (int, void *, size_t, off_t)) \
	X(ssize_t, pread64, (int, void *, size_t, off64_t)) \
	X(ssize_t, pwrite, (int, const void *, size_t, off_t)) \
	X(ssize_t, pwrite64, (int, const void *, size_t, off64_t)) \
	X(ssize_t, __read_chk, (int, void *, size_t, size_t)) \
	X(ssize_t, __pread_chk, (int, void *, size_t, off_t, size_t)) \
	X(ssize_t, __pread64_chk, (int, void *, size_t, off64_t, size_t)) \
	X(void *, mmap, (void *, size_t, int, int, int, off_t)) \
	X(void *, mmap64, (void *, size_t, int, int, int, off64_t)) \
	X(int, madvise, (void *, size_t, int)) \
	X(void *, mremap, (void *, size_t, size_t, int, ...))

struct shim_next {
#define X(type, name, args) type (*name) args;
	SHIM_NEXT_FUNCTIONS(X)
#undef X
};

extern struct shim_next shim_next;

/*
 * The function behind @name, looked up now: only for what has no system call to
 * fall back to. NULL when there is none, or when the search itself came here.
 */
void *shim_find(const char *name);

/* --- device nodes (node.c) --- */

/* Miscellaneous devices have one major number, and dynamic minors. */
#define SHIM_MISC_MAJOR 10
#define SHIM_QTEE_MINOR 120

#define SHIM_PATH_MAX 192

struct shim_node {
	char path[SHIM_PATH_MAX]; /* of its socket in the runtime directory */
	const char *dir;	/* the runtime directory */
	const char *name;	/* within @path */
};

/* True when this process belongs to an instance. */
bool shim_active(void);

/*
 * True when @path, relative to @dirfd as for openat(2), names a device node of
 * ours in /dev: whether it exists or not, it is not for the host to answer.
 */
bool shim_node_at(int dirfd, const char *path, struct shim_node *ret_node);

/*
 * What stat(2) says of a node: a character device with the owner, permissions
 * and times of its socket, which are the ones that count. -ENOENT or another
 * negative errno.
 */
int shim_node_stat(const struct shim_node *node, struct stat *ret_st);

/* The same of an open context or dma-buf; false when @fd is none. @st: of the descriptor. */
bool shim_context_stat(int fd, struct stat *st);

/* --- dma-bufs (dmabuf.c) --- */

/*
 * An ioctl that the kernel did not know (ENOTTY), if @fd is a dma-buf: 0 or a
 * negative errno. -ENOTTY for any other descriptor.
 */
int shim_dmabuf_ioctl(int fd, unsigned long request, unsigned long arg);
/* After a failed mmap(2): errno as that of a dma-buf has it, if @fd is one. */
void shim_dmabuf_mmap_errno(int fd);

/* --- descriptors that we know of (fds.c) --- */

enum shim_kind {
	SHIM_FOREIGN,
	SHIM_CONTEXT,
	SHIM_MEMORY,		/* from SHM_ALLOC: a file in memory */
	SHIM_REGISTERED,	/* from SHM_REGISTER, SHM_REGISTER_FD: a socket */
};

/* @fd is of this kind now. Two system calls at most in each of these, errno kept. */
void shim_fd_note(int fd, enum shim_kind kind);
/* Was that said of the number once? No system call. */
bool shim_fd_noted(int fd);
/* Is it still true? @ret_st: its status, unless it is foreign. */
enum shim_kind shim_fd_kind(int fd, struct stat *ret_st);

/* Return a negative errno as libc does. */
int shim_result(int r);

#endif /* CLIENT_SHIM_H */
