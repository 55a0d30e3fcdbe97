/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef SERVER_PATHS_H
#define SERVER_PATHS_H

#include <limits.h>
#include <stdbool.h>

/*
 * A helper program: beside this one (not installed), where an installation that was
 * moved as a whole has it, or where this one was configured to have it. -ENOENT,
 * said on the log.
 */
int path_find_helper(const char *name, char path[PATH_MAX]);

/* Make the directory unless it is there; errors are said on the log. @ret_made may
 * be NULL. */
int path_make_dir(const char *path, bool *ret_made);

#endif /* SERVER_PATHS_H */
