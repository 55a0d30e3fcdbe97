/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Status views
 *
 * The arrays are made outside the mutex, for as many entries as there were a
 * moment ago and some more. When that is too few by then, once more.
 */
#include <linux/errno.h>
#include <linux/list.h>
#include <linux/mutex.h>
#include <linux/refcount.h>
#include <linux/slab.h>

#include "normal/tee/tee_core.h"
#include "normal/tee/tee_private.h"
#include "normal/tee/tee_state.h"

/* Entries more than were counted */
#define TEE_STATE_SLACK 16

static size_t tee_list_count(const struct list_head *head)
{
	const struct list_head *pos;
	size_t n = 0;

	for (pos = head->next; pos != head; pos = pos->next)
		n++;
	return n;
}

static enum tee_shm_kind tee_shm_kind(const struct tee_shm_obj *obj)
{
	if (obj->shm.flags & TEE_SHM_DMA_BUF)
		return TEE_SHM_KIND_FD;
	if (obj->user && tee_shm_is_registered(&obj->shm))
		return TEE_SHM_KIND_REGISTER;
	return obj->user ? TEE_SHM_KIND_ALLOC : TEE_SHM_KIND_KERNEL;
}

static void tee_state_fill_locked(struct tee_device_obj *dev, struct tee_device_state *state)
{
	struct tee_context_obj *ctx;
	struct tee_shm_obj *obj;

	list_for_each_entry(ctx, &dev->contexts, dev_link) {
		state->contexts[state->num_contexts++] = (struct tee_context_state){
			.serial = ctx->serial,
			.num_shm = tee_list_count(&ctx->ctx.list_shm),
			.is_device = ctx->is_device,
			.ended = ctx->ended,
		};
	}

	list_for_each_entry(obj, &dev->all_shm, dev_link) {
		struct tee_context_obj *owner = tee_context_obj(obj->shm.ctx);

		/* One without references is on the list for a walk's sake only. */
		if (!refcount_read(&obj->shm.refcount))
			continue;
		state->shms[state->num_shms++] = (struct tee_shm_state){
			.serial = obj->serial,
			.ctx = owner->serial,
			.size = obj->shm.size,
			.id = obj->shm.id,
			.kind = tee_shm_kind(obj),
			.orphan = owner->ended || (owner->is_device && obj->counted),
			.registered = obj->shm.sec_world_id != 0,
			.refs = refcount_read(&obj->shm.refcount),
			.calls = obj->calls,
		};
	}
}

int tee_device_get_state(struct tee_device *teedev, struct tee_device_state *ret_state)
{
	struct tee_device_obj *dev = tee_device_obj(teedev);
	struct tee_device_state state;
	size_t max_contexts = 0;
	size_t max_shms = 0;
	size_t n_contexts;
	size_t n_shms;
	bool fits;

	do {
		max_contexts += TEE_STATE_SLACK;
		max_shms += TEE_STATE_SLACK;
		state = (struct tee_device_state){
			.contexts = kvcalloc(max_contexts, sizeof(*state.contexts), GFP_KERNEL),
			.shms = kvcalloc(max_shms, sizeof(*state.shms), GFP_KERNEL),
		};
		if (!state.contexts || !state.shms) {
			tee_device_free_state(&state);
			return -ENOMEM;
		}

		mutex_lock(&teedev->mutex);
		n_contexts = tee_list_count(&dev->contexts);
		n_shms = tee_list_count(&dev->all_shm);
		fits = n_contexts <= max_contexts && n_shms <= max_shms;
		if (fits)
			tee_state_fill_locked(dev, &state);
		mutex_unlock(&teedev->mutex);

		if (!fits) {
			tee_device_free_state(&state);
			max_contexts = n_contexts;
			max_shms = n_shms;
		}
	} while (!fits);

	*ret_state = state;
	return 0;
}

void tee_device_free_state(struct tee_device_state *state)
{
	kvfree(state->contexts);
	kvfree(state->shms);
	*state = (struct tee_device_state){};
}
