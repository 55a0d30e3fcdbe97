/* SPDX-License-Identifier: BSD-2-Clause */
/* IDiagnostics (6.5): figures of this world */
#include <malloc.h>
#include <stdlib.h>
#include <sys/sysinfo.h>

#include "secure/qtee/object.h"
#include "secure/qtee/service.h"

enum {
	OP_QUERY_HEAP_INFO,
	OP_QUERY_LOADED_APPS,
	OP_QUERY_APP_REGION,
	OP_QUERY_APP_INFO,
	OP_QUERY_APP_DUMP,
};

struct heap_info {
	uint32_t total;
	uint32_t used;
	uint32_t free;
	uint32_t overhead;
	uint32_t wasted;
	uint32_t largest_free;
};

struct region_info {
	uint64_t total;
	uint64_t free;
	uint64_t largest_contiguous;
};

static uint32_t saturate(size_t n)
{
	return n > UINT32_MAX ? UINT32_MAX : (uint32_t)n;
}

/* The heap of this process, as the C library counts it */
static int32_t query_heap_info(uint32_t counts, const union qtee_arg *args)
{
	struct mallinfo2 heap;
	struct heap_info info;

	if (counts != QTEE_MSG_COUNTS(0, 1, 0, 0) || args[0].b.size != sizeof(info))
		return QTEE_ERROR_INVALID;
	heap = mallinfo2();
	info = (struct heap_info){
		.total = saturate(heap.arena + heap.hblkhd),
		.used = saturate(heap.uordblks + heap.hblkhd),
		.free = saturate(heap.fordblks),
		/* Two words before each block that is a mapping of its own */
		.overhead = saturate(heap.hblks * 2 * sizeof(size_t)),
		/* Small blocks that are kept for their size */
		.wasted = saturate(heap.fsmblks),
		.largest_free = saturate(heap.keepcost),
	};
	return arg_give(&args[0], &info, sizeof(info)) ? QTEE_OK : QTEE_ERROR_INVALID;
}

/* TAs are processes: theirs is the memory of the machine, scattered as it likes. */
static int32_t query_app_region(uint32_t counts, const union qtee_arg *args)
{
	const uint32_t scattered = 1;
	const struct region_info pimem = { .total = 0 };
	struct region_info ddr;
	struct sysinfo machine;

	if (counts != QTEE_MSG_COUNTS(0, 3, 0, 0) || args[0].b.size != sizeof(pimem) ||
	    args[1].b.size != sizeof(ddr) || args[2].b.size != sizeof(scattered))
		return QTEE_ERROR_INVALID;
	if (sysinfo(&machine) < 0)
		return QTEE_ERROR;
	ddr = (struct region_info){
		.total = (uint64_t)machine.totalram * machine.mem_unit,
		.free = (uint64_t)machine.freeram * machine.mem_unit,
		.largest_contiguous = (uint64_t)machine.freeram * machine.mem_unit,
	};
	memcpy(args[0].b.ptr, &pimem, sizeof(pimem));
	memcpy(args[1].b.ptr, &ddr, sizeof(ddr));
	memcpy(args[2].b.ptr, &scattered, sizeof(scattered));
	return QTEE_OK;
}

static int32_t diagnostics_invoke(struct call *call, struct object *object, uint32_t op,
				  uint32_t counts, union qtee_arg *args)
{
	switch (op) {
	case OP_QUERY_HEAP_INFO:
		return query_heap_info(counts, args);
	case OP_QUERY_APP_REGION:
		return query_app_region(counts, args);
	default:
		return QTEE_ERROR_INVALID;
	}
}

static void diagnostics_destroy(struct object *object)
{
	free(object);
}

static const struct object_ops diagnostics_ops = {
	.kind = "diagnostics",
	.invoke = diagnostics_invoke,
	.destroy = diagnostics_destroy,
};

int32_t diagnostics_new(struct call *call, struct object *credentials,
			struct object **ret_service)
{
	struct object *object = malloc(sizeof(*object));

	if (!object)
		return QTEE_ERROR_KMEM;
	object_init(object, &diagnostics_ops);
	*ret_service = object;
	return QTEE_OK;
}
