/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What is mapped where in this process, as the kernel says (PROCMAP_QUERY, Linux
 * 6.11). No memory is allocated and nothing is remembered: a program maps, moves
 * and unmaps as it likes. Private to src/client/front.
 */
#ifndef CLIENT_FRONT_MAPS_H
#define CLIENT_FRONT_MAPS_H

#include <stdbool.h>
#include <stdint.h>

enum front_map_kind {
	FRONT_MAP_OTHER,
	FRONT_MAP_PRIVATE,	/* private anonymous, readable and writable, no stack */
	FRONT_MAP_SHARED,	/* pages of a file of FRONT_PAGES_NAME */
};

struct front_map {
	uintptr_t start;
	uintptr_t end;
	enum front_map_kind kind;
	int prot;		/* PROT_READ, PROT_WRITE; of SHARED */
	uint64_t ino;		/* of SHARED */
	uint64_t offset;	/* in the file, of the byte at start */
};

/* For front_maps_find(); to be closed. A negative errno. */
int front_maps_open(void);

/*
 * The mapping that covers @addr, or the next one above; only such that are shared
 * and of a file with @files. -ENOENT: none; -ENOTTY: a kernel that cannot tell.
 */
int front_maps_find(int maps, uintptr_t addr, bool files, struct front_map *ret_map);

#endif /* CLIENT_FRONT_MAPS_H */
