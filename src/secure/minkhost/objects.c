/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Objects on both sides of the border
 *
 * An object that lives in the world is a proxy here, a new one each time it arrives. One
 * of the TA's own that the world gets to know has a handle, a new one each time, which
 * holds a reference. When the world passes it back, the TA gets its own object.
 */
#include <stdlib.h>
#include <string.h>

#include "secure/common/idtable.h"
#include "secure/minkhost/host.h"

/* Objects that the world may hold of one TA */
#define MAX_EXPORTS (1u << 18)

struct proxy {
	uint32_t handle;
	uint32_t refs;
};

static struct {
	struct idtable exports;		/* of struct Object */
	uint32_t *given_back;
	size_t n_given_back, max_given_back;
	size_t n_reserved;
} objects = {
	.exports = { .max = MAX_EXPORTS },
};

/* --- handles of the world --- */

bool host_reserve_give_back(void)
{
	size_t max = objects.max_given_back ? objects.max_given_back * 2 : 64;
	uint32_t *array;

	if (objects.n_reserved < objects.max_given_back) {
		objects.n_reserved++;
		return true;
	}
	array = realloc(objects.given_back, max * sizeof(*array));
	if (!array)
		return false;
	objects.given_back = array;
	objects.max_given_back = max;
	objects.n_reserved++;
	return true;
}

void host_unreserve_give_back(void)
{
	objects.n_reserved--;
}

void host_give_back(uint32_t handle)
{
	objects.given_back[objects.n_given_back++] = handle;
}

size_t host_n_given_back(void)
{
	return objects.n_given_back;
}

void host_put_given_back(void)
{
	struct minkhost_call *out = host_out();

	while (objects.n_given_back && out->n_released < MINKHOST_MAX_RELEASED) {
		out->released[out->n_released++] = objects.given_back[--objects.n_given_back];
		objects.n_reserved--;
	}
}

/* --- proxies --- */

static int32_t wire_from_args(ObjectCounts counts, const ObjectArg *args);
static int32_t wire_to_outputs(ObjectCounts counts, ObjectArg *args);

static int32_t proxy_forward(const struct proxy *proxy, ObjectOp op, ObjectArg *args,
			     ObjectCounts counts)
{
	struct minkhost_call *out = host_out();
	int32_t result = wire_from_args(counts, args);

	if (result != Object_OK)
		return result;
	out->method = ObjectOp_methodID(op);
	if (!call_request(MINKHOST_REQUEST_INVOKE, proxy->handle))
		return Object_ERROR_UNAVAIL;
	if (host_in()->result != Object_OK)
		return host_in()->result;
	return wire_to_outputs(counts, args);
}

static int32_t proxy_invoke(ObjectCxt context, ObjectOp op, ObjectArg *args, ObjectCounts counts)
{
	struct proxy *proxy = context;

	switch (ObjectOp_methodID(op)) {
	case ObjectOp_retain:
		proxy->refs++;
		return Object_OK;
	case ObjectOp_release:
		if (--proxy->refs == 0) {
			host_give_back(proxy->handle);
			free(proxy);
		}
		return Object_OK;
	default:
		if (ObjectOp_isLocal(op))
			return Object_ERROR_REMOTE;
		return proxy_forward(proxy, op, args, counts);
	}
}

static bool is_proxy(Object object)
{
	return object.invoke == proxy_invoke;
}

uint32_t host_world_handle(Object object)
{
	return is_proxy(object) ? ((const struct proxy *)object.context)->handle : 0;
}

/* The handle is the proxy's; without memory it stays the world's word. */
static bool proxy_new(uint32_t handle, Object *ret_object)
{
	struct proxy *proxy = malloc(sizeof(*proxy));

	if (!proxy || !host_reserve_give_back()) {
		free(proxy);
		return false;
	}
	*proxy = (struct proxy){ .handle = handle, .refs = 1 };
	*ret_object = (Object){ proxy_invoke, proxy };
	return true;
}

/* --- exports --- */

/* A handle for @object, whose reference becomes the handle's. 0: no memory. */
static uint32_t export_new(Object object)
{
	Object *export = malloc(sizeof(*export));
	uint32_t handle;

	if (!export)
		return 0;
	*export = object;
	if (idtable_add(&objects.exports, export, &handle) < 0) {
		free(export);
		return 0;
	}
	return handle;
}

Object host_export_get(uint32_t handle)
{
	const Object *export = idtable_get(&objects.exports, handle);

	if (!export)
		return Object_NULL;
	(void)Object_retain(*export);
	return *export;
}

int32_t host_export_release(uint32_t handle)
{
	Object *export = idtable_remove(&objects.exports, handle);
	Object object;

	if (!export)
		return Object_ERROR_BADOBJ;
	object = *export;
	free(export);
	return Object_release(object);
}

/* --- arguments, from the wire --- */

/* A new reference in any case */
static bool object_in(const struct minkhost_arg *arg, Object *ret_object)
{
	*ret_object = Object_NULL;
	switch (arg->a) {
	case MINKHOST_OBJECT_NULL:
		return true;
	case MINKHOST_OBJECT_WORLD:
		return proxy_new((uint32_t)arg->b, ret_object);
	case MINKHOST_OBJECT_HOST:
		*ret_object = host_export_get((uint32_t)arg->b);
		return !Object_isNull(*ret_object);
	default:
		return false;
	}
}

static void release_objects(ObjectArg *args, size_t first, size_t n)
{
	for (size_t i = first; i < first + n; i++) {
		(void)Object_release(args[i].o);
		args[i].o = Object_NULL;
	}
}

static bool in_window(const struct minkhost_arg *arg)
{
	return arg->a <= MINKHOST_WINDOW_SIZE && arg->b <= MINKHOST_WINDOW_SIZE - arg->a;
}

/* What a TA may expect of a buffer's alignment */
static size_t align(size_t size)
{
	return (size + 15) & ~(size_t)15;
}

static int32_t buffers_in(struct host_args *args)
{
	const struct minkhost_call *in = host_in();
	const size_t first_bo = ObjectCounts_indexBO(args->counts);
	size_t total = 0;
	uint8_t *at;

	for (size_t i = 0; i < ObjectCounts_numBuffers(args->counts); i++) {
		if (in->args[i].b > MINKHOST_WINDOW_SIZE ||
		    (i < first_bo && !in_window(&in->args[i])))
			return Object_ERROR_INVALID;
		total += align((size_t)in->args[i].b);
	}
	at = args->bytes = malloc(total ? total : 1);
	if (!at)
		return Object_ERROR_MEM;
	for (size_t i = 0; i < ObjectCounts_numBuffers(args->counts); i++) {
		size_t size = (size_t)in->args[i].b;

		args->args[i].b = (ObjectBuf){ size ? at : NULL, size };
		if (i < first_bo) {
			memcpy(at, host_window() + in->args[i].a, size);
		} else {
			memset(at, 0, size);
			args->sizes[i - first_bo] = size;
		}
		at += align(size);
	}
	return Object_OK;
}

int32_t host_args_in(struct host_args *args)
{
	const struct minkhost_call *in = host_in();
	const size_t first = ObjectCounts_indexOI(in->counts);
	int32_t result;

	*args = (struct host_args){ .counts = in->counts };
	if (in->counts & QTEE_MSG_COUNTS_RESERVED)
		return Object_ERROR_INVALID;
	result = buffers_in(args);
	if (result != Object_OK)
		return result;
	for (size_t i = first; i < ObjectCounts_indexOO(in->counts); i++) {
		if (!object_in(&in->args[i], &args->args[i].o)) {
			release_objects(args->args, first, i - first);
			free(args->bytes);
			return Object_ERROR_BADOBJ;
		}
	}
	return Object_OK;
}

void host_args_free(struct host_args *args)
{
	release_objects(args->args, ObjectCounts_indexOI(args->counts),
			ObjectCounts_numOI(args->counts));
	free(args->bytes);
}

/* --- arguments, to the wire --- */

/* @give: the reference goes with it; otherwise @object is lent. */
static bool object_out(Object object, bool give, struct minkhost_arg *arg)
{
	*arg = (struct minkhost_arg){ MINKHOST_OBJECT_NULL, 0 };
	if (Object_isNull(object))
		return true;
	if (is_proxy(object)) {
		*arg = (struct minkhost_arg){ MINKHOST_OBJECT_WORLD, host_world_handle(object) };
		if (give)
			(void)Object_release(object);
		return true;
	}
	*arg = (struct minkhost_arg){ MINKHOST_OBJECT_HOST, export_new(object) };
	if (!arg->b)
		return false;
	if (!give)
		(void)Object_retain(object);
	return true;
}

static bool sizes_are_sane(const struct host_args *args)
{
	const size_t first = ObjectCounts_indexBO(args->counts);

	for (size_t i = 0; i < ObjectCounts_numBO(args->counts); i++) {
		if (args->args[first + i].b.size > args->sizes[i])
			return false;
	}
	return true;
}

int32_t host_args_out(struct host_args *args, int32_t result)
{
	struct minkhost_call *out = host_out();
	const size_t first = ObjectCounts_indexOO(args->counts);
	const size_t n = ObjectCounts_numOO(args->counts);
	size_t at = 0;

	out->counts = args->counts;
	if (result != Object_OK)
		return result;
	if (!sizes_are_sane(args)) {
		release_objects(args->args, first, n);
		return Object_ERROR_SIZE_OUT;
	}
	for (size_t i = ObjectCounts_indexBO(args->counts);
	     i < ObjectCounts_indexOI(args->counts); i++) {
		size_t size = args->args[i].b.size;

		out->args[i] = (struct minkhost_arg){ at, size };
		if (size)
			memcpy(host_window() + at, args->args[i].b.ptr, size);
		at += align(size);
	}
	for (size_t i = first; i < first + n; i++) {
		if (!object_out(args->args[i].o, /* give: */ true, &out->args[i])) {
			/* The world does not look at those before it. */
			release_objects(args->args, i, first + n - i);
			while (i-- > first) {
				if (out->args[i].a == MINKHOST_OBJECT_HOST)
					(void)host_export_release((uint32_t)out->args[i].b);
			}
			return Object_ERROR_KMEM;
		}
		args->args[i].o = Object_NULL;
	}
	return Object_OK;
}

/* A request of the TA: buffers and lent objects */
static int32_t wire_from_args(ObjectCounts counts, const ObjectArg *args)
{
	struct minkhost_call *out = host_out();
	const size_t first_bo = ObjectCounts_indexBO(counts);
	size_t at = 0, room = 0;

	if (counts & QTEE_MSG_COUNTS_RESERVED)
		return Object_ERROR_MAXARGS;
	out->counts = counts;
	for (size_t i = 0; i < ObjectCounts_numBuffers(counts); i++) {
		size_t size = args[i].b.size;
		size_t *used = i < first_bo ? &at : &room;

		/* Both directions pass through the window, one after the other. */
		if (size > QTEE_MSG_INBOUND_MAX || align(size) > MINKHOST_WINDOW_SIZE - *used)
			return Object_ERROR_MAXDATA;
		out->args[i] = (struct minkhost_arg){ i < first_bo ? at : 0, size };
		if (i < first_bo && size)
			memcpy(host_window() + at, args[i].bi.ptr, size);
		*used += align(size);
	}
	for (size_t i = ObjectCounts_indexOI(counts); i < ObjectCounts_indexOO(counts); i++) {
		if (!object_out(args[i].o, /* give: */ false, &out->args[i])) {
			/* What was exported before it is given up again. */
			while (i-- > ObjectCounts_indexOI(counts)) {
				if (out->args[i].a == MINKHOST_OBJECT_HOST)
					(void)host_export_release((uint32_t)out->args[i].b);
			}
			return Object_ERROR_KMEM;
		}
	}
	return Object_OK;
}

static int32_t wire_to_outputs(ObjectCounts counts, ObjectArg *args)
{
	const struct minkhost_call *in = host_in();
	const size_t first = ObjectCounts_indexOO(counts);

	for (size_t i = ObjectCounts_indexBO(counts); i < ObjectCounts_indexOI(counts); i++) {
		if (in->args[i].b > args[i].b.size || !in_window(&in->args[i]))
			return Object_ERROR_SIZE_OUT;
		args[i].b.size = (size_t)in->args[i].b;
		if (args[i].b.size)
			memcpy(args[i].b.ptr, host_window() + in->args[i].a, args[i].b.size);
	}
	for (size_t i = first; i < ObjectCounts_total(counts); i++) {
		if (!object_in(&in->args[i], &args[i].o)) {
			release_objects(args, first, i - first);
			return Object_ERROR_BADOBJ;
		}
	}
	return Object_OK;
}
