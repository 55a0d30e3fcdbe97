/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The server's end of a client thread
 *
 * The thread behind a lane plays the kernel side of the client's thread: it
 * serves one ioctl after the other. What stands in the lane is hostile: the
 * header is copied before it is checked, and bytes are copied through the
 * windows as the kernel would copy them from user memory, once.
 */
#include "server.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/prctl.h>
#include <sys/random.h>

#include <linux/sched.h>
#include <linux/uaccess.h>

#include "abi/tee.h"
#include "base/auto.h"
#include "base/fdsock.h"
#include "base/log.h"
#include "machine/lane/lane.h"
#include "user_pages.h"

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define SLANE_STACK (1u << 20)
#else
#define SLANE_STACK (128u << 10)
#endif

/* --- user memory --- */

/* The window that holds [addr, addr + n) whole, or NULL. */
static struct front_window *find_window(struct slane *slane, uint64_t addr, size_t n)
{
	for (uint32_t i = 0; i < slane->n_win; i++) {
		struct front_window *win = &slane->win[i];

		if (addr >= win->addr && addr - win->addr <= win->len &&
		    n <= win->len - (addr - win->addr))
			return win;
	}
	return NULL;
}

static unsigned long slane_copy_from(void *data, void *to, unsigned long from, size_t n)
{
	struct slane *slane = data;
	struct front_window *win = find_window(slane, from, n);

	if (!win)
		return process_read(slane->caller.process, to, from, n);
	memcpy(to, slane->call->data + win->off + (from - win->addr), n);
	return 0;
}

static unsigned long slane_copy_to(void *data, unsigned long to, const void *from, size_t n)
{
	struct slane *slane = data;
	struct front_window *win = find_window(slane, to, n);
	uint32_t lo;

	if (!win)
		return process_write(slane->caller.process, to, from, n);
	lo = (uint32_t)(to - win->addr);
	memcpy(slane->call->data + win->off + lo, from, n);
	if (win->dirty_lo == win->dirty_hi) {
		win->dirty_lo = lo;
		win->dirty_hi = lo + (uint32_t)n;
	} else {
		if (lo < win->dirty_lo)
			win->dirty_lo = lo;
		if (lo + n > win->dirty_hi)
			win->dirty_hi = lo + (uint32_t)n;
	}
	return 0;
}

static const struct uaccess_ops slane_uaccess = {
	.copy_from = slane_copy_from,
	.copy_to = slane_copy_to,
};

static bool slane_interrupted(void *data)
{
	return lane_interrupted(data);
}

/* The process may have died a moment ago, and the loop not have seen it yet. */
static bool slane_dying(void *data)
{
	return process_gone(data);
}

static struct file *slot_enter(struct slane *slane, uint32_t slot)
{
	struct file *file;

	pthread_mutex_lock(&slane->lock);
	file = slots_get(&slane->slots, slot);
	if (file && !file_enter(file))
		file = NULL;
	pthread_mutex_unlock(&slane->lock);
	return file;
}

static int64_t slot_bind(struct slane *slane, struct file *file)
{
	int64_t slot;

	pthread_mutex_lock(&slane->lock);
	slot = slots_bind(&slane->slots, file);
	pthread_mutex_unlock(&slane->lock);
	return slot;
}

/* --- calls --- */

/* Copies the request's header and takes the windows that are well formed. */
static int take_request(struct slane *slane, uint32_t *slot, uint32_t *cmd, uint64_t *arg)
{
	struct front_call *call = slane->call;
	uint32_t n = call->n_windows;

	*slot = call->slot;
	*cmd = call->cmd;
	*arg = call->arg;
	slane->caller.tid = call->tid;
	slane->n_win = 0;
	if (n > FRONT_MAX_WINDOWS)
		return -EFAULT;
	for (uint32_t i = 0; i < n; i++) {
		struct front_window *win = &slane->win[i];

		memcpy(win, &call->win[i], sizeof(*win));
		win->dirty_lo = 0;
		win->dirty_hi = 0;
		if (win->off > FRONT_DATA_SIZE || win->len > FRONT_DATA_SIZE - win->off ||
		    win->addr + win->len < win->addr)
			return -EFAULT;
		slane->n_win = i + 1;
	}
	return 0;
}

/* Memory that is shared in place, as far as the client says so of this very ioctl */
static long register_shm(struct slane *slane, struct file *file, uint64_t arg)
{
	struct tee_ioctl_shm_register_data data;
	struct caller *caller = &slane->caller;
	uint32_t n = slane->call->n_runs;
	struct front_runs runs;
	long ret;

	if (n > 0 && n <= FRONT_MAX_RUNS &&
	    slane_copy_from(slane, &data, arg, sizeof(data)) == 0) {
		memcpy(&runs, slane->call->data + FRONT_RUNS_OFF, sizeof(runs));
		if (runs.addr == data.addr && runs.length == data.length) {
			caller->runs = &runs;
			caller->n_runs = n;
		}
	}
	ret = file_ioctl(file, TEE_IOC_SHM_REGISTER, arg);
	caller->runs = NULL;
	caller->n_runs = 0;
	return ret;
}

static long new_pages(struct slane *slane)
{
	struct front_new_pages req;

	memcpy(&req, slane->call->data + FRONT_RUNS_OFF, sizeof(req));
	return user_pages_new(slane->server, &slane->caller, &req);
}

static long serve_file(struct slane *slane, struct file *file, uint32_t cmd, uint64_t arg)
{
	switch (cmd) {
	case FRONT_NEW_PAGES:
		return new_pages(slane);
	case TEE_IOC_SHM_REGISTER:
		return register_shm(slane, file, arg);
	default:
		return file_ioctl(file, cmd, arg);
	}
}

/* All of them get there, or the ioctl fails; what did not is closed, which ends it. */
static long reply_fds(struct slane *slane, long ret, uint32_t *flags)
{
	struct caller *caller = &slane->caller;

	if (ret >= 0 && caller->n_fds) {
		int r = fdsock_send(slane->sock, caller->places,
				    caller->n_fds * sizeof(*caller->places), caller->fds,
				    caller->n_fds);

		/* Too many are on their way already. */
		if (r < 0)
			ret = -ENOMEM;
		else
			*flags |= FRONT_REPLY_FDS;
	}
	while (caller->n_fds)
		close_fd(caller->fds[--caller->n_fds]);
	return ret;
}

static void serve_call(struct slane *slane)
{
	struct front_call *call = slane->call;
	struct file *file;
	uint32_t slot, cmd, flags = 0;
	uint64_t arg;
	long ret;

	slane->caller.reply_fd = -1;
	slane->caller.reply_cloexec = false;
	ret = take_request(slane, &slot, &cmd, &arg);
	if (ret == 0) {
		file = slot_enter(slane, slot);
		if (file) {
			ret = serve_file(slane, file, cmd, arg);
			file_leave(file);
		} else {
			ret = -ESTALE;
		}
	}
	if (slane->caller.reply_fd >= 0) {
		if (ret >= 0 &&
		    fdsock_send(slane->sock, "", 1, &slane->caller.reply_fd, 1) == 0)
			flags = FRONT_REPLY_FD |
				(slane->caller.reply_cloexec ? FRONT_REPLY_CLOEXEC : 0);
		/* What the client did not get is closed here, which ends it. */
		slane->caller.reply_fd = close_fd(slane->caller.reply_fd);
	}
	ret = reply_fds(slane, ret, &flags);
	call->flags = flags;
	for (uint32_t i = 0; i < slane->n_win; i++) {
		call->win[i].dirty_lo = slane->win[i].dirty_lo;
		call->win[i].dirty_hi = slane->win[i].dirty_hi;
	}
	call->ret = ret;
}

/* Out of the list first: whoever walks it kills what it finds. */
static void slane_free(struct slane *slane)
{
	struct server *server = slane->server;

	loop_remove(server->loop, slane->sock_id);
	pthread_mutex_lock(&server->lock);
	*slane->prev = slane->next;
	if (slane->next)
		slane->next->prev = slane->prev;
	pthread_mutex_unlock(&server->lock);

	slots_deinit(&slane->slots);
	close_fd(slane->sock);
	close_fd(slane->lane_fd);
	lane_free(slane->lane);
	process_put(slane->caller.process);
	user_charge_end(&slane->charge);
	pthread_mutex_destroy(&slane->lock);
	free(slane);

	pthread_mutex_lock(&server->lock);
	server->n_lanes--;
	server_changed(server);
	pthread_mutex_unlock(&server->lock);
}

static void *slane_thread(void *data)
{
	struct slane *slane = data;
	struct front_lane_info info = { .slot = slane->first_slot, .token = slane->token };
	int r;

	(void)prctl(PR_SET_NAME, "client");
	caller_set(&slane->caller);
	task_init(&slane->task);
	slane->task.park = lane_park_word(slane->lane);
	slane->task.interrupted = slane_interrupted;
	slane->task.interrupted_data = slane->lane;
	slane->task.dying = slane_dying;
	slane->task.dying_data = slane->caller.process;
	slane->task.uaccess = &slane_uaccess;
	slane->task.uaccess_data = slane;
	task_enter(&slane->task);

	lane_set_follow(slane->lane);
	lane_own(slane->lane);
	r = fdsock_send(slane->sock, &info, sizeof(info), &slane->lane_fd, 1);
	slane->lane_fd = close_fd(slane->lane_fd);
	while (r == 0) {
		r = lane_wait_request(slane->lane);
		if (r == 0) {
			serve_call(slane);
			lane_reply(slane->lane);
		}
	}
	lane_close(slane->lane);
	lane_disown(slane->lane);
	/* No other thread may reach the task or the lane from here on. */
	loop_remove(slane->server->loop, slane->sock_id);
	slane->sock_id = 0;
	task_leave(&slane->task);
	caller_set(NULL);
	slane_free(slane);
	return NULL;
}

void slane_kill(struct slane *slane)
{
	lane_close(slane->lane);
	task_kill(&slane->task);
}

void slane_kill_process(struct server *server, struct process *process)
{
	pthread_mutex_lock(&server->lock);
	for (struct slane *slane = server->lanes; slane; slane = slane->next) {
		if (slane->caller.process == process)
			slane_kill(slane);
	}
	pthread_mutex_unlock(&server->lock);
}

static void on_lane_socket(void *data, uint32_t events)
{
	struct slane *slane = data;

	/* A client never sends on a lane socket: bytes mean a broken client. */
	loop_remove(slane->server->loop, slane->sock_id);
	slane_kill(slane);
}

static int slane_start_thread(struct slane *slane)
{
	pthread_attr_t attr;
	int r;

	pthread_attr_init(&attr);
	pthread_attr_setdetachstate(&attr, PTHREAD_CREATE_DETACHED);
	pthread_attr_setstacksize(&attr, SLANE_STACK);
	r = -pthread_create(&slane->thread, &attr, slane_thread, slane);
	pthread_attr_destroy(&attr);
	return r;
}

int slane_new(struct server *server, struct file *file, struct process *process, int sock)
{
	struct slane *slane = calloc(1, sizeof(*slane));
	int64_t slot;
	int r;

	if (!slane)
		return -ENOMEM;
	slane->server = server;
	slane->sock = -1;
	slane->lane_fd = -1;
	slane->caller.reply_fd = -1;
	pthread_mutex_init(&slane->lock, NULL);
	task_init(&slane->task);
	if (getrandom(&slane->token, sizeof(slane->token), 0) != sizeof(slane->token)) {
		r = -EIO;
		goto err_free;
	}
	r = user_charge(&slane->charge, process->user, USER_THREADS, 1);
	if (r < 0) {
		/* A kernel would have no thread more to serve, and none less. */
		r = -ENOMEM;
		goto err_free;
	}
	r = lane_new(sizeof(struct front_call), &slane->lane, &slane->lane_fd);
	if (r < 0)
		goto err_charge;
	slane->call = lane_data(slane->lane);
	slot = slot_bind(slane, file);
	if (slot < 0) {
		r = (int)slot;
		goto err_lane;
	}
	slane->first_slot = (uint32_t)slot;
	slane->caller.process = process_get(process);
	pthread_mutex_lock(&server->lock);
	slane->next = server->lanes;
	slane->prev = &server->lanes;
	if (slane->next)
		slane->next->prev = &slane->next;
	server->lanes = slane;
	server->n_lanes++;
	pthread_mutex_unlock(&server->lock);

	slane->sock = sock;
	r = loop_add(server->loop, sock, EPOLLIN, on_lane_socket, slane, &slane->sock_id);
	if (r == 0)
		r = slane_start_thread(slane);
	if (r < 0) {
		slane->sock = -1;
		slane_free(slane);
	}
	return r;

err_lane:
	slots_deinit(&slane->slots);
	lane_free(slane->lane);
	close_fd(slane->lane_fd);
err_charge:
	user_charge_end(&slane->charge);
err_free:
	pthread_mutex_destroy(&slane->lock);
	free(slane);
	return r;
}

int slane_bind(struct server *server, struct file *file, struct process *process, uint64_t token)
{
	struct front_lane_info info = { .token = token };
	struct slane *slane;
	int64_t slot;
	int r = -ENOENT;

	pthread_mutex_lock(&server->lock);
	for (slane = server->lanes; slane; slane = slane->next) {
		if (slane->token == token && slane->caller.process == process) {
			slot = slot_bind(slane, file);
			info.error = slot < 0 ? (int)slot : 0;
			info.slot = slot < 0 ? 0 : (uint32_t)slot;
			r = fdsock_send(slane->sock, &info, sizeof(info), NULL, 0);
			break;
		}
	}
	pthread_mutex_unlock(&server->lock);
	return r;
}
