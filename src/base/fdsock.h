/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Messages with descriptors over SOCK_SEQPACKET sockets
 *
 * A message is received whole or refused: one that is longer than the buffer,
 * or carries more descriptors than asked for, is dropped with -EMSGSIZE and its
 * descriptors are closed.
 */
#ifndef BASE_FDSOCK_H
#define BASE_FDSOCK_H

#include <stddef.h>
#include <sys/socket.h>
#include <sys/types.h>

#define FDSOCK_MAX_FDS 16

/* A connected, close-on-exec SOCK_SEQPACKET pair. */
int fdsock_pair(int fds[2]);

/*
 * Send @len bytes and @n_fds descriptors (which stay the caller's). Returns 0,
 * -EPIPE when the peer is gone, or another negative errno. Never raises SIGPIPE.
 */
int fdsock_send(int sock, const void *buf, size_t len, const int *fds, size_t n_fds);

/*
 * Receive one message. Returns its length, 0 on hang-up, or a negative errno
 * (-EAGAIN with MSG_DONTWAIT in @flags). @fds (room for @max_fds; may be NULL
 * with 0) receives close-on-exec descriptors, *@n_fds their number. @cred, when
 * not NULL, receives what the kernel says of the sender (SO_PASSCRED must be
 * set), else pid 0.
 */
ssize_t fdsock_recv(int sock, void *buf, size_t len, int *fds, size_t max_fds, size_t *n_fds,
		    struct ucred *cred, int flags);

#endif /* BASE_FDSOCK_H */
