/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Protected memory through the nodes: heaps, dma-bufs as files, SHM_REGISTER_FD, a TA
 * that works on what the client cannot read, and that nothing is left of any of it
 */
#include "fixture.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <test_tas.h>

#include "abi/dma_heap.h"
#include "abi/tee.h"
#include "base/fdsock.h"

#define PAGE 4096
#define VIDEO "/dev/dma_heap/protected,secure-video"
#define UI "/dev/dma_heap/protected,trusted-ui"
#define RECORD "/dev/dma_heap/protected,secure-video-record"
/* What the default configuration gives to each: parts of 64 MiB */
#define VIDEO_SIZE (32u << 20)
#define UI_SIZE (16u << 20)

#define R_BAD_PARAMETERS 0xffff0006u

/* -1 with errno, as ioctl(2) */
#define CHECK_ERRNO(call, error) \
	do { \
		errno = 0; \
		CHECK_EQ(call, -1); \
		CHECK_EQ(errno, error); \
	} while (0)

static int must_open(const char *path)
{
	int fd = open(path, O_RDWR | O_CLOEXEC);

	CHECK(fd >= 0, "%s: %s", path, strerror(errno));
	return fd;
}

static int try_alloc(int heap, uint64_t len, uint32_t flags)
{
	struct dma_heap_allocation_data data = { .len = len, .fd_flags = flags };

	return ioctl(heap, DMA_HEAP_IOCTL_ALLOC, &data) < 0 ? -1 : (int)data.fd;
}

static int must_alloc(int heap, uint64_t len)
{
	int fd = try_alloc(heap, len, O_RDWR | O_CLOEXEC);

	CHECK(fd > 2, "DMA_HEAP_IOCTL_ALLOC: %d, %s", fd, strerror(errno));
	return fd;
}

/* The release is not part of close(2) here: it comes right after it. */
static int alloc_soon(int heap, uint64_t len)
{
	int fd = -1;

	for (int i = 0; i < 250 && fd < 0; i++) {
		fd = try_alloc(heap, len, O_CLOEXEC);
		if (fd < 0)
			sleep_ms(20);
	}
	CHECK(fd >= 0, "the memory did not come back: %s", strerror(errno));
	return fd;
}

static int import(int tee, int64_t fd, struct tee_ioctl_shm_register_fd_data *data)
{
	*data = (struct tee_ioctl_shm_register_fd_data){ .fd = fd };
	return ioctl(tee, TEE_IOC_SHM_REGISTER_FD, data);
}

static uint32_t open_session(int tee, const char *uuid)
{
	struct tee_ioctl_open_session_arg arg = { 0 };
	struct tee_ioctl_buf_data data = { (uintptr_t)&arg, sizeof(arg) };

	for (size_t i = 0; i < sizeof(arg.uuid); uuid += uuid[2] == '-' ? 3 : 2)
		sscanf(uuid, "%2hhx", &arg.uuid[i++]);
	CHECK_EQ(ioctl(tee, TEE_IOC_OPEN_SESSION, &data), 0);
	CHECK_EQ(arg.ret, 0);
	return arg.session;
}

struct add {
	uint64_t offs, size;
	int id;
	uint8_t value;
	uint32_t sum;
};

/* The TEE's verdict, or the errno as a negative number */
static long long add(int tee, uint32_t session, struct add *add)
{
	union {
		struct tee_ioctl_invoke_arg arg;
		uint8_t room[sizeof(struct tee_ioctl_invoke_arg) +
			     4 * sizeof(struct tee_ioctl_param)];
	} invoke = { .arg = { .func = TEST_PROTECTED_CMD_ADD, .session = session,
			      .num_params = 4 } };
	struct tee_ioctl_buf_data data = { (uintptr_t)&invoke, sizeof(invoke) };
	struct tee_ioctl_param *params = invoke.arg.params;

	memset(params, 0, 4 * sizeof(*params));
	params[0] = (struct tee_ioctl_param){ TEE_IOCTL_PARAM_ATTR_TYPE_MEMREF_INOUT, add->offs,
					      add->size, (uint64_t)add->id };
	params[1] = (struct tee_ioctl_param){ TEE_IOCTL_PARAM_ATTR_TYPE_VALUE_INOUT, add->value };
	if (ioctl(tee, TEE_IOC_INVOKE, &data) < 0)
		return -errno;
	add->sum = (uint32_t)params[1].b;
	return invoke.arg.ret;
}

/* Adds to all of it; the bytes were @sum before. */
static void check_add(int tee, uint32_t session, int id, uint64_t size, uint8_t value,
		      uint32_t sum)
{
	struct add a = { .size = size, .id = id, .value = value };

	CHECK_EQ(add(tee, session, &a), 0);
	CHECK_EQ(a.sum, sum);
}

/* --- nodes and the allocation, rows 142 to 146 --- */

static void check_nodes(void)
{
	static const char *const names[] = { VIDEO, UI, RECORD };
	struct stat st, fst;
	int fd, dir;

	for (size_t i = 0; i < 3; i++) {
		CHECK_EQ(stat(names[i], &st), 0);
		CHECK(S_ISCHR(st.st_mode), "%s has mode %o", names[i], st.st_mode);
		CHECK_EQ(access(names[i], R_OK | W_OK), 0);
		fd = must_open(names[i]);
		CHECK_EQ(fstat(fd, &fst), 0);
		CHECK_EQ(st.st_rdev, fst.st_rdev);
		CHECK_ERRNO(ioctl(fd, TEE_IOC_VERSION, &st), EINVAL);
		CHECK_ERRNO(ioctl(fd, _IO('H', 7), &st), EINVAL);
		CHECK_ERRNO(ioctl(fd, _IO('T', 1), &st), EINVAL);
		close(fd);
	}
	CHECK_ERRNO(open("/dev/dma_heap/protected,no-such-use", O_RDWR), ENOENT);
	dir = open("/dev", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	fd = openat(dir, "dma_heap/protected,trusted-ui", O_RDONLY | O_CLOEXEC);
	CHECK(fd >= 0, "openat: %s", strerror(errno));
	close(fd);
	close(dir);
	/* A TEE knows no allocation, and a heap nothing else. */
	fd = must_open("/dev/tee0");
	CHECK_ERRNO(try_alloc(fd, PAGE, 0), EINVAL);
	close(fd);
}

static void check_alloc(void)
{
	struct dma_heap_allocation_data data = { .len = PAGE, .fd = 3 };
	int heap = must_open(VIDEO), fd;

	CHECK_ERRNO(ioctl(heap, DMA_HEAP_IOCTL_ALLOC, &data), EINVAL);	/* N142 */
	CHECK_ERRNO(try_alloc(heap, PAGE, O_NONBLOCK), EINVAL);		/* N143 */
	data = (struct dma_heap_allocation_data){ .len = PAGE, .heap_flags = 1 };
	CHECK_ERRNO(ioctl(heap, DMA_HEAP_IOCTL_ALLOC, &data), EINVAL);	/* N144 */
	CHECK_ERRNO(try_alloc(heap, 0, 0), EINVAL);			/* N145 */
	CHECK_ERRNO(try_alloc(heap, UINT64_MAX, 0), EINVAL);
	CHECK_ERRNO(try_alloc(heap, VIDEO_SIZE + 1, 0), ENOMEM);	/* N146 */
	CHECK_ERRNO(ioctl(heap, DMA_HEAP_IOCTL_ALLOC, NULL), EFAULT);

	fd = must_alloc(heap, VIDEO_SIZE);
	CHECK_ERRNO(try_alloc(heap, 1, 0), ENOMEM);
	CHECK(fcntl(fd, F_GETFD) & FD_CLOEXEC, "O_CLOEXEC was asked for");
	close(fd);
	fd = alloc_soon(heap, VIDEO_SIZE);
	close(fd);
	fd = alloc_soon(heap, 1);
	close(fd);
	fd = try_alloc(heap, 1, 0);
	CHECK_EQ(fcntl(fd, F_GETFD), 0);
	close(fd);

	/* The argument need not be on the stack. */
	struct dma_heap_allocation_data *far = calloc(1, sizeof(*far));

	far->len = 1;
	CHECK_EQ(ioctl(heap, DMA_HEAP_IOCTL_ALLOC, far), 0);
	CHECK_EQ(lseek((int)far->fd, 0, SEEK_END), PAGE);
	close((int)far->fd);
	free(far);
	close(heap);
}

/* --- the descriptor of a dma-buf, row 148 --- */

static void check_descriptor(void)
{
	int heap = must_open(UI), fd = must_alloc(heap, 3 * PAGE - 1);
	struct dma_buf_sync sync = { .flags = DMA_BUF_SYNC_START | DMA_BUF_SYNC_RW };
	struct stat st;
	char byte;

	CHECK_EQ(lseek(fd, 0, SEEK_END), 3 * PAGE);
	CHECK_EQ(lseek(fd, 0, SEEK_SET), 0);
	CHECK_ERRNO(lseek(fd, 1, SEEK_SET), EINVAL);
	CHECK_ERRNO(lseek(fd, 0, SEEK_CUR), EINVAL);
	CHECK_EQ(fstat(fd, &st), 0);
	CHECK(S_ISREG(st.st_mode), "mode %o", st.st_mode);
	CHECK_EQ(st.st_size, 3 * PAGE);
	errno = 0;
	CHECK(mmap(NULL, PAGE, PROT_READ, MAP_SHARED, fd, 0) == MAP_FAILED, "it was mapped");
	CHECK_EQ(errno, EINVAL);					/* N148 */
	CHECK(mmap(NULL, PAGE, PROT_WRITE, MAP_PRIVATE, fd, 0) == MAP_FAILED, "it was mapped");
	CHECK_EQ(errno, EINVAL);
	CHECK(read(fd, &byte, 1) <= 0, "it was read");
	CHECK_EQ(ioctl(fd, DMA_BUF_IOCTL_SYNC, &sync), 0);
	sync.flags |= DMA_BUF_SYNC_END;
	CHECK_EQ(ioctl(fd, DMA_BUF_IOCTL_SYNC, &sync), 0);
	sync.flags = DMA_BUF_SYNC_END;
	CHECK_ERRNO(ioctl(fd, DMA_BUF_IOCTL_SYNC, &sync), EINVAL);
	sync.flags = 8 | DMA_BUF_SYNC_READ;
	CHECK_ERRNO(ioctl(fd, DMA_BUF_IOCTL_SYNC, &sync), EINVAL);
	CHECK_ERRNO(ioctl(fd, DMA_BUF_IOCTL_SYNC, (void *)8), EFAULT);
	CHECK_ERRNO(ioctl(fd, _IO('b', 99), &sync), ENOTTY);
	close(fd);
	close(heap);
}

/* --- SHM_REGISTER_FD, rows 33 to 41 --- */

static void check_register(void)
{
	int heap = must_open(VIDEO), tee = must_open("/dev/tee0"), fd = must_alloc(heap, PAGE);
	struct tee_ioctl_shm_alloc_data alloc = { .size = PAGE };
	struct tee_ioctl_shm_register_fd_data data;
	int pair[2], file, shm;

	CHECK_ERRNO(import(tee, -1, &data), EINVAL);
	CHECK_ERRNO(import(tee, 999, &data), EINVAL);
	file = must_open("/dev/null");
	CHECK_ERRNO(import(tee, file, &data), EINVAL);
	close(file);
	file = memfd_create("x", MFD_CLOEXEC);
	CHECK_ERRNO(import(tee, file, &data), EINVAL);
	close(file);
	CHECK_ERRNO(import(tee, tee, &data), EINVAL);
	CHECK_ERRNO(import(tee, heap, &data), EINVAL);
	/* A socket of our own, such as the one that a dma-buf is */
	CHECK_EQ(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair), 0);
	CHECK_ERRNO(import(tee, pair[0], &data), EINVAL);
	close(pair[0]);
	close(pair[1]);
	shm = ioctl(tee, TEE_IOC_SHM_ALLOC, &alloc);
	CHECK_ERRNO(import(tee, shm, &data), EINVAL);
	close(shm);
	data = (struct tee_ioctl_shm_register_fd_data){ .fd = fd, .flags = 1 };
	CHECK_ERRNO(ioctl(tee, TEE_IOC_SHM_REGISTER_FD, &data), EINVAL);

	shm = import(tee, fd, &data);
	CHECK(shm >= 0, "SHM_REGISTER_FD: %s", strerror(errno));
	CHECK_EQ(data.flags, 0x10);
	CHECK_EQ(data.size, PAGE);
	CHECK_EQ(data.fd, fd);
	errno = 0;
	CHECK(mmap(NULL, PAGE, PROT_READ, MAP_SHARED, shm, 0) == MAP_FAILED, "it was mapped");
	CHECK_EQ(errno, EINVAL);					/* N41 */
	/* That of the shm itself is none to be registered. */
	CHECK_ERRNO(import(tee, shm, &data), EINVAL);
	close(shm);
	close(fd);
	close(heap);
	close(tee);
}

/* --- a TA and what it alone can see --- */

/* Row 39: the dma-buf's descriptor goes first, then the TA works on the buffer. */
static void check_ta(void)
{
	const uint64_t size = 5 * PAGE + 1;
	int heap = must_open(VIDEO), tee = must_open("/dev/tee0"), fd = must_alloc(heap, size);
	uint32_t session = open_session(tee, TEST_TA_PROTECTED_UUID_STRING);
	uint32_t plain = open_session(tee, TEST_TA_COUNTER_UUID_STRING);
	struct tee_ioctl_shm_register_fd_data data;
	struct add a;
	int shm = import(tee, fd, &data);
	uint32_t base;

	CHECK(shm >= 0, "SHM_REGISTER_FD: %s", strerror(errno));
	close(fd);							/* N39 */
	CHECK_EQ(data.size, 6 * PAGE);

	/* What an earlier buffer left there is no business of ours. */
	a = (struct add){ .size = size, .id = data.id };
	CHECK_EQ(add(tee, session, &a), 0);
	base = a.sum;
	a.value = 0;
	CHECK_EQ(add(tee, session, &a), 0);
	CHECK_EQ(a.sum, base);
	/* One byte, across a page, and nothing next to it */
	a = (struct add){ .offs = PAGE - 1, .size = 2, .id = data.id, .value = 1 };
	CHECK_EQ(add(tee, session, &a), 0);
	a = (struct add){ .offs = PAGE - 1, .size = 2, .id = data.id, .value = 0xff };
	base = (uint8_t)(a.sum);
	CHECK_EQ(add(tee, session, &a), 0);
	a = (struct add){ .size = 0, .id = data.id };
	CHECK_EQ(add(tee, session, &a), 0);
	CHECK_EQ(a.sum, 0);
	a = (struct add){ .offs = 1, .size = 6 * PAGE, .id = data.id };
	CHECK_EQ(add(tee, session, &a), -EINVAL);

	/* A TA that is not made for it does not get it. */
	a = (struct add){ .size = 1, .id = data.id };
	CHECK_EQ(add(tee, plain, &a), R_BAD_PARAMETERS);

	close(shm);
	close(tee);
	close(heap);
}

/* Two registrations are one memory; what one TA instance wrote another one reads. */
static void check_shared(void)
{
	int heap = must_open(RECORD), fd = must_alloc(heap, PAGE);
	int tees[2], shms[2], ids[2];
	uint32_t sessions[2];

	for (int i = 0; i < 2; i++) {
		struct tee_ioctl_shm_register_fd_data data;

		tees[i] = must_open("/dev/tee0");
		sessions[i] = open_session(tees[i], TEST_TA_PROTECTED_UUID_STRING);
		shms[i] = import(tees[i], fd, &data);
		CHECK(shms[i] >= 0, "SHM_REGISTER_FD: %s", strerror(errno));
		ids[i] = data.id;
	}
	/* The first buffer of this heap, whose users leave it as it was: zero */
	check_add(tees[0], sessions[0], ids[0], PAGE, 3, 0);
	check_add(tees[1], sessions[1], ids[1], PAGE, 4, 3 * PAGE);
	check_add(tees[0], sessions[0], ids[0], PAGE, (uint8_t)-7, 7 * PAGE);
	for (int i = 0; i < 2; i++) {
		close(shms[i]);
		close(tees[i]);
	}
	close(fd);
	close(heap);
}

/* The machine holds the carve-out and has it mapped nowhere; the world may. */
static void check_not_mapped(const struct instance *instance)
{
	char path[64], line[512];
	FILE *maps;

	snprintf(path, sizeof(path), "/proc/%d/maps", (int)instance->swteed);
	maps = fopen(path, "re");
	CHECK(maps, "%s: %s", path, strerror(errno));
	while (fgets(line, sizeof(line), maps))
		CHECK(!strstr(line, "swtee-protected"), "swteed maps it: %s", line);
	fclose(maps);
}

/* --- who holds a buffer --- */

static int child_status(pid_t pid)
{
	int status;

	CHECK_EQ(waitpid(pid, &status, 0), pid);
	return WIFEXITED(status) ? WEXITSTATUS(status) : 1000 + WTERMSIG(status);
}

/* Every way to have another copy keeps all of the heap busy; the last one ends it. */
static void check_holders(void)
{
	int heap = must_open(UI), fd = must_alloc(heap, UI_SIZE), copy, pair[2], go[2];
	struct tee_ioctl_shm_register_fd_data data;
	size_t n_fds;
	char byte;
	pid_t pid;

	copy = dup(fd);
	close(fd);
	CHECK_ERRNO(try_alloc(heap, 1, 0), ENOMEM);

	/* In a child, which registers it as well, after we have let go */
	CHECK_EQ(pipe2(go, O_CLOEXEC), 0);
	pid = fork();
	if (pid == 0) {
		int tee = must_open("/dev/tee0");

		close(go[1]);
		CHECK_EQ(read(go[0], &byte, 1), 0);
		CHECK_EQ(lseek(copy, 0, SEEK_END), UI_SIZE);
		CHECK(import(tee, copy, &data) >= 0, "import: %s", strerror(errno));
		CHECK_ERRNO(try_alloc(heap, 1, 0), ENOMEM);
		_exit(7);
	}
	close(copy);
	sleep_ms(50);
	CHECK_ERRNO(try_alloc(heap, 1, 0), ENOMEM);
	close(go[0]);
	close(go[1]);
	CHECK_EQ(child_status(pid), 7);
	fd = alloc_soon(heap, UI_SIZE);

	/* In flight, in nobody's table */
	CHECK_EQ(fdsock_pair(pair), 0);
	CHECK_EQ(fdsock_send(pair[0], "", 1, &fd, 1), 0);
	close(fd);
	sleep_ms(50);
	CHECK_ERRNO(try_alloc(heap, 1, 0), ENOMEM);
	CHECK_EQ(fdsock_recv(pair[1], &byte, 1, &fd, 1, &n_fds, NULL, 0), 1);
	CHECK_EQ(lseek(fd, 0, SEEK_END), UI_SIZE);
	CHECK_EQ(fdsock_send(pair[0], "", 1, &fd, 1), 0);
	close(fd);
	close(pair[0]);
	close(pair[1]);
	close(alloc_soon(heap, UI_SIZE));
	close(heap);
}

/* A client that is killed with all there is in its hands, in the middle of calls */
static void check_kill(void)
{
	int heap = must_open(VIDEO);
	pid_t pid = fork();

	if (pid == 0) {
		int tee = must_open("/dev/tee0"), mine = must_open(VIDEO);
		uint32_t session = open_session(tee, TEST_TA_PROTECTED_UUID_STRING);

		for (;;) {
			struct tee_ioctl_shm_register_fd_data data;
			int fd = try_alloc(mine, VIDEO_SIZE / 16, O_CLOEXEC);
			struct add a = { .size = VIDEO_SIZE / 16 };

			if (fd < 0)
				continue;
			if (import(tee, fd, &data) < 0)
				_exit(1);
			a.id = data.id;
			(void)add(tee, session, &a);
		}
	}
	sleep_ms(100);
	kill(pid, SIGKILL);
	CHECK_EQ(child_status(pid), 1000 + SIGKILL);
	close(alloc_soon(heap, VIDEO_SIZE));
	close(heap);
}

/* A new world has the same memory, with what is in it; handles stay good. */
static void check_reset(void)
{
	int heap = must_open(VIDEO), tee = must_open("/dev/tee0"), fd = must_alloc(heap, PAGE);
	struct tee_ioctl_shm_register_fd_data data;
	struct instance instance;
	struct add a;
	uint32_t session = open_session(tee, TEST_TA_PROTECTED_UUID_STRING);
	int shm = import(tee, fd, &data);
	uint32_t before;
	pid_t old;

	a = (struct add){ .size = PAGE, .id = data.id, .value = 9 };
	CHECK_EQ(add(tee, session, &a), 0);
	a.value = 0;
	CHECK_EQ(add(tee, session, &a), 0);
	before = a.sum;

	instance_find(&instance);
	old = instance.world;
	kill(old, SIGKILL);
	for (int i = 0; i < 500; i++) {
		struct tee_ioctl_open_session_arg arg = { 0 };
		struct tee_ioctl_buf_data buf = { (uintptr_t)&arg, sizeof(arg) };
		const char *uuid = TEST_TA_PROTECTED_UUID_STRING;

		for (size_t n = 0; n < sizeof(arg.uuid); uuid += uuid[2] == '-' ? 3 : 2)
			sscanf(uuid, "%2hhx", &arg.uuid[n++]);
		CHECK_EQ(ioctl(tee, TEE_IOC_OPEN_SESSION, &buf), 0);
		session = arg.session;
		if (arg.ret == 0)
			break;
		CHECK(i < 499, "no session after the restart: 0x%x", arg.ret);
		sleep_ms(20);
	}
	check_add(tee, session, data.id, PAGE, 0, before);
	close(fd);
	fd = must_alloc(heap, PAGE);
	close(fd);
	close(shm);
	close(tee);
	close(heap);
}

static void check_all(const struct instance *instance)
{
	check_nodes();
	check_alloc();
	check_descriptor();
	check_register();
	check_ta();
	check_not_mapped(instance);
	check_shared();
	check_holders();
	check_kill();
}

static void check_none(void)
{
	struct tee_ioctl_shm_register_fd_data data;
	struct stat st;
	int tee = must_open("/dev/tee0");

	CHECK_ERRNO(open(VIDEO, O_RDWR), ENOENT);
	CHECK_ERRNO(stat(UI, &st), ENOENT);
	CHECK_ERRNO(import(tee, tee, &data), EINVAL);
	close(tee);
}

int main(int argc, char **argv)
{
	struct instance instance;
	struct counts before;

	if (argc > 1 && !strcmp(argv[1], "none")) {
		check_none();
		return 0;
	}
	instance_find(&instance);
	check_all(&instance);
	instance_warm_up(&instance);
	counts_take(&instance, &before);
	check_all(&instance);
	counts_settle(&instance, &before);
	check_reset();
	return 0;
}
