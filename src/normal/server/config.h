/* SPDX-License-Identifier: BSD-2-Clause */
/* What swteed was told: command line over configuration file over defaults. */
#ifndef SERVER_CONFIG_H
#define SERVER_CONFIG_H

#include <stdbool.h>
#include <stddef.h>

#include <limits.h>
#include <sys/types.h>

#include "base/log.h"
#include "user.h"

/* config.stop_timeout_ms: for as long as it takes */
#define STOP_TIMEOUT_INFINITE (-1)

/* Who may open the nodes of a kind */
struct config_access {
	char *group;	/* name or number; "": leave it; NULL: not said */
	mode_t mode;	/* CONFIG_MODE_UNSET: not said */
};
#define CONFIG_MODE_UNSET ((mode_t)-1)

struct config {
	const char *runtime_dir;	/* --runtime, or by --instance */
	char instance_dir[PATH_MAX];	/* ... where the latter leads */
	const char *config_file;	/* --config */
	char *state_dir;		/* --state */
	int ready_fd;			/* --ready-fd; -1 */
	int parent_fd;			/* --parent-fd; -1 */
	int listener_fd;		/* --listener-fd; -1: this is no swtee-trap */
	enum log_level log_level;
	bool log_level_given;
	int stop_timeout_ms;
	struct config_access client_access, priv_access;
	bool echo_enabled;
	bool optee_enabled;
	bool optee_builtin_supplicant;
	unsigned int optee_threads;
	unsigned int ram_mib;
	bool qtee_enabled;
	unsigned int qtee_calls;
	unsigned int qtee_callback_timeout_ms;	/* 0: none */
	struct user_limits limits;	/* [limits]; bytes where the file has MiB */
	unsigned int protected_mib;	/* 0: none */
	unsigned int trap_threads;
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

/*
 * The log level as the configuration file has it now. -ENOENT when the command line
 * decides, there is no file, or it does not say; -EINVAL, said on the log.
 */
int config_read_log_level(const struct config *config, enum log_level *ret_level);

#endif /* SERVER_CONFIG_H */
