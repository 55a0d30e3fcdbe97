/* SPDX-License-Identifier: BSD-2-Clause */
/* IAppLoader and IAppController (6.6) */
#include <stdlib.h>

#include "base/auto.h"
#include "secure/common/image_file.h"
#include "secure/qtee/app.h"
#include "secure/qtee/mapping.h"
#include "secure/qtee/object.h"
#include "secure/qtee/service.h"

enum {
	LOADER_OP_LOAD_FROM_BUFFER,
	LOADER_OP_LOAD_FROM_REGION,
	LOADER_OP_LOAD_EMBEDDED,
};

enum {
	CONTROLLER_OP_OPEN_SESSION,
	CONTROLLER_OP_UNLOAD,
	CONTROLLER_OP_GET_APP_OBJECT,
	CONTROLLER_OP_SET_CANCELLATION_FLAG,
	CONTROLLER_OP_GET_CANCELLATION_FLAG,
};

#define CONTROLLER_ERROR_APP_UNLOADED 12
#define CONTROLLER_ERROR_APP_IN_USE 13

/* --- the controller: who has it has the TA --- */

struct app_controller {
	struct object object;
	struct app *app;		/* counted */
	struct object *credentials;	/* of who loaded it */
	_Atomic uint32_t cancelled;
};

static int32_t controller_unload(struct app_controller *controller, uint32_t counts)
{
	if (counts)
		return QTEE_ERROR_INVALID;
	if (app_is_unloaded(controller->app))
		return CONTROLLER_ERROR_APP_UNLOADED;
	if (app_n_inside(controller->app))
		return CONTROLLER_ERROR_APP_IN_USE;
	return app_unload(controller->app) ? QTEE_OK : CONTROLLER_ERROR_APP_UNLOADED;
}

static int32_t controller_get_app_object(struct call *call, struct app_controller *controller,
					 uint32_t counts, union qtee_arg *args)
{
	if (counts != QTEE_MSG_COUNTS(0, 0, 0, 1))
		return QTEE_ERROR_INVALID;
	if (app_is_unloaded(controller->app))
		return CONTROLLER_ERROR_APP_UNLOADED;
	return app_get_object(call, controller->app, controller->credentials, &args[0].o);
}

static int32_t controller_set_flag(struct app_controller *controller, uint32_t counts,
				   const union qtee_arg *args)
{
	uint32_t flag;

	if (counts != QTEE_MSG_COUNTS(1, 0, 0, 0) || !arg_take(&args[0], &flag, sizeof(flag)) ||
	    flag > 1)
		return QTEE_ERROR_INVALID;
	atomic_store(&controller->cancelled, flag);
	return QTEE_OK;
}

static int32_t controller_get_flag(struct app_controller *controller, uint32_t counts,
				   const union qtee_arg *args)
{
	const uint32_t flag = atomic_load(&controller->cancelled);

	if (counts != QTEE_MSG_COUNTS(0, 1, 0, 0) || !arg_give(&args[0], &flag, sizeof(flag)))
		return QTEE_ERROR_INVALID;
	return QTEE_OK;
}

static int32_t controller_invoke(struct call *call, struct object *object, uint32_t op,
				 uint32_t counts, union qtee_arg *args)
{
	struct app_controller *controller = (struct app_controller *)object;

	switch (op) {
	case CONTROLLER_OP_UNLOAD:
		return controller_unload(controller, counts);
	case CONTROLLER_OP_GET_APP_OBJECT:
		return controller_get_app_object(call, controller, counts, args);
	case CONTROLLER_OP_SET_CANCELLATION_FLAG:
		return controller_set_flag(controller, counts, args);
	case CONTROLLER_OP_GET_CANCELLATION_FLAG:
		return controller_get_flag(controller, counts, args);
	default:
		return QTEE_ERROR_INVALID;
	}
}

static void controller_destroy(struct object *object)
{
	struct app_controller *controller = (struct app_controller *)object;

	(void)app_unload(controller->app);
	app_put(controller->app);
	object_put(controller->credentials);
	free(controller);
}

static const struct object_ops controller_ops = {
	.kind = "app controller",
	.invoke = controller_invoke,
	.destroy = controller_destroy,
};

bool object_is_app_controller(const struct object *object)
{
	return object && object->ops == &controller_ops;
}

/* --- the loader --- */

struct app_loader {
	struct object object;
	struct object *credentials;
};

static int32_t load(struct call *call, const struct app_loader *loader, const uint8_t *data,
		    size_t size, union qtee_arg *out)
{
	AUTO(close_fd) int fd = -1;
	struct app_controller *controller;
	int32_t result;

	if (!size)
		return APP_LOADER_ERROR_INVALID_BUFFER;
	controller = calloc(1, sizeof(*controller));
	if (!controller || image_file_new(data, size, &fd) < 0) {
		free(controller);
		return APP_LOADER_ERROR_TZ_HEAP_MALLOC_FAILURE;
	}
	result = app_load(call, fd, &controller->app);
	if (result != QTEE_OK) {
		free(controller);
		return result;
	}
	object_init(&controller->object, &controller_ops);
	controller->credentials = object_get(loader->credentials);
	out->o = &controller->object;
	return QTEE_OK;
}

static int32_t load_from_region(struct call *call, const struct app_loader *loader,
				uint32_t counts, union qtee_arg *args)
{
	struct object *mapping;
	const uint8_t *data;
	size_t size;
	int32_t result;

	if (counts != QTEE_MSG_COUNTS(0, 0, 1, 1) || !args[0].o)
		return QTEE_ERROR_INVALID;
	result = mapping_new(call, args[0].o, &mapping);
	if (result != QTEE_OK)
		return result;
	result = mapping_bytes(mapping, &data, &size);
	if (result == QTEE_OK)
		result = load(call, loader, data, size, &args[1]);
	object_put(mapping);
	return result;
}

static int32_t loader_invoke(struct call *call, struct object *object, uint32_t op,
			     uint32_t counts, union qtee_arg *args)
{
	const struct app_loader *loader = (const struct app_loader *)object;

	switch (op) {
	case LOADER_OP_LOAD_FROM_BUFFER:
		if (counts != QTEE_MSG_COUNTS(1, 0, 0, 1))
			return QTEE_ERROR_INVALID;
		return load(call, loader, args[0].b.ptr, args[0].b.size, &args[1]);
	case LOADER_OP_LOAD_FROM_REGION:
		return load_from_region(call, loader, counts, args);
	case LOADER_OP_LOAD_EMBEDDED:
		/* This trusted OS comes without TAs of its own. */
		return counts == QTEE_MSG_COUNTS(1, 0, 0, 1) ?
			       APP_LOADER_ERROR_EMBEDDED_IMAGE_NOT_FOUND :
			       QTEE_ERROR_INVALID;
	default:
		return QTEE_ERROR_INVALID;
	}
}

static void loader_destroy(struct object *object)
{
	struct app_loader *loader = (struct app_loader *)object;

	object_put(loader->credentials);
	free(loader);
}

static const struct object_ops loader_ops = {
	.kind = "app loader",
	.invoke = loader_invoke,
	.destroy = loader_destroy,
};

bool object_is_app_loader(const struct object *object)
{
	return object && object->ops == &loader_ops;
}

int32_t app_loader_new(struct call *call, struct object *credentials,
		       struct object **ret_service)
{
	struct app_loader *loader = calloc(1, sizeof(*loader));

	if (!loader)
		return QTEE_ERROR_KMEM;
	object_init(&loader->object, &loader_ops);
	loader->credentials = object_get(credentials);
	*ret_service = &loader->object;
	return QTEE_OK;
}
