/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Numbers for objects: what the other side holds instead of a pointer
 *
 * Numbers start at 1 and go round, so that one that was given back is not soon
 * used again. No lock inside: the owner's guards it.
 */
#ifndef SECURE_COMMON_IDTABLE_H
#define SECURE_COMMON_IDTABLE_H

#include <stdint.h>

struct idtable {
	void **slots;		/* by number; slots[0] is never used */
	uint32_t n_slots;
	uint32_t n_used;
	uint32_t next;		/* the one given last */
	uint32_t max;		/* objects at a time */
};

/* @max: objects at a time, at least 1 and at most 2^30 */
void idtable_init(struct idtable *table, uint32_t max);
/* The objects are the owner's. */
void idtable_deinit(struct idtable *table);

/* 0, -ENOSPC when there are @max, -ENOMEM. */
int idtable_add(struct idtable *table, void *object, uint32_t *ret_id);
/* NULL when nothing has that number. */
void *idtable_get(const struct idtable *table, uint32_t id);
void *idtable_remove(struct idtable *table, uint32_t id);

#endif /* SECURE_COMMON_IDTABLE_H */
