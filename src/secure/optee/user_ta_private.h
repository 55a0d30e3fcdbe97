/* SPDX-License-Identifier: BSD-2-Clause */
/* What the two halves of a user TA share: calls (user_ta.c), memory (user_ta_mem.c) */
#ifndef SECURE_OPTEE_USER_TA_PRIVATE_H
#define SECURE_OPTEE_USER_TA_PRIVATE_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "abi/tahost.h"
#include "base/uuid.h"
#include "secure/optee/storage.h"

struct lane;
struct session;
struct ta_params;
struct thread;

/* A memory object that the host has mapped */
struct ta_slot {
	uint64_t mobj_serial;	/* 0: free */
	uint64_t last_use;
	bool write;
	bool stale;		/* the object is gone; nobody may find it here */
};

/*
 * Memory that a host has mapped. Whoever has the instance's lock fills and empties them; the
 * mutex is for those who mark what is stale.
 */
struct user_ta_mem {
	pthread_mutex_t lock;
	struct ta_slot slots[TAHOST_MAX_SLOTS];	/* those of the windows are unused */
	uint32_t n_slots;			/* one past the highest ever used */
	uint64_t use;				/* counts calls, for last_use */
	_Atomic uint32_t n_stale;
	struct ta_window {
		uint8_t *va;			/* mapped here and in the host; or NULL */
		size_t size;
	} bounce, window;			/* of parameters; of system calls */
};

struct user_ta {
	uint64_t serial;
	uint8_t uuid[16];
	char name[UUID_STRING_LEN + 1];
	struct lane *lane;
	struct tahost_call *call;	/* its data area: shared with the host */
	int sock;
	_Atomic bool dead;
	_Atomic bool ending;		/* its death is no news */
	struct user_ta_mem mem;
	struct ta_storage storage;
};

/*
 * Post @op, whose arguments stand in ta->call, and serve the host until it is done.
 * False when the host is dead, then or now. *@result is the host's word.
 */
bool user_ta_run(struct thread *thread, struct user_ta *ta, struct session *session,
		 uint32_t op, uint32_t *result);

/* The host broke the rules, or what it needs cannot be had: end it, log why. */
void user_ta_kill(struct user_ta *ta, const char *why);

void user_ta_mem_init(struct user_ta_mem *mem);
void user_ta_mem_deinit(struct user_ta_mem *mem);

/* Where the parameters of a call are in the bounce window */
struct ta_copies {
	uint64_t offset[TAHOST_NUM_PARAMS];
	bool used[TAHOST_NUM_PARAMS];
	uint64_t room;		/* that all of them take */
};

/*
 * Make the memory of @params visible to the host and fill in ta->call->params and
 * param_types. TARGET_DEAD, OUT_OF_MEMORY.
 */
uint32_t user_ta_params_in(struct thread *thread, struct user_ta *ta,
			   const struct ta_params *params, struct ta_copies *copies);
/* After the call: outputs and sizes, from the host's answer. */
void user_ta_params_out(struct thread *thread, struct user_ta *ta, struct ta_params *params,
			const struct ta_copies *copies);

/*
 * In the middle of a system call: a window of at least @size bytes. OUT_OF_MEMORY;
 * TARGET_DEAD when the host did not play along.
 */
uint32_t user_ta_window_reserve(struct thread *thread, struct user_ta *ta, uint64_t size);
/* @size bytes at @offset of it; NULL when it is not that large. The host writes there. */
uint8_t *user_ta_window(const struct user_ta *ta, uint64_t offset, uint64_t size);
/* Nobody needs what is in it any more, of which @used bytes may be in memory. */
void user_ta_window_done(struct user_ta *ta, uint64_t used);

/*
 * System calls on persistent objects and enumerators (user_ta_storage.c). @sys is a
 * private copy; false when it is none of them.
 */
bool user_ta_storage(struct thread *thread, struct user_ta *ta, struct tahost_sys *sys);

#endif /* SECURE_OPTEE_USER_TA_PRIVATE_H */
