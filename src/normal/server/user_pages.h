/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Pages of ours that a client has in the place of its own (abi/front.h)
 *
 * A dedicated region whose file a client was given. It lives as long as a mapping of
 * the file, in whatever process, or an shm that uses its pages. Which page is mapped
 * where is the client's word: if it lies it sees other bytes than it says, and
 * nobody else does.
 */
#ifndef SERVER_USER_PAGES_H
#define SERVER_USER_PAGES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "user.h"

struct caller;
struct front_new_pages;
struct process;
struct server;
struct soc_region;

struct user_pages {
	struct server *server;
	struct process *process;	/* that it was made for; counted */
	struct user_pages *next, **prev; /* of the process; guarded by server.lock */
	unsigned int refs;		/* so is this */
	struct soc_region *region;
	uint64_t ino;
	size_t n_pages;
	size_t first, n_own;		/* pages that the client may have mapped */
	bool lent;			/* the others are an shm's; guarded by server.lock */
	struct user_charge charge;	/* the file; its memory is the client's mapping */
};

/*
 * Make pages for @caller, which is given the file. 0, -EINVAL for a request that
 * makes no sense, -ENOMEM, -EDQUOT: the client goes on without.
 */
int user_pages_new(struct server *server, struct caller *caller,
		   const struct front_new_pages *req);

/* The pages of @process with that file; one reference to the caller. NULL: unknown. */
struct user_pages *user_pages_get(struct process *process, uint64_t ino);
void user_pages_put(struct user_pages *pages);

/* Have those that no client maps to oneself: false when they are lent already. */
bool user_pages_borrow(struct user_pages *pages);
void user_pages_give_back(struct user_pages *pages);

#endif /* SERVER_USER_PAGES_H */
