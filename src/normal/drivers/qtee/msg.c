/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Messages: from arguments to bytes and back (abi/qtee_msg.h)
 *
 * Where a buffer stands in a message follows from the sizes of those before it, so
 * offsets are computed here and only compared with what the QTEE wrote. Memory that
 * the QTEE can write to is read once.
 */
#include <linux/compiler.h>
#include <linux/errno.h>
#include <linux/kernel.h>
#include <linux/printk.h>
#include <linux/string.h>
#include <linux/uaccess.h>

#include "normal/drivers/qtee/qcomtee_private.h"

/* How often each kind occurs; -EINVAL when the message cannot say that. */
static int qcomtee_count_args(const struct qcomtee_arg *args,
			      unsigned int n[QCOMTEE_ARG_TYPE_NR])
{
	unsigned int i;

	memset(n, 0, QCOMTEE_ARG_TYPE_NR * sizeof(*n));
	qcomtee_arg_for_each(i, args) {
		if (args[i].type >= QCOMTEE_ARG_TYPE_NR)
			return -EINVAL;
		if (++n[args[i].type] > QTEE_MSG_ARGS_PER_KIND)
			return -EINVAL;
	}
	return 0;
}

u32 qcomtee_args_counts(const struct qcomtee_arg *args)
{
	unsigned int n[QCOMTEE_ARG_TYPE_NR];

	if (qcomtee_count_args(args, n))
		return 0;
	return QTEE_MSG_COUNTS(n[QCOMTEE_ARG_TYPE_IB], n[QCOMTEE_ARG_TYPE_OB],
			       n[QCOMTEE_ARG_TYPE_IO], n[QCOMTEE_ARG_TYPE_OO]);
}

int qcomtee_msg_size(const struct qcomtee_arg *args, size_t *ret_size)
{
	unsigned int n[QCOMTEE_ARG_TYPE_NR];
	unsigned int i;
	u64 size;
	int rc;

	rc = qcomtee_count_args(args, n);
	if (rc)
		return rc;
	size = QTEE_MSG_PAYLOAD(QTEE_MSG_NUM_ARGS(qcomtee_args_counts(args)));
	qcomtee_arg_for_each(i, args) {
		if (args[i].type != QCOMTEE_ARG_TYPE_IB && args[i].type != QCOMTEE_ARG_TYPE_OB)
			continue;
		if (args[i].b.size > QTEE_MSG_INBOUND_MAX)
			return -EINVAL;
		size += QTEE_MSG_ALIGN_UP(args[i].b.size);
	}
	if (size > QTEE_MSG_INBOUND_MAX)
		return -EINVAL;
	*ret_size = size;
	return 0;
}

/*
 * The direct message
 */

static int qcomtee_fill_input(void *to, const struct qcomtee_arg *arg)
{
	if (!arg->b.size)
		return 0;
	if (!(arg->flags & QCOMTEE_ARG_FLAGS_UADDR)) {
		memcpy(to, arg->b.addr, arg->b.size);
		return 0;
	}
	return copy_from_user(to, arg->b.uaddr, arg->b.size) ? -EFAULT : 0;
}

/* Buffers of one kind, into entries from *@slot on, payload from *@offset on. */
static int qcomtee_prepare_buffers(struct qcomtee_object_invoke_ctx *oic,
				   struct qcomtee_arg *args, enum qcomtee_arg_type type,
				   unsigned int *slot, u32 *offset)
{
	struct qtee_msg_invoke *msg = oic->in;
	unsigned int i;
	int rc = 0;

	qcomtee_arg_for_each_type(i, args, type) {
		msg->args[*slot].b.offset = *offset;
		msg->args[*slot].b.size = args[i].b.size;
		if (type == QCOMTEE_ARG_TYPE_IB)
			rc = qcomtee_fill_input((u8 *)oic->in + *offset, &args[i]);
		if (rc)
			return rc;
		*offset += QTEE_MSG_ALIGN_UP(args[i].b.size);
		++*slot;
	}
	return 0;
}

int qcomtee_msg_prepare(struct qcomtee_object_invoke_ctx *oic, struct qcomtee_object *object,
			u32 op, struct qcomtee_arg *args)
{
	struct qtee_msg_invoke *msg = oic->in;
	u32 counts = qcomtee_args_counts(args);
	u32 offset = QTEE_MSG_PAYLOAD(QTEE_MSG_NUM_ARGS(counts));
	unsigned int slot = 0;
	unsigned int n = 0;
	unsigned int i;
	int rc;

	msg->cxt = object->type == QCOMTEE_OBJECT_TYPE_ROOT ? QTEE_MSG_OBJECT_ROOT : object->id;
	msg->op = op;
	msg->counts = counts;

	rc = qcomtee_prepare_buffers(oic, args, QCOMTEE_ARG_TYPE_IB, &slot, &offset);
	if (!rc)
		rc = qcomtee_prepare_buffers(oic, args, QCOMTEE_ARG_TYPE_OB, &slot, &offset);
	if (rc)
		return rc;

	qcomtee_arg_for_each_type(i, args, QCOMTEE_ARG_TYPE_IO) {
		u32 id;

		rc = qcomtee_object_to_id(oic, args[i].o, &id, &oic->in_ids[n++]);
		if (rc)
			return rc;
		msg->args[slot++].o.id = id;
	}
	return 0;
}

void qcomtee_msg_forget(struct qcomtee_object_invoke_ctx *oic, struct qcomtee_arg *args)
{
	unsigned int n = 0;
	unsigned int i;

	qcomtee_arg_for_each_type(i, args, QCOMTEE_ARG_TYPE_IO) {
		qcomtee_ns_id_forget(oic->qcomtee, oic->in_ids[n], args[i].o);
		oic->in_ids[n++] = 0;
	}
}

void qcomtee_msg_clear_outputs(struct qcomtee_arg *args)
{
	unsigned int i;

	qcomtee_arg_for_each(i, args) {
		if (args[i].type == QCOMTEE_ARG_TYPE_OB)
			args[i].b.size = 0;
		if (args[i].type == QCOMTEE_ARG_TYPE_OO)
			args[i].o = NULL_QCOMTEE_OBJECT;
	}
}

static int qcomtee_take_objects(struct qcomtee_object_invoke_ctx *oic, struct qcomtee_arg *args,
				const union qtee_msg_arg *entry)
{
	unsigned int i;
	int rc = 0;

	/* All of them, also behind a bad one: the references are ours. */
	qcomtee_arg_for_each_type(i, args, QCOMTEE_ARG_TYPE_OO)
		if (qcomtee_object_from_id(oic, (entry++)->o.id, &args[i].o))
			rc = -EIO;
	return rc;
}

static int qcomtee_take_output(struct qcomtee_arg *arg, const u8 *from, u32 size)
{
	if (size > arg->b.size)
		return -EIO;
	arg->b.size = size;
	if (!size)
		return 0;
	if (!(arg->flags & QCOMTEE_ARG_FLAGS_UADDR)) {
		memcpy(arg->b.addr, from, size);
		return 0;
	}
	return copy_to_user(arg->b.uaddr, from, size) ? -EIO : 0;
}

static u32 qcomtee_skip_inputs(const struct qcomtee_arg *args, u32 offset)
{
	unsigned int i;

	qcomtee_arg_for_each_type(i, args, QCOMTEE_ARG_TYPE_IB)
		offset += QTEE_MSG_ALIGN_UP(args[i].b.size);
	return offset;
}

static int qcomtee_take_outputs(struct qcomtee_object_invoke_ctx *oic, struct qcomtee_arg *args,
				const union qtee_msg_arg *entry, u32 offset)
{
	unsigned int i;
	int rc;

	offset = qcomtee_skip_inputs(args, offset);
	qcomtee_arg_for_each_type(i, args, QCOMTEE_ARG_TYPE_OB) {
		u32 next = offset + QTEE_MSG_ALIGN_UP(args[i].b.size);

		if (entry->b.offset != offset)
			return -EIO;
		rc = qcomtee_take_output(&args[i], (u8 *)oic->in + offset, entry->b.size);
		if (rc)
			return rc;
		offset = next;
		entry++;
	}
	return 0;
}

int qcomtee_msg_update_args(struct qcomtee_object_invoke_ctx *oic, struct qcomtee_arg *args)
{
	const struct qtee_msg_invoke *msg = oic->in;
	union qtee_msg_arg entries[QTEE_MSG_ARGS_MAX];
	u32 counts = qcomtee_args_counts(args);
	u32 num_args = QTEE_MSG_NUM_ARGS(counts);
	unsigned int i;
	int rc;

	memcpy(entries, msg->args, num_args * sizeof(*entries));
	barrier();

	rc = qcomtee_take_objects(oic, args, entries + QTEE_MSG_FIRST_OO(counts));
	if (!rc)
		rc = qcomtee_take_outputs(oic, args, entries + QTEE_MSG_FIRST_OB(counts),
					  QTEE_MSG_PAYLOAD(num_args));
	if (!rc)
		return 0;

	pr_warn_ratelimited("qcomtee: outputs of operation %u of object %#x are not valid, or not "
			    "wanted; the call gives UNAVAIL\n", msg->op, msg->cxt);
	qcomtee_arg_for_each_type(i, args, QCOMTEE_ARG_TYPE_OO)
		qcomtee_object_put(args[i].o);
	qcomtee_msg_clear_outputs(args);
	return -EIO;
}

/*
 * The callback message
 */

static struct qcomtee_object *qcomtee_callback_target(struct qcomtee *qcomtee, u32 id)
{
	if (id == QTEE_MSG_OBJECT_PRIMORDIAL)
		return &qcomtee->primordial;
	return id & QTEE_MSG_OBJECT_NS_BIT ? qcomtee_ns_id_get(qcomtee, id) : NULL;
}

static int qcomtee_callback_buffers(struct qcomtee_object_invoke_ctx *oic,
				    const union qtee_msg_arg *entries)
{
	u32 num_args = QTEE_MSG_NUM_ARGS(oic->counts);
	u64 offset = QTEE_MSG_PAYLOAD(num_args);
	unsigned int i;

	for (i = 0; i < QTEE_MSG_FIRST_IO(oic->counts); i++) {
		const struct qtee_msg_buffer *b = &entries[i].b;
		struct qcomtee_arg *arg = &oic->args[i];

		/* Where an empty one is does not matter. */
		if (b->size && (b->offset != offset ||
				!qtee_msg_buffer_ok(b->offset, b->size, num_args,
						    sizeof(oic->copy))))
			return -EINVAL;
		arg->b.addr = oic->copy + min_t(u64, offset, sizeof(oic->copy));
		arg->b.size = b->size;
		offset += QTEE_MSG_ALIGN_UP(b->size);
	}
	oic->tail = offset;
	return 0;
}

static int qcomtee_callback_objects(struct qcomtee_object_invoke_ctx *oic,
				    const union qtee_msg_arg *entries)
{
	unsigned int i;
	int rc = 0;

	for (i = QTEE_MSG_FIRST_IO(oic->counts); i < QTEE_MSG_FIRST_OO(oic->counts); i++)
		if (qcomtee_object_from_id(oic, entries[i].o.id, &oic->args[i].o))
			rc = -EINVAL;
	return rc;
}

static enum qcomtee_arg_type qcomtee_type_of_slot(u32 counts, unsigned int i)
{
	if (i < QTEE_MSG_FIRST_OB(counts))
		return QCOMTEE_ARG_TYPE_IB;
	if (i < QTEE_MSG_FIRST_IO(counts))
		return QCOMTEE_ARG_TYPE_OB;
	return i < QTEE_MSG_FIRST_OO(counts) ? QCOMTEE_ARG_TYPE_IO : QCOMTEE_ARG_TYPE_OO;
}

int qcomtee_msg_take_callback(struct qcomtee_object_invoke_ctx *oic)
{
	const struct qtee_msg_callback *msg = (const void *)oic->copy;
	u32 num_args;
	unsigned int i;
	int rc = 0;

	memcpy(oic->copy, oic->out, sizeof(oic->copy));
	barrier();

	oic->op = QTEE_MSG_OP_METHOD(msg->op);
	oic->counts = msg->counts & ~QTEE_MSG_COUNTS_RESERVED;
	oic->tail = sizeof(oic->copy);
	oic->dispatched = false;
	oic->result = QTEE_OK;
	oic->err = 0;
	oic->data = NULL;
	memset(oic->out_ids, 0, sizeof(oic->out_ids));

	num_args = QTEE_MSG_NUM_ARGS(oic->counts);
	memset(oic->args, 0, (num_args + 1) * sizeof(*oic->args));
	for (i = 0; i < num_args; i++)
		oic->args[i].type = qcomtee_type_of_slot(oic->counts, i);

	oic->object = qcomtee_callback_target(oic->qcomtee, msg->cxt);
	/* Each step: what it takes has to be given back, also if another fails. */
	if (!oic->object || msg->counts & QTEE_MSG_COUNTS_RESERVED)
		rc = -EINVAL;
	if (qcomtee_callback_objects(oic, msg->args))
		rc = -EINVAL;
	if (qcomtee_callback_buffers(oic, msg->args))
		rc = -EINVAL;
	if (rc)
		pr_warn_ratelimited("qcomtee: the QTEE invoked %#x (operation %#x, counts %#x), "
				    "which is not there, or in a way that is not valid; refused\n",
				    msg->cxt, msg->op, msg->counts);
	return rc;
}

static s32 qcomtee_errno_to_result(int err)
{
	switch (err) {
	case 0:
		return QTEE_OK;
	case -ENOMEM:
		return QTEE_ERROR_KMEM;
	case -ENODEV:
	case -ESTALE:
		return QTEE_ERROR_DEFUNCT;
	case -ENOSPC:
	case -EBUSY:
		return QTEE_ERROR_BUSY;
	case -EBADF:
	case -EINVAL:
		return QTEE_ERROR_UNAVAIL;
	case -ETIMEDOUT:
		return QTEE_ERROR_TIMEOUT;
	default:
		return QTEE_ERROR;
	}
}

/* Ids of the output objects; 0, or the errno of the first that has none. */
static int qcomtee_answer_objects(struct qcomtee_object_invoke_ctx *oic,
				  u32 ids[QTEE_MSG_ARGS_PER_KIND])
{
	unsigned int first = QTEE_MSG_FIRST_OO(oic->counts);
	unsigned int n;
	int rc;

	for (n = 0; n < QTEE_MSG_NUM_OO(oic->counts); n++) {
		rc = qcomtee_object_to_id(oic, oic->args[first + n].o, &ids[n],
					  &oic->out_ids[n]);
		if (rc)
			return rc;
	}
	return 0;
}

static int qcomtee_answer_check_sizes(const struct qcomtee_object_invoke_ctx *oic)
{
	const struct qtee_msg_callback *msg = (const void *)oic->copy;
	unsigned int i;

	for (i = QTEE_MSG_FIRST_OB(oic->counts); i < QTEE_MSG_FIRST_IO(oic->counts); i++)
		if (oic->args[i].b.size > msg->args[i].b.size)
			return -EINVAL;
	return 0;
}

static void qcomtee_answer_forget(struct qcomtee_object_invoke_ctx *oic)
{
	unsigned int first = QTEE_MSG_FIRST_OO(oic->counts);
	unsigned int n;

	for (n = 0; n < QTEE_MSG_NUM_OO(oic->counts); n++) {
		qcomtee_ns_id_forget(oic->qcomtee, oic->out_ids[n], oic->args[first + n].o);
		oic->out_ids[n] = 0;
	}
}

/* Into the outbound buffer; nothing is read from there. */
static void qcomtee_answer_write(struct qcomtee_object_invoke_ctx *oic, const u32 *ids)
{
	struct qtee_msg_callback *msg = oic->out;
	unsigned int first = QTEE_MSG_FIRST_OO(oic->counts);
	unsigned int i;

	for (i = QTEE_MSG_FIRST_OB(oic->counts); i < QTEE_MSG_FIRST_IO(oic->counts); i++) {
		const struct qcomtee_buffer *b = &oic->args[i].b;

		memcpy((u8 *)oic->out + ((u8 *)b->addr - oic->copy), b->addr, b->size);
		msg->args[i].b.size = b->size;
	}
	for (i = 0; i < QTEE_MSG_NUM_OO(oic->counts); i++)
		msg->args[first + i].o.id = ids[i];
}

void qcomtee_msg_answer(struct qcomtee_object_invoke_ctx *oic, int err)
{
	struct qtee_msg_callback *msg = oic->out;
	u32 ids[QTEE_MSG_ARGS_PER_KIND];
	s32 result = oic->result;

	if (!err && !result)
		err = qcomtee_answer_check_sizes(oic);
	if (!err && !result)
		err = qcomtee_answer_objects(oic, ids);
	if (err) {
		qcomtee_answer_forget(oic);
		result = qcomtee_errno_to_result(err);
	}
	if (!result)
		qcomtee_answer_write(oic, ids);
	msg->result = (u32)result;
	oic->err = err;
}

void qcomtee_msg_end_callback(struct qcomtee_object_invoke_ctx *oic, bool sent)
{
	unsigned int i;

	if (!sent)
		qcomtee_answer_forget(oic);
	if (oic->dispatched && oic->object->ops->notify)
		oic->object->ops->notify(oic, oic->object, sent ? oic->err : -EIO);

	for (i = QTEE_MSG_FIRST_IO(oic->counts); i < QTEE_MSG_NUM_ARGS(oic->counts); i++) {
		qcomtee_object_put(oic->args[i].o);
		oic->args[i].o = NULL_QCOMTEE_OBJECT;
	}
	qcomtee_object_put(oic->object);
	oic->object = NULL_QCOMTEE_OBJECT;
	oic->dispatched = false;
}
