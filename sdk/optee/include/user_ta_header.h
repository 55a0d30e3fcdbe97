/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What a TA image says of itself
 *
 * A TA writes user_ta_header_defines.h with TA_UUID, TA_FLAGS, TA_STACK_SIZE,
 * TA_DATA_SIZE and, as it likes, TA_VERSION, TA_DESCRIPTION, TA_NO_SHARE_DATA_SIZE
 * and TA_CURRENT_TA_EXT_PROPERTIES; the kit compiles user_ta_header.c, which makes
 * these symbols of them, into every TA. The TA host looks them up in the image.
 */
#ifndef USER_TA_HEADER_H
#define USER_TA_HEADER_H

#include <stddef.h>
#include <stdint.h>
#include <tee_api_types.h>
#include <util.h>

#ifdef __cplusplus
extern "C" {
#endif

#define TA_FLAG_USER_MODE 0		/* historical, without a meaning */
#define TA_FLAG_EXEC_DDR 0		/* likewise */
#define TA_FLAG_REMAP_SUPPORT 0		/* likewise */
#define TA_FLAG_SINGLE_INSTANCE BIT32(2)	/* one instance for all sessions */
#define TA_FLAG_MULTI_SESSION BIT32(3)	/* of a single instance: several at a time */
#define TA_FLAG_INSTANCE_KEEP_ALIVE BIT32(4)	/* single instance outlives its sessions */
#define TA_FLAG_SECURE_DATA_PATH BIT32(5)	/* may get protected memory */
#define TA_FLAG_CACHE_MAINTENANCE BIT32(7)	/* may call TEE_CacheClean() and friends */
#define TA_FLAG_CONCURRENT BIT32(8)	/* of TAs built into the trusted OS */
#define TA_FLAG_DEVICE_ENUM BIT32(9)	/* announced to the normal world's kernel */
#define TA_FLAG_DEVICE_ENUM_SUPP BIT32(10)	/* when tee-supplicant runs */
#define TA_FLAG_DONT_CLOSE_HANDLE_ON_CORRUPT_OBJECT BIT32(11)
#define TA_FLAG_DEVICE_ENUM_TEE_STORAGE_PRIVATE BIT32(12)	/* when storage is there */
#define TA_FLAG_INSTANCE_KEEP_CRASHED BIT32(13)	/* a dead keep-alive instance stays dead */
#define TA_FLAGS_MASK GENMASK_32(13, 0)

/* Read from the image before any of its code runs: this layout is the contract */
struct ta_head {
	TEE_UUID uuid;
	uint32_t stack_size;
	uint32_t flags;
	uint64_t depr_entry;	/* all ones */
};

/* Sizes below this are refused when the TA is built */
#define TA_DATA_SIZE_MIN 1024

#define TA_PROP_STR_SINGLE_INSTANCE "gpd.ta.singleInstance"
#define TA_PROP_STR_MULTI_SESSION "gpd.ta.multiSession"
#define TA_PROP_STR_KEEP_ALIVE "gpd.ta.instanceKeepAlive"
#define TA_PROP_STR_KEEP_CRASHED "optee.ta.instanceKeepCrashed"
#define TA_PROP_STR_DATA_SIZE "gpd.ta.dataSize"
#define TA_PROP_STR_STACK_SIZE "gpd.ta.stackSize"
#define TA_PROP_STR_VERSION "gpd.ta.version"
#define TA_PROP_STR_DESCRIPTION "gpd.ta.description"
#define TA_PROP_STR_ENDIAN "gpd.ta.endian"
#define TA_PROP_STR_DOES_NOT_CLOSE_HANDLE_ON_CORRUPT_OBJECT \
	"gpd.ta.doesNotCloseHandleOnCorruptObject"

/* What user_ta_property.value points to */
enum user_ta_prop_type {
	USER_TA_PROP_TYPE_BOOL,		/* bool */
	USER_TA_PROP_TYPE_U32,		/* uint32_t */
	USER_TA_PROP_TYPE_UUID,		/* TEE_UUID */
	USER_TA_PROP_TYPE_IDENTITY,	/* TEE_Identity */
	USER_TA_PROP_TYPE_STRING,	/* text with NUL */
	USER_TA_PROP_TYPE_BINARY_BLOCK,	/* base64 text with NUL */
	USER_TA_PROP_TYPE_U64,		/* uint64_t */
	USER_TA_PROP_TYPE_INVALID,
};

struct user_ta_property {
	const char *name;
	enum user_ta_prop_type type;
	const void *value;
};

extern const struct ta_head ta_head;
extern const struct user_ta_property ta_props[];
extern const size_t ta_num_props;
/* What TEE_Malloc() may hand out, without and with TEE_MALLOC_NO_SHARE */
extern const size_t ta_heap_size;
extern const size_t __ta_no_share_heap_size;

int tahead_get_trace_level(void);

#ifdef __cplusplus
}
#endif

#endif /* USER_TA_HEADER_H */
