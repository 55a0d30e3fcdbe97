/* SPDX-License-Identifier: BSD-2-Clause */
/* The physical address space: allocation, look-up, exhaustion, what is given back */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/memfd.h"
#include "machine/soc/memory.h"

#define RAM (1u << 20)

static int setup(void **state)
{
	return soc_mem_new(RAM, (struct soc_mem **)state);
}

static int teardown(void **state)
{
	struct soc_mem_stats stats;

	soc_mem_get_stats(*state, &stats);
	assert_int_equal(stats.n_regions, 0);
	assert_int_equal(stats.ram_used, 0);
	assert_int_equal(stats.dedicated_used, 0);
	soc_mem_free(*state);
	return 0;
}

static void test_ram(void **state)
{
	struct soc_region *regions[RAM / SOC_PAGE_SIZE], *extra;
	size_t n = sizeof(regions) / sizeof(regions[0]);

	assert_int_equal(soc_region_new(*state, 0, false, &extra), -EINVAL);
	assert_int_equal(soc_region_new(*state, SIZE_MAX, false, &extra), -ENOMEM);
	for (size_t i = 0; i < n; i++) {
		assert_int_equal(soc_region_new(*state, 1, false, &regions[i]), 0);
		assert_int_equal(soc_region_size(regions[i]), SOC_PAGE_SIZE);
		assert_int_equal(soc_region_open_file(regions[i]), -EINVAL);
		memset(soc_region_va(regions[i]), 0xff, SOC_PAGE_SIZE);
	}
	assert_int_equal(soc_region_new(*state, 1, false, &extra), -ENOMEM);

	/* Every other page free: no two in a row. */
	for (size_t i = 0; i < n; i += 2)
		soc_region_free(regions[i]);
	assert_int_equal(soc_region_new(*state, 2 * SOC_PAGE_SIZE, false, &extra), -ENOMEM);
	for (size_t i = 1; i < n; i += 2)
		soc_region_free(regions[i]);

	/* All of it at once, and zeroed again. */
	assert_int_equal(soc_region_new(*state, RAM, false, &extra), 0);
	for (size_t i = 0; i < RAM; i++)
		assert_int_equal(((uint8_t *)soc_region_va(extra))[i], 0);
	soc_region_free(extra);
}

static void test_dedicated(void **state)
{
	struct soc_region *a, *b;
	struct soc_map map;
	uint64_t pa;

	assert_int_equal(soc_region_new(*state, 10000, true, &a), 0);
	assert_int_equal(soc_region_new(*state, 4096, true, &b), 0);
	assert_int_equal(soc_region_size(a), 12288);
	pa = soc_region_pa(a);
	assert_true(pa % SOC_PAGE_SIZE == 0 && soc_region_pa(b) >= pa + 12288);
	memset(soc_region_va(a), 7, 12288);

	assert_int_equal(soc_mem_map(*state, pa + 5000, true, &map), 0);
	assert_true(map.dedicated && map.pa == pa && map.size == 12288 && map.fd_offset == 0);
	assert_int_equal(memfd_check_sealed(map.fd, 12288), 0);
	close(map.fd);
	soc_region_free(a);
	/* A stale address finds nothing, also after new allocations. */
	assert_int_equal(soc_mem_map(*state, pa, true, &map), -EFAULT);
	assert_int_equal(soc_region_new(*state, 12288, true, &a), 0);
	assert_true(soc_region_pa(a) != pa);
	assert_int_equal(soc_mem_map(*state, pa, true, &map), -EFAULT);
	assert_int_equal(soc_mem_map(*state, 0, true, &map), -EFAULT);
	assert_int_equal(soc_mem_map(*state, UINT64_MAX, true, &map), -EFAULT);
	soc_region_free(a);
	soc_region_free(b);
}

static void test_ram_map(void **state)
{
	struct soc_region *region;
	struct soc_map map;
	uint64_t pa, size;
	void *va;
	int fd;

	soc_mem_get_ram(*state, &fd, &pa, &size);
	assert_int_equal(size, RAM);
	assert_int_equal(soc_region_new(*state, 4096, false, &region), 0);
	strcpy(soc_region_va(region), "seen from the other side");
	assert_int_equal(soc_mem_map(*state, soc_region_pa(region), true, &map), 0);
	assert_true(!map.dedicated && map.pa == pa && map.size == size);
	assert_int_equal(memfd_map(map.fd, 0, RAM, PROT_READ, &va), 0);
	assert_string_equal((char *)va + (soc_region_pa(region) - pa), "seen from the other side");
	munmap(va, RAM);
	close(map.fd);
	assert_int_equal(soc_mem_map(*state, pa + size, true, &map), -EFAULT);
	soc_region_free(region);
}

/* The owner gets it by another way than memory that everybody may see. */
static void test_protected(void **state)
{
	struct soc_map map;
	uint64_t pa, size;
	char *va;

	soc_mem_get_protected(*state, &pa, &size);
	assert_int_equal(size, 0);
	assert_int_equal(soc_mem_map(*state, pa, true, &map), -EFAULT);
	assert_int_equal(soc_mem_map_protected(*state, pa, true, &map), -EFAULT);

	assert_int_equal(soc_mem_add_protected(*state, 0), -EINVAL);
	assert_int_equal(soc_mem_add_protected(*state, (size_t)1 << 40), -ENOMEM);
	assert_int_equal(soc_mem_add_protected(*state, 10000), 0);
	assert_int_equal(soc_mem_add_protected(*state, 10000), -EINVAL);
	soc_mem_get_protected(*state, &pa, &size);
	assert_int_equal(size, 12288);
	assert_true(pa + size < UINT32_MAX);

	assert_int_equal(soc_mem_map(*state, pa, true, &map), -EACCES);
	assert_int_equal(soc_mem_map(*state, pa + 12287, true, &map), -EACCES);
	assert_int_equal(soc_mem_map(*state, pa + 12288, true, &map), -EFAULT);
	assert_int_equal(soc_mem_map_protected(*state, pa - 1, true, &map), -EFAULT);
	assert_int_equal(soc_mem_map_protected(*state, pa + 12288, true, &map), -EFAULT);
	assert_int_equal(soc_mem_map_protected(*state, pa + 5000, true, &map), 0);
	assert_true(!map.dedicated && map.pa == pa && map.size == 12288 && map.fd_offset == 0);
	assert_int_equal(memfd_map(map.fd, 0, 12288, PROT_READ | PROT_WRITE, (void **)&va), 0);
	assert_int_equal(va[12287], 0);
	munmap(va, 12288);
	close(map.fd);
}

/* Against a model: random sizes, both kinds, contents that belong to one region. */
static void test_random(void **state)
{
	enum { N = 100 };
	struct soc_region *regions[N] = { 0 };

	srand(7);
	for (int round = 0; round < 20000; round++) {
		int i = rand() % N;

		if (regions[i]) {
			uint32_t *words = soc_region_va(regions[i]);

			assert_int_equal(words[0], i);
			assert_int_equal(words[soc_region_size(regions[i]) / 4 - 1], i);
			regions[i] = soc_region_free(regions[i]);
		} else if (soc_region_new(*state, (size_t)rand() % 20000 + 1, rand() % 2,
					  &regions[i]) == 0) {
			uint32_t *words = soc_region_va(regions[i]);

			assert_int_equal(words[0], 0);
			words[0] = (uint32_t)i;
			words[soc_region_size(regions[i]) / 4 - 1] = (uint32_t)i;
		}
	}
	for (int i = 0; i < N; i++)
		soc_region_free(regions[i]);
}

static int setup_few_files(void **state)
{
	struct rlimit limit;
	int r;

	getrlimit(RLIMIT_NOFILE, &limit);
	r = setrlimit(RLIMIT_NOFILE, &(struct rlimit){ 64, limit.rlim_max });
	if (r == 0)
		r = soc_mem_new(RAM, (struct soc_mem **)state);
	return r;
}

static int teardown_few_files(void **state)
{
	struct rlimit limit;

	assert_int_equal(waitpid(-1, NULL, WNOHANG), 0);
	teardown(state);
	/* The processes that kept files ended with the machine. */
	assert_int_equal(waitpid(-1, NULL, WNOHANG), -1);
	assert_int_equal(errno, ECHILD);
	getrlimit(RLIMIT_NOFILE, &limit);
	return setrlimit(RLIMIT_NOFILE, &(struct rlimit){ limit.rlim_max, limit.rlim_max });
}

/* More regions than a process, and than two of them, may have descriptors */
static void test_parked(void **state)
{
	enum { N = 200 };
	struct soc_region *regions[N];
	struct soc_mem_stats stats;
	struct soc_map map;

	for (int round = 0; round < 3; round++) {
		for (int i = 0; i < N; i++) {
			int fd;

			assert_int_equal(soc_region_new(*state, 1, true, &regions[i]), 0);
			fd = soc_region_open_file(regions[i]);
			assert_true(fd >= 0);
			assert_int_equal(pwrite(fd, &i, sizeof(i), 0), sizeof(i));
			close(fd);
			soc_region_park_file(regions[i]);
		}
		soc_mem_get_stats(*state, &stats);
		assert_int_equal(stats.n_parked, N - 64 / 2);
		for (int i = 0; i < N; i++) {
			int fd = soc_region_open_file(regions[i]), seen = -1;

			assert_true(fd >= 0);
			assert_int_equal(pread(fd, &seen, sizeof(seen), 0), sizeof(seen));
			assert_int_equal(seen, i);
			close(fd);
			assert_int_equal(*(int *)soc_region_va(regions[i]), i);
			assert_int_equal(soc_mem_map(*state, soc_region_pa(regions[i]), true, &map),
					 0);
			assert_int_equal(pread(map.fd, &seen, sizeof(seen), 0), sizeof(seen));
			assert_int_equal(seen, i);
			close(map.fd);
		}
		for (int i = 0; i < N; i++)
			soc_region_free(regions[(i * 7 + round) % N]);
		soc_mem_get_stats(*state, &stats);
		assert_int_equal(stats.n_parked, 0);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_ram, setup, teardown),
		cmocka_unit_test_setup_teardown(test_dedicated, setup, teardown),
		cmocka_unit_test_setup_teardown(test_ram_map, setup, teardown),
		cmocka_unit_test_setup_teardown(test_protected, setup, teardown),
		cmocka_unit_test_setup_teardown(test_random, setup, teardown),
		cmocka_unit_test_setup_teardown(test_parked, setup_few_files, teardown_few_files),
	};

	return cmocka_run_group_tests_name("soc", tests, NULL, NULL);
}
