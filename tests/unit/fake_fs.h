/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Files of the normal world, in memory: what stands behind fs_rpc.h in tests
 *
 * For programs that are linked with --wrap for each of the functions there. A
 * request can be made to fail, or the supplicant to die in it: then it is not there
 * for any request until fake_fs_revive(), and handles that it gave are nobody's.
 */
#ifndef TESTS_FAKE_FS_H
#define TESTS_FAKE_FS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define FAKE_FS_MAX_FILES 64u

enum fake_fs_death {
	FAKE_FS_BEFORE,		/* the request is not carried out */
	FAKE_FS_AFTER,		/* it is, but nobody is told */
	FAKE_FS_TORN,		/* a write: the first half of it */
	FAKE_FS_N_DEATHS,
};

struct fake_file {
	char name[80];		/* empty: removed, or never there */
	uint8_t *data;
	size_t size;
	unsigned int open;	/* handles */
};

struct fake_fs {
	struct fake_file files[FAKE_FS_MAX_FILES];
	unsigned int n_requests, n_writes;
	uint64_t n_written;		/* bytes */
	unsigned int fail_at;		/* this request, counted from 1, answers fail_result */
	uint32_t fail_result;
	unsigned int die_at;
	enum fake_fs_death death;
	bool dead;
	bool rename_lies;		/* SUCCESS, and nothing done */
	bool endless_directory;
};

extern struct fake_fs fake_fs;

/* Nothing there, nothing wrong. */
void fake_fs_reset(void);
/* Counting starts again and nothing is wrong any more; handles are gone. */
void fake_fs_revive(void);

/* NULL when there is none */
struct fake_file *fake_fs_find(const char *name);
unsigned int fake_fs_count(void);
unsigned int fake_fs_open_handles(void);

/* A copy of all files, and back to it */
struct fake_fs *fake_fs_save(void);
void fake_fs_restore(const struct fake_fs *saved);
void fake_fs_free(struct fake_fs *saved);

#endif /* TESTS_FAKE_FS_H */
