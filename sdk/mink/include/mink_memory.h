/* SPDX-License-Identifier: BSD-2-Clause */
/* Memory objects: shared memory of the normal world */
#ifndef MINK_MEMORY_H
#define MINK_MEMORY_H

#include "object.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Permissions of a mapping */
#define MINK_MEMORY_WRITE 0x2u
#define MINK_MEMORY_READ 0x4u

/*
 * Map the memory object @memory (lent) into this TA. *@ret_mapping is an object that
 * keeps it mapped, at *@ret_addr with *@ret_size bytes and the permissions *@ret_perms,
 * until it is released; @memory itself is not needed meanwhile. The normal world may
 * write to it at any time: copy what you decide upon, check the copy, use the copy.
 * Object_ERROR_BADOBJ for what is no memory object.
 */
int32_t mink_memory_map(Object memory, void **ret_addr, size_t *ret_size, uint32_t *ret_perms,
			Object *ret_mapping);

#ifdef __cplusplus
}
#endif

#endif /* MINK_MEMORY_H */
