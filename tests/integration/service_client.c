/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A client for the tests of the service: takes a position, says "up", and waits
 * for the end of its standard input before it leaves.
 *
 * usage: service_client MODE [ARGUMENT]
 *   open PATH      opens and closes; exit status 0 or the errno of open(2)
 *   hold [PATH]    an open device
 *   session        a session with the crash TA
 *   wait MS, busy MS
 *                  a call of that TA that waits or computes; prints its result
 *   shm            allocated memory, its descriptor
 *   map            the same, mapped; the descriptor is closed
 *   orphan         the same, and the device is closed as well
 *   register       registered memory, its descriptor
 *   open_session   a session is being opened, with allocated memory as a parameter
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

#include "abi/tee.h"
#include "fixture.h"
#include "test_tas.h"

#define SIZE 12288

static const TEEC_UUID crash = TEST_TA_CRASH_UUID;

static int up_and_wait(void)
{
	char byte;

	puts("up");
	fflush(stdout);
	while (read(STDIN_FILENO, &byte, 1) > 0)
		;
	return 0;
}

static int open_device(const char *path)
{
	int fd = open(path, O_RDWR | O_CLOEXEC);

	CHECK(fd >= 0, "%s: %s", path, strerror(errno));
	return fd;
}

static int allocate(int fd)
{
	struct tee_ioctl_shm_alloc_data data = { .size = SIZE };
	int shm = ioctl(fd, TEE_IOC_SHM_ALLOC, &data);

	CHECK(shm >= 0, "SHM_ALLOC: %s", strerror(errno));
	return shm;
}

static int mode_open(const char *path)
{
	int fd = open(path, O_RDWR | O_CLOEXEC);

	if (fd < 0)
		return errno;
	close(fd);
	return 0;
}

static int mode_session(void)
{
	struct client client;

	client_open(&client, &crash);
	up_and_wait();
	client_close(&client);
	return 0;
}

static int mode_call(uint32_t cmd, const char *ms)
{
	struct client client;
	TEEC_Result res;

	client_open(&client, &crash);
	puts("up");
	fflush(stdout);
	res = client_tell(&client, cmd, (uint32_t)atoi(ms), NULL);
	printf("%08x\n", res);
	fflush(stdout);
	client_close(&client);
	return 0;
}

static int mode_shm(const char *mode)
{
	int fd = open_device("/dev/tee0"), shm = allocate(fd);

	if (strcmp(mode, "shm")) {
		CHECK(mmap(NULL, SIZE, PROT_READ | PROT_WRITE, MAP_SHARED, shm, 0) != MAP_FAILED,
		      "mmap: %s", strerror(errno));
		close(shm);
	}
	if (!strcmp(mode, "orphan"))
		close(fd);
	return up_and_wait();
}

static int mode_register(void)
{
	static unsigned char memory[SIZE];
	struct tee_ioctl_shm_register_data data = {
		.addr = (uintptr_t)memory,
		.length = sizeof(memory),
	};
	int fd = open_device("/dev/tee0"), shm = ioctl(fd, TEE_IOC_SHM_REGISTER, &data);

	CHECK(shm >= 0, "SHM_REGISTER: %s", strerror(errno));
	return up_and_wait();
}

static int mode_open_session(void)
{
	TEEC_SharedMemory memory = { .size = SIZE, .flags = TEEC_MEM_INPUT };
	TEEC_Operation op = { 0 };
	TEEC_Session session;
	TEEC_Context ctx;

	CHECK_EQ(TEEC_InitializeContext(NULL, &ctx), TEEC_SUCCESS);
	CHECK_EQ(TEEC_AllocateSharedMemory(&ctx, &memory), TEEC_SUCCESS);
	op.paramTypes = TEEC_PARAM_TYPES(TEEC_MEMREF_WHOLE, TEEC_NONE, TEEC_NONE, TEEC_NONE);
	op.params[0].memref.parent = &memory;
	puts("up");
	fflush(stdout);
	printf("%08x\n", TEEC_OpenSession(&ctx, &session, &crash, TEEC_LOGIN_PUBLIC, NULL, &op,
					  NULL));
	fflush(stdout);
	return 0;
}

int main(int argc, char **argv)
{
	const char *mode = argc > 1 ? argv[1] : "", *arg = argc > 2 ? argv[2] : "";

	if (!strcmp(mode, "open"))
		return mode_open(arg);
	if (!strcmp(mode, "hold")) {
		open_device(*arg ? arg : "/dev/tee0");
		return up_and_wait();
	}
	if (!strcmp(mode, "session"))
		return mode_session();
	if (!strcmp(mode, "wait"))
		return mode_call(TEST_CRASH_CMD_WAIT, arg);
	if (!strcmp(mode, "busy"))
		return mode_call(TEST_CRASH_CMD_BUSY, arg);
	if (!strcmp(mode, "shm") || !strcmp(mode, "map") || !strcmp(mode, "orphan"))
		return mode_shm(mode);
	if (!strcmp(mode, "register"))
		return mode_register();
	if (!strcmp(mode, "open_session"))
		return mode_open_session();
	CHECK(false, "there is no mode '%s'", mode);
}
