/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef USER_TA_HEADER_DEFINES_H
#define USER_TA_HEADER_DEFINES_H

#include <test_tas.h>

/* storage11 is built from the same sources. */
#if __OPTEE_CORE_API_COMPAT_1_1
#define TA_UUID TEST_TA_STORAGE11_UUID
#else
#define TA_UUID TEST_TA_STORAGE_UUID
#endif
#define TA_FLAGS 0
#define TA_STACK_SIZE (16 * 1024)
#define TA_DATA_SIZE (4 * 1024 * 1024)
#define TA_VERSION "1.0"
#define TA_DESCRIPTION "keeps objects"

#endif /* USER_TA_HEADER_DEFINES_H */
