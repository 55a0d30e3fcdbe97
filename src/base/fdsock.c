/* SPDX-License-Identifier: BSD-2-Clause */
#include "base/fdsock.h"

#include <errno.h>
#include <string.h>
#include <sys/uio.h>

#include "base/auto.h"

int fdsock_pair(int fds[2])
{
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, fds) < 0)
		return -errno;
	return 0;
}

int fdsock_send(int sock, const void *buf, size_t len, const int *fds, size_t n_fds)
{
	union {
		char buf[CMSG_SPACE(sizeof(int) * FDSOCK_MAX_FDS)];
		struct cmsghdr align;
	} control;
	struct iovec iov = { .iov_base = (void *)buf, .iov_len = len };
	struct msghdr msg = { .msg_iov = &iov, .msg_iovlen = 1 };
	ssize_t n;

	if (n_fds > FDSOCK_MAX_FDS)
		return -EINVAL;
	if (n_fds) {
		struct cmsghdr *cmsg;

		memset(&control, 0, sizeof(control));
		msg.msg_control = control.buf;
		msg.msg_controllen = CMSG_SPACE(sizeof(int) * n_fds);
		cmsg = CMSG_FIRSTHDR(&msg);
		cmsg->cmsg_level = SOL_SOCKET;
		cmsg->cmsg_type = SCM_RIGHTS;
		cmsg->cmsg_len = CMSG_LEN(sizeof(int) * n_fds);
		memcpy(CMSG_DATA(cmsg), fds, sizeof(int) * n_fds);
	}
	do {
		n = sendmsg(sock, &msg, MSG_NOSIGNAL);
	} while (n < 0 && errno == EINTR);
	if (n < 0)
		return errno == ECONNRESET ? -EPIPE : -errno;
	return 0;
}

/* Sorts what came along: descriptors into @got, the sender into @cred. */
static void take_control(struct msghdr *msg, int *got, size_t *n_got, struct ucred *cred)
{
	for (struct cmsghdr *c = CMSG_FIRSTHDR(msg); c; c = CMSG_NXTHDR(msg, c)) {
		if (c->cmsg_level != SOL_SOCKET)
			continue;
		if (c->cmsg_type == SCM_RIGHTS) {
			size_t n = (c->cmsg_len - CMSG_LEN(0)) / sizeof(int);

			for (size_t i = 0; i < n; i++) {
				int fd;

				memcpy(&fd, CMSG_DATA(c) + i * sizeof(int), sizeof(fd));
				if (*n_got < FDSOCK_MAX_FDS)
					got[(*n_got)++] = fd;
				else
					close_fd(fd);
			}
		} else if (c->cmsg_type == SCM_CREDENTIALS && cred) {
			memcpy(cred, CMSG_DATA(c), sizeof(*cred));
		}
	}
}

ssize_t fdsock_recv(int sock, void *buf, size_t len, int *fds, size_t max_fds, size_t *n_fds,
		    struct ucred *cred, int flags)
{
	union {
		char buf[CMSG_SPACE(sizeof(int) * FDSOCK_MAX_FDS) +
			 CMSG_SPACE(sizeof(struct ucred))];
		struct cmsghdr align;
	} control;
	struct iovec iov = { .iov_base = buf, .iov_len = len };
	struct msghdr msg = {
		.msg_iov = &iov,
		.msg_iovlen = 1,
		.msg_control = control.buf,
		.msg_controllen = sizeof(control.buf),
	};
	int got[FDSOCK_MAX_FDS];
	size_t n_got = 0;
	ssize_t n;

	if (n_fds)
		*n_fds = 0;
	if (cred)
		*cred = (struct ucred){ .uid = (uid_t)-1, .gid = (gid_t)-1 };
	do {
		n = recvmsg(sock, &msg, flags | MSG_CMSG_CLOEXEC);
	} while (n < 0 && errno == EINTR);
	if (n < 0)
		return errno == ECONNRESET ? 0 : -errno;

	take_control(&msg, got, &n_got, cred);
	if ((msg.msg_flags & (MSG_TRUNC | MSG_CTRUNC)) || n_got > max_fds) {
		while (n_got)
			close_fd(got[--n_got]);
		return -EMSGSIZE;
	}
	for (size_t i = 0; i < n_got; i++)
		fds[i] = got[i];
	if (n_fds)
		*n_fds = n_got;
	return n;
}
