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
#include <unistd.h>

#include "abi/tee.h"
#include "clock.h"
#include "report.h"

#define FEW 10u
#define CONTEXTS 10000u
#define SHMS 100000u
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

static bool hold(const struct kind *kind, int tee, int *fds, unsigned int *n, unsigned int up_to)
{
	while (*n < up_to) {
		int fd = kind->make(tee);

		if (fd < 0) {
			fprintf(stderr, "bench: %u %s and no more: %s\n", *n, kind->name,
				strerror(-fd));
			return false;
		}
		fds[(*n)++] = fd;
	}
	return true;
}

static void bench_kind(struct report *report, const struct kind *kind)
{
	int tee = open("/dev/tee0", O_RDWR | O_CLOEXEC);
	int *fds = calloc(kind->many, sizeof(*fds));
	unsigned int n = 0;

	if (tee >= 0 && fds && hold(kind, tee, fds, &n, FEW)) {
		report_add(report, kind->key_few, time_best(kind, tee));
		if (hold(kind, tee, fds, &n, kind->many))
			report_add(report, kind->key_many, time_best(kind, tee));
	}
	while (n)
		close(fds[--n]);
	free(fds);
	if (tee >= 0)
		close(tee);
}

static void raise_limit(void)
{
	struct rlimit limit = { SHMS + 1024, SHMS + 1024 };

	if (setrlimit(RLIMIT_NOFILE, &limit) == 0)
		return;
	if (getrlimit(RLIMIT_NOFILE, &limit) == 0) {
		limit.rlim_cur = limit.rlim_max;
		(void)setrlimit(RLIMIT_NOFILE, &limit);
	}
}

void scale_bench(struct report *report)
{
	static const struct kind contexts = {
		"contexts", make_context, "context_use_10_ns", "context_use_10k_ns", CONTEXTS,
	};
	static const struct kind shms = {
		"shared buffers", make_shm, "shm_alloc_free_10_ns", "shm_alloc_free_100k_ns", SHMS,
	};

	raise_limit();
	bench_kind(report, &contexts);
	bench_kind(report, &shms);
}
