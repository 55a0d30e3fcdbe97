/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * /dev/qtee: invocations, and descriptors as capabilities. Defects of the earlier
 * driver (QTEE facts, section 8) carry their id.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include <cmocka.h>

#include "base/kernel/kmem.h"
#include "platform_test.h"
#include "qtee_rfc_fixture.h"

#define TEE_ID 100u

/* As many objects of the world as are asked for, and 4 bytes into each buffer */
static int32_t body_outputs(struct qw_call *call)
{
	uint32_t counts = call->msg->counts;

	for (unsigned int i = 0; i < QTEE_MSG_NUM_OB(counts); i++)
		qw_ob(call, i, "good", 4);
	for (unsigned int i = 0; i < QTEE_MSG_NUM_OO(counts); i++)
		qw_oo(call, i, qw_give(call->world, TEE_ID + i));
	return 0;
}

/* The first input object, as output */
static int32_t body_echo_object(struct qw_call *call)
{
	uint32_t id = qw_io(call, 0);

	qw_oo(call, 0, id & QTEE_MSG_OBJECT_NS_BIT || !id ? id : qw_give(call->world, id));
	return 0;
}

static int32_t body_fails(struct qw_call *call)
{
	return 0x0afafafa;
}

static int get_object(struct rx *rx)
{
	struct qcom_tee_param params[1] = { rp_oo() };

	rx->qx->world.body = body_outputs;
	rx_invoke_ok(rx->root, 2, params, 1);
	assert_int_equal(params[0].attr, QCOM_TEE_OBJECT);
	assert_int_equal(params[0].object.host_id, QCOM_TEE_OBJECT_SECURE);
	return (int)params[0].object.id;
}

static void test_object(void **state)
{
	struct rx *rx = rx_of(state);
	char room[16] = "untouched";
	struct qcom_tee_param params[2] = { rp_in("abc", 3), rp_out(room, 8) };
	int fd = get_object(rx), copy;

	assert_int_equal(qw_n_refs(&rx->qx->world), 1);
	rx_invoke_ok(fd, 7, params, 2);
	assert_int_equal(params[1].buffer.len, 4);
	assert_memory_equal(room, "gooduched", 10);

	/* The last of two descriptors gives the object back, and not the first. */
	copy = platform_files_send(fd, 0);
	assert_int_equal(platform_files_close(fd), 0);
	qx_settle(rx->qx);
	assert_int_equal(qw_n_refs(&rx->qx->world), 1);
	rx_invoke_ok(copy, 7, NULL, 0);
	assert_int_equal(platform_files_close(copy), 0);
	qx_settle(rx->qx);
	assert_int_equal(qw_n_refs(&rx->qx->world), 0);
	assert_int_equal(rx_invoke(copy, 7, NULL, 0, NULL), -EBADF);
}

static void test_passed_on(void **state)
{
	struct rx *rx = rx_of(state);
	int fd = get_object(rx), theirs = platform_files_send(fd, 1);

	assert_int_equal(platform_files_close(fd), 0);
	/* It is theirs alone: nothing else comes along. */
	assert_int_equal(rx_invoke(theirs, 1, NULL, 0, NULL), -EBADF);
	platform_files_set_process(1);
	assert_int_equal(rx_invoke(rx->root, 1, NULL, 0, NULL), -EBADF);
	rx_invoke_ok(theirs, 1, NULL, 0);
	assert_int_equal(platform_files_close(theirs), 0);
	platform_files_set_process(0);
}

static void test_result(void **state)
{
	struct rx *rx = rx_of(state);
	struct qcom_tee_param params[2] = { rp_oo(), rp_out(NULL, 0) }, before[2];
	size_t files = platform_files_count();
	int32_t result;

	memcpy(before, params, sizeof(params));
	rx->qx->world.body = body_fails;
	assert_int_equal(rx_invoke(rx->root, 1, params, 2, &result), 0);
	assert_int_equal(result, 0x0afafafa);
	assert_memory_equal(params, before, sizeof(params));
	assert_int_equal(platform_files_count(), files);
}

/* --- what is refused --- */

struct bad_row {
	const char *name;
	struct qcom_tee_param param;
	uint32_t n;		/* so many of it */
	uint32_t op;
	int rc;
	bool object;		/* on an object, not the root */
};

#define BAD_HOST(h, i) { .attr = 0x81, .direction = 1, .object = { i, h } }

static const struct bad_row bad_rows[] = {
	{ "qtee D-62 rfc, attr 0x55", { .attr = 0x55 }, 1, 1, -EINVAL },
	{ "qtee D-62 rfc, attr 0x55 as input", { .attr = 0x55, .direction = 1 }, 1, 1, -EINVAL },
	{ "qtee D-62 rfc, an object that is no descriptor", BAD_HOST(-1, 77), 1, 1, -EBADF },
	{ "qtee D-62 rfc, memory that is no descriptor", BAD_HOST(-2, 1999), 1, 1, -EBADF },
	{ "qtee D-62 rfc, a server that is no descriptor", BAD_HOST(77, 1), 1, 1, -EBADF },
	{ "qtee D-78 rfc, the low half of an id", BAD_HOST(-1, 0x100000000ull + 2001), 1, 1,
	  -EBADF },
	{ "qtee D-78 rfc, the low half of memory", BAD_HOST(-2, 0x100000000ull), 1, 1, -EBADF },
	{ "qtee D-78 rfc, host -5", BAD_HOST(-5, 0), 1, 1, -EINVAL },
	{ "qtee D-78 rfc, host -2147483648", BAD_HOST(INT32_MIN, 0), 1, 1, -EINVAL },
	{ "the root as an argument", BAD_HOST(-1, 2000), 1, 1, -EINVAL },
	{ "the root as memory", BAD_HOST(-2, 2000), 1, 1, -EINVAL },
	{ "the root as a server", BAD_HOST(2000, 0), 1, 1, -EINVAL },
	{ "qtee D-16 rfc, 16 of a kind", { .attr = 0, .direction = 1 }, 16, 1, -EINVAL },
	{ "qtee D-57 rfc, 61 parameters", { .attr = 0 }, 61, 1, -EINVAL },
	{ "qtee D-57 rfc, 65 parameters", { .attr = 0 }, 65, 1, -EINVAL },
	{ "qtee D-59 rfc, RELEASE", { 0 }, 0, 0xffff, -EINVAL, true },
	{ "qtee D-59 rfc, RETAIN", { 0 }, 0, 0xfffe, -EINVAL, true },
	{ "qtee D-59 rfc, bits of the transport", { 0 }, 0, 0x10001, -EINVAL, true },
	{ "qtee D-59 rfc, op 4 of the root", { 0 }, 0, 4, -EINVAL },
	{ "qtee D-59 rfc, op 8 of the root", { 0 }, 0, 8, -EINVAL },
	{ "qtee D-59 rfc, op 9 of the root", { 0 }, 0, 9, -EINVAL },
	{ "qtee D-59 rfc, no credentials", { .attr = 0x80, .direction = 5 }, 1, 5, -EINVAL },
	{ "qtee D-17 rfc, a length that wraps", { .attr = 0, .direction = 1,
	  .buffer = { 0, 0xfffffffffffffff8ull } }, 1, 1, -EINVAL },
	{ "qtee D-14 rfc, input that is not mapped", { .attr = 0, .direction = 1,
	  .buffer = { 4096, 8 } }, 1, 1, -EFAULT },
};

static void test_bad(void **state)
{
	struct rx *rx = rx_of(state);
	const struct bad_row *row = rx->qx->row;
	struct qcom_tee_param params[RX_MAX_PARAMS];
	int object = get_object(rx);
	size_t files = platform_files_count();
	unsigned int n_invoke = rx->qx->world.n_invoke;

	for (uint32_t i = 0; i < row->n; i++)
		params[i] = row->param;
	assert_int_equal(rx_invoke(row->object ? object : rx->root, row->op, params, row->n, NULL),
			 row->rc);
	assert_int_equal(rx->qx->world.n_invoke, n_invoke);
	assert_int_equal(platform_files_count(), files);
	assert_int_equal(platform_files_close(object), 0);
}

static void test_commands(void **state)
{
	struct rx *rx = rx_of(state);
	struct qcom_tee_object_invoke_arg arg = { 0 };
	int object = get_object(rx), server = platform_files_open("qtee-ree");
	const int fds[3] = { rx->root, object, server };

	for (int i = 0; i < 3; i++) {
		assert_int_equal(rx_ioctl(fds[i], 0xc0105103, &arg, 16), -ENOTTY);
		assert_int_equal(rx_ioctl(fds[i], 0xc0185100, &arg, 16), -EINVAL);
		assert_int_equal(rx_ioctl(fds[i], 0x5401, &arg, 16), -EINVAL);
		assert_int_equal(platform_files_ioctl(fds[i], i < 2 ? 0xc0105100 : 0xc0105101,
						      4096), -EFAULT);
		assert_int_equal(platform_files_ioctl(fds[i], i < 2 ? 0xc0105101 : 0xc0105100,
						      (unsigned long)&arg), -ENOTTY);
	}
	assert_int_equal(platform_files_close(server), 0);
	assert_int_equal(platform_files_close(object), 0);
}

static void test_num_params(void **state)
{
	struct rx *rx = rx_of(state);
	struct qcom_tee_object_invoke_arg arg = { .op = 1, .num_params = UINT32_MAX };

	assert_int_equal(rx_ioctl(rx->root, QCOM_TEE_IOCTL_INVOKE, &arg, UINT64_MAX), -EINVAL);
}

static void test_buf_len(void **state)
{
	struct rx *rx = rx_of(state);
	struct {
		struct qcom_tee_object_invoke_arg arg;
		struct qcom_tee_param params[2];
		uint64_t canary[4];
	} buf = { .arg = { .op = 1, .num_params = 2 }, .params = { rp_oo(), rp_oo() } };
	const uint64_t exact = sizeof(buf.arg) + sizeof(buf.params);

	memset(buf.canary, 0xa5, sizeof(buf.canary));
	rx->qx->world.body = body_outputs;
	for (uint64_t len = 0; len < exact; len++)
		assert_int_equal(rx_ioctl(rx->root, QCOM_TEE_IOCTL_INVOKE, &buf, len), -EINVAL);
	assert_int_equal(rx_ioctl(rx->root, QCOM_TEE_IOCTL_INVOKE, &buf, exact), 0);
	for (size_t i = 0; i < sizeof(buf.canary); i++)
		assert_int_equal(((uint8_t *)buf.canary)[i], 0xa5);
	for (int i = 0; i < 2; i++)
		assert_int_equal(platform_files_close((int)buf.params[i].object.id), 0);
}

/* --- outputs that cannot be delivered --- */

static void test_no_descriptor(void **state)
{
	struct rx *rx = rx_of(state);
	struct qcom_tee_param params[3] = { rp_oo(), rp_oo(), rp_oo() };
	size_t files = platform_files_count();
	int32_t result;

	rx->qx->world.body = body_outputs;
	for (platform_files.add_rc = -EMFILE; ; platform_files.add_rc = -ENOMEM) {
		for (unsigned int left = 0; left < 3; left++) {
			long want = platform_files.add_rc == -EMFILE ? -EMFILE : 0;

			platform_files.add_left = left;
			assert_int_equal(rx_invoke(rx->root, 1, params, 3, &result), want);
			if (!want)
				assert_int_equal(result, QTEE_ERROR_UNAVAIL);
			assert_int_equal(platform_files_count(), files);
			qx_settle(rx->qx);
			assert_int_equal(qw_n_refs(&rx->qx->world), 0);
			for (int i = 0; i < 3; i++)
				params[i] = rp_oo();
		}
		if (platform_files.add_rc == -ENOMEM)
			break;
	}
	platform_files.add_rc = 0;
}

static void test_read_only_params(void **state)
{
	struct rx *rx = rx_of(state);
	struct qcom_tee_object_invoke_arg *arg;
	struct qcom_tee_param param = rp_oo();
	size_t files = platform_files_count();

	arg = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	assert_true(arg != MAP_FAILED);
	*arg = (struct qcom_tee_object_invoke_arg){ .op = 1, .num_params = 1 };
	memcpy(arg + 1, &param, sizeof(param));
	assert_int_equal(mprotect(arg, 4096, PROT_READ), 0);
	rx->qx->world.body = body_outputs;
	assert_int_equal(rx_ioctl(rx->root, QCOM_TEE_IOCTL_INVOKE, arg, 4096), -EFAULT);
	assert_int_equal(platform_files_count(), files);
	qx_settle(rx->qx);
	assert_int_equal(qw_n_refs(&rx->qx->world), 0);
	munmap(arg, 4096);
}

/* Allocation number 0, 1, 2... fails; in the end none does. */
static void test_no_memory(void **state)
{
	struct rx *rx = rx_of(state);
	int object = get_object(rx), server = platform_files_open("qtee-ree");
	size_t files = platform_files_count();
	bool whole = false;

	rx->qx->world.body = body_echo_object;
	for (unsigned long n = 1; !whole && n < 200; n++) {
		struct qcom_tee_param params[3] = { rp_obj(QCOM_TEE_OBJECT_SECURE, object),
						    rp_obj(server, 5), rp_oo() };
		int32_t result = 0;
		long rc;

		kfault_set(n);
		rc = rx_invoke(rx->root, 1, params, 3, &result);
		whole = !kfault_hit();
		kfault_clear();
		assert_true(rc == 0 || rc == -ENOMEM);
		if (rc == 0 && result == 0)
			assert_int_equal(platform_files_close((int)params[2].object.id), 0);
		assert_int_equal(platform_files_count(), files);
		if (rc == 0)
			rx_expect_notice(server, 5);
		rx_expect_silence(rx->qx, server);
	}
	assert_true(whole);
	assert_int_equal(platform_files_close(server), 0);
	assert_int_equal(platform_files_close(object), 0);
	qx_settle(rx->qx);
}

/* --- whose objects come back --- */

static void test_own_object(void **state)
{
	struct rx *rx = rx_of(state);
	int one = platform_files_open("qtee-ree"), two = platform_files_open("qtee-ree");
	struct qcom_tee_param params[2] = { rp_obj(two, 0xfffffffffffull), rp_oo() };

	rx->qx->world.body = body_echo_object;
	rx_invoke_ok(rx->root, 1, params, 2);
	assert_int_equal(params[1].attr, QCOM_TEE_OBJECT);
	assert_int_equal(params[1].object.host_id, two);
	assert_int_equal(params[1].object.id, 0xfffffffffffull);
	rx_expect_notice(two, 0xfffffffffffull);
	rx_expect_silence(rx->qx, one);
	assert_int_equal(platform_files_close(one), 0);
	assert_int_equal(platform_files_close(two), 0);
}

static _Atomic uint32_t kept_id;

static int32_t body_keep(struct qw_call *call)
{
	kept_id = qw_io(call, 0);
	return 0;
}

static int32_t body_give_kept(struct qw_call *call)
{
	qw_oo(call, 0, qw_give(call->world, TEE_ID));
	qw_oo(call, 1, kept_id);
	return 0;
}

static int32_t body_release_kept(struct qw_call *call)
{
	uint32_t id = kept_id;

	qw_async_release(call, &id, 1);
	return 0;
}

static void test_others_object(void **state)
{
	struct rx *rx = rx_of(state);
	int server = platform_files_open("qtee-ree");
	struct qcom_tee_param export[1] = { rp_obj(server, 9) };
	struct qcom_tee_param params[2] = { rp_oo(), rp_oo() };
	size_t files;
	int32_t result;
	int root, theirs;

	rx->qx->world.keep = true;
	rx->qx->world.body = body_keep;
	rx_invoke_ok(rx->root, 1, export, 1);
	rx->qx->world.body = body_give_kept;

	root = platform_files_send(rx->root, 1);
	theirs = platform_files_send(server, 1);
	files = platform_files_count();
	platform_files_set_process(1);
	/* Process 1 has the server under another number than its exporter. */
	assert_int_equal(rx_invoke(root, 1, params, 2, &result), 0);
	assert_int_equal(result, QTEE_ERROR_UNAVAIL);
	assert_int_equal(platform_files_count(), files);
	qx_settle(rx->qx);
	assert_int_equal(qw_n_refs(&rx->qx->world), 0);

	platform_files_set_process(0);
	params[0] = params[1] = rp_oo();
	rx_invoke_ok(rx->root, 1, params, 2);
	assert_int_equal(params[1].object.host_id, server);
	assert_int_equal(params[1].object.id, 9);
	assert_int_equal(platform_files_close((int)params[0].object.id), 0);

	/* Closed in process 0: not even the exporter has it any more. */
	assert_int_equal(platform_files_close(server), 0);
	params[0] = params[1] = rp_oo();
	assert_int_equal(rx_invoke(rx->root, 1, params, 2, &result), 0);
	assert_int_equal(result, QTEE_ERROR_UNAVAIL);

	rx->qx->world.keep = false;
	rx->qx->world.body = body_release_kept;
	rx_invoke_ok(rx->root, 1, NULL, 0);
	platform_files_set_process(1);
	rx_expect_notice(theirs, 9);
	assert_int_equal(platform_files_close(theirs), 0);
	assert_int_equal(platform_files_close(root), 0);
	platform_files_set_process(0);
}

static void test_failed_call_is_silent(void **state)
{
	struct rx *rx = rx_of(state);
	int server = platform_files_open("qtee-ree");
	struct qcom_tee_param params[2] = { rp_obj(server, 9), rp_obj(-1, 1) };

	assert_int_equal(rx_invoke(rx->root, 1, params, 2, NULL), -EBADF);
	rx_expect_silence(rx->qx, server);
	assert_int_equal(qx_stats(rx->qx).ids, 0);

	/* A result is no failure: 1000 objects, 1000 notices */
	rx->qx->world.body = body_fails;
	for (int i = 0; i < 1000; i++) {
		params[0] = rp_obj(server, 9);
		assert_int_equal(rx_invoke(rx->root, 1, params, 1, NULL), 0);
		rx_expect_notice(server, 9);
	}
	rx_expect_silence(rx->qx, server);
	assert_int_equal(platform_files_close(server), 0);
}

/* The server may be another process: nobody else would tell it. */
static void test_killed_client_is_told(void **state)
{
	struct rx *rx = rx_of(state);
	int server = platform_files_open("qtee-ree");
	struct qcom_tee_param param = rp_obj(server, 9);
	struct qcom_tee_object_invoke_arg *arg;

	arg = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	assert_true(arg != MAP_FAILED);
	*arg = (struct qcom_tee_object_invoke_arg){ .op = 1, .num_params = 1 };
	memcpy(arg + 1, &param, sizeof(param));
	assert_int_equal(mprotect(arg, 4096, PROT_READ), 0);

	/* Alive, it sees the error, and the server is left alone. */
	assert_int_equal(rx_ioctl(rx->root, QCOM_TEE_IOCTL_INVOKE, arg, 4096), -EFAULT);
	rx_expect_silence(rx->qx, server);
	rx->qx->task.killed = true;
	assert_int_equal(rx_ioctl(rx->root, QCOM_TEE_IOCTL_INVOKE, arg, 4096), -EFAULT);
	rx->qx->task.killed = false;
	rx_expect_notice(server, 9);
	rx_expect_silence(rx->qx, server);
	munmap(arg, 4096);
	assert_int_equal(platform_files_close(server), 0);
}

/* --- memory --- */

static void test_memory(void **state)
{
	struct rx *rx = rx_of(state);
	int id, fd = qx_alloc(rx->qx->ctx, 4096, &id);
	struct qcom_tee_param params[2] = { rp_obj(QCOM_TEE_MEMORY_OBJECT, fd), rp_oo() };
	struct tee_shm *shm = platform_test_fd_shm(fd);

	rx->qx->world.body = body_echo_object;
	rx_invoke_ok(rx->root, 1, params, 2);
	assert_int_equal(params[1].attr, QCOM_TEE_OBJECT);
	assert_int_equal(params[1].object.host_id, QCOM_TEE_MEMORY_OBJECT);
	assert_ptr_equal(platform_files_shm((int)params[1].object.id), shm);

	/* The memory lives in the descriptor that came back, and works as well. */
	platform_test_fd_put(fd);
	params[0] = rp_obj(QCOM_TEE_MEMORY_OBJECT, params[1].object.id);
	fd = (int)params[1].object.id;
	params[1] = rp_oo();
	rx_invoke_ok(rx->root, 1, params, 2);
	assert_int_equal(platform_files_close(fd), 0);
	assert_int_equal(platform_files_close((int)params[1].object.id), 0);
}

static void test_memory_read_only(void **state)
{
	struct rx *rx = rx_of(state);
	int id, fd = qx_alloc(rx->qx->ctx, 4096, &id);
	struct qcom_tee_param params[1] = { rp_obj(QCOM_TEE_MEMORY_OBJECT, fd) };

	platform_files.read_only = true;
	assert_int_equal(rx_invoke(rx->root, 1, params, 1, NULL), -EACCES);
	platform_test_fd_put(fd);
}

static int32_t body_map_twice(struct qw_call *call)
{
	struct qtee_msg_mem_map map[2];

	for (unsigned int i = 0; i < 2; i++) {
		struct qw_cb cb = {
			.cxt = QTEE_MSG_OBJECT_PRIMORDIAL,
			.op = QTEE_PRIMORDIAL_OP_MAP_REGION,
			.n_ob = 1, .n_io = 1, .n_oo = 1,
			.ob = { &map[i] }, .ob_size = { sizeof(map[i]) },
			.io = { qw_io(call, i) },
		};

		if (!qw_callback(call, &cb))
			return QW_DIED;
		if (cb.result || map[i].perms != 6)
			return QTEE_ERROR;
		qw_async_release(call, &cb.oo[0], 1);
	}
	return map[0].paddr == map[1].paddr && map[0].len == 4096 ? 0 : QTEE_ERROR;
}

static void test_memory_twice(void **state)
{
	struct rx *rx = rx_of(state);
	int id, fd = qx_alloc(rx->qx->ctx, 4096, &id);
	struct qcom_tee_param params[2] = { rp_obj(QCOM_TEE_MEMORY_OBJECT, fd),
					    rp_obj(QCOM_TEE_MEMORY_OBJECT, fd) };

	rx->qx->world.body = body_map_twice;
	rx_invoke_ok(rx->root, 1, params, 2);
	assert_int_equal(qx_stats(rx->qx).ids, 0);
	platform_test_fd_put(fd);
}

/* --- the device --- */

static void test_second_device(void **state)
{
	struct rx *rx = rx_of(state);
	struct qw_world world;
	struct qcomtee_platform_data pdata = { .conduit = &world.conduit, .rfc = true };
	struct qcomtee *second;
	int object = get_object(rx);
	struct qcom_tee_param params[1] = { rp_obj(QCOM_TEE_OBJECT_SECURE, object) };
	int id, mem = qx_alloc(rx->qx->ctx, 4096, &id), root;

	qw_init(&world);
	second = qcomtee_probe(&pdata);
	assert_int_equal((long)second, -EEXIST);

	/* Move the nodes over: what was opened before stays that of the first. */
	qcomtee_rfc_unregister(rx->qx->q);
	second = qcomtee_probe(&pdata);
	assert_true((long)second > 0 || (long)second < -4095);
	root = platform_files_open("qtee");
	rx_invoke_ok(object, 1, NULL, 0);
	assert_int_equal(rx_invoke(root, 1, params, 1, NULL), -EINVAL);
	params[0] = rp_obj(QCOM_TEE_MEMORY_OBJECT, mem);
	assert_int_equal(rx_invoke(root, 1, params, 1, NULL), -EINVAL);
	assert_int_equal(platform_files_close(root), 0);
	qcomtee_remove(second);
	qw_fini(&world);
	platform_test_fd_put(mem);
	assert_int_equal(platform_files_close(object), 0);
}

static void test_no_node(void **state)
{
	struct qx *qx = *state;

	platform_files_reset();
	platform_files.publish_rc = -ENOSPC;
	qx->pdata.rfc = true;
	assert_int_equal(qx_probe(qx), -ENOSPC);
	platform_files.publish_rc = 0;
	assert_int_equal(platform_files_count(), 0);
}

static void test_dead_world(void **state)
{
	struct rx *rx = rx_of(state);
	int object = get_object(rx);
	int32_t result;

	qx_replace_world(rx->qx);
	assert_int_equal(qcomtee_reset(rx->qx->q), 0);
	assert_int_equal(rx_invoke(object, 1, NULL, 0, &result), 0);
	assert_int_equal(result, QTEE_ERROR_DEFUNCT);
	rx_invoke_ok(rx->root, 1, NULL, 0);
	assert_int_equal(platform_files_close(object), 0);
}

int main(void)
{
	QX_ADD_ROWS(bad_rows, test_bad, rx_setup);
	qx_add("an object is released with its last descriptor", test_object, rx_setup, NULL);
	qx_add("an object that was passed on, and nothing else", test_passed_on, rx_setup, NULL);
	qx_add("qtee D-71 rfc, a result that no errno can be", test_result, rx_setup, NULL);
	qx_add("unknown commands", test_commands, rx_setup, NULL);
	qx_add("qtee D-56, num_params 0xffffffff", test_num_params, rx_setup, NULL);
	qx_add("qtee D-58 rfc, a buffer that is too short", test_buf_len, rx_setup, NULL);
	qx_add("qtee D-54, no descriptor is left", test_no_descriptor, rx_setup, NULL);
	qx_add("qtee D-55 rfc, parameters that cannot be written", test_read_only_params, rx_setup,
	       NULL);
	qx_add("qtee D-12 rfc, without memory at any point", test_no_memory, rx_setup, NULL);
	qx_add("qtee D-52, the host of an object that comes back", test_own_object, rx_setup,
	       NULL);
	qx_add("qtee D-79 rfc, the object of another process", test_others_object, rx_setup, NULL);
	qx_add("qtee D-60 rfc, D-61: notices after calls, none after failures",
	       test_failed_call_is_silent, rx_setup, NULL);
	qx_add("a client that is killed while its results are written",
	       test_killed_client_is_told, rx_setup, NULL);
	qx_add("memory comes back as a descriptor of it", test_memory, rx_setup, NULL);
	qx_add("qtee D-44, memory that is open for reading only", test_memory_read_only, rx_setup,
	       NULL);
	qx_add("qtee D-49 rfc, memory exported and mapped twice", test_memory_twice, rx_setup,
	       NULL);
	qx_add("qtee D-9 rfc, two devices", test_second_device, rx_setup, NULL);
	qx_add("nodes that cannot be made", test_no_node, qx_setup_world, NULL);
	qx_add("objects of a QTEE that is gone", test_dead_world, rx_setup, NULL);
	return qx_run("qtee rfc");
}
