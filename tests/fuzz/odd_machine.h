/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The machine under a secure world, in the harness
 *
 * RAM, and some regions that the world has to ask for: small and large ones, some
 * with a file of their own, one that the firewall keeps to itself. A request on
 * the memory socket is answered before the send returns, so that there is no
 * other thread; now and then with nonsense. One instance for the process.
 */
#ifndef TESTS_FUZZ_ODD_MACHINE_H
#define TESTS_FUZZ_ODD_MACHINE_H

#include "fuzz.h"

#define MACHINE_PAGE 4096u
#define MACHINE_RAM_PA 0x40000000ull
#define MACHINE_RAM_PAGES 64u

/* Once: make the files. */
void odd_machine_init(void);

/*
 * A new world with @n_threads threads: what it is told at the start, and both its
 * ends of the sockets. end: closes the others.
 */
void odd_machine_start(struct fuzz_in *in, uint32_t n_threads, int *ret_control, int *ret_memory);
void odd_machine_end(void);

/* The memory at a physical address; NULL unless all of it is in one region. */
void *odd_machine_va(uint64_t pa, size_t size);

/* The address of a page: mostly one that there is, else anything. */
uint64_t odd_machine_pick_page(struct fuzz_in *in);

/*
 * A page list for @size bytes from @offset of the first page, in the RAM page
 * @list_page, of pages that follow each other where the input says. buf_ptr.
 */
uint64_t odd_machine_page_list(struct fuzz_in *in, uint32_t list_page, uint64_t offset,
			       uint64_t size);

#endif /* TESTS_FUZZ_ODD_MACHINE_H */
