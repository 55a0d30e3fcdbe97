/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * shared_memory: every way of giving memory to a trusted application
 *
 * A region is some client memory that one call or many refer to: temporarily,
 * as a whole block that was registered or allocated, or as a part of one. Guard
 * bytes lie before and after it where the client can have any. For each kind of
 * region and many sizes the shared_memory TA reads, writes, changes and copies
 * it; after each call every byte inside is compared with what it must be, and
 * every guard byte with what it was.
 */
#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <tee_client_api.h>

#include <shared_memory_ta.h>

#define N_ELEMENTS(a) (sizeof(a) / sizeof((a)[0]))

/* Odd, so that a part of a block begins at an odd offset and across a page. */
#define GUARD 4099
#define GUARD_BYTE(i) ((uint8_t)(0xa5 ^ (i)))

#define MEM_BOTH (TEEC_MEM_INPUT | TEEC_MEM_OUTPUT)

static const size_t sizes[] = {
	0, 1, 2, 3, 7, 8, 63, 64, 65, 255, 256, 257, 1000, 4095, 4096, 4097, 8191, 8192, 12345,
	65535, 65536, 65537, 131071, 1048575, 1048576,
};

enum kind {
	TEMPORARY,
	REGISTERED,
	ALLOCATED,
	REGISTERED_PART,
	ALLOCATED_PART,
};

struct region {
	enum kind kind;
	uint32_t direction;	/* TEEC_MEM_*: what the calls do with it */
	TEEC_SharedMemory shm;	/* the block; not for TEMPORARY */
	uint8_t *arena;		/* guard, data, guard; guards of 0 bytes for ALLOCATED */
	uint8_t *data;
	size_t size;
	size_t guard;
	uint8_t *model;		/* what data must be */
};

static const char *kind_to_string(enum kind kind)
{
	switch (kind) {
	case TEMPORARY:
		return "temporary";
	case REGISTERED:
		return "registered";
	case ALLOCATED:
		return "allocated";
	case REGISTERED_PART:
		return "part of registered";
	case ALLOCATED_PART:
		return "part of allocated";
	}
	return "unknown";
}

static const char *result_to_string(TEEC_Result res)
{
	switch (res) {
	case TEEC_SUCCESS:
		return "success";
	case TEEC_ERROR_GENERIC:
		return "generic error";
	case TEEC_ERROR_BAD_PARAMETERS:
		return "bad parameters";
	case TEEC_ERROR_ITEM_NOT_FOUND:
		return "item not found";
	case TEEC_ERROR_NOT_SUPPORTED:
		return "not supported";
	case TEEC_ERROR_OUT_OF_MEMORY:
		return "out of memory";
	case TEEC_ERROR_COMMUNICATION:
		return "communication failed";
	case TEEC_ERROR_SECURITY:
		return "security fault";
	case TEEC_ERROR_SHORT_BUFFER:
		return "short buffer";
	case TEEC_ERROR_TARGET_DEAD:
		return "trusted application is dead";
	default:
		return "another error";
	}
}

static const char *origin_to_string(uint32_t origin)
{
	static const char *const names[] = {
		"nowhere", "client library", "driver", "trusted OS", "trusted application",
	};

	return origin < N_ELEMENTS(names) ? names[origin] : "unknown origin";
}

/* True if a call ended as it should, which includes who answered */
static bool check_result(const char *what, TEEC_Result res, uint32_t origin, TEEC_Result wanted,
			 uint32_t wanted_origin)
{
	if (res == wanted && origin == wanted_origin)
		return true;
	(void)fprintf(stderr,
		      "%s: expected %s (0x%08" PRIx32 ") from the %s, got %s (0x%08" PRIx32
		      ") from the %s\n",
		      what, result_to_string(wanted), (uint32_t)wanted,
		      origin_to_string(wanted_origin), result_to_string(res), res,
		      origin_to_string(origin));
	return false;
}

static bool check_number(const char *what, uint64_t number, uint64_t wanted)
{
	if (number == wanted)
		return true;
	(void)fprintf(stderr, "%s: expected %" PRIu64 ", got %" PRIu64 "\n", what, wanted, number);
	return false;
}

static bool invoke(TEEC_Session *session, const char *what, uint32_t command, TEEC_Operation *op,
		   TEEC_Result wanted)
{
	uint32_t origin = 0;
	TEEC_Result res = TEEC_InvokeCommand(session, command, op, &origin);

	return check_result(what, res, origin, wanted, TEEC_ORIGIN_TRUSTED_APP);
}

/* What was not allocated by the TEE */
static void region_free_local(struct region *region)
{
	if (region->kind != ALLOCATED && region->kind != ALLOCATED_PART)
		free(region->arena);
	free(region->model);
}

static void region_free(struct region *region)
{
	if (region->kind != TEMPORARY)
		TEEC_ReleaseSharedMemory(&region->shm);
	region_free_local(region);
}

/* The same bytes again for the same size and seed */
static void model_seed(struct region *region, uint32_t seed)
{
	uint32_t x = seed * 2654435761u + (uint32_t)region->size + 1;

	for (size_t i = 0; i < region->size; i++) {
		x = x * 1664525u + 1013904223u;
		region->model[i] = (uint8_t)(x >> 24);
	}
}

static void region_seed(struct region *region, uint32_t seed)
{
	model_seed(region, seed);
	memcpy(region->data, region->model, region->size);
	for (size_t i = 0; i < region->guard; i++) {
		region->arena[i] = GUARD_BYTE(i);
		region->data[region->size + i] = GUARD_BYTE(i + 1);
	}
}

static TEEC_Result region_share(TEEC_Context *context, struct region *region, size_t total)
{
	/* A whole block has the direction of its calls, a part may have less. */
	region->shm.flags = MEM_BOTH;
	region->shm.size = total;
	switch (region->kind) {
	case ALLOCATED:
		region->shm.flags = region->direction;
		return TEEC_AllocateSharedMemory(context, &region->shm);
	case ALLOCATED_PART:
		return TEEC_AllocateSharedMemory(context, &region->shm);
	case REGISTERED:
		region->shm.flags = region->direction;
		region->shm.buffer = region->data;
		region->shm.size = region->size;
		return TEEC_RegisterSharedMemory(context, &region->shm);
	case REGISTERED_PART:
		region->shm.buffer = region->arena;
		return TEEC_RegisterSharedMemory(context, &region->shm);
	case TEMPORARY:
		break;
	}
	return TEEC_SUCCESS;
}

static bool region_new(TEEC_Context *context, struct region *region, enum kind kind,
		       uint32_t direction, size_t size)
{
	size_t guard = kind == ALLOCATED ? 0 : GUARD;
	size_t total = size + 2 * guard;
	bool allocated = kind == ALLOCATED || kind == ALLOCATED_PART;
	TEEC_Result res;

	*region = (struct region){
		.kind = kind,
		.direction = direction,
		.size = size,
		.guard = guard,
	};
	/* A model of 0 bytes is a model too. */
	region->model = malloc(size + 1);
	if (!allocated)
		region->arena = malloc(total + 1);
	if (!region->model || (!allocated && !region->arena)) {
		(void)fprintf(stderr, "out of memory for %zu bytes\n", total);
		region_free_local(region);
		return false;
	}
	region->data = allocated ? NULL : region->arena + guard;

	res = region_share(context, region, total);
	if (!check_result("share memory", res, TEEC_ORIGIN_API, TEEC_SUCCESS, TEEC_ORIGIN_API)) {
		region_free_local(region);
		return false;
	}
	if (allocated) {
		region->arena = region->shm.buffer;
		region->data = region->arena + guard;
	}
	region_seed(region, 0);
	return true;
}

/* Refer to the region; returns the parameter type. */
static uint32_t region_refer(struct region *region, TEEC_Parameter *param)
{
	static const uint32_t temp[] = {
		0, TEEC_MEMREF_TEMP_INPUT, TEEC_MEMREF_TEMP_OUTPUT, TEEC_MEMREF_TEMP_INOUT,
	};
	static const uint32_t part[] = {
		0, TEEC_MEMREF_PARTIAL_INPUT, TEEC_MEMREF_PARTIAL_OUTPUT,
		TEEC_MEMREF_PARTIAL_INOUT,
	};

	switch (region->kind) {
	case TEMPORARY:
		param->tmpref.buffer = region->data;
		param->tmpref.size = region->size;
		return temp[region->direction];
	case REGISTERED_PART:
	case ALLOCATED_PART:
		param->memref.parent = &region->shm;
		param->memref.offset = region->guard;
		param->memref.size = region->size;
		return part[region->direction];
	case REGISTERED:
	case ALLOCATED:
		break;
	}
	param->memref.parent = &region->shm;
	param->memref.size = region->size;
	return TEEC_MEMREF_WHOLE;
}

static size_t region_size_out(const struct region *region, const TEEC_Parameter *param)
{
	return region->kind == TEMPORARY ? param->tmpref.size : param->memref.size;
}

static bool check_byte(const struct region *region, const char *what, const char *where, size_t i,
		       uint8_t byte, uint8_t wanted)
{
	if (byte == wanted)
		return true;
	(void)fprintf(stderr, "%s: %s %zu is 0x%02x, expected 0x%02x (%s, %zu bytes)\n", what,
		      where, i, byte, wanted, kind_to_string(region->kind), region->size);
	return false;
}

static bool check_region(const struct region *region, const char *what)
{
	for (size_t i = 0; i < region->size; i++) {
		if (!check_byte(region, what, "byte", i, region->data[i], region->model[i]))
			return false;
	}
	for (size_t i = 0; i < region->guard; i++) {
		if (!check_byte(region, what, "guard byte before, at", i, region->arena[i],
				GUARD_BYTE(i)) ||
		    !check_byte(region, what, "guard byte behind, at", i,
				region->data[region->size + i], GUARD_BYTE(i + 1)))
			return false;
	}
	return true;
}

static uint32_t model_sum(const struct region *region)
{
	uint32_t sum = 0;

	for (size_t i = 0; i < region->size; i++)
		sum += region->model[i];
	return sum;
}

/* IEEE 802.3, reflected */
static uint32_t model_crc32(const struct region *region)
{
	uint32_t crc = UINT32_MAX;

	for (size_t i = 0; i < region->size; i++) {
		crc ^= region->model[i];
		for (int bit = 0; bit < 8; bit++)
			crc = crc & 1 ? crc >> 1 ^ 0xedb88320u : crc >> 1;
	}
	return ~crc;
}

/* Reverse the bytes, or of the result only the first half */
static void model_reverse(struct region *region, bool whole)
{
	for (size_t i = 0; i < region->size / 2; i++) {
		uint8_t byte = region->model[i];

		region->model[i] = region->model[region->size - 1 - i];
		if (whole)
			region->model[region->size - 1 - i] = byte;
	}
}

/* One region, one value: what all commands but COPY take */
static bool call(TEEC_Session *session, const char *what, uint32_t command, struct region *region,
		 uint32_t value_type, TEEC_Operation *op)
{
	uint32_t type = region_refer(region, &op->params[0]);

	op->paramTypes = TEEC_PARAM_TYPES(type, value_type, TEEC_NONE, TEEC_NONE);
	return invoke(session, what, command, op, TEEC_SUCCESS) && check_region(region, what);
}

static bool filling(TEEC_Session *session, struct region *region)
{
	TEEC_Operation op = { 0 };

	op.params[1].value.a = 17;
	op.params[1].value.b = 3;
	for (size_t i = 0; i < region->size; i++)
		region->model[i] = (uint8_t)(17 + 3 * i);
	return call(session, "fill", TA_SHARED_MEMORY_CMD_FILL, region, TEEC_VALUE_INPUT, &op) &&
	       check_number("size after fill", region_size_out(region, &op.params[0]),
			    region->size);
}

static bool changing(TEEC_Session *session, struct region *region)
{
	TEEC_Operation op = { 0 };

	region_seed(region, 1);
	op.params[1].value.a = 0x5c;
	for (size_t i = 0; i < region->size; i++)
		region->model[i] ^= 0x5c;
	return call(session, "xor", TA_SHARED_MEMORY_CMD_XOR, region, TEEC_VALUE_INPUT, &op) &&
	       check_number("size after xor", region_size_out(region, &op.params[0]),
			    region->size);
}

/*
 * The TA reverses all bytes and reports half the size. What lies beyond that is
 * the TA's where memory is shared in place, and is as it was where it is copied:
 * either is right, but for all of it.
 */
static bool reversing(TEEC_Session *session, struct region *region)
{
	size_t half = region->size / 2;
	TEEC_Operation op = { 0 };
	uint32_t type;

	region_seed(region, 2);
	type = region_refer(region, &op.params[0]);
	op.paramTypes = TEEC_PARAM_TYPES(type, TEEC_NONE, TEEC_NONE, TEEC_NONE);
	if (!invoke(session, "reverse", TA_SHARED_MEMORY_CMD_REVERSE, &op, TEEC_SUCCESS) ||
	    !check_number("size after reverse", region_size_out(region, &op.params[0]), half))
		return false;

	model_reverse(region, true);
	if (memcmp(region->data + half, region->model + half, region->size - half) != 0) {
		model_seed(region, 2);
		model_reverse(region, false);
	}
	return check_region(region, "reverse");
}

static bool reading(TEEC_Session *session, struct region *region)
{
	TEEC_Operation op = { 0 };

	region_seed(region, 3);
	return call(session, "sum", TA_SHARED_MEMORY_CMD_SUM, region, TEEC_VALUE_OUTPUT, &op) &&
	       check_number("sum", op.params[1].value.a, model_sum(region)) &&
	       check_number("bytes summed", op.params[1].value.b, region->size) &&
	       call(session, "crc32", TA_SHARED_MEMORY_CMD_CRC32, region, TEEC_VALUE_OUTPUT,
		    &op) &&
	       check_number("crc32", op.params[1].value.a, model_crc32(region)) &&
	       check_number("bytes in the crc32", op.params[1].value.b, region->size);
}

/* What the TA itself sees of the reference */
static bool inspecting(TEEC_Session *session, struct region *region)
{
	uint32_t mask = TA_SHARED_MEMORY_SEEN_NULL | TA_SHARED_MEMORY_SEEN_EMPTY |
			TA_SHARED_MEMORY_SEEN_PRIVATE;
	TEEC_Operation op = { 0 };
	uint32_t wanted = 0;

	if (region->direction & TEEC_MEM_INPUT)
		wanted |= TA_SHARED_MEMORY_SEEN_READ;
	if (region->direction & TEEC_MEM_OUTPUT)
		wanted |= TA_SHARED_MEMORY_SEEN_WRITE;
	mask |= wanted;
	/* Access to no bytes says nothing, and they need no address. */
	if (!region->size)
		mask = wanted = TA_SHARED_MEMORY_SEEN_EMPTY;

	return call(session, "inspect", TA_SHARED_MEMORY_CMD_INSPECT, region, TEEC_VALUE_OUTPUT,
		    &op) &&
	       check_number("what the TA sees", op.params[1].value.a & mask, wanted) &&
	       check_number("the size that the TA sees", op.params[1].value.b, region->size);
}

static bool copy(TEEC_Session *session, struct region *from, struct region *to)
{
	bool fits = to->size >= from->size;
	TEEC_Operation op = { 0 };
	uint32_t from_type;
	uint32_t to_type;

	region_seed(from, 4);
	region_seed(to, 5);
	if (fits)
		memcpy(to->model, from->model, from->size);
	from_type = region_refer(from, &op.params[0]);
	to_type = region_refer(to, &op.params[1]);
	op.paramTypes = TEEC_PARAM_TYPES(from_type, to_type, TEEC_NONE, TEEC_NONE);
	return invoke(session, "copy", TA_SHARED_MEMORY_CMD_COPY, &op,
		      fits ? TEEC_SUCCESS : TEEC_ERROR_SHORT_BUFFER) &&
	       check_number("size after copy", region_size_out(to, &op.params[1]), from->size) &&
	       check_region(from, "source of copy") && check_region(to, "destination of copy");
}

static bool copying(TEEC_Context *context, TEEC_Session *session, enum kind kind,
		    size_t from_size, size_t to_size)
{
	struct region from;
	struct region to;
	bool ok;

	if (!region_new(context, &from, kind, TEEC_MEM_INPUT, from_size))
		return false;
	ok = region_new(context, &to, kind, TEEC_MEM_OUTPUT, to_size);
	if (ok) {
		ok = copy(session, &from, &to);
		region_free(&to);
	}
	region_free(&from);
	return ok;
}

static bool one_size(TEEC_Context *context, TEEC_Session *session, enum kind kind, size_t size)
{
	static const struct {
		uint32_t direction;
		bool (*run)(TEEC_Session *session, struct region *region);
	} steps[] = {
		{ TEEC_MEM_INPUT, inspecting }, { TEEC_MEM_OUTPUT, inspecting },
		{ MEM_BOTH, inspecting },	{ TEEC_MEM_OUTPUT, filling },
		{ MEM_BOTH, changing },		{ MEM_BOTH, reversing },
		{ TEEC_MEM_INPUT, reading },
	};

	for (size_t i = 0; i < N_ELEMENTS(steps); i++) {
		struct region region;
		bool ok;

		if (!region_new(context, &region, kind, steps[i].direction, size))
			return false;
		ok = steps[i].run(session, &region);
		region_free(&region);
		if (!ok)
			return false;
	}
	/* To a buffer that is one byte too small, just right, one byte larger */
	return (!size || copying(context, session, kind, size, size - 1)) &&
	       copying(context, session, kind, size, size) &&
	       copying(context, session, kind, size, size + 1);
}

static bool every_size(TEEC_Context *context, TEEC_Session *session, enum kind kind)
{
	for (size_t i = 0; i < N_ELEMENTS(sizes); i++) {
		if (!one_size(context, session, kind, sizes[i])) {
			(void)fprintf(stderr, "that was %s memory of %zu bytes\n",
				      kind_to_string(kind), sizes[i]);
			return false;
		}
	}
	printf("%s: %zu sizes from %zu to %zu bytes\n", kind_to_string(kind), N_ELEMENTS(sizes),
	       sizes[0], sizes[N_ELEMENTS(sizes) - 1]);
	return true;
}

/* Many parts of one block, which is made once: none may touch its neighbours. */
static bool every_offset(TEEC_Context *context, TEEC_Session *session, enum kind kind)
{
	static const size_t offsets[] = { 0, 1, 2, 7, 4095, 4096, 4097, 8191, 12287, 12288 };
	static const size_t lengths[] = { 0, 1, 2, 4096, 4097, 8190 };
	struct region region;
	bool ok = true;

	if (!region_new(context, &region, kind, MEM_BOTH, 3 * 4096))
		return false;
	for (size_t i = 0; ok && i < N_ELEMENTS(offsets) * N_ELEMENTS(lengths); i++) {
		size_t offset = offsets[i / N_ELEMENTS(lengths)];
		size_t length = lengths[i % N_ELEMENTS(lengths)];
		TEEC_Operation op = {
			.paramTypes = TEEC_PARAM_TYPES(TEEC_MEMREF_PARTIAL_INOUT, TEEC_VALUE_INPUT,
						       TEEC_NONE, TEEC_NONE),
		};

		if (length > region.size - offset)
			continue;
		op.params[0].memref.parent = &region.shm;
		op.params[0].memref.offset = region.guard + offset;
		op.params[0].memref.size = length;
		op.params[1].value.a = 0xff;
		for (size_t j = 0; j < length; j++)
			region.model[offset + j] ^= 0xff;
		ok = invoke(session, "xor of a part", TA_SHARED_MEMORY_CMD_XOR, &op,
			    TEEC_SUCCESS) &&
		     check_number("size after xor", op.params[0].memref.size, length) &&
		     check_region(&region, "xor of a part");
	}
	region_free(&region);
	if (ok)
		printf("%s: every offset\n", kind_to_string(kind));
	return ok;
}

/* Source and destination overlap in one block, in both directions. */
static bool overlap(TEEC_Context *context, TEEC_Session *session)
{
	const size_t length = 6000;
	struct region region;
	bool ok = true;

	if (!region_new(context, &region, ALLOCATED_PART, MEM_BOTH, 8192))
		return false;
	for (int back = 0; ok && back <= 1; back++) {
		size_t from = back ? 1234 : 0;
		size_t to = back ? 0 : 1234;
		TEEC_Operation op = {
			.paramTypes = TEEC_PARAM_TYPES(TEEC_MEMREF_PARTIAL_INPUT,
						       TEEC_MEMREF_PARTIAL_OUTPUT, TEEC_NONE,
						       TEEC_NONE),
		};

		region_seed(&region, 6);
		memmove(region.model + to, region.model + from, length);
		op.params[0].memref.parent = &region.shm;
		op.params[0].memref.offset = region.guard + from;
		op.params[0].memref.size = length;
		op.params[1].memref.parent = &region.shm;
		op.params[1].memref.offset = region.guard + to;
		op.params[1].memref.size = length;
		ok = invoke(session, "copy within a block", TA_SHARED_MEMORY_CMD_COPY, &op,
			    TEEC_SUCCESS) &&
		     check_number("size after copy", op.params[1].memref.size, length) &&
		     check_region(&region, "copy within a block");
	}
	region_free(&region);
	if (ok)
		printf("overlapping parts of one block: both ways\n");
	return ok;
}

/* For TEEs that can tell NULL from an empty buffer, as OP-TEE has long done. */
static bool null_references(TEEC_Session *session)
{
	static const uint32_t types[] = {
		TEEC_MEMREF_TEMP_INPUT, TEEC_MEMREF_TEMP_OUTPUT, TEEC_MEMREF_TEMP_INOUT,
	};
	const uint32_t wanted = TA_SHARED_MEMORY_SEEN_NULL | TA_SHARED_MEMORY_SEEN_EMPTY;
	uint8_t byte = 0x42;

	for (size_t i = 0; i < N_ELEMENTS(types); i++) {
		TEEC_Operation op = {
			.paramTypes = TEEC_PARAM_TYPES(types[i], TEEC_VALUE_OUTPUT, TEEC_NONE,
						       TEEC_NONE),
		};

		if (!invoke(session, "inspect NULL", TA_SHARED_MEMORY_CMD_INSPECT, &op,
			    TEEC_SUCCESS) ||
		    !check_number("what the TA sees of NULL", op.params[1].value.a & wanted,
				  wanted) ||
		    !check_number("the size of NULL", op.params[1].value.b, 0))
			return false;
	}

	for (size_t size = 0; size <= 1; size++) {
		TEEC_Operation op = {
			.paramTypes = TEEC_PARAM_TYPES(TEEC_MEMREF_TEMP_INPUT,
						       TEEC_MEMREF_TEMP_OUTPUT, TEEC_NONE,
						       TEEC_NONE),
		};

		op.params[0].tmpref.buffer = size ? &byte : NULL;
		op.params[0].tmpref.size = size;
		if (!invoke(session, "copy to NULL", TA_SHARED_MEMORY_CMD_COPY, &op,
			    size ? TEEC_ERROR_SHORT_BUFFER : TEEC_SUCCESS) ||
		    !check_number("room that a copy to NULL needs", op.params[1].tmpref.size, size))
			return false;
	}
	printf("NULL: arrives as NULL\n");
	return true;
}

/* Constant memory cannot be shared in place, yet is good input. */
static bool read_only(TEEC_Context *context, TEEC_Session *session)
{
	static const uint8_t constant[5000] = { [0] = 1, [4095] = 2, [4096] = 3, [4999] = 4 };
	TEEC_SharedMemory shm = {
		.buffer = (void *)(uintptr_t)constant,
		.size = sizeof(constant),
		.flags = TEEC_MEM_INPUT,
	};
	TEEC_Operation op = {
		.paramTypes = TEEC_PARAM_TYPES(TEEC_MEMREF_TEMP_INPUT, TEEC_VALUE_OUTPUT,
					       TEEC_NONE, TEEC_NONE),
	};
	TEEC_Result res;
	bool ok;

	op.params[0].tmpref.buffer = (void *)(uintptr_t)constant;
	op.params[0].tmpref.size = sizeof(constant);
	if (!invoke(session, "sum of constants", TA_SHARED_MEMORY_CMD_SUM, &op, TEEC_SUCCESS) ||
	    !check_number("sum of constants", op.params[1].value.a, 10))
		return false;

	res = TEEC_RegisterSharedMemory(context, &shm);
	if (!check_result("register constants", res, TEEC_ORIGIN_API, TEEC_SUCCESS,
			  TEEC_ORIGIN_API))
		return false;
	op.paramTypes = TEEC_PARAM_TYPES(TEEC_MEMREF_WHOLE, TEEC_VALUE_OUTPUT, TEEC_NONE,
					 TEEC_NONE);
	op.params[0].memref.parent = &shm;
	ok = invoke(session, "sum of registered constants", TA_SHARED_MEMORY_CMD_SUM, &op,
		    TEEC_SUCCESS) &&
	     check_number("sum of registered constants", op.params[1].value.a, 10);
	TEEC_ReleaseSharedMemory(&shm);
	if (ok)
		printf("read-only memory: as input\n");
	return ok;
}

/* What the client library itself refuses: the TA must not see such a call. */
static bool refused(TEEC_Session *session, const char *what, TEEC_Operation *op)
{
	uint32_t origin = 0;
	TEEC_Result res = TEEC_InvokeCommand(session, TA_SHARED_MEMORY_CMD_INSPECT, op, &origin);

	return check_result(what, res, origin, TEEC_ERROR_BAD_PARAMETERS, TEEC_ORIGIN_API);
}

static bool mistakes(TEEC_Context *context, TEEC_Session *session)
{
	TEEC_SharedMemory shm = { .size = 100, .flags = TEEC_MEM_INPUT };
	TEEC_Operation op = {
		.paramTypes = TEEC_PARAM_TYPES(TEEC_MEMREF_PARTIAL_INPUT, TEEC_VALUE_OUTPUT,
					       TEEC_NONE, TEEC_NONE),
	};
	TEEC_RegisteredMemoryReference *ref = &op.params[0].memref;
	TEEC_Result res;
	bool ok;

	res = TEEC_AllocateSharedMemory(context, &shm);
	if (!check_result("allocate", res, TEEC_ORIGIN_API, TEEC_SUCCESS, TEEC_ORIGIN_API))
		return false;

	*ref = (TEEC_RegisteredMemoryReference){ .parent = &shm, .offset = 1, .size = 100 };
	ok = refused(session, "one byte beyond the block", &op);
	ref->offset = SIZE_MAX;
	ref->size = 2;
	ok = ok && refused(session, "an offset that wraps", &op);

	ref->offset = 0;
	op.paramTypes = TEEC_PARAM_TYPES(TEEC_MEMREF_PARTIAL_OUTPUT, TEEC_VALUE_OUTPUT, TEEC_NONE,
					 TEEC_NONE);
	ok = ok && refused(session, "output to a block for input", &op);

	op.paramTypes = TEEC_PARAM_TYPES(TEEC_MEMREF_TEMP_INPUT, TEEC_VALUE_OUTPUT, TEEC_NONE,
					 TEEC_NONE);
	op.params[0].tmpref = (TEEC_TempMemoryReference){ .buffer = NULL, .size = 1 };
	ok = ok && refused(session, "NULL with a size", &op);
	TEEC_ReleaseSharedMemory(&shm);
	if (ok)
		printf("mistakes: all refused\n");
	return ok;
}

static bool use_session(TEEC_Context *context, TEEC_Session *session)
{
	for (enum kind kind = TEMPORARY; kind <= ALLOCATED_PART; kind++) {
		if (!every_size(context, session, kind))
			return false;
	}
	return every_offset(context, session, REGISTERED_PART) &&
	       every_offset(context, session, ALLOCATED_PART) && overlap(context, session) &&
	       null_references(session) && read_only(context, session) &&
	       mistakes(context, session);
}

int main(void)
{
	static const TEEC_UUID uuid = TA_SHARED_MEMORY_UUID;
	TEEC_Context context;
	TEEC_Session session;
	uint32_t origin = 0;
	TEEC_Result res;
	bool ok = false;

	res = TEEC_InitializeContext(NULL, &context);
	if (res != TEEC_SUCCESS) {
		(void)fprintf(stderr,
			      "no TEE: expected a GlobalPlatform TEE at /dev/tee0 to /dev/tee9, "
			      "got %s (0x%08" PRIx32 "); is a TEE running?\n",
			      result_to_string(res), res);
		return 1;
	}

	res = TEEC_OpenSession(&context, &session, &uuid, TEEC_LOGIN_PUBLIC, NULL, NULL, &origin);
	if (res == TEEC_ERROR_ITEM_NOT_FOUND)
		(void)fprintf(stderr,
			      "the TEE has no TA %s: start with its directory as --ta-dir\n",
			      TA_SHARED_MEMORY_UUID_STRING);
	ok = check_result("open a session", res, origin, TEEC_SUCCESS, TEEC_ORIGIN_TRUSTED_APP) &&
	     use_session(&context, &session);
	if (res == TEEC_SUCCESS)
		TEEC_CloseSession(&session);
	TEEC_FinalizeContext(&context);

	printf("shared_memory: %s\n", ok ? "every byte as expected" : "FAILED");
	return ok ? 0 : 1;
}
