/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The front wire: a client process and swteed
 *
 * An open device file is one SOCK_SEQPACKET connection to <runtime dir>/<node>
 * (`tee0`, `teepriv0`, `dma_heap/protected,secure-video`). swteed answers the
 * connection with one struct front_hello: the outcome of open(2).
 *
 * Calls do not travel over that socket: every holder of the descriptor shares
 * it. A client thread has a lane instead (machine/lane), which it gets and
 * binds to a context by a message on the context's socket; that message is the
 * proof that the sender holds the descriptor:
 *
 *   FRONT_LANE_NEW  + one descriptor, an end of a fresh socket pair ("lane
 *                   socket"). swteed answers on the lane socket with struct
 *                   front_lane_info + the lane's memory as a descriptor.
 *   FRONT_LANE_BIND token of a lane that the same process made: binds that lane
 *                   to this context too; the answer (without a descriptor)
 *                   arrives on the lane socket.
 *
 * The identity of the caller is what the kernel attaches (SCM_CREDENTIALS), not
 * what the message says. A lane ends with its socket or with its process.
 * Descriptors that an ioctl returns arrive on the lane socket, in one message: of
 * one byte for one of them, of places for several (FRONT_REPLY_FDS). All integers
 * are in host order: both ends are one machine.
 *
 * Some nodes (`qtee`, `qtee-ree`) are only the door: the hello brings a descriptor,
 * which is the open file, and the connection is over. Such an open file is an end of
 * a socket pair with the name FRONT_FILE_NAME, as are those that ioctls return.
 */
#ifndef ABI_FRONT_H
#define ABI_FRONT_H

#include "abi/abi.h"

#define FRONT_VERSION 2

/* swteed -> client, once after connect */
struct front_hello {
	__u32 version;	/* FRONT_VERSION */
	__s32 error;	/* 0 or the negative errno of open(2) */
	__u32 server_pid; /* for PR_SET_PTRACER; 0 if not visible */
	__u32 pad;
};
ABI_SIZE(struct front_hello, 16, "front_hello");

#define FRONT_LANE_NEW 1
#define FRONT_LANE_BIND 2
#define FRONT_IDENTIFY 3	/* swteed to itself, through a client's descriptor */

/* client -> swteed, on a context's socket */
struct front_msg {
	__u32 type;
	__u32 pad;
	__u64 token;	/* BIND: which lane; IDENTIFY: who asks */
};
ABI_SIZE(struct front_msg, 16, "front_msg");

/* swteed -> client, on the lane socket */
struct front_lane_info {
	__s32 error;
	__u32 slot;	/* names the context in struct front_call */
	__u64 token;
};
ABI_SIZE(struct front_lane_info, 16, "front_lane_info");

/*
 * In a lane: the ioctl. A window is a piece of the caller's memory that the
 * caller copied into the lane because it knows that the piece is readable and
 * writable; swteed reads and writes there instead of in the caller's memory.
 */
#define FRONT_MAX_WINDOWS 2
#define FRONT_DATA_SIZE (4096 + 64)

struct front_window {
	__u64 addr;	/* in the caller's address space */
	__u32 len;
	__u32 off;	/* in front_call.data */
	__u32 dirty_lo;	/* reply: bytes [lo, hi) of the window were written */
	__u32 dirty_hi;
};
ABI_SIZE(struct front_window, 24, "front_window");

/*
 * Memory that the caller registers (TEE_IOC_SHM_REGISTER) is shared in place as
 * far as the caller has replaced pages of it by pages of swteed's: FRONT_NEW_PAGES
 * in the place of an ioctl number returns a memory file of front_new_pages.n_pages
 * pages, which stays swteed's as long as the caller has a part of it mapped. The
 * ioctl then says which pages are such. Neither changes what the ioctl does; what
 * is not said there is copied. A page of a file stands for one page of the caller.
 */
#define FRONT_NEW_PAGES 1

/* At FRONT_RUNS_OFF of front_call.data */
struct front_new_pages {
	__u64 n_pages;
	__u64 first;	/* pages [first, first + n_own) are for the caller to map */
	__u64 n_own;
};
ABI_SIZE(struct front_new_pages, 24, "front_new_pages");

/* Pages of the registered range that are pages of one file, one after the other */
struct front_run {
	__u32 page;	/* 0: the one that holds the first byte */
	__u32 n_pages;
	__u64 ino;	/* of the file */
	__u64 file_page;
};
ABI_SIZE(struct front_run, 24, "front_run");

/* Name of such files, which tells their mappings from all others in a process */
#define FRONT_PAGES_NAME "swtee-user"

#define FRONT_MAX_RUNS 128

/* At FRONT_RUNS_OFF too, for TEE_IOC_SHM_REGISTER with these very words */
struct front_runs {
	__u64 addr;
	__u64 length;
	struct front_run run[FRONT_MAX_RUNS];	/* front_call.n_runs of them, ascending */
};
ABI_SIZE(struct front_runs, 16 + 24 * FRONT_MAX_RUNS, "front_runs");

#define FRONT_RUNS_OFF 64

#define FRONT_REPLY_FD 0x1	/* a descriptor follows on the lane socket;
				 * the ioctl returns its number, or stores it
				 * in its argument (DMA_HEAP_IOCTL_ALLOC) */
#define FRONT_REPLY_CLOEXEC 0x2	/* it is close-on-exec */
#define FRONT_REPLY_FDS 0x4	/* close-on-exec descriptors follow in one message,
				 * whose data is a struct front_place for each */

/* At the most: a RECEIVE or an INVOKE of /dev/qtee */
#define FRONT_MAX_FDS 15

/* Where in the caller's memory the number goes, as a __u64 */
struct front_place {
	__u64 addr;
};

struct front_call {
	/* request */
	__u32 slot;
	__u32 cmd;
	__u64 arg;
	__u32 n_windows;
	__u32 tid;	/* the calling thread: whose effective ids count */
	__u32 n_runs;	/* of SHM_REGISTER */
	__u32 pad;
	/* reply */
	__s64 ret;	/* >= 0 or a negative errno, as the kernel returns it */
	__u32 flags;
	__u32 pad2;
	struct front_window win[FRONT_MAX_WINDOWS];
	__u8 data[FRONT_DATA_SIZE];
};

/* The longest name of a node, that of a heap's directory included */
#define FRONT_NODE_NAME_MAX 39

/* Nodes of dma-heaps: <runtime dir>/dma_heap/<name>, as in /dev */
#define FRONT_HEAP_DIR "dma_heap"

/*
 * A descriptor of a dma-buf is an end of a socket pair. The other end is bound to
 * an abstract name: this, its size in hexadecimal, a colon, and what makes it
 * unique. The name is for those who hold the descriptor; swteed goes by the socket.
 */
#define FRONT_DMABUF_NAME "swtee-dma-buf:"
/*
 * What stat(2) says of a node by either door. The kernel's TEE class has a dynamic
 * major number, this is what one often sees; minors of privileged devices follow
 * those of client devices.
 */
#define FRONT_NODE_MAJOR 237
#define FRONT_NODE_PRIV_MINOR 16
/* That of dma-heaps is dynamic, too; their minor is from the inode. */
#define FRONT_HEAP_MAJOR 238
#define FRONT_HEAP_MINOR(ino) ((unsigned int)((ino) & 0xfffff))

/*
 * The name of other open files, built like that one: this, what it is (`qtee-root`,
 * `qtee-object`, `qtee-server`), a colon, and what makes it unique.
 */
#define FRONT_FILE_NAME "swtee-file:"

/* Name in the environment of the client: the runtime directory */
#define FRONT_ENV "SWTEE_RUNTIME"
#define FRONT_SYSTEM_DIR "/run/swtee"

#endif /* ABI_FRONT_H */
