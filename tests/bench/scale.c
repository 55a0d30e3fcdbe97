/* SPDX-License-Identifier: BSD-2-Clause */
#include "scale.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "abi/tee.h"
#include "clock.h"
#include "report.h"

#define FEW 10u
#define CONTEXTS 10000u
#define SHMS 100000u
#define MAX_HOLDERS 128u
#define RESERVE 64u
#define BATCH 500u
#define BATCHES 5u

/* What is held, and how one more is made: the descriptor, or a negative errno */
struct kind {
	const char *name;
	int (*make)(int tee);
	const char *key_few, *key_many;
	unsigned int many;
};

static int make_context(int tee)
{
	struct tee_ioctl_version_data version;
	int fd = open("/dev/tee0", O_RDWR | O_CLOEXEC);

	if (fd < 0)
		return -errno;
	/* A context that was never used is known to nobody but its socket. */
	if (ioctl(fd, TEE_IOC_VERSION, &version) < 0) {
		int r = -errno;

		close(fd);
		return r;
	}
	return fd;
}

static int make_shm(int tee)
{
	struct tee_ioctl_shm_alloc_data data = { .size = 4096 };
	int fd = ioctl(tee, TEE_IOC_SHM_ALLOC, &data);

	return fd < 0 ? -errno : fd;
}

static double time_batch(const struct kind *kind, int tee)
{
	uint64_t start = clock_ns();

	for (unsigned int i = 0; i < BATCH; i++) {
		int fd = kind->make(tee);

		if (fd < 0)
			return -1;
		close(fd);
	}
	return (double)(clock_ns() - start) / BATCH;
}

/* The best of a few: a stall of a shared machine is not the code's. */
static double time_best(const struct kind *kind, int tee)
{
	double best = -1;

	for (unsigned int i = 0; i < BATCHES; i++) {
		double ns = time_batch(kind, tee);

		if (ns >= 0 && (best < 0 || ns < best))
			best = ns;
	}
	return best;
}

/* --- holders: processes, because one may have so many descriptors only --- */

struct holder {
	pid_t pid;
	int pipe;	/* its end lets the holder go */
};

static void hold(const struct kind *kind, unsigned int n, int ready, int stay)
{
	int tee = open("/dev/tee0", O_RDWR | O_CLOEXEC), fd = 0;
	unsigned int i;
	char byte = 0;

	for (i = 0; i < n && fd >= 0; i++)
		fd = kind->make(tee);
	if (fd < 0)
		fprintf(stderr, "bench: %u of %u %s and no more: %s\n", i, n, kind->name,
			strerror(-fd));
	else if (write(ready, &byte, 1) == 1)
		(void)!read(stay, &byte, 1);
	_exit(0);
}

/* True once it holds all of them. */
static bool holder_start(struct holder *holder, const struct kind *kind, unsigned int n)
{
	int ready[2], stay[2];
	bool ok = false;
	char byte;

	if (pipe2(ready, O_CLOEXEC) < 0)
		return false;
	if (pipe2(stay, O_CLOEXEC) == 0) {
		holder->pid = fork();
		if (holder->pid == 0) {
			close(ready[0]);
			close(stay[1]);
			hold(kind, n, ready[1], stay[0]);
		}
		close(stay[0]);
		holder->pipe = stay[1];
	}
	close(ready[1]);
	if (holder->pid > 0)
		ok = read(ready[0], &byte, 1) == 1;
	close(ready[0]);
	return ok;
}

static void holder_end(struct holder *holder)
{
	if (holder->pid <= 0)
		return;
	close(holder->pipe);
	waitpid(holder->pid, NULL, 0);
}

static unsigned int most_descriptors(void)
{
	struct rlimit limit;

	if (getrlimit(RLIMIT_NOFILE, &limit) < 0)
		return 512;
	limit.rlim_cur = limit.rlim_max;
	(void)setrlimit(RLIMIT_NOFILE, &limit);
	return limit.rlim_cur > 2 * CONTEXTS ? 2 * CONTEXTS - RESERVE :
					       (unsigned int)limit.rlim_cur - RESERVE;
}

static void bench_kind(struct report *report, const struct kind *kind)
{
	unsigned int each = most_descriptors(), left = kind->many, n = 0;
	int tee = open("/dev/tee0", O_RDWR | O_CLOEXEC);
	struct holder holders[MAX_HOLDERS] = { 0 };
	bool ok = tee >= 0;

	if (ok) {
		ok = holder_start(&holders[n++], kind, FEW);
		report_add(report, kind->key_few, time_best(kind, tee));
	}
	while (ok && left && n < MAX_HOLDERS) {
		ok = holder_start(&holders[n++], kind, left < each ? left : each);
		left -= left < each ? left : each;
	}
	if (ok && !left)
		report_add(report, kind->key_many, time_best(kind, tee));
	while (n)
		holder_end(&holders[--n]);
	if (tee >= 0)
		close(tee);
}

void scale_bench(struct report *report)
{
	static const struct kind contexts = {
		"contexts", make_context, "context_use_10_ns", "context_use_10k_ns", CONTEXTS,
	};
	static const struct kind shms = {
		"shared buffers", make_shm, "shm_alloc_free_10_ns", "shm_alloc_free_100k_ns", SHMS,
	};

	bench_kind(report, &contexts);
	bench_kind(report, &shms);
}
