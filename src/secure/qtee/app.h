/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Trusted applications: a host process each (abi/minkhost.h)
 *
 * A TA is loaded by whoever holds its controller and lives as long as that. The host is
 * hostile: its answers are read once and checked, and what it does wrong ends it. When
 * it ended, in whatever way, its objects answer DEFUNCT.
 *
 * The lane of a host is held only while the TA computes: not when the TA waits for an
 * object that it invoked. So others may enter it meanwhile, and a callback that leads
 * back into the TA is no deadlock.
 *
 * Functions that return int32_t return a result of 3.4, or one of IAppLoader.
 */
#ifndef SECURE_QTEE_APP_H
#define SECURE_QTEE_APP_H

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>

#include "abi/minkhost.h"

struct app;
struct call;
struct object;
struct qtee_world;
union qtee_arg;

/* TAs at a time */
#define APPS_MAX 64u

/* Numbers below are other sources of events for the main thread. */
#define APP_FIRST_SERIAL 16u

/* IAppLoader (6.6) */
#define APP_LOADER_ERROR_INVALID_BUFFER 10
#define APP_LOADER_ERROR_MAX_NUM_APPS 14
#define APP_LOADER_ERROR_ALREADY_LOADED 16
#define APP_LOADER_ERROR_EMBEDDED_IMAGE_NOT_FOUND 17
#define APP_LOADER_ERROR_TZ_HEAP_MALLOC_FAILURE 18
#define APP_LOADER_ERROR_TA_APP_REGION_MALLOC_FAILURE 19
#define APP_LOADER_ERROR_LAST 21

struct app_table {
	pthread_mutex_t lock;
	struct app *apps;
	uint32_t n_apps;
	uint64_t last_serial;
};

void app_table_init(struct app_table *table);
void app_table_deinit(struct app_table *table);

/* Have the image in @image_fd, which stays the caller's, loaded. A reference. */
int32_t app_load(struct call *call, int image_fd, struct app **ret_app);
struct app *app_get(struct app *app);
void app_put(struct app *app);

/* The TA's object for a client with @credentials (borrowed, or NULL); a reference. */
int32_t app_get_object(struct call *call, struct app *app, struct object *credentials,
		       struct object **ret_object);

/*
 * It is not to be entered any more; its end comes when nobody is inside. False when it
 * was unloaded already. Any thread.
 */
bool app_unload(struct app *app);
bool app_is_unloaded(const struct app *app);
bool app_is_dead(const struct app *app);
/* Calls that are in it at this moment, those that wait for others included */
uint32_t app_n_inside(const struct app *app);

/*
 * app_loader.c: the object that owns a TA, and the one that gives such objects. A TA gets
 * a controller from a loader only: one that it could be given otherwise might be its
 * own, or lead back to it, and it would never end.
 */
bool object_is_app_controller(const struct object *object);
bool object_is_app_loader(const struct object *object);

/* What of a TA can be told */
struct app_info {
	char name[MINKHOST_NAME_MAX];
	uint64_t stack_size;
	uint64_t image_size;
	bool dead;
	bool inside;		/* a call waits for an object outside */
};

/* The TAs that are loaded, in order; the number of them, also beyond @max. */
uint32_t app_table_list(struct app_table *table, struct app_info *infos, uint32_t max);

/* The socket of host @serial hung up. The main thread. */
void app_table_host_died(struct app_table *table, uint64_t serial);

#endif /* SECURE_QTEE_APP_H */
