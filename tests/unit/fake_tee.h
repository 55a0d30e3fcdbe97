/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A TEE of a few variables behind the real core: a client and a privileged device
 * with one driver. It answers what the test told it to, keeps what it was given,
 * and has sessions. A privileged device has one holder, as OP-TEE's.
 */
#ifndef TESTS_UNIT_FAKE_TEE_H
#define TESTS_UNIT_FAKE_TEE_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>

#include <linux/types.h>

#include "normal/tee/tee_core.h"

#define FAKE_MAX_PARAMS 128
#define FAKE_MAX_SESSIONS 8
#define FAKE_MAX_OPEN 64

enum fake_op {
	FAKE_OPEN,
	FAKE_CLOSE_CONTEXT,
	FAKE_RELEASE,
	FAKE_OPEN_SESSION,
	FAKE_CLOSE_SESSION,
	FAKE_SYSTEM_SESSION,
	FAKE_INVOKE,
	FAKE_OBJECT_INVOKE,
	FAKE_CANCEL,
	FAKE_RECV,
	FAKE_SEND,
	FAKE_REGISTER,
	FAKE_UNREGISTER,
	FAKE_N_OPS,
};

/**
 * struct fake_tee - knobs and records
 * @ops: of both devices; a test may take one away
 * @rc: errno of an op, 0 to succeed
 * @ret, @ret_origin, @set_ret: the verdict, written only with @set_ret
 * @param: called with the parameters of a call before it returns; may change them
 * @before_unregister, @in_release: called inside these ops
 * @calls: how often each op ran; @n_registered: registrations alive
 * @seen, @n_seen: parameters as the last op got them
 * @last_ctx: of the last register, unregister
 * @open: contexts that are open, the first FAKE_MAX_OPEN
 * @holder: of the privileged device
 */
struct fake_tee {
	struct tee_driver_ops ops;
	struct tee_desc client_desc;
	struct tee_desc priv_desc;
	struct tee_shm_pool pool;
	struct tee_device *client;
	struct tee_device *priv;

	int rc[FAKE_N_OPS];
	bool set_ret;
	u32 ret;
	u32 ret_origin;
	bool cap_memref_null;
	u32 recv_func;
	u32 recv_num;
	bool calc_login;
	void (*param)(struct fake_tee *tee, struct tee_context *ctx, struct tee_param *param,
		      size_t n);
	void (*before_unregister)(struct fake_tee *tee);
	void (*in_release)(struct fake_tee *tee, struct tee_context *ctx);
	void *data;

	atomic_uint calls[FAKE_N_OPS];
	atomic_int n_registered;
	struct tee_param seen[FAKE_MAX_PARAMS];
	size_t n_seen;
	u32 seen_ret;
	u32 seen_word;
	u8 seen_uuid[TEE_IOCTL_UUID_LEN];
	_Atomic(struct tee_context *) last_ctx;
	_Atomic(struct tee_context *) open[FAKE_MAX_OPEN];
	_Atomic(struct tee_context *) holder;
	_Atomic(struct tee_context *) sessions[FAKE_MAX_SESSIONS];
};

/* Zeroed, with every op and a pool of registered pages; no devices yet. */
void fake_tee_init(struct fake_tee *tee);
/* 0 or the first errno; fake_tee_remove() in both cases. */
int fake_tee_probe(struct fake_tee *tee);
void fake_tee_remove(struct fake_tee *tee);
/* Close what a test that failed left open; how many that were. */
size_t fake_tee_close_all(struct fake_tee *tee);
size_t fake_tee_n_sessions(struct fake_tee *tee);

#endif /* TESTS_UNIT_FAKE_TEE_H */
