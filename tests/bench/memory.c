/* SPDX-License-Identifier: BSD-2-Clause */
#include "memory.h"

#include <ctype.h>
#include <dirent.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

pid_t memory_find_swteed(void)
{
	struct ucred cred = { 0 };
	socklen_t len = sizeof(cred);
	int fd = open("/dev/tee0", O_RDWR | O_CLOEXEC);

	/* Under the shim the device is a connection, and it knows its server. */
	if (fd < 0)
		return -1;
	if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &cred, &len) < 0)
		cred.pid = -1;
	close(fd);
	return cred.pid;
}

static pid_t parent_of(pid_t pid)
{
	char path[64];
	int ppid = -1;
	FILE *f;

	snprintf(path, sizeof(path), "/proc/%d/stat", (int)pid);
	f = fopen(path, "re");
	if (!f)
		return -1;
	if (fscanf(f, "%*d (%*[^)]) %*c %d", &ppid) != 1)
		ppid = -1;
	fclose(f);
	return ppid;
}

/* Sum of the lines of smaps_rollup that begin with one of @keys. */
static double rollup_kib(pid_t pid, const char *const *keys)
{
	char path[64], line[256];
	double sum = 0;
	FILE *f;

	snprintf(path, sizeof(path), "/proc/%d/smaps_rollup", (int)pid);
	f = fopen(path, "re");
	if (!f)
		return 0;
	while (fgets(line, sizeof(line), f)) {
		for (unsigned int i = 0; keys[i]; i++) {
			if (!strncmp(line, keys[i], strlen(keys[i])))
				sum += strtod(line + strlen(keys[i]), NULL);
		}
	}
	fclose(f);
	return sum;
}

static bool descends_from(pid_t pid, pid_t root)
{
	while (pid > 1) {
		if (pid == root)
			return true;
		pid = parent_of(pid);
	}
	return false;
}

static double tree_kib(pid_t root, const char *const *keys)
{
	DIR *dir = opendir("/proc");
	struct dirent *entry;
	double sum = 0;

	if (!dir)
		return -1;
	while ((entry = readdir(dir))) {
		pid_t pid = atoi(entry->d_name);

		if (isdigit((unsigned char)entry->d_name[0]) && descends_from(pid, root))
			sum += rollup_kib(pid, keys);
	}
	closedir(dir);
	return sum;
}

double memory_pss_tree_kib(pid_t pid)
{
	static const char *const keys[] = { "Pss:", NULL };

	return tree_kib(pid, keys);
}

double memory_private_tree_kib(pid_t pid)
{
	static const char *const keys[] = { "Private_Clean:", "Private_Dirty:", NULL };

	return tree_kib(pid, keys);
}
