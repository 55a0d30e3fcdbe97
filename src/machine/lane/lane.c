/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Lanes
 *
 * The shared header holds two futex words on cache lines of their own.
 *
 * `turn` counts requests. The caller adds 2 to post; the callee sleeps on it.
 * Bit 0 is "closed". `turn_sleeper` tells the poster whether a wake is needed.
 *
 * `owner` belongs to the callee thread in the sense of robust futexes: it holds
 * the callee's thread id while the lane is idle, the same with FUTEX_WAITERS
 * while a call is in progress, and the kernel puts FUTEX_OWNER_DIED there, and
 * wakes the caller, when the thread dies in whatever way. The caller turns idle
 * into busy by compare-and-swap, so a lane whose callee died before the post is
 * noticed as well. While no thread owns the lane the id is LANE_UNOWNED.
 * FUTEX_WAITERS is there for the kernel; whether a wake is needed is told by
 * `owner_sleeper`.
 *
 * Each process trusts only its own memory: the counters that decide are kept in
 * struct lane; what the peer scribbles into the header can make its own calls
 * fail or spin, nothing else.
 */
#include "machine/lane/lane.h"

#include <errno.h>
#include <linux/futex.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/futex.h"
#include "base/memfd.h"

#define LANE_MAGIC 0x656e616cu /* "lane" */
#define LANE_HEADER_SIZE 512u
#define LANE_CLOSED 1u
#define LANE_TURN 2u

/* No thread has this id: PID_MAX_LIMIT is 2^22 */
#define LANE_UNOWNED ((uint32_t)FUTEX_TID_MASK)

/*
 * Longest spin in pause instructions; about a microsecond. Beyond it a futex
 * costs less than what the spin takes from a peer on the same CPU.
 */
#define SPIN_MAX 200u
/* With this little left the spin is off, and tried again once in SPIN_RETRY. */
#define SPIN_OFF 12u
#define SPIN_RETRY 64u

/*
 * One call in so many leaves the caller's placement to the scheduler. Callers and
 * callees that are bound to a busy CPU could otherwise never use an idle one.
 */
#define STAY_CALLS 4096u

/* Longer than this, by a clock that ticks every few milliseconds, is long. */
#define LONG_CALL_MS 4

#define CPU_NONE UINT32_MAX

struct lane_header {
	uint32_t magic;
	uint32_t data_size;
	_Alignas(64) _Atomic uint32_t turn;
	_Atomic uint32_t turn_sleeper;
	_Atomic uint32_t interrupted;
	_Atomic uint32_t caller_cpu;
	_Atomic uint32_t widened;	/* the caller let the callee run anywhere */
	_Atomic uint32_t bound;		/* the callee is on the caller's CPU */
	_Atomic uint32_t was_long;	/* the callee's previous call */
	_Alignas(64) _Atomic uint32_t owner;
	_Atomic uint32_t owner_sleeper;
	_Atomic uint32_t done;		/* the turn that was replied to last */
	_Alignas(64) _Atomic uint32_t park;
};

_Static_assert(sizeof(struct lane_header) <= LANE_HEADER_SIZE, "lane header");

struct lane {
	struct lane_header *hdr;
	size_t map_size;
	size_t data_size;
	uint32_t turn;		/* caller: posted so far; callee: served so far */
	uint32_t busy;		/* caller: what `owner` holds during this call */
	unsigned int spin;
	unsigned int skipped;
	unsigned int caller_flags;
	unsigned int n_calls;	/* caller: with LANE_STAY */
	bool follow;
	uint32_t cpu;		/* callee: bound to it; CPU_NONE */
	int64_t began_ms;	/* callee: this call */
	/* callee: see lane_own(); not shared, the kernel follows the pointers */
	struct robust_list_head robust;
	struct robust_list node;
};

static inline void cpu_relax(void)
{
#if defined(__x86_64__) || defined(__i386__)
	__builtin_ia32_pause();
#elif defined(__aarch64__)
	__asm__ volatile("yield" ::: "memory");
#endif
}

/* --- adaptive spinning --- */

static unsigned int spin_budget(struct lane *lane)
{
	/* On one CPU the peer runs only when we sleep. */
	if (atomic_load_explicit(&lane->hdr->bound, memory_order_relaxed))
		return 0;
	if (lane->spin > SPIN_OFF)
		return lane->spin;
	if (++lane->skipped < SPIN_RETRY)
		return 0;
	lane->skipped = 0;
	return SPIN_MAX;
}

static void spin_learn(struct lane *lane, unsigned int budget, bool won)
{
	if (won)
		lane->spin = SPIN_MAX;
	else if (budget)
		lane->spin /= 2;
}

/* True when *word left @value within the budget. */
static bool spin_while(struct lane *lane, _Atomic uint32_t *word, uint32_t value)
{
	unsigned int budget = spin_budget(lane);

	for (unsigned int i = 0; i < budget; i++) {
		if (atomic_load_explicit(word, memory_order_acquire) != value) {
			spin_learn(lane, budget, true);
			return true;
		}
		cpu_relax();
	}
	spin_learn(lane, budget, false);
	return false;
}

/* --- placement --- */

/* Enough for any machine that Debian's kernel is built for (NR_CPUS 8192). */
#define AFFINITY_WORDS (8192 / (8 * sizeof(unsigned long)))

struct affinity {
	unsigned long mask[AFFINITY_WORDS];
	size_t size;		/* bytes that the kernel uses; 0: unknown */
};

static void affinity_get(struct affinity *affinity)
{
	long n = syscall(SYS_sched_getaffinity, 0, sizeof(affinity->mask), affinity->mask);

	affinity->size = n > 0 ? (size_t)n : 0;
}

static bool affinity_is_single(const struct affinity *affinity)
{
	unsigned int n = 0;

	for (size_t i = 0; i < affinity->size / sizeof(unsigned long); i++)
		n += (unsigned int)__builtin_popcountl(affinity->mask[i]);
	return n <= 1;
}

/* A CPU that we may not use (cpuset, hot unplug) leaves things as they were. */
static bool bind_to_cpu(pid_t tid, uint32_t cpu)
{
	unsigned long mask[AFFINITY_WORDS];
	const unsigned int bits = 8 * sizeof(unsigned long);

	if (cpu / bits >= AFFINITY_WORDS)
		return false;
	memset(mask, 0, (cpu / bits + 1) * sizeof(unsigned long));
	mask[cpu / bits] = 1ul << (cpu % bits);
	return syscall(SYS_sched_setaffinity, tid, (cpu / bits + 1) * sizeof(unsigned long),
		       mask) == 0;
}

static int64_t coarse_ms(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC_COARSE, &ts);
	return (int64_t)ts.tv_sec * 1000 + ts.tv_nsec / 1000000;
}

/* The callee, when a request came. */
static void follow_caller(struct lane *lane)
{
	struct lane_header *hdr = lane->hdr;
	uint32_t cpu = atomic_load_explicit(&hdr->caller_cpu, memory_order_relaxed);

	if (atomic_load_explicit(&hdr->widened, memory_order_relaxed)) {
		atomic_store_explicit(&hdr->widened, 0, memory_order_relaxed);
		lane->cpu = CPU_NONE;
	}
	if (cpu != lane->cpu && bind_to_cpu(0, cpu)) {
		lane->cpu = cpu;
		atomic_store_explicit(&hdr->bound, 1, memory_order_relaxed);
	}
	lane->began_ms = coarse_ms();
}

/* The callee, when it replies. */
static void note_duration(struct lane *lane)
{
	uint32_t is_long = coarse_ms() - lane->began_ms >= LONG_CALL_MS;

	if (atomic_load_explicit(&lane->hdr->was_long, memory_order_relaxed) != is_long)
		atomic_store_explicit(&lane->hdr->was_long, is_long, memory_order_relaxed);
}

/*
 * The caller, when the reply takes long: the callee computes, and should do so on
 * whatever CPU is free, of those that this process may use.
 */
static void widen_callee(struct lane *lane, uint32_t owner)
{
	unsigned long mask[AFFINITY_WORDS];
	uint32_t tid = owner & FUTEX_TID_MASK;
	long size;

	if (tid == LANE_UNOWNED || tid == 0)
		return;
	/* Our main thread is never bound: what it may use is what we were given. */
	size = syscall(SYS_sched_getaffinity, getpid(), sizeof(mask), mask);
	if (size <= 0)
		return;
	atomic_store_explicit(&lane->hdr->widened, 1, memory_order_relaxed);
	(void)syscall(SYS_sched_setaffinity, tid, (size_t)size, mask);
}

void lane_set_caller_flags(struct lane *lane, unsigned int flags)
{
	lane->caller_flags = flags;
}

void lane_set_follow(struct lane *lane)
{
	lane->follow = true;
}

/* --- life --- */

static int lane_map(int fd, size_t data_size, struct lane **ret_lane)
{
	struct lane *lane = calloc(1, sizeof(*lane));
	void *addr;
	int r;

	if (!lane)
		return -ENOMEM;
	lane->data_size = data_size;
	lane->map_size = LANE_HEADER_SIZE + data_size;
	lane->spin = SPIN_MAX;
	lane->cpu = CPU_NONE;
	r = memfd_map(fd, 0, lane->map_size, PROT_READ | PROT_WRITE, &addr);
	if (r < 0) {
		free(lane);
		return r;
	}
	lane->hdr = addr;
	*ret_lane = lane;
	return 0;
}

int lane_new(size_t data_size, struct lane **ret_lane, int *ret_fd)
{
	AUTO(close_fd) int fd = -1;
	struct lane *lane;
	int r;

	if (data_size == 0 || data_size > LANE_MAX_DATA)
		return -EINVAL;
	r = memfd_new_sealed("swtee-lane", LANE_HEADER_SIZE + data_size, &fd);
	if (r < 0)
		return r;
	r = lane_map(fd, data_size, &lane);
	if (r < 0)
		return r;
	lane->hdr->magic = LANE_MAGIC;
	lane->hdr->data_size = (uint32_t)data_size;
	atomic_store(&lane->hdr->owner, LANE_UNOWNED);
	*ret_lane = lane;
	*ret_fd = steal_fd(&fd);
	return 0;
}

int lane_attach(int fd, size_t data_size, struct lane **ret_lane)
{
	struct lane *lane;
	int r;

	if (data_size == 0 || data_size > LANE_MAX_DATA)
		return -EINVAL;
	r = memfd_check_sealed(fd, LANE_HEADER_SIZE + data_size);
	if (r < 0)
		return r;
	r = lane_map(fd, data_size, &lane);
	if (r < 0)
		return r;
	if (lane->hdr->magic != LANE_MAGIC || lane->hdr->data_size < data_size) {
		lane_free(lane);
		return -EINVAL;
	}
	*ret_lane = lane;
	return 0;
}

struct lane *lane_free(struct lane *lane)
{
	if (lane) {
		(void)munmap(lane->hdr, lane->map_size);
		free(lane);
	}
	return NULL;
}

void *lane_data(struct lane *lane)
{
	return (uint8_t *)lane->hdr + LANE_HEADER_SIZE;
}

size_t lane_data_size(const struct lane *lane)
{
	return lane->data_size;
}

/* --- caller --- */

int lane_post(struct lane *lane)
{
	struct lane_header *hdr = lane->hdr;
	uint32_t idle = atomic_load_explicit(&hdr->owner, memory_order_acquire);
	uint32_t turn;

	if (idle & (FUTEX_OWNER_DIED | FUTEX_WAITERS))
		return -EPIPE;
	lane->busy = idle | FUTEX_WAITERS;
	if (!atomic_compare_exchange_strong(&hdr->owner, &idle, lane->busy)) {
		/* A callee that comes or goes at this very moment: look again. */
		if (idle & (FUTEX_OWNER_DIED | FUTEX_WAITERS))
			return -EPIPE;
		lane->busy = idle | FUTEX_WAITERS;
		if (!atomic_compare_exchange_strong(&hdr->owner, &idle, lane->busy))
			return -EPIPE;
	}
	atomic_store_explicit(&hdr->interrupted, 0, memory_order_relaxed);
	atomic_store_explicit(&hdr->caller_cpu, (uint32_t)sched_getcpu(), memory_order_relaxed);

	turn = atomic_load_explicit(&hdr->turn, memory_order_relaxed);
	if ((turn & LANE_CLOSED) ||
	    !atomic_compare_exchange_strong(&hdr->turn, &turn, turn + LANE_TURN))
		return -EPIPE;
	lane->turn = turn + LANE_TURN;
	if (atomic_load(&hdr->turn_sleeper))
		(void)futex_wake(&hdr->turn, 1);
	return 0;
}

static bool lane_busy(uint32_t owner)
{
	return (owner & (FUTEX_WAITERS | FUTEX_OWNER_DIED)) == FUTEX_WAITERS;
}

static void lane_interrupt(struct lane_header *hdr)
{
	atomic_store(&hdr->interrupted, 1);
	atomic_fetch_add(&hdr->park, 1);
	(void)futex_wake(&hdr->park, 1);
}

int lane_wait_reply(struct lane *lane)
{
	struct lane_header *hdr = lane->hdr;
	uint32_t now;

	/* The id may change meanwhile: the lane may pass to another callee. */
	(void)spin_while(lane, &hdr->owner, lane->busy);
	now = atomic_load_explicit(&hdr->owner, memory_order_acquire);
	if (lane_busy(now)) {
		atomic_store(&hdr->owner_sleeper, 1);
		if ((lane->caller_flags & LANE_WIDEN) && atomic_load(&hdr->was_long)) {
			now = atomic_load(&hdr->owner);
			if (lane_busy(now) &&
			    futex_wait(&hdr->owner, now, LANE_WIDEN_NS) == -ETIMEDOUT)
				widen_callee(lane, now);
		}
		while (now = atomic_load(&hdr->owner), lane_busy(now)) {
			if (futex_wait(&hdr->owner, now, -1) == -EINTR)
				lane_interrupt(hdr);
		}
		atomic_store_explicit(&hdr->owner_sleeper, 0, memory_order_relaxed);
	}
	/* A callee may have replied with its last breath. */
	return atomic_load(&hdr->done) == lane->turn ? 0 : -EPIPE;
}

static int call_here(struct lane *lane)
{
	int r = lane_post(lane);

	return r < 0 ? r : lane_wait_reply(lane);
}

int lane_call(struct lane *lane)
{
	struct affinity before;
	bool bound = false;
	int r;

	if (!(lane->caller_flags & LANE_STAY) || ++lane->n_calls % STAY_CALLS == 0)
		return call_here(lane);
	affinity_get(&before);
	if (before.size && !affinity_is_single(&before))
		bound = bind_to_cpu(0, (uint32_t)sched_getcpu());
	r = call_here(lane);
	if (bound)
		(void)syscall(SYS_sched_setaffinity, 0, before.size, before.mask);
	return r;
}

/* --- callee --- */

/*
 * A woken thread of the normal policy preempts its waker, which then has to be
 * switched to once more only to go to sleep: three switches for a hop there and back
 * instead of two. Batch threads wait until the waker sleeps. They lose nothing by
 * it: on the CPU of the caller it is the caller for whom they run.
 */
static void prefer_waker(void)
{
	const struct sched_param param = { 0 };

	(void)sched_setscheduler(0, SCHED_BATCH, &param);
}

void lane_own(struct lane *lane)
{
	struct lane_header *hdr = lane->hdr;
	uint32_t tid = (uint32_t)syscall(SYS_gettid);
	uint32_t seen = LANE_UNOWNED;

	if (lane->follow)
		prefer_waker();
	/*
	 * The list is a ring of one node that starts and ends at the head; the
	 * kernel finds the futex word at a fixed distance from the node. Only
	 * the word is shared: a peer that could write the list would choose
	 * which of our words the kernel changes.
	 */
	lane->robust.list.next = &lane->node;
	lane->node.next = &lane->robust.list;
	lane->robust.futex_offset = (long)((uintptr_t)&hdr->owner - (uintptr_t)&lane->node);
	lane->robust.list_op_pending = NULL;
	(void)syscall(SYS_set_robust_list, &lane->robust, sizeof(lane->robust));

	/* A caller may have posted, or ended the lane, already: keep the flags. */
	while (!atomic_compare_exchange_weak(&hdr->owner, &seen,
					     tid | (seen & ~(uint32_t)FUTEX_TID_MASK)))
		;
	if (seen & FUTEX_WAITERS)
		(void)futex_wake(&hdr->owner, 1);
}

void lane_disown(struct lane *lane)
{
	struct lane_header *hdr = lane->hdr;
	uint32_t seen = atomic_load(&hdr->owner);

	lane->robust.list.next = &lane->robust.list;
	(void)syscall(SYS_set_robust_list, NULL, sizeof(lane->robust));
	while (!atomic_compare_exchange_weak(&hdr->owner, &seen, seen | LANE_UNOWNED))
		;
	if (seen & FUTEX_WAITERS)
		(void)futex_wake(&hdr->owner, 1);
}

int lane_wait_request(struct lane *lane)
{
	struct lane_header *hdr = lane->hdr;
	uint32_t turn;

	if (!spin_while(lane, &hdr->turn, lane->turn)) {
		atomic_store(&hdr->turn_sleeper, 1);
		while (atomic_load(&hdr->turn) == lane->turn)
			(void)futex_wait(&hdr->turn, lane->turn, -1);
		atomic_store_explicit(&hdr->turn_sleeper, 0, memory_order_relaxed);
	}
	turn = atomic_load_explicit(&hdr->turn, memory_order_acquire);
	if (turn & LANE_CLOSED)
		return -EPIPE;
	lane->turn = turn;
	if (lane->follow)
		follow_caller(lane);
	return 0;
}

void lane_reply(struct lane *lane)
{
	struct lane_header *hdr = lane->hdr;

	if (lane->follow)
		note_duration(lane);
	atomic_store_explicit(&hdr->done, lane->turn, memory_order_release);
	atomic_fetch_and(&hdr->owner, ~(uint32_t)FUTEX_WAITERS);
	if (atomic_load(&hdr->owner_sleeper))
		(void)futex_wake(&hdr->owner, 1);
}

bool lane_interrupted(struct lane *lane)
{
	return atomic_load_explicit(&lane->hdr->interrupted, memory_order_acquire) != 0;
}

_Atomic uint32_t *lane_park_word(struct lane *lane)
{
	return &lane->hdr->park;
}

/* --- both --- */

void lane_close(struct lane *lane)
{
	struct lane_header *hdr = lane->hdr;

	atomic_fetch_or(&hdr->turn, LANE_CLOSED);
	(void)futex_wake(&hdr->turn, 1);
	atomic_fetch_add(&hdr->park, 1);
	(void)futex_wake(&hdr->park, 1);
	/* What a caller waits on says so too. */
	atomic_fetch_or(&hdr->owner, FUTEX_OWNER_DIED);
	(void)futex_wake(&hdr->owner, 1);
}

bool lane_closed(struct lane *lane)
{
	return (atomic_load(&lane->hdr->turn) & LANE_CLOSED) ||
	       (atomic_load(&lane->hdr->owner) & FUTEX_OWNER_DIED);
}
