/* SPDX-License-Identifier: BSD-2-Clause */
/* The direct message (2.2): taken apart, served, answered */
#include "secure/qtee/call.h"

#include <errno.h>
#include <stdlib.h>

#include "abi/qtee_smc.h"
#include "secure/common/shared.h"
#include "secure/qtee/exports.h"
#include "secure/qtee/ns_object.h"
#include "secure/qtee/world.h"

/* A buffer that was needed for one large message is not kept. */
#define MSG_ROOM_KEEP ((size_t)64 << 10)

static bool reserve(struct call *call, size_t size)
{
	if (call->msg_room >= size && (call->msg_room <= MSG_ROOM_KEEP || size > MSG_ROOM_KEEP))
		return true;
	free(call->msg);
	call->msg = malloc(size);
	call->msg_room = call->msg ? size : 0;
	return call->msg;
}

/* Buffers in the order of their arguments, none overlapping another; see 2.4. */
static bool take_buffers(struct call *call, const struct qtee_msg_invoke *msg)
{
	const uint32_t n_args = QTEE_MSG_NUM_ARGS(call->counts);
	const uint32_t first_ob = QTEE_MSG_FIRST_OB(call->counts);
	uint64_t end = QTEE_MSG_PAYLOAD(n_args);

	for (uint32_t i = 0; i < QTEE_MSG_FIRST_IO(call->counts); i++) {
		const struct qtee_msg_buffer *b = &msg->args[i].b;

		if (!qtee_msg_buffer_ok(b->offset, b->size, n_args, (uint32_t)call->in.size) ||
		    b->offset < end)
			return false;
		end = (uint64_t)b->offset + b->size;
		call->args[i].b.ptr = call->msg + b->offset;
		call->args[i].b.size = b->size;
		if (i >= first_ob)
			call->ob_sizes[i - first_ob] = b->size;
	}
	return true;
}

/* Proxies for the ids of the normal world, so that nothing can fail afterwards. */
static bool prepare_objects(struct call *call, const struct qtee_msg_invoke *msg)
{
	const uint32_t first = QTEE_MSG_FIRST_IO(call->counts);
	const uint32_t n = QTEE_MSG_NUM_IO(call->counts);

	memset(&call->args[first], 0, (n + QTEE_MSG_NUM_OO(call->counts)) * sizeof(call->args[0]));
	for (uint32_t i = first; i < first + n; i++) {
		if (!(msg->args[i].o.id & QTEE_MSG_OBJECT_NS_BIT))
			continue;
		call->args[i].o = ns_object_new(&call->world->releases);
		if (!call->args[i].o) {
			object_put_args(call->args, first, n);
			return false;
		}
	}
	return true;
}

int32_t message_take(struct call *call)
{
	const size_t size = call->in.size;
	struct qtee_msg_invoke *msg;
	uint32_t n_args;

	if (!reserve(call, size))
		return QTEE_SMC_STATUS_ERROR_NOMEM;
	/* All of it: what is looked at later is what was checked. */
	shared_copy_in(call->msg, call->in.va, size);
	msg = (struct qtee_msg_invoke *)call->msg;
	call->target = msg->cxt;
	call->op = msg->op;
	call->counts = msg->counts;
	n_args = QTEE_MSG_NUM_ARGS(call->counts);
	if (call->counts & QTEE_MSG_COUNTS_RESERVED || QTEE_MSG_PAYLOAD(n_args) > size)
		return QTEE_SMC_STATUS_ERROR_INVALID_ARG;
	if (!take_buffers(call, msg))
		return QTEE_SMC_STATUS_ERROR_INVALID_ARG;
	if (!prepare_objects(call, msg))
		return QTEE_SMC_STATUS_ERROR_NOMEM;
	return QTEE_SMC_STATUS_OK;
}

/* --- objects --- */

/* An id of ours, as the normal world may use it; NULL when there is none. */
static struct object *own_object(struct call *call, uint32_t id)
{
	if (id == QTEE_MSG_OBJECT_ROOT)
		return object_get(call->world->root);
	return export_get(&call->world->exports, id);
}

/* Whatever the outcome, references that came with the message are in call->args. */
static int32_t input_objects(struct call *call)
{
	const struct qtee_msg_invoke *msg = (const struct qtee_msg_invoke *)call->msg;
	const uint32_t first = QTEE_MSG_FIRST_IO(call->counts);
	int32_t result = QTEE_OK;

	for (uint32_t i = first; i < QTEE_MSG_FIRST_OO(call->counts); i++) {
		uint32_t id = msg->args[i].o.id;

		if (id & QTEE_MSG_OBJECT_NS_BIT) {
			/* The primordial object is known without being sent: nothing to hold. */
			if (id == QTEE_MSG_OBJECT_PRIMORDIAL)
				result = QTEE_ERROR_BADOBJ;
			else
				ns_object_adopt(call->args[i].o, id);
		} else if (id != QTEE_MSG_OBJECT_NULL) {
			call->args[i].o = own_object(call, id);
			if (!call->args[i].o)
				result = QTEE_ERROR_BADOBJ;
		}
	}
	return result;
}

/* Ids for what came out; the normal world's own objects keep theirs. */
static int32_t output_objects(struct call *call, uint32_t ids[QTEE_MSG_ARGS_PER_KIND])
{
	const uint32_t first = QTEE_MSG_FIRST_OO(call->counts);
	const uint32_t n = QTEE_MSG_NUM_OO(call->counts);
	int r = 0;

	for (uint32_t i = 0; i < n && r == 0; i++) {
		struct object *object = call->args[first + i].o;

		ids[i] = ns_object_id(object);
		if (object && !ids[i])
			r = export_add(&call->world->exports, object, &ids[i]);
		if (r < 0) {
			/* Nobody gets to see these. */
			while (i--) {
				if (ids[i] && !(ids[i] & QTEE_MSG_OBJECT_NS_BIT))
					(void)export_release(&call->world->exports, ids[i]);
			}
			break;
		}
	}
	object_put_args(call->args, first, n);
	if (r < 0)
		return r == -ENOSPC ? QTEE_ERROR_NOSLOTS : QTEE_ERROR_KMEM;
	return QTEE_OK;
}

/* --- serving --- */

/* RELEASE and RETAIN are about the id. */
static int32_t serve_id(struct call *call, uint32_t method)
{
	struct export_table *exports = &call->world->exports;
	int r;

	if (call->counts)
		return QTEE_ERROR_INVALID;
	if (call->target == QTEE_MSG_OBJECT_ROOT)
		return QTEE_OK;
	r = method == QTEE_MSG_OP_RELEASE ? export_release(exports, call->target) :
					    export_retain(exports, call->target);
	return r < 0 ? QTEE_ERROR_BADOBJ : QTEE_OK;
}

static int32_t invoke_target(struct call *call)
{
	const uint32_t method = QTEE_MSG_OP_METHOD(call->op);
	struct object *object;
	int32_t result;

	if (call->op & ~(QTEE_MSG_OP_METHOD_MASK | QTEE_MSG_OP_REMOTE_BUFS))
		return QTEE_ERROR_INVALID;
	if (method == QTEE_MSG_OP_RELEASE || method == QTEE_MSG_OP_RETAIN)
		return serve_id(call, method);
	/* Others of that kind never leave the process of their object. */
	if (method & QTEE_MSG_OP_LOCAL_BIT)
		return QTEE_ERROR_REMOTE;
	object = own_object(call, call->target);
	if (!object)
		return QTEE_ERROR_BADOBJ;
	result = object_invoke(call, object, method, call->counts, call->args);
	object_put(object);
	return result;
}

static bool sizes_are_sane(const struct call *call)
{
	const uint32_t first = QTEE_MSG_FIRST_OB(call->counts);

	for (uint32_t i = 0; i < QTEE_MSG_NUM_OB(call->counts); i++) {
		if (call->args[first + i].b.size > call->ob_sizes[i])
			return false;
	}
	return true;
}

/* Sizes, bytes and ids; offsets are those of our copy. */
static void write_outputs(struct call *call, const uint32_t ids[QTEE_MSG_ARGS_PER_KIND])
{
	const struct qtee_msg_invoke *msg = (const struct qtee_msg_invoke *)call->msg;
	struct qtee_msg_invoke *shared = (struct qtee_msg_invoke *)call->in.va;
	const uint32_t first_oo = QTEE_MSG_FIRST_OO(call->counts);

	for (uint32_t i = QTEE_MSG_FIRST_OB(call->counts); i < QTEE_MSG_FIRST_IO(call->counts);
	     i++) {
		memcpy(call->in.va + msg->args[i].b.offset, call->args[i].b.ptr,
		       call->args[i].b.size);
		SHARED_WRITE(shared->args[i].b.size, (uint32_t)call->args[i].b.size);
	}
	for (uint32_t i = 0; i < QTEE_MSG_NUM_OO(call->counts); i++)
		SHARED_WRITE(shared->args[first_oo + i].o.id, ids[i]);
}

int32_t message_serve(struct call *call)
{
	const uint32_t first_oo = QTEE_MSG_FIRST_OO(call->counts);
	uint32_t ids[QTEE_MSG_ARGS_PER_KIND];
	int32_t result = input_objects(call);

	if (result == QTEE_OK)
		result = invoke_target(call);
	object_put_args(call->args, QTEE_MSG_FIRST_IO(call->counts),
			QTEE_MSG_NUM_IO(call->counts));
	/* What only this call can do, because it may have to ask somebody */
	world_bury(call);

	if (result == QTEE_OK && !sizes_are_sane(call))
		result = QTEE_ERROR;
	if (result == QTEE_OK)
		result = output_objects(call, ids);
	else
		object_put_args(call->args, first_oo, QTEE_MSG_NUM_OO(call->counts));
	if (result == QTEE_OK)
		write_outputs(call, ids);
	return result;
}
