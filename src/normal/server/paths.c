/* SPDX-License-Identifier: BSD-2-Clause */
#include "paths.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/log.h"

int path_find_helper(const char *name, char path[PATH_MAX])
{
	char self[PATH_MAX];
	ssize_t n = readlink("/proc/self/exe", self, sizeof(self) - 1);
	char *slash;

	if (n > 0) {
		self[n] = '\0';
		slash = strrchr(self, '/');
		if (slash) {
			static const char *const from_here[] = { "", "../libexec/swtee/" };

			*slash = '\0';
			for (size_t i = 0; i < 2; i++) {
				if (snprintf(path, PATH_MAX, "%s/%s%s", self, from_here[i],
					     name) < PATH_MAX && access(path, X_OK) == 0)
					return 0;
			}
		}
	}
	if (snprintf(path, PATH_MAX, "%s/%s", SWTEE_LIBEXECDIR, name) < PATH_MAX &&
	    access(path, X_OK) == 0)
		return 0;
	log_error("cannot find the program %s, neither beside swteed nor in %s: is the "
		  "installation complete?", name, SWTEE_LIBEXECDIR);
	return -ENOENT;
}

int path_make_dir(const char *path, bool *ret_made)
{
	int r = mkdir(path, 0700);

	if (ret_made)
		*ret_made = r == 0;
	if (r < 0 && errno != EEXIST) {
		r = -errno;
		log_error("cannot make the directory %s: %s", path, strerror(-r));
		return r;
	}
	return 0;
}
