/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * hello_world: the smallest useful client of a trusted application
 *
 * It opens a session with the hello_world TA, has it count up and down, asks for
 * its name, and makes the mistakes that a client can make: a buffer that is too
 * small, wrong parameter types, a command and a TA that do not exist.
 */
#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include <tee_client_api.h>

#include <hello_world_ta.h>

static const char *result_to_string(TEEC_Result res)
{
	switch (res) {
	case TEEC_SUCCESS:
		return "success";
	case TEEC_ERROR_GENERIC:
		return "generic error";
	case TEEC_ERROR_ACCESS_DENIED:
		return "access denied";
	case TEEC_ERROR_BAD_PARAMETERS:
		return "bad parameters";
	case TEEC_ERROR_ITEM_NOT_FOUND:
		return "item not found";
	case TEEC_ERROR_NOT_SUPPORTED:
		return "not supported";
	case TEEC_ERROR_OUT_OF_MEMORY:
		return "out of memory";
	case TEEC_ERROR_BUSY:
		return "busy";
	case TEEC_ERROR_COMMUNICATION:
		return "communication failed";
	case TEEC_ERROR_SECURITY:
		return "security fault";
	case TEEC_ERROR_SHORT_BUFFER:
		return "short buffer";
	case TEEC_ERROR_TARGET_DEAD:
		return "trusted application is dead";
	default:
		return "another error";
	}
}

static const char *origin_to_string(uint32_t origin)
{
	switch (origin) {
	case TEEC_ORIGIN_API:
		return "client library";
	case TEEC_ORIGIN_COMMS:
		return "driver";
	case TEEC_ORIGIN_TEE:
		return "trusted OS";
	case TEEC_ORIGIN_TRUSTED_APP:
		return "trusted application";
	default:
		return "unknown origin";
	}
}

/* True if a call ended as it should, which includes who answered */
static bool check_result(const char *what, TEEC_Result res, uint32_t origin,
			 TEEC_Result expected_res, uint32_t expected_origin)
{
	if (res == expected_res && origin == expected_origin)
		return true;
	(void)fprintf(stderr,
		      "%s: expected %s (0x%08" PRIx32 ") from the %s, got %s (0x%08" PRIx32
		      ") from the %s\n",
		      what, result_to_string(expected_res), (uint32_t)expected_res,
		      origin_to_string(expected_origin), result_to_string(res), res,
		      origin_to_string(origin));
	return false;
}

static bool check_number(const char *what, uint32_t number, uint32_t expected)
{
	if (number == expected)
		return true;
	(void)fprintf(stderr, "%s: expected %" PRIu32 ", got %" PRIu32 "\n", what, expected,
		      number);
	return false;
}

static bool invoke(TEEC_Session *session, const char *what, uint32_t command, TEEC_Operation *op,
		   TEEC_Result expected)
{
	uint32_t origin = 0;
	TEEC_Result res = TEEC_InvokeCommand(session, command, op, &origin);

	return check_result(what, res, origin, expected, TEEC_ORIGIN_TRUSTED_APP);
}

static bool step(TEEC_Session *session, const char *what, uint32_t command, uint32_t from,
		 uint32_t to)
{
	const uint32_t untouched = 0xc0ffee;
	TEEC_Operation op = {
		.paramTypes = TEEC_PARAM_TYPES(TEEC_VALUE_INOUT, TEEC_NONE, TEEC_NONE, TEEC_NONE),
	};

	op.params[0].value.a = from;
	op.params[0].value.b = untouched;
	if (!invoke(session, what, command, &op, TEEC_SUCCESS))
		return false;
	printf("%s: %" PRIu32 " becomes %" PRIu32 "\n", what, from, op.params[0].value.a);
	return check_number(what, op.params[0].value.a, to) &&
	       check_number("the value beside it", op.params[0].value.b, untouched);
}

static bool count_is(TEEC_Session *session, uint32_t expected)
{
	TEEC_Operation op = {
		.paramTypes = TEEC_PARAM_TYPES(TEEC_VALUE_OUTPUT, TEEC_NONE, TEEC_NONE, TEEC_NONE),
	};

	if (!invoke(session, "count", TA_HELLO_WORLD_CMD_COUNT, &op, TEEC_SUCCESS))
		return false;
	printf("count: %" PRIu32 " command(s) served in this session\n", op.params[0].value.a);
	return check_number("commands served", op.params[0].value.a, expected) &&
	       check_number("sessions of the instance", op.params[0].value.b, 1);
}

/* Ask for the name with @room bytes, 0 meaning no buffer at all */
static bool name_with_room(TEEC_Session *session, size_t room)
{
	const size_t needed = sizeof(TA_HELLO_WORLD_NAME);
	char name[2 * sizeof(TA_HELLO_WORLD_NAME)];
	TEEC_Operation op = {
		.paramTypes = TEEC_PARAM_TYPES(TEEC_MEMREF_TEMP_OUTPUT, TEEC_NONE, TEEC_NONE,
					       TEEC_NONE),
	};
	bool fits = room >= needed;
	size_t written = fits ? needed : 0;

	memset(name, '#', sizeof(name));
	op.params[0].tmpref.buffer = room ? name : NULL;
	op.params[0].tmpref.size = room;
	if (!invoke(session, "name", TA_HELLO_WORLD_CMD_GET_NAME, &op,
		    fits ? TEEC_SUCCESS : TEEC_ERROR_SHORT_BUFFER))
		return false;
	if (!check_number("size of the name", (uint32_t)op.params[0].tmpref.size,
			  (uint32_t)needed))
		return false;

	if (memcmp(name, TA_HELLO_WORLD_NAME, written) != 0) {
		(void)fprintf(stderr, "name: expected \"%s\", got \"%.*s\"\n",
			      TA_HELLO_WORLD_NAME, (int)sizeof(name), name);
		return false;
	}
	for (size_t i = written; i < sizeof(name); i++) {
		if (name[i] != '#') {
			(void)fprintf(stderr, "name: byte %zu of %zu was written\n", i, written);
			return false;
		}
	}
	if (fits)
		printf("name: \"%s\"\n", name);
	else
		printf("name: %zu bytes are too few, %zu are needed\n", room, needed);
	return true;
}

static bool mistakes(TEEC_Session *session)
{
	TEEC_Operation op = {
		.paramTypes = TEEC_PARAM_TYPES(TEEC_VALUE_INPUT, TEEC_NONE, TEEC_NONE, TEEC_NONE),
	};

	if (!invoke(session, "wrong parameter types", TA_HELLO_WORLD_CMD_INCREMENT, &op,
		    TEEC_ERROR_BAD_PARAMETERS) ||
	    !invoke(session, "no parameters", TA_HELLO_WORLD_CMD_INCREMENT, NULL,
		    TEEC_ERROR_BAD_PARAMETERS) ||
	    !invoke(session, "unknown command", UINT32_MAX, NULL, TEEC_ERROR_NOT_SUPPORTED))
		return false;
	printf("mistakes: all refused\n");
	return true;
}

static bool use_session(TEEC_Session *session)
{
	uint32_t number = 7;
	uint32_t served = 0;

	if (!count_is(session, ++served))
		return false;
	for (int i = 0; i < 5; i++, number++, served++) {
		if (!step(session, "increment", TA_HELLO_WORLD_CMD_INCREMENT, number, number + 1))
			return false;
	}
	for (int i = 0; i < 3; i++, number--, served++) {
		if (!step(session, "decrement", TA_HELLO_WORLD_CMD_DECREMENT, number, number - 1))
			return false;
	}
	if (!step(session, "increment", TA_HELLO_WORLD_CMD_INCREMENT, UINT32_MAX, 0) ||
	    !step(session, "decrement", TA_HELLO_WORLD_CMD_DECREMENT, 0, UINT32_MAX))
		return false;
	served += 2;

	if (!name_with_room(session, 2 * sizeof(TA_HELLO_WORLD_NAME)) ||
	    !name_with_room(session, sizeof(TA_HELLO_WORLD_NAME)))
		return false;
	served += 2;

	/* The TA counts successes: what it refuses does not show. */
	return name_with_room(session, sizeof(TA_HELLO_WORLD_NAME) - 1) &&
	       name_with_room(session, 0) && mistakes(session) && count_is(session, served + 1);
}

static bool open_session(TEEC_Context *context, TEEC_Session *session)
{
	static const TEEC_UUID uuid = TA_HELLO_WORLD_UUID;
	uint32_t origin = 0;
	TEEC_Result res;

	res = TEEC_OpenSession(context, session, &uuid, TEEC_LOGIN_PUBLIC, NULL, NULL, &origin);
	if (check_result("open a session", res, origin, TEEC_SUCCESS, TEEC_ORIGIN_TRUSTED_APP))
		return true;
	if (res == TEEC_SUCCESS)
		TEEC_CloseSession(session);
	else if (res == TEEC_ERROR_ITEM_NOT_FOUND)
		(void)fprintf(stderr,
			      "the TEE has no TA %s: start with its directory as --ta-dir\n",
			      TA_HELLO_WORLD_UUID_STRING);
	return false;
}

/* A second session while the first is open: it has a count of its own. */
static bool use_second_session(TEEC_Context *context)
{
	TEEC_Session session;
	bool ok;

	if (!open_session(context, &session))
		return false;
	ok = count_is(&session, 1);
	TEEC_CloseSession(&session);
	return ok;
}

static bool unknown_ta(TEEC_Context *context)
{
	static const TEEC_UUID nobody = {
		0xffffffff, 0xffff, 0xffff, { 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xfe }
	};
	TEEC_Session session;
	uint32_t origin = 0;
	TEEC_Result res;

	res = TEEC_OpenSession(context, &session, &nobody, TEEC_LOGIN_PUBLIC, NULL, NULL, &origin);
	if (res == TEEC_SUCCESS)
		TEEC_CloseSession(&session);
	return check_result("open a session with a TA that does not exist", res, origin,
			    TEEC_ERROR_ITEM_NOT_FOUND, TEEC_ORIGIN_TEE);
}

int main(void)
{
	TEEC_Context context;
	TEEC_Session session;
	TEEC_Result res;
	bool ok = false;

	res = TEEC_InitializeContext(NULL, &context);
	if (res != TEEC_SUCCESS) {
		(void)fprintf(stderr,
			      "no TEE: expected a GlobalPlatform TEE at /dev/tee0 to /dev/tee9, "
			      "got %s (0x%08" PRIx32 "); is a TEE running?\n",
			      result_to_string(res), res);
		return 1;
	}

	if (open_session(&context, &session)) {
		ok = use_session(&session) && use_second_session(&context);
		TEEC_CloseSession(&session);
	}
	ok = ok && unknown_ta(&context);
	TEEC_FinalizeContext(&context);

	printf("hello_world: %s\n", ok ? "all as expected" : "FAILED");
	return ok ? 0 : 1;
}
