/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Shared memory, as the trusted OS knows it
 *
 * Each piece of memory that the trusted OS was told of has a cookie, a number of
 * ours that says nothing about addresses and is not soon used again. The table
 * leads from a cookie that comes back to what it stands for.
 *
 * A registered object is the range of bytes that REGISTER_SHM described: buf_ptr
 * is the address of the page list with the offset of the first byte in its page
 * in the low 12 bits, size counts from that byte. So the offset in a memref
 * parameter counts from the first byte of the buffer too, not of its page.
 *
 * A record enters and leaves the table under the gate, and remembers the epoch
 * in which the trusted OS learned of it. So a reset, which holds the gate, finds
 * exactly the memory that the new trusted OS must know; a registration that was
 * under way meanwhile finds that it has been done.
 */
#include <linux/bitmap.h>
#include <linux/bitops.h>
#include <linux/errno.h>
#include <linux/idr.h>
#include <linux/io.h>
#include <linux/kernel.h>
#include <linux/list.h>
#include <linux/mm.h>
#include <linux/mutex.h>
#include <linux/printk.h>
#include <linux/refcount.h>
#include <linux/rwsem.h>
#include <linux/slab.h>
#include <linux/spinlock.h>
#include <linux/string.h>
#include <linux/wait.h>

#include "normal/drivers/optee/optee_private.h"
#include "normal/platform.h"

#define OPTEE_PAGE_SIZE ((size_t)OPTEE_MSG_NONCONTIG_PAGE_SIZE)

/* A slot for a message that registers memory: the message, then a page list */
#define OPTEE_PAGES_SLOT_SIZE (2 * OPTEE_PAGE_SIZE)
#define OPTEE_PAGES_SLOTS 2

void optee_shm_table_init(struct optee_shm_table *table)
{
	mutex_init(&table->mutex);
	idr_init(&table->idr);
	table->rpc_bytes = 0;
}

void optee_shm_table_uninit(struct optee_shm_table *table)
{
	WARN_ON(!idr_is_empty(&table->idr));
	idr_destroy(&table->idr);
	mutex_destroy(&table->mutex);
}

/* Memory of the driver's own, which no device counts among its users. */
static int optee_mem_alloc(struct tee_shm *mem, size_t size)
{
	memset(mem, 0, sizeof(*mem));
	mem->size = PAGE_ALIGN(size);
	mem->id = -1;
	return platform_shm_alloc(mem, mem->size >> PAGE_SHIFT, /* mappable: */ false);
}

static size_t optee_num_list_entries(const struct tee_shm *shm)
{
	return (shm->offset % OPTEE_PAGE_SIZE + shm->size - 1) / OPTEE_PAGE_SIZE + 1;
}

/* Both the offset and the size were checked against the pages that are there. */
static int optee_check_pages(const struct tee_shm *shm)
{
	size_t bytes = shm->num_pages << PAGE_SHIFT;

	if (!shm->pages || !shm->size || shm->offset >= bytes ||
	    shm->size > bytes - shm->offset)
		return -EINVAL;
	return 0;
}

/*
 * A host page of more than 4 KiB gives several entries; those before the first
 * byte are left out.
 */
static void optee_fill_page_list(struct optee_msg_page_list *list, u64 list_pa,
				 const struct tee_shm *shm)
{
	size_t num = optee_num_list_entries(shm);
	size_t byte = shm->offset & ~(OPTEE_PAGE_SIZE - 1);
	size_t slot = 0;
	size_t n;

	for (n = 0; n < num; n++, byte += OPTEE_PAGE_SIZE) {
		if (slot == OPTEE_MSG_PAGES_PER_LIST) {
			list_pa += OPTEE_PAGE_SIZE;
			list->next = list_pa;
			list++;
			slot = 0;
		}
		list->pages[slot++] = page_to_phys(shm->pages[byte >> PAGE_SHIFT]) +
				      (byte & (PAGE_SIZE - 1));
	}
	list->next = 0;
}

static u64 optee_list_buf_ptr(u64 list_pa, const struct tee_shm *shm)
{
	return list_pa | (shm->offset & (OPTEE_PAGE_SIZE - 1));
}

int optee_page_list_alloc(struct optee_page_list *list, const struct tee_shm *shm,
			  u64 *ret_buf_ptr)
{
	size_t num;
	int rc;

	rc = optee_check_pages(shm);
	if (rc)
		return rc;

	num = DIV_ROUND_UP(optee_num_list_entries(shm), OPTEE_MSG_PAGES_PER_LIST);
	rc = optee_mem_alloc(&list->mem, num * OPTEE_PAGE_SIZE);
	if (rc) {
		list->mem.kaddr = NULL;
		return rc;
	}
	optee_fill_page_list(list->mem.kaddr, list->mem.paddr, shm);
	*ret_buf_ptr = optee_list_buf_ptr(list->mem.paddr, shm);
	return 0;
}

void optee_page_list_free(struct optee_page_list *list)
{
	if (!list->mem.kaddr)
		return;
	platform_shm_free(&list->mem);
	list->mem.kaddr = NULL;
}

/*
 * Records
 */

static int optee_rec_add(struct optee_shm_table *table, struct optee_shm_rec *rec)
{
	int id;

	mutex_lock(&table->mutex);
	id = idr_alloc_cyclic(&table->idr, rec, 1, 0, GFP_KERNEL);
	if (id > 0)
		rec->cookie = id;
	mutex_unlock(&table->mutex);
	return id < 0 ? id : 0;
}

static struct optee_shm_rec *optee_rec_find_locked(struct optee_shm_table *table, u64 cookie)
{
	if (!cookie || cookie > INT_MAX)
		return NULL;
	return idr_find(&table->idr, cookie);
}

static int optee_ret_to_errno(u32 ret)
{
	switch (ret) {
	case TEE_R_SUCCESS:
		return 0;
	case TEE_R_OUT_OF_MEMORY:
		return -ENOMEM;
	default:
		return -EINVAL;
	}
}

static int optee_register_msg(struct optee_call *call, struct optee_shm_rec *rec)
{
	struct optee *optee = call->optee;
	struct optee_page_list list = {};
	struct tee_shm *shm = rec->shm;
	struct optee_msg_param *mp;
	struct optee_arg arg;
	u64 buf_ptr;
	int rc;

	rc = optee_check_pages(shm);
	if (rc)
		return rc;
	rc = optee_arg_get(optee, &optee->pages, 1, false, &arg);
	if (rc)
		return rc;

	if (optee_num_list_entries(shm) <= OPTEE_MSG_PAGES_PER_LIST) {
		u64 list_pa = arg.entry->shm.paddr + arg.offs + OPTEE_PAGE_SIZE;

		optee_fill_page_list((void *)((char *)arg.msg + OPTEE_PAGE_SIZE), list_pa, shm);
		buf_ptr = optee_list_buf_ptr(list_pa, shm);
	} else {
		rc = optee_page_list_alloc(&list, shm, &buf_ptr);
		if (rc)
			goto out_put_arg;
	}

	arg.msg->cmd = OPTEE_MSG_CMD_REGISTER_SHM;
	mp = arg.msg->params;
	/* Checked by the trusted OS for exactly this value */
	mp->attr = OPTEE_MSG_ATTR_TYPE_TMEM_OUTPUT | OPTEE_MSG_ATTR_NONCONTIG;
	mp->u.tmem.buf_ptr = buf_ptr;
	mp->u.tmem.size = shm->size;
	mp->u.tmem.shm_ref = rec->cookie;

	rc = optee_do_call_with_arg(call, &arg);
	if (!rc)
		rc = optee_ret_to_errno(READ_ONCE(arg.msg->ret));

	optee_page_list_free(&list);
out_put_arg:
	optee_arg_put(&arg);
	return rc;
}

/* A trusted OS that is gone or replaced does not know the memory: success. */
static int optee_unregister_msg(struct optee *optee, struct tee_context *ctx, u32 epoch,
				int cookie)
{
	struct optee_call call;
	struct optee_arg arg;
	int rc;

	rc = optee_arg_get(optee, &optee->pages, 1, /* must: */ true, &arg);
	if (rc)
		return rc;
	arg.msg->cmd = OPTEE_MSG_CMD_UNREGISTER_SHM;
	arg.msg->params[0].attr = OPTEE_MSG_ATTR_TYPE_RMEM_INPUT;
	arg.msg->params[0].u.rmem.shm_ref = cookie;

	optee_call_init(&call, optee, ctx);
	call.epoch = epoch;
	rc = optee_do_call_with_arg(&call, &arg);
	if (!rc)
		rc = optee_ret_to_errno(READ_ONCE(arg.msg->ret));
	else if (rc == -ESTALE || rc == -ENXIO)
		rc = 0;
	optee_arg_put(&arg);
	return rc;
}

/* No RPC and no reset finds @rec any more; the epoch that still knows it, or 0. */
static u32 optee_rec_remove(struct optee *optee, struct optee_shm_rec *rec)
{
	u32 epoch;

	down_read(&optee->gate);
	mutex_lock(&optee->shm.mutex);
	idr_remove(&optee->shm.idr, rec->cookie);
	mutex_unlock(&optee->shm.mutex);
	epoch = rec->epoch;
	up_read(&optee->gate);
	return epoch;
}

static int optee_rec_unregister(struct optee *optee, struct tee_context *ctx,
				struct optee_shm_rec *rec)
{
	u32 epoch = optee_rec_remove(optee, rec);

	return epoch ? optee_unregister_msg(optee, ctx, epoch, rec->cookie) : 0;
}

/* Does the trusted OS of today know @rec? @rc is what the registration brought. */
static bool optee_rec_settle(struct optee *optee, struct optee_shm_rec *rec, u32 epoch, int rc)
{
	bool known;

	down_read(&optee->gate);
	if (!rc && epoch == optee->epoch)
		rec->epoch = epoch;
	known = rec->epoch == optee->epoch;
	up_read(&optee->gate);
	return known;
}

static int optee_rec_register(struct optee *optee, struct tee_context *ctx,
			      struct optee_shm_rec *rec)
{
	struct optee_call call;
	int rc;

	optee_call_init(&call, optee, ctx);
	down_read(&optee->gate);
	rc = optee_rec_add(&optee->shm, rec);
	call.epoch = optee->epoch;
	up_read(&optee->gate);
	if (rc)
		return rc == -ENOSPC ? -ENOMEM : rc;

	rc = optee_register_msg(&call, rec);
	if (optee_rec_settle(optee, rec, call.epoch, rc))
		return 0;

	/* A reset may begin at any moment and register it after all. */
	optee_rec_unregister(optee, ctx, rec);
	return rc == -ENOMEM || rc == -EINVAL ? rc : -EIO;
}

int optee_shm_register(struct tee_context *ctx, struct tee_shm *shm, struct page **pages,
		       size_t num_pages, unsigned long start)
{
	struct optee *optee = tee_get_drvdata(ctx->teedev);
	struct optee_shm_rec *rec;
	int rc;

	rec = kzalloc(sizeof(*rec), GFP_KERNEL);
	if (!rec)
		return -ENOMEM;
	rec->kind = OPTEE_SHM_REGISTERED;
	rec->shm = shm;

	rc = optee_rec_register(optee, ctx, rec);
	if (rc) {
		kfree(rec);
		return rc;
	}
	shm->sec_world_id = rec->cookie;
	return 0;
}

int optee_shm_unregister(struct tee_context *ctx, struct tee_shm *shm)
{
	struct optee *optee = tee_get_drvdata(ctx->teedev);
	struct optee_shm_rec *rec;
	int rc;

	mutex_lock(&optee->shm.mutex);
	rec = optee_rec_find_locked(&optee->shm, shm->sec_world_id);
	mutex_unlock(&optee->shm.mutex);
	if (WARN_ON(!rec || rec->shm != shm))
		return -EINVAL;

	rc = optee_rec_unregister(optee, ctx, rec);
	shm->sec_world_id = 0;
	kfree(rec);
	return rc;
}

/* Those of lent memory come and go; the others stay while the gate is held. */
static struct optee_shm_rec *optee_rec_next(struct optee_shm_table *table, int *id)
{
	struct optee_shm_rec *rec;

	mutex_lock(&table->mutex);
	rec = idr_get_next(&table->idr, id);
	while (rec && rec->kind == OPTEE_SHM_RPC) {
		++*id;
		rec = idr_get_next(&table->idr, id);
	}
	mutex_unlock(&table->mutex);
	return rec;
}

int optee_shm_register_all(struct optee *optee)
{
	struct optee_shm_rec *rec;
	int id;

	for (id = 0; (rec = optee_rec_next(&optee->shm, &id)); id++) {
		struct optee_call call;
		int rc;

		optee_call_init(&call, optee, NULL);
		call.epoch = optee->epoch;
		call.in_reset = true;
		rc = optee_register_msg(&call, rec);
		rec->epoch = rc ? 0 : optee->epoch;
		if (rc == -EIO || rc == -ENXIO || (rc && rec->kind == OPTEE_SHM_ARG))
			return rc;
		if (rc)
			pr_warn_ratelimited("optee: the new trusted OS refused %zu bytes of shared "
					    "memory (%d); calls that use them will fail\n",
					    rec->shm->size, rc);
	}
	return 0;
}

/*
 * Memory lent by an RPC
 */

int optee_rpc_shm_add(struct optee_call *call, struct tee_shm *shm, bool appl, u64 *ret_cookie)
{
	struct optee_shm_table *table = &call->optee->shm;
	struct optee_shm_rec *rec;
	int id = -ENOSPC;

	rec = kzalloc(sizeof(*rec), GFP_KERNEL);
	if (!rec)
		return -ENOMEM;
	rec->kind = OPTEE_SHM_RPC;
	rec->shm = shm;
	rec->appl = appl;
	rec->call = call;
	call->was_lent = true;

	mutex_lock(&table->mutex);
	if (call->n_rpc_shm < OPTEE_RPC_SHM_MAX_PER_CALL &&
	    table->rpc_bytes <= OPTEE_RPC_SHM_MAX_TOTAL &&
	    shm->size <= OPTEE_RPC_SHM_MAX_TOTAL - table->rpc_bytes)
		id = idr_alloc_cyclic(&table->idr, rec, 1, 0, GFP_KERNEL);
	if (id > 0) {
		rec->cookie = id;
		list_add_tail(&rec->link, &call->rpc_shm);
		call->n_rpc_shm++;
		table->rpc_bytes += shm->size;
	}
	mutex_unlock(&table->mutex);

	if (id < 0) {
		kfree(rec);
		return id;
	}
	*ret_cookie = id;
	return 0;
}

static struct tee_shm *optee_rpc_rec_remove_locked(struct optee_shm_table *table,
						   struct optee_shm_rec *rec, bool *ret_appl)
{
	struct tee_shm *shm = rec->shm;

	idr_remove(&table->idr, rec->cookie);
	list_del(&rec->link);
	rec->call->n_rpc_shm--;
	table->rpc_bytes -= shm->size;
	*ret_appl = rec->appl;
	kfree(rec);
	return shm;
}

struct tee_shm *optee_rpc_shm_remove(struct optee *optee, u64 cookie, bool *ret_appl)
{
	struct optee_shm_table *table = &optee->shm;
	struct optee_shm_rec *rec;
	struct tee_shm *shm = NULL;

	mutex_lock(&table->mutex);
	rec = optee_rec_find_locked(table, cookie);
	if (rec && rec->kind == OPTEE_SHM_RPC)
		shm = optee_rpc_rec_remove_locked(table, rec, ret_appl);
	mutex_unlock(&table->mutex);
	return shm;
}

struct tee_shm *optee_rpc_shm_remove_any(struct optee_call *call, bool *ret_appl)
{
	struct optee_shm_table *table = &call->optee->shm;
	struct optee_shm_rec *rec;
	struct tee_shm *shm = NULL;

	mutex_lock(&table->mutex);
	rec = list_first_entry_or_null(&call->rpc_shm, struct optee_shm_rec, link);
	if (rec)
		shm = optee_rpc_rec_remove_locked(table, rec, ret_appl);
	mutex_unlock(&table->mutex);
	return shm;
}

struct tee_shm *optee_shm_get_by_cookie(struct optee *optee, u64 cookie, bool lent)
{
	struct optee_shm_table *table = &optee->shm;
	struct optee_shm_rec *rec;
	struct tee_shm *shm = NULL;

	mutex_lock(&table->mutex);
	rec = optee_rec_find_locked(table, cookie);
	if (rec && (rec->kind == OPTEE_SHM_RPC ||
		    (rec->kind == OPTEE_SHM_REGISTERED && !lent))) {
		shm = rec->shm;
		/* Its last reference may be gone, and its unregistration on the way. */
		if (!refcount_inc_not_zero(&shm->refcount))
			shm = NULL;
	}
	mutex_unlock(&table->mutex);
	return shm;
}

/*
 * Message buffers
 */

static bool optee_arg_take(struct optee_arg_cache *cache, struct optee_arg *arg)
{
	struct optee_arg_entry *entry;
	bool found = false;

	spin_lock(&cache->lock);
	list_for_each_entry(entry, &cache->entries, node) {
		unsigned long slot = find_first_zero_bit(&entry->map, cache->num_slots);

		if (slot < cache->num_slots) {
			__set_bit(slot, &entry->map);
			arg->entry = entry;
			arg->slot = slot;
			found = true;
			break;
		}
	}
	spin_unlock(&cache->lock);
	return found;
}

static void optee_arg_entry_free(struct optee *optee, struct optee_arg_cache *cache,
				 struct optee_arg_entry *entry)
{
	int rc = 0;

	WARN_ON(entry->map);
	if (cache->registered)
		rc = optee_rec_unregister(optee, NULL, &entry->rec);
	if (rc)
		pr_err_ratelimited("optee: the trusted OS kept memory of the driver (%d)\n", rc);
	platform_shm_free(&entry->shm);
	kfree(entry);
}

/* A new entry, of which the first slot is @arg's. */
static int optee_arg_cache_grow(struct optee *optee, struct optee_arg_cache *cache,
				struct optee_arg *arg)
{
	struct optee_arg_entry *entry;
	int rc;

	entry = kzalloc(sizeof(*entry), GFP_KERNEL);
	if (!entry)
		return -ENOMEM;
	rc = optee_mem_alloc(&entry->shm, cache->entry_size);
	if (rc)
		goto err_free_entry;

	if (cache->registered) {
		entry->rec.kind = OPTEE_SHM_ARG;
		entry->rec.shm = &entry->shm;
		rc = optee_rec_register(optee, NULL, &entry->rec);
		if (rc)
			goto err_free_mem;
	}

	entry->map = 1;
	arg->entry = entry;
	arg->slot = 0;
	spin_lock(&cache->lock);
	list_add_tail(&entry->node, &cache->entries);
	spin_unlock(&cache->lock);
	return 0;

err_free_mem:
	platform_shm_free(&entry->shm);
err_free_entry:
	kfree(entry);
	return rc;
}

int optee_arg_cache_init(struct optee *optee, struct optee_arg_cache *cache, bool registered)
{
	struct optee_arg arg = { .cache = cache };
	int rc;

	spin_lock_init(&cache->lock);
	INIT_LIST_HEAD(&cache->entries);
	init_waitqueue_head(&cache->wq);
	cache->registered = registered;
	cache->slot_size = registered ? OPTEE_ARG_SLOT_SIZE : OPTEE_PAGES_SLOT_SIZE;
	cache->entry_size = registered ? PAGE_SIZE :
			    PAGE_ALIGN(OPTEE_PAGES_SLOTS * OPTEE_PAGES_SLOT_SIZE);
	cache->num_slots = min_t(size_t, cache->entry_size / cache->slot_size, BITS_PER_LONG);

	rc = optee_arg_cache_grow(optee, cache, &arg);
	if (rc)
		return rc;
	optee_arg_put(&arg);
	return 0;
}

void optee_arg_cache_uninit(struct optee *optee, struct optee_arg_cache *cache)
{
	struct optee_arg_entry *entry;
	struct optee_arg_entry *next;

	list_for_each_entry_safe(entry, next, &cache->entries, node) {
		list_del(&entry->node);
		optee_arg_entry_free(optee, cache, entry);
	}
}

int optee_arg_get(struct optee *optee, struct optee_arg_cache *cache, u32 num_params,
		  bool must, struct optee_arg *arg)
{
	size_t msg_size = OPTEE_MSG_GET_ARG_SIZE(num_params);
	size_t rpc_size = OPTEE_MSG_GET_ARG_SIZE(OPTEE_RPC_NUM_PARAMS);
	char *va;
	int rc;

	arg->cache = cache;
	if (!optee_arg_take(cache, arg)) {
		rc = optee_arg_cache_grow(optee, cache, arg);
		if (rc && !must)
			return rc;
		if (rc)
			wait_event(cache->wq, optee_arg_take(cache, arg));
	}

	arg->offs = arg->slot * cache->slot_size;
	va = (char *)arg->entry->shm.kaddr + arg->offs;
	memset(va, 0, msg_size + rpc_size);
	arg->msg = (struct optee_msg_arg *)va;
	arg->msg->num_params = num_params;
	arg->rpc = optee->has_rpc_arg ? (struct optee_msg_arg *)(va + msg_size) : NULL;
	return 0;
}

void optee_arg_put(struct optee_arg *arg)
{
	struct optee_arg_cache *cache = arg->cache;

	spin_lock(&cache->lock);
	__clear_bit(arg->slot, &arg->entry->map);
	spin_unlock(&cache->lock);
	wake_up(&cache->wq);
}
