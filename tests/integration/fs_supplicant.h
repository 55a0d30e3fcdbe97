/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A supplicant with files, for tests: a process on /dev/teepriv0 that serves until it
 * is killed, or dies or waits where the test says. It has one thread and keeps its
 * files in a directory of the test.
 */
#ifndef TESTS_INTEGRATION_FS_SUPPLICANT_H
#define TESTS_INTEGRATION_FS_SUPPLICANT_H

#include <stdbool.h>
#include <sys/types.h>

struct fs_supplicant_plan {
	const char *dir;		/* of its files */
	/* Requests for files are counted from 1. */
	unsigned int die_at;		/* before it does what is asked; 0: never */
	bool die_after;			/* no: when it has done it, before it answers */
	unsigned int wait_at;		/* until fs_supplicant_go() */
};

struct fs_supplicant {
	pid_t pid;
	int said;			/* what it tells: 'r' ready, 'w' waits */
	int go;
};

/* It has the device open when this returns. */
void fs_supplicant_start(struct fs_supplicant *supp, const struct fs_supplicant_plan *plan);
/* Returns when it waits. */
void fs_supplicant_await(struct fs_supplicant *supp);
void fs_supplicant_go(struct fs_supplicant *supp);
/* Killed unless it is dead; true when it died by its plan. */
bool fs_supplicant_end(struct fs_supplicant *supp);

#endif /* TESTS_INTEGRATION_FS_SUPPLICANT_H */
