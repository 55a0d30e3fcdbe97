/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Who a client is: what its credentials object says of it (6.3)
 *
 * An object of interface IIO, which the client hosts; it gives a CBOR map with integer
 * keys. It is read whole when the client registers, and not needed afterwards. A TA is
 * handed an object of the same interface, with the same bytes.
 */
#ifndef SECURE_QTEE_CREDENTIALS_H
#define SECURE_QTEE_CREDENTIALS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct call;
struct object;

/* Credentials that are longer are refused. */
#define CREDENTIALS_MAX_SIZE 8192u

#define CREDENTIALS_KEY_UID 1u
#define CREDENTIALS_KEY_SYSTEM_TIME 6u

#define IIO_OP_GET_LENGTH 0u		/* OB u64 */
#define IIO_OP_READ_AT_OFFSET 1u	/* IB u64 offset; OB data */
#define IIO_OP_WRITE_AT_OFFSET 2u	/* IB u64 offset; IB data */
#define IIO_ERROR_OFFSET_OUT_OF_BOUNDS 10
#define IIO_ERROR_INVALID_BUFFER_AND_OFFSET 12

struct credentials_info {
	uint64_t uid;
	uint64_t system_time;		/* ms since 1970; 0 when it is not told */
};

/* Any bytes. False when they are not credentials. */
bool credentials_parse(const uint8_t *data, size_t size, struct credentials_info *ret);

/* From bytes; an object with one reference. A result: INVALID, KMEM. */
int32_t credentials_new(const uint8_t *data, size_t size, struct object **ret_credentials);
/* From the client's object @source, by callbacks; also what these answer. */
int32_t credentials_read(struct call *call, struct object *source,
			 struct object **ret_credentials);
const struct credentials_info *credentials_info(const struct object *credentials);

#endif /* SECURE_QTEE_CREDENTIALS_H */
