/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The OP-TEE world: a trusted OS that speaks OPTEE_SMC and OPTEE_MSG
 *
 * An SMC comes in on a CPU (secure/common/cpu.h). Fast calls are answered there
 * (entry_fast.c). A yielding call gets a secure thread (thread.c), decodes the
 * message (entry_std.c), and acts on shared memory (mobj.c) or on a session
 * (session.c). A session belongs to an instance (ta_manager.c) of a pseudo TA
 * (pta.c) or of a TA in a host process (user_ta.c). What TAs keep goes to files of the
 * normal world (storage.h).
 *
 * Everything that comes from the normal world or from a TA host is hostile.
 *
 * Two kinds of locks. Tables are guarded by pthread mutexes, held for a moment and
 * never over an RPC, a call to a TA host, or the SoC's answer. What a call may wait
 * for is a secure lock (sync.h), which sleeps in the normal world. Order: session,
 * load lock, single-instance lock, instance, storage; then the manager's mutex, that
 * of a host's slots, those of tables.
 */
#ifndef SECURE_OPTEE_WORLD_H
#define SECURE_OPTEE_WORLD_H

#include <stdbool.h>
#include <stdint.h>

#include "secure/common/cpu.h"
#include "secure/common/memory.h"
#include "secure/common/ta_template.h"
#include "secure/optee/mobj.h"
#include "secure/optee/pta.h"
#include "secure/optee/session.h"
#include "secure/optee/storage.h"
#include "secure/optee/ta_manager.h"
#include "secure/optee/ta_time.h"
#include "secure/optee/thread.h"

/* Sessions that one epoch can number; the epoch stands in the bits above. */
#define WORLD_SESSION_BITS 20

struct optee_world {
	int control_fd;
	int epoll_fd;
	struct mem *mem;
	struct shm_table shm;
	struct session_table sessions;
	struct ta_manager tas;
	struct ta_template template;
	struct ta_time_table times;
	struct storage storage;
	struct pta_tests tests;
	uint64_t protected_pa;	/* the carve-out that is ours; size 0: none */
	uint64_t protected_size;
	struct thread_pool threads;
	struct cpu_set cpus;
};

/* Is @pa an address of the carve-out? */
static inline bool optee_world_has_protected(const struct optee_world *world, uint64_t pa)
{
	return pa >= world->protected_pa && pa - world->protected_pa < world->protected_size;
}

struct optee_world_config {
	int control_fd;		/* as in abi/world.h */
	int memory_fd;
	const char *tahost;	/* path of the program; outlives the world */
	const char *state_dir;	/* the world's own (huk.h); NULL: nothing outlives it */
};

/*
 * Wait for WORLD_START, get ready, say so. Both descriptors become the world's,
 * on failure too. Negative errno after telling why; the SoC was told, too.
 */
int optee_world_new(const struct optee_world_config *config, struct optee_world **ret_world);

/*
 * Serve until the SoC hangs up. 0, or -EPROTO when it does not keep to the
 * protocol. In the thread that made the world: it is the parent of the TA hosts.
 */
int optee_world_run(struct optee_world *world);

/*
 * After optee_world_run(), when every CPU's lane is closed and no call is under
 * way. Accepts NULL. A process that ends can do without.
 */
struct optee_world *optee_world_free(struct optee_world *world);

/* entry_fast.c: the handler of every SMC; @data is the world */
void optee_world_smc(void *data, struct cpu *cpu, const struct smc_regs *in,
		     struct smc_regs *out);

/* entry_std.c: the call in @thread->regs, to its end, on the thread's fiber */
void entry_std(struct thread *thread);

#endif /* SECURE_OPTEE_WORLD_H */
