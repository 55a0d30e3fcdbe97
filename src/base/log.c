/* SPDX-License-Identifier: BSD-2-Clause */
#include "base/log.h"

#include <errno.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

static struct {
	const char *ident;
	atomic_int level;
	int fd;
} log_state = { .ident = "swtee", .level = LOG_WARN, .fd = STDERR_FILENO };

static const char *const level_names[] = { "error", "warn", "info", "debug" };

void log_init(const char *ident, enum log_level level)
{
	log_state.ident = ident;
	log_set_level(level);
}

void log_set_level(enum log_level level)
{
	atomic_store_explicit(&log_state.level, (int)level, memory_order_relaxed);
}

void log_set_fd(int fd)
{
	log_state.fd = fd;
}

enum log_level log_get_level(void)
{
	return (enum log_level)atomic_load_explicit(&log_state.level, memory_order_relaxed);
}

int log_level_from_string(const char *s, enum log_level *ret_level)
{
	for (size_t i = 0; i < sizeof(level_names) / sizeof(level_names[0]); i++) {
		if (!strcmp(s, level_names[i])) {
			*ret_level = (enum log_level)i;
			return 0;
		}
	}
	return -EINVAL;
}

void log_write(enum log_level level, const char *fmt, ...)
{
	char line[1024];
	size_t len;
	int n, saved = errno;
	va_list ap;

	if (level > log_get_level())
		return;
	n = snprintf(line, sizeof(line), "%s: %s%s", log_state.ident,
		     level <= LOG_WARN ? level_names[level] : "", level <= LOG_WARN ? ": " : "");
	len = n > 0 ? (size_t)n : 0;
	va_start(ap, fmt);
	n = vsnprintf(line + len, sizeof(line) - len, fmt, ap);
	va_end(ap);
	if (n > 0)
		len += (size_t)n;
	if (len > sizeof(line) - 2)
		len = sizeof(line) - 2;
	if (len == 0 || line[len - 1] != '\n')
		line[len++] = '\n';
	/* A log that cannot be written has nowhere to be reported. */
	if (write(log_state.fd, line, len) < 0)
		errno = saved;
	errno = saved;
}

bool log_ratelimit(struct log_ratelimit *state)
{
	struct timespec ts;
	long long now;
	long long window = __atomic_load_n(&state->window_ms, __ATOMIC_RELAXED);

	clock_gettime(CLOCK_MONOTONIC_COARSE, &ts);
	now = (long long)ts.tv_sec * 1000 + ts.tv_nsec / 1000000;
	if (window == 0 || now - window >= 1000) {
		__atomic_store_n(&state->window_ms, now, __ATOMIC_RELAXED);
		__atomic_store_n(&state->n, 0, __ATOMIC_RELAXED);
	}
	return __atomic_fetch_add(&state->n, 1, __ATOMIC_RELAXED) < 10;
}
