/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The device, probe, remove and reset
 */
#include <linux/atomic.h>
#include <linux/err.h>
#include <linux/errno.h>
#include <linux/kernel.h>
#include <linux/list.h>
#include <linux/mutex.h>
#include <linux/printk.h>
#include <linux/rwsem.h>
#include <linux/slab.h>
#include <linux/spinlock.h>
#include <linux/wait.h>

#include "normal/drivers/qtee/qcomtee_private.h"

/*
 * The device
 */

static int qcomtee_pool_alloc(struct tee_shm_pool *pool, struct tee_shm *shm, size_t size,
			      size_t align)
{
	/* The QTEE is told of memory when it asks for it, not before. */
	return tee_dyn_shm_alloc_helper(shm, size, align, NULL);
}

static void qcomtee_pool_free(struct tee_shm_pool *pool, struct tee_shm *shm)
{
	tee_dyn_shm_free_helper(shm, NULL);
}

/* The pool is part of struct qcomtee: there is nothing to destroy. */
static const struct tee_shm_pool_ops qcomtee_pool_ops = {
	.alloc = qcomtee_pool_alloc,
	.free = qcomtee_pool_free,
};

static void qcomtee_get_version(struct tee_device *teedev, struct tee_ioctl_version_data *vers)
{
	vers->impl_id = TEE_IMPL_ID_QTEE;
	vers->impl_caps = 0;
	vers->gen_caps = TEE_GEN_CAP_OBJREF;
}

static int qcomtee_get_tee_revision(struct tee_device *teedev, char *buf, size_t len)
{
	struct qcomtee *qcomtee = tee_get_drvdata(teedev);
	u32 version = READ_ONCE(qcomtee->version);

	scnprintf(buf, len, "QTEE %u.%u.%u", QTEE_VERSION_MAJOR(version),
		  QTEE_VERSION_MINOR(version), QTEE_VERSION_PATCH(version));
	return 0;
}

static const struct tee_driver_ops qcomtee_ops = {
	.get_version = qcomtee_get_version,
	.get_tee_revision = qcomtee_get_tee_revision,
	.open = qcomtee_context_open,
	.close_context = qcomtee_context_close,
	.release = qcomtee_context_release,
	.object_invoke_func = qcomtee_object_invoke,
	.supp_recv = qcomtee_supp_recv,
	.supp_send = qcomtee_supp_send,
};

static const struct tee_desc qcomtee_desc = {
	.name = "qcomtee",
	.ops = &qcomtee_ops,
};

bool qcomtee_user_get(struct qcomtee *qcomtee)
{
	bool ok;

	spin_lock(&qcomtee->lock);
	ok = !qcomtee->removing;
	if (ok)
		qcomtee->users++;
	spin_unlock(&qcomtee->lock);
	return ok;
}

void qcomtee_user_put(struct qcomtee *qcomtee)
{
	spin_lock(&qcomtee->lock);
	if (!--qcomtee->users)
		wake_up(&qcomtee->wq);
	spin_unlock(&qcomtee->lock);
}

/*
 * The version: three calls, as a client of the kernel. Not knowing it is no harm.
 */

static int qcomtee_call_kernel(struct qcomtee *qcomtee, struct qcomtee_object *object, u32 op,
			       struct qcomtee_arg *args)
{
	int result = 0;
	int rc;

	rc = qcomtee_object_do_invoke_kernel(qcomtee, object, op, args, &result);
	return rc ?: result ? -EIO : 0;
}

static int qcomtee_get_env(struct qcomtee *qcomtee, struct qcomtee_object **ret_env)
{
	struct qcomtee_arg args[] = {
		{ .type = QCOMTEE_ARG_TYPE_IO, .o = NULL_QCOMTEE_OBJECT },
		{ .type = QCOMTEE_ARG_TYPE_OO },
		{ .type = QCOMTEE_ARG_TYPE_INV },
	};
	int rc;

	rc = qcomtee_call_kernel(qcomtee, &qcomtee->root,
				 QTEE_CLIENT_ENV_OP_REGISTER_WITH_CREDENTIALS, args);
	*ret_env = args[1].o;
	return rc;
}

static int qcomtee_open_service(struct qcomtee *qcomtee, struct qcomtee_object *env, u32 uid,
				struct qcomtee_object **ret_service)
{
	struct qcomtee_arg args[] = {
		{ .type = QCOMTEE_ARG_TYPE_IB, .b = { { .addr = &uid }, sizeof(uid) } },
		{ .type = QCOMTEE_ARG_TYPE_OO },
		{ .type = QCOMTEE_ARG_TYPE_INV },
	};
	int rc;

	rc = qcomtee_call_kernel(qcomtee, env, QTEE_CLIENT_ENV_OP_OPEN, args);
	*ret_service = args[1].o;
	return rc;
}

static int qcomtee_get_feature(struct qcomtee *qcomtee, struct qcomtee_object *service, u32 id,
			       u32 *ret_version)
{
	u32 version = 0;
	struct qcomtee_arg args[] = {
		{ .type = QCOMTEE_ARG_TYPE_IB, .b = { { .addr = &id }, sizeof(id) } },
		{ .type = QCOMTEE_ARG_TYPE_OB, .b = { { .addr = &version }, sizeof(version) } },
		{ .type = QCOMTEE_ARG_TYPE_INV },
	};
	int rc;

	rc = qcomtee_call_kernel(qcomtee, service, QTEE_FEATURE_VERSIONS_OP_GET, args);
	if (!rc && args[1].b.size == sizeof(version))
		*ret_version = version;
	return rc;
}

static void qcomtee_query_version(struct qcomtee *qcomtee)
{
	struct qcomtee_object *service = NULL_QCOMTEE_OBJECT;
	struct qcomtee_object *env = NULL_QCOMTEE_OBJECT;
	u32 version = 0;
	int rc;

	rc = qcomtee_get_env(qcomtee, &env);
	if (!rc)
		rc = qcomtee_open_service(qcomtee, env, QTEE_UID_FEATURE_VERSIONS, &service);
	if (!rc)
		rc = qcomtee_get_feature(qcomtee, service, QTEE_FEATURE_VERSIONS_ID_QTEE,
					 &version);
	qcomtee_object_put(service);
	qcomtee_object_put(env);

	WRITE_ONCE(qcomtee->version, version);
	if (rc)
		pr_info("qcomtee: the QTEE does not tell its version (%d)\n", rc);
	else
		pr_info("qcomtee: version %u.%u.%u\n", QTEE_VERSION_MAJOR(version),
			QTEE_VERSION_MINOR(version), QTEE_VERSION_PATCH(version));
}

/*
 * Probe, remove
 */

static struct qcomtee *qcomtee_alloc(const struct qcomtee_platform_data *pdata)
{
	struct qcomtee *qcomtee = kzalloc(sizeof(*qcomtee), GFP_KERNEL);

	if (!qcomtee)
		return NULL;
	qcomtee->conduit = pdata->conduit;
	qcomtee->callback_timeout_ms = pdata->callback_timeout_ms;
	qcomtee->pool.ops = &qcomtee_pool_ops;
	qcomtee->epoch = 1;
	qcomtee->usable = true;
	init_rwsem(&qcomtee->gate);
	qcomtee->root = (struct qcomtee_object){
		.type = QCOMTEE_OBJECT_TYPE_ROOT,
		.qcomtee = qcomtee,
		.uncounted = true,
	};
	qcomtee_object_init(&qcomtee->primordial, qcomtee, &qcomtee_primordial_ops);
	qcomtee->primordial.uncounted = true;
	qcomtee_ids_init(qcomtee);
	spin_lock_init(&qcomtee->lock);
	qcomtee_oics_init(qcomtee);
	qcomtee_release_init(qcomtee);
	init_waitqueue_head(&qcomtee->wq);
	mutex_init(&qcomtee->contexts_mutex);
	INIT_LIST_HEAD(&qcomtee->contexts);
	return qcomtee;
}

static void qcomtee_free(struct qcomtee *qcomtee)
{
	mutex_destroy(&qcomtee->contexts_mutex);
	qcomtee_oics_uninit(qcomtee);
	qcomtee_ids_uninit(qcomtee);
	kfree(qcomtee);
}

static u32 qcomtee_next_epoch_locked(struct qcomtee *qcomtee, bool usable)
{
	qcomtee->usable = usable;
	WRITE_ONCE(qcomtee->epoch, qcomtee->epoch + 1 ?: 1);
	return qcomtee->epoch;
}

/* From now on the QTEE is not there; wait for who is inside. */
static void qcomtee_end_epoch(struct qcomtee *qcomtee)
{
	u32 epoch;

	down_write(&qcomtee->gate);
	epoch = qcomtee_next_epoch_locked(qcomtee, /* usable: */ false);
	up_write(&qcomtee->gate);

	qcomtee_contexts_reset(qcomtee, epoch);
	qcomtee_ns_id_forget_all(qcomtee);
	qcomtee_oics_reclaim(qcomtee);
}

struct qcomtee *qcomtee_probe(const struct qcomtee_platform_data *pdata)
{
	struct qcomtee *qcomtee;
	int rc;

	qcomtee = qcomtee_alloc(pdata);
	if (!qcomtee)
		return ERR_PTR(-ENOMEM);
	rc = qcomtee_smc_probe(qcomtee);
	if (rc)
		goto err_free;
	qcomtee_query_version(qcomtee);

	qcomtee->teedev = tee_device_alloc(&qcomtee_desc, &qcomtee->pool, qcomtee);
	if (IS_ERR(qcomtee->teedev)) {
		rc = PTR_ERR(qcomtee->teedev);
		qcomtee->teedev = NULL;
		goto err_end;
	}
	rc = tee_device_register(qcomtee->teedev);
	if (rc)
		goto err_end;
	if (pdata->rfc) {
		rc = qcomtee_rfc_register(qcomtee);
		if (rc)
			goto err_remove;
	}
	return qcomtee;

err_remove:
	/* Somebody may have opened it already. */
	qcomtee_remove(qcomtee);
	return ERR_PTR(rc);

err_end:
	tee_device_unregister(qcomtee->teedev);
	qcomtee_release_flush(qcomtee);
	qcomtee_end_epoch(qcomtee);
err_free:
	qcomtee_free(qcomtee);
	return ERR_PTR(rc);
}

static bool qcomtee_has_no_users(struct qcomtee *qcomtee)
{
	bool none;

	spin_lock(&qcomtee->lock);
	none = !qcomtee->users;
	spin_unlock(&qcomtee->lock);
	return none;
}

void qcomtee_remove(struct qcomtee *qcomtee)
{
	if (!qcomtee)
		return;

	qcomtee_rfc_unregister(qcomtee);
	spin_lock(&qcomtee->lock);
	qcomtee->removing = true;
	spin_unlock(&qcomtee->lock);
	wait_event(qcomtee->wq, qcomtee_has_no_users(qcomtee));
	/*
	 * What the users had is given back while the QTEE still answers. Then what it
	 * keeps is taken away: memory among that would hold the device for ever.
	 */
	qcomtee_release_flush(qcomtee);
	qcomtee_end_epoch(qcomtee);
	tee_device_unregister(qcomtee->teedev);
	qcomtee_free(qcomtee);
}

/*
 * Reset
 */

void qcomtee_world_gone(struct qcomtee *qcomtee)
{
	/* SMCs in flight end at once, because nobody answers them. */
	qcomtee_end_epoch(qcomtee);
}

int qcomtee_reset(struct qcomtee *qcomtee)
{
	int rc;

	qcomtee_end_epoch(qcomtee);
	rc = qcomtee_smc_probe(qcomtee);
	if (rc) {
		pr_err("qcomtee: the new QTEE is not usable (%d); calls fail until it is "
		       "replaced\n", rc);
		return rc;
	}
	/* Messages with ids that were taken back just now must not get through. */
	down_write(&qcomtee->gate);
	qcomtee_next_epoch_locked(qcomtee, /* usable: */ true);
	up_write(&qcomtee->gate);
	qcomtee_query_version(qcomtee);
	return 0;
}

void qcomtee_get_stats(struct qcomtee *qcomtee, struct qcomtee_stats *stats)
{
	stats->ids = atomic_long_read(&qcomtee->n_ids);
	stats->tee_objects = atomic_long_read(&qcomtee->n_tee_objects);
	stats->invocations = atomic_long_read(&qcomtee->n_oics);
	stats->lost_releases = atomic_long_read(&qcomtee->lost_releases);
	stats->lost_async = atomic_long_read(&qcomtee->lost_async);
	spin_lock(&qcomtee->lock);
	stats->releases = qcomtee->n_releases;
	stats->abandoned = qcomtee->n_abandoned;
	spin_unlock(&qcomtee->lock);
}
