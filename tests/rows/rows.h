/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The table of negative tests (tee-uapi facts, section 8) as tests
 *
 * A row is a function that makes its calls through a home: the device files of an
 * instance, or the core with a driver in the test process. Both homes run the same
 * rows, by the same names; what a row needs beyond ioctls (a mapping, another
 * process, a signal) it asks of its home. A row that only one home can show says so
 * in its flags, rows that none of these tests has stand in the file `elsewhere`.
 */
#ifndef TESTS_ROWS_H
#define TESTS_ROWS_H

#include <setjmp.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "abi/tee.h"

struct row;
struct rows;

/* The functions of the service that a home has behind its client device, as those
 * of the echo driver (abi/echo.h); those that a home has not are not asked for. */
#define ROWS_FN_ECHO 0
#define ROWS_FN_INFO 1
#define ROWS_FN_WAIT 2

#define ROWS_KERNEL_HALF 0xffff800000000000ull
#define ROWS_NOT_SUPPORTED (-524)
#define ROWS_PAGE 4096ul

enum rows_node { ROWS_CLIENT, ROWS_PRIV };

/* What a job is doing; its fields are the job's until it ended. */
struct rows_job {
	/* set by the row */
	int tee;
	uint32_t session;
	uint32_t arg;
	/* answers */
	long rc;
	uint32_t ret;
	uint64_t value;
};

/**
 * struct rows_home - where rows run
 * @optee: the device column's C and P are OP-TEE's; else a driver that takes all
 * @is_device: handles are descriptors of this process
 * @impl_id, @uuid: what the client device says, and its service
 * @data: the home's; of devices the path of the client device
 *
 * Handles of open(), and descriptors of memory from ioctl(), are numbers of the
 * home. Everything returns a negative errno when it fails.
 */
struct rows_home {
	const char *name;
	bool optee;
	bool is_device;
	uint32_t impl_id;
	uint8_t uuid[16];
	void *data;

	int (*open)(struct rows_home *home, enum rows_node node);
	void (*close)(struct rows_home *home, int tee);
	long (*ioctl)(struct rows_home *home, int tee, unsigned int cmd, const void *arg);
	void (*close_shm)(struct rows_home *home, int fd);
	/* A mapping of the memory, as far as its life is concerned; and its end */
	void *(*map_shm)(struct rows_home *home, int fd, size_t size);
	void (*unmap_shm)(struct rows_home *home, int fd, void *map, size_t size);
	/* No more descriptors can be had, until called with false. */
	void (*forbid_fds)(struct rows_home *home, bool forbid);

	/*
	 * Run @fn beside the row, as a client of its own that has inherited job->tee
	 * and no other handle. It reports in the job, never by EXPECT.
	 */
	void *(*job_start)(struct rows_home *home, void (*fn)(struct rows *r, struct rows_job *),
			   struct rows *r, struct rows_job *job);
	bool (*job_done)(struct rows_home *home, void *running);
	/* Send it a signal that it handles until it ended; a fatal one; wait for it. */
	void (*job_interrupt)(struct rows_home *home, void *running);
	void (*job_kill)(struct rows_home *home, void *running);
	void (*job_end)(struct rows_home *home, void *running, struct rows_job *ret_job);
};

/* Only through real files; only under the rules of OP-TEE's driver */
#define ROW_DEVICE 0x1
#define ROW_OPTEE 0x2

struct row {
	const char *name;	/* "core N17 SHM_ALLOC size 0 -> ENOMEM" */
	void (*fn)(struct rows *r);
	unsigned int flags;
	const void *data;	/* of rows that share a function */
};

/* The tables, one for each subject, end with an empty row. */
extern const struct row rows_device[], rows_file[], rows_shm[], rows_session[], rows_invoke[],
	rows_supp[];
/* Call @fn for each row that @home can show. */
void rows_for_each(const struct rows_home *home, void (*fn)(const struct row *row, void *data),
		   void *data);

/* Run one: true when it passed, else the reason went to standard error. */
bool rows_run(struct rows_home *home, const struct row *row);

/* --- for rows --- */

#define ROWS_MAX_HANDLES 32

/**
 * struct rows - a row that runs
 * @tee: the client device, open
 * @page: one page, read and write; the one after it is not mapped
 * @ro: one page, read-only
 */
struct rows {
	struct rows_home *home;
	const struct row *row;
	int tee;
	uint8_t *page;
	uint8_t *ro;
	jmp_buf failed;
	struct {
		enum { ROWS_UNUSED, ROWS_TEE, ROWS_SHM, ROWS_MAP, ROWS_JOB } kind;
		int fd;
		void *at;
		size_t size;
	} held[ROWS_MAX_HANDLES];
};

_Noreturn void rows_fail(struct rows *r, const char *file, int line, const char *format, ...)
	__attribute__((format(printf, 4, 5)));

/* Both want the row in a variable called r. */
#define EXPECT(cond) \
	do { \
		if (!(cond)) \
			rows_fail(r, __FILE__, __LINE__, "not so: %s", #cond); \
	} while (0)
#define EXPECT_EQ(a, b) \
	do { \
		long long a_ = (long long)(a), b_ = (long long)(b); \
		if (a_ != b_) \
			rows_fail(r, __FILE__, __LINE__, "%s is %lld (0x%llx), not %lld (0x%llx)", \
				  #a, a_, (unsigned long long)a_, b_, (unsigned long long)b_); \
	} while (0)
/* What the last close of something brings about may come a little later. */
#define EXPECT_SOON(cond) \
	do { \
		int tries_ = 0; \
		while (!(cond)) { \
			if (tries_++ == 1000) \
				rows_fail(r, __FILE__, __LINE__, "never so: %s", #cond); \
			rows_pause(); \
		} \
	} while (0)
void rows_pause(void);

/* What a row opens is closed after it, unless it did so itself. */
int rows_try_open(struct rows *r, enum rows_node node);
int rows_open(struct rows *r, enum rows_node node);
void rows_close(struct rows *r, int tee);
long rows_ioctl(struct rows *r, int tee, unsigned int cmd, const void *arg);
long rows_buf_ioctl(struct rows *r, int tee, unsigned int cmd, const void *buf, uint64_t len);

/* @data at the beginning of the read-only page; at the end of the writable one. */
void *rows_read_only(struct rows *r, const void *data, size_t size);
void *rows_tail(struct rows *r, const void *data, size_t size);

/* SHM_ALLOC, SHM_REGISTER, which must succeed */
int rows_alloc(struct rows *r, int tee, size_t size, int *ret_id);
int rows_register(struct rows *r, int tee, const void *addr, size_t size, int *ret_id);
/* A descriptor that an ioctl returned, to be closed after the row; returns it. */
int rows_own_shm(struct rows *r, long fd);
void rows_close_shm(struct rows *r, int fd);
void *rows_map_shm(struct rows *r, int fd, size_t size);
void rows_unmap_shm(struct rows *r, int fd, void *map);

/* A header with room for parameters; num_params says how many are sent. */
#define ROWS_MAX_PARAMS 128
union rows_open {
	struct tee_ioctl_open_session_arg arg;
	uint8_t room[sizeof(struct tee_ioctl_open_session_arg) +
		     ROWS_MAX_PARAMS * sizeof(struct tee_ioctl_param)];
};
union rows_invoke {
	struct tee_ioctl_invoke_arg arg;
	uint8_t room[sizeof(struct tee_ioctl_invoke_arg) +
		     ROWS_MAX_PARAMS * sizeof(struct tee_ioctl_param)];
};
union rows_supp {
	struct {
		uint32_t word;	/* RECV: func; SEND: ret */
		uint32_t num_params;
		struct tee_ioctl_param params[ROWS_MAX_PARAMS];
	} arg;
};
long rows_do_open(struct rows *r, int tee, union rows_open *open);
long rows_do_invoke(struct rows *r, int tee, union rows_invoke *invoke);

/* A service that is not there. With the second one, whose last byte does not matter,
 * the TEE of a home with OP-TEE's rules asks its supplicant first. */
extern const uint8_t rows_unknown_uuid[16], rows_asking_uuid[16];

/* A session with the service, which must be there; INFO of it */
uint32_t rows_session_open(struct rows *r, int tee);
/* The same when every session of rows before has ended: it is the only one. */
uint32_t rows_session_alone(struct rows *r, int tee);
long rows_session_close(struct rows *r, int tee, uint32_t session);
struct rows_info {
	uint64_t calls;		/* of the session */
	uint64_t sessions;	/* that are open with the service */
};
struct rows_info rows_info(struct rows *r, int tee, uint32_t session);
/* Wait until the device gives out the first id again: no memory is left on it. */
void rows_no_ids_left(struct rows *r);
/* Does the context know the memory? */
bool rows_id_known(struct rows *r, int tee, uint64_t id);

void *rows_job_start(struct rows *r, void (*fn)(struct rows *r, struct rows_job *),
		     struct rows_job *job);
bool rows_job_done(struct rows *r, void *running);
void rows_job_interrupt(struct rows *r, void *running);
void rows_job_kill(struct rows *r, void *running);
void rows_job_end(struct rows *r, void *running, struct rows_job *ret_job);

#endif /* TESTS_ROWS_H */
