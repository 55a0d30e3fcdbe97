/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A world for TA hosts, to test with
 *
 * Plays the OP-TEE world to the real swtee-tahost: starts it, has it host TAs, posts
 * operations and serves their system calls. What goes wrong here fails the test.
 */
#ifndef TESTS_TAHOST_WORLD_H
#define TESTS_TAHOST_WORLD_H

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <setjmp.h>
#include <sys/types.h>

#include <cmocka.h>

#include "abi/tahost.h"
#include "machine/lane/lane.h"

/* Then TA hosts have no filters, other sizes, and reports instead of our lines. */
bool under_sanitizer(void);

/* TEE_PARAM_TYPE_* */
#define NONE 0u
#define VALUE_IN 1u
#define VALUE_OUT 2u
#define VALUE_INOUT 3u
#define MEM_IN 5u
#define MEM_OUT 6u
#define MEM_INOUT 7u
#define TYPES(a, b, c, d) ((a) | (b) << 4 | (c) << 8 | (d) << 12)

#define SLOT_SIZE 8192u

struct world {
	pid_t pid;
	int control;
	int log;		/* what the processes wrote to standard error */
};

struct ta {
	struct lane *lane;
	struct tahost_call *call;
	int instance;
	/* the trusted OS behind the TA */
	uint32_t time_offset;
	bool time_set;
	bool cancel_masked;
	bool cancelled;
	unsigned int n_syscalls;
};

/* Where the program and the images are; not copied. */
void world_setup(const char *program, const char *ta_dir);

/* The template runs; stopping hangs up, and it has to end by itself. */
struct world world_start(void);
void world_stop(struct world *w);

/* Everything that was logged so far; valid until the next call. */
const char *log_text(const struct world *w);
bool log_has(const struct world *w, const char *text);

#define fail_with_log(w, ...) \
	do { \
		fputs(log_text(w), stderr); \
		fail_msg(__VA_ARGS__); \
	} while (0)

/* The bytes of an image of the directory (caller frees), or of any in a sealed file */
uint8_t *read_ta(const char *uuid, size_t *ret_size);
int image_of(const void *data, size_t size);

/* A new host; the image from a file, which is closed, or from the directory */
struct ta spawn_image(struct world *w, const char *uuid, int image_fd);
struct ta spawn(struct world *w, const char *uuid);
/* One with session 1 open */
struct ta ready(struct world *w, const char *uuid);
void ta_free(struct ta *ta);

/* The host's end of the instance socket is closed. */
void assert_gone(struct ta *ta);

/* Post @op with what stands in the call; the result, or -EPIPE. Serves system calls. */
int64_t run(struct ta *ta, uint32_t op);
int64_t session_op(struct ta *ta, uint32_t op, uint32_t session, uint32_t cmd, uint32_t types);
/* In session 1 */
int64_t invoke(struct ta *ta, uint32_t cmd, uint32_t types);
void set_value(struct ta *ta, size_t i, uint32_t a, uint32_t b);
void set_mem(struct ta *ta, size_t i, uint32_t slot, uint64_t offset, uint64_t size);

/* TAHOST_OP_MAP; with @fd < 0 no descriptor is sent. */
int64_t map_fd(struct ta *ta, uint32_t slot, int fd, bool write, uint64_t offset, uint64_t size);
/* The piece of a slot of @total bytes that begins @at bytes in it */
int64_t map_piece(struct ta *ta, uint32_t slot, int fd, bool write, uint64_t offset, uint64_t size,
		  uint64_t at, uint64_t total);
/* SLOT_SIZE bytes that are mapped in @slot, and here (caller unmaps) */
uint8_t *shared(struct ta *ta, uint32_t slot, bool write);

#endif /* TESTS_TAHOST_WORLD_H */
