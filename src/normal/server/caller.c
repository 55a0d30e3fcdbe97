/* SPDX-License-Identifier: BSD-2-Clause */
#include "caller.h"

#include <stddef.h>

static _Thread_local struct caller *this_caller;

struct caller *caller_current(void)
{
	return this_caller;
}

void caller_set(struct caller *caller)
{
	this_caller = caller;
}
