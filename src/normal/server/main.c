/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * swteed: start, the life of the worlds, stop
 *
 * The main thread runs the event loop. What is served are machines (machine.h).
 */
#include "access.h"
#include "activation.h"
#include "config.h"
#include "control.h"
#include "machine.h"
#include "notify.h"
#include "rundir.h"
#include "server.h"
#include "stop.h"
#include "trap.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
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

/* How long calls and sessions of clients that were cut off may take to end. */
#define STOP_PATIENCE_MS 2000

/* Clients still had devices open at the end, and lost them. */
#define EXIT_CUT_OFF 2

static const struct machine_ops *const machine_ops[] = {
	/* In the order of their devices: clients of OP-TEE expect it at /dev/tee0. */
	&optee_machine_ops,
	&qtee_machine_ops,
	&echo_machine_ops,
};
#define N_MACHINES (sizeof(machine_ops) / sizeof(machine_ops[0]))

struct swteed {
	struct server server;
	struct config config;
	int signal_fd;
	loop_id signal_id;
	loop_id parent_id;
	bool parent_gone;
	bool forced;		/* a signal said: at once */
	bool cut_off;
	struct rundir dir;
	struct access access;
	struct activation activation;
	struct machines machines;
	struct control *control;
};

/* --- stop --- */

#define for_each_machine(swteed, i) for (size_t i = 0; i < (swteed)->machines.n; i++)
#define machine_do(swteed, i, op) \
	(swteed)->machines.v[i].ops->op((swteed)->machines.v[i].machine)

static long shorter(long a, long b)
{
	return a >= 0 && (b < 0 || a < b) ? a : b;
}

/*
 * First clients may leave by themselves, then they are cut off, their calls too; at
 * last their world goes with what it still does. A signal skips the waits.
 */
static void machines_stop(struct swteed *swteed, bool wait_for_clients)
{
	struct server *server = &swteed->server;
	long timeout = swteed->config.stop_timeout_ms;

	swteed->cut_off = !stop_wait_files(server, wait_for_clients ? timeout : 0, &swteed->forced);
	if (swteed->cut_off && wait_for_clients)
		log_warn("clients had devices open at the end; they are cut off");
	for_each_machine(swteed, i)
		machine_do(swteed, i, settle);
	stop_drop_clients(server);
	if (!stop_wait_all(server, shorter(timeout, STOP_PATIENCE_MS), &swteed->forced)) {
		for_each_machine(swteed, i)
			machine_do(swteed, i, cut);
		stop_wait_all(server, -1, NULL);
	}
	swteed->control = control_free(swteed->control);
	shm_drop_all(server);
	dmabuf_drop_all(server);
	for_each_machine(swteed, i)
		machine_do(swteed, i, unbind);
	node_withdraw_heaps(server);
	/* Workers and others that made calls are gone before their world goes. */
	server->trap = trap_free(server->trap);
	server->workers = worker_pool_free(server->workers);
	for_each_machine(swteed, i)
		machine_do(swteed, i, free);
}

static int machines_start(struct swteed *swteed)
{
	struct machines *machines = &swteed->machines;

	static_assert(N_MACHINES <= MAX_MACHINES, "struct machines has no room");
	for (size_t i = 0; i < N_MACHINES; i++) {
		void *machine = NULL;
		int r;

		if (!machine_ops[i]->enabled(&swteed->config))
			continue;
		r = machine_ops[i]->start(&swteed->server, &swteed->config, &machine);
		if (machine) {
			machines->v[machines->n].ops = machine_ops[i];
			machines->v[machines->n++].machine = machine;
		}
		if (r < 0)
			return r;
	}
	return 0;
}

/* --- start --- */

/* The rest of the configuration holds from one start to the next. */
static void reload(struct swteed *swteed)
{
	enum log_level level;
	struct timespec now;

	(void)clock_gettime(CLOCK_MONOTONIC, &now);
	notify_manager("RELOADING=1\nMONOTONIC_USEC=%lld",
		       now.tv_sec * 1000000LL + now.tv_nsec / 1000);
	if (config_read_log_level(&swteed->config, &level) == 0)
		log_set_level(level);
	log_info("took over the log level of the configuration");
	notify_manager("READY=1");
}

static void begin_end(struct swteed *swteed)
{
	long timeout = swteed->config.stop_timeout_ms;

	swteed->server.ending = true;
	loop_stop(swteed->server.loop);
	if (timeout >= 0)
		notify_manager("STOPPING=1\nEXTEND_TIMEOUT_USEC=%lld",
			       (timeout + 2 * STOP_PATIENCE_MS) * 1000LL);
	else
		notify_manager("STOPPING=1");
}

static void on_signal(void *data, uint32_t events)
{
	struct swteed *swteed = data;
	struct signalfd_siginfo info;

	if (read(swteed->signal_fd, &info, sizeof(info)) != sizeof(info))
		return;
	/* From the kernel it says that the terminal is gone. */
	if (info.ssi_signo == SIGHUP && info.ssi_code != SI_KERNEL) {
		reload(swteed);
		return;
	}
	if (swteed->server.ending || info.ssi_signo == SIGINT)
		swteed->forced = true;
	log_info("ending on signal %u%s", info.ssi_signo, swteed->forced ? ", at once" : "");
	begin_end(swteed);
}

static void on_parent(void *data, uint32_t events)
{
	struct swteed *swteed = data;

	log_info("ending: whoever started this instance is gone");
	swteed->parent_gone = true;
	begin_end(swteed);
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

/* Worlds and TA hosts get none of what a service manager lets us have. */
static void keep_capabilities_to_ourselves(void)
{
	(void)prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0);
}

static int server_init(struct swteed *swteed)
{
	struct server *server = &swteed->server;
	pthread_condattr_t attr;
	int r;

	node_keep_spare(server);
	server->runtime_dir = swteed->config.runtime_dir;
	server->access = &swteed->access;
	server->activation = &swteed->activation;
	pthread_mutex_init(&server->lock, NULL);
	pthread_condattr_init(&attr);
	pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
	pthread_cond_init(&server->changed, &attr);
	pthread_condattr_destroy(&attr);
	r = loop_new(&server->loop);
	if (r < 0)
		return r;
	r = watch_signals(swteed);
	if (r == 0)
		r = stop_init(server);
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
	r = sysfs_bus_new(server, &server->bus);
	if (r < 0)
		return r;
	return trap_new(server, swteed->config.trap_threads, &server->trap);
}

static void tell_ready(struct swteed *swteed)
{
	notify_manager("READY=1\nSTATUS=Serving %s", swteed->config.runtime_dir);
	if (swteed->config.ready_fd < 0)
		return;
	if (write(swteed->config.ready_fd, "", 1) < 0)
		log_warn("cannot tell that the devices are ready: %s", strerror(errno));
	swteed->config.ready_fd = close_fd(swteed->config.ready_fd);
}

static int take_runtime_dir(struct swteed *swteed)
{
	const struct config *config = &swteed->config;
	int r = access_init(&swteed->access, config);

	if (r == 0)
		r = rundir_take(&swteed->dir, config->runtime_dir,
				config->parent_fd < 0 && access_is_shared(&swteed->access));
	if (r == 0)
		r = activation_init(&swteed->activation, config->runtime_dir);
	return r;
}

static int swteed_run(struct swteed *swteed)
{
	int r;

	r = take_runtime_dir(swteed);
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
	if (r == 0)
		r = control_new(&swteed->server, &swteed->machines, &swteed->control);
	if (r < 0)
		return r;
	activation_deinit(&swteed->activation, /* say: */ true);
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
	stop_deinit(server);
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

int main(int argc, char **argv)
{
	static struct swteed swteed = {
		.server.quiet_fd = -1,
		.server.spare_fd = -1,
		.signal_fd = -1,
		.dir = RUNDIR_NONE,
	};
	int r;

	config_init(&swteed.config);
	r = config_read(&swteed.config, argc, argv);
	if (r == 0 && swteed.config.listener_fd >= 0) {
		trap_let_through(swteed.config.listener_fd);
	} else if (r == 0) {
		log_init("swteed", swteed.config.log_level);
		raise_limits();
		keep_capabilities_to_ourselves();
		r = swteed_run(&swteed);
		swteed.server.ending = true;
		if (swteed.server.loop && swteed.server.mem)
			machines_stop(&swteed, r == 0 && !swteed.parent_gone);
		server_deinit(&swteed);
		activation_deinit(&swteed.activation, /* say: */ false);
		/* A private instance leaves nothing behind, however its owner ended. */
		rundir_release(&swteed.dir, swteed.parent_gone);
		if (r == 0 && swteed.cut_off && !swteed.parent_gone)
			r = EXIT_CUT_OFF;
	}
	config_deinit(&swteed.config);
	if (r == EXIT_CUT_OFF)
		return r;
	return r < 0 ? EXIT_FAILURE : EXIT_SUCCESS;
}
