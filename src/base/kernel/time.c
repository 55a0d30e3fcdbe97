/* SPDX-License-Identifier: BSD-2-Clause */
/* Clocks and delays */
#include <time.h>
#include <unistd.h>

#include <linux/delay.h>
#include <linux/jiffies.h>
#include <linux/sched.h>
#include <linux/timekeeping.h>

static void get_time(clockid_t clock, struct timespec64 *ts)
{
	struct timespec t;

	clock_gettime(clock, &t);
	ts->tv_sec = t.tv_sec;
	ts->tv_nsec = t.tv_nsec;
}

void ktime_get_real_ts64(struct timespec64 *ts)
{
	get_time(CLOCK_REALTIME, ts);
}

void ktime_get_ts64(struct timespec64 *ts)
{
	get_time(CLOCK_MONOTONIC, ts);
}

u64 ktime_get_ns(void)
{
	struct timespec64 ts;

	ktime_get_ts64(&ts);
	return (u64)ts.tv_sec * NSEC_PER_SEC + (u64)ts.tv_nsec;
}

unsigned long kernel_jiffies(void)
{
	return (unsigned long)(ktime_get_ns() / (NSEC_PER_SEC / HZ));
}

void msleep(unsigned int ms)
{
	long left = (long)msecs_to_jiffies(ms) + 1;

	while (left)
		left = schedule_timeout_uninterruptible(left);
}

unsigned long msleep_interruptible(unsigned int ms)
{
	long left = (long)msecs_to_jiffies(ms) + 1;

	while (left && !signal_pending(current))
		left = schedule_timeout_interruptible(left);
	return jiffies_to_msecs((unsigned long)left);
}

void usleep_range(unsigned long min_us, unsigned long max_us)
{
	(void)usleep((useconds_t)min_us);
}
