/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * OPTEE_MSG: the message layer between the OP-TEE driver and the trusted OS,
 * the same over SMC and FF-A. Little endian.
 */
#ifndef ABI_OPTEE_MSG_H
#define ABI_OPTEE_MSG_H

#include "abi/abi.h"

/* Types, bits 7:0 of attr */
#define OPTEE_MSG_ATTR_TYPE_NONE 0x0
#define OPTEE_MSG_ATTR_TYPE_VALUE_INPUT 0x1
#define OPTEE_MSG_ATTR_TYPE_VALUE_OUTPUT 0x2
#define OPTEE_MSG_ATTR_TYPE_VALUE_INOUT 0x3
#define OPTEE_MSG_ATTR_TYPE_RMEM_INPUT 0x5
#define OPTEE_MSG_ATTR_TYPE_RMEM_OUTPUT 0x6
#define OPTEE_MSG_ATTR_TYPE_RMEM_INOUT 0x7
#define OPTEE_MSG_ATTR_TYPE_FMEM_INPUT OPTEE_MSG_ATTR_TYPE_RMEM_INPUT
#define OPTEE_MSG_ATTR_TYPE_FMEM_OUTPUT OPTEE_MSG_ATTR_TYPE_RMEM_OUTPUT
#define OPTEE_MSG_ATTR_TYPE_FMEM_INOUT OPTEE_MSG_ATTR_TYPE_RMEM_INOUT
#define OPTEE_MSG_ATTR_TYPE_TMEM_INPUT 0x9
#define OPTEE_MSG_ATTR_TYPE_TMEM_OUTPUT 0xa
#define OPTEE_MSG_ATTR_TYPE_TMEM_INOUT 0xb
#define OPTEE_MSG_ATTR_TYPE_MASK 0xff

/* Set on the first two parameters of OPEN_SESSION, never handed to the TA */
#define OPTEE_MSG_ATTR_META (1 << 8)
/* TMEM only: buf_ptr is the physical address of a page list */
#define OPTEE_MSG_ATTR_NONCONTIG (1 << 9)

/* A page list counts 4 KiB whatever the page size of the host */
#define OPTEE_MSG_NONCONTIG_PAGE_SIZE 4096
#define OPTEE_MSG_PAGES_PER_LIST 511

struct optee_msg_page_list {
	__u64 pages[OPTEE_MSG_PAGES_PER_LIST];
	__u64 next;
};
ABI_SIZE(struct optee_msg_page_list, 4096, "optee_msg: NONCONTIG page list");

struct optee_msg_param_tmem {
	__u64 buf_ptr;
	__u64 size;
	__u64 shm_ref;
};

struct optee_msg_param_rmem {
	__u64 offs;
	__u64 size;
	__u64 shm_ref;
};

struct optee_msg_param_fmem {
	__u32 offs_low;
	__u16 offs_high;
	__u16 internal_offs;
	__u64 size;
	__u64 global_id;
};

struct optee_msg_param_value {
	__u64 a;
	__u64 b;
	__u64 c;
};

struct optee_msg_param {
	__u64 attr;
	union {
		struct optee_msg_param_tmem tmem;
		struct optee_msg_param_rmem rmem;
		struct optee_msg_param_fmem fmem;
		struct optee_msg_param_value value;
		__u8 octets[24];
	} u;
};
ABI_SIZE(struct optee_msg_param, 32, "optee_msg_param");

struct optee_msg_arg {
	__u32 cmd;
	__u32 func;
	__u32 session;
	__u32 cancel_id;
	__u32 pad;
	__u32 ret;
	__u32 ret_origin;
	__u32 num_params;
	struct optee_msg_param params[];
};
ABI_SIZE(struct optee_msg_arg, 32, "optee_msg_arg");
ABI_OFFSET(struct optee_msg_arg, num_params, 28, "optee_msg_arg");

#define OPTEE_MSG_GET_ARG_SIZE(num_params) \
	(sizeof(struct optee_msg_arg) + sizeof(struct optee_msg_param) * (num_params))

/* What fits one 4 KiB page */
#define OPTEE_MSG_MAX_NUM_PARAMS 127

#define OPTEE_MSG_CMD_OPEN_SESSION 0
#define OPTEE_MSG_CMD_INVOKE_COMMAND 1
#define OPTEE_MSG_CMD_CLOSE_SESSION 2
#define OPTEE_MSG_CMD_CANCEL 3
#define OPTEE_MSG_CMD_REGISTER_SHM 4
#define OPTEE_MSG_CMD_UNREGISTER_SHM 5
#define OPTEE_MSG_CMD_DO_BOTTOM_HALF 6
#define OPTEE_MSG_CMD_STOP_ASYNC_NOTIF 7
#define OPTEE_MSG_CMD_LEND_PROTMEM 8
#define OPTEE_MSG_CMD_RECLAIM_PROTMEM 9
#define OPTEE_MSG_CMD_GET_PROTMEM_CONFIG 10
#define OPTEE_MSG_CMD_ASSIGN_PROTMEM 11

#define OPTEE_MSG_LOGIN_PUBLIC 0x00000000
#define OPTEE_MSG_LOGIN_USER 0x00000001
#define OPTEE_MSG_LOGIN_GROUP 0x00000002
#define OPTEE_MSG_LOGIN_APPLICATION 0x00000004
#define OPTEE_MSG_LOGIN_APPLICATION_USER 0x00000005
#define OPTEE_MSG_LOGIN_APPLICATION_GROUP 0x00000006
#define OPTEE_MSG_LOGIN_REE_KERNEL 0x80000000
#define OPTEE_MSG_LOGIN_TRUSTED_APP 0xF0000000

/* 384fb3e0-e7f8-11e3-af63-0002a5d5c51b */
#define OPTEE_MSG_UID_0 0x384fb3e0u
#define OPTEE_MSG_UID_1 0xe7f811e3u
#define OPTEE_MSG_UID_2 0xaf630002u
#define OPTEE_MSG_UID_3 0xa5d5c51bu

#define OPTEE_MSG_REVISION_MAJOR 2
#define OPTEE_MSG_REVISION_MINOR 0

/* 486178e0-e7f8-11e3-bc5e-0002a5d5c51b */
#define OPTEE_MSG_OS_OPTEE_UUID_0 0x486178e0u
#define OPTEE_MSG_OS_OPTEE_UUID_1 0xe7f811e3u
#define OPTEE_MSG_OS_OPTEE_UUID_2 0xbc5e0002u
#define OPTEE_MSG_OS_OPTEE_UUID_3 0xa5d5c51bu

#endif /* ABI_OPTEE_MSG_H */
