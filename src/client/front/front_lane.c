/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A lane of a client thread
 *
 * What is made here is not on the path of a call that has its lane: there it
 * costs one look into the bindings. swteed answers on the lane's own socket, so
 * what stands there next is always the answer to what this thread asked last.
 */
#include "client/front/front_lane.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/fdsock.h"
#include "client/front/front.h"
#include "client/front/front_thread.h"
#include "machine/lane/lane.h"

/* Out of the way of programs that count on low numbers, or on FD_SETSIZE */
#define HIGH_FD 900

/* The mapping of a lane in whole pages, to be told from its data area alone */
static void lane_pages(struct front_lane *fl, void **ret_addr, size_t *ret_size)
{
	uintptr_t page = (uintptr_t)sysconf(_SC_PAGESIZE);
	uintptr_t lo = (uintptr_t)lane_data(fl->lane) & ~(page - 1);
	uintptr_t hi = (uintptr_t)lane_data(fl->lane) + lane_data_size(fl->lane);

	*ret_addr = (void *)lo;
	*ret_size = ((hi + page - 1) & ~(page - 1)) - lo;
}

bool front_context_gone(int fd)
{
	struct pollfd p = { .fd = fd };
	int cancel;
	bool gone;

	(void)pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, &cancel);
	gone = poll(&p, 1, 0) == 1 && (p.revents & (POLLHUP | POLLERR));
	(void)pthread_setcancelstate(cancel, NULL);
	return gone;
}

/* Send on a context; the program may have made its descriptor non-blocking. */
static int send_on_context(int fd, const struct front_msg *msg, const int *fds, size_t n_fds)
{
	int r;

	while (r = fdsock_send(fd, msg, sizeof(*msg), fds, n_fds), r == -EAGAIN) {
		struct pollfd p = { .fd = fd, .events = POLLOUT };

		if (poll(&p, 1, -1) < 0 && errno != EINTR)
			return -errno;
	}
	return r == -EPIPE || r == -ENOTCONN ? -ENODEV : r;
}

/* What swteed answers on @sock, with the lane's memory if @ret_mem is given */
static int recv_info(int sock, struct front_lane_info *info, int *ret_mem)
{
	size_t n_fds = 0;
	ssize_t n = fdsock_recv(sock, info, sizeof(*info), ret_mem, ret_mem ? 1 : 0, &n_fds,
				NULL, 0);

	if (n == 0)
		return -EPIPE;
	if (n < 0)
		/* Too many descriptors here is what keeps one from arriving. */
		return n == -EMSGSIZE && ret_mem ? -EMFILE : (int)n;
	if (n != sizeof(*info))
		return -EIO;
	if (info->error)
		return info->error < 0 && info->error >= -4095 ? info->error : -EIO;
	return ret_mem && n_fds != 1 ? -EIO : 0;
}

static int move_high(int fd)
{
	for (int min = HIGH_FD; min >= 3; min /= 2) {
		int high = fcntl(fd, F_DUPFD_CLOEXEC, min);

		if (high >= 0) {
			(void)close(fd);
			return high;
		}
	}
	return fd;
}

static int attach(struct front_lane *fl, int mem)
{
	sigset_t all, saved;
	void *addr;
	size_t size;
	int r;

	/* It allocates: a handler that calls us must not come in between. */
	sigfillset(&all);
	(void)pthread_sigmask(SIG_BLOCK, &all, &saved);
	r = lane_attach(mem, sizeof(struct front_call), &fl->lane);
	(void)pthread_sigmask(SIG_SETMASK, &saved, NULL);
	if (r < 0)
		return r;
	/* The thread is the application's and may be anywhere at its next call. */
	lane_set_caller_flags(fl->lane, LANE_STAY);
	fl->call = lane_data(fl->lane);
	/* A child that goes on in the middle of a call must not do so on our lane. */
	lane_pages(fl, &addr, &size);
	(void)madvise(addr, size, MADV_DONTFORK);
	return 0;
}

static void allow_server(int fd)
{
	struct ucred server;
	socklen_t len = sizeof(server);

	/* A context that this process did not open brought no hello. */
	if (!front_tracer_allowed() &&
	    getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &server, &len) == 0)
		front_allow_tracer(server.pid);
}

static int make(struct front_lane *fl, int fd, struct front_lane_info *info)
{
	const struct front_msg msg = { .type = FRONT_LANE_NEW };
	AUTO(close_fd) int mine = -1;
	AUTO(close_fd) int theirs = -1;
	AUTO(close_fd) int mem = -1;
	struct stat st;
	int pair[2], r;

	allow_server(fd);
	r = fdsock_pair(pair);
	if (r < 0)
		return r;
	mine = move_high(pair[0]);
	theirs = pair[1];
	r = front_fstat(mine, &st);
	if (r < 0)
		return r;
	r = send_on_context(fd, &msg, &theirs, 1);
	if (r < 0)
		return r;
	/* Ours too must be gone for a hang-up to be seen. */
	theirs = close_fd(theirs);
	r = recv_info(mine, info, &mem);
	/* swteed could not take the socket: it has no descriptor left. */
	if (r == -EPIPE)
		return front_context_gone(fd) ? -ENODEV : -ENOMEM;
	if (r < 0)
		return r;
	r = attach(fl, mem);
	if (r < 0)
		return r;
	fl->token = info->token;
	fl->pid = getpid();
	fl->tid = (uint32_t)syscall(SYS_gettid);
	fl->sock_ino = st.st_ino;
	fl->sock = steal_fd(&mine);
	front_socket_add(fl->sock, fl->sock_ino);
	return 0;
}

/* True while the number is that of our socket: the program may have closed it. */
static bool socket_intact(const struct front_lane *fl)
{
	struct stat st;

	return front_fstat(fl->sock, &st) == 0 && S_ISSOCK(st.st_mode) &&
	       st.st_ino == fl->sock_ino;
}

static int bind_context(struct front_lane *fl, int fd, struct front_lane_info *info)
{
	const struct front_msg msg = { .type = FRONT_LANE_BIND, .token = fl->token };
	int r;

	if (lane_closed(fl->lane) || fl->pid != getpid() || !socket_intact(fl))
		return -EPIPE;
	r = send_on_context(fd, &msg, NULL, 0);
	if (r == 0)
		r = recv_info(fl->sock, info, NULL);
	/* No room for another context on this lane: begin a new one. */
	return r == -ENOSPC ? -EPIPE : r;
}

static bool is_same(int fd, const struct stat *st)
{
	struct stat now;

	return front_fstat(fd, &now) == 0 && now.st_ino == st->st_ino && now.st_dev == st->st_dev;
}

/*
 * swteed does not read what was sent by somebody who closed the context since, and
 * then there is no answer: keep it open until the answer is there. -EBADF: it was
 * closed already. Without a descriptor to spare it has to do as it is.
 */
static int make_or_bind(struct front_lane *fl, int fd, const struct stat *st,
			struct front_lane_info *info)
{
	AUTO(close_fd) int kept = fcntl(fd, F_DUPFD_CLOEXEC, 0);

	if (!is_same(kept >= 0 ? kept : fd, st))
		return -EBADF;
	if (kept >= 0)
		fd = kept;
	return fl->lane ? bind_context(fl, fd, info) : make(fl, fd, info);
}

int front_lane_slot(struct front_lane *fl, int fd, const struct stat *st, uint32_t *ret_slot)
{
	struct front_lane_info info = { 0 };
	struct front_binding *b;
	int cancel, r;

	for (unsigned int i = 0; i < FRONT_BINDINGS_PER_LANE; i++) {
		b = &fl->binding[i];
		if (b->ino == st->st_ino && b->dev == st->st_dev && fl->lane) {
			*ret_slot = b->slot;
			return 0;
		}
	}
	if (!front_context_path(fd, NULL, 0) && !front_is_file(fd))
		return -ENOTTY;

	(void)pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, &cancel);
	r = make_or_bind(fl, fd, st, &info);
	(void)pthread_setcancelstate(cancel, NULL);
	if (r < 0)
		return r;
	b = &fl->binding[fl->victim++ % FRONT_BINDINGS_PER_LANE];
	*b = (struct front_binding){ .dev = st->st_dev, .ino = st->st_ino, .slot = info.slot };
	*ret_slot = info.slot;
	return 0;
}

void front_lane_unbind(struct front_lane *fl, uint32_t slot)
{
	for (unsigned int i = 0; i < FRONT_BINDINGS_PER_LANE; i++) {
		if (fl->binding[i].slot == slot)
			fl->binding[i].ino = 0;
	}
}

int front_lane_recv_fd(struct front_lane *fl, bool cloexec)
{
	int fd = -1, cancel, flags;
	size_t n_fds = 0;
	ssize_t n;
	char byte;

	if (!socket_intact(fl))
		return -EIO;
	(void)pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, &cancel);
	n = fdsock_recv(fl->sock, &byte, sizeof(byte), &fd, 1, &n_fds, NULL, 0);
	(void)pthread_setcancelstate(cancel, NULL);
	if (n == -EMSGSIZE || (n == 1 && n_fds == 0))
		return -EMFILE;
	if (n != 1)
		return -EIO;
	flags = cloexec ? -1 : fcntl(fd, F_GETFD);
	if (flags >= 0)
		(void)fcntl(fd, F_SETFD, flags & ~FD_CLOEXEC);
	return fd;
}

int front_lane_recv_fds(struct front_lane *fl, int *fds, struct front_place *places)
{
	size_t n_fds = 0;
	int cancel;
	ssize_t n;

	if (!socket_intact(fl))
		return -EIO;
	(void)pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, &cancel);
	n = fdsock_recv(fl->sock, places, FRONT_MAX_FDS * sizeof(*places), fds, FRONT_MAX_FDS,
			&n_fds, NULL, 0);
	if (n > 0 && (size_t)n != n_fds * sizeof(*places)) {
		/* Fewer than were sent: there is no room for them. */
		while (n_fds)
			(void)close(fds[--n_fds]);
		n = -EMSGSIZE;
	}
	(void)pthread_setcancelstate(cancel, NULL);
	if (n == -EMSGSIZE)
		return -EMFILE;
	return n > 0 ? (int)n_fds : -EIO;
}

/* Empty but for who uses it, which is not ours to change */
static void reset(struct front_lane *fl)
{
	*fl = (struct front_lane){ .busy = fl->busy, .sock = -1 };
}

void front_lane_drop(struct front_lane *fl)
{
	if (!fl->lane)
		return;
	lane_close(fl->lane);
	front_socket_remove(fl->sock_ino);
	front_socket_close(fl->sock, fl->sock_ino);
	fl->lane = lane_free(fl->lane);
	reset(fl);
}

void front_lane_forget(struct front_lane *fl)
{
	void *addr, *got;
	size_t size;

	if (fl->lane) {
		front_socket_close(fl->sock, fl->sock_ino);
		/*
		 * The mapping did not come along, but lane_free() will unmap it:
		 * put something there first. If something of the program's is
		 * there already the few bytes of a struct lane are left alone.
		 */
		lane_pages(fl, &addr, &size);
		got = mmap(addr, size, PROT_NONE,
			   MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1, 0);
		if (got == addr)
			(void)lane_free(fl->lane);
		else if (got != MAP_FAILED)
			(void)munmap(got, size);
	}
	*fl = (struct front_lane){ .sock = -1 };
}
