/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Bad input through the real device: each gets its answer, and the instance goes
 * on as if nothing had been. What single ioctls refuse is in tests/rows.
 */
#include "fixture.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "abi/tee.h"
#include "bad_tas.h"
#include "hello_world_ta.h"
#include "test_tas.h"

#define BAD_FORMAT 0xFFFF0005u
#define NOT_SUPPORTED 0xFFFF000Au
#define SECURITY 0xFFFF000Fu

static const TEEC_UUID hello = TA_HELLO_WORLD_UUID;

/* --- images --- */

/* Origin TEE: no TA ran. */
static void check_open(const TEEC_UUID *uuid, TEEC_Result want, const char *what)
{
	struct client client;
	uint32_t origin = 0;
	TEEC_Result res = client_try_open(&client, uuid, &origin);

	CHECK(res == want, "%s: 0x%08x instead of 0x%08x", what, res, want);
	CHECK_EQ(origin, TEEC_ORIGIN_TEE);
}

static void check_images(void)
{
	static const TEEC_UUID unknown = { 0x11111111, 0x2222, 0x3333, { 4, 4, 4, 4, 5, 5, 5, 5 } };
	static const TEEC_UUID no_entry = TEST_TA_NO_ENTRY_UUID;
	static const TEEC_UUID missing = TEST_TA_MISSING_SYMBOL_UUID;
	static const TEEC_UUID no_elf = TA_NO_ELF_UUID;
	static const TEEC_UUID empty = TA_EMPTY_UUID;
	static const TEEC_UUID truncated = TA_TRUNCATED_UUID;
	static const TEEC_UUID directory = TA_DIRECTORY_UUID;
	static const TEEC_UUID other = TA_OTHER_UUID;

	check_open(&unknown, TEEC_ERROR_ITEM_NOT_FOUND, "unknown UUID");
	check_open(&no_elf, BAD_FORMAT, "a TA that is no ELF");
	check_open(&empty, BAD_FORMAT, "an empty TA");
	check_open(&truncated, BAD_FORMAT, "half a TA");
	check_open(&directory, BAD_FORMAT, "a directory in the place of a TA");
	check_open(&other, SECURITY, "a TA under another UUID than its own");
	check_open(&no_entry, BAD_FORMAT, "a TA without entry points");
	check_open(&missing, NOT_SUPPORTED, "a TA that calls a function that is not there");
}

/* --- parameters of the TA --- */

static void check_ta_params(void)
{
	TEEC_Operation op = { .paramTypes = TEEC_PARAM_TYPES(TEEC_NONE, TEEC_VALUE_INPUT, TEEC_NONE,
							     TEEC_NONE) };
	struct client client;
	uint32_t origin;

	client_open(&client, &hello);
	CHECK_EQ(TEEC_InvokeCommand(&client.session, TA_HELLO_WORLD_CMD_INCREMENT, &op, &origin),
		 TEEC_ERROR_BAD_PARAMETERS);
	CHECK_EQ(origin, TEEC_ORIGIN_TRUSTED_APP);
	CHECK_EQ(TEEC_InvokeCommand(&client.session, 0xabcdef, NULL, &origin), NOT_SUPPORTED);
	CHECK_EQ(origin, TEEC_ORIGIN_TRUSTED_APP);
	client_close(&client);
}

/* --- the wire itself --- */

/* Garbage on the connection is dropped; the context goes on. */
static void check_garbage(int tee)
{
	struct tee_ioctl_version_data version;
	uint8_t junk[5000];

	memset(junk, 0xa5, sizeof(junk));
	for (int i = 0; i < 50; i++)
		(void)send(tee, junk, (size_t)i * 100 + 1, MSG_NOSIGNAL | MSG_DONTWAIT);
	CHECK_EQ(ioctl(tee, TEE_IOC_VERSION, &version), 0);
	CHECK_EQ(version.impl_id, TEE_IMPL_ID_OPTEE);
}

int main(int argc, char **argv)
{
	struct instance instance;
	struct counts before;
	int tee;

	instance_find(&instance);
	instance_warm_up(&instance);
	check_ta_params();
	counts_take(&instance, &before);

	check_images();
	tee = open("/dev/tee0", O_RDWR | O_CLOEXEC);
	CHECK(tee >= 0, "open: %s", strerror(errno));
	check_garbage(tee);
	close(tee);
	CHECK_EQ(open("/dev/tee7", O_RDWR), -1);
	CHECK_EQ(errno, ENOENT);
	check_ta_params();
	counts_settle(&instance, &before);
	return 0;
}
