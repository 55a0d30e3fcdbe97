/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Who may open which node
 *
 * A node is a socket file; connect(2) needs write permission on it, and that check of
 * the kernel's is the whole check.
 */
#ifndef SERVER_ACCESS_H
#define SERVER_ACCESS_H

#include <stdbool.h>
#include <sys/types.h>

struct config;

/*
 * As udev rules of distributions have it: these groups, if there are any of the name,
 * and mode 0660; without the group 0600. The configuration wins.
 */
#define ACCESS_CLIENT_GROUP "tee"
#define ACCESS_PRIV_GROUP "teepriv"

struct access_rule {
	mode_t mode;
	gid_t gid;	/* (gid_t)-1: that of swteed */
	bool must;	/* the group was asked for: an error when it cannot be given */
	bool mode_given;
};

struct access {
	struct access_rule client, priv;
};

/*
 * By the configuration. In a private instance (--parent-fd) the groups above are not
 * looked for. -EINVAL for a group that there is not, said on the log.
 */
int access_init(struct access *access, const struct config *config);
/* Do the rules let in anybody but the owner? */
bool access_is_shared(const struct access *access);
/* To be called before listen(2). Negative errno, said on the log. */
int access_apply(const struct access_rule *rule, const char *path);

#endif /* SERVER_ACCESS_H */
