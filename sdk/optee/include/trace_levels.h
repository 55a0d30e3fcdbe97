/* SPDX-License-Identifier: BSD-2-Clause */
/* Levels of the trace macros, from nothing to everything */
#ifndef TRACE_LEVELS_H
#define TRACE_LEVELS_H

#define TRACE_MIN 0
#define TRACE_ERROR 1	/* EMSG: something failed */
#define TRACE_INFO 2	/* IMSG: worth telling in normal operation; the default */
#define TRACE_DEBUG 3	/* DMSG: what a developer of the TA wants to see */
#define TRACE_FLOW 4	/* FMSG: each step */
#define TRACE_MAX TRACE_FLOW

#define TRACE_PRINTF_LEVEL TRACE_ERROR

#endif /* TRACE_LEVELS_H */
