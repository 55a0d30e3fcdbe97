/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The device itself, for tests of what libteec does not ask for: descriptors and ids
 * of shared memory, and which pages are whose.
 */
#ifndef TESTS_INTEGRATION_DEVICE_H
#define TESTS_INTEGRATION_DEVICE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define PAGE ((size_t)4096)
#define KIB ((size_t)1 << 10)
#define MIB ((size_t)1 << 20)

struct device {
	int fd;
	uint32_t session;	/* with a TA */
};

/* A context with a session with the TA of @uuid (RFC 4122 octets); must succeed. */
void device_open(struct device *device, const char *uuid);
void device_close(struct device *device);

/* A descriptor, and the id; or a negative errno. */
int device_register(const struct device *device, const void *addr, size_t size, int *ret_id);
/* ... which must succeed; closing the descriptor is the end of it. */
int device_must_register(const struct device *device, const void *addr, size_t size, int *ret_id);

struct device_memref {
	uint64_t attr;		/* TEE_IOCTL_PARAM_ATTR_TYPE_MEMREF_... */
	int id;
	size_t offset, size;
};

/*
 * Invoke with a memref and a value (a, b), which is an output when @ret_a is given.
 * -errno, or 0 with the TA's result in @ret_res; a memref's size comes back.
 */
int device_invoke(const struct device *device, uint32_t cmd, struct device_memref *memref,
		  uint32_t a, uint32_t b, uint32_t *ret_a, uint32_t *ret_res);

/* Commands of the shared_memory TA, which must succeed */
uint32_t device_sum(const struct device *device, int id, size_t offset, size_t size);
void device_xor(const struct device *device, int id, size_t offset, size_t size, uint8_t with);

/* Zeroed private pages; and how many of [addr, addr + size) are shared in place. */
uint8_t *pages_new(size_t size);
size_t pages_shared(const void *addr, size_t size);

/*
 * Skip this test (exit status 77) where memory cannot be shared in place: a kernel
 * before 6.11, or one that does not let us have userfaultfd(2).
 */
void need_sharing(void);

/* Sum of the bytes, as the TA computes it */
uint32_t sum_of(const uint8_t *bytes, size_t size);

#endif /* TESTS_INTEGRATION_DEVICE_H */
