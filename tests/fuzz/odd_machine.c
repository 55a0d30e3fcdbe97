/* SPDX-License-Identifier: BSD-2-Clause */
#include "odd_machine.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include "abi/optee_msg.h"
#include "abi/world.h"
#include "base/fdsock.h"
#include "base/memfd.h"

#define REGION_PA 0x80000000ull
#define REGION_STRIDE 0x10000000ull

struct region {
	uint64_t n_pages;
	bool dedicated;
	bool forbidden;
	bool touched;		/* by this input */
	int fd;
	uint8_t *va;
};

static struct {
	struct fuzz_in *in;
	int control_fd, memory_fd;	/* ours */
	int world_memory_fd;
	int ram_fd;
	uint8_t *ram;
	struct region regions[8];
} m = {
	.control_fd = -1,
	.memory_fd = -1,
	.world_memory_fd = -1,
	.regions = {
		{ .n_pages = 1 },
		{ .n_pages = 1, .dedicated = true },
		{ .n_pages = 2 },
		{ .n_pages = 4, .dedicated = true },
		{ .n_pages = 16 },
		{ .n_pages = 64, .dedicated = true },
		{ .n_pages = 600, .dedicated = true },
		{ .n_pages = 4, .forbidden = true },
	},
};

#define N_REGIONS (sizeof(m.regions) / sizeof(m.regions[0]))

static void make_file(const char *name, size_t size, int *ret_fd, uint8_t **ret_va)
{
	void *va;

	FUZZ_CHECK(memfd_new_sealed(name, size, ret_fd) == 0);
	FUZZ_CHECK(memfd_map(*ret_fd, 0, size, PROT_READ | PROT_WRITE, &va) == 0);
	*ret_va = va;
}

void odd_machine_init(void)
{
	make_file("ram", MACHINE_RAM_PAGES * MACHINE_PAGE, &m.ram_fd, &m.ram);
	for (size_t i = 0; i < N_REGIONS; i++)
		make_file("region", m.regions[i].n_pages * MACHINE_PAGE, &m.regions[i].fd,
			  &m.regions[i].va);
}

/* --- memory --- */

static uint64_t region_pa(size_t i)
{
	return REGION_PA + i * REGION_STRIDE;
}

static struct region *region_at(uint64_t pa, uint64_t *ret_offset)
{
	uint64_t i = (pa - REGION_PA) / REGION_STRIDE;

	if (pa < REGION_PA || i >= N_REGIONS ||
	    pa - region_pa(i) >= m.regions[i].n_pages * MACHINE_PAGE)
		return NULL;
	*ret_offset = pa - region_pa(i);
	return &m.regions[i];
}

void *odd_machine_va(uint64_t pa, size_t size)
{
	uint64_t ram_size = MACHINE_RAM_PAGES * MACHINE_PAGE;
	struct region *region;
	uint64_t offset;

	if (pa >= MACHINE_RAM_PA && pa - MACHINE_RAM_PA <= ram_size &&
	    size <= ram_size - (pa - MACHINE_RAM_PA))
		return m.ram + (pa - MACHINE_RAM_PA);
	region = region_at(pa, &offset);
	if (!region || size > region->n_pages * MACHINE_PAGE - offset)
		return NULL;
	region->touched = true;
	return region->va + offset;
}

uint64_t odd_machine_pick_page(struct fuzz_in *in)
{
	uint8_t code = fuzz_u8(in);

	if (code < 0x60)
		return MACHINE_RAM_PA + code % MACHINE_RAM_PAGES * MACHINE_PAGE;
	if (code < 0xe0)
		return region_pa(code % N_REGIONS);
	if (code < 0xf0)
		return region_pa(code % N_REGIONS) + (uint64_t)fuzz_u8(in) * MACHINE_PAGE;
	return fuzz_number(in) * (code & 1 ? MACHINE_PAGE : 1);
}

/* A list of more than a page goes on in the next pages of RAM. */
uint64_t odd_machine_page_list(struct fuzz_in *in, uint32_t list_page, uint64_t offset,
			       uint64_t size)
{
	uint64_t n_pages = (offset + size + MACHINE_PAGE - 1) / MACHINE_PAGE;
	uint64_t list_pa = MACHINE_RAM_PA + list_page * MACHINE_PAGE;
	struct optee_msg_page_list *list = odd_machine_va(list_pa, sizeof(*list));
	uint64_t pa = odd_machine_pick_page(in);
	uint64_t break_at = fuzz_u8(in);

	for (uint64_t n = 0, slot = 0; list && n < n_pages && n < 2048; n++, slot++) {
		if (slot == OPTEE_MSG_PAGES_PER_LIST) {
			list_page++;
			list->next = MACHINE_RAM_PA + list_page * MACHINE_PAGE;
			list = odd_machine_va(list->next, sizeof(*list));
			slot = 0;
			if (!list)
				break;
		}
		if (n && n == break_at)
			pa = odd_machine_pick_page(in);
		list->pages[slot] = pa;
		pa += MACHINE_PAGE;
	}
	return list_pa | (offset & (MACHINE_PAGE - 1));
}

/* --- the memory socket --- */

int __wrap_fdsock_send(int sock, const void *buf, size_t len, const int *fds, size_t n_fds);
int __real_fdsock_send(int sock, const void *buf, size_t len, const int *fds, size_t n_fds);

static void answer(void)
{
	struct world_map_rep rep = { .error = -EFAULT };
	struct world_map_req req;
	struct region *region;
	uint64_t offset;
	size_t n_fds = 0;
	uint8_t odd;

	FUZZ_CHECK(fdsock_recv(m.memory_fd, &req, sizeof(req), NULL, 0, NULL, NULL, 0) ==
		   sizeof(req));
	FUZZ_CHECK(req.type == WORLD_MAP || req.type == WORLD_LOOK);
	region = region_at(req.pa, &offset);
	if (region && region->forbidden)
		rep.error = -EACCES;
	if (region && !region->forbidden) {
		rep.error = 0;
		rep.flags = region->dedicated ? WORLD_MAP_DEDICATED : 0;
		rep.pa = req.pa - offset;
		rep.size = region->n_pages * MACHINE_PAGE;
		region->touched = true;
		n_fds = req.type == WORLD_MAP;
	}
	odd = fuzz_u8(m.in);
	if (odd >= 0xf8) {
		__u64 *fields[] = { &rep.pa, &rep.size, &rep.fd_offset };

		if (odd == 0xff)
			n_fds = 0;
		else if (odd == 0xfe)
			rep.error = (int32_t)fuzz_number(m.in);
		else
			*fields[odd % 3] = fuzz_number(m.in) * (odd & 1 ? MACHINE_PAGE : 1);
	}
	FUZZ_CHECK(__real_fdsock_send(m.memory_fd, &rep, sizeof(rep),
				      n_fds ? &region->fd : NULL, n_fds) == 0);
}

int __wrap_fdsock_send(int sock, const void *buf, size_t len, const int *fds, size_t n_fds)
{
	int r = __real_fdsock_send(sock, buf, len, fds, n_fds);

	if (r == 0 && sock == m.world_memory_fd)
		answer();
	return r;
}

/* --- start and end --- */

void odd_machine_start(struct fuzz_in *in, uint32_t n_threads, int *ret_control, int *ret_memory)
{
	struct world_start start = {
		.type = WORLD_START,
		.epoch = 1 + fuzz_u8(in) % 3,
		.num_threads = n_threads,
		.log_level = 3,
		.ram_pa = MACHINE_RAM_PA,
		.ram_size = MACHINE_RAM_PAGES * MACHINE_PAGE,
	};
	int pair[2];

	m.in = in;
	memset(m.ram, 0, MACHINE_RAM_PAGES * MACHINE_PAGE);
	FUZZ_CHECK(fdsock_pair(pair) == 0);
	m.control_fd = pair[0];
	*ret_control = pair[1];
	FUZZ_CHECK(fdsock_pair(pair) == 0);
	m.memory_fd = pair[0];
	*ret_memory = pair[1];
	m.world_memory_fd = pair[1];
	FUZZ_CHECK(__real_fdsock_send(m.control_fd, &start, sizeof(start), &m.ram_fd, 1) == 0);
}

void odd_machine_end(void)
{
	close(m.control_fd);
	close(m.memory_fd);
	m.control_fd = m.memory_fd = m.world_memory_fd = -1;
	for (size_t i = 0; i < N_REGIONS; i++) {
		struct region *region = &m.regions[i];

		if (region->touched)
			memset(region->va, 0, region->n_pages * MACHINE_PAGE);
		region->touched = false;
	}
}
