/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The primordial object: what the QTEE can ask of the driver itself
 *
 * Memory is mapped here and not by the memory object: only the driver says what is
 * at which address, so that no object of a client can pass itself off as memory.
 */
#include <linux/delay.h>
#include <linux/errno.h>
#include <linux/jiffies.h>
#include <linux/minmax.h>
#include <linux/sched.h>
#include <linux/sched/signal.h>
#include <linux/string.h>

#include "normal/drivers/qtee/qcomtee_private.h"

/* The mapping object is the memory object once more, under an id of its own. */
static int qcomtee_map_region(struct qcomtee_arg *args)
{
	struct qtee_msg_mem_map map = { .perms = QTEE_MSG_MEM_PERM_R | QTEE_MSG_MEM_PERM_W };
	struct tee_shm *shm;
	phys_addr_t pa;
	int rc;

	if (qcomtee_args_counts(args) != QTEE_MSG_COUNTS(0, 1, 1, 1))
		return -EINVAL;
	if (args[0].b.size < sizeof(map))
		return -EINVAL;
	shm = qcomtee_mem_object_shm(args[1].o);
	if (!shm)
		return -EINVAL;
	rc = tee_shm_get_pa(shm, 0, &pa);
	if (rc)
		return rc;

	map.paddr = pa;
	map.len = shm->size;
	memcpy(args[0].b.addr, &map, sizeof(map));
	qcomtee_object_get(args[1].o);
	args[2].o = args[1].o;
	return 0;
}

static int qcomtee_yield(struct qcomtee_arg *args)
{
	if (qcomtee_args_counts(args))
		return -EINVAL;
	cond_resched();
	return 0;
}

/* A client sleeps for as long as is asked, or until it is killed. */
static int qcomtee_sleep(struct qcomtee_object_invoke_ctx *oic, struct qcomtee_arg *args)
{
	long left;
	u32 ms;

	if (qcomtee_args_counts(args) != QTEE_MSG_COUNTS(1, 0, 0, 0) ||
	    args[0].b.size < sizeof(ms))
		return -EINVAL;
	memcpy(&ms, args[0].b.addr, sizeof(ms));

	if (qcomtee_object_wait_mode(oic) != QCOMTEE_WAIT_HERE) {
		msleep(min_t(u32, ms, QCOMTEE_MAX_SLEEP_KERNEL));
		return 0;
	}
	left = msecs_to_jiffies(ms);
	while (left > 0 && !fatal_signal_pending(current))
		left = schedule_timeout_killable(left);
	return 0;
}

static int qcomtee_primordial_dispatch(struct qcomtee_object_invoke_ctx *oic,
				       struct qcomtee_object *object, u32 op,
				       struct qcomtee_arg *args)
{
	switch (op) {
	case QTEE_PRIMORDIAL_OP_MAP_REGION:
		return qcomtee_map_region(args);
	case QTEE_PRIMORDIAL_OP_YIELD:
		return qcomtee_yield(args);
	case QTEE_PRIMORDIAL_OP_SLEEP:
		return qcomtee_sleep(oic, args);
	default:
		return -EINVAL;
	}
}

/* It is part of struct qcomtee and not counted: never released. */
const struct qcomtee_object_operations qcomtee_primordial_ops = {
	.kind = "primordial",
	.dispatch = qcomtee_primordial_dispatch,
};
