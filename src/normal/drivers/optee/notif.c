/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Synchronous notifications
 *
 * A thread of the trusted OS that must wait for another one (a mutex, a
 * condition) waits in the normal world, by an RPC. Who lets it go may be faster
 * than it: a notification that nobody waits for yet is remembered.
 */
#include <linux/bitmap.h>
#include <linux/bitops.h>
#include <linux/completion.h>
#include <linux/errno.h>
#include <linux/jiffies.h>
#include <linux/list.h>
#include <linux/spinlock.h>

#include "normal/drivers/optee/optee_private.h"

/* @link is empty once the waiter was let go; @rc then says why. */
struct optee_notif_waiter {
	struct list_head link;
	struct completion c;
	u32 value;
	int rc;
};

int optee_notif_init(struct optee_notif *notif, u32 max_value, u32 epoch)
{
	notif->bitmap = bitmap_zalloc(max_value + 1, GFP_KERNEL);
	if (!notif->bitmap)
		return -ENOMEM;
	spin_lock_init(&notif->lock);
	INIT_LIST_HEAD(&notif->db);
	notif->max_value = max_value;
	notif->epoch = epoch;
	return 0;
}

void optee_notif_uninit(struct optee_notif *notif)
{
	bitmap_free(notif->bitmap);
	notif->bitmap = NULL;
}

static void optee_notif_let_go(struct optee_notif_waiter *w, int rc)
{
	list_del_init(&w->link);
	w->rc = rc;
	complete(&w->c);
}

int optee_notif_reset(struct optee_notif *notif, u32 max_value, u32 epoch)
{
	unsigned long *bitmap = bitmap_zalloc(max_value + 1, GFP_KERNEL);
	struct optee_notif_waiter *w;
	struct optee_notif_waiter *next;
	unsigned long *old = NULL;

	spin_lock(&notif->lock);
	notif->epoch = epoch;
	list_for_each_entry_safe(w, next, &notif->db, link)
		optee_notif_let_go(w, -ESTALE);
	if (bitmap) {
		old = notif->bitmap;
		notif->bitmap = bitmap;
		notif->max_value = max_value;
	} else {
		bitmap_zero(notif->bitmap, notif->max_value + 1);
	}
	spin_unlock(&notif->lock);

	bitmap_free(old);
	return bitmap ? 0 : -ENOMEM;
}

static struct optee_notif_waiter *optee_notif_find(struct optee_notif *notif, u32 value)
{
	struct optee_notif_waiter *w;

	list_for_each_entry(w, &notif->db, link)
		if (w->value == value)
			return w;
	return NULL;
}

/* 0 when @w has to wait, 1 when the notification was there already. */
static int optee_notif_enqueue(struct optee_notif *notif, struct optee_notif_waiter *w,
			       u32 epoch)
{
	int rc = 0;

	spin_lock(&notif->lock);
	if (epoch != notif->epoch)
		rc = -ESTALE;
	else if (w->value > notif->max_value)
		rc = -EINVAL;
	else if (test_and_clear_bit(w->value, notif->bitmap))
		rc = 1;
	else if (optee_notif_find(notif, w->value))
		rc = -EBUSY;
	else
		list_add_tail(&w->link, &notif->db);
	spin_unlock(&notif->lock);
	return rc;
}

int optee_notif_wait(struct optee_notif *notif, u32 value, u32 timeout, u32 epoch)
{
	struct optee_notif_waiter w = { .value = value };
	int rc;

	init_completion(&w.c);
	rc = optee_notif_enqueue(notif, &w, epoch);
	if (rc)
		return rc < 0 ? rc : 0;

	if (timeout)
		wait_for_completion_timeout(&w.c, msecs_to_jiffies(timeout));
	else
		wait_for_completion(&w.c);

	spin_lock(&notif->lock);
	rc = w.rc;
	if (!list_empty(&w.link)) {
		list_del(&w.link);
		rc = -ETIMEDOUT;
	}
	spin_unlock(&notif->lock);
	return rc;
}

int optee_notif_send(struct optee_notif *notif, u32 value, u32 epoch)
{
	struct optee_notif_waiter *w;
	int rc = 0;

	spin_lock(&notif->lock);
	if (epoch != notif->epoch) {
		rc = -ESTALE;
	} else if (value > notif->max_value) {
		rc = -EINVAL;
	} else {
		w = optee_notif_find(notif, value);
		if (w)
			optee_notif_let_go(w, 0);
		else
			set_bit(value, notif->bitmap);
	}
	spin_unlock(&notif->lock);
	return rc;
}
