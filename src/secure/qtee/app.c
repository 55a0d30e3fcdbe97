/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The life of a TA, and its objects
 *
 * What ends a TA or an object of it may have to enter its host, which only a call can
 * do: so both are buried (world.h).
 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/mman.h>
#include <sys/socket.h>

#include "base/auto.h"
#include "base/fdsock.h"
#include "base/log.h"
#include "base/memfd.h"
#include "machine/lane/lane.h"
#include "secure/qtee/app_private.h"

#define MAX_HANDLES (1u << 18)

/*
 * A client that ends gives its controller back in the background, so that one that comes
 * after it may meet its TA still there: worth a wait of this long, in the normal world.
 */
#define NAME_TRIES 20u
#define NAME_WAIT_MS 10u

/* --- the table --- */

void app_table_init(struct app_table *table)
{
	*table = (struct app_table){ .last_serial = APP_FIRST_SERIAL };
	pthread_mutex_init(&table->lock, NULL);
}

void app_table_deinit(struct app_table *table)
{
	pthread_mutex_destroy(&table->lock);
}

static int32_t table_add(struct app_table *table, struct app *app)
{
	int32_t result = QTEE_OK;
	struct app **p;

	pthread_mutex_lock(&table->lock);
	if (table->n_apps >= APPS_MAX) {
		result = APP_LOADER_ERROR_MAX_NUM_APPS;
	} else {
		app->serial = ++table->last_serial;
		for (p = &table->apps; *p; p = &(*p)->next)
			;
		*p = app;
		table->n_apps++;
	}
	pthread_mutex_unlock(&table->lock);
	return result;
}

static void table_remove(struct app_table *table, struct app *app)
{
	struct app **p;

	pthread_mutex_lock(&table->lock);
	for (p = &table->apps; *p && *p != app; p = &(*p)->next)
		;
	if (*p) {
		*p = app->next;
		table->n_apps--;
	}
	pthread_mutex_unlock(&table->lock);
}

/* One that died is in nobody's way. */
static bool is_loaded(const struct app *app)
{
	return app->named && !atomic_load(&app->unloaded) && !atomic_load(&app->dead);
}

static int32_t table_name(struct app_table *table, struct app *app)
{
	int32_t result = QTEE_OK;

	pthread_mutex_lock(&table->lock);
	for (struct app *other = table->apps; other; other = other->next) {
		if (other != app && is_loaded(other) && !strcmp(other->name, app->name))
			result = APP_LOADER_ERROR_ALREADY_LOADED;
	}
	app->named = result == QTEE_OK;
	pthread_mutex_unlock(&table->lock);
	return result;
}

static int32_t app_take_name(struct call *call, struct app *app)
{
	uint32_t ms = NAME_WAIT_MS;
	union qtee_arg arg = { .b = { &ms, sizeof(ms) } };
	int32_t result = table_name(&call->world->apps, app);

	for (uint32_t i = 0; i < NAME_TRIES && result == APP_LOADER_ERROR_ALREADY_LOADED; i++) {
		if (call_callback(call, QTEE_MSG_OBJECT_PRIMORDIAL, QTEE_PRIMORDIAL_OP_SLEEP,
				  QTEE_MSG_COUNTS(1, 0, 0, 0), &arg) != QTEE_OK)
			break;
		result = table_name(&call->world->apps, app);
	}
	return result;
}

uint32_t app_table_list(struct app_table *table, struct app_info *infos, uint32_t max)
{
	uint32_t n = 0;

	pthread_mutex_lock(&table->lock);
	for (struct app *app = table->apps; app; app = app->next) {
		if (!app->named || atomic_load(&app->unloaded))
			continue;
		if (n < max) {
			infos[n] = (struct app_info){
				.stack_size = app->stack_size,
				.image_size = app->image_size,
				.dead = atomic_load(&app->dead),
				.inside = app_n_inside(app) != 0,
			};
			memcpy(infos[n].name, app->name, sizeof(infos[n].name));
		}
		n++;
	}
	pthread_mutex_unlock(&table->lock);
	return n;
}

/* --- birth --- */

/* Its end only: what the host does not take is not waited for. */
static int app_socket(struct app *app, int *ret_peer)
{
	int pair[2];
	int r = fdsock_pair(pair);

	if (r < 0)
		return r;
	app->sock = pair[0];
	*ret_peer = pair[1];
	return fcntl(app->sock, F_SETFL, O_NONBLOCK) < 0 ? -errno : 0;
}

static int app_window(struct app *app)
{
	void *addr;
	int r = memfd_new_sealed("swtee-ta-window", MINKHOST_WINDOW_SIZE, &app->window_fd);

	if (r == 0)
		r = memfd_map(app->window_fd, 0, MINKHOST_WINDOW_SIZE, PROT_READ | PROT_WRITE,
			      &addr);
	if (r == 0)
		app->window = addr;
	return r;
}

/* noinline: errno is looked at on one operating system thread (fiber.h). */
static __attribute__((noinline)) int app_start(struct app *app, int image_fd)
{
	const struct minkhost_spawn spawn = {
		.type = MINKHOST_SPAWN,
		.log_level = log_get_level(),
	};
	AUTO(close_fd) int lane_fd = -1;
	AUTO(close_fd) int peer = -1;
	struct epoll_event event = { .events = EPOLLRDHUP, .data.u64 = app->serial };
	int r;

	r = lane_new(sizeof(struct minkhost_call), &app->lane, &lane_fd);
	if (r < 0)
		return r;
	/* A TA may compute for long. */
	lane_set_caller_flags(app->lane, LANE_WIDEN);
	app->area = lane_data(app->lane);
	r = app_socket(app, &peer);
	if (r == 0)
		r = app_window(app);
	if (r == 0)
		r = ta_template_spawn(&app->world->template, &spawn, sizeof(spawn),
				      (const int[]){ lane_fd, image_fd, peer, app->window_fd }, 4);
	if (r == 0 && epoll_ctl(app->world->epoll_fd, EPOLL_CTL_ADD, app->sock, &event) < 0)
		r = -errno;
	return r;
}

static struct app *app_new(struct qtee_world *world)
{
	struct app *app = calloc(1, sizeof(*app));

	if (!app)
		return NULL;
	atomic_init(&app->refs, 1);
	app->world = world;
	app->sock = -1;
	app->window_fd = -1;
	pthread_mutex_init(&app->lock, NULL);
	pthread_mutex_init(&app->handles_lock, NULL);
	idtable_init(&app->handles, MAX_HANDLES);
	return app;
}

/* What a host says goes to a log: one line, nothing that a terminal would obey. */
static void clean(char *text, size_t size)
{
	text[size - 1] = '\0';
	for (char *c = text; *c; c++) {
		if (*c < ' ' || *c > '~')
			*c = '?';
	}
}

static int32_t app_load_image(struct app *app)
{
	struct minkhost_call *msg = calloc(1, sizeof(*msg));
	int32_t result = APP_LOADER_ERROR_TZ_HEAP_MALLOC_FAILURE;
	bool alive;

	if (!msg)
		return result;
	msg->op = MINKHOST_OP_LOAD;
	pthread_mutex_lock(&app->lock);
	alive = app_exchange(app, msg);
	pthread_mutex_unlock(&app->lock);
	if (!alive) {
		result = QTEE_ERROR_DEFUNCT;
	} else if (msg->result != QTEE_OK) {
		clean(msg->message, sizeof(msg->message));
		result = msg->result > 0 && msg->result <= APP_LOADER_ERROR_LAST ? msg->result :
										     QTEE_ERROR;
		log_warn_ratelimited("a TA cannot be loaded (%d): %s", result,
				     msg->message[0] ? msg->message : "its host does not say why");
	} else {
		clean(msg->app.name, sizeof(msg->app.name));
		memcpy(app->name, msg->app.name, sizeof(app->name));
		app->stack_size = msg->app.stack_size;
		app->image_size = msg->app.image_size;
		result = app->name[0] ? QTEE_OK : QTEE_ERROR;
	}
	free(msg);
	return result;
}

int32_t app_load(struct call *call, int image_fd, struct app **ret_app)
{
	struct qtee_world *world = call->world;
	struct app *app = app_new(world);
	int32_t result;
	int r;

	if (!app)
		return APP_LOADER_ERROR_TZ_HEAP_MALLOC_FAILURE;
	result = table_add(&world->apps, app);
	if (result == QTEE_OK) {
		r = app_start(app, image_fd);
		if (r < 0) {
			log_warn_ratelimited("a TA cannot be started, there is no process for it: %s",
					     strerror(-r));
			result = APP_LOADER_ERROR_TA_APP_REGION_MALLOC_FAILURE;
		}
	}
	if (result == QTEE_OK)
		result = app_load_image(app);
	if (result == QTEE_OK)
		result = app_take_name(call, app);
	if (result == QTEE_OK)
		result = app_call(call, app, MINKHOST_TARGET_APP, MINKHOST_APP_INIT, 0, NULL);
	if (result != QTEE_OK) {
		atomic_store(&app->ending, true);
		app_put(app);
		return result;
	}
	*ret_app = app;
	return QTEE_OK;
}

/* --- death --- */

/* The host knows nothing any more, and gets to know nothing. */
static void app_drain(struct app *app)
{
	struct idtable handles;

	pthread_mutex_lock(&app->handles_lock);
	handles = app->handles;
	idtable_init(&app->handles, MAX_HANDLES);
	app->drained = true;
	pthread_mutex_unlock(&app->handles_lock);
	for (uint32_t i = 1; i < handles.n_slots; i++)
		object_put(handles.slots[i]);
	idtable_deinit(&handles);
}

/* True for who is the first to say so: it tells the user. */
static bool app_finish(struct app *app)
{
	if (atomic_exchange(&app->dead, true))
		return false;
	/* Whichever way it lives on, it has nothing to say to us any more. */
	if (app->lane)
		lane_close(app->lane);
	if (app->sock >= 0)
		(void)shutdown(app->sock, SHUT_RDWR);
	app_drain(app);
	return !atomic_load(&app->ending);
}

void app_kill(struct app *app, const char *why)
{
	if (app_finish(app))
		log_warn_ratelimited("TA %s is ended: %s", app->name, why);
}

static void app_died(struct app *app)
{
	if (app_finish(app))
		log_warn_ratelimited("TA %s died: its process was killed, or crashed; its objects are defunct",
				     app->name[0] ? app->name : "(being loaded)");
}

bool app_exchange(struct app *app, struct minkhost_call *msg)
{
	if (atomic_load(&app->dead))
		return false;
	memcpy(app->area, msg, sizeof(*msg));
	if (lane_call(app->lane) < 0) {
		app_died(app);
		return false;
	}
	memcpy(msg, app->area, sizeof(*msg));
	__asm__ volatile("" : : "r"(msg) : "memory");
	return true;
}

struct app *app_get(struct app *app)
{
	atomic_fetch_add(&app->refs, 1);
	return app;
}

void app_put(struct app *app)
{
	if (!app || atomic_fetch_sub(&app->refs, 1) != 1)
		return;
	table_remove(&app->world->apps, app);
	atomic_store(&app->ending, true);
	(void)app_finish(app);
	if (app->sock >= 0)
		(void)epoll_ctl(app->world->epoll_fd, EPOLL_CTL_DEL, app->sock, NULL);
	lane_free(app->lane);
	if (app->window)
		(void)munmap(app->window, MINKHOST_WINDOW_SIZE);
	close_fd(app->window_fd);
	close_fd(app->sock);
	idtable_deinit(&app->handles);
	pthread_mutex_destroy(&app->handles_lock);
	pthread_mutex_destroy(&app->lock);
	free(app);
}

void app_table_host_died(struct app_table *table, uint64_t serial)
{
	struct app *app;

	pthread_mutex_lock(&table->lock);
	for (app = table->apps; app && app->serial != serial; app = app->next)
		;
	/* One without references is being freed, and waits for the lock. */
	if (app) {
		uint32_t refs = atomic_load(&app->refs);

		while (refs && !atomic_compare_exchange_weak(&app->refs, &refs, refs + 1))
			;
		if (!refs)
			app = NULL;
	}
	pthread_mutex_unlock(&table->lock);
	if (!app)
		return;
	(void)epoll_ctl(app->world->epoll_fd, EPOLL_CTL_DEL, app->sock, NULL);
	app_died(app);
	app_put(app);
}

/* --- unloading --- */

uint32_t app_n_inside(const struct app *app)
{
	return atomic_load(&app->n_inside);
}

bool app_is_unloaded(const struct app *app)
{
	return atomic_load(&app->unloaded);
}

bool app_is_dead(const struct app *app)
{
	return atomic_load(&app->dead);
}

/* The end of an unloaded TA, when nobody is inside; otherwise who leaves last comes. */
static void app_perform_end(struct call *call, struct burial *burial)
{
	struct app *app = (struct app *)((char *)burial - offsetof(struct app, end));

	if (call)
		(void)app_call(call, app, MINKHOST_TARGET_APP, MINKHOST_APP_SHUTDOWN, 0, NULL);
	atomic_store(&app->ending, true);
	(void)app_finish(app);
	app_put(app);
}

void app_queue_end(struct app *app)
{
	if (!atomic_load(&app->unloaded) || atomic_load(&app->n_inside) ||
	    atomic_exchange(&app->end_queued, true))
		return;
	app->end.perform = app_perform_end;
	world_add_burial(app->world, &app_get(app)->end);
}

bool app_unload(struct app *app)
{
	if (atomic_exchange(&app->unloaded, true))
		return false;
	app_queue_end(app);
	return true;
}

/* --- objects --- */

struct app_object {
	struct object object;
	struct app *app;		/* counted */
	uint32_t handle;
	struct burial release;
};

static int32_t app_object_invoke(struct call *call, struct object *object, uint32_t op,
				 uint32_t counts, union qtee_arg *args)
{
	struct app_object *o = (struct app_object *)object;

	if (atomic_load(&o->app->unloaded))
		return QTEE_ERROR_DEFUNCT;
	return app_call(call, o->app, o->handle, op, counts, args);
}

static void app_object_perform_release(struct call *call, struct burial *burial)
{
	struct app_object *o =
		(struct app_object *)((char *)burial - offsetof(struct app_object, release));

	if (call && !atomic_load(&o->app->unloaded))
		(void)app_call(call, o->app, o->handle, QTEE_MSG_OP_RELEASE, 0, NULL);
	app_put(o->app);
	free(o);
}

static void app_object_destroy(struct object *object)
{
	struct app_object *o = (struct app_object *)object;

	if (atomic_load(&o->app->dead)) {
		app_object_perform_release(NULL, &o->release);
		return;
	}
	o->release.perform = app_object_perform_release;
	world_add_burial(o->app->world, &o->release);
}

static const struct object_ops app_object_ops = {
	.kind = "TA",
	.invoke = app_object_invoke,
	.destroy = app_object_destroy,
};

struct object *app_object_new(struct app *app, uint32_t handle)
{
	struct app_object *o = calloc(1, sizeof(*o));

	if (!o)
		return NULL;
	object_init(&o->object, &app_object_ops);
	o->app = app_get(app);
	o->handle = handle;
	return &o->object;
}

uint32_t app_object_handle(const struct app *app, const struct object *object)
{
	const struct app_object *o = (const struct app_object *)object;

	return object && object->ops == &app_object_ops && o->app == app ? o->handle : 0;
}

int32_t app_get_object(struct call *call, struct app *app, struct object *credentials,
		       struct object **ret_object)
{
	union qtee_arg args[2] = { { .o = credentials }, { .o = NULL } };
	int32_t result = app_call(call, app, MINKHOST_TARGET_APP, MINKHOST_APP_GET_OBJECT,
				  QTEE_MSG_COUNTS(0, 0, 1, 1), args);

	if (result == QTEE_OK)
		*ret_object = args[1].o;
	return result;
}
