/* SPDX-License-Identifier: BSD-2-Clause */
/* Atomic counters of OP-TEE; the incrementing ones return the new value */
#ifndef ATOMIC_H
#define ATOMIC_H

#include <compiler.h>
#include <stdbool.h>
#include <stdint.h>

static inline uint32_t atomic_inc32(volatile uint32_t *v)
{
	return __atomic_add_fetch(v, 1, __ATOMIC_SEQ_CST);
}

static inline uint32_t atomic_dec32(volatile uint32_t *v)
{
	return __atomic_sub_fetch(v, 1, __ATOMIC_SEQ_CST);
}

static inline bool atomic_cas_uint(unsigned int *p, unsigned int *oval, unsigned int nval)
{
	return __compiler_compare_and_swap(p, oval, nval);
}

static inline bool atomic_cas_u32(uint32_t *p, uint32_t *oval, uint32_t nval)
{
	return __compiler_compare_and_swap(p, oval, nval);
}

static inline int atomic_load_int(int *p)
{
	return __compiler_atomic_load(p);
}

static inline unsigned int atomic_load_uint(unsigned int *p)
{
	return __compiler_atomic_load(p);
}

static inline uint32_t atomic_load_u32(const uint32_t *p)
{
	return __compiler_atomic_load(p);
}

static inline void atomic_store_int(int *p, int val)
{
	__compiler_atomic_store(p, val);
}

static inline void atomic_store_uint(unsigned int *p, unsigned int val)
{
	__compiler_atomic_store(p, val);
}

static inline void atomic_store_u32(uint32_t *p, uint32_t val)
{
	__compiler_atomic_store(p, val);
}

#endif /* ATOMIC_H */
