/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The wire between the SoC (in swteed) and a secure world process
 *
 * The world inherits two SOCK_SEQPACKET sockets: the control socket as
 * descriptor WORLD_FD_CONTROL and the memory socket as WORLD_FD_MEMORY.
 *
 * Control: the SoC sends WORLD_START once (with the RAM descriptor), then
 * WORLD_CPU_ADD (with a lane descriptor) for every CPU. The world answers
 * WORLD_STARTED once. A CPU is one lane; its data area holds one struct
 * smc_regs: registers in, registers out. There is one world thread per CPU.
 * Hang-up of the control socket ends the world.
 *
 * Memory: the world asks about a physical address, one request at a time; the SoC
 * answers with the region that holds it, if the firewall lets this world see it.
 * WORLD_LOOK asks where the region is, WORLD_MAP for its file too: most buffers
 * are registered long before they are used, and many never are. Regions have
 * stable, never reused addresses within a run, so a mapping may be cached until the
 * world is done with it.
 */
#ifndef ABI_WORLD_H
#define ABI_WORLD_H

#include "abi/abi.h"
#include "abi/smccc.h"

#define WORLD_FD_CONTROL 3
#define WORLD_FD_MEMORY 4

#define WORLD_START 1
#define WORLD_CPU_ADD 2
#define WORLD_STARTED 3

struct world_start {
	__u32 type;		/* WORLD_START */
	__u32 epoch;		/* 1 for the first world of a SoC, then counting */
	__u32 num_threads;	/* secure threads (CFG_NUM_THREADS) */
	__u32 log_level;
	__u64 ram_pa;		/* physical address and size of the RAM whose */
	__u64 ram_size;		/* descriptor is attached */
	__u64 protected_pa;	/* the carve-out that is this world's, by WORLD_MAP; */
	__u64 protected_size;	/* 0: none */
};
ABI_SIZE(struct world_start, 48, "world_start");

/* WORLD_CPU_ADD and WORLD_STARTED are just this */
struct world_msg {
	__u32 type;
	__s32 error;
};

#define WORLD_MAP 1
#define WORLD_LOOK 2

struct world_map_req {
	__u32 type;	/* WORLD_MAP or WORLD_LOOK */
	__u32 pad;
	__u64 pa;
};

/*
 * The descriptor is attached when error is 0 and the request was WORLD_MAP; it is
 * sealed against shrinking.
 */
struct world_map_rep {
	__s32 error;	/* 0, -EFAULT: nothing there, -EACCES: firewall */
	__u32 flags;
	__u64 pa;	/* first byte of the region */
	__u64 size;
	__u64 fd_offset; /* of the region in the attached file */
};

/*
 * The region is the whole of its file and belongs to one buffer: the file may
 * be handed on to a TA host. Without it the file holds other buffers too.
 */
#define WORLD_MAP_DEDICATED 0x1
/* The carve-out: memory that the normal world cannot reach, whatever it says of it */
#define WORLD_MAP_PROTECTED 0x2

#endif /* ABI_WORLD_H */
