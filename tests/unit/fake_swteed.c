/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What `swtee run` starts, without a TEE behind: for tests of swtee. It behaves as
 * FAKE_SWTEED says and, if FAKE_SWTEED_LOG names a file, writes there what it was
 * started with.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "abi/tee.h"
#include "fake_front.h"

static long serve(struct fake_call *call)
{
	struct tee_ioctl_version_data v = { .impl_id = TEE_IMPL_ID_OPTEE };

	if (call->cmd != TEE_IOC_VERSION)
		return -EINVAL;
	v.impl_caps = TEE_OPTEE_CAP_TZ;
	v.gen_caps = TEE_GEN_CAP_GP | TEE_GEN_CAP_REG_MEM | 0x100;
	return fake_write(call, call->arg, &v, sizeof(v));
}

/* The numbers of all open descriptors */
static void log_descriptors(FILE *log)
{
	struct dirent *entry;
	DIR *dir = opendir("/proc/self/fd");

	fprintf(log, "fds:");
	for (int fd = 0; fd < 256; fd++) {
		if (fd != fileno(log) && fd != dirfd(dir) && fcntl(fd, F_GETFD) >= 0)
			fprintf(log, " %d", fd);
	}
	fprintf(log, "\n");
	while ((entry = readdir(dir)))
		;
	closedir(dir);
}

static void log_start(int argc, char **argv)
{
	const char *path = getenv("FAKE_SWTEED_LOG");
	const char *runtime = getenv(FRONT_ENV);
	FILE *log = path ? fopen(path, "w") : NULL;

	if (!log)
		return;
	fprintf(log, "pid: %d\nsession: %s\n", (int)getpid(),
		getsid(0) == getpid() ? "own" : "other");
	fprintf(log, "runtime: %s\n", runtime ? runtime : "-");
	log_descriptors(log);
	for (int i = 1; i < argc; i++)
		fprintf(log, "arg: %s\n", argv[i]);
	fclose(log);
}

static bool mode_is(const char *name)
{
	const char *mode = getenv("FAKE_SWTEED");

	return mode && !strcmp(mode, name);
}

int main(int argc, char **argv)
{
	static const char *const nodes[] = { "tee0", "teepriv0", NULL };
	const char *dir = NULL;
	int ready = -1, parent = -1;
	struct fake_front *fake;
	struct pollfd p;

	log_start(argc, argv);
	for (int i = 1; i + 1 < argc; i += 2) {
		if (!strcmp(argv[i], "--runtime"))
			dir = argv[i + 1];
		else if (!strcmp(argv[i], "--ready-fd"))
			ready = atoi(argv[i + 1]);
		else if (!strcmp(argv[i], "--parent-fd"))
			parent = atoi(argv[i + 1]);
	}
	if (!dir || ready < 0 || parent < 0)
		return 2;
	if (mode_is("fails")) {
		fprintf(stderr, "fake swteed: failing as told\n");
		return 1;
	}
	fake = fake_front_new_in(dir, nodes, serve);
	if (write(ready, "", 1) != 1)
		return 3;
	close(ready);
	p = (struct pollfd){ .fd = parent, .events = POLLIN };
	if (mode_is("dies")) {
		(void)poll(&p, 1, 200);
		abort();
	}
	(void)poll(&p, 1, -1);
	while (mode_is("stays"))
		pause();
	fake_front_free(fake);
	/* What a swteed that was interrupted here would leave is swtee's to remove. */
	if (!mode_is("untidy"))
		(void)rmdir(dir);
	return 0;
}
