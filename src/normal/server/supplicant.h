/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The supplicant inside swteed: serves the OP-TEE world's requests for trusted
 * applications and files while no tee-supplicant process has /dev/teepriv0 open.
 */
#ifndef SERVER_SUPPLICANT_H
#define SERVER_SUPPLICANT_H

#include <stddef.h>

#include "normal/drivers/optee/optee.h"

struct supplicant;

/*
 * @ta_dirs: where <uuid>.ta files are looked for, in this order. @fs_root: an
 * open directory below which the trusted OS's files live; the supplicant takes
 * it over. Strings are copied.
 */
int supplicant_new(const char *const *ta_dirs, size_t n_ta_dirs, int fs_root,
		   struct supplicant **ret_supplicant);
struct supplicant *supplicant_free(struct supplicant *supplicant);

/* The trusted OS that had files open is gone. */
void supplicant_reset(struct supplicant *supplicant);

/* For optee_probe(); valid for the life of @supplicant. */
const struct optee_supp_fallback *supplicant_get_fallback(struct supplicant *supplicant);

#endif /* SERVER_SUPPLICANT_H */
