/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Reports of our own mistakes
 *
 * WARN* print one error line through the log and go on; their value is the
 * condition. BUG* print and abort.
 */
#ifndef BASE_KERNEL_LINUX_BUG_H
#define BASE_KERNEL_LINUX_BUG_H

#include <linux/build_bug.h>
#include <linux/compiler.h>
#include <linux/types.h>

void kernel_warn(const char *file, int line, const char *fmt, ...) __printf(3, 4) __cold;
void kernel_bug(const char *file, int line, const char *cond) __noreturn __cold;

#ifndef WARN
#define WARN(cond, fmt, ...) \
	({ \
		bool warn_cond_ = !!(cond); \
		if (unlikely(warn_cond_)) \
			kernel_warn(__FILE__, __LINE__, fmt, ##__VA_ARGS__); \
		unlikely(warn_cond_); \
	})
#endif
#ifndef WARN_ON
#define WARN_ON(cond) WARN(cond, "%s", #cond)
#endif
#ifndef WARN_ONCE
#define WARN_ONCE(cond, fmt, ...) \
	({ \
		static bool warn_once_; \
		bool warn_once_cond_ = !!(cond); \
		if (unlikely(warn_once_cond_) && \
		    !__atomic_exchange_n(&warn_once_, true, __ATOMIC_RELAXED)) \
			kernel_warn(__FILE__, __LINE__, fmt, ##__VA_ARGS__); \
		unlikely(warn_once_cond_); \
	})
#endif
#ifndef WARN_ON_ONCE
#define WARN_ON_ONCE(cond) WARN_ONCE(cond, "%s", #cond)
#endif
#ifndef BUG
#define BUG() kernel_bug(__FILE__, __LINE__, "reached")
#endif
#ifndef BUG_ON
#define BUG_ON(cond) \
	do { \
		if (unlikely(cond)) \
			kernel_bug(__FILE__, __LINE__, #cond); \
	} while (0)
#endif

#endif /* BASE_KERNEL_LINUX_BUG_H */
