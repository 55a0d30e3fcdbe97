/* SPDX-License-Identifier: BSD-2-Clause */
/* A TA that does with objects whatever can be done with them */
#include <fcntl.h>
#include <mink_memory.h>
#include <object.h>
#include <qsee_log.h>
#include <qsee_ta_entry.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "../include/probe.h"

struct probe {
	uint32_t refs;
	Object credentials;
};

static uint32_t n_probes, n_inside;
static Object kept, kept_map;

static int32_t probe_invoke(ObjectCxt context, ObjectOp op, ObjectArg *args, ObjectCounts k);

static int32_t probe_new(Object credentials, Object *ret_object)
{
	struct probe *probe = calloc(1, sizeof(*probe));

	if (!probe)
		return Object_ERROR_MEM;
	probe->refs = 1;
	Object_ASSIGN(probe->credentials, credentials);
	n_probes++;
	*ret_object = (Object){ probe_invoke, probe };
	return Object_OK;
}

static int32_t probe_release(struct probe *probe)
{
	if (--probe->refs == 0) {
		Object_RELEASE_IF(probe->credentials);
		free(probe);
		n_probes--;
	}
	return Object_OK;
}

static int32_t echo(ObjectArg *args, ObjectCounts k)
{
	if (k != ObjectCounts_pack(1, 1, 0, 0))
		return Object_ERROR_INVALID;
	if (args[1].b.size < args[0].bi.size)
		return Object_ERROR_SIZE_OUT;
	args[1].b.size = args[0].bi.size;
	if (args[1].b.size)
		memcpy(args[1].b.ptr, args[0].bi.ptr, args[1].b.size);
	return Object_OK;
}

static int32_t call(ObjectArg *args, ObjectCounts k)
{
	ObjectArg inner[2];
	uint32_t op;
	int32_t result;

	if (k != ObjectCounts_pack(2, 1, 1, 0) || args[0].bi.size != sizeof(op) ||
	    Object_isNull(args[3].o))
		return Object_ERROR_INVALID;
	memcpy(&op, args[0].bi.ptr, sizeof(op));
	inner[0].bi = args[1].bi;
	inner[1].b = args[2].b;
	result = Object_invoke(args[3].o, op, inner, ObjectCounts_pack(1, 1, 0, 0));
	args[2].b.size = inner[1].b.size;
	return result;
}

static int32_t keep(ObjectArg *args, ObjectCounts k)
{
	if (k != ObjectCounts_pack(0, 0, 1, 0))
		return Object_ERROR_INVALID;
	Object_ASSIGN(kept, args[0].o);
	return Object_OK;
}

static int32_t give_kept(ObjectArg *args, ObjectCounts k)
{
	if (k != ObjectCounts_pack(0, 0, 0, 1))
		return Object_ERROR_INVALID;
	args[0].o = kept;
	return Object_retain(kept);
}

static int32_t count(ObjectArg *args, ObjectCounts k)
{
	const struct probe_count count = {
		.objects = n_probes,
		.kept = !Object_isNull(kept),
		.inside = n_inside,
	};

	if (k != ObjectCounts_pack(0, 1, 0, 0) || args[0].b.size != sizeof(count))
		return Object_ERROR_INVALID;
	memcpy(args[0].b.ptr, &count, sizeof(count));
	return Object_OK;
}

static int32_t map(ObjectArg *args, ObjectCounts k)
{
	struct probe_map answer = { 0 };
	Object mapping;
	uint32_t perms;
	size_t size;
	void *addr;
	int32_t result;

	if (k != ObjectCounts_pack(0, 1, 1, 0) || args[0].b.size != sizeof(answer))
		return Object_ERROR_INVALID;
	result = mink_memory_map(args[1].o, &addr, &size, &perms, &mapping);
	if (result != Object_OK)
		return result;
	memcpy(&answer.first, addr, sizeof(answer.first));
	answer.size = size;
	answer.perms = perms;
	if (perms & MINK_MEMORY_WRITE) {
		*(volatile uint64_t *)addr = 0x5eed;
		answer.wrote = 1;
	}
	memcpy(args[0].b.ptr, &answer, sizeof(answer));
	return Object_release(mapping);
}

static int32_t keep_map(ObjectArg *args, ObjectCounts k)
{
	Object mapping = Object_NULL;
	uint32_t perms;
	size_t size;
	void *addr;

	if (k != ObjectCounts_pack(0, 0, 1, 0))
		return Object_ERROR_INVALID;
	if (!Object_isNull(args[0].o)) {
		int32_t result = mink_memory_map(args[0].o, &addr, &size, &perms, &mapping);

		if (result != Object_OK)
			return result;
	}
	Object_RELEASE_IF(kept_map);
	kept_map = mapping;
	return Object_OK;
}

/* Of {1: uid, ...}, as the test's client writes it: a head of one byte, then 4 */
static int32_t who(const struct probe *probe, ObjectArg *args, ObjectCounts k)
{
	uint64_t offset = 0, uid = 0;
	uint8_t cbor[64];
	ObjectArg inner[2] = { { .bi = { &offset, sizeof(offset) } },
			       { .b = { cbor, sizeof(cbor) } } };
	int32_t result;

	if (k != ObjectCounts_pack(0, 1, 0, 0) || args[0].b.size != sizeof(uid))
		return Object_ERROR_INVALID;
	if (Object_isNull(probe->credentials))
		return PROBE_ERROR_NULL;
	result = Object_invoke(probe->credentials, 1, inner, ObjectCounts_pack(1, 1, 0, 0));
	if (result != Object_OK)
		return result;
	if (inner[1].b.size < 7 || cbor[1] != 1 || cbor[2] != 0x1a)
		return Object_ERROR;
	for (int i = 3; i < 7; i++)
		uid = uid << 8 | cbor[i];
	memcpy(args[0].b.ptr, &uid, sizeof(uid));
	return Object_OK;
}

static int32_t nest(ObjectArg *args, ObjectCounts k)
{
	ObjectArg inner[2];

	if (k != ObjectCounts_pack(1, 0, 1, 0) || Object_isNull(args[1].o))
		return Object_ERROR_INVALID;
	memcpy(inner, args, sizeof(inner));
	return Object_invoke(args[1].o, PROBE_NEST, inner, k);
}

static int32_t pass(ObjectArg *args, ObjectCounts k)
{
	ObjectArg inner;

	if (k != ObjectCounts_pack(0, 0, 2, 0) || Object_isNull(args[1].o))
		return Object_ERROR_INVALID;
	inner = args[0];
	return Object_invoke(args[1].o, 3, &inner, ObjectCounts_pack(0, 0, 1, 0));
}

static int32_t fetch(ObjectArg *args, ObjectCounts k)
{
	ObjectArg inner = { .o = Object_NULL };
	int32_t result;

	if (k != ObjectCounts_pack(0, 0, 1, 1) || Object_isNull(args[0].o))
		return Object_ERROR_INVALID;
	result = Object_invoke(args[0].o, 4, &inner, ObjectCounts_pack(0, 0, 0, 1));
	args[1].o = inner.o;
	return result;
}

static int32_t many(ObjectArg *args, ObjectCounts k)
{
	for (size_t i = 0; i < ObjectCounts_numOO(k); i++) {
		if (probe_new(Object_NULL, &args[i].o) != Object_OK)
			return Object_ERROR_MEM;
	}
	return Object_OK;
}

/* The compiler must not see where that is. */
static volatile int *volatile nowhere = (int *)8;

/* Not a tail call: each has its frame. */
__attribute__((noinline)) static uint32_t fill_stack(uint32_t n)
{
	volatile char frame[4096];

	frame[n % sizeof(frame)] = 1;
	return n > 1000000 ? n : fill_stack(n + 1) + (uint32_t)frame[n % sizeof(frame)];
}

static int32_t die(ObjectArg *args, ObjectCounts k)
{
	uint32_t how;

	if (k != ObjectCounts_pack(1, 0, 0, 0) || args[0].bi.size != sizeof(how))
		return Object_ERROR_INVALID;
	memcpy(&how, args[0].bi.ptr, sizeof(how));
	switch (how) {
	case PROBE_DEATH_SEGV:
		*nowhere = 1;
		break;
	case PROBE_DEATH_ABORT:
		abort();
	case PROBE_DEATH_EXIT:
		_exit(0);
	case PROBE_DEATH_OPEN:
		(void)open("/etc/passwd", O_RDONLY);
		break;
	case PROBE_DEATH_STACK:
		return (int32_t)fill_stack(1);
	default:
		break;
	}
	return Object_ERROR;
}

static int32_t spin(ObjectArg *args, ObjectCounts k)
{
	struct timespec start, now;
	uint32_t ms;

	if (k != ObjectCounts_pack(1, 0, 0, 0) || args[0].bi.size != sizeof(ms))
		return Object_ERROR_INVALID;
	memcpy(&ms, args[0].bi.ptr, sizeof(ms));
	clock_gettime(CLOCK_MONOTONIC, &start);
	do {
		clock_gettime(CLOCK_MONOTONIC, &now);
	} while ((now.tv_sec - start.tv_sec) * 1000 + (now.tv_nsec - start.tv_nsec) / 1000000 <
		 (long)ms);
	return Object_OK;
}

static int32_t serve(struct probe *probe, ObjectOp op, ObjectArg *args, ObjectCounts k)
{
	int32_t result;

	switch (op) {
	case PROBE_ECHO:
		return echo(args, k);
	case PROBE_CALL:
		return call(args, k);
	case PROBE_KEEP:
		return keep(args, k);
	case PROBE_CALL_KEPT:
		return Object_isNull(kept) ? PROBE_ERROR_NULL : Object_invoke(kept, 0, NULL, 0);
	case PROBE_GIVE_KEPT:
		return give_kept(args, k);
	case PROBE_NEW:
		return k == ObjectCounts_pack(0, 0, 0, 1) ? probe_new(probe->credentials,
								      &args[0].o) :
							     Object_ERROR_INVALID;
	case PROBE_COUNT:
		return count(args, k);
	case PROBE_MAP:
		return map(args, k);
	case PROBE_KEEP_MAP:
		return keep_map(args, k);
	case PROBE_WHO:
		return who(probe, args, k);
	case PROBE_NEST:
		return nest(args, k);
	case PROBE_PASS:
		return pass(args, k);
	case PROBE_FETCH:
		return fetch(args, k);
	case PROBE_MANY:
		return many(args, k);
	case PROBE_DIE:
		return die(args, k);
	case PROBE_TOO_MUCH:
		args[0].b.size++;
		return Object_OK;
	case PROBE_SPIN:
		return spin(args, k);
	case PROBE_RETURN:
		memcpy(&result, args[0].bi.ptr, sizeof(result));
		return result;
	default:
		return Object_ERROR_INVALID;
	}
}

static int32_t probe_invoke(ObjectCxt context, ObjectOp op, ObjectArg *args, ObjectCounts k)
{
	struct probe *probe = context;
	int32_t result;

	switch (ObjectOp_methodID(op)) {
	case ObjectOp_retain:
		probe->refs++;
		return Object_OK;
	case ObjectOp_release:
		return probe_release(probe);
	default:
		n_inside++;
		result = serve(probe, ObjectOp_methodID(op), args, k);
		n_inside--;
		return result;
	}
}

void tz_app_init(void)
{
	qsee_log_set_mask(qsee_log_get_mask() | QSEE_LOG_MSG_DEBUG);
	qsee_log(QSEE_LOG_MSG_DEBUG, "probe is there");
}

void tz_app_shutdown(void)
{
	Object_RELEASE_IF(kept);
	Object_RELEASE_IF(kept_map);
}

int32_t app_getAppObject(Object credentials, Object *ret_object)
{
	return probe_new(credentials, ret_object);
}
