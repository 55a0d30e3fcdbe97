/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef SERVER_SUPPLICANT_PRIVATE_H
#define SERVER_SUPPLICANT_PRIVATE_H

#include <dirent.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>

#include "supplicant.h"

struct tee_param;

#define SUPP_MAX_FILES 256

struct supp_file {
	bool used;
	int fd;		/* a file; -1 for a directory */
	DIR *dir;
};

struct supplicant {
	struct optee_supp_fallback fallback;
	char **ta_dirs;
	size_t n_ta_dirs;
	int fs_root;
	pthread_mutex_t lock;	/* guards files */
	struct supp_file files[SUPP_MAX_FILES];
};

/* A memref's bytes; false when it is none or has no memory. */
bool supp_memref(const struct tee_param *param, uint64_t type, void **ret_va, size_t *ret_size);

/* OPTEE_RPC_CMD_FS (facts on OP-TEE, 4.3). Returns the TEE result. */
uint32_t supp_fs_request(struct supplicant *supplicant, size_t num_params,
			 struct tee_param *param);
void supp_fs_close_all(struct supplicant *supplicant);

#endif /* SERVER_SUPPLICANT_PRIVATE_H */
