/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The wire between the OP-TEE world and a TA host
 *
 * The world starts one template process, swtee-tahost, with a SOCK_SEQPACKET
 * socket as descriptor TAHOST_FD_CONTROL. TAHOST_SPAWN on it, with three
 * descriptors (lane, TA image, instance socket), makes the template fork a TA
 * host; the TA host loads the image and serves its lane. The instance socket is
 * the other end of one that the world keeps: its hang-up is the death of the
 * host, and descriptors for TAHOST_OP_MAP travel over it. The template answers
 * nothing: what goes wrong is told in the answer to TAHOST_OP_LOAD.
 *
 * In the lane: struct tahost_call. The world posts an operation; the host
 * answers TAHOST_DONE, or TAHOST_SYSCALL when the TA needs the trusted OS in
 * the middle: the world serves it, posts TAHOST_OP_SYSRET, and so on until
 * TAHOST_DONE or TAHOST_PANIC (after which the process exits). The world checks
 * whatever the host answers.
 */
#ifndef ABI_TAHOST_H
#define ABI_TAHOST_H

#include "abi/abi.h"

#define TAHOST_FD_CONTROL 3

#define TAHOST_SPAWN 1

struct tahost_spawn {
	__u32 type;		/* TAHOST_SPAWN */
	__u32 log_level;
	__u8 uuid[16];		/* RFC 4122 octets */
};
ABI_SIZE(struct tahost_spawn, 24, "tahost_spawn");

/* Operations, world to host */
#define TAHOST_OP_LOAD 1	/* load the image; answer carries ta_flags, ... */
#define TAHOST_OP_CREATE 2	/* TA_CreateEntryPoint */
#define TAHOST_OP_OPEN 3	/* TA_OpenSessionEntryPoint */
#define TAHOST_OP_INVOKE 4	/* TA_InvokeCommandEntryPoint */
#define TAHOST_OP_CLOSE 5	/* TA_CloseSessionEntryPoint */
#define TAHOST_OP_DESTROY 6	/* TA_DestroyEntryPoint, then exit */
#define TAHOST_OP_MAP 7		/* map [map.slot], or the next piece of it = the next
				 * descriptor */
#define TAHOST_OP_UNMAP 8
#define TAHOST_OP_SYSRET 9	/* the answer to TAHOST_SYSCALL */

/* Answers, host to world */
#define TAHOST_DONE 1		/* result is valid */
#define TAHOST_SYSCALL 2	/* sys is valid */
#define TAHOST_PANIC 3		/* result is the panic code */

/* Parameter types are those of GP (TEE_PARAM_TYPE_*) in 4 bits each */
#define TAHOST_NUM_PARAMS 4

/* slot of a memref that has no memory behind it (NULL) */
#define TAHOST_SLOT_NULL 0xffffffffu

/* Slots 0..TAHOST_MAX_SLOTS-1; slot 0 is the bounce window, slot 1 the window of
 * system calls, the others are shared buffers that stay mapped between calls until
 * TAHOST_OP_UNMAP. */
#define TAHOST_SLOT_BOUNCE 0u
#define TAHOST_SLOT_WINDOW 1u
#define TAHOST_FIRST_SHARED 2u
#define TAHOST_MAX_SLOTS 256

union tahost_param {
	struct {
		__u32 a;
		__u32 b;
	} value;
	struct {
		__u64 offset;	/* in the slot */
		__u64 size;	/* answer: what the TA wrote into the size */
		__u32 slot;
		__u32 pad;
	} mem;
};

/* What a TA asks of the trusted OS */
#define TAHOST_SYS_WAIT 1		/* a0 = ms -> result */
#define TAHOST_SYS_GET_REE_TIME 2	/* -> a0 = s, a1 = ms */
#define TAHOST_SYS_GET_TA_TIME 3	/* -> result, a0 = s, a1 = ms */
#define TAHOST_SYS_SET_TA_TIME 4	/* a0 = s, a1 = ms -> result */
#define TAHOST_SYS_MASK_CANCEL 5	/* a0 = 1 mask, 0 unmask -> a0 = old */
#define TAHOST_SYS_GET_CANCEL 6		/* -> a0 = flag, seen through the mask */

/*
 * What does not fit into registers goes through the window of system calls, in
 * TAHOST_SLOT_WINDOW. The host asks for one that is large enough; in the middle of
 * that request, and only there, the world posts TAHOST_OP_UNMAP and TAHOST_OP_MAP.
 * It stays, with what is in it, until it is asked for again.
 */
#define TAHOST_SYS_WINDOW 7		/* a0 = bytes -> result */
#define TAHOST_WINDOW_MAX (256u << 20)

/*
 * Persistent objects. Handles are numbers, 0 is none; identifiers of objects stand
 * at the beginning of the window, data at TAHOST_WINDOW_DATA. An unknown handle, or
 * one that lacks the access, is BAD_PARAMETERS or BAD_STATE: the TA panics.
 */
#define TAHOST_WINDOW_DATA 64u
#define TAHOST_SYS_OBJ_OPEN 8		/* a0 = storage, a1 = flags, a2 = size of the id
					 * -> result, a0 = handle */
#define TAHOST_SYS_OBJ_CREATE 9		/* the same, a3 = size of the data */
#define TAHOST_SYS_OBJ_CLOSE 10		/* a0 = handle -> result */
#define TAHOST_SYS_OBJ_DELETE 11	/* a0 = handle -> result */
#define TAHOST_SYS_OBJ_RENAME 12	/* a0 = handle, a1 = size of the id -> result */
#define TAHOST_SYS_OBJ_INFO 13		/* a0 = handle
					 * -> result, a0 = size, a1 = position, a2 = flags */
#define TAHOST_SYS_OBJ_READ 14		/* a0 = handle, a1 = size -> result, a1 = size */
#define TAHOST_SYS_OBJ_WRITE 15		/* a0 = handle, a1 = size -> result */
#define TAHOST_SYS_OBJ_TRUNCATE 16	/* a0 = handle, a1 = size -> result */
#define TAHOST_SYS_OBJ_SEEK 17		/* a0 = handle, a1 = offset (signed), a2 = whence
					 * -> result */
#define TAHOST_SYS_ENUM_ALLOC 18	/* -> result, a0 = enumerator */
#define TAHOST_SYS_ENUM_FREE 19		/* a0 = enumerator -> result */
#define TAHOST_SYS_ENUM_RESET 20	/* a0 = enumerator -> result */
#define TAHOST_SYS_ENUM_START 21	/* a0 = enumerator, a1 = storage -> result */
#define TAHOST_SYS_ENUM_NEXT 22		/* a0 = enumerator
					 * -> result, a0 = size of the id, a1 = size of the
					 * data; the id in the window */

struct tahost_sys {
	__u32 nr;
	__u32 result;
	__u64 a[4];
};

struct tahost_call {
	__u32 op;
	__u32 answer;
	__u32 result;		/* TEE_Result */
	__u32 cmd;		/* INVOKE */
	__u32 session;		/* OPEN, INVOKE, CLOSE: unique in the instance */
	__u32 param_types;
	/* OPEN: the client; login as in optee_msg.h */
	__u32 login;
	__u32 pad;
	__u8 client_uuid[16];
	union tahost_param params[TAHOST_NUM_PARAMS];
	/* MAP and UNMAP; write: 0 = read only */
	struct {
		__u32 slot;
		__u32 write;
		__u64 size;
		__u64 fd_offset;
		/* A slot of several pieces, in ascending order: total of it, and where
		 * this one is. Otherwise 0, and the same as size. */
		__u64 at;
		__u64 total;
	} map;
	/* answer to LOAD */
	struct {
		__u32 flags;	/* TA_FLAG_* of ta_head */
		__u32 stack_size;
		__u64 data_size;
	} ta;
	struct tahost_sys sys;
	char message[256];	/* answer to LOAD: why it failed, for the log */
};

#endif /* ABI_TAHOST_H */
