/* SPDX-License-Identifier: BSD-2-Clause */
/* IDiagnostics (6.5): figures of this world */
#include <malloc.h>
#include <stdlib.h>
#include <sys/sysinfo.h>

#include "secure/qtee/app.h"
#include "secure/qtee/call.h"
#include "secure/qtee/object.h"
#include "secure/qtee/service.h"
#include "secure/qtee/world.h"

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

struct app_status {
	uint32_t status;
	uint32_t user_stack;
	uint32_t el_stack;
	uint32_t accept_buf;
	uint64_t phys_mem;
};

enum {
	APP_STATUS_IDLE = 1,
	APP_STATUS_ABORT = 2,
	APP_STATUS_BLOCKED = 3,
};

#define ERROR_APP_NOT_FOUND 10
#define ERROR_ARCH_NOT_SUPPORTED 11

/* 42 registers of a TA, as an application processor of Arm has them */
#define DUMP_REGISTERS_SIZE (42 * sizeof(uint64_t))

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

/* --- TAs --- */

/* Names, each but the last with a newline behind it, and a NUL */
static int32_t query_loaded_apps(struct call *call, uint32_t counts, union qtee_arg *args)
{
	struct app_info infos[APPS_MAX];
	char *text = args[0].b.ptr;
	size_t used = 0;
	uint32_t n;

	if (counts != QTEE_MSG_COUNTS(0, 1, 0, 0))
		return QTEE_ERROR_INVALID;
	n = app_table_list(&call->world->apps, infos, APPS_MAX);
	for (uint32_t i = 0; i < n; i++) {
		size_t len = strlen(infos[i].name);

		if (len + 1 > args[0].b.size - used)
			return QTEE_ERROR_SIZE_OUT;
		memcpy(text + used, infos[i].name, len);
		used += len;
		text[used++] = i + 1 < n ? '\n' : '\0';
	}
	if (n == 0) {
		if (args[0].b.size == 0)
			return QTEE_ERROR_SIZE_OUT;
		text[used++] = '\0';
	}
	args[0].b.size = used;
	return QTEE_OK;
}

static bool find_app(struct call *call, const union qtee_arg *name, struct app_info *ret_info)
{
	struct app_info infos[APPS_MAX];
	uint32_t n = app_table_list(&call->world->apps, infos, APPS_MAX);
	size_t len = strnlen(name->b.ptr, name->b.size);

	for (uint32_t i = 0; i < n; i++) {
		if (strlen(infos[i].name) == len && !memcmp(infos[i].name, name->b.ptr, len)) {
			*ret_info = infos[i];
			return true;
		}
	}
	return false;
}

static int32_t query_app_info(struct call *call, uint32_t counts, const union qtee_arg *args)
{
	struct app_info info;
	struct app_status status;

	if (counts != QTEE_MSG_COUNTS(1, 1, 0, 0) || args[1].b.size != sizeof(status))
		return QTEE_ERROR_INVALID;
	if (!find_app(call, &args[0], &info))
		return ERROR_APP_NOT_FOUND;
	status = (struct app_status){
		.status = info.dead ? APP_STATUS_ABORT :
			  info.inside ? APP_STATUS_BLOCKED : APP_STATUS_IDLE,
		.user_stack = saturate(info.stack_size),
		.accept_buf = MINKHOST_WINDOW_SIZE,
		.phys_mem = info.image_size,
	};
	return arg_give(&args[1], &status, sizeof(status)) ? QTEE_OK : QTEE_ERROR_INVALID;
}

/* The registers are those of another machine; a TA that crashed is told in the log. */
static int32_t query_app_dump(struct call *call, uint32_t counts, const union qtee_arg *args)
{
	struct app_info info;

	if (counts != QTEE_MSG_COUNTS(1, 3, 0, 0) || args[1].b.size != DUMP_REGISTERS_SIZE ||
	    args[3].b.size != sizeof(uint64_t))
		return QTEE_ERROR_INVALID;
	return find_app(call, &args[0], &info) ? ERROR_ARCH_NOT_SUPPORTED : ERROR_APP_NOT_FOUND;
}

static int32_t diagnostics_invoke(struct call *call, struct object *object, uint32_t op,
				  uint32_t counts, union qtee_arg *args)
{
	switch (op) {
	case OP_QUERY_HEAP_INFO:
		return query_heap_info(counts, args);
	case OP_QUERY_LOADED_APPS:
		return query_loaded_apps(call, counts, args);
	case OP_QUERY_APP_REGION:
		return query_app_region(counts, args);
	case OP_QUERY_APP_INFO:
		return query_app_info(call, counts, args);
	case OP_QUERY_APP_DUMP:
		return query_app_dump(call, counts, args);
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
