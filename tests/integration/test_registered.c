/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Registered memory: what can be registered (facts N23 to N32), who sees what when,
 * and what is left afterwards. One check a run, by its name in argv[1].
 */
#include "fixture.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stddef.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <linux/filter.h>
#include <linux/seccomp.h>

#include "abi/tee.h"
#include "device.h"
#include "shared_memory_ta.h"
#include "test_tas.h"

static struct device dev;

/* A range that must be refused with @err, and whose id must not be used up */
static void check_refused(uint64_t addr, uint64_t length, uint32_t flags, int err)
{
	struct tee_ioctl_shm_register_data data = { .addr = addr, .length = length,
						    .flags = flags };
	uint8_t byte = 0;
	int before, after, fd;

	close(device_must_register(&dev, &byte, 1, &before));
	errno = 0;
	CHECK_EQ(ioctl(dev.fd, TEE_IOC_SHM_REGISTER, &data), -1);
	CHECK_EQ(errno, err);
	/* The end of the first one is seen by another thread of swteed. */
	for (int i = 0; i < 1000; i++) {
		fd = device_must_register(&dev, &byte, 1, &after);
		close(fd);
		if (after <= before)
			return;
		sleep_ms(10);
	}
	CHECK(false, "the id is lost: %d, then %d", before, after);
}

static void check_n23(void)
{
	uint8_t *buf = pages_new(64 * PAGE);

	check_refused((uintptr_t)buf, 64 * PAGE, 1, EINVAL);
	CHECK_EQ(pages_shared(buf, 64 * PAGE), 0);
}

static void check_n24(void)
{
	check_refused(0xffff800000000000u, PAGE, 0, EFAULT);
	check_refused(0xffff800000000000u, 64 * PAGE, 0, EFAULT);
}

static void check_n25(void)
{
	check_refused(64 * PAGE, UINT64_MAX - PAGE, 0, EFAULT);
	check_refused(UINT64_MAX - 64 * PAGE, 128 * PAGE, 0, EFAULT);
}

static void check_n26(void)
{
	uint8_t *buf = pages_new(64 * PAGE);

	CHECK_EQ(munmap(buf + 40 * PAGE, PAGE), 0);
	check_refused((uintptr_t)buf, 64 * PAGE, 0, EFAULT);
	check_refused((uintptr_t)buf + 40 * PAGE, 1, 0, EFAULT);
	/* What lies before and after is the caller's as before. */
	memset(buf, 1, 40 * PAGE);
	memset(buf + 41 * PAGE, 1, 23 * PAGE);
}

/* As an input, by decision; it is never written to. */
static void check_n27(void)
{
	static const size_t sizes[] = { 100, PAGE, 64 * PAGE };
	uint8_t *buf = pages_new(64 * PAGE);
	struct device_memref out = { TEE_IOCTL_PARAM_ATTR_TYPE_MEMREF_INOUT };
	uint32_t res;

	memset(buf, 3, 64 * PAGE);
	CHECK_EQ(mprotect(buf, 64 * PAGE, PROT_READ), 0);
	for (size_t i = 0; i < 3; i++) {
		int fd = device_must_register(&dev, buf, sizes[i], &out.id);

		CHECK_EQ(pages_shared(buf, 64 * PAGE), 0);
		CHECK_EQ(device_sum(&dev, out.id, 0, sizes[i]), 3 * sizes[i]);
		out.size = sizes[i];
		CHECK_EQ(device_invoke(&dev, TA_SHARED_MEMORY_CMD_XOR, &out, 1, 0, NULL, &res),
			 -EFAULT);
		close(fd);
	}
	CHECK_EQ(sum_of(buf, 64 * PAGE), 3 * 64 * PAGE);
}

static void check_n28(void)
{
	uint8_t *buf = pages_new(PAGE);

	check_refused((uintptr_t)buf, 0, 0, ENOMEM);
}

/* Every way in which a range can lie on its pages, and nothing around it changes. */
static void check_n29(void)
{
	static const size_t sizes[] = { 1, 4095, 4097, 60000, 70001, 262143, 262145 };
	static const size_t offsets[] = { 0, 1, 13, 4095 };
	const size_t room = 300 * KIB;
	uint8_t *buf = pages_new(room), *expected = malloc(room);

	for (size_t i = 0; i < room; i++)
		expected[i] = buf[i] = (uint8_t)(i * 7 + i / 256);
	for (size_t s = 0; s < sizeof(sizes) / sizeof(*sizes); s++) {
		for (size_t o = 0; o < sizeof(offsets) / sizeof(*offsets); o++) {
			uint8_t *at = buf + offsets[o];
			int id, fd = device_must_register(&dev, at, sizes[s], &id);

			CHECK_EQ(device_sum(&dev, id, 0, sizes[s]), sum_of(at, sizes[s]));
			device_xor(&dev, id, 0, sizes[s], 0x5a);
			for (size_t n = 0; n < sizes[s]; n++)
				expected[offsets[o] + n] ^= 0x5a;
			CHECK(!memcmp(buf, expected, room), "size %zu, offset %zu", sizes[s],
			      offsets[o]);
			close(fd);
		}
	}
	free(expected);
}

static void check_n32(void)
{
	const size_t size = 64 * PAGE;
	uint8_t *buf = pages_new(size);
	int a, b, c, fd_a, fd_b, fd_c;

	memset(buf, 1, size);
	fd_a = device_must_register(&dev, buf + 100, size - 200, &a);
	fd_b = device_must_register(&dev, buf + 100, size - 200, &b);
	CHECK(a != b, "one id for both");
	device_xor(&dev, a, 0, size - 200, 2);
	CHECK_EQ(device_sum(&dev, b, 0, size - 200), 3 * (size - 200));
	close(fd_a);
	device_xor(&dev, b, 0, size - 200, 4);
	fd_c = device_must_register(&dev, buf, size, &c);
	CHECK_EQ(device_sum(&dev, c, 0, size), 7 * (size - 200) + 200);
	close(fd_b);
	close(fd_c);
	CHECK_EQ(sum_of(buf, size), 7 * (size - 200) + 200);
}

/* Registrations that share some of their pages, in all orders, made and released */
static void check_overlap(void)
{
	static const struct { size_t offset, size; } parts[] = {
		{ 0, 40 * PAGE }, { 20 * PAGE, 40 * PAGE }, { 10 * PAGE + 5, 70 * PAGE },
		{ 30 * PAGE + 7, 20 * PAGE }, { 31 * PAGE, 500 }, { 0, 96 * PAGE },
	};
	enum { N = sizeof(parts) / sizeof(*parts) };
	uint8_t *buf = pages_new(96 * PAGE), *expected = malloc(96 * PAGE);
	int ids[N], fds[N];

	for (unsigned int seed = 0; seed < scaled(60); seed++) {
		srand(seed);
		memset(fds, -1, sizeof(fds));
		/* At times without what earlier rounds left */
		if (seed % 4 == 0) {
			munmap(buf, 96 * PAGE);
			buf = pages_new(96 * PAGE);
		}
		for (size_t i = 0; i < 96 * PAGE; i++)
			expected[i] = buf[i] = (uint8_t)(i + seed);
		for (int step = 0; step < 40; step++) {
			int i = rand() % N;
			size_t offset = parts[i].offset, size = parts[i].size;
			uint8_t with = (uint8_t)rand();

			if (fds[i] < 0) {
				fds[i] = device_must_register(&dev, buf + offset, size, &ids[i]);
				continue;
			}
			CHECK_EQ(device_sum(&dev, ids[i], 0, size), sum_of(buf + offset, size));
			device_xor(&dev, ids[i], 1, size - 2, with);
			for (size_t n = offset + 1; n < offset + size - 1; n++)
				expected[n] ^= with;
			CHECK(!memcmp(buf, expected, 96 * PAGE), "seed %u, step %d", seed, step);
			buf[offset] = expected[offset] = with;
			if (step % 3 == 0) {
				close(fds[i]);
				fds[i] = -1;
			}
		}
		for (int i = 0; i < N; i++)
			close(fds[i]);
	}
	free(expected);
}

/* --- while a call runs --- */

struct answer {
	int id;
	size_t offset;
	uint32_t rounds;
};

static void *answer_thread(void *data)
{
	struct answer *answer = data;
	struct device_memref m = { TEE_IOCTL_PARAM_ATTR_TYPE_MEMREF_INOUT, answer->id,
				   answer->offset, 8 };
	uint32_t res = 0;
	int r = device_invoke(&dev, TEST_MEMORY_CMD_ANSWER, &m, answer->rounds, 60, NULL, &res);

	CHECK_EQ(r, 0);
	CHECK(res == TEEC_SUCCESS, "the TA did not see our writes: 0x%08x", res);
	return NULL;
}

static void check_words(uint8_t *at, int id, size_t offset)
{
	struct answer answer = { id, offset, 200 };
	uint32_t *words = (uint32_t *)(void *)at;
	pthread_t thread;

	words[0] = words[1] = 0;
	CHECK_EQ(pthread_create(&thread, NULL, answer_thread, &answer), 0);
	for (uint32_t i = 1; i <= answer.rounds; i++) {
		__atomic_store_n(&words[0], i, __ATOMIC_RELEASE);
		/* The TA gives up first if it does not see this. */
		while (__atomic_load_n(&words[1], __ATOMIC_ACQUIRE) != i)
			;
	}
	pthread_join(thread, NULL);
}

/* A TA and another thread of the client talk through registered memory. */
static void check_words_shared(void)
{
	const size_t size = 64 * PAGE;
	struct device other = dev;
	uint8_t *buf = pages_new(size);
	int id, fd, fd2;

	need_sharing();
	device_open(&dev, TEST_TA_MEMORY_UUID_STRING);
	fd = device_must_register(&dev, buf + 16, size - 32, &id);
	CHECK_EQ(pages_shared(buf, size), 62);
	check_words(buf + 5 * PAGE, id, 5 * PAGE - 16);
	check_words(buf + 62 * PAGE, id, 62 * PAGE - 16);
	/* By another context too, and by this one when it comes again */
	fd2 = device_must_register(&other, buf + 16, size - 32, &id);
	close(fd);
	fd = device_must_register(&dev, buf + 16, size - 32, &id);
	check_words(buf + 9 * PAGE, id, 9 * PAGE - 16);
	close(fd2);
	close(fd);
	fd = device_must_register(&dev, buf + 16, size - 32, &id);
	check_words(buf + 9 * PAGE, id, 9 * PAGE - 16);
	close(fd);
	device_close(&other);
}

/* --- what is shared --- */

static void check_which(void)
{
	const size_t size = 64 * PAGE;
	uint8_t *buf = pages_new(size), *shared;
	int file = memfd_create("a file", MFD_CLOEXEC), id, fd;

	need_sharing();
	/* Whole pages, and not the ends */
	fd = device_must_register(&dev, buf + 1, size - 2, &id);
	CHECK_EQ(pages_shared(buf, size), 62);
	CHECK_EQ(pages_shared(buf + PAGE, size - 2 * PAGE), 62);
	close(fd);
	/* Memory of files, and memory that is shared already, stays what it is. */
	CHECK_EQ(ftruncate(file, (off_t)size), 0);
	shared = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
	fd = device_must_register(&dev, shared, size, &id);
	CHECK_EQ(pages_shared(shared, size), 0);
	device_xor(&dev, id, 0, size, 9);
	CHECK_EQ(sum_of(shared, size), 9 * size);
	close(fd);
	munmap(shared, size);
	/* A private page of a file in the middle */
	buf = pages_new(size);
	CHECK(mmap(buf + 30 * PAGE, PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_FIXED, file,
		   0) == buf + 30 * PAGE, "mmap: %s", strerror(errno));
	memset(buf, 0, size);
	fd = device_must_register(&dev, buf, size, &id);
	CHECK_EQ(pages_shared(buf, size), 63);
	CHECK_EQ(pages_shared(buf + 30 * PAGE, PAGE), 0);
	device_xor(&dev, id, 0, size, 1);
	CHECK_EQ(sum_of(buf, size), size);
	CHECK_EQ(device_sum(&dev, id, 0, size), size);
	close(fd);
	/* A few pages are copied, until they are part of more. */
	buf = pages_new(size);
	fd = device_must_register(&dev, buf, 4 * PAGE, &id);
	CHECK_EQ(pages_shared(buf, size), 0);
	close(fd);
	close(file);
}

static void refuse(int nr, int err)
{
	struct sock_filter code[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, (uint32_t)nr, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | (uint32_t)err),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
	};
	struct sock_fprog prog = { .len = 4, .filter = code };

	CHECK_EQ(prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0), 0);
	CHECK_EQ(prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &prog), 0);
}

/* Where the kernel does not help nothing is shared, and all results are the same. */
static void check_refused_userfault(void)
{
	static const int errs[] = { ENOSYS, EPERM };

	for (int i = 0; i < 2; i++) {
		uint8_t *buf = pages_new(64 * PAGE);

		refuse(SYS_userfaultfd, errs[i]);
		CHECK_EQ(syscall(SYS_userfaultfd, O_CLOEXEC), -1);
		CHECK_EQ(errno, errs[i]);
		check_n29();
		check_n32();
		close(device_must_register(&dev, buf, 64 * PAGE, &(int){ 0 }));
		CHECK_EQ(pages_shared(buf, 64 * PAGE), 0);
	}
}

/* Nor where it does half of it: the pages are as writable as before. */
static void check_refused_move(void)
{
	uint8_t *buf = pages_new(64 * PAGE);

	refuse(SYS_mremap, ENOMEM);
	memset(buf, 1, 64 * PAGE);
	close(device_must_register(&dev, buf, 64 * PAGE, &(int){ 0 }));
	CHECK_EQ(pages_shared(buf, 64 * PAGE), 0);
	memset(buf, 2, 64 * PAGE);
	check_n29();
	check_n32();
}

/* --- afterwards --- */

static void round_trip(uint8_t *buf, size_t size)
{
	int id, fd = device_must_register(&dev, buf, size, &id);

	(void)id;
	close(fd);
}

static void check_rounds(void)
{
	uint8_t *buf = pages_new(MIB);
	struct instance instance;
	struct counts before;
	int id, fd;

	instance_find(&instance);
	instance_warm_up(&instance);
	for (int i = 0; i < 100; i++)
		round_trip(buf, MIB);
	munmap(buf, MIB);
	sleep_ms(200);
	counts_take(&instance, &before);

	buf = pages_new(MIB);
	memset(buf, 1, MIB);
	for (unsigned int i = 0; i < scaled(10000); i++)
		round_trip(buf + i % 3 * 100, MIB - 1000);
	fd = device_must_register(&dev, buf, MIB, &id);
	CHECK_EQ(device_sum(&dev, id, 0, MIB), MIB);
	munmap(buf, MIB);
	/* Not yet: the TEE has them. */
	CHECK_EQ(device_sum(&dev, id, 0, MIB), MIB);
	close(fd);

	for (unsigned int i = 0; i < scaled(1000); i++) {
		buf = pages_new(MIB);
		round_trip(buf, MIB);
		munmap(buf, MIB);
	}
	counts_settle(&instance, &before);
}

static const struct {
	const char *name;
	void (*fn)(void);
} checks[] = {
	{ "N23", check_n23 },
	{ "N24", check_n24 },
	{ "N25", check_n25 },
	{ "N26", check_n26 },
	{ "N27", check_n27 },
	{ "N28", check_n28 },
	{ "N29", check_n29 },
	{ "N32", check_n32 },
	{ "overlap", check_overlap },
	{ "words", check_words_shared },
	{ "which", check_which },
	{ "userfault", check_refused_userfault },
	{ "move", check_refused_move },
	{ "rounds", check_rounds },
};

int main(int argc, char **argv)
{
	device_open(&dev, TA_SHARED_MEMORY_UUID_STRING);
	for (size_t i = 0; i < sizeof(checks) / sizeof(*checks); i++) {
		if (argc == 2 && !strcmp(argv[1], checks[i].name)) {
			checks[i].fn();
			return 0;
		}
	}
	CHECK(false, "no such check");
}
