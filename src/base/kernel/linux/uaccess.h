/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * User memory of the current task. Kernel code calls copy_from_user() once for
 * each thing that it reads, and checks the copy.
 */
#ifndef BASE_KERNEL_LINUX_UACCESS_H
#define BASE_KERNEL_LINUX_UACCESS_H

#include <linux/compiler.h>
#include <linux/err.h>
#include <linux/sched.h>
#include <linux/types.h>

/* First address that is not user memory on x86-64 with four page-table levels */
#define KERNEL_TASK_SIZE_MAX 0x00007ffffffff000ul

/* Does the range lie in the user half? It need not be mapped. */
static inline bool access_ok(const void __user *addr, unsigned long size)
{
	unsigned long start = (unsigned long)addr;

	return start <= KERNEL_TASK_SIZE_MAX && size <= KERNEL_TASK_SIZE_MAX - start;
}

/* Bytes that were NOT copied; copy_from_user() zeroes those of @to. */
unsigned long copy_from_user(void *to, const void __user *from, unsigned long n);
unsigned long copy_to_user(void __user *to, const void *from, unsigned long n);
unsigned long clear_user(void __user *to, unsigned long n);

/* ERR_PTR(-ENOMEM or -EFAULT); kfree() it. */
void *memdup_user(const void __user *src, size_t len);

#define u64_to_user_ptr(x) ((void __user *)(uintptr_t)(u64)(x))

#define get_user(x, ptr) \
	({ \
		__typeof__(*(ptr)) __gu_val; \
		int __gu_err = copy_from_user(&__gu_val, (ptr), sizeof(__gu_val)) ? -EFAULT : 0; \
		(x) = __gu_val; \
		__gu_err; \
	})

#define put_user(x, ptr) \
	({ \
		__typeof__(*(ptr)) __pu_val = (x); \
		copy_to_user((ptr), &__pu_val, sizeof(__pu_val)) ? -EFAULT : 0; \
	})

#endif /* BASE_KERNEL_LINUX_UACCESS_H */
