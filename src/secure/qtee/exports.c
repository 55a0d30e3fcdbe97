/* SPDX-License-Identifier: BSD-2-Clause */
#include "secure/qtee/exports.h"

#include <errno.h>
#include <stdlib.h>

#include "secure/qtee/object.h"

#define FIRST_BUCKETS 64u

struct export {
	struct export *next;		/* in its bucket */
	struct object *object;		/* counted */
	uint32_t id;
	uint32_t refs;			/* how often the normal world has to release it */
};

int export_table_init(struct export_table *table, uint32_t max)
{
	*table = (struct export_table){
		.n_buckets = FIRST_BUCKETS,
		.last_id = QTEE_MSG_OBJECT_TEE_FIRST - 1,
		.max = max,
	};
	table->buckets = calloc(FIRST_BUCKETS, sizeof(struct export *));
	if (!table->buckets)
		return -ENOMEM;
	pthread_mutex_init(&table->lock, NULL);
	return 0;
}

void export_table_deinit(struct export_table *table)
{
	if (!table->buckets)
		return;
	for (uint32_t i = 0; i < table->n_buckets; i++) {
		while (table->buckets[i]) {
			struct export *export = table->buckets[i];

			table->buckets[i] = export->next;
			object_put(export->object);
			free(export);
		}
	}
	free(table->buckets);
	table->buckets = NULL;
	pthread_mutex_destroy(&table->lock);
}

/* --- with the lock held --- */

/* The link that leads to it, or to NULL */
static struct export **table_find(struct export_table *table, uint32_t id)
{
	struct export **p = &table->buckets[id & (table->n_buckets - 1)];

	while (*p && (*p)->id != id)
		p = &(*p)->next;
	return p;
}

/* Fails softly: a crowded table works, too. */
static void table_grow(struct export_table *table)
{
	uint32_t n = table->n_buckets * 2;
	struct export **buckets;

	if (table->n_exports < n)
		return;
	buckets = calloc(n, sizeof(struct export *));
	if (!buckets)
		return;
	for (uint32_t i = 0; i < table->n_buckets; i++) {
		while (table->buckets[i]) {
			struct export *export = table->buckets[i];
			struct export **to = &buckets[export->id & (n - 1)];

			table->buckets[i] = export->next;
			export->next = *to;
			*to = export;
		}
	}
	free(table->buckets);
	table->buckets = buckets;
	table->n_buckets = n;
}

/* There are far more ids than exports. */
static uint32_t table_next_id(struct export_table *table)
{
	do {
		if (table->last_id == QTEE_MSG_OBJECT_TEE_LAST)
			table->last_id = QTEE_MSG_OBJECT_TEE_FIRST;
		else
			table->last_id++;
	} while (*table_find(table, table->last_id));
	return table->last_id;
}

/* --- */

int export_add(struct export_table *table, struct object *object, uint32_t *ret_id)
{
	struct export *export = malloc(sizeof(*export));
	struct export **p;

	if (!export)
		return -ENOMEM;
	pthread_mutex_lock(&table->lock);
	if (table->n_exports >= table->max) {
		pthread_mutex_unlock(&table->lock);
		free(export);
		return -ENOSPC;
	}
	*export = (struct export){
		.object = object_get(object),
		.id = table_next_id(table),
		.refs = 1,
	};
	p = table_find(table, export->id);
	*p = export;
	table->n_exports++;
	table_grow(table);
	*ret_id = export->id;
	pthread_mutex_unlock(&table->lock);
	return 0;
}

struct object *export_get(struct export_table *table, uint32_t id)
{
	struct object *object = NULL;
	struct export *export;

	pthread_mutex_lock(&table->lock);
	export = *table_find(table, id);
	if (export)
		object = object_get(export->object);
	pthread_mutex_unlock(&table->lock);
	return object;
}

int export_retain(struct export_table *table, uint32_t id)
{
	struct export *export;
	int r = 0;

	pthread_mutex_lock(&table->lock);
	export = *table_find(table, id);
	if (!export)
		r = -ENOENT;
	else if (export->refs == UINT32_MAX)
		r = -EOVERFLOW;
	else
		export->refs++;
	pthread_mutex_unlock(&table->lock);
	return r;
}

int export_release(struct export_table *table, uint32_t id)
{
	struct export **p, *export;
	bool gone = false;

	pthread_mutex_lock(&table->lock);
	p = table_find(table, id);
	export = *p;
	if (export && --export->refs == 0) {
		*p = export->next;
		table->n_exports--;
		gone = true;
	}
	pthread_mutex_unlock(&table->lock);
	if (!export)
		return -ENOENT;
	/* Without the lock: what it destroys may release others. */
	if (gone) {
		object_put(export->object);
		free(export);
	}
	return 0;
}

uint32_t export_count(struct export_table *table)
{
	uint32_t n;

	pthread_mutex_lock(&table->lock);
	n = table->n_exports;
	pthread_mutex_unlock(&table->lock);
	return n;
}
