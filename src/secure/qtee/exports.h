/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Ids of our objects that the normal world has
 *
 * Each time an object is sent there it gets a new id, which holds one reference until
 * the normal world releases it. Ids go round through all that there are, so that one
 * that was given back is not used again soon: who still has it finds nothing, not
 * somebody else's object.
 */
#ifndef SECURE_QTEE_EXPORTS_H
#define SECURE_QTEE_EXPORTS_H

#include <pthread.h>
#include <stddef.h>
#include <stdint.h>

struct export;
struct object;

/* Ids at a time; more are refused, so that the normal world cannot take all memory */
#define EXPORTS_MAX (1u << 18)

struct export_table {
	pthread_mutex_t lock;
	struct export **buckets;	/* by the low bits of the id */
	uint32_t n_buckets;
	uint32_t n_exports;
	uint32_t last_id;
	uint32_t max;
};

/* @max: ids at a time. 0, -ENOMEM. */
int export_table_init(struct export_table *table, uint32_t max);
/* Puts what is left. */
void export_table_deinit(struct export_table *table);

/*
 * A new id for @object, with a reference of its own. 0, -ENOSPC when there are too
 * many, -ENOMEM.
 */
int export_add(struct export_table *table, struct object *object, uint32_t *ret_id);
/* The object, with a reference for the caller; NULL when nothing has that id. */
struct object *export_get(struct export_table *table, uint32_t id);
/* The normal world has @id once more. 0, -ENOENT, -EOVERFLOW. */
int export_retain(struct export_table *table, uint32_t id);
/* ... once less; the last time the id is gone and its reference put. 0, -ENOENT. */
int export_release(struct export_table *table, uint32_t id);

uint32_t export_count(struct export_table *table);

#endif /* SECURE_QTEE_EXPORTS_H */
