/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The sandbox of a TA host
 *
 * Two seccomp filters, made once in the template and put on by each child. The
 * first stands before any code of the TA runs: it allows what the host needs and
 * what the dynamic linker needs to map an image, but nothing opens: openat() is
 * answered by a signal handler (crash.h) that has one file to give. The second takes
 * away again what only the dynamic linker needed.
 *
 * A process with a sanitizer's runtime gets no filters: the runtime opens files,
 * starts processes and maps memory at any time to write its reports.
 */
#ifndef SECURE_HOST_SANDBOX_H
#define SECURE_HOST_SANDBOX_H

#include <stdbool.h>
#include <stddef.h>

struct sandbox;

/* Descriptors that a TA host has; everything above is closed */
enum host_fd {
	HOST_FD_INSTANCE = 3,
	HOST_FD_IMAGE = 4,
	HOST_N_FDS,
};

/* Negative errno when a filter cannot be made. */
int sandbox_new(struct sandbox **ret_sandbox);

/* Takes off nothing. Returns NULL; accepts NULL. */
struct sandbox *sandbox_free(struct sandbox *sandbox);

/* False when this process runs under a sanitizer. */
bool sandbox_filters(const struct sandbox *sandbox);

/*
 * In the child. Enter before the image is loaded: limits, no new privileges, first
 * filter; the stack may grow by @stack_size bytes from here. Seal afterwards:
 * second filter. Negative errno; then the TA must not run.
 */
int sandbox_enter(const struct sandbox *sandbox, size_t stack_size);
int sandbox_seal(const struct sandbox *sandbox);

#endif /* SECURE_HOST_SANDBOX_H */
