/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The kernel answers with one mapping at a time, by its number, protection, inode
 * and name. The headers that we are built with may not know the question yet.
 */
#include "client/front/front_maps.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "abi/front.h"

/* include/uapi/linux/fs.h */
struct procmap_query_arg {
	uint64_t size;
	uint64_t query_flags;
	uint64_t query_addr;
	uint64_t vma_start;
	uint64_t vma_end;
	uint64_t vma_flags;
	uint64_t vma_page_size;
	uint64_t vma_offset;
	uint64_t inode;
	uint32_t dev_major;
	uint32_t dev_minor;
	uint32_t vma_name_size;
	uint32_t build_id_size;
	uint64_t vma_name_addr;
	uint64_t build_id_addr;
};
ABI_SIZE(struct procmap_query_arg, 104, "PROCMAP_QUERY");

#define PROCMAP_QUERY_IOCTL _IOWR('f', 17, struct procmap_query_arg)
#define QUERY_VMA_READABLE 0x01
#define QUERY_VMA_WRITABLE 0x02
#define QUERY_VMA_EXECUTABLE 0x04
#define QUERY_VMA_SHARED 0x08
#define QUERY_COVERING_OR_NEXT_VMA 0x10
#define QUERY_FILE_BACKED_VMA 0x20

#define ACCESS_BITS \
	(QUERY_VMA_READABLE | QUERY_VMA_WRITABLE | QUERY_VMA_EXECUTABLE | QUERY_VMA_SHARED)

/* Longer names are not ours, and no stack's. */
#define NAME_MAX_SIZE 64

static const char our_name[] = "/memfd:" FRONT_PAGES_NAME " (deleted)";
_Static_assert(sizeof(our_name) <= NAME_MAX_SIZE, "room for our name");

int front_maps_open(void)
{
	/* Not by libc, whose open(2) is a cancellation point, and may be the shim's. */
	int fd = (int)syscall(SYS_openat, AT_FDCWD, "/proc/self/maps", O_RDONLY | O_CLOEXEC);

	return fd < 0 ? -errno : fd;
}

static enum front_map_kind kind_of(const struct procmap_query_arg *query, const char *name)
{
	unsigned int access = query->vma_flags & ACCESS_BITS;

	if (query->inode && (access & QUERY_VMA_SHARED) && !strcmp(name, our_name))
		return FRONT_MAP_SHARED;
	/* Anonymous huge pages of hugetlbfs have an inode. */
	if (!query->inode && access == (QUERY_VMA_READABLE | QUERY_VMA_WRITABLE) &&
	    strcmp(name, "[stack]") != 0)
		return FRONT_MAP_PRIVATE;
	return FRONT_MAP_OTHER;
}

int front_maps_find(int maps, uintptr_t addr, bool files, struct front_map *ret_map)
{
	char name[NAME_MAX_SIZE] = "";
	struct procmap_query_arg query = {
		.size = sizeof(query),
		.query_flags = QUERY_COVERING_OR_NEXT_VMA,
		.query_addr = addr,
		.vma_name_size = sizeof(name),
		.vma_name_addr = (uintptr_t)name,
	};
	int r;

	if (files)
		query.query_flags |= QUERY_FILE_BACKED_VMA | QUERY_VMA_SHARED;
	r = (int)syscall(SYS_ioctl, maps, PROCMAP_QUERY_IOCTL, &query);
	if (r < 0 && errno == ENAMETOOLONG) {
		query.vma_name_size = 0;
		query.vma_name_addr = 0;
		r = (int)syscall(SYS_ioctl, maps, PROCMAP_QUERY_IOCTL, &query);
	}
	if (r < 0)
		return -errno;
	name[sizeof(name) - 1] = '\0';
	*ret_map = (struct front_map){
		.start = query.vma_start,
		.end = query.vma_end,
		.kind = kind_of(&query, name),
		.prot = (query.vma_flags & QUERY_VMA_READABLE ? PROT_READ : 0) |
			(query.vma_flags & QUERY_VMA_WRITABLE ? PROT_WRITE : 0),
		.ino = query.inode,
		.offset = query.vma_offset,
	};
	return 0;
}
