/* SPDX-License-Identifier: BSD-2-Clause */
/* The client's side of the front wire: contexts, calls, what a descriptor means */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "abi/tee.h"
#include "client/front/front.h"
#include "front_fixture.h"

/* --- opening --- */

static void test_open(void **state)
{
	char long_dir[200];
	struct pollfd p;
	char byte;
	int fd;

	assert_int_equal(front_open(fake_front_dir(fake), "tee7"), -ENOENT);
	assert_int_equal(front_open(fake_front_dir(fake), "tee00"), -ENOENT);
	assert_int_equal(front_open(fake_front_dir(fake), "../tee0"), -ENOENT);
	assert_int_equal(front_open("/nonexistent", "tee0"), -ENOENT);
	memset(long_dir, 'x', sizeof(long_dir) - 1);
	long_dir[0] = '/';
	long_dir[sizeof(long_dir) - 1] = '\0';
	assert_int_equal(front_open(long_dir, "tee0"), -ENAMETOOLONG);

	fake_front_set_open_error(fake, -EBUSY);
	assert_int_equal(front_open(fake_front_dir(fake), "teepriv0"), -EBUSY);
	fake_front_set_open_error(fake, 4);
	assert_int_equal(front_open(fake_front_dir(fake), "tee0"), -EPROTO);
	fake_front_set_open_error(fake, 0);

	fd = open_node("tee0");
	assert_true(fcntl(fd, F_GETFD) & FD_CLOEXEC);
	/* A stray read must not wait for ever, poll says ready as for the device. */
	assert_int_equal(read(fd, &byte, 1), 0);
	p = (struct pollfd){ .fd = fd, .events = POLLIN | POLLOUT };
	assert_int_equal(poll(&p, 1, 0), 1);
	assert_true((p.revents & POLLIN) && (p.revents & POLLOUT) && !(p.revents & POLLHUP));
	close(fd);
	WAIT_FOR(fake_front_contexts(fake) == 0);
}

static void test_open_stale_node(void **state)
{
	struct fake_front *other;
	static const char *const nodes[] = { "tee3", NULL };
	char stale[128], dir[64] = "/tmp/swtee-test-XXXXXX", path[128];

	/* A socket file whose server is gone: what a killed swteed leaves. */
	other = fake_front_new(nodes, NULL);
	assert_non_null(mkdtemp(dir));
	(void)snprintf(stale, sizeof(stale), "%s/tee3", fake_front_dir(other));
	(void)snprintf(path, sizeof(path), "%s/tee3", dir);
	assert_int_equal(link(stale, path), 0);
	fake_front_free(other);
	assert_int_equal(front_open(dir, "tee3"), -ENXIO);
	(void)unlink(path);
	(void)rmdir(dir);
}

static void test_node_names(void **state)
{
	static const char *const bad[] = {
		"", "tee", "tee01", "tee-1", "tee1 ", "teepriv", "teepriv01", "tee12345",
		"teeprivate0", "Tee0", "xtee0",
	};
	struct front_node node;

	assert_true(front_node_parse("tee12", &node));
	assert_true(!node.privileged && node.number == 12);
	assert_true(front_node_parse("teepriv0", &node));
	assert_true(node.privileged && node.number == 0);
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_false(front_node_parse(bad[i], NULL));
}

static void test_not_a_context(void **state)
{
	int fds[2], fd;
	char path[128];

	assert_int_equal(version(-1), -EBADF);
	assert_int_equal(version(1000), -EBADF);
	assert_int_equal(pipe(fds), 0);
	assert_int_equal(version(fds[0]), -ENOTTY);
	assert_false(front_is_context(fds[0]));
	close(fds[0]);
	close(fds[1]);
	assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET, 0, fds), 0);
	assert_int_equal(version(fds[0]), -ENOTTY);
	close(fds[0]);
	close(fds[1]);

	fd = open_node("tee1");
	assert_true(front_is_context(fd));
	assert_true(front_context_path(fd, path, sizeof(path)));
	assert_string_equal(strrchr(path, '/'), "/tee1");
	assert_false(front_context_path(fd, path, 3));
	close(fd);
}

/* --- calls --- */

static void test_windows(void **state)
{
	struct tee_ioctl_version_data *heap = calloc(1, sizeof(*heap));
	struct tee_ioctl_invoke_arg arg = { .session = 41, .func = 3 };
	struct tee_ioctl_invoke_arg *heap_arg = calloc(1, sizeof(*heap_arg));
	struct tee_ioctl_buf_data buf = { (uintptr_t)&arg, sizeof(arg) };
	struct {
		struct tee_ioctl_buf_data buf;
		struct tee_ioctl_invoke_arg arg;
	} both = { .arg = { .session = 5 } };
	bool real = stack_is_real();
	int fd = open_node("tee1");

	errno = 77;
	assert_int_equal(version(fd), 1);
	assert_int_equal(errno, 77);
	if (real)
		assert_int_equal(last_n_windows, 1);
	assert_int_equal(front_ioctl(fd, TEE_IOC_VERSION, (unsigned long)heap), 0);
	assert_int_equal(last_n_windows, 0);
	assert_int_equal(heap->impl_caps, 1);

	assert_int_equal(front_ioctl(fd, TEE_IOC_INVOKE, (unsigned long)&buf), 0);
	if (real)
		assert_int_equal(last_n_windows, 2);
	assert_int_equal(arg.session, 42);
	assert_int_equal(arg.func, 3);

	buf.buf_ptr = (uintptr_t)heap_arg;
	assert_int_equal(front_ioctl(fd, TEE_IOC_INVOKE, (unsigned long)&buf), 0);
	if (real)
		assert_int_equal(last_n_windows, 1);
	assert_int_equal(heap_arg->session, 1);

	/* A buffer that contains the argument itself must stay one piece of memory. */
	both.buf = (struct tee_ioctl_buf_data){ (uintptr_t)&both, sizeof(both) };
	assert_int_equal(front_ioctl(fd, TEE_IOC_INVOKE, (unsigned long)&both.buf), 0);
	assert_int_equal(last_n_windows, 0);
	free(heap);
	free(heap_arg);
	close(fd);
}

/* Only what was written comes back: the rest may have changed meanwhile. */
static void test_copy_back(void **state)
{
	struct tee_ioctl_invoke_arg arg = { .session = 1, .func = 2, .num_params = 0 };
	struct tee_ioctl_buf_data buf = { (uintptr_t)&arg, sizeof(arg) };
	struct {
		uint32_t session;
		unsigned char after[64];
	} guarded = { .session = SESSION_HOSTILE_DIRTY };
	int fd = open_node("tee0");

	poke_at = (unsigned char *)&arg.func;
	assert_int_equal(front_ioctl(fd, TEE_IOC_INVOKE, (unsigned long)&buf), 0);
	assert_int_equal(arg.session, 2);
	assert_int_equal(*(unsigned char *)&arg.func, 0x5a);
	poke_at = NULL;

	/* A server that claims more than the window has */
	assert_int_equal(front_ioctl(fd, TEE_IOC_CLOSE_SESSION, (unsigned long)&guarded.session),
			 0);
	for (size_t i = 0; i < sizeof(guarded.after); i++)
		assert_int_equal(guarded.after[i], 0);
	if (stack_is_real()) {
		assert_int_equal(last_n_windows, 1);
		assert_int_equal(guarded.session, 0xeeee0000 | SESSION_HOSTILE_DIRTY);
	}
	close(fd);
}

static void test_bad_pointers(void **state)
{
	struct tee_ioctl_buf_data buf = { 0, sizeof(struct tee_ioctl_invoke_arg) };
	void *page = mmap(NULL, 4096, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	int fd = open_node("tee0");

	assert_int_equal(front_ioctl(fd, TEE_IOC_VERSION, 0), -EFAULT);
	assert_int_equal(front_ioctl(fd, TEE_IOC_VERSION, 1), -EFAULT);
	assert_int_equal(front_ioctl(fd, TEE_IOC_VERSION, -8ul), -EFAULT);
	assert_int_equal(front_ioctl(fd, TEE_IOC_VERSION, (unsigned long)page), -EFAULT);
	assert_int_equal(front_ioctl(fd, TEE_IOC_INVOKE, (unsigned long)&buf), -EFAULT);
	buf = (struct tee_ioctl_buf_data){ (uintptr_t)&buf, UINT64_MAX };
	(void)front_ioctl(fd, TEE_IOC_INVOKE, (unsigned long)&buf);
	/* An unknown word with the largest argument there can be */
	assert_int_equal(front_ioctl(fd, _IOWR(0xa4, 99, char[16383]), (unsigned long)&buf),
			 -EINVAL);
	munmap(page, 4096);
	close(fd);
}

static void test_results(void **state)
{
	int fd = open_node("tee0");

	assert_int_equal(close_session(fd, 0), 0);
	assert_int_equal(close_session(fd, 524), -524);
	assert_int_equal(close_session(fd, EINVAL), -EINVAL);
	assert_int_equal(close_session(fd, 512), -EINTR);
	assert_int_equal(close_session(fd, 513), -EINTR);
	assert_int_equal(close_session(fd, 514), -EINTR);
	assert_int_equal(close_session(fd, 516), -EINTR);
	assert_int_equal(close_session(fd, SESSION_TOO_BIG), -EIO);
	assert_int_equal(close_session(fd, SESSION_TOO_SMALL), -EIO);
	close(fd);
}

static void test_descriptor(void **state)
{
	struct tee_ioctl_shm_alloc_data data = { .size = 8192 };
	struct rlimit limit, tight;
	struct stat st;
	int fd = open_node("tee0"), shm;

	prepared_fd = memfd_create("shm", MFD_CLOEXEC);
	shm = front_ioctl(fd, TEE_IOC_SHM_ALLOC, (unsigned long)&data);
	assert_true(shm >= 0 && shm < 900);
	assert_int_equal(data.id, 17);
	assert_int_equal(fcntl(shm, F_GETFD), 0);
	assert_int_equal(fstat(shm, &st), 0);
	assert_int_equal(st.st_size, 8192);
	close(shm);

	/* facts N21: the table is full; the id was written back all the same */
	assert_int_equal(getrlimit(RLIMIT_NOFILE, &limit), 0);
	tight = limit;
	tight.rlim_cur = 0;
	prepared_fd = memfd_create("shm", MFD_CLOEXEC);
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &tight), 0);
	data.id = 0;
	assert_int_equal(front_ioctl(fd, TEE_IOC_SHM_ALLOC, (unsigned long)&data), -EMFILE);
	assert_int_equal(data.id, 17);
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &limit), 0);
	prepared_fd = memfd_create("shm", MFD_CLOEXEC);
	shm = front_ioctl(fd, TEE_IOC_SHM_ALLOC, (unsigned long)&data);
	assert_true(shm >= 0);
	close(shm);
	close(fd);
}

/* --- what a descriptor number means --- */

static void test_reused_number(void **state)
{
	unsigned int binds;
	int fd = open_node("tee0"), again, copy;

	assert_int_equal(version(fd), 0);
	close(fd);
	again = open_node("tee1");
	assert_int_equal(again, fd);
	assert_int_equal(version(again), 1);

	/* Another number of the same context needs no binding of its own. */
	binds = fake_front_binds(fake);
	copy = dup(again);
	assert_int_equal(version(copy), 1);
	assert_int_equal(fake_front_binds(fake), binds);

	fd = open_node("tee0");
	assert_int_equal(dup2(fd, copy), copy);
	assert_int_equal(version(copy), 0);
	assert_int_equal(version(again), 1);
	close(fd);
	close(copy);
	close(again);
}

/* More contexts than a lane remembers: none is taken for another. */
static void test_many_contexts(void **state)
{
	int fds[40];

	for (int i = 0; i < 40; i++)
		fds[i] = open_node(i % 2 ? "tee1" : "tee0");
	for (int round = 0; round < 3; round++) {
		for (int i = 0; i < 40; i++)
			assert_int_equal(version(fds[i]), i % 2);
	}
	assert_true(fake_front_lanes(fake) <= 2);
	for (int i = 0; i < 40; i++)
		close(fds[i]);
}

/* closefrom(), and somebody else's descriptor where the lane's socket was */
static void test_lane_socket_closed(void **state)
{
	int fd = open_node("tee0"), fds[8], n, null;

	assert_int_equal(version(fd), 0);
	n = high_fds(fds, 8);
	assert_true(n >= 1);
	null = open("/dev/null", O_RDONLY);
	for (int i = 0; i < n; i++)
		assert_int_equal(dup2(null, fds[i]), fds[i]);
	close(null);
	WAIT_FOR(fake_front_lanes(fake) == 0);
	assert_int_equal(version(fd), 0);
	for (int i = 0; i < n; i++) {
		struct stat st;

		assert_int_equal(fstat(fds[i], &st), 0);
		assert_true(S_ISCHR(st.st_mode));
		close(fds[i]);
	}
	close(fd);
}

/* --- the other side dies --- */

static void test_lane_dropped(void **state)
{
	unsigned int made;
	int fd = open_node("tee0");

	assert_int_equal(version(fd), 0);
	made = fake_front_lanes_made(fake);
	fake_front_drop_lanes(fake);
	assert_int_equal(version(fd), 0);
	assert_int_equal(fake_front_lanes_made(fake), made + 1);

	/* In the middle of a call: it is not repeated, the next one works. */
	assert_int_equal(close_session(fd, SESSION_DIE), -EIO);
	assert_int_equal(version(fd), 0);
	close(fd);
}

static void test_server_gone(void **state)
{
	int fd = open_node("tee0"), other = open_node("tee1");

	assert_int_equal(version(fd), 0);
	fake_front_hang_up(fake);
	fake_front_drop_lanes(fake);
	assert_int_equal(version(fd), -ENODEV);
	assert_int_equal(version(other), -ENODEV);
	assert_int_equal(version(fd), -ENODEV);
	close(fd);
	close(other);
}

#define T(name) cmocka_unit_test_setup_teardown(name, front_setup, front_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(test_open),
		T(test_open_stale_node),
		T(test_node_names),
		T(test_not_a_context),
		T(test_windows),
		T(test_copy_back),
		T(test_bad_pointers),
		T(test_results),
		T(test_descriptor),
		T(test_reused_number),
		T(test_many_contexts),
		T(test_lane_socket_closed),
		T(test_lane_dropped),
		T(test_server_gone),
	};

	return cmocka_run_group_tests_name("front", tests, NULL, NULL);
}
