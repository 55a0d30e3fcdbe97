/* SPDX-License-Identifier: BSD-2-Clause */
#include "user.h"

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>

#include "base/log.h"

struct user {
	struct user_table *table;
	struct user *next, **prev;
	uid_t uid;
	unsigned int refs;
	uint64_t used[USER_N_SLOTS];
};

struct user_table {
	pthread_mutex_t lock;	/* guards everything */
	struct user_limits limits;
	struct user *users;
};

/* As swteed(8) calls them */
static const char *const limit_names[] = {
	[USER_CONTEXTS] = "contexts",
	[USER_THREADS] = "threads",
	[USER_SHM] = "shm",
	[USER_SHM_BYTES] = "shm_mib",
	[USER_IN_PLACE] = "in_place",
};

int user_table_new(const struct user_limits *limits, struct user_table **ret_table)
{
	struct user_table *table = calloc(1, sizeof(*table));

	if (!table)
		return -ENOMEM;
	pthread_mutex_init(&table->lock, NULL);
	table->limits = *limits;
	*ret_table = table;
	return 0;
}

struct user_table *user_table_free(struct user_table *table)
{
	if (table) {
		pthread_mutex_destroy(&table->lock);
		free(table);
	}
	return NULL;
}

int user_get(struct user_table *table, uid_t uid, struct user **ret_user)
{
	struct user *user;
	int r = 0;

	pthread_mutex_lock(&table->lock);
	for (user = table->users; user && user->uid != uid; user = user->next)
		;
	if (!user) {
		user = calloc(1, sizeof(*user));
		if (!user) {
			r = -ENOMEM;
			goto out;
		}
		user->table = table;
		user->uid = uid;
		user->next = table->users;
		user->prev = &table->users;
		if (user->next)
			user->next->prev = &user->next;
		table->users = user;
	}
	user->refs++;
	*ret_user = user;
out:
	pthread_mutex_unlock(&table->lock);
	return r;
}

static void user_put_locked(struct user *user)
{
	if (--user->refs)
		return;
	*user->prev = user->next;
	if (user->next)
		user->next->prev = user->prev;
	free(user);
}

struct user *user_put(struct user *user)
{
	if (user) {
		struct user_table *table = user->table;

		pthread_mutex_lock(&table->lock);
		user_put_locked(user);
		pthread_mutex_unlock(&table->lock);
	}
	return NULL;
}

int user_charge(struct user_charge *charge, struct user *user, enum user_slot slot, uint64_t n)
{
	struct user_table *table = user->table;
	int r = 0;

	pthread_mutex_lock(&table->lock);
	if (n > table->limits.max[slot] || user->used[slot] > table->limits.max[slot] - n) {
		r = -EDQUOT;
	} else {
		user->used[slot] += n;
		user->refs++;
		*charge = (struct user_charge){ user, slot, n };
	}
	pthread_mutex_unlock(&table->lock);
	/* What nobody could have is no sign of a limit that is too low. */
	if (r < 0 && n <= table->limits.max[slot])
		log_warn_ratelimited("user %u is at the limit '%s' of section [limits]; see "
				     "swteed(8)", (unsigned int)user->uid, limit_names[slot]);
	return r;
}

void user_charge_end(struct user_charge *charge)
{
	struct user *user = charge->user;
	struct user_table *table;

	if (!user)
		return;
	table = user->table;
	pthread_mutex_lock(&table->lock);
	user->used[charge->slot] -= charge->n;
	user_put_locked(user);
	pthread_mutex_unlock(&table->lock);
	*charge = (struct user_charge){ 0 };
}
