/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Rows 11 to 13, 40 to 45, 163: what a descriptor of a device or of memory does as a
 * file. They need real ones; these files are those of the process, so calls are made
 * without the home in between.
 */
#include "rows.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

static long result(long rc)
{
	return rc < 0 ? -errno : rc;
}

static void read_write(struct rows *r)
{
	struct iovec iov = { .iov_base = r->page, .iov_len = 8 };
	uint32_t session;
	int copy;

	EXPECT_EQ(result(read(r->tee, r->page, 8)), -EINVAL);
	EXPECT_EQ(result(write(r->tee, r->page, 8)), -EINVAL);
	EXPECT_EQ(result(write(r->tee, r->page, 0)), -EINVAL);
	EXPECT_EQ(result(readv(r->tee, &iov, 1)), -EINVAL);
	EXPECT_EQ(result(writev(r->tee, &iov, 1)), -EINVAL);
	EXPECT_EQ(result(pread(r->tee, r->page, 8, 0)), -EINVAL);
	EXPECT_EQ(result(pwrite(r->tee, r->page, 8, 0)), -EINVAL);

	/* The context is as it was. */
	session = rows_session_open(r, r->tee);
	EXPECT_EQ(rows_session_close(r, r->tee, session), 0);
	/* A number that was that of a device is not for ever. */
	copy = rows_open(r, ROWS_CLIENT);
	rows_close(r, copy);
	EXPECT_EQ(memfd_create("rows", MFD_CLOEXEC), copy);
	EXPECT_EQ(result(write(copy, "abc", 3)), 3);
	EXPECT_EQ(result(pread(copy, r->page, 8, 0)), 3);
	close(copy);
}

static void *map_fd(int fd, size_t size, off_t offset, int *ret_errno)
{
	void *map = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, offset);

	*ret_errno = map == MAP_FAILED ? errno : 0;
	return map;
}

static void map_device(struct rows *r)
{
	int err;

	(void)map_fd(r->tee, ROWS_PAGE, 0, &err);
	EXPECT_EQ(err, ENODEV);
}

static void any_mode(struct rows *r)
{
	static const int modes[] = { O_RDONLY, O_WRONLY };
	const char *path = r->home->data;

	for (size_t i = 0; i < 2; i++) {
		int tee = open(path, modes[i] | O_CLOEXEC), id;

		EXPECT(tee >= 0);
		rows_close_shm(r, rows_alloc(r, tee, 1, &id));
		(void)rows_session_open(r, tee);
		close(tee);
	}
}

/* --- descriptors of memory --- */

static void map_registered(struct rows *r)
{
	int id, err, fd = rows_register(r, r->tee, r->page, ROWS_PAGE, &id);

	(void)map_fd(fd, ROWS_PAGE, 0, &err);
	EXPECT_EQ(err, EINVAL);
}

static void map_too_long(struct rows *r)
{
	int id, err, fd = rows_alloc(r, r->tee, 2 * ROWS_PAGE, &id);
	uint8_t *map;

	(void)map_fd(fd, 3 * ROWS_PAGE, 0, &err);
	EXPECT_EQ(err, EINVAL);
	/* To the byte before the end, counted in pages */
	map = map_fd(fd, 2 * ROWS_PAGE - 1, 0, &err);
	EXPECT_EQ(err, 0);
	map[2 * ROWS_PAGE - 1] = 1;
	munmap(map, 2 * ROWS_PAGE);
}

static void map_beyond(struct rows *r)
{
	int id, err, fd = rows_alloc(r, r->tee, 2 * ROWS_PAGE, &id);
	uint8_t *map, *tail;

	(void)map_fd(fd, ROWS_PAGE, 2 * ROWS_PAGE, &err);
	EXPECT_EQ(err, EINVAL);
	(void)map_fd(fd, 2 * ROWS_PAGE, ROWS_PAGE, &err);
	EXPECT_EQ(err, EINVAL);
	/* Within the limit the offset is honoured, unlike in the kernel. */
	map = map_fd(fd, 2 * ROWS_PAGE, 0, &err);
	EXPECT_EQ(err, 0);
	tail = map_fd(fd, ROWS_PAGE, ROWS_PAGE, &err);
	EXPECT_EQ(err, 0);
	map[ROWS_PAGE] = 0x5a;
	EXPECT_EQ(tail[0], 0x5a);
	EXPECT_EQ(map[0], 0);
	munmap(map, 2 * ROWS_PAGE);
	munmap(tail, ROWS_PAGE);
}

static void ioctl_on_shm(struct rows *r)
{
	struct tee_ioctl_version_data vers;
	struct tee_ioctl_shm_alloc_data alloc = { .size = 1 };
	struct tee_ioctl_buf_data buf = { 0 };
	int id, fds[2] = {
		rows_alloc(r, r->tee, 1, &id),
		rows_register(r, r->tee, r->page, ROWS_PAGE, &id),
	};

	for (size_t i = 0; i < 2; i++) {
		EXPECT_EQ(result(ioctl(fds[i], TEE_IOC_VERSION, &vers)), -ENOTTY);
		EXPECT_EQ(result(ioctl(fds[i], TEE_IOC_SHM_ALLOC, &alloc)), -ENOTTY);
		EXPECT_EQ(result(ioctl(fds[i], TEE_IOC_INVOKE, &buf)), -ENOTTY);
		EXPECT_EQ(result(ioctl(fds[i], 0x8010A40B, &buf)), -ENOTTY);
	}
}

static void read_write_shm(struct rows *r)
{
	int id, fds[2] = {
		rows_alloc(r, r->tee, 1, &id),
		rows_register(r, r->tee, r->page, ROWS_PAGE, &id),
	};

	for (size_t i = 0; i < 2; i++) {
		EXPECT_EQ(result(read(fds[i], r->page, 8)), -EINVAL);
		EXPECT_EQ(result(write(fds[i], r->page, 8)), -EINVAL);
		EXPECT_EQ(result(pwrite(fds[i], r->page, 8, 0)), -EINVAL);
	}
}

/* The program starts itself again with the number of the descriptor (see main). */
static void keeps_over_exec(struct rows *r)
{
	int id, status, fd = rows_alloc(r, r->tee, 1, &id);
	uint8_t *map = rows_map_shm(r, fd, ROWS_PAGE);
	char number[16];
	pid_t pid;

	strcpy((char *)map, "still here");
	snprintf(number, sizeof(number), "%d", fd);
	pid = fork();
	EXPECT(pid >= 0);
	if (pid == 0) {
		execl("/proc/self/exe", "rows", "--inherited", number, (char *)NULL);
		_exit(99);
	}
	EXPECT_EQ(waitpid(pid, &status, 0), pid);
	EXPECT(WIFEXITED(status));
	EXPECT_EQ(WEXITSTATUS(status), 0);
	EXPECT_EQ(map[0], 'S');
}

/* --- a close that races --- */

struct call {
	struct rows *r;
	int tee;
	uint32_t session;
	long rc;
	uint32_t ret;
};

static void *wait_in_call(void *data)
{
	struct call *call = data;
	union rows_invoke invoke = { .arg = { .session = call->session, .func = ROWS_FN_WAIT,
					      .num_params = 1 } };

	invoke.arg.params[0].attr = TEE_IOCTL_PARAM_ATTR_TYPE_VALUE_INPUT;
	invoke.arg.params[0].a = 300;
	call->rc = rows_do_invoke(call->r, call->tee, &invoke);
	call->ret = invoke.arg.ret;
	return NULL;
}

/*
 * Once the other thread is in its call, that completes normally; if it was not there
 * yet it has no descriptor. Only afterwards the session ends.
 */
static void close_in_call(struct rows *r)
{
	uint32_t watch = rows_session_alone(r, r->tee);
	int completed = 0;

	for (int i = 0; i < 5 || !completed; i++) {
		struct call call = { .r = r, .tee = open(r->home->data, O_RDWR | O_CLOEXEC) };
		pthread_t thread;

		EXPECT(call.tee >= 0);
		EXPECT(i < 100);
		call.session = rows_session_open(r, call.tee);
		EXPECT_EQ(pthread_create(&thread, NULL, wait_in_call, &call), 0);
		for (int k = 0; k < i; k++)
			rows_pause();
		close(call.tee);
		pthread_join(thread, NULL);
		if (call.rc == 0) {
			EXPECT_EQ(call.ret, 0);
			completed++;
		} else {
			EXPECT_EQ(call.rc, -EBADF);
		}
		EXPECT_SOON(rows_info(r, r->tee, watch).sessions == 1);
	}
}

const struct row rows_file[] = {
	{ "core N11 read and write of a device -> EINVAL", read_write, ROW_DEVICE },
	{ "core N12 mmap of a device -> ENODEV", map_device, ROW_DEVICE },
	{ "core N13 SHM_ALLOC and OPEN_SESSION on an O_RDONLY fd -> ok", any_mode, ROW_DEVICE },
	{ "core N40 mmap of registered memory -> EINVAL", map_registered, ROW_DEVICE },
	{ "core N42 mmap a page longer than the buffer -> EINVAL", map_too_long, ROW_DEVICE },
	{ "core N43 mmap at the buffer's end -> EINVAL; offsets before it honoured", map_beyond,
	  ROW_DEVICE },
	{ "core N44 TEE ioctl on an shm fd -> ENOTTY", ioctl_on_shm, ROW_DEVICE },
	{ "core N163 close(fd) while another thread is in INVOKE -> it completes, then release",
	  close_in_call, ROW_DEVICE },
	{ "core read and write of an shm fd -> EINVAL", read_write_shm, ROW_DEVICE },
	{ "core N45 shm fd over fork and exec -> still open", keeps_over_exec, ROW_DEVICE },
	{ 0 }
};
