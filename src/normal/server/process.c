/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Client processes
 *
 * A process is known by the pid that the kernel attached to a message and is
 * held by a pidfd, whose readiness is its death.
 */
#include "server.h"

#include <errno.h>
#include <limits.h>
#include <poll.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/log.h"
#include "trap.h"

#define PROCESS_PAGE_SIZE 4096u

/* A millisecond each */
#define WRITE_RETRIES 20

bool process_gone(struct process *process)
{
	struct pollfd pfd = { .fd = process->pidfd, .events = POLLIN };

	return atomic_load(&process->dead) || poll(&pfd, 1, 0) == 1;
}

static void on_exit_event(void *data, uint32_t events)
{
	struct process *process = data;
	struct server *server = process->server;

	atomic_store(&process->dead, true);
	loop_remove(server->loop, process->id);
	slane_kill_process(server, process);
	trap_kill_process(server->trap, process);
}

struct process *process_get(struct process *process)
{
	pthread_mutex_lock(&process->server->lock);
	process->refs++;
	pthread_mutex_unlock(&process->server->lock);
	return process;
}

void process_put(struct process *process)
{
	struct server *server = process->server;
	bool last;

	pthread_mutex_lock(&server->lock);
	last = --process->refs == 0;
	if (last) {
		*process->prev = process->next;
		if (process->next)
			process->next->prev = process->prev;
	}
	pthread_mutex_unlock(&server->lock);
	if (last) {
		loop_remove(server->loop, process->id);
		close_fd(process->pidfd);
		user_put(process->user);
		free(process);
	}
}

static struct process *process_find(struct server *server, pid_t pid)
{
	struct process *process;

	pthread_mutex_lock(&server->lock);
	for (process = server->processes; process; process = process->next) {
		if (process->pid == pid && !process_gone(process)) {
			process->refs++;
			break;
		}
	}
	pthread_mutex_unlock(&server->lock);
	return process;
}

int process_get_by_pid(struct server *server, pid_t pid, uid_t uid, gid_t gid,
		       struct process **ret_process)
{
	struct process *process;
	int r;

	/* 0: a process that our pid namespace does not show */
	if (pid <= 0)
		return -ESRCH;
	process = process_find(server, pid);
	if (process) {
		process->uid = uid;
		process->gid = gid;
		*ret_process = process;
		return 0;
	}
	process = calloc(1, sizeof(*process));
	if (!process)
		return -ENOMEM;
	process->pidfd = (int)syscall(SYS_pidfd_open, pid, 0);
	if (process->pidfd < 0) {
		r = -errno;
		goto err_free;
	}
	r = user_get(server->users, uid, &process->user);
	if (r < 0)
		goto err_close;
	process->server = server;
	process->pid = pid;
	process->uid = uid;
	process->gid = gid;
	process->refs = 1;
	pthread_mutex_lock(&server->lock);
	process->next = server->processes;
	process->prev = &server->processes;
	if (process->next)
		process->next->prev = &process->next;
	server->processes = process;
	pthread_mutex_unlock(&server->lock);
	r = loop_add(server->loop, process->pidfd, EPOLLIN, on_exit_event, process, &process->id);
	if (r < 0) {
		process_put(process);
		return r;
	}
	*ret_process = process;
	return 0;

err_close:
	close_fd(process->pidfd);
err_free:
	free(process);
	return r;
}

/*
 * The kernel copies page by page and reports how far it came. EPERM (a client
 * of another user, Yama) looks to the client like memory that is not there; say
 * why, once in a while.
 */
static size_t copied(struct process *process, ssize_t n)
{
	if (n < 0) {
		if (errno == EPERM)
			log_warn_ratelimited("not allowed to access the memory of process %d: "
					     "run swteed as the same user or with CAP_SYS_PTRACE",
					     (int)process->pid);
		return 0;
	}
	return (size_t)n;
}

size_t process_read(struct process *process, void *to, uint64_t from, size_t n)
{
	struct iovec local = { .iov_base = to, .iov_len = n };
	struct iovec remote = { .iov_base = (void *)(uintptr_t)from, .iov_len = n };
	ssize_t got;

	if (n == 0)
		return 0;
	if (process_gone(process))
		return n;
	got = process_vm_readv(process->pid, &local, 1, &remote, 1, 0);
	return n - copied(process, got);
}

static size_t write_once(struct process *process, uint64_t to, const void *from, size_t n)
{
	struct iovec local = { .iov_base = (void *)from, .iov_len = n };
	struct iovec remote = { .iov_base = (void *)(uintptr_t)to, .iov_len = n };
	ssize_t put = process_vm_writev(process->pid, &local, 1, &remote, 1, 0);

	return copied(process, put);
}

/*
 * While a thread of the client replaces pages by shared ones they cannot be written to
 * from here (user_pages.h). That takes less than a millisecond a MiB.
 */
static bool may_be_replacing(struct process *process)
{
	bool may;

	pthread_mutex_lock(&process->server->lock);
	may = process->pages != NULL;
	pthread_mutex_unlock(&process->server->lock);
	return may;
}

size_t process_write(struct process *process, uint64_t to, const void *from, size_t n)
{
	size_t done = 0;

	for (unsigned int i = 0; done < n && !process_gone(process); i++) {
		done += write_once(process, to + done, (const uint8_t *)from + done, n - done);
		if (done == n || i == WRITE_RETRIES || !may_be_replacing(process))
			break;
		(void)nanosleep(&(struct timespec){ .tv_nsec = 1000000 }, NULL);
	}
	return n - done;
}

bool process_range_is_mapped(struct process *process, uint64_t addr, size_t length)
{
	enum { BATCH = 256 };
	uint64_t end = addr + length, at = addr;
	struct iovec remote[BATCH], local;
	uint8_t bytes[BATCH];

	if (process_gone(process))
		return false;
	while (at < end) {
		size_t n = 0;

		for (; at < end && n < BATCH; n++) {
			remote[n] = (struct iovec){ (void *)(uintptr_t)at, 1 };
			at = (at & ~(uint64_t)(PROCESS_PAGE_SIZE - 1)) + PROCESS_PAGE_SIZE;
		}
		local = (struct iovec){ bytes, n };
		if (copied(process, process_vm_readv(process->pid, &local, 1, remote, n, 0)) != n)
			return false;
	}
	return true;
}
