/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef BASE_KERNEL_LINUX_BUILD_BUG_H
#define BASE_KERNEL_LINUX_BUILD_BUG_H

#include <linux/compiler.h>

/*
 * An expression of value 0 that does not compile if @e is true. For gcc, the
 * struct needs no member; clang calls that an extension, hence the int.
 */
#ifndef BUILD_BUG_ON_ZERO
#define BUILD_BUG_ON_ZERO(e) ((int)(sizeof(struct { int : (-!!(e)); }) * 0))
#endif
#ifndef BUILD_BUG_ON_MSG
#define BUILD_BUG_ON_MSG(cond, msg) _Static_assert(!(cond), msg)
#endif
#ifndef BUILD_BUG_ON
#define BUILD_BUG_ON(cond) BUILD_BUG_ON_MSG(cond, "BUILD_BUG_ON failed: " #cond)
#endif
#ifndef BUILD_BUG_ON_NOT_POWER_OF_2
#define BUILD_BUG_ON_NOT_POWER_OF_2(n) BUILD_BUG_ON((n) == 0 || (((n) & ((n) - 1)) != 0))
#endif

/* With or without a message; <assert.h> has only the form with one */
#undef static_assert
#define static_assert(expr, ...) STATIC_ASSERT_(expr, ##__VA_ARGS__, #expr)
#define STATIC_ASSERT_(expr, msg, ...) _Static_assert(expr, msg)

#endif /* BASE_KERNEL_LINUX_BUILD_BUG_H */
