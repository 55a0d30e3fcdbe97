/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Callbacks: objects of the normal world are invoked (2.3)
 *
 * The message is written into the outbound buffer and never read back; of the answer
 * the result, the sizes of output buffers, their bytes and the output ids are read,
 * each once.
 */
#include <errno.h>
#include <stdlib.h>

#include "abi/qtee_smc.h"
#include "secure/common/fiber.h"
#include "secure/common/shared.h"
#include "secure/qtee/call.h"
#include "secure/qtee/exports.h"
#include "secure/qtee/ns_object.h"
#include "secure/qtee/world.h"

/* Where the buffers go, and where asynchronous messages begin; false: no room */
static bool lay_out(const struct call *call, uint32_t counts, const union qtee_arg *args,
		    uint32_t offsets[], uint32_t *ret_end)
{
	uint64_t end = QTEE_MSG_PAYLOAD(QTEE_MSG_NUM_ARGS(counts));

	for (uint32_t i = 0; i < QTEE_MSG_FIRST_IO(counts); i++) {
		if (args[i].b.size > call->out.size)
			return false;
		offsets[i] = (uint32_t)end;
		end += QTEE_MSG_ALIGN_UP(args[i].b.size);
		if (end > call->out.size)
			return false;
	}
	*ret_end = (uint32_t)end;
	return end <= call->out.size;
}

static void withdraw(struct call *call, const uint32_t *ids, uint32_t n)
{
	for (uint32_t i = 0; i < n; i++) {
		if (ids[i] && !(ids[i] & QTEE_MSG_OBJECT_NS_BIT))
			(void)export_release(&call->world->exports, ids[i]);
	}
}

/* Ids for the input objects: the normal world owns what these hold. */
static int32_t send_objects(struct call *call, uint32_t counts, const union qtee_arg *args,
			    uint32_t ids[])
{
	const uint32_t first = QTEE_MSG_FIRST_IO(counts);

	for (uint32_t i = 0; i < QTEE_MSG_NUM_IO(counts); i++) {
		struct object *object = args[first + i].o;
		int r = 0;

		ids[i] = ns_object_id(object);
		if (object && !ids[i])
			r = export_add(&call->world->exports, object, &ids[i]);
		if (r < 0) {
			withdraw(call, ids, i);
			return r == -ENOSPC ? QTEE_ERROR_NOSLOTS : QTEE_ERROR_KMEM;
		}
	}
	return QTEE_OK;
}

/* So that no id that the answer brings can be lost for want of memory */
static bool prepare_outputs(struct call *call, struct object *proxies[], uint32_t n)
{
	for (uint32_t i = 0; i < n; i++) {
		proxies[i] = ns_object_new(&call->world->releases);
		if (!proxies[i]) {
			while (i--)
				object_put(proxies[i]);
			return false;
		}
	}
	return true;
}

static void write_message(struct call *call, uint32_t id, uint32_t op, uint32_t counts,
			  const union qtee_arg *args, const uint32_t *offsets,
			  const uint32_t *ids, uint32_t end)
{
	struct qtee_msg_callback *msg = (struct qtee_msg_callback *)call->out.va;
	const uint32_t first_ob = QTEE_MSG_FIRST_OB(counts);
	const uint32_t first_io = QTEE_MSG_FIRST_IO(counts);

	memset(call->out.va, 0, end);
	msg->cxt = id;
	msg->op = op;
	msg->counts = counts;
	for (uint32_t i = 0; i < first_io; i++) {
		msg->args[i].b.offset = offsets[i];
		msg->args[i].b.size = (uint32_t)args[i].b.size;
		if (i < first_ob && args[i].b.size)
			memcpy(call->out.va + offsets[i], args[i].b.ptr, args[i].b.size);
	}
	for (uint32_t i = 0; i < QTEE_MSG_NUM_IO(counts); i++)
		msg->args[first_io + i].o.id = ids[i];
	ns_releases_write(&call->world->releases, call->out.va + end, call->out.size - end);
}

static bool read_buffers(struct call *call, uint32_t counts, union qtee_arg *args,
			 const uint32_t *offsets)
{
	struct qtee_msg_callback *msg = (struct qtee_msg_callback *)call->out.va;

	for (uint32_t i = QTEE_MSG_FIRST_OB(counts); i < QTEE_MSG_FIRST_IO(counts); i++) {
		uint32_t size = SHARED_READ(msg->args[i].b.size);

		if (size > args[i].b.size)
			return false;
		if (size)
			shared_copy_in(args[i].b.ptr, call->out.va + offsets[i], size);
		args[i].b.size = size;
	}
	return true;
}

/* Takes all of them, also when one is bad: they are ours. */
static bool read_objects(struct call *call, uint32_t counts, union qtee_arg *args,
			 struct object *proxies[])
{
	struct qtee_msg_callback *msg = (struct qtee_msg_callback *)call->out.va;
	const uint32_t first = QTEE_MSG_FIRST_OO(counts);
	bool ok = true;

	for (uint32_t i = 0; i < QTEE_MSG_NUM_OO(counts); i++) {
		uint32_t id = SHARED_READ(msg->args[first + i].o.id);
		struct object *object = NULL;

		if (id == QTEE_MSG_OBJECT_PRIMORDIAL) {
			ok = false;
		} else if (id & QTEE_MSG_OBJECT_NS_BIT) {
			object = object_get(proxies[i]);
			ns_object_adopt(object, id);
		} else if (id == QTEE_MSG_OBJECT_ROOT) {
			object = object_get(call->world->root);
		} else if (id != QTEE_MSG_OBJECT_NULL) {
			object = export_get(&call->world->exports, id);
			ok = ok && object;
		}
		args[first + i].o = object;
	}
	if (!ok)
		object_put_args(args, first, QTEE_MSG_NUM_OO(counts));
	return ok;
}

static int32_t read_answer(struct call *call, uint32_t counts, union qtee_arg *args,
			   const uint32_t *offsets, struct object *proxies[])
{
	const struct qtee_msg_callback *msg = (const struct qtee_msg_callback *)call->out.va;
	int32_t result = (int32_t)SHARED_READ(msg->result);

	if (result != QTEE_OK)
		return result;
	if (!read_objects(call, counts, args, proxies))
		return QTEE_ERROR_BADOBJ;
	if (!read_buffers(call, counts, args, offsets)) {
		object_put_args(args, QTEE_MSG_FIRST_OO(counts), QTEE_MSG_NUM_OO(counts));
		return QTEE_ERROR_INVALID;
	}
	return QTEE_OK;
}

/* Back on the fiber when the normal world has answered */
static void wait_for_answer(struct call *call)
{
	call->regs = (struct smc_regs){
		.a = { QTEE_SMC_STATUS_OK, QTEE_SMC_RSP_CALLBACK },
	};
	call->in_callback = true;
	fiber_suspend(call->fiber);
}

int32_t call_callback(struct call *call, uint32_t id, uint32_t op, uint32_t counts,
		      union qtee_arg *args)
{
	uint32_t offsets[2 * QTEE_MSG_ARGS_PER_KIND];
	uint32_t ids[QTEE_MSG_ARGS_PER_KIND];
	struct object *proxies[QTEE_MSG_ARGS_PER_KIND];
	const uint32_t n_oo = QTEE_MSG_NUM_OO(counts);
	uint32_t end;
	int32_t result;

	if (!lay_out(call, counts, args, offsets, &end))
		return QTEE_ERROR_MAXDATA;
	if (!prepare_outputs(call, proxies, n_oo))
		return QTEE_ERROR_KMEM;
	result = send_objects(call, counts, args, ids);
	if (result == QTEE_OK) {
		write_message(call, id, op, counts, args, offsets, ids, end);
		wait_for_answer(call);
		result = read_answer(call, counts, args, offsets, proxies);
	}
	for (uint32_t i = 0; i < n_oo; i++)
		object_put(proxies[i]);
	return result;
}
