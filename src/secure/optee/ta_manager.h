/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Instances of trusted applications
 *
 * An instance is what sessions are opened on: a pseudo TA, which is part of the
 * trusted OS and always there, or a TA in a host process, which comes with its
 * first session and goes with its last unless it asks to be kept.
 *
 * A TA that panicked is dead: its sessions answer TARGET_DEAD until they are
 * closed, and the next open gets a new instance, except where the TA wants its
 * corpse kept.
 *
 * Functions that return uint32_t return a TEE result.
 */
#ifndef SECURE_OPTEE_TA_MANAGER_H
#define SECURE_OPTEE_TA_MANAGER_H

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>

#include "secure/optee/sync.h"

struct optee_world;
struct pta;
struct session;
struct ta_params;
struct thread;
struct user_ta;

/* ta_head.flags; those that play a role here */
#define TA_FLAG_SINGLE_INSTANCE (1u << 2)
#define TA_FLAG_MULTI_SESSION (1u << 3)
#define TA_FLAG_INSTANCE_KEEP_ALIVE (1u << 4)
#define TA_FLAG_SECURE_DATA_PATH (1u << 5)
#define TA_FLAG_CONCURRENT (1u << 8)
#define TA_FLAG_DEVICE_ENUM (1u << 9)
#define TA_FLAG_DEVICE_ENUM_SUPP (1u << 10)
#define TA_FLAG_DONT_CLOSE_HANDLE_ON_CORRUPT_OBJECT (1u << 11)
#define TA_FLAG_DEVICE_ENUM_TEE_STORAGE_PRIVATE (1u << 12)
#define TA_FLAG_INSTANCE_KEEP_CRASHED (1u << 13)
#define TA_FLAGS_MASK 0x3fffu

/* Pseudo TAs that a world can have */
#define TA_MAX_PTAS 8u

struct ta_instance {
	struct ta_instance *next;	/* all with a host, oldest first */
	uint8_t uuid[16];
	uint32_t flags;
	const struct pta *pta;		/* or */
	struct user_ta *user;		/* owned */
	struct smutex lock;		/* one thread at a time, unless CONCURRENT */
	bool created;			/* with the lock: TA_CreateEntryPoint ran */
	/* guarded by the manager's mutex */
	uint32_t refs;
	uint32_t n_sessions;
	bool listed;			/* new sessions may find it */
};

struct ta_manager {
	pthread_mutex_t lock;
	struct ta_instance *instances;
	uint64_t last_serial;
	struct smutex load_lock;	/* one TA is loaded at a time */
	struct smutex single_lock;	/* one single-instance TA runs at a time */
	struct ta_instance ptas[TA_MAX_PTAS];
	unsigned int n_ptas;
};

void ta_manager_init(struct ta_manager *manager);
/* No call is under way. TAs that are left end without another word. */
void ta_manager_deinit(struct ta_manager *manager, struct optee_world *world);

/*
 * The instance on which a new session for @uuid is opened, counting it as one of
 * its sessions: ta_manager_put() ends that. ITEM_NOT_FOUND, BUSY, TARGET_DEAD, or
 * why the TA cannot be loaded.
 */
uint32_t ta_manager_get(struct thread *thread, const uint8_t uuid[16],
			struct ta_instance **ret_instance);
void ta_manager_put(struct thread *thread, struct ta_instance *instance);

/* The entry points of @session's instance; @origin: who the result is from */
uint32_t ta_instance_open(struct thread *thread, struct session *session,
			  struct ta_params *params, uint32_t *origin);
uint32_t ta_instance_invoke(struct thread *thread, struct session *session, uint32_t cmd,
			    struct ta_params *params, uint32_t *origin);
void ta_instance_close(struct thread *thread, struct session *session);

/*
 * Take a memory object that nobody uses any more away from TA hosts: at once from
 * those that do nothing, from the others at the end of what they do.
 */
void ta_manager_forget_memory(struct thread *thread, uint64_t mobj_serial);

/* The socket of host @serial hung up. The main thread. */
void ta_manager_host_died(struct ta_manager *manager, struct optee_world *world,
			  uint64_t serial);

#endif /* SECURE_OPTEE_TA_MANAGER_H */
