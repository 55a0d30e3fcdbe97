/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The SMC ABI: registers in and out, the handshake, probe, reset and remove
 *
 * Registers are 32 bits wide also on 64-bit machines: addresses and cookies go
 * as a high and a low half.
 *
 * Asynchronous notifications need an interrupt line, which a conduit has not;
 * they are not enabled even when offered. The cache of RPC buffers in an old
 * trusted OS is not enabled either: what an RPC allocated for a call goes when
 * the call ends.
 */
#include <linux/err.h>
#include <linux/errno.h>
#include <linux/kernel.h>
#include <linux/mm.h>
#include <linux/mutex.h>
#include <linux/printk.h>
#include <linux/rwsem.h>
#include <linux/sched.h>
#include <linux/slab.h>
#include <linux/string.h>
#include <linux/wait.h>
#include <linux/workqueue.h>

#include "normal/drivers/optee/optee_private.h"

/*
 * Tries to enter a trusted OS that says it has no free thread while no call of
 * ours is inside; each waits a moment (call.c).
 */
#define OPTEE_ENTER_TRIES 100

/* RPCs that one call may make while a reset holds everybody up */
#define OPTEE_RESET_MAX_RPCS 1000

/* More threads than this is not an answer but noise. */
#define OPTEE_MAX_THREADS 4096

/* What the handshake brought */
struct optee_handshake {
	u32 rev_major;
	u32 rev_minor;
	u32 rev_build;
	u32 max_notif_value;
	int thread_count;
	bool has_rpc_arg;
	bool has_memref_null;
	phys_addr_t protmem_pa;
	size_t protmem_size;
};

static void reg_pair_from_64(u64 *hi, u64 *lo, u64 val)
{
	*hi = upper_32_bits(val);
	*lo = lower_32_bits(val);
}

static u64 reg_pair_to_64(u64 hi, u64 lo)
{
	return (u64)lower_32_bits(hi) << 32 | lower_32_bits(lo);
}

static void optee_fast_call(struct smc_conduit *conduit, u32 func, struct smc_regs *out)
{
	struct smc_regs in = { .a = { func } };

	conduit->call(conduit, &in, out);
}

/* One SMC of a yielding call, in the epoch of the call. */
static int optee_smc(struct optee_call *call, const struct smc_regs *in, struct smc_regs *out)
{
	struct optee *optee = call->optee;
	int rc = 0;

	if (call->in_reset) {
		optee->conduit->call(optee->conduit, in, out);
		return 0;
	}

	down_read(&optee->gate);
	if (!call->epoch)
		call->epoch = optee->epoch;
	if (!optee->usable)
		rc = -ENXIO;
	else if (call->epoch != optee->epoch)
		rc = -ESTALE;
	else
		optee->conduit->call(optee->conduit, in, out);
	up_read(&optee->gate);
	return rc;
}

/*
 * RPC_ALLOC: memory that is contiguous, which any amount is here. The address 0
 * says that there is none.
 */
static void optee_rpc_func_alloc(struct optee_call *call, u64 size, struct smc_regs *in)
{
	struct tee_shm *shm;
	phys_addr_t pa;
	u64 cookie;

	in->a[1] = in->a[2] = in->a[4] = in->a[5] = 0;
	shm = optee_rpc_alloc_kernel(call, size);
	if (!shm)
		return;
	if (tee_shm_get_pa(shm, 0, &pa) ||
	    optee_rpc_shm_add(call, shm, /* appl: */ false, &cookie)) {
		tee_shm_free(shm);
		return;
	}
	reg_pair_from_64(&in->a[1], &in->a[2], pa);
	reg_pair_from_64(&in->a[4], &in->a[5], cookie);
}

static void optee_rpc_func_free(struct optee_call *call, u64 cookie)
{
	bool appl;

	/* What the supplicant allocated has to be given back by a command. */
	tee_shm_free(optee_rpc_shm_remove(call->optee, cookie, &appl));
}

/* A message that stands behind the main one, or in memory that an RPC allocated. */
static void optee_rpc_func_cmd(struct optee_call *call, struct optee_arg *arg, u64 cookie)
{
	struct optee_msg_arg *msg = arg->rpc;
	struct tee_shm *shm = NULL;
	void *va;

	if (!msg) {
		shm = optee_shm_get_by_cookie(call->optee, cookie, /* lent: */ true);
		va = shm ? tee_shm_get_va(shm, 0) : ERR_PTR(-EINVAL);
		if (!IS_ERR(va) && shm->size >= OPTEE_MSG_GET_ARG_SIZE(OPTEE_RPC_NUM_PARAMS))
			msg = va;
	}
	if (msg)
		optee_rpc_cmd(call, msg);
	else
		pr_err_ratelimited("optee: the trusted OS sent a request in memory that it did not "
				   "get for it; it is not served\n");
	tee_shm_put(shm);
}

/* Serve the request in @out; @in becomes the registers with which to go back. */
static void optee_handle_rpc(struct optee_call *call, struct optee_arg *arg,
			     const struct smc_regs *out, struct smc_regs *in)
{
	/* a3, a6 and a7 belong to the trusted OS. */
	*in = *out;
	in->a[0] = OPTEE_SMC_CALL_RETURN_FROM_RPC;

	switch (OPTEE_SMC_RETURN_RPC_FUNC(lower_32_bits(out->a[0]))) {
	case OPTEE_SMC_RPC_FUNC_ALLOC:
		optee_rpc_func_alloc(call, lower_32_bits(out->a[1]), in);
		break;
	case OPTEE_SMC_RPC_FUNC_FREE:
		optee_rpc_func_free(call, reg_pair_to_64(out->a[1], out->a[2]));
		break;
	case OPTEE_SMC_RPC_FUNC_FOREIGN_INTR:
		break;
	case OPTEE_SMC_RPC_FUNC_CMD:
		optee_rpc_func_cmd(call, arg, reg_pair_to_64(out->a[1], out->a[2]));
		break;
	default:
		pr_warn_ratelimited("optee: the trusted OS made an unknown request (%#x)\n",
				    lower_32_bits(out->a[0]));
		break;
	}
}

static void optee_arg_to_regs(const struct optee_arg *arg, struct smc_regs *in)
{
	memset(in, 0, sizeof(*in));
	if (arg->cache->registered) {
		in->a[0] = OPTEE_SMC_CALL_WITH_REGD_ARG;
		reg_pair_from_64(&in->a[1], &in->a[2], arg->entry->rec.cookie);
		in->a[3] = arg->offs;
	} else {
		in->a[0] = arg->rpc ? OPTEE_SMC_CALL_WITH_RPC_ARG : OPTEE_SMC_CALL_WITH_ARG;
		reg_pair_from_64(&in->a[1], &in->a[2], arg->entry->shm.paddr + arg->offs);
	}
}

/* The last word of a call that is not OK. */
static int optee_bad_return(u32 ret, u32 cmd)
{
	if (ret == OPTEE_SMC_RETURN_UNKNOWN_FUNCTION) {
		pr_err_ratelimited("optee: the trusted OS does not answer; calls fail until it is "
				   "started again\n");
		return -ENXIO;
	}
	pr_err_ratelimited("optee: the trusted OS answered %#x to a message of type %u; the call "
			   "fails\n", ret, cmd);
	return -EIO;
}

/* Wait for a thread after ETHREAD_LIMIT; -EIO when there will not be any. */
static int optee_wait_for_thread(struct optee_call *call, struct optee_call_waiter *w,
				 unsigned int *tries)
{
	if (call->in_reset)
		return -EIO;
	if (optee_cq_wait_for_completion(&call->optee->cq, w)) {
		*tries = 0;
		return 0;
	}
	if (++*tries < OPTEE_ENTER_TRIES)
		return 0;
	pr_err_ratelimited("optee: the trusted OS has no free thread though no call is in it; the "
			   "call fails\n");
	return -EIO;
}

static int optee_run_call(struct optee_call *call, struct optee_arg *arg,
			  struct optee_call_waiter *w, u32 cmd)
{
	unsigned int num_rpcs = 0;
	unsigned int tries = 0;
	struct smc_regs out;
	struct smc_regs in;
	int rc;

	optee_arg_to_regs(arg, &in);
	for (;;) {
		u32 ret;

		rc = optee_smc(call, &in, &out);
		if (rc)
			return rc;
		ret = lower_32_bits(out.a[0]);

		if (ret == OPTEE_SMC_RETURN_OK)
			return 0;
		if (OPTEE_SMC_RETURN_IS_RPC(ret)) {
			if (call->in_reset && num_rpcs == OPTEE_RESET_MAX_RPCS)
				return -EIO;
			num_rpcs++;
			cond_resched();
			optee_handle_rpc(call, arg, &out, &in);
		} else if (ret == OPTEE_SMC_RETURN_ETHREAD_LIMIT && !num_rpcs) {
			/* A call that is inside keeps its thread: never after an RPC. */
			rc = optee_wait_for_thread(call, w, &tries);
			if (rc)
				return rc;
		} else {
			return optee_bad_return(ret, cmd);
		}
	}
}

int optee_do_call_with_arg(struct optee_call *call, struct optee_arg *arg)
{
	struct optee_call_queue *cq = &call->optee->cq;
	struct optee_call_waiter w;
	u32 cmd = arg->msg->cmd;
	int rc;

	/* A reset is alone in the trusted OS and waits for nobody. */
	if (call->in_reset) {
		rc = optee_run_call(call, arg, NULL, cmd);
	} else {
		optee_cq_wait_init(cq, &w, call->sys_thread);
		rc = optee_run_call(call, arg, &w, cmd);
		optee_cq_wait_final(cq, &w);
	}
	optee_rpc_finalize_call(call);
	return rc;
}

/*
 * Handshake
 */

static bool optee_api_uid_is_optee(struct smc_conduit *conduit)
{
	struct smc_regs out;

	optee_fast_call(conduit, OPTEE_SMC_CALLS_UID, &out);
	return lower_32_bits(out.a[0]) == OPTEE_MSG_UID_0 &&
	       lower_32_bits(out.a[1]) == OPTEE_MSG_UID_1 &&
	       lower_32_bits(out.a[2]) == OPTEE_MSG_UID_2 &&
	       lower_32_bits(out.a[3]) == OPTEE_MSG_UID_3;
}

static void optee_get_os_revision(struct smc_conduit *conduit, struct optee_handshake *hs)
{
	struct smc_regs out;

	optee_fast_call(conduit, OPTEE_SMC_CALL_GET_OS_REVISION, &out);
	hs->rev_major = lower_32_bits(out.a[0]);
	hs->rev_minor = lower_32_bits(out.a[1]);
	hs->rev_build = lower_32_bits(out.a[2]);
	if (hs->rev_build)
		pr_info("optee: revision %u.%u (%08x)\n", hs->rev_major, hs->rev_minor,
			hs->rev_build);
	else
		pr_info("optee: revision %u.%u\n", hs->rev_major, hs->rev_minor);
}

static int optee_check_api_revision(struct smc_conduit *conduit)
{
	struct smc_regs out;

	optee_fast_call(conduit, OPTEE_SMC_CALLS_REVISION, &out);
	if (lower_32_bits(out.a[0]) == OPTEE_MSG_REVISION_MAJOR)
		return 0;
	pr_err("optee: the trusted OS speaks revision %u.%u of the interface, this driver speaks "
	       "%u.x; use a matching pair\n", lower_32_bits(out.a[0]), lower_32_bits(out.a[1]),
	       OPTEE_MSG_REVISION_MAJOR);
	return -EINVAL;
}

/* 0 when the trusted OS does not tell. */
static int optee_get_thread_count(struct smc_conduit *conduit)
{
	struct smc_regs out;

	optee_fast_call(conduit, OPTEE_SMC_GET_THREAD_COUNT, &out);
	if (lower_32_bits(out.a[0]) != OPTEE_SMC_RETURN_OK ||
	    lower_32_bits(out.a[1]) > OPTEE_MAX_THREADS)
		return 0;
	return lower_32_bits(out.a[1]);
}

/* What cannot be a carve-out is none: the rest of the trusted OS is good without. */
static void optee_get_protmem_config(struct smc_conduit *conduit, struct optee_handshake *hs)
{
	struct smc_regs out;
	u64 size;
	u64 pa;

	optee_fast_call(conduit, OPTEE_SMC_GET_PROTMEM_CONFIG, &out);
	if (lower_32_bits(out.a[0]) != OPTEE_SMC_RETURN_OK)
		return;
	pa = out.a[1];
	size = out.a[2];
	if (!pa || !size || !PAGE_ALIGNED(pa) || !PAGE_ALIGNED(size) || size > -pa) {
		pr_warn("optee: the trusted OS reports protected memory that cannot be (%#llx bytes "
			"at %#llx); there will be none\n", size, pa);
		return;
	}
	hs->protmem_pa = pa;
	hs->protmem_size = size;
}

static int optee_exchange_capabilities(struct smc_conduit *conduit, struct optee_handshake *hs)
{
	struct smc_regs out;
	u32 rpc_params;
	u32 caps;

	/* Nothing of ours to announce: there is always more than one processor. */
	optee_fast_call(conduit, OPTEE_SMC_EXCHANGE_CAPABILITIES, &out);
	if (lower_32_bits(out.a[0]) != OPTEE_SMC_RETURN_OK) {
		pr_err("optee: the trusted OS refused to exchange capabilities (%#x)\n",
		       lower_32_bits(out.a[0]));
		return -EINVAL;
	}

	caps = lower_32_bits(out.a[1]);
	if (!(caps & OPTEE_SMC_SEC_CAP_DYNAMIC_SHM)) {
		pr_err("optee: the trusted OS does not take dynamic shared memory, which this "
		       "driver needs; build it with CFG_CORE_DYN_SHM=y\n");
		return -EINVAL;
	}

	hs->max_notif_value = OPTEE_DEFAULT_MAX_NOTIF_VALUE;
	if (caps & OPTEE_SMC_SEC_CAP_ASYNC_NOTIF)
		hs->max_notif_value = lower_32_bits(out.a[2]);
	if (hs->max_notif_value > OPTEE_MAX_NOTIF_VALUE_LIMIT) {
		pr_err("optee: the trusted OS wants %u notification values, at most %u are "
		       "served\n", hs->max_notif_value, OPTEE_MAX_NOTIF_VALUE_LIMIT);
		return -EINVAL;
	}

	rpc_params = lower_32_bits(out.a[3]) & 0xff;
	hs->has_memref_null = caps & OPTEE_SMC_SEC_CAP_MEMREF_NULL;
	hs->has_rpc_arg = (caps & OPTEE_SMC_SEC_CAP_RPC_ARG) && rpc_params;
	if (hs->has_rpc_arg && rpc_params > OPTEE_RPC_NUM_PARAMS) {
		pr_err("optee: the trusted OS wants room for %u parameters in its requests, there "
		       "is room for %u\n", rpc_params, OPTEE_RPC_NUM_PARAMS);
		return -EINVAL;
	}
	if (caps & OPTEE_SMC_SEC_CAP_PROTMEM)
		optee_get_protmem_config(conduit, hs);
	return 0;
}

static int optee_handshake(struct smc_conduit *conduit, struct optee_handshake *hs)
{
	int rc;

	if (!optee_api_uid_is_optee(conduit)) {
		pr_err("optee: no OP-TEE answers on the conduit\n");
		return -ENODEV;
	}
	optee_get_os_revision(conduit, hs);
	rc = optee_check_api_revision(conduit);
	if (rc)
		return rc;
	hs->thread_count = optee_get_thread_count(conduit);
	return optee_exchange_capabilities(conduit, hs);
}

static void optee_take_revision(struct optee *optee, const struct optee_handshake *hs)
{
	optee->rev_major = hs->rev_major;
	optee->rev_minor = hs->rev_minor;
	optee->rev_build = hs->rev_build;
}

/*
 * Probe, remove
 */

static int optee_caches_init(struct optee *optee)
{
	int rc;

	rc = optee_arg_cache_init(optee, &optee->pages, /* registered: */ false);
	if (rc || !optee->has_rpc_arg)
		return rc;
	rc = optee_arg_cache_init(optee, &optee->args, /* registered: */ true);
	if (rc)
		optee_arg_cache_uninit(optee, &optee->pages);
	return rc;
}

static void optee_caches_uninit(struct optee *optee)
{
	if (optee->has_rpc_arg)
		optee_arg_cache_uninit(optee, &optee->args);
	optee_arg_cache_uninit(optee, &optee->pages);
}

static struct optee *optee_alloc(const struct optee_platform_data *pdata,
				 const struct optee_handshake *hs)
{
	struct optee *optee;

	optee = kzalloc(sizeof(*optee), GFP_KERNEL);
	if (!optee)
		return NULL;
	optee->conduit = pdata->conduit;
	optee->fallback = pdata->fallback;
	optee->epoch = 1;
	optee->usable = true;
	optee->has_rpc_arg = hs->has_rpc_arg;
	optee->has_memref_null = hs->has_memref_null;
	optee->protmem_pa = hs->protmem_pa;
	optee->protmem_size = hs->protmem_size;
	optee_take_revision(optee, hs);
	if (optee_notif_init(&optee->notif, hs->max_notif_value, optee->epoch)) {
		kfree(optee);
		return NULL;
	}
	init_rwsem(&optee->gate);
	init_waitqueue_head(&optee->reset_wq);
	optee_cq_init(&optee->cq, hs->thread_count, optee->epoch);
	optee_supp_init(&optee->supp, optee->epoch);
	optee_shm_table_init(&optee->shm);
	optee_scan_init(optee);
	optee_status_init(optee);
	return optee;
}

static void optee_free(struct optee *optee)
{
	optee_status_uninit(optee);
	optee_shm_table_uninit(&optee->shm);
	optee_supp_uninit(&optee->supp);
	optee_cq_uninit(&optee->cq);
	optee_notif_uninit(&optee->notif);
	kfree(optee);
}

struct optee *optee_probe(const struct optee_platform_data *pdata)
{
	struct optee_handshake hs = {};
	struct optee *optee;
	int rc;

	rc = optee_handshake(pdata->conduit, &hs);
	if (rc)
		return ERR_PTR(rc);

	optee = optee_alloc(pdata, &hs);
	if (!optee)
		return ERR_PTR(-ENOMEM);
	rc = optee_caches_init(optee);
	if (rc) {
		/* -EIO and -ENXIO: it said who it is and then did not work */
		pr_err("optee: the trusted OS does not take the memory for messages (%d)\n", rc);
		rc = rc == -ENOMEM ? rc : -EINVAL;
		goto err_free;
	}
	rc = optee_devices_register(optee);
	if (rc)
		goto err_caches_uninit;
	rc = optee_protmem_init(optee);
	if (rc)
		goto err_devices_unregister;

	/* What is there from the start is there when the probe returns. */
	optee_scan_start(optee);
	flush_work(&optee->scan_work);
	return optee;

err_devices_unregister:
	/* In the order of optee_remove(): a supplicant may have come already. */
	optee_supp_device_unregister(optee);
	optee_scan_end(optee);
	optee_client_device_unregister(optee);
err_caches_uninit:
	optee_caches_uninit(optee);
err_free:
	optee_free(optee);
	return ERR_PTR(rc);
}

void optee_remove(struct optee *optee)
{
	if (!optee)
		return;

	/*
	 * First the device whose opening starts a scan, then the scan and what it
	 * found, whose drivers are clients of the other device, then the device that
	 * waits for its clients, and only then what their calls needed.
	 */
	optee_supp_device_unregister(optee);
	optee_scan_end(optee);
	optee_client_device_unregister(optee);
	optee_caches_uninit(optee);
	optee_free(optee);
}

/*
 * Reset
 */

/*
 * Clients were told what the trusted OS can do, messages that wait for the gate are
 * laid out for it, and buffers are allocated from its protected memory: the new one
 * must be like the old one in this.
 */
static int optee_check_same(const struct optee *optee, const struct optee_handshake *hs)
{
	if (hs->has_rpc_arg == optee->has_rpc_arg &&
	    hs->has_memref_null == optee->has_memref_null &&
	    hs->protmem_pa == optee->protmem_pa && hs->protmem_size == optee->protmem_size)
		return 0;
	pr_err("optee: the new trusted OS differs from the old one in RPC_ARG, MEMREF_NULL or its "
	       "protected memory; start the same one, or bind the driver anew\n");
	return -EINVAL;
}

static int optee_start_epoch(struct optee *optee)
{
	struct optee_handshake hs = {};
	int rc;

	rc = optee_handshake(optee->conduit, &hs);
	if (!rc)
		rc = optee_check_same(optee, &hs);
	if (rc)
		return rc;

	optee_take_revision(optee, &hs);
	rc = optee_notif_reset(&optee->notif, hs.max_notif_value, optee->epoch);
	if (rc)
		return rc;
	optee_cq_reset(&optee->cq, hs.thread_count, optee->epoch);
	return optee_shm_register_all(optee);
}

/* Who waits on behalf of the old one waits for nothing. */
static void optee_end_epoch(struct optee *optee)
{
	optee->usable = false;
	WRITE_ONCE(optee->epoch, optee->epoch + 1 ?: 1);
	optee_notif_reset(&optee->notif, optee->notif.max_value, optee->epoch);
	optee_supp_reset(&optee->supp, optee->epoch);
	wake_up_all(&optee->reset_wq);
}

void optee_world_gone(struct optee *optee)
{
	/* SMCs in flight end at once, because nobody answers them. */
	down_write(&optee->gate);
	optee_end_epoch(optee);
	up_write(&optee->gate);

	/* Its services are gone with it. */
	optee_scan_start(optee);
}

int optee_reset(struct optee *optee)
{
	int rc;

	down_write(&optee->gate);
	optee_end_epoch(optee);
	rc = optee_start_epoch(optee);
	optee->usable = !rc;
	up_write(&optee->gate);

	if (rc)
		pr_err("optee: the new trusted OS is not usable (%d); calls fail until it is "
		       "replaced\n", rc);
	else
		optee_scan_start(optee);
	return rc;
}
