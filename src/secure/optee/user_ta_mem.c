/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * How a TA host sees the memory of its clients
 *
 * A buffer in files that are no one else's is mapped into the host once, in a slot,
 * and stays until it is unregistered or its slot is needed. Read-only and read-write
 * are two slots; a buffer that a call needs for both is passed in the latter, so
 * that it is one piece of memory to the TA.
 *
 * Everything else goes through the bounce window: copied in before the call, in
 * all directions so that what the TA leaves alone stays as it is, and out again
 * after it. Parts of one buffer that overlap or touch do so in the window, too.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "abi/tee_result.h"
#include "base/auto.h"
#include "base/fdsock.h"
#include "base/memfd.h"
#include "secure/common/memory.h"
#include "secure/common/shared.h"
#include "secure/optee/mobj.h"
#include "secure/optee/params.h"
#include "secure/optee/thread.h"
#include "secure/optee/user_ta.h"
#include "secure/optee/user_ta_private.h"

#define WINDOW_MIN ((size_t)64 << 10)
#define WINDOW_KEEP ((size_t)1 << 20)
#define BOUNCE_MAX ((size_t)512 << 20)
/* Between copies: what a TA may expect of a buffer's alignment, and a gap */
#define BOUNCE_ALIGN 64u

void user_ta_mem_init(struct user_ta_mem *mem)
{
	pthread_mutex_init(&mem->lock, NULL);
}

void user_ta_mem_deinit(struct user_ta_mem *mem)
{
	if (mem->bounce.va)
		(void)munmap(mem->bounce.va, mem->bounce.size);
	if (mem->window.va)
		(void)munmap(mem->window.va, mem->window.size);
	pthread_mutex_destroy(&mem->lock);
}

/* --- slots --- */

/*
 * A host that cannot map or unmap has lost track of its memory or ran out of it.
 * After a map that failed nothing is there; an unmap must not fail.
 */
static uint32_t host_unmap(struct thread *thread, struct user_ta *ta, uint32_t slot)
{
	uint32_t res;

	ta->call->map.slot = slot;
	if (!user_ta_run(thread, ta, NULL, TAHOST_OP_UNMAP, &res))
		return TEE_R_TARGET_DEAD;
	if (res != TEE_R_SUCCESS) {
		user_ta_kill(ta, "its host does not give shared memory back");
		return TEE_R_TARGET_DEAD;
	}
	return TEE_R_SUCCESS;
}

/* The piece of a slot of @total bytes that begins @at bytes in it */
static uint32_t host_map(struct thread *thread, struct user_ta *ta, uint32_t slot,
			 const struct mobj_piece *piece, uint64_t at, uint64_t total, bool write)
{
	uint32_t res;

	if (fdsock_send(ta->sock, &slot, sizeof(slot), &piece->fd, 1) < 0) {
		user_ta_kill(ta, "its host does not take shared memory");
		return TEE_R_TARGET_DEAD;
	}
	ta->call->map.slot = slot;
	ta->call->map.write = write;
	ta->call->map.size = piece->size;
	ta->call->map.fd_offset = piece->fd_offset;
	ta->call->map.at = at;
	ta->call->map.total = total;
	if (!user_ta_run(thread, ta, NULL, TAHOST_OP_MAP, &res))
		return TEE_R_TARGET_DEAD;
	return res == TEE_R_SUCCESS ? TEE_R_SUCCESS : TEE_R_OUT_OF_MEMORY;
}

static uint32_t host_map_object(struct thread *thread, struct user_ta *ta, uint32_t slot,
				const struct mobj *mobj, const struct mobj_share *share, bool write)
{
	uint64_t at = 0;

	for (uint32_t i = 0; i < share->n_pieces; i++) {
		struct mobj_piece piece = mobj_get_piece(mobj, i);
		uint32_t res = host_map(thread, ta, slot, &piece, at, share->size, write);

		/* A part of a slot is of no use. */
		if (res == TEE_R_OUT_OF_MEMORY && at &&
		    host_unmap(thread, ta, slot) != TEE_R_SUCCESS)
			return TEE_R_TARGET_DEAD;
		if (res != TEE_R_SUCCESS)
			return res;
		at += piece.size;
	}
	return TEE_R_SUCCESS;
}

void user_ta_mark_stale(struct user_ta *ta, uint64_t mobj_serial)
{
	struct user_ta_mem *mem = &ta->mem;

	pthread_mutex_lock(&mem->lock);
	for (uint32_t i = TAHOST_FIRST_SHARED; i < mem->n_slots; i++) {
		if (mem->slots[i].mobj_serial == mobj_serial) {
			mem->slots[i].stale = true;
			atomic_fetch_add(&mem->n_stale, 1);
		}
	}
	pthread_mutex_unlock(&mem->lock);
}

bool user_ta_has_stale(const struct user_ta *ta)
{
	return atomic_load(&ta->mem.n_stale) != 0 && !user_ta_is_dead(ta);
}

static void slot_clear(struct user_ta_mem *mem, uint32_t i)
{
	pthread_mutex_lock(&mem->lock);
	if (mem->slots[i].stale)
		atomic_fetch_sub(&mem->n_stale, 1);
	mem->slots[i] = (struct ta_slot){ .mobj_serial = 0 };
	pthread_mutex_unlock(&mem->lock);
}

static bool slot_is_stale(struct user_ta_mem *mem, uint32_t i)
{
	bool stale;

	pthread_mutex_lock(&mem->lock);
	stale = mem->slots[i].stale;
	pthread_mutex_unlock(&mem->lock);
	return stale;
}

void user_ta_drop_stale(struct thread *thread, struct user_ta *ta)
{
	if (!user_ta_has_stale(ta))
		return;
	for (uint32_t i = TAHOST_FIRST_SHARED; i < ta->mem.n_slots; i++) {
		if (!slot_is_stale(&ta->mem, i))
			continue;
		if (host_unmap(thread, ta, i) != TEE_R_SUCCESS)
			return;
		slot_clear(&ta->mem, i);
	}
}

/* A free slot, else the one that was not used for the longest time. */
static uint32_t slot_choose(struct user_ta_mem *mem)
{
	uint32_t oldest = TAHOST_FIRST_SHARED;

	for (uint32_t i = TAHOST_FIRST_SHARED; i < TAHOST_MAX_SLOTS; i++) {
		if (!mem->slots[i].mobj_serial)
			return i;
		if (mem->slots[i].last_use < mem->slots[oldest].last_use)
			oldest = i;
	}
	return oldest;
}

/* 0 when it is in none */
static uint32_t slot_find(struct user_ta_mem *mem, uint64_t mobj_serial, bool write)
{
	uint32_t found = 0;

	pthread_mutex_lock(&mem->lock);
	for (uint32_t i = TAHOST_FIRST_SHARED; i < mem->n_slots && !found; i++) {
		struct ta_slot *slot = &mem->slots[i];

		if (slot->mobj_serial == mobj_serial && slot->write == write) {
			slot->last_use = mem->use;
			found = i;
		}
	}
	pthread_mutex_unlock(&mem->lock);
	return found;
}

static uint32_t slot_get(struct thread *thread, struct user_ta *ta, const struct mobj *mobj,
			 const struct mobj_share *share, bool write, uint32_t *ret_slot)
{
	struct user_ta_mem *mem = &ta->mem;
	uint32_t i, res;

	i = slot_find(mem, share->serial, write);
	if (i) {
		*ret_slot = i;
		return TEE_R_SUCCESS;
	}
	i = slot_choose(mem);
	if (mem->slots[i].mobj_serial) {
		res = host_unmap(thread, ta, i);
		if (res != TEE_R_SUCCESS)
			return res;
		slot_clear(mem, i);
	}
	res = host_map_object(thread, ta, i, mobj, share, write);
	if (res != TEE_R_SUCCESS)
		return res;
	pthread_mutex_lock(&mem->lock);
	mem->slots[i] = (struct ta_slot){
		.mobj_serial = share->serial,
		.last_use = mem->use,
		.write = write,
	};
	if (i >= mem->n_slots)
		mem->n_slots = i + 1;
	pthread_mutex_unlock(&mem->lock);
	*ret_slot = i;
	return TEE_R_SUCCESS;
}

/* --- windows --- */

static uint32_t window_replace(struct thread *thread, struct user_ta *ta, uint32_t slot,
			       struct ta_window *window, size_t size)
{
	struct mobj_piece piece = { .size = size };
	AUTO(close_fd) int fd = -1;
	uint32_t res;
	void *va;

	if (memfd_new_sealed("swtee-window", size, &fd) < 0 ||
	    memfd_map(fd, 0, size, PROT_READ | PROT_WRITE, &va) < 0)
		return TEE_R_OUT_OF_MEMORY;
	if (window->va) {
		res = host_unmap(thread, ta, slot);
		if (res != TEE_R_SUCCESS)
			goto err_unmap;
		(void)munmap(window->va, window->size);
		window->va = NULL;
	}
	piece.fd = fd;
	res = host_map(thread, ta, slot, &piece, 0, size, /* write: */ true);
	if (res != TEE_R_SUCCESS)
		goto err_unmap;
	window->va = va;
	window->size = size;
	return TEE_R_SUCCESS;

err_unmap:
	(void)munmap(va, size);
	return res;
}

static uint32_t window_reserve(struct thread *thread, struct user_ta *ta, uint32_t slot,
			       struct ta_window *window, uint64_t need, size_t max)
{
	size_t size = WINDOW_MIN;

	if (window->va && need <= window->size)
		return TEE_R_SUCCESS;
	if (need > max)
		return TEE_R_OUT_OF_MEMORY;
	while (size < need)
		size *= 2;
	return window_replace(thread, ta, slot, window, size);
}

/* One that was larger for a moment gives the memory back. */
static void window_trim(struct ta_window *window, uint64_t used)
{
	if (used > WINDOW_KEEP)
		(void)madvise(window->va + WINDOW_KEEP, window->size - WINDOW_KEEP, MADV_REMOVE);
}

uint32_t user_ta_window_reserve(struct thread *thread, struct user_ta *ta, uint64_t size)
{
	return window_reserve(thread, ta, TAHOST_SLOT_WINDOW, &ta->mem.window, size,
			      TAHOST_WINDOW_MAX);
}

uint8_t *user_ta_window(const struct user_ta *ta, uint64_t offset, uint64_t size)
{
	const struct ta_window *window = &ta->mem.window;

	if (!window->va || offset > window->size || size > window->size - offset)
		return NULL;
	return window->va + offset;
}

void user_ta_window_done(struct user_ta *ta, uint64_t used)
{
	window_trim(&ta->mem.window, used);
}

/* --- the bounce window --- */

/* The bytes of a buffer that are copied as one piece */
struct span {
	uint64_t start, end;
};

static bool same_piece(const struct ta_params *params, const struct ta_copies *copies,
		       const struct span *spans, uint32_t i, uint32_t j)
{
	return copies->used[i] && copies->used[j] &&
	       params->p[i].u.mem.mobj == params->p[j].u.mem.mobj &&
	       spans[i].start <= spans[j].end && spans[j].start <= spans[i].end;
}

/* Afterwards spans of the same buffer are equal or apart. */
static void spans_join(const struct ta_params *params, const struct ta_copies *copies,
		       struct span *spans)
{
	bool changed;

	do {
		changed = false;
		for (uint32_t i = 0; i < TAHOST_NUM_PARAMS; i++) {
			for (uint32_t j = 0; j < i; j++) {
				struct span *a = &spans[i], *b = &spans[j];

				if (!same_piece(params, copies, spans, i, j) ||
				    (a->start == b->start && a->end == b->end))
					continue;
				a->start = b->start = a->start < b->start ? a->start : b->start;
				a->end = b->end = a->end > b->end ? a->end : b->end;
				changed = true;
			}
		}
	} while (changed);
}

/* Offsets in the window for all copies, and the room that they take */
static void copies_place(const struct ta_params *params, struct ta_copies *copies)
{
	struct span spans[TAHOST_NUM_PARAMS] = { 0 };
	uint64_t base[TAHOST_NUM_PARAMS];
	uint64_t need = 0;

	for (uint32_t i = 0; i < TAHOST_NUM_PARAMS; i++) {
		if (copies->used[i]) {
			spans[i].start = params->p[i].u.mem.offset;
			spans[i].end = spans[i].start + params->p[i].u.mem.size;
		}
	}
	spans_join(params, copies, spans);
	for (uint32_t i = 0; i < TAHOST_NUM_PARAMS; i++) {
		uint32_t j = 0;

		if (!copies->used[i])
			continue;
		while (j < i && !same_piece(params, copies, spans, i, j))
			j++;
		if (j < i) {
			base[i] = base[j];
		} else {
			/* The same alignment as in the buffer */
			base[i] = need + spans[i].start % BOUNCE_ALIGN;
			need = base[i] + (spans[i].end - spans[i].start);
			need = (need + 2 * BOUNCE_ALIGN - 1) & ~((uint64_t)BOUNCE_ALIGN - 1);
		}
		copies->offset[i] = base[i] + (params->p[i].u.mem.offset - spans[i].start);
	}
	copies->room = need;
}

static uint32_t copies_in(struct thread *thread, struct user_ta *ta,
			  const struct ta_params *params, struct ta_copies *copies,
			  union tahost_param *out)
{
	uint32_t res;

	copies_place(params, copies);
	res = window_reserve(thread, ta, TAHOST_SLOT_BOUNCE, &ta->mem.bounce, copies->room,
			     BOUNCE_MAX);
	for (uint32_t i = 0; res == TEE_R_SUCCESS && i < TAHOST_NUM_PARAMS; i++) {
		const struct ta_param *p = &params->p[i];
		uint8_t *va;

		if (!copies->used[i])
			continue;
		res = param_va(thread, p, &va);
		if (res != TEE_R_SUCCESS)
			break;
		memcpy(ta->mem.bounce.va + copies->offset[i], va, (size_t)p->u.mem.size);
		out[i].mem.slot = TAHOST_SLOT_BOUNCE;
		out[i].mem.offset = copies->offset[i];
	}
	return res;
}

static void copies_out(struct thread *thread, struct user_ta *ta,
		       const struct ta_params *params, const struct ta_copies *copies)
{
	for (uint32_t i = 0; i < TAHOST_NUM_PARAMS; i++) {
		const struct ta_param *p = &params->p[i];
		uint8_t *va;

		if (!copies->used[i])
			continue;
		/* All that was lent, whatever size the TA reports. It is mapped already. */
		if (param_is_output(p) && param_va(thread, p, &va) == TEE_R_SUCCESS)
			memcpy(va, ta->mem.bounce.va + copies->offset[i], (size_t)p->u.mem.size);
	}
	window_trim(&ta->mem.bounce, copies->room);
}

/* --- parameters --- */

/* Does any parameter want to write to the object of this one? */
static bool wants_write(const struct ta_params *params, const struct mobj *mobj)
{
	for (uint32_t i = 0; i < TAHOST_NUM_PARAMS; i++) {
		const struct ta_param *p = &params->p[i];

		if (param_is_memref(p) && p->u.mem.mobj == mobj && param_is_output(p))
			return true;
	}
	return false;
}

static uint32_t memref_in(struct thread *thread, struct user_ta *ta,
			  const struct ta_params *params, uint32_t i, struct ta_copies *copies,
			  union tahost_param *out)
{
	const struct ta_param *p = &params->p[i];
	struct mobj_share share;
	uint32_t slot = TAHOST_SLOT_NULL;
	uint32_t res;

	out->mem.size = p->u.mem.size;
	out->mem.offset = 0;
	out->mem.slot = slot;
	out->mem.pad = 0;
	if (!p->u.mem.mobj)
		return TEE_R_SUCCESS;
	if (!mobj_get_share(thread->world, p->u.mem.mobj, &share)) {
		copies->used[i] = true;
		return TEE_R_SUCCESS;
	}
	res = slot_get(thread, ta, p->u.mem.mobj, &share, wants_write(params, p->u.mem.mobj),
		       &slot);
	out->mem.slot = slot;
	out->mem.offset = share.first + p->u.mem.offset;
	return res;
}

uint32_t user_ta_params_in(struct thread *thread, struct user_ta *ta,
			   const struct ta_params *params, struct ta_copies *copies)
{
	union tahost_param out[TAHOST_NUM_PARAMS];
	uint32_t res = TEE_R_SUCCESS;
	bool copy = false;

	memset(copies, 0, sizeof(*copies));
	memset(out, 0, sizeof(out));
	ta->mem.use++;
	for (uint32_t i = 0; i < TAHOST_NUM_PARAMS; i++) {
		const struct ta_param *p = &params->p[i];

		if (param_is_memref(p)) {
			res = memref_in(thread, ta, params, i, copies, &out[i]);
			if (res != TEE_R_SUCCESS)
				return res;
			copy |= copies->used[i];
		} else if (p->type != PARAM_NONE) {
			out[i].value.a = p->u.value.a;
			out[i].value.b = p->u.value.b;
		}
	}
	if (copy)
		res = copies_in(thread, ta, params, copies, out);
	/* Mapping used the lane: its data area is filled in only now. */
	memcpy(ta->call->params, out, sizeof(out));
	ta->call->param_types = params->types;
	return res;
}

void user_ta_params_out(struct thread *thread, struct user_ta *ta, struct ta_params *params,
			const struct ta_copies *copies)
{
	for (uint32_t i = 0; i < TAHOST_NUM_PARAMS; i++) {
		const union tahost_param *in = &ta->call->params[i];
		struct ta_param *p = &params->p[i];

		if (!param_is_output(p))
			continue;
		if (param_is_memref(p)) {
			p->u.mem.ret_size = SHARED_READ(in->mem.size);
		} else {
			p->u.value.a = SHARED_READ(in->value.a);
			p->u.value.b = SHARED_READ(in->value.b);
		}
	}
	if (params->has_memory)
		copies_out(thread, ta, params, copies);
}
