/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * UUIDs in their byte order on the wire (RFC 4122, big endian). A unit cannot have
 * libuuid's header at the same time: its uuid_t is another type.
 */
#ifndef BASE_KERNEL_LINUX_UUID_H
#define BASE_KERNEL_LINUX_UUID_H

#if __has_include_next(<linux/uuid.h>)
#include_next <linux/uuid.h>
#endif

#include <linux/string.h>
#include <linux/types.h>

#define UUID_SIZE 16
#define UUID_STRING_LEN 36

typedef struct {
	__u8 b[UUID_SIZE];
} uuid_t;

#define UUID_INIT(a, b, c, d0, d1, d2, d3, d4, d5, d6, d7) \
	((uuid_t){ { ((a) >> 24) & 0xff, ((a) >> 16) & 0xff, ((a) >> 8) & 0xff, (a) & 0xff, \
		     ((b) >> 8) & 0xff, (b) & 0xff, ((c) >> 8) & 0xff, (c) & 0xff, (d0), (d1), \
		     (d2), (d3), (d4), (d5), (d6), (d7) } })

static const uuid_t uuid_null __maybe_unused;

static inline bool uuid_equal(const uuid_t *u1, const uuid_t *u2)
{
	return memcmp(u1, u2, sizeof(uuid_t)) == 0;
}

static inline void uuid_copy(uuid_t *dst, const uuid_t *src)
{
	memcpy(dst, src, sizeof(uuid_t));
}

static inline void import_uuid(uuid_t *dst, const __u8 *src)
{
	memcpy(dst, src, sizeof(uuid_t));
}

static inline void export_uuid(__u8 *dst, const uuid_t *src)
{
	memcpy(dst, src, sizeof(uuid_t));
}

static inline bool uuid_is_null(const uuid_t *uuid)
{
	return uuid_equal(uuid, &uuid_null);
}

#endif /* BASE_KERNEL_LINUX_UUID_H */
