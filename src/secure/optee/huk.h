/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The hardware unique key: the secret of an instance that all others come from
 *
 * On hardware it is burnt into fuses that only the secure world reads. Here it is a
 * file in a directory that belongs to the world alone; nothing in the normal world
 * opens it. Who has the state directory has the key: see SECURITY.md.
 */
#ifndef SECURE_OPTEE_HUK_H
#define SECURE_OPTEE_HUK_H

#include <stdint.h>

#include "secure/optee/seal.h"

/*
 * Read the key of @dir, making directory and key when they are not there. Without
 * a @dir (NULL) the key is new each time. 0, or negative errno after telling why.
 */
int huk_load(const char *dir, uint8_t key[SEAL_KEY_SIZE]);

#endif /* SECURE_OPTEE_HUK_H */
