/* SPDX-License-Identifier: BSD-2-Clause */
#include "secure/qtee/ns_object.h"

#include <stdlib.h>

#include "secure/qtee/call.h"
#include "secure/qtee/object.h"

struct ns_object {
	struct object object;
	struct ns_releases *releases;
	struct ns_object *next;		/* once it is queued */
	uint32_t id;
};

static int32_t ns_object_invoke(struct call *call, struct object *object, uint32_t op,
				uint32_t counts, union qtee_arg *args)
{
	return call_callback(call, ns_object_id(object), op, counts, args);
}

/* The proxy itself is what is queued, so that giving an id back needs no memory. */
static void ns_object_destroy(struct object *object)
{
	struct ns_object *ns = (struct ns_object *)object;
	struct ns_releases *releases = ns->releases;

	if (!ns->id) {
		free(ns);
		return;
	}
	ns->next = NULL;
	pthread_mutex_lock(&releases->lock);
	*releases->last = ns;
	releases->last = &ns->next;
	releases->n++;
	pthread_mutex_unlock(&releases->lock);
}

static const struct object_ops ns_object_ops = {
	.kind = "normal world",
	.invoke = ns_object_invoke,
	.destroy = ns_object_destroy,
};

struct object *ns_object_new(struct ns_releases *releases)
{
	struct ns_object *ns = malloc(sizeof(*ns));

	if (!ns)
		return NULL;
	object_init(&ns->object, &ns_object_ops);
	ns->releases = releases;
	ns->id = 0;
	return &ns->object;
}

void ns_object_adopt(struct object *object, uint32_t id)
{
	struct ns_object *ns = (struct ns_object *)object;

	ns->id = id;
	atomic_fetch_add(&ns->releases->n_proxies, 1);
}

uint32_t ns_object_id(const struct object *object)
{
	if (!object || object->ops != &ns_object_ops)
		return 0;
	return ((const struct ns_object *)object)->id;
}

/* --- on the way back --- */

void ns_releases_init(struct ns_releases *releases)
{
	*releases = (struct ns_releases){ .first = NULL };
	releases->last = &releases->first;
	pthread_mutex_init(&releases->lock, NULL);
}

void ns_releases_deinit(struct ns_releases *releases)
{
	while (releases->first) {
		struct ns_object *ns = releases->first;

		releases->first = ns->next;
		free(ns);
	}
	pthread_mutex_destroy(&releases->lock);
}

uint32_t ns_releases_count(struct ns_releases *releases)
{
	uint32_t n;

	pthread_mutex_lock(&releases->lock);
	n = releases->n;
	pthread_mutex_unlock(&releases->lock);
	return n;
}

/* Up to @max of them, in a list of their own */
static struct ns_object *releases_take(struct ns_releases *releases, uint32_t max,
				       uint32_t *ret_n)
{
	struct ns_object *first, **end;
	uint32_t n = 0;

	pthread_mutex_lock(&releases->lock);
	first = releases->first;
	for (end = &releases->first; *end && n < max; end = &(*end)->next)
		n++;
	if (n) {
		releases->first = *end;
		if (!releases->first)
			releases->last = &releases->first;
		*end = NULL;
		releases->n -= n;
	}
	pthread_mutex_unlock(&releases->lock);
	*ret_n = n;
	return n ? first : NULL;
}

void ns_releases_write(struct ns_releases *releases, uint8_t *area, size_t size)
{
	struct qtee_msg_async msg = {
		.version = QTEE_MSG_ASYNC_VERSION_1_0,
		.op = QTEE_MSG_ASYNC_OP_RELEASE,
	};
	uint32_t room = size > sizeof(msg) ? (uint32_t)((size - sizeof(msg)) / 4) : 0;
	struct ns_object *ns = releases_take(releases, room, &msg.count);
	size_t used = 0;

	if (msg.count) {
		memcpy(area, &msg, sizeof(msg));
		used = sizeof(msg);
		atomic_fetch_sub(&releases->n_proxies, msg.count);
	}
	while (ns) {
		struct ns_object *next = ns->next;

		memcpy(area + used, &ns->id, sizeof(ns->id));
		used += sizeof(ns->id);
		free(ns);
		ns = next;
	}
	memset(area + used, 0, size - used);
}
