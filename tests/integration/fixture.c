/* SPDX-License-Identifier: BSD-2-Clause */
#include "fixture.h"

#include <ctype.h>
#include <dirent.h>
#include <fcntl.h>
#include <pthread.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "hello_world_ta.h"

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define SCALE 20
#else
#define SCALE 1
#endif

/* How often, 20 ms apart, counts_settle() looks. Generous: machines are shared. */
#define SETTLE_TRIES 1000

unsigned int scaled(unsigned int rounds)
{
	return rounds / SCALE ? rounds / SCALE : 1;
}

void sleep_ms(unsigned int ms)
{
	struct timespec ts = { .tv_sec = ms / 1000, .tv_nsec = (long)(ms % 1000) * 1000000 };

	nanosleep(&ts, NULL);
}

TEEC_Result client_try_open(struct client *client, const TEEC_UUID *uuid, uint32_t *ret_origin)
{
	TEEC_Result res = TEEC_InitializeContext(NULL, &client->ctx);

	CHECK(res == TEEC_SUCCESS, "TEEC_InitializeContext: 0x%08x", res);
	res = TEEC_OpenSession(&client->ctx, &client->session, uuid, TEEC_LOGIN_PUBLIC, NULL, NULL,
			       ret_origin);
	if (res != TEEC_SUCCESS)
		TEEC_FinalizeContext(&client->ctx);
	return res;
}

void client_open(struct client *client, const TEEC_UUID *uuid)
{
	uint32_t origin = 0;
	TEEC_Result res = client_try_open(client, uuid, &origin);

	CHECK(res == TEEC_SUCCESS, "TEEC_OpenSession: 0x%08x, origin %u", res, origin);
	CHECK_EQ(origin, TEEC_ORIGIN_TRUSTED_APP);
}

void client_close(struct client *client)
{
	TEEC_CloseSession(&client->session);
	TEEC_FinalizeContext(&client->ctx);
}

static TEEC_Result invoke(struct client *client, uint32_t type, uint32_t cmd, uint32_t a,
			  uint32_t *ret_a, uint32_t *ret_origin)
{
	TEEC_Operation op = { 0 };
	TEEC_Result res;
	uint32_t origin = 0;

	op.paramTypes = TEEC_PARAM_TYPES(type, TEEC_NONE, TEEC_NONE, TEEC_NONE);
	op.params[0].value.a = a;
	res = TEEC_InvokeCommand(&client->session, cmd, &op, &origin);
	if (ret_a)
		*ret_a = op.params[0].value.a;
	if (ret_origin)
		*ret_origin = origin;
	return res;
}

TEEC_Result client_invoke(struct client *client, uint32_t cmd, uint32_t a, uint32_t *ret_a,
			  uint32_t *ret_origin)
{
	return invoke(client, TEEC_VALUE_INOUT, cmd, a, ret_a, ret_origin);
}

TEEC_Result client_tell(struct client *client, uint32_t cmd, uint32_t a, uint32_t *ret_origin)
{
	return invoke(client, TEEC_VALUE_INPUT, cmd, a, NULL, ret_origin);
}

/* --- processes --- */

static bool read_stat(pid_t pid, char comm[32], pid_t *ret_parent, char *ret_state)
{
	char path[64], line[512], *open, *close;
	FILE *f;
	bool ok = false;

	snprintf(path, sizeof(path), "/proc/%d/stat", (int)pid);
	f = fopen(path, "re");
	if (!f)
		return false;
	if (fgets(line, sizeof(line), f)) {
		open = strchr(line, '(');
		close = strrchr(line, ')');
		if (open && close) {
			int parent;

			*close = '\0';
			snprintf(comm, 32, "%s", open + 1);
			ok = sscanf(close + 2, "%c %d", ret_state, &parent) == 2;
			*ret_parent = parent;
		}
	}
	fclose(f);
	return ok;
}

static bool descends_from(pid_t pid, pid_t root)
{
	char comm[32], state;

	while (pid > 1) {
		if (pid == root)
			return true;
		if (!read_stat(pid, comm, &pid, &state))
			return false;
	}
	return false;
}

/* Living descendants of @root whose name begins with @prefix. */
static size_t find_named(pid_t root, const char *prefix, pid_t *pids, size_t max)
{
	DIR *dir = opendir("/proc");
	struct dirent *entry;
	size_t n = 0;

	CHECK(dir, "no /proc");
	while ((entry = readdir(dir))) {
		pid_t pid = atoi(entry->d_name), parent;
		char comm[32], state;

		if (!isdigit((unsigned char)entry->d_name[0]) ||
		    !read_stat(pid, comm, &parent, &state) || state == 'Z' ||
		    strncmp(comm, prefix, strlen(prefix)) || !descends_from(pid, root))
			continue;
		if (n < max)
			pids[n] = pid;
		n++;
	}
	closedir(dir);
	return n;
}

void instance_find(struct instance *instance)
{
	struct ucred cred = { 0 };
	socklen_t len = sizeof(cred);
	int fd = open("/dev/tee0", O_RDWR | O_CLOEXEC);

	CHECK(fd >= 0, "run this test as: swtee run -- TEST");
	CHECK_EQ(getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &cred, &len), 0);
	close(fd);
	instance->swteed = cred.pid;
	CHECK_EQ(find_named(cred.pid, "swtee-optee", &instance->world, 1), 1);
}

void instance_find_world(struct instance *instance, const char *program)
{
	instance_find(instance);
	CHECK_EQ(find_named(instance->swteed, program, &instance->world, 1), 1);
}

size_t instance_ta_hosts(const struct instance *instance, pid_t *pids, size_t max)
{
	return find_named(instance->swteed, "ta:", pids, max);
}

/* More than swteed keeps CPUs for threads to come */
#define WARM_UP_THREADS 8
/* Longer than its workers wait for more to do */
#define WARM_UP_MS 4000

static const TEEC_UUID hello_uuid = TA_HELLO_WORLD_UUID;

static void *warm_up_thread(void *data)
{
	pthread_barrier_t *barrier = data;
	struct client client;

	client_open(&client, &hello_uuid);
	pthread_barrier_wait(barrier);
	client_invoke(&client, TA_HELLO_WORLD_CMD_INCREMENT, 1, NULL, NULL);
	pthread_barrier_wait(barrier);
	client_close(&client);
	return NULL;
}

void instance_warm_up(struct instance *instance)
{
	pthread_t threads[WARM_UP_THREADS];
	pthread_barrier_t barrier;

	pthread_barrier_init(&barrier, NULL, WARM_UP_THREADS);
	for (int i = 0; i < WARM_UP_THREADS; i++)
		CHECK_EQ(pthread_create(&threads[i], NULL, warm_up_thread, &barrier), 0);
	for (int i = 0; i < WARM_UP_THREADS; i++)
		pthread_join(threads[i], NULL);
	pthread_barrier_destroy(&barrier);
	sleep_ms(WARM_UP_MS);
}

static size_t count_dir(pid_t pid, const char *what)
{
	char path[64];
	struct dirent *entry;
	size_t n = 0;
	DIR *dir;

	snprintf(path, sizeof(path), "/proc/%d/%s", (int)pid, what);
	dir = opendir(path);
	if (!dir)
		return 0;
	while ((entry = readdir(dir)))
		n += entry->d_name[0] != '.';
	closedir(dir);
	return n;
}

/* Mappings of files that are shared between processes; stacks come and go. */
static size_t count_shared_maps(pid_t pid)
{
	char path[64], line[512];
	size_t n = 0;
	FILE *f;

	snprintf(path, sizeof(path), "/proc/%d/maps", (int)pid);
	f = fopen(path, "re");
	if (!f)
		return 0;
	while (fgets(line, sizeof(line), f))
		n += strstr(line, "/memfd:") != NULL;
	fclose(f);
	return n;
}

void counts_take(const struct instance *instance, struct counts *counts)
{
	*counts = (struct counts){
		.swteed_fds = count_dir(instance->swteed, "fd"),
		.swteed_maps = count_shared_maps(instance->swteed),
		.swteed_threads = count_dir(instance->swteed, "task"),
		.world_fds = count_dir(instance->world, "fd"),
		.world_maps = count_shared_maps(instance->world),
		.world_threads = count_dir(instance->world, "task"),
		.ta_hosts = instance_ta_hosts(instance, NULL, 0),
	};
}

static bool at_most(const struct counts *a, const struct counts *b)
{
	return a->swteed_fds <= b->swteed_fds && a->swteed_maps <= b->swteed_maps &&
	       a->swteed_threads <= b->swteed_threads && a->world_fds <= b->world_fds &&
	       a->world_maps <= b->world_maps && a->world_threads <= b->world_threads &&
	       a->ta_hosts <= b->ta_hosts;
}

static void print_counts(const char *what, const struct counts *c)
{
	fprintf(stderr, "%s: swteed %zu descriptors, %zu shared maps, %zu threads; world %zu, %zu, "
		"%zu; %zu TA hosts\n", what, c->swteed_fds, c->swteed_maps, c->swteed_threads,
		c->world_fds, c->world_maps, c->world_threads, c->ta_hosts);
}

void counts_settle(const struct instance *instance, const struct counts *before)
{
	struct counts now;

	for (unsigned int i = 0; i < SETTLE_TRIES; i++) {
		counts_take(instance, &now);
		if (at_most(&now, before))
			return;
		sleep_ms(20);
	}
	print_counts("before", before);
	print_counts("now", &now);
	CHECK(false, "something was left behind");
}
