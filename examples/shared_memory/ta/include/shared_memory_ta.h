/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The protocol of the shared_memory trusted application
 *
 * For the TA and its clients: plain macros, no other header needed. Every memref
 * may be temporary, a whole registered or allocated block, or a part of one; the
 * TA sees no difference. "-" is TEE_PARAM_TYPE_NONE (TEEC_NONE); a command that
 * gets other parameter types answers TEE_ERROR_BAD_PARAMETERS (0xffff0006), an
 * unknown command TEE_ERROR_NOT_SUPPORTED (0xffff000a).
 *
 * A NULL memref is legal where a size of 0 is: it is a memref with no bytes.
 */
#ifndef SHARED_MEMORY_TA_H
#define SHARED_MEMORY_TA_H

/* d94e80a7-31a2-4bde-b596-403d301af30d */
#define TA_SHARED_MEMORY_UUID \
	{ 0xd94e80a7, 0x31a2, 0x4bde, { 0xb5, 0x96, 0x40, 0x3d, 0x30, 0x1a, 0xf3, 0x0d } }
#define TA_SHARED_MEMORY_UUID_STRING "d94e80a7-31a2-4bde-b596-403d301af30d"

/* Opening a session takes no parameters (all "-"). */

/*
 * Fill a buffer. Params: MEMREF_OUTPUT, VALUE_INPUT, -, -.
 * params[0]: every byte becomes params[1].value.a & 0xff; the size is unchanged.
 * params[1].value.b: when not 0, byte i becomes (a + i * b) & 0xff instead.
 */
#define TA_SHARED_MEMORY_CMD_FILL 0

/*
 * Exclusive or in place. Params: MEMREF_INOUT, VALUE_INPUT, -, -.
 * params[0]: every byte is XORed with params[1].value.a & 0xff; size unchanged.
 */
#define TA_SHARED_MEMORY_CMD_XOR 1

/*
 * Sum the bytes of a buffer. Params: MEMREF_INPUT, VALUE_OUTPUT, -, -.
 * params[1].value.a: sum of all bytes modulo 2^32; b: the number of bytes.
 */
#define TA_SHARED_MEMORY_CMD_SUM 2

/*
 * CRC-32 (IEEE 802.3, reflected, as zlib's crc32()) of a buffer.
 * Params: MEMREF_INPUT, VALUE_OUTPUT, -, -.
 * params[1].value.a: the CRC (0 for no bytes); b: the number of bytes.
 */
#define TA_SHARED_MEMORY_CMD_CRC32 3

/*
 * Copy. Params: MEMREF_INPUT, MEMREF_OUTPUT, -, -.
 * params[1]: receives the bytes of params[0], its size becomes the bytes copied.
 * Smaller than params[0]: TEE_ERROR_SHORT_BUFFER (0xffff0010), its size becomes
 * what is needed and nothing is written. The two may be parts of one block, also
 * overlapping: the result is as of memmove().
 */
#define TA_SHARED_MEMORY_CMD_COPY 4

/*
 * Reverse the bytes in place, then cut to half. Params: MEMREF_INOUT, -, -, -.
 * params[0]: the bytes in reverse order; its size becomes size / 2 (the client
 * sees in one call that data and size both come back).
 */
#define TA_SHARED_MEMORY_CMD_REVERSE 5

/*
 * Report what the TA sees of one memref and touch nothing.
 * Params: any of MEMREF_INPUT, MEMREF_OUTPUT, MEMREF_INOUT; VALUE_OUTPUT; -, -.
 * params[1].value.a: TA_SHARED_MEMORY_SEEN_* bits; b: the size. The size of an
 * output or inout memref is unchanged.
 */
#define TA_SHARED_MEMORY_CMD_INSPECT 6

#define TA_SHARED_MEMORY_SEEN_NULL	0x1	/* the pointer is NULL */
#define TA_SHARED_MEMORY_SEEN_EMPTY	0x2	/* the size is 0 */
#define TA_SHARED_MEMORY_SEEN_READ	0x4	/* readable with ANY_OWNER (not for size 0) */
#define TA_SHARED_MEMORY_SEEN_WRITE	0x8	/* writable with ANY_OWNER (not for size 0) */
#define TA_SHARED_MEMORY_SEEN_PRIVATE	0x10	/* ... without ANY_OWNER: never a client's */

#endif /* SHARED_MEMORY_TA_H */
