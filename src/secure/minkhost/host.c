/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The loop, and loading
 *
 * The lane's data area is a struct minkhost_call. It belongs to the host while it is
 * served, but stays writable for the world: a request is copied out once, the answer is
 * put together in another copy.
 */
#include "secure/minkhost/host.h"

#include <stdio.h>
#include <stdio_ext.h>
#include <string.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "base/log.h"
#include "machine/lane/lane.h"
#include "secure/host/crash.h"
#include "secure/host/sandbox.h"
#include "secure/minkhost/image.h"

static struct {
	struct lane *lane;
	uint8_t *window;
	const struct sandbox *sandbox;
	bool loaded;			/* or failed to: there is one try */
	struct image_info info;
	struct elf_image image;
	char ident[16];
	struct minkhost_call in, out;
} host;

struct minkhost_call *host_in(void)
{
	return &host.in;
}

struct minkhost_call *host_out(void)
{
	return &host.out;
}

uint8_t *host_window(void)
{
	return host.window;
}

size_t host_stack_size(void)
{
	return host.info.stack_size;
}

/* --- loading --- */

static int32_t try_load(struct elf_error *error)
{
	int32_t result;

	if (host.loaded)
		return Object_ERROR_INVALID;
	host.loaded = true;
	result = image_check(HOST_FD_IMAGE, &host.info, error);
	if (result != Object_OK)
		return result;
	/* What the log and the process list call it from now on */
	snprintf(host.ident, sizeof(host.ident), "ta:%.12s", host.info.name);
	(void)prctl(PR_SET_NAME, host.ident);
	log_init(host.ident, log_get_level());
	return image_load(host.sandbox, &host.image, error);
}

static void load(void)
{
	struct elf_error error = { "" };

	host.out.result = try_load(&error);
	memcpy(host.out.message, error.text, sizeof(host.out.message));
	if (host.out.result != Object_OK)
		return;
	crash_set_image(host.image.base, host.image.end);
	memcpy(host.out.app.name, host.info.name, sizeof(host.out.app.name));
	host.out.app.stack_size = host.info.stack_size;
	host.out.app.image_size = host.image.end - host.image.base;
}

/* --- the loop --- */

static void serve(void)
{
	host.out = (struct minkhost_call){ .answer = MINKHOST_DONE };
	switch (host.in.op) {
	case MINKHOST_OP_LOAD:
		load();
		break;
	case MINKHOST_OP_CALL:
		call_begin();
		break;
	case MINKHOST_OP_RESUME:
		call_resume();
		break;
	default:
		host.out.result = Object_ERROR_INVALID;
		break;
	}
	/* What the TA printed goes to the log before anybody acts on its answer. */
	if (__fpending(stdout))
		(void)fflush(stdout);
}

_Noreturn void host_run(struct lane *lane, uint8_t *window, const struct sandbox *sandbox)
{
	static char output[512];

	host.lane = lane;
	host.window = window;
	host.sandbox = sandbox;
	/* printf() of a TA goes to the log, a line at a time. */
	(void)setvbuf(stdout, output, _IOLBF, sizeof(output));
	crash_init("swtee-minkhost", host.info.name, !sandbox_filters(sandbox));
	lane_set_follow(lane);
	lane_own(lane);
	for (;;) {
		/* The world has hung up: there is nobody to do anything for. */
		if (lane_wait_request(lane) < 0)
			_exit(0);
		memcpy(&host.in, lane_data(lane), sizeof(host.in));
		serve();
		memcpy(lane_data(lane), &host.out, sizeof(host.out));
		lane_reply(lane);
	}
}
