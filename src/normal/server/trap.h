/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The trap: clients that make system calls by themselves
 *
 * A seccomp listener brings the system calls of clients here (abi/trap.h). The
 * thread that receives one serves it, synchronously, as the kernel side of the
 * client's thread. Of the threads of a listener some receive, the others serve a
 * call that may block, or are parked.
 *
 * Files: trap.c takes listeners in and ends them; trap_pool.c has their threads;
 * trap_call.c serves what was received; trap_path.c knows nodes by their paths;
 * trap_file.c tells which open file a descriptor is; trap_thread.c whose a thread
 * is; trap_watch.c looks after calls that block: signals and death;
 * trap_afterwards.c is for processes that outlive swteed.
 *
 * Locks: trap.lock (listeners), listener.lock (threads), trap.calls_lock,
 * trap.threads_lock, trap.files_lock. None is taken with another of them held,
 * save listener.lock within trap.lock.
 */
#ifndef SERVER_TRAP_H
#define SERVER_TRAP_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/kernel/task.h"

#include "base/loop.h"
#include "caller.h"

struct file;
struct process;
struct seccomp_notif;
struct server;
struct trap;
struct trap_listener;
struct trap_syscall;

/* --- trap.c: for the rest of the server --- */

/* Listen for listeners in the runtime directory. @max_threads: for each. */
int trap_new(struct server *server, unsigned int max_threads, struct trap **ret_trap);
/* Every call under way ends as by a fatal signal. */
void trap_kill_calls(struct trap *trap);
/* ... and those of @process, which died. */
void trap_kill_process(struct trap *trap, struct process *process);
/* Threads end, listeners go. Calls of the clients that remain are let through. */
struct trap *trap_free(struct trap *trap);

/* --- trap_file.c: for file.c --- */

/* A message that says which file a descriptor is came, from ourselves. */
void trap_file_identified(struct trap *trap, uint64_t token, struct file *file);
/* @file is closed: its descriptor is known no longer. */
void trap_file_forget(struct trap *trap, struct file *file);

/* --- what the files of the trap share --- */

#define TRAP_FILE_BUCKETS 1024u
#define TRAP_THREADS 256u

/* A thread of a client, as long as the cache or a call has it */
struct trap_thread {
	atomic_uint refs;
	pid_t tid;
	struct process *process;
	int pidfd;		/* of the thread; -1 on kernels without such */
};

struct trap {
	struct server *server;
	unsigned int max_threads;
	int sock;
	loop_id sock_id;
	char path[108];

	pthread_mutex_t lock;
	pthread_cond_t gone;		/* a listener went */
	struct trap_listener *listeners;
	bool ending;

	pthread_mutex_t calls_lock;
	pthread_cond_t calls_more;
	struct trap_call *calls;
	pthread_t watcher;
	bool watching, watcher_idle, watcher_wake;
	atomic_bool watch_end;

	pthread_mutex_t threads_lock;
	struct trap_thread *threads[TRAP_THREADS];	/* by tid; the latest */

	pthread_mutex_t files_lock;
	pthread_cond_t files_changed;
	struct file *files[TRAP_FILE_BUCKETS];	/* by the client's socket */
	struct trap_ident *idents;
};

/* A call under way that may block; lives on the stack of the thread serving it. */
struct trap_call {
	struct trap_call *next, **prev;	/* of trap.calls */
	struct trap_listener *listener;
	uint64_t id;
	struct trap_thread *thread;
	struct caller caller;
	struct task_struct task;
	unsigned int looks, round;	/* of the watcher: how many, the last one */
	unsigned int doubts;		/* looks in a row with a signal for any thread */
	atomic_bool interrupted;
	atomic_bool restart;		/* the kernel knows of the signal, too */
};

/* --- trap_afterwards.c --- */

/* Leave somebody to @fd, a listener that is about to be closed, if one is needed. */
void trap_afterwards(int fd);
/* For that one: let every call through until no process has the filter any more. */
void trap_let_through(int fd);

/* --- trap_pool.c --- */

/* Room for a struct seccomp_notif, which a later kernel may let grow */
#define TRAP_NOTIF_SIZE 512

struct trap_listener {
	struct trap *trap;
	struct trap_listener *next;	/* of trap.listeners */
	int fd;
	loop_id id;
	pthread_mutex_t lock;
	struct trap_worker *workers;
	struct trap_worker *parked;	/* the latest first */
	unsigned int n_workers, n_receiving;
	bool ending;
};

/* Serve @fd (taken on success) from now on. */
int trap_listener_new(struct trap *trap, int fd);
/* Threads end; the last one frees it. From any thread; does not wait. */
void trap_listener_end(struct trap_listener *listener);
/* Those that receive may not have heard: again. trap.lock is held. */
void trap_listener_prod(struct trap_listener *listener);
/*
 * The calling thread will be busy: see to it that another one receives. -ENOMEM
 * when there is none to be had; then the call is not to be served.
 */
int trap_pool_leave(struct trap_listener *listener);

/* --- trap_call.c --- */

/* Serve what @listener received, and answer it. */
void trap_serve(struct trap_listener *listener, const struct seccomp_notif *notif,
		bool *ret_left);
/* Answers. A client that is gone does not need one. */
void trap_answer(struct trap_listener *listener, uint64_t id, int64_t value, int error);
/* The kernel does the call itself. */
void trap_continue(struct trap_listener *listener, uint64_t id);
/*
 * The client gets a descriptor for @fd, which is taken: its number, or an error as of
 * the client's limit. No answer yet; but nobody else has @fd any more.
 */
int trap_add_fd(struct trap_listener *listener, uint64_t id, int fd, bool cloexec);
/* Does the client still wait for the answer? While it does its thread id is its. */
bool trap_id_valid(struct trap_listener *listener, uint64_t id);

/* --- trap_path.c --- */

void trap_serve_path(struct trap_listener *listener, const struct seccomp_notif *notif,
		     const struct trap_syscall *call, bool *ret_left);

/* --- trap_file.c --- */

/*
 * The open file of which @fd, a descriptor of ours, is the client's end, entered
 * (file_leave() ends that). NULL: it is none, or closed.
 */
struct file *trap_file_enter(struct trap *trap, int fd);

/* --- trap_thread.c --- */

/* The thread that made the call @id; a counted reference, or a negative errno. */
int trap_thread_get(struct trap_listener *listener, uint64_t id, pid_t tid,
		    struct trap_thread **ret_thread);
void trap_thread_put(struct trap_thread *thread);
/* A copy of the client's descriptor @fd; -EBADF, -EPERM, -ESRCH. */
int trap_thread_fd(struct trap_thread *thread, int fd);
/* @process died, or NULL: all. */
void trap_threads_forget(struct trap *trap, struct process *process);

/* --- trap_watch.c --- */

int trap_watch_start(struct trap *trap);
void trap_watch_stop(struct trap *trap);
/* There is something to look after: a call, a thread, or a listener that ends. */
void trap_watch_wake(struct trap *trap);
void trap_watch_add(struct trap_call *call);
void trap_watch_remove(struct trap_call *call);

#endif /* SERVER_TRAP_H */
