/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A client that takes all it can get: it is refused as a kernel refuses, everything
 * else goes on, and what it had comes back when it gives it up or dies. Runs with
 * limits.ini.
 */
#include "fixture.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "abi/tee.h"

/* limits.ini */
#define CONTEXTS 40
#define THREADS 12
#define SHMS 50
#define SHM_BYTES (4u << 20)

static int fds[CONTEXTS + SHMS + 2];

static int alloc_shm(int tee, size_t size)
{
	struct tee_ioctl_shm_alloc_data data = { .size = size };
	int fd = ioctl(tee, TEE_IOC_SHM_ALLOC, &data);

	return fd < 0 ? -errno : fd;
}

/* How many there are when @make refuses; the refusal in *ret_error */
static int take_all(int (*make)(int tee), int tee, int *ret_error)
{
	int n = 0, fd = 0;

	while (n < CONTEXTS + SHMS + 2 && (fd = make(tee)) >= 0)
		fds[n++] = fd;
	*ret_error = fd;
	return n;
}

static void give_back(int n)
{
	while (n)
		close(fds[--n]);
}

/* What was given back comes back a little later: the last close is worked on. */
static int at_last(int (*make)(int tee), int tee)
{
	int fd = make(tee);

	for (int i = 0; fd < 0 && i < 1000; i++) {
		sleep_ms(10);
		fd = make(tee);
	}
	return fd;
}

static int make_context(int tee)
{
	int fd = open("/dev/tee0", O_RDWR | O_CLOEXEC);

	return fd < 0 ? -errno : fd;
}

static int make_page(int tee)
{
	return alloc_shm(tee, 4096);
}

static int make_mib(int tee)
{
	return alloc_shm(tee, 1 << 20);
}

static int make_registered(int tee)
{
	static uint8_t page[2 * 4096];
	struct tee_ioctl_shm_register_data data = { .addr = (uintptr_t)page, .length = 1 };
	int fd = ioctl(tee, TEE_IOC_SHM_REGISTER, &data);

	return fd < 0 ? -errno : fd;
}

static void check_limit(int (*make)(int tee), int tee, int limit, int error)
{
	int first = at_last(make, tee), seen, n, again;

	CHECK(first >= 0, "error %d", -first);
	close(first);
	/* The one before may be on its way out still. */
	for (int i = 0; i < 1000; i++) {
		n = take_all(make, tee, &seen);
		if (n == limit)
			break;
		CHECK(n < limit, "%d, the limit is %d", n, limit);
		give_back(n);
		sleep_ms(10);
	}
	CHECK_EQ(n, limit);
	CHECK_EQ(seen, error);
	close(fds[--n]);
	again = at_last(make, tee);
	CHECK(again >= 0, "error %d after one was given back", -again);
	close(again);
	give_back(n);
}

/* --- threads --- */

struct caller {
	pthread_t thread;
	int tee, error;
};

static pthread_barrier_t all_called;

static void *call_and_stay(void *data)
{
	struct tee_ioctl_version_data version;
	struct caller *caller = data;

	if (ioctl(caller->tee, TEE_IOC_VERSION, &version) < 0)
		caller->error = errno;
	pthread_barrier_wait(&all_called);
	return NULL;
}

/* This thread has called before: it is one of them. */
static void check_threads(int tee)
{
	enum { N = THREADS + 3 };
	int refused = 0;

	for (int round = 0; round < 1000 && refused != N - (THREADS - 1); round++) {
		struct caller callers[N] = { 0 };

		refused = 0;
		pthread_barrier_init(&all_called, NULL, N);
		for (int i = 0; i < N; i++) {
			callers[i].tee = tee;
			pthread_create(&callers[i].thread, NULL, call_and_stay, &callers[i]);
		}
		for (int i = 0; i < N; i++) {
			pthread_join(callers[i].thread, NULL);
			if (callers[i].error) {
				CHECK_EQ(callers[i].error, ENOMEM);
				refused++;
			}
		}
		pthread_barrier_destroy(&all_called);
		CHECK(refused >= N - (THREADS - 1), "only %d were refused", refused);
		if (refused != N - (THREADS - 1))
			sleep_ms(10);
	}
	CHECK_EQ(refused, N - (THREADS - 1));
}

/* --- death --- */

/* A process that takes all and is killed; nobody has anything of it a moment later. */
static void check_death(int (*make)(int tee), int tee)
{
	int ready[2], seen, fd;
	pid_t pid;
	char byte;

	CHECK_EQ(pipe(ready), 0);
	pid = fork();
	if (pid == 0) {
		int own = open("/dev/tee0", O_RDWR | O_CLOEXEC);

		(void)take_all(make, own, &seen);
		if (write(ready[1], "", 1) == 1)
			pause();
		_exit(0);
	}
	CHECK_EQ(read(ready[0], &byte, 1), 1);
	fd = make(tee);
	CHECK(fd == -ENFILE || fd == -ENOMEM, "not refused: %d", fd);
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
	fd = at_last(make, tee);
	CHECK(fd >= 0, "error %d after the death of who had it all", -fd);
	close(fd);
	close(ready[0]);
	close(ready[1]);
}

/* At the limit everything that exists goes on, and can be closed. */
static void check_work_at_limit(int tee)
{
	TEEC_UUID uuid = { 0xa8b203c0, 0x9e5f, 0x4069,
			   { 0x9d, 0x53, 0x8c, 0x0a, 0x95, 0x38, 0xdb, 0x9b } };
	struct client client;
	uint32_t a, origin;
	int seen, n;

	client_open(&client, &uuid);
	n = take_all(make_page, tee, &seen);
	CHECK_EQ(seen, -ENOMEM);
	CHECK_EQ(client_invoke(&client, 0, 42, &a, &origin), TEEC_SUCCESS);
	CHECK_EQ(a, 43);
	client_close(&client);
	client_open(&client, &uuid);
	client_close(&client);
	give_back(n);
}

int main(void)
{
	struct instance instance;
	struct counts before;
	int tee;

	instance_find(&instance);
	tee = open("/dev/tee0", O_RDWR | O_CLOEXEC);
	CHECK(tee >= 0, "%s", strerror(errno));
	/* What this thread has for good is there before the counting begins. */
	check_work_at_limit(tee);
	instance_warm_up(&instance);
	counts_take(&instance, &before);
	check_limit(make_context, tee, CONTEXTS - 1, -ENFILE);
	check_limit(make_page, tee, SHMS, -ENOMEM);
	check_limit(make_registered, tee, SHMS, -ENOMEM);
	check_limit(make_mib, tee, SHM_BYTES >> 20, -ENOMEM);
	CHECK_EQ(alloc_shm(tee, SHM_BYTES + 1), -ENOMEM);
	check_threads(tee);
	check_death(make_context, tee);
	check_death(make_page, tee);
	check_death(make_mib, tee);
	check_work_at_limit(tee);
	counts_settle(&instance, &before);
	close(tee);
	return 0;
}
