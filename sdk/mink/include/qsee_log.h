/* SPDX-License-Identifier: BSD-2-Clause */
/* The log of swtee, one line a message */
#ifndef MINK_QSEE_LOG_H
#define MINK_QSEE_LOG_H

#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#define QSEE_LOG_MSG_LOW (1u << 0)
#define QSEE_LOG_MSG_MED (1u << 1)
#define QSEE_LOG_MSG_HIGH (1u << 2)
#define QSEE_LOG_MSG_ERROR (1u << 3)
#define QSEE_LOG_MSG_FATAL (1u << 4)
#define QSEE_LOG_MSG_DEBUG (1u << 5)

/*
 * A message of priority @priority, one of QSEE_LOG_MSG_*; dropped when the mask has not
 * that bit. ERROR and FATAL are warnings in the log of swtee, HIGH is an information,
 * the others are for debugging.
 */
__attribute__((format(printf, 2, 3))) void qsee_log(uint8_t priority, const char *fmt, ...);

/* At first: MED, HIGH, ERROR and FATAL */
uint8_t qsee_log_get_mask(void);
void qsee_log_set_mask(uint8_t mask);

#ifdef __cplusplus
}
#endif

#endif /* MINK_QSEE_LOG_H */
