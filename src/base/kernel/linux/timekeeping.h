/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef BASE_KERNEL_LINUX_TIMEKEEPING_H
#define BASE_KERNEL_LINUX_TIMEKEEPING_H

#include <linux/time64.h>

typedef s64 ktime_t;

void ktime_get_real_ts64(struct timespec64 *ts);
void ktime_get_ts64(struct timespec64 *ts);
u64 ktime_get_ns(void);

static inline ktime_t ktime_get(void)
{
	return (ktime_t)ktime_get_ns();
}

static inline time64_t ktime_get_real_seconds(void)
{
	struct timespec64 ts;

	ktime_get_real_ts64(&ts);
	return ts.tv_sec;
}

#endif /* BASE_KERNEL_LINUX_TIMEKEEPING_H */
