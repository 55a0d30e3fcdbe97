/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef USER_TA_HEADER_DEFINES_H
#define USER_TA_HEADER_DEFINES_H

#include <test_tas.h>

/* api11 is built from the same sources. */
#if __OPTEE_CORE_API_COMPAT_1_1
#define TA_UUID TEST_TA_API11_UUID
#define TA_FLAGS TA_FLAG_CACHE_MAINTENANCE
#else
#define TA_UUID TEST_TA_API_UUID
#define TA_FLAGS 0
#endif
#define TA_STACK_SIZE (16 * 1024)
#define TA_DATA_SIZE (64 * 1024)
#define TA_NO_SHARE_DATA_SIZE (4 * 1024)
#define TA_VERSION "3.1"
#define TA_DESCRIPTION "checks the API"

#define TA_CURRENT_TA_EXT_PROPERTIES \
	{ "test.bool", USER_TA_PROP_TYPE_BOOL, &(const bool){ true } }, \
	{ "test.u32", USER_TA_PROP_TYPE_U32, &(const uint32_t){ 4000000000u } }, \
	{ "test.u64", USER_TA_PROP_TYPE_U64, &(const uint64_t){ 10000000000u } }, \
	{ "test.uuid", USER_TA_PROP_TYPE_UUID, &(const TEE_UUID)TEST_TA_RANDOM_UUID }, \
	{ "test.identity", USER_TA_PROP_TYPE_IDENTITY, \
	  &(const TEE_Identity){ 7, TEST_TA_RANDOM_UUID } }, \
	{ "test.string", USER_TA_PROP_TYPE_STRING, \
	  "a text that is longer than eighty characters, for which nobody may have a buffer" }, \
	{ "test.empty", USER_TA_PROP_TYPE_STRING, "" }, \
	{ "test.block", USER_TA_PROP_TYPE_BINARY_BLOCK, "SGVsbG8gd29ybGQh" }, \
	{ "test.block.odd", USER_TA_PROP_TYPE_BINARY_BLOCK, "SGV s*bG8" }, \
	{ "test.block.none", USER_TA_PROP_TYPE_BINARY_BLOCK, "====" },

#endif /* USER_TA_HEADER_DEFINES_H */
