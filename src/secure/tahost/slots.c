/* SPDX-License-Identifier: BSD-2-Clause */
#include "secure/tahost/slots.h"

#include <errno.h>
#include <sys/mman.h>

#include "abi/tahost.h"
#include "base/memfd.h"

static struct slot slots[TAHOST_MAX_SLOTS];
/* One past the highest slot that was ever mapped: what a search has to look at */
static uint32_t n_slots;

static struct slot *slot_get(uint32_t number)
{
	return number < TAHOST_MAX_SLOTS ? &slots[number] : NULL;
}

static bool piece_is_sane(const struct slot_piece *piece)
{
	return piece->size && piece->size <= SIZE_MAX / 2 && piece->offset <= SIZE_MAX / 2 &&
	       piece->total <= SIZE_MAX / 2 && piece->size <= piece->total &&
	       piece->at <= piece->total - piece->size;
}

/* Room for all pieces, so that the next ones fit behind the first */
static int slot_reserve(struct slot *slot, const struct slot_piece *piece)
{
	void *addr = mmap(NULL, (size_t)piece->total, PROT_NONE,
			  MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

	if (addr == MAP_FAILED)
		return -errno;
	*slot = (struct slot){
		.addr = addr,
		.size = (size_t)piece->total,
		.write = piece->write,
	};
	return 0;
}

int slot_map(uint32_t number, int fd, const struct slot_piece *piece)
{
	struct slot *slot = slot_get(number);
	int r;

	if (!slot || !piece_is_sane(piece))
		return -EINVAL;
	if (slot->addr && piece->at == 0)
		return -EBUSY;
	if (piece->at && (!slot->addr || piece->at != slot->mapped ||
			  piece->total != slot->size || piece->write != slot->write))
		return -EINVAL;
	r = memfd_check_sealed(fd, (size_t)(piece->offset + piece->size));
	if (r == 0 && !slot->addr)
		r = slot_reserve(slot, piece);
	if (r < 0)
		return r;
	if (number >= n_slots)
		n_slots = number + 1;
	if (mmap(slot->addr + piece->at, (size_t)piece->size,
		 piece->write ? PROT_READ | PROT_WRITE : PROT_READ, MAP_SHARED | MAP_FIXED, fd,
		 (off_t)piece->offset) == MAP_FAILED) {
		r = -errno;
		if (piece->at == 0)
			(void)slot_unmap(number);
		return r;
	}
	slot->mapped += (size_t)piece->size;
	return 0;
}

int slot_unmap(uint32_t number)
{
	struct slot *slot = slot_get(number);

	if (!slot || !slot->addr)
		return -ENOENT;
	(void)munmap(slot->addr, slot->size);
	*slot = (struct slot){ .addr = NULL };
	return 0;
}

int slot_resolve(uint32_t number, uint64_t offset, uint64_t size, bool write, void **ret_addr)
{
	struct slot *slot = slot_get(number);

	if (!slot || !slot->addr || slot->mapped < slot->size)
		return -ENOENT;
	if (write && !slot->write)
		return -EACCES;
	if (offset > slot->size || size > slot->size - offset)
		return -ERANGE;
	*ret_addr = slot->addr + offset;
	return 0;
}

bool slot_overlaps(const void *buf, size_t size)
{
	uintptr_t start = (uintptr_t)buf;

	for (uint32_t i = 0; i < n_slots; i++) {
		uintptr_t base = (uintptr_t)slots[i].addr;

		if (!base)
			continue;
		if (start >= base ? start - base < slots[i].size : base - start < size)
			return true;
	}
	return false;
}
