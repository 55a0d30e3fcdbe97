/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Rows 107 to 125: the supplicant's ioctls, by the rules of OP-TEE's driver
 *
 * The request that all of them wait for is the one that opening a session with an
 * unknown service makes: LOAD_TA, a value and a buffer.
 */
#include "rows.h"

#include <errno.h>
#include <string.h>

#define META_OFFERED 0x100u
#define META 0x103u
#define N_PARAMS 2u	/* of LOAD_TA */

#define ITEM_NOT_FOUND 0xFFFF0008u
#define COMMUNICATION 0xFFFF000Eu

/* --- RECV, refused --- */

struct recv {
	uint32_t num_params;
	uint64_t attr0, attr1;
	uint64_t len;
};

#define RECV(name, ...) { name, recv_bad, ROW_OPTEE, &(const struct recv){ __VA_ARGS__ } }

static void recv_bad(struct rows *r)
{
	const struct recv *row = r->row->data;
	union rows_supp supp = { .arg = { .num_params = row->num_params } };

	supp.arg.params[0].attr = row->attr0;
	supp.arg.params[1].attr = row->attr1;
	EXPECT_EQ(rows_buf_ioctl(r, rows_open(r, ROWS_PRIV), TEE_IOC_SUPPL_RECV, &supp, row->len),
		  -EINVAL);
}

/* --- a client that makes the TEE ask --- */

static void ask(struct rows *r, struct rows_job *job)
{
	union rows_open open = { .arg = { .num_params = 0 } };

	memcpy(open.arg.uuid, rows_asking_uuid, sizeof(open.arg.uuid));
	open.arg.uuid[15] = (uint8_t)job->arg;
	job->rc = rows_do_open(r, job->tee, &open);
	job->ret = open.arg.ret;
}

/* Two at a time want two services: a TEE may let the second wait for the first. */
static void *start_client_for(struct rows *r, uint32_t service)
{
	struct rows_job job = { .tee = r->tee, .arg = service };

	return rows_job_start(r, ask, &job);
}

static void *start_client(struct rows *r)
{
	return start_client_for(r, 0);
}

static uint32_t end_client(struct rows *r, void *client)
{
	struct rows_job job;

	rows_job_end(r, client, &job);
	EXPECT_EQ(job.rc, 0);
	return job.ret;
}

static long recv(struct rows *r, int priv, union rows_supp *supp, uint64_t first, uint32_t n)
{
	memset(supp, 0, sizeof(*supp));
	supp->arg.num_params = n;
	supp->arg.params[0].attr = first;
	return rows_buf_ioctl(r, priv, TEE_IOC_SUPPL_RECV, supp, 8 + 32 * n);
}

/* Take the request; its number. */
static uint64_t take(struct rows *r, int priv, union rows_supp *supp)
{
	EXPECT_EQ(recv(r, priv, supp, META_OFFERED, 5), 0);
	EXPECT_EQ(supp->arg.num_params, N_PARAMS + 1);
	EXPECT_EQ(supp->arg.params[0].attr, META);
	return supp->arg.params[0].a;
}

static long send_len(struct rows *r, int priv, union rows_supp *supp, uint32_t ret, uint32_t n,
		     uint64_t len)
{
	supp->arg.word = ret;
	supp->arg.num_params = n;
	return rows_buf_ioctl(r, priv, TEE_IOC_SUPPL_SEND, supp, len);
}

/* @n parameters, of which those after the meta one are as in a request of LOAD_TA */
static long send(struct rows *r, int priv, uint64_t id, uint32_t n)
{
	union rows_supp supp = { 0 };

	supp.arg.params[0] = (struct tee_ioctl_param){ .attr = META, .a = id };
	supp.arg.params[1].attr = 1;
	supp.arg.params[2].attr = 6;
	return send_len(r, priv, &supp, ITEM_NOT_FOUND, n, 8 + 32 * n);
}

/* --- RECV of a request --- */

static void recv_little_room(struct rows *r)
{
	int priv = rows_open(r, ROWS_PRIV);
	union rows_supp supp;
	void *client = start_client(r);
	uint64_t id;

	/* Room for one parameter beside the meta one; blocks until there is a request. */
	EXPECT_EQ(recv(r, priv, &supp, META_OFFERED, 2), -EINVAL);
	EXPECT_EQ(recv(r, priv, &supp, META_OFFERED, 1), -EINVAL);
	EXPECT_EQ(recv(r, priv, &supp, 0, 1), -EINVAL);
	id = take(r, priv, &supp);
	EXPECT_EQ(send(r, priv, id, 3), 0);
	EXPECT_EQ(end_client(r, client), ITEM_NOT_FOUND);
}

static void recv_synchronous(struct rows *r)
{
	int priv = rows_open(r, ROWS_PRIV);
	union rows_supp supp;
	void *client = start_client(r);

	EXPECT_EQ(recv(r, priv, &supp, 0, 5), 0);
	EXPECT_EQ(supp.arg.num_params, N_PARAMS);
	EXPECT_EQ(recv(r, priv, &supp, 0, 5), -EINVAL);
	EXPECT_EQ(recv(r, priv, &supp, META_OFFERED, 5), -EINVAL);
	memset(&supp, 0, sizeof(supp));
	EXPECT_EQ(send_len(r, priv, &supp, ITEM_NOT_FOUND, 2, 8 + 2 * 32), 0);
	EXPECT_EQ(end_client(r, client), ITEM_NOT_FOUND);
}

static void serve_forever(struct rows *r, struct rows_job *job)
{
	union rows_supp supp;

	job->rc = recv(r, job->tee, &supp, META_OFFERED, 5);
}

static void recv_signal(struct rows *r)
{
	struct rows_job job = { .tee = rows_open(r, ROWS_PRIV) };
	void *running = rows_job_start(r, serve_forever, &job);

	rows_job_interrupt(r, running);
	rows_job_end(r, running, &job);
	/* ERESTARTSYS where nobody translates it */
	EXPECT_EQ(job.rc, r->home->is_device ? -EINTR : -512);
}

/* --- SEND --- */

static void send_with_one(struct rows *r, void (*check)(struct rows *r, int priv, uint64_t id))
{
	int priv = rows_open(r, ROWS_PRIV);
	union rows_supp supp;
	void *client = start_client(r);
	uint64_t id = take(r, priv, &supp);

	check(r, priv, id);
	/* It is still outstanding, and is answered now. */
	EXPECT_EQ(send(r, priv, id, 3), 0);
	EXPECT_EQ(end_client(r, client), ITEM_NOT_FOUND);
}

static void send_long_buffer(struct rows *r)
{
	int priv = rows_open(r, ROWS_PRIV);
	union rows_supp supp;
	void *client = start_client(r);
	uint64_t id = take(r, priv, &supp);

	EXPECT_EQ(id, supp.arg.params[0].a);
	EXPECT_EQ(send_len(r, priv, &supp, ITEM_NOT_FOUND, 3, 8 + 5 * 32), 0);
	EXPECT_EQ(end_client(r, client), ITEM_NOT_FOUND);
}

static void check_short_buffer(struct rows *r, int priv, uint64_t id)
{
	union rows_supp supp = { 0 };

	supp.arg.params[0] = (struct tee_ioctl_param){ .attr = META, .a = id };
	EXPECT_EQ(send_len(r, priv, &supp, 0, 3, 8 + 2 * 32), -EINVAL);
	EXPECT_EQ(send_len(r, priv, &supp, 0, 0, 7), -EINVAL);
	EXPECT_EQ(send_len(r, priv, &supp, 0, 3, 4097), -EINVAL);
}

static void send_short_buffer(struct rows *r)
{
	send_with_one(r, check_short_buffer);
}

static void check_none(struct rows *r, int priv, uint64_t id)
{
	EXPECT_EQ(send(r, priv, id, 0), -EINVAL);
}

static void send_none(struct rows *r)
{
	send_with_one(r, check_none);
}

static void check_wrong_meta(struct rows *r, int priv, uint64_t id)
{
	union rows_supp supp = { 0 };

	supp.arg.params[0] = (struct tee_ioctl_param){ .attr = 0x102, .a = id };
	EXPECT_EQ(send_len(r, priv, &supp, 0, 3, 8 + 3 * 32), -EINVAL);
	supp.arg.params[0].attr = 3;
	EXPECT_EQ(send_len(r, priv, &supp, 0, 3, 8 + 3 * 32), -EINVAL);
}

static void send_wrong_meta(struct rows *r)
{
	send_with_one(r, check_wrong_meta);
}

static void check_unknown(struct rows *r, int priv, uint64_t id)
{
	EXPECT_EQ(send(r, priv, id + 1, 3), -ENOENT);
	EXPECT_EQ(send(r, priv, 0, 3), -ENOENT);
	EXPECT_EQ(send(r, priv, UINT64_MAX, 3), -ENOENT);
	EXPECT_EQ(send(r, priv, id + (1ull << 32), 3), -ENOENT);
}

static void send_unknown(struct rows *r)
{
	send_with_one(r, check_unknown);
}

static void send_twice(struct rows *r)
{
	int priv = rows_open(r, ROWS_PRIV);
	union rows_supp supp;
	void *client = start_client(r);
	uint64_t id = take(r, priv, &supp);

	EXPECT_EQ(send(r, priv, id, 3), 0);
	EXPECT_EQ(send(r, priv, id, 3), -ENOENT);
	EXPECT_EQ(end_client(r, client), ITEM_NOT_FOUND);
}

static void send_after_kill(struct rows *r)
{
	int priv = rows_open(r, ROWS_PRIV);
	union rows_supp supp;
	void *client = start_client(r);
	uint64_t id = take(r, priv, &supp);
	long rc;

	rows_job_kill(r, client);
	rows_job_end(r, client, NULL);
	/* Too few parameters: EINVAL as long as its end is not known. */
	EXPECT_SOON((rc = send(r, priv, id, 1)) != -EINVAL);
	EXPECT_EQ(rc, -EBADF);
	EXPECT_EQ(send(r, priv, id, 3), -ENOENT);
}

static void check_wrong_count(struct rows *r, int priv, uint64_t id)
{
	EXPECT_EQ(send(r, priv, id, 2), -EINVAL);
	EXPECT_EQ(send(r, priv, id, 4), -EINVAL);
	EXPECT_EQ(send(r, priv, id, 1), -EINVAL);
}

static void send_wrong_count(struct rows *r)
{
	send_with_one(r, check_wrong_count);
}

static void check_attr(struct rows *r, int priv, uint64_t id, uint64_t attr)
{
	union rows_supp supp = { 0 };

	for (uint32_t i = 0; i < 3; i++) {
		memset(&supp, 0, sizeof(supp));
		supp.arg.params[0] = (struct tee_ioctl_param){ .attr = META, .a = id };
		supp.arg.params[i].attr = attr;
		EXPECT_EQ(send_len(r, priv, &supp, 0, 3, 8 + 3 * 32), -EINVAL);
	}
}

static void check_high_attr(struct rows *r, int priv, uint64_t id)
{
	check_attr(r, priv, id, 0x200);
}

static void send_high_attr(struct rows *r)
{
	send_with_one(r, check_high_attr);
}

static void check_unknown_attr(struct rows *r, int priv, uint64_t id)
{
	check_attr(r, priv, id, 4);
	check_attr(r, priv, id, 14);
}

static void send_unknown_attr(struct rows *r)
{
	send_with_one(r, check_unknown_attr);
}

/* --- the end of the supplicant --- */

static void supplicant_exits(struct rows *r)
{
	int priv = rows_open(r, ROWS_PRIV);
	union rows_supp supp;
	void *clients[2];

	clients[0] = start_client_for(r, 0);
	(void)take(r, priv, &supp);
	clients[1] = start_client_for(r, 1);
	/* It is queued once there is something to refuse; the world loads one TA a time. */
	if (!r->home->is_device)
		EXPECT_EQ(recv(r, priv, &supp, META_OFFERED, 1), -EINVAL);
	rows_close(r, priv);
	for (size_t i = 0; i < 2; i++) {
		uint32_t ret = end_client(r, clients[i]);

		/*
		 * What the supplicant never saw goes to the one inside swteed, where
		 * there is one, whose answer is another.
		 */
		EXPECT(ret == COMMUNICATION || (i && r->home->is_device && ret == ITEM_NOT_FOUND));
	}
}

const struct row rows_supp[] = {
	RECV("core N107 SUPPL_RECV buf_len 7 -> EINVAL", 0, 0, 0, 7),
	RECV("core N108 SUPPL_RECV room for 5, num_params 4 -> EINVAL", 4, META_OFFERED, 0,
	     8 + 5 * 32),
	RECV("core N109 SUPPL_RECV num_params 0 -> EINVAL", 0, 0, 0, 8),
	RECV("core N110 SUPPL_RECV parameter 1 attr 1 -> EINVAL", 5, META_OFFERED, 1, 8 + 5 * 32),
	RECV("core N111 SUPPL_RECV parameter 0 attr 0x103 -> EINVAL", 5, META, 0, 8 + 5 * 32),
	RECV("core SUPPL_RECV parameter 0 attr 0x101 -> EINVAL", 5, 0x101, 0, 8 + 5 * 32),
	{ "core N112 SUPPL_RECV too little room -> EINVAL, request stays", recv_little_room,
	  ROW_OPTEE },
	{ "core N113 SUPPL_RECV synchronous, before SEND -> EINVAL", recv_synchronous, ROW_OPTEE },
	{ "core N114 SUPPL_RECV signal while idle -> EINTR", recv_signal },
	{ "core N115 SUPPL_SEND longer buffer -> ok", send_long_buffer, ROW_OPTEE },
	{ "core N116 SUPPL_SEND shorter buffer -> EINVAL", send_short_buffer, ROW_OPTEE },
	{ "core N117 SUPPL_SEND num_params 0 -> EINVAL", send_none, ROW_OPTEE },
	{ "core N118 SUPPL_SEND first attr 0x102 -> EINVAL", send_wrong_meta, ROW_OPTEE },
	{ "core N119 SUPPL_SEND unknown id -> ENOENT", send_unknown, ROW_OPTEE },
	{ "core N120 SUPPL_SEND id answered before -> ENOENT", send_twice, ROW_OPTEE },
	{ "core N121 SUPPL_SEND requester killed -> EBADF, then ENOENT", send_after_kill,
	  ROW_OPTEE },
	{ "core N122 SUPPL_SEND one parameter more or less -> EINVAL, outstanding",
	  send_wrong_count, ROW_OPTEE },
	{ "core N123 SUPPL_SEND attr 0x200 -> EINVAL", send_high_attr, ROW_OPTEE },
	{ "core N124 SUPPL_SEND attr 4 -> EINVAL (decided: no unknown types)", send_unknown_attr,
	  ROW_OPTEE },
	{ "core N125 supplicant exits -> ret COMMUNICATION, no hang", supplicant_exits,
	  ROW_OPTEE },
	{ 0 }
};
