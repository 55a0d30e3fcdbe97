/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * swteed: what a kernel is to the TEE subsystem
 *
 * Nodes are listening sockets, open files are connections, a client thread is a
 * lane with a thread of ours behind it. Locks, outermost first: the loop's,
 * server.lock (lists), lane.lock (slots), shm.lock. None is held over an ioctl
 * or a file's release.
 */
#ifndef SERVER_SERVER_H
#define SERVER_SERVER_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>
#include <sys/types.h>
#include <time.h>

#include "base/kernel/task.h"

#include "abi/front.h"
#include "base/loop.h"
#include "caller.h"
#include "slots.h"
#include "user.h"
#include "worker.h"

struct lane;
struct optee_supp_fallback;
struct access;
struct activation;
struct soc_mem;
struct supplicant;
struct dma_heap;
struct tee_context;
struct tee_device;
struct tee_shm;

struct platform_file_ops;
struct platform_misc;

struct config;
struct dmabuf_handle;
struct file;
struct node;
struct process;
struct slane;
struct user_pages;
struct trap;

/* Chains of a hash table */
#define ANON_BUCKETS 256u

struct server {
	struct loop *loop;
	struct worker_pool *workers;
	struct soc_mem *mem;
	const char *runtime_dir;
	const struct access *access;
	struct activation *activation;
	pthread_mutex_t lock;
	pthread_cond_t changed;		/* something was taken off a list */
	struct node *nodes;
	int spare_fd;			/* the loop's; see node.c */
	struct file *files;
	struct slane *lanes;
	struct process *processes;
	size_t n_files, n_lanes;
	struct shm_table *shms;
	struct sysfs_bus *bus;
	struct user_table *users;
	struct dmabuf_handle *dmabufs;
	int quiet_fd;			/* while it ends: an event for each change */
	loop_id quiet_id;
	atomic_bool ending;		/* opens are refused, nothing starts again */
	struct trap *trap;
	struct file *anon[ANON_BUCKETS];	/* by the cookie of their end */
};

/* Something was taken off a list; @server->lock is held. */
void server_changed(struct server *server);

/* --- node.c: device nodes --- */

int node_publish(struct server *server, struct tee_device *teedev);
void node_withdraw(struct server *server, struct tee_device *teedev);
int node_publish_misc(struct server *server, struct platform_misc *misc);
void node_withdraw_misc(struct server *server, struct platform_misc *misc);
/* The node of a heap, dma_heap/<name>. It stays until node_withdraw_heaps(). */
int node_publish_heap(struct server *server, struct dma_heap *heap);
/* The daemon ends: the nodes of all heaps. */
void node_withdraw_heaps(struct server *server);
/*
 * A listening socket <runtime dir>/<name>: the one that was passed to us, or a new
 * one, for which @rule holds; *ret_bound tells which. Negative errno.
 */
struct access_rule;
int node_socket(struct server *server, const char *name, const struct access_rule *rule,
		bool *ret_bound);
/* Of one that we bound: it is not there any more. */
void node_remove_socket(struct server *server, const char *name);
/* The devices, each with a user for the caller to put. Returns how many, up to @max. */
size_t node_get_devices(struct server *server, struct tee_device **devices, size_t max);

/* Have server.spare_fd open; called at the start, and by the loop. */
void node_keep_spare(struct server *server);

/* --- sysfs.c: attributes of devices --- */

int sysfs_add(struct server *server, struct tee_device *teedev);
void sysfs_remove(struct server *server, struct tee_device *teedev);

/* --- sysfs_bus.c: attributes of the devices on the TEE bus --- */

/* From before the first machine starts until after the last one is unbound */
struct sysfs_bus;
int sysfs_bus_new(struct server *server, struct sysfs_bus **ret_bus);
struct sysfs_bus *sysfs_bus_free(struct sysfs_bus *bus);

/* --- file.c: open files --- */

/*
 * One connection, to a TEE device, to a dma-heap (@heap, and then no @teedev and
 * @ctx), or to what @ops make of it (anon.c). Two counts: `refs` keeps the struct,
 * `users` keeps the file open: one for the connection and one for each ioctl under
 * way. At zero users the device's release runs in a worker.
 */
struct file {
	struct server *server;
	struct file *next, **prev;	/* of server.files */
	int fd;
	loop_id id;
	struct tee_device *teedev;
	struct tee_context *ctx;
	struct dma_heap *heap;
	uint64_t serial;		/* of ctx */
	struct ucred opener;		/* as the kernel knew it when it connected */
	struct timespec opened;		/* CLOCK_MONOTONIC */
	const struct platform_file_ops *ops;
	void *priv;
	struct file *anon_next;		/* in its chain, guarded by server.lock */
	uint64_t cookie;		/* of the client's end */
	atomic_uint refs;
	atomic_uint users;
	atomic_bool hung_up;
	struct user_charge charge;
	struct worker_job job;
	/* trap_file.c: the client's end of the connection, if known */
	uint64_t trap_cookie;
	struct file *trap_next;
};

/* Takes @fd. Opens the device, answers the client, watches the connection. */
void file_accept(struct server *server, struct tee_device *teedev, int fd);
/* The same for the node of a heap. */
void file_accept_heap(struct server *server, struct dma_heap *heap, int fd);
/* The same for another node: the client gets a descriptor of the open file. */
void file_accept_misc(struct server *server, struct platform_misc *misc, int fd);
/* A connection that is no open file yet; @opener is charged. */
int file_new(struct server *server, int fd, const struct ucred *opener, struct file **ret_file);
/* From now on it is one: in the list. */
void file_link(struct file *file);
/* Calls and closes may come. On failure it is hung up. */
int file_watch(struct file *file);
/* Takes @fd. Answers the client that its open failed with @error. */
void file_refuse(int fd, int error);
/* The ioctl of an entered file, for the current task and caller. */
long file_ioctl(struct file *file, unsigned int cmd, unsigned long arg);
struct file *file_get(struct file *file);
void file_put(struct file *file);
/* Begin an ioctl: false when the file is closed. file_leave() ends it. */
bool file_enter(struct file *file);
void file_leave(struct file *file);
/* As if every holder of the connection had closed it. */
void file_hang_up(struct file *file);

/* --- anon.c: open files that came out of a call --- */

/*
 * A new open file with @ops, charged to @opener, and its only descriptor: when that is
 * closed the file ends. @priv is the file's when 0 is returned. -EMFILE, -ENFILE,
 * -ENOMEM.
 */
int anon_new(struct server *server, const struct ucred *opener, const struct platform_file_ops *ops,
	     void *priv, int *ret_fd);
/* It is gone. With server.lock held. */
void anon_unlink_locked(struct file *file);
/* What the socket at @fd is known by */
int socket_cookie(int fd, uint64_t *ret_cookie);

/* --- process.c: client processes --- */

struct process {
	struct server *server;
	struct process *next, **prev;	/* of server.processes */
	unsigned int refs;		/* guarded by server.lock */
	pid_t pid;
	int pidfd;
	loop_id id;
	_Atomic(uid_t) uid;		/* as of its last message */
	_Atomic(gid_t) gid;
	struct user *user;		/* of the uid that it had first */
	atomic_bool dead;
	struct user_pages *pages;	/* given to it; guarded by server.lock */
};

/* The process that sent a message; a counted reference. -ESRCH if it is gone. */
int process_get_by_pid(struct server *server, pid_t pid, uid_t uid, gid_t gid,
		       struct process **ret_process);
struct process *process_get(struct process *process);
void process_put(struct process *process);
/* Known at once, before the loop has told anybody; a system call. */
bool process_gone(struct process *process);
/* Bytes that could NOT be copied from or to the process's memory. */
size_t process_read(struct process *process, void *to, uint64_t from, size_t n);
size_t process_write(struct process *process, uint64_t to, const void *from, size_t n);
/* Can every page of [addr, addr + length) be read? */
bool process_range_is_mapped(struct process *process, uint64_t addr, size_t length);

/* --- slane.c: the server's end of a client thread --- */

struct slane {
	struct server *server;
	struct slane *next, **prev;	/* of server.lanes */
	uint64_t token;
	struct lane *lane;
	struct front_call *call;	/* the lane's data area: hostile */
	int lane_fd;			/* to send to the client; -1 once sent */
	int sock;
	loop_id sock_id;
	struct caller caller;
	struct user_charge charge;
	pthread_t thread;
	struct task_struct task;
	pthread_mutex_t lock;		/* guards slots */
	struct slots slots;
	uint32_t first_slot;
	/* of the call under way */
	struct front_window win[FRONT_MAX_WINDOWS];
	uint32_t n_win;
};

/* A client thread asks for a lane; takes @sock. */
int slane_new(struct server *server, struct file *file, struct process *process, int sock);
/* ... binds the lane that it has to another file. */
int slane_bind(struct server *server, struct file *file, struct process *process,
	       uint64_t token);
/* The client thread is gone: end the lane, kill the call that it makes. */
void slane_kill(struct slane *slane);
/* All lanes of a process that died. */
void slane_kill_process(struct server *server, struct process *process);

/* --- shm.c: descriptors of shared memory --- */

struct shm_table;
int shm_table_new(struct server *server, struct shm_table **ret_table);
struct shm_table *shm_table_free(struct shm_table *table);
/* See platform_shm_install_fd(). */
int shm_install(struct server *server, struct tee_shm *shm, int file_fd);
/*
 * Give the caller a descriptor of @file_fd, the file of @pages. On success the last of
 * that and of its mappings puts @pages.
 */
int shm_install_pages(struct server *server, struct caller *caller, struct user_pages *pages,
		      int file_fd);
/* What the descriptors hold, for status views: shm @serial of @teedev, once each.
 * Returns how many there are; fills up to @max. */
struct shm_file_ref {
	const struct tee_device *teedev;
	uint64_t serial;
};
size_t shm_get_file_refs(struct server *server, struct shm_file_ref *refs, size_t max);
/* The shm, counted, whose memory the file @fd is; NULL when there is none. */
struct tee_shm *shm_find(struct server *server, int fd);
/* Drop every descriptor's reference: the daemon ends. The loop no longer runs. */
void shm_drop_all(struct server *server);

/* --- dmabuf.c: descriptors of dma-bufs --- */

/* Beside dma_buf_fd() and dma_buf_get() of <linux/dma-buf.h> */
void dmabuf_drop_all(struct server *server);

/* --- platform.c --- */

/* The server behind src/normal/platform.h: a process has one, as a machine has
 * one kernel. */
void platform_set_server(struct server *server);
struct server *platform_get_server(void);

#endif /* SERVER_SERVER_H */
