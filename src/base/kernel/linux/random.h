/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef BASE_KERNEL_LINUX_RANDOM_H
#define BASE_KERNEL_LINUX_RANDOM_H

#include_next <linux/random.h>

#include <linux/types.h>

/* From the system's generator; waits for it to be seeded, does not fail */
void get_random_bytes(void *buf, size_t len);

static inline u32 get_random_u32(void)
{
	u32 value;

	get_random_bytes(&value, sizeof(value));
	return value;
}

static inline u64 get_random_u64(void)
{
	u64 value;

	get_random_bytes(&value, sizeof(value));
	return value;
}

#endif /* BASE_KERNEL_LINUX_RANDOM_H */
