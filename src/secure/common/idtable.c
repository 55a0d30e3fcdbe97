/* SPDX-License-Identifier: BSD-2-Clause */
#include "secure/common/idtable.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define FIRST_SLOTS 64u

void idtable_init(struct idtable *table, uint32_t max)
{
	*table = (struct idtable){ .max = max };
}

void idtable_deinit(struct idtable *table)
{
	free(table->slots);
	*table = (struct idtable){ .slots = NULL };
}

/* At most half full, so that a free number is near. */
static int idtable_grow(struct idtable *table)
{
	uint32_t n = table->n_slots ? table->n_slots * 2 : FIRST_SLOTS;
	void **slots = realloc(table->slots, n * sizeof(*slots));

	if (!slots)
		return -ENOMEM;
	memset(slots + table->n_slots, 0, (n - table->n_slots) * sizeof(*slots));
	table->slots = slots;
	table->n_slots = n;
	return 0;
}

int idtable_add(struct idtable *table, void *object, uint32_t *ret_id)
{
	if (table->n_used >= table->max)
		return -ENOSPC;
	if (table->n_used >= table->n_slots / 2 && idtable_grow(table) < 0)
		return -ENOMEM;
	do {
		if (++table->next >= table->n_slots)
			table->next = 1;
	} while (table->slots[table->next]);
	table->slots[table->next] = object;
	table->n_used++;
	*ret_id = table->next;
	return 0;
}

void *idtable_get(const struct idtable *table, uint32_t id)
{
	return id && id < table->n_slots ? table->slots[id] : NULL;
}

void *idtable_remove(struct idtable *table, uint32_t id)
{
	void *object = idtable_get(table, id);

	if (object) {
		table->slots[id] = NULL;
		table->n_used--;
	}
	return object;
}
