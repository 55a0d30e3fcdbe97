/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Threads of clients: whose a thread number is
 *
 * The kernel tells the number of the thread that made a call; it is that thread's
 * as long as the call waits. What it belongs to is asked of /proc once and kept.
 * Before it is believed again, the thread's pidfd (or, without such, its process)
 * must still have it.
 */
#include "trap.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/auto.h"
#include "server.h"

/* Linux 6.9 */
#ifndef PIDFD_THREAD
#define PIDFD_THREAD O_EXCL
#endif

void trap_thread_put(struct trap_thread *thread)
{
	if (atomic_fetch_sub(&thread->refs, 1) == 1) {
		close_fd(thread->pidfd);
		process_put(thread->process);
		free(thread);
	}
}

/* Does the number still belong to the thread that it did belong to? */
static bool still_there(struct trap_thread *thread)
{
	if (thread->pidfd >= 0)
		return syscall(SYS_pidfd_send_signal, thread->pidfd, 0, NULL, 0) == 0 ||
		       errno == EPERM;
	return !process_gone(thread->process) &&
	       (syscall(SYS_tgkill, thread->process->pid, thread->tid, 0) == 0 ||
		errno == EPERM);
}

static struct trap_thread *find(struct trap *trap, pid_t tid)
{
	struct trap_thread *thread;

	pthread_mutex_lock(&trap->threads_lock);
	thread = trap->threads[(unsigned int)tid % TRAP_THREADS];
	if (thread && thread->tid == tid)
		atomic_fetch_add(&thread->refs, 1);
	else
		thread = NULL;
	pthread_mutex_unlock(&trap->threads_lock);
	if (thread && !still_there(thread)) {
		trap_thread_put(thread);
		thread = NULL;
	}
	return thread;
}

static void remember(struct trap *trap, struct trap_thread *thread)
{
	struct trap_thread **slot = &trap->threads[(unsigned int)thread->tid % TRAP_THREADS];
	struct trap_thread *old;

	atomic_fetch_add(&thread->refs, 1);
	pthread_mutex_lock(&trap->threads_lock);
	old = *slot;
	*slot = thread;
	pthread_mutex_unlock(&trap->threads_lock);
	if (old)
		trap_thread_put(old);
	/* Died just now: whoever forgets its threads may have been here before us. */
	if (atomic_load(&thread->process->dead))
		trap_threads_forget(trap, thread->process);
}

/* Its process and the real ids of it. */
static int read_owner(pid_t tid, pid_t *ret_pid, uid_t *ret_uid, gid_t *ret_gid)
{
	char path[48], buf[2048];
	const char *pid, *uid, *gid;
	AUTO(close_fd) int fd = -1;
	ssize_t n;

	snprintf(path, sizeof(path), "/proc/%d/status", (int)tid);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	n = read(fd, buf, sizeof(buf) - 1);
	if (n <= 0)
		return -ESRCH;
	buf[n] = '\0';
	pid = strstr(buf, "\nTgid:");
	uid = strstr(buf, "\nUid:");
	gid = strstr(buf, "\nGid:");
	if (!pid || sscanf(pid, "\nTgid: %d", ret_pid) != 1 ||
	    !uid || sscanf(uid, "\nUid: %u", ret_uid) != 1 ||
	    !gid || sscanf(gid, "\nGid: %u", ret_gid) != 1)
		return -EIO;
	return 0;
}

int trap_thread_get(struct trap_listener *listener, uint64_t id, pid_t tid,
		    struct trap_thread **ret_thread)
{
	struct trap *trap = listener->trap;
	struct trap_thread *thread;
	pid_t pid;
	uid_t uid;
	gid_t gid;
	int r;

	thread = find(trap, tid);
	if (thread) {
		*ret_thread = thread;
		return 0;
	}
	r = read_owner(tid, &pid, &uid, &gid);
	if (r < 0)
		return r;
	thread = calloc(1, sizeof(*thread));
	if (!thread)
		return -ENOMEM;
	r = process_get_by_pid(trap->server, pid, uid, gid, &thread->process);
	if (r < 0) {
		free(thread);
		return r;
	}
	atomic_init(&thread->refs, 1);
	thread->tid = tid;
	thread->pidfd = (int)syscall(SYS_pidfd_open, tid, PIDFD_THREAD);
	/* All of this was about the right thread only if it is still in its call. */
	if (!trap_id_valid(listener, id)) {
		trap_thread_put(thread);
		return -ESRCH;
	}
	remember(trap, thread);
	trap_watch_wake(trap);
	*ret_thread = thread;
	return 0;
}

int trap_thread_fd(struct trap_thread *thread, int fd)
{
	int pidfd = thread->pidfd >= 0 ? thread->pidfd : thread->process->pidfd;
	int r = (int)syscall(SYS_pidfd_getfd, pidfd, fd, 0);

	return r < 0 ? -errno : r;
}

void trap_threads_forget(struct trap *trap, struct process *process)
{
	for (unsigned int i = 0; i < TRAP_THREADS; i++) {
		struct trap_thread *thread;

		pthread_mutex_lock(&trap->threads_lock);
		thread = trap->threads[i];
		if (thread && process && thread->process != process)
			thread = NULL;
		if (thread)
			trap->threads[i] = NULL;
		pthread_mutex_unlock(&trap->threads_lock);
		if (thread)
			trap_thread_put(thread);
	}
}
