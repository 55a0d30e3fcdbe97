/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Fibers
 *
 * The switch saves what the calling convention says a function preserves, on the
 * stack that it leaves, and exchanges stack pointers. Machines that have no
 * switch of their own here take the C library's, which is slower by the system
 * calls for the signal mask. Sanitizers are told of each switch.
 */
#include "secure/common/fiber.h"

#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#ifndef __has_feature
#define __has_feature(x) 0
#endif

#if defined(__SANITIZE_ADDRESS__) || __has_feature(address_sanitizer)
#define FIBER_ASAN 1
#include <sanitizer/common_interface_defs.h>
#else
#define FIBER_ASAN 0
#endif

#if defined(__SANITIZE_THREAD__) || __has_feature(thread_sanitizer)
#define FIBER_TSAN 1
#include <sanitizer/tsan_interface.h>
#else
#define FIBER_TSAN 0
#endif

#if defined(__x86_64__) || defined(__aarch64__)
#define FIBER_UCONTEXT 0
typedef void *fiber_context;	/* the stack pointer; the rest is on the stack */
#else
#define FIBER_UCONTEXT 1
#include <ucontext.h>
typedef ucontext_t fiber_context;
#endif

/* A sanitizer's frames and its runtime take several times the stack. */
#define STACK_FACTOR (FIBER_ASAN || FIBER_TSAN ? 4 : 1)

struct fiber {
	fiber_context context;		/* while suspended */
	fiber_context resumer;		/* while running */
	void (*fn)(void *data);
	void *data;
	uint8_t *map;			/* guard page and stack */
	size_t map_size;
	uint8_t *stack;
	size_t stack_size;
	/* for sanitizers only */
	void *fake_stack;
	const void *resumer_stack;
	size_t resumer_stack_size;
	void *tsan;
	void *tsan_resumer;
};

/* --- what sanitizers want to know --- */

static void note_leave(void **save, const void *stack, size_t size)
{
#if FIBER_ASAN
	__sanitizer_start_switch_fiber(save, stack, size);
#endif
}

static void note_arrive(void *saved, const void **from, size_t *from_size)
{
#if FIBER_ASAN
	__sanitizer_finish_switch_fiber(saved, from, from_size);
#endif
}

static void note_new(struct fiber *fiber)
{
#if FIBER_TSAN
	fiber->tsan = __tsan_create_fiber(0);
#endif
}

static void note_free(struct fiber *fiber)
{
#if FIBER_ASAN
	const void *stack;
	size_t size;
	void *own;

	/* Go there, as far as it can tell, and leave for good: what it keeps for it goes. */
	__sanitizer_start_switch_fiber(&own, fiber->stack, fiber->stack_size);
	__sanitizer_finish_switch_fiber(fiber->fake_stack, &stack, &size);
	__sanitizer_start_switch_fiber(NULL, stack, size);
	__sanitizer_finish_switch_fiber(own, NULL, NULL);
#endif
#if FIBER_TSAN
	__tsan_destroy_fiber(fiber->tsan);
#endif
}

static inline void note_resume(struct fiber *fiber)
{
#if FIBER_TSAN
	fiber->tsan_resumer = __tsan_get_current_fiber();
	__tsan_switch_to_fiber(fiber->tsan, 0);
#endif
}

static inline void note_suspend(struct fiber *fiber)
{
#if FIBER_TSAN
	__tsan_switch_to_fiber(fiber->tsan_resumer, 0);
#endif
}

static void __attribute__((used)) fiber_main(void *data)
{
	struct fiber *fiber = data;

	note_arrive(NULL, &fiber->resumer_stack, &fiber->resumer_stack_size);
	fiber->fn(fiber->data);
	abort();
}

/* --- the switch --- */

#if FIBER_UCONTEXT

/* makecontext() passes integers only. */
static void fiber_entry(unsigned int hi, unsigned int lo)
{
	fiber_main((void *)(uintptr_t)((uint64_t)hi << 32 | lo));
}

static int fiber_prepare(struct fiber *fiber)
{
	uint64_t self = (uintptr_t)fiber;

	if (getcontext(&fiber->context) < 0)
		return -errno;
	fiber->context.uc_stack.ss_sp = fiber->stack;
	fiber->context.uc_stack.ss_size = fiber->stack_size;
	fiber->context.uc_link = NULL;
	makecontext(&fiber->context, (void (*)(void))fiber_entry, 2, (unsigned int)(self >> 32),
		    (unsigned int)self);
	return 0;
}

static inline void fiber_switch(fiber_context *from, fiber_context *to)
{
	(void)swapcontext(from, to);
}

#else

/* Push what is preserved, store the stack pointer in *save, continue at @load. */
void swtee_fiber_switch(void **save, void *load);
/* Where a new fiber begins: calls the function that its first frame names. */
void swtee_fiber_start(void);

#if defined(__x86_64__)

__asm__(".pushsection .text\n"
	".hidden swtee_fiber_switch\n"
	".globl swtee_fiber_switch\n"
	".type swtee_fiber_switch, @function\n"
	"swtee_fiber_switch:\n"
	"	pushq %rbp\n"
	"	pushq %rbx\n"
	"	pushq %r12\n"
	"	pushq %r13\n"
	"	pushq %r14\n"
	"	pushq %r15\n"
	"	movq %rsp, (%rdi)\n"
	"	movq %rsi, %rsp\n"
	"	popq %r15\n"
	"	popq %r14\n"
	"	popq %r13\n"
	"	popq %r12\n"
	"	popq %rbx\n"
	"	popq %rbp\n"
	"	ret\n"
	".size swtee_fiber_switch, . - swtee_fiber_switch\n"
	".hidden swtee_fiber_start\n"
	".globl swtee_fiber_start\n"
	".type swtee_fiber_start, @function\n"
	"swtee_fiber_start:\n"
	"	.cfi_startproc\n"
	"	.cfi_undefined rip\n"
	"	movq %r12, %rdi\n"
	"	callq *%r13\n"
	"	ud2\n"
	"	.cfi_endproc\n"
	".size swtee_fiber_start, . - swtee_fiber_start\n"
	".popsection\n");

/* In the order in which the switch pops */
struct first_frame {
	uint64_t r15, r14, r13, r12, rbx, rbp;
	uint64_t rip;
};

/*
 * The stack is aligned to 16 at the call, as the convention asks; a debugger that
 * walks up finds zeros.
 */
static int fiber_prepare(struct fiber *fiber)
{
	struct first_frame *frame;

	frame = (struct first_frame *)(fiber->stack + fiber->stack_size - 64) - 1;
	*frame = (struct first_frame){
		.r13 = (uintptr_t)fiber_main,
		.r12 = (uintptr_t)fiber,
		.rip = (uintptr_t)swtee_fiber_start,
	};
	fiber->context = frame;
	return 0;
}

#else /* aarch64 */

__asm__(".pushsection .text\n"
	".hidden swtee_fiber_switch\n"
	".globl swtee_fiber_switch\n"
	".type swtee_fiber_switch, %function\n"
	"swtee_fiber_switch:\n"
	"	sub sp, sp, #160\n"
	"	stp x19, x20, [sp, #0]\n"
	"	stp x21, x22, [sp, #16]\n"
	"	stp x23, x24, [sp, #32]\n"
	"	stp x25, x26, [sp, #48]\n"
	"	stp x27, x28, [sp, #64]\n"
	"	stp x29, x30, [sp, #80]\n"
	"	stp d8, d9, [sp, #96]\n"
	"	stp d10, d11, [sp, #112]\n"
	"	stp d12, d13, [sp, #128]\n"
	"	stp d14, d15, [sp, #144]\n"
	"	mov x9, sp\n"
	"	str x9, [x0]\n"
	"	mov sp, x1\n"
	"	ldp x19, x20, [sp, #0]\n"
	"	ldp x21, x22, [sp, #16]\n"
	"	ldp x23, x24, [sp, #32]\n"
	"	ldp x25, x26, [sp, #48]\n"
	"	ldp x27, x28, [sp, #64]\n"
	"	ldp x29, x30, [sp, #80]\n"
	"	ldp d8, d9, [sp, #96]\n"
	"	ldp d10, d11, [sp, #112]\n"
	"	ldp d12, d13, [sp, #128]\n"
	"	ldp d14, d15, [sp, #144]\n"
	"	add sp, sp, #160\n"
	"	ret\n"
	".size swtee_fiber_switch, . - swtee_fiber_switch\n"
	".hidden swtee_fiber_start\n"
	".globl swtee_fiber_start\n"
	".type swtee_fiber_start, %function\n"
	"swtee_fiber_start:\n"
	"	.cfi_startproc\n"
	"	.cfi_undefined x30\n"
	"	mov x0, x20\n"
	"	blr x19\n"
	"	brk #1\n"
	"	.cfi_endproc\n"
	".size swtee_fiber_start, . - swtee_fiber_start\n"
	".popsection\n");

/* As the switch stores it */
struct first_frame {
	uint64_t x[12];		/* x19 to x30 */
	uint64_t d[8];		/* d8 to d15 */
};

static int fiber_prepare(struct fiber *fiber)
{
	struct first_frame *frame;

	frame = (struct first_frame *)(fiber->stack + fiber->stack_size - 64) - 1;
	*frame = (struct first_frame){
		.x = {
			[0] = (uintptr_t)fiber_main,
			[1] = (uintptr_t)fiber,
			[11] = (uintptr_t)swtee_fiber_start,
		},
	};
	fiber->context = frame;
	return 0;
}

#endif

static inline void fiber_switch(fiber_context *from, fiber_context *to)
{
	swtee_fiber_switch(from, *to);
}

#endif

/* --- life --- */

/* In a function of its own: errno is looked at on one operating system thread. */
static __attribute__((noinline)) int fiber_map_stack(struct fiber *fiber, size_t size)
{
	size_t page = (size_t)sysconf(_SC_PAGESIZE);
	void *map;

	size = (size + page - 1) & ~(page - 1);
	map = mmap(NULL, page + size, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1,
		   0);
	if (map == MAP_FAILED)
		return -ENOMEM;
	fiber->map = map;
	fiber->map_size = page + size;
	fiber->stack = fiber->map + page;
	fiber->stack_size = size;
	if (mprotect(fiber->stack, size, PROT_READ | PROT_WRITE) < 0)
		return -ENOMEM;
	return 0;
}

int fiber_new(void (*fn)(void *data), void *data, size_t stack_size, struct fiber **ret_fiber)
{
	struct fiber *fiber = calloc(1, sizeof(*fiber));
	int r;

	if (!fiber)
		return -ENOMEM;
	fiber->fn = fn;
	fiber->data = data;
	r = fiber_map_stack(fiber, stack_size * STACK_FACTOR);
	if (r == 0)
		r = fiber_prepare(fiber);
	note_new(fiber);
	if (r < 0) {
		fiber_free(fiber);
		return r;
	}
	*ret_fiber = fiber;
	return 0;
}

struct fiber *fiber_free(struct fiber *fiber)
{
	if (fiber) {
		note_free(fiber);
		if (fiber->map)
			(void)munmap(fiber->map, fiber->map_size);
		free(fiber);
	}
	return NULL;
}

void fiber_resume(struct fiber *fiber)
{
	void *fake_stack = NULL;

	note_leave(&fake_stack, fiber->stack, fiber->stack_size);
	note_resume(fiber);
	fiber_switch(&fiber->resumer, &fiber->context);
	note_arrive(fake_stack, NULL, NULL);
}

void fiber_suspend(struct fiber *fiber)
{
	note_leave(&fiber->fake_stack, fiber->resumer_stack, fiber->resumer_stack_size);
	note_suspend(fiber);
	fiber_switch(&fiber->context, &fiber->resumer);
	note_arrive(fiber->fake_stack, &fiber->resumer_stack, &fiber->resumer_stack_size);
}
