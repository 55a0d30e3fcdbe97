/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What the writers of attribute files share. Functions return 0 or a descriptor, or a
 * negative errno.
 */
#ifndef SERVER_SYSFS_PRIVATE_H
#define SERVER_SYSFS_PRIVATE_H

#include <stddef.h>

struct server;

/* The directory @name in @dir, made if need be; takes @dir over, which may be an errno. */
int sysfs_enter(int dir, const char *name);
/* The directory of @n levels below the runtime directory, made if need be */
int sysfs_open(struct server *server, const char *const *path, size_t n);
/* Make or replace the file @name in @dir. */
int sysfs_write(int dir, const char *name, const char *text, size_t len);

#endif /* SERVER_SYSFS_PRIVATE_H */
