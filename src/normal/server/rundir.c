/* SPDX-License-Identifier: BSD-2-Clause */
#include "rundir.h"

#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/log.h"

#define LOCK_NAME "lock"

static int lock_path(const struct rundir *dir, char path[PATH_MAX])
{
	int n = snprintf(path, PATH_MAX, "%s/" LOCK_NAME, dir->path);

	return n < 0 || n >= PATH_MAX ? -ENAMETOOLONG : 0;
}

static int make(struct rundir *dir, bool open_to_others)
{
	int r;

	if (mkdir(dir->path, 0700) < 0) {
		if (errno == EEXIST)
			return 0;
		r = -errno;
		log_error("cannot make the runtime directory %s: %s", dir->path, strerror(-r));
		return r;
	}
	dir->made = true;
	/* Whatever the umask is: others have to reach the devices in it. */
	if (open_to_others && chmod(dir->path, 0755) < 0)
		return -errno;
	return 0;
}

/* A lock of the process, not of the descriptor: no child inherits it. */
static int try_lock(struct rundir *dir)
{
	struct flock lock = { .l_type = F_WRLCK, .l_whence = SEEK_SET };
	int r;

	if (fcntl(dir->lock_fd, F_SETLK, &lock) == 0)
		return 0;
	r = -errno;
	if (r != -EACCES && r != -EAGAIN) {
		log_error("cannot lock %s/" LOCK_NAME ": %s", dir->path, strerror(-r));
		return r;
	}
	if (fcntl(dir->lock_fd, F_GETLK, &lock) == 0 && lock.l_type != F_UNLCK && lock.l_pid > 0)
		log_error("%s is served by another swteed, process %d: stop that one, or give "
			  "this one a directory of its own (--instance NAME, --runtime DIR)",
			  dir->path, (int)lock.l_pid);
	else
		log_error("%s is served by another swteed: stop that one, or give this one a "
			  "directory of its own (--instance NAME, --runtime DIR)", dir->path);
	return -EBUSY;
}

/* Did its last owner remove the file between our open and our lock? */
static bool is_current(const struct rundir *dir, const char *path)
{
	struct stat ours, there;

	return fstat(dir->lock_fd, &ours) == 0 && stat(path, &there) == 0 &&
	       ours.st_dev == there.st_dev && ours.st_ino == there.st_ino;
}

static int take_lock(struct rundir *dir)
{
	char path[PATH_MAX];
	int r = lock_path(dir, path);

	while (r == 0) {
		dir->lock_fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
		if (dir->lock_fd < 0) {
			r = -errno;
			log_error("cannot make the lock file %s: %s", path, strerror(-r));
			return r;
		}
		r = try_lock(dir);
		if (r == 0 && is_current(dir, path))
			return 0;
		dir->lock_fd = close_fd(dir->lock_fd);
	}
	return r;
}

int rundir_take(struct rundir *dir, const char *path, bool open_to_others)
{
	int n = snprintf(dir->path, sizeof(dir->path), "%s", path);
	int r;

	if (n < 0 || (size_t)n >= sizeof(dir->path))
		return -ENAMETOOLONG;
	r = make(dir, open_to_others);
	if (r == 0)
		r = take_lock(dir);
	if (r < 0 && dir->made)
		(void)rmdir(dir->path);
	return r;
}

static int remove_one(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
	(void)remove(path);
	return 0;
}

void rundir_release(struct rundir *dir, bool all)
{
	char path[PATH_MAX];

	if (dir->lock_fd < 0)
		return;
	/* Unlinked while it is locked: whoever opened it before sees that it went. */
	if (lock_path(dir, path) == 0)
		(void)unlink(path);
	if (all)
		(void)nftw(dir->path, remove_one, 16, FTW_DEPTH | FTW_PHYS | FTW_MOUNT);
	else if (dir->made)
		(void)rmdir(dir->path);
	dir->lock_fd = close_fd(dir->lock_fd);
}
