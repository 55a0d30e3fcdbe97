/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A trusted application in a host process (abi/tahost.h)
 *
 * The host is hostile: its answers are read once and checked, and what it does
 * wrong ends it. A host that ended in whatever way is dead: every entry point then
 * answers TARGET_DEAD.
 *
 * Who calls an entry point holds the instance's lock. Functions that return
 * uint32_t return a TEE result; @origin says who it is from.
 */
#ifndef SECURE_OPTEE_USER_TA_H
#define SECURE_OPTEE_USER_TA_H

#include <stdbool.h>
#include <stdint.h>

struct optee_world;
struct session;
struct ta_params;
struct thread;
struct user_ta;

/* Numbers below are other sources of events for the main thread. */
#define FIRST_HOST_SERIAL 16u

/*
 * Have a host started for the image in @image_fd, which stays the caller's. Its
 * death is noticed from user_ta_watch() on, which is due before the first call.
 * OUT_OF_MEMORY; GENERIC when there is no template.
 */
uint32_t user_ta_new(struct optee_world *world, const uint8_t uuid[16], uint64_t serial,
		     int image_fd, struct user_ta **ret_ta);
void user_ta_watch(struct optee_world *world, struct user_ta *ta);
/* A host that still runs ends. Accepts NULL. */
void user_ta_free(struct optee_world *world, struct user_ta *ta);

/* @ret_flags: TA_FLAG_*, checked. The origin of failures is the TEE. */
uint32_t user_ta_load(struct thread *thread, struct user_ta *ta, uint32_t *ret_flags);

uint32_t user_ta_create(struct thread *thread, struct user_ta *ta, struct session *session,
			uint32_t *origin);
uint32_t user_ta_open(struct thread *thread, struct user_ta *ta, struct session *session,
		      struct ta_params *params, uint32_t *origin);
uint32_t user_ta_invoke(struct thread *thread, struct user_ta *ta, struct session *session,
			uint32_t cmd, struct ta_params *params, uint32_t *origin);
void user_ta_close(struct thread *thread, struct user_ta *ta, struct session *session);
/* The end of a TA that was created; afterwards it is dead, silently. */
void user_ta_destroy(struct thread *thread, struct user_ta *ta);

/* Memory objects that went: mark from any thread, drop with the instance's lock. */
void user_ta_mark_stale(struct user_ta *ta, uint64_t mobj_serial);
bool user_ta_has_stale(const struct user_ta *ta);
void user_ta_drop_stale(struct thread *thread, struct user_ta *ta);

/* Any thread */
uint64_t user_ta_serial(const struct user_ta *ta);
bool user_ta_is_dead(const struct user_ta *ta);
/* Its socket hung up. The main thread. */
void user_ta_host_died(struct optee_world *world, struct user_ta *ta);

#endif /* SECURE_OPTEE_USER_TA_H */
