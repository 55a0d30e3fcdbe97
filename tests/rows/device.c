/* SPDX-License-Identifier: BSD-2-Clause */
/* Rows 1 to 10, 14 to 21: command words, VERSION, opens, SHM_ALLOC */
#include "rows.h"

#include <errno.h>
#include <string.h>

/* --- command words --- */

#define WORD(name, value) { name, word, 0, &(const uint32_t){ value } }

static void word(struct rows *r)
{
	uint32_t cmd = *(const uint32_t *)r->row->data;

	EXPECT_EQ(rows_ioctl(r, r->tee, cmd, r->page), -EINVAL);
	/* Before any user memory is looked at */
	EXPECT_EQ(rows_ioctl(r, r->tee, cmd, NULL), -EINVAL);
}

/* --- VERSION --- */

static void version_null(struct rows *r)
{
	EXPECT_EQ(rows_ioctl(r, r->tee, TEE_IOC_VERSION, NULL), -EFAULT);
}

static void version_read_only(struct rows *r)
{
	EXPECT_EQ(rows_ioctl(r, r->tee, TEE_IOC_VERSION, r->ro), -EFAULT);
}

static void version_privileged(struct rows *r)
{
	struct tee_ioctl_version_data vers[2] = { 0 };
	int priv = rows_open(r, ROWS_PRIV);

	EXPECT_EQ(rows_ioctl(r, r->tee, TEE_IOC_VERSION, &vers[0]), 0);
	EXPECT_EQ(rows_ioctl(r, priv, TEE_IOC_VERSION, &vers[1]), 0);
	EXPECT_EQ(vers[0].impl_id, r->home->impl_id);
	EXPECT_EQ(vers[1].impl_id, r->home->impl_id);
	EXPECT(!(vers[0].gen_caps & TEE_GEN_CAP_PRIVILEGED));
	EXPECT_EQ(vers[1].gen_caps, vers[0].gen_caps | TEE_GEN_CAP_PRIVILEGED);
}

/* --- opens --- */

static void opens(struct rows *r)
{
	int second = rows_open(r, ROWS_CLIENT), third = rows_open(r, ROWS_CLIENT);
	uint32_t session = rows_session_open(r, r->tee);
	int id, other_id;

	rows_alloc(r, r->tee, 1, &id);
	rows_alloc(r, second, 1, &other_id);
	EXPECT(rows_id_known(r, r->tee, id));
	EXPECT(!rows_id_known(r, second, id));
	EXPECT(!rows_id_known(r, third, id));
	EXPECT(!rows_id_known(r, r->tee, other_id));
	EXPECT_EQ(rows_session_close(r, third, session), -EINVAL);
	rows_close(r, second);
	EXPECT_EQ(rows_session_close(r, r->tee, session), 0);
}

static void open_privileged_twice(struct rows *r)
{
	int priv = rows_open(r, ROWS_PRIV);

	EXPECT_EQ(rows_try_open(r, ROWS_PRIV), -EBUSY);
	rows_close(r, priv);
	/* The close is over when it returns. */
	rows_open(r, ROWS_PRIV);
}

static void open_privileged_mapped(struct rows *r)
{
	int priv = rows_open(r, ROWS_PRIV), id;
	int fd = rows_alloc(r, priv, 1, &id);
	uint8_t *map = rows_map_shm(r, fd, ROWS_PAGE);

	rows_close_shm(r, fd);
	rows_close(r, priv);
	EXPECT_EQ(rows_try_open(r, ROWS_PRIV), -EBUSY);
	map[0] = 1;
	rows_unmap_shm(r, fd, map);
	EXPECT_SOON(rows_try_open(r, ROWS_PRIV) >= 0);
}

/* --- SHM_ALLOC --- */

struct alloc {
	uint64_t size;
	uint32_t flags;
	long expect;
	uint64_t size_out;
};

#define ALLOC(name, ...) { name, alloc, 0, &(const struct alloc){ __VA_ARGS__ } }

static void alloc(struct rows *r)
{
	const struct alloc *row = r->row->data;
	struct tee_ioctl_shm_alloc_data data = { row->size, row->flags, .id = -7 };
	long fd = rows_own_shm(r, rows_ioctl(r, r->tee, TEE_IOC_SHM_ALLOC, &data));

	if (row->expect) {
		EXPECT_EQ(fd, row->expect);
		EXPECT_EQ(data.size, row->size);
		EXPECT_EQ(data.flags, row->flags);
		EXPECT_EQ(data.id, -7);
		rows_no_ids_left(r);
	} else {
		uint8_t *map;

		EXPECT(fd >= 0);
		EXPECT_EQ(data.size, row->size_out);
		EXPECT_EQ(data.flags, 0);
		EXPECT(data.id >= 1);
		map = rows_map_shm(r, (int)fd, data.size);
		for (size_t i = 0; i < data.size; i++)
			EXPECT_EQ(map[i], 0);
		map[data.size - 1] = 1;
		EXPECT(rows_id_known(r, r->tee, data.id));
	}
}

static void alloc_null(struct rows *r)
{
	EXPECT_EQ(rows_ioctl(r, r->tee, TEE_IOC_SHM_ALLOC, NULL), -EFAULT);
}

static void alloc_read_only(struct rows *r)
{
	const struct tee_ioctl_shm_alloc_data data = { .size = 1 };
	void *arg = rows_read_only(r, &data, sizeof(data));

	EXPECT_EQ(rows_ioctl(r, r->tee, TEE_IOC_SHM_ALLOC, arg), -EFAULT);
	rows_no_ids_left(r);
}

static void alloc_no_fd(struct rows *r)
{
	struct tee_ioctl_shm_alloc_data data = { .size = 1 };
	long fd;

	/* A call before, so that what a thread needs for its first is there. */
	EXPECT(!rows_id_known(r, r->tee, 1));
	r->home->forbid_fds(r->home, true);
	fd = rows_ioctl(r, r->tee, TEE_IOC_SHM_ALLOC, &data);
	r->home->forbid_fds(r->home, false);
	EXPECT_EQ(fd, -EMFILE);
	/* The id was told, but is that of nothing, at the latest in a moment. */
	EXPECT(data.id >= 1);
	EXPECT_SOON(!rows_id_known(r, r->tee, data.id));
	rows_no_ids_left(r);
}

const struct row rows_device[] = {
	WORD("core N1 ioctl nr 11 of the magic -> EINVAL", 0x8010A40B),
	WORD("core N2 VERSION with size 16 -> EINVAL", 0x8010A400),
	WORD("core N3 SHM_ALLOC with direction R -> EINVAL", 0x8010A401),
	WORD("core N4 ioctl of a tty, TCGETS -> EINVAL", 0x5401),
	WORD("core N4 ioctl of all files, FIONREAD -> EINVAL", 0x541B),
	WORD("core N4 ioctl of sockets, SIOCGIFCONF -> EINVAL", 0x8912),
	WORD("core INVOKE with direction RW -> EINVAL", 0xC010A403),
	WORD("core word 0 -> EINVAL", 0),
	{ "core N5 VERSION NULL -> EFAULT", version_null },
	{ "core N6 VERSION to a read-only page -> EFAULT", version_read_only },
	{ "core N7 VERSION, PRIVILEGED on the privileged device only", version_privileged },
	{ "core N8 client device opened three times, separate contexts", opens },
	{ "core N9 privileged device while one is open -> EBUSY", open_privileged_twice },
	{ "core N10 privileged device while the last holder's shm is mapped -> EBUSY",
	  open_privileged_mapped },
	{ "core N14 SHM_ALLOC NULL -> EFAULT", alloc_null },
	ALLOC("core N15 SHM_ALLOC flags 1 -> EINVAL", 1, 1, -EINVAL),
	ALLOC("core N16 SHM_ALLOC flags 0x80000000 -> EINVAL", 1, 0x80000000, -EINVAL),
	ALLOC("core N17 SHM_ALLOC size 0 -> ENOMEM", 0, 0, -ENOMEM),
	ALLOC("core N18 SHM_ALLOC size 2^63 -> ENOMEM", 1ull << 63, 0, -ENOMEM),
	ALLOC("core SHM_ALLOC size 2^64-1 -> ENOMEM", UINT64_MAX, 0, -ENOMEM),
	ALLOC("core SHM_ALLOC size 2^64-4095 -> ENOMEM", UINT64_MAX - 4094, 0, -ENOMEM),
	ALLOC("core N19 SHM_ALLOC size 1 -> a page, flags 0, id >= 1", 1, 0, 0, 4096),
	ALLOC("core SHM_ALLOC size 4097 -> two pages", 4097, 0, 0, 8192),
	{ "core N20 SHM_ALLOC with a read-only struct -> EFAULT, no fd, no id", alloc_read_only },
	{ "core N21 SHM_ALLOC at the fd limit -> EMFILE, id unusable", alloc_no_fd },
	{ 0 }
};
