/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The table of negative tests through the device files (tests/rows/rows.h): one TAP
 * line a row. Arguments: the driver whose devices are meant, "optee" or "echo"; or
 * --list for the names of all rows.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "../rows/rows.h"
#include "abi/echo.h"

#define MAX_DEVICES 16

/* Of one driver; begins with the path of the client device: see struct rows_home. */
struct nodes {
	char client[32];
	char priv[32];
};

/* --- files --- */

static int device_open(struct rows_home *home, enum rows_node node)
{
	struct nodes *nodes = home->data;
	int fd = open(node == ROWS_PRIV ? nodes->priv : nodes->client, O_RDWR | O_CLOEXEC);

	return fd < 0 ? -errno : fd;
}

static void device_close(struct rows_home *home, int tee)
{
	close(tee);
}

static long device_ioctl(struct rows_home *home, int tee, unsigned int cmd, const void *arg)
{
	int rc = ioctl(tee, cmd, arg);

	return rc < 0 ? -errno : rc;
}

static void *device_map(struct rows_home *home, int fd, size_t size)
{
	void *map = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);

	return map == MAP_FAILED ? NULL : map;
}

static void device_unmap(struct rows_home *home, int fd, void *map, size_t size)
{
	munmap(map, size);
}

static void device_forbid_fds(struct rows_home *home, bool forbid)
{
	static struct rlimit before;
	struct rlimit limit;
	int lowest;

	if (!before.rlim_max && getrlimit(RLIMIT_NOFILE, &before) < 0)
		abort();
	limit = before;
	if (forbid) {
		lowest = dup(STDERR_FILENO);
		close(lowest);
		limit.rlim_cur = (rlim_t)lowest;
	}
	if (setrlimit(RLIMIT_NOFILE, &limit) < 0)
		abort();
}

/* --- jobs: processes --- */

struct process {
	pid_t pid;
	bool ended;
	struct rows_job *job;	/* shared with it */
};

static void on_signal(int sig)
{
}

/* It is no holder of anything but what its job is about. */
static void drop_inherited(struct rows *r, const struct rows_job *job)
{
	for (size_t i = 0; i < ROWS_MAX_HANDLES; i++) {
		if ((r->held[i].kind == ROWS_TEE || r->held[i].kind == ROWS_SHM) &&
		    r->held[i].fd != job->tee)
			close(r->held[i].fd);
	}
}

static void *process_start(struct rows_home *home, void (*fn)(struct rows *r, struct rows_job *),
			   struct rows *r, struct rows_job *job)
{
	struct process *process = calloc(1, sizeof(*process));

	if (!process)
		return NULL;
	process->job = mmap(NULL, sizeof(*job), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS,
			    -1, 0);
	if (process->job == MAP_FAILED)
		abort();
	*process->job = *job;
	fflush(NULL);
	process->pid = fork();
	if (process->pid < 0)
		abort();
	if (process->pid == 0) {
		drop_inherited(r, job);
		fn(r, process->job);
		_exit(0);
	}
	return process;
}

static bool process_done(struct rows_home *home, void *running)
{
	struct process *process = running;

	if (!process->ended)
		process->ended = waitpid(process->pid, NULL, WNOHANG) == process->pid;
	return process->ended;
}

static void process_interrupt(struct rows_home *home, void *running)
{
	struct process *process = running;

	while (!process_done(home, running)) {
		kill(process->pid, SIGUSR1);
		rows_pause();
	}
}

static void process_kill(struct rows_home *home, void *running)
{
	struct process *process = running;

	if (!process->ended)
		kill(process->pid, SIGKILL);
}

static void process_end(struct rows_home *home, void *running, struct rows_job *ret_job)
{
	struct process *process = running;

	if (!process->ended)
		waitpid(process->pid, NULL, 0);
	if (ret_job)
		*ret_job = *process->job;
	munmap(process->job, sizeof(*process->job));
	free(process);
}

/* --- which devices --- */

/* The first node of each kind that says to be @impl_id */
static bool find_node(char *path, size_t size, const char *prefix, uint32_t impl_id)
{
	for (int i = 0; i < MAX_DEVICES; i++) {
		struct tee_ioctl_version_data vers = { 0 };
		int fd, rc;

		snprintf(path, size, "/dev/%s%d", prefix, i);
		fd = open(path, O_RDWR | O_CLOEXEC);
		if (fd < 0)
			continue;
		rc = ioctl(fd, TEE_IOC_VERSION, &vers);
		close(fd);
		if (rc == 0 && vers.impl_id == impl_id)
			return true;
	}
	return false;
}

static struct rows_home make_home(const char *driver, struct nodes *nodes)
{
	static const uint8_t echo_uuid[16] = ECHO_UUID;
	static const uint8_t ta_uuid[16] = { 0x3f, 0x1a, 0x6b, 0x0e, 0x52, 0xc4, 0x4a, 0x57,
					     0x9d, 0x2e, 0x7b, 0x85, 0xc0, 0x4e, 0x1a, 0xb2 };
	struct rows_home home = {
		.name = driver,
		.optee = !strcmp(driver, "optee"),
		.is_device = true,
		.data = nodes,
		.open = device_open,
		.close = device_close,
		.ioctl = device_ioctl,
		.close_shm = device_close,
		.map_shm = device_map,
		.unmap_shm = device_unmap,
		.forbid_fds = device_forbid_fds,
		.job_start = process_start,
		.job_done = process_done,
		.job_interrupt = process_interrupt,
		.job_kill = process_kill,
		.job_end = process_end,
	};

	home.impl_id = home.optee ? TEE_IMPL_ID_OPTEE : ECHO_IMPL_ID;
	memcpy(home.uuid, home.optee ? ta_uuid : echo_uuid, sizeof(home.uuid));
	return home;
}

/* --- the program --- */

static void count(const struct row *row, void *data)
{
	(*(int *)data)++;
}

static void print_name(const struct row *row, void *data)
{
	puts(row->name);
}

struct run {
	struct rows_home *home;
	int n;
	int n_failed;
};

static void run_row(const struct row *row, void *data)
{
	struct run *run = data;
	bool passed = rows_run(run->home, row);

	printf("%sok %d - %s\n", passed ? "" : "not ", ++run->n, row->name);
	fflush(stdout);
	run->n_failed += !passed;
}

/* Row 45: what the new image finds under the number that it was told. */
static int inherited(const char *number)
{
	int fd = atoi(number);
	char *map = mmap(NULL, ROWS_PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);

	if (map == MAP_FAILED || strcmp(map, "still here") || fcntl(fd, F_GETFD) != 0)
		return 1;
	map[0] = 'S';
	return 0;
}

int main(int argc, char **argv)
{
	struct sigaction action = { .sa_handler = on_signal };
	struct nodes nodes;
	struct rows_home home;
	struct run run = { .home = &home };
	int n = 0;

	if (argc == 3 && !strcmp(argv[1], "--inherited"))
		return inherited(argv[2]);
	if (argc != 2)
		return 2;
	home = make_home(strcmp(argv[1], "--list") ? argv[1] : "optee", &nodes);
	if (!strcmp(argv[1], "--list")) {
		rows_for_each(&home, print_name, NULL);
		return 0;
	}
	if (!find_node(nodes.client, sizeof(nodes.client), "tee", home.impl_id) ||
	    !find_node(nodes.priv, sizeof(nodes.priv), "teepriv", home.impl_id)) {
		fprintf(stderr, "rows: no devices of %s: start me with swtee run\n", argv[1]);
		return 1;
	}
	/* Without SA_RESTART: a wait that a signal ends fails with EINTR. */
	sigaction(SIGUSR1, &action, NULL);
	rows_for_each(&home, count, &n);
	printf("1..%d\n", n);
	rows_for_each(&home, run_row, &run);
	return run.n_failed ? 1 : 0;
}
