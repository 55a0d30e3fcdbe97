/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A client that does what no library does: it writes its arguments while they are
 * read, reopens and resizes what it was given, sends anything on its sockets and
 * leaves swteed without descriptors. It gets errors, or what it asked for; others,
 * and it afterwards, get what they always get.
 */
#include "fixture.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdatomic.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include "abi/front.h"
#include "abi/tee.h"
#include "hello_world_ta.h"
#include "test_tas.h"

static const TEEC_UUID hello = TA_HELLO_WORLD_UUID;

static int open_tee(void)
{
	int fd = open("/dev/tee0", O_RDWR | O_CLOEXEC);

	return fd < 0 ? -errno : fd;
}

static int alloc_shm(int tee, size_t size, int *ret_id)
{
	struct tee_ioctl_shm_alloc_data data = { .size = size };
	int fd = ioctl(tee, TEE_IOC_SHM_ALLOC, &data);

	if (ret_id)
		*ret_id = data.id;
	return fd < 0 ? -errno : fd;
}

/* --- no descriptors left --- */

static void *call_once(void *data)
{
	struct tee_ioctl_version_data version;

	return (void *)(intptr_t)(ioctl(*(int *)data, TEE_IOC_VERSION, &version) < 0 ? errno : 0);
}

static void check_no_descriptors(const struct instance *instance, int tee)
{
	enum { MANY = 200 };
	struct rlimit before, few = { 48, 48 };
	int fds[MANY], n = 0, fd;
	pthread_t thread;
	void *error;

	CHECK_EQ(prlimit(instance->swteed, RLIMIT_NOFILE, NULL, &before), 0);
	few.rlim_max = before.rlim_max;
	CHECK_EQ(prlimit(instance->swteed, RLIMIT_NOFILE, &few, NULL), 0);
	/* Each is refused, none waits; one that an earlier close freed may come between. */
	for (int refused = 0; refused < 100;) {
		fd = open_tee();
		CHECK(n < MANY && (fd >= 0 || fd == -ENFILE), "open %d: %d", n, fd);
		if (fd >= 0)
			fds[n++] = fd;
		else
			refused++;
	}
	fd = alloc_shm(tee, 4096, NULL);
	CHECK(fd == -ENOMEM || fd == -ENFILE, "SHM_ALLOC: %d", fd);
	CHECK_EQ(pthread_create(&thread, NULL, call_once, &tee), 0);
	CHECK_EQ(pthread_join(thread, &error), 0);
	CHECK_EQ((intptr_t)error, ENOMEM);
	while (n)
		close(fds[--n]);
	CHECK_EQ(prlimit(instance->swteed, RLIMIT_NOFILE, &before, NULL), 0);
	for (int i = 0; (fd = open_tee()) < 0 && i < 1000; i++)
		sleep_ms(10);
	CHECK(fd >= 0, "open afterwards: %s", strerror(-fd));
	close(fd);
}

/* --- arguments that change --- */

struct moving {
	int tee;
	uint32_t session;
	int id;
	atomic_bool stop;
	struct tee_ioctl_buf_data buf;
	union {
		struct tee_ioctl_invoke_arg arg;
		uint8_t room[sizeof(struct tee_ioctl_invoke_arg) +
			     9 * sizeof(struct tee_ioctl_param)];
	} call;
};

static void *move_arguments(void *data)
{
	static const uint64_t attrs[] = { 0, 1, 2, 3, 5, 6, 7, 8, 11, 14, 0x103, UINT64_MAX };
	struct moving *moving = data;
	unsigned int seed = 1;

	while (!atomic_load_explicit(&moving->stop, memory_order_relaxed)) {
		struct tee_ioctl_param *param = &moving->call.arg.params[rand_r(&seed) % 6];

		switch (rand_r(&seed) % 8) {
		case 0:
			__atomic_store_n(&param->attr, attrs[(unsigned int)rand_r(&seed) % 12],
					 __ATOMIC_RELAXED);
			break;
		case 1:
			__atomic_store_n(&param->a, (uint64_t)rand_r(&seed) << 20,
					 __ATOMIC_RELAXED);
			break;
		case 2:
			__atomic_store_n(&param->b, (uint64_t)rand_r(&seed), __ATOMIC_RELAXED);
			break;
		case 3:
			__atomic_store_n(&param->c, rand_r(&seed) % 2 ? (uint64_t)moving->id :
							(uint64_t)rand_r(&seed),
					 __ATOMIC_RELAXED);
			break;
		case 4:
			__atomic_store_n(&moving->call.arg.num_params,
					 (uint32_t)rand_r(&seed) % 9, __ATOMIC_RELAXED);
			break;
		case 5:
			__atomic_store_n(&moving->buf.buf_len,
					 24 + 32 * (uint64_t)(rand_r(&seed) % 9),
					 __ATOMIC_RELAXED);
			break;
		case 6:
			__atomic_store_n(&moving->call.arg.session,
					 rand_r(&seed) % 4 ? moving->session : 0,
					 __ATOMIC_RELAXED);
			break;
		default:
			__atomic_store_n(&moving->buf.buf_ptr,
					 rand_r(&seed) % 8 ? (uintptr_t)&moving->call : 0x1000,
					 __ATOMIC_RELAXED);
			break;
		}
	}
	return NULL;
}

static void call_while_moving(struct moving *moving)
{
	unsigned int n_done = 0, n_refused = 0;
	struct client client;
	pthread_t thread;
	uint32_t a, origin;
	int shm;

	client_open(&client, &hello);
	*moving = (struct moving){ .tee = client.ctx.imp.fd,
				   .session = client.session.imp.session_id,
				   .call.arg.func = TA_HELLO_WORLD_CMD_INCREMENT };
	shm = alloc_shm(moving->tee, 4096, &moving->id);
	CHECK(shm >= 0, "SHM_ALLOC: %s", strerror(-shm));
	CHECK_EQ(pthread_create(&thread, NULL, move_arguments, moving), 0);
	/* On one CPU either kind may be long in coming. */
	for (unsigned int i = 0; i < scaled(20000) || !n_done || !n_refused; i++) {
		if (ioctl(moving->tee, TEE_IOC_INVOKE, &moving->buf) == 0) {
			n_done++;
		} else {
			CHECK(errno == EINVAL || errno == EFAULT, "errno %d", errno);
			n_refused++;
		}
	}
	atomic_store(&moving->stop, true);
	pthread_join(thread, NULL);
	close(shm);
	CHECK_EQ(client_invoke(&client, TA_HELLO_WORLD_CMD_INCREMENT, 42, &a, &origin),
		 TEEC_SUCCESS);
	CHECK_EQ(a, 43);
	client_close(&client);
}

static void check_moving_arguments(void)
{
	static struct moving far;
#ifndef __SANITIZE_THREAD__
	/* On the stack the shim reads them: a race of our making, in our process. */
	struct moving near;

	call_while_moving(&near);
#endif
	call_while_moving(&far);
}

/* --- descriptors that are bent --- */

static int reopen(int fd, int flags)
{
	char path[64];

	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	fd = open(path, flags | O_CLOEXEC);
	return fd < 0 ? -errno : fd;
}

static void check_descriptors(int tee)
{
	for (unsigned int i = 0; i < scaled(200); i++) {
		int shm = alloc_shm(tee, 8192, NULL), again, ro;
		uint8_t *va;

		CHECK(shm >= 0, "SHM_ALLOC: %s", strerror(-shm));
		CHECK(ftruncate(shm, 0) < 0 && errno == EPERM, "truncated: %s", strerror(errno));
		CHECK(ftruncate(shm, 1 << 20) < 0 && errno == EPERM, "grown");
		CHECK(fcntl(shm, F_ADD_SEALS, F_SEAL_WRITE) < 0 && errno == EPERM, "sealed");
		CHECK(fallocate(shm, 0, 0, 1 << 20) < 0, "grown by fallocate");
		again = reopen(shm, O_RDWR);
		ro = reopen(shm, O_RDONLY);
		CHECK(again >= 0 && ro >= 0, "reopen");
		/* A hole reads as zeroes again, to the TEE as well; nobody crashes. */
		CHECK_EQ(fallocate(shm, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, 0, 4096), 0);
		va = mmap(NULL, 8192, PROT_READ | PROT_WRITE, MAP_SHARED, shm, 0);
		CHECK(va != MAP_FAILED, "mmap: %s", strerror(errno));
		va[0] = 1;
		switch (i % 3) {
		case 0:
			close(shm);
			close(again);
			munmap(va, 8192);
			break;
		case 1:
			munmap(va, 8192);
			close(again);
			close(shm);
			break;
		default:
			close(again);
			close(shm);
			munmap(va, 8192);
			break;
		}
		close(ro);
	}
}

/* More buffers than the queue of one inotify instance could tell the end of */
static void check_many_buffers(int tee)
{
	enum { MANY = 9000 };
	struct rlimit limit;
	static int fds[MANY];
	int n;

	CHECK_EQ(getrlimit(RLIMIT_NOFILE, &limit), 0);
	limit.rlim_cur = limit.rlim_max;
	CHECK_EQ(setrlimit(RLIMIT_NOFILE, &limit), 0);
	for (n = 0; n < MANY; n++) {
		fds[n] = alloc_shm(tee, 4096, NULL);
		if (fds[n] < 0)
			break;
	}
	CHECK(n == MANY || fds[n] == -EMFILE || fds[n] == -ENOMEM, "buffer %d: %s", n,
	      strerror(-fds[n]));
	while (n)
		close(fds[--n]);
}

/* --- sockets --- */

static void send_anything(int sock, unsigned int *seed)
{
	uint8_t bytes[64];
	struct iovec iov = { bytes, (size_t)rand_r(seed) % sizeof(bytes) };
	union {
		char buf[CMSG_SPACE(sizeof(int) * 4)];
		struct cmsghdr align;
	} control;
	struct msghdr msg = { .msg_iov = &iov, .msg_iovlen = 1 };
	int n = rand_r(seed) % 5, null = open("/dev/null", O_RDWR | O_CLOEXEC);

	for (size_t i = 0; i < sizeof(bytes); i++)
		bytes[i] = (uint8_t)rand_r(seed);
	/* Sometimes the beginning of something */
	if (rand_r(seed) % 2)
		memcpy(bytes, &(struct front_msg){ .type = (uint32_t)rand_r(seed) % 4 },
		       sizeof(struct front_msg));
	if (rand_r(seed) % 2)
		iov.iov_len = sizeof(struct front_msg);
	if (n) {
		struct cmsghdr *c;

		msg.msg_control = control.buf;
		msg.msg_controllen = CMSG_SPACE(sizeof(int) * (size_t)n);
		c = CMSG_FIRSTHDR(&msg);
		c->cmsg_level = SOL_SOCKET;
		c->cmsg_type = SCM_RIGHTS;
		c->cmsg_len = CMSG_LEN(sizeof(int) * (size_t)n);
		for (int i = 0; i < n; i++)
			memcpy(CMSG_DATA(c) + (size_t)i * sizeof(int), &null, sizeof(null));
	}
	(void)sendmsg(sock, &msg, MSG_DONTWAIT | MSG_NOSIGNAL);
	close(null);
}

static void check_sockets(void)
{
	unsigned int seed = 3;

	for (unsigned int i = 0; i < scaled(60); i++) {
		int tee = open_tee();

		CHECK(tee >= 0, "open: %s", strerror(-tee));
		for (int j = 0; j < 40; j++)
			send_anything(tee, &seed);
		close(tee);
	}
}

int main(void)
{
	struct instance instance, after;
	struct counts before;
	int tee;

	instance_find(&instance);
	tee = open_tee();
	CHECK(tee >= 0, "%s", strerror(-tee));
	check_descriptors(tee);
	check_many_buffers(tee);
	instance_warm_up(&instance);
	counts_take(&instance, &before);
	check_descriptors(tee);
	check_many_buffers(tee);
	check_sockets();
	check_moving_arguments();
	check_no_descriptors(&instance, tee);
	counts_settle(&instance, &before);
	instance_find(&after);
	CHECK(instance.swteed == after.swteed && instance.world == after.world,
	      "something was started again");
	close(tee);
	return 0;
}
