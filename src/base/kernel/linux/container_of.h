/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef BASE_KERNEL_LINUX_CONTAINER_OF_H
#define BASE_KERNEL_LINUX_CONTAINER_OF_H

#include <linux/stddef.h>

#ifndef container_of
#define container_of(ptr, type, member) \
	({ \
		void *container_of_ptr_ = (void *)(ptr); \
		_Static_assert(__builtin_types_compatible_p(__typeof__(*(ptr)), \
							    __typeof__(((type *)0)->member)) || \
				       __builtin_types_compatible_p(__typeof__(*(ptr)), void), \
			       "container_of: the pointer is not to that member"); \
		(type *)((char *)container_of_ptr_ - offsetof(type, member)); \
	})
#endif
#ifndef container_of_const
#define container_of_const(ptr, type, member) \
	_Generic(ptr, \
		 const __typeof__(*(ptr)) *: (const type *)container_of(ptr, type, member), \
		 default: container_of(ptr, type, member))
#endif
#ifndef typeof_member
#define typeof_member(T, m) __typeof__(((T *)0)->m)
#endif

#endif /* BASE_KERNEL_LINUX_CONTAINER_OF_H */
