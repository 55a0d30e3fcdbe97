/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Users, and what each may take of what swteed has
 *
 * Processes are cheap to make: limits are those of a user id. What a client causes
 * to be made is charged to its user first and given back with the thing, whoever
 * holds that by then. All functions are safe from any thread.
 */
#ifndef SERVER_USER_H
#define SERVER_USER_H

#include <stdint.h>
#include <sys/types.h>

enum user_slot {
	USER_CONTEXTS,		/* open device files */
	USER_THREADS,		/* client threads that were seen to make calls */
	USER_SHM,		/* shared buffers */
	USER_SHM_BYTES,		/* their memory */
	USER_IN_PLACE,		/* files of memory that is shared in place */
	USER_N_SLOTS,
};

struct user_limits {
	uint64_t max[USER_N_SLOTS];
};

struct user;
struct user_table;

int user_table_new(const struct user_limits *limits, struct user_table **ret_table);
/* No user is left. Accepts and returns NULL. */
struct user_table *user_table_free(struct user_table *table);

/* A counted reference; -ENOMEM. */
int user_get(struct user_table *table, uid_t uid, struct user **ret_user);
/* Accepts and returns NULL. */
struct user *user_put(struct user *user);

/* Zeroed: nothing is charged */
struct user_charge {
	struct user *user;	/* counted */
	enum user_slot slot;
	uint64_t n;
};

/* Take @n: 0, or -EDQUOT when the user would have more than the limit. */
int user_charge(struct user_charge *charge, struct user *user, enum user_slot slot, uint64_t n);
/* Give it back; does nothing to what is not charged. */
void user_charge_end(struct user_charge *charge);

#endif /* SERVER_USER_H */
