/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Memory that is shared in place is the client's own memory: threads write to it
 * meanwhile, it is forked, unmapped, given back, resized; and the client dies in the
 * middle. One check a run, by its name in argv[1].
 */
#include "fixture.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <linux/capability.h>

#include "device.h"
#include "shared_memory_ta.h"

#define SIZE (256 * PAGE)
#define N_THREADS 3

static struct device dev;

static int child_status(pid_t pid)
{
	int status;

	CHECK_EQ(waitpid(pid, &status, 0), pid);
	return WIFEXITED(status) ? WEXITSTATUS(status) : 1000 + WTERMSIG(status);
}

/* --- threads --- */

/* Each thread has a word in each page, and adds one to all of them in turn. */
struct hammer {
	pthread_t thread[N_THREADS];
	uint8_t *buf;
	bool stop;
};

struct hammer_thread {
	struct hammer *hammer;
	unsigned int number;
};

static uint32_t *word_of(uint8_t *buf, size_t page, unsigned int number)
{
	return (uint32_t *)(void *)(buf + page * PAGE + number * 64);
}

static void *hammer_thread(void *data)
{
	struct hammer_thread *self = data;
	struct hammer *hammer = self->hammer;
	uint32_t value = 0;

	while (!__atomic_load_n(&hammer->stop, __ATOMIC_RELAXED)) {
		for (size_t page = 0; page < SIZE / PAGE; page++) {
			volatile uint32_t *word = word_of(hammer->buf, page, self->number);

			CHECK(*word == value, "a write to page %zu is lost: %u is not %u", page,
			      *word, value);
			*word = value + 1;
		}
		value++;
	}
	return NULL;
}

static void check_threads(void)
{
	need_sharing();
	for (unsigned int round = 0; round < scaled(200); round++) {
		struct hammer hammer = { .buf = pages_new(SIZE) };
		struct hammer_thread threads[N_THREADS];
		int id, fd;

		/* Also pages that nobody has touched yet */
		if (round % 2)
			memset(hammer.buf, 0, SIZE);
		for (unsigned int i = 0; i < N_THREADS; i++) {
			threads[i] = (struct hammer_thread){ &hammer, i };
			CHECK_EQ(pthread_create(&hammer.thread[i], NULL, hammer_thread,
						&threads[i]), 0);
		}
		usleep(round % 7 * 300);
		fd = device_must_register(&dev, hammer.buf, SIZE, &id);
		CHECK_EQ(pages_shared(hammer.buf, SIZE), SIZE / PAGE);
		usleep(1000);
		__atomic_store_n(&hammer.stop, true, __ATOMIC_RELAXED);
		for (unsigned int i = 0; i < N_THREADS; i++)
			pthread_join(hammer.thread[i], NULL);
		/* And the TEE sees the last of them. */
		CHECK_EQ(device_sum(&dev, id, 0, SIZE), sum_of(hammer.buf, SIZE));
		close(fd);
		munmap(hammer.buf, SIZE);
	}
}

static bool may_trace(void)
{
	struct __user_cap_header_struct head = { .version = _LINUX_CAPABILITY_VERSION_3 };
	struct __user_cap_data_struct data[2] = { 0 };

	CHECK_EQ(syscall(SYS_capget, &head, data), 0);
	return data[0].effective & (1u << CAP_SYS_PTRACE);
}

static const uint8_t source_bytes[] = { 0x77, 0x88 };

struct reader {
	uint8_t *buf;
	int file;
	unsigned int n_refused;
	bool stop;
};

/* The kernel writes to the buffer for us. */
static void *reader_thread(void *data)
{
	struct reader *reader = data;

	for (unsigned int i = 0; !__atomic_load_n(&reader->stop, __ATOMIC_RELAXED); i++) {
		uint8_t value = source_bytes[i % 2];
		ssize_t n = pread(reader->file, reader->buf, SIZE, (off_t)(i % 2 * SIZE));

		/* What is not refused as a whole is written as far as the number says. */
		CHECK(n > 0 || errno == EFAULT, "pread: %s", strerror(errno));
		reader->n_refused += n != (ssize_t)SIZE;
		for (ssize_t at = 0; at < n; at += PAGE / 2)
			CHECK_EQ(reader->buf[at], value);
	}
	return NULL;
}

/*
 * A system call of another thread that writes to the buffer waits, where we have the
 * privilege for that; else it may fail with EFAULT.
 */
static void check_system_calls(void)
{
	int file = memfd_create("source", MFD_CLOEXEC), id, fd;
	static uint8_t source[SIZE];

	need_sharing();
	for (int i = 0; i < 2; i++) {
		memset(source, source_bytes[i], SIZE);
		CHECK_EQ(write(file, source, SIZE), SIZE);
	}
	for (unsigned int round = 0; round < scaled(200); round++) {
		struct reader reader = { .buf = pages_new(SIZE), .file = file };
		pthread_t thread;

		CHECK_EQ(pthread_create(&thread, NULL, reader_thread, &reader), 0);
		usleep(round % 5 * 200);
		fd = device_must_register(&dev, reader.buf, SIZE, &id);
		usleep(500);
		__atomic_store_n(&reader.stop, true, __ATOMIC_RELAXED);
		pthread_join(thread, NULL);
		CHECK(!may_trace() || reader.n_refused == 0, "%u system calls were refused",
		      reader.n_refused);
		CHECK_EQ(device_sum(&dev, id, 0, SIZE), sum_of(reader.buf, SIZE));
		close(fd);
		munmap(reader.buf, SIZE);
	}
}

/* Threads that register the same memory at the same time share the same pages. */
static void *register_thread(void *data)
{
	struct hammer *hammer = data;
	struct device own;

	device_open(&own, TA_SHARED_MEMORY_UUID_STRING);
	for (unsigned int i = 0; i < scaled(60) + 5; i++) {
		int id, fd = device_must_register(&own, hammer->buf + i % 3 * 32, SIZE - 64, &id);

		CHECK_EQ(device_sum(&own, id, 0, SIZE - 64), 5 * (SIZE - 64));
		close(fd);
	}
	device_close(&own);
	return NULL;
}

static void check_race(void)
{
	for (unsigned int round = 0; round < scaled(20) + 2; round++) {
		struct hammer hammer = { .buf = pages_new(SIZE) };

		memset(hammer.buf, 5, SIZE);
		for (unsigned int i = 0; i < N_THREADS; i++)
			CHECK_EQ(pthread_create(&hammer.thread[i], NULL, register_thread, &hammer),
				 0);
		for (unsigned int i = 0; i < N_THREADS; i++)
			pthread_join(hammer.thread[i], NULL);
		CHECK_EQ(sum_of(hammer.buf, SIZE), 5 * SIZE);
		munmap(hammer.buf, SIZE);
	}
}

/* --- fork --- */

/* What is written after the fork is not seen on the other side, whoever writes. */
static void forked_child(uint8_t *buf, int go)
{
	char byte;
	int id, fd;

	CHECK_EQ(sum_of(buf, SIZE), SIZE);
	CHECK_EQ(read(go, &byte, 1), 1);
	CHECK(sum_of(buf, SIZE) == SIZE, "the parent writes to the child's memory");
	CHECK_EQ(pages_shared(buf, SIZE), 0);
	memset(buf, 9, SIZE);
	/* It is memory like any other. */
	device_open(&dev, TA_SHARED_MEMORY_UUID_STRING);
	fd = device_must_register(&dev, buf, SIZE, &id);
	device_xor(&dev, id, 0, SIZE, 1);
	CHECK_EQ(sum_of(buf, SIZE), 8 * SIZE);
	close(fd);
}

static void check_fork(void)
{
	uint8_t *buf = pages_new(SIZE);
	int id, fd, go[2];
	pid_t pid;

	need_sharing();
	memset(buf, 1, SIZE);
	fd = device_must_register(&dev, buf, SIZE, &id);
	CHECK_EQ(mprotect(buf + 10 * PAGE, PAGE, PROT_READ), 0);
	CHECK_EQ(pipe(go), 0);
	pid = fork();
	if (pid == 0) {
		CHECK_EQ(mprotect(buf + 10 * PAGE, PAGE, PROT_READ | PROT_WRITE), 0);
		forked_child(buf, go[0]);
		/* A child of a child; and now it is shared again. */
		pid = fork();
		if (pid == 0) {
			CHECK_EQ(sum_of(buf, SIZE), 8 * SIZE);
			exit(0);
		}
		memset(buf, 2, SIZE);
		exit(child_status(pid));
	}
	CHECK_EQ(mprotect(buf + 10 * PAGE, PAGE, PROT_READ | PROT_WRITE), 0);
	memset(buf, 3, SIZE);
	CHECK_EQ(write(go[1], "", 1), 1);
	CHECK_EQ(child_status(pid), 0);
	CHECK(sum_of(buf, SIZE) == 3 * SIZE, "the child writes to the parent's memory");
	CHECK_EQ(device_sum(&dev, id, 0, SIZE), 3 * SIZE);
	device_xor(&dev, id, 0, SIZE, 1);
	CHECK_EQ(sum_of(buf, SIZE), 2 * SIZE);
	close(fd);
}

/*
 * A fork that libc does not know of: the child has a hole there and not the parent's
 * memory; the parent notices nothing.
 */
static void check_raw_fork(void)
{
	uint8_t *buf = pages_new(SIZE);
	int id, fd;
	pid_t pid;

	need_sharing();
	fd = device_must_register(&dev, buf, SIZE, &id);
	pid = (pid_t)syscall(SYS_clone, SIGCHLD, 0, 0, 0, 0);
	if (pid == 0) {
		struct sigaction dfl = { .sa_handler = SIG_DFL };

		sigaction(SIGSEGV, &dfl, NULL);
		*(volatile uint8_t *)buf = 1;
		_exit(0);
	}
	CHECK_EQ(child_status(pid), 1000 + SIGSEGV);
	CHECK_EQ(sum_of(buf, SIZE), 0);
	close(fd);
}

static void *register_loop(void *data)
{
	struct hammer *hammer = data;

	while (!__atomic_load_n(&hammer->stop, __ATOMIC_RELAXED)) {
		uint8_t *buf = pages_new(SIZE);
		int id;

		close(device_must_register(&dev, buf, SIZE, &id));
		munmap(buf, SIZE);
	}
	return NULL;
}

/* A child of a process whose other threads are in the middle of it does not hang. */
static void check_fork_threads(void)
{
	struct hammer hammer = { .stop = false };
	uint8_t *buf = pages_new(SIZE);
	int id, fd;

	memset(buf, 1, SIZE);
	fd = device_must_register(&dev, buf, SIZE, &id);
	for (unsigned int i = 0; i < 2; i++)
		CHECK_EQ(pthread_create(&hammer.thread[i], NULL, register_loop, &hammer), 0);
	for (unsigned int i = 0; i < scaled(200) + 5; i++) {
		pid_t pid = fork();

		CHECK(pid >= 0, "fork: %s", strerror(errno));
		if (pid == 0) {
			struct device own;
			bool same = sum_of(buf, SIZE) == SIZE;

			device_open(&own, TA_SHARED_MEMORY_UUID_STRING);
			close(device_must_register(&own, buf, SIZE, &id));
			_exit(same ? 0 : 1);
		}
		CHECK_EQ(child_status(pid), 0);
	}
	__atomic_store_n(&hammer.stop, true, __ATOMIC_RELAXED);
	for (unsigned int i = 0; i < 2; i++)
		pthread_join(hammer.thread[i], NULL);
	close(fd);
}

/* --- what a program does to its memory --- */

static void check_unmap(void)
{
	uint8_t *buf = pages_new(SIZE), *again;
	int id, fd, id2, fd2;

	need_sharing();
	memset(buf, 1, SIZE);
	fd = device_must_register(&dev, buf, SIZE, &id);
	munmap(buf, SIZE);
	CHECK_EQ(device_sum(&dev, id, 0, SIZE), SIZE);
	again = mmap(buf, SIZE, PROT_READ | PROT_WRITE,
		     MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1, 0);
	CHECK(again == buf, "mmap: %s", strerror(errno));
	CHECK_EQ(sum_of(buf, SIZE), 0);
	memset(buf, 2, SIZE);
	CHECK_EQ(device_sum(&dev, id, 0, SIZE), SIZE);
	fd2 = device_must_register(&dev, buf, SIZE, &id2);
	device_xor(&dev, id, 0, SIZE, 4);
	CHECK_EQ(device_sum(&dev, id2, 0, SIZE), 2 * SIZE);
	CHECK_EQ(sum_of(buf, SIZE), 2 * SIZE);
	close(fd);
	/* A part of it, and registered over the gap */
	munmap(buf + 100 * PAGE, 20 * PAGE);
	CHECK(mmap(buf + 100 * PAGE, 20 * PAGE, PROT_READ | PROT_WRITE,
		   MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0) == buf + 100 * PAGE, "mmap");
	fd = device_must_register(&dev, buf, SIZE, &id);
	device_xor(&dev, id, 0, SIZE, 3);
	CHECK_EQ(sum_of(buf, SIZE), 236 * PAGE + 20 * 3 * PAGE);
	CHECK_EQ(device_sum(&dev, id2, 0, SIZE), 236 * PAGE + 20 * 2 * PAGE);
	close(fd2);
	close(fd);
}

static void check_give_back(void)
{
	static const int advices[] = { MADV_DONTNEED, MADV_FREE };

	need_sharing();
	for (int i = 0; i < 2; i++) {
		uint8_t *buf = pages_new(SIZE);
		int id, fd;

		memset(buf, 1, SIZE);
		fd = device_must_register(&dev, buf, SIZE, &id);
		CHECK_EQ(madvise(buf + 16 * PAGE, 16 * PAGE, advices[i]), 0);
		CHECK_EQ(pages_shared(buf, SIZE), SIZE / PAGE - 16);
		CHECK_EQ(sum_of(buf, SIZE), SIZE - 16 * PAGE);
		/* The TEE has what it was given. */
		CHECK_EQ(device_sum(&dev, id, 0, SIZE), SIZE);
		close(fd);
		fd = device_must_register(&dev, buf, SIZE, &id);
		CHECK_EQ(device_sum(&dev, id, 0, SIZE), SIZE - 16 * PAGE);
		close(fd);
		munmap(buf, SIZE);
	}
}

static void check_resize(void)
{
	uint8_t *buf = pages_new(SIZE), *larger;
	int id, fd;

	need_sharing();
	memset(buf, 1, SIZE);
	fd = device_must_register(&dev, buf, SIZE, &id);
	close(fd);
	CHECK_EQ(mprotect(buf + 7 * PAGE, PAGE, PROT_READ), 0);
	CHECK_EQ(mprotect(buf + 7 * PAGE, PAGE, PROT_READ | PROT_WRITE), 0);
	larger = mremap(buf, SIZE, 3 * SIZE, MREMAP_MAYMOVE);
	CHECK(larger != MAP_FAILED, "mremap: %s", strerror(errno));
	CHECK_EQ(sum_of(larger, 3 * SIZE), SIZE);
	memset(larger, 2, 3 * SIZE);
	fd = device_must_register(&dev, larger, 3 * SIZE, &id);
	CHECK_EQ(device_sum(&dev, id, 0, 3 * SIZE), 6 * SIZE);
	buf = mremap(larger, 3 * SIZE, SIZE, 0);
	CHECK(buf == larger, "mremap: %s", strerror(errno));
	CHECK_EQ(device_sum(&dev, id, 0, 3 * SIZE), 6 * SIZE);
	close(fd);
	munmap(buf, SIZE);
}

/* malloc() and its kin go on with memory that was registered, in all arenas. */
static void *heap_thread(void *data)
{
	unsigned int seed = (unsigned int)(uintptr_t)data;
	enum { N = 24 };
	uint8_t *blocks[N] = { 0 };
	size_t sizes[N] = { 0 };

	for (unsigned int i = 0; i < scaled(3000); i++) {
		unsigned int b = (unsigned int)rand_r(&seed) % N;
		size_t size = (size_t)rand_r(&seed) % (300 * KIB) + 1;

		if (blocks[b] && rand_r(&seed) % 3 == 0) {
			size_t kept = size < sizes[b] ? size : sizes[b];

			blocks[b] = realloc(blocks[b], size);
			CHECK_EQ(sum_of(blocks[b], kept), (uint32_t)kept * b);
		} else {
			free(blocks[b]);
			blocks[b] = calloc(1, size);
			CHECK(sum_of(blocks[b], size) == 0, "calloc() gave used memory");
		}
		memset(blocks[b], (int)b, size);
		sizes[b] = size;
		if (i % 4 == 0) {
			int id, fd = device_must_register(&dev, blocks[b], size, &id);

			CHECK_EQ(device_sum(&dev, id, 0, size), (uint32_t)size * b);
			close(fd);
		}
	}
	for (unsigned int b = 0; b < N; b++)
		free(blocks[b]);
	return NULL;
}

static void check_heap(void)
{
	pthread_t threads[2];

	for (unsigned int i = 0; i < 2; i++)
		CHECK_EQ(pthread_create(&threads[i], NULL, heap_thread, (void *)(uintptr_t)i), 0);
	heap_thread((void *)7);
	for (unsigned int i = 0; i < 2; i++)
		pthread_join(threads[i], NULL);
}

/* --- death --- */

static _Noreturn void victim(int ready)
{
	device_open(&dev, TA_SHARED_MEMORY_UUID_STRING);
	CHECK_EQ(write(ready, "", 1), 1);
	for (unsigned int i = 0;; i++) {
		size_t size = (16 + i % 300) * PAGE;
		uint8_t *buf = pages_new(size + PAGE);
		int id, fd;

		memset(buf, 1, size);
		fd = device_must_register(&dev, buf + i % 2 * 10, size, &id);
		if (i % 3 == 0)
			(void)device_sum(&dev, id, 0, size);
		close(fd);
		munmap(buf, size + PAGE);
	}
}

static void check_kill(void)
{
	struct instance instance;
	struct counts before;

	instance_find(&instance);
	instance_warm_up(&instance);
	counts_take(&instance, &before);
	for (unsigned int i = 0; i < scaled(300) + 20; i++) {
		int ready[2], status;
		char byte;
		pid_t pid;

		CHECK_EQ(pipe(ready), 0);
		pid = fork();
		if (pid == 0)
			victim(ready[1]);
		close(ready[1]);
		CHECK_EQ(read(ready[0], &byte, 1), 1);
		usleep(i * 37 % 3000);
		kill(pid, SIGKILL);
		CHECK_EQ(waitpid(pid, &status, 0), pid);
		CHECK(WIFSIGNALED(status), "it ended before");
		close(ready[0]);
	}
	counts_settle(&instance, &before);
}

static const struct {
	const char *name;
	void (*fn)(void);
} checks[] = {
	{ "threads", check_threads },
	{ "system calls", check_system_calls },
	{ "race", check_race },
	{ "fork", check_fork },
	{ "raw fork", check_raw_fork },
	{ "fork threads", check_fork_threads },
	{ "unmap", check_unmap },
	{ "give back", check_give_back },
	{ "resize", check_resize },
	{ "heap", check_heap },
	{ "kill", check_kill },
};

int main(int argc, char **argv)
{
	for (size_t i = 0; i < sizeof(checks) / sizeof(*checks); i++) {
		if (argc == 2 && !strcmp(argv[1], checks[i].name)) {
			if (checks[i].fn != check_kill)
				device_open(&dev, TA_SHARED_MEMORY_UUID_STRING);
			checks[i].fn();
			return 0;
		}
	}
	CHECK(false, "no such check");
}
