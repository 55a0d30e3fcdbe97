/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The client's side of the front wire (abi/front.h)
 *
 * A context, what open("/dev/tee0") returns, is a connected socket: dup, fork,
 * exec and SCM_RIGHTS need no help from here, and a context may come from
 * another process. What this library adds belongs to a thread: the lanes on
 * which its calls travel, made at its first call and gone with the thread.
 *
 * All functions are for any thread. front_ioctl() may also be called in a
 * signal handler that interrupted front_ioctl(): each nested call has a lane of
 * its own, three deep. The first call on a lane allocates memory, so a handler
 * that may interrupt malloc() must not make the first call of its thread.
 *
 * After fork(), _Fork() or a clone() that copies memory the child starts over
 * with lanes of its own; those of its parent are closed there at its first call.
 * A child that shares memory (vfork) uses its parent's, and costs it the lane if
 * it uses a context that the lane does not know.
 *
 * A context is never waited on in a cancellation point: pthread_cancel() takes
 * effect after the ioctl, as with ioctl(2). With asynchronous cancellation, or a
 * longjmp() out of a signal handler, the abandoned call is ended in swteed.
 */
#ifndef CLIENT_FRONT_H
#define CLIENT_FRONT_H

#include <stdbool.h>
#include <stddef.h>

#include "abi/front.h"

/*
 * What a node name says: tee3 is number 3, teepriv3 the same and privileged,
 * dma_heap/protected,NAME a heap of protected memory, qtee and qtee-ree the QTEE's own
 * devices, 0 and 1.
 */
struct front_node {
	bool heap;
	bool qtee;
	bool privileged;
	unsigned int number;
};

/* False unless @name is one that a node can have, below /dev. @ret_node may be NULL. */
bool front_node_parse(const char *name, struct front_node *ret_node);

/*
 * Open node @node of the instance whose runtime directory is @dir. Returns a
 * close-on-exec descriptor, or what open(2) would fail with: -ENOENT when the
 * instance has no such node, -ENXIO when nobody serves it any more, the errno of
 * the driver, -EMFILE, -EACCES; -ENAMETOOLONG when @dir is too long for the
 * address of a socket, -EPROTO when the other side is no swteed of this version.
 */
int front_open(const char *dir, const char *node);

/* The name of the node, as above, at the end of @path; NULL if there is none. */
const char *front_node_name(const char *path);

/* True when @fd is a context: an open device or heap, or an object. At most three
 * system calls. */
bool front_is_context(int fd);

/*
 * As front_is_context(); in addition the path of the node's socket (@size bytes
 * of @path). False too when the path does not fit.
 */
bool front_context_path(int fd, char *path, unsigned int size);

/*
 * What @fd is, if it is an open file without a node of its own (abi/front.h): the
 * kind, in @name, which has FRONT_FILE_NAME_MAX bytes. NULL for other descriptors.
 */
#define FRONT_FILE_NAME_MAX 108
const char *front_file_kind(int fd, char *name, size_t size);
bool front_is_file(int fd);

/* True when @fd is a dma-buf of swteed's, and its size in bytes. */
bool front_dmabuf_size(int fd, unsigned long long *ret_size);

/*
 * ioctl(2) on a context: >= 0 or a negative errno, as the kernel returns it to
 * libc. A descriptor that an ioctl returns is not close-on-exec (facts Q6), unless
 * it was asked for (DMA_HEAP_IOCTL_ALLOC), or stands for an object. In
 * addition to what the device answers: -EBADF; -ENOTTY when @fd is no context;
 * -ENODEV when swteed is gone; -EIO when swteed dropped the call half way, so
 * that it may or may not have been done; -EMFILE, -ENOMEM when there is no room
 * for the thread's lane; -EBUSY beyond three nested calls. Keeps errno.
 */
int front_ioctl(int fd, unsigned int cmd, unsigned long arg);

/*
 * --- registered memory that is shared in place ---
 *
 * TEE_IOC_SHM_REGISTER replaces private anonymous pages of the caller by pages that
 * it shares with the TEE, which the program does not notice: see front_pages.c. What
 * follows keeps it so for what the program does to its memory later.
 */

/* Whether this process has such pages, or had. No system call. */
bool front_pages_in_use(void);

/*
 * Before the pages of [addr, addr + size) are given back (MADV_DONTNEED, MADV_FREE):
 * those that are shared become private ones of zeroes.
 */
void front_pages_discard(const void *addr, size_t size);

/* Before they are moved or resized by mremap(2): ... become private, with their bytes. */
void front_pages_make_private(const void *addr, size_t size);

#endif /* CLIENT_FRONT_H */
