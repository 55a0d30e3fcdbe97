/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What the files of the QTEE driver share
 *
 * A call travels: call.c (ioctl) -> invoke.c (the loop) -> msg.c (the message) ->
 * smc.c (registers) -> conduit. A callback comes back the same way: invoke.c ->
 * the object's dispatch(), which is user_obj.c, mem_obj.c or primordial_obj.c.
 * object.c, invoke.c, msg.c, async.c, release.c and smc.c are the object layer,
 * which knows nothing of a user API. There are two: call.c and supp.c are the TEE
 * subsystem's; the files that begin with rfc are the QTEE's own, /dev/qtee. Both
 * have user_obj.c and mem_obj.c.
 *
 * What the QTEE writes is hostile. A callback message is copied out of the
 * outbound buffer once, whole, and the copy is checked and used. Of a direct
 * message only sizes of output buffers and ids of output objects are read back,
 * once; where a buffer begins we know ourselves.
 *
 * Epochs: as in the OP-TEE driver. Each QTEE that answered on the conduit has a
 * number; an SMC is made under the gate (read) and only in the epoch in which its
 * invocation began. The gate is held for one SMC at a time and over nothing else.
 *
 * Lock order: gate; contexts_mutex, then the mutex of a context. The others
 * (ids' lock, lock) are innermost. None but the gate is held over an SMC, none
 * over user memory or over the put of an object.
 */
#ifndef NORMAL_DRIVERS_QCOMTEE_PRIVATE_H
#define NORMAL_DRIVERS_QCOMTEE_PRIVATE_H

#include <linux/atomic.h>
#include <linux/completion.h>
#include <linux/idr.h>
#include <linux/kref.h>
#include <linux/list.h>
#include <linux/mutex.h>
#include <linux/rwsem.h>
#include <linux/spinlock.h>
#include <linux/types.h>
#include <linux/wait.h>
#include <linux/workqueue.h>
#include <linux/xarray.h>

#include "abi/qtee_msg.h"
#include "abi/qtee_smc.h"
#include "abi/qtee_tee.h"
#include "abi/smccc.h"
#include "abi/tee.h"
#include "normal/drivers/qtee/qcomtee.h"
#include "normal/drivers/qtee/qcomtee_object.h"
#include "normal/platform.h"
#include "normal/tee/tee_core.h"

/* Invocation contexts, with their buffers, that are kept for the next call */
#define QCOMTEE_MAX_IDLE_OICS 16

/*
 * When to give up an invocation in which the QTEE asks and asks: so many requests
 * after the client was killed, and so many at all where there is no client.
 */
#define QCOMTEE_MAX_REQUESTS_KILLED 100
#define QCOMTEE_MAX_REQUESTS_KERNEL 3000

/* A SLEEP where others wait for the thread that sleeps, in milliseconds */
#define QCOMTEE_MAX_SLEEP_KERNEL 100

/* How often an object is given back when that fails; pauses of 10, 20, 40, 80 ms */
#define QCOMTEE_MAX_RELEASE_TRIES 5

enum qcomtee_oic_state {
	QCOMTEE_OIC_DIRECT,	/* the direct message was not yet taken */
	QCOMTEE_OIC_SHARED,	/* the QTEE has it */
	QCOMTEE_OIC_BUSY,	/* and waits for the answer to a callback */
};

/**
 * struct qcomtee_object_invoke_ctx - one direct invocation
 * @node: on the list of the idle, the abandoned, or those to resume
 * @kernel: in a worker, which waits for no server; or at probe
 * @epoch: in which it must run
 * @mem: inbound page, outbound page; @big: inbound, when a page is not enough
 * @in, @in_size, @out: the same, as used
 * @regs: of the next SMC
 * @n_requests: callbacks and other reasons for which it was not over yet
 * @abandoned: given up inside the QTEE, which may still write to the buffers
 * @release: the proxy that a RELEASE is about, or NULL
 * @in_ids: ids that the direct message gave to the QTEE
 *
 * The callback that is being served:
 * @copy: what the QTEE wrote; then the output that goes back
 * @object, @op, @counts, @args: of the callback
 * @tail: where its asynchronous messages begin
 * @dispatched: dispatch() was called
 * @result: other than 0: the dispatcher's own word
 * @err: of the dispatcher
 * @data: the dispatcher's
 * @out_ids: ids that the answer gave to the QTEE
 */
struct qcomtee_object_invoke_ctx {
	struct list_head node;
	struct qcomtee *qcomtee;
	bool kernel;
	bool abandoned;
	enum qcomtee_oic_state state;
	u32 epoch;
	unsigned int n_requests;

	struct tee_shm mem;
	struct tee_shm big;
	void *in;
	phys_addr_t in_pa;
	size_t in_size;
	void *out;
	phys_addr_t out_pa;
	struct smc_regs regs;

	struct qcomtee_object *release;
	u32 in_ids[QTEE_MSG_ARGS_PER_KIND];

	struct qcomtee_object *object;
	u32 op;
	u32 counts;
	size_t tail;
	bool dispatched;
	s32 result;
	int err;
	void *data;
	u32 out_ids[QTEE_MSG_ARGS_PER_KIND];
	struct qcomtee_arg args[QTEE_MSG_ARGS_MAX + 1];
	u8 copy[QTEE_MSG_OUTBOUND_SIZE] __aligned(8);
};

/* An id that the QTEE has; owns one reference of @object */
struct qcomtee_ns_id {
	struct qcomtee_object *object;
	u32 refs;
};

/**
 * struct qcomtee - one bound QTEE
 * @gate: guards @epoch and @usable
 * @root, @primordial: of no count
 * @ids: from id without its NS bit to struct qcomtee_ns_id, whose members the
 *	array's lock guards
 * @lock: guards everything below up to @release_work
 * @idle, @abandoned: invocation contexts
 * @releases: proxies to give back; @resumes: invocations to go on with
 * @users: open files; @removing: there will be no more
 * @wq: woken when @users or @n_releases becomes 0
 * @contexts: of both user APIs, guarded by @contexts_mutex
 * @rfc_root, @rfc_server: the nodes of the QTEE's own user API, if they were asked for
 */
struct qcomtee {
	struct smc_conduit *conduit;
	unsigned int callback_timeout_ms;
	struct tee_device *teedev;
	struct tee_shm_pool pool;
	u32 version;

	struct rw_semaphore gate;
	u32 epoch;
	bool usable;

	struct qcomtee_object root;
	struct qcomtee_object primordial;

	struct xarray ids;
	u32 next_id;
	atomic_long_t n_ids;
	atomic_long_t n_tee_objects;
	atomic_long_t n_oics;
	atomic_long_t lost_releases;
	atomic_long_t lost_async;

	spinlock_t lock;
	struct list_head idle;
	unsigned int n_idle;
	struct list_head abandoned;
	unsigned int n_abandoned;
	struct list_head releases;
	struct list_head resumes;
	size_t n_releases;
	size_t users;
	bool removing;
	struct work_struct release_work;
	wait_queue_head_t wq;

	struct mutex contexts_mutex;
	struct list_head contexts;

	bool rfc;
	struct platform_misc rfc_root;
	struct platform_misc rfc_server;
};

/* object.c */

void qcomtee_ids_init(struct qcomtee *qcomtee);
void qcomtee_ids_uninit(struct qcomtee *qcomtee);

/*
 * Give the QTEE an id for @object, a callback object. The id has a reference of
 * its own. 0, -ENOSPC, -ENOMEM.
 */
int qcomtee_ns_id_add(struct qcomtee *qcomtee, struct qcomtee_object *object, u32 *ret_id);
/* The id did not reach the QTEE. Ids that are 0 or not @object's are left alone. */
void qcomtee_ns_id_forget(struct qcomtee *qcomtee, u32 id, struct qcomtee_object *object);
/* The object behind an id, with a reference, or NULL */
struct qcomtee_object *qcomtee_ns_id_get(struct qcomtee *qcomtee, u32 id);
/* -EINVAL: there is no such id; -EBUSY: retained too often */
int qcomtee_ns_id_retain(struct qcomtee *qcomtee, u32 id);
int qcomtee_ns_id_release(struct qcomtee *qcomtee, u32 id);
/* The QTEE is gone, with all references that it had. */
void qcomtee_ns_id_forget_all(struct qcomtee *qcomtee);

/* A proxy for an id of the QTEE, of which it gave us one reference. Never fails. */
struct qcomtee_object *qcomtee_object_tee_new(struct qcomtee *qcomtee, u32 id, u32 epoch);
/* The object behind an id that the QTEE sent, with a reference; -EINVAL. */
int qcomtee_object_from_id(struct qcomtee_object_invoke_ctx *oic, u32 id,
			   struct qcomtee_object **ret_object);
/*
 * The id of an argument towards the QTEE. A callback object gets one in *@new_id,
 * 0 for others. -EINVAL: not of this device; -ESTALE: of another epoch.
 */
int qcomtee_object_to_id(struct qcomtee_object_invoke_ctx *oic, struct qcomtee_object *object,
			 u32 *ret_id, u32 *new_id);
/* A proxy that has been given back, or will never be */
void qcomtee_object_tee_free(struct qcomtee_object *object);

/* invoke.c */

/*
 * A context with buffers for a direct message of @size bytes, zeroed. NULL without
 * memory. put: it was begun and is over, or was not begun.
 */
struct qcomtee_object_invoke_ctx *qcomtee_oic_get(struct qcomtee *qcomtee, size_t size);
void qcomtee_oic_put(struct qcomtee_object_invoke_ctx *oic);
void qcomtee_oics_init(struct qcomtee *qcomtee);
/* The QTEE is gone: what was abandoned is free again. */
void qcomtee_oics_reclaim(struct qcomtee *qcomtee);
void qcomtee_oics_uninit(struct qcomtee *qcomtee);
/* Is it time to give up? Counts one more request. */
bool qcomtee_oic_give_up(struct qcomtee_object_invoke_ctx *oic);
/* One more invocation without a client: RELEASE of @object. As do_invoke(), and
 * -EIOCBQUEUED: it goes on by qcomtee_oic_resume(), and is not to be touched. */
int qcomtee_oic_release(struct qcomtee_object_invoke_ctx *oic, struct qcomtee_object *object,
			int *result);
int qcomtee_oic_resume(struct qcomtee_object_invoke_ctx *oic, int *result);
/* The driver's own call, at probe and reset */
int qcomtee_object_do_invoke_kernel(struct qcomtee *qcomtee, struct qcomtee_object *object,
				    u32 op, struct qcomtee_arg *args, int *result);

/* msg.c */

/* 0 and the size of the direct message; -EINVAL for too many or too large ones. */
int qcomtee_msg_size(const struct qcomtee_arg *args, size_t *ret_size);
/*
 * Write the direct message. -EFAULT, -EINVAL, -ENOMEM, -ENOSPC, -ESTALE: then, and
 * whenever it did not reach the QTEE, qcomtee_msg_forget().
 */
int qcomtee_msg_prepare(struct qcomtee_object_invoke_ctx *oic, struct qcomtee_object *object,
			u32 op, struct qcomtee_arg *args);
void qcomtee_msg_forget(struct qcomtee_object_invoke_ctx *oic, struct qcomtee_arg *args);
/* Read the outputs; -EIO: they are nonsense, or could not be taken. */
int qcomtee_msg_update_args(struct qcomtee_object_invoke_ctx *oic, struct qcomtee_arg *args);
/* Outputs of a call that did not produce any */
void qcomtee_msg_clear_outputs(struct qcomtee_arg *args);
/*
 * Copy the callback message and make oic->object, op, counts, args, tail of it.
 * Input objects are referenced. -EINVAL: not to be dispatched.
 */
int qcomtee_msg_take_callback(struct qcomtee_object_invoke_ctx *oic);
/* Answer it: by oic->result, @err and the outputs in oic->args. */
void qcomtee_msg_answer(struct qcomtee_object_invoke_ctx *oic, int err);
/* The answer went out, or not (@sent): drop the references of the callback. */
void qcomtee_msg_end_callback(struct qcomtee_object_invoke_ctx *oic, bool sent);

/* async.c */

/* Serve the asynchronous messages in a copy of the outbound buffer, from @offset. */
void qcomtee_async_serve(struct qcomtee *qcomtee, const u8 *buf, size_t offset, size_t size);

/* release.c */

void qcomtee_release_init(struct qcomtee *qcomtee);
/* Wait until everything was given back, or given up. */
void qcomtee_release_flush(struct qcomtee *qcomtee);
/* The last reference of a proxy is gone. Any thread. */
void qcomtee_release_tee_object(struct qcomtee_object *object);
/* An invocation of the worker can go on. Any thread. */
void qcomtee_release_resume(struct qcomtee_object_invoke_ctx *oic);

/* smc.c */

void qcomtee_smc_invoke(struct qcomtee_object_invoke_ctx *oic);
void qcomtee_smc_cb_rsp(struct qcomtee_object_invoke_ctx *oic);
/*
 * Make the SMC in oic->regs, with all that it takes until it is over. 0 and the
 * response; -EIO, -EINVAL, -EOPNOTSUPP, -ENOMEM, -EBUSY as the QTEE says; -ESTALE:
 * the epoch is over; -EINTR: given up.
 */
int qcomtee_smc(struct qcomtee_object_invoke_ctx *oic, bool *ret_callback, s32 *ret_result);
/* Does anybody serve object messages? -ENODEV. */
int qcomtee_smc_probe(struct qcomtee *qcomtee);

/* primordial_obj.c */

extern const struct qcomtee_object_operations qcomtee_primordial_ops;

/* mem_obj.c */

/*
 * A memory object with one reference; takes over the caller's reference of @shm on
 * success. -ENOMEM.
 */
int qcomtee_mem_object_new(struct qcomtee *qcomtee, struct tee_shm *shm,
			   struct qcomtee_object **ret_object);
/* The same for the memory behind a descriptor, which is kept open. */
int qcomtee_mem_object_new_file(struct qcomtee *qcomtee, struct platform_shm_file *file,
				struct qcomtee_object **ret_object);
/* The memory behind @object, borrowed; NULL when it is no memory object. */
struct tee_shm *qcomtee_mem_object_shm(struct qcomtee_object *object);
/* The descriptor of it, borrowed; NULL too when it was made without one. */
struct platform_shm_file *qcomtee_mem_object_file(struct qcomtee_object *object);

/* call.c: contexts, and the user API of the TEE subsystem */

enum qcomtee_ureq_state {
	QCOMTEE_UREQ_QUEUED,
	QCOMTEE_UREQ_CONVERTING, /* a thread of the server reads or fills it in */
	QCOMTEE_UREQ_PROCESSING, /* the server has it */
	QCOMTEE_UREQ_DONE,
};

/**
 * struct qcomtee_ureq - a request to the server of a context
 * @link: in reqs while QUEUED
 * @id: in the table while PROCESSING
 * @gone: nobody wants an answer any more, found while CONVERTING
 * @later: who asked does not wait at @c
 * @oic: the callback; NULL for the notice that an object was released
 * @err: its outcome, when DONE
 * @c: DONE
 */
struct qcomtee_ureq {
	struct list_head link;
	enum qcomtee_ureq_state state;
	int id;
	bool gone;
	bool later;
	u64 object_id;
	u32 op;
	u32 epoch;
	struct qcomtee_object_invoke_ctx *oic;
	struct qcomtee_arg *args;
	int err;
	struct completion c;
};

/**
 * struct qcomtee_context_data - one open file: tee_context.data, or a server's
 * @refcount: the file, and every object that it hosts
 * @node: in qcomtee.contexts
 * @mutex: guards all below
 * @closed: the file is gone
 * @objects: TEE objects by the number that the client knows
 * @reqs: queued requests, oldest first
 * @taken: requests that the server has, by their number; ERR_PTR in the place of
 *	one whose requester is gone
 * @first_req: the lowest number that a request gets
 * @reqs_c: one token for each queued request, at least
 */
struct qcomtee_context_data {
	struct kref refcount;
	struct qcomtee *qcomtee;
	struct list_head node;
	struct mutex mutex;
	bool closed;
	struct idr objects;
	struct list_head reqs;
	struct idr taken;
	int first_req;
	struct completion reqs_c;
};

/* A user of the device. ERR_PTR: -ENOMEM, -ENODEV. */
struct qcomtee_context_data *qcomtee_context_new(struct qcomtee *qcomtee);
/* Nobody serves any more: requests fail, and who waits for one gets -ENODEV. */
void qcomtee_context_shut(struct qcomtee_context_data *ctxdata);
/* The file is gone; it was shut before. */
void qcomtee_context_end(struct qcomtee_context_data *ctxdata);

int qcomtee_context_open(struct tee_context *ctx);
/* Nobody serves any more: requests fail. Then its objects are given back. */
void qcomtee_context_close(struct tee_context *ctx);
void qcomtee_context_release(struct tee_context *ctx);
void qcomtee_context_get(struct qcomtee_context_data *ctxdata);
void qcomtee_context_put(struct qcomtee_context_data *ctxdata);
/* Requests of other epochs than @epoch end, in every context. */
void qcomtee_contexts_reset(struct qcomtee *qcomtee, u32 epoch);

/*
 * The object behind an object reference, with a reference. A USER one is made, and
 * is silent: see qcomtee_user_object_set_notify(). -EINVAL, -ENOMEM.
 */
int qcomtee_objref_to_object(struct tee_context *ctx, const struct tee_param_objref *ref,
			     struct qcomtee_object **ret_object);
/*
 * The reference by which @ctx knows @object, whose reference is taken over when 0
 * is returned. -EINVAL: it belongs to another context; -ENOMEM.
 */
int qcomtee_objref_from_object(struct tee_context *ctx, struct qcomtee_object *object,
			       struct tee_param_objref *ref);
/* Undo the last: the client never saw @ref. */
void qcomtee_objref_revoke(struct tee_context *ctx, const struct tee_param_objref *ref);

/* What of the root object belongs to the kernel: -EINVAL. @null_input: among the
 * arguments is a NULL object as input. */
int qcomtee_check_root_op(u32 op, bool null_input);
int qcomtee_object_invoke(struct tee_context *ctx, struct tee_ioctl_object_invoke_arg *arg,
			  struct tee_param *params);

/* user_obj.c */

int qcomtee_user_object_new(struct qcomtee_context_data *ctxdata, u64 id,
			    struct qcomtee_object **ret_object);
/* Is it an object that @ctxdata hosts? Then its number. */
bool qcomtee_user_object_id(struct qcomtee_object *object,
			    const struct qcomtee_context_data *ctxdata, u64 *ret_id);
/* Whose it is, borrowed, and its number; NULL when it is no user object. */
struct qcomtee_context_data *qcomtee_user_object_host(struct qcomtee_object *object, u64 *ret_id);
/* By which descriptor its exporter knew the host; -1 when that was not said */
void qcomtee_user_object_set_host_fd(struct qcomtee_object *object, int fd);
int qcomtee_user_object_host_fd(struct qcomtee_object *object);
/*
 * What becomes of @object, if it is a user object. notify: the host is told when it
 * is released. kill: the host has forgotten it; callbacks to it fail.
 */
void qcomtee_user_object_set_notify(struct qcomtee_object *object);
void qcomtee_user_object_kill(struct qcomtee_object *object);

/* End requests of @ctxdata with -ENODEV: those of other epochs than @epoch; 0: all. */
void qcomtee_user_fail_requests(struct qcomtee_context_data *ctxdata, u32 epoch);

/* Can the server take @ureq with what it offers? */
typedef bool (*qcomtee_ureq_fits_t)(const struct qcomtee_ureq *ureq, const void *room);
/*
 * Wait for the oldest request, and take it: CONVERTING. It is a notice when it has
 * no oic. -EINVAL: it does not fit, and stays; -ENODEV: shut; -ERESTARTSYS, -ENOMEM.
 */
int qcomtee_ureq_take(struct qcomtee_context_data *ctxdata, qcomtee_ureq_fits_t fits,
		      const void *room, struct qcomtee_ureq **ret_ureq);
/*
 * The end of its conversion, @rc being the outcome. True: the server has it now.
 * Otherwise it is over, or, after -EFAULT, queued again.
 */
bool qcomtee_ureq_converted(struct qcomtee_context_data *ctxdata, struct qcomtee_ureq *ureq,
			    int rc);
/* The server knows of it, or does not: then it gets it again. */
void qcomtee_ureq_free_notice(struct qcomtee_ureq *ureq);
void qcomtee_ureq_put_back_notice(struct qcomtee_context_data *ctxdata,
				  struct qcomtee_ureq *ureq);
/* The request of this number, CONVERTING; ERR_PTR(-EINVAL) when the server has not it. */
struct qcomtee_ureq *qcomtee_ureq_take_answered(struct qcomtee_context_data *ctxdata, u64 id);
/* Its answer is in its arguments, or @rc is an errno. */
void qcomtee_ureq_answered(struct qcomtee_context_data *ctxdata, struct qcomtee_ureq *ureq,
			   int rc);

/* supp.c */

int qcomtee_supp_recv(struct tee_context *ctx, u32 *func, u32 *num_params,
		      struct tee_param *params);
int qcomtee_supp_send(struct tee_context *ctx, u32 ret, u32 num_params,
		      struct tee_param *params);

/* rfc.c: the QTEE's own user API */

/* Make the nodes. The errno of platform_misc_publish(); then there is none. */
int qcomtee_rfc_register(struct qcomtee *qcomtee);
/* Nobody can open them any more. */
void qcomtee_rfc_unregister(struct qcomtee *qcomtee);

#endif /* NORMAL_DRIVERS_QCOMTEE_PRIVATE_H */
