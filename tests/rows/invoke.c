/* SPDX-License-Identifier: BSD-2-Clause */
/* Rows 66 to 97: INVOKE and its parameters */
#include "rows.h"

#include <errno.h>
#include <string.h>

static union rows_invoke echo_of(uint32_t session, uint32_t n)
{
	return (union rows_invoke){ .arg = { .func = ROWS_FN_ECHO, .session = session,
					     .ret = 0x11111111, .ret_origin = 0x22222222,
					     .num_params = n } };
}

/* An errno, nothing written, and the service was not reached. */
static void expect_refused(struct rows *r, union rows_invoke *invoke, long expect)
{
	union rows_invoke before = *invoke;
	uint64_t calls = rows_info(r, r->tee, invoke->arg.session).calls;

	EXPECT_EQ(rows_do_invoke(r, r->tee, invoke), expect);
	EXPECT(!memcmp(invoke, &before, sizeof(before)));
	EXPECT_EQ(rows_info(r, r->tee, invoke->arg.session).calls, calls + 1);
}

static void short_header(struct rows *r)
{
	union rows_invoke invoke = echo_of(rows_session_open(r, r->tee), 0);

	EXPECT_EQ(rows_buf_ioctl(r, r->tee, TEE_IOC_INVOKE, &invoke, 23), -EINVAL);
	EXPECT_EQ(rows_buf_ioctl(r, r->tee, TEE_IOC_INVOKE, &invoke, 25), -EINVAL);
	EXPECT_EQ(rows_buf_ioctl(r, r->tee, TEE_IOC_INVOKE, &invoke, UINT64_MAX), -EINVAL);
	EXPECT_EQ(rows_buf_ioctl(r, r->tee, TEE_IOC_INVOKE, &invoke, (1ull << 32) + 24), -EINVAL);
	EXPECT_EQ(rows_buf_ioctl(r, r->tee, TEE_IOC_INVOKE, &invoke, 4097), -EINVAL);
	EXPECT_EQ(rows_buf_ioctl(r, r->tee, TEE_IOC_INVOKE, &invoke, 24), 0);
}

/* --- sessions --- */

static void unknown_session(struct rows *r)
{
	union rows_invoke invoke = echo_of(12345, 0);

	EXPECT_EQ(rows_do_invoke(r, r->tee, &invoke), -EINVAL);
	EXPECT_EQ(invoke.arg.ret, 0x11111111);
	EXPECT_EQ(invoke.arg.ret_origin, 0x22222222);
}

static void foreign_session(struct rows *r)
{
	union rows_invoke invoke = echo_of(rows_session_open(r, r->tee), 0);

	EXPECT_EQ(rows_do_invoke(r, rows_open(r, ROWS_CLIENT), &invoke), -EINVAL);
	EXPECT_EQ(rows_do_invoke(r, r->tee, &invoke), 0);
}

static void closed_session(struct rows *r)
{
	union rows_invoke invoke = echo_of(rows_session_open(r, r->tee), 0);

	EXPECT_EQ(rows_session_close(r, r->tee, invoke.arg.session), 0);
	EXPECT_EQ(rows_do_invoke(r, r->tee, &invoke), -EINVAL);
}

static void seven_params(struct rows *r)
{
	union rows_invoke invoke = echo_of(rows_session_open(r, r->tee), 7);

	expect_refused(r, &invoke, -EINVAL);
}

/* --- one parameter --- */

/* What takes the place of c */
enum row_id { LITERAL, GOOD, GOOD_HIGH, OTHER_CTX, PRIVILEGED, CLOSED, MAPPED };

struct param {
	struct tee_ioctl_param param;
	long expect;
	enum row_id id;
};

#define PARAM(name, ...) { name, param, 0, &(const struct param){ __VA_ARGS__ } }
/* What the core takes and OP-TEE's driver does not */
#define OPTEE(name, ...) { name, param, ROW_OPTEE, &(const struct param){ __VA_ARGS__ } }

static uint64_t make_id(struct rows *r, enum row_id which)
{
	int id, fd;

	switch (which) {
	case GOOD:
		rows_alloc(r, r->tee, 1, &id);
		return (uint64_t)id;
	case GOOD_HIGH:
		rows_alloc(r, r->tee, 1, &id);
		return (1ull << 32) + (uint64_t)id;
	case OTHER_CTX:
		rows_alloc(r, rows_open(r, ROWS_CLIENT), 1, &id);
		return (uint64_t)id;
	case PRIVILEGED:
		rows_alloc(r, rows_open(r, ROWS_PRIV), 1, &id);
		return (uint64_t)id;
	case CLOSED:
		fd = rows_alloc(r, r->tee, 1, &id);
		rows_unmap_shm(r, fd, rows_map_shm(r, fd, ROWS_PAGE));
		rows_close_shm(r, fd);
		EXPECT_SOON(!rows_id_known(r, r->tee, (uint64_t)id));
		return (uint64_t)id;
	case MAPPED:
		fd = rows_alloc(r, r->tee, 1, &id);
		rows_map_shm(r, fd, ROWS_PAGE);
		rows_close_shm(r, fd);
		return (uint64_t)id;
	default:
		return 0;
	}
}

static void param(struct rows *r)
{
	const struct param *row = r->row->data;
	union rows_invoke invoke = echo_of(rows_session_open(r, r->tee), 1);

	invoke.arg.params[0] = row->param;
	if (row->id != LITERAL)
		invoke.arg.params[0].c = make_id(r, row->id);
	if (row->expect) {
		expect_refused(r, &invoke, row->expect);
	} else {
		EXPECT_EQ(rows_do_invoke(r, r->tee, &invoke), 0);
		EXPECT_EQ(rows_info(r, r->tee, invoke.arg.session).calls, 2);
	}
}

/* A device without the capability (92) exists in process only. */
static void null_memref(struct rows *r)
{
	struct tee_ioctl_version_data vers;
	union rows_invoke invoke = echo_of(rows_session_open(r, r->tee), 1);

	invoke.arg.params[0] = (struct tee_ioctl_param){ .attr = 6, .a = UINT64_MAX,
							 .b = UINT64_MAX - 1, .c = UINT64_MAX };
	EXPECT_EQ(rows_ioctl(r, r->tee, TEE_IOC_VERSION, &vers), 0);
	EXPECT(vers.gen_caps & TEE_GEN_CAP_MEMREF_NULL);
	EXPECT_EQ(rows_do_invoke(r, r->tee, &invoke), 0);
	/* There is nothing to write to. OP-TEE's trusted OS refuses the size. */
	EXPECT_EQ(rows_info(r, r->tee, invoke.arg.session).calls, invoke.arg.ret ? 1 : 2);
	EXPECT(r->home->optee || invoke.arg.ret == 0);
	EXPECT(invoke.arg.ret != 0x11111111);
}

/* The reference is observable by its end. */
static void second_memref(struct rows *r)
{
	union rows_invoke invoke = echo_of(rows_session_open(r, r->tee), 2);
	int id, fd = rows_alloc(r, r->tee, 1, &id);

	invoke.arg.params[0] = (struct tee_ioctl_param){ .attr = 7, .b = 1, .c = (uint64_t)id };
	invoke.arg.params[1] = (struct tee_ioctl_param){ .attr = 7, .b = 1,
							 .c = (uint64_t)id + 1 };
	for (int i = 0; i < 3; i++)
		expect_refused(r, &invoke, -EINVAL);
	invoke.arg.params[1] = (struct tee_ioctl_param){ .attr = 7, .a = 4096, .b = 1,
							 .c = (uint64_t)id };
	expect_refused(r, &invoke, -EINVAL);
	invoke.arg.params[1].attr = 4;
	expect_refused(r, &invoke, -EINVAL);
	rows_close_shm(r, fd);
	EXPECT_SOON(!rows_id_known(r, r->tee, (uint64_t)id));
}

/* --- what comes back --- */

static void short_buffer(struct rows *r)
{
	union rows_invoke invoke = echo_of(rows_session_open(r, r->tee), 2);
	int id, fd = rows_alloc(r, r->tee, ROWS_PAGE, &id);
	uint8_t *map = rows_map_shm(r, fd, ROWS_PAGE);

	memcpy(map, "needs ten", 10);
	invoke.arg.params[0] = (struct tee_ioctl_param){ 5, 0, 10, (uint64_t)id };
	invoke.arg.params[1] = (struct tee_ioctl_param){ 6, 100, 9, (uint64_t)id };
	EXPECT_EQ(rows_do_invoke(r, r->tee, &invoke), 0);
	EXPECT_EQ(invoke.arg.ret, 0xFFFF0010);
	EXPECT_EQ(invoke.arg.params[1].a, 100);
	EXPECT_EQ(invoke.arg.params[1].b, 10);
	EXPECT_EQ(invoke.arg.params[1].c, id);
	EXPECT_EQ(map[100], 0);
	/* With room enough it is done. */
	EXPECT_EQ(rows_do_invoke(r, r->tee, &invoke), 0);
	EXPECT_EQ(invoke.arg.ret, 0);
	EXPECT_EQ(invoke.arg.params[1].b, 10);
	EXPECT(!strcmp((char *)map + 100, "needs ten"));
}

static void read_only_reply(struct rows *r)
{
	union rows_invoke invoke = echo_of(rows_session_open(r, r->tee), 0);
	void *arg = rows_read_only(r, &invoke, sizeof(invoke.arg));

	EXPECT_EQ(rows_buf_ioctl(r, r->tee, TEE_IOC_INVOKE, arg, sizeof(invoke.arg)), -EFAULT);
	EXPECT_EQ(rows_info(r, r->tee, invoke.arg.session).calls, 2);
}

static void output_preset(struct rows *r)
{
	union rows_invoke invoke = echo_of(rows_session_open(r, r->tee), 1);

	/* Without an input before it the service leaves it as it saw it. */
	invoke.arg.params[0] = (struct tee_ioctl_param){ 2, 0x1111, 0x2222, 0x3333 };
	EXPECT_EQ(rows_do_invoke(r, r->tee, &invoke), 0);
	EXPECT_EQ(invoke.arg.ret, 0);
	EXPECT_EQ(invoke.arg.params[0].a, 0);
	EXPECT_EQ(invoke.arg.params[0].b, 0);
	EXPECT_EQ(invoke.arg.params[0].c, 0);
}

const struct row rows_invoke[] = {
	{ "core N66 INVOKE buf_len 23 -> EINVAL", short_header },
	{ "core N67 INVOKE unknown session -> EINVAL, ret untouched", unknown_session },
	{ "core N68 INVOKE session of another context -> EINVAL", foreign_session },
	{ "core N69 INVOKE after CLOSE_SESSION -> EINVAL", closed_session },
	{ "core N70 INVOKE 7 parameters -> EINVAL", seven_params, ROW_OPTEE },
	PARAM("core N71 INVOKE attr 4 -> EINVAL", { .attr = 4 }, -EINVAL),
	PARAM("core N72 INVOKE attr 14 -> EINVAL", { .attr = 14 }, -EINVAL),
	PARAM("core INVOKE attr 255 -> EINVAL", { .attr = 255 }, -EINVAL),
	PARAM("core N73 INVOKE attr 0x201 -> EINVAL", { .attr = 0x201 }, -EINVAL),
	PARAM("core N74 INVOKE attr bit 63 -> EINVAL", { .attr = 1ull << 63 }, -EINVAL),
	OPTEE("core N75 INVOKE attr 0x103 -> EINVAL of the driver", { .attr = 0x103 }, -EINVAL),
	OPTEE("core N76 INVOKE UBUF -> EINVAL of the driver", { .attr = 8, .a = 4096, .b = 1 },
	      -EINVAL),
	PARAM("core N77 INVOKE UBUF in the kernel half -> EFAULT",
	      { .attr = 8, .a = ROWS_KERNEL_HALF, .b = 1 }, -EFAULT),
	PARAM("core N77 INVOKE UBUF of size 0 in the kernel half -> EFAULT",
	      { .attr = 9, .a = ROWS_KERNEL_HALF }, -EFAULT),
	PARAM("core N78 INVOKE UBUF address + size wraps -> EFAULT",
	      { .attr = 8, .a = 4096, .b = UINT64_MAX }, -EFAULT),
	OPTEE("core N79 INVOKE OBJREF -> EINVAL of the driver", { .attr = 11 }, -EINVAL),
	PARAM("core N80 INVOKE memref id 0 -> EINVAL", { .attr = 5, .b = 1 }, -EINVAL),
	PARAM("core N81 INVOKE memref id never allocated -> EINVAL",
	      { .attr = 5, .b = 1, .c = 77 }, -EINVAL),
	PARAM("core N82 INVOKE memref id of another context -> EINVAL", { .attr = 5, .b = 1 },
	      -EINVAL, OTHER_CTX),
	PARAM("core N83 INVOKE memref id of the privileged device -> EINVAL",
	      { .attr = 5, .b = 1 }, -EINVAL, PRIVILEGED),
	PARAM("core N84 INVOKE memref id 0xFFFFFFFE -> EINVAL",
	      { .attr = 5, .b = 1, .c = 0xFFFFFFFE }, -EINVAL),
	PARAM("core N85 INVOKE memref id + 2^32 -> EINVAL (decided: no cut to 32 bits)",
	      { .attr = 5, .b = 1 }, -EINVAL, GOOD_HIGH),
	PARAM("core N86 INVOKE memref id after close and munmap -> EINVAL", { .attr = 5, .b = 1 },
	      -EINVAL, CLOSED),
	PARAM("core N87 INVOKE memref id after close, still mapped -> ok", { .attr = 5, .b = 1 },
	      0, MAPPED),
	PARAM("core INVOKE memref to the last byte -> ok", { .attr = 7, .a = 4095, .b = 1 }, 0,
	      GOOD),
	PARAM("core N88 INVOKE memref offset = size, size 1 -> EINVAL",
	      { .attr = 5, .a = 4096, .b = 1 }, -EINVAL, GOOD),
	PARAM("core N89 INVOKE memref offset = size, size 0 -> ok", { .attr = 5, .a = 4096 }, 0,
	      GOOD),
	PARAM("core N90 INVOKE memref offset 2^64-1, size 2 -> EINVAL",
	      { .attr = 5, .a = UINT64_MAX, .b = 2 }, -EINVAL, GOOD),
	PARAM("core N91 INVOKE memref size 2^64-1 -> EINVAL", { .attr = 5, .b = UINT64_MAX },
	      -EINVAL, GOOD),
	{ "core N93 INVOKE NULL memref, offset and size huge -> reaches the driver",
	  null_memref },
	{ "core N94 INVOKE 2nd memref bad -> EINVAL, 1st not held", second_memref },
	{ "core N95 INVOKE short buffer -> 0, ret SHORT_BUFFER, size needed", short_buffer },
	{ "core N96 INVOKE read-only reply -> EFAULT, executed", read_only_reply },
	{ "core N97 INVOKE VALUE_OUTPUT preset -> the TEE sees zeros", output_preset },
	{ 0 }
};
