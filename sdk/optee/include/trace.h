/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Log messages of a TA
 *
 * MSG, EMSG, IMSG, DMSG and FMSG take a printf format. A message above
 * TRACE_LEVEL (CFG_TEE_TA_LOG_LEVEL in the makefile) is not compiled in; one above
 * the variable trace_level, or above the level that swtee logs at, is not
 * printed. The forms that end in _RAW leave the function and line out. A message
 * longer than MAX_PRINT_SIZE is cut.
 */
#ifndef TRACE_H
#define TRACE_H

#include <compiler.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <trace_levels.h>

#ifdef __cplusplus
extern "C" {
#endif

#define MAX_PRINT_SIZE 256
#define MAX_FUNC_PRINT_SIZE 32

#ifndef TRACE_LEVEL
#define TRACE_LEVEL TRACE_MAX
#endif

/* In the TA, from user_ta_header.c */
extern int trace_level;
extern const char trace_ext_prefix[];

void trace_set_level(int level);
int trace_get_level(void);
/* Text as it is; a newline at its end is added when it is missing. */
void trace_ext_puts(const char *str);
/* A TA runs in one thread: -1, as in OP-TEE. */
int trace_ext_get_thread_id(void);

/* What the macros call. @level_ok false: print whatever the level is. */
void trace_vprintf(const char *func, int line, int level, bool level_ok, const char *fmt,
		   va_list args) __printf(5, 0);
void trace_printf(const char *func, int line, int level, bool level_ok, const char *fmt, ...)
	__printf(5, 6);
void dhex_dump(const char *func, int line, int level, const void *buf, int len);

#define trace_printf_helper(level, level_ok, ...) \
	trace_printf(__func__, __LINE__, (level), (level_ok), __VA_ARGS__)
#define trace_printf_helper_raw(level, level_ok, ...) \
	trace_printf(NULL, 0, (level), (level_ok), __VA_ARGS__)

#if TRACE_LEVEL >= TRACE_ERROR
#define MSG(...) trace_printf_helper(0, false, __VA_ARGS__)
#define MSG_RAW(...) trace_printf_helper_raw(0, false, __VA_ARGS__)
#define EMSG(...) trace_printf_helper(TRACE_ERROR, true, __VA_ARGS__)
#define EMSG_RAW(...) trace_printf_helper_raw(TRACE_ERROR, true, __VA_ARGS__)
#define SMSG(...) EMSG(__VA_ARGS__)
#else
#define MSG(...) (void)0
#define MSG_RAW(...) (void)0
#define EMSG(...) (void)0
#define EMSG_RAW(...) (void)0
#define SMSG(...) (void)0
#endif

#if TRACE_LEVEL >= TRACE_INFO
#define IMSG(...) trace_printf_helper(TRACE_INFO, true, __VA_ARGS__)
#define IMSG_RAW(...) trace_printf_helper_raw(TRACE_INFO, true, __VA_ARGS__)
#else
#define IMSG(...) (void)0
#define IMSG_RAW(...) (void)0
#endif

#if TRACE_LEVEL >= TRACE_DEBUG
#define DMSG(...) trace_printf_helper(TRACE_DEBUG, true, __VA_ARGS__)
#define DMSG_RAW(...) trace_printf_helper_raw(TRACE_DEBUG, true, __VA_ARGS__)
#define DHEXDUMP(buf, len) dhex_dump(__func__, __LINE__, TRACE_DEBUG, (buf), (len))
#else
#define DMSG(...) (void)0
#define DMSG_RAW(...) (void)0
#define DHEXDUMP(buf, len) (void)0
#endif

#if TRACE_LEVEL >= TRACE_FLOW
#define FMSG(...) trace_printf_helper(TRACE_FLOW, true, __VA_ARGS__)
#define FMSG_RAW(...) trace_printf_helper_raw(TRACE_FLOW, true, __VA_ARGS__)
#else
#define FMSG(...) (void)0
#define FMSG_RAW(...) (void)0
#endif

#define INMSG(...) FMSG("> " __VA_ARGS__)
#define OUTMSG(...) FMSG("< " __VA_ARGS__)
#define OUTRMSG(r) \
	do { \
		OUTMSG("r=[%x]", (r)); \
		return (r); \
	} while (0)

#ifdef __cplusplus
}
#endif

#endif /* TRACE_H */
