/* SPDX-License-Identifier: BSD-2-Clause */
#include "base/runtime_dir.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

static bool is_name(const char *s)
{
	static const char allowed[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
				      "0123456789._-";
	size_t len = strlen(s);

	return len > 0 && len <= INSTANCE_NAME_MAX && strspn(s, allowed) == len && *s != '.' &&
	       *s != '-';
}

int runtime_dir_of(const char *base, const char *instance, char *ret, size_t size)
{
	int n;

	if (instance && !is_name(instance))
		return -EINVAL;
	n = snprintf(ret, size, "%s%s%s", base, instance ? "-" : "", instance ? instance : "");
	return n < 0 || (size_t)n >= size ? -ENAMETOOLONG : 0;
}
