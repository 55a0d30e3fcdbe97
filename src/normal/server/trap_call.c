/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A trapped call: what it is, and the ioctl
 */
#include "trap.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/seccomp.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/uio.h>
#include <unistd.h>

#include <linux/sched.h>
#include <linux/uaccess.h>

#include "abi/dma_heap.h"
#include "abi/trap.h"
#include "base/auto.h"
#include "base/log.h"
#include "server.h"

/* --- answers --- */

bool trap_id_valid(struct trap_listener *listener, uint64_t id)
{
	return ioctl(listener->fd, SECCOMP_IOCTL_NOTIF_ID_VALID, &id) == 0;
}

static void answer(struct trap_listener *listener, const struct seccomp_notif_resp *resp)
{
	if (ioctl(listener->fd, SECCOMP_IOCTL_NOTIF_SEND, resp) < 0 && errno != ENOENT)
		log_warn_ratelimited("cannot answer a system call: %s", strerror(errno));
}

void trap_answer(struct trap_listener *listener, uint64_t id, int64_t value, int error)
{
	const struct seccomp_notif_resp resp = { .id = id, .val = value, .error = error };

	answer(listener, &resp);
}

void trap_continue(struct trap_listener *listener, uint64_t id)
{
	const struct seccomp_notif_resp resp = {
		.id = id,
		.flags = SECCOMP_USER_NOTIF_FLAG_CONTINUE,
	};

	answer(listener, &resp);
}

/*
 * In two steps: between them our copy is closed. With the kernel's atomic form the
 * client could close its descriptor, and open the device again, while ours still kept
 * it open.
 */
int trap_add_fd(struct trap_listener *listener, uint64_t id, int fd, bool cloexec)
{
	const struct seccomp_notif_addfd addfd = {
		.id = id,
		.srcfd = (__u32)fd,
		.newfd_flags = cloexec ? O_CLOEXEC : 0,
	};
	int number = ioctl(listener->fd, SECCOMP_IOCTL_NOTIF_ADDFD, &addfd);

	if (number < 0)
		number = -errno;
	close_fd(fd);
	return number;
}

/* --- user memory --- */

/*
 * Through the thread and not through its process: the main thread may be gone. The
 * thread's number is its own as long as the call is valid.
 */
static unsigned long trap_copy_from(void *data, void *to, unsigned long from, size_t n)
{
	struct trap_call *call = data;
	struct iovec local = { .iov_base = to, .iov_len = n };
	struct iovec remote = { .iov_base = (void *)from, .iov_len = n };
	ssize_t got;

	if (n == 0)
		return 0;
	got = process_vm_readv(call->thread->tid, &local, 1, &remote, 1, 0);
	if (got < 0 || !trap_id_valid(call->listener, call->id))
		return n;
	return n - (size_t)got;
}

static unsigned long trap_copy_to(void *data, unsigned long to, const void *from, size_t n)
{
	struct trap_call *call = data;
	struct iovec local = { .iov_base = (void *)from, .iov_len = n };
	struct iovec remote = { .iov_base = (void *)to, .iov_len = n };
	ssize_t put;

	if (n == 0)
		return 0;
	if (!trap_id_valid(call->listener, call->id))
		return n;
	put = process_vm_writev(call->thread->tid, &local, 1, &remote, 1, 0);
	return put < 0 ? n : n - (size_t)put;
}

static const struct uaccess_ops trap_uaccess = {
	.copy_from = trap_copy_from,
	.copy_to = trap_copy_to,
};

/* --- the ioctl --- */

static bool trap_interrupted(void *data)
{
	struct trap_call *call = data;

	return atomic_load(&call->interrupted);
}

/* The kernel withdraws a call whose thread got a fatal signal. */
static bool trap_dying(void *data)
{
	struct trap_call *call = data;

	return !trap_id_valid(call->listener, call->id);
}

static void call_begin(struct trap_call *call)
{
	task_init(&call->task);
	call->task.interrupted = trap_interrupted;
	call->task.interrupted_data = call;
	call->task.dying = trap_dying;
	call->task.dying_data = call;
	call->task.uaccess = &trap_uaccess;
	call->task.uaccess_data = call;
	call->caller.process = call->thread->process;
	call->caller.tid = (uint32_t)call->thread->tid;
	call->caller.reply_fd = -1;
	caller_set(&call->caller);
	task_enter(&call->task);
	trap_watch_add(call);
}

static void call_end(struct trap_call *call)
{
	trap_watch_remove(call);
	task_leave(&call->task);
	caller_set(NULL);
}

/*
 * The kernel makes a call again that a signal interrupted, or lets it fail with
 * EINTR, as the handler was installed; but only if it knows of a signal for this
 * thread. The bare number must not get to the client.
 */
static int outcome(struct trap_call *call, long ret)
{
	if (ret == -ERESTARTSYS)
		return atomic_load(&call->restart) ? -ERESTARTSYS : -EINTR;
	return ret < -4095 ? -EIO : (int)ret;
}

/* What a heap allocated goes into the argument; the other ioctls return theirs. */
static long store_fd(struct trap_call *call, const __u64 *args, int fd)
{
	const size_t offset = offsetof(struct dma_heap_allocation_data, fd);
	const unsigned int cmd = (unsigned int)args[1];
	__u32 number = (__u32)fd;

	if (_IOC_TYPE(cmd) != DMA_HEAP_IOC_MAGIC)
		return fd;
	if (!(_IOC_DIR(cmd) & _IOC_READ) || _IOC_SIZE(cmd) < offset + sizeof(number))
		return 0;
	return trap_copy_to(call, args[2] + offset, &number, sizeof(number)) ? -EFAULT : 0;
}

static void run_ioctl(struct trap_call *call, struct file *file, const __u64 *args)
{
	long ret;
	int fd;

	call_begin(call);
	ret = file_ioctl(file, (unsigned int)args[1], (unsigned long)args[2]);
	call_end(call);
	file_leave(file);
	fd = call->caller.reply_fd;
	if (ret >= 0 && fd >= 0) {
		ret = trap_add_fd(call->listener, call->id, fd, call->caller.reply_cloexec);
		if (ret >= 0)
			ret = store_fd(call, args, (int)ret);
	} else {
		/* What the client does not get is closed here, which ends it. */
		close_fd(fd);
	}
	if (ret < 0)
		trap_answer(call->listener, call->id, 0, outcome(call, ret));
	else
		trap_answer(call->listener, call->id, ret, 0);
}

/* The open file that the client's descriptor is, entered; NULL: none of ours. */
static struct file *ioctl_file(struct trap_call *call, int number)
{
	struct file *file;
	int fd = trap_thread_fd(call->thread, number);

	if (fd == -EPERM)
		log_warn_ratelimited("not allowed to look at descriptors of process %d: run "
				     "swteed as the same user or with CAP_SYS_PTRACE",
				     (int)call->thread->tid);
	if (fd < 0)
		return NULL;
	file = trap_file_enter(call->listener->trap, fd);
	close_fd(fd);
	return file;
}

static void serve_ioctl(struct trap_listener *listener, const struct seccomp_notif *notif,
			bool *ret_left)
{
	struct trap_call call = { .listener = listener, .id = notif->id };
	struct file *file;

	if (trap_thread_get(listener, notif->id, (pid_t)notif->pid, &call.thread) < 0) {
		trap_continue(listener, notif->id);
		return;
	}
	file = ioctl_file(&call, (int)notif->data.args[0]);
	if (!file) {
		trap_continue(listener, notif->id);
	} else if (trap_pool_leave(listener) < 0) {
		file_leave(file);
		trap_answer(listener, notif->id, 0, -ENOMEM);
	} else {
		*ret_left = true;
		run_ioctl(&call, file, notif->data.args);
	}
	trap_thread_put(call.thread);
}

void trap_serve(struct trap_listener *listener, const struct seccomp_notif *notif,
		bool *ret_left)
{
	static const struct trap_syscall calls[] = { TRAP_SYSCALLS };

	for (size_t i = 0; i < sizeof(calls) / sizeof(calls[0]); i++) {
		if (calls[i].nr != notif->data.nr)
			continue;
		if (calls[i].kind == TRAP_IOCTL)
			serve_ioctl(listener, notif, ret_left);
		else
			trap_serve_path(listener, notif, &calls[i], ret_left);
		return;
	}
	/* A filter of somebody else: nothing that is ours. */
	trap_continue(listener, notif->id);
}
