/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Who a trusted application is told its client is: what the kernel knows of the
 * calling thread, by the scheme and the vectors of facts/tee-uapi 1.8, whatever the
 * client says of itself and whoever opened the device.
 */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include "fixture.h"

#include <endian.h>
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <pthread.h>
#include <sched.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "test_tas.h"

static const TEEC_UUID session_ta = TEST_TA_SESSION_UUID;

#define NOBODY "00000000-0000-0000-0000-000000000000"
#define UID_0 "ef0180a3-13f3-5d1c-b7f5-888c0e21059a"
#define UID_1000 "fc34275c-d8dd-5ba7-968b-504718363b87"
#define GID_0 "d93bc168-f863-58d3-a1fe-bb2039421b99"
#define GID_1000 "0ece43ed-001d-51bd-bab7-480c8954c3cf"
#define GID_27 "30b6f4b2-b509-51da-afb7-5ef7d73dd901"

/* Opened by the parent, as root: what its children are does not depend on it. */
static TEEC_Context ctx;

/* The result of the login; on success what the TA was told is checked. */
static TEEC_Result login(uint32_t method, uint32_t gid, const char *expected)
{
	uint32_t data[4] = { gid, 0xffffffff, 0xffffffff, 0xffffffff }, origin;
	TEEC_Operation op = { 0 };
	TEEC_Session session;
	char text[37];
	TEEC_UUID uuid;
	TEEC_Result res;

	res = TEEC_OpenSession(&ctx, &session, &session_ta, method, data, NULL, &origin);
	if (res != TEEC_SUCCESS)
		return res;
	op.paramTypes = TEEC_PARAM_TYPES(TEEC_VALUE_OUTPUT, TEEC_MEMREF_TEMP_OUTPUT, TEEC_NONE,
					 TEEC_NONE);
	op.params[1].tmpref.buffer = &uuid;
	op.params[1].tmpref.size = sizeof(uuid);
	CHECK_EQ(TEEC_InvokeCommand(&session, TEST_SESSION_CMD_IDENTITY, &op, &origin),
		 TEEC_SUCCESS);
	snprintf(text, sizeof(text), "%08x-%04x-%04x-%02x%02x-%02x%02x%02x%02x%02x%02x",
		 uuid.timeLow, uuid.timeMid, uuid.timeHiAndVersion, uuid.clockSeqAndNode[0],
		 uuid.clockSeqAndNode[1], uuid.clockSeqAndNode[2], uuid.clockSeqAndNode[3],
		 uuid.clockSeqAndNode[4], uuid.clockSeqAndNode[5], uuid.clockSeqAndNode[6],
		 uuid.clockSeqAndNode[7]);
	CHECK_EQ(op.params[0].value.a, method);
	if (expected)
		CHECK(!strcmp(text, expected), "the TA was told %s, not %s", text, expected);
	TEEC_CloseSession(&session);
	return res;
}

static void in_child(void (*fn)(void))
{
	int status;
	pid_t pid = fork();

	CHECK(pid >= 0, "fork");
	if (pid == 0) {
		fn();
		exit(0);
	}
	CHECK_EQ(waitpid(pid, &status, 0), pid);
	CHECK(WIFEXITED(status) && WEXITSTATUS(status) == 0, "a child failed: 0x%x", status);
}

static void as_anybody(void)
{
	CHECK_EQ(login(TEEC_LOGIN_PUBLIC, 0, NOBODY), TEEC_SUCCESS);
	CHECK_EQ(login(TEEC_LOGIN_USER, 0, NULL), TEEC_SUCCESS);
	/* core N62 */
	CHECK_EQ(login(TEEC_LOGIN_GROUP, 0xffffffff, NULL), TEEC_ERROR_GENERIC);
	/* core N56, N58, N59: EPERM and EINVAL as libteec reports them */
	CHECK_EQ(login(0x80000000, 0, NULL), TEEC_ERROR_GENERIC);
	CHECK_EQ(login(0xc0000000, 0, NULL), TEEC_ERROR_BAD_PARAMETERS);
	for (uint32_t method = 3; method < 7; method++)
		CHECK_EQ(login(method, 0, NULL), TEEC_ERROR_BAD_PARAMETERS);
}

static void as_root(void)
{
	CHECK_EQ(login(TEEC_LOGIN_USER, 1000, UID_0), TEEC_SUCCESS);
	CHECK_EQ(setgroups(0, NULL), 0);
	CHECK_EQ(login(TEEC_LOGIN_GROUP, 0, GID_0), TEEC_SUCCESS);
	/* core N61: root is no member of everything */
	CHECK_EQ(login(TEEC_LOGIN_GROUP, 27, NULL), TEEC_ERROR_GENERIC);
}

static void as_user(void)
{
	static const gid_t groups[] = { 4, 27, 65533 };

	CHECK_EQ(setgroups(3, groups), 0);
	CHECK_EQ(setresgid(1000, 1000, 1000), 0);
	CHECK_EQ(setresuid(1000, 1000, 1000), 0);
	CHECK_EQ(login(TEEC_LOGIN_PUBLIC, 27, NOBODY), TEEC_SUCCESS);
	CHECK_EQ(login(TEEC_LOGIN_USER, 0, UID_1000), TEEC_SUCCESS);
	CHECK_EQ(login(TEEC_LOGIN_GROUP, 1000, GID_1000), TEEC_SUCCESS);
	CHECK_EQ(login(TEEC_LOGIN_GROUP, 27, GID_27), TEEC_SUCCESS);
	CHECK_EQ(login(TEEC_LOGIN_GROUP, 65533, NULL), TEEC_SUCCESS);
	CHECK_EQ(login(TEEC_LOGIN_GROUP, 0, NULL), TEEC_ERROR_GENERIC);
	CHECK_EQ(login(TEEC_LOGIN_GROUP, 2, NULL), TEEC_ERROR_GENERIC);
}

/* The effective ids count, not the real ones, and those of now. */
static void as_effective_user(void)
{
	CHECK_EQ(login(TEEC_LOGIN_USER, 0, UID_0), TEEC_SUCCESS);
	CHECK_EQ(setgroups(0, NULL), 0);
	CHECK_EQ(setresgid(-1, 27, -1), 0);
	CHECK_EQ(setresuid(-1, 1000, -1), 0);
	CHECK_EQ(login(TEEC_LOGIN_USER, 0, UID_1000), TEEC_SUCCESS);
	CHECK_EQ(login(TEEC_LOGIN_GROUP, 27, GID_27), TEEC_SUCCESS);
	CHECK_EQ(login(TEEC_LOGIN_GROUP, 0, NULL), TEEC_ERROR_GENERIC);
	CHECK_EQ(setresuid(-1, 0, -1), 0);
	CHECK_EQ(login(TEEC_LOGIN_USER, 0, UID_0), TEEC_SUCCESS);
}

static void *other_user_thread(void *data)
{
	/* libc's setresuid() changes all threads; the system call this one only. */
	CHECK_EQ(syscall(SYS_setresuid, -1, 1000, -1), 0);
	CHECK_EQ(login(TEEC_LOGIN_USER, 0, UID_1000), TEEC_SUCCESS);
	return NULL;
}

static void as_two_threads(void)
{
	pthread_t thread;

	CHECK_EQ(login(TEEC_LOGIN_USER, 0, UID_0), TEEC_SUCCESS);
	CHECK_EQ(pthread_create(&thread, NULL, other_user_thread, NULL), 0);
	CHECK_EQ(pthread_join(thread, NULL), 0);
	CHECK_EQ(login(TEEC_LOGIN_USER, 0, UID_0), TEEC_SUCCESS);
}

static bool write_file(pid_t pid, const char *name, const char *text)
{
	char path[64];
	bool ok;
	int fd;

	snprintf(path, sizeof(path), "/proc/%d/%s", (int)pid, name);
	fd = open(path, O_WRONLY | O_CLOEXEC);
	ok = fd >= 0 && write(fd, text, strlen(text)) == (ssize_t)strlen(text);
	close(fd);
	return ok;
}

/* In a user namespace numbers are its own; the TEE is told the system's. */
static void in_user_namespace(void)
{
	int go[2], unshared[2], status;
	char byte = 0;
	pid_t pid;

	CHECK(pipe(go) == 0 && pipe(unshared) == 0, "pipe");
	pid = fork();
	if (pid == 0) {
		byte = (char)(unshare(CLONE_NEWUSER) == 0);
		CHECK_EQ(write(unshared[1], &byte, 1), 1);
		CHECK_EQ(read(go[0], &byte, 1), 1);
		if (!byte)
			exit(0);
		CHECK_EQ(setresgid(5, 5, 5), 0);
		CHECK_EQ(setresuid(7, 7, 7), 0);
		CHECK_EQ(login(TEEC_LOGIN_USER, 0, UID_1000), TEEC_SUCCESS);
		CHECK_EQ(login(TEEC_LOGIN_GROUP, 5, GID_27), TEEC_SUCCESS);
		CHECK_EQ(login(TEEC_LOGIN_GROUP, 27, NULL), TEEC_ERROR_GENERIC);
		CHECK_EQ(login(TEEC_LOGIN_GROUP, 0, NULL), TEEC_ERROR_GENERIC);
		exit(0);
	}
	CHECK_EQ(read(unshared[0], &byte, 1), 1);
	if (byte && (!write_file(pid, "uid_map", "7 1000 1\n0 0 1\n") ||
		     !write_file(pid, "gid_map", "5 27 1\n0 0 1\n")))
		byte = 0;
	if (!byte)
		fprintf(stderr, "no user namespaces here: that part is not tested\n");
	CHECK_EQ(write(go[1], &byte, 1), 1);
	CHECK_EQ(waitpid(pid, &status, 0), pid);
	CHECK(WIFEXITED(status) && WEXITSTATUS(status) == 0, "0x%x", status);
}

int main(void)
{
	CHECK_EQ(TEEC_InitializeContext(NULL, &ctx), TEEC_SUCCESS);
	in_child(as_anybody);
	if (geteuid() != 0) {
		fprintf(stderr, "not root: other users are not tested\n");
		return 0;
	}
	in_child(as_root);
	in_child(as_user);
	in_child(as_effective_user);
	in_child(as_two_threads);
	in_user_namespace();
	TEEC_FinalizeContext(&ctx);
	return 0;
}
