/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A client that the shim does not see: what a program does with a TEE from open to
 * close, and the errors that it gets
 */
#include "raw_client.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "abi/dma_heap.h"
#include "abi/tee_result.h"
#include "hello_world_ta.h"
#include "shared_memory_ta.h"
#include "test_tas.h"

#define N_BLOCKED 64

static const TEEC_UUID hello = TA_HELLO_WORLD_UUID;
static const TEEC_UUID memory = TA_SHARED_MEMORY_UUID;
static const TEEC_UUID crash = TEST_TA_CRASH_UUID;

#define EXPECT(fd, cmd, arg, error) \
	do { \
		int got_ = raw_error(fd, cmd, arg); \
		RAW_CHECK(got_ == (error), "got %d, not %d", got_, (int)(error)); \
	} while (0)

/* --- nodes by their paths --- */

static void open_by(int dirfd, const char *path)
{
	int fd = raw_openat(dirfd, path, O_RDWR | O_CLOEXEC);
	struct tee_ioctl_version_data version;

	RAW_CHECK(fd >= 0, "open %s: %s", path, strerror(errno));
	RAW_CHECK(fcntl(fd, F_GETFD) == FD_CLOEXEC, "%s is not close-on-exec", path);
	EXPECT(fd, TEE_IOC_VERSION, &version, 0);
	close(fd);
}

static void nodes(void)
{
	int dev = raw_open("/dev", O_RDONLY | O_DIRECTORY), fd;
	struct stat st;

	RAW_CHECK(raw_stat("/dev/tee0", &st) == 0, "%s", strerror(errno));
	RAW_CHECK(S_ISCHR(st.st_mode), "mode %o", st.st_mode);
	RAW_CHECK(raw_access("/dev/tee0", R_OK | W_OK) == 0, "%s", strerror(errno));
	RAW_CHECK(raw_access("/dev/tee0", X_OK) < 0 && errno == EACCES, "executable");
	RAW_CHECK(raw_stat("/dev/tee9", &st) < 0 && errno == ENOENT, "%d", errno);
	RAW_CHECK(raw_open("/dev/tee9", O_RDWR) < 0 && errno == ENOENT, "%d", errno);
	RAW_CHECK(raw_open("/dev/tee00", O_RDWR) < 0 && errno == ENOENT, "%d", errno);
	RAW_CHECK(raw_open("/tmp/tee0", O_RDWR) < 0 && errno == ENOENT, "%d", errno);
	RAW_CHECK(raw_open("/dev/tee0", O_RDWR | O_DIRECTORY) < 0 && errno == ENOTDIR, "%d",
		  errno);
	RAW_CHECK(raw_open("/dev/tee0", O_RDWR | O_CREAT | O_EXCL) < 0 && errno == EEXIST, "%d",
		  errno);
	RAW_CHECK(raw_open((const char *)1, O_RDWR) < 0 && errno == EFAULT, "%d", errno);

	open_by(AT_FDCWD, "/dev/tee0");
	open_by(AT_FDCWD, "/dev/../dev/tee0");
	open_by(AT_FDCWD, "/proc/self/root/dev//tee0");
	open_by(dev, "tee0");
	open_by(dev, "./tee0");
	RAW_CHECK(chdir("/dev") == 0, "chdir");
	open_by(AT_FDCWD, "tee0");
	RAW_CHECK(chdir("/") == 0, "chdir");
	open_by(AT_FDCWD, "dev/tee0");
	fd = raw_open("/dev/tee0", O_RDONLY);
	RAW_CHECK(fd >= 0 && fcntl(fd, F_GETFD) == 0, "close-on-exec without having asked");
	close(fd);
	fd = raw_open("/dev/null", O_RDWR);
	RAW_CHECK(fd >= 0 && write(fd, "x", 1) == 1, "another device is not what it was");
	close(fd);
	close(dev);
}

/* --- calls --- */

static void *cancel_thread(void *data)
{
	const struct tee_ioctl_cancel_arg *target = data;
	int tee = (int)target->cancel_id;

	/* A cancel that comes before the call has no effect: so until it is over. */
	for (;;) {
		struct tee_ioctl_cancel_arg arg = { .session = target->session };

		if (raw_error(tee, TEE_IOC_CANCEL, &arg) != 0)
			return NULL;
		usleep(1000);
	}
}

static void cancel(int tee)
{
	uint32_t session = raw_session(tee, &crash);
	struct tee_ioctl_cancel_arg target = { .cancel_id = (uint32_t)tee, .session = session };
	struct raw_invoke invoke = { 0 };
	pthread_t thread;
	int r;

	invoke.params[0].attr = TEE_IOCTL_PARAM_ATTR_TYPE_VALUE_INPUT;
	invoke.params[0].a = 120000;
	invoke.params[0].b = 1;
	pthread_create(&thread, NULL, cancel_thread, &target);
	r = raw_invoke(tee, session, TEST_CRASH_CMD_WAIT, &invoke);
	RAW_CHECK(r == 0 && invoke.arg.ret == TEEC_ERROR_CANCEL, "%d, 0x%08x", r, invoke.arg.ret);
	raw_close_session(tee, session);
	pthread_join(thread, NULL);
}

static void values_and_memrefs(int tee)
{
	struct tee_ioctl_shm_alloc_data shm = { .size = 1 };
	struct raw_invoke invoke = { 0 };
	uint32_t session = raw_session(tee, &hello);
	uint64_t a = 41;
	uint8_t *va;
	int fd;

	RAW_CHECK(raw_invoke_value(tee, session, TA_HELLO_WORLD_CMD_INCREMENT, &a) == 0 && a == 42,
		  "a is %llu", (unsigned long long)a);
	raw_close_session(tee, session);

	fd = raw_error(tee, TEE_IOC_SHM_ALLOC, &shm);
	RAW_CHECK(fd >= 0 && shm.size == 4096 && shm.flags == 0 && shm.id >= 1, "fd %d", fd);
	RAW_CHECK(fcntl(fd, F_GETFD) == 0, "a shared memory descriptor is not close-on-exec");
	va = mmap(NULL, shm.size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	RAW_CHECK(va != MAP_FAILED, "%s", strerror(errno));
	close(fd);
	session = raw_session(tee, &memory);
	memset(va, 3, 1000);
	invoke.params[0] = (struct tee_ioctl_param){
		.attr = TEE_IOCTL_PARAM_ATTR_TYPE_MEMREF_INPUT, .b = 1000, .c = (uint32_t)shm.id };
	invoke.params[1].attr = TEE_IOCTL_PARAM_ATTR_TYPE_VALUE_OUTPUT;
	RAW_CHECK(raw_invoke(tee, session, TA_SHARED_MEMORY_CMD_SUM, &invoke) == 0 &&
		  invoke.arg.ret == 0 && invoke.params[1].a == 3000, "sum is %llu",
		  (unsigned long long)invoke.params[1].a);
	raw_close_session(tee, session);
	munmap(va, shm.size);
}

static void registered_memory(int tee)
{
	static uint8_t buf[100000];
	struct tee_ioctl_shm_register_data reg = { .addr = (uintptr_t)buf, .length = sizeof(buf) };
	uint32_t session = raw_session(tee, &memory);
	struct raw_invoke invoke = { 0 };
	int fd = raw_error(tee, TEE_IOC_SHM_REGISTER, &reg);
	struct tee_ioctl_version_data version;

	RAW_CHECK(fd >= 0, "%d", fd);
	EXPECT(fd, TEE_IOC_VERSION, &version, -ENOTTY);
	invoke.params[0] = (struct tee_ioctl_param){
		.attr = TEE_IOCTL_PARAM_ATTR_TYPE_MEMREF_OUTPUT, .b = sizeof(buf),
		.c = (uint32_t)reg.id };
	invoke.params[1] = (struct tee_ioctl_param){
		.attr = TEE_IOCTL_PARAM_ATTR_TYPE_VALUE_INPUT, .a = 7 };
	RAW_CHECK(raw_invoke(tee, session, TA_SHARED_MEMORY_CMD_FILL, &invoke) == 0 &&
		  invoke.arg.ret == 0, "0x%08x", invoke.arg.ret);
	RAW_CHECK(buf[0] == 7 && buf[sizeof(buf) - 1] == 7, "not filled");
	raw_close_session(tee, session);
	close(fd);
}

static void life(void)
{
	int tee = raw_tee();
	struct tee_ioctl_version_data version = { 0 };

	EXPECT(tee, TEE_IOC_VERSION, &version, 0);
	RAW_CHECK(version.impl_id == TEE_IMPL_ID_OPTEE, "%u", version.impl_id);
	values_and_memrefs(tee);
	registered_memory(tee);
	cancel(tee);
	close(tee);
}

/* --- rows of the facts --- */

static void limit_reached(int tee)
{
	struct tee_ioctl_shm_alloc_data shm = { .size = 4096 };
	struct rlimit saved, low;
	int lowest = dup(tee), id;

	close(lowest);
	getrlimit(RLIMIT_NOFILE, &saved);
	low = saved;
	low.rlim_cur = (rlim_t)lowest;
	setrlimit(RLIMIT_NOFILE, &low);
	EXPECT(tee, TEE_IOC_SHM_ALLOC, &shm, -EMFILE);
	RAW_CHECK(raw_open("/dev/tee0", O_RDWR) < 0 && errno == EMFILE, "%d", errno);
	setrlimit(RLIMIT_NOFILE, &saved);
	/* Freed: the lowest id is free again, as soon as its end was seen. */
	for (int i = 0; i < 5000; i++) {
		struct tee_ioctl_shm_alloc_data again = { .size = 4096 };

		close(raw_error(tee, TEE_IOC_SHM_ALLOC, &again));
		id = again.id;
		if (id <= shm.id)
			return;
		usleep(1000);
	}
	RAW_CHECK(0, "id %d is still in use", shm.id);
}

static void rows(void)
{
	int tee = raw_tee(), priv = raw_open("/dev/teepriv0", O_RDWR), more;
	struct tee_ioctl_version_data version = { 0 };
	struct tee_ioctl_shm_alloc_data shm = { .size = 4096, .flags = 1 };
	void *ro = mmap(NULL, 4096, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	EXPECT(tee, _IOR(TEE_IOC_MAGIC, 11, uint32_t), &version, -EINVAL);		/* N1 */
	EXPECT(tee, _IOR(TEE_IOC_MAGIC, 0, uint32_t[4]), &version, -EINVAL);		/* N2 */
	EXPECT(tee, _IOR(TEE_IOC_MAGIC, 1, struct tee_ioctl_shm_alloc_data), &shm, -EINVAL);
	EXPECT(tee, TEE_IOC_VERSION, NULL, -EFAULT);					/* N5 */
	EXPECT(tee, TEE_IOC_VERSION, ro, -EFAULT);					/* N6 */
	EXPECT(priv, TEE_IOC_VERSION, &version, 0);					/* N7 */
	RAW_CHECK(version.gen_caps & TEE_GEN_CAP_PRIVILEGED, "caps 0x%x", version.gen_caps);
	EXPECT(tee, TEE_IOC_VERSION, &version, 0);
	RAW_CHECK(!(version.gen_caps & TEE_GEN_CAP_PRIVILEGED), "caps 0x%x", version.gen_caps);
	more = raw_tee();								/* N8 */
	RAW_CHECK(more != tee, "one descriptor for two");
	close(more);
	RAW_CHECK(raw_open("/dev/teepriv0", O_RDWR) < 0 && errno == EBUSY, "%d", errno); /* N9 */
	close(priv);
	more = raw_open("/dev/tee0", O_RDONLY);						/* N13 */
	EXPECT(more, TEE_IOC_VERSION, &version, 0);
	close(more);
	EXPECT(tee, TEE_IOC_SHM_ALLOC, NULL, -EFAULT);					/* N14 */
	EXPECT(tee, TEE_IOC_SHM_ALLOC, &shm, -EINVAL);					/* N15 */
	EXPECT(tee, TEE_IOC_SHM_ALLOC, ro, -ENOMEM);	/* all zeros: size 0, N17 */
	limit_reached(tee);								/* N21 */
	EXPECT(STDIN_FILENO, TEE_IOC_VERSION, &version, -ENOTTY);
	EXPECT(12345, TEE_IOC_VERSION, &version, -EBADF);
	munmap(ro, 4096);
	close(tee);
}

/* --- heaps of protected memory --- */

static void heaps(void)
{
	int heap = raw_open("/dev/dma_heap/protected,secure-video", O_RDWR | O_CLOEXEC);
	struct dma_heap_allocation_data alloc = { .len = 5000, .fd_flags = O_RDWR | O_CLOEXEC };
	struct tee_ioctl_shm_register_fd_data reg = { 0 };
	struct stat st;
	int tee = raw_tee(), shm;

	RAW_CHECK(heap >= 0, "%s", strerror(errno));
	RAW_CHECK(raw_stat("/dev/dma_heap/protected,secure-video", &st) == 0 &&
		  S_ISCHR(st.st_mode), "mode %o", st.st_mode);
	RAW_CHECK(raw_open("/dev/dma_heap/protected,none", O_RDWR) < 0 && errno == ENOENT, "%d",
		  errno);
	EXPECT(heap, DMA_HEAP_IOCTL_ALLOC, &alloc, 0);
	RAW_CHECK(fcntl((int)alloc.fd, F_GETFD) == FD_CLOEXEC, "descriptor %u", alloc.fd);
	reg.fd = alloc.fd;
	shm = raw_error(tee, TEE_IOC_SHM_REGISTER_FD, &reg);
	RAW_CHECK(shm >= 0 && reg.size == 8192, "%d, size %llu", shm,
		  (unsigned long long)reg.size);
	close(shm);
	close((int)alloc.fd);
	alloc.fd = 3;
	EXPECT(heap, DMA_HEAP_IOCTL_ALLOC, &alloc, -EINVAL);				/* N142 */
	alloc = (struct dma_heap_allocation_data){ .fd_flags = O_RDWR };
	EXPECT(heap, DMA_HEAP_IOCTL_ALLOC, &alloc, -EINVAL);				/* N145 */
	EXPECT(heap, DMA_HEAP_IOCTL_ALLOC, NULL, -EFAULT);
	EXPECT(tee, DMA_HEAP_IOCTL_ALLOC, &alloc, -EINVAL);				/* N4 */
	close(heap);
	close(tee);
}

/* --- many at once --- */

static atomic_int tids[N_BLOCKED], n_ended;

static void *recv_thread(void *data)
{
	static atomic_int n;
	struct {
		uint32_t func, num_params;
		struct tee_ioctl_param params[5];
	} req = { .num_params = 5 };
	struct tee_ioctl_buf_data buf = { .buf_ptr = (uintptr_t)&req, .buf_len = sizeof(req) };
	int priv = *(int *)data;

	req.params[0].attr = TEE_IOCTL_PARAM_ATTR_META;
	atomic_store(&tids[atomic_fetch_add(&n, 1)], (int)syscall(SYS_gettid));
	EXPECT(priv, TEE_IOC_SUPPL_RECV, &buf, -EINTR);
	atomic_fetch_add(&n_ended, 1);
	return NULL;
}

static void on_signal(int sig)
{
}

static void many_blocked(void)
{
	const struct sigaction action = { .sa_handler = on_signal };
	int tee = raw_tee(), priv = raw_open("/dev/teepriv0", O_RDWR);
	struct tee_ioctl_version_data version;
	pthread_t threads[N_BLOCKED];

	sigaction(SIGUSR1, &action, NULL);
	for (int i = 0; i < N_BLOCKED; i++)
		RAW_CHECK(pthread_create(&threads[i], NULL, recv_thread, &priv) == 0, "thread");
	for (int i = 0; i < N_BLOCKED; i++) {
		while (!atomic_load(&tids[i]))
			usleep(1000);
		raw_wait_blocked(atomic_load(&tids[i]));
	}
	EXPECT(tee, TEE_IOC_VERSION, &version, 0);
	RAW_CHECK(atomic_load(&n_ended) == 0, "%d calls ended by themselves", n_ended);
	for (int i = 0; i < N_BLOCKED; i++)
		pthread_kill(threads[i], SIGUSR1);
	for (int i = 0; i < N_BLOCKED; i++)
		pthread_join(threads[i], NULL);
	RAW_CHECK(atomic_load(&n_ended) == N_BLOCKED, "%d", n_ended);
	close(priv);
	close(tee);
}

int main(int argc, char **argv)
{
	static const struct {
		const char *name;
		void (*run)(void);
	} tests[] = {
		{ "nodes", nodes }, { "life", life }, { "rows", rows }, { "heaps", heaps },
		{ "many_blocked", many_blocked },
	};

	for (size_t i = 0; i < sizeof(tests) / sizeof(tests[0]); i++) {
		if (argc < 2 || !strcmp(argv[1], tests[i].name)) {
			fprintf(stderr, "%s\n", tests[i].name);
			tests[i].run();
		}
	}
	return 0;
}
