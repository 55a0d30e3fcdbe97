/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The QTEE in the TEE user API: what the driver makes of the object ioctls of
 * abi/tee.h (facts 5)
 */
#ifndef ABI_QTEE_TEE_H
#define ABI_QTEE_TEE_H

#include "abi/qtee_msg.h"
#include "abi/tee.h"

/*
 * Flags of an object reference, looked at in the order USER, TEE, MEM. They say
 * what the id is: the client's own number of an object that it hosts (any but
 * all ones), the driver's number of a QTEE object in this open file (from 0), or
 * the number of shared memory of this open file (from 1). The id all ones,
 * TEE_OBJREF_NULL, is the NULL object as a parameter and the root object as the
 * target of OBJECT_INVOKE; its flags do not count.
 */
#define QTEE_OBJREF_TEE 0x1u
#define QTEE_OBJREF_USER 0x2u
#define QTEE_OBJREF_MEM 0x4u

/* OBJECT_INVOKE: drop an id of this open file; also what a server is told when
 * nobody refers to an object of its any more. */
#define QTEE_OBJECT_OP_RELEASE QTEE_MSG_OP_RELEASE

/*
 * Parameter 0 of the ioctls of a server. SUPPL_RECV in: a = address, b = size of
 * the room for input data; out: a = the invoked object, b = number of the
 * request. SUPPL_SEND: a = number of the request.
 */
#define QTEE_SUPP_RECV_META \
	(TEE_IOCTL_PARAM_ATTR_TYPE_VALUE_INOUT | TEE_IOCTL_PARAM_ATTR_META)
#define QTEE_SUPP_SEND_META \
	(TEE_IOCTL_PARAM_ATTR_TYPE_VALUE_OUTPUT | TEE_IOCTL_PARAM_ATTR_META)

ABI_ASSERT(QTEE_SUPP_RECV_META == 0x103, "5.1: meta parameter of SUPPL_RECV");
ABI_ASSERT(QTEE_SUPP_SEND_META == 0x102, "5.1: meta parameter of SUPPL_SEND");

/* An invocation may have four times 15 parameters, and they must fit the ioctl. */
ABI_ASSERT(sizeof(struct tee_ioctl_object_invoke_arg) +
	   QTEE_MSG_ARGS_MAX * sizeof(struct tee_ioctl_param) <= TEE_MAX_ARG_SIZE,
	   "5.1: TEE_MAX_ARG_SIZE");

#endif /* ABI_QTEE_TEE_H */
