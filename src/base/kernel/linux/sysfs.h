/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Attributes: files with a text that a device shows. Where they are seen is the
 * home's affair; see base/kernel/device.h.
 */
#ifndef BASE_KERNEL_LINUX_SYSFS_H
#define BASE_KERNEL_LINUX_SYSFS_H

#include <linux/compiler.h>
#include <linux/types.h>

struct attribute {
	const char *name;
	umode_t mode;
};

struct attribute_group {
	const char *name;
	struct attribute **attrs;	/* ended by NULL */
};

#define __ATTR_RO(_name) { \
	.attr = { .name = #_name, .mode = 0444 }, \
	.show = _name##_show, \
}

#define ATTRIBUTE_GROUPS(_name) \
	static const struct attribute_group _name##_group = { \
		.attrs = _name##_attrs, \
	}; \
	static const struct attribute_group *_name##_groups[] = { \
		&_name##_group, \
		NULL, \
	}

/* Into the page that a show() was given. The length, cut at the end of the page */
int sysfs_emit(char *buf, const char *fmt, ...) __printf(2, 3);

#endif /* BASE_KERNEL_LINUX_SYSFS_H */
