/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The built-in supplicant: files of the trusted OS (facts on OP-TEE, 4.3), and the
 * names, handles and offsets that a hostile one sends
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

#include "abi/optee_rpc.h"
#include "abi/tee_result.h"

#include "supplicant_fixture.h"

#define N_HANDLES 256

static uint32_t fs(struct supp_fixture *f, size_t n, struct tee_param *param)
{
	return request(f, OPTEE_RPC_CMD_FS, n, param);
}

/* OPEN, CREATE, OPENDIR: with the bytes of a name, its NUL among them or not */
static uint32_t fs_open_bytes(struct supp_fixture *f, uint64_t op, const void *name, size_t size,
			      uint64_t *handle)
{
	char *copy = malloc(size ? size : 1);
	struct tee_shm shm = shm_of(copy, size);
	struct tee_param param[3] = {
		value(VAL_IN, op, 0, 0), memref(MEM_IN, &shm, size), value(VAL_OUT, 99, 0, 0),
	};
	uint32_t result;

	/* Of just that size: what is read behind it shows. */
	memcpy(copy, name, size);
	result = fs(f, 3, param);
	assert_memory_equal(copy, name, size);
	free(copy);
	if (result == TEE_R_SUCCESS)
		*handle = param[2].u.value.a;
	else
		assert_int_equal(param[2].u.value.a, 99);
	return result;
}

static uint32_t fs_open(struct supp_fixture *f, uint64_t op, const char *name, uint64_t *handle)
{
	return fs_open_bytes(f, op, name, strlen(name) + 1, handle);
}

static uint32_t fs_close(struct supp_fixture *f, uint64_t op, uint64_t handle)
{
	struct tee_param param = value(VAL_IN, op, handle, 0);

	return fs(f, 1, &param);
}

static uint32_t fs_read(struct supp_fixture *f, uint64_t handle, uint64_t offset, void *buf,
			size_t *size)
{
	struct tee_shm shm = shm_of(buf, *size);
	struct tee_param param[2] = {
		value(VAL_IN, OPTEE_RPC_FS_READ, handle, offset), memref(MEM_OUT, &shm, *size),
	};
	uint32_t result = fs(f, 2, param);

	*size = param[1].u.memref.size;
	return result;
}

static uint32_t fs_write(struct supp_fixture *f, uint64_t handle, uint64_t offset, const void *buf,
			 size_t size)
{
	struct tee_shm shm = shm_of((void *)buf, size);
	struct tee_param param[2] = {
		value(VAL_IN, OPTEE_RPC_FS_WRITE, handle, offset), memref(MEM_IN, &shm, size),
	};

	return fs(f, 2, param);
}

static uint32_t fs_truncate(struct supp_fixture *f, uint64_t handle, uint64_t length)
{
	struct tee_param param = value(VAL_IN, OPTEE_RPC_FS_TRUNCATE, handle, length);

	return fs(f, 1, &param);
}

static uint32_t fs_remove(struct supp_fixture *f, const char *name)
{
	size_t size = strlen(name) + 1;
	struct tee_shm shm = shm_of((void *)name, size);
	struct tee_param param[2] = {
		value(VAL_IN, OPTEE_RPC_FS_REMOVE, 0, 0), memref(MEM_IN, &shm, size),
	};

	return fs(f, 2, param);
}

static uint32_t fs_rename(struct supp_fixture *f, const char *from, const char *to, bool overwrite)
{
	struct tee_shm shms[2] = {
		shm_of((void *)from, strlen(from) + 1), shm_of((void *)to, strlen(to) + 1),
	};
	struct tee_param param[3] = {
		value(VAL_IN, OPTEE_RPC_FS_RENAME, overwrite, 0),
		memref(MEM_IN, &shms[0], shms[0].size), memref(MEM_IN, &shms[1], shms[1].size),
	};

	return fs(f, 3, param);
}

static uint32_t fs_readdir(struct supp_fixture *f, uint64_t handle, char *buf, size_t *size)
{
	struct tee_shm shm = shm_of(buf, *size);
	struct tee_param param[2] = {
		value(VAL_IN, OPTEE_RPC_FS_READDIR, handle, 0),
		memref(MEM_OUT, *size ? &shm : NULL, *size),
	};
	uint32_t result = fs(f, 2, param);

	*size = param[1].u.memref.size;
	return result;
}

static uint64_t must_open(struct supp_fixture *f, uint64_t op, const char *name)
{
	uint64_t handle;

	assert_int_equal(fs_open(f, op, name, &handle), TEE_R_SUCCESS);
	return handle;
}

static void create(struct supp_fixture *f, const char *name)
{
	uint64_t handle = must_open(f, OPTEE_RPC_FS_CREATE, name);

	assert_int_equal(fs_close(f, OPTEE_RPC_FS_CLOSE, handle), TEE_R_SUCCESS);
}

/* --- each operation --- */

static void test_file(void **state)
{
	struct supp_fixture *f = *state;
	char buf[32];
	uint64_t handle, second;
	struct stat st;
	size_t size;

	assert_int_equal(fs_open(f, OPTEE_RPC_FS_OPEN, "f", &handle), TEE_R_ITEM_NOT_FOUND);
	handle = must_open(f, OPTEE_RPC_FS_CREATE, "f");
	assert_int_equal(fstatat(f->root, "f", &st, 0), 0);
	assert_int_equal(st.st_mode, S_IFREG | 0600);
	assert_int_equal(fs_write(f, handle, 0, "0123456789", 10), TEE_R_SUCCESS);
	assert_int_equal(fs_write(f, handle, 8, "abcd", 4), TEE_R_SUCCESS);
	assert_int_equal(fs_write(f, handle, 3, "", 0), TEE_R_SUCCESS);
	expect_text(f->root, "f", "01234567abcd");

	second = must_open(f, OPTEE_RPC_FS_OPEN, "/f");
	assert_true(second != handle);
	size = 5;
	assert_int_equal(fs_read(f, second, 2, buf, &size), TEE_R_SUCCESS);
	assert_int_equal(size, 5);
	assert_memory_equal(buf, "23456", 5);
	/* Short at the end, nothing behind it */
	size = sizeof(buf);
	assert_int_equal(fs_read(f, second, 9, buf, &size), TEE_R_SUCCESS);
	assert_int_equal(size, 3);
	assert_memory_equal(buf, "bcd", 3);
	size = sizeof(buf);
	assert_int_equal(fs_read(f, second, 1000, buf, &size), TEE_R_SUCCESS);
	assert_int_equal(size, 0);

	assert_int_equal(fs_truncate(f, second, 4), TEE_R_SUCCESS);
	expect_text(f->root, "f", "0123");
	assert_int_equal(fs_truncate(f, second, 6), TEE_R_SUCCESS);
	size = sizeof(buf);
	assert_int_equal(fs_read(f, handle, 0, buf, &size), TEE_R_SUCCESS);
	assert_int_equal(size, 6);
	assert_memory_equal(buf, "0123\0\0", 6);
	assert_int_equal(fs_close(f, OPTEE_RPC_FS_CLOSE, second), TEE_R_SUCCESS);
	assert_int_equal(fs_close(f, OPTEE_RPC_FS_CLOSE, handle), TEE_R_SUCCESS);

	/* Created again it is empty. */
	create(f, "f");
	expect_text(f->root, "f", "");
}

static void test_read_only_file(void **state)
{
	struct supp_fixture *f = *state;
	uint64_t handle;
	size_t size = 6;
	char buf[6];

	write_at(f->root, "f", "locked");
	assert_int_equal(fchmodat(f->root, "f", 0444, 0), 0);
	leave_root();
	handle = must_open(f, OPTEE_RPC_FS_OPEN, "f");
	assert_int_equal(fs_write(f, handle, 0, "x", 1), TEE_R_GENERIC);
	assert_int_equal(fs_truncate(f, handle, 0), TEE_R_GENERIC);
	return_to_root();
	assert_int_equal(fs_read(f, handle, 0, buf, &size), TEE_R_SUCCESS);
	assert_memory_equal(buf, "locked", 6);
	assert_int_equal(fs_close(f, OPTEE_RPC_FS_CLOSE, handle), TEE_R_SUCCESS);
}

/* The directories come with the first file and go with the last, two levels of them. */
static void test_parents(void **state)
{
	struct supp_fixture *f = *state;
	struct stat st;
	uint64_t handle;

	create(f, "a/b/x");
	create(f, "/a/b/y");
	assert_int_equal(fstatat(f->root, "a/b", &st, 0), 0);
	assert_int_equal(st.st_mode, S_IFDIR | 0700);
	assert_int_equal(fs_remove(f, "a/b/x"), TEE_R_SUCCESS);
	assert_true(exists_at(f->root, "a/b/y"));
	assert_int_equal(fs_remove(f, "a/b/x"), TEE_R_ITEM_NOT_FOUND);
	assert_int_equal(fs_remove(f, "a/b/y"), TEE_R_SUCCESS);
	assert_false(exists_at(f->root, "a"));

	/* Three are too many, and none of them stays. */
	assert_int_equal(fs_open(f, OPTEE_RPC_FS_CREATE, "a/b/c/x", &handle),
			 TEE_R_ITEM_NOT_FOUND);
	assert_false(exists_at(f->root, "a"));
	assert_int_equal(mkdirat(f->root, "a", 0700), 0);
	create(f, "a/b/c/x");
	assert_int_equal(mkdirat(f->root, "a/b/d", 0700), 0);
	assert_int_equal(fs_remove(f, "a/b/c/x"), TEE_R_SUCCESS);
	assert_false(exists_at(f->root, "a/b/c"));
	assert_true(exists_at(f->root, "a/b/d"));
	create(f, "a/b/d/x");
	assert_int_equal(fs_remove(f, "a/b/d/x"), TEE_R_SUCCESS);
	assert_false(exists_at(f->root, "a/b"));
	assert_true(exists_at(f->root, "a"));

	/* The file cannot be made though its directory can. */
	assert_int_equal(fs_open(f, OPTEE_RPC_FS_CREATE, "a/b/", &handle), TEE_R_GENERIC);
	assert_int_equal(fs_open(f, OPTEE_RPC_FS_CREATE, "n/m/..", &handle), TEE_R_GENERIC);
	assert_false(exists_at(f->root, "n"));
	/* A file where a directory should be */
	create(f, "file");
	assert_int_equal(fs_open(f, OPTEE_RPC_FS_CREATE, "file/x", &handle), TEE_R_GENERIC);
	assert_int_equal(fs_open(f, OPTEE_RPC_FS_OPEN, "file/x", &handle), TEE_R_ITEM_NOT_FOUND);
	/* A directory is no file. */
	assert_int_equal(fs_remove(f, "a"), TEE_R_GENERIC);
	assert_int_equal(fs_open(f, OPTEE_RPC_FS_CREATE, "a", &handle), TEE_R_GENERIC);
	assert_int_equal(fs_open(f, OPTEE_RPC_FS_OPEN, "a", &handle), TEE_R_ITEM_NOT_FOUND);
}

static void test_rename(void **state)
{
	struct supp_fixture *f = *state;

	write_at(f->root, "a", "A");
	write_at(f->root, "b", "B");
	assert_int_equal(fs_rename(f, "a", "b", false), TEE_R_ACCESS_CONFLICT);
	expect_text(f->root, "b", "B");
	assert_int_equal(fs_rename(f, "a", "/c", false), TEE_R_SUCCESS);
	assert_false(exists_at(f->root, "a"));
	expect_text(f->root, "c", "A");
	assert_int_equal(fs_rename(f, "c", "b", true), TEE_R_SUCCESS);
	assert_false(exists_at(f->root, "c"));
	expect_text(f->root, "b", "A");
	assert_int_equal(fs_rename(f, "b", "d", true), TEE_R_SUCCESS);

	assert_int_equal(fs_rename(f, "none", "e", false), TEE_R_ITEM_NOT_FOUND);
	assert_int_equal(fs_rename(f, "none", "d", true), TEE_R_ITEM_NOT_FOUND);
	assert_int_equal(fs_rename(f, "d", "none/d", true), TEE_R_ITEM_NOT_FOUND);
	assert_int_equal(fs_rename(f, "none/d", "d", true), TEE_R_ITEM_NOT_FOUND);
	assert_int_equal(mkdirat(f->root, "dir", 0700), 0);
	assert_int_equal(fs_rename(f, "d", "dir/d", false), TEE_R_SUCCESS);
	expect_text(f->root, "dir/d", "A");
	/* What is unexpected is no success. */
	assert_int_equal(fs_rename(f, "dir", "dir/x", true), TEE_R_GENERIC);
	assert_int_equal(fs_rename(f, "dir/d", "dir", true), TEE_R_GENERIC);
	assert_int_equal(fs_rename(f, "", "x", true), TEE_R_ITEM_NOT_FOUND);
	assert_int_equal(fs_rename(f, "dir/d", "", true), TEE_R_ITEM_NOT_FOUND);
	assert_int_equal(fs_rename(f, "..", "x", true), TEE_R_GENERIC);
	assert_true(fs_rename(f, "dir/d", "..", false) != TEE_R_SUCCESS);
	expect_text(f->root, "dir/d", "A");
}

static void test_directory(void **state)
{
	static const char *const names[] = { "one", "two", "three", "a-rather-long-name.ta" };
	struct supp_fixture *f = *state;
	unsigned int seen = 0;
	uint64_t handle;
	char buf[64];
	size_t size;

	assert_int_equal(fs_open(f, OPTEE_RPC_FS_OPENDIR, "", &handle), TEE_R_ITEM_NOT_FOUND);
	assert_int_equal(fs_open(f, OPTEE_RPC_FS_OPENDIR, "d", &handle), TEE_R_ITEM_NOT_FOUND);
	assert_int_equal(mkdirat(f->root, "d", 0700), 0);
	assert_int_equal(fs_open(f, OPTEE_RPC_FS_OPENDIR, "d", &handle), TEE_R_ITEM_NOT_FOUND);
	write_at(f->root, "d/.hidden", "");
	assert_int_equal(fs_open(f, OPTEE_RPC_FS_OPENDIR, "d", &handle), TEE_R_ITEM_NOT_FOUND);
	for (int i = 0; i < 4; i++) {
		snprintf(buf, sizeof(buf), "d/%s", names[i]);
		write_at(f->root, buf, "");
	}
	assert_int_equal(fs_open(f, OPTEE_RPC_FS_OPENDIR, "d/one", &handle),
			 TEE_R_ITEM_NOT_FOUND);

	handle = must_open(f, OPTEE_RPC_FS_OPENDIR, "/d");
	for (int i = 0; i < 4; i++) {
		/* A buffer too small, then one of the size that was said */
		memset(buf, 'x', sizeof(buf));
		size = i % 2 ? 3 : 0;
		assert_int_equal(fs_readdir(f, handle, buf, &size), TEE_R_SHORT_BUFFER);
		assert_int_equal(buf[0], 'x');
		assert_int_equal(fs_readdir(f, handle, buf, &size), TEE_R_SUCCESS);
		assert_int_equal(size, strlen(buf) + 1);
		for (unsigned int j = 0; j < 4; j++)
			seen |= strcmp(buf, names[j]) ? 0 : 1u << j;
	}
	assert_int_equal(seen, 15);
	for (int i = 0; i < 2; i++) {
		size = sizeof(buf);
		assert_int_equal(fs_readdir(f, handle, buf, &size), TEE_R_ITEM_NOT_FOUND);
	}
	assert_int_equal(fs_close(f, OPTEE_RPC_FS_CLOSEDIR, handle), TEE_R_SUCCESS);
	handle = must_open(f, OPTEE_RPC_FS_OPENDIR, "");
	size = sizeof(buf);
	assert_int_equal(fs_readdir(f, handle, buf, &size), TEE_R_SUCCESS);
	assert_string_equal(buf, "d");
	assert_int_equal(fs_close(f, OPTEE_RPC_FS_CLOSEDIR, handle), TEE_R_SUCCESS);
}

/* --- parameters --- */

static const struct {
	size_t n;
	uint64_t attr[3];
} shapes[] = {
	[OPTEE_RPC_FS_OPEN] = { 3, { VAL_IN, MEM_IN, VAL_OUT } },
	[OPTEE_RPC_FS_CREATE] = { 3, { VAL_IN, MEM_IN, VAL_OUT } },
	[OPTEE_RPC_FS_CLOSE] = { 1, { VAL_IN } },
	[OPTEE_RPC_FS_READ] = { 2, { VAL_IN, MEM_OUT } },
	[OPTEE_RPC_FS_WRITE] = { 2, { VAL_IN, MEM_IN } },
	[OPTEE_RPC_FS_TRUNCATE] = { 1, { VAL_IN } },
	[OPTEE_RPC_FS_REMOVE] = { 2, { VAL_IN, MEM_IN } },
	[OPTEE_RPC_FS_RENAME] = { 3, { VAL_IN, MEM_IN, MEM_IN } },
	[OPTEE_RPC_FS_OPENDIR] = { 3, { VAL_IN, MEM_IN, VAL_OUT } },
	[OPTEE_RPC_FS_CLOSEDIR] = { 1, { VAL_IN } },
	[OPTEE_RPC_FS_READDIR] = { 2, { VAL_IN, MEM_OUT } },
};

#define N_OPS (sizeof(shapes) / sizeof(shapes[0]))

static uint32_t fs_shaped(struct supp_fixture *f, uint64_t op, size_t n, const uint64_t *attr)
{
	char name[] = "f";
	struct tee_shm shm = shm_of(name, sizeof(name));
	struct tee_param param[5] = { 0 };

	for (size_t i = 0; i < n; i++) {
		param[i] = value(attr[i], i ? 0 : op, 0, 0);
		if (tee_param_is_memref(&param[i]))
			param[i] = memref(attr[i], &shm, sizeof(name));
	}
	return fs(f, n, param);
}

/* Number and kind of each are compared exactly, META bit and all. */
static void test_shapes(void **state)
{
	static const uint64_t others[] = {
		0, VAL_IN, VAL_OUT, VAL_INOUT, MEM_IN, MEM_OUT, MEM_INOUT,
		VAL_IN | TEE_IOCTL_PARAM_ATTR_META, MEM_IN | TEE_IOCTL_PARAM_ATTR_META,
		MEM_OUT | 1ull << 32,
	};
	struct supp_fixture *f = *state;

	for (uint64_t op = 0; op < N_OPS; op++) {
		for (size_t n = 0; n <= 5; n++) {
			uint64_t attr[5] = { 0 };

			memcpy(attr, shapes[op].attr, sizeof(shapes[op].attr));
			if (n != shapes[op].n)
				assert_int_equal(fs_shaped(f, op, n, attr), TEE_R_BAD_PARAMETERS);
		}
		for (size_t i = 0; i < shapes[op].n; i++) {
			for (size_t j = 0; j < sizeof(others) / sizeof(others[0]); j++) {
				uint64_t attr[3];

				if (others[j] == shapes[op].attr[i])
					continue;
				memcpy(attr, shapes[op].attr, sizeof(attr));
				attr[i] = others[j];
				assert_int_equal(fs_shaped(f, op, shapes[op].n, attr),
						 TEE_R_BAD_PARAMETERS);
			}
		}
		assert_false(exists_at(f->root, "f"));
	}
	for (size_t n = 1; n <= 3; n++) {
		assert_int_equal(fs_shaped(f, N_OPS, n, shapes[0].attr), TEE_R_BAD_PARAMETERS);
		assert_int_equal(fs_shaped(f, UINT64_MAX, n, shapes[0].attr),
				 TEE_R_BAD_PARAMETERS);
		assert_int_equal(fs_shaped(f, 1ull << 32, n, shapes[0].attr),
				 TEE_R_BAD_PARAMETERS);
	}
}

/* Memrefs that leave their shm, or have none, for each operation that has one */
static void test_memrefs(void **state)
{
	struct supp_fixture *f = *state;
	char buf[16] = "d";
	uint64_t file, dir;

	create(f, "d/f");
	file = must_open(f, OPTEE_RPC_FS_OPEN, "d/f");
	dir = must_open(f, OPTEE_RPC_FS_OPENDIR, "d");
	for (uint64_t op = 0; op < N_OPS; op++) {
		for (size_t i = 1; i < shapes[op].n; i++) {
			struct tee_shm shm = shm_of(buf, sizeof(buf)), none = shm_of(NULL, 16);
			uint64_t handle = op == OPTEE_RPC_FS_READDIR ? dir : file;
			struct {
				struct tee_shm *shm;
				size_t offs, size;
			} bad[] = {
				{ &shm, 1, 16 }, { &shm, 16, 1 }, { &shm, 17, 0 },
				{ &shm, SIZE_MAX, 2 }, { &shm, 2, SIZE_MAX }, { &shm, 0, 17 },
				{ NULL, 0, 8 }, { &none, 0, 8 },
			};
			struct tee_param param[3];

			if (shapes[op].attr[i] == VAL_OUT)
				continue;
			for (size_t j = 0; j < sizeof(bad) / sizeof(bad[0]); j++) {
				param[0] = value(VAL_IN, op, handle, 0);
				for (size_t k = 1; k < shapes[op].n; k++) {
					param[k] = value(shapes[op].attr[k], 0, 0, 0);
					if (shapes[op].attr[k] != VAL_OUT)
						param[k] = memref(shapes[op].attr[k], &shm, 16);
				}
				param[i].u.memref.shm = bad[j].shm;
				param[i].u.memref.shm_offs = bad[j].offs;
				param[i].u.memref.size = bad[j].size;
				assert_int_equal(fs(f, shapes[op].n, param), TEE_R_BAD_PARAMETERS);
			}
		}
	}
	assert_int_equal(fs_close(f, OPTEE_RPC_FS_CLOSE, file), TEE_R_SUCCESS);
	assert_int_equal(fs_close(f, OPTEE_RPC_FS_CLOSEDIR, dir), TEE_R_SUCCESS);
	expect_text(f->root, "d/f", "");
}

/* --- handles --- */

static void expect_bad_handle(struct supp_fixture *f, uint64_t handle, bool file, bool dir)
{
	char buf[4];
	size_t size = sizeof(buf);

	if (file) {
		assert_int_equal(fs_read(f, handle, 0, buf, &size), TEE_R_BAD_PARAMETERS);
		assert_int_equal(fs_write(f, handle, 0, "x", 1), TEE_R_BAD_PARAMETERS);
		assert_int_equal(fs_truncate(f, handle, 0), TEE_R_BAD_PARAMETERS);
		assert_int_equal(fs_close(f, OPTEE_RPC_FS_CLOSE, handle), TEE_R_BAD_PARAMETERS);
	}
	if (dir) {
		size = sizeof(buf);
		assert_int_equal(fs_readdir(f, handle, buf, &size), TEE_R_BAD_PARAMETERS);
		assert_int_equal(fs_close(f, OPTEE_RPC_FS_CLOSEDIR, handle),
				 TEE_R_BAD_PARAMETERS);
	}
}

static void test_handles(void **state)
{
	static const uint64_t never[] = {
		0, 1, 2, 3, N_HANDLES - 1, N_HANDLES, INT32_MAX, UINT32_MAX,
		1ull << 32, INT64_MAX, 1ull << 63, UINT64_MAX,
	};
	struct supp_fixture *f = *state;
	uint64_t file, dir;

	for (size_t i = 0; i < sizeof(never) / sizeof(never[0]); i++)
		expect_bad_handle(f, never[i], true, true);
	write_at(f->root, "f", "text");
	file = must_open(f, OPTEE_RPC_FS_OPEN, "f");
	dir = must_open(f, OPTEE_RPC_FS_OPENDIR, "");
	expect_bad_handle(f, file, false, true);
	expect_bad_handle(f, dir, true, false);
	expect_bad_handle(f, file | 1ull << 32, true, true);
	assert_int_equal(fs_close(f, OPTEE_RPC_FS_CLOSE, file), TEE_R_SUCCESS);
	expect_bad_handle(f, file, true, true);
	assert_int_equal(fs_close(f, OPTEE_RPC_FS_CLOSEDIR, dir), TEE_R_SUCCESS);
	expect_bad_handle(f, dir, true, true);
	expect_text(f->root, "f", "text");
}

static void test_handles_run_out(void **state)
{
	struct supp_fixture *f = *state;
	unsigned int n_fds;
	uint64_t handle;

	write_at(f->root, "f", "text");
	n_fds = count_fds();
	for (uint64_t i = 0; i < N_HANDLES; i++)
		assert_int_equal(must_open(f, i % 2 ? OPTEE_RPC_FS_OPEN : OPTEE_RPC_FS_OPENDIR,
					   i % 2 ? "f" : ""), i);
	assert_int_equal(count_fds(), n_fds + N_HANDLES);
	assert_int_equal(fs_open(f, OPTEE_RPC_FS_OPEN, "f", &handle), TEE_R_OUT_OF_MEMORY);
	assert_int_equal(fs_open(f, OPTEE_RPC_FS_OPENDIR, "", &handle), TEE_R_OUT_OF_MEMORY);
	/* What cannot be opened is not emptied, nor made. */
	assert_int_equal(fs_open(f, OPTEE_RPC_FS_CREATE, "f", &handle), TEE_R_OUT_OF_MEMORY);
	assert_int_equal(fs_open(f, OPTEE_RPC_FS_CREATE, "a/b/c", &handle), TEE_R_OUT_OF_MEMORY);
	expect_text(f->root, "f", "text");
	assert_false(exists_at(f->root, "a"));
	assert_int_equal(count_fds(), n_fds + N_HANDLES);
	assert_int_equal(fs_close(f, OPTEE_RPC_FS_CLOSE, 7), TEE_R_SUCCESS);
	assert_int_equal(must_open(f, OPTEE_RPC_FS_OPEN, "f"), 7);
	/* The rest goes with the supplicant. */
}

/* --- offsets --- */

static void test_offsets(void **state)
{
	static const uint64_t negative[] = { UINT64_MAX, 1ull << 63, (uint64_t)INT64_MIN + 7 };
	struct supp_fixture *f = *state;
	uint64_t handle;
	uint32_t result;
	char buf[8];
	size_t size;

	write_at(f->root, "f", "text");
	handle = must_open(f, OPTEE_RPC_FS_OPEN, "f");
	for (size_t i = 0; i < 3; i++) {
		size = sizeof(buf);
		assert_int_equal(fs_read(f, handle, negative[i], buf, &size),
				 TEE_R_BAD_PARAMETERS);
		assert_int_equal(fs_write(f, handle, negative[i], "x", 1), TEE_R_BAD_PARAMETERS);
		assert_int_equal(fs_truncate(f, handle, negative[i]), TEE_R_BAD_PARAMETERS);
	}
	size = sizeof(buf);
	result = fs_read(f, handle, INT64_MAX, buf, &size);
	assert_true(result == TEE_R_GENERIC || (result == TEE_R_SUCCESS && size == 0));
	size = sizeof(buf);
	assert_int_equal(fs_read(f, handle, INT64_MAX - 8, buf, &size), TEE_R_SUCCESS);
	assert_int_equal(size, 0);
	assert_int_equal(fs_write(f, handle, INT64_MAX, "0123", 4), TEE_R_GENERIC);
	expect_text(f->root, "f", "text");
	assert_int_equal(fs_close(f, OPTEE_RPC_FS_CLOSE, handle), TEE_R_SUCCESS);
}

/* --- hostile names --- */

/* Whatever is done with it, it fails and leaves everything as it is. */
static void expect_bad_name(struct supp_fixture *f, const char *name)
{
	static const uint64_t ops[] = {
		OPTEE_RPC_FS_OPEN, OPTEE_RPC_FS_CREATE, OPTEE_RPC_FS_OPENDIR,
	};
	unsigned int n_fds = count_fds();
	uint64_t handle;

	for (size_t i = 0; i < 3; i++)
		assert_int_not_equal(fs_open(f, ops[i], name, &handle), TEE_R_SUCCESS);
	assert_int_not_equal(fs_remove(f, name), TEE_R_SUCCESS);
	for (int overwrite = 0; overwrite < 2; overwrite++) {
		assert_int_not_equal(fs_rename(f, name, "new", overwrite), TEE_R_SUCCESS);
		assert_int_not_equal(fs_rename(f, "f", name, overwrite), TEE_R_SUCCESS);
	}
	assert_false(exists_at(f->root, "new"));
	expect_text(f->root, "f", "text");
	expect_text(f->top, "outside/secret", "secret");
	assert_int_equal(count_fds(), n_fds);
}

static void test_names_that_lead_out(void **state)
{
	static const char *const names[] = {
		"../outside/secret", "/../outside/secret", "//../outside/secret",
		"d/../../outside/secret", "./../outside/secret", "../root/../outside/secret",
		"../outside", "../outside/", "..", "../", "d/../..", "../root/f", "../outside/new",
		"../new/new", "../../../../../../../../etc/passwd", "d/../../x/y/z",
	};
	struct supp_fixture *f = *state;
	char absolute[128];

	write_at(f->root, "f", "text");
	assert_int_equal(mkdirat(f->root, "d", 0700), 0);
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		expect_bad_name(f, names[i]);
	snprintf(absolute, sizeof(absolute), "%s/outside/secret", f->dir);
	assert_int_not_equal(fs_remove(f, absolute), TEE_R_SUCCESS);
	expect_text(f->top, "outside/secret", "secret");
	assert_false(exists_at(f->top, "new"));
	assert_false(exists_at(f->top, "outside/new"));

	/* Absolute means below the root. */
	create(f, "/etc/passwd");
	assert_true(exists_at(f->root, "etc/passwd"));
	assert_int_equal(fs_remove(f, "///etc/passwd"), TEE_R_SUCCESS);
	/* What comes back in may. */
	create(f, "d/../g");
	assert_true(exists_at(f->root, "g"));
}

static void test_links(void **state)
{
	struct supp_fixture *f = *state;
	char absolute[80];
	uint64_t handle;

	snprintf(absolute, sizeof(absolute), "%s/outside", f->dir);
	write_at(f->root, "f", "text");
	assert_int_equal(symlinkat("../outside/secret", f->root, "file"), 0);
	assert_int_equal(symlinkat("../outside", f->root, "dir"), 0);
	assert_int_equal(symlinkat(absolute, f->root, "absolute"), 0);
	assert_int_equal(symlinkat("../outside/new", f->root, "dangling"), 0);
	assert_int_equal(symlinkat("/proc/self/root", f->root, "magic"), 0);
	assert_int_equal(symlinkat(".", f->root, "inside"), 0);
	expect_bad_name(f, "inside/f");
	expect_bad_name(f, "dir/secret");
	expect_bad_name(f, "dir/new");
	expect_bad_name(f, "dir/sub/new");
	expect_bad_name(f, "absolute/secret");
	expect_bad_name(f, "magic/etc/passwd");
	assert_int_not_equal(fs_open(f, OPTEE_RPC_FS_OPENDIR, "dir", &handle), TEE_R_SUCCESS);
	assert_int_not_equal(fs_open(f, OPTEE_RPC_FS_OPENDIR, "absolute", &handle), TEE_R_SUCCESS);
	assert_int_not_equal(fs_open(f, OPTEE_RPC_FS_OPEN, "file", &handle), TEE_R_SUCCESS);
	assert_int_not_equal(fs_open(f, OPTEE_RPC_FS_CREATE, "file", &handle), TEE_R_SUCCESS);
	assert_int_not_equal(fs_open(f, OPTEE_RPC_FS_CREATE, "dangling", &handle), TEE_R_SUCCESS);
	assert_false(exists_at(f->top, "outside/new"));
	/* A link itself is an entry of the root: to move, to replace, to remove. */
	assert_int_equal(fs_rename(f, "file", "moved", false), TEE_R_SUCCESS);
	assert_int_equal(fs_remove(f, "moved"), TEE_R_SUCCESS);
	assert_int_equal(fs_rename(f, "f", "dangling", true), TEE_R_SUCCESS);
	expect_text(f->root, "dangling", "text");
	assert_false(exists_at(f->top, "outside/new"));
}

static void test_odd_names(void **state)
{
	static const uint64_t ops[] = {
		OPTEE_RPC_FS_OPEN, OPTEE_RPC_FS_CREATE, OPTEE_RPC_FS_OPENDIR,
	};
	struct supp_fixture *f = *state;
	char name[4096];
	uint64_t handle;

	write_at(f->root, "f", "text");
	for (size_t i = 0; i < 3; i++) {
		/* Without NUL, of any length */
		memset(name, 'a', sizeof(name));
		for (size_t size = 0; size <= 400; size++)
			assert_int_equal(fs_open_bytes(f, ops[i], name, size, &handle),
					 TEE_R_BAD_PARAMETERS);
		assert_int_equal(fs_open_bytes(f, ops[i], name, sizeof(name), &handle),
				 TEE_R_BAD_PARAMETERS);
		/* The NUL is there, but too late. */
		name[sizeof(name) - 1] = '\0';
		assert_int_equal(fs_open_bytes(f, ops[i], name, sizeof(name), &handle),
				 TEE_R_BAD_PARAMETERS);
		name[OPTEE_RPC_FS_NAME_MAX] = '\0';
		assert_int_equal(fs_open_bytes(f, ops[i], name, sizeof(name), &handle),
				 TEE_R_BAD_PARAMETERS);
		/* One component more than a file system takes */
		memset(name, 'a', 300);
		name[300] = '\0';
		assert_int_not_equal(fs_open(f, ops[i], name, &handle), TEE_R_SUCCESS);
	}
	/* The root, which is no file */
	memset(name, '/', sizeof(name));
	name[OPTEE_RPC_FS_NAME_MAX - 1] = '\0';
	assert_int_equal(fs_open(f, OPTEE_RPC_FS_OPEN, name, &handle), TEE_R_ITEM_NOT_FOUND);
	assert_int_equal(fs_open(f, OPTEE_RPC_FS_CREATE, name, &handle), TEE_R_GENERIC);
	assert_int_not_equal(fs_remove(f, name), TEE_R_SUCCESS);
	assert_int_not_equal(fs_remove(f, ""), TEE_R_SUCCESS);
	assert_int_not_equal(fs_remove(f, "."), TEE_R_SUCCESS);
	handle = must_open(f, OPTEE_RPC_FS_OPENDIR, name);
	assert_int_equal(fs_close(f, OPTEE_RPC_FS_CLOSEDIR, handle), TEE_R_SUCCESS);
	expect_text(f->root, "f", "text");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		SUPP_TEST(test_file),
		SUPP_TEST(test_read_only_file),
		SUPP_TEST(test_parents),
		SUPP_TEST(test_rename),
		SUPP_TEST(test_directory),
		SUPP_TEST(test_shapes),
		SUPP_TEST(test_memrefs),
		SUPP_TEST(test_handles),
		SUPP_TEST(test_handles_run_out),
		SUPP_TEST(test_offsets),
		SUPP_TEST(test_names_that_lead_out),
		SUPP_TEST(test_links),
		SUPP_TEST(test_odd_names),
	};

	return cmocka_run_group_tests_name("supplicant_fs", tests, NULL, NULL);
}
