/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * kill -9 of a client in the middle of an invoke, between open and close, while
 * it is blocked, and at random points: sessions close, memory goes, nothing of it
 * is left in swteed, in the world or as a TA host.
 */
#include "fixture.h"

#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "abi/tee.h"
#include "hello_world_ta.h"
#include "test_tas.h"

static const TEEC_UUID hello = TA_HELLO_WORLD_UUID;
static const TEEC_UUID crash = TEST_TA_CRASH_UUID;

/* --- what a victim does until it is killed --- */

static void victim_between(int ready)
{
	struct client client;
	TEEC_SharedMemory shm = { .size = 100000, .flags = TEEC_MEM_INPUT };

	client_open(&client, &hello);
	CHECK_EQ(TEEC_AllocateSharedMemory(&client.ctx, &shm), TEEC_SUCCESS);
	(void)!write(ready, "", 1);
	pause();
}

static void victim_in_wait(int ready)
{
	struct client client;

	client_open(&client, &crash);
	(void)!write(ready, "", 1);
	/* Inside TEE_Wait: blocked in the trusted OS, in an RPC. */
	client_tell(&client, TEST_CRASH_CMD_WAIT, 300, NULL);
	pause();
}

static void victim_in_loop(int ready)
{
	struct client client;

	client_open(&client, &crash);
	(void)!write(ready, "", 1);
	for (;;)
		client_tell(&client, TEST_CRASH_CMD_BUSY, 1, NULL);
}

static void victim_busy(int ready)
{
	uint8_t buf[5000];

	(void)!write(ready, "", 1);
	for (;;) {
		struct client client;
		TEEC_SharedMemory shm = { .size = 70000, .flags = TEEC_MEM_OUTPUT };
		TEEC_SharedMemory reg = { .buffer = buf, .size = sizeof(buf),
					  .flags = TEEC_MEM_INPUT };

		client_open(&client, &hello);
		CHECK_EQ(TEEC_AllocateSharedMemory(&client.ctx, &shm), TEEC_SUCCESS);
		CHECK_EQ(TEEC_RegisterSharedMemory(&client.ctx, &reg), TEEC_SUCCESS);
		for (int i = 0; i < 20; i++)
			client_invoke(&client, TA_HELLO_WORLD_CMD_INCREMENT, 1, NULL, NULL);
		TEEC_ReleaseSharedMemory(&reg);
		TEEC_ReleaseSharedMemory(&shm);
		client_close(&client);
	}
}

typedef void (*victim_fn)(int ready);

static void kill_one(victim_fn victim, unsigned int delay_us)
{
	int ready[2], status;
	char byte;
	pid_t pid;

	CHECK_EQ(pipe(ready), 0);
	pid = fork();
	CHECK(pid >= 0, "fork");
	if (pid == 0) {
		close(ready[0]);
		victim(ready[1]);
		_exit(1);
	}
	close(ready[1]);
	CHECK_EQ(read(ready[0], &byte, 1), 1);
	usleep(delay_us);
	kill(pid, SIGKILL);
	CHECK_EQ(waitpid(pid, &status, 0), pid);
	CHECK(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL, "the victim ended by itself");
	close(ready[0]);
}

/* Ids are given lowest first: one that leaked would raise the next. */
static int next_shm_id(void)
{
	struct tee_ioctl_shm_alloc_data data = { .size = 4096 };
	int tee = open("/dev/tee0", O_RDWR | O_CLOEXEC), fd;

	CHECK(tee >= 0, "open /dev/tee0");
	fd = ioctl(tee, TEE_IOC_SHM_ALLOC, &data);
	CHECK(fd >= 0, "SHM_ALLOC");
	close(fd);
	close(tee);
	return data.id;
}

/* Processes that come, make one call and go, one way or the other */
static void check_short_lives(unsigned int n)
{
	for (unsigned int i = 0; i < n; i++) {
		int status;
		pid_t pid = fork();

		CHECK(pid >= 0, "fork");
		if (pid == 0) {
			struct tee_ioctl_version_data version;
			int tee = open("/dev/tee0", O_RDWR | O_CLOEXEC);

			CHECK(tee >= 0, "open /dev/tee0, process %u", i);
			CHECK_EQ(ioctl(tee, TEE_IOC_VERSION, &version), 0);
			if (i % 2)
				kill(getpid(), SIGKILL);
			_exit(0);
		}
		CHECK_EQ(waitpid(pid, &status, 0), pid);
		CHECK_EQ(status, i % 2 ? SIGKILL : 0);
	}
}

static void warm_up(void)
{
	struct client client;

	client_open(&client, &hello);
	client_invoke(&client, TA_HELLO_WORLD_CMD_INCREMENT, 1, NULL, NULL);
	client_close(&client);
	(void)next_shm_id();
}

int main(int argc, char **argv)
{
	static const struct {
		const char *name;
		victim_fn victim;
		unsigned int rounds, max_delay_us;
	} cases[] = {
		{ "between", victim_between, 20, 0 },
		{ "wait", victim_in_wait, 5, 50000 },
		{ "loop", victim_in_loop, 20, 5000 },
		{ "busy", victim_busy, 60, 5000 },
	};
	struct instance instance;
	struct counts before;
	struct client client;
	uint32_t value;
	int id;

	instance_find(&instance);
	warm_up();
	instance_warm_up(&instance);
	id = next_shm_id();
	sleep_ms(100);
	counts_take(&instance, &before);
	srand(1);
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		for (unsigned int n = 0; n < scaled(cases[i].rounds * 4) / 4 + 1; n++)
			kill_one(cases[i].victim, cases[i].max_delay_us ?
				 (unsigned int)rand() % cases[i].max_delay_us : 0);
		counts_settle(&instance, &before);
		fprintf(stderr, "%s: everything given back\n", cases[i].name);
	}
	check_short_lives(scaled(2000));
	counts_settle(&instance, &before);
	/* The release of the previous one may still be under way. */
	for (int i = 0; i < 200 && next_shm_id() != id; i++)
		sleep_ms(20);
	sleep_ms(100);
	CHECK_EQ(next_shm_id(), id);
	client_open(&client, &hello);
	CHECK_EQ(client_invoke(&client, TA_HELLO_WORLD_CMD_INCREMENT, 41, &value, NULL),
		 TEEC_SUCCESS);
	CHECK_EQ(value, 42);
	client_close(&client);
	return 0;
}
