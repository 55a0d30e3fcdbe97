/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What the echo device answers to its clients and asks of its supplicant
 *
 * Functions of a session (INVOKE) and operations of the one object (OBJECT_INVOKE)
 * of the teaching driver, src/normal/drivers/echo. See echo(4).
 */
#ifndef ABI_ECHO_H
#define ABI_ECHO_H

#include "abi/abi.h"

/* tee_ioctl_version_data.impl_id: the kernel's numbers are small and counted up */
#define ECHO_IMPL_ID 0xE0

/* The one service; sessions with any other UUID are refused (ITEM_NOT_FOUND). */
#define ECHO_UUID \
	{ 0x6e, 0x3c, 0x1f, 0x52, 0x9a, 0x07, 0x4d, 0xb1, \
	  0x8e, 0x44, 0x25, 0x90, 0xc3, 0x7b, 0x61, 0xe0 }

/*
 * Any parameters: an output gets what the nearest input of its kind before it holds;
 * without such an input it comes back as the driver got it, a buffer with size 0. An
 * input/output parameter is an input that comes back unchanged. A buffer that is too
 * small comes back with the size that is needed, and the result is SHORT_BUFFER.
 */
#define ECHO_FN_ECHO 0
/*
 * VALUE_OUTPUT, VALUE_OUTPUT: [0].a calls of this session, this one included;
 * [0].b sessions that are open on the device; [1].a, b the client's UUID, each half
 * as a big-endian number.
 */
#define ECHO_FN_INFO 1
/* VALUE_INPUT: wait for a milliseconds. CANCEL when cancelled or closed meanwhile. */
#define ECHO_FN_WAIT 2
/*
 * At most ECHO_ASK_MAX parameters, all values: what the supplicant answers. The
 * request's function is ECHO_SUPP_ASK. COMMUNICATION when there is no supplicant.
 */
#define ECHO_FN_ASK 3
#define ECHO_ASK_MAX 4
#define ECHO_SUPP_ASK 1

/* On TEE_OBJREF_NULL, the only object: as ECHO_FN_ECHO */
#define ECHO_OP_ECHO 0

/* A user buffer (UBUF) is copied through the driver: no more than this, or EINVAL. */
#define ECHO_UBUF_MAX (1u << 16)

#endif /* ABI_ECHO_H */
