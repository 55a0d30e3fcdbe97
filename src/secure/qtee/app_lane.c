/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What passes the lane of a TA host
 *
 * An answer is copied whole, and the bytes that it speaks of are copied out of the
 * window, before the lane is let go. Objects cross by handle (abi/minkhost.h).
 */
#include <stdlib.h>
#include <sys/mman.h>

#include "base/auto.h"
#include "base/fdsock.h"
#include "machine/lane/lane.h"
#include "secure/qtee/app_private.h"
#include "secure/qtee/mapping.h"

/* TAs that call TAs on one stack; a frame and what is below it take a few hundred bytes. */
#define MAX_DEPTH 16u

/* A window that one call filled gives the memory back. */
#define WINDOW_KEEP ((size_t)256 << 10)

/* What the host asks for, with memory of its own: others use the window meanwhile. */
struct request {
	uint32_t kind;
	uint32_t call;
	uint32_t method;
	uint32_t counts;
	struct object *target;
	uint8_t *bytes;
	uint32_t sizes[QTEE_MSG_ARGS_PER_KIND];	/* room in output buffers */
	union qtee_arg args[QTEE_MSG_ARGS_MAX];
};

/* On the heap: a call's stack is small, and calls nest. */
struct exchange {
	struct minkhost_call msg;
	struct request request;
};

/* --- handles --- */

/* A handle with a reference of its own; 0: the host is dead, or there is no memory. */
static uint32_t handle_add(struct app *app, struct object *object)
{
	uint32_t handle = 0;

	pthread_mutex_lock(&app->handles_lock);
	if (!app->drained && idtable_add(&app->handles, object, &handle) == 0)
		object_get(object);
	else
		handle = 0;
	pthread_mutex_unlock(&app->handles_lock);
	return handle;
}

static struct object *handle_get(struct app *app, uint64_t handle)
{
	struct object *object = NULL;

	pthread_mutex_lock(&app->handles_lock);
	if (handle <= UINT32_MAX)
		object = object_get(idtable_get(&app->handles, (uint32_t)handle));
	pthread_mutex_unlock(&app->handles_lock);
	return object;
}

static void handle_remove(struct app *app, uint32_t handle)
{
	struct object *object;

	pthread_mutex_lock(&app->handles_lock);
	object = idtable_remove(&app->handles, handle);
	pthread_mutex_unlock(&app->handles_lock);
	object_put(object);
}

/* --- objects --- */

static bool object_out(struct app *app, struct object *object, struct minkhost_arg *arg)
{
	uint32_t own = app_object_handle(app, object);

	if (!object)
		*arg = (struct minkhost_arg){ MINKHOST_OBJECT_NULL, 0 };
	else if (own)
		*arg = (struct minkhost_arg){ MINKHOST_OBJECT_HOST, own };
	else
		*arg = (struct minkhost_arg){ MINKHOST_OBJECT_WORLD, handle_add(app, object) };
	return !object || arg->b;
}

static bool objects_out(struct app *app, uint32_t first, uint32_t n, const union qtee_arg *args,
			struct minkhost_arg *to)
{
	for (uint32_t i = first; i < first + n; i++) {
		if (object_out(app, args[i].o, &to[i]))
			continue;
		while (i-- > first) {
			if (to[i].a == MINKHOST_OBJECT_WORLD)
				handle_remove(app, (uint32_t)to[i].b);
		}
		return false;
	}
	return true;
}

/* A new reference; false for nonsense, and when a handle of the host's would be lost. */
static bool object_in(struct app *app, const struct minkhost_arg *arg, struct object **ret_object)
{
	*ret_object = NULL;
	switch (arg->a) {
	case MINKHOST_OBJECT_NULL:
		return true;
	case MINKHOST_OBJECT_WORLD:
		*ret_object = handle_get(app, arg->b);
		return *ret_object;
	case MINKHOST_OBJECT_HOST:
		if (arg->b == 0 || arg->b > UINT32_MAX)
			return false;
		*ret_object = app_object_new(app, (uint32_t)arg->b);
		return *ret_object;
	default:
		return false;
	}
}

/* All of them, also behind one that is bad: each may hold something. */
static bool objects_in(struct app *app, uint32_t first, uint32_t n,
		       const struct minkhost_arg *from, union qtee_arg *args)
{
	bool ok = true;

	for (uint32_t i = first; i < first + n; i++)
		ok = object_in(app, &from[i], &args[i].o) && ok;
	if (!ok)
		object_put_args(args, first, n);
	return ok;
}

static bool has_controller(const union qtee_arg *args, uint32_t first, uint32_t n)
{
	for (uint32_t i = first; i < first + n; i++) {
		if (object_is_app_controller(args[i].o))
			return true;
	}
	return false;
}

static void take_released(struct app *app, const struct minkhost_call *msg)
{
	for (uint32_t i = 0; i < msg->n_released && i < MINKHOST_MAX_RELEASED; i++)
		handle_remove(app, msg->released[i]);
}

/* --- buffers --- */

static bool in_window(const struct minkhost_arg *arg)
{
	return arg->a <= MINKHOST_WINDOW_SIZE && arg->b <= MINKHOST_WINDOW_SIZE - arg->a;
}

/* @n buffers from args[first] on, into the window */
static bool buffers_out(struct app *app, uint32_t first, uint32_t n, const union qtee_arg *args,
			struct minkhost_arg *to)
{
	uint64_t at = 0;

	for (uint32_t i = first; i < first + n; i++) {
		uint64_t size = args[i].b.size;

		if (size > MINKHOST_WINDOW_SIZE - at)
			return false;
		to[i] = (struct minkhost_arg){ at, size };
		if (size)
			memcpy(app->window + at, args[i].b.ptr, (size_t)size);
		at = QTEE_MSG_ALIGN_UP(at + size);
		if (at > MINKHOST_WINDOW_SIZE)
			at = MINKHOST_WINDOW_SIZE;
	}
	return true;
}

static bool buffers_in(const struct app *app, uint32_t first, uint32_t n,
		       const struct minkhost_arg *from, union qtee_arg *args)
{
	for (uint32_t i = first; i < first + n; i++) {
		if (!in_window(&from[i]) || from[i].b > args[i].b.size)
			return false;
		args[i].b.size = (size_t)from[i].b;
		if (args[i].b.size)
			memcpy(args[i].b.ptr, app->window + from[i].a, args[i].b.size);
	}
	return true;
}

/* --- a call: its arguments there, its outputs back --- */

static int32_t call_out(struct app *app, struct minkhost_call *msg, uint32_t counts,
			const union qtee_arg *args)
{
	msg->counts = counts;
	if (has_controller(args, QTEE_MSG_FIRST_IO(counts), QTEE_MSG_NUM_IO(counts)))
		return QTEE_ERROR_BADOBJ;
	if (!buffers_out(app, 0, QTEE_MSG_NUM_IB(counts), args, msg->args))
		return QTEE_ERROR_MAXDATA;
	for (uint32_t i = QTEE_MSG_FIRST_OB(counts); i < QTEE_MSG_FIRST_IO(counts); i++)
		msg->args[i] = (struct minkhost_arg){ 0, args[i].b.size };
	if (!objects_out(app, QTEE_MSG_FIRST_IO(counts), QTEE_MSG_NUM_IO(counts), args, msg->args))
		return QTEE_ERROR_KMEM;
	return QTEE_OK;
}

static int32_t call_in(struct app *app, const struct minkhost_call *msg, uint32_t counts,
		       union qtee_arg *args)
{
	const uint32_t first_oo = QTEE_MSG_FIRST_OO(counts);

	if (msg->result != QTEE_OK)
		return msg->result;
	if (!objects_in(app, first_oo, QTEE_MSG_NUM_OO(counts), msg->args, args)) {
		app_kill(app, "its host gave an object that there is not");
		return QTEE_ERROR_DEFUNCT;
	}
	if (!buffers_in(app, QTEE_MSG_FIRST_OB(counts), QTEE_MSG_NUM_OB(counts), msg->args, args)) {
		object_put_args(args, first_oo, QTEE_MSG_NUM_OO(counts));
		app_kill(app, "its host gave more than there is room for");
		return QTEE_ERROR_DEFUNCT;
	}
	return QTEE_OK;
}

/* --- a request of the host: its arguments here, its outputs there --- */

static bool request_buffers(const struct app *app, const struct minkhost_call *msg,
			    struct request *request)
{
	const uint32_t first_ob = QTEE_MSG_FIRST_OB(request->counts);
	uint64_t total = 0;
	uint8_t *at;

	for (uint32_t i = 0; i < QTEE_MSG_FIRST_IO(request->counts); i++) {
		if (msg->args[i].b > QTEE_MSG_INBOUND_MAX ||
		    (i < first_ob && !in_window(&msg->args[i])))
			return false;
		total += QTEE_MSG_ALIGN_UP(msg->args[i].b);
	}
	if (total > 2 * (uint64_t)MINKHOST_WINDOW_SIZE)
		return false;
	at = request->bytes = calloc(1, total ? (size_t)total : 1);
	if (!at)
		return false;
	for (uint32_t i = 0; i < QTEE_MSG_FIRST_IO(request->counts); i++) {
		size_t size = (size_t)msg->args[i].b;

		request->args[i].b.ptr = at;
		request->args[i].b.size = size;
		if (i < first_ob)
			memcpy(at, app->window + msg->args[i].a, size);
		else
			request->sizes[i - first_ob] = (uint32_t)size;
		at += QTEE_MSG_ALIGN_UP(size);
	}
	return true;
}

static void request_free(struct request *request)
{
	object_put_args(request->args, QTEE_MSG_FIRST_IO(request->counts),
			QTEE_MSG_NUM_IO(request->counts) + QTEE_MSG_NUM_OO(request->counts));
	object_put(request->target);
	free(request->bytes);
	request->bytes = NULL;
}

/* False, with nothing to free, for what a sane host does not ask. */
static bool request_in(struct app *app, const struct minkhost_call *msg, struct request *request)
{
	*request = (struct request){
		.kind = msg->request,
		.call = msg->call,
		.method = msg->method,
		.counts = msg->request == MINKHOST_REQUEST_INVOKE ? msg->counts : 0,
	};
	if (request->counts & QTEE_MSG_COUNTS_RESERVED)
		return false;
	if (!objects_in(app, QTEE_MSG_FIRST_IO(request->counts),
			QTEE_MSG_NUM_IO(request->counts), msg->args, request->args))
		return false;
	if (!request_buffers(app, msg, request)) {
		request_free(request);
		return false;
	}
	if (request->kind != MINKHOST_REQUEST_RELEASE)
		request->target = handle_get(app, msg->target);
	return true;
}

/* Without the lane. @ret_mapping: of a MAP */
static int32_t request_serve(struct call *call, struct request *request,
			     struct object **ret_mapping)
{
	*ret_mapping = NULL;
	switch (request->kind) {
	case MINKHOST_REQUEST_INVOKE:
		return object_invoke(call, request->target, request->method, request->counts,
				     request->args);
	case MINKHOST_REQUEST_MAP:
		return mapping_new(call, request->target, ret_mapping);
	case MINKHOST_REQUEST_RELEASE:
		return QTEE_OK;
	default:
		return QTEE_ERROR_INVALID;
	}
}

static bool request_sizes_are_sane(const struct request *request)
{
	const uint32_t first = QTEE_MSG_FIRST_OB(request->counts);

	for (uint32_t i = 0; i < QTEE_MSG_NUM_OB(request->counts); i++) {
		if (request->args[first + i].b.size > request->sizes[i])
			return false;
	}
	return true;
}

/* With the lane: a descriptor goes ahead of the answer that speaks of it. */
static int32_t send_mapping(struct app *app, struct object *mapping, struct minkhost_call *msg)
{
	struct mapping_share share;
	uint32_t handle;
	int32_t result = mapping_get_share(mapping, &share);
	int r;

	if (result != QTEE_OK)
		return result;
	handle = handle_add(app, mapping);
	if (!handle) {
		close_fd(share.fd);
		return QTEE_ERROR_KMEM;
	}
	r = fdsock_send(app->sock, &handle, sizeof(handle), &share.fd, 1);
	close_fd(share.fd);
	if (r < 0) {
		handle_remove(app, handle);
		app_kill(app, "its host does not take shared memory");
		return QTEE_ERROR_DEFUNCT;
	}
	msg->map.size = share.size;
	msg->map.fd_offset = share.fd_offset;
	msg->map.write = share.write;
	msg->map.mapping = handle;
	return QTEE_OK;
}

/* With the lane: the answer to a request, in @msg */
static void request_out(struct app *app, struct request *request, int32_t result,
			struct object *mapping, struct minkhost_call *msg)
{
	const uint32_t counts = request->counts;

	*msg = (struct minkhost_call){
		.op = MINKHOST_OP_RESUME,
		.call = request->call,
		.counts = counts,
	};
	if (result == QTEE_OK && mapping)
		result = send_mapping(app, mapping, msg);
	if (result == QTEE_OK && (!request_sizes_are_sane(request) ||
				  !buffers_out(app, QTEE_MSG_FIRST_OB(counts),
					       QTEE_MSG_NUM_OB(counts), request->args,
					       msg->args)))
		result = QTEE_ERROR_MAXDATA;
	if (result == QTEE_OK && !object_is_app_loader(request->target) &&
	    has_controller(request->args, QTEE_MSG_FIRST_OO(counts), QTEE_MSG_NUM_OO(counts)))
		result = QTEE_ERROR_BADOBJ;
	if (result == QTEE_OK && !objects_out(app, QTEE_MSG_FIRST_OO(counts),
					      QTEE_MSG_NUM_OO(counts), request->args, msg->args))
		result = QTEE_ERROR_KMEM;
	msg->result = result;
}

/* --- */

static size_t bytes_of(const struct minkhost_call *msg)
{
	uint64_t n = 0;

	for (uint32_t i = 0; i < QTEE_MSG_FIRST_IO(msg->counts); i++)
		n += msg->args[i].b;
	return (size_t)n;
}

/* The pages become holes, for both sides; the next call gets zeroed ones. */
static void window_trim(struct app *app, size_t used)
{
	if (used > WINDOW_KEEP)
		(void)madvise(app->window, MINKHOST_WINDOW_SIZE, MADV_REMOVE);
}

/* With the lane, which is let go while a request is served. */
static int32_t call_loop(struct call *call, struct app *app, struct exchange *x, uint32_t counts,
			 union qtee_arg *args)
{
	struct object *mapping;
	int32_t result;

	for (;;) {
		if (!app_exchange(app, &x->msg))
			return QTEE_ERROR_DEFUNCT;
		if (x->msg.answer == MINKHOST_DONE) {
			result = call_in(app, &x->msg, counts, args);
			take_released(app, &x->msg);
			return result;
		}
		if (x->msg.answer != MINKHOST_REQUEST ||
		    !request_in(app, &x->msg, &x->request)) {
			app_kill(app, "its host gave an answer that there is not");
			return QTEE_ERROR_DEFUNCT;
		}
		pthread_mutex_unlock(&app->lock);

		take_released(app, &x->msg);
		result = request_serve(call, &x->request, &mapping);

		pthread_mutex_lock(&app->lock);
		request_out(app, &x->request, result, mapping, &x->msg);
		object_put(mapping);
		request_free(&x->request);
	}
}

static int32_t call_enter(struct call *call, struct app *app, uint32_t target, uint32_t method,
			  uint32_t counts, union qtee_arg *args)
{
	AUTO_FREE struct exchange *x = calloc(1, sizeof(*x));
	int32_t result;
	size_t used;

	if (!x)
		return QTEE_ERROR_KMEM;
	x->msg.op = MINKHOST_OP_CALL;
	x->msg.target = target;
	x->msg.method = method;
	pthread_mutex_lock(&app->lock);
	result = call_out(app, &x->msg, counts, args);
	used = bytes_of(&x->msg);
	if (result == QTEE_OK)
		result = call_loop(call, app, x, counts, args);
	window_trim(app, used);
	pthread_mutex_unlock(&app->lock);
	return result;
}

int32_t app_call(struct call *call, struct app *app, uint32_t target, uint32_t method,
		 uint32_t counts, union qtee_arg *args)
{
	/* What the end of a TA still has to do, it does behind closed doors. */
	const bool ends = target == MINKHOST_TARGET_APP && method == MINKHOST_APP_SHUTDOWN;
	int32_t result;

	if (call->depth == MAX_DEPTH)
		return QTEE_ERROR_BUSY;
	call->depth++;
	app_get(app);
	atomic_fetch_add(&app->n_inside, 1);
	if (atomic_load(&app->unloaded) && !ends)
		result = QTEE_ERROR_DEFUNCT;
	else
		result = call_enter(call, app, target, method, counts, args);
	atomic_fetch_sub(&app->n_inside, 1);
	app_queue_end(app);
	app_put(app);
	call->depth--;
	return result;
}
