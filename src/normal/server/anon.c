/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Open files without a node, as src/normal/platform.h describes them
 *
 * Such a file is a socket pair. Our end is the file, and speaks the front wire as a
 * device's does; the client's end is its first descriptor. It may be duplicated,
 * inherited, and sent to any process: the hang-up is the last close, and whoever
 * holds one can bind a lane to it. A file whose descriptor never reaches the client
 * ends at once, in the same way.
 *
 * A descriptor that comes back is a number in the caller's table. It is fetched from
 * there and known by its socket's cookie, as those of dma-bufs are (dmabuf.c).
 */
#include "server.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <unistd.h>

#include <linux/uaccess.h>

#include "base/auto.h"
#include "base/fdsock.h"
#include "normal/platform.h"
#include "normal/tee/tee_core.h"

int socket_cookie(int fd, uint64_t *ret_cookie)
{
	socklen_t len = sizeof(*ret_cookie);

	return getsockopt(fd, SOL_SOCKET, SO_COOKIE, ret_cookie, &len) < 0 ? -errno : 0;
}

static struct file **anon_chain(struct server *server, uint64_t cookie)
{
	return &server->anon[cookie % ANON_BUCKETS];
}

static void anon_link(struct file *file)
{
	struct server *server = file->server;
	struct file **chain = anon_chain(server, file->cookie);

	pthread_mutex_lock(&server->lock);
	file->anon_next = *chain;
	*chain = file;
	pthread_mutex_unlock(&server->lock);
}

void anon_unlink_locked(struct file *file)
{
	struct file **p = anon_chain(file->server, file->cookie);

	while (*p != file)
		p = &(*p)->anon_next;
	*p = file->anon_next;
}

/* The name says what it is, and the cookie makes it one of a kind. */
static int bind_name(int sock, const char *name, uint64_t cookie)
{
	struct sockaddr_un addr = { .sun_family = AF_UNIX };
	int n = snprintf(addr.sun_path + 1, sizeof(addr.sun_path) - 1, FRONT_FILE_NAME "%s:%llx",
			 name, (unsigned long long)cookie);

	if (bind(sock, (struct sockaddr *)&addr,
		 (socklen_t)(offsetof(struct sockaddr_un, sun_path) + 1 + (size_t)n)) < 0)
		return -errno;
	return 0;
}

int anon_new(struct server *server, const struct ucred *opener,
	     const struct platform_file_ops *ops, void *priv, int *ret_fd)
{
	AUTO(close_fd) int ours = -1;
	AUTO(close_fd) int theirs = -1;
	struct file *file;
	uint64_t cookie;
	int pair[2], r;

	r = fdsock_pair(pair);
	/* Our limits are not the client's: to it, the system's are reached. */
	if (r < 0)
		return r == -EMFILE ? -ENFILE : r;
	ours = pair[0];
	theirs = pair[1];
	r = socket_cookie(theirs, &cookie);
	if (r == 0)
		r = bind_name(ours, ops->name, cookie);
	if (r < 0)
		return r;
	r = file_new(server, ours, opener, &file);
	if (r < 0)
		return r;
	(void)steal_fd(&ours);
	/* A read(2) by mistake ends at once instead of never. */
	(void)shutdown(theirs, SHUT_RD);
	file->cookie = cookie;
	file->ops = ops;
	file->priv = priv;
	anon_link(file);
	file_link(file);
	/* The file has @priv already: a failure is seen as a close, and released. */
	(void)file_watch(file);
	*ret_fd = steal_fd(&theirs);
	return 0;
}

/* --- what a descriptor of the caller stands for --- */

/* A copy of the caller's descriptor, ours to close */
static int fetch_fd(const struct caller *caller, int fd)
{
	int copy;

	if (!caller || fd < 0)
		return -EBADF;
	copy = (int)syscall(SYS_pidfd_getfd, caller->process->pidfd, fd, 0);
	return copy < 0 ? -errno : copy;
}

/* While we hold the descriptor that we fetched the file is not hung up by it. */
int platform_file_get(int fd, const struct platform_file_ops *ops,
		      struct platform_file **ret_file)
{
	struct server *server = platform_get_server();
	AUTO(close_fd) int copy = fetch_fd(caller_current(), fd);
	struct file *file;
	uint64_t cookie;

	if (copy < 0)
		return copy;
	if (socket_cookie(copy, &cookie) < 0)
		return -EINVAL;
	pthread_mutex_lock(&server->lock);
	for (file = *anon_chain(server, cookie); file; file = file->anon_next) {
		if (file->cookie == cookie)
			break;
	}
	if (file && (file->ops != ops || !file_enter(file)))
		file = NULL;
	pthread_mutex_unlock(&server->lock);
	*ret_file = (struct platform_file *)file;
	return file ? 0 : -EINVAL;
}

void *platform_file_priv(struct platform_file *file)
{
	return ((struct file *)file)->priv;
}

void platform_file_put(struct platform_file *file)
{
	file_leave((struct file *)file);
}

/* --- memory --- */

/* Keeps the client's open file, so that the client can have it again. */
struct platform_shm_file {
	struct tee_shm *shm;	/* counted */
	int fd;
	struct user_charge charge;
};

int platform_shm_file_get(int fd, struct platform_shm_file **ret_file)
{
	struct caller *caller = caller_current();
	AUTO(close_fd) int copy = fetch_fd(caller, fd);
	struct platform_shm_file *file;
	int flags, r;

	if (copy < 0)
		return copy;
	file = calloc(1, sizeof(*file));
	if (!file)
		return -ENOMEM;
	r = user_charge(&file->charge, caller->process->user, USER_SHM, 1);
	if (r < 0) {
		r = -ENOMEM;
		goto err_free;
	}
	flags = fcntl(copy, F_GETFL);
	file->shm = shm_find(platform_get_server(), copy);
	if (!file->shm) {
		r = -EINVAL;
		goto err_charge;
	}
	if (flags < 0 || (flags & O_ACCMODE) != O_RDWR || (flags & O_PATH)) {
		r = -EACCES;
		goto err_shm;
	}
	file->fd = steal_fd(&copy);
	*ret_file = file;
	return 0;

err_shm:
	tee_shm_put(file->shm);
err_charge:
	user_charge_end(&file->charge);
err_free:
	free(file);
	return r;
}

struct tee_shm *platform_shm_file_shm(struct platform_shm_file *file)
{
	return file->shm;
}

void platform_shm_file_put(struct platform_shm_file *file)
{
	close_fd(file->fd);
	tee_shm_put(file->shm);
	user_charge_end(&file->charge);
	free(file);
}

/* --- descriptors for the caller --- */

struct pending {
	struct pending *next;
	int fd;
	uint64_t where;
};

/* How many descriptors a process has; it takes a walk where the kernel does not tell. */
static size_t count_fds(pid_t pid)
{
	char path[sizeof("/proc//fd") + 12];
	struct dirent *entry;
	struct stat st;
	size_t n = 0;
	DIR *dir;

	snprintf(path, sizeof(path), "/proc/%d/fd", (int)pid);
	if (stat(path, &st) == 0 && st.st_size > 0)
		return (size_t)st.st_size;
	dir = opendir(path);
	if (!dir)
		return 0;
	while ((entry = readdir(dir)))
		n += entry->d_name[0] != '.';
	closedir(dir);
	return n;
}

/*
 * A kernel knows that the caller has a free number when it takes it. Here the number
 * is taken by the caller itself, when all is over: so it is asked beforehand. Should
 * another thread be faster the ioctl fails with the same errno, and what was done
 * stays done.
 */
static bool has_room(const struct process *process, size_t n)
{
	struct rlimit limit;

	if (prlimit(process->pid, RLIMIT_NOFILE, NULL, &limit) < 0)
		return true;
	return count_fds(process->pid) + n <= limit.rlim_cur;
}

/* Takes @fd, also when it fails. */
static int pending_add(struct platform_fds *fds, int fd, u64 __user *number)
{
	static const u64 none = UINT64_MAX;
	struct caller *caller = caller_current();
	AUTO(close_fd) int owned = fd;
	struct pending *pending;
	size_t n = 1;

	for (pending = fds->first; pending; pending = pending->next)
		n++;
	if (n > FRONT_MAX_FDS || !has_room(caller->process, n))
		return -EMFILE;
	if (copy_to_user(number, &none, sizeof(none)))
		return -EFAULT;
	pending = calloc(1, sizeof(*pending));
	if (!pending)
		return -ENOMEM;
	pending->fd = steal_fd(&owned);
	pending->where = (uintptr_t)number;
	pending->next = fds->first;
	fds->first = pending;
	return 0;
}

/* What is in the way of a descriptor is found before the file has @priv. */
int platform_fds_add_file(struct platform_fds *fds, const struct platform_file_ops *ops,
			  void *priv, u64 __user *number)
{
	struct caller *caller = caller_current();
	struct ucred opener;
	struct pending *pending;
	int fd, r;

	if (!caller)
		return -EINVAL;
	r = pending_add(fds, -1, number);
	if (r < 0)
		return r;
	pending = fds->first;
	opener = (struct ucred){ caller->process->pid, caller->process->uid,
				 caller->process->gid };
	r = anon_new(platform_get_server(), &opener, ops, priv, &fd);
	if (r < 0) {
		fds->first = pending->next;
		free(pending);
		return r;
	}
	pending->fd = fd;
	return 0;
}

int platform_fds_add_shm(struct platform_fds *fds, struct platform_shm_file *file,
			 u64 __user *number)
{
	int fd;

	if (!caller_current())
		return -EINVAL;
	fd = fcntl(file->fd, F_DUPFD_CLOEXEC, 0);
	if (fd < 0)
		return errno == EMFILE ? -ENFILE : -errno;
	return pending_add(fds, fd, number);
}

void platform_fds_commit(struct platform_fds *fds)
{
	struct caller *caller = caller_current();
	struct pending *pending;

	while ((pending = fds->first)) {
		fds->first = pending->next;
		caller->fds[caller->n_fds] = pending->fd;
		caller->places[caller->n_fds++].addr = pending->where;
		free(pending);
	}
}

void platform_fds_abort(struct platform_fds *fds)
{
	struct pending *pending;

	while ((pending = fds->first)) {
		fds->first = pending->next;
		close_fd(pending->fd);
		free(pending);
	}
}

int platform_misc_publish(struct platform_misc *misc)
{
	return node_publish_misc(platform_get_server(), misc);
}

void platform_misc_withdraw(struct platform_misc *misc)
{
	node_withdraw_misc(platform_get_server(), misc);
}
