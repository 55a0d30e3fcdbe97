/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * After the end of swteed
 *
 * A filter cannot be taken off, and without anybody at its listener every call that
 * it catches fails with ENOSYS: a process that outlives the instance could open no
 * file any more. So this program is started once more, to let the kernel do every
 * call, and stays as long as there is such a process.
 */
#include "trap.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/seccomp.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "base/log.h"

#define NAME "swtee-trap"
#define LISTENER_FD 3
#define STRINGIFY_(x) #x
#define STRINGIFY(x) STRINGIFY_(x)

static bool hung_up(int fd)
{
	struct pollfd pfd = { .fd = fd };

	return poll(&pfd, 1, 0) == 1 && (pfd.revents & (POLLHUP | POLLERR));
}

void trap_let_through(int fd)
{
	_Alignas(struct seccomp_notif) char buf[TRAP_NOTIF_SIZE];
	struct seccomp_notif *notif = (struct seccomp_notif *)buf;
	struct pollfd pfd = { .fd = fd, .events = POLLIN };

	(void)prctl(PR_SET_NAME, NAME);
	(void)!chdir("/");
	while (poll(&pfd, 1, -1) >= 0 || errno == EINTR) {
		struct seccomp_notif_resp resp = { .flags = SECCOMP_USER_NOTIF_FLAG_CONTINUE };

		if (pfd.revents & (POLLHUP | POLLERR | POLLNVAL))
			return;
		memset(buf, 0, sizeof(buf));
		if (ioctl(fd, SECCOMP_IOCTL_NOTIF_RECV, notif) < 0) {
			/* The client died, or a stop and a continue came by. */
			if (errno != ENOENT && errno != EINTR)
				return;
			continue;
		}
		resp.id = notif->id;
		(void)ioctl(fd, SECCOMP_IOCTL_NOTIF_SEND, &resp);
	}
}

/* It keeps nobody's output open, nor anything else of ours. */
static int plan_files(posix_spawn_file_actions_t *files, int fd)
{
	int r = posix_spawn_file_actions_adddup2(files, fd, LISTENER_FD);

	for (int i = 0; r == 0 && i < LISTENER_FD; i++)
		r = posix_spawn_file_actions_addopen(files, i, "/dev/null", O_RDWR, 0);
	if (r == 0)
		r = posix_spawn_file_actions_addclosefrom_np(files, LISTENER_FD + 1);
	return r;
}

static int spawn(int fd)
{
	char *argv[] = { (char *)NAME, (char *)"--listener-fd",
			 (char *)STRINGIFY(LISTENER_FD), NULL };
	char *envp[] = { NULL };
	posix_spawn_file_actions_t files;
	posix_spawnattr_t attr;
	sigset_t none;
	pid_t pid;
	int r;

	r = posix_spawn_file_actions_init(&files);
	if (r)
		return -r;
	r = posix_spawnattr_init(&attr);
	if (r)
		goto out_files;
	sigemptyset(&none);
	(void)posix_spawnattr_setsigmask(&attr, &none);
	(void)posix_spawnattr_setflags(&attr, POSIX_SPAWN_SETSID | POSIX_SPAWN_SETSIGMASK);
	r = plan_files(&files, fd);
	if (r == 0)
		r = posix_spawn(&pid, "/proc/self/exe", &files, &attr, argv, envp);
	(void)posix_spawnattr_destroy(&attr);
out_files:
	(void)posix_spawn_file_actions_destroy(&files);
	return -r;
}

void trap_afterwards(int fd)
{
	int r = 0, high;

	if (hung_up(fd))
		return;
	/* Out of the way of the number that it gets */
	high = fcntl(fd, F_DUPFD_CLOEXEC, LISTENER_FD + 1);
	r = high < 0 ? -errno : spawn(high);
	if (high >= 0)
		close(high);
	if (r < 0)
		log_warn("processes that outlive this instance will not be able to open files: "
			 "%s", strerror(-r));
}
