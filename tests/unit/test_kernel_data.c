/* SPDX-License-Identifier: BSD-2-Clause */
/* The kernel's data primitives: lists, ids, counts, bits, sizes, memory */
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include <linux/bitmap.h>
#include <linux/idr.h>
#include <linux/kernel.h>
#include <linux/kref.h>
#include <linux/list.h>
#include <linux/math64.h>
#include <linux/mm.h>
#include <linux/mutex.h>
#include <linux/slab.h>
#include <linux/string.h>
#include <linux/unaligned.h>
#include <linux/uuid.h>
#include <linux/xarray.h>

#include "base/kernel/kmem.h"

#define SLOTS 3000U
#define OPS 100000U

/* Deterministic, so that a failure can be repeated */
static u64 rng_state;

static u64 rng(void)
{
	rng_state ^= rng_state << 13;
	rng_state ^= rng_state >> 7;
	rng_state ^= rng_state << 17;
	return rng_state;
}

static int setup(void **state)
{
	rng_state = 0x9e3779b97f4a7c15ULL;
	*state = (void *)kmem_live();
	return 0;
}

static int teardown(void **state)
{
	kfault_clear();
	return kmem_live() == (long)*state ? 0 : -1;
}

/* Never dereferenced */
static void *ptr(unsigned long n)
{
	return (void *)(0x10000 + n * 8);
}

struct item {
	int value;
	struct list_head link;
	struct hlist_node hash;
};

static void expect_list(struct list_head *head, const int *values, size_t n)
{
	struct item *it;
	size_t i = 0;

	assert_int_equal(list_count_nodes(head), n);
	list_for_each_entry(it, head, link)
		assert_int_equal(it->value, values[i++]);
	list_for_each_entry_reverse(it, head, link)
		assert_int_equal(it->value, values[--i]);
}

static void list_keeps_order(void **state)
{
	struct item items[5];
	struct item *it, *next;
	LIST_HEAD(a);
	LIST_HEAD(b);

	assert_true(list_empty(&a));
	assert_null(list_first_entry_or_null(&a, struct item, link));
	for (int i = 0; i < 5; i++) {
		items[i].value = i;
		list_add_tail(&items[i].link, &a);
		assert_int_equal(list_is_singular(&a), i == 0);
	}
	expect_list(&a, (const int[]){ 0, 1, 2, 3, 4 }, 5);
	list_move(&items[3].link, &a);
	list_move_tail(&items[1].link, &b);
	expect_list(&a, (const int[]){ 3, 0, 2, 4 }, 4);
	list_splice_init(&a, &b);
	assert_true(list_empty(&a));
	expect_list(&b, (const int[]){ 3, 0, 2, 4, 1 }, 5);
	list_for_each_entry_safe(it, next, &b, link)
		if (it->value % 2 == 0)
			list_del_init(&it->link);
	expect_list(&b, (const int[]){ 3, 1 }, 2);
	assert_true(list_empty(&items[2].link));
	assert_ptr_equal(list_first_entry_or_null(&b, struct item, link), &items[3]);
	assert_ptr_equal(list_last_entry(&b, struct item, link), &items[1]);
	list_del(&items[3].link);
	assert_ptr_equal(items[3].link.next, LIST_POISON1);
	assert_true(list_is_singular(&b));
}

static void hlist_keeps_order(void **state)
{
	struct item items[3];
	struct hlist_node *next;
	struct item *it;
	HLIST_HEAD(h);
	int sum = 0;

	for (int i = 0; i < 3; i++) {
		items[i].value = 1 << i;
		hlist_add_head(&items[i].hash, &h);
	}
	hlist_del_init(&items[1].hash);
	hlist_del_init(&items[1].hash);
	hlist_for_each_entry_safe(it, next, &h, hash) {
		sum += it->value;
		hlist_del(&it->hash);
	}
	assert_int_equal(sum, 5);
	assert_true(hlist_empty(&h));
}

static void bits_and_sizes(void **state)
{
	u16 narrow = 7;
	size_t n = 100;

	assert_int_equal(GENMASK(7, 4), 0xf0);
	assert_true(GENMASK_ULL(63, 0) == ~0ULL);
	assert_int_equal(min(n, 16), 16);
	assert_int_equal(max(narrow, 3U), 7);
	assert_int_equal(min(min(n, 50UL), max(1UL, 2UL)), 2);
	assert_int_equal(clamp(-5, 0, 9), 0);
	assert_int_equal(min_t(int, -1, 3), -1);
	assert_int_equal(min3(3, 1, 2), 1);
	assert_int_equal(round_up(4097UL, PAGE_SIZE), 8192);
	assert_int_equal(roundup(10, 3), 12);
	assert_int_equal(DIV_ROUND_UP(7, 2), 4);
	assert_int_equal(upper_32_bits(0x1122334455667788ULL), 0x11223344);
	assert_int_equal(lower_32_bits(0x1122334455667788ULL), 0x55667788);
	assert_int_equal(fls(0), 0);
	assert_int_equal(fls64(1ULL << 40), 41);
	assert_int_equal(ilog2(4096), 12);
	assert_int_equal(roundup_pow_of_two(33), 64);
	assert_int_equal(order_base_2(4097), 13);
	assert_true(is_power_of_2(64) && !is_power_of_2(0) && !is_power_of_2(65));
	assert_int_equal(ALIGN(5, 4), 8);
	assert_true(IS_ALIGNED(8UL, 8));
	assert_int_equal(div_u64(1ULL << 33, 3), (1ULL << 33) / 3);
}

static void overflow_is_noticed(void **state)
{
	struct flex {
		u32 n;
		u64 data[];
	} *f = NULL;
	u32 r32;
	size_t r;

	assert_true(check_add_overflow(0xffffffffU, 1U, &r32));
	assert_int_equal(r32, 0);
	assert_false(check_add_overflow(1U, 2U, &r32));
	assert_true(check_sub_overflow(1U, 2U, &r32));
	assert_true(check_mul_overflow(SIZE_MAX, (size_t)2, &r));
	assert_true(check_mul_overflow(1ULL << 20, 1ULL << 20, &r32));
	assert_true(size_add(SIZE_MAX, 1) == SIZE_MAX);
	assert_true(size_mul(SIZE_MAX / 2, 3) == SIZE_MAX);
	assert_true(size_sub(1, 2) == SIZE_MAX);
	assert_true(size_sub(SIZE_MAX, 2) == SIZE_MAX);
	assert_int_equal(size_sub(5, 2), 3);
	assert_int_equal(struct_size(f, data, 3), sizeof(*f) + 24);
	assert_true(struct_size(f, data, SIZE_MAX / 8 + 1) == SIZE_MAX);
	assert_true(array_size(SIZE_MAX, 1) == SIZE_MAX);
	assert_null(kzalloc(struct_size(f, data, SIZE_MAX / 4), GFP_KERNEL | __GFP_NOWARN));
	assert_null(kcalloc(SIZE_MAX / 2, 4, GFP_KERNEL | __GFP_NOWARN));
}

static void bitmap_agrees_with_array(void **state)
{
	enum { N = 197 };
	DECLARE_BITMAP(map, N);
	bool ref[N] = { false };

	bitmap_zero(map, N);
	assert_true(bitmap_empty(map, N));
	/* What stands behind the last bit does not count */
	map[N / 64] |= ~0UL << (N % 64);
	assert_true(bitmap_empty(map, N));
	assert_int_equal(bitmap_weight(map, N), 0);
	for (unsigned int op = 0; op < 20000; op++) {
		unsigned long at = rng() % N, one, zero;
		unsigned int weight = 0;

		assert_int_equal(test_bit((long)at, map), ref[at]);
		ref[at] = rng() & 1;
		if (ref[at])
			test_and_set_bit((long)at, map);
		else
			__clear_bit(at, map);
		for (one = at; one < N && !ref[one]; one++)
			;
		for (zero = at; zero < N && ref[zero]; zero++)
			;
		assert_int_equal(find_next_bit(map, N, at), one);
		assert_int_equal(find_next_zero_bit(map, N, at), zero);
		if (op % 64)
			continue;
		for (unsigned int i = 0; i < N; i++)
			weight += ref[i];
		assert_int_equal(bitmap_weight(map, N), weight);
	}
	bitmap_fill(map, N);
	assert_true(bitmap_full(map, N));
	assert_int_equal(find_first_zero_bit(map, N), N);
	bitmap_clear(map, 60, 10);
	assert_int_equal(bitmap_find_next_zero_area(map, N, 0, 8, 7), N);
	assert_int_equal(bitmap_find_next_zero_area(map, N, 0, 10, 0), 60);
	bitmap_clear(map, 70, 20);
	assert_int_equal(bitmap_find_next_zero_area(map, N, 0, 8, 7), 64);
	assert_int_equal(find_last_bit(map, N), N - 1);
}

static void bitmap_is_allocated(void **state)
{
	unsigned long *map = bitmap_zalloc(100, GFP_KERNEL);

	assert_non_null(map);
	assert_true(bitmap_empty(map, 100));
	bitmap_free(map);
}

static void atomics_count(void **state)
{
	atomic_t a = ATOMIC_INIT(1);
	atomic64_t b = ATOMIC64_INIT(1LL << 40);

	atomic_inc(&a);
	atomic_add(3, &a);
	assert_int_equal(atomic_read(&a), 5);
	assert_int_equal(atomic_inc_return(&a), 6);
	assert_int_equal(atomic_fetch_sub(6, &a), 6);
	assert_false(atomic_inc_not_zero(&a));
	assert_int_equal(atomic_cmpxchg(&a, 1, 9), 0);
	assert_int_equal(atomic_cmpxchg(&a, 0, 9), 0);
	assert_int_equal(atomic_xchg(&a, 1), 9);
	assert_true(atomic_dec_and_test(&a));
	assert_int_equal(atomic_dec_if_positive(&a), -1);
	assert_int_equal(atomic_read(&a), 0);
	assert_true(atomic64_add_return(1, &b) == (1LL << 40) + 1);
}

static int releases;

static void count_release(struct kref *kref)
{
	releases++;
}

static void references_saturate(void **state)
{
	struct kref kref;
	refcount_t r;

	releases = 0;
	kref_init(&kref);
	kref_get(&kref);
	assert_int_equal(kref_put(&kref, count_release), 0);
	assert_int_equal(kref_put(&kref, count_release), 1);
	assert_int_equal(releases, 1);
	assert_false(kref_get_unless_zero(&kref));

	refcount_set(&r, 0);
	refcount_inc(&r);
	assert_int_equal((int)refcount_read(&r), REFCOUNT_SATURATED);
	assert_false(refcount_dec_and_test(&r));
	assert_true(refcount_inc_not_zero(&r));
	assert_int_equal((int)refcount_read(&r), REFCOUNT_SATURATED);
	refcount_set(&r, REFCOUNT_MAX);
	refcount_inc(&r);
	assert_int_equal((int)refcount_read(&r), REFCOUNT_SATURATED);
	refcount_set(&r, 1);
	refcount_dec(&r);
	assert_int_equal((int)refcount_read(&r), REFCOUNT_SATURATED);
	refcount_set(&r, 1);
	assert_false(refcount_sub_and_test(2, &r));
	assert_int_equal((int)refcount_read(&r), REFCOUNT_SATURATED);
}

static void last_reference_locks(void **state)
{
	refcount_t r = REFCOUNT_INIT(2);
	DEFINE_MUTEX(lock);

	assert_false(refcount_dec_and_mutex_lock(&r, &lock));
	assert_false(mutex_is_locked(&lock));
	assert_true(refcount_dec_and_mutex_lock(&r, &lock));
	assert_true(mutex_is_locked(&lock));
	mutex_unlock(&lock);
	refcount_set(&r, 1);
	assert_true(refcount_dec_if_one(&r));
}

static void idr_gives_lowest_free(void **state)
{
	DEFINE_IDR(idr);
	void *p;
	int id, n = 0;

	for (int i = 0; i < 200; i++)
		assert_int_equal(idr_alloc(&idr, ptr(i), 0, 0, GFP_KERNEL), i);
	assert_ptr_equal(idr_remove(&idr, 130), ptr(130));
	assert_ptr_equal(idr_remove(&idr, 7), ptr(7));
	assert_null(idr_remove(&idr, 7));
	assert_int_equal(idr_alloc(&idr, ptr(1), 8, 0, GFP_KERNEL), 130);
	assert_int_equal(idr_alloc(&idr, ptr(2), 0, 0, GFP_KERNEL), 7);
	assert_int_equal(idr_alloc(&idr, ptr(3), 10, 200, GFP_KERNEL), -ENOSPC);
	assert_int_equal(idr_alloc(&idr, ptr(3), 10, 201, GFP_KERNEL), 200);
	idr_for_each_entry(&idr, p, id)
		assert_int_equal(id, n++);
	assert_int_equal(n, 201);
	idr_destroy(&idr);
	assert_true(idr_is_empty(&idr));
}

static void idr_reserves(void **state)
{
	struct idr idr;
	int next = 0;

	idr_init_base(&idr, 1);
	assert_int_equal(idr_alloc(&idr, NULL, 0, 0, GFP_KERNEL), 1);
	assert_int_equal(idr_alloc(&idr, ptr(2), 1, 0, GFP_KERNEL), 2);
	assert_false(idr_is_empty(&idr));
	assert_null(idr_find(&idr, 1));
	assert_null(idr_find(&idr, 0));
	assert_ptr_equal(idr_get_next(&idr, &next), ptr(2));
	assert_int_equal(next, 2);
	assert_null(idr_replace(&idr, ptr(1), 1));
	assert_ptr_equal(idr_find(&idr, 1), ptr(1));
	assert_int_equal(PTR_ERR(idr_replace(&idr, ptr(1), 3)), -ENOENT);
	assert_int_equal(PTR_ERR(idr_replace(&idr, ptr(1), 0)), -ENOENT);
	assert_int_equal(idr_alloc_cyclic(&idr, ptr(3), 1, 4, GFP_KERNEL), 3);
	assert_ptr_equal(idr_remove(&idr, 1), ptr(1));
	assert_int_equal(idr_alloc_cyclic(&idr, ptr(1), 1, 4, GFP_KERNEL), 1);
	assert_int_equal(idr_alloc_cyclic(&idr, ptr(1), 1, 4, GFP_KERNEL), -ENOSPC);
	idr_destroy(&idr);
}

static void idr_agrees_with_array(void **state)
{
	static void *ref[SLOTS];
	DEFINE_IDR(idr);
	unsigned int live = 0;

	memset(ref, 0, sizeof(ref));
	for (unsigned int op = 0; op < OPS; op++) {
		unsigned int at = rng() % SLOTS, want;

		if (rng() % 8 < 5) {
			for (want = at; want < SLOTS && ref[want]; want++)
				;
			assert_int_equal(idr_alloc(&idr, ptr(op), (int)at, SLOTS, GFP_KERNEL),
					 want < SLOTS ? (int)want : -ENOSPC);
			if (want < SLOTS) {
				ref[want] = ptr(op);
				live++;
			}
		} else {
			assert_ptr_equal(idr_remove(&idr, at), ref[at]);
			live -= ref[at] != NULL;
			ref[at] = NULL;
		}
		at = rng() % SLOTS;
		assert_ptr_equal(idr_find(&idr, at), ref[at]);
	}
	for (unsigned int i = 0; i < SLOTS; i++)
		assert_ptr_equal(idr_remove(&idr, i), ref[i]);
	assert_true(live > 0);
	assert_true(idr_is_empty(&idr));
}

static void ida_reuses(void **state)
{
	DEFINE_IDA(ida);

	for (int i = 0; i < 70; i++)
		assert_int_equal(ida_alloc(&ida, GFP_KERNEL), i);
	ida_free(&ida, 64);
	ida_free(&ida, 3);
	assert_int_equal(ida_alloc_min(&ida, 4, GFP_KERNEL), 64);
	assert_int_equal(ida_alloc_max(&ida, 69, GFP_KERNEL), 3);
	assert_int_equal(ida_alloc_max(&ida, 69, GFP_KERNEL), -ENOSPC);
	ida_destroy(&ida);
	assert_true(ida_is_empty(&ida));
}

static void xarray_agrees_with_array(void **state)
{
	static void *ref[SLOTS];
	/* Far apart, so that the tree grows to its full height and back */
	const unsigned long stride = ULONG_MAX / SLOTS;
	DEFINE_XARRAY(xa);
	unsigned long index, seen = 0;
	void *entry;

	memset(ref, 0, sizeof(ref));
	for (unsigned int op = 0; op < OPS; op++) {
		unsigned long at = rng() % SLOTS, next;

		if (rng() % 2) {
			assert_ptr_equal(xa_store(&xa, at * stride, ptr(op), GFP_KERNEL), ref[at]);
			ref[at] = ptr(op);
		} else {
			assert_ptr_equal(xa_erase(&xa, at * stride), ref[at]);
			ref[at] = NULL;
		}
		at = rng() % SLOTS;
		assert_ptr_equal(xa_load(&xa, at * stride), ref[at]);
		assert_null(xa_load(&xa, at * stride + 1));
		for (next = at; next < SLOTS && !ref[next]; next++)
			;
		index = at * stride;
		entry = xa_find(&xa, &index, ULONG_MAX, XA_PRESENT);
		assert_ptr_equal(entry, next < SLOTS ? ref[next] : NULL);
		if (entry)
			assert_int_equal(index, next * stride);
	}
	xa_for_each(&xa, index, entry) {
		assert_ptr_equal(entry, ref[index / stride]);
		xa_erase(&xa, index);
		seen++;
	}
	assert_true(seen > 0);
	assert_true(xa_empty(&xa));
}

static void xarray_ends(void **state)
{
	DEFINE_XARRAY(xa);
	unsigned long index = ULONG_MAX;

	assert_null(xa_store(&xa, ULONG_MAX, ptr(1), GFP_KERNEL));
	assert_ptr_equal(xa_find(&xa, &index, ULONG_MAX, XA_PRESENT), ptr(1));
	assert_null(xa_find_after(&xa, &index, ULONG_MAX, XA_PRESENT));
	index = 0;
	assert_null(xa_find(&xa, &index, ULONG_MAX - 1, XA_PRESENT));
	assert_ptr_equal(xa_find_after(&xa, &index, ULONG_MAX, XA_PRESENT), ptr(1));
	assert_true(index == ULONG_MAX);
	assert_false(xa_tree_find_free(&xa.xa_tree, ULONG_MAX, ULONG_MAX, &index));
	assert_true(xa_tree_find_free(&xa.xa_tree, 5, ULONG_MAX, &index));
	assert_int_equal(index, 5);
	assert_ptr_equal(xa_erase(&xa, ULONG_MAX), ptr(1));
	assert_null(xa_store(&xa, 0, xa_mk_value(42), GFP_KERNEL));
	assert_true(xa_is_value(xa_load(&xa, 0)));
	assert_int_equal(xa_to_value(xa_load(&xa, 0)), 42);
	xa_destroy(&xa);
	assert_true(xa_empty(&xa));
}

static void xarray_reserves(void **state)
{
	DEFINE_XARRAY_ALLOC1(xa);
	unsigned long index = 0;
	u32 id;

	assert_int_equal(xa_alloc(&xa, &id, NULL, xa_limit_32b, GFP_KERNEL), 0);
	assert_int_equal(id, 1);
	assert_null(xa_load(&xa, 1));
	assert_null(xa_find(&xa, &index, ULONG_MAX, XA_PRESENT));
	assert_false(xa_empty(&xa));
	assert_int_equal(xa_insert(&xa, 1, ptr(1), GFP_KERNEL), -EBUSY);
	assert_int_equal(xa_reserve(&xa, 2, GFP_KERNEL), 0);
	assert_int_equal(xa_alloc(&xa, &id, ptr(3), XA_LIMIT(1, 2), GFP_KERNEL), -EBUSY);
	assert_int_equal(xa_alloc(&xa, &id, ptr(3), XA_LIMIT(1, 3), GFP_KERNEL), 0);
	assert_int_equal(id, 3);
	assert_null(xa_cmpxchg(&xa, 2, NULL, ptr(2), GFP_KERNEL));
	assert_null(xa_load(&xa, 2));
	assert_null(xa_cmpxchg(&xa, 2, XA_ZERO_ENTRY, ptr(2), GFP_KERNEL));
	assert_ptr_equal(xa_load(&xa, 2), ptr(2));
	xa_release(&xa, 2);
	assert_ptr_equal(xa_load(&xa, 2), ptr(2));
	xa_release(&xa, 1);
	assert_int_equal(xa_insert(&xa, 1, ptr(1), GFP_KERNEL), 0);
	assert_ptr_equal(xa_store(&xa, 1, NULL, GFP_KERNEL), ptr(1));
	assert_int_equal(xa_insert(&xa, 1, ptr(1), GFP_KERNEL), -EBUSY);
	assert_null(xa_erase(&xa, 1));
	assert_int_equal(xa_insert(&xa, 1, ptr(1), GFP_KERNEL), 0);
	assert_int_equal(xa_err(xa_store(&xa, 1, xa_mk_internal(3), GFP_KERNEL)), -EINVAL);
	xa_destroy(&xa);
}

static void xarray_goes_around(void **state)
{
	DEFINE_XARRAY_ALLOC(xa);
	u32 id, next = 0;

	for (u32 i = 0; i < 4; i++) {
		assert_int_equal(xa_alloc_cyclic(&xa, &id, ptr(i), XA_LIMIT(0, 3), &next,
						 GFP_KERNEL), 0);
		assert_int_equal(id, i);
	}
	assert_int_equal(xa_alloc_cyclic(&xa, &id, ptr(9), XA_LIMIT(0, 3), &next, GFP_KERNEL),
			 -EBUSY);
	xa_erase(&xa, 2);
	assert_int_equal(xa_alloc_cyclic(&xa, &id, ptr(9), XA_LIMIT(0, 3), &next, GFP_KERNEL), 1);
	assert_int_equal(id, 2);
	next = UINT_MAX;
	assert_int_equal(xa_alloc_cyclic(&xa, &id, ptr(9), xa_limit_32b, &next, GFP_KERNEL), 0);
	assert_true(id == UINT_MAX && next == 0);
	assert_int_equal(xa_alloc_cyclic(&xa, &id, ptr(9), xa_limit_32b, &next, GFP_KERNEL), 1);
	assert_int_equal(id, 4);
	xa_destroy(&xa);
}

/* A failed store leaves the tree as it was, at whatever node memory ran out */
static void xarray_survives_faults(void **state)
{
	for (unsigned long n = 1; n < 64; n++) {
		DEFINE_XARRAY(xa);
		struct xa_node *root;
		void *old;

		assert_null(xa_store(&xa, 5, ptr(5), GFP_KERNEL));
		root = xa.xa_tree.root;
		kfault_set(n);
		old = xa_store(&xa, ULONG_MAX, ptr(6), GFP_KERNEL);
		if (!kfault_hit()) {
			assert_null(old);
			assert_true(n > 10);
			xa_destroy(&xa);
			return;
		}
		assert_int_equal(xa_err(old), -ENOMEM);
		assert_ptr_equal(xa.xa_tree.root, root);
		assert_ptr_equal(xa_erase(&xa, 5), ptr(5));
		assert_true(xa_empty(&xa));
	}
	fail();
}

static void *hammer(void *arg)
{
	struct xarray *xa = arg;
	u32 ids[50];

	for (int round = 0; round < 100; round++) {
		for (int i = 0; i < 50; i++) {
			assert_int_equal(xa_alloc(xa, &ids[i], &ids[i], xa_limit_31b, GFP_KERNEL),
					 0);
			/* The first entry may be anybody's */
			xa_load(xa, 0);
		}
		for (int i = 0; i < 50; i++) {
			xa_lock(xa);
			assert_ptr_equal(xa_load(xa, ids[i]), &ids[i]);
			assert_ptr_equal(__xa_erase(xa, ids[i]), &ids[i]);
			xa_unlock(xa);
		}
	}
	return NULL;
}

static void xarray_locks_itself(void **state)
{
	pthread_t threads[3];
	struct xarray xa;

	xa_init_flags(&xa, XA_FLAGS_ALLOC);
	for (int i = 0; i < 3; i++)
		assert_int_equal(pthread_create(&threads[i], NULL, hammer, &xa), 0);
	for (int i = 0; i < 3; i++)
		pthread_join(threads[i], NULL);
	assert_true(xa_empty(&xa));
}

static void memory_fails_on_demand(void **state)
{
	void *p, *q;

	kfault_set(2);
	p = kmalloc(10, GFP_KERNEL);
	assert_non_null(p);
	assert_false(kfault_hit());
	q = krealloc(p, 20, GFP_KERNEL);
	assert_null(q);
	assert_true(kfault_hit());
	q = krealloc(p, 20000, GFP_KERNEL);
	assert_non_null(q);
	kfree(q);
	kfault_set(1);
	assert_null(kstrdup("text", GFP_KERNEL));
	kfault_set(1);
	kfault_clear();
	assert_false(kfault_hit());
	p = kvzalloc(8 << 20, GFP_KERNEL);
	assert_non_null(p);
	assert_null(memchr_inv(p, 0, 8 << 20));
	kvfree(p);
}

static void memory_has_limits(void **state)
{
	void *p = kmalloc(0, GFP_KERNEL);
	char *s;

	assert_ptr_equal(p, ZERO_SIZE_PTR);
	kfree(p);
	kfree(NULL);
	assert_null(kmalloc(KMALLOC_MAX_SIZE + 1, GFP_KERNEL | __GFP_NOWARN));
	assert_null(kvmalloc((size_t)INT_MAX + 1, GFP_KERNEL | __GFP_NOWARN));
	assert_null(kmalloc_array(SIZE_MAX / 4, 8, GFP_KERNEL | __GFP_NOWARN));
	s = kmemdup("secret", 7, GFP_KERNEL);
	assert_string_equal(s, "secret");
	kfree_sensitive(s);
	p = krealloc(NULL, 8, GFP_KERNEL);
	assert_non_null(p);
	assert_ptr_equal(krealloc(p, 0, GFP_KERNEL), ZERO_SIZE_PTR);
}

static int fill_and_leave(bool keep, char **ret)
{
	char *p __free(kfree) = kstrdup("owned", GFP_KERNEL);

	if (!keep)
		return -EINVAL;
	*ret = no_free_ptr(p);
	return 0;
}

static void memory_is_freed_by_scope(void **state)
{
	char *p = NULL;

	assert_int_equal(fill_and_leave(false, &p), -EINVAL);
	assert_int_equal(fill_and_leave(true, &p), 0);
	assert_string_equal(p, "owned");
	kfree(p);
}

static void strings_are_bounded(void **state)
{
	char buf[5];
	char *s;

	assert_int_equal(strscpy(buf, "abcd"), 4);
	assert_int_equal(strscpy(buf, "abcde"), -E2BIG);
	assert_string_equal(buf, "abcd");
	assert_int_equal(strscpy(buf, "x", 0), -E2BIG);
	assert_int_equal(strscpy_pad(buf, "x", sizeof(buf)), 1);
	assert_null(memchr_inv(buf + 1, 0, 4));
	assert_ptr_equal(memchr_inv(buf, 0, 5), buf);
	assert_true(strstarts("com.x", "com."));
	assert_int_equal(scnprintf(buf, sizeof(buf), "%d", 123456), 4);
	assert_int_equal(scnprintf(buf, 0, "x"), 0);
	s = kasprintf(GFP_KERNEL, "%s-%u", "tee", 3U);
	assert_string_equal(s, "tee-3");
	kfree(s);
	s = kstrndup("abcdef", 3, GFP_KERNEL);
	assert_string_equal(s, "abc");
	kfree(s);
}

static void bytes_have_an_order(void **state)
{
	const uuid_t u = UUID_INIT(0x00112233, 0x4455, 0x6677, 0x88, 0x99, 0xaa, 0xbb, 0xcc, 0xdd,
				   0xee, 0xff);
	u8 raw[UUID_SIZE], buf[9] = { 0 };
	uuid_t back;

	export_uuid(raw, &u);
	for (int i = 0; i < UUID_SIZE; i++)
		assert_int_equal(raw[i], i * 0x11);
	import_uuid(&back, raw);
	assert_true(uuid_equal(&u, &back));
	assert_true(uuid_is_null(&uuid_null) && !uuid_is_null(&u));
	put_unaligned_le32(0x11223344, buf + 1);
	assert_int_equal(buf[1], 0x44);
	assert_int_equal(get_unaligned_be32(buf + 1), 0x44332211);
	put_unaligned_be64(0x1122334455667788ULL, buf + 1);
	assert_true(get_unaligned_be64(buf + 1) == 0x1122334455667788ULL);
	assert_int_equal(get_unaligned_le16(buf + 1), 0x2211);
}

static void pages_are_addresses(void **state)
{
	struct page *page = phys_to_page(0x80001000);

	assert_true(page_to_phys(page) == 0x80001000);
	assert_int_equal(page_to_pfn(page), 0x80001);
	assert_ptr_equal(pfn_to_page(0x80001), page);
	assert_int_equal(PAGE_ALIGN(1UL), PAGE_SIZE);
	assert_int_equal(offset_in_page(0x1234UL), 0x234);
	assert_int_equal(PFN_UP(4097UL), 2);
	assert_true(IS_ERR(ERR_PTR(-ENOMEM)) && !IS_ERR(page) && IS_ERR_OR_NULL(NULL));
	assert_int_equal(PTR_ERR_OR_ZERO(ERR_PTR(-ENOTSUPP)), -524);
}

#define T(fn) cmocka_unit_test_setup_teardown(fn, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(list_keeps_order),
		T(hlist_keeps_order),
		T(bits_and_sizes),
		T(overflow_is_noticed),
		T(bitmap_agrees_with_array),
		T(bitmap_is_allocated),
		T(atomics_count),
		T(references_saturate),
		T(last_reference_locks),
		T(idr_gives_lowest_free),
		T(idr_reserves),
		T(idr_agrees_with_array),
		T(ida_reuses),
		T(xarray_agrees_with_array),
		T(xarray_ends),
		T(xarray_reserves),
		T(xarray_goes_around),
		T(xarray_survives_faults),
		T(xarray_locks_itself),
		T(memory_fails_on_demand),
		T(memory_has_limits),
		T(memory_is_freed_by_scope),
		T(strings_are_bounded),
		T(bytes_have_an_order),
		T(pages_are_addresses),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
