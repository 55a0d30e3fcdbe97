/* SPDX-License-Identifier: BSD-2-Clause */
#include "secure/optee/thread.h"

#include <errno.h>
#include <stdlib.h>

#include "abi/optee_smc.h"
#include "secure/common/cpu.h"
#include "secure/common/fiber.h"
#include "secure/optee/world.h"

enum thread_state {
	THREAD_FREE,
	THREAD_ACTIVE,
	THREAD_SUSPENDED,
};

#define STATE_MASK 3u
#define GENERATION_SHIFT 2u
#define GENERATION_MASK 0xffffffu	/* with the index it fills a register */
#define INDEX_BITS 8u
#define INDEX_MASK 0xffu

static uint32_t thread_word(uint32_t generation, enum thread_state state)
{
	return (generation & GENERATION_MASK) << GENERATION_SHIFT | state;
}

static void thread_main(void *data)
{
	struct thread *thread = data;

	for (;;) {
		entry_std(thread);
		thread->in_rpc = false;
		fiber_suspend(thread->fiber);
	}
}

int thread_pool_init(struct thread_pool *pool, struct optee_world *world, uint32_t n_threads)
{
	*pool = (struct thread_pool){ .threads = NULL };
	if (n_threads == 0 || n_threads > THREAD_MAX)
		return -EINVAL;
	pool->threads = calloc(n_threads, sizeof(*pool->threads));
	if (!pool->threads)
		return -ENOMEM;
	for (uint32_t i = 0; i < n_threads; i++) {
		struct thread *thread = &pool->threads[i];
		int r;

		thread->world = world;
		thread->id = i;
		atomic_init(&thread->word, thread_word(0, THREAD_FREE));
		r = fiber_new(thread_main, thread, FIBER_STACK_SIZE, &thread->fiber);
		if (r < 0)
			return r;
		pool->n_threads++;
	}
	return 0;
}

void thread_pool_deinit(struct thread_pool *pool)
{
	for (uint32_t i = 0; i < pool->n_threads; i++)
		fiber_free(pool->threads[i].fiber);
	free(pool->threads);
	*pool = (struct thread_pool){ .threads = NULL };
}

bool thread_pool_is_idle(const struct thread_pool *pool)
{
	for (uint32_t i = 0; i < pool->n_threads; i++) {
		if ((atomic_load(&pool->threads[i].word) & STATE_MASK) != THREAD_FREE)
			return false;
	}
	return true;
}

static bool thread_try_take(struct thread *thread)
{
	uint32_t word = atomic_load_explicit(&thread->word, memory_order_relaxed);

	return (word & STATE_MASK) == THREAD_FREE &&
	       atomic_compare_exchange_strong_explicit(&thread->word, &word,
						       (word & ~STATE_MASK) | THREAD_ACTIVE,
						       memory_order_acquire,
						       memory_order_relaxed);
}

/* The one that this CPU had last is likely free, and its stack in the cache. */
static struct thread *thread_take(struct thread_pool *pool, struct cpu *cpu)
{
	if (cpu->hint < pool->n_threads && thread_try_take(&pool->threads[cpu->hint]))
		return &pool->threads[cpu->hint];
	for (uint32_t i = 0; i < pool->n_threads; i++) {
		if (thread_try_take(&pool->threads[i])) {
			cpu->hint = i;
			return &pool->threads[i];
		}
	}
	return NULL;
}

/* The thread that waits for the answer to RPC @info, now ACTIVE; or NULL. */
static struct thread *thread_take_suspended(struct thread_pool *pool, uint32_t info)
{
	struct thread *thread;
	uint32_t word;

	if ((info & INDEX_MASK) >= pool->n_threads)
		return NULL;
	thread = &pool->threads[info & INDEX_MASK];
	word = thread_word(info >> INDEX_BITS, THREAD_SUSPENDED);
	if (!atomic_compare_exchange_strong_explicit(&thread->word, &word,
						     (word & ~STATE_MASK) | THREAD_ACTIVE,
						     memory_order_acquire, memory_order_relaxed))
		return NULL;
	return thread;
}

/* Up to its next suspension; afterwards the thread may be somebody else's. */
static void thread_run(struct thread *thread, const struct smc_regs *in, struct smc_regs *out)
{
	uint32_t generation, word;

	thread->regs = *in;
	fiber_resume(thread->fiber);

	generation = atomic_load_explicit(&thread->word, memory_order_relaxed) >> GENERATION_SHIFT;
	*out = thread->regs;
	if (thread->in_rpc) {
		generation = (generation + 1) & GENERATION_MASK;
		out->a[3] = (uint64_t)generation << INDEX_BITS | thread->id;
		word = thread_word(generation, THREAD_SUSPENDED);
	} else {
		word = thread_word(generation, THREAD_FREE);
	}
	atomic_store_explicit(&thread->word, word, memory_order_release);
}

static void smc_return(const struct smc_regs *in, struct smc_regs *out, uint32_t code)
{
	*out = *in;
	out->a[0] = code;
}

void thread_smc(struct thread_pool *pool, struct cpu *cpu, const struct smc_regs *in,
		struct smc_regs *out)
{
	struct thread *thread;

	switch ((uint32_t)in->a[0]) {
	case OPTEE_SMC_CALL_RETURN_FROM_RPC:
		thread = thread_take_suspended(pool, (uint32_t)in->a[3]);
		if (thread)
			thread_run(thread, in, out);
		else
			smc_return(in, out, OPTEE_SMC_RETURN_ERESUME);
		break;
	case OPTEE_SMC_CALL_WITH_ARG:
	case OPTEE_SMC_CALL_WITH_RPC_ARG:
	case OPTEE_SMC_CALL_WITH_REGD_ARG:
		thread = thread_take(pool, cpu);
		if (thread)
			thread_run(thread, in, out);
		else
			smc_return(in, out, OPTEE_SMC_RETURN_ETHREAD_LIMIT);
		break;
	default:
		smc_return(in, out, OPTEE_SMC_RETURN_UNKNOWN_FUNCTION);
		break;
	}
}

void thread_rpc(struct thread *thread, uint32_t func, uint64_t a1, uint64_t a2)
{
	thread->regs = (struct smc_regs){
		.a = { OPTEE_SMC_RETURN_RPC_PREFIX | func, a1, a2 },
	};
	thread->in_rpc = true;
	fiber_suspend(thread->fiber);
}
