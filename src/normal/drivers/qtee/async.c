/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Asynchronous messages of the QTEE
 *
 * They are read from a copy. One that is not understood ends the list, because
 * where the next would begin is not known; that is counted and told.
 */
#include <linux/atomic.h>
#include <linux/kernel.h>
#include <linux/printk.h>
#include <linux/string.h>
#include <linux/types.h>

#include "normal/drivers/qtee/qcomtee_private.h"

static void qcomtee_async_lost(struct qcomtee *qcomtee, const struct qtee_msg_async *msg,
			       const char *why)
{
	atomic_long_inc(&qcomtee->lost_async);
	pr_warn_ratelimited("qcomtee: asynchronous message of the QTEE (version %#x, operation "
			    "%#x, count %u) %s; it and what follows is not served\n",
			    msg->version, msg->op, msg->count, why);
}

static void qcomtee_async_release(struct qcomtee *qcomtee, const u8 *ids, u32 count)
{
	u32 id;
	u32 n;

	for (n = 0; n < count; n++) {
		memcpy(&id, ids + n * sizeof(id), sizeof(id));
		if (!(id & QTEE_MSG_OBJECT_NS_BIT) || qcomtee_ns_id_release(qcomtee, id))
			pr_warn_ratelimited("qcomtee: the QTEE released %#x, which it does not "
					    "have\n", id);
	}
}

void qcomtee_async_serve(struct qcomtee *qcomtee, const u8 *buf, size_t offset, size_t size)
{
	struct qtee_msg_async msg;

	while (offset <= size && size - offset >= sizeof(msg)) {
		memcpy(&msg, buf + offset, sizeof(msg));
		if (!msg.version)
			return;
		if (QTEE_MSG_ASYNC_VERSION_MAJOR(msg.version) != 1) {
			qcomtee_async_lost(qcomtee, &msg, "is of an unknown version");
			return;
		}
		if (msg.op != QTEE_MSG_ASYNC_OP_RELEASE) {
			qcomtee_async_lost(qcomtee, &msg, "is unknown");
			return;
		}
		if (msg.count > (size - offset - sizeof(msg)) / sizeof(u32)) {
			qcomtee_async_lost(qcomtee, &msg, "is longer than its buffer");
			return;
		}
		qcomtee_async_release(qcomtee, buf + offset + sizeof(msg), msg.count);
		offset += QTEE_MSG_ASYNC_SIZE(msg.count);
	}
}
