/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A TA instance
 *
 * The lane's data area is a struct tahost_call. It belongs to the host while a call is
 * served, but stays writable for the world: a request is copied out once, the
 * answer is put together in the copy and copied back.
 */
#include "secure/tahost/host.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdio_ext.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/fdsock.h"
#include "base/log.h"
#include "base/uuid.h"
#include "machine/lane/lane.h"
#include "secure/host/crash.h"
#include "secure/host/sandbox.h"
#include "secure/tahost/access.h"
#include "secure/tahost/heap.h"
#include "secure/tahost/image.h"
#include "secure/tahost/session.h"
#include "secure/tahost/slots.h"
#include "secure/tahost/ta_uuid.h"

/* How long an answer is left to be picked up before the process ends */
#define LEAVE_MS 200

enum host_state {
	HOST_EMPTY,
	HOST_LOADED,		/* TA_CreateEntryPoint is to come */
	HOST_CREATED,
	HOST_FAILED,		/* LOAD did not succeed; only the end is left */
};

static struct host {
	struct lane *lane;
	const struct sandbox *sandbox;
	enum host_state state;
	uint8_t uuid[16];
	char uuid_text[UUID_STRING_LEN + 1];
	struct image_info info;
	struct ta_image image;
	const void *stack_base;		/* frames of the TA are below */
	struct session *session;	/* being served, or NULL */
	struct host_params params;
	struct tahost_call call;	/* the copy */
} host;

/* --- talking to the world --- */

/* The message is for LOAD, which writes it by itself: the rest goes both ways. */
#define CALL_SIZE offsetof(struct tahost_call, message)

static void answer(uint32_t kind)
{
	host.call.answer = kind;
	memcpy(lane_data(host.lane), &host.call, CALL_SIZE);
	lane_reply(host.lane);
}

/* The world has hung up: there is nobody to do anything for. */
static void next_request(void)
{
	if (lane_wait_request(host.lane) < 0)
		_exit(0);
	memcpy(&host.call, lane_data(host.lane), CALL_SIZE);
}

/*
 * The last answer was given. The death of a callee can overtake its answer, so the
 * world gets time to take it; it hangs up when it has, which ends the wait.
 */
static _Noreturn void leave(int status)
{
	const struct timespec ms = { .tv_nsec = 1000000 };

	for (int i = 0; i < LEAVE_MS && !lane_closed(host.lane); i++)
		(void)nanosleep(&ms, NULL);
	_exit(status);
}

/* What the TA printed goes to the log before anybody acts on its answer. */
static void flush_output(void)
{
	if (__fpending(stdout))
		(void)fflush(stdout);
}

_Noreturn void host_panic(uint32_t code, const char *fmt, ...)
{
	char reason[160];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(reason, sizeof(reason), fmt, ap);
	va_end(ap);
	flush_output();
	log_warn("TA %s panicked (code 0x%08x): %s", host.uuid_text, code, reason);
	host.call.result = code;
	answer(TAHOST_PANIC);
	leave(1);
}

static TEE_Result op_map(void);
static TEE_Result map_result(int r);

void host_syscall(struct tahost_sys *sys)
{
	/* The request of the entry point in whose middle we are */
	struct tahost_call outer = host.call;

	host.call.sys = *sys;
	answer(TAHOST_SYSCALL);
	for (;;) {
		next_request();
		switch (host.call.op) {
		case TAHOST_OP_SYSRET:
			*sys = host.call.sys;
			host.call = outer;
			return;
		case TAHOST_OP_MAP:
			host.call.result = op_map();
			break;
		case TAHOST_OP_UNMAP:
			host.call.result = map_result(slot_unmap(host.call.map.slot));
			break;
		default:
			host.call.result = TEE_ERROR_BAD_STATE;
			break;
		}
		answer(TAHOST_DONE);
	}
}

uint8_t *host_window(size_t size)
{
	struct tahost_sys sys = { .nr = TAHOST_SYS_WINDOW, .a = { size } };
	void *window;

	if (slot_resolve(TAHOST_SLOT_WINDOW, 0, size, true, &window) == 0)
		return window;
	host_syscall(&sys);
	if (sys.result != TEE_SUCCESS ||
	    slot_resolve(TAHOST_SLOT_WINDOW, 0, size, true, &window) < 0)
		return NULL;
	return window;
}

/* --- for the API --- */

const struct host_params *host_params(void)
{
	return &host.params;
}

const struct ta_image *host_image(void)
{
	return &host.image;
}

uint32_t host_ta_flags(void)
{
	return host.info.flags;
}

void host_ta_uuid(TEE_UUID *ret_uuid)
{
	ta_uuid_from_octets(host.uuid, ret_uuid);
}

void host_client(TEE_Identity *ret_client)
{
	static const uint8_t nil[16];

	ret_client->login = host.session ? host.session->login : TEE_LOGIN_PUBLIC;
	ta_uuid_from_octets(host.session ? host.session->client_uuid : nil, &ret_client->uuid);
}

/* --- parameters --- */

static bool is_memref(uint32_t type)
{
	return type >= TEE_PARAM_TYPE_MEMREF_INPUT && type <= TEE_PARAM_TYPE_MEMREF_INOUT;
}

static bool is_value(uint32_t type)
{
	return type >= TEE_PARAM_TYPE_VALUE_INPUT && type <= TEE_PARAM_TYPE_VALUE_INOUT;
}

static bool memref_in(uint32_t type, const union tahost_param *from, TEE_Param *to)
{
	to->memref.size = (size_t)from->mem.size;
	to->memref.buffer = NULL;
	if (from->mem.slot == TAHOST_SLOT_NULL)
		return true;
	return slot_resolve(from->mem.slot, from->mem.offset, from->mem.size,
			    type != TEE_PARAM_TYPE_MEMREF_INPUT, &to->memref.buffer) == 0;
}

/* Translate what the world posted into @ret; false when it makes no sense. */
static bool params_in(struct host_params *ret)
{
	uint32_t types = host.call.param_types;

	*ret = (struct host_params){ .types = types };
	if (types >> (4 * TEE_NUM_PARAMS))
		return false;
	for (size_t i = 0; i < TEE_NUM_PARAMS; i++) {
		uint32_t type = TEE_PARAM_TYPE_GET(types, i);
		const union tahost_param *from = &host.call.params[i];

		if (is_memref(type)) {
			if (!memref_in(type, from, &ret->params[i]))
				return false;
		} else if (is_value(type)) {
			ret->params[i].value.a = from->value.a;
			ret->params[i].value.b = from->value.b;
		} else if (type != TEE_PARAM_TYPE_NONE) {
			return false;
		}
	}
	return true;
}

static void params_out(const TEE_Param params[TEE_NUM_PARAMS])
{
	for (size_t i = 0; i < TEE_NUM_PARAMS; i++) {
		union tahost_param *to = &host.call.params[i];

		switch (TEE_PARAM_TYPE_GET(host.call.param_types, i)) {
		case TEE_PARAM_TYPE_VALUE_OUTPUT:
		case TEE_PARAM_TYPE_VALUE_INOUT:
			to->value.a = params[i].value.a;
			to->value.b = params[i].value.b;
			break;
		case TEE_PARAM_TYPE_MEMREF_OUTPUT:
		case TEE_PARAM_TYPE_MEMREF_INOUT:
			to->mem.size = params[i].memref.size;
			break;
		default:
			break;
		}
	}
}

/* --- operations; each returns the result --- */

static TEE_Result load(struct elf_error *error)
{
	TEE_Result res = image_check(HOST_FD_IMAGE, host.uuid, &host.info, error);

	if (res)
		return res;
	heap_init(host.info.heap_size, host.info.no_share_heap_size);
	return image_load(host.sandbox, &host.info, &host.image, error);
}

static TEE_Result op_load(void)
{
	struct tahost_call *area = lane_data(host.lane);
	struct elf_error error = { "" };
	TEE_Result res;

	if (host.state != HOST_EMPTY)
		return TEE_ERROR_BAD_STATE;
	host.state = HOST_FAILED;
	res = load(&error);
	memcpy(area->message, error.text, sizeof(area->message));
	if (res)
		return res;
	crash_set_image(host.image.elf.base, host.image.elf.end);
	access_set_ta(&host.image, host.stack_base);
	host.call.ta.flags = host.info.flags;
	host.call.ta.stack_size = host.info.stack_size;
	host.call.ta.data_size = host.info.heap_size;
	host.state = HOST_LOADED;
	return TEE_SUCCESS;
}

static TEE_Result op_create(void)
{
	TEE_Result res;

	if (host.state != HOST_LOADED)
		return TEE_ERROR_BAD_STATE;
	res = host.image.create();
	flush_output();
	/* After a failure the world may try again. */
	if (!res)
		host.state = HOST_CREATED;
	return res;
}

static TEE_Result op_open(void)
{
	struct session *session;
	TEE_Param params[TEE_NUM_PARAMS];
	TEE_Result res;
	int r;

	if (host.state != HOST_CREATED)
		return TEE_ERROR_BAD_STATE;
	if (!params_in(&host.params))
		return TEE_ERROR_BAD_PARAMETERS;
	r = session_add(host.call.session, &session);
	if (r < 0)
		return r == -EEXIST ? TEE_ERROR_BAD_STATE : TEE_ERROR_OUT_OF_MEMORY;
	session->login = host.call.login;
	memcpy(session->client_uuid, host.call.client_uuid, sizeof(session->client_uuid));

	host.session = session;
	memcpy(params, host.params.params, sizeof(params));
	res = host.image.open_session(host.params.types, params, &session->context);
	flush_output();
	params_out(params);
	if (res)
		session_remove(session);
	return res;
}

static TEE_Result op_invoke(void)
{
	TEE_Param params[TEE_NUM_PARAMS];
	TEE_Result res;

	host.session = session_lookup(host.call.session);
	if (!host.session)
		return TEE_ERROR_BAD_STATE;
	if (!params_in(&host.params))
		return TEE_ERROR_BAD_PARAMETERS;
	memcpy(params, host.params.params, sizeof(params));
	res = host.image.invoke(host.session->context, host.call.cmd, host.params.types, params);
	flush_output();
	params_out(params);
	return res;
}

static TEE_Result op_close(void)
{
	host.session = session_lookup(host.call.session);
	if (!host.session)
		return TEE_ERROR_BAD_STATE;
	host.image.close_session(host.session->context);
	flush_output();
	session_remove(host.session);
	return TEE_SUCCESS;
}

static _Noreturn void op_destroy(void)
{
	if (host.state == HOST_CREATED)
		host.image.destroy();
	if (host.state == HOST_LOADED || host.state == HOST_CREATED)
		image_unload(&host.image);
	flush_output();
	host.call.result = TEE_SUCCESS;
	answer(TAHOST_DONE);
	leave(0);
}

static TEE_Result map_result(int r)
{
	switch (r) {
	case 0:
		return TEE_SUCCESS;
	case -ENOMEM:
		return TEE_ERROR_OUT_OF_MEMORY;
	case -EBUSY:
		return TEE_ERROR_BAD_STATE;
	case -ENOENT:
		return TEE_ERROR_ITEM_NOT_FOUND;
	default:
		return TEE_ERROR_BAD_PARAMETERS;
	}
}

static TEE_Result op_map(void)
{
	const struct slot_piece piece = {
		.offset = host.call.map.fd_offset,
		.size = host.call.map.size,
		.at = host.call.map.at,
		.total = host.call.map.total,
		.write = host.call.map.write != 0,
	};
	AUTO(close_fd) int fd = -1;
	char text[16];
	size_t n_fds;
	ssize_t n;

	/* Sent before the operation was posted, so it is there or never comes. */
	n = fdsock_recv(HOST_FD_INSTANCE, text, sizeof(text), &fd, 1, &n_fds, NULL, MSG_DONTWAIT);
	if (n <= 0 || n_fds != 1) {
		log_warn_ratelimited("TA %s: the world maps memory without a descriptor",
				     host.uuid_text);
		return TEE_ERROR_BAD_PARAMETERS;
	}
	return map_result(slot_map(host.call.map.slot, fd, &piece));
}

static TEE_Result serve(void)
{
	host.session = NULL;
	host.params = (struct host_params){ .types = 0 };
	switch (host.call.op) {
	case TAHOST_OP_LOAD:
		return op_load();
	case TAHOST_OP_CREATE:
		return op_create();
	case TAHOST_OP_OPEN:
		return op_open();
	case TAHOST_OP_INVOKE:
		return op_invoke();
	case TAHOST_OP_CLOSE:
		return op_close();
	case TAHOST_OP_DESTROY:
		op_destroy();
	case TAHOST_OP_MAP:
		return op_map();
	case TAHOST_OP_UNMAP:
		return map_result(slot_unmap(host.call.map.slot));
	default:
		/* Unknown, or a SYSRET that nobody waits for */
		return TEE_ERROR_BAD_STATE;
	}
}

_Noreturn void host_run(struct lane *lane, const uint8_t uuid[16], const struct sandbox *sandbox)
{
	static char output[512];

	host.lane = lane;
	host.sandbox = sandbox;
	host.stack_base = __builtin_frame_address(0);
	memcpy(host.uuid, uuid, sizeof(host.uuid));
	uuid_to_string(uuid, host.uuid_text);
	/* printf() of a TA goes to the log, a line at a time. */
	(void)setvbuf(stdout, output, _IOLBF, sizeof(output));
	crash_init("swtee-tahost", host.uuid_text, !sandbox_filters(sandbox));
	lane_set_follow(lane);
	lane_own(lane);
	for (;;) {
		next_request();
		host.call.result = serve();
		answer(TAHOST_DONE);
	}
}
