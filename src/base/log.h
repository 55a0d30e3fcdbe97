/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Log
 *
 * One line a message on the log descriptor (standard error unless told
 * otherwise), written with a single write(2) so that lines of several processes
 * do not mix. Library code reports by return value; the layer that decides logs,
 * once. The level and the descriptor are the only global state of swtee.
 *
 * Levels: ERROR: we or the machine are wrong. WARN: a peer misbehaved or
 * something the user should mend; what a client can provoke is rate limited.
 * INFO: start, stop, life of worlds. DEBUG: each call. No secrets at any level.
 */
#ifndef BASE_LOG_H
#define BASE_LOG_H

#include <stdbool.h>

enum log_level {
	LOG_ERROR,
	LOG_WARN,
	LOG_INFO,
	LOG_DEBUG,
};

/* Before any thread starts. @ident stands in front of each line, not copied. */
void log_init(const char *ident, enum log_level level);
void log_set_fd(int fd);
/* At any time, in any thread. */
void log_set_level(enum log_level level);
enum log_level log_get_level(void);

/* Parse "error", "warn", "info", "debug"; -EINVAL for anything else. */
int log_level_from_string(const char *s, enum log_level *ret_level);

__attribute__((format(printf, 2, 3))) void log_write(enum log_level level, const char *fmt, ...);

/* True at most ten times a second for one @state; counts what it suppressed. */
struct log_ratelimit {
	long long window_ms;
	unsigned int n;
};
bool log_ratelimit(struct log_ratelimit *state);

#define log_error(...) log_write(LOG_ERROR, __VA_ARGS__)
#define log_warn(...) log_write(LOG_WARN, __VA_ARGS__)
#define log_info(...) log_write(LOG_INFO, __VA_ARGS__)
#define log_debug(...) \
	do { \
		if (log_get_level() >= LOG_DEBUG) \
			log_write(LOG_DEBUG, __VA_ARGS__); \
	} while (0)

#define log_warn_ratelimited(...) \
	do { \
		static struct log_ratelimit state_; \
		if (log_ratelimit(&state_)) \
			log_write(LOG_WARN, __VA_ARGS__); \
	} while (0)

#endif /* BASE_LOG_H */
