/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What the tests of the QTEE driver start from: a fake QTEE, the driver bound to
 * it, one client context. The teardown unbinds and fails when memory, ids, objects
 * or descriptors are left anywhere, on either side.
 */
#ifndef TESTS_UNIT_QTEE_FIXTURE_H
#define TESTS_UNIT_QTEE_FIXTURE_H

#include <pthread.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>

#include "base/kernel/task.h"
#include "normal/drivers/qtee/qcomtee_private.h"
#include "qtee_fakeworld.h"

/* Long enough for another thread to get stuck where it should. */
#define A_MOMENT_US 20000

#define ROOT TEE_OBJREF_NULL
#define MAX_QX_PARAMS 70

/**
 * struct qx - state of one test
 * @row: the initial state of the test, for tests that are rows of a table
 * @q, @ctx: NULL when a test removed or closed them
 * @fini: called by the teardown before anything else; may be NULL
 * @refs_lost: references on objects of the world that may be away at the end
 */
struct qx {
	const void *row;
	struct qw_world world;
	struct qcomtee_platform_data pdata;
	struct qcomtee *q;
	struct tee_context *ctx;
	struct task_struct task;
	long live;
	void (*fini)(struct qx *qx);
	long refs_lost;
	void *data;
};

int qx_setup_world(void **state);
int qx_setup(void **state);
int qx_teardown(void **state);

/* Bind and open a context. */
int qx_probe(struct qx *qx);
/* The reverse; what is gone already is skipped. */
void qx_remove(struct qx *qx);
struct tee_context *qx_open(struct qx *qx);
/* The world dies; a new one answers, of which the driver was not yet told. */
void qx_replace_world(struct qx *qx);

struct qcomtee_stats qx_stats(struct qx *qx);
/* Wait until the driver has given back what it had to. */
void qx_settle(struct qx *qx);
/* Wait until @counter has reached @value; fails the test after some seconds. */
void qx_wait_for(const atomic_uint *counter, unsigned int value);

/* OBJECT_INVOKE by ioctl: @params are replaced; the result in @ret when not NULL. */
long qx_invoke(struct tee_context *ctx, uint64_t id, uint32_t op,
	       struct tee_ioctl_param *params, uint32_t n, uint32_t *ret);
/* It must take place, and give OK. */
void qx_invoke_ok(struct tee_context *ctx, uint64_t id, uint32_t op,
		  struct tee_ioctl_param *params, uint32_t n);
/* The ioctl on a buffer, of @len bytes. */
long qx_ioctl(struct tee_context *ctx, unsigned int cmd, const void *buf, uint64_t len);
long qx_release(struct tee_context *ctx, uint64_t id);
/* SHM_ALLOC: the descriptor, and the id. */
int qx_alloc(struct tee_context *ctx, size_t size, int *ret_id);

static inline struct tee_ioctl_param p_in(const void *data, size_t size)
{
	return (struct tee_ioctl_param){ .attr = 8, .a = (uintptr_t)data, .b = size };
}

static inline struct tee_ioctl_param p_out(void *data, size_t size)
{
	return (struct tee_ioctl_param){ .attr = 9, .a = (uintptr_t)data, .b = size };
}

static inline struct tee_ioctl_param p_ref(uint64_t id, uint64_t flags)
{
	return (struct tee_ioctl_param){ .attr = 11, .a = id, .b = flags };
}

static inline struct tee_ioctl_param p_oo(void)
{
	return (struct tee_ioctl_param){ .attr = 12 };
}

/**
 * struct qx_job - an invocation in a thread of its own
 */
struct qx_job {
	struct tee_context *ctx;
	uint64_t id;
	uint32_t op;
	struct tee_ioctl_param params[16];
	uint32_t n;
	long rc;
	uint32_t ret;
	struct task_struct task;
	atomic_bool done;
	pthread_t thread;
};
void qx_job_start(struct qx_job *job, struct tee_context *ctx, uint64_t id, uint32_t op,
		  const struct tee_ioctl_param *params, uint32_t n);
void qx_job_join(struct qx_job *job);

/**
 * struct qx_req - a request, as a server received it
 */
struct qx_req {
	uint32_t word;		/* func, then ret */
	uint32_t num_params;
	struct tee_ioctl_param params[MAX_QX_PARAMS];
};

/* SUPPL_RECV with room for @n parameters and @size bytes at @buf; the errno. */
long qx_recv_raw(struct tee_context *ctx, struct qx_req *req, uint32_t n, void *buf, size_t size);
/* The same with room enough. The data lies in a buffer of this thread. */
long qx_recv(struct tee_context *ctx, struct qx_req *req);
/* SUPPL_SEND of what stands in @req, for its number; attributes are set. */
long qx_send(struct tee_context *ctx, struct qx_req *req, uint32_t ret);

/* Wait until @n requests are queued for @ctx. */
void qx_wait_queued(struct tee_context *ctx, size_t n);
/* The next request is the notice that object @id was released. */
void qx_expect_notice(struct tee_context *ctx, uint64_t id);
/* Nothing is queued for @ctx. */
void qx_expect_silence(struct qx *qx, struct tee_context *ctx);

/**
 * struct qx_server - threads that serve a context
 * @serve: answer the request: outputs in its parameters, and the result
 */
struct qx_server {
	struct tee_context *ctx;
	uint32_t (*serve)(struct qx_server *server, struct qx_req *req);
	void *data;
	atomic_uint n_served;
	atomic_uint n_notices;
	atomic_bool stop;
	unsigned int n_threads;
	struct qx_server_thread {
		struct qx_server *server;
		struct task_struct task;
		pthread_t thread;
	} threads[64];
};
void qx_server_start(struct qx_server *server, struct tee_context *ctx, unsigned int n,
		     uint32_t (*serve)(struct qx_server *server, struct qx_req *req));
void qx_server_stop(struct qx_server *server);
/* Serves everything with success and no outputs. */
uint32_t qx_serve_nothing(struct qx_server *server, struct qx_req *req);

/* For task_struct.interrupted */
bool qx_always(void *data);

/* A body that calls back each input object of ours once, with its own op. */
int32_t qx_body_call_inputs(struct qw_call *call);

#define QX_ADD_ROWS(rows, fn, setup) \
	do { \
		for (size_t i_ = 0; i_ < sizeof(rows) / sizeof((rows)[0]); i_++) \
			qx_add((rows)[i_].name, fn, setup, &(rows)[i_]); \
	} while (0)

/* Tests, in the order in which they are added */
void qx_add(const char *name, void (*fn)(void **state), int (*setup)(void **state),
	    const void *row);
int qx_run(const char *group);

#endif /* TESTS_UNIT_QTEE_FIXTURE_H */
