/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What the tests of the OP-TEE driver start from: a fake world, the driver bound
 * to it, one client context with one session. The teardown unbinds and fails
 * when memory, sessions, registrations or descriptors are left anywhere.
 */
#ifndef TESTS_UNIT_OPTEE_FIXTURE_H
#define TESTS_UNIT_OPTEE_FIXTURE_H

#include <pthread.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>

#include "base/kernel/task.h"
#include "normal/drivers/optee/optee_private.h"
#include "optee_fakeworld.h"

/* Long enough for another thread to get stuck where it should. */
#define A_MOMENT_US 20000

/**
 * struct drv - state of one test
 * @row: the initial state of the test, for tests that are rows of a table
 * @fallback: in @pdata when its request is set before drv_probe()
 * @optee, @ctx: NULL when a test removed or closed them
 */
struct drv {
	const void *row;
	struct fw_world world;
	struct optee_supp_fallback fallback;
	struct optee_platform_data pdata;
	struct optee *optee;
	struct tee_context *ctx;
	uint32_t session;
	struct task_struct task;
	long live;
	void *data;
};

/* World only; then also driver, context and session. One teardown for both. */
int drv_setup_world(void **state);
int drv_setup(void **state);
int drv_teardown(void **state);

/* Bind, wait for the scan, open a context and a session. */
int drv_probe(struct drv *drv);
/* The reverse of drv_probe(); what is gone already is skipped. */
void drv_remove(struct drv *drv);

/* The world dies; a new one answers, of which the driver was not yet told. */
void drv_replace_world(struct drv *drv);

/* The session of the fixture unless said otherwise */
uint32_t drv_invoke(struct drv *drv, uint32_t func, struct tee_param *params, uint32_t n,
		    uint32_t *ret_origin);
uint32_t drv_invoke_session(struct tee_context *ctx, uint32_t session, uint32_t func,
			    struct tee_param *params, uint32_t n, uint32_t *ret_origin);
/* 0 and the session, or the errno; the result in @ret when not NULL. */
int drv_open_session(struct tee_context *ctx, struct tee_param *params, uint32_t n,
		     uint32_t *ret_session, uint32_t *ret);

/* What status views say of session @id of the fixture's context */
void assert_session(struct drv *drv, uint32_t id, bool system, bool dead);

/* The sum of the bytes of [offs, offs + size) of @shm, as the world sees them. */
uint64_t drv_world_sum(struct drv *drv, struct tee_shm *shm, size_t offs, size_t size);

/* What is alive on both sides, to compare before and after. */
struct drv_count {
	size_t pages;
	size_t world_shm;
	size_t world_sessions;
	size_t rpc_bytes;
	long live;
};
struct drv_count drv_count(struct drv *drv);
void drv_assert_same(struct drv_count a, struct drv_count b);

/**
 * struct drv_job - an invocation in a thread of its own
 */
struct drv_job {
	struct drv *drv;
	struct tee_context *ctx;
	uint32_t session;
	uint32_t func;
	uint32_t ret;
	uint32_t origin;
	int rc;
	struct task_struct task;
	atomic_bool done;
	pthread_t thread;
};
void drv_job_start(struct drv_job *job, struct drv *drv, uint32_t func);
/* Its result. */
uint32_t drv_job_join(struct drv_job *job);

/* Wait until @counter has reached @value; fails the test after some seconds. */
void drv_wait_for(const atomic_uint *counter, unsigned int value);

static inline struct tee_param drv_value(uint64_t attr, uint64_t a, uint64_t b, uint64_t c)
{
	return (struct tee_param){ .attr = attr, .u.value = { a, b, c } };
}

static inline struct tee_param drv_memref(uint64_t attr, struct tee_shm *shm, size_t offs,
					  size_t size)
{
	return (struct tee_param){ .attr = attr, .u.memref = { offs, size, shm } };
}

/**
 * struct supp - a supplicant, through the ioctls as one in user space
 * @arg: of the last RECV or SEND
 */
struct supp {
	struct tee_context *ctx;
	struct {
		uint32_t word;		/* func or ret */
		uint32_t num_params;
		struct tee_ioctl_param params[8];
	} arg;
};

/* First attributes: the meta parameter as it is offered, and as it is filled in */
#define SUPP_META 0x100
#define SUPP_ASYNC 0x103

void supp_open(struct drv *drv, struct supp *supp);
/* The ioctl on @supp->arg, of @len bytes. */
long supp_ioctl(struct supp *supp, unsigned int cmd, size_t len);
/* Take a request, with room for @n parameters; answer with @supp->arg.params. */
long supp_recv(struct supp *supp, uint64_t first_attr, uint32_t n);
long supp_send(struct supp *supp, uint32_t ret, uint32_t n);
/* Answer the request @id in asynchronous mode, with one value. */
long supp_send_id(struct supp *supp, uint64_t id, uint32_t ret, uint32_t n);

/* For task_struct.interrupted */
bool drv_always_interrupted(void *data);

#define DRV_ADD_ROWS(rows, fn, setup) \
	do { \
		for (size_t i_ = 0; i_ < sizeof(rows) / sizeof((rows)[0]); i_++) \
			drv_add((rows)[i_].name, fn, setup, &(rows)[i_]); \
	} while (0)

/* Tests, in the order in which they are added */
void drv_add(const char *name, void (*fn)(void **state), int (*setup)(void **state),
	     const void *row);
int drv_run(const char *group);

#endif /* TESTS_UNIT_OPTEE_FIXTURE_H */
