/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Fuzz target: files of trusted storage that the normal world has had its hands on
 *
 * An object is stored; the input says what happens to its file, and what the TA then
 * does with it. Either the seal holds: then data is what was stored, or the object is
 * corrupt. Or it is taken for broken, and everything opens: then the input is what
 * stands in heads and in the index, and the parser must live with it.
 */
#include "../unit/fake_fs.h"
#include "abi/tee_result.h"
#include "fuzz.h"
#include "secure/optee/storage.h"
#include "secure/optee/thread.h"

#define MAX_DATA 20000u
#define MAX_STEPS 24
#define ALL (STORAGE_ACCESS_READ | STORAGE_ACCESS_WRITE | STORAGE_ACCESS_WRITE_META)

static struct {
	struct fuzz_in in;
	struct thread thread;
	struct storage storage;
	struct ta_storage ta;
	bool seal_is_broken;
	bool touched;		/* a file is not as it was written, or a change failed */
	uint8_t model[MAX_DATA + 1];
	size_t size;
	uint64_t history[MAX_STEPS + 2];	/* what the object ever was, or was to be */
	unsigned int n_history, n_faults;
} f;

static const struct ree_name name = { .size = 4, .id = "name" };

/* --- the seal --- */

int __wrap_seal_decrypt(const uint8_t key[SEAL_KEY_SIZE], const uint8_t nonce[SEAL_NONCE_SIZE],
			struct seal_aad aad, const void *in, void *out, size_t size,
			const uint8_t tag[SEAL_TAG_SIZE]);
int __real_seal_decrypt(const uint8_t key[SEAL_KEY_SIZE], const uint8_t nonce[SEAL_NONCE_SIZE],
			struct seal_aad aad, const void *in, void *out, size_t size,
			const uint8_t tag[SEAL_TAG_SIZE]);
void __wrap_seal_random(void *out, size_t size);

int __wrap_seal_decrypt(const uint8_t key[SEAL_KEY_SIZE], const uint8_t nonce[SEAL_NONCE_SIZE],
			struct seal_aad aad, const void *in, void *out, size_t size,
			const uint8_t tag[SEAL_TAG_SIZE])
{
	if (!f.seal_is_broken)
		return __real_seal_decrypt(key, nonce, aad, in, out, size, tag);
	memcpy(out, in, size);
	return 0;
}

/* Nothing but the input decides. */
void __wrap_seal_random(void *out, size_t size)
{
	static uint64_t n;
	uint8_t *to = out;

	for (size_t i = 0; i < size; i++)
		to[i] = (uint8_t)(++n * 0x9e3779b97f4a7c15ull >> 56);
}

/* --- files --- */

static struct fake_file *pick_file(void)
{
	for (unsigned int i = 0; i < FAKE_FS_MAX_FILES; i++) {
		if (fake_fs.files[i].name[0])
			return &fake_fs.files[i];
	}
	return NULL;
}

/* Somewhere in a head, mostly; else anywhere */
static size_t pick_place(size_t size)
{
	uint64_t places[] = { 0, REE_HEAD_ROOM, REE_FIRST_UNIT * REE_UNIT };
	size_t at = (size_t)places[fuzz_below(&f.in, 3)] + fuzz_u16(&f.in) % 512;

	return size ? at % size : 0;
}

static void change_file(struct fake_file *file)
{
	size_t at = pick_place(file->size);
	size_t width = 1u << fuzz_below(&f.in, 4);
	uint64_t value = fuzz_number(&f.in);

	if (at + width > file->size)
		return;
	f.touched |= memcmp(file->data + at, &value, width) != 0;
	memcpy(file->data + at, &value, width);
}

static void cut_file(struct fake_file *file)
{
	size_t size = pick_place(file->size);

	f.touched |= size != file->size;
	file->size = size;
}

/* A head and an index as the input wants them, with the sizes that must fit */
static void write_head(struct fake_file *file)
{
	uint32_t n_index = fuzz_below(&f.in, 16);
	struct ree_head head = {
		.magic = REE_MAGIC,
		.version = REE_VERSION,
		.counter = 1000 + fuzz_u8(&f.in),
		.body_size = (uint32_t)(sizeof(struct ree_body) + n_index * sizeof(struct ree_ref)),
	};
	struct ree_body body = { .n_index = n_index, .name = name };
	uint8_t *to = file->data + fuzz_below(&f.in, 2) * REE_HEAD_ROOM;

	f.touched = true;
	if (file->size < (REE_FIRST_UNIT + 2) * REE_UNIT)
		return;
	body.size = (uint64_t)n_index * REE_REFS_PER_UNIT * REE_UNIT;
	body.size -= body.size ? fuzz_number(&f.in) % (REE_REFS_PER_UNIT * REE_UNIT) : 0;
	body.new_name.size = fuzz_u8(&f.in) & 1 ? REE_NO_NAME : (uint32_t)fuzz_number(&f.in);
	memcpy(to, &head, sizeof(head));
	memcpy(to + sizeof(head), &body, sizeof(body));
	to += sizeof(head) + sizeof(body);
	for (uint32_t i = 0; i < n_index; i++) {
		struct ree_ref ref = { .unit = (uint32_t)fuzz_number(&f.in) };

		memcpy(to + i * sizeof(ref), &ref, sizeof(ref));
	}
	for (uint32_t i = 0; i < fuzz_below(&f.in, REE_REFS_PER_UNIT); i++) {
		struct ree_ref ref = { .unit = REE_FIRST_UNIT + fuzz_u8(&f.in) };

		memcpy(file->data + REE_FIRST_UNIT * REE_UNIT + i * sizeof(ref), &ref,
		       sizeof(ref));
	}
}

static void touch_files(void)
{
	struct fake_file *file = pick_file();

	if (!file)
		return;
	switch (fuzz_below(&f.in, 4)) {
	case 0:
	case 1:
		change_file(file);
		break;
	case 2:
		cut_file(file);
		break;
	default:
		write_head(file);
		break;
	}
}

/* --- the TA --- */

static void check_result(uint32_t res)
{
	FUZZ_CHECK(res == TEE_R_SUCCESS || res == TEE_R_CORRUPT_OBJECT ||
		   res == TEE_R_STORAGE_NOT_AVAILABLE || res == TEE_R_STORAGE_NO_SPACE ||
		   res == TEE_R_ITEM_NOT_FOUND || res == TEE_R_OVERFLOW ||
		   res == TEE_R_BAD_PARAMETERS);
	/* Nothing but somebody's hand on the file makes an object corrupt. */
	FUZZ_CHECK(res != TEE_R_CORRUPT_OBJECT || f.touched || f.seal_is_broken);
}

static uint64_t hash_of(const uint8_t *data, size_t size)
{
	uint64_t hash = 0xcbf29ce484222325ull ^ size;

	for (size_t i = 0; i < size; i++)
		hash = (hash ^ data[i]) * 0x100000001b3ull;
	return hash;
}

static void remember(const uint8_t *data, size_t size)
{
	f.history[f.n_history++] = hash_of(data, size);
}

static bool was_stored(const uint8_t *data, size_t size)
{
	uint64_t hash = hash_of(data, size);

	for (unsigned int i = 0; i < f.n_history; i++) {
		if (f.history[i] == hash)
			return true;
	}
	return false;
}

/* Whatever was done to the file: data is of one piece with what was stored once. */
static bool check_read(uint32_t handle)
{
	static uint8_t data[MAX_DATA + 1];
	size_t got = 0;
	uint32_t res;

	(void)storage_seek(&f.thread, &f.ta, handle, 0, 0);
	res = storage_read(&f.thread, &f.ta, handle, data, sizeof(data), &got);
	check_result(res);
	if (res != TEE_R_SUCCESS || f.seal_is_broken)
		return false;
	FUZZ_CHECK(was_stored(data, got));
	FUZZ_CHECK(f.touched || (got == f.size && !memcmp(data, f.model, got)));
	memcpy(f.model, data, got);
	f.size = got;
	return true;
}

/* The model after a change that is about to be made; false: not to be known */
static bool expect(uint32_t handle, uint8_t *next, size_t *size)
{
	if (f.seal_is_broken || (f.touched && !check_read(handle)))
		return false;
	memcpy(next, f.model, f.size);
	*size = f.size;
	return true;
}

static void settle(uint32_t res, const uint8_t *next, size_t size)
{
	check_result(res);
	f.touched |= res != TEE_R_SUCCESS;
	if (res == TEE_R_SUCCESS) {
		memcpy(f.model, next, size);
		f.size = size;
	}
}

static void do_write(uint32_t handle)
{
	size_t at = fuzz_u16(&f.in) % MAX_DATA, n = fuzz_u16(&f.in) % 6000;
	static uint8_t data[6000], next[MAX_DATA];
	size_t size = 0;
	bool known;
	uint32_t res;

	if (n > MAX_DATA - at)
		n = MAX_DATA - at;
	memset(data, fuzz_u8(&f.in), n);
	known = expect(handle, next, &size);
	if (!known && !f.seal_is_broken)
		return;
	if (known && n) {
		if (at > size)
			memset(next + size, 0, at - size);
		memcpy(next + at, data, n);
		size = at + n > size ? at + n : size;
		remember(next, size);
	}
	res = storage_seek(&f.thread, &f.ta, handle, (int64_t)at, 0);
	if (res == TEE_R_SUCCESS)
		res = storage_write(&f.thread, &f.ta, handle, data, n);
	settle(res, next, size);
}

static void do_truncate(uint32_t handle)
{
	size_t to = fuzz_u16(&f.in) % MAX_DATA, size = 0;
	static uint8_t next[MAX_DATA];
	bool known = expect(handle, next, &size);

	if (!known && !f.seal_is_broken)
		return;
	if (known) {
		if (to > size)
			memset(next + size, 0, to - size);
		remember(next, to);
	}
	settle(storage_truncate(&f.thread, &f.ta, handle, to), next, known ? to : 0);
}

static void enumerate(void)
{
	struct ree_name found;
	uint64_t size;
	uint32_t e, res;

	FUZZ_CHECK(storage_enum_alloc(&f.ta, &e) == TEE_R_SUCCESS);
	res = storage_enum_start(&f.thread, &f.ta, e, STORAGE_PRIVATE);
	for (int i = 0; i < 8 && res == TEE_R_SUCCESS; i++) {
		res = storage_enum_next(&f.thread, &f.ta, e, &found, &size);
		FUZZ_CHECK(res != TEE_R_SUCCESS ||
			   (found.size <= REE_ID_MAX && size <= REE_MAX_SIZE));
	}
	check_result(res);
	FUZZ_CHECK(storage_enum_free(&f.ta, e) == TEE_R_SUCCESS);
}

/* Everything but the files starts again. */
static void reboot(uint32_t *handle)
{
	uint32_t res;

	ta_storage_deinit(&f.ta);
	FUZZ_CHECK(!f.storage.objects);
	ta_storage_init(&f.ta, &f.storage, (const uint8_t[16]){ 1 });
	res = storage_open(&f.thread, &f.ta, STORAGE_PRIVATE, ALL, &name, handle);
	check_result(res);
	if (res != TEE_R_SUCCESS)
		*handle = 0;
}

static void steps(uint32_t handle)
{
	for (int i = 0; i < MAX_STEPS && !fuzz_done(&f.in); i++) {
		switch (fuzz_below(&f.in, 8)) {
		case 0:
		case 1:
			touch_files();
			break;
		case 2:
			(void)check_read(handle);
			break;
		case 3:
			do_write(handle);
			break;
		case 4:
			do_truncate(handle);
			break;
		case 5:
			enumerate();
			break;
		case 6:
			fake_fs.fail_at = fake_fs.n_requests + 1 + fuzz_below(&f.in, 16);
			fake_fs.fail_result = fuzz_u8(&f.in) & 1 ? TEE_R_GENERIC :
								   TEE_R_STORAGE_NO_SPACE;
			/* What is done then may have happened or not. */
			f.touched = true;
			f.n_faults++;
			break;
		default:
			reboot(&handle);
			break;
		}
	}
}

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
	return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const uint8_t huk[SEAL_KEY_SIZE];
	uint32_t handle;
	uint8_t kind;

	f.in = (struct fuzz_in){ .p = data, .left = size };
	fake_fs_reset();
	FUZZ_CHECK(storage_init(&f.storage, huk) == 0);
	ta_storage_init(&f.ta, &f.storage, (const uint8_t[16]){ 1 });
	kind = fuzz_u8(&f.in);
	f.seal_is_broken = false;
	f.touched = false;
	f.size = (size_t)(kind >> 1) * 128;
	memset(f.model, kind, f.size);
	f.n_history = f.n_faults = 0;
	remember(f.model, f.size);
	FUZZ_CHECK(storage_create(&f.thread, &f.ta, STORAGE_PRIVATE, ALL, &name, f.model, f.size,
				  &handle) == TEE_R_SUCCESS);
	f.seal_is_broken = kind & 1;
	steps(handle);
	ta_storage_deinit(&f.ta);
	FUZZ_CHECK(!f.storage.objects);
	/* Only a close that was made to fail leaves a file open. */
	FUZZ_CHECK(fake_fs_open_handles() <= f.n_faults);
	storage_deinit(&f.storage);
	fake_fs_reset();
	return 0;
}
