/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Asynchronous messages, as a QTEE that means no good sends them. Defects of earlier
 * drivers (QTEE facts, section 8) carry their id.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "qtee_fixture.h"

#define PRIMORDIAL QTEE_MSG_OBJECT_PRIMORDIAL
#define TEE_ID 100u

struct async_row {
	const char *name;
	uint32_t words[8];
	unsigned int n_words;
	size_t at_end;		/* stands in the last bytes of the buffer */
	unsigned int lost;
	size_t ids_left;	/* of two */
};

/* In place of an id */
#define FIRST 0xf0000001u
#define SECOND 0xf0000002u
#define V1 0x00010000u
#define REL 0xffffu

static const struct async_row async_rows[] = {
	{ "qtee async: two ids in one", { V1, REL, 2, FIRST, SECOND }, 6, 0, 0, 0 },
	{ "qtee async: two messages", { V1, REL, 1, FIRST, V1 + 2, REL, 1, SECOND }, 8, 0, 0, 0 },
	{ "qtee async: no id", { V1, REL, 0, 0, V1 + 1, REL, 1, FIRST }, 8, 0, 0, 1 },
	{ "qtee D-1, qtee KD-8 count without end", { V1, REL, 0xffffffff, FIRST }, 4, 16, 1, 2 },
	{ "qtee D-2, qtee KD-8 count slightly too large", { V1, REL, 2, FIRST }, 4, 16, 1, 2 },
	{ "qtee D-2 count that wraps around", { V1, REL, 0x40000000, FIRST }, 4, 0, 1, 2 },
	{ "qtee D-3 major version 2", { 0x20000, REL, 1, FIRST, V1, REL, 1, SECOND }, 8, 0, 1, 2 },
	{ "qtee D-3 a result is left behind", { 10, 0x80000001, 1, 0 }, 4, 0, 1, 2 },
	{ "qtee D-4 unknown operation", { V1, 3, 1, 0, V1, REL, 1, FIRST }, 8, 0, 1, 2 },
	{ "qtee async: the last words of the buffer", { V1, REL, 1, FIRST }, 4, 16, 0, 1 },
	{ "qtee async: an id twice", { V1, REL, 2, FIRST, FIRST }, 6, 0, 0, 1 },
	{ "qtee async: ids that are none of ours", { V1, REL, 3, 0, TEE_ID, 0x80000000 }, 6, 0, 0,
	  2 },
};

static const struct async_row *async_row_of(struct qw_call *call)
{
	return call->world->data;
}

static void fill_async(struct qw_call *call)
{
	const struct async_row *row = async_row_of(call);
	uint32_t words[8];

	memcpy(words, row->words, sizeof(words));
	for (unsigned int i = 0; i < 8; i++) {
		if (words[i] == FIRST)
			words[i] = qw_io(call, 0);
		if (words[i] == SECOND)
			words[i] = qw_io(call, 1);
	}
	qw_async_raw(call, words, row->n_words * sizeof(*words));
}

/* At the end of the invocation; or with the last bytes of the buffer, by a callback
 * with an output that leaves just so many. */
static int32_t body_async(struct qw_call *call)
{
	size_t at_end = async_row_of(call)->at_end;
	uint8_t *room = malloc(QTEE_MSG_OUTBOUND_SIZE);
	struct qw_cb cb = { .cxt = PRIMORDIAL, .op = 1, .n_ob = 1, .ob = { room } };

	fill_async(call);
	if (at_end) {
		cb.ob_size[0] = QTEE_MSG_OUTBOUND_SIZE - QTEE_MSG_PAYLOAD(1) - at_end;
		if (!qw_callback(call, &cb))
			return QW_DIED;
	}
	free(room);
	return 0;
}

static void test_async(void **state)
{
	struct qx *qx = *state;
	const struct async_row *row = qx->row;
	struct tee_ioctl_param params[2] = {
		p_ref(1, QTEE_OBJREF_USER), p_ref(2, QTEE_OBJREF_USER),
	};

	qx->world.keep = true;
	qx->world.data = (void *)row;
	qx->world.body = body_async;
	qx_invoke_ok(qx->ctx, ROOT, 1, params, 2);
	assert_int_equal(qx_stats(qx).ids, row->ids_left);
	assert_int_equal(qx_stats(qx).lost_async, row->lost);
	/* Later invocations are not harmed. */
	qx->world.keep = false;
	qx->world.body = NULL;
	qx_invoke_ok(qx->ctx, ROOT, 1, params, 2);
	assert_int_equal(qx_stats(qx).ids, row->ids_left);
}

/* A flood of bad messages: the log counts, and drops. */
static int32_t body_bad_async(struct qw_call *call)
{
	qw_async_raw(call, "\1\2\3\4\5\6\7\10\11\12\13\14", 12);
	return 0;
}

static void test_async_flood(void **state)
{
	struct qx *qx = *state;
	int pipefd[2];
	int err = dup(2);
	char *buf = malloc(1 << 16);
	ssize_t n;

	qx->world.body = body_bad_async;
	qx->world.in_place = true;
	assert_int_equal(pipe(pipefd), 0);
	dup2(pipefd[1], 2);
	for (int i = 0; i < 10000; i++)
		(void)qx_invoke(qx->ctx, ROOT, 1, NULL, 0, NULL);
	dup2(err, 2);
	close(err);
	close(pipefd[1]);
	n = read(pipefd[0], buf, 1 << 16);
	close(pipefd[0]);
	free(buf);
	assert_int_equal(qx_stats(qx).lost_async, 10000);
	assert_true(n < 20000);
}

int main(void)
{
	QX_ADD_ROWS(async_rows, test_async, qx_setup);
	qx_add("qtee D-6 flood of bad messages", test_async_flood, qx_setup, NULL);
	return qx_run("qtee async");
}
