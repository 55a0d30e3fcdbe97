/* SPDX-License-Identifier: BSD-2-Clause */
#include <linux/bug.h>

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/log.h"

void kernel_warn(const char *file, int line, const char *fmt, ...)
{
	char text[256];
	va_list ap;

	va_start(ap, fmt);
	if (vsnprintf(text, sizeof(text), fmt, ap) < 0)
		text[0] = '\0';
	va_end(ap);
	log_error("warning at %s:%d: %s", file, line, text);
}

void kernel_bug(const char *file, int line, const char *cond)
{
	log_error("bug at %s:%d: %s; aborting", file, line, cond);
	abort();
}
