/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A secure world process, as the SoC sees it: it is started, gets CPUs and
 * memory, can die, can be started again. The other end of abi/world.h.
 *
 * A CPU is a lane that belongs to one thread of this process for as long as the
 * thread makes calls; it is made at the first SMC of a thread and reused by
 * later threads.
 */
#ifndef MACHINE_SOC_WORLD_H
#define MACHINE_SOC_WORLD_H

#include <sys/types.h>

#include "abi/smccc.h"
#include "machine/soc/memory.h"

struct soc_world;

struct soc_world_config {
	const char *name;		/* for messages */
	const char *const *argv;	/* NULL-terminated; argv[0] is the path */
	unsigned int num_threads;	/* secure threads */
	unsigned int log_level;
	bool protected_memory;		/* it owns the carve-out, if there is one */
};

/*
 * A world that is not running yet; @config is copied except for the strings,
 * which must outlive the world. @mem must, too.
 */
int soc_world_new(struct soc_mem *mem, const struct soc_world_config *config,
		  struct soc_world **ret_world);

/* Stops it first. All threads that made calls have ended. Accepts NULL. */
struct soc_world *soc_world_free(struct soc_world *world);

/*
 * Start the process and wait until it serves. 0, -EALREADY, the errno of the
 * start, -EPIPE when the process ended, -ETIMEDOUT when it did not answer.
 */
int soc_world_start(struct soc_world *world);

/*
 * End the process if it still runs; every call in flight, and every later one
 * until the next start, returns SMCCC_RET_UNKNOWN_FUNCTION. Any thread.
 */
void soc_world_stop(struct soc_world *world);

/* The control socket, for polling: it hangs up when the world dies. -1 when
 * not running. */
int soc_world_get_fd(struct soc_world *world);
pid_t soc_world_get_pid(struct soc_world *world);

/* The way in, valid for the life of @world over all restarts. */
struct smc_conduit *soc_world_get_conduit(struct soc_world *world);

#endif /* MACHINE_SOC_WORLD_H */
