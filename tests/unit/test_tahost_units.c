/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Parts of the TA host by themselves: the check of images, the heap, base64
 *
 * Argument: a directory of TAs.
 */
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/auto.h"
#include "base/memfd.h"
#include "base/uuid.h"
#include "secure/tahost/base64.h"
#include "secure/tahost/heap.h"
#include "secure/tahost/image.h"
#include "tests/ta/include/test_tas.h"

static const char *arg_ta_dir;

/* --- images --- */

static uint8_t *read_image(size_t *ret_size)
{
	char path[512];
	struct stat st;
	uint8_t *data;
	int fd;

	snprintf(path, sizeof(path), "%s/%s.ta", arg_ta_dir, TEST_TA_BENCH_UUID_STRING);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	assert_true(fd >= 0);
	assert_int_equal(fstat(fd, &st), 0);
	data = malloc((size_t)st.st_size);
	assert_int_equal(read(fd, data, (size_t)st.st_size), st.st_size);
	close_fd(fd);
	*ret_size = (size_t)st.st_size;
	return data;
}

static TEE_Result check(const uint8_t *data, size_t size)
{
	AUTO(close_fd) int fd = -1;
	struct elf_error error = { "" };
	struct image_info info;
	uint8_t uuid[16];
	TEE_Result res;

	assert_int_equal(uuid_from_string(TEST_TA_BENCH_UUID_STRING, uuid), 0);
	assert_int_equal(memfd_new_sealed("image", size, &fd), 0);
	assert_int_equal(pwrite(fd, data, size, 0), size);
	res = image_check(fd, uuid, &info, &error);
	/* A refusal has a reason. */
	assert_int_equal(res != TEE_SUCCESS, error.text[0] != '\0');
	return res;
}

static void test_image_truncated(void **state)
{
	size_t size;
	uint8_t *image = read_image(&size);

	for (size_t n = 1; n < size; n += 1 + n / 64)
		(void)check(image, n);
	assert_int_not_equal(check(image, size / 2), TEE_SUCCESS);
	assert_int_equal(check(image, size), TEE_SUCCESS);
	free(image);
}

/* Values that are at the edge of something, in every word of what the check reads */
static void test_image_words(void **state)
{
	static const uint64_t edges[] = {
		0, 1, 0x7fffffff, 0x80000000, 0xffffffff, 0x100000000, INT64_MAX, UINT64_MAX,
		UINT64_MAX - 7, 0xfff, 0x1000,
	};
	size_t size;
	uint8_t *image = read_image(&size);
	uint8_t *copy = malloc(size);
	unsigned int n_refused = 0;

	for (size_t at = 0; at + 8 <= size; at += 4) {
		for (size_t i = 0; i < sizeof(edges) / sizeof(edges[0]); i++) {
			memcpy(copy, image, size);
			memcpy(copy + at, &edges[i], i % 2 ? 8 : 4);
			n_refused += check(copy, size) != TEE_SUCCESS;
		}
	}
	assert_true(n_refused > 1000);
	free(copy);
	free(image);
}

static void test_image_bits(void **state)
{
	size_t size;
	uint8_t *image = read_image(&size);
	uint8_t *copy = malloc(size);

	srand(2);
	for (int i = 0; i < 5000; i++) {
		memcpy(copy, image, size);
		for (int n = rand() % 4; n >= 0; n--)
			copy[(size_t)rand() % size] ^= (uint8_t)(1 << rand() % 8);
		(void)check(copy, size);
	}
	free(copy);
	free(image);
}

/* --- heap --- */

static void test_heap(void **state)
{
	static uint8_t *blocks[3000];
	char *p, other;

	heap_init(1 << 20, 100);
	assert_null(heap_alloc(HEAP_SHARE, 1 << 20, false));
	p = heap_alloc(HEAP_SHARE, (1 << 20) - 16, true);
	assert_non_null(p);
	assert_null(heap_alloc(HEAP_SHARE, 1, false));
	assert_true(heap_free(p));
	assert_false(heap_free(p));
	assert_false(heap_free(&other));
	assert_int_equal(heap_pool_of(&other), HEAP_N_POOLS);

	p = heap_alloc(HEAP_NO_SHARE, 80, true);
	assert_non_null(p);
	assert_int_equal(heap_pool_of(p), HEAP_NO_SHARE);
	assert_null(heap_alloc(HEAP_NO_SHARE, 1, true));
	assert_null(heap_resize(p, 97));
	p = heap_resize(p, 10);
	assert_non_null(heap_alloc(HEAP_NO_SHARE, 16, true));

	assert_int_equal(heap_locate(p, 10), HEAP_INSIDE);
	assert_int_equal(heap_locate(p + 9, 1), HEAP_INSIDE);
	assert_int_equal(heap_locate(p + 9, 2), HEAP_ASTRIDE);
	assert_int_equal(heap_locate(p - 1, 2), HEAP_ASTRIDE);
	assert_int_equal(heap_locate(&other, 1), HEAP_OUTSIDE);
	assert_true(heap_free(p));

	/* Adding and taking away in other orders, with the table at every filling */
	heap_mark();
	srand(3);
	for (int i = 0; i < 100000; i++) {
		size_t at = (size_t)rand() % 3000;

		if (blocks[at]) {
			assert_int_equal(*blocks[at], at & 0xff);
			assert_true(heap_free(blocks[at]));
			blocks[at] = NULL;
		} else {
			blocks[at] = heap_alloc(HEAP_SHARE, 1 + (size_t)rand() % 64, true);
			assert_non_null(blocks[at]);
			assert_int_equal(*blocks[at], 0);
			*blocks[at] = (uint8_t)at;
		}
	}
	for (size_t at = 0; at < 3000; at++) {
		if (blocks[at])
			assert_true(heap_free(blocks[at]));
	}
	assert_int_equal(heap_since_mark(), 0);
	p = heap_alloc(HEAP_SHARE, (1 << 20) - 16, false);
	assert_non_null(p);
	assert_true(heap_free(p));
}

/* --- base64 --- */

static void test_base64(void **state)
{
	/* RFC 4648, section 10 */
	static const char *const plain[] = { "", "f", "fo", "foo", "foob", "fooba", "foobar" };
	static const char *const coded[] = {
		"", "Zg==", "Zm8=", "Zm9v", "Zm9vYg==", "Zm9vYmE=", "Zm9vYmFy",
	};
	char text[16], data[16];

	for (size_t i = 0; i < 7; i++) {
		size_t n = strlen(plain[i]);

		base64_encode(plain[i], n, text);
		assert_string_equal(text, coded[i]);
		assert_int_equal(base64_encoded_size(n), strlen(text) + 1);
		assert_int_equal(base64_decode(text, data, sizeof(data)), n);
		assert_memory_equal(data, plain[i], n);
		assert_int_equal(base64_decode(text, NULL, 0), n);
	}
	memset(data, 'x', sizeof(data));
	assert_int_equal(base64_decode("Zm9vYmFy", data, 3), 6);
	assert_memory_equal(data, "fooxxx", 6);
	assert_int_equal(base64_decode("====", data, 3), 0);
	assert_int_equal(base64_decode("\xff\x80-_ \n", data, 3), 0);
	assert_int_equal(base64_decode("Z\nm 9*v", data, 16), 3);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_image_truncated),
		cmocka_unit_test(test_image_words),
		cmocka_unit_test(test_image_bits),
		cmocka_unit_test(test_heap),
		cmocka_unit_test(test_base64),
	};

	if (argc != 2) {
		fprintf(stderr, "usage: %s TA-DIRECTORY\n", argv[0]);
		return 2;
	}
	arg_ta_dir = argv[1];
	return cmocka_run_group_tests_name("tahost units", tests, NULL, NULL);
}
