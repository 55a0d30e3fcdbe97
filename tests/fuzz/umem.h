/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The memory of a client that is nobody's friend
 *
 * A window of a few pages at a fixed address, everything else is not mapped. Some
 * pages are read-only, some absent; an access can fault after so many bytes; and
 * what is read a second time may have changed since, as another thread of the
 * client would change it. One instance for the process.
 */
#ifndef TESTS_FUZZ_UMEM_H
#define TESTS_FUZZ_UMEM_H

#include "base/kernel/task.h"
#include "fuzz.h"

#define UMEM_BASE 0x100000ul
#define UMEM_PAGES 16u
#define UMEM_PAGE_SIZE 4096u
#define UMEM_SIZE (UMEM_PAGES * UMEM_PAGE_SIZE)

/* The last pages: read and write up to here, then one absent, one read-only, ... */
#define UMEM_ABSENT_PAGE 12u
#define UMEM_RO_PAGE 13u

/* Empty, and from now on taking its changes from @in. */
void umem_reset(struct fuzz_in *in);

/*
 * A new system call begins: nothing has been read yet. @change: what is read
 * twice changes. @fault_after: bytes until every access faults, -1 for never.
 */
void umem_new_call(bool change, long fault_after);

/* The harness's own access, which never faults; the range lies in the window. */
void *umem_at(unsigned long addr, size_t size);

/* Is all of it mapped? */
bool umem_has(unsigned long addr, size_t size);

/* As the kernel reaches it: bytes that were not copied. */
unsigned long umem_copy_from(void *data, void *to, unsigned long from, size_t n);
unsigned long umem_copy_to(void *data, unsigned long to, const void *from, size_t n);
extern const struct uaccess_ops umem_uaccess_ops;

#endif /* TESTS_FUZZ_UMEM_H */
