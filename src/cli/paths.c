/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Where the parts of swtee are
 *
 * An installed tree may have been moved as a whole (DESTDIR, a relocated
 * prefix), so the way from this executable is tried before the configured one.
 */
#include "cli/cli.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

/* The directory of this executable, with a slash at its end */
static int own_dir(char ret[PATH_MAX])
{
	ssize_t n = readlink("/proc/self/exe", ret, PATH_MAX - 1);
	char *slash;

	if (n < 0)
		return -errno;
	ret[n] = '\0';
	slash = strrchr(ret, '/');
	if (!slash)
		return -ENOENT;
	slash[1] = '\0';
	return 0;
}

static int try_path(const char *dir, const char *name, char ret[PATH_MAX])
{
	int n = snprintf(ret, PATH_MAX, "%s%s", dir, name);

	if (n < 0 || n >= PATH_MAX)
		return -ENAMETOOLONG;
	return access(ret, F_OK) < 0 ? -errno : 0;
}

int cli_find(const char *built, const char *relative, const char *absolute, char ret[PATH_MAX])
{
	char dir[PATH_MAX];
	int r = own_dir(dir);

	if (r == 0)
		r = try_path(dir, built, ret);
	if (r == -ENOENT && relative)
		r = try_path(dir, relative, ret);
	if (r == -ENOENT && absolute)
		r = try_path("", absolute, ret);
	return r;
}

int cli_find_swteed(char ret[PATH_MAX])
{
	return cli_find("swteed", SWTEE_SBIN_RELATIVE "/swteed", SWTEE_SBINDIR "/swteed", ret);
}

int cli_find_shim(char ret[PATH_MAX])
{
	return cli_find("libswtee-shim.so", SWTEE_LIB_RELATIVE "/libswtee-shim.so",
			SWTEE_LIBDIR "/libswtee-shim.so", ret);
}

int cli_find_ta_dir(char ret[PATH_MAX])
{
	return cli_find("ta", SWTEE_LIB_RELATIVE "/ta", SWTEE_LIBDIR "/ta", ret);
}
