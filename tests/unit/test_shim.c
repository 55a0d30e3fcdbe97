/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The shim in programs that know nothing of it: shells, and this program once
 * more (with the name of a check as its argument) under LD_PRELOAD, as clients of
 * a fake server in the test process. argv: test_shim SHIM [CHECK DIR]
 */
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "abi/dma_heap.h"
#include "abi/front.h"
#include "abi/tee.h"
#include "base/fdsock.h"
#include "fake_front.h"

#define N_THREADS 6

static const char *arg_shim;
static struct fake_front *fake;

/* ===== in the client ===== */

#define CHECK(cond) \
	do { \
		if (!(cond)) { \
			fprintf(stderr, "line %d: %s (errno %d)\n", __LINE__, #cond, errno); \
			_exit(1); \
		} \
	} while (0)

/* What a function that failed left in errno */
#define CHECK_ERRNO(expr, err) \
	do { \
		errno = 0; \
		CHECK((expr) == -1 && errno == (err)); \
	} while (0)

static int version(int fd)
{
	struct tee_ioctl_version_data v = { 0 };

	return ioctl(fd, TEE_IOC_VERSION, &v) < 0 ? -errno : (int)v.impl_caps;
}

static void check_open(void)
{
	int fd, dev, cwd;

	fd = open("/dev/tee0", O_RDWR);
	CHECK(fd >= 0 && fcntl(fd, F_GETFD) == 0 && version(fd) == 0);
	/* The lowest free number, as open(2) promises */
	CHECK(close(fd) == 0 && open("/dev/tee1", O_RDONLY | O_CLOEXEC) == fd);
	CHECK(fcntl(fd, F_GETFD) == FD_CLOEXEC && version(fd) == 1);
	close(fd);

	CHECK((fd = open64("/dev/tee0", O_WRONLY | O_NONBLOCK)) >= 0 && version(fd) == 0);
	close(fd);
	CHECK((fd = open("/dev/tee0", O_RDWR | O_CREAT | O_TRUNC, 0600)) >= 0);
	close(fd);
	CHECK((fd = open("/dev//tee0", O_RDWR)) >= 0 && version(fd) == 0);
	close(fd);
	CHECK((fd = open("/dev/./tee1", O_RDWR)) >= 0 && version(fd) == 1);
	close(fd);
	CHECK((fd = open("/dev/../dev/tee1", O_RDWR)) >= 0 && version(fd) == 1);
	close(fd);

	CHECK((dev = open("/dev", O_RDONLY | O_DIRECTORY)) >= 0);
	CHECK((fd = openat(dev, "tee1", O_RDWR)) >= 0 && version(fd) == 1);
	close(fd);
	CHECK((fd = openat64(dev, "./tee1", O_RDWR)) >= 0 && version(fd) == 1);
	close(fd);
	CHECK((fd = openat(dev, "/dev/tee0", O_RDWR)) >= 0 && version(fd) == 0);
	close(fd);
	CHECK((cwd = open(".", O_RDONLY | O_DIRECTORY)) >= 0 && chdir("/dev") == 0);
	CHECK((fd = open("tee1", O_RDWR)) >= 0 && version(fd) == 1);
	close(fd);
	CHECK(fchdir(cwd) == 0);
	close(cwd);
	close(dev);

	CHECK_ERRNO(open("/dev/tee9", O_RDWR), ENOENT);
	CHECK_ERRNO(open("/dev/tee00", O_RDWR), ENOENT);
	CHECK_ERRNO(open("/tmp/tee0", O_RDWR), ENOENT);
	CHECK_ERRNO(open("/dev/tee0", O_RDWR | O_CREAT | O_EXCL, 0600), EEXIST);
	CHECK_ERRNO(open("/dev/tee0", O_RDONLY | O_DIRECTORY), ENOTDIR);
	CHECK_ERRNO(open("/dev/tee9", O_RDONLY | O_DIRECTORY), ENOENT);
	CHECK((fd = open("/dev/tee0", O_PATH)) >= 0);
	CHECK_ERRNO(ioctl(fd, TEE_IOC_VERSION, NULL), EBADF);
	close(fd);
	/* Other files are none of ours. */
	CHECK((fd = open("/dev/null", O_RDWR)) >= 0);
	CHECK_ERRNO(ioctl(fd, TEE_IOC_VERSION, NULL), ENOTTY);
	close(fd);
}

static void check_fopen(void)
{
	FILE *f = fopen("/dev/tee1", "r+");

	CHECK(f && version(fileno(f)) == 1 && fcntl(fileno(f), F_GETFD) == 0);
	fclose(f);
	CHECK((f = fopen("/dev/tee0", "rbe")) && fcntl(fileno(f), F_GETFD) == FD_CLOEXEC);
	fclose(f);
	CHECK((f = fopen("/dev/tee0", "w")));
	fclose(f);
	errno = 0;
	CHECK(!fopen("/dev/tee9", "r") && errno == ENOENT);
	CHECK(!fopen("/dev/tee0", "wx") && errno == EEXIST);
	CHECK(!fopen("/dev/tee0", "?") && errno == EINVAL);
	CHECK((f = fopen("/proc/self/status", "r")));
	fclose(f);
}

static void check_is_node(const struct stat *st, unsigned int minor_number)
{
	CHECK(S_ISCHR(st->st_mode) && !(st->st_mode & 0111));
	CHECK(minor(st->st_rdev) == minor_number && major(st->st_rdev) != 0);
	CHECK(st->st_size == 0 && st->st_uid == getuid());
}

static void check_stat(void)
{
	struct stat st, by_fd;
	struct stat64 st64;
	struct statx stx;
	int fd, dev;

	CHECK(stat("/dev/tee1", &st) == 0);
	check_is_node(&st, 1);
	CHECK(lstat("/dev/teepriv0", &st) == 0);
	check_is_node(&st, 16);
	CHECK(stat64("/dev/tee0", &st64) == 0 && S_ISCHR(st64.st_mode));
	CHECK(lstat64("/dev/tee0", &st64) == 0 && S_ISCHR(st64.st_mode));
	CHECK((dev = open("/dev", O_RDONLY | O_DIRECTORY)) >= 0);
	CHECK(fstatat(dev, "tee0", &st, 0) == 0);
	check_is_node(&st, 0);
	CHECK(statx(dev, "tee1", 0, STATX_BASIC_STATS, &stx) == 0);
	CHECK(S_ISCHR(stx.stx_mode) && stx.stx_rdev_minor == 1);
	close(dev);
	CHECK_ERRNO(stat("/dev/tee9", &st), ENOENT);
	CHECK_ERRNO(statx(AT_FDCWD, "/dev/tee9", 0, STATX_BASIC_STATS, &stx), ENOENT);

	/* The same file by descriptor, which programs compare */
	CHECK(stat("/dev/tee1", &st) == 0 && (fd = open("/dev/tee1", O_RDWR)) >= 0);
	CHECK(fstat(fd, &by_fd) == 0);
	check_is_node(&by_fd, 1);
	CHECK(by_fd.st_ino == st.st_ino && by_fd.st_dev == st.st_dev &&
	      by_fd.st_rdev == st.st_rdev);
	CHECK(fstatat(fd, "", &by_fd, AT_EMPTY_PATH) == 0 && by_fd.st_ino == st.st_ino);
	CHECK(statx(fd, "", AT_EMPTY_PATH, STATX_BASIC_STATS, &stx) == 0 && S_ISCHR(stx.stx_mode));
	close(fd);

	CHECK(access("/dev/tee0", R_OK | W_OK) == 0 && eaccess("/dev/tee0", F_OK) == 0);
	CHECK(euidaccess("/dev/tee0", R_OK) == 0);
	CHECK(faccessat(AT_FDCWD, "/dev/tee0", W_OK, AT_EACCESS) == 0);
	CHECK_ERRNO(access("/dev/tee0", X_OK), EACCES);
	CHECK_ERRNO(access("/dev/tee9", F_OK), ENOENT);
	CHECK(stat("/dev/null", &st) == 0 && S_ISCHR(st.st_mode) && fstat(0, &st) == 0);
	CHECK(access("/etc/passwd", R_OK) == 0);
}

/* A dma-buf, as swteed makes it */
static void check_dmabuf(int buf)
{
	struct dma_buf_sync sync = { .flags = DMA_BUF_SYNC_WRITE };
	struct stat st;
	struct statx stx;

	CHECK(lseek(buf, 0, SEEK_END) == 0x5000 && lseek64(buf, 0, SEEK_SET) == 0);
	CHECK_ERRNO(lseek(buf, 1, SEEK_END), EINVAL);
	CHECK_ERRNO(lseek(buf, 0, SEEK_CUR), EINVAL);
	CHECK(mmap(NULL, 1, PROT_READ, MAP_SHARED, buf, 0) == MAP_FAILED && errno == EINVAL);
	CHECK(mmap64(NULL, 1, PROT_READ, MAP_SHARED, buf, 0) == MAP_FAILED && errno == EINVAL);
	CHECK(fstat(buf, &st) == 0 && S_ISREG(st.st_mode) && st.st_size == 0x5000);
	CHECK(statx(buf, "", AT_EMPTY_PATH, STATX_BASIC_STATS, &stx) == 0 &&
	      stx.stx_size == 0x5000);
	CHECK(ioctl(buf, DMA_BUF_IOCTL_SYNC, &sync) == 0);
	sync.flags = 0;
	CHECK_ERRNO(ioctl(buf, DMA_BUF_IOCTL_SYNC, &sync), EINVAL);
	CHECK_ERRNO(ioctl(buf, DMA_BUF_IOCTL_SYNC, NULL), EFAULT);
	CHECK_ERRNO(ioctl(buf, TEE_IOC_VERSION, &sync), ENOTTY);
	CHECK_ERRNO(ioctl(buf, TCGETS, &sync), ENOTTY);
}

static void check_heap(void)
{
	struct dma_heap_allocation_data data = { .len = 1, .fd_flags = O_CLOEXEC };
	struct dma_heap_allocation_data *far = malloc(sizeof(*far));
	int fd, dev, pair[2], pipes[2];
	struct stat st, by_fd;

	CHECK((fd = open("/dev/dma_heap/protected,a", O_RDWR)) >= 0);
	CHECK(stat("/dev/dma_heap/protected,a", &st) == 0 && S_ISCHR(st.st_mode));
	CHECK(fstat(fd, &by_fd) == 0 && by_fd.st_rdev == st.st_rdev && by_fd.st_ino == st.st_ino);
	CHECK(access("/dev/./dma_heap/protected,a", W_OK) == 0);
	CHECK((dev = open("/dev", O_RDONLY | O_DIRECTORY)) >= 0);
	CHECK(close(openat(dev, "dma_heap/protected,a", O_RDWR)) == 0);
	close(dev);
	/* Not ours, wherever they look like it */
	CHECK_ERRNO(open("/dev/dma_heap/protected,b", O_RDWR), ENOENT);
	CHECK_ERRNO(open("/dev/dma_heap/protected,", O_RDWR), ENOENT);
	CHECK_ERRNO(open("/dev/protected,a", O_RDWR), ENOENT);
	CHECK_ERRNO(open("/tmp/dma_heap/protected,a", O_RDWR), ENOENT);
	CHECK_ERRNO(open("/dev/dma_heap/tee0", O_RDWR), ENOENT);
	CHECK_ERRNO(open("/dev/dma_heap/protected,a-name-that-is-longer-than-any-of-ours", O_RDWR),
		    ENOENT);
	CHECK_ERRNO(open("dma_heap/protected,a", O_RDWR), ENOENT);

	/* The number stands in the argument, wherever that is. */
	CHECK(ioctl(fd, DMA_HEAP_IOCTL_ALLOC, &data) == 0 && data.fd > 2);
	CHECK(fcntl((int)data.fd, F_GETFD) == FD_CLOEXEC);
	check_dmabuf((int)data.fd);
	close((int)data.fd);
	*far = (struct dma_heap_allocation_data){ .len = 1 };
	CHECK(ioctl(fd, DMA_HEAP_IOCTL_ALLOC, far) == 0 && fcntl((int)far->fd, F_GETFD) == 0);
	check_dmabuf((int)far->fd);
	close((int)far->fd);
	free(far);
	close(fd);

	/* Of other files nothing changes. */
	CHECK(socketpair(AF_UNIX, SOCK_SEQPACKET, 0, pair) == 0 && pipe(pipes) == 0);
	CHECK_ERRNO(lseek(pair[0], 0, SEEK_END), ESPIPE);
	CHECK_ERRNO(lseek(pipes[0], 0, SEEK_END), ESPIPE);
	CHECK_ERRNO(lseek(-1, 0, SEEK_END), EBADF);
	CHECK(mmap(NULL, 1, PROT_READ, MAP_SHARED, pair[0], 0) == MAP_FAILED && errno == ENODEV);
	CHECK(mmap(NULL, 1, PROT_READ, MAP_SHARED, -1, 0) == MAP_FAILED && errno == EBADF);
	CHECK_ERRNO(ioctl(pair[0], DMA_BUF_IOCTL_SYNC, &data), ENOTTY);
	CHECK_ERRNO(ioctl(pipes[0], DMA_HEAP_IOCTL_ALLOC, &data), ENOTTY);
	CHECK((fd = memfd_create("f", 0)) >= 0 && ftruncate(fd, 12345) == 0);
	CHECK(lseek(fd, -5, SEEK_END) == 12340 && lseek(fd, 1, SEEK_CUR) == 12341);
}

static void check_ioctl(void)
{
	struct tee_ioctl_shm_alloc_data alloc = { .size = 4096 };
	int fd = open("/dev/tee1", O_RDWR), shm, pair[2], value;
	struct tee_ioctl_version_data *heap = malloc(sizeof(*heap));

	CHECK(fd >= 0 && heap);
	CHECK(ioctl(fd, TEE_IOC_VERSION, heap) == 0 && heap->impl_caps == 1);
	free(heap);
	/* facts N4, N11, N12: a foreign ioctl; read; mmap */
	CHECK_ERRNO(ioctl(fd, TCGETS, &value), EINVAL);
	CHECK_ERRNO(ioctl(fd, _IOR(0xa4, 11, int), &value), EINVAL);
	CHECK_ERRNO(ioctl(fd, TEE_IOC_VERSION, NULL), EFAULT);
	CHECK(mmap(NULL, 4096, PROT_READ, MAP_SHARED, fd, 0) == MAP_FAILED && errno == ENODEV);

	shm = ioctl(fd, TEE_IOC_SHM_ALLOC, &alloc);
	CHECK(shm >= 0 && fcntl(shm, F_GETFD) == 0);
	CHECK_ERRNO(ioctl(shm, TEE_IOC_VERSION, &value), ENOTTY);
	CHECK(mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, shm, 0) != MAP_FAILED);
	CHECK(close(shm) == 0);
	CHECK_ERRNO(ioctl(-1, TEE_IOC_VERSION, &value), EBADF);

	/* Sockets of the program are not contexts. */
	CHECK(socketpair(AF_UNIX, SOCK_SEQPACKET, 0, pair) == 0);
	CHECK_ERRNO(ioctl(pair[0], TEE_IOC_VERSION, &value), ENOTTY);
	CHECK_ERRNO(ioctl(pair[0], TCGETS, &value), ENOTTY);
	CHECK(ioctl(pair[0], FIONREAD, &value) == 0);
}

static void *thread_open_and_call(void *data)
{
	for (int i = 0; i < 20; i++) {
		int fd = open("/dev/tee1", O_RDWR | O_CLOEXEC);

		CHECK(fd >= 0 && version(fd) == 1);
		CHECK(close(fd) == 0);
	}
	return NULL;
}

static void check_threads(void)
{
	pthread_t threads[N_THREADS];

	for (int i = 0; i < N_THREADS; i++)
		CHECK(pthread_create(&threads[i], NULL, thread_open_and_call, NULL) == 0);
	for (int i = 0; i < N_THREADS; i++)
		CHECK(pthread_join(threads[i], NULL) == 0);
}

/* A context that arrives as a message, in a process that never opened one */
static void check_passed(void)
{
	int pair[2], fd, status;
	size_t n_fds;
	pid_t pid;
	char byte;

	CHECK(fdsock_pair(pair) == 0);
	pid = fork();
	CHECK(pid >= 0);
	if (pid == 0) {
		CHECK(fdsock_recv(pair[1], &byte, 1, &fd, 1, &n_fds, NULL, 0) == 1 && n_fds == 1);
		CHECK(version(fd) == 1 && dup2(fd, 0) == 0 && version(0) == 1);
		_exit(0);
	}
	CHECK((fd = open("/dev/tee1", O_RDWR)) >= 0);
	CHECK(fdsock_send(pair[0], "", 1, &fd, 1) == 0);
	CHECK(waitpid(pid, &status, 0) == pid && status == 0);
}

/* Across exec: descriptor 7 is a context that the program before us opened. */
static void check_inherited(void)
{
	struct stat st;

	CHECK(version(7) == 0);
	CHECK(fstat(7, &st) == 0 && S_ISCHR(st.st_mode));
}

static void check_exec(void)
{
	int fd = open("/dev/tee0", O_RDWR);

	CHECK(fd >= 0 && version(fd) == 0 && dup2(fd, 7) == 7);
	CHECK(execl("/proc/self/exe", "test_shim", arg_shim, "inherited", (char *)NULL) == 0);
}

/* Not in an instance: the host's devices, if any, are the program's. */
static void check_inactive(void)
{
	struct stat st;
	int shim = stat("/dev/tee0", &st);
	int kernel = (int)syscall(SYS_newfstatat, AT_FDCWD, "/dev/tee0", &st, 0);

	CHECK(shim == kernel);
	CHECK(open("/dev/tee0", O_RDWR) == -1 || shim == 0);
}

static void check_dead_server(void)
{
	int fd = open("/dev/tee0", O_RDWR);

	/* The directory does not exist any more. */
	CHECK(fd == -1 && errno == ENOENT);
}

static const struct {
	const char *name;
	void (*fn)(void);
} checks[] = {
	{ "open", check_open },
	{ "fopen", check_fopen },
	{ "stat", check_stat },
	{ "heap", check_heap },
	{ "ioctl", check_ioctl },
	{ "threads", check_threads },
	{ "passed", check_passed },
	{ "inherited", check_inherited },
	{ "exec", check_exec },
	{ "inactive", check_inactive },
	{ "dead server", check_dead_server },
};

/* What libraries do before main(), and before the shim's own constructor */
__attribute__((constructor)) static void early(void)
{
	const char *expect = getenv("TEST_SHIM_EARLY");
	int fd;

	if (!expect)
		return;
	fd = open("/dev/tee1", O_RDWR | O_CLOEXEC);
	CHECK(fd >= 0 && version(fd) == 1 && access("/dev/tee0", F_OK) == 0);
	close(fd);
}

static int run_check(const char *name)
{
	for (size_t i = 0; i < sizeof(checks) / sizeof(checks[0]); i++) {
		if (!strcmp(checks[i].name, name)) {
			checks[i].fn();
			return 0;
		}
	}
	return 2;
}

/* ===== in the test ===== */

static long serve_heap(struct fake_call *call)
{
	struct sockaddr_un addr = { .sun_family = AF_UNIX };
	struct dma_heap_allocation_data data;
	int pair[2];

	if (fake_read(call, &data, call->arg, sizeof(data)) < 0 || fdsock_pair(pair) < 0)
		return -EFAULT;
	/* What keeps the name is lost here: with the test's process. */
	(void)snprintf(addr.sun_path + 1, sizeof(addr.sun_path) - 1, FRONT_DMABUF_NAME "5000:%d.%d",
		       getpid(), pair[0]);
	if (bind(pair[0], (struct sockaddr *)&addr, sizeof(addr)) < 0)
		return -errno;
	call->reply_fd = pair[1];
	call->reply_cloexec = data.fd_flags & O_CLOEXEC;
	return fake_write(call, call->arg, &data, sizeof(data));
}

static long serve(struct fake_call *call)
{
	struct tee_ioctl_version_data v = { .impl_id = 1 };
	struct tee_ioctl_shm_alloc_data alloc;

	switch (call->cmd) {
	case TEE_IOC_VERSION:
		v.impl_caps = (uint32_t)(call->node[strlen(call->node) - 1] - '0');
		return fake_write(call, call->arg, &v, sizeof(v));
	case TEE_IOC_SHM_ALLOC:
		if (fake_read(call, &alloc, call->arg, sizeof(alloc)) < 0)
			return -EFAULT;
		call->reply_fd = memfd_create("shm", MFD_CLOEXEC);
		return ftruncate(call->reply_fd, (off_t)alloc.size);
	case DMA_HEAP_IOCTL_ALLOC:
		return strstr(call->node, "protected,") ? serve_heap(call) : -EINVAL;
	default:
		return -EINVAL;
	}
}

static void child_environment(const char *runtime)
{
	(void)setenv("LD_PRELOAD", arg_shim, 1);
	if (runtime)
		(void)setenv(FRONT_ENV, runtime, 1);
	else
		(void)unsetenv(FRONT_ENV);
	/* A sanitized program's run time is not the first library any more. */
	(void)setenv("ASAN_OPTIONS", "verify_asan_link_order=0:detect_leaks=0", 1);
}

static int run_status(const char *runtime, char *const *argv)
{
	pid_t pid = fork();
	int status;

	assert_true(pid >= 0);
	if (pid == 0) {
		child_environment(runtime);
		(void)execvp(argv[0], argv);
		_exit(127);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

static void run_self(const char *runtime, const char *check)
{
	char *const argv[] = { (char *)"/proc/self/exe", (char *)arg_shim, (char *)check, NULL };

	assert_int_equal(run_status(runtime, argv), 0);
}

static void run_shell(const char *shell, const char *script)
{
	char *const argv[] = { (char *)shell, (char *)"-c", (char *)script, NULL };

	assert_int_equal(run_status(fake_front_dir(fake), argv), 0);
}

#define SELF_TEST(name, check) \
	static void name(void **state) \
	{ \
		run_self(fake_front_dir(fake), check); \
	}

SELF_TEST(test_open, "open")
SELF_TEST(test_fopen, "fopen")
SELF_TEST(test_stat, "stat")
SELF_TEST(test_heap, "heap")
SELF_TEST(test_ioctl, "ioctl")
SELF_TEST(test_threads, "threads")
SELF_TEST(test_passed, "passed")
SELF_TEST(test_exec, "exec")

static void test_inactive(void **state)
{
	run_self(NULL, "inactive");
	run_self("", "inactive");
}

static void test_dead_server(void **state)
{
	run_self("/tmp/swtee-test-nonexistent", "dead server");
}

static void test_constructor(void **state)
{
	(void)setenv("TEST_SHIM_EARLY", "1", 1);
	run_self(fake_front_dir(fake), "open");
	(void)unsetenv("TEST_SHIM_EARLY");
}

static void test_shells(void **state)
{
	static const char *const shells[] = { "sh", "bash" };

	for (size_t i = 0; i < sizeof(shells) / sizeof(shells[0]); i++) {
		run_shell(shells[i], "test -c /dev/tee0 && test -r /dev/tee0 && test -w /dev/tee0");
		run_shell(shells[i], "! test -e /dev/tee9 && ! test -x /dev/tee0");
		run_shell(shells[i], "exec 5<>/dev/tee0 && exec 5>&-");
		run_shell(shells[i], "! (exec 5<>/dev/tee9) 2>/dev/null");
		/* A pipeline, a subshell, a program that starts others */
		run_shell(shells[i], "(cat /dev/null; test -c /dev/tee1) | cat && env true");
	}
	run_shell("sh", "test -z \"$(ls -l /dev/tee0 2>&1 >/dev/null)\"");
	/* A device that is read says so instead of waiting for ever. */
	run_shell("sh", "! cat /dev/tee0 2>/dev/null");
	run_shell("sh", "test \"$(stat -c %F /dev/teepriv0)\" = 'character special file'");
	run_shell("sh", "test \"$(stat -c %T /dev/tee1)\" = 1");
}

/* Two kinds of programs that do much of their own: an interpreter, another malloc */
static void test_python(void **state)
{
	char *const probe[] = { (char *)"python3", (char *)"-c", (char *)"pass", NULL };

	if (run_status(NULL, probe) != 0)
		skip();
	run_shell("sh", "python3 -c 'import os, fcntl, stat\n"
			"fd = os.open(\"/dev/tee1\", os.O_RDWR)\n"
			"b = bytearray(12)\n"
			"assert fcntl.ioctl(fd, 0x800CA400, b) == 0 and b[4] == 1, b\n"
			"assert stat.S_ISCHR(os.fstat(fd).st_mode)\n"
			"assert os.path.samestat(os.fstat(fd), os.stat(\"/dev/tee1\"))\n"
			"f = open(\"/dev/tee0\", \"rb+\", 0)\n"
			"assert fcntl.ioctl(f, 0x800CA400, b) == 0 and b[4] == 0\n"
			"if os.fork() == 0:\n"
			"    os._exit(0 if fcntl.ioctl(fd, 0x800CA400, b) == 0 else 1)\n"
			"assert os.wait()[1] == 0\n'");
}

/* All that clients left behind is gone when they are. */
static void test_nothing_left(void **state)
{
	for (int i = 0; i < 2000 && (fake_front_contexts(fake) || fake_front_lanes(fake)); i++)
		usleep(1000);
	assert_int_equal(fake_front_contexts(fake), 0);
	assert_int_equal(fake_front_lanes(fake), 0);
}

/* The library gives away no name but those it stands in for. */
static void test_exports(void **state)
{
	char command[512];

	(void)snprintf(command, sizeof(command),
		       "nm -D --defined-only '%s' | awk '{print $3}' | grep -vxE "
		       "'f?open(at)?(64)?|__open(at)?(64)?_2|(euid|e)?access|faccessat|"
		       "[lf]?stat(at)?(64)?|__[lf]?xstat(at)?(64)?|statx|l?(get|list)xattr|ioctl|"
		       "lseek(64)?|(p?(read|write)|mmap)(64)?|(read|write)v|"
		       "__(p?read|pread64)_chk|madvise|mremap'",
		       arg_shim);
	if (system("command -v nm >/dev/null") != 0)
		skip();
	assert_int_not_equal(system(command), 0);
}

static int group_setup(void **state)
{
	static const char *const nodes[] = {
		"tee0", "tee1", "teepriv0", "dma_heap/protected,a", NULL,
	};

	fake = fake_front_new(nodes, serve);
	return 0;
}

static int group_teardown(void **state)
{
	fake_front_free(fake);
	return 0;
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_open),
		cmocka_unit_test(test_fopen),
		cmocka_unit_test(test_stat),
		cmocka_unit_test(test_heap),
		cmocka_unit_test(test_ioctl),
		cmocka_unit_test(test_threads),
		cmocka_unit_test(test_passed),
		cmocka_unit_test(test_exec),
		cmocka_unit_test(test_inactive),
		cmocka_unit_test(test_dead_server),
		cmocka_unit_test(test_constructor),
		cmocka_unit_test(test_shells),
		cmocka_unit_test(test_python),
		cmocka_unit_test(test_nothing_left),
		cmocka_unit_test(test_exports),
	};

	if (argc < 2) {
		fprintf(stderr, "usage: test_shim SHIM [CHECK]\n");
		return 2;
	}
	arg_shim = argv[1];
	if (argc > 2)
		return run_check(argv[2]);
	return cmocka_run_group_tests_name("shim", tests, group_setup, group_teardown);
}
