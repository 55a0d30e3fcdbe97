/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Objects, and the ids by which the two sides know them
 *
 * The table of ids is the QTEE's view of us: an entry is one id that the QTEE has,
 * with the reference that goes with it. Erasing an entry and dropping its reference
 * are one step, by whoever erased it: the QTEE by a RELEASE, we when the id did not
 * reach it or when it is gone. Ids go around, so that a late RELEASE of an old one
 * finds nothing.
 */
#include <linux/atomic.h>
#include <linux/err.h>
#include <linux/errno.h>
#include <linux/kernel.h>
#include <linux/kref.h>
#include <linux/limits.h>
#include <linux/slab.h>
#include <linux/xarray.h>

#include "normal/drivers/qtee/qcomtee_private.h"

/* An id may be retained so often, and no more. */
#define QCOMTEE_MAX_ID_REFS 0xffffu

#define QCOMTEE_ID_LIMIT XA_LIMIT(1, QTEE_MSG_OBJECT_NS_LAST & ~QTEE_MSG_OBJECT_NS_BIT)

static unsigned long qcomtee_id_index(u32 id)
{
	return id & ~QTEE_MSG_OBJECT_NS_BIT;
}

void qcomtee_ids_init(struct qcomtee *qcomtee)
{
	xa_init_flags(&qcomtee->ids, XA_FLAGS_ALLOC1);
	qcomtee->next_id = 1;
}

void qcomtee_ids_uninit(struct qcomtee *qcomtee)
{
	WARN_ON(!xa_empty(&qcomtee->ids));
	xa_destroy(&qcomtee->ids);
}

int qcomtee_ns_id_add(struct qcomtee *qcomtee, struct qcomtee_object *object, u32 *ret_id)
{
	struct qcomtee_ns_id *entry;
	u32 index;
	int rc;

	entry = kzalloc(sizeof(*entry), GFP_KERNEL);
	if (!entry)
		return -ENOMEM;
	qcomtee_object_get(object);
	entry->object = object;
	entry->refs = 1;

	rc = xa_alloc_cyclic(&qcomtee->ids, &index, entry, QCOMTEE_ID_LIMIT, &qcomtee->next_id,
			     GFP_KERNEL);
	if (rc < 0) {
		kfree(entry);
		qcomtee_object_put(object);
		return rc == -EBUSY ? -ENOSPC : rc;
	}
	atomic_long_inc(&qcomtee->n_ids);
	*ret_id = index | QTEE_MSG_OBJECT_NS_BIT;
	return 0;
}

/* @entry is no longer in the table. */
static void qcomtee_ns_id_free(struct qcomtee *qcomtee, struct qcomtee_ns_id *entry)
{
	qcomtee_object_put(entry->object);
	kfree(entry);
	atomic_long_dec(&qcomtee->n_ids);
}

void qcomtee_ns_id_forget(struct qcomtee *qcomtee, u32 id, struct qcomtee_object *object)
{
	struct qcomtee_ns_id *entry;

	if (!id)
		return;
	xa_lock(&qcomtee->ids);
	entry = xa_load(&qcomtee->ids, qcomtee_id_index(id));
	if (entry && entry->object == object)
		__xa_erase(&qcomtee->ids, qcomtee_id_index(id));
	else
		entry = NULL;
	xa_unlock(&qcomtee->ids);
	if (entry)
		qcomtee_ns_id_free(qcomtee, entry);
}

struct qcomtee_object *qcomtee_ns_id_get(struct qcomtee *qcomtee, u32 id)
{
	struct qcomtee_object *object = NULL;
	struct qcomtee_ns_id *entry;

	xa_lock(&qcomtee->ids);
	entry = xa_load(&qcomtee->ids, qcomtee_id_index(id));
	if (entry) {
		object = entry->object;
		qcomtee_object_get(object);
	}
	xa_unlock(&qcomtee->ids);
	return object;
}

int qcomtee_ns_id_retain(struct qcomtee *qcomtee, u32 id)
{
	struct qcomtee_ns_id *entry;
	int rc = 0;

	xa_lock(&qcomtee->ids);
	entry = xa_load(&qcomtee->ids, qcomtee_id_index(id));
	if (!entry)
		rc = -EINVAL;
	else if (entry->refs == QCOMTEE_MAX_ID_REFS)
		rc = -EBUSY;
	else
		entry->refs++;
	xa_unlock(&qcomtee->ids);
	return rc;
}

int qcomtee_ns_id_release(struct qcomtee *qcomtee, u32 id)
{
	struct qcomtee_ns_id *entry;
	bool last = false;

	xa_lock(&qcomtee->ids);
	entry = xa_load(&qcomtee->ids, qcomtee_id_index(id));
	if (entry)
		last = --entry->refs == 0;
	if (last)
		__xa_erase(&qcomtee->ids, qcomtee_id_index(id));
	xa_unlock(&qcomtee->ids);
	if (last)
		qcomtee_ns_id_free(qcomtee, entry);
	return entry ? 0 : -EINVAL;
}

void qcomtee_ns_id_forget_all(struct qcomtee *qcomtee)
{
	struct qcomtee_ns_id *entry;
	unsigned long index;

	xa_for_each(&qcomtee->ids, index, entry) {
		/* It may have been released meanwhile: what was erased counts. */
		entry = xa_erase(&qcomtee->ids, index);
		if (entry)
			qcomtee_ns_id_free(qcomtee, entry);
	}
}

size_t qcomtee_list_ids(struct qcomtee *qcomtee, struct qcomtee_id_info *infos, size_t max)
{
	struct qcomtee_ns_id *entry;
	unsigned long index;
	size_t n = 0;

	xa_for_each(&qcomtee->ids, index, entry) {
		xa_lock(&qcomtee->ids);
		entry = xa_load(&qcomtee->ids, index);
		if (entry && n < max) {
			infos[n].id = index | QTEE_MSG_OBJECT_NS_BIT;
			infos[n].refs = entry->refs;
			infos[n].kind = entry->object->ops->kind;
		}
		xa_unlock(&qcomtee->ids);
		if (entry)
			n++;
	}
	return n;
}

/*
 * Objects
 */

void qcomtee_object_init(struct qcomtee_object *object, struct qcomtee *qcomtee,
			 const struct qcomtee_object_operations *ops)
{
	*object = (struct qcomtee_object){
		.type = QCOMTEE_OBJECT_TYPE_CB,
		.qcomtee = qcomtee,
		.ops = ops,
	};
	kref_init(&object->refcount);
}

struct qcomtee_object *qcomtee_object_tee_new(struct qcomtee *qcomtee, u32 id, u32 epoch)
{
	struct qcomtee_object *object;

	/* The reference is ours already, and nothing else could ever give it back. */
	object = kzalloc(sizeof(*object), GFP_KERNEL | __GFP_NOFAIL);
	object->type = QCOMTEE_OBJECT_TYPE_TEE;
	object->qcomtee = qcomtee;
	object->id = id;
	object->epoch = epoch;
	kref_init(&object->refcount);
	atomic_long_inc(&qcomtee->n_tee_objects);
	return object;
}

void qcomtee_object_tee_free(struct qcomtee_object *object)
{
	atomic_long_dec(&object->qcomtee->n_tee_objects);
	kfree(object);
}

void qcomtee_object_get(struct qcomtee_object *object)
{
	if (object && !object->uncounted)
		kref_get(&object->refcount);
}

static void qcomtee_object_last_put(struct kref *kref)
{
	struct qcomtee_object *object = container_of(kref, struct qcomtee_object, refcount);

	if (object->type == QCOMTEE_OBJECT_TYPE_TEE)
		qcomtee_release_tee_object(object);
	else
		object->ops->release(object);
}

void qcomtee_object_put(struct qcomtee_object *object)
{
	if (object && !object->uncounted)
		kref_put(&object->refcount, qcomtee_object_last_put);
}

enum qcomtee_object_type qcomtee_object_type(const struct qcomtee_object *object)
{
	return object ? object->type : QCOMTEE_OBJECT_TYPE_NULL;
}

bool qcomtee_object_has_ops(const struct qcomtee_object *object,
			    const struct qcomtee_object_operations *ops)
{
	return qcomtee_object_type(object) == QCOMTEE_OBJECT_TYPE_CB && object->ops == ops;
}

struct qcomtee_object *qcomtee_object_root(struct qcomtee *qcomtee)
{
	return &qcomtee->root;
}

/*
 * Between objects and ids
 */

int qcomtee_object_from_id(struct qcomtee_object_invoke_ctx *oic, u32 id,
			   struct qcomtee_object **ret_object)
{
	*ret_object = NULL_QCOMTEE_OBJECT;
	if (id == QTEE_MSG_OBJECT_NULL)
		return 0;
	/* What both sides know from the start is never sent. */
	if (id == QTEE_MSG_OBJECT_ROOT || id == QTEE_MSG_OBJECT_PRIMORDIAL)
		return -EINVAL;

	if (id & QTEE_MSG_OBJECT_NS_BIT)
		*ret_object = qcomtee_ns_id_get(oic->qcomtee, id);
	else
		*ret_object = qcomtee_object_tee_new(oic->qcomtee, id, oic->epoch);
	return *ret_object ? 0 : -EINVAL;
}

int qcomtee_object_to_id(struct qcomtee_object_invoke_ctx *oic, struct qcomtee_object *object,
			 u32 *ret_id, u32 *new_id)
{
	int rc;

	*new_id = 0;
	*ret_id = QTEE_MSG_OBJECT_NULL;
	if (!object)
		return 0;
	if (object->uncounted || object->qcomtee != oic->qcomtee)
		return -EINVAL;

	if (object->type == QCOMTEE_OBJECT_TYPE_TEE) {
		*ret_id = object->id;
		return object->epoch == oic->epoch ? 0 : -ESTALE;
	}
	rc = qcomtee_ns_id_add(oic->qcomtee, object, new_id);
	*ret_id = *new_id;
	return rc;
}
