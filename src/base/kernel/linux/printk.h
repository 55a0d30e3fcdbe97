/* SPDX-License-Identifier: BSD-2-Clause */
/* Kernel messages go to the log. */
#ifndef BASE_KERNEL_LINUX_PRINTK_H
#define BASE_KERNEL_LINUX_PRINTK_H

#include "base/log.h"

#ifndef pr_fmt
#define pr_fmt(fmt) fmt
#endif

#define pr_err(fmt, ...) log_write(LOG_ERROR, pr_fmt(fmt), ##__VA_ARGS__)
#define pr_warn(fmt, ...) log_write(LOG_WARN, pr_fmt(fmt), ##__VA_ARGS__)
#define pr_notice(fmt, ...) log_write(LOG_INFO, pr_fmt(fmt), ##__VA_ARGS__)
#define pr_info(fmt, ...) log_write(LOG_INFO, pr_fmt(fmt), ##__VA_ARGS__)
#define pr_debug(fmt, ...) log_debug(pr_fmt(fmt), ##__VA_ARGS__)

#define pr_err_ratelimited(fmt, ...) \
	do { \
		static struct log_ratelimit __state; \
		if (log_ratelimit(&__state)) \
			pr_err(fmt, ##__VA_ARGS__); \
	} while (0)
#define pr_warn_ratelimited(fmt, ...) log_warn_ratelimited(pr_fmt(fmt), ##__VA_ARGS__)
#define pr_info_ratelimited(fmt, ...) \
	do { \
		static struct log_ratelimit __state; \
		if (log_ratelimit(&__state)) \
			pr_info(fmt, ##__VA_ARGS__); \
	} while (0)

#endif /* BASE_KERNEL_LINUX_PRINTK_H */
