/* SPDX-License-Identifier: BSD-2-Clause */
#include "umem.h"

static struct {
	uint8_t bytes[UMEM_SIZE];
	bool seen[UMEM_SIZE];
	bool any_seen;
	struct fuzz_in *in;
	bool change;
	long fault_after;
} umem;

void umem_reset(struct fuzz_in *in)
{
	memset(umem.bytes, 0, sizeof(umem.bytes));
	memset(umem.seen, 0, sizeof(umem.seen));
	umem.any_seen = false;
	umem.in = in;
	umem.change = false;
	umem.fault_after = -1;
}

void umem_new_call(bool change, long fault_after)
{
	if (umem.any_seen)
		memset(umem.seen, 0, sizeof(umem.seen));
	umem.any_seen = false;
	umem.change = change;
	umem.fault_after = fault_after;
}

void *umem_at(unsigned long addr, size_t size)
{
	FUZZ_CHECK(addr >= UMEM_BASE && addr - UMEM_BASE <= UMEM_SIZE &&
		   size <= UMEM_SIZE - (addr - UMEM_BASE));
	return umem.bytes + (addr - UMEM_BASE);
}

/* How many bytes of the range, from its beginning, can be accessed */
static size_t reachable(unsigned long addr, size_t n, bool write)
{
	size_t done = 0;

	while (done < n) {
		unsigned long at = addr + done;
		unsigned long page = (at - UMEM_BASE) / UMEM_PAGE_SIZE;

		if (at < addr || at < UMEM_BASE || page >= UMEM_PAGES ||
		    page == UMEM_ABSENT_PAGE || (write && page == UMEM_RO_PAGE))
			break;
		done += UMEM_PAGE_SIZE - at % UMEM_PAGE_SIZE;
	}
	return done < n ? done : n;
}

bool umem_has(unsigned long addr, size_t size)
{
	return reachable(addr, size, false) == size;
}

static size_t take_from_budget(size_t n)
{
	if (umem.fault_after < 0)
		return n;
	if (n > (size_t)umem.fault_after)
		n = (size_t)umem.fault_after;
	umem.fault_after -= (long)n;
	return n;
}

static bool was_seen(size_t at, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		if (umem.seen[at + i])
			return true;
	}
	return false;
}

unsigned long umem_copy_from(void *data, void *to, unsigned long from, size_t n)
{
	size_t done = take_from_budget(reachable(from, n, false));
	size_t at = from - UMEM_BASE;

	if (!done)
		return n;
	if (umem.change && was_seen(at, done)) {
		size_t which = fuzz_u8(umem.in) % done;

		umem.bytes[at + which] = fuzz_u8(umem.in);
	}
	memset(umem.seen + at, true, done);
	umem.any_seen = true;
	memcpy(to, umem.bytes + at, done);
	return n - done;
}

unsigned long umem_copy_to(void *data, unsigned long to, const void *from, size_t n)
{
	size_t done = take_from_budget(reachable(to, n, true));

	if (done)
		memcpy(umem.bytes + (to - UMEM_BASE), from, done);
	return n - done;
}

const struct uaccess_ops umem_uaccess_ops = {
	.copy_from = umem_copy_from,
	.copy_to = umem_copy_to,
};
