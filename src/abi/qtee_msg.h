/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * QTEE_MSG: the object messages between the normal world and the QTEE
 *
 * Two buffers belong to an invocation. The inbound one carries the direct
 * message: the driver writes it, the QTEE writes the results into it. The
 * outbound one carries what the QTEE asks for meanwhile: a callback message and,
 * behind it, asynchronous messages; at the end of the invocation asynchronous
 * messages only, from its first byte. Both begin at a page, are whole pages and
 * are zero before the invocation.
 *
 * Little endian, nothing packed but qtee_msg_mem_map. "Input" and "output" are
 * always seen from the one who invokes. Section numbers are those of the facts
 * on the QTEE.
 */
#ifndef ABI_QTEE_MSG_H
#define ABI_QTEE_MSG_H

#include "abi/abi.h"

/* The message is a part of the inbound buffer; more is refused (2.1). */
#define QTEE_MSG_INBOUND_MAX (4u << 20)
/* The outbound buffer has this size, always (2.1). */
#define QTEE_MSG_OUTBOUND_SIZE 4096u

/*
 * Object ids (1.1, 1.2)
 *
 * Whoever hosts an object numbers it. Bit 31 says that it is the normal world.
 * Each time an object of the normal world is sent to the QTEE it gets another
 * id, which carries one reference; each time the QTEE sends one of its own ids
 * it gives away one reference, that a RELEASE gives back.
 */
#define QTEE_MSG_OBJECT_NS_BIT 0x80000000u

#define QTEE_MSG_OBJECT_NULL 0u
/* The QTEE's only object that is known from the start; never counted */
#define QTEE_MSG_OBJECT_ROOT 1u
#define QTEE_MSG_OBJECT_TEE_FIRST 2u
#define QTEE_MSG_OBJECT_TEE_LAST 0x7fffffffu
/* The normal world's only object that is known from the start; never counted */
#define QTEE_MSG_OBJECT_PRIMORDIAL 0x80000000u
#define QTEE_MSG_OBJECT_NS_FIRST 0x80000001u
#define QTEE_MSG_OBJECT_NS_LAST 0xffffffffu

/*
 * Operations (1.4): the method in the low half, modifiers of the transport in
 * the high half. RELEASE and RETAIN have no arguments. A user's method is at
 * most QTEE_MSG_OP_USER_LAST.
 */
#define QTEE_MSG_OP_METHOD_MASK 0x0000ffffu
#define QTEE_MSG_OP_METHOD(op) ((op) & QTEE_MSG_OP_METHOD_MASK)
#define QTEE_MSG_OP_REMOTE_BUFS 0x00010000u

#define QTEE_MSG_OP_RELEASE 0xffffu
#define QTEE_MSG_OP_RETAIN 0xfffeu
#define QTEE_MSG_OP_NO_OP 0xfffdu
#define QTEE_MSG_OP_LOCAL_BIT 0x8000u
#define QTEE_MSG_OP_USER_LAST 0x3fffu

/*
 * Arguments (2.4): in args[] first the input buffers, then the output buffers,
 * the input objects and the output objects; `counts` has four bits for each.
 */
#define QTEE_MSG_ARGS_PER_KIND 15u
#define QTEE_MSG_ARGS_MAX (4u * QTEE_MSG_ARGS_PER_KIND)

#define QTEE_MSG_COUNTS_RESERVED 0xffff0000u
#define QTEE_MSG_COUNTS(ib, ob, io, oo) ((ib) | (ob) << 4 | (io) << 8 | (oo) << 12)
#define QTEE_MSG_NUM_IB(counts) ((counts) & 0xfu)
#define QTEE_MSG_NUM_OB(counts) ((counts) >> 4 & 0xfu)
#define QTEE_MSG_NUM_IO(counts) ((counts) >> 8 & 0xfu)
#define QTEE_MSG_NUM_OO(counts) ((counts) >> 12 & 0xfu)

#define QTEE_MSG_FIRST_IB(counts) 0u
#define QTEE_MSG_FIRST_OB(counts) QTEE_MSG_NUM_IB(counts)
#define QTEE_MSG_FIRST_IO(counts) (QTEE_MSG_FIRST_OB(counts) + QTEE_MSG_NUM_OB(counts))
#define QTEE_MSG_FIRST_OO(counts) (QTEE_MSG_FIRST_IO(counts) + QTEE_MSG_NUM_IO(counts))
#define QTEE_MSG_NUM_ARGS(counts) (QTEE_MSG_FIRST_OO(counts) + QTEE_MSG_NUM_OO(counts))

/* Offset from the start of the message; 8-aligned, in the payload (2.4) */
struct qtee_msg_buffer {
	__u32 offset;
	__u32 size;
};

struct qtee_msg_object {
	__u32 id;
	__u32 pad;	/* zero */
};

union qtee_msg_arg {
	struct qtee_msg_buffer b;
	struct qtee_msg_object o;
};
ABI_SIZE(union qtee_msg_arg, 8, "2.2: an argument");

/*
 * 2.2 The direct message. Of it the QTEE changes only the sizes of output
 * buffers (to what it produced, never more) and the ids of output objects, and
 * these are valid only when the result is 0.
 */
struct qtee_msg_invoke {
	__u32 cxt;	/* id of the invoked object */
	__u32 op;
	__u32 counts;
	union qtee_msg_arg args[];
};
ABI_SIZE(struct qtee_msg_invoke, 12, "2.2: direct message");
ABI_OFFSET(struct qtee_msg_invoke, args, 12, "2.2: direct message");

/*
 * 2.3 The callback message. The driver answers in place: result, and when that
 * is 0 the sizes of output buffers (shrunk) and the ids of output objects.
 */
struct qtee_msg_callback {
	__u32 result;
	__u32 cxt;	/* id of the invoked object of the normal world */
	__u32 op;
	__u32 counts;
	union qtee_msg_arg args[];
};
ABI_SIZE(struct qtee_msg_callback, 16, "2.3: callback message");
ABI_OFFSET(struct qtee_msg_callback, args, 16, "2.3: callback message");

/*
 * Payload: begins behind the arguments of either message. Buffers follow each
 * other in the order of their arguments, each at a multiple of 8, without gaps:
 * the end of the last one is where asynchronous messages begin (2.5).
 */
#define QTEE_MSG_ALIGN 8u
#define QTEE_MSG_ALIGN_UP(n) (((__u64)(n) + 7u) & ~(__u64)7u)
#define QTEE_MSG_PAYLOAD(num_args) (16u + 8u * (num_args))

ABI_ASSERT(QTEE_MSG_PAYLOAD(1) == QTEE_MSG_ALIGN_UP(sizeof(struct qtee_msg_invoke) + 8),
	   "2.3: both headers give the same start of the payload");
ABI_ASSERT(QTEE_MSG_PAYLOAD(2) == QTEE_MSG_ALIGN_UP(sizeof(struct qtee_msg_callback) + 16),
	   "2.3: both headers give the same start of the payload");

/*
 * 2.5 Asynchronous messages, QTEE to driver: packed, each at a multiple of 8. A
 * version of 0, or the end of the buffer, ends them. The driver zeroes what it
 * has read. Before the end of an invocation the QTEE overwrites or clears the
 * header of the last callback, which would be read as one.
 */
struct qtee_msg_async {
	__u32 version;
	__u32 op;
	__u32 count;	/* of what follows: ids[] for RELEASE */
	__u32 ids[];
};
ABI_SIZE(struct qtee_msg_async, 12, "2.5: asynchronous message");
ABI_OFFSET(struct qtee_msg_async, ids, 12, "2.5: asynchronous message");

#define QTEE_MSG_ASYNC_VERSION_MAJOR(version) ((version) >> 16)
#define QTEE_MSG_ASYNC_VERSION_1_0 0x00010000u
#define QTEE_MSG_ASYNC_VERSION_1_1 0x00010001u
#define QTEE_MSG_ASYNC_VERSION_1_2 0x00010002u

/* The driver drops the reference that each of the ids carries. */
#define QTEE_MSG_ASYNC_OP_RELEASE 0x0000ffffu

/* Space of a message with @count words, the padding to the next one included */
#define QTEE_MSG_ASYNC_SIZE(count) \
	QTEE_MSG_ALIGN_UP(sizeof(struct qtee_msg_async) + 4ull * (count))

/*
 * Results (3.4): 32 bits, signed; 0 is success, from USERBASE up they belong to
 * the interface, negative ones to the transport.
 */
#define QTEE_OK 0
#define QTEE_ERROR 1
#define QTEE_ERROR_INVALID 2
#define QTEE_ERROR_SIZE_IN 3
#define QTEE_ERROR_SIZE_OUT 4
#define QTEE_ERROR_MEM 5
#define QTEE_ERROR_USERBASE 10
#define QTEE_ERROR_DEFUNCT (-90)
#define QTEE_ERROR_ABORT (-91)
#define QTEE_ERROR_BADOBJ (-92)
#define QTEE_ERROR_NOSLOTS (-93)
#define QTEE_ERROR_MAXARGS (-94)
#define QTEE_ERROR_MAXDATA (-95)
#define QTEE_ERROR_UNAVAIL (-96)
#define QTEE_ERROR_KMEM (-97)
#define QTEE_ERROR_REMOTE (-98)
#define QTEE_ERROR_BUSY (-99)
#define QTEE_ERROR_AUTH (-100)
#define QTEE_ERROR_REPLAY (-101)
#define QTEE_ERROR_MAXREPLAY (-102)
#define QTEE_ERROR_TIMEOUT (-103)

/*
 * The primordial object (3.2, 7.1): what the driver itself does for the QTEE.
 * MAP_REGION: OB qtee_msg_mem_map, IO memory object, OO mapping object; the
 * region is unmapped when the mapping object is released. SLEEP: IB u32
 * milliseconds. YIELD: no arguments.
 */
#define QTEE_PRIMORDIAL_OP_MAP_REGION 0u
#define QTEE_PRIMORDIAL_OP_YIELD 1u
#define QTEE_PRIMORDIAL_OP_SLEEP 2u

#define QTEE_MSG_MEM_PERM_W 0x2u
#define QTEE_MSG_MEM_PERM_R 0x4u

struct qtee_msg_mem_map {
	__u64 paddr;	/* at a page */
	__u64 len;	/* whole pages */
	__u32 perms;
} __attribute__((packed));
ABI_SIZE(struct qtee_msg_mem_map, 20, "7.1: MAP_REGION, OB 0");
ABI_OFFSET(struct qtee_msg_mem_map, perms, 16, "7.1: MAP_REGION, OB 0");

/*
 * The root object (6.2). The driver lets no user space use the operations marked
 * K: they belong to the kernel.
 */
#define QTEE_CLIENT_ENV_OP_OPEN 0u			/* IB u32 uid; OO */
#define QTEE_CLIENT_ENV_OP_REGISTER_LEGACY 1u		/* IB credentials; OO */
#define QTEE_CLIENT_ENV_OP_REGISTER 2u			/* IO credentials; OO */
#define QTEE_CLIENT_ENV_OP_REGISTER_WITH_WHITELIST 3u	/* IB u32 uids[]; IO; OO */
#define QTEE_CLIENT_ENV_OP_NOTIFY_DOMAIN_CHANGE 4u	/* K */
#define QTEE_CLIENT_ENV_OP_REGISTER_WITH_CREDENTIALS 5u	/* IO; OO; K with NULL */
#define QTEE_CLIENT_ENV_OP_LOAD_CMNLIB_FROM_BUFFER 6u	/* IB elf */
#define QTEE_CLIENT_ENV_OP_CONFIG_TA_REGION 7u		/* IB u64 address, u32 size */
#define QTEE_CLIENT_ENV_OP_ADCI_ACCEPT 8u		/* K */
#define QTEE_CLIENT_ENV_OP_ADCI_SHUTDOWN 9u		/* K */

/* The one service that the driver itself opens (6.2, 6.4): what version is it? */
#define QTEE_UID_FEATURE_VERSIONS 2033u
#define QTEE_FEATURE_VERSIONS_OP_GET 0u			/* IB u32 id; OB u32 */
#define QTEE_FEATURE_VERSIONS_ID_QTEE 10u
#define QTEE_VERSION(major, minor, patch) ((major) << 22 | (minor) << 12 | (patch))
#define QTEE_VERSION_MAJOR(v) ((v) >> 22 & 0xffu)
#define QTEE_VERSION_MINOR(v) ((v) >> 12 & 0xffu)
#define QTEE_VERSION_PATCH(v) ((v) & 0xfffu)

/*
 * Is [offset, offset + size) a buffer that a message of @msg_size bytes with
 * @num_args arguments may have? For any values; an exact fit is one, and so is
 * an empty buffer at the very end. The check of 2.4 that both sides make, in a
 * copy of what the other one wrote.
 */
static inline int qtee_msg_buffer_ok(__u32 offset, __u32 size, __u32 num_args, __u32 msg_size)
{
	return offset % QTEE_MSG_ALIGN == 0 && offset >= QTEE_MSG_PAYLOAD(num_args) &&
	       offset <= msg_size && size <= msg_size - offset;
}

#endif /* ABI_QTEE_MSG_H */
