/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The wire between the QTEE world and a Mink TA host
 *
 * The world starts one template process, swtee-minkhost, with a SOCK_SEQPACKET socket
 * as descriptor MINKHOST_FD_CONTROL. MINKHOST_SPAWN on it, with four descriptors (lane,
 * TA image, instance socket, window), makes the template fork a TA host, which serves
 * its lane. The instance socket is the other end of one that the world keeps: its
 * hang-up is the death of the host, and descriptors of mappings travel over it.
 *
 * In the lane: struct minkhost_call. The world posts LOAD once, then any number of
 * calls: CALL begins one; the host answers DONE, or REQUEST when the TA wants something
 * of the world in the middle. Then the lane is free for other calls, the host keeps the
 * stack of this one, and the world posts RESUME with the call's number and the outcome.
 * The bytes of buffers are in the window, a memory file that both map: at any offset,
 * valid until the next message.
 *
 * Both number what they show to the other. A handle of the world's is one reference,
 * which the host gives back in `released` of any answer; a handle of the host's is one
 * too, which the world gives back by a CALL of method RELEASE. Both check everything.
 */
#ifndef ABI_MINKHOST_H
#define ABI_MINKHOST_H

#include "abi/abi.h"
#include "abi/qtee_msg.h"

#define MINKHOST_FD_CONTROL 3

#define MINKHOST_SPAWN 1

struct minkhost_spawn {
	__u32 type;		/* MINKHOST_SPAWN */
	__u32 log_level;
};
ABI_SIZE(struct minkhost_spawn, 8, "minkhost_spawn");

/* A message of the normal world fits with room for the alignment of its buffers. */
#define MINKHOST_WINDOW_SIZE (QTEE_MSG_INBOUND_MAX + 4096u)

/* Operations, world to host */
#define MINKHOST_OP_LOAD 1	/* result: 0 or what IAppLoader says (6.6); app, message */
#define MINKHOST_OP_CALL 2	/* target, method, counts, args */
#define MINKHOST_OP_RESUME 3	/* call, result, outputs in args; after MAP: map */

/* Answers, host to world */
#define MINKHOST_DONE 1		/* result, outputs in args */
#define MINKHOST_REQUEST 2	/* call, request, target, method, counts, args */

/* Targets of a CALL are handles of the host, and 0: the TA itself, with these methods */
#define MINKHOST_TARGET_APP 0u
#define MINKHOST_APP_INIT 0u		/* tz_app_init() */
#define MINKHOST_APP_GET_OBJECT 1u	/* app_getAppObject(): IO credentials, OO object */
#define MINKHOST_APP_SHUTDOWN 2u	/* tz_app_shutdown() */

/* What a TA asks of the world: @target is a handle of the world */
#define MINKHOST_REQUEST_INVOKE 1u
#define MINKHOST_REQUEST_MAP 2u		/* a memory object; a descriptor comes, too */
#define MINKHOST_REQUEST_RELEASE 3u	/* only `released`, when it is full */

/* Of an object in args */
#define MINKHOST_OBJECT_NULL 0u
#define MINKHOST_OBJECT_WORLD 1u	/* a handle of the world */
#define MINKHOST_OBJECT_HOST 2u		/* a handle of the host */

struct minkhost_arg {
	__u64 a;		/* buffer: offset in the window; object: what kind */
	__u64 b;		/* buffer: size; object: handle */
};

#define MINKHOST_MAX_RELEASED 64u
#define MINKHOST_NAME_MAX 64u

struct minkhost_call {
	__u32 op;
	__u32 answer;
	__u32 call;
	__u32 request;
	__u32 target;
	__u32 method;
	__u32 counts;		/* as in abi/qtee_msg.h */
	__s32 result;
	__u32 n_released;	/* handles of the world */
	__u32 released[MINKHOST_MAX_RELEASED];
	__u32 pad;
	struct minkhost_arg args[QTEE_MSG_ARGS_MAX];
	/* RESUME after MAP; the mapping ends when its handle is given back */
	struct {
		__u64 size;
		__u64 fd_offset;
		__u32 write;	/* 0: read only */
		__u32 mapping;	/* handle of the world */
	} map;
	/* answer to LOAD */
	struct {
		char name[MINKHOST_NAME_MAX];
		__u64 stack_size;	/* of each call */
		__u64 image_size;	/* mapped */
	} app;
	char message[256];	/* answer to LOAD: why it failed, for the log */
};

#endif /* ABI_MINKHOST_H */
