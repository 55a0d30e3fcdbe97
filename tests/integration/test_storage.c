/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Persistent objects from the client down to files, with the built-in supplicant and
 * with a process: the API, panics, isolation of TAs; the death of supplicants, worlds,
 * TAs and clients leaves an object as it was or as it was to be, and nobody waiting.
 */
#include "fixture.h"

#include <errno.h>
#include <ftw.h>
#include <pthread.h>
#include <signal.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "fs_supplicant.h"
#include "test_tas.h"

static const TEEC_UUID storage_ta = TEST_TA_STORAGE_UUID;
static const TEEC_UUID storage11_ta = TEST_TA_STORAGE11_UUID;

#define SIZE 9000

static uint8_t old_data[SIZE], new_data[SIZE];
static char dir[] = "/tmp/swtee-storage-XXXXXX";

/* --- what the TA does --- */

static void set_mem(TEEC_Operation *op, int i, const void *data, size_t size)
{
	op->params[i].tmpref.buffer = (void *)data;
	op->params[i].tmpref.size = size;
}

static TEEC_Result run_cmd(struct client *client, uint32_t cmd, TEEC_Operation *op)
{
	uint32_t origin = 0;
	TEEC_Result res = TEEC_InvokeCommand(&client->session, cmd, op, &origin);

	CHECK(origin == TEEC_ORIGIN_TRUSTED_APP || res == TEEC_ERROR_TARGET_DEAD,
	      "command %u: 0x%08x, origin %u", cmd, res, origin);
	return res;
}

static TEEC_Result with_two(struct client *client, uint32_t cmd, const char *id, const void *data,
			    size_t size)
{
	TEEC_Operation op = { 0 };

	op.paramTypes = TEEC_PARAM_TYPES(TEEC_MEMREF_TEMP_INPUT, TEEC_MEMREF_TEMP_INPUT, TEEC_NONE,
					 TEEC_NONE);
	set_mem(&op, 0, id, strlen(id));
	set_mem(&op, 1, data, size);
	return run_cmd(client, cmd, &op);
}

static TEEC_Result put(struct client *client, const char *id, const void *data, size_t size)
{
	return with_two(client, TEST_STORAGE_CMD_PUT, id, data, size);
}

static TEEC_Result ren(struct client *client, const char *id, const char *to)
{
	return with_two(client, TEST_STORAGE_CMD_RENAME, id, to, strlen(to));
}

static TEEC_Result get(struct client *client, const char *id, void *data, size_t *size)
{
	TEEC_Operation op = { 0 };
	TEEC_Result res;

	op.paramTypes = TEEC_PARAM_TYPES(TEEC_MEMREF_TEMP_INPUT, TEEC_MEMREF_TEMP_OUTPUT, TEEC_NONE,
					 TEEC_NONE);
	set_mem(&op, 0, id, strlen(id));
	set_mem(&op, 1, data, *size);
	res = run_cmd(client, TEST_STORAGE_CMD_GET, &op);
	*size = op.params[1].tmpref.size;
	return res;
}

static TEEC_Result del(struct client *client, const char *id)
{
	TEEC_Operation op = { 0 };

	op.paramTypes = TEEC_PARAM_TYPES(TEEC_MEMREF_TEMP_INPUT, TEEC_NONE, TEEC_NONE, TEEC_NONE);
	set_mem(&op, 0, id, strlen(id));
	return run_cmd(client, TEST_STORAGE_CMD_DELETE, &op);
}

static TEEC_Result write_at(struct client *client, const char *id, const void *data, size_t size,
			    uint32_t at)
{
	TEEC_Operation op = { 0 };

	op.paramTypes = TEEC_PARAM_TYPES(TEEC_MEMREF_TEMP_INPUT, TEEC_MEMREF_TEMP_INPUT,
					 TEEC_VALUE_INPUT, TEEC_NONE);
	set_mem(&op, 0, id, strlen(id));
	set_mem(&op, 1, data, size);
	op.params[2].value.b = at;
	return run_cmd(client, TEST_STORAGE_CMD_WRITE, &op);
}

static uint32_t count(struct client *client)
{
	TEEC_Operation op = { 0 };

	op.paramTypes = TEEC_PARAM_TYPES(TEEC_VALUE_OUTPUT, TEEC_NONE, TEEC_NONE, TEEC_NONE);
	CHECK_EQ(run_cmd(client, TEST_STORAGE_CMD_COUNT, &op), TEEC_SUCCESS);
	return op.params[0].value.a;
}

static bool has(struct client *client, const char *id, const void *want, size_t want_size)
{
	uint8_t data[SIZE + 1];
	size_t size = sizeof(data);
	TEEC_Result res = get(client, id, data, &size);

	CHECK(res == TEEC_SUCCESS || res == TEEC_ERROR_ITEM_NOT_FOUND, "%s: 0x%08x", id, res);
	return res == TEEC_SUCCESS && size == want_size && !memcmp(data, want, size);
}

/* --- the API --- */

static void check_api(const TEEC_UUID *uuid)
{
	TEEC_Operation op = { 0 };
	struct client client;
	uint8_t shared[64] = { 5 };
	TEEC_Result res;

	client_open(&client, uuid);
	op.paramTypes = TEEC_PARAM_TYPES(TEEC_VALUE_OUTPUT, TEEC_MEMREF_TEMP_INOUT, TEEC_NONE,
					 TEEC_NONE);
	set_mem(&op, 1, shared, sizeof(shared));
	res = run_cmd(&client, TEST_STORAGE_CMD_RUN, &op);
	CHECK(res == TEEC_SUCCESS, "check of line %u of storage_ta.c: 0x%08x",
	      op.params[0].value.a, res);
	CHECK(op.params[0].value.b > 100, "only %u checks", op.params[0].value.b);
	CHECK_EQ(count(&client), 0);
	client_close(&client);
}

static void check_panics(const TEEC_UUID *uuid)
{
	for (uint32_t i = 0; i < TEST_STORAGE_N_PANICS; i++) {
		TEEC_Operation op = { 0 };
		struct client client;
		uint8_t shared[64] = { 'p' };
		TEEC_Result res;

		client_open(&client, uuid);
		op.paramTypes = TEEC_PARAM_TYPES(TEEC_VALUE_INPUT, TEEC_MEMREF_TEMP_INPUT,
						 TEEC_NONE, TEEC_NONE);
		op.params[0].value.a = i;
		set_mem(&op, 1, shared, sizeof(shared));
		res = run_cmd(&client, TEST_STORAGE_CMD_PANIC, &op);
		CHECK(res == TEEC_ERROR_TARGET_DEAD, "panic %u: 0x%08x", i, res);
		client_close(&client);
	}
	/* What they had open is free again. */
	struct client client;

	client_open(&client, uuid);
	CHECK_EQ(del(&client, "p"), TEEC_SUCCESS);
	CHECK_EQ(count(&client), 0);
	client_close(&client);
}

static void check_isolation(void)
{
	struct client a, b;

	client_open(&a, &storage_ta);
	client_open(&b, &storage11_ta);
	CHECK_EQ(put(&a, "same", "of a", 4), TEEC_SUCCESS);
	CHECK_EQ(count(&b), 0);
	CHECK_EQ(put(&b, "same", "b's", 3), TEEC_SUCCESS);
	CHECK(has(&a, "same", "of a", 4) && has(&b, "same", "b's", 3), "taken for each other");
	CHECK_EQ(del(&a, "same"), TEEC_SUCCESS);
	CHECK_EQ(del(&b, "same"), TEEC_SUCCESS);
	client_close(&a);
	client_close(&b);
}

static double now(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (double)ts.tv_sec + (double)ts.tv_nsec / 1e9;
}

/* Figures for who reads the log; nothing depends on them. */
static void show_cost(void)
{
	static const uint32_t steps[] = { 64, 1024, 4096, 65536 };
	struct client client;

	client_open(&client, &storage_ta);
	for (size_t i = 0; i < sizeof(steps) / sizeof(steps[0]); i++) {
		uint32_t n = scaled(65536 / steps[i] < 64 ? 16 : 1024);
		TEEC_Operation op = { 0 };
		double start = now();

		op.paramTypes = TEEC_PARAM_TYPES(TEEC_MEMREF_TEMP_INPUT, TEEC_VALUE_INPUT,
						 TEEC_NONE, TEEC_NONE);
		set_mem(&op, 0, "cost", 4);
		op.params[1].value.a = n * steps[i];
		op.params[1].value.b = steps[i];
		CHECK_EQ(run_cmd(&client, TEST_STORAGE_CMD_STEPS, &op), TEEC_SUCCESS);
		printf("%u writes of %u bytes: %.1f ms\n", n, steps[i], (now() - start) * 1000);
	}
	CHECK_EQ(del(&client, "cost"), TEEC_SUCCESS);
	client_close(&client);
}

/* --- death of the world --- */

static void wait_for_world(const struct instance *before)
{
	struct instance after;
	struct client client;
	uint32_t origin;

	for (;;) {
		if (client_try_open(&client, &storage_ta, &origin) == TEEC_SUCCESS) {
			client_close(&client);
			instance_find(&after);
			if (after.world != before->world)
				return;
		}
		sleep_ms(20);
	}
}

/* What was stored is there for the next world: the key outlives it. */
static void check_world_death(void)
{
	struct instance instance;
	struct client client;

	client_open(&client, &storage_ta);
	CHECK_EQ(put(&client, "kept", old_data, SIZE), TEEC_SUCCESS);
	instance_find(&instance);
	kill(instance.world, SIGKILL);
	wait_for_world(&instance);
	client_close(&client);
	client_open(&client, &storage_ta);
	CHECK(has(&client, "kept", old_data, SIZE), "what was kept is lost");
	CHECK_EQ(del(&client, "kept"), TEEC_SUCCESS);
	client_close(&client);
}

/* --- a supplicant process, and its death --- */

static TEEC_Result do_put(struct client *client)
{
	return put(client, "object", new_data, SIZE);
}

static TEEC_Result do_write(struct client *client)
{
	return write_at(client, "object", new_data, SIZE, 0);
}

static TEEC_Result do_rename(struct client *client)
{
	return ren(client, "object", "other");
}

static TEEC_Result do_delete(struct client *client)
{
	return del(client, "object");
}

static TEEC_Result do_count(struct client *client)
{
	return count(client) ? TEEC_SUCCESS : TEEC_ERROR_GENERIC;
}

enum outcome {
	OUTCOME_OLD,
	OUTCOME_NEW,
	OUTCOME_OTHER,
};

static enum outcome outcome_of(struct client *client, TEEC_Result (*op)(struct client *client))
{
	uint32_t n = count(client);

	if (n == 1 && has(client, "object", old_data, SIZE))
		return OUTCOME_OLD;
	if (op == do_delete)
		return n ? OUTCOME_OTHER : OUTCOME_NEW;
	if (op == do_rename)
		return n == 1 && has(client, "other", old_data, SIZE) ? OUTCOME_NEW : OUTCOME_OTHER;
	return n == 1 && has(client, "object", new_data, SIZE) ? OUTCOME_NEW : OUTCOME_OTHER;
}

static void make_old(struct client *client)
{
	TEEC_Result res = del(client, "other");

	CHECK(res == TEEC_SUCCESS || res == TEEC_ERROR_ITEM_NOT_FOUND, "0x%08x", res);
	CHECK_EQ(put(client, "object", old_data, SIZE), TEEC_SUCCESS);
}

/* True when the operation was done before the supplicant came to die. */
static bool die_at(TEEC_Result (*op)(struct client *client), unsigned int n, bool after)
{
	const struct fs_supplicant_plan healthy = { .dir = dir };
	const struct fs_supplicant_plan mortal = { .dir = dir, .die_at = n, .die_after = after };
	struct fs_supplicant supp;
	enum outcome outcome;
	struct client client;
	TEEC_Result res;
	bool died;

	client_open(&client, &storage_ta);
	fs_supplicant_start(&supp, &healthy);
	make_old(&client);
	CHECK(!fs_supplicant_end(&supp), "it died");

	fs_supplicant_start(&supp, &mortal);
	res = op(&client);
	died = fs_supplicant_end(&supp);
	CHECK(died || res == TEEC_SUCCESS, "request %u: 0x%08x", n, res);
	CHECK(res == TEEC_SUCCESS || res == TEEC_ERROR_STORAGE_NOT_AVAILABLE ||
	      res == TEEC_ERROR_ITEM_NOT_FOUND, "request %u: 0x%08x", n, res);

	fs_supplicant_start(&supp, &healthy);
	outcome = outcome_of(&client, op);
	CHECK(outcome != OUTCOME_OTHER, "request %u: neither old nor new (0x%08x)", n, res);
	CHECK(res != TEEC_SUCCESS || outcome == OUTCOME_NEW, "request %u: told, not done", n);
	CHECK(!fs_supplicant_end(&supp), "it died");
	client_close(&client);
	return !died;
}

static void check_supplicant_death(void)
{
	static TEEC_Result (*const ops[])(struct client *client) = {
		do_put, do_write, do_rename, do_delete,
	};

	for (size_t i = 0; i < sizeof(ops) / sizeof(ops[0]); i++) {
		for (int after = 0; after < 2; after++) {
			unsigned int n = 1;

			while (!die_at(ops[i], n, after))
				n++;
			CHECK(n > 1 && n < 60, "%u requests", n);
		}
	}
}

static void check_with_process(void)
{
	const struct fs_supplicant_plan healthy = { .dir = dir };
	struct fs_supplicant supp;
	struct client client;

	fs_supplicant_start(&supp, &healthy);
	check_api(&storage_ta);
	client_open(&client, &storage_ta);
	CHECK_EQ(put(&client, "here", "x", 1), TEEC_SUCCESS);
	CHECK_EQ(do_count(&client), TEEC_SUCCESS);
	/* The built-in one has its own files. */
	CHECK(!fs_supplicant_end(&supp), "it died");
	CHECK_EQ(count(&client), 0);
	fs_supplicant_start(&supp, &healthy);
	CHECK_EQ(del(&client, "here"), TEEC_SUCCESS);
	CHECK(!fs_supplicant_end(&supp), "it died");
	client_close(&client);
}

/* --- death of who asks --- */

static pid_t start_writer(void)
{
	pid_t pid = fork();

	CHECK(pid >= 0, "fork");
	if (pid == 0) {
		struct client client;

		client_open(&client, &storage_ta);
		(void)do_write(&client);
		_exit(0);
	}
	return pid;
}

static void kill_writer_at(unsigned int n)
{
	const struct fs_supplicant_plan healthy = { .dir = dir };
	const struct fs_supplicant_plan slow = { .dir = dir, .wait_at = n };
	struct fs_supplicant supp;
	struct client client;
	pid_t writer;

	client_open(&client, &storage_ta);
	fs_supplicant_start(&supp, &healthy);
	make_old(&client);
	CHECK(!fs_supplicant_end(&supp), "it died");

	fs_supplicant_start(&supp, &slow);
	writer = start_writer();
	fs_supplicant_await(&supp);
	kill(writer, SIGKILL);
	CHECK_EQ(waitpid(writer, NULL, 0), writer);
	fs_supplicant_go(&supp);
	CHECK(outcome_of(&client, do_write) != OUTCOME_OTHER, "killed in request %u", n);
	/* It goes on with the same supplicant. */
	CHECK_EQ(do_write(&client), TEEC_SUCCESS);
	CHECK_EQ(outcome_of(&client, do_write), OUTCOME_NEW);
	CHECK(!fs_supplicant_end(&supp), "it died");
	client_close(&client);
}

/* --- many that wait --- */

#define N_THREADS 24

static void *write_own(void *data)
{
	unsigned int *number = data;
	struct client client;
	char id[16], text[16];

	snprintf(id, sizeof(id), "thread%u", *number);
	client_open(&client, &storage_ta);
	for (int i = 0; i < 5; i++) {
		snprintf(text, sizeof(text), "round%d", i);
		CHECK_EQ(put(&client, id, text, strlen(text)), TEEC_SUCCESS);
		CHECK(has(&client, id, text, strlen(text)), "%s: not what was put there", id);
	}
	CHECK_EQ(del(&client, id), TEEC_SUCCESS);
	client_close(&client);
	return NULL;
}

/* More than there are secure threads, all behind one request */
static void check_many(void)
{
	const struct fs_supplicant_plan slow = { .dir = dir, .wait_at = 3 };
	pthread_t threads[N_THREADS];
	unsigned int numbers[N_THREADS];
	struct fs_supplicant supp;
	struct client client;

	fs_supplicant_start(&supp, &slow);
	for (unsigned int i = 0; i < N_THREADS; i++) {
		numbers[i] = i;
		CHECK_EQ(pthread_create(&threads[i], NULL, write_own, &numbers[i]), 0);
	}
	fs_supplicant_await(&supp);
	fs_supplicant_go(&supp);
	for (unsigned int i = 0; i < N_THREADS; i++)
		pthread_join(threads[i], NULL);
	client_open(&client, &storage_ta);
	CHECK_EQ(del(&client, "object"), TEEC_SUCCESS);
	CHECK_EQ(count(&client), 0);
	client_close(&client);
	CHECK(!fs_supplicant_end(&supp), "it died");
}

static int remove_entry(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
	return remove(path);
}

static void check_supplicants(void)
{
	CHECK(mkdtemp(dir), "mkdtemp: %s", strerror(errno));
	check_with_process();
	check_supplicant_death();
	for (unsigned int n = 1; n < 6; n++)
		kill_writer_at(n);
	check_many();
	CHECK_EQ(nftw(dir, remove_entry, 8, FTW_DEPTH | FTW_PHYS), 0);
}

int main(int argc, char **argv)
{
	struct instance instance;
	struct counts before;

	for (size_t i = 0; i < SIZE; i++) {
		old_data[i] = (uint8_t)(i * 3);
		new_data[i] = (uint8_t)(i * 5 + 1);
	}
	instance_find(&instance);
	/* With this thread's own lane */
	check_isolation();
	instance_warm_up(&instance);
	counts_take(&instance, &before);
	if (argc > 1 && !strcmp(argv[1], "supplicants")) {
		check_supplicants();
	} else {
		check_api(&storage_ta);
		check_api(&storage11_ta);
		check_panics(&storage_ta);
		check_panics(&storage11_ta);
		show_cost();
	}
	counts_settle(&instance, &before);
	if (argc <= 1)
		check_world_death();
	return 0;
}
