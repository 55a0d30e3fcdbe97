/* SPDX-License-Identifier: BSD-2-Clause */
/* The service that the driver asks for the version of this QTEE (6.2) */
#include <stdlib.h>

#include "secure/qtee/object.h"
#include "secure/qtee/service.h"
#include "secure/qtee/world.h"

static int32_t feature_versions_invoke(struct call *call, struct object *object, uint32_t op,
				       uint32_t counts, union qtee_arg *args)
{
	const uint32_t version = WORLD_QTEE_VERSION;
	uint32_t id;

	if (op != QTEE_FEATURE_VERSIONS_OP_GET || counts != QTEE_MSG_COUNTS(1, 1, 0, 0) ||
	    !arg_take(&args[0], &id, sizeof(id)) || args[1].b.size != sizeof(version))
		return QTEE_ERROR_INVALID;
	if (id != QTEE_FEATURE_VERSIONS_ID_QTEE)
		return OPENER_ERROR_NOT_FOUND;
	return arg_give(&args[1], &version, sizeof(version)) ? QTEE_OK : QTEE_ERROR_INVALID;
}

static void feature_versions_destroy(struct object *object)
{
	free(object);
}

static const struct object_ops feature_versions_ops = {
	.kind = "feature versions",
	.invoke = feature_versions_invoke,
	.destroy = feature_versions_destroy,
};

int32_t feature_versions_new(struct call *call, struct object *credentials,
			     struct object **ret_service)
{
	struct object *object = malloc(sizeof(*object));

	if (!object)
		return QTEE_ERROR_KMEM;
	object_init(object, &feature_versions_ops);
	*ret_service = object;
	return QTEE_OK;
}
