/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * swteed: start, the life of the worlds, stop
 *
 * The main thread runs the event loop. What is served are machines (machine.h).
 */
#include "config.h"
#include "machine.h"
#include "paths.h"
#include "server.h"

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

#include "base/auto.h"
#include "base/log.h"
#include "machine/soc/memory.h"

/* How long the end waits for calls and sessions before it cuts them off. */
#define STOP_PATIENCE_MS 2000

static const struct machine_ops *const machine_ops[] = {
	/* In the order in which their devices are numbered */
	&optee_machine_ops,
	&echo_machine_ops,
};
#define N_MACHINES (sizeof(machine_ops) / sizeof(machine_ops[0]))

struct swteed {
	struct server server;
	struct config config;
	int signal_fd;
	loop_id signal_id;
	loop_id parent_id;
	bool made_runtime_dir;
	bool parent_gone;
	void *machines[N_MACHINES];
};

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

#define for_each_machine(swteed, i) \
	for (size_t i = 0; i < N_MACHINES; i++) \
		if ((swteed)->machines[i])

static void machines_stop(struct swteed *swteed)
{
	struct server *server = &swteed->server;

	for_each_machine(swteed, i)
		machine_ops[i]->settle(swteed->machines[i]);
	drop_clients(server);
	if (!wait_until_quiet(server, STOP_PATIENCE_MS)) {
		for_each_machine(swteed, i)
			machine_ops[i]->cut(swteed->machines[i]);
		wait_until_quiet(server, LONG_MAX);
	}
	shm_drop_all(server);
	dmabuf_drop_all(server);
	for_each_machine(swteed, i)
		machine_ops[i]->unbind(swteed->machines[i]);
	node_withdraw_heaps(server);
	/* Workers and others that made calls are gone before their world goes. */
	server->workers = worker_pool_free(server->workers);
	for_each_machine(swteed, i)
		machine_ops[i]->free(swteed->machines[i]);
}

static int machines_start(struct swteed *swteed)
{
	for (size_t i = 0; i < N_MACHINES; i++) {
		int r;

		if (!machine_ops[i]->enabled(&swteed->config))
			continue;
		r = machine_ops[i]->start(&swteed->server, &swteed->config,
					  &swteed->machines[i]);
		if (r < 0)
			return r;
	}
	return 0;
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

/* How many descriptors a process may have at most, whoever it is; 0: not known. */
static rlim_t descriptors_at_most(void)
{
	unsigned long long n = 0;
	FILE *f = fopen("/proc/sys/fs/nr_open", "re");

	if (!f)
		return 0;
	if (fscanf(f, "%llu", &n) != 1)
		n = 0;
	fclose(f);
	return (rlim_t)n;
}

/* Each client thread, open device and shared buffer is a descriptor here. */
static void raise_limits(void)
{
	struct rlimit limit, most = { descriptors_at_most(), descriptors_at_most() };

	if (getrlimit(RLIMIT_NOFILE, &limit) == 0 &&
	    (most.rlim_max <= limit.rlim_max || setrlimit(RLIMIT_NOFILE, &most) < 0)) {
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

	server->spare_fd = -1;
	node_keep_spare(server);
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
	r = user_table_new(&swteed->config.limits, &server->users);
	if (r < 0)
		return r;
	r = shm_table_new(server, &server->shms);
	if (r < 0)
		return r;
	r = soc_mem_new((size_t)swteed->config.ram_mib << 20, &server->mem);
	if (r < 0)
		return r;
	if (swteed->config.protected_mib) {
		r = soc_mem_add_protected(server->mem, (size_t)swteed->config.protected_mib << 20);
		if (r < 0)
			return r;
	}
	platform_set_server(server);
	return sysfs_bus_new(server, &server->bus);
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

	r = path_make_dir(swteed->config.runtime_dir, &swteed->made_runtime_dir);
	if (r < 0)
		return r;
	r = server_init(swteed);
	if (r < 0) {
		log_error("cannot start: %s", strerror(-r));
		return r;
	}
	if (swteed->config.ready_fd >= 0)
		(void)fcntl(swteed->config.ready_fd, F_SETFD, FD_CLOEXEC);
	r = machines_start(swteed);
	if (r < 0)
		return r;
	tell_ready(swteed);
	loop_run(swteed->server.loop);
	return 0;
}

static void server_deinit(struct swteed *swteed)
{
	struct server *server = &swteed->server;

	server->workers = worker_pool_free(server->workers);
	if (server->loop) {
		loop_remove(server->loop, swteed->signal_id);
		loop_remove(server->loop, swteed->parent_id);
	}
	close_fd(swteed->signal_fd);
	close_fd(server->spare_fd);
	server->bus = sysfs_bus_free(server->bus);
	server->shms = shm_table_free(server->shms);
	server->mem = soc_mem_free(server->mem);
	server->users = user_table_free(server->users);
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
			machines_stop(&swteed);
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
