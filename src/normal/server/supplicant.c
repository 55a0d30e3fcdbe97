/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The built-in supplicant: dispatch and LOAD_TA
 */
#include "supplicant_private.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include <linux/err.h>

#include "abi/optee_rpc.h"
#include "abi/tee_result.h"
#include "base/auto.h"
#include "base/log.h"
#include "base/uuid.h"
#include "normal/tee/tee_core.h"

bool supp_memref(const struct tee_param *param, uint64_t type, void **ret_va, size_t *ret_size)
{
	void *va;

	if (param->attr != type)
		return false;
	*ret_va = NULL;
	*ret_size = param->u.memref.size;
	if (!param->u.memref.shm)
		return param->u.memref.size == 0;
	if (param->u.memref.shm_offs > param->u.memref.shm->size ||
	    param->u.memref.size > param->u.memref.shm->size - param->u.memref.shm_offs)
		return false;
	if (param->u.memref.size == 0)
		return true;
	va = tee_shm_get_va(param->u.memref.shm, param->u.memref.shm_offs);
	if (IS_ERR(va))
		return false;
	*ret_va = va;
	return true;
}

static int open_ta(struct supplicant *supplicant, const uint8_t uuid[16], char *path, size_t size)
{
	static struct log_ratelimit limit;
	char text[UUID_STRING_LEN + 1];
	int first = -ENOENT;

	uuid_to_string(uuid, text);
	for (size_t i = 0; i < supplicant->n_ta_dirs; i++) {
		int fd;

		snprintf(path, size, "%s/%s.ta", supplicant->ta_dirs[i], text);
		fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
		if (fd >= 0)
			return fd;
		if (errno != ENOENT && errno != ENOTDIR) {
			first = -errno;
			log_warn_ratelimited("cannot open the trusted application %s: %s", path,
					     strerror(errno));
		}
	}
	if (first == -ENOENT && log_ratelimit(&limit))
		log_info("no trusted application %s.ta in the TA directories", text);
	return first;
}

static uint32_t read_ta(int fd, const char *path, void *va, size_t size)
{
	size_t done = 0;

	while (done < size) {
		ssize_t n = pread(fd, (char *)va + done, size - done, (off_t)done);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0) {
			log_warn_ratelimited("cannot read the trusted application %s: %s", path,
					     n < 0 ? strerror(errno) : "it became shorter");
			return TEE_R_GENERIC;
		}
		done += (size_t)n;
	}
	return TEE_R_SUCCESS;
}

/* v0 in: UUID octets in a, b; m1 out: the image, or its size when too small */
static uint32_t load_ta(struct supplicant *supplicant, size_t num_params, struct tee_param *param)
{
	AUTO(close_fd) int fd = -1;
	char path[4096];
	uint8_t uuid[16];
	struct stat st;
	size_t size;
	void *va;

	if (num_params != 2 || param[0].attr != TEE_IOCTL_PARAM_ATTR_TYPE_VALUE_INPUT ||
	    !supp_memref(&param[1], TEE_IOCTL_PARAM_ATTR_TYPE_MEMREF_OUTPUT, &va, &size))
		return TEE_R_BAD_PARAMETERS;
	memcpy(uuid, &param[0].u.value.a, 8);
	memcpy(uuid + 8, &param[0].u.value.b, 8);

	fd = open_ta(supplicant, uuid, path, sizeof(path));
	if (fd < 0)
		return fd == -ENOENT ? TEE_R_ITEM_NOT_FOUND : TEE_R_ACCESS_DENIED;
	if (fstat(fd, &st) < 0 || !S_ISREG(st.st_mode)) {
		log_warn_ratelimited("the trusted application %s is no regular file", path);
		return TEE_R_BAD_FORMAT;
	}
	param[1].u.memref.size = (size_t)st.st_size;
	if ((size_t)st.st_size > size || !va)
		return TEE_R_SUCCESS;	/* the size is the answer */
	return read_ta(fd, path, va, (size_t)st.st_size);
}

static u32 supplicant_request(void *data, u32 func, size_t num_params, struct tee_param *param)
{
	struct supplicant *supplicant = data;

	switch (func) {
	case OPTEE_RPC_CMD_LOAD_TA:
		return load_ta(supplicant, num_params, param);
	case OPTEE_RPC_CMD_FS:
		return supp_fs_request(supplicant, num_params, param);
	default:
		return TEE_R_NOT_SUPPORTED;
	}
}

int supplicant_new(const char *const *ta_dirs, size_t n_ta_dirs, int fs_root,
		   struct supplicant **ret_supplicant)
{
	struct supplicant *supplicant = calloc(1, sizeof(*supplicant));

	if (!supplicant)
		return -ENOMEM;
	supplicant->fs_root = -1;
	pthread_mutex_init(&supplicant->lock, NULL);
	supplicant->ta_dirs = calloc(n_ta_dirs + 1, sizeof(char *));
	if (!supplicant->ta_dirs)
		goto err_free;
	for (size_t i = 0; i < n_ta_dirs; i++) {
		supplicant->ta_dirs[i] = strdup(ta_dirs[i]);
		if (!supplicant->ta_dirs[i])
			goto err_free;
		supplicant->n_ta_dirs++;
	}
	supplicant->fs_root = fs_root;
	supplicant->fallback.request = supplicant_request;
	supplicant->fallback.data = supplicant;
	*ret_supplicant = supplicant;
	return 0;

err_free:
	supplicant_free(supplicant);
	return -ENOMEM;
}

struct supplicant *supplicant_free(struct supplicant *supplicant)
{
	if (supplicant) {
		supp_fs_close_all(supplicant);
		close_fd(supplicant->fs_root);
		for (size_t i = 0; i < supplicant->n_ta_dirs; i++)
			free(supplicant->ta_dirs[i]);
		free(supplicant->ta_dirs);
		pthread_mutex_destroy(&supplicant->lock);
		free(supplicant);
	}
	return NULL;
}

const struct optee_supp_fallback *supplicant_get_fallback(struct supplicant *supplicant)
{
	return &supplicant->fallback;
}

void supplicant_reset(struct supplicant *supplicant)
{
	pthread_mutex_lock(&supplicant->lock);
	supp_fs_close_all(supplicant);
	pthread_mutex_unlock(&supplicant->lock);
}
