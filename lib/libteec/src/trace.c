/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Tracing for others
 *
 * tee-supplicant and the libraries of optee_client print through two functions
 * that they expect to find in libteec.so.2, so it has them. libteec itself
 * prints nothing: results tell what went wrong, and the client decides.
 */
#include "teec.h"

#include <stdarg.h>
#include <stdio.h>
#include <unistd.h>

static const char *level_to_string(int level)
{
	static const char *const names[] = { "", "ERR", "INF", "DBG", "FLW" };

	if (level < 0 || (size_t)level >= sizeof(names) / sizeof(names[0]))
		return "";
	return names[level];
}

/* One line, or without @function a piece of one, to standard error */
void _dprintf(const char *function, int line, int level, const char *prefix, const char *fmt, ...)
{
	char text[256];
	size_t used = 0;
	va_list ap;
	int n;

	if (function) {
		n = snprintf(text, sizeof(text), "%s [%d] %s:%s:%d: ", level_to_string(level),
			     (int)gettid(), prefix, function, line);
		if (n < 0)
			return;
		used = (size_t)n < sizeof(text) ? (size_t)n : sizeof(text) - 1;
	}

	va_start(ap, fmt);
	n = vsnprintf(text + used, sizeof(text) - used, fmt, ap);
	va_end(ap);
	if (n < 0)
		return;
	/* What was cut off took the end of the line with it. */
	if ((size_t)n >= sizeof(text) - used)
		text[sizeof(text) - 2] = '\n';
	(void)fputs(text, stderr);
}

/* Silent: what callers would have dumped includes keys. */
void dump_buffer(const char *name, const uint8_t *buffer, size_t size)
{
	(void)name;
	(void)buffer;
	(void)size;
}
