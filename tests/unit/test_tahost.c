/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * TA hosts, seen by a world
 *
 * The real swtee-tahost hosts the example and test TAs; the world is as hostile as
 * one can be. Arguments: the program, and the directory of TAs.
 */
#include "tahost_world.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

#include "abi/tee_result.h"
#include "base/auto.h"
#include "base/fdsock.h"
#include "base/memfd.h"
#include "examples/hello_world/ta/include/hello_world_ta.h"
#include "examples/shared_memory/ta/include/shared_memory_ta.h"
#include "tests/ta/include/test_tas.h"

/* --- what works --- */

static void test_hello_world(void **state)
{
	struct world w = world_start();
	struct ta ta = spawn(&w, TA_HELLO_WORLD_UUID_STRING);
	uint8_t *mem;

	assert_int_equal(run(&ta, TAHOST_OP_LOAD), 0);
	assert_int_equal(ta.call->ta.flags, 0);
	assert_int_equal(ta.call->ta.stack_size, 4096 + 2048);
	assert_int_equal(ta.call->ta.data_size, 32 * 1024);
	mem = shared(&ta, TAHOST_SLOT_BOUNCE, true);
	assert_int_equal(run(&ta, TAHOST_OP_CREATE), 0);
	assert_int_equal(session_op(&ta, TAHOST_OP_OPEN, 7, 0, TYPES(VALUE_IN, 0, 0, 0)),
			 TEE_R_BAD_PARAMETERS);
	assert_int_equal(session_op(&ta, TAHOST_OP_OPEN, 1, 0, 0), 0);

	set_value(&ta, 0, 41, 5);
	assert_int_equal(invoke(&ta, TA_HELLO_WORLD_CMD_INCREMENT, TYPES(VALUE_INOUT, 0, 0, 0)), 0);
	assert_int_equal(ta.call->params[0].value.a, 42);
	assert_int_equal(ta.call->params[0].value.b, 5);
	set_value(&ta, 0, 0, 0);
	assert_int_equal(invoke(&ta, TA_HELLO_WORLD_CMD_DECREMENT, TYPES(VALUE_INOUT, 0, 0, 0)), 0);
	assert_int_equal(ta.call->params[0].value.a, UINT32_MAX);

	set_mem(&ta, 0, TAHOST_SLOT_BOUNCE, 100, 64);
	assert_int_equal(invoke(&ta, TA_HELLO_WORLD_CMD_GET_NAME, TYPES(MEM_OUT, 0, 0, 0)), 0);
	assert_int_equal(ta.call->params[0].mem.size, sizeof(TA_HELLO_WORLD_NAME));
	assert_string_equal((char *)mem + 100, TA_HELLO_WORLD_NAME);
	set_mem(&ta, 0, TAHOST_SLOT_BOUNCE, 100, 3);
	assert_int_equal(invoke(&ta, TA_HELLO_WORLD_CMD_GET_NAME, TYPES(MEM_OUT, 0, 0, 0)),
			 TEE_R_SHORT_BUFFER);
	assert_int_equal(ta.call->params[0].mem.size, sizeof(TA_HELLO_WORLD_NAME));
	set_mem(&ta, 0, TAHOST_SLOT_NULL, 0, 0);
	assert_int_equal(invoke(&ta, TA_HELLO_WORLD_CMD_GET_NAME, TYPES(MEM_OUT, 0, 0, 0)),
			 TEE_R_SHORT_BUFFER);

	assert_int_equal(invoke(&ta, TA_HELLO_WORLD_CMD_COUNT, TYPES(VALUE_OUT, 0, 0, 0)), 0);
	assert_int_equal(ta.call->params[0].value.a, 4);
	assert_int_equal(ta.call->params[0].value.b, 1);
	assert_int_equal(invoke(&ta, 99, 0), TEE_R_NOT_SUPPORTED);

	assert_int_equal(session_op(&ta, TAHOST_OP_CLOSE, 1, 0, 0), 0);
	assert_int_equal(session_op(&ta, TAHOST_OP_CLOSE, 1, 0, 0), TEE_R_BAD_STATE);
	assert_int_equal(run(&ta, TAHOST_OP_DESTROY), 0);
	ta_free(&ta);
	assert_true(log_has(&w, "I/TA: TA_OpenSessionEntryPoint:"));
	munmap(mem, SLOT_SIZE);
	world_stop(&w);
}

static void test_memory(void **state)
{
	struct world w = world_start();
	struct ta ta = ready(&w, TA_SHARED_MEMORY_UUID_STRING);
	uint8_t *rw = shared(&ta, 1, true);
	uint8_t *ro = shared(&ta, 255, false);

	set_mem(&ta, 0, 1, 10, 20);
	set_value(&ta, 1, 7, 3);
	assert_int_equal(invoke(&ta, TA_SHARED_MEMORY_CMD_FILL, TYPES(MEM_OUT, VALUE_IN, 0, 0)), 0);
	assert_int_equal(rw[9], 0);
	assert_int_equal(rw[10], 7);
	assert_int_equal(rw[29], 7 + 19 * 3);
	assert_int_equal(rw[30], 0);

	memcpy(ro, "123456789", 9);
	set_mem(&ta, 0, 255, 0, 9);
	assert_int_equal(invoke(&ta, TA_SHARED_MEMORY_CMD_CRC32, TYPES(MEM_IN, VALUE_OUT, 0, 0)),
			 0);
	assert_int_equal(ta.call->params[1].value.a, 0xcbf43926);
	set_mem(&ta, 0, 255, 0, 9);
	set_mem(&ta, 1, 1, SLOT_SIZE - 9, 9);
	assert_int_equal(invoke(&ta, TA_SHARED_MEMORY_CMD_COPY, TYPES(MEM_IN, MEM_OUT, 0, 0)), 0);
	assert_memory_equal(rw + SLOT_SIZE - 9, "123456789", 9);
	set_mem(&ta, 0, 1, SLOT_SIZE - 9, 9);
	assert_int_equal(invoke(&ta, TA_SHARED_MEMORY_CMD_REVERSE, TYPES(MEM_INOUT, 0, 0, 0)), 0);
	assert_memory_equal(rw + SLOT_SIZE - 9, "987654321", 9);
	assert_int_equal(ta.call->params[0].mem.size, 4);

	/* What the TA sees of nothing */
	set_mem(&ta, 0, TAHOST_SLOT_NULL, 0, 0);
	assert_int_equal(invoke(&ta, TA_SHARED_MEMORY_CMD_INSPECT, TYPES(MEM_IN, VALUE_OUT, 0, 0)),
			 0);
	assert_int_equal(ta.call->params[1].value.a,
			 TA_SHARED_MEMORY_SEEN_NULL | TA_SHARED_MEMORY_SEEN_EMPTY);
	set_mem(&ta, 0, 1, SLOT_SIZE, 0);
	assert_int_equal(invoke(&ta, TA_SHARED_MEMORY_CMD_INSPECT, TYPES(MEM_OUT, VALUE_OUT, 0, 0)),
			 0);
	assert_int_equal(ta.call->params[1].value.a, TA_SHARED_MEMORY_SEEN_EMPTY);
	set_mem(&ta, 0, 1, 4096, 16);
	assert_int_equal(invoke(&ta, TA_SHARED_MEMORY_CMD_INSPECT,
				TYPES(MEM_INOUT, VALUE_OUT, 0, 0)), 0);
	assert_int_equal(ta.call->params[1].value.a,
			 TA_SHARED_MEMORY_SEEN_READ | TA_SHARED_MEMORY_SEEN_WRITE);
	set_mem(&ta, 0, 255, 0, 16);
	assert_int_equal(invoke(&ta, TA_SHARED_MEMORY_CMD_INSPECT, TYPES(MEM_IN, VALUE_OUT, 0, 0)),
			 0);
	assert_int_equal(ta.call->params[1].value.a, TA_SHARED_MEMORY_SEEN_READ);

	/* Mapping comes and goes between calls. */
	ta.call->map.slot = 1;
	assert_int_equal(run(&ta, TAHOST_OP_UNMAP), 0);
	set_mem(&ta, 0, 1, 0, 16);
	assert_int_equal(invoke(&ta, TA_SHARED_MEMORY_CMD_XOR, TYPES(MEM_INOUT, VALUE_IN, 0, 0)),
			 TEE_R_BAD_PARAMETERS);
	munmap(rw, SLOT_SIZE);
	rw = shared(&ta, 1, true);
	set_mem(&ta, 0, 1, 0, 16);
	set_value(&ta, 1, 0xff, 0);
	assert_int_equal(invoke(&ta, TA_SHARED_MEMORY_CMD_XOR, TYPES(MEM_INOUT, VALUE_IN, 0, 0)),
			 0);
	assert_int_equal(rw[15], 0xff);

	ta_free(&ta);
	munmap(rw, SLOT_SIZE);
	munmap(ro, SLOT_SIZE);
	world_stop(&w);
}

static void check_api(struct world *w, const char *uuid)
{
	struct ta ta = ready(w, uuid);
	uint8_t *in = shared(&ta, 0, false);
	uint8_t *inout = shared(&ta, 1, true);
	int64_t r;

	set_mem(&ta, 1, 0, 64, 32);
	set_mem(&ta, 2, 1, 0, 32);
	set_mem(&ta, 3, 0, 0, 0);
	r = invoke(&ta, TEST_API_CMD_RUN, TYPES(VALUE_OUT, MEM_IN, MEM_INOUT, MEM_IN));
	if (r)
		fail_with_log(w, "%s: 0x%llx, api_ta.c line %u failed", uuid, (long long)r,
			      ta.call->params[0].value.a);
	assert_true(ta.call->params[0].value.b > 200);
	assert_int_equal(ta.n_syscalls, 0);
	r = invoke(&ta, TEST_API_CMD_SYSTEM, TYPES(VALUE_OUT, 0, 0, 0));
	if (r)
		fail_with_log(w, "%s: 0x%llx, api_ta.c line %u failed", uuid, (long long)r,
			      ta.call->params[0].value.a);
	assert_true(ta.n_syscalls > 5);
	assert_int_equal(session_op(&ta, TAHOST_OP_CLOSE, 1, 0, 0), 0);
	assert_int_equal(run(&ta, TAHOST_OP_DESTROY), 0);
	assert_true(log_has(w, "printf() of a TA goes to the log, in lines\n"));
	ta_free(&ta);
	munmap(in, SLOT_SIZE);
	munmap(inout, SLOT_SIZE);
}

static void test_api(void **state)
{
	struct world w = world_start();

	check_api(&w, TEST_TA_API_UUID_STRING);
	check_api(&w, TEST_TA_API11_UUID_STRING);
	world_stop(&w);
}

static void test_random(void **state)
{
	struct world w = world_start();
	struct ta ta = ready(&w, TEST_TA_RANDOM_UUID_STRING);
	uint8_t *mem = shared(&ta, 3, true);
	unsigned int ones = 0;

	set_mem(&ta, 0, 3, 0, SLOT_SIZE);
	assert_int_equal(invoke(&ta, TEST_RANDOM_CMD_FILL, TYPES(MEM_OUT, 0, 0, 0)), 0);
	for (size_t i = 0; i < SLOT_SIZE; i++)
		ones += (unsigned int)__builtin_popcount(mem[i]);
	assert_in_range(ones, SLOT_SIZE * 4 - 2000, SLOT_SIZE * 4 + 2000);
	ta_free(&ta);
	munmap(mem, SLOT_SIZE);
	world_stop(&w);
}

static void count(struct ta *ta, uint32_t session, uint32_t instance_calls, uint32_t session_calls,
		  uint32_t n_open)
{
	assert_int_equal(session_op(ta, TAHOST_OP_INVOKE, session, TEST_COUNTER_CMD_COUNT,
				    TYPES(VALUE_OUT, VALUE_OUT, 0, 0)), 0);
	assert_int_equal(ta->call->params[0].value.a, instance_calls);
	assert_int_equal(ta->call->params[0].value.b, session_calls);
	assert_int_equal(ta->call->params[1].value.a, n_open);
}

static void test_sessions(void **state)
{
	struct world w = world_start();
	struct ta ta = ready(&w, TEST_TA_COUNTER_UUID_STRING);

	assert_int_equal(ta.call->ta.flags, 0xc);
	assert_int_equal(session_op(&ta, TAHOST_OP_OPEN, 65, 0, 0), 0);
	assert_int_equal(session_op(&ta, TAHOST_OP_OPEN, 129, 0, 0), 0);
	assert_int_equal(session_op(&ta, TAHOST_OP_OPEN, 65, 0, 0), TEE_R_BAD_STATE);
	count(&ta, 1, 1, 1, 3);
	count(&ta, 65, 2, 1, 3);
	count(&ta, 65, 3, 2, 3);
	assert_int_equal(session_op(&ta, TAHOST_OP_CLOSE, 65, 0, 0), 0);
	assert_int_equal(session_op(&ta, TAHOST_OP_INVOKE, 65, 0, 0), TEE_R_BAD_STATE);
	count(&ta, 129, 4, 1, 2);
	/* Many of them, and the heap of the TA is what limits them: 16 + 16 bytes each. */
	for (uint32_t i = 1000; i < 2000; i++)
		assert_int_equal(session_op(&ta, TAHOST_OP_OPEN, i, 0, 0), 0);
	count(&ta, 1999, 5, 1, 1002);
	assert_int_equal(session_op(&ta, TAHOST_OP_CLOSE, 1500, 0, 0), 0);
	count(&ta, 1501, 6, 1, 1001);
	ta_free(&ta);

	ta = ready(&w, TEST_TA_KEEPALIVE_UUID_STRING);
	assert_int_equal(ta.call->ta.flags, 0x1c);
	count(&ta, 1, 1, 1, 1);
	assert_int_equal(session_op(&ta, TAHOST_OP_CLOSE, 1, 0, 0), 0);
	assert_int_equal(session_op(&ta, TAHOST_OP_OPEN, 2, 0, 0), 0);
	count(&ta, 2, 2, 1, 1);
	ta_free(&ta);
	world_stop(&w);
}

static void test_create_and_open_fail(void **state)
{
	struct world w = world_start();
	struct ta ta = spawn(&w, TEST_TA_CREATE_FAIL_UUID_STRING);

	assert_int_equal(run(&ta, TAHOST_OP_LOAD), 0);
	assert_int_equal(run(&ta, TAHOST_OP_CREATE), TEST_CREATE_FAIL_RESULT);
	assert_int_equal(session_op(&ta, TAHOST_OP_OPEN, 1, 0, 0), TEE_R_BAD_STATE);
	assert_int_equal(run(&ta, TAHOST_OP_CREATE), TEST_CREATE_FAIL_RESULT);
	assert_int_equal(run(&ta, TAHOST_OP_DESTROY), 0);
	ta_free(&ta);

	ta = ready(&w, TEST_TA_CRASH_UUID_STRING);
	set_value(&ta, 0, TEST_CRASH_OPEN_FAIL, 0x1234);
	assert_int_equal(session_op(&ta, TAHOST_OP_OPEN, 2, 0, TYPES(VALUE_IN, 0, 0, 0)), 0x1234);
	assert_int_equal(session_op(&ta, TAHOST_OP_INVOKE, 2, 0, 0), TEE_R_BAD_STATE);
	set_value(&ta, 0, TEST_CRASH_OPEN_PANIC, 0x77);
	assert_int_equal(session_op(&ta, TAHOST_OP_OPEN, 2, 0, TYPES(VALUE_IN, 0, 0, 0)), 0x77);
	assert_int_equal(ta.call->answer, TAHOST_PANIC);
	ta_free(&ta);
	world_stop(&w);
}

static void test_cancellation(void **state)
{
	struct world w = world_start();
	struct ta ta = ready(&w, TEST_TA_CRASH_UUID_STRING);

	ta.cancelled = true;
	set_value(&ta, 0, 1, 0);
	assert_int_equal(invoke(&ta, TEST_CRASH_CMD_WAIT, TYPES(VALUE_IN, 0, 0, 0)), 0);
	set_value(&ta, 0, 1, 1);
	assert_int_equal(invoke(&ta, TEST_CRASH_CMD_WAIT, TYPES(VALUE_IN, 0, 0, 0)), TEE_R_CANCEL);
	ta_free(&ta);
	world_stop(&w);
}

/* --- how TAs die --- */

/* The command ends the process; the log has @text. */
static void assert_dies(struct world *w, uint32_t cmd, uint32_t a, const char *text)
{
	struct ta ta = ready(w, TEST_TA_CRASH_UUID_STRING);
	int64_t r;

	set_value(&ta, 0, a, 0);
	r = invoke(&ta, cmd, TYPES(VALUE_IN, 0, 0, 0));
	if (r != -EPIPE)
		fail_with_log(w, "crash command %u gave 0x%llx", cmd, (long long)r);
	assert_gone(&ta);
	assert_int_equal(invoke(&ta, TEST_CRASH_CMD_NOP, TYPES(VALUE_IN, 0, 0, 0)), -EPIPE);
	if (text && !log_has(w, text))
		fail_with_log(w, "crash command %u: the log lacks \"%s\"", cmd, text);
	ta_free(&ta);
}

static void test_crashes(void **state)
{
	static const char segv[] = "TA " TEST_TA_CRASH_UUID_STRING " crashed: SIGSEGV at address "
				   "0x0, in the TA's code at offset 0x";
	bool reported = !under_sanitizer();
	struct world w = world_start();

	assert_dies(&w, TEST_CRASH_CMD_SEGV, 0, reported ? segv : NULL);
	assert_dies(&w, TEST_CRASH_CMD_ABORT, 0, reported ? "crashed: SIGABRT" : NULL);
	assert_dies(&w, TEST_CRASH_CMD_EXIT, 3, NULL);
	assert_dies(&w, TEST_CRASH_CMD_ILLEGAL, 0, reported ? "crashed: SIGILL" : NULL);
	assert_dies(&w, TEST_CRASH_CMD_EMPTY, 0, reported ? "at address 0x1, in" : NULL);
	assert_dies(&w, TEST_CRASH_CMD_STACK, 0, reported ? "the stack is full" : NULL);
	world_stop(&w);
}

static void test_sandbox(void **state)
{
	struct world w = world_start();
	struct ta ta;

	if (under_sanitizer()) {
		world_stop(&w);
		skip();
	}
	assert_dies(&w, TEST_CRASH_CMD_OPEN_FILE, 0, "openat in code at 0x");
	assert_dies(&w, TEST_CRASH_CMD_KILL_PARENT, 0, NULL);
	assert_dies(&w, TEST_CRASH_CMD_EXEC_MEMORY, 0, NULL);
	/* Constructors run in it as well: this one finds no file. */
	ta = spawn(&w, TEST_TA_CONSTRUCTOR_UUID_STRING);
	assert_int_equal(run(&ta, TAHOST_OP_LOAD), 0);
	assert_false(log_has(&w, "a file could be opened"));
	ta_free(&ta);
	world_stop(&w);
}

static void test_panics(void **state)
{
	struct world w = world_start();
	struct ta ta = ready(&w, TEST_TA_CRASH_UUID_STRING);

	set_value(&ta, 0, 0xabcd1234, 0);
	assert_int_equal(invoke(&ta, TEST_CRASH_CMD_PANIC, TYPES(VALUE_IN, 0, 0, 0)), 0xabcd1234);
	assert_int_equal(ta.call->answer, TAHOST_PANIC);
	/* Without a hang-up of ours it ends all the same. */
	assert_gone(&ta);
	assert_true(log_has(&w, "panicked (code 0xabcd1234): TEE_Panic() by the TA"));
	ta_free(&ta);

	ta = ready(&w, TEST_TA_CRASH_UUID_STRING);
	(void)invoke(&ta, TEST_CRASH_CMD_FREE, TYPES(VALUE_IN, 0, 0, 0));
	assert_int_equal(ta.call->answer, TAHOST_PANIC);
	assert_true(log_has(&w, "TEE_Free: "));
	ta_free(&ta);
	world_stop(&w);
}

/* --- images --- */

static int64_t load_image(struct world *w, const char *uuid, const void *data, size_t size,
			  char message[256])
{
	struct ta ta = spawn_image(w, uuid, image_of(data, size));
	int64_t r = run(&ta, TAHOST_OP_LOAD);

	if (message)
		memcpy(message, ta.call->message, 256);
	/* After a failure only the end is left. */
	if (r > 0 && ta.call->answer == TAHOST_DONE)
		assert_int_equal(run(&ta, TAHOST_OP_CREATE), TEE_R_BAD_STATE);
	ta_free(&ta);
	return r;
}

static void test_bad_images(void **state)
{
	struct world w = world_start();
	size_t size;
	uint8_t *image = read_ta(TA_HELLO_WORLD_UUID_STRING, &size);
	char message[256];
	uint8_t *other;
	int fd;
	struct ta ta;

	assert_int_equal(load_image(&w, TA_HELLO_WORLD_UUID_STRING, "#!/bin/sh", 9, message),
			 TEE_R_BAD_FORMAT);
	assert_non_null(strstr(message, "not an ELF file"));
	assert_int_equal(load_image(&w, TA_SHARED_MEMORY_UUID_STRING, image, size, message),
			 TEE_R_SECURITY);
	assert_non_null(strstr(message, TA_HELLO_WORLD_UUID_STRING));
	assert_non_null(strstr(message, TA_SHARED_MEMORY_UUID_STRING));
	image[18] ^= 0xff;	/* e_machine */
	assert_int_equal(load_image(&w, TA_HELLO_WORLD_UUID_STRING, image, size, message),
			 TEE_R_BAD_FORMAT);
	assert_non_null(strstr(message, "another machine"));
	free(image);

	other = read_ta(TEST_TA_NO_ENTRY_UUID_STRING, &size);
	assert_int_equal(load_image(&w, TEST_TA_NO_ENTRY_UUID_STRING, other, size, message),
			 TEE_R_BAD_FORMAT);
	assert_non_null(strstr(message, "TA_CreateEntryPoint"));
	free(other);
	other = read_ta(TEST_TA_MISSING_SYMBOL_UUID_STRING, &size);
	assert_int_equal(load_image(&w, TEST_TA_MISSING_SYMBOL_UUID_STRING, other, size, message),
			 TEE_R_NOT_SUPPORTED);
	assert_non_null(strstr(message, "TEE_ThisFunctionIsMissing"));
	free(other);

	/* A file that its owner could cut off under our feet */
	fd = memfd_create("unsealed", MFD_CLOEXEC);
	assert_int_equal(ftruncate(fd, 4096), 0);
	ta = spawn_image(&w, TA_HELLO_WORLD_UUID_STRING, fd);
	assert_int_equal(run(&ta, TAHOST_OP_LOAD), TEE_R_BAD_FORMAT);
	ta_free(&ta);
	/* Something that is no file */
	ta = spawn_image(&w, TA_HELLO_WORLD_UUID_STRING, dup(w.control));
	assert_int_equal(run(&ta, TAHOST_OP_LOAD), TEE_R_BAD_FORMAT);
	ta_free(&ta);
	world_stop(&w);
}

/*
 * Whatever becomes of a damaged image, the next one loads. A sanitizer that wants to
 * report a crash inside of the dynamic linker waits for that one's lock for ever.
 */
static void test_damaged_images(void **state)
{
	const int n_flips = under_sanitizer() ? 0 : 150;
	struct world w = world_start();
	size_t size;
	uint8_t *image = read_ta(TA_HELLO_WORLD_UUID_STRING, &size);
	uint8_t *copy = malloc(size);
	unsigned int n_refused = 0;
	struct ta ta;

	srand(1);
	for (size_t n = 1; n < size; n += size / 40) {
		int64_t r = load_image(&w, TA_HELLO_WORLD_UUID_STRING, image, n, NULL);

		/* Without its end, the section headers, it is as good as whole. */
		assert_true(r == TEE_R_BAD_FORMAT || r == 0 || r == -EPIPE);
	}
	for (int i = 0; i < n_flips; i++) {
		/* Headers and tables stand in the first pages. */
		size_t at = (size_t)rand() % (i % 2 ? 64 + 56 * 10 : 4096);

		memcpy(copy, image, size);
		copy[at] ^= (uint8_t)(1 << rand() % 8);
		if (load_image(&w, TA_HELLO_WORLD_UUID_STRING, copy, size, NULL) > 0)
			n_refused++;
	}
	assert_true(n_refused > n_flips / 8u || !n_flips);
	ta = ready(&w, TA_HELLO_WORLD_UUID_STRING);
	ta_free(&ta);
	free(image);
	free(copy);
	world_stop(&w);
}

/* --- a hostile world --- */

static void test_order_of_operations(void **state)
{
	static const uint32_t too_early[] = {
		0, TAHOST_OP_CREATE, TAHOST_OP_OPEN, TAHOST_OP_INVOKE, TAHOST_OP_CLOSE,
		TAHOST_OP_SYSRET, 99, UINT32_MAX,
	};
	struct world w = world_start();
	struct ta ta = spawn(&w, TA_HELLO_WORLD_UUID_STRING);

	for (size_t i = 0; i < sizeof(too_early) / sizeof(too_early[0]); i++)
		assert_int_equal(run(&ta, too_early[i]), TEE_R_BAD_STATE);
	assert_int_equal(run(&ta, TAHOST_OP_LOAD), 0);
	assert_int_equal(run(&ta, TAHOST_OP_LOAD), TEE_R_BAD_STATE);
	assert_int_equal(session_op(&ta, TAHOST_OP_OPEN, 1, 0, 0), TEE_R_BAD_STATE);
	assert_int_equal(run(&ta, TAHOST_OP_CREATE), 0);
	assert_int_equal(run(&ta, TAHOST_OP_CREATE), TEE_R_BAD_STATE);
	assert_int_equal(session_op(&ta, TAHOST_OP_INVOKE, 1, 0, 0), TEE_R_BAD_STATE);
	assert_int_equal(run(&ta, TAHOST_OP_SYSRET), TEE_R_BAD_STATE);
	assert_int_equal(run(&ta, TAHOST_OP_DESTROY), 0);
	assert_gone(&ta);
	ta_free(&ta);

	/* Destroyed before it was anything */
	ta = spawn(&w, TA_HELLO_WORLD_UUID_STRING);
	assert_int_equal(run(&ta, TAHOST_OP_DESTROY), 0);
	ta_free(&ta);

	/* Something else instead of the answer to a system call */
	ta = ready(&w, TEST_TA_CRASH_UUID_STRING);
	set_value(&ta, 0, 1, 0);
	ta.call->op = TAHOST_OP_INVOKE;
	ta.call->session = 1;
	ta.call->cmd = TEST_CRASH_CMD_WAIT;
	ta.call->param_types = TYPES(VALUE_IN, 0, 0, 0);
	assert_int_equal(lane_call(ta.lane), 0);
	assert_int_equal(ta.call->answer, TAHOST_SYSCALL);
	ta.call->op = TAHOST_OP_DESTROY;
	assert_int_equal(lane_call(ta.lane), 0);
	assert_int_equal(ta.call->answer, TAHOST_DONE);
	assert_int_equal(ta.call->result, TEE_R_BAD_STATE);
	ta.call->sys.result = TEE_R_SUCCESS;
	assert_int_equal(run(&ta, TAHOST_OP_SYSRET), 0);
	/* A result that TEE_Wait() does not have */
	ta.call->op = TAHOST_OP_INVOKE;
	ta.call->session = 1;
	ta.call->cmd = TEST_CRASH_CMD_WAIT;
	assert_int_equal(lane_call(ta.lane), 0);
	ta.call->sys.result = TEE_R_GENERIC;
	assert_int_equal(run(&ta, TAHOST_OP_SYSRET), TEE_R_GENERIC);
	assert_int_equal(ta.call->answer, TAHOST_PANIC);
	ta_free(&ta);
	world_stop(&w);
}

static void assert_refused(struct ta *ta, uint32_t types)
{
	assert_int_equal(session_op(ta, TAHOST_OP_INVOKE, 1, TEST_BENCH_CMD_NOP, types),
			 TEE_R_BAD_PARAMETERS);
	assert_int_equal(session_op(ta, TAHOST_OP_OPEN, 2, 0, types), TEE_R_BAD_PARAMETERS);
}

static void test_bad_params(void **state)
{
	struct world w = world_start();
	struct ta ta = ready(&w, TEST_TA_BENCH_UUID_STRING);
	uint8_t *rw = shared(&ta, 0, true);
	uint8_t *ro = shared(&ta, 1, false);

	assert_refused(&ta, 4);
	assert_refused(&ta, 8);
	assert_refused(&ta, TYPES(0, 0, 0, 15));
	assert_refused(&ta, 0x10000);
	assert_refused(&ta, 0x80000001);
	set_mem(&ta, 0, 2, 0, 1);
	assert_refused(&ta, TYPES(MEM_IN, 0, 0, 0));
	set_mem(&ta, 0, TAHOST_MAX_SLOTS, 0, 0);
	assert_refused(&ta, TYPES(MEM_IN, 0, 0, 0));
	set_mem(&ta, 0, UINT32_MAX - 1, 0, 0);
	assert_refused(&ta, TYPES(MEM_IN, 0, 0, 0));
	set_mem(&ta, 0, 1, 0, 1);
	assert_refused(&ta, TYPES(MEM_OUT, 0, 0, 0));
	assert_refused(&ta, TYPES(MEM_INOUT, 0, 0, 0));
	set_mem(&ta, 0, 0, SLOT_SIZE + 1, 0);
	assert_refused(&ta, TYPES(MEM_IN, 0, 0, 0));
	set_mem(&ta, 0, 0, SLOT_SIZE, 1);
	assert_refused(&ta, TYPES(MEM_IN, 0, 0, 0));
	set_mem(&ta, 0, 0, 1, SLOT_SIZE);
	assert_refused(&ta, TYPES(MEM_OUT, 0, 0, 0));
	set_mem(&ta, 0, 0, UINT64_MAX, 2);
	assert_refused(&ta, TYPES(MEM_OUT, 0, 0, 0));
	set_mem(&ta, 0, 0, 2, UINT64_MAX);
	assert_refused(&ta, TYPES(MEM_OUT, 0, 0, 0));
	set_mem(&ta, 0, 0, 0, SLOT_SIZE);
	set_mem(&ta, 3, 1, SLOT_SIZE, 0);
	assert_int_equal(invoke(&ta, TEST_BENCH_CMD_NOP, TYPES(MEM_OUT, 0, 0, MEM_IN)), 0);
	assert_int_equal(ta.call->params[0].mem.size, SLOT_SIZE);
	ta_free(&ta);
	munmap(rw, SLOT_SIZE);
	munmap(ro, SLOT_SIZE);
	world_stop(&w);
}

static void test_bad_maps(void **state)
{
	struct world w = world_start();
	struct ta ta = ready(&w, TEST_TA_BENCH_UUID_STRING);
	int sealed, unsealed = memfd_create("unsealed", MFD_CLOEXEC | MFD_ALLOW_SEALING);
	int two[2];

	assert_int_equal(memfd_new_sealed("two", SLOT_SIZE, &sealed), 0);
	assert_int_equal(ftruncate(unsealed, SLOT_SIZE), 0);

	assert_int_equal(map_fd(&ta, 1, -1, true, 0, SLOT_SIZE), TEE_R_BAD_PARAMETERS);
	assert_int_equal(map_fd(&ta, 1, unsealed, true, 0, SLOT_SIZE), TEE_R_BAD_PARAMETERS);
	assert_int_equal(map_fd(&ta, 1, w.control, true, 0, SLOT_SIZE), TEE_R_BAD_PARAMETERS);
	assert_int_equal(map_fd(&ta, TAHOST_MAX_SLOTS, sealed, true, 0, 1), TEE_R_BAD_PARAMETERS);
	assert_int_equal(map_fd(&ta, UINT32_MAX, sealed, true, 0, 1), TEE_R_BAD_PARAMETERS);
	assert_int_equal(map_fd(&ta, 1, sealed, true, 0, 0), TEE_R_BAD_PARAMETERS);
	assert_int_equal(map_fd(&ta, 1, sealed, true, 0, SLOT_SIZE + 1), TEE_R_BAD_PARAMETERS);
	assert_int_equal(map_fd(&ta, 1, sealed, true, 4096, SLOT_SIZE), TEE_R_BAD_PARAMETERS);
	assert_int_equal(map_fd(&ta, 1, sealed, true, 1, 16), TEE_R_BAD_PARAMETERS);
	assert_int_equal(map_fd(&ta, 1, sealed, true, UINT64_MAX, 2), TEE_R_BAD_PARAMETERS);
	assert_int_equal(map_fd(&ta, 1, sealed, true, 4096, UINT64_MAX - 4095),
			 TEE_R_BAD_PARAMETERS);
	/* Two descriptors for one slot, and a message without one: taken off the socket */
	two[0] = two[1] = sealed;
	assert_int_equal(fdsock_send(ta.instance, "m", 1, two, 2), 0);
	assert_int_equal(map_fd(&ta, 1, -1, true, 0, SLOT_SIZE), TEE_R_BAD_PARAMETERS);
	assert_int_equal(fdsock_send(ta.instance, "m", 1, NULL, 0), 0);
	assert_int_equal(map_fd(&ta, 1, -1, true, 0, SLOT_SIZE), TEE_R_BAD_PARAMETERS);

	assert_int_equal(map_fd(&ta, 1, sealed, true, 4096, 4096), 0);
	assert_int_equal(map_fd(&ta, 1, sealed, true, 0, 4096), TEE_R_BAD_STATE);
	ta.call->map.slot = 2;
	assert_int_equal(run(&ta, TAHOST_OP_UNMAP), TEE_R_ITEM_NOT_FOUND);
	ta.call->map.slot = 70000;
	assert_int_equal(run(&ta, TAHOST_OP_UNMAP), TEE_R_ITEM_NOT_FOUND);
	ta.call->map.slot = 1;
	assert_int_equal(run(&ta, TAHOST_OP_UNMAP), 0);
	assert_int_equal(run(&ta, TAHOST_OP_UNMAP), TEE_R_ITEM_NOT_FOUND);
	/* All slots, more often than there may be descriptors */
	for (uint32_t i = 0; i < TAHOST_MAX_SLOTS; i++)
		assert_int_equal(map_fd(&ta, i, sealed, i % 2, 0, 4096), 0);
	ta_free(&ta);
	close_fd(sealed);
	close_fd(unsealed);
	world_stop(&w);
}

/* A slot of several pieces is one buffer to the TA, once it is complete. */
static void test_pieces(void **state)
{
	struct world w = world_start();
	struct ta ta = ready(&w, TEST_TA_RANDOM_UUID_STRING);
	unsigned int ones[3] = { 0 };
	uint8_t *pages;
	void *addr;
	int fd;

	assert_int_equal(memfd_new_sealed("pieces", 3 * 4096, &fd), 0);
	assert_int_equal(memfd_map(fd, 0, 3 * 4096, PROT_READ | PROT_WRITE, &addr), 0);
	pages = addr;
	/* The first one begins the slot; the next one continues it. */
	assert_int_equal(map_piece(&ta, 3, fd, true, 0, 4096, 4096, 8192), TEE_R_BAD_PARAMETERS);
	assert_int_equal(map_piece(&ta, 3, fd, true, 0, 4096, 0, 4095), TEE_R_BAD_PARAMETERS);
	assert_int_equal(map_piece(&ta, 3, fd, true, 8192, 4096, 0, 8192), 0);
	set_mem(&ta, 0, 3, 0, 100);
	assert_int_equal(invoke(&ta, TEST_RANDOM_CMD_FILL, TYPES(MEM_OUT, 0, 0, 0)),
			 TEE_R_BAD_PARAMETERS);
	assert_int_equal(map_piece(&ta, 3, fd, true, 0, 4096, 0, 8192), TEE_R_BAD_STATE);
	assert_int_equal(map_piece(&ta, 3, fd, true, 0, 4096, 8192, 12288), TEE_R_BAD_PARAMETERS);
	assert_int_equal(map_piece(&ta, 3, fd, true, 0, 8192, 4096, 8192), TEE_R_BAD_PARAMETERS);
	assert_int_equal(map_piece(&ta, 3, fd, false, 0, 4096, 4096, 8192), TEE_R_BAD_PARAMETERS);
	assert_int_equal(map_piece(&ta, 3, fd, true, 8192, 8192, 4096, 12288),
			 TEE_R_BAD_PARAMETERS);
	assert_int_equal(map_piece(&ta, 3, fd, true, 0, 4096, 4096, 8192), 0);
	assert_int_equal(map_piece(&ta, 3, fd, true, 0, 4096, 8192, 8192), TEE_R_BAD_PARAMETERS);

	set_mem(&ta, 0, 3, 0, 8192);
	assert_int_equal(invoke(&ta, TEST_RANDOM_CMD_FILL, TYPES(MEM_OUT, 0, 0, 0)), 0);
	for (size_t i = 0; i < 3 * 4096; i++)
		ones[i / 4096] += (unsigned int)__builtin_popcount(pages[i]);
	assert_in_range(ones[0], 4096 * 4 - 1000, 4096 * 4 + 1000);
	assert_int_equal(ones[1], 0);
	assert_in_range(ones[2], 4096 * 4 - 1000, 4096 * 4 + 1000);
	ta.call->map.slot = 3;
	assert_int_equal(run(&ta, TAHOST_OP_UNMAP), 0);
	assert_int_equal(map_fd(&ta, 3, fd, true, 0, 4096), 0);
	ta_free(&ta);
	munmap(pages, 3 * 4096);
	close_fd(fd);
	world_stop(&w);
}

static unsigned int count_fds(pid_t pid)
{
	char path[64];
	unsigned int n = 0;
	DIR *dir;

	snprintf(path, sizeof(path), "/proc/%d/fd", (int)pid);
	dir = opendir(path);
	assert_non_null(dir);
	while (readdir(dir))
		n++;
	closedir(dir);
	return n;
}

/* The template closes what it got after it has forked: give it the time. */
static unsigned int settled_fds(pid_t pid)
{
	unsigned int n = count_fds(pid);

	for (int same = 0; same < 3; same++) {
		unsigned int again;

		usleep(2000);
		again = count_fds(pid);
		if (again != n)
			same = -1;
		n = again;
	}
	return n;
}

static void test_bad_spawns(void **state)
{
	struct world w = world_start();
	struct tahost_spawn msg = { .type = 77 };
	struct ta ta = ready(&w, TEST_TA_BENCH_UUID_STRING);
	int fds[4] = { w.log, w.log, w.log, w.log };
	unsigned int before = settled_fds(w.pid);

	for (int i = 0; i < 3; i++) {
		assert_int_equal(fdsock_send(w.control, &msg, sizeof(msg), fds, 3), 0);
		assert_int_equal(fdsock_send(w.control, &msg, 3, fds, 4), 0);
		msg.type = TAHOST_SPAWN;
		assert_int_equal(fdsock_send(w.control, &msg, sizeof(msg), NULL, 0), 0);
		assert_int_equal(fdsock_send(w.control, &msg, sizeof(msg), fds, 2), 0);
		assert_int_equal(fdsock_send(w.control, &msg, sizeof(msg), fds, 4), 0);
		/* Well formed, but no lane: the child says so and ends. */
		assert_int_equal(fdsock_send(w.control, &msg, sizeof(msg), fds, 3), 0);
	}
	ta_free(&ta);
	ta = ready(&w, TEST_TA_BENCH_UUID_STRING);
	assert_int_equal(settled_fds(w.pid), before);
	ta_free(&ta);
	world_stop(&w);
}

static void test_hang_up(void **state)
{
	struct world w = world_start();
	struct ta idle = ready(&w, TEST_TA_BENCH_UUID_STRING);
	struct ta busy = ready(&w, TEST_TA_CRASH_UUID_STRING);

	/* The lane's end is the host's. */
	lane_close(idle.lane);
	assert_gone(&idle);
	ta_free(&idle);
	/* The world's end is everybody's, also of those that do not listen. */
	set_value(&busy, 0, 60000, 0);
	busy.call->op = TAHOST_OP_INVOKE;
	busy.call->session = 1;
	busy.call->cmd = TEST_CRASH_CMD_BUSY;
	busy.call->param_types = TYPES(VALUE_IN, 0, 0, 0);
	assert_int_equal(lane_post(busy.lane), 0);
	world_stop(&w);
	assert_int_equal(lane_wait_reply(busy.lane), -EPIPE);
	assert_gone(&busy);
	ta_free(&busy);
}

/* --- cost --- */

/* Memory that one more host takes: what it does not share with the template, in KiB */
static long private_kib(pid_t template)
{
	char path[64], line[128];
	long sum = 0, kib;
	FILE *f;
	int pid;

	snprintf(path, sizeof(path), "/proc/%d/task/%d/children", (int)template, (int)template);
	f = fopen(path, "re");
	if (!f || fscanf(f, "%d", &pid) != 1) {
		if (f)
			fclose(f);
		return -1;
	}
	fclose(f);
	snprintf(path, sizeof(path), "/proc/%d/smaps_rollup", pid);
	f = fopen(path, "re");
	while (f && fgets(line, sizeof(line), f)) {
		if (sscanf(line, "Private_Clean: %ld", &kib) == 1 ||
		    sscanf(line, "Private_Dirty: %ld", &kib) == 1)
			sum += kib;
	}
	if (f)
		fclose(f);
	return sum;
}

static void test_footprint(void **state)
{
	struct world w = world_start();
	struct ta ta = ready(&w, TEST_TA_BENCH_UUID_STRING);
	long kib = private_kib(w.pid);
	struct timespec t0, t1, t2;
	struct ta more[50];
	double us;

	clock_gettime(CLOCK_MONOTONIC, &t0);
	for (size_t i = 0; i < 50; i++)
		more[i] = ready(&w, TEST_TA_BENCH_UUID_STRING);
	clock_gettime(CLOCK_MONOTONIC, &t1);
	for (int i = 0; i < 10000; i++)
		assert_int_equal(invoke(&ta, TEST_BENCH_CMD_NOP, 0), 0);
	clock_gettime(CLOCK_MONOTONIC, &t2);
	us = (double)(t1.tv_sec - t0.tv_sec) * 1e6 + (double)(t1.tv_nsec - t0.tv_nsec) / 1e3;
	print_message("private memory %ld KiB, spawn to session %.0f us, ", kib, us / 50);
	us = (double)(t2.tv_sec - t1.tv_sec) * 1e6 + (double)(t2.tv_nsec - t1.tv_nsec) / 1e3;
	print_message("invoke %.2f us\n", us / 10000);
	for (size_t i = 0; i < 50; i++)
		ta_free(&more[i]);
	ta_free(&ta);
	world_stop(&w);
	if (!under_sanitizer())
		assert_in_range(kib, 0, 200);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_hello_world),
		cmocka_unit_test(test_memory),
		cmocka_unit_test(test_api),
		cmocka_unit_test(test_random),
		cmocka_unit_test(test_sessions),
		cmocka_unit_test(test_create_and_open_fail),
		cmocka_unit_test(test_cancellation),
		cmocka_unit_test(test_crashes),
		cmocka_unit_test(test_sandbox),
		cmocka_unit_test(test_panics),
		cmocka_unit_test(test_bad_images),
		cmocka_unit_test(test_damaged_images),
		cmocka_unit_test(test_order_of_operations),
		cmocka_unit_test(test_bad_params),
		cmocka_unit_test(test_bad_maps),
		cmocka_unit_test(test_pieces),
		cmocka_unit_test(test_bad_spawns),
		cmocka_unit_test(test_hang_up),
		cmocka_unit_test(test_footprint),
	};

	if (argc != 3) {
		fprintf(stderr, "usage: %s SWTEE-TAHOST TA-DIRECTORY\n", argv[0]);
		return 2;
	}
	world_setup(argv[1], argv[2]);
	return cmocka_run_group_tests_name("tahost", tests, NULL, NULL);
}
