/* SPDX-License-Identifier: BSD-2-Clause */
/* Calls of the world: a fiber each */
#include <stdlib.h>

#include "secure/common/fiber.h"
#include "secure/minkhost/host.h"
#include "secure/minkhost/image.h"

/* Calls that wait for the world at a time */
#define MAX_CALLS 4096u

struct ta_call {
	struct ta_call *next;		/* idle */
	struct fiber *fiber;
	uint32_t number;
	bool waiting;
	struct host_args args;
};

static struct {
	struct ta_call **calls;		/* by number */
	uint32_t n_calls, max_calls;
	struct ta_call *idle;
	struct ta_call *current;
} ta;

/* --- on the fiber --- */

static int32_t serve_app(struct host_args *args, uint32_t method)
{
	switch (method) {
	case MINKHOST_APP_INIT:
		image_app_init();
		return Object_OK;
	case MINKHOST_APP_GET_OBJECT:
		if (args->counts != ObjectCounts_pack(0, 0, 1, 1))
			return Object_ERROR_INVALID;
		return image_get_app_object(args->args[0].o, &args->args[1].o);
	case MINKHOST_APP_SHUTDOWN:
		image_app_shutdown();
		return Object_OK;
	default:
		return Object_ERROR_INVALID;
	}
}

static int32_t serve(struct host_args *args, uint32_t target, uint32_t method)
{
	Object object;
	int32_t result;

	if (target == MINKHOST_TARGET_APP)
		return serve_app(args, method);
	if (method == ObjectOp_release)
		return host_export_release(target);
	object = host_export_get(target);
	if (Object_isNull(object))
		return Object_ERROR_BADOBJ;
	result = Object_invoke(object, method, args->args, args->counts);
	(void)Object_release(object);
	return result;
}

static void run(struct host_args *args)
{
	const uint32_t target = host_in()->target;
	const uint32_t method = host_in()->method;
	struct minkhost_call *out = host_out();
	int32_t result = host_args_in(args);

	if (result == Object_OK) {
		result = serve(args, target, method);
		/* An answer holds only so many, and its arguments may add some. */
		while (host_n_given_back() > MINKHOST_MAX_RELEASED / 2)
			(void)call_request(MINKHOST_REQUEST_RELEASE, 0);
		result = host_args_out(args, result);
		host_args_free(args);
	}
	out->answer = MINKHOST_DONE;
	out->result = result;
	host_put_given_back();
}

static void call_main(void *data)
{
	struct ta_call *call = data;

	for (;;) {
		run(&call->args);
		call->waiting = false;
		fiber_suspend(call->fiber);
	}
}

bool call_request(uint32_t request, uint32_t target)
{
	struct minkhost_call *out = host_out();
	struct ta_call *call = ta.current;

	if (!call)
		return false;
	out->answer = MINKHOST_REQUEST;
	out->request = request;
	out->target = target;
	out->call = call->number;
	host_put_given_back();
	call->waiting = true;
	fiber_suspend(call->fiber);
	return true;
}

/* --- on the main stack --- */

static struct ta_call *call_new(void)
{
	struct ta_call *call;

	if (ta.n_calls == ta.max_calls) {
		uint32_t max = ta.max_calls ? ta.max_calls * 2 : 16;
		struct ta_call **calls;

		if (max > MAX_CALLS)
			return NULL;
		calls = realloc(ta.calls, max * sizeof(struct ta_call *));
		if (!calls)
			return NULL;
		ta.calls = calls;
		ta.max_calls = max;
	}
	call = calloc(1, sizeof(*call));
	if (!call)
		return NULL;
	if (fiber_new(call_main, call, host_stack_size(), &call->fiber) < 0) {
		free(call);
		return NULL;
	}
	call->number = ta.n_calls;
	ta.calls[ta.n_calls++] = call;
	return call;
}

static void call_run(struct ta_call *call)
{
	ta.current = call;
	fiber_resume(call->fiber);
	ta.current = NULL;
	if (!call->waiting) {
		call->next = ta.idle;
		ta.idle = call;
	}
}

void call_begin(void)
{
	struct ta_call *call = ta.idle;

	if (!host_stack_size()) {
		/* Nothing is loaded. */
		host_out()->result = Object_ERROR_INVALID;
		return;
	}
	if (call)
		ta.idle = call->next;
	else
		call = call_new();
	if (call)
		call_run(call);
	else
		host_out()->result = Object_ERROR_KMEM;
}

void call_resume(void)
{
	const uint32_t number = host_in()->call;

	if (number < ta.n_calls && ta.calls[number]->waiting)
		call_run(ta.calls[number]);
	else
		host_out()->result = Object_ERROR_INVALID;
}
