/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The QTEE's own user API, in which a descriptor is a capability (facts 4)
 *
 * /dev/qtee opened is the root object; an object of the QTEE that comes out of an
 * invocation is a descriptor of its own. /dev/qtee-ree opened is a server: a host
 * of objects that the QTEE invokes.
 */
#ifndef ABI_QTEE_RFC_H
#define ABI_QTEE_RFC_H

#include <linux/ioctl.h>

#include "abi/abi.h"
#include "abi/qtee_msg.h"

#define QTEE_RFC_ROOT_NAME "qtee"
#define QTEE_RFC_SERVER_NAME "qtee-ree"

/* Argument of all three ioctls: where the struct below is, and how long */
struct qcom_tee_ioctl_data {
	__u64 buf_ptr;
	__u64 buf_len;
};
ABI_SIZE(struct qcom_tee_ioctl_data, 16, "4.2: qcom_tee_ioctl_data");

#define QCOM_TEE_IOC_MAGIC 'Q'
/* on the root object and objects of the QTEE: struct qcom_tee_object_invoke_arg */
#define QCOM_TEE_IOCTL_INVOKE _IOWR(QCOM_TEE_IOC_MAGIC, 0, struct qcom_tee_ioctl_data)
/* on a server: struct qcom_tee_cb_arg */
#define QCOM_TEE_IOCTL_RECEIVE _IOWR(QCOM_TEE_IOC_MAGIC, 1, struct qcom_tee_ioctl_data)
#define QCOM_TEE_IOCTL_REPLY _IOWR(QCOM_TEE_IOC_MAGIC, 2, struct qcom_tee_ioctl_data)

ABI_ASSERT(QCOM_TEE_IOCTL_INVOKE == 0xc0105100, "4.2: INVOKE");
ABI_ASSERT(QCOM_TEE_IOCTL_RECEIVE == 0xc0105101, "4.2: RECEIVE");
ABI_ASSERT(QCOM_TEE_IOCTL_REPLY == 0xc0105102, "4.2: REPLY");

/* attr */
#define QCOM_TEE_BUFFER 0u
#define QCOM_TEE_OBJECT_NULL 0x80u
#define QCOM_TEE_OBJECT 0x81u

/* direction: input is anything but 0; RECEIVE reports 1 */
#define QCOM_TEE_OUTPUT 0u
#define QCOM_TEE_INPUT 1u

/*
 * host_id: who hosts the object, and so what the id is. From 0 up it is the number
 * of a server's descriptor in the calling process, and the id any number of the
 * server's choice.
 */
#define QCOM_TEE_OBJECT_SECURE (-1)	/* the id is a descriptor of the object */
#define QCOM_TEE_MEMORY_OBJECT (-2)	/* the id is a descriptor of the memory */

struct qcom_tee_param {
	__u32 attr;
	__u32 direction;
	union {
		struct {
			__u64 id;
			__s32 host_id;
		} object;
		struct {
			__u64 addr;
			__u64 len;
		} buffer;
	};
};
ABI_SIZE(struct qcom_tee_param, 24, "4.2: qcom_tee_param");
ABI_OFFSET(struct qcom_tee_param, object.host_id, 16, "4.2: qcom_tee_param");
ABI_OFFSET(struct qcom_tee_param, buffer.len, 16, "4.2: qcom_tee_param");

struct qcom_tee_object_invoke_arg {
	__u32 op;
	__s32 result;
	__u32 num_params;
	struct qcom_tee_param params[];
};
ABI_SIZE(struct qcom_tee_object_invoke_arg, 16, "4.2: qcom_tee_object_invoke_arg");
ABI_OFFSET(struct qcom_tee_object_invoke_arg, params, 16, "4.2: qcom_tee_object_invoke_arg");

struct qcom_tee_cb_arg {
	__u64 id;
	__u32 request_id;
	__u32 op;
	__s32 result;
	__u32 num_params;
	struct qcom_tee_param params[];
};
ABI_SIZE(struct qcom_tee_cb_arg, 24, "4.2: qcom_tee_cb_arg");
ABI_OFFSET(struct qcom_tee_cb_arg, params, 24, "4.2: qcom_tee_cb_arg");

/* RECEIVE: the notice that nobody refers to an object any more. It has request_id 0
 * and wants no answer; a REPLY to request 0 does nothing. */
#define QCOM_TEE_OBJECT_OP_RELEASE QTEE_MSG_OP_RELEASE
#define QCOM_TEE_REQUEST_NONE 0u

#endif /* ABI_QTEE_RFC_H */
