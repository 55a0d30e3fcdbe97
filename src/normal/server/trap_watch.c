/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Calls that block: signals and death of the client
 *
 * Once received a trapped call is woken by fatal signals only, and nobody is told
 * of the others. So a thread looks at the calls that block, some times a second and
 * only while there are any: is the client still there, and, when the call sleeps
 * interruptibly, has its thread a signal to take?
 *
 * The kernel makes an interrupted call again, or lets it fail with EINTR, if it
 * knows that this thread is to handle a signal; if it did not, the bare number
 * would get to the client. It knows for a signal sent to the thread, for one sent to
 * the process that no other thread can take, and when the process is being
 * stopped. When other threads can take it as well, they get some time to do so; then
 * the call fails with EINTR.
 */
#include "trap.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/seccomp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <linux/sched.h>

#include "base/auto.h"
#include "server.h"

#define PERIOD_MS 10
/* Looks without a call until the watcher sleeps for good */
#define IDLE_LOOKS 100
/* Looks that other threads have to take a signal of the process */
#define PATIENCE 3
/* Calls looked at in one go */
#define BATCH 128

/* What the watcher remembers of a call while it looks without the lock */
struct watched {
	struct trap_call *call;
	struct trap_listener *listener;
	uint64_t id;
	pid_t tid, pid;
	bool interruptible;
	/* found */
	bool gone, signal, restart, doubt;
};

/* --- signals of a thread --- */

struct signals {
	char state;
	unsigned int n_threads;
	uint64_t pending, shared, blocked, ignored;
};

static bool read_signals(const char *path, struct signals *ret)
{
	char buf[4096];
	AUTO(close_fd) int fd = open(path, O_RDONLY | O_CLOEXEC);
	const struct {
		const char *key;
		uint64_t *value;
	} masks[] = {
		{ "\nSigPnd:\t", &ret->pending },
		{ "\nShdPnd:\t", &ret->shared },
		{ "\nSigBlk:\t", &ret->blocked },
		{ "\nSigIgn:\t", &ret->ignored },
	};
	const char *line;
	ssize_t n;

	n = fd < 0 ? -1 : read(fd, buf, sizeof(buf) - 1);
	if (n <= 0)
		return false;
	buf[n] = '\0';
	line = strstr(buf, "\nState:\t");
	ret->state = line ? line[strlen("\nState:\t")] : '?';
	line = strstr(buf, "\nThreads:\t");
	ret->n_threads = line ? (unsigned int)atoi(line + strlen("\nThreads:\t")) : 0;
	for (size_t i = 0; i < sizeof(masks) / sizeof(masks[0]); i++) {
		line = strstr(buf, masks[i].key);
		if (!line)
			return false;
		*masks[i].value = strtoull(line + strlen(masks[i].key), NULL, 16);
	}
	return true;
}

/* What the other threads of a process make of a signal for any of them */
struct others {
	pid_t pid;		/* of the process that was looked at last */
	pid_t tid;
	uint64_t unblocked;	/* signals that at least one of them would take */
	bool stopped;		/* one stands still: the process is being stopped */
};

static void look_at_others(struct others *others, pid_t pid, pid_t tid)
{
	char path[64];
	struct dirent *entry;
	DIR *dir;

	*others = (struct others){ .pid = pid, .tid = tid };
	snprintf(path, sizeof(path), "/proc/%d/task", (int)pid);
	dir = opendir(path);
	if (!dir) {
		others->unblocked = UINT64_MAX;
		return;
	}
	while ((entry = readdir(dir))) {
		pid_t other = atoi(entry->d_name);
		struct signals s;

		if (other == 0 || other == tid)
			continue;
		snprintf(path, sizeof(path), "/proc/%d/status", (int)other);
		if (!read_signals(path, &s) || s.state == 'Z' || s.state == 'X')
			continue;
		others->unblocked |= ~s.blocked;
		others->stopped |= s.state == 'T';
	}
	closedir(dir);
}

static void look(struct watched *w)
{
	struct others others;
	struct signals s;
	uint64_t shared;
	char path[32];

	w->gone = !trap_id_valid(w->listener, w->id);
	if (w->gone || !w->interruptible)
		return;
	snprintf(path, sizeof(path), "/proc/%d/status", (int)w->tid);
	if (!read_signals(path, &s))
		return;
	if (s.pending & ~s.blocked & ~s.ignored) {
		w->signal = w->restart = true;
		return;
	}
	shared = s.shared & ~s.blocked & ~s.ignored;
	if (s.n_threads <= 1) {
		w->signal = w->restart = shared != 0;
		return;
	}
	look_at_others(&others, w->pid, w->tid);
	if (others.stopped || (shared & ~others.unblocked))
		w->signal = w->restart = true;
	else
		w->doubt = shared != 0;
}

/* --- the thread --- */

static size_t collect_locked(struct trap *trap, struct watched *watched, unsigned int round)
{
	size_t n = 0;

	for (struct trap_call *call = trap->calls; call && n < BATCH; call = call->next) {
		unsigned int state = __atomic_load_n(&call->task.__state, __ATOMIC_RELAXED);

		if (call->round == round)
			continue;
		call->round = round;
		/* One that is over in no time is not looked at. */
		if (call->looks++ == 0)
			continue;
		watched[n++] = (struct watched){
			.call = call,
			.listener = call->listener,
			.id = call->id,
			.tid = call->thread->tid,
			.pid = call->thread->process->pid,
			.interruptible = (state & TASK_INTERRUPTIBLE) &&
					 !atomic_load(&call->interrupted),
		};
	}
	return n;
}

/* What was found, told to those calls that are still there. */
static void tell_locked(struct trap *trap, const struct watched *watched, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		const struct watched *w = &watched[i];
		struct trap_call *call;

		for (call = trap->calls; call; call = call->next) {
			if (call == w->call && call->id == w->id &&
			    call->listener == w->listener)
				break;
		}
		if (!call)
			continue;
		call->doubts = w->doubt ? call->doubts + 1 : 0;
		if (w->gone) {
			task_kill(&call->task);
		} else if (w->signal || call->doubts >= PATIENCE) {
			atomic_store(&call->restart, w->restart);
			atomic_store(&call->interrupted, true);
			task_interrupt_wake(&call->task);
		}
	}
}

static void prod_listeners(struct trap *trap)
{
	pthread_mutex_lock(&trap->lock);
	for (struct trap_listener *l = trap->listeners; l; l = l->next)
		trap_listener_prod(l);
	pthread_mutex_unlock(&trap->lock);
}

static void look_at_all(struct trap *trap, struct watched *watched, unsigned int round)
{
	size_t n;

	do {
		pthread_mutex_lock(&trap->calls_lock);
		n = collect_locked(trap, watched, round);
		pthread_mutex_unlock(&trap->calls_lock);
		for (size_t i = 0; i < n; i++)
			look(&watched[i]);
		pthread_mutex_lock(&trap->calls_lock);
		tell_locked(trap, watched, n);
		pthread_mutex_unlock(&trap->calls_lock);
	} while (n == BATCH);
}

static void sleep_until_woken(struct trap *trap)
{
	pthread_mutex_lock(&trap->calls_lock);
	trap->watcher_idle = !trap->calls && !trap->watcher_wake;
	while (trap->watcher_idle)
		pthread_cond_wait(&trap->calls_more, &trap->calls_lock);
	trap->watcher_wake = false;
	pthread_mutex_unlock(&trap->calls_lock);
}

static void *watch_thread(void *data)
{
	static const struct timespec period = { .tv_nsec = PERIOD_MS * 1000000L };
	struct trap *trap = data;
	struct watched watched[BATCH];
	unsigned int idle = 0, round = 0;

	while (!atomic_load(&trap->watch_end)) {
		pthread_mutex_lock(&trap->calls_lock);
		idle = trap->calls ? 0 : idle + 1;
		pthread_mutex_unlock(&trap->calls_lock);
		if (idle > IDLE_LOOKS) {
			/* Who comes back after that long may be asked for again. */
			trap_threads_forget(trap, NULL);
			sleep_until_woken(trap);
			idle = 0;
		}
		look_at_all(trap, watched, ++round);
		prod_listeners(trap);
		nanosleep(&period, NULL);
	}
	return NULL;
}

/* --- for the others --- */

static void wake_locked(struct trap *trap)
{
	trap->watcher_wake = true;
	if (trap->watcher_idle) {
		trap->watcher_idle = false;
		pthread_cond_signal(&trap->calls_more);
	}
}

void trap_watch_wake(struct trap *trap)
{
	pthread_mutex_lock(&trap->calls_lock);
	wake_locked(trap);
	pthread_mutex_unlock(&trap->calls_lock);
}

void trap_watch_add(struct trap_call *call)
{
	struct trap *trap = call->listener->trap;

	pthread_mutex_lock(&trap->calls_lock);
	call->next = trap->calls;
	call->prev = &trap->calls;
	if (call->next)
		call->next->prev = &call->next;
	trap->calls = call;
	wake_locked(trap);
	pthread_mutex_unlock(&trap->calls_lock);
}

void trap_watch_remove(struct trap_call *call)
{
	struct trap *trap = call->listener->trap;

	pthread_mutex_lock(&trap->calls_lock);
	*call->prev = call->next;
	if (call->next)
		call->next->prev = call->prev;
	pthread_mutex_unlock(&trap->calls_lock);
}

int trap_watch_start(struct trap *trap)
{
	int r = 0;

	pthread_mutex_lock(&trap->calls_lock);
	if (!trap->watching) {
		r = -pthread_create(&trap->watcher, NULL, watch_thread, trap);
		trap->watching = r == 0;
	}
	pthread_mutex_unlock(&trap->calls_lock);
	return r;
}

void trap_watch_stop(struct trap *trap)
{
	if (!trap->watching)
		return;
	atomic_store(&trap->watch_end, true);
	trap_watch_wake(trap);
	(void)pthread_join(trap->watcher, NULL);
}

void trap_kill_calls(struct trap *trap)
{
	trap_kill_process(trap, NULL);
}

void trap_kill_process(struct trap *trap, struct process *process)
{
	if (!trap)
		return;
	pthread_mutex_lock(&trap->calls_lock);
	for (struct trap_call *call = trap->calls; call; call = call->next) {
		if (!process || call->thread->process == process)
			task_kill(&call->task);
	}
	pthread_mutex_unlock(&trap->calls_lock);
	if (process)
		trap_threads_forget(trap, process);
}
