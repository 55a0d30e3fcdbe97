/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What tests see of the allocator
 *
 * Faults are per thread, so that a test fails an allocation of its own call and of
 * nobody else's. They work in every build; the count of live objects only in a
 * debug one.
 */
#ifndef BASE_KERNEL_KMEM_H
#define BASE_KERNEL_KMEM_H

#include <stdbool.h>

/* The @n-th allocation of this thread from now fails (1: the next), then none; 0: none */
void kfault_set(unsigned long n);
void kfault_clear(void);

/* Whether an allocation failed by kfault_set since the last kfault_set or kfault_clear */
bool kfault_hit(void);

/* Objects of the whole process that are allocated and not freed; 0 without KERNEL_DEBUG */
long kmem_live(void);

#endif /* BASE_KERNEL_KMEM_H */
