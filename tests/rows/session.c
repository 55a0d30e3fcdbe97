/* SPDX-License-Identifier: BSD-2-Clause */
/* Rows 46 to 65, 98 to 106, 136, 162, 163: sessions, and ops that a device lacks */
#include "rows.h"

#include <errno.h>
#include <grp.h>
#include <string.h>
#include <unistd.h>

/* --- lengths --- */

struct length {
	enum rows_node node;
	unsigned int cmd;
	uint64_t buf_len;
	uint32_t num_params;
	size_t num_at;
};

#define NUM_AT_OPEN offsetof(struct tee_ioctl_open_session_arg, num_params)
#define NUM_AT_INVOKE offsetof(struct tee_ioctl_invoke_arg, num_params)
#define NUM_AT_SUPP offsetof(struct tee_iocl_supp_recv_arg, num_params)

#define LENGTH(name, node, cmd, ...) \
	{ name, length, 0, &(const struct length){ ROWS_##node, TEE_IOC_##cmd, __VA_ARGS__ } }

static void length(struct rows *r)
{
	const struct length *row = r->row->data;
	int tee = row->node == ROWS_PRIV ? rows_open(r, ROWS_PRIV) : r->tee;
	uint64_t arg[TEE_MAX_ARG_SIZE / 8 + 8] = { 0 };

	memcpy((uint8_t *)arg + row->num_at, &row->num_params, sizeof(row->num_params));
	EXPECT_EQ(rows_buf_ioctl(r, tee, row->cmd, arg, row->buf_len), -EINVAL);
}

/* --- pointers --- */

static void open_null(struct rows *r)
{
	EXPECT_EQ(rows_ioctl(r, r->tee, TEE_IOC_OPEN_SESSION, NULL), -EFAULT);
}

static void open_unmapped(struct rows *r)
{
	EXPECT_EQ(rows_buf_ioctl(r, r->tee, TEE_IOC_OPEN_SESSION, r->page + ROWS_PAGE, 56),
		  -EFAULT);
	EXPECT_EQ(rows_buf_ioctl(r, r->tee, TEE_IOC_OPEN_SESSION, (void *)8, 56), -EFAULT);
	/* Half of it is there. */
	EXPECT_EQ(rows_buf_ioctl(r, r->tee, TEE_IOC_OPEN_SESSION, r->page + ROWS_PAGE - 28, 56),
		  -EFAULT);
}

static void open_second_unmapped(struct rows *r)
{
	union rows_open open = { .arg = { .num_params = 2 } };
	uint32_t session = rows_session_alone(r, r->tee);
	const size_t size = sizeof(open.arg) + sizeof(struct tee_ioctl_param);

	memcpy(open.arg.uuid, r->home->uuid, sizeof(open.arg.uuid));
	EXPECT_EQ(rows_buf_ioctl(r, r->tee, TEE_IOC_OPEN_SESSION, rows_tail(r, &open, size),
				 size + sizeof(struct tee_ioctl_param)), -EFAULT);
	EXPECT_EQ(rows_info(r, r->tee, session).sessions, 1);
}

static void open_privileged(struct rows *r)
{
	EXPECT_EQ(rows_ioctl(r, rows_open(r, ROWS_PRIV), TEE_IOC_OPEN_SESSION, NULL), -EINVAL);
}

/* --- logins --- */

struct login {
	uint32_t login;
	uint32_t gid;
	long expect;
};

#define LOGIN(name, ...) { name, login, 0, &(const struct login){ __VA_ARGS__ } }

static long open_login(struct rows *r, uint32_t login, uint32_t gid, uint64_t attr)
{
	union rows_open open = { .arg = { .clnt_login = login, .session = 0x33333333,
					  .ret = 0x11111111, .ret_origin = 0x22222222,
					  .num_params = attr ? 1 : 0 } };
	long rc;

	memcpy(open.arg.uuid, r->home->uuid, sizeof(open.arg.uuid));
	memcpy(open.arg.clnt_uuid, &gid, sizeof(gid));
	open.arg.params[0].attr = attr;
	rc = rows_do_open(r, r->tee, &open);
	/* An errno: nothing was written. */
	EXPECT(rc == 0 || (open.arg.session == 0x33333333 && open.arg.ret == 0x11111111 &&
			   open.arg.ret_origin == 0x22222222));
	EXPECT(rc != 0 || open.arg.ret == 0);
	return rc;
}

static void login(struct rows *r)
{
	const struct login *row = r->row->data;

	EXPECT_EQ(open_login(r, row->login, row->gid, 0), row->expect);
}

static bool in_group(gid_t gid)
{
	gid_t groups[4096];
	int n = getgroups(4096, groups);

	for (int i = 0; i < n; i++) {
		if (groups[i] == gid)
			return true;
	}
	return getegid() == gid;
}

static void login_foreign_group(struct rows *r)
{
	gid_t gid = 54321;

	while (in_group(gid))
		gid++;
	EXPECT_EQ(open_login(r, TEE_IOCTL_LOGIN_GROUP, gid, 0), -EPERM);
}

/* A bad parameter comes before a login that is refused. */
static void login_bad_param(struct rows *r)
{
	EXPECT_EQ(open_login(r, 0x80000000, 0, 4), -EINVAL);
}

/* --- what comes back --- */

static void open_five_params(struct rows *r)
{
	union rows_open open = { .arg = { .num_params = 5 } };

	memcpy(open.arg.uuid, r->home->uuid, sizeof(open.arg.uuid));
	EXPECT_EQ(rows_do_open(r, r->tee, &open), -EINVAL);
	open.arg.num_params = 4;
	EXPECT_EQ(rows_do_open(r, r->tee, &open), 0);
	EXPECT_EQ(open.arg.ret, 0);
}

static void open_unknown(struct rows *r)
{
	union rows_open open = { .arg = { .session = 0x33333333 } };

	memcpy(open.arg.uuid, rows_unknown_uuid, sizeof(open.arg.uuid));
	EXPECT_EQ(rows_do_open(r, r->tee, &open), 0);
	EXPECT_EQ(open.arg.ret, 0xFFFF0008);
	EXPECT_EQ(open.arg.session, 0);
	EXPECT_EQ(rows_session_close(r, r->tee, 0), -EINVAL);
}

static void open_read_only(struct rows *r)
{
	union rows_open open = { .arg = { .num_params = 0 } };
	uint32_t session = rows_session_alone(r, r->tee);
	void *arg;

	memcpy(open.arg.uuid, r->home->uuid, sizeof(open.arg.uuid));
	arg = rows_read_only(r, &open, sizeof(open.arg));
	EXPECT_EQ(rows_buf_ioctl(r, r->tee, TEE_IOC_OPEN_SESSION, arg, sizeof(open.arg)), -EFAULT);
	EXPECT_EQ(rows_info(r, r->tee, session).sessions, 1);
}

/* --- ops that a device lacks --- */

/* The op is looked for before anything else: a good argument is no better. */
static void expect_no_op(struct rows *r, int tee, unsigned int cmd)
{
	struct {
		struct tee_ioctl_buf_data buf;
		uint8_t more[24];
	} arg = { 0 };
	uint64_t room[32] = { 0 };

	EXPECT_EQ(rows_ioctl(r, tee, cmd, NULL), -EINVAL);
	arg.buf = (struct tee_ioctl_buf_data){ (uintptr_t)room, sizeof(room) };
	EXPECT_EQ(rows_ioctl(r, tee, cmd, &arg), -EINVAL);
}

static void privileged_calls(struct rows *r)
{
	int priv = rows_open(r, ROWS_PRIV);

	expect_no_op(r, priv, TEE_IOC_INVOKE);
	expect_no_op(r, priv, TEE_IOC_CANCEL);
	expect_no_op(r, priv, TEE_IOC_CLOSE_SESSION);
}

static void no_cancel(struct rows *r)
{
	expect_no_op(r, rows_open(r, ROWS_PRIV), TEE_IOC_CANCEL);
}

static void client_supp(struct rows *r)
{
	expect_no_op(r, r->tee, TEE_IOC_SUPPL_RECV);
	expect_no_op(r, r->tee, TEE_IOC_SUPPL_SEND);
}

static void no_object_invoke(struct rows *r)
{
	expect_no_op(r, rows_open(r, ROWS_PRIV), TEE_IOC_OBJECT_INVOKE);
	if (r->home->optee)
		expect_no_op(r, r->tee, TEE_IOC_OBJECT_INVOKE);
}

/* --- CANCEL, CLOSE_SESSION --- */

static long cancel(struct rows *r, int tee, uint32_t session)
{
	struct tee_ioctl_cancel_arg arg = { .cancel_id = 7, .session = session };

	return rows_ioctl(r, tee, TEE_IOC_CANCEL, &arg);
}

static void cancel_null(struct rows *r)
{
	EXPECT_EQ(rows_ioctl(r, r->tee, TEE_IOC_CANCEL, NULL), -EFAULT);
}

static void cancel_unknown(struct rows *r)
{
	uint32_t session = rows_session_open(r, r->tee);
	int other = rows_open(r, ROWS_CLIENT);

	EXPECT_EQ(cancel(r, r->tee, 0), -EINVAL);
	EXPECT_EQ(cancel(r, r->tee, session + 1000), -EINVAL);
	EXPECT_EQ(cancel(r, other, session), -EINVAL);
}

static void cancel_nothing(struct rows *r)
{
	uint32_t session = rows_session_open(r, r->tee);
	uint64_t calls = rows_info(r, r->tee, session).calls;

	EXPECT_EQ(cancel(r, r->tee, session), 0);
	EXPECT_EQ(rows_info(r, r->tee, session).calls, calls + 1);
}

static void close_null(struct rows *r)
{
	EXPECT_EQ(rows_ioctl(r, r->tee, TEE_IOC_CLOSE_SESSION, NULL), -EFAULT);
}

static void close_twice(struct rows *r)
{
	uint32_t session = rows_session_open(r, r->tee);

	EXPECT_EQ(rows_session_close(r, r->tee, session), 0);
	EXPECT_EQ(rows_session_close(r, r->tee, session), -EINVAL);
}

static void close_foreign(struct rows *r)
{
	uint32_t session = rows_session_open(r, r->tee);
	int other = rows_open(r, ROWS_CLIENT);

	EXPECT_EQ(rows_session_close(r, other, session), -EINVAL);
	EXPECT_EQ(rows_info(r, r->tee, session).calls, 1);
}

/* --- ends --- */

/* Decided otherwise than in the kernel, where the shm keeps the session open. */
static void close_with_shm(struct rows *r)
{
	uint32_t session = rows_session_alone(r, r->tee);
	int id, other = rows_open(r, ROWS_CLIENT), fd = rows_alloc(r, other, 1, &id);
	uint8_t *map = rows_map_shm(r, fd, ROWS_PAGE);

	(void)rows_session_open(r, other);
	EXPECT_EQ(rows_info(r, r->tee, session).sessions, 2);
	rows_close(r, other);
	EXPECT_SOON(rows_info(r, r->tee, session).sessions == 1);
	/* The memory is still there, and its number not taken yet. */
	map[1] = 1;
	rows_close_shm(r, fd);
	map[2] = 1;
	rows_unmap_shm(r, fd, map);
}

static void wait_in_session(struct rows *r, struct rows_job *job)
{
	union rows_invoke invoke = { .arg = { .session = job->session, .func = ROWS_FN_WAIT,
					      .num_params = 1 } };

	invoke.arg.params[0].attr = TEE_IOCTL_PARAM_ATTR_TYPE_VALUE_INPUT;
	invoke.arg.params[0].a = job->arg;
	job->rc = rows_do_invoke(r, job->tee, &invoke);
	job->ret = invoke.arg.ret;
}

static void wait_is_cancelled(struct rows *r)
{
	struct rows_job job = { .tee = r->tee, .session = rows_session_open(r, r->tee),
				.arg = 100000 };
	struct tee_ioctl_cancel_arg arg = { .session = job.session };
	void *running = rows_job_start(r, wait_in_session, &job);

	/* One that comes too early has no effect. */
	while (!rows_job_done(r, running)) {
		EXPECT_EQ(rows_ioctl(r, r->tee, TEE_IOC_CANCEL, &arg), 0);
		rows_pause();
	}
	rows_job_end(r, running, &job);
	EXPECT_EQ(job.rc, 0);
	EXPECT_EQ(job.ret, 0xFFFF0002);
}

const struct row rows_session[] = {
	{ "core N46 OPEN_SESSION NULL -> EFAULT", open_null },
	LENGTH("core N47 OPEN_SESSION buf_len 55 -> EINVAL", CLIENT, OPEN_SESSION, 55, 0,
	       NUM_AT_OPEN),
	LENGTH("core N48 OPEN_SESSION buf_len 4097 -> EINVAL", CLIENT, OPEN_SESSION, 4097, 0,
	       NUM_AT_OPEN),
	LENGTH("core N49 OPEN_SESSION buf_len 56, one parameter -> EINVAL", CLIENT, OPEN_SESSION,
	       56, 1, NUM_AT_OPEN),
	LENGTH("core N50 OPEN_SESSION buf_len 88, none -> EINVAL", CLIENT, OPEN_SESSION, 88, 0,
	       NUM_AT_OPEN),
	LENGTH("core N51 OPEN_SESSION buf_len 57, none -> EINVAL", CLIENT, OPEN_SESSION, 57, 0,
	       NUM_AT_OPEN),
	LENGTH("core N52 OPEN_SESSION buf_len 56, 2^27 parameters -> EINVAL", CLIENT, OPEN_SESSION,
	       56, 0x08000000, NUM_AT_OPEN),
	LENGTH("core OPEN_SESSION 127 parameters -> EINVAL", CLIENT, OPEN_SESSION, 4120, 127,
	       NUM_AT_OPEN),
	{ "core N53 OPEN_SESSION buf_ptr unmapped -> EFAULT", open_unmapped },
	{ "core N54 OPEN_SESSION 2nd parameter unmapped -> EFAULT", open_second_unmapped },
	{ "core N55 OPEN_SESSION NULL on the privileged device -> EINVAL", open_privileged },
	LOGIN("core N56 OPEN_SESSION login 0x80000000 -> EPERM", 0x80000000, 0, -EPERM),
	LOGIN("core N57 OPEN_SESSION login 0xBFFFFFFF -> EPERM", 0xBFFFFFFF, 0, -EPERM),
	LOGIN("core N58 OPEN_SESSION login 0xC0000000 -> EINVAL", 0xC0000000, 0, -EINVAL),
	LOGIN("core N59 OPEN_SESSION login 3 -> EINVAL", 3, 0, -EINVAL),
	LOGIN("core N59 OPEN_SESSION login APPLICATION -> EINVAL", 4, 0, -EINVAL),
	LOGIN("core N59 OPEN_SESSION login USER_APPLICATION -> EINVAL", 5, 0, -EINVAL),
	LOGIN("core N59 OPEN_SESSION login GROUP_APPLICATION -> EINVAL", 6, 0, -EINVAL),
	LOGIN("core OPEN_SESSION login USER -> ok", TEE_IOCTL_LOGIN_USER, 0, 0),
	{ "core N60 OPEN_SESSION login 0x80000000 and attr 4 -> EINVAL", login_bad_param },
	{ "core N61 OPEN_SESSION login GROUP, no member -> EPERM", login_foreign_group },
	LOGIN("core N62 OPEN_SESSION login GROUP 0xFFFFFFFF -> EPERM", TEE_IOCTL_LOGIN_GROUP,
	      0xFFFFFFFF, -EPERM),
	{ "core N63 OPEN_SESSION 5 parameters -> EINVAL, 4 ok", open_five_params, ROW_OPTEE },
	{ "core N64 OPEN_SESSION unknown UUID -> 0, ret ITEM_NOT_FOUND", open_unknown },
	{ "core N65 OPEN_SESSION read-only argument -> EFAULT, session closed", open_read_only },
	{ "core N98 INVOKE, CANCEL, CLOSE_SESSION on the privileged device -> EINVAL",
	  privileged_calls },
	{ "core N99 CANCEL NULL -> EFAULT", cancel_null },
	{ "core N100 CANCEL unknown session, session 0 -> EINVAL", cancel_unknown },
	{ "core N101 CANCEL with nothing running -> 0", cancel_nothing },
	{ "core CANCEL of a call that waits -> ret CANCEL", wait_is_cancelled },
	{ "core N102 CANCEL on a device without the op -> EINVAL", no_cancel },
	{ "core N103 CLOSE_SESSION NULL -> EFAULT", close_null },
	{ "core N104 CLOSE_SESSION twice -> EINVAL", close_twice },
	{ "core N105 CLOSE_SESSION of another context -> EINVAL, stays open", close_foreign },
	{ "core N106 SUPPL_RECV, SUPPL_SEND on the client device -> EINVAL", client_supp },
	{ "core N136 OBJECT_INVOKE on a device without the op -> EINVAL", no_object_invoke },
	{ "core N162 close with shm kept -> session closed, memory stays (decided otherwise)",
	  close_with_shm },
	{ 0 }
};
