/* SPDX-License-Identifier: BSD-2-Clause */
/* Rows 23 to 38: SHM_REGISTER, SHM_REGISTER_FD of what is no dma-buf */
#include "rows.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

/* Where in the memory of the row an address lies */
enum where { IN_PAGE, AT_END, ABSOLUTE };

struct reg {
	enum where where;
	uint64_t addr;
	uint64_t length;
	uint32_t flags;
	long expect;
};

#define REGISTER(name, ...) { name, reg, 0, &(const struct reg){ __VA_ARGS__ } }

static uint64_t where_at(struct rows *r, enum where where)
{
	switch (where) {
	case IN_PAGE:
		return (uintptr_t)r->page;
	case AT_END:
		return (uintptr_t)r->page + ROWS_PAGE;
	default:
		return 0;
	}
}

static void reg(struct rows *r)
{
	const struct reg *row = r->row->data;
	struct tee_ioctl_shm_register_data data = {
		.addr = where_at(r, row->where) + row->addr,
		.length = row->length, .flags = row->flags, .id = -7,
	};
	uint64_t addr = data.addr;
	long fd = rows_own_shm(r, rows_ioctl(r, r->tee, TEE_IOC_SHM_REGISTER, &data));

	EXPECT_EQ(data.addr, addr);
	EXPECT_EQ(data.length, row->length);
	EXPECT_EQ(data.flags, row->flags);
	if (!row->expect) {
		EXPECT(fd >= 0);
		EXPECT(data.id >= 1);
		EXPECT(rows_id_known(r, r->tee, data.id));
		return;
	}
	EXPECT_EQ(fd, row->expect);
	EXPECT_EQ(data.id, -7);
	rows_no_ids_left(r);
}

/*
 * A kernel refuses it, as does the platform of the unit tests. Through the device, by
 * decision, it is good for input: a call that names it as output fails.
 */
static void register_read_only(struct rows *r)
{
	struct tee_ioctl_shm_register_data data = {
		.addr = (uintptr_t)r->ro, .length = ROWS_PAGE,
	};
	union rows_invoke invoke = { .arg = { .func = ROWS_FN_ECHO, .num_params = 1 } };
	long fd = rows_own_shm(r, rows_ioctl(r, r->tee, TEE_IOC_SHM_REGISTER, &data));

	if (!r->home->is_device) {
		EXPECT_EQ(fd, -EFAULT);
		rows_no_ids_left(r);
		return;
	}
	EXPECT(fd >= 0);
	invoke.arg.session = rows_session_open(r, r->tee);
	invoke.arg.params[0] = (struct tee_ioctl_param){ 5, 0, 100, (uint64_t)data.id };
	EXPECT_EQ(rows_do_invoke(r, r->tee, &invoke), 0);
	EXPECT_EQ(invoke.arg.ret, 0);
	invoke.arg.params[0].attr = TEE_IOCTL_PARAM_ATTR_TYPE_MEMREF_INOUT;
	EXPECT_EQ(rows_do_invoke(r, r->tee, &invoke), -EFAULT);
}

static void register_read_only_arg(struct rows *r)
{
	const struct tee_ioctl_shm_register_data data = {
		.addr = (uintptr_t)r->page, .length = ROWS_PAGE,
	};
	void *arg = rows_read_only(r, &data, sizeof(data));

	EXPECT_EQ(rows_ioctl(r, r->tee, TEE_IOC_SHM_REGISTER, NULL), -EFAULT);
	EXPECT_EQ(rows_ioctl(r, r->tee, TEE_IOC_SHM_REGISTER, arg), -EFAULT);
	rows_no_ids_left(r);
}

static void register_twice(struct rows *r)
{
	int ids[2], fd = rows_register(r, r->tee, r->page, ROWS_PAGE, &ids[0]);

	rows_register(r, r->tee, r->page, ROWS_PAGE, &ids[1]);
	EXPECT(ids[0] != ids[1]);
	rows_close_shm(r, fd);
	EXPECT_SOON(!rows_id_known(r, r->tee, ids[0]));
	EXPECT(rows_id_known(r, r->tee, ids[1]));
}

/* Echo's privileged device registers no memory, OP-TEE's does. */
static void register_missing(struct rows *r)
{
	struct tee_ioctl_shm_register_data data = {
		.addr = (uintptr_t)r->page, .length = ROWS_PAGE,
	};
	int priv = rows_open(r, ROWS_PRIV), id;

	if (r->home->optee) {
		rows_register(r, priv, r->page, ROWS_PAGE, &id);
		return;
	}
	EXPECT_EQ(rows_ioctl(r, priv, TEE_IOC_SHM_REGISTER, &data), ROWS_NOT_SUPPORTED);
	/* Neither pinned nor looked at: it is not mapped. */
	data.addr += ROWS_PAGE;
	EXPECT_EQ(rows_ioctl(r, priv, TEE_IOC_SHM_REGISTER, &data), ROWS_NOT_SUPPORTED);
	/* But the range is checked before. */
	data.addr = ROWS_KERNEL_HALF;
	EXPECT_EQ(rows_ioctl(r, priv, TEE_IOC_SHM_REGISTER, &data), -EFAULT);
	data.flags = 1;
	EXPECT_EQ(rows_ioctl(r, priv, TEE_IOC_SHM_REGISTER, &data), -EINVAL);
}

/* --- SHM_REGISTER_FD --- */

static long register_fd(struct rows *r, int64_t fd, uint32_t flags)
{
	struct tee_ioctl_shm_register_fd_data data = { .fd = fd, .flags = flags, .id = -7 };
	long rc = rows_ioctl(r, r->tee, TEE_IOC_SHM_REGISTER_FD, &data);

	EXPECT_EQ(data.id, -7);
	EXPECT_EQ(data.size, 0);
	return rc;
}

static void register_fd_bad(struct rows *r)
{
	EXPECT_EQ(rows_ioctl(r, r->tee, TEE_IOC_SHM_REGISTER_FD, NULL), -EFAULT);
	EXPECT_EQ(register_fd(r, -1, 0), -EINVAL);
	EXPECT_EQ(register_fd(r, 1000000, 0), -EINVAL);
}

static void register_fd_file(struct rows *r)
{
	int fds[] = {
		memfd_create("rows", MFD_CLOEXEC), open("/proc/self/exe", O_RDONLY | O_CLOEXEC),
	};

	for (size_t i = 0; i < 2; i++) {
		EXPECT(fds[i] >= 0);
		EXPECT_EQ(register_fd(r, fds[i], 0), -EINVAL);
		close(fds[i]);
	}
	EXPECT_EQ(register_fd(r, r->tee, 0), -EINVAL);
}

static void register_fd_shm(struct rows *r)
{
	int id;

	EXPECT_EQ(register_fd(r, rows_alloc(r, r->tee, 1, &id), 0), -EINVAL);
	EXPECT_EQ(register_fd(r, rows_register(r, r->tee, r->page, 1, &id), 0), -EINVAL);
}

static void register_fd_flags(struct rows *r)
{
	int id;

	EXPECT_EQ(register_fd(r, rows_alloc(r, r->tee, 1, &id), 1), -EINVAL);
}

const struct row rows_shm[] = {
	REGISTER("core N23 SHM_REGISTER flags 1 -> EINVAL", IN_PAGE, 0, 4096, 1, -EINVAL),
	REGISTER("core N24 SHM_REGISTER in the kernel half -> EFAULT", ABSOLUTE, ROWS_KERNEL_HALF,
		 4096, 0, -EFAULT),
	REGISTER("core N25 SHM_REGISTER addr + length wraps -> EFAULT", ABSOLUTE, 4096,
		 UINT64_MAX - 4095, 0, -EFAULT),
	REGISTER("core SHM_REGISTER of all addresses -> EFAULT", ABSOLUTE, 0, UINT64_MAX, 0,
		 -EFAULT),
	REGISTER("core N26 SHM_REGISTER of an unmapped page -> EFAULT", AT_END, 0, 4096, 0,
		 -EFAULT),
	REGISTER("core N26 SHM_REGISTER, second page unmapped -> EFAULT, none pinned", IN_PAGE, 1,
		 4096, 0, -EFAULT),
	{ "core N27 SHM_REGISTER read-only -> EFAULT at once, or as an output (decided)",
	  register_read_only },
	REGISTER("core N28 SHM_REGISTER length 0 -> ENOMEM", IN_PAGE, 0, 0, 0, -ENOMEM),
	REGISTER("core N28 SHM_REGISTER length 0 at an odd address -> ENOMEM", IN_PAGE, 5, 0, 0,
		 -ENOMEM),
	REGISTER("core N29 SHM_REGISTER odd address and length -> ok, length echoed", IN_PAGE, 13,
		 1027, 0, 0),
	{ "core SHM_REGISTER with a read-only struct -> EFAULT, id free", register_read_only_arg },
	{ "core N31 SHM_REGISTER without the driver's ops -> 524", register_missing },
	{ "core N32 SHM_REGISTER the same range twice -> two ids", register_twice },
	{ "core N33 SHM_REGISTER_FD fd -1 -> EINVAL", register_fd_bad },
	{ "core N34 SHM_REGISTER_FD of a file or memfd -> EINVAL", register_fd_file },
	{ "core N35 SHM_REGISTER_FD of an shm fd -> EINVAL", register_fd_shm },
	{ "core N38 SHM_REGISTER_FD flags 1 -> EINVAL", register_fd_flags },
	{ 0 }
};
