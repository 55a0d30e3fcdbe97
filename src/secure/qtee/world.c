/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The world as a process: its start, and the main thread
 *
 * The main thread waits for what is not a call: CPUs that are added, hosts that die, the
 * template that dies, the end.
 */
#include "secure/qtee/world.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <time.h>

#include "abi/world.h"
#include "base/auto.h"
#include "base/fdsock.h"
#include "base/log.h"
#include "secure/qtee/client_env.h"
#include "secure/qtee/object.h"

/* What an event is about; from APP_FIRST_SERIAL on it is a TA host. */
enum {
	EVENT_CONTROL = 0,
	EVENT_TEMPLATE = 1,
};

/* A template that dies at once is not started more often than this. */
#define TEMPLATE_RETRY_MS 1000

/* --- burials --- */

void world_add_burial(struct qtee_world *world, struct burial *burial)
{
	burial->next = NULL;
	pthread_mutex_lock(&world->burial_lock);
	*world->last_burial = burial;
	world->last_burial = &burial->next;
	pthread_mutex_unlock(&world->burial_lock);
}

static struct burial *world_next_burial(struct qtee_world *world)
{
	struct burial *burial;

	pthread_mutex_lock(&world->burial_lock);
	burial = world->burials;
	if (burial) {
		world->burials = burial->next;
		if (!world->burials)
			world->last_burial = &world->burials;
	}
	pthread_mutex_unlock(&world->burial_lock);
	return burial;
}

void world_bury(struct call *call)
{
	struct burial *burial;

	while ((burial = world_next_burial(call->world)))
		burial->perform(call, burial);
}

/* --- start --- */

static int world_say_started(const struct qtee_world *world, int error)
{
	const struct world_msg msg = { .type = WORLD_STARTED, .error = error };

	return fdsock_send(world->control_fd, &msg, sizeof(msg), NULL, 0);
}

static int world_watch(struct qtee_world *world, int fd, uint64_t what)
{
	struct epoll_event event = { .events = EPOLLIN | EPOLLRDHUP, .data.u64 = what };

	return epoll_ctl(world->epoll_fd, EPOLL_CTL_ADD, fd, &event) < 0 ? -errno : 0;
}

/* A template that cannot be started is no reason not to serve what needs no TA. */
static void world_start_template(struct qtee_world *world)
{
	int fd, r;

	if (ta_template_start(&world->template, &fd) < 0)
		return;
	r = world_watch(world, fd, EVENT_TEMPLATE);
	if (r < 0) {
		log_error("cannot watch %s: %s", world->template.path, strerror(-r));
		ta_template_died(&world->template);
	}
}

static int world_recv_start(int control_fd, struct world_start *start, int *ret_ram_fd)
{
	AUTO(close_fd) int fd = -1;
	size_t n_fds = 0;
	ssize_t n;

	n = fdsock_recv(control_fd, start, sizeof(*start), &fd, 1, &n_fds, NULL, 0);
	if (n < 0)
		return (int)n;
	if (n == 0)
		return -EPIPE;
	if (n != sizeof(*start) || start->type != WORLD_START || fd < 0 ||
	    start->num_threads == 0)
		return -EPROTO;
	*ret_ram_fd = steal_fd(&fd);
	return 0;
}

static int world_set_up(struct qtee_world *world, const struct world_start *start,
			int *memory_fd, int *ram_fd)
{
	int r;

	call_pool_init(&world->calls, start->num_threads);
	world->epoll_fd = epoll_create1(EPOLL_CLOEXEC);
	if (world->epoll_fd < 0)
		return -errno;
	r = mem_new(*memory_fd, *ram_fd, start->ram_pa, start->ram_size, &world->mem);
	if (r < 0)
		return r;
	/* They are the memory's now. */
	*memory_fd = -1;
	*ram_fd = -1;
	r = export_table_init(&world->exports, EXPORTS_MAX);
	if (r < 0)
		return r;
	world->root = client_env_new_root();
	if (!world->root)
		return -ENOMEM;
	r = world_watch(world, world->control_fd, EVENT_CONTROL);
	if (r < 0)
		return r;
	world_start_template(world);
	return 0;
}

/* Everything that cannot fail, so that qtee_world_free() is right from here on. */
static struct qtee_world *world_alloc(const struct qtee_world_config *config)
{
	struct qtee_world *world = calloc(1, sizeof(*world));

	if (!world)
		return NULL;
	world->control_fd = config->control_fd;
	world->epoll_fd = -1;
	pthread_mutex_init(&world->burial_lock, NULL);
	world->last_burial = &world->burials;
	ns_releases_init(&world->releases);
	app_table_init(&world->apps);
	ta_template_init(&world->template, config->minkhost);
	call_pool_init(&world->calls, 1);
	cpu_set_init(&world->cpus, call_smc, world);
	return world;
}

int qtee_world_new(const struct qtee_world_config *config, struct qtee_world **ret_world)
{
	AUTO(close_fd) int memory_fd = config->memory_fd;
	AUTO(close_fd) int ram_fd = -1;
	struct qtee_world *world;
	struct world_start start;
	int r;

	(void)fcntl(config->control_fd, F_SETFD, FD_CLOEXEC);
	(void)fcntl(config->memory_fd, F_SETFD, FD_CLOEXEC);
	r = world_recv_start(config->control_fd, &start, &ram_fd);
	if (r < 0) {
		log_error("the machine did not send a start message: %s", strerror(-r));
		close_fd(config->control_fd);
		return r;
	}
	if (start.log_level <= LOG_DEBUG)
		log_init("swtee-qtee", (enum log_level)start.log_level);
	world = world_alloc(config);
	if (!world) {
		close_fd(config->control_fd);
		return -ENOMEM;
	}
	r = world_set_up(world, &start, &memory_fd, &ram_fd);
	if (r < 0)
		log_error("cannot start the QTEE world: %s", strerror(-r));
	(void)world_say_started(world, r);
	if (r < 0) {
		qtee_world_free(world);
		return r;
	}
	*ret_world = world;
	return 0;
}

struct qtee_world *qtee_world_free(struct qtee_world *world)
{
	struct burial *burial;

	if (!world)
		return NULL;
	cpu_set_deinit(&world->cpus);
	call_pool_deinit(&world->calls);
	export_table_deinit(&world->exports);
	object_put(world->root);
	while ((burial = world_next_burial(world)))
		burial->perform(NULL, burial);
	app_table_deinit(&world->apps);
	ta_template_deinit(&world->template);
	ns_releases_deinit(&world->releases);
	mem_free(world->mem);
	close_fd(world->epoll_fd);
	close_fd(world->control_fd);
	pthread_mutex_destroy(&world->burial_lock);
	free(world);
	return NULL;
}

/* --- the main thread --- */

/* 1: go on, 0: the SoC hung up */
static int world_control(struct qtee_world *world)
{
	AUTO(close_fd) int fd = -1;
	struct world_msg msg;
	size_t n_fds = 0;
	ssize_t n;
	int r;

	n = fdsock_recv(world->control_fd, &msg, sizeof(msg), &fd, 1, &n_fds, NULL,
			MSG_DONTWAIT);
	if (n == -EAGAIN)
		return 1;
	if (n <= 0)
		return (int)n;
	if (n != sizeof(msg) || msg.type != WORLD_CPU_ADD || fd < 0) {
		log_error("the machine sent a message that there is not (type %u, %zd bytes)",
			  n >= (ssize_t)sizeof(msg.type) ? msg.type : 0, n);
		return -EPROTO;
	}
	r = cpu_set_add(&world->cpus, fd);
	if (r < 0)
		log_error("cannot add a CPU: %s; the call that wanted it fails", strerror(-r));
	return 1;
}

static int64_t clock_ms(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (int64_t)ts.tv_sec * 1000 + ts.tv_nsec / 1000000;
}

/* Milliseconds until the template may be started again; -1: it runs. */
static int template_delay(const struct qtee_world *world, int64_t last_start)
{
	int64_t left = last_start + TEMPLATE_RETRY_MS - clock_ms();

	if (world->template.sock >= 0)
		return -1;
	return left > 0 ? (int)left : 0;
}

static int world_event(struct qtee_world *world, uint64_t what)
{
	if (what == EVENT_CONTROL)
		return world_control(world);
	if (what == EVENT_TEMPLATE) {
		log_warn("%s died, and with it the trusted applications that it hosted; it is started again",
			 world->template.path);
		ta_template_died(&world->template);
	} else {
		app_table_host_died(&world->apps, what);
	}
	return 1;
}

int qtee_world_run(struct qtee_world *world)
{
	int64_t last_start = clock_ms();
	int r = 1;

	while (r > 0) {
		int delay = template_delay(world, last_start);
		struct epoll_event event;
		int n;

		if (delay == 0) {
			world_start_template(world);
			last_start = clock_ms();
			continue;
		}
		n = epoll_wait(world->epoll_fd, &event, 1, delay);
		if (n < 0 && errno != EINTR)
			return -errno;
		if (n > 0)
			r = world_event(world, event.data.u64);
	}
	return r;
}
