/* SPDX-License-Identifier: BSD-2-Clause */
/* The interface of the example TA, for the TA and its clients */
#ifndef MINK_ADD_H
#define MINK_ADD_H

#include <stdint.h>

/* Name of the TA, and of its file without ".mbn" */
#define MINK_ADD_TA_NAME "smcinvoke_skeleton_ta64"

/* IB struct mink_add_in, OB u32: the sum, or the largest number when it is larger */
#define MINK_ADD_OP_ADD 0u

struct mink_add_in {
	uint32_t a;
	uint32_t b;
};

#endif /* MINK_ADD_H */
