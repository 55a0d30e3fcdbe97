/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Trusted storage over files in memory: what a TA may do, what survives the death of
 * anybody at any request, and files that are not what was written
 */
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "abi/tee_result.h"
#include "fake_fs.h"
#include "secure/optee/storage.h"
#include "secure/optee/thread.h"

#define RW (STORAGE_ACCESS_READ | STORAGE_ACCESS_WRITE)
#define ALL (RW | STORAGE_ACCESS_WRITE_META)
#define SHARE (STORAGE_SHARE_READ | STORAGE_SHARE_WRITE)

static const uint8_t huk[SEAL_KEY_SIZE] = { 7, 7, 7 };
static const uint8_t uuid_a[16] = { 0xa }, uuid_b[16] = { 0xb };

struct rig {
	struct thread thread;
	struct storage storage;
	struct ta_storage a, a2, b;	/* two instances of one TA, one of another */
};

static struct rig rig;

static void rig_up(void)
{
	assert_int_equal(storage_init(&rig.storage, huk), 0);
	ta_storage_init(&rig.a, &rig.storage, uuid_a);
	ta_storage_init(&rig.a2, &rig.storage, uuid_a);
	ta_storage_init(&rig.b, &rig.storage, uuid_b);
}

static void rig_down(void)
{
	ta_storage_deinit(&rig.a);
	ta_storage_deinit(&rig.a2);
	ta_storage_deinit(&rig.b);
	assert_null(rig.storage.objects);
	storage_deinit(&rig.storage);
}

/* Everybody but the files dies and comes back. */
static void reboot(void)
{
	rig_down();
	fake_fs_revive();
	rig_up();
}

static int set_up(void **state)
{
	fake_fs_reset();
	rig_up();
	return 0;
}

static int tear_down(void **state)
{
	rig_down();
	fake_fs_reset();
	return 0;
}

/* --- short forms --- */

static struct ree_name id(const char *text)
{
	struct ree_name name = { .size = (uint32_t)strlen(text) };

	memcpy(name.id, text, name.size);
	return name;
}

static uint32_t open_in(struct ta_storage *ts, const char *name, uint32_t flags,
			uint32_t *ret_handle)
{
	struct ree_name n = id(name);

	*ret_handle = 0;
	return storage_open(&rig.thread, ts, STORAGE_PRIVATE, flags, &n, ret_handle);
}

static uint32_t must_open(const char *name, uint32_t flags)
{
	uint32_t handle;

	assert_int_equal(open_in(&rig.a, name, flags, &handle), TEE_R_SUCCESS);
	return handle;
}

static uint32_t create(const char *name, uint32_t flags, const void *data, size_t size,
		       uint32_t *ret_handle)
{
	struct ree_name n = id(name);

	return storage_create(&rig.thread, &rig.a, STORAGE_PRIVATE, flags, &n, data, size,
			      ret_handle);
}

static void must_create(const char *name, const void *data, size_t size)
{
	uint32_t handle;

	assert_int_equal(create(name, ALL, data, size, &handle), TEE_R_SUCCESS);
	assert_int_equal(storage_close(&rig.a, handle), TEE_R_SUCCESS);
}

static uint32_t write_at(uint32_t handle, int64_t at, const void *data, size_t size)
{
	assert_int_equal(storage_seek(&rig.thread, &rig.a, handle, at, 0), TEE_R_SUCCESS);
	return storage_write(&rig.thread, &rig.a, handle, data, size);
}

/* Text at the position */
static uint32_t put(uint32_t handle, const char *text)
{
	return storage_write(&rig.thread, &rig.a, handle, (const uint8_t *)text, strlen(text));
}

static uint32_t read_at(uint32_t handle, int64_t at, void *data, size_t size, size_t *ret_size)
{
	assert_int_equal(storage_seek(&rig.thread, &rig.a, handle, at, 0), TEE_R_SUCCESS);
	return storage_read(&rig.thread, &rig.a, handle, data, size, ret_size);
}

static void fill(uint8_t *data, size_t size, unsigned int seed)
{
	for (size_t i = 0; i < size; i++)
		data[i] = (uint8_t)(i * 7 + i / 251 + seed);
}

static void expect_content(uint32_t handle, const uint8_t *want, size_t size)
{
	uint8_t *data = malloc(size + 1);
	size_t got;

	assert_int_equal(read_at(handle, 0, data, size + 1, &got), TEE_R_SUCCESS);
	assert_int_equal(got, size);
	assert_memory_equal(data, want, size);
	free(data);
}

/* --- data --- */

static void data_is_what_was_written(void **state)
{
	const size_t max = 700000;
	uint8_t *model = calloc(1, max), *piece = malloc(max);
	size_t size = 0;
	uint32_t handle, lcg = 12345;

	must_create("object", NULL, 0);
	handle = must_open("object", RW);
	for (unsigned int i = 0; i < 300; i++) {
		size_t at, n;

		lcg = lcg * 1664525 + 1013904223;
		at = lcg % (max - 20000);
		n = i % 10 == 0 ? lcg >> 16 : (lcg >> 8) % 5000;
		if (n > max - at)
			n = max - at;
		if (i % 7 == 6) {
			assert_int_equal(storage_truncate(&rig.thread, &rig.a, handle, at),
					 TEE_R_SUCCESS);
			if (at < size)
				memset(model + at, 0, size - at);
			size = at;
		} else {
			fill(piece, n, i);
			assert_int_equal(write_at(handle, (int64_t)at, piece, n), TEE_R_SUCCESS);
			memcpy(model + at, piece, n);
			if (n && at + n > size)
				size = at + n;
		}
		if (i % 50 == 49) {
			expect_content(handle, model, size);
			reboot();
			handle = must_open("object", RW);
			expect_content(handle, model, size);
		}
	}
	assert_int_equal(fake_fs_open_handles(), 0);
	/* What is not needed any more is used again. */
	assert_in_range(fake_fs.files[0].size, 1, 2 * max);
	free(piece);
	free(model);
}

static void small_writes_cost_little(void **state)
{
	static uint8_t piece[1024];
	uint32_t handle;

	must_create("object", NULL, 0);
	handle = must_open("object", RW);
	for (unsigned int i = 0; i < 1024; i++)
		assert_int_equal(storage_write(&rig.thread, &rig.a, handle, piece, sizeof(piece)),
				 TEE_R_SUCCESS);
	/* A block, a block of the index and a head each: not what is there already. */
	assert_in_range(fake_fs.n_written, 1 << 20, 10 << 20);
	assert_in_range(fake_fs.n_writes, 1024, 4 * 1024);
}

static void positions(void **state)
{
	uint8_t data[16];
	uint32_t handle, other;
	struct storage_info info;
	size_t got;

	must_create("object", "0123456789", 10);
	handle = must_open("object", RW | SHARE);
	other = must_open("object", RW | SHARE);
	assert_int_equal(storage_read(&rig.thread, &rig.a, handle, data, 4, &got), 0);
	assert_int_equal(storage_read(&rig.thread, &rig.a, handle, data, 16, &got), 0);
	assert_int_equal(got, 6);
	assert_memory_equal(data, "456789", 6);
	assert_int_equal(storage_read(&rig.thread, &rig.a, handle, data, 16, &got), 0);
	assert_int_equal(got, 0);
	/* Each handle has its own, all see one content. */
	assert_int_equal(put(other, "ab"), 0);
	assert_int_equal(storage_seek(&rig.thread, &rig.a, handle, -100, 1), 0);
	assert_int_equal(storage_read(&rig.thread, &rig.a, handle, data, 3, &got), 0);
	assert_memory_equal(data, "ab2", 3);
	assert_int_equal(storage_truncate(&rig.thread, &rig.a, other, 5), 0);
	assert_int_equal(storage_seek(&rig.thread, &rig.a, handle, -1, 2), 0);
	assert_int_equal(storage_info(&rig.thread, &rig.a, handle, &info), 0);
	assert_int_equal(info.size, 5);
	assert_int_equal(info.position, 4);
	assert_int_equal(info.flags, RW | SHARE);
	assert_int_equal(storage_seek(&rig.thread, &rig.a, handle, 3, 3), TEE_R_BAD_PARAMETERS);
	assert_int_equal(storage_seek(&rig.thread, &rig.a, handle, 0xffffffff, 0), 0);
	assert_int_equal(storage_seek(&rig.thread, &rig.a, handle, 1, 1), TEE_R_OVERFLOW);
	assert_int_equal(storage_seek(&rig.thread, &rig.a, handle, INT64_MAX, 1), TEE_R_OVERFLOW);
	assert_int_equal(storage_seek(&rig.thread, &rig.a, handle, INT64_MIN, 1), 0);
	assert_int_equal(storage_seek(&rig.thread, &rig.a, handle, 0xffffffff, 0), 0);
	assert_int_equal(put(handle, "ab"), TEE_R_OVERFLOW);
	assert_int_equal(storage_seek(&rig.thread, &rig.a, handle, 0xfffffff0, 0), 0);
	assert_int_equal(put(handle, "ab"), TEE_R_STORAGE_NO_SPACE);
	assert_int_equal(storage_read(&rig.thread, &rig.a, handle, data, 16, &got), 0);
	assert_int_equal(got, 0);
	assert_int_equal(storage_truncate(&rig.thread, &rig.a, handle, UINT64_MAX),
			 TEE_R_STORAGE_NO_SPACE);
	expect_content(handle, (const uint8_t *)"ab234", 5);
}

/* --- who may what --- */

static void sharing(void **state)
{
	static const struct {
		uint32_t first, second;
		bool allowed;
	} cases[] = {
		{ STORAGE_ACCESS_READ, STORAGE_ACCESS_READ, false },
		{ STORAGE_ACCESS_READ | STORAGE_SHARE_READ, STORAGE_ACCESS_READ, false },
		{ STORAGE_ACCESS_READ, STORAGE_ACCESS_READ | STORAGE_SHARE_READ, false },
		{ STORAGE_ACCESS_READ | STORAGE_SHARE_READ,
		  STORAGE_ACCESS_READ | STORAGE_SHARE_READ, true },
		{ STORAGE_ACCESS_READ | STORAGE_SHARE_READ,
		  STORAGE_ACCESS_WRITE | STORAGE_SHARE_READ, false },
		{ STORAGE_ACCESS_READ | SHARE, STORAGE_ACCESS_WRITE | STORAGE_SHARE_READ, false },
		{ STORAGE_ACCESS_READ | SHARE, STORAGE_ACCESS_WRITE | SHARE, true },
		{ RW | SHARE, RW | SHARE, true },
		{ RW | SHARE, RW | STORAGE_SHARE_READ, false },
		{ RW | SHARE, RW | STORAGE_SHARE_WRITE, false },
		{ STORAGE_SHARE_READ, STORAGE_ACCESS_READ | STORAGE_SHARE_READ, true },
		{ STORAGE_SHARE_READ, STORAGE_ACCESS_WRITE | SHARE, false },
		{ STORAGE_SHARE_WRITE, STORAGE_ACCESS_WRITE | STORAGE_SHARE_WRITE, true },
		{ 0, STORAGE_SHARE_READ, false },
		{ STORAGE_SHARE_READ, 0, false },
		{ 0, 0, false },
		{ STORAGE_ACCESS_WRITE_META | SHARE, STORAGE_ACCESS_READ | SHARE, false },
		{ STORAGE_ACCESS_READ | SHARE, STORAGE_ACCESS_WRITE_META | SHARE, false },
	};
	uint32_t first, second;

	must_create("object", "x", 1);
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		uint32_t want = cases[i].allowed ? TEE_R_SUCCESS : TEE_R_ACCESS_CONFLICT;

		/* In one instance, and over two */
		for (int two = 0; two < 2; two++) {
			struct ta_storage *ts = two ? &rig.a2 : &rig.a;

			first = must_open("object", cases[i].first);
			assert_int_equal(open_in(ts, "object", cases[i].second, &second), want);
			if (cases[i].allowed)
				assert_int_equal(storage_close(ts, second), 0);
			storage_close(&rig.a, first);
		}
	}
}

static void rights(void **state)
{
	struct ree_name other = id("other");
	uint32_t handle, unused;
	uint8_t byte;
	size_t got;

	must_create("object", "x", 1);
	handle = must_open("object", STORAGE_ACCESS_WRITE);
	assert_int_equal(storage_read(&rig.thread, &rig.a, handle, &byte, 1, &got),
			 TEE_R_BAD_STATE);
	assert_int_equal(storage_rename(&rig.thread, &rig.a, handle, &other), TEE_R_BAD_STATE);
	assert_int_equal(storage_delete(&rig.thread, &rig.a, handle), TEE_R_BAD_STATE);
	storage_close(&rig.a, handle);
	handle = must_open("object", STORAGE_ACCESS_READ);
	assert_int_equal(storage_write(&rig.thread, &rig.a, handle, &byte, 1), TEE_R_BAD_STATE);
	assert_int_equal(storage_truncate(&rig.thread, &rig.a, handle, 0), TEE_R_BAD_STATE);
	/* The handles of another are not ours. */
	assert_int_equal(storage_close(&rig.a2, handle), TEE_R_BAD_PARAMETERS);
	storage_close(&rig.a, handle);
	assert_int_equal(storage_close(&rig.a, handle), TEE_R_BAD_PARAMETERS);
	assert_int_equal(storage_read(&rig.thread, &rig.a, 0xffffbad0, &byte, 1, &got),
			 TEE_R_BAD_PARAMETERS);
	assert_int_equal(open_in(&rig.a, "object", 0x1000, &unused), TEE_R_BAD_PARAMETERS);
	assert_int_equal(open_in(&rig.a, "object", STORAGE_OVERWRITE, &unused),
			 TEE_R_BAD_PARAMETERS);
	assert_int_equal(create("object", 0x1000, NULL, 0, &unused), TEE_R_BAD_PARAMETERS);
	assert_int_equal(storage_open(&rig.thread, &rig.a, 0x80000100, RW, &other, &unused),
			 TEE_R_ITEM_NOT_FOUND);
	assert_int_equal(open_in(&rig.a, "none", RW, &unused), TEE_R_ITEM_NOT_FOUND);
	assert_int_equal(open_in(&rig.b, "object", RW, &unused), TEE_R_ITEM_NOT_FOUND);
}

static void create_replaces_only_when_told(void **state)
{
	uint32_t handle, unused;

	must_create("object", "old", 3);
	assert_int_equal(create("object", ALL, "new", 3, &unused), TEE_R_ACCESS_CONFLICT);
	handle = must_open("object", STORAGE_ACCESS_READ | SHARE);
	expect_content(handle, (const uint8_t *)"old", 3);
	assert_int_equal(create("object", ALL | SHARE | STORAGE_OVERWRITE, "new", 3, &unused),
			 TEE_R_ACCESS_CONFLICT);
	storage_close(&rig.a, handle);
	assert_int_equal(create("object", ALL | STORAGE_OVERWRITE, "newer", 5, &handle), 0);
	expect_content(handle, (const uint8_t *)"newer", 5);
	assert_int_equal(fake_fs_count(), 1);
	/* A name of no bytes is one, too. */
	must_create("", "empty", 5);
	handle = must_open("", STORAGE_ACCESS_READ);
	expect_content(handle, (const uint8_t *)"empty", 5);
}

static void handles_are_counted(void **state)
{
	uint32_t handle, n = 0;

	must_create("object", "x", 1);
	while (open_in(&rig.a, "object", STORAGE_ACCESS_READ | SHARE, &handle) == 0)
		n++;
	assert_int_equal(n, 1024);
	assert_int_equal(open_in(&rig.a, "object", STORAGE_ACCESS_READ | SHARE, &handle),
			 TEE_R_OUT_OF_MEMORY);
	assert_int_equal(create("more", ALL, NULL, 0, &handle), TEE_R_OUT_OF_MEMORY);
	assert_int_equal(fake_fs_count(), 1);
	for (n = 0; storage_enum_alloc(&rig.a, &handle) == 0;)
		n++;
	assert_int_equal(n, 64);
}

static void enumeration(void **state)
{
	bool seen[5] = { false };
	struct ree_name name;
	uint64_t size;
	uint32_t e, handle;
	char text[8];

	assert_int_equal(storage_enum_alloc(&rig.a, &e), 0);
	assert_int_equal(storage_enum_start(&rig.thread, &rig.a, e, STORAGE_PRIVATE),
			 TEE_R_ITEM_NOT_FOUND);
	assert_int_equal(storage_enum_next(&rig.thread, &rig.a, e, &name, &size),
			 TEE_R_ITEM_NOT_FOUND);
	for (int i = 0; i < 5; i++) {
		snprintf(text, sizeof(text), "o%d", i);
		must_create(text, "xxxxx", (size_t)i);
	}
	assert_int_equal(storage_enum_start(&rig.thread, &rig.a, e, STORAGE_PRIVATE), 0);
	/* One that went meanwhile is left out. */
	handle = must_open("o3", ALL);
	assert_int_equal(storage_delete(&rig.thread, &rig.a, handle), 0);
	while (storage_enum_next(&rig.thread, &rig.a, e, &name, &size) == 0) {
		assert_int_equal(name.size, 2);
		assert_int_equal(size, name.id[1] - '0');
		assert_false(seen[size]);
		seen[size] = true;
	}
	assert_true(seen[0] && seen[1] && seen[2] && !seen[3] && seen[4]);
	assert_int_equal(storage_enum_start(&rig.thread, &rig.a, e, 99), TEE_R_ITEM_NOT_FOUND);
	assert_int_equal(storage_enum_free(&rig.a2, e), TEE_R_BAD_PARAMETERS);

	fake_fs.endless_directory = true;
	assert_int_equal(storage_enum_start(&rig.thread, &rig.a, e, STORAGE_PRIVATE),
			 TEE_R_STORAGE_NOT_AVAILABLE);
	fake_fs.endless_directory = false;
	assert_int_equal(fake_fs_open_handles(), 0);
	assert_int_equal(storage_enum_free(&rig.a, e), 0);
	assert_int_equal(storage_enum_reset(&rig.a, e), TEE_R_BAD_PARAMETERS);
}

static void names_tell_nothing(void **state)
{
	must_create("object#1", "secret text of the TA", 21);
	for (unsigned int i = 0; i < FAKE_FS_MAX_FILES; i++) {
		const struct fake_file *file = &fake_fs.files[i];

		assert_null(strstr(file->name, "object"));
		for (size_t at = 0; at + 6 < file->size; at++) {
			assert_true(memcmp(file->data + at, "object", 6));
			assert_true(memcmp(file->data + at, "secret", 6));
		}
	}
}

/* --- death at every request --- */

#define BIG 20000u

static uint8_t old_data[BIG], new_data[BIG];

/* What an operation changes: object "a" with old_data, and no "b", become what it says. */
struct scenario {
	const char *name;
	uint32_t (*run)(void);
	bool has_a, has_b;
	size_t size;		/* of the one that is there */
	bool b_is_old;
};

static uint32_t run_overwrite(void)
{
	uint32_t handle;
	uint32_t res = create("a", ALL | STORAGE_OVERWRITE, new_data, BIG, &handle);

	if (res == TEE_R_SUCCESS)
		storage_close(&rig.a, handle);
	return res;
}

static uint32_t run_create(void)
{
	uint32_t handle;
	uint32_t res = create("b", ALL, new_data, BIG, &handle);

	if (res == TEE_R_SUCCESS)
		storage_close(&rig.a, handle);
	return res;
}

/* On one handle, which stays open; *@again: it is tried again with the same. */
static uint32_t with_handle(uint32_t (*fn)(uint32_t handle))
{
	uint32_t handle, res;

	res = open_in(&rig.a, "a", ALL, &handle);
	if (res != TEE_R_SUCCESS)
		return res;
	res = fn(handle);
	(void)storage_close(&rig.a, handle);
	return res;
}

static uint32_t do_write(uint32_t handle)
{
	return storage_write(&rig.thread, &rig.a, handle, new_data, BIG);
}

static uint32_t do_truncate(uint32_t handle)
{
	return storage_truncate(&rig.thread, &rig.a, handle, 5000);
}

static uint32_t do_rename(uint32_t handle)
{
	struct ree_name b = id("b");

	return storage_rename(&rig.thread, &rig.a, handle, &b);
}

static uint32_t do_delete(uint32_t handle)
{
	return storage_delete(&rig.thread, &rig.a, handle);
}

static uint32_t run_write(void)
{
	return with_handle(do_write);
}

static uint32_t run_truncate(void)
{
	return with_handle(do_truncate);
}

static uint32_t run_rename(void)
{
	return with_handle(do_rename);
}

static uint32_t run_delete(void)
{
	return with_handle(do_delete);
}

static const struct scenario scenarios[] = {
	{ "overwrite", run_overwrite, .has_a = true, .size = BIG },
	{ "create", run_create, .has_a = true, .has_b = true, .size = BIG },
	{ "write", run_write, .has_a = true, .size = BIG },
	{ "truncate", run_truncate, .has_a = true, .size = 5000 },
	{ "rename", run_rename, .has_b = true, .size = BIG, .b_is_old = true },
	{ "delete", run_delete },
};

static bool content_is(const char *name, const uint8_t *want, size_t size)
{
	uint8_t data[BIG + 1];
	uint32_t handle;
	size_t got;
	bool equal;

	if (open_in(&rig.a, name, STORAGE_ACCESS_READ, &handle) != TEE_R_SUCCESS)
		return false;
	assert_int_equal(read_at(handle, 0, data, sizeof(data), &got), TEE_R_SUCCESS);
	storage_close(&rig.a, handle);
	equal = got == size && !memcmp(data, want, size);
	return equal;
}

static bool is_there(const char *name)
{
	uint32_t handle;
	uint32_t res = open_in(&rig.a, name, STORAGE_ACCESS_READ, &handle);

	if (res == TEE_R_SUCCESS)
		storage_close(&rig.a, handle);
	else
		assert_int_equal(res, TEE_R_ITEM_NOT_FOUND);
	return res == TEE_R_SUCCESS;
}

static bool is_old(void)
{
	return content_is("a", old_data, BIG) && !is_there("b");
}

static bool is_new(const struct scenario *s)
{
	const uint8_t *a = s->run == run_truncate || s->run == run_create ? old_data : new_data;

	if (s->has_a ? !content_is("a", a, s->size) : is_there("a"))
		return false;
	return s->has_b ? content_is("b", s->b_is_old ? old_data : new_data, s->size) :
			  !is_there("b");
}

static void check_old_or_new(const struct scenario *s, unsigned int at, uint32_t res)
{
	bool now_new = is_new(s);

	if (!now_new && !is_old())
		fail_msg("%s, request %u (0x%08x): neither old nor new", s->name, at, res);
	/* Who was told that it happened can rely on it. */
	if (res == TEE_R_SUCCESS && !now_new)
		fail_msg("%s, request %u: told, but not done", s->name, at);
}

/* With the request number @at going wrong; true when there was no such request. */
static bool run_with_fault(const struct scenario *s, const struct fake_fs *start, unsigned int at,
			   int death)
{
	uint32_t res;
	bool beyond;

	fake_fs_restore(start);
	if (death < 0) {
		fake_fs.fail_at = at;
		fake_fs.fail_result = TEE_R_GENERIC;
	} else {
		fake_fs.die_at = at;
		fake_fs.death = (enum fake_fs_death)death;
	}
	res = s->run();
	beyond = fake_fs.n_requests < at;
	if (res != TEE_R_SUCCESS && !beyond)
		assert_true(res == TEE_R_STORAGE_NOT_AVAILABLE ||
			    res == TEE_R_ITEM_NOT_FOUND);
	/* Another supplicant takes over, and then the whole machine starts again. */
	fake_fs_revive();
	check_old_or_new(s, at, res);
	reboot();
	check_old_or_new(s, at, res);
	assert_int_equal(fake_fs_open_handles(), 0);
	/* And it can be done, or done again. */
	if (is_old())
		assert_int_equal(s->run(), TEE_R_SUCCESS);
	assert_true(is_new(s));
	return beyond;
}

static void old_or_new_after_any_death(void **state)
{
	struct fake_fs *start;
	unsigned int at;

	fill(old_data, BIG, 1);
	fill(new_data, BIG, 2);
	must_create("a", old_data, BIG);
	start = fake_fs_save();
	for (size_t i = 0; i < sizeof(scenarios) / sizeof(scenarios[0]); i++) {
		for (int death = -1; death < FAKE_FS_N_DEATHS; death++) {
			for (at = 1; !run_with_fault(&scenarios[i], start, at, death); at++)
				;
			assert_in_range(at, 4, 60);
		}
	}
	fake_fs_free(start);
}

/* A handle that was open meanwhile goes on with what is there. */
static void handles_survive_a_supplicant(void **state)
{
	uint32_t handle, res;

	fill(old_data, BIG, 1);
	fill(new_data, BIG, 2);
	for (unsigned int at = 1; at < 12; at++) {
		for (int death = 0; death < FAKE_FS_N_DEATHS; death++) {
			assert_int_equal(create("a", ALL | STORAGE_OVERWRITE, old_data, BIG,
						&handle), 0);
			fake_fs_revive();
			fake_fs.die_at = at;
			fake_fs.death = (enum fake_fs_death)death;
			res = storage_write(&rig.thread, &rig.a, handle, new_data, BIG);
			assert_true(res == TEE_R_SUCCESS || res == TEE_R_STORAGE_NOT_AVAILABLE);
			fake_fs_revive();
			assert_int_equal(write_at(handle, 0, new_data, BIG), 0);
			expect_content(handle, new_data, BIG);
			storage_close(&rig.a, handle);
			assert_int_equal(fake_fs_open_handles(), 0);
		}
	}
}

/* A client that is killed cannot close its file: the next one does. */
static void files_of_killed_clients_are_closed(void **state)
{
	uint32_t handle;

	must_create("a", "x", 1);
	fake_fs_revive();
	handle = must_open("a", RW);
	/* Opened, then everything is given up; the supplicant lives on. */
	fake_fs.die_at = fake_fs.n_requests + 2;
	assert_int_equal(put(handle, "y"), TEE_R_STORAGE_NOT_AVAILABLE);
	assert_int_equal(fake_fs_open_handles(), 1);
	fake_fs.dead = false;
	assert_int_equal(put(handle, "y"), TEE_R_SUCCESS);
	assert_int_equal(fake_fs_open_handles(), 0);
}

static void no_space_is_told(void **state)
{
	uint32_t handle, unused;

	must_create("a", "old", 3);
	handle = must_open("a", RW);
	for (unsigned int at = 2; at < 4; at++) {
		fake_fs_revive();
		fake_fs.fail_at = at;
		fake_fs.fail_result = TEE_R_STORAGE_NO_SPACE;
		assert_int_equal(put(handle, "new"), TEE_R_STORAGE_NO_SPACE);
		assert_int_equal(fake_fs_open_handles(), 0);
		expect_content(handle, (const uint8_t *)"old", 3);
		assert_int_equal(storage_seek(&rig.thread, &rig.a, handle, 0, 0), 0);
	}
	fake_fs_revive();
	fake_fs.fail_at = 4;
	fake_fs.fail_result = TEE_R_STORAGE_NO_SPACE;
	assert_int_equal(create("b", ALL, "new", 3, &unused), TEE_R_STORAGE_NO_SPACE);
	assert_int_equal(fake_fs_count(), 1);
}

static void renames_are_not_believed(void **state)
{
	struct ree_name b = id("b");
	uint32_t handle, unused;

	must_create("a", "old", 3);
	fake_fs.rename_lies = true;
	assert_int_equal(create("b", ALL, "new", 3, &unused), TEE_R_STORAGE_NOT_AVAILABLE);
	assert_int_equal(create("a", ALL | STORAGE_OVERWRITE, "new", 3, &unused),
			 TEE_R_STORAGE_NOT_AVAILABLE);
	handle = must_open("a", ALL);
	assert_int_equal(storage_rename(&rig.thread, &rig.a, handle, &b),
			 TEE_R_STORAGE_NOT_AVAILABLE);
	fake_fs.rename_lies = false;
	expect_content(handle, (const uint8_t *)"old", 3);
	assert_int_equal(storage_rename(&rig.thread, &rig.a, handle, &b), TEE_R_SUCCESS);
	expect_content(handle, (const uint8_t *)"old", 3);
	storage_close(&rig.a, handle);
	assert_false(is_there("a"));
	must_create("a", "a", 1);
	handle = must_open("a", ALL);
	assert_int_equal(storage_rename(&rig.thread, &rig.a, handle, &b), TEE_R_ACCESS_CONFLICT);
	expect_content(handle, (const uint8_t *)"a", 1);
	storage_close(&rig.a, handle);
	assert_true(content_is("b", (const uint8_t *)"old", 3));
}

/* --- files that are not what was written --- */

static struct fake_file *only_file(void)
{
	assert_int_equal(fake_fs_count(), 1);
	for (unsigned int i = 0; i < FAKE_FS_MAX_FILES; i++) {
		if (fake_fs.files[i].name[0])
			return &fake_fs.files[i];
	}
	return NULL;
}

/* Each byte of the head, which is the second, and some of all that it refers to */
static void changed_files_are_corrupt(void **state)
{
	struct fake_fs *start;
	unsigned int n_corrupt = 0;
	size_t size;

	fill(old_data, BIG, 1);
	must_create("a", old_data, BIG);
	start = fake_fs_save();
	size = only_file()->size;
	for (size_t at = 0; at < size; at += at % REE_HEAD_ROOM < 264 ? 1 : 509) {
		struct fake_file *file;
		uint32_t handle, res;
		uint8_t data[BIG];
		size_t got;

		reboot();
		fake_fs_restore(start);
		file = only_file();
		file->data[at] ^= 0x10;
		res = open_in(&rig.a, "a", STORAGE_ACCESS_READ, &handle);
		if (res == TEE_R_SUCCESS)
			res = read_at(handle, 0, data, BIG, &got);
		if (res == TEE_R_SUCCESS) {
			assert_memory_equal(data, old_data, BIG);
			continue;
		}
		n_corrupt++;
		assert_int_equal(res, TEE_R_CORRUPT_OBJECT);
		/* The object is gone and the handle is closed. */
		assert_int_equal(fake_fs_count(), 0);
		assert_int_equal(storage_close(&rig.a, handle), TEE_R_BAD_PARAMETERS);
		assert_false(is_there("a"));
	}
	assert_in_range(n_corrupt, 200, 10000);
	fake_fs_free(start);
}

static void cut_files_are_corrupt(void **state)
{
	struct fake_fs *start;
	size_t size;

	fill(old_data, BIG, 1);
	must_create("a", old_data, BIG);
	start = fake_fs_save();
	size = only_file()->size;
	for (size_t cut = 0; cut < size; cut += 1000) {
		uint32_t handle, res;
		uint8_t data[BIG];
		size_t got;

		reboot();
		fake_fs_restore(start);
		only_file()->size = cut;
		res = open_in(&rig.a, "a", STORAGE_ACCESS_READ, &handle);
		if (res == TEE_R_SUCCESS)
			res = read_at(handle, 0, data, BIG, &got);
		assert_int_equal(res, TEE_R_CORRUPT_OBJECT);
	}
	fake_fs_free(start);
}

static void a_ta_may_keep_the_handle(void **state)
{
	uint32_t handle;
	uint8_t byte;
	size_t got;

	rig.a.keep_corrupt = true;
	must_create("a", "x", 1);
	handle = must_open("a", STORAGE_ACCESS_READ);
	only_file()->size = 20000;
	assert_int_equal(storage_read(&rig.thread, &rig.a, handle, &byte, 1, &got),
			 TEE_R_CORRUPT_OBJECT);
	assert_int_equal(storage_read(&rig.thread, &rig.a, handle, &byte, 1, &got),
			 TEE_R_CORRUPT_OBJECT);
	assert_int_equal(storage_close(&rig.a, handle), TEE_R_SUCCESS);
}

/* Files that were exchanged, of one TA and of two, are not taken for each other. */
static void exchanged_files_are_corrupt(void **state)
{
	struct ree_name n = id("a");
	uint32_t handle;
	char name[80];

	must_create("a", "aa", 2);
	must_create("b", "bb", 2);
	snprintf(name, sizeof(name), "%s", fake_fs.files[0].name);
	snprintf(fake_fs.files[0].name, sizeof(name), "%s", fake_fs.files[1].name);
	snprintf(fake_fs.files[1].name, sizeof(name), "%s", name);
	assert_int_equal(open_in(&rig.a, "a", RW, &handle), TEE_R_CORRUPT_OBJECT);
	assert_int_equal(open_in(&rig.a, "b", RW, &handle), TEE_R_CORRUPT_OBJECT);

	fake_fs_reset();
	must_create("a", "aa", 2);
	assert_int_equal(storage_create(&rig.thread, &rig.b, STORAGE_PRIVATE_REE, ALL, &n,
					(const uint8_t *)"bb", 2, &handle), 0);
	storage_close(&rig.b, handle);
	fake_fs.files[0].name[0] ^= 0x80;
	snprintf(name, sizeof(name), "%s", fake_fs.files[0].name);
	name[0] ^= (char)0x80;
	snprintf(fake_fs.files[1].name, sizeof(name), "%s", name);
	assert_int_equal(open_in(&rig.a, "a", RW, &handle), TEE_R_CORRUPT_OBJECT);
}

#define storage_test(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		storage_test(data_is_what_was_written),
		storage_test(small_writes_cost_little),
		storage_test(positions),
		storage_test(sharing),
		storage_test(rights),
		storage_test(create_replaces_only_when_told),
		storage_test(handles_are_counted),
		storage_test(enumeration),
		storage_test(names_tell_nothing),
		storage_test(old_or_new_after_any_death),
		storage_test(handles_survive_a_supplicant),
		storage_test(files_of_killed_clients_are_closed),
		storage_test(no_space_is_told),
		storage_test(renames_are_not_believed),
		storage_test(changed_files_are_corrupt),
		storage_test(cut_files_are_corrupt),
		storage_test(a_ta_may_keep_the_handle),
		storage_test(exchanged_files_are_corrupt),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
