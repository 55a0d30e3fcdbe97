/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The machine and the driver around an OP-TEE world, for tests
 *
 * The world runs in this process; the rig plays the SoC on its sockets, with the
 * real physical address space, and a driver that serves RPCs. A test can also make
 * single SMCs and decide itself when, and on which CPU, an RPC is answered.
 */
#ifndef OPTEE_WORLD_RIG_H
#define OPTEE_WORLD_RIG_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "abi/optee_msg.h"
#include "abi/smccc.h"
#include "machine/soc/memory.h"

#define RIG_THREADS 3u
#define RIG_CPUS 4u
#define RIG_RAM_SIZE ((size_t)4 << 20)
#define RIG_PROTECTED_SIZE ((size_t)1 << 20)
#define RIG_MAX_NOTIF 64u

struct lane;
struct optee_world;

struct rig {
	struct soc_mem *mem;
	uint64_t protected_pa;
	struct optee_world *_Atomic world;
	_Atomic pid_t template_pid;		/* the first process that forks TA hosts */
	int control_fd, memory_fd;
	pthread_t run_thread, memory_thread;
	int run_result;
	struct lane *cpus[RIG_CPUS];
	_Atomic unsigned int n_map_requests;

	/* What the driver serves */
	pthread_mutex_t lock;
	pthread_cond_t notified;
	bool notif[RIG_MAX_NOTIF];
	_Atomic unsigned int n_waits, n_sends, n_suspends, n_loads, n_allocs, n_frees;
	const uint8_t *image;		/* of image_uuid; NULL: there is none */
	size_t image_size;
	size_t image_claimed;		/* what a size query answers; 0: image_size */
	uint8_t image_uuid[16];
	struct soc_region *lent;	/* by SHM_ALLOC or RPC_ALLOC, one at a time */
	struct soc_region *lent_list;
	bool refuse_alloc;
	enum rig_lie {
		RIG_HONEST,
		RIG_LIE_SIZE,		/* less than asked for */
		RIG_LIE_ATTR,		/* no memory at all */
		RIG_LIE_LIST,		/* a page that is nowhere */
		RIG_LIE_CONTIGUOUS,	/* more than a page in one piece */
		RIG_LIE_IMAGE,		/* more read than there was room for */
	} lie;
};

/* A message in a page of RAM */
struct rig_arg {
	struct soc_region *region;
	struct optee_msg_arg *msg;
	struct optee_msg_arg *rpc;	/* behind it; see rig_arg_prepare() */
};

/* A buffer that the world knows */
struct rig_shm {
	struct soc_region *region;
	uint8_t *va;			/* first byte */
	size_t size;
	uint64_t cookie;
};

void rig_start(struct rig *rig, uint32_t epoch);
void rig_stop(struct rig *rig);

/* One SMC; a[0] of the answer. */
uint32_t rig_smc(struct rig *rig, unsigned int cpu, const struct smc_regs *in,
		 struct smc_regs *out);
uint32_t rig_fast(struct rig *rig, uint32_t func, struct smc_regs *out);

void rig_arg_new(struct rig *rig, struct rig_arg *arg);
void rig_arg_free(struct rig_arg *arg);
/* Zeroed, with @n parameters; the RPC message behind it. */
void rig_arg_prepare(struct rig_arg *arg, uint32_t cmd, uint32_t n);
/* Registers of CALL_WITH_RPC_ARG */
struct smc_regs rig_arg_regs(const struct rig_arg *arg);

/* Answer the RPC in @out as a driver does; @in becomes RETURN_FROM_RPC. */
void rig_serve_rpc(struct rig *rig, struct rig_arg *arg, const struct smc_regs *out,
		   struct smc_regs *in);

/* The message to its end, on @cpu, serving RPCs. Asserts OK; msg->ret. */
uint32_t rig_call(struct rig *rig, unsigned int cpu, struct rig_arg *arg);
/* The same from registers of any kind; a[0] of the last answer */
uint32_t rig_call_regs(struct rig *rig, unsigned int cpu, struct rig_arg *arg,
		       struct smc_regs in);

/* @region as a page list in RAM; buf_ptr for @offset into its first page */
uint64_t rig_page_list(struct rig *rig, const struct soc_region *region, size_t offset,
		       size_t size, struct soc_region **ret_list);
/* Register @size bytes from @offset of the first page. */
void rig_shm_new(struct rig *rig, struct rig_arg *arg, size_t offset, size_t size,
		 bool dedicated, uint64_t cookie, struct rig_shm *shm);
uint32_t rig_shm_unregister(struct rig *rig, struct rig_arg *arg, uint64_t cookie);
void rig_shm_free(struct rig *rig, struct rig_arg *arg, struct rig_shm *shm);

uint32_t rig_open(struct rig *rig, unsigned int cpu, struct rig_arg *arg,
		  const uint8_t uuid[16], uint32_t *ret_session);
void rig_prepare_open(struct rig_arg *arg, const uint8_t uuid[16], uint32_t n);
void rig_prepare_invoke(struct rig_arg *arg, uint32_t session, uint32_t cmd, uint32_t n);
uint32_t rig_close(struct rig *rig, struct rig_arg *arg, uint32_t session);

/* optee_world_host.c: what the program is when it is started as a TA host */
int fake_tahost_main(void);

/*
 * The image of a TA of the fake host: an ELF header that is right, then this. The
 * commands of the TA are in optee_world_host.c.
 */
struct fake_ta {
	uint32_t flags;
	uint32_t load_result;
	uint32_t create_result;
	uint32_t open_result;
};
#define FAKE_TA_OFFSET 64u
#define FAKE_TA_SIZE (FAKE_TA_OFFSET + sizeof(struct fake_ta))
void fake_ta_image(uint8_t image[FAKE_TA_SIZE], const struct fake_ta *ta);

enum fake_ta_cmd {
	FAKE_COUNT,		/* v0 out: a = calls of this instance, b = open sessions */
	FAKE_XOR,		/* m0 inout: every byte ^ 0x5a */
	FAKE_PANIC,		/* code 0x1234 */
	FAKE_EXIT,
	FAKE_BAD_ANSWER,
	FAKE_BAD_SYSCALL,
	FAKE_SHORT,		/* m0 out: SHORT_BUFFER, size 2^40 */
	FAKE_WAIT,		/* v0 in: a = ms */
	FAKE_UNMASK_AND_WAIT,	/* v0 in: a = ms */
	FAKE_REE_TIME,		/* v0 out */
	FAKE_SET_TIME,		/* v0 in */
	FAKE_GET_TIME,		/* v0 out */
	FAKE_RESULT,		/* v0 in: a = result */
	FAKE_SLOT,		/* m0; v1 out: a = its slot, b = writable; v2 out: mapped slots */
	FAKE_IDENTITY,		/* v0 out: a = login, b = first four octets of the client */
	FAKE_NULL,		/* m0: SUCCESS if it is NULL and of size 0 */
	FAKE_NEST,		/* asks for a window again instead of taking it */
};

#endif /* OPTEE_WORLD_RIG_H */
