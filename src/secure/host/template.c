/* SPDX-License-Identifier: BSD-2-Clause */
#include "secure/host/template.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/fdsock.h"
#include "base/log.h"
#include "secure/host/sandbox.h"

DEFINE_AUTO(struct sandbox *, sandbox_free);

/* The control socket had the number that the instance socket gets. */
int template_arrange_fds(int image_fd, int instance_fd)
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

static void spawn_host(const struct template *template, const void *spawn, const int *fds,
		       const struct sandbox *sandbox)
{
	pid_t parent = getpid();
	pid_t pid = fork();

	if (pid == 0) {
		/* Die with the template, also when that was faster than this line. */
		(void)prctl(PR_SET_PDEATHSIG, SIGKILL);
		if (getppid() == parent)
			template->child(spawn, fds, sandbox);
		_exit(0);
	}
	/* The world sees the instance socket hang up. */
	if (pid < 0)
		log_error("no process for another TA: %s", strerror(errno));
}

/* False when the world has hung up */
static bool serve_one(const struct template *template, const struct sandbox *sandbox)
{
	uint32_t spawn[TEMPLATE_SPAWN_MAX / sizeof(uint32_t)];
	int fds[TEMPLATE_MAX_FDS];
	size_t n_fds;
	ssize_t n = fdsock_recv(TEMPLATE_FD_CONTROL, spawn, sizeof(spawn), fds, TEMPLATE_MAX_FDS,
				&n_fds, NULL, 0);

	if (n == 0)
		return false;
	if (n < 0 && n != -EMSGSIZE) {
		log_error("the control socket failed: %s", strerror((int)-n));
		return false;
	}
	if (n == (ssize_t)template->spawn_size && n_fds == template->n_fds &&
	    spawn[0] == template->spawn_type)
		spawn_host(template, spawn, fds, sandbox);
	else
		log_warn_ratelimited("the world sent a message that asks for no TA host");
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

int template_main(int argc, char **argv, const struct template *template)
{
	AUTO(sandbox_free) struct sandbox *sandbox = NULL;
	int type;
	socklen_t len = sizeof(type);
	int r;

	log_init(template->program, LOG_WARN);
	if (argc > 1 || getsockopt(TEMPLATE_FD_CONTROL, SOL_SOCKET, SO_TYPE, &type, &len) < 0 ||
	    type != SOCK_SEQPACKET) {
		log_error("%s is started by swtee's %s world, with a socket as descriptor %d; "
			  "it is not for the command line", argv[0], template->world,
			  TEMPLATE_FD_CONTROL);
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
	template->init(sandbox);
	while (serve_one(template, sandbox))
		;
	return 0;
}
