/* SPDX-License-Identifier: BSD-2-Clause */
#include "raw_client.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#ifdef TRAP_LIBC
int raw_openat(int dirfd, const char *path, int flags)
{
	return openat(dirfd, path, flags);
}

int raw_stat(const char *path, struct stat *st)
{
	return stat(path, st);
}

int raw_access(const char *path, int mode)
{
	return access(path, mode);
}

int raw_ioctl(int fd, unsigned long cmd, void *arg)
{
	return ioctl(fd, cmd, arg);
}
#else
int raw_openat(int dirfd, const char *path, int flags)
{
	return (int)syscall(SYS_openat, dirfd, path, flags, 0);
}

int raw_stat(const char *path, struct stat *st)
{
	return (int)syscall(SYS_newfstatat, AT_FDCWD, path, st, 0);
}

int raw_access(const char *path, int mode)
{
	return (int)syscall(SYS_faccessat, AT_FDCWD, path, mode);
}

int raw_ioctl(int fd, unsigned long cmd, void *arg)
{
	return (int)syscall(SYS_ioctl, fd, cmd, arg);
}
#endif

int raw_open(const char *path, int flags)
{
	return raw_openat(AT_FDCWD, path, flags);
}

int raw_error(int fd, unsigned long cmd, void *arg)
{
	int r = raw_ioctl(fd, cmd, arg);

	return r < 0 ? -errno : r;
}

int raw_tee(void)
{
	int fd = raw_open("/dev/tee0", O_RDWR | O_CLOEXEC);

	RAW_CHECK(fd >= 0, "open /dev/tee0: %s", strerror(errno));
	return fd;
}

/* In the order of RFC 4122 */
static void put_uuid(uint8_t to[16], const TEEC_UUID *uuid)
{
	const uint64_t head = (uint64_t)uuid->timeLow << 32 | (uint64_t)uuid->timeMid << 16 |
			      uuid->timeHiAndVersion;

	for (int i = 0; i < 8; i++)
		to[i] = (uint8_t)(head >> (56 - 8 * i));
	memcpy(to + 8, uuid->clockSeqAndNode, 8);
}

uint32_t raw_session(int tee, const TEEC_UUID *uuid)
{
	struct tee_ioctl_open_session_arg arg = { 0 };
	struct tee_ioctl_buf_data buf = { .buf_ptr = (uintptr_t)&arg, .buf_len = sizeof(arg) };

	put_uuid(arg.uuid, uuid);
	RAW_CHECK(raw_ioctl(tee, TEE_IOC_OPEN_SESSION, &buf) == 0, "OPEN_SESSION: %s",
		  strerror(errno));
	RAW_CHECK(arg.ret == 0, "OPEN_SESSION: 0x%08x from %u", arg.ret, arg.ret_origin);
	return arg.session;
}

void raw_close_session(int tee, uint32_t session)
{
	struct tee_ioctl_close_session_arg arg = { .session = session };

	RAW_CHECK(raw_ioctl(tee, TEE_IOC_CLOSE_SESSION, &arg) == 0, "CLOSE_SESSION: %s",
		  strerror(errno));
}

int raw_invoke(int tee, uint32_t session, uint32_t func, struct raw_invoke *invoke)
{
	struct tee_ioctl_buf_data buf = { .buf_ptr = (uintptr_t)invoke,
					  .buf_len = sizeof(*invoke) };

	invoke->arg.func = func;
	invoke->arg.session = session;
	invoke->arg.num_params = RAW_N_PARAMS;
	return raw_error(tee, TEE_IOC_INVOKE, &buf);
}

uint32_t raw_invoke_value(int tee, uint32_t session, uint32_t func, uint64_t *a)
{
	struct raw_invoke invoke = { 0 };
	int r;

	invoke.params[0].attr = TEE_IOCTL_PARAM_ATTR_TYPE_VALUE_INOUT;
	invoke.params[0].a = *a;
	r = raw_invoke(tee, session, func, &invoke);
	RAW_CHECK(r == 0, "INVOKE: %s", strerror(-r));
	*a = invoke.params[0].a;
	return invoke.arg.ret;
}

void raw_wait_blocked(pid_t tid)
{
	const struct timespec ts = { .tv_nsec = 2000000 };
	char path[64], line[256];

	snprintf(path, sizeof(path), "/proc/%d/syscall", (int)tid);
	for (int i = 0; i < 15000; i++) {
		FILE *f = fopen(path, "re");
		long nr = -1;

		/* A thread that runs has no number there. */
		if (f && fgets(line, sizeof(line), f) && sscanf(line, "%ld", &nr) != 1)
			nr = -1;
		if (f)
			fclose(f);
		if (nr == SYS_ioctl)
			return;
		nanosleep(&ts, NULL);
	}
	RAW_CHECK(0, "thread %d does not block", (int)tid);
}
