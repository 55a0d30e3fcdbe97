/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * One thread polls all sockets; a thread a lane serves calls, as in swteed. A
 * lane slot is never reused, so that a test can still ask about it.
 */
#include "fake_front.h"

#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/fdsock.h"
#include "machine/lane/lane.h"

#define MAX_NODES 4
#define MAX_CONTEXTS 64
#define MAX_LANES 512
#define MAX_SLOTS 64

struct fake_context {
	int fd;
	const char *node;
};

struct fake_lane {
	struct fake_front *fake;
	struct lane *lane;
	pthread_t thread;
	uint64_t token;
	pid_t pid;
	int sock;
	bool used;
	_Atomic bool over;
	unsigned int n_slots;
	const char *slot[MAX_SLOTS];	/* node names */
};

struct fake_front {
	char dir[92];
	bool own_dir;
	fake_serve serve;
	const char *node[MAX_NODES];
	int listen_fd[MAX_NODES];
	size_t n_nodes;
	int event_fd;
	pthread_t thread;
	pthread_mutex_t lock;	/* contexts, lanes */
	struct fake_context context[MAX_CONTEXTS];
	struct fake_lane lane[MAX_LANES];
	struct pollfd poll[1 + MAX_NODES + MAX_CONTEXTS + MAX_LANES];
	unsigned int n_made, n_binds;
	_Atomic int open_error;
	_Atomic bool ending;
};

/* --- user memory --- */

static struct front_window *find_window(struct fake_call *call, uint64_t addr, size_t n)
{
	for (unsigned int i = 0; i < call->n_windows; i++) {
		struct front_window *w = &call->win[i];

		if (addr >= w->addr && addr - w->addr <= w->len && n <= w->len - (addr - w->addr))
			return w;
	}
	return NULL;
}

int fake_read(struct fake_call *call, void *to, uint64_t from, size_t n)
{
	struct iovec local = { to, n }, remote = { (void *)(uintptr_t)from, n };
	struct front_window *w = find_window(call, from, n);

	if (w) {
		memcpy(to, call->shared->data + w->off + (from - w->addr), n);
		return 0;
	}
	return process_vm_readv(call->pid, &local, 1, &remote, 1, 0) == (ssize_t)n ? 0 : -EFAULT;
}

int fake_write(struct fake_call *call, uint64_t to, const void *from, size_t n)
{
	struct iovec local = { (void *)from, n }, remote = { (void *)(uintptr_t)to, n };
	struct front_window *w = find_window(call, to, n);
	uint32_t lo, hi;

	if (!w)
		return process_vm_writev(call->pid, &local, 1, &remote, 1, 0) == (ssize_t)n ?
			       0 : -EFAULT;
	lo = (uint32_t)(to - w->addr);
	hi = lo + (uint32_t)n;
	memcpy(call->shared->data + w->off + lo, from, n);
	if (w->dirty_lo == w->dirty_hi || lo < w->dirty_lo)
		w->dirty_lo = lo;
	if (hi > w->dirty_hi)
		w->dirty_hi = hi;
	return 0;
}

/* --- lanes --- */

static bool serve_one(struct fake_lane *fl)
{
	struct front_call *shared = lane_data(fl->lane);
	struct fake_call call = {
		.lane = fl->lane,
		.shared = shared,
		.pid = fl->pid,
		.cmd = shared->cmd,
		.arg = shared->arg,
		.n_windows = shared->n_windows,
		.reply_fd = -1,
	};
	const char *node = NULL;
	long ret = -ESTALE;

	memcpy(call.win, shared->win, sizeof(call.win));
	pthread_mutex_lock(&fl->fake->lock);
	if (shared->slot < fl->n_slots)
		node = fl->slot[shared->slot];
	pthread_mutex_unlock(&fl->fake->lock);
	if (node) {
		call.node = node;
		ret = fl->fake->serve(&call);
	}
	if (call.die)
		return false;
	shared->flags = 0;
	if (call.reply_fd >= 0) {
		(void)fdsock_send(fl->sock, "", 1, &call.reply_fd, 1);
		close_fd(call.reply_fd);
		shared->flags = FRONT_REPLY_FD | (call.reply_cloexec ? FRONT_REPLY_CLOEXEC : 0);
	}
	for (unsigned int i = 0; i < call.n_windows; i++) {
		shared->win[i].dirty_lo = call.win[i].dirty_lo;
		shared->win[i].dirty_hi = call.win[i].dirty_hi;
	}
	shared->ret = ret;
	lane_reply(fl->lane);
	return true;
}

static void *lane_thread(void *data)
{
	struct fake_lane *fl = data;

	lane_own(fl->lane);
	while (lane_wait_request(fl->lane) == 0 && serve_one(fl))
		;
	lane_close(fl->lane);
	lane_disown(fl->lane);
	atomic_store(&fl->over, true);
	return NULL;
}

static void lane_make(struct fake_front *fake, const char *node, pid_t pid, int sock)
{
	struct front_lane_info info = { 0 };
	struct fake_lane *fl = NULL;
	int mem;

	for (size_t i = 0; i < MAX_LANES && !fl; i++) {
		if (!fake->lane[i].used)
			fl = &fake->lane[i];
	}
	if (!fl || lane_new(sizeof(struct front_call), &fl->lane, &mem) < 0)
		abort();
	fl->fake = fake;
	fl->used = true;
	fl->sock = sock;
	fl->pid = pid;
	fl->token = 0x1000 + fake->n_made++;
	fl->slot[fl->n_slots++] = node;
	info.token = fl->token;
	if (pthread_create(&fl->thread, NULL, lane_thread, fl))
		abort();
	(void)fdsock_send(sock, &info, sizeof(info), &mem, 1);
	close(mem);
}

static void lane_bind(struct fake_front *fake, const char *node, pid_t pid, uint64_t token)
{
	struct front_lane_info info = { .token = token };

	for (size_t i = 0; i < MAX_LANES; i++) {
		struct fake_lane *fl = &fake->lane[i];

		if (!fl->used || fl->token != token || fl->pid != pid)
			continue;
		fake->n_binds++;
		if (fl->n_slots == MAX_SLOTS) {
			info.error = -ENOSPC;
		} else {
			info.slot = fl->n_slots;
			fl->slot[fl->n_slots++] = node;
		}
		(void)fdsock_send(fl->sock, &info, sizeof(info), NULL, 0);
	}
}

/* --- contexts --- */

static void context_message(struct fake_front *fake, struct fake_context *ctx)
{
	struct front_msg msg;
	struct ucred cred;
	int sock = -1;
	size_t n_fds;
	ssize_t n = fdsock_recv(ctx->fd, &msg, sizeof(msg), &sock, 1, &n_fds, &cred, MSG_DONTWAIT);

	if (n == 0) {
		ctx->fd = close_fd(ctx->fd);
		return;
	}
	if (n != sizeof(msg))
		return;
	if (msg.type == FRONT_LANE_NEW && sock >= 0)
		lane_make(fake, ctx->node, cred.pid, sock);
	else if (msg.type == FRONT_LANE_BIND)
		lane_bind(fake, ctx->node, cred.pid, msg.token);
}

static void accept_context(struct fake_front *fake, size_t node)
{
	struct front_hello hello = { .version = FRONT_VERSION, .server_pid = (uint32_t)getpid() };
	int fd = accept4(fake->listen_fd[node], NULL, NULL, SOCK_CLOEXEC), on = 1;

	hello.error = atomic_load(&fake->open_error);
	(void)setsockopt(fd, SOL_SOCKET, SO_PASSCRED, &on, sizeof(on));
	(void)fdsock_send(fd, &hello, sizeof(hello), NULL, 0);
	for (size_t i = 0; !hello.error && i < MAX_CONTEXTS; i++) {
		if (fake->context[i].fd < 0) {
			fake->context[i] = (struct fake_context){ fd, fake->node[node] };
			return;
		}
	}
	close(fd);
}

static size_t fill_poll(struct fake_front *fake, struct pollfd *p)
{
	size_t n = 0;

	p[n++] = (struct pollfd){ .fd = fake->event_fd, .events = POLLIN };
	for (size_t i = 0; i < fake->n_nodes; i++)
		p[n++] = (struct pollfd){ .fd = fake->listen_fd[i], .events = POLLIN };
	for (size_t i = 0; i < MAX_CONTEXTS; i++)
		p[n++] = (struct pollfd){ .fd = fake->context[i].fd, .events = POLLIN };
	/* Lane sockets: a client never writes there, so what comes is its end. */
	for (size_t i = 0; i < MAX_LANES; i++)
		p[n++] = (struct pollfd){
			.fd = fake->lane[i].used ? fake->lane[i].sock : -1, .events = POLLIN };
	return n;
}

static void lane_hang_up(struct fake_lane *fl)
{
	lane_close(fl->lane);
	fl->sock = close_fd(fl->sock);
}

static void *front_thread(void *data)
{
	struct fake_front *fake = data;
	struct pollfd *p = fake->poll;

	while (!atomic_load(&fake->ending)) {
		struct pollfd *next = p + 1;
		size_t n;

		pthread_mutex_lock(&fake->lock);
		n = fill_poll(fake, p);
		pthread_mutex_unlock(&fake->lock);
		(void)poll(p, n, -1);
		pthread_mutex_lock(&fake->lock);
		if (p[0].revents) {
			eventfd_t value;

			(void)eventfd_read(fake->event_fd, &value);
		}
		for (size_t i = 0; i < fake->n_nodes; i++, next++) {
			if (next->revents)
				accept_context(fake, i);
		}
		for (size_t i = 0; i < MAX_CONTEXTS; i++, next++) {
			if (next->revents && fake->context[i].fd == next->fd)
				context_message(fake, &fake->context[i]);
		}
		for (size_t i = 0; i < MAX_LANES; i++, next++) {
			if (next->revents && fake->lane[i].sock == next->fd)
				lane_hang_up(&fake->lane[i]);
		}
		pthread_mutex_unlock(&fake->lock);
	}
	return NULL;
}

/* --- life --- */

static int listen_on(const char *dir, const char *node)
{
	struct sockaddr_un addr = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);

	(void)snprintf(addr.sun_path, sizeof(addr.sun_path), "%s/" FRONT_HEAP_DIR, dir);
	if (strchr(node, '/'))
		(void)mkdir(addr.sun_path, 0700);
	(void)snprintf(addr.sun_path, sizeof(addr.sun_path), "%s/%s", dir, node);
	if (bind(fd, (struct sockaddr *)&addr, sizeof(addr)) < 0 || listen(fd, 16) < 0)
		abort();
	return fd;
}

struct fake_front *fake_front_new_in(const char *dir, const char *const *nodes, fake_serve serve)
{
	struct fake_front *fake = calloc(1, sizeof(*fake));

	if (!fake || strlen(dir) >= sizeof(fake->dir))
		abort();
	strcpy(fake->dir, dir);
	fake->event_fd = eventfd(0, EFD_CLOEXEC);
	if (fake->event_fd < 0)
		abort();
	fake->serve = serve;
	for (; nodes[fake->n_nodes]; fake->n_nodes++) {
		fake->node[fake->n_nodes] = nodes[fake->n_nodes];
		fake->listen_fd[fake->n_nodes] = listen_on(fake->dir, nodes[fake->n_nodes]);
	}
	for (size_t i = 0; i < MAX_CONTEXTS; i++)
		fake->context[i].fd = -1;
	for (size_t i = 0; i < MAX_LANES; i++)
		fake->lane[i].sock = -1;
	pthread_mutex_init(&fake->lock, NULL);
	if (pthread_create(&fake->thread, NULL, front_thread, fake))
		abort();
	return fake;
}

struct fake_front *fake_front_new(const char *const *nodes, fake_serve serve)
{
	char dir[] = "/tmp/swtee-test-XXXXXX";
	struct fake_front *fake;

	if (!mkdtemp(dir))
		abort();
	fake = fake_front_new_in(dir, nodes, serve);
	fake->own_dir = true;
	return fake;
}

void fake_front_free(struct fake_front *fake)
{
	char path[128];

	fake_front_hang_up(fake);
	fake_front_drop_lanes(fake);
	atomic_store(&fake->ending, true);
	(void)eventfd_write(fake->event_fd, 1);
	pthread_join(fake->thread, NULL);
	for (size_t i = 0; i < MAX_LANES && fake->lane[i].used; i++) {
		pthread_join(fake->lane[i].thread, NULL);
		lane_free(fake->lane[i].lane);
	}
	for (size_t i = 0; i < fake->n_nodes; i++) {
		close(fake->listen_fd[i]);
		(void)snprintf(path, sizeof(path), "%s/%s", fake->dir, fake->node[i]);
		(void)unlink(path);
	}
	(void)snprintf(path, sizeof(path), "%s/" FRONT_HEAP_DIR, fake->dir);
	(void)rmdir(path);
	if (fake->own_dir)
		(void)rmdir(fake->dir);
	close(fake->event_fd);
	pthread_mutex_destroy(&fake->lock);
	free(fake);
}

const char *fake_front_dir(const struct fake_front *fake)
{
	return fake->dir;
}

void fake_front_set_open_error(struct fake_front *fake, int error)
{
	atomic_store(&fake->open_error, error);
}

unsigned int fake_front_lanes_made(struct fake_front *fake)
{
	unsigned int n;

	pthread_mutex_lock(&fake->lock);
	n = fake->n_made;
	pthread_mutex_unlock(&fake->lock);
	return n;
}

unsigned int fake_front_binds(struct fake_front *fake)
{
	unsigned int n;

	pthread_mutex_lock(&fake->lock);
	n = fake->n_binds;
	pthread_mutex_unlock(&fake->lock);
	return n;
}

unsigned int fake_front_lanes(struct fake_front *fake)
{
	unsigned int n = 0;

	pthread_mutex_lock(&fake->lock);
	for (size_t i = 0; i < MAX_LANES; i++)
		n += fake->lane[i].used && fake->lane[i].sock >= 0;
	pthread_mutex_unlock(&fake->lock);
	return n;
}

unsigned int fake_front_contexts(struct fake_front *fake)
{
	unsigned int n = 0;

	pthread_mutex_lock(&fake->lock);
	for (size_t i = 0; i < MAX_CONTEXTS; i++)
		n += fake->context[i].fd >= 0;
	pthread_mutex_unlock(&fake->lock);
	return n;
}

void fake_front_drop_lanes(struct fake_front *fake)
{
	pthread_mutex_lock(&fake->lock);
	for (size_t i = 0; i < MAX_LANES; i++) {
		if (fake->lane[i].used && fake->lane[i].sock >= 0)
			lane_hang_up(&fake->lane[i]);
	}
	pthread_mutex_unlock(&fake->lock);
}

void fake_front_hang_up(struct fake_front *fake)
{
	pthread_mutex_lock(&fake->lock);
	for (size_t i = 0; i < MAX_CONTEXTS; i++)
		fake->context[i].fd = close_fd(fake->context[i].fd);
	pthread_mutex_unlock(&fake->lock);
	(void)eventfd_write(fake->event_fd, 1);
}
