/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Objects, as this side of the machine sees them
 *
 * Whatever can be invoked: a service of the trusted OS, an object that a TA hosts,
 * one that the normal world hosts. All are counted; the NULL object is NULL, which
 * get and put accept.
 *
 * Rules of a call (Mink): input objects are lent for the call, who keeps one takes a
 * reference; each output object is a new reference for the caller; when the result
 * is not 0 there are no outputs.
 */
#ifndef SECURE_QTEE_OBJECT_H
#define SECURE_QTEE_OBJECT_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "abi/qtee_msg.h"

struct call;
struct object;

/* One argument; they stand in the order of a message (abi/qtee_msg.h). */
union qtee_arg {
	struct {
		void *ptr;	/* private memory: nobody else writes to it */
		size_t size;
	} b;
	struct object *o;
};

/*
 * @invoke: @op is a method, not one of those that the transport serves. Sizes of
 * output buffers are the room on the way in, and what was produced on the way out;
 * output objects are NULL on the way in. May suspend the call. Returns a result of
 * 3.4. @destroy: the last reference is gone; must not wait.
 */
struct object_ops {
	const char *kind;
	int32_t (*invoke)(struct call *call, struct object *object, uint32_t op, uint32_t counts,
			  union qtee_arg *args);
	void (*destroy)(struct object *object);
};

struct object {
	const struct object_ops *ops;
	_Atomic uint32_t refs;
};

/* With one reference, the caller's. */
void object_init(struct object *object, const struct object_ops *ops);
/* Returns @object. */
struct object *object_get(struct object *object);
void object_put(struct object *object);

/* Any object but NULL; see struct object_ops. NULL gives BADOBJ. */
int32_t object_invoke(struct call *call, struct object *object, uint32_t op, uint32_t counts,
		      union qtee_arg *args);

/* Put all objects of args[first] to args[first + n - 1] and make them NULL. */
void object_put_args(union qtee_arg *args, uint32_t first, uint32_t n);

/* --- for implementations --- */

/* Copy a buffer that has to have exactly @size bytes; false when it has not. */
static inline bool arg_take(const union qtee_arg *arg, void *ret, size_t size)
{
	if (arg->b.size != size)
		return false;
	memcpy(ret, arg->b.ptr, size);
	return true;
}

/* Fill an output buffer that has to have exactly @size bytes. */
static inline bool arg_give(const union qtee_arg *arg, const void *from, size_t size)
{
	if (arg->b.size != size)
		return false;
	memcpy(arg->b.ptr, from, size);
	return true;
}

#endif /* SECURE_QTEE_OBJECT_H */
