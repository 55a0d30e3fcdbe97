/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Objects that the normal world hosts
 *
 * Each id that arrives gets a proxy, which holds the reference that came with it.
 * When the proxy goes the id is queued, and the next message to the normal world
 * carries it back: asynchronous releases need no call of their own (2.5).
 */
#ifndef SECURE_QTEE_NS_OBJECT_H
#define SECURE_QTEE_NS_OBJECT_H

#include <pthread.h>
#include <stddef.h>
#include <stdint.h>

struct object;
struct ns_object;

/* Ids on their way back */
struct ns_releases {
	pthread_mutex_t lock;
	struct ns_object *first, **last;
	uint32_t n;
	_Atomic uint32_t n_proxies;	/* those that are queued included */
};

void ns_releases_init(struct ns_releases *releases);
/* Ids that are left are forgotten: nobody is there to take them. */
void ns_releases_deinit(struct ns_releases *releases);

/*
 * A proxy that holds nothing yet, so that taking an id over cannot fail: it is made
 * before the message that brings the id. NULL without memory.
 */
struct object *ns_object_new(struct ns_releases *releases);
/* The reference of @id, which just arrived, is the proxy's from now on. */
void ns_object_adopt(struct object *object, uint32_t id);
/* The id of a proxy; 0 for objects that are not one. */
uint32_t ns_object_id(const struct object *object);

uint32_t ns_releases_count(struct ns_releases *releases);
/*
 * As many as fit into @size bytes at @area, 8-aligned, as asynchronous messages, and
 * an end behind them. The area is shared memory.
 */
void ns_releases_write(struct ns_releases *releases, uint8_t *area, size_t size);

#endif /* SECURE_QTEE_NS_OBJECT_H */
