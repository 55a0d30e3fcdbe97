/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * One capability, given to a helper that has no other
 *
 * The program opens the QTEE, shows its credentials, and gets a service: a descriptor.
 * That goes over a socket to a helper process, which has closed everything else, has
 * given up its user id if it was root, and never opens a device. The helper can use
 * that service, and nothing but that service.
 */
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "abi/qtee_rfc.h"

#define SERVICE_DIAGNOSTICS 143u	/* op 0: the state of the heap */
#define CREDENTIALS_ID 1
#define NOBODY 65534

struct heap_info {
	uint32_t total, used, free, overhead, wasted, largest_free;
};

struct invoke {
	struct qcom_tee_object_invoke_arg arg;
	struct qcom_tee_param params[2];
};

static struct qcom_tee_param buffer(uint32_t direction, void *addr, size_t len)
{
	return (struct qcom_tee_param){ .attr = QCOM_TEE_BUFFER, .direction = direction,
					.buffer = { (uintptr_t)addr, len } };
}

static struct qcom_tee_param object_out(void)
{
	return (struct qcom_tee_param){ .attr = QCOM_TEE_OBJECT,
					.direction = QCOM_TEE_OUTPUT };
}

/* 0, or -1 with what went wrong on stderr */
static int invoke(int fd, struct invoke *inv, const char *what)
{
	struct qcom_tee_ioctl_data data = { (uintptr_t)inv, sizeof(*inv) };

	if (ioctl(fd, QCOM_TEE_IOCTL_INVOKE, &data) < 0) {
		fprintf(stderr, "%s: the call did not take place: %s\n", what, strerror(errno));
		return -1;
	}
	if (inv->arg.result) {
		fprintf(stderr, "%s: the QTEE answers %d\n", what, inv->arg.result);
		return -1;
	}
	return 0;
}

/* --- credentials: an object of ours, which the QTEE reads --- */

/* CBOR: { 1: uid, 6: milliseconds since 1970 } */
static size_t make_credentials(uint8_t *out)
{
	uint64_t ms = (uint64_t)time(NULL) * 1000;
	uint32_t uid = getuid();
	size_t n = 0;

	out[n++] = 0xa2;
	out[n++] = 1;
	out[n++] = 0x1a;
	for (int shift = 24; shift >= 0; shift -= 8)
		out[n++] = (uint8_t)(uid >> shift);
	out[n++] = 6;
	out[n++] = 0x1b;
	for (int shift = 56; shift >= 0; shift -= 8)
		out[n++] = (uint8_t)(ms >> shift);
	return n;
}

struct request {
	struct qcom_tee_cb_arg arg;
	struct qcom_tee_param params[4];
	uint8_t room[4096];
};

static int32_t serve(struct request *req, const uint8_t *credentials, uint64_t size)
{
	uint64_t offset;

	/* getLength, then readAtOffset */
	if (req->arg.op == 0 && req->arg.num_params == 1 && req->params[0].buffer.len == 8) {
		memcpy((void *)(uintptr_t)req->params[0].buffer.addr, &size, sizeof(size));
		return 0;
	}
	if (req->arg.op != 1 || req->arg.num_params != 2 || req->params[0].buffer.len != 8)
		return QTEE_ERROR_INVALID;
	memcpy(&offset, (void *)(uintptr_t)req->params[0].buffer.addr, sizeof(offset));
	if (offset >= size)
		return QTEE_ERROR_USERBASE;
	if (req->params[1].buffer.len > size - offset)
		req->params[1].buffer.len = size - offset;
	memcpy((void *)(uintptr_t)req->params[1].buffer.addr, credentials + offset,
	       req->params[1].buffer.len);
	return 0;
}

/* Until the QTEE lets go of the credentials */
static void *credentials_main(void *data)
{
	uint8_t credentials[32];
	size_t size = make_credentials(credentials);
	int server = *(int *)data;
	struct request req;
	struct qcom_tee_ioctl_data arg = { (uintptr_t)&req, sizeof(req) };

	while (ioctl(server, QCOM_TEE_IOCTL_RECEIVE, &arg) == 0 &&
	       req.arg.op != QCOM_TEE_OBJECT_OP_RELEASE) {
		req.arg.result = serve(&req, credentials, size);
		(void)ioctl(server, QCOM_TEE_IOCTL_REPLY, &arg);
	}
	return NULL;
}

/* A client environment: what this program may do in the QTEE. A descriptor, or -1. */
static int get_environment(int root)
{
	struct invoke inv = { .arg = { .op = QTEE_CLIENT_ENV_OP_REGISTER, .num_params = 2 } };
	int server = open("/dev/" QTEE_RFC_SERVER_NAME, O_RDWR | O_CLOEXEC);
	pthread_t thread;
	int r;

	if (server < 0) {
		perror("/dev/" QTEE_RFC_SERVER_NAME);
		return -1;
	}
	if (pthread_create(&thread, NULL, credentials_main, &server)) {
		close(server);
		return -1;
	}
	inv.params[0] = (struct qcom_tee_param){ .attr = QCOM_TEE_OBJECT,
						 .direction = QCOM_TEE_INPUT,
						 .object = { CREDENTIALS_ID, server } };
	inv.params[1] = object_out();
	r = invoke(root, &inv, "registering");
	if (r < 0)
		exit(EXIT_FAILURE);
	pthread_join(thread, NULL);
	close(server);
	return (int)inv.params[1].object.id;
}

static int get_service(int env, uint32_t uid)
{
	struct invoke inv = { .arg = { .op = QTEE_CLIENT_ENV_OP_OPEN, .num_params = 2 } };

	inv.params[0] = buffer(QCOM_TEE_INPUT, &uid, sizeof(uid));
	inv.params[1] = object_out();
	return invoke(env, &inv, "opening the service") < 0 ? -1 : (int)inv.params[1].object.id;
}

static int get_heap_info(int service, struct heap_info *info)
{
	struct invoke inv = { .arg = { .op = 0, .num_params = 1 } };

	inv.params[0] = buffer(QCOM_TEE_OUTPUT, info, sizeof(*info));
	if (invoke(service, &inv, "asking for the heap") < 0)
		return -1;
	return inv.params[0].buffer.len == sizeof(*info) ? 0 : -1;
}

/* --- one descriptor over a socket --- */

union control {
	char buf[CMSG_SPACE(sizeof(int))];
	struct cmsghdr align;
};

static int send_fd(int sock, int fd)
{
	union control control = { { 0 } };
	struct iovec iov = { .iov_base = "", .iov_len = 1 };
	struct msghdr msg = { .msg_iov = &iov, .msg_iovlen = 1, .msg_control = control.buf,
			      .msg_controllen = sizeof(control.buf) };
	struct cmsghdr *c = CMSG_FIRSTHDR(&msg);

	c->cmsg_level = SOL_SOCKET;
	c->cmsg_type = SCM_RIGHTS;
	c->cmsg_len = CMSG_LEN(sizeof(fd));
	memcpy(CMSG_DATA(c), &fd, sizeof(fd));
	return sendmsg(sock, &msg, 0) == 1 ? 0 : -1;
}

static int receive_fd(int sock)
{
	union control control;
	char byte;
	struct iovec iov = { .iov_base = &byte, .iov_len = 1 };
	struct msghdr msg = { .msg_iov = &iov, .msg_iovlen = 1, .msg_control = control.buf,
			      .msg_controllen = sizeof(control.buf) };
	struct cmsghdr *c;
	int fd = -1;

	if (recvmsg(sock, &msg, MSG_CMSG_CLOEXEC) == 1 && (c = CMSG_FIRSTHDR(&msg)) &&
	    c->cmsg_type == SCM_RIGHTS)
		memcpy(&fd, CMSG_DATA(c), sizeof(fd));
	return fd;
}

/* --- the helper --- */

static int helper(int sock)
{
	uint32_t other = SERVICE_DIAGNOSTICS;
	struct invoke inv = { .arg = { .op = QTEE_CLIENT_ENV_OP_OPEN, .num_params = 2 } };
	struct heap_info info;
	int service;

	if (getuid() == 0 && (setgid(NOBODY) || setuid(NOBODY))) {
		perror("helper: cannot become an unprivileged user");
		return EXIT_FAILURE;
	}
	service = receive_fd(sock);
	if (service < 0 || get_heap_info(service, &info) < 0) {
		fprintf(stderr, "helper: the capability does not work\n");
		return EXIT_FAILURE;
	}
	printf("helper (user %u): the QTEE's heap has %u bytes, %u of them free\n",
	       (unsigned int)getuid(), info.total, info.free);
	fflush(stdout);

	/* The service opens no other service: that is what an environment does. */
	inv.params[0] = buffer(QCOM_TEE_INPUT, &other, sizeof(other));
	inv.params[1] = object_out();
	struct qcom_tee_ioctl_data data = { (uintptr_t)&inv, sizeof(inv) };

	if (ioctl(service, QCOM_TEE_IOCTL_INVOKE, &data) == 0 && inv.arg.result == 0) {
		fprintf(stderr, "helper: got more than was given\n");
		return EXIT_FAILURE;
	}
	printf("helper: and nothing else can be had from it\n");
	return EXIT_SUCCESS;
}

int main(void)
{
	int root, env, service, status, pair[2];
	pid_t pid;

	/* Before anything is open that a child could inherit */
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) < 0 || (pid = fork()) < 0) {
		perror("cannot start the helper");
		return EXIT_FAILURE;
	}
	if (pid == 0) {
		close(pair[0]);
		return helper(pair[1]);
	}
	close(pair[1]);

	root = open("/dev/" QTEE_RFC_ROOT_NAME, O_RDWR | O_CLOEXEC);
	if (root < 0) {
		perror("/dev/" QTEE_RFC_ROOT_NAME);
		return EXIT_FAILURE;
	}
	env = get_environment(root);
	service = env < 0 ? -1 : get_service(env, SERVICE_DIAGNOSTICS);
	if (service < 0 || send_fd(pair[0], service) < 0)
		return EXIT_FAILURE;
	/* From here on the helper has the only descriptor. */
	close(service);
	close(env);
	close(root);
	if (waitpid(pid, &status, 0) != pid || !WIFEXITED(status) || WEXITSTATUS(status))
		return EXIT_FAILURE;
	printf("qtee_delegate: all is well\n");
	return EXIT_SUCCESS;
}
