/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The smallest Mink TA: its object adds two numbers
 *
 * Each client gets an object of its own, counted, freed with its last reference.
 */
#include <object.h>
#include <qsee_log.h>
#include <qsee_ta_entry.h>
#include <stdlib.h>
#include <string.h>

#include "include/mink_add.h"

struct adder {
	uint32_t refs;
};

static int32_t adder_add(ObjectArg *args, ObjectCounts counts)
{
	struct mink_add_in in;
	uint32_t sum;

	if (counts != ObjectCounts_pack(1, 1, 0, 0) || args[0].bi.size != sizeof(in) ||
	    args[1].b.size != sizeof(sum))
		return Object_ERROR_INVALID;
	memcpy(&in, args[0].bi.ptr, sizeof(in));
	if (__builtin_add_overflow(in.a, in.b, &sum))
		sum = UINT32_MAX;
	memcpy(args[1].b.ptr, &sum, sizeof(sum));
	return Object_OK;
}

static int32_t adder_invoke(ObjectCxt context, ObjectOp op, ObjectArg *args,
			    ObjectCounts counts)
{
	struct adder *adder = context;

	switch (ObjectOp_methodID(op)) {
	case ObjectOp_retain:
		adder->refs++;
		return Object_OK;
	case ObjectOp_release:
		if (--adder->refs == 0)
			free(adder);
		return Object_OK;
	case MINK_ADD_OP_ADD:
		return adder_add(args, counts);
	default:
		return Object_ERROR_INVALID;
	}
}

void tz_app_init(void)
{
	qsee_log(QSEE_LOG_MSG_HIGH, "ready to add");
}

void tz_app_shutdown(void)
{
	qsee_log(QSEE_LOG_MSG_HIGH, "being unloaded");
}

int32_t app_getAppObject(Object credentials, Object *ret_object)
{
	struct adder *adder = calloc(1, sizeof(*adder));

	if (!adder)
		return Object_ERROR_MEM;
	adder->refs = 1;
	*ret_object = (Object){ adder_invoke, adder };
	return Object_OK;
}
