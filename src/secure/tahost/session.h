/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The sessions of a TA instance
 *
 * The world gives each session a number that is unique in the instance. As many as
 * memory holds. One thread.
 */
#ifndef TAHOST_SESSION_H
#define TAHOST_SESSION_H

#include <stdint.h>

struct session {
	struct session *next;
	uint32_t id;
	uint32_t login;			/* who opened it */
	uint8_t client_uuid[16];	/* RFC 4122 octets */
	void *context;			/* the TA's own */
};

/* A new, zeroed session. -EEXIST, -ENOMEM. */
int session_add(uint32_t id, struct session **ret_session);

/* Borrowed; NULL when there is none. */
struct session *session_lookup(uint32_t id);

void session_remove(struct session *session);

#endif /* TAHOST_SESSION_H */
