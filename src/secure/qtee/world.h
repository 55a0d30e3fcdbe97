/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The QTEE world: a trusted OS of objects
 *
 * An SMC comes in on a CPU (secure/common/cpu.h) and becomes a call on a fiber
 * (call.c), whose message (message.c) invokes an object: the root or a client's
 * environment (client_env.c), a service that it opened (service.h), an object of a TA
 * in a host process (app.c). Objects of the normal world are invoked through the call
 * (callback.c, ns_object.c). Ids that the normal world has stand in one table
 * (exports.c).
 *
 * Everything that comes from the normal world or from a TA host is hostile.
 *
 * Locks are pthread mutexes, held for a moment and never while a call is suspended;
 * none is taken while another is held, but where a file says so.
 */
#ifndef SECURE_QTEE_WORLD_H
#define SECURE_QTEE_WORLD_H

#include <pthread.h>
#include <stdint.h>

#include "secure/common/cpu.h"
#include "secure/common/memory.h"
#include "secure/common/ta_template.h"
#include "secure/qtee/app.h"
#include "secure/qtee/call.h"
#include "secure/qtee/exports.h"
#include "secure/qtee/ns_object.h"

struct object;

/* What the QTEE says its version is (FeatureVersions, 6.2) */
#define WORLD_QTEE_VERSION QTEE_VERSION(5, 2, 0)

/*
 * Something to be done by a call, because it may have to ask somebody. Without a call,
 * at the end of the world, it only frees.
 */
struct burial {
	struct burial *next;
	void (*perform)(struct call *call, struct burial *burial);
};

struct qtee_world {
	int control_fd;
	int epoll_fd;
	struct mem *mem;
	struct object *root;
	struct export_table exports;
	struct ns_releases releases;
	struct call_pool calls;
	struct cpu_set cpus;
	struct app_table apps;
	struct ta_template template;
	pthread_mutex_t burial_lock;
	struct burial *burials, **last_burial;
};

struct qtee_world_config {
	int control_fd;		/* as in abi/world.h */
	int memory_fd;
	const char *minkhost;	/* path of the program; outlives the world */
};

/*
 * Wait for WORLD_START, get ready, say so. Both descriptors become the world's, on
 * failure too. Negative errno after telling why; the SoC was told, too.
 */
int qtee_world_new(const struct qtee_world_config *config, struct qtee_world **ret_world);

/*
 * Serve until the SoC hangs up. 0, or -EPROTO when it does not keep to the protocol.
 * In the thread that made the world: it is the parent of the TA hosts.
 */
int qtee_world_run(struct qtee_world *world);

/*
 * After qtee_world_run(), when every CPU's lane is closed. Accepts NULL. A process that
 * ends can do without.
 */
struct qtee_world *qtee_world_free(struct qtee_world *world);

/* Have @burial performed by the next call that comes to it. Any thread. */
void world_add_burial(struct qtee_world *world, struct burial *burial);
/* On a call's fiber: perform all that there are. */
void world_bury(struct call *call);

#endif /* SECURE_QTEE_WORLD_H */
