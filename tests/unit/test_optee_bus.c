/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Services of the trusted OS as devices on the TEE bus, the clients that drive them,
 * and what a system session is good for
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include <linux/device.h>
#include <linux/err.h>
#include <linux/module.h>

#include "base/kernel/device.h"
#include "base/kernel/kmem.h"
#include "normal/tee/tee_cdev.h"
#include "normal/tee/tee_client.h"
#include "optee_fixture.h"

#define DEV_A "optee-ta-aaaaaaaa-0000-0000-0000-000000000000"
#define DEV_B "optee-ta-bbbbbbbb-0000-0000-0000-000000000000"
#define DEV_S "optee-ta-55555555-0000-0000-0000-000000000000"

static const uint8_t uuid_a[16] = { 0xaa, 0xaa, 0xaa, 0xaa };
static const uint8_t uuid_b[16] = { 0xbb, 0xbb, 0xbb, 0xbb };
static const uint8_t uuid_s[16] = { 0x55, 0x55, 0x55, 0x55 };

/* --- the lists --- */

/* What the world lists; set while no scan runs */
static struct {
	uint8_t uuids[2][8][16];	/* alone; with a supplicant */
	size_t n[2];
	size_t odd;			/* added to the size that is told */
} lists;

static void list_clear(void)
{
	memset(&lists, 0, sizeof(lists));
}

static void list_add_uuid(int which, const uint8_t uuid[16])
{
	memcpy(lists.uuids[which][lists.n[which]++], uuid, 16);
}

static uint32_t body_devices(struct fw_thread *t, struct optee_msg_arg *msg)
{
	struct optee_msg_param *p = msg->params;
	uint64_t room = p[0].u.rmem.size;
	uint64_t size;
	void *va;

	if (msg->num_params != 1 || msg->func > 1)
		return TEE_R_BAD_PARAMETERS;
	size = lists.n[msg->func] * 16;
	p[0].u.rmem.size = size + lists.odd;
	if (room < size)
		return TEE_R_SHORT_BUFFER;
	if (!size)
		return TEE_R_SUCCESS;
	va = fw_shm_va(fw_world_of(t), p[0].u.rmem.shm_ref, p[0].u.rmem.offs, size);
	if (!va)
		return TEE_R_BAD_PARAMETERS;
	memcpy(va, lists.uuids[msg->func], size);
	return TEE_R_SUCCESS;
}

static int append_name(struct device *dev, void *data)
{
	strcat(data, dev_name(dev));
	strcat(data, ";");
	return 0;
}

static void assert_bus(const char *expected)
{
	char names[1024] = "";

	assert_int_equal(bus_for_each_dev(&tee_bus_type, NULL, names, append_name), 0);
	assert_string_equal(names, expected);
}

static int has_file(void *data, const char *name, const char *text, size_t len)
{
	return !strcmp(name, data);
}

static bool dev_has_file(const char *dev_name, const char *file)
{
	struct device *dev = bus_find_device_by_name(&tee_bus_type, NULL, dev_name);
	int rc;

	assert_non_null(dev);
	device_lock(dev);
	rc = device_for_each_attr(dev, has_file, (void *)file);
	device_unlock(dev);
	put_device(dev);
	return rc;
}

static void scan_done(struct drv *drv)
{
	flush_work(&drv->optee->scan_work);
}

static void test_devices(void **state)
{
	struct drv *drv = *state;
	struct supp supp;

	list_add_uuid(0, uuid_a);
	list_add_uuid(0, uuid_b);
	list_add_uuid(1, uuid_s);
	list_add_uuid(1, uuid_a);
	drv->world.devices = body_devices;
	assert_int_equal(drv_probe(drv), 0);
	assert_bus(DEV_A ";" DEV_B ";");

	/* Once more, with a supplicant; what is known stays what it is. */
	supp_open(drv, &supp);
	assert_bus(DEV_A ";" DEV_B ";" DEV_S ";");
	assert_true(dev_has_file(DEV_S, "need_supplicant"));
	assert_false(dev_has_file(DEV_A, "need_supplicant"));
	assert_true(dev_has_file(DEV_A, "modalias"));

	/* A supplicant that goes takes nothing along, the next one asks for nothing. */
	tee_cdev_release(supp.ctx);
	list_add_uuid(1, uuid_b);
	supp_open(drv, &supp);
	tee_cdev_release(supp.ctx);
	assert_bus(DEV_A ";" DEV_B ";" DEV_S ";");
	drv_remove(drv);
	assert_bus("");
}

static u32 fallback_request(void *data, u32 func, size_t num_params, struct tee_param *param)
{
	return TEE_R_ITEM_NOT_FOUND;
}

/* With a supplicant in the platform there always is one. */
static void test_devices_fallback(void **state)
{
	struct drv *drv = *state;

	list_add_uuid(0, uuid_a);
	list_add_uuid(1, uuid_s);
	drv->world.devices = body_devices;
	drv->fallback.request = fallback_request;
	assert_int_equal(drv_probe(drv), 0);
	assert_bus(DEV_A ";" DEV_S ";");
	drv_remove(drv);
	assert_bus("");
}

/* --- lists that are not right --- */

static uint32_t body_huge(struct fw_thread *t, struct optee_msg_arg *msg)
{
	msg->params[0].u.rmem.size = 1ull << 40;
	return TEE_R_SHORT_BUFFER;
}

/* Needs more when it gets what it needed */
static uint32_t body_grows(struct fw_thread *t, struct optee_msg_arg *msg)
{
	msg->params[0].u.rmem.size += 16;
	return TEE_R_SHORT_BUFFER;
}

static uint32_t body_fails(struct fw_thread *t, struct optee_msg_arg *msg)
{
	return TEE_R_OUT_OF_MEMORY;
}

/* Is content with no room, and tells of more than it got */
static uint32_t body_lies(struct fw_thread *t, struct optee_msg_arg *msg)
{
	uint64_t room = msg->params[0].u.rmem.size;

	msg->params[0].u.rmem.size = room ? 1 << 20 : 16;
	return TEE_R_SUCCESS;
}

static void test_devices_hostile(void **state)
{
	static const fw_body bodies[] = { body_huge, body_grows, body_fails, body_lies };
	struct drv *drv = *state;
	struct supp supp;

	for (size_t i = 0; i < ARRAY_SIZE(bodies); i++) {
		drv->world.devices = bodies[i];
		assert_int_equal(drv_probe(drv), 0);
		assert_bus("");
		/* Asked again when there is cause to */
		list_clear();
		list_add_uuid(0, uuid_a);
		drv->world.devices = body_devices;
		supp_open(drv, &supp);
		assert_bus(bodies[i] == body_lies ? "" : DEV_A ";");
		tee_cdev_release(supp.ctx);
		drv_remove(drv);
	}
}

static void test_devices_odd(void **state)
{
	static const uint8_t nil[16];
	struct drv *drv = *state;

	/* Twice the same, nobody, and half a UUID at the end */
	list_add_uuid(0, uuid_a);
	list_add_uuid(0, uuid_a);
	list_add_uuid(0, nil);
	list_add_uuid(0, uuid_b);
	lists.odd = 8;
	drv->world.devices = body_devices;
	assert_int_equal(drv_probe(drv), 0);
	assert_bus(DEV_A ";" DEV_B ";");
}

/* The scan as its work runs it, in this thread, with each allocation failing */
static void test_devices_faults(void **state)
{
	struct drv *drv = *state;
	struct drv_count before;
	unsigned long n;
	bool hit;

	assert_int_equal(drv_probe(drv), 0);
	before = drv_count(drv);
	list_add_uuid(0, uuid_a);
	list_add_uuid(0, uuid_b);
	drv->world.devices = body_devices;
	for (n = 1, hit = true; hit; n++) {
		drv->optee->scanned = 0;
		kfault_set(n);
		drv->optee->scan_work.func(&drv->optee->scan_work);
		hit = kfault_hit();
		kfault_clear();
		if (!hit)
			assert_bus(DEV_A ";" DEV_B ";");
		optee_scan_end(drv->optee);
		assert_bus("");
		drv_assert_same(before, drv_count(drv));
	}
	/* Context, session, buffer, messages, two devices with their names */
	assert_true(n > 8);
}

/* --- worlds come and go --- */

static void test_restart(void **state)
{
	struct drv *drv = *state;
	struct supp supp;

	list_add_uuid(0, uuid_a);
	list_add_uuid(1, uuid_s);
	drv->world.devices = body_devices;
	assert_int_equal(drv_probe(drv), 0);
	supp_open(drv, &supp);
	assert_bus(DEV_A ";" DEV_S ";");

	/* Dead: so are its services, whether another one comes or not. */
	drv_replace_world(drv);
	scan_done(drv);
	assert_bus("");

	/* Another one, which has others; the supplicant is still there. */
	list_clear();
	list_add_uuid(0, uuid_b);
	list_add_uuid(1, uuid_s);
	assert_int_equal(optee_reset(drv->optee), 0);
	scan_done(drv);
	assert_bus(DEV_B ";" DEV_S ";");

	/* At once, so that nothing was looked at in between. */
	list_clear();
	list_add_uuid(0, uuid_b);
	list_add_uuid(0, uuid_a);
	drv_replace_world(drv);
	assert_int_equal(optee_reset(drv->optee), 0);
	scan_done(drv);
	assert_bus(DEV_B ";" DEV_A ";");
	tee_cdev_release(supp.ctx);
}

/* --- a driver of such a device --- */

static struct {
	struct tee_context *ctx;
	uint32_t session;
	atomic_uint probed;
	atomic_uint removed;
} client;

static int is_optee(struct tee_ioctl_version_data *vers, const void *data)
{
	return vers->impl_id == TEE_IMPL_ID_OPTEE;
}

static int client_probe(struct tee_client_device *tcdev)
{
	struct tee_ioctl_open_session_arg arg = { .clnt_login = TEE_IOCTL_LOGIN_REE_KERNEL };
	int rc;

	client.ctx = tee_client_open_context(NULL, is_optee, NULL, NULL);
	if (IS_ERR(client.ctx))
		return PTR_ERR(client.ctx);
	export_uuid(arg.uuid, &tcdev->id.uuid);
	rc = tee_client_open_session(client.ctx, &arg, NULL);
	if (rc || arg.ret) {
		tee_client_close_context(client.ctx);
		return rc ?: -EIO;
	}
	client.session = arg.session;
	atomic_fetch_add(&client.probed, 1);
	return 0;
}

static void client_remove(struct tee_client_device *tcdev)
{
	struct tee_ioctl_invoke_arg arg = { .session = client.session };

	/* Whether its service lives or not, it gets an answer and may close. */
	if (tee_client_invoke_func(client.ctx, &arg, NULL) ||
	    tee_client_close_session(client.ctx, client.session))
		abort();
	tee_client_close_context(client.ctx);
	atomic_fetch_add(&client.removed, 1);
}

static const struct tee_client_device_id client_ids[] = {
	{ UUID_INIT(0xaaaaaaaa, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0) },
	{},
};

static struct tee_client_driver client_driver = {
	.id_table = client_ids,
	.probe = client_probe,
	.remove = client_remove,
	.driver = { .name = "client" },
};

static void client_assert(unsigned int probed, unsigned int removed)
{
	assert_int_equal(atomic_load(&client.probed), probed);
	assert_int_equal(atomic_load(&client.removed), removed);
}

static void test_client(void **state)
{
	struct drv *drv = *state;
	struct tee_ioctl_invoke_arg arg = {};

	memset(&client, 0, sizeof(client));
	list_add_uuid(0, uuid_a);
	drv->world.devices = body_devices;
	/* The driver is there first. */
	assert_int_equal(tee_client_driver_register(&client_driver), 0);
	assert_int_equal(drv_probe(drv), 0);
	client_assert(1, 0);

	/* It loses its device with the world, and gets that of the next. */
	drv_replace_world(drv);
	scan_done(drv);
	client_assert(1, 1);
	assert_int_equal(optee_reset(drv->optee), 0);
	scan_done(drv);
	client_assert(2, 1);
	arg.session = client.session;
	assert_int_equal(tee_client_invoke_func(client.ctx, &arg, NULL), 0);
	assert_int_equal(arg.ret, TEE_R_SUCCESS);

	/* Its context does not keep the TEE from going: it is told to close it. */
	drv_remove(drv);
	client_assert(2, 2);

	/* The driver comes last, and goes while the device stays. */
	tee_client_driver_unregister(&client_driver);
	assert_int_equal(drv_probe(drv), 0);
	assert_int_equal(tee_client_driver_register(&client_driver), 0);
	client_assert(3, 2);
	tee_client_driver_unregister(&client_driver);
	client_assert(3, 3);
	assert_bus(DEV_A ";");
}

/* --- system sessions --- */

#define N_FUNCS 8

static struct {
	atomic_uint inside;		/* calls that have come in, ever */
	atomic_bool go[N_FUNCS];	/* a call of that function may end */
} hold;

static uint32_t body_hold(struct fw_thread *t, struct optee_msg_arg *msg)
{
	struct smc_regs regs = {};

	atomic_fetch_add(&hold.inside, 1);
	while (!atomic_load(&hold.go[msg->func])) {
		if (!fw_rpc_raw(t, &regs, OPTEE_SMC_RPC_FUNC_FOREIGN_INTR))
			return 0;
		usleep(500);
	}
	return TEE_R_SUCCESS;
}

static struct tee_context *open_client(uint32_t *ret_session)
{
	struct tee_context *ctx = tee_client_open_context(NULL, is_optee, NULL, NULL);
	struct tee_ioctl_open_session_arg arg = { .clnt_login = TEE_IOCTL_LOGIN_REE_KERNEL };

	assert_false(IS_ERR(ctx));
	assert_int_equal(tee_client_open_session(ctx, &arg, NULL), 0);
	assert_int_equal(arg.ret, 0);
	*ret_session = arg.session;
	return ctx;
}

static void job_start(struct drv_job *job, struct drv *drv, struct tee_context *ctx,
		      uint32_t session, uint32_t func)
{
	struct drv as = { .ctx = ctx, .session = session };

	drv_job_start(job, &as, func);
	job->drv = drv;
}

static void hold_start(struct drv *drv)
{
	memset(&hold, 0, sizeof(hold));
	drv->world.invoke = body_hold;
}

static int setup_three_threads(void **state)
{
	struct drv *drv;

	if (drv_setup_world(state))
		return -1;
	list_clear();
	drv = *state;
	drv->world.config.n_threads = 3;
	drv->world.config.reported_threads = 3;
	return drv_probe(drv);
}

static void test_system_busy(void **state)
{
	struct drv *drv = *state;
	struct tee_ioctl_invoke_arg arg = { .func = 7 };
	struct tee_context *ctxs[2];
	struct tee_context *sys_ctx;
	struct drv_job jobs[4];
	uint32_t sessions[2];
	uint32_t sys;

	for (int i = 0; i < 2; i++)
		ctxs[i] = open_client(&sessions[i]);
	sys_ctx = open_client(&sys);
	assert_int_equal(tee_client_system_session(sys_ctx, sys + 100), -EINVAL);
	/* Sessions of another context are none of this one's. */
	assert_int_equal(tee_client_system_session(sys_ctx, sessions[0]), -EINVAL);
	assert_int_equal(tee_client_system_session(sys_ctx, sys), 0);
	assert_int_equal(tee_client_system_session(sys_ctx, sys), 0);

	/* Two clients with two calls each: all the threads that clients may have */
	hold_start(drv);
	for (int i = 0; i < 4; i++)
		job_start(&jobs[i], drv, ctxs[i % 2], sessions[i % 2], i);
	drv_wait_for(&hold.inside, 2);
	usleep(A_MOMENT_US);
	assert_int_equal(atomic_load(&hold.inside), 2);

	atomic_store(&hold.go[7], true);
	arg.session = sys;
	for (int i = 0; i < 3; i++) {
		assert_int_equal(tee_client_invoke_func(sys_ctx, &arg, NULL), 0);
		assert_int_equal(arg.ret, TEE_R_SUCCESS);
	}
	assert_int_equal(atomic_load(&hold.inside), 5);

	/* The mark ends with the session, and that with its context. */
	tee_client_close_context(sys_ctx);
	drv_wait_for(&hold.inside, 6);
	for (int i = 0; i < 4; i++)
		atomic_store(&hold.go[i], true);
	for (int i = 0; i < 4; i++)
		assert_int_equal(drv_job_join(&jobs[i]), 0);
	for (int i = 0; i < 2; i++)
		tee_client_close_context(ctxs[i]);
	assert_int_equal(drv->optee->cq.sys_thread_req_count, 0);
	assert_int_equal(drv->optee->cq.free_thread_count, 3);
}

/*
 * All threads are taken, one by a system session. Of a client and a second call of the
 * system session, which both wait, the thread that becomes free is the second's, though
 * the client came first: it may not have it, and whoever wakes it wakes nobody else.
 */
static void test_system_first(void **state)
{
	struct drv *drv = *state;
	struct drv_job first, client_job, waiting, second;
	struct tee_context *sys_ctx;
	uint32_t sys;

	drv->optee->cq.total_thread_count = 2;
	drv->optee->cq.free_thread_count = 2;
	sys_ctx = open_client(&sys);
	hold_start(drv);
	job_start(&client_job, drv, drv->ctx, drv->session, 0);
	drv_wait_for(&hold.inside, 1);
	assert_int_equal(tee_client_system_session(sys_ctx, sys), 0);
	job_start(&first, drv, sys_ctx, sys, 1);
	drv_wait_for(&hold.inside, 2);
	job_start(&waiting, drv, drv->ctx, drv->session, 2);
	usleep(A_MOMENT_US);
	job_start(&second, drv, sys_ctx, sys, 3);
	usleep(A_MOMENT_US);
	assert_int_equal(atomic_load(&hold.inside), 2);

	atomic_store(&hold.go[3], true);
	atomic_store(&hold.go[0], true);
	assert_int_equal(drv_job_join(&client_job), 0);
	assert_int_equal(drv_job_join(&second), 0);
	assert_int_equal(atomic_load(&hold.inside), 3);

	atomic_store(&hold.go[2], true);
	atomic_store(&hold.go[1], true);
	assert_int_equal(drv_job_join(&first), 0);
	assert_int_equal(drv_job_join(&waiting), 0);
	tee_client_close_context(sys_ctx);
}

/* What is kept for a system session is not kept for a dead one. */
static void test_system_restart(void **state)
{
	struct drv *drv = *state;
	struct tee_ioctl_invoke_arg arg = {};
	struct tee_context *ctx;
	uint32_t sys, other, next;

	ctx = open_client(&sys);
	assert_int_equal(tee_client_system_session(ctx, sys), 0);
	drv_replace_world(drv);
	drv->world.config.n_threads = 1;
	drv->world.config.reported_threads = 1;
	assert_int_equal(optee_reset(drv->optee), 0);
	scan_done(drv);

	/* The one thread there is would else be nobody's. */
	assert_int_equal(drv_open_session(drv->ctx, NULL, 0, &other, NULL), 0);
	assert_int_equal(drv_invoke_session(drv->ctx, other, 0, NULL, 0, NULL), 0);
	/* The mark of the dead is as it was. */
	assert_int_equal(tee_client_system_session(ctx, sys), 0);
	assert_int_equal(optee_system_session(drv->ctx, drv->session), -EINVAL);
	assert_int_equal(tee_client_system_session(ctx, other), -EINVAL);

	drv_replace_world(drv);
	drv->world.config.n_threads = 2;
	drv->world.config.reported_threads = 2;
	assert_int_equal(optee_reset(drv->optee), 0);
	scan_done(drv);
	assert_int_equal(optee_system_session(drv->ctx, drv->session), -EINVAL);
	assert_int_equal(drv_open_session(ctx, NULL, 0, &next, NULL), 0);
	assert_int_equal(tee_client_system_session(ctx, next), 0);
	assert_int_equal(drv->optee->cq.sys_thread_req_count, 1);
	/* The end of the dead one does not end the mark of the living. */
	assert_int_equal(tee_client_close_session(ctx, sys), 0);
	assert_int_equal(drv->optee->cq.sys_thread_req_count, 1);
	arg.session = next;
	assert_int_equal(tee_client_invoke_func(ctx, &arg, NULL), 0);
	assert_int_equal(arg.ret, TEE_R_SUCCESS);
	tee_client_close_context(ctx);
	assert_int_equal(drv->optee->cq.sys_thread_req_count, 0);
}

/* Nobody to ask, and a client that does not wait for anybody to come */
static uint32_t body_ask(struct fw_thread *t, struct optee_msg_arg *msg)
{
	struct optee_msg_param param = fw_value(OPTEE_MSG_ATTR_TYPE_VALUE_INOUT, 1, 2, 3);

	return fw_rpc_cmd_n(t, 1000, &param, 1);
}

static void test_nowait(void **state)
{
	struct drv *drv = *state;
	struct tee_ioctl_invoke_arg arg = {};
	struct tee_context *ctx = open_client(&arg.session);

	drv->world.invoke = body_ask;
	assert_int_equal(tee_client_invoke_func(ctx, &arg, NULL), 0);
	assert_int_equal(arg.ret, TEE_R_COMMUNICATION);
	tee_client_close_context(ctx);
}

static int setup_world(void **state)
{
	list_clear();
	return drv_setup_world(state);
}

static int setup(void **state)
{
	list_clear();
	return drv_setup(state);
}

int main(void)
{
	drv_add("optee bus: devices", test_devices, setup_world, NULL);
	drv_add("optee bus: devices, supplicant in the platform", test_devices_fallback,
		setup_world, NULL);
	drv_add("optee bus: hostile lists", test_devices_hostile, setup_world, NULL);
	drv_add("optee bus: odd lists", test_devices_odd, setup_world, NULL);
	drv_add("optee bus: every allocation of a scan", test_devices_faults, setup_world, NULL);
	drv_add("optee bus: worlds come and go", test_restart, setup_world, NULL);
	drv_add("optee bus: a client", test_client, setup_world, NULL);
	drv_add("optee N160 system session, all threads busy", test_system_busy,
		setup_three_threads, NULL);
	drv_add("optee N160 system session goes first", test_system_first, setup, NULL);
	drv_add("optee N160 system session of a dead world", test_system_restart, setup, NULL);
	drv_add("optee N126 client in the kernel without a supplicant", test_nowait, setup, NULL);
	return drv_run("optee bus");
}
