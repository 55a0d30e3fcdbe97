/* SPDX-License-Identifier: BSD-2-Clause */
#include "slots.h"

#include <errno.h>
#include <stdlib.h>

#include "server.h"

#define MAX_SLOTS (1u << 20)
#define FIRST_SLOTS 4u

/* Closed files that one bind forgets at most: more than it can add */
#define SWEEP 2u

/* Links are slot numbers + 1; 0 ends a chain. */
struct slot {
	struct file *file;	/* NULL: free */
	uint32_t next;		/* in the chain of its hash, or of the free ones */
};

static uint32_t *chain_of(const struct slots *slots, const struct file *file)
{
	uint64_t hash = (uintptr_t)file * 0x9e3779b97f4a7c15ull;

	return &slots->heads[(hash >> 32) & (slots->n_heads - 1)];
}

static void slot_link(struct slots *slots, uint32_t i)
{
	uint32_t *head = chain_of(slots, slots->slot[i].file);

	slots->slot[i].next = *head;
	*head = i + 1;
}

static void slot_drop(struct slots *slots, uint32_t i)
{
	struct slot *slot = &slots->slot[i];
	uint32_t *link = chain_of(slots, slot->file);

	while (*link != i + 1)
		link = &slots->slot[*link - 1].next;
	*link = slot->next;
	file_put(slot->file);
	slot->file = NULL;
	slot->next = slots->unused;
	slots->unused = i + 1;
}

static void sweep(struct slots *slots)
{
	for (uint32_t i = 0; i < SWEEP && slots->n; i++) {
		struct file *file;

		if (slots->hand >= slots->n)
			slots->hand = 0;
		file = slots->slot[slots->hand].file;
		if (file && atomic_load(&file->hung_up))
			slot_drop(slots, slots->hand);
		slots->hand++;
	}
}

static int grow(struct slots *slots)
{
	uint32_t max = slots->max ? slots->max * 2 : FIRST_SLOTS;
	struct slot *slot;
	uint32_t *heads;

	if (max > MAX_SLOTS)
		return -ENOMEM;
	heads = calloc(max, sizeof(*heads));
	if (!heads)
		return -ENOMEM;
	slot = realloc(slots->slot, max * sizeof(*slot));
	if (!slot) {
		free(heads);
		return -ENOMEM;
	}
	free(slots->heads);
	slots->slot = slot;
	slots->max = max;
	slots->heads = heads;
	slots->n_heads = max;
	/* All of them are in use: growing is the last thing that is tried. */
	for (uint32_t i = 0; i < slots->n; i++)
		slot_link(slots, i);
	return 0;
}

static int64_t slot_take(struct slots *slots)
{
	uint32_t i;
	int r;

	if (slots->unused) {
		i = slots->unused - 1;
		slots->unused = slots->slot[i].next;
		return i;
	}
	if (slots->n == slots->max) {
		r = grow(slots);
		if (r < 0)
			return r;
	}
	return slots->n++;
}

int64_t slots_bind(struct slots *slots, struct file *file)
{
	int64_t i;

	if (slots->n_heads) {
		uint32_t link = *chain_of(slots, file);

		for (; link; link = slots->slot[link - 1].next) {
			if (slots->slot[link - 1].file == file)
				return link - 1;
		}
	}
	sweep(slots);
	i = slot_take(slots);
	if (i < 0)
		return i;
	slots->slot[i].file = file_get(file);
	slot_link(slots, (uint32_t)i);
	return i;
}

struct file *slots_get(const struct slots *slots, uint32_t slot)
{
	return slot < slots->n ? slots->slot[slot].file : NULL;
}

void slots_deinit(struct slots *slots)
{
	for (uint32_t i = 0; i < slots->n; i++) {
		if (slots->slot[i].file)
			file_put(slots->slot[i].file);
	}
	free(slots->slot);
	free(slots->heads);
}

bool slots_has(const struct slots *slots, const struct file *file)
{
	uint32_t i = slots->n_heads ? *chain_of(slots, file) : 0;

	while (i && slots->slot[i - 1].file != file)
		i = slots->slot[i - 1].next;
	return i;
}
