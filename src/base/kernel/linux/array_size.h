/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef BASE_KERNEL_LINUX_ARRAY_SIZE_H
#define BASE_KERNEL_LINUX_ARRAY_SIZE_H

/* A pointer in place of an array makes the bit-field below negative */
#ifndef ARRAY_SIZE
#define ARRAY_SIZE(arr) \
	(sizeof(arr) / sizeof((arr)[0]) + \
	 sizeof(struct { \
		 int : (__builtin_types_compatible_p(__typeof__(arr), \
						     __typeof__(&(arr)[0])) ? -1 : 0); \
	 }) * 0)
#endif

#endif /* BASE_KERNEL_LINUX_ARRAY_SIZE_H */
