/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * /dev/qtee and /dev/qtee-ree: descriptors as capabilities, with real processes.
 * Defects of the earlier driver (QTEE facts, section 8) carry their id.
 */
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "abi/qtee_rfc.h"
#include "abi/tee.h"
#include "fixture.h"

#define DIAGNOSTICS 143u
#define N_THREADS 64
#define CBOR_SIZE 17

static int root;

struct invoke {
	struct qcom_tee_object_invoke_arg arg;
	struct qcom_tee_param params[15];
};

struct request {
	struct qcom_tee_cb_arg arg;
	struct qcom_tee_param params[15];
	uint8_t room[4096];
};

static long do_ioctl(int fd, unsigned int cmd, void *buf, size_t size)
{
	struct qcom_tee_ioctl_data data = { (uintptr_t)buf, size };

	return ioctl(fd, cmd, &data) < 0 ? -errno : 0;
}

static long invoke(int fd, struct invoke *inv)
{
	return do_ioctl(fd, QCOM_TEE_IOCTL_INVOKE, inv, sizeof(*inv));
}

static struct qcom_tee_param oo(void)
{
	return (struct qcom_tee_param){ .attr = QCOM_TEE_OBJECT };
}

static struct qcom_tee_param io(int host, uint64_t id)
{
	return (struct qcom_tee_param){ .attr = QCOM_TEE_OBJECT, .direction = 1,
					.object = { id, host } };
}

static struct qcom_tee_param buffer(uint32_t direction, void *addr, size_t len)
{
	return (struct qcom_tee_param){ .direction = direction,
					.buffer = { (uintptr_t)addr, len } };
}

static size_t count_fds(void)
{
	size_t n = 0;

	for (int fd = 0; fd < 2048; fd++)
		n += fcntl(fd, F_GETFD) >= 0;
	return n;
}

/* --- credentials --- */

static void answer(struct request *req)
{
	static const uint8_t cbor[CBOR_SIZE] = { 0xa2, 1, 0x1a, 0, 0, 0, 0, 6, 0x1b };
	uint64_t value = CBOR_SIZE;

	if (req->arg.op == 0) {
		memcpy((void *)(uintptr_t)req->params[0].buffer.addr, &value, 8);
		return;
	}
	memcpy(&value, (void *)(uintptr_t)req->params[0].buffer.addr, 8);
	req->params[1].buffer.addr = (uintptr_t)cbor + value;
	if (req->params[1].buffer.len > CBOR_SIZE - value)
		req->params[1].buffer.len = CBOR_SIZE - value;
}

static void *serve(void *data)
{
	struct request req;

	while (do_ioctl(*(int *)data, QCOM_TEE_IOCTL_RECEIVE, &req, sizeof(req)) == 0 &&
	       req.arg.op != QCOM_TEE_OBJECT_OP_RELEASE) {
		answer(&req);
		CHECK_EQ(do_ioctl(*(int *)data, QCOM_TEE_IOCTL_REPLY, &req, sizeof(req)), 0);
	}
	return NULL;
}

static int open_server(void)
{
	int fd = open("/dev/qtee-ree", O_RDWR | O_CLOEXEC);

	CHECK(fd >= 0, "%s", strerror(errno));
	return fd;
}

static int get_env(void)
{
	struct invoke inv = { .arg = { .op = 2, .num_params = 2 } };
	int server = open_server();
	pthread_t thread;

	inv.params[0] = io(server, 1);
	inv.params[1] = oo();
	CHECK_EQ(pthread_create(&thread, NULL, serve, &server), 0);
	CHECK_EQ(invoke(root, &inv), 0);
	CHECK_EQ(inv.arg.result, 0);
	pthread_join(thread, NULL);
	close(server);
	return (int)inv.params[1].object.id;
}

static long try_service(int env, int *ret_fd)
{
	uint32_t uid = DIAGNOSTICS;
	struct invoke inv = { .arg = { .num_params = 2 } };
	long r;

	inv.params[0] = buffer(1, &uid, sizeof(uid));
	inv.params[1] = oo();
	r = invoke(env, &inv);
	*ret_fd = (int)inv.params[1].object.id;
	return r ? r : inv.arg.result;
}

static int get_service(int env)
{
	int fd;

	CHECK_EQ(try_service(env, &fd), 0);
	return fd;
}

static long use_service(int service)
{
	uint32_t info[6];
	struct invoke inv = { .arg = { .num_params = 1 } };
	long r;

	inv.params[0] = buffer(0, info, sizeof(info));
	r = invoke(service, &inv);
	return r ? r : inv.arg.result;
}

/* --- tests --- */

static void test_nodes(int service)
{
	struct stat by_path, by_fd;

	CHECK_EQ(stat("/dev/qtee", &by_path), 0);
	CHECK(S_ISCHR(by_path.st_mode), "/dev/qtee is no device");
	CHECK_EQ(fstat(root, &by_fd), 0);
	CHECK_EQ(by_fd.st_rdev, by_path.st_rdev);
	CHECK_EQ(stat("/dev/qtee-ree", &by_fd), 0);
	CHECK(by_fd.st_rdev != by_path.st_rdev, "both nodes are one device");
	CHECK_EQ(fstat(service, &by_fd), 0);
	CHECK(!S_ISSOCK(by_fd.st_mode), "an object looks like a socket");
	CHECK_EQ(ioctl(service, 0x5401 /* TCGETS */, &by_fd), -1);
	CHECK_EQ(errno, EINVAL);
	CHECK_EQ(open("/dev/qtee-x", O_RDWR), -1);
	CHECK_EQ(errno, ENOENT);
}

/* qtee D-53: nothing of it is inherited over exec */
static void test_exec(int service)
{
	char path[32];
	int status;
	pid_t pid;

	CHECK(fcntl(service, F_GETFD) & FD_CLOEXEC, "an object is not close-on-exec");
	snprintf(path, sizeof(path), "/proc/self/fd/%d", service);
	pid = fork();
	if (pid == 0) {
		execl("/usr/bin/test", "test", "!", "-e", path, (char *)NULL);
		_exit(127);
	}
	CHECK(waitpid(pid, &status, 0) == pid, "%s", strerror(errno));
	CHECK_EQ(status, 0);
}

/* A child that goes on with what its parent had, which closes it meanwhile */
static void test_inherited(int env)
{
	int service = get_service(env), copy = dup(service), status;
	pid_t pid = fork();

	if (pid == 0) {
		for (int i = 0; i < 20; i++)
			CHECK_EQ(use_service(service), 0);
		_exit(0);
	}
	close(service);
	CHECK_EQ(use_service(copy), 0);
	close(copy);
	CHECK(waitpid(pid, &status, 0) == pid, "%s", strerror(errno));
	CHECK_EQ(status, 0);
	CHECK_EQ(use_service(copy), -EBADF);
}

/* qtee D-54: no number is free */
static void test_full_table(int env)
{
	struct rlimit limit, full;
	size_t before = count_fds();
	int fd;

	CHECK_EQ(getrlimit(RLIMIT_NOFILE, &limit), 0);
	full = limit;
	full.rlim_cur = 3;
	while (fcntl((int)full.rlim_cur, F_GETFD) >= 0)
		full.rlim_cur++;
	CHECK_EQ(setrlimit(RLIMIT_NOFILE, &full), 0);
	for (int i = 0; i < 10; i++)
		CHECK_EQ(try_service(env, &fd), -EMFILE);
	CHECK_EQ(open("/dev/qtee", O_RDWR), -1);
	CHECK_EQ(errno, EMFILE);
	CHECK_EQ(setrlimit(RLIMIT_NOFILE, &limit), 0);
	CHECK_EQ(count_fds(), before);
	close(get_service(env));
	CHECK_EQ(count_fds(), before);
}

/* Is @fd memory for the QTEE? As credentials it is useless, which is a result. */
static long try_memory(int fd, int32_t *result)
{
	struct invoke inv = { .arg = { .op = 2, .num_params = 2 } };
	long r;

	inv.params[0] = io(QCOM_TEE_MEMORY_OBJECT, (uint64_t)fd);
	inv.params[1] = oo();
	r = invoke(root, &inv);
	*result = inv.arg.result;
	return r;
}

static int open_tee(void)
{
	struct tee_ioctl_version_data version;
	char path[16];

	for (int i = 0; i < 8; i++) {
		int fd;

		snprintf(path, sizeof(path), "/dev/tee%d", i);
		fd = open(path, O_RDWR | O_CLOEXEC);
		if (fd >= 0 && !ioctl(fd, TEE_IOC_VERSION, &version) &&
		    version.impl_id == TEE_IMPL_ID_QTEE)
			return fd;
		close(fd);
	}
	CHECK(false, "there is no QTEE");
	return -1;
}

/* qtee D-44: and nothing that is not open for writing */
static void test_memory(void)
{
	struct tee_ioctl_shm_alloc_data alloc = { .size = 4096 };
	int tee = open_tee(), mem, read_only, strange = memfd_create("strange", MFD_CLOEXEC);
	size_t before = count_fds();
	int32_t result = 0;
	char path[32];

	mem = ioctl(tee, TEE_IOC_SHM_ALLOC, &alloc);
	CHECK(mem >= 0, "%s", strerror(errno));
	CHECK_EQ(try_memory(mem, &result), 0);
	CHECK(result != 0, "memory is taken for credentials");
	snprintf(path, sizeof(path), "/proc/self/fd/%d", mem);
	read_only = open(path, O_RDONLY | O_CLOEXEC);
	CHECK(read_only >= 0, "%s", strerror(errno));
	CHECK_EQ(try_memory(read_only, &result), -EACCES);
	CHECK_EQ(ftruncate(strange, 4096), 0);
	CHECK_EQ(try_memory(strange, &result), -EINVAL);
	CHECK_EQ(try_memory(root, &result), -EINVAL);
	CHECK_EQ(try_memory(STDIN_FILENO, &result), -EINVAL);
	CHECK_EQ(try_memory(1999, &result), -EBADF);
	close(read_only);
	close(mem);
	CHECK_EQ(count_fds(), before);
	close(strange);
	close(tee);
}

struct registration {
	int server;
	struct invoke inv;
	long r;
};

static void *do_register(void *data)
{
	struct registration *reg = data;

	reg->inv = (struct invoke){ .arg = { .op = 2, .num_params = 2 } };
	reg->inv.params[0] = io(reg->server, 1);
	reg->inv.params[1] = oo();
	reg->r = invoke(root, &reg->inv);
	return NULL;
}

/* qtee D-75: a server is killed, with a request that it has, or that it has not */
static void test_server_killed(bool received)
{
	struct registration reg = { .server = open_server() };
	int told[2], status;
	pthread_t thread;
	char byte;
	pid_t pid;

	CHECK_EQ(pipe(told), 0);
	pid = fork();
	if (pid == 0) {
		struct request req;

		if (received)
			CHECK_EQ(do_ioctl(reg.server, QCOM_TEE_IOCTL_RECEIVE, &req,
					  sizeof(req)), 0);
		CHECK_EQ(write(told[1], "", 1), 1);
		for (;;)
			pause();
	}
	CHECK_EQ(pthread_create(&thread, NULL, do_register, &reg), 0);
	CHECK_EQ(read(told[0], &byte, 1), 1);
	if (!received)
		usleep(50000);
	close(reg.server);
	CHECK_EQ(kill(pid, SIGKILL), 0);
	pthread_join(thread, NULL);
	/* Unless it was closed before the call began */
	CHECK(reg.r == 0 || (!received && reg.r == -EBADF), "%ld", reg.r);
	CHECK(reg.r || reg.inv.arg.result, "a dead server gave credentials");
	CHECK(waitpid(pid, &status, 0) == pid, "%s", strerror(errno));
	close(told[0]);
	close(told[1]);
}

/* qtee D-63: a client is killed while it waits; its request is over */
static void test_client_killed(void)
{
	struct registration reg = { .server = open_server() };
	struct request req, notice;
	int status;
	pid_t pid = fork();

	if (pid == 0) {
		do_register(&reg);
		_exit(0);
	}
	CHECK_EQ(do_ioctl(reg.server, QCOM_TEE_IOCTL_RECEIVE, &req, sizeof(req)), 0);
	CHECK_EQ(kill(pid, SIGKILL), 0);
	CHECK(waitpid(pid, &status, 0) == pid, "%s", strerror(errno));
	CHECK_EQ(do_ioctl(reg.server, QCOM_TEE_IOCTL_RECEIVE, &notice, sizeof(notice)), 0);
	CHECK_EQ(notice.arg.op, QCOM_TEE_OBJECT_OP_RELEASE);
	answer(&req);
	CHECK_EQ(do_ioctl(reg.server, QCOM_TEE_IOCTL_REPLY, &req, sizeof(req)), -EINVAL);
	close(reg.server);
}

static void *hammer(void *data)
{
	int env = *(int *)data;

	for (unsigned int i = 0; i < scaled(20); i++) {
		int service = get_service(env);

		CHECK_EQ(use_service(service), 0);
		close(service);
	}
	return NULL;
}

static void test_threads(int env)
{
	size_t before = count_fds();
	pthread_t threads[N_THREADS];

	for (int i = 0; i < N_THREADS; i++)
		CHECK_EQ(pthread_create(&threads[i], NULL, hammer, &env), 0);
	for (int i = 0; i < N_THREADS; i++)
		pthread_join(threads[i], NULL);
	/* Lanes' sockets end with their threads, a moment later at most. */
	for (int i = 0; i < 1000 && count_fds() != before; i++)
		usleep(10000);
	CHECK_EQ(count_fds(), before);
}

int main(void)
{
	int env, service;

	root = open("/dev/qtee", O_RDWR | O_CLOEXEC);
	CHECK(root >= 0, "/dev/qtee: %s", strerror(errno));
	env = get_env();
	service = get_service(env);
	CHECK_EQ(use_service(service), 0);
	test_nodes(service);
	test_exec(service);
	test_inherited(env);
	test_full_table(env);
	test_memory();
	test_threads(env);
	test_server_killed(false);
	test_server_killed(true);
	test_client_killed();
	/* All the same afterwards */
	CHECK_EQ(use_service(service), 0);
	close(env);
	CHECK_EQ(use_service(service), 0);
	close(service);
	return 0;
}
