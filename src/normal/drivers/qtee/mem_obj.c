/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Memory objects: shared memory, as the QTEE gets hold of it
 *
 * The object keeps the memory alive, also when the client has unmapped and closed
 * it. It does nothing but being mapped, which the primordial object serves.
 */
#include <linux/errno.h>
#include <linux/kernel.h>
#include <linux/slab.h>

#include "normal/drivers/qtee/qcomtee_private.h"

struct qcomtee_mem_object {
	struct qcomtee_object object;
	struct tee_shm *shm;
	struct platform_shm_file *file;	/* holds @shm, which is not counted then */
};

static struct qcomtee_mem_object *to_qcomtee_mem_object(struct qcomtee_object *object)
{
	return container_of(object, struct qcomtee_mem_object, object);
}

static void qcomtee_mem_object_release(struct qcomtee_object *object)
{
	struct qcomtee_mem_object *mem = to_qcomtee_mem_object(object);

	if (mem->file)
		platform_shm_file_put(mem->file);
	else
		tee_shm_put(mem->shm);
	kfree(mem);
}

static int qcomtee_mem_object_dispatch(struct qcomtee_object_invoke_ctx *oic,
				       struct qcomtee_object *object, u32 op,
				       struct qcomtee_arg *args)
{
	return -EINVAL;
}

static const struct qcomtee_object_operations qcomtee_mem_object_ops = {
	.kind = "memory",
	.release = qcomtee_mem_object_release,
	.dispatch = qcomtee_mem_object_dispatch,
};

static int qcomtee_mem_object_make(struct qcomtee *qcomtee, struct tee_shm *shm,
				   struct platform_shm_file *file,
				   struct qcomtee_object **ret_object)
{
	struct qcomtee_mem_object *mem = kzalloc(sizeof(*mem), GFP_KERNEL);

	if (!mem)
		return -ENOMEM;
	qcomtee_object_init(&mem->object, qcomtee, &qcomtee_mem_object_ops);
	mem->shm = shm;
	mem->file = file;
	*ret_object = &mem->object;
	return 0;
}

int qcomtee_mem_object_new(struct qcomtee *qcomtee, struct tee_shm *shm,
			   struct qcomtee_object **ret_object)
{
	return qcomtee_mem_object_make(qcomtee, shm, NULL, ret_object);
}

int qcomtee_mem_object_new_file(struct qcomtee *qcomtee, struct platform_shm_file *file,
				struct qcomtee_object **ret_object)
{
	return qcomtee_mem_object_make(qcomtee, platform_shm_file_shm(file), file, ret_object);
}

struct platform_shm_file *qcomtee_mem_object_file(struct qcomtee_object *object)
{
	if (!qcomtee_object_has_ops(object, &qcomtee_mem_object_ops))
		return NULL;
	return to_qcomtee_mem_object(object)->file;
}

struct tee_shm *qcomtee_mem_object_shm(struct qcomtee_object *object)
{
	if (!qcomtee_object_has_ops(object, &qcomtee_mem_object_ops))
		return NULL;
	return to_qcomtee_mem_object(object)->shm;
}
