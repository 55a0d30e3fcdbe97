/* SPDX-License-Identifier: BSD-2-Clause */
/* How much memory an instance takes */
#ifndef BENCH_MEMORY_H
#define BENCH_MEMORY_H

#include <sys/types.h>

/* The swteed behind /dev/tee0, or -1. */
pid_t memory_find_swteed(void);

/* Proportional set size of @pid and all its descendants in KiB; -1. */
double memory_pss_tree_kib(pid_t pid);

/* Private memory (clean and dirty) of @pid and its descendants in KiB; -1. */
double memory_private_tree_kib(pid_t pid);

#endif /* BENCH_MEMORY_H */
