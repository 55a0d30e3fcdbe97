/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * kill -9 of clients whose system calls are trapped, at whatever they do: nothing of
 * them is left, in swteed, in the world or as a TA host, and the others go on.
 */
#include "fixture.h"
#include "raw_client.h"

#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "hello_world_ta.h"
#include "test_tas.h"

static const TEEC_UUID hello = TA_HELLO_WORLD_UUID;
static const TEEC_UUID crash = TEST_TA_CRASH_UUID;

#define N_THREADS 3

static void tell_value(int tee, uint32_t session, uint32_t cmd, uint64_t a)
{
	struct raw_invoke invoke = { 0 };

	invoke.params[0].attr = TEE_IOCTL_PARAM_ATTR_TYPE_VALUE_INPUT;
	invoke.params[0].a = a;
	(void)raw_invoke(tee, session, cmd, &invoke);
}

/* --- what a victim does until it is killed --- */

static void everything(void)
{
	for (;;) {
		struct tee_ioctl_shm_alloc_data shm = { .size = 8192 };
		int tee = raw_tee(), fd = raw_ioctl(tee, TEE_IOC_SHM_ALLOC, &shm);
		uint32_t session = raw_session(tee, &hello);
		uint64_t a = 1;
		void *va = mmap(NULL, 8192, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);

		(void)raw_invoke_value(tee, session, TA_HELLO_WORLD_CMD_INCREMENT, &a);
		raw_close_session(tee, session);
		munmap(va, 8192);
		close(fd);
		close(tee);
	}
}

static void *everything_thread(void *data)
{
	everything();
	return NULL;
}

static void victim_threads(int ready)
{
	pthread_t thread;

	(void)!write(ready, "", 1);
	for (int i = 1; i < N_THREADS; i++)
		pthread_create(&thread, NULL, everything_thread, NULL);
	everything();
}

static void victim_one(int ready)
{
	(void)!write(ready, "", 1);
	everything();
}

static void victim_in_wait(int ready)
{
	int tee = raw_tee();
	uint32_t session = raw_session(tee, &crash);

	(void)!write(ready, "", 1);
	tell_value(tee, session, TEST_CRASH_CMD_WAIT, 300);
	pause();
}

static void victim_in_receive(int ready)
{
	struct {
		uint32_t func, num_params;
		struct tee_ioctl_param params[5];
	} req = { .num_params = 5 };
	struct tee_ioctl_buf_data buf = { .buf_ptr = (uintptr_t)&req, .buf_len = sizeof(req) };
	int priv = raw_open("/dev/teepriv0", O_RDWR);

	(void)!write(ready, "", 1);
	(void)raw_ioctl(priv, TEE_IOC_SUPPL_RECV, &buf);
	pause();
}

static void victim_opens(int ready)
{
	struct stat st;

	(void)!write(ready, "", 1);
	for (;;) {
		close(raw_open("/dev/tee0", O_RDWR));
		close(raw_open("/dev/null", O_RDWR));
		(void)raw_stat("/dev/tee0", &st);
	}
}

static void kill_after(void (*victim)(int), unsigned int us)
{
	int fds[2];
	char byte;
	pid_t pid;

	CHECK(pipe(fds) == 0, "pipe");
	pid = fork();
	if (pid == 0) {
		close(fds[0]);
		victim(fds[1]);
		_exit(0);
	}
	close(fds[1]);
	CHECK_EQ(read(fds[0], &byte, 1), 1);
	usleep(us);
	kill(pid, SIGKILL);
	CHECK_EQ(waitpid(pid, NULL, 0), pid);
	close(fds[0]);
}

int main(void)
{
	static void (*const victims[])(int) = {
		victim_one, victim_threads, victim_in_wait, victim_in_receive, victim_opens,
	};
	const size_t n = sizeof(victims) / sizeof(victims[0]);
	struct instance instance;
	struct counts before;
	struct client client;

	instance_find(&instance);
	/* First what this process keeps, then what is kept for others beside it. */
	for (size_t i = 0; i < n; i++)
		kill_after(victims[i], 10000);
	instance_warm_up(&instance);
	counts_take(&instance, &before);
	/* Of the two threads that receive one may not have made a call into the world. */
	before.swteed_maps += 2;
	before.world_maps += 2;
	before.world_threads += 2;
	before.world_fds += 2;

	srand(1);
	for (unsigned int i = 0; i < scaled(400); i++)
		kill_after(victims[i % n], (unsigned int)rand() % 4000);
	client_open(&client, &hello);
	CHECK_EQ(client_invoke(&client, TA_HELLO_WORLD_CMD_INCREMENT, 1, NULL, NULL), 0);
	client_close(&client);
	counts_settle(&instance, &before);
	return 0;
}
