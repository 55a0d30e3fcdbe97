/* SPDX-License-Identifier: BSD-2-Clause */
/* Address types that TA sources use beside those of the C library */
#ifndef TYPES_EXT_H
#define TYPES_EXT_H

#include <inttypes.h>
#include <limits.h>
#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

typedef uintptr_t uaddr_t;
typedef uintptr_t vaddr_t;
typedef uintptr_t paddr_t;
typedef uintptr_t paddr_size_t;

#define PRIxUA PRIxPTR
#define PRIxVA PRIxPTR
#define PRIxPA PRIxPTR
#define PRIxPASZ PRIxPTR
#define PRIxVA_WIDTH ((int)(sizeof(vaddr_t) * 2))
#define PRIxPA_WIDTH ((int)(sizeof(paddr_t) * 2))
#define PADDR_MAX UINTPTR_MAX
#define PADDR_SIZE_MAX UINTPTR_MAX

#endif /* TYPES_EXT_H */
