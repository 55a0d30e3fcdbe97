/* SPDX-License-Identifier: BSD-2-Clause */
/* A private instance: a runtime directory and the swteed that serves it */
#ifndef CLI_INSTANCE_H
#define CLI_INSTANCE_H

#include <limits.h>
#include <signal.h>
#include <stddef.h>
#include <sys/types.h>

struct instance {
	char dir[PATH_MAX];	/* empty: none */
	pid_t pid;		/* of swteed; 0: none, or its end has been seen */
	int parent_fd;		/* swteed ends when this is closed; -1: none */
};

#define INSTANCE_EMPTY { .pid = 0, .parent_fd = -1 }

struct instance_options {
	char **ta_dirs;		/* absolute, in the order of the search */
	size_t n_ta_dirs;
	const char *config;	/* NULL: built in */
	const char *state;	/* NULL: swteed's default, in the runtime directory */
	const char *log_level;	/* NULL: swteed's default */
};

/*
 * Start swteed and wait until its devices exist. @mask: the signal mask to wait
 * with, so that the user can give up. 0, or a negative errno after having said
 * what went wrong; the instance is to be stopped in either case.
 */
int instance_start(struct instance *inst, const struct instance_options *opts,
		   const sigset_t *mask);

/*
 * Tell swteed to end, wait for it (at most five seconds, then it is killed), and
 * remove what is left of the directory. SIGCHLD must be blocked.
 */
void instance_stop(struct instance *inst);

/* Its child was reaped elsewhere. */
void instance_ended(struct instance *inst);

#endif /* CLI_INSTANCE_H */
