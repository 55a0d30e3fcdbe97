/* SPDX-License-Identifier: BSD-2-Clause */
#include "secure/qtee/object.h"

void object_init(struct object *object, const struct object_ops *ops)
{
	object->ops = ops;
	atomic_init(&object->refs, 1);
}

struct object *object_get(struct object *object)
{
	if (object)
		atomic_fetch_add_explicit(&object->refs, 1, memory_order_relaxed);
	return object;
}

void object_put(struct object *object)
{
	if (object && atomic_fetch_sub_explicit(&object->refs, 1, memory_order_acq_rel) == 1)
		object->ops->destroy(object);
}

int32_t object_invoke(struct call *call, struct object *object, uint32_t op, uint32_t counts,
		      union qtee_arg *args)
{
	if (!object)
		return QTEE_ERROR_BADOBJ;
	return object->ops->invoke(call, object, op, counts, args);
}

void object_put_args(union qtee_arg *args, uint32_t first, uint32_t n)
{
	for (uint32_t i = first; i < first + n; i++) {
		object_put(args[i].o);
		args[i].o = NULL;
	}
}
