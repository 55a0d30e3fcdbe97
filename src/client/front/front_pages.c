/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Registered memory that is shared in place
 *
 * A TEE sees memory of files that swteed made. So that it sees this process' own
 * memory, private anonymous pages are replaced by pages of such a file that hold
 * the same bytes. Other threads may read and write there meanwhile, and no write
 * may be lost: pages are write-protected by userfaultfd(2) while they are copied,
 * a thread that writes sleeps, and mremap(2) puts the copy in their place in one
 * step, before the thread goes on. Where that cannot be done nothing is replaced,
 * and swteed copies at the boundaries of calls.
 *
 * Pages that were replaced stay so, since the next registration of the same buffer
 * then costs next to nothing. The program cannot tell, with three exceptions that
 * are taken care of: a forked child gets copies of its own; memory that is given
 * back by madvise(2) or resized by mremap(2) becomes private again before.
 *
 * Which pages are shared is not remembered but asked of the kernel, who knows them
 * by the name of the file.
 *
 * The lock orders replacements, and forks with them. It is held with all signals
 * blocked. In a forked child it is free: it lies in the page that fork wipes.
 */
#include "client/front/front_pages.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/userfaultfd.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

#include "abi/front.h"
#include "abi/tee.h"
#include "base/auto.h"
#include "base/futex.h"
#include "client/front/front.h"
#include "client/front/front_maps.h"
#include "client/front/front_thread.h"
#include "machine/lane/lane.h"

#define PAGE ((uintptr_t)4096)

/* Less is cheaper to copy than to share (docs/decisions.md). */
#define MIN_PAGES 16

/* Longer buffers than the trusted OS takes are not worth a thought. */
#define MAX_PAGES (1u << 20)

/* Replaced in one step, for which writers wait */
#define STEP ((size_t)1 << 20)

/* Not in all headers that we are built with */
#ifndef UFFD_USER_MODE_ONLY
#define UFFD_USER_MODE_ONLY 1
#endif
#define FEATURE_WP_UNPOPULATED (1u << 13)	/* Linux 6.4 */

#define LOCK_WAITERS 0x80000000u

struct guard {
	_Atomic uint32_t *word;
	sigset_t signals;
	int cancel;
};

/* What a forked child finds in the place of shared pages: the header, then a copy */
struct snapshot {
	struct snapshot *next;
	size_t n_bytes;
	uintptr_t addr;
	int prot;
};

static struct {
	_Atomic bool in_use;		/* this process has had shared pages */
	bool forks_watched;
	struct {
		bool locked;
		struct guard guard;
		struct snapshot *snapshots;
	} fork;				/* from prepare to parent or child */
} front_pages;

static bool lock(struct guard *guard)
{
	uint32_t me = (uint32_t)syscall(SYS_gettid), seen;
	sigset_t all;

	guard->word = front_pages_lock_word();
	if (!guard->word)
		return false;
	sigfillset(&all);
	(void)pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, &guard->cancel);
	(void)pthread_sigmask(SIG_BLOCK, &all, &guard->signals);
	while (seen = 0, !atomic_compare_exchange_strong(guard->word, &seen, me)) {
		/* A fork handler of somebody else that runs between ours */
		if ((seen & ~LOCK_WAITERS) == me) {
			(void)pthread_sigmask(SIG_SETMASK, &guard->signals, NULL);
			(void)pthread_setcancelstate(guard->cancel, NULL);
			return false;
		}
		if ((seen & LOCK_WAITERS) ||
		    atomic_compare_exchange_strong(guard->word, &seen, seen | LOCK_WAITERS))
			(void)futex_wait(guard->word, seen | LOCK_WAITERS, -1);
	}
	return true;
}

static void unlock(struct guard *guard)
{
	if (atomic_exchange(guard->word, 0) & LOCK_WAITERS)
		(void)futex_wake(guard->word, INT_MAX);
	(void)pthread_sigmask(SIG_SETMASK, &guard->signals, NULL);
	(void)pthread_setcancelstate(guard->cancel, NULL);
}

/*
 * Copy memory that may not be there, or be of a kind that a sanitizer watches:
 * false instead of a fault.
 */
static bool copy(void *to, const void *from, size_t n)
{
	struct iovec local = { to, n }, remote = { (void *)from, n };
	pid_t self = getpid();

	while (remote.iov_len) {
		long done = syscall(SYS_process_vm_readv, self, &local, 1L, &remote, 1L, 0L);

		if (done <= 0)
			return false;
		local.iov_base = (char *)local.iov_base + done;
		remote.iov_base = (char *)remote.iov_base + done;
		local.iov_len = remote.iov_len -= (size_t)done;
	}
	return true;
}

/* The part of [addr, end) that lies in the next mapping there; false: no more. */
static bool next_piece(int maps, uintptr_t addr, uintptr_t end, bool files, struct front_map *piece)
{
	if (addr >= end || front_maps_find(maps, addr, files, piece) < 0 || piece->start >= end)
		return false;
	if (piece->start < addr) {
		piece->offset += addr - piece->start;
		piece->start = addr;
	}
	if (piece->end > end)
		piece->end = end;
	return piece->start < piece->end;
}

/* --- replacing pages --- */

/*
 * A program with the privilege has the kernel's own writes wait too. Others get
 * EFAULT from a system call that writes to the pages while they are copied.
 */
static int open_userfault(void)
{
	struct uffdio_api api = {
		.api = UFFD_API,
		.features = UFFD_FEATURE_PAGEFAULT_FLAG_WP | FEATURE_WP_UNPOPULATED,
	};
	int fd = (int)syscall(SYS_userfaultfd, O_CLOEXEC);

	if (fd < 0 && errno == EPERM)
		fd = (int)syscall(SYS_userfaultfd, O_CLOEXEC | UFFD_USER_MODE_ONLY);
	if (fd >= 0 && syscall(SYS_ioctl, fd, UFFDIO_API, &api) < 0)
		fd = close_fd(fd);
	return fd;
}

/*
 * Put the mapping at @with, of the same size, in the place of [start, end), with the
 * bytes from there. Returns how many bytes were replaced, from the start on; the
 * rest is as it was.
 */
static size_t replace(int userfault, uintptr_t start, uintptr_t end, char *with)
{
	struct uffdio_register reg = {
		.range = { start, end - start },
		.mode = UFFDIO_REGISTER_MODE_WP,
	};
	size_t done = 0, n;

	if (syscall(SYS_ioctl, userfault, UFFDIO_REGISTER, &reg) < 0)
		return 0;
	for (; start + done < end; done += n) {
		uintptr_t at = start + done;
		struct uffdio_writeprotect protect = { .mode = UFFDIO_WRITEPROTECT_MODE_WP };

		n = end - at < STEP ? end - at : STEP;
		protect.range = (struct uffdio_range){ at, n };
		if (syscall(SYS_ioctl, userfault, UFFDIO_WRITEPROTECT, &protect) < 0 ||
		    !copy(with + done, (void *)at, n) ||
		    syscall(SYS_mremap, with + done, n, n, MREMAP_MAYMOVE | MREMAP_FIXED, at) < 0)
			break;
		/* Who slept meanwhile finds the new pages. */
		(void)syscall(SYS_ioctl, userfault, UFFDIO_WAKE, &protect.range);
	}
	return done;
}

/* Replace by pages of @file from @offset on, or by private ones if it is -1. */
static bool replace_by(int userfault, uintptr_t start, uintptr_t end, int file, off_t offset)
{
	size_t size = end - start, done = 0;
	char *fresh = mmap(NULL, size, PROT_READ | PROT_WRITE,
			   file < 0 ? MAP_PRIVATE | MAP_ANONYMOUS : MAP_SHARED, file, offset);

	if (fresh == MAP_FAILED)
		return false;
	/* Allocated now, so that nobody has to wait for that. */
	if ((file < 0 || syscall(SYS_madvise, fresh, size, MADV_DONTFORK) == 0) &&
	    syscall(SYS_madvise, fresh, size, MADV_POPULATE_WRITE) == 0)
		done = replace(userfault, start, end, fresh);
	/* Where the rest came from may be somebody else's by now. */
	if (done < size)
		(void)munmap(fresh + done, size - done);
	return done == size;
}

/* --- sharing --- */

/* A registration, in whole pages */
struct range {
	uint64_t addr, length;
	uintptr_t base, end;	/* all pages */
	uintptr_t first, last;	/* those that belong to it as a whole */
};

static bool read_range(unsigned long arg, struct range *range)
{
	struct tee_ioctl_shm_register_data data;

	if (!copy(&data, (const void *)arg, sizeof(data)) || data.flags || data.length == 0 ||
	    data.length > MAX_PAGES * PAGE || data.addr > UINTPTR_MAX - 2 * PAGE - data.length)
		return false;
	range->addr = data.addr;
	range->length = data.length;
	range->base = data.addr & ~(PAGE - 1);
	range->first = (data.addr + PAGE - 1) & ~(PAGE - 1);
	range->last = (data.addr + data.length) & ~(PAGE - 1);
	range->end = (data.addr + data.length + PAGE - 1) & ~(PAGE - 1);
	return range->first < range->last;
}

/*
 * What this thread writes to while it replaces pages must not be among them: its
 * stack, also one of a coroutine, errno, and what fork wipes.
 */
static bool is_in_our_way(const struct range *range)
{
	const uintptr_t reach = 64 * 1024;
	uintptr_t here = (uintptr_t)__builtin_frame_address(0);
	uintptr_t own[] = { (uintptr_t)&errno, (uintptr_t)front_pages_lock_word() };
	struct front_thread *thread;

	if (front_thread_get(&thread) < 0 ||
	    (range->first < here + reach && here - reach < range->last) ||
	    (range->first < thread->stack_hi && thread->stack_lo < range->last))
		return true;
	for (size_t i = 0; i < sizeof(own) / sizeof(own[0]); i++) {
		if (own[i] >= range->first && own[i] < range->last)
			return true;
	}
	return false;
}

static bool has_private_pages(int maps, const struct range *range)
{
	struct front_map piece;

	for (uintptr_t at = range->first; next_piece(maps, at, range->last, false, &piece);
	     at = piece.end) {
		if (piece.kind == FRONT_MAP_PRIVATE)
			return true;
	}
	return false;
}

/* A memory file for all pages of @range. -EPIPE: the lane is over; -EIO: none. */
static int request_file(struct front_lane *fl, uint32_t slot, const struct range *range)
{
	const struct front_new_pages req = {
		.n_pages = (range->end - range->base) / PAGE,
		.first = (range->first - range->base) / PAGE,
		.n_own = (range->last - range->first) / PAGE,
	};
	struct front_call *call = fl->call;

	call->slot = slot;
	call->cmd = FRONT_NEW_PAGES;
	call->arg = 0;
	call->n_windows = 0;
	call->tid = fl->tid;
	call->n_runs = 0;
	call->ret = -EIO;
	call->flags = 0;
	memcpy(call->data + FRONT_RUNS_OFF, &req, sizeof(req));
	if (lane_closed(fl->lane) || lane_call(fl->lane) < 0)
		return -EPIPE;
	if (__atomic_load_n(&call->ret, __ATOMIC_RELAXED) < 0 ||
	    !(__atomic_load_n(&call->flags, __ATOMIC_RELAXED) & FRONT_REPLY_FD))
		return -EIO;
	return front_lane_recv_fd(fl, /* cloexec: */ true);
}

static void share_with(int maps, const struct range *range, int file)
{
	AUTO(close_fd) int userfault = -1;
	struct front_map piece;
	struct guard guard;

	if (!lock(&guard))
		return;
	userfault = open_userfault();
	if (userfault >= 0)
		atomic_store(&front_pages.in_use, true);
	for (uintptr_t at = range->first;
	     userfault >= 0 && next_piece(maps, at, range->last, false, &piece); at = piece.end) {
		if (piece.kind == FRONT_MAP_PRIVATE)
			(void)replace_by(userfault, piece.start, piece.end, file,
					 (off_t)(piece.start - range->base));
	}
	unlock(&guard);
}

/* What is shared now, by this call or an earlier one, also at the ends of the range */
static uint32_t list_runs(int maps, const struct range *range, struct front_call *call)
{
	struct front_runs *runs = (struct front_runs *)(void *)(call->data + FRONT_RUNS_OFF);
	struct front_map piece;
	uint32_t n = 0;

	runs->addr = range->addr;
	runs->length = range->length;
	for (uintptr_t at = range->base; next_piece(maps, at, range->end, false, &piece);
	     at = piece.end) {
		if (piece.kind != FRONT_MAP_SHARED || n == FRONT_MAX_RUNS)
			continue;
		runs->run[n++] = (struct front_run){
			.page = (uint32_t)((piece.start - range->base) / PAGE),
			.n_pages = (uint32_t)((piece.end - piece.start) / PAGE),
			.ino = piece.ino,
			.file_page = piece.offset / PAGE,
		};
	}
	return n;
}

static int share(struct front_lane *fl, uint32_t slot, unsigned long arg)
{
	AUTO(close_fd) int maps = -1;
	AUTO(close_fd) int file = -1;
	struct range range;

	if (!front_pages.forks_watched || !read_range(arg, &range) ||
	    (range.last - range.first) / PAGE < MIN_PAGES || is_in_our_way(&range))
		return 0;
	maps = front_maps_open();
	if (maps < 0)
		return 0;
	if (has_private_pages(maps, &range)) {
		file = request_file(fl, slot, &range);
		if (file == -EPIPE)
			return -EPIPE;
		if (file >= 0)
			share_with(maps, &range, file);
	}
	return (int)list_runs(maps, &range, fl->call);
}

int front_pages_share(struct front_lane *fl, uint32_t slot, unsigned long arg)
{
	int cancel, r;

	(void)pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, &cancel);
	r = share(fl, slot, arg);
	(void)pthread_setcancelstate(cancel, NULL);
	return r;
}

/* --- memory that the program gives back or resizes --- */

bool front_pages_in_use(void)
{
	return atomic_load_explicit(&front_pages.in_use, memory_order_relaxed);
}

static void for_each_shared(const void *addr, size_t size,
			    void (*fn)(const struct front_map *piece, int userfault), int userfault)
{
	uintptr_t at = (uintptr_t)addr, end = at + ((size + PAGE - 1) & ~(PAGE - 1));
	AUTO(close_fd) int maps = front_maps_open();
	struct front_map piece;

	if (at % PAGE || end < at || maps < 0)
		return;
	for (; next_piece(maps, at, end, true, &piece); at = piece.end) {
		if (piece.kind == FRONT_MAP_SHARED)
			fn(&piece, userfault);
	}
}

static void put_zero_pages(const struct front_map *piece, int userfault)
{
	(void)userfault;
	(void)mmap((void *)piece->start, piece->end - piece->start, piece->prot,
		   MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0);
}

static void put_private_copy(const struct front_map *piece, int userfault)
{
	if (replace_by(userfault, piece->start, piece->end, -1, 0) &&
	    piece->prot != (PROT_READ | PROT_WRITE))
		(void)mprotect((void *)piece->start, piece->end - piece->start, piece->prot);
}

void front_pages_discard(const void *addr, size_t size)
{
	struct guard guard;
	int saved = errno;

	if (lock(&guard)) {
		for_each_shared(addr, size, put_zero_pages, -1);
		unlock(&guard);
	}
	errno = saved;
}

void front_pages_make_private(const void *addr, size_t size)
{
	int saved = errno, userfault;
	struct guard guard;

	if (lock(&guard)) {
		userfault = open_userfault();
		if (userfault >= 0)
			for_each_shared(addr, size, put_private_copy, userfault);
		close_fd(userfault);
		unlock(&guard);
	}
	errno = saved;
}

/* --- fork --- */

static void snapshot_free_all(void)
{
	struct snapshot *snapshot;

	while ((snapshot = front_pages.fork.snapshots)) {
		front_pages.fork.snapshots = snapshot->next;
		(void)munmap(snapshot, snapshot->n_bytes);
	}
}

/* Without memory for it the child has a hole there, and faults if it looks. */
static void snapshot_take(const struct front_map *piece)
{
	size_t size = piece->end - piece->start;
	struct snapshot *snapshot;

	snapshot = mmap(NULL, PAGE + size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS,
			-1, 0);
	if (snapshot == MAP_FAILED)
		return;
	*snapshot = (struct snapshot){
		.next = front_pages.fork.snapshots,
		.n_bytes = PAGE + size,
		.addr = piece->start,
		.prot = piece->prot,
	};
	if (copy((char *)snapshot + PAGE, (void *)piece->start, size))
		front_pages.fork.snapshots = snapshot;
	else
		(void)munmap(snapshot, PAGE + size);
}

static void before_fork(void)
{
	AUTO(close_fd) int maps = -1;
	struct front_map piece;
	int saved = errno;

	/* Also when there is nothing yet: another thread may be about to share. */
	if (!lock(&front_pages.fork.guard))
		return;
	front_pages.fork.locked = true;
	if (front_pages_in_use())
		maps = front_maps_open();
	for (uintptr_t at = 0; maps >= 0 && next_piece(maps, at, UINTPTR_MAX, true, &piece);
	     at = piece.end) {
		if (piece.kind == FRONT_MAP_SHARED)
			snapshot_take(&piece);
	}
	errno = saved;
}

static void after_fork_in_parent(void)
{
	struct guard guard = front_pages.fork.guard;
	int saved = errno;

	if (!front_pages.fork.locked)
		return;
	snapshot_free_all();
	front_pages.fork.locked = false;
	unlock(&guard);
	errno = saved;
}

static void after_fork_in_child(void)
{
	const struct guard *guard = &front_pages.fork.guard;
	int saved = errno;

	atomic_store(&front_pages.in_use, false);
	if (!front_pages.fork.locked)
		return;
	for (struct snapshot *s = front_pages.fork.snapshots; s; s = s->next) {
		size_t size = s->n_bytes - PAGE;

		if (syscall(SYS_mremap, (char *)s + PAGE, size, size,
			    MREMAP_MAYMOVE | MREMAP_FIXED, s->addr) >= 0 &&
		    s->prot != (PROT_READ | PROT_WRITE))
			(void)mprotect((void *)s->addr, size, s->prot);
		s->n_bytes = PAGE;
	}
	snapshot_free_all();
	front_pages.fork.locked = false;
	/* The lock itself was wiped. */
	(void)pthread_sigmask(SIG_SETMASK, &guard->signals, NULL);
	(void)pthread_setcancelstate(guard->cancel, NULL);
	errno = saved;
}

/* Early: of all handlers the one that looks at memory should be the last before a fork. */
__attribute__((constructor)) static void watch_forks(void)
{
	front_pages.forks_watched =
		pthread_atfork(before_fork, after_fork_in_parent, after_fork_in_child) == 0;
}
