/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The process and the thread that a lane belongs to
 *
 * A forked child must not use its parent's lanes. What tells it is a page that
 * the kernel wipes on fork, however the fork was made: it holds the generation
 * of the process, and what a thread remembers is worth something only while it
 * carries the same number. Zero means that nobody in this process has been here.
 *
 * The lane sockets of all threads stand in a table as well, because the child
 * has copies of those of threads that it has not: an open copy would hide the
 * end of the thread from swteed.
 *
 * A signal handler may come in anywhere, so there are no locks: slots and pages
 * are claimed by compare-and-swap. This state is per process by nature, as the
 * descriptors that ioctl(2) takes are.
 */
#include "client/front/front_thread.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stddef.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

/*
 * Sockets of threads beyond these stay open in a forked child until it executes
 * another program or ends; the lanes themselves end with their thread anyway.
 */
#define MAX_SOCKETS 256

/* The kernel keeps at least this much free below the main stack. */
#define STACK_GAP ((size_t)128 << 20)

/* Less than any system puts on the stack to call a signal handler */
#define SIGNAL_FRAME_MIN 512

enum socket_state {
	SOCKET_FREE,
	SOCKET_BUSY,
	SOCKET_USED,
};

struct front_process {
	_Atomic uint32_t generation;
	_Atomic uint32_t pages_lock;
	_Atomic bool tracer_set;
};

static struct {
	_Atomic(struct front_process *) page;
	_Atomic uint32_t last_generation;
	_Atomic uint32_t key;	/* the pthread key + 1; 0: none yet */
	struct front_socket {
		_Atomic uint32_t state;
		_Atomic uint32_t generation;
		_Atomic int fd;
		_Atomic ino_t ino;
	} socket[MAX_SOCKETS];
} front_state;

/* Initial-exec: no allocation at the first access, which may be in a handler. */
static _Thread_local struct front_thread front_this __attribute__((tls_model("initial-exec")));

/* The start address of the main thread's stack, from the dynamic linker */
extern void *__libc_stack_end;

int front_fstat(int fd, struct stat *st)
{
	int saved = errno, r;

#if defined(SYS_fstat) && __SIZEOF_LONG__ == 8
	/* libc goes through newfstatat, which looks at a path first. */
	r = (int)syscall(SYS_fstat, fd, st);
#else
	r = fstat(fd, st);
#endif
	if (r < 0) {
		r = -errno;
		errno = saved;
	}
	return r;
}

/* --- process --- */

static struct front_process *process_page(void)
{
	struct front_process *page = atomic_load(&front_state.page), *expected = NULL;

	if (page)
		return page;
	page = mmap(NULL, sizeof(*page), PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS,
		    -1, 0);
	if (page == MAP_FAILED)
		return NULL;
	if (madvise(page, sizeof(*page), MADV_WIPEONFORK) < 0) {
		(void)munmap(page, sizeof(*page));
		return NULL;
	}
	if (!atomic_compare_exchange_strong(&front_state.page, &expected, page)) {
		(void)munmap(page, sizeof(*page));
		page = expected;
	}
	return page;
}

void front_socket_close(int fd, ino_t ino)
{
	struct stat st;

	/* Not by libc, whose close(2) is a cancellation point. */
	if (fd >= 0 && front_fstat(fd, &st) == 0 && S_ISSOCK(st.st_mode) && st.st_ino == ino)
		(void)syscall(SYS_close, fd);
}

static bool socket_claim(struct front_socket *slot, uint32_t state)
{
	return atomic_load(&slot->state) == state &&
	       atomic_compare_exchange_strong(&slot->state, &state, SOCKET_BUSY);
}

/* What is newer than @generation was made by another thread of this process. */
static void close_sockets_before(uint32_t generation)
{
	for (size_t i = 0; i < MAX_SOCKETS; i++) {
		struct front_socket *slot = &front_state.socket[i];

		if (atomic_load(&slot->generation) >= generation ||
		    !socket_claim(slot, SOCKET_USED))
			continue;
		front_socket_close(atomic_load(&slot->fd), atomic_load(&slot->ino));
		atomic_store(&slot->state, SOCKET_FREE);
	}
}

/* The generation of this process, which is given one if it is new. 0: no memory. */
static uint32_t process_generation(void)
{
	struct front_process *page = atomic_load(&front_state.page);
	uint32_t seen, mine;

	if (page) {
		seen = atomic_load_explicit(&page->generation, memory_order_acquire);
		if (seen)
			return seen;
	} else {
		page = process_page();
		if (!page)
			return 0;
	}
	seen = 0;
	mine = atomic_fetch_add(&front_state.last_generation, 1) + 1;
	if (!atomic_compare_exchange_strong(&page->generation, &seen, mine))
		return seen;
	close_sockets_before(mine);
	return mine;
}

void front_socket_add(int fd, ino_t ino)
{
	uint32_t generation = process_generation();

	for (size_t i = 0; i < MAX_SOCKETS; i++) {
		struct front_socket *slot = &front_state.socket[i];

		if (!socket_claim(slot, SOCKET_FREE))
			continue;
		atomic_store(&slot->generation, generation);
		atomic_store(&slot->fd, fd);
		atomic_store(&slot->ino, ino);
		atomic_store(&slot->state, SOCKET_USED);
		return;
	}
}

void front_socket_remove(ino_t ino)
{
	for (size_t i = 0; i < MAX_SOCKETS; i++) {
		struct front_socket *slot = &front_state.socket[i];

		/* An inode is that of one socket: nobody else frees this slot. */
		if (atomic_load(&slot->state) == SOCKET_USED && atomic_load(&slot->ino) == ino) {
			atomic_store(&slot->state, SOCKET_FREE);
			return;
		}
	}
}

void front_allow_tracer(int pid)
{
	struct front_process *page;

	if (pid <= 0 || !process_generation())
		return;
	page = atomic_load(&front_state.page);
	if (!atomic_exchange(&page->tracer_set, true))
		(void)prctl(PR_SET_PTRACER, (unsigned long)pid, 0, 0, 0);
}

bool front_tracer_allowed(void)
{
	struct front_process *page = atomic_load(&front_state.page);

	return page && atomic_load(&page->tracer_set);
}

_Atomic uint32_t *front_pages_lock_word(void)
{
	struct front_process *page = process_page();

	return page ? &page->pages_lock : NULL;
}

/* --- thread --- */

static void forget_lanes(struct front_thread *thread)
{
	for (size_t i = 0; i < FRONT_LANES_PER_THREAD; i++)
		front_lane_forget(&thread->lane[i]);
}

static void thread_end(void *data)
{
	struct front_thread *thread = data;

	if (thread->generation == process_generation()) {
		for (size_t i = 0; i < FRONT_LANES_PER_THREAD; i++)
			front_lane_drop(&thread->lane[i]);
	} else {
		forget_lanes(thread);
	}
	thread->generation = 0;
}

/* Have thread_end() called at the end of this thread. */
static int watch_thread_end(struct front_thread *thread)
{
	uint32_t key = atomic_load(&front_state.key), none = 0;
	pthread_key_t fresh;
	int r;

	if (!key) {
		r = pthread_key_create(&fresh, thread_end);
		if (r)
			return -r;
		key = (uint32_t)fresh + 1;
		if (!atomic_compare_exchange_strong(&front_state.key, &none, key)) {
			(void)pthread_key_delete(fresh);
			key = none;
		}
	}
	return -pthread_setspecific((pthread_key_t)(key - 1), thread);
}

/*
 * Where this thread's stack is: what lies between the stack pointer and its top
 * can be read and written for certain. Not knowing is no error.
 */
static void find_stack(struct front_thread *thread)
{
	uintptr_t here = (uintptr_t)__builtin_frame_address(0);
	uintptr_t top = (uintptr_t)__libc_stack_end;
	struct rlimit limit;
	size_t size = STACK_GAP;
	pthread_attr_t attr;
	void *addr;

	thread->stack_lo = thread->stack_hi = 0;
	/* libc would parse /proc/self/maps to find the main thread's. */
	if (getrlimit(RLIMIT_STACK, &limit) == 0 && limit.rlim_cur < size)
		size = limit.rlim_cur;
	if (here < top && top - here <= size && size <= top) {
		thread->stack_lo = top - size;
		thread->stack_hi = top;
		return;
	}
	if (pthread_getattr_np(pthread_self(), &attr))
		return;
	if (!pthread_attr_getstack(&attr, &addr, &size)) {
		thread->stack_lo = (uintptr_t)addr;
		thread->stack_hi = (uintptr_t)addr + size;
	}
	(void)pthread_attr_destroy(&attr);
}

static int thread_setup(struct front_thread *thread, uint32_t generation)
{
	sigset_t all, saved;
	int r;

	/* libc allocates below: a handler that calls us must not come in between. */
	sigfillset(&all);
	(void)pthread_sigmask(SIG_BLOCK, &all, &saved);
	forget_lanes(thread);
	r = watch_thread_end(thread);
	if (r == 0) {
		find_stack(thread);
		thread->generation = generation;
	}
	(void)pthread_sigmask(SIG_SETMASK, &saved, NULL);
	return r;
}

int front_thread_get(struct front_thread **ret_thread)
{
	struct front_thread *thread = &front_this;
	uint32_t generation = process_generation();
	int r;

	if (!generation)
		return -ENOMEM;
	if (thread->generation != generation) {
		r = thread_setup(thread, generation);
		if (r < 0)
			return r;
	}
	*ret_thread = thread;
	return 0;
}

static bool on_stack(const struct front_thread *thread, uintptr_t addr)
{
	return addr >= thread->stack_lo && addr < thread->stack_hi;
}

/* What a mark holds while its call is running */
static uint64_t mark_value(const volatile uint64_t *mark)
{
	return (uintptr_t)mark ^ 0x9e3779b97f4a7c15u;
}

/*
 * True when the call that has the lane can no longer be running, now that one
 * with its mark at @mark is. On the thread's own stack a call that is nested in
 * another one is below it, with a signal frame in between; what is above the
 * stack pointer can be read, and an abandoned frame is soon written over. On any
 * other stack (sigaltstack, coroutines) nothing is certain.
 */
static bool call_abandoned(const struct front_thread *thread, const struct front_lane *fl,
			   const volatile uint64_t *mark)
{
	uintptr_t now = (uintptr_t)mark, then = (uintptr_t)fl->busy;

	if (!on_stack(thread, now))
		return false;
	if (!on_stack(thread, then) || now + SIGNAL_FRAME_MIN >= then)
		return true;
	return *fl->busy != mark_value(fl->busy);
}

struct front_lane *front_thread_acquire(struct front_thread *thread, volatile uint64_t *mark)
{
	*mark = mark_value(mark);
	for (size_t i = 0; i < FRONT_LANES_PER_THREAD; i++) {
		struct front_lane *fl = &thread->lane[i];
		bool abandoned = fl->busy;

		if (fl->busy && !call_abandoned(thread, fl, mark))
			continue;
		/* One store: a handler takes the lane before it, or leaves it alone. */
		fl->busy = mark;
		atomic_signal_fence(memory_order_seq_cst);
		if (abandoned)
			front_lane_drop(fl);
		return fl;
	}
	return NULL;
}

void front_thread_release(struct front_lane *fl)
{
	volatile uint64_t *mark = fl->busy;

	atomic_signal_fence(memory_order_seq_cst);
	fl->busy = NULL;
	/* Nothing is left on the stack that looks like a running call. */
	if (mark)
		*mark = 0;
}
