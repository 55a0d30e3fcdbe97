/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The runtime directory: whose it is
 *
 * One swteed serves a directory at a time. It holds a lock on the file `lock` in
 * there, which the kernel drops with the process however that ends: so what a
 * killed instance left is recognised and taken over.
 */
#ifndef SERVER_RUNDIR_H
#define SERVER_RUNDIR_H

#include <limits.h>
#include <stdbool.h>

struct rundir {
	char path[PATH_MAX];
	int lock_fd;	/* -1: not ours */
	bool made;
};

#define RUNDIR_NONE { .lock_fd = -1 }

/*
 * Make @path unless it is there, with mode 0755 if @open_to_others and 0700
 * otherwise, and lock it. The mode of one that is there is its maker's matter.
 * -EBUSY when another swteed serves it. Errors are said on the log.
 */
int rundir_take(struct rundir *dir, const char *path, bool open_to_others);

/*
 * Give it up: the lock file goes, and the directory too if we made it and nothing
 * else is in it. @all: everything in it goes (a private directory whose owner is
 * gone). Accepts one that was not taken.
 */
void rundir_release(struct rundir *dir, bool all);

#endif /* SERVER_RUNDIR_H */
