/* SPDX-License-Identifier: BSD-2-Clause */
#include "status.h"

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>
#include <uuid/uuid.h>

#include <json-c/json.h>

#include "abi/control.h"
#include "base/auto.h"
#include "machine.h"
#include "normal/tee/tee_core.h"
#include "normal/tee/tee_state.h"
#include "server.h"

#define MAX_DEVICES 64
#define MAX_USERS 16	/* processes that are told of one context */

/* One device with a copy of its lists; holds a device user */
struct device_view {
	struct tee_device *teedev;
	struct tee_device_state state;
};

/* An open file */
struct file_view {
	const struct tee_device *teedev;
	uint64_t serial;
	struct ucred opener;
	int64_t age_ms;
	unsigned int calls;
	bool closed;
	pid_t users[MAX_USERS];
	size_t n_users;
};

struct view {
	struct device_view devices[MAX_DEVICES];
	size_t n_devices;
	struct file_view *files;
	size_t n_files;
	struct session_info *sessions;
	size_t n_sessions;
	struct shm_file_ref *file_refs;
	size_t n_file_refs;
	struct driver_shm_ref *driver_refs;
	size_t n_driver_refs;
};

static void view_deinit(struct view *view)
{
	for (size_t i = 0; i < view->n_devices; i++) {
		tee_device_free_state(&view->devices[i].state);
		tee_device_put(view->devices[i].teedev);
	}
	free(view->files);
	free(view->sessions);
	free(view->file_refs);
	free(view->driver_refs);
}

/* --- copying --- */

static int copy_devices(struct view *view, struct server *server)
{
	struct tee_device *devices[MAX_DEVICES];
	size_t n = node_get_devices(server, devices, MAX_DEVICES);
	int r = 0;

	/* All are ours to put, whatever happens. */
	for (size_t i = 0; i < n; i++)
		view->devices[view->n_devices++].teedev = devices[i];
	for (size_t i = 0; i < n && r == 0; i++)
		r = tee_device_get_state(devices[i], &view->devices[i].state);
	return r;
}

static void add_user(struct file_view *view, pid_t pid)
{
	for (size_t i = 0; i < view->n_users; i++) {
		if (view->users[i] == pid)
			return;
	}
	if (view->n_users < MAX_USERS)
		view->users[view->n_users++] = pid;
}

static bool lane_has(struct slane *slane, const struct file *file)
{
	bool has;

	pthread_mutex_lock(&slane->lock);
	has = slots_has(&slane->slots, file);
	pthread_mutex_unlock(&slane->lock);
	return has;
}

static void copy_file_locked(struct file_view *view, struct file *file, const struct timespec *now)
{
	unsigned int users = atomic_load(&file->users);
	bool open = !atomic_load(&file->hung_up);

	*view = (struct file_view){
		.teedev = file->teedev,
		.serial = file->serial,
		.opener = file->opener,
		.age_ms = (now->tv_sec - file->opened.tv_sec) * 1000LL +
			  (now->tv_nsec - file->opened.tv_nsec) / 1000000,
		/* One is that of the connection. */
		.calls = users - (open && users ? 1 : 0),
		.closed = !open,
	};
	for (struct slane *slane = file->server->lanes; slane; slane = slane->next) {
		if (!process_gone(slane->caller.process) && lane_has(slane, file))
			add_user(view, slane->caller.process->pid);
	}
}

static int copy_files(struct view *view, struct server *server)
{
	struct timespec now;
	int r = 0;

	(void)clock_gettime(CLOCK_MONOTONIC, &now);
	pthread_mutex_lock(&server->lock);
	view->files = calloc(server->n_files + 1, sizeof(*view->files));
	if (!view->files)
		r = -ENOMEM;
	for (struct file *file = server->files; file && r == 0; file = file->next)
		copy_file_locked(&view->files[view->n_files++], file, &now);
	pthread_mutex_unlock(&server->lock);
	return r;
}

/* One of the lists below: fills up to @max, returns how many there are. */
typedef size_t (*list_fn)(struct server *server, const struct machines *machines, void *array,
			  size_t max);

/* Make *@array, of elements of @size, hold all that @get gives; it may become more
 * meanwhile. */
static int copy_list(struct server *server, const struct machines *machines, list_fn get,
		     size_t size, void *array, size_t *ret_n)
{
	void **p = array;
	size_t max = 0, n;

	while ((n = get(server, machines, *p, max)) > max) {
		free(*p);
		max = n + 16;
		*p = calloc(max, size);
		if (!*p)
			return -ENOMEM;
	}
	*ret_n = n;
	return 0;
}

static size_t get_sessions(struct server *server, const struct machines *machines, void *array,
			   size_t max)
{
	struct session_info *infos = array;
	size_t n = 0;

	for (size_t i = 0; i < machines->n; i++) {
		if (machines->v[i].ops->get_sessions)
			n += machines->v[i].ops->get_sessions(machines->v[i].machine,
							      n < max ? infos + n : NULL,
							      n < max ? max - n : 0);
	}
	return n;
}

static size_t get_driver_refs(struct server *server, const struct machines *machines, void *array,
			      size_t max)
{
	struct driver_shm_ref *refs = array;
	size_t n = 0;

	for (size_t i = 0; i < machines->n; i++) {
		if (machines->v[i].ops->get_shm_refs)
			n += machines->v[i].ops->get_shm_refs(machines->v[i].machine,
							      n < max ? refs + n : NULL,
							      n < max ? max - n : 0);
	}
	return n;
}

static size_t get_file_refs(struct server *server, const struct machines *machines, void *array,
			    size_t max)
{
	return shm_get_file_refs(server, array, max);
}

static int view_init(struct view *view, struct server *server, const struct machines *machines)
{
	int r = copy_devices(view, server);

	if (r == 0)
		r = copy_files(view, server);
	if (r == 0)
		r = copy_list(server, machines, get_sessions, sizeof(*view->sessions),
			      &view->sessions, &view->n_sessions);
	if (r == 0)
		r = copy_list(server, machines, get_file_refs, sizeof(*view->file_refs),
			      &view->file_refs, &view->n_file_refs);
	if (r == 0)
		r = copy_list(server, machines, get_driver_refs, sizeof(*view->driver_refs),
			      &view->driver_refs, &view->n_driver_refs);
	return r;
}

/* --- lookups --- */

static const struct file_view *find_file(const struct view *view, const struct tee_device *teedev,
					 uint64_t serial)
{
	for (size_t i = 0; i < view->n_files; i++) {
		if (view->files[i].teedev == teedev && view->files[i].serial == serial)
			return &view->files[i];
	}
	return NULL;
}

static const struct tee_context_state *find_context(const struct device_view *dev, uint64_t serial)
{
	for (size_t i = 0; i < dev->state.num_contexts; i++) {
		if (dev->state.contexts[i].serial == serial)
			return &dev->state.contexts[i];
	}
	return NULL;
}

/* Closed by its client; calls may still run, sessions be closing, memory keep it. */
static bool has_ended(const struct tee_context_state *ctx, const struct file_view *file)
{
	return ctx->ended || (file && file->closed);
}

static size_t count_sessions(const struct view *view, const struct tee_device *teedev,
			     uint64_t serial)
{
	size_t n = 0;

	for (size_t i = 0; i < view->n_sessions; i++)
		n += view->sessions[i].teedev == teedev && view->sessions[i].ctx == serial;
	return n;
}

/* --- text --- */

static void add(struct json_object *o, const char *key, struct json_object *value)
{
	(void)json_object_object_add(o, key, value);
}

static void add_number(struct json_object *o, const char *key, int64_t n)
{
	add(o, key, json_object_new_int64(n));
}

/* A process may call itself anything: only what prints goes into the text. */
static void add_command(struct json_object *o, pid_t pid)
{
	AUTO(close_fd) int fd = -1;
	char path[64], comm[32];
	ssize_t n;

	snprintf(path, sizeof(path), "/proc/%d/comm", (int)pid);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	n = fd < 0 ? -1 : read(fd, comm, sizeof(comm) - 1);
	if (n <= 0)
		return;
	comm[n] = '\0';
	comm[strcspn(comm, "\n")] = '\0';
	for (char *p = comm; *p; p++) {
		if ((unsigned char)*p >= 0x7f || !isprint((unsigned char)*p))
			*p = '?';
	}
	add(o, "command", json_object_new_string(comm));
}

static struct json_object *processes_json(const struct file_view *file)
{
	struct json_object *all = json_object_new_array(), *o;
	struct file_view with_opener = *file;

	if (file->opener.pid > 0 && (kill(file->opener.pid, 0) == 0 || errno == EPERM))
		add_user(&with_opener, file->opener.pid);
	for (size_t i = 0; i < with_opener.n_users; i++) {
		o = json_object_new_object();
		add_number(o, "pid", with_opener.users[i]);
		add_command(o, with_opener.users[i]);
		(void)json_object_array_add(all, o);
	}
	return all;
}

static const char *context_kind(const struct tee_context_state *ctx, const struct file_view *file)
{
	if (ctx->is_device)
		return "device";
	return file ? "client" : "driver";
}

static struct json_object *context_json(const struct view *view, const struct device_view *dev,
					const struct tee_context_state *ctx)
{
	const struct file_view *file = find_file(view, dev->teedev, ctx->serial);
	struct json_object *o = json_object_new_object();

	add(o, "device", json_object_new_string(dev->teedev->name));
	add_number(o, "context", (int64_t)ctx->serial);
	add(o, "kind", json_object_new_string(context_kind(ctx, file)));
	if (file) {
		add_number(o, "uid", file->opener.uid);
		add(o, "processes", processes_json(file));
		add_number(o, "age_ms", file->age_ms);
		add_number(o, "calls", file->calls);
	}
	add_number(o, "sessions", (int64_t)count_sessions(view, dev->teedev, ctx->serial));
	add_number(o, "shm", (int64_t)ctx->num_shm);
	add(o, "ended", json_object_new_boolean(has_ended(ctx, file)));
	return o;
}

static const char *const shm_kinds[] = {
	[TEE_SHM_KIND_ALLOC] = "alloc",
	[TEE_SHM_KIND_REGISTER] = "register",
	[TEE_SHM_KIND_FD] = "fd",
	[TEE_SHM_KIND_KERNEL] = "kernel",
};

/* At most as many of a kind as there are references left to explain: the lists were
 * not copied at the same moment. */
static void add_holder(struct json_object *holders, const char *kind, size_t n, size_t *left)
{
	struct json_object *o;

	if (n > *left)
		n = *left;
	if (n == 0)
		return;
	*left -= n;
	o = json_object_new_object();
	add(o, "holder", json_object_new_string(kind));
	add_number(o, "count", (int64_t)n);
	(void)json_object_array_add(holders, o);
}

static struct json_object *holders_json(const struct view *view, const struct tee_device *teedev,
					const struct tee_shm_state *shm)
{
	struct json_object *holders = json_object_new_array();
	size_t left = shm->refs, files = 0, world = 0, supplicant = 0;

	for (size_t i = 0; i < view->n_file_refs; i++)
		files += view->file_refs[i].teedev == teedev &&
			 view->file_refs[i].serial == shm->serial;
	for (size_t i = 0; i < view->n_driver_refs; i++) {
		const struct driver_shm_ref *ref = &view->driver_refs[i];

		if (ref->teedev != teedev || ref->shm != shm->serial)
			continue;
		if (ref->supplicant)
			supplicant++;
		else
			world++;
	}
	add_holder(holders, "file", files, &left);
	add_holder(holders, "call", shm->calls, &left);
	add_holder(holders, "secure-world", world, &left);
	add_holder(holders, "supplicant-request", supplicant, &left);
	add_holder(holders, "driver", left, &left);
	return holders;
}

static struct json_object *shm_json(const struct view *view, const struct device_view *dev,
				    const struct tee_shm_state *shm)
{
	struct json_object *o = json_object_new_object();

	add(o, "device", json_object_new_string(dev->teedev->name));
	add_number(o, "shm", (int64_t)shm->serial);
	add(o, "id", shm->id > 0 ? json_object_new_int(shm->id) : NULL);
	add_number(o, "size", (int64_t)shm->size);
	add(o, "kind", json_object_new_string(shm_kinds[shm->kind]));
	add_number(o, "context", (int64_t)shm->ctx);
	add(o, "orphan", json_object_new_boolean(shm->orphan));
	add(o, "registered", json_object_new_boolean(shm->registered));
	add_number(o, "references", shm->refs);
	add(o, "holders", holders_json(view, dev->teedev, shm));
	return o;
}

static struct json_object *session_json(const struct view *view, const struct session_info *session)
{
	struct json_object *o = json_object_new_object();
	const struct tee_context_state *ctx = NULL;
	const char *device = "-", *state = "open";
	char uuid[UUID_STR_LEN];

	for (size_t i = 0; i < view->n_devices; i++) {
		if (view->devices[i].teedev == session->teedev) {
			device = session->teedev->name;
			ctx = find_context(&view->devices[i], session->ctx);
		}
	}
	if (session->dead)
		state = "dead";
	else if (ctx && has_ended(ctx, find_file(view, session->teedev, session->ctx)))
		state = "closing";
	uuid_unparse_lower(session->uuid, uuid);
	add(o, "device", json_object_new_string(device));
	add_number(o, "context", (int64_t)session->ctx);
	add_number(o, "session", session->id);
	add(o, "uuid", json_object_new_string(uuid));
	add(o, "system", json_object_new_boolean(session->system));
	add(o, "state", json_object_new_string(state));
	return o;
}

/* Newest last, as they came. */
static struct json_object *list_json(const struct view *view, uint32_t what)
{
	struct json_object *all = json_object_new_array();

	for (size_t d = view->n_devices; d-- > 0;) {
		const struct device_view *dev = &view->devices[d];

		for (size_t i = dev->state.num_contexts; what == CONTROL_GET_CONTEXTS && i-- > 0;)
			(void)json_object_array_add(
				all, context_json(view, dev, &dev->state.contexts[i]));
		for (size_t i = dev->state.num_shms; what == CONTROL_GET_SHM && i-- > 0;)
			(void)json_object_array_add(all,
						    shm_json(view, dev, &dev->state.shms[i]));
	}
	for (size_t i = view->n_sessions; what == CONTROL_GET_SESSIONS && i-- > 0;)
		(void)json_object_array_add(all, session_json(view, &view->sessions[i]));
	return all;
}

char *status_text(struct server *server, const struct machines *machines, uint32_t what)
{
	struct json_object *all;
	struct view view = { 0 };
	char *text = NULL;

	if (view_init(&view, server, machines) == 0) {
		all = list_json(&view, what);
		text = strdup(json_object_to_json_string_ext(all, JSON_C_TO_STRING_PLAIN));
		json_object_put(all);
	}
	view_deinit(&view);
	return text;
}
