/* SPDX-License-Identifier: BSD-2-Clause */
/* libc's formats: none of the kernel's %p extensions */
#ifndef BASE_KERNEL_LINUX_SPRINTF_H
#define BASE_KERNEL_LINUX_SPRINTF_H

#include <stdarg.h>
#include <stdio.h>

#include <linux/compiler.h>
#include <linux/types.h>

/* The length of what stands in @buf now, never @size or more; 0 for a @size of 0 */
int scnprintf(char *buf, size_t size, const char *fmt, ...) __printf(3, 4);
int vscnprintf(char *buf, size_t size, const char *fmt, va_list ap) __printf(3, 0);

/* To be freed with kfree; NULL without memory */
char *__must_check kasprintf(gfp_t gfp, const char *fmt, ...) __printf(2, 3);
char *__must_check kvasprintf(gfp_t gfp, const char *fmt, va_list ap) __printf(2, 0);

#endif /* BASE_KERNEL_LINUX_SPRINTF_H */
