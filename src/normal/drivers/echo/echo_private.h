/* SPDX-License-Identifier: BSD-2-Clause */
/* What the files of the echo driver share */
#ifndef NORMAL_DRIVERS_ECHO_PRIVATE_H
#define NORMAL_DRIVERS_ECHO_PRIVATE_H

#include <linux/atomic.h>
#include <linux/idr.h>
#include <linux/list.h>
#include <linux/mutex.h>
#include <linux/wait.h>

#include "abi/echo.h"
#include "abi/tee_result.h"
#include "normal/drivers/echo/echo.h"
#include "normal/tee/tee_core.h"

/**
 * struct echo_supp - the queue between sessions and the supplicant
 * @mutex: guards all but @wq
 * @ctx: the supplicant's, NULL while there is none
 * @reqs: requests that nobody has taken yet
 * @idr: all requests, by the number that the supplicant knows them by
 * @wq: a supplicant's thread waits here for a request
 */
struct echo_supp {
	struct mutex mutex;
	struct tee_context *ctx;
	struct list_head reqs;
	struct idr idr;
	struct wait_queue_head wq;
};

/**
 * struct echo_context - what the driver knows of one open file, in ctx->data
 * @sessions: by the number that the client knows them by, from 1
 * @wq: of the calls that wait
 */
struct echo_context {
	struct mutex mutex;
	struct idr sessions;
	struct wait_queue_head wq;
};

/**
 * struct echo - one instance: two devices over one pool
 * @n_registered: memory known to "the TEE"; @n_sessions: open, of all contexts
 */
struct echo {
	struct tee_device *teedev;
	struct tee_device *supp_teedev;
	struct tee_shm_pool pool;
	struct echo_supp supp;
	atomic_t n_registered;
	atomic_t n_sessions;
};

/* --- params.c --- */

/*
 * ECHO_FN_ECHO. 0 with SHORT_BUFFER in @ret, which else stays as it is; -EINVAL for a
 * kind that we do not know or too large a user buffer; -EFAULT; -ENOMEM.
 */
int echo_params(struct tee_param *param, size_t num_params, u32 *ret);

/* --- call.c --- */

/* Ops of the client device */
int echo_open_session(struct tee_context *ctx, struct tee_ioctl_open_session_arg *arg,
		      struct tee_param *param);
int echo_close_session(struct tee_context *ctx, u32 session);
int echo_invoke_func(struct tee_context *ctx, struct tee_ioctl_invoke_arg *arg,
		     struct tee_param *param);
int echo_object_invoke_func(struct tee_context *ctx, struct tee_ioctl_object_invoke_arg *arg,
			    struct tee_param *param);
int echo_cancel_req(struct tee_context *ctx, u32 cancel_id, u32 session);
/* When no call is under way any more */
void echo_close_all_sessions(struct tee_context *ctx);

/* --- supp.c --- */

void echo_supp_init(struct echo_supp *supp);
void echo_supp_uninit(struct echo_supp *supp);

/*
 * Ask the supplicant and wait for the answer, which replaces the outputs of @param.
 * 0 with the verdict in @ret, COMMUNICATION if no supplicant answers; -EINVAL for
 * parameters that cannot be asked; -ENOMEM; -ERESTARTSYS when the caller is killed.
 */
int echo_supp_ask(struct echo_supp *supp, u32 *ret, size_t num_params, struct tee_param *param);

/* Ops of the privileged device */
int echo_supp_open(struct tee_context *ctx);
void echo_supp_release(struct tee_context *ctx);
int echo_supp_recv(struct tee_context *ctx, u32 *func, u32 *num_params, struct tee_param *param);
int echo_supp_send(struct tee_context *ctx, u32 ret, u32 num_params, struct tee_param *param);

#endif /* NORMAL_DRIVERS_ECHO_PRIVATE_H */
