/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The TEE user API: numbers and layouts of /dev/teeN and /dev/teeprivN
 *
 * The names are those of <linux/tee.h>; a translation unit includes one of the
 * two. Offsets and sizes are the same on 32 and 64 bits; nothing is packed.
 */
#ifndef ABI_TEE_H
#define ABI_TEE_H

#include <linux/ioctl.h>

#include "abi/abi.h"

#define TEE_IOC_MAGIC 0xa4
#define TEE_IOC_BASE 0

/* Clients that were built for 1024 keep working: it bounds what is accepted. */
#define TEE_MAX_ARG_SIZE 4096

#define TEE_IOCTL_UUID_LEN 16

#define TEE_GEN_CAP_GP (1 << 0)
#define TEE_GEN_CAP_PRIVILEGED (1 << 1)
#define TEE_GEN_CAP_REG_MEM (1 << 2)
#define TEE_GEN_CAP_MEMREF_NULL (1 << 3)
#define TEE_GEN_CAP_OBJREF (1 << 4)

#define TEE_MEMREF_NULL ((__u64)-1)
#define TEE_OBJREF_NULL ((__u64)-1)

#define TEE_IMPL_ID_OPTEE 1
#define TEE_IMPL_ID_AMDTEE 2
#define TEE_IMPL_ID_TSTEE 3
#define TEE_IMPL_ID_QTEE 4

#define TEE_OPTEE_CAP_TZ (1 << 0)

#define TEE_IOCTL_PARAM_ATTR_TYPE_NONE 0
#define TEE_IOCTL_PARAM_ATTR_TYPE_VALUE_INPUT 1
#define TEE_IOCTL_PARAM_ATTR_TYPE_VALUE_OUTPUT 2
#define TEE_IOCTL_PARAM_ATTR_TYPE_VALUE_INOUT 3
#define TEE_IOCTL_PARAM_ATTR_TYPE_MEMREF_INPUT 5
#define TEE_IOCTL_PARAM_ATTR_TYPE_MEMREF_OUTPUT 6
#define TEE_IOCTL_PARAM_ATTR_TYPE_MEMREF_INOUT 7
#define TEE_IOCTL_PARAM_ATTR_TYPE_UBUF_INPUT 8
#define TEE_IOCTL_PARAM_ATTR_TYPE_UBUF_OUTPUT 9
#define TEE_IOCTL_PARAM_ATTR_TYPE_UBUF_INOUT 10
#define TEE_IOCTL_PARAM_ATTR_TYPE_OBJREF_INPUT 11
#define TEE_IOCTL_PARAM_ATTR_TYPE_OBJREF_OUTPUT 12
#define TEE_IOCTL_PARAM_ATTR_TYPE_OBJREF_INOUT 13

#define TEE_IOCTL_PARAM_ATTR_TYPE_MASK 0xff
#define TEE_IOCTL_PARAM_ATTR_META 0x100
#define TEE_IOCTL_PARAM_ATTR_MASK \
	(TEE_IOCTL_PARAM_ATTR_TYPE_MASK | TEE_IOCTL_PARAM_ATTR_META)

#define TEE_IOCTL_LOGIN_PUBLIC 0
#define TEE_IOCTL_LOGIN_USER 1
#define TEE_IOCTL_LOGIN_GROUP 2
#define TEE_IOCTL_LOGIN_APPLICATION 4
#define TEE_IOCTL_LOGIN_USER_APPLICATION 5
#define TEE_IOCTL_LOGIN_GROUP_APPLICATION 6
#define TEE_IOCTL_LOGIN_REE_KERNEL_MIN 0x80000000
#define TEE_IOCTL_LOGIN_REE_KERNEL_MAX 0xBFFFFFFF
#define TEE_IOCTL_LOGIN_REE_KERNEL 0x80000000

struct tee_ioctl_version_data {
	__u32 impl_id;
	__u32 impl_caps;
	__u32 gen_caps;
};
ABI_SIZE(struct tee_ioctl_version_data, 12, "tee_ioctl_version_data");

struct tee_ioctl_shm_alloc_data {
	__u64 size;
	__u32 flags;
	__s32 id;
};
ABI_SIZE(struct tee_ioctl_shm_alloc_data, 16, "tee_ioctl_shm_alloc_data");

struct tee_ioctl_shm_register_data {
	__u64 addr;
	__u64 length;
	__u32 flags;
	__s32 id;
};
ABI_SIZE(struct tee_ioctl_shm_register_data, 24, "tee_ioctl_shm_register_data");

struct tee_ioctl_shm_register_fd_data {
	__s64 fd;
	__u64 size;
	__u32 flags;
	__s32 id;
};
ABI_SIZE(struct tee_ioctl_shm_register_fd_data, 24, "tee_ioctl_shm_register_fd_data");

struct tee_ioctl_buf_data {
	__u64 buf_ptr;
	__u64 buf_len;
};
ABI_SIZE(struct tee_ioctl_buf_data, 16, "tee_ioctl_buf_data");

/* VALUE: three values; MEMREF: offset, size, shm id; UBUF: address, size;
 * OBJREF: id, flags. */
struct tee_ioctl_param {
	__u64 attr;
	__u64 a;
	__u64 b;
	__u64 c;
};
ABI_SIZE(struct tee_ioctl_param, 32, "tee_ioctl_param");

struct tee_ioctl_open_session_arg {
	__u8 uuid[TEE_IOCTL_UUID_LEN];
	__u8 clnt_uuid[TEE_IOCTL_UUID_LEN];
	__u32 clnt_login;
	__u32 cancel_id;
	__u32 session;
	__u32 ret;
	__u32 ret_origin;
	__u32 num_params;
	struct tee_ioctl_param params[];
};
ABI_SIZE(struct tee_ioctl_open_session_arg, 56, "tee_ioctl_open_session_arg");
ABI_OFFSET(struct tee_ioctl_open_session_arg, session, 40, "tee_ioctl_open_session_arg");

struct tee_ioctl_invoke_arg {
	__u32 func;
	__u32 session;
	__u32 cancel_id;
	__u32 ret;
	__u32 ret_origin;
	__u32 num_params;
	struct tee_ioctl_param params[];
};
ABI_SIZE(struct tee_ioctl_invoke_arg, 24, "tee_ioctl_invoke_arg");

struct tee_ioctl_object_invoke_arg {
	__u64 id;
	__u32 op;
	__u32 ret;
	__u32 num_params;
	__u32 pad;
	struct tee_ioctl_param params[];
};
ABI_SIZE(struct tee_ioctl_object_invoke_arg, 24, "tee_ioctl_object_invoke_arg");

struct tee_ioctl_cancel_arg {
	__u32 cancel_id;
	__u32 session;
};
ABI_SIZE(struct tee_ioctl_cancel_arg, 8, "tee_ioctl_cancel_arg");

struct tee_ioctl_close_session_arg {
	__u32 session;
};
ABI_SIZE(struct tee_ioctl_close_session_arg, 4, "tee_ioctl_close_session_arg");

/* "iocl" without the second t is how the kernel spells these two: it is ABI. */
struct tee_iocl_supp_recv_arg {
	__u32 func;
	__u32 num_params;
	struct tee_ioctl_param params[];
};
ABI_SIZE(struct tee_iocl_supp_recv_arg, 8, "tee_iocl_supp_recv_arg");

struct tee_iocl_supp_send_arg {
	__u32 ret;
	__u32 num_params;
	struct tee_ioctl_param params[];
};
ABI_SIZE(struct tee_iocl_supp_send_arg, 8, "tee_iocl_supp_send_arg");

#define TEE_IOC_VERSION _IOR(TEE_IOC_MAGIC, 0, struct tee_ioctl_version_data)
#define TEE_IOC_SHM_ALLOC _IOWR(TEE_IOC_MAGIC, 1, struct tee_ioctl_shm_alloc_data)
#define TEE_IOC_OPEN_SESSION _IOR(TEE_IOC_MAGIC, 2, struct tee_ioctl_buf_data)
#define TEE_IOC_INVOKE _IOR(TEE_IOC_MAGIC, 3, struct tee_ioctl_buf_data)
#define TEE_IOC_CANCEL _IOR(TEE_IOC_MAGIC, 4, struct tee_ioctl_cancel_arg)
#define TEE_IOC_CLOSE_SESSION _IOR(TEE_IOC_MAGIC, 5, struct tee_ioctl_close_session_arg)
#define TEE_IOC_SUPPL_RECV _IOR(TEE_IOC_MAGIC, 6, struct tee_ioctl_buf_data)
#define TEE_IOC_SUPPL_SEND _IOR(TEE_IOC_MAGIC, 7, struct tee_ioctl_buf_data)
#define TEE_IOC_SHM_REGISTER_FD _IOWR(TEE_IOC_MAGIC, 8, struct tee_ioctl_shm_register_fd_data)
#define TEE_IOC_SHM_REGISTER _IOWR(TEE_IOC_MAGIC, 9, struct tee_ioctl_shm_register_data)
#define TEE_IOC_OBJECT_INVOKE _IOR(TEE_IOC_MAGIC, 10, struct tee_ioctl_buf_data)

/* tee-uapi facts 1.2: the words that clients have compiled in */
ABI_ASSERT(TEE_IOC_VERSION == 0x800CA400, "ioctl 0");
ABI_ASSERT(TEE_IOC_SHM_ALLOC == 0xC010A401, "ioctl 1");
ABI_ASSERT(TEE_IOC_OPEN_SESSION == 0x8010A402, "ioctl 2");
ABI_ASSERT(TEE_IOC_INVOKE == 0x8010A403, "ioctl 3");
ABI_ASSERT(TEE_IOC_CANCEL == 0x8008A404, "ioctl 4");
ABI_ASSERT(TEE_IOC_CLOSE_SESSION == 0x8004A405, "ioctl 5");
ABI_ASSERT(TEE_IOC_SUPPL_RECV == 0x8010A406, "ioctl 6");
ABI_ASSERT(TEE_IOC_SUPPL_SEND == 0x8010A407, "ioctl 7");
ABI_ASSERT(TEE_IOC_SHM_REGISTER_FD == 0xC018A408, "ioctl 8");
ABI_ASSERT(TEE_IOC_SHM_REGISTER == 0xC018A409, "ioctl 9");
ABI_ASSERT(TEE_IOC_OBJECT_INVOKE == 0x8010A40A, "ioctl 10");

#endif /* ABI_TEE_H */
