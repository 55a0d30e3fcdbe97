/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * GlobalPlatform TEE Client API 1.0
 *
 * A client opens a context (a connection to a TEE), in it sessions with trusted
 * applications, and invokes commands in a session. Each call carries up to four
 * parameters: values, or references to memory that both sides see.
 *
 * Layouts and numbers are those of OP-TEE's libteec.so.2, so that a program
 * runs with either library. What the specification calls implementation defined
 * stands in members named imp; clients neither read nor write it.
 *
 * Threads: every function may be called from any thread at any time, on
 * different objects or on the same one, with the specification's exceptions: an
 * operation and a shared memory block that is being set up or released belong
 * to one call at a time (an operation also to TEEC_RequestCancellation), and
 * what a call needs outlives it.
 *
 * The functions return TEEC_SUCCESS or an error; on an error they own nothing
 * of the caller's and have released what they took.
 */
#ifndef TEE_CLIENT_API_H
#define TEE_CLIENT_API_H

#include <limits.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Parameters of one operation */
#define TEEC_CONFIG_PAYLOAD_REF_COUNT 4

/* Largest shared memory block in bytes: the library itself sets no limit */
#define TEEC_CONFIG_SHAREDMEM_MAX_SIZE ULONG_MAX

/* Parameter types, a nibble each in TEEC_Operation.paramTypes */
#define TEEC_NONE 0x00000000
#define TEEC_VALUE_INPUT 0x00000001
#define TEEC_VALUE_OUTPUT 0x00000002
#define TEEC_VALUE_INOUT 0x00000003
#define TEEC_MEMREF_TEMP_INPUT 0x00000005
#define TEEC_MEMREF_TEMP_OUTPUT 0x00000006
#define TEEC_MEMREF_TEMP_INOUT 0x00000007
#define TEEC_MEMREF_WHOLE 0x0000000C
#define TEEC_MEMREF_PARTIAL_INPUT 0x0000000D
#define TEEC_MEMREF_PARTIAL_OUTPUT 0x0000000E
#define TEEC_MEMREF_PARTIAL_INOUT 0x0000000F

/* TEEC_SharedMemory.flags: to the TEE, from the TEE, or both */
#define TEEC_MEM_INPUT 0x00000001
#define TEEC_MEM_OUTPUT 0x00000002

/* Results. Those with TEE_ also reach clients as the answer of a TA. */
#define TEEC_SUCCESS 0x00000000
#define TEEC_ERROR_STORAGE_NOT_AVAILABLE 0xF0100003
#define TEEC_ERROR_GENERIC 0xFFFF0000
#define TEEC_ERROR_ACCESS_DENIED 0xFFFF0001
#define TEEC_ERROR_CANCEL 0xFFFF0002
#define TEEC_ERROR_ACCESS_CONFLICT 0xFFFF0003
#define TEEC_ERROR_EXCESS_DATA 0xFFFF0004
#define TEEC_ERROR_BAD_FORMAT 0xFFFF0005
#define TEEC_ERROR_BAD_PARAMETERS 0xFFFF0006
#define TEEC_ERROR_BAD_STATE 0xFFFF0007
#define TEEC_ERROR_ITEM_NOT_FOUND 0xFFFF0008
#define TEEC_ERROR_NOT_IMPLEMENTED 0xFFFF0009
#define TEEC_ERROR_NOT_SUPPORTED 0xFFFF000A
#define TEEC_ERROR_NO_DATA 0xFFFF000B
#define TEEC_ERROR_OUT_OF_MEMORY 0xFFFF000C
#define TEEC_ERROR_BUSY 0xFFFF000D
#define TEEC_ERROR_COMMUNICATION 0xFFFF000E
#define TEEC_ERROR_SECURITY 0xFFFF000F
#define TEEC_ERROR_SHORT_BUFFER 0xFFFF0010
#define TEE_ERROR_EXTERNAL_CANCEL 0xFFFF0011
#define TEEC_ERROR_EXTERNAL_CANCEL 0xFFFF0011
#define TEE_ERROR_OVERFLOW 0xFFFF300F
#define TEE_ERROR_TARGET_DEAD 0xFFFF3024
#define TEEC_ERROR_TARGET_DEAD 0xFFFF3024
#define TEE_ERROR_STORAGE_NO_SPACE 0xFFFF3041
#define TEEC_ERROR_STORAGE_NO_SPACE 0xFFFF3041
#define TEE_ERROR_MAC_INVALID 0xFFFF3071
#define TEE_ERROR_SIGNATURE_INVALID 0xFFFF3072
#define TEE_ERROR_TIME_NOT_SET 0xFFFF5000
#define TEE_ERROR_TIME_NEEDS_RESET 0xFFFF5001

/* Where a result comes from: this library, the way to the TEE, the trusted OS,
 * the trusted application */
#define TEEC_ORIGIN_API 0x00000001
#define TEEC_ORIGIN_COMMS 0x00000002
#define TEEC_ORIGIN_TEE 0x00000003
#define TEEC_ORIGIN_TRUSTED_APP 0x00000004

/* What the TA is told about the client. The kernel finds out user, group and
 * application; only the group logins take connection data, a uint32_t gid. */
#define TEEC_LOGIN_PUBLIC 0x00000000
#define TEEC_LOGIN_USER 0x00000001
#define TEEC_LOGIN_GROUP 0x00000002
#define TEEC_LOGIN_APPLICATION 0x00000004
#define TEEC_LOGIN_USER_APPLICATION 0x00000005
#define TEEC_LOGIN_GROUP_APPLICATION 0x00000006

/* Four parameter types as one word, and type number i of such a word */
#define TEEC_PARAM_TYPES(p0, p1, p2, p3) \
	((p0) | ((p1) << 4) | ((p2) << 8) | ((p3) << 12))
#define TEEC_PARAM_TYPE_GET(p, i) (((p) >> ((i) * 4)) & 0xF)

typedef uint32_t TEEC_Result;

/* The name of a trusted application (RFC 4122), fields in host byte order */
typedef struct {
	uint32_t timeLow;
	uint16_t timeMid;
	uint16_t timeHiAndVersion;
	uint8_t clockSeqAndNode[8];
} TEEC_UUID;

/* A connection to a TEE */
typedef struct {
	struct {
		int fd;
		bool reg_mem;
		bool memref_null;
	} imp;
} TEEC_Context;

/*
 * Memory that is shared with the TEE until it is released
 *
 * @flags: set by the client before the block is allocated or registered
 * @buffer, @size: set by the client before TEEC_RegisterSharedMemory; size alone
 * before TEEC_AllocateSharedMemory, which sets buffer
 */
typedef struct {
	void *buffer;
	size_t size;
	uint32_t flags;
	struct {
		int id;
		size_t alloced_size;
		void *shadow_buffer;
		int registered_fd;
		uint32_t flags;
	} imp;
} TEEC_SharedMemory;

/* Memory that is shared for one call. NULL with size 0 is a reference to nothing. */
typedef struct {
	void *buffer;
	size_t size;
} TEEC_TempMemoryReference;

/* A shared block or a part of it. TEEC_MEMREF_WHOLE reads only the parent. */
typedef struct {
	TEEC_SharedMemory *parent;
	size_t size;
	size_t offset;
} TEEC_RegisteredMemoryReference;

typedef struct {
	uint32_t a;
	uint32_t b;
} TEEC_Value;

/*
 * One parameter; its type selects the member. After the call the size of an
 * output reference says how much the TA wrote or, with TEEC_ERROR_SHORT_BUFFER,
 * how much room it wants (which may be more than there is).
 */
typedef union {
	TEEC_TempMemoryReference tmpref;
	TEEC_RegisteredMemoryReference memref;
	TEEC_Value value;
} TEEC_Parameter;

/* An open session with a trusted application */
typedef struct {
	struct {
		TEEC_Context *ctx;
		uint32_t session_id;
	} imp;
} TEEC_Session;

/*
 * The parameters of one call
 *
 * @started: the client sets it to 0 before each call that it may want to cancel
 * @paramTypes: TEEC_PARAM_TYPES(...); 0 stands for no parameter at all
 */
typedef struct {
	uint32_t started;
	uint32_t paramTypes;
	TEEC_Parameter params[TEEC_CONFIG_PAYLOAD_REF_COUNT];
	struct {
		TEEC_Session *session;
	} imp;
} TEEC_Operation;

/**
 * TEEC_InitializeContext() - connect to a TEE
 * @name: NULL for the first GlobalPlatform TEE of the system; "optee-tz" for the
 * first OP-TEE behind TrustZone
 * @context: initialised on success, untouched otherwise
 *
 * Return: TEEC_ERROR_BAD_PARAMETERS without a @context;
 * TEEC_ERROR_ITEM_NOT_FOUND when no device fits or none may be opened.
 */
TEEC_Result TEEC_InitializeContext(const char *name, TEEC_Context *context);

/**
 * TEEC_FinalizeContext() - close the connection
 * @context: NULL, or a context whose sessions are closed and whose shared memory
 * is released
 */
void TEEC_FinalizeContext(TEEC_Context *context);

/**
 * TEEC_OpenSession() - open a session with a trusted application
 * @context: outlives the session
 * @session: initialised on success, untouched otherwise
 * @destination: the trusted application
 * @connectionMethod: TEEC_LOGIN_*
 * @connectionData: a uint32_t gid for the group logins, else ignored
 * @operation: parameters for the TA's session entry point, or NULL
 * @returnOrigin: NULL, or where to store TEEC_ORIGIN_* of the result
 *
 * Return: the TA's or the trusted OS's answer; TEEC_ERROR_BAD_PARAMETERS,
 * TEEC_ERROR_OUT_OF_MEMORY or TEEC_ERROR_GENERIC when the call did not get that
 * far (the origin tells which).
 */
TEEC_Result TEEC_OpenSession(TEEC_Context *context, TEEC_Session *session,
			     const TEEC_UUID *destination, uint32_t connectionMethod,
			     const void *connectionData, TEEC_Operation *operation,
			     uint32_t *returnOrigin);

/**
 * TEEC_CloseSession() - close a session
 * @session: NULL, or an open session with no call in flight
 */
void TEEC_CloseSession(TEEC_Session *session);

/**
 * TEEC_InvokeCommand() - run a command of a trusted application and wait for it
 * @session: an open session
 * @commandID: what the TA defines
 * @operation: parameters, or NULL
 * @returnOrigin: NULL, or where to store TEEC_ORIGIN_* of the result
 *
 * Output parameters are updated whenever the TEE answered, be the answer an
 * error or not. Return: as TEEC_OpenSession().
 */
TEEC_Result TEEC_InvokeCommand(TEEC_Session *session, uint32_t commandID,
			       TEEC_Operation *operation, uint32_t *returnOrigin);

/**
 * TEEC_RegisterSharedMemory() - share memory that the client has
 * @context: outlives the block
 * @sharedMem: with buffer, size and flags set; the buffer outlives the block
 *
 * Memory that cannot be shared in place (read-only memory, or a TEE that knows
 * no registration) is copied to and from the TEE's memory at each call.
 *
 * Return: TEEC_ERROR_BAD_PARAMETERS for a NULL pointer or wrong flags;
 * TEEC_ERROR_OUT_OF_MEMORY; TEEC_ERROR_GENERIC when the TEE refused.
 */
TEEC_Result TEEC_RegisterSharedMemory(TEEC_Context *context, TEEC_SharedMemory *sharedMem);

/**
 * TEEC_AllocateSharedMemory() - allocate memory that is shared
 * @context: outlives the block
 * @sharedMem: with size and flags set; buffer is set on success, NULL otherwise
 *
 * The memory comes from the TEE and is mapped here, so that a call need not copy
 * it. If the TEE hands out none but can register memory, anonymous memory is
 * registered instead. Size 0 gets a buffer that is not NULL.
 *
 * Return: TEEC_ERROR_BAD_PARAMETERS for a NULL pointer or wrong flags;
 * TEEC_ERROR_OUT_OF_MEMORY.
 */
TEEC_Result TEEC_AllocateSharedMemory(TEEC_Context *context, TEEC_SharedMemory *sharedMem);

/**
 * TEEC_ReleaseSharedMemory() - end the sharing; allocated memory is freed
 * @sharedMem: NULL, or a block that no call uses; releasing twice is harmless
 *
 * sharedMem->buffer is NULL afterwards also for registered memory, which itself
 * is not touched. Size and flags stay.
 */
void TEEC_ReleaseSharedMemory(TEEC_SharedMemory *sharedMem);

/**
 * TEEC_RequestCancellation() - ask the TEE to cancel a command
 * @operation: NULL, or the operation of a TEEC_InvokeCommand() that another
 * thread has begun
 *
 * A request: the TA decides what becomes of it, and the command returns as
 * always. Nothing happens if the command has not begun or has ended, and for
 * TEEC_OpenSession(), as the kernel knows no session then.
 */
void TEEC_RequestCancellation(TEEC_Operation *operation);

#ifdef __cplusplus
}
#endif

#endif /* TEE_CLIENT_API_H */
