/* SPDX-License-Identifier: BSD-2-Clause */
#include "mink_ta_head.h"

extern const struct mink_ta_head mink_ta_head;

const struct mink_ta_head mink_ta_head = {
	.magic = MINK_TA_MAGIC,
	.version = MINK_TA_VERSION,
	.stack_size = MINK_TA_STACK_SIZE,
	.name = MINK_TA_NAME,
};
