/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * swtee, the program: one function a subcommand, and what they share
 *
 * Exit status of run: that of CMD, or 128 and the number of the signal that ended it;
 * 127 when CMD was not found, 126 when it cannot be executed; 125 when swtee
 * itself could not do its part, wrong usage included. ls, contexts, shm, sessions: 1
 * without an instance or its answer.
 */
#ifndef CLI_CLI_H
#define CLI_CLI_H

#include <limits.h>
#include <stdbool.h>
#include <stddef.h>

#define EXIT_SWTEE 125
#define EXIT_NOT_EXECUTABLE 126
#define EXIT_NOT_FOUND 127

/* @argv[0] is the name of the subcommand. They return the exit status. */
int cli_run(int argc, char **argv);
int cli_ls(int argc, char **argv);
/* contexts, shm, sessions: by @argv[0] (status.c) */
int cli_status(int argc, char **argv);

/* One line on standard error: "swtee: ...". @err: a negative errno or 0. */
__attribute__((format(printf, 2, 3))) void cli_error(int err, const char *fmt, ...);

/* --- the instance to talk to (main.c) --- */

/* Was one named by swtee --instance? */
bool cli_instance_named(void);
/*
 * The runtime directory of instance @name; with NULL of the one that --instance named,
 * or else SWTEE_RUNTIME, or else the system's. 0, or negative after having said why.
 */
int cli_runtime_dir(const char *name, char ret[PATH_MAX]);

/* --- a list that swteed has (status_get.c) --- */

struct json_object;
/*
 * Ask the instance at @dir for CONTROL_GET_@what. 0 with an array for json_object_put(),
 * or negative after having said why.
 */
int cli_status_get(const char *dir, unsigned int what, struct json_object **ret_list);

/* --- where the parts of swtee are (paths.c) --- */

/*
 * Find a file that belongs to swtee: @built beside this executable (which is how
 * they stand in a build directory), or @relative to its directory and @absolute,
 * which are where it was configured to be installed; NULL ones are skipped.
 * -ENOENT, -ENAMETOOLONG or what went wrong at finding ourselves.
 */
int cli_find(const char *built, const char *relative, const char *absolute, char ret[PATH_MAX]);

int cli_find_swteed(char ret[PATH_MAX]);
int cli_find_shim(char ret[PATH_MAX]);
int cli_find_ta_dir(char ret[PATH_MAX]);

/* --- a private runtime directory (rundir.c) --- */

/*
 * Make an empty directory that only this user can enter, under $XDG_RUNTIME_DIR
 * or else /tmp, short enough for the addresses of the sockets in it.
 */
int cli_rundir_new(char ret[PATH_MAX]);

/* Remove it with all that is in it, without following links. */
void cli_rundir_remove(const char *dir);

#endif /* CLI_CLI_H */
