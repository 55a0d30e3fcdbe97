/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What the client's side of the front wire says of memory that it shares in place, and
 * what a server can do to it that answers nonsense.
 */
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cmocka.h>

#include "abi/front.h"
#include "abi/tee.h"
#include "base/memfd.h"
#include "client/front/front.h"
#include "client/front/front_maps.h"
#include "fake_front.h"

#define PAGE ((size_t)4096)
#define N 64

enum answer {
	ANSWER_FILE,
	ANSWER_REFUSE,
	ANSWER_SHORT_FILE,
	ANSWER_NO_FILE,		/* a descriptor of something else */
	ANSWER_NOTHING,
	ANSWER_DIE,
};

static struct fake_front *fake;
static int dev_fd;

/* What the server saw, and is to answer: its thread's, and the test's copy of it */
struct seen {
	enum answer answer;
	unsigned int n_files;
	struct front_new_pages req;
	uint64_t ino;			/* of the last file */
	uint32_t n_runs;
	struct front_runs runs;
};

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static struct seen served;
static struct seen seen;

static long serve_new_pages(struct fake_call *call)
{
	struct stat st;
	size_t size;

	memcpy(&served.req, call->shared->data + FRONT_RUNS_OFF, sizeof(served.req));
	size = (size_t)served.req.n_pages * PAGE;
	switch (served.answer) {
	case ANSWER_REFUSE:
		return -ENOMEM;
	case ANSWER_NOTHING:
		return 0;
	case ANSWER_DIE:
		/* Once: the client tries again on a new lane. */
		served.answer = ANSWER_FILE;
		call->die = true;
		return 0;
	case ANSWER_NO_FILE:
		call->reply_fd = open("/dev/null", O_RDWR | O_CLOEXEC);
		return 0;
	case ANSWER_SHORT_FILE:
		size = PAGE;
		break;
	case ANSWER_FILE:
		break;
	}
	if (memfd_new_sealed(FRONT_PAGES_NAME, size, &call->reply_fd) < 0 ||
	    fstat(call->reply_fd, &st) < 0)
		return -ENOMEM;
	served.ino = st.st_ino;
	served.n_files++;
	return 0;
}

static long serve_locked(struct fake_call *call)
{
	switch (call->cmd) {
	case FRONT_NEW_PAGES:
		return serve_new_pages(call);
	case TEE_IOC_SHM_REGISTER:
		served.n_runs = call->shared->n_runs;
		memcpy(&served.runs, call->shared->data + FRONT_RUNS_OFF, sizeof(served.runs));
		return 0;
	default:
		return -EINVAL;
	}
}

static long serve(struct fake_call *call)
{
	long ret;

	(void)pthread_mutex_lock(&lock);
	ret = serve_locked(call);
	(void)pthread_mutex_unlock(&lock);
	return ret;
}

/* SHM_REGISTER with @arg, which the server takes */
static void must_ioctl(unsigned long arg)
{
	(void)pthread_mutex_lock(&lock);
	served.answer = seen.answer;
	served.n_runs = UINT32_MAX;
	(void)pthread_mutex_unlock(&lock);
	assert_int_equal(front_ioctl(dev_fd, TEE_IOC_SHM_REGISTER, arg), 0);
	(void)pthread_mutex_lock(&lock);
	seen = served;
	(void)pthread_mutex_unlock(&lock);
}

static int setup(void **state)
{
	static const char *const nodes[] = { "tee0", NULL };

	memset(&seen, 0, sizeof(seen));
	(void)pthread_mutex_lock(&lock);
	served = seen;
	(void)pthread_mutex_unlock(&lock);
	fake = fake_front_new(nodes, serve);
	dev_fd = front_open(fake_front_dir(fake), "tee0");
	/* A lane to this server, in place of the one to the server of the test before */
	return dev_fd < 0 || front_ioctl(dev_fd, TEE_IOC_VERSION, 0) != -EINVAL;
}

static int teardown(void **state)
{
	close(dev_fd);
	fake_front_free(fake);
	return 0;
}

static uint8_t *pages_new(size_t n)
{
	void *addr = mmap(NULL, n * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1,
			  0);

	assert_true(addr != MAP_FAILED);
	return addr;
}

static void must_register(const void *addr, size_t length)
{
	struct tee_ioctl_shm_register_data data = { .addr = (uintptr_t)addr, .length = length };

	must_ioctl((unsigned long)&data);
	if (seen.n_runs) {
		assert_int_equal(seen.runs.addr, data.addr);
		assert_int_equal(seen.runs.length, length);
	}
}

static void assert_run(uint32_t i, uint32_t page, uint32_t n_pages, uint64_t ino,
		       uint64_t file_page)
{
	assert_int_equal(seen.runs.run[i].page, page);
	assert_int_equal(seen.runs.run[i].n_pages, n_pages);
	assert_int_equal(seen.runs.run[i].ino, ino);
	assert_int_equal(seen.runs.run[i].file_page, file_page);
}

/* Skips unless the kernel has all that it takes. */
static void need_kernel(void)
{
	int maps = front_maps_open(), userfault;
	struct front_map map;

	if (maps < 0 || front_maps_find(maps, 0, false, &map) < 0)
		skip();
	close(maps);
	userfault = (int)syscall(SYS_userfaultfd, O_CLOEXEC | /* user mode only: */ 1);
	if (userfault < 0)
		skip();
	close(userfault);
}

static void test_runs(void **state)
{
	uint8_t *buf = pages_new(N);
	uint64_t first;

	need_kernel();
	for (size_t i = 0; i < N * PAGE; i++)
		buf[i] = (uint8_t)(i * 3);
	must_register(buf + 5, N * PAGE - 10);
	assert_int_equal(seen.req.n_pages, N);
	assert_int_equal(seen.req.first, 1);
	assert_int_equal(seen.req.n_own, N - 2);
	assert_int_equal(seen.n_runs, 1);
	assert_run(0, 1, N - 2, seen.ino, 1);
	for (size_t i = 0; i < N * PAGE; i++)
		assert_int_equal(buf[i], (uint8_t)(i * 3));
	assert_true(front_pages_in_use());

	/* Known again, from wherever one looks; no new file */
	first = seen.ino;
	must_register(buf + 5, N * PAGE - 10);
	must_register(buf + 10 * PAGE + 1, 20 * PAGE);
	assert_int_equal(seen.n_files, 1);
	assert_int_equal(seen.n_runs, 1);
	assert_run(0, 0, 21, first, 10);

	/* What is still private gets a file beside it. */
	must_register(buf, N * PAGE);
	assert_int_equal(seen.n_files, 2);
	assert_int_equal(seen.n_runs, 3);
	assert_run(0, 0, 1, seen.ino, 0);
	assert_run(1, 1, N - 2, first, 1);
	assert_run(2, N - 1, 1, seen.ino, N - 1);
	munmap(buf, N * PAGE);
}

/* Neither shared nor asked for */
static void test_nothing_to_share(void **state)
{
	struct tee_ioctl_shm_register_data *data;
	uint8_t *buf = pages_new(N);
	uint8_t on_stack[20 * PAGE];

	must_register(buf, 15 * PAGE);
	assert_int_equal(seen.n_runs, 0);
	must_register(buf + 1, 16 * PAGE);
	assert_int_equal(seen.n_runs, 0);
	on_stack[0] = 1;
	must_register(on_stack, sizeof(on_stack));
	assert_int_equal(seen.n_runs, 0);
	assert_int_equal(mprotect(buf, N * PAGE, PROT_READ), 0);
	must_register(buf, N * PAGE);
	assert_int_equal(seen.n_runs, 0);
	assert_int_equal(mprotect(buf, N * PAGE, PROT_READ | PROT_WRITE), 0);
	must_register((void *)64, UINT64_MAX - 100);
	assert_int_equal(seen.n_runs, 0);
	/* An argument that is not there is for the server to refuse. */
	data = mmap(NULL, PAGE, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	must_ioctl((unsigned long)data);
	assert_int_equal(seen.n_runs, 0);
	munmap(data, PAGE);
	assert_int_equal(seen.n_files, 0);
	munmap(buf, N * PAGE);
}

/* The memory stays what it was, and the ioctl is made. */
static void test_odd_server(void **state)
{
	static const enum answer answers[] = { ANSWER_REFUSE, ANSWER_SHORT_FILE, ANSWER_NO_FILE,
					       ANSWER_NOTHING };
	uint8_t *buf = pages_new(N);

	memset(buf, 7, N * PAGE);
	for (size_t i = 0; i < sizeof(answers) / sizeof(answers[0]); i++) {
		seen.answer = answers[i];
		must_register(buf, N * PAGE);
		assert_int_equal(seen.n_runs, 0);
		for (size_t at = 0; at < N * PAGE; at++)
			assert_int_equal(buf[at], 7);
		memset(buf, 7, N * PAGE);
	}
	munmap(buf, N * PAGE);
}

static void test_dying_server(void **state)
{
	uint8_t *buf = pages_new(N);

	need_kernel();
	memset(buf, 7, N * PAGE);
	seen.answer = ANSWER_DIE;
	must_register(buf, N * PAGE);
	assert_int_equal(seen.n_runs, 1);
	assert_run(0, 0, N, seen.ino, 0);
	assert_int_equal(buf[N * PAGE - 1], 7);
	munmap(buf, N * PAGE);
}

static void test_private_again(void **state)
{
	uint8_t *buf = pages_new(N);

	need_kernel();
	memset(buf, 7, N * PAGE);
	must_register(buf, N * PAGE);
	front_pages_make_private(buf + 4 * PAGE, 4 * PAGE);
	front_pages_discard(buf + 20 * PAGE, 4 * PAGE - 100);
	/* Not from the beginning of a page on: not what madvise(2) would do. */
	front_pages_discard(buf + 30 * PAGE + 1, 4 * PAGE);
	for (size_t i = 0; i < N; i++)
		assert_int_equal(buf[i * PAGE], i >= 20 && i < 24 ? 0 : 7);
	seen.answer = ANSWER_REFUSE;
	must_register(buf, N * PAGE);
	assert_int_equal(seen.n_runs, 3);
	assert_run(0, 0, 4, seen.ino, 0);
	assert_run(1, 8, 12, seen.ino, 8);
	assert_run(2, 24, N - 24, seen.ino, 24);
	munmap(buf, N * PAGE);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_runs, setup, teardown),
		cmocka_unit_test_setup_teardown(test_nothing_to_share, setup, teardown),
		cmocka_unit_test_setup_teardown(test_odd_server, setup, teardown),
		cmocka_unit_test_setup_teardown(test_dying_server, setup, teardown),
		cmocka_unit_test_setup_teardown(test_private_again, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
