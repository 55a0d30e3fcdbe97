/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef BASE_KERNEL_LINUX_STDDEF_H
#define BASE_KERNEL_LINUX_STDDEF_H

#include_next <linux/stddef.h>

#include <stdbool.h>
#include <stddef.h>

#ifndef sizeof_field
#define sizeof_field(TYPE, MEMBER) sizeof(((TYPE *)0)->MEMBER)
#endif
/* The offset of the first byte behind MEMBER */
#ifndef offsetofend
#define offsetofend(TYPE, MEMBER) (offsetof(TYPE, MEMBER) + sizeof_field(TYPE, MEMBER))
#endif
#ifndef DECLARE_FLEX_ARRAY
#define DECLARE_FLEX_ARRAY(TYPE, NAME) __DECLARE_FLEX_ARRAY(TYPE, NAME)
#endif

#endif /* BASE_KERNEL_LINUX_STDDEF_H */
