/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The protocol of the hello_world trusted application
 *
 * For the TA and its clients: plain macros, no other header needed. Each session
 * counts its own commands. "-" is TEE_PARAM_TYPE_NONE (TEEC_NONE); a command
 * that gets other parameter types answers TEE_ERROR_BAD_PARAMETERS (0xffff0006),
 * an unknown command TEE_ERROR_NOT_SUPPORTED (0xffff000a).
 */
#ifndef HELLO_WORLD_TA_H
#define HELLO_WORLD_TA_H

/* a8b203c0-9e5f-4069-9d53-8c0a9538db9b */
#define TA_HELLO_WORLD_UUID \
	{ 0xa8b203c0, 0x9e5f, 0x4069, { 0x9d, 0x53, 0x8c, 0x0a, 0x95, 0x38, 0xdb, 0x9b } }
#define TA_HELLO_WORLD_UUID_STRING "a8b203c0-9e5f-4069-9d53-8c0a9538db9b"

/* What TA_HELLO_WORLD_CMD_GET_NAME answers, without the terminating NUL */
#define TA_HELLO_WORLD_NAME "swtee hello world"

/*
 * Opening a session takes no parameters (all "-"); anything else is refused with
 * TEE_ERROR_BAD_PARAMETERS.
 */

/*
 * Add one. Params: VALUE_INOUT, -, -, -.
 * params[0].value.a: in a number, out that number + 1 (modulo 2^32); b: unchanged.
 */
#define TA_HELLO_WORLD_CMD_INCREMENT 0

/*
 * Subtract one. Params: VALUE_INOUT, -, -, -.
 * params[0].value.a: in a number, out that number - 1 (modulo 2^32); b: unchanged.
 */
#define TA_HELLO_WORLD_CMD_DECREMENT 1

/*
 * The name of the TA. Params: MEMREF_OUTPUT, -, -, -.
 * params[0]: receives TA_HELLO_WORLD_NAME with its terminating NUL; the size is
 * set to the bytes written, NUL included. A buffer that is too small, of size 0
 * or NULL: TEE_ERROR_SHORT_BUFFER (0xffff0010) with the size that is needed.
 */
#define TA_HELLO_WORLD_CMD_GET_NAME 2

/*
 * How many commands this session has served. Params: VALUE_OUTPUT, -, -, -.
 * params[0].value.a: commands invoked in this session that succeeded, this one
 * included (so 1 at once after opening); b: sessions of this TA instance that are
 * open (always 1: the TA is multi instance).
 */
#define TA_HELLO_WORLD_CMD_COUNT 3

#endif /* HELLO_WORLD_TA_H */
