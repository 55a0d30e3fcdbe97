/* SPDX-License-Identifier: BSD-2-Clause */
/* The interface of the TA that tests use, for the TA and its clients */
#ifndef PROBE_H
#define PROBE_H

#include <stdint.h>

#define PROBE_TA_NAME "probe"

enum probe_op {
	PROBE_ECHO,		/* IB, OB: the same bytes, or SIZE_OUT */
	PROBE_CALL,		/* IB u32 op, IB data; OB; IO callee: callee.op(data; OB) */
	PROBE_KEEP,		/* IO: kept in place of the one before, or NULL */
	PROBE_CALL_KEPT,	/* callee.0() of the kept one; 10 when there is none */
	PROBE_GIVE_KEPT,	/* OO: the kept one */
	PROBE_NEW,		/* OO: a new object with the same methods */
	PROBE_COUNT,		/* OB struct probe_count */
	PROBE_MAP,		/* IO memory; OB struct probe_map: its first word, then 0x5eed */
	PROBE_KEEP_MAP,		/* IO memory or NULL: mapped, and kept so */
	PROBE_WHO,		/* OB u64: the uid of who asked for the object */
	PROBE_NEST,		/* IB u32 depth; IO callee: callee.NEST(depth; same callee) */
	PROBE_PASS,		/* IO arg, IO callee: callee.3(arg) */
	PROBE_FETCH,		/* IO callee; OO: what callee.4() gives */
	PROBE_MANY,		/* OO x 15: new objects */
	PROBE_DIE,		/* IB u32: enum probe_death */
	PROBE_TOO_MUCH,		/* OB: says that it wrote more than there was room for */
	PROBE_SPIN,		/* IB u32: computes for so many milliseconds */
	PROBE_RETURN,		/* IB s32: the result */
};

enum probe_death {
	PROBE_DEATH_SEGV,
	PROBE_DEATH_ABORT,
	PROBE_DEATH_EXIT,
	PROBE_DEATH_OPEN,	/* a system call that no TA has */
	PROBE_DEATH_STACK,
};

#define PROBE_ERROR_NULL 10

struct probe_count {
	uint32_t objects;	/* of this TA that somebody has */
	uint32_t kept;
	uint32_t inside;	/* calls, this one included */
};

struct probe_map {
	uint64_t first;
	uint64_t size;
	uint32_t perms;
	uint32_t wrote;		/* 1: the word was written */
};

#endif /* PROBE_H */
