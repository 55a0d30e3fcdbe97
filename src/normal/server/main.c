/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * swteed: start, the life of the worlds, stop
 *
 * The main thread runs the event loop. Worlds are watched by their control
 * socket: when one hangs up, a worker starts it again and lets the driver bring
 * the device back.
 */
#include "config.h"
#include "server.h"
#include "supplicant.h"

#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <limits.h>
#include <malloc.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include <linux/err.h>

#include "base/auto.h"
#include "base/log.h"
#include "machine/soc/memory.h"
#include "machine/soc/world.h"
#include "normal/drivers/optee/optee.h"

/* A world that dies so often in so short a time is not started again. */
#define MAX_QUICK_DEATHS 5
#define QUICK_DEATH_SECONDS 2

/* How long the end waits for calls and sessions before it cuts them off. */
#define STOP_PATIENCE_MS 2000

struct optee_machine {
	struct worker_job job;		/* the restart */
	bool restarting;		/* guarded by server.lock */
	struct swteed *swteed;
	char world_path[PATH_MAX];
	char tahost_path[PATH_MAX];
	const char *argv[4];
	struct soc_world *world;
	loop_id world_id;
	struct supplicant *supplicant;
	struct optee *optee;
	unsigned int quick_deaths;
	struct timespec started;
};

struct swteed {
	struct server server;
	struct config config;
	int signal_fd;
	loop_id signal_id;
	loop_id parent_id;
	bool made_runtime_dir;
	bool parent_gone;
	struct optee_machine optee;
};

/* --- files and directories --- */

/*
 * A helper program: beside this one (not installed), where an installation that was
 * moved as a whole has it, or where this one was configured to have it.
 */
static int find_helper(const char *name, char path[PATH_MAX])
{
	char self[PATH_MAX];
	ssize_t n = readlink("/proc/self/exe", self, sizeof(self) - 1);
	char *slash;

	if (n > 0) {
		self[n] = '\0';
		slash = strrchr(self, '/');
		if (slash) {
			static const char *const from_here[] = { "", "../libexec/swtee/" };

			*slash = '\0';
			for (size_t i = 0; i < 2; i++) {
				if (snprintf(path, PATH_MAX, "%s/%s%s", self, from_here[i],
					     name) < PATH_MAX && access(path, X_OK) == 0)
					return 0;
			}
		}
	}
	if (snprintf(path, PATH_MAX, "%s/%s", SWTEE_LIBEXECDIR, name) < PATH_MAX &&
	    access(path, X_OK) == 0)
		return 0;
	log_error("cannot find the program %s, neither beside swteed nor in %s: is the "
		  "installation complete?", name, SWTEE_LIBEXECDIR);
	return -ENOENT;
}

static int make_dir(const char *path, bool *ret_made)
{
	int r = mkdir(path, 0700);

	if (ret_made)
		*ret_made = r == 0;
	if (r < 0 && errno != EEXIST) {
		r = -errno;
		log_error("cannot make the directory %s: %s", path, strerror(-r));
		return r;
	}
	return 0;
}

static int open_fs_root(const char *state_dir)
{
	char path[PATH_MAX];
	int fd, r;

	r = make_dir(state_dir, NULL);
	if (r < 0)
		return r;
	if (snprintf(path, sizeof(path), "%s/optee", state_dir) >= (int)sizeof(path))
		return -ENAMETOOLONG;
	r = make_dir(path, NULL);
	if (r < 0)
		return r;
	fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0) {
		r = -errno;
		log_error("cannot open the directory %s: %s", path, strerror(-r));
		return r;
	}
	return fd;
}

/* --- the OP-TEE machine --- */

static void on_world_event(void *data, uint32_t events)
{
	struct optee_machine *machine = data;
	struct server *server = &machine->swteed->server;

	/* A world sends nothing after its start: bytes are as bad as a hang-up. */
	loop_remove(server->loop, machine->world_id);
	machine->world_id = 0;
	if (server->ending)
		return;
	pthread_mutex_lock(&server->lock);
	machine->restarting = true;
	pthread_mutex_unlock(&server->lock);
	worker_run(server->workers, &machine->job);
}

static int watch_world(struct optee_machine *machine)
{
	return loop_add(machine->swteed->server.loop, soc_world_get_fd(machine->world),
			EPOLLIN | EPOLLRDHUP, on_world_event, machine, &machine->world_id);
}

static bool dies_too_often(struct optee_machine *machine)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	if (now.tv_sec - machine->started.tv_sec > QUICK_DEATH_SECONDS)
		machine->quick_deaths = 0;
	machine->started = now;
	return ++machine->quick_deaths > MAX_QUICK_DEATHS;
}

static void restart_world(struct optee_machine *machine)
{
	int r;

	log_warn("the OP-TEE world ended; its sessions are lost");
	soc_world_stop(machine->world);
	/* Before a new one can be taken for the old one */
	optee_world_gone(machine->optee);
	supplicant_reset(machine->supplicant);
	if (dies_too_often(machine)) {
		log_error("the OP-TEE world dies again and again: not started any more; look for "
			  "its messages above");
		return;
	}
	r = soc_world_start(machine->world);
	if (r == 0)
		r = watch_world(machine);
	if (r == 0)
		r = optee_reset(machine->optee);
	if (r < 0)
		log_error("cannot bring the OP-TEE world back: %s", strerror(-r));
	else
		log_warn("the OP-TEE world is back");
}

static void restart_job(struct worker_job *job)
{
	struct optee_machine *machine = (struct optee_machine *)job;
	struct server *server = &machine->swteed->server;

	restart_world(machine);
	pthread_mutex_lock(&server->lock);
	machine->restarting = false;
	pthread_cond_broadcast(&server->changed);
	pthread_mutex_unlock(&server->lock);
}

/* The driver goes only when no restart uses it any more. */
static void wait_for_restart(struct optee_machine *machine)
{
	struct server *server = &machine->swteed->server;

	pthread_mutex_lock(&server->lock);
	while (machine->restarting)
		pthread_cond_wait(&server->changed, &server->lock);
	pthread_mutex_unlock(&server->lock);
}

static int optee_machine_start(struct swteed *swteed)
{
	struct optee_machine *machine = &swteed->optee;
	struct config *config = &swteed->config;
	struct soc_world_config world_config = {
		.name = "OP-TEE",
		.argv = machine->argv,
		.num_threads = config->optee_threads,
		.log_level = config->log_level,
	};
	struct optee_platform_data pdata = { 0 };
	int fs_root, r;

	machine->swteed = swteed;
	machine->job.fn = restart_job;
	r = find_helper("swtee-optee", machine->world_path);
	if (r == 0)
		r = find_helper("swtee-tahost", machine->tahost_path);
	if (r < 0)
		return r;
	machine->argv[0] = machine->world_path;
	machine->argv[1] = "--tahost";
	machine->argv[2] = machine->tahost_path;
	r = soc_world_new(swteed->server.mem, &world_config, &machine->world);
	if (r < 0)
		return r;
	clock_gettime(CLOCK_MONOTONIC, &machine->started);
	r = soc_world_start(machine->world);
	if (r < 0)
		return r;

	fs_root = open_fs_root(config->state_dir);
	if (fs_root < 0)
		return fs_root;
	r = supplicant_new((const char *const *)config->ta_dirs, config->n_ta_dirs, fs_root,
			   &machine->supplicant);
	if (r < 0) {
		close_fd(fs_root);
		return r;
	}
	pdata.conduit = soc_world_get_conduit(machine->world);
	pdata.fallback = supplicant_get_fallback(machine->supplicant);
	machine->optee = optee_probe(&pdata);
	if (IS_ERR(machine->optee)) {
		r = (int)PTR_ERR(machine->optee);
		machine->optee = NULL;
		log_error("the OP-TEE driver does not bind: %s", strerror(-r));
		return r;
	}
	/* From here on its death is an event; before, it fails the start. */
	return watch_world(machine);
}

/* --- stop --- */

static bool wait_until_quiet(struct server *server, long timeout_ms)
{
	struct timespec until;
	bool quiet;
	int r = 0;

	clock_gettime(CLOCK_MONOTONIC, &until);
	until.tv_sec += timeout_ms / 1000;
	pthread_mutex_lock(&server->lock);
	while ((server->n_files || server->n_lanes) && r == 0)
		r = pthread_cond_timedwait(&server->changed, &server->lock, &until);
	quiet = !server->n_files && !server->n_lanes;
	pthread_mutex_unlock(&server->lock);
	return quiet;
}

/*
 * End every lane and every file. A lane's thread removes itself from the loop,
 * so the list is walked under the lock and the threads go on after it.
 */
static void drop_clients(struct server *server)
{
	struct file *file;

	pthread_mutex_lock(&server->lock);
	for (struct slane *slane = server->lanes; slane; slane = slane->next)
		slane_kill(slane);
	pthread_mutex_unlock(&server->lock);

	for (;;) {
		pthread_mutex_lock(&server->lock);
		for (file = server->files; file && atomic_load(&file->hung_up); file = file->next)
			;
		if (file)
			file_get(file);
		pthread_mutex_unlock(&server->lock);
		if (!file)
			return;
		file_hang_up(file);
		file_put(file);
	}
}

static void optee_machine_stop(struct swteed *swteed)
{
	struct optee_machine *machine = &swteed->optee;
	struct server *server = &swteed->server;

	if (machine->swteed)
		wait_for_restart(machine);
	drop_clients(server);
	if (!wait_until_quiet(server, STOP_PATIENCE_MS)) {
		log_warn("a trusted application does not end: stopping the OP-TEE world");
		loop_remove(server->loop, machine->world_id);
		if (machine->world)
			soc_world_stop(machine->world);
		wait_until_quiet(server, LONG_MAX);
	}
	shm_drop_all(server);
	optee_remove(machine->optee);
	loop_remove(server->loop, machine->world_id);
	/* Workers and others that made calls are gone before their world goes. */
	server->workers = worker_pool_free(server->workers);
	machine->world = soc_world_free(machine->world);
	machine->supplicant = supplicant_free(machine->supplicant);
}

/* --- start --- */

static void on_signal(void *data, uint32_t events)
{
	struct swteed *swteed = data;
	struct signalfd_siginfo info;

	if (read(swteed->signal_fd, &info, sizeof(info)) != sizeof(info))
		return;
	log_info("ending on signal %u", info.ssi_signo);
	swteed->server.ending = true;
	loop_stop(swteed->server.loop);
}

static void on_parent(void *data, uint32_t events)
{
	struct swteed *swteed = data;

	log_info("ending: whoever started this instance is gone");
	swteed->parent_gone = true;
	swteed->server.ending = true;
	loop_stop(swteed->server.loop);
}

static int watch_signals(struct swteed *swteed)
{
	sigset_t set;

	/* Before any thread starts, so that all of them have it. */
	sigemptyset(&set);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGINT);
	sigaddset(&set, SIGHUP);
	sigprocmask(SIG_BLOCK, &set, NULL);
	signal(SIGPIPE, SIG_IGN);
	/* A write beyond `ulimit -f` is the supplicant's error, not our end. */
	signal(SIGXFSZ, SIG_IGN);
	swteed->signal_fd = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
	if (swteed->signal_fd < 0)
		return -errno;
	return loop_add(swteed->server.loop, swteed->signal_fd, EPOLLIN, on_signal, swteed,
			&swteed->signal_id);
}

static void raise_limits(void)
{
	struct rlimit limit;

	/* Each client thread and each shared buffer is a descriptor here. */
	if (getrlimit(RLIMIT_NOFILE, &limit) == 0) {
		limit.rlim_cur = limit.rlim_max;
		(void)setrlimit(RLIMIT_NOFILE, &limit);
	}
	/* Many small threads: an arena for each would be most of their memory. */
	(void)mallopt(M_ARENA_MAX, 2);
}

static int server_init(struct swteed *swteed)
{
	struct server *server = &swteed->server;
	pthread_condattr_t attr;
	int r;

	server->inotify_fd = -1;
	server->runtime_dir = swteed->config.runtime_dir;
	pthread_mutex_init(&server->lock, NULL);
	pthread_condattr_init(&attr);
	pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
	pthread_cond_init(&server->changed, &attr);
	pthread_condattr_destroy(&attr);
	r = loop_new(&server->loop);
	if (r < 0)
		return r;
	r = watch_signals(swteed);
	if (r < 0)
		return r;
	if (swteed->config.parent_fd >= 0) {
		(void)fcntl(swteed->config.parent_fd, F_SETFD, FD_CLOEXEC);
		r = loop_add(server->loop, swteed->config.parent_fd, EPOLLIN, on_parent, swteed,
			     &swteed->parent_id);
		if (r < 0)
			return r;
	}
	r = worker_pool_new(&server->workers);
	if (r < 0)
		return r;
	r = shm_table_new(server, &server->shms);
	if (r < 0)
		return r;
	r = soc_mem_new((size_t)swteed->config.ram_mib << 20, &server->mem);
	if (r < 0)
		return r;
	platform_set_server(server);
	return 0;
}

static void tell_ready(struct swteed *swteed)
{
	if (swteed->config.ready_fd < 0)
		return;
	if (write(swteed->config.ready_fd, "", 1) < 0)
		log_warn("cannot tell that the devices are ready: %s", strerror(errno));
	swteed->config.ready_fd = close_fd(swteed->config.ready_fd);
}

static int swteed_run(struct swteed *swteed)
{
	int r;

	r = make_dir(swteed->config.runtime_dir, &swteed->made_runtime_dir);
	if (r < 0)
		return r;
	r = server_init(swteed);
	if (r < 0) {
		log_error("cannot start: %s", strerror(-r));
		return r;
	}
	if (swteed->config.ready_fd >= 0)
		(void)fcntl(swteed->config.ready_fd, F_SETFD, FD_CLOEXEC);
	if (swteed->config.optee_enabled) {
		r = optee_machine_start(swteed);
		if (r < 0)
			return r;
	}
	tell_ready(swteed);
	loop_run(swteed->server.loop);
	return 0;
}

static void server_deinit(struct swteed *swteed)
{
	struct server *server = &swteed->server;

	server->workers = worker_pool_free(server->workers);
	if (server->loop) {
		loop_remove(server->loop, server->inotify_id);
		loop_remove(server->loop, swteed->signal_id);
		loop_remove(server->loop, swteed->parent_id);
	}
	close_fd(server->inotify_fd);
	close_fd(swteed->signal_fd);
	server->shms = shm_table_free(server->shms);
	server->mem = soc_mem_free(server->mem);
	server->loop = loop_free(server->loop);
	pthread_cond_destroy(&server->changed);
	pthread_mutex_destroy(&server->lock);
}

static int remove_one(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
	(void)remove(path);
	return 0;
}

int main(int argc, char **argv)
{
	static struct swteed swteed;
	int r;

	config_init(&swteed.config);
	swteed.signal_fd = -1;
	r = config_read(&swteed.config, argc, argv);
	if (r == 0) {
		log_init("swteed", swteed.config.log_level);
		raise_limits();
		r = swteed_run(&swteed);
		swteed.server.ending = true;
		if (swteed.server.loop && swteed.server.mem)
			optee_machine_stop(&swteed);
		server_deinit(&swteed);
		/* A private instance leaves nothing behind, however its owner ended. */
		if (swteed.parent_gone)
			(void)nftw(swteed.config.runtime_dir, remove_one, 16,
				   FTW_DEPTH | FTW_PHYS | FTW_MOUNT);
		else if (swteed.made_runtime_dir)
			(void)rmdir(swteed.config.runtime_dir);
	}
	config_deinit(&swteed.config);
	return r < 0 ? EXIT_FAILURE : EXIT_SUCCESS;
}
