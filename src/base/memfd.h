/* SPDX-License-Identifier: BSD-2-Clause */
/* Sealed shared memory files */
#ifndef BASE_MEMFD_H
#define BASE_MEMFD_H

#include <stddef.h>

/*
 * A zeroed memory file of @size bytes that nobody can resize (F_SEAL_SHRINK,
 * F_SEAL_GROW, F_SEAL_SEAL), so that no peer can turn our accesses into SIGBUS.
 */
int memfd_new_sealed(const char *name, size_t size, int *ret_fd);

/* 0 when @fd is a memory file of at least @size bytes that cannot shrink. */
int memfd_check_sealed(int fd, size_t size);

/* A second open file description of the same file, read-write. */
int memfd_reopen(int fd, int *ret_fd);

/* mmap MAP_SHARED; @prot as in mmap(2). */
int memfd_map(int fd, size_t offset, size_t size, int prot, void **ret_addr);

#endif /* BASE_MEMFD_H */
