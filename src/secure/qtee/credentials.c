/* SPDX-License-Identifier: BSD-2-Clause */
#include "secure/qtee/credentials.h"

#include <stdlib.h>

#include "base/auto.h"
#include "secure/qtee/object.h"

/* What is asked for at a time: fits beside the message into one page, with room */
#define CHUNK 2048u

struct credentials {
	struct object object;
	struct credentials_info info;
	size_t size;
	uint8_t data[];
};

static int32_t get_length(const struct credentials *credentials, uint32_t counts,
			  const union qtee_arg *args)
{
	uint64_t size = credentials->size;

	if (counts != QTEE_MSG_COUNTS(0, 1, 0, 0) || !arg_give(&args[0], &size, sizeof(size)))
		return QTEE_ERROR_INVALID;
	return QTEE_OK;
}

static int32_t read_at_offset(const struct credentials *credentials, uint32_t counts,
			      union qtee_arg *args)
{
	uint64_t offset;

	if (counts != QTEE_MSG_COUNTS(1, 1, 0, 0) || !arg_take(&args[0], &offset, sizeof(offset)))
		return QTEE_ERROR_INVALID;
	if (offset >= credentials->size)
		return IIO_ERROR_OFFSET_OUT_OF_BOUNDS;
	if (args[1].b.size > credentials->size - offset)
		args[1].b.size = credentials->size - (size_t)offset;
	memcpy(args[1].b.ptr, credentials->data + offset, args[1].b.size);
	return QTEE_OK;
}

static int32_t credentials_invoke(struct call *call, struct object *object, uint32_t op,
				  uint32_t counts, union qtee_arg *args)
{
	const struct credentials *credentials = (const struct credentials *)object;

	switch (op) {
	case IIO_OP_GET_LENGTH:
		return get_length(credentials, counts, args);
	case IIO_OP_READ_AT_OFFSET:
		return read_at_offset(credentials, counts, args);
	default:
		return QTEE_ERROR_INVALID;
	}
}

static void credentials_destroy(struct object *object)
{
	free(object);
}

static const struct object_ops credentials_ops = {
	.kind = "credentials",
	.invoke = credentials_invoke,
	.destroy = credentials_destroy,
};

int32_t credentials_new(const uint8_t *data, size_t size, struct object **ret_credentials)
{
	struct credentials_info info;
	struct credentials *credentials;

	if (size > CREDENTIALS_MAX_SIZE || !credentials_parse(data, size, &info))
		return QTEE_ERROR_INVALID;
	credentials = malloc(sizeof(*credentials) + size);
	if (!credentials)
		return QTEE_ERROR_KMEM;
	object_init(&credentials->object, &credentials_ops);
	credentials->info = info;
	credentials->size = size;
	memcpy(credentials->data, data, size);
	*ret_credentials = &credentials->object;
	return QTEE_OK;
}

const struct credentials_info *credentials_info(const struct object *credentials)
{
	return &((const struct credentials *)credentials)->info;
}

/* --- from the client --- */

static int32_t ask_length(struct call *call, struct object *source, size_t *ret_size)
{
	uint64_t size = 0;
	union qtee_arg arg = { .b = { &size, sizeof(size) } };
	int32_t result = object_invoke(call, source, IIO_OP_GET_LENGTH,
				       QTEE_MSG_COUNTS(0, 1, 0, 0), &arg);

	if (result != QTEE_OK)
		return result;
	if (arg.b.size != sizeof(size) || size == 0 || size > CREDENTIALS_MAX_SIZE)
		return QTEE_ERROR_INVALID;
	*ret_size = (size_t)size;
	return QTEE_OK;
}

static int32_t ask_bytes(struct call *call, struct object *source, size_t at, uint8_t *to,
			 size_t size, size_t *ret_got)
{
	uint64_t offset = at;
	union qtee_arg args[2] = {
		{ .b = { &offset, sizeof(offset) } },
		{ .b = { to, size } },
	};
	int32_t result = object_invoke(call, source, IIO_OP_READ_AT_OFFSET,
				       QTEE_MSG_COUNTS(1, 1, 0, 0), args);

	if (result != QTEE_OK)
		return result;
	*ret_got = args[1].b.size;
	return *ret_got ? QTEE_OK : QTEE_ERROR_INVALID;
}

int32_t credentials_read(struct call *call, struct object *source,
			 struct object **ret_credentials)
{
	AUTO_FREE uint8_t *data = NULL;
	size_t size, used = 0;
	int32_t result;

	result = ask_length(call, source, &size);
	if (result != QTEE_OK)
		return result;
	data = malloc(size);
	if (!data)
		return QTEE_ERROR_KMEM;
	while (used < size) {
		size_t want = size - used < CHUNK ? size - used : CHUNK;
		size_t got;

		result = ask_bytes(call, source, used, data + used, want, &got);
		if (result != QTEE_OK)
			return result;
		used += got;
	}
	return credentials_new(data, size, ret_credentials);
}
