/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Objects, and their invocation: what a user API of the driver is made of
 *
 * An object is hosted by the QTEE or by us. Of one of the QTEE's we have a proxy,
 * a new one each time the QTEE sends an id; its last put gives the id back
 * (RELEASE, in the background). One of ours is a "callback object": a user API
 * embeds it and gives it operations. Each time it is sent to the QTEE it gets a
 * new id in the table of the device, and that entry holds a reference of its own
 * until the QTEE releases the id, or the QTEE is gone.
 *
 * So the references of a call are the caller's business only: what it passes as an
 * argument it owns before and after, whatever the outcome. Objects that come out
 * of a call are references for the caller.
 *
 * The NULL object is NULL. Root, primordial and NULL are not counted: get and put
 * accept them and do nothing.
 */
#ifndef NORMAL_DRIVERS_QCOMTEE_OBJECT_H
#define NORMAL_DRIVERS_QCOMTEE_OBJECT_H

#include <linux/kref.h>
#include <linux/list.h>
#include <linux/types.h>

#include "abi/qtee_msg.h"

struct qcomtee;
struct qcomtee_object;
struct qcomtee_object_invoke_ctx;

#define NULL_QCOMTEE_OBJECT ((struct qcomtee_object *)NULL)

enum qcomtee_object_type {
	QCOMTEE_OBJECT_TYPE_TEE,	/* proxy of an object of the QTEE */
	QCOMTEE_OBJECT_TYPE_CB,		/* ours */
	QCOMTEE_OBJECT_TYPE_ROOT,
	QCOMTEE_OBJECT_TYPE_NULL,
};

enum qcomtee_arg_type {
	QCOMTEE_ARG_TYPE_INV,		/* the end of an array */
	QCOMTEE_ARG_TYPE_IB,
	QCOMTEE_ARG_TYPE_OB,
	QCOMTEE_ARG_TYPE_IO,
	QCOMTEE_ARG_TYPE_OO,
	QCOMTEE_ARG_TYPE_NR,
};

/* The buffer is memory of the current task, at uaddr. */
#define QCOMTEE_ARG_FLAGS_UADDR 0x1

struct qcomtee_buffer {
	union {
		void *addr;
		void __user *uaddr;
	};
	size_t size;
};

/**
 * struct qcomtee_arg - one argument; arrays end with one of type INV
 * @b: IB, OB. After the call the size of an OB is what was produced
 * @o: IO, OO
 */
struct qcomtee_arg {
	enum qcomtee_arg_type type;
	u32 flags;
	union {
		struct qcomtee_buffer b;
		struct qcomtee_object *o;
	};
};

#define qcomtee_arg_for_each(i, args) \
	for ((i) = 0; (args)[i].type != QCOMTEE_ARG_TYPE_INV; (i)++)
#define qcomtee_arg_for_each_type(i, args, t) \
	qcomtee_arg_for_each(i, args) \
		if ((args)[i].type != (t)) \
			continue; \
		else

/* The number of each kind, as a message says it; 0 also when it cannot. */
u32 qcomtee_args_counts(const struct qcomtee_arg *args);

/* How a dispatcher may wait for somebody else */
enum qcomtee_wait {
	QCOMTEE_WAIT_HERE,	/* in dispatch(), and a fatal signal ends the wait */
	QCOMTEE_WAIT_LATER,	/* by -EIOCBQUEUED */
	QCOMTEE_WAIT_NEVER,
};

/**
 * struct qcomtee_object_operations - of a callback object
 * @kind: for lists: "user", "memory"
 * @release: the last reference is gone; may sleep
 * @dispatch: the QTEE invokes @object. @op is the method; @args are in the order
 *	of the message. Buffers are kernel memory, valid until the answer; input
 *	objects are borrowed. Runs in the thread of whoever invoked the QTEE.
 *	0: @args hold sizes of output buffers and references for output objects,
 *	both for the core, and a result other than OK may be set by
 *	qcomtee_object_set_result(), which then voids them. Negative errno: the
 *	core answers by its table (msg.c). -EIOCBQUEUED: only when
 *	qcomtee_object_wait_mode() is LATER; then the answer is given later, from any
 *	thread, by one call of qcomtee_object_dispatch_done().
 * @notify: the answer to a dispatch has gone out, or could not (@err); always
 *	called after @dispatch. May be NULL
 */
struct qcomtee_object_operations {
	const char *kind;
	void (*release)(struct qcomtee_object *object);
	int (*dispatch)(struct qcomtee_object_invoke_ctx *oic, struct qcomtee_object *object,
			u32 op, struct qcomtee_arg *args);
	void (*notify)(struct qcomtee_object_invoke_ctx *oic, struct qcomtee_object *object,
		       int err);
};

/**
 * struct qcomtee_object - an object; all is the object layer's
 * @uncounted: root and primordial
 * @id, @epoch: TEE: by which the QTEE of that epoch knows it
 * @release_node, @tries: TEE: on its way back to the QTEE
 */
struct qcomtee_object {
	struct kref refcount;
	enum qcomtee_object_type type;
	bool uncounted;
	struct qcomtee *qcomtee;
	const struct qcomtee_object_operations *ops;
	u32 id;
	u32 epoch;
	struct list_head release_node;
	unsigned int tries;
};

/* A callback object with one reference, the caller's. */
void qcomtee_object_init(struct qcomtee_object *object, struct qcomtee *qcomtee,
			 const struct qcomtee_object_operations *ops);
void qcomtee_object_get(struct qcomtee_object *object);
/* May sleep. */
void qcomtee_object_put(struct qcomtee_object *object);
enum qcomtee_object_type qcomtee_object_type(const struct qcomtee_object *object);
/* Is it a callback object with these operations? */
bool qcomtee_object_has_ops(const struct qcomtee_object *object,
			    const struct qcomtee_object_operations *ops);
/* The root of the QTEE that is there at the time of the call */
struct qcomtee_object *qcomtee_object_root(struct qcomtee *qcomtee);

/*
 * Invoke a root or TEE object. @op: a method, without bits of the transport.
 * Callbacks are served meanwhile, in this thread; others may wait for servers,
 * which a fatal signal ends.
 *
 * 0: the QTEE answered, *@result is its word; when that is 0 outputs are filled
 * in, otherwise output buffers are empty and output objects NULL. A call on, or
 * with, an object of a QTEE that is gone gives DEFUNCT.
 * Errors: -EINVAL arguments (more than 15 of a kind, too large) or target, -EFAULT
 * an input buffer, -ENOMEM, -ENOSPC no id is left; -EIO, -EINVAL, -EOPNOTSUPP,
 * -ENOMEM, -EBUSY the SMC failed and the QTEE has nothing; -ENODEV it failed after
 * a callback, and the QTEE may keep what it got.
 */
int qcomtee_object_do_invoke(struct qcomtee *qcomtee, struct qcomtee_object *object, u32 op,
			     struct qcomtee_arg *args, int *result);

/* For dispatch() */
struct qcomtee *qcomtee_object_invoke_device(struct qcomtee_object_invoke_ctx *oic);
enum qcomtee_wait qcomtee_object_wait_mode(struct qcomtee_object_invoke_ctx *oic);
/* In which the QTEE asks; of one that is gone nobody wants an answer. */
u32 qcomtee_object_invoke_epoch(struct qcomtee_object_invoke_ctx *oic);
void qcomtee_object_set_result(struct qcomtee_object_invoke_ctx *oic, s32 result);
/* The dispatcher's own, NULL before dispatch() */
void qcomtee_object_set_data(struct qcomtee_object_invoke_ctx *oic, void *data);
void *qcomtee_object_get_data(struct qcomtee_object_invoke_ctx *oic);
void qcomtee_object_dispatch_done(struct qcomtee_object_invoke_ctx *oic, int err);

/*
 * A user of the device, an open file for instance: the driver is not removed as
 * long as there is one. False when it is being removed.
 */
bool qcomtee_user_get(struct qcomtee *qcomtee);
void qcomtee_user_put(struct qcomtee *qcomtee);

#endif /* NORMAL_DRIVERS_QCOMTEE_OBJECT_H */
