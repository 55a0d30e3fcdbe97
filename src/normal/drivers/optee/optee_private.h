/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What the files of the OP-TEE driver share
 *
 * A call travels: core.c (the ops) -> call.c (the message) -> smc_abi.c (the
 * registers) -> conduit; a request of the trusted OS comes back the same way:
 * smc_abi.c -> rpc.c -> supp.c, in the thread of the caller.
 *
 * What the trusted OS answers is hostile. A reply is copied out of shared memory
 * once and the copy is checked; a cookie is looked up, never followed.
 *
 * Epochs: each trusted OS that answered on the conduit has a number. An SMC of a
 * yielding call is made under the gate (read) and only in the epoch in which the
 * call began; optee_reset() holds the gate for writing while it goes from one
 * epoch to the next. The gate is held for one SMC at a time and never while a
 * call waits for anybody in the normal world, so that a reset waits for nobody.
 *
 * Lock order: gate, ctxs_mutex, ctx_data.mutex, then one of shm.mutex, cq.mutex,
 * supp.mutex, notif.lock, cache.lock; supp.mutex before the mutex of a TEE
 * device. Of these only the gate is held over an SMC, none over user memory.
 */
#ifndef NORMAL_DRIVERS_OPTEE_PRIVATE_H
#define NORMAL_DRIVERS_OPTEE_PRIVATE_H

#include <linux/completion.h>
#include <linux/idr.h>
#include <linux/list.h>
#include <linux/mutex.h>
#include <linux/rwsem.h>
#include <linux/spinlock.h>
#include <linux/string.h>
#include <linux/types.h>
#include <linux/wait.h>
#include <linux/workqueue.h>

#include "abi/optee_msg.h"
#include "abi/optee_rpc.h"
#include "abi/optee_smc.h"
#include "abi/smccc.h"
#include "abi/tee.h"
#include "abi/tee_result.h"
#include "normal/drivers/optee/optee.h"
#include "normal/tee/tee_core.h"

/* OPEN_SESSION: two meta parameters and four for the TA; INVOKE: six */
#define OPTEE_MAX_PARAMS 6
#define OPTEE_META_PARAMS 2

/* The message and, behind it, the room for the RPC message */
#define OPTEE_ARG_SLOT_SIZE \
	(OPTEE_MSG_GET_ARG_SIZE(OPTEE_MAX_PARAMS) + \
	 OPTEE_MSG_GET_ARG_SIZE(OPTEE_RPC_NUM_PARAMS))

/*
 * Bounds on what the trusted OS may have allocated in the normal world by RPC:
 * a single buffer, the buffers of one call, and everything at once.
 */
#define OPTEE_RPC_SHM_MAX_SIZE ((size_t)64 << 20)
#define OPTEE_RPC_SHM_MAX_PER_CALL 256
#define OPTEE_RPC_SHM_MAX_TOTAL ((size_t)256 << 20)

/* Without asynchronous notifications the trusted OS does not say its maximum. */
#define OPTEE_DEFAULT_MAX_NOTIF_VALUE 255
#define OPTEE_MAX_NOTIF_VALUE_LIMIT 65535

/**
 * struct optee_call_waiter - one call in the queue
 * @sys_thread: of a system session: served first
 * @waiting: sleeps, or is about to
 * @epoch: of the accounting that gave it a thread
 * @counted: holds a thread of the accounting
 */
struct optee_call_waiter {
	struct list_head list_node;
	struct completion c;
	bool sys_thread;
	bool waiting;
	bool counted;
	u32 epoch;
};

/**
 * struct optee_call_queue - who is in the trusted OS and who waits to enter
 * @waiters: every call, those inside too: a thread that becomes free between the
 *	refusal of a call and its wait must not be lost
 * @n_inside: calls that are not waiting here
 * @total_thread_count: 0 when unknown, then there is no accounting
 * @sys_thread_req_count: system sessions; while there is any, the last free
 *	thread is theirs
 */
struct optee_call_queue {
	struct mutex mutex;
	struct list_head waiters;
	unsigned int n_inside;
	int total_thread_count;
	int free_thread_count;
	int sys_thread_req_count;
	u32 epoch;
};

/**
 * struct optee_notif - synchronous notifications: how threads of the trusted OS
 * wait for each other in the normal world
 * @bitmap: values that were sent while nobody waited for them
 */
struct optee_notif {
	spinlock_t lock;
	struct list_head db;
	unsigned long *bitmap;
	u32 max_value;
	u32 epoch;
};

/**
 * struct optee_supp - requests to the supplicant
 * @ctx: the open privileged context, or NULL
 * @req_id: the request that is being served in synchronous mode, or -1
 * @reqs: queued requests, oldest first
 * @idr: every request that has an id: queued, being served, or abandoned by its
 *	requester (a tombstone)
 * @reqs_c: one token for each queued request, at least
 * @holds: memory of requests that were taken, while the core may still look at it
 */
struct optee_supp {
	struct mutex mutex;
	struct tee_context *ctx;
	int req_id;
	struct list_head reqs;
	struct idr idr;
	struct completion reqs_c;
	struct list_head holds;
	u32 epoch;
};

enum optee_shm_kind {
	OPTEE_SHM_REGISTERED,	/* of the core, by REGISTER_SHM */
	OPTEE_SHM_ARG,		/* ours, by REGISTER_SHM; no RPC may name it */
	OPTEE_SHM_RPC,		/* lent by an RPC to a call in progress */
};

/**
 * struct optee_shm_rec - what stands behind a cookie
 * @shm: counted for OPTEE_SHM_RPC only
 * @epoch: in which the trusted OS knows it by REGISTER_SHM, 0 for none; changed
 *	under the gate
 * @call: OPTEE_SHM_RPC: the call that ends its life, by @link
 * @appl: OPTEE_SHM_RPC: allocated by the supplicant, who wants it back
 */
struct optee_shm_rec {
	int cookie;
	enum optee_shm_kind kind;
	struct tee_shm *shm;
	u32 epoch;
	bool appl;
	struct optee_call *call;
	struct list_head link;
};

/**
 * struct optee_shm_table - from cookie to memory
 * @rpc_bytes: size of all OPTEE_SHM_RPC
 */
struct optee_shm_table {
	struct mutex mutex;
	struct idr idr;
	size_t rpc_bytes;
};

/* Memory of the driver's own, one or more pages, slots by bitmap */
struct optee_arg_entry {
	struct list_head node;
	struct tee_shm shm;
	struct optee_shm_rec rec;
	unsigned long map;
};

/**
 * struct optee_arg_cache - buffers for messages, kept between calls
 * @registered: the trusted OS knows the memory by cookie. Otherwise slots begin
 *	at a 4 KiB page, of which it is told the address
 * @wq: for callers that cannot fail
 */
struct optee_arg_cache {
	spinlock_t lock;
	struct list_head entries;
	size_t entry_size;
	size_t slot_size;
	unsigned int num_slots;
	bool registered;
	wait_queue_head_t wq;
};

/**
 * struct optee_arg - one slot in use
 * @msg: the message in shared memory, zeroed, num_params set
 * @rpc: the RPC message behind it, NULL when the trusted OS does not want it there
 */
struct optee_arg {
	struct optee_arg_cache *cache;
	struct optee_arg_entry *entry;
	unsigned int slot;
	size_t offs;
	struct optee_msg_arg *msg;
	struct optee_msg_arg *rpc;
};

/* A page list (NONCONTIG) in memory of its own; empty while mem.kaddr is NULL */
struct optee_page_list {
	struct tee_shm mem;
};

/**
 * struct optee_call - one yielding call
 * @ctx: of the caller; NULL inside a reset
 * @epoch: in which the call must run; 0: that of its first SMC
 * @in_reset: the caller holds the gate for writing; nothing may be waited for
 * @rpc_shm: what was lent to it, given back at its end; guarded by shm.mutex
 * @was_lent: there may be something in @rpc_shm
 * @list: answer to the last SHM_ALLOC, read when the call resumes
 */
struct optee_call {
	struct optee *optee;
	struct tee_context *ctx;
	u32 epoch;
	bool sys_thread;
	bool in_reset;
	struct list_head rpc_shm;
	unsigned int n_rpc_shm;
	bool was_lent;
	struct optee_page_list list;
};

/**
 * struct optee_session - an open session
 * @id: by which the client knows it; unique in its context
 * @tee_id: by which the trusted OS of @epoch knows it
 * @uuid: of the TA, for status views
 */
struct optee_session {
	struct list_head list_node;
	u8 uuid[TEE_IOCTL_UUID_LEN];
	u32 id;
	u32 tee_id;
	u32 epoch;
	bool use_sys_thread;
};

/* tee_context.data; @link: in optee.ctxs; @serial: of the context */
struct optee_context_data {
	struct list_head link;
	u64 serial;
	struct mutex mutex;
	struct list_head sess_list;
};

/**
 * struct optee - one bound trusted OS
 * @gate: see the top of this file; guards @epoch and @usable
 * @usable: the handshake succeeded in this epoch
 * @has_rpc_arg, @has_memref_null: the same in every epoch
 * @rev_major, @rev_minor, @rev_build: of the trusted OS, guarded by the gate
 * @reset_wq: woken when @epoch changes
 * @args: messages of clients; @pages: messages that register memory, and all
 *	messages when the trusted OS does not take registered ones
 * @scanned, @supp_scanned: epochs whose services are known; of the work alone
 * @ta_devices: devices on the TEE bus; of the work, and of optee_remove() after it
 * @ctxs: every open context, for status views
 */
struct optee {
	struct smc_conduit *conduit;
	const struct optee_supp_fallback *fallback;
	struct tee_device *teedev;
	struct tee_device *supp_teedev;
	struct tee_shm_pool pool;
	struct tee_shm_pool supp_pool;

	struct rw_semaphore gate;
	u32 epoch;
	bool usable;
	wait_queue_head_t reset_wq;

	bool has_rpc_arg;
	bool has_memref_null;
	phys_addr_t protmem_pa;		/* the static carve-out; size 0: none */
	size_t protmem_size;
	u32 rev_major;
	u32 rev_minor;
	u32 rev_build;

	struct optee_call_queue cq;
	struct optee_notif notif;
	struct optee_supp supp;
	struct optee_shm_table shm;
	struct optee_arg_cache args;
	struct optee_arg_cache pages;

	struct work_struct scan_work;
	u32 scanned;
	u32 supp_scanned;
	struct list_head ta_devices;

	struct mutex ctxs_mutex;
	struct list_head ctxs;
};

/* Copy from memory that the other side may be writing to; read it only once. */
static inline void optee_copy_shared(void *dst, const void *src, size_t size)
{
	memcpy(dst, src, size);
	barrier();
}

/* core.c */

/* Set up both devices and register them. 0 or negative errno with nothing left. */
int optee_devices_register(struct optee *optee);
/* Waits for every open file and shm. Both functions accept devices that are NULL. */
void optee_supp_device_unregister(struct optee *optee);
void optee_client_device_unregister(struct optee *optee);

/* call.c */

void optee_cq_init(struct optee_call_queue *cq, int thread_count, u32 epoch);
void optee_cq_uninit(struct optee_call_queue *cq);
/* A new trusted OS: all its threads are free; everyone who waits tries again. */
void optee_cq_reset(struct optee_call_queue *cq, int thread_count, u32 epoch);
/* Join the queue before the first SMC; waits for the admission, uninterruptibly. */
void optee_cq_wait_init(struct optee_call_queue *cq, struct optee_call_waiter *w,
			bool sys_thread);
/*
 * After ETHREAD_LIMIT: wait until another call has ended, uninterruptibly. When
 * no other call is inside, nobody would end: then only a moment. Returns whether
 * it was woken.
 */
bool optee_cq_wait_for_completion(struct optee_call_queue *cq, struct optee_call_waiter *w);
void optee_cq_wait_final(struct optee_call_queue *cq, struct optee_call_waiter *w);

void optee_call_init(struct optee_call *call, struct optee *optee, struct tee_context *ctx);

/* The ops of the client device; see struct tee_driver_ops and facts 1.7, 4.1. */
int optee_open_session(struct tee_context *ctx, struct tee_ioctl_open_session_arg *arg,
		       struct tee_param *param);
int optee_close_session(struct tee_context *ctx, u32 session);
int optee_system_session(struct tee_context *ctx, u32 session);
int optee_invoke_func(struct tee_context *ctx, struct tee_ioctl_invoke_arg *arg,
		      struct tee_param *param);
int optee_cancel_req(struct tee_context *ctx, u32 cancel_id, u32 session);
/* End every session of @ctx in the trusted OS. */
void optee_close_all_sessions(struct tee_context *ctx);

/* shm.c */

void optee_shm_table_init(struct optee_shm_table *table);
void optee_shm_table_uninit(struct optee_shm_table *table);

/*
 * Message buffers. init makes the first entry. get: 0 or -ENOMEM, -EIO when the
 * trusted OS refuses the memory; @must: cannot fail, waits for another call to
 * end instead (not inside a reset).
 */
int optee_arg_cache_init(struct optee *optee, struct optee_arg_cache *cache, bool registered);
void optee_arg_cache_uninit(struct optee *optee, struct optee_arg_cache *cache);
int optee_arg_get(struct optee *optee, struct optee_arg_cache *cache, u32 num_params,
		  bool must, struct optee_arg *arg);
void optee_arg_put(struct optee_arg *arg);
/* The cache for messages that do not themselves register memory */
static inline struct optee_arg_cache *optee_msg_cache(struct optee *optee)
{
	return optee->has_rpc_arg ? &optee->args : &optee->pages;
}

/*
 * The list of the 4 KiB pages of [offset, offset + size) of @shm, and buf_ptr of
 * the parameter that carries it. -EINVAL when @shm has no such pages, -ENOMEM.
 * Free with optee_page_list_free(), which accepts an empty one.
 */
int optee_page_list_alloc(struct optee_page_list *list, const struct tee_shm *shm,
			  u64 *ret_buf_ptr);
void optee_page_list_free(struct optee_page_list *list);

/* The ops: REGISTER_SHM and UNREGISTER_SHM. -ENOMEM, -EINVAL refused, -EIO. */
int optee_shm_register(struct tee_context *ctx, struct tee_shm *shm, struct page **pages,
		       size_t num_pages, unsigned long start);
int optee_shm_unregister(struct tee_context *ctx, struct tee_shm *shm);
/* Register everything with the new trusted OS; the caller holds the gate. */
int optee_shm_register_all(struct optee *optee);

/*
 * Lend @shm, whose reference is taken over on success, to @call. 0 with the
 * cookie, -ENOMEM, -ENOSPC over the bounds.
 */
int optee_rpc_shm_add(struct optee_call *call, struct tee_shm *shm, bool appl, u64 *ret_cookie);
/* Take back what was lent under @cookie, with its reference; NULL for nothing. */
struct tee_shm *optee_rpc_shm_remove(struct optee *optee, u64 cookie, bool *ret_appl);
/* Take back one that was lent to @call and not yet given back, or NULL. */
struct tee_shm *optee_rpc_shm_remove_any(struct optee_call *call, bool *ret_appl);
/*
 * The memory behind a cookie in an RPC, with a reference; NULL when there is none
 * that an RPC may name. @lent: only what was lent by an RPC.
 */
struct tee_shm *optee_shm_get_by_cookie(struct optee *optee, u64 cookie, bool lent);

/* smc_abi.c */

/*
 * Run the message in @arg to its end, serving RPCs. 0: the trusted OS is done
 * with it (its verdict is in arg->msg); -ESTALE: it was replaced since the call's
 * epoch began, nothing ran or the rest did not; -ENXIO: there is none; -EIO: it
 * refused or answered nonsense.
 */
int optee_do_call_with_arg(struct optee_call *call, struct optee_arg *arg);

/* rpc.c */

/*
 * Serve the RPC message at @msg, in shared memory with room for four parameters.
 */
void optee_rpc_cmd(struct optee_call *call, struct optee_msg_arg *msg);
/* A kernel buffer for the trusted OS; NULL when it cannot have it. */
struct tee_shm *optee_rpc_alloc_kernel(struct optee_call *call, u64 size);
/* The end of a call: take back what the trusted OS did not give back. */
void optee_rpc_finalize_call(struct optee_call *call);

/* supp.c */

void optee_supp_init(struct optee_supp *supp, u32 epoch);
void optee_supp_uninit(struct optee_supp *supp);
/* A supplicant comes: -EBUSY while there is one. It goes: its requests fail. */
int optee_supp_open(struct optee_supp *supp, struct tee_context *ctx);
void optee_supp_release(struct optee_supp *supp);
/* Requests of the old trusted OS fail. */
void optee_supp_reset(struct optee_supp *supp, u32 epoch);
/*
 * Ask the supplicant, or the fallback, and wait for the answer; only a fatal
 * signal interrupts. @param carries references of the caller. Returns a TEE
 * result, COMMUNICATION when nobody answered.
 */
u32 optee_supp_thrd_req(struct optee_call *call, u32 func, size_t num_params,
			struct tee_param *param);
/* Is it the fallback that serves requests at this moment? */
bool optee_supp_is_fallback(struct optee *optee);
/* Is there anybody, process or fallback, who serves requests at this moment? */
bool optee_supp_is_there(struct optee *optee);
/* An shm that the supplicant made, by its id, with a reference; NULL if unknown. */
struct tee_shm *optee_supp_get_shm(struct optee_supp *supp, u64 id);
/* Is @shm one of the supplicant that is open now? */
bool optee_supp_owns(struct optee_supp *supp, struct tee_shm *shm);
/* Part of optee_get_shm_refs(). */
size_t optee_supp_get_shm_refs(struct optee_supp *supp, struct optee_shm_ref *refs, size_t max);
int optee_supp_recv(struct tee_context *ctx, u32 *func, u32 *num_params,
		    struct tee_param *param);
int optee_supp_send(struct tee_context *ctx, u32 ret, u32 num_params,
		    struct tee_param *param);

/* notif.c */

int optee_notif_init(struct optee_notif *notif, u32 max_value, u32 epoch);
void optee_notif_uninit(struct optee_notif *notif);
/* Everyone who waits fails, nothing is pending. -ENOMEM leaves the old maximum. */
int optee_notif_reset(struct optee_notif *notif, u32 max_value, u32 epoch);
/*
 * Wait for @value, uninterruptibly; @timeout in ms, 0 for none. -EINVAL beyond the
 * maximum, -EBUSY when another one waits for it, -ETIMEDOUT, -ESTALE after a reset.
 */
int optee_notif_wait(struct optee_notif *notif, u32 value, u32 timeout, u32 epoch);
int optee_notif_send(struct optee_notif *notif, u32 value, u32 epoch);

/* device.c */

void optee_scan_init(struct optee *optee);
/* Bring the devices on the bus up to date, soon, in a work item. */
void optee_scan_start(struct optee *optee);
/* The work does not run any more and the devices are gone, drivers taken off. */
void optee_scan_end(struct optee *optee);

/*
 * protmem.c: the heaps of protected memory, once the client device is registered.
 * -ENOMEM; a heap that cannot be had for another reason is done without. They go
 * with the device.
 */
int optee_protmem_init(struct optee *optee);

/* status.c */

void optee_status_init(struct optee *optee);
void optee_status_uninit(struct optee *optee);
/* A context is open; it is about to be freed, its sessions are closed. */
void optee_status_add(struct optee *optee, struct tee_context *ctx);
void optee_status_remove(struct optee *optee, struct tee_context *ctx);

#endif /* NORMAL_DRIVERS_OPTEE_PRIVATE_H */
