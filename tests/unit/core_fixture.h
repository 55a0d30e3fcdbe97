/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What the tests of the TEE core start from: the fake TEE, one open context on
 * its client device, user memory with an edge, a task that owns it. The teardown
 * closes the context and fails when anything is left.
 */
#ifndef TESTS_UNIT_CORE_FIXTURE_H
#define TESTS_UNIT_CORE_FIXTURE_H

#include <stddef.h>
#include <stdint.h>

#include <linux/array_size.h>

#include "base/kernel/task.h"
#include "fake_tee.h"

/**
 * struct core - state of one test
 * @row: the initial state of the test, for tests that are rows of a table
 * @ctx: on the client device; a test may close it and leave NULL
 * @page: one page, read and write; the page after it is not mapped
 * @ro: one page, read-only, zero
 * @arg: header and parameters of the last core_call(), as the ioctl left them
 */
struct core {
	const void *row;
	struct fake_tee tee;
	struct task_struct task;
	struct tee_context *ctx;
	uint8_t *page;
	uint8_t *ro;
	union {
		uint8_t bytes[TEE_MAX_ARG_SIZE + 64];
		uint64_t align;
	} arg;
};

int core_setup(void **state);
int core_teardown(void **state);

long core_ioctl(struct tee_context *ctx, unsigned int cmd, const void *arg);
/* The last @size bytes before the page that is not mapped. */
void *core_tail(struct core *core, size_t size);
/* @data at the beginning of the read-only page. */
void *core_read_only(struct core *core, const void *data, size_t size);
/* An ioctl that takes a tee_ioctl_buf_data. */
long core_buf_ioctl(struct tee_context *ctx, unsigned int cmd, const void *buf, uint64_t len);
/* Such an ioctl on @header, with num_params set already, and @n parameters. */
long core_call(struct core *core, struct tee_context *ctx, unsigned int cmd,
	       const void *header, size_t header_size,
	       const struct tee_ioctl_param *params, size_t n);
long core_invoke(struct core *core, struct tee_context *ctx,
		 const struct tee_ioctl_param *params, size_t n);
long core_open_session(struct core *core, struct tee_context *ctx, uint32_t login,
		       const struct tee_ioctl_param *params, size_t n);

static inline struct tee_ioctl_invoke_arg *core_invoked(struct core *core)
{
	return (struct tee_ioctl_invoke_arg *)core->arg.bytes;
}

static inline struct tee_ioctl_open_session_arg *core_opened(struct core *core)
{
	return (struct tee_ioctl_open_session_arg *)core->arg.bytes;
}

/* SHM_ALLOC, SHM_REGISTER: the descriptor, and the id. They must succeed. */
int core_alloc(struct tee_context *ctx, size_t size, int *ret_id);
int core_register(struct tee_context *ctx, const void *addr, size_t length, int *ret_id);

/*
 * The tests of a program: add each, or a table whose rows begin with a name and
 * are found in core.row; then run them all.
 */
void core_add(const char *name, void (*fn)(void **state), const void *row);
#define core_add_rows(rows, fn) \
	do { \
		for (size_t i_ = 0; i_ < ARRAY_SIZE(rows); i_++) \
			core_add((rows)[i_].name, fn, &(rows)[i_]); \
	} while (0)
int core_run(const char *group);

/* References of an id of @ctx, 0 if it is not found. */
unsigned int core_refs(struct tee_context *ctx, int id);

#endif /* TESTS_UNIT_CORE_FIXTURE_H */
