/* SPDX-License-Identifier: BSD-2-Clause */
#include "secure/tahost/session.h"

#include <errno.h>
#include <stdlib.h>

#define N_BUCKETS 64u

static struct session *buckets[N_BUCKETS];

static struct session **find(uint32_t id)
{
	struct session **at = &buckets[id % N_BUCKETS];

	while (*at && (*at)->id != id)
		at = &(*at)->next;
	return at;
}

int session_add(uint32_t id, struct session **ret_session)
{
	struct session **at = find(id);

	if (*at)
		return -EEXIST;
	*at = calloc(1, sizeof(**at));
	if (!*at)
		return -ENOMEM;
	(*at)->id = id;
	*ret_session = *at;
	return 0;
}

struct session *session_lookup(uint32_t id)
{
	return *find(id);
}

void session_remove(struct session *session)
{
	struct session **at = find(session->id);

	*at = session->next;
	free(session);
}
