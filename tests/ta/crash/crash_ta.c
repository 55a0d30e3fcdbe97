/* SPDX-License-Identifier: BSD-2-Clause */
/* A TA that dies in every way that a TA can die */
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include <tee_internal_api.h>

#include <test_tas.h>

#define ONE_VALUE TEE_PARAM_TYPES(TEE_PARAM_TYPE_VALUE_INPUT, 0, 0, 0)

TEE_Result TA_CreateEntryPoint(void)
{
	return TEE_SUCCESS;
}

void TA_DestroyEntryPoint(void)
{
}

TEE_Result TA_OpenSessionEntryPoint(uint32_t types, TEE_Param params[TEE_NUM_PARAMS], void **ctx)
{
	if (types != ONE_VALUE)
		return TEE_SUCCESS;
	if (params[0].value.a == TEST_CRASH_OPEN_PANIC)
		TEE_Panic(params[0].value.b);
	return params[0].value.a == TEST_CRASH_OPEN_FAIL ? params[0].value.b : TEE_SUCCESS;
}

void TA_CloseSessionEntryPoint(void *ctx)
{
}

/* The compiler must not see what is done with it. */
static volatile char *volatile address;

static TEE_Result write_to(volatile char *at)
{
	address = at;
	*address = 1;
	return TEE_SUCCESS;
}

static uint32_t recurse(uint32_t depth)
{
	volatile char frame[512];

	frame[depth % sizeof(frame)] = 1;
	if (depth == UINT32_MAX)
		return 0;
	return recurse(depth + 1) + (uint32_t)frame[0];
}

static TEE_Result wait_for(uint32_t ms, uint32_t unmask)
{
	if (unmask)
		TEE_UnmaskCancellation();
	return TEE_Wait(ms);
}

static TEE_Result busy(uint32_t ms)
{
	TEE_Time now, start;
	uint32_t passed;

	TEE_GetSystemTime(&start);
	do {
		TEE_GetSystemTime(&now);
		passed = (now.seconds - start.seconds) * 1000 + now.millis - start.millis;
	} while (passed < ms);
	return TEE_SUCCESS;
}

static TEE_Result free_stack(void)
{
	char here[64];

	address = here + 16;
	TEE_Free((void *)address);
	return TEE_SUCCESS;
}

static TEE_Result executable_memory(void)
{
	void *p = mmap(NULL, 4096, PROT_READ | PROT_WRITE | PROT_EXEC,
		       MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	return p == MAP_FAILED ? TEE_ERROR_ACCESS_DENIED : TEE_SUCCESS;
}

TEE_Result TA_InvokeCommandEntryPoint(void *ctx, uint32_t cmd, uint32_t types,
				      TEE_Param params[TEE_NUM_PARAMS])
{
	uint32_t a = params[0].value.a;

	if (types != ONE_VALUE)
		return TEE_ERROR_BAD_PARAMETERS;
	switch (cmd) {
	case TEST_CRASH_CMD_SEGV:
		return write_to(NULL);
	case TEST_CRASH_CMD_ABORT:
		abort();
	case TEST_CRASH_CMD_PANIC:
		TEE_Panic(a);
		return TEE_SUCCESS;
	case TEST_CRASH_CMD_WAIT:
		return wait_for(a, params[0].value.b);
	case TEST_CRASH_CMD_STACK:
		return recurse(1);
	case TEST_CRASH_CMD_EXIT:
		exit((int)a);
	case TEST_CRASH_CMD_BUSY:
		return busy(a);
	case TEST_CRASH_CMD_OPEN_FILE:
		return open("/etc/passwd", O_RDONLY) < 0 ? TEE_ERROR_ACCESS_DENIED : TEE_SUCCESS;
	case TEST_CRASH_CMD_EXEC_MEMORY:
		return executable_memory();
	case TEST_CRASH_CMD_FREE:
		return free_stack();
	case TEST_CRASH_CMD_ILLEGAL:
		__builtin_trap();
	case TEST_CRASH_CMD_EMPTY:
		return write_to(TEE_Malloc(0, TEE_MALLOC_FILL_ZERO));
	case TEST_CRASH_CMD_NOP:
		return TEE_SUCCESS;
	case TEST_CRASH_CMD_KILL_PARENT:
		return kill(getppid(), 0) < 0 ? TEE_ERROR_ACCESS_DENIED : TEE_SUCCESS;
	default:
		return TEE_ERROR_NOT_SUPPORTED;
	}
}
