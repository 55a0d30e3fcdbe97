/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A call: the ioctl's words and windows into the lane, the reply out of it
 *
 * swteed reads and writes this process' memory by itself, at the cost of a
 * system call each time and under the rules of ptrace(2). A window spares it
 * that: a piece of memory that is copied into the lane beforehand. To copy what
 * may not be mapped would turn an EFAULT into a crash, so only what lies on the
 * calling thread's own stack, above the stack pointer, is made a window; that is
 * where client libraries keep the arguments of an ioctl.
 */
#include "client/front/front.h"

#include <errno.h>
#include <limits.h>
#include <stddef.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

#include "abi/dma_heap.h"
#include "abi/front.h"
#include "abi/qtee_rfc.h"
#include "abi/tee.h"
#include "client/front/front_pages.h"
#include "client/front/front_thread.h"
#include "machine/lane/lane.h"

/* Window 0 is the argument itself, window 1 the buffer that it points to. */
#define ARG_OFF 0
#define ARG_MAX 64
#define BUF_OFF ARG_MAX
#define BUF_MAX TEE_MAX_ARG_SIZE
_Static_assert(BUF_OFF + BUF_MAX <= FRONT_DATA_SIZE, "room for both windows");
_Static_assert(FRONT_RUNS_OFF >= ARG_OFF + ARG_MAX &&
	       FRONT_RUNS_OFF + sizeof(struct front_runs) <= FRONT_DATA_SIZE,
	       "room for the runs, beside the argument of a command that takes no buffer");

/* <linux/errno.h> of the kernel: what a system call asks its caller to do */
#define KERNEL_ERESTARTSYS 512
#define KERNEL_ERESTARTNOINTR 513
#define KERNEL_ERESTARTNOHAND 514
#define KERNEL_ERESTART_RESTARTBLOCK 516

/* Our own record of the windows: the one in the lane is swteed's to change. */
struct front_windows {
	unsigned int n;
	struct front_window win[FRONT_MAX_WINDOWS];
};

/* The part of this thread's stack that certainly is in use */
struct stack_part {
	uintptr_t lo;
	uintptr_t hi;
};

static bool on_stack(struct stack_part stack, __u64 addr, __u64 len)
{
	return addr >= stack.lo && addr < stack.hi && len <= stack.hi - addr;
}

static void add_window(struct front_windows *w, struct front_call *call, const void *from,
		       __u64 addr, __u32 len, __u32 off)
{
	w->win[w->n++] = (struct front_window){ .addr = addr, .len = len, .off = off };
	memcpy(call->data + off, from, len);
}

static bool takes_buffer(unsigned int cmd)
{
	switch (cmd) {
	case TEE_IOC_OPEN_SESSION:
	case TEE_IOC_INVOKE:
	case TEE_IOC_OBJECT_INVOKE:
	case TEE_IOC_SUPPL_RECV:
	case TEE_IOC_SUPPL_SEND:
	case QCOM_TEE_IOCTL_INVOKE:
	case QCOM_TEE_IOCTL_RECEIVE:
	case QCOM_TEE_IOCTL_REPLY:
		return true;
	default:
		return false;
	}
}

static void open_windows(struct front_windows *w, struct front_call *call,
			 struct stack_part stack, unsigned int cmd, unsigned long arg)
{
	__u32 size = _IOC_SIZE(cmd);
	struct tee_ioctl_buf_data buf;

	w->n = 0;
	if (size == 0 || size > ARG_MAX || !on_stack(stack, arg, size))
		return;
	if (!takes_buffer(cmd)) {
		add_window(w, call, (const void *)arg, arg, size, ARG_OFF);
		return;
	}
	/* Read once: another thread may write there, and both windows must agree. */
	memcpy(&buf, (const void *)arg, sizeof(buf));
	if (buf.buf_len == 0 || buf.buf_len > BUF_MAX ||
	    !on_stack(stack, buf.buf_ptr, buf.buf_len)) {
		add_window(w, call, &buf, arg, size, ARG_OFF);
		return;
	}
	/* Two windows onto the same bytes would not see each other's writes. */
	if (buf.buf_ptr < arg + size && arg < buf.buf_ptr + buf.buf_len)
		return;
	add_window(w, call, &buf, arg, size, ARG_OFF);
	add_window(w, call, (const void *)(uintptr_t)buf.buf_ptr, buf.buf_ptr, (__u32)buf.buf_len,
		   BUF_OFF);
}

/* Bring back what swteed says it wrote, as far as it is within our windows. */
static void close_windows(const struct front_windows *w, struct front_call *call)
{
	for (unsigned int i = 0; i < w->n; i++) {
		const struct front_window *win = &w->win[i];
		__u32 lo = __atomic_load_n(&call->win[i].dirty_lo, __ATOMIC_RELAXED);
		__u32 hi = __atomic_load_n(&call->win[i].dirty_hi, __ATOMIC_RELAXED);

		if (hi > win->len)
			hi = win->len;
		if (lo < hi)
			memcpy((void *)(uintptr_t)(win->addr + lo), call->data + win->off + lo,
			       hi - lo);
	}
}

/* swteed wrote to the argument up to its end, or there would be no descriptor. */
static void store_fd(unsigned int cmd, unsigned long arg, int fd)
{
	const size_t offset = offsetof(struct dma_heap_allocation_data, fd);
	__u32 number = (__u32)fd;

	if ((_IOC_DIR(cmd) & _IOC_READ) && _IOC_SIZE(cmd) >= offset + sizeof(number))
		memcpy((char *)arg + offset, &number, sizeof(number));
}

/* Not by a plain store: the memory is the caller's, and may be gone by now. */
static bool write_number(__u64 addr, int fd)
{
	__u64 number = (__u64)fd;
	struct iovec local = { .iov_base = &number, .iov_len = sizeof(number) };
	struct iovec remote = { .iov_base = (void *)(uintptr_t)addr, .iov_len = sizeof(number) };

	return syscall(SYS_process_vm_writev, getpid(), &local, 1, &remote, 1, 0) ==
	       sizeof(number);
}

/* All numbers are where the caller finds them, or no descriptor is left. */
static int take_fds(struct front_lane *fl)
{
	struct front_place places[FRONT_MAX_FDS];
	int fds[FRONT_MAX_FDS];
	int n = front_lane_recv_fds(fl, fds, places);

	for (int i = 0; i < n; i++) {
		if (write_number(places[i].addr, fds[i]))
			continue;
		while (n)
			(void)syscall(SYS_close, fds[--n]);
		return -EFAULT;
	}
	return n < 0 ? n : 0;
}

static int reply_value(struct front_lane *fl, unsigned int cmd, unsigned long arg, __s64 ret,
		       __u32 flags)
{
	int fd;

	switch (ret) {
	case -KERNEL_ERESTARTSYS:
	case -KERNEL_ERESTARTNOINTR:
	case -KERNEL_ERESTARTNOHAND:
	case -KERNEL_ERESTART_RESTARTBLOCK:
		return -EINTR;
	default:
		break;
	}
	if (ret < -4095 || ret > INT_MAX)
		return -EIO;
	if (ret >= 0 && (flags & FRONT_REPLY_FDS)) {
		fd = take_fds(fl);
		return fd < 0 ? fd : (int)ret;
	}
	if (ret < 0 || !(flags & FRONT_REPLY_FD))
		return (int)ret;
	fd = front_lane_recv_fd(fl, flags & FRONT_REPLY_CLOEXEC);
	if (fd < 0 || _IOC_TYPE(cmd) != DMA_HEAP_IOC_MAGIC)
		return fd;
	store_fd(cmd, arg, fd);
	return (int)ret;
}

/* One try. Nothing was done: -EPIPE, the lane is over; -ESTALE, it is not bound. */
static int call_once(struct front_lane *fl, int fd, const struct stat *st, struct stack_part stack,
		     unsigned int cmd, unsigned long arg)
{
	struct front_windows w;
	struct front_call *call;
	int n_runs = 0, r;
	uint32_t slot;

	r = front_lane_slot(fl, fd, st, &slot);
	if (r < 0)
		return r;
	call = fl->call;
	if (cmd == TEE_IOC_SHM_REGISTER) {
		n_runs = front_pages_share(fl, slot, arg);
		if (n_runs < 0)
			return n_runs;
	}
	open_windows(&w, call, stack, cmd, arg);
	call->slot = slot;
	call->cmd = cmd;
	call->arg = arg;
	call->n_windows = w.n;
	call->tid = fl->tid;
	call->n_runs = (__u32)n_runs;
	for (unsigned int i = 0; i < w.n; i++)
		call->win[i] = w.win[i];
	call->ret = -EIO;
	call->flags = 0;

	if (lane_closed(fl->lane))
		return -EPIPE;
	r = lane_call(fl->lane);
	if (r < 0) {
		/* It may have been done, so it is not to be done again. */
		front_lane_drop(fl);
		return front_context_gone(fd) ? -ENODEV : -EIO;
	}
	close_windows(&w, call);
	if (__atomic_load_n(&call->ret, __ATOMIC_RELAXED) == -ESTALE) {
		front_lane_unbind(fl, slot);
		return -ESTALE;
	}
	return reply_value(fl, cmd, arg, __atomic_load_n(&call->ret, __ATOMIC_RELAXED),
			   __atomic_load_n(&call->flags, __ATOMIC_RELAXED));
}

/* A lane that swteed ended, or whose socket the program closed, is made anew. */
static int call(struct front_lane *fl, int fd, const struct stat *st, struct stack_part stack,
		unsigned int cmd, unsigned long arg)
{
	struct stat now;

	for (int i = 0; i < 2; i++) {
		int r = call_once(fl, fd, st, stack, cmd, arg);

		if (r != -EPIPE && r != -ESTALE)
			return r;
		if (r == -EPIPE)
			front_lane_drop(fl);
	}
	/* Nothing was done, since another thread has closed it meanwhile? */
	if (front_fstat(fd, &now) < 0 || now.st_ino != st->st_ino)
		return -EBADF;
	return front_context_gone(fd) ? -ENODEV : -EIO;
}

/*
 * Not inlined: its frame is what separates the caller's memory from ours. Not
 * sanitized: the mark must be in that frame.
 */
__attribute__((noinline, no_sanitize("address")))
int front_ioctl(int fd, unsigned int cmd, unsigned long arg)
{
	uintptr_t frame = (uintptr_t)__builtin_frame_address(0);
	struct stack_part stack = { 0, 0 };
	struct front_thread *thread;
	volatile uint64_t mark;
	struct front_lane *fl;
	int saved = errno, r;
	struct stat st;

	/* What the number means can have changed since the last call. */
	r = front_fstat(fd, &st);
	if (r < 0)
		return r;
	if (!S_ISSOCK(st.st_mode))
		return -ENOTTY;
	r = front_thread_get(&thread);
	if (r < 0)
		return r;
	fl = front_thread_acquire(thread, &mark);
	if (!fl)
		return -EBUSY;
	/* On a stack that is not the thread's own nothing is known of what follows. */
	if (frame >= thread->stack_lo && frame < thread->stack_hi)
		stack = (struct stack_part){ frame, thread->stack_hi };
	r = call(fl, fd, &st, stack, cmd, arg);
	front_thread_release(fl);
	errno = saved;
	return r;
}
