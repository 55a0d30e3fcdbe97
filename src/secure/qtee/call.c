/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Calls: registers, fibers, buffers
 *
 * `lock` guards who is where. A call is in one of three lists: idle, running on a CPU,
 * waiting for an answer; who takes it out of one owns everything else in it.
 */
#include "secure/qtee/call.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/mman.h>

#include "abi/qtee_smc.h"
#include "secure/common/fiber.h"
#include "secure/common/memory.h"
#include "secure/common/shared.h"
#include "secure/qtee/ns_object.h"
#include "secure/qtee/world.h"

/* More outbound room than this is not used. */
#define OUT_MAX ((size_t)64 << 10)

/* Stacks that are kept for the next calls */
#define MAX_IDLE 16u

/* Asking for a moment, when so many ids go back that a message does not hold them */
#define MAX_YIELDS 64u

static void status_return(struct smc_regs *out, int32_t status)
{
	*out = (struct smc_regs){ .a = { (uint64_t)(int64_t)status } };
}

/* --- windows --- */

static bool is_pages(uint64_t n)
{
	return n % MEM_PAGE_SIZE == 0;
}

/* An SMC status */
static int32_t window_open(struct mem *mem, uint64_t pa, uint64_t size, struct window *window)
{
	struct mem_region *region;
	void *va;
	int r;

	if (!is_pages(pa) || !is_pages(size) || size == 0)
		return QTEE_SMC_STATUS_ERROR_INVALID_ADDR;
	r = mem_region_get(mem, pa, &region);
	if (r < 0)
		return r == -ENOMEM ? QTEE_SMC_STATUS_ERROR_NOMEM :
				      QTEE_SMC_STATUS_ERROR_INVALID_ADDR;
	if (size > region->size - (pa - region->pa)) {
		mem_region_put(mem, region);
		return QTEE_SMC_STATUS_ERROR_INVALID_ADDR;
	}
	if (region->va) {
		va = region->va + (pa - region->pa);
	} else if (mem_map(mem, region, pa - region->pa, (size_t)size, NULL, &va) < 0) {
		mem_region_put(mem, region);
		return QTEE_SMC_STATUS_ERROR_NOMEM;
	}
	*window = (struct window){
		.va = va,
		.pa = pa,
		.size = (size_t)size,
		.region = region,
		.mapped = !region->va,
	};
	return QTEE_SMC_STATUS_OK;
}

static void window_close(struct mem *mem, struct window *window)
{
	if (!window->region)
		return;
	if (window->mapped)
		(void)munmap(window->va, window->size);
	mem_region_put(mem, window->region);
	*window = (struct window){ .va = NULL };
}

/* --- the pool --- */

static void call_main(void *data)
{
	struct call *call = data;

	for (;;) {
		int32_t result = message_serve(call);

		for (unsigned int i = 0; i < MAX_YIELDS; i++) {
			if (ns_releases_count(&call->world->releases) <=
			    (call->out.size - sizeof(struct qtee_msg_async)) / 4)
				break;
			(void)call_callback(call, QTEE_MSG_OBJECT_PRIMORDIAL,
					    QTEE_PRIMORDIAL_OP_YIELD, 0, NULL);
		}
		/* Over the header of the last callback, too */
		ns_releases_write(&call->world->releases, call->out.va, call->out.size);
		call->regs = (struct smc_regs){
			.a = { QTEE_SMC_STATUS_OK, 0, (uint64_t)(int64_t)result },
		};
		call->in_callback = false;
		fiber_suspend(call->fiber);
	}
}

static struct call *call_free(struct call *call)
{
	if (call) {
		window_close(call->world->mem, &call->in);
		window_close(call->world->mem, &call->out);
		fiber_free(call->fiber);
		free(call->msg);
		free(call);
	}
	return NULL;
}

static struct call *call_new(struct qtee_world *world)
{
	struct call *call = calloc(1, sizeof(*call));

	if (!call)
		return NULL;
	call->world = world;
	if (fiber_new(call_main, call, FIBER_STACK_SIZE, &call->fiber) < 0)
		return call_free(call);
	return call;
}

void call_pool_init(struct call_pool *pool, uint32_t max)
{
	*pool = (struct call_pool){ .max = max };
	pthread_mutex_init(&pool->lock, NULL);
}

static void list_free(struct call *list)
{
	while (list) {
		struct call *next = list->next;

		call_free(list);
		list = next;
	}
}

void call_pool_deinit(struct call_pool *pool)
{
	list_free(pool->idle);
	for (uint32_t i = 0; i < CALL_BUCKETS; i++)
		list_free(pool->waiting[i]);
	pthread_mutex_destroy(&pool->lock);
}

uint32_t call_pool_count(struct call_pool *pool)
{
	uint32_t n;

	pthread_mutex_lock(&pool->lock);
	n = pool->n_active;
	pthread_mutex_unlock(&pool->lock);
	return n;
}

static struct call **bucket_of(struct call_pool *pool, uint64_t out_pa)
{
	return &pool->waiting[out_pa / MEM_PAGE_SIZE % CALL_BUCKETS];
}

/* With the lock held: the link that leads to it, or to NULL */
static struct call **list_find(struct call **list, uint64_t out_pa)
{
	while (*list && (*list)->key != out_pa)
		list = &(*list)->next;
	return list;
}

/*
 * A call for the outbound buffer at @out_pa, now running; an SMC status. NOMEM and
 * BUSY, which the normal world tries again, and INVALID_ARG when one uses it already.
 */
static int32_t call_begin(struct qtee_world *world, uint64_t out_pa, struct call **ret_call)
{
	struct call_pool *pool = &world->calls;
	struct call *call = NULL;
	int32_t status = QTEE_SMC_STATUS_OK;

	pthread_mutex_lock(&pool->lock);
	if (*list_find(&pool->running, out_pa) || *list_find(bucket_of(pool, out_pa), out_pa)) {
		status = QTEE_SMC_STATUS_ERROR_INVALID_ARG;
	} else if (pool->n_active >= pool->max) {
		status = QTEE_SMC_STATUS_ERROR_BUSY;
	} else if (pool->idle) {
		call = pool->idle;
		pool->idle = call->next;
	} else {
		call = call_new(world);
		if (!call)
			status = QTEE_SMC_STATUS_ERROR_NOMEM;
		else
			pool->n_calls++;
	}
	if (call) {
		call->key = out_pa;
		call->next = pool->running;
		pool->running = call;
		pool->n_active++;
	}
	pthread_mutex_unlock(&pool->lock);
	*ret_call = call;
	return status;
}

/* It ran up to its end or to a callback. */
static void call_leave(struct call *call, bool over)
{
	struct call_pool *pool = &call->world->calls;
	struct call **to;

	if (over) {
		window_close(call->world->mem, &call->in);
		window_close(call->world->mem, &call->out);
	}
	pthread_mutex_lock(&pool->lock);
	*list_find(&pool->running, call->key) = call->next;
	to = over ? &pool->idle : bucket_of(pool, call->key);
	if (over) {
		pool->n_active--;
		if (pool->n_calls - pool->n_active > MAX_IDLE) {
			pool->n_calls--;
			to = NULL;
		}
	}
	if (to) {
		call->next = *to;
		*to = call;
	}
	pthread_mutex_unlock(&pool->lock);
	if (!to)
		call_free(call);
}

/* The one that waits with that buffer, now running; or NULL. */
static struct call *call_wake(struct qtee_world *world, uint64_t out_pa, uint64_t out_size)
{
	struct call_pool *pool = &world->calls;
	struct call **p, *call;

	pthread_mutex_lock(&pool->lock);
	p = list_find(bucket_of(pool, out_pa), out_pa);
	call = *p;
	if (call && call->out.size != out_size)
		call = NULL;
	if (call) {
		*p = call->next;
		call->next = pool->running;
		pool->running = call;
	}
	pthread_mutex_unlock(&pool->lock);
	return call;
}

/* --- SMCs --- */

static void call_run(struct call *call, struct smc_regs *out)
{
	fiber_resume(call->fiber);
	*out = call->regs;
	call_leave(call, !call->in_callback);
}

static int32_t call_open(struct call *call, const struct smc_regs *in)
{
	struct mem *mem = call->world->mem;
	int32_t status;

	if (in->a[3] > QTEE_MSG_INBOUND_MAX || in->a[5] < QTEE_MSG_OUTBOUND_SIZE ||
	    in->a[5] > OUT_MAX)
		return QTEE_SMC_STATUS_ERROR_INVALID_ARG;
	/* Sizes are small and addresses far below the end: no sum wraps. */
	if (in->a[2] > UINT64_MAX / 2 || in->a[4] > UINT64_MAX / 2 ||
	    (in->a[2] < in->a[4] + in->a[5] && in->a[4] < in->a[2] + in->a[3]))
		return QTEE_SMC_STATUS_ERROR_INVALID_ADDR;
	status = window_open(mem, in->a[2], in->a[3], &call->in);
	if (status == QTEE_SMC_STATUS_OK)
		status = window_open(mem, in->a[4], in->a[5], &call->out);
	if (status == QTEE_SMC_STATUS_OK)
		status = message_take(call);
	return status;
}

static void smc_invoke(struct qtee_world *world, const struct smc_regs *in, struct smc_regs *out)
{
	struct call *call;
	int32_t status;

	if ((uint32_t)in->a[1] != QTEE_SMC_INVOKE_ARGS) {
		status_return(out, QTEE_SMC_STATUS_ERROR_INVALID_ARG);
		return;
	}
	status = call_begin(world, in->a[4], &call);
	if (status == QTEE_SMC_STATUS_OK) {
		status = call_open(call, in);
		if (status != QTEE_SMC_STATUS_OK)
			call_leave(call, /* over: */ true);
	}
	if (status == QTEE_SMC_STATUS_OK)
		call_run(call, out);
	else
		status_return(out, status);
}

static void smc_answer(struct qtee_world *world, const struct smc_regs *in, struct smc_regs *out)
{
	struct call *call = NULL;

	if ((uint32_t)in->a[1] == QTEE_SMC_CB_RSP_ARGS)
		call = call_wake(world, in->a[2], in->a[3]);
	if (call)
		call_run(call, out);
	else
		status_return(out, QTEE_SMC_STATUS_ERROR_INVALID_ARG);
}

void call_smc(void *data, struct cpu *cpu, const struct smc_regs *in, struct smc_regs *out)
{
	struct qtee_world *world = data;

	switch ((uint32_t)in->a[0]) {
	case QTEE_SMC_INVOKE:
		smc_invoke(world, in, out);
		break;
	case QTEE_SMC_CB_RSP:
		smc_answer(world, in, out);
		break;
	case QTEE_SMC_INVOKE_LEGACY:
		status_return(out, QTEE_SMC_STATUS_ERROR_NOT_SUPPORTED);
		break;
	case QTEE_SMC_WAITQ_RESUME:
	case QTEE_SMC_STATUS_INTERRUPTED:
		/* Nothing of ours returns so that it would be asked for. */
		status_return(out, QTEE_SMC_STATUS_ERROR_INVALID_ARG);
		break;
	default:
		status_return(out, QTEE_SMC_STATUS_ERROR);
		break;
	}
}
