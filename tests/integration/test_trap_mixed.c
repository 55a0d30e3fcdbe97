/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Both doors in one house: a context that the shim opened is used by raw system
 * calls and the other way round, and goes from process to process by fork, exec, dup
 * and SCM_RIGHTS. Run with the shim.
 */
#include "raw_client.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/fdsock.h"
#include "fixture.h"
#include "hello_world_ta.h"

static const TEEC_UUID hello = TA_HELLO_WORLD_UUID;

enum door { SHIM, TRAP };

static int door_open(enum door door)
{
	int fd = door == SHIM ? open("/dev/tee0", O_RDWR | O_CLOEXEC) : raw_tee();

	CHECK(fd >= 0, "open: %s", strerror(errno));
	return fd;
}

static int door_ioctl(enum door door, int fd, unsigned long cmd, void *arg)
{
	int r = door == SHIM ? ioctl(fd, cmd, arg) : raw_ioctl(fd, cmd, arg);

	return r < 0 ? -errno : r;
}

/* The same context: a session that one door opened is known to the other one. */
static void check_same(enum door door, int fd, uint32_t session)
{
	struct raw_invoke invoke = { 0 };
	struct tee_ioctl_buf_data buf = { .buf_ptr = (uintptr_t)&invoke,
					  .buf_len = sizeof(invoke) };

	invoke.arg.func = TA_HELLO_WORLD_CMD_INCREMENT;
	invoke.arg.session = session;
	invoke.arg.num_params = RAW_N_PARAMS;
	invoke.params[0].attr = TEE_IOCTL_PARAM_ATTR_TYPE_VALUE_INOUT;
	invoke.params[0].a = 7;
	CHECK_EQ(door_ioctl(door, fd, TEE_IOC_INVOKE, &buf), 0);
	CHECK_EQ(invoke.arg.ret, 0);
	CHECK_EQ(invoke.params[0].a, 8);
}

static void one_process(enum door opener, enum door user)
{
	struct tee_ioctl_shm_alloc_data shm = { .size = 4096 };
	int fd = door_open(opener), copy = dup(fd), mem;
	uint32_t session = raw_session(fd, &hello);

	check_same(user, fd, session);
	check_same(user, copy, session);
	close(fd);
	check_same(opener, copy, session);
	mem = door_ioctl(user, copy, TEE_IOC_SHM_ALLOC, &shm);
	CHECK(mem >= 0, "%d", mem);
	close(mem);
	close(copy);
}

static void join(pid_t pid)
{
	int status;

	CHECK_EQ(waitpid(pid, &status, 0), pid);
	CHECK(WIFEXITED(status) && WEXITSTATUS(status) == 0, "status 0x%x", status);
}

static void across_fork(enum door opener, enum door user)
{
	int fd = door_open(opener);
	uint32_t session = raw_session(fd, &hello);
	pid_t pid = fork();

	if (pid == 0) {
		check_same(user, fd, session);
		_exit(0);
	}
	join(pid);
	/* The child's close was not the last one. */
	check_same(opener, fd, session);
	close(fd);
}

/* exec of ourselves with the descriptor's number and the session as arguments */
static void across_exec(const char *self, enum door opener, enum door user)
{
	int fd = door_open(opener);
	uint32_t session = raw_session(fd, &hello);
	char number[16], id[16], door[16];
	pid_t pid;

	CHECK_EQ(fcntl(fd, F_SETFD, 0), 0);
	snprintf(number, sizeof(number), "%d", fd);
	snprintf(id, sizeof(id), "%u", session);
	snprintf(door, sizeof(door), "%d", user);
	pid = fork();
	if (pid == 0) {
		execl(self, self, number, id, door, NULL);
		_exit(1);
	}
	join(pid);
	check_same(opener, fd, session);
	close(fd);
}

static void across_socket(enum door opener, enum door user)
{
	uint32_t session = 0;
	int pair[2], fd;
	pid_t pid;

	CHECK_EQ(fdsock_pair(pair), 0);
	pid = fork();
	if (pid == 0) {
		fd = door_open(opener);
		session = raw_session(fd, &hello);
		CHECK_EQ(fdsock_send(pair[1], &session, sizeof(session), &fd, 1), 0);
		_exit(0);
	}
	close(pair[1]);
	CHECK_EQ(fdsock_recv(pair[0], &session, sizeof(session), &fd, 1, NULL, NULL, 0),
		 sizeof(session));
	close(pair[0]);
	join(pid);
	/* Who opened it is gone. */
	check_same(user, fd, session);
	close(fd);
}

/* A shim program that received a raw context shows it as a device. */
static void looks_like_device(void)
{
	int fd = raw_tee();
	struct stat by_path, by_fd;

	CHECK_EQ(stat("/dev/tee0", &by_path), 0);
	CHECK_EQ(fstat(fd, &by_fd), 0);
	CHECK(S_ISCHR(by_fd.st_mode) && by_fd.st_rdev == by_path.st_rdev, "mode %o",
	      by_fd.st_mode);
	CHECK_EQ(raw_stat("/dev/tee0", &by_fd), 0);
	CHECK_EQ(by_fd.st_rdev, by_path.st_rdev);
	CHECK_EQ(by_fd.st_ino, by_path.st_ino);
	CHECK_EQ(by_fd.st_mode, by_path.st_mode);
	close(fd);
}

static void all(const char *self)
{
	for (enum door opener = SHIM; opener <= TRAP; opener++) {
		for (enum door user = SHIM; user <= TRAP; user++) {
			one_process(opener, user);
			across_fork(opener, user);
			across_exec(self, opener, user);
			across_socket(opener, user);
		}
	}
}

int main(int argc, char **argv)
{
	struct instance instance;
	struct counts before;

	if (argc == 4) {
		check_same((enum door)atoi(argv[3]), atoi(argv[1]), (uint32_t)atoi(argv[2]));
		return 0;
	}
	instance_find(&instance);
	/* First what this process keeps, then what is kept for others beside it. */
	all(argv[0]);
	instance_warm_up(&instance);
	counts_take(&instance, &before);
	/* Of the two threads that receive one may not have made a call into the world. */
	before.swteed_maps += 2;
	before.world_maps += 2;
	before.world_threads += 2;
	before.world_fds += 2;
	for (int i = 0; i < 10; i++)
		all(argv[0]);
	looks_like_device();
	counts_settle(&instance, &before);
	return 0;
}
