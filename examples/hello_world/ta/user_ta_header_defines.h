/* SPDX-License-Identifier: BSD-2-Clause */
/* What the kit builds into the TA's header; see user_ta_header.h */
#ifndef USER_TA_HEADER_DEFINES_H
#define USER_TA_HEADER_DEFINES_H

#include <hello_world_ta.h>

#define TA_UUID TA_HELLO_WORLD_UUID

/* No flag: each session has an instance, a process, of its own */
#define TA_FLAGS 0

#define TA_STACK_SIZE (4 * 1024)
#define TA_DATA_SIZE (32 * 1024)

#define TA_VERSION "1.0"
#define TA_DESCRIPTION "Hello world of swtee"

/* Properties of our own, beside those of the specification */
#define TA_CURRENT_TA_EXT_PROPERTIES \
	{ "org.swtee.example.greeting", USER_TA_PROP_TYPE_STRING, "Hello, world!" }, \
	{ "org.swtee.example.answer", USER_TA_PROP_TYPE_U32, &(const uint32_t){ 42 } },

#endif /* USER_TA_HEADER_DEFINES_H */
