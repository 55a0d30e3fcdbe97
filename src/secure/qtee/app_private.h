/* SPDX-License-Identifier: BSD-2-Clause */
/* What the halves of a TA share: its life (app.c), what passes its lane (app_lane.c) */
#ifndef SECURE_QTEE_APP_PRIVATE_H
#define SECURE_QTEE_APP_PRIVATE_H

#include <stdatomic.h>

#include "secure/common/idtable.h"
#include "secure/qtee/app.h"
#include "secure/qtee/object.h"
#include "secure/qtee/world.h"

struct lane;

struct app {
	struct app *next;		/* in the table */
	struct qtee_world *world;
	_Atomic uint32_t refs;
	uint64_t serial;
	char name[MINKHOST_NAME_MAX];
	uint64_t stack_size;
	uint64_t image_size;
	struct lane *lane;
	struct minkhost_call *area;	/* its data: shared with the host */
	uint8_t *window;		/* shared, too */
	int window_fd;
	int sock;
	bool named;			/* with the table's lock */
	_Atomic bool unloaded;
	_Atomic bool dead;
	_Atomic bool ending;		/* its death is no news */
	struct burial end;		/* queued with a reference */
	/* The lane: held from a request until its answer has been read */
	pthread_mutex_t lock;
	_Atomic uint32_t n_inside;	/* calls */
	_Atomic bool end_queued;
	/* Objects that the host knows, by handle; one reference each */
	pthread_mutex_t handles_lock;
	struct idtable handles;
	bool drained;			/* no more of them */
};

/* After unloading, or when a call left: its end, when it is due. */
void app_queue_end(struct app *app);

/*
 * One call of the host: CALL, requests that it makes, DONE. On the call's fiber, without
 * locks. DEFUNCT when the host is dead, then or now; BUSY when calls are nested too
 * deeply.
 */
int32_t app_call(struct call *call, struct app *app, uint32_t target, uint32_t method,
		 uint32_t counts, union qtee_arg *args);

/*
 * Post what stands in @msg, take the answer into it. With app->lock held. False when the
 * host is dead.
 */
bool app_exchange(struct app *app, struct minkhost_call *msg);

/* The host broke the rules, or what it needs cannot be had: end it, log why. */
void app_kill(struct app *app, const char *why);

/* An object of the host's: its handle becomes the object's. NULL without memory. */
struct object *app_object_new(struct app *app, uint32_t handle);
/* The handle of an object that @app hosts; 0 for others. */
uint32_t app_object_handle(const struct app *app, const struct object *object);

#endif /* SECURE_QTEE_APP_PRIVATE_H */
