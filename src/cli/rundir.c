/* SPDX-License-Identifier: BSD-2-Clause */
/* The private runtime directory of `swtee run` */
#include "cli/cli.h"

#include <errno.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/un.h>
#include <unistd.h>

#include "client/front/front.h"

#define NAME "/swtee-XXXXXX"
#define MAX_OPEN_DIRS 16

static int make_in(const char *parent, char ret[PATH_MAX])
{
	struct sockaddr_un addr;
	size_t longest = strlen(parent) + strlen(NAME) + 1 + FRONT_NODE_NAME_MAX + 1;

	if (parent[0] != '/')
		return -EINVAL;
	if (longest > sizeof(addr.sun_path))
		return -ENAMETOOLONG;
	snprintf(ret, PATH_MAX, "%s" NAME, parent);
	return mkdtemp(ret) ? 0 : -errno;
}

int cli_rundir_new(char ret[PATH_MAX])
{
	const char *user = getenv("XDG_RUNTIME_DIR");

	/* It may name what is not there, in containers and under sudo. */
	if (user && make_in(user, ret) == 0)
		return 0;
	return make_in("/tmp", ret);
}

static int remove_one(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
	(void)remove(path);
	return 0;
}

void cli_rundir_remove(const char *dir)
{
	if (rmdir(dir) == 0 || errno == ENOENT)
		return;
	(void)nftw(dir, remove_one, MAX_OPEN_DIRS, FTW_DEPTH | FTW_PHYS | FTW_MOUNT);
}
