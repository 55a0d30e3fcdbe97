/* SPDX-License-Identifier: BSD-2-Clause */
#include "trap.h"

#include <fcntl.h>
#include <stdint.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "abi/tee.h"
#include "clock.h"
#include "test_tas.h"

#define WARM_UP 2000
#define ROUNDS 20000

static int raw_open(const char *path)
{
	return (int)syscall(SYS_openat, AT_FDCWD, path, O_RDWR | O_CLOEXEC, 0);
}

static int raw_creat(const char *path)
{
#ifdef SYS_creat
	return (int)syscall(SYS_creat, path, 0);
#else
	return -1;
#endif
}

static double time_opens(int (*open_it)(const char *path))
{
	uint64_t start = 0;

	for (unsigned int i = 0; i < WARM_UP + ROUNDS; i++) {
		int fd;

		if (i == WARM_UP)
			start = clock_ns();
		fd = open_it("/dev/null");
		if (fd < 0)
			return -1;
		close(fd);
	}
	return (double)(clock_ns() - start) / ROUNDS;
}

double trap_open_ns(void)
{
	return time_opens(raw_open);
}

double open_ns(void)
{
	return time_opens(raw_creat);
}

static int open_session(int tee, uint32_t *ret_session)
{
	struct tee_ioctl_open_session_arg arg = { .uuid = TEST_TA_BENCH_UUID_BYTES };
	struct tee_ioctl_buf_data buf = { .buf_ptr = (uintptr_t)&arg, .buf_len = sizeof(arg) };

	if (syscall(SYS_ioctl, tee, TEE_IOC_OPEN_SESSION, &buf) < 0 || arg.ret)
		return -1;
	*ret_session = arg.session;
	return 0;
}

double trap_invoke_ns(void)
{
	struct {
		struct tee_ioctl_invoke_arg arg;
		struct tee_ioctl_param params[4];
	} invoke;
	struct tee_ioctl_buf_data buf = { .buf_ptr = (uintptr_t)&invoke,
					  .buf_len = sizeof(invoke) };
	int tee = raw_open("/dev/tee0");
	uint32_t session;
	uint64_t start = 0;
	double ns = -1;

	if (tee < 0 || open_session(tee, &session) < 0)
		goto out;
	memset(&invoke, 0, sizeof(invoke));
	invoke.arg.session = session;
	invoke.arg.func = TEST_BENCH_CMD_NOP;
	invoke.arg.num_params = 4;
	for (unsigned int i = 0; i < WARM_UP + ROUNDS; i++) {
		if (i == WARM_UP)
			start = clock_ns();
		if (syscall(SYS_ioctl, tee, TEE_IOC_INVOKE, &buf) < 0 || invoke.arg.ret)
			goto out;
	}
	ns = (double)(clock_ns() - start) / ROUNDS;
out:
	if (tee >= 0)
		close(tee);
	return ns;
}
