/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The QTEE driver, as its platform sees it
 */
#ifndef NORMAL_DRIVERS_QCOMTEE_H
#define NORMAL_DRIVERS_QCOMTEE_H

#include <linux/types.h>

#include "abi/smccc.h"

struct qcomtee;

/**
 * struct qcomtee_platform_data - what the driver is bound to
 * @callback_timeout_ms: how long a server may take for a callback before the QTEE
 *	is told TIMEOUT; 0 for ever
 * @rfc: make /dev/qtee and /dev/qtee-ree, too; of all QTEEs that are bound only one
 *	can have them
 */
struct qcomtee_platform_data {
	struct smc_conduit *conduit;
	unsigned int callback_timeout_ms;
	bool rfc;
};

/*
 * Bind to the QTEE behind the conduit: registers /dev/teeN. Any number of QTEEs
 * can be bound at once. ERR_PTR: -ENODEV nobody answers object messages, -ENOMEM;
 * what the platform says when a node cannot be made.
 */
struct qcomtee *qcomtee_probe(const struct qcomtee_platform_data *pdata);

/*
 * Unbind. Waits for every open file, then gives back to the QTEE what they had;
 * what the QTEE still has of ours is taken away from it.
 */
void qcomtee_remove(struct qcomtee *qcomtee);

/*
 * The QTEE died and nobody answers on the conduit any more. To be called before a
 * new one may answer there: when it returns, no SMC is in flight, and none is made
 * until qcomtee_reset(). Its references on our objects are dropped, calls that
 * wait for a server on its behalf end. Calls fail with -EIO.
 */
void qcomtee_world_gone(struct qcomtee *qcomtee);

/*
 * The QTEE died and a new one answers on the conduit. Objects of the old one are
 * dead: invoking one gives the result DEFUNCT, releasing one succeeds. 0, or
 * -ENODEV when nobody answers: calls then fail with -EIO until a later reset.
 */
int qcomtee_reset(struct qcomtee *qcomtee);

/**
 * struct qcomtee_stats - what is alive at this moment, and what went wrong
 * @ids: ids of objects of ours that the QTEE has
 * @tee_objects: references on objects of the QTEE, those being given back included
 * @releases: of these, those being given back
 * @invocations: direct invocations in progress
 * @abandoned: invocations that were given up, whose buffers the QTEE may write to
 * @lost_releases: objects of the QTEE that could not be given back
 * @lost_async: asynchronous messages, or rests of a list of them, not understood
 */
struct qcomtee_stats {
	size_t ids;
	size_t tee_objects;
	size_t releases;
	size_t invocations;
	size_t abandoned;
	unsigned long lost_releases;
	unsigned long lost_async;
};
void qcomtee_get_stats(struct qcomtee *qcomtee, struct qcomtee_stats *stats);

/* One id that the QTEE has: whose it is, and how often it was retained */
struct qcomtee_id_info {
	u32 id;
	u32 refs;
	const char *kind;
};

/* Up to @max of them in the order of the ids; returns how many there are. */
size_t qcomtee_list_ids(struct qcomtee *qcomtee, struct qcomtee_id_info *infos, size_t max);

#endif /* NORMAL_DRIVERS_QCOMTEE_H */
