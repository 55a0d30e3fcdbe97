/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A client of the object ioctls, as short as one can be
 *
 * It opens the device of a QTEE, invokes objects there, and has a thread that serves
 * the objects that the client itself hosts. Object numbers below CLIENT_FIRST_OBJECT
 * are its own business: CLIENT_CREDENTIALS tells who the client is.
 */
#ifndef OBJECT_CLIENT_H
#define OBJECT_CLIENT_H

#include <pthread.h>
#include <stddef.h>
#include <stdint.h>

#include "abi/qtee_tee.h"

#define CLIENT_CREDENTIALS 1u
#define CLIENT_FIRST_OBJECT 100u
#define CLIENT_MAX_SERVERS 16u
#define CLIENT_ROOT TEE_OBJREF_NULL

struct object_client;

/*
 * Somebody invoked object @id of the client. @params are those of the invocation: for an
 * input buffer, a and b are address and size; for an output buffer b is the room, and a
 * and b are to be set to what is to be sent; output objects are to be set. Returns the
 * result. An @op of QTEE_OBJECT_OP_RELEASE: nobody refers to it any more.
 */
typedef int32_t (*object_server)(struct object_client *client, uint64_t id, uint32_t op,
				 struct tee_ioctl_param *params, uint32_t num_params);

struct object_client {
	int fd;
	object_server server;
	void *data;		/* the server's own */
	unsigned int n_servers;
	pthread_t servers[CLIENT_MAX_SERVERS];
	_Atomic uint32_t credentials_released;
};

/*
 * Open the QTEE's device and serve with @n_servers threads; @server may be NULL. 0 or
 * negative errno.
 */
int object_client_open(struct object_client *client, object_server server, void *data,
		       unsigned int n_servers);
/* Gives up everything. */
void object_client_close(struct object_client *client);

/* 0 and *@ret_result, or negative errno of the ioctl. */
int object_invoke(struct object_client *client, uint64_t id, uint32_t op,
		  struct tee_ioctl_param *params, uint32_t num_params, int32_t *ret_result);
int object_release(struct object_client *client, uint64_t id);

/* Parameters */
struct tee_ioctl_param object_in(const void *data, size_t size);
struct tee_ioctl_param object_out(void *data, size_t size);
struct tee_ioctl_param object_ref(uint64_t id, uint64_t flags);	/* an input object */
struct tee_ioctl_param object_null(void);
struct tee_ioctl_param object_result(void);			/* an output object */

/* Say who we are: an environment; then open service @uid in it. As object_invoke(). */
int object_client_register(struct object_client *client, uint64_t *ret_env,
			   int32_t *ret_result);
int object_env_open(struct object_client *client, uint64_t env, uint32_t uid,
		    uint64_t *ret_service, int32_t *ret_result);

#endif /* OBJECT_CLIENT_H */
