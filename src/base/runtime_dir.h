/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The runtime directory of a named instance
 *
 * BASE is that of the instance without a name, BASE-NAME that of instance NAME:
 * beside it and not in it, so that the end of one takes no other along.
 */
#ifndef BASE_RUNTIME_DIR_H
#define BASE_RUNTIME_DIR_H

#include <stddef.h>

#define INSTANCE_NAME_MAX 32

/*
 * @instance: letters, digits, '.', '_' and '-', not first a '.' or '-', at most
 * INSTANCE_NAME_MAX; NULL for the one without a name. 0, -EINVAL for what is no
 * name, -ENAMETOOLONG.
 */
int runtime_dir_of(const char *base, const char *instance, char *ret, size_t size);

#endif /* BASE_RUNTIME_DIR_H */
