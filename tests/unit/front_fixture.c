/* SPDX-License-Identifier: BSD-2-Clause */
/* The server's answers, and calls */
#include "front_fixture.h"

#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/uio.h>

#include <cmocka.h>

#include "abi/tee.h"
#include "base/futex.h"
#include "client/front/front.h"
#include "machine/lane/lane.h"

struct fake_front *fake;
_Atomic unsigned int last_n_windows;
_Atomic uint32_t blocked;
_Atomic int prepared_fd;
unsigned char *_Atomic poke_at;

static long serve_version(struct fake_call *call)
{
	struct tee_ioctl_version_data v = { .impl_id = 1, .gen_caps = 7 };

	v.impl_caps = (uint32_t)(call->node[strlen(call->node) - 1] - '0');
	return fake_write(call, call->arg, &v, sizeof(v));
}

/* By the kernel, as another process would: for sanitizers it is no data race. */
static void poke(void)
{
	unsigned char value = 0x5a;
	struct iovec from = { &value, 1 }, to = { poke_at, 1 };

	if (poke_at)
		(void)process_vm_writev(getpid(), &from, 1, &to, 1, 0);
}

/* Adds one to the session and leaves the rest of the buffer alone. */
static long serve_invoke(struct fake_call *call)
{
	struct tee_ioctl_buf_data buf;
	struct tee_ioctl_invoke_arg arg;
	int r = fake_read(call, &buf, call->arg, sizeof(buf));

	if (r == 0)
		r = fake_read(call, &arg, buf.buf_ptr, sizeof(arg));
	if (r < 0)
		return r;
	poke();
	arg.session++;
	return fake_write(call, buf.buf_ptr + offsetof(struct tee_ioctl_invoke_arg, session),
			  &arg.session, sizeof(arg.session));
}

static long serve_alloc(struct fake_call *call)
{
	struct tee_ioctl_shm_alloc_data data;

	if (fake_read(call, &data, call->arg, sizeof(data)) < 0)
		return -EFAULT;
	data.id = 17;
	if (fake_write(call, call->arg, &data, sizeof(data)) < 0)
		return -EFAULT;
	/* Made by the test, which shares its limits with us */
	call->reply_fd = prepared_fd;
	(void)ftruncate(prepared_fd, (off_t)data.size);
	return 0;
}

/* Blocks until a signal reaches the client or the lane ends. */
static long serve_blocking(struct fake_call *call)
{
	_Atomic uint32_t *park = lane_park_word(call->lane);

	atomic_fetch_add(&blocked, 1);
	for (;;) {
		uint32_t seen = atomic_load(park);

		if (lane_interrupted(call->lane) || lane_closed(call->lane))
			break;
		(void)futex_wait(park, seen, 100000000);
	}
	atomic_fetch_sub(&blocked, 1);
	return -512;
}

static long serve_close_session(struct fake_call *call)
{
	uint32_t session;

	if (fake_read(call, &session, call->arg, sizeof(session)) < 0)
		return -EFAULT;
	switch (session) {
	case SESSION_DIE:
		call->die = true;
		return 0;
	case SESSION_TOO_BIG:
		return 1L << 40;
	case SESSION_TOO_SMALL:
		return -5000;
	case SESSION_HOSTILE_DIRTY:
		memset(call->shared->data, 0xee, sizeof(call->shared->data));
		call->win[0].dirty_lo = 2;
		call->win[0].dirty_hi = 1u << 30;
		return 0;
	default:
		return -(long)session;
	}
}

static long serve(struct fake_call *call)
{
	atomic_store(&last_n_windows, call->n_windows);
	switch (call->cmd) {
	case TEE_IOC_VERSION:
		return serve_version(call);
	case TEE_IOC_INVOKE:
		return serve_invoke(call);
	case TEE_IOC_SHM_ALLOC:
		return serve_alloc(call);
	case TEE_IOC_CANCEL:
		return serve_blocking(call);
	case TEE_IOC_CLOSE_SESSION:
		return serve_close_session(call);
	default:
		return -EINVAL;
	}
}

/* --- in the client --- */

int open_node(const char *node)
{
	int fd = front_open(fake_front_dir(fake), node);

	assert_true(fd >= 0);
	return fd;
}

int version(int fd)
{
	struct tee_ioctl_version_data v = { 0 };
	int r = front_ioctl(fd, TEE_IOC_VERSION, (unsigned long)&v);

	return r < 0 ? r : (int)v.impl_caps;
}

int close_session(int fd, uint32_t session)
{
	struct tee_ioctl_close_session_arg arg = { session };

	return front_ioctl(fd, TEE_IOC_CLOSE_SESSION, (unsigned long)&arg);
}

int block(int fd)
{
	struct tee_ioctl_cancel_arg arg = { 0 };

	return front_ioctl(fd, TEE_IOC_CANCEL, (unsigned long)&arg);
}

int high_fds(int *fds, int max)
{
	int n = 0;

	for (int fd = 900; fd < 1024; fd++) {
		if (fcntl(fd, F_GETFD) >= 0 && n < max)
			fds[n++] = fd;
	}
	return n;
}

int front_setup(void **state)
{
	static const char *const nodes[] = { "tee0", "tee1", "teepriv0", NULL };
	struct rlimit limit = { 1024, 4096 };

	(void)setrlimit(RLIMIT_NOFILE, &limit);
	fake = fake_front_new(nodes, serve);
	poke_at = NULL;
	return 0;
}

int front_teardown(void **state)
{
	fake_front_free(fake);
	return 0;
}

bool stack_is_real(void)
{
	volatile char probe;
	uintptr_t frame = (uintptr_t)__builtin_frame_address(0), at = (uintptr_t)&probe;

	return at > frame - 65536 && at < frame + 65536;
}
