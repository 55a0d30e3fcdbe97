/* SPDX-License-Identifier: BSD-2-Clause */
#include "secure/common/ta_template.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/fdsock.h"
#include "base/log.h"

extern char **environ;

void ta_template_init(struct ta_template *template, const char *path)
{
	*template = (struct ta_template){ .path = path, .sock = -1 };
	pthread_mutex_init(&template->lock, NULL);
}

void ta_template_deinit(struct ta_template *template)
{
	ta_template_died(template);
	pthread_mutex_destroy(&template->lock);
}

/*
 * Between vfork() and exec: only what leaves the parent's memory alone. Everything
 * but the socket and the standard descriptors is close-on-exec.
 */
static int template_child(const char *path, int sock, pid_t parent)
{
	char *const argv[] = { (char *)path, NULL };

	if (prctl(PR_SET_PDEATHSIG, SIGKILL) < 0 || getppid() != parent)
		return EPIPE;
	if (sock == TA_TEMPLATE_FD) {
		if (fcntl(sock, F_SETFD, 0) < 0)
			return errno;
	} else if (dup2(sock, TA_TEMPLATE_FD) < 0) {
		return errno;
	}
	execve(path, argv, environ);
	return errno;
}

static int template_spawn_process(const char *path, int sock, pid_t *ret_pid)
{
	volatile int error = 0;
	pid_t parent = getpid();
	pid_t pid;

	pid = vfork();
	if (pid == 0) {
		error = template_child(path, sock, parent);
		_exit(127);
	}
	if (pid < 0)
		return -errno;
	if (error) {
		while (waitpid(pid, NULL, 0) < 0 && errno == EINTR)
			;
		return -error;
	}
	*ret_pid = pid;
	return 0;
}

/* The process, and our end of its socket */
static int template_new(struct ta_template *template, int *ret_sock)
{
	int pair[2];
	int r;

	r = fdsock_pair(pair);
	if (r < 0)
		return r;
	/* A template that stopped to listen must not stop who asks. */
	(void)fcntl(pair[0], F_SETFL, O_NONBLOCK);
	r = template_spawn_process(template->path, pair[1], &template->pid);
	close_fd(pair[1]);
	if (r < 0)
		close_fd(pair[0]);
	else
		*ret_sock = pair[0];
	return r;
}

int ta_template_start(struct ta_template *template, int *ret_fd)
{
	int sock;
	int r = template_new(template, &sock);

	if (r < 0) {
		log_error("cannot start %s: %s; trusted applications do not load until it can be",
			  template->path, strerror(-r));
		return r;
	}
	pthread_mutex_lock(&template->lock);
	template->sock = sock;
	pthread_mutex_unlock(&template->lock);
	*ret_fd = sock;
	return 0;
}

void ta_template_died(struct ta_template *template)
{
	pthread_mutex_lock(&template->lock);
	template->sock = close_fd(template->sock);
	pthread_mutex_unlock(&template->lock);
	if (template->pid) {
		(void)kill(template->pid, SIGKILL);
		while (waitpid(template->pid, NULL, 0) < 0 && errno == EINTR)
			;
		template->pid = 0;
	}
}

int ta_template_spawn(struct ta_template *template, const void *msg, size_t msg_size,
		      const int *fds, size_t n_fds)
{
	int r = -ENOENT;

	pthread_mutex_lock(&template->lock);
	if (template->sock >= 0)
		r = fdsock_send(template->sock, msg, msg_size, fds, n_fds);
	pthread_mutex_unlock(&template->lock);
	return r;
}
