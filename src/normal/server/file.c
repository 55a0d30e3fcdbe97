/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Open device files
 */
#include "server.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include <linux/dma-heap.h>
#include <linux/err.h>

#include "base/auto.h"
#include "base/fdsock.h"
#include "base/kernel/dmabuf.h"
#include "base/log.h"
#include "normal/platform.h"
#include "normal/tee/tee_cdev.h"
#include "normal/tee/tee_core.h"
#include "trap.h"

/* How long an open waits for a release that is under way */
#define OPEN_PATIENCE_S 5
/* ... and how often, 2 ms apart, it looks whether memory of the past is gone */
#define ORPHAN_STEPS 250

struct file *file_get(struct file *file)
{
	atomic_fetch_add(&file->refs, 1);
	return file;
}

void file_put(struct file *file)
{
	if (atomic_fetch_sub(&file->refs, 1) == 1)
		free(file);
}

static void file_release(struct worker_job *job)
{
	struct file *file = (struct file *)((char *)job - offsetof(struct file, job));
	struct server *server = file->server;

	if (file->ctx)
		tee_cdev_release(file->ctx);
	if (file->ops)
		file->ops->release(file->priv);
	user_charge_end(&file->charge);

	pthread_mutex_lock(&server->lock);
	*file->prev = file->next;
	if (file->next)
		file->next->prev = file->prev;
	if (file->ops)
		anon_unlink_locked(file);
	server->n_files--;
	server_changed(server);
	pthread_mutex_unlock(&server->lock);
	file_put(file);
}

bool file_enter(struct file *file)
{
	unsigned int users = atomic_load(&file->users);

	do {
		if (users == 0 || atomic_load(&file->hung_up))
			return false;
	} while (!atomic_compare_exchange_weak(&file->users, &users, users + 1));
	return true;
}

void file_leave(struct file *file)
{
	if (atomic_fetch_sub(&file->users, 1) == 1)
		worker_run(file->server->workers, &file->job);
}

void file_hang_up(struct file *file)
{
	if (atomic_exchange(&file->hung_up, true))
		return;
	loop_remove(file->server->loop, file->id);
	trap_file_forget(file->server->trap, file);
	/* Whoever waits for this close looks at the connection under the lock. */
	pthread_mutex_lock(&file->server->lock);
	file->fd = close_fd(file->fd);
	pthread_mutex_unlock(&file->server->lock);
	if (file->ops && file->ops->hang_up)
		file->ops->hang_up(file->priv);
	file_leave(file);
}

long file_ioctl(struct file *file, unsigned int cmd, unsigned long arg)
{
	if (file->heap)
		return dma_heap_ioctl(file->heap, cmd, arg);
	if (file->ops)
		return file->ops->ioctl(file->priv, cmd, arg);
	return tee_cdev_ioctl(file->ctx, cmd, arg);
}

static const char *file_name(const struct file *file)
{
	if (file->ops)
		return file->ops->name;
	return file->heap ? dma_heap_get_name(file->heap) : file->teedev->name;
}

static int file_message(struct file *file)
{
	struct front_msg msg;
	struct process *process;
	struct ucred cred;
	AUTO(close_fd) int sock = -1;
	size_t n_fds;
	ssize_t n;
	int r;

	n = fdsock_recv(file->fd, &msg, sizeof(msg), &sock, 1, &n_fds, &cred, MSG_DONTWAIT);
	if (n == -EAGAIN)
		return 0;
	if (n == -EMSGSIZE || (n > 0 && n != sizeof(msg)))
		return -EPROTO;
	if (n <= 0)
		return -EPIPE;
	if (msg.type == FRONT_IDENTIFY && cred.pid == getpid()) {
		close_fd(sock);
		trap_file_identified(file->server->trap, msg.token, file);
		return 0;
	}
	r = process_get_by_pid(file->server, cred.pid, cred.uid, cred.gid, &process);
	if (r < 0)
		return 0;
	if (msg.type == FRONT_LANE_NEW && sock >= 0) {
		r = slane_new(file->server, file, process, sock);
		if (r < 0) {
			struct front_lane_info info = { .error = r };

			(void)fdsock_send(sock, &info, sizeof(info), NULL, 0);
		} else {
			sock = -1;
		}
	} else if (msg.type == FRONT_LANE_BIND && sock < 0) {
		(void)slane_bind(file->server, file, process, msg.token);
	} else {
		r = -EPROTO;
	}
	process_put(process);
	return r == -EPROTO ? r : 0;
}

static void on_file_event(void *data, uint32_t events)
{
	struct file *file = data;

	/*
	 * What a client wrote before it closed is not answered: nobody is left
	 * to use the answer. A stray write() of whatever bytes on the
	 * descriptor is dropped.
	 */
	if (events & (EPOLLHUP | EPOLLERR)) {
		file_hang_up(file);
		return;
	}
	if (file_message(file) == -EPROTO)
		log_warn_ratelimited("dropped a malformed message on an open file of %s",
				     file_name(file));
}

/* To whoever opens it, not to whoever holds it later; -ENFILE at the limit. */
static int charge_opener(struct server *server, struct file *file)
{
	struct user *user;
	int r;

	r = user_get(server->users, file->opener.uid, &user);
	if (r < 0)
		return r;
	r = user_charge(&file->charge, user, USER_CONTEXTS, 1);
	user_put(user);
	return r == -EDQUOT ? -ENFILE : r;
}

int file_new(struct server *server, int fd, const struct ucred *opener, struct file **ret_file)
{
	struct file *file = calloc(1, sizeof(*file));
	int on = 1, r;

	if (!file)
		return -ENOMEM;
	(void)clock_gettime(CLOCK_MONOTONIC, &file->opened);
	if (setsockopt(fd, SOL_SOCKET, SO_PASSCRED, &on, sizeof(on)) < 0) {
		r = -errno;
		goto err_free;
	}
	file->server = server;
	file->fd = fd;
	file->job.fn = file_release;
	file->opener = *opener;
	atomic_init(&file->refs, 1);
	atomic_init(&file->users, 1);
	r = charge_opener(server, file);
	if (r < 0)
		goto err_free;
	*ret_file = file;
	return 0;

err_free:
	free(file);
	return r;
}

static int get_opener(int fd, struct ucred *ret_opener)
{
	socklen_t len = sizeof(*ret_opener);

	return getsockopt(fd, SOL_SOCKET, SO_PEERCRED, ret_opener, &len) < 0 ? -errno : 0;
}

static int file_new_opened(struct server *server, int fd, struct file **ret_file)
{
	struct ucred opener;
	int r = get_opener(fd, &opener);

	return r < 0 ? r : file_new(server, fd, &opener, ret_file);
}

static int file_open(struct server *server, struct tee_device *teedev, int fd,
		     struct file **ret_file)
{
	struct file *file;
	int r;

	r = file_new_opened(server, fd, &file);
	if (r < 0)
		return r;
	file->teedev = teedev;
	file->ctx = tee_cdev_open(teedev);
	if (IS_ERR(file->ctx)) {
		r = (int)PTR_ERR(file->ctx);
		user_charge_end(&file->charge);
		free(file);
		return r;
	}
	file->serial = tee_context_serial(file->ctx);
	*ret_file = file;
	return 0;
}

void file_link(struct file *file)
{
	struct server *server = file->server;

	pthread_mutex_lock(&server->lock);
	file->next = server->files;
	file->prev = &server->files;
	if (file->next)
		file->next->prev = &file->next;
	server->files = file;
	server->n_files++;
	pthread_mutex_unlock(&server->lock);
}

int file_watch(struct file *file)
{
	int r = loop_add(file->server->loop, file->fd, EPOLLIN, on_file_event, file, &file->id);

	if (r < 0)
		file_hang_up(file);
	return r;
}

static int send_hello(int sock, const int *fds, size_t n_fds)
{
	struct front_hello hello = { .version = FRONT_VERSION, .server_pid = (uint32_t)getpid() };

	return fdsock_send(sock, &hello, sizeof(hello), fds, n_fds);
}

/* The answer to the client, and from then on the connection is the open file. */
static void file_start(struct file *file)
{
	file_link(file);
	/* Answered before it is watched: from then on the loop may close it. */
	if (send_hello(file->fd, NULL, 0) == 0)
		(void)file_watch(file);
	else
		file_hang_up(file);
}

void file_refuse(int fd, int error)
{
	struct front_hello hello = { .version = FRONT_VERSION, .error = error };

	(void)fdsock_send(fd, &hello, sizeof(hello), NULL, 0);
	close_fd(fd);
}

/* --- a device that takes one opener --- */

struct open_later {
	struct worker_job job;
	struct server *server;
	struct tee_device *teedev;
	int fd;
};

enum device_use {
	DEVICE_CLOSED,		/* by all; memory of theirs may still be on its way */
	DEVICE_CLOSING,		/* somebody closed it, the release is still to come */
	DEVICE_OPEN,
};

static enum device_use device_use_locked(struct server *server, struct tee_device *teedev)
{
	enum device_use use = DEVICE_CLOSED;

	for (struct file *file = server->files; file; file = file->next) {
		struct pollfd pfd = { .fd = file->fd };

		if (file->teedev != teedev)
			continue;
		if (atomic_load(&file->hung_up) || (poll(&pfd, 1, 0) == 1 && pfd.revents))
			return DEVICE_CLOSING;
		use = DEVICE_OPEN;
	}
	return use;
}

static enum device_use wait_while_closing(struct server *server, struct tee_device *teedev)
{
	enum device_use use;
	struct timespec until;
	int r = 0;

	clock_gettime(CLOCK_MONOTONIC, &until);
	until.tv_sec += OPEN_PATIENCE_S;
	pthread_mutex_lock(&server->lock);
	while ((use = device_use_locked(server, teedev)) == DEVICE_CLOSING && r == 0 &&
	       !server->ending)
		r = pthread_cond_timedwait(&server->changed, &server->lock, &until);
	pthread_mutex_unlock(&server->lock);
	return use;
}

/*
 * For a client close(2) is over when it returns, here the release comes after it,
 * and so does the end of its memory: a client that closes a privileged device and
 * opens it again, or that starts a supplicant after another one died, must not find
 * it busy with what is gone. Memory that lives on, in a mapping somewhere, does keep
 * it busy.
 */
static void open_later(struct worker_job *job)
{
	static const struct timespec step = { .tv_nsec = 2000000 };
	struct open_later *later = (struct open_later *)job;
	struct server *server = later->server;
	struct file *file = NULL;
	int r = -EBUSY;

	for (int i = 0; r == -EBUSY && i < ORPHAN_STEPS; i++) {
		enum device_use use = wait_while_closing(server, later->teedev);

		if (i)
			nanosleep(&step, NULL);
		r = server->ending ? -ENXIO :
				     file_open(server, later->teedev, later->fd, &file);
		if (use != DEVICE_CLOSED)
			break;
	}
	if (file)
		file_start(file);
	else
		file_refuse(later->fd, r);
	free(later);
}

static int open_again_later(struct server *server, struct tee_device *teedev, int fd)
{
	struct open_later *later = calloc(1, sizeof(*later));

	if (!later)
		return -ENOMEM;
	*later = (struct open_later){ .job.fn = open_later, .server = server, .teedev = teedev,
				      .fd = fd };
	worker_run(server->workers, &later->job);
	return 0;
}

void file_accept(struct server *server, struct tee_device *teedev, int fd)
{
	struct file *file = NULL;
	int r = server->ending ? -ENXIO : file_open(server, teedev, fd, &file);

	if (r == -EBUSY && open_again_later(server, teedev, fd) == 0)
		return;
	if (file)
		file_start(file);
	else
		file_refuse(fd, r);
}

void file_accept_heap(struct server *server, struct dma_heap *heap, int fd)
{
	struct file *file = NULL;
	int r = server->ending ? -ENXIO : file_new_opened(server, fd, &file);

	if (r < 0) {
		file_refuse(fd, r);
		return;
	}
	file->heap = heap;
	file_start(file);
}

/* The file's end of the client travels over the connection, which is over then. */
void file_accept_misc(struct server *server, struct platform_misc *misc, int fd)
{
	AUTO(close_fd) int theirs = -1;
	struct ucred opener;
	void *priv;
	int r;

	r = server->ending ? -ENXIO : get_opener(fd, &opener);
	if (r == 0)
		r = misc->open(misc, &priv);
	if (r == 0) {
		r = anon_new(server, &opener, misc->fops, priv, &theirs);
		if (r < 0)
			misc->fops->release(priv);
	}
	if (r < 0) {
		file_refuse(fd, r);
		return;
	}
	/* Who does not get it has it closed, and that is the end of it. */
	(void)send_hello(fd, &theirs, 1);
	close_fd(fd);
}
