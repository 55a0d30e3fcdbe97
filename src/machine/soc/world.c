/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A secure world process
 *
 * `lock` guards the state of the process and the list of CPUs. It is not held
 * while a call is under way: a CPU belongs to one thread, and stopping a world
 * closes the lanes, which is allowed from any thread.
 *
 * A thread finds its CPU through a thread-local list, one entry a world. When
 * the thread ends its CPUs go to their world's pool of idle ones.
 */
#include "machine/soc/world.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <spawn.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>

#include "abi/world.h"
#include "base/auto.h"
#include "base/fdsock.h"
#include "base/log.h"
#include "machine/lane/lane.h"

#define START_TIMEOUT_MS 10000
/* Idle CPUs that are kept for threads to come, each a thread of the world */
#define MAX_IDLE_CPUS 4

extern char **environ;

struct soc_cpu {
	_Atomic(struct soc_world *) world;	/* NULL: it is gone; see thread_lock */
	struct lane *lane;
	unsigned int epoch;
	struct soc_cpu *next;		/* of the world: all of them */
	struct soc_cpu *idle_next;	/* of the world's idle pool */
	struct soc_cpu *thread_next;	/* of the owning thread */
};

struct soc_world {
	struct smc_conduit conduit;
	struct soc_mem *mem;
	struct soc_world_config config;
	pthread_mutex_t lock;
	bool running;
	_Atomic unsigned int epoch;
	pid_t pid;
	int control_fd;
	int memory_fd;
	pthread_t memory_thread;
	struct soc_cpu *cpus;
	struct soc_cpu *idle;
	unsigned int n_idle;
};

/*
 * A thread may outlive a world that it called: the end of a thread and the end of a
 * world exclude each other. Taken outside of any world's lock.
 */
static pthread_mutex_t thread_lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_key_t thread_key;
static pthread_once_t thread_once = PTHREAD_ONCE_INIT;
static _Thread_local struct soc_cpu *thread_cpus;

/* --- CPUs --- */

static void cpu_unlink(struct soc_cpu *cpu)
{
	for (struct soc_cpu **p = &atomic_load(&cpu->world)->cpus; *p; p = &(*p)->next) {
		if (*p == cpu) {
			*p = cpu->next;
			return;
		}
	}
}

/* With the lock held, by its owner or for an idle one. */
static void cpu_free_locked(struct soc_cpu *cpu)
{
	cpu_unlink(cpu);
	lane_close(cpu->lane);
	lane_free(cpu->lane);
	free(cpu);
}

static void cpu_put(struct soc_cpu *cpu)
{
	struct soc_world *world = atomic_load(&cpu->world);

	pthread_mutex_lock(&world->lock);
	if (cpu->epoch == world->epoch && world->running && !lane_closed(cpu->lane) &&
	    world->n_idle < MAX_IDLE_CPUS) {
		cpu->idle_next = world->idle;
		world->idle = cpu;
		world->n_idle++;
	} else {
		cpu_free_locked(cpu);
	}
	pthread_mutex_unlock(&world->lock);
}

static void thread_exit(void *unused)
{
	pthread_mutex_lock(&thread_lock);
	while (thread_cpus) {
		struct soc_cpu *cpu = thread_cpus;

		thread_cpus = cpu->thread_next;
		if (atomic_load(&cpu->world))
			cpu_put(cpu);
		else
			free(cpu);
	}
	pthread_mutex_unlock(&thread_lock);
}

static void thread_key_init(void)
{
	(void)pthread_key_create(&thread_key, thread_exit);
}

/* With the lock held and the world running. */
static struct soc_cpu *cpu_new_locked(struct soc_world *world)
{
	struct world_msg msg = { .type = WORLD_CPU_ADD };
	AUTO(close_fd) int fd = -1;
	struct soc_cpu *cpu = calloc(1, sizeof(*cpu));

	if (!cpu)
		return NULL;
	if (lane_new(sizeof(struct smc_regs), &cpu->lane, &fd) < 0) {
		free(cpu);
		return NULL;
	}
	if (fdsock_send(world->control_fd, &msg, sizeof(msg), &fd, 1) < 0) {
		lane_free(cpu->lane);
		free(cpu);
		return NULL;
	}
	lane_set_caller_flags(cpu->lane, LANE_WIDEN);
	atomic_init(&cpu->world, world);
	cpu->epoch = world->epoch;
	cpu->next = world->cpus;
	world->cpus = cpu;
	return cpu;
}

/* A CPU for the calling thread, or NULL when the world does not run. */
static struct soc_cpu *cpu_get_slow(struct soc_world *world)
{
	struct soc_cpu *cpu = NULL;

	pthread_once(&thread_once, thread_key_init);
	pthread_mutex_lock(&world->lock);
	if (world->running) {
		cpu = world->idle;
		if (cpu) {
			world->idle = cpu->idle_next;
			world->n_idle--;
		} else {
			cpu = cpu_new_locked(world);
		}
	}
	pthread_mutex_unlock(&world->lock);
	if (cpu) {
		cpu->thread_next = thread_cpus;
		thread_cpus = cpu;
		(void)pthread_setspecific(thread_key, cpu);
	}
	return cpu;
}

static void thread_drop_cpu(struct soc_cpu *cpu)
{
	for (struct soc_cpu **p = &thread_cpus; *p; p = &(*p)->thread_next) {
		if (*p == cpu) {
			*p = cpu->thread_next;
			break;
		}
	}
	cpu_put(cpu);
}

static struct soc_cpu *cpu_get(struct soc_world *world)
{
	for (struct soc_cpu *cpu = thread_cpus; cpu; cpu = cpu->thread_next) {
		if (atomic_load_explicit(&cpu->world, memory_order_relaxed) != world)
			continue;
		if (cpu->epoch == atomic_load_explicit(&world->epoch, memory_order_acquire))
			return cpu;
		thread_drop_cpu(cpu);
		break;
	}
	return cpu_get_slow(world);
}

static void world_smc(struct smc_conduit *conduit, const struct smc_regs *in, struct smc_regs *out)
{
	struct soc_world *world = (struct soc_world *)conduit;
	struct soc_cpu *cpu = cpu_get(world);

	if (cpu) {
		memcpy(lane_data(cpu->lane), in, sizeof(*in));
		if (lane_call(cpu->lane) == 0) {
			memcpy(out, lane_data(cpu->lane), sizeof(*out));
			return;
		}
		thread_drop_cpu(cpu);
	}
	memset(out, 0, sizeof(*out));
	out->a[0] = SMCCC_RET_UNKNOWN_FUNCTION;
}

/* --- memory --- */

static void memory_answer(struct soc_world *world, int sock, uint64_t pa, bool with_file)
{
	struct world_map_rep rep = { 0 };
	struct soc_map map = { .fd = -1 };

	rep.error = soc_mem_map(world->mem, pa, with_file, &map);
	if (rep.error == 0 && map.dedicated)
		rep.flags = WORLD_MAP_DEDICATED;
	if (rep.error == -EACCES && world->config.protected_memory) {
		rep.error = soc_mem_map_protected(world->mem, pa, with_file, &map);
		rep.flags = WORLD_MAP_PROTECTED;
	}
	if (rep.error == 0) {
		rep.pa = map.pa;
		rep.size = map.size;
		rep.fd_offset = map.fd_offset;
	}
	(void)fdsock_send(sock, &rep, sizeof(rep), &map.fd, map.fd >= 0 ? 1 : 0);
	close_fd(map.fd);
}

static void *memory_thread(void *data)
{
	struct soc_world *world = data;
	int sock = world->memory_fd;
	struct world_map_req req;

	while (fdsock_recv(sock, &req, sizeof(req), NULL, 0, NULL, NULL, 0) == sizeof(req) &&
	       (req.type == WORLD_MAP || req.type == WORLD_LOOK))
		memory_answer(world, sock, req.pa, req.type == WORLD_MAP);
	return NULL;
}

/* --- process --- */

/* Ends of @pair moved out of the way of the numbers that the child gets. */
static int socket_pair_high(int pair[2])
{
	int low[2], r;

	r = fdsock_pair(low);
	if (r < 0)
		return r;
	pair[0] = fcntl(low[0], F_DUPFD_CLOEXEC, 10);
	pair[1] = fcntl(low[1], F_DUPFD_CLOEXEC, 10);
	r = pair[0] < 0 || pair[1] < 0 ? -errno : 0;
	close_fd(low[0]);
	close_fd(low[1]);
	if (r < 0) {
		close_fd(pair[0]);
		close_fd(pair[1]);
	}
	return r;
}

static int world_spawn(struct soc_world *world, int control, int memory)
{
	posix_spawn_file_actions_t actions;
	posix_spawnattr_t attr;
	sigset_t none, defaults;
	int r;

	posix_spawn_file_actions_init(&actions);
	posix_spawnattr_init(&attr);
	posix_spawn_file_actions_adddup2(&actions, control, WORLD_FD_CONTROL);
	posix_spawn_file_actions_adddup2(&actions, memory, WORLD_FD_MEMORY);
	sigemptyset(&none);
	sigfillset(&defaults);
	posix_spawnattr_setsigmask(&attr, &none);
	posix_spawnattr_setsigdefault(&attr, &defaults);
	/* A group of its own: ^C at the terminal is for the client. */
	posix_spawnattr_setpgroup(&attr, 0);
	posix_spawnattr_setflags(&attr, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF |
						POSIX_SPAWN_SETPGROUP);
	r = posix_spawn(&world->pid, world->config.argv[0], &actions, &attr,
			(char *const *)world->config.argv, environ);
	posix_spawnattr_destroy(&attr);
	posix_spawn_file_actions_destroy(&actions);
	return -r;
}

static int world_hello(struct soc_world *world, int control)
{
	struct world_start start = {
		.type = WORLD_START,
		.epoch = world->epoch,
		.num_threads = world->config.num_threads,
		.log_level = world->config.log_level,
	};
	struct pollfd pfd = { .fd = control, .events = POLLIN };
	uint64_t ram_pa, ram_size, protected_pa, protected_size;
	struct world_msg msg;
	ssize_t n;
	int fd, r;

	soc_mem_get_ram(world->mem, &fd, &ram_pa, &ram_size);
	start.ram_pa = ram_pa;
	start.ram_size = ram_size;
	if (world->config.protected_memory) {
		soc_mem_get_protected(world->mem, &protected_pa, &protected_size);
		start.protected_pa = protected_pa;
		start.protected_size = protected_size;
	}
	r = fdsock_send(control, &start, sizeof(start), &fd, 1);
	if (r < 0)
		return r;
	do {
		r = poll(&pfd, 1, START_TIMEOUT_MS);
	} while (r < 0 && errno == EINTR);
	if (r <= 0)
		return r < 0 ? -errno : -ETIMEDOUT;
	n = fdsock_recv(control, &msg, sizeof(msg), NULL, 0, NULL, NULL, 0);
	if (n < 0)
		return (int)n;
	if (n == 0)
		return -EPIPE;
	if (n != sizeof(msg) || msg.type != WORLD_STARTED)
		return -EPROTO;
	return msg.error;
}

static void world_reap(struct soc_world *world)
{
	int status;

	kill(world->pid, SIGKILL);
	while (waitpid(world->pid, &status, 0) < 0 && errno == EINTR)
		;
	world->pid = 0;
}

int soc_world_new(struct soc_mem *mem, const struct soc_world_config *config,
		  struct soc_world **ret_world)
{
	struct soc_world *world = calloc(1, sizeof(*world));

	if (!world)
		return -ENOMEM;
	world->conduit.call = world_smc;
	world->mem = mem;
	world->config = *config;
	world->control_fd = -1;
	world->memory_fd = -1;
	pthread_mutex_init(&world->lock, NULL);
	*ret_world = world;
	return 0;
}

struct soc_world *soc_world_free(struct soc_world *world)
{
	if (!world)
		return NULL;
	soc_world_stop(world);
	pthread_mutex_lock(&thread_lock);
	/* What is left belongs to threads, which free it when they end. */
	while (world->cpus) {
		struct soc_cpu *cpu = world->cpus;

		world->cpus = cpu->next;
		lane_free(cpu->lane);
		cpu->lane = NULL;
		atomic_store(&cpu->world, NULL);
	}
	pthread_mutex_unlock(&thread_lock);
	pthread_mutex_destroy(&world->lock);
	free(world);
	return NULL;
}

int soc_world_start(struct soc_world *world)
{
	int control[2] = { -1, -1 }, memory[2] = { -1, -1 };
	int r;

	pthread_mutex_lock(&world->lock);
	if (world->running) {
		r = -EALREADY;
		goto out_unlock;
	}
	atomic_fetch_add_explicit(&world->epoch, 1, memory_order_release);
	r = socket_pair_high(control);
	if (r < 0)
		goto out_unlock;
	r = socket_pair_high(memory);
	if (r < 0)
		goto out_close;
	r = world_spawn(world, control[1], memory[1]);
	if (r < 0) {
		log_error("cannot start the %s world, %s: %s", world->config.name,
			  world->config.argv[0], strerror(-r));
		goto out_close;
	}
	control[1] = close_fd(control[1]);
	memory[1] = close_fd(memory[1]);

	/* Before the greeting: the world may map memory while it starts. */
	world->memory_fd = memory[0];
	r = -pthread_create(&world->memory_thread, NULL, memory_thread, world);
	if (r < 0)
		goto out_reap;
	r = world_hello(world, control[0]);
	if (r < 0) {
		log_error("the %s world (process %d) did not start: %s", world->config.name,
			  (int)world->pid, strerror(-r));
		goto out_join;
	}
	world->control_fd = control[0];
	world->running = true;
	log_info("the %s world runs as process %d", world->config.name, (int)world->pid);
	pthread_mutex_unlock(&world->lock);
	return 0;

out_join:
	shutdown(memory[0], SHUT_RDWR);
	pthread_join(world->memory_thread, NULL);
out_reap:
	world_reap(world);
	world->memory_fd = -1;
out_close:
	for (int i = 0; i < 2; i++) {
		close_fd(control[i]);
		close_fd(memory[i]);
	}
out_unlock:
	pthread_mutex_unlock(&world->lock);
	return r;
}

void soc_world_stop(struct soc_world *world)
{
	pthread_mutex_lock(&world->lock);
	if (world->running) {
		world->running = false;
		for (struct soc_cpu *cpu = world->cpus; cpu; cpu = cpu->next)
			lane_close(cpu->lane);
		while (world->idle) {
			struct soc_cpu *cpu = world->idle;

			world->idle = cpu->idle_next;
			cpu_free_locked(cpu);
		}
		world->n_idle = 0;
		world_reap(world);
		shutdown(world->memory_fd, SHUT_RDWR);
		pthread_join(world->memory_thread, NULL);
		world->memory_fd = close_fd(world->memory_fd);
		world->control_fd = close_fd(world->control_fd);
	}
	pthread_mutex_unlock(&world->lock);
}

int soc_world_get_fd(struct soc_world *world)
{
	int fd;

	pthread_mutex_lock(&world->lock);
	fd = world->control_fd;
	pthread_mutex_unlock(&world->lock);
	return fd;
}

pid_t soc_world_get_pid(struct soc_world *world)
{
	return world->pid;
}

struct smc_conduit *soc_world_get_conduit(struct soc_world *world)
{
	return &world->conduit;
}
