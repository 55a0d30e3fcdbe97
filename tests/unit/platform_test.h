/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The unit-test form of src/normal/platform.h
 *
 * User memory is memory of the test process, reached by address, so that what is
 * unmapped or read-only behaves as it would for a client. Descriptors are
 * numbers in a table. One instance for the process; any thread may call.
 */
#ifndef TESTS_UNIT_PLATFORM_TEST_H
#define TESTS_UNIT_PLATFORM_TEST_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct dma_buf;
struct dma_heap;
struct tee_shm;

#define PLATFORM_TEST_GROUPS 4

/**
 * struct platform_test - knobs, set by a test between two calls
 * @publish_rc, @alloc_rc, @pin_rc, @install_rc, @sync_rc, @heap_rc, @dmabuf_rc: 0,
 *	or the errno with which the function fails
 * @alloc_failures: so many of the next allocations of shm fail with -ENOMEM
 * @euid, @gids, @n_gids: who the current task is; the first gid is the effective
 * @gid_shift: what its user namespace takes off every group
 */
struct platform_test {
	int publish_rc;
	int alloc_rc;
	int pin_rc;
	int install_rc;
	int sync_rc;
	int heap_rc;
	int dmabuf_rc;
	uint32_t euid;
	uint32_t gids[PLATFORM_TEST_GROUPS];
	size_t n_gids;
	uint32_t gid_shift;	/* of the user namespace */
	atomic_int alloc_failures;
};
extern struct platform_test platform_test;

/* What is alive, and what was synchronised since the reset. */
struct platform_test_count {
	size_t published;
	size_t pages;
	size_t pinned;
	size_t fds;
	size_t dmabufs;		/* descriptors */
	size_t mappable;	/* allocations that were asked for as such */
	size_t for_tee;		/* calls, and their bytes */
	size_t for_tee_bytes;
	size_t for_user;
	size_t for_user_bytes;
};

/* All knobs to their defaults, counters of calls to 0. Nothing may be alive. */
void platform_test_reset(void);
struct platform_test_count platform_test_counts(void);

/* The shm behind a descriptor; borrowed. */
struct tee_shm *platform_test_fd_shm(int fd);
/* dup(2) or mmap(2) of a descriptor; its close or munmap. */
void platform_test_fd_get(int fd);
void platform_test_fd_put(int fd);
/* Close what a test that failed left open; how many that were. */
size_t platform_test_fd_put_all(void);

/* The node of a heap, or NULL. Nodes stay for the life of the process. */
struct dma_heap *platform_test_heap(const char *name);
/*
 * A descriptor of @dmabuf, whose reference it takes; its close. Numbers of dma-bufs
 * begin at PLATFORM_TEST_DMABUF_FD.
 */
#define PLATFORM_TEST_DMABUF_FD 1000
int platform_test_dmabuf_fd(struct dma_buf *dmabuf);
void platform_test_dmabuf_close(int fd);
/* O_ flags that the descriptor was asked for with */
int platform_test_dmabuf_flags(int fd);

#endif /* TESTS_UNIT_PLATFORM_TEST_H */
