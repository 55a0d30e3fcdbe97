/* SPDX-License-Identifier: BSD-2-Clause */
#include "object_client.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <time.h>
#include <unistd.h>

/* Arguments that a callback may have, and bytes that go with them */
#define MAX_ARGS 15u
#define ROOM 8192u

/* --- the device --- */

static int open_qtee(void)
{
	for (int i = 0; i < 16; i++) {
		struct tee_ioctl_version_data version;
		char path[32];
		int fd;

		snprintf(path, sizeof(path), "/dev/tee%d", i);
		fd = open(path, O_RDWR | O_CLOEXEC);
		if (fd < 0)
			continue;
		if (ioctl(fd, TEE_IOC_VERSION, &version) == 0 &&
		    version.impl_id == TEE_IMPL_ID_QTEE)
			return fd;
		close(fd);
	}
	return -ENODEV;
}

/* --- who we are: {1: uid, 6: milliseconds since 1970} in CBOR --- */

#define CREDENTIALS_SIZE 17u

static void put_number(uint8_t *at, uint64_t value, size_t size)
{
	for (size_t i = 0; i < size; i++)
		at[i] = (uint8_t)(value >> 8 * (size - 1 - i));
}

static void make_credentials(uint8_t credentials[CREDENTIALS_SIZE])
{
	struct timespec now;

	clock_gettime(CLOCK_REALTIME, &now);
	credentials[0] = 0xa2;
	credentials[1] = 1;
	credentials[2] = 0x1a;
	put_number(credentials + 3, getuid(), 4);
	credentials[7] = 6;
	credentials[8] = 0x1b;
	put_number(credentials + 9, (uint64_t)now.tv_sec * 1000, 8);
}

static int32_t serve_credentials(struct object_client *client, uint32_t op,
				 struct tee_ioctl_param *params, uint32_t n, uint8_t *room)
{
	uint8_t credentials[CREDENTIALS_SIZE];
	uint64_t offset, length = sizeof(credentials);

	if (op == QTEE_OBJECT_OP_RELEASE) {
		client->credentials_released++;
		return QTEE_OK;
	}
	if (op == 0 && n == 1 && params[0].b == sizeof(length)) {
		memcpy(room, &length, sizeof(length));
		params[0].a = (uintptr_t)room;
		return QTEE_OK;
	}
	if (op != 1 || n != 2 || params[0].b != sizeof(offset))
		return QTEE_ERROR_INVALID;
	memcpy(&offset, (const void *)(uintptr_t)params[0].a, sizeof(offset));
	if (offset >= length)
		return QTEE_ERROR_INVALID;
	make_credentials(credentials);
	if (params[1].b > length - offset)
		params[1].b = length - offset;
	memcpy(room, credentials + offset, params[1].b);
	params[1].a = (uintptr_t)room;
	return QTEE_OK;
}

/* --- serving --- */

struct request {
	union {
		struct tee_iocl_supp_recv_arg recv;
		struct tee_iocl_supp_send_arg send;
	};
	struct tee_ioctl_param params[1 + MAX_ARGS];
};

static int receive(struct object_client *client, struct request *request, uint8_t *room)
{
	struct tee_ioctl_buf_data data = {
		.buf_ptr = (uintptr_t)request,
		.buf_len = sizeof(*request),
	};

	memset(request, 0, sizeof(*request));
	request->recv.num_params = 1 + MAX_ARGS;
	request->params[0] = (struct tee_ioctl_param){
		.attr = QTEE_SUPP_RECV_META,
		.a = (uintptr_t)room,
		.b = ROOM,
	};
	return ioctl(client->fd, TEE_IOC_SUPPL_RECV, &data);
}

static int answer(struct object_client *client, struct request *request, uint64_t number,
		  uint32_t n, int32_t result)
{
	struct tee_ioctl_buf_data data = {
		.buf_ptr = (uintptr_t)request,
		.buf_len = sizeof(struct tee_iocl_supp_send_arg) +
			   (1 + n) * sizeof(struct tee_ioctl_param),
	};

	request->send.ret = (uint32_t)result;
	request->send.num_params = 1 + n;
	request->params[0] = (struct tee_ioctl_param){
		.attr = QTEE_SUPP_SEND_META,
		.a = number,
	};
	return ioctl(client->fd, TEE_IOC_SUPPL_SEND, &data);
}

static void serve_one(struct object_client *client, struct request *request, uint8_t *room)
{
	const uint64_t id = request->params[0].a, number = request->params[0].b;
	const uint32_t op = request->recv.func, n = request->recv.num_params - 1;
	int32_t result = QTEE_ERROR_BADOBJ;
	uint8_t reply[64];

	/* Cancelled only while nothing happens. */
	pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, NULL);
	if (id == CLIENT_CREDENTIALS)
		result = serve_credentials(client, op, request->params + 1, n, reply);
	else if (client->server)
		result = client->server(client, id, op, request->params + 1, n);
	/* Nobody waits for an answer to a notice. */
	if (op != QTEE_OBJECT_OP_RELEASE)
		(void)answer(client, request, number, n, result);
	pthread_setcancelstate(PTHREAD_CANCEL_ENABLE, NULL);
}

static void *server_main(void *data)
{
	struct object_client *client = data;
	uint64_t room[ROOM / sizeof(uint64_t)];
	struct request request;
	int r;

	do {
		pthread_setcanceltype(PTHREAD_CANCEL_ASYNCHRONOUS, NULL);
		r = receive(client, &request, (uint8_t *)room);
		pthread_setcanceltype(PTHREAD_CANCEL_DEFERRED, NULL);
		if (r == 0)
			serve_one(client, &request, (uint8_t *)room);
	} while (r == 0 || errno == EINTR);
	return NULL;
}

int object_client_open(struct object_client *client, object_server server, void *data,
		       unsigned int n_servers)
{
	*client = (struct object_client){ .server = server, .data = data };
	client->fd = open_qtee();
	if (client->fd < 0)
		return client->fd;
	while (client->n_servers < n_servers) {
		int r = pthread_create(&client->servers[client->n_servers], NULL, server_main,
				       client);

		if (r) {
			object_client_close(client);
			return -r;
		}
		client->n_servers++;
	}
	return 0;
}

void object_client_close(struct object_client *client)
{
	for (unsigned int i = 0; i < client->n_servers; i++)
		pthread_cancel(client->servers[i]);
	for (unsigned int i = 0; i < client->n_servers; i++)
		pthread_join(client->servers[i], NULL);
	close(client->fd);
}

/* --- invoking --- */

int object_invoke(struct object_client *client, uint64_t id, uint32_t op,
		  struct tee_ioctl_param *params, uint32_t num_params, int32_t *ret_result)
{
	struct {
		struct tee_ioctl_object_invoke_arg arg;
		struct tee_ioctl_param params[QTEE_MSG_ARGS_MAX];
	} buf = { .arg = { .id = id, .op = op, .num_params = num_params } };
	struct tee_ioctl_buf_data data = {
		.buf_ptr = (uintptr_t)&buf,
		.buf_len = sizeof(buf.arg) + num_params * sizeof(*params),
	};

	if (num_params > QTEE_MSG_ARGS_MAX)
		return -EINVAL;
	for (uint32_t i = 0; i < num_params; i++)
		buf.params[i] = params[i];
	if (ioctl(client->fd, TEE_IOC_OBJECT_INVOKE, &data) < 0)
		return -errno;
	for (uint32_t i = 0; i < num_params; i++)
		params[i] = buf.params[i];
	*ret_result = (int32_t)buf.arg.ret;
	return 0;
}

int object_release(struct object_client *client, uint64_t id)
{
	int32_t ignored;

	return object_invoke(client, id, QTEE_OBJECT_OP_RELEASE, NULL, 0, &ignored);
}

struct tee_ioctl_param object_in(const void *data, size_t size)
{
	return (struct tee_ioctl_param){
		.attr = TEE_IOCTL_PARAM_ATTR_TYPE_UBUF_INPUT,
		.a = (uintptr_t)data,
		.b = size,
	};
}

struct tee_ioctl_param object_out(void *data, size_t size)
{
	return (struct tee_ioctl_param){
		.attr = TEE_IOCTL_PARAM_ATTR_TYPE_UBUF_OUTPUT,
		.a = (uintptr_t)data,
		.b = size,
	};
}

struct tee_ioctl_param object_ref(uint64_t id, uint64_t flags)
{
	return (struct tee_ioctl_param){
		.attr = TEE_IOCTL_PARAM_ATTR_TYPE_OBJREF_INPUT,
		.a = id,
		.b = flags,
	};
}

struct tee_ioctl_param object_null(void)
{
	return object_ref(TEE_OBJREF_NULL, 0);
}

struct tee_ioctl_param object_result(void)
{
	return (struct tee_ioctl_param){ .attr = TEE_IOCTL_PARAM_ATTR_TYPE_OBJREF_OUTPUT };
}

int object_client_register(struct object_client *client, uint64_t *ret_env, int32_t *ret_result)
{
	struct tee_ioctl_param params[] = {
		object_ref(CLIENT_CREDENTIALS, QTEE_OBJREF_USER),
		object_result(),
	};
	int r = object_invoke(client, CLIENT_ROOT, QTEE_CLIENT_ENV_OP_REGISTER, params, 2,
			      ret_result);

	*ret_env = params[1].a;
	return r;
}

int object_env_open(struct object_client *client, uint64_t env, uint32_t uid,
		    uint64_t *ret_service, int32_t *ret_result)
{
	struct tee_ioctl_param params[] = { object_in(&uid, sizeof(uid)), object_result() };
	int r = object_invoke(client, env, QTEE_CLIENT_ENV_OP_OPEN, params, 2, ret_result);

	*ret_service = params[1].a;
	return r;
}
