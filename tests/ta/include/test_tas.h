/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The test TAs: UUIDs and commands
 *
 * For the TAs and for tests that drive them: plain macros, no other header needed.
 * Params are listed in order, "-" is NONE. Unless said otherwise opening a session
 * takes any parameters, and a command with other types than listed answers
 * TEE_ERROR_BAD_PARAMETERS, an unknown one TEE_ERROR_NOT_SUPPORTED.
 */
#ifndef TEST_TAS_H
#define TEST_TAS_H

/* --- crash: dies in every way; multi instance --- */

#define TEST_TA_CRASH_UUID \
	{ 0xaf84e85d, 0xc7da, 0x49cc, { 0x8e, 0xa4, 0x55, 0xe3, 0x54, 0xc8, 0x90, 0xa0 } }
#define TEST_TA_CRASH_UUID_STRING "af84e85d-c7da-49cc-8ea4-55e354c890a0"

/*
 * Opening with VALUE_INPUT, -, -, -: a = TEST_CRASH_OPEN_PANIC panics with code b,
 * a = TEST_CRASH_OPEN_FAIL answers b.
 */
#define TEST_CRASH_OPEN_PANIC 1
#define TEST_CRASH_OPEN_FAIL 2

/* All: VALUE_INPUT, -, -, -; those without a word on a and b do not look at them. */
#define TEST_CRASH_CMD_SEGV 0		/* write to NULL */
#define TEST_CRASH_CMD_ABORT 1		/* abort() */
#define TEST_CRASH_CMD_PANIC 2		/* TEE_Panic(a) */
/* TEE_Wait(a ms), answers its result; b = 1: TEE_UnmaskCancellation() before */
#define TEST_CRASH_CMD_WAIT 3
#define TEST_CRASH_CMD_STACK 4		/* recursion without end */
#define TEST_CRASH_CMD_EXIT 5		/* exit(a) */
#define TEST_CRASH_CMD_BUSY 6		/* compute for a ms, then TEE_SUCCESS */
#define TEST_CRASH_CMD_OPEN_FILE 7	/* the sandbox ends it */
#define TEST_CRASH_CMD_EXEC_MEMORY 8	/* likewise: asks for executable memory */
#define TEST_CRASH_CMD_FREE 9		/* TEE_Free() of a pointer to the stack */
#define TEST_CRASH_CMD_ILLEGAL 10	/* an instruction that is none */
#define TEST_CRASH_CMD_EMPTY 11		/* write to what TEE_Malloc(0) gave */
#define TEST_CRASH_CMD_NOP 12		/* TEE_SUCCESS */
#define TEST_CRASH_CMD_KILL_PARENT 13	/* signal another process: the sandbox ends it */

/* --- create_fail: TA_CreateEntryPoint() answers TEST_CREATE_FAIL_RESULT --- */

#define TEST_TA_CREATE_FAIL_UUID \
	{ 0x00aaade7, 0xe01b, 0x4191, { 0x97, 0xc3, 0x36, 0xcf, 0x42, 0x86, 0x75, 0xb3 } }
#define TEST_TA_CREATE_FAIL_UUID_STRING "00aaade7-e01b-4191-97c3-36cf428675b3"
#define TEST_CREATE_FAIL_RESULT 0xffff0001 /* TEE_ERROR_ACCESS_DENIED */

/* --- no_entry: has no entry points: does not load (TEE_ERROR_BAD_FORMAT) --- */

#define TEST_TA_NO_ENTRY_UUID \
	{ 0xd8b99c54, 0x28c3, 0x45f2, { 0x95, 0xc0, 0xd9, 0xfa, 0xcd, 0x00, 0x2e, 0x2c } }
#define TEST_TA_NO_ENTRY_UUID_STRING "d8b99c54-28c3-45f2-95c0-d9facd002e2c"

/*
 * --- missing_symbol: calls TEE_ThisFunctionIsMissing(): does not load
 * (TEE_ERROR_NOT_SUPPORTED) ---
 */

#define TEST_TA_MISSING_SYMBOL_UUID \
	{ 0x8211f10e, 0x4e01, 0x43c2, { 0xa8, 0xb3, 0x19, 0x5f, 0x5f, 0xce, 0xb3, 0x4e } }
#define TEST_TA_MISSING_SYMBOL_UUID_STRING "8211f10e-4e01-43c2-a8b3-195f5fceb34e"

/*
 * --- constructor: runs code at load that opens a file: does not load, the sandbox
 * ends it ---
 */

#define TEST_TA_CONSTRUCTOR_UUID \
	{ 0x04e11e62, 0x31f2, 0x4d03, { 0x97, 0xd5, 0x81, 0x6c, 0x40, 0x19, 0xbe, 0xd3 } }
#define TEST_TA_CONSTRUCTOR_UUID_STRING "04e11e62-31f2-4d03-97d5-816c4019bed3"

/* --- api, and api11, the same built for API v1.1: checks what it can of the API --- */

#define TEST_TA_API_UUID \
	{ 0x52e6ecd1, 0xa6fc, 0x4ba2, { 0x81, 0x30, 0x49, 0x7c, 0x9a, 0xe8, 0x6d, 0x88 } }
#define TEST_TA_API_UUID_STRING "52e6ecd1-a6fc-4ba2-8130-497c9ae86d88"
#define TEST_TA_API11_UUID \
	{ 0xfe7fc7e2, 0x8f11, 0x4321, { 0x8c, 0x12, 0x8a, 0x13, 0x54, 0xa5, 0x70, 0xe0 } }
#define TEST_TA_API11_UUID_STRING "fe7fc7e2-8f11-4321-8c12-8a1354a570e0"

/*
 * Both answer TEE_SUCCESS with params[0].value.a = 0, or TEE_ERROR_GENERIC with the
 * line in api_ta.c of the first check that failed; b: how many were made. The log
 * has the check.
 *
 * RUN: VALUE_OUTPUT, MEMREF_INPUT, MEMREF_INOUT, MEMREF_INPUT of size 0; both
 * buffers at least 16 bytes. Asks nothing of the trusted OS.
 * SYSTEM: VALUE_OUTPUT, -, -, -. Cancellation, waiting (10 ms), times; starts with
 * the TA's persistent time not set and leaves it set.
 */
#define TEST_API_CMD_RUN 0
#define TEST_API_CMD_SYSTEM 1

/* --- random --- */

#define TEST_TA_RANDOM_UUID \
	{ 0x8578c4c2, 0xa43c, 0x4c71, { 0x8e, 0x77, 0x75, 0x15, 0x6c, 0x38, 0x07, 0x5a } }
#define TEST_TA_RANDOM_UUID_STRING "8578c4c2-a43c-4c71-8e77-75156c38075a"

/* TEE_GenerateRandom() into the buffer: MEMREF_OUTPUT, -, -, - */
#define TEST_RANDOM_CMD_FILL 0

/*
 * --- storage: persistent objects; storage11: the same for the API of v1.1 ---
 *
 * Each command opens what it needs and closes it again; multi instance.
 */

#define TEST_TA_STORAGE_UUID \
	{ 0x6a3d4c0e, 0x92f1, 0x4b39, { 0x8d, 0x6c, 0x2f, 0x0f, 0x6c, 0x1e, 0x7a, 0x11 } }
#define TEST_TA_STORAGE_UUID_STRING "6a3d4c0e-92f1-4b39-8d6c-2f0f6c1e7a11"
#define TEST_TA_STORAGE11_UUID \
	{ 0x0d5b1f6c, 0x5f0b, 0x4f0e, { 0xa3, 0xc9, 0x7d, 0x1b, 0x6f, 0x2f, 0x5b, 0x42 } }
#define TEST_TA_STORAGE11_UUID_STRING "0d5b1f6c-5f0b-4f0e-a3c9-7d1b6f2f5b42"

/*
 * The API in a table of steps: VALUE_OUTPUT, MEMREF_INOUT of 64 bytes, -, -. As of the
 * api TA: the line of the first check that failed, and the number of checks. Begins and
 * ends without an object.
 */
#define TEST_STORAGE_CMD_RUN 0
/* Replace or make an object: MEMREF_INPUT (its id), MEMREF_INPUT, -, - */
#define TEST_STORAGE_CMD_PUT 1
/* Its data: MEMREF_INPUT (its id), MEMREF_OUTPUT, -, - */
#define TEST_STORAGE_CMD_GET 2
/* MEMREF_INPUT (its id), -, -, - */
#define TEST_STORAGE_CMD_DELETE 3
/* Write at b, leaving the rest: MEMREF_INPUT (its id), MEMREF_INPUT, VALUE_INPUT, - */
#define TEST_STORAGE_CMD_WRITE 4
/* MEMREF_INPUT (its id), MEMREF_INPUT (the new one), -, - */
#define TEST_STORAGE_CMD_RENAME 5
/* The number of objects: VALUE_OUTPUT, -, -, - */
#define TEST_STORAGE_CMD_COUNT 6
/* Write a bytes in steps of b to a new object: MEMREF_INPUT (its id), VALUE_INPUT, -, - */
#define TEST_STORAGE_CMD_STEPS 7
/*
 * What must end in a panic: VALUE_INPUT, MEMREF_INPUT, -, -. a as follows; the buffer is
 * the client's.
 */
#define TEST_STORAGE_CMD_PANIC 8
#define TEST_STORAGE_PANIC_ID_TOO_LONG 0
#define TEST_STORAGE_PANIC_ID_SHARED 1
#define TEST_STORAGE_PANIC_FLAGS 2
#define TEST_STORAGE_PANIC_HANDLE 3
#define TEST_STORAGE_PANIC_CLOSED_HANDLE 4
#define TEST_STORAGE_PANIC_READ 5
#define TEST_STORAGE_PANIC_WRITE 6
#define TEST_STORAGE_PANIC_TRUNCATE 7
#define TEST_STORAGE_PANIC_RENAME 8
#define TEST_STORAGE_PANIC_DELETE 9
#define TEST_STORAGE_PANIC_WHENCE 10
#define TEST_STORAGE_PANIC_ENUMERATOR 11
#define TEST_STORAGE_PANIC_ATTRIBUTES 12
#define TEST_STORAGE_PANIC_NULL_RESULT 13
#define TEST_STORAGE_PANIC_RENAME_SHARED 14
#define TEST_STORAGE_PANIC_CREATE_SHARED 15
#define TEST_STORAGE_N_PANICS 16

/* --- bench: does nothing --- */

#define TEST_TA_BENCH_UUID \
	{ 0x68388d9d, 0x425c, 0x4b6d, { 0x88, 0x27, 0xc7, 0xa1, 0xfa, 0x95, 0x65, 0xe3 } }
#define TEST_TA_BENCH_UUID_BYTES \
	{ 0x68, 0x38, 0x8d, 0x9d, 0x42, 0x5c, 0x4b, 0x6d, \
	  0x88, 0x27, 0xc7, 0xa1, 0xfa, 0x95, 0x65, 0xe3 }
#define TEST_TA_BENCH_UUID_STRING "68388d9d-425c-4b6d-8827-c7a1fa9565e3"

/* Any command, any parameters: TEE_SUCCESS, nothing is touched */
#define TEST_BENCH_CMD_NOP 0

/*
 * --- counter: single instance, multi session; keepalive: the same, and the instance
 * stays when the last session closes ---
 */

#define TEST_TA_COUNTER_UUID \
	{ 0x57abc02b, 0x0ba5, 0x4e90, { 0x89, 0xe7, 0xaf, 0x60, 0x1a, 0x8f, 0x08, 0x38 } }
#define TEST_TA_COUNTER_UUID_STRING "57abc02b-0ba5-4e90-89e7-af601a8f0838"
#define TEST_TA_KEEPALIVE_UUID \
	{ 0x4f0e483e, 0x5f40, 0x4e96, { 0xa9, 0xe0, 0x19, 0x89, 0x17, 0x6c, 0xe6, 0xb3 } }
#define TEST_TA_KEEPALIVE_UUID_STRING "4f0e483e-5f40-4e96-a9e0-1989176ce6b3"

/*
 * Count: VALUE_OUTPUT, VALUE_OUTPUT, -, -. [0].a: how often the instance was asked,
 * this time included; [0].b: likewise the session; [1].a: open sessions; [1].b: how
 * many were ever opened in the instance.
 */
#define TEST_COUNTER_CMD_COUNT 0
/* TEE_Panic(a): VALUE_INPUT, -, -, - */
#define TEST_COUNTER_CMD_PANIC 1

/* --- session: multi instance; what a client does to a call, and who it is --- */

#define TEST_TA_SESSION_UUID \
	{ 0x65b528cf, 0xd7ab, 0x4e08, { 0xbf, 0x91, 0xfe, 0x1a, 0x7c, 0x8f, 0xd7, 0x8d } }
#define TEST_TA_SESSION_UUID_STRING "65b528cf-d7ab-4e08-bf91-fe1a7c8fd78d"

/*
 * TEE_Wait([0].a ms), cancellable if [0].b: VALUE_INPUT, VALUE_OUTPUT, -, -.
 * [1].a: how often the instance was asked; [1].b: the flag as the TA sees it. Outputs
 * arrive whatever the result.
 */
#define TEST_SESSION_CMD_WAIT 0
/* Login in [0].a, the client's UUID as a TEE_UUID: VALUE_OUTPUT, MEMREF_OUTPUT, -, - */
#define TEST_SESSION_CMD_IDENTITY 1

/* --- protected: may have protected memory --- */

#define TEST_TA_PROTECTED_UUID \
	{ 0x6a1f3e0c, 0x9c57, 0x4b0e, { 0x9d, 0x2a, 0x3f, 0x5b, 0x0d, 0x6c, 0x7e, 0x21 } }
#define TEST_TA_PROTECTED_UUID_STRING "6a1f3e0c-9c57-4b0e-9d2a-3f5b0d6c7e21"

/* MEMREF_INOUT, VALUE_INOUT, -, -: adds a to each byte; b: the sum as it was before */
#define TEST_PROTECTED_CMD_ADD 0

/* --- memory: works on memory that the client writes to meanwhile --- */

#define TEST_TA_MEMORY_UUID \
	{ 0x8d1f79fb, 0xa45e, 0x4c14, { 0xa6, 0x00, 0xda, 0x2b, 0x93, 0x27, 0x48, 0xe9 } }
#define TEST_TA_MEMORY_UUID_STRING "8d1f79fb-a45e-4c14-a600-da2b932748e9"

/*
 * MEMREF_INOUT, VALUE_INPUT, -, -. For i from 1 to a: waits until the first 32-bit word
 * of the buffer is i, then sets the second one to i. TEE_ERROR_BUSY when it waited for
 * more than b seconds for one.
 */
#define TEST_MEMORY_CMD_ANSWER 0

/*
 * --- rows: single instance, multi session; functions as those of the echo device
 * (abi/echo.h), for values and memrefs ---
 */

#define TEST_TA_ROWS_UUID \
	{ 0x3f1a6b0e, 0x52c4, 0x4a57, { 0x9d, 0x2e, 0x7b, 0x85, 0xc0, 0x4e, 0x1a, 0xb2 } }
#define TEST_TA_ROWS_UUID_STRING "3f1a6b0e-52c4-4a57-9d2e-7b85c04e1ab2"

/* Any parameters: an output gets what the nearest input of its kind before it holds */
#define TEST_ROWS_CMD_ECHO 0
/* VALUE_OUTPUT, VALUE_OUTPUT: [0].a calls of the session; [0].b open sessions */
#define TEST_ROWS_CMD_INFO 1
/* VALUE_INPUT: TEE_Wait(a ms), can be cancelled */
#define TEST_ROWS_CMD_WAIT 2

#endif /* TEST_TAS_H */
