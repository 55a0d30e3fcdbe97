/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * OP-TEE's trace functions: the log of a TA
 *
 * A line goes to standard error with one write(2). Messages above the TA's own
 * level are dropped, and those above what the trusted OS logs at: errors and
 * unconditional ones always, INFO at "info", DEBUG and FLOW at "debug".
 */
#include "secure/tahost/api.h"

#include <unistd.h>

#include "base/log.h"
#include "secure/tahost/image.h"

static enum log_level log_level_of(int level)
{
	switch (level) {
	case TRACE_MIN:
	case TRACE_ERROR:
		return LOG_ERROR;
	case TRACE_INFO:
		return LOG_INFO;
	default:
		return LOG_DEBUG;
	}
}

void trace_set_level(int level)
{
	int *ta_level = host_image()->trace_level;

	if (ta_level)
		*ta_level = level >= TRACE_MIN && level <= TRACE_MAX ? level : TRACE_MAX;
}

int trace_get_level(void)
{
	const int *ta_level = host_image()->trace_level;

	/* While constructors run the TA's variable is not known yet. */
	return ta_level ? *ta_level : TRACE_MAX;
}

int trace_ext_get_thread_id(void)
{
	return -1;
}

static void write_line(char *line, size_t size, size_t len)
{
	if (len > size - 2)
		len = size - 2;
	if (len == 0 || line[len - 1] != '\n')
		line[len++] = '\n';
	/* A log that cannot be written has nowhere to be reported. */
	if (write(STDERR_FILENO, line, len) < 0)
		return;
}

void trace_ext_puts(const char *str)
{
	char line[MAX_PRINT_SIZE + 2];

	(void)snprintf(line, sizeof(line), "%s", str);
	write_line(line, sizeof(line), strlen(line));
}

void trace_vprintf(const char *func, int line_no, int level, bool level_ok, const char *fmt,
		   va_list args)
{
	static const char letters[] = "UEIDF";
	char line[MAX_PRINT_SIZE + MAX_FUNC_PRINT_SIZE + 64];
	const char *prefix = host_image()->trace_prefix;
	TEE_UUID uuid;
	char letter = 'M';
	int n;

	if (level_ok) {
		if (level > trace_get_level() || log_level_of(level) > log_get_level())
			return;
		letter = letters[level >= TRACE_MIN && level <= TRACE_MAX ? level : TRACE_MIN];
	}
	host_ta_uuid(&uuid);
	n = snprintf(line, sizeof(line), "ta:%08x: %c/%.16s: ", uuid.timeLow, letter,
		     prefix ? prefix : "TA");
	if (func)
		n += snprintf(line + n, sizeof(line) - (size_t)n, "%.*s:%d ", MAX_FUNC_PRINT_SIZE,
			      func, line_no);
	(void)vsnprintf(line + n, sizeof(line) - (size_t)n, fmt, args);
	write_line(line, sizeof(line), strlen(line));
}

void trace_printf(const char *func, int line, int level, bool level_ok, const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	trace_vprintf(func, line, level, level_ok, fmt, args);
	va_end(args);
}

void dhex_dump(const char *func, int line, int level, const void *buf, int len)
{
	const uint8_t *bytes = buf;

	for (int at = 0; at < len; at += 16) {
		char text[16 * 3 + 2];
		int n = 0;

		for (int i = at; i < at + 16 && i < len; i++)
			n += snprintf(text + n, sizeof(text) - (size_t)n, "%s%02x",
				      i == at ? "" : i == at + 8 ? "  " : " ", bytes[i]);
		trace_printf(func, line, level, true, "%p  %s", (const void *)(bytes + at), text);
	}
}
