/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Functions that OP-TEE has beyond the GlobalPlatform specification
 *
 * A TA that calls one that its swtee does not provide fails to load, with the
 * name of the function in the log.
 */
#ifndef TEE_INTERNAL_API_EXTENSIONS_H
#define TEE_INTERNAL_API_EXTENSIONS_H

#include <stdio.h>
#include <tee_api_defines_extensions.h>
#include <tee_api_types.h>
#include <trace.h>
#include <types_ext.h>

#ifdef __cplusplus
extern "C" {
#endif

/* A hint of TEE_Malloc(): do not zero. */
#define TEE_USER_MEM_HINT_NO_FILL_ZERO 0x80000000

/*
 * Leak check: mark remembers what is allocated now, check returns how many bytes
 * allocated by TEE_Malloc() and TEE_Realloc() since the mark are still there.
 */
void tee_user_mem_mark_heap(void);
size_t tee_user_mem_check_heap(void);

/*
 * Cache maintenance on a memref parameter. There is no cache to maintain here, so
 * the rules are all that is left of it: TEE_ERROR_NOT_SUPPORTED without
 * TA_FLAG_CACHE_MAINTENANCE, TEE_ERROR_ACCESS_DENIED for the TA's own memory.
 */
TEE_Result TEE_CacheClean(char *buf, size_t len);
TEE_Result TEE_CacheFlush(char *buf, size_t len);
TEE_Result TEE_CacheInvalidate(char *buf, size_t len);

/* Zeroed pages; @flags 0 or TEE_MEMORY_ACCESS_ANY_OWNER. NULL when there are none. */
void *tee_map_zi(size_t len, uint32_t flags);
void *tee_map_zi_va(vaddr_t va, size_t len, uint32_t flags);
/* Exactly what tee_map_zi() gave */
TEE_Result tee_unmap(void *buf, size_t len);

/* The 36-character text form; TEE_ERROR_BAD_FORMAT for anything else. */
TEE_Result tee_uuid_from_str(TEE_UUID *uuid, const char *s);

/* Call a plug-in of tee-supplicant; @buf is input and output. */
TEE_Result tee_invoke_supp_plugin(const TEE_UUID *uuid, uint32_t cmd, uint32_t sub_cmd, void *buf,
				  size_t len, size_t *outlen);

#ifdef __cplusplus
}
#endif

#endif /* TEE_INTERNAL_API_EXTENSIONS_H */
