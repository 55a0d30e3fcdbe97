/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What is left of kernel objects when there is no sysfs: a name and a count, and
 * the text of an event
 */
#ifndef BASE_KERNEL_LINUX_KOBJECT_H
#define BASE_KERNEL_LINUX_KOBJECT_H

#include <linux/compiler.h>
#include <linux/kref.h>
#include <linux/types.h>

struct kobject {
	const char *name;	/* allocated; NULL until it is set */
	struct kref kref;
};

static inline const char *kobject_name(const struct kobject *kobj)
{
	return kobj->name;
}

#define UEVENT_NUM_ENVP 64
#define UEVENT_BUFFER_SIZE 2048

/* Variables, each NUL-terminated in @buf and pointed at by @envp */
struct kobj_uevent_env {
	char *argv[3];
	char *envp[UEVENT_NUM_ENVP];
	int envp_idx;
	char buf[UEVENT_BUFFER_SIZE];
	int buflen;
};

/* Append "KEY=value". 0, or -ENOMEM when it does not fit: then nothing is added. */
int add_uevent_var(struct kobj_uevent_env *env, const char *format, ...) __printf(2, 3);

#endif /* BASE_KERNEL_LINUX_KOBJECT_H */
