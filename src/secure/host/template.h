/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The template of TA hosts, a program that a world starts
 *
 * It does what all TA hosts have in common once, and forks a TA host for each spawn
 * message; the host's memory is the template's until it writes to it. When the world
 * hangs up the template exits, and the kernel kills the hosts with it. The template
 * answers nothing: the world sees what became of a host by its lane and its socket.
 */
#ifndef SECURE_HOST_TEMPLATE_H
#define SECURE_HOST_TEMPLATE_H

#include <stddef.h>
#include <stdint.h>

struct sandbox;

/* Descriptors that a spawn message can carry */
#define TEMPLATE_MAX_FDS 4u
/* The descriptor of the control socket: as in secure/common/ta_template.h */
#define TEMPLATE_FD_CONTROL 3
#define TEMPLATE_SPAWN_MAX 128u

struct template {
	const char *program;		/* as the log shows it */
	const char *world;		/* who starts it */
	uint32_t spawn_type;		/* first word of a spawn message */
	size_t spawn_size;		/* at most TEMPLATE_SPAWN_MAX */
	size_t n_fds;			/* that it carries */
	/* In the template, once */
	void (*init)(const struct sandbox *sandbox);
	/* In the new process: be a TA host, never return. */
	void (*child)(const void *spawn, const int *fds, const struct sandbox *sandbox);
};

/* The whole of main(); the exit status. */
int template_main(int argc, char **argv, const struct template *template);

/*
 * In the child: leave standard error, on which standard output now goes too, the
 * instance socket and the image, under the numbers of sandbox.h. 0 or negative errno.
 */
int template_arrange_fds(int image_fd, int instance_fd);

#endif /* SECURE_HOST_TEMPLATE_H */
