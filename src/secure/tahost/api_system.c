/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * TEE Internal Core API: panic (GPD_SPE_010, 4.8), cancellation (4.10), random
 * numbers (6.9), time (7.2); OP-TEE's UUID parser
 */
#include "secure/tahost/api.h"

#include <errno.h>
#include <sys/random.h>
#include <time.h>

#include "base/uuid.h"
#include "secure/tahost/ta_uuid.h"

void TEE_Panic(TEE_Result panicCode)
{
	host_panic(panicCode, "TEE_Panic() by the TA");
}

/* --- cancellation: the trusted OS has flag and mask of the session --- */

bool TEE_GetCancellationFlag(void)
{
	struct tahost_sys sys = { .nr = TAHOST_SYS_GET_CANCEL };

	host_syscall(&sys);
	return sys.a[0] != 0;
}

static bool set_cancellation_mask(bool mask)
{
	struct tahost_sys sys = { .nr = TAHOST_SYS_MASK_CANCEL, .a = { mask } };

	host_syscall(&sys);
	return sys.a[0] != 0;
}

bool TEE_MaskCancellation(void)
{
	return set_cancellation_mask(true);
}

bool TEE_UnmaskCancellation(void)
{
	return set_cancellation_mask(false);
}

/* --- random numbers --- */

void TEE_GenerateRandom(void *randomBuffer, size_t randomBufferLen)
{
	uint8_t *at = randomBuffer;

	api_check_outbuf("TEE_GenerateRandom(randomBuffer)", randomBuffer, randomBufferLen);
	while (randomBufferLen) {
		ssize_t n = getrandom(at, randomBufferLen, 0);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			host_panic(TEE_ERROR_GENERIC, "TEE_GenerateRandom: %s", strerror(errno));
		at += n;
		randomBufferLen -= (size_t)n;
	}
}

void __GP11_TEE_GenerateRandom(void *randomBuffer, uint32_t randomBufferLen)
{
	TEE_GenerateRandom(randomBuffer, randomBufferLen);
}

/* --- time --- */

void TEE_GetSystemTime(TEE_Time *time)
{
	struct timespec ts;

	api_check_out("TEE_GetSystemTime(time)", time, sizeof(*time));
	(void)clock_gettime(CLOCK_MONOTONIC, &ts);
	time->seconds = (uint32_t)ts.tv_sec;
	time->millis = (uint32_t)(ts.tv_nsec / 1000000);
}

TEE_Result TEE_Wait(uint32_t timeout)
{
	struct tahost_sys sys = { .nr = TAHOST_SYS_WAIT, .a = { timeout } };

	host_syscall(&sys);
	if (sys.result != TEE_SUCCESS && sys.result != TEE_ERROR_CANCEL)
		host_panic(sys.result, "TEE_Wait: the trusted OS answered 0x%08x", sys.result);
	return sys.result;
}

/* The words that the trusted OS answers a question for the time with */
static void time_from_sys(const struct tahost_sys *sys, TEE_Time *time)
{
	time->seconds = (uint32_t)sys->a[0];
	time->millis = (uint32_t)sys->a[1];
}

void TEE_GetREETime(TEE_Time *time)
{
	struct tahost_sys sys = { .nr = TAHOST_SYS_GET_REE_TIME };

	api_check_out("TEE_GetREETime(time)", time, sizeof(*time));
	host_syscall(&sys);
	time_from_sys(&sys, time);
}

TEE_Result TEE_GetTAPersistentTime(TEE_Time *time)
{
	struct tahost_sys sys = { .nr = TAHOST_SYS_GET_TA_TIME };

	api_check_out("TEE_GetTAPersistentTime(time)", time, sizeof(*time));
	host_syscall(&sys);
	switch (sys.result) {
	case TEE_SUCCESS:
	case TEE_ERROR_OVERFLOW:
		time_from_sys(&sys, time);
		break;
	case TEE_ERROR_TIME_NOT_SET:
	case TEE_ERROR_TIME_NEEDS_RESET:
	case TEE_ERROR_OUT_OF_MEMORY:
		*time = (TEE_Time){ .seconds = 0 };
		break;
	default:
		host_panic(sys.result, "TEE_GetTAPersistentTime: the trusted OS answered 0x%08x",
			   sys.result);
	}
	return sys.result;
}

TEE_Result TEE_SetTAPersistentTime(const TEE_Time *time)
{
	struct tahost_sys sys = { .nr = TAHOST_SYS_SET_TA_TIME };

	api_check_in("TEE_SetTAPersistentTime(time)", time, sizeof(*time));
	sys.a[0] = time->seconds;
	sys.a[1] = time->millis;
	host_syscall(&sys);
	if (sys.result != TEE_SUCCESS && sys.result != TEE_ERROR_OUT_OF_MEMORY &&
	    sys.result != TEE_ERROR_STORAGE_NO_SPACE)
		host_panic(sys.result, "TEE_SetTAPersistentTime: the trusted OS answered 0x%08x",
			   sys.result);
	return sys.result;
}

/* --- OP-TEE's --- */

TEE_Result tee_uuid_from_str(TEE_UUID *uuid, const char *s)
{
	uint8_t octets[16];

	if (!s || uuid_from_string(s, octets) < 0)
		return TEE_ERROR_BAD_FORMAT;
	ta_uuid_from_octets(octets, uuid);
	return TEE_SUCCESS;
}
