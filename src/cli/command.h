/* SPDX-License-Identifier: BSD-2-Clause */
/* CMD of `swtee run`: started, accompanied, its status passed on */
#ifndef CLI_COMMAND_H
#define CLI_COMMAND_H

#include <signal.h>

#include <stdbool.h>

struct instance;

/* By which doors CMD gets at the devices */
struct command_doors {
	bool shim;	/* the preloaded library */
	bool trap;	/* the filter that swteed serves */
	bool verbose;	/* say why there is no trap */
};

/* The signals that the process had before we blocked ours; CMD gets them back. */
struct command_signals {
	sigset_t mask;
	struct sigaction chld;
};

/* Block what command_run() waits for and hands on. */
void command_block_signals(struct command_signals *saved);

/*
 * Run @argv in the environment of the instance and wait for its end. Returns the
 * exit status for swtee, after having said why if CMD could not be started.
 */
int command_run(char **argv, struct instance *inst, const struct command_doors *doors,
		const struct command_signals *saved);

/*
 * Make this process's environment that of a client of the instance at @dir: the shim is
 * preloaded. A link to it is made in @link_dir when its own path cannot be said there;
 * NULL: that is an error. Errors are said.
 */
int command_set_environment(const char *dir, const char *link_dir, bool preload);

#endif /* CLI_COMMAND_H */
