/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Bad input through the real device: each gets its answer, and the instance goes
 * on as if nothing had been. Rows "Nx" are those of the facts' negative tests.
 */
#include "fixture.h"

#include <errno.h>
#include <fcntl.h>
#include <stdatomic.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#include "abi/tee.h"
#include "bad_tas.h"
#include "hello_world_ta.h"
#include "shared_memory_ta.h"
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

/* --- ioctls --- */

union invoke {
	struct tee_ioctl_invoke_arg arg;
	uint8_t room[sizeof(struct tee_ioctl_invoke_arg) + 8 * sizeof(struct tee_ioctl_param)];
};

static int do_invoke(int tee, union invoke *invoke, size_t len)
{
	struct tee_ioctl_buf_data data = { .buf_ptr = (uintptr_t)invoke, .buf_len = len };

	return ioctl(tee, TEE_IOC_INVOKE, &data) < 0 ? errno : 0;
}

static size_t invoke_len(unsigned int n)
{
	return sizeof(struct tee_ioctl_invoke_arg) + n * sizeof(struct tee_ioctl_param);
}

static void check_ioctls(int tee)
{
	struct tee_ioctl_version_data version;
	struct tee_ioctl_shm_alloc_data alloc = { .size = 1 };
	union invoke invoke = { 0 };
	int fd;

	CHECK_EQ(ioctl(tee, _IO(TEE_IOC_MAGIC, 11)), -1);		/* N1 */
	CHECK_EQ(errno, EINVAL);
	CHECK_EQ(ioctl(tee, TEE_IOC_VERSION, NULL), -1);		/* N5 */
	CHECK_EQ(errno, EFAULT);
	CHECK_EQ(ioctl(tee, TEE_IOC_VERSION, &version), 0);
	CHECK_EQ(version.impl_id, TEE_IMPL_ID_OPTEE);
	CHECK(version.gen_caps & TEE_GEN_CAP_GP, "caps 0x%x", version.gen_caps);
	CHECK(!(version.gen_caps & TEE_GEN_CAP_PRIVILEGED), "caps 0x%x", version.gen_caps); /* N7 */

	fd = ioctl(tee, TEE_IOC_SHM_ALLOC, &alloc);			/* N19 */
	CHECK(fd >= 0, "SHM_ALLOC: %s", strerror(errno));
	CHECK_EQ(alloc.size, 4096);
	CHECK(alloc.id >= 1, "id %d", alloc.id);
	CHECK_EQ(fcntl(fd, F_GETFD), 0);				/* N45 */
	CHECK_EQ(ioctl(fd, TEE_IOC_VERSION, &version), -1);		/* N44 */
	CHECK_EQ(errno, ENOTTY);
	close(fd);
	alloc = (struct tee_ioctl_shm_alloc_data){ .size = 4096, .flags = 1 };
	CHECK_EQ(ioctl(tee, TEE_IOC_SHM_ALLOC, &alloc), -1);		/* N15 */
	CHECK_EQ(errno, EINVAL);
	alloc = (struct tee_ioctl_shm_alloc_data){ .size = 0 };
	CHECK_EQ(ioctl(tee, TEE_IOC_SHM_ALLOC, &alloc), -1);		/* N17 */
	CHECK_EQ(errno, ENOMEM);
	alloc = (struct tee_ioctl_shm_alloc_data){ .size = 1ull << 63 };
	CHECK_EQ(ioctl(tee, TEE_IOC_SHM_ALLOC, &alloc), -1);		/* N18 */
	CHECK_EQ(errno, ENOMEM);

	CHECK_EQ(do_invoke(tee, &invoke, 23), EINVAL);			/* N66 */
	CHECK_EQ(do_invoke(tee, &invoke, 4097), EINVAL);
	invoke.arg.ret = 0x1234;
	invoke.arg.session = 12345;
	CHECK_EQ(do_invoke(tee, &invoke, invoke_len(0)), EINVAL);	/* N67 */
	CHECK_EQ(invoke.arg.ret, 0x1234);
	invoke.arg.num_params = 1;
	CHECK_EQ(do_invoke(tee, &invoke, invoke_len(0)), EINVAL);
	invoke.arg.num_params = 0x08000000;				/* N52 */
	CHECK_EQ(do_invoke(tee, &invoke, invoke_len(0)), EINVAL);
	CHECK_EQ(do_invoke(tee, (union invoke *)8, invoke_len(0)), EFAULT); /* N53 */
}

/* One parameter of an invoke of @session */
static int with_param(int tee, uint32_t session, uint64_t attr, uint64_t a, uint64_t b, uint64_t c)
{
	union invoke invoke = { .arg = { .session = session, .num_params = 1 } };

	invoke.arg.params[0] = (struct tee_ioctl_param){ attr, a, b, c };
	return do_invoke(tee, &invoke, invoke_len(1));
}

static void check_params(int tee, uint32_t session)
{
	struct tee_ioctl_shm_alloc_data alloc = { .size = 4096 };
	union invoke invoke = { .arg = { .session = session, .num_params = 7 } };
	int other = open("/dev/tee0", O_RDWR | O_CLOEXEC);
	int fd = ioctl(tee, TEE_IOC_SHM_ALLOC, &alloc);
	uint64_t id = (uint64_t)alloc.id;

	CHECK(fd >= 0 && other >= 0, "set-up");
	CHECK_EQ(do_invoke(tee, &invoke, invoke_len(7)), EINVAL);		/* N70 */
	CHECK_EQ(with_param(tee, session, 4, 0, 0, 0), EINVAL);			/* N71 */
	CHECK_EQ(with_param(tee, session, 14, 0, 0, 0), EINVAL);		/* N72 */
	CHECK_EQ(with_param(tee, session, 0x201, 0, 0, 0), EINVAL);		/* N73 */
	CHECK_EQ(with_param(tee, session, 1ull << 63, 0, 0, 0), EINVAL);	/* N74 */
	CHECK_EQ(with_param(tee, session, 0x103, 0, 0, 0), EINVAL);		/* N75 */
	CHECK_EQ(with_param(tee, session, 8, 0x1000, 8, 0), EINVAL);		/* N76 */
	CHECK_EQ(with_param(tee, session, 8, 1ull << 63, 8, 0), EFAULT);	/* N77 */
	CHECK_EQ(with_param(tee, session, 5, 0, 0, 0), EINVAL);			/* N80 */
	CHECK_EQ(with_param(tee, session, 5, 0, 0, 99999), EINVAL);		/* N81 */
	CHECK_EQ(with_param(tee, session, 5, 0, 0, 0xFFFFFFFEu), EINVAL);	/* N84 */
	CHECK_EQ(with_param(tee, session, 5, 0, 0, id + (1ull << 32)), EINVAL);	/* N85: strict */
	CHECK_EQ(with_param(tee, session, 5, 4096, 1, id), EINVAL);		/* N88 */
	CHECK_EQ(with_param(tee, session, 5, 4096, 0, id), 0);			/* N89 */
	CHECK_EQ(with_param(tee, session, 5, UINT64_MAX, 2, id), EINVAL);	/* N90 */
	CHECK_EQ(with_param(tee, session, 5, 0, UINT64_MAX, id), EINVAL);	/* N91 */
	/* A session and memory of this context, used through another one */
	CHECK_EQ(with_param(other, session, 0, 0, 0, 0), EINVAL);		/* N68 */
	close(fd);
	for (int i = 0; i < 200 && with_param(tee, session, 5, 0, 0, id) == 0; i++)
		sleep_ms(10);
	CHECK_EQ(with_param(tee, session, 5, 0, 0, id), EINVAL);		/* N86 */
	close(other);
}

static uint32_t raw_open_session(int tee, const TEEC_UUID *uuid, int *ret_errno, uint32_t *ret_res)
{
	struct tee_ioctl_open_session_arg arg = { 0 };
	struct tee_ioctl_buf_data data = { .buf_ptr = (uintptr_t)&arg, .buf_len = sizeof(arg) };

	for (int i = 0; i < 4; i++)
		arg.uuid[i] = (uint8_t)(uuid->timeLow >> (24 - 8 * i));
	for (int i = 0; i < 2; i++) {
		arg.uuid[4 + i] = (uint8_t)(uuid->timeMid >> (8 - 8 * i));
		arg.uuid[6 + i] = (uint8_t)(uuid->timeHiAndVersion >> (8 - 8 * i));
	}
	memcpy(arg.uuid + 8, uuid->clockSeqAndNode, 8);
	*ret_errno = ioctl(tee, TEE_IOC_OPEN_SESSION, &data) < 0 ? errno : 0;
	*ret_res = arg.ret;
	return arg.session;
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
	uint32_t session, res;
	int tee, err;

	instance_find(&instance);
	instance_warm_up(&instance);
	check_ta_params();
	counts_take(&instance, &before);

	check_images();
	tee = open("/dev/tee0", O_RDONLY | O_CLOEXEC);			/* N13 */
	CHECK(tee >= 0, "open read only: %s", strerror(errno));
	check_ioctls(tee);
	session = raw_open_session(tee, &hello, &err, &res);
	CHECK(err == 0 && res == 0, "open session: %d, 0x%08x", err, res);
	check_params(tee, session);
	check_garbage(tee);
	close(tee);
	CHECK_EQ(open("/dev/tee7", O_RDWR), -1);
	CHECK_EQ(errno, ENOENT);
	check_ta_params();
	counts_settle(&instance, &before);
	return 0;
}
