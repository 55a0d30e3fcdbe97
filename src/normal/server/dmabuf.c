/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Descriptors of dma-bufs
 *
 * What a client gets is one end of a socket pair. It passes between processes as
 * any descriptor does; when the last copy is closed, in whatever process, our end
 * hangs up, and the buffer is put. It carries no data, cannot be mapped, and
 * cannot be opened a second time by way of /proc. What else a dma-buf can do (its
 * size, the sync ioctl) the client's library answers by the name that our end is
 * bound to.
 *
 * A descriptor that comes back is a number in the caller's table. It is fetched
 * from there and known by its socket's cookie, which the kernel gives to one socket
 * only: names can be imitated, cookies not.
 */
#include "server.h"

#include <errno.h>
#include <fcntl.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <unistd.h>

#include <linux/dma-buf.h>
#include <linux/err.h>

#include "base/auto.h"
#include "base/fdsock.h"

/* The reference that a client's descriptors hold together */
struct dmabuf_handle {
	struct worker_job job;
	struct server *server;
	struct dmabuf_handle *next, **prev;	/* of server.dmabufs, guarded by server.lock */
	struct dma_buf *dmabuf;
	uint64_t cookie;			/* of the client's end */
	struct user_charge charges[2];		/* a buffer, its bytes */
	int sock;				/* ours */
	loop_id id;
};

static void handle_free(struct dmabuf_handle *handle)
{
	for (int i = 0; i < 2; i++)
		user_charge_end(&handle->charges[i]);
	free(handle);
}

static void handle_end(struct worker_job *job)
{
	struct dmabuf_handle *handle = (struct dmabuf_handle *)job;

	dma_buf_put(handle->dmabuf);
	handle_free(handle);
}

/* To whoever allocated it, as long as anybody has a descriptor */
static int handle_charge(struct dmabuf_handle *handle, struct user *user)
{
	int r;

	r = user_charge(&handle->charges[0], user, USER_SHM, 1);
	if (r == 0)
		r = user_charge(&handle->charges[1], user, USER_SHM_BYTES, handle->dmabuf->size);
	return r == -EDQUOT ? -ENOMEM : r;
}

static void handle_link(struct dmabuf_handle *handle)
{
	struct server *server = handle->server;

	pthread_mutex_lock(&server->lock);
	handle->next = server->dmabufs;
	handle->prev = &server->dmabufs;
	if (handle->next)
		handle->next->prev = &handle->next;
	server->dmabufs = handle;
	pthread_mutex_unlock(&server->lock);
}

static void handle_unlink(struct dmabuf_handle *handle)
{
	struct server *server = handle->server;

	pthread_mutex_lock(&server->lock);
	*handle->prev = handle->next;
	if (handle->next)
		handle->next->prev = handle->prev;
	pthread_mutex_unlock(&server->lock);
}

static void on_socket(void *data, uint32_t events)
{
	struct dmabuf_handle *handle = data;
	struct server *server = handle->server;
	char byte;

	if (!(events & (EPOLLHUP | EPOLLERR))) {
		/* Nothing is ever sent there: drop what a client writes. */
		(void)recv(handle->sock, &byte, 1, MSG_DONTWAIT);
		return;
	}
	loop_remove(server->loop, handle->id);
	handle_unlink(handle);
	close_fd(handle->sock);
	worker_run(server->workers, &handle->job);
}

/* The name says the size, and the cookie makes it one of a kind. */
static int bind_name(const struct dmabuf_handle *handle)
{
	struct sockaddr_un addr = { .sun_family = AF_UNIX };
	int n = snprintf(addr.sun_path + 1, sizeof(addr.sun_path) - 1, FRONT_DMABUF_NAME "%zx:%llx",
			 handle->dmabuf->size, (unsigned long long)handle->cookie);

	if (bind(handle->sock, (struct sockaddr *)&addr,
		 (socklen_t)(offsetof(struct sockaddr_un, sun_path) + 1 + (size_t)n)) < 0)
		return -errno;
	return 0;
}

static int handle_new(struct server *server, struct user *user, struct dma_buf *dmabuf,
		      int *ret_fd)
{
	struct dmabuf_handle *handle = calloc(1, sizeof(*handle));
	AUTO(close_fd) int theirs = -1;
	int pair[2], r;

	if (!handle)
		return -ENOMEM;
	handle->job.fn = handle_end;
	handle->server = server;
	handle->dmabuf = dmabuf;
	r = handle_charge(handle, user);
	if (r < 0)
		goto err_free;
	r = fdsock_pair(pair);
	if (r < 0) {
		/* Our limits are not the client's: to it, memory is short. */
		r = -ENOMEM;
		goto err_free;
	}
	theirs = pair[1];
	handle->sock = pair[0];
	r = socket_cookie(theirs, &handle->cookie);
	if (r == 0)
		r = bind_name(handle);
	if (r < 0)
		goto err_close;
	/* A read(2) by mistake ends at once instead of never. */
	(void)shutdown(theirs, SHUT_RD);
	handle_link(handle);
	r = loop_add(server->loop, handle->sock, EPOLLIN, on_socket, handle, &handle->id);
	if (r < 0) {
		handle_unlink(handle);
		goto err_close;
	}
	*ret_fd = steal_fd(&theirs);
	return 0;

err_close:
	close_fd(handle->sock);
err_free:
	handle_free(handle);
	return r;
}

/* The number is the client's to choose: 0 here, whatever it gets there. */
int dma_buf_fd(struct dma_buf *dmabuf, int flags)
{
	struct caller *caller = caller_current();
	int fd = -1, r;

	if (!caller || caller->reply_fd >= 0)
		return -EINVAL;
	r = handle_new(platform_get_server(), caller->process->user, dmabuf, &fd);
	if (r < 0)
		return r;
	caller->reply_fd = fd;
	caller->reply_cloexec = flags & O_CLOEXEC;
	return 0;
}

/*
 * While we hold the descriptor that we fetched its handle does not end by itself,
 * and an end that is under way took the handle off the list before.
 */
struct dma_buf *dma_buf_get(int fd)
{
	struct server *server = platform_get_server();
	struct caller *caller = caller_current();
	struct dma_buf *dmabuf = ERR_PTR(-EINVAL);
	AUTO(close_fd) int copy = -1;
	uint64_t cookie;

	if (!caller || fd < 0)
		return ERR_PTR(-EBADF);
	copy = (int)syscall(SYS_pidfd_getfd, caller->process->pidfd, fd, 0);
	if (copy < 0)
		return ERR_PTR(-errno);
	if (socket_cookie(copy, &cookie) < 0)
		return ERR_PTR(-EINVAL);

	pthread_mutex_lock(&server->lock);
	for (struct dmabuf_handle *handle = server->dmabufs; handle; handle = handle->next) {
		if (handle->cookie == cookie) {
			dmabuf = handle->dmabuf;
			get_dma_buf(dmabuf);
			break;
		}
	}
	pthread_mutex_unlock(&server->lock);
	return dmabuf;
}

void dmabuf_drop_all(struct server *server)
{
	struct dmabuf_handle *handle;

	while ((handle = server->dmabufs)) {
		loop_remove(server->loop, handle->id);
		handle_unlink(handle);
		close_fd(handle->sock);
		worker_run(server->workers, &handle->job);
	}
}
