/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Memory that the world shares with the TA, by slot number
 *
 * A slot is a piece of a sealed memory file, or several side by side, that stays
 * mapped, read-only or read-write, until the world takes it away. Numbers, sizes and
 * offsets come from the world and are checked here. One thread.
 */
#ifndef TAHOST_SLOTS_H
#define TAHOST_SLOTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct slot {
	uint8_t *addr;		/* NULL: nothing mapped */
	size_t size;
	size_t mapped;		/* that many bytes of it, from the first on */
	bool write;
};

struct slot_piece {
	uint64_t offset;	/* in the file */
	uint64_t size;
	uint64_t at;		/* in the slot: where the piece before ends */
	uint64_t total;		/* size of the slot */
	bool write;
};

/*
 * Map @piece of @fd (stays the caller's). A slot can be used when all of it is mapped.
 * -EBUSY when the slot is taken, -EINVAL for a number, size or offset that cannot be,
 * for a piece that does not continue the slot, or a file that could shrink or is too
 * short, -ENOMEM, or what mmap() says.
 */
int slot_map(uint32_t number, int fd, const struct slot_piece *piece);

/* -ENOENT when nothing is mapped there. */
int slot_unmap(uint32_t number);

/*
 * The address of @size bytes at @offset of a slot. -ENOENT when it is not mapped as a
 * whole, -EACCES when @write is wanted and not allowed, -ERANGE when they are not all
 * inside; @offset may equal the slot's size when @size is 0.
 */
int slot_resolve(uint32_t number, uint64_t offset, uint64_t size, bool write, void **ret_addr);

/* True when one byte of the range lies in any slot. */
bool slot_overlaps(const void *buf, size_t size);

#endif /* TAHOST_SLOTS_H */
