/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The ioctls of the TEE core, from the driver's side: what a driver gets to see, and
 * what becomes of what it answers. What clients see of it is in tests/rows.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <linux/err.h>
#include <linux/mm.h>

#include "core_fixture.h"
#include "normal/platform.h"
#include "normal/tee/tee_cdev.h"
#include "platform_test.h"

#define KERNEL_HALF 0xffff800000000000ull
#define NOT_SUPPORTED (-524)

/* Which device of the fake TEE a row is about */
enum device { CLIENT, PRIV };

static struct tee_context *open_row_device(struct core *core, enum device device)
{
	struct tee_device *teedev = device == PRIV ? core->tee.priv : core->tee.client;
	struct tee_context *ctx = tee_cdev_open(teedev);

	assert_false(IS_ERR(ctx));
	return ctx;
}

/* --- command words --- */

struct word_row {
	const char *name;
	unsigned int cmd;
};

static const struct word_row word_rows[] = {
	{ "core number 10 as RSTMEM_ALLOC", 0xC018A40A },
};

static void test_word(void **state)
{
	struct core *core = *state;
	const struct word_row *row = core->row;

	assert_int_equal(core_ioctl(core->ctx, row->cmd, core->page), -EINVAL);
	assert_int_equal(core_ioctl(core->ctx, row->cmd, NULL), -EINVAL);
}

/* --- lengths --- */

struct length_row {
	const char *name;
	enum device device;
	unsigned int cmd;
	uint64_t buf_len;
	uint32_t num_params;
	long expect;
};

static const struct length_row length_rows[] = {
	{ "core OPEN_SESSION, 126 parameters", CLIENT, TEE_IOC_OPEN_SESSION, 4088, 126, 0 },
	{ "core INVOKE, 127 parameters", CLIENT, TEE_IOC_INVOKE, 4088, 127, 0 },
	{ "core INVOKE, no parameters", CLIENT, TEE_IOC_INVOKE, 24, 0, 0 },
	{ "core SUPPL_RECV, 127 parameters", PRIV, TEE_IOC_SUPPL_RECV, 4072, 127, 0 },
	{ "core N127", CLIENT, TEE_IOC_OBJECT_INVOKE, 20, 0, -EINVAL },
	{ "core OBJECT_INVOKE, 127 parameters", CLIENT, TEE_IOC_OBJECT_INVOKE, 4088, 127, 0 },
	{ "core OBJECT_INVOKE, 25 bytes", CLIENT, TEE_IOC_OBJECT_INVOKE, 25, 0, -EINVAL },
};

static size_t num_params_offset(unsigned int cmd)
{
	switch (cmd) {
	case TEE_IOC_OPEN_SESSION:
		return offsetof(struct tee_ioctl_open_session_arg, num_params);
	case TEE_IOC_INVOKE:
		return offsetof(struct tee_ioctl_invoke_arg, num_params);
	case TEE_IOC_OBJECT_INVOKE:
		return offsetof(struct tee_ioctl_object_invoke_arg, num_params);
	default:
		return offsetof(struct tee_iocl_supp_recv_arg, num_params);
	}
}

static unsigned int calls_of_all(struct fake_tee *tee)
{
	unsigned int n = 0;

	for (int op = FAKE_OPEN_SESSION; op <= FAKE_SEND; op++)
		n += atomic_load(&tee->calls[op]);
	return n;
}

static void test_length(void **state)
{
	struct core *core = *state;
	const struct length_row *row = core->row;
	struct tee_context *ctx = open_row_device(core, row->device);

	memcpy(core->arg.bytes + num_params_offset(row->cmd), &row->num_params,
	       sizeof(row->num_params));
	assert_int_equal(core_buf_ioctl(ctx, row->cmd, core->arg.bytes, row->buf_len), row->expect);
	assert_int_equal(calls_of_all(&core->tee), row->expect == 0);
	tee_cdev_release(ctx);
}

/* --- one parameter of an INVOKE --- */

struct param_row {
	const char *name;
	struct tee_ioctl_param param;
	long expect;
	bool memref_null;
};

/* What the core takes, whatever a driver thinks of it; c of a memref is a good id */
static const struct param_row param_rows[] = {
	{ "core META VALUE_INOUT", { .attr = 0x103 }, 0 },
	{ "core UBUF_INPUT of nothing", { .attr = 8 }, 0 },
	{ "core UBUF that is not mapped", { .attr = 10, .a = 1, .b = 4096 }, 0 },
	{ "core OBJREF_INPUT", { .attr = 11, .a = UINT64_MAX, .b = UINT64_MAX }, 0 },
	{ "core META MEMREF_INPUT", { .attr = 0x105, .a = 0, .b = 4096, .c = 1 }, 0 },
	{ "core N92", { .attr = 5, .c = UINT64_MAX }, -EINVAL },
	{ "core NULL memref", { .attr = 6, .a = UINT64_MAX, .b = UINT64_MAX - 1, .c = UINT64_MAX },
	  0, .memref_null = true },
};

static void test_param(void **state)
{
	struct core *core = *state;
	const struct param_row *row = core->row;
	int id, fd = core_alloc(core->ctx, 1, &id);

	assert_int_equal(id, 1);
	core->ctx->cap_memref_null = row->memref_null;
	assert_int_equal(core_invoke(core, core->ctx, &row->param, 1), row->expect);
	assert_int_equal(atomic_load(&core->tee.calls[FAKE_INVOKE]), row->expect == 0);
	if (!row->expect)
		assert_int_equal(core->tee.seen[0].attr, row->param.attr);
	if (row->memref_null) {
		assert_null(core->tee.seen[0].u.memref.shm);
		assert_int_equal(core->tee.seen[0].u.memref.shm_offs, row->param.a);
		assert_int_equal(core->tee.seen[0].u.memref.size, row->param.b);
	}
	assert_int_equal(core_refs(core->ctx, id), 1);
	platform_test_fd_put(fd);
}

/* --- ops that are missing --- */

static void test_missing_ops(void **state)
{
	struct core *core = *state;
	const unsigned int cmds[] = {
		TEE_IOC_OPEN_SESSION, TEE_IOC_INVOKE, TEE_IOC_CANCEL, TEE_IOC_CLOSE_SESSION,
		TEE_IOC_SUPPL_RECV, TEE_IOC_SUPPL_SEND, TEE_IOC_OBJECT_INVOKE,
	};
	struct tee_driver_ops all = core->tee.ops;
	struct tee_driver_ops none = {
		.get_version = all.get_version, .open = all.open, .release = all.release,
	};

	for (size_t i = 0; i < ARRAY_SIZE(cmds); i++) {
		assert_int_equal(core_ioctl(core->ctx, cmds[i], NULL), -EFAULT);
		core->tee.ops = none;
		assert_int_equal(core_ioctl(core->ctx, cmds[i], NULL), -EINVAL);
		core->tee.ops = all;
	}
}

/* --- OPEN_SESSION --- */

struct login_row {
	const char *name;
	uint32_t login;
	uint32_t gid;
	long expect;
	uint8_t uuid[16];
};

static const struct login_row login_rows[] = {
	{ "core login public", TEE_IOCTL_LOGIN_PUBLIC, 28, 0 },
	{ "core login user 1000", TEE_IOCTL_LOGIN_USER, 28, 0,
	  { 0xfc, 0x34, 0x27, 0x5c, 0xd8, 0xdd, 0x5b, 0xa7,
	    0x96, 0x8b, 0x50, 0x47, 0x18, 0x36, 0x3b, 0x87 } },
	{ "core login group 27", TEE_IOCTL_LOGIN_GROUP, 27, 0,
	  { 0x30, 0xb6, 0xf4, 0xb2, 0xb5, 0x09, 0x51, 0xda,
	    0xaf, 0xb7, 0x5e, 0xf7, 0xd7, 0x3d, 0xd9, 0x01 } },
	{ "core login group 0", TEE_IOCTL_LOGIN_GROUP, 0, 0,
	  { 0xd9, 0x3b, 0xc1, 0x68, 0xf8, 0x63, 0x58, 0xd3,
	    0xa1, 0xfe, 0xbb, 0x20, 0x39, 0x42, 0x1b, 0x99 } },
};

static void test_login(void **state)
{
	struct core *core = *state;
	const struct login_row *row = core->row;
	struct tee_ioctl_open_session_arg arg = { .clnt_login = row->login };

	platform_test.gids[1] = 27;
	platform_test.gids[2] = 0;
	platform_test.gids[3] = 0xFFFFFFFF;
	platform_test.n_gids = 4;
	core->tee.calc_login = true;
	memset(core->tee.seen_uuid, 0xff, sizeof(core->tee.seen_uuid));
	memcpy(arg.clnt_uuid, &row->gid, sizeof(row->gid));
	assert_int_equal(core_call(core, core->ctx, TEE_IOC_OPEN_SESSION, &arg, sizeof(arg),
				   NULL, 0), row->expect);
	if (!row->expect)
		assert_memory_equal(core->tee.seen_uuid, row->uuid, 16);
	assert_int_equal(atomic_load(&core->tee.calls[FAKE_OPEN_SESSION]), row->expect != -EPERM ||
			 row->login == TEE_IOCTL_LOGIN_GROUP);
}

static void test_login_vectors(void **state)
{
	static const struct { u32 uid; u8 first[4]; } vectors[] = {
		{ 0, { 0xef, 0x01, 0x80, 0xa3 } },
		{ 0xfffe, { 0x38, 0xa7, 0x42, 0x41 } },
	};
	const u8 nobody[16] = {}, group_7[16] = { 7 };
	const u8 group_27[] = { 0x30, 0xb6, 0xf4, 0xb2 };
	u8 uuid[16];

	for (size_t i = 0; i < ARRAY_SIZE(vectors); i++) {
		platform_test.euid = vectors[i].uid;
		assert_int_equal(tee_session_calc_client_uuid(uuid, TEE_IOCTL_LOGIN_USER, nobody),
				 0);
		assert_memory_equal(uuid, vectors[i].first, 4);
	}
	assert_int_equal(tee_session_calc_client_uuid(uuid, 0x80000000, nobody), 0);
	assert_memory_equal(uuid, nobody, 16);
	assert_int_equal(tee_session_calc_client_uuid(uuid, 0x80000001, nobody), -EINVAL);

	/* A group's number is the caller's, its UUID that of the system's number. */
	platform_test.gid_shift = 20;
	platform_test.gids[0] = 27;
	assert_int_equal(tee_session_calc_client_uuid(uuid, TEE_IOCTL_LOGIN_GROUP, group_7), 0);
	assert_memory_equal(uuid, group_27, sizeof(group_27));
	platform_test.gids[0] = 7;
	assert_int_equal(tee_session_calc_client_uuid(uuid, TEE_IOCTL_LOGIN_GROUP, group_7),
			 -EPERM);
}

static void test_open_outputs(void **state)
{
	struct core *core = *state;
	struct tee_ioctl_open_session_arg *arg = core_opened(core);

	/* What the driver does not set is zero, not what the caller had there. */
	assert_int_equal(core_open_session(core, core->ctx, 0, NULL, 0), 0);
	assert_int_equal(arg->session, 1);
	assert_int_equal(arg->ret, 0);
	assert_int_equal(arg->ret_origin, 0);

	/* Refused by the TEE: data, no errno, no session. */
	core->tee.set_ret = true;
	core->tee.ret = 0xFFFF0008;
	core->tee.ret_origin = 3;
	assert_int_equal(core_open_session(core, core->ctx, 0, NULL, 0), 0);
	assert_int_equal(arg->session, 0);
	assert_int_equal(arg->ret, 0xFFFF0008);
	assert_int_equal(arg->ret_origin, 3);

	/* An errno: nothing is written. */
	core->tee.rc[FAKE_OPEN_SESSION] = -ENOMEM;
	assert_int_equal(core_open_session(core, core->ctx, 0, NULL, 0), -ENOMEM);
	assert_int_equal(arg->session, 0x33333333);
	assert_int_equal(arg->ret, 0x11111111);
}

static void test_open_read_only(void **state)
{
	struct core *core = *state;
	struct tee_ioctl_open_session_arg arg = {};
	void *ro = core_read_only(core, &arg, sizeof(arg));

	assert_int_equal(core_buf_ioctl(core->ctx, TEE_IOC_OPEN_SESSION, ro, sizeof(arg)),
			 -EFAULT);
	assert_int_equal(atomic_load(&core->tee.calls[FAKE_OPEN_SESSION]), 1);
	assert_int_equal(atomic_load(&core->tee.calls[FAKE_CLOSE_SESSION]), 1);
	assert_int_equal(core->tee.seen_word, 1);
	assert_int_equal(fake_tee_n_sessions(&core->tee), 0);

	core->tee.ops.close_session = NULL;
	assert_int_equal(core_buf_ioctl(core->ctx, TEE_IOC_OPEN_SESSION, ro, sizeof(arg)),
			 -EFAULT);
	assert_int_equal(atomic_load(&core->tee.calls[FAKE_CLOSE_SESSION]), 1);
}

/* --- what comes back --- */

/* A driver that fills every kind of output, and spoils what it may spoil. */
static void fill_outputs(struct fake_tee *tee, struct tee_context *ctx, struct tee_param *param,
			 size_t n)
{
	for (size_t i = 0; i < n; i++) {
		switch (param[i].attr & TEE_IOCTL_PARAM_ATTR_TYPE_MASK) {
		case TEE_IOCTL_PARAM_ATTR_TYPE_MEMREF_INPUT:
		case TEE_IOCTL_PARAM_ATTR_TYPE_MEMREF_OUTPUT:
		case TEE_IOCTL_PARAM_ATTR_TYPE_MEMREF_INOUT:
			param[i].u.memref = (struct tee_param_memref){ .shm_offs = 9, .size = 99 };
			break;
		default:
			param[i].u.value = (struct tee_param_value){ 11, 12, 13 };
			break;
		}
	}
}

struct copy_row {
	const char *name;
	uint64_t attr;
	bool a, b, c;
};

static const struct copy_row copy_rows[] = {
	{ "core copy-back NONE", 0, false, false, false },
	{ "core copy-back VALUE_INPUT", 1, false, false, false },
	{ "core copy-back VALUE_OUTPUT", 2, true, true, true },
	{ "core copy-back VALUE_INOUT", 3, true, true, true },
	{ "core copy-back MEMREF_INPUT", 5, false, false, false },
	{ "core copy-back MEMREF_OUTPUT", 6, false, true, false },
	{ "core copy-back MEMREF_INOUT", 7, false, true, false },
	{ "core copy-back UBUF_INPUT", 8, false, false, false },
	{ "core copy-back UBUF_OUTPUT", 9, false, true, false },
	{ "core copy-back UBUF_INOUT", 10, false, true, false },
	{ "core copy-back OBJREF_INPUT", 11, false, false, false },
	{ "core copy-back OBJREF_OUTPUT", 12, true, true, false },
	{ "core copy-back OBJREF_INOUT", 13, true, true, false },
	{ "core copy-back META VALUE_OUTPUT", 0x102, false, false, false },
	{ "core copy-back META MEMREF_INOUT", 0x107, false, false, false },
};

static void check_copied(const struct copy_row *row, const struct tee_ioctl_param *in,
			 const struct tee_ioctl_param *out)
{
	bool memref = row->attr >= 5 && row->attr <= 7;

	assert_int_equal(out->attr, in->attr);
	assert_int_equal(out->a, row->a ? 11 : in->a);
	assert_int_equal(out->b, row->b ? (memref ? 99 : 12) : in->b);
	assert_int_equal(out->c, row->c ? 13 : in->c);
}

static void test_copy_back(void **state)
{
	struct core *core = *state;
	const struct copy_row *row = core->row;
	int id, fd = core_alloc(core->ctx, 1, &id);
	struct tee_ioctl_param param = { .attr = row->attr, .a = 1, .b = 2, .c = id };
	struct tee_ioctl_object_invoke_arg object = { .ret = 0x11111111, .num_params = 1 };

	core->tee.param = fill_outputs;
	core->tee.set_ret = true;
	core->tee.ret = 0xFFFF0010;
	core->tee.ret_origin = 4;
	assert_int_equal(core_invoke(core, core->ctx, &param, 1), 0);
	assert_int_equal(core_invoked(core)->ret, 0xFFFF0010);
	assert_int_equal(core_invoked(core)->ret_origin, 4);
	check_copied(row, &param, core_invoked(core)->params);
	if (row->attr == TEE_IOCTL_PARAM_ATTR_TYPE_VALUE_OUTPUT) {
		assert_int_equal(core->tee.seen[0].u.value.a, 0);
		assert_int_equal(core->tee.seen[0].u.value.c, 0);
	}

	assert_int_equal(core_open_session(core, core->ctx, 0, &param, 1), 0);
	check_copied(row, &param, core_opened(core)->params);

	assert_int_equal(core_call(core, core->ctx, TEE_IOC_OBJECT_INVOKE, &object, sizeof(object),
				   &param, 1), 0);
	check_copied(row, &param, (void *)(core->arg.bytes + sizeof(object)));
	assert_int_equal(((struct tee_ioctl_object_invoke_arg *)core->arg.bytes)->ret, 0xFFFF0010);

	/* An errno of the driver: nothing at all is written. */
	core->tee.rc[FAKE_INVOKE] = -EIO;
	assert_int_equal(core_invoke(core, core->ctx, &param, 1), -EIO);
	assert_int_equal(core_invoked(core)->ret, 0x11111111);
	assert_memory_equal(core_invoked(core)->params, &param, sizeof(param));

	assert_int_equal(core_refs(core->ctx, id), 1);
	platform_test_fd_put(fd);
}

static void test_invoke_read_only(void **state)
{
	struct core *core = *state;
	struct tee_ioctl_invoke_arg arg = {};
	void *ro = core_read_only(core, &arg, sizeof(arg));

	assert_int_equal(core_buf_ioctl(core->ctx, TEE_IOC_INVOKE, ro, sizeof(arg)), -EFAULT);
	assert_int_equal(atomic_load(&core->tee.calls[FAKE_INVOKE]), 1);
	assert_int_equal(core_buf_ioctl(core->ctx, TEE_IOC_OBJECT_INVOKE, ro, sizeof(arg)),
			 -EFAULT);
	assert_int_equal(atomic_load(&core->tee.calls[FAKE_OBJECT_INVOKE]), 1);
}

static void test_invoke_zeroed(void **state)
{
	struct core *core = *state;
	struct tee_ioctl_object_invoke_arg object = { .ret = 0x11111111 };

	assert_int_equal(core_invoke(core, core->ctx, NULL, 0), 0);
	assert_int_equal(core_invoked(core)->ret, 0);
	assert_int_equal(core_invoked(core)->ret_origin, 0);
	assert_int_equal(core_call(core, core->ctx, TEE_IOC_OBJECT_INVOKE, &object, sizeof(object),
				   NULL, 0), 0);
	assert_int_equal(((struct tee_ioctl_object_invoke_arg *)core->arg.bytes)->ret, 0);
}

/* --- the supplicant --- */

static int alloc_for_request(struct core *core, struct tee_context *priv, int *ret_id)
{
	int fd = core_register(priv, core->page, 64, ret_id);

	core->tee.data = platform_test_fd_shm(fd);
	return fd;
}

static void make_request(struct fake_tee *tee, struct tee_context *ctx, struct tee_param *param,
			 size_t n)
{
	const u64 attrs[] = { 0x103, 1, 2, 5, 6, 9, 11, 12 };

	for (size_t i = 0; i < n && i < ARRAY_SIZE(attrs); i++) {
		param[i] = (struct tee_param){ .attr = attrs[i] };
		param[i].u.value = (struct tee_param_value){ 21, 22, 23 };
	}
	param[3].u.memref = (struct tee_param_memref){ .shm_offs = 4, .size = 8, .shm = tee->data };
	param[4].u.memref = (struct tee_param_memref){ .shm_offs = 0, .size = 8 };
	strcpy(tee_shm_get_va(tee->data, 4), "tee");
	tee->recv_func = 77;
	tee->recv_num = ARRAY_SIZE(attrs);
}

static void test_recv(void **state)
{
	struct core *core = *state;
	struct tee_context *priv = open_row_device(core, PRIV);
	int id, fd = alloc_for_request(core, priv, &id);
	struct tee_iocl_supp_recv_arg arg = { .num_params = 9 };
	struct tee_ioctl_param in[9] = { { .attr = 0x100, .a = 5 } };
	const struct tee_ioctl_param expect[] = {
		{ 0x103, 21, 22, 23 }, { 1, 21, 22, 23 }, { 2, 0, 0, 0 }, { 5, 4, 8, id },
		{ 6, 0, 8, UINT64_MAX }, { 9, 21, 22, 0 }, { 11, 21, 22, 0 }, { 12, 0, 0, 0 },
	};

	core->tee.param = make_request;
	assert_int_equal(core_call(core, priv, TEE_IOC_SUPPL_RECV, &arg, sizeof(arg), in, 9), 0);
	memcpy(&arg, core->arg.bytes, sizeof(arg));
	assert_int_equal(arg.func, 77);
	assert_int_equal(arg.num_params, 8);
	assert_memory_equal(core->arg.bytes + sizeof(arg), expect, sizeof(expect));
	assert_string_equal((char *)core->page + 4, "tee");
	assert_int_equal(core_refs(priv, id), 1);
	platform_test_fd_put(fd);
	tee_cdev_release(priv);
}

static void test_recv_memref(void **state)
{
	struct core *core = *state;
	struct tee_context *priv = open_row_device(core, PRIV);
	int id, fd = core_alloc(priv, 1, &id);
	struct tee_iocl_supp_recv_arg arg = { .num_params = 2 };
	struct tee_ioctl_param in[2] = { { .attr = 5, .b = 1, .c = id }, { .attr = 5, .c = 99 } };

	/* Refused while parsing: the core drops what it took. */
	assert_int_equal(core_call(core, priv, TEE_IOC_SUPPL_RECV, &arg, sizeof(arg), in, 2),
			 -EINVAL);
	assert_int_equal(core_refs(priv, id), 1);
	in[1] = (struct tee_ioctl_param){ .attr = 6, .a = 4096, .b = 1, .c = id };
	assert_int_equal(core_call(core, priv, TEE_IOC_SUPPL_RECV, &arg, sizeof(arg), in, 2),
			 -EINVAL);
	assert_int_equal(atomic_load(&core->tee.calls[FAKE_RECV]), 0);
	assert_int_equal(core_refs(priv, id), 1);
	/* Refused by the driver: the driver did. */
	in[1] = (struct tee_ioctl_param){};
	core->tee.rc[FAKE_RECV] = -EINVAL;
	assert_int_equal(core_call(core, priv, TEE_IOC_SUPPL_RECV, &arg, sizeof(arg), in, 2),
			 -EINVAL);
	assert_int_equal(core_refs(priv, id), 1);
	platform_test_fd_put(fd);
	tee_cdev_release(priv);
}

static void test_recv_pointers(void **state)
{
	struct core *core = *state;
	struct tee_context *priv = open_row_device(core, PRIV);
	struct tee_iocl_supp_recv_arg arg = {};
	void *ro = core_read_only(core, &arg, sizeof(arg));

	assert_int_equal(core_ioctl(priv, TEE_IOC_SUPPL_RECV, NULL), -EFAULT);
	assert_int_equal(core_buf_ioctl(priv, TEE_IOC_SUPPL_RECV, core_tail(core, 4), 8), -EFAULT);
	assert_int_equal(core_buf_ioctl(priv, TEE_IOC_SUPPL_RECV, ro, 8), -EFAULT);
	assert_int_equal(atomic_load(&core->tee.calls[FAKE_RECV]), 1);
	core->tee.rc[FAKE_RECV] = -ERESTARTSYS;
	assert_int_equal(core_buf_ioctl(priv, TEE_IOC_SUPPL_RECV, ro, 8), -ERESTARTSYS);
	tee_cdev_release(priv);
}

struct send_row {
	const char *name;
	struct tee_ioctl_param param;
	long expect;
	uint64_t a, b, c;
};

static const struct send_row send_rows[] = {
	{ "core SUPPL_SEND NONE", { 0, 1, 2, 3 }, 0, 0, 0, 0 },
	{ "core SUPPL_SEND VALUE_INPUT", { 1, 1, 2, 3 }, 0, 0, 0, 0 },
	{ "core SUPPL_SEND VALUE_OUTPUT", { 2, 1, 2, 3 }, 0, 1, 2, 3 },
	{ "core SUPPL_SEND META VALUE_INOUT", { 0x103, 1, 2, 3 }, 0, 1, 2, 3 },
	{ "core SUPPL_SEND MEMREF_INPUT", { 5, 1, 2, 3 }, 0, 0, 0, 0 },
	{ "core SUPPL_SEND MEMREF_OUTPUT", { 6, 1, UINT64_MAX, 3 }, 0, 0, UINT64_MAX, 0 },
	{ "core SUPPL_SEND UBUF_OUTPUT", { 9, 1, 2, 3 }, 0, 1, 2, 0 },
	{ "core SUPPL_SEND UBUF_OUTPUT in the kernel half", { 9, KERNEL_HALF, 0, 0 }, -EFAULT },
	{ "core SUPPL_SEND UBUF_INPUT", { 8, KERNEL_HALF, 2, 3 }, 0, 0, 0, 0 },
	{ "core SUPPL_SEND OBJREF_INOUT", { 13, 1, 2, 3 }, 0, 1, 2, 0 },
	{ "core SUPPL_SEND attr 0x200", { 0x200, 0, 0, 0 }, -EINVAL },
	{ "core SUPPL_SEND attr 4", { 4, 0, 0, 0 }, -EINVAL },
	{ "core SUPPL_SEND attr 14", { 14, 0, 0, 0 }, -EINVAL },
};

static void test_send(void **state)
{
	struct core *core = *state;
	const struct send_row *row = core->row;
	struct tee_context *priv = open_row_device(core, PRIV);
	struct tee_iocl_supp_send_arg arg = { .ret = 0xFFFF0001, .num_params = 2 };
	struct tee_ioctl_param params[2] = { { .attr = 0x103, .a = 9 }, row->param };

	assert_int_equal(core_call(core, priv, TEE_IOC_SUPPL_SEND, &arg, sizeof(arg), params, 2),
			 row->expect);
	assert_int_equal(atomic_load(&core->tee.calls[FAKE_SEND]), row->expect == 0);
	if (!row->expect) {
		assert_int_equal(core->tee.seen_ret, 0xFFFF0001);
		assert_int_equal(core->tee.seen[1].attr, row->param.attr);
		assert_int_equal(core->tee.seen[1].u.value.a, row->a);
		assert_int_equal(core->tee.seen[1].u.value.b, row->b);
		assert_int_equal(core->tee.seen[1].u.value.c, row->c);
	}
	core->tee.rc[FAKE_SEND] = -ENOENT;
	params[1].attr = 0;
	assert_int_equal(core_call(core, priv, TEE_IOC_SUPPL_SEND, &arg, sizeof(arg), params, 2),
			 -ENOENT);
	tee_cdev_release(priv);
}

int main(void)
{
	core_add_rows(word_rows, test_word);
	core_add_rows(length_rows, test_length);
	core_add_rows(param_rows, test_param);
	core_add_rows(login_rows, test_login);
	core_add_rows(copy_rows, test_copy_back);
	core_add_rows(send_rows, test_send);
	core_add("core missing ops", test_missing_ops, NULL);
	core_add("core login vectors", test_login_vectors, NULL);
	core_add("core OPEN_SESSION outputs", test_open_outputs, NULL);
	core_add("core OPEN_SESSION that cannot be answered", test_open_read_only, NULL);
	core_add("core INVOKE that cannot be answered", test_invoke_read_only, NULL);
	core_add("core INVOKE zeroes what the driver leaves", test_invoke_zeroed, NULL);
	core_add("core SUPPL_RECV", test_recv, NULL);
	core_add("core SUPPL_RECV with memrefs", test_recv_memref, NULL);
	core_add("core SUPPL_RECV pointers", test_recv_pointers, NULL);
	return core_run("tee core");
}
