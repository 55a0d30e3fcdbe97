/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Who calls: the part of src/normal/platform.h about the current task's identity
 *
 * The ids that the kernel attaches to a message are a process's real ones. What counts
 * in a kernel are the effective ones of the thread that calls; those stand in
 * /proc, as the user namespace of swteed sees them. The caller is inside its
 * ioctl meanwhile and cannot change them. Only logins need them.
 */
#include "server.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <linux/types.h>

#include "normal/platform.h"

static FILE *open_proc(const struct caller *caller, const char *name)
{
	char path[96];
	FILE *f;

	/* Which thread it is the client said: it must be one of that process. */
	snprintf(path, sizeof(path), "/proc/%d/task/%u/%s", (int)caller->process->pid,
		 caller->tid, name);
	f = fopen(path, "re");
	if (!f && errno == ENOENT) {
		snprintf(path, sizeof(path), "/proc/%d/%s", (int)caller->process->pid, name);
		f = fopen(path, "re");
	}
	/* Had the process died before, the file could be of another one. */
	if (f && process_gone(caller->process)) {
		fclose(f);
		return NULL;
	}
	return f;
}

/* The rest of the line that begins with @key, to be freed; NULL. */
static char *status_line(const char *key)
{
	struct caller *caller = caller_current();
	char *line = NULL, *found = NULL;
	size_t size = 0, len = strlen(key);
	FILE *f;

	f = caller ? open_proc(caller, "status") : NULL;
	if (!f)
		return NULL;
	while (!found && getline(&line, &size, f) > 0) {
		if (!strncmp(line, key, len))
			found = strdup(line + len);
	}
	free(line);
	fclose(f);
	return found;
}

/* The second number of the four: real, effective, saved, of the file system */
static bool status_effective(const char *key, u32 *ret_id)
{
	char *line = status_line(key);
	bool ok = line && sscanf(line, "%*u %u", ret_id) == 1;

	free(line);
	return ok;
}

u32 platform_current_euid(void)
{
	struct caller *caller = caller_current();
	u32 euid;

	if (status_effective("Uid:", &euid))
		return euid;
	return caller ? caller->process->uid : (u32)-1;
}

bool platform_current_in_egroup(u32 kgid)
{
	bool found = false;
	char *line, *p;
	u32 egid;

	if (status_effective("Gid:", &egid) && egid == kgid)
		return true;
	line = status_line("Groups:");
	for (p = line; p && !found;) {
		char *end;
		unsigned long group = strtoul(p, &end, 10);

		if (end == p)
			break;
		found = group == kgid;
		p = end;
	}
	free(line);
	return found;
}

bool platform_current_kgid(u32 gid, u32 *ret_kgid)
{
	struct caller *caller = caller_current();
	unsigned long inside, outside, count;
	bool found = false;
	FILE *f;

	if (!caller || gid == (u32)-1)
		return false;
	f = open_proc(caller, "gid_map");
	if (!f)
		return false;
	while (!found && fscanf(f, "%lu %lu %lu", &inside, &outside, &count) == 3)
		found = gid >= inside && gid - inside < count;
	fclose(f);
	if (found)
		*ret_kgid = (u32)(outside + (gid - inside));
	return found;
}
