/* SPDX-License-Identifier: BSD-2-Clause */
/* A jiffy is a millisecond of the monotonic clock. */
#ifndef BASE_KERNEL_LINUX_JIFFIES_H
#define BASE_KERNEL_LINUX_JIFFIES_H

#undef HZ
#define HZ 1000

unsigned long kernel_jiffies(void);
#define jiffies kernel_jiffies()

static inline unsigned long msecs_to_jiffies(unsigned int ms)
{
	return ms;
}

static inline unsigned int jiffies_to_msecs(unsigned long j)
{
	return (unsigned int)j;
}

#define time_after(a, b) ((long)((b) - (a)) < 0)
#define time_before(a, b) time_after(b, a)
#define time_after_eq(a, b) ((long)((a) - (b)) >= 0)

#endif /* BASE_KERNEL_LINUX_JIFFIES_H */
