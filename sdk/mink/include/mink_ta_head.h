/* SPDX-License-Identifier: BSD-2-Clause */
/* What a TA's image says of itself; the kit compiles it in (src/ta_head.c). */
#ifndef MINK_TA_HEAD_H
#define MINK_TA_HEAD_H

#include <stdint.h>

#define MINK_TA_MAGIC 0x4b4e494du	/* "MINK" */
#define MINK_TA_VERSION 1u
#define MINK_TA_NAME_MAX 64u

struct mink_ta_head {
	uint32_t magic;
	uint32_t version;
	uint32_t stack_size;		/* of each call, in bytes */
	uint32_t reserved;		/* 0 */
	char name[MINK_TA_NAME_MAX];	/* ends with a NUL */
};

#endif /* MINK_TA_HEAD_H */
