/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Trapped calls that name a path: open(2), stat(2), access(2)
 *
 * Every open and stat of every program passes here, so all is done to say soon
 * "this one is the kernel's": one read of the client's memory, a look at the last
 * component. Only a path that ends like a node's is looked at closely, and resolved
 * as the client would, through its /proc directory.
 *
 * An instance replaces the TEE devices of the host: a node that the instance has
 * not does not exist, even if the host has one.
 */
#include "trap.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/seccomp.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/uio.h>
#include <sys/un.h>
#include <unistd.h>

#include "abi/front.h"
#include "abi/trap.h"
#include "base/auto.h"
#include "base/fdsock.h"
#include "base/log.h"
#include "server.h"

/* Most paths are shorter. */
#define FIRST_READ 256

/* The part of struct open_how that matters */
struct how {
	uint64_t flags, mode, resolve;
};

/* --- which node --- */

/* The part of a path that names a node, and what a device's minor number is */
struct node_name {
	char name[FRONT_NODE_NAME_MAX + 1];	/* in the runtime directory, as in /dev */
	bool heap;
	unsigned int minor;
};

/* What follows @prefix in @s, or NULL. */
static const char *after(const char *s, const char *prefix)
{
	size_t len = strlen(prefix);

	return strncmp(s, prefix, len) ? NULL : s + len;
}

/* Is @last, a last component, that of a node? The kernel's numbers have no leading zero. */
static bool parse_name(const char *last, struct node_name *ret)
{
	const char *digits, *heap = after(last, "protected,");
	bool privileged;
	size_t n;

	if (heap) {
		ret->heap = true;
		return *heap && snprintf(ret->name, sizeof(ret->name), FRONT_HEAP_DIR "/%s",
					 last) < (int)sizeof(ret->name);
	}
	digits = after(last, "teepriv");
	privileged = digits;
	if (!digits)
		digits = after(last, "tee");
	if (!digits)
		return false;
	n = strspn(digits, "0123456789");
	if (n == 0 || n > 4 || digits[n] || (n > 1 && *digits == '0'))
		return false;
	ret->heap = false;
	ret->minor = (unsigned int)atoi(digits) + (privileged ? FRONT_NODE_PRIV_MINOR : 0);
	strcpy(ret->name, last);
	return true;
}

/* The client's string at @from; false when it is not there or does not end. */
static bool read_path(pid_t tid, uint64_t from, char path[PATH_MAX])
{
	size_t have = 0;

	for (size_t want = FIRST_READ; have < PATH_MAX; want = PATH_MAX - have) {
		struct iovec local = { .iov_base = path + have, .iov_len = want };
		struct iovec remote = { .iov_base = (void *)(uintptr_t)(from + have),
					.iov_len = want };
		ssize_t n = process_vm_readv(tid, &local, 1, &remote, 1, 0);

		if (n < 0 && errno == EPERM)
			log_warn_ratelimited("not allowed to read the memory of process %d, which "
					     "finds no devices: run swtee as the same user or "
					     "with CAP_SYS_PTRACE", (int)tid);
		if (n <= 0)
			return false;
		if (memchr(path + have, '\0', (size_t)n))
			return true;
		have += (size_t)n;
	}
	return false;
}

/* Are the first @len bytes of @path, as the client resolves it, the directory @want? */
static bool leads_to(pid_t tid, int dirfd, const char *path, size_t len, const char *want)
{
	char dir[PATH_MAX + 48], root[64];
	struct stat there, is;
	int n = (int)len;

	if (len == strlen(want) + 1 && path[len - 1] == '/' && !memcmp(path, want, len - 1))
		return true;
	if (path[0] == '/')
		snprintf(dir, sizeof(dir), "/proc/%d/root%.*s", (int)tid, n, path);
	else if (dirfd == AT_FDCWD)
		snprintf(dir, sizeof(dir), "/proc/%d/cwd/%.*s", (int)tid, n, path);
	else
		snprintf(dir, sizeof(dir), "/proc/%d/fd/%d/%.*s", (int)tid, dirfd, n, path);
	snprintf(root, sizeof(root), "/proc/%d/root%s", (int)tid, want);
	return stat(dir, &there) == 0 && stat(root, &is) == 0 && there.st_dev == is.st_dev &&
	       there.st_ino == is.st_ino;
}

/* Is @path, with the last component at @last, in the directory where such nodes are? */
static bool in_place(pid_t tid, int dirfd, const char *path, const char *last, bool heap)
{
	static const char dir[] = FRONT_HEAP_DIR "/";
	size_t len = (size_t)(last - path), dir_len = sizeof(dir) - 1;

	if (!heap)
		return leads_to(tid, dirfd, path, len, "/dev");
	/* By the directory's name first: a host without heaps has no /dev/dma_heap. */
	if (len >= dir_len && !memcmp(last - dir_len, dir, dir_len) &&
	    (len == dir_len || last[-(ptrdiff_t)dir_len - 1] == '/') &&
	    leads_to(tid, dirfd, path, len - dir_len, "/dev"))
		return true;
	return leads_to(tid, dirfd, path, len, "/dev/" FRONT_HEAP_DIR);
}

/* --- what a client may --- */

static bool may_open(struct trap_listener *listener, pid_t tid, const struct stat *node)
{
	char path[48], buf[2048];
	AUTO(close_fd) int fd = -1;
	unsigned int uids[4];
	struct stat dir;
	const char *line;
	ssize_t n;

	snprintf(path, sizeof(path), "/proc/%d/status", (int)tid);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	n = fd < 0 ? -1 : read(fd, buf, sizeof(buf) - 1);
	if (n <= 0)
		return false;
	buf[n] = '\0';
	line = strstr(buf, "\nUid:");
	if (!line || sscanf(line, "\nUid: %u %u %u %u", &uids[0], &uids[1], &uids[2],
			    &uids[3]) != 4)
		return false;
	/* As for the shim, which goes to the node's socket by its path */
	if (uids[3] == 0 || uids[3] == node->st_uid)
		return true;
	return stat(listener->trap->server->runtime_dir, &dir) == 0 && (dir.st_mode & S_IXOTH) &&
	       (node->st_mode & S_IWOTH);
}

/* --- open --- */

/* A connection to our own node: the client's end of an open file, as the shim has. */
static int connect_node(const char *path)
{
	struct sockaddr_un addr = { .sun_family = AF_UNIX };
	AUTO(close_fd) int sock = -1;
	struct front_hello hello;
	ssize_t n;

	if (strlen(path) >= sizeof(addr.sun_path))
		return -ENAMETOOLONG;
	strcpy(addr.sun_path, path);
	sock = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
	if (sock < 0)
		return -errno;
	if (connect(sock, (struct sockaddr *)&addr, sizeof(addr)) < 0)
		return errno == ECONNREFUSED ? -ENXIO : -errno;
	n = fdsock_recv(sock, &hello, sizeof(hello), NULL, 0, NULL, NULL, 0);
	if (n != sizeof(hello))
		return n < 0 ? (int)n : -ENXIO;
	if (hello.error)
		return hello.error;
	(void)shutdown(sock, SHUT_RD);
	return steal_fd(&sock);
}

/* As the kernel opens a character device: any access mode, O_CREAT means nothing. */
static int open_node(const char *path, uint64_t flags)
{
	if (flags & O_DIRECTORY)
		return -ENOTDIR;
	if (flags & O_PATH) {
		int fd = open(path, O_PATH | O_CLOEXEC);

		return fd < 0 ? -errno : fd;
	}
	if ((flags & O_CREAT) && (flags & O_EXCL))
		return -EEXIST;
	return connect_node(path);
}

struct path_call {
	struct trap_listener *listener;
	const struct seccomp_notif *notif;
	const struct trap_syscall *call;
	pid_t tid;
	char path[sizeof(((struct sockaddr_un *)0)->sun_path)];	/* of the node's socket */
	struct node_name node;
	struct stat st;
};

static uint64_t argument(const struct path_call *c, int which)
{
	return which == TRAP_NONE ? 0 : c->notif->data.args[which];
}

static int open_flags(const struct path_call *c, uint64_t *ret_flags)
{
	struct how how;
	struct iovec local = { .iov_base = &how, .iov_len = sizeof(how) };
	struct iovec remote = { .iov_len = sizeof(how) };

	*ret_flags = argument(c, c->call->flags);
	if (c->call->arg == TRAP_NONE)
		return 0;
	remote.iov_base = (void *)(uintptr_t)argument(c, c->call->arg);
	if (process_vm_readv(c->tid, &local, 1, &remote, 1, 0) != sizeof(how))
		return -EFAULT;
	*ret_flags = how.flags;
	return 0;
}

static void serve_open(struct path_call *c, bool *ret_left)
{
	uint64_t flags;
	int r;

	r = open_flags(c, &flags);
	if (r == 0 && !(flags & O_PATH) && !may_open(c->listener, c->tid, &c->st))
		r = -EACCES;
	/* A device with one opener waits while the one before it closes. */
	if (r == 0)
		r = trap_pool_leave(c->listener);
	if (r == 0) {
		*ret_left = true;
		r = open_node(c->path, flags);
	}
	if (r >= 0)
		r = trap_add_fd(c->listener, c->notif->id, r, flags & O_CLOEXEC);
	trap_answer(c->listener, c->notif->id, r < 0 ? 0 : r, r < 0 ? r : 0);
}

/* --- stat, access --- */

static struct statx_timestamp timestamp(struct timespec t)
{
	return (struct statx_timestamp){ .tv_sec = t.tv_sec, .tv_nsec = (__u32)t.tv_nsec };
}

static struct statx to_statx(const struct stat *st)
{
	return (struct statx){
		.stx_mask = STATX_BASIC_STATS,
		.stx_blksize = (__u32)st->st_blksize,
		.stx_nlink = (__u32)st->st_nlink,
		.stx_uid = st->st_uid,
		.stx_gid = st->st_gid,
		.stx_mode = (__u16)st->st_mode,
		.stx_ino = st->st_ino,
		.stx_atime = timestamp(st->st_atim),
		.stx_mtime = timestamp(st->st_mtim),
		.stx_ctime = timestamp(st->st_ctim),
		.stx_rdev_major = major(st->st_rdev),
		.stx_rdev_minor = minor(st->st_rdev),
		.stx_dev_major = major(st->st_dev),
		.stx_dev_minor = minor(st->st_dev),
	};
}

/* What libc calls struct stat is what the kernel fills, on 64-bit systems. */
static void serve_stat(const struct path_call *c)
{
	struct statx stx = to_statx(&c->st);
	bool is_statx = c->call->nr == SYS_statx;
	struct iovec local = {
		.iov_base = is_statx ? (void *)&stx : (void *)&c->st,
		.iov_len = is_statx ? sizeof(stx) : sizeof(c->st),
	};
	struct iovec remote = {
		.iov_base = (void *)(uintptr_t)argument(c, c->call->arg),
		.iov_len = local.iov_len,
	};
	int r = 0;

	if (process_vm_writev(c->tid, &local, 1, &remote, 1, 0) != (ssize_t)local.iov_len)
		r = -EFAULT;
	trap_answer(c->listener, c->notif->id, 0, r);
}

static void serve_access(const struct path_call *c)
{
	uint64_t mode = argument(c, c->call->arg);
	int r = 0;

	if (mode & ~(uint64_t)(R_OK | W_OK | X_OK))
		r = -EINVAL;
	else if ((mode & X_OK) || (mode && !may_open(c->listener, c->tid, &c->st)))
		r = -EACCES;
	trap_answer(c->listener, c->notif->id, 0, r);
}

/* --- all of them --- */

static int find_node(struct path_call *c)
{
	int n = snprintf(c->path, sizeof(c->path), "%s/%s",
			 c->listener->trap->server->runtime_dir, c->node.name);

	if (n < 0 || (size_t)n >= sizeof(c->path))
		return -ENOENT;
	if (stat(c->path, &c->st) < 0 || !S_ISSOCK(c->st.st_mode))
		return -ENOENT;
	c->st.st_mode = S_IFCHR | (c->st.st_mode & 0666);
	if (c->node.heap)
		c->st.st_rdev = makedev(FRONT_HEAP_MAJOR, FRONT_HEAP_MINOR(c->st.st_ino));
	else
		c->st.st_rdev = makedev(FRONT_NODE_MAJOR, c->node.minor);
	c->st.st_nlink = 1;
	c->st.st_size = 0;
	c->st.st_blocks = 0;
	return 0;
}

void trap_serve_path(struct trap_listener *listener, const struct seccomp_notif *notif,
		     const struct trap_syscall *call, bool *ret_left)
{
	struct path_call c = { .listener = listener, .notif = notif, .call = call,
			       .tid = (pid_t)notif->pid };
	int dirfd = call->dirfd == TRAP_NONE ? AT_FDCWD : (int)notif->data.args[call->dirfd];
	char path[PATH_MAX];
	const char *last;
	int r;

	if (!read_path(c.tid, notif->data.args[call->path], path))
		goto not_ours;
	last = strrchr(path, '/');
	last = last ? last + 1 : path;
	if (!parse_name(last, &c.node) || !in_place(c.tid, dirfd, path, last, c.node.heap))
		goto not_ours;
	/* All that was read was the client's only if it still waits. */
	if (!trap_id_valid(listener, notif->id))
		return;
	r = find_node(&c);
	if (r < 0)
		trap_answer(listener, notif->id, 0, r);
	else if (call->kind == TRAP_OPEN)
		serve_open(&c, ret_left);
	else if (call->kind == TRAP_STAT)
		serve_stat(&c);
	else
		serve_access(&c);
	return;

not_ours:
	trap_continue(listener, notif->id);
}
