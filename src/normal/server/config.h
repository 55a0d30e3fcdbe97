/* SPDX-License-Identifier: BSD-2-Clause */
/* What swteed was told: command line over configuration file over defaults. */
#ifndef SERVER_CONFIG_H
#define SERVER_CONFIG_H

#include <stdbool.h>
#include <stddef.h>

#include "base/log.h"
#include "user.h"

struct config {
	const char *runtime_dir;	/* --runtime */
	const char *config_file;	/* --config */
	char *state_dir;		/* --state */
	int ready_fd;			/* --ready-fd; -1 */
	int parent_fd;			/* --parent-fd; -1 */
	enum log_level log_level;
	bool log_level_given;
	bool echo_enabled;
	bool optee_enabled;
	unsigned int optee_threads;
	unsigned int ram_mib;
	struct user_limits limits;	/* [limits]; bytes where the file has MiB */
	unsigned int protected_mib;	/* 0: none */
	char **ta_dirs;			/* command line first, then the file's */
	size_t n_ta_dirs;
};

void config_init(struct config *config);
void config_deinit(struct config *config);

/*
 * Read the command line and the file that it names. 0, 1 when there is nothing
 * more to do (--help, --version), negative when it said on standard error what
 * is wrong.
 */
int config_read(struct config *config, int argc, char **argv);

#endif /* SERVER_CONFIG_H */
