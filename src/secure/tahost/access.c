/* SPDX-License-Identifier: BSD-2-Clause */
#include "secure/tahost/access.h"

#include <malloc.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <tee_api_defines_extensions.h>
#include <tee_api_types.h>

#include "secure/tahost/heap.h"
#include "secure/tahost/host.h"
#include "secure/tahost/image.h"
#include "secure/tahost/slots.h"

#define ACCESS_FLAGS \
	(TEE_MEMORY_ACCESS_READ | TEE_MEMORY_ACCESS_WRITE | TEE_MEMORY_ACCESS_ANY_OWNER)

static struct {
	bool sanitizer;
	uintptr_t break_start;
	const struct ta_image *image;
	uintptr_t stack_base;
} access_state;

/* One line of /proc/self/maps: address range, permissions, what it is of */
struct mapping {
	unsigned long start;
	unsigned long end;
	char perms[5];
	bool heap;
};

static bool next_mapping(FILE *maps, struct mapping *ret)
{
	char line[512];

	if (!fgets(line, sizeof(line), maps) ||
	    sscanf(line, "%lx-%lx %4s", &ret->start, &ret->end, ret->perms) != 3)
		return false;
	ret->heap = strstr(line, "[heap]");
	return true;
}

void access_init(bool sanitizer)
{
	FILE *maps = fopen("/proc/self/maps", "re");
	struct mapping mapping;

	access_state.sanitizer = sanitizer;
	/* All of malloc() between the two ends of the break, where it is recognised */
	(void)mallopt(M_MMAP_MAX, 0);
	access_state.break_start = (uintptr_t)sbrk(0);
	if (!maps)
		return;
	while (next_mapping(maps, &mapping)) {
		if (mapping.heap)
			access_state.break_start = mapping.start;
	}
	fclose(maps);
}

void access_set_ta(const struct ta_image *image, const void *stack_base)
{
	access_state.image = image;
	access_state.stack_base = (uintptr_t)stack_base;
}

/* [start, start + size) within [low, high) */
static bool within(uintptr_t start, size_t size, uintptr_t low, uintptr_t high)
{
	return start >= low && start <= high && size <= high - start;
}

static bool image_ok(uint32_t flags, uintptr_t start, size_t size)
{
	const struct ta_image *image = access_state.image;

	for (size_t i = 0; image && i < image->elf.n_regions; i++) {
		const struct elf_region *region = &image->elf.regions[i];

		if (within(start, size, region->start, region->end))
			return region->write || !(flags & TEE_MEMORY_ACCESS_WRITE);
	}
	return false;
}

static bool mapping_allows(const struct mapping *mapping, uint32_t flags)
{
	return mapping->perms[0] == 'r' &&
	       (!(flags & TEE_MEMORY_ACCESS_WRITE) || mapping->perms[1] == 'w');
}

/*
 * Under a sanitizer, where there is no sandbox: is all of it mapped like that? It may
 * lie in several mappings, which come in the order of their addresses.
 */
static bool mapped_ok(uint32_t flags, uintptr_t start, size_t size)
{
	FILE *maps = fopen("/proc/self/maps", "re");
	struct mapping mapping;

	if (!maps)
		return false;
	while (size && next_mapping(maps, &mapping)) {
		size_t covered;

		if (start < mapping.start || start >= mapping.end)
			continue;
		if (!mapping_allows(&mapping, flags))
			break;
		covered = mapping.end - start;
		size -= covered < size ? covered : size;
		start = mapping.end;
	}
	fclose(maps);
	return size == 0;
}

static bool private_ok(uint32_t flags, uintptr_t start, size_t size)
{
	uintptr_t here = (uintptr_t)__builtin_frame_address(0);

	if (within(start, size, here, access_state.stack_base))
		return true;
	if (image_ok(flags, start, size))
		return true;
	switch (heap_locate((const void *)start, size)) {
	case HEAP_INSIDE:
		return true;
	case HEAP_ASTRIDE:
		return false;
	case HEAP_OUTSIDE:
		break;
	}
	if (access_state.sanitizer)
		return mapped_ok(flags, start, size);
	return within(start, size, access_state.break_start, (uintptr_t)sbrk(0));
}

enum param_access {
	PARAM_ELSEWHERE,
	PARAM_ALLOWED,
	PARAM_DENIED,
};

/* Memory that a parameter refers to: only as a whole, and only as it is meant */
static enum param_access param_access(uint32_t flags, uintptr_t start, size_t size)
{
	const struct host_params *call = host_params();
	enum param_access found = PARAM_ELSEWHERE;

	for (size_t i = 0; i < TEE_NUM_PARAMS; i++) {
		uint32_t type = TEE_PARAM_TYPE_GET(call->types, i);
		uint32_t allowed = ACCESS_FLAGS;
		uintptr_t base;
		size_t len;

		if (type < TEE_PARAM_TYPE_MEMREF_INPUT || type > TEE_PARAM_TYPE_MEMREF_INOUT)
			continue;
		base = (uintptr_t)call->params[i].memref.buffer;
		len = call->params[i].memref.size;
		if (!base || !(start >= base ? start - base < len : base - start < size))
			continue;
		if (type == TEE_PARAM_TYPE_MEMREF_INPUT)
			allowed &= ~(uint32_t)TEE_MEMORY_ACCESS_WRITE;
		if (flags & ACCESS_FLAGS & ~allowed)
			return PARAM_DENIED;
		if (within(start, size, base, base + len))
			found = PARAM_ALLOWED;
		else if (found == PARAM_ELSEWHERE)
			found = PARAM_DENIED;
	}
	return found;
}

bool access_ok(uint32_t flags, const void *buf, size_t size)
{
	uintptr_t start = (uintptr_t)buf;

	if (size == 0)
		return true;
	if (!buf || size > UINTPTR_MAX - start)
		return false;
	switch (param_access(flags, start, size)) {
	case PARAM_ALLOWED:
		return (flags & TEE_MEMORY_ACCESS_ANY_OWNER) &&
		       !(flags & TEE_MEMORY_ACCESS_SECURE);
	case PARAM_DENIED:
		return false;
	case PARAM_ELSEWHERE:
		break;
	}
	if (slot_overlaps(buf, size))
		return false;
	if (flags & TEE_MEMORY_ACCESS_NONSECURE)
		return false;
	/* Constructors run before it is known where the image lies. */
	return !access_state.image || private_ok(flags, start, size);
}
