/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Status views: sessions, and what the driver holds of shared memory
 *
 * Copies of the driver's own lists. Nothing here is on the way of a call: a
 * context enters and leaves the list at its open and its end.
 */
#include <linux/idr.h>
#include <linux/list.h>
#include <linux/mutex.h>
#include <linux/string.h>

#include "normal/drivers/optee/optee_private.h"

void optee_status_init(struct optee *optee)
{
	mutex_init(&optee->ctxs_mutex);
	INIT_LIST_HEAD(&optee->ctxs);
}

void optee_status_uninit(struct optee *optee)
{
	mutex_destroy(&optee->ctxs_mutex);
}

void optee_status_add(struct optee *optee, struct tee_context *ctx)
{
	struct optee_context_data *ctxdata = ctx->data;

	ctxdata->serial = tee_context_serial(ctx);
	mutex_lock(&optee->ctxs_mutex);
	list_add_tail(&ctxdata->link, &optee->ctxs);
	mutex_unlock(&optee->ctxs_mutex);
}

void optee_status_remove(struct optee *optee, struct tee_context *ctx)
{
	struct optee_context_data *ctxdata = ctx->data;

	mutex_lock(&optee->ctxs_mutex);
	list_del(&ctxdata->link);
	mutex_unlock(&optee->ctxs_mutex);
}

const struct tee_device *optee_get_client_device(struct optee *optee)
{
	return optee->teedev;
}

size_t optee_get_sessions(struct optee *optee, struct optee_session_info *infos, size_t max)
{
	u32 epoch = READ_ONCE(optee->epoch);
	struct optee_context_data *ctxdata;
	struct optee_session *sess;
	size_t n = 0;

	mutex_lock(&optee->ctxs_mutex);
	list_for_each_entry(ctxdata, &optee->ctxs, link) {
		mutex_lock(&ctxdata->mutex);
		list_for_each_entry(sess, &ctxdata->sess_list, list_node) {
			if (n < max) {
				infos[n] = (struct optee_session_info){
					.ctx = ctxdata->serial,
					.id = sess->id,
					.system = sess->use_sys_thread,
					.dead = sess->epoch != epoch,
				};
				memcpy(infos[n].uuid, sess->uuid, sizeof(sess->uuid));
			}
			n++;
		}
		mutex_unlock(&ctxdata->mutex);
	}
	mutex_unlock(&optee->ctxs_mutex);
	return n;
}

size_t optee_get_shm_refs(struct optee *optee, struct optee_shm_ref *refs, size_t max)
{
	struct optee_shm_table *table = &optee->shm;
	struct optee_shm_rec *rec;
	size_t n = 0;
	int id;

	mutex_lock(&table->mutex);
	idr_for_each_entry(&table->idr, rec, id) {
		/* The other kinds do not hold what they describe. */
		if (rec->kind != OPTEE_SHM_RPC)
			continue;
		if (n < max)
			refs[n] = (struct optee_shm_ref){
				.teedev = tee_shm_get_device(rec->shm),
				.shm = tee_shm_serial(rec->shm),
			};
		n++;
	}
	mutex_unlock(&table->mutex);

	return n + optee_supp_get_shm_refs(&optee->supp, n < max ? refs + n : NULL,
					   n < max ? max - n : 0);
}
