/* SPDX-License-Identifier: BSD-2-Clause */
#include "secure/qtee/mapping.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>

#include "secure/common/memory.h"
#include "secure/qtee/call.h"
#include "secure/qtee/ns_object.h"
#include "secure/qtee/object.h"
#include "secure/qtee/world.h"

struct mapping {
	struct object object;
	struct mem *mem;
	struct object *keeper;		/* the driver's mapping object */
	struct mem_region *region;
	uint64_t offset;		/* in the region */
	uint64_t size;
	bool write;
	uint8_t *va;			/* NULL until the bytes are wanted */
};

static int32_t mapping_invoke(struct call *call, struct object *object, uint32_t op,
			      uint32_t counts, union qtee_arg *args)
{
	return QTEE_ERROR_INVALID;
}

static void mapping_destroy(struct object *object)
{
	struct mapping *mapping = (struct mapping *)object;

	if (mapping->va && !mapping->region->va)
		(void)munmap(mapping->va, (size_t)mapping->size);
	mem_region_put(mapping->mem, mapping->region);
	object_put(mapping->keeper);
	free(mapping);
}

static const struct object_ops mapping_ops = {
	.kind = "mapping",
	.invoke = mapping_invoke,
	.destroy = mapping_destroy,
};

/* What the driver says of the memory, and an object that keeps it mapped */
static int32_t ask_driver(struct call *call, struct object *memory, struct qtee_msg_mem_map *map,
			  struct object **ret_keeper)
{
	union qtee_arg args[3] = {
		{ .b = { map, sizeof(*map) } },
		{ .o = memory },
		{ .o = NULL },
	};
	int32_t result;

	if (!ns_object_id(memory))
		return QTEE_ERROR_BADOBJ;
	result = call_callback(call, QTEE_MSG_OBJECT_PRIMORDIAL, QTEE_PRIMORDIAL_OP_MAP_REGION,
			       QTEE_MSG_COUNTS(0, 1, 1, 1), args);
	if (result != QTEE_OK)
		return result;
	if (args[0].b.size != sizeof(*map)) {
		object_put(args[2].o);
		return QTEE_ERROR_INVALID;
	}
	*ret_keeper = args[2].o;
	return QTEE_OK;
}

/* One piece, whole pages, all of it ours to see */
static int32_t resolve(struct mapping *mapping, const struct qtee_msg_mem_map *map)
{
	struct mem_region *region;

	if (map->paddr % MEM_PAGE_SIZE || map->len % MEM_PAGE_SIZE || map->len == 0 ||
	    map->len > MAPPING_MAX_SIZE || !(map->perms & QTEE_MSG_MEM_PERM_R))
		return QTEE_ERROR_MEM;
	if (mem_region_get(mapping->mem, map->paddr, &region) < 0)
		return QTEE_ERROR_MEM;
	mapping->region = region;
	mapping->offset = map->paddr - region->pa;
	mapping->size = map->len;
	mapping->write = map->perms & QTEE_MSG_MEM_PERM_W;
	return map->len <= region->size - mapping->offset ? QTEE_OK : QTEE_ERROR_MEM;
}

int32_t mapping_new(struct call *call, struct object *memory, struct object **ret_mapping)
{
	struct qtee_msg_mem_map map = { .len = 0 };
	struct mapping *mapping;
	int32_t result;

	mapping = calloc(1, sizeof(*mapping));
	if (!mapping)
		return QTEE_ERROR_KMEM;
	object_init(&mapping->object, &mapping_ops);
	mapping->mem = call->world->mem;
	result = ask_driver(call, memory, &map, &mapping->keeper);
	if (result == QTEE_OK)
		result = resolve(mapping, &map);
	if (result == QTEE_OK)
		*ret_mapping = &mapping->object;
	else
		object_put(&mapping->object);
	return result;
}

int32_t mapping_bytes(struct object *object, const uint8_t **ret_data, size_t *ret_size)
{
	struct mapping *mapping = (struct mapping *)object;
	void *va;

	if (!mapping->va && mapping->region->va)
		mapping->va = mapping->region->va + mapping->offset;
	if (!mapping->va) {
		if (mem_map(mapping->mem, mapping->region, mapping->offset, (size_t)mapping->size,
			    NULL, &va) < 0)
			return QTEE_ERROR_MEM;
		mapping->va = va;
	}
	*ret_data = mapping->va;
	*ret_size = (size_t)mapping->size;
	return QTEE_OK;
}

/*
 * Not for writing: the end of an open file of one's own that could be written would
 * look like the client's giving the memory up.
 */
static int open_read_only(int fd)
{
	char path[40];

	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	return open(path, O_RDONLY | O_CLOEXEC);
}

int32_t mapping_get_share(struct object *object, struct mapping_share *ret)
{
	struct mapping *mapping = (struct mapping *)object;
	int fd;

	/* What lies in RAM has neighbours, which are nobody's business. */
	if (object->ops != &mapping_ops || !mapping->region->dedicated)
		return QTEE_ERROR_MEM;
	fd = mem_region_file(mapping->mem, mapping->region);
	if (fd < 0)
		return QTEE_ERROR_MEM;
	fd = mapping->write ? fcntl(fd, F_DUPFD_CLOEXEC, 0) : open_read_only(fd);
	if (fd < 0)
		return QTEE_ERROR_MEM;
	*ret = (struct mapping_share){
		.fd = fd,
		.fd_offset = mapping->region->fd_offset + mapping->offset,
		.size = mapping->size,
		.write = mapping->write,
	};
	return QTEE_OK;
}
