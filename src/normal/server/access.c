/* SPDX-License-Identifier: BSD-2-Clause */
#include "access.h"

#include <errno.h>
#include <grp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/log.h"
#include "config.h"

#define NO_GID ((gid_t)-1)

/* By name, or by number as in chown(8). */
static gid_t find_group(const char *name)
{
	struct group *group = getgrnam(name);
	unsigned long n;
	char *end;

	if (group)
		return group->gr_gid;
	errno = 0;
	n = strtoul(name, &end, 10);
	return errno || end == name || *end || *name == '-' || n >= NO_GID ? NO_GID : (gid_t)n;
}

static int rule_init(struct access_rule *rule, const struct config_access *asked,
		     const char *usual_group)
{
	const char *group = asked->group ? asked->group : usual_group;

	*rule = (struct access_rule){
		.mode = asked->mode,
		.gid = group && *group ? find_group(group) : NO_GID,
		.must = asked->group && *asked->group,
		.mode_given = asked->mode != CONFIG_MODE_UNSET,
	};
	if (!rule->mode_given)
		rule->mode = rule->gid == NO_GID ? 0600 : 0660;
	if (!rule->must || rule->gid != NO_GID)
		return 0;
	log_error("there is no group '%s', which section [devices] of the configuration names: "
		  "make it (groupadd --system %s) or name another", group, group);
	return -EINVAL;
}

int access_init(struct access *access, const struct config *config)
{
	bool private = config->parent_fd >= 0;
	int r = rule_init(&access->client, &config->client_access,
			  private ? NULL : ACCESS_CLIENT_GROUP);

	return r < 0 ? r : rule_init(&access->priv, &config->priv_access,
				     private ? NULL : ACCESS_PRIV_GROUP);
}

bool access_is_shared(const struct access *access)
{
	return (access->client.mode | access->priv.mode) & 077;
}

int access_apply(const struct access_rule *rule, const char *path)
{
	mode_t mode = rule->mode;
	int r;

	if (rule->gid != NO_GID && lchown(path, (uid_t)-1, rule->gid) < 0) {
		r = -errno;
		if (rule->must) {
			log_error("cannot give %s to group %u: %s; be a member of that group, or "
				  "start swteed as root", path, rule->gid, strerror(-r));
			return r;
		}
		log_info("%s stays with the group of swteed: %s", path, strerror(-r));
		if (!rule->mode_given)
			mode = 0600;
	}
	if (chmod(path, mode) < 0) {
		r = -errno;
		log_error("cannot set the mode of %s: %s", path, strerror(-r));
		return r;
	}
	return 0;
}
