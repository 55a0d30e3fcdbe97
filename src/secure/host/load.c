/* SPDX-License-Identifier: BSD-2-Clause */
#include "secure/host/load.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/auto.h"
#include "secure/host/crash.h"
#include "secure/host/elf_image.h"
#include "secure/host/sandbox.h"

int load_image(const struct sandbox *sandbox, size_t stack_size, struct elf_image *ret_image,
	       struct elf_error *error)
{
	/* In the dynamic linker's list for good */
	static char path[40];
	int fd, r, seal;

	/*
	 * A name that is good for others, too: a debugger that attaches opens it to read
	 * the symbols. For that the descriptor stays open.
	 */
	snprintf(path, sizeof(path), "/proc/%d/fd/%d", (int)getpid(), HOST_FD_IMAGE);
	/*
	 * An open file of our own: the dynamic linker reads from its position, which
	 * must not be shared with other hosts, and the TA must not write to it.
	 */
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0 || dup2(fd, HOST_FD_IMAGE) < 0) {
		r = elf_refuse(error, -EPERM, "the image cannot be opened: %s", strerror(errno));
		close_fd(fd);
		return r;
	}
	close_fd(fd);

	seal = sandbox_enter(sandbox, stack_size);
	r = 0;
	if (seal == 0) {
		crash_allow_open(path);
		r = elf_load(path, ret_image, error);
		crash_allow_open(NULL);
		seal = sandbox_seal(sandbox);
	}
	if (seal < 0)
		return elf_refuse(error, -EPERM,
				  "the sandbox cannot be put up: %s; swtee needs seccomp filters",
				  strerror(-seal));
	return r;
}
