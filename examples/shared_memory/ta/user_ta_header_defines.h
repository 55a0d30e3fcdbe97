/* SPDX-License-Identifier: BSD-2-Clause */
/* What the kit builds into the TA's header; see user_ta_header.h */
#ifndef USER_TA_HEADER_DEFINES_H
#define USER_TA_HEADER_DEFINES_H

#include <shared_memory_ta.h>

#define TA_UUID TA_SHARED_MEMORY_UUID

/* One instance serves all sessions, one call at a time */
#define TA_FLAGS (TA_FLAG_SINGLE_INSTANCE | TA_FLAG_MULTI_SESSION)

#define TA_STACK_SIZE (4 * 1024)
#define TA_DATA_SIZE (32 * 1024)

#define TA_VERSION "1.0"
#define TA_DESCRIPTION "Works on memory that clients share"

#endif /* USER_TA_HEADER_DEFINES_H */
