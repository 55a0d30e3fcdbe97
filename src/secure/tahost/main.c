/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * swtee-tahost: the template of TA hosts
 *
 * Started by the OP-TEE world with a socket as descriptor TAHOST_FD_CONTROL and its
 * log on standard error. It does what all TA hosts have in common once, and forks
 * a TA host for each TAHOST_SPAWN; the host's memory is the template's until it
 * writes to it. When the world hangs up the template exits, and the kernel kills
 * the hosts with it.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "abi/tahost.h"
#include "base/auto.h"
#include "base/fdsock.h"
#include "base/log.h"
#include "base/uuid.h"
#include "machine/lane/lane.h"
#include "secure/tahost/access.h"
#include "secure/tahost/host.h"
#include "secure/tahost/sandbox.h"

DEFINE_AUTO(struct sandbox *, sandbox_free);

/* The order of the descriptors of TAHOST_SPAWN */
enum spawn_fd {
	SPAWN_FD_LANE,
	SPAWN_FD_IMAGE,
	SPAWN_FD_INSTANCE,
	SPAWN_N_FDS,
};

/*
 * Leave standard error, on which standard output now goes too, the instance socket
 * and the image, under fixed numbers. The control socket had the number that the
 * instance socket gets.
 */
static int arrange_fds(int image_fd, int instance_fd)
{
	/* Out of the way of the numbers that are about to be taken */
	int image = fcntl(image_fd, F_DUPFD_CLOEXEC, HOST_N_FDS);
	int instance = fcntl(instance_fd, F_DUPFD_CLOEXEC, HOST_N_FDS);

	if (image < 0 || instance < 0 || dup2(instance, HOST_FD_INSTANCE) < 0 ||
	    dup2(image, HOST_FD_IMAGE) < 0 || dup2(STDERR_FILENO, STDOUT_FILENO) < 0)
		return -errno;
	if (syscall(SYS_close_range, HOST_N_FDS, ~0u, 0) < 0)
		return -errno;
	return 0;
}

static _Noreturn void child(const struct tahost_spawn *spawn, const int fds[SPAWN_N_FDS],
			    pid_t template, const struct sandbox *sandbox)
{
	static char ident[16];
	char uuid[UUID_STRING_LEN + 1];
	struct lane *lane;
	int r;

	/* Die with the template, also when that was faster than this line. */
	(void)prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (getppid() != template)
		_exit(0);
	uuid_to_string(spawn->uuid, uuid);
	snprintf(ident, sizeof(ident), "ta:%.8s", uuid);
	(void)prctl(PR_SET_NAME, ident);
	log_init(ident, spawn->log_level <= LOG_DEBUG ? (enum log_level)spawn->log_level :
							 LOG_DEBUG);
	r = lane_attach(fds[SPAWN_FD_LANE], sizeof(struct tahost_call), &lane);
	if (r == 0)
		r = arrange_fds(fds[SPAWN_FD_IMAGE], fds[SPAWN_FD_INSTANCE]);
	if (r < 0) {
		log_error("TA %s cannot be hosted: %s", uuid, strerror(-r));
		_exit(1);
	}
	host_run(lane, spawn->uuid, sandbox);
}

static void spawn_host(const struct tahost_spawn *spawn, const int fds[SPAWN_N_FDS],
		       const struct sandbox *sandbox)
{
	pid_t template = getpid();
	pid_t pid = fork();

	if (pid == 0)
		child(spawn, fds, template, sandbox);
	/* The world sees the instance socket hang up. */
	if (pid < 0)
		log_error("no process for another TA: %s", strerror(errno));
}

/* False when the world has hung up */
static bool serve_one(const struct sandbox *sandbox)
{
	struct tahost_spawn spawn;
	int fds[SPAWN_N_FDS];
	size_t n_fds;
	ssize_t n = fdsock_recv(TAHOST_FD_CONTROL, &spawn, sizeof(spawn), fds, SPAWN_N_FDS, &n_fds,
				NULL, 0);

	if (n == 0)
		return false;
	if (n < 0 && n != -EMSGSIZE) {
		log_error("the control socket failed: %s", strerror((int)-n));
		return false;
	}
	if (n == (ssize_t)sizeof(spawn) && n_fds == SPAWN_N_FDS && spawn.type == TAHOST_SPAWN)
		spawn_host(&spawn, fds, sandbox);
	else
		log_warn_ratelimited("the world sent a message that is no TAHOST_SPAWN");
	while (n_fds)
		close_fd(fds[--n_fds]);
	return true;
}

/* Standard input is nothing; the other two may be missing, but not be something else */
static void fix_standard_fds(void)
{
	int fd = open("/dev/null", O_RDWR);

	if (fd < 0)
		return;
	(void)dup2(fd, STDIN_FILENO);
	if (fcntl(STDERR_FILENO, F_GETFD) < 0)
		(void)dup2(fd, STDERR_FILENO);
	if (fd > STDERR_FILENO)
		close_fd(fd);
}

int main(int argc, char **argv)
{
	AUTO(sandbox_free) struct sandbox *sandbox = NULL;
	int type;
	socklen_t len = sizeof(type);
	int r;

	log_init("swtee-tahost", LOG_WARN);
	if (argc > 1 || getsockopt(TAHOST_FD_CONTROL, SOL_SOCKET, SO_TYPE, &type, &len) < 0 ||
	    type != SOCK_SEQPACKET) {
		log_error("%s is started by swtee's OP-TEE world, with a socket as descriptor %d; "
			  "it is not for the command line", argv[0], TAHOST_FD_CONTROL);
		return 2;
	}
	fix_standard_fds();
	/* Children are nobody's to wait for: their lanes and sockets tell. */
	(void)signal(SIGCHLD, SIG_IGN);
	/* A log that nobody reads any more is no reason to die. */
	(void)signal(SIGPIPE, SIG_IGN);
	/* What a terminal sends to its clients is not meant for the secure world. */
	(void)signal(SIGINT, SIG_IGN);
	(void)signal(SIGQUIT, SIG_IGN);
	r = sandbox_new(&sandbox);
	if (r < 0) {
		log_error("the sandbox for TAs cannot be made: %s", strerror(-r));
		return 1;
	}
	access_init(!sandbox_filters(sandbox));
	while (serve_one(sandbox))
		;
	return 0;
}
