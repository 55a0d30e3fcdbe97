/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The TEE core: who lives how long. Devices, contexts, orphaned memory, threads
 * that meet at an end, and every allocation that can fail
 */
#include <errno.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <unistd.h>

#include <cmocka.h>

#include <linux/completion.h>
#include <linux/err.h>
#include <linux/mm.h>
#include <linux/slab.h>

#include "base/kernel/kmem.h"
#include "core_fixture.h"
#include "normal/tee/tee_cdev.h"
#include "platform_test.h"

/* Long enough for another thread to get stuck where it should. */
#define A_MOMENT_US 20000

static struct tee_context *open_client(struct core *core)
{
	struct tee_context *ctx = tee_cdev_open(core->tee.client);

	assert_false(IS_ERR(ctx));
	return ctx;
}

static struct tee_context *open_priv(struct core *core)
{
	struct tee_context *ctx = tee_cdev_open(core->tee.priv);

	assert_false(IS_ERR(ctx));
	return ctx;
}

static void close_ctx(struct core *core)
{
	tee_cdev_release(core->ctx);
	core->ctx = NULL;
}

/* --- devices --- */

static void test_desc(void **state)
{
	struct core *core = *state;
	struct tee_driver_ops ops = core->tee.ops;
	struct tee_desc desc = core->tee.client_desc;

	assert_int_equal(PTR_ERR(tee_device_alloc(NULL, NULL, NULL)), -EINVAL);
	desc.name = NULL;
	assert_int_equal(PTR_ERR(tee_device_alloc(&desc, NULL, NULL)), -EINVAL);
	desc = (struct tee_desc){ .name = "x" };
	assert_int_equal(PTR_ERR(tee_device_alloc(&desc, NULL, NULL)), -EINVAL);
	desc.ops = &ops;
	ops.get_version = NULL;
	assert_int_equal(PTR_ERR(tee_device_alloc(&desc, NULL, NULL)), -EINVAL);
	ops = core->tee.ops;
	ops.open = NULL;
	assert_int_equal(PTR_ERR(tee_device_alloc(&desc, NULL, NULL)), -EINVAL);
	ops = core->tee.ops;
	ops.release = NULL;
	assert_int_equal(PTR_ERR(tee_device_alloc(&desc, NULL, NULL)), -EINVAL);
	tee_device_unregister(NULL);
}

static void test_slots(void **state)
{
	struct core *core = *state;
	struct tee_device *devs[2][16] = {};
	const struct tee_desc *descs[] = { &core->tee.client_desc, &core->tee.priv_desc };

	/* The fixture has one of each. */
	for (int kind = 0; kind < 2; kind++) {
		for (int i = 1; i < 16; i++) {
			char name[32];

			devs[kind][i] = tee_device_alloc(descs[kind], NULL, NULL);
			assert_false(IS_ERR(devs[kind][i]));
			snprintf(name, sizeof(name), "tee%s%d", kind ? "priv" : "", i);
			assert_string_equal(devs[kind][i]->name, name);
		}
		assert_int_equal(PTR_ERR(tee_device_alloc(descs[kind], NULL, NULL)), -ENOMEM);
	}
	/* The lowest free slot is the next one. */
	tee_device_unregister(devs[0][7]);
	devs[0][7] = tee_device_alloc(descs[0], NULL, NULL);
	assert_string_equal(devs[0][7]->name, "tee7");
	for (int i = 1; i < 16; i++) {
		tee_device_unregister(devs[0][i]);
		tee_device_unregister(devs[1][i]);
	}
}

static void test_register(void **state)
{
	struct core *core = *state;
	struct tee_device *teedev;
	unsigned int opens = atomic_load(&core->tee.calls[FAKE_OPEN]);

	assert_int_equal(tee_device_register(core->tee.client), -EINVAL);
	assert_int_equal(tee_device_register(core->tee.priv), -EINVAL);

	/* The device context cannot be opened: the node does not appear. */
	teedev = tee_device_alloc(&core->tee.client_desc, NULL, &core->tee);
	core->tee.rc[FAKE_OPEN] = -EIO;
	assert_int_equal(tee_device_register(teedev), -EIO);
	core->tee.rc[FAKE_OPEN] = 0;
	assert_int_equal(platform_test_counts().published, 2);
	assert_null(tee_device_get_context(teedev));

	/* The node cannot be made; then it can, with the one device context. */
	platform_test.publish_rc = -ENOMEM;
	assert_int_equal(tee_device_register(teedev), -ENOMEM);
	platform_test.publish_rc = 0;
	assert_int_equal(tee_device_register(teedev), 0);
	assert_int_equal(atomic_load(&core->tee.calls[FAKE_OPEN]), opens + 2);
	tee_device_unregister(teedev);
	assert_int_equal(atomic_load(&core->tee.calls[FAKE_RELEASE]), 1);

	/* Never registered */
	teedev = tee_device_alloc(&core->tee.client_desc, NULL, &core->tee);
	tee_device_unregister(teedev);
	assert_int_equal(atomic_load(&core->tee.calls[FAKE_RELEASE]), 1);
}

static void test_device_context(void **state)
{
	struct core *core = *state;
	struct tee_context *dev_ctx = tee_device_get_context(core->tee.client);
	struct tee_shm *shm;

	assert_non_null(dev_ctx);
	assert_true(tee_context_is_device(dev_ctx));
	assert_false(tee_context_is_device(core->ctx));
	assert_null(tee_device_get_context(core->tee.priv));
	assert_null(atomic_load(&core->tee.holder));

	/* Left to the driver's release() by the driver: it does not wait for itself. */
	shm = tee_shm_alloc_kernel_buf(dev_ctx, 1);
	assert_false(IS_ERR(shm));
	assert_int_equal(shm->id, -1);
	core->tee.data = shm;
}

static void free_own_shm(struct fake_tee *tee, struct tee_context *ctx)
{
	if (tee_context_is_device(ctx))
		tee_shm_free(tee->data);
}

static void test_device_context_shm(void **state)
{
	struct core *core = *state;

	test_device_context(state);
	core->tee.in_release = free_own_shm;
}

static void test_device_context_priv_buf(void **state)
{
	struct core *core = *state;
	struct tee_context *dev_ctx = tee_device_get_context(core->tee.client);
	struct tee_shm *shm = tee_shm_alloc_priv_buf(dev_ctx, 100);
	phys_addr_t pa;

	assert_false(IS_ERR(shm));
	assert_int_equal(atomic_load(&core->tee.calls[FAKE_REGISTER]), 0);
	assert_int_equal(platform_test_counts().mappable, 0);
	assert_int_equal(tee_shm_get_size(shm), PAGE_SIZE);
	assert_false(tee_shm_is_dynamic(shm));
	assert_ptr_equal(tee_shm_get_va(shm, 5), (char *)shm->kaddr + 5);
	assert_int_equal(PTR_ERR(tee_shm_get_va(shm, PAGE_SIZE)), -EINVAL);
	assert_int_equal(tee_shm_get_pa(shm, 5, &pa), 0);
	assert_int_equal(pa, shm->paddr + 5);
	assert_int_equal(tee_shm_get_pa(shm, PAGE_SIZE, &pa), -EINVAL);
	assert_int_equal(PTR_ERR(tee_shm_get_from_id(dev_ctx, shm->id)), -EINVAL);
	tee_shm_free(shm);
	tee_shm_free(NULL);
}

/* --- contexts --- */

static void test_opens(void **state)
{
	struct core *core = *state;
	struct tee_context *a = open_client(core);
	struct tee_context *b = open_client(core);
	struct tee_context *priv = open_priv(core);
	struct tee_context *internal;

	assert_ptr_not_equal(a, b);
	assert_false(a->supp_nowait);
	assert_int_equal(PTR_ERR(tee_cdev_open(core->tee.priv)), -EBUSY);
	tee_cdev_release(priv);
	tee_cdev_release(open_priv(core));
	core->tee.rc[FAKE_OPEN] = -ENODEV;
	assert_int_equal(PTR_ERR(tee_cdev_open(core->tee.client)), -ENODEV);
	core->tee.rc[FAKE_OPEN] = 0;

	internal = teedev_open(core->tee.client);
	assert_false(IS_ERR(internal));
	teedev_close_context(internal);
	tee_cdev_release(a);
	tee_cdev_release(b);
	assert_int_equal(atomic_load(&core->tee.calls[FAKE_CLOSE_CONTEXT]),
			 atomic_load(&core->tee.calls[FAKE_RELEASE]));
}

static void test_orphan(void **state)
{
	struct core *core = *state;
	struct tee_context *dev_ctx = tee_device_get_context(core->tee.client);
	struct tee_context *other;
	int ids[2], fds[2], id, fd;

	fds[0] = core_alloc(core->ctx, 1, &ids[0]);
	fds[1] = core_register(core->ctx, core->page, 64, &ids[1]);
	assert_int_equal(core_open_session(core, core->ctx, 0, NULL, 0), 0);

	/* The close is the end: sessions are closed, whatever memory is left. */
	close_ctx(core);
	assert_int_equal(atomic_load(&core->tee.calls[FAKE_CLOSE_CONTEXT]), 1);
	assert_int_equal(atomic_load(&core->tee.calls[FAKE_RELEASE]), 1);
	assert_int_equal(fake_tee_n_sessions(&core->tee), 0);
	assert_int_equal(atomic_load(&core->tee.calls[FAKE_UNREGISTER]), 0);

	/* The memory is the device context's, and no id finds it. */
	for (int i = 0; i < 2; i++) {
		struct tee_shm *shm = platform_test_fd_shm(fds[i]);

		assert_ptr_equal(shm->ctx, dev_ctx);
		assert_int_equal(shm->id, -1);
		assert_int_equal(refcount_read(&shm->refcount), 1);
		assert_int_equal(core_refs(dev_ctx, ids[i]), 0);
	}

	/* Its number is free, and the one who gets it gets new memory. */
	other = open_client(core);
	assert_int_equal(core_refs(other, ids[0]), 0);
	fd = core_alloc(other, 1, &id);
	assert_int_equal(id, ids[0]);
	assert_ptr_not_equal(platform_test_fd_shm(fd), platform_test_fd_shm(fds[0]));

	for (int i = 0; i < 2; i++) {
		core->tee.last_ctx = NULL;
		platform_test_fd_put(fds[i]);
		assert_ptr_equal(atomic_load(&core->tee.last_ctx), dev_ctx);
	}
	assert_int_equal(core_refs(other, id), 1);
	platform_test_fd_put(fd);
	tee_cdev_release(other);
}

static void test_priv_orphan(void **state)
{
	struct core *core = *state;
	struct tee_context *priv = open_priv(core);
	int id, fd = core_register(priv, core->page, 64, &id);
	struct tee_shm *shm = platform_test_fd_shm(fd);

	/* The driver is told at the close, but no successor comes before the end. */
	tee_cdev_release(priv);
	assert_null(atomic_load(&core->tee.holder));
	assert_int_equal(shm->id, -1);
	assert_ptr_equal(shm->ctx->teedev, core->tee.priv);
	assert_null(shm->ctx->data);
	assert_int_equal(PTR_ERR(tee_cdev_open(core->tee.priv)), -EBUSY);

	core->tee.last_ctx = NULL;
	platform_test_fd_put(fd);
	assert_ptr_equal(atomic_load(&core->tee.last_ctx), priv);
	tee_cdev_release(open_priv(core));
}

static void use_dying_context(struct fake_tee *tee, struct tee_context *ctx)
{
	struct tee_shm *shm;

	if (tee_context_is_device(ctx))
		return;
	shm = tee_shm_alloc_priv_buf(ctx, 10);
	assert_false(IS_ERR(shm));
	tee_shm_free(shm);
}

static void test_release_uses_context(void **state)
{
	struct core *core = *state;

	core->tee.in_release = use_dying_context;
	tee_cdev_release(open_priv(core));
	tee_cdev_release(open_priv(core));
	close_ctx(core);
}

static void test_many_holders(void **state)
{
	struct core *core = *state;
	int id, fd = core_alloc(core->ctx, 1, &id);
	struct tee_shm *held = tee_shm_get_from_id(core->ctx, id);

	assert_false(IS_ERR(held));
	tee_shm_get(held);
	platform_test_fd_get(fd);
	platform_test_fd_put(fd);
	assert_int_equal(core_refs(core->ctx, id), 3);
	platform_test_fd_put(fd);
	assert_int_equal(core_refs(core->ctx, id), 2);
	tee_shm_put(held);
	close_ctx(core);
	assert_int_equal(refcount_read(&held->refcount), 1);
	tee_shm_put(held);
}

/* --- walks --- */

struct walk {
	size_t n;
	int stop_at;
	struct tee_shm *seen[8];
};

static int walk_one(struct tee_shm *shm, void *data)
{
	struct walk *walk = data;

	assert_non_null(READ_ONCE(shm->ctx)->teedev);
	walk->seen[walk->n++] = shm;
	return walk->stop_at && walk->n == (size_t)walk->stop_at ? -ECANCELED : 0;
}

static void test_walk(void **state)
{
	struct core *core = *state;
	struct tee_context *dev_ctx = tee_device_get_context(core->tee.client);
	struct tee_shm *kernel_buf = tee_shm_alloc_kernel_buf(dev_ctx, 1);
	struct walk walk = {};
	int id, fds[2];

	assert_int_equal(tee_device_for_each_shm(core->tee.priv, walk_one, &walk), 0);
	assert_int_equal(walk.n, 0);
	fds[0] = core_alloc(core->ctx, 1, &id);
	fds[1] = core_register(core->ctx, core->page, 1, &id);
	assert_int_equal(tee_device_for_each_shm(core->tee.client, walk_one, &walk), 0);
	assert_int_equal(walk.n, 3);
	walk = (struct walk){ .stop_at = 2 };
	assert_int_equal(tee_device_for_each_shm(core->tee.client, walk_one, &walk), -ECANCELED);
	assert_int_equal(walk.n, 2);
	/* Orphans too */
	close_ctx(core);
	walk = (struct walk){};
	assert_int_equal(tee_device_for_each_shm(core->tee.client, walk_one, &walk), 0);
	assert_int_equal(walk.n, 3);
	platform_test_fd_put(fds[0]);
	platform_test_fd_put(fds[1]);
	tee_shm_free(kernel_buf);
}

/* --- two threads --- */

struct gate {
	struct completion reached;
	struct completion go;
};

static void gate_init(struct gate *gate)
{
	init_completion(&gate->reached);
	init_completion(&gate->go);
}

static void *put_fd(void *data)
{
	platform_test_fd_put(*(int *)data);
	return NULL;
}

static void *remove_devices(void *data)
{
	struct fake_tee *tee = data;

	fake_tee_remove(tee);
	return NULL;
}

static void start(pthread_t *thread, void *(*fn)(void *), void *data)
{
	assert_int_equal(pthread_create(thread, NULL, fn, data), 0);
}

static void join(pthread_t thread)
{
	assert_int_equal(pthread_join(thread, NULL), 0);
}

static void test_unregister_waits(void **state)
{
	struct core *core = *state;
	struct tee_device *teedev = core->tee.client;
	pthread_t remover;
	int ids[2], fds[2];

	fds[0] = core_alloc(core->ctx, 1, &ids[0]);
	start(&remover, remove_devices, &core->tee);
	while (platform_test_counts().published)
		usleep(1000);
	usleep(A_MOMENT_US);

	/* What is open goes on working, also for new memory and sessions. */
	assert_int_equal(core_open_session(core, core->ctx, 0, NULL, 0), 0);
	fds[1] = core_alloc(core->ctx, 1, &ids[1]);
	platform_test_fd_put(fds[0]);

	/* The context is gone, its memory is not: the device context lives. */
	close_ctx(core);
	usleep(A_MOMENT_US);
	assert_int_equal(atomic_load(&core->tee.calls[FAKE_RELEASE]), 1);
	assert_ptr_equal(platform_test_fd_shm(fds[1])->ctx, tee_device_get_context(teedev));
	platform_test_fd_put(fds[1]);
	join(remover);
	assert_int_equal(atomic_load(&core->tee.calls[FAKE_RELEASE]), 2);
}

static void *wait_for_users(void *data)
{
	tee_device_unregister(data);
	return NULL;
}

static void test_leaving_device(void **state)
{
	struct core *core = *state;
	struct tee_device *teedev = tee_device_alloc(&core->tee.client_desc, &core->tee.pool,
						     &core->tee);
	pthread_t thread;

	assert_int_equal(tee_device_register(teedev), 0);
	assert_true(tee_device_get(teedev));
	start(&thread, wait_for_users, teedev);
	usleep(A_MOMENT_US);
	/* A user that stays can have more users made, until the last one goes. */
	assert_true(tee_device_get(teedev));
	tee_device_put(teedev);
	assert_int_equal(platform_test_counts().published, 2);
	tee_device_put(teedev);
	join(thread);
}

static void block_in_unregister(struct fake_tee *tee)
{
	struct gate *gate = tee->data;

	complete(&gate->reached);
	wait_for_completion(&gate->go);
}

static void test_blocked_unregister(void **state)
{
	struct core *core = *state;
	struct gate gate;
	pthread_t thread;
	struct walk walk = {};
	int id, fd, other_id, other_fd;

	gate_init(&gate);
	fd = core_register(core->ctx, core->page, 64, &id);
	core->tee.data = &gate;
	core->tee.before_unregister = block_in_unregister;
	start(&thread, put_fd, &fd);
	wait_for_completion(&gate.reached);
	core->tee.before_unregister = NULL;

	/* The driver is stuck in it; everybody else goes on. */
	assert_int_equal(core_refs(core->ctx, id), 0);
	assert_ptr_equal(atomic_load(&core->tee.last_ctx),
			 tee_device_get_context(core->tee.client));
	other_fd = core_register(core->ctx, core->page, 64, &other_id);
	assert_int_equal(other_id, id);
	platform_test_fd_put(other_fd);
	assert_int_equal(tee_device_for_each_shm(core->tee.client, walk_one, &walk), 0);
	assert_int_equal(walk.n, 0);
	/* ... even the context from which it came ends. */
	close_ctx(core);
	assert_int_equal(atomic_load(&core->tee.calls[FAKE_RELEASE]), 1);

	complete(&gate.go);
	join(thread);
}

static void test_blocked_unregister_priv(void **state)
{
	struct core *core = *state;
	struct tee_context *priv = open_priv(core);
	struct gate gate;
	pthread_t thread;
	int id, fd;

	gate_init(&gate);
	fd = core_register(priv, core->page, 64, &id);
	core->tee.data = &gate;
	core->tee.before_unregister = block_in_unregister;
	start(&thread, put_fd, &fd);
	wait_for_completion(&gate.reached);

	tee_cdev_release(priv);
	assert_int_equal(PTR_ERR(tee_cdev_open(core->tee.priv)), -EBUSY);
	complete(&gate.go);
	join(thread);
	tee_cdev_release(open_priv(core));
}

struct walk_gate {
	struct gate gate;
	struct core *core;
	int fd;
};

static int walk_and_wait(struct tee_shm *shm, void *data)
{
	struct walk_gate *wg = data;

	complete(&wg->gate.reached);
	wait_for_completion(&wg->gate.go);
	/* Its last reference and its context went meanwhile; it is still there. */
	assert_int_equal(refcount_read(&shm->refcount), 0);
	assert_int_equal(atomic_load(&wg->core->tee.calls[FAKE_UNREGISTER]), 0);
	assert_ptr_equal(READ_ONCE(shm->ctx)->teedev, wg->core->tee.client);
	return 0;
}

static void *walk_thread(void *data)
{
	struct walk_gate *wg = data;

	assert_int_equal(tee_device_for_each_shm(wg->core->tee.client, walk_and_wait, wg), 0);
	return NULL;
}

static void test_walk_against_put(void **state)
{
	struct core *core = *state;
	struct walk_gate wg = { .core = core };
	pthread_t walker, putter;
	int id;

	gate_init(&wg.gate);
	wg.fd = core_alloc(core->ctx, 1, &id);
	start(&walker, walk_thread, &wg);
	wait_for_completion(&wg.gate.reached);
	start(&putter, put_fd, &wg.fd);
	while (core_refs(core->ctx, id))
		usleep(1000);
	close_ctx(core);
	usleep(A_MOMENT_US);
	complete(&wg.gate.go);
	join(walker);
	join(putter);
	assert_int_equal(atomic_load(&core->tee.calls[FAKE_UNREGISTER]), 1);
}

#define STRESS_THREADS 4
#define STRESS_ROUNDS 150

struct stress {
	struct core *core;
	struct tee_context *shared;
	uint8_t *page;
};

/* Contexts that come and go with memory that outlives them, ids that are guessed */
static void *stress_thread(void *data)
{
	struct stress *stress = data;
	struct task_struct task;

	task_init(&task);
	task.uaccess = &uaccess_inprocess_ops;
	task_enter(&task);
	for (int i = 0; i < STRESS_ROUNDS; i++) {
		struct tee_context *ctx = open_client(stress->core);
		struct walk walk = { .stop_at = 3 };
		int ids[3], fds[3];

		fds[0] = core_alloc(ctx, 1, &ids[0]);
		fds[1] = core_register(ctx, stress->page, 32, &ids[1]);
		fds[2] = core_alloc(stress->shared, 1, &ids[2]);
		for (int id = 1; id < 8; id++) {
			struct tee_shm *shm = tee_shm_get_from_id(stress->shared, id);

			if (!IS_ERR(shm))
				tee_shm_put(shm);
		}
		if (i % 2)
			platform_test_fd_put(fds[0]);
		if (i % 16 == 0)
			tee_device_for_each_shm(stress->core->tee.client, walk_one, &walk);
		tee_cdev_release(ctx);
		if (i % 2 == 0)
			platform_test_fd_put(fds[0]);
		platform_test_fd_put(fds[1]);
		platform_test_fd_put(fds[2]);
	}
	task_leave(&task);
	return NULL;
}

static void test_stress(void **state)
{
	struct core *core = *state;
	struct stress stress = { .core = core, .shared = core->ctx, .page = core->page };
	pthread_t threads[STRESS_THREADS];

	for (int i = 0; i < STRESS_THREADS; i++)
		start(&threads[i], stress_thread, &stress);
	for (int i = 0; i < STRESS_THREADS; i++)
		join(threads[i]);
}

/* --- every allocation that can fail --- */

struct fault_row {
	const char *name;
	/* 0 or more: done, and undone again; else the errno of a call that failed */
	long (*call)(struct core *core, struct tee_context *priv);
};

static long fault_alloc(struct core *core, struct tee_context *priv)
{
	struct tee_ioctl_shm_alloc_data data = { .size = 1 };
	long fd = core_ioctl(core->ctx, TEE_IOC_SHM_ALLOC, &data);

	if (fd >= 0)
		platform_test_fd_put((int)fd);
	return fd;
}

static long fault_register(struct core *core, struct tee_context *priv)
{
	struct tee_ioctl_shm_register_data data = {
		.addr = (uintptr_t)core->page, .length = 64,
	};
	long fd = core_ioctl(core->ctx, TEE_IOC_SHM_REGISTER, &data);

	if (fd >= 0)
		platform_test_fd_put((int)fd);
	return fd;
}

static void fault_params(struct tee_ioctl_param *params)
{
	/* The memory that the row's test made */
	params[0] = (struct tee_ioctl_param){ .attr = 7, .b = 1, .c = 1 };
	params[1] = (struct tee_ioctl_param){ .attr = 6, .b = 1, .c = 1 };
	params[2] = (struct tee_ioctl_param){ .attr = 3, .a = 1 };
}

static long fault_open_session(struct core *core, struct tee_context *priv)
{
	struct tee_ioctl_close_session_arg close;
	struct tee_ioctl_param params[3];
	long rc;

	fault_params(params);
	rc = core_open_session(core, core->ctx, 0, params, 3);
	if (!rc) {
		close.session = core_opened(core)->session;
		assert_int_equal(core_ioctl(core->ctx, TEE_IOC_CLOSE_SESSION, &close), 0);
	}
	return rc;
}

static long fault_invoke(struct core *core, struct tee_context *priv)
{
	struct tee_ioctl_param params[3];

	fault_params(params);
	return core_invoke(core, core->ctx, params, 3);
}

static long fault_object_invoke(struct core *core, struct tee_context *priv)
{
	struct tee_ioctl_object_invoke_arg arg = { .num_params = 3 };
	struct tee_ioctl_param params[3];

	fault_params(params);
	return core_call(core, core->ctx, TEE_IOC_OBJECT_INVOKE, &arg, sizeof(arg), params, 3);
}

static long fault_recv(struct core *core, struct tee_context *priv)
{
	struct tee_iocl_supp_recv_arg arg = { .num_params = 3 };
	struct tee_ioctl_param params[3];

	fault_params(params);
	return core_call(core, priv, TEE_IOC_SUPPL_RECV, &arg, sizeof(arg), params, 3);
}

static long fault_send(struct core *core, struct tee_context *priv)
{
	struct tee_iocl_supp_send_arg arg = { .num_params = 1 };
	struct tee_ioctl_param param = { .attr = 0x103 };

	return core_call(core, priv, TEE_IOC_SUPPL_SEND, &arg, sizeof(arg), &param, 1);
}

static long fault_open(struct core *core, struct tee_context *priv)
{
	struct tee_context *ctx = tee_cdev_open(core->tee.client);

	if (IS_ERR(ctx))
		return PTR_ERR(ctx);
	tee_cdev_release(ctx);
	return 0;
}

static long fault_device(struct core *core, struct tee_context *priv)
{
	struct tee_device *teedev = tee_device_alloc(&core->tee.client_desc, NULL, &core->tee);
	int rc;

	if (IS_ERR(teedev))
		return PTR_ERR(teedev);
	rc = tee_device_register(teedev);
	tee_device_unregister(teedev);
	return rc;
}

static long fault_priv_buf(struct core *core, struct tee_context *priv)
{
	struct tee_shm *shm = tee_shm_alloc_priv_buf(core->ctx, 1);

	if (IS_ERR(shm))
		return PTR_ERR(shm);
	tee_shm_free(shm);
	return 0;
}

static const struct fault_row fault_rows[] = {
	{ "core no memory in SHM_ALLOC", fault_alloc },
	{ "core no memory in SHM_REGISTER", fault_register },
	{ "core no memory in OPEN_SESSION", fault_open_session },
	{ "core no memory in INVOKE", fault_invoke },
	{ "core no memory in OBJECT_INVOKE", fault_object_invoke },
	{ "core no memory in SUPPL_RECV", fault_recv },
	{ "core no memory in SUPPL_SEND", fault_send },
	{ "core no memory in open", fault_open },
	{ "core no memory for a device", fault_device },
	{ "core no memory for a private buffer", fault_priv_buf },
};

static void test_fault(void **state)
{
	struct core *core = *state;
	const struct fault_row *row = core->row;
	struct tee_context *priv = open_priv(core);
	int id, fds[2];
	unsigned long n;
	bool hit = true;

	fds[0] = core_register(core->ctx, core->page + 128, 64, &id);
	assert_int_equal(id, 1);
	fds[1] = core_alloc(priv, 1, &id);
	assert_int_equal(id, 1);
	/* What tables keep for their next entry is no leak. */
	assert_true(row->call(core, priv) >= 0);

	for (n = 1; hit; n++) {
		struct platform_test_count before = platform_test_counts(), after;
		long live = kmem_live();
		long rc;

		kfault_set(n);
		rc = row->call(core, priv);
		hit = kfault_hit();
		kfault_clear();
		after = platform_test_counts();

		assert_true(hit ? rc == -ENOMEM : rc >= 0);
		assert_int_equal(kmem_live(), live);
		assert_int_equal(after.pages, before.pages);
		assert_int_equal(after.pinned, before.pinned);
		assert_int_equal(after.fds, before.fds);
		assert_int_equal(after.published, before.published);
		assert_int_equal(fake_tee_n_sessions(&core->tee), 0);
		assert_int_equal(core_refs(core->ctx, 1), 1);
		assert_int_equal(core_refs(priv, 1), 1);
	}
	/* The loop did meet allocations. */
	assert_true(n > 2);

	platform_test_fd_put(fds[0]);
	platform_test_fd_put(fds[1]);
	tee_cdev_release(priv);
}

static void test_pool_fails(void **state)
{
	struct core *core = *state;
	struct tee_ioctl_shm_alloc_data data = { .size = 1 };

	core->tee.rc[FAKE_REGISTER] = -EIO;
	assert_int_equal(core_ioctl(core->ctx, TEE_IOC_SHM_ALLOC, &data), -EIO);
	assert_int_equal(platform_test_counts().pages, 0);
	core->tee.rc[FAKE_REGISTER] = 0;
	platform_test.alloc_rc = -ENOMEM;
	assert_int_equal(core_ioctl(core->ctx, TEE_IOC_SHM_ALLOC, &data), -ENOMEM);
	assert_int_equal(PTR_ERR(tee_shm_alloc_kernel_buf(core->ctx, 1)), -ENOMEM);
	platform_test.alloc_rc = 0;
	assert_int_equal(core_ioctl(core->ctx, TEE_IOC_SHM_ALLOC, &data), 0);
	assert_int_equal(data.id, 1);
	platform_test_fd_put(0);
}

static void test_unregister_fails(void **state)
{
	struct core *core = *state;
	int id, fd = core_register(core->ctx, core->page, 64, &id);

	/* Logged, never returned: the pages go back to the client all the same. */
	core->tee.rc[FAKE_UNREGISTER] = -EIO;
	platform_test_fd_put(fd);
	assert_int_equal(platform_test_counts().pinned, 0);
}

int main(void)
{
	core_add("core N149 N155 descriptors", test_desc, NULL);
	core_add("core N150 slots", test_slots, NULL);
	core_add("core N151 registration", test_register, NULL);
	core_add("core device context", test_device_context_shm, NULL);
	core_add("core private buffers", test_device_context_priv_buf, NULL);
	core_add("core opens", test_opens, NULL);
	core_add("core orphans, release at the close", test_orphan, NULL);
	core_add("core orphans of a privileged device", test_priv_orphan, NULL);
	core_add("core release uses its context", test_release_uses_context, NULL);
	core_add("core holders of an shm", test_many_holders, NULL);
	core_add("core walk over shm", test_walk, NULL);
	core_add("core N156 unregistration waits", test_unregister_waits, NULL);
	core_add("core users of a leaving device", test_leaving_device, NULL);
	core_add("core driver blocked in unregister", test_blocked_unregister, NULL);
	core_add("core driver blocked in unregister, privileged", test_blocked_unregister_priv,
		 NULL);
	core_add("core walk against the last put", test_walk_against_put, NULL);
	core_add("core contexts and memory under stress", test_stress, NULL);
	core_add("core pool failures", test_pool_fails, NULL);
	core_add("core unregister failures", test_unregister_fails, NULL);
	core_add_rows(fault_rows, test_fault);
	return core_run("tee life");
}
