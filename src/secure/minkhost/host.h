/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A TA instance: serves the operations of abi/minkhost.h on its lane
 *
 * One process, one thread, one TA. Each call of the world runs on a fiber; while it
 * waits for the world others can enter the TA, so that a client may invoke the TA from
 * within a callback of it. What the TA calls carries no handle, so the instance is
 * process-wide.
 *
 * The world is not trusted: what it posts is copied and checked; what does not fit is
 * answered INVALID and changes nothing.
 */
#ifndef MINKHOST_HOST_H
#define MINKHOST_HOST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <object.h>

#include "abi/minkhost.h"

struct lane;
struct sandbox;

/* In the child: serve @lane until it ends. @window is mapped for good. */
_Noreturn void host_run(struct lane *lane, uint8_t *window, const struct sandbox *sandbox);

/* --- for calls (call.c) --- */

/* What came last, a copy, and what goes next; the window's bytes belong to either. */
struct minkhost_call *host_in(void);
struct minkhost_call *host_out(void);
uint8_t *host_window(void);
size_t host_stack_size(void);

/* --- call.c --- */

/* CALL and RESUME as they stand in host_in(); fills host_out(). */
void call_begin(void);
void call_resume(void);

/*
 * On the fiber of a call: what stands in host_out() is a request to the world; its
 * answer stands in host_in() afterwards. False outside of a call: nothing was asked.
 */
bool call_request(uint32_t request, uint32_t target);

/* --- objects.c --- */

/* A decoded argument list, with memory of its own for the bytes */
struct host_args {
	ObjectArg args[QTEE_MSG_ARGS_MAX];
	uint32_t counts;
	uint8_t *bytes;
	size_t sizes[QTEE_MSG_ARGS_PER_KIND];	/* room in output buffers */
};

/*
 * What host_in() has: input buffers copied from the window, room for output buffers,
 * input objects. Object_OK, INVALID, MEM, BADOBJ; on failure there is nothing to free.
 */
int32_t host_args_in(struct host_args *args);
/* Write outputs to host_out() and the window when @result is OK; returns the result. */
int32_t host_args_out(struct host_args *args, int32_t result);
/* Release input objects and memory. */
void host_args_free(struct host_args *args);

/* The object that the world knows by a handle of ours, retained; NULL object: none. */
Object host_export_get(uint32_t handle);
/* The world has given it back. */
int32_t host_export_release(uint32_t handle);

/* A handle of the world's that we do not need any more. */
void host_give_back(uint32_t handle);
/* Room for one more of these, so that giving back cannot fail. */
bool host_reserve_give_back(void);
void host_unreserve_give_back(void);
/* Those that the world has not been told of */
size_t host_n_given_back(void);
/* Tell of them in host_out(), as many as it holds. */
void host_put_given_back(void);

/* The handle of an object that lives in the world; 0 for others. */
uint32_t host_world_handle(Object object);

#endif /* MINKHOST_HOST_H */
