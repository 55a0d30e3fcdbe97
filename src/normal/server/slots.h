/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The open files that a client thread may call on, by number
 *
 * A client names a file by its slot. Binding one, also one of ten thousand, and
 * calling on it take constant time. What was closed is forgotten bit by bit, a
 * few slots whenever one is bound. Not safe from several threads: the lane's lock.
 */
#ifndef SERVER_SLOTS_H
#define SERVER_SLOTS_H

#include <stdbool.h>
#include <stdint.h>

struct file;

struct slots {
	struct slot *slot;
	uint32_t n, max;
	uint32_t *heads;	/* of the chains by file; a power of two of them */
	uint32_t n_heads;
	uint32_t unused;	/* the first of the free ones + 1; 0: none */
	uint32_t hand;		/* the next one to look at for a closed file */
};

/* Zeroed memory is an empty one. Gives the files back. */
void slots_deinit(struct slots *slots);

/* The slot of @file, which is referenced if it is new there; -ENOMEM. */
int64_t slots_bind(struct slots *slots, struct file *file);

/* The file of a slot, not referenced; NULL. */
struct file *slots_get(const struct slots *slots, uint32_t slot);

/* Has @file a slot? */
bool slots_has(const struct slots *slots, const struct file *file);

#endif /* SERVER_SLOTS_H */
