/* SPDX-License-Identifier: BSD-2-Clause */
#include "rows.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>

const uint8_t rows_unknown_uuid[16] = { 0x11, 0x11, 0x11, 0x11, 0x22, 0x22, 0x43, 0x33,
					0x84, 0x44, 0x55, 0x55, 0x66, 0x66, 0x77, 0x77 };
const uint8_t rows_asking_uuid[16] = { 0x99, 0x11, 0x11, 0x11, 0x22, 0x22, 0x43, 0x33,
				       0x84, 0x44, 0x55, 0x55, 0x66, 0x66, 0x77, 0x00 };

void rows_for_each(const struct rows_home *home, void (*fn)(const struct row *row, void *data),
		   void *data)
{
	const struct row *const tables[] = {
		rows_device, rows_file, rows_shm, rows_session, rows_invoke, rows_supp,
	};

	for (size_t i = 0; i < sizeof(tables) / sizeof(tables[0]); i++) {
		for (const struct row *row = tables[i]; row->name; row++) {
			if ((row->flags & ROW_DEVICE) && !home->is_device)
				continue;
			if ((row->flags & ROW_OPTEE) && !home->optee)
				continue;
			fn(row, data);
		}
	}
}

void rows_fail(struct rows *r, const char *file, int line, const char *format, ...)
{
	char text[512];
	va_list ap;

	va_start(ap, format);
	vsnprintf(text, sizeof(text), format, ap);
	va_end(ap);
	fprintf(stderr, "%s (%s)\n  %s:%d: %s\n", r->row->name, r->home->name, file, line, text);
	longjmp(r->failed, 1);
}

void rows_pause(void)
{
	const struct timespec step = { .tv_nsec = 10000000 };

	nanosleep(&step, NULL);
}

/* --- what is open --- */

static void hold(struct rows *r, int kind, int fd, void *at, size_t size)
{
	for (size_t i = 0; i < ROWS_MAX_HANDLES; i++) {
		if (r->held[i].kind == ROWS_UNUSED) {
			r->held[i].kind = kind;
			r->held[i].fd = fd;
			r->held[i].at = at;
			r->held[i].size = size;
			return;
		}
	}
	abort();
}

/* The size that was held with it */
static size_t let_go(struct rows *r, int kind, int fd, void *at)
{
	for (size_t i = 0; i < ROWS_MAX_HANDLES; i++) {
		if ((int)r->held[i].kind == kind && r->held[i].fd == fd && r->held[i].at == at) {
			r->held[i].kind = ROWS_UNUSED;
			return r->held[i].size;
		}
	}
	abort();
}

static void let_go_all(struct rows *r)
{
	/* Jobs first, which may use the rest; contexts last, in which it is. */
	static const int order[] = { ROWS_JOB, ROWS_MAP, ROWS_SHM, ROWS_TEE };

	for (size_t k = 0; k < 4; k++) {
		for (size_t i = 0; i < ROWS_MAX_HANDLES; i++) {
			int fd = r->held[i].fd;

			if ((int)r->held[i].kind != order[k])
				continue;
			r->held[i].kind = ROWS_UNUSED;
			if (order[k] == ROWS_JOB) {
				r->home->job_kill(r->home, r->held[i].at);
				r->home->job_end(r->home, r->held[i].at, NULL);
			} else if (order[k] == ROWS_MAP) {
				r->home->unmap_shm(r->home, fd, r->held[i].at, r->held[i].size);
			} else if (order[k] == ROWS_SHM) {
				r->home->close_shm(r->home, fd);
			} else {
				r->home->close(r->home, fd);
			}
		}
	}
}

static void map_user_memory(struct rows *r)
{
	uint8_t *map = mmap(NULL, 3 * ROWS_PAGE, PROT_READ | PROT_WRITE,
			    MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (map == MAP_FAILED || munmap(map + ROWS_PAGE, ROWS_PAGE) ||
	    mprotect(map + 2 * ROWS_PAGE, ROWS_PAGE, PROT_READ))
		abort();
	r->page = map;
	r->ro = map + 2 * ROWS_PAGE;
}

bool rows_run(struct rows_home *home, const struct row *row)
{
	struct rows *r = calloc(1, sizeof(*r));
	volatile bool passed = false;

	if (!r)
		abort();
	r->home = home;
	r->row = row;
	map_user_memory(r);
	if (!setjmp(r->failed)) {
		r->tee = rows_open(r, ROWS_CLIENT);
		row->fn(r);
		passed = true;
	}
	home->forbid_fds(home, false);
	let_go_all(r);
	munmap(r->page, ROWS_PAGE);
	munmap(r->ro, ROWS_PAGE);
	free(r);
	return passed;
}

int rows_try_open(struct rows *r, enum rows_node node)
{
	int tee = r->home->open(r->home, node);

	if (tee >= 0)
		hold(r, ROWS_TEE, tee, NULL, 0);
	return tee;
}

int rows_open(struct rows *r, enum rows_node node)
{
	int tee = rows_try_open(r, node);

	if (tee < 0)
		rows_fail(r, __FILE__, __LINE__, "cannot open the %s device: %s",
			  node == ROWS_PRIV ? "privileged" : "client", strerror(-tee));
	return tee;
}

void rows_close(struct rows *r, int tee)
{
	(void)let_go(r, ROWS_TEE, tee, NULL);
	r->home->close(r->home, tee);
}

/* --- ioctls --- */

long rows_ioctl(struct rows *r, int tee, unsigned int cmd, const void *arg)
{
	return r->home->ioctl(r->home, tee, cmd, arg);
}

long rows_buf_ioctl(struct rows *r, int tee, unsigned int cmd, const void *buf, uint64_t len)
{
	struct tee_ioctl_buf_data data = { .buf_ptr = (uintptr_t)buf, .buf_len = len };

	return rows_ioctl(r, tee, cmd, &data);
}

void *rows_read_only(struct rows *r, const void *data, size_t size)
{
	if (mprotect(r->ro, ROWS_PAGE, PROT_READ | PROT_WRITE))
		abort();
	memcpy(r->ro, data, size);
	if (mprotect(r->ro, ROWS_PAGE, PROT_READ))
		abort();
	return r->ro;
}

void *rows_tail(struct rows *r, const void *data, size_t size)
{
	return memcpy(r->page + ROWS_PAGE - size, data, size);
}

int rows_own_shm(struct rows *r, long fd)
{
	if (fd >= 0)
		hold(r, ROWS_SHM, (int)fd, NULL, 0);
	return (int)fd;
}

int rows_alloc(struct rows *r, int tee, size_t size, int *ret_id)
{
	struct tee_ioctl_shm_alloc_data data = { .size = size };
	int fd = rows_own_shm(r, rows_ioctl(r, tee, TEE_IOC_SHM_ALLOC, &data));

	EXPECT(fd >= 0);
	EXPECT(data.id >= 1);
	*ret_id = data.id;
	return fd;
}

int rows_register(struct rows *r, int tee, const void *addr, size_t size, int *ret_id)
{
	struct tee_ioctl_shm_register_data data = { .addr = (uintptr_t)addr, .length = size };
	int fd = rows_own_shm(r, rows_ioctl(r, tee, TEE_IOC_SHM_REGISTER, &data));

	EXPECT(fd >= 0);
	EXPECT(data.id >= 1);
	*ret_id = data.id;
	return fd;
}

void rows_close_shm(struct rows *r, int fd)
{
	(void)let_go(r, ROWS_SHM, fd, NULL);
	r->home->close_shm(r->home, fd);
}

void *rows_map_shm(struct rows *r, int fd, size_t size)
{
	void *map = r->home->map_shm(r->home, fd, size);

	EXPECT(map != NULL);
	hold(r, ROWS_MAP, fd, map, size);
	return map;
}

void rows_unmap_shm(struct rows *r, int fd, void *map)
{
	r->home->unmap_shm(r->home, fd, map, let_go(r, ROWS_MAP, fd, map));
}

long rows_do_open(struct rows *r, int tee, union rows_open *open)
{
	return rows_buf_ioctl(r, tee, TEE_IOC_OPEN_SESSION, open,
			      sizeof(open->arg) +
			      open->arg.num_params * sizeof(struct tee_ioctl_param));
}

long rows_do_invoke(struct rows *r, int tee, union rows_invoke *invoke)
{
	return rows_buf_ioctl(r, tee, TEE_IOC_INVOKE, invoke,
			      sizeof(invoke->arg) +
			      invoke->arg.num_params * sizeof(struct tee_ioctl_param));
}

/* --- the service --- */

uint32_t rows_session_open(struct rows *r, int tee)
{
	union rows_open open = { .arg = { .session = 0 } };

	memcpy(open.arg.uuid, r->home->uuid, sizeof(open.arg.uuid));
	EXPECT_EQ(rows_do_open(r, tee, &open), 0);
	EXPECT_EQ(open.arg.ret, 0);
	EXPECT(open.arg.session != 0);
	return open.arg.session;
}

long rows_session_close(struct rows *r, int tee, uint32_t session)
{
	struct tee_ioctl_close_session_arg arg = { .session = session };

	return rows_ioctl(r, tee, TEE_IOC_CLOSE_SESSION, &arg);
}

struct rows_info rows_info(struct rows *r, int tee, uint32_t session)
{
	union rows_invoke invoke = { .arg = { .session = session, .func = ROWS_FN_INFO,
					      .num_params = 2 } };

	invoke.arg.params[0].attr = TEE_IOCTL_PARAM_ATTR_TYPE_VALUE_OUTPUT;
	invoke.arg.params[1].attr = TEE_IOCTL_PARAM_ATTR_TYPE_VALUE_OUTPUT;
	EXPECT_EQ(rows_do_invoke(r, tee, &invoke), 0);
	EXPECT_EQ(invoke.arg.ret, 0);
	return (struct rows_info){ invoke.arg.params[0].a, invoke.arg.params[0].b };
}

static int probe_id(struct rows *r)
{
	int id;

	rows_close_shm(r, rows_alloc(r, r->tee, 1, &id));
	return id;
}

void rows_no_ids_left(struct rows *r)
{
	EXPECT_SOON(probe_id(r) == 1);
}

uint32_t rows_session_alone(struct rows *r, int tee)
{
	uint32_t session = rows_session_open(r, tee);

	EXPECT_SOON(rows_info(r, tee, session).sessions == 1);
	return rows_session_close(r, tee, session) ? 0 : rows_session_open(r, tee);
}

/* An unknown id is refused before anybody looks at the session. */
bool rows_id_known(struct rows *r, int tee, uint64_t id)
{
	union rows_open open = { .arg = { .num_params = 1 } };
	long rc;

	memcpy(open.arg.uuid, rows_unknown_uuid, sizeof(open.arg.uuid));
	open.arg.params[0].attr = TEE_IOCTL_PARAM_ATTR_TYPE_MEMREF_INPUT;
	open.arg.params[0].c = id;
	rc = rows_do_open(r, tee, &open);
	EXPECT(rc == 0 || rc == -EINVAL);
	return rc == 0;
}

/* --- jobs --- */

void *rows_job_start(struct rows *r, void (*fn)(struct rows *r, struct rows_job *),
		     struct rows_job *job)
{
	void *running = r->home->job_start(r->home, fn, r, job);

	EXPECT(running != NULL);
	hold(r, ROWS_JOB, -1, running, 0);
	return running;
}

bool rows_job_done(struct rows *r, void *running)
{
	return r->home->job_done(r->home, running);
}

void rows_job_interrupt(struct rows *r, void *running)
{
	r->home->job_interrupt(r->home, running);
}

void rows_job_kill(struct rows *r, void *running)
{
	r->home->job_kill(r->home, running);
}

void rows_job_end(struct rows *r, void *running, struct rows_job *ret_job)
{
	(void)let_go(r, ROWS_JOB, -1, running);
	r->home->job_end(r->home, running, ret_job);
}
