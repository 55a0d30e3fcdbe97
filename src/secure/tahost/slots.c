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

int slot_map(uint32_t number, int fd, uint64_t offset, uint64_t size, bool write)
{
	struct slot *slot = slot_get(number);
	void *addr;
	int r;

	if (!slot || size == 0 || size > SIZE_MAX / 2 || offset > SIZE_MAX / 2)
		return -EINVAL;
	if (slot->addr)
		return -EBUSY;
	r = memfd_check_sealed(fd, (size_t)(offset + size));
	if (r < 0)
		return r;
	r = memfd_map(fd, (size_t)offset, (size_t)size, write ? PROT_READ | PROT_WRITE : PROT_READ,
		      &addr);
	if (r < 0)
		return r;
	*slot = (struct slot){ .addr = addr, .size = (size_t)size, .write = write };
	if (number >= n_slots)
		n_slots = number + 1;
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

	if (!slot || !slot->addr)
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
