/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * src/normal/platform.h for the fuzz targets
 *
 * User memory is that of umem.h. Physical addresses are numbers of their own, with
 * gaps between buffers, so that one that is used as a pointer, or that runs over
 * the end of its buffer, does not go unnoticed. Not for several threads at once.
 */
#ifndef TESTS_FUZZ_PLATFORM_FUZZ_H
#define TESTS_FUZZ_PLATFORM_FUZZ_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct dma_heap;
struct tee_shm;

#define PLATFORM_FUZZ_MAX_FDS 64

/**
 * struct platform_fuzz - knobs
 * @fail: asked before anything that may fail: 0, or the errno to fail with; may be
 *	NULL
 * @warned: a WARN() of the code under test is expected and does not abort
 * @euid, @gid: who the current task is
 */
struct platform_fuzz {
	int (*fail)(void);
	bool warned;
	uint32_t euid;
	uint32_t gid;
};
extern struct platform_fuzz platform_fuzz;

/* A new input. Nothing may be left of the last one. */
void platform_fuzz_reset(void);
/* Abort unless nothing is left: no device, page, descriptor. */
void platform_fuzz_check_empty(void);

/* The memory at a physical address, NULL unless @size bytes lie in one buffer. */
void *platform_fuzz_va(uint64_t pa, uint64_t size);

/* The shm behind a descriptor, NULL when it is closed. Borrowed. */
struct tee_shm *platform_fuzz_fd_shm(int fd);
/* Once, before anything is counted: the nodes of heaps stay for good. */
void platform_fuzz_make_heaps(void);
/* The first heap that was registered, or NULL. */
struct dma_heap *platform_fuzz_heap(void);
/* close(2), of a dma-buf too; what is not open is ignored. */
void platform_fuzz_fd_close(int fd);

#endif /* TESTS_FUZZ_PLATFORM_FUZZ_H */
