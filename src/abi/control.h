/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The control wire: `swtee contexts` and its like, and swteed
 *
 * A SOCK_SEQPACKET connection to <runtime dir>/control, for the user of swteed and
 * for root. The client sends one struct control_request; swteed answers with one
 * struct control_reply and then, without an error, reply.size bytes of JSON in
 * messages of at most CONTROL_CHUNK, and hangs up. The JSON is described in swtee(1).
 */
#ifndef ABI_CONTROL_H
#define ABI_CONTROL_H

#include "abi/abi.h"

#define CONTROL_NODE "control"
#define CONTROL_VERSION 1

#define CONTROL_GET_CONTEXTS 1
#define CONTROL_GET_SHM 2
#define CONTROL_GET_SESSIONS 3

#define CONTROL_CHUNK 16384

struct control_request {
	__u32 version;	/* CONTROL_VERSION */
	__u32 what;	/* CONTROL_GET_... */
};
ABI_SIZE(struct control_request, 8, "control_request");

struct control_reply {
	__u32 version;
	__s32 error;	/* 0; -EPERM, -EPROTO no request of this version, -ENOMEM,
			 * -ESHUTDOWN swteed ends, -EBUSY displaced by newer connections */
	__u64 size;
};
ABI_SIZE(struct control_reply, 16, "control_reply");

#endif /* ABI_CONTROL_H */
